//! Forgetting the oldest readings without losing what they say about the others.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::{Entry, Fine, Incremental};

/// Class of what forgotten messages said: none of the caller's.
const FORGOTTEN: u32 = u32::MAX;

impl Incremental {
    /// Once there are more readings than the budget allows, forgets the oldest quarter.
    pub(super) fn forget(&mut self) {
        if self.readings() <= self.budget {
            return;
        }
        let wanted = self.budget - self.budget / 4;
        // By the true time that the solution gives them: raw times of different clocks do not compare.
        let age = |of: &Self, node: u32| {
            let at_ns = of.places[node as usize].1;
            super::super::fine(at_ns) - of.solution[node as usize]
        };
        let oldest = |of: &Self, chain: &BTreeMap<i64, u32>| {
            let node = *chain.first_key_value().filter(|_| chain.len() > 1)?.1;
            Some(Reverse((age(of, node), node)))
        };
        let mut open: BinaryHeap<_> = self.chains.iter().filter_map(|chain| oldest(self, chain)).collect();
        while self.readings() > wanted {
            let Some(Reverse((_, node))) = open.pop() else { return };
            let clock = self.places[node as usize].0;
            self.eliminate(node);
            open.extend(oldest(self, &self.chains[clock as usize]));
        }
    }

    /// Takes the first reading of a chain out: whatever path led through it becomes a bound of its own.
    fn eliminate(&mut self, node: u32) {
        let (clock, at_ns) = self.places[node as usize];
        let until = &mut self.forgotten[clock as usize];
        *until = Some(until.map_or(at_ns, |until| until.max(at_ns)));
        let chain = &mut self.chains[clock as usize];
        chain.remove(&at_ns);
        let next = chain.first_key_value().map(|(&time, &next)| (next, self.rates.over(clock, time.abs_diff(at_ns))));
        let mut into: BTreeMap<u32, Fine> = next.into_iter().collect();
        let mut out = into.clone();
        let own: Vec<u32> = self.out[node as usize].iter().chain(&self.into[node as usize]).copied().collect();
        for slot in own {
            let Some(entry) = self.drop_entry(slot).filter(|entry| entry.is_active) else { continue };
            let (side, other) = match entry.nodes {
                (from, to) if from == node => (&mut out, to),
                (from, _) => (&mut into, from),
            };
            let least = side.entry(other).or_insert(entry.weight);
            *least = entry.weight.min(*least);
        }
        for (&from, &first) in &into {
            for (&to, &second) in out.iter().filter(|&(&to, _)| to != from && to != node && from != node) {
                self.bound(from, to, first + second);
            }
        }
        self.free_nodes.push(node);
    }

    /// A bound that does not rest on any remembered message. Of two between the same readings the tighter one stays.
    fn bound(&mut self, from: u32, to: u32, weight: Fine) {
        let known = self.out[from as usize]
            .iter()
            .copied()
            .find(|&slot| self.entry(slot).is_some_and(|entry| entry.edge.is_none() && entry.nodes.1 == to));
        match known.and_then(|slot| self.entries[slot as usize].entry.as_mut()) {
            Some(entry) => entry.weight = weight.min(entry.weight),
            None => {
                let nodes = (from, to);
                self.add(Entry { edge: None, weight, class: FORGOTTEN, nodes, is_active: true });
            }
        }
    }
}
