//! What if: one clock held at an offset, and what that means for the others.

use super::super::causal::EventKey;
use super::super::domains::Domains;
use super::super::findings::Proof;
use super::super::solve::{Fine, Pin, Side, ceil_ns, fine, floor_ns};
use super::{ClockModel, Offset, Placed};
use crate::model::{DomainIx, TraceStore};

/// A clock held at an offset against the reference clock. Nothing is changed by it: drop it to let go.
///
/// It belongs to the model that made it, which every question needs again.
#[derive(Clone, Debug)]
pub struct Held {
    pin: Pin,
    /// The clock.
    pub domain: DomainIx,
    /// The offset that it is held at, nanoseconds: the one asked for, moved into the bounds.
    pub offset_ns: i64,
    /// What kept it from going further, if something did.
    pub stop: Option<Stop>,
}

/// An end of the bounds, and the messages that set it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stop {
    /// Which end.
    pub side: Side,
    /// The messages on the tight path, in causal order.
    pub edges: Vec<Proof>,
}

impl ClockModel {
    /// Holds `domain` at `offset_ns` against the reference clock at its own time `at_ns`. An offset outside the
    /// bounds is moved to the nearest possible one. `None` for the reference clock itself, and for a clock that
    /// is not comparable with it.
    ///
    /// Costs two shortest path runs; [`Held::moved_to`] then is immediate.
    #[must_use]
    pub fn hold(&self, domain: DomainIx, at_ns: i64, offset_ns: i64) -> Option<Held> {
        let bounds = self.bounds.as_ref().filter(|_| !self.is_reference(domain))?;
        let clock = self.main_clock(domain);
        let range = bounds.offset(clock, at_ns);
        if range.lo.is_none() && range.hi.is_none() {
            return None;
        }
        let pin = bounds.pin(clock, at_ns, fine(offset_ns));
        let held = Held { offset_ns: 0, stop: None, domain, pin };
        Some(held.moved_to(self, offset_ns))
    }
}

impl Held {
    /// When the clock is held, by its own time, Unix nanoseconds.
    #[must_use]
    pub const fn at_ns(&self) -> i64 {
        self.pin.at_ns()
    }

    /// The same clock held at another offset at the same time: what dragging needs, without new searches.
    #[must_use]
    pub fn moved_to(mut self, model: &ClockModel, offset_ns: i64) -> Self {
        let Some(bounds) = &model.bounds else { return self };
        let wanted = fine(offset_ns);
        let value = self.pin.move_to(bounds, wanted);
        let side = match value.cmp(&wanted) {
            std::cmp::Ordering::Less => Some(Side::Hi),
            std::cmp::Ordering::Greater => Some(Side::Lo),
            std::cmp::Ordering::Equal => None,
        };
        // Whole nanoseconds inside the bounds; where there are none between them, the nearest.
        self.offset_ns = if side == Some(Side::Hi) { floor_ns(value) } else { ceil_ns(value) };
        // The same end as before is set by the same messages.
        let before = self.stop.take().filter(|stop| Some(stop.side) == side);
        let why = |side| Stop { side, edges: model.why(self.domain, self.pin.at_ns(), side) };
        self.stop = before.or_else(|| side.map(why));
        self
    }

    /// What the offset of another clock may be then, at its own time `at_ns`. The guess is the raw middle of what
    /// is left, or for a clock with an open side as far from the end as it was before.
    #[must_use]
    pub fn offset(&self, model: &ClockModel, domain: DomainIx, at_ns: i64) -> Offset {
        let before = model.offset(domain, at_ns);
        let Some(bounds) = model.bounds.as_ref().filter(|_| !model.is_reference(domain)) else { return before };
        let range = self.pin.offset(bounds, model.main_clock(domain), at_ns);
        let (lo_ns, hi_ns) = (range.lo.map(floor_ns), range.hi.map(ceil_ns));
        let middle = |lo: Fine, hi: Fine| floor_ns((lo + hi).div_euclid(2));
        let estimate_ns = match (range.lo, range.hi) {
            (Some(lo), Some(hi)) => Some(middle(lo, hi)),
            _ => before.estimate_ns.map(|estimate| {
                let estimate = lo_ns.map_or(estimate, |lo| estimate.max(lo));
                hi_ns.map_or(estimate, |hi| estimate.min(hi))
            }),
        };
        Offset { lo_ns, hi_ns, estimate_ns, is_assumed: range.lo.is_none() || range.hi.is_none() }
    }

    /// How far to move times of `domain` around `at_ns` back so that they fit the reference clock's axis then.
    #[must_use]
    pub fn shift_ns(&self, model: &ClockModel, domain: DomainIx, at_ns: i64) -> i64 {
        if domain == self.domain {
            return self.offset_ns;
        }
        self.offset(model, domain, at_ns).estimate_ns.unwrap_or_else(|| model.shift_ns(domain, at_ns))
    }

    /// Where the event `key` lies on the reference clock's axis then; `None` when its time is missing or made up.
    #[must_use]
    pub fn place(&self, model: &ClockModel, store: &TraceStore, domains: &Domains, key: EventKey) -> Option<Placed> {
        let stamp = model.stamps(store, domains).get(key)?;
        let domain = *domains.of_span.get(key.span.at())?;
        let mut offset = self.offset(model, domain, stamp.anchor_ns);
        offset.estimate_ns = offset.estimate_ns.map(|_| self.shift_ns(model, domain, stamp.anchor_ns));
        Some(model.placed(&stamp, offset))
    }
}
