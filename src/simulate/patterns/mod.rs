//! Scenarios of AI conversations with one pattern in them: what it is, and the same run without it.
//!
//! All clocks are as good as clocks get, so that the pattern is the only thing to find.

mod agents;
mod calls;
mod collection;
mod handoffs;
mod retries;
mod script;
mod servers;
mod voice;

use super::planted::Run;
use script::Script;

/// The pattern in a scenario.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, strum::EnumIter, strum::EnumMessage, strum::IntoStaticStr,
)]
#[strum(serialize_all = "kebab-case")]
#[expect(clippy::doc_markdown, reason = "these sentences are the help of the command line")]
pub enum Pattern {
    /// An agent takes over in a trace of its own: the context was lost on the way.
    DarkHandoff,
    /// A tool and the model call inside of it are both tried again, so that one answer takes nine requests.
    RetryCascade,
    /// A stream that stands still in the middle, at the provider.
    Stall,
    /// An answer that goes round in circles (Langfuse).
    Loop,
    /// Two agents that nothing names (Vercel AI SDK).
    AnonymousAgents,
    /// Model calls that say nothing about where their time went (OpenInference).
    OpaqueProvider,
    /// Answers that are almost all reasoning, one of them cut off before it said anything.
    ReasoningHeavy,
    /// Traces sampled at one in four, with spans whose parents were not kept.
    Sampled,
    /// Old and new names of one convention in one trace.
    Renamed,
    /// A call by voice whose speech and text are traces of their own (LiveKit).
    VoiceSession,
    /// A tool call that was asked for and never made, and one that nobody asked for.
    AuditGap,
    /// A model server whose decode spans lie inside of its prefill spans (llm-d).
    DecodeInPrefill,
    /// Two replicas of a model server, one of which writes milliseconds where seconds belong (vLLM).
    UnitClash,
    /// Five tools at once: the sum of their times is five times what anybody waited for.
    ParallelFanout,
}

/// Plans a scenario, without its pattern if `is_clean`.
pub fn plan(pattern: Pattern, is_clean: bool, seed: u64) -> Run {
    let mut script = Script::new(is_clean, seed);
    let play = match pattern {
        Pattern::DarkHandoff => handoffs::dark,
        Pattern::RetryCascade => retries::cascade,
        Pattern::Stall => calls::stall,
        Pattern::Loop => calls::circles,
        Pattern::AnonymousAgents => agents::anonymous,
        Pattern::OpaqueProvider => calls::opaque,
        Pattern::ReasoningHeavy => calls::reasoning,
        Pattern::Sampled => collection::sampled,
        Pattern::Renamed => collection::renamed,
        Pattern::VoiceSession => voice::session,
        Pattern::AuditGap => handoffs::audit_gap,
        Pattern::DecodeInPrefill => servers::decode_in_prefill,
        Pattern::UnitClash => servers::unit_clash,
        Pattern::ParallelFanout => agents::fan_out,
    };
    play(&mut script);
    script.run(pattern.into(), seed)
}
