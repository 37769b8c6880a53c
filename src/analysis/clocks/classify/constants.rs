//! Offsets that look like a known constant.

use super::super::solve::{Interval, ceil_ns, floor_ns};
use crate::model::time::{DAY, HOUR, MIN, S, duration_text};

/// A well-known constant inside a narrow interval, to be put after "is off by": a hint, never a proof. `at_ns` is
/// when, Unix nanoseconds.
pub(super) fn constant(known: Interval, at_ns: i64) -> Option<String> {
    let (lo, hi) = (floor_ns(known.lo?), ceil_ns(known.hi?));
    let (lo, hi) = if hi < 0 { (hi.saturating_neg(), lo.saturating_neg()) } else { (lo, hi) };
    let width = hi.saturating_sub(lo);
    let is_named = |value: i64| lo <= value && value <= hi && width < value / 10;
    let named = |value: i64, why: &str| {
        let within = duration_text(width.max(1));
        is_named(value).then(|| format!("{} within {within}: {why}", duration_text(value)))
    };
    if is_near_leap_second(at_ns)
        && let Some(leap) = named(S, "perhaps a leap second that only one of them knows.")
    {
        return Some(leap);
    }
    let others = named(37 * S, "atomic time (TAI) is that far ahead of UTC.")
        .or_else(|| named(18 * S, "GPS time is that far ahead of UTC."));
    if others.is_some() {
        return others;
    }
    let quarter = 15 * MIN;
    let middle = lo / 2 + hi / 2;
    let value = (middle.saturating_add(quarter / 2) / quarter).saturating_mul(quarter);
    if value <= 0 || value > 14 * HOUR || width >= MIN {
        return None;
    }
    let why = if value == HOUR {
        "likely daylight saving time or a time-zone mistake."
    } else {
        "likely a time-zone mistake."
    };
    named(value, why)
}

/// Within a day of the end of June or December, UTC: when leap seconds are inserted, or smeared.
fn is_near_leap_second(at_ns: i64) -> bool {
    [at_ns.saturating_sub(DAY), at_ns, at_ns.saturating_add(DAY)].into_iter().any(|moment| {
        let date = crate::model::time::date_text(moment);
        ["06-30", "07-01", "12-31", "01-01"].iter().any(|day| date.ends_with(day))
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::solve::fine;
    use super::*;
    use crate::model::time::MS;

    #[test]
    fn known_constants_are_named_only_when_the_interval_is_narrow() {
        let may = 1_778_000_000 * S;
        let hint = |lo, hi| constant(Interval { lo: Some(fine(lo)), hi: Some(fine(hi)) }, may);
        assert!(hint(2 * HOUR - S, 2 * HOUR + S).unwrap().contains("time-zone"));
        assert!(hint(-2 * HOUR - S, -2 * HOUR + S).unwrap().contains("time-zone"));
        assert!(hint(HOUR - S, HOUR + S).unwrap().contains("daylight"));
        assert!(hint(37 * S - MS, 37 * S + MS).unwrap().contains("TAI"));
        assert!(hint(18 * S - MS, 18 * S + MS).unwrap().contains("GPS"));
        assert_eq!(hint(S - MS, S + MS), None);
        assert_eq!(hint(0, 4 * HOUR), None);
        assert_eq!(hint(MS, 2 * MS), None);
        assert_eq!(hint(2 * HOUR + 5 * MIN, 2 * HOUR + 6 * MIN), None);
        // 2026-12-31T20:00:00Z
        let evening = Interval { lo: Some(fine(-S - MS)), hi: Some(fine(-S + MS)) };
        assert!(constant(evening, 1_798_747_200 * S).unwrap().contains("leap second"));
    }
}
