//! Contradictions: found exactly when there are some, and with an irreducible witness.

use proptest::prelude::*;

use super::super::{Check, Graph, Rates, Shape, Stamp, fine};
use super::oracle::Oracle;
use super::{NO_BREAKS, System, edge, system};

fn check(system: &System) -> Check {
    Graph::build(&system.edges, &system.rates, &NO_BREAKS, Shape::Drift).check(None)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn contradiction_iff_floyd_warshall_has_a_negative_cycle(system in system(5, 20, 8)) {
        let oracle = Oracle::new(&system.edges, &system.rates, None, &[]);
        let graph = Graph::build(&system.edges, &system.rates, &NO_BREAKS, Shape::Drift);
        match graph.check(None) {
            Check::Feasible(solution) => {
                prop_assert!(oracle.is_feasible());
                for edge in &system.edges {
                    let (from, to) = (graph.node(&edge.from).unwrap(), graph.node(&edge.to).unwrap());
                    prop_assert!(solution[to as usize] - solution[from as usize] <= edge.weight(&system.rates));
                }
            }
            Check::Contradiction(witness) => {
                prop_assert!(!oracle.is_feasible());
                let witness = witness.shrink(&system.edges, &system.rates, &NO_BREAKS);
                prop_assert!(witness.excess > 0);
                prop_assert_eq!(graph.cost_of(&witness.steps, &system.edges), -witness.excess);
                let cycle: Vec<_> = witness.edges().map(|ix| system.edges[ix as usize]).collect();
                for (at, edge) in cycle.iter().enumerate() {
                    let next = &cycle[(at + 1) % cycle.len()];
                    prop_assert_eq!(edge.to.clock, next.from.clock, "a closed walk");
                }
                prop_assert!(!Oracle::new(&cycle, &system.rates, None, &[]).is_feasible());
                for left_out in 0..cycle.len() {
                    let mut rest = cycle.clone();
                    rest.remove(left_out);
                    prop_assert!(Oracle::new(&rest, &system.rates, None, &[]).is_feasible(), "irreducible");
                }
            }
        }
    }

    #[test]
    fn a_guess_changes_nothing_but_the_work(system in system(4, 14, 10), guess in prop::collection::vec(-50_i64..50, 40)) {
        let graph = Graph::build(&system.edges, &system.rates, &NO_BREAKS, Shape::Drift);
        let start = (0..graph.len()).map(|at| fine(guess[at % guess.len()])).collect();
        let is_feasible = |check: &Check| matches!(check, Check::Feasible(_));
        prop_assert_eq!(is_feasible(&graph.check(None)), is_feasible(&graph.check(Some(start))));
    }
}

#[test]
fn nothing_and_one_clock_are_feasible() {
    let empty = System { rates: Rates::uniform(0, 50_000), edges: Vec::new() };
    assert!(matches!(check(&empty), Check::Feasible(solution) if solution.is_empty()));
    let alone = edge(0, Stamp::exact(0, 10), Stamp::exact(0, 20));
    let alone = System { rates: Rates::uniform(1, 50_000), edges: vec![alone] };
    assert!(matches!(check(&alone), Check::Feasible(_)));
}

#[test]
fn one_mistaken_unit_does_not_overflow() {
    let (low, high) = (Stamp::exact(0, i64::MIN), Stamp::exact(1, i64::MAX));
    let edges = vec![edge(0, low, high), edge(1, high, low), edge(2, Stamp::exact(0, 0), Stamp::exact(1, i64::MIN))];
    let Check::Contradiction(witness) = check(&System { rates: Rates::uniform(2, 50_000), edges }) else {
        panic!("the third edge contradicts the second")
    };
    assert!(witness.excess > 0);
}

/// A worst case for label correcting: a chain whose labels improve one after the other, many times over.
#[test]
fn adversarial_order_ends_within_the_step_limit_or_falls_back() {
    let clocks = 200_u32;
    let mut edges = Vec::new();
    for clock in (0..clocks - 1).rev() {
        edges.push(edge(clock, Stamp::exact(clock, 0), Stamp::exact(clock + 1, -1)));
        for skip in 2..6.min(clocks - clock) {
            edges.push(edge(
                clock * 10 + skip,
                Stamp::exact(clock, 0),
                Stamp::exact(clock + skip, -i64::from(skip) / 2),
            ));
        }
    }
    let mut system = System { rates: Rates::uniform(clocks as usize, 0), edges };
    assert!(matches!(check(&system), Check::Feasible(_)));
    let back = i64::from(clocks) - 2;
    system.edges.push(edge(9_999, Stamp::exact(clocks - 1, 0), Stamp::exact(0, back)));
    let Check::Contradiction(witness) = check(&system) else { panic!("one nanosecond short") };
    assert_eq!(witness.excess, fine(1));
    assert_eq!(witness.edges().count(), clocks as usize);
}
