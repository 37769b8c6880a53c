//! E5 where no pieces are recorded: answers that came far more slowly than those of the same model usually do, and
//! answers that came twice.

use std::collections::BTreeMap;

use super::{Context, Finding, Severity, count};
use crate::analysis::genai::{Call, Field};
use crate::model::SpanIx;
use crate::model::time::{MS, duration_text};

/// All of them.
pub fn find(context: &Context<'_>) -> Vec<Finding> {
    slow(context).into_iter().chain(twice(context)).collect()
}

/// A call with the time that it took for each token after the first one.
struct Paced {
    span: SpanIx,
    /// From the first piece to the end, nanoseconds.
    writing_ns: i64,
    tokens: i64,
}

impl Paced {
    fn per_token_ns(&self) -> i64 {
        self.writing_ns / self.tokens.max(1)
    }
}

/// The calls of each model that say when the answer began and how long it is, and record no pieces.
fn paced(context: &Context<'_>) -> BTreeMap<String, Vec<Paced>> {
    let mut by_model: BTreeMap<String, Vec<Paced>> = BTreeMap::new();
    for call in context.genai.calls().iter().filter(|call| call.is_model) {
        let (Some(ttft), Some(tokens)) = (call.ttft, call.tokens.output) else { continue };
        let has_pieces = context.genai.stream(context.store, call.span).is_some_and(|stream| stream.times_ns.len() > 1);
        let Some(total) = context.store.span(call.span).duration_ns().filter(|_| !has_pieces) else { continue };
        let writing_ns = total.saturating_sub(ttft.ns);
        let view = context.genai.call(context.store, call.span);
        let Some(model) = view.as_ref().and_then(|view| view.model()) else { continue };
        if tokens > 0 && writing_ns > 0 {
            let paced = Paced { span: call.span, writing_ns, tokens: i64::from(tokens) };
            by_model.entry(model.to_owned()).or_default().push(paced);
        }
    }
    by_model
}

fn slow(context: &Context<'_>) -> Vec<Finding> {
    let limits = context.config.E5;
    let mut findings = Vec::new();
    for (model, calls) in paced(context) {
        if calls.len() <= limits.least_peers {
            continue;
        }
        let mut rates: Vec<i64> = calls.iter().map(Paced::per_token_ns).collect();
        rates.sort_unstable();
        let usual_ns = rates[rates.len() / 2].max(1);
        let excess = |call: &Paced| call.writing_ns.saturating_sub(usual_ns.saturating_mul(call.tokens));
        let is_slow = |call: &&Paced| {
            #[expect(clippy::cast_precision_loss, reason = "a ratio")]
            let times = call.per_token_ns() as f64 / usual_ns as f64;
            times >= limits.times_peers && excess(call) >= limits.least_excess_ms.saturating_mul(MS)
        };
        let mut slow: Vec<&Paced> = calls.iter().filter(is_slow).collect();
        slow.sort_by_key(|call| (std::cmp::Reverse(excess(call)), call.span));
        let Some(worst) = slow.first() else { continue };
        let mut spans: Vec<SpanIx> = slow.iter().map(|call| context.outermost(call.span)).collect();
        spans.dedup();
        let sentence = format!(
            "{} of {model} wrote the answer far more slowly than its others: {} longer than usual.",
            count(slow.len(), "call"),
            duration_text(excess(worst))
        );
        let usual = format!("{} for each token usually, in {}", duration_text(usual_ns), count(calls.len(), "call"));
        let finding = Finding::new("E5", Severity::Suspicious, format!("slow answers of {model}"), sentence)
            .shown_by(&spans)
            .because(usual)
            .because("no pieces are recorded, so whether it stood still or only crawled cannot be told");
        findings.push(finding.with("excess_ns", excess(worst)).with("usual_ns", usual_ns).with("peers", calls.len()));
    }
    findings
}

/// One answer that several calls got, one after the other: its id is the same.
fn twice(context: &Context<'_>) -> Vec<Finding> {
    let mut by_id: BTreeMap<String, Vec<SpanIx>> = BTreeMap::new();
    let is_outermost = |call: &&Call| call.is_model && call.outer.is_none() && call.tokens.output.is_some();
    for call in context.genai.calls().iter().filter(is_outermost) {
        let Some(view) = context.genai.call(context.store, call.span) else { continue };
        // Whoever waits for an answer in the background asks for it several times.
        let is_fetch = context.store.span(call.span).name().starts_with("fetch_response");
        if let Some(id) = view.text(Field::ResponseId).filter(|_| !is_fetch) {
            by_id.entry(id.to_owned()).or_default().push(call.span);
        }
    }
    let finding = |(id, mut spans): (String, Vec<SpanIx>)| {
        spans.sort_by_key(|span| context.store.span(*span).drawn_ns().0);
        let follow = spans.windows(2).all(|pair| {
            let end = context.store.span(pair[0]).drawn_ns().1;
            context.is_one_clock(pair[0], pair[1]) && context.store.span(pair[1]).drawn_ns().0 >= end
        });
        (spans.len() > 1 && follow).then(|| {
            let sentence = format!("{} got one and the same answer.", count(spans.len(), "call"));
            let finding = Finding::new("E5", Severity::Suspicious, format!("answer {id}"), sentence);
            finding.shown_by(&spans).because(format!("the id of the answer is {id} in all of them"))
        })
    };
    by_id.into_iter().filter_map(finding).take(Finding::EXAMPLES).collect()
}
