//! The solver against independent oracles: exhaustive enumeration and Floyd-Warshall in `i128`.

mod bounds;
mod check;
mod metamorphic;
mod oracle;
mod paths;
mod programme;
mod reduce;
mod round_trips;
mod soundness;
mod strain;
mod switching;
mod trials;

use proptest::prelude::*;

use super::super::causal::{Cause, EventKey, Evidence, Rule};
use super::{Breaks, Edge, Fine, Rates, Stamp};
use crate::model::SpanIx;

/// An edge between exact stamps; `span` tells edges apart.
pub fn edge(span: u32, from: Stamp, to: Stamp) -> Edge {
    let key = EventKey::start(SpanIx(span));
    Edge { from, to, min_delay_ns: 0, cause: Cause { from: key, to: key, rule: Rule::RequestStart } }
}

/// A random system: few clocks, small times, rates up to 10 %, anchors and resolutions of all kinds.
#[derive(Clone, Debug)]
pub struct System {
    pub rates: Rates,
    pub edges: Vec<Edge>,
}

impl System {
    pub fn clocks(&self) -> u32 {
        u32::try_from(self.rates.clocks()).unwrap()
    }

    pub fn reduced(&self) -> Vec<Edge> {
        let mut reducer = super::Reducer::new(self.rates.clone(), NO_BREAKS);
        for edge in &self.edges {
            reducer.push(edge, 0);
        }
        reducer.finish().edges(super::super::causal::Evidence::Prior, |_| false)
    }
}

prop_compose! {
    fn stamp(clocks: u32)(clock in 0..clocks, raw in 0_i64..60, age in prop_oneof![3 => Just(0_i64), 1 => 0_i64..20],
                          early in -2_i32..=0, late in 0_i32..3) -> Stamp {
        Stamp { raw_ns: raw, anchor_ns: raw - age, clock, early_ns: early, late_ns: late, reading: Stamp::ALONE }
    }
}

/// Mostly consistent systems: `bias` is added to every received time.
pub fn system(max_clocks: u32, max_edges: usize, bias: i64) -> impl Strategy<Value = System> {
    (2..=max_clocks).prop_flat_map(move |clocks| {
        let rates =
            prop::collection::vec(prop_oneof![Just(0_u32), Just(50_000_000), Just(100_000_000)], clocks as usize);
        let pairs = prop::collection::vec((stamp(clocks), stamp(clocks)), 1..=max_edges);
        (rates, pairs)
            .prop_map(move |(ppb, pairs)| {
                let pairs = pairs.into_iter().filter(|(from, to)| from.clock != to.clock);
                let edges = (0_u32..).zip(pairs).map(|(span, (from, mut to))| {
                    to.raw_ns += bias;
                    to.anchor_ns += bias;
                    edge(span, from, to)
                });
                System { rates: Rates::of(ppb), edges: edges.collect() }
            })
            .prop_filter("some edge", |system| !system.edges.is_empty())
    })
}

/// Shifts every stamp of `clock` by `by` nanoseconds.
pub fn shifted(system: &System, clock: u32, by: i64) -> System {
    let mut system = system.clone();
    for edge in &mut system.edges {
        for stamp in [&mut edge.from, &mut edge.to] {
            if stamp.clock == clock {
                stamp.raw_ns += by;
                stamp.anchor_ns += by;
            }
        }
    }
    system
}

pub const NO_BREAKS: Breaks = Breaks::none();

/// A guess that knows nothing.
pub fn no_guess(_: u32, _: i64) -> Fine {
    0
}
