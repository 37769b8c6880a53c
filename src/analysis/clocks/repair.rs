//! What to give up when no offsets fit: an edge, a rule, or the steadiness of a clock.
//!
//! A cheapest set of changes that breaks every contradiction, by implicit hitting sets: look for a negative cycle,
//! find the cheapest set for the cycles found so far, apply it, look again. Hitting sets are hard in general
//! (maximum feasible subsystem) but tiny here. Raw data is never changed; a repair only decides which edges count.

mod changes;
mod consistent;
mod contradiction;
mod cover;
mod outvoted;
mod terms;
mod vote;
mod weigh;

use super::causal::Cause;
use super::doubt;
use super::solve::{Edge, FINE_PER_NS, Fine};
pub use changes::Changes;
pub use consistent::{Consistent, steady};
pub use contradiction::Contradiction;
pub use outvoted::{Outvoted, Votes};
pub use terms::Terms;
use weigh::{Weighed, Weighing};

/// A change that may make the rest consistent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Element {
    /// One edge does not hold.
    Edge(Cause),
    /// A weak class of edges does not hold.
    Class(u32),
    /// A clock jumped just before its own time.
    Jump {
        /// The clock.
        clock: u32,
        /// Its time.
        at_ns: i64,
    },
    /// A clock drifts faster than assumed.
    Rate {
        /// The clock.
        clock: u32,
        /// The drift that explains it, in parts per billion.
        ppb: u32,
    },
    /// What is recorded as one clock is several, one per process.
    Split {
        /// The clock.
        clock: u32,
    },
    /// Two clocks contradict each other so often that no messages from one to the other count.
    Pair {
        /// The sending clock.
        from: u32,
        /// The receiving clock.
        to: u32,
    },
    /// Some messages between two clocks contradict most of the others.
    Outvoted {
        /// The lower clock.
        a: u32,
        /// The higher clock.
        b: u32,
    },
}

impl Element {
    /// Whether a clock is to blame, and no message.
    const fn blames_clock(self) -> bool {
        matches!(self, Self::Jump { .. } | Self::Rate { .. } | Self::Split { .. })
    }
}

/// A change that was made, and why.
#[derive(Clone, Debug)]
pub struct Repair {
    /// The change.
    pub element: Element,
    /// The contradictions that it resolves, the worst one first.
    pub contradictions: Vec<Contradiction>,
    /// Other changes that explain the same about as well.
    pub alternatives: Vec<Element>,
    /// There may be more of them: the system contradicts itself too much to try all.
    pub is_cut: bool,
    /// Not all sets of changes were tried: there may be a cheaper one.
    pub is_first_found: bool,
    /// How messages voted, where that decided.
    pub votes: Option<Votes>,
    /// So many contradictions were set aside message by message before all messages were given up.
    pub given_up_after: Option<usize>,
}

impl Repair {
    /// The one message that is at fault, if it is one.
    fn wrong_edge(&self) -> Option<&Edge> {
        let Element::Edge(cause) = self.element else { return None };
        self.contradictions.iter().flat_map(|own| &own.edges).find(|edge| edge.cause == cause)
    }

    fn new(element: Element, contradictions: Vec<Contradiction>) -> Self {
        let (alternatives, is_cut, is_first_found, votes, given_up_after) = (Vec::new(), false, false, None, None);
        Self { element, contradictions, alternatives, is_cut, is_first_found, votes, given_up_after }
    }
}

/// Where repairs get messages from.
pub trait Messages {
    /// The messages in force under `changes` that no other one implies, with their classes: what one implied must come
    /// back when it does not count.
    fn reduced(&mut self, changes: &Changes) -> Vec<(Edge, u32)>;

    /// Calls `visit` for every message in force under `changes`, with its class, always in the same order.
    fn each(&mut self, changes: &Changes, visit: &mut dyn FnMut(&Edge, u32));

    /// How many messages would be impossible without each of the repairs of `system`; 0 where that is not counted.
    fn explained(&mut self, system: &Consistent) -> Vec<u64>;
}

/// How much is weighed before the rest is set aside, and said so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Budget {
    /// Contradictions of two messages each that share none. Past it messages vote at once.
    pub many: usize,
    /// Contradictions weighed against each other. Past it messages vote as well.
    pub weighed: usize,
    /// Contradictions of two messages that votes leave and that are set aside on both sides. Past it pairs of clocks are
    /// given up.
    pub unweighed: usize,
    /// Contradictions of more messages that are set aside, one after the other. Past it pairs of clocks are given up.
    pub loops: usize,
    /// Sets of changes that are tried in search of the cheapest one.
    pub tries: u32,
    /// Arcs that trials of other explanations may scan before the rest is left open.
    pub arcs: usize,
}

impl Default for Budget {
    fn default() -> Self {
        // Trials take about a second.
        Self { many: 500, weighed: 40, unweighed: 2_000, loops: 100, tries: 20_000, arcs: 20_000_000 }
    }
}

/// Finds a cheapest repair and applies it. `near` is a solution of a similar system, to start from.
pub fn repair(terms: &Terms<'_>, near: Option<&Consistent>, messages: &mut impl Messages) -> Consistent {
    let Weighed { exact, chosen, all } = Weighing::new(*terms, near).run(messages);
    let mut system = doubt::loosen(exact, &chosen, all, terms, |changes| messages.reduced(changes));
    if !system.changes.outvoted.is_empty() {
        let mut outvoted = Outvoted::clone(&system.changes.outvoted);
        if !system.changes.breaks.is_empty() {
            outvoted.take_back(messages, &system, terms.rates);
            // Nor is a single message held against the others then.
            let mut repairs = std::mem::take(&mut system.repairs);
            repairs.retain(|repair| !repair.wrong_edge().is_some_and(|edge| system.is_torn(edge)));
            system.repairs = repairs;
        }
        system.repairs.extend(outvoted.repairs());
    }
    system
}

/// An excess in whole nanoseconds, rounded up.
#[must_use]
pub fn excess_ns(excess: Fine) -> i64 {
    i64::try_from((excess + FINE_PER_NS - 1) / FINE_PER_NS).unwrap_or(i64::MAX)
}
