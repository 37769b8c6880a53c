//! Times for people. All arithmetic stays in `i64` nanoseconds.

use super::grouped;
use chrono::{DateTime, Utc};

/// Nanoseconds per microsecond.
pub const US: i64 = 1_000;
/// Nanoseconds per millisecond.
pub const MS: i64 = 1_000_000;
/// Nanoseconds per second.
pub const S: i64 = 1_000_000_000;
/// Nanoseconds per minute.
pub const MIN: i64 = 60 * S;
/// Nanoseconds per hour.
pub const HOUR: i64 = 60 * MIN;
/// Nanoseconds per day.
pub const DAY: i64 = 24 * HOUR;

/// A duration with at most four significant digits and the unit people expect: `380 ns`, `1.2 ms`,
/// `18.4 s`, `2 min 05 s`, `3 h 12 min`, `2 d 04 h`. Negative durations keep their sign.
#[must_use]
pub fn duration_text(ns: i64) -> String {
    let sign = if ns < 0 { "−" } else { "" };
    let ns = ns.unsigned_abs();
    let (us, ms, s) = (US.unsigned_abs(), MS.unsigned_abs(), S.unsigned_abs());
    let body = match ns {
        0..1_000 => format!("{ns} ns"),
        _ if ns < ms => scaled(ns, us, "µs"),
        _ if ns < s => scaled(ns, ms, "ms"),
        _ if ns < 60 * s => scaled(ns, s, "s"),
        _ if ns < 3600 * s => format!("{} min {:02} s", ns / (60 * s), ns / s % 60),
        _ if ns < 86_400 * s => format!("{} h {:02} min", ns / (3600 * s), ns / (60 * s) % 60),
        _ => format!("{} d {:02} h", grouped(ns / (86_400 * s)), ns / (3600 * s) % 24),
    };
    format!("{sign}{body}")
}

fn scaled(ns: u64, unit: u64, name: &str) -> String {
    // Rounding may reach the next unit (999.96 ms); four digits are still right: "1000 ms".
    let whole = ns / unit;
    let decimals = match whole {
        0..10 => 2,
        10..100 => 1,
        _ => 0,
    };
    #[expect(clippy::cast_precision_loss, reason = "rounded to four digits")]
    let value = ns as f64 / unit as f64;
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} {name}")
}

/// A Unix time as `2026-11-21 14:02:07.412 318 204` in UTC, to the nanosecond.
#[must_use]
pub fn absolute_text(unix_ns: i64) -> String {
    let time: DateTime<Utc> = DateTime::from_timestamp_nanos(unix_ns);
    let ns = unix_ns.rem_euclid(S);
    format!("{}.{:03} {:03} {:03}", time.format("%Y-%m-%d %H:%M:%S"), ns / MS, ns / US % 1000, ns % 1000)
}

/// Whether times from `from_ns` to `to_ns` count from when a clock or its machine was started, and not from 1970:
/// no calendar stamps the year that follows that.
#[must_use]
pub const fn is_uptime(from_ns: i64, to_ns: i64) -> bool {
    from_ns > -DAY && to_ns < 365 * DAY
}

/// A time since the zero of a clock, `14:02:07.412 318 204` or `2 d 14:02:07.412 318 204`, to the nanosecond.
#[must_use]
pub fn uptime_text(ns: i64) -> String {
    let sign = if ns < 0 { "−" } else { "" };
    let ns = ns.saturating_abs();
    let text = absolute_text(ns % DAY);
    let clock = text.get(11..).unwrap_or_default();
    match ns / DAY {
        0 => format!("{sign}{clock}"),
        days => format!("{sign}{} d {clock}", grouped(days.unsigned_abs())),
    }
}

/// The date of a Unix time, `2026-11-21`, in UTC.
#[must_use]
pub fn date_text(unix_ns: i64) -> String {
    DateTime::from_timestamp_nanos(unix_ns).format("%Y-%m-%d").to_string()
}

/// Reads a length of time as people write it: `1.2s`, `-350 ms`, `2min`. Exact: no floating point.
#[must_use]
pub fn read_duration(text: &str) -> Option<i64> {
    let text = text.trim();
    let at = text.find(char::is_alphabetic)?;
    let (number, unit) = text.split_at(at);
    let unit = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => US,
        "ms" => MS,
        "s" => S,
        "m" | "min" => MIN,
        "h" => HOUR,
        "d" => DAY,
        _ => return None,
    };
    decimal(number.trim(), unit)
}

/// `number` times `unit`.
fn decimal(number: &str, unit: i64) -> Option<i64> {
    let (sign, digits) = match number.strip_prefix(['-', '−']) {
        Some(digits) => (-1, digits),
        None => (1, number.strip_prefix('+').unwrap_or(number)),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !is_number(whole) || !is_number(part) {
        return None;
    }
    let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut ns = whole.checked_mul(unit)?;
    let mut digit_unit = unit;
    for digit in part.bytes() {
        // Units are divisible by ten often enough down to single nanoseconds; what is finer is cut off.
        let tenths = digit_unit.checked_mul(i64::from(digit - b'0'))? / 10;
        ns = ns.checked_add(tenths)?;
        digit_unit /= 10;
    }
    ns.checked_mul(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        for (ns, text) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_500, "1.5 µs"),
            (12_340_000, "12.3 ms"),
            (800 * MS, "800 ms"),
            (-1_200 * MS, "−1.2 s"),
            (125 * S, "2 min 05 s"),
            (3 * HOUR + 12 * MIN, "3 h 12 min"),
            (2 * DAY + 4 * HOUR, "2 d 04 h"),
            (i64::MIN, "−106,751 d 23 h"),
        ] {
            assert_eq!(duration_text(ns), text);
        }
    }

    #[test]
    fn times_of_a_clock_without_a_calendar_have_no_date() {
        assert!(is_uptime(34_414_141_795_000, 34_414_436_930_000));
        assert!(is_uptime(-5 * MS, S));
        assert!(!is_uptime(0, 1_772_442_900_000_000_000));
        assert!(!is_uptime(-3 * DAY, S));
        assert_eq!(uptime_text(34_414_141_795_001), "09:33:34.141 795 001");
        assert_eq!(uptime_text(2 * DAY + MS), "2 d 00:00:00.001 000 000");
        assert_eq!(uptime_text(-5 * MS), "−00:00:00.005 000 000");
    }

    #[test]
    fn absolute_times_keep_every_nanosecond() {
        assert_eq!(absolute_text(1_544_712_660_300_600_700), "2018-12-13 14:51:00.300 600 700");
        assert_eq!(absolute_text(-1), "1969-12-31 23:59:59.999 999 999");
    }
}
