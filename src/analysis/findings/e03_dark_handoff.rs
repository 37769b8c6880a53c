//! E3: a trace whose context was lost when the work was handed over.

use super::{Config, Context, Finding, Rule, Severity};
use crate::analysis::genai::Stitch;
use crate::model::{SpanId, SpanIx};

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
            let (root, under) = (root.name(), under.name());
            let sentence = format!("{root} began without its parent; it probably belongs under {under}.");
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

/// From the end of the handoff to the start of the root, where one clock stamped both.
fn after_ns(context: &Context<'_>, stitch: &Stitch) -> Option<i64> {
    let (root, under) = (context.store.span(stitch.root), context.store.span(stitch.under));
    context.is_one_clock(stitch.root, stitch.under).then(|| root.drawn_ns().0.saturating_sub(under.drawn_ns().1))
}
