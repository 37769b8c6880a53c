//! Reading AI conversations out of a workspace: agents, calls, phases, turns. One core.
//!
//! `cargo bench --bench genai`; `GENAI_BENCH_SPANS=1000000 cargo bench --bench genai` for the size of the budget
//! (at most one second).

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use skewline::analysis::clocks::domains;
use skewline::analysis::genai::{Breakdown, GenAi};
use skewline::load::{Options, Progress, Source, load};
use skewline::model::TraceStore;
use skewline::simulate::{self, Scenario};

fn workspace(spans: usize) -> TraceStore {
    let mut json = Vec::new();
    simulate::write(Scenario::Scale { spans: spans as u64 }, 7, &mut json).unwrap();
    load(&[Source::memory("scale", json)], &Options::default(), &Progress::default()).unwrap().store
}

fn read(criterion: &mut Criterion) {
    let spans = std::env::var("GENAI_BENCH_SPANS").ok().and_then(|spans| spans.parse().ok()).unwrap_or(100_000);
    let store = workspace(spans);
    let mut group = criterion.benchmark_group("genai");
    group.sample_size(10).throughput(Throughput::Elements(store.len() as u64));
    group.bench_function(BenchmarkId::new("analyse", spans), |bencher| {
        bencher.iter(|| black_box(GenAi::analyse(&store)));
    });
    let (genai, domains) = (GenAi::analyse(&store), domains::assign(&store));
    group.bench_function(BenchmarkId::new("breakdown", spans), |bencher| {
        bencher.iter(|| black_box(Breakdown::of(&store, &genai, &domains, None, store.span_ixs())));
    });
    group.finish();
}

criterion_group!(benches, read);
criterion_main!(benches);
