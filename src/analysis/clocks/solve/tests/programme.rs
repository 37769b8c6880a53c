//! Bounds against a linear programme: an oracle that shares neither code nor method with the solver.
//!
//! Maximise one offset, or the difference of two, subject to all constraints. The oracle counts in nanoseconds as
//! floats; times here are below 200 ns, so that an agreement within a millionth of a nanosecond is an agreement.

use std::collections::BTreeMap;

use microlp::{ComparisonOp, Error, OptimizationDirection, Problem, Variable};
use proptest::prelude::*;

use super::super::{Bounds, Check, FINE_PER_NS, Fine, Graph, Guide, Pairwise, Rates, Shape, Stamp};
use super::{NO_BREAKS, System, no_guess, system};

const TOLERANCE_NS: f64 = 1e-6;

type Place = (u32, i64);

fn place(stamp: &Stamp) -> Place {
    (stamp.clock, stamp.anchor_ns)
}

fn ns(value: Fine) -> f64 {
    value as f64 / FINE_PER_NS as f64
}

/// The largest value of the sum of `goal` (place, factor) over all offsets that satisfy `system` under `rates`;
/// `frame` is the clock whose offset is zero. `Ok(None)` when it is not bounded, `Err` when nothing satisfies all.
fn maximum(system: &System, rates: &Rates, frame: Option<u32>, goal: &[(Place, f64)]) -> Result<Option<f64>, ()> {
    let mut problem = Problem::new(OptimizationDirection::Maximize);
    let mut offsets: BTreeMap<Place, Variable> = BTreeMap::new();
    let stamps = system.edges.iter().flat_map(|edge| [edge.from, edge.to]).map(|stamp| place(&stamp));
    for at in stamps.chain(goal.iter().map(|term| term.0)).filter(|at| Some(at.0) != frame) {
        offsets.entry(at).or_insert_with(|| {
            let factor: f64 = goal.iter().filter(|term| term.0 == at).map(|term| term.1).sum();
            problem.add_var(factor, (f64::NEG_INFINITY, f64::INFINITY))
        });
    }
    let mut constrain = |from: Place, to: Place, weight: Fine| {
        let terms = [(from, -1.0), (to, 1.0)];
        let known = terms.iter().filter_map(|(at, factor)| Some((*offsets.get(at)?, *factor)));
        problem.add_constraint(known.collect::<Vec<_>>(), ComparisonOp::Le, ns(weight));
    };
    for &from in offsets.keys() {
        for &to in offsets.keys().filter(|&&to| to.0 == from.0 && to != from) {
            constrain(from, to, rates.over(from.0, from.1.abs_diff(to.1)));
        }
    }
    for edge in &system.edges {
        constrain(place(&edge.from), place(&edge.to), edge.weight(rates));
    }
    match problem.solve().map(microlp::SolveOutcome::into_solution) {
        Ok(found) => Ok(Some(found.unwrap().objective())),
        Err(Error::Unbounded) => Ok(None),
        Err(Error::Infeasible) => Err(()),
        Err(other) => panic!("{other}"),
    }
}

fn agree(own: Option<Fine>, other: Option<f64>) -> bool {
    match (own, other) {
        (None, None) => true,
        (Some(own), Some(other)) => (ns(own) - other).abs() <= TOLERANCE_NS,
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_500) })]

    #[test]
    fn bounds_are_the_optima_of_the_linear_programme(system in system(4, 10, 30), pick in any::<prop::sample::Index>()) {
        let stamps: Vec<Stamp> =
            system.edges.iter().flat_map(|edge| [edge.from, edge.to]).filter(|stamp| stamp.clock != 0).collect();
        let stamp = stamps[pick.index(stamps.len())];
        let Some(bounds) = Bounds::new(&system.edges, &system.rates, &NO_BREAKS, 0, no_guess) else { return Ok(()) };
        let rates = system.rates.against(system.rates.ppb(0));
        let range = bounds.offset(stamp.clock, stamp.anchor_ns);
        for (sign, own) in [(1.0, range.hi), (-1.0, range.lo.map(|lo| -lo))] {
            let found = maximum(&system, &rates, Some(0), &[(place(&stamp), sign)]);
            prop_assert!(found.is_ok_and(|found| agree(own, found)), "{own:?} {found:?}");
        }
    }

    #[test]
    fn differences_of_two_offsets_are_the_optima_too(
        system in system(4, 10, 30),
        pick in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
    ) {
        let stamps: Vec<Stamp> = system.edges.iter().flat_map(|edge| [edge.from, edge.to]).collect();
        let (from, to) = (stamps[pick.0.index(stamps.len())], stamps[pick.1.index(stamps.len())]);
        let graph = Graph::build(&system.edges, &system.rates, &NO_BREAKS, Shape::Drift);
        let Check::Feasible(solution) = graph.check(None) else { return Ok(()) };
        if place(&from) == place(&to) {
            return Ok(());
        }
        let guide = Guide::new(&graph, &solution);
        let range = Pairwise::new(&graph, &guide, from).offset(&graph, &guide, &to);
        let found = maximum(&system, &system.rates, None, &[(place(&to), 1.0), (place(&from), -1.0)]);
        prop_assert!(found.is_ok_and(|found| agree(range.hi, found)), "{range:?} {found:?}");
    }

    #[test]
    fn what_contradicts_itself_satisfies_no_programme(system in system(3, 12, 6)) {
        let graph = Graph::build(&system.edges, &system.rates, &NO_BREAKS, Shape::Drift);
        let found = maximum(&system, &system.rates, None, &[]);
        match graph.check(None) {
            Check::Feasible(_) => prop_assert!(found.is_ok()),
            // Less than the oracle can see is not asked of it.
            Check::Contradiction(witness) if ns(witness.excess) > TOLERANCE_NS => prop_assert!(found.is_err()),
            Check::Contradiction(_) => {}
        }
    }
}
