//! Langfuse: `{trace, observations}` as its interface exports it, a trace with its observations as its API gives
//! it, or a list of observations.
//!
//! Fields keep the names that Langfuse's own OpenTelemetry attributes have
//! (langfuse-python, `langfuse/_client/attributes.py`), so that both ways lead to the same keys.

use std::io::Read;

use super::record::{Raw, Record};
use super::times::Unit;
use super::{Records, Sink, keys_in, read};
use crate::load::{Format, LoadError, Output};

/// Langfuse's trace JSON.
pub struct Langfuse;

impl Format for Langfuse {
    fn name(&self) -> &'static str {
        "langfuse-json"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        let keys =
            ["parentObservationId", "observations", "trace", "projectId", "bookmarked", "startTime", "timestamp"];
        let found = keys_in(head, &keys);
        let has = |wanted: u32| found & wanted == wanted;
        // What its SDK sends: pieces of observations.
        if keys_in(head, &["batch", "body"]) == 0b11 {
            return false;
        }
        has(0b1) || has(0b10_0010) || has(0b1000) && (has(0b100) || has(0b1_0000)) && has(0b100_0000)
    }

    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
        read::read::<Observations>(bytes, out)
    }
}

#[derive(Default)]
pub(super) struct Observations;

impl Records for Observations {
    const LISTS: &'static [&'static str] = &["observations", "data"];

    fn record(&mut self, record: &Record<'_>, sink: &mut Sink) {
        let Some(trace) = record.first(&["traceId", "trace_id"]) else {
            // A trace without observations, or something else.
            return trace_fields(record, sink);
        };
        let reporter_key = trace.text_or_number().unwrap_or_default().into_owned();
        sink.begin(record.offset);
        sink.draft.trace = sink.trace_id(Some(trace));
        sink.draft.id = sink.span_id(record.get("id"));
        sink.draft.parent = sink.span_id(record.first(&["parentObservationId", "parent_observation_id"]));
        sink.draft.start_ns = sink.time(record.first(&["startTime", "start_time"]), Unit::Guess);
        sink.draft.end_ns = sink.time(record.first(&["endTime", "end_time"]), Unit::Guess);
        let kind = record.text("type").unwrap_or_default().to_lowercase();
        if kind == "event" && sink.draft.end_ns == 0 {
            sink.is_instant();
        }
        let name = record.text("name").unwrap_or_default();
        sink.draft.name = sink.sym(if name.is_empty() { &kind } else { &name });
        if record.text("level").is_some_and(|level| level == "ERROR") {
            sink.failed(record.text("statusMessage").as_deref());
        }
        for (key, raw) in record.fields() {
            field(key, raw, &reporter_key, sink);
        }
        let scope = record.get("metadata").and_then(Raw::record).unwrap_or_default();
        let scope = scope.get("scope").and_then(Raw::record).unwrap_or_default();
        let attrs = sink.interned(scope.get("attributes").and_then(Raw::record).as_ref());
        let text = |key: &str| scope.text(key).unwrap_or_default();
        let scope = sink.scope(&text("name"), &text("version"), attrs);
        let reporter = sink.reporter(&reporter_key);
        sink.push(reporter, scope);
    }

    fn document(&mut self, fields: &Record<'_>, sink: &mut Sink) {
        match fields.get("trace").and_then(Raw::record) {
            Some(trace) => trace_fields(&trace, sink),
            None => trace_fields(fields, sink),
        }
    }
}

/// One field of an observation as an attribute.
fn field(key: &str, raw: Raw<'_>, reporter: &str, sink: &mut Sink) {
    let own = match key {
        "id"
        | "traceId"
        | "trace_id"
        | "parentObservationId"
        | "parent_observation_id"
        | "startTime"
        | "start_time"
        | "endTime"
        | "end_time"
        | "name" => return,
        "type" => {
            let text = raw.text().unwrap_or_default().to_lowercase();
            return sink.attr_text("langfuse.observation.type", &text);
        }
        "metadata" => return metadata(raw, reporter, sink),
        "environment" | "release" | "version" => return sink.attr(&format!("langfuse.{key}"), raw),
        "sessionId" | "session_id" => return sink.attr("session.id", raw),
        "userId" | "user_id" => return sink.attr("user.id", raw),
        "statusMessage" => "status_message",
        "completionStartTime" => "completion_start_time",
        "model" => "model.name",
        "modelParameters" => "model.parameters",
        "usageDetails" => "usage_details",
        "costDetails" => "cost_details",
        "promptName" => "prompt.name",
        "promptVersion" => "prompt.version",
        other => other,
    };
    sink.attr(&format!("langfuse.observation.{own}"), raw);
}

/// Metadata of an observation. What OpenTelemetry calls the resource describes who reports.
fn metadata(raw: Raw<'_>, reporter: &str, sink: &mut Sink) {
    let Some(record) = raw.record() else { return sink.attr("langfuse.observation.metadata", raw) };
    for (key, raw) in record.fields() {
        match (key, raw.record()) {
            ("resourceAttributes", Some(resource)) => {
                for (key, raw) in resource.fields() {
                    sink.describe(reporter, key, raw);
                }
            }
            ("attributes", Some(_)) => sink.attrs("", raw),
            ("scope", Some(_)) => {}
            _ => sink.attr(&format!("langfuse.observation.metadata.{key}"), raw),
        }
    }
}

/// What a trace says about all its observations.
fn trace_fields(trace: &Record<'_>, sink: &mut Sink) {
    let Some(id) = trace.get("id").and_then(Raw::text_or_number) else { return };
    for (key, raw) in trace.fields() {
        let name = match key {
            "id" | "observations" | "data" | "meta" => continue,
            "sessionId" => "session.id".to_owned(),
            "userId" => "user.id".to_owned(),
            "environment" | "release" | "version" => format!("langfuse.{key}"),
            _ => format!("langfuse.trace.{key}"),
        };
        sink.describe(&id, &name, raw);
    }
}
