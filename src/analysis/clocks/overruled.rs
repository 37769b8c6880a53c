//! Habits of instrumentation that do not hold here: what protocol alone contradicts in more than a fifth of the cases,
//! whatever offsets the clocks have, is no evidence about clocks.

use std::collections::{BTreeMap, BTreeSet};

use super::causal::Cause;
use super::edges::{self, Classes};
use super::repair::Consistent;
use super::solve::{Bounds, Fine, Group};
use super::stamps::Stamps;
use crate::model::TraceIx;

/// Clocks from which suspects are looked at, at most: each costs a solution of its own.
const MOST_FRAMES: usize = 32;

/// What was found about one class.
#[derive(Clone, Copy)]
struct Failures {
    count: u64,
    worst: (Fine, Cause),
}

/// `classes` with those of the `suspects` switched off that `protocol`, the messages that are certain, contradicts too
/// often; `None` when there are none. Visits every span. `groups` are the edges in force.
#[must_use]
pub fn overrule<'a>(
    stamps: &Stamps<'_>,
    only: Option<TraceIx>,
    protocol: &Consistent,
    groups: impl Iterator<Item = &'a Group>,
    (classes, suspects): (&Classes, &BTreeSet<u32>),
) -> Option<Classes> {
    let mut senders: BTreeMap<u32, u64> = BTreeMap::new();
    for group in groups.filter(|group| suspects.contains(&group.class)) {
        *senders.entry(group.from).or_default() += group.seen;
    }
    let mut busiest: Vec<(u64, u32)> = senders.into_iter().map(|(clock, seen)| (seen, clock)).collect();
    busiest.sort_unstable_by_key(|&(seen, clock)| (std::cmp::Reverse(seen), clock));
    busiest.truncate(MOST_FRAMES);
    let guess = |clock, at_ns| protocol.offset_near(clock, at_ns);
    let seen_from = |&(_, clock): &(u64, u32)| {
        let (graph, edges) = (&protocol.graph, &protocol.edges);
        Some((clock, Bounds::without_places(edges, graph.rates(), graph.breaks(), clock, guess)?))
    };
    let bounds: BTreeMap<u32, Bounds> = busiest.iter().filter_map(seen_from).collect();
    let mut failures: BTreeMap<u32, Failures> = BTreeMap::new();
    edges::for_each_again(stamps, only, classes, |edge, class| {
        let Some(bounds) = bounds.get(&edge.from.clock).filter(|_| suspects.contains(&class)) else { return };
        // The sender is zero on this axis.
        let weight = edge.weight(bounds.graph().rates());
        let least = bounds.offset(edge.to.clock, edge.to.anchor_ns).lo;
        if let Some(by) = least.map(|least| least - weight).filter(|&by| by > 0) {
            let found = failures.entry(class).or_insert(Failures { count: 0, worst: (by, edge.cause) });
            found.count += 1;
            if by > found.worst.0 {
                found.worst = (by, edge.cause);
            }
        }
    });
    let mut overruled = classes.clone();
    let mut is_any = false;
    for (class, found) in failures {
        is_any |= overruled.overrule(class, found.count, (found.worst.1, super::repair::excess_ns(found.worst.0)));
    }
    is_any.then_some(overruled)
}
