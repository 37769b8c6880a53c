//! E4: answers that are mostly reasoning.

use std::collections::BTreeSet;

use super::{Config, Context, Finding, Rule, Severity, count, percent};
use crate::analysis::genai::{Call, Counted, Field, ThinkingTime};
use crate::model::time::{MS, duration_text};
use crate::model::{SpanIx, grouped};

/// See the module.
pub struct Reasoning;

impl Rule for Reasoning {
    fn code(&self) -> &'static str {
        "E4"
    }

    fn title(&self) -> &'static str {
        "reasoning dominates"
    }

    fn is_on(&self, config: &Config) -> bool {
        config.E4.on
    }

    fn find(&self, context: &Context<'_>) -> Vec<Finding> {
        let calls = context.genai.calls().iter();
        let by_tokens: Vec<Thoughtful<'_>> = calls.filter_map(|call| Thoughtful::by_tokens(context, call)).collect();
        of_tokens(context, by_tokens).into_iter().chain(of_time(context)).collect()
    }
}

/// A call whose tokens are mostly reasoning.
struct Thoughtful<'a> {
    call: &'a Call,
    /// The call around it, which people look for: tokens are those of the innermost span that states them.
    outer: SpanIx,
    reasoning: u32,
    output: u32,
    was_cut_off: bool,
    thinking: Option<ThinkingTime>,
}

impl<'a> Thoughtful<'a> {
    fn by_tokens(context: &Context<'_>, call: &'a Call) -> Option<Self> {
        let limits = context.config.E4;
        let (reasoning, output) = call.tokens.reasoning.zip(call.tokens.output)?;
        let is_much =
            reasoning >= limits.least_tokens && f64::from(reasoning) >= f64::from(output) * limits.least_share;
        (call.counted.has(Counted::REASONING) && is_much).then(|| {
            let outer = context.outermost(call.span);
            let was_cut_off = was_cut_off(context, call.span) || was_cut_off(context, outer);
            let thinking = context.genai.thinking(context.store, call.span);
            let thinking = thinking.or_else(|| context.genai.thinking(context.store, outer));
            Self { call, outer, reasoning, output, was_cut_off, thinking }
        })
    }

    /// How long the reasoning took if all tokens take equally long, and what says when the first one was there.
    fn estimate<'g>(&self, context: &'g Context<'_>) -> Option<(i64, &'g str)> {
        let (ttft, total) = self.call.ttft.zip(context.store.span(self.call.span).duration_ns())?;
        let writing = total.saturating_sub(ttft.ns).max(0);
        let ns = writing / i64::from(self.output.max(1)) * i64::from(self.reasoning.min(self.output));
        Some((ns, context.genai.ttft_source(&ttft)))
    }
}

fn of_tokens(context: &Context<'_>, mut calls: Vec<Thoughtful<'_>>) -> Option<Finding> {
    if calls.is_empty() {
        return None;
    }
    calls.sort_by_key(|call| (std::cmp::Reverse(call.reasoning), call.outer));
    let sum = |of: &dyn Fn(&Thoughtful<'_>) -> u64| calls.iter().map(of).sum::<u64>();
    let (reasoning, output) = (sum(&|call| u64::from(call.reasoning)), sum(&|call| u64::from(call.output)));
    let cut_off = calls.iter().filter(|call| call.was_cut_off).count();
    let spans: Vec<SpanIx> = calls.iter().map(|call| call.outer).collect();
    let sentence = format!(
        "{} spent {} % of the tokens out on reasoning.",
        count(spans.len(), "model call"),
        percent(reasoning, output)
    );
    let mut finding = Finding::new("E4", Severity::Suspicious, "reasoning", sentence)
        .shown_by(&spans)
        .because(format!("{} reasoning tokens of {}", grouped(reasoning), grouped(output)))
        .with("calls", spans.len())
        .with("cut_off", cut_off)
        .with("reasoning_tokens", reasoning)
        .with("output_tokens", output);
    if cut_off > 0 {
        let calls = count(cut_off, "call");
        finding = finding.because(format!("{calls} ended at the limit of tokens, in the middle"));
    }
    let levels: BTreeSet<String> = calls.iter().filter_map(|call| level(context, call.outer)).collect();
    if !levels.is_empty() {
        let levels = levels.into_iter().collect::<Vec<_>>().join(", ");
        finding = finding.because(format!("asked for with reasoning level {levels}"));
    }
    let typed: Vec<ThinkingTime> = calls.iter().filter_map(|call| call.thinking).collect();
    if !typed.is_empty() {
        finding = with_time(finding, &typed);
    }
    let untyped = calls.iter().filter(|call| call.thinking.is_none());
    let estimates: Vec<(i64, &str)> = untyped.filter_map(|call| call.estimate(context)).collect();
    let estimate = estimates.iter().fold(0_i64, |sum, (ns, _)| sum.saturating_add(*ns));
    if estimate > 0 {
        let keys: BTreeSet<&str> = estimates.iter().map(|(_, key)| *key).collect();
        let (time, keys) = (duration_text(estimate), keys.into_iter().collect::<Vec<_>>().join(", "));
        finding = finding.because(format!(
            "about {time}: an estimate, as if all tokens took equally long; the first token is that of {keys}, which \
             may be one of reasoning"
        ));
    }
    Some(finding)
}

/// Adds how long the reasoning took, by pieces that say what they are.
fn with_time(finding: Finding, typed: &[ThinkingTime]) -> Finding {
    let sum = |of: fn(&ThinkingTime) -> i64| typed.iter().map(of).fold(0_i64, i64::saturating_add);
    let (reasoning_ns, stream_ns) = (sum(|time| time.reasoning_ns), sum(|time| time.stream_ns));
    let share = percent(reasoning_ns.unsigned_abs(), stream_ns.unsigned_abs());
    let time = duration_text(reasoning_ns);
    finding
        .because(format!("{time}, {share} % of the time of the streams, by pieces that say what they are"))
        .with("reasoning_ns", reasoning_ns)
        .with("stream_ns", stream_ns)
}

/// Calls that state no reasoning tokens, and whose pieces say that the time was spent on reasoning.
fn of_time(context: &Context<'_>) -> Option<Finding> {
    let limits = context.config.E4;
    let calls = context.genai.calls();
    let states: BTreeSet<SpanIx> =
        calls.iter().filter(|call| call.tokens.reasoning.is_some()).map(|call| context.outermost(call.span)).collect();
    let mut found: Vec<(SpanIx, ThinkingTime)> = Vec::new();
    for call in calls.iter().filter(|call| call.is_model) {
        let outer = context.outermost(call.span);
        let is_known = states.contains(&outer) || found.iter().rev().take(8).any(|(span, _)| *span == outer);
        let Some(time) = context.genai.thinking(context.store, call.span).filter(|_| !is_known) else { continue };
        #[expect(clippy::cast_precision_loss, reason = "a share")]
        let is_most = time.reasoning_ns as f64 >= time.stream_ns as f64 * limits.least_share;
        if is_most && time.reasoning_ns >= limits.least_ms.saturating_mul(MS) {
            found.push((outer, time));
        }
    }
    if found.is_empty() {
        return None;
    }
    found.sort_by_key(|(span, time)| (std::cmp::Reverse(time.reasoning_ns), *span));
    let (spans, times): (Vec<SpanIx>, Vec<ThinkingTime>) = found.into_iter().unzip();
    let sentence = format!("{} spent most of the time on reasoning.", count(spans.len(), "model call"));
    let finding = Finding::new("E4", Severity::Suspicious, "time of reasoning", sentence).shown_by(&spans);
    let finding = with_time(finding, &times).because("no span states how many tokens that were");
    Some(finding.with("calls", spans.len()))
}

/// How much reasoning a call asked for.
fn level(context: &Context<'_>, span: SpanIx) -> Option<String> {
    context.genai.call(context.store, span)?.text(Field::ReasoningLevel).map(str::to_owned)
}

/// Whether the answer ended because no more tokens were allowed.
pub(super) fn was_cut_off(context: &Context<'_>, span: SpanIx) -> bool {
    let view = context.genai.call(context.store, span);
    let reasons = view.as_ref().and_then(|view| view.text(Field::FinishReason)).unwrap_or_default();
    let is_limit = |reason: &str| matches!(reason.to_ascii_lowercase().as_str(), "length" | "max_tokens");
    let number = |field| view.as_ref()?.text(field)?.parse::<u64>().ok();
    let is_at_limit = || {
        let (out, most) = (number(Field::OutputTokens), number(Field::MaxTokens));
        out.zip(most).is_some_and(|(out, most)| most > 0 && out >= most)
    };
    reasons.split(", ").any(is_limit) || is_at_limit()
}
