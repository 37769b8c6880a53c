//! E3: a trace whose context was lost when the work was handed over.

use std::collections::BTreeMap;

use super::{Config, Context, Finding, Rule, Severity};
use crate::analysis::clocks::domains::Domains;
use crate::analysis::genai::{Best, GenAi, Judged, Stitch};
use crate::analysis::telling_apart::told_apart;
use crate::model::{SpanId, SpanIx, TraceStore};

/// See the module.
pub struct DarkHandoff;

impl Rule for DarkHandoff {
    fn code(&self) -> &'static str {
        "E3"
    }

    fn title(&self) -> &'static str {
        "dark handoffs"
    }

    fn is_on(&self, config: &Config) -> bool {
        config.E3.on
    }

    fn find(&self, context: &Context<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut last = SpanIx::NONE;
        for stitch in context.genai.stitches() {
            // The first proposal for a root is the surest.
            let is_first = std::mem::replace(&mut last, stitch.root) != stitch.root;
            if !is_first || stitch.score < context.config.E3.least_score {
                continue;
            }
            // Within one trace the context came along: SDKs begin the next agent at the top of its trace on purpose.
            let (root, under) = (context.store.span(stitch.root), context.store.span(stitch.under));
            if root.trace_id() == under.trace_id() && root.parent_id() == SpanId::None {
                continue;
            }
            let [of_root, of_under] = told_apart(context.store, context.domains, stitch.root, stitch.under);
            let (root, under) = (root.name(), under.name());
            let sentence =
                format!("{root}{of_root} began without its parent; it probably belongs under {under}{of_under}.");
            let finding = Finding::new("E3", Severity::Suspicious, root, sentence)
                .shown_by(&[stitch.root, stitch.under])
                .because(format!("{} of 100: {}", stitch.score, stitch.evidence));
            let finding = match after_ns(context, stitch) {
                Some(after_ns) => finding.with("after_ns", after_ns),
                None => finding,
            };
            findings.push(Finding { count: 1, ..finding });
        }
        findings
    }
}

/// What `finding` of this rule says once somebody has judged where its root belongs.
pub(super) fn judged(
    finding: &Finding,
    store: &TraceStore,
    domains: &Domains,
    (genai, judged): (&GenAi, &Judged),
) -> Option<Finding> {
    let &[root, under, ..] = finding.spans.as_slice() else { return None };
    let best = judged.best(genai.stitches(), root);
    let place = best.as_ref().map_or(under, |best| best.stitch.under);
    let [of_root, of_place] = told_apart(store, domains, root, place);
    let name = |span: SpanIx| store.span(span).name();
    let begun = format!("{}{of_root} began without its parent", name(root));
    let place = format!("{}{of_place}", name(place));
    let of_under = || told_apart(store, domains, root, under)[1].clone();
    let rejected = || judged.is_rejected(root, under).then(|| format!("you rejected {}{}", name(under), of_under()));
    let (sentence, severity, place) = match best {
        Some(Best { stitch, is_accepted: true }) => {
            (format!("{begun}; you placed it under {place}."), Severity::Unknown, Some(stitch))
        }
        Some(Best { stitch, .. }) if stitch.under != under => {
            (format!("{begun}; it may belong under {place}."), finding.severity, Some(stitch))
        }
        None => (format!("{begun}; you rejected where it was proposed."), finding.severity, None),
        Some(_) => return None,
    };
    let evidence = place.map(|stitch| format!("{} of 100: {}", stitch.score, stitch.evidence));
    let spans: Vec<SpanIx> = std::iter::once(root).chain(place.map(|stitch| stitch.under)).collect();
    // How long it took is told of the place that was proposed first.
    let numbers = if spans.get(1) == Some(&under) { finding.numbers.clone() } else { BTreeMap::new() };
    let evidence = evidence.into_iter().chain(rejected()).collect();
    Some(Finding { sentence, severity, evidence, spans, numbers, ..finding.clone() })
}

/// From the end of the handoff to the start of the root, where one clock stamped both.
fn after_ns(context: &Context<'_>, stitch: &Stitch) -> Option<i64> {
    let (root, under) = (context.store.span(stitch.root), context.store.span(stitch.under));
    context.is_one_clock(stitch.root, stitch.under).then(|| root.drawn_ns().0.saturating_sub(under.drawn_ns().1))
}
