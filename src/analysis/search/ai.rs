//! Matching what spans say about AI conversations: agents and phases.

use strum::VariantArray as _;

use super::{CancelFlag, Matcher, SpanSet, TextTest};
use crate::analysis::genai::{GenAi, Phase};
use crate::model::{SpanIx, TraceStore};

/// The phases that can be asked for: all but "none", which comes first.
pub const PHASES: &[Phase] = match Phase::VARIANTS.split_first() {
    Some((_, phases)) => phases,
    None => &[],
};

/// Whether `test` names `phase`: as reports call it, or as people read it.
pub fn phase_passes(phase: Phase, test: &Matcher, scratch: &mut String) -> bool {
    test.matches(phase.name(), scratch) || test.matches(phase.label(), scratch)
}

/// Spans in which an agent whose name passes is at work. Each agent is looked at once.
pub fn by_agent(store: &TraceStore, genai: &GenAi, test: &TextTest, cancel: &CancelFlag) -> Option<SpanSet> {
    let test = Matcher::from(test);
    let mut scratch = String::new();
    let passes: Vec<bool> = genai.agents().iter().map(|agent| test.matches(&agent.name, &mut scratch)).collect();
    let is_hit = |at: usize| {
        let agent = genai.agent_of(SpanIx::from_usize(at));
        agent.is_some_and(|agent| passes[agent.at()])
    };
    SpanSet::from_fn(store.len(), cancel, is_hit)
}

/// Spans that are time of a phase that passes, and model calls of which a part is.
pub fn by_phase(store: &TraceStore, genai: &GenAi, test: &TextTest, cancel: &CancelFlag) -> Option<SpanSet> {
    let test = Matcher::from(test);
    let mut scratch = String::new();
    let mut passes = [false; Phase::VARIANTS.len()];
    for &phase in PHASES {
        passes[phase as usize] = phase_passes(phase, &test, &mut scratch);
    }
    let of_span = |at: usize| passes[genai.phase_of(SpanIx::from_usize(at)) as usize];
    let mut set = SpanSet::from_fn(store.len(), cancel, of_span)?;
    for call in genai.calls() {
        if genai.phases(call.span).iter().any(|part| passes[part.phase as usize]) {
            set.insert(call.span);
        }
    }
    Some(set)
}
