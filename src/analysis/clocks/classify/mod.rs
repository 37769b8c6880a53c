//! From a consistent system and its repairs to findings: root causes in sentences.

mod claims;
mod constants;
mod drift;
mod offsets;
mod repairs;
mod rules;
mod words;

use super::causal::{Cause, Evidence};
use super::declared::Bound;
use super::domains::{ClockKind, Domains};
use super::edges::Classes;
use super::explained::Explained;
use super::findings::{Code, Finding, Proof, Severity};
use super::model::Pair;
use super::processes::Processes;
use super::reference::trust;
use super::repair::Consistent;
use super::solve::{Bounds, Edge, Interval, Pairwise, Rates, Reduced, Stamp, fine, floor_ns};
use crate::analysis::telling_apart::told_apart;
use crate::model::{DomainIx, TraceStore};

/// What findings are made from.
pub struct Context<'a> {
    pub store: &'a TraceStore,
    pub domains: &'a Domains,
    pub level: Evidence,
    /// The first choice of a reference clock: it is blamed last, whoever's time is shown.
    pub reference: Option<DomainIx>,
    pub rates: &'a Rates,
    pub reduced: &'a Reduced,
    pub classes: &'a Classes,
    pub system: &'a Consistent,
    pub processes: &'a Processes,
    /// Bounds under constant offsets, when those fit everything.
    pub pairs: &'a [Pair],
    /// Against the first choice of a reference clock: a start for searches that does not depend on what was looked at
    /// before.
    pub bounds: Option<&'a Bounds>,
    /// What each repair explains.
    pub explained: &'a [Explained],
    /// By domain: how far off its machine says that its clock is, at most.
    pub declared: &'a [Option<Bound>],
}

/// What is wrong, one finding per root cause. The same for every reference clock.
#[must_use]
pub fn faults(context: &Context<'_>) -> Vec<Finding> {
    let repairs = context.system.repairs.iter().enumerate();
    let mut found: Vec<Finding> =
        repairs.map(|(at, repair)| context.of_repair(repair, context.explained.get(at))).collect();
    found.extend(context.broken_claims());
    found.extend(context.frozen());
    found.extend(context.short_round_trips());
    context.only_lanes(&mut found);
    found
}

/// What clocks are like, with the blame on those that are further from the first choice of a reference clock.
#[must_use]
pub fn facts(context: &Context<'_>) -> Vec<Finding> {
    let mut found = context.drifts();
    found.extend(context.offsets());
    found.extend(context.unclear_orders());
    context.only_lanes(&mut found);
    found
}

/// An edge as proof.
#[must_use]
pub fn proof(edge: &Edge) -> Proof {
    Proof { cause: edge.cause, from_ns: edge.from.raw_ns, to_ns: edge.to.raw_ns }
}

impl Context<'_> {
    /// Brokers, collectors and UTC have no lane.
    fn only_lanes(&self, found: &mut [Finding]) {
        for finding in found {
            finding.domains.retain(|domain| domain.at() < self.domains.list.len());
        }
    }

    pub(super) fn domain(&self, clock: u32) -> DomainIx {
        self.processes.domain(clock)
    }

    pub(super) fn name(&self, clock: u32) -> &str {
        let other = || self.processes.other_name(clock).unwrap_or("?");
        self.domains.list.get(self.domain(clock).at()).map_or_else(other, |domain| &domain.name)
    }

    /// `“post”` of the cause and of the effect; `“post” on gateway` where both are called the same.
    pub(super) fn spans(&self, cause: Cause) -> [String; 2] {
        let (from, to) = (cause.from.span, cause.to.span);
        let [of_from, of_to] = told_apart(self.store, self.domains, from, to);
        let name = |span| self.store.span(span).name();
        [format!("“{}”{of_from}", name(from)), format!("“{}”{of_to}", name(to))]
    }

    /// `“post” → “handle”`.
    pub(super) fn message(&self, cause: Cause) -> String {
        self.spans(cause).join(" → ")
    }

    /// How readily a clock is blamed: unmanaged ones first, the reference last.
    pub(super) fn blame(&self, clock: u32) -> (bool, u8, u32) {
        let domain = self.domain(clock);
        let kind = self.domains.list.get(domain.at()).map_or(ClockKind::Unknown, |domain| domain.kind);
        let has_no_lane = domain.at() >= self.domains.list.len();
        (self.reference == Some(domain) || has_no_lane, trust(kind), clock)
    }

    /// What is known about (offset of `other`) - (offset of `clock`) when `other` shows `at_ns`.
    pub fn offset_between(&self, clock: u32, other: u32, at_ns: i64) -> Interval {
        let near = at_ns.saturating_sub(floor_ns(self.system.offset_near(other, at_ns)));
        let near = near.saturating_add(floor_ns(self.system.offset_near(clock, near)));
        self.difference(&Stamp::exact(clock, near), &Stamp::exact(other, at_ns))
    }

    /// What is known about (offset at `to`) - (offset at `from`).
    pub(super) fn difference(&self, from: &Stamp, to: &Stamp) -> Interval {
        let (graph, guide) = (&self.system.graph, self.system.guide());
        Pairwise::new(graph, guide, *from).offset(graph, guide, to)
    }

    /// As [`Self::difference`], from the constant bounds of the pair where there are some: no search needed.
    pub(super) fn constant_or(&self, from: &Stamp, to: &Stamp) -> Interval {
        let (a, b) = (from.clock.min(to.clock), from.clock.max(to.clock));
        let Some(pair) = self.pairs.iter().find(|pair| (pair.a.0, pair.b.0) == (a, b)) else {
            return self.difference(from, to);
        };
        let (lo, hi) = (pair.lo_ns.map(fine), pair.hi_ns.map(fine));
        if from.clock == a { Interval { lo, hi } } else { Interval { lo: hi.map(|hi| -hi), hi: lo.map(|lo| -lo) } }
    }

    pub(super) fn clock_finding(
        &self,
        code: Code,
        clock: u32,
        at_ns: Option<i64>,
        sentence: String,
        model: &'static str,
    ) -> Finding {
        let mut finding = Finding::new(code, Severity::Suspicious, sentence);
        finding.root = self.name(clock).to_owned();
        finding.domains = vec![self.domain(clock)];
        finding.at_ns = at_ns;
        finding.model = model;
        finding
    }
}
