//! Times on the command line.

use std::str::FromStr;

use chrono::DateTime;

use crate::model::time::read_duration;

/// A time as the user wrote it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimeArg {
    /// Nanoseconds since the first span.
    Relative(i64),
    /// Unix nanoseconds.
    Absolute(i64),
}

impl TimeArg {
    /// The time as Unix nanoseconds; `origin_ns` is the start of the first span.
    #[must_use]
    pub const fn unix_ns(self, origin_ns: i64) -> i64 {
        match self {
            Self::Relative(ns) => origin_ns.saturating_add(ns),
            Self::Absolute(ns) => ns,
        }
    }
}

impl FromStr for TimeArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(ns) = text.parse::<i64>() {
            return Ok(Self::Absolute(ns));
        }
        if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            let ns = time.timestamp_nanos_opt().ok_or("this time is outside the years 1678 to 2262")?;
            return Ok(Self::Absolute(ns));
        }
        read_duration(text).map(Self::Relative).ok_or_else(help)
    }
}

fn help() -> String {
    "write 1.2s, 350ms, 2min (since the first span), 2026-11-21T14:02:07.4Z, or Unix nanoseconds".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{DAY, MS, S, US};

    #[test]
    fn all_forms_are_read_exactly() {
        for (text, time) in [
            ("1.2s", TimeArg::Relative(1_200 * MS)),
            ("350ms", TimeArg::Relative(350 * MS)),
            ("-5 us", TimeArg::Relative(-5 * US)),
            ("0.000000001s", TimeArg::Relative(1)),
            (".5min", TimeArg::Relative(30 * S)),
            ("2d", TimeArg::Relative(2 * DAY)),
            ("1700000000000000001", TimeArg::Absolute(1_700_000_000_000_000_001)),
            ("1970-01-01T00:00:01.5Z", TimeArg::Absolute(1_500 * MS)),
            ("1970-01-01T01:00:00+01:00", TimeArg::Absolute(0)),
        ] {
            assert_eq!(text.parse(), Ok(time), "{text}");
        }
        assert_eq!(TimeArg::Relative(5).unix_ns(i64::MAX), i64::MAX);
    }

    #[test]
    fn everything_else_says_what_is_expected() {
        for text in [
            "",
            "s",
            "1.2",
            "abc",
            "1.2.3s",
            "1e3s",
            "9999999999999999999s",
            "12 parsecs",
            "--1s",
            "2026-13-01T00:00:00Z",
        ] {
            assert!(text.parse::<TimeArg>().is_err(), "{text}");
        }
    }
}
