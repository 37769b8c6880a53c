//! What must not change, and which way it must change when it does.

use proptest::prelude::*;

use super::super::{Bounds, Check, Edge, Graph, Guide, Interval, Pairwise, Reducer, Shape, Stamp};
use super::oracle::Oracle;
use super::{Evidence, NO_BREAKS, Rule, System, no_guess, shifted, system};

/// Everything that the solver says about a system without a reference clock: (time of b) - (time of a) for every
/// pair of stamps; empty for a contradiction.
fn intervals(system: &System) -> Vec<Interval> {
    let graph = Graph::build(&system.edges, &system.rates, &NO_BREAKS, Shape::Drift);
    let Check::Feasible(solution) = graph.check(None) else { return Vec::new() };
    let guide = Guide::new(&graph, &solution);
    let stamps: Vec<Stamp> = system.edges.iter().flat_map(|edge| [edge.from, edge.to]).collect();
    let of = |a: &Stamp| {
        let mut pairwise = Pairwise::new(&graph, &guide, *a);
        stamps.iter().map(|b| pairwise.interval(&graph, &guide, b)).collect::<Vec<_>>()
    };
    stamps.iter().flat_map(of).collect()
}

fn with_edges(system: &System, edges: Vec<Edge>) -> System {
    System { edges, rates: system.rates.clone() }
}

fn contains(outer: &Interval, inner: &Interval) -> bool {
    outer.lo.is_none_or(|lo| inner.lo.is_some_and(|own| lo <= own))
        && outer.hi.is_none_or(|hi| inner.hi.is_some_and(|own| own <= hi))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn order_and_repetition_of_edges_do_not_matter(system in system(4, 10, 30), turn in 0_usize..10) {
        let expected = intervals(&system);
        let twice: Vec<Edge> = system.edges.iter().chain(&system.edges).copied().collect();
        let count = system.edges.len() * 2;
        let doubled = intervals(&with_edges(&system, twice));
        let stride = 2 * count;
        for (at, interval) in expected.iter().enumerate() {
            let (a, b) = (at / count, at % count);
            prop_assert_eq!(&doubled[a * stride + b], interval);
        }
        let mut turned = system.edges.clone();
        let turn = turn % turned.len();
        turned.rotate_left(turn);
        let turned = intervals(&with_edges(&system, turned));
        for (at, interval) in expected.iter().enumerate() {
            let moved = |stamp: usize| (stamp + count - 2 * turn) % count;
            prop_assert_eq!(&turned[moved(at / count) * count + moved(at % count)], interval);
        }
    }

    #[test]
    fn setting_a_clock_changes_no_duration_no_order_and_no_contradiction(
        system in system(4, 10, 30),
        clock in 0_u32..4,
        by in -1_000_000_i64..1_000_000,
    ) {
        let (before, after) = (intervals(&system), intervals(&shifted(&system, clock % system.clocks(), by)));
        prop_assert_eq!(&before, &after);
        let order = |intervals: &[Interval]| intervals.iter().map(Interval::order).collect::<Vec<_>>();
        prop_assert_eq!(order(&before), order(&after));
    }

    #[test]
    fn names_of_clocks_do_not_matter(system in system(4, 12, 30), by in 1_u32..4) {
        let clocks = system.clocks();
        let renamed = |stamp: Stamp| Stamp { clock: (stamp.clock + by) % clocks, ..stamp };
        let edges = system.edges.iter().map(|edge| Edge { from: renamed(edge.from), to: renamed(edge.to), ..*edge });
        let ppb = (0..clocks).map(|clock| system.rates.ppb((clock + clocks - by % clocks) % clocks)).collect();
        let other = System { edges: edges.collect(), rates: super::super::Rates::of(ppb) };
        prop_assert_eq!(intervals(&system), intervals(&other));
    }

    #[test]
    fn an_implied_edge_changes_nothing_and_any_other_only_narrows(system in system(4, 10, 30), slack in -40_i64..40) {
        let expected = intervals(&system);
        let count = system.edges.len() * 2;
        let mut edges = system.edges.clone();
        // The first edge again, later or earlier at the receiver.
        let to = Stamp { raw_ns: edges[0].to.raw_ns + slack, ..edges[0].to };
        edges.push(Edge { to, ..edges[0] });
        let found = intervals(&with_edges(&system, edges));
        if found.is_empty() {
            prop_assert!(slack < 0 || expected.is_empty());
            return Ok(());
        }
        for (at, interval) in expected.iter().enumerate() {
            let other = &found[at / count * (count + 2) + at % count];
            prop_assert!(contains(interval, other));
            prop_assert!(slack < 0 || interval == other || edges_age(&system) > 0);
        }
    }

    #[test]
    fn coarser_stamps_and_more_drift_only_widen(system in system(4, 10, 30), by in 0_i32..9, more in 0_u32..50_000_000) {
        let expected = intervals(&system);
        let coarse = |stamp: Stamp| Stamp { early_ns: stamp.early_ns - by, late_ns: stamp.late_ns + by, ..stamp };
        let edges = system.edges.iter().map(|edge| Edge { from: coarse(edge.from), to: coarse(edge.to), ..*edge });
        let ppb = (0..system.clocks()).map(|clock| system.rates.ppb(clock) + more).collect();
        let found = intervals(&System { edges: edges.collect(), rates: super::super::Rates::of(ppb) });
        for (interval, wider) in expected.iter().zip(&found) {
            prop_assert!(contains(wider, interval));
        }
        prop_assert!(expected.is_empty() || expected.len() == found.len());
    }

    #[test]
    fn any_level_and_any_class_is_reduced_by_itself(system in system(3, 30, 20), off in 0_u32..4) {
        const RULES: [Rule; 4] = [Rule::RequestStart, Rule::UnaryEnd, Rule::MessageStart, Rule::SameHost];
        let class_of = |at: usize| (at % 4) as u32;
        let rule = |at: usize| RULES[at % 4];
        let edges: Vec<Edge> = system.edges.iter().enumerate().map(|(at, edge)| {
            let mut edge = *edge;
            edge.cause.rule = rule(at);
            edge
        }).collect();
        let mut reducer = Reducer::new(system.rates.clone(), NO_BREAKS);
        for (at, edge) in edges.iter().enumerate() {
            reducer.push(edge, class_of(at));
        }
        let reduced = reducer.finish();
        for level in [Evidence::Protocol, Evidence::Convention, Evidence::Prior] {
            let used = edges.iter().enumerate();
            let used = used.filter(|(at, edge)| edge.cause.rule.strength() <= level && class_of(*at) != off);
            let all: Vec<Edge> = used.map(|(_, edge)| *edge).collect();
            let kept = reduced.edges(level, |group| group.class == off);
            prop_assert!(kept.len() <= all.len());
            let stamps: Vec<(u32, i64)> = all.iter().flat_map(|edge| [edge.from, edge.to])
                .map(|stamp| (stamp.clock, stamp.anchor_ns)).collect();
            let (before, after) = (Oracle::new(&all, &system.rates, None, &stamps), Oracle::new(&kept, &system.rates, None, &stamps));
            prop_assert_eq!(before.is_feasible(), after.is_feasible());
            if before.is_feasible() {
                for &a in &stamps {
                    for &b in &stamps {
                        prop_assert_eq!(before.distance(a, b), after.distance(a, b));
                    }
                }
            }
        }
        for group in &reduced.groups {
            prop_assert_eq!(group.is_complete(), group.seen <= group.kept.len() as u64 + 32);
        }
    }

    #[test]
    fn both_ends_of_a_whisker_are_consistent_assignments(system in system(4, 14, 30)) {
        let Some(bounds) = Bounds::new(&system.edges, &system.rates, &NO_BREAKS, 0, no_guess) else { return Ok(()) };
        // All upper ends together satisfy every edge, and so do all lower ends: the ends are attained.
        for edge in &system.edges {
            let range = |stamp: &Stamp| bounds.offset(stamp.clock, stamp.anchor_ns);
            let (from, to) = (range(&edge.from), range(&edge.to));
            let weight = edge.weight(bounds.graph().rates());
            if let (Some(from), Some(to)) = (from.hi, to.hi) {
                prop_assert!(to - from <= weight);
            }
            if let (Some(from), Some(to)) = (from.lo, to.lo) {
                prop_assert!(to - from <= weight);
            }
        }
    }
}

fn edges_age(system: &System) -> u64 {
    system.edges[0].to.age_ns()
}
