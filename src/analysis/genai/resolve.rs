//! What every distinct attribute, span name and event name of a store says: looked up once each, not per span.

use std::borrow::Cow;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use serde_json::Value as Json;

use super::convert::{datum, text_of};
use super::facts::{At, Fact};
use super::field::{Datum, Field, Text};
use super::tables::{KeyRule, NameRule, Tables, matches, tables};
use crate::model::{AttrId, Resource, ResourceIx, SpanIx, Strings, Sym, TraceStore, Value};

/// What an attribute says about one field.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    pub field: Field,
    /// Position of the rule in the tables.
    pub rule: u16,
    pub datum: Datum,
    /// It counts in certain events only, not on the span itself.
    pub is_of_events: bool,
}

/// What a name says: rules that may apply, in order, each with what its `*` captured.
#[derive(Clone, Debug, Default)]
pub struct NameHit {
    pub rules: Vec<(u16, Option<Text>)>,
}

/// What an event's name says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventSign {
    /// The first piece of a stream.
    First,
    /// A piece of a stream.
    Chunk,
    /// A moment of a [`super::tables::MarkRule`].
    Mark,
}

/// Everything that is looked up once.
#[derive(Clone, Debug)]
pub struct Resolved {
    pub tables: &'static Tables,
    /// Where the readings of each distinct attribute end; they begin where those of the previous one end.
    ends: Vec<u32>,
    readings: Vec<Reading>,
    names: HashMap<Sym, NameHit, FixedState>,
    events: HashMap<Sym, EventSign, FixedState>,
    /// Rules for the attributes of events, by the name of the event.
    event_attrs: HashMap<Sym, Vec<u16>, FixedState>,
    /// What the resources say about all of their spans.
    resources: Vec<Vec<(Field, Fact)>>,
    /// Texts that are in no attribute: parts of names and of JSON.
    pub own: Strings,
}

impl Resolved {
    pub fn new(store: &TraceStore) -> Self {
        let tables = tables();
        let mut resolved = Self {
            tables,
            ends: Vec::with_capacity(store.attrs().pairs().len()),
            readings: Vec::new(),
            names: HashMap::default(),
            events: HashMap::default(),
            event_attrs: HashMap::default(),
            resources: Vec::new(),
            own: Strings::default(),
        };
        resolved.read_attributes(store);
        resolved.read_event_names(store);
        resolved.read_resources(store);
        resolved
    }

    /// Exports describe whole traces in one place: whom a trace was for, and which conversation it is of.
    fn read_resources(&mut self, store: &TraceStore) {
        let is_of_trace =
            |field: Field| matches!(field, Field::Conversation | Field::User | Field::Workflow | Field::AgentVersion);
        let facts = |resource: &Resource| {
            let mut facts: Vec<(Field, Fact)> = Vec::new();
            for &id in &resource.attrs {
                for reading in self.of_attr(id).iter().filter(|reading| is_of_trace(reading.field)) {
                    let fact = Fact { datum: reading.datum, at: At::Attr(id, reading.rule) };
                    match facts.iter_mut().find(|(field, _)| *field == reading.field) {
                        Some((_, known)) if fact.rank() < known.rank() => *known = fact,
                        Some(_) => {}
                        None => facts.push((reading.field, fact)),
                    }
                }
            }
            facts
        };
        let resources: Vec<_> = store.resources().iter().map(facts).collect();
        if resources.iter().any(|facts| !facts.is_empty()) {
            self.resources = resources;
        }
    }

    fn read_attributes(&mut self, store: &TraceStore) {
        let keys = Keys::new(self.tables);
        let mut lists: Vec<Vec<u16>> = vec![Vec::new()];
        let mut of_key: Vec<u16> = vec![u16::MAX; store.strings().len()];
        for pair in store.attrs().pairs() {
            let known = &mut of_key[pair.key.at()];
            if *known == u16::MAX {
                let rules = keys.of(store.text(pair.key));
                *known = if rules.is_empty() {
                    0
                } else {
                    lists.push(rules);
                    u16::try_from(lists.len() - 1).unwrap_or(0)
                };
            }
            if *known != 0 {
                self.read_attribute(store, pair.value, &lists[usize::from(*known)]);
            }
            self.ends.push(u32::try_from(self.readings.len()).unwrap_or(u32::MAX));
        }
        self.readings.shrink_to_fit();
    }

    fn read_attribute(&mut self, store: &TraceStore, value: Value, rules: &[u16]) {
        // Parsed when the first rule asks for it.
        let mut json: Option<Option<Json>> = None;
        for &at in rules {
            let rule: &KeyRule = &self.tables.keys[usize::from(at)];
            if let Some(only) = &rule.only
                && !value.sym().is_some_and(|sym| store.text(sym).eq_ignore_ascii_case(only))
            {
                continue;
            }
            let found = match &rule.path {
                None => datum(store, &mut self.own, self.tables, rule, value),
                Some(path) => {
                    let parse = || value.sym().and_then(|sym| serde_json::from_str(store.text(sym)).ok());
                    let inside = json.get_or_insert_with(parse).as_ref().and_then(|json| at_path(json, path));
                    inside.and_then(|inside| {
                        let value = as_value(store, &mut self.own, &inside)?;
                        self.of_own(store, rule, value)
                    })
                }
            };
            if let Some(datum) = found {
                let is_of_events = rule.event.is_some();
                self.readings.push(Reading { field: rule.field, rule: at, datum, is_of_events });
            }
        }
    }

    /// Like `datum`, for a value whose texts are this table's own.
    fn of_own(&mut self, store: &TraceStore, rule: &KeyRule, value: OwnValue) -> Option<Datum> {
        match value {
            OwnValue::Plain(value) => datum(store, &mut self.own, self.tables, rule, value),
            OwnValue::Text(text) => {
                let text = self.own.get(text.split().0).to_owned();
                super::convert::datum_of_text(store, &mut self.own, self.tables, rule, &text)
            }
        }
    }

    fn read_event_names(&mut self, store: &TraceStore) {
        // Names without a meaning are looked at once, too: there are hundreds of rules.
        let mut is_known = vec![false; store.strings().len()];
        for &name in &store.events.name {
            if std::mem::replace(&mut is_known[name.at()], true) {
                continue;
            }
            let rules = (0u16..).zip(&self.tables.keys);
            let of_event = rules.filter(|(_, rule)| rule.event.as_deref() == Some(store.text(name)));
            let of_event: Vec<u16> = of_event.map(|(at, _)| at).collect();
            if !of_event.is_empty() {
                self.event_attrs.insert(name, of_event);
            }
            if let Some(sign) = event_sign(self.tables, store.text(name)) {
                self.events.insert(name, sign);
            }
        }
    }

    /// What the attribute `id` says.
    pub fn of_attr(&self, id: AttrId) -> &[Reading] {
        let at = id.0 as usize;
        let Some(&end) = self.ends.get(at) else { return &[] };
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.readings[start as usize..end as usize]
    }

    /// What the resource `resource` says about all of its spans.
    pub fn of_resource(&self, resource: ResourceIx) -> &[(Field, Fact)] {
        self.resources.get(resource.at()).map_or(&[], Vec::as_slice)
    }

    /// Whether any event has attributes that say something.
    pub fn reads_events(&self) -> bool {
        !self.event_attrs.is_empty()
    }

    /// Whether anything is said of a conversation by voice.
    pub fn says_of_voices(&self) -> bool {
        let of_voices = |reading: &Reading| matches!(reading.field, Field::VoiceLatency | Field::Interrupted);
        let mut named = self.names.values().flat_map(|hit| &hit.rules);
        named.any(|(at, _)| self.tables.names[usize::from(*at)].voice.is_some()) || self.readings.iter().any(of_voices)
    }

    /// The rules for attributes of events of that name.
    pub fn of_event_attrs(&self, name: Sym) -> Option<&[u16]> {
        self.event_attrs.get(&name).map(Vec::as_slice)
    }

    /// Looks up the span name `name`; later calls are cheap.
    pub fn learn_name(&mut self, store: &TraceStore, name: Sym, seen: &mut [u8]) {
        let seen = &mut seen[name.at()];
        if *seen != 0 {
            return;
        }
        *seen = 1;
        let text = store.text(name);
        let mut hit = NameHit::default();
        for (at, rule) in (0u16..).zip(&self.tables.names) {
            if let Some(captured) = matches(&rule.like, text) {
                let text = (!captured.is_empty()).then(|| text_of(store, &mut self.own, captured));
                hit.rules.push((at, text));
            }
        }
        if !hit.rules.is_empty() {
            *seen = 2;
            self.names.insert(name, hit);
        }
    }

    /// What the span name says, if it says anything.
    pub fn of_name(&self, name: Sym) -> Option<&NameHit> {
        self.names.get(&name)
    }

    /// How long the stream took that `span` is the record of, nanoseconds; `None` for all other spans.
    pub fn took_ns(&self, store: &TraceStore, span: SpanIx) -> Option<i64> {
        let view = store.span(span);
        let scope = store.text(view.scope().name);
        let rules = self.of_name(view.name_sym())?.rules.iter().map(|(at, _)| &self.tables.names[usize::from(*at)]);
        let in_scope = |rule: &&NameRule| rule.scope.as_ref().is_none_or(|wanted| scope.starts_with(wanted.as_str()));
        let key = rules.filter(in_scope).find_map(|rule| rule.took.as_ref())?;
        match view.attr(key)? {
            Value::Double(seconds) => super::convert::rounded(seconds * 1e9),
            Value::Int(seconds) => seconds.checked_mul(crate::model::time::S).filter(|ns| *ns >= 0),
            _ => None,
        }
    }

    /// What the event name says, if it says anything.
    pub fn of_event(&self, name: Sym) -> Option<EventSign> {
        if self.events.is_empty() { None } else { self.events.get(&name).copied() }
    }

    /// The characters of a text.
    pub fn text<'a>(&'a self, store: &'a TraceStore, text: Text) -> &'a str {
        match text.split() {
            (sym, true) => self.own.get(sym),
            (sym, false) => store.text(sym),
        }
    }

    /// Gives back all memory; nothing is known afterwards.
    pub fn forget(&mut self) {
        *self = Self {
            tables: self.tables,
            ends: Vec::new(),
            readings: Vec::new(),
            names: HashMap::default(),
            events: HashMap::default(),
            event_attrs: HashMap::default(),
            resources: Vec::new(),
            own: Strings::default(),
        };
    }

    /// Bytes of heap memory in use.
    pub fn heap_bytes(&self) -> usize {
        self.ends.capacity() * size_of::<u32>()
            + self.readings.capacity() * size_of::<Reading>()
            + self.names.allocation_size()
            + self.own.heap_bytes()
    }
}

fn event_sign(tables: &Tables, name: &str) -> Option<EventSign> {
    if let Some(rule) = tables.events.iter().find(|rule| matches(&rule.like, name).is_some()) {
        return Some(if rule.is_first { EventSign::First } else { EventSign::Chunk });
    }
    tables.marks.iter().any(|mark| mark.from == name || mark.to == name).then_some(EventSign::Mark)
}

/// The rules of the tables by key.
struct Keys {
    exact: HashMap<&'static str, Vec<u16>, FixedState>,
    patterns: Vec<(&'static str, u16)>,
}

impl Keys {
    fn new(tables: &'static Tables) -> Self {
        let mut keys = Self { exact: HashMap::default(), patterns: Vec::new() };
        for (at, rule) in (0u16..).zip(&tables.keys) {
            if rule.key.contains('*') {
                keys.patterns.push((&rule.key, at));
            } else {
                keys.exact.entry(rule.key.as_str()).or_default().push(at);
            }
        }
        keys
    }

    fn of(&self, key: &str) -> Vec<u16> {
        let mut rules = self.exact.get(key).cloned().unwrap_or_default();
        rules.extend(self.patterns.iter().filter(|(like, _)| parts_match(like, key)).map(|&(_, at)| at));
        rules
    }
}

/// Whether `key` is `pattern`, whose `*` each stand for one part between dots.
fn parts_match(pattern: &str, key: &str) -> bool {
    let (mut pattern, mut key) = (pattern.split('.'), key.split('.'));
    loop {
        match (pattern.next(), key.next()) {
            (None, None) => return true,
            (Some("*"), Some(_)) => {}
            (Some(a), Some(b)) if a == b => {}
            _ => return false,
        }
    }
}

/// The value at `path` in `json`, or the sum of the whole numbers at several paths, as far as they are there.
fn at_path<'j>(json: &'j Json, path: &str) -> Option<Cow<'j, Json>> {
    if !path.contains(" + ") {
        return inside(json, path).map(Cow::Borrowed);
    }
    let numbers = path.split(" + ").filter_map(|path| inside(json, path)?.as_i64().filter(|number| *number >= 0));
    let sum = numbers.reduce(i64::saturating_add)?;
    Some(Cow::Owned(sum.into()))
}

/// The value at `path` in `json`; `*` is the first element of a list, or the first field of an object, that has one.
fn inside<'j>(json: &'j Json, path: &str) -> Option<&'j Json> {
    // A key may itself hold dots, e.g. "server-timing.total".
    if let Some(found) = json.get(path) {
        return Some(found);
    }
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let into = |next: &'j Json| rest.map_or(Some(next), |rest| inside(next, rest));
    match (first, json) {
        ("*", Json::Array(items)) => items.iter().find_map(into),
        // What is kept by the names of models, say.
        ("*", Json::Object(fields)) => fields.values().find_map(into),
        _ => into(json.get(first)?),
    }
}

/// A value that was found in JSON.
#[derive(Clone, Copy)]
enum OwnValue {
    Plain(Value),
    Text(Text),
}

fn as_value(store: &TraceStore, own: &mut Strings, json: &Json) -> Option<OwnValue> {
    Some(match json {
        Json::Bool(flag) => OwnValue::Plain(Value::Bool(*flag)),
        Json::Number(number) => OwnValue::Plain(match number.as_i64() {
            Some(int) => Value::Int(int),
            None => Value::Double(number.as_f64()?),
        }),
        Json::String(text) => match store.strings().find(text) {
            Some(sym) => OwnValue::Plain(Value::Str(sym)),
            None => OwnValue::Text(Text::own(own.intern(text))),
        },
        Json::Null | Json::Array(_) | Json::Object(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_in_keys_are_parts_between_dots() {
        let like = "llm.output_messages.*.message.tool_calls.*.tool_call.id";
        assert!(parts_match(like, "llm.output_messages.0.message.tool_calls.12.tool_call.id"));
        assert!(!parts_match(like, "llm.output_messages.0.message.tool_calls.tool_call.id"));
        assert!(!parts_match("a.*", "a.b.c"));
    }

    #[test]
    fn paths_go_through_objects_and_lists() {
        let json = serde_json::json!({"a": {"b": [{}, {"c": 3}]}, "x.y": 1});
        assert_eq!(inside(&json, "a.b.*.c"), Some(&Json::from(3)));
        assert_eq!(inside(&json, "x.y"), Some(&Json::from(1)));
        assert_eq!(inside(&json, "a.c"), None);
        assert_eq!(inside(&json, "a.b.c"), None);
        assert_eq!(inside(&json, "*.b.*.c"), Some(&Json::from(3)));
        assert_eq!(inside(&json, "x.*"), None);
        let json = serde_json::json!({"a": 3, "b": {"c": 4}, "d": "x", "e": -1});
        for (path, sum) in [("a + b.c", Some(7)), ("a + nothing", Some(3)), ("e + a", Some(3)), ("d + b", None)] {
            assert_eq!(at_path(&json, path).as_deref(), sum.map(Json::from).as_ref(), "{path}");
        }
    }
}
