//! E5: answers that broke off: said so, or ended without saying why where all others do; and attempts that began again
//! with what the one before had said already.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, Finding, Severity, count, figure, verb};
use crate::analysis::genai::{Answers, Call, Content, Field, Role};
use crate::model::{SpanFlags, SpanIx};

/// Of 100 calls of a kind so many have to say why they ended, for one that does not to be odd.
const USUAL_PERCENT: usize = 80;

/// All of them.
pub fn find(context: &Context<'_>, answers: &Answers<'_>) -> Vec<Finding> {
    let reasons = reasons(context);
    let found = [said(context, &reasons), silent(context, &reasons), again(context, answers)];
    found.into_iter().flatten().collect()
}

/// The calls that programs made, without those inside of them.
fn outermost<'c>(context: &'c Context<'_>) -> impl Iterator<Item = &'c Call> {
    context.genai.calls().iter().filter(|call| {
        call.is_model && context.genai.role_of(call.span) == Role::Model && context.outermost(call.span) == call.span
    })
}

/// Why a call ended, as it or a call inside of it says.
fn reasons(context: &Context<'_>) -> BTreeMap<SpanIx, String> {
    let mut reasons = BTreeMap::new();
    for call in context.genai.calls().iter().filter(|call| call.is_model) {
        let Some(view) = context.genai.call(context.store, call.span) else { continue };
        if let Some(reason) = view.text(Field::FinishReason) {
            reasons.entry(context.outermost(call.span)).or_insert_with(|| reason.to_owned());
        }
    }
    reasons
}

/// Answers whose reason for ending is an error, of calls that did not fail.
fn said(context: &Context<'_>, reasons: &BTreeMap<SpanIx, String>) -> Option<Finding> {
    let broke_off = |reason: &str| reason.split(", ").any(|reason| reason.eq_ignore_ascii_case("error"));
    let spans = reasons.iter().filter(|(_, reason)| broke_off(reason)).map(|(span, _)| *span);
    let spans: Vec<SpanIx> = spans.filter(|span| !context.genai.has_failed(*span)).collect();
    let calls = count(spans.len(), "call");
    let sentence = format!("{calls} got an answer that broke off, and did not fail.");
    let finding = Finding::new("E5", Severity::Suspicious, "answers that broke off", sentence).shown_by(&spans);
    (!spans.is_empty()).then(|| finding.because("the reason for its end is error").with("calls", spans.len()))
}

/// A kind of call: one process and model, streamed or not, because instrumentations know more about one or the other.
type Kind = (u32, String, bool);

/// Calls that do not say why they ended, where nearly all others of their kind do.
fn silent(context: &Context<'_>, reasons: &BTreeMap<SpanIx, String>) -> Option<Finding> {
    let mut kinds: BTreeMap<Kind, [Vec<SpanIx>; 2]> = BTreeMap::new();
    for call in outermost(context) {
        let (span, view) = (context.store.span(call.span), context.genai.view(context.store, call.span));
        // Whoever failed, still runs or only fetches an answer has no reason of its own.
        let has_end = !span.flags().has(SpanFlags::END_MISSING) && !context.genai.has_failed(call.span);
        if !has_end || span.name().starts_with("fetch_response") {
            continue;
        }
        let is_streamed = call.ttft.is_some() || view.text(Field::Stream) == Some("true");
        let kind = (span.resource_ix().0, view.model().unwrap_or_default().to_owned(), is_streamed);
        let says = usize::from(reasons.contains_key(&call.span));
        kinds.entry(kind).or_default()[says].push(call.span);
    }
    let is_odd = |[silent, says]: &&[Vec<SpanIx>; 2]| {
        let all = silent.len() + says.len();
        !silent.is_empty() && says.len() >= context.config.E5.least_peers && says.len() * 100 >= all * USUAL_PERCENT
    };
    let odd: Vec<&[Vec<SpanIx>; 2]> = kinds.values().filter(is_odd).collect();
    let spans: BTreeSet<SpanIx> = odd.iter().flat_map(|[silent, _]| silent).copied().collect();
    let spans: Vec<SpanIx> = spans.into_iter().collect();
    let others: usize = odd.iter().map(|[_, says]| says.len()).sum();
    let sentence = format!(
        "{} {} not say why the answer ended: it may have been closed early, or cut off.",
        count(spans.len(), "call"),
        verb(spans.len(), "does", "do")
    );
    let finding = Finding::new("E5", Severity::Unknown, "answers without an end", sentence).shown_by(&spans);
    let evidence =
        format!("{} of the same process and model {} it", count(others, "call"), verb(others, "says", "say"));
    (!spans.is_empty()).then(|| finding.because(evidence).with("calls", spans.len()).with("others", others))
}

/// Attempts that wrote again what the failed one before had written already.
fn again(context: &Context<'_>, answers: &Answers<'_>) -> Option<Finding> {
    let text = |span: SpanIx| {
        let messages = answers.of(span);
        let texts = messages.iter().flat_map(|message| &message.contents).filter_map(|content| match content {
            Content::Text(text) => Some(text.trim()),
            _ => None,
        });
        texts.collect::<Vec<_>>().join("\n")
    };
    let (mut spans, mut chars) = (Vec::new(), 0);
    let is_model = |span: &SpanIx| context.genai.role_of(*span) == Role::Model;
    for retry in context.genai.retries().iter().filter(|retry| retry.attempts.iter().all(is_model)) {
        let mut before = text(retry.attempts[0]);
        for &attempt in &retry.attempts[1..] {
            let now = text(attempt);
            let length = before.chars().count();
            if length >= context.config.E5.least_phrase && now.starts_with(before.as_str()) {
                spans.push(attempt);
                chars += length;
            }
            before = now;
        }
    }
    let attempts = count(spans.len(), "attempt");
    let sentence = format!("{attempts} wrote again what the one before had written already.");
    let finding = Finding::new("E5", Severity::Suspicious, "answers that began again", sentence).shown_by(&spans);
    let evidence = format!("{} characters of the failed answers are the beginning of the next ones", figure(chars));
    (!spans.is_empty()).then(|| finding.because(evidence).with("attempts", spans.len()).with("chars", chars))
}
