//! Domains, layout and level of detail over synthetic workspaces of 10 k, 1 M and, when asked, 10 M spans.
//!
//! `cargo bench --bench index`; `INDEX_BENCH_SPANS=10000000 cargo bench --bench index` for the biggest one.

#![allow(clippy::print_stderr, missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use skewline::analysis::clocks::domains;
use skewline::layout::{Grouping, Layout, RawTime, RowIx};
use skewline::lod::{Bar, Index, bucket_for};
use skewline::model::{
    Input, Part, Resource, Scope, SpanDraft, SpanId, Status, StoreBuilder, Sym, TraceId, TraceStore, Value,
};

/// Spans per trace: a user's turn over browser, gateway, agents, provider and store.
const PER_TRACE: usize = 50;
const SERVICES: [(&str, &str); 5] = [
    ("device.id", "browser"),
    ("host.id", "gateway"),
    ("k8s.node.uid", "agents"),
    ("service.name", "claude-platform"),
    ("host.name", "qdrant"),
];

/// A small generator, so that the same seed gives the same spans everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % bound.max(1)
    }
}

/// Traces of [`PER_TRACE`] spans that start at random within an hour per million spans, 8 to 40 at a time.
fn workspace(spans: usize) -> TraceStore {
    let mut builder = StoreBuilder::new();
    let input = builder.add_input(Input { name: "synthetic".into(), ..Input::default() });
    let mut part = Part::new();
    let resources: Vec<_> = SERVICES
        .iter()
        .map(|(key, name)| {
            let mut attrs = Vec::new();
            for (key, value) in [(*key, *name), ("service.name", *name)] {
                let (key, value) = (part.strings.intern(key), part.strings.intern(value));
                attrs.push(part.attrs.intern(key, Value::Str(value)));
            }
            part.resource(Resource { input, attrs, schema_url: Sym::EMPTY, dropped: 0 })
        })
        .collect();
    let scope = part.scope(Scope::default());
    let mut random = Random(7);
    let traces = spans.div_ceil(PER_TRACE);
    let spread_ns = traces as u64 * 180_000_000;
    let mut start_of: Vec<(u64, u64, usize)> = Vec::new();
    for trace in 0..traces {
        let begin = 1_700_000_000_000_000_000 + random.below(spread_ns);
        start_of.clear();
        start_of.push((begin, 4_000_000_000, 0));
        for at in 0..PER_TRACE.min(spans - trace * PER_TRACE) {
            let parent = if at == 0 { 0 } else { random.below(at as u64) as usize };
            let (parent_start, parent_length, parent_service) = start_of[parent];
            let start = parent_start + random.below(parent_length / 2);
            let length = 1 + random.below(parent_length - (start - parent_start));
            let service = if at == 0 { 0 } else { (parent_service + random.below(2) as usize).min(SERVICES.len() - 1) };
            if at == 0 {
                start_of[0] = (start, length, service);
            } else {
                start_of.push((start, length, service));
            }
            let draft = SpanDraft {
                trace: TraceId::from_u128(trace as u128 + 1),
                id: SpanId::from_u64((trace * PER_TRACE + at) as u64 + 1),
                parent: SpanId::from_u64(if at == 0 { 0 } else { (trace * PER_TRACE + parent) as u64 + 1 }),
                start_ns: start as i64,
                end_ns: (start + length) as i64,
                status: if random.below(200) == 0 { Status::Error } else { Status::Unset },
                ..SpanDraft::default()
            };
            part.push(&draft, resources[service], scope);
        }
    }
    builder.absorb(part, input);
    builder.finish()
}

fn sizes() -> Vec<usize> {
    match std::env::var("INDEX_BENCH_SPANS").ok().and_then(|text| text.parse().ok()) {
        Some(size) => vec![size],
        None => vec![10_000, 1_000_000],
    }
}

/// The busiest rows, as many as a window shows.
fn busiest_rows(layout: &Layout) -> Vec<RowIx> {
    let mut rows: Vec<RowIx> = (0..layout.row_count() as u32).map(RowIx).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(layout.span_rows().slots(row.at()).len()));
    rows.truncate(40);
    rows
}

fn benches(criterion: &mut Criterion) {
    for spans in sizes() {
        let store = workspace(spans);
        let domains = domains::assign(&store);
        let grouping = Grouping::by_clock(&domains);
        let layout = Layout::build(&store, &grouping, &RawTime);
        let index = Index::build(&store, &layout);
        let bytes = layout.heap_bytes() + index.heap_bytes();
        eprintln!(
            "{spans} spans: {} lanes, {} rows, {:.1} bytes per span of layout and index",
            layout.lanes().len(),
            layout.row_count(),
            bytes as f64 / spans as f64
        );
        let mut group = criterion.benchmark_group(format!("{spans} spans"));
        group.sample_size(10);
        group.throughput(Throughput::Elements(spans as u64));
        group.bench_function("domains", |bench| bench.iter(|| domains::assign(black_box(&store))));
        group.bench_function("layout", |bench| bench.iter(|| Layout::build(black_box(&store), &grouping, &RawTime)));
        group.bench_function("level of detail", |bench| bench.iter(|| Index::build(black_box(&store), &layout)));
        group.finish();
        queries(criterion, spans, &layout, &index);
    }
}

fn queries(criterion: &mut Criterion, spans: usize, layout: &Layout, index: &Index) {
    let mut group = criterion.benchmark_group(format!("{spans} spans, 40 rows x 1300 buckets"));
    let rows = busiest_rows(layout);
    let hull = layout.hull_ns();
    let middle = hull.start + (hull.end - hull.start) / 2;
    for zoom in [1_i64, 10, 100, 1_000, 10_000, 100_000] {
        let width = (hull.end - hull.start) / zoom;
        let (from, to) = (middle - width / 2, middle + width / 2);
        let bucket = bucket_for(width / 1300);
        let mut bars: Vec<Bar> = Vec::new();
        let mut count = 0;
        group.bench_function(BenchmarkId::new("zoom", zoom), |bench| {
            bench.iter(|| {
                bars.clear();
                for &row in &rows {
                    index.query(row, from, to, bucket, &mut bars);
                }
                count = bars.len();
                black_box(bars.len())
            });
        });
        eprintln!("zoom {zoom}: {count} bars");
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);
