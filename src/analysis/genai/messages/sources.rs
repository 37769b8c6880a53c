//! Where contents are recorded: the table `assets/genai/messages.toml`, and taking a value from where it says.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::Speaker;
use crate::analysis::genai::tables::matches;
use crate::load::otlp_json::LOG_BODY;
use crate::model::{Attr, SpanRef, TraceStore, Value};

const MESSAGES: &str = include_str!("../../../../assets/genai/messages.toml");

/// Events of a span that are looked at.
const MOST_EVENTS: usize = 2000;

/// One place where something may be recorded.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The attribute of the span; a `*` at its end is a flattened list.
    #[serde(default)]
    pub key: String,
    /// Where the value lies in the JSON of the attribute.
    pub path: Option<String>,
    /// The name of events instead of a key; a `*` in it is who speaks.
    pub event: Option<String>,
    /// Which attribute of the events.
    pub attr: Option<String>,
    /// Further attributes of the same message.
    #[serde(default)]
    pub also: Vec<String>,
    /// Who speaks where the data does not say it.
    #[serde(default, rename = "as")]
    pub speaker: Speaker,
    /// The convention.
    pub of: String,
}

/// The table, by what is recorded.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sources {
    /// What the model or agent is told to be.
    pub instructions: Vec<Source>,
    /// What is said to it.
    pub input: Vec<Source>,
    /// What it says.
    pub output: Vec<Source>,
    /// What a tool is given.
    pub arguments: Vec<Source>,
    /// What a tool gives back.
    pub result: Vec<Source>,
    /// What is looked for.
    pub query: Vec<Source>,
    /// What is found.
    pub documents: Vec<Source>,
}

/// The table that the program was built with.
pub fn sources() -> &'static Sources {
    // A test holds that it can be read; a program with a broken table would know no contents.
    static SOURCES: LazyLock<Sources> = LazyLock::new(|| {
        toml::from_str(MESSAGES).unwrap_or_else(|error| {
            tracing::error!("the table of messages cannot be read: {error}");
            Sources::default()
        })
    });
    &SOURCES
}

/// Whether the table knows the attribute `key` of spans as a place of contents.
pub fn records_contents(key: &str) -> bool {
    let is_there = |source: &Source| match source.key.strip_suffix('*') {
        _ if source.event.is_some() => false,
        Some(prefix) => key.starts_with(prefix),
        None => key == source.key || source.also.iter().any(|also| also == key),
    };
    let Sources { instructions, input, output, arguments, result, query, documents } = sources();
    let all = [instructions, input, output, arguments, result, query, documents];
    all.into_iter().flatten().filter(|source| !source.key.is_empty()).any(is_there)
}

/// A value with who said it, as far as the place says.
pub struct Found {
    /// The value.
    pub json: Json,
    /// Who speaks, unless the value says it itself.
    pub speaker: Speaker,
}

impl Source {
    /// Where it was read, for people: the key, or event and attribute.
    pub fn name(&self) -> String {
        let path = self.path.as_ref().map_or_else(String::new, |path| format!(" › {path}"));
        match (&self.event, &self.attr) {
            (Some(event), Some(attr)) => format!("event {event} › {attr}{path}"),
            (Some(event), None) => format!("event {event}{path}"),
            (None, _) => format!("{}{path}", self.key),
        }
    }

    /// What `span` records there, in order; empty when nothing.
    pub fn take(&self, store: &TraceStore, span: SpanRef<'_>) -> Vec<Found> {
        let found = match (&self.event, self.key.strip_suffix(".*")) {
            (Some(event), _) => self.take_events(store, span, event),
            (None, Some(prefix)) => {
                let attrs: Vec<Attr> = span.attrs().collect();
                let items = list(store, &attrs, prefix);
                if items.is_empty() { Vec::new() } else { vec![self.found(Json::Array(items))] }
            }
            (None, None) => {
                let keys = std::iter::once(&self.key).chain(&self.also);
                let values = keys.filter_map(|key| Some(json(store, span.attr(key)?)));
                values.map(|json| self.found(json)).collect()
            }
        };
        let Some(path) = &self.path else { return found };
        let inside = |found: Found| {
            let whole =
                if let Json::String(text) = &found.json { serde_json::from_str(text).ok()? } else { found.json };
            let into = |json: &'_ Json, step: &str| match step.parse::<usize>() {
                Ok(at) if json.is_array() => json.get(at).cloned(),
                _ => json.get(step).cloned(),
            };
            let inside = path.split('.').try_fold(whole, |json, step| into(&json, step))?;
            Some(Found { json: inside, speaker: found.speaker })
        };
        found.into_iter().filter_map(inside).collect()
    }

    /// Whether `store` may record anything there.
    pub fn may_be_in(&self, store: &TraceStore) -> bool {
        let strings = store.strings();
        match (&self.event, self.key.strip_suffix(".*")) {
            (Some(_), _) => !store.events.name.is_empty(),
            (None, Some(prefix)) => store
                .attrs()
                .pairs()
                .iter()
                .any(|attr| store.text(attr.key).strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.'))),
            (None, None) => std::iter::once(&self.key).chain(&self.also).any(|key| strings.find(key).is_some()),
        }
    }

    fn found(&self, json: Json) -> Found {
        Found { json, speaker: self.speaker.clone() }
    }

    fn take_events(&self, store: &TraceStore, span: SpanRef<'_>, wanted: &str) -> Vec<Found> {
        let mut found = Vec::new();
        for event in span.events().take(MOST_EVENTS) {
            let attrs: Vec<Attr> = event.attrs().collect();
            let value = |key: &str| attrs.iter().find(|attr| store.text(attr.key) == key).map(|attr| attr.value);
            let stated = value("event.name").and_then(Value::sym).map(|sym| store.text(sym));
            let name = if event.name().is_empty() { stated.unwrap_or_default() } else { event.name() };
            let Some(captured) = matches(wanted, name) else { continue };
            let json = match &self.attr {
                Some(attr) => match value(attr) {
                    Some(value) => json(store, value),
                    None => continue,
                },
                None => whole_event(store, &attrs),
            };
            // The messages in a list say who speaks.
            let speaker =
                if captured.is_empty() || self.path.is_some() { self.speaker.clone() } else { Speaker::of(captured) };
            found.push(Found { json, speaker });
        }
        found
    }
}

/// All attributes of an event as one value, with those of its body.
fn whole_event(store: &TraceStore, attrs: &[Attr]) -> Json {
    let members = attrs.iter().map(|attr| (store.text(attr.key), json(store, attr.value)));
    let (bodies, others): (Vec<_>, Vec<_>) = members.partition(|(key, _)| *key == LOG_BODY);
    let mut whole = tree(others.into_iter());
    for (_, body) in bodies {
        match (body, &mut whole) {
            (Json::Object(body), Json::Object(fields)) => fields.extend(body),
            (body, Json::Object(fields)) => {
                fields.insert("content".to_owned(), body);
            }
            _ => {}
        }
    }
    whole
}

/// A value as JSON; text stays text.
fn json(store: &TraceStore, value: Value) -> Json {
    match value {
        Value::Empty => Json::Null,
        Value::Str(sym) | Value::Bytes(sym) => Json::String(store.text(sym).to_owned()),
        Value::Json(sym) => {
            let text = store.text(sym);
            serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_owned()))
        }
        Value::Int(int) => int.into(),
        Value::Double(double) => double.into(),
        Value::Bool(flag) => flag.into(),
    }
}

/// The items of the flattened list `prefix.N…`, by their numbers.
fn list(store: &TraceStore, attrs: &[Attr], prefix: &str) -> Vec<Json> {
    let mut items: BTreeMap<usize, Vec<(&str, Json)>> = BTreeMap::new();
    for attr in attrs {
        let Some(rest) = store.text(attr.key).strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.')) else {
            continue;
        };
        let (number, suffix) = rest.split_once('.').unwrap_or((rest, ""));
        let Ok(number) = number.parse::<usize>() else { continue };
        items.entry(number).or_default().push((suffix, json(store, attr.value)));
    }
    items.into_values().map(|members| tree(members.into_iter())).collect()
}

/// Keys with dots as a tree: `tool_calls.0.id` becomes `{"tool_calls": [{"id": …}]}`.
fn tree<'a>(members: impl Iterator<Item = (&'a str, Json)>) -> Json {
    let mut root = Json::Object(Map::new());
    for (key, value) in members {
        if key.is_empty() {
            return value;
        }
        put(&mut root, key, value);
    }
    lists(root)
}

fn put(root: &mut Json, key: &str, value: Json) {
    let mut here = root;
    // Deeper than that, a key is no path.
    let mut steps = key.splitn(16, '.').peekable();
    while let Some(step) = steps.next() {
        // A value where another key needs a branch: `a` beside `a.b`. The branch counts.
        if !here.is_object() {
            *here = Json::Object(Map::new());
        }
        let Some(fields) = here.as_object_mut() else { return };
        if steps.peek().is_none() {
            fields.entry(step).or_insert(value);
            return;
        }
        here = fields.entry(step).or_insert_with(|| Json::Object(Map::new()));
    }
}

/// Branches whose keys are all numbers become lists.
fn lists(json: Json) -> Json {
    let Json::Object(fields) = json else { return json };
    let is_list = !fields.is_empty() && fields.keys().all(|key| key.bytes().all(|byte| byte.is_ascii_digit()));
    if is_list {
        let mut items: Vec<(usize, Json)> =
            fields.into_iter().map(|(key, value)| (key.parse().unwrap_or(usize::MAX), lists(value))).collect();
        items.sort_by_key(|(number, _)| *number);
        return Json::Array(items.into_iter().map(|(_, value)| value).collect());
    }
    Json::Object(fields.into_iter().map(|(key, value)| (key, lists(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_read_and_makes_sense() {
        let sources: Sources = toml::from_str(MESSAGES).unwrap();
        let all = [
            &sources.instructions,
            &sources.input,
            &sources.output,
            &sources.arguments,
            &sources.result,
            &sources.query,
            &sources.documents,
        ];
        for (at, section) in all.into_iter().enumerate() {
            assert!(!section.is_empty());
            for (nth, source) in section.iter().enumerate() {
                assert!(source.key.is_empty() == source.event.is_some(), "a key or an event: {source:?}");
                assert!(source.attr.is_none() || source.event.is_some(), "{source:?}");
                assert!(!source.key.trim_end_matches(".*").contains('*'), "{source:?}");
                assert!(!source.of.is_empty(), "{source:?}");
                assert_eq!(at < 3, source.speaker != Speaker::default(), "who speaks, in messages only: {source:?}");
                let same = |other: &Source| {
                    (&other.key, &other.path, &other.event) == (&source.key, &source.path, &source.event)
                };
                assert!(
                    !section[..nth].iter().any(|other| same(other) && other.attr == source.attr),
                    "twice: {source:?}"
                );
            }
        }
    }

    #[test]
    fn flattened_keys_become_trees() {
        let members = [
            ("role", Json::from("user")),
            ("tool_calls.1.id", Json::from("b")),
            ("tool_calls.0.id", Json::from("a")),
            ("a", Json::from(1)),
            ("a.b", Json::from(2)),
        ];
        let expected = serde_json::json!({"role": "user", "tool_calls": [{"id": "a"}, {"id": "b"}], "a": {"b": 2}});
        assert_eq!(tree(members.into_iter()), expected);
        assert_eq!(tree([("", Json::from("plain"))].into_iter()), Json::from("plain"));
    }
}
