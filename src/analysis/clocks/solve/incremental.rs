//! A system of edges that changes: edges come and go, classes are switched, and a solution is kept all the time.
//!
//! Inserting an edge changes only the offsets that it forces down, found in the order of how far they move
//! (Ramalingam, Song, Joskowicz and Miller, "Solving systems of difference constraints incrementally", 1999, who
//! keep a feasible system in O(d log d) for d changed offsets). Removing one changes nothing. An edge that
//! contradicts the others is refused, together with the cycle that proves it, and nothing changes.
//!
//! Clocks that drift within bounds need, in general, all that was ever seen (Ostrovsky and Patt-Shamir, "Optimal and
//! efficient clock synchronization under drifting clocks", 1999: only readings that something may still arrive for are
//! live). With a budget the oldest readings are forgotten, and what they say about the remaining ones is kept as
//! bounds between those: every distance between remembered readings stays as it is. What was forgotten holds for good:
//! its edges cannot be taken out any more, those of a class that is off are lost, and a message that arrives with an
//! older reading than any that is remembered of its clock is compared with what is left.

mod forget;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::{Edge, Fine, Rates, Stamp};

/// Names an edge of an [`Incremental`]. No other edge ever has the same name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EdgeId {
    slot: u32,
    /// How often the slot was used before.
    uses: u32,
}

/// A bound between two readings.
#[derive(Clone, Debug)]
struct Entry {
    /// The message; `None` for what forgotten ones said.
    edge: Option<Edge>,
    weight: Fine,
    class: u32,
    nodes: (u32, u32),
    is_active: bool,
}

#[derive(Clone, Debug, Default)]
struct Slot {
    uses: u32,
    entry: Option<Entry>,
}

/// Edges in force, and offsets that satisfy all of them.
#[derive(Clone, Debug)]
pub struct Incremental {
    rates: Rates,
    /// The readings of each clock, by time.
    chains: Vec<BTreeMap<i64, u32>>,
    places: Vec<(u32, i64)>,
    solution: Vec<Fine>,
    entries: Vec<Slot>,
    free: Vec<u32>,
    /// Bounds that leave and that enter each reading, in force or not.
    out: Vec<Vec<u32>>,
    into: Vec<Vec<u32>>,
    off: std::collections::BTreeSet<u32>,
    /// Readings to be remembered at most.
    budget: usize,
    /// Numbers of forgotten readings, to be used again.
    free_nodes: Vec<u32>,
    /// By clock: the latest forgotten reading.
    forgotten: Vec<Option<i64>>,
    /// Offsets looked at so far, for the tests of how little is touched.
    touched: usize,
}

/// Why an edge was refused: edges that contradict each other, in causal order, the refused one last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// The edges of the cycle.
    pub edges: Vec<Edge>,
    /// By how much they contradict each other.
    pub excess: Fine,
    /// Whether forgotten messages are part of the proof, which are not among the edges.
    pub is_partial: bool,
}

impl Incremental {
    /// No edges yet, between clocks that drift by at most `rates`. Nothing is ever forgotten.
    #[must_use]
    pub fn new(rates: Rates) -> Self {
        Self::with_budget(rates, usize::MAX)
    }

    /// The same, remembering at most `readings` readings, or one per clock if those are more.
    #[must_use]
    pub fn with_budget(rates: Rates, readings: usize) -> Self {
        Self {
            chains: vec![BTreeMap::new(); rates.clocks()],
            forgotten: vec![None; rates.clocks()],
            rates,
            places: Vec::new(),
            solution: Vec::new(),
            entries: Vec::new(),
            free: Vec::new(),
            out: Vec::new(),
            into: Vec::new(),
            off: std::collections::BTreeSet::new(),
            budget: readings,
            free_nodes: Vec::new(),
            touched: 0,
        }
    }

    /// Whether everything is remembered that concerns `stamp`: nothing of its clock was forgotten, or a later reading
    /// that is not after it is still there.
    #[must_use]
    pub fn remembers(&self, stamp: &Stamp) -> bool {
        let at = stamp.clock as usize;
        let (Some(&Some(until)), Some(chain)) = (self.forgotten.get(at), self.chains.get(at)) else { return true };
        until < stamp.anchor_ns && chain.range(until + 1..=stamp.anchor_ns).next().is_some()
    }

    /// How many readings are remembered.
    #[must_use]
    pub const fn readings(&self) -> usize {
        self.places.len() - self.free_nodes.len()
    }

    /// Adds an edge of the caller's `class`. One of a class that is off is kept, but not in force.
    ///
    /// # Errors
    ///
    /// When it contradicts the edges in force; nothing has changed then.
    pub fn insert(&mut self, edge: Edge, class: u32) -> Result<EdgeId, Box<Refused>> {
        let nodes = (self.node(&edge.from), self.node(&edge.to));
        let is_active = !self.off.contains(&class);
        if is_active && let Err(refused) = self.force(&edge, nodes) {
            self.forget();
            return Err(refused);
        }
        let weight = edge.weight(&self.rates);
        let slot = self.add(Entry { edge: Some(edge), weight, class, nodes, is_active });
        let id = EdgeId { slot, uses: self.entries[slot as usize].uses };
        self.forget();
        Ok(id)
    }

    fn add(&mut self, entry: Entry) -> u32 {
        let nodes = entry.nodes;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.entries.push(Slot::default());
            u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
        });
        self.entries[slot as usize].entry = Some(entry);
        self.out[nodes.0 as usize].push(slot);
        self.into[nodes.1 as usize].push(slot);
        slot
    }

    /// Takes an entry out and frees its slot.
    fn drop_entry(&mut self, slot: u32) -> Option<Entry> {
        let own = self.entries.get_mut(slot as usize)?;
        let entry = own.entry.take()?;
        own.uses = own.uses.wrapping_add(1);
        self.out[entry.nodes.0 as usize].retain(|&other| other != slot);
        self.into[entry.nodes.1 as usize].retain(|&other| other != slot);
        self.free.push(slot);
        Some(entry)
    }

    /// Takes an edge out; false when there is none of that name, or when it was forgotten.
    pub fn remove(&mut self, id: EdgeId) -> bool {
        let is_there = self.entries.get(id.slot as usize).is_some_and(|slot| slot.uses == id.uses);
        is_there && self.drop_entry(id.slot).is_some()
    }

    /// Switches a class off.
    pub fn switch_off(&mut self, class: u32) {
        self.off.insert(class);
        let entries = self.entries.iter_mut().filter_map(|slot| slot.entry.as_mut());
        for entry in entries.filter(|entry| entry.edge.is_some() && entry.class == class) {
            entry.is_active = false;
        }
    }

    /// Switches a class on again.
    ///
    /// # Errors
    ///
    /// When one of its edges contradicts those in force; the class then stays off.
    pub fn switch_on(&mut self, class: u32) -> Result<(), Box<Refused>> {
        if !self.off.remove(&class) {
            return Ok(());
        }
        for at in 0..self.entries.len() {
            let entry = self.entries[at].entry.clone();
            let Some((entry, edge)) =
                entry.filter(|entry| entry.class == class).and_then(|own| own.edge.map(|edge| (own, edge)))
            else {
                continue;
            };
            if let Err(refused) = self.force(&edge, entry.nodes) {
                self.switch_off(class);
                return Err(refused);
            }
            self.entries[at].entry = Some(Entry { is_active: true, ..entry });
        }
        Ok(())
    }

    /// The edges in force, in order of their names.
    pub fn edges(&self) -> impl Iterator<Item = &Edge> + '_ {
        let entries = self.entries.iter().filter_map(|slot| slot.entry.as_ref());
        entries.filter(|entry| entry.is_active).filter_map(|entry| entry.edge.as_ref())
    }

    /// An offset of `clock` at its own time `at_ns` that satisfies everything together with all others; 0 for a
    /// clock without any edge. A start for [`super::Bounds::new`].
    #[must_use]
    pub fn offset(&self, clock: u32, at_ns: i64) -> Fine {
        let Some(chain) = self.chains.get(clock as usize) else { return 0 };
        let before = chain.range(..=at_ns).next_back();
        let after = chain.range(at_ns..).next();
        let near = before.into_iter().chain(after);
        let highest =
            |(&time, &node): (&i64, &u32)| self.solution[node as usize] + self.rates.over(clock, time.abs_diff(at_ns));
        near.map(highest).min().unwrap_or(0)
    }

    /// How many offsets were looked at so far.
    #[must_use]
    pub const fn touched(&self) -> usize {
        self.touched
    }

    /// The node of a reading. A new one lies where its neighbours allow it: no other offset changes.
    fn node(&mut self, stamp: &Stamp) -> u32 {
        let (clock, at_ns) = (stamp.clock, stamp.anchor_ns);
        if self.chains.len() <= clock as usize {
            self.chains.resize(clock as usize + 1, BTreeMap::new());
            self.forgotten.resize(clock as usize + 1, None);
        }
        if let Some(&node) = self.chains[clock as usize].get(&at_ns) {
            return node;
        }
        let offset = self.offset(clock, at_ns);
        let node = self.free_nodes.pop().unwrap_or_else(|| {
            self.places.push((clock, at_ns));
            self.solution.push(offset);
            self.out.push(Vec::new());
            self.into.push(Vec::new());
            u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX)
        });
        (self.places[node as usize], self.solution[node as usize]) = ((clock, at_ns), offset);
        self.chains[clock as usize].insert(at_ns, node);
        node
    }

    fn entry(&self, slot: u32) -> Option<&Entry> {
        self.entries.get(slot as usize)?.entry.as_ref()
    }

    /// Calls `visit(head, cost, edge or NONE)` for every arc out of `node`.
    fn for_out(&self, node: u32, mut visit: impl FnMut(u32, Fine, u32)) {
        let (clock, at_ns) = self.places[node as usize];
        let chain = &self.chains[clock as usize];
        let before = chain.range(..at_ns).next_back();
        let after = chain.range(at_ns.saturating_add(1)..).next().filter(|(time, _)| **time > at_ns);
        for (&time, &other) in before.into_iter().chain(after) {
            visit(other, self.rates.over(clock, time.abs_diff(at_ns)), NONE);
        }
        for &id in &self.out[node as usize] {
            if let Some(entry) = self.entry(id).filter(|entry| entry.is_active) {
                visit(entry.nodes.1, entry.weight, id);
            }
        }
    }

    /// Moves offsets down until `edge` holds as well.
    fn force(&mut self, edge: &Edge, (from, to): (u32, u32)) -> Result<(), Box<Refused>> {
        let weight = edge.weight(&self.rates);
        let short = self.solution[from as usize] + weight - self.solution[to as usize];
        if from == to {
            let refused = || Box::new(Refused { edges: vec![*edge], excess: -weight, is_partial: false });
            return if weight < 0 { Err(refused()) } else { Ok(()) };
        }
        if short >= 0 {
            return Ok(());
        }
        let mut moves: BTreeMap<u32, (Fine, u32, u32)> = BTreeMap::from([(to, (short, from, NONE))]);
        let mut done: BTreeMap<u32, Fine> = BTreeMap::new();
        let mut heap = BinaryHeap::from([(Reverse(short), to)]);
        while let Some((Reverse(by), node)) = heap.pop() {
            if done.contains_key(&node) || moves.get(&node).is_none_or(|found| found.0 != by) {
                continue;
            }
            self.touched += 1;
            if node == from {
                return Err(Box::new(self.refused(edge, weight, &moves, to)));
            }
            let own = self.solution[node as usize] + by;
            done.insert(node, own);
            let mut found = Vec::new();
            self.for_out(node, |head, cost, id| {
                let short = own + cost - self.solution[head as usize];
                if short < 0 && !done.contains_key(&head) && moves.get(&head).is_none_or(|known| short < known.0) {
                    found.push((head, short, id));
                }
            });
            for (head, short, id) in found {
                if moves.get(&head).is_none_or(|known| short < known.0) {
                    moves.insert(head, (short, node, id));
                    heap.push((Reverse(short), head));
                }
            }
        }
        for (node, offset) in done {
            self.solution[node as usize] = offset;
        }
        Ok(())
    }

    /// The cycle that `edge` closes: from its head along the forced moves back to its tail.
    fn refused(&self, edge: &Edge, weight: Fine, moves: &BTreeMap<u32, (Fine, u32, u32)>, to: u32) -> Refused {
        let mut at = self.places.len();
        let (mut edges, mut is_partial) = (Vec::new(), false);
        let mut cost = weight;
        let from = self.chains[edge.from.clock as usize][&edge.from.anchor_ns];
        let mut node = from;
        while node != to && at > 0 {
            at -= 1;
            let Some(&(_, before, id)) = moves.get(&node) else { break };
            if let Some(entry) = self.entry(id) {
                edges.extend(entry.edge);
                is_partial |= entry.edge.is_none();
                cost += entry.weight;
            } else {
                let (clock, time) = self.places[node as usize];
                cost += self.rates.over(clock, time.abs_diff(self.places[before as usize].1));
            }
            node = before;
        }
        edges.reverse();
        edges.push(*edge);
        Refused { edges, excess: -cost, is_partial }
    }
}

const NONE: u32 = u32::MAX;
