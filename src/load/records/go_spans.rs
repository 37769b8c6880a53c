//! Spans as the `stdouttrace` exporter of the Go SDK prints them: one object each, with the field names of its
//! structs, attributes as lists of `Key` and `Value`, one after the other, over several lines or in a list
//! (open-telemetry/opentelemetry-go, `exporters/stdout/stdouttrace`).

use std::io::Read;

use super::record::{Raw, Record};
use super::times::Unit;
use super::{Records, Sink, keys_in, read};
use crate::load::{Format, LoadError, Output};
use crate::model::{ScopeIx, SpanKind, Status};

/// Spans of the Go SDK.
pub struct GoSpans;

impl Format for GoSpans {
    fn name(&self) -> &'static str {
        "go-spans"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        keys_in(head, &["SpanContext", "SpanID", "StartTime", "Name"]) == 0b1111
    }

    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
        read::read::<Printed>(bytes, out)
    }
}

#[derive(Default)]
pub(super) struct Printed;

/// Fields that become something else than an attribute.
const KNOWN: [&str; 14] = [
    "Name",
    "SpanContext",
    "Parent",
    "ParentSpanID",
    "SpanKind",
    "StartTime",
    "EndTime",
    "Attributes",
    "Events",
    "MessageEvents",
    "Links",
    "Status",
    "Resource",
    "InstrumentationScope",
];

/// Says the same as `InstrumentationScope`, under the name of old, or counts what is there.
const LEFT_OUT: [&str; 2] = ["InstrumentationLibrary", "ChildSpanCount"];

impl Records for Printed {
    const LISTS: &'static [&'static str] = &[];

    fn record(&mut self, record: &Record<'_>, sink: &mut Sink) {
        sink.begin(record.offset);
        let inner = |key: &str| record.get(key).and_then(Raw::record).unwrap_or_default();
        let context = inner("SpanContext");
        sink.draft.trace = sink.trace_id(context.get("TraceID"));
        sink.draft.id = sink.span_id(context.get("SpanID"));
        sink.draft.parent = sink.span_id(inner("Parent").get("SpanID").or_else(|| record.get("ParentSpanID")));
        if let Some(state) = context.text("TraceState").filter(|text| !text.is_empty()) {
            sink.draft.rare.trace_state = sink.sym(&state);
        }
        sink.draft.name = sink.sym(&record.text("Name").unwrap_or_default());
        if let Some(raw) = record.get("SpanKind") {
            match kind(raw) {
                Some(kind) => sink.draft.kind = kind,
                None => sink.bad_field(raw, "a span kind"),
            }
        }
        sink.draft.start_ns = time(record.get("StartTime"), sink);
        sink.draft.end_ns = time(record.get("EndTime"), sink);
        status(&inner("Status"), sink);
        if let Some(raw) = record.get("Attributes") {
            sink.attrs("", raw);
        }
        for (key, raw) in record.fields() {
            // Counts of what was dropped say something only when there was something.
            if !KNOWN.contains(&key) && !LEFT_OUT.contains(&key) && raw.bytes() != b"0" {
                sink.attr(key, raw);
            }
        }
        for event in record.first(&["Events", "MessageEvents"]).map(Raw::elements).unwrap_or_default() {
            let Some(event) = event.record() else { continue };
            let at = time(event.get("Time"), sink);
            let attrs = sink.pairs(event.get("Attributes"));
            sink.event(&event.text("Name").unwrap_or_default(), at, &attrs);
        }
        for link in record.get("Links").map(Raw::elements).unwrap_or_default() {
            let Some(link) = link.record() else { continue };
            let to = link.get("SpanContext").and_then(Raw::record).unwrap_or_default();
            let (trace, span) = (sink.trace_id(to.get("TraceID")), sink.span_id(to.get("SpanID")));
            let attrs = sink.pairs(link.get("Attributes"));
            sink.link(trace, span, &attrs);
        }
        let scope = scope(record, sink);
        let resource = sink.pairs(record.get("Resource"));
        let resource = sink.resource(resource, "");
        sink.push(resource, scope);
    }
}

/// The year 1 is how Go writes that there is no time.
fn time(raw: Option<Raw<'_>>, sink: &mut Sink) -> i64 {
    let is_none = |raw: Raw<'_>| raw.text().is_some_and(|text| text.starts_with("0001-01-01T"));
    sink.time(raw.filter(|raw| !is_none(*raw)), Unit::Guess)
}

/// The Go API counts from 0 for unspecified, as OTLP does.
fn kind(raw: Raw<'_>) -> Option<SpanKind> {
    SpanKind::from_repr(raw.text_or_number()?.parse().ok()?)
}

fn status(status: &Record<'_>, sink: &mut Sink) {
    match &*status.get("Code").and_then(Raw::text_or_number).unwrap_or_default() {
        // In the Go API an error is 1.
        "Error" | "1" => sink.failed(status.text("Description").as_deref()),
        "Ok" | "2" => sink.draft.status = Status::Ok,
        _ => {}
    }
}

fn scope(record: &Record<'_>, sink: &mut Sink) -> ScopeIx {
    let scope = record.first(&["InstrumentationScope", "InstrumentationLibrary"]).and_then(Raw::record);
    let scope = scope.unwrap_or_default();
    let attrs = sink.pairs(scope.get("Attributes"));
    let text = |key: &str| scope.text(key).unwrap_or_default();
    sink.scope(&text("Name"), &text("Version"), attrs)
}
