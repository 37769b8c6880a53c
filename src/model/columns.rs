//! The span, event and link columns, as a loader fills them and as the store keeps them.

use super::attr::AttrId;
use super::ids::{ResourceIx, ScopeIx, SpanId, SpanIx, TraceId, TraceIx};
use super::span::{LinkKind, SpanFlags, SpanKind, Status};
use super::strings::Sym;

/// One value per span, in input order. `*_end` columns hold where the span's slice ends in the flat
/// arena; it starts where the previous span's ends.
#[derive(Clone, Debug, Default)]
pub struct SpanColumns {
    pub(crate) trace: Vec<TraceIx>,
    pub(crate) id: Vec<u64>,
    pub(crate) parent_id: Vec<u64>,
    pub(crate) start_ns: Vec<i64>,
    pub(crate) end_ns: Vec<i64>,
    pub(crate) name: Vec<Sym>,
    pub(crate) resource: Vec<ResourceIx>,
    pub(crate) scope: Vec<ScopeIx>,
    pub(crate) kind: Vec<SpanKind>,
    pub(crate) status: Vec<Status>,
    pub(crate) flags: Vec<SpanFlags>,
    /// The low 16 bits of OTLP `Span.flags`; the others are reserved.
    pub(crate) otlp_flags: Vec<u16>,
    pub(crate) attr_end: Vec<u32>,
    pub(crate) event_end: Vec<u32>,
    pub(crate) link_end: Vec<u32>,
    /// Byte offset of the span's text in its (decompressed) input.
    pub(crate) offset: Vec<u64>,
    /// The attributes of all spans, end to end.
    pub(crate) attrs: Vec<AttrId>,
    /// Fields that few spans have, sorted by span.
    pub(crate) rare: Vec<(SpanIx, Rare)>,
}

/// Fields that few spans have.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rare {
    /// W3C `tracestate`.
    pub trace_state: Sym,
    /// `Status.message`.
    pub status_message: Sym,
    /// Attributes, events and links that the SDK dropped.
    pub dropped: [u32; 3],
    /// Warnings that a server left on the span (Jaeger).
    pub warnings: Vec<Sym>,
}

impl Rare {
    /// True when there is nothing to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One value per event.
#[derive(Clone, Debug, Default)]
pub struct EventColumns {
    pub(crate) time_ns: Vec<i64>,
    /// When a collector saw the event (OTLP logs, `observed_time_unix_nano`), or [`NOT_OBSERVED`].
    pub(crate) observed_ns: Vec<i64>,
    pub(crate) name: Vec<Sym>,
    pub(crate) attr_end: Vec<u32>,
    pub(crate) attrs: Vec<AttrId>,
}

/// Marks an event without an observed time.
pub const NOT_OBSERVED: i64 = i64::MIN;

/// One value per link.
#[derive(Clone, Debug, Default)]
pub struct LinkColumns {
    pub(crate) kind: Vec<LinkKind>,
    pub(crate) trace: Vec<TraceId>,
    pub(crate) span: Vec<SpanId>,
    /// The linked span, once resolved.
    pub(crate) target: Vec<SpanIx>,
    pub(crate) trace_state: Vec<Sym>,
    pub(crate) otlp_flags: Vec<u32>,
    pub(crate) attr_end: Vec<u32>,
    pub(crate) attrs: Vec<AttrId>,
}

/// The slice `ix` of an arena whose slices end at `ends`.
pub(crate) fn slice_range(ends: &[u32], ix: usize) -> std::ops::Range<usize> {
    let start = if ix == 0 { 0 } else { ends[ix - 1] as usize };
    start..ends[ix] as usize
}

/// An arena length as a column value; arenas hold fewer than 2^32 entries.
pub(crate) fn end_of(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// Something to do to every column, whatever it holds.
trait VisitColumn {
    fn column<T>(&mut self, column: &mut Vec<T>);
}

struct Reserve(usize);

impl VisitColumn for Reserve {
    fn column<T>(&mut self, column: &mut Vec<T>) {
        column.reserve(self.0);
    }
}

struct Shrink;

impl VisitColumn for Shrink {
    fn column<T>(&mut self, column: &mut Vec<T>) {
        column.shrink_to_fit();
    }
}

impl EventColumns {
    /// Gives back memory that is not in use.
    pub(crate) fn shrink(&mut self) {
        self.time_ns.shrink_to_fit();
        self.observed_ns.shrink_to_fit();
        self.name.shrink_to_fit();
        self.attr_end.shrink_to_fit();
        self.attrs.shrink_to_fit();
    }
}

impl SpanColumns {
    /// Number of spans.
    #[must_use]
    pub fn len(&self) -> usize {
        self.id.len()
    }

    /// True when there is no span.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.id.is_empty()
    }

    /// Makes room for `spans` spans with `attrs` attributes.
    pub(crate) fn reserve(&mut self, spans: usize, attrs: usize) {
        self.each_column(&mut Reserve(spans));
        self.attrs.reserve(attrs);
    }

    /// Gives back memory that is not in use.
    pub(crate) fn shrink(&mut self) {
        self.each_column(&mut Shrink);
        self.attrs.shrink_to_fit();
        self.rare.shrink_to_fit();
    }

    fn each_column(&mut self, visit: &mut impl VisitColumn) {
        visit.column(&mut self.trace);
        visit.column(&mut self.id);
        visit.column(&mut self.parent_id);
        visit.column(&mut self.start_ns);
        visit.column(&mut self.end_ns);
        visit.column(&mut self.name);
        visit.column(&mut self.resource);
        visit.column(&mut self.scope);
        visit.column(&mut self.kind);
        visit.column(&mut self.status);
        visit.column(&mut self.flags);
        visit.column(&mut self.otlp_flags);
        visit.column(&mut self.attr_end);
        visit.column(&mut self.event_end);
        visit.column(&mut self.link_end);
        visit.column(&mut self.offset);
    }

    /// The rare fields of `span`, if it has any.
    pub(crate) fn rare_of(&self, span: SpanIx) -> Option<&Rare> {
        if !self.flags[span.at()].has(SpanFlags::HAS_RARE) {
            return None;
        }
        let at = self.rare.binary_search_by_key(&span, |entry| entry.0).ok()?;
        Some(&self.rare[at].1)
    }

    /// Bytes of heap memory of the columns, without the attribute arena.
    pub(crate) fn column_bytes(&self) -> usize {
        fn of<T>(column: &Vec<T>) -> usize {
            column.capacity() * size_of::<T>()
        }
        of(&self.trace)
            + of(&self.id)
            + of(&self.parent_id)
            + of(&self.start_ns)
            + of(&self.end_ns)
            + of(&self.name)
            + of(&self.resource)
            + of(&self.scope)
            + of(&self.kind)
            + of(&self.status)
            + of(&self.flags)
            + of(&self.otlp_flags)
            + of(&self.attr_end)
            + of(&self.event_end)
            + of(&self.link_end)
            + of(&self.offset)
            + of(&self.rare)
    }
}
