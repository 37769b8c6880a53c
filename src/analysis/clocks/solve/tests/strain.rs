//! The least error and the least drift that explain everything: enough, and not a unit more.

use proptest::prelude::*;

use super::super::{Check, Edge, Fine, Graph, Rates, Shape, Stamp, fine};
use super::oracle::Oracle;
use super::{NO_BREAKS, System, edge, system};

/// Whether offsets and reading errors of at most `error` exist: one node per clock and anchor for the clock's offset
/// and one for its reading, by Floyd and Warshall.
fn is_feasible_with_error(system: &System, error: Fine) -> bool {
    let mut nodes: Vec<(u32, i64)> =
        system.edges.iter().flat_map(|edge| [edge.from, edge.to]).map(|stamp| (stamp.clock, stamp.anchor_ns)).collect();
    nodes.sort_unstable();
    nodes.dedup();
    let count = nodes.len();
    let mut distance: Vec<Vec<Option<Fine>>> = vec![vec![None; 2 * count]; 2 * count];
    let mut set = |from: usize, to: usize, cost: Fine| {
        let slot = &mut distance[from][to];
        *slot = Some(slot.map_or(cost, |known| known.min(cost)));
    };
    for (a, &(clock, from)) in nodes.iter().enumerate() {
        set(a, a + count, error);
        set(a + count, a, error);
        for (b, &(other, to)) in nodes.iter().enumerate() {
            if clock == other {
                set(a, b, system.rates.over(clock, from.abs_diff(to)));
            }
        }
    }
    for edge in &system.edges {
        let at = |stamp: &Stamp| nodes.binary_search(&(stamp.clock, stamp.anchor_ns)).unwrap() + count;
        set(at(&edge.from), at(&edge.to), edge.weight(&system.rates));
    }
    for via in 0..2 * count {
        let through = distance[via].clone();
        for row in &mut distance {
            let Some(first) = row[via] else { continue };
            for (slot, second) in row.iter_mut().zip(&through) {
                let other = second.map(|second| first + second);
                *slot = slot.iter().chain(&other).min().copied();
            }
        }
    }
    (0..2 * count).all(|at| distance[at][at].is_none_or(|cycle| cycle >= 0))
}

fn faster(system: &System, extra: u32) -> Rates {
    Rates::of((0..system.clocks()).map(|clock| system.rates.ppb(clock) + extra).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_500) })]

    #[test]
    fn the_least_error_is_enough_and_not_a_unit_more(system in system(4, 12, 4)) {
        let graph = Graph::build(&system.edges, &system.rates, &NO_BREAKS, Shape::Drift);
        match graph.least_error() {
            Some(error) => {
                prop_assert!(is_feasible_with_error(&system, error));
                prop_assert!(error == 0 || !is_feasible_with_error(&system, error - 1));
            }
            None => prop_assert!(!is_feasible_with_error(&system, fine(1_000_000))),
        }
    }

    #[test]
    fn the_least_drift_is_enough_and_not_a_unit_more(system in system(4, 12, 6)) {
        let graph = Graph::build(&system.edges, &system.rates, &NO_BREAKS, Shape::Drift);
        match graph.least_extra_drift(&system.edges).filter(|&extra| extra < 4_000_000_000) {
            Some(extra) => {
                let is_feasible = |extra| Oracle::new(&system.edges, &faster(&system, extra), None, &[]).is_feasible();
                prop_assert!(is_feasible(extra));
                prop_assert!(extra == 0 || !is_feasible(extra - 1));
            }
            None => {
                let much = faster(&system, 4_000_000_000);
                prop_assert!(!Oracle::new(&system.edges, &much, None, &[]).is_feasible());
            }
        }
    }
}

fn lone(edges: &[Edge]) -> Graph {
    Graph::build(edges, &Rates::uniform(2, 0), &NO_BREAKS, Shape::Drift)
}

#[test]
fn one_reading_is_no_help_and_two_share_the_error() {
    let (a, b) = (Stamp::exact(0, 100), Stamp::exact(1, 50));
    // From one reading and back to it 10 ns before: no error of readings explains that.
    let circle = vec![edge(0, a, b), edge(1, b, Stamp { early_ns: -10, late_ns: -10, ..a })];
    assert_eq!(lone(&circle).least_error(), None);
    // Back to another reading, 10 ns before: each of the two readings of that clock may be off by 5 ns.
    let apart = vec![edge(0, a, b), edge(1, b, Stamp::exact(0, 90))];
    assert!(matches!(lone(&apart).check(None), Check::Contradiction(_)));
    assert_eq!(lone(&apart).least_error(), Some(fine(5)));
    // Through two readings of either clock: four share it.
    let four = vec![edge(0, a, b), edge(1, Stamp::exact(1, 70), Stamp::exact(0, 108))];
    assert_eq!(lone(&four).least_error(), Some(fine(3)));
}

/// A thousand exchanges of two clocks whose second one drifts, steps and then stands still for a while: far more
/// messages than an oracle of cubic cost can take, so that the number itself is held against the feasibility check.
#[test]
fn at_size_it_is_enough_and_not_a_unit_more() {
    let edges: Vec<Edge> = (0..5_000_i64)
        .flat_map(|at| {
            let sent = at * 1_000_000;
            let here = sent + sent / 2_000 + if at < 2_500 { 0 } else { 700_000 };
            let span = u32::try_from(2 * at).unwrap();
            let (busy, latency) = (at % 7 * 10_000, 90_000 + at % 13 * 1_000);
            let there = edge(span, Stamp::exact(0, sent), Stamp::exact(1, here + latency));
            [there, edge(span + 1, Stamp::exact(1, here + latency + busy), Stamp::exact(0, sent + 2 * latency + busy))]
        })
        .collect();
    let rates = Rates::uniform(2, 50_000);
    let build = |rates: &Rates, edges: &[Edge]| Graph::build(edges, rates, &NO_BREAKS, Shape::Drift);
    let graph = build(&rates, &edges);
    let extra = graph.least_extra_drift(&edges).unwrap();
    let is_feasible = |extra| {
        let found = build(&rates.faster(extra).unwrap(), &edges).check(None);
        matches!(found, Check::Feasible(_))
    };
    assert!(extra > 400_000 && is_feasible(extra) && !is_feasible(extra - 1), "{extra}");
    // An error of every reading makes each message later or earlier by twice that, as no stamp here is used twice.
    let error = graph.least_error().unwrap();
    let is_feasible = |error: Fine| {
        let half = i32::try_from(error).unwrap();
        let loose = |stamp: Stamp| Stamp { early_ns: -half, late_ns: half, ..stamp };
        let still = |edge: &Edge| Edge { from: loose(edge.from), to: loose(edge.to), ..*edge };
        let rates = Rates::uniform(2, 50_000);
        // Drift counts over reading errors too; as delay it is taken off again.
        let edges: Vec<Edge> = edges.iter().map(still).collect();
        let extra = 2 * (error * 50_000).div_euclid(super::super::FINE_PER_NS);
        let edges: Vec<Edge> =
            edges.into_iter().map(|edge| Edge { min_delay_ns: i64::try_from(extra).unwrap(), ..edge }).collect();
        matches!(build(&rates, &edges).check(None), Check::Feasible(_))
    };
    let error_ns = super::super::ceil_ns(error);
    assert!(error_ns > 300_000, "{error_ns}");
    assert!(is_feasible(Fine::from(error_ns) + 100) && !is_feasible(Fine::from(error_ns) - 100), "{error_ns}");
}
