//! E13: phases longer than their span, totals that do not add up, records of spans that never came.

use super::{Config, Context, Finding, Rule, Severity, count, verb};
use crate::analysis::genai::{Counted, Role};
use crate::model::SpanIx;

/// See the module.
pub struct Extras;

impl Rule for Extras {
    fn code(&self) -> &'static str {
        "E13"
    }

    fn title(&self) -> &'static str {
        "times and records that cannot be right"
    }

    fn is_on(&self, config: &Config) -> bool {
        config.E13.on
    }

    fn find(&self, context: &Context<'_>) -> Vec<Finding> {
        [too_long(context), roll_ups(context), pending(context)].into_iter().flatten().collect()
    }
}

/// Phases that reach beyond their span.
fn too_long(context: &Context<'_>) -> Option<Finding> {
    let is_outside = |span: &SpanIx| context.genai.phases(*span).iter().any(|part| part.is_outside);
    let spans: Vec<SpanIx> = context.genai.calls().iter().map(|call| call.span).filter(is_outside).collect();
    let (calls, states) = (count(spans.len(), "model call"), verb(spans.len(), "states", "state"));
    let sentence = format!("{calls} {states} phases that do not fit into the duration.");
    let finding = Finding::new("E13", Severity::Suspicious, "phases that do not fit", sentence).shown_by(&spans);
    (!spans.is_empty()).then(|| finding.because("a wrong unit, another clock, or an early end of the span"))
}

/// Spans that restate the tokens of the calls below them, and say something else.
fn roll_ups(context: &Context<'_>) -> Option<Finding> {
    let calls = context.genai.calls();
    let mut sums = vec![0_u64; calls.len()];
    for call in calls.iter().filter(|call| call.counted.has(Counted::INPUT)) {
        let mut outer = call.outer;
        while let Some(at) = outer {
            sums[at as usize] += u64::from(call.tokens.input.unwrap_or(0));
            outer = calls[at as usize].outer;
        }
    }
    let differs = calls.iter().zip(sums).filter(|(call, sum)| {
        !call.is_model && call.tokens.input.is_some_and(|total| *sum > 0 && u64::from(total) != *sum)
    });
    let spans: Vec<SpanIx> = differs.map(|(call, _)| call.span).collect();
    let states = verb(spans.len(), "states", "state");
    let spans_text = count(spans.len(), "span");
    let sentence = format!("{spans_text} {states} other token totals than the calls below add up to.");
    let finding = Finding::new("E13", Severity::Suspicious, "token totals", sentence).shown_by(&spans);
    (!spans.is_empty())
        .then(|| finding.because("calls are missing below them, or counted twice; only the calls are added here"))
}

/// Records that a span began, without the span.
fn pending(context: &Context<'_>) -> Option<Finding> {
    // The record is a child of the span that it announces.
    let is_pending =
        |span: &SpanIx| context.genai.role_of(*span) == Role::Pending && context.store.span(*span).parent().is_none();
    let spans: Vec<SpanIx> = context.store.span_ixs().filter(is_pending).collect();
    let sentence = format!("{} began and never ended: still running, or lost.", count(spans.len(), "span"));
    let finding = Finding::new("E13", Severity::Unknown, "pending spans", sentence).shown_by(&spans);
    (!spans.is_empty()).then(|| finding.because("logfire.span_type is pending_span"))
}
