//! Sentry: transactions as events, whose own span stands under `contexts.trace` and the others under `spans`, and spans
//! alone (Sentry developer documentation, "transaction payloads").

use std::io::Read;

use super::record::{Raw, Record};
use super::times::Unit;
use super::{Records, Sink, keys_in, read};
use crate::load::{Format, LoadError, Output};
use crate::model::ResourceIx;

/// Sentry's transactions.
pub struct SentryEvents;

impl Format for SentryEvents {
    fn name(&self) -> &'static str {
        "sentry-events"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        let found = keys_in(head, &["start_timestamp", "timestamp", "span_id", "contexts", "op"]);
        found & 0b1111 == 0b1111 || found & 0b1_0111 == 0b1_0111
    }

    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
        read::read::<Events>(bytes, out)
    }
}

/// Spans of the open event, which wait for what it says about all of them.
#[derive(Default)]
pub(super) struct Events(Vec<Record<'static>>);

impl Records for Events {
    const LISTS: &'static [&'static str] = &["spans"];

    fn record(&mut self, record: &Record<'_>, sink: &mut Sink) {
        if record.get("contexts").is_some() {
            self.document(record, sink);
        } else {
            self.0.push(record.clone().into_owned());
        }
    }

    fn document(&mut self, event: &Record<'_>, sink: &mut Sink) {
        let contexts = event.get("contexts").and_then(Raw::record).unwrap_or_default();
        let own = contexts.get("trace").and_then(Raw::record).unwrap_or_default();
        let reporter = reporter(event, &contexts, sink);
        if own.get("span_id").is_some() {
            let mut root = own.clone().into_owned();
            for key in ["start_timestamp", "timestamp", "tags", "measurements", "release", "environment", "event_id"] {
                if let Some(raw) = event.get(key) {
                    root.push(key, raw);
                }
            }
            if let Some(name) = event.get("transaction") {
                root.push("description", name);
            }
            root.offset = event.offset;
            span(&root, None, reporter, sink);
        }
        let trace = own.text("trace_id");
        for record in std::mem::take(&mut self.0) {
            span(&record, trace.as_deref(), reporter, sink);
        }
    }

    fn end(&mut self, sink: &mut Sink) {
        if !self.0.is_empty() {
            self.document(&Record::default(), sink);
        }
    }
}

fn reporter(event: &Record<'_>, contexts: &Record<'_>, sink: &mut Sink) -> ResourceIx {
    let mut attrs = Vec::new();
    let otel = contexts.get("otel").and_then(Raw::record).unwrap_or_default();
    let mut resource = otel.get("resource").and_then(Raw::record).unwrap_or_default().into_owned();
    resource.offset = event.offset;
    attrs.extend(sink.interned(Some(&resource)));
    for (key, name) in [("server_name", "host.name"), ("platform", "telemetry.sdk.language")] {
        if let Some(text) = event.text(key) {
            attrs.push(sink.text_attr(name, &text));
        }
    }
    sink.resource(attrs, "")
}

/// Fields that become something else than an attribute.
const KNOWN: [&str; 10] = [
    "trace_id",
    "span_id",
    "parent_span_id",
    "start_timestamp",
    "timestamp",
    "description",
    "status",
    "data",
    "tags",
    "same_process_as_parent",
];

fn span(record: &Record<'_>, trace: Option<&str>, reporter: ResourceIx, sink: &mut Sink) {
    sink.begin(record.offset);
    sink.draft.trace = match (record.get("trace_id"), trace) {
        (None, Some(trace)) => sink.trace_id_of(trace),
        (own, _) => sink.trace_id(own),
    };
    sink.draft.id = sink.span_id(record.get("span_id"));
    sink.draft.parent = sink.span_id(record.get("parent_span_id"));
    let name = record.text("description").filter(|text| !text.is_empty()).or_else(|| record.text("op"));
    sink.draft.name = sink.sym(&name.unwrap_or_default());
    sink.draft.start_ns = sink.time(record.get("start_timestamp"), Unit::Guess);
    sink.draft.end_ns = sink.time(record.get("timestamp"), Unit::Guess);
    let status = record.text("status").unwrap_or_default();
    // Names of gRPC's codes; `cancelled` is what a user did.
    if !matches!(&*status, "" | "ok" | "unknown" | "cancelled") {
        sink.failed(Some(&status));
    }
    for field in ["data", "tags"] {
        if let Some(raw) = record.get(field) {
            sink.attrs("", raw);
        }
    }
    for (key, raw) in record.fields().filter(|(key, _)| !KNOWN.contains(key)) {
        sink.attr(&format!("sentry.{key}"), raw);
    }
    let scope = sink.scope("", "", Vec::new());
    sink.push(reporter, scope);
}
