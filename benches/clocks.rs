//! The clock engine: edges, reduction, solving and bounds of a million spans; pure reduction; a change of view.
//!
//! ```text
//! cargo bench --bench clocks
//! ```

#![allow(missing_docs, clippy::print_stderr, clippy::unwrap_used, reason = "a benchmark")]

#[path = "clocks/contradictory.rs"]
mod contradictory;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use skewline::analysis::clocks::separations;
use skewline::analysis::clocks::solve::{Breaks, Edge, Graph, Rates, Reducer, Shape, Stamp, fine, least_per_pair};
use skewline::analysis::clocks::{Cause, ClockModel, EventKey, Evidence, Options, Rule, domains, domains::Domains};
use skewline::analysis::critical_path::Paths;
use skewline::model::{
    DomainIx, Input, InputIx, Part, Resource, ResourceIx, Scope, SpanDraft, SpanId, SpanIx, SpanKind, StoreBuilder,
    Sym, TraceId, TraceIx, TraceStore, Value,
};

const MS: i64 = 1_000_000;

/// Random numbers that are the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33).cast_signed() % end
    }
}

/// One resource for each of `count` clocks: `host-00` with `service-00`, and so on.
fn hosts(part: &mut Part, input: InputIx, count: usize) -> Vec<ResourceIx> {
    let attr = |part: &mut Part, key: &str, value: String| {
        let (key, value) = (part.strings.intern(key), part.strings.intern(&value));
        part.attrs.intern(key, Value::Str(value))
    };
    (0..count)
        .map(|at| {
            let host = attr(part, "host.id", format!("host-{at:02}"));
            let service = attr(part, "service.name", format!("service-{at:02}"));
            part.resource(Resource { input, attrs: vec![host, service], schema_url: Sym::EMPTY, dropped: 0 })
        })
        .collect()
}

/// Traces of 20 spans: a browser calls a gateway, which calls agents, which call others and work on their own.
fn workspace(spans: u64) -> (TraceStore, Domains) {
    const CLOCKS: usize = 12;
    let mut dice = Dice(5);
    let offsets: Vec<i64> =
        (0..CLOCKS).map(|at| if at == 0 { 0 } else { dice.below(2_000 * MS) - 1_000 * MS }).collect();
    let mut builder = StoreBuilder::new();
    let input = builder.add_input(Input { name: "bench".into(), ..Input::default() });
    let mut part = Part::new();
    let resources = hosts(&mut part, input, CLOCKS);
    let scope = part.scope(Scope::default());
    let names = ["GET /", "chat", "execute_tool", "work"].map(|name| part.strings.intern(name));
    let status = part.strings.intern("http.response.status_code");
    let status = part.attrs.intern(status, Value::Int(200));
    let mut id = 0_u64;
    let mut trace = 0_u128;
    while id < spans {
        trace += 1;
        let start = 1_795_000_000_000 * MS + i64::try_from(id).unwrap_or(0) * MS / 4 + dice.below(50 * MS);
        let mut push = |clock: usize, parent: u64, kind: SpanKind, times: (i64, i64)| {
            id += 1;
            let mut draft = SpanDraft {
                trace: TraceId::from_u128(trace),
                id: SpanId::from_u64(id),
                parent: SpanId::from_u64(parent),
                start_ns: times.0 + offsets[clock],
                end_ns: times.1 + offsets[clock],
                name: names[kind as usize % names.len()],
                kind,
                ..SpanDraft::default()
            };
            if kind == SpanKind::Client {
                draft.attrs.push(status);
            }
            part.push(&draft, resources[clock], scope);
            id
        };
        let (mut caller, mut parent, mut times) = (0, 0, (start, start + 4_000 * MS));
        for _ in 0..10 {
            let client = push(caller, parent, SpanKind::Client, times);
            let callee = (caller + 1 + usize::try_from(dice.below(3)).unwrap_or(0)) % CLOCKS;
            let inside = (times.0 + MS + dice.below(4 * MS), times.1 - MS - dice.below(4 * MS));
            parent = push(callee, client, SpanKind::Server, inside);
            times = (inside.0 + MS, inside.1 - MS);
            caller = callee;
        }
    }
    builder.absorb(part, input);
    let store = builder.finish();
    let domains = domains::assign(&store);
    (store, domains)
}

fn million_spans(c: &mut Criterion) {
    let (store, domains) = workspace(1_000_000);
    let mut group = c.benchmark_group("clocks 1M spans, 12 clocks");
    group.sample_size(10);
    group.bench_function("analyse", |b| b.iter(|| ClockModel::analyse(&store, &domains, &Options::default())));
    let model = ClockModel::analyse(&store, &domains, &Options::default());
    let reference = Options { reference: Some(DomainIx(3)), ..Options::default() };
    group.bench_function("change of reference", |b| b.iter(|| model.with_options(&store, &domains, &reference)));
    let level = Options { level: Evidence::Protocol, ..Options::default() };
    group.bench_function("change of level", |b| b.iter(|| model.with_options(&store, &domains, &level)));
    let class = Options {
        said: model.classes().iter().take(1).map(|class| (class.key().into(), false)).collect(),
        ..Options::default()
    };
    group.bench_function("a class switched off", |b| b.iter(|| model.with_options(&store, &domains, &class)));
    let back = model.with_options(&store, &domains, &level);
    group.bench_function("and back", |b| b.iter(|| back.with_options(&store, &domains, &Options::default())));
    let only = Options { only: Some(TraceIx(7)), ..Options::default() };
    group.bench_function("this trace only", |b| b.iter(|| model.with_options(&store, &domains, &only)));
    group.bench_function("offset band of a pair", |b| b.iter(|| model.band(DomainIx(3), DomainIx(5), 2_000)));
    let offset = model.offset(DomainIx(5), 1_795_000_000_000 * MS).estimate_ns.unwrap_or(0);
    group.bench_function("what-if: take hold of a clock", |b| {
        b.iter(|| model.hold(DomainIx(5), 1_795_000_000_000 * MS, offset).map(|held| held.offset_ns));
    });
    group.bench_function("separations of all messages", |b| {
        b.iter(|| separations::collect(&model.stamps(&store, &domains), None, Evidence::Convention));
    });
    group.bench_function("critical path of a trace", |b| {
        b.iter(|| Paths::new(&store, &domains, &model, None).of(SpanIx(0)));
    });
    let key = EventKey::start(SpanIx(77));
    group.bench_function("compare one event with all (set-up)", |b| b.iter(|| model.compare(&store, &domains, key)));
    if let Some(compared) = model.compare(&store, &domains, key) {
        let stamps = model.stamps(&store, &domains);
        let other = EventKey::end(SpanIx(900_001));
        if let Some(stamp) = stamps.get(other) {
            group.bench_function("order of two events", |b| b.iter(|| compared.with(&store, other, &stamp)));
        }
    }
    group.finish();
}

fn edge(span: u32, from: (u32, i64), to: (u32, i64)) -> Edge {
    let key = EventKey::start(SpanIx(span));
    let cause = Cause { from: key, to: key, rule: Rule::RequestStart };
    Edge { from: Stamp::exact(from.0, from.1), to: Stamp::exact(to.0, to.1), min_delay_ns: 0, cause }
}

fn pure(c: &mut Criterion) {
    let mut group = c.benchmark_group("solver");
    group.sample_size(10);
    let mut dice = Dice(9);
    let pairs: Vec<(u32, u32)> =
        (0..200_000_u32).map(|at| (at % 10_000, (at % 10_000 + 1 + at / 10_000 * 37) % 10_000)).collect();
    let messages: Vec<(u32, u32, i128)> = (0..10_000_000_usize)
        .map(|_| {
            let (from, to) = pairs[usize::try_from(dice.below(200_000)).unwrap_or(0)];
            (from, to, fine(MS + dice.below(5 * MS)))
        })
        .collect();
    group.bench_function("reduce 10M edges, 10k clocks, constant", |b| {
        b.iter(|| least_per_pair(messages.iter().copied()));
    });
    drop(messages);

    let edges: Vec<Edge> = (0_u32..)
        .zip(&pairs)
        .map(|(at, &(from, to))| {
            let offset = |clock: u32| i64::from(clock) * 7_919 % 1_000_003;
            edge(at, (from, offset(from)), (to, offset(to) + 1_000 + dice.below(500_000)))
        })
        .collect();
    let graph = Graph::build(&edges, &Rates::uniform(10_000, 0), &Breaks::none(), Shape::Constant);
    group.bench_function("feasibility, 10k clocks, 200k arcs", |b| b.iter(|| graph.check(None)));

    let hour: Vec<Edge> = (0..3_600_000_u32)
        .map(|at| {
            let sent = i64::from(at) * MS;
            edge(at, (0, sent), (1, sent + 3 * MS + dice.below(MS)))
        })
        .collect();
    group.bench_function("reduce one pair, an hour at 1000/s", |b| {
        b.iter_batched(
            || Reducer::new(Rates::uniform(2, 50_000), Breaks::none()),
            |mut reducer| {
                for edge in &hour {
                    reducer.push(edge, 0);
                }
                reducer.finish()
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group!(benches, million_spans, pure, contradictory::contradictory);
criterion_main!(benches);
