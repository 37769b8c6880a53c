//! Intervals and offsets in words, the same in the window, in reports and in pictures.
//!
//! An interval narrower than 1 % of its value reads as a plain number, any other one as a range, an open one as
//! "at least" or "at most". Ends are rounded outward, so that the text never claims more than is known (but for a
//! thousandth of the width of the interval).

use super::model::{Offset, Placed};
use super::solve::Order;
use crate::model::time::{DAY, HOUR, MIN, MS, S, US, absolute_text, duration_text};

/// A duration known to lie between `lo_ns` and `hi_ns`: `640–910 ms`, `at least 640 ms`, `1.2 s`, `unknown`.
#[must_use]
pub fn range_text(lo_ns: Option<i64>, hi_ns: Option<i64>) -> String {
    match (lo_ns, hi_ns) {
        (Some(lo), Some(hi)) => between(lo, hi),
        (Some(lo), None) => format!("at least {}", down(lo)),
        (None, Some(hi)) => format!("at most {}", up(hi)),
        (None, None) => "unknown".to_owned(),
    }
}

/// An offset against the reference clock: `ahead 1.08–1.26 s`, `behind at least 3 ms: no round trip`,
/// `not comparable`.
#[must_use]
pub fn offset_text(lo_ns: Option<i64>, hi_ns: Option<i64>) -> String {
    let back = |ns: i64| ns.saturating_neg();
    match (lo_ns, hi_ns) {
        (Some(0), Some(0)) => "no offset".to_owned(),
        (Some(lo), Some(hi)) if lo >= 0 => format!("ahead {}", between(lo, hi)),
        (Some(lo), Some(hi)) if hi <= 0 => format!("behind {}", between(back(hi), back(lo))),
        (Some(lo), Some(hi)) => format!("{} behind to {} ahead", up(back(lo)), up(hi)),
        (Some(lo), None) if lo >= 0 => format!("ahead at least {}: no round trip", down(lo)),
        (Some(lo), None) => format!("behind at most {}: no round trip", up(back(lo))),
        (None, Some(hi)) if hi <= 0 => format!("behind at least {}: no round trip", down(back(hi))),
        (None, Some(hi)) => format!("ahead at most {}: no round trip", up(hi)),
        (None, None) => "not comparable".to_owned(),
    }
}

/// Where an event lies: `2026-11-21 14:02:07.415 800 000  ± 400 µs`.
#[must_use]
pub fn placed_text(placed: &Placed) -> String {
    let Some(at_ns) = placed.estimate_ns else { return "not comparable with the reference clock".to_owned() };
    let before = placed.earliest_ns.map(|earliest| earliest.saturating_sub(at_ns));
    let after = placed.latest_ns.map(|latest| latest.saturating_sub(at_ns));
    let around = match (before, after) {
        (Some(0), Some(0)) => String::new(),
        (Some(before), Some(after)) if before.saturating_add(after).saturating_abs() <= after / 50 => {
            format!("  ± {}", duration_text(after))
        }
        (before, after) => format!("  {}", range_text(before, after)),
    };
    format!("{}{around}", absolute_text(at_ns))
}

impl Offset {
    /// The bounds in words, as [`offset_text`] says them.
    #[must_use]
    pub fn words(&self) -> String {
        offset_text(self.lo_ns, self.hi_ns)
    }
}

impl Order {
    /// The order as an answer to "does the first one come first?".
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
            Self::Same => "at the same moment",
            Self::Unknown => "unknown",
        }
    }
}

fn between(lo: i64, hi: i64) -> String {
    let width = i128::from(hi) - i128::from(lo);
    let middle = i128::midpoint(i128::from(lo), i128::from(hi));
    if width * 100 < middle.abs() || width == 0 {
        return duration_text(i64::try_from(middle).unwrap_or(hi));
    }
    // A thousandth of the width is forgiven: drift within one call would turn 640–910 into 639–911.
    let slack = if width < i128::from(DAY) { i64::try_from(width / 1000).unwrap_or(0) } else { 0 };
    let (lo, hi) = (if lo == 0 { down(0) } else { down(lo.saturating_add(slack)) }, up(hi.saturating_sub(slack)));
    // "640 ms–910 ms" says the unit twice; "2 min 05 s" has no one unit.
    match (number_and_unit(&lo), number_and_unit(&hi)) {
        (Some((number, a)), Some((_, b))) if a == b && !lo.starts_with('−') => format!("{number}–{hi}"),
        (Some((number, a)), Some((_, b))) if a == b => format!("{number} to {hi}"),
        (Some(("0", _)), _) => format!("0 to {hi}"),
        _ => format!("{lo} to {hi}"),
    }
}

/// The parts of `18.4 s`; `None` for `2 min 05 s`.
fn number_and_unit(text: &str) -> Option<(&str, &str)> {
    text.split_once(' ').filter(|(_, unit)| !unit.contains(' '))
}

fn down(ns: i64) -> String {
    let step = step(ns);
    let rounded = (i128::from(ns) + step / 10).div_euclid(step) * step;
    duration_text(i64::try_from(rounded).unwrap_or(ns))
}

fn up(ns: i64) -> String {
    let step = step(ns);
    let rounded = -(step / 10 - i128::from(ns)).div_euclid(step) * step;
    duration_text(i64::try_from(rounded).unwrap_or(ns))
}

/// What the last digit of [`duration_text`] stands for, nanoseconds.
fn step(ns: i64) -> i128 {
    let ns = ns.unsigned_abs();
    let of_unit = |unit: i64| match ns / unit.unsigned_abs() {
        0..10 => unit / 100,
        10..100 => unit / 10,
        _ => unit,
    };
    let step = match i64::try_from(ns).unwrap_or(i64::MAX) {
        ..US => 1,
        US..MS => of_unit(US),
        MS..S => of_unit(MS),
        S..MIN => of_unit(S),
        MIN..HOUR => S,
        HOUR..DAY => MIN,
        DAY.. => HOUR,
    };
    i128::from(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_follow_the_text_rule() {
        for (lo, hi, text) in [
            (Some(640 * MS), Some(910 * MS), "640–910 ms"),
            (Some(640 * MS), None, "at least 640 ms"),
            (None, Some(910 * MS), "at most 910 ms"),
            (None, None, "unknown"),
            (Some(1_000 * MS), Some(1_009 * MS), "1 s"),
            (Some(910 * MS), Some(910 * MS), "910 ms"),
            (Some(0), Some(0), "0 ns"),
            (Some(900 * MS), Some(1_200 * MS), "900 ms to 1.2 s"),
            (Some(0), Some(3 * MS), "0 to 3 ms"),
            (Some(-3 * MS), Some(5 * MS), "−3 to 5 ms"),
            (Some(-910 * MS), Some(-640 * MS), "−910 to −640 ms"),
            (Some(i64::MIN), Some(i64::MAX), "−106,751 d 23 h to 106,751 d 23 h"),
        ] {
            assert_eq!(range_text(lo, hi), text);
        }
    }

    #[test]
    fn ends_are_rounded_outward() {
        assert_eq!(range_text(Some(1_088_000_000), Some(1_252_000_000)), "1.08–1.26 s");
        assert_eq!(range_text(Some(-1_252_000_000), Some(-1_088_000_000)), "−1.26 to −1.08 s");
        assert_eq!(range_text(Some(639_968_000), Some(910_045_500)), "640–910 ms");
    }

    #[test]
    fn offsets_say_which_way() {
        for (lo, hi, text) in [
            (Some(1_080 * MS), Some(1_260 * MS), "ahead 1.08–1.26 s"),
            (Some(-5 * MS), Some(-3 * MS), "behind 3–5 ms"),
            (Some(-5 * MS), Some(3 * MS), "5 ms behind to 3 ms ahead"),
            (Some(400 * US), None, "ahead at least 400 µs: no round trip"),
            (Some(-400 * US), None, "behind at most 400 µs: no round trip"),
            (None, Some(-400 * US), "behind at least 400 µs: no round trip"),
            (None, Some(400 * US), "ahead at most 400 µs: no round trip"),
            (None, None, "not comparable"),
            (Some(0), Some(0), "no offset"),
        ] {
            assert_eq!(offset_text(lo, hi), text);
        }
    }
}
