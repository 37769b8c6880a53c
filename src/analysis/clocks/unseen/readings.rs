//! Times of other clocks in attributes.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::model::time::{MS, S};
use crate::model::{Attr, Sym, TraceStore, Value};

/// What a time in an attribute tells.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Said {
    /// When a broker stored the message.
    Stored,
    /// When somebody dated the response, in its `Date` header.
    Dated,
    /// When the response was made, by its own body.
    Created,
}

impl Said {
    /// What happened then, in a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Dated => "dated",
            Self::Created => "created",
        }
    }
}

/// A time of another clock, cut to what it was written in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reading {
    /// What it tells.
    pub said: Said,
    /// Unix nanoseconds, rounded down.
    pub at_ns: i64,
    /// To what it was rounded down, nanoseconds.
    pub grain_ns: i64,
    /// Whether it is the broker's only where another attribute says so: Kafka's records carry their producer's time
    /// unless the topic is set to `LogAppendTime`.
    pub if_appended: bool,
}

/// A key and what its values tell.
struct Key {
    key: &'static str,
    said: Said,
    /// Nanoseconds of its unit.
    unit_ns: i64,
    /// As in [`Reading`].
    if_appended: bool,
}

const fn key(key: &'static str, said: Said, unit_ns: i64) -> Key {
    Key { key, said, unit_ns, if_appended: false }
}

const KEYS: &[Key] = &[
    // OpenTelemetry's messaging conventions: seconds.
    key("messaging.eventhubs.message.enqueued_time", Said::Stored, S),
    key("messaging.servicebus.message.enqueued_time", Said::Stored, S),
    // Azure's SDKs put it on the link to each message of a batch.
    key("enqueuedTime", Said::Stored, MS),
    Key { if_appended: true, ..key("messaging.kafka.message.timestamp", Said::Stored, MS) },
    Key { if_appended: true, ..key("messaging.kafka.message.timestamp_ms", Said::Stored, MS) },
    Key { if_appended: true, ..key("kafka.timestamp", Said::Stored, MS) },
    key("http.response.header.date", Said::Dated, S),
    key("gen_ai.response.created", Said::Created, S),
    key("gen_ai.response.created_at", Said::Created, S),
    key("llm.response.created", Said::Created, S),
];

/// Attributes that say which clock stamped a record of Kafka, in different dialects.
const TIMESTAMP_TYPE: [&str; 4] = [
    "messaging.kafka.message.timestamp.type",
    "messaging.kafka.message.timestamp_type",
    "kafka.timestamp-type",
    "kafka.timestampType",
];

/// The attributes that say that the broker stamped the record.
pub(super) fn appended(store: &TraceStore) -> Vec<u32> {
    let keys: Vec<Sym> = TIMESTAMP_TYPE.iter().filter_map(|key| store.strings().find(key)).collect();
    if keys.is_empty() {
        return Vec::new();
    }
    let says = |attr: &Attr| {
        let text = store.value_text(attr.value).to_ascii_lowercase();
        keys.contains(&attr.key) && text.starts_with("log") && text.contains("append")
    };
    (0_u32..).zip(store.attrs().pairs()).filter(|(_, attr)| says(attr)).map(|(id, _)| id).collect()
}

/// All attributes of `store` that hold such a time. Empty in nearly all workspaces.
pub(super) fn readings(store: &TraceStore) -> HashMap<u32, Reading, FixedState> {
    let keys: Vec<(Sym, &Key)> =
        KEYS.iter().filter_map(|key| store.strings().find(key.key).map(|sym| (sym, key))).collect();
    if keys.is_empty() {
        return HashMap::default();
    }
    let read = |attr: Attr| {
        let key = keys.iter().find(|(sym, _)| *sym == attr.key)?.1;
        let (at_ns, grain_ns) = match (key.said, attr.value) {
            (Said::Dated, value) => (http_date_ns(&store.value_text(value))?, S),
            (_, Value::Int(number)) => number_ns(number, key.unit_ns)?,
            (_, value) => number_ns(value.sym().and_then(|sym| store.text(sym).parse().ok())?, key.unit_ns)?,
        };
        Some(Reading { said: key.said, at_ns, grain_ns, if_appended: key.if_appended })
    };
    (0_u32..).zip(store.attrs().pairs()).filter_map(|(id, &attr)| Some((id, read(attr)?))).collect()
}

/// A Unix time in `unit_ns`, or in milliseconds where that is what it looks like. Zero is no time.
fn number_ns(number: i64, unit_ns: i64) -> Option<(i64, i64)> {
    const YEAR_5138_S: i64 = 100_000_000_000;
    let unit_ns = match (unit_ns, number) {
        (_, ..=0) => return None,
        (S, YEAR_5138_S..) => MS,
        (MS, ..YEAR_5138_S) => S,
        _ => unit_ns,
    };
    Some((number.checked_mul(unit_ns)?, unit_ns))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, alone or in a list of one.
fn http_date_ns(text: &str) -> Option<i64> {
    let text = text.trim_matches(|c: char| matches!(c, '[' | ']' | '"' | ' '));
    let time = chrono::DateTime::parse_from_rfc2822(text).ok()?;
    time.timestamp().checked_mul(S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_dates_are_read_and_nothing_else() {
        for (text, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777 * S)),
            ("[\"Sun, 06 Nov 1994 08:49:37 GMT\"]", Some(784_111_777 * S)),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(http_date_ns(text), expected, "{text}");
        }
    }

    #[test]
    fn numbers_are_seconds_or_milliseconds_by_their_size() {
        for (number, unit, expected) in [
            (1_795_000_000, S, Some((1_795_000_000 * S, S))),
            (1_795_000_000_123, S, Some((1_795_000_000_123 * MS, MS))),
            (1_795_000_000_123, MS, Some((1_795_000_000_123 * MS, MS))),
            (1_795_000_000, MS, Some((1_795_000_000 * S, S))),
            (0, S, None),
            (-5, S, None),
            (i64::MAX, S, None),
        ] {
            assert_eq!(number_ns(number, unit), expected, "{number} {unit}");
        }
    }
}
