//! Spans as OpenTelemetry SDKs dump them: one object each, with a `context`, in a list, under `spans`, or in lines.
//!
//! What the console exporters and `to_json` of the SDKs write, and what test fixtures and evaluation tools keep:
//! ids as hex or as JSON integers, times as ISO text, as numbers of any unit, or as `[seconds, nanoseconds]`.

use std::io::Read;

use super::record::{Raw, Record};
use super::times::{Unit, time_ns};
use super::{Records, Sink, keys_in, logs, read};
use crate::load::decimal::scaled;
use crate::load::fields::kind_of;
use crate::load::json::Token;
use crate::load::sniff::has_json_path;
use crate::load::{Format, LoadError, Output};
use crate::model::{ResourceIx, ScopeIx, SpanId, SpanKind, Status};

/// Flat lists of spans.
pub struct FlatSpans;

impl Format for FlatSpans {
    fn name(&self) -> &'static str {
        "flat-spans"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        let mut starts = keys_in(head, &START);
        // Rows of Logfire. Others have only the first one of these, or both further inside.
        let is_row = |path: &str| !path.contains("attributes.") && path.ends_with("end_timestamp");
        starts |= u32::from(keys_in(head, &["start_timestamp"]) != 0 && has_json_path(head, is_row));
        // OpenTelemetry for JavaScript prints these; log records have only the first.
        let prints = keys_in(head, &["timestamp", "duration"]);
        // Opik's spans call their own id just that.
        let is_child = keys_in(head, &["id", "trace_id", "parent_span_id"]) == 0b111;
        // So do those that OpenTelemetry for JavaScript prints.
        let is_printed = prints == 0b11 && keys_in(head, &["id", "traceId"]) == 0b11;
        let ids = keys_in(head, &SPAN_IDS) != 0 || is_child || is_printed;
        let known =
            keys_in(head, &["name", "attributes", "context", "trace_id", "traceId", "status", "events", "kind"]);
        logs::are_logs(head)
            || ids && (starts != 0 && known.count_ones() >= 2 || prints == 0b11 && known.count_ones() >= 4)
    }

    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
        read::read::<Dump>(bytes, out)
    }
}

/// The last one is of PHP and Datadog.
const START: [&str; 6] =
    ["start_time", "startTime", "start_time_unix_nano", "startTimeUnixNano", "start_time_ns", "start"];
const END: [&str; 6] = ["end_time", "endTime", "end_time_unix_nano", "endTimeUnixNano", "end_time_ns", "end"];
const LOGFIRE: [&str; 3] = ["start_timestamp", "end_timestamp", "span_name"];
const SPAN_IDS: [&str; 4] = ["span_id", "spanId", "_spanContext", "spanContext"];
const TRACE_IDS: [&str; 2] = ["trace_id", "traceId"];
/// Columns of Phoenix's data frames.
const COLUMNS: [&str; 2] = ["context.span_id", "context.trace_id"];
const PARENTS: [&str; 6] = ["parent_span_id", "parentSpanId", "parent_id", "parentId", "parent", "parentSpanContext"];
const CONTEXTS: [&str; 4] = ["context", "_spanContext", "spanContext", "span_context"];
const EVENT_TIMES: [&str; 5] = ["timestamp", "time", "time_unix_nano", "timeUnixNano", "time_ns"];

/// Fields that become something else than an attribute.
const KNOWN: [&str; 23] = [
    "name",
    "id",
    "kind",
    "status",
    "attributes",
    "events",
    "span_events",
    "links",
    "scope",
    "instrumentation_scope",
    "instrumentationScope",
    "instrumentation_library",
    "instrumentationLibrary",
    "timestamp",
    "duration",
    // What CloudWatch adds to the two times.
    "durationNano",
    "trace_state",
    "traceState",
    "resource_attributes",
    "status_code",
    "status_message",
    "schema_url",
    "schemaUrl",
];

#[derive(Default)]
pub(super) struct Dump {
    /// Spans of the open document that name no trace: the document may do that for them.
    waiting: Vec<Record<'static>>,
}

impl Records for Dump {
    const LISTS: &'static [&'static str] = &["spans", "traces", "data", "rows"];
    const WRAPPERS: &'static [&'static str] = &["data", "trace"];

    fn record(&mut self, record: &Record<'_>, sink: &mut Sink) {
        if record.first(&START).is_none() && logs::is_log(record) {
            return logs::read(record, sink);
        }
        if !is_span(record) && self.of_traces(record, sink) {
            return;
        }
        if names_trace(record) {
            span_of(record, sink, None);
        } else {
            self.waiting.push(record.clone().into_owned());
        }
    }

    fn document(&mut self, fields: &Record<'_>, sink: &mut Sink) {
        for mut record in std::mem::take(&mut self.waiting) {
            if let Some(trace) = fields.first(&TRACE_IDS) {
                record.push("trace_id", trace);
            }
            span_of(&record, sink, None);
        }
    }

    fn end(&mut self, sink: &mut Sink) {
        self.document(&Record::default(), sink);
    }
}

/// Whether a record says anything that only spans say.
fn is_span(record: &Record<'_>) -> bool {
    let keys = [&["name", "id"][..], &START, &LOGFIRE, &SPAN_IDS, &TRACE_IDS, &COLUMNS, &CONTEXTS];
    keys.iter().any(|keys| record.first(keys).is_some())
}

impl Dump {
    /// Reads an object whose fields are traces, each a list of spans or an object with one. False when it is none.
    fn of_traces(&mut self, record: &Record<'_>, sink: &mut Sink) -> bool {
        let mut found = false;
        for (key, raw) in record.fields() {
            let inner = raw.record().filter(|_| raw.token() == Token::Object).unwrap_or_default();
            let list = inner.get("spans").unwrap_or(raw);
            for span in list.elements().into_iter().filter_map(Raw::record).filter(is_span) {
                found = true;
                let mut span = span.into_owned();
                if !names_trace(&span) {
                    span.push_text("trace_id", key);
                }
                span_of(&span, sink, None);
            }
        }
        found
    }
}

/// Whether a span says which trace it is of.
pub(super) fn names_trace(record: &Record<'_>) -> bool {
    let context = || record.first(&CONTEXTS).and_then(Raw::record).unwrap_or_default();
    let [_, trace_column] = COLUMNS;
    record.first(&TRACE_IDS).is_some() || record.get(trace_column).is_some() || context().first(&TRACE_IDS).is_some()
}

/// First words of attributes that some tools nest, word by word. Other objects are values.
const NESTED: [&str; 14] = [
    "agent",
    "embedding",
    "gen_ai",
    "graph",
    "input",
    "llm",
    "openinference",
    "output",
    "reranker",
    "retrieval",
    "session",
    "tool",
    "tool_call",
    "user",
];

fn attributes(raw: Raw<'_>, sink: &mut Sink) {
    match raw.record() {
        Some(record) => {
            for (key, raw) in record.fields() {
                // What goes in and comes out may be any object.
                let is_value = || raw.record().is_none_or(|inner| inner.get("value").is_none());
                match key {
                    "input" | "output" if is_value() => sink.attr(key, raw),
                    _ if NESTED.contains(&key) => flatten(key, raw, 0, sink),
                    _ => sink.attr(key, raw),
                }
            }
        }
        None => sink.attrs("", raw),
    }
}

/// `{"llm": {"model_name": …}}` is `llm.model_name`, and elements of lists are numbered.
fn flatten(key: &str, raw: Raw<'_>, depth: u32, sink: &mut Sink) {
    const MOST: u32 = 12;
    match raw.token() {
        Token::Object if depth < MOST => {
            for (inner, raw) in raw.record().unwrap_or_default().fields() {
                flatten(&format!("{key}.{inner}"), raw, depth + 1, sink);
            }
        }
        Token::Array if depth < MOST && raw.elements().first().is_some_and(|raw| raw.token() == Token::Object) => {
            for (at, raw) in raw.elements().into_iter().enumerate() {
                flatten(&format!("{key}.{at}"), raw, depth + 1, sink);
            }
        }
        _ => sink.attr(key, raw),
    }
}

/// Reads one span, reported by `reporter` unless it names its resource itself. MLflow's spans have this form too.
pub(super) fn span_of(record: &Record<'_>, sink: &mut Sink, reporter: Option<ResourceIx>) {
    sink.begin(record.offset);
    let context = record.first(&CONTEXTS).and_then(Raw::record).unwrap_or_default();
    let [span_column, trace_column] = COLUMNS;
    let trace = record.first(&TRACE_IDS).or_else(|| context.first(&TRACE_IDS)).or_else(|| record.get(trace_column));
    sink.draft.trace = sink.trace_id(trace);
    let own = record.first(&["span_id", "spanId"]).or_else(|| context.first(&["span_id", "spanId"]));
    sink.draft.id = sink.span_id(own.or_else(|| record.first(&[span_column, "id"])));
    sink.draft.parent = parent(record, sink);
    let state = record.first(&["trace_state", "traceState"]).or_else(|| context.first(&["trace_state", "traceState"]));
    if let Some(state) = state.and_then(Raw::text).filter(|text| !text.is_empty() && text != "[]") {
        sink.draft.rare.trace_state = sink.sym(&state);
    }
    sink.draft.name = sink.sym(&record.first(&["name", LOGFIRE[2]]).and_then(Raw::text).unwrap_or_default());
    let is_otlp = record.first(&["startTimeUnixNano", "start_time_unix_nano"]).is_some();
    sink.draft.kind = record.get("kind").map_or(SpanKind::Unspecified, |raw| kind(raw, is_otlp, sink));
    // What OTLP says about the parent: whether it is of another process.
    if let Some(flags) = record.get("flags").filter(|_| is_otlp).and_then(Raw::text_or_number) {
        sink.draft.otlp_flags = flags.parse().unwrap_or_default();
    }
    times(record, sink);
    if record.get("start").is_some() && record.get("error").is_some_and(|raw| raw.bytes() == b"1") {
        // Datadog counts.
        sink.failed(None);
    }
    if let Some(raw) = record.get("status") {
        status(raw, sink);
    } else if record.get("status_code").is_some() {
        // MLflow 2 states code and message beside each other.
        status_of(record, sink);
    }
    if let Some(raw) = record.get("attributes") {
        attributes(raw, sink);
    }
    // Opik's spans call their own id just that, and what they say has names as plain as `type`.
    let is_opik = own.is_none() && record.get("trace_id").is_some() && record.get("last_updated_at").is_some();
    if let Some(error) = record.get("error_info").filter(|_| is_opik).and_then(Raw::record) {
        sink.failed(error.first(&["message", "exception_type"]).and_then(Raw::text).as_deref());
    }
    for (key, raw) in record.fields() {
        let lists = [
            &START[..],
            &END[..],
            &SPAN_IDS[..],
            &TRACE_IDS[..],
            &PARENTS[..],
            &CONTEXTS[..],
            &COLUMNS[..],
            &LOGFIRE[..],
            &KNOWN[..],
        ];
        match key {
            // Phoenix's data frames have a column for every attribute, Datadog two objects of them.
            _ if key.starts_with("attributes.") => sink.attr(&key["attributes.".len()..], raw),
            "meta" | "metrics" if raw.token() == Token::Object => sink.attrs("", raw),
            "resource" if raw.token() == Token::Object => {}
            "flags" if is_otlp => {}
            _ if lists.iter().any(|known| known.contains(&key)) => {}
            _ if is_opik => sink.attr(&format!("opik.{key}"), raw),
            _ => sink.attr(key, raw),
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

/// SDKs number kinds from 0 for internal, OTLP from 1; the names are the same everywhere.
fn kind(raw: Raw<'_>, is_otlp: bool, sink: &mut Sink) -> SpanKind {
    let text = raw.text_or_number().unwrap_or_default();
    let number = text.rsplit(['.', '_']).next().and_then(|name| name.parse::<u8>().ok());
    let by_number = number.and_then(|at| match at {
        at if is_otlp => SpanKind::from_repr(at),
        5 => Some(SpanKind::Unspecified),
        at => SpanKind::from_repr(at.checked_add(1)?),
    });
    let found = by_number.or_else(|| kind_of(&text));
    if found.is_none() && !text.is_empty() {
        // Some tools say here what kind of work it is.
        sink.attr("kind", raw);
    }
    found.unwrap_or_default()
}

fn times(record: &Record<'_>, sink: &mut Sink) {
    let start = record.first(&START).or_else(|| record.first(&[LOGFIRE[0], "timestamp"]));
    sink.draft.start_ns = sink.time(start, Unit::Guess);
    match record.first(&END).or_else(|| record.get(LOGFIRE[1])) {
        Some(end) => sink.draft.end_ns = sink.time(Some(end), Unit::Guess),
        // OpenTelemetry for JavaScript prints microseconds, Datadog nanoseconds.
        None => {
            let unit = if record.get("start").is_some() { 0 } else { 3 };
            let number = |raw: Raw<'_>| scaled(&raw.text_or_number()?, unit);
            let hr_time = |raw: Raw<'_>| time_ns(raw, Unit::Nanos);
            let duration = record.get("duration").and_then(|raw| number(raw).or_else(|| hr_time(raw)));
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
    let attrs = sink.pairs(event.get("attributes"));
    sink.event(&event.text("name").unwrap_or_default(), time, &attrs);
}

fn link(raw: Raw<'_>, sink: &mut Sink) {
    let Some(link) = raw.record() else { return sink.bad_field(raw, "a link") };
    let context = link.first(&CONTEXTS).and_then(Raw::record).unwrap_or_default();
    let trace = sink.trace_id(link.first(&TRACE_IDS).or_else(|| context.first(&TRACE_IDS)));
    let ids = ["span_id", "spanId"];
    let span = sink.span_id(link.first(&ids).or_else(|| context.first(&ids)));
    let attrs = sink.pairs(link.get("attributes"));
    sink.link(trace, span, &attrs);
}

fn scope(record: &Record<'_>, sink: &mut Sink) -> ScopeIx {
    let keys =
        ["scope", "instrumentation_scope", "instrumentationScope", "instrumentation_library", "instrumentationLibrary"];
    let scope = record.first(&keys).and_then(Raw::record).unwrap_or_default();
    let attrs = sink.pairs(scope.get("attributes"));
    let text = |key: &str| scope.text(key).unwrap_or_default();
    sink.scope(&text("name"), &text("version"), attrs)
}

fn resource(record: &Record<'_>, sink: &mut Sink) -> ResourceIx {
    let resource = record.get("resource").and_then(Raw::record).unwrap_or_default();
    let schema = resource.first(&["schema_url", "schemaUrl"]).and_then(Raw::text).unwrap_or_default();
    let nested = resource.first(&["attributes", "_attributes", "_memoizedAttributes", "_rawAttributes"]);
    let mut attrs = sink.pairs(nested.or_else(|| record.get("resource_attributes")));
    if nested.is_none() {
        // The SDK of PHP prints the attributes without an object around them.
        for (key, raw) in resource.fields().filter(|(key, _)| !["schema_url", "schemaUrl"].contains(key)) {
            attrs.push(sink.intern(key, raw));
        }
    }
    if attrs.is_empty()
        && let Some(service) = record.first(&["service", "service_name", "serviceName"]).and_then(Raw::text)
    {
        attrs.push(sink.text_attr("service.name", &service));
    }
    sink.resource(attrs, &schema)
}
