//! Joins parts into a [`TraceStore`]: moves their symbols and ids into shared tables.

use std::ops::Range;

use super::attr::AttrId;
use super::columns::end_of;
use super::ids::{InputIx, ResourceIx, ScopeIx, SpanId, SpanIx, TraceId, TraceIx};
use super::part::{LogDraft, Part, Resource, Scope};
use super::seam::{self, Tail};
use super::span::SpanFlags;
use super::store::{Input, Trace, TraceStore};
use super::strings::Sym;

/// Collects parts, in input order, and finishes them into a [`TraceStore`].
#[derive(Debug, Default)]
pub struct StoreBuilder {
    whole: Part,
    open_resource: Option<Tail<Resource>>,
    open_scope: Option<Tail<Scope>>,
    inputs: Vec<Input>,
}

/// Where the symbols, attributes, traces, resources and scopes of a part went.
struct Moved {
    syms: Vec<Sym>,
    attrs: Vec<AttrId>,
    traces: Vec<TraceIx>,
    resources: Vec<ResourceIx>,
    scopes: Vec<ScopeIx>,
}

impl StoreBuilder {
    /// An empty builder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Continues from a finished store, to add inputs to a workspace.
    ///
    /// What `finish` derived (parents, children, ghosts) is derived anew. Events that came from logs stay events.
    #[must_use]
    pub fn continue_from(store: &TraceStore) -> Self {
        let mut whole = Part::new();
        whole.strings = store.strings.clone();
        whole.attrs = store.attrs.clone();
        whole.spans = store.spans.clone();
        whole.events = store.events.clone();
        whole.links = store.links.clone();
        whole.scopes = store.scopes.clone();
        for trace in &store.traces {
            whole.trace(trace.id);
        }
        for resource in &store.resources {
            whole.resource(resource.clone());
        }
        Self { whole, inputs: store.inputs.clone(), ..Self::default() }
    }

    /// Registers an input; parts refer to it by the index returned.
    pub fn add_input(&mut self, input: Input) -> InputIx {
        self.inputs.push(input);
        InputIx::from_usize(self.inputs.len() - 1)
    }

    /// The registered input, to complete what is known only after reading.
    pub fn input_mut(&mut self, input: InputIx) -> &mut Input {
        &mut self.inputs[input.at()]
    }

    /// Appends `part`, all of which belongs to `input`. Call in file order: results depend on it.
    pub fn absorb(&mut self, mut part: Part, input: InputIx) {
        part.diagnostics.set_input(input);
        self.inputs[input.at()].spans += part.spans.len() as u64;
        self.inputs[input.at()].diagnostics.absorb(std::mem::take(&mut part.diagnostics));
        let mut moved = self.move_content(&part);
        let base = self.whole.spans.len();
        let resource_end = self.join_resource(&mut part, &moved, input, base);
        let scope_end = self.join_scope(&mut part, &moved, base);
        self.move_groups(&part, &mut moved, input);
        self.append_spans(&part, &moved);
        if let Some((spans, ix)) = resource_end {
            self.whole.spans.resource[spans].fill(ix);
        }
        if let Some((spans, ix)) = scope_end {
            self.whole.spans.scope[spans].fill(ix);
        }
        self.leave_open(&mut part, &moved, input, base);
        self.append_events(&part, &moved);
        self.append_links(&part, &moved);
        for log in part.logs {
            self.whole.logs.push(LogDraft {
                input,
                trace: moved.trace_id(log.trace),
                span: moved.span_id(log.span),
                name: moved.sym(log.name),
                attrs: moved.attrs(&log.attrs),
                ..log
            });
        }
    }

    /// Resolves parents, links, logs and duplicates, and freezes the result.
    #[must_use]
    pub fn finish(mut self) -> TraceStore {
        let base = self.whole.spans.len();
        // A stream that failed may have left groups open.
        if let Some((spans, resource)) = seam::join(&mut self.open_resource, None, base, Resource::add) {
            let ix = self.whole.resource(resource);
            self.whole.spans.resource[spans].fill(ix);
        }
        if let Some((spans, scope)) = seam::join(&mut self.open_scope, None, base, Scope::add) {
            let ix = self.whole.scope(scope);
            self.whole.spans.scope[spans].fill(ix);
        }
        let Self { whole, inputs, .. } = self;
        let mut store = TraceStore {
            inputs,
            strings: whole.strings,
            attrs: whole.attrs,
            spans: whole.spans,
            events: whole.events,
            links: whole.links,
            traces: whole.traces.into_iter().map(|id| Trace { id, spans: 0 }).collect(),
            resources: whole.resources,
            scopes: whole.scopes,
            ..TraceStore::default()
        };
        super::finish::finish(&mut store, whole.logs);
        store
    }

    /// Moves strings, attributes and traces, which do not depend on anything else.
    fn move_content(&mut self, part: &Part) -> Moved {
        let whole = &mut self.whole;
        let mut moved = Moved {
            syms: Vec::with_capacity(part.strings.len()),
            attrs: Vec::new(),
            traces: Vec::new(),
            resources: Vec::new(),
            scopes: Vec::new(),
        };
        for ((_, text), hash) in part.strings.iter().zip(part.strings.hashes()) {
            moved.syms.push(whole.strings.intern_hashed(text, hash));
        }
        moved.attrs.reserve(part.attrs.pairs().len());
        for attr in part.attrs.pairs() {
            let value = attr.value.map_sym(|sym| moved.sym(sym)).packed();
            moved.attrs.push(whole.attrs.intern_packed(moved.sym(attr.key), value));
        }
        moved.traces = part.traces.iter().map(|&id| whole.trace(moved.trace_id(id))).collect();
        moved
    }

    /// Moves the resources and scopes that lie entirely in `part`.
    fn move_groups(&mut self, part: &Part, moved: &mut Moved, input: InputIx) {
        moved.resources = part.resources.iter().map(|it| self.whole.resource(moved.resource(it, input))).collect();
        moved.scopes = part.scopes.iter().map(|it| self.whole.scope(moved.scope(it))).collect();
    }

    /// Goes on with the resource that is open; returns its spans and index when it ends in `part`.
    fn join_resource(
        &mut self,
        part: &mut Part,
        moved: &Moved,
        input: InputIx,
        base: usize,
    ) -> Option<(Range<usize>, ResourceIx)> {
        let mut head = part.seam.head_resource.take();
        if let Some(head) = &mut head {
            head.content = moved.resource(&head.content, input);
        }
        let (spans, resource) = seam::join(&mut self.open_resource, head, base, Resource::add)?;
        Some((spans, self.whole.resource(resource)))
    }

    /// Goes on with the scope that is open; returns its spans and index when it ends in `part`.
    fn join_scope(&mut self, part: &mut Part, moved: &Moved, base: usize) -> Option<(Range<usize>, ScopeIx)> {
        let mut head = part.seam.head_scope.take();
        if let Some(head) = &mut head {
            head.content = moved.scope(&head.content);
        }
        let (spans, scope) = seam::join(&mut self.open_scope, head, base, Scope::add)?;
        Some((spans, self.whole.scope(scope)))
    }

    fn leave_open(&mut self, part: &mut Part, moved: &Moved, input: InputIx, base: usize) {
        if let Some(tail) = part.seam.tail_resource.take() {
            let content = moved.resource(&tail.content, input);
            self.open_resource = Some(Tail { content, first_span: base + tail.first_span });
        }
        if let Some(tail) = part.seam.tail_scope.take() {
            let content = moved.scope(&tail.content);
            self.open_scope = Some(Tail { content, first_span: base + tail.first_span });
        }
    }

    fn append_spans(&mut self, part: &Part, moved: &Moved) {
        let to = &mut self.whole.spans;
        let from = &part.spans;
        let first_span = end_of(to.len());
        let first_attr = end_of(to.attrs.len());
        let first_event = end_of(self.whole.events.time_ns.len());
        let first_link = end_of(self.whole.links.kind.len());
        to.trace.extend(from.trace.iter().map(|ix| moved.traces[ix.at()]));
        to.start_ns.extend_from_slice(&from.start_ns);
        to.end_ns.extend_from_slice(&from.end_ns);
        to.name.extend(from.name.iter().map(|&sym| moved.sym(sym)));
        to.resource.extend(from.resource.iter().map(|ix| ix.get().map_or(*ix, |ix| moved.resources[ix.at()])));
        to.scope.extend(from.scope.iter().map(|ix| ix.get().map_or(*ix, |ix| moved.scopes[ix.at()])));
        to.kind.extend_from_slice(&from.kind);
        to.status.extend_from_slice(&from.status);
        to.flags.extend_from_slice(&from.flags);
        to.otlp_flags.extend_from_slice(&from.otlp_flags);
        to.offset.extend_from_slice(&from.offset);
        to.attr_end.extend(from.attr_end.iter().map(|end| end + first_attr));
        to.event_end.extend(from.event_end.iter().map(|end| end + first_event));
        to.link_end.extend(from.link_end.iter().map(|end| end + first_link));
        to.attrs.extend(from.attrs.iter().map(|&id| moved.attr(id)));
        to.id
            .extend(from.id.iter().zip(&from.flags).map(|(&id, flags)| moved.id(id, flags.has(SpanFlags::ID_IS_TEXT))));
        to.parent_id.extend(
            from.parent_id
                .iter()
                .zip(&from.flags)
                .map(|(&id, flags)| moved.id(id, flags.has(SpanFlags::PARENT_IS_TEXT))),
        );
        to.rare.extend(from.rare.iter().map(|(span, rare)| {
            let mut rare = rare.clone();
            rare.trace_state = moved.sym(rare.trace_state);
            rare.status_message = moved.sym(rare.status_message);
            for warning in &mut rare.warnings {
                *warning = moved.sym(*warning);
            }
            (SpanIx(span.0 + first_span), rare)
        }));
    }

    fn append_events(&mut self, part: &Part, moved: &Moved) {
        let to = &mut self.whole.events;
        let from = &part.events;
        let first_attr = end_of(to.attrs.len());
        to.time_ns.extend_from_slice(&from.time_ns);
        to.observed_ns.extend_from_slice(&from.observed_ns);
        to.name.extend(from.name.iter().map(|&sym| moved.sym(sym)));
        to.attr_end.extend(from.attr_end.iter().map(|end| end + first_attr));
        to.attrs.extend(from.attrs.iter().map(|&id| moved.attr(id)));
    }

    fn append_links(&mut self, part: &Part, moved: &Moved) {
        let to = &mut self.whole.links;
        let from = &part.links;
        let first_attr = end_of(to.attrs.len());
        to.kind.extend_from_slice(&from.kind);
        to.trace.extend(from.trace.iter().map(|&id| moved.trace_id(id)));
        to.span.extend(from.span.iter().map(|&id| moved.span_id(id)));
        to.target.extend(from.target.iter().map(|_| SpanIx::NONE));
        to.trace_state.extend(from.trace_state.iter().map(|&sym| moved.sym(sym)));
        to.otlp_flags.extend_from_slice(&from.otlp_flags);
        to.attr_end.extend(from.attr_end.iter().map(|end| end + first_attr));
        to.attrs.extend(from.attrs.iter().map(|&id| moved.attr(id)));
    }
}

impl Moved {
    fn sym(&self, sym: Sym) -> Sym {
        self.syms[sym.at()]
    }

    fn attr(&self, id: AttrId) -> AttrId {
        self.attrs[id.0 as usize]
    }

    fn attrs(&self, ids: &[AttrId]) -> Vec<AttrId> {
        ids.iter().map(|&id| self.attr(id)).collect()
    }

    fn resource(&self, resource: &Resource, input: InputIx) -> Resource {
        Resource {
            input,
            attrs: self.attrs(&resource.attrs),
            schema_url: self.sym(resource.schema_url),
            dropped: resource.dropped,
        }
    }

    fn scope(&self, scope: &Scope) -> Scope {
        Scope {
            name: self.sym(scope.name),
            version: self.sym(scope.version),
            schema_url: self.sym(scope.schema_url),
            attrs: self.attrs(&scope.attrs),
            dropped: scope.dropped,
        }
    }

    fn id(&self, bits: u64, is_text: bool) -> u64 {
        match (is_text, u32::try_from(bits)) {
            (true, Ok(sym)) => u64::from(self.sym(Sym(sym)).0),
            _ => bits,
        }
    }

    fn span_id(&self, id: SpanId) -> SpanId {
        match id {
            SpanId::Text(sym) => SpanId::Text(self.sym(sym)),
            other => other,
        }
    }

    fn trace_id(&self, id: TraceId) -> TraceId {
        match id {
            TraceId::Text(sym) => TraceId::Text(self.sym(sym)),
            other => other,
        }
    }
}
