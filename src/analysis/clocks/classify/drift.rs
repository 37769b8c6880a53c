//! Clocks that drift within what is usual, where no constant offset fits.

use super::super::findings::{Code, Finding, Severity};
use super::super::repair::{self, excess_ns};
use super::super::solve::{Check, Edge, Fine, Graph, Rates, Shape};
use super::{Context, proof};
use crate::model::time::duration_text;

impl Context<'_> {
    /// Clocks without one offset for all the time: as few as explain it.
    pub(super) fn drifts(&self) -> Vec<Finding> {
        let edges = &self.system.edges;
        let steady = |clock: u32| self.system.changes.rates.iter().all(|rate| rate.0 != clock);
        let mut rates = Rates::uniform(self.rates.clocks(), 0);
        for &(clock, ppb) in &self.system.changes.rates {
            rates.set(clock, ppb);
        }
        let mut found = Vec::new();
        if self.system.changes.rates.is_empty() && repair::steady(edges, &self.system.graph).is_some() {
            return found;
        }
        for _ in 0..self.rates.clocks() {
            let graph = Graph::build(edges, &rates, &self.system.changes.breaks, Shape::Drift);
            let Check::Contradiction(witness) = graph.check(Some(self.guess(&graph))) else { break };
            let witness = witness.shrink(edges, &rates, &self.system.changes.breaks);
            let cycle: Vec<Edge> = witness.edges().map(|ix| edges[ix as usize]).collect();
            let clocks = cycle.iter().map(|edge| edge.to.clock);
            let blamed =
                clocks.filter(|&clock| rates.ppb(clock) == 0 && steady(clock)).min_by_key(|&clock| self.blame(clock));
            let Some(clock) = blamed else { break };
            rates.set(clock, self.system.graph.rates().ppb(clock).saturating_mul(2));
            found.push(self.drift(clock, &cycle, witness.excess));
        }
        found
    }

    /// The middles of the bounds, per node.
    fn guess(&self, graph: &Graph) -> Vec<Fine> {
        let nodes = 0..u32::try_from(graph.len()).unwrap_or(u32::MAX);
        let middle = |node| {
            let (clock, at_ns) = graph.place(node);
            self.bounds.and_then(|bounds| bounds.estimate(clock, at_ns)).map_or(0, |estimate| estimate.value)
        };
        nodes.map(middle).collect()
    }

    fn drift(&self, clock: u32, cycle: &[Edge], excess: Fine) -> Finding {
        let next = cycle.iter().cycle().skip(1);
        let stays = cycle.iter().zip(next).filter(|(edge, _)| edge.to.clock == clock);
        let passed: u64 = stays.map(|(edge, next)| edge.to.anchor_ns.abs_diff(next.from.anchor_ns)).sum();
        let ppm = excess / Fine::from(passed.max(1)) / 1000 + 1;
        let sentence = format!(
            "No single offset fits {}: messages {} apart contradict each other by {}. A drift of at least {ppm} ppm \
             explains it.",
            self.name(clock),
            duration_text(i64::try_from(passed).unwrap_or(i64::MAX)),
            duration_text(excess_ns(excess))
        );
        let at = cycle.iter().find(|edge| edge.to.clock == clock).map(|edge| edge.to.raw_ns);
        let mut finding = self.clock_finding(Code::X1, clock, at, sentence, "M2");
        finding = finding.proven_by(cycle.iter().map(proof).collect());
        finding.severity = Severity::Clock;
        finding.excess_ns = excess_ns(excess);
        finding
    }
}
