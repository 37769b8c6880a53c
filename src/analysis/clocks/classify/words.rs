//! Intervals in words.

use super::super::solve::{Interval, ceil_ns, floor_ns};
use super::super::words::range_text;
use crate::model::time::duration_text;

/// `640–910 ms ahead of`: what goes between two names after "is".
pub(super) fn ahead(known: Interval) -> String {
    let (lo, hi) = (known.lo.map(floor_ns), known.hi.map(ceil_ns));
    let back = |ns: Option<i64>| ns.map(i64::saturating_neg);
    match (lo, hi) {
        (None, None) => "not comparable with".to_owned(),
        (Some(0..), _) => format!("{} ahead of", range_text(lo, hi)),
        (_, Some(..=0)) => format!("{} behind", range_text(back(hi), back(lo))),
        (Some(lo), Some(hi)) => {
            format!("{} behind to {} ahead of", duration_text(lo.saturating_neg()), duration_text(hi))
        }
        (Some(_), None) => format!("{} behind", range_text(None, back(lo))),
        (None, Some(_)) => format!("{} ahead of", range_text(None, hi)),
    }
}

pub(super) fn amount(size: Interval, is_back: bool) -> String {
    let (lo, hi) = if is_back { (size.hi.map(|hi| -hi), size.lo.map(|lo| -lo)) } else { (size.lo, size.hi) };
    range_text(lo.map(floor_ns), hi.map(ceil_ns))
}

/// The name of a process, with long ids cut.
pub(super) fn short(process: &str) -> String {
    let cut = |part: &str| match part.char_indices().nth(8) {
        Some((at, _)) if part.len() > 30 => format!("{}…", &part[..at]),
        _ => part.to_owned(),
    };
    process.split(" · ").map(cut).collect::<Vec<_>>().join(" · ")
}
