//! Proposals for traces that lost their parent: where they may belong, how sure that is, and why. Nothing is ever
//! merged into the tree because of them.

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};

use super::agents::AgentIx;
use super::ancestry::{Step, spellings, steps};
use super::conversations::ConversationIx;
use super::field::{Field, Role, Text};
use super::handoffs::Handoff;
use super::normalise::{Join, Own};
use super::resolve::Resolved;
use super::turns::{Turn, TurnIx};
use crate::model::time::{S, duration_text};
use crate::model::{LinkRef, SpanFlags, SpanId, SpanIx, SpanKind, TraceStore};

/// A place where a trace that lost its parent may belong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stitch {
    /// The topmost span that lost its parent.
    pub root: SpanIx,
    /// The span below which it may belong.
    pub under: SpanIx,
    /// How sure that is, from 0 to 100.
    pub score: u8,
    /// Why.
    pub by: StitchBy,
    /// The same in words.
    pub evidence: String,
}

/// Why a trace may belong somewhere, the surest first (conventions.md E3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum StitchBy {
    /// It carries the ids of its ancestors, and one of them is there.
    Ancestry,
    /// A span link.
    Link,
    /// The same tool call.
    ToolCall,
    /// The same task that one agent gave to another.
    Task,
    /// The same request of one session of MCP.
    McpRequest,
    /// The same request id.
    Request,
    /// A gateway names the trace.
    LinkedTrace,
    /// It continues an answer of the other one.
    PreviousResponse,
    /// A handoff to its agent, in the same conversation.
    Handoff,
    /// The same conversation at the same time, nothing else.
    Conversation,
}

impl StitchBy {
    const fn score(self) -> u8 {
        match self {
            Self::Ancestry => 99,
            Self::Link => 98,
            Self::ToolCall => 95,
            Self::Task => 94,
            Self::McpRequest => 93,
            Self::Request => 92,
            Self::LinkedTrace => 91,
            Self::PreviousResponse => 85,
            Self::Handoff => 70,
            Self::Conversation => 30,
        }
    }

    /// The key that spans share under `field`.
    const fn shared(field: Field) -> Option<Self> {
        Some(match field {
            Field::ToolCallId => Self::ToolCall,
            Field::TaskId | Field::ReferencedTask => Self::Task,
            Field::McpRequest => Self::McpRequest,
            Field::JoinId => Self::Request,
            _ => return None,
        })
    }

    /// What is shared, in words.
    const fn what(self) -> &'static str {
        match self {
            Self::ToolCall => "the tool call",
            Self::Task => "the task",
            _ => "the request",
        }
    }
}

/// How long after a transfer an agent may start.
const TRANSFER_TO_START_NS: i64 = 5 * S;
/// Spans with one id that are looked at: an id that more have tells little.
const MOST_SPANS_PER_ID: usize = 64;
/// Proposals that are kept for one root.
const MOST_PER_ROOT: usize = 3;

/// What proposals are made from.
pub struct Stitcher<'a> {
    pub store: &'a TraceStore,
    pub resolved: &'a Resolved,
    pub own: &'a Own,
    pub handoffs: &'a [Handoff],
}

impl Stitcher<'_> {
    /// All proposals but those of [`Self::add_companions`]: by root in file order, the surest first.
    pub fn find(&self) -> Vec<Stitch> {
        let mut found = Vec::new();
        self.by_ancestry(&mut found);
        let roots: Vec<SpanIx> = self.roots().collect();
        self.by_link(&roots, &mut found);
        self.by_id(&roots, &mut found);
        self.by_handoff(&roots, &mut found);
        found.sort_by_key(|stitch| (stitch.root, std::cmp::Reverse(stitch.score), stitch.by, stitch.under));
        let mut seen: HashSet<(SpanIx, SpanIx), FixedState> = HashSet::default();
        found.retain(|stitch| seen.insert((stitch.root, stitch.under)));
        found.chunk_by(|a, b| a.root == b.root).flat_map(|group| group.iter().take(MOST_PER_ROOT).cloned()).collect()
    }

    fn roots(&self) -> impl Iterator<Item = SpanIx> {
        self.store.span_ixs().filter(|span| self.is_lost(*span))
    }

    /// An agent at the top of its tree, or part of an AI conversation whose parent is in no input.
    fn is_lost(&self, span: SpanIx) -> bool {
        if self.store.parents()[span.at()].is_some() {
            return false;
        }
        let role = |span: SpanIx| self.own.role[span.at()];
        let is_orphan = self.store.flags()[span.at()].has(SpanFlags::PARENT_MISSING);
        let children = self.store.span(span).children();
        role(span) == Role::Agent
            || (is_orphan && (role(span) != Role::None || children.iter().any(|child| role(*child) != Role::None)))
    }

    /// Whether both are in one trace and `root` never had a parent: some SDKs put agents beside each other, and then
    /// nothing was lost.
    fn is_beside(&self, other: SpanIx, root: SpanIx) -> bool {
        let (other, root) = (self.store.span(other), self.store.span(root));
        other.trace_ix() == root.trace_ix() && !root.flags().has(SpanFlags::PARENT_MISSING)
    }

    /// The top of what somebody else asked for: what its ids join was asked for there.
    fn is_served(&self, span: SpanIx) -> bool {
        let (role, view) = (self.own.role[span.at()], self.store.span(span));
        let has_ai = role != Role::None || view.children().iter().any(|child| self.own.role[child.at()] != Role::None);
        view.parent().is_none() && has_ai && (role == Role::Tool || is_server(view.kind()))
    }

    fn top(&self, span: SpanIx) -> SpanIx {
        std::iter::successors(Some(span), |&up| self.store.span(up).parent()).last().unwrap_or(span)
    }

    fn propose(&self, found: &mut Vec<Stitch>, root: SpanIx, under: SpanIx, by: StitchBy, evidence: String) {
        if self.top(under) != root {
            found.push(Stitch { root, under, score: by.score(), by, evidence });
        }
    }

    fn by_link(&self, roots: &[SpanIx], found: &mut Vec<Stitch>) {
        for &root in roots {
            for target in self.store.span(root).links().filter_map(LinkRef::target) {
                let evidence = format!("it links to {}", self.store.span(target).name());
                self.propose(found, root, target, StitchBy::Link, evidence);
            }
        }
    }

    /// Spans that carry the ids of their ancestors: below the nearest one that is there.
    fn by_ancestry(&self, found: &mut Vec<Stitch>) {
        let above = |(span, text): &(SpanIx, Text)| {
            let mut ids = steps(self.resolved.text(self.store, *text));
            // The last one is the span itself.
            ids.pop();
            let spellings = ids.iter().rev().map(|Step { id, .. }| spellings(self.store, id)).collect::<Vec<_>>();
            (*span, spellings)
        };
        let lost: Vec<(SpanIx, Vec<Vec<SpanId>>)> = self.own.ancestors.iter().map(above).collect();
        let wanted: HashSet<SpanId, FixedState> =
            lost.iter().flat_map(|(_, ids)| ids.iter().flatten()).copied().collect();
        if wanted.is_empty() {
            return;
        }
        let mut there: HashMap<SpanId, SpanIx, FixedState> = HashMap::default();
        for span in self.store.span_ixs() {
            let id = self.store.span(span).id();
            if wanted.contains(&id) {
                there.entry(id).or_insert(span);
            }
        }
        for (root, ids) in lost {
            let nearest = ids.iter().enumerate().find_map(|(missing, spellings)| {
                let under = spellings.iter().find_map(|id| there.get(id)).copied().filter(|under| *under != root)?;
                Some((missing, under))
            });
            let Some((missing, under)) = nearest else { continue };
            let name = self.store.span(under).name();
            let between = match missing {
                0 => String::new(),
                1 => "; 1 span between them is missing".to_owned(),
                _ => format!("; {missing} spans between them are missing"),
            };
            let evidence = format!("it carries the ids of its ancestors, and {name} is one of them{between}");
            self.propose(found, root, under, StitchBy::Ancestry, evidence);
        }
    }

    /// Spans outside of a lost tree that share an id with a span in it.
    fn by_id(&self, roots: &[SpanIx], found: &mut Vec<Stitch>) {
        let is_root: HashSet<SpanIx, FixedState> = roots.iter().copied().collect();
        let is_answer = |field| matches!(field, Field::ResponseId | Field::PreviousResponse);
        let kind = |join: &Join| match join.field {
            field if is_answer(field) => Field::ResponseId,
            Field::ReferencedTask => Field::TaskId,
            field => field,
        };
        let mut joins: Vec<Join> = self.own.joins.clone();
        joins.sort_unstable_by_key(|join| (join.id, kind(join), join.span));
        for group in joins.chunk_by(|a, b| a.id == b.id && kind(a) == kind(b)) {
            if group.len() < 2 || group.len() > MOST_SPANS_PER_ID {
                continue;
            }
            let tops: Vec<SpanIx> = group.iter().map(|join| self.top(join.span)).collect();
            let is_lost = |join: &Join, top: SpanIx| {
                is_root.contains(&top) || (join.field != Field::PreviousResponse && self.is_served(top))
            };
            for (inner, top) in group.iter().zip(&tops).filter(|(inner, top)| is_lost(inner, **top)) {
                self.joined(group, &tops, inner, *top, found);
            }
        }
        self.by_linked_trace(roots, found);
    }

    fn joined(&self, group: &[Join], tops: &[SpanIx], inner: &Join, root: SpanIx, found: &mut Vec<Stitch>) {
        let id = self.resolved.text(self.store, inner.id);
        for (outer, _) in group.iter().zip(tops).filter(|(_, top)| **top != root) {
            let name = self.store.span(outer.span).name();
            match (inner.field, outer.field) {
                (Field::PreviousResponse, Field::ResponseId) => {
                    let evidence = format!("it continues the answer {id} of {name}");
                    self.propose(found, root, outer.span, StitchBy::PreviousResponse, evidence);
                }
                // An engine that was asked by a client; clients alone may get one answer from a cache.
                (Field::ResponseId, Field::ResponseId) => {
                    if is_server(self.store.span(inner.span).kind()) && self.asked(outer.span, inner.span) {
                        let evidence = format!("it shares the answer {id} with {name}");
                        self.propose(found, root, outer.span, StitchBy::Request, evidence);
                    }
                }
                (field, _) => {
                    let Some(by) = StitchBy::shared(field).filter(|_| self.asked(outer.span, inner.span)) else {
                        continue;
                    };
                    let evidence = format!("it shares {} {id} with {name}", by.what());
                    self.propose(found, root, outer.span, by, evidence);
                }
            }
        }
    }

    /// Whether `outer` asked for the work that `inner` is, going by what they are: ids have no direction.
    fn asked(&self, outer: SpanIx, inner: SpanIx) -> bool {
        let kind = |span: SpanIx| self.store.span(span).kind();
        let asks = |span: SpanIx| matches!(self.own.role[span.at()], Role::Tool | Role::Handoff);
        if is_server(kind(outer)) || is_client(kind(inner)) {
            return false;
        }
        if is_client(kind(outer)) || is_server(kind(inner)) {
            return true;
        }
        let (from, to) = (self.store.span(outer), self.store.span(inner));
        let is_later = from.resource_ix() == to.resource_ix() && from.drawn_ns().0 > to.drawn_ns().0;
        asks(outer) && !(asks(inner) && is_later)
    }

    fn by_linked_trace(&self, roots: &[SpanIx], found: &mut Vec<Stitch>) {
        let links: Vec<(&str, SpanIx)> = self
            .own
            .joins
            .iter()
            .filter(|join| join.field == Field::LinkedTrace)
            .map(|join| (self.resolved.text(self.store, join.id).trim_start_matches("tr-"), join.span))
            .collect();
        if links.is_empty() {
            return;
        }
        for &root in roots {
            let trace = self.store.trace_id_text(self.store.span(root).trace_id());
            for (_, span) in links.iter().filter(|(id, _)| *id == trace) {
                let evidence = format!("{} names its trace", self.store.span(*span).name());
                self.propose(found, root, *span, StitchBy::LinkedTrace, evidence);
            }
        }
    }

    fn by_handoff(&self, roots: &[SpanIx], found: &mut Vec<Stitch>) {
        let mut by_target: HashMap<(AgentIx, ConversationIx), Vec<&Handoff>, FixedState> = HashMap::default();
        for handoff in self.handoffs {
            let conversation = self.own.conversation[handoff.span.at()];
            if let (Some(to), true) = (handoff.to, conversation.is_some()) {
                by_target.entry((to, conversation)).or_default().push(handoff);
            }
        }
        for &root in roots {
            let target = (self.own.agent[root.at()], self.own.conversation[root.at()]);
            let view = self.store.span(root);
            for handoff in by_target.get(&target).into_iter().flatten() {
                let transfer = self.store.span(handoff.span);
                if self.is_beside(handoff.span, root) {
                    continue;
                }
                let is_same_clock = transfer.resource_ix() == view.resource_ix();
                let (from, to) = transfer.drawn_ns();
                let after = view.drawn_ns().0.saturating_sub(from);
                let in_time = view.drawn_ns().0 >= from && view.drawn_ns().0 <= to.saturating_add(TRANSFER_TO_START_NS);
                if is_same_clock && !in_time {
                    continue;
                }
                let when = if is_same_clock {
                    format!("{} after it began", duration_text(after))
                } else {
                    "their clocks differ, so the times were not compared".to_owned()
                };
                let evidence = format!("{} hands over to its agent in the same conversation; {when}", transfer.name());
                self.propose(found, root, handoff.span, StitchBy::Handoff, evidence);
            }
        }
        for stitch in found.iter_mut().filter(|stitch| stitch.by == StitchBy::Handoff) {
            if stitch.evidence.ends_with("not compared") {
                stitch.score -= 10;
            }
        }
    }

    /// For roots about which nothing better is known: what began the turn that they were counted into.
    pub fn add_companions(&self, turns: &[Turn], turn_of: &[TurnIx], found: &mut Vec<Stitch>) {
        let known: HashSet<SpanIx, FixedState> = found.iter().map(|stitch| stitch.root).collect();
        for root in self.roots().filter(|root| !known.contains(root)) {
            let Some(turn) = turn_of[root.at()].get() else { continue };
            let first = turns[turn.at()].roots.first().copied();
            let is_lost = |first: SpanIx| first != root && self.own.conversation[root.at()].is_some();
            if let Some(first) = first.filter(|first| is_lost(*first) && !self.is_beside(*first, root)) {
                let name = self.store.span(first).name();
                let evidence = format!("it is in the same conversation as {name}, at the same time");
                self.propose(found, root, first, StitchBy::Conversation, evidence);
            }
        }
        found.sort_by_key(|stitch| (stitch.root, std::cmp::Reverse(stitch.score), stitch.by, stitch.under));
    }
}

const fn is_server(kind: SpanKind) -> bool {
    matches!(kind, SpanKind::Server | SpanKind::Consumer)
}

const fn is_client(kind: SpanKind) -> bool {
    matches!(kind, SpanKind::Client | SpanKind::Producer)
}
