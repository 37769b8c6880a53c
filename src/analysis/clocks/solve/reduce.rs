//! Dropping edges that others imply, while they arrive.
//!
//! Between one ordered pair of clocks, an edge `(s, t, w)` (anchors of sender and receiver, weight) is implied
//! by `(s', t', w')` when `w - w' >= rho_A |s - s'| + rho_B |t - t'|`: going through the other edge and along
//! both clocks' drift is at least as tight. What is left is the lower envelope of cones over time; it grows far
//! slower than the number of messages. All distances stay exactly the same.
//!
//! Groups keep apart what may be switched off later: strength, rule and operation.

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::cmp::Ordering;
use std::hash::BuildHasher as _;

use super::super::causal::Evidence;
use super::{Breaks, Edge, Fine, Rates, Stamp, is_used};

/// Edges of one class between one ordered pair of clocks.
#[derive(Clone, Debug)]
pub struct Group {
    /// The sending clock.
    pub from: u32,
    /// The receiving clock.
    pub to: u32,
    /// The caller's class of edges: rule and operation.
    pub class: u32,
    /// The steady stretches of both clocks that the edges lie in.
    pub stretches: (u32, u32),
    /// How sure the class is.
    pub strength: Evidence,
    /// Edges seen, kept or not.
    pub seen: u64,
    /// Edges seen whose effect is stamped before its cause by more than the stamps' resolution.
    pub negative: u64,
    /// Edges seen whose effect is stamped before its cause, but by no more than the resolution.
    pub unclear: u64,
    /// The one of those that runs back furthest.
    pub least_clear: Option<Box<Edge>>,
    /// The edges that no other one of this group implies, sorted by sending anchor.
    pub kept: Vec<Edge>,
    /// Some of the others: those with the least weights, for repairs that take an edge of `kept` away.
    pub spare: Vec<Edge>,
    /// Position in `kept` of the edge that later arrivals are compared with.
    current: usize,
    /// How many of `kept` are enough for another sweep.
    limit: usize,
}

/// Collects edges and keeps only those that matter.
#[derive(Clone, Debug)]
pub struct Reducer {
    rates: Rates,
    loosest: Rates,
    breaks: Breaks,
    groups: Vec<Group>,
    by_key: HashTable<u32>,
    last: u32,
    /// Room for spare edges of all groups together.
    room: usize,
}

/// Edges of a group that are not worth a sweep before all have come.
const FEW: usize = 1 << 10;
/// Spare edges per group.
pub const SPARE: usize = 32;
/// Spare edges of all groups together: a few MB. Past it, repairs need another pass over the spans.
const MOST_SPARE: usize = 1 << 16;

impl Group {
    /// Whether `kept` and `spare` are all that was seen, so that nothing was lost.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.kept.len() as u64 + self.spare.len() as u64 == self.seen
    }

    /// Remembers a dropped edge if it is among the least.
    fn spare(&mut self, edge: &Edge, room: &mut usize) {
        if self.spare.len() < SPARE {
            if *room > 0 {
                *room -= 1;
                self.spare.push(*edge);
                if self.spare.len() == SPARE {
                    self.largest_spare_first();
                }
            }
            return;
        }
        // Once they are full, the largest one stands first.
        if edge.base_weight() < self.spare[0].base_weight() {
            self.spare[0] = *edge;
            self.largest_spare_first();
        }
    }

    /// Drops what others of the group imply. What is left is sorted by sending anchor.
    fn sweep(&mut self, rates: &Rates, loosest: &Rates, room: &mut usize) {
        self.kept.sort_unstable_by(in_time_order);
        for _ in 0..2 {
            let kept = sweep(&mut self.kept, rates, loosest);
            for edge in self.kept.split_off(kept) {
                self.spare(&edge, room);
            }
            self.kept.reverse();
        }
    }

    fn largest_spare_first(&mut self) {
        let largest = (0..self.spare.len()).max_by_key(|&at| self.spare[at].base_weight());
        self.spare.swap(0, largest.unwrap_or(0));
    }
}

const HASHER: FixedState = FixedState::with_seed(0xc10c);

/// Clocks, class, stretches.
type Key = (u32, u32, u32, (u32, u32));

fn hash_of((from, to, class, stretches): Key) -> u64 {
    HASHER.hash_one((u64::from(from) << 32 | u64::from(to), class, stretches))
}

impl Reducer {
    /// A reducer for clocks that drift by at most `rates`, but for the jumps in `breaks`.
    ///
    /// What it drops is implied in any reference frame, not only without one: a frame's own drift makes the
    /// cones wider.
    #[must_use]
    pub fn new(rates: Rates, breaks: Breaks) -> Self {
        let loosest = rates.against_any();
        Self { rates, loosest, breaks, groups: Vec::new(), by_key: HashTable::new(), last: 0, room: MOST_SPARE }
    }

    /// Takes `edge` of the caller's `class`. Edges within one clock carry no offset information and are ignored.
    pub fn push(&mut self, edge: &Edge, class: u32) {
        let (from, to) = (edge.from.clock, edge.to.clock);
        if from == to {
            return;
        }
        let stretches = if self.breaks.is_empty() {
            (0, 0)
        } else {
            (self.breaks.segment(from, edge.from.anchor_ns), self.breaks.segment(to, edge.to.anchor_ns))
        };
        let key = (from, to, class, stretches);
        let ix = self.group_ix(key, edge.cause.rule.strength());
        let group = &mut self.groups[ix as usize];
        group.seen += 1;
        let is_negative = edge.base_weight() < 0;
        group.negative += u64::from(is_negative);
        if !is_negative && edge.raw_separation_ns() < 0 {
            group.unclear += 1;
            let back = |edge: &Edge| (edge.raw_separation_ns(), edge.cause);
            if group.least_clear.as_ref().is_none_or(|known| back(edge) < back(known)) {
                group.least_clear = Some(Box::new(*edge));
            }
        }
        if let Some(current) = group.kept.get(group.current)
            && implies(current, edge, &self.rates, &self.loosest)
        {
            group.spare(edge, &mut self.room);
            return;
        }
        group.current = group.kept.len();
        group.kept.push(*edge);
        // What comes out of the order of time is hardly ever implied by the one before it. Swept whenever it has doubled,
        // a group holds no more than twice what matters, at the cost of sorting each edge a few times.
        if group.kept.len() >= group.limit {
            group.sweep(&self.rates, &self.loosest, &mut self.room);
            group.limit = FEW.max(2 * group.kept.len());
            let near = group.kept.partition_point(|other| in_time_order(other, edge).is_lt());
            group.current = near.min(group.kept.len().saturating_sub(1));
        }
    }

    /// Edges held so far, spare ones included.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.groups.iter().map(|group| group.kept.len() + group.spare.len()).sum()
    }

    fn group_ix(&mut self, key: Key, strength: Evidence) -> u32 {
        let key_of = |group: &Group| (group.from, group.to, group.class, group.stretches);
        if let Some(group) = self.groups.get(self.last as usize)
            && key_of(group) == key
        {
            return self.last;
        }
        let hash = hash_of(key);
        let groups = &self.groups;
        let found = self.by_key.find(hash, |&ix| key_of(&groups[ix as usize]) == key).copied();
        let ix = found.unwrap_or_else(|| {
            let ix = u32::try_from(self.groups.len()).unwrap_or(u32::MAX);
            let (from, to, class, stretches) = key;
            let (seen, negative, unclear, current) = (0, 0, 0, 0);
            let (kept, spare, least_clear) = (Vec::new(), Vec::new(), None);
            let group = Group {
                from,
                to,
                class,
                stretches,
                strength,
                seen,
                negative,
                unclear,
                least_clear,
                kept,
                spare,
                current,
                limit: FEW,
            };
            self.groups.push(group);
            let groups = &self.groups;
            self.by_key.insert_unique(hash, ix, |&ix| hash_of(key_of(&groups[ix as usize])));
            ix
        });
        self.last = ix;
        ix
    }

    /// Finishes: sorts each group and sweeps it both ways. The result does not depend on the order of arrival,
    /// except for which of several identical constraints stands for them (the one with the smallest cause).
    #[must_use]
    pub fn finish(mut self) -> Reduced {
        for group in &mut self.groups {
            group.sweep(&self.rates, &self.loosest, &mut self.room);
            group.kept.shrink_to_fit();
            group.spare.sort_unstable_by(in_time_order);
        }
        self.groups.sort_unstable_by_key(|group| (group.from, group.to, group.class, group.stretches));
        Reduced { groups: self.groups, rates: self.rates }
    }
}

fn in_time_order(a: &Edge, b: &Edge) -> Ordering {
    let anchors = |edge: &Edge| (edge.from.anchor_ns, edge.to.anchor_ns);
    anchors(a).cmp(&anchors(b)).then_with(|| (a.base_weight(), a.cause).cmp(&(b.base_weight(), b.cause)))
}

/// Puts what the last such edge does not imply in front, in order, and says how many there are.
fn sweep(edges: &mut [Edge], rates: &Rates, loosest: &Rates) -> usize {
    let mut kept = 0;
    for at in 0..edges.len() {
        if kept == 0 || !implies(&edges[kept - 1], &edges[at], rates, loosest) {
            edges.swap(kept, at);
            kept += 1;
        }
    }
    kept
}

/// Whether `edge` adds nothing to `other`, for every pair of rates between the given ones and the loosest.
///
/// The difference is linear in each clock's rate, so that only the worse end of each range matters.
fn implies(other: &Edge, edge: &Edge, rates: &Rates, loosest: &Rates) -> bool {
    let (own, others) = (edge.drift_ns(), other.drift_ns());
    let sent = drift_margin((&other.from, others.0), (&edge.from, own.0), rates, loosest);
    let received = drift_margin((&other.to, others.1), (&edge.to, own.1), rates, loosest);
    edge.base_weight() - other.base_weight() + sent + received >= 0
}

/// What `edge` has more to give for drift on one clock than the detour through `other`, at worst. Each stamp comes
/// with the time over which its own drift counts.
fn drift_margin(other: (&Stamp, u64), edge: (&Stamp, u64), rates: &Rates, loosest: &Rates) -> Fine {
    let detour_ns = Fine::from(edge.0.anchor_ns.abs_diff(other.0.anchor_ns));
    let more_ns = Fine::from(edge.1) - Fine::from(other.1) - detour_ns;
    let worst = if more_ns < 0 { loosest } else { rates };
    Fine::from(worst.ppb(edge.0.clock)) * more_ns
}

/// The edges that matter, in groups.
#[derive(Clone, Debug)]
pub struct Reduced {
    /// Groups, sorted by sending clock, receiving clock, class.
    pub groups: Vec<Group>,
    /// How fast clocks may drift.
    pub rates: Rates,
}

impl Reduced {
    /// Number of clocks.
    #[must_use]
    pub const fn clocks(&self) -> usize {
        self.rates.clocks()
    }

    /// The kept edges at `level`, leaving out groups for which `is_off` holds.
    #[must_use]
    pub fn edges(&self, level: Evidence, is_off: impl Fn(&Group) -> bool) -> Vec<Edge> {
        let used = self.groups.iter().filter(|group| is_used(group.strength, level) && !is_off(group));
        used.flat_map(|group| group.kept.iter().copied()).collect()
    }
}

/// The smallest weight per ordered pair of clocks: all that matters while offsets are constant.
///
/// Takes `(from, to, weight)` and returns them sorted by pair, each with the position of its first minimum.
#[must_use]
pub fn least_per_pair(edges: impl Iterator<Item = (u32, u32, Fine)>) -> Vec<(u32, u32, Fine, u32)> {
    let mut least: Vec<(u32, u32, Fine, u32)> = Vec::new();
    let mut by_pair: HashTable<u32> = HashTable::new();
    for (at, (from, to, weight)) in edges.enumerate() {
        let hash = hash_of((from, to, 0, (0, 0)));
        let same = |&ix: &u32| (least[ix as usize].0, least[ix as usize].1) == (from, to);
        if let Some(&ix) = by_pair.find(hash, same) {
            let slot = &mut least[ix as usize];
            if weight < slot.2 {
                (slot.2, slot.3) = (weight, u32::try_from(at).unwrap_or(u32::MAX));
            }
            continue;
        }
        let ix = u32::try_from(least.len()).unwrap_or(u32::MAX);
        least.push((from, to, weight, u32::try_from(at).unwrap_or(u32::MAX)));
        by_pair.insert_unique(hash, ix, |&ix| hash_of((least[ix as usize].0, least[ix as usize].1, 0, (0, 0))));
    }
    least.sort_unstable_by_key(|&(from, to, ..)| (from, to));
    least
}
