//! Times as people and SDKs write them, to Unix nanoseconds, without floats.

use chrono::{DateTime, NaiveDateTime};

use super::record::Raw;
use crate::load::decimal::scaled;
use crate::load::json::{Fault, Scanner, Token};

/// What one step of a number is, as powers of ten of nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unit {
    /// Told from the size of the number: between 1973 and 5138 the four units do not overlap.
    Guess,
    Nanos,
    Millis,
}

/// Reads the time that comes next, in whatever form and unit. `None` when it cannot be read.
pub(in crate::load) fn guess_time(json: &mut Scanner<'_>) -> Result<Option<i128>, Fault> {
    Ok(time_ns(Raw::read(json)?, Unit::Guess))
}

/// The time that `raw` states. `None` when it states none that can be read.
pub(super) fn time_ns(raw: Raw<'_>, unit: Unit) -> Option<i128> {
    match raw.token() {
        Token::String => {
            let text = raw.text()?;
            date_time(text.trim()).or_else(|| number(text.trim(), unit))
        }
        Token::Number => number(&raw.text_or_number()?, unit),
        // OpenTelemetry for JavaScript: seconds and nanoseconds.
        Token::Array => match raw.elements().as_slice() {
            [seconds, nanos] => {
                Some(scaled(&seconds.text_or_number()?, 9)?.checked_add(scaled(&nanos.text_or_number()?, 0)?)?)
            }
            _ => None,
        },
        _ => None,
    }
}

fn number(text: &str, unit: Unit) -> Option<i128> {
    let shift = match unit {
        Unit::Nanos => 0,
        Unit::Millis => 6,
        Unit::Guess => match scaled(text, 0)?.unsigned_abs() {
            0..100_000_000_000 => 9,
            100_000_000_000..100_000_000_000_000 => 6,
            100_000_000_000_000..100_000_000_000_000_000 => 3,
            _ => 0,
        },
    };
    scaled(text, shift)
}

/// ISO 8601, with `T` or a blank; UTC unless it says otherwise.
pub(in crate::load) fn date_time(text: &str) -> Option<i128> {
    let nanos = |seconds: i64, nanos: u32| Some(i128::from(seconds) * 1_000_000_000 + i128::from(nanos));
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return nanos(time.timestamp(), time.timestamp_subsec_nanos());
    }
    let text = text.strip_suffix('Z').or_else(|| text.strip_suffix(" UTC")).unwrap_or(text);
    // The last one is how Azure's portal writes tables.
    const FORMS: [&str; 4] =
        ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y%m%dT%H%M%S%6f", "%m/%d/%Y, %I:%M:%S%.f %p"];
    FORMS.iter().find_map(|form| {
        let time = NaiveDateTime::parse_from_str(text, form).ok()?.and_utc();
        nanos(time.timestamp(), time.timestamp_subsec_nanos())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, unit: Unit) -> Option<i128> {
        time_ns(Raw::read(&mut Scanner::new(text.as_bytes(), 0)).unwrap(), unit)
    }

    #[test]
    fn every_spelling_of_one_instant() {
        let expected = Some(1_758_026_593_210_770_000);
        for text in [
            "1758026593210770000",
            "\"1758026593210770000\"",
            "1758026593210770",
            "1758026593210.77",
            "1758026593.21077",
            "\"2025-09-16T12:43:13.210770Z\"",
            "\"2025-09-16T12:43:13.21077\"",
            "\"2025-09-16 12:43:13.210770\"",
            "\"2025-09-16 12:43:13.210770 UTC\"",
            "\"2025-09-16 08:43:13.210770-04:00\"",
            "\"2025-09-16T14:43:13.210770+02:00\"",
            "\"20250916T124313210770Z\"",
            "\"9/16/2025, 12:43:13.210770 PM\"",
            "[1758026593, 210770000]",
        ] {
            assert_eq!(read(text, Unit::Guess), expected, "{text}");
        }
        assert_eq!(read("1758026593210.77", Unit::Millis), expected);
        assert_eq!(read("0", Unit::Guess), Some(0));
        for text in ["null", "\"\"", "\"soon\"", "{}", "[1]", "true", "\"2025-13-16T12:43:13Z\""] {
            assert_eq!(read(text, Unit::Guess), None, "{text}");
        }
    }
}
