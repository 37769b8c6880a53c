//! Random small stores for the tests of search, statistics and tables.

use proptest::prelude::*;

use crate::analysis::clocks::domains::{Domain, Domains};
use crate::model::*;

/// What a random span is made of.
#[derive(Clone, Debug)]
pub(crate) struct Seed {
    pub name: usize,
    pub trace: u8,
    pub parent: u8,
    pub start: i64,
    pub end: i64,
    pub resource: usize,
    pub attrs: Vec<(usize, usize)>,
    pub event: Option<(usize, usize, usize)>,
    pub message: usize,
    pub kind: u8,
    pub status: u8,
}

pub(crate) const WORDS: &[&str] = &[
    "chat",
    "POST /Chat",
    "invoke_agent",
    "",
    "ΟΔΟΣ",
    "İstanbul",
    "300 \u{212a}",
    "abab",
    "5",
    "error",
    "a b",
    "timeout",
];
pub(crate) const KEYS: &[&str] = &["model", "http.route", "telemetry.sdk", "n"];

/// A dozen spans at most.
pub(crate) fn seeds() -> impl Strategy<Value = Vec<Seed>> {
    let word = 0..WORDS.len();
    let attr = (0..KEYS.len(), 0..WORDS.len() + 6);
    let seed = (
        (word.clone(), 1..3_u8, 0..12_u8, 0..50_i64, 0..50_i64),
        (0..4_usize, prop::collection::vec(attr.clone(), 0..3)),
        (prop::option::of((word.clone(), attr)), word, 0..6_u8, 0..3_u8),
    )
        .prop_map(|((name, trace, parent, start, end), (resource, attrs), (event, message, kind, status))| Seed {
            name,
            trace,
            parent,
            start,
            end,
            resource,
            attrs,
            event: event.map(|(name, (key, value))| (name, key, value)),
            message,
            kind,
            status,
        });
    prop::collection::vec(seed, 0..12)
}

fn attr_of(part: &mut Part, key: usize, value: usize) -> AttrId {
    let key = part.strings.intern(KEYS[key]);
    let value = match value.checked_sub(WORDS.len()) {
        None => Value::Str(part.strings.intern(WORDS[value])),
        Some(0) => Value::Int(5),
        Some(1) => Value::Double(5.0),
        Some(2) => Value::Double(-2.5),
        Some(3) => Value::Bool(true),
        Some(4) => Value::Double(f64::NAN),
        Some(_) => Value::Empty,
    };
    part.attrs.intern(key, value)
}

/// A store of them, on two clocks.
pub(crate) fn build(seeds: &[Seed]) -> (TraceStore, Domains) {
    let mut builder = StoreBuilder::new();
    let input = builder.add_input(Input { name: "rank-0.json".into(), ..Input::default() });
    let mut part = Part::new();
    let resources: Vec<_> = (0..4)
        .map(|at| {
            let mut attrs = vec![attr_of(&mut part, at, at)];
            if at > 0 {
                let key = part.strings.intern("service.name");
                let value = Value::Str(part.strings.intern(["", "api", "API gateway", "agent"][at]));
                attrs.push(part.attrs.intern(key, value));
            }
            part.resource(Resource { input, attrs, schema_url: Sym::EMPTY, dropped: 0 })
        })
        .collect();
    let name = part.strings.intern("openai");
    let attrs = vec![attr_of(&mut part, 3, 8)];
    let scope = part.scope(Scope { name, attrs, ..Scope::default() });
    for (at, seed) in seeds.iter().enumerate() {
        let mut draft = SpanDraft {
            trace: TraceId::from_u128(u128::from(seed.trace)),
            id: match at {
                6 | 9 => SpanId::Text(part.strings.intern(&format!("Span_{}", 20 - at))),
                _ => SpanId::from_u64(at as u64 + 1),
            },
            parent: SpanId::from_u64(u64::from(seed.parent)),
            start_ns: seed.start,
            end_ns: seed.end,
            name: part.strings.intern(WORDS[seed.name]),
            kind: SpanKind::from_repr(seed.kind).unwrap(),
            status: Status::from_repr(seed.status).unwrap(),
            ..SpanDraft::default()
        };
        draft.attrs = seed.attrs.iter().map(|&(key, value)| attr_of(&mut part, key, value)).collect();
        if let Some((name, key, value)) = seed.event {
            draft.event_attrs.push(attr_of(&mut part, key, value));
            draft.events.push(EventDraft {
                name: part.strings.intern(WORDS[name]),
                attr_end: 1,
                ..EventDraft::default()
            });
        }
        draft.rare.status_message = part.strings.intern(WORDS[seed.message]);
        part.push(&draft, resources[seed.resource], scope);
    }
    builder.absorb(part, input);
    let store = builder.finish();
    let domain = |name: &str, value: &str| Domain { name: name.into(), value: value.into(), ..Domain::default() };
    let of_span = store.span_ixs().map(|ix| DomainIx(store.span(ix).resource_ix().0 % 2)).collect();
    (store, Domains { list: vec![domain("node-a", "h-77"), domain("phone", "h-5")], of_span })
}
