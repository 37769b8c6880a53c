//! E8: who the missing parents were, as far as their children say: names, ids and times of ancestors that conventions
//! write on every span, and whether the trace was to be recorded.

use std::collections::BTreeSet;

use super::{Context, Finding, count, figure, sampling, verb};
use crate::analysis::genai::{Ancestor, LostParent};
use crate::model::time::duration_text;
use crate::model::{Ghost, SpanIx};

/// Missing parents that are written out.
const MOST_NAMES: usize = 3;
/// Missing parents that are asked about.
const MOST_ASKED: usize = 1_000;

/// `finding`, with everything that is known about `ghosts`.
pub fn tell(context: &Context<'_>, ghosts: &[&Ghost], finding: Finding) -> Finding {
    let asked = ghosts.iter().take(MOST_ASKED);
    let lost: Vec<(&Ghost, LostParent)> =
        asked.map(|ghost| (*ghost, context.genai.lost_parent(context.store, ghost))).collect();
    let finding = identities(context, &lost, finding);
    sampled(context, &lost, finding)
}

/// The names, ids and times that the children state.
fn identities(context: &Context<'_>, lost: &[(&Ghost, LostParent)], finding: Finding) -> Finding {
    let named: Vec<&(&Ghost, LostParent)> = lost.iter().filter(|(_, lost)| !lost.ancestors.is_empty()).collect();
    if named.is_empty() {
        return finding;
    }
    let words: BTreeSet<String> = named.iter().map(|(ghost, lost)| words(context, ghost, lost)).collect();
    let more = words.len().saturating_sub(MOST_NAMES);
    let mut list = words.into_iter().take(MOST_NAMES).collect::<Vec<_>>().join("; ");
    if more > 0 {
        list = format!("{list}; and {} more", figure(more));
    }
    let sources: BTreeSet<&str> = named.iter().flat_map(|(_, lost)| &lost.sources).map(String::as_str).collect();
    let sources: Vec<&str> = sources.into_iter().collect();
    let exact = named.iter().filter(|(_, lost)| lost.is_exact).count();
    let finding = finding.because(format!("the spans name what is above them ({}): {list}", sources.join(", ")));
    finding.with("named_parents", named.len()).with("identified_parents", exact)
}

/// `agent > plan, which began 40 ms before its first child here`.
fn words(context: &Context<'_>, ghost: &Ghost, lost: &LostParent) -> String {
    let name = |ancestor: &Ancestor| match (ancestor.here, ancestor.name.as_str(), ancestor.id.as_str()) {
        (Some(here), ..) => format!("{} (here)", context.store.span(here).name()),
        (None, "", id) => id.to_owned(),
        (None, name, _) => name.to_owned(),
    };
    let path = lost.ancestors.iter().map(name).collect::<Vec<_>>().join(" > ");
    let start_ns = lost.nearest().and_then(|nearest| nearest.start_ns).filter(|_| lost.is_exact);
    let first = |span: &SpanIx| context.store.span(*span).drawn_ns().0;
    match start_ns.zip(ghost.children.iter().map(first).min()) {
        Some((start_ns, first_ns)) if first_ns >= start_ns => {
            let before = duration_text(first_ns - start_ns);
            format!("{path}, which began {before} before its first child here, by their own stamps")
        }
        _ => path,
    }
}

/// Whether the missing parents were to be recorded: what a head sampler decided travels with the trace.
fn sampled(context: &Context<'_>, lost: &[(&Ghost, LostParent)], finding: Finding) -> Finding {
    let children: usize = lost.iter().map(|(ghost, _)| ghost.children.len()).sum();
    let flagged: usize = lost.iter().map(|(_, lost)| lost.sampled).sum();
    let mut finding = finding;
    if flagged > 0 {
        let say = verb(flagged, "says", "say");
        finding = finding
            .because(format!(
                "{} of {} {say} that the trace was sampled, so the parents were to be recorded as well, where \
                 samplers follow their parents: lost or never collected, rather than sampled away",
                figure(flagged),
                count(children, "span")
            ))
            .with("sampled", flagged);
    }
    let spans = lost.iter().flat_map(|(ghost, _)| &ghost.children);
    let thresholds: BTreeSet<String> = spans.filter_map(|span| sampling::one_in(context, *span)).collect();
    if !thresholds.is_empty() {
        let kept = thresholds.into_iter().take(MOST_NAMES).collect::<Vec<_>>().join(" and ");
        finding = finding.because(format!(
            "tracestate ot=th says that {kept} traces is kept, decided by the trace's id: a parent that was sampled as \
             strictly was kept, too"
        ));
    }
    finding
}
