//! Log records: those that name a span become its events, the others are counted.

use super::fields::{span_id, trace_id};
use super::spans::{dropped, plain_time_ns};
use super::values::{any_value, attributes, text};
use super::{LOG_BODY, LOG_SEVERITY};
use crate::load::json::{Fault, Scanner};
use crate::load::repeats::{List, Repeats};
use crate::model::{Code, InputIx, LogDraft, Part, SpanId, Sym, TraceId, Value};

/// Reads the log record that comes next.
pub(super) fn read_log<'a>(
    json: &mut Scanner<'a>,
    part: &mut Part,
    repeats: &mut Repeats<'a>,
    input: InputIx,
) -> Result<(), Fault> {
    let mut log = LogDraft {
        input,
        trace: TraceId::None,
        span: SpanId::None,
        time_ns: 0,
        observed_ns: None,
        name: Sym::EMPTY,
        attrs: Vec::new(),
        offset: json.offset(),
    };
    let (mut severity, mut severity_text, mut body) = (None, Sym::EMPTY, Value::Empty);
    json.begin_object()?;
    while let Some(key) = json.next_name()? {
        match key {
            b"timeUnixNano" | b"time_unix_nano" => log.time_ns = plain_time_ns(json)?,
            b"observedTimeUnixNano" | b"observed_time_unix_nano" => {
                log.observed_ns = Some(plain_time_ns(json)?).filter(|&observed| observed != 0);
            }
            b"traceId" | b"trace_id" => log.trace = trace_id(json, part)?,
            b"spanId" | b"span_id" => log.span = span_id(json, part)?,
            b"eventName" | b"event_name" => log.name = text(json, part)?,
            b"severityNumber" | b"severity_number" => severity = severity_number(json)?,
            b"severityText" | b"severity_text" => severity_text = text(json, part)?,
            b"body" => body = any_value(json, part)?,
            b"attributes" => attributes(json, part, repeats, List::Record, &mut log.attrs)?,
            b"droppedAttributesCount" | b"dropped_attributes_count" => {
                dropped(json)?;
            }
            _ => json.skip_value()?,
        }
    }
    if !log.span.is_some() || log.trace == TraceId::None {
        json.note(Code::LogsSkipped, log.offset, String::new);
        return Ok(());
    }
    let severity = if severity_text.is_empty() { severity.map(Value::Int) } else { Some(Value::Str(severity_text)) };
    finish(&mut log, part, severity, body);
    part.push_log(log);
    Ok(())
}

/// Severity as a number; its names (`SEVERITY_NUMBER_INFO`) are left to `severityText`.
fn severity_number(json: &mut Scanner<'_>) -> Result<Option<i64>, Fault> {
    if json.peek() == crate::load::json::Token::String {
        json.skip_value()?;
        return Ok(None);
    }
    Ok(json.field_int()?.and_then(|number| i64::try_from(number).ok()).filter(|&number| number != 0))
}

/// Severity and body become attributes; a body in words is the name of an event that has none.
pub(in crate::load) fn finish(log: &mut LogDraft, part: &mut Part, severity: Option<Value>, body: Value) {
    if let Some(severity) = severity {
        let key = part.strings.intern(LOG_SEVERITY);
        log.attrs.push(part.attrs.intern(key, severity));
    }
    part.name_log(log);
    match body {
        Value::Str(text) if log.name.is_empty() => log.name = text,
        Value::Empty => {}
        body => {
            let key = part.strings.intern(LOG_BODY);
            log.attrs.push(part.attrs.intern(key, body));
        }
    }
}
