//! What a loader writes: drafts of spans go into a [`Part`], parts go into a [`StoreBuilder`](super::StoreBuilder).
//!
//! A part has interners of its own, so that parts of one input can be read on several threads.

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashTable};
use std::hash::BuildHasher;

use super::attr::{AttrId, Attrs, Value};
use super::columns::{EventColumns, LinkColumns, NOT_OBSERVED, Rare, SpanColumns, end_of};
use super::diagnostics::Diagnostics;
use super::ids::{InputIx, ResourceIx, ScopeIx, SpanId, SpanIx, TraceId, TraceIx};
use super::seam::Seam;
use super::span::{LinkKind, SpanFlags, SpanKind, Status};
use super::strings::{Strings, Sym};

/// Who reported spans: an OTLP resource, a Jaeger process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resource {
    /// The input that holds it. Equal resources of different inputs stay different: pids may collide.
    pub input: InputIx,
    /// Attributes in file order.
    pub attrs: Vec<AttrId>,
    /// Schema URL, empty when not stated.
    pub schema_url: Sym,
    /// Attributes that the SDK dropped.
    pub dropped: u32,
}

/// The instrumentation library that made spans.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Scope {
    /// Name, empty when not stated.
    pub name: Sym,
    /// Version, empty when not stated.
    pub version: Sym,
    /// Schema URL, empty when not stated.
    pub schema_url: Sym,
    /// Attributes in file order.
    pub attrs: Vec<AttrId>,
    /// Attributes that the SDK dropped.
    pub dropped: u32,
}

/// One event of a [`SpanDraft`].
#[derive(Clone, Copy, Debug, Default)]
pub struct EventDraft {
    /// Event time, Unix nanoseconds.
    pub time_ns: i64,
    /// When a collector saw it, if that is known.
    pub observed_ns: Option<i64>,
    /// Event name.
    pub name: Sym,
    /// Where its attributes end in [`SpanDraft::event_attrs`].
    pub attr_end: u32,
}

/// One link of a [`SpanDraft`].
#[derive(Clone, Copy, Debug, Default)]
pub struct LinkDraft {
    /// What kind of reference it is.
    pub kind: LinkKind,
    /// The linked trace.
    pub trace: TraceId,
    /// The linked span.
    pub span: SpanId,
    /// W3C `tracestate`, empty when not stated.
    pub trace_state: Sym,
    /// OTLP `Link.flags`.
    pub otlp_flags: u32,
    /// Where its attributes end in [`SpanDraft::link_attrs`].
    pub attr_end: u32,
}

/// A span being read. Reused from span to span, so that reading allocates nothing per span.
#[derive(Clone, Debug, Default)]
pub struct SpanDraft {
    /// Trace id.
    pub trace: TraceId,
    /// Span id.
    pub id: SpanId,
    /// Parent span id, [`SpanId::None`] for a root.
    pub parent: SpanId,
    /// Start, Unix nanoseconds; 0 = not stated.
    pub start_ns: i64,
    /// End, Unix nanoseconds; 0 = not stated.
    pub end_ns: i64,
    /// Name.
    pub name: Sym,
    /// Role in a call.
    pub kind: SpanKind,
    /// How it ended.
    pub status: Status,
    /// Flags that the loader set. Flags that follow from other fields are set by [`Part::push`].
    pub flags: SpanFlags,
    /// OTLP `Span.flags`.
    pub otlp_flags: u32,
    /// Byte offset of the span in its input.
    pub offset: u64,
    /// Attributes in file order.
    pub attrs: Vec<AttrId>,
    /// Events in file order.
    pub events: Vec<EventDraft>,
    /// Attributes of the events, end to end.
    pub event_attrs: Vec<AttrId>,
    /// Links in file order.
    pub links: Vec<LinkDraft>,
    /// Attributes of the links, end to end.
    pub link_attrs: Vec<AttrId>,
    /// Fields that few spans have.
    pub rare: Rare,
}

impl SpanDraft {
    /// Empties the draft for the next span, keeping its buffers.
    pub fn clear(&mut self) {
        let Self { attrs, events, event_attrs, links, link_attrs, .. } = std::mem::take(self);
        *self = Self { attrs, events, event_attrs, links, link_attrs, ..Self::default() };
        self.attrs.clear();
        self.events.clear();
        self.event_attrs.clear();
        self.links.clear();
        self.link_attrs.clear();
    }
}

/// A log record that names a span; it becomes an event of that span when the store is finished.
#[derive(Clone, Debug)]
pub struct LogDraft {
    /// The input it came from; set when its part is absorbed.
    pub input: InputIx,
    /// Trace of the span.
    pub trace: TraceId,
    /// The span.
    pub span: SpanId,
    /// When it happened, Unix nanoseconds; 0 = not stated.
    pub time_ns: i64,
    /// When a collector saw it, if stated.
    pub observed_ns: Option<i64>,
    /// Event name, or the body's text.
    pub name: Sym,
    /// Attributes, severity and body among them.
    pub attrs: Vec<AttrId>,
    /// Byte offset in the input.
    pub offset: u64,
}

/// A piece of one input as columns, with its own interners.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// Strings of this part.
    pub strings: Strings,
    /// Attributes of this part.
    pub attrs: Attrs,
    /// What was odd in this part.
    pub diagnostics: Diagnostics,
    pub(crate) spans: SpanColumns,
    pub(crate) events: EventColumns,
    pub(crate) links: LinkColumns,
    pub(crate) traces: Vec<TraceId>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) logs: Vec<LogDraft>,
    pub(super) seam: Seam,
    trace_by_id: HashTable<u32>,
    last_trace: Option<(TraceId, TraceIx)>,
    resource_ix: HashMap<u64, Vec<ResourceIx>, FixedState>,
}

const HASHER: FixedState = FixedState::with_seed(0x7ace);

impl Part {
    /// An empty part.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty part with room for what `bytes` of text usually hold.
    #[must_use]
    pub fn sized_for(bytes: usize) -> Self {
        let mut part = Self::tables_for(bytes);
        part.spans.reserve(bytes / 1024, bytes / 96);
        part
    }

    /// An empty part with room for what `bytes` of text usually hold, but for spans.
    #[must_use]
    pub fn tables_for(bytes: usize) -> Self {
        let mut part = Self::new();
        part.strings.reserve(bytes / 512);
        part.attrs.reserve(bytes / 512);
        part
    }

    /// Number of spans so far.
    #[must_use]
    pub fn span_count(&self) -> usize {
        self.spans.len()
    }

    /// Stores `resource` unless an equal one is there.
    pub fn resource(&mut self, resource: Resource) -> ResourceIx {
        let key = HASHER.hash_one((&resource.attrs, resource.schema_url, resource.input));
        let same = self.resource_ix.entry(key).or_default();
        if let Some(&found) = same.iter().find(|ix| self.resources[ix.at()] == resource) {
            return found;
        }
        let ix = ResourceIx::from_usize(self.resources.len());
        same.push(ix);
        self.resources.push(resource);
        ix
    }

    /// Stores `scope` unless an equal one is there.
    pub fn scope(&mut self, scope: Scope) -> ScopeIx {
        if let Some(found) = self.scopes.iter().rposition(|known| *known == scope) {
            return ScopeIx::from_usize(found);
        }
        self.scopes.push(scope);
        ScopeIx::from_usize(self.scopes.len() - 1)
    }

    /// Keeps a log record until its span is known.
    pub fn push_log(&mut self, log: LogDraft) {
        self.logs.push(log);
    }

    /// Gives `log` the name that older SDKs write into the attribute `event.name`, and LiteLLM into `event_name`, unless it
    /// has one of its own.
    pub fn name_log(&self, log: &mut LogDraft) {
        let stated = log
            .attrs
            .iter()
            .map(|id| self.attrs.get(*id))
            .find(|attr| matches!(self.strings.get(attr.key), "event.name" | "event_name"));
        if let (true, Some(Value::Str(name))) = (log.name.is_empty(), stated.map(|attr| attr.value)) {
            log.name = name;
        }
    }

    /// Appends the span `draft`, reported by `resource` through `scope`.
    ///
    /// Sets the flags that follow from the span's own fields: error, missing times, end before start.
    pub fn push(&mut self, draft: &SpanDraft, resource: ResourceIx, scope: ScopeIx) -> SpanIx {
        let span = SpanIx::from_usize(self.spans.len());
        let trace = self.trace(draft.trace);
        let (id, id_flag) = id_bits(draft.id, SpanFlags::ID_IS_TEXT);
        let (parent, parent_flag) = id_bits(draft.parent, SpanFlags::PARENT_IS_TEXT);
        let mut flags = draft.flags.with(own_flags(draft)).with(id_flag).with(parent_flag);
        if !draft.rare.is_empty() {
            flags = flags.with(SpanFlags::HAS_RARE);
            self.spans.rare.push((span, draft.rare.clone()));
        }
        let spans = &mut self.spans;
        spans.trace.push(trace);
        spans.id.push(id);
        spans.parent_id.push(parent);
        spans.start_ns.push(draft.start_ns);
        spans.end_ns.push(draft.end_ns);
        spans.name.push(draft.name);
        spans.resource.push(resource);
        spans.scope.push(scope);
        spans.kind.push(draft.kind);
        spans.status.push(draft.status);
        spans.flags.push(flags);
        spans.otlp_flags.push((draft.otlp_flags & 0xffff) as u16);
        spans.offset.push(draft.offset);
        spans.attrs.extend_from_slice(&draft.attrs);
        spans.attr_end.push(end_of(spans.attrs.len()));
        self.push_events(draft);
        self.push_links(draft);
        self.spans.event_end.push(end_of(self.events.time_ns.len()));
        self.spans.link_end.push(end_of(self.links.kind.len()));
        span
    }

    fn push_events(&mut self, draft: &SpanDraft) {
        let base = end_of(self.events.attrs.len());
        for event in &draft.events {
            self.events.time_ns.push(event.time_ns);
            self.events.observed_ns.push(event.observed_ns.unwrap_or(NOT_OBSERVED));
            self.events.name.push(event.name);
            self.events.attr_end.push(base + event.attr_end);
        }
        self.events.attrs.extend_from_slice(&draft.event_attrs);
    }

    fn push_links(&mut self, draft: &SpanDraft) {
        let base = end_of(self.links.attrs.len());
        for link in &draft.links {
            self.links.kind.push(link.kind);
            self.links.trace.push(link.trace);
            self.links.span.push(link.span);
            self.links.target.push(SpanIx::NONE);
            self.links.trace_state.push(link.trace_state);
            self.links.otlp_flags.push(link.otlp_flags);
            self.links.attr_end.push(base + link.attr_end);
        }
        self.links.attrs.extend_from_slice(&draft.link_attrs);
    }

    pub(crate) fn trace(&mut self, id: TraceId) -> TraceIx {
        if let Some((last, ix)) = self.last_trace
            && last == id
        {
            return ix;
        }
        let hash = HASHER.hash_one(id);
        let found = self.trace_by_id.find(hash, |&ix| self.traces[ix as usize] == id).copied();
        let ix = found.map_or_else(
            || {
                let ix = end_of(self.traces.len());
                self.traces.push(id);
                let traces = &self.traces;
                self.trace_by_id.insert_unique(hash, ix, |&ix| HASHER.hash_one(traces[ix as usize]));
                TraceIx(ix)
            },
            TraceIx,
        );
        self.last_trace = Some((id, ix));
        ix
    }
}

fn id_bits(id: SpanId, text_flag: SpanFlags) -> (u64, SpanFlags) {
    match id {
        SpanId::None => (0, SpanFlags::default()),
        SpanId::Bytes(bits) => (bits, SpanFlags::default()),
        SpanId::Text(sym) => (u64::from(sym.0), text_flag),
    }
}

fn own_flags(draft: &SpanDraft) -> SpanFlags {
    let mut flags = SpanFlags::default();
    if draft.status == Status::Error {
        flags = flags.with(SpanFlags::ERROR);
    }
    if draft.start_ns == 0 {
        flags = flags.with(SpanFlags::START_MISSING);
    }
    if draft.end_ns == 0 {
        flags = flags.with(SpanFlags::END_MISSING);
    } else if draft.end_ns < draft.start_ns {
        flags = flags.with(SpanFlags::END_BEFORE_START);
    }
    flags
}
