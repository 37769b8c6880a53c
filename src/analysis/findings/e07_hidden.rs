//! E7 inside of one span: attempts that no span of their own shows. Said by the span or by the requests below it; or
//! suspected, because the span lasts far longer than its answer and its server took.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, Finding, Severity, count, e07_unexplained, verb};
use crate::analysis::genai::{Call, Field, Role};
use crate::model::time::{MS, duration_text};
use crate::model::{SpanIx, SpanKind, grouped};

/// How far below a call its requests may be, and how many spans are looked at.
const DEPTH: usize = 4;
const MOST_BELOW: usize = 256;

/// All of it, but for attempts in `shown`, which are told already.
pub fn find(context: &Context<'_>, shown: &BTreeSet<SpanIx>) -> Vec<Finding> {
    let hidden: Vec<Hidden> = hidden(context, shown);
    let told: BTreeSet<SpanIx> = hidden.iter().map(|hidden| hidden.span).chain(shown.iter().copied()).collect();
    stated(context, &hidden).into_iter().chain(e07_unexplained::find(context, &told)).collect()
}

/// A span with attempts inside.
struct Hidden {
    span: SpanIx,
    /// How often its request was sent again.
    resends: i64,
    /// Requests below it that were refused, and HTTP statuses that they got.
    refused: Vec<SpanIx>,
    statuses: BTreeSet<String>,
    /// From the first refused request to the last one, on their own clock.
    lost_ns: i64,
    /// The attribute that states it; empty when only the requests show it.
    source: String,
    /// Tokens in of one attempt, where stated.
    input_tokens: u64,
}

fn hidden(context: &Context<'_>, shown: &BTreeSet<SpanIx>) -> Vec<Hidden> {
    let limits = context.config.E7;
    let is_ai = |span: &SpanIx| context.genai.role_of(*span) != Role::None;
    let spans = context.store.span_ixs().filter(is_ai);
    let mut found: Vec<Hidden> = spans.filter_map(|span| look_into(context, span, shown)).collect();
    found.retain(|hidden| {
        hidden.resends >= limits.least_resends || hidden.lost_ns >= limits.least_hidden_ms.saturating_mul(MS)
    });
    found
}

fn look_into(context: &Context<'_>, span: SpanIx, shown: &BTreeSet<SpanIx>) -> Option<Hidden> {
    let own = resends(context, span).filter(|_| context.genai.retry_of(span).is_none());
    let is_call = context.genai.call_of(span).is_some_and(|call| call.is_model) && context.outermost(span) == span;
    let inside = if is_call { requests(context, span) } else { Requests::default() };
    if inside.all.iter().any(|request| shown.contains(request)) {
        return None;
    }
    let stated = inside.all.iter().filter_map(|request| resends(context, *request)).chain(own);
    let stated = stated.max_by_key(|(resends, _)| *resends);
    // A call that failed in the end hides nothing: its last attempt is its own failure.
    let refused = if context.genai.has_failed(span) { Vec::new() } else { inside.refused(context) };
    let counted = i64::try_from(refused.len()).unwrap_or(i64::MAX);
    let (resends, source) = stated.filter(|(resends, _)| *resends >= counted).unwrap_or((counted, String::new()));
    if resends == 0 {
        return None;
    }
    let status =
        |request: &SpanIx| context.genai.view(context.store, *request).text(Field::HttpStatus).map(str::to_owned);
    let lost = refused.first().zip(refused.last()).map_or(0, |(first, last)| {
        let end = inside.after(context, *last).unwrap_or_else(|| context.store.span(*last).drawn_ns().1);
        end.saturating_sub(context.store.span(*first).drawn_ns().0).max(0)
    });
    let input_tokens = context.genai.call_of(span).and_then(|call| call.tokens.input).map_or(0, u64::from);
    let statuses = refused.iter().filter_map(status).collect();
    Some(Hidden { span, resends, refused, statuses, lost_ns: lost, source, input_tokens })
}

/// How often a span says that its request was sent again, and the attribute that says it.
fn resends(context: &Context<'_>, span: SpanIx) -> Option<(i64, String)> {
    if !context.genai.was_resent(span) {
        return None;
    }
    let view = context.genai.view(context.store, span);
    let known = view.get(Field::ResendCount)?;
    Some((known.text.parse().ok()?, known.source.clone()))
}

/// What a call sent: requests over HTTP and calls of the model below it, by start on their own clock.
#[derive(Default)]
pub(super) struct Requests {
    pub all: Vec<SpanIx>,
    /// Other work below the call.
    pub others: Vec<SpanIx>,
}

pub(super) fn requests(context: &Context<'_>, call: SpanIx) -> Requests {
    let mut found = Requests::default();
    let mut level = vec![call];
    let mut seen = 0;
    for _ in 0..DEPTH {
        let mut next = Vec::new();
        for child in level.iter().flat_map(|up| context.store.span(*up).children()).copied() {
            seen += 1;
            if seen > MOST_BELOW {
                break;
            }
            let is_client = context.store.span(child).kind() == SpanKind::Client;
            match context.genai.role_of(child) {
                Role::None if is_client => found.all.push(child),
                Role::Model => {
                    found.all.push(child);
                    next.push(child);
                }
                Role::None => {
                    // Whoever answers a request is the other side of it.
                    if context.store.span(child).kind() != SpanKind::Server {
                        found.others.push(child);
                    }
                    next.push(child);
                }
                Role::Stage => next.push(child),
                _ => found.others.push(child),
            }
        }
        level = next;
    }
    found.all.sort_by_key(|span| (context.store.span(*span).drawn_ns().0, *span));
    found
}

impl Requests {
    /// Requests that were refused and made again: to the same place as a later one, or all of them where the one that
    /// succeeded left no span.
    fn refused(&self, context: &Context<'_>) -> Vec<SpanIx> {
        let is_refused = |span: &SpanIx| was_refused(context, *span);
        let has_success = self.all.iter().any(|span| !context.genai.has_failed(*span));
        let is_tried_again = |span: &SpanIx| {
            let retry = context.genai.retry_of(*span).map(|at| &context.genai.retries()[at]);
            retry.is_some_and(|retry| retry.attempts.last() != Some(span))
        };
        let of_calls = |span: &SpanIx| !has_success || is_tried_again(span);
        self.all.iter().copied().filter(is_refused).filter(of_calls).collect()
    }

    /// When the first request after `refused` began on the same clock.
    fn after(&self, context: &Context<'_>, refused: SpanIx) -> Option<i64> {
        let start = |span: SpanIx| context.store.span(span).drawn_ns().0;
        let later = self.all.iter().copied().filter(|span| context.is_one_clock(*span, refused) && *span != refused);
        later.map(start).filter(|at| *at >= context.store.span(refused).drawn_ns().1).min()
    }
}

/// Whether a request failed in a way in which clients try again: too many, the server's fault, or no answer at all.
fn was_refused(context: &Context<'_>, span: SpanIx) -> bool {
    let status = || context.genai.view(context.store, span).text(Field::HttpStatus)?.parse::<u32>().ok();
    context.genai.has_failed(span) && status().is_none_or(|status| matches!(status, 408 | 429 | 500..))
}

/// What spans and the requests below them say.
fn stated(context: &Context<'_>, hidden: &[Hidden]) -> Option<Finding> {
    if hidden.is_empty() {
        return None;
    }
    let mut by_resends: Vec<&Hidden> = hidden.iter().collect();
    by_resends.sort_by_key(|hidden| (std::cmp::Reverse((hidden.resends, hidden.lost_ns)), hidden.span));
    let spans: Vec<SpanIx> = by_resends.iter().map(|hidden| hidden.span).collect();
    let sum = |of: &dyn Fn(&Hidden) -> i64| hidden.iter().map(of).fold(0_i64, i64::saturating_add);
    let (total, lost_ns) = (sum(&|hidden| hidden.resends), sum(&|hidden| hidden.lost_ns));
    let refused: usize = hidden.iter().map(|hidden| hidden.refused.len()).sum();
    let (spans_text, hide) = (count(spans.len(), "span"), verb(spans.len(), "hides", "hide"));
    let times = count(usize::try_from(total).unwrap_or(usize::MAX), "time");
    let sentence = format!("{spans_text} {hide} retries: requests were sent again {times} inside.");
    let mut finding =
        Finding::new("E7", Severity::Suspicious, "hidden retries", sentence).shown_by(&spans).with("resends", total);
    let sources: BTreeSet<&str> = hidden.iter().map(|it| it.source.as_str()).filter(|it| !it.is_empty()).collect();
    if !sources.is_empty() {
        finding = finding.because(sources.into_iter().collect::<Vec<_>>().join(", "));
    }
    if refused > 0 {
        let statuses: BTreeSet<&str> = hidden.iter().flat_map(|it| &it.statuses).map(String::as_str).collect();
        let statuses: Vec<&str> = statuses.into_iter().collect();
        let with = if statuses.is_empty() { String::new() } else { format!(" with {}", statuses.join(", ")) };
        let words = format!("{} below {} refused{with}", count(refused, "request"), verb(refused, "was", "were"));
        finding = finding.because(words).with("refused", refused);
    }
    if lost_ns > 0 {
        let words = format!("{} from the first refused request to the one that was taken", duration_text(lost_ns));
        finding = finding.because(words).with("lost_ns", lost_ns);
    }
    let wasted = wasted_tokens(context, hidden);
    if wasted > 0 {
        finding =
            finding.because(format!("{} tokens in refused attempts", grouped(wasted))).with("wasted_tokens", wasted);
    }
    let again = hidden.iter().map(|it| it.input_tokens.saturating_mul(it.resends.unsigned_abs()));
    let again = again.fold(0_u64, u64::saturating_add);
    if again > 0 && wasted == 0 {
        let words =
            format!("the prompts sent again are {} tokens; whether they were charged no span says", grouped(again));
        finding = finding.because(words).with("resent_input_tokens", again);
    }
    Some(finding)
}

/// Tokens that refused attempts state.
fn wasted_tokens(context: &Context<'_>, hidden: &[Hidden]) -> u64 {
    let tokens = |call: &Call| u64::from(call.tokens.input.unwrap_or(0)) + u64::from(call.tokens.output.unwrap_or(0));
    let refused = hidden.iter().flat_map(|hidden| &hidden.refused);
    let by_span: BTreeMap<SpanIx, u64> =
        refused.filter_map(|span| Some((*span, tokens(context.genai.call_of(*span)?)))).collect();
    by_span.into_values().fold(0, u64::saturating_add)
}
