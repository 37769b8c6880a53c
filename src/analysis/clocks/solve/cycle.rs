//! Is there any set of offsets at all? Bellman-Ford with Tarjan's subtree disassembly.
//!
//! First in, first out, as in Cherkassky and Goldberg, "Negative-cycle detection algorithms" (1999), who found
//! that Tarjan's strategy makes the classical method competitive with the best. When a label improves, the
//! subtree below it is taken out of the shortest path tree; meeting the scanned node there is a negative cycle.
//!
//! The cycle is simple. Without drift that makes it irreducible: without any one of its arcs the others can be
//! satisfied. With drift a clock that the cycle visits twice can be a short cut, so that [`Witness::shrink`]
//! tries to do without each message in turn.

use super::graph::{Breaks, DRIFT, Graph, Shape};
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

const NONE: u32 = u32::MAX;
/// Scanned arcs per arc of the graph before the tree is given up for plain rounds.
const STEP_LIMIT: usize = 64;

/// What the search needs to know about a graph.
pub(super) trait Arcs {
    /// Number of nodes.
    fn nodes(&self) -> usize;
    /// Number of arcs, roughly: the search's step limit follows it.
    fn arcs(&self) -> usize;
    /// Calls `visit(head, cost, tag)` for every arc out of `node`; the tag names the arc between two nodes.
    fn for_out(&self, node: u32, visit: impl FnMut(u32, Fine, u32));
}

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

/// Arcs of a closed walk, in order: (tail, head, tag).
pub(super) type Cycle = Vec<(u32, u32, u32)>;

/// Labels that satisfy every arc, starting from `label`; or a negative cycle.
pub(super) fn search<A: Arcs>(graph: &A, label: Vec<Fine>) -> Result<Vec<Fine>, Cycle> {
    let mut search = Search::new(graph, label);
    match search.run() {
        Some(cycle) => Err(cycle),
        None => Ok(search.label),
    }
}

/// The labels, and the shortest path forest in preorder as a doubly linked list with a sentinel.
struct Search<'a, A> {
    graph: &'a A,
    label: Vec<Fine>,
    /// The tree parent and the edge from it.
    parent: Vec<(u32, u32)>,
    after: Vec<u32>,
    before: Vec<u32>,
    /// Children in the tree; -1 = not in the tree.
    degree: Vec<i64>,
    is_queued: Vec<bool>,
    queue: std::collections::VecDeque<u32>,
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
}

impl<'a, A: Arcs> Search<'a, A> {
    fn new(graph: &'a A, label: Vec<Fine>) -> Self {
        let nodes = graph.nodes();
        let root = u32::try_from(nodes).unwrap_or(NONE);
        // Every node starts as a child of the sentinel root, in node order.
        let after = (0..=root).map(|at| if at == root { 0 } else { at + 1 }).collect();
        let before = (0..=root).map(|at| if at == 0 { root } else { at - 1 }).collect();
        let mut degree = vec![0; nodes + 1];
        degree[nodes] = i64::from(root);
        Self {
            graph,
            label,
            parent: vec![(root, DRIFT); nodes],
            after,
            before,
            degree,
            is_queued: vec![true; nodes],
            queue: (0..root).collect(),
        }
    }

    fn run(&mut self) -> Option<Cycle> {
        let graph = self.graph;
        let limit = STEP_LIMIT * (graph.arcs() + graph.nodes());
        let mut scanned = 0;
        while let Some(tail) = self.queue.pop_front() {
            let at = tail as usize;
            if !std::mem::take(&mut self.is_queued[at]) || self.degree[at] < 0 {
                continue;
            }
            let from = self.label[at];
            let mut cycle = None;
            graph.for_out(tail, |head, cost, edge| {
                scanned += 1;
                if cycle.is_none() && from + cost < self.label[head as usize] {
                    self.label[head as usize] = from + cost;
                    if self.attach(tail, head, edge) {
                        cycle = Some((head, edge));
                    }
                }
            });
            if let Some((head, edge)) = cycle {
                return Some(self.cycle(tail, head, edge));
            }
            if scanned > limit {
                return self.plain_rounds();
            }
        }
        None
    }

    /// Hangs `head` below `tail`, taking its old subtree apart. True when `tail` was in that subtree.
    fn attach(&mut self, tail: u32, head: u32, edge: u32) -> bool {
        let h = head as usize;
        if self.degree[h] >= 0 {
            let previous = self.before[h];
            let mut next = self.after[h];
            let mut open = self.degree[h];
            while open > 0 {
                if next == tail {
                    return true;
                }
                let at = next as usize;
                open += self.degree[at] - 1;
                self.degree[at] = -1;
                next = self.after[at];
            }
            let old = self.parent[h].0 as usize;
            self.degree[old] -= 1;
            self.after[previous as usize] = next;
            self.before[next as usize] = previous;
        }
        self.degree[h] = 0;
        self.parent[h] = (tail, edge);
        self.degree[tail as usize] += 1;
        let next = self.after[tail as usize];
        self.after[tail as usize] = head;
        self.before[h] = tail;
        self.after[h] = next;
        self.before[next as usize] = head;
        if !std::mem::replace(&mut self.is_queued[h], true) {
            self.queue.push_back(head);
        }
        false
    }

    /// The cycle that the arc `tail -> head` closes, `head` being an ancestor of `tail`.
    fn cycle(&self, tail: u32, head: u32, edge: u32) -> Cycle {
        let mut arcs = vec![(tail, head, edge)];
        let mut at = tail;
        while at != head {
            let (up, edge) = self.parent[at as usize];
            arcs.push((up, at, edge));
            at = up;
        }
        arcs.reverse();
        arcs
    }

    /// Bellman-Ford in rounds, looking for a cycle of parents after each. Slower, but without the tree.
    fn plain_rounds(&mut self) -> Option<Cycle> {
        let graph = self.graph;
        let nodes = u32::try_from(graph.nodes()).unwrap_or(NONE);
        self.parent.fill((NONE, DRIFT));
        loop {
            let mut is_changed = false;
            for tail in 0..nodes {
                let from = self.label[tail as usize];
                graph.for_out(tail, |head, cost, edge| {
                    if from + cost < self.label[head as usize] {
                        self.label[head as usize] = from + cost;
                        self.parent[head as usize] = (tail, edge);
                        is_changed = true;
                    }
                });
            }
            if !is_changed {
                return None;
            }
            if let Some(found) = self.parent_cycle(nodes) {
                return Some(found);
            }
        }
    }

    /// A cycle of parents is a negative cycle.
    fn parent_cycle(&self, nodes: u32) -> Option<Cycle> {
        let mut walk_of = vec![0_u32; nodes as usize];
        for (walk, first) in (1_u32..).zip(0..nodes) {
            let mut at = first;
            while at != NONE && walk_of[at as usize] == 0 {
                walk_of[at as usize] = walk;
                at = self.parent[at as usize].0;
            }
            if at != NONE && walk_of[at as usize] == walk {
                let (tail, edge) = self.parent[at as usize];
                return Some(self.cycle(tail, at, edge));
            }
        }
        None
    }
}

impl Graph {
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
