//! Offsets against a reference clock: bounds, the reasons for them, estimates inside them, and what-if.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::BTreeMap;

use super::cycle::{Check, Step};
use super::graph::{Breaks, Graph, Shape};
use super::paths::{Field, Way};
use super::{Edge, Fine, Rates};

/// A clock and the number of one of its steady stretches.
type Stretch = (u32, u32);

/// What is known about (a clock) - (the reference clock).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OffsetRange {
    /// The least possible offset, `None` when nothing bounds it.
    pub lo: Option<Fine>,
    /// The largest possible offset, `None` when nothing bounds it.
    pub hi: Option<Fine>,
}

impl OffsetRange {
    /// Exactly this offset.
    #[must_use]
    pub const fn exactly(value: Fine) -> Self {
        Self { lo: Some(value), hi: Some(value) }
    }

    /// The distance between both bounds, `None` when one is missing.
    #[must_use]
    pub fn width(&self) -> Option<Fine> {
        Some(self.hi? - self.lo?)
    }

    /// Whether `value` is possible.
    #[must_use]
    pub fn contains(&self, value: Fine) -> bool {
        self.lo.is_none_or(|lo| lo <= value) && self.hi.is_none_or(|hi| value <= hi)
    }
}

/// One end of an [`OffsetRange`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Side {
    /// The least offset.
    Lo,
    /// The largest offset.
    Hi,
}

/// A guess inside the bounds. Never a bound itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Estimate {
    /// The guessed offset.
    pub value: Fine,
    /// Whether it rests on an assumed latency because only one side is bounded; otherwise on equal latency both
    /// ways.
    pub is_one_sided: bool,
}

/// Bounds on the offsets of all clocks against one.
#[derive(Clone, Debug)]
pub struct Bounds {
    graph: Graph,
    solution: Vec<Fine>,
    frame: u32,
    from_frame: Field,
    to_frame: Field,
    /// Placement of nodes that are bounded on one side only.
    placed: Vec<Option<Fine>>,
    /// Of clocks that jumped: their placements at times at which they certainly did not, by clock and time.
    sure: Vec<(u32, i64, Fine)>,
}

impl Bounds {
    /// Solves `edges`, which must be free of contradictions, on the axis of clock `frame`.
    ///
    /// `guess(clock, time)` is an offset that a solution without a reference clock gives; any values work, good
    /// ones are faster. `None` when the edges contradict each other.
    #[must_use]
    pub fn new(
        edges: &[Edge],
        rates: &Rates,
        breaks: &Breaks,
        frame: u32,
        guess: impl Fn(u32, i64) -> Fine,
    ) -> Option<Self> {
        let mut bounds = Self::without_places(edges, rates, breaks, frame, guess)?;
        bounds.placed = bounds.place_one_sided(edges);
        bounds.sure = bounds.sure_places();
        Some(bounds)
    }

    /// The same for questions about bounds alone: nothing that is bounded on one side only has an estimate.
    #[must_use]
    pub fn without_places(
        edges: &[Edge],
        rates: &Rates,
        breaks: &Breaks,
        frame: u32,
        guess: impl Fn(u32, i64) -> Fine,
    ) -> Option<Self> {
        let graph = Graph::build(edges, rates, breaks, Shape::Frame(frame));
        let nodes = 0..u32::try_from(graph.len()).unwrap_or(u32::MAX);
        let start = nodes.map(|node| {
            let (clock, at_ns) = graph.place(node);
            if clock == frame { 0 } else { guess(clock, at_ns) - guess(frame, at_ns) }
        });
        let Check::Feasible(solution) = graph.check(Some(start.collect())) else { return None };
        let frame_at_ns = main_time(edges, breaks, frame);
        let field = |way| Field::new(&graph, &solution, frame, frame_at_ns, way);
        let (from_frame, to_frame) = rayon::join(|| field(Way::From), || field(Way::To));
        let (placed, sure) = (Vec::new(), Vec::new());
        Some(Self { graph, solution, frame, from_frame, to_frame, placed, sure })
    }

    /// The reference clock.
    #[must_use]
    pub const fn frame(&self) -> u32 {
        self.frame
    }

    /// The graph on the reference clock's axis.
    #[must_use]
    pub const fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The possible offsets of `clock` at its own time `at_ns`.
    #[must_use]
    pub fn offset(&self, clock: u32, at_ns: i64) -> OffsetRange {
        if clock == self.frame {
            return OffsetRange {
                lo: self.to_frame.at(&self.graph, clock, at_ns).map(|cost| -cost),
                hi: self.from_frame.at(&self.graph, clock, at_ns),
            };
        }
        // One search for both ends: this is asked once per span.
        let mut range = OffsetRange::default();
        for (node, drift) in self.graph.neighbours(clock, at_ns).into_iter().flatten() {
            let hi = self.from_frame.of_node(node).map(|cost| cost + drift);
            let lo = self.to_frame.of_node(node).map(|cost| -cost - drift);
            range.hi = range.hi.into_iter().chain(hi).min();
            range.lo = range.lo.into_iter().chain(lo).max();
        }
        range
    }

    /// The edges that set one end of [`Self::offset`], in causal order. Empty for an open end, and where drift of
    /// the reference clock alone decides.
    #[must_use]
    pub fn why<'e>(&self, edges: &'e [Edge], clock: u32, at_ns: i64, side: Side) -> Vec<&'e Edge> {
        let field = if side == Side::Hi { &self.from_frame } else { &self.to_frame };
        field.path_edges(&self.graph, edges, clock, at_ns)
    }

    /// The steps behind one end of [`Self::offset`], drift included.
    #[must_use]
    pub fn why_steps(&self, clock: u32, at_ns: i64, side: Side) -> Vec<Step> {
        let field = if side == Side::Hi { &self.from_frame } else { &self.to_frame };
        field.path(&self.graph, clock, at_ns)
    }

    /// A guess inside the bounds: the middle, where both sides are bounded. All guesses together satisfy every
    /// edge: both ends are solutions, and rounding half sums down keeps differences bounded by integers.
    #[must_use]
    pub fn estimate(&self, clock: u32, at_ns: i64) -> Option<Estimate> {
        let range = self.offset(clock, at_ns);
        match (range.lo, range.hi) {
            (Some(lo), Some(hi)) => Some(Estimate { value: (lo + hi).div_euclid(2), is_one_sided: false }),
            (None, None) => None,
            (None, Some(_)) => self.placed_near(clock, at_ns, |value, drift| value + drift, Fine::min),
            (Some(_), None) => self.placed_near(clock, at_ns, |value, drift| value - drift, Fine::max),
        }
    }

    /// Where to draw what `clock` stamped around its own time `at_ns`: its offset by [`Self::estimate`], else, while it
    /// may have jumped, the one at the nearest time at which it did not. Says nothing about where that lies; `None` where
    /// nothing of the clock is known.
    #[must_use]
    pub fn drawn(&self, clock: u32, at_ns: i64) -> Option<Fine> {
        let estimate = self.estimate(clock, at_ns).map(|estimate| estimate.value);
        estimate.or_else(|| {
            let after = self.sure.partition_point(|&(other, time, _)| (other, time) < (clock, at_ns));
            let near = [after.checked_sub(1), Some(after)].into_iter().flatten().filter_map(|at| self.sure.get(at));
            let own = near.filter(|place| place.0 == clock);
            own.min_by_key(|&&(_, time, _)| time.abs_diff(at_ns)).map(|place| place.2)
        })
    }

    fn sure_places(&self) -> Vec<(u32, i64, Fine)> {
        let breaks = self.graph.breaks();
        let clocks = (0..u32::try_from(self.graph.rates().clocks()).unwrap_or(u32::MAX))
            .filter(|&clock| clock != self.frame && breaks.of(clock).next().is_some());
        let nodes = clocks.flat_map(|clock| self.graph.nodes_of(clock));
        let place = |node: u32| {
            let (clock, at_ns) = self.graph.place(node);
            let is_sure = !breaks.is_in_gap(clock, at_ns);
            Some((clock, at_ns, self.placed[node as usize].filter(|_| is_sure)?))
        };
        nodes.filter_map(place).collect()
    }

    fn placed_near(
        &self,
        clock: u32,
        at_ns: i64,
        shift: impl Fn(Fine, Fine) -> Fine,
        tighter: impl Fn(Fine, Fine) -> Fine,
    ) -> Option<Estimate> {
        let near = self.graph.neighbours(clock, at_ns).into_iter().flatten();
        let values = near.filter_map(|(node, drift)| Some(shift((*self.placed.get(node as usize)?)?, drift)));
        Some(Estimate { value: values.reduce(tighter)?, is_one_sided: true })
    }

    /// What the others may be when `clock` is held at `value` at its own time `at_ns`. The value is first moved
    /// into the bounds.
    #[must_use]
    pub fn pin(&self, clock: u32, at_ns: i64, value: Fine) -> Pin {
        let field = |way| Field::new(&self.graph, &self.solution, clock, at_ns, way);
        let mut pin = Pin { clock, at_ns, value, from: field(Way::From), to: field(Way::To) };
        pin.move_to(self, value);
        pin
    }

    /// Pins two-sided nodes at their middles, then those with only an upper bound below it by the usual latency, but
    /// not past their raw times, then those with only a lower bound. Latency never shrinks along a path, which keeps every edge satisfied.
    fn place_one_sided(&self, edges: &[Edge]) -> Vec<Option<Fine>> {
        let nodes = 0..u32::try_from(self.graph.len()).unwrap_or(u32::MAX);
        let sides = |node: u32| (self.to_frame.of_node(node), self.from_frame.of_node(node));
        let mut placed: Vec<Option<Fine>> = nodes
            .clone()
            .map(|node| match sides(node) {
                (Some(lo), Some(hi)) => Some((hi - lo).div_euclid(2)),
                _ => None,
            })
            .collect();
        if nodes.clone().all(|node| sides(node).0.is_some() == sides(node).1.is_some()) {
            return placed;
        }
        let (late, early) = rayon::join(|| self.latency(edges, Way::From), || self.latency(edges, Way::To));
        for (way, latency) in [(Way::From, late), (Way::To, early)] {
            let sign = if way == Way::From { 1 } else { -1 };
            let is_open = |node: u32| match (way, sides(node)) {
                (Way::From, (None, Some(_))) | (Way::To, (Some(_), None)) => true,
                (Way::From | Way::To, _) => false,
            };
            let field = self.near_placed(&placed, way, &[]);
            let open: Vec<(u32, Fine)> = nodes.clone().filter(|&node| is_open(node)).map(|node| (node, 0)).collect();
            // Raw times, or as close to them as messages allow: no assumed latency moves a clock past them. Of two
            // solutions the larger values are one as well.
            let raw = self.near_placed(&placed, way, &open);
            for (node, _) in open {
                if let (Some(bound), Some(raw)) = (field.of_node(node), raw.of_node(node)) {
                    let extra = latency.get(&self.segment(node)).copied().unwrap_or(0);
                    placed[node as usize] = Some(sign * (bound - extra).max(raw));
                }
            }
        }
        placed
    }

    /// How far nodes that have no place are from those that have one. A path through another placed node is never
    /// shorter than the one that begins there, because placements satisfy every arc: so only those next to an open
    /// node matter, and no path need pass them. `others` are nodes without a place that are where they are.
    fn near_placed(&self, placed: &[Option<Fine>], way: Way, others: &[(u32, Fine)]) -> Field {
        let sign = if way == Way::From { 1 } else { -1 };
        let is_next_to_open = |node: u32| {
            let mut is_open = false;
            let mut look = |other: u32, _: Fine, _: u32| is_open |= placed[other as usize].is_none();
            match way {
                Way::From => self.graph.for_out(node, &mut look),
                Way::To => self.graph.for_into(node, &mut look),
            }
            is_open
        };
        let place = |(node, place): (u32, &Option<Fine>)| Some((node, sign * (*place)?));
        let near = (0..).zip(placed).filter_map(place).filter(|source| is_next_to_open(source.0));
        let sources: Vec<(u32, Fine)> = near.chain(others.iter().copied()).collect();
        Field::spread(&self.graph, &self.solution, &sources, way, |node| placed[node as usize].is_none())
    }

    fn segment(&self, node: u32) -> Stretch {
        let (clock, at_ns) = self.graph.place(node);
        if clock == self.frame {
            return (clock, u32::try_from(at_ns).unwrap_or(0));
        }
        (clock, self.graph.breaks().segment(clock, at_ns))
    }

    /// The usual latency above the least one of the messages into (out of, for `Way::To`) each steady stretch of
    /// a clock, at least that of the stretches before it.
    fn latency(&self, edges: &[Edge], way: Way) -> BTreeMap<Stretch, Fine> {
        let breaks = self.graph.breaks();
        let segment = |stamp: &super::Stamp| (stamp.clock, breaks.segment(stamp.clock, stamp.anchor_ns));
        let mut weights: BTreeMap<(Stretch, Stretch), Vec<Fine>> = BTreeMap::new();
        for edge in edges {
            let (from, to) = (segment(&edge.from), segment(&edge.to));
            let key = if way == Way::From { (from, to) } else { (to, from) };
            let all = weights.entry(key).or_default();
            // A whole call's length is no latency.
            if edge.cause.rule.is_prompt() {
                all.push(edge.weight(self.graph.rates()));
            }
        }
        let mut segments: DiGraph<Stretch, Fine> = DiGraph::new();
        let mut index: BTreeMap<Stretch, NodeIndex> = BTreeMap::new();
        for ((from, to), mut all) in weights {
            all.sort_unstable();
            let spread = all.get(all.len() / 2).map_or(0, |median| median - all[0]);
            let mut at = |key| *index.entry(key).or_insert_with(|| segments.add_node(key));
            let (from, to) = (at(from), at(to));
            segments.add_edge(from, to, spread);
        }
        let mut latency: BTreeMap<Stretch, Fine> = BTreeMap::new();
        // Components come in reverse topological order.
        for component in kosaraju_scc(&segments).into_iter().rev() {
            let incoming = component.iter().flat_map(|&node| {
                segments.edges_directed(node, petgraph::Direction::Incoming).map(|arc| {
                    let before = latency.get(&segments[petgraph::visit::EdgeRef::source(&arc)]).copied();
                    before.unwrap_or(0).max(*arc.weight())
                })
            });
            let most = incoming.max().unwrap_or(0);
            latency.extend(component.iter().map(|&node| (segments[node], most)));
        }
        latency
    }
}

/// A time in the steady stretch of `clock` that holds most messages.
fn main_time(edges: &[Edge], breaks: &Breaks, clock: u32) -> i64 {
    let mut stretches: BTreeMap<u32, (usize, i64)> = BTreeMap::new();
    for stamp in edges.iter().flat_map(|edge| [&edge.from, &edge.to]).filter(|stamp| stamp.clock == clock) {
        let entry = stretches.entry(breaks.segment(clock, stamp.anchor_ns)).or_insert((0, stamp.anchor_ns));
        entry.0 += 1;
    }
    // The first of equally large ones.
    stretches.values().rev().max_by_key(|entry| entry.0).map_or(i64::MIN, |entry| entry.1)
}

/// One clock held at an offset; see [`Bounds::pin`]. Means something only together with the bounds it came from.
#[derive(Clone, Debug)]
pub struct Pin {
    clock: u32,
    at_ns: i64,
    /// The offset that the clock is held at.
    pub value: Fine,
    from: Field,
    to: Field,
}

impl Pin {
    /// Holds the clock at `value` instead, moved into the bounds; returns where that is.
    pub fn move_to(&mut self, bounds: &Bounds, value: Fine) -> Fine {
        let range = bounds.offset(self.clock, self.at_ns);
        let value = range.hi.map_or(value, |hi| value.min(hi));
        self.value = range.lo.map_or(value, |lo| value.max(lo));
        self.value
    }

    /// When the clock is held, by its own time, nanoseconds.
    #[must_use]
    pub const fn at_ns(&self) -> i64 {
        self.at_ns
    }

    /// The possible offsets of `clock` at its own time `at_ns` now.
    #[must_use]
    pub fn offset(&self, bounds: &Bounds, clock: u32, at_ns: i64) -> OffsetRange {
        let graph = &bounds.graph;
        let range = bounds.offset(clock, at_ns);
        let hi = self.from.at(graph, clock, at_ns).map(|cost| self.value + cost);
        let lo = self.to.at(graph, clock, at_ns).map(|cost| self.value - cost);
        OffsetRange { lo: range.lo.into_iter().chain(lo).max(), hi: range.hi.into_iter().chain(hi).min() }
    }
}
