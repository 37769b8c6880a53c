//! The tools that a model asked for, read from its answer when somebody wants to know.

use serde_json::Value as Json;

use super::facts::{At, Facts};
use super::field::Field;
use super::resolve::Resolved;
use crate::model::{SpanIx, TraceStore, Value};

/// A tool that a model asked for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct AskedTool {
    /// Id of the call; empty when not stated.
    pub id: String,
    /// Name of the tool; empty when not stated.
    pub name: String,
}

/// What the answer of `span` asks for, in order.
pub fn asked(store: &TraceStore, resolved: &Resolved, span: SpanIx) -> Vec<AskedTool> {
    let mut facts = Facts::default();
    facts.read(store, resolved, span);
    let Some(At::Attr(_, rule)) = facts.get(Field::AskedTools).map(|fact| fact.at) else { return Vec::new() };
    let rule = &resolved.tables.keys[usize::from(rule)];
    let mut asked = Vec::new();
    if let Some((prefix, _)) = rule.key.split_once(".*.") {
        flattened(store, span, prefix, &mut asked);
    } else if let Some(text) = store.span(span).attr(&rule.key).and_then(Value::sym).map(|sym| store.text(sym))
        && let Ok(json) = serde_json::from_str(text)
    {
        nested(&json, &mut asked);
    }
    asked
}

/// One attribute per id and name: `….tool_calls.0.id`, `….tool_calls.0.tool_call.function.name`.
fn flattened(store: &TraceStore, span: SpanIx, prefix: &str, asked: &mut Vec<AskedTool>) {
    let mut calls: Vec<(String, AskedTool)> = Vec::new();
    for attr in store.span(span).attrs() {
        let key = store.text(attr.key);
        let Some((head, tail)) = key.rsplit_once("tool_calls.").filter(|_| key.starts_with(prefix)) else { continue };
        let Some((number, field)) = tail.split_once('.') else { continue };
        let place = format!("{head}{number}");
        let at = calls.iter().position(|(known, _)| *known == place).unwrap_or_else(|| {
            calls.push((place, AskedTool::default()));
            calls.len() - 1
        });
        let value = store.value_text(attr.value);
        match field {
            "id" | "tool_call.id" => calls[at].1.id = value,
            "name" | "tool_call.function.name" => calls[at].1.name = value,
            _ => {}
        }
    }
    asked.extend(calls.into_iter().map(|(_, call)| call));
}

/// Parts of messages, or a plain list of calls.
fn nested(json: &Json, asked: &mut Vec<AskedTool>) {
    let text = |json: &Json, keys: [&str; 2]| {
        let found = keys.iter().find_map(|key| json.get(key)?.as_str());
        found.unwrap_or_default().to_owned()
    };
    match json {
        Json::Array(items) => items.iter().for_each(|item| nested(item, asked)),
        Json::Object(fields) => {
            let kind = fields.get("type").and_then(Json::as_str).unwrap_or_default();
            if matches!(kind, "tool_call" | "tool-call" | "server_tool_call") || fields.contains_key("toolCallId") {
                asked.push(AskedTool { id: text(json, ["id", "toolCallId"]), name: text(json, ["name", "toolName"]) });
            } else if let Some(inside) = fields.get("parts").or_else(|| fields.get("tool_calls")) {
                nested(inside, asked);
            }
        }
        _ => {}
    }
}
