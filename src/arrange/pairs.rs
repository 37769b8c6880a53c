//! Which resource reported to which clock: everything that can tell lanes apart, with far fewer entries than spans.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::LaneInfo;
use super::plan::CLOCK;
use crate::analysis::clocks::domains::Domains;
use crate::model::{DomainIx, ResourceIx, SpanIx, TraceStore};

/// The spans of one resource that one clock stamped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    pub domain: DomainIx,
    pub resource: ResourceIx,
    pub spans: u64,
}

impl Pair {
    /// The value of a resource attribute as text; empty when there is none.
    pub fn value_of(&self, store: &TraceStore, attr: &str) -> String {
        value_of(store, self.resource, attr)
    }
}

fn value_of(store: &TraceStore, resource: ResourceIx, attr: &str) -> String {
    let attrs = &store.resources()[resource.at()].attrs;
    store.find_attr(attrs, attr).map(|value| store.value_text(value)).unwrap_or_default()
}

/// All pairs, and the pair of every span.
pub(super) struct Pairs {
    pub list: Vec<Pair>,
    pub of_span: Vec<u32>,
}

impl Pairs {
    pub fn count(store: &TraceStore, domains: &Domains) -> Self {
        let mut known: HashMap<(DomainIx, ResourceIx), u32, FixedState> = HashMap::default();
        let mut pairs = Self { list: Vec::new(), of_span: Vec::with_capacity(store.len()) };
        let mut last = None;
        for (at, &domain) in domains.of_span.iter().enumerate() {
            let resource = store.span(SpanIx::from_usize(at)).resource_ix();
            let pair = match last {
                Some((key, pair)) if key == (domain, resource) => pair,
                _ => *known.entry((domain, resource)).or_insert_with(|| {
                    pairs.list.push(Pair { domain, resource, spans: 0 });
                    pairs.list.len() as u32 - 1
                }),
            };
            last = Some(((domain, resource), pair));
            pairs.list[pair as usize].spans += 1;
            pairs.of_span.push(pair);
        }
        pairs
    }
}

/// Keys by which lanes are usually split, from the whole to its parts.
const LADDER: &[&str] = &[
    CLOCK,
    "k8s.cluster.name",
    "k8s.node.name",
    "host.name",
    "hostname",
    "k8s.namespace.name",
    "k8s.pod.name",
    "k8s.pod.uid",
    "container.name",
    "container.id",
    "service.namespace",
    "service.name",
    "service.version",
    "service.instance.id",
    "process.executable.name",
    "process.pid",
    "thread.name",
    "thread.id",
];

/// A key by which a lane can be split.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Split {
    /// The attribute key, or [`CLOCK`].
    pub key: String,
    /// Pieces that it makes, at least 2.
    pub pieces: usize,
}

/// The keys by which `lane` can be split, the next finer one first, then the others by name. Looks at the attributes
/// of the lane's resources, not at spans.
#[must_use]
pub fn splits(store: &TraceStore, lane: &LaneInfo) -> Vec<Split> {
    splits_of(store, &lane.resources, lane.clocks.len())
}

fn splits_of(store: &TraceStore, resources: &[ResourceIx], clocks: usize) -> Vec<Split> {
    let mut values: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut present: BTreeMap<&str, usize> = BTreeMap::new();
    for &resource in resources {
        let mut seen = BTreeSet::new();
        for &id in &store.resources()[resource.at()].attrs {
            let attr = store.attrs().get(id);
            let key = store.text(attr.key);
            if seen.insert(key) {
                values.entry(key).or_default().insert(store.value_text(attr.value));
                *present.entry(key).or_default() += 1;
            }
        }
    }
    let mut splits: Vec<Split> = values
        .into_iter()
        .map(|(key, values)| {
            // Resources without the key are a piece of their own.
            let lacking = present.get(key).is_some_and(|&count| count < resources.len());
            Split { key: key.to_owned(), pieces: values.len() + usize::from(lacking && !values.contains("")) }
        })
        .chain([Split { key: CLOCK.to_owned(), pieces: clocks }])
        .filter(|split| split.pieces > 1)
        .collect();
    let rank = |key: &str| LADDER.iter().position(|known| *known == key).unwrap_or(LADDER.len());
    splits.sort_by(|a, b| (rank(&a.key), &a.key).cmp(&(rank(&b.key), &b.key)));
    splits
}

/// Keys by which the lanes of `clocks` clocks can be grouped: the clock, then resource attributes that have at least two values.
#[must_use]
pub fn group_keys(store: &TraceStore, clocks: usize) -> Vec<Split> {
    let all: Vec<ResourceIx> = (0..store.resources().len()).map(ResourceIx::from_usize).collect();
    splits_of(store, &all, clocks)
}
