//! A system in which edges come and go is, at every step, what it is when solved from nothing: the solution at hand is
//! only where the search begins.

use proptest::prelude::*;

use super::super::{Bounds, Edge, Fine};
use super::oracle::Oracle;
use super::{NO_BREAKS, System, system};
use crate::analysis::clocks::repair::{Budget, Changes, Consistent, Element, Messages, Terms, repair};

/// Solves the edges that `is_in` names, from nothing or from a solution at hand.
fn solved(system: &System, is_in: u32, near: Option<&Consistent>) -> Consistent {
    let terms = Terms {
        rates: &system.rates,
        trust: &[],
        unnamed: &[],
        process: &|_| 0,
        unseen: &|_| None,
        kept: &std::collections::BTreeSet::new(),
        spares_classes: false,
        budget: Budget::default(),
    };
    let edges = system.edges.iter().enumerate().filter(|(at, _)| is_in >> at & 1 == 1);
    // Weak rules have classes; here every rule is a strong one.
    let edges: Vec<_> = edges.map(|(_, edge)| (*edge, 0)).collect();
    repair(&terms, near, &mut Listed(edges))
}

/// Edges with their classes.
struct Listed(Vec<(Edge, u32)>);

impl Messages for Listed {
    fn reduced(&mut self, changes: &Changes) -> Vec<(Edge, u32)> {
        self.0.iter().filter(|(edge, class)| changes.allows(edge, *class)).copied().collect()
    }

    fn each(&mut self, changes: &Changes, visit: &mut dyn FnMut(&Edge, u32)) {
        self.reduced(changes).iter().for_each(|(edge, class)| visit(edge, *class));
    }

    fn explained(&mut self, system: &Consistent) -> Vec<u64> {
        vec![0; system.repairs.len()]
    }
}

/// What was given up, and the bounds of every reading seen from every clock that did not jump.
fn answers(system: &System, found: &Consistent) -> (Vec<Element>, Vec<Option<Fine>>) {
    let elements = found.repairs.iter().map(|repair| repair.element).collect();
    let rates = found.changes.rates(&system.rates);
    let breaks = &found.changes.breaks;
    let mut ends = Vec::new();
    for frame in (0..system.clocks()).filter(|&clock| breaks.of(clock).next().is_none()) {
        let guess = |clock, at_ns| found.offset_near(clock, at_ns);
        let bounds = Bounds::new(&found.edges, &rates, breaks, frame, guess).unwrap();
        for stamp in system.edges.iter().flat_map(|edge| [edge.from, edge.to]) {
            let range = bounds.offset(stamp.clock, stamp.anchor_ns);
            ends.extend([range.lo, range.hi]);
        }
    }
    (elements, ends)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn edges_that_come_and_go_leave_what_solving_from_nothing_gives(
        system in system(4, 18, 12),
        steps in prop::collection::vec(any::<u32>(), 1..8),
    ) {
        let mut at_hand: Option<Consistent> = None;
        for is_in in steps {
            let fresh = solved(&system, is_in, None);
            let found = solved(&system, is_in, at_hand.as_ref());
            prop_assert_eq!(&found.edges, &fresh.edges);
            prop_assert_eq!(answers(&system, &found), answers(&system, &fresh));
            let edges: Vec<_> =
                system.edges.iter().enumerate().filter(|(at, _)| is_in >> at & 1 == 1).map(|(_, edge)| *edge).collect();
            let is_feasible = Oracle::new(&edges, &system.rates, None, &[]).is_feasible();
            prop_assert_eq!(found.repairs.is_empty(), is_feasible);
            prop_assert!(!is_feasible || found.edges == edges && found.changes.breaks == NO_BREAKS);
            for edge in &found.edges {
                let offset = |stamp: &super::super::Stamp| found.offset_near(stamp.clock, stamp.anchor_ns);
                let weight = edge.weight(&found.changes.rates(&system.rates));
                prop_assert!(offset(&edge.to) - offset(&edge.from) <= weight);
            }
            at_hand = Some(found);
        }
    }
}
