//! Requests built and encoded by prost, an implementation that shares nothing with ours, read back.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value::Value as Any,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{Gauge, Metric, ResourceMetrics, ScopeMetrics, metric};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{
    ResourceSpans, ScopeSpans, Span, Status as SpanStatus, TracesData,
    span::{Event, Link},
};
use prost::Message as _;

use super::super::{LoadError, Options, Progress, Source, load};
use crate::model::{Code, SpanFlags, SpanIx, SpanKind, Status, TraceStore};

fn any(value: Any) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn attr(key: &str, value: Any) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(any(value)), ..KeyValue::default() }
}

fn text(text: &str) -> Any {
    Any::StringValue(text.to_owned())
}

fn id(value: u64) -> Vec<u8> {
    value.to_be_bytes().to_vec()
}

fn trace_id() -> Vec<u8> {
    (1..=16).collect()
}

fn span(number: u64) -> Span {
    Span {
        trace_id: trace_id(),
        span_id: id(number),
        name: format!("step {number}"),
        start_time_unix_nano: 1_700_000_000_000_000_000 + number,
        end_time_unix_nano: 1_700_000_000_000_000_500 + number,
        ..Span::default()
    }
}

fn request(spans: Vec<Span>) -> TracesData {
    let resource = Resource {
        attributes: vec![attr("service.name", text("agent")), attr("process.pid", Any::IntValue(42))],
        dropped_attributes_count: 1,
        ..Resource::default()
    };
    let scope = InstrumentationScope {
        name: "lib".into(),
        version: "1.2".into(),
        attributes: vec![attr("k", text("v"))],
        dropped_attributes_count: 0,
    };
    let scope_spans = ScopeSpans { scope: Some(scope), spans, schema_url: "scope-url".into() };
    let block =
        ResourceSpans { resource: Some(resource), scope_spans: vec![scope_spans], schema_url: "resource-url".into() };
    TracesData { resource_spans: vec![block] }
}

fn read(bytes: Vec<u8>) -> Result<TraceStore, LoadError> {
    load(&[Source::memory("test", bytes)], &Options::default(), &Progress::default()).map(|loaded| loaded.store)
}

fn count(store: &TraceStore, code: Code) -> u64 {
    store.inputs()[0].diagnostics.count(code)
}

fn attr_texts(store: &TraceStore, ix: u32) -> Vec<String> {
    let span = store.span(SpanIx(ix));
    span.attrs().map(|attr| format!("{}={}", store.text(attr.key), store.value_text(attr.value))).collect()
}

#[test]
fn every_field_of_a_span_arrives() {
    let mut first = span(1);
    first.trace_state = "a=b".into();
    first.parent_span_id = id(9);
    first.flags = 0x301;
    first.kind = 3;
    first.status = Some(SpanStatus { message: "too slow".into(), code: 2 });
    first.dropped_attributes_count = 4;
    first.attributes = vec![
        attr("text", text("é")),
        attr("int", Any::IntValue(-5)),
        attr("double", Any::DoubleValue(1.5)),
        attr("bool", Any::BoolValue(true)),
        attr("bytes", Any::BytesValue(vec![0, 255])),
        attr("empty", text("")),
        attr(
            "list",
            Any::ArrayValue(ArrayValue {
                values: vec![
                    any(Any::IntValue(1)),
                    any(text("a\"b")),
                    any(Any::DoubleValue(f64::NAN)),
                    AnyValue::default(),
                ],
            }),
        ),
        attr(
            "map",
            Any::KvlistValue(KeyValueList { values: vec![attr("k", Any::BoolValue(false)), attr("n", text("v"))] }),
        ),
    ];
    first.events = vec![Event {
        time_unix_nano: 77,
        name: "chunk".into(),
        attributes: vec![attr("n", Any::IntValue(1))],
        dropped_attributes_count: 0,
    }];
    first.links = vec![Link {
        trace_id: trace_id(),
        span_id: id(2),
        trace_state: "c=d".into(),
        attributes: vec![attr("why", text("retry"))],
        dropped_attributes_count: 0,
        flags: 0x100,
    }];
    let store = read(request(vec![first, span(2)]).encode_to_vec()).unwrap();
    assert_eq!((store.inputs()[0].format, store.len()), ("otlp-proto", 2));
    let read = store.span(SpanIx(0));
    assert_eq!(store.trace_id_text(read.trace_id()), "0102030405060708090a0b0c0d0e0f10");
    assert_eq!(store.span_id_text(read.id()), "0000000000000001");
    assert_eq!(store.span_id_text(read.parent_id()), "0000000000000009");
    assert_eq!((read.name(), read.kind(), read.status()), ("step 1", SpanKind::Client, Status::Error));
    assert_eq!((read.start_ns(), read.end_ns()), (1_700_000_000_000_000_001, 1_700_000_000_000_000_501));
    assert_eq!(read.otlp_flags(), 0x301);
    let rare = read.rare().unwrap();
    assert_eq!((store.text(rare.trace_state), store.text(rare.status_message)), ("a=b", "too slow"));
    assert_eq!(rare.dropped, [4, 0, 0]);
    assert_eq!(
        attr_texts(&store, 0),
        [
            "text=é",
            "int=-5",
            "double=1.5",
            "bool=true",
            "bytes=AP8=",
            "empty=",
            "list=[1,\"a\\\"b\",\"NaN\",null]",
            "map={\"k\":false,\"n\":\"v\"}"
        ]
    );
    let event = read.events().next().unwrap();
    assert_eq!((event.time_ns(), event.name(), event.attrs().len()), (77, "chunk", 1));
    let link = read.links().next().unwrap();
    assert_eq!((link.target(), link.attrs().len()), (Some(SpanIx(1)), 1));
    let resource = read.resource();
    assert_eq!(store.find_text(&resource.attrs, "service.name"), Some("agent"));
    assert_eq!((store.text(resource.schema_url), resource.dropped), ("resource-url", 1));
    let scope = read.scope();
    assert_eq!(
        (store.text(scope.name), store.text(scope.version), store.text(scope.schema_url)),
        ("lib", "1.2", "scope-url")
    );
    assert_eq!(count(&store, Code::SdkDropped), 1);
}

#[test]
fn framed_requests_give_the_same_spans_as_bare_ones() {
    let messages: Vec<Vec<u8>> =
        (0..3).map(|at| request(vec![span(2 * at + 1), span(2 * at + 2)]).encode_to_vec()).collect();
    let bare = messages.concat();
    let mut varint = Vec::new();
    let mut big_endian = Vec::new();
    for message in &messages {
        prost::encoding::encode_varint(message.len() as u64, &mut varint);
        varint.extend_from_slice(message);
        big_endian.extend_from_slice(&(message.len() as u32).to_be_bytes());
        big_endian.extend_from_slice(message);
    }
    for bytes in [bare, varint, big_endian] {
        let store = read(bytes).unwrap();
        let names: Vec<_> = store.span_ixs().map(|ix| store.span(ix).name()).collect();
        assert_eq!(names, ["step 1", "step 2", "step 3", "step 4", "step 5", "step 6"]);
        assert!(store.inputs()[0].diagnostics.is_empty(), "{:?}", store.inputs()[0].diagnostics);
    }
}

#[test]
fn a_cut_anywhere_loses_only_what_follows_and_says_so_once() {
    let whole = request((1..=5).map(span).collect()).encode_to_vec();
    let mut last = 0;
    for cut in 0..whole.len() {
        let Ok(store) = read(whole[..cut].to_vec()) else {
            assert!(cut < 40, "not recognised when cut at {cut}");
            continue;
        };
        assert!(store.len() >= last && store.len() <= 5, "cut at {cut}");
        last = store.len();
        assert_eq!(count(&store, Code::Truncated), 1, "cut at {cut}: {:?}", store.inputs()[0].diagnostics);
        assert_eq!(count(&store, Code::Malformed), 0, "cut at {cut}");
    }
    assert_eq!(last, 5, "the schema URLs come last");
}

#[test]
fn flipped_bytes_never_panic_and_end() {
    let whole = request((1..=3).map(span).collect()).encode_to_vec();
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            // Only that it ends well, whatever it finds.
            let _ = read(bytes);
        }
    }
}

#[test]
fn a_block_too_big_to_hold_is_walked_and_keeps_its_resource_and_scope() {
    let mut spans: Vec<Span> = (1..=1200).map(span).collect();
    for span in &mut spans {
        span.attributes.push(attr("padding", text(&"x".repeat(10_000))));
    }
    let store = read(request(spans).encode_to_vec()).unwrap();
    assert!(store.inputs()[0].inflated_bytes > super::WHOLE_BLOCK_BYTES, "the test must take that path");
    assert_eq!(store.len(), 1200);
    assert!(store.inputs()[0].diagnostics.is_empty(), "{:?}", store.inputs()[0].diagnostics);
    let last = store.span(SpanIx(1199));
    assert_eq!(last.name(), "step 1200");
    assert_eq!(store.find_text(&last.resource().attrs, "service.name"), Some("agent"));
    assert_eq!(store.text(last.resource().schema_url), "resource-url");
    assert_eq!((store.text(last.scope().name), store.text(last.scope().schema_url)), ("lib", "scope-url"));
    assert_eq!((store.resources().len(), store.scopes().len()), (1, 1));
    let expected = store.span(SpanIx(1)).offset() - store.span(SpanIx(0)).offset();
    assert_eq!(store.span(SpanIx(9)).offset() - store.span(SpanIx(8)).offset(), expected, "offsets are even");
}

#[test]
fn logs_become_events_and_metrics_are_counted() {
    let record = |span_id| LogRecord {
        time_unix_nano: 5,
        observed_time_unix_nano: 6,
        severity_text: "INFO".into(),
        body: Some(any(text("hello"))),
        trace_id: trace_id(),
        span_id,
        ..LogRecord::default()
    };
    let logs = ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            scope_logs: vec![ScopeLogs {
                log_records: vec![record(id(1)), record(id(77)), record(vec![])],
                ..ScopeLogs::default()
            }],
            ..ResourceLogs::default()
        }],
    };
    let gauge = Metric { name: "m".into(), data: Some(metric::Data::Gauge(Gauge::default())), ..Metric::default() };
    let metrics = ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            scope_metrics: vec![ScopeMetrics { metrics: vec![gauge.clone(), gauge], ..ScopeMetrics::default() }],
            ..ResourceMetrics::default()
        }],
    };
    let bytes = [request(vec![span(1)]).encode_to_vec(), logs.encode_to_vec(), metrics.encode_to_vec()].concat();
    let store = read(bytes).unwrap();
    assert_eq!(store.len(), 1);
    let event = store.span(SpanIx(0)).events().next().unwrap();
    assert_eq!((event.time_ns(), event.observed_ns(), event.name()), (5, Some(6), "hello"));
    for (code, expected) in
        [(Code::LogsAttached, 1), (Code::LogsOrphaned, 1), (Code::LogsSkipped, 1), (Code::MetricsSkipped, 2)]
    {
        assert_eq!(count(&store, code), expected, "{code}");
    }
}

#[test]
fn times_past_2_to_63_and_odd_ids_are_kept_and_flagged() {
    let mut odd = span(1);
    odd.end_time_unix_nano = u64::MAX;
    odd.span_id = vec![1, 2, 3];
    let store = read(request(vec![odd, span(2)]).encode_to_vec()).unwrap();
    let read = store.span(SpanIx(0));
    assert_eq!(read.end_ns(), i64::MAX);
    assert!(read.flags().has(SpanFlags::TIME_CLAMPED));
    assert_eq!(store.span_id_text(read.id()), "010203");
    assert_eq!(count(&store, Code::OddId), 1);
}
