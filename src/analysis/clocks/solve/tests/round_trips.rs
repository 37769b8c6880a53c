//! Contradictions of two messages: real ones only, and all of them where clocks do not drift.

use proptest::prelude::*;

use super::super::{Breaks, Check, Graph, Rates, Shape, Step, worst_round_trip};
use super::oracle::Oracle;
use super::{NO_BREAKS, System, system};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3_000) })]

    #[test]
    fn what_is_found_is_a_contradiction(system in system(4, 20, 8), jump in prop::option::of((0_u32..4, 0_i64..80))) {
        let mut breaks = Breaks::none();
        if let Some((clock, at_ns)) = jump {
            breaks.insert(clock % system.clocks(), at_ns);
        }
        let graph = Graph::build(&system.edges, &system.rates, &breaks, Shape::Drift);
        let Some(witness) = worst_round_trip(&system.edges, &system.rates, &breaks) else { return Ok(()) };
        prop_assert!(matches!(graph.check(None), Check::Contradiction(_)));
        prop_assert!(witness.excess > 0);
        prop_assert_eq!(graph.cost_of(&witness.steps, &system.edges), -witness.excess);
        let own: Vec<_> = witness.edges().map(|ix| system.edges[ix as usize]).collect();
        prop_assert_eq!(own.len(), 2);
        let own = Graph::build(&own, &system.rates, &breaks, Shape::Drift);
        prop_assert!(matches!(own.check(None), Check::Contradiction(_)));
        for step in &witness.steps {
            if let Step::Drift { clock, from_ns, to_ns } = *step {
                prop_assert_eq!(breaks.segment(clock, from_ns), breaks.segment(clock, to_ns));
            }
        }
    }

    #[test]
    fn of_two_clocks_that_do_not_drift_the_worst_one_is_found(system in system(2, 20, 4)) {
        let still = System { rates: Rates::uniform(2, 0), ..system };
        let least = |from: u32| still.edges.iter().filter(|edge| edge.from.clock == from).map(|edge| edge.weight(&still.rates)).min();
        let expected = least(0).zip(least(1)).map(|(there, back)| there + back).filter(|&sum| sum < 0);
        let found = worst_round_trip(&still.edges, &still.rates, &NO_BREAKS);
        prop_assert_eq!(found.map(|witness| -witness.excess), expected);
        prop_assert_eq!(expected.is_none(), Oracle::new(&still.edges, &still.rates, None, &[]).is_feasible());
    }
}
