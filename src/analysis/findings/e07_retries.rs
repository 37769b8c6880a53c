//! E7: the same thing tried again and again, on one layer or on several, in sight or hidden in one span.

use super::{Config, Context, Finding, Rule, Severity, count, verb};
use crate::analysis::genai::{Field, Retry};
use crate::model::SpanIx;
use crate::model::time::duration_text;

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
        let retries = context.genai.retries();
        let mut findings: Vec<Finding> = retries
            .iter()
            .filter(|retry| retry.attempts.len() >= limits.least_attempts || layers(context, retry) > 1)
            .map(|retry| seen(context, retry))
            .collect();
        findings.extend(hidden(context, limits.least_resends));
        findings
    }
}

/// How many attempts the topmost retry comes to with those inside of it.
fn layers(context: &Context<'_>, retry: &Retry) -> usize {
    let above =
        std::iter::successors(context.store.span(retry.attempts[0]).parent(), |&up| context.store.span(up).parent());
    1 + above.filter(|up| context.genai.retry_of(*up).is_some()).count()
}

fn seen(context: &Context<'_>, retry: &Retry) -> Finding {
    let name = context.store.span(retry.attempts[0]).name();
    let wait: i64 = retry.backoff_ns.iter().fold(0, |sum, gap| sum.saturating_add(*gap));
    let end = if retry.succeeded { "the last attempt succeeded" } else { "none succeeded" };
    let sentence = format!("{name} took {} attempts; {end}.", retry.attempts.len());
    let mut finding = Finding::new("E7", Severity::Suspicious, name, sentence)
        .shown_by(&retry.attempts)
        .because(format!("{} between attempts", duration_text(wait)));
    let growing = retry.backoff_ns.windows(2).all(|pair| pair[1] >= pair[0]);
    if retry.backoff_ns.len() > 1 && growing {
        finding = finding.because("the gaps grow");
    }
    if retry.wasted_tokens > 0 {
        finding = finding.because(format!("{} tokens in failed attempts", retry.wasted_tokens));
    }
    if retry.is_fallback {
        finding = finding.because("another model or tool was tried");
    }
    let layers = layers(context, retry);
    if layers > 1 {
        finding = finding.because(format!("inside of another retry: {layers} layers try again"));
    }
    finding
}

/// Spans that say that they sent their request again, without the attempts being spans.
fn hidden(context: &Context<'_>, least: i64) -> Option<Finding> {
    let resends = |span: SpanIx| -> Option<i64> {
        let view = context.genai.call(context.store, span)?;
        view.text(Field::ResendCount)?.parse().ok()
    };
    let is_hidden = |span: &SpanIx| {
        context.genai.was_resent(*span)
            && context.genai.retry_of(*span).is_none()
            && resends(*span).is_some_and(|n| n >= least)
    };
    let spans: Vec<SpanIx> = context.store.span_ixs().filter(is_hidden).collect();
    if spans.is_empty() {
        return None;
    }
    let total: i64 = spans.iter().filter_map(|span| resends(*span)).sum();
    let (spans_text, hide) = (count(spans.len(), "span"), verb(spans.len(), "hides", "hide"));
    let sentence = format!("{spans_text} {hide} retries: requests were sent again {total} times inside.");
    Some(
        Finding::new("E7", Severity::Suspicious, "hidden retries", sentence)
            .shown_by(&spans)
            .because("http.request.resend_count or lk.retry_count"),
    )
}
