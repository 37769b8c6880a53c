//! Google Cloud Trace: traces of its API v1 (`projectId`, `traceId`, spans with labels) and spans of v2, whose resource
//! name holds the trace and whose texts stand in objects (googleapis, `google/devtools/cloudtrace/v1` and `v2`).

use std::io::Read;

use super::record::{Raw, Record};
use super::times::Unit;
use super::{Records, Sink, keys_in, read};
use crate::load::fields::kind_of;
use crate::load::{Format, LoadError, Output};
use crate::model::AttrId;

/// Google Cloud Trace's JSON.
pub struct GoogleTrace;

impl Format for GoogleTrace {
    fn name(&self) -> &'static str {
        "google-trace"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        let found = keys_in(head, &["projectId", "traceId", "spans", "spanId", "displayName", "startTime"]);
        found & 0b10_1111 == 0b10_1111 || found & 0b11_1000 == 0b11_1000
    }

    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
        read::read::<Spans>(bytes, out)
    }
}

/// Spans of the open document that wait for its trace id.
#[derive(Default)]
pub(super) struct Spans(Vec<Record<'static>>);

impl Records for Spans {
    const LISTS: &'static [&'static str] = &["spans", "traces"];

    fn record(&mut self, record: &Record<'_>, sink: &mut Sink) {
        if record.get("displayName").is_some() || record.get("traceId").is_some() {
            span(record, "", sink);
        } else {
            self.0.push(record.clone().into_owned());
        }
    }

    fn document(&mut self, fields: &Record<'_>, sink: &mut Sink) {
        let trace = fields.text("traceId").unwrap_or_default();
        for record in std::mem::take(&mut self.0) {
            span(&record, &trace, sink);
        }
    }

    fn end(&mut self, sink: &mut Sink) {
        self.document(&Record::default(), sink);
    }
}

/// Fields that become something else than an attribute.
const KNOWN: [&str; 15] = [
    "name",
    "displayName",
    "traceId",
    "spanId",
    "parentSpanId",
    "startTime",
    "endTime",
    "spanKind",
    "kind",
    "status",
    "attributes",
    "labels",
    "timeEvents",
    "links",
    "childSpanCount",
];

fn span(record: &Record<'_>, trace: &str, sink: &mut Sink) {
    sink.begin(record.offset);
    let name = record.text("name").unwrap_or_default();
    // projects/P/traces/T/spans/S
    let in_name = name.split('/').skip_while(|part| *part != "traces").nth(1).unwrap_or_default();
    let own = record.text("traceId").unwrap_or_default();
    let trace = [&*own, in_name, trace].into_iter().find(|id| !id.is_empty()).unwrap_or_default();
    sink.draft.trace = sink.trace_id_of(trace);
    sink.draft.id = id(record.get("spanId"), in_name.is_empty(), sink);
    sink.draft.parent = id(record.get("parentSpanId"), in_name.is_empty(), sink);
    let shown = record.get("displayName").and_then(truncatable);
    sink.draft.name = sink.sym(shown.as_deref().unwrap_or(&name));
    sink.draft.start_ns = sink.time(record.get("startTime"), Unit::Guess);
    sink.draft.end_ns = sink.time(record.get("endTime"), Unit::Guess);
    let kind = record.first(&["spanKind", "kind"]).and_then(Raw::text).unwrap_or_default();
    sink.draft.kind = kind_of(&kind).unwrap_or_default();
    if let Some(status) = record.get("status").and_then(Raw::record)
        && status.get("code").and_then(Raw::text_or_number).is_some_and(|code| code != "0")
    {
        // Codes are those of google.rpc.Code: all but 0 are errors.
        sink.failed(status.text("message").as_deref());
    }
    let attrs = attributes(record.get("attributes"), sink);
    sink.draft.attrs.extend(attrs);
    if let Some(labels) = record.get("labels") {
        sink.attrs("", labels);
    }
    for (key, raw) in record.fields().filter(|(key, _)| !KNOWN.contains(key)) {
        sink.attr(key, raw);
    }
    events_and_links(record, sink);
    let scope = sink.scope("", "", Vec::new());
    let resource = resource(record, sink);
    let resource = sink.resource(resource, "");
    sink.push(resource, scope);
}

/// Version 1 writes ids as decimal numbers, in quotes or not; version 2 as hex.
fn id(raw: Option<Raw<'_>>, is_decimal: bool, sink: &mut Sink) -> crate::model::SpanId {
    let text = raw.and_then(Raw::text_or_number).unwrap_or_default();
    match text.parse::<u64>() {
        Ok(number) if is_decimal => crate::model::SpanId::from_u64(number),
        _ => sink.span_id_of(&text),
    }
}

/// `{"value": "text", "truncatedByteCount": 0}`
fn truncatable(raw: Raw<'_>) -> Option<String> {
    let inner = raw.record().and_then(|record| record.text("value").map(std::borrow::Cow::into_owned));
    inner.or_else(|| raw.text().map(std::borrow::Cow::into_owned))
}

fn attributes(raw: Option<Raw<'_>>, sink: &mut Sink) -> Vec<AttrId> {
    let map = raw.and_then(Raw::record).unwrap_or_default();
    let map = map.get("attributeMap").and_then(Raw::record).unwrap_or_default();
    let mut attrs = Vec::new();
    for (key, raw) in map.fields() {
        let value = raw.record().unwrap_or_default();
        let text = value.get("stringValue").and_then(truncatable);
        match (text, value.first(&["intValue", "boolValue"])) {
            (Some(text), _) => attrs.push(sink.text_attr(key, &text)),
            // Integers of 64 bits stand in quotes.
            (None, Some(raw)) => match raw.text() {
                Some(digits) => {
                    let mut number = Record::default();
                    number.push_raw(key, digits.as_bytes(), raw.offset);
                    attrs.extend(sink.interned(Some(&number)));
                }
                None => attrs.push(sink.intern(key, raw)),
            },
            (None, None) => attrs.push(sink.intern(key, raw)),
        }
    }
    attrs
}

fn events_and_links(record: &Record<'_>, sink: &mut Sink) {
    let list = |field: &str, inner: &str| -> Vec<Record<'static>> {
        let holder = record.get(field).and_then(Raw::record).unwrap_or_default();
        let elements = holder.get(inner).map(Raw::elements).unwrap_or_default();
        elements.into_iter().filter_map(|raw| raw.record().map(Record::into_owned)).collect()
    };
    for event in list("timeEvents", "timeEvent") {
        let at = sink.time(event.get("time"), Unit::Guess);
        let note = event.get("annotation").and_then(Raw::record).unwrap_or_default();
        let attrs = attributes(note.get("attributes"), sink);
        let name = note.get("description").and_then(truncatable).unwrap_or_else(|| "message".to_owned());
        sink.event(&name, at, &attrs);
    }
    for link in list("links", "link") {
        let (trace, span) = (sink.trace_id(link.get("traceId")), sink.span_id(link.get("spanId")));
        let attrs = attributes(link.get("attributes"), sink);
        sink.link(trace, span, &attrs);
    }
}

/// Exporters write what describes the reporter among the labels.
fn resource(record: &Record<'_>, sink: &mut Sink) -> Vec<AttrId> {
    let labels = record.get("labels").and_then(Raw::record).unwrap_or_default();
    let map = record.get("attributes").and_then(Raw::record).unwrap_or_default();
    let map = map.get("attributeMap").and_then(Raw::record).unwrap_or_default();
    let mut attrs = Vec::new();
    for key in ["service.name", "service.instance.id", "host.name", "g.co/gae/app/module"] {
        let name = if key.starts_with("g.co") { "service.name" } else { key };
        let stated = labels.text(key).map(std::borrow::Cow::into_owned);
        let stated = stated.or_else(|| map.get(key)?.record()?.get("stringValue").and_then(truncatable));
        if let Some(text) = stated {
            attrs.push(sink.text_attr(name, &text));
        }
    }
    attrs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{Options, Progress, Source, load};
    use crate::model::SpanKind;

    /// Tools that rewrite exports spell kinds as they like; version 1 has names of its own.
    #[test]
    fn kinds_are_read_in_every_spelling() {
        for (spelling, kind) in [
            ("RPC_SERVER", SpanKind::Server),
            ("CLIENT", SpanKind::Client),
            ("client", SpanKind::Client),
            ("Producer", SpanKind::Producer),
            ("SPAN_KIND_UNSPECIFIED", SpanKind::Unspecified),
            ("other", SpanKind::Unspecified),
        ] {
            let text = format!(
                r#"{{"spans":[{{"name":"projects/p/traces/{:032x}/spans/{:016x}","spanId":"{:016x}","displayName":
                {{"value":"x"}},"startTime":"2026-02-01T10:00:00Z","endTime":"2026-02-01T10:00:01Z","spanKind":"{spelling}"}}]}}"#,
                7, 9, 9
            );
            assert!(GoogleTrace.sniff(text.as_bytes()));
            let loaded =
                load(&[Source::memory("x", text.into_bytes())], &Options::default(), &Progress::default()).unwrap();
            let spans: Vec<_> = loaded.store.span_ixs().map(|span| loaded.store.span(span).kind()).collect();
            assert_eq!(spans, [kind], "{spelling}");
        }
    }
}
