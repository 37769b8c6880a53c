//! What machines claim about their clocks, and messages disprove.

use std::collections::BTreeMap;

use super::super::causal::Evidence;
use super::super::findings::{Code, Finding, Severity};
use super::super::repair::{Contradiction, excess_ns};
use super::super::solve::{Edge, Pairwise, Stamp, Step, ceil_ns, floor_ns};
use super::{Context, proof};
use crate::model::time::duration_text;

/// Two clocks that cannot both be as right as they claim.
struct Broken {
    clocks: [u32; 2],
    at_ns: i64,
    /// How far they are apart at least, and how far they may be by what they claim, nanoseconds.
    apart_ns: i64,
    claimed_ns: i64,
    witness: Vec<Edge>,
}

impl Context<'_> {
    /// Clocks that claim to be closer to UTC than messages allow. Below the level of priors, claims bound nothing,
    /// so that they are checked here; at that level they take part in the repairs.
    pub(super) fn broken_claims(&self) -> Vec<Finding> {
        if self.level == Evidence::Prior {
            return Vec::new();
        }
        let claiming: Vec<u32> =
            (0_u32..).zip(self.declared).filter(|(_, bound)| bound.is_some()).map(|(clock, _)| clock).collect();
        let mut broken = Vec::new();
        for (at, &a) in claiming.iter().enumerate() {
            for &b in &claiming[at + 1..] {
                broken.extend(self.broken_pair(a, b));
            }
        }
        let mut found = Vec::new();
        while !broken.is_empty() {
            let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
            for clock in broken.iter().flat_map(|pair: &Broken| pair.clocks) {
                *counts.entry(clock).or_default() += 1;
            }
            let blamed = counts.iter().min_by_key(|&(&clock, &count)| (std::cmp::Reverse(count), self.blame(clock)));
            let Some((&clock, _)) = blamed else { break };
            let (own, others) = broken.into_iter().partition(|pair| pair.clocks.contains(&clock));
            broken = others;
            found.extend(self.broken_claim(clock, own));
        }
        found
    }

    fn broken_pair(&self, a: u32, b: u32) -> Option<Broken> {
        const MOMENTS: usize = 8;
        let (graph, guide) = (&self.system.graph, self.system.guide());
        let nodes = graph.nodes_of(a);
        let step = (nodes.len() / MOMENTS).max(1);
        let (own, other) = (self.declared[a as usize]?, self.declared[b as usize]?);
        let worst = nodes.step_by(step).filter_map(|node| {
            let at_ns = graph.place(node).1;
            let (from, to) = (Stamp::exact(a, at_ns), Stamp::exact(b, at_ns));
            let mut pairwise = Pairwise::new(graph, guide, from);
            let range = pairwise.offset(graph, guide, &to);
            let (lo, hi) = (range.lo.map(floor_ns), range.hi.map(ceil_ns));
            let apart_ns = lo.into_iter().chain(hi.map(i64::saturating_neg)).max()?;
            let claimed_ns = own.at(at_ns).saturating_add(other.at(at_ns));
            let is_lower = lo == Some(apart_ns);
            let steps = pairwise.why(graph, guide, &to, is_lower);
            let edge = |step: &Step| match *step {
                Step::Edge(ix) => self.system.edges.get(ix as usize).copied(),
                Step::Drift { .. } => None,
            };
            let witness = steps.iter().filter_map(edge).collect();
            (apart_ns > claimed_ns).then_some(Broken { clocks: [a, b], at_ns, apart_ns, claimed_ns, witness })
        });
        worst.max_by_key(|broken| broken.apart_ns.saturating_sub(broken.claimed_ns))
    }

    fn broken_claim(&self, clock: u32, pairs: Vec<Broken>) -> Option<Finding> {
        let count = pairs.len() as u64;
        let worst = pairs.into_iter().max_by_key(|pair| pair.apart_ns.saturating_sub(pair.claimed_ns))?;
        let other = if worst.clocks[0] == clock { worst.clocks[1] } else { worst.clocks[0] };
        let claim = |clock: u32| {
            let bound = self.declared[clock as usize].map_or(0, |bound| bound.at(worst.at_ns));
            duration_text(bound)
        };
        let sentence = format!(
            "{} claims to be within {} of UTC and {} within {}; messages prove that they are at least {} apart.",
            self.name(clock),
            claim(clock),
            self.name(other),
            claim(other),
            duration_text(worst.apart_ns)
        );
        let mut finding = self.clock_finding(Code::B, clock, Some(worst.at_ns), sentence, "M1");
        finding = finding.proven_by(worst.witness.iter().map(proof).collect());
        finding.domains.push(self.domain(other));
        finding.severity = Severity::Suspicious;
        finding.count = count;
        finding.excess_ns = worst.apart_ns.saturating_sub(worst.claimed_ns);
        finding.repairs = vec![
            format!("{} is further from UTC than it claims", self.name(clock)),
            format!("{} is further from UTC than it claims", self.name(other)),
        ];
        Some(finding)
    }

    /// A claim that a repair set aside.
    pub(super) fn broken_bound(&self, edge: &Edge, worst: &Contradiction) -> Finding {
        let is_to_utc = self.processes.other_name(edge.to.clock).is_some();
        let clock = if is_to_utc { edge.from.clock } else { edge.to.clock };
        let claimed = edge.min_delay_ns.saturating_neg();
        let sentence = format!(
            "{} claims to be within {} of UTC; messages prove at least {}.",
            self.name(clock),
            duration_text(claimed),
            duration_text(claimed.saturating_add(excess_ns(worst.excess)))
        );
        self.clock_finding(Code::B, clock, Some(edge.to.raw_ns), sentence, "M1")
    }

    /// Containers that name one host but do not share its clock.
    pub(super) fn not_one_host(&self, edge: &Edge, worst: &Contradiction) -> Finding {
        let sentence = format!(
            "{} and {} name the same host, but their clocks differ by at least {}.",
            self.name(edge.from.clock),
            self.name(edge.to.clock),
            duration_text(excess_ns(worst.excess))
        );
        let mut finding = self.clock_finding(Code::X8, edge.from.clock, None, sentence, "M1");
        finding.domains.push(self.domain(edge.to.clock));
        finding
    }
}
