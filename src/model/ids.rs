//! Small index types and the identifiers that traces carry.

use std::fmt;

use super::strings::Sym;

/// Makes an index type: a `u32` with `NONE`.
macro_rules! index_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub u32);

        impl $name {
            /// Marks "no such thing"; never a valid index.
            pub const NONE: Self = Self(u32::MAX);

            /// True unless this is [`Self::NONE`].
            #[must_use]
            pub const fn is_some(self) -> bool {
                self.0 != u32::MAX
            }

            /// `Some(self)` unless this is [`Self::NONE`].
            #[must_use]
            pub fn get(self) -> Option<Self> {
                self.is_some().then_some(self)
            }

            /// The index as a `usize`, for indexing slices.
            #[must_use]
            pub const fn at(self) -> usize {
                self.0 as usize
            }

            /// Builds the index from a position; saturates to [`Self::NONE`] past `u32::MAX`.
            #[must_use]
            pub fn from_usize(ix: usize) -> Self {
                Self(u32::try_from(ix).unwrap_or(u32::MAX))
            }
        }
    };
}
pub(crate) use index_type;

index_type!(
    /// A span of a [`TraceStore`](super::TraceStore), in input order.
    SpanIx
);
index_type!(
    /// A trace of a [`TraceStore`](super::TraceStore), in order of first appearance.
    TraceIx
);
index_type!(
    /// A resource (the process or device that reported spans).
    ResourceIx
);
index_type!(
    /// An instrumentation scope.
    ScopeIx
);
index_type!(
    /// One input (file, stdin) of the workspace.
    InputIx
);
index_type!(
    /// A clock domain: everything stamped by one clock, as far as the evidence goes.
    DomainIx
);

/// A span identifier as the file gave it.
///
/// The field's binary ids are 8 bytes; they are kept as a big-endian number. Formats whose ids are
/// free text (UUIDs, `span_…`) keep the interned text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum SpanId {
    /// No id: absent, empty, or all zeros.
    #[default]
    None,
    /// An 8-byte id (W3C trace context), as a big-endian number. Never zero.
    Bytes(u64),
    /// An id that is not 16 hex digits or 8 bytes, as the file spelled it.
    Text(Sym),
}

impl SpanId {
    /// An 8-byte id; zero means "none" (W3C trace context, section 3.2.2.4).
    #[must_use]
    pub const fn from_u64(id: u64) -> Self {
        if id == 0 { Self::None } else { Self::Bytes(id) }
    }

    /// True unless the id is absent.
    #[must_use]
    pub const fn is_some(self) -> bool {
        !matches!(self, Self::None)
    }
}

/// A trace identifier as the file gave it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum TraceId {
    /// No id: absent, empty, or all zeros.
    #[default]
    None,
    /// A 16-byte id, as a big-endian number. Never zero. 8-byte ids (Jaeger, Zipkin) are padded left.
    Bytes(u128),
    /// An id that is not made of 8 or 16 bytes, as the file spelled it.
    Text(Sym),
}

impl TraceId {
    /// A 16-byte id; zero means "none".
    #[must_use]
    pub const fn from_u128(id: u128) -> Self {
        if id == 0 { Self::None } else { Self::Bytes(id) }
    }
}

/// Writes a span id as 16 hex digits; textual ids need the store, see `TraceStore::span_id_text`.
#[derive(Clone, Copy)]
pub struct Hex64(pub u64);

impl fmt::Display for Hex64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
