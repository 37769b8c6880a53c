//! Messages that are set aside because most others between the same two clocks contradict them.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::FixedState;
use hashbrown::HashSet;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::super::causal::{Cause, Evidence, Rule};
use super::super::findings::Finding;
use super::super::solve::{Edge, Rates, ceil_ns, floor_ns};
use super::contradiction::Contradiction;
use super::vote::{Ballot, Fate, vote};
use super::{Changes, Element, Messages, Repair};
use crate::model::SpanIx;

/// What a vote says about the messages between two clocks.
#[derive(Clone, Debug, Default)]
pub struct Votes {
    /// So many contradict most of the others near them.
    pub outvoted: u64,
    /// So many contradict others, and nobody can tell which of them are wrong: none of them counts.
    pub undecided: u64,
    /// Of so many in all, these included.
    pub of: u64,
    /// Those outvoted, by rule.
    pub rules: BTreeMap<Rule, u64>,
    /// Spans that they lead to, the clearest first; at most [`Finding::EXAMPLES`].
    pub spans: Vec<SpanIx>,
}

/// What became of one pair of clocks.
#[derive(Clone, Debug, Default)]
struct Tally {
    votes: Votes,
    /// Two messages that cannot both be right.
    worst: Option<Contradiction>,
}

/// The messages that do not count, and why.
#[derive(Clone, Debug, Default)]
pub struct Outvoted {
    causes: HashSet<Cause, FixedState>,
    /// By pair of clocks, the lower one first.
    pairs: BTreeMap<(u32, u32), Tally>,
}

/// A message whose fate was found, in the order of the store.
struct Found {
    serial: u32,
    pair: usize,
    fate: Fate,
    /// What names the pair's examples: 0 for the clearest; `None` = it is none.
    rank: Option<u32>,
}

impl Outvoted {
    /// Whether nothing was set aside.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.causes.is_empty()
    }

    /// Whether the message of `cause` does not count.
    #[must_use]
    pub fn contains(&self, cause: &Cause) -> bool {
        self.causes.contains(cause)
    }

    /// Lets the messages between each of `pairs` vote, those that count under `changes`. Visits every message twice.
    pub(super) fn count(
        messages: &mut impl Messages,
        (changes, rates): (&Changes, &Rates),
        pairs: &BTreeSet<(u32, u32)>,
    ) -> Self {
        let ballots = ballots(messages, (changes, rates), pairs);
        let sizes: Vec<usize> = ballots.iter().map(Vec::len).collect();
        let jobs: Vec<_> = ballots.into_iter().zip(pairs).collect();
        let outcomes = jobs.into_par_iter().map(|(own, pair)| vote(own, (rates.ppb(pair.0), rates.ppb(pair.1))));
        let outcomes: Vec<_> = outcomes.collect();
        let mut found: Vec<Found> = Vec::new();
        let mut wanted: BTreeMap<u32, Option<(Edge, u32)>> = BTreeMap::new();
        let mut worst: Vec<Option<(u32, u32)>> = Vec::new();
        for (pair, outcome) in outcomes.into_iter().enumerate() {
            let from = found.len();
            found.extend(outcome.fates.into_iter().map(|(serial, fate)| Found { serial, pair, fate, rank: None }));
            let own = &mut found[from..];
            own.sort_unstable_by_key(|own| (std::cmp::Reverse(own.by_ns()), own.serial));
            let shown = own.iter_mut().filter(|own| own.against().is_some());
            for (rank, own) in (0..).zip(shown.take(Finding::EXAMPLES)) {
                own.rank = Some(rank);
            }
            worst.push(own.first().and_then(|own| Some((own.serial, own.against()?))));
        }
        for &(own, against) in worst.iter().flatten() {
            wanted.insert(own, None);
            wanted.insert(against, None);
        }
        found.sort_unstable_by_key(|own| own.serial);
        let mut tallies: Vec<Tally> = sizes.iter().map(|&size| Tally::of(size as u64)).collect();
        let mut causes = HashSet::with_capacity_and_hasher(found.len(), FixedState::default());
        let mut examples: Vec<Vec<(u32, SpanIx)>> = vec![Vec::new(); tallies.len()];
        let (mut serial, mut next) = (0_u32, found.iter().peekable());
        messages.each(changes, &mut |edge, class| {
            if let Some(slot) = wanted.get_mut(&serial) {
                *slot = Some((*edge, class));
            }
            if let Some(own) = next.next_if(|own| own.serial == serial) {
                causes.insert(edge.cause);
                tallies[own.pair].votes.add(own.fate, edge.cause.rule);
                examples[own.pair].extend(own.rank.map(|rank| (rank, edge.cause.to.span)));
            }
            serial = serial.saturating_add(1);
        });
        for ((tally, mut examples), worst) in tallies.iter_mut().zip(examples).zip(worst) {
            examples.sort_unstable();
            tally.votes.show(examples.into_iter().map(|example| example.1));
            let edge = |serial: u32| wanted.get(&serial).copied().flatten();
            tally.worst = worst.and_then(|(own, other)| Contradiction::of_two(edge(own)?, edge(other)?, rates));
        }
        let pairs = pairs.iter().copied().zip(tallies).filter(|(_, tally)| tally.votes.set_aside() > 0).collect();
        Self { causes, pairs }
    }

    /// Sets aside all messages of a contradiction that nobody can decide.
    pub(super) fn add(&mut self, contradiction: &Contradiction) {
        let Some(last) = contradiction.edges.last() else { return };
        let pair = (last.from.clock.min(last.to.clock), last.from.clock.max(last.to.clock));
        let tally = self.pairs.entry(pair).or_default();
        for edge in &contradiction.edges {
            if self.causes.insert(edge.cause) {
                tally.votes.undecided += 1;
                tally.votes.show(std::iter::once(edge.cause.to.span));
            }
        }
        tally.worst.get_or_insert_with(|| contradiction.clone());
    }

    /// One root cause for each pair of clocks.
    pub(super) fn repairs(&self) -> Vec<Repair> {
        let repair = |(&(a, b), tally): (&(u32, u32), &Tally)| {
            let contradictions = vec![tally.worst.clone()?];
            let element = Element::Outvoted { a, b };
            Some(Repair { votes: Some(tally.votes.clone()), ..Repair::new(element, contradictions) })
        };
        self.pairs.iter().filter_map(repair).collect()
    }
}

impl Found {
    fn by_ns(&self) -> i64 {
        match self.fate {
            Fate::Outvoted { by_ns, .. } => by_ns,
            Fate::Undecided { .. } => 0,
            Fate::Torn => -1,
        }
    }

    fn against(&self) -> Option<u32> {
        match self.fate {
            Fate::Outvoted { against, .. } | Fate::Undecided { against } => Some(against),
            Fate::Torn => None,
        }
    }
}

impl Tally {
    fn of(size: u64) -> Self {
        Self { votes: Votes { of: size, ..Votes::default() }, worst: None }
    }
}

impl Votes {
    fn set_aside(&self) -> u64 {
        self.outvoted + self.undecided
    }

    fn add(&mut self, fate: Fate, rule: Rule) {
        match fate {
            Fate::Outvoted { .. } => {
                self.outvoted += 1;
                *self.rules.entry(rule).or_default() += 1;
            }
            Fate::Undecided { .. } => self.undecided += 1,
            // A matter of the jump.
            Fate::Torn => {}
        }
    }

    fn show(&mut self, spans: impl Iterator<Item = SpanIx>) {
        for span in spans {
            if self.spans.len() < Finding::EXAMPLES && !self.spans.contains(&span) {
                self.spans.push(span);
            }
        }
    }
}

/// The votes of each of `pairs`. What a machine claims about its clock is no message and has none.
fn ballots(
    messages: &mut impl Messages,
    (changes, rates): (&Changes, &Rates),
    pairs: &BTreeSet<(u32, u32)>,
) -> Vec<Vec<Ballot>> {
    let list: Vec<(u32, u32)> = pairs.iter().copied().collect();
    let mut ballots: Vec<Vec<Ballot>> = vec![Vec::new(); list.len()];
    let mut serial = 0_u32;
    messages.each(changes, &mut |edge, _| {
        let own = serial;
        serial = serial.saturating_add(1);
        let is_upper = edge.from.clock < edge.to.clock;
        let (low, high) = if is_upper { (&edge.from, &edge.to) } else { (&edge.to, &edge.from) };
        let Ok(at) = list.binary_search(&(low.clock, high.clock)) else { return };
        if edge.cause.rule.strength() == Evidence::Prior {
            return;
        }
        let weight = edge.weight(rates);
        let bound_ns = if is_upper { ceil_ns(weight) } else { floor_ns(-weight) };
        let at_ns = (low.anchor_ns, high.anchor_ns);
        ballots[at].push(Ballot { at_ns, bound_ns, is_upper, serial: own });
    });
    ballots
}
