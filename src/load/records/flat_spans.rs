//! Spans as OpenTelemetry SDKs dump them: one object each, with a `context`, in a list, under `spans`, or in lines.
//!
//! What the console exporters and `to_json` of the SDKs write, and what test fixtures and evaluation tools keep:
//! ids as hex or as JSON integers, times as ISO text, as numbers of any unit, or as `[seconds, nanoseconds]`.

use std::io::Read;

use super::record::{Raw, Record};
use super::times::{Unit, time_ns};
use super::{Records, Sink, keys_in, read};
use crate::load::decimal::scaled;
use crate::load::{Format, LoadError, Output};
use crate::model::{ResourceIx, ScopeIx, SpanId, SpanKind, Status};

/// Flat lists of spans.
pub struct FlatSpans;

impl Format for FlatSpans {
    fn name(&self) -> &'static str {
        "flat-spans"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        let starts = keys_in(head, &[&START[..], &["timestamp", "duration"]].concat());
        let ids = keys_in(head, &SPAN_IDS);
        let known =
            keys_in(head, &["name", "attributes", "context", "trace_id", "traceId", "status", "events", "kind"]);
        starts & 0xff != 0 && ids != 0 && known.count_ones() >= 2
            || starts.count_ones() >= 2 && ids != 0 && known.count_ones() >= 4
    }

    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
        read::read::<Dump>(bytes, out)
    }
}

const START: [&str; 5] = ["start_time", "startTime", "start_time_unix_nano", "startTimeUnixNano", "start_time_ns"];
const END: [&str; 5] = ["end_time", "endTime", "end_time_unix_nano", "endTimeUnixNano", "end_time_ns"];
const SPAN_IDS: [&str; 4] = ["span_id", "spanId", "_spanContext", "spanContext"];
const TRACE_IDS: [&str; 2] = ["trace_id", "traceId"];
const PARENTS: [&str; 6] = ["parent_span_id", "parentSpanId", "parent_id", "parentId", "parent", "parentSpanContext"];
const CONTEXTS: [&str; 4] = ["context", "_spanContext", "spanContext", "span_context"];
const EVENT_TIMES: [&str; 5] = ["timestamp", "time", "time_unix_nano", "timeUnixNano", "time_ns"];

/// Fields that become something else than an attribute.
const KNOWN: [&str; 21] = [
    "name",
    "id",
    "kind",
    "status",
    "attributes",
    "events",
    "span_events",
    "links",
    "resource",
    "scope",
    "instrumentation_scope",
    "instrumentationScope",
    "instrumentation_library",
    "instrumentationLibrary",
    "timestamp",
    "duration",
    "trace_state",
    "traceState",
    "resource_attributes",
    "status_code",
    "status_message",
];

#[derive(Default)]
pub(super) struct Dump;

impl Records for Dump {
    const LISTS: &'static [&'static str] = &["spans", "traces", "data"];
    const WRAPPERS: &'static [&'static str] = &["data", "trace"];

    fn record(&mut self, record: &Record<'_>, sink: &mut Sink) {
        span_of(record, sink, None);
    }
}

/// Reads one span, reported by `reporter` unless it names its resource itself. MLflow's spans have this form too.
pub(super) fn span_of(record: &Record<'_>, sink: &mut Sink, reporter: Option<ResourceIx>) {
    sink.begin(record.offset);
    let context = record.first(&CONTEXTS).and_then(Raw::record).unwrap_or_default();
    sink.draft.trace = sink.trace_id(record.first(&TRACE_IDS).or_else(|| context.first(&TRACE_IDS)));
    let own = record.first(&["span_id", "spanId"]).or_else(|| context.first(&["span_id", "spanId"]));
    sink.draft.id = sink.span_id(own.or_else(|| record.get("id")));
    sink.draft.parent = parent(record, sink);
    let state = record.first(&["trace_state", "traceState"]).or_else(|| context.first(&["trace_state", "traceState"]));
    if let Some(state) = state.and_then(Raw::text).filter(|text| !text.is_empty() && text != "[]") {
        sink.draft.rare.trace_state = sink.sym(&state);
    }
    sink.draft.name = sink.sym(&record.text("name").unwrap_or_default());
    sink.draft.kind = record.get("kind").map_or(SpanKind::Unspecified, |raw| kind(raw, sink));
    times(record, sink);
    if let Some(raw) = record.get("status") {
        status(raw, sink);
    } else if record.get("status_code").is_some() {
        // MLflow 2 states code and message beside each other.
        status_of(record, sink);
    }
    if let Some(raw) = record.get("attributes") {
        sink.attrs("", raw);
    }
    for (key, raw) in record.fields() {
        let lists = [&START[..], &END[..], &SPAN_IDS[..], &TRACE_IDS[..], &PARENTS[..], &CONTEXTS[..], &KNOWN[..]];
        if !lists.iter().any(|known| known.contains(&key)) {
            sink.attr(key, raw);
        }
    }
    for event in record.first(&["events", "span_events"]).map(Raw::elements).unwrap_or_default() {
        self::event(event, sink);
    }
    for link in record.get("links").map(Raw::elements).unwrap_or_default() {
        self::link(link, sink);
    }
    let scope = scope(record, sink);
    let resource = reporter.filter(|_| record.get("resource").is_none()).unwrap_or_else(|| resource(record, sink));
    sink.push(resource, scope);
}

fn parent(record: &Record<'_>, sink: &mut Sink) -> SpanId {
    let Some(raw) = record.first(&PARENTS) else { return SpanId::None };
    match raw.record() {
        Some(parent) => sink.span_id(parent.first(&["span_id", "spanId"])),
        None => sink.span_id(Some(raw)),
    }
}

/// SDKs number kinds from 0 for internal; the names are the same everywhere.
fn kind(raw: Raw<'_>, sink: &mut Sink) -> SpanKind {
    const NAMES: [(&str, SpanKind); 6] = [
        ("INTERNAL", SpanKind::Internal),
        ("SERVER", SpanKind::Server),
        ("CLIENT", SpanKind::Client),
        ("PRODUCER", SpanKind::Producer),
        ("CONSUMER", SpanKind::Consumer),
        ("UNSPECIFIED", SpanKind::Unspecified),
    ];
    let text = raw.text_or_number().unwrap_or_default().to_ascii_uppercase();
    let name = text.rsplit(['.', '_']).next().unwrap_or_default();
    let by_number = name.parse().ok().and_then(|at: usize| NAMES.get(at).map(|(_, kind)| *kind));
    let found = by_number.or_else(|| NAMES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind));
    if found.is_none() && !name.is_empty() {
        sink.bad_field(raw, "a span kind");
    }
    found.unwrap_or_default()
}

fn times(record: &Record<'_>, sink: &mut Sink) {
    let start = record.first(&START).or_else(|| record.get("timestamp"));
    sink.draft.start_ns = sink.time(start, Unit::Guess);
    match record.first(&END) {
        Some(end) => sink.draft.end_ns = sink.time(Some(end), Unit::Guess),
        // OpenTelemetry for JavaScript prints microseconds.
        None => {
            let micros = |raw: Raw<'_>| scaled(&raw.text_or_number()?, 3);
            let hr_time = |raw: Raw<'_>| time_ns(raw, Unit::Nanos);
            let duration = record.get("duration").and_then(|raw| micros(raw).or_else(|| hr_time(raw)));
            if let Some(duration) = duration {
                sink.end_after(duration);
            }
        }
    }
}

fn status(raw: Raw<'_>, sink: &mut Sink) {
    let record = raw.record().unwrap_or_else(|| {
        let mut record = Record::default();
        record.push("code", raw);
        record
    });
    status_of(&record, sink);
}

fn status_of(record: &Record<'_>, sink: &mut Sink) {
    let Some(raw) = record.first(&["status_code", "statusCode", "code"]) else { return };
    let message = record.first(&["description", "message", "status_message"]).and_then(Raw::text);
    let code = raw.text_or_number().unwrap_or_default().to_ascii_uppercase();
    match code.rsplit(['.', '_']).next().unwrap_or_default() {
        "OK" | "1" => sink.draft.status = Status::Ok,
        "ERROR" | "2" => sink.failed(message.as_deref()),
        "UNSET" | "0" | "" => {}
        _ => sink.bad_field(raw, "a status"),
    }
}

fn event(raw: Raw<'_>, sink: &mut Sink) {
    let Some(event) = raw.record() else { return sink.bad_field(raw, "an event") };
    let time = sink.time(event.first(&EVENT_TIMES), Unit::Guess);
    let attrs = sink.interned(event.get("attributes").and_then(Raw::record).as_ref());
    sink.event(&event.text("name").unwrap_or_default(), time, &attrs);
}

fn link(raw: Raw<'_>, sink: &mut Sink) {
    let Some(link) = raw.record() else { return sink.bad_field(raw, "a link") };
    let context = link.first(&CONTEXTS).and_then(Raw::record).unwrap_or_default();
    let trace = sink.trace_id(link.first(&TRACE_IDS).or_else(|| context.first(&TRACE_IDS)));
    let ids = ["span_id", "spanId"];
    let span = sink.span_id(link.first(&ids).or_else(|| context.first(&ids)));
    let attrs = sink.interned(link.get("attributes").and_then(Raw::record).as_ref());
    sink.link(trace, span, &attrs);
}

fn scope(record: &Record<'_>, sink: &mut Sink) -> ScopeIx {
    let keys =
        ["scope", "instrumentation_scope", "instrumentationScope", "instrumentation_library", "instrumentationLibrary"];
    let scope = record.first(&keys).and_then(Raw::record).unwrap_or_default();
    let attrs = sink.interned(scope.get("attributes").and_then(Raw::record).as_ref());
    let text = |key: &str| scope.text(key).unwrap_or_default();
    sink.scope(&text("name"), &text("version"), attrs)
}

fn resource(record: &Record<'_>, sink: &mut Sink) -> ResourceIx {
    let resource = record.get("resource").and_then(Raw::record).unwrap_or_default();
    let schema = resource.first(&["schema_url", "schemaUrl"]).and_then(Raw::text).unwrap_or_default();
    let nested = resource.first(&["attributes", "_attributes"]).and_then(Raw::record);
    let flat = record.get("resource_attributes").and_then(Raw::record);
    let attrs = sink.interned(nested.or(flat).as_ref());
    sink.resource(attrs, &schema)
}
