//! How much time a set of spans takes: summed, as busy time, and from first to last.
//!
//! Busy time and wall time compare times with each other, which only makes sense on one clock. They are given per
//! clock; sums of durations add up across clocks.

use super::clocks::domains::Domains;
use crate::model::{DomainIx, SpanIx, TraceStore};

/// Times of a set of spans. Nanoseconds, exact; spans with a missing or reversed time are counted apart.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Selection {
    /// Number of different spans.
    pub spans: u64,
    /// Spans whose duration is not known: a time is missing, or the end lies before the start.
    pub without_duration: u64,
    /// Durations added up.
    pub sum_ns: i128,
    /// Times on each clock that is involved, in display order. More than one: their busy and wall times cannot be
    /// joined without knowing the offsets between the clocks.
    pub clocks: Vec<ClockTimes>,
}

/// Times of the spans of one clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClockTimes {
    /// The clock.
    pub domain: DomainIx,
    /// Number of spans with a duration.
    pub spans: u64,
    /// Durations added up.
    pub sum_ns: i128,
    /// Time during which at least one of them ran.
    pub union_ns: i64,
    /// From the first start to the last end.
    pub wall_ns: i64,
}

impl Selection {
    /// Measures `spans`; a span that is named twice counts once.
    #[must_use]
    pub fn measure(store: &TraceStore, domains: &Domains, spans: impl IntoIterator<Item = SpanIx>) -> Self {
        let mut all: Vec<SpanIx> = spans.into_iter().filter(|span| span.at() < store.len()).collect();
        all.sort_unstable();
        all.dedup();
        let mut timed: Vec<(DomainIx, i64, i64)> = Vec::with_capacity(all.len());
        for &ix in &all {
            let span = store.span(ix);
            if span.duration_ns().is_some_and(|duration| duration >= 0) {
                let domain = domains.of_span.get(ix.at()).copied().unwrap_or(DomainIx::NONE);
                timed.push((domain, span.start_ns(), span.end_ns()));
            }
        }
        timed.sort_unstable();
        let clocks: Vec<ClockTimes> = timed.chunk_by(|a, b| a.0 == b.0).map(clock_times).collect();
        Self {
            spans: all.len() as u64,
            without_duration: (all.len() - timed.len()) as u64,
            sum_ns: clocks.iter().map(|clock| clock.sum_ns).sum(),
            clocks,
        }
    }

    /// The times on the only clock involved; `None` when there are several, or no span has a duration.
    #[must_use]
    pub fn single_clock(&self) -> Option<&ClockTimes> {
        match &self.clocks[..] {
            [clock] => Some(clock),
            _ => None,
        }
    }
}

/// `spans` are of one clock, not empty, and sorted by start.
fn clock_times(spans: &[(DomainIx, i64, i64)]) -> ClockTimes {
    let (domain, first_start, _) = spans[0];
    let mut times = ClockTimes { domain, spans: spans.len() as u64, sum_ns: 0, union_ns: 0, wall_ns: 0 };
    let mut covered_until = first_start;
    for &(_, start, end) in spans {
        times.sum_ns += i128::from(end) - i128::from(start);
        let new = end.saturating_sub(start.max(covered_until));
        times.union_ns = times.union_ns.saturating_add(new.max(0));
        covered_until = covered_until.max(end);
    }
    times.wall_ns = covered_until.saturating_sub(first_start);
    times
}

#[cfg(test)]
mod tests {
    use super::super::clocks::domains::Domain;
    use super::*;
    use crate::model::{Input, Part, Resource, Scope, SpanDraft, SpanId, StoreBuilder, Sym, TraceId};
    use proptest::prelude::*;

    /// Spans as (start, end, clock).
    fn store(spans: &[(i64, i64, u32)]) -> (TraceStore, Domains) {
        let mut builder = StoreBuilder::new();
        let input = builder.add_input(Input::default());
        let mut part = Part::new();
        let resource = part.resource(Resource { input, attrs: Vec::new(), schema_url: Sym::EMPTY, dropped: 0 });
        let scope = part.scope(Scope::default());
        for (&(start_ns, end_ns, _), id) in spans.iter().zip(1..) {
            let (trace, id) = (TraceId::from_u128(1), SpanId::from_u64(id));
            part.push(&SpanDraft { trace, id, start_ns, end_ns, ..SpanDraft::default() }, resource, scope);
        }
        builder.absorb(part, input);
        let of_span = spans.iter().map(|span| DomainIx(span.2)).collect();
        (builder.finish(), Domains { list: vec![Domain::default(); 3], of_span })
    }

    fn measure(spans: &[(i64, i64, u32)]) -> Selection {
        let (store, domains) = store(spans);
        Selection::measure(&store, &domains, store.span_ixs())
    }

    #[test]
    fn one_clock_has_busy_and_wall_time_and_several_are_not_mixed() {
        let one = measure(&[(10, 20, 0), (15, 30, 0), (40, 50, 0), (60, 0, 0), (70, 65, 0)]);
        assert_eq!((one.spans, one.without_duration, one.sum_ns), (5, 2, 35));
        let clock = one.single_clock().unwrap();
        assert_eq!((clock.spans, clock.union_ns, clock.wall_ns), (3, 30, 40));
        let two = measure(&[(10, 20, 1), (12, 18, 0)]);
        assert_eq!((two.sum_ns, two.clocks.len(), two.single_clock()), (16, 2, None));
        assert_eq!(measure(&[]), Selection::default());
    }

    #[test]
    fn a_span_named_twice_counts_once_and_extreme_times_do_not_overflow() {
        let (store, domains) = store(&[(i64::MIN, i64::MAX, 0), (1, 2, 0)]);
        let twice = [SpanIx(0), SpanIx(0), SpanIx(1), SpanIx(99)];
        let found = Selection::measure(&store, &domains, twice);
        assert_eq!((found.spans, found.clocks[0].wall_ns), (2, i64::MAX));
    }

    proptest! {
        #[test]
        fn union_counts_every_nanosecond_once(
            spans in prop::collection::vec((1..80_i64, 0..40_i64, 0..3_u32), 0..30)
        ) {
            let spans: Vec<_> = spans.into_iter().map(|(start, length, clock)| (start, start + length, clock)).collect();
            let (store, domains) = store(&spans);
            let selection = Selection::measure(&store, &domains, store.span_ixs());
            prop_assert_eq!(selection.sum_ns, spans.iter().map(|span| i128::from(span.1 - span.0)).sum::<i128>());
            for clock in &selection.clocks {
                let own = || spans.iter().filter(|span| span.2 == clock.domain.0);
                let covered = (0..200_i64).filter(|&ns| own().any(|span| (span.0..span.1).contains(&ns))).count();
                prop_assert_eq!(clock.union_ns, covered as i64);
                let wall = own().map(|span| span.1).max().unwrap() - own().map(|span| span.0).min().unwrap();
                prop_assert_eq!(clock.wall_ns, wall);
            }
        }
    }
}
