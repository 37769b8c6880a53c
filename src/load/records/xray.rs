//! AWS X-Ray: traces as `BatchGetTraces` gives them, whose segments stand as text in `Document`, and segments alone, as
//! the daemon takes them (AWS X-Ray developer guide, "segment documents").

use std::collections::BTreeMap;
use std::io::Read;

use super::record::{Raw, Record};
use super::times::Unit;
use super::{Records, Sink, keys_in, read};
use crate::load::{Format, LoadError, Output};
use crate::model::{ResourceIx, SpanKind};

/// X-Ray's traces and segments.
pub struct XRay;

impl Format for XRay {
    fn name(&self) -> &'static str {
        "aws-xray"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        let found =
            keys_in(head, &["Segments", "Document", "trace_id", "start_time", "id", "subsegments", "in_progress"]);
        let own = keys_in(head, &["fault", "throttle", "annotations", "origin", "aws", "http", "namespace"]);
        // `trace_id` of other formats is not beside `subsegments`.
        found & 0b11 == 0b11 || found & 0b11_1100 == 0b11_1100 && (own != 0 || keys_in(head, &["name"]) != 0)
    }

    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
        read::read::<Segments>(bytes, out)
    }
}

#[derive(Default)]
pub(super) struct Segments {
    /// Segments that X-Ray made of what the caller told it, until the caller is known.
    inferred: Vec<Record<'static>>,
    /// Who reported the calls that leave a service, by their ids.
    callers: BTreeMap<String, ResourceIx>,
}

impl Records for Segments {
    const LISTS: &'static [&'static str] = &["Traces", "Segments", "segments"];

    fn record(&mut self, record: &Record<'_>, sink: &mut Sink) {
        // The daemon's protocol puts a line before each segment.
        if record.get("format").is_some() && record.get("id").is_none() {
            return;
        }
        if let Some(segments) = record.get("Segments") {
            for raw in segments.elements() {
                match raw.record() {
                    Some(segment) => self.record(&segment, sink),
                    None => sink.bad_field(raw, "a segment"),
                }
            }
            return;
        }
        match record.get("Document") {
            Some(raw) => match raw.record() {
                Some(segment) => self.segment(&segment, record.offset, sink),
                None => sink.bad_field(raw, "a segment"),
            },
            None => self.segment(record, record.offset, sink),
        }
    }

    fn end(&mut self, sink: &mut Sink) {
        for segment in std::mem::take(&mut self.inferred) {
            let parent = segment.text("parent_id").unwrap_or_default();
            let above = Above { reporter: self.callers.get(&*parent).copied(), is_inferred: true, ..Above::default() };
            read_segment(&segment, &above, segment.offset, self, sink);
        }
    }
}

impl Segments {
    fn segment(&mut self, segment: &Record<'_>, offset: u64, sink: &mut Sink) {
        if segment.get("inferred").is_some_and(|raw| raw.bytes() == b"true") {
            let mut segment = segment.clone().into_owned();
            segment.offset = offset;
            return self.inferred.push(segment);
        }
        read_segment(segment, &Above::default(), offset, self, sink);
    }
}

/// What a subsegment has from the segment around it.
#[derive(Default)]
struct Above {
    trace: String,
    parent: String,
    reporter: Option<ResourceIx>,
    depth: u32,
    /// The service below did not report it: whoever called it did.
    is_inferred: bool,
}

/// Fields that become something else than an attribute.
const KNOWN: [&str; 13] = [
    "id",
    "trace_id",
    "parent_id",
    "name",
    "start_time",
    "end_time",
    "subsegments",
    "annotations",
    "metadata",
    "in_progress",
    "type",
    "fault",
    "error",
];

fn read_segment(segment: &Record<'_>, above: &Above, offset: u64, known: &mut Segments, sink: &mut Sink) {
    const MOST: u32 = 64;
    sink.begin(offset);
    let own = segment.text("trace_id").unwrap_or_default();
    let trace = if own.is_empty() { above.trace.clone() } else { own.into_owned() };
    // `1-58406520-a006649127e371903a2de979` is what OpenTelemetry writes without the version and the dashes.
    let hex = trace.strip_prefix("1-").map(|rest| rest.replace('-', "")).filter(|hex| hex.len() == 32);
    sink.draft.trace = sink.trace_id_of(hex.as_deref().unwrap_or(&trace));
    let id = segment.text("id").unwrap_or_default().into_owned();
    sink.draft.id = sink.span_id_of(&id);
    let parent = segment.text("parent_id").unwrap_or_default().into_owned();
    sink.draft.parent = sink.span_id_of(if parent.is_empty() { &above.parent } else { &parent });
    let name = segment.text("name").unwrap_or_default().into_owned();
    sink.draft.name = sink.sym(&name);
    sink.draft.start_ns = sink.time(segment.get("start_time"), Unit::Guess);
    sink.draft.end_ns = sink.time(segment.get("end_time"), Unit::Guess);
    let is_remote = segment.text("namespace").is_some_and(|namespace| matches!(&*namespace, "remote" | "aws"));
    sink.draft.kind = match above.reporter {
        // Both of its times are the caller's.
        _ if above.is_inferred => SpanKind::Internal,
        None => SpanKind::Server,
        Some(_) if is_remote => SpanKind::Client,
        Some(_) => SpanKind::Internal,
    };
    if ["fault", "error", "throttle"].iter().any(|key| segment.get(key).is_some_and(|raw| raw.bytes() == b"true")) {
        let cause = segment.get("cause").and_then(Raw::record).unwrap_or_default();
        let exceptions = cause.get("exceptions").map(Raw::elements).unwrap_or_default();
        let message =
            exceptions.first().and_then(|raw| raw.record()?.text("message").map(std::borrow::Cow::into_owned));
        sink.failed(message.as_deref());
    }
    for field in ["annotations", "metadata"] {
        for (key, raw) in segment.get(field).and_then(Raw::record).unwrap_or_default().fields() {
            // Metadata stands in namespaces.
            match raw.record() {
                Some(inner) if field == "metadata" => {
                    inner.fields().for_each(|(key, raw)| sink.attr(key, raw));
                }
                _ => sink.attr(key, raw),
            }
        }
    }
    for (key, raw) in segment.fields().filter(|(key, _)| !KNOWN.contains(key)) {
        sink.attr(&format!("aws.xray.{key}"), raw);
    }
    let reporter = above.reporter.unwrap_or_else(|| {
        let attrs = vec![sink.text_attr("service.name", &name)];
        sink.resource(attrs, "")
    });
    let scope = sink.scope("", "", Vec::new());
    sink.push(reporter, scope);
    if is_remote {
        known.callers.insert(id.clone(), reporter);
    }
    let inner = Above { trace, parent: id, reporter: Some(reporter), depth: above.depth + 1, is_inferred: false };
    for raw in segment.get("subsegments").map(Raw::elements).unwrap_or_default() {
        match raw.record() {
            Some(subsegment) if inner.depth < MOST => read_segment(&subsegment, &inner, offset, known, sink),
            _ => sink.bad_field(raw, "a subsegment"),
        }
    }
}
