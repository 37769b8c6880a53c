//! Many questions of the kind "would it fit if this did not hold?" about one set of edges.
//!
//! A repair leaves open which of several changes to make, and at which of many moments a clock jumped. Building a
//! constraint graph for each costs far more than the answer: from a system that fits, a change or two reach a few
//! nodes. So the graph is built once over all edges, with a solution of the system that fits, and a trial says which
//! edges hold, where clocks jumped and how fast they drift. Only what that solution does not satisfy is searched.

use super::graph::{Breaks, DRIFT, Graph, Shape};
use super::search::{Arcs, Forest};
use super::{Edge, Fine, Rates};

/// One set of edges, and a solution to start from.
pub struct Trials<'a> {
    edges: &'a [Edge],
    graph: Graph,
    /// Messages out of node `v` are `out[first[v]..first[v + 1]]`: (head, position in `edges`).
    first: Vec<u32>,
    out: Vec<(u32, u32)>,
    /// What the solution does not satisfy when all edges hold and no clock jumped: (tail, head, edge or drift).
    open: Vec<(u32, u32, u32)>,
    forest: Forest,
    spent: usize,
}

/// What is tried.
#[derive(Clone, Copy)]
pub struct Trial<'a> {
    /// How fast clocks drift, at least as fast as for [`Trials::new`].
    pub rates: &'a Rates,
    /// When they jumped.
    pub breaks: &'a Breaks,
    /// Which edges hold, by their position.
    pub holds: &'a dyn Fn(u32) -> bool,
}

impl<'a> Trials<'a> {
    /// Prepares trials with `edges` between clocks that drift at least by `rates`. `guess(clock, time)` is an offset
    /// of a solution of a similar system: the more similar, the less each trial searches.
    pub fn new(edges: &'a [Edge], rates: &Rates, guess: impl Fn(u32, i64) -> Fine) -> Self {
        let graph = Graph::build(edges, rates, &Breaks::none(), Shape::Drift);
        let place = |(ix, edge): (u32, &Edge)| Some((graph.node(&edge.from)?, graph.node(&edge.to)?, ix));
        let mut arcs: Vec<(u32, u32, u32)> = (0..).zip(edges).filter_map(place).collect();
        arcs.retain(|&(tail, head, _)| tail != head);
        arcs.sort_unstable();
        let mut first = vec![0_u32; graph.len() + 1];
        for &(tail, ..) in &arcs {
            first[tail as usize + 1] += 1;
        }
        for at in 1..first.len() {
            first[at] += first[at - 1];
        }
        let nodes = 0..u32::try_from(graph.len()).unwrap_or(u32::MAX);
        let label: Vec<Fine> = nodes
            .clone()
            .map(|node| {
                let (clock, at_ns) = graph.place(node);
                guess(clock, at_ns)
            })
            .collect();
        let is_open = |tail: u32, head: u32, cost: Fine| label[tail as usize] + cost < label[head as usize];
        let mut open: Vec<(u32, u32, u32)> = arcs
            .iter()
            .filter(|&&(tail, head, ix)| is_open(tail, head, edges[ix as usize].weight(rates)))
            .copied()
            .collect();
        for tail in nodes {
            graph.for_out(tail, |head, cost, edge| {
                if edge == DRIFT && is_open(tail, head, cost) {
                    open.push((tail, head, DRIFT));
                }
            });
        }
        let out = arcs.into_iter().map(|(_, head, ix)| (head, ix)).collect();
        Self { edges, first, out, open, forest: Forest::reusable(label), spent: 0, graph }
    }

    /// Whether any offsets fit what is tried.
    pub fn is_feasible(&mut self, trial: &Trial<'_>) -> bool {
        let tried = Tried::new(self.edges, &self.graph, (&self.first, &self.out), trial);
        // The least cost of an arc is with the rates that trials begin with: nothing else can be unsatisfied.
        let seeds = self.open.iter().filter(|&&(tail, head, tag)| tried.has(tail, head, tag)).map(|arc| arc.0);
        let is_feasible = self.forest.is_feasible(&tried, seeds);
        self.spent += self.forest.scanned();
        is_feasible
    }

    /// Arcs scanned by all trials so far: what they cost.
    #[must_use]
    pub const fn spent(&self) -> usize {
        self.spent
    }

    /// Arcs scanned by the last trial.
    #[cfg(test)]
    pub(super) const fn scanned(&self) -> usize {
        self.forest.scanned()
    }
}

/// The graph of a trial.
struct Tried<'a> {
    edges: &'a [Edge],
    graph: &'a Graph,
    first: &'a [u32],
    out: &'a [(u32, u32)],
    trial: &'a Trial<'a>,
    /// Nodes that drift does not connect with those before them, sorted.
    cuts: Vec<u32>,
}

impl<'a> Tried<'a> {
    fn new(
        edges: &'a [Edge],
        graph: &'a Graph,
        (first, out): (&'a [u32], &'a [(u32, u32)]),
        trial: &'a Trial<'a>,
    ) -> Self {
        let clocks = 0..u32::try_from(graph.rates().clocks()).unwrap_or(u32::MAX);
        let jumps = trial.breaks.all().filter(|(clock, _)| clocks.contains(clock));
        let mut cuts: Vec<u32> = jumps.map(|(clock, at_ns)| graph.first_from(clock, at_ns)).collect();
        cuts.dedup();
        Self { edges, graph, first, out, trial, cuts }
    }

    /// The cost of drift between two neighbouring nodes of one clock; `None` across a jump.
    fn drift(&self, tail: u32, head: u32) -> Option<Fine> {
        if !self.cuts.is_empty() && self.cuts.binary_search(&tail.max(head)).is_ok() {
            return None;
        }
        let ((clock, from_ns), (other, to_ns)) = (self.graph.place(tail), self.graph.place(head));
        (clock == other).then(|| self.trial.rates.over(clock, from_ns.abs_diff(to_ns)))
    }

    fn has(&self, tail: u32, head: u32, tag: u32) -> bool {
        if tag == DRIFT { self.drift(tail, head).is_some() } else { (self.trial.holds)(tag) }
    }
}

impl Arcs for Tried<'_> {
    fn nodes(&self) -> usize {
        self.graph.len()
    }

    fn arcs(&self) -> usize {
        self.out.len() + 2 * self.graph.len()
    }

    fn for_out(&self, node: u32, mut visit: impl FnMut(u32, Fine, u32)) {
        let at = node as usize;
        for other in [node.checked_sub(1), Some(node + 1).filter(|&next| (next as usize) < self.graph.len())] {
            if let Some(other) = other
                && let Some(cost) = self.drift(node, other)
            {
                visit(other, cost, DRIFT);
            }
        }
        for &(head, ix) in &self.out[self.first[at] as usize..self.first[at + 1] as usize] {
            if (self.trial.holds)(ix) {
                visit(head, self.edges[ix as usize].weight(self.trial.rates), ix);
            }
        }
    }
}
