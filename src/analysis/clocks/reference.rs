//! Which clock to draw the others against.
//!
//! Lexicographic: what the user said; a server of ours before clocks nobody manages; a gateway, which is called
//! from outside and calls others; the clock that the others are known best against; the most messages; the name.

use petgraph::algo::tarjan_scc;
use petgraph::graph::DiGraph;
use std::cmp::Reverse;

use super::domains::{ClockKind, Domains};
use super::solve::{Fine, Reduced};
use crate::model::{DomainIx, SpanKind, TraceStore};

/// The clock that the others are drawn against.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference {
    /// Which one.
    pub domain: DomainIx,
    /// Why, in words.
    pub reason: String,
}

/// What speaks for a candidate; the least one wins.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Score {
    kind: u8,
    is_no_gateway: bool,
    width: Option<Fine>,
    messages: Reverse<u64>,
    name: String,
}

/// How reluctantly a kind of clock is blamed for being off: 0 = first.
#[must_use]
pub const fn trust(kind: ClockKind) -> u8 {
    match kind {
        ClockKind::Unmanaged => 0,
        ClockKind::Provider => 1,
        ClockKind::Unknown => 2,
        ClockKind::Server => 3,
    }
}

/// Chooses the reference clock; `None` when there is no clock at all. `gateways` as [`gateways`] finds them.
#[must_use]
pub fn choose(domains: &Domains, reduced: &Reduced, gateways: &[bool], wanted: Option<DomainIx>) -> Option<Reference> {
    if let Some(domain) = wanted.filter(|domain| domain.at() < domains.list.len()) {
        return Some(Reference { domain, reason: "chosen by hand".to_owned() });
    }
    let candidates = largest_component(domains.list.len(), reduced);
    let distance = distances(domains.list.len(), reduced);
    let mut messages = vec![0_u64; domains.list.len()];
    for group in &reduced.groups {
        messages[group.from as usize] += group.seen;
        messages[group.to as usize] += group.seen;
    }
    let score = |at: usize| Score {
        kind: 3 - trust(domains.list[at].kind),
        is_no_gateway: !gateways[at],
        width: distance.as_ref().and_then(|distance| median_width(distance, domains, &candidates, at)),
        messages: Reverse(messages[at]),
        name: domains.list[at].name.clone(),
    };
    let best = candidates.iter().copied().min_by_key(|&at| score(at))?;
    let domain = &domains.list[best];
    let kind = match domain.kind {
        ClockKind::Server => "a server of ours",
        ClockKind::Provider => "the provider's clock",
        ClockKind::Unmanaged => "nobody manages this clock, but there is no better one",
        ClockKind::Unknown => "the kind of clock is not known",
    };
    let role = if gateways[best] {
        "called from outside and calls others"
    } else if candidates.len() > 1 {
        "the others are known best against it"
    } else {
        "no round trip to any other clock"
    };
    Some(Reference { domain: DomainIx::from_usize(best), reason: format!("{kind}; {role}") })
}

/// The clocks of the largest strongly connected component: each is bounded on both sides against each.
fn largest_component(clocks: usize, reduced: &Reduced) -> Vec<usize> {
    let mut graph: DiGraph<(), ()> = DiGraph::new();
    let nodes: Vec<_> = (0..clocks).map(|_| graph.add_node(())).collect();
    for group in &reduced.groups {
        graph.add_edge(nodes[group.from as usize], nodes[group.to as usize], ());
    }
    let components = tarjan_scc(&graph);
    let mut members: Vec<Vec<usize>> = components
        .into_iter()
        .map(|component| {
            let mut own: Vec<usize> = component.into_iter().map(petgraph::graph::NodeIndex::index).collect();
            own.sort_unstable();
            own
        })
        .collect();
    members.sort_by_key(|own| (Reverse(own.len()), own.first().copied()));
    // Without any round trip every clock is a candidate.
    if members.first().is_some_and(|own| own.len() == 1) {
        return (0..clocks).collect();
    }
    members.into_iter().next().unwrap_or_default()
}

/// Clocks that serve calls from outside (no parent, or one on an unmanaged clock) and call other clocks.
#[must_use]
pub fn gateways(store: &TraceStore, domains: &Domains) -> Vec<bool> {
    let mut serves = vec![false; domains.list.len()];
    let mut calls = vec![false; domains.list.len()];
    for ix in store.span_ixs() {
        let Some(own) = domains.of_span.get(ix.at()) else { continue };
        let span = store.span(ix);
        if span.kind() != SpanKind::Server {
            continue;
        }
        let Some(parent) = span.parent() else {
            serves[own.at()] = true;
            continue;
        };
        let caller = domains.of_span[parent.at()];
        serves[own.at()] |= caller != *own && domains.list[caller.at()].kind == ClockKind::Unmanaged;
        calls[caller.at()] |= caller != *own;
    }
    serves.iter().zip(&calls).map(|(&serves, &calls)| serves && calls).collect()
}

/// All distances between clocks with constant offsets (Floyd and Warshall); `None` for too many clocks.
#[must_use]
pub fn distances(clocks: usize, reduced: &Reduced) -> Option<Vec<Vec<Option<Fine>>>> {
    const MOST: usize = 200;
    if clocks > MOST {
        return None;
    }
    let mut distance = vec![vec![None; clocks]; clocks];
    for (at, row) in distance.iter_mut().enumerate() {
        row[at] = Some(0);
    }
    for group in &reduced.groups {
        let weight = group.kept.iter().map(super::solve::Edge::base_weight).min();
        let slot: &mut Option<Fine> = &mut distance[group.from as usize][group.to as usize];
        *slot = (*slot).into_iter().chain(weight).min();
    }
    for via in 0..clocks {
        let through = distance[via].clone();
        for row in &mut distance {
            let Some(first) = row[via] else { continue };
            for (slot, second) in row.iter_mut().zip(&through) {
                if let Some(second) = second
                    && slot.is_none_or(|known| first + second < known)
                {
                    *slot = Some(first + second);
                }
            }
        }
    }
    Some(distance)
}

/// The median, weighted by spans, of how well the candidates are known against `at`.
fn median_width(distance: &[Vec<Option<Fine>>], domains: &Domains, candidates: &[usize], at: usize) -> Option<Fine> {
    let mut widths: Vec<(Fine, u64)> = Vec::new();
    for &other in candidates.iter().filter(|&&other| other != at) {
        widths.push((distance[at][other]? + distance[other][at]?, domains.list[other].spans));
    }
    widths.sort_unstable();
    let half = widths.iter().map(|width| width.1).sum::<u64>() / 2;
    let mut passed = 0;
    let median = widths.iter().find(|width| {
        passed += width.1;
        passed > half
    });
    median.or(widths.last()).map(|width| width.0)
}
