//! Intervals in words.

use super::super::solve::{Interval, ceil_ns, floor_ns};
use crate::model::time::duration_text;

/// `ahead of` or `behind`, with the interval: what goes between two names.
pub(super) fn ahead(known: Interval) -> String {
    let (lo, hi) = (known.lo.map(floor_ns), known.hi.map(ceil_ns));
    let range = |a: i64, b: i64| {
        let (a, b) = (duration_text(a), duration_text(b));
        if a == b { a } else { format!("{a} to {b}") }
    };
    match (lo, hi) {
        (Some(lo), Some(hi)) if lo >= 0 => format!("ahead by {} of", range(lo, hi)),
        (Some(lo), Some(hi)) if hi <= 0 => format!("behind by {} of", range(hi.saturating_neg(), lo.saturating_neg())),
        (Some(lo), Some(hi)) => {
            format!("between {} behind and {} ahead of", duration_text(lo.saturating_neg()), duration_text(hi))
        }
        (Some(lo), None) if lo >= 0 => format!("ahead by at least {} of", duration_text(lo)),
        (Some(lo), None) => format!("at most {} behind", duration_text(lo.saturating_neg())),
        (None, Some(hi)) if hi <= 0 => format!("behind by at least {} of", duration_text(hi.saturating_neg())),
        (None, Some(hi)) => format!("at most {} ahead of", duration_text(hi)),
        (None, None) => "not comparable with".to_owned(),
    }
}

pub(super) fn amount(size: Interval, is_back: bool) -> String {
    let (lo, hi) = if is_back { (size.hi.map(|hi| -hi), size.lo.map(|lo| -lo)) } else { (size.lo, size.hi) };
    match (lo.map(floor_ns), hi.map(ceil_ns)) {
        (Some(lo), Some(hi)) if duration_text(lo) == duration_text(hi) => duration_text(lo),
        (Some(lo), Some(hi)) => format!("{} to {}", duration_text(lo), duration_text(hi)),
        (Some(lo), None) => format!("at least {}", duration_text(lo)),
        (None, Some(hi)) => format!("at most {}", duration_text(hi)),
        (None, None) => "an unknown amount".to_owned(),
    }
}
