//! In which order lanes show the domains: whoever asks stands above whoever answers.

use std::collections::BTreeSet;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::{ClockKind, Domain};
use crate::model::{DomainIx, TraceStore};

/// Calls from one domain to another.
pub(super) struct Calls {
    /// Domains called by each domain, with the number of calls, sorted.
    to: Vec<Vec<(u32, u64)>>,
    /// Calls that each domain receives.
    incoming: Vec<u64>,
    /// Earliest start of each domain's spans, by its own clock.
    first_ns: Vec<i64>,
}

impl Calls {
    pub fn count(store: &TraceStore, of_span: &[DomainIx], domains: usize) -> Self {
        let mut edges: HashMap<(u32, u32), u64, FixedState> = HashMap::default();
        let mut first_ns = vec![i64::MAX; domains];
        for ((ix, domain), parent) in store.span_ixs().zip(of_span).zip(store.parents()) {
            let start = store.span(ix).drawn_ns().0;
            if start != 0 {
                first_ns[domain.at()] = first_ns[domain.at()].min(start);
            }
            if let Some(parent) = parent.get() {
                let from = of_span[parent.at()];
                if from != *domain {
                    *edges.entry((from.0, domain.0)).or_default() += 1;
                }
            }
        }
        let mut calls = Self { to: vec![Vec::new(); domains], incoming: vec![0; domains], first_ns };
        for ((from, to), count) in edges {
            calls.to[from as usize].push((to, count));
            calls.incoming[to as usize] += count;
        }
        for to in &mut calls.to {
            to.sort_unstable();
        }
        calls
    }

    /// The domains in display order: users' devices first, then servers, providers, stores; within a group
    /// callers before callees as far as calls are not mutual, then by first start.
    pub fn display_order(mut self, domains: &[Domain]) -> Vec<DomainIx> {
        let ranks: Vec<u8> = domains.iter().map(rank).collect();
        let key = |calls: &Self, at: u32| {
            let ix = at as usize;
            (ranks[ix], calls.incoming[ix], calls.first_ns[ix], at)
        };
        let mut left: BTreeSet<_> = (0..domains.len() as u32).map(|at| key(&self, at)).collect();
        let mut order = Vec::with_capacity(domains.len());
        while let Some((.., at)) = left.pop_first() {
            order.push(DomainIx(at));
            for (callee, calls) in std::mem::take(&mut self.to[at as usize]) {
                if left.remove(&key(&self, callee)) {
                    self.incoming[callee as usize] -= calls;
                    left.insert(key(&self, callee));
                }
            }
        }
        order
    }
}

/// Words in service names that mean a store of data.
const STORES: &[&str] = &[
    "cache",
    "cassandra",
    "chroma",
    "chromadb",
    "clickhouse",
    "database",
    "db",
    "dynamodb",
    "elasticsearch",
    "memcached",
    "milvus",
    "mongo",
    "mongodb",
    "mysql",
    "opensearch",
    "pgvector",
    "pinecone",
    "postgres",
    "postgresql",
    "qdrant",
    "redis",
    "vectordb",
    "weaviate",
];

fn rank(domain: &Domain) -> u8 {
    let is_store = |service: &String| {
        let lower = service.to_ascii_lowercase();
        let mut words = lower.split(|c: char| !c.is_alphanumeric());
        lower.contains("vector") && lower.contains("store") || words.any(|word| STORES.contains(&word))
    };
    match domain.kind {
        ClockKind::Unmanaged => 0,
        ClockKind::Provider => 2,
        _ if !domain.services.is_empty() && domain.services.iter().all(is_store) => 3,
        ClockKind::Server | ClockKind::Unknown => 1,
    }
}
