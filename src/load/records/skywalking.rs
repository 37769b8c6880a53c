//! Apache SkyWalking: spans as its query API gives them (`data.trace.spans`), and segments as its agents report them
//! (SkyWalking documentation, "query protocol" and "trace data protocol"). A span is numbered within its segment, and a
//! segment begins below a span of another one.

use std::io::Read;

use super::record::{Raw, Record};
use super::times::Unit;
use super::{Records, Sink, keys_in, read};
use crate::load::{Format, LoadError, Output};
use crate::model::{SpanId, SpanKind, TraceId};

/// SkyWalking's traces and segments.
pub struct SkyWalking;

impl Format for SkyWalking {
    fn name(&self) -> &'static str {
        "skywalking"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        let found =
            keys_in(head, &["segmentId", "serviceCode", "traceSegmentId", "spanType", "spanId", "parentSpanId"]);
        found & 0b1_0011 == 0b1_0011 || found & 0b1_1100 == 0b1_1100
    }

    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
        read::read::<Segments>(bytes, out)
    }
}

/// Spans of the open segment, which wait for what it says about all of them.
#[derive(Default)]
pub(super) struct Segments(Vec<Record<'static>>);

impl Records for Segments {
    const LISTS: &'static [&'static str] = &["spans"];
    const WRAPPERS: &'static [&'static str] = &["data", "trace", "queryTrace"];

    fn record(&mut self, record: &Record<'_>, sink: &mut Sink) {
        if record.get("segmentId").is_some() {
            span(record, &Record::default(), sink);
        } else {
            self.0.push(record.clone().into_owned());
        }
    }

    fn document(&mut self, segment: &Record<'_>, sink: &mut Sink) {
        for record in std::mem::take(&mut self.0) {
            span(&record, segment, sink);
        }
    }

    fn end(&mut self, sink: &mut Sink) {
        self.document(&Record::default(), sink);
    }
}

/// Fields that become something else than an attribute.
const KNOWN: [&str; 22] = [
    "traceId",
    "segmentId",
    "spanId",
    "parentSpanId",
    "refs",
    "serviceCode",
    "serviceInstanceName",
    "startTime",
    "endTime",
    "endpointName",
    "operationName",
    "type",
    "spanType",
    "isError",
    "tags",
    "logs",
    "attachedEvents",
    "layer",
    "spanLayer",
    "peer",
    "isRoot",
    "skipAnalysis",
];

fn span(record: &Record<'_>, segment: &Record<'_>, sink: &mut Sink) {
    sink.begin(record.offset);
    sink.draft.trace = sink.trace_id(record.get("traceId").or_else(|| segment.get("traceId")));
    let own = record.text("segmentId").or_else(|| segment.text("traceSegmentId")).unwrap_or_default().into_owned();
    sink.draft.id = numbered(&own, record.get("spanId"), sink);
    sink.draft.parent = numbered(&own, record.get("parentSpanId"), sink);
    refs(record, sink);
    let name = record.first(&["endpointName", "operationName"]).and_then(Raw::text).unwrap_or_default().into_owned();
    sink.draft.name = sink.sym(&name);
    sink.draft.start_ns = sink.time(record.get("startTime"), Unit::Millis);
    sink.draft.end_ns = sink.time(record.get("endTime"), Unit::Millis);
    sink.draft.kind = kind(record);
    if record.get("isError").is_some_and(|raw| raw.bytes() == b"true") {
        sink.failed(None);
    }
    if let Some(tags) = record.get("tags") {
        sink.attrs("", tags);
    }
    let layer = record.first(&["layer", "spanLayer"]).map(|raw| ("layer", raw));
    let peer = record.get("peer").filter(|raw| raw.bytes() != b"\"\"").map(|raw| ("peer", raw));
    let more = record.fields().filter(|(key, _)| !KNOWN.contains(key));
    for (key, raw) in more.chain(layer).chain(peer) {
        sink.attr(&format!("skywalking.{key}"), raw);
    }
    events(record, sink);
    let mut about = Vec::new();
    for (keys, attr) in [
        (["serviceCode", "service"], "service.name"),
        (["serviceInstanceName", "serviceInstance"], "service.instance.id"),
    ] {
        let text = record.first(&keys).or_else(|| segment.first(&keys)).and_then(Raw::text);
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            about.push(sink.text_attr(attr, &text));
        }
    }
    let (reporter, scope) = (sink.resource(about, ""), sink.scope("", "", Vec::new()));
    sink.push(reporter, scope);
}

/// The span `number` of a segment; -1 is none.
fn numbered(segment: &str, number: Option<Raw<'_>>, sink: &mut Sink) -> SpanId {
    let Some(number) = number.and_then(Raw::text_or_number).filter(|number| !number.starts_with('-')) else {
        return SpanId::None;
    };
    SpanId::Text(sink.sym(&format!("{segment}.{number}")))
}

/// Where a segment was called from: the first place is its parent, as SkyWalking draws it, the others are links.
fn refs(record: &Record<'_>, sink: &mut Sink) {
    for raw in record.get("refs").map(Raw::elements).unwrap_or_default() {
        let Some(from) = raw.record() else {
            sink.bad_field(raw, "a reference to a segment");
            continue;
        };
        let segment = from.first(&["parentSegmentId", "parentTraceSegmentId"]).and_then(Raw::text).unwrap_or_default();
        let span = numbered(&segment, from.get("parentSpanId"), sink);
        if matches!(sink.draft.parent, SpanId::None) {
            sink.draft.parent = span;
        } else {
            let trace = match sink.trace_id(from.get("traceId")) {
                TraceId::None => sink.draft.trace,
                stated => stated,
            };
            sink.link(trace, span, &[]);
        }
    }
}

/// Entry and exit are the two sides of a call, or of a message where the layer is a queue.
fn kind(record: &Record<'_>) -> SpanKind {
    let layer = record.first(&["layer", "spanLayer"]).and_then(Raw::text).unwrap_or_default();
    let is_message = layer.eq_ignore_ascii_case("mq");
    match &*record.first(&["type", "spanType"]).and_then(Raw::text).unwrap_or_default() {
        "Entry" if is_message => SpanKind::Consumer,
        "Entry" => SpanKind::Server,
        "Exit" if is_message => SpanKind::Producer,
        "Exit" => SpanKind::Client,
        "Local" => SpanKind::Internal,
        _ => SpanKind::Unspecified,
    }
}

fn events(record: &Record<'_>, sink: &mut Sink) {
    for raw in record.get("logs").map(Raw::elements).unwrap_or_default() {
        let Some(log) = raw.record() else {
            sink.bad_field(raw, "a log");
            continue;
        };
        let attrs = sink.pairs(log.get("data"));
        let data = log.get("data").map(Raw::elements).unwrap_or_default();
        let named =
            data.iter().filter_map(|pair| pair.record()).find(|pair| pair.text("key").as_deref() == Some("event"));
        let name = named.and_then(|pair| pair.text("value").map(std::borrow::Cow::into_owned)).unwrap_or_default();
        let at = sink.time(log.get("time"), Unit::Millis);
        sink.event(&name, at, &attrs);
    }
}
