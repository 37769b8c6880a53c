//! What to give up when no offsets fit: an edge, a rule, or the steadiness of a clock.
//!
//! A cheapest set of changes that breaks every contradiction, by implicit hitting sets: look for a negative cycle,
//! find the cheapest set for the cycles found so far, apply it, look again. Hitting sets are hard in general
//! (maximum feasible subsystem) but tiny here. Raw data is never changed; a repair only decides which edges count.

mod changes;
mod consistent;
mod contradiction;
mod cover;
mod terms;

use std::sync::OnceLock;

use super::causal::Cause;
use super::doubt;
use super::solve::{Check, Edge, FINE_PER_NS, Fine, Graph, Shape, worst_round_trip, worst_round_trips};
pub use changes::Changes;
pub use consistent::{Consistent, steady};
pub use contradiction::Contradiction;
use cover::{explain, hitting_set};
pub use terms::Terms;

/// A change that may make the rest consistent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Element {
    /// One edge does not hold.
    Edge(Cause),
    /// A weak class of edges does not hold.
    Class(u32),
    /// A clock jumped just before its own time.
    Jump {
        /// The clock.
        clock: u32,
        /// Its time.
        at_ns: i64,
    },
    /// A clock drifts faster than assumed.
    Rate {
        /// The clock.
        clock: u32,
        /// The drift that explains it, in parts per billion.
        ppb: u32,
    },
    /// What is recorded as one clock is several, one per process.
    Split {
        /// The clock.
        clock: u32,
    },
    /// Two clocks contradict each other so often that no messages from one to the other count.
    Pair {
        /// The sending clock.
        from: u32,
        /// The receiving clock.
        to: u32,
    },
}

/// A change that was made, and why.
#[derive(Clone, Debug)]
pub struct Repair {
    /// The change.
    pub element: Element,
    /// The contradictions that it resolves, the worst one first.
    pub contradictions: Vec<Contradiction>,
    /// Other changes that explain the same about as well.
    pub alternatives: Vec<Element>,
    /// There may be more of them: the system contradicts itself too much to try all.
    pub is_cut: bool,
}

/// Contradictions to be looked at before edges are dropped without weighing.
const WEIGHED: usize = 40;
/// How often the edges are collected anew.
const COLLECTIONS: usize = 6;

/// Finds a cheapest repair and applies it. `near` is a solution of a similar system, to start from. `collect`
/// returns the reduced edges with their classes under given changes: what one edge implied must come back when it
/// does not count.
pub fn repair(
    terms: &Terms<'_>,
    near: Option<&Consistent>,
    mut collect: impl FnMut(&Changes) -> Vec<(Edge, u32)>,
) -> Consistent {
    let mut found: Vec<Contradiction> = Vec::new();
    let mut chosen: Vec<Element> = Vec::new();
    let mut rounds = 0;
    loop {
        let collected = Changes::of(&chosen);
        let all = collect(&collected);
        let known = found.len();
        rounds += 1;
        loop {
            let changes = Changes::of(&chosen);
            let rates = changes.rates(terms.rates);
            let active: Vec<(Edge, u32)> =
                all.iter().filter(|(edge, class)| changes.allows(edge, *class)).copied().collect();
            let edges: Vec<Edge> = active.iter().map(|entry| entry.0).collect();
            let graph = Graph::build(&edges, &rates, &changes.breaks, Shape::Drift);
            match check(&edges, &graph, near, !found.is_empty()) {
                Check::Feasible(solution) => {
                    if found.len() > known && rounds < COLLECTIONS {
                        break;
                    }
                    let repairs = explain(&chosen, &found, terms);
                    let (jumps, guide) = (Vec::new(), OnceLock::new());
                    let exact = Consistent { edges, graph, solution, changes, repairs, jumps, guide };
                    return doubt::loosen(exact, &chosen, all, terms, collect);
                }
                Check::Contradiction(witness) => {
                    if found.len() >= WEIGHED {
                        // Past the limit: give up every pair of clocks on a cycle, so that this ends soon. Those of two
                        // clocks have nothing to do with each other.
                        let mut witnesses = worst_round_trips(&edges, &rates, &changes.breaks);
                        if witnesses.is_empty() {
                            witnesses.push(witness.shrink(&edges, &rates, &changes.breaks));
                        }
                        for witness in witnesses {
                            let contradiction = Contradiction::of(&witness, &active, terms.rates);
                            let pair = |edge: &Edge| Element::Pair { from: edge.from.clock, to: edge.to.clock };
                            chosen.extend(contradiction.edges.iter().map(pair));
                            found.push(contradiction);
                        }
                        continue;
                    }
                    let witness = witness.shrink(&edges, &rates, &changes.breaks);
                    found.push(Contradiction::of(&witness, &active, terms.rates));
                    chosen = hitting_set(&found, terms);
                    // Taking a clock apart gives its edges other clocks: start from the store again.
                    if rounds < COLLECTIONS && Changes::of(&chosen).splits != collected.splits {
                        break;
                    }
                }
            }
        }
    }
}

/// Solves `graph`. A solution near by saves the search where it fits, but decides nothing: which contradiction is
/// found first must not depend on what was looked at before. The shortest contradictions come first; in a system that
/// `is_troubled` they are looked for before anything else.
fn check(edges: &[Edge], graph: &Graph, near: Option<&Consistent>, is_troubled: bool) -> Check {
    let shortest = || worst_round_trip(edges, graph.rates(), graph.breaks());
    if is_troubled && let Some(witness) = shortest() {
        return Check::Contradiction(witness);
    }
    if let Some(near) = near
        && let Check::Feasible(solution) = graph.check(Some(near.guess_for(graph)))
    {
        return Check::Feasible(solution);
    }
    match graph.check(steady(edges, graph)) {
        Check::Contradiction(witness) if !is_troubled => Check::Contradiction(shortest().unwrap_or(witness)),
        other => other,
    }
}

/// An excess in whole nanoseconds, rounded up.
#[must_use]
pub fn excess_ns(excess: Fine) -> i64 {
    i64::try_from((excess + FINE_PER_NS - 1) / FINE_PER_NS).unwrap_or(i64::MAX)
}
