//! Proposals for traces that lost their parent: where they may belong, how sure that is, and why. Nothing is ever
//! merged into the tree because of them.

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};

use super::agents::AgentIx;
use super::conversations::ConversationIx;
use super::field::{Field, Role};
use super::handoffs::Handoff;
use super::normalise::{Join, Own};
use super::resolve::Resolved;
use super::turns::{Turn, TurnIx};
use crate::model::time::{S, duration_text};
use crate::model::{LinkRef, SpanFlags, SpanIx, TraceStore};

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
    /// A span link.
    Link,
    /// The same tool call, task or request id.
    SharedId,
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
            Self::Link => 98,
            Self::SharedId => 95,
            Self::LinkedTrace => 93,
            Self::PreviousResponse => 85,
            Self::Handoff => 70,
            Self::Conversation => 30,
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
        let roots: Vec<SpanIx> = self.roots().collect();
        if roots.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        self.by_link(&roots, &mut found);
        self.by_id(&roots, &mut found);
        self.by_handoff(&roots, &mut found);
        found.sort_by_key(|stitch| (stitch.root, std::cmp::Reverse(stitch.score), stitch.by, stitch.under));
        found.dedup_by_key(|stitch| (stitch.root, stitch.under));
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

    /// Spans outside of a lost tree that share an id with a span in it.
    fn by_id(&self, roots: &[SpanIx], found: &mut Vec<Stitch>) {
        let is_root: HashSet<SpanIx, FixedState> = roots.iter().copied().collect();
        let is_answer = |field| matches!(field, Field::ResponseId | Field::PreviousResponse);
        let mut joins: Vec<Join> = self.own.joins.clone();
        joins.sort_unstable_by_key(|join| (join.id, is_answer(join.field), join.span));
        for group in joins.chunk_by(|a, b| a.id == b.id && is_answer(a.field) == is_answer(b.field)) {
            if group.len() < 2 || group.len() > MOST_SPANS_PER_ID {
                continue;
            }
            let tops: Vec<SpanIx> = group.iter().map(|join| self.top(join.span)).collect();
            for (inner, top) in group.iter().zip(&tops).filter(|(_, top)| is_root.contains(*top)) {
                self.joined(group, &tops, inner, *top, found);
            }
        }
        self.by_linked_trace(roots, found);
    }

    fn joined(&self, group: &[Join], tops: &[SpanIx], inner: &Join, root: SpanIx, found: &mut Vec<Stitch>) {
        let id = self.resolved.text(self.store, inner.id);
        for (outer, _) in group.iter().zip(tops).filter(|(_, top)| **top != root) {
            let (role, name) = (self.own.role[outer.span.at()], self.store.span(outer.span).name());
            match (inner.field, outer.field) {
                (Field::PreviousResponse, Field::ResponseId) => {
                    let evidence = format!("it continues the answer {id} of {name}");
                    self.propose(found, root, outer.span, StitchBy::PreviousResponse, evidence);
                }
                (Field::ResponseId, _) | (_, Field::ResponseId | Field::PreviousResponse) => {}
                // The asking side is a tool call or a handoff, not the work that it asked for.
                (field, _) if role == Role::Tool || role == Role::Handoff || field == Field::JoinId => {
                    let evidence = format!("it shares {} {id} with {name}", what(field));
                    self.propose(found, root, outer.span, StitchBy::SharedId, evidence);
                }
                _ => {}
            }
        }
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
            if let Some(first) = first.filter(|first| *first != root && self.own.conversation[root.at()].is_some()) {
                let name = self.store.span(first).name();
                let evidence = format!("it is in the same conversation as {name}, at the same time");
                self.propose(found, root, first, StitchBy::Conversation, evidence);
            }
        }
        found.sort_by_key(|stitch| (stitch.root, std::cmp::Reverse(stitch.score), stitch.by, stitch.under));
    }
}

const fn what(field: Field) -> &'static str {
    match field {
        Field::ToolCallId => "the tool call",
        _ => "the request",
    }
}
