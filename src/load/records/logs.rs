//! Log records, one object each: what CloudWatch keeps of OpenTelemetry's logs beside the spans of its other log group
//! (`otel-rt-logs` of Bedrock AgentCore beside `aws/spans`). Those that name a span become its events.

use super::record::{Raw, Record};
use super::times::Unit;
use super::{Sink, keys_in};
use crate::load::fields;
use crate::load::otlp_json::finish_log;
use crate::model::{Code, InputIx, LogDraft, SpanId, Sym, TraceId, Value};

const OBSERVED: [&str; 2] = ["observedTimeUnixNano", "observed_time_unix_nano"];
const TIME: [&str; 2] = ["timeUnixNano", "time_unix_nano"];

/// Whether `head` begins with log records that may name spans.
pub(super) fn are_logs(head: &[u8]) -> bool {
    let has = |keys: [&str; 2]| keys_in(head, &keys) != 0;
    has(OBSERVED) && has(["traceId", "trace_id"]) && has(["body", "severityNumber"])
}

/// Whether `record` is a log record.
pub(super) fn is_log(record: &Record<'_>) -> bool {
    record.first(&OBSERVED).is_some() || record.first(&TIME).is_some() && record.get("body").is_some()
}

/// Reads a log record; without a span it is counted.
pub(super) fn read(record: &Record<'_>, sink: &mut Sink) {
    sink.begin(record.offset);
    let trace = sink.trace_id(record.first(&["traceId", "trace_id"]));
    let span = sink.span_id(record.first(&["spanId", "span_id"]));
    if trace == TraceId::None || span == SpanId::None {
        return sink.part.diagnostics.add(Code::LogsSkipped, InputIx(0), record.offset, String::new);
    }
    let time_ns = sink.time(record.first(&TIME), Unit::Nanos);
    let observed_ns = Some(sink.time(record.first(&OBSERVED), Unit::Nanos)).filter(|time| *time != 0);
    let name = record.first(&["eventName", "event_name"]).and_then(Raw::text).unwrap_or_default();
    let name = sink.sym(&name);
    let attrs = sink.pairs(record.get("attributes"));
    let offset = record.offset;
    let mut log = LogDraft { input: InputIx(0), trace, span, time_ns, observed_ns, name, attrs, offset };
    let severity = record.first(&["severityText", "severity_text"]).filter(|raw| raw.bytes() != b"\"\"");
    let severity = severity.or_else(|| record.first(&["severityNumber", "severity_number"]));
    let severity = severity.map(|raw| value(raw, sink)).filter(|value| *value != Value::Int(0));
    let body = record.get("body").map_or(Value::Empty, |raw| value(raw, sink));
    let body = if body == Value::Str(Sym::EMPTY) { Value::Empty } else { body };
    finish_log(&mut log, &mut sink.part, severity, body);
    sink.part.push_log(log);
}

fn value(raw: Raw<'_>, sink: &mut Sink) -> Value {
    fields::any_value(&mut raw.scanner(), &mut sink.part).unwrap_or(Value::Empty)
}
