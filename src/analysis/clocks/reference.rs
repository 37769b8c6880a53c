//! Which clock to draw the others against.
//!
//! Lexicographic: what the user said; a server of ours before clocks nobody manages; a gateway, which is called
//! from outside and calls others; the clock that the others are known best against; the most messages; the name.

use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::causal::Evidence;
use super::domains::{ClockKind, Domains};
use super::solve::{Breaks, Check, Edge, Field, Fine, Graph, Group, Rates, Reduced, Shape, Way};
use crate::model::{DomainIx, SpanKind, TraceStore};

/// The clock that the others are drawn against.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference {
    /// Which one.
    pub domain: DomainIx,
    /// Why, in words.
    pub reason: String,
    /// Whether nothing that was found blames this clock.
    pub is_steady: bool,
    /// The next best one, to be offered when this one is not steady.
    pub next: Option<DomainIx>,
}

/// What speaks for a candidate; the least one wins.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Score {
    kind: u8,
    is_not_declared: bool,
    is_no_gateway: bool,
    /// Not known, or how wide.
    width: (bool, Fine),
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

/// The user's choice; `None` when there is no such clock.
#[must_use]
pub fn by_hand(domains: &Domains, domain: DomainIx) -> Option<Reference> {
    let is_there = domain.at() < domains.list.len();
    is_there.then(|| Reference { domain, reason: "chosen by hand".to_owned(), is_steady: true, next: None })
}

/// Chooses the reference clock; `None` when there is no clock at all, or none left. `gateways` as [`gateways`] finds
/// them, `declared` tells the clocks that state how far off they are at most, `is_out` those that cannot be chosen.
#[must_use]
pub fn choose(
    domains: &Domains,
    reduced: &Reduced,
    (gateways, declared): (&[bool], &[bool]),
    is_out: &[bool],
) -> Option<Reference> {
    let clocks = domains.list.len();
    let is_in = |clock: usize| clock < clocks && is_out.get(clock) != Some(&true);
    let usual =
        |group: &&Group| group.strength != Evidence::Prior && is_in(group.from as usize) && is_in(group.to as usize);
    let groups: Vec<&Group> = reduced.groups.iter().filter(usual).collect();
    let mut candidates = largest_component(clocks, &groups);
    candidates.retain(|&clock| is_in(clock));
    let mut messages = vec![0_u64; clocks];
    for group in &groups {
        messages[group.from as usize] += group.seen;
        messages[group.to as usize] += group.seen;
    }
    let widths = median_widths(domains, &groups, &candidates, &messages);
    let score = |at: usize| Score {
        kind: 3 - trust(domains.list[at].kind),
        is_not_declared: !declared.get(at).copied().unwrap_or(false),
        is_no_gateway: !gateways.get(at).copied().unwrap_or(false),
        width: widths.get(&at).map_or((true, 0), |&width| (false, width)),
        messages: Reverse(messages[at]),
        name: domains.list[at].name.clone(),
    };
    let mut ranked: Vec<(Score, usize)> = candidates.iter().map(|&at| (score(at), at)).collect();
    ranked.sort();
    let (score, best) = ranked.first()?;
    let domain = &domains.list[*best];
    let kind = match domain.kind {
        ClockKind::Server => "a server of ours",
        ClockKind::Provider => "the provider's clock",
        ClockKind::Unmanaged => "nobody manages this clock, but there is no better one",
        ClockKind::Unknown => "the kind of clock is not known",
    };
    let role = if !score.is_not_declared {
        "it states how far off it may be"
    } else if !score.is_no_gateway {
        "called from outside and calls others"
    } else if candidates.len() > 1 && !score.width.0 {
        "the others are known best against it"
    } else if score.messages.0 > 0 {
        "it exchanges the most messages"
    } else {
        "no round trip to any other clock"
    };
    let next = ranked.get(1).map(|(_, at)| DomainIx::from_usize(*at));
    let reason = format!("{kind}; {role}");
    Some(Reference { domain: DomainIx::from_usize(*best), reason, is_steady: true, next })
}

/// The clocks of the largest strongly connected component: each is bounded on both sides against each.
fn largest_component(clocks: usize, groups: &[&Group]) -> Vec<usize> {
    let mut graph: DiGraph<(), ()> = DiGraph::new();
    let nodes: Vec<_> = (0..clocks).map(|_| graph.add_node(())).collect();
    for group in groups {
        graph.add_edge(nodes[group.from as usize], nodes[group.to as usize], ());
    }
    let components = kosaraju_scc(&graph);
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
        // What works on a message was called too, but never from outside.
        if span.kind() == SpanKind::Consumer
            && let Some(parent) = span.parent()
        {
            let caller = domains.of_span[parent.at()];
            calls[caller.at()] |= caller != *own;
        }
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

/// All distances between clocks whose offsets never change.
#[derive(Clone, Debug)]
pub struct Distances {
    /// The clocks that exchange messages, sorted.
    clocks: Vec<u32>,
    cost: Vec<Vec<Option<Fine>>>,
}

impl Distances {
    /// Computes them (Floyd and Warshall); `None` for more than 200 clocks.
    #[must_use]
    pub fn new<'a>(groups: impl Iterator<Item = &'a Group> + Clone) -> Option<Self> {
        const MOST: usize = 200;
        let mut clocks: Vec<u32> = groups.clone().flat_map(|group| [group.from, group.to]).collect();
        clocks.sort_unstable();
        clocks.dedup();
        if clocks.len() > MOST {
            return None;
        }
        let mut distances = Self { cost: vec![vec![None; clocks.len()]; clocks.len()], clocks };
        for (at, row) in distances.cost.iter_mut().enumerate() {
            row[at] = Some(0);
        }
        for group in groups {
            let weight = group.kept.iter().map(super::solve::Edge::base_weight).min();
            if let (Some(from), Some(to)) = (distances.at(group.from), distances.at(group.to)) {
                let slot: &mut Option<Fine> = &mut distances.cost[from][to];
                *slot = (*slot).into_iter().chain(weight).min();
            }
        }
        distances.close();
        Some(distances)
    }

    fn close(&mut self) {
        for via in 0..self.cost.len() {
            let through = self.cost[via].clone();
            for row in &mut self.cost {
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
    }

    fn at(&self, clock: u32) -> Option<usize> {
        self.clocks.binary_search(&clock).ok()
    }

    /// Whether any offsets satisfy everything.
    #[must_use]
    pub fn is_feasible(&self) -> bool {
        (0..self.cost.len()).all(|at| self.cost[at][at] == Some(0))
    }

    /// The upper bound on (offset of `to`) - (offset of `from`), `None` when nothing bounds it.
    #[must_use]
    pub fn between(&self, from: u32, to: u32) -> Option<Fine> {
        if from == to {
            return Some(0);
        }
        self.cost[self.at(from)?][self.at(to)?]
    }
}

/// How well the others are known against each candidate: the median of the widths, weighted by spans. Exact for up
/// to 200 candidates, else for the 20 with the most messages. Empty when no constant offsets fit.
fn median_widths(
    domains: &Domains,
    groups: &[&Group],
    candidates: &[usize],
    messages: &[u64],
) -> BTreeMap<usize, Fine> {
    const EXACT: usize = 200;
    const MOST: usize = 20;
    let mut likely = candidates.to_vec();
    if likely.len() > EXACT {
        likely.sort_by_key(|&at| (Reverse(messages[at]), at));
        likely.truncate(MOST);
    }
    let least = groups.iter().filter_map(|group| group.kept.iter().min_by_key(|edge| edge.base_weight()).copied());
    let edges: Vec<Edge> = least.collect();
    let graph = Graph::build(&edges, &Rates::uniform(domains.list.len(), 0), &Breaks::none(), Shape::Constant);
    let Check::Feasible(solution) = graph.check(None) else { return BTreeMap::new() };
    let width = |at: usize| {
        let field = |way| Field::new(&graph, &solution, at as u32, 0, way);
        let (from, to) = (field(Way::From), field(Way::To));
        let others = candidates.iter().filter(|&&other| other != at);
        let widths = others.map(|&other| {
            let clock = other as u32;
            Some((from.at(&graph, clock, 0)? + to.at(&graph, clock, 0)?, domains.list[other].spans))
        });
        weighted_median(widths.collect::<Option<Vec<_>>>()?)
    };
    likely.into_iter().filter_map(|at| Some((at, width(at)?))).collect()
}

fn weighted_median(mut widths: Vec<(Fine, u64)>) -> Option<Fine> {
    widths.sort_unstable();
    let half = widths.iter().map(|width| width.1).sum::<u64>() / 2;
    let mut passed = 0;
    let median = widths.iter().find(|width| {
        passed += width.1;
        passed > half
    });
    median.or(widths.last()).map(|width| width.0)
}
