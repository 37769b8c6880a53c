//! Which steady stretches of clocks lead to which, and for how little: a small picture of a constraint graph, which
//! guides searches in the large one.
//!
//! Within a stretch drift connects all nodes both ways, so that a path between two nodes exists exactly when one
//! between their stretches does. And no path is shorter than the least message of each step between its stretches:
//! with that as potentials on top of a solution, a search leaves alone what lies far away in time (A*).

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use super::graph::DRIFT;
use super::{Fine, Graph, Way};

/// A solution, and the stretches of a [`Graph`] seen through it.
#[derive(Clone, Debug)]
pub struct Guide {
    solution: Arc<[Fine]>,
    /// The stretch of each node.
    of_node: Vec<u32>,
    stretches: usize,
    /// `(from, to, least reduced cost)` of messages between stretches, sorted; and `(to, from, least)`.
    out: Vec<(u32, u32, Fine)>,
    into: Vec<(u32, u32, Fine)>,
}

impl Guide {
    /// A guide through `graph`. `solution` satisfies every arc; the more it lies in the middle of what is possible,
    /// the less is searched.
    #[must_use]
    pub fn new(graph: &Graph, solution: &[Fine]) -> Self {
        let nodes = 0..u32::try_from(graph.len()).unwrap_or(u32::MAX);
        let mut of_node: Vec<u32> = Vec::with_capacity(graph.len());
        for node in nodes.clone() {
            let before = of_node.last().copied();
            of_node.push(before.map_or(0, |before| before + u32::from(!graph.is_joined_to_previous(node))));
        }
        let mut least: BTreeMap<(u32, u32), Fine> = BTreeMap::new();
        for node in nodes {
            let own = of_node[node as usize];
            graph.for_out(node, |head, cost, edge| {
                if edge != DRIFT {
                    let reduced = cost + solution[node as usize] - solution[head as usize];
                    let slot = least.entry((own, of_node[head as usize])).or_insert(reduced);
                    *slot = reduced.min(*slot);
                }
            });
        }
        let out: Vec<(u32, u32, Fine)> = least.iter().map(|(&(from, to), &cost)| (from, to, cost)).collect();
        let mut into: Vec<(u32, u32, Fine)> = out.iter().map(|&(from, to, cost)| (to, from, cost)).collect();
        into.sort_unstable();
        let stretches = of_node.last().map_or(0, |&last| last as usize + 1);
        Self { solution: solution.into(), of_node, stretches, out, into }
    }

    /// The solution.
    #[must_use]
    pub fn solution(&self) -> &[Fine] {
        &self.solution
    }

    /// The stretch of `node`.
    pub(super) fn stretch(&self, node: u32) -> usize {
        self.of_node[node as usize] as usize
    }

    /// By stretch: the least reduced cost of any path from (`Way::From`) or to (`Way::To`) one of the `sources`;
    /// `None` without any path.
    pub(super) fn least(&self, sources: impl Iterator<Item = u32>, way: Way) -> Vec<Option<Fine>> {
        let arcs = if way == Way::From { &self.out } else { &self.into };
        let mut least: Vec<Option<Fine>> = vec![None; self.stretches];
        let mut open: BinaryHeap<Reverse<(Fine, u32)>> =
            sources.map(|node| Reverse((0, self.of_node[node as usize]))).collect();
        while let Some(Reverse((cost, at))) = open.pop() {
            if least[at as usize].is_some() {
                continue;
            }
            least[at as usize] = Some(cost);
            let from = arcs.partition_point(|arc| arc.0 < at);
            for &(_, head, more) in arcs[from..].iter().take_while(|arc| arc.0 == at) {
                if least[head as usize].is_none() {
                    open.push(Reverse((cost + more, head)));
                }
            }
        }
        least
    }
}
