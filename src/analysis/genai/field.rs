//! What can be known about a span of an AI conversation, and where it was read.

/// A normalised field. Its attributes are in `assets/genai/fields.toml` under the same name.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum Field {
    /// What kind of work the span is.
    Kind,
    /// Who runs the model, e.g. `anthropic`; may name the flavour of the API.
    Provider,
    /// Name of the agent.
    AgentName,
    /// A name that is the agent's on agent spans only.
    AgentEntity,
    /// A name that is the tool's on tool spans only.
    ToolEntity,
    /// What runs the agents as a whole.
    Workflow,
    /// Stable id of a hosted agent.
    AgentId,
    /// Version of the agent.
    AgentVersion,
    /// The conversation or session.
    Conversation,
    /// The person.
    User,
    /// Number of the exchange in the conversation.
    Turn,
    /// Round of an agent's loop.
    Step,
    /// The model that was asked for.
    RequestModel,
    /// The model that answered.
    ResponseModel,
    /// What tells snapshots of a model apart.
    Fingerprint,
    /// Name of the prompt.
    PromptName,
    /// Version of the prompt.
    PromptVersion,
    /// Tokens in, cached ones included.
    InputTokens,
    /// Tokens out, reasoning included.
    OutputTokens,
    /// Tokens in and out together, as stated.
    TotalTokens,
    /// Tokens in that came from a cache.
    CacheReadTokens,
    /// Tokens in that were written to a cache.
    CacheWriteTokens,
    /// Tokens out that were reasoning.
    ReasoningTokens,
    /// Of the tokens in, those of text.
    TextInputTokens,
    /// Of the tokens in, those of sound.
    AudioInputTokens,
    /// Of the tokens in, those of pictures.
    ImageInputTokens,
    /// Of the tokens out, those of text.
    TextOutputTokens,
    /// Of the tokens out, those of sound.
    AudioOutputTokens,
    /// Of the tokens out, those of pictures.
    ImageOutputTokens,
    /// A total of other spans; never summed.
    RollUp,
    /// US dollars.
    Cost,
    /// Most tokens that were allowed out.
    MaxTokens,
    /// How much reasoning was asked for.
    ReasoningLevel,
    /// When the first piece of the answer was there.
    FirstTokenAt,
    /// How long until the first piece of the answer.
    Ttft,
    /// Whether the answer was streamed.
    Stream,
    /// Why the answer ended.
    FinishReason,
    /// Name of the tool.
    ToolName,
    /// Id of the tool call.
    ToolCallId,
    /// Where the tools are that a model asked for.
    AskedTools,
    /// The agent that hands over.
    HandoffFrom,
    /// The agent that takes over.
    HandoffTo,
    /// Id of the answer.
    ResponseId,
    /// Id of the answer that this one continues.
    PreviousResponse,
    /// Id of a task that one agent gave to another.
    TaskId,
    /// Id of a task that a message is about, without being its work.
    ReferencedTask,
    /// What became of the task, as far as the span knows.
    TaskState,
    /// Number of a request of MCP in its session.
    McpRequest,
    /// Session of MCP.
    McpSession,
    /// An id that two traces share only when one asked the other.
    JoinId,
    /// The trace on the other side of a gateway.
    LinkedTrace,
    /// Kind of error.
    ErrorType,
    /// How often the request was sent again inside this span.
    ResendCount,
    /// HTTP status.
    HttpStatus,
    /// Instructions of the agent.
    SystemPrompt,
    /// Tools that the model may call.
    ToolDefinitions,
    /// Names of ancestors, written on the span.
    Path,
    /// Ids of ancestors, written on the span.
    AncestorIds,
    /// The span only says that another one began.
    Pending,
    /// Somebody spoke into the answer.
    Interrupted,
    /// The whole conversation ended, which is no interruption.
    Closed,
    /// Time in a queue, on the server's clock.
    Queue,
    /// Time to load the model.
    Load,
    /// Time to read the prompt.
    Prefill,
    /// Time to write the answer.
    Decode,
    /// What the server does besides.
    Overhead,
    /// Prefill and decode together.
    Compute,
    /// From the request's arrival at the server to its answer.
    ServerTime,
    /// From the end of what a person said to the first sound of the answer.
    VoiceLatency,
}

impl Field {
    /// Number of fields.
    pub const COUNT: usize = Self::VoiceLatency as usize + 1;

    /// Its name in the tables and in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether its values are durations.
    #[must_use]
    pub const fn is_duration(self) -> bool {
        matches!(self, Self::Ttft) || self as u8 >= Self::Queue as u8
    }
}

/// How far a derived value can be trusted.
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
)]
#[strum(serialize_all = "snake_case")]
pub enum Confidence {
    /// The data says so.
    #[default]
    Stated,
    /// The data says it in a way that could be meant otherwise, e.g. in another unit.
    Assumed,
    /// Concluded from something else.
    Inferred,
}

/// What kind of work a span is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, strum::Display, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum Role {
    /// No span of an AI conversation, as far as it says.
    #[default]
    None,
    /// A call of a model.
    Model,
    /// A call of an embedding model.
    Embedding,
    /// An agent at work.
    Agent,
    /// A step of an agent: a chain, a task, a round of its loop.
    Workflow,
    /// A tool at work.
    Tool,
    /// Looking something up: a vector store, a reranker, a memory.
    Retrieval,
    /// One agent hands over to another.
    Handoff,
    /// One exchange of a conversation.
    Turn,
    /// A whole conversation.
    Session,
    /// A check of inputs or outputs.
    Guardrail,
    /// Waiting for a person.
    Human,
    /// A stage of a model server.
    Stage,
    /// Waiting before another attempt.
    Backoff,
    /// Speech to text or back.
    Speech,
    /// A record that another span began.
    Pending,
}

impl Role {
    /// Whether the time of such a span is spent by a model.
    #[must_use]
    pub const fn is_model(self) -> bool {
        matches!(self, Self::Model | Self::Embedding | Self::Speech)
    }
}

/// A unit of time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, strum::Display, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum Unit {
    /// Nanoseconds.
    Ns,
    /// Microseconds.
    Us,
    /// Milliseconds.
    Ms,
    /// Seconds.
    S,
    /// The value says it itself.
    Text,
}

impl Unit {
    /// How many nanoseconds it is; `None` for one that the value says itself.
    #[must_use]
    pub const fn ns(self) -> Option<i64> {
        match self {
            Self::Ns => Some(1),
            Self::Us => Some(1_000),
            Self::Ms => Some(1_000_000),
            Self::S => Some(1_000_000_000),
            Self::Text => None,
        }
    }
}

/// A normalised value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Datum {
    /// A text, see [`super::GenAi::text`].
    Text(Text),
    /// A count.
    Int(i64),
    /// A number: a duration in the unit of its rule, or dollars. Whether it was written as an integer is kept.
    Number {
        /// The value.
        value: f64,
        /// It was written without a fraction.
        is_whole: bool,
    },
    /// A duration that said its unit itself.
    Ns(i64),
    /// A moment, Unix nanoseconds.
    At(i64),
    /// Yes or no.
    Flag(bool),
    /// A kind of work.
    Role(Role),
}

/// A text of the store, or one that was made while normalising.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Text(pub(super) u32);

impl Text {
    const OWN: u32 = 1 << 31;

    pub(super) const fn of_store(sym: crate::model::Sym) -> Self {
        Self(sym.0)
    }

    pub(super) const fn own(sym: crate::model::Sym) -> Self {
        Self(sym.0 | Self::OWN)
    }

    /// The symbol, and whether it is one of the normaliser.
    pub(super) const fn split(self) -> (crate::model::Sym, bool) {
        (crate::model::Sym(self.0 & !Self::OWN), self.0 & Self::OWN != 0)
    }
}
