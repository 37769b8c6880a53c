//! Causal edges: which event had to happen before which, by what rule, and how sure that is.

use crate::model::SpanIx;

/// How sure a causal edge is, and which edges to use: each level includes the stronger ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, strum::Display, strum::EnumString)]
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
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, strum::Display, strum::IntoStaticStr)]
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
}

impl Rule {
    /// Number of rules.
    pub const COUNT: usize = Self::StreamChunk as usize + 1;

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
            | Self::StreamChunk => Evidence::Protocol,
            Self::RemoteChildStart | Self::AssumedResponse | Self::UnaryEnd | Self::LinkStart | Self::FollowsFrom => {
                Evidence::Convention
            }
        }
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
            | Self::UnaryEnd => true,
            Self::ParentStartChildEnd
            | Self::ResponseAfterServerStart
            | Self::AssumedResponse
            | Self::ResponseReceived
            | Self::LinkStartEnd => false,
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
        }
    }
}
