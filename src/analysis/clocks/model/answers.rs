//! Answers: where events lie, how long it took, what came first.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::causal::{EventKey, Evidence, Point};
use super::super::classify::proof;
use super::super::domains::Domains;
use super::super::findings::Proof;
use super::super::repair::Consistent;
use super::super::solve::{Fine, Interval, Order, Pairwise, Side, Stamp, Step, ceil_ns, fine, floor_ns};
use super::ClockModel;
use crate::model::{DomainIx, SpanIx, TraceStore};

/// The offset of a clock against the reference clock at a moment, in nanoseconds. Positive = ahead.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Offset {
    /// At least this; `None` when nothing bounds it.
    pub lo_ns: Option<i64>,
    /// At most this; `None` when nothing bounds it.
    pub hi_ns: Option<i64>,
    /// A guess inside the bounds, never a bound; `None` when the clocks are not comparable.
    pub estimate_ns: Option<i64>,
    /// The guess assumes a latency, because one side is open; otherwise it assumes equal latencies both ways.
    pub is_assumed: bool,
}

impl Offset {
    /// Whether nothing connects the clock with the reference clock.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        self.lo_ns.is_none() && self.hi_ns.is_none()
    }
}

/// A duration between two events, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Between {
    /// At least this; `None` when nothing bounds it.
    pub lo_ns: Option<i64>,
    /// At most this; `None` when nothing bounds it.
    pub hi_ns: Option<i64>,
    /// What the raw times claim.
    pub raw_ns: i64,
    /// Which event came first, as far as is proven.
    pub order: Order,
}

/// Where an event lies on the reference clock's axis, Unix nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placed {
    /// The stated time, on the event's own clock.
    pub raw_ns: i64,
    /// Not before this; `None` when nothing bounds it.
    pub earliest_ns: Option<i64>,
    /// Not after this; `None` when nothing bounds it.
    pub latest_ns: Option<i64>,
    /// A guess inside; `None` when the clocks are not comparable.
    pub estimate_ns: Option<i64>,
}

impl ClockModel {
    /// The offset of `domain` against the reference clock when its own clock shows `at_ns`.
    #[must_use]
    pub fn offset(&self, domain: DomainIx, at_ns: i64) -> Offset {
        self.offset_of_clock(self.main_clock(domain), domain, at_ns)
    }

    pub(super) fn offset_of_clock(&self, clock: u32, domain: DomainIx, at_ns: i64) -> Offset {
        if self.is_reference(domain) && clock == self.main_clock(domain) {
            return Offset { lo_ns: Some(0), hi_ns: Some(0), estimate_ns: Some(0), is_assumed: false };
        }
        let Some(bounds) = &self.bounds else { return Offset::default() };
        let range = bounds.offset(clock, at_ns);
        let estimate = bounds.estimate(clock, at_ns);
        Offset {
            lo_ns: range.lo.map(floor_ns),
            hi_ns: range.hi.map(ceil_ns),
            estimate_ns: estimate.map(|estimate| floor_ns(estimate.value)),
            is_assumed: estimate.is_some_and(|estimate| estimate.is_one_sided),
        }
    }

    /// Whether durations and orders are the same as those of `other`: only the reference clock may differ.
    #[must_use]
    pub fn has_durations_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.solved, &other.solved)
    }

    /// How far to move times of `domain` around `at_ns` back so that they fit the reference clock's axis: the
    /// estimated offset; while the clock may have jumped, the one before or after; 0 when the clocks are not comparable.
    #[must_use]
    pub fn shift_ns(&self, domain: DomainIx, at_ns: i64) -> i64 {
        if self.is_reference(domain) {
            return 0;
        }
        let drawn = self.bounds.as_ref().and_then(|bounds| bounds.drawn(self.main_clock(domain), at_ns));
        drawn.map_or(0, floor_ns)
    }

    /// Whether `domain` may have jumped around its own time `at_ns`, so that what is known before and after says
    /// nothing about then.
    #[must_use]
    pub fn may_have_jumped(&self, domain: DomainIx, at_ns: i64) -> bool {
        self.solved.system.changes.breaks.is_in_gap(self.main_clock(domain), at_ns)
    }

    /// The edges that set one end of [`Self::offset`], in causal order; empty for an open end.
    #[must_use]
    pub fn why(&self, domain: DomainIx, at_ns: i64, side: Side) -> Vec<Proof> {
        let Some(bounds) = &self.bounds else { return Vec::new() };
        bounds.why(&self.solved.system.edges, self.main_clock(domain), at_ns, side).into_iter().map(proof).collect()
    }

    /// The solver's clock for `domain`: that of its largest process when it was taken apart.
    pub(super) fn main_clock(&self, domain: DomainIx) -> u32 {
        if self.solved.split.clocks.contains(&domain.0) { self.basis.processes.main[domain.at()] } else { domain.0 }
    }

    pub(super) fn is_reference(&self, domain: DomainIx) -> bool {
        let is_chosen = self.reference.as_ref().is_some_and(|reference| reference.domain == domain);
        is_chosen && self.solved.system.changes.breaks.of(domain.0).next().is_none()
    }

    /// Where the event `key` lies on the reference clock's axis; `None` when its time is missing or made up.
    #[must_use]
    pub fn place(&self, store: &TraceStore, domains: &Domains, key: EventKey) -> Option<Placed> {
        Some(self.place_stamp(&self.stamps(store, domains).get(key)?))
    }

    /// Whether the clock may have jumped around the reading of `stamp`, so that what is known before and after says nothing
    /// about then.
    #[must_use]
    pub fn is_in_gap(&self, stamp: &Stamp) -> bool {
        self.solved.system.changes.breaks.is_in_gap(stamp.clock, stamp.anchor_ns)
    }

    /// Where the event stamped `stamp` may lie on the reference clock's axis.
    #[must_use]
    pub fn place_stamp(&self, stamp: &Stamp) -> Placed {
        let domain = self.basis.processes.domain(stamp.clock);
        self.placed(stamp, self.offset_of_clock(stamp.clock, domain, stamp.anchor_ns))
    }

    /// Where the event stamped `stamp` is drawn on the reference clock's axis, Unix nanoseconds: its estimate, as
    /// [`Self::place`] says; beside its clock's other events while that may have jumped; or its raw time where the clocks
    /// are not comparable.
    #[must_use]
    pub fn estimate_ns(&self, stamp: &Stamp) -> i64 {
        let domain = self.basis.processes.domain(stamp.clock);
        if self.is_reference(domain) && stamp.clock == self.main_clock(domain) {
            return stamp.raw_ns;
        }
        let drawn = self.bounds.as_ref().and_then(|bounds| bounds.drawn(stamp.clock, stamp.anchor_ns));
        stamp.raw_ns.saturating_sub(drawn.map_or(0, floor_ns))
    }

    /// Where the event stamped `stamp` lies when its clock has this offset.
    pub(super) fn placed(&self, stamp: &Stamp, offset: Offset) -> Placed {
        let age = stamp.age_ns();
        let rates = self.bounds.as_ref().map(|bounds| bounds.graph().rates());
        let is_own = self.is_reference(self.basis.processes.domain(stamp.clock));
        let drift = rates.filter(|_| !is_own).map_or(0, |rates| ceil_ns(rates.over(stamp.clock, age)));
        let early = i64::from(stamp.early_ns).saturating_sub(drift);
        let late = i64::from(stamp.late_ns).saturating_add(drift);
        let at = |offset: i64| stamp.raw_ns.saturating_sub(offset);
        Placed {
            raw_ns: stamp.raw_ns,
            earliest_ns: offset.hi_ns.map(|hi| at(hi).saturating_add(early)),
            latest_ns: offset.lo_ns.map(|lo| at(lo).saturating_add(late)),
            estimate_ns: offset.estimate_ns.map(at),
        }
    }

    /// Prepares comparing the event `key` with others: the hovering and measuring tools ask many questions about
    /// one event, and all of them share its searches. `None` when its time is missing or made up.
    #[must_use]
    pub fn compare(&self, store: &TraceStore, domains: &Domains, key: EventKey) -> Option<Comparison> {
        let stamp = self.stamps(store, domains).get(key)?;
        let pairwise = Mutex::new(Pairwise::new(&self.solved.system.graph, self.solved.system.guide(), stamp));
        Some(Comparison { stamp, system: Arc::clone(&self.solved.system), pairwise, key, level: self.options.level })
    }

    /// Makes what all questions about two events share, so that the first one costs no more than the others. Searches
    /// the whole system once: call it on a worker.
    pub fn prepare_questions(&self) {
        let _ = self.solved.system.guide();
    }

    /// True once [`Self::prepare_questions`] has been done, or a question was asked.
    #[must_use]
    pub fn is_ready_for_questions(&self) -> bool {
        self.solved.system.guide.get().is_some()
    }

    /// The time from event `from` to event `to`; `None` when one of the times is missing or made up.
    #[must_use]
    pub fn between(&self, store: &TraceStore, domains: &Domains, from: EventKey, to: EventKey) -> Option<Between> {
        let stamp = self.stamps(store, domains).get(to)?;
        Some(self.compare(store, domains, from)?.with(store, to, &stamp))
    }
}

/// One event, ready to be compared with others.
#[derive(Debug)]
pub struct Comparison {
    system: Arc<Consistent>,
    stamp: Stamp,
    /// Searches that questions have taken further and further.
    pairwise: Mutex<Pairwise>,
    key: EventKey,
    level: Evidence,
}

impl Comparison {
    fn searches(&self) -> MutexGuard<'_, Pairwise> {
        // A search that broke off has only settled less.
        self.pairwise.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the answers cost so far: events that the searches visited.
    #[must_use]
    pub fn visited(&self) -> usize {
        self.searches().settled()
    }

    /// The time from the event to `other`, whose stamp is `stamp`.
    #[must_use]
    pub fn with(&self, store: &TraceStore, other: EventKey, stamp: &Stamp) -> Between {
        let interval = self.interval(store, other, stamp, Fine::MIN);
        Between {
            lo_ns: interval.lo.map(floor_ns),
            hi_ns: interval.hi.map(ceil_ns),
            raw_ns: stamp.raw_ns.saturating_sub(self.stamp.raw_ns),
            order: interval.order(),
        }
    }

    /// The ends of the time to `other`, nanoseconds, as far as they lie above `floor_ns`; one that does not comes back
    /// as `floor_ns`. For the longest of many durations most need not be known.
    #[must_use]
    pub fn ends_above(
        &self,
        store: &TraceStore,
        other: EventKey,
        stamp: &Stamp,
        floor_ns: i64,
    ) -> (Option<i64>, Option<i64>) {
        let Interval { lo, hi } = self.interval(store, other, stamp, fine(floor_ns));
        let above = |end: i64| end.max(floor_ns);
        (lo.map(|lo| above(self::floor_ns(lo))), hi.map(|hi| above(ceil_ns(hi))))
    }

    fn interval(&self, store: &TraceStore, other: EventKey, stamp: &Stamp, floor: Fine) -> Interval {
        if other == self.key {
            return Interval { lo: Some(floor.max(0)), hi: Some(floor.max(0)) };
        }
        let (graph, guide) = (&self.system.graph, self.system.guide());
        let mut interval = self.searches().interval_above(graph, guide, stamp, floor);
        let is_own_clock = self.stamp.clock == stamp.clock;
        // On one clock its own reading counts, even when it contradicts the nesting of spans.
        if !is_own_clock && self.leads_to(store, self.key, other) {
            interval = interval.not_negative();
        } else if !is_own_clock && self.leads_to(store, other, self.key) {
            let mirrored = Interval { lo: interval.hi.map(|hi| -hi), hi: interval.lo.map(|lo| -lo) }.not_negative();
            interval = Interval { lo: mirrored.hi.map(|hi| -hi), hi: mirrored.lo.map(|lo| -lo) };
        }
        interval
    }

    /// The edges that set one end of the interval to the event stamped `stamp`, in causal order; empty for an open
    /// end, and for one that a single clock or the nesting of spans decides.
    #[must_use]
    pub fn why(&self, stamp: &Stamp, side: Side) -> Vec<Proof> {
        let (graph, guide) = (&self.system.graph, self.system.guide());
        let steps = self.searches().why(graph, guide, stamp, side == Side::Hi);
        let edges = steps.iter().filter_map(|step| match *step {
            Step::Edge(ix) => self.system.edges.get(ix as usize),
            Step::Drift { .. } => None,
        });
        edges.map(proof).collect()
    }

    /// Whether the start of a span leads to an event inside one of its descendants.
    fn leads_to(&self, store: &TraceStore, from: EventKey, to: EventKey) -> bool {
        const DEPTH: usize = 256;
        if from.point != Point::Start || (self.level == Evidence::Protocol && to.point != Point::End) {
            return false;
        }
        if self.system.changes.edges.iter().any(|cause| cause.to.span == to.span) {
            return false;
        }
        let ancestors = std::iter::successors(Some(to.span), |&span| store.span(span).parent());
        ancestors.take(DEPTH).any(|span: SpanIx| span == from.span)
    }
}
