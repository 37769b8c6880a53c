//! E8: spans whose parent is in no input.

use super::{Config, Context, Finding, Rule, Severity, count};
use crate::model::SpanIx;

/// See the module.
pub struct Orphans;

impl Rule for Orphans {
    fn code(&self) -> &'static str {
        "E8"
    }

    fn title(&self) -> &'static str {
        "missing parents"
    }

    fn is_on(&self, config: &Config) -> bool {
        config.E8.on
    }

    fn find(&self, context: &Context<'_>) -> Vec<Finding> {
        let kinds = [
            (Some(true), "other processes", "never collected there, or sampled away"),
            (Some(false), "the same process", "dropped, filtered, or not written yet"),
            (None, "unknown places", "the spans do not say whether it was another process"),
        ];
        let total = context.store.len();
        let finding = |(remote, place, why)| {
            let ghosts: Vec<_> = context.store.ghosts().iter().filter(|ghost| ghost.remote == remote).collect();
            let spans: Vec<SpanIx> = ghosts.iter().flat_map(|ghost| ghost.children.iter().copied()).collect();
            if spans.len() < context.config.E8.least_spans.max(1) {
                return None;
            }
            let (parents, lost) = (count(ghosts.len(), "parent"), count(spans.len(), "span"));
            let hang = if spans.len() == 1 { "hangs" } else { "hang" };
            let sentence = format!("{lost} {hang} from {parents} in {place} that no input holds: {why}.");
            let root = format!("missing parents in {place}");
            Some(Finding::new("E8", Severity::Unknown, root, sentence).shown_by(&spans).because(format!(
                "at least {} missing beside {}",
                count(ghosts.len(), "span"),
                count(total, "span")
            )))
        };
        kinds.into_iter().filter_map(finding).collect()
    }
}
