//! From the first start to the last end of spans, across clocks.

use super::breakdown::Between;
use crate::analysis::clocks::domains::Domains;
use crate::analysis::clocks::{ClockModel, EventKey};
use crate::model::{DomainIx, SpanIx, TraceStore};

/// A time on the clock of a span, not far from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Edge {
    span: SpanIx,
    at_ns: i64,
}

/// The first and the last time on each clock. Few clocks share a turn, so a list is looked through.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ends {
    by_clock: Vec<(DomainIx, Edge, Edge)>,
}

impl Ends {
    /// Adds a stretch of nanoseconds on the clock of `span`.
    pub fn widen(&mut self, domain: DomainIx, span: SpanIx, [from, to]: [i64; 2]) {
        let [first, last] = [from, to].map(|at_ns| Edge { span, at_ns });
        let Some(known) = self.by_clock.iter_mut().find(|known| known.0 == domain) else {
            self.by_clock.push((domain, first, last));
            return;
        };
        if from < known.1.at_ns {
            known.1 = first;
        }
        if to > known.2.at_ns {
            known.2 = last;
        }
    }

    /// On how many clocks.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.by_clock.len()
    }

    /// Whether there is no time at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.by_clock.is_empty()
    }
}

/// How times of different clocks are joined. Without a clock model they are not compared at all.
pub struct Walls<'a> {
    /// The spans.
    pub store: &'a TraceStore,
    /// Their clocks.
    pub domains: &'a Domains,
    clocks: Option<&'a ClockModel>,
    /// What it cost: events that searches visited so far.
    pub visited: usize,
}

impl<'a> Walls<'a> {
    /// Nothing has been compared yet.
    #[must_use]
    pub const fn new(store: &'a TraceStore, domains: &'a Domains, clocks: Option<&'a ClockModel>) -> Self {
        Self { store, domains, clocks, visited: 0 }
    }

    /// From the first start to the last end of all clocks, whichever they are.
    pub fn of(&mut self, ends: &Ends) -> Option<Between> {
        let Self { store, domains, clocks, .. } = *self;
        // How far an edge is from the start, or the end, of its span: on one clock that is exact.
        let late = |edge: &Edge| edge.at_ns.saturating_sub(store.span(edge.span).drawn_ns().0);
        let beyond = |edge: &Edge| edge.at_ns.saturating_sub(store.span(edge.span).drawn_ns().1);
        // The longest of all pairs is at least as long as each, and at most as long as the longest can be: only what
        // may be longer than what one clock measured is looked at.
        let mut all = ends.by_clock.iter().filter_map(|end| self.on_one_clock(end)).reduce(longer)?;
        let measured = all.lo_ns;
        for (from, first, _) in ends.by_clock.iter().filter(|_| ends.len() > 1) {
            // All questions about one start share its searches.
            let start =
                clocks.and_then(|clocks| Some((clocks, clocks.compare(store, domains, EventKey::start(first.span))?)));
            for (_, _, last) in ends.by_clock.iter().filter(|(to, ..)| to != from) {
                let more = beyond(last).saturating_sub(late(first));
                let above = start.as_ref().and_then(|(clocks, start)| {
                    let end = EventKey::end(last.span);
                    let stamp = clocks.stamps(store, domains).get(end)?;
                    Some(start.ends_above(store, end, &stamp, measured.saturating_sub(more)))
                });
                let (lo, hi) = above.unwrap_or_default();
                all.lo_ns = all.lo_ns.max(lo.map_or(measured, |lo| lo.saturating_add(more)));
                all.hi_ns = all.hi_ns.zip(hi).map(|(most, hi)| most.max(hi.saturating_add(more)));
            }
            self.visited += start.map_or(0, |(_, start)| start.visited());
        }
        Some(all)
    }

    /// What one clock measured. A clock that may have jumped in between is asked like two.
    fn on_one_clock(&self, (domain, first, last): &(DomainIx, Edge, Edge)) -> Option<Between> {
        let raw = last.at_ns.saturating_sub(first.at_ns);
        let Some(clocks) = self.clocks else { return Some(Between::exactly(raw)) };
        let measured = Between::exactly(clocks.duration_ns(*domain, raw));
        let jumps = clocks.jumps(*domain);
        let mut meanwhile = jumps
            .iter()
            .filter(|(before, after)| *before.min(after) < last.at_ns && first.at_ns < *before.max(after))
            .peekable();
        if meanwhile.peek().is_none() {
            return Some(measured);
        }
        // Where it went back, its first time need not be the earliest: nothing bounds the stretch from above.
        let went_back = meanwhile.any(|(before, after)| after < before);
        let ends = (EventKey::start(first.span), EventKey::end(last.span));
        let between = clocks.between(self.store, self.domains, ends.0, ends.1)?;
        let lo_ns = between.lo_ns.unwrap_or_default().max(0);
        Some(Between { lo_ns, hi_ns: between.hi_ns.filter(|_| !went_back) })
    }
}

/// What holds for the longer one of two.
fn longer(a: Between, b: Between) -> Between {
    Between { lo_ns: a.lo_ns.max(b.lo_ns), hi_ns: a.hi_ns.zip(b.hi_ns).map(|(a, b)| a.max(b)) }
}
