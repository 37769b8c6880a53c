//! Is there any set of offsets at all? If not, a contradiction: a negative cycle.
//!
//! The cycle is simple. Without drift that makes it irreducible: without any one of its arcs the others can be
//! satisfied. With drift a clock that the cycle visits twice can be a short cut, so that [`Witness::shrink`]
//! tries to do without each message in turn.

use super::graph::{Breaks, DRIFT, Graph, Shape};
use super::search::{Arcs, search};
use super::{Edge, Fine, Rates};

/// The answer of [`Graph::check`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Check {
    /// A solution: one offset per node that satisfies every arc.
    Feasible(Vec<Fine>),
    /// Arcs that contradict each other.
    Contradiction(Witness),
}

/// A negative cycle: events that would have to happen before themselves, whatever the offsets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Witness {
    /// The arcs in order; the last one ends where the first one starts.
    pub steps: Vec<Step>,
    /// By how much the cycle falls short of zero; positive.
    pub excess: Fine,
}

/// An arc of a [`Witness`] or of a tight path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// A message: position in the list of edges.
    Edge(u32),
    /// Drift of one clock between two of its times.
    Drift {
        /// The clock.
        clock: u32,
        /// From this time on it.
        from_ns: i64,
        /// To this one, possibly earlier.
        to_ns: i64,
    },
}

impl Witness {
    /// The messages on the cycle, in order.
    pub fn edges(&self) -> impl Iterator<Item = u32> + '_ {
        self.steps.iter().filter_map(|step| match step {
            Step::Edge(ix) => Some(*ix),
            Step::Drift { .. } => None,
        })
    }

    /// The same contradiction, or a part of it, from which no message can be left out. `edges`, `rates` and
    /// `breaks` are those that the checked graph was built from.
    #[must_use]
    pub fn shrink(self, edges: &[Edge], rates: &Rates, breaks: &Breaks) -> Self {
        let mut best = self;
        let mut ixs: Vec<u32> = best.edges().collect();
        let mut at = 0;
        while ixs.len() > 2 && at < ixs.len() && ixs.len() <= SHRINK_LIMIT {
            let rest: Vec<u32> = ixs.iter().copied().filter(|&ix| ix != ixs[at]).collect();
            let own: Vec<Edge> = rest.iter().filter_map(|&ix| edges.get(ix as usize).copied()).collect();
            let Check::Contradiction(found) = Graph::build(&own, rates, breaks, Shape::Drift).check(None) else {
                at += 1;
                continue;
            };
            let renamed = found.steps.iter().map(|step| match *step {
                Step::Edge(ix) => Step::Edge(rest[ix as usize]),
                drift @ Step::Drift { .. } => drift,
            });
            best = Self { steps: renamed.collect(), excess: found.excess };
            ixs = best.edges().collect();
            at = 0;
        }
        best
    }
}

/// Cycles of more messages are reported as they are found.
const SHRINK_LIMIT: usize = 300;

impl Arcs for Graph {
    fn nodes(&self) -> usize {
        self.len()
    }

    fn arcs(&self) -> usize {
        Self::arcs(self) + 2 * self.len()
    }

    fn for_out(&self, node: u32, visit: impl FnMut(u32, Fine, u32)) {
        Self::for_out(self, node, visit);
    }
}

impl Graph {
    /// Finds offsets that satisfy every arc, or a contradiction. `start` may hold a guess per node (any values);
    /// a good one saves most of the work.
    #[must_use]
    pub fn check(&self, start: Option<Vec<Fine>>) -> Check {
        let start = start.filter(|guess| guess.len() == self.len());
        let label = start.unwrap_or_else(|| vec![0; self.len()]);
        match search(self, label) {
            Ok(solution) => Check::Feasible(solution),
            Err(cycle) => Check::Contradiction(self.witness(&cycle)),
        }
    }

    /// Whether there is a solution, and how many arcs it takes to say so from nothing.
    #[cfg(test)]
    pub(super) fn effort(&self) -> (bool, usize) {
        super::search::effort(self, vec![0; self.len()])
    }

    /// `arcs` (tail, head, edge) of a closed walk as a witness. The cost of each arc is looked up again, so that
    /// the excess does not depend on the state of a search.
    fn witness(&self, arcs: &[(u32, u32, u32)]) -> Witness {
        let total: Fine = arcs.iter().map(|&(tail, head, edge)| self.cost(tail, head, edge)).sum();
        Witness { steps: self.steps(arcs), excess: -total }
    }

    fn cost(&self, tail: u32, head: u32, edge: u32) -> Fine {
        let mut found = Fine::MAX;
        self.for_out(tail, |other, cost, by| {
            if other == head && by == edge {
                found = found.min(cost);
            }
        });
        found
    }

    /// Arcs as steps; neighbouring stretches of drift are joined.
    pub(super) fn steps(&self, arcs: &[(u32, u32, u32)]) -> Vec<Step> {
        let mut steps: Vec<Step> = Vec::new();
        for &(tail, head, edge) in arcs {
            if edge != DRIFT {
                steps.push(Step::Edge(edge));
                continue;
            }
            let ((clock, from_ns), (_, to_ns)) = (self.place(tail), self.place(head));
            match steps.last_mut() {
                Some(Step::Drift { to_ns: last, .. }) => *last = to_ns,
                _ => steps.push(Step::Drift { clock, from_ns, to_ns }),
            }
        }
        steps
    }

    /// The cost of `steps` when they are a walk of this graph's edges.
    #[must_use]
    pub fn cost_of(&self, steps: &[Step], edges: &[Edge]) -> Fine {
        let costs = steps.iter().map(|step| match *step {
            Step::Edge(ix) => edges[ix as usize].weight(self.rates()),
            Step::Drift { clock, from_ns, to_ns } => self.rates().over(clock, from_ns.abs_diff(to_ns)),
        });
        costs.sum()
    }
}
