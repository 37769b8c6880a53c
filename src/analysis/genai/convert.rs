//! From the value of an attribute to the value of a field.

use chrono::DateTime;

use super::field::{Datum, Field, Text, Unit};
use super::tables::{KeyRule, Tables, is_placeholder};
use crate::model::{Strings, TraceStore, Value};

/// What `value` says under `rule`; `None` when it says nothing: empty, a placeholder, not a number.
pub fn datum(store: &TraceStore, own: &mut Strings, tables: &Tables, rule: &KeyRule, value: Value) -> Option<Datum> {
    if rule.field == Field::Provider
        && let Some(name) = value.sym().and_then(|sym| tables.providers.get(&store.text(sym).to_lowercase()))
    {
        return Some(Datum::Text(text_of(store, own, name)));
    }
    match (shape(rule.field), value) {
        (_, Value::Empty | Value::Bytes(_)) => None,
        (Shape::Present, _) => Some(Datum::Flag(true)),
        (Shape::Text, Value::Str(sym)) => {
            let text = store.text(sym);
            let is_plain = !is_placeholder(text) && !text.starts_with(['[', '"']);
            if is_plain {
                Some(Datum::Text(Text::of_store(sym)))
            } else {
                datum_of_text(store, own, tables, rule, text)
            }
        }
        (Shape::Whole, Value::Str(sym) | Value::Json(sym)) => {
            (!store.text(sym).is_empty()).then_some(Datum::Text(Text::of_store(sym)))
        }
        (_, Value::Str(sym)) => datum_of_text(store, own, tables, rule, store.text(sym)),
        (Shape::Text, Value::Int(int)) => Some(Datum::Text(text_of(store, own, &int.to_string()))),
        (Shape::Int, Value::Int(int)) => (int >= 0).then_some(Datum::Int(int)),
        #[expect(clippy::cast_precision_loss, reason = "durations and costs fit, and are checked against the span")]
        (Shape::Number, Value::Int(int)) => number(int as f64, true),
        (Shape::Int, Value::Double(double)) => {
            let is_count = (0.0..9e15).contains(&double) && double.fract() == 0.0;
            #[expect(clippy::cast_possible_truncation, reason = "checked in the line above")]
            is_count.then_some(Datum::Int(double as i64))
        }
        (Shape::Number, Value::Double(double)) => number(double, double.fract() == 0.0),
        (Shape::Moment, Value::Int(int)) => Some(Datum::At(unix_ns(int)?)),
        (Shape::Flag, Value::Bool(flag)) => Some(Datum::Flag(flag)),
        (_, Value::Json(sym)) => datum_of_json(store, own, tables, rule, store.text(sym)),
        _ => None,
    }
}

/// Like [`datum`], for a text that need not be one of the store.
pub fn datum_of_text(
    store: &TraceStore,
    own: &mut Strings,
    tables: &Tables,
    rule: &KeyRule,
    text: &str,
) -> Option<Datum> {
    let text = text.trim();
    // Several SDKs write JSON into strings.
    if text.starts_with('[') || (text.starts_with('"') && text.len() > 2) {
        return datum_of_json(store, own, tables, rule, text);
    }
    match shape(rule.field) {
        _ if is_placeholder(text) => None,
        Shape::Role => tables.values.get(&text.to_lowercase()).map(|&role| Datum::Role(role)),
        Shape::Text | Shape::Whole => Some(Datum::Text(text_of(store, own, text))),
        Shape::Present => Some(Datum::Flag(true)),
        Shape::Int => text.parse().ok().filter(|int| *int >= 0).map(Datum::Int),
        Shape::Number if rule.unit == Some(Unit::Text) => duration_text(text).map(Datum::Ns),
        Shape::Number => match text.parse::<f64>() {
            Ok(value) => number(value, !text.contains(['.', 'e', 'E'])),
            Err(_) => duration_text(text).map(Datum::Ns),
        },
        Shape::Moment => moment(text).map(Datum::At),
        // The one value that counts is the yes.
        Shape::Flag if rule.only.is_some() => Some(Datum::Flag(true)),
        Shape::Flag => match text {
            "true" | "True" | "1" => Some(Datum::Flag(true)),
            "false" | "False" | "0" => Some(Datum::Flag(false)),
            _ => None,
        },
        Shape::Pending => (text == "pending_span").then_some(Datum::Flag(true)),
    }
}

/// Lists count by their first element; several finish reasons are kept, joined.
fn datum_of_json(store: &TraceStore, own: &mut Strings, tables: &Tables, rule: &KeyRule, text: &str) -> Option<Datum> {
    let json: serde_json::Value = serde_json::from_str(text).ok()?;
    let mut texts = match &json {
        serde_json::Value::Array(items) => items.iter().filter_map(plain).collect(),
        other => vec![plain(other)?],
    };
    texts.retain(|text| !is_placeholder(text) && !text.starts_with(['[', '"']));
    let first = if rule.field == Field::FinishReason { texts.join(", ") } else { texts.into_iter().next()? };
    datum_of_text(store, own, tables, rule, &first)
}

fn plain(json: &serde_json::Value) -> Option<String> {
    match json {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        serde_json::Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// `text` as a text of the store if it is there, else as an own one.
pub fn text_of(store: &TraceStore, own: &mut Strings, text: &str) -> Text {
    store.strings().find(text).map_or_else(|| Text::own(own.intern(text)), Text::of_store)
}

/// What a field's values look like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Role,
    Text,
    /// A long text that is only compared with others.
    Whole,
    Int,
    Number,
    Moment,
    Flag,
    Present,
    Pending,
}

const fn shape(field: Field) -> Shape {
    match field {
        Field::Kind => Shape::Role,
        Field::InputTokens
        | Field::OutputTokens
        | Field::TotalTokens
        | Field::CacheReadTokens
        | Field::CacheWriteTokens
        | Field::ReasoningTokens
        | Field::TextInputTokens
        | Field::AudioInputTokens
        | Field::ImageInputTokens
        | Field::TextOutputTokens
        | Field::AudioOutputTokens
        | Field::ImageOutputTokens
        | Field::RollUp
        | Field::MaxTokens
        | Field::ResendCount
        | Field::HttpStatus => Shape::Int,
        Field::Cost => Shape::Number,
        field if field.is_duration() => Shape::Number,
        Field::FirstTokenAt => Shape::Moment,
        Field::Stream | Field::Interrupted | Field::Closed => Shape::Flag,
        Field::AskedTools => Shape::Present,
        Field::SystemPrompt | Field::ToolDefinitions | Field::Path | Field::AncestorIds => Shape::Whole,
        Field::Pending => Shape::Pending,
        _ => Shape::Text,
    }
}

/// Negative numbers are how servers write "not measured".
fn number(value: f64, is_whole: bool) -> Option<Datum> {
    (value.is_finite() && value >= 0.0).then_some(Datum::Number { value, is_whole })
}

/// A moment as ISO 8601 text or as a number of Unix seconds, milliseconds, microseconds or nanoseconds.
fn moment(text: &str) -> Option<i64> {
    if let Ok(int) = text.parse() {
        return unix_ns(int);
    }
    let stated = DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc());
    let time = stated.or_else(|| {
        // LangSmith leaves the zone out; its times are UTC.
        let naive = text.trim_end_matches('Z').replace(' ', "T");
        chrono::NaiveDateTime::parse_from_str(&naive, "%Y-%m-%dT%H:%M:%S%.f").ok().map(|time| time.and_utc())
    })?;
    time.timestamp_nanos_opt()
}

/// Times of this century differ by a factor of a thousand from unit to unit, so that their size tells the unit.
fn unix_ns(value: i64) -> Option<i64> {
    let factor = match value {
        ..1_000_000_000 => return None,
        1_000_000_000..100_000_000_000 => 1_000_000_000,
        100_000_000_000..100_000_000_000_000 => 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000,
        _ => 1,
    };
    value.checked_mul(factor)
}

/// Nanoseconds of "1.2ms", "350µs", or of a `Server-Timing` header: its `total`, else its longest entry.
fn duration_text(text: &str) -> Option<i64> {
    if text.contains("dur=") {
        return server_timing(text);
    }
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let (value, unit) = text.split_at(digits);
    let factor = match unit.trim() {
        "ns" => 1.0,
        "µs" | "us" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        _ => return None,
    };
    rounded(value.parse::<f64>().ok()? * factor)
}

fn server_timing(text: &str) -> Option<i64> {
    let entry = |entry: &str| {
        let duration = entry.split(';').find_map(|part| part.trim().strip_prefix("dur="))?;
        let name = entry.split(';').next().unwrap_or_default().trim().to_owned();
        Some((name, rounded(duration.trim_matches('"').parse::<f64>().ok()? * 1e6)?))
    };
    let entries: Vec<(String, i64)> = text.split(',').filter_map(entry).collect();
    let total = entries.iter().find(|(name, _)| name == "total").map(|(_, ns)| *ns);
    total.or_else(|| entries.iter().map(|(_, ns)| *ns).max())
}

/// `ns` as an integer, if it is a duration.
pub fn rounded(ns: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "checked: up to 292 years")]
    (0.0..9.2e18).contains(&ns).then_some(ns.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_with_units_of_their_own() {
        for (text, ns) in [
            ("1.2ms", Some(1_200_000)),
            ("350µs", Some(350_000)),
            ("2.5s", Some(2_500_000_000)),
            ("17ns", Some(17)),
            ("db;dur=53, app;dur=47.2", Some(53_000_000)),
            ("cache;desc=\"x\";dur=1, total;dur=123.4, miss", Some(123_400_000)),
            ("12", None),
            ("fast", None),
            ("-1ms", None),
        ] {
            assert_eq!(duration_text(text), ns, "{text}");
        }
    }

    #[test]
    fn moments_in_all_spellings() {
        let ns = Some(1_751_474_867_486_303_000);
        for text in [
            "2025-07-02T16:47:47.486303Z",
            "2025-07-02T16:47:47.486303",
            "2025-07-02T18:47:47.486303+02:00",
            "1751474867486303000",
            "1751474867486303",
        ] {
            assert_eq!(moment(text), ns, "{text}");
        }
        assert_eq!(moment("1751474867"), Some(1_751_474_867_000_000_000));
        assert_eq!((moment("yesterday"), moment("12")), (None, None));
    }

    #[test]
    fn placeholders_are_nothing() {
        assert!(is_placeholder("<not specified>") && is_placeholder("None") && is_placeholder(""));
        assert!(!is_placeholder("nonesuch") && !is_placeholder("0"));
    }
}
