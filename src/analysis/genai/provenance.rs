//! Where the values of a whole store were read: per field the keys that gave it, and how often.

use std::collections::BTreeMap;

use super::GenAi;
use super::facts::{At, Facts};
use super::field::{Confidence, Field, Role};
use crate::model::{SpanIx, TraceStore};

/// A place that gave values of one field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldSource {
    /// The field.
    pub field: Field,
    /// The attribute's key, or `span name`.
    pub source: String,
    /// The convention that it belongs to.
    pub convention: String,
    /// How far it can be trusted.
    pub confidence: Confidence,
    /// How many spans have it from there.
    pub spans: u64,
    /// The first of them.
    pub first: SpanIx,
}

/// By field, in the order in which sources are believed. Visits every span.
pub fn sources(genai: &GenAi, store: &TraceStore) -> Vec<FieldSource> {
    let resolved = &genai.resolved;
    let mut found: BTreeMap<(Field, bool, u16), (u64, SpanIx)> = BTreeMap::new();
    let mut facts = Facts::default();
    for span in store.span_ixs().filter(|span| genai.role_of(*span) != Role::None) {
        facts.read(store, resolved, span);
        for (field, fact) in facts.all() {
            let key = match fact.at {
                At::Attr(_, rule) => (field, false, rule),
                At::Name(rule) => (field, true, rule),
            };
            found.entry(key).or_insert((0, span)).0 += 1;
        }
    }
    let source = |((field, is_name, rule), (spans, first)): ((Field, bool, u16), (u64, SpanIx))| {
        let at = usize::from(rule);
        let (source, convention, confidence) = if is_name {
            ("span name".to_owned(), resolved.tables.names[at].of.clone(), Confidence::Inferred)
        } else {
            let rule = &resolved.tables.keys[at];
            (rule.source(), rule.of.clone(), rule.sure)
        };
        FieldSource { field, source, convention, confidence, spans, first }
    };
    found.into_iter().map(source).collect()
}
