//! Shortest paths: Dijkstra on costs made non-negative by the potentials of a solution (Johnson 1977).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::cycle::Step;
use super::graph::{DRIFT, Graph};
use super::{Edge, Fine, Guide};

const NONE: u32 = u32::MAX;

/// Which way paths run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// From the source to each node.
    From,
    /// From each node to the source.
    To,
}

/// Distances between one event and the nodes of a graph, found as far as they are asked for.
///
/// Nodes are settled in order of their reduced distance, so that what lies near by in time and offset comes first:
/// the time between two events of one turn takes a look at that turn's surroundings, however long the recording is.
/// Several questions about one event share one search, which goes on where the last one stopped.
#[derive(Clone, Debug)]
pub struct Field {
    way: Way,
    /// The clock and time that distances are counted from.
    source: (u32, i64),
    labels: Labels,
    /// Reached but not settled: reduced distance and node.
    open: BinaryHeap<Reverse<(Fine, u32)>>,
    settled: usize,
    /// By stretch: the least reduced cost of any path there, `None` without one. Empty when everything is asked for.
    least: Vec<Option<Fine>>,
}

/// What is known about a node.
#[derive(Clone, Copy, Debug)]
struct Label {
    /// The least distance so far; [`UNREACHED`] without a path so far.
    distance: Fine,
    /// The next node towards the source and the edge there.
    via: (u32, u32),
    is_settled: bool,
}

const UNREACHED: Fine = Fine::MAX;
const UNKNOWN: Label = Label { distance: UNREACHED, via: (NONE, DRIFT), is_settled: false };

/// A label per node. Neighbours in time are neighbours here, so that a search near by touches few pages.
#[derive(Clone, Debug)]
struct Labels {
    pages: Vec<Option<Box<[Label; PAGE]>>>,
}

const PAGE: usize = 64;

impl Labels {
    fn new(nodes: usize) -> Self {
        Self { pages: vec![None; nodes.div_ceil(PAGE)] }
    }

    fn get(&self, node: u32) -> Label {
        let page = self.pages.get(node as usize / PAGE).and_then(Option::as_ref);
        page.map_or(UNKNOWN, |page| page[node as usize % PAGE])
    }

    fn of_mut(&mut self, node: u32) -> &mut Label {
        let page = self.pages[node as usize / PAGE].get_or_insert_with(|| Box::new([UNKNOWN; PAGE]));
        &mut page[node as usize % PAGE]
    }
}

/// In reduced costs the label of a node is its distance less its potential; sources may then start at different, even
/// negative, labels.
fn open_all(
    labels: &mut Labels,
    open: &mut BinaryHeap<Reverse<(Fine, u32)>>,
    potential: impl Fn(u32) -> Fine,
    sources: &[(u32, Fine)],
) {
    for &(node, distance) in sources {
        let label = labels.of_mut(node);
        if distance < label.distance {
            label.distance = distance;
            open.push(Reverse((distance - potential(node), node)));
        }
    }
}

/// The solution, and the least that it costs to get there from the source at all.
fn guided(guide: &Guide, least: &[Option<Fine>], way: Way, node: u32) -> Fine {
    let sign = if way == Way::From { 1 } else { -1 };
    let least = least.get(guide.stretch(node)).copied().flatten().unwrap_or(0);
    sign * guide.solution()[node as usize] + least
}

impl Field {
    /// All distances from (`Way::From`) or to (`Way::To`) the event at `at_ns` on `clock`.
    ///
    /// `solution` satisfies every arc of `graph`, as [`Graph::check`] returns it.
    #[must_use]
    pub fn new(graph: &Graph, solution: &[Fine], clock: u32, at_ns: i64, way: Way) -> Self {
        let mut field = Self::empty(graph, (clock, at_ns), way);
        let sources: Vec<_> = graph.neighbours(clock, at_ns).into_iter().flatten().collect();
        field.settle_all(graph, solution, &sources, |_| true);
        field
    }

    /// The same without any distance so far: ask [`Self::grow_to`] for each.
    #[must_use]
    pub fn begin(graph: &Graph, guide: &Guide, clock: u32, at_ns: i64, way: Way) -> Self {
        let mut field = Self::empty(graph, (clock, at_ns), way);
        let sources: Vec<_> = graph.neighbours(clock, at_ns).into_iter().flatten().collect();
        field.least = guide.least(sources.iter().map(|source| source.0), way);
        let hint = |node| guided(guide, &field.least, way, node);
        open_all(&mut field.labels, &mut field.open, hint, &sources);
        field
    }

    /// Distances when each of `sources` starts at a label of its own, along nodes that `may_pass`. Paths then have no
    /// single source, so that only [`Self::of_node`] is meaningful.
    #[must_use]
    pub(super) fn spread(
        graph: &Graph,
        solution: &[Fine],
        sources: &[(u32, Fine)],
        way: Way,
        may_pass: impl Fn(u32) -> bool,
    ) -> Self {
        let mut field = Self::empty(graph, (NONE, 0), way);
        field.settle_all(graph, solution, sources, may_pass);
        field
    }

    fn empty(graph: &Graph, source: (u32, i64), way: Way) -> Self {
        let labels = Labels::new(graph.len());
        Self { way, source, labels, open: BinaryHeap::new(), settled: 0, least: Vec::new() }
    }

    /// Settles everything that can be reached from `sources` along nodes that `may_pass`.
    fn settle_all(
        &mut self,
        graph: &Graph,
        solution: &[Fine],
        sources: &[(u32, Fine)],
        may_pass: impl Fn(u32) -> bool,
    ) {
        let sign = if self.way == Way::From { 1 } else { -1 };
        let potential = |node: u32| sign * solution[node as usize];
        open_all(&mut self.labels, &mut self.open, potential, sources);
        while self.settle(graph, potential, &may_pass) {}
    }

    /// Settles the next node; false when all that can be reached is settled.
    fn settle(&mut self, graph: &Graph, potential: impl Fn(u32) -> Fine, may_pass: impl Fn(u32) -> bool) -> bool {
        let Some(Reverse((_, node))) = self.open.pop() else { return false };
        let label = self.labels.of_mut(node);
        if std::mem::replace(&mut label.is_settled, true) {
            return true;
        }
        let here = label.distance;
        self.settled += 1;
        let mut relax = |other: u32, cost: Fine, edge: u32| {
            if !may_pass(other) {
                return;
            }
            let there = here + cost;
            let label = self.labels.of_mut(other);
            if there < label.distance {
                (label.distance, label.via) = (there, (node, edge));
                self.open.push(Reverse((there - potential(other), other)));
            }
        };
        match self.way {
            Way::From => graph.for_out(node, &mut relax),
            Way::To => graph.for_into(node, &mut relax),
        }
        true
    }

    /// Searches until [`Self::at`] and [`Self::path`] are right for the event at `at_ns` on `clock`. Only for a field
    /// that was begun with the same `graph` and `guide`.
    pub fn grow_to(&mut self, graph: &Graph, guide: &Guide, clock: u32, at_ns: i64) {
        self.grow_until(graph, guide, (clock, at_ns), |_, _| false);
    }

    /// The same, but stops when `is_enough(least, most)`: the distance is then known to be no less and no more.
    /// Returns what is known; neither end without a path.
    pub fn grow_until(
        &mut self,
        graph: &Graph,
        guide: &Guide,
        (clock, at_ns): (u32, i64),
        is_enough: impl Fn(Fine, Option<Fine>) -> bool,
    ) -> (Option<Fine>, Option<Fine>) {
        let (way, least_of) = (self.way, std::mem::take(&mut self.least));
        let potential = |node: u32| guided(guide, &least_of, way, node);
        // Without a path a search would visit everything.
        let is_reached = |&(node, _): &(u32, Fine)| least_of.get(guide.stretch(node)).copied().flatten().is_some();
        let near: Vec<(u32, Fine)> = graph.neighbours(clock, at_ns).into_iter().flatten().filter(is_reached).collect();
        let straight = self.straight(graph, clock, at_ns);
        let known = loop {
            let through = near.iter().filter_map(|&(node, drift)| Some(self.of_node(node)? + drift));
            let most = through.chain(straight).min();
            let Some(&Reverse((open, _))) = self.open.peek() else { break (most, most) };
            // Whatever is settled from now on has at least the least reduced distance that is open.
            let unsettled = near.iter().filter(|(node, _)| !self.labels.get(*node).is_settled);
            let bound = unsettled.map(|&(node, drift)| open + potential(node) + drift).min();
            match bound.filter(|&bound| most.is_none_or(|most| bound <= most)) {
                Some(bound) if is_enough(bound, most) => break (Some(bound), most),
                Some(_) => self.settle(graph, potential, |_| true),
                None => break (most, most),
            };
        };
        self.least = least_of;
        known
    }

    /// How many nodes were settled so far: what the search cost.
    #[must_use]
    pub const fn settled(&self) -> usize {
        self.settled
    }

    /// The distance of `node`, `None` without a path.
    #[must_use]
    pub fn of_node(&self, node: u32) -> Option<Fine> {
        Some(self.labels.get(node).distance).filter(|&cost| cost != UNREACHED)
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
        while let (next, edge) = self.labels.get(node).via
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
