//! One line of a turn: who does what to whom.

use super::{Moment, Passage, Said};
use crate::analysis::genai::{AgentIx, Confidence, GenAi, Tokens};
use crate::model::SpanIx;

/// Somebody who speaks or is spoken to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Party {
    /// The person whose turn it is.
    User,
    /// An agent.
    Agent(AgentIx),
    /// A model, by the name that was asked for.
    Model(String),
    /// A tool.
    Tool(String),
    /// Where something is looked up.
    Store(String),
    /// A person who has to decide something.
    Person,
    /// Nothing says who.
    Unknown,
}

impl Party {
    /// What people read.
    #[must_use]
    pub fn name<'a>(&'a self, genai: &'a GenAi) -> &'a str {
        match self {
            Self::User => "user",
            Self::Agent(ix) => genai.agents().get(ix.at()).map_or("an agent", |agent| agent.name.as_str()),
            Self::Model(name) if name.is_empty() => "a model",
            Self::Tool(name) if name.is_empty() => "a tool",
            Self::Store(name) if name.is_empty() => "a search",
            Self::Model(name) | Self::Tool(name) | Self::Store(name) => name,
            Self::Person => "a person",
            Self::Unknown => "somebody",
        }
    }

    /// Whether nothing states the name: then it has to look like a guess.
    #[must_use]
    pub fn is_guess(&self, genai: &GenAi) -> bool {
        match self {
            Self::Agent(ix) => genai.agents().get(ix.at()).is_some_and(crate::analysis::genai::Agent::is_guess),
            _ => false,
        }
    }
}

/// What happens in a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum Act {
    /// The user asks.
    Asks,
    /// An agent begins, called by no other agent that is recorded.
    Begins,
    /// One agent calls another.
    Calls,
    /// One agent passes the work to another.
    HandsOver,
    /// An agent asks a model.
    Prompts,
    /// Somebody has something turned into numbers.
    Embeds,
    /// Somebody uses a tool.
    Uses,
    /// Somebody looks something up.
    LooksUp,
    /// Inputs or outputs are checked.
    Checks,
    /// Speech to text or back.
    Speaks,
    /// Waiting before another attempt.
    Waits,
    /// A person is waited for.
    AsksPerson,
    /// A trace that lost its parent: it may belong here.
    Joins,
    /// A trace that lost its parent was placed here by hand.
    IsPlaced,
    /// A trace that lost its parent, and nothing says where it belongs.
    IsLost,
    /// Something else failed.
    Fails,
    /// The user gets the answer.
    Answers,
}

impl Act {
    /// The words between the two who take part.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Asks => "asks",
            Self::Begins => "begins",
            Self::Calls => "calls",
            Self::HandsOver => "hands over to",
            Self::Prompts => "asks",
            Self::Embeds => "embeds with",
            Self::Uses => "uses",
            Self::LooksUp => "looks up in",
            Self::Checks => "is checked by",
            Self::Speaks => "speaks through",
            Self::Waits => "waits before trying again",
            Self::AsksPerson => "waits for",
            Self::Joins => "may go on with",
            Self::IsPlaced => "goes on with",
            Self::IsLost => "was called by",
            Self::Fails => "fails in",
            Self::Answers => "answers",
        }
    }
}

/// Which attempt at something a line is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attempt {
    /// From 1.
    pub number: usize,
    /// How many there were.
    pub of: usize,
    /// How long the caller waited before this one, on its own clock, nanoseconds.
    pub waited_ns: Option<i64>,
}

/// The models of a call.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Models {
    /// The one that was asked for; empty when not stated.
    pub asked: String,
    /// The one that answered; empty when not stated.
    pub answered: String,
}

/// When the first piece of an answer was there, from the start of its span.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FirstToken {
    /// Nanoseconds, on the span's own clock.
    pub ns: i64,
    /// The attribute or event that says it.
    pub source: String,
    /// How far that can be trusted.
    pub confidence: Confidence,
}

/// One line of a turn.
#[derive(Clone, PartialEq, Debug)]
pub struct Line {
    /// The span that shows it.
    pub span: SpanIx,
    /// How many agents and tools it is inside of.
    pub depth: u16,
    /// What happens.
    pub act: Act,
    /// Who does it.
    pub from: Party,
    /// To whom.
    pub to: Party,
    /// When it began, since the turn began.
    pub start: Moment,
    /// How long it took, on its own clock, nanoseconds; `None` when a time is missing.
    pub took_ns: Option<i64>,
    /// Models asked and answered, of model calls.
    pub models: Models,
    /// Tokens, of model calls.
    pub tokens: Tokens,
    /// First token, of model calls.
    pub first_token: Option<FirstToken>,
    /// What was said, given or looked for.
    pub said: Said,
    /// What came back.
    pub answered: Said,
    /// Why it failed; `None` when it did not.
    pub failure: Option<String>,
    /// How much later whoever takes over begins, of handoffs.
    pub passage: Option<Passage>,
    /// Which attempt it is, where there were several.
    pub attempt: Option<Attempt>,
    /// How far it can be trusted that it happened so: a handoff or a lost trace may be a conclusion.
    pub confidence: Confidence,
    /// What that is concluded from, and other remarks; empty when there is nothing to say.
    pub remark: String,
}
