//! Phases: what the time of a span is spent on.

use super::field::{Confidence, Field};

/// What time is spent on.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    Default,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum Phase {
    /// Not part of an AI conversation.
    #[default]
    None,
    /// Waiting for a model server.
    Queue,
    /// A model server loads the model.
    Load,
    /// A model reads the prompt.
    Prefill,
    /// A model writes the answer.
    Decode,
    /// Prefill and decode, not told apart.
    Compute,
    /// What a model server does besides: tokenise, dispatch, schedule.
    Overhead,
    /// Between a client and a server.
    Network,
    /// Until the first piece of an answer: network, queue and prefill, not told apart.
    FirstToken,
    /// A model call as a whole.
    ModelCall,
    /// A model call, or a part of one, about which nothing is known.
    Opaque,
    /// A tool at work.
    Tool,
    /// Looking something up.
    Retrieval,
    /// An agent at work besides its calls.
    AgentWork,
    /// Waiting before another attempt.
    Backoff,
    /// Waiting for a person.
    HumanWait,
}

impl Phase {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::None => "no AI work",
            Self::Queue => "queue",
            Self::Load => "model load",
            Self::Prefill => "prefill",
            Self::Decode => "decode",
            Self::Compute => "compute",
            Self::Overhead => "server overhead",
            Self::Network => "network",
            Self::FirstToken => "until first token",
            Self::ModelCall => "model call",
            Self::Opaque => "opaque",
            Self::Tool => "tool",
            Self::Retrieval => "retrieval",
            Self::AgentWork => "agent work",
            Self::Backoff => "backoff",
            Self::HumanWait => "human wait",
        }
    }
}

/// Where a part of a span comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// A span or two events of their own: solid.
    Real,
    /// Made from durations or a first-token time: hatched.
    Derived(Rule),
    /// What is left: grey. Never stretched away.
    Unaccounted,
}

impl Origin {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Derived(_) => "derived",
            Self::Unaccounted => "unaccounted",
        }
    }
}

/// What a derived part was derived from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    /// The field that gave it.
    pub field: Field,
    /// How far it can be trusted; `Assumed` when the unit is doubtful.
    pub confidence: Confidence,
    /// Its length is known and its place inside the span is not.
    pub is_place_assumed: bool,
}

/// A part of a span.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PhasePart {
    /// What the time was spent on.
    pub phase: Phase,
    /// Start on the span's own clock, Unix nanoseconds.
    pub start_ns: i64,
    /// End on the span's own clock, Unix nanoseconds; not before the start.
    pub end_ns: i64,
    /// Where it comes from.
    pub origin: Origin,
    /// It reaches beyond its span: a stage that outlives it, or clocks or units that do not fit.
    pub is_outside: bool,
}

impl PhasePart {
    /// How long it is, nanoseconds.
    #[must_use]
    pub const fn duration_ns(&self) -> i64 {
        self.end_ns.saturating_sub(self.start_ns)
    }
}
