//! Views of single spans, events and links of a [`TraceStore`].

use super::attr::{Attr, AttrId, Value};
use super::columns::{NOT_OBSERVED, Rare, slice_range};
use super::ids::{InputIx, ResourceIx, ScopeIx, SpanId, SpanIx, TraceId, TraceIx};
use super::part::{Resource, Scope};
use super::span::{LinkKind, SpanFlags, SpanKind, Status};
use super::store::TraceStore;
use super::strings::Sym;

/// A view of one span of a [`TraceStore`].
#[derive(Clone, Copy)]
pub struct SpanRef<'a> {
    pub(super) store: &'a TraceStore,
    /// Which span.
    pub ix: SpanIx,
}

impl<'a> SpanRef<'a> {
    const fn at(self) -> usize {
        self.ix.at()
    }

    /// Name as text.
    #[must_use]
    pub fn name(self) -> &'a str {
        self.store.text(self.name_sym())
    }

    /// Name as symbol.
    #[must_use]
    pub fn name_sym(self) -> Sym {
        self.store.spans.name[self.at()]
    }

    /// Raw start, Unix nanoseconds; 0 = not stated.
    #[must_use]
    pub fn start_ns(self) -> i64 {
        self.store.spans.start_ns[self.at()]
    }

    /// Raw end, Unix nanoseconds; 0 = not stated.
    #[must_use]
    pub fn end_ns(self) -> i64 {
        self.store.spans.end_ns[self.at()]
    }

    /// Raw duration in nanoseconds; negative when the end lies before the start, `None` when a time is missing.
    #[must_use]
    pub fn duration_ns(self) -> Option<i64> {
        if self.flags().0 & (SpanFlags::START_MISSING.0 | SpanFlags::END_MISSING.0) != 0 {
            return None;
        }
        Some(self.end_ns().saturating_sub(self.start_ns()))
    }

    /// Where the span is drawn on its own clock: (earlier, later) of its stated times. A missing time
    /// is replaced by the other one; a span without times is drawn at 0.
    #[must_use]
    pub fn drawn_ns(self) -> (i64, i64) {
        let (start, end) = (self.start_ns(), self.end_ns());
        match (self.flags().has(SpanFlags::START_MISSING), self.flags().has(SpanFlags::END_MISSING)) {
            (false, false) => (start.min(end), start.max(end)),
            (false, true) => (start, start),
            (true, _) => (end, end),
        }
    }

    /// Role in a call.
    #[must_use]
    pub fn kind(self) -> SpanKind {
        self.store.spans.kind[self.at()]
    }

    /// How it ended.
    #[must_use]
    pub fn status(self) -> Status {
        self.store.spans.status[self.at()]
    }

    /// What was noticed while loading.
    #[must_use]
    pub fn flags(self) -> SpanFlags {
        self.store.spans.flags[self.at()]
    }

    /// OTLP `Span.flags`, low 16 bits.
    #[must_use]
    pub fn otlp_flags(self) -> u32 {
        u32::from(self.store.spans.otlp_flags[self.at()])
    }

    /// Byte offset of the span in its (decompressed) input.
    #[must_use]
    pub fn offset(self) -> u64 {
        self.store.spans.offset[self.at()]
    }

    /// The span's id as the file gave it.
    #[must_use]
    pub fn id(self) -> SpanId {
        id_from(self.store.spans.id[self.at()], self.flags().has(SpanFlags::ID_IS_TEXT))
    }

    /// The parent's id as the file gave it.
    #[must_use]
    pub fn parent_id(self) -> SpanId {
        id_from(self.store.spans.parent_id[self.at()], self.flags().has(SpanFlags::PARENT_IS_TEXT))
    }

    /// The parent, if it is in the workspace.
    #[must_use]
    pub fn parent(self) -> Option<SpanIx> {
        self.store.parent[self.at()].get()
    }

    /// The children, sorted by start.
    #[must_use]
    pub fn children(self) -> &'a [SpanIx] {
        &self.store.children[slice_range(&self.store.child_end, self.at())]
    }

    /// The trace.
    #[must_use]
    pub fn trace_ix(self) -> TraceIx {
        self.store.spans.trace[self.at()]
    }

    /// The trace's id.
    #[must_use]
    pub fn trace_id(self) -> TraceId {
        self.store.traces[self.trace_ix().at()].id
    }

    /// Who reported it.
    #[must_use]
    pub fn resource_ix(self) -> ResourceIx {
        self.store.spans.resource[self.at()]
    }

    /// Who reported it.
    #[must_use]
    pub fn resource(self) -> &'a Resource {
        &self.store.resources[self.resource_ix().at()]
    }

    /// Which input it came from.
    #[must_use]
    pub fn input_ix(self) -> InputIx {
        self.resource().input
    }

    /// The instrumentation scope.
    #[must_use]
    pub fn scope_ix(self) -> ScopeIx {
        self.store.spans.scope[self.at()]
    }

    /// The instrumentation scope.
    #[must_use]
    pub fn scope(self) -> &'a Scope {
        &self.store.scopes[self.scope_ix().at()]
    }

    /// Ids of the attributes, in file order.
    #[must_use]
    pub fn attr_ids(self) -> &'a [AttrId] {
        &self.store.spans.attrs[slice_range(&self.store.spans.attr_end, self.at())]
    }

    /// The attributes, in file order.
    pub fn attrs(self) -> impl ExactSizeIterator<Item = Attr> + use<'a> {
        let store = self.store;
        self.attr_ids().iter().map(move |&id| store.attrs.get(id))
    }

    /// The first value of attribute `key`.
    #[must_use]
    pub fn attr(self, key: &str) -> Option<Value> {
        self.store.find_attr(self.attr_ids(), key)
    }

    /// The events, in file order; log records come last.
    pub fn events(self) -> impl ExactSizeIterator<Item = EventRef<'a>> + use<'a> {
        let store = self.store;
        slice_range(&store.spans.event_end, self.at()).map(move |at| EventRef { store, at })
    }

    /// The links, in file order.
    pub fn links(self) -> impl ExactSizeIterator<Item = LinkRef<'a>> + use<'a> {
        let store = self.store;
        slice_range(&store.spans.link_end, self.at()).map(move |at| LinkRef { store, at })
    }

    /// Fields that few spans have.
    #[must_use]
    pub fn rare(self) -> Option<&'a Rare> {
        self.store.spans.rare_of(self.ix)
    }
}

fn id_from(bits: u64, is_text: bool) -> SpanId {
    match (is_text, u32::try_from(bits)) {
        (true, Ok(sym)) => SpanId::Text(Sym(sym)),
        _ => SpanId::from_u64(bits),
    }
}

/// A view of one event.
#[derive(Clone, Copy)]
pub struct EventRef<'a> {
    pub(super) store: &'a TraceStore,
    pub(super) at: usize,
}

impl<'a> EventRef<'a> {
    /// Event time, Unix nanoseconds as the file said.
    #[must_use]
    pub fn time_ns(self) -> i64 {
        self.store.events.time_ns[self.at]
    }

    /// When a collector saw it, on the collector's clock (OTLP logs).
    #[must_use]
    pub fn observed_ns(self) -> Option<i64> {
        let observed = self.store.events.observed_ns[self.at];
        (observed != NOT_OBSERVED).then_some(observed)
    }

    /// Name.
    #[must_use]
    pub fn name(self) -> &'a str {
        self.store.text(self.store.events.name[self.at])
    }

    /// The symbol of its name.
    #[must_use]
    pub fn name_sym(self) -> Sym {
        self.store.events.name[self.at]
    }

    /// Attributes, in file order.
    pub fn attrs(self) -> impl ExactSizeIterator<Item = Attr> + use<'a> {
        let store = self.store;
        store.events.attrs[slice_range(&store.events.attr_end, self.at)].iter().map(move |&id| store.attrs.get(id))
    }
}

/// A view of one link.
#[derive(Clone, Copy)]
pub struct LinkRef<'a> {
    pub(super) store: &'a TraceStore,
    pub(super) at: usize,
}

impl<'a> LinkRef<'a> {
    /// What kind of reference it is.
    #[must_use]
    pub fn kind(self) -> LinkKind {
        self.store.links.kind[self.at]
    }

    /// The linked trace.
    #[must_use]
    pub fn trace_id(self) -> TraceId {
        self.store.links.trace[self.at]
    }

    /// The linked span's id.
    #[must_use]
    pub fn span_id(self) -> SpanId {
        self.store.links.span[self.at]
    }

    /// The linked span, if it is in the workspace.
    #[must_use]
    pub fn target(self) -> Option<SpanIx> {
        self.store.links.target[self.at].get()
    }

    /// W3C `tracestate`, empty when not stated.
    #[must_use]
    pub fn trace_state(self) -> &'a str {
        self.store.text(self.store.links.trace_state[self.at])
    }

    /// OTLP `Link.flags`.
    #[must_use]
    pub fn otlp_flags(self) -> u32 {
        self.store.links.otlp_flags[self.at]
    }

    /// Ids of the attributes, in file order.
    #[must_use]
    pub fn attr_ids(self) -> &'a [AttrId] {
        &self.store.links.attrs[slice_range(&self.store.links.attr_end, self.at)]
    }

    /// Attributes, in file order.
    pub fn attrs(self) -> impl ExactSizeIterator<Item = Attr> + use<'a> {
        let store = self.store;
        self.attr_ids().iter().map(move |&id| store.attrs.get(id))
    }
}
