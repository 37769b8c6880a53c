//! Rows of the table that the OpenTelemetry collector's ClickHouse exporter fills (`otel_traces`), as ClickHouse
//! prints them: one object a line (JSONEachRow), or the formats JSON and JSONStrings with rows under `data`.

use std::io::Read;

use super::record::{Raw, Record};
use super::times::Unit;
use super::{Records, Sink, keys_in, read};
use crate::load::decimal::scaled;
use crate::load::fields::kind_of;
use crate::load::{Format, LoadError, Output};
use crate::model::{AttrId, Status};

/// Rows of `otel_traces`.
pub struct ClickHouseRows;

impl Format for ClickHouseRows {
    fn name(&self) -> &'static str {
        "clickhouse-rows"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        let found = keys_in(head, &["TraceId", "SpanId", "SpanName", "Timestamp", "SpanAttributes"]);
        found & 0b11 == 0b11 && found & 0b11100 != 0
    }

    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
        read::read::<Rows>(bytes, out)
    }
}

#[derive(Default)]
pub(super) struct Rows;

impl Records for Rows {
    const LISTS: &'static [&'static str] = &["data"];

    fn record(&mut self, row: &Record<'_>, sink: &mut Sink) {
        sink.begin(row.offset);
        sink.draft.trace = sink.trace_id(row.get("TraceId"));
        sink.draft.id = sink.span_id(row.get("SpanId"));
        sink.draft.parent = sink.span_id(row.get("ParentSpanId"));
        sink.draft.name = sink.sym(&row.text("SpanName").unwrap_or_default());
        sink.draft.start_ns = sink.time(row.get("Timestamp"), Unit::Guess);
        if let Some(raw) = row.get("Duration") {
            match raw.text_or_number().and_then(|text| scaled(&text, 0)) {
                Some(duration) => sink.end_after(duration),
                None => sink.bad_field(raw, "nanoseconds"),
            }
        }
        sink.draft.kind = kind_of(&row.text("SpanKind").unwrap_or_default()).unwrap_or_default();
        if let Some(state) = row.text("TraceState").filter(|text| !text.is_empty()) {
            sink.draft.rare.trace_state = sink.sym(&state);
        }
        let code = row.text("StatusCode").unwrap_or_default().to_ascii_uppercase();
        match code.rsplit('_').next() {
            Some("ERROR") => sink.failed(row.text("StatusMessage").as_deref()),
            Some("OK") => sink.draft.status = Status::Ok,
            _ => {}
        }
        if let Some(raw) = row.get("SpanAttributes") {
            sink.attrs("", raw);
        }
        events(row, sink);
        links(row, sink);
        for (key, raw) in row.fields() {
            let is_nested =
                |table: &str| key.strip_prefix(table).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
            if !KNOWN.contains(&key) && !is_nested("Events") && !is_nested("Links") {
                sink.attr(key, raw);
            }
        }
        let attrs = sink.interned(row.get("ScopeAttributes").and_then(Raw::record).as_ref());
        let text = |key: &str| row.text(key).unwrap_or_default();
        let scope = sink.scope(&text("ScopeName"), &text("ScopeVersion"), attrs);
        let resource = resource(row, sink);
        let resource = sink.resource(resource, "");
        sink.push(resource, scope);
    }
}

/// Columns that become something else than an attribute.
const KNOWN: [&str; 17] = [
    "Timestamp",
    "TraceId",
    "SpanId",
    "ParentSpanId",
    "TraceState",
    "SpanName",
    "SpanKind",
    "ServiceName",
    "ResourceAttributes",
    "ScopeName",
    "ScopeVersion",
    "ScopeAttributes",
    "SpanAttributes",
    "Duration",
    "StatusCode",
    "StatusMessage",
    "TimestampTime",
];

fn resource(row: &Record<'_>, sink: &mut Sink) -> Vec<AttrId> {
    let record = row.get("ResourceAttributes").and_then(Raw::record).unwrap_or_default();
    let mut attrs = sink.interned(Some(&record));
    if record.get("service.name").is_none()
        && let Some(service) = row.text("ServiceName").filter(|service| !service.is_empty())
    {
        attrs.push(sink.text_attr("service.name", &service));
    }
    attrs
}

/// The columns of a nested table: one array each, in columns of their own or in one object.
fn column<'r>(row: &'r Record<'_>, table: &'r Record<'_>, table_key: &str, key: &str) -> Vec<Raw<'r>> {
    let raw = row.get(&format!("{table_key}.{key}")).or_else(|| table.get(key));
    raw.map(Raw::elements).unwrap_or_default()
}

fn events(row: &Record<'_>, sink: &mut Sink) {
    let table = row.get("Events").and_then(Raw::record).unwrap_or_default();
    let column = |key| column(row, &table, "Events", key);
    let (names, times, attrs) = (column("Name"), column("Timestamp"), column("Attributes"));
    for at in 0..names.len().max(times.len()) {
        let time = sink.time(times.get(at).copied(), Unit::Guess);
        let attrs = sink.interned(attrs.get(at).and_then(|raw| raw.record()).as_ref());
        let name = names.get(at).and_then(|raw| raw.text()).unwrap_or_default();
        sink.event(&name, time, &attrs);
    }
}

fn links(row: &Record<'_>, sink: &mut Sink) {
    let table = row.get("Links").and_then(Raw::record).unwrap_or_default();
    let column = |key| column(row, &table, "Links", key);
    let (spans, traces, attrs) = (column("SpanId"), column("TraceId"), column("Attributes"));
    for (at, span) in spans.into_iter().enumerate() {
        let span = sink.span_id(Some(span));
        let trace = sink.trace_id(traces.get(at).copied());
        let attrs = sink.interned(attrs.get(at).and_then(|raw| raw.record()).as_ref());
        sink.link(trace, span, &attrs);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn clickhouse_prints_times_with_a_blank() {
        assert_eq!(
            crate::load::records::times::date_time("2024-09-25 14:24:20.123456789"),
            Some(1_727_274_260_123_456_789)
        );
    }
}
