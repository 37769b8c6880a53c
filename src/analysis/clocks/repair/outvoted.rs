//! Messages that are set aside because most others between the same two clocks contradict them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::super::causal::{Cause, Evidence, Rule};
use super::super::findings::Finding;
use super::super::solve::{Edge, Fine, Rates, Stamp, ceil_ns, floor_ns, round_trip_cost};
use super::contradiction::Contradiction;
use super::vote::{Ballot, Fate, vote};
use super::{Changes, Consistent, Element, Messages, Repair};
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

/// Why a message does not count.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Outvoted,
    Undecided,
    Torn,
}

impl Kind {
    const fn of(fate: Fate) -> Self {
        match fate {
            Fate::Outvoted { .. } => Self::Outvoted,
            Fate::Undecided { .. } => Self::Undecided,
            Fate::Torn => Self::Torn,
        }
    }
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
    causes: HashMap<Cause, Kind, FixedState>,
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
        self.causes.contains_key(cause)
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
        let mut causes = HashMap::with_capacity_and_hasher(found.len(), FixedState::default());
        let mut examples: Vec<Vec<(u32, SpanIx)>> = vec![Vec::new(); tallies.len()];
        let (mut serial, mut next) = (0_u32, found.iter().peekable());
        messages.each(changes, &mut |edge, class| {
            if let Some(slot) = wanted.get_mut(&serial) {
                *slot = Some((*edge, class));
            }
            if let Some(own) = next.next_if(|own| own.serial == serial) {
                causes.insert(edge.cause, Kind::of(own.fate));
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
            if self.causes.insert(edge.cause, Kind::Undecided).is_none() {
                tally.votes.undecided += 1;
                tally.votes.show(std::iter::once(edge.cause.to.span));
            }
        }
        tally.worst.get_or_insert_with(|| contradiction.clone());
    }

    /// Takes back what is said of messages that `system` explains: of those near a jump the vote cannot tell on which
    /// side they are, and where nothing is known between two clocks nothing is said. Visits every message.
    pub(super) fn take_back(&mut self, messages: &mut impl Messages, system: &Consistent, rates: &Rates) {
        let rates = system.changes.rates(rates);
        let mut worst: BTreeMap<(u32, u32), (Fine, Edge, u32)> = BTreeMap::new();
        let all = Changes { outvoted: Arc::default(), ..system.changes.clone() };
        messages.each(&all, &mut |edge, class| {
            let Some(kind) = self.causes.get(&edge.cause) else { return };
            let pair = (edge.from.clock.min(edge.to.clock), edge.from.clock.max(edge.to.clock));
            let Some(tally) = self.pairs.get_mut(&pair) else { return };
            let by = system.known_offset(&edge.to).zip(system.known_offset(&edge.from));
            let by = by.map_or(0, |(to, from)| to - from - edge.weight(&rates));
            if by > 0 && !system.is_torn(edge) {
                let slot = worst.entry(pair).or_insert((by, *edge, class));
                if by > slot.0 {
                    *slot = (by, *edge, class);
                }
            } else {
                tally.votes.take_back(*kind, edge);
            }
        });
        for (pair, tally) in &mut self.pairs {
            tally.worst = worst.get(pair).and_then(|&(_, edge, class)| opponent(system, (edge, class), &rates));
        }
        self.pairs.retain(|_, tally| tally.votes.set_aside() > 0);
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

    fn take_back(&mut self, kind: Kind, edge: &Edge) {
        match kind {
            Kind::Outvoted => {
                self.outvoted = self.outvoted.saturating_sub(1);
                if let Some(count) = self.rules.get_mut(&edge.cause.rule) {
                    *count = count.saturating_sub(1);
                }
            }
            Kind::Undecided => self.undecided = self.undecided.saturating_sub(1),
            Kind::Torn => {}
        }
        self.spans.retain(|&span| span != edge.cause.to.span);
    }

    fn show(&mut self, spans: impl Iterator<Item = SpanIx>) {
        for span in spans {
            if self.spans.len() < Finding::EXAMPLES && !self.spans.contains(&span) {
                self.spans.push(span);
            }
        }
    }
}

/// The contradiction of a message with the one of those in force that leaves least room for it, while neither clock
/// jumped.
fn opponent(system: &Consistent, (own, class): (Edge, u32), rates: &Rates) -> Option<Contradiction> {
    let stretch = |stamp: &Stamp| (stamp.clock, system.changes.breaks.segment(stamp.clock, stamp.anchor_ns));
    let ends = (stretch(&own.from), stretch(&own.to));
    let back = system.edges.iter().filter(|edge| (stretch(&edge.to), stretch(&edge.from)) == ends);
    let worst = back.min_by_key(|edge| (round_trip_cost(&own, edge, rates), edge.cause))?;
    // Classes of those in force are not at hand, and nobody asks: it is not they that are given up.
    Contradiction::of_two((own, class), (*worst, u32::MAX), rates)
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
