//! E2: model calls that do not say where their time went.

use std::collections::BTreeMap;

use super::{Config, Context, Finding, Rule, Severity, count, percent};
use crate::analysis::genai::{Field, Origin, TurnIx};
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
        let mut providers: Vec<Provider> = Vec::new();
        let innermost = innermost(context);
        for (call, inner) in context.genai.calls().iter().zip(innermost) {
            if !call.is_model || call.outer.is_some() {
                continue;
            }
            let parts = context.genai.phases(call.span);
            let ns = context.store.span(call.span).duration_ns().unwrap_or(0).max(0);
            let is_opaque = !parts.is_empty() && parts.iter().all(|part| part.origin == Origin::Unaccounted);
            // Frameworks call themselves the provider; the client inside of them knows better.
            let view = context.genai.call(context.store, inner);
            let name = view.as_ref().and_then(|view| view.text(Field::Provider).or_else(|| view.model()));
            let name = name.unwrap_or("the provider");
            let at = providers.iter().position(|known| known.name == name).unwrap_or_else(|| {
                providers.push(Provider { name: name.to_owned(), ..Provider::default() });
                providers.len() - 1
            });
            let provider = &mut providers[at];
            provider.all_ns = provider.all_ns.saturating_add(ns);
            // A call that failed says so; where its time went matters less.
            if is_opaque && !context.genai.has_failed(call.span) {
                provider.spans.push(call.span);
                provider.opaque_ns = provider.opaque_ns.saturating_add(ns);
            }
        }
        let limits = context.config.E2;
        providers.retain(|Provider { spans, opaque_ns, all_ns, .. }| {
            #[expect(clippy::cast_precision_loss, reason = "a share")]
            let share = *opaque_ns as f64 / (*all_ns).max(1) as f64;
            !spans.is_empty() && *opaque_ns >= limits.least_ms * MS && share >= limits.least_share
        });
        providers.iter().filter_map(|provider| finding(context, provider)).collect()
    }
}

/// For each call the span of the first call at the bottom of those inside of it, else its own.
fn innermost(context: &Context<'_>) -> Vec<SpanIx> {
    let calls = context.genai.calls();
    let mut inside: Vec<Option<usize>> = vec![None; calls.len()];
    for (at, call) in calls.iter().enumerate().filter(|(_, call)| call.is_model) {
        if let Some(known) = call.outer.and_then(|outer| inside.get_mut(outer as usize)) {
            known.get_or_insert(at);
        }
    }
    let bottom = |at| std::iter::successors(Some(at), |&at: &usize| inside[at]).last().unwrap_or(at);
    (0..calls.len()).map(|at| calls[bottom(at)].span).collect()
}

/// Whoever runs the model, and its calls.
#[derive(Default)]
struct Provider {
    name: String,
    /// Its calls that say nothing.
    spans: Vec<SpanIx>,
    opaque_ns: i64,
    /// Of all its calls.
    all_ns: i64,
}

fn finding(context: &Context<'_>, provider: &Provider) -> Option<Finding> {
    let Provider { name, spans, opaque_ns, all_ns } = provider;
    let of_turns = share_of_turns(context, spans);
    // What hardly anybody waited for is not worth a word.
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    if of_turns.is_some_and(|(_, share)| (share as f64) < context.config.E2.least_turn_share * 100.0) {
        return None;
    }
    let calls = count(spans.len(), "model call");
    let sentence = format!(
        "{calls} of {name} ({}) {} not say where the time went: network, queue, prefill and decode cannot be told apart.",
        duration_text(*opaque_ns),
        if spans.len() == 1 { "does" } else { "do" },
    );
    let finding = Finding::new("E2", Severity::Unknown, name, sentence)
        .shown_by(spans)
        .because(format!("{} % of the time of its calls", percent(opaque_ns.unsigned_abs(), all_ns.unsigned_abs())));
    let finding = match of_turns {
        Some((turns, share)) => finding
            .because(format!("{share} % of the time of {}", count(turns, "turn")))
            .with("percent_of_turns", share),
        None => finding,
    };
    let finding = finding.because("no stage spans, no durations, no time to first token, no server header");
    Some(finding.with("calls", spans.len()).with("opaque_ns", *opaque_ns))
}

/// The turns that `spans` are in, and how much of their time at least one of these calls takes. Told only where one
/// clock stamped the beginning of the turn and the calls.
fn share_of_turns(context: &Context<'_>, spans: &[SpanIx]) -> Option<(usize, u64)> {
    let mut by_turn: BTreeMap<TurnIx, Vec<(i64, i64)>> = BTreeMap::new();
    let mut all_ns = 0_u64;
    for &span in spans {
        let turn = context.genai.turn_of(span)?;
        let root = *context.genai.turns()[turn.at()].roots.first()?;
        if !context.is_one_clock(root, span) {
            return None;
        }
        let calls = by_turn.entry(turn).or_default();
        if calls.is_empty() {
            all_ns = all_ns.saturating_add(context.store.span(root).duration_ns()?.max(0).unsigned_abs());
        }
        calls.push(context.store.span(span).drawn_ns());
    }
    let turns = by_turn.len();
    let busy_ns = by_turn.into_values().map(union_ns).fold(0_u64, u64::saturating_add);
    (busy_ns <= all_ns && all_ns > 0).then(|| (turns, percent(busy_ns, all_ns)))
}

/// The time during which at least one of the intervals lasts.
pub(super) fn union_ns(mut intervals: Vec<(i64, i64)>) -> u64 {
    intervals.sort_unstable();
    let (mut busy, mut until) = (0_u64, i64::MIN);
    for (start, end) in intervals {
        if end > until {
            busy = busy.saturating_add(end.abs_diff(start.max(until)));
            until = end;
        }
    }
    busy
}
