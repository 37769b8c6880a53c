//! A system of edges that changes: edges come and go, classes are switched, and a solution is kept all the time.
//!
//! Inserting an edge changes only the offsets that it forces down, found in the order of how far they move
//! (Ramalingam, Song, Joskowicz and Miller, "Solving systems of difference constraints incrementally", 1999, who
//! keep a feasible system in O(d log d) for d changed offsets). Removing one changes nothing. An edge that
//! contradicts the others is refused, together with the cycle that proves it, and nothing changes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::{Edge, Fine, Rates, Stamp};

/// Names an edge of an [`Incremental`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EdgeId(u32);

#[derive(Clone, Debug)]
struct Entry {
    edge: Edge,
    class: u32,
    nodes: (u32, u32),
    is_active: bool,
}

/// Edges in force, and offsets that satisfy all of them.
#[derive(Clone, Debug)]
pub struct Incremental {
    rates: Rates,
    /// The readings of each clock, by time.
    chains: Vec<BTreeMap<i64, u32>>,
    places: Vec<(u32, i64)>,
    solution: Vec<Fine>,
    entries: Vec<Option<Entry>>,
    free: Vec<u32>,
    out: Vec<Vec<u32>>,
    off: std::collections::BTreeSet<u32>,
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
}

impl Incremental {
    /// No edges yet, between clocks that drift by at most `rates`.
    #[must_use]
    pub fn new(rates: Rates) -> Self {
        let chains = vec![BTreeMap::new(); rates.clocks()];
        let (places, solution, entries, free, out) = (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { rates, chains, places, solution, entries, free, out, off: std::collections::BTreeSet::new(), touched: 0 }
    }

    /// Adds an edge of the caller's `class`. One of a class that is off is kept, but not in force.
    ///
    /// # Errors
    ///
    /// When it contradicts the edges in force; nothing has changed then.
    pub fn insert(&mut self, edge: Edge, class: u32) -> Result<EdgeId, Box<Refused>> {
        let nodes = (self.node(&edge.from), self.node(&edge.to));
        let is_active = !self.off.contains(&class);
        if is_active {
            self.force(&edge, nodes)?;
        }
        let entry = Entry { edge, class, nodes, is_active };
        let id = if let Some(id) = self.free.pop() {
            self.entries[id as usize] = Some(entry);
            id
        } else {
            self.entries.push(Some(entry));
            u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
        };
        if is_active {
            self.out[nodes.0 as usize].push(id);
        }
        Ok(EdgeId(id))
    }

    /// Takes an edge out; false when there is none of that name.
    pub fn remove(&mut self, id: EdgeId) -> bool {
        let Some(entry) = self.entries.get_mut(id.0 as usize).and_then(Option::take) else { return false };
        self.out[entry.nodes.0 as usize].retain(|&other| other != id.0);
        self.free.push(id.0);
        true
    }

    /// Switches a class off.
    pub fn switch_off(&mut self, class: u32) {
        self.off.insert(class);
        for (id, entry) in (0_u32..).zip(&mut self.entries) {
            if let Some(entry) = entry.as_mut().filter(|entry| entry.class == class && entry.is_active) {
                entry.is_active = false;
                self.out[entry.nodes.0 as usize].retain(|&other| other != id);
            }
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
            let Some(entry) = self.entries[at].clone().filter(|entry| entry.class == class) else { continue };
            if let Err(refused) = self.force(&entry.edge, entry.nodes) {
                self.switch_off(class);
                return Err(refused);
            }
            self.out[entry.nodes.0 as usize].push(u32::try_from(at).unwrap_or(u32::MAX));
            self.entries[at] = Some(Entry { is_active: true, ..entry });
        }
        Ok(())
    }

    /// The edges in force, in order of their names.
    pub fn edges(&self) -> impl Iterator<Item = &Edge> + '_ {
        self.entries.iter().flatten().filter(|entry| entry.is_active).map(|entry| &entry.edge)
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
        }
        if let Some(&node) = self.chains[clock as usize].get(&at_ns) {
            return node;
        }
        let offset = self.offset(clock, at_ns);
        let node = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        self.places.push((clock, at_ns));
        self.solution.push(offset);
        self.out.push(Vec::new());
        self.chains[clock as usize].insert(at_ns, node);
        node
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
            if let Some(Some(entry)) = self.entries.get(id as usize) {
                visit(entry.nodes.1, entry.edge.weight(&self.rates), id);
            }
        }
    }

    /// Moves offsets down until `edge` holds as well.
    fn force(&mut self, edge: &Edge, (from, to): (u32, u32)) -> Result<(), Box<Refused>> {
        let weight = edge.weight(&self.rates);
        let short = self.solution[from as usize] + weight - self.solution[to as usize];
        if from == to {
            let refused = || Box::new(Refused { edges: vec![*edge], excess: -weight });
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
        let mut edges = Vec::new();
        let mut cost = weight;
        let from = self.chains[edge.from.clock as usize][&edge.from.anchor_ns];
        let mut node = from;
        while node != to && at > 0 {
            at -= 1;
            let Some(&(_, before, id)) = moves.get(&node) else { break };
            if let Some(Some(entry)) = self.entries.get(id as usize) {
                edges.push(entry.edge);
                cost += entry.edge.weight(&self.rates);
            } else {
                let (clock, time) = self.places[node as usize];
                cost += self.rates.over(clock, time.abs_diff(self.places[before as usize].1));
            }
            node = before;
        }
        edges.reverse();
        edges.push(*edge);
        Refused { edges, excess: -cost }
    }
}

const NONE: u32 = u32::MAX;
