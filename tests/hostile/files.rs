//! Valid files of every format, to damage, and writers for absurd but well-formed ones.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span};
use prost::Message as _;
use serde_json::{Value, json};

/// A valid file.
#[derive(Clone, Debug)]
pub struct Valid {
    /// For messages.
    pub name: &'static str,
    /// Beginning of the name of the format that reads it.
    pub format: &'static str,
    /// Text, not binary.
    pub is_text: bool,
    /// Spans in it.
    pub spans: usize,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// 2023-11-14, in microseconds.
const START_US: i64 = 1_700_000_000_000_000;

/// A span of an absurd file. Times are microseconds after [`START_US`].
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    id: u64,
    parent: u64,
    start_us: i64,
    end_us: i64,
}

impl Shape {
    /// A span; parent 0 is none.
    pub const fn child(id: u64, parent: u64, start_us: i64, end_us: i64) -> Self {
        Self { id, parent, start_us, end_us }
    }

    fn start_ns(self) -> u64 {
        ((START_US + self.start_us) * 1000).cast_unsigned()
    }

    fn end_ns(self) -> u64 {
        ((START_US + self.end_us) * 1000).cast_unsigned()
    }
}

/// The spans of the valid files.
fn usual() -> Vec<Shape> {
    vec![
        Shape::child(1, 0, 0, 9_000),
        Shape::child(2, 1, 100, 4_000),
        Shape::child(3, 2, 200, 300),
        Shape::child(4, 2, 350, 3_900),
        Shape::child(5, 1, 4_100, 8_900),
        Shape::child(6, 99, 5_000, 6_000),
    ]
}

/// A writer of one format.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    /// Beginning of the name of the format that reads it.
    pub format: &'static str,
    to_bytes: fn(&[Shape]) -> Vec<u8>,
    /// Where the first start time stands in what `to_bytes` writes for one span.
    first_start: Option<&'static str>,
}

impl Written {
    /// Writers of the formats whose spans name their parents.
    pub fn all() -> Vec<Self> {
        vec![
            Self { format: "otlp-json", to_bytes: otlp_json, first_start: Some("\"startTimeUnixNano\": ") },
            Self { format: "otlp-json", to_bytes: otlp_lines, first_start: Some("\"startTimeUnixNano\":") },
            Self { format: "otlp-proto", to_bytes: otlp_proto, first_start: None },
            Self { format: "jaeger", to_bytes: jaeger, first_start: Some("\"startTime\": ") },
            Self { format: "zipkin", to_bytes: zipkin_v2, first_start: Some("\"timestamp\": ") },
            Self { format: "flat-spans", to_bytes: flat_spans, first_start: Some("\"start_time\": ") },
            Self { format: "clickhouse", to_bytes: clickhouse, first_start: Some("\"Timestamp\":") },
            Self { format: "langfuse", to_bytes: langfuse, first_start: Some("\"startTime\": ") },
            Self { format: "langsmith", to_bytes: langsmith, first_start: Some("\"start_time\": ") },
            Self { format: "openai-agents", to_bytes: openai_agents, first_start: Some("\"started_at\":") },
            Self { format: "mlflow", to_bytes: mlflow, first_start: Some("\"start_time_unix_nano\": ") },
        ]
    }

    /// Writers of all formats.
    pub fn all_timed() -> Vec<Self> {
        let chrome = |shapes: &[Shape]| chrome(shapes, true);
        let mut all = Self::all();
        all.push(Self { format: "chrome", to_bytes: chrome, first_start: Some("\"ts\": ") });
        all
    }

    /// Files of these spans.
    pub fn write(self, shapes: &[Shape]) -> Vec<u8> {
        (self.to_bytes)(shapes)
    }

    /// A file of one span whose start is `number`, as it stands. Binary files take what fits.
    pub fn write_with_time(self, number: &str) -> Vec<u8> {
        let shape = Shape::child(1, 0, 0, 10);
        let Some(key) = self.first_start else {
            let start_us = number.trim_matches('"').parse::<f64>().unwrap_or(f64::MAX) as i64 / 2000;
            return self.write(&[Shape { start_us: start_us.saturating_sub(START_US), ..shape }]);
        };
        let text = String::from_utf8(self.write(&[shape])).unwrap();
        let start = text.find(key).unwrap() + key.len();
        let end = start + text[start..].find([',', '\n', '}']).unwrap();
        format!("{}{number}{}", &text[..start], &text[end..]).into_bytes()
    }
}

/// Valid files of every format that is read today or will be.
pub fn valid() -> Vec<Valid> {
    let file = |name, format, bytes: Vec<u8>| Valid {
        name,
        format,
        is_text: std::str::from_utf8(&bytes).is_ok() && format != "otlp-proto",
        spans: usual().len(),
        bytes,
    };
    let export = |name, format, spans| Valid { spans, ..file(name, format, export_bytes(name)) };
    vec![
        file("otlp.json", "otlp-json", otlp_json(&usual())),
        file("otlp.jsonl", "otlp-json", otlp_lines(&usual())),
        file("otlp.pb", "otlp-proto", otlp_proto(&usual())),
        file("jaeger.json", "jaeger", jaeger(&usual())),
        file("zipkin-v2.json", "zipkin", zipkin_v2(&usual())),
        file("zipkin-v1.json", "zipkin", zipkin_v1(&usual())),
        file("chrome-object.json", "chrome", chrome(&usual(), true)),
        file("chrome-array.json", "chrome", chrome(&usual(), false)),
        export("langfuse-api.json", "langfuse", 2),
        export("openai-agents.jsonl", "openai-agents", 5),
        export("langsmith-runs.json", "langsmith", 5),
        export("mlflow-v3.json", "mlflow", 2),
        export("dynamo-requests.jsonl", "dynamo", 3),
        export("clickhouse-rows.jsonl", "clickhouse", 2),
        export("flat-console-exporter.jsonl", "flat-spans", 2),
        export("clickhouse-table.json", "clickhouse", 1),
        export("mlflow-v2.json", "mlflow", 2),
        export("flat-javascript.json", "flat-spans", 2),
        export("go-spans.jsonl", "go-spans", 2),
        export("jaeger-rows-search.json", "jaeger", 2),
        export("jaeger-rows-kafka.jsonl", "jaeger", 2),
        export("otlp-resources.jsonl", "otlp-json", 2),
        export("langsmith-batch.json", "langsmith", 2),
        export("google-trace-v1.json", "google-trace", 2),
        export("xray-traces.json", "aws-xray", 3),
        export("triton-trace.json", "triton", 2),
        export("rows-braintrust.json", "tool-rows", 3),
        export("rows-elastic-apm.json", "tool-rows", 2),
        export("sentry-transaction.json", "sentry", 2),
        export("skywalking-query.json", "skywalking", 3),
        export("rows-application-insights.csv", "tool-rows", 2),
        export("log-lines-kubernetes.txt", "otlp-json", 2),
        export("printed-javascript.txt", "flat-spans", 1),
    ]
}

/// A small export of an AI tool, see tests/data/exports.
fn export_bytes(name: &str) -> Vec<u8> {
    std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/exports").join(name)).unwrap()
}

fn pretty(value: &Value) -> Vec<u8> {
    serde_json::to_string_pretty(value).unwrap().into_bytes()
}

/// Distinct per format, so that all of them fit into one workspace.
fn hex16(id: u64) -> String {
    if id == 0 { String::new() } else { format!("{id:016x}") }
}

fn otlp_attrs(at: u64) -> Value {
    json!([
        {"key": "k", "value": {"stringValue": "Grüße \u{1F600} \"quoted\" \\ \n tab\t"}},
        {"key": "n", "value": {"intValue": at.to_string()}},
        {"key": "ratio", "value": {"doubleValue": 0.25}},
        {"key": "flag", "value": {"boolValue": true}},
        {"key": "list", "value": {"arrayValue": {"values": [{"stringValue": "a"}, {"intValue": "2"}]}}},
        {"key": "map", "value": {"kvlistValue": {"values": [{"key": "in", "value": {"bytesValue": "AP8="}}]}}},
    ])
}

fn otlp_request(trace: u64, shapes: &[Shape]) -> Value {
    let trace_id = format!("{trace:032x}");
    let spans: Vec<Value> = shapes
        .iter()
        .map(|shape| {
            json!({
                "traceId": trace_id, "spanId": hex16(shape.id), "parentSpanId": hex16(shape.parent),
                "name": format!("span {}", shape.start_us), "kind": 1 + shape.id % 5, "flags": 257,
                "startTimeUnixNano": shape.start_ns().to_string(), "endTimeUnixNano": shape.end_ns().to_string(),
                "attributes": otlp_attrs(shape.id), "status": {"code": shape.id % 3, "message": "said"},
                "events": [{"timeUnixNano": shape.start_ns().to_string(), "name": "event", "attributes": otlp_attrs(7)}],
                "links": [{"traceId": trace_id, "spanId": "0000000000000001", "attributes": []}],
                "droppedAttributesCount": 0,
            })
        })
        .collect();
    json!({"resourceSpans": [{
        "resource": {"attributes": [
            {"key": "service.name", "value": {"stringValue": "api"}},
            {"key": "host.id", "value": {"stringValue": "h-1"}},
        ]},
        "scopeSpans": [{"scope": {"name": "lib", "version": "1.0"}, "spans": spans}],
    }]})
}

fn otlp_json(shapes: &[Shape]) -> Vec<u8> {
    pretty(&otlp_request(0xa1, shapes))
}

/// One request per line. A file without spans still has one line.
fn otlp_lines(shapes: &[Shape]) -> Vec<u8> {
    let chunks: Vec<&[Shape]> = if shapes.is_empty() { vec![shapes] } else { shapes.chunks(2).collect() };
    let lines: Vec<String> = chunks.iter().map(|chunk| otlp_request(0xa2, chunk).to_string() + "\n").collect();
    lines.concat().into_bytes()
}

fn otlp_proto(shapes: &[Shape]) -> Vec<u8> {
    let text = |text: &str| Some(AnyValue { value: Some(any_value::Value::StringValue(text.to_owned())) });
    let attr = |key: &str, value: &str| KeyValue { key: key.to_owned(), value: text(value), ..KeyValue::default() };
    let id = |id: u64| if id == 0 { Vec::new() } else { id.to_be_bytes().to_vec() };
    let spans = shapes
        .iter()
        .map(|shape| Span {
            trace_id: 0xa3_u128.to_be_bytes().to_vec(),
            span_id: id(shape.id),
            parent_span_id: id(shape.parent),
            name: format!("span {}", shape.start_us),
            kind: 2,
            start_time_unix_nano: shape.start_ns(),
            end_time_unix_nano: shape.end_ns(),
            attributes: vec![attr("k", "Grüße"), attr("n", "7")],
            events: vec![span::Event {
                time_unix_nano: shape.start_ns(),
                name: "event".to_owned(),
                attributes: vec![attr("in", "event")],
                dropped_attributes_count: 0,
            }],
            status: Some(Status { message: "said".to_owned(), code: 2 }),
            ..Span::default()
        })
        .collect();
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource { attributes: vec![attr("service.name", "api")], ..Resource::default() }),
            scope_spans: vec![ScopeSpans {
                scope: Some(InstrumentationScope { name: "lib".to_owned(), ..InstrumentationScope::default() }),
                spans,
                schema_url: String::new(),
            }],
            schema_url: String::new(),
        }],
    }
    .encode_to_vec()
}

fn jaeger(shapes: &[Shape]) -> Vec<u8> {
    let trace_id = format!("{:032x}", 0xa4);
    let spans: Vec<Value> = shapes
        .iter()
        .map(|shape| {
            let parent = json!({"refType": "CHILD_OF", "traceID": trace_id, "spanID": hex16(shape.parent)});
            json!({
                "traceID": trace_id, "spanID": hex16(shape.id), "operationName": format!("span {}", shape.start_us),
                "references": if shape.parent == 0 { json!([]) } else { json!([parent]) },
                "startTime": START_US + shape.start_us, "duration": shape.end_us - shape.start_us,
                "tags": [
                    {"key": "k", "type": "string", "value": "Grüße"}, {"key": "n", "type": "int64", "value": 7},
                    {"key": "ratio", "type": "float64", "value": 0.5}, {"key": "error", "type": "bool", "value": true},
                ],
                "logs": [{"timestamp": START_US, "fields": [{"key": "event", "type": "string", "value": "chunk"}]}],
                "processID": "p1", "warnings": null,
            })
        })
        .collect();
    let process = json!({"serviceName": "front", "tags": [{"key": "hostname", "type": "string", "value": "h1"}]});
    pretty(&json!({"data": [{"traceID": trace_id, "spans": spans, "processes": {"p1": process}}], "total": 0}))
}

fn zipkin_v2(shapes: &[Shape]) -> Vec<u8> {
    let trace_id = format!("{:032x}", 0xa5);
    let spans = shapes.iter().map(|shape| {
        let mut span = json!({
            "traceId": trace_id, "id": hex16(shape.id), "name": format!("span {}", shape.start_us), "kind": "CLIENT",
            "timestamp": START_US + shape.start_us, "duration": (shape.end_us - shape.start_us).max(1),
            "localEndpoint": {"serviceName": "front", "ipv4": "10.0.0.1", "port": 80},
            "annotations": [{"timestamp": START_US + shape.start_us, "value": "ws"}],
            "tags": {"http.path": "/", "k": "Grüße"},
        });
        if shape.parent != 0 {
            span["parentId"] = json!(hex16(shape.parent));
        }
        span
    });
    pretty(&Value::Array(spans.collect()))
}

fn zipkin_v1(shapes: &[Shape]) -> Vec<u8> {
    let spans = shapes.iter().map(|shape| {
        let endpoint = json!({"serviceName": "front", "ipv4": "10.0.0.1", "port": 80});
        let mut span = json!({
            "traceId": format!("{:016x}", 0xa6), "id": hex16(shape.id), "name": format!("span {}", shape.start_us),
            "timestamp": START_US + shape.start_us, "duration": (shape.end_us - shape.start_us).max(1),
            "annotations": [
                {"timestamp": START_US + shape.start_us, "value": "cs", "endpoint": endpoint},
                {"timestamp": START_US + shape.end_us, "value": "cr", "endpoint": endpoint},
            ],
            "binaryAnnotations": [{"key": "http.path", "value": "/", "endpoint": endpoint}],
        });
        if shape.parent != 0 {
            span["parentId"] = json!(hex16(shape.parent));
        }
        span
    });
    pretty(&Value::Array(spans.collect()))
}

fn chrome(shapes: &[Shape], is_object: bool) -> Vec<u8> {
    let events = shapes.iter().map(|shape| {
        json!({
            "ph": "X", "name": format!("span {}", shape.start_us), "cat": "op", "pid": u64::from(is_object),
            "tid": "main", "ts": shape.start_us as f64 + 0.125, "dur": (shape.end_us - shape.start_us) as f64,
            "args": {"k": "Grüße", "n": 7},
        })
    });
    let events = Value::Array(events.collect());
    pretty(&if is_object { json!({"traceEvents": events, "displayTimeUnit": "ms"}) } else { events })
}

/// A time after [`START_US`] as text with microseconds, `T` or a space in the middle.
fn iso(after_us: i64, middle: char) -> String {
    let us = START_US + after_us;
    let (second, fraction) = (us.div_euclid(1_000_000) - 1_700_000_000, us.rem_euclid(1_000_000));
    // 1 700 000 000 is 22:13:20; chains are shorter than the rest of that hour.
    let (minute, second) = ((13 * 60 + 20 + second) / 60, (20 + second) % 60);
    format!("2023-11-14{middle}22:{minute:02}:{second:02}.{fraction:06}")
}

fn uuid(id: u64) -> String {
    format!("00000000-0000-4000-8000-{id:012x}")
}

/// An id, or null for none.
fn or_null(id: u64, text: String) -> Value {
    if id == 0 { Value::Null } else { Value::String(text) }
}

fn flat_spans(shapes: &[Shape]) -> Vec<u8> {
    let trace_id = format!("0x{:032x}", 0xa7);
    let spans = shapes.iter().map(|shape| {
        json!({
            "name": format!("span {}", shape.start_us), "kind": "SpanKind.INTERNAL",
            "context": {"trace_id": trace_id, "span_id": format!("0x{}", hex16(shape.id)), "trace_state": "[]"},
            "parent_id": or_null(shape.parent, format!("0x{}", hex16(shape.parent))),
            "start_time": iso(shape.start_us, 'T') + "Z", "end_time": iso(shape.end_us, 'T') + "Z",
            "status": {"status_code": "OK"}, "attributes": {"k": "Grüße"}, "events": [], "links": [],
            "resource": {"attributes": {"service.name": "flat"}, "schema_url": ""},
        })
    });
    pretty(&Value::Array(spans.collect()))
}

fn clickhouse(shapes: &[Shape]) -> Vec<u8> {
    let lines = shapes.iter().map(|shape| {
        let row = json!({
            "Timestamp": iso(shape.start_us, ' '), "TraceId": format!("{:032x}", 0xa8), "SpanId": hex16(shape.id),
            "ParentSpanId": hex16(shape.parent), "SpanName": format!("span {}", shape.start_us),
            "SpanKind": "Server", "ServiceName": "rows", "ResourceAttributes": {"service.name": "rows"},
            "SpanAttributes": {"k": "Grüße"}, "Duration": ((shape.end_us - shape.start_us) * 1000).to_string(),
            "StatusCode": "Unset", "StatusMessage": "",
        });
        row.to_string() + "\n"
    });
    lines.collect::<String>().into_bytes()
}

fn langfuse(shapes: &[Shape]) -> Vec<u8> {
    let observations = shapes.iter().map(|shape| {
        json!({
            "id": format!("obs-{}", shape.id), "traceId": "lf-7", "type": "SPAN",
            "name": format!("span {}", shape.start_us),
            "startTime": iso(shape.start_us, 'T') + "Z", "endTime": iso(shape.end_us, 'T') + "Z",
            "level": "DEFAULT", "parentObservationId": or_null(shape.parent, format!("obs-{}", shape.parent)),
            "metadata": {"k": "Grüße"},
        })
    });
    pretty(&json!({"data": observations.collect::<Vec<_>>(), "meta": {"page": 1, "totalItems": shapes.len()}}))
}

fn langsmith(shapes: &[Shape]) -> Vec<u8> {
    let runs = shapes.iter().map(|shape| {
        json!({
            "id": uuid(shape.id), "name": format!("span {}", shape.start_us), "run_type": "chain",
            "trace_id": uuid(0xa9), "parent_run_id": or_null(shape.parent, uuid(shape.parent)),
            "start_time": iso(shape.start_us, 'T'), "end_time": iso(shape.end_us, 'T'),
            "status": "success", "inputs": {"k": "Grüße"}, "outputs": {}, "error": null,
        })
    });
    pretty(&Value::Array(runs.collect()))
}

fn openai_agents(shapes: &[Shape]) -> Vec<u8> {
    let trace_id = format!("trace_{:032x}", 0xaa);
    let head = json!({"object": "trace", "id": trace_id, "workflow_name": "odd"}).to_string() + "\n";
    let lines = shapes.iter().map(|shape| {
        let span = json!({
            "object": "trace.span", "id": format!("span_{:024x}", shape.id), "trace_id": trace_id,
            "parent_id": or_null(shape.parent, format!("span_{:024x}", shape.parent)),
            "started_at": iso(shape.start_us, 'T') + "+00:00", "ended_at": iso(shape.end_us, 'T') + "+00:00",
            "span_data": {"type": "custom", "name": format!("span {}", shape.start_us), "data": {}}, "error": null,
        });
        span.to_string() + "\n"
    });
    std::iter::once(head).chain(lines).collect::<String>().into_bytes()
}

fn mlflow(shapes: &[Shape]) -> Vec<u8> {
    let id = |id: u64| {
        let bytes = id.to_be_bytes();
        or_null(id, base64(&bytes))
    };
    let spans = shapes.iter().map(|shape| {
        json!({
            "trace_id": base64(&0xab_u128.to_be_bytes()), "span_id": id(shape.id), "parent_span_id": id(shape.parent),
            "name": format!("span {}", shape.start_us), "start_time_unix_nano": shape.start_ns(),
            "end_time_unix_nano": shape.end_ns(), "events": [], "attributes": {"k": "\"v\""},
            "status": {"code": "STATUS_CODE_OK", "message": ""},
        })
    });
    let info = json!({"trace_id": "tr-ab", "request_time": "2023-11-14T22:13:20Z", "state": "OK"});
    pretty(&json!({"info": info, "data": {"spans": spans.collect::<Vec<_>>()}}))
}

fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(chunk.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let sign = SIGNS[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= chunk.len() { char::from(sign) } else { '=' });
        }
    }
    text
}
