//! Attributes and `AnyValue`s.

use crate::load::fields;
use crate::load::ids::standard_base64;
use crate::load::json::{Fault, FaultKind, Scanner, Token, parse_short_int, push_quoted};
use crate::load::repeats::{List, Repeats};
use crate::model::{AttrId, Packed, Part, Sym, Value};

/// Reads a list of attributes and appends their ids to `into`.
pub(super) fn attributes<'a>(
    json: &mut Scanner<'a>,
    part: &mut Part,
    repeats: &mut Repeats<'a>,
    list: List,
    into: &mut Vec<AttrId>,
) -> Result<(), Fault> {
    if json.peek() == Token::Object {
        return attribute_map(json, part, into);
    }
    if !json.field_array()? {
        return Ok(());
    }
    repeats.begin(list);
    while json.next_element()? {
        if let Some(id) = repeats.next_known(json) {
            into.push(id);
            continue;
        }
        let start = json.mark();
        if json.field_object()? {
            let id = attribute(json, part)?;
            into.push(id);
            repeats.add(json.spelling_since(start), part.attrs.get(id).key, id);
        }
    }
    Ok(())
}

/// Reads attributes that stand as the fields of an object, where OTLP has a list of keys and values.
fn attribute_map(json: &mut Scanner<'_>, part: &mut Part, into: &mut Vec<AttrId>) -> Result<(), Fault> {
    json.begin_object()?;
    while let Some(key) = json.next_key()? {
        into.push(attribute_of(&key, json, part)?);
    }
    Ok(())
}

/// Reads the value that comes next, an `AnyValue` or any other, as the attribute `key`.
pub(super) fn attribute_of(key: &[u8], json: &mut Scanner<'_>, part: &mut Part) -> Result<AttrId, Fault> {
    let key = part.strings.intern(&String::from_utf8_lossy(key));
    let mark = json.mark();
    let mut value = packed_value(json, part)?;
    if value == Packed::EMPTY {
        // Perhaps an object that is no `AnyValue`.
        json.rewind(mark);
        value = fields::any_value(json, part)?.packed();
    }
    Ok(part.attrs.intern_packed(key, value))
}

/// Reads the rest of `{"key": ..., "value": ...}`.
fn attribute(json: &mut Scanner<'_>, part: &mut Part) -> Result<AttrId, Fault> {
    let mut key = Sym::EMPTY;
    let mut value = Packed::EMPTY;
    while let Some(field) = json.next_name()? {
        match field {
            b"key" => key = text(json, part)?,
            b"value" => value = packed_value(json, part)?,
            _ => json.skip_value()?,
        }
    }
    Ok(part.attrs.intern_packed(key, value))
}

/// Reads a string field and interns it; empty when absent.
#[inline]
pub(super) fn text(json: &mut Scanner<'_>, part: &mut Part) -> Result<Sym, Fault> {
    if let Some(text) = json.plain_text() {
        return Ok(part.strings.intern(text));
    }
    odd_text(json, part)
}

#[cold]
fn odd_text(json: &mut Scanner<'_>, part: &mut Part) -> Result<Sym, Fault> {
    Ok(json.field_text()?.map_or(Sym::EMPTY, |text| part.strings.intern(&text)))
}

/// Reads an `AnyValue`. One that is nested too deep becomes [`Value::Empty`], with a diagnostic.
pub(in crate::load) fn any_value(json: &mut Scanner<'_>, part: &mut Part) -> Result<Value, Fault> {
    packed_value(json, part).map(Packed::value)
}

fn packed_value(json: &mut Scanner<'_>, part: &mut Part) -> Result<Packed, Fault> {
    let mark = json.mark();
    match any_value_within(json, part) {
        Err(fault) if fault.kind == FaultKind::TooDeep => {
            json.note_fault(fault);
            json.recover(mark)?;
            Ok(Packed::EMPTY)
        }
        other => other,
    }
}

fn any_value_within(json: &mut Scanner<'_>, part: &mut Part) -> Result<Packed, Fault> {
    if json.peek() != Token::Object {
        return bare_value(json, part).map(Value::packed);
    }
    json.begin_object()?;
    let mut value = Packed::EMPTY;
    while let Some(variant) = json.next_name()? {
        match variant {
            b"stringValue" | b"string_value" => {
                if let Some(text) = json.plain_text() {
                    value = Value::Str(part.strings.intern(text)).packed();
                } else if let Some(text) = json.field_text()? {
                    value = Value::Str(part.strings.intern(&text)).packed();
                }
            }
            b"intValue" | b"int_value" => value = int_value(json)?,
            b"doubleValue" | b"double_value" => {
                value = json.field_f64()?.map_or(value, |double| Value::Double(double).packed());
            }
            b"boolValue" | b"bool_value" => {
                value = json.field_bool()?.map_or(value, |flag| Value::Bool(flag).packed());
            }
            b"bytesValue" | b"bytes_value" => value = bytes_value(json, part)?.packed(),
            b"arrayValue" | b"array_value" => value = nested(json, part, write_list)?.packed(),
            b"kvlistValue" | b"kvlist_value" => value = nested(json, part, write_map)?.packed(),
            _ => json.skip_value()?,
        }
    }
    Ok(value)
}

/// A value that some writers put where an `AnyValue` object belongs.
fn bare_value(json: &mut Scanner<'_>, part: &mut Part) -> Result<Value, Fault> {
    Ok(match json.peek() {
        Token::String => Value::Str(part.strings.intern(&json.string()?)),
        Token::Bool => Value::Bool(json.bool()?),
        Token::Number => {
            let number = json.number()?;
            let int = number.as_int().filter(|_| !number.0.contains(['.', 'e', 'E']));
            match int.and_then(|int| i64::try_from(int).ok()) {
                Some(int) => Value::Int(int),
                None => number.as_f64().map_or(Value::Empty, Value::Double),
            }
        }
        _ => {
            // Counts a bad field unless it is null.
            json.field_text()?;
            Value::Empty
        }
    })
}

fn int_value(json: &mut Scanner<'_>) -> Result<Packed, Fault> {
    let mark = json.mark();
    if let Some(int) = json.plain_text().and_then(|text| parse_short_int(text.as_bytes())) {
        return Ok(Value::Int(int).packed());
    }
    json.rewind(mark);
    let offset = json.offset();
    let Some(int) = json.field_int()? else { return Ok(Packed::EMPTY) };
    let Ok(int) = i64::try_from(int) else {
        json.bad_field(offset, "an integer of 64 bits");
        return Ok(Packed::EMPTY);
    };
    Ok(Value::Int(int).packed())
}

fn bytes_value(json: &mut Scanner<'_>, part: &mut Part) -> Result<Value, Fault> {
    let offset = json.offset();
    let Some(text) = json.field_text()? else { return Ok(Value::Empty) };
    match standard_base64(&text) {
        Some(standard) => Ok(Value::Bytes(part.strings.intern(&standard))),
        None => {
            json.bad_field(offset, "base64");
            Ok(Value::Str(part.strings.intern(&text)))
        }
    }
}

fn nested(
    json: &mut Scanner<'_>,
    part: &mut Part,
    write: fn(&mut Scanner<'_>, &mut String) -> Result<(), Fault>,
) -> Result<Value, Fault> {
    let mut out = String::new();
    write(json, &mut out)?;
    Ok(Value::Json(part.strings.intern(&out)))
}

/// Writes an `ArrayValue` as compact JSON.
fn write_list(json: &mut Scanner<'_>, out: &mut String) -> Result<(), Fault> {
    out.push('[');
    each_of_values(json, |json| {
        separate(out, '[');
        write_value(json, out)
    })?;
    out.push(']');
    Ok(())
}

/// Writes a `KeyValueList` as a compact JSON object.
fn write_map(json: &mut Scanner<'_>, out: &mut String) -> Result<(), Fault> {
    out.push('{');
    each_of_values(json, |json| {
        if json.field_object()? {
            separate(out, '{');
            write_pair(json, out)?;
        }
        Ok(())
    })?;
    out.push('}');
    Ok(())
}

/// Reads the elements of the field `values` with `read`.
fn each_of_values<'a>(
    json: &mut Scanner<'a>,
    mut read: impl FnMut(&mut Scanner<'a>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    if !json.field_object()? {
        return Ok(());
    }
    while let Some(field) = json.next_name()? {
        if field != b"values" || !json.field_array()? {
            json_skip_unless_read(json, field)?;
            continue;
        }
        while json.next_element()? {
            read(json)?;
        }
    }
    Ok(())
}

/// `values` that is no array has been skipped already; every other field has not.
fn json_skip_unless_read(json: &mut Scanner<'_>, field: &[u8]) -> Result<(), Fault> {
    if field == b"values" { Ok(()) } else { json.skip_value() }
}

fn separate(out: &mut String, open: char) {
    if !out.ends_with(open) {
        out.push(',');
    }
}

/// Writes `"key":value`; the value may come before its key.
fn write_pair(json: &mut Scanner<'_>, out: &mut String) -> Result<(), Fault> {
    let mut key = None;
    let mut value = String::new();
    while let Some(field) = json.next_name()? {
        match field {
            b"key" => key = json.field_text()?,
            b"value" => {
                value.clear();
                write_value(json, &mut value)?;
            }
            _ => json.skip_value()?,
        }
    }
    push_quoted(out, key.as_deref().unwrap_or_default());
    out.push(':');
    out.push_str(if value.is_empty() { "null" } else { &value });
    Ok(())
}

/// Writes an `AnyValue` as JSON: bytes as base64, doubles that JSON cannot hold as strings.
fn write_value(json: &mut Scanner<'_>, out: &mut String) -> Result<(), Fault> {
    let start = out.len();
    if json.field_object()? {
        while let Some(variant) = json.next_name()? {
            out.truncate(start);
            write_variant(json, variant, out)?;
        }
    }
    if out.len() == start {
        out.push_str("null");
    }
    Ok(())
}

fn write_variant(json: &mut Scanner<'_>, variant: &[u8], out: &mut String) -> Result<(), Fault> {
    match variant {
        b"stringValue" | b"string_value" | b"bytesValue" | b"bytes_value" => {
            if let Some(text) = json.field_text()? {
                push_quoted(out, &text);
            }
        }
        b"intValue" | b"int_value" => {
            if let Some(int) = json.field_int()? {
                out.push_str(&int.to_string());
            }
        }
        b"doubleValue" | b"double_value" => match json.field_f64()? {
            Some(double) if double.is_finite() => out.push_str(&serde_json::Value::from(double).to_string()),
            Some(double) => push_quoted(out, &double.to_string()),
            None => {}
        },
        b"boolValue" | b"bool_value" => {
            if let Some(flag) = json.field_bool()? {
                out.push_str(if flag { "true" } else { "false" });
            }
        }
        b"arrayValue" | b"array_value" => write_list(json, out)?,
        b"kvlistValue" | b"kvlist_value" => write_map(json, out)?,
        _ => json.skip_value()?,
    }
    Ok(())
}
