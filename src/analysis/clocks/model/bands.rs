//! The offset between two clocks over time, for plots.

use super::super::classify::proof;
use super::super::findings::Proof;
use super::super::solve::{Side, ceil_ns, floor_ns};
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
    /// The messages that bound it by themselves, in order of time; thinned out with the points.
    pub touches: Vec<Touch>,
    /// When `b` jumped, by its own time, nanoseconds.
    pub jumps_ns: Vec<i64>,
}

/// What is known at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BandPoint {
    /// Raw time on clock `b`, nanoseconds.
    pub at_ns: i64,
    /// The bounds, and the guess inside them.
    pub offset: Offset,
}

/// A message that bounds the offset at a point without help from others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Touch {
    /// Raw time on clock `b`, nanoseconds.
    pub at_ns: i64,
    /// Which end it sets.
    pub side: Side,
    /// The end, nanoseconds.
    pub offset_ns: i64,
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
        let jumps_ns: Vec<i64> = own.map(|jump| jump.after_ns).collect();
        let mut band = Band { a, b, points: Vec::new(), touches: Vec::new(), jumps_ns };
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
            band.points.push(BandPoint { at_ns, offset });
            for (side, end) in [(Side::Lo, offset.lo_ns), (Side::Hi, offset.hi_ns)] {
                let why = bounds.why(&self.solved.system.edges, clock, at_ns, side);
                if let ([edge], Some(offset_ns)) = (why.as_slice(), end) {
                    let own = if edge.to.clock == clock { edge.to } else { edge.from };
                    if own.anchor_ns == at_ns {
                        band.touches.push(Touch { at_ns, side, offset_ns, proof: proof(edge) });
                    }
                }
            }
        }
        Some(band)
    }
}
