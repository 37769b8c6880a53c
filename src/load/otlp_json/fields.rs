//! Times, ids and enums as OTLP JSON writes them.

use crate::load::fields;
use crate::load::ids::{self, Id};
use crate::load::json::{Fault, Number, Scanner, Token, parse_int, parse_short_int};
use crate::load::records::date_time;
use crate::model::{Part, SpanFlags, SpanId, SpanKind, Status, TraceId};

/// Reads a time in nanoseconds; 0 = absent. `flags` learns when it was clamped or may have been rounded.
#[inline]
pub(super) fn time_ns(json: &mut Scanner<'_>, flags: &mut SpanFlags) -> Result<i64, Fault> {
    let mark = json.mark();
    if let Some(nanos) = json.plain_text().and_then(nanos_of_today) {
        return Ok(nanos);
    }
    json.rewind(mark);
    let token = json.peek();
    let offset = json.offset();
    let int = match token {
        Token::String => {
            let text = json.string()?;
            if text.is_empty() {
                return Ok(0);
            }
            // Some writers put a date here.
            parse_int(text.as_bytes()).or_else(|| Number(&text).as_int()).or_else(|| date_time(&text))
        }
        Token::Number => {
            let number = json.number()?;
            if number.may_be_rounded() {
                *flags = flags.with(SpanFlags::TIME_IMPRECISE);
            }
            number.as_int().or_else(|| rounded(number))
        }
        _ => match two_halves(token, json)? {
            Some(halves) => Some(halves),
            None => return json.field_int().map(|_| 0),
        },
    };
    let Some(int) = int else {
        json.bad_field(offset, "a time in nanoseconds");
        return Ok(0);
    };
    Ok(fields::clamp(int, flags))
}

/// The 19 digits of a time between 2001 and 2262, which is nearly every time; never clamped.
#[inline]
fn nanos_of_today(text: &str) -> Option<i64> {
    let (head, tail) = text.as_bytes().split_at_checked(1)?;
    let head = i64::from(head[0].wrapping_sub(b'0'));
    if tail.len() != 18 || !(1..9).contains(&head) || tail[0] == b'-' {
        return None;
    }
    Some(head * 1_000_000_000_000_000_000 + parse_short_int(tail)?)
}

/// A time with a fraction of a nanosecond.
fn rounded(number: Number<'_>) -> Option<i128> {
    let nanos = number.as_f64().filter(|nanos| nanos.is_finite())?;
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and is clamped further on")]
    Some(nanos.round() as i128)
}

/// Reads a span id.
#[inline]
pub(super) fn span_id(json: &mut Scanner<'_>, part: &mut Part) -> Result<SpanId, Fault> {
    let mark = json.mark();
    match json.plain_text().map(|text| ids::span_id(text.as_bytes())) {
        Some(Id::None) => return Ok(SpanId::None),
        Some(Id::Bytes(bits)) => return Ok(SpanId::from_u64(bits)),
        Some(Id::Odd) | None => json.rewind(mark),
    }
    let token = json.peek();
    let offset = json.offset();
    if let Some(hex) = bytes_as_hex(token, json)? {
        return Ok(fields::span_id_of(&hex, offset, json, part));
    }
    Ok(match json.field_text()? {
        Some(text) => fields::span_id_of(&text, offset, json, part),
        None => SpanId::None,
    })
}

/// Reads a trace id.
#[inline]
pub(super) fn trace_id(json: &mut Scanner<'_>, part: &mut Part) -> Result<TraceId, Fault> {
    let mark = json.mark();
    match json.plain_text().map(|text| ids::trace_id(text.as_bytes())) {
        Some(Id::None) => return Ok(TraceId::None),
        Some(Id::Bytes(bits)) => return Ok(TraceId::from_u128(bits)),
        Some(Id::Odd) | None => json.rewind(mark),
    }
    let token = json.peek();
    let offset = json.offset();
    if let Some(hex) = bytes_as_hex(token, json)? {
        return Ok(fields::trace_id_of(&hex, offset, json, part));
    }
    Ok(match json.field_text()? {
        Some(text) => fields::trace_id_of(&text, offset, json, part),
        None => TraceId::None,
    })
}

/// The value that comes next, when it is an array or an object; it is passed over.
fn composite(token: Token, json: &mut Scanner<'_>) -> Result<Option<serde_json::Value>, Fault> {
    if !matches!(token, Token::Array | Token::Object) {
        return Ok(None);
    }
    let mark = json.mark();
    json.skip_value()?;
    let value = serde_json::from_slice(json.since(mark)).ok();
    if value.is_none() {
        json.rewind(mark);
    }
    Ok(value)
}

/// Bytes as JavaScript writes them when nobody says how, in hex: a list of numbers, `{"type": "Buffer", "data": […]}`, or
/// `{"0": 10, "1": 247, …}`. Moves only when it is one of these.
fn bytes_as_hex(token: Token, json: &mut Scanner<'_>) -> Result<Option<String>, Fault> {
    /// Ids are not longer.
    const MOST: usize = 16;
    let mark = json.mark();
    let Some(value) = composite(token, json)? else { return Ok(None) };
    let list = value.get("data").unwrap_or(&value);
    let bytes: Vec<Option<u64>> = match list {
        serde_json::Value::Array(list) => list.iter().map(serde_json::Value::as_u64).collect(),
        // The keys are the positions.
        object => (0..MOST).map_while(|at| object.get(at.to_string())).map(serde_json::Value::as_u64).collect(),
    };
    let is_id = (1..=MOST).contains(&bytes.len()) && bytes.iter().all(|byte| byte.is_some_and(|byte| byte < 256));
    if !is_id {
        json.rewind(mark);
        return Ok(None);
    }
    Ok(Some(bytes.into_iter().flatten().map(|byte| format!("{byte:02x}")).collect()))
}

/// 64 bits as JavaScript libraries without such numbers write them: `{"low": -1, "high": 395812, "unsigned": true}`.
fn two_halves(token: Token, json: &mut Scanner<'_>) -> Result<Option<i128>, Fault> {
    let mark = json.mark();
    let Some(value) = composite(token, json)? else { return Ok(None) };
    let half = |key: &str| value.get(key).and_then(serde_json::Value::as_i64);
    match (half("low"), half("high")) {
        (Some(low), Some(high)) => Ok(Some((i128::from(high & 0xffff_ffff) << 32) | i128::from(low & 0xffff_ffff))),
        _ => {
            json.rewind(mark);
            Ok(None)
        }
    }
}

/// Reads an enum by number or by name, with or without its prefix.
fn enumerated<T>(
    json: &mut Scanner<'_>,
    names: &[&str],
    prefix: &str,
    from: fn(u8) -> Option<T>,
) -> Result<Option<T>, Fault> {
    let token = json.peek();
    let offset = json.offset();
    let number = if token == Token::String {
        let text = json.string()?;
        let name = text.strip_prefix(prefix).unwrap_or(&text);
        let by_name = names.iter().position(|known| known.eq_ignore_ascii_case(name));
        by_name.or_else(|| name.parse().ok()).map_or(-1, |at| i128::try_from(at).unwrap_or(-1))
    } else {
        match json.field_int()? {
            Some(number) => number,
            None => return Ok(None),
        }
    };
    let value = u8::try_from(number).ok().and_then(from);
    if value.is_none() {
        json.bad_field(offset, "a known name or number");
    }
    Ok(value)
}

/// Reads a span kind.
pub(super) fn kind(json: &mut Scanner<'_>) -> Result<SpanKind, Fault> {
    const NAMES: &[&str] = &["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];
    Ok(enumerated(json, NAMES, "SPAN_KIND_", SpanKind::from_repr)?.unwrap_or_default())
}

/// Reads a status code.
pub(super) fn status_code(json: &mut Scanner<'_>) -> Result<Status, Fault> {
    const NAMES: &[&str] = &["UNSET", "OK", "ERROR"];
    Ok(enumerated(json, NAMES, "STATUS_CODE_", Status::from_repr)?.unwrap_or_default())
}
