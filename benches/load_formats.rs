//! Loading speed of every format but OTLP JSON, on the same spans: those of the `scale` scenario.
//!
//! Goals: OTLP protobuf no slower than prost's own full decode of the same bytes; Jaeger, Zipkin and Chrome
//! traces at 250 MB/s or more per core. `loader` uses all cores and ends with a finished store; for one core, pin it:
//! `taskset -c 0 cargo bench --bench load_formats`.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value as Any};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{
    ResourceSpans, ScopeSpans, Span, TracesData,
    span::{Event, Link},
};
use prost::Message as _;
use skewline::load::{Options, Progress, Source, load};
use skewline::model::{Attr, SpanId, SpanRef, TraceId, TraceStore, Value};
use skewline::simulate::{self, Scenario};

const SPANS: u64 = 100_000;

fn read(bytes: &Arc<[u8]>) -> TraceStore {
    let source = Source::memory("bench", Arc::clone(bytes));
    load(&[source], &Options::default(), &Progress::default()).unwrap().store
}

fn scale() -> TraceStore {
    let mut json = Vec::new();
    simulate::write(Scenario::Scale { spans: SPANS }, 7, &mut json).unwrap();
    read(&json.into())
}

fn any(store: &TraceStore, value: Value) -> Any {
    match value {
        Value::Int(int) => Any::IntValue(int),
        Value::Double(double) => Any::DoubleValue(double),
        Value::Bool(flag) => Any::BoolValue(flag),
        other => Any::StringValue(store.value_text(other)),
    }
}

fn key_values(store: &TraceStore, attrs: impl Iterator<Item = Attr>) -> Vec<KeyValue> {
    attrs
        .map(|attr| KeyValue {
            key: store.text(attr.key).to_owned(),
            value: Some(AnyValue { value: Some(any(store, attr.value)) }),
            ..KeyValue::default()
        })
        .collect()
}

fn span_bytes(id: SpanId) -> Vec<u8> {
    match id {
        SpanId::Bytes(bits) => bits.to_be_bytes().to_vec(),
        _ => Vec::new(),
    }
}

fn trace_bytes(id: TraceId) -> Vec<u8> {
    match id {
        TraceId::Bytes(bits) => bits.to_be_bytes().to_vec(),
        _ => Vec::new(),
    }
}

fn proto_span(store: &TraceStore, span: SpanRef<'_>) -> Span {
    Span {
        trace_id: trace_bytes(span.trace_id()),
        span_id: span_bytes(span.id()),
        parent_span_id: span_bytes(span.parent_id()),
        name: span.name().to_owned(),
        kind: span.kind() as i32,
        start_time_unix_nano: span.start_ns().cast_unsigned(),
        end_time_unix_nano: span.end_ns().cast_unsigned(),
        flags: span.otlp_flags(),
        attributes: key_values(store, span.attrs()),
        events: span
            .events()
            .map(|event| Event {
                time_unix_nano: event.time_ns().cast_unsigned(),
                name: event.name().to_owned(),
                attributes: key_values(store, event.attrs()),
                dropped_attributes_count: 0,
            })
            .collect(),
        links: span
            .links()
            .map(|link| Link {
                trace_id: trace_bytes(link.trace_id()),
                span_id: span_bytes(link.span_id()),
                ..Link::default()
            })
            .collect(),
        ..Span::default()
    }
}

/// Requests of about 500 spans, as a collector batches them.
fn proto(store: &TraceStore) -> Vec<u8> {
    let mut out = Vec::new();
    let ixs: Vec<_> = store.span_ixs().collect();
    for batch in ixs.chunks(500) {
        let blocks = batch.chunk_by(|&a, &b| store.span(a).resource_ix() == store.span(b).resource_ix());
        let resource_spans = blocks.map(|block| {
            let first = store.span(block[0]);
            let resource_attrs = first.resource().attrs.iter().map(|&id| store.attrs().get(id));
            ResourceSpans {
                resource: Some(Resource { attributes: key_values(store, resource_attrs), ..Resource::default() }),
                scope_spans: vec![ScopeSpans {
                    scope: Some(InstrumentationScope::default()),
                    spans: block.iter().map(|&ix| proto_span(store, store.span(ix))).collect(),
                    schema_url: String::new(),
                }],
                schema_url: String::new(),
            }
        });
        TracesData { resource_spans: resource_spans.collect() }.encode(&mut out).unwrap();
    }
    out
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

fn jaeger_tags(store: &TraceStore, attrs: impl Iterator<Item = Attr>) -> String {
    let tags: Vec<String> = attrs
        .map(|attr| {
            let key = quoted(store.text(attr.key));
            match attr.value {
                Value::Int(int) => format!(r#"{{"key":{key},"type":"int64","value":{int}}}"#),
                Value::Double(double) => format!(r#"{{"key":{key},"type":"float64","value":{double}}}"#),
                Value::Bool(flag) => format!(r#"{{"key":{key},"type":"bool","value":{flag}}}"#),
                other => format!(r#"{{"key":{key},"type":"string","value":{}}}"#, quoted(&store.value_text(other))),
            }
        })
        .collect();
    tags.join(",")
}

fn jaeger(store: &TraceStore) -> Vec<u8> {
    let mut text = String::from("{\"data\":[{\"traceID\":\"1\",\"spans\":[");
    for span in store.span_ixs().map(|ix| store.span(ix)) {
        let trace = store.trace_id_text(span.trace_id());
        let logs: Vec<String> = span
            .events()
            .map(|event| {
                let fields = jaeger_tags(store, event.attrs());
                format!(r#"{{"timestamp":{},"fields":[{fields}]}}"#, event.time_ns() / 1000)
            })
            .collect();
        write!(
            text,
            r#"{{"traceID":"{trace}","spanID":"{}","operationName":{},"references":[{{"refType":"CHILD_OF","traceID":"{trace}","spanID":"{}"}}],"startTime":{},"duration":{},"tags":[{}],"logs":[{}],"processID":"p{}","warnings":null}},"#,
            store.span_id_text(span.id()),
            quoted(span.name()),
            store.span_id_text(span.parent_id()),
            span.start_ns() / 1000,
            span.duration_ns().unwrap_or(0) / 1000,
            jaeger_tags(store, span.attrs()),
            logs.join(","),
            span.resource_ix().0,
        )
        .unwrap();
    }
    text.pop();
    text.push_str("],\"processes\":{");
    let processes: Vec<String> = store
        .resources()
        .iter()
        .enumerate()
        .map(|(at, resource)| {
            let tags = jaeger_tags(store, resource.attrs.iter().map(|&id| store.attrs().get(id)));
            format!(r#""p{at}":{{"serviceName":"service-{at}","tags":[{tags}]}}"#)
        })
        .collect();
    text.push_str(&processes.join(","));
    text.push_str("}}]}");
    text.into_bytes()
}

fn object(store: &TraceStore, attrs: impl Iterator<Item = Attr>) -> String {
    let pairs: Vec<String> = attrs
        .map(|attr| format!("{}:{}", quoted(store.text(attr.key)), quoted(&store.value_text(attr.value))))
        .collect();
    pairs.join(",")
}

fn zipkin(store: &TraceStore) -> Vec<u8> {
    let spans: Vec<String> = store
        .span_ixs()
        .map(|ix| store.span(ix))
        .map(|span| {
            let annotations: Vec<String> = span
                .events()
                .map(|event| format!(r#"{{"timestamp":{},"value":{}}}"#, event.time_ns() / 1000, quoted(event.name())))
                .collect();
            format!(
                r#"{{"traceId":"{}","id":"{}","parentId":"{}","name":{},"timestamp":{},"duration":{},"localEndpoint":{{"serviceName":"service-{}"}},"annotations":[{}],"tags":{{{}}}}}"#,
                store.trace_id_text(span.trace_id()),
                store.span_id_text(span.id()),
                store.span_id_text(span.parent_id()),
                quoted(span.name()),
                span.start_ns() / 1000,
                span.duration_ns().unwrap_or(0) / 1000 + 1,
                span.resource_ix().0,
                annotations.join(","),
                object(store, span.attrs()),
            )
        })
        .collect();
    format!("[{}]", spans.join(",")).into_bytes()
}

fn chrome(store: &TraceStore) -> Vec<u8> {
    let events: Vec<String> = store
        .span_ixs()
        .map(|ix| store.span(ix))
        .map(|span| {
            let (start, duration) = (span.start_ns(), span.duration_ns().unwrap_or(0));
            format!(
                r#"{{"ph":"X","cat":"cpu_op","name":{},"pid":{},"tid":{},"ts":{}.{:03},"dur":{}.{:03},"args":{{{}}}}}"#,
                quoted(span.name()),
                span.resource_ix().0,
                span.trace_ix().0 % 50,
                start / 1000,
                start % 1000,
                duration / 1000,
                duration % 1000,
                object(store, span.attrs()),
            )
        })
        .collect();
    format!("{{\"traceEvents\":[{}]}}", events.join(",\n")).into_bytes()
}

fn benches(criterion: &mut Criterion) {
    let store = scale();
    let files: [(&str, Arc<[u8]>); 4] = [
        ("otlp-proto", proto(&store).into()),
        ("jaeger-json", jaeger(&store).into()),
        ("zipkin-json", zipkin(&store).into()),
        ("chrome-trace", chrome(&store).into()),
    ];
    for (format, bytes) in &files {
        let loaded = read(bytes);
        assert_eq!((loaded.inputs()[0].format, loaded.len()), (*format, store.len()));
        let mut group = criterion.benchmark_group(*format);
        group.throughput(Throughput::Bytes(bytes.len() as u64)).sample_size(10);
        group.bench_function("loader", |bencher| bencher.iter(|| black_box(read(bytes))));
        if *format == "otlp-proto" {
            group.bench_function("prost decodes", |bencher| {
                bencher.iter(|| black_box(TracesData::decode(&bytes[..]).unwrap()));
            });
        } else {
            group.bench_function("serde_json into a tree", |bencher| {
                bencher.iter(|| black_box(serde_json::from_slice::<serde_json::Value>(bytes).unwrap()));
            });
        }
        group.finish();
    }
}

criterion_group!(load_formats, benches);
criterion_main!(load_formats);
