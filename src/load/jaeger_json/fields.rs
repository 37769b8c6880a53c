//! Times and tags as Jaeger writes them.

use std::borrow::Cow;

use super::super::decimal::scaled;
use super::super::fields::{any_value, clamp, plain_micros};
use super::super::ids::standard_base64;
use super::super::json::{Fault, Scanner, Token};
use crate::model::{Part, SpanFlags, Sym, Value};

/// A tag or log field.
pub(super) struct Tag<'c> {
    pub key: Cow<'c, str>,
    pub value: Value,
}

/// Microseconds as a number, or an RFC 3339 text. 0 when absent.
pub(super) fn time_ns(json: &mut Scanner<'_>, flags: &mut SpanFlags) -> Result<i64, Fault> {
    if let Some(time) = plain_micros(json) {
        return Ok(clamp(time, flags));
    }
    let token = json.peek();
    let offset = json.offset();
    let time = match token {
        Token::Number => scaled(json.number()?.0, 3),
        Token::String => {
            let text = json.string()?;
            scaled(&text, 3).or_else(|| rfc3339(&text))
        }
        _ => return json.field_text().map(|_| 0),
    };
    if time.is_none() {
        json.bad_field(offset, "a time in microseconds or RFC 3339");
    }
    Ok(clamp(time.unwrap_or_default(), flags))
}

fn rfc3339(text: &str) -> Option<i128> {
    let time = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    Some(i128::from(time.timestamp()) * 1_000_000_000 + i128::from(time.timestamp_subsec_nanos()))
}

/// Microseconds as a number, or a text such as `5000ns`, `1.5s`, `1m2s`.
pub(super) fn duration_ns(json: &mut Scanner<'_>) -> Result<Option<i128>, Fault> {
    if let Some(time) = plain_micros(json) {
        return Ok(Some(time));
    }
    let token = json.peek();
    let offset = json.offset();
    let duration = match token {
        Token::Number => scaled(json.number()?.0, 3),
        Token::String => {
            let text = json.string()?;
            scaled(&text, 3).or_else(|| duration_text(&text))
        }
        _ => return json.field_text().map(|_| None),
    };
    if duration.is_none() {
        json.bad_field(offset, "a duration");
    }
    Ok(duration)
}

fn duration_text(text: &str) -> Option<i128> {
    let (negative, mut rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let mut total = 0_i128;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let number_len = rest.find(|char: char| !char.is_ascii_digit() && char != '.')?;
        let (number, after) = rest.split_at(number_len);
        let unit_len = after.find(|char: char| char.is_ascii_digit() || char == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_len);
        let ns = match unit {
            "ns" => scaled(number, 0)?,
            "us" | "µs" | "μs" => scaled(number, 3)?,
            "ms" => scaled(number, 6)?,
            "s" => scaled(number, 9)?,
            "m" => scaled(number, 9)?.checked_mul(60)?,
            "h" => scaled(number, 9)?.checked_mul(3600)?,
            _ => return None,
        };
        total = total.checked_add(ns)?;
        rest = after;
    }
    Some(if negative { -total } else { total })
}

/// The type that a tag says it has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Bool,
    Int,
    Double,
    Binary,
}

fn kind_of(name: &str) -> Option<Kind> {
    Some(match name {
        "string" | "STRING" => Kind::Text,
        "bool" | "BOOL" => Kind::Bool,
        "int64" | "INT64" => Kind::Int,
        "float64" | "FLOAT64" => Kind::Double,
        "binary" | "BINARY" => Kind::Binary,
        _ => return None,
    })
}

/// Reads a tag; `None` when it is no object.
pub(super) fn tag<'c>(json: &mut Scanner<'c>, part: &mut Part) -> Result<Option<Tag<'c>>, Fault> {
    json.peek();
    let offset = json.offset();
    if !json.field_object()? {
        return Ok(None);
    }
    let mut key = Cow::Borrowed("");
    let mut kind = None;
    let mut value = None;
    while let Some(field) = json.next_key()? {
        match &*field {
            b"key" => key = json.field_text()?.unwrap_or_default(),
            b"type" | b"vType" | b"v_type" => kind = json.field_text()?.and_then(|name| kind_of(&name)),
            b"value" | b"vStr" | b"vBool" | b"vInt64" | b"vFloat64" | b"vBinary" | b"v_str" | b"v_bool"
            | b"v_int64" | b"v_float64" | b"v_binary" => value = Some(any_value(json, part)?),
            _ => json.skip_value()?,
        }
    }
    let value = match (value, kind) {
        (Some(value), None) => value,
        (Some(value), Some(kind)) => coerce(value, kind, part).unwrap_or_else(|| {
            json.bad_field(offset, "a value of the tag's type");
            value
        }),
        // Protobuf leaves out values that are zero or empty.
        (None, None | Some(Kind::Text)) => Value::Str(Sym::EMPTY),
        (None, Some(Kind::Bool)) => Value::Bool(false),
        (None, Some(Kind::Int)) => Value::Int(0),
        (None, Some(Kind::Double)) => Value::Double(0.0),
        (None, Some(Kind::Binary)) => Value::Bytes(Sym::EMPTY),
    };
    Ok(Some(Tag { key, value }))
}

/// `value` as the type that its tag names; `None` when it cannot be that.
fn coerce(value: Value, kind: Kind, part: &mut Part) -> Option<Value> {
    Some(match (kind, value) {
        (Kind::Text | Kind::Binary, Value::Empty) => Value::Str(Sym::EMPTY),
        (Kind::Text, value) | (_, value @ Value::Empty) => value,
        (Kind::Bool, Value::Bool(_)) | (Kind::Int, Value::Int(_)) | (Kind::Double, Value::Double(_)) => value,
        (Kind::Bool, Value::Str(sym)) => Value::Bool(match part.strings.get(sym) {
            "true" | "True" | "1" => true,
            "false" | "False" | "0" | "" => false,
            _ => return None,
        }),
        (Kind::Int, Value::Str(sym)) => Value::Int(part.strings.get(sym).parse().ok()?),
        #[expect(clippy::cast_possible_truncation, reason = "checked: integral and within range")]
        (Kind::Int, Value::Double(double)) if double.fract() == 0.0 && double.abs() < 9e18 => Value::Int(double as i64),
        #[expect(clippy::cast_precision_loss, reason = "the tag says that it is a double")]
        (Kind::Double, Value::Int(int)) => Value::Double(int as f64),
        (Kind::Double, Value::Str(sym)) => Value::Double(part.strings.get(sym).parse().ok()?),
        (Kind::Binary, Value::Str(sym)) => {
            let standard = standard_base64(part.strings.get(sym))?;
            Value::Bytes(part.strings.intern(&standard))
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_with_units_are_exact() {
        for (text, ns) in [
            ("5000ns", Some(5000)),
            ("0s", Some(0)),
            ("1.5s", Some(1_500_000_000)),
            ("0.000000001s", Some(1)),
            ("1h2m3.5s", Some(3_723_500_000_000)),
            ("12µs", Some(12_000)),
            ("-3ms", Some(-3_000_000)),
            ("", None),
            ("5", None),
            ("s", None),
            ("5 s", None),
        ] {
            assert_eq!(duration_text(text), ns, "{text}");
        }
    }
}
