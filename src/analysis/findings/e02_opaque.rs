//! E2: model calls that do not say where their time went.

use super::{Config, Context, Finding, Rule, Severity, count, percent};
use crate::analysis::genai::{Field, Origin};
use crate::model::SpanIx;
use crate::model::time::{MS, duration_text};

/// See the module.
pub struct Opaque;

impl Rule for Opaque {
    fn code(&self) -> &'static str {
        "E2"
    }

    fn title(&self) -> &'static str {
        "opaque model calls"
    }

    fn is_on(&self, config: &Config) -> bool {
        config.E2.on
    }

    fn find(&self, context: &Context<'_>) -> Vec<Finding> {
        // One root cause per provider: whoever runs the model says nothing about its time.
        let mut providers: Vec<(String, Vec<SpanIx>, i64, i64)> = Vec::new();
        for call in context.genai.calls().iter().filter(|call| call.is_model && call.outer.is_none()) {
            let parts = context.genai.phases(call.span);
            let total: i64 = context.store.span(call.span).duration_ns().unwrap_or(0).max(0);
            let is_opaque = !parts.is_empty() && parts.iter().all(|part| part.origin == Origin::Unaccounted);
            let view = context.genai.call(context.store, call.span);
            let provider = view.as_ref().and_then(|view| view.text(Field::Provider).or_else(|| view.model()));
            let provider = provider.unwrap_or("the provider").to_owned();
            let at = providers.iter().position(|(known, ..)| *known == provider).unwrap_or_else(|| {
                providers.push((provider, Vec::new(), 0, 0));
                providers.len() - 1
            });
            let (_, spans, opaque, all) = &mut providers[at];
            *all = all.saturating_add(total);
            // A call that failed says so; where its time went matters less.
            if is_opaque && !context.genai.has_failed(call.span) {
                spans.push(call.span);
                *opaque = opaque.saturating_add(total);
            }
        }
        let limits = context.config.E2;
        providers.retain(|(_, spans, opaque, all)| {
            #[expect(clippy::cast_precision_loss, reason = "a share")]
            let share = *opaque as f64 / (*all).max(1) as f64;
            !spans.is_empty() && *opaque >= limits.least_ms * MS && share >= limits.least_share
        });
        providers.into_iter().map(|(provider, spans, opaque, all)| finding(&provider, &spans, opaque, all)).collect()
    }
}

fn finding(provider: &str, spans: &[SpanIx], opaque: i64, all: i64) -> Finding {
    let calls = count(spans.len(), "model call");
    let sentence = format!(
        "{calls} of {provider} ({}) {} not say where the time went: network, queue, prefill and decode cannot be told apart.",
        duration_text(opaque),
        if spans.len() == 1 { "does" } else { "do" },
    );
    Finding::new("E2", Severity::Unknown, provider, sentence)
        .shown_by(spans)
        .because(format!("{} % of the time of its calls", percent(opaque.unsigned_abs(), all.unsigned_abs())))
        .because("no stage spans, no durations, no time to first token, no server header")
}
