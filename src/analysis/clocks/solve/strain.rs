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

use super::cycle::{Arcs, search};
use super::graph::{DRIFT, Graph};
use super::{Edge, Fine};

/// The two layers of a relaxed graph: what a clock is off by, below, and what its readings say, above.
struct Misread<'a> {
    graph: &'a Graph,
    error: Fine,
}

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

/// Clocks that drift by more than they should.
struct Faster<'a> {
    graph: &'a Graph,
    edges: &'a [Edge],
    extra_ppb: Fine,
}

impl Faster<'_> {
    fn drift_ns(&self, tail: u32, head: u32, edge: u32) -> Fine {
        if edge == DRIFT {
            let (from, to) = (self.graph.place(tail).1, self.graph.place(head).1);
            return Fine::from(from.abs_diff(to));
        }
        let (from, to) = self.edges[edge as usize].drift_ns();
        Fine::from(from) + Fine::from(to)
    }
}

impl Arcs for Faster<'_> {
    fn nodes(&self) -> usize {
        self.graph.len()
    }

    fn arcs(&self) -> usize {
        Graph::arcs(self.graph) + 2 * self.graph.len()
    }

    fn for_out(&self, node: u32, mut visit: impl FnMut(u32, Fine, u32)) {
        self.graph.for_out(node, |head, cost, edge| {
            visit(head, cost + self.extra_ppb * self.drift_ns(node, head, edge), edge);
        });
    }
}

impl Graph {
    /// The least error of every single reading that leaves no contradiction, in solver units; 0 for a consistent
    /// system, `None` when no error helps. The graph must have one node per reading
    /// ([`Shape::Drift`](super::Shape::Drift)).
    #[must_use]
    pub fn least_error(&self) -> Option<Fine> {
        let mut error = 0;
        loop {
            let relaxed = Misread { graph: self, error };
            let Err(cycle) = search(&relaxed, vec![0; relaxed.nodes()]) else { return Some(error) };
            let used = cycle.iter().filter(|arc| arc.2 == READ).count() as Fine;
            let cost: Fine = cycle.iter().map(|&arc| cost_of(&relaxed, arc)).sum();
            error = next(error, cost, used)?;
        }
    }

    /// The least addition to every clock's drift bound, in parts per billion, that leaves no contradiction; 0 for a
    /// consistent system, `None` when no drift helps. `edges` are those that the graph was built from.
    #[must_use]
    pub fn least_extra_drift(&self, edges: &[Edge]) -> Option<Fine> {
        let mut extra_ppb = 0;
        loop {
            let relaxed = Faster { graph: self, edges, extra_ppb };
            let Err(cycle) = search(&relaxed, vec![0; relaxed.nodes()]) else { return Some(extra_ppb) };
            let used: Fine = cycle.iter().map(|&(tail, head, edge)| relaxed.drift_ns(tail, head, edge)).sum();
            let cost: Fine = cycle.iter().map(|&arc| cost_of(&relaxed, arc)).sum();
            extra_ppb = next(extra_ppb, cost, used)?;
        }
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
