//! Edges that cannot all hold, and what would resolve that.

use std::collections::BTreeSet;

use super::super::causal::{Cause, Evidence, Rule};
use super::super::solve::{Edge, Fine, Rates, Step, Witness, round_trip_cost};
use super::Element;
use super::changes::{FASTEST_SLEW_PPB, slew_bound};
use super::terms::{Terms, UNNAMED};

/// Edges that cannot all hold.
#[derive(Clone, Debug)]
pub struct Contradiction {
    /// The edges, in causal order; the last one ends where the first one starts.
    pub edges: Vec<Edge>,
    /// By how much they contradict each other.
    pub excess: Fine,
    /// Class of each edge.
    pub(super) classes: Vec<u32>,
}

impl Contradiction {
    /// What `witness` says about `active`, edges with their classes, under the usual drift of `rates`.
    #[must_use]
    pub fn of(witness: &Witness, active: &[(Edge, u32)], rates: &Rates) -> Self {
        let ixs: Vec<usize> = witness.edges().map(|ix| ix as usize).collect();
        let excess = excess(&witness.steps, active, rates);
        let (edges, classes) = ixs.iter().map(|&ix| active[ix]).unzip();
        Self { edges, classes, excess }
    }

    /// What two messages with their classes say about each other, one each way between two clocks; `None` where they do
    /// not contradict each other.
    pub(super) fn of_two(one: (Edge, u32), other: (Edge, u32), rates: &Rates) -> Option<Self> {
        let excess = -round_trip_cost(&one.0, &other.0, rates);
        let (edges, classes) = (vec![one.0, other.0], vec![one.1, other.1]);
        (excess > 0).then_some(Self { edges, classes, excess })
    }

    /// Whether it holds by protocol alone.
    #[must_use]
    pub fn is_hard(&self) -> bool {
        self.edges.iter().all(|edge| edge.cause.rule.strength() == Evidence::Protocol)
    }

    /// Where the cycle stays on a clock: (clock, arrival, departure), times of that clock.
    pub fn stays(&self) -> impl Iterator<Item = (u32, i64, i64)> + '_ {
        let next = self.edges.iter().cycle().skip(1);
        self.edges.iter().zip(next).map(|(edge, next)| (edge.to.clock, edge.to.anchor_ns, next.from.anchor_ns))
    }

    /// The weak classes on the cycle.
    pub fn weak_classes(&self) -> impl Iterator<Item = u32> + '_ {
        let classes = self.edges.iter().zip(&self.classes);
        classes.filter(|(edge, _)| edge.cause.rule.strength() == Evidence::Convention).map(|(_, &class)| class)
    }

    /// The class of the edge of `cause`, if it is one of these.
    #[must_use]
    pub fn class_of(&self, cause: Cause) -> Option<u32> {
        let at = self.edges.iter().position(|edge| edge.cause == cause)?;
        self.classes.get(at).copied()
    }

    /// Clocks on which the cycle goes from a stamp of one process to one of another.
    pub(super) fn crossings<'a>(&'a self, terms: &'a Terms<'_>) -> impl Iterator<Item = u32> + 'a {
        let next = self.edges.iter().cycle().skip(1);
        let stays = self.edges.iter().zip(next);
        let across =
            stays.filter(|(edge, next)| terms.may_differ(edge.to.clock, edge.cause.to.span, next.cause.from.span));
        across.map(|(edge, _)| edge.to.clock)
    }

    /// The changes that would resolve this contradiction, each with its cost in thousandths.
    pub(super) fn remedies(&self, terms: &Terms<'_>) -> Vec<(Element, u32)> {
        let mut found = Vec::new();
        for (edge, &class) in self.edges.iter().zip(&self.classes) {
            let strength = edge.cause.rule.strength();
            let cost = match (edge.cause.rule, strength) {
                (Rule::DeclaredBound, _) => 2000,
                // After a vote, what is left of wrong messages is not worth a second clock.
                (_, Evidence::Protocol) if terms.spares_classes => 1000,
                (_, Evidence::Protocol) => 4000,
                _ => 1000,
            };
            found.push((Element::Edge(edge.cause), cost));
            if strength == Evidence::Convention && !terms.spares_classes && !terms.kept.contains(&class) {
                found.push((Element::Class(class), 2000));
            }
        }
        let crossed: BTreeSet<u32> = self.crossings(terms).collect();
        let is_several = |clock: u32| crossed.contains(&clock) && terms.is_unnamed(clock);
        for (clock, arrival, departure) in self.stays().filter(|stay| stay.1 != stay.2) {
            let trust = terms.trust.get(clock as usize).copied().unwrap_or(0);
            let trust = if is_several(clock) { trust + UNNAMED } else { trust };
            found.push((Element::Jump { clock, at_ns: arrival.max(departure) }, 2500 + trust));
            let passed = Fine::from(arrival.abs_diff(departure));
            let missing = (self.excess + passed - 1) / passed;
            let own = terms.rates.ppb(clock);
            if let Ok(ppb) = u32::try_from(Fine::from(own) + missing)
                && ppb <= FASTEST_SLEW_PPB
            {
                found.push((Element::Rate { clock, ppb }, rate_cost(ppb, own) + trust));
            }
        }
        found.extend(crossed.iter().map(|&clock| (Element::Split { clock }, terms.split_cost(clock))));
        found.sort_by_key(|&(element, cost)| (cost, element));
        found
    }

    pub(in super::super) fn is_hit(&self, element: Element, terms: &Terms<'_>) -> bool {
        match element {
            Element::Edge(cause) => self.edges.iter().any(|edge| edge.cause == cause),
            Element::Class(class) => {
                let weak = |edge: &Edge| edge.cause.rule.strength() == Evidence::Convention;
                self.edges.iter().zip(&self.classes).any(|(edge, &own)| own == class && weak(edge))
            }
            Element::Jump { clock, at_ns } => self.stays().any(|(own, arrival, departure)| {
                own == clock && arrival.min(departure) < at_ns && at_ns <= arrival.max(departure)
            }),
            Element::Rate { clock, ppb } => {
                let more = Fine::from(slew_bound(ppb).saturating_sub(terms.rates.ppb(clock)));
                let passed: Fine = self.stays().filter(|stay| stay.0 == clock).map(|stay| stay_ns(&stay)).sum();
                more * passed >= self.excess
            }
            Element::Split { clock } => self.crossings(terms).any(|own| own == clock),
            Element::Pair { from, to } => self.edges.iter().any(|edge| edge.from.clock == from && edge.to.clock == to),
            // Decided by a vote, not by weighing.
            Element::Outvoted { .. } => false,
        }
    }
}

fn stay_ns(&(_, arrival, departure): &(u32, i64, i64)) -> Fine {
    Fine::from(arrival.abs_diff(departure))
}

fn rate_cost(ppb: u32, own: u32) -> u32 {
    let factor = (ppb / own.max(1)).max(1);
    3000 + 1000 * factor.ilog2() + 1000 * (factor % 2)
}

/// The shortfall of a cycle under the usual drift.
fn excess(steps: &[Step], edges: &[(Edge, u32)], rates: &Rates) -> Fine {
    let cost = |step: &Step| match *step {
        Step::Edge(ix) => edges[ix as usize].0.weight(rates),
        Step::Drift { clock, from_ns, to_ns } => rates.over(clock, from_ns.abs_diff(to_ns)),
    };
    -steps.iter().map(cost).sum::<Fine>()
}
