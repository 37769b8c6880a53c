//! Contradictions looked for and weighed, one after the other, until the rest fits.
//!
//! Where they are too many to be weighed one by one, the messages between each two clocks vote first: see
//! [`super::vote`]. What is left then is weighed, and what is too much of that set aside without weighing.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use super::super::solve::{
    Breaks, Check, Edge, Fine, Graph, Rates, Shape, Witness, disjoint_round_trips, worst_round_trip, worst_round_trips,
};
use super::cover::{explain, hitting_set};
use super::outvoted::Outvoted;
use super::{Changes, Consistent, Contradiction, Element, Messages, Repair, Terms, steady};

/// How often the edges are collected anew.
const COLLECTIONS: usize = 6;
/// How often votes are counted: again when some clocks turn out to be several, or faster than assumed.
const VOTES: usize = 3;
/// After a vote a clock is blamed only if at least so many messages contradict each other without that.
const SUPPORT: usize = 8;
/// What resolves at least so many of the contradictions weighed so far is kept when the others are set aside.
const LASTING: usize = 3;

/// A system in the making.
pub(super) struct Weighing<'a> {
    terms: Terms<'a>,
    near: Option<&'a Consistent>,
    /// What is changed whatever is found.
    base: Changes,
    /// Votes counted so far. From the first one on, most messages that contradict the others are set aside.
    votes: usize,
    /// What was known then about clocks that makes a difference to them.
    voted_with: BTreeSet<Element>,
    found: Vec<Contradiction>,
    chosen: Vec<Element>,
    /// Whether no set of changes is cheaper than what was chosen.
    is_cheapest: bool,
    /// Pairs of clocks that were given up, and why.
    given_up: Vec<Repair>,
    /// Contradictions of which all messages were set aside unweighed, and loops of more than two clocks among them.
    unweighed: usize,
    loops: usize,
}

/// What came of it.
pub(super) struct Weighed {
    pub exact: Consistent,
    pub chosen: Vec<Element>,
    /// All edges with their classes that it was found with.
    pub all: Vec<(Edge, u32)>,
}

/// Edges in force, and how fast clocks drift.
struct Active {
    changes: Changes,
    rates: Rates,
    entries: Vec<(Edge, u32)>,
    edges: Vec<Edge>,
}

/// What a system says.
enum Verdict {
    Fits(Box<Graph>, Vec<Fine>),
    /// Contradictions, one at least.
    Contradicts(Vec<Witness>),
}

impl<'a> Weighing<'a> {
    pub(super) fn new(terms: Terms<'a>, near: Option<&'a Consistent>) -> Self {
        Self {
            terms,
            near,
            base: Changes::default(),
            votes: 0,
            voted_with: BTreeSet::new(),
            found: Vec::new(),
            chosen: Vec::new(),
            is_cheapest: true,
            given_up: Vec::new(),
            unweighed: 0,
            loops: 0,
        }
    }

    /// Weighs all contradictions.
    pub(super) fn run(mut self, messages: &mut impl Messages) -> Weighed {
        let mut rounds = 0;
        loop {
            let collected = self.changes();
            let mut all = messages.reduced(&collected);
            let known = (self.found.len(), self.unweighed);
            rounds += 1;
            loop {
                let active = self.active(&all);
                let witnesses = match self.check(&active) {
                    Verdict::Contradicts(witnesses) => witnesses,
                    Verdict::Fits(..) if (self.found.len(), self.unweighed) != known && rounds < COLLECTIONS => break,
                    Verdict::Fits(graph, solution) => {
                        let exact = self.consistent(active, (*graph, solution));
                        if self.votes > 0 && self.drop_unsupported(&exact, &all, messages) {
                            continue;
                        }
                        if self.votes > 0 && self.votes < VOTES && self.electorate() != self.voted_with {
                            self.vote(messages);
                            rounds = 0;
                            break;
                        }
                        all.retain(|(edge, class)| self.base.allows(edge, *class));
                        return Weighed { exact, chosen: self.chosen, all };
                    }
                };
                if self.found.len() < self.terms.budget.weighed && !self.has_many(&active) {
                    let room = self.terms.budget.weighed - self.found.len();
                    for witness in witnesses.into_iter().take(room) {
                        let witness = witness.shrink(&active.edges, &active.rates, &active.changes.breaks);
                        self.found.push(Contradiction::of(&witness, &active.entries, self.terms.rates));
                    }
                    (self.chosen, self.is_cheapest) = hitting_set(&self.found, &self.terms);
                    // Taking a clock apart gives its edges other clocks: start from the store again.
                    if rounds < COLLECTIONS && self.changes().splits != collected.splits {
                        break;
                    }
                } else if self.votes == 0 {
                    self.vote(messages);
                    rounds = 0;
                    break;
                } else {
                    self.set_aside(&all);
                }
            }
        }
    }

    /// Whether a look shows that there are too many contradictions to weigh them one by one.
    fn has_many(&self, active: &Active) -> bool {
        let is_first = self.votes == 0 && self.found.is_empty();
        let many = self.terms.budget.many;
        is_first
            && active.edges.len() > many
            && disjoint_round_trips(&active.edges, &active.rates, &active.changes.breaks).len() > many
    }

    fn changes(&self) -> Changes {
        self.base.with(&self.chosen)
    }

    fn active(&self, all: &[(Edge, u32)]) -> Active {
        self.active_under(all, self.changes())
    }

    fn active_under(&self, all: &[(Edge, u32)], changes: Changes) -> Active {
        let entries: Vec<(Edge, u32)> =
            all.iter().filter(|(edge, class)| changes.allows(edge, *class)).copied().collect();
        let edges: Vec<Edge> = entries.iter().map(|entry| entry.0).collect();
        let rates = changes.rates(self.terms.rates);
        Active { changes, rates, entries, edges }
    }

    /// Solves `active`. A solution near by saves the search where it fits, but decides nothing: which contradiction is
    /// found first must not depend on what was looked at before. The shortest contradictions come first; in a system
    /// that is known to have some they are looked for before anything else.
    fn check(&self, active: &Active) -> Verdict {
        let (edges, rates, breaks) = (&active.edges, &active.rates, &active.changes.breaks);
        let is_troubled = self.votes > 0 || !self.found.is_empty();
        if self.votes > 0 {
            // One of each pair of clocks at once: they say together which clock is to blame.
            let witnesses = worst_round_trips(edges, rates, breaks);
            if !witnesses.is_empty() {
                return Verdict::Contradicts(witnesses);
            }
        } else if is_troubled && let Some(witness) = worst_round_trip(edges, rates, breaks) {
            return Verdict::Contradicts(vec![witness]);
        }
        let graph = Graph::build(edges, rates, breaks, Shape::Drift);
        if let Some(near) = self.near
            && let Check::Feasible(solution) = graph.check(Some(near.guess_for(&graph)))
        {
            return Verdict::Fits(Box::new(graph), solution);
        }
        match graph.check(steady(edges, &graph)) {
            Check::Feasible(solution) => Verdict::Fits(Box::new(graph), solution),
            Check::Contradiction(witness) => {
                let shortest = if is_troubled { None } else { worst_round_trip(edges, rates, breaks) };
                Verdict::Contradicts(vec![shortest.unwrap_or(witness)])
            }
        }
    }

    fn consistent(&self, active: Active, (graph, solution): (Graph, Vec<Fine>)) -> Consistent {
        let mut repairs = explain(&self.chosen, &self.found, &self.terms);
        for repair in &mut repairs {
            repair.is_first_found = !self.is_cheapest;
        }
        repairs.extend(self.given_up.iter().cloned());
        let Active { changes, edges, .. } = active;
        Consistent { edges, graph, solution, changes, repairs, jumps: Vec::new(), guide: OnceLock::new() }
    }

    /// Lets the messages vote between all clocks that contradict each other, and starts anew with what is left.
    fn vote(&mut self, messages: &mut impl Messages) {
        let electorate = self.electorate();
        let changes = Changes::of(&electorate.iter().copied().collect::<Vec<_>>());
        let rates = changes.rates(self.terms.rates);
        let edges: Vec<Edge> = messages.reduced(&changes).into_iter().map(|entry| entry.0).collect();
        let pair = |edge: &Edge| (edge.from.clock.min(edge.to.clock), edge.from.clock.max(edge.to.clock));
        let witnesses = worst_round_trips(&edges, &rates, &Breaks::none());
        let pairs: BTreeSet<(u32, u32)> =
            witnesses.iter().flat_map(Witness::edges).map(|ix| pair(&edges[ix as usize])).collect();
        let outvoted = Outvoted::count(messages, (&changes, &rates), &pairs);
        let votes = self.votes + 1;
        *self = Self::new(Terms { spares_classes: true, ..self.terms }, self.near);
        self.base.outvoted = Arc::new(outvoted);
        (self.votes, self.voted_with) = (votes, electorate);
    }

    /// What was found about clocks that makes messages agree that otherwise do not.
    fn electorate(&self) -> BTreeSet<Element> {
        let matters = |element: &&Element| matches!(element, Element::Rate { .. } | Element::Split { .. });
        self.chosen.iter().filter(matters).copied().collect()
    }

    /// Blames no clock for what a few messages say: sets those aside. True when something was.
    fn drop_unsupported(&mut self, exact: &Consistent, all: &[(Edge, u32)], messages: &mut impl Messages) -> bool {
        let suspects: Vec<Element> = self.chosen.iter().copied().filter(|element| element.blames_clock()).collect();
        if suspects.is_empty() || self.unweighed >= self.terms.budget.unweighed {
            return false;
        }
        let is_weak = |element: &Element| {
            let others: Vec<Element> = self.chosen.iter().copied().filter(|other| other != element).collect();
            self.contradictions(&self.active_under(all, self.base.with(&others))).len() < SUPPORT
        };
        let mut unsupported: Vec<Element> = suspects.into_iter().filter(is_weak).collect();
        if !unsupported.is_empty() {
            // Of few messages that no other one implies, each may stand for many.
            let counts = messages.explained(exact);
            let mut counts = exact.repairs.iter().zip(counts).filter(|(_, count)| *count >= SUPPORT as u64);
            let supported: Vec<Element> = counts.by_ref().map(|(repair, _)| repair.element).collect();
            unsupported.retain(|element| !supported.contains(element));
        }
        if unsupported.is_empty() {
            return false;
        }
        self.chosen.retain(|element| !unsupported.contains(element));
        let is_open = |own: &Contradiction| !self.chosen.iter().any(|&other| own.is_hit(other, &self.terms));
        let (mut open, explained): (Vec<_>, Vec<_>) = std::mem::take(&mut self.found).into_iter().partition(is_open);
        self.found = explained;
        // What was found in another round may not be at hand any more.
        open.extend(self.contradictions(&self.active(all)));
        open.iter().for_each(|contradiction| self.drop_all(contradiction));
        true
    }

    /// Contradictions of two messages each, none of which shares a message with another.
    fn contradictions(&self, active: &Active) -> Vec<Contradiction> {
        let witnesses = disjoint_round_trips(&active.edges, &active.rates, &active.changes.breaks);
        witnesses.iter().map(|witness| Contradiction::of(witness, &active.entries, self.terms.rates)).collect()
    }

    fn drop_all(&mut self, contradiction: &Contradiction) {
        self.unweighed += 1;
        Arc::make_mut(&mut self.base.outvoted).add(contradiction);
    }

    /// Sets aside what contradicts itself and what was chosen for many contradictions does not explain, all messages of
    /// each: which of them is wrong is not weighed.
    fn set_aside(&mut self, all: &[(Edge, u32)]) {
        let is_lasting = |element: &Element| {
            let hit = |own: &&Contradiction| own.is_hit(*element, &self.terms);
            element.blames_clock() && self.found.iter().filter(hit).count() >= LASTING
        };
        let lasting: Vec<Element> = self.chosen.iter().copied().filter(is_lasting).collect();
        let is_explained = |own: &Contradiction| lasting.iter().any(|&element| own.is_hit(element, &self.terms));
        self.found = std::mem::take(&mut self.found).into_iter().filter(is_explained).collect();
        self.chosen = lasting;
        let active = self.active(all);
        let mut open = self.contradictions(&active);
        open.truncate(self.terms.budget.unweighed.saturating_sub(self.unweighed));
        if open.is_empty()
            && let Verdict::Contradicts(witnesses) = self.check(&active)
            && let Some(witness) = witnesses.into_iter().next()
        {
            let (rates, breaks) = (&active.rates, &active.changes.breaks);
            if self.loops >= self.terms.budget.loops || !disjoint_round_trips(&active.edges, rates, breaks).is_empty() {
                return self.give_up_pairs(&active, witness);
            }
            self.loops += 1;
            let witness = witness.shrink(&active.edges, rates, breaks);
            open.push(Contradiction::of(&witness, &active.entries, self.terms.rates));
        }
        for contradiction in &open {
            self.drop_all(contradiction);
        }
    }

    /// Past all limits: gives up every pair of clocks on a cycle, so that this ends soon. Those of two clocks have
    /// nothing to do with each other.
    fn give_up_pairs(&mut self, active: &Active, witness: Witness) {
        let (rates, breaks) = (&active.rates, &active.changes.breaks);
        let mut witnesses = worst_round_trips(&active.edges, rates, breaks);
        if witnesses.is_empty() {
            witnesses.push(witness.shrink(&active.edges, rates, breaks));
        }
        for witness in witnesses {
            let contradiction = Contradiction::of(&witness, &active.entries, self.terms.rates);
            for edge in &contradiction.edges {
                let (from, to) = (edge.from.clock, edge.to.clock);
                if self.base.pairs.insert((from, to)) {
                    let repair = Repair::new(Element::Pair { from, to }, vec![contradiction.clone()]);
                    self.given_up.push(Repair { given_up_after: Some(self.unweighed), ..repair });
                }
            }
        }
    }
}
