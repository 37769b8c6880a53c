//! Clocks that drift within what is usual, where no constant offset fits.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::super::findings::{Code, Finding, Severity};
use super::super::repair::{self, excess_ns};
use super::super::solve::{Check, Edge, Fine, Graph, Rates, Shape, Stamp};
use super::{Context, proof};
use crate::model::grouped;
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
        self.pair_drifts(&mut rates, &steady, &mut found);
        for _ in 0..self.rates.clocks() {
            let graph = Graph::build(edges, &rates, &self.system.changes.breaks, Shape::Steady);
            let Check::Contradiction(witness) = graph.check(Some(self.guess(&graph))) else { break };
            let witness = witness.shrink(edges, &rates, &self.system.changes.breaks);
            let cycle: Vec<Edge> = witness.edges().map(|ix| edges[ix as usize]).collect();
            let clocks = cycle.iter().map(|edge| edge.to.clock);
            let blamed =
                clocks.filter(|&clock| rates.ppb(clock) == 0 && steady(clock)).min_by_key(|&clock| self.blame(clock));
            let Some(clock) = blamed else { break };
            rates.set(clock, self.drift_of(clock));
            found.push(self.drift(clock, &cycle, witness.excess));
        }
        found
    }

    /// Far more than a clock may drift, so that it is blamed once.
    fn drift_of(&self, clock: u32) -> u32 {
        self.system.graph.rates().ppb(clock).saturating_mul(2)
    }

    /// The clocks of pairs whose own messages fit no offset, which needs no search: as few as explain all pairs.
    fn pair_drifts(&self, rates: &mut Rates, steady: &impl Fn(u32) -> bool, found: &mut Vec<Finding>) {
        let breaks = &self.system.changes.breaks;
        let is_plain = |clock: u32| steady(clock) && breaks.of(clock).next().is_none();
        let plain: Vec<bool> = (0..u32::try_from(self.rates.clocks()).unwrap_or(u32::MAX)).map(is_plain).collect();
        let is_plain = |stamp: &Stamp| plain.get(stamp.clock as usize).copied().unwrap_or(false);
        let mut least: BTreeMap<(u32, u32), (Fine, &Edge)> = BTreeMap::new();
        for edge in self.system.edges.iter().filter(|edge| is_plain(&edge.from) && is_plain(&edge.to)) {
            let weight = edge.weight(rates);
            let known = least.entry((edge.from.clock, edge.to.clock)).or_insert((weight, edge));
            if weight < known.0 {
                *known = (weight, edge);
            }
        }
        let mut pairs: Vec<(Fine, &Edge, &Edge)> = Vec::new();
        for (&(from, to), &(there, edge)) in least.range(..).filter(|(key, _)| key.0 < key.1) {
            let back = least.get(&(to, from)).filter(|(back, _)| there + back < 0);
            pairs.extend(back.map(|&(back, answer)| (-(there + back), edge, answer)));
        }
        while let Some(clock) = self.most_blamed(&pairs) {
            let is_own = |pair: &&(Fine, &Edge, &Edge)| pair.1.from.clock == clock || pair.1.to.clock == clock;
            // The first of equally bad ones.
            let worst = pairs.iter().filter(is_own).rev().max_by_key(|pair| pair.0);
            if let Some(&(excess, edge, answer)) = worst {
                rates.set(clock, self.drift_of(clock));
                found.push(self.drift(clock, &[*edge, *answer], excess));
            }
            pairs.retain(|pair| !is_own(&pair));
        }
    }

    /// The clock that explains most of `pairs`.
    fn most_blamed(&self, pairs: &[(Fine, &Edge, &Edge)]) -> Option<u32> {
        let mut count: BTreeMap<u32, usize> = BTreeMap::new();
        for clock in pairs.iter().flat_map(|pair| [pair.1.from.clock, pair.1.to.clock]) {
            *count.entry(clock).or_default() += 1;
        }
        let rank = |&(clock, count): &(u32, usize)| {
            let (is_reference, trust, clock) = self.blame(clock);
            (is_reference, Reverse(count), trust, clock)
        };
        count.into_iter().min_by_key(rank).map(|(clock, _)| clock)
    }

    /// The middles of the bounds, per node; of a clock that is one node, where it stamped its first message.
    fn guess(&self, graph: &Graph) -> Vec<Fine> {
        let mut first: Vec<Option<i64>> = vec![None; self.rates.clocks()];
        for stamp in self.system.edges.iter().flat_map(|edge| [&edge.from, &edge.to]) {
            if let Some(first) = first.get_mut(stamp.clock as usize) {
                first.get_or_insert(stamp.anchor_ns);
            }
        }
        let nodes = 0..u32::try_from(graph.len()).unwrap_or(u32::MAX);
        let middle = |node| {
            let (clock, at_ns) = graph.place(node);
            let is_one = graph.rates().ppb(clock) == 0;
            let at_ns = first.get(clock as usize).copied().flatten().filter(|_| is_one).unwrap_or(at_ns);
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
            "No single offset fits {}: messages {} apart contradict each other by {}. A drift of at least {} ppm \
             explains it.",
            self.name(clock),
            duration_text(i64::try_from(passed).unwrap_or(i64::MAX)),
            duration_text(excess_ns(excess)),
            grouped(u64::try_from(ppm).unwrap_or(u64::MAX))
        );
        let at = cycle.iter().find(|edge| edge.to.clock == clock).map(|edge| edge.to.raw_ns);
        let mut finding = self.clock_finding(Code::X1, clock, at, sentence, "M2");
        finding = finding.proven_by(cycle.iter().map(proof).collect());
        finding.severity = Severity::Clock;
        finding.excess_ns = excess_ns(excess);
        finding
    }
}
