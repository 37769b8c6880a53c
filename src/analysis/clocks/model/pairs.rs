//! Pairs of clocks that exchange messages, as if offsets never changed.

use std::collections::BTreeMap;

use super::super::reference::Distances;
use super::super::solve::{Edge, Fine, Group, ceil_ns, floor_ns};
use crate::model::DomainIx;

/// Two clocks that exchange messages, under one constant offset.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pair {
    /// One clock.
    pub a: DomainIx,
    /// The other clock.
    pub b: DomainIx,
    /// (clock of `b`) - (clock of `a`) is at least this; `None` for an open side or when no constant fits.
    pub lo_ns: Option<i64>,
    /// And at most this.
    pub hi_ns: Option<i64>,
    /// Least latency there and back: no analysis can say more than this. `None` without a round trip.
    pub slack_ns: Option<i64>,
    /// Messages between the two.
    pub edges: u64,
    /// Whether one constant offset fits all of them.
    pub is_feasible: bool,
}

/// Messages one way between two clocks: the least weight and how many there are.
type Direct = (Option<Fine>, u64);

/// Bounds between the first `domains` clocks as far as they exchange messages, as if offsets never changed.
pub(super) fn pairs(domains: usize, groups: &[&Group]) -> Vec<Pair> {
    let mut direct: BTreeMap<(u32, u32), Direct> = BTreeMap::new();
    for group in groups {
        let (least, count) = direct.entry((group.from, group.to)).or_default();
        *least = group.kept.iter().map(Edge::base_weight).chain(*least).min();
        *count += group.seen;
    }
    let distances = Distances::new(groups.iter().copied()).filter(Distances::is_feasible);
    let mut both: Vec<(u32, u32)> = direct.keys().map(|&(from, to)| (from.min(to), from.max(to))).collect();
    both.sort_unstable();
    both.dedup();
    both.retain(|pair| (pair.1 as usize) < domains);
    let pair = |(a, b): (u32, u32)| {
        let one_way = |from, to| direct.get(&(from, to)).copied().unwrap_or_default();
        let bound = |from, to| match &distances {
            Some(distances) => distances.between(from, to),
            None => one_way(from, to).0,
        };
        let (hi, lo) = (bound(a, b), bound(b, a).map(|cost| -cost));
        let slack = hi.zip(lo).map(|(hi, lo)| hi - lo);
        let fits = slack.is_none_or(|slack| slack >= 0);
        Pair {
            a: DomainIx(a),
            b: DomainIx(b),
            lo_ns: lo.filter(|_| fits).map(floor_ns),
            hi_ns: hi.filter(|_| fits).map(ceil_ns),
            slack_ns: slack.filter(|_| fits).map(ceil_ns),
            edges: one_way(a, b).1 + one_way(b, a).1,
            is_feasible: fits,
        }
    };
    both.into_iter().map(pair).collect()
}
