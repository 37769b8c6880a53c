//! A system that changes is the same as one that is solved from scratch.

use proptest::prelude::*;

use super::super::{Bounds, Edge, EdgeId, Incremental};
use super::oracle::Oracle;
use super::{NO_BREAKS, System, edge, system};
use crate::analysis::clocks::solve::{Check, Graph, Rates, Shape, Stamp, fine};

/// Offsets of the solution satisfy every edge in force, and every pair of readings of one clock.
fn is_solution(live: &Incremental, edges: &[Edge], rates: &Rates) -> bool {
    let offset = |stamp: &Stamp| live.offset(stamp.clock, stamp.anchor_ns);
    let stamps: Vec<Stamp> = edges.iter().flat_map(|edge| [edge.from, edge.to]).collect();
    let drift = stamps.iter().all(|a| {
        let own = stamps.iter().filter(|b| a.clock == b.clock);
        own.clone().all(|b| offset(b) - offset(a) <= rates.over(a.clock, a.anchor_ns.abs_diff(b.anchor_ns)))
    });
    drift && edges.iter().all(|edge| offset(&edge.to) - offset(&edge.from) <= edge.weight(rates))
}

/// What the solver says from scratch about each clock against the first, and whether there is anything to say.
fn from_scratch(system: &System, edges: &[Edge]) -> Vec<(Option<i128>, Option<i128>)> {
    let Some(bounds) = Bounds::new(edges, &system.rates, &NO_BREAKS, 0, |_, _| 0) else { return Vec::new() };
    let stamps = system.edges.iter().flat_map(|edge| [edge.from, edge.to]);
    stamps.map(|stamp| bounds.offset(stamp.clock, stamp.anchor_ns)).map(|range| (range.lo, range.hi)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn edges_that_come_and_go_leave_what_solving_from_scratch_gives(
        system in system(4, 18, 12),
        moves in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..5), 1..60),
    ) {
        let mut live = Incremental::new(system.rates.clone());
        // Per edge of the system: whether it is in, and its class is its position modulo 3.
        let mut inside: Vec<Option<EdgeId>> = vec![None; system.edges.len()];
        let mut off = [false; 3];
        let in_force = |inside: &[Option<EdgeId>], off: &[bool; 3]| -> Vec<Edge> {
            let kept = inside.iter().enumerate().filter(|(at, id)| id.is_some() && !off[at % 3]);
            kept.map(|(at, _)| system.edges[at]).collect()
        };
        for (pick, what) in moves {
            let at = pick.index(system.edges.len());
            let class = (at % 3) as u32;
            match (what, inside[at]) {
                (0..=2, None) => {
                    let before = in_force(&inside, &off);
                    match live.insert(system.edges[at], class) {
                        Ok(id) => inside[at] = Some(id),
                        Err(refused) => {
                            let mut with = before.clone();
                            with.push(system.edges[at]);
                            prop_assert!(!Oracle::new(&with, &system.rates, None, &[]).is_feasible());
                            // The witness contradicts itself, and nothing of it can be left out.
                            prop_assert!(refused.excess > 0);
                            prop_assert_eq!(*refused.edges.last().unwrap(), system.edges[at]);
                            prop_assert!(!Oracle::new(&refused.edges, &system.rates, None, &[]).is_feasible());
                            prop_assert!(is_solution(&live, &before, &system.rates), "nothing changed");
                        }
                    }
                }
                (0..=2, Some(id)) => {
                    prop_assert!(live.remove(id));
                    prop_assert!(!live.remove(id));
                    inside[at] = None;
                }
                (3, _) => {
                    live.switch_off(class);
                    off[at % 3] = true;
                }
                _ => {
                    let mut wanted = off;
                    wanted[at % 3] = false;
                    let feasible = Oracle::new(&in_force(&inside, &wanted), &system.rates, None, &[]).is_feasible();
                    prop_assert_eq!(live.switch_on(class).is_ok(), feasible);
                    if feasible {
                        off = wanted;
                    }
                }
            }
            let expected = in_force(&inside, &off);
            prop_assert_eq!(live.edges().count(), expected.len());
            prop_assert!(is_solution(&live, &expected, &system.rates));
        }
        let kept: Vec<Edge> = live.edges().copied().collect();
        let expected = in_force(&inside, &off);
        prop_assert_eq!(from_scratch(&system, &kept), from_scratch(&system, &expected));
        // As a guess the solution leaves nothing to search.
        let graph = Graph::build(&kept, &system.rates, &NO_BREAKS, Shape::Drift);
        let guess = (0..graph.len() as u32).map(|node| {
            let (clock, at_ns) = graph.place(node);
            live.offset(clock, at_ns)
        });
        let guess: Vec<i128> = guess.collect();
        prop_assert_eq!(graph.check(Some(guess.clone())), Check::Feasible(guess));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn what_is_forgotten_is_still_held_against_what_comes(system in system(4, 40, 14), budget in 2_usize..14) {
        let mut stream = system.edges.clone();
        stream.sort_by_key(|edge| edge.from.anchor_ns.max(edge.to.anchor_ns));
        let mut live = Incremental::with_budget(system.rates.clone(), budget);
        let mut accepted: Vec<Edge> = Vec::new();
        // A message that came too late lacks some of its neighbours, and so do paths through it.
        let mut is_whole = true;
        for edge in stream {
            is_whole &= live.remembers(&edge.from) && live.remembers(&edge.to);
            accepted.push(edge);
            let is_feasible = Oracle::new(&accepted, &system.rates, None, &[]).is_feasible();
            match live.insert(edge, 0) {
                Ok(_) if is_feasible => {}
                Ok(_) => {
                    // Only what is no longer remembered can hide a contradiction.
                    prop_assert!(!is_whole);
                    return Ok(());
                }
                Err(refused) => {
                    prop_assert!(!is_feasible);
                    prop_assert!(refused.excess > 0);
                    let own = Oracle::new(&refused.edges, &system.rates, None, &[]);
                    prop_assert!(refused.is_partial || !own.is_feasible());
                    accepted.pop();
                }
            }
            let readings = accepted.iter().flat_map(|edge| [edge.from.clock, edge.to.clock]);
            let clocks = readings.collect::<std::collections::BTreeSet<_>>().len();
            prop_assert!(live.readings() <= budget.max(clocks + 2), "{} of {budget}", live.readings());
            let remembered: Vec<Edge> = live.edges().copied().collect();
            prop_assert!(is_solution(&live, &remembered, &system.rates));
        }
    }
}

#[test]
fn a_long_run_stays_within_its_budget_and_forgets_no_contradiction() {
    const MS: i64 = 1_000_000;
    let mut live = Incremental::with_budget(Rates::uniform(3, 50_000), 100);
    let at = |clock: u32, call: i64, ms: i64| Stamp::exact(clock, (call * 1_000 + ms) * MS);
    let mut first = None;
    for call in 0..5_000 {
        let (a, b) = ([(0, 1), (1, 2), (2, 0)][call as usize % 3].0, [(0, 1), (1, 2), (2, 0)][call as usize % 3].1);
        let there = live.insert(edge(2 * call as u32, at(a, call, 0), at(b, call, 3)), 0).unwrap();
        first.get_or_insert(there);
        live.insert(edge(2 * call as u32 + 1, at(b, call, 5), at(a, call, 9)), 0).unwrap();
        assert!(live.readings() <= 100);
    }
    assert!(live.edges().count() < 100);
    assert!(!live.remove(first.unwrap()), "what is forgotten cannot be taken out");
    // 9 ms later at the latest: 30 ms before is impossible, and only what was forgotten proves more than the last calls.
    let Err(refused) = live.insert(edge(99_999, at(0, 5_001, 0), at(1, 5_001, -30)), 0) else { panic!("impossible") };
    assert!(refused.excess > fine(20 * MS));
}

#[test]
fn an_edge_that_holds_already_touches_nothing_else() {
    let clocks = 500_u32;
    let mut live = Incremental::new(Rates::uniform(clocks as usize, 50_000));
    for clock in 1..clocks {
        let (from, to) = (Stamp::exact(clock - 1, 1_000), Stamp::exact(clock, 900));
        live.insert(edge(clock, from, to), 0).unwrap();
    }
    let before = live.touched();
    live.insert(edge(9_000, Stamp::exact(3, 1_000), Stamp::exact(400, 1_000)), 0).unwrap();
    assert_eq!(live.touched(), before);
    // One that forces the last clock down moves that one alone.
    live.insert(edge(9_001, Stamp::exact(clocks - 2, 1_000), Stamp::exact(clocks - 1, 800)), 0).unwrap();
    assert!(live.touched() - before <= 2, "{}", live.touched() - before);
    let Err(refused) = live.insert(edge(9_002, Stamp::exact(clocks - 1, 900), Stamp::exact(0, 900)), 0) else {
        panic!("each hop is at least 100 ns behind")
    };
    assert!(refused.excess > fine(1_000) && refused.edges.len() == clocks as usize);
}
