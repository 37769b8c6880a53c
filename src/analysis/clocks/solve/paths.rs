//! Shortest paths: Dijkstra on costs made non-negative by the potentials of a solution (Johnson 1977).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::cycle::Step;
use super::graph::{DRIFT, Graph};
use super::{Edge, Fine};

const NONE: u32 = u32::MAX;

/// Which way paths run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// From the source to each node.
    From,
    /// From each node to the source.
    To,
}

/// Distances between one event and all nodes of a graph.
#[derive(Clone, Debug)]
pub struct Field {
    way: Way,
    /// The clock and time that distances are counted from.
    source: (u32, i64),
    /// Distance per node; [`UNREACHED`] where there is no path.
    distance: Vec<Fine>,
    /// The next node towards the source and the edge there.
    via: Vec<(u32, u32)>,
}

const UNREACHED: Fine = Fine::MAX;

impl Field {
    /// Distances from (`Way::From`) or to (`Way::To`) the event at `at_ns` on `clock`.
    ///
    /// `solution` satisfies every arc of `graph`, as [`Graph::check`] returns it.
    #[must_use]
    pub fn new(graph: &Graph, solution: &[Fine], clock: u32, at_ns: i64, way: Way) -> Self {
        let mut field = Self {
            way,
            source: (clock, at_ns),
            distance: vec![UNREACHED; graph.len()],
            via: vec![(NONE, DRIFT); graph.len()],
        };
        let sources: Vec<_> = graph.neighbours(clock, at_ns).into_iter().flatten().collect();
        field.run(graph, solution, &sources);
        field
    }

    /// Distances when each of `sources` starts at a label of its own. Paths then have no single source, so that
    /// only [`Self::of_node`] is meaningful.
    #[must_use]
    pub(super) fn spread(graph: &Graph, solution: &[Fine], sources: &[(u32, Fine)], way: Way) -> Self {
        let mut field = Self {
            way,
            source: (NONE, 0),
            distance: vec![UNREACHED; graph.len()],
            via: vec![(NONE, DRIFT); graph.len()],
        };
        field.run(graph, solution, sources);
        field
    }

    /// In reduced costs the label of a node is its distance less its potential (plus it, when running backwards);
    /// sources may then start at different, even negative, labels.
    fn run(&mut self, graph: &Graph, solution: &[Fine], sources: &[(u32, Fine)]) {
        let sign = if self.way == Way::From { 1 } else { -1 };
        let potential = |node: u32| sign * solution[node as usize];
        let mut heap: BinaryHeap<Reverse<(Fine, u32)>> = BinaryHeap::new();
        for &(node, cost) in sources {
            if cost < self.distance[node as usize] {
                self.distance[node as usize] = cost;
                heap.push(Reverse((cost - potential(node), node)));
            }
        }
        while let Some(Reverse((label, node))) = heap.pop() {
            let here = self.distance[node as usize];
            if label > here - potential(node) {
                continue;
            }
            let mut relax = |other: u32, cost: Fine, edge: u32| {
                let there = here + cost;
                if there < self.distance[other as usize] {
                    self.distance[other as usize] = there;
                    self.via[other as usize] = (node, edge);
                    heap.push(Reverse((there - potential(other), other)));
                }
            };
            match self.way {
                Way::From => graph.for_out(node, &mut relax),
                Way::To => graph.for_into(node, &mut relax),
            }
        }
    }

    /// The distance of `node`, `None` without a path.
    #[must_use]
    pub fn of_node(&self, node: u32) -> Option<Fine> {
        self.distance.get(node as usize).copied().filter(|&cost| cost != UNREACHED)
    }

    /// The distance of the event at `at_ns` on `clock`, `None` without a path.
    #[must_use]
    pub fn at(&self, graph: &Graph, clock: u32, at_ns: i64) -> Option<Fine> {
        self.nearest(graph, clock, at_ns).map(|(cost, _)| cost)
    }

    /// The distance and the node through which it comes; no node for drift from the source on its own clock.
    fn nearest(&self, graph: &Graph, clock: u32, at_ns: i64) -> Option<(Fine, Option<u32>)> {
        let near = graph.neighbours(clock, at_ns).into_iter().flatten();
        let through = near.filter_map(|(node, cost)| Some((self.of_node(node)? + cost, Some(node))));
        self.straight(graph, clock, at_ns)
            .map(|cost| (cost, None))
            .into_iter()
            .chain(through)
            .min_by_key(|found| found.0)
    }

    fn straight(&self, graph: &Graph, clock: u32, at_ns: i64) -> Option<Fine> {
        let (own, from_ns) = self.source;
        let segment = |at_ns| graph.breaks().segment(clock, at_ns);
        let is_joined = own == clock
            && segment(from_ns) == segment(at_ns)
            && (from_ns == at_ns || !graph.breaks().is_in_gap(clock, at_ns));
        is_joined.then(|| match graph.shape() {
            super::Shape::Frame(frame) if frame == clock => 0,
            super::Shape::Constant => 0,
            _ => graph.rates().over(clock, from_ns.abs_diff(at_ns)),
        })
    }

    /// The tight path between the source and the event at `at_ns` on `clock`, in the direction of the arcs.
    /// Empty when there is none.
    #[must_use]
    pub fn path(&self, graph: &Graph, clock: u32, at_ns: i64) -> Vec<Step> {
        let Some((_, Some(mut node))) = self.nearest(graph, clock, at_ns) else { return Vec::new() };
        let mut arcs = Vec::new();
        while let (next, edge) = self.via[node as usize]
            && next != NONE
        {
            arcs.push(match self.way {
                Way::From => (next, node, edge),
                Way::To => (node, next, edge),
            });
            node = next;
        }
        if self.way == Way::From {
            arcs.reverse();
        }
        graph.steps(&arcs)
    }

    /// The edges of [`Self::path`].
    #[must_use]
    pub fn path_edges<'e>(&self, graph: &Graph, edges: &'e [Edge], clock: u32, at_ns: i64) -> Vec<&'e Edge> {
        let steps = self.path(graph, clock, at_ns);
        let edge = |step: &Step| match *step {
            Step::Edge(ix) => edges.get(ix as usize),
            Step::Drift { .. } => None,
        };
        steps.iter().filter_map(edge).collect()
    }
}
