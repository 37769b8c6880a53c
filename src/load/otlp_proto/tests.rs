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

/// The sample conversation as OTLP JSON and, re-encoded by prost, as protobuf: two readers, one store.
#[test]
fn the_same_data_as_json_and_as_protobuf_give_the_same_store() {
    let mut json = Vec::new();
    crate::simulate::write(crate::simulate::Scenario::SlowConversation, 7, &mut json).unwrap();
    let from_json = read(json).unwrap();
    let from_proto = read(encode(&from_json)).unwrap();
    assert_eq!((from_json.inputs()[0].format, from_proto.inputs()[0].format), ("otlp-json", "otlp-proto"));
    assert!(from_json.len() > 50, "the sample is rich");
    let (left, right) = (texts(&from_json), texts(&from_proto));
    for (left, right) in left.iter().zip(&right) {
        assert_eq!(left, right);
    }
    assert_eq!((left.len(), from_json.ghosts().len()), (right.len(), from_proto.ghosts().len()));
}

/// Everything about every span as text.
fn texts(store: &TraceStore) -> Vec<String> {
    let attrs = |ids: &[crate::model::AttrId]| -> Vec<String> {
        ids.iter()
            .map(|&id| store.attrs().get(id))
            .map(|attr| format!("{}={:?}", store.text(attr.key), kind_and_text(store, attr.value)))
            .collect()
    };
    store
        .span_ixs()
        .map(|ix| store.span(ix))
        .map(|span| {
            let events: Vec<_> = span
                .events()
                .map(|event| {
                    let attrs: Vec<_> =
                        event.attrs().map(|attr| (store.text(attr.key), kind_and_text(store, attr.value))).collect();
                    format!("{} {} {:?} {attrs:?}", event.time_ns(), event.name(), event.observed_ns())
                })
                .collect();
            let links: Vec<_> = span.links().map(|link| (link.trace_id(), link.span_id(), link.target())).collect();
            let rare =
                span.rare().map(|rare| (store.text(rare.trace_state), store.text(rare.status_message), rare.dropped));
            format!(
                "{} {} {} {} {}..{} {:?} {:?} {:?} {:x} {:?} {events:?} {links:?} {rare:?} {:?} {:?}",
                store.trace_id_text(span.trace_id()),
                store.span_id_text(span.id()),
                store.span_id_text(span.parent_id()),
                span.name(),
                span.start_ns(),
                span.end_ns(),
                span.kind(),
                span.status(),
                span.flags(),
                span.otlp_flags(),
                attrs(span.attr_ids()),
                attrs(&span.resource().attrs),
                (store.text(span.scope().name), store.text(span.scope().version)),
            )
        })
        .collect()
}

fn kind_and_text(
    store: &TraceStore,
    value: crate::model::Value,
) -> (std::mem::Discriminant<crate::model::Value>, String) {
    (std::mem::discriminant(&value), store.value_text(value))
}

/// A store as requests, one per span, encoded by prost. Nested values are written as text in the sample's place.
fn encode(store: &TraceStore) -> Vec<u8> {
    use crate::model::{Attr, SpanId, TraceId, Value};
    fn value(json: &serde_json::Value) -> AnyValue {
        use serde_json::Value as Json;
        match json {
            Json::Null => AnyValue::default(),
            Json::Bool(flag) => any(Any::BoolValue(*flag)),
            Json::Number(number) => match number.as_i64() {
                Some(int) => any(Any::IntValue(int)),
                None => any(Any::DoubleValue(number.as_f64().unwrap())),
            },
            Json::String(string) => any(text(string)),
            Json::Array(values) => any(Any::ArrayValue(ArrayValue { values: values.iter().map(value).collect() })),
            Json::Object(map) => {
                let values = map.iter().map(|(key, json)| KeyValue {
                    key: key.clone(),
                    value: Some(value(json)),
                    ..KeyValue::default()
                });
                any(Any::KvlistValue(KeyValueList { values: values.collect() }))
            }
        }
    }
    let attr = |attr: Attr| {
        let value = match attr.value {
            Value::Empty => AnyValue::default(),
            Value::Str(sym) => any(text(store.text(sym))),
            Value::Int(int) => any(Any::IntValue(int)),
            Value::Double(double) => any(Any::DoubleValue(double)),
            Value::Bool(flag) => any(Any::BoolValue(flag)),
            Value::Bytes(_) => panic!("the sample holds no bytes"),
            Value::Json(sym) => value(&serde_json::from_str(store.text(sym)).unwrap()),
        };
        KeyValue { key: store.text(attr.key).to_owned(), value: Some(value), ..KeyValue::default() }
    };
    let span_id = |id: SpanId| if let SpanId::Bytes(bits) = id { id_bytes(bits) } else { Vec::new() };
    let trace_id = |id: TraceId| if let TraceId::Bytes(bits) = id { bits.to_be_bytes().to_vec() } else { Vec::new() };
    let mut out = Vec::new();
    for span in store.span_ixs().map(|ix| store.span(ix)) {
        let rare = span.rare().cloned().unwrap_or_default();
        let events = span.events().map(|event| Event {
            time_unix_nano: event.time_ns().cast_unsigned(),
            name: event.name().to_owned(),
            attributes: event.attrs().map(attr).collect(),
            dropped_attributes_count: 0,
        });
        let links = span.links().map(|link| Link {
            trace_id: trace_id(link.trace_id()),
            span_id: span_id(link.span_id()),
            trace_state: link.trace_state().to_owned(),
            attributes: link.attrs().map(attr).collect(),
            dropped_attributes_count: 0,
            flags: link.otlp_flags(),
        });
        let proto = Span {
            trace_id: trace_id(span.trace_id()),
            span_id: span_id(span.id()),
            trace_state: store.text(rare.trace_state).to_owned(),
            parent_span_id: span_id(span.parent_id()),
            flags: span.otlp_flags(),
            name: span.name().to_owned(),
            kind: span.kind() as i32,
            start_time_unix_nano: span.start_ns().cast_unsigned(),
            end_time_unix_nano: span.end_ns().cast_unsigned(),
            attributes: span.attrs().map(attr).collect(),
            dropped_attributes_count: rare.dropped[0],
            events: events.collect(),
            dropped_events_count: rare.dropped[1],
            links: links.collect(),
            dropped_links_count: rare.dropped[2],
            status: Some(SpanStatus {
                message: store.text(rare.status_message).to_owned(),
                code: span.status() as i32,
            }),
        };
        let resource = span.resource();
        let scope = span.scope();
        let block = ResourceSpans {
            resource: Some(Resource {
                attributes: resource.attrs.iter().map(|&id| attr(store.attrs().get(id))).collect(),
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans {
                scope: Some(InstrumentationScope {
                    name: store.text(scope.name).to_owned(),
                    version: store.text(scope.version).to_owned(),
                    ..InstrumentationScope::default()
                }),
                spans: vec![proto],
                schema_url: String::new(),
            }],
            schema_url: String::new(),
        };
        TracesData { resource_spans: vec![block] }.encode(&mut out).unwrap();
    }
    out
}

fn id_bytes(bits: u64) -> Vec<u8> {
    bits.to_be_bytes().to_vec()
}

#[test]
fn attributes_that_repeat_say_the_same_each_time() {
    let deep = (0..70).fold(text("x"), |inner, _| Any::ArrayValue(ArrayValue { values: vec![any(inner)] }));
    let spans = (1..=4).map(|number| Span {
        attributes: vec![
            attr("a", text("x")),
            attr("bad", text("QQQQ")),
            attr("deep", deep.clone()),
            attr("n", Any::IntValue(7)),
            attr("a", text("x")),
        ],
        ..span(number)
    });
    let mut bytes = request(spans.collect()).encode_to_vec();
    for at in 0..bytes.len() - 4 {
        if bytes[at..].starts_with(b"QQQQ") {
            bytes[at] = 0xff;
        }
    }
    let store = read(bytes).unwrap();
    assert_eq!(
        (count(&store, Code::BadUtf8), count(&store, Code::TooDeep)),
        (4, 4),
        "what is wrong is noted each time"
    );
    for ix in 0..4 {
        let mut attrs = attr_texts(&store, ix);
        assert!(attrs.remove(2).starts_with("deep=[[["));
        assert_eq!(attrs, ["a=x", "bad=\u{fffd}QQQ", "n=7", "a=x"]);
    }
}
