//! Reduction keeps every distance, with and without a reference clock.

use proptest::prelude::*;

use super::super::super::causal::Evidence;
use super::super::{Bounds, Check, Graph, Guide, Pairwise, Rates, Reducer, Shape, Stamp};
use super::oracle::Oracle;
use super::{NO_BREAKS, edge, no_guess, system};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn distances_are_the_same_before_and_after(system in system(3, 30, 25)) {
        let kept = system.reduced();
        let oracle = Oracle::new(&system.edges, &system.rates, None, &[]);
        let graph = Graph::build(&kept, &system.rates, &NO_BREAKS, Shape::Drift);
        let Check::Feasible(solution) = graph.check(None) else {
            prop_assert!(!oracle.is_feasible());
            return Ok(());
        };
        prop_assert!(oracle.is_feasible());
        let guide = Guide::new(&graph, &solution);
        for &(clock, at) in oracle.nodes() {
            let event = Stamp::exact(clock, at);
            let mut pairwise = Pairwise::new(&graph, &guide, event);
            for &(other, to) in oracle.nodes().iter().filter(|&&place| place != (clock, at)) {
                let found = pairwise.interval(&graph, &guide, &Stamp::exact(other, to));
                let raw = super::super::fine(to) - super::super::fine(at);
                prop_assert_eq!(found.lo, oracle.distance((clock, at), (other, to)).map(|cost| raw - cost));
                prop_assert_eq!(found.hi, oracle.distance((other, to), (clock, at)).map(|cost| raw + cost));
            }
        }
        for frame in 0..system.clocks() {
            let oracle = Oracle::new(&system.edges, &system.rates, Some(frame), &[]);
            let bounds = Bounds::new(&kept, &system.rates, &NO_BREAKS, frame, no_guess).unwrap();
            for &(clock, at) in oracle.nodes() {
                let range = bounds.offset(clock, at);
                prop_assert_eq!(range.hi, oracle.distance((frame, 0), (clock, at)));
                prop_assert_eq!(range.lo, oracle.distance((clock, at), (frame, 0)).map(|cost| -cost));
            }
        }
    }

    #[test]
    fn the_order_of_arrival_does_not_matter(system in system(3, 25, 15), seed in any::<u64>()) {
        let mut shuffled = system.clone();
        let mut state = seed;
        for at in (1..shuffled.edges.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.edges.swap(at, (state >> 33) as usize % (at + 1));
        }
        let check = |edges: &[_]| Graph::build(edges, &system.rates, &NO_BREAKS, Shape::Drift).check(None);
        let is_feasible = |check: Check| matches!(check, Check::Feasible(_));
        prop_assert_eq!(is_feasible(check(&system.reduced())), is_feasible(check(&shuffled.reduced())));
    }
}

#[test]
fn of_identical_edges_exactly_one_stays() {
    let aged = Stamp { anchor_ns: -5, ..Stamp::exact(0, 10) };
    for from in [Stamp::exact(0, 10), aged] {
        let mut reducer = Reducer::new(Rates::uniform(2, 50_000), NO_BREAKS);
        for span in 0..5 {
            reducer.push(&edge(span, from, Stamp::exact(1, 30)), 7);
        }
        let reduced = reducer.finish();
        assert_eq!(reduced.groups.len(), 1);
        assert_eq!((reduced.groups[0].seen, reduced.groups[0].kept.len()), (5, 1));
    }
}

#[test]
fn an_hour_of_steady_messages_leaves_a_thin_envelope() {
    let mut reducer = Reducer::new(Rates::uniform(2, 50_000), NO_BREAKS);
    let mut state = 1_u64;
    for at in 0..200_000_i64 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let sent = at * 1_000_000;
        let latency = 3_000_000 + i64::try_from(state >> 44).unwrap();
        let (from, to) = (Stamp::exact(0, sent), Stamp::exact(1, sent + latency));
        reducer.push(&edge(u32::try_from(at).unwrap(), from, to), 0);
    }
    let kept = reducer.finish().edges(Evidence::Prior, |_| false).len();
    assert!(kept > 10 && kept < 10_000, "{kept} of 200000 kept");
}

/// Ten million messages of six pairs of clocks, in the order of their time: what is held stays a small part of them, on
/// the way too, and says whether they fit after few looks.
#[test]
fn ten_million_messages_stay_within_their_budget() {
    const MESSAGES: i64 = 10_000_000;
    const PAIRS: [(u32, u32); 6] = [(0, 1), (1, 0), (1, 2), (2, 1), (2, 0), (0, 2)];
    let mut reducer = super::super::Reducer::new(Rates::uniform(3, 50_000), NO_BREAKS);
    let mut message = edge(0, Stamp::exact(0, 0), Stamp::exact(0, 0));
    for at in 0..MESSAGES {
        // Bursts of a thousand, as files hold them, one message each 100 us.
        let (from, to) = PAIRS[usize::try_from(at / 1_000 % 6).unwrap()];
        let sent = at * 100_000;
        message.from = Stamp::exact(from, sent);
        message.to = Stamp::exact(to, sent + 1_000_000 + at * 7_919 % 1_000_003);
        reducer.push(&message, 0);
    }
    let before = reducer.held();
    let reduced = reducer.finish();
    let kept: usize = reduced.groups.iter().map(|group| group.kept.len()).sum();
    let seen: u64 = reduced.groups.iter().map(|group| group.seen).sum();
    let edges = reduced.edges(Evidence::Prior, |_| false);
    let graph = super::super::Graph::build(&edges, &reduced.rates, &NO_BREAKS, super::super::Shape::Drift);
    let (is_feasible, scanned) = graph.effort();
    assert_eq!((seen, is_feasible), (MESSAGES.unsigned_abs(), true));
    assert!(before < 100_000, "{before} held on the way");
    assert!(kept < 70_000, "{kept} kept");
    assert!(scanned < 40 * (graph.arcs() + 2 * graph.len()), "{scanned} arcs scanned");
}

/// Messages in no order at all, as files of several writers hold them: what is held on the way stays a small multiple of
/// what matters, and what is kept in the end is what messages in order leave.
#[test]
fn shuffled_messages_are_held_to_what_matters() {
    const MESSAGES: usize = 1 << 18;
    let mut state = 7_u64;
    let mut dice = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 40
    };
    let mut messages: Vec<_> = (0..MESSAGES)
        .map(|at| {
            let sent = i64::try_from(at).unwrap() * 1_000_000;
            let latency = 3_000_000 + i64::try_from(dice()).unwrap() % 2_000_000;
            edge(u32::try_from(at).unwrap(), Stamp::exact(0, sent), Stamp::exact(1, sent + latency))
        })
        .collect();
    let reduce = |messages: &[super::super::Edge]| {
        let mut reducer = Reducer::new(Rates::uniform(2, 50_000), NO_BREAKS);
        let mut most = 0;
        for message in messages {
            reducer.push(message, 0);
            most = most.max(reducer.held());
        }
        (most, reducer.finish().edges(Evidence::Prior, |_| false))
    };
    let (_, in_order) = reduce(&messages);
    for at in (1..MESSAGES).rev() {
        messages.swap(at, usize::try_from(dice()).unwrap() % (at + 1));
    }
    let (most, kept) = reduce(&messages);
    assert_eq!(kept, in_order);
    assert!(most <= 2 * kept.len() + 2_048, "{most} held for {} kept", kept.len());
}
