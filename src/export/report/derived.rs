//! Where derived values come from: per field for the whole workspace, per value for model calls.

use serde::Serialize;

use crate::analysis::genai::{Field, GenAi, Known, Role};
use crate::model::{SpanIx, TraceStore};

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
