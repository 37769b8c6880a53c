//! Searches that stop early against searches that do not.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use proptest::prelude::*;

use super::super::{Breaks, Check, Edge, Field, Fine, Graph, Guide, Pairwise, Rates, Shape, Stamp, Step, Way, fine};
use super::oracle::Oracle;
use super::{NO_BREAKS, System, edge, system};

/// Distances of all nodes from (to) an event: Dijkstra to the end, in one array.
fn plain(graph: &Graph, solution: &[Fine], source: (u32, i64), way: Way) -> Vec<Option<Fine>> {
    let sign = if way == Way::From { 1 } else { -1 };
    let mut distance: Vec<Option<Fine>> = vec![None; graph.len()];
    let mut heap = BinaryHeap::new();
    for (node, cost) in graph.neighbours(source.0, source.1).into_iter().flatten() {
        distance[node as usize] = Some(cost);
        heap.push(Reverse((cost - sign * solution[node as usize], node)));
    }
    while let Some(Reverse((label, node))) = heap.pop() {
        let here = distance[node as usize].unwrap();
        if label > here - sign * solution[node as usize] {
            continue;
        }
        let mut relax = |other: u32, cost: Fine, _: u32| {
            let there = here + cost;
            if distance[other as usize].is_none_or(|known| there < known) {
                distance[other as usize] = Some(there);
                heap.push(Reverse((there - sign * solution[other as usize], other)));
            }
        };
        match way {
            Way::From => graph.for_out(node, &mut relax),
            Way::To => graph.for_into(node, &mut relax),
        }
    }
    distance
}

fn solved(edges: &[Edge], rates: &Rates, breaks: &Breaks, shape: Shape) -> Option<(Graph, Vec<Fine>)> {
    let graph = Graph::build(edges, rates, breaks, shape);
    let Check::Feasible(solution) = graph.check(None) else { return None };
    Some((graph, solution))
}

/// How long a path is between two events, drift from and to them included.
fn length(graph: &Graph, edges: &[Edge], path: &[Step], [from, to]: [(u32, i64); 2]) -> Fine {
    let begin = match path[0] {
        Step::Edge(ix) => (edges[ix as usize].from.clock, edges[ix as usize].from.anchor_ns),
        Step::Drift { clock, from_ns, .. } => (clock, from_ns),
    };
    let end = match *path.last().unwrap() {
        Step::Edge(ix) => (edges[ix as usize].to.clock, edges[ix as usize].to.anchor_ns),
        Step::Drift { clock, to_ns, .. } => (clock, to_ns),
    };
    assert_eq!((from.0, to.0), (begin.0, end.0));
    let drift = |a: (u32, i64), b: (u32, i64)| graph.rates().over(a.0, a.1.abs_diff(b.1));
    drift(from, begin) + graph.cost_of(path, edges) + drift(end, to)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(3_000) })]

    #[test]
    fn stopping_early_changes_no_distance_and_no_path(
        system in system(4, 18, 25),
        jump in prop::option::of((0_u32..4, 0_i64..80)),
        shape in 0_u32..6,
        source in (0_u32..4, -10_i64..90),
        questions in prop::collection::vec((0_u32..4, -10_i64..90), 1..8),
    ) {
        let clocks = system.clocks();
        let mut breaks = Breaks::none();
        if let Some((clock, at_ns)) = jump {
            breaks.insert(clock % clocks, at_ns);
        }
        let shape = match shape {
            0 => Shape::Frame(1),
            1 => Shape::Constant,
            _ => Shape::Drift,
        };
        let Some((graph, solution)) = solved(&system.edges, &system.rates, &breaks, shape) else { return Ok(()) };
        let (clock, at_ns) = (source.0 % clocks, source.1);
        for way in [Way::From, Way::To] {
            let full = Field::new(&graph, &solution, clock, at_ns, way);
            for (node, distance) in (0_u32..).zip(plain(&graph, &solution, (clock, at_ns), way)) {
                prop_assert_eq!(full.of_node(node), distance);
            }
            let guide = Guide::new(&graph, &solution);
            let mut field = Field::begin(&graph, &guide, clock, at_ns, way);
            for &(other, to_ns) in &questions {
                let other = other % clocks;
                field.grow_to(&graph, &guide, other, to_ns);
                let distance = field.at(&graph, other, to_ns);
                prop_assert_eq!(distance, full.at(&graph, other, to_ns));
                let path = field.path(&graph, other, to_ns);
                prop_assert_eq!(path.is_empty(), full.path(&graph, other, to_ns).is_empty());
                if shape == Shape::Drift && !path.is_empty() {
                    let ends = if way == Way::From { [(clock, at_ns), (other, to_ns)] } else { [(other, to_ns), (clock, at_ns)] };
                    prop_assert_eq!(Some(length(&graph, &system.edges, &path, ends)), distance);
                }
            }
            prop_assert!(field.settled() <= full.settled());
        }
    }

    #[test]
    fn distances_near_by_are_those_of_the_oracle(system in system(4, 14, 25), from in (0_u32..4, -5_i64..80), to in (0_u32..4, -5_i64..80), floor in -60_i64..90) {
        let place = |(clock, at_ns): (u32, i64)| (clock % system.clocks(), at_ns);
        let (from, to) = (place(from), place(to));
        let Some((graph, solution)) = solved(&system.edges, &system.rates, &NO_BREAKS, Shape::Drift) else { return Ok(()) };
        let guide = Guide::new(&graph, &solution);
        let oracle = Oracle::new(&system.edges, &system.rates, None, &[from, to]);
        let mut pairwise = Pairwise::new(&graph, &guide, Stamp::exact(from.0, from.1));
        let found = pairwise.offset(&graph, &guide, &Stamp::exact(to.0, to.1));
        prop_assert_eq!(found.hi, oracle.distance(from, to));
        prop_assert_eq!(found.lo, oracle.distance(to, from).map(|cost| -cost));
        // What lies below some floor need not be known, and costs no more; what lies above is the same.
        let other = Stamp::exact(to.0, to.1);
        let full = pairwise.interval(&graph, &guide, &other);
        let mut brief = Pairwise::new(&graph, &guide, Stamp::exact(from.0, from.1));
        let above = brief.interval_above(&graph, &guide, &other, fine(floor));
        prop_assert_eq!((above.lo, above.hi), (full.lo.map(|lo| lo.max(fine(floor))), full.hi.map(|hi| hi.max(fine(floor)))));
        prop_assert!(brief.settled() <= pairwise.settled());
        prop_assert_eq!(brief.interval(&graph, &guide, &other), full);
    }
}

const MS: i64 = 1_000_000;
const S: i64 = 1_000 * MS;

/// Round trips of 10 ms between clocks 0 and 1, one a second, and one message to clock 2, which never answers.
fn long_recording(calls: u32) -> System {
    let mut edges = Vec::new();
    for call in 0..calls {
        let at = i64::from(call) * S;
        edges.push(edge(2 * call, Stamp::exact(0, at), Stamp::exact(1, at + 5 * MS)));
        edges.push(edge(2 * call + 1, Stamp::exact(1, at + 7 * MS), Stamp::exact(0, at + 12 * MS)));
    }
    edges.push(edge(9_999_999, Stamp::exact(0, S), Stamp::exact(2, S)));
    System { rates: Rates::uniform(3, 50_000), edges }
}

#[test]
fn what_lies_near_by_is_found_near_by() {
    let system = long_recording(20_000);
    let (graph, solution) = solved(&system.edges, &system.rates, &NO_BREAKS, Shape::Drift).unwrap();
    let guide = Guide::new(&graph, &solution);
    let middle = 10_000 * S;
    let mut pairwise = Pairwise::new(&graph, &guide, Stamp::exact(0, middle));
    for near in 0..10 {
        let found = pairwise.offset(&graph, &guide, &Stamp::exact(1, middle + near * S));
        assert!(found.lo.is_some() && found.hi.is_some());
    }
    // Out of 80,000 events.
    let near_by = pairwise.settled();
    assert!(near_by < 200, "{near_by}");
    // Questions about the same surroundings cost nothing more.
    pairwise.offset(&graph, &guide, &Stamp::exact(1, middle + S));
    assert_eq!(pairwise.settled(), near_by);
}

#[test]
fn where_no_path_leads_nothing_is_searched() {
    let system = long_recording(2_000);
    let (graph, solution) = solved(&system.edges, &system.rates, &NO_BREAKS, Shape::Drift).unwrap();
    let guide = Guide::new(&graph, &solution);
    let mut back = Field::begin(&graph, &guide, 2, S, Way::From);
    back.grow_to(&graph, &guide, 0, 5 * S);
    assert_eq!((back.at(&graph, 0, 5 * S), back.settled()), (None, 0));
}
