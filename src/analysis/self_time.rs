//! Self time: what a span did while none of its children were at work.
//!
//! It is the span's duration minus the union of its children's times, cut to the span. Only children
//! stamped by the same clock count: where a child on another clock stands inside its parent is not known
//! to better than the offset between the clocks, so nothing is subtracted for it. Children without both
//! times, or that end before they start, subtract nothing either. A span without a duration, or with a
//! negative one, has no self time.

use rayon::iter::{IndexedParallelIterator as _, IntoParallelIterator as _, ParallelIterator as _};

use super::clocks::domains::Domains;
use super::search::CancelFlag;
use crate::model::{SpanIx, TraceStore};

/// The self time of every span.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SelfTimes {
    /// Nanoseconds, or [`NONE`].
    ns: Vec<i64>,
}

const NONE: i64 = -1;

impl SelfTimes {
    /// Those of no span at all.
    pub const NOTHING: Self = Self { ns: Vec::new() };

    /// Computes them for all spans; `None` when cancelled.
    #[must_use]
    pub fn new(store: &TraceStore, domains: &Domains, cancel: &CancelFlag) -> Option<Self> {
        let ns = (0..store.len()).into_par_iter().with_min_len(4096);
        let ns = ns.map(|at| self_ns(store, domains, SpanIx::from_usize(at)).unwrap_or(NONE)).collect();
        cancel.going_on()?;
        Some(Self { ns })
    }

    /// The self time of `span` in nanoseconds, if it has one; never negative.
    #[must_use]
    pub fn get(&self, span: SpanIx) -> Option<i64> {
        self.ns.get(span.at()).copied().filter(|&ns| ns != NONE)
    }
}

fn self_ns(store: &TraceStore, domains: &Domains, ix: SpanIx) -> Option<i64> {
    let span = store.span(ix);
    let duration = span.duration_ns().filter(|&ns| ns >= 0)?;
    let clock = domains.of_span.get(ix.at());
    let (mut covered, mut from) = (0_i64, span.start_ns());
    // Children come sorted by start, so that one sweep finds the union.
    for &child in span.children() {
        if domains.of_span.get(child.at()) != clock {
            continue;
        }
        let child = store.span(child);
        if child.duration_ns().is_none_or(|ns| ns < 0) {
            continue;
        }
        let start = child.start_ns().max(from);
        let end = child.end_ns().min(span.end_ns());
        if end > start {
            covered = covered.saturating_add(end.saturating_sub(start));
            from = end;
        }
    }
    Some(duration.saturating_sub(covered).max(0))
}
