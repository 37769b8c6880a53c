//! Causal edges: which event had to happen before which, by what rule, and how sure that is.

use super::unseen::Said;
use crate::model::SpanIx;

/// How sure a causal edge is, and which edges to use: each level includes the stronger ones.
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
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Evidence {
    /// Information had to flow, by protocol.
    Protocol = 0,
    /// The usual nesting of instrumentation. The default.
    #[default]
    Convention = 1,
    /// Weak identity, declared clock bounds.
    Prior = 2,
}

/// A point in time of a span.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Point {
    /// Where the span starts.
    Start,
    /// Where the span ends.
    End,
    /// Its n-th event, from 0.
    Event(u16),
}

/// A stamped event of the store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EventKey {
    /// The span.
    pub span: SpanIx,
    /// Where in it.
    pub point: Point,
}

impl EventKey {
    /// The start of `span`.
    #[must_use]
    pub const fn start(span: SpanIx) -> Self {
        Self { span, point: Point::Start }
    }

    /// The end of `span`.
    #[must_use]
    pub const fn end(span: SpanIx) -> Self {
        Self { span, point: Point::End }
    }
}

/// Where an edge comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Cause {
    /// The earlier event.
    pub from: EventKey,
    /// The later event.
    pub to: EventKey,
    /// Why one had to happen before the other.
    pub rule: Rule,
}

/// Why one event had to happen before another.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    strum::Display,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::EnumIter,
)]
#[strum(serialize_all = "snake_case")]
pub enum Rule {
    /// A child ends after its parent started.
    ParentStartChildEnd,
    /// A request is sent before the server starts on it.
    RequestStart,
    /// A parent of unknown kind starts before its remote child.
    RemoteChildStart,
    /// The server started before the client had the response.
    ResponseAfterServerStart,
    /// The same, when nothing but the normal end of the client span says that there was a response.
    AssumedResponse,
    /// A unary server span ends before the client has the response.
    UnaryEnd,
    /// The client's network event: request sent before the server starts.
    RequestSent,
    /// The client's network event: the server starts before the first response byte.
    ResponseReceived,
    /// A message is produced before it is processed.
    MessageStart,
    /// A linked span starts before the linking span ends.
    LinkStartEnd,
    /// A linked span starts before the linking span.
    LinkStart,
    /// What a span follows from started before it.
    FollowsFrom,
    /// A stream chunk is sent before it is received.
    StreamChunk,
    /// A message of a call is sent before it is received.
    CallMessage,
    /// A model asks for a tool call before the tool starts.
    ToolRequested,
    /// A model's whole answer is there before the tool call in it starts.
    ToolAfterAnswer,
    /// A tool starts before a model is told its result.
    ToolStartedBeforeResult,
    /// A tool ends before a model is told its result.
    ToolEndedBeforeResult,
    /// A response is begun before the request that continues it.
    ResponseContinued,
    /// A response is received before the request that continues it.
    ResponseReceivedBeforeNext,
    /// The request was sent before the time in the response's `Date` header.
    DateAfterRequest,
    /// The time in the `Date` header passed before the response was received.
    DateBeforeResponse,
    /// The response in one turn of a conversation is received before the next turn begins.
    TurnBeforeNext,
    /// A request is sent before the time that the body of its response gives for its making.
    CreatedAfterRequest,
    /// The time that the body of a response gives for its making passed before it was received.
    CreatedBeforeResponse,
    /// A message is sent before the broker stores it.
    MessageStored,
    /// The broker stores a message before it is received.
    MessageDelivered,
    /// A log record is written before the collector sees it.
    LogObserved,
    /// What is joined ends before the join does.
    JoinEnd,
    /// A machine says how far its clock is off from UTC at most.
    DeclaredBound,
    /// Containers of one machine read one clock.
    SameHost,
    /// A span starts before it ends, on one clock.
    SpanEnd,
    /// A parent starts before its child, on one clock.
    ChildStart,
    /// A child ends before its parent, on one clock.
    ChildEnd,
}

impl Rule {
    /// Number of rules.
    pub const COUNT: usize = Self::ChildEnd as usize + 1;

    /// How sure the rule is.
    #[must_use]
    pub const fn strength(self) -> Evidence {
        match self {
            Self::ParentStartChildEnd
            | Self::RequestStart
            | Self::ResponseAfterServerStart
            | Self::RequestSent
            | Self::ResponseReceived
            | Self::MessageStart
            | Self::LinkStartEnd
            | Self::StreamChunk
            | Self::CallMessage
            | Self::ToolRequested
            | Self::ToolStartedBeforeResult
            | Self::ResponseContinued
            | Self::DateAfterRequest
            | Self::DateBeforeResponse
            | Self::MessageStored
            | Self::MessageDelivered
            | Self::LogObserved
            | Self::SpanEnd => Evidence::Protocol,
            Self::RemoteChildStart
            | Self::AssumedResponse
            | Self::UnaryEnd
            | Self::LinkStart
            | Self::FollowsFrom
            | Self::ToolAfterAnswer
            | Self::ToolEndedBeforeResult
            | Self::ResponseReceivedBeforeNext
            | Self::TurnBeforeNext
            | Self::JoinEnd
            | Self::ChildStart
            | Self::ChildEnd => Evidence::Convention,
            Self::CreatedAfterRequest | Self::CreatedBeforeResponse | Self::DeclaredBound | Self::SameHost => {
                Evidence::Prior
            }
        }
    }

    /// Whether it says something about the offset between two clocks; the others are about one clock.
    #[must_use]
    pub const fn is_between_clocks(self) -> bool {
        !matches!(self, Self::SpanEnd | Self::ChildStart | Self::ChildEnd)
    }

    /// Whether the time between both events is little more than the way of a message: not a whole call.
    #[must_use]
    pub const fn is_prompt(self) -> bool {
        match self {
            Self::RequestStart
            | Self::RemoteChildStart
            | Self::RequestSent
            | Self::MessageStart
            | Self::LinkStart
            | Self::FollowsFrom
            | Self::StreamChunk
            | Self::CallMessage
            | Self::UnaryEnd => true,
            Self::ParentStartChildEnd
            | Self::ResponseAfterServerStart
            | Self::AssumedResponse
            | Self::ResponseReceived
            | Self::LinkStartEnd
            | Self::ToolRequested
            | Self::ToolAfterAnswer
            | Self::ToolStartedBeforeResult
            | Self::ToolEndedBeforeResult
            | Self::ResponseContinued
            | Self::ResponseReceivedBeforeNext
            | Self::TurnBeforeNext
            | Self::DateAfterRequest
            | Self::DateBeforeResponse
            | Self::CreatedAfterRequest
            | Self::CreatedBeforeResponse
            | Self::MessageStored
            | Self::MessageDelivered
            | Self::LogObserved
            | Self::JoinEnd
            | Self::DeclaredBound
            | Self::SameHost
            | Self::SpanEnd
            | Self::ChildStart
            | Self::ChildEnd => false,
        }
    }

    /// What the event that another clock than its span's was read for tells, and whether it is the earlier one of the
    /// edge; `None` where both events are stamped by the clocks of their spans.
    #[must_use]
    pub const fn reads(self) -> Option<(Said, bool)> {
        match self {
            Self::MessageStored => Some((Said::Stored, false)),
            Self::MessageDelivered => Some((Said::Stored, true)),
            Self::DateAfterRequest => Some((Said::Dated, false)),
            Self::DateBeforeResponse => Some((Said::Dated, true)),
            Self::CreatedAfterRequest => Some((Said::Created, false)),
            Self::CreatedBeforeResponse => Some((Said::Created, true)),
            _ => None,
        }
    }

    /// The rule in words, for tooltips and reports.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::ParentStartChildEnd => "a child ends after its parent started",
            Self::RequestStart => "a request is sent before the server starts on it",
            Self::RemoteChildStart => "a parent starts before its remote child",
            Self::ResponseAfterServerStart => "the server started before the client had the response",
            Self::AssumedResponse => "the server started before the client span ended normally",
            Self::UnaryEnd => "the server ends before the client has the whole response",
            Self::RequestSent => "the request was sent before the server started",
            Self::ResponseReceived => "the server started before the first response byte arrived",
            Self::MessageStart => "a message is produced before it is processed",
            Self::LinkStartEnd => "a linked span started before the linking span ended",
            Self::LinkStart => "a linked span started before the linking span",
            Self::FollowsFrom => "what a span follows from started before it",
            Self::StreamChunk => "a chunk is sent before it is received",
            Self::CallMessage => "a message of a call is sent before it is received",
            Self::ToolRequested => "a model call starts before the tool call that it asks for",
            Self::ToolAfterAnswer => "a model's answer is there before the tool call in it starts",
            Self::ToolStartedBeforeResult => "a tool starts before a model is told its result",
            Self::ToolEndedBeforeResult => "a tool ends before a model is told its result",
            Self::ResponseContinued => "a response is begun before the request that continues it",
            Self::ResponseReceivedBeforeNext => "a response is received before the request that continues it",
            Self::DateAfterRequest => "a request is sent before its response is dated",
            Self::DateBeforeResponse => "a response is dated before it is received",
            Self::TurnBeforeNext => "a turn of a conversation is answered before the next one begins",
            Self::CreatedAfterRequest => "a request is sent before the response to it is made",
            Self::CreatedBeforeResponse => "a response is made before it is received",
            Self::MessageStored => "a message is sent before the broker stores it",
            Self::MessageDelivered => "the broker stores a message before it is received",
            Self::LogObserved => "a log record is written before the collector sees it",
            Self::JoinEnd => "what is joined ends before the join does",
            Self::DeclaredBound => "the machine says how far its clock is off at most",
            Self::SameHost => "containers of one machine read one clock",
            Self::SpanEnd => "a span starts before it ends",
            Self::ChildStart => "a parent starts before its child",
            Self::ChildEnd => "a child ends before its parent",
        }
    }
}
