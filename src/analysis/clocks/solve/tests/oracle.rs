//! Floyd-Warshall over every stamp, with drift arcs between all pairs of one clock: nothing shared with the solver.

use super::super::{Edge, Fine, Rates, Stamp};

pub struct Oracle {
    nodes: Vec<(u32, i64)>,
    distance: Vec<Vec<Option<Fine>>>,
    rates: Rates,
    frame: Option<u32>,
}

impl Oracle {
    pub fn new(edges: &[Edge], rates: &Rates, frame: Option<u32>, extra: &[(u32, i64)]) -> Self {
        let rates = frame.map_or_else(|| rates.clone(), |frame| rates.against(rates.ppb(frame)));
        let stamps = edges.iter().flat_map(|edge| [edge.from, edge.to]);
        let mut nodes: Vec<_> =
            stamps.map(|stamp| (stamp.clock, stamp.anchor_ns)).chain(extra.iter().copied()).collect();
        nodes.extend(frame.map(|frame| (frame, 0)));
        nodes.sort_unstable();
        nodes.dedup();
        let mut oracle = Self { distance: vec![vec![None; nodes.len()]; nodes.len()], nodes, rates, frame };
        oracle.fill(edges);
        oracle
    }

    fn fill(&mut self, edges: &[Edge]) {
        for a in 0..self.nodes.len() {
            for b in 0..self.nodes.len() {
                let ((clock, from), (other, to)) = (self.nodes[a], self.nodes[b]);
                if clock == other {
                    let ppb = if self.frame == Some(clock) { 0 } else { self.rates.ppb(clock) };
                    self.distance[a][b] = Some(Fine::from(ppb) * Fine::from(from.abs_diff(to)));
                }
            }
        }
        for edge in edges {
            let (a, b) = (self.at(&edge.from), self.at(&edge.to));
            let weight = edge.weight(&self.rates);
            self.distance[a][b] = Some(self.distance[a][b].map_or(weight, |known| known.min(weight)));
        }
        for k in 0..self.nodes.len() {
            for a in 0..self.nodes.len() {
                let Some(first) = self.distance[a][k] else { continue };
                for b in 0..self.nodes.len() {
                    let Some(second) = self.distance[k][b] else { continue };
                    let through = first + second;
                    if self.distance[a][b].is_none_or(|known| through < known) {
                        self.distance[a][b] = Some(through);
                    }
                }
            }
        }
    }

    fn at(&self, stamp: &Stamp) -> usize {
        self.nodes.binary_search(&(stamp.clock, stamp.anchor_ns)).unwrap()
    }

    pub fn is_feasible(&self) -> bool {
        (0..self.nodes.len()).all(|at| self.distance[at][at].is_none_or(|cycle| cycle >= 0))
    }

    pub fn distance(&self, from: (u32, i64), to: (u32, i64)) -> Option<Fine> {
        let at = |place| self.nodes.binary_search(&place).unwrap();
        self.distance[at(from)][at(to)]
    }

    pub fn nodes(&self) -> &[(u32, i64)] {
        &self.nodes
    }
}
