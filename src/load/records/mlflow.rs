//! MLflow traces: `{info, data: {spans}}`, alone, in a list or in lines.
//!
//! The forms of versions 2 and 3 of `mlflow/entities/{trace,span}.py`: ids in hex, prefixed hex or base64, and
//! attribute values that are JSON in a string.

use std::io::Read;

use super::record::{Raw, Record};
use super::{Records, Sink, flat_spans, keys_in, read};
use crate::load::{Format, LoadError, Output};

/// MLflow's trace JSON.
pub struct MlflowTraces;

impl Format for MlflowTraces {
    fn name(&self) -> &'static str {
        "mlflow-json"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        let own = keys_in(head, &["mlflow.traceRequestId", "mlflow.spanType", "trace_metadata", "request_metadata"]);
        let shape = keys_in(head, &["info", "data", "spans"]);
        own != 0 && shape & 0b101 != 0
    }

    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
        read::read::<Traces>(bytes, out)
    }
}

#[derive(Default)]
pub(super) struct Traces {
    /// Trace ids of the open document, as the reporters are named.
    reporter: Option<String>,
    documents: u32,
    /// Spans of the open document that name no trace: its `info` does that for them.
    waiting: Vec<Record<'static>>,
}

impl Records for Traces {
    const LISTS: &'static [&'static str] = &["spans", "traces"];
    const WRAPPERS: &'static [&'static str] = &["data"];

    fn record(&mut self, record: &Record<'_>, sink: &mut Sink) {
        if flat_spans::names_trace(record) {
            self.span(record, sink);
        } else {
            self.waiting.push(record.clone().into_owned());
        }
    }

    fn end(&mut self, sink: &mut Sink) {
        self.document(&Record::default(), sink);
    }

    fn document(&mut self, fields: &Record<'_>, sink: &mut Sink) {
        let info = fields.get("info").and_then(Raw::record);
        let trace = info.as_ref().and_then(|info| info.first(&["trace_id", "request_id"])).and_then(Raw::text);
        for mut record in std::mem::take(&mut self.waiting) {
            if let Some(trace) = &trace {
                // Version 3 puts `tr-` before the id that the spans have.
                record.push_text("trace_id", trace.strip_prefix("tr-").unwrap_or(trace));
            }
            self.span(&record, sink);
        }
        let key = self.reporter.take();
        self.documents += 1;
        let (Some(key), Some(info)) = (key, info) else { return };
        for (name, raw) in info.fields() {
            match name {
                "trace_metadata" | "request_metadata" | "tags" => each_tag(&key, raw, sink),
                _ => sink.describe(&key, &format!("mlflow.trace.{name}"), raw),
            }
        }
    }
}

impl Traces {
    fn span(&mut self, record: &Record<'_>, sink: &mut Sink) {
        let key = self.reporter.get_or_insert_with(|| format!("document {}", self.documents)).clone();
        let reporter = sink.reporter(&key);
        flat_spans::span_of(record, sink, Some(reporter));
    }
}

/// Metadata and tags: an object, or a list of `{key, value}`.
fn each_tag(key: &str, raw: Raw<'_>, sink: &mut Sink) {
    if let Some(record) = raw.record() {
        for (name, raw) in record.fields() {
            sink.describe(key, name, raw);
        }
    }
    for pair in raw.elements() {
        if let Some(pair) = pair.record()
            && let (Some(name), Some(value)) = (pair.text("key"), pair.get("value"))
        {
            sink.describe(key, &name, value);
        }
    }
}
