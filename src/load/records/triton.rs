//! Triton's own traces: objects that name a model, or one moment of it, in any order; `id` says of which request
//! (triton-inference-server/server, `docs/user_guide/trace.md`). Times are nanoseconds of a steady clock.

use std::collections::BTreeMap;
use std::io::Read;

use super::record::{Raw, Record};
use super::times::Unit;
use super::{Records, Sink, keys_in, read};
use crate::load::{Format, LoadError, Output};
use crate::model::{Code, InputIx, SpanKind};

/// Triton's trace JSON.
pub struct TritonTrace;

impl Format for TritonTrace {
    fn name(&self) -> &'static str {
        "triton-json"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        keys_in(head, &["id", "timestamps", "name", "ns"]) == 0b1111
    }

    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
        read::read::<Requests>(bytes, out)
    }
}

/// What is known of each request, by its id.
#[derive(Default)]
pub(super) struct Requests(BTreeMap<u64, Request>);

#[derive(Default)]
struct Request {
    model: Record<'static>,
    moments: Vec<(i64, String)>,
    offset: Option<u64>,
}

impl Records for Requests {
    const LISTS: &'static [&'static str] = &[];

    fn record(&mut self, record: &Record<'_>, sink: &mut Sink) {
        let id = record.get("id").and_then(Raw::text_or_number).and_then(|text| text.parse::<u64>().ok());
        let Some(id) = id else {
            let detail = || "an object without the id of a request".to_owned();
            return sink.part.diagnostics.add(Code::UnknownDocument, InputIx(0), record.offset, detail);
        };
        let request = self.0.entry(id).or_default();
        request.offset.get_or_insert(record.offset);
        if record.get("model_name").is_some() {
            request.model = record.clone().into_owned();
        }
        for raw in record.get("timestamps").map(Raw::elements).unwrap_or_default() {
            let Some(moment) = raw.record() else { continue };
            let at = sink.time(moment.get("ns"), Unit::Nanos);
            request.moments.push((at, moment.text("name").unwrap_or_default().into_owned()));
        }
        if record.get("tensor").is_some() {
            let detail = || "a tensor".to_owned();
            sink.part.diagnostics.add(Code::EventsSkipped, InputIx(0), record.offset, detail);
        }
    }

    fn end(&mut self, sink: &mut Sink) {
        let requests = std::mem::take(&mut self.0);
        let parent_of = |id: u64| -> Option<u64> {
            let above = requests.get(&id)?.model.get("parent_id")?.text_or_number()?.parse().ok()?;
            (above != id && requests.contains_key(&above)).then_some(above)
        };
        let top_of = |id: u64| {
            // Models above each other in a circle do not lead anywhere.
            let mut at = id;
            for _ in 0..requests.len() {
                match parent_of(at) {
                    Some(above) => at = above,
                    None => break,
                }
            }
            at
        };
        for (&id, request) in &requests {
            request.span(id, top_of(id), parent_of(id), sink);
        }
    }
}

impl Request {
    fn span(&self, id: u64, top: u64, parent: Option<u64>, sink: &mut Sink) {
        sink.begin(self.offset.unwrap_or_default());
        sink.draft.trace = sink.trace_id_of(&format!("request {top}"));
        sink.draft.id = sink.span_id_of(&format!("request {id}"));
        if let Some(parent) = parent {
            sink.draft.parent = sink.span_id_of(&format!("request {parent}"));
        }
        let model = self.model.text("model_name").unwrap_or_default();
        sink.draft.name = sink.sym(if model.is_empty() { "InferRequest" } else { &model });
        sink.draft.kind = if parent.is_some() { SpanKind::Internal } else { SpanKind::Server };
        let mut moments = self.moments.clone();
        moments.sort();
        sink.draft.start_ns = moments.first().map_or(0, |(at, _)| *at);
        sink.draft.end_ns = moments.last().map_or(0, |(at, _)| *at);
        for (key, raw) in self.model.fields().filter(|(key, _)| *key != "id") {
            sink.attr(&format!("triton.{key}"), raw);
        }
        for (at, name) in &moments {
            sink.event(name, *at, &[]);
        }
        let attrs = vec![sink.text_attr("service.name", "triton-inference-server")];
        let resource = sink.resource(attrs, "");
        let scope = sink.scope("triton", "", Vec::new());
        sink.push(resource, scope);
    }
}
