//! What a span says about itself besides its times and attributes.

/// The role of a span in a call (OTLP `Span.SpanKind`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, strum::Display, strum::FromRepr)]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum SpanKind {
    /// Not stated.
    #[default]
    Unspecified = 0,
    /// Work inside one process.
    Internal = 1,
    /// The receiving side of a synchronous call.
    Server = 2,
    /// The sending side of a synchronous call.
    Client = 3,
    /// Sends a message that is worked on later.
    Producer = 4,
    /// Works on such a message.
    Consumer = 5,
}

/// How a span ended (OTLP `Status.StatusCode`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, strum::Display, strum::FromRepr)]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum Status {
    /// Not stated.
    #[default]
    Unset = 0,
    /// Marked as a success by the application.
    Ok = 1,
    /// Marked as failed.
    Error = 2,
}

/// What Skewline noticed about a span while loading it. A set of bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash)]
pub struct SpanFlags(pub u16);

impl SpanFlags {
    /// Status is error. Kept here too, so that aggregates can carry it.
    pub const ERROR: Self = Self(1);
    /// The end time is absent or zero: still in flight, or lost.
    pub const END_MISSING: Self = Self(1 << 1);
    /// The start time is absent or zero.
    pub const START_MISSING: Self = Self(1 << 2);
    /// The end lies before the start.
    pub const END_BEFORE_START: Self = Self(1 << 3);
    /// A time did not fit into signed 64-bit nanoseconds and was clamped.
    pub const TIME_CLAMPED: Self = Self(1 << 4);
    /// A time was written as a number that a double cannot hold exactly.
    pub const TIME_IMPRECISE: Self = Self(1 << 5);
    /// The span names itself as its parent.
    pub const SELF_PARENT: Self = Self(1 << 6);
    /// The span lies on a cycle of parents.
    pub const PARENT_CYCLE: Self = Self(1 << 7);
    /// The parent is not in the workspace.
    pub const PARENT_MISSING: Self = Self(1 << 8);
    /// The parent was found, but in another trace.
    pub const PARENT_OTHER_TRACE: Self = Self(1 << 9);
    /// Another span has the same id and different content.
    pub const ID_CONFLICT: Self = Self(1 << 10);
    /// The span id is a [`Sym`](super::Sym), not 8 bytes.
    pub const ID_IS_TEXT: Self = Self(1 << 11);
    /// The parent id is a [`Sym`](super::Sym), not 8 bytes.
    pub const PARENT_IS_TEXT: Self = Self(1 << 12);
    /// The format says that a server changed the times (Jaeger's clock skew warnings).
    pub const TIME_ADJUSTED: Self = Self(1 << 13);
    /// The span has entries in the table of rare fields.
    pub const HAS_RARE: Self = Self(1 << 14);
    /// The receiving half of a call whose two sides share one span id (Zipkin, B3): its parent is the other half.
    pub const SHARED_ID: Self = Self(1 << 15);

    /// True when every bit of `other` is set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// This set with the bits of `other` added.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Names of the flags that are worth showing, in bit order.
pub const FLAG_NAMES: &[(SpanFlags, &str)] = &[
    (SpanFlags::ERROR, "error"),
    (SpanFlags::END_MISSING, "end missing"),
    (SpanFlags::START_MISSING, "start missing"),
    (SpanFlags::END_BEFORE_START, "end before start"),
    (SpanFlags::TIME_CLAMPED, "time clamped"),
    (SpanFlags::TIME_IMPRECISE, "time imprecise"),
    (SpanFlags::SELF_PARENT, "own parent"),
    (SpanFlags::PARENT_CYCLE, "parent cycle"),
    (SpanFlags::PARENT_MISSING, "parent not in this workspace"),
    (SpanFlags::PARENT_OTHER_TRACE, "parent in another trace"),
    (SpanFlags::ID_CONFLICT, "id used twice"),
    (SpanFlags::SHARED_ID, "shares its id with the calling side"),
    (SpanFlags::TIME_ADJUSTED, "times adjusted by a server"),
];

/// Bits of OTLP `Span.flags` (opentelemetry/proto/trace/v1/trace.proto, `SpanFlags`).
pub mod otlp_flags {
    /// W3C trace flags: sampled.
    pub const SAMPLED: u32 = 1;
    /// The next bit is meaningful.
    pub const HAS_IS_REMOTE: u32 = 0x100;
    /// The parent lives in another process.
    pub const IS_REMOTE: u32 = 0x200;

    /// Whether the parent is remote, if the exporter said so.
    #[must_use]
    pub const fn is_remote(flags: u32) -> Option<bool> {
        if flags & HAS_IS_REMOTE == 0 { None } else { Some(flags & IS_REMOTE != 0) }
    }
}

/// What connects two spans besides the parent id.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum LinkKind {
    /// An OTLP span link.
    #[default]
    Link,
    /// An OpenTracing `FOLLOWS_FROM` reference.
    FollowsFrom,
    /// A `CHILD_OF` reference beyond the first one.
    ExtraParent,
}
