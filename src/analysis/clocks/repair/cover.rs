//! The cheapest set of changes that resolves all contradictions found so far.

use super::contradiction::Contradiction;
use super::terms::Terms;
use super::{Element, Repair};

struct Cover<'a> {
    found: &'a [Contradiction],
    remedies: Vec<Vec<(Element, u32)>>,
    terms: &'a Terms<'a>,
    best: Vec<Element>,
    best_cost: u32,
    tries: u32,
}

/// The cheapest set of changes that resolves all of `found`, and whether it is known to be that: exact up to a number
/// of tries, else the best so far.
pub(super) fn hitting_set(found: &[Contradiction], terms: &Terms<'_>) -> (Vec<Element>, bool) {
    let remedies = found.iter().map(|contradiction| shared_remedies(contradiction, found, terms)).collect();
    let mut cover = Cover { found, remedies, terms, best: Vec::new(), best_cost: u32::MAX, tries: 0 };
    cover.search(&mut Vec::new(), 0);
    (cover.best, cover.tries <= terms.budget.tries)
}

/// The remedies of one contradiction, jumps also at the moments that other contradictions suggest: one jump may
/// resolve several only at a moment that they have in common. What resolves most comes first.
fn shared_remedies(own: &Contradiction, found: &[Contradiction], terms: &Terms<'_>) -> Vec<(Element, u32)> {
    let mut remedies = own.remedies(terms);
    let jumps: Vec<(Element, u32)> =
        remedies.iter().copied().filter(|(element, _)| matches!(element, Element::Jump { .. })).collect();
    for (element, cost) in jumps {
        let Element::Jump { clock, .. } = element else { continue };
        for (other, arrival, departure) in found.iter().flat_map(Contradiction::stays) {
            let moved = Element::Jump { clock, at_ns: arrival.max(departure) };
            if other == clock && own.is_hit(moved, terms) {
                remedies.push((moved, cost));
            }
        }
    }
    let hits = |element| found.iter().filter(|contradiction| contradiction.is_hit(element, terms)).count();
    remedies.sort_by_cached_key(|&(element, cost)| (std::cmp::Reverse(hits(element)), cost, element));
    remedies.dedup();
    remedies
}

impl Cover<'_> {
    fn search(&mut self, chosen: &mut Vec<Element>, cost: u32) {
        if cost >= self.best_cost || self.is_spent() {
            return;
        }
        self.tries += 1;
        let is_open =
            |contradiction: &Contradiction| !chosen.iter().any(|&element| contradiction.is_hit(element, self.terms));
        let Some(open) = self.found.iter().position(is_open) else {
            self.best_cost = cost;
            self.best.clone_from(chosen);
            return;
        };
        for (element, price) in self.remedies[open].clone() {
            // A faster drift of the same clock replaces the slower one.
            let replaced = chosen.iter().position(|other| is_same_rate(*other, element));
            let refund = replaced.map_or(0, |at| self.price(chosen[at]));
            chosen.push(element);
            let old = replaced.map(|at| chosen.swap_remove(at));
            self.search(chosen, (cost + price).saturating_sub(refund));
            chosen.retain(|other| *other != element);
            chosen.extend(old);
        }
    }

    /// The first way down is always gone.
    fn is_spent(&self) -> bool {
        self.best_cost < u32::MAX && self.tries > self.terms.budget.tries
    }

    fn price(&self, element: Element) -> u32 {
        let known = self.remedies.iter().flatten().find(|(other, _)| *other == element);
        known.map_or(0, |&(_, cost)| cost)
    }
}

fn is_same_rate(a: Element, b: Element) -> bool {
    matches!((a, b), (Element::Rate { clock: a, .. }, Element::Rate { clock: b, .. }) if a == b)
}

/// Gives each change the contradictions that it resolves, and what else would resolve them for about the same.
pub(super) fn explain(chosen: &[Element], found: &[Contradiction], terms: &Terms<'_>) -> Vec<Repair> {
    let mut repairs: Vec<Repair> = Vec::new();
    for &element in chosen {
        let hits = |element| move |contradiction: &&Contradiction| contradiction.is_hit(element, terms);
        let mut contradictions: Vec<Contradiction> = found.iter().filter(hits(element)).cloned().collect();
        // What needs the least to be believed comes first.
        contradictions.sort_by_key(|own| (!own.is_hard(), std::cmp::Reverse(own.excess)));
        let Some(first) = contradictions.first() else { continue };
        let remedies = shared_remedies(first, &contradictions, terms);
        let own = remedies.iter().find(|remedy| remedy.0 == element).map_or(u32::MAX, |remedy| remedy.1);
        let only_here = contradictions
            .iter()
            .filter(|contradiction| chosen.iter().filter(|&&other| contradiction.is_hit(other, terms)).count() == 1);
        let only_here: Vec<&Contradiction> = only_here.collect();
        let alternatives = remedies.iter().filter(|&&(other, cost)| {
            other != element
                && (u64::from(cost) * 10 <= u64::from(own) * 11 || terms.is_as_likely(element, other))
                && only_here.iter().all(|contradiction| contradiction.is_hit(other, terms))
        });
        let mut alternatives: Vec<Element> = alternatives.map(|remedy| remedy.0).collect();
        // One jump per clock: its other moments are the same explanation.
        let mut jumped: Vec<u32> = Vec::new();
        alternatives.retain(|other| match *other {
            Element::Jump { clock, .. } if jumped.contains(&clock) => false,
            Element::Jump { clock, .. } => {
                jumped.push(clock);
                !matches!(element, Element::Jump { clock: own, .. } if own == clock)
            }
            _ => true,
        });
        repairs.push(Repair { alternatives, ..Repair::new(element, contradictions) });
    }
    repairs
}
