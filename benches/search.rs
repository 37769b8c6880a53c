//! Search, statistics and sorting over a million synthetic spans.
//!
//! Goals, on two cores: free text over names, agents and phases below 100 ms, over everything below 300 ms; statistics and
//! sorting by any column below 300 ms each.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use criterion::{Criterion, criterion_group, criterion_main};
use skewline::analysis::clocks::domains;
use skewline::analysis::genai::GenAi;
use skewline::analysis::search::{CancelFlag, Field, Subject, parse, run};
use skewline::analysis::self_time::SelfTimes;
use skewline::analysis::statistics::Statistics;
use skewline::analysis::table::{Column, Rows};
use skewline::layout::{Grouping, Layout, RawTime};
use skewline::lod::Marks;
use skewline::model::*;
use std::hint::black_box;

const SPANS: u64 = 1_000_000;
const PER_TRACE: u64 = 20;

/// A small generator (xorshift), so that every run sees the same spans.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

fn attr(part: &mut Part, key: &str, value: Value) -> AttrId {
    let key = part.strings.intern(key);
    part.attrs.intern(key, value)
}

fn text(part: &mut Part, key: &str, text: &str) -> AttrId {
    let value = Value::Str(part.strings.intern(text));
    attr(part, key, value)
}

/// What agents do.
const OPERATIONS: [&str; 4] = ["invoke_agent", "chat", "execute_tool", "retrieval"];

/// Half of the names are distinct, every span has a request id of its own, every fourth a text of 120 bytes. With
/// agents, every span is the work of one of 40.
fn store(with_agents: bool) -> TraceStore {
    let mut builder = StoreBuilder::new();
    let input = builder.add_input(Input { name: "synthetic".into(), ..Input::default() });
    let mut part = Part::new();
    let resources: Vec<_> = (0..16)
        .map(|at| {
            let attrs = vec![
                text(&mut part, "service.name", &format!("service-{at}")),
                text(&mut part, "host.id", &format!("host-{}", at / 2)),
            ];
            part.resource(Resource { input, attrs, schema_url: Sym::EMPTY, dropped: 0 })
        })
        .collect();
    let scope = part.scope(Scope::default());
    let mut random = Random(0x5eed);
    let mut draft = SpanDraft::default();
    for at in 0..SPANS {
        draft.clear();
        let in_trace = at % PER_TRACE;
        let name = match at % 2 {
            0 => format!("operation {}", random.below(200)),
            _ => format!("GET /v1/conversations/{:08x}", random.below(1 << 32)),
        };
        draft.name = part.strings.intern(&name);
        draft.trace = TraceId::from_u128(u128::from(at / PER_TRACE) + 1);
        draft.id = SpanId::from_u64(at + 1);
        draft.parent = SpanId::from_u64(if in_trace == 0 { 0 } else { at + 1 - in_trace / 2 - 1 });
        draft.start_ns = 1_700_000_000_000_000_000 + (at as i64) * 10_000 + random.below(1_000_000) as i64;
        draft.end_ns = draft.start_ns + random.below(50_000_000) as i64;
        draft.status = if random.below(50) == 0 { Status::Error } else { Status::Unset };
        let id = format!("{:016x}-{:016x}", random.below(u64::MAX), at);
        draft.attrs.push(text(&mut part, "request.id", &id));
        draft.attrs.push(text(&mut part, "gen_ai.request.model", &format!("model-{}", random.below(12))));
        draft.attrs.push(text(&mut part, "user.id", &format!("user-{}", random.below(100_000))));
        draft.attrs.push(text(&mut part, "http.route", &format!("/v1/route/{}", random.below(300))));
        for key in ["gen_ai.usage.output_tokens", "gen_ai.usage.input_tokens", "http.status_code", "retry"] {
            draft.attrs.push(attr(&mut part, key, Value::Int(random.below(4_000) as i64)));
        }
        for key in ["server.address", "deployment", "region", "finish"] {
            draft.attrs.push(text(&mut part, key, &format!("{key}-{}", random.below(30))));
        }
        draft.attrs.push(attr(&mut part, "latency", Value::Double(random.below(1 << 40) as f64 / 1024.0)));
        if at % 4 == 0 {
            let said = format!(
                "{:016x} tell me about the weather in the town that begins with these letters, please: {:016x}",
                random.below(u64::MAX),
                at
            );
            draft.attrs.push(text(&mut part, "gen_ai.prompt", &said));
        }
        if with_agents {
            draft.attrs.push(text(&mut part, "gen_ai.operation.name", OPERATIONS[random.below(4) as usize]));
            draft.attrs.push(text(&mut part, "gen_ai.agent.name", &format!("agent-{}", random.below(40))));
        }
        part.push(&draft, resources[random.below(16) as usize], scope);
    }
    builder.absorb(part, input);
    builder.finish()
}

/// What is concluded about AI work is read beforehand; a search looks it up.
fn search_agents(criterion: &mut Criterion, cancel: &CancelFlag) {
    let store = store(true);
    let (domains, genai) = (domains::assign(&store), GenAi::analyse(&store));
    let subject = Subject { genai: Some(&genai), ..Subject::new(&store, &domains) };
    let mut group = criterion.benchmark_group("search agents");
    group.sample_size(10);
    for query in ["agent:agent-7", "agent:*", "phase:tool", "phase:model", "agent:agent-7 phase:tool dur>10ms"] {
        let query = parse(query).unwrap();
        assert!(run(&subject, &query, cancel).is_some_and(|hits| !hits.set.is_empty()), "{query} finds something");
        group.bench_function(query.to_string(), |bencher| {
            bencher.iter(|| black_box(run(&subject, &query, cancel)));
        });
    }
    group.finish();
}

fn search(criterion: &mut Criterion) {
    let cancel = CancelFlag::new();
    search_agents(criterion, &cancel);
    let store = store(false);
    let domains = domains::assign(&store);
    let mut group = criterion.benchmark_group("search");
    group.sample_size(10);
    for query in [
        "name:conversations",
        "name:deadbe",
        "name:GET*ff",
        "weather",
        "nothing-like-this",
        "e",
        "42",
        "attr.gen_ai.usage.output_tokens>100",
        "attr.request.id:dead",
        "service:service-3 error dur>10ms",
        "id:00f4",
    ] {
        let query = parse(query).unwrap();
        group.bench_function(query.to_string(), |bencher| {
            bencher.iter(|| black_box(run(&Subject::new(&store, &domains), &query, &cancel)));
        });
    }
    group.finish();

    let layout = Layout::build(&store, &Grouping::by_clock(&domains), &RawTime);
    let mut group = criterion.benchmark_group("marks");
    group.sample_size(10);
    for query in ["name:conversations", "id:00f4"] {
        let hits = run(&Subject::new(&store, &domains), &parse(query).unwrap(), &cancel).unwrap();
        group.bench_function(query, |bencher| {
            bencher.iter(|| black_box(Marks::build(&layout, &hits.set, &cancel)));
        });
    }
    group.finish();

    let self_times = SelfTimes::new(&store, &domains, &cancel).unwrap();
    let attr = |key: &str| Field::Attr(key.to_owned());
    let mut group = criterion.benchmark_group("statistics");
    group.sample_size(10);
    group.bench_function("self times", |bencher| {
        bencher.iter(|| black_box(SelfTimes::new(&store, &domains, &cancel)));
    });
    for field in [Field::Service, Field::Name, attr("gen_ai.request.model"), attr("latency"), attr("request.id")] {
        group.bench_function(field.to_string(), |bencher| {
            bencher.iter(|| black_box(Statistics::new(&store, &domains, &self_times, &field, None, &cancel)));
        });
    }
    group.finish();

    let rows = Rows { store: &store, domains: &domains, self_times: &self_times, known: None };
    let mut group = criterion.benchmark_group("sort");
    group.sample_size(10);
    let fields = [Field::Name, Field::Service, attr("http.status_code"), attr("latency"), attr("request.id")];
    let mut columns: Vec<Column> = fields.into_iter().map(Column::Field).collect();
    columns.extend(Column::fixed().into_iter().filter(|column| !columns.contains(column)).collect::<Vec<_>>());
    for column in columns {
        group.bench_function(column.to_string(), |bencher| {
            bencher.iter(|| black_box(rows.sorted(None, &column, true, &cancel)));
        });
    }
    group.finish();
}

criterion_group!(benches, search);
criterion_main!(benches);
