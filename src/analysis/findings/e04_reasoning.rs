//! E4: answers that are mostly reasoning.

use std::collections::BTreeSet;

use super::{Config, Context, Finding, Rule, Severity, count, percent};
use crate::analysis::genai::{Counted, Field};
use crate::model::time::duration_text;
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
        let limits = context.config.E4;
        let mut calls: Vec<(u32, SpanIx)> = Vec::new();
        let (mut reasoning, mut output, mut estimate, mut cut_off, mut typed) = (0_u64, 0_u64, 0_i64, 0_u64, 0_i64);
        let mut keys: BTreeSet<String> = BTreeSet::new();
        for call in context.genai.calls().iter().filter(|call| call.counted.has(Counted::REASONING)) {
            let (Some(thought), Some(out)) = (call.tokens.reasoning, call.tokens.output) else { continue };
            if thought < limits.least_tokens || f64::from(thought) < f64::from(out) * limits.least_share {
                continue;
            }
            // The tokens are those of the innermost span that states them; people look for the call around it.
            let outer = context.outermost(call.span);
            calls.push((thought, outer));
            reasoning += u64::from(thought);
            output += u64::from(out);
            cut_off += u64::from(was_cut_off(context, call.span) || was_cut_off(context, outer));
            if let Some(ns) = context.genai.reasoning_ns(context.store, call.span) {
                typed = typed.saturating_add(ns);
            } else if let (Some(ttft), Some(total)) = (call.ttft, context.store.span(call.span).duration_ns()) {
                keys.insert(context.genai.ttft_source(&ttft).to_owned());

                let writing = total.saturating_sub(ttft.ns).max(0);
                estimate = estimate.saturating_add(writing / i64::from(out.max(1)) * i64::from(thought.min(out)));
            }
        }
        if calls.is_empty() {
            return Vec::new();
        }
        calls.sort_by_key(|(thought, span)| (std::cmp::Reverse(*thought), *span));
        let spans: Vec<SpanIx> = calls.into_iter().map(|(_, span)| span).collect();
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
            let calls = count(usize::try_from(cut_off).unwrap_or(usize::MAX), "call");
            finding = finding.because(format!("{calls} ended at the limit of tokens, in the middle"));
        }
        if typed > 0 {
            let time = duration_text(typed);
            finding = finding.because(format!("{time}, by pieces that say what they are")).with("reasoning_ns", typed);
        }
        if estimate > 0 {
            let (time, keys) = (duration_text(estimate), keys.into_iter().collect::<Vec<_>>().join(", "));
            finding = finding.because(format!(
                "about {time}: an estimate, as if all tokens took equally long; the first token is that of {keys}, \
                 which may be one of reasoning"
            ));
        }
        vec![finding]
    }
}

/// Whether the answer ended because no more tokens were allowed.
fn was_cut_off(context: &Context<'_>, span: SpanIx) -> bool {
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
