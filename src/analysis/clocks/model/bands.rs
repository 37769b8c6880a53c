//! The offset between two clocks over time, for plots.

use super::super::classify::proof;
use super::super::findings::Proof;
use super::super::solve::{Bounds, Edge, Side, ceil_ns, floor_ns};
use super::{ClockModel, Offset};
use crate::model::DomainIx;

/// (clock of `b`) - (clock of `a`) over time, between the points by at most the drift of both clocks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Band {
    /// The clock that the other one is compared with.
    pub a: DomainIx,
    /// The clock whose own time the points lie at.
    pub b: DomainIx,
    /// Where messages say something, in order of time. At most one more than was asked for per steady stretch.
    pub points: Vec<BandPoint>,
    /// How far a bound may move between two points, and beyond the last one: parts per billion of the time passed.
    pub drift_ppb: u32,
    /// The messages between both clocks that bound it by themselves, in order of time: all that no other one implies.
    pub touches: Vec<Touch>,
    /// The jumps of `b`, in order.
    pub jumps: Vec<BandJump>,
}

/// A jump of a clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BandJump {
    /// The last time of the clock that certainly came before, nanoseconds.
    pub before_ns: i64,
    /// The first of its times that certainly came after.
    pub after_ns: i64,
    /// It jumped by at least this, nanoseconds; positive = forward, `None` = nothing bounds it.
    pub lo_ns: Option<i64>,
    /// And by at most this.
    pub hi_ns: Option<i64>,
}

/// What is known at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BandPoint {
    /// Raw time on clock `b`, nanoseconds.
    pub at_ns: i64,
    /// Which steady stretch of clock `b` it belongs to: drift leads only between points of one.
    pub stretch: u32,
    /// The bounds, and the guess inside them.
    pub offset: Offset,
}

/// A message that bounds the offset at a moment without help from others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Touch {
    /// Raw time on clock `b`, nanoseconds.
    pub at_ns: i64,
    /// Which end it bounds.
    pub side: Side,
    /// The bound, nanoseconds.
    pub offset_ns: i64,
    /// Whether the band ends here: no other messages say more at that moment.
    pub is_tight: bool,
    /// The message.
    pub proof: Proof,
}

impl ClockModel {
    /// The offset of clock `b` against clock `a` over time, at no more than about `most` moments. Between two points
    /// a bound may lie outside the straight line by what both clocks drift in that time. `None` for one clock twice.
    ///
    /// Costs a solution against clock `a` unless that is the reference clock: call it on a worker.
    #[must_use]
    pub fn band(&self, a: DomainIx, b: DomainIx, most: usize) -> Option<Band> {
        if a == b {
            return None;
        }
        let own = self.bounds.as_ref().filter(|_| self.reference.as_ref().is_some_and(|own| own.domain == a));
        let other = if own.is_some() { None } else { self.bounds_against(a) };
        let bounds = own.or(other.as_ref())?;
        let clock = self.main_clock(b);
        let graph = bounds.graph();
        let nodes: Vec<i64> = graph.nodes_of(clock).map(|node| graph.place(node).1).collect();
        let own = self.solved.system.jumps.iter().filter(|jump| jump.clock == clock);
        let mut jumps: Vec<BandJump> = own
            .map(|jump| BandJump {
                before_ns: jump.before_ns,
                after_ns: jump.after_ns,
                lo_ns: jump.size.lo.map(floor_ns),
                hi_ns: jump.size.hi.map(ceil_ns),
            })
            .collect();
        jumps.sort_unstable_by_key(|jump| (jump.before_ns, jump.after_ns));
        let drift_ppb = graph.rates().ppb(clock);
        let touches = self.touches(bounds, clock);
        let mut band = Band { a, b, points: Vec::new(), drift_ppb, touches, jumps };
        let step = nodes.len().div_ceil(most.max(1)).max(1);
        let is_end = |at: usize| {
            let segment = |at: usize| nodes.get(at).map(|&time| graph.breaks().segment(clock, time));
            at == 0 || segment(at - 1) != segment(at) || segment(at) != segment(at + 1)
        };
        for (_, &at_ns) in nodes.iter().enumerate().filter(|&(at, _)| at % step == 0 || is_end(at)) {
            let range = bounds.offset(clock, at_ns);
            let estimate = bounds.estimate(clock, at_ns);
            let offset = Offset {
                lo_ns: range.lo.map(floor_ns),
                hi_ns: range.hi.map(ceil_ns),
                estimate_ns: estimate.map(|estimate| floor_ns(estimate.value)),
                is_assumed: estimate.is_some_and(|estimate| estimate.is_one_sided),
            };
            band.points.push(BandPoint { at_ns, stretch: graph.breaks().segment(clock, at_ns), offset });
        }
        Some(band)
    }
    /// What each message between the clock of `bounds` and `clock` says alone, in order of time.
    fn touches(&self, bounds: &Bounds, clock: u32) -> Vec<Touch> {
        let (frame, rates) = (bounds.frame(), bounds.graph().rates());
        let touch = |edge: &Edge| {
            let weight = edge.weight(rates);
            if (edge.from.clock, edge.to.clock) == (frame, clock) {
                let at_ns = edge.to.anchor_ns;
                let hi = bounds.offset(frame, edge.from.anchor_ns).hi? + weight;
                let is_tight = bounds.offset(clock, at_ns).hi.is_some_and(|most| most >= hi);
                Some(Touch { at_ns, side: Side::Hi, offset_ns: ceil_ns(hi), is_tight, proof: proof(edge) })
            } else if (edge.from.clock, edge.to.clock) == (clock, frame) {
                let at_ns = edge.from.anchor_ns;
                let lo = bounds.offset(frame, edge.to.anchor_ns).lo? - weight;
                let is_tight = bounds.offset(clock, at_ns).lo.is_some_and(|least| least <= lo);
                Some(Touch { at_ns, side: Side::Lo, offset_ns: floor_ns(lo), is_tight, proof: proof(edge) })
            } else {
                None
            }
        };
        let mut touches: Vec<Touch> = self.solved.system.edges.iter().filter_map(touch).collect();
        touches.sort_unstable_by_key(|touch| (touch.at_ns, touch.side == Side::Hi, touch.offset_ns, touch.proof.cause));
        touches
    }
}
