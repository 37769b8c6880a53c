//! Contradictions of two messages, one each way between two clocks: nearly all real ones are of that kind, and none
//! has a shorter proof.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::cycle::{Step, Witness};
use super::{Breaks, Edge, Fine, Rates};

/// The worst contradiction of one message there and one back that is found in one pass forth and one back over each
/// pair of clocks: each message is held against the one the other way that its time suggests. Without drift nothing
/// is missed; with drift a contradiction may be, but none is made up.
#[must_use]
pub fn worst_round_trip(edges: &[Edge], rates: &Rates, breaks: &Breaks) -> Option<Witness> {
    let worst = worst_of_pairs(edges, rates, breaks).into_iter().min()?;
    Some(witness(edges, worst))
}

/// The same for every pair of clocks that has one, the worst first.
#[must_use]
pub fn worst_round_trips(edges: &[Edge], rates: &Rates, breaks: &Breaks) -> Vec<Witness> {
    let mut worst = worst_of_pairs(edges, rates, breaks);
    worst.sort_unstable();
    worst.into_iter().map(|found| witness(edges, found)).collect()
}

/// What two messages leave for the offsets, and which they are.
type Found = (Fine, u32, u32);

/// Contradictions of one message there and one back, none of which shares a message with another: of each pair of clocks
/// so many that, without all their messages, one pass over the others in the order of time finds no more. They are at
/// most twice as many messages as would have to be left out.
#[must_use]
pub fn disjoint_round_trips(edges: &[Edge], rates: &Rates, breaks: &Breaks) -> Vec<Witness> {
    let mut found: Vec<Found> = Vec::new();
    for group in in_time_order(edges).chunk_by(|&a, &b| pair(&edges[a as usize]) == pair(&edges[b as usize])) {
        let mut passed: BTreeMap<Key, BinaryHeap<Reverse<(Fine, u32)>>> = BTreeMap::new();
        for &at in group {
            let edge = &edges[at as usize];
            let stretches = Passed::stretches(edge, breaks);
            let mut opposite = passed.get_mut(&(edge.to.clock, stretches));
            let other = opposite.as_ref().and_then(|least| least.peek()).map(|least| least.0.1);
            let cost = other.map_or(0, |other| round_trip_cost(edge, &edges[other as usize], rates));
            if let (Some(other), Some(opposite)) = (other.filter(|_| cost < 0), &mut opposite) {
                opposite.pop();
                found.push((cost, other.min(at), other.max(at)));
                continue;
            }
            let own = Reverse((Passed::since(edge, rates, -1), at));
            passed.entry((edge.from.clock, stretches)).or_default().push(own);
        }
    }
    found.sort_unstable();
    found.into_iter().map(|found| witness(edges, found)).collect()
}

fn pair(edge: &Edge) -> (u32, u32) {
    (edge.from.clock.min(edge.to.clock), edge.from.clock.max(edge.to.clock))
}

/// Messages between different clocks by their pair, then by time.
fn in_time_order(edges: &[Edge]) -> Vec<u32> {
    // Times of the lower and of the higher clock.
    let times = |edge: &Edge| {
        let (from, to) = ((edge.from.clock, edge.from.anchor_ns), (edge.to.clock, edge.to.anchor_ns));
        (from.min(to).1, from.max(to).1)
    };
    let mut order: Vec<u32> = (0..u32::try_from(edges.len()).unwrap_or(u32::MAX)).collect();
    order.retain(|&at| edges[at as usize].from.clock != edges[at as usize].to.clock);
    order.sort_unstable_by_key(|&at| {
        let edge = &edges[at as usize];
        (pair(edge), times(edge), at)
    });
    order
}

fn worst_of_pairs(edges: &[Edge], rates: &Rates, breaks: &Breaks) -> Vec<Found> {
    let mut found = Vec::new();
    for group in in_time_order(edges).chunk_by(|&a, &b| pair(&edges[a as usize]) == pair(&edges[b as usize])) {
        let mut worst: Option<Found> = None;
        let mut look = |at: &u32, passed: &mut Passed| {
            let edge = &edges[*at as usize];
            if let Some(other) = passed.opposite(edge, breaks) {
                let cost = round_trip_cost(edge, &edges[other as usize], rates);
                let (first, second) = (other.min(*at), other.max(*at));
                if cost < 0 && worst.is_none_or(|worst| (cost, first, second) < worst) {
                    worst = Some((cost, first, second));
                }
            }
            passed.add(*at, edge, rates, breaks);
        };
        let mut passed = Passed { sign: -1, least: BTreeMap::new() };
        group.iter().for_each(|at| look(at, &mut passed));
        let mut passed = Passed { sign: 1, least: BTreeMap::new() };
        group.iter().rev().for_each(|at| look(at, &mut passed));
        found.extend(worst);
    }
    found
}

fn witness(edges: &[Edge], (cost, first, second): Found) -> Witness {
    let (out, back) = (&edges[first as usize], &edges[second as usize]);
    let stay = |from: &Edge, to: &Edge| {
        let (clock, from_ns, to_ns) = (from.to.clock, from.to.anchor_ns, to.from.anchor_ns);
        (from_ns != to_ns).then_some(Step::Drift { clock, from_ns, to_ns })
    };
    let steps = [Some(Step::Edge(first)), stay(out, back), Some(Step::Edge(second)), stay(back, out)];
    Witness { steps: steps.into_iter().flatten().collect(), excess: -cost }
}

/// What two messages, one each way, leave for the offsets: negative for a contradiction.
#[must_use]
pub fn round_trip_cost(out: &Edge, back: &Edge, rates: &Rates) -> Fine {
    let there = rates.over(out.to.clock, out.to.anchor_ns.abs_diff(back.from.anchor_ns));
    let here = rates.over(out.from.clock, back.to.anchor_ns.abs_diff(out.from.anchor_ns));
    out.weight(rates) + there + back.weight(rates) + here
}

/// Sending clock, and the steady stretches of the lower and the higher clock.
type Key = (u32, (u32, u32));

/// The messages passed so far that bound most from there on, by direction and steady stretches.
struct Passed {
    /// -1 forth in time, 1 back.
    sign: Fine,
    least: BTreeMap<Key, (Fine, u32)>,
}

impl Passed {
    fn stretches(edge: &Edge, breaks: &Breaks) -> (u32, u32) {
        if breaks.is_empty() {
            return (0, 0);
        }
        let of = |stamp: &super::Stamp| (stamp.clock, breaks.segment(stamp.clock, stamp.anchor_ns));
        let (from, to) = (of(&edge.from), of(&edge.to));
        (from.min(to).1, from.max(to).1)
    }

    /// The bound that `edge` is, but for the drift from time 0 on to wherever it is compared with others, forth (`sign`
    /// -1) or back (1) in time: from there on, drift is the same for all.
    fn since(edge: &Edge, rates: &Rates, sign: Fine) -> Fine {
        let since = |stamp: &super::Stamp| Fine::from(rates.ppb(stamp.clock)) * Fine::from(stamp.anchor_ns);
        edge.weight(rates) + sign * (since(&edge.from) + since(&edge.to))
    }

    fn add(&mut self, at: u32, edge: &Edge, rates: &Rates, breaks: &Breaks) {
        let bound = Self::since(edge, rates, self.sign);
        let slot = self.least.entry((edge.from.clock, Self::stretches(edge, breaks))).or_insert((bound, at));
        *slot = (bound, at).min(*slot);
    }

    fn opposite(&self, edge: &Edge, breaks: &Breaks) -> Option<u32> {
        self.least.get(&(edge.to.clock, Self::stretches(edge, breaks))).map(|least| least.1)
    }
}
