//! What traces of AI conversations say, whatever convention they follow: agents, model calls, tokens, phases,
//! conversations and turns. Pure; the same store gives the same result.
//!
//! The conventions are data: `assets/genai/fields.toml` says which attribute gives which field, in the order in which
//! they are believed, and `assets/genai/roles.toml` what names of spans and events mean. Each distinct attribute is
//! looked up once, so that a million spans cost little more than a look at each. Every derived value can say where it
//! was read and how far it can be trusted.
//!
//! Nothing here compares times of different clocks: whatever does takes the clock model.

mod agents;
mod ancestry;
mod breakdown;
mod calls;
mod conversations;
mod convert;
mod facts;
mod field;
mod handoffs;
mod inherit;
mod judged;
mod map;
mod messages;
mod normalise;
mod parts;
mod phase;
mod provenance;
mod resolve;
mod retries;
mod stitch;
mod streams;
mod tables;
#[cfg(test)]
pub(crate) mod tests;
mod tokens;
mod tool_calls;
mod ttft;
mod turns;
mod units;
mod view;
mod voice;
mod walls;

pub use agents::{Agent, AgentIx};
pub use ancestry::{Ancestor, LostParent};
pub use breakdown::{Between, Breakdown, PhaseTime};
pub use calls::{Call, Counted, Tokens, Totals, Ttft, TtftFrom};
pub use conversations::{Conversation, ConversationIx};
pub use field::{Confidence, Datum, Field, Role, Text, Unit};
pub use handoffs::{Handoff, HandoffBy};
pub use judged::{Best, Judged, Verdict};
pub use map::{AgentEdge, AgentMap, AgentPicture, EdgeKind, Layers, Slot};
pub use messages::{Answers, Content, Document, Message, Messages, Recorded, Speaker, records_contents};
pub use phase::{Origin, Phase, PhasePart, Rule};
pub use provenance::FieldSource;
pub use retries::Retry;
pub use stitch::{Stitch, StitchBy};
pub use streams::{Stream, ThinkingTime};
pub use tables::{
    is_duration_key, is_placeholder, keys_of_same_field, matches as name_matches, plain_keys, shapes_answer,
};
pub use tool_calls::{AskedTool, asked as asked_tools};
pub use turns::{Turn, TurnIx};
pub use view::{CallView, Known};
pub use voice::{StatedWait, Voice, VoiceMoment};
pub use walls::{Ends, Walls};

use std::ops::Range;

use agents::Agents;
use normalise::{Own, mark};
use resolve::Resolved;
use stitch::Stitcher;
use streams::Streams;

use crate::model::{AttrId, Ghost, SpanFlags, SpanIx, TraceStore};

/// What a store says about AI conversations. Immutable; belongs to the store that it was made from.
#[derive(Clone, Debug)]
pub struct GenAi {
    resolved: Resolved,
    role: Vec<Role>,
    phase: Vec<Phase>,
    agent: Vec<AgentIx>,
    conversation: Vec<ConversationIx>,
    turn: Vec<TurnIx>,
    /// Bits of [`normalise::mark`].
    marks: Vec<u8>,
    calls: Vec<Call>,
    /// Parts of all calls, end to end.
    parts: Vec<PhasePart>,
    part_end: Vec<u32>,
    streams: Streams,
    agents: Vec<Agent>,
    conversations: Vec<Conversation>,
    turns: Vec<Turn>,
    handoffs: Vec<Handoff>,
    retries: Vec<Retry>,
    /// (span, position of its retry), sorted by span.
    retry_of: Vec<(SpanIx, u32)>,
    stitches: Vec<Stitch>,
    totals: Totals,
}

impl GenAi {
    /// Reads all spans of `store`.
    #[must_use]
    pub fn analyse(store: &TraceStore) -> Self {
        let mut resolved = Resolved::new(store);
        let mut agents = Agents::default();
        let mut own = Own::read(store, &mut resolved, &mut agents);
        let order = inherit::order(store);
        inherit::settle_stages(store, &resolved, &mut own, &order);
        inherit::agents(store, &resolved, &mut own, &mut agents, &order);
        inherit::nest_calls(store, &resolved, &mut own, &order);
        conversations::inherit(store, &mut own, &order);
        let conversations = conversations::collect(store, &resolved, &mut own);
        let phase = inherit::phases(store, &resolved, &own.role, &order);
        let (parts, part_end) = parts::all(store, &resolved, &own, &order);
        let streams = Streams::read(store, &resolved, &own.role, &own.calls);
        let handoffs = handoffs::find(store, &resolved, &own, &mut agents);
        let retries = retries::find(store, &resolved, &own);
        let stitcher = Stitcher { store, resolved: &resolved, own: &own, handoffs: &handoffs };
        let mut stitches = stitcher.find();
        let (turn, turns) = turns::find(store, &resolved, &own, &order, &stitches);
        stitcher.add_companions(&turns, &turn, &mut stitches);
        let mut genai = Self {
            resolved,
            role: own.role,
            phase,
            agent: own.agent,
            conversation: own.conversation,
            turn,
            marks: own.marks,
            calls: own.calls,
            parts,
            part_end,
            streams,
            agents: agents.list,
            conversations,
            turns,
            handoffs,
            retry_of: retries::by_span(&retries),
            retries,
            stitches,
            totals: Totals::default(),
        };
        if genai.is_empty() {
            genai.forget();
        } else {
            genai.add_up(store);
        }
        genai
    }

    /// A store without any AI needs no columns.
    fn forget(&mut self) {
        self.resolved.forget();
        self.role = Vec::new();
        self.phase = Vec::new();
        self.agent = Vec::new();
        self.conversation = Vec::new();
        self.turn = Vec::new();
        self.marks = Vec::new();
        self.turns.clear();
    }

    fn add_up(&mut self, store: &TraceStore) {
        for span in store.span_ixs() {
            let at = span.at();
            let one = Totals {
                spans: 1,
                errors: u64::from(store.flags()[at].has(SpanFlags::ERROR)),
                tool_calls: u64::from(self.role[at] == Role::Tool),
                ..Totals::default()
            };
            self.add(span, &one);
        }
        for at in 0..self.calls.len() {
            let call = self.calls[at];
            let mut one = Totals::default();
            one.add_call(&call);
            let is_outermost = call.is_model && call.outer.is_none_or(|outer| !self.calls[outer as usize].is_model);
            one.model_calls = u64::from(is_outermost);
            one.calls_without_tokens = u64::from(is_outermost && !self.states_tokens(at));
            self.add(call.span, &one);
        }
    }

    /// Whether a call or one inside of it states tokens. Rarely more than a few calls are inside of one another.
    fn states_tokens(&self, at: usize) -> bool {
        self.tokens_of(self.calls[at].span).is_stated()
    }

    fn add(&mut self, span: SpanIx, one: &Totals) {
        self.totals.add(one);
        if let Some(ix) = self.agent[span.at()].get() {
            self.agents[ix.at()].totals.add(one);
            self.agents[ix.at()].first_span.get_or_insert(span);
        }
        if let Some(ix) = self.conversation[span.at()].get() {
            self.conversations[ix.at()].totals.add(one);
        }
        if let Some(ix) = self.turn[span.at()].get() {
            self.turns[ix.at()].totals.add(one);
        }
    }

    /// What is known about `span`; `None` when it is no span of an AI conversation.
    #[must_use]
    pub fn call<'a>(&'a self, store: &'a TraceStore, span: SpanIx) -> Option<CallView<'a>> {
        (self.role_of(span) != Role::None).then(|| CallView::new(self, store, span))
    }

    /// What `span` says, whatever kind of work it is: requests over HTTP are no AI and tell about the calls above them.
    #[must_use]
    pub fn view<'a>(&'a self, store: &'a TraceStore, span: SpanIx) -> CallView<'a> {
        CallView::new(self, store, span)
    }

    /// What kind of work `span` is.
    #[must_use]
    pub fn role_of(&self, span: SpanIx) -> Role {
        self.role.get(span.at()).copied().unwrap_or_default()
    }

    /// The agent at work in `span`: the one that it names, or the nearest one above it.
    #[must_use]
    pub fn agent_of(&self, span: SpanIx) -> Option<AgentIx> {
        self.agent.get(span.at())?.get()
    }

    /// What `span` as a whole is time of. Spans that say nothing belong to what is above them.
    #[must_use]
    pub fn phase_of(&self, span: SpanIx) -> Phase {
        self.phase.get(span.at()).copied().unwrap_or_default()
    }

    /// The parts of a model call, sorted by start; empty for other spans. Parts may overlap.
    #[must_use]
    pub fn phases(&self, span: SpanIx) -> &[PhasePart] {
        self.call_at(span).map_or(&[], |at| &self.parts[slice_range(&self.part_end, at)])
    }

    /// The turn that `span` belongs to.
    #[must_use]
    pub fn turn_of(&self, span: SpanIx) -> Option<TurnIx> {
        self.turn.get(span.at())?.get()
    }

    /// Whether `span` failed: by its status, by an error or by an HTTP status.
    #[must_use]
    pub fn has_failed(&self, span: SpanIx) -> bool {
        self.marks.get(span.at()).is_some_and(|marks| marks & mark::FAILED != 0)
    }

    /// Whether `span` says that its request was sent more than once.
    #[must_use]
    pub fn was_resent(&self, span: SpanIx) -> bool {
        self.marks.get(span.at()).is_some_and(|marks| marks & mark::RESENT != 0)
    }

    /// The conversation that `span` belongs to.
    #[must_use]
    pub fn conversation_of(&self, span: SpanIx) -> Option<ConversationIx> {
        self.conversation.get(span.at())?.get()
    }

    /// The agents: named ones in order of appearance in the file, then those that nothing names.
    #[must_use]
    pub fn agents(&self) -> &[Agent] {
        &self.agents
    }

    /// The conversations, in order of appearance in the file.
    #[must_use]
    pub fn conversations(&self) -> &[Conversation] {
        &self.conversations
    }

    /// The turns, those of one conversation together and in order.
    #[must_use]
    pub fn turns(&self) -> &[Turn] {
        &self.turns
    }

    /// The service by whose count `turn` has its number, where another turn of the conversation has it too: several
    /// services count turns, each in traces of its own, and nothing says which belong together.
    #[must_use]
    pub fn counted_by<'a>(&self, store: &'a TraceStore, turn: TurnIx) -> Option<&'a str> {
        turns::counted_by(store, &self.turns, turn)
    }

    /// Model calls and other spans that state tokens, in file order.
    #[must_use]
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// The call of `span`, if it is one.
    #[must_use]
    pub fn call_of(&self, span: SpanIx) -> Option<&Call> {
        self.call_at(span).map(|at| &self.calls[at])
    }

    /// Tokens of the model call `span`, or those that only a call inside of it states: the provider's own span, or the
    /// client library's.
    #[must_use]
    pub fn tokens_of(&self, span: SpanIx) -> Tokens {
        let Some(at) = self.call_at(span) else { return Tokens::default() };
        if self.calls[at].tokens.is_stated() {
            return self.calls[at].tokens;
        }
        let outer = u32::try_from(at).ok();
        let near = self.calls[at.saturating_sub(8)..(at + 8).min(self.calls.len())].iter();
        let mut inner = near.filter(|call| call.outer == outer && call.tokens.is_stated());
        inner.next().map_or_else(Tokens::default, |call| call.tokens)
    }

    fn call_at(&self, span: SpanIx) -> Option<usize> {
        self.calls.binary_search_by_key(&span, |call| call.span).ok()
    }

    /// Which agent handed over to which.
    #[must_use]
    pub fn handoffs(&self) -> &[Handoff] {
        &self.handoffs
    }

    /// What was tried more than once.
    #[must_use]
    pub fn retries(&self) -> &[Retry] {
        &self.retries
    }

    /// The retry that `span` is an attempt of: its position in [`Self::retries`].
    #[must_use]
    pub fn retry_of(&self, span: SpanIx) -> Option<usize> {
        let at = self.retry_of.binary_search_by_key(&span, |(span, _)| *span).ok()?;
        Some(self.retry_of[at].1 as usize)
    }

    /// Where traces that lost their parent may belong: proposals, by root and the surest first.
    #[must_use]
    pub fn stitches(&self) -> &[Stitch] {
        &self.stitches
    }

    /// What happened in the whole workspace.
    #[must_use]
    pub const fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Whether there is nothing about AI in the store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.agents.is_empty() && self.calls.is_empty() && self.role.iter().all(|role| *role == Role::None)
    }

    /// The characters of a text of a [`Datum`].
    #[must_use]
    pub fn text<'a>(&'a self, store: &'a TraceStore, text: Text) -> &'a str {
        self.resolved.text(store, text)
    }

    /// When each piece of the streamed answer of `span` came: times on its own clock, Unix nanoseconds, sorted; and
    /// how many of its events its SDK dropped, the oldest ones usually.
    #[must_use]
    pub fn chunks(&self, store: &TraceStore, span: SpanIx) -> (Vec<i64>, u32) {
        let times = streams::pieces(store, &self.resolved, &self.role, span);
        (times, store.span(span).rare().map_or(0, |rare| rare.dropped[1]))
    }

    /// Whether the attribute `id` of the store says anything about `field`.
    #[must_use]
    pub fn says(&self, id: AttrId, field: Field) -> bool {
        self.resolved.of_attr(id).iter().any(|reading| reading.field == field)
    }

    /// The streamed answer of the model call `span`, read beforehand; `None` when no piece of it is known.
    #[must_use]
    pub fn stream(&self, store: &TraceStore, span: SpanIx) -> Option<Stream<'_>> {
        let dropped = store.span(span).rare().map_or(0, |rare| rare.dropped[1]);
        self.streams.of_call(self.call_at(span)?, dropped)
    }

    /// How long the streamed answer of `span` was reasoning; `None` where its pieces do not say what they are, none of
    /// them is reasoning, or some were dropped.
    #[must_use]
    pub fn thinking(&self, store: &TraceStore, span: SpanIx) -> Option<ThinkingTime> {
        streams::thinking(store, &self.resolved, span)
    }

    /// The attribute or event that gave a time to first token.
    #[must_use]
    pub fn ttft_source(&self, ttft: &Ttft) -> &str {
        calls::ttft_source(&self.resolved, ttft.from)
    }

    /// True when an event of this name is a piece of a streamed answer.
    #[must_use]
    pub fn is_piece(&self, name: crate::model::Sym) -> bool {
        streams::is_piece(&self.resolved, name)
    }

    /// The tools that the answer of the model call `span` asks for, in order. Reads the recorded messages.
    #[must_use]
    pub fn asked_tools(&self, store: &TraceStore, span: SpanIx) -> Vec<AskedTool> {
        tool_calls::asked(&Answers::new(store).of(span))
    }

    /// Turns of conversations by voice: how long the person waited for the first sound, and who spoke into an answer.
    /// Visits every span.
    #[must_use]
    pub fn voices(&self, store: &TraceStore) -> Vec<Voice> {
        voice::find(self, store)
    }

    /// What was said in `span`: messages, arguments and results, documents. Reads the recorded contents.
    #[must_use]
    pub fn messages(&self, store: &TraceStore, span: SpanIx) -> Messages {
        messages::read(store, self.role_of(span), span)
    }

    /// What the children of a parent that is in no input say about it.
    #[must_use]
    pub fn lost_parent(&self, store: &TraceStore, ghost: &Ghost) -> LostParent {
        LostParent::of(self, store, ghost)
    }

    /// The same from its first few children alone: cheap enough for every frame.
    #[must_use]
    pub fn lost_parent_name(&self, store: &TraceStore, ghost: &Ghost) -> LostParent {
        LostParent::name_of(self, store, ghost)
    }

    /// Where the values of all spans were read, by field. Visits every span.
    #[must_use]
    pub fn sources(&self, store: &TraceStore) -> Vec<FieldSource> {
        provenance::sources(self, store)
    }

    /// Heap memory in bytes.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        fn of<T>(column: &Vec<T>) -> usize {
            column.capacity() * size_of::<T>()
        }
        self.resolved.heap_bytes()
            + of(&self.role)
            + of(&self.phase)
            + of(&self.agent)
            + of(&self.conversation)
            + of(&self.turn)
            + of(&self.calls)
            + of(&self.parts)
            + of(&self.part_end)
            + self.streams.heap_bytes()
    }
}

/// The events of `span` in the store's columns.
fn event_range(store: &TraceStore, span: SpanIx) -> Range<usize> {
    slice_range(&store.spans.event_end, span.at())
}

/// The slice `ix` of an arena whose slices end at `ends`.
fn slice_range(ends: &[u32], ix: usize) -> Range<usize> {
    let start = if ix == 0 { 0 } else { ends[ix - 1] as usize };
    start..ends[ix] as usize
}
