//! What is changed so that the rest fits.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::causal::Cause;
use super::super::solve::{Breaks, Edge, Rates};
use super::{Element, Outvoted};

/// Changes in force.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Edges that do not count.
    pub edges: BTreeSet<Cause>,
    /// Classes that do not count.
    pub classes: BTreeSet<u32>,
    /// Jumps.
    pub breaks: Breaks,
    /// Faster drifts, (clock, ppb).
    pub rates: Vec<(u32, u32)>,
    /// Pairs of clocks whose messages do not count, (from, to).
    pub pairs: BTreeSet<(u32, u32)>,
    /// Clocks that are taken apart.
    pub splits: BTreeSet<u32>,
    /// Messages that most others contradict.
    pub outvoted: Arc<Outvoted>,
}

impl Changes {
    pub(in super::super) fn of(elements: &[Element]) -> Self {
        let mut changes = Self::default();
        for &element in elements {
            changes.add(element);
        }
        changes
    }

    /// These and further ones.
    pub(super) fn with(&self, elements: &[Element]) -> Self {
        let mut changes = self.clone();
        for &element in elements {
            changes.add(element);
        }
        changes
    }

    pub(in super::super) fn add(&mut self, element: Element) {
        match element {
            Element::Edge(cause) => {
                self.edges.insert(cause);
            }
            Element::Class(class) => {
                self.classes.insert(class);
            }
            Element::Jump { clock, at_ns } => self.breaks.insert(clock, at_ns),
            Element::Rate { clock, ppb } => self.rates.push((clock, slew_bound(ppb))),
            Element::Split { clock } => {
                self.splits.insert(clock);
            }
            Element::Pair { from, to } => {
                self.pairs.insert((from, to));
            }
            // Which messages those are takes a vote.
            Element::Outvoted { .. } => {}
        }
    }

    /// True when nothing is changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.edges.is_empty()
            && self.classes.is_empty()
            && self.breaks.is_empty()
            && self.rates.is_empty()
            && self.pairs.is_empty()
            && self.splits.is_empty()
            && self.outvoted.is_empty()
    }

    /// The drift bounds with these changes.
    #[must_use]
    pub fn rates(&self, base: &Rates) -> Rates {
        let mut rates = base.clone();
        for &(clock, ppb) in &self.rates {
            rates.set(clock, rates.ppb(clock).max(ppb));
        }
        rates
    }

    /// Whether an edge of `class` counts.
    #[must_use]
    pub fn allows(&self, edge: &Edge, class: u32) -> bool {
        !self.classes.contains(&class)
            && !self.edges.contains(&edge.cause)
            && !self.pairs.contains(&(edge.from.clock, edge.to.clock))
            && !self.outvoted.contains(&edge.cause)
    }
}

/// chrony corrects a clock by at most 83,333 ppm.
pub(super) const FASTEST_SLEW_PPB: u32 = 83_333_000;

/// What `TrueTime` allows for, and how fast ntpd corrects, each with the 50 ppm of the clock itself.
const TRUE_TIME_PPB: u32 = 250_000;
pub(super) const NTPD_SLEW_PPB: u32 = 550_000;

/// How fast a clock may have run that needs at least `ppb`: the next limit that clock software has. What the
/// contradictions need is only a lower bound of the rate; with no more than that, true offsets would fall outside of
/// the bounds.
pub(super) fn slew_bound(ppb: u32) -> u32 {
    [TRUE_TIME_PPB, NTPD_SLEW_PPB].into_iter().find(|&limit| ppb <= limit).unwrap_or(FASTEST_SLEW_PPB)
}
