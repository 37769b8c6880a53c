//! Fields that JSON formats have in common.

use super::decimal::scaled;
use super::ids::{self, Id};
use super::json::{Fault, Scanner, Token, parse_short_int};
use crate::model::{Code, Part, SpanFlags, SpanId, SpanKind, Sym, TraceId, Value};

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

/// A number of microseconds with at most three decimals, as nearly all are, as nanoseconds. Otherwise reads nothing.
#[inline]
pub(super) fn plain_micros(json: &mut Scanner<'_>) -> Option<i128> {
    let mark = json.mark();
    let (value, places) = json.plain_decimal()?;
    let factor = [1000, 100, 10, 1].get(places);
    if factor.is_none() {
        json.rewind(mark);
    }
    Some(value * factor?)
}

/// Exact microseconds, as a number or as text, as nanoseconds.
pub(super) fn micros(json: &mut Scanner<'_>) -> Result<Option<i128>, Fault> {
    if let Some(time) = plain_micros(json) {
        return Ok(Some(time));
    }
    let token = json.peek();
    let offset = json.offset();
    let time = match token {
        Token::Number => scaled(json.number()?.0, 3),
        Token::String => scaled(&json.string()?, 3),
        _ => return json.field_text().map(|_| None),
    };
    if time.is_none() {
        json.bad_field(offset, "microseconds");
    }
    Ok(time)
}

/// The kind of span that `text` names: `Server`, `server`, `SERVER`, `SpanKind.SERVER` or `SPAN_KIND_SERVER`. `None` when
/// it names none.
pub(super) fn kind_of(text: &str) -> Option<SpanKind> {
    const KINDS: [SpanKind; 6] = [
        SpanKind::Unspecified,
        SpanKind::Internal,
        SpanKind::Server,
        SpanKind::Client,
        SpanKind::Producer,
        SpanKind::Consumer,
    ];
    let name = text.trim().rsplit(['.', '_']).next().unwrap_or_default().to_ascii_lowercase();
    KINDS.into_iter().find(|kind| kind.to_string() == name)
}

/// A value as its JSON type says.
pub(super) fn any_value(json: &mut Scanner<'_>, part: &mut Part) -> Result<Value, Fault> {
    if let Some(text) = json.plain_text() {
        return Ok(Value::Str(part.strings.intern(text)));
    }
    Ok(match json.peek() {
        Token::String => Value::Str(part.strings.intern(&json.string()?)),
        Token::Bool => Value::Bool(json.bool()?),
        Token::Number => {
            let number = json.number()?;
            if let Some(int) = parse_short_int(number.0.as_bytes()) {
                return Ok(Value::Int(int));
            }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_kind() {
        for text in ["Server", "server", "SERVER", "SpanKind.SERVER", "SPAN_KIND_SERVER", "RPC_SERVER", " server "] {
            assert_eq!(kind_of(text), Some(SpanKind::Server), "{text}");
        }
        for (text, kind) in [
            ("internal", SpanKind::Internal),
            ("SPAN_KIND_CLIENT", SpanKind::Client),
            ("Producer", SpanKind::Producer),
            ("consumer", SpanKind::Consumer),
            ("SPAN_KIND_UNSPECIFIED", SpanKind::Unspecified),
        ] {
            assert_eq!(kind_of(text), Some(kind), "{text}");
        }
        for text in ["", "llm", "servers", "server_", "2"] {
            assert_eq!(kind_of(text), None, "{text}");
        }
    }

    #[test]
    fn plain_microseconds_are_those_of_the_exact_way() {
        for text in [
            "0",
            "1544712660300600",
            "1544712660300600.123",
            "-1.5",
            "0.0004",
            "0.0005",
            ".5",
            "5.",
            "1.5e3",
            "1e-9",
            "99999999999999999999",
            "9007199254740993.001",
            "-0.001",
            "1x",
            "NaN",
            "+7",
            "1795240807532000.000",
        ] {
            let mut json = Scanner::new(text.as_bytes(), 0);
            let plain = plain_micros(&mut json);
            if plain.is_none() {
                assert_eq!(json.offset(), 0, "{text}");
            }
            let mut json = Scanner::new(text.as_bytes(), 0);
            let number = json.number().ok();
            let exact = number.and_then(|number| scaled(number.0, 3));
            assert!(plain.is_none() || plain == exact, "{text}: {plain:?} {exact:?}");
            assert_eq!(micros(&mut Scanner::new(text.as_bytes(), 0)).ok().flatten(), exact, "{text}");
        }
    }
}
