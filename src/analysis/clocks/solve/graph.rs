//! The constraint graph: nodes are (clock, anchor), arcs are edges and drift between neighbouring anchors.

use super::{Edge, Fine, Rates, Stamp};

/// What the nodes stand for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// One node per anchor, no reference clock: for contradictions, durations and orders, which must not depend
    /// on a reference.
    Drift,
    /// One node per clock: offsets never change.
    Constant,
    /// As `Drift`, but one node per clock that does not drift at all: far fewer, and no chains that cost nothing.
    Steady,
    /// As `Drift`, seen from this clock: its nodes are one, and the others drift against it.
    Frame(u32),
}

/// Moments at which clocks jumped: drift does not connect the anchors before with those from then on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Breaks {
    /// `(clock, time on that clock)`, sorted.
    at: Vec<(u32, i64)>,
    /// `(clock, from, to)`: it jumped somewhere between these times of it, so that no two in between go together.
    gaps: Vec<(u32, i64, i64)>,
}

impl Breaks {
    /// No jumps at all.
    #[must_use]
    pub const fn none() -> Self {
        Self { at: Vec::new(), gaps: Vec::new() }
    }

    /// Adds a jump of `clock` just before its own time `at_ns`.
    pub fn insert(&mut self, clock: u32, at_ns: i64) {
        let key = (clock, at_ns);
        if let Err(slot) = self.at.binary_search(&key) {
            self.at.insert(slot, key);
        }
    }

    /// Adds a jump of `clock` somewhere between two of its times. What is known at times between them still holds
    /// there, and nowhere else: `known` are those times, sorted.
    pub fn insert_gap(&mut self, clock: u32, (from_ns, to_ns): (i64, i64), known: &[i64]) {
        // All at once: a clock may have been read many thousand times in between.
        let after = std::iter::once(&from_ns).chain(known).map(|at_ns| at_ns.saturating_add(1));
        let before = known.iter().chain([&to_ns]).copied();
        self.at.extend(after.chain(before).map(|at_ns| (clock, at_ns)));
        self.at.sort_unstable();
        self.at.dedup();
        self.gaps.push((clock, from_ns, to_ns));
    }

    /// Whether `clock` may have jumped between any two times near `at_ns`.
    #[must_use]
    pub fn is_in_gap(&self, clock: u32, at_ns: i64) -> bool {
        self.gaps.iter().any(|&(other, from, to)| other == clock && from < at_ns && at_ns < to)
    }

    /// Which steady stretch of `clock` holds `at_ns`, from 0.
    #[must_use]
    pub fn segment(&self, clock: u32, at_ns: i64) -> u32 {
        let first = self.at.partition_point(|&(other, _)| other < clock);
        let before = self.at.partition_point(|&key| key <= (clock, at_ns));
        u32::try_from(before.saturating_sub(first)).unwrap_or(u32::MAX)
    }

    /// The jumps of `clock`, by its own time.
    pub fn of(&self, clock: u32) -> impl Iterator<Item = i64> + '_ {
        self.at.iter().filter(move |key| key.0 == clock).map(|key| key.1)
    }

    /// All jumps, by clock and time.
    pub(super) fn all(&self) -> impl Iterator<Item = (u32, i64)> + '_ {
        self.at.iter().copied()
    }

    /// True when no clock jumped.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.at.is_empty()
    }
}

/// Marks an arc that is drift of one clock, not a message.
pub const DRIFT: u32 = u32::MAX;

/// A message arc as seen from one of its ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arc {
    /// Bound on the difference of the offsets.
    pub cost: Fine,
    /// The node at the other end.
    pub node: u32,
    /// Position in the list of edges.
    pub edge: u32,
}

/// A constraint graph in compressed rows, without hashing.
#[derive(Clone, Debug)]
pub struct Graph {
    shape: Shape,
    rates: Rates,
    breaks: Breaks,
    /// Time of each node on its clock; nodes are sorted by clock, then time.
    at_ns: Vec<i64>,
    /// Clock of each node.
    clock: Vec<u32>,
    /// Nodes of clock `c` are `first[c]..first[c + 1]`.
    first: Vec<u32>,
    /// Cost of drift between node `v` and `v + 1`; negative = not connected.
    step: Vec<Fine>,
    out_first: Vec<u32>,
    out: Vec<Arc>,
    into_first: Vec<u32>,
    into: Vec<Arc>,
}

const APART: Fine = -1;

impl Graph {
    /// Builds the graph of `edges` between clocks that drift by at most `rates`.
    #[must_use]
    pub fn build(edges: &[Edge], rates: &Rates, breaks: &Breaks, shape: Shape) -> Self {
        let rates = match shape {
            Shape::Frame(frame) => rates.against(rates.ppb(frame)),
            Shape::Drift | Shape::Constant | Shape::Steady => rates.clone(),
        };
        let empty = Vec::new;
        let mut graph = Self {
            shape,
            breaks: breaks.clone(),
            at_ns: empty(),
            clock: Vec::new(),
            first: Vec::new(),
            step: Vec::new(),
            out_first: Vec::new(),
            out: Vec::new(),
            into_first: Vec::new(),
            into: Vec::new(),
            rates,
        };
        graph.place_nodes(edges);
        graph.connect_neighbours();
        graph.add_arcs(edges);
        graph
    }

    fn place_nodes(&mut self, edges: &[Edge]) {
        let clocks = self.rates.clocks();
        let mut at: Vec<Vec<i64>> = vec![Vec::new(); clocks];
        for stamp in edges.iter().flat_map(|edge| [&edge.from, &edge.to]) {
            let time = self.coordinate(stamp.clock, stamp.anchor_ns);
            let times = &mut at[stamp.clock as usize];
            if times.last() != Some(&time) {
                times.push(time);
            }
        }
        if let Shape::Frame(frame) = self.shape
            && let Some(times) = at.get_mut(frame as usize)
        {
            times.push(0);
        }
        self.first.push(0);
        for (clock, times) in (0_u32..).zip(&mut at) {
            times.sort_unstable();
            times.dedup();
            self.at_ns.extend_from_slice(times);
            self.clock.resize(self.at_ns.len(), clock);
            self.first.push(u32::try_from(self.at_ns.len()).unwrap_or(u32::MAX));
        }
    }

    /// Where on a clock's chain an anchor goes: anchors that share a node share a coordinate.
    fn coordinate(&self, clock: u32, anchor_ns: i64) -> i64 {
        if self.is_collapsed(clock) { i64::from(self.breaks.segment(clock, anchor_ns)) } else { anchor_ns }
    }

    fn is_collapsed(&self, clock: u32) -> bool {
        match self.shape {
            Shape::Drift => false,
            Shape::Constant => true,
            Shape::Steady => self.rates.ppb(clock) == 0,
            Shape::Frame(frame) => frame == clock,
        }
    }

    fn connect_neighbours(&mut self) {
        let nodes = self.len();
        self.step = vec![APART; nodes];
        for at in 1..nodes {
            let (a, b) = (at - 1, at);
            let clock = self.clock[a];
            if clock != self.clock[b] || self.is_collapsed(clock) {
                continue;
            }
            let (from, to) = (self.at_ns[a], self.at_ns[b]);
            if self.breaks.segment(clock, from) == self.breaks.segment(clock, to) {
                self.step[a] = self.rates.over(clock, from.abs_diff(to));
            }
        }
    }

    fn add_arcs(&mut self, edges: &[Edge]) {
        let mut arcs: Vec<(u32, u32, Fine, u32)> = Vec::with_capacity(edges.len());
        for (ix, edge) in (0_u32..).zip(edges) {
            let (Some(from), Some(to)) = (self.node(&edge.from), self.node(&edge.to)) else { continue };
            if from != to {
                arcs.push((from, to, edge.weight(&self.rates), ix));
            }
        }
        // Of parallel arcs only the tightest matters; the first one wins a tie.
        arcs.sort_unstable();
        arcs.dedup_by_key(|arc| (arc.0, arc.1));
        self.out_first = offsets(self.len(), arcs.iter().map(|arc| arc.0));
        self.out = arcs.iter().map(|&(_, node, cost, edge)| Arc { cost, node, edge }).collect();
        self.into_first = offsets(self.len(), arcs.iter().map(|arc| arc.1));
        let mut next = self.into_first.clone();
        self.into = vec![Arc { cost: 0, node: 0, edge: DRIFT }; arcs.len()];
        for (from, to, cost, edge) in arcs {
            let slot = &mut next[to as usize];
            self.into[*slot as usize] = Arc { cost, node: from, edge };
            *slot += 1;
        }
    }

    /// Whether drift connects `node` with the one before it.
    pub(super) fn is_joined_to_previous(&self, node: u32) -> bool {
        (node as usize).checked_sub(1).is_some_and(|before| self.step[before] >= 0)
    }

    /// Number of nodes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.at_ns.len()
    }

    /// True when there is no node.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.at_ns.is_empty()
    }

    /// Number of message arcs.
    #[must_use]
    pub const fn arcs(&self) -> usize {
        self.out.len()
    }

    /// The rates in use: against the reference clock if there is one.
    #[must_use]
    pub const fn rates(&self) -> &Rates {
        &self.rates
    }

    /// Where clocks jumped.
    #[must_use]
    pub const fn breaks(&self) -> &Breaks {
        &self.breaks
    }

    /// What the nodes stand for.
    #[must_use]
    pub const fn shape(&self) -> Shape {
        self.shape
    }

    /// Clock and time of `node`. The time of a collapsed node is its segment's number.
    #[must_use]
    pub fn place(&self, node: u32) -> (u32, i64) {
        (self.clock[node as usize], self.at_ns[node as usize])
    }

    /// The nodes of `clock`.
    #[must_use]
    pub fn nodes_of(&self, clock: u32) -> std::ops::Range<u32> {
        match self.first.get(clock as usize..clock as usize + 2) {
            Some(&[from, to]) => from..to,
            _ => 0..0,
        }
    }

    /// The node that `stamp` rests on, if it has one of its own.
    #[must_use]
    pub fn node(&self, stamp: &Stamp) -> Option<u32> {
        let time = self.coordinate(stamp.clock, stamp.anchor_ns);
        let nodes = self.nodes_of(stamp.clock);
        let times = &self.at_ns[nodes.start as usize..nodes.end as usize];
        let at = times.binary_search(&time).ok()?;
        Some(nodes.start + u32::try_from(at).unwrap_or(u32::MAX))
    }

    /// The first node of `clock` that lies at or after its time `at_ns`, or the one after its last.
    pub(super) fn first_from(&self, clock: u32, at_ns: i64) -> u32 {
        let nodes = self.nodes_of(clock);
        let times = &self.at_ns[nodes.start as usize..nodes.end as usize];
        nodes.start + u32::try_from(times.partition_point(|&time| time < at_ns)).unwrap_or(u32::MAX)
    }

    /// The at most two nodes through which everything about `clock` at `at_ns` goes, each with the drift to it.
    #[must_use]
    pub fn neighbours(&self, clock: u32, at_ns: i64) -> [Option<(u32, Fine)>; 2] {
        let time = self.coordinate(clock, at_ns);
        let nodes = self.nodes_of(clock);
        let times = &self.at_ns[nodes.start as usize..nodes.end as usize];
        let at = times.partition_point(|&other| other < time);
        let near = |at: Option<usize>| {
            let at = at?;
            let other = *times.get(at)?;
            let node = nodes.start + u32::try_from(at).unwrap_or(u32::MAX);
            if self.is_collapsed(clock) {
                return (other == time).then_some((node, 0));
            }
            let joined =
                self.breaks.is_empty() || self.breaks.segment(clock, other) == self.breaks.segment(clock, at_ns);
            joined.then(|| (node, self.rates.over(clock, other.abs_diff(at_ns))))
        };
        if times.get(at) == Some(&time) {
            return [near(Some(at)), None];
        }
        [near(at.checked_sub(1)), near(Some(at))]
    }

    /// Calls `visit(head, cost, edge or DRIFT)` for every arc out of `node`.
    pub(super) fn for_out(&self, node: u32, mut visit: impl FnMut(u32, Fine, u32)) {
        self.for_drift(node, &mut visit);
        let at = node as usize;
        for arc in &self.out[self.out_first[at] as usize..self.out_first[at + 1] as usize] {
            visit(arc.node, arc.cost, arc.edge);
        }
    }

    /// Calls `visit(tail, cost, edge or DRIFT)` for every arc into `node`.
    pub(super) fn for_into(&self, node: u32, mut visit: impl FnMut(u32, Fine, u32)) {
        self.for_drift(node, &mut visit);
        let at = node as usize;
        for arc in &self.into[self.into_first[at] as usize..self.into_first[at + 1] as usize] {
            visit(arc.node, arc.cost, arc.edge);
        }
    }

    /// Drift runs both ways at the same cost.
    fn for_drift(&self, node: u32, visit: &mut impl FnMut(u32, Fine, u32)) {
        let at = node as usize;
        if at > 0 && self.step[at - 1] >= 0 {
            visit(node - 1, self.step[at - 1], DRIFT);
        }
        if self.step[at] >= 0 {
            visit(node + 1, self.step[at], DRIFT);
        }
    }
}

/// Row starts for items sorted or counted by `row`.
fn offsets(rows: usize, items: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut first = vec![0_u32; rows + 1];
    for row in items {
        first[row as usize + 1] += 1;
    }
    for at in 1..first.len() {
        first[at] += first[at - 1];
    }
    first
}
