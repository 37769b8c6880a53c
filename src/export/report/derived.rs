//! Where derived values come from: per field for the whole workspace, per value for model calls.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::analysis::genai::{Field, GenAi, Known, Role};
use crate::model::{ScopeIx, SpanIx, Sym, TraceStore};

/// Model calls whose values are listed one by one.
const MOST_CALLS: usize = 500;

/// A key that gave values of one field.
#[derive(Clone, Debug, Serialize)]
pub struct SourceReport {
    /// The field.
    pub field: &'static str,
    /// The attribute's key, or `span name`.
    pub source: String,
    /// The convention that it belongs to.
    pub convention: String,
    /// `stated`, `assumed` or `inferred`.
    pub confidence: String,
    /// How many spans have it from there.
    pub spans: u64,
    /// The id of the first of them.
    pub first: String,
}

/// Spans of one scope and name that are looked at: they are written alike.
const MOST_ALIKE: usize = 200;

/// Which conventions an instrumentation scope follows.
#[derive(Clone, Debug, Serialize)]
pub struct ConventionReport {
    /// Name of the scope; empty when not stated.
    pub scope: String,
    /// Its version; empty when not stated.
    pub version: String,
    /// Its schema; empty when not stated.
    pub schema_url: String,
    /// Its spans of AI conversations.
    pub spans: u64,
    /// The conventions, by name.
    pub conventions: Vec<String>,
}

/// What was derived from one model call.
#[derive(Clone, Debug, Serialize)]
pub struct CallReport {
    /// Its span's id.
    pub span: String,
    /// Its span's name.
    pub name: String,
    /// The values.
    pub values: Vec<ValueReport>,
}

/// A derived value.
#[derive(Clone, Debug, Serialize)]
pub struct ValueReport {
    /// The field.
    pub field: &'static str,
    /// The value as text: durations in nanoseconds, moments in Unix nanoseconds.
    pub value: String,
    /// The attribute's key, or `span name`.
    pub source: String,
    /// `stated`, `assumed` or `inferred`.
    pub confidence: String,
}

/// Where all values of `store` were read.
pub fn sources(genai: &GenAi, store: &TraceStore) -> Vec<SourceReport> {
    let sources = genai.sources(store).into_iter().map(|source| SourceReport {
        field: source.field.name(),
        source: source.source,
        convention: source.convention,
        confidence: source.confidence.to_string(),
        spans: source.spans,
        first: id(store, source.first),
    });
    sources.collect()
}

/// The conventions that each scope of AI spans follows, by scope.
pub fn conventions(genai: &GenAi, store: &TraceStore) -> Vec<ConventionReport> {
    let mut scopes: BTreeMap<ScopeIx, (u64, BTreeSet<String>)> = BTreeMap::new();
    let mut looked_at: BTreeMap<(ScopeIx, Sym), usize> = BTreeMap::new();
    for span in store.span_ixs().filter(|span| genai.role_of(*span) != Role::None) {
        let view = store.span(span);
        let (spans, conventions) = scopes.entry(view.scope_ix()).or_default();
        *spans += 1;
        let seen = looked_at.entry((view.scope_ix(), view.name_sym())).or_default();
        *seen += 1;
        if *seen <= MOST_ALIKE {
            conventions.extend(genai.view(store, span).known.into_iter().map(|known| known.convention));
        }
    }
    // Inputs have scopes of their own: those that say the same are one.
    let mut merged: BTreeMap<[&str; 3], (u64, BTreeSet<String>)> = BTreeMap::new();
    for (ix, (spans, conventions)) in scopes {
        let scope = &store.scopes()[ix.at()];
        let known = merged.entry([scope.name, scope.version, scope.schema_url].map(|sym| store.text(sym))).or_default();
        known.0 += spans;
        known.1.extend(conventions);
    }
    let report = |([scope, version, schema_url], (spans, conventions)): ([&str; 3], (u64, BTreeSet<String>))| {
        let [scope, version, schema_url] = [scope, version, schema_url].map(str::to_owned);
        ConventionReport { scope, version, schema_url, spans, conventions: conventions.into_iter().collect() }
    };
    merged.into_iter().map(report).collect()
}

/// The first model calls with their values. What was said is no value: reports never hold contents.
pub fn calls(genai: &GenAi, store: &TraceStore) -> Vec<CallReport> {
    let calls = genai.calls().iter().filter(|call| genai.role_of(call.span) == Role::Model).take(MOST_CALLS);
    let call = |span: SpanIx| {
        let view = genai.call(store, span)?;
        let mut values: Vec<ValueReport> =
            view.known.iter().filter(|known| !is_content(known.field)).map(value).collect();
        if let Some((ns, source, confidence)) = view.ttft() {
            values.push(ValueReport {
                field: "first_token_after",
                value: ns.to_string(),
                source: source.to_owned(),
                confidence: confidence.to_string(),
            });
        }
        Some(CallReport { span: id(store, span), name: store.span(span).name().to_owned(), values })
    };
    calls.filter_map(|known| call(known.span)).collect()
}

const fn is_content(field: Field) -> bool {
    matches!(field, Field::SystemPrompt | Field::ToolDefinitions | Field::AskedTools)
}

fn value(known: &Known) -> ValueReport {
    ValueReport {
        field: known.field.name(),
        value: known.text.clone(),
        source: known.source.clone(),
        confidence: known.confidence.to_string(),
    }
}

fn id(store: &TraceStore, span: SpanIx) -> String {
    store.span_id_text(store.span(span).id())
}
