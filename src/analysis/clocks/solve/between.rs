//! Durations and orders of two events, from the distance between them: never by subtracting two whiskers, whose
//! errors are correlated.

use super::graph::Graph;
use super::paths::{Field, Way};
use super::{Fine, Guide, Stamp, fine};

/// What is known about (time of one event) - (time of another).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Interval {
    /// At least this, `None` when nothing bounds it.
    pub lo: Option<Fine>,
    /// At most this, `None` when nothing bounds it.
    pub hi: Option<Fine>,
}

impl Interval {
    /// The same with the knowledge that the second event did not happen before the first.
    #[must_use]
    pub fn not_negative(self) -> Self {
        Self { lo: Some(self.lo.unwrap_or(0).max(0)), hi: self.hi }
    }

    /// The order that the interval proves.
    #[must_use]
    pub fn order(&self) -> Order {
        let at_least = self.lo.map(Fine::signum);
        let at_most = self.hi.map(Fine::signum);
        match (at_least, at_most) {
            (Some(0), Some(0)) => Order::Same,
            (Some(0 | 1), _) => Order::Before,
            (_, Some(0 | -1)) => Order::After,
            _ => Order::Unknown,
        }
    }

    /// Whether `value` is possible.
    #[must_use]
    pub fn contains(&self, value: Fine) -> bool {
        self.lo.is_none_or(|lo| lo <= value) && self.hi.is_none_or(|hi| value <= hi)
    }
}

/// Which of two events came first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum Order {
    /// The first one did not happen after the second.
    Before,
    /// The first one did not happen before the second.
    After,
    /// At the same moment.
    Same,
    /// Nothing proves either. An answer, not a failure.
    Unknown,
}

/// Compares one event with others. Each answer searches as far as it must, and goes on where the last one stopped.
#[derive(Clone, Debug)]
pub struct Pairwise {
    event: Stamp,
    from: Field,
    to: Field,
}

impl Pairwise {
    /// Prepares comparisons with `event`. `graph` must have no reference clock: answers do not depend on one.
    #[must_use]
    pub fn new(graph: &Graph, guide: &Guide, event: Stamp) -> Self {
        let field = |way| Field::begin(graph, guide, event.clock, event.anchor_ns, way);
        Self { event, from: field(Way::From), to: field(Way::To) }
    }

    /// How many nodes the searches visited so far.
    #[must_use]
    pub const fn settled(&self) -> usize {
        self.from.settled() + self.to.settled()
    }

    fn grow_to(&mut self, graph: &Graph, guide: &Guide, other: &Stamp) {
        for field in [&mut self.from, &mut self.to] {
            field.grow_to(graph, guide, other.clock, other.anchor_ns);
        }
    }

    /// The possible values of (time of `other`) - (time of the event).
    pub fn interval(&mut self, graph: &Graph, guide: &Guide, other: &Stamp) -> Interval {
        self.interval_above(graph, guide, other, Fine::MIN)
    }

    /// The same as far as it lies above `floor`: an end that lies below comes back as `floor`. To know that it does
    /// takes less than to know where it is.
    pub fn interval_above(&mut self, graph: &Graph, guide: &Guide, other: &Stamp, floor: Fine) -> Interval {
        if self.event.is_rigid_with(other) {
            // Measured by one clock from one reading.
            let raw = Some((fine(other.raw_ns) - fine(self.event.raw_ns)).max(floor));
            return Interval { lo: raw, hi: raw };
        }
        let (first, last) = self.free(graph, other);
        let place = (other.clock, other.anchor_ns);
        let ahead = self.from.grow_until(graph, guide, place, |least, _| first - least <= floor).0;
        let behind = self.to.grow_until(graph, guide, place, |_, most| most.is_some_and(|most| last + most <= floor)).1;
        Interval {
            lo: ahead.map(|distance| (first - distance).max(floor)),
            hi: behind.map(|distance| (last + distance).max(floor)),
        }
    }

    /// The ends of the interval to `other` as if both clocks were one.
    fn free(&self, graph: &Graph, other: &Stamp) -> (Fine, Fine) {
        let event = &self.event;
        let raw = fine(other.raw_ns) - fine(event.raw_ns);
        let drift = |stamp: &Stamp| graph.rates().over(stamp.clock, stamp.drift_ns());
        let drift = drift(event) + drift(other);
        let early = fine(i64::from(other.early_ns) - i64::from(event.late_ns));
        let late = fine(i64::from(other.late_ns) - i64::from(event.early_ns));
        (raw + early - drift, raw + late + drift)
    }

    /// The possible values of (offset at `other`) - (offset at the event): how the clocks differ, not the events.
    pub fn offset(&mut self, graph: &Graph, guide: &Guide, other: &Stamp) -> Interval {
        self.grow_to(graph, guide, other);
        Interval {
            lo: self.to.at(graph, other.clock, other.anchor_ns).map(|distance| -distance),
            hi: self.from.at(graph, other.clock, other.anchor_ns),
        }
    }

    /// The steps behind the lower (`false`) or upper (`true`) end of [`Self::interval`].
    pub fn why(&mut self, graph: &Graph, guide: &Guide, other: &Stamp, is_upper: bool) -> Vec<super::Step> {
        let field = if is_upper { &mut self.to } else { &mut self.from };
        field.grow_to(graph, guide, other.clock, other.anchor_ns);
        field.path(graph, other.clock, other.anchor_ns)
    }
}
