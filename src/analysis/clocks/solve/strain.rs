//! How far from consistent a system is, as one number: the least reading error, or the least extra drift, that
//! makes all contradictions go away.
//!
//! Both are the largest ratio (shortfall of a cycle) / (its use of the remedy) over all cycles: minimum cost-to-time
//! ratio cycles. Found by Newton's iteration on the remedy: each contradiction left says how much it still needs, the
//! next try allows that much. Every step is exact, and the last one is the answer.
//!
//! **Reading error.** Every reading of a clock may be off by `epsilon`. A cycle that comes to a clock by one reading
//! and leaves it by another uses it twice there. One that comes and leaves by the same reading does not use it at
//! all: the error is the same both times and cancels. (Counting such a reading once, as one might think, gives
//! errors that do not suffice.) A cycle of nothing but such readings contradicts causality itself; no error helps.
//!
//! Both numbers are computed over the edges given. Those that others imply at the usual drift may matter once the
//! remedy is allowed, so that with reduced edges the numbers are lower bounds: "at least so much".

use super::graph::{DRIFT, Graph, Shape};
use super::search::{Arcs, search_on};
use super::{Edge, Fine};

/// The two layers of a relaxed graph: what a clock is off by, below, and what its readings say, above.
struct Misread<'a> {
    graph: &'a Graph,
    error: Fine,
}

/// Contradictions that are looked at, each one worse than the one before: a million spans take a few dozen. Past it
/// the number is what those need, and still a lower bound.
const MOST_ROUNDS: usize = 1_000;

/// Tag of an arc between the layers.
const READ: u32 = u32::MAX - 1;

impl Arcs for Misread<'_> {
    fn nodes(&self) -> usize {
        2 * self.graph.len()
    }

    fn arcs(&self) -> usize {
        Graph::arcs(self.graph) + 4 * self.graph.len()
    }

    fn for_out(&self, node: u32, mut visit: impl FnMut(u32, Fine, u32)) {
        let layer = self.graph.len() as u32;
        if node < layer {
            visit(node + layer, self.error, READ);
            self.graph.for_out(node, |head, cost, edge| {
                if edge == DRIFT {
                    visit(head, cost, DRIFT);
                }
            });
        } else {
            visit(node - layer, self.error, READ);
            self.graph.for_out(node - layer, |head, cost, edge| {
                if edge != DRIFT {
                    visit(head + layer, cost, edge);
                }
            });
        }
    }
}

impl Graph {
    /// The least error of every single reading that leaves no contradiction, in solver units; 0 for a consistent
    /// system, `None` when no error helps. The graph must have one node per reading
    /// ([`Shape::Drift`](super::Shape::Drift)).
    #[must_use]
    pub fn least_error(&self) -> Option<Fine> {
        // The labels of one search are a good start for the next, whose arcs cost a little more.
        let (mut error, mut label) = (0, vec![0; 2 * self.len()]);
        for _ in 0..MOST_ROUNDS {
            let relaxed = Misread { graph: self, error };
            let found = search_on(&relaxed, label);
            label = found.0;
            let Some(cycle) = found.1 else { break };
            let used = cycle.iter().filter(|arc| arc.2 == READ).count() as Fine;
            let cost: Fine = cycle.iter().map(|&arc| cost_of(&relaxed, arc)).sum();
            error = next(error, cost, used)?;
        }
        Some(error)
    }

    /// The least addition to every clock's drift bound, in parts per billion, that leaves no contradiction; 0 for a
    /// consistent system, `None` when no drift helps that could be stated. `edges` are those that the graph was built
    /// from.
    #[must_use]
    pub fn least_extra_drift(&self, edges: &[Edge]) -> Option<u32> {
        let (mut extra_ppb, mut label) = (0_u32, vec![0; self.len()]);
        for _ in 0..MOST_ROUNDS {
            // Of two messages between the same readings the older stamps gain more: which is tighter may change.
            let rates = self.rates().faster(extra_ppb)?;
            let graph = Self::build(edges, &rates, self.breaks(), Shape::Drift);
            let found = search_on(&graph, label);
            label = found.0;
            let Some(cycle) = found.1 else { break };
            let used: Fine = cycle.iter().map(|&(tail, head, edge)| graph.drift_of(edges, tail, head, edge)).sum();
            let cost: Fine = cycle.iter().map(|&arc| cost_of(&graph, arc)).sum();
            extra_ppb = u32::try_from(next(Fine::from(extra_ppb), cost, used)?).ok()?;
        }
        Some(extra_ppb)
    }

    /// For how long drift counts on an arc, nanoseconds.
    fn drift_of(&self, edges: &[Edge], tail: u32, head: u32, edge: u32) -> Fine {
        if edge == DRIFT {
            return Fine::from(self.place(tail).1.abs_diff(self.place(head).1));
        }
        let (from, to) = edges[edge as usize].drift_ns();
        Fine::from(from) + Fine::from(to)
    }
}

/// What resolves a cycle of this `cost` under `now`, of which it uses `used`. `None` when it uses nothing.
fn next(now: Fine, cost: Fine, used: Fine) -> Option<Fine> {
    (used > 0).then(|| now + (-cost + used - 1).div_euclid(used))
}

fn cost_of(graph: &impl Arcs, (tail, head, tag): (u32, u32, u32)) -> Fine {
    let mut found = Fine::MAX;
    graph.for_out(tail, |other, cost, by| {
        if other == head && by == tag {
            found = found.min(cost);
        }
    });
    found
}
