//! E7: the same thing tried again and again, on one layer or on several, in sight or hidden in one span.

use std::collections::{BTreeMap, BTreeSet};

use super::{Config, Context, Finding, Rule, Severity, e07_hidden, figure};
use crate::analysis::genai::Retry;
use crate::analysis::telling_apart::told_apart;
use crate::model::time::duration_text;
use crate::model::{SpanIx, grouped};

/// See the module.
pub struct Retries;

impl Rule for Retries {
    fn code(&self) -> &'static str {
        "E7"
    }

    fn title(&self) -> &'static str {
        "retry cascades"
    }

    fn is_on(&self, config: &Config) -> bool {
        config.E7.on
    }

    fn find(&self, context: &Context<'_>) -> Vec<Finding> {
        let limits = context.config.E7;
        let cascades = cascades(context);
        let is_one = |cascade: &&Cascade<'_>| {
            let attempts = cascade.all().map(|retry| retry.attempts.len()).max().unwrap_or(0);
            attempts >= limits.least_attempts || cascade.layers > 1
        };
        let told: Vec<&Cascade<'_>> = cascades.iter().filter(is_one).collect();
        let shown: BTreeSet<SpanIx> =
            told.iter().flat_map(|it| it.all()).flat_map(|retry| &retry.attempts).copied().collect();
        let seen = told.into_iter().map(|cascade| seen(context, cascade));
        seen.chain(e07_hidden::find(context, &shown)).collect()
    }
}

/// A retry that is inside of no other one, with those inside of it.
struct Cascade<'a> {
    outer: &'a Retry,
    inner: Vec<&'a Retry>,
    layers: usize,
    /// Attempts that have no attempts inside: what really was asked for.
    requests: usize,
}

impl<'a> Cascade<'a> {
    fn all(&self) -> impl Iterator<Item = &'a Retry> {
        std::iter::once(self.outer).chain(self.inner.iter().copied())
    }
}

/// All retries, each with those inside of it: one root cause, however many layers try again.
fn cascades<'a>(context: &Context<'a>) -> Vec<Cascade<'a>> {
    let retries = context.genai.retries();
    // Per retry: the attempts that it is inside of, the nearest one first.
    let around = |retry: &Retry| -> Vec<(SpanIx, usize)> {
        let above = std::iter::successors(context.store.span(retry.attempts[0]).parent(), |&up| {
            context.store.span(up).parent()
        });
        above.filter_map(|up| Some((up, context.genai.retry_of(up)?))).collect()
    };
    let mut cascades: BTreeMap<usize, Cascade<'a>> = BTreeMap::new();
    let mut covered: BTreeMap<usize, BTreeSet<SpanIx>> = BTreeMap::new();
    for (at, retry) in retries.iter().enumerate() {
        let around = around(retry);
        let top = around.last().map_or(at, |(_, top)| *top);
        let cascade = cascades.entry(top).or_insert_with(|| Cascade {
            outer: &retries[top],
            inner: Vec::new(),
            layers: 1,
            requests: 0,
        });
        cascade.requests += retry.attempts.len();
        cascade.layers = cascade.layers.max(around.len() + 1);
        if top != at {
            cascade.inner.push(retry);
            covered.entry(top).or_default().extend(around.first().map(|(attempt, _)| *attempt));
        }
    }
    for (top, covered) in covered {
        if let Some(cascade) = cascades.get_mut(&top) {
            cascade.requests = cascade.requests.saturating_sub(covered.len());
        }
    }
    cascades.into_values().collect()
}

fn seen(context: &Context<'_>, cascade: &Cascade<'_>) -> Finding {
    let Cascade { outer, layers, requests, .. } = cascade;
    let name = context.store.span(outer.attempts[0]).name();
    let (attempts, requests_text) = (outer.attempts.len(), figure(*requests));
    let attempts_text = figure(attempts);
    let waited_ns = cascade.all().flat_map(|retry| &retry.backoff_ns).fold(0_i64, |sum, gap| sum.saturating_add(*gap));
    let wasted: u64 = cascade.all().map(|retry| retry.wasted_tokens).sum();
    let end = if outer.succeeded { "the last attempt succeeded" } else { "none succeeded" };
    let sentence = match layers {
        1 => format!("{name} took {attempts_text} attempts; {end}."),
        _ => format!(
            "{name} took {attempts_text} attempts, and what it calls was tried again inside: {requests_text} requests in {layers} \
             layers; {end}."
        ),
    };
    let spans: Vec<SpanIx> = cascade.all().flat_map(|retry| &retry.attempts).copied().collect();
    let mut finding = Finding::new("E7", Severity::Suspicious, name, sentence)
        .shown_by(&spans)
        .because(format!("{} between attempts", duration_text(waited_ns)))
        .with("attempts", attempts)
        .with("requests", *requests)
        .with("layers", *layers)
        .with("waited_ns", waited_ns);
    let growing = outer.backoff_ns.windows(2).all(|pair| pair[1] >= pair[0]);
    if outer.backoff_ns.len() > 1 && growing {
        finding = finding.because("the gaps grow");
    }
    if wasted > 0 {
        finding =
            finding.because(format!("{} tokens in failed attempts", grouped(wasted))).with("wasted_tokens", wasted);
    }
    if cascade.all().any(|retry| retry.is_fallback) {
        finding = finding.because("another model or tool was tried");
    }
    if *layers > 1 {
        let inside = cascade.inner.iter().max_by_key(|retry| retry.attempts.len());
        let (first, inside) = (outer.attempts[0], inside.map_or(outer.attempts[0], |retry| retry.attempts[0]));
        let [of_name, of_inside] = told_apart(context.store, context.domains, first, inside);
        let inside = context.store.span(inside).name();
        finding = finding
            .because(format!("each layer tries again for itself: {name}{of_name}, inside of it {inside}{of_inside}"));
    }
    finding
}
