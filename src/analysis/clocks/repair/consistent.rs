//! A system that fits, and offsets that satisfy it.

use std::sync::OnceLock;

use super::super::doubt::Jump;
use super::super::solve::{Bounds, Breaks, Check, Edge, Fine, Graph, Guide, Rates, Shape, Stamp, ceil_ns};
use super::{Changes, Repair};

/// A consistent system.
#[derive(Clone, Debug)]
pub struct Consistent {
    /// The edges in force.
    pub edges: Vec<Edge>,
    /// The graph without a reference clock, and offsets that satisfy it.
    pub graph: Graph,
    /// One offset per node of `graph`.
    pub solution: Vec<Fine>,
    /// What was changed.
    pub changes: Changes,
    /// Why.
    pub repairs: Vec<Repair>,
    /// The jumps among the changes, with what is known of their moments.
    pub jumps: Vec<Jump>,
    /// Made when distances are first asked for.
    pub(in super::super) guide: OnceLock<Guide>,
}

impl Consistent {
    /// A system that needs no repair; `None` for contradictory edges.
    #[must_use]
    pub fn without_repair(edges: Vec<Edge>, rates: &Rates) -> Option<Self> {
        let graph = Graph::build(&edges, rates, &Breaks::none(), Shape::Drift);
        let Check::Feasible(solution) = graph.check(steady(&edges, &graph)) else { return None };
        let (changes, repairs, jumps, guide) = (Changes::default(), Vec::new(), Vec::new(), OnceLock::new());
        Some(Self { edges, graph, solution, changes, repairs, jumps, guide })
    }

    /// What searches for distances in `graph` go by.
    #[must_use]
    pub fn guide(&self) -> &Guide {
        self.guide.get_or_init(|| {
            let centred = self.centred();
            Guide::new(&self.graph, centred.as_deref().unwrap_or(&self.solution))
        })
    }

    /// A solution in the middle of what is possible, where there is as much room one way as the other: seen from the
    /// clock with the most messages, whichever the reference clock is.
    fn centred(&self) -> Option<Vec<Fine>> {
        let mut messages = vec![0_usize; self.graph.rates().clocks()];
        for clock in self.edges.iter().flat_map(|edge| [edge.from.clock, edge.to.clock]) {
            messages[clock as usize] += 1;
        }
        let busiest = (0_u32..).zip(messages).max_by_key(|&(clock, count)| (count, std::cmp::Reverse(clock)))?.0;
        let guess = |clock, at_ns| self.offset_near(clock, at_ns);
        let bounds = Bounds::new(&self.edges, self.graph.rates(), self.graph.breaks(), busiest, guess)?;
        let nodes = 0..u32::try_from(self.graph.len()).unwrap_or(u32::MAX);
        let middle = |node: u32| {
            let (clock, at_ns) = self.graph.place(node);
            bounds.estimate(clock, at_ns).map_or(self.solution[node as usize], |estimate| estimate.value)
        };
        match self.graph.check(Some(nodes.map(middle).collect())) {
            Check::Feasible(solution) => Some(solution),
            Check::Contradiction(_) => None,
        }
    }

    /// An offset of `clock` at its own time `at_ns` that goes well with the solution; 0 where nothing is known.
    #[must_use]
    pub fn offset_near(&self, clock: u32, at_ns: i64) -> Fine {
        self.known_offset(&Stamp::exact(clock, at_ns)).unwrap_or(0)
    }

    /// Whether a clock showed the time that `edge` has on it both before and after it jumped back, or jumped about then:
    /// nobody can tell by its times on which side it is.
    pub(super) fn is_torn(&self, edge: &Edge) -> bool {
        self.jumps.iter().any(|jump| {
            let sizes = [jump.size.lo, jump.size.hi].into_iter().flatten();
            let size_ns = sizes.map(|size| ceil_ns(size.abs())).max().unwrap_or(0);
            let (from, to) = (jump.before_ns.saturating_sub(size_ns), jump.after_ns.saturating_add(size_ns));
            let is_back = jump.size.hi.is_none_or(|hi| hi <= 0);
            let stamps = [edge.from, edge.to].into_iter().filter(|stamp| stamp.clock == jump.clock);
            is_back && stamps.map(|stamp| stamp.anchor_ns).any(|at_ns| (from..=to).contains(&at_ns))
        })
    }

    /// An offset at the clock and time of `stamp` that goes well with the solution; `None` where nothing is known.
    pub(super) fn known_offset(&self, stamp: &Stamp) -> Option<Fine> {
        let near = self.graph.neighbours(stamp.clock, stamp.anchor_ns).into_iter().flatten();
        near.map(|(node, drift)| self.solution[node as usize] + drift).min()
    }

    /// A guess per node of another graph over the same clocks.
    pub(in super::super) fn guess_for(&self, graph: &Graph) -> Vec<Fine> {
        let nodes = 0..u32::try_from(graph.len()).unwrap_or(u32::MAX);
        let offset = |node| {
            let (clock, at_ns) = graph.place(node);
            self.offset_near(clock, at_ns)
        };
        nodes.map(offset).collect()
    }
}

/// Offsets that never change, as a guess per node: exactly right when they fit all edges, and then nothing is left
/// to search.
#[must_use]
pub fn steady(edges: &[Edge], graph: &Graph) -> Option<Vec<Fine>> {
    let clocks = graph.rates().clocks();
    let still = Rates::uniform(clocks, 0);
    let flat = Graph::build(edges, &still, &Breaks::none(), Shape::Constant);
    let Check::Feasible(solution) = flat.check(None) else { return None };
    let of_clock: Vec<Fine> = (0..u32::try_from(clocks).unwrap_or(u32::MAX))
        .map(|clock| flat.nodes_of(clock).next().map_or(0, |node| solution[node as usize]))
        .collect();
    let nodes = 0..u32::try_from(graph.len()).unwrap_or(u32::MAX);
    Some(nodes.map(|node| of_clock[graph.place(node).0 as usize]).collect())
}
