//! Bounds, estimates, what-if and durations.

use proptest::prelude::*;

use super::super::{
    Bounds, Check, Edge, Fine, Graph, Guide, Order, Pairwise, Rates, Shape, Side, Stamp, ceil_ns, fine, floor_ns,
};
use super::oracle::Oracle;
use super::{NO_BREAKS, System, edge, no_guess, shifted, system};

fn bounds(system: &System, frame: u32) -> Option<Bounds> {
    Bounds::new(&system.edges, &system.rates, &NO_BREAKS, frame, no_guess)
}

/// Small systems of constant offsets, for counting through all offsets.
fn constant_system() -> impl Strategy<Value = (u32, Vec<(u32, u32, i64)>)> {
    (2_u32..=4).prop_flat_map(|clocks| (Just(clocks), prop::collection::vec((0..clocks, 0..clocks, -3_i64..6), 1..9)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn ends_are_attained_and_nothing_lies_outside((clocks, arcs) in constant_system()) {
        const REACH: i64 = 12;
        let arcs: Vec<_> = arcs.into_iter().filter(|arc| arc.0 != arc.1).collect();
        let edges = (0_u32..).zip(&arcs).map(|(span, &(a, b, w))| edge(span, Stamp::exact(a, 0), Stamp::exact(b, w)));
        let system = System { rates: Rates::uniform(clocks as usize, 0), edges: edges.collect() };
        let mut found: Vec<Option<(i64, i64)>> = vec![None; clocks as usize];
        let others = clocks as usize - 1;
        let side = usize::try_from(2 * REACH + 1).unwrap();
        for code in 0..side.pow(u32::try_from(others).unwrap()) {
            let mut offsets = vec![0_i64; clocks as usize];
            let mut rest = code;
            for offset in offsets.iter_mut().skip(1) {
                *offset = i64::try_from(rest % side).unwrap() - REACH;
                rest /= side;
            }
            if arcs.iter().all(|&(a, b, w)| offsets[b as usize] - offsets[a as usize] <= w) {
                for (slot, &offset) in found.iter_mut().zip(&offsets) {
                    let range = slot.get_or_insert((offset, offset));
                    *range = (range.0.min(offset), range.1.max(offset));
                }
            }
        }
        match bounds(&system, 0) {
            None => prop_assert!(found[0].is_none()),
            Some(bounds) => for clock in 1..clocks {
                let range = bounds.offset(clock, 0);
                // Three arcs of at most 5 reach 15, past the box; then the box decides, not the bounds.
                let (lo, hi) = found[clock as usize].unwrap();
                if lo > -REACH && hi < REACH && range.lo.is_some() && range.hi.is_some() {
                    prop_assert_eq!((range.lo, range.hi), (Some(fine(lo)), Some(fine(hi))));
                }
                prop_assert!(range.contains(fine(lo)) && range.contains(fine(hi)));
            },
        }
    }

    #[test]
    fn estimates_together_satisfy_every_edge(system in system(5, 16, 30)) {
        for frame in 0..system.clocks() {
            let Some(bounds) = bounds(&system, frame) else { return Ok(()) };
            for edge in &system.edges {
                let guess = |stamp: &Stamp| bounds.estimate(stamp.clock, stamp.anchor_ns);
                let (Some(from), Some(to)) = (guess(&edge.from), guess(&edge.to)) else { continue };
                prop_assert!(to.value - from.value <= edge.weight(bounds.graph().rates()));
                let range = bounds.offset(edge.from.clock, edge.from.anchor_ns);
                prop_assert!(range.contains(from.value));
            }
        }
    }

    #[test]
    fn the_reasons_add_up_to_the_bound(system in system(4, 16, 30)) {
        let Some(bounds) = bounds(&system, 0) else { return Ok(()) };
        for stamp in system.edges.iter().flat_map(|edge| [edge.from, edge.to]).filter(|stamp| stamp.clock != 0) {
            let range = bounds.offset(stamp.clock, stamp.anchor_ns);
            for (side, end) in [(Side::Hi, range.hi), (Side::Lo, range.lo.map(|lo| -lo))] {
                let Some(end) = end else {
                    prop_assert!(bounds.why(&system.edges, stamp.clock, stamp.anchor_ns, side).is_empty());
                    continue;
                };
                let steps = bounds.why_steps(stamp.clock, stamp.anchor_ns, side);
                prop_assert!(!bounds.why(&system.edges, stamp.clock, stamp.anchor_ns, side).is_empty());
                prop_assert_eq!(bounds.graph().cost_of(&steps, &system.edges), end);
            }
        }
    }

    #[test]
    fn a_held_clock_tightens_the_others_to_what_is_possible(system in system(4, 14, 30), share in 0_i128..=8) {
        let Some(bounds) = bounds(&system, 0) else { return Ok(()) };
        let held = system.edges[0].to;
        if held.clock == 0 {
            return Ok(());
        }
        let range = bounds.offset(held.clock, held.anchor_ns);
        let (Some(lo), Some(hi)) = (range.lo, range.hi) else { return Ok(()) };
        let value = lo + (hi - lo) * share / 8;
        let pin = bounds.pin(held.clock, held.anchor_ns, value);
        prop_assert_eq!(pin.value, value);
        prop_assert_eq!(bounds.pin(held.clock, held.anchor_ns, hi + 1).value, hi);
        // The upper ends under the pin are one consistent assignment.
        let upper = |stamp: &Stamp| pin.offset(&bounds, stamp.clock, stamp.anchor_ns);
        for edge in &system.edges {
            let (from, to) = (upper(&edge.from), upper(&edge.to));
            if let (Some(from), Some(to)) = (from.hi, to.hi) {
                prop_assert!(to - from <= edge.weight(bounds.graph().rates()));
            }
            if let (Some(from), Some(to)) = (from.lo, to.lo) {
                prop_assert!(to - from <= edge.weight(bounds.graph().rates()));
            }
        }
        let own = pin.offset(&bounds, held.clock, held.anchor_ns);
        prop_assert_eq!((own.lo, own.hi), (Some(value), Some(value)));
    }

    #[test]
    fn shifting_one_clock_shifts_only_its_offset(system in system(4, 14, 30), by in -1000_i64..1000) {
        let (Some(before), moved) = (bounds(&system, 0), shifted(&system, 1, by)) else {
            prop_assert!(bounds(&shifted(&system, 1, by), 0).is_none());
            return Ok(());
        };
        let after = bounds(&moved, 0).unwrap();
        for (old, new) in system.edges.iter().zip(&moved.edges) {
            let (a, b) = (before.offset(old.to.clock, old.to.anchor_ns), after.offset(new.to.clock, new.to.anchor_ns));
            let shift = if old.to.clock == 1 { fine(by) } else { 0 };
            prop_assert_eq!((a.lo.map(|lo| lo + shift), a.hi.map(|hi| hi + shift)), (b.lo, b.hi));
        }
    }

    #[test]
    fn more_edges_only_shrink_and_more_drift_only_grows(system in system(4, 14, 30)) {
        let Some(all) = bounds(&system, 0) else { return Ok(()) };
        let fewer = System { edges: system.edges[1..].to_vec(), ..system.clone() };
        let fewer = bounds(&fewer, 0).unwrap();
        let loose = Rates::of((0..system.clocks()).map(|clock| system.rates.ppb(clock) + 7_000_000).collect());
        let loose = bounds(&System { rates: loose, ..system.clone() }, 0).unwrap();
        for stamp in system.edges.iter().flat_map(|edge| [edge.from, edge.to]) {
            let at = |bounds: &Bounds| bounds.offset(stamp.clock, stamp.anchor_ns);
            for wider in [at(&fewer), at(&loose)] {
                prop_assert!(wider.lo.is_none_or(|lo| at(&all).lo.is_some_and(|own| lo <= own)));
                prop_assert!(wider.hi.is_none_or(|hi| at(&all).hi.is_some_and(|own| own <= hi)));
            }
        }
    }

    #[test]
    fn reversing_time_mirrors_every_bound(system in system(4, 14, 30)) {
        let mirror = |stamp: Stamp| Stamp {
            raw_ns: -stamp.raw_ns,
            anchor_ns: -stamp.anchor_ns,
            early_ns: -stamp.late_ns,
            late_ns: -stamp.early_ns,
            ..stamp
        };
        let edges = system.edges.iter().map(|edge| super::Edge { from: mirror(edge.to), to: mirror(edge.from), ..*edge });
        let mirrored = System { edges: edges.collect(), rates: system.rates.clone() };
        let (Some(a), b) = (bounds(&system, 0), bounds(&mirrored, 0)) else {
            prop_assert!(bounds(&mirrored, 0).is_none());
            return Ok(());
        };
        let b = b.unwrap();
        for stamp in system.edges.iter().flat_map(|edge| [edge.from, edge.to]) {
            let (one, two) = (a.offset(stamp.clock, stamp.anchor_ns), b.offset(stamp.clock, -stamp.anchor_ns));
            prop_assert_eq!((one.lo, one.hi), (two.hi.map(|hi| -hi), two.lo.map(|lo| -lo)));
        }
    }

    #[test]
    fn bounds_between_nodes_match_nodes_put_there(system in system(3, 12, 30), at in -40_i64..120) {
        let extra: Vec<(u32, i64)> = (0..system.clocks()).map(|clock| (clock, at)).collect();
        let Some(bounds) = bounds(&system, 0) else { return Ok(()) };
        let oracle = Oracle::new(&system.edges, &system.rates, Some(0), &extra);
        for &(clock, at) in &extra {
            let range = bounds.offset(clock, at);
            prop_assert_eq!(range.hi, oracle.distance((0, 0), (clock, at)));
            prop_assert_eq!(range.lo, oracle.distance((clock, at), (0, 0)).map(|cost| -cost));
        }
    }
}

const MS: i64 = 1_000_000;

/// Browser B sends at 0 and has the first token at 910; gateway G receives at 670 and sends the first token at
/// 1310 (raw milliseconds).
fn first_token() -> (System, [Stamp; 4]) {
    let at = |clock, ms: i64| Stamp::exact(clock, ms * MS);
    let stamps = [at(0, 0), at(1, 670), at(1, 1310), at(0, 910)];
    let edges = vec![edge(0, stamps[0], stamps[1]), edge(1, stamps[2], stamps[3])];
    (System { rates: Rates::uniform(2, 0), edges }, stamps)
}

#[test]
fn the_first_token_took_640_to_910_ms() {
    let (system, [send, receive, first, _]) = first_token();
    let bounds = bounds(&system, 0).unwrap();
    let offset = bounds.offset(1, receive.raw_ns);
    assert_eq!((offset.lo, offset.hi), (Some(fine(400 * MS)), Some(fine(670 * MS))));
    let graph = Graph::build(&system.edges, &system.rates, &NO_BREAKS, Shape::Drift);
    let Check::Feasible(solution) = graph.check(None) else { panic!("feasible") };
    let guide = Guide::new(&graph, &solution);
    let mut pairwise = Pairwise::new(&graph, &guide, send);
    let duration = pairwise.interval(&graph, &guide, &first);
    assert_eq!((duration.lo.map(floor_ns), duration.hi.map(ceil_ns)), (Some(640 * MS), Some(910 * MS)));
    assert_eq!(duration.order(), Order::Before);
    let client = pairwise.interval(&graph, &guide, &Stamp::exact(0, 910 * MS));
    assert_eq!((client.lo, client.hi), (Some(fine(910 * MS)), Some(fine(910 * MS))));
}

#[test]
fn rounding_goes_outward() {
    for (value, floor, ceil) in [(0, 0, 0), (1, 0, 1), (-1, -1, 0), (Fine::MAX, i64::MAX, i64::MAX)] {
        assert_eq!((floor_ns(value), ceil_ns(value)), (floor, ceil));
    }
    assert_eq!((floor_ns(fine(-7)), ceil_ns(fine(-7))), (-7, -7));
    assert_eq!(floor_ns(Fine::MIN / 2), i64::MIN);
}

#[test]
fn a_jump_cuts_what_is_known_before_from_what_is_known_after() {
    let at = |clock, ms: i64| Stamp::exact(clock, ms * MS);
    // Clock 1 reads 100 ms less from its time 1000 ms on.
    let edges = [
        edge(0, at(0, 10), at(1, 12)),
        edge(1, at(1, 14), at(0, 16)),
        edge(2, at(0, 2000), at(1, 1902)),
        edge(3, at(1, 1904), at(0, 2006)),
    ];
    let rates = Rates::uniform(2, 0);
    assert!(Bounds::new(&edges, &rates, &NO_BREAKS, 0, no_guess).is_none());
    let mut breaks = super::Breaks::default();
    breaks.insert(1, 1000 * MS);
    let bounds = Bounds::new(&edges, &rates, &breaks, 0, no_guess).unwrap();
    let ms = |clock, at: i64| {
        let range = bounds.offset(clock, at * MS);
        (range.lo.map(|lo| floor_ns(lo) / MS), range.hi.map(|hi| ceil_ns(hi) / MS))
    };
    assert_eq!(ms(1, 500), (Some(-2), Some(2)));
    assert_eq!(ms(1, 1500), (Some(-102), Some(-98)));
    // Seen from the clock that jumped, its other stretch has an offset too.
    let bounds = Bounds::new(&edges, &rates, &breaks, 1, no_guess).unwrap();
    assert_eq!(bounds.offset(1, 500 * MS), super::super::OffsetRange::exactly(0));
    let range = bounds.offset(1, 1500 * MS);
    assert_eq!((range.lo.map(floor_ns), range.hi.map(ceil_ns)), (Some(-104 * MS), Some(-96 * MS)));
}

/// Nothing answers clock 1. A message that waited for seconds must not push it seconds away from its raw times.
#[test]
fn an_assumed_latency_moves_no_clock_past_its_raw_times() {
    let edges: Vec<Edge> = [(0, 30), (100, 24_000), (200, 24_500)]
        .into_iter()
        .zip(1..)
        .map(|((sent, took), span)| edge(span, Stamp::exact(0, sent), Stamp::exact(1, sent + took)))
        .collect();
    let rates = Rates::uniform(2, 0);
    let placed = |edges: &[Edge]| {
        let bounds = Bounds::new(edges, &rates, &NO_BREAKS, 0, |_, _| 0).unwrap();
        let (range, estimate) = (bounds.offset(1, 30), bounds.estimate(1, 30).unwrap());
        assert!(range.lo.is_none() && estimate.is_one_sided && range.contains(estimate.value));
        estimate.value
    };
    assert_eq!(placed(&edges), 0, "not 24 s behind");
    // A clock that is surely behind is as close as messages allow.
    let behind: Vec<Edge> =
        edges.iter().map(|edge| Edge { to: Stamp::exact(1, edge.to.raw_ns - 50), ..*edge }).collect();
    assert_eq!(placed(&behind), fine(-20));
}
