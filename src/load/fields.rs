//! Fields that JSON formats have in common.

use super::ids::{self, Id};
use super::json::{Fault, Scanner, Token};
use crate::model::{Code, Part, SpanFlags, SpanId, Sym, TraceId, Value};

/// A text field, empty when absent.
pub(super) fn text(json: &mut Scanner<'_>, part: &mut Part) -> Result<Sym, Fault> {
    Ok(json.field_text()?.map_or(Sym::EMPTY, |text| part.strings.intern(&text)))
}

/// Up to `max` hex digits: Jaeger and Zipkin leave leading zeros out.
fn hex(text: &[u8], max: usize) -> Option<u128> {
    if text.is_empty() || text.len() > max {
        return None;
    }
    text.iter().try_fold(0_u128, |bits, &byte| Some(bits << 4 | u128::from(char::from(byte).to_digit(16)?)))
}

/// A trace id: hex of up to 32 digits, or base64.
pub(super) fn trace_id(json: &mut Scanner<'_>, part: &mut Part) -> Result<TraceId, Fault> {
    json.peek();
    let offset = json.offset();
    let Some(text) = json.field_text()? else { return Ok(TraceId::None) };
    if let Some(bits) = hex(text.as_bytes(), 32) {
        return Ok(TraceId::from_u128(bits));
    }
    Ok(trace_id_of(&text, offset, json, part))
}

/// The trace id that `text` at `offset` spells; one in no known spelling is kept as text and noted.
pub(super) fn trace_id_of(text: &str, offset: u64, json: &mut Scanner<'_>, part: &mut Part) -> TraceId {
    match ids::trace_id(text.as_bytes()) {
        Id::None => TraceId::None,
        Id::Bytes(bits) => TraceId::from_u128(bits),
        Id::Odd => {
            json.note(Code::OddId, offset, || format!("trace id {text:?}"));
            TraceId::Text(part.strings.intern(text))
        }
    }
}

/// A span id: hex of up to 16 digits, or base64.
pub(super) fn span_id(json: &mut Scanner<'_>, part: &mut Part) -> Result<SpanId, Fault> {
    json.peek();
    let offset = json.offset();
    let Some(text) = json.field_text()? else { return Ok(SpanId::None) };
    if let Some(bits) = hex(text.as_bytes(), 16).and_then(|bits| u64::try_from(bits).ok()) {
        return Ok(SpanId::from_u64(bits));
    }
    Ok(span_id_of(&text, offset, json, part))
}

/// The span id that `text` at `offset` spells; one in no known spelling is kept as text and noted.
pub(super) fn span_id_of(text: &str, offset: u64, json: &mut Scanner<'_>, part: &mut Part) -> SpanId {
    match ids::span_id(text.as_bytes()) {
        Id::None => SpanId::None,
        Id::Bytes(bits) => SpanId::from_u64(bits),
        Id::Odd => {
            json.note(Code::OddId, offset, || format!("span id {text:?}"));
            SpanId::Text(part.strings.intern(text))
        }
    }
}

/// A time as 64 bits; `flags` learns when it did not fit.
pub(super) fn clamp(time_ns: i128, flags: &mut SpanFlags) -> i64 {
    i64::try_from(time_ns).unwrap_or_else(|_| {
        *flags = flags.with(SpanFlags::TIME_CLAMPED);
        if time_ns < 0 { i64::MIN } else { i64::MAX }
    })
}

/// A value as its JSON type says.
pub(super) fn any_value(json: &mut Scanner<'_>, part: &mut Part) -> Result<Value, Fault> {
    Ok(match json.peek() {
        Token::String => Value::Str(part.strings.intern(&json.string()?)),
        Token::Bool => Value::Bool(json.bool()?),
        Token::Number => {
            let number = json.number()?;
            let int = if number.0.contains(['.', 'e', 'E', 'N', 'I']) { None } else { number.as_int() };
            match int.and_then(|int| i64::try_from(int).ok()) {
                Some(int) => Value::Int(int),
                None => number.as_f64().map_or(Value::Empty, Value::Double),
            }
        }
        Token::Null => {
            json.null()?;
            Value::Empty
        }
        _ => {
            let mark = json.mark();
            json.skip_value()?;
            let raw = String::from_utf8_lossy(json.since(mark).trim_ascii());
            Value::Json(part.strings.intern(&raw))
        }
    })
}
