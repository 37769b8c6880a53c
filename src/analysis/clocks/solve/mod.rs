//! The exact solver: offsets between clocks as a system of difference constraints.
//!
//! A message sent at raw time `e` on clock A and received at raw time `f` on clock B says that
//! `offset_B - offset_A <= f - e`, because no message arrives before it is sent. All messages together form
//! the synchronisation graph of Patt-Shamir and Rajsbaum ("A theory of clock synchronization", 1994), whose
//! shortest paths are the tightest bounds that anybody can derive from the same execution, drifting clocks
//! included (Attiya, Herzberg and Rajsbaum 1996 for constant offsets). A negative cycle is a contradiction that
//! no offsets explain.
//!
//! An offset is how far a clock runs AHEAD: `true time = raw time - offset`.
//!
//! Everything here is exact: weights are `i128` in units of 10⁻⁹ ns, so that a rate in parts per billion times
//! a duration in nanoseconds is an integer. Nothing is rounded before [`floor_ns`] and [`ceil_ns`], which round
//! outward. `i64` sums would overflow: one mistaken unit makes a weight of 1.8·10¹⁸ ns.

mod between;
mod bounds;
mod cycle;
mod graph;
mod paths;
mod reduce;
mod round_trips;
mod search;
mod strain;
mod stretches;
#[cfg(test)]
mod tests;
mod trials;

pub use between::{Interval, Order, Pairwise};
pub use bounds::{Bounds, Estimate, OffsetRange, Pin, Side};
pub use cycle::{Check, Step, Witness};
pub use graph::{Breaks, Graph, Shape};
pub use paths::{Field, Way};
pub use reduce::{Group, Reduced, Reducer, least_per_pair};
pub use round_trips::{disjoint_round_trips, round_trip_cost, worst_round_trip, worst_round_trips};
pub use stretches::Guide;
pub use trials::{Trial, Trials};

use super::causal::{Cause, Evidence};

/// Solver weight: 10⁻⁹ ns.
pub type Fine = i128;

/// Solver units per nanosecond.
pub const FINE_PER_NS: Fine = 1_000_000_000;

/// Nanoseconds as a solver weight.
#[must_use]
pub const fn fine(ns: i64) -> Fine {
    ns as Fine * FINE_PER_NS
}

/// The largest whole nanosecond not above `value`, saturating at the ends of `i64`.
#[must_use]
pub fn floor_ns(value: Fine) -> i64 {
    clamp(value.div_euclid(FINE_PER_NS))
}

/// The smallest whole nanosecond not below `value`, saturating at the ends of `i64`.
#[must_use]
pub fn ceil_ns(value: Fine) -> i64 {
    clamp(-(-value).div_euclid(FINE_PER_NS))
}

fn clamp(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

/// A reading of a clock.
///
/// The true time of the event is `raw_ns + error - offset(clock at anchor_ns)` with `error` in
/// `early_ns..=late_ns`; a time source that ran on from the anchor adds its own drift over
/// `|raw_ns - anchor_ns|`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stamp {
    /// The stated time, nanoseconds.
    pub raw_ns: i64,
    /// When the wall clock was really read, on the same clock. Equal to `raw_ns` for an independent reading.
    pub anchor_ns: i64,
    /// The clock, from 0.
    pub clock: u32,
    /// Least reading error in nanoseconds: 0 for a clock that rounds down.
    pub early_ns: i32,
    /// Largest reading error in nanoseconds: the resolution for a clock that rounds down.
    pub late_ns: i32,
    /// Which reading of the wall clock it rests on, where several events share one; [`Stamp::ALONE`] = one of its own.
    pub reading: u32,
}

impl Stamp {
    /// A reading that no other event rests on.
    pub const ALONE: u32 = u32::MAX;

    /// An exact, independent reading.
    #[must_use]
    pub const fn exact(clock: u32, raw_ns: i64) -> Self {
        Self { raw_ns, anchor_ns: raw_ns, clock, early_ns: 0, late_ns: 0, reading: Self::ALONE }
    }

    /// How far the stamp lies from the reading of the wall clock that it rests on, in nanoseconds.
    #[must_use]
    pub const fn age_ns(&self) -> u64 {
        self.raw_ns.abs_diff(self.anchor_ns)
    }

    /// How long the clock may have drifted, at most, between the anchor and the true moment of the event.
    const fn drift_ns(&self) -> u64 {
        let (early, late) = (self.early_ns.unsigned_abs() as u64, self.late_ns.unsigned_abs() as u64);
        self.age_ns().saturating_add(if early > late { early } else { late })
    }

    /// Whether both stamps rest on one reading of one clock: their distance is exact. Two readings that show the same
    /// time may differ by as much as they are rounded.
    #[must_use]
    pub const fn is_rigid_with(&self, other: &Self) -> bool {
        let is_one = self.reading == other.reading && self.reading != Self::ALONE;
        self.clock == other.clock
            && self.anchor_ns == other.anchor_ns
            && (is_one || self.is_exact() && other.is_exact())
    }

    const fn is_exact(&self) -> bool {
        self.early_ns == 0 && self.late_ns == 0
    }
}

/// `from` happened at least `min_delay_ns` before `to`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Edge {
    /// The earlier event.
    pub from: Stamp,
    /// The later event.
    pub to: Stamp,
    /// Known least time between them, usually 0.
    pub min_delay_ns: i64,
    /// Which spans it comes from and why it holds.
    pub cause: Cause,
}

impl Edge {
    /// The bound on `offset(to) - offset(from)`, without drift of the stamps since their anchors.
    #[must_use]
    pub fn base_weight(&self) -> Fine {
        let late = i128::from(self.to.raw_ns) + i128::from(self.to.late_ns);
        let early = i128::from(self.from.raw_ns) + i128::from(self.from.early_ns);
        (late - early - i128::from(self.min_delay_ns)) * FINE_PER_NS
    }

    /// The bound on `offset(to) - offset(from)` when clocks drift at most by `rates`.
    ///
    /// Drift counts over the reading error too: on the axis of a reference clock that itself drifts, an error of
    /// `q` there is an error of up to `(1 + rho) q` here.
    #[must_use]
    pub fn weight(&self, rates: &Rates) -> Fine {
        let (from, to) = self.drift_ns();
        self.base_weight() + rates.over(self.from.clock, from) + rates.over(self.to.clock, to)
    }

    /// For how long drift of the sending and of the receiving clock counts.
    fn drift_ns(&self) -> (u64, u64) {
        let delay = self.min_delay_ns.unsigned_abs();
        (self.from.drift_ns().saturating_add(delay), self.to.drift_ns())
    }

    /// What the raw times alone say: negative when the effect is stamped before its cause.
    #[must_use]
    pub const fn raw_separation_ns(&self) -> i64 {
        self.to.raw_ns.saturating_sub(self.from.raw_ns)
    }
}

/// How fast each clock may drift, in parts per billion of its own reading.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rates {
    ppb: Vec<u32>,
}

impl Rates {
    /// The same bound for `clocks` clocks. 50 ppm (50,000 ppb) is the advice of the ClockBound documentation.
    #[must_use]
    pub fn uniform(clocks: usize, ppb: u32) -> Self {
        Self { ppb: vec![ppb; clocks] }
    }

    /// One bound per clock.
    #[must_use]
    pub const fn of(ppb: Vec<u32>) -> Self {
        Self { ppb }
    }

    /// Number of clocks.
    #[must_use]
    pub const fn clocks(&self) -> usize {
        self.ppb.len()
    }

    /// The bound of `clock`, parts per billion.
    #[must_use]
    pub fn ppb(&self, clock: u32) -> u32 {
        self.ppb.get(clock as usize).copied().unwrap_or(0)
    }

    /// Sets the bound of `clock`.
    pub fn set(&mut self, clock: u32, ppb: u32) {
        if let Some(slot) = self.ppb.get_mut(clock as usize) {
            *slot = ppb;
        }
    }

    /// How far `clock` may drift over `ns`.
    #[must_use]
    pub fn over(&self, clock: u32, ns: u64) -> Fine {
        Fine::from(self.ppb(clock)) * Fine::from(ns)
    }

    /// Bounds that all are larger by `extra_ppb`; `None` for what cannot be stated.
    #[must_use]
    pub fn faster(&self, extra_ppb: u32) -> Option<Self> {
        let ppb: Option<Vec<u32>> = self.ppb.iter().map(|own| own.checked_add(extra_ppb)).collect();
        Some(Self { ppb: ppb? })
    }

    /// Bounds relative to a clock that itself drifts by at most `frame_ppb`:
    /// `rho + rho_R (1 + rho) / (1 - rho_R)`, rounded up.
    #[must_use]
    pub fn against(&self, frame_ppb: u32) -> Self {
        let billion = 1_000_000_000_u64;
        let frame = u64::from(frame_ppb);
        let ppb = self.ppb.iter().map(|&own| {
            let extra = (frame * (billion + u64::from(own))).div_ceil(billion.saturating_sub(frame).max(1));
            u32::try_from(u64::from(own) + extra).unwrap_or(u32::MAX)
        });
        Self { ppb: ppb.collect() }
    }

    /// The loosest bounds that any choice of reference clock can lead to.
    #[must_use]
    pub fn against_any(&self) -> Self {
        self.against(self.ppb.iter().copied().max().unwrap_or(0))
    }
}

/// Which strengths of evidence to use: everything at least as strong as this.
#[must_use]
pub const fn is_used(strength: Evidence, level: Evidence) -> bool {
    strength as u8 <= level as u8
}
