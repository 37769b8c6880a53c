//! Loading OTLP JSON, beside what one thread of `serde_json` needs for the same bytes.
//!
//! `cargo bench --bench load` compares both on 50 000 spans in memory. For the whole way from a large file, with peak
//! memory (`/usr/bin/time -v` tells processor time too):
//!
//! ```text
//! skewline simulate scale --spans 1000000 -o scale.json
//! LOAD_BENCH_FILE=scale.json cargo bench --bench load
//! LOAD_BENCH_BASELINE=scale.json cargo bench --bench load
//! ```

#![allow(missing_docs, dead_code, clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark")]

use std::borrow::Cow;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::Read;
use std::time::Instant;

use criterion::{BenchmarkId, Criterion, Throughput};
use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, Visitor};
use skewline::load::otlp_json::OtlpJson;
use skewline::load::{Format as _, Output, Progress};
use skewline::model::{Input, StoreBuilder, TraceStore};
use skewline::simulate::{Scenario, write};

fn load(bytes: &mut (dyn Read + Send)) -> TraceStore {
    let mut builder = StoreBuilder::new();
    let input = builder.add_input(Input { name: "bench".into(), ..Input::default() });
    let progress = Progress::default();
    OtlpJson.read(bytes, &mut Output::new(&mut builder, input, &progress)).unwrap();
    builder.finish()
}

/// What `serde_json` is asked for: everything that a store would hold, borrowed from the text.
mod lean {
    use super::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Request<'a> {
        #[serde(borrow)]
        pub resource_spans: Vec<ResourceSpans<'a>>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct ResourceSpans<'a> {
        #[serde(borrow)]
        resource: Resource<'a>,
        pub scope_spans: Vec<ScopeSpans<'a>>,
    }

    #[derive(Deserialize)]
    struct Resource<'a> {
        #[serde(borrow, default)]
        attributes: Vec<KeyValue<'a>>,
    }

    #[derive(Deserialize)]
    pub struct ScopeSpans<'a> {
        #[serde(borrow)]
        pub spans: Vec<Span<'a>>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub struct Span<'a> {
        trace_id: &'a str,
        span_id: &'a str,
        parent_span_id: Option<&'a str>,
        #[serde(borrow)]
        name: Cow<'a, str>,
        #[serde(default)]
        kind: u8,
        start_time_unix_nano: &'a str,
        end_time_unix_nano: &'a str,
        #[serde(borrow, default)]
        attributes: Vec<KeyValue<'a>>,
        #[serde(borrow, default)]
        events: Vec<Event<'a>>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Event<'a> {
        time_unix_nano: &'a str,
        #[serde(borrow)]
        name: Cow<'a, str>,
        #[serde(borrow, default)]
        attributes: Vec<KeyValue<'a>>,
    }

    #[derive(Deserialize)]
    struct KeyValue<'a> {
        #[serde(borrow)]
        key: Cow<'a, str>,
        #[serde(borrow)]
        value: AnyValue<'a>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(clippy::enum_variant_names, reason = "these are the names of the fields")]
    enum AnyValue<'a> {
        #[serde(borrow)]
        StringValue(Cow<'a, str>),
        #[serde(borrow)]
        IntValue(Int<'a>),
        DoubleValue(f64),
        BoolValue(bool),
        BytesValue(IgnoredAny),
        ArrayValue(IgnoredAny),
        KvlistValue(IgnoredAny),
    }

    /// An integer in either spelling, not parsed when it is a string.
    enum Int<'a> {
        Text(&'a str),
        Number(i64),
    }

    impl<'de: 'a, 'a> Deserialize<'de> for Int<'a> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Either;
            impl<'de> Visitor<'de> for Either {
                type Value = Int<'de>;

                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an integer")
                }

                fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Int<'de>, E> {
                    Ok(Int::Text(text))
                }

                fn visit_i64<E: de::Error>(self, number: i64) -> Result<Int<'de>, E> {
                    Ok(Int::Number(number))
                }

                fn visit_u64<E: de::Error>(self, number: u64) -> Result<Int<'de>, E> {
                    Ok(Int::Number(number.cast_signed()))
                }
            }
            deserializer.deserialize_any(Either)
        }
    }
}

fn serde_json_spans(text: &str) -> usize {
    let requests: Vec<lean::Request<'_>> =
        serde_json::Deserializer::from_str(text).into_iter().collect::<Result<_, _>>().unwrap();
    let requests = black_box(requests);
    let scopes = requests.iter().flat_map(|request| &request.resource_spans).flat_map(|it| &it.scope_spans);
    scopes.map(|scope| scope.spans.len()).sum()
}

fn compare(criterion: &mut Criterion) {
    let mut text = Vec::new();
    write(Scenario::Scale { spans: 50_000 }, 1, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert_eq!(load(&mut text.as_bytes()).len(), serde_json_spans(&text));
    let mut group = criterion.benchmark_group("load otlp-json");
    group.sample_size(10).throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function(BenchmarkId::new("store", "all cores"), |bencher| {
        bencher.iter(|| black_box(load(&mut text.as_bytes())));
    });
    group.bench_function(BenchmarkId::new("serde_json", "one thread"), |bencher| {
        bencher.iter(|| serde_json_spans(&text));
    });
    group.finish();
}

/// The most memory that this process has held, in MiB, where the system tells.
fn peak_mib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib >> 10)
}

fn load_file(path: &str) {
    let started = Instant::now();
    let store = load(&mut File::open(path).unwrap());
    let elapsed = started.elapsed();
    println!("{} spans in {elapsed:.2?}, peak {:?} MiB, {:?}", store.len(), peak_mib(), store.memory());
}

fn baseline_file(path: &str) {
    let text = fs::read_to_string(path).unwrap();
    let started = Instant::now();
    let spans = serde_json_spans(&text);
    println!("serde_json: {spans} spans in {:.2?} (reading the file not counted)", started.elapsed());
}

fn main() {
    match (std::env::var("LOAD_BENCH_FILE"), std::env::var("LOAD_BENCH_BASELINE")) {
        (Ok(path), _) => load_file(&path),
        (_, Ok(path)) => baseline_file(&path),
        _ => {
            let mut criterion = Criterion::default().configure_from_args();
            compare(&mut criterion);
            criterion.final_summary();
        }
    }
}
