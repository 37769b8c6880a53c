//! Trials say what a graph of their own, built and searched from nothing, says; and cost what is different.

use proptest::prelude::*;

use super::super::{Breaks, Check, Edge, Graph, Rates, Shape, Stamp, Trial, Trials};
use super::{System, edge, system};

/// What a trial says when everything is built anew.
fn from_nothing(system: &System, holds: impl Fn(u32) -> bool, rates: &Rates, breaks: &Breaks) -> bool {
    let held = (0_u32..).zip(&system.edges).filter(|(ix, _)| holds(*ix));
    let edges: Vec<Edge> = held.map(|(_, edge)| *edge).collect();
    matches!(Graph::build(&edges, rates, breaks, Shape::Drift).check(None), Check::Feasible(_))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3_000) })]

    #[test]
    fn a_trial_says_what_a_graph_of_its_own_says(
        system in system(4, 18, 8),
        guess in prop::collection::vec(-40_i128..40, 4),
        tried in prop::collection::vec(
            (any::<u32>(), prop::collection::vec((0_u32..4, 0_i64..60), 0..4), 0_u32..4, 0_u32..300_000_000), 1..8),
    ) {
        let guess = |clock: u32, _| guess[clock as usize] * super::super::FINE_PER_NS;
        let mut trials = Trials::new(&system.edges, &system.rates, guess);
        for (mask, jumps, clock, ppb) in tried {
            let mut breaks = Breaks::none();
            jumps.iter().for_each(|&(clock, at_ns)| breaks.insert(clock, at_ns));
            let mut rates = system.rates.clone();
            rates.set(clock, rates.ppb(clock).max(ppb));
            let holds = |ix: u32| mask >> (ix % 32) & 1 == 1;
            let found = trials.is_feasible(&Trial { rates: &rates, breaks: &breaks, holds: &holds });
            prop_assert_eq!(found, from_nothing(&system, holds, &rates, &breaks));
        }
    }
}

/// Two clocks that exchange 20,000 messages each way; the second one steps by 5 ms in the middle.
fn stepped() -> System {
    let edges = (0..20_000_i64).flat_map(|at| {
        let (sent, step) = (at * 1_000_000, if at < 10_000 { 0 } else { 5_000_000 });
        let span = u32::try_from(2 * at).unwrap();
        let there = edge(span, Stamp::exact(0, sent), Stamp::exact(1, sent + 100_000 + step));
        [there, edge(span + 1, Stamp::exact(1, sent + 110_000 + step), Stamp::exact(0, sent + 200_000))]
    });
    System { rates: Rates::uniform(2, 50_000), edges: edges.collect() }
}

#[test]
fn a_trial_costs_what_is_different_and_not_the_whole_graph() {
    let system = stepped();
    // Both clocks are equal but for the step.
    let guess = |clock, at_ns| if clock == 1 && at_ns >= 10_002_000_000 { super::super::fine(5_000_000) } else { 0 };
    let mut trials = Trials::new(&system.edges, &system.rates, guess);
    let mut jump = |at_ns: i64| {
        let mut breaks = Breaks::none();
        breaks.insert(1, at_ns);
        let is_possible = trials.is_feasible(&Trial { rates: &system.rates, breaks: &breaks, holds: &|_| true });
        (is_possible, trials.scanned())
    };
    let (is_possible, scanned) = jump(10_002_000_000);
    assert!(is_possible && scanned < 100, "{scanned}");
    let (is_possible, scanned) = jump(15_000_000_000);
    assert!(!is_possible && scanned < 2_000, "{scanned}");
    // Nothing is left of the one before.
    assert!(jump(10_002_000_000).0);
}
