//! The OpenAI Agents SDK's own traces: `trace` and `trace.span` objects, in lines, in a list, or under `data`
//! (openai-agents-python, `src/agents/tracing/`).
//!
//! What `span_data` says becomes attributes with that prefix.

use std::borrow::Cow;
use std::io::Read;

use super::record::{Raw, Record};
use super::times::Unit;
use super::{Records, Sink, keys_in, read};
use crate::load::{Format, LoadError, Output};

/// Trace and span objects of the OpenAI Agents SDK.
pub struct OpenAiAgents;

impl Format for OpenAiAgents {
    fn name(&self) -> &'static str {
        "openai-agents-json"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        let found = keys_in(head, &["span_data", "object", "workflow_name", "started_at"]);
        found & 0b1001 == 0b1001 || found & 0b110 == 0b110
    }

    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
        read::read::<Objects>(bytes, out)
    }
}

#[derive(Default)]
pub(super) struct Objects;

impl Records for Objects {
    const LISTS: &'static [&'static str] = &["data", "spans", "traces"];

    fn record(&mut self, record: &Record<'_>, sink: &mut Sink) {
        if record.get("span_data").is_some() || record.get("started_at").is_some() {
            span(record, sink);
        } else {
            trace_fields(record, sink);
        }
    }

    fn document(&mut self, fields: &Record<'_>, sink: &mut Sink) {
        trace_fields(fields, sink);
    }
}

fn span(record: &Record<'_>, sink: &mut Sink) {
    sink.begin(record.offset);
    sink.draft.trace = sink.trace_id(record.get("trace_id"));
    sink.draft.id = sink.span_id(record.first(&["id", "span_id"]));
    sink.draft.parent = sink.span_id(record.get("parent_id"));
    sink.draft.start_ns = sink.time(record.get("started_at"), Unit::Guess);
    sink.draft.end_ns = sink.time(record.get("ended_at"), Unit::Guess);
    let data = record.get("span_data").and_then(Raw::record).unwrap_or_default();
    let name = name_of(&data);
    sink.draft.name = sink.sym(&name);
    for (key, raw) in data.fields() {
        match (key, raw.record()) {
            ("usage" | "data", Some(_)) => sink.attrs(&format!("span_data.{key}."), raw),
            _ => sink.attr(&format!("span_data.{key}"), raw),
        }
    }
    for (key, raw) in record.fields() {
        match key {
            "object" | "id" | "span_id" | "trace_id" | "parent_id" | "started_at" | "ended_at" | "span_data" => {}
            "error" if !raw.is_nothing() => {
                let message = raw.record().and_then(|error| error.text("message").map(Cow::into_owned));
                sink.failed(message.as_deref());
                sink.attr("error", raw);
            }
            _ => sink.attr(key, raw),
        }
    }
    let scope = sink.scope("openai-agents", "", Vec::new());
    let reporter = sink.reporter(&record.text("trace_id").unwrap_or_default());
    sink.push(reporter, scope);
}

/// `agent Triage`, `handoff Triage → Billing`, `generation gpt-5.2`.
fn name_of(data: &Record<'_>) -> String {
    let kind = data.text("type").unwrap_or_else(|| "span".into());
    let text = |key: &str| data.text(key).unwrap_or_default();
    let detail = match &*kind {
        "handoff" => format!("{} → {}", text("from_agent"), text("to_agent")),
        "custom" => return if text("name").is_empty() { kind.into_owned() } else { text("name").into_owned() },
        _ if data.get("name").is_some() => text("name").into_owned(),
        _ if data.get("model").is_some() => text("model").into_owned(),
        _ => String::new(),
    };
    format!("{kind} {detail}").trim_end().to_owned()
}

/// What a trace says about all its spans.
fn trace_fields(trace: &Record<'_>, sink: &mut Sink) {
    let Some(id) = trace.first(&["id", "trace_id"]).and_then(Raw::text) else { return };
    for (key, raw) in trace.fields() {
        match key {
            "object" | "id" | "trace_id" | "data" | "spans" | "traces" => {}
            "metadata" => {
                for (name, raw) in raw.record().unwrap_or_default().fields() {
                    sink.describe(&id, &format!("metadata.{name}"), raw);
                }
            }
            _ => sink.describe(&id, key, raw),
        }
    }
}
