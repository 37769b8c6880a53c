//! E9: spans and attributes that somebody relies on, and that are not there: which, why that may be, what to do.

use std::collections::{BTreeMap, BTreeSet};

use super::contract::Promise;
use super::{Context, Finding, Severity, count, figure, verb};
use crate::analysis::genai::{Role, keys_of_same_field};
use crate::model::{SpanIx, Value};

/// Names that are listed where a promised one is missing.
const MOST_NAMES: usize = 4;

/// Everything in which the spans break the contract.
pub fn find(context: &Context<'_>) -> Vec<Finding> {
    let promises = context.contract.map_or(&[][..], |contract| &contract.promises);
    promises.iter().flat_map(|promise| Reader { context, promise }.broken()).collect()
}

struct Reader<'a> {
    context: &'a Context<'a>,
    promise: &'a Promise,
}

impl Reader<'_> {
    fn broken(&self) -> Vec<Finding> {
        let store = self.context.store;
        let mut is_called: BTreeMap<u32, bool> = BTreeMap::new();
        let is_called = |span: &SpanIx| {
            let view = store.span(*span);
            *is_called.entry(view.name_sym().0).or_insert_with(|| self.promise.is_called(view.name()))
        };
        let spans: Vec<SpanIx> =
            store.span_ixs().filter(|span| self.has_role(*span) && self.promise.is_of(self.service(*span))).collect();
        let promised: Vec<SpanIx> = spans.iter().copied().filter(is_called).collect();
        if promised.len() < self.promise.least {
            return vec![self.too_few(&promised, &spans)];
        }
        self.promise.attributes.iter().filter_map(|key| self.lacking(key, &promised)).collect()
    }

    fn has_role(&self, span: SpanIx) -> bool {
        self.promise.role().is_none_or(|role| self.context.genai.role_of(span) == role)
    }

    fn service(&self, span: SpanIx) -> &str {
        let attrs = &self.context.store.span(span).resource().attrs;
        self.context.store.find_text(attrs, "service.name").unwrap_or_default()
    }

    fn why(&self) -> String {
        if self.promise.why.is_empty() { String::new() } else { format!(", which {} relies on", self.promise.why) }
    }

    /// `alike` are the spans of the same kind and service, whatever they are called.
    fn too_few(&self, promised: &[SpanIx], alike: &[SpanIx]) -> Finding {
        let (words, least) = (self.promise.words(), self.promise.least);
        let sentence = match promised.len() {
            0 => format!("There is no span {words}{}.", self.why()),
            n => format!(
                "There {} {}, not {least}, {words}{}.",
                verb(n, "is", "are"),
                count(n, "span"),
                self.why(),
                least = figure(least)
            ),
        };
        Finding::new("E9", Severity::Suspicious, format!("contract: {words}"), sentence)
            .shown_by(promised)
            .because(self.instead(alike))
            .with("spans", promised.len())
            .with("least", least)
    }

    /// What may have become of spans that are not there, and what to do.
    fn instead(&self, alike: &[SpanIx]) -> String {
        let names = |spans: &mut dyn Iterator<Item = SpanIx>| {
            let names: BTreeSet<&str> = spans.map(|span| self.context.store.span(span).name()).collect();
            names.into_iter().take(MOST_NAMES).collect::<Vec<_>>().join(", ")
        };
        let is_ai = |span: &SpanIx| self.context.genai.role_of(*span) != Role::None;
        let others = names(&mut alike.iter().copied().filter(|span| self.promise.role().is_some() || is_ai(span)));
        if !others.is_empty() {
            return format!("spans there are called {others}: name them in the contract, or give the old name back");
        }
        let store = self.context.store;
        let elsewhere: BTreeSet<&str> = store
            .span_ixs()
            .filter(|span| self.promise.name.is_some() && self.promise.is_called(store.span(*span).name()))
            .map(|span| self.service(span))
            .collect();
        match elsewhere.into_iter().next() {
            Some(service) => format!("spans of that name are in {service}: correct the service, or the contract"),
            None => {
                "nothing like it is here: see whether it is collected, sampled away, or called otherwise".to_owned()
            }
        }
    }

    fn lacking(&self, key: &str, promised: &[SpanIx]) -> Option<Finding> {
        let store = self.context.store;
        let has = |span: SpanIx, key: &str| {
            let view = store.span(span);
            let value = view.attr(key).or_else(|| store.find_attr(&view.resource().attrs, key));
            value.or_else(|| store.find_attr(&view.scope().attrs, key)).is_some_and(|value| value != Value::Empty)
        };
        let spans: Vec<SpanIx> = promised.iter().copied().filter(|span| !has(*span, key)).collect();
        if spans.is_empty() {
            return None;
        }
        let sentence = format!(
            "{} of {} {} {} {key}{}.",
            figure(spans.len()),
            count(promised.len(), "span"),
            self.promise.words(),
            verb(spans.len(), "lacks", "lack"),
            self.why()
        );
        let others: BTreeSet<&str> = keys_of_same_field(key)
            .filter(|other| *other != key && spans.iter().any(|span| has(*span, other)))
            .collect();
        let remedy = if others.is_empty() {
            "nothing else on them says the same: see what stopped writing it".to_owned()
        } else {
            let others: Vec<&str> = others.into_iter().collect();
            format!("they say it as {}: read both names, or rename it where spans are collected", others.join(", "))
        };
        Some(
            Finding::new("E9", Severity::Suspicious, format!("contract: {key}"), sentence)
                .shown_by(&spans)
                .because(remedy)
                .with("spans_checked", promised.len())
                .with("spans_lacking", spans.len()),
        )
    }
}
