//! Spans as rows of other tools' stores, by the table `assets/load/rows.toml`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::LazyLock;

use serde::Deserialize;

use super::record::{Raw, Record};
use super::times::Unit;
use super::{Records, Sink, keys_in, read};
use crate::load::decimal::scaled;
use crate::load::fields::kind_of;
use crate::load::json::Token;
use crate::load::{Format, LoadError, Output};
use crate::model::{AttrId, Code, InputIx, LogDraft, SpanId, SpanKind, TraceId};

const TABLE: &str = include_str!("../../../assets/load/rows.toml");

/// What one tool calls things.
#[derive(Deserialize, Debug, Default)]
#[serde(deny_unknown_fields, default)]
struct Tool {
    format: String,
    told_by: Vec<String>,
    only: Vec<Test>,
    inside: Option<String>,
    is_nested: bool,
    trace: Vec<String>,
    span: Vec<String>,
    parent: Vec<String>,
    roots_name_trace: bool,
    name: Vec<String>,
    kind: Vec<String>,
    kinds: BTreeMap<String, String>,
    internal: Vec<Test>,
    start: Vec<String>,
    end: Vec<String>,
    duration: Vec<String>,
    unit: String,
    service: Vec<String>,
    scope: Vec<String>,
    message: Vec<String>,
    failed: Vec<Test>,
    no_spans: Vec<Test>,
    events_of_parent: Vec<Test>,
    attributes: Vec<String>,
    resource: Vec<String>,
    own_prefix: String,
    reporter_prefix: String,
    dot: String,
    about: BTreeMap<String, String>,
    events: Vec<String>,
    links: Vec<String>,
    trace_state: Vec<String>,
    work: Option<String>,
    works_as: String,
    reporter: String,
    no_parent: Vec<String>,
    prefix: String,
    skip: Vec<String>,
    keep: Vec<String>,
    around: BTreeMap<String, String>,
}

/// A field, and the values that count; `*` at the end of one is any text.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct Test {
    field: String,
    is: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Table {
    tool: Vec<Tool>,
}

static TOOLS: LazyLock<Vec<Tool>> = LazyLock::new(|| {
    // A test reads the table that is built in.
    toml::from_str::<Table>(TABLE).unwrap_or_default().tool
});

/// Rows of one of the tools.
pub struct ToolRows;

impl Format for ToolRows {
    fn name(&self) -> &'static str {
        "tool-rows"
    }

    fn sniff(&self, head: &[u8]) -> bool {
        TOOLS.iter().any(|tool| {
            let told_by: Vec<&str> = tool.told_by.iter().map(String::as_str).collect();
            keys_in(head, &told_by).count_ones() as usize == told_by.len()
        })
    }

    fn read(&self, bytes: &mut (dyn Read + Send), out: &mut Output<'_>) -> Result<(), LoadError> {
        read::read::<Rows>(bytes, out)
    }
}

#[derive(Default)]
pub(super) struct Rows {
    /// Rows whose parent is their trace, which some tools write at roots and where the trace is a span of its own: which
    /// of the two it is is known at the end.
    waiting: Vec<(&'static Tool, Row)>,
    /// Spans that are called like their trace.
    heads: BTreeSet<String>,
}

impl Records for Rows {
    const LISTS: &'static [&'static str] = &["data", "spans", "rows", "results", "hits", "value", "traces", "calls"];
    const WRAPPERS: &'static [&'static str] = &["data", "hits", "result", "results", "response"];

    fn record(&mut self, record: &Record<'_>, sink: &mut Sink) {
        let found = TOOLS.iter().find_map(|tool| Some((tool, tool.row(record)?)));
        match found {
            Some((tool, row)) if tool.events_of_parent.iter().any(|test| test.holds(&row.flat)) => tool.log(&row, sink),
            Some((tool, row)) if !tool.no_spans.iter().any(|test| test.holds(&row.flat)) => self.row(tool, row, sink),
            Some((tool, _)) => {
                let detail = || format!("a row of {} that is no span", tool.format);
                sink.part.diagnostics.add(Code::EventsSkipped, InputIx(0), record.offset, detail);
            }
            None if enclosed(record, self, sink) => {}
            None => {
                let detail = || "a record without the fields of a span".to_owned();
                sink.part.diagnostics.add(Code::UnknownDocument, InputIx(0), record.offset, detail);
            }
        }
    }

    fn document(&mut self, fields: &Record<'_>, sink: &mut Sink) {
        for tool in TOOLS.iter().filter(|tool| !tool.around.is_empty()) {
            let mut flat = Record::default();
            flatten("", fields, 0, &mut flat);
            let trace = text(&flat, &tool.trace).into_owned();
            for (field, name) in &tool.around {
                if let (Some(raw), false) = (flat.get(field), trace.is_empty()) {
                    sink.describe(&trace, name, raw);
                }
            }
        }
    }

    fn end(&mut self, sink: &mut Sink) {
        for (tool, row) in std::mem::take(&mut self.waiting) {
            let is_head = self.heads.contains(&*text(&row.flat, &tool.trace));
            tool.span(&row, is_head, sink);
        }
    }
}

impl Rows {
    fn row(&mut self, tool: &'static Tool, row: Row, sink: &mut Sink) {
        let trace = text(&row.flat, &tool.trace).into_owned();
        if tool.roots_name_trace && trace == *text(&row.flat, &tool.span) {
            self.heads.insert(trace);
        } else if tool.roots_name_trace && trace == *text(&row.flat, &tool.parent) {
            return self.waiting.push((tool, row));
        }
        tool.span(&row, true, sink);
    }
}

/// Reads the spans that an object inside of `record` holds, each with what it says about all of them. False when there
/// are none.
fn enclosed(record: &Record<'_>, rows: &mut Rows, sink: &mut Sink) -> bool {
    let Some(inner) = record.get("attributes").filter(|raw| raw.token() == Token::Object).and_then(Raw::record) else {
        return false;
    };
    let Some(spans) = inner.get("spans").filter(|raw| raw.token() == Token::Array) else { return false };
    let mut around = Record::default();
    inner.fields().filter(|(key, _)| *key != "spans").for_each(|(key, raw)| around.push(key, raw));
    for raw in spans.elements() {
        match raw.record() {
            Some(span) => {
                let mut span = span.into_owned().or(around.clone());
                span.offset = raw.offset;
                rows.record(&span, sink);
            }
            None => sink.bad_field(raw, "a span"),
        }
    }
    true
}

/// A row: its fields, and all fields with the objects in it taken apart.
struct Row {
    fields: Record<'static>,
    flat: Record<'static>,
}

impl Test {
    fn holds(&self, flat: &Record<'_>) -> bool {
        let Some(raw) = flat.get(&self.field) else { return false };
        let text = raw.text_or_number().unwrap_or_else(|| String::from_utf8_lossy(raw.bytes()));
        self.is.iter().any(|value| match value.strip_suffix('*') {
            Some(start) => !text.is_empty() && text.starts_with(start),
            None => *value == *text,
        })
    }
}

/// Takes objects apart: `{"a": {"b": 1}}` is `a.b`.
fn flatten(prefix: &str, record: &Record<'_>, depth: u32, into: &mut Record<'static>) {
    const MOST: u32 = 4;
    for (key, raw) in record.fields() {
        let key = if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") };
        match raw.record() {
            Some(inner) if raw.token() == Token::Object && depth < MOST => flatten(&key, &inner, depth + 1, into),
            _ => into.push(&key, raw),
        }
    }
}

fn first<'r>(record: &'r Record<'_>, keys: &[String]) -> Option<Raw<'r>> {
    keys.iter().find_map(|key| record.get(key))
}

fn text<'r>(record: &'r Record<'_>, keys: &[String]) -> Cow<'r, str> {
    first(record, keys).and_then(Raw::text_or_number).unwrap_or_default()
}

impl Tool {
    /// The fields of `record`, when it is a row of this tool.
    fn row(&self, record: &Record<'_>) -> Option<Row> {
        let mut fields = record.clone().into_owned();
        if let Some(inside) = &self.inside
            && let Some(raw) = record.get(inside).filter(|raw| raw.token() == Token::Object)
        {
            let inner = raw.record()?.into_owned();
            let mut around = Record::default();
            around.offset = record.offset;
            record.fields().filter(|(key, _)| key != inside).for_each(|(key, raw)| around.push(key, raw));
            fields = inner.or(around);
        }
        let mut flat = Record::default();
        flatten("", &fields, 0, &mut flat);
        flat.offset = record.offset;
        let says = |record: &Record<'_>, key: &String| record.fields().any(|(name, _)| name == key);
        let is_told = self.told_by.iter().all(|key| says(&flat, key) || says(&fields, key));
        (is_told && self.only.iter().all(|test| test.holds(&flat))).then_some(Row { fields, flat })
    }

    /// Makes a span of `row`; a parent that is called like the trace counts where `is_head`.
    fn span(&self, row: &Row, is_head: bool, sink: &mut Sink) {
        let flat = &row.flat;
        sink.begin(flat.offset);
        sink.draft.trace = sink.trace_id(first(flat, &self.trace));
        sink.draft.id = sink.span_id(first(flat, &self.span));
        let parent = first(flat, &self.parent).map(|raw| raw.elements().first().copied().unwrap_or(raw));
        let trace = text(flat, &self.trace);
        let is_none = |raw: &Raw<'_>| {
            let text = raw.text_or_number().unwrap_or_default();
            // What some tools write where there is no parent.
            text == "0"
                || self.no_parent.iter().any(|none| *none == text)
                || (!is_head && self.roots_name_trace && text == trace)
        };
        sink.draft.parent = sink.span_id(parent.filter(|raw| !is_none(raw)));
        sink.draft.name = sink.sym(short_name(&text(flat, &self.name)));
        sink.draft.kind = self.kind(flat);
        sink.draft.start_ns = sink.time(first(flat, &self.start), Unit::Guess);
        sink.draft.end_ns = sink.time(first(flat, &self.end), Unit::Guess);
        self.duration(flat, sink);
        if self.failed.iter().any(|test| test.holds(flat)) {
            let message = text(flat, &self.message).into_owned();
            sink.failed(Some(&message));
        }
        self.attributes(row, sink);
        self.events(row, sink);
        self.links(row, sink);
        let state = text(flat, &self.trace_state).into_owned();
        if !state.is_empty() {
            sink.draft.rare.trace_state = sink.sym(&state);
        }
        let scope = sink.scope(&text(flat, &self.scope), "", Vec::new());
        let about = self.resource(row, sink);
        let resource = if self.around.is_empty() {
            sink.resource(about, "")
        } else {
            let trace = text(flat, &self.trace);
            about.into_iter().for_each(|id| sink.describe_with(&trace, id));
            sink.reporter(&trace)
        };
        sink.push(resource, scope);
    }

    fn kind(&self, flat: &Record<'_>) -> SpanKind {
        if self.internal.iter().any(|test| test.holds(flat)) {
            return SpanKind::Internal;
        }
        let stated = text(flat, &self.kind);
        kind_of(self.kinds.get(&*stated).map_or(&*stated, String::as_str)).unwrap_or_default()
    }

    /// Makes an event of the span that is the row's parent.
    fn log(&self, row: &Row, sink: &mut Sink) {
        let flat = &row.flat;
        sink.begin(flat.offset);
        let trace = sink.trace_id(first(flat, &self.trace));
        let span = sink.span_id(first(flat, &self.parent));
        let is_of_trace = self.roots_name_trace && text(flat, &self.trace) == text(flat, &self.parent);
        if trace == TraceId::None || span == SpanId::None || is_of_trace {
            return sink.part.diagnostics.add(Code::LogsSkipped, InputIx(0), flat.offset, String::new);
        }
        let name = sink.sym(&text(flat, &self.name));
        let time_ns = sink.time(first(flat, &self.start), Unit::Guess);
        self.attributes(row, sink);
        let attrs = std::mem::take(&mut sink.draft.attrs);
        let (input, offset) = (InputIx(0), flat.offset);
        sink.part.push_log(LogDraft { input, trace, span, time_ns, observed_ns: None, name, attrs, offset });
    }

    /// The end or the start that a duration gives, where only the other one is stated.
    fn duration(&self, flat: &Record<'_>, sink: &mut Sink) {
        let Some(raw) = first(flat, &self.duration).filter(|_| sink.draft.start_ns == 0 || sink.draft.end_ns == 0)
        else {
            return;
        };
        match raw.text_or_number().and_then(|text| scaled(&text, self.shift())) {
            Some(duration) if sink.draft.start_ns == 0 && sink.draft.end_ns != 0 => {
                sink.start_before(duration);
            }
            Some(duration) => sink.end_after(duration),
            None => sink.bad_field(raw, "a duration"),
        }
    }

    /// Powers of ten from the unit of durations to nanoseconds.
    fn shift(&self) -> i32 {
        match self.unit.as_str() {
            "us" => 3,
            "ms" => 6,
            "s" => 9,
            _ => 0,
        }
    }

    /// What `key` is called where it is an attribute of whatever `prefix` stands for.
    fn prefixed(&self, key: &str, prefix: &str) -> Option<String> {
        let name = key.strip_prefix(prefix).filter(|name| !prefix.is_empty() && !name.is_empty())?;
        Some(if self.dot.is_empty() { name.to_owned() } else { name.replace(&self.dot, ".") })
    }

    fn attributes(&self, row: &Row, sink: &mut Sink) {
        for raw in self.attributes.iter().filter_map(|key| row.fields.get(key)) {
            // Some stores take keys apart at their dots.
            let mut flat = Record::default();
            flatten("", &raw.record().unwrap_or_default(), 0, &mut flat);
            flat.fields().for_each(|(key, raw)| sink.attr(key, raw));
        }
        let stated = self.work.as_ref().and_then(|work| row.flat.text(work)).filter(|kind| !kind.is_empty());
        // Any traced function is called so, and few of them are tools.
        let kind = stated.as_deref().map_or(&*self.works_as, |kind| if kind == "function" { "task" } else { kind });
        if !kind.is_empty() {
            sink.attr_text(&format!("{}type", self.prefix), kind);
        }
        let own: [&[String]; 16] = [
            &self.trace,
            &self.span,
            &self.parent,
            &self.name,
            &self.kind,
            &self.start,
            &self.end,
            &self.duration,
            &self.service,
            &self.scope,
            &self.attributes,
            &self.resource,
            &self.events,
            &self.links,
            &self.trace_state,
            &self.skip,
        ];
        let fields = if self.is_nested { &row.flat } else { &row.fields };
        for (key, raw) in fields.fields() {
            let is_in = |keys: &[String]| keys.iter().any(|known| known == key);
            let is_own = own.iter().any(|keys| is_in(keys)) || self.about.contains_key(key);
            let is_of_reporter = self.prefixed(key, &self.reporter_prefix).is_some();
            if let Some(name) = self.prefixed(key, &self.own_prefix) {
                sink.attr(&name, raw);
            } else if !is_of_reporter && (!is_own || is_in(&self.keep)) {
                sink.attr(&format!("{}{key}", self.prefix), raw);
            }
        }
    }

    fn events(&self, row: &Row, sink: &mut Sink) {
        for event in listed(row, &self.events, sink) {
            let at = sink.time(event.first(&["timeUnixNano", "timestamp", "time"]), Unit::Guess);
            let attrs = sink.pairs(event.first(&["attributeMap", "attributes", "attribute"]));
            sink.event(&event.text("name").unwrap_or_default(), at, &attrs);
        }
    }

    fn links(&self, row: &Row, sink: &mut Sink) {
        for link in listed(row, &self.links, sink) {
            let trace = sink.trace_id(link.first(&["traceId", "traceID", "trace_id"]));
            let span = sink.span_id(link.first(&["spanId", "spanID", "span_id"]));
            let attrs = sink.pairs(link.first(&["attributes", "attribute"]));
            sink.link(trace, span, &attrs);
        }
    }

    fn resource(&self, row: &Row, sink: &mut Sink) -> Vec<AttrId> {
        let mut attrs = Vec::new();
        for key in &self.resource {
            if let Some(raw) = row.fields.get(key) {
                attrs.extend(sink.pairs(Some(raw)));
                continue;
            }
            let inner = |(field, raw)| Some((str::strip_prefix(field, key)?.strip_prefix('.')?, raw));
            attrs.extend(row.flat.fields().filter_map(inner).map(|(field, raw)| sink.intern(field, raw)));
        }
        for (key, raw) in row.fields.fields().filter(|(_, raw)| !raw.is_nothing()) {
            attrs.extend(self.prefixed(key, &self.reporter_prefix).map(|name| sink.intern(&name, raw)));
        }
        let stated = text(&row.flat, &self.service);
        let service = if stated.is_empty() { self.reporter.clone() } else { stated.into_owned() };
        let says_service = |sink: &Sink, attrs: &[AttrId]| {
            attrs.iter().any(|&id| sink.part.strings.get(sink.part.attrs.get(id).key) == "service.name")
        };
        if !service.is_empty() && !says_service(sink, &attrs) {
            attrs.push(sink.text_attr("service.name", &service));
        }
        for (field, name) in &self.about {
            if let Some(raw) = row.flat.get(field) {
                attrs.push(sink.intern(name, raw));
            }
        }
        attrs
    }
}

/// The objects in the list that the first of `keys` holds. Lists may stand as text, and so may what is in them.
fn listed(row: &Row, keys: &[String], sink: &mut Sink) -> Vec<Record<'static>> {
    let Some(list) = first(&row.fields, keys) else { return Vec::new() };
    let text = list.text().unwrap_or_default().into_owned();
    let mut holder = Record::default();
    if !text.is_empty() {
        holder.push_raw("list", text.as_bytes(), list.offset);
    }
    let mut found = Vec::new();
    for raw in holder.get("list").unwrap_or(list).elements() {
        match raw.record() {
            Some(inner) => found.push(inner.into_owned()),
            None => sink.bad_field(raw, "an object"),
        }
    }
    found
}

/// Weave names operations by where they are kept: `weave:///team/project/op/NAME:version`.
fn short_name(name: &str) -> &str {
    match name.strip_prefix("weave:///").and_then(|path| path.rsplit_once("/op/")) {
        Some((_, op)) => op.split(':').next().unwrap_or(op),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_right() {
        let tools = toml::from_str::<Table>(TABLE).unwrap().tool;
        assert!(tools.len() >= 8);
        for tool in &tools {
            assert!(tool.told_by.len() >= 2, "{}", tool.format);
            for keys in [&tool.trace, &tool.span, &tool.name] {
                assert!(!keys.is_empty(), "{}", tool.format);
            }
            let stated = [&tool.start, &tool.end, &tool.duration].iter().filter(|keys| !keys.is_empty()).count();
            assert!(stated == 2, "two of start, end and duration: {}", tool.format);
            assert!(["", "ns", "us", "ms", "s"].contains(&tool.unit.as_str()), "{}", tool.format);
            assert_eq!(tool.unit.is_empty(), tool.duration.is_empty(), "{}", tool.format);
        }
    }

    /// Lines of logs that name a span and say how long something took are no spans.
    #[test]
    fn logs_are_no_rows_of_spans() {
        for text in [
            r#"{"@timestamp":"2026-02-01T10:00:00Z","message":"GET /","trace_id":"01","span_id":"02","duration":12,"level":"info"}"#,
            r#"{"TimeGenerated":"x","OperationId":"a","ParentId":"b","Category":"Audit","DurationMs":3}"#,
            r#"{"event":"$pageview","timestamp":"x","properties":{"$session_id":"a"}}"#,
            r#"{"request_id":"a","created_at":"x","delay_ms":3}"#,
            r#"{"trace_id":"a","timestamps":{"started_at":1}}"#,
            r#"{"span_id":"a","start_ns":1,"message":"x"}"#,
            r#"{"traceId":"a","duration":1,"timestamp":2,"message":"x"}"#,
        ] {
            assert!(!ToolRows.sniff(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn names_of_operations_are_short() {
        assert_eq!(short_name("weave:///team/app/op/openai.chat:abc123"), "openai.chat");
        assert_eq!(short_name("plan/op/x:1"), "plan/op/x:1");
    }
}
