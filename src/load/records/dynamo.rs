//! NVIDIA Dynamo's request traces: lines of `dynamo.request.trace.v1`
//! (ai-dynamo/dynamo, `docs/observability/request-tracing.md`).
//!
//! A `request_end` is a span on the frontend's clock, a `tool_end` one on the harness's. Both state whole
//! milliseconds. A trajectory is a trace; its parent trajectory is kept as an attribute.

use std::borrow::Cow;
use std::io::Read;

use super::record::{Raw, Record};
use super::times::Unit;
use super::{Records, Sink, keys_in, read};
use crate::load::decimal::scaled;
use crate::load::{Format, LoadError, Output};
use crate::model::{Code, InputIx};

/// Dynamo's request trace lines.
pub struct DynamoRequests;

impl Format for DynamoRequests {
    fn name(&self) -> &'static str {
        "dynamo-requests"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        keys_in(head, &["event_time_unix_ms", "event_type"]) == 0b11
    }

    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
        read::read::<Events>(bytes, out)
    }
}

#[derive(Default)]
pub(super) struct Events;

impl Records for Events {
    const LISTS: &'static [&'static str] = &["records"];

    fn record(&mut self, record: &Record<'_>, sink: &mut Sink) {
        let kind = record.text("event_type").unwrap_or_default().into_owned();
        let (part, started, ended, took) = match &*kind {
            "request_end" => ("request", "request_received_ms", "", "total_time_ms"),
            "tool_end" | "tool_error" => ("tool", "started_at_unix_ms", "ended_at_unix_ms", "duration_ms"),
            _ => {
                let detail = || format!("an event of type {kind:?}");
                return sink.part.diagnostics.add(Code::EventsSkipped, InputIx(0), record.offset, detail);
            }
        };
        let body = record.get(part).and_then(Raw::record).unwrap_or_default();
        let agent = record.get("agent_context").and_then(Raw::record).unwrap_or_default();
        let trace =
            agent.first(&["trajectory_id", "session_id"]).or_else(|| body.first(&["request_id", "tool_call_id"]));
        sink.begin(record.offset);
        sink.draft.trace = sink.trace_id(trace);
        let id = body.first(&["request_id", "tool_call_id"]).and_then(Raw::text);
        let id = id.map_or_else(|| format!("{kind}@{}", record.offset), Cow::into_owned);
        sink.draft.id = sink.span_id_of(&id);
        sink.draft.start_ns = sink.time(body.get(started), Unit::Millis);
        sink.draft.end_ns = sink.time(body.get(ended), Unit::Millis);
        let took = body.get(took).and_then(Raw::text_or_number).and_then(|text| scaled(&text, 6));
        match took {
            Some(took) if sink.draft.end_ns == 0 && sink.draft.start_ns != 0 => sink.end_after(took),
            _ if sink.draft.end_ns == 0 => {
                sink.draft.end_ns = sink.time(record.get("event_time_unix_ms"), Unit::Millis);
            }
            _ => {}
        }
        let model = body.first(&["model", "tool_class"]).and_then(Raw::text).unwrap_or_default();
        sink.draft.name = sink.sym(format!("{part} {model}").trim_end());
        if body.text("status").is_some_and(|status| matches!(&*status, "failed" | "error")) {
            sink.failed(body.text("error").as_deref());
        }
        for (key, raw) in body.fields().filter(|(key, _)| ![started, ended].contains(key)) {
            match key {
                "finish_reason_metadata" => sink.attrs("dynamo.", raw),
                _ => sink.attr(&format!("dynamo.{part}.{key}"), raw),
            }
        }
        for (key, raw) in agent.fields() {
            sink.attr(&format!("dynamo.agent_context.{key}"), raw);
        }
        for key in ["schema", "event_type", "event_source"] {
            if let Some(raw) = record.get(key) {
                sink.attr(&format!("dynamo.{key}"), raw);
            }
        }
        let source = record.text("event_source").unwrap_or_else(|| "dynamo".into()).into_owned();
        let reporter = sink.reporter(&source);
        sink.describe_text(&source, "service.name", &source);
        let scope = sink.scope("dynamo.request.trace", "", Vec::new());
        sink.push(reporter, scope);
    }
}
