//! Bounds against a linear programme: an oracle that shares neither code nor method with the solver.
//!
//! Maximise one offset subject to all constraints, by the simplex method on a dense tableau of exact integers
//! (fraction-free pivots, Bland's rule, so that it ends). Offsets are differences of non-negative variables in a box.

use proptest::prelude::*;

use super::super::{Bounds, Fine, Stamp};
use super::{NO_BREAKS, System, no_guess, system};

/// Maximises `goal * x` subject to `rows * x <= limits`, `x >= 0`, all limits being non-negative. Returns the value
/// as a fraction. The box around the variables keeps it bounded.
fn maximum(rows: &[Vec<i128>], limits: &[i128], goal: &[i128]) -> (i128, i128) {
    let (height, width) = (rows.len(), goal.len());
    let columns = width + height + 1;
    let mut table = vec![vec![0_i128; columns]; height + 1];
    for (at, row) in rows.iter().enumerate() {
        table[at][..width].copy_from_slice(row);
        table[at][width + at] = 1;
        table[at][columns - 1] = limits[at];
    }
    for (slot, value) in table[height].iter_mut().zip(goal) {
        *slot = -value;
    }
    let mut basis: Vec<usize> = (width..width + height).collect();
    let mut scale = 1_i128;
    while let Some(enter) = (0..columns - 1).find(|&column| table[height][column] < 0) {
        let leave = (0..height).filter(|&row| table[row][enter] > 0).min_by(|&a, &b| {
            let ratios = (table[a][columns - 1] * table[b][enter], table[b][columns - 1] * table[a][enter]);
            ratios.0.cmp(&ratios.1).then(basis[a].cmp(&basis[b]))
        });
        let Some(leave) = leave else { panic!("the box bounds every variable") };
        let pivot = table[leave][enter];
        let own = table[leave].clone();
        for row in (0..=height).filter(|&row| row != leave) {
            let factor = table[row][enter];
            for (slot, value) in table[row].iter_mut().zip(&own) {
                *slot = (*slot * pivot - factor * value) / scale;
            }
        }
        scale = pivot;
        basis[leave] = enter;
    }
    (table[height][columns - 1], scale)
}

/// Far beyond anything that bounds reach here, nanoseconds: an optimum there is no bound.
const FAR: i128 = 3_000;

/// The largest offset (times `sign`) of the clock at `place` against clock 0; `None` when it is not bounded. Every
/// offset is written as what it is in the known solution `start` plus a non-negative variable less `FAR`.
fn extreme(system: &System, place: (u32, i64), sign: i128, start: impl Fn(u32, i64) -> Fine) -> Option<(i128, i128)> {
    let rates = system.rates.against(system.rates.ppb(0));
    let stamps = system.edges.iter().flat_map(|edge| [edge.from, edge.to]);
    let mut nodes: Vec<(u32, i64)> =
        stamps.filter(|stamp| stamp.clock != 0).map(|stamp| (stamp.clock, stamp.anchor_ns)).collect();
    nodes.sort_unstable();
    nodes.dedup();
    let known = |node: (u32, i64)| if node.0 == 0 { 0 } else { start(node.0, node.1) };
    let far = FAR * super::super::FINE_PER_NS;
    // x_v = offset_v - start_v, as p_v - q_v with p, q >= 0: the start is the origin, which is feasible.
    let width = 2 * nodes.len();
    let (mut rows, mut limits) = (Vec::new(), Vec::new());
    let mut constrain = |from: (u32, i64), to: (u32, i64), weight: Fine| {
        let mut row = vec![0_i128; width];
        for (node, factor) in [(from, -1), (to, 1)] {
            if let Ok(at) = nodes.binary_search(&node) {
                row[2 * at] += factor;
                row[2 * at + 1] -= factor;
            }
        }
        rows.push(row);
        limits.push(weight - known(to) + known(from));
    };
    for &from in &nodes {
        for &to in nodes.iter().filter(|&&to| to.0 == from.0 && to != from) {
            constrain(from, to, rates.over(from.0, from.1.abs_diff(to.1)));
        }
    }
    for edge in &system.edges {
        let at = |stamp: &Stamp| if stamp.clock == 0 { (0, 0) } else { (stamp.clock, stamp.anchor_ns) };
        constrain(at(&edge.from), at(&edge.to), edge.weight(&rates));
    }
    for at in 0..width {
        let mut row = vec![0_i128; width];
        row[at] = 1;
        rows.push(row);
        limits.push(far);
    }
    let wanted = nodes.binary_search(&place).unwrap();
    let mut goal = vec![0_i128; width];
    (goal[2 * wanted], goal[2 * wanted + 1]) = (sign, -sign);
    let (value, scale) = maximum(&rows, &limits, &goal);
    (value < far / 2 * scale).then_some((value + sign * known(place) * scale, scale))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn bounds_are_the_optima_of_the_linear_programme(system in system(4, 8, 30), pick in any::<prop::sample::Index>()) {
        let stamps: Vec<Stamp> =
            system.edges.iter().flat_map(|edge| [edge.from, edge.to]).filter(|stamp| stamp.clock != 0).collect();
        let stamp = stamps[pick.index(stamps.len())];
        let Some(bounds) = Bounds::new(&system.edges, &system.rates, &NO_BREAKS, 0, no_guess) else { return Ok(()) };
        let start = |clock, at_ns| bounds.solution_near(clock, at_ns);
        let range = bounds.offset(stamp.clock, stamp.anchor_ns);
        for (sign, own) in [(1, range.hi), (-1, range.lo.map(|lo| -lo))] {
            let found = extreme(&system, (stamp.clock, stamp.anchor_ns), sign, start);
            prop_assert_eq!(own.is_some(), found.is_some());
            if let (Some(own), Some((value, scale))) = (own, found) {
                prop_assert_eq!(own * scale, value);
            }
        }
    }
}
