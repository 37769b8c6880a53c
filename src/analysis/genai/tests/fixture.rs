//! Small traces as JSON: `tests/data/genai/*.json`, and built in code.
//!
//! ```text
//! { "says": "what the fixture shows",
//!   "spans": [{ "name", "id": 1, "parent": 0, "trace": 1, "ms": [start, end], "kind": "client", "scope", "service",
//!               "version", "schema_url" (of the scope), "flags": 257, "trace_state", "error": false,
//!               "dropped_events": 0, "attributes": {}, "events": [{"name", "ms", "attributes"}],
//!               "links": [[trace, id]] }] }
//! ```

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::model::{
    AttrId, EventDraft, Input, LinkDraft, Part, Resource, Scope, SpanDraft, SpanId, SpanKind, Status, StoreBuilder,
    Sym, TraceId, TraceStore, Value,
};

/// Where the times of fixtures begin, Unix nanoseconds.
pub const T0_NS: i64 = 1_795_269_727_000_000_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    pub says: String,
    pub spans: Vec<Span>,
}

#[derive(Deserialize, Default, Clone, Debug)]
#[serde(deny_unknown_fields, default)]
pub struct Span {
    pub name: String,
    pub id: u64,
    pub parent: u64,
    pub trace: u128,
    pub ms: [f64; 2],
    pub kind: String,
    pub scope: String,
    pub version: String,
    pub schema_url: String,
    pub flags: u32,
    pub trace_state: String,
    pub service: String,
    pub error: bool,
    pub dropped_events: u32,
    pub attributes: Map<String, Json>,
    pub events: Vec<Event>,
    pub links: Vec<(u128, u64)>,
}

#[derive(Deserialize, Default, Clone, Debug)]
#[serde(deny_unknown_fields, default)]
pub struct Event {
    pub name: String,
    pub ms: f64,
    pub attributes: Map<String, Json>,
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/genai")
}

/// All fixtures with their names, sorted.
pub fn all() -> Vec<(String, Fixture)> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(data()).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let fixture = serde_json::from_str(&std::fs::read_to_string(&path).unwrap());
        (name.clone(), fixture.unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    paths.into_iter().map(read).collect()
}

/// The store of `spans`.
pub fn store(spans: &[Span]) -> TraceStore {
    store_of_files(&[("fixture", spans)])
}

/// The store of several files, each with its name.
pub fn store_of_files(files: &[(&str, &[Span])]) -> TraceStore {
    let mut builder = StoreBuilder::new();
    for (name, spans) in files {
        let input = builder.add_input(Input { name: (*name).to_owned(), format: "fixture", ..Input::default() });
        let mut part = Part::new();
        for span in *spans {
            push(&mut part, span, input);
        }
        builder.absorb(part, input);
    }
    builder.finish()
}

fn ns(ms: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "small numbers of a test")]
    let ns = (ms * 1e6).round() as i64;
    T0_NS + ns
}

fn push(part: &mut Part, span: &Span, input: crate::model::InputIx) {
    let mut service = Map::new();
    if !span.service.is_empty() {
        service.insert("service.name".to_owned(), Json::from(span.service.clone()));
    }
    let attrs = attributes(part, &service);
    let resource = part.resource(Resource { input, attrs, schema_url: Sym::EMPTY, dropped: 0 });
    let [name, version, schema_url] =
        [&span.scope, &span.version, &span.schema_url].map(|text| part.strings.intern(text));
    let scope = part.scope(Scope { name, version, schema_url, ..Scope::default() });
    let mut draft = SpanDraft {
        trace: TraceId::from_u128(span.trace.max(1)),
        id: SpanId::from_u64(span.id),
        parent: SpanId::from_u64(span.parent),
        start_ns: ns(span.ms[0]),
        end_ns: ns(span.ms[1]),
        name: part.strings.intern(&span.name),
        kind: match span.kind.as_str() {
            "client" => SpanKind::Client,
            "server" => SpanKind::Server,
            _ => SpanKind::Internal,
        },
        status: if span.error { Status::Error } else { Status::Unset },
        attrs: attributes(part, &span.attributes),
        ..SpanDraft::default()
    };
    draft.rare.dropped[1] = span.dropped_events;
    draft.rare.trace_state = part.strings.intern(&span.trace_state);
    draft.otlp_flags = span.flags;
    for event in &span.events {
        let attrs = attributes(part, &event.attributes);
        draft.event_attrs.extend(attrs);
        let attr_end = u32::try_from(draft.event_attrs.len()).unwrap();
        let name = part.strings.intern(&event.name);
        draft.events.push(EventDraft { time_ns: ns(event.ms), observed_ns: None, name, attr_end });
    }
    for &(trace, id) in &span.links {
        let (trace, span) = (TraceId::from_u128(trace), SpanId::from_u64(id));
        draft.links.push(LinkDraft { trace, span, ..LinkDraft::default() });
    }
    part.push(&draft, resource, scope);
}

fn attributes(part: &mut Part, attributes: &Map<String, Json>) -> Vec<AttrId> {
    let one = |(key, value): (&String, &Json)| {
        let value = match value {
            Json::Null => Value::Empty,
            Json::Bool(flag) => Value::Bool(*flag),
            Json::Number(number) => match number.as_i64() {
                Some(int) => Value::Int(int),
                None => Value::Double(number.as_f64().unwrap()),
            },
            Json::String(text) => Value::Str(part.strings.intern(text)),
            list_or_map => Value::Json(part.strings.intern(&list_or_map.to_string())),
        };
        let key = part.strings.intern(key);
        part.attrs.intern(key, value)
    };
    attributes.iter().map(one).collect()
}
