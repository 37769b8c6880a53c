//! One pass over the spans in file order: what each says about itself, into columns.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::agents::{AgentIx, Agents};
use super::calls::{Call, rule_of};
use super::conversations::ConversationIx;
use super::convert::text_of;
use super::facts::Facts;
use super::field::{Confidence, Datum, Field, Role, Text};
use super::handoffs::HandoffBy;
use super::resolve::Resolved;
use crate::model::{SpanFlags, SpanIx, TraceStore};

/// What spans say about themselves, one entry per span.
pub struct Own {
    pub role: Vec<Role>,
    pub agent: Vec<AgentIx>,
    pub conversation: Vec<ConversationIx>,
    /// How much the conversation's rule is believed; smaller is more.
    pub conversation_rank: Vec<u16>,
    pub marks: Vec<u8>,
    /// Model calls and everything else that states tokens, in the order of the spans.
    pub calls: Vec<Call>,
    /// The distinct conversations, in order of appearance: the id, and the rule that gave it.
    pub conversations: Vec<(Text, u16)>,
    /// Stated numbers of turns.
    pub turns: Vec<(SpanIx, Text)>,
    /// Ids by which spans of different traces may belong together.
    pub joins: Vec<Join>,
    /// Spans without a parent that carry the ids of their ancestors, and these ids.
    pub ancestors: Vec<(SpanIx, Text)>,
    /// Spans that say that one agent hands over to another.
    pub handoffs: Vec<Handover>,
}

/// Bits of [`Own::marks`].
pub mod mark {
    /// The name may be that of a stage, depending on what is above.
    pub const MAYBE_STAGE: u8 = 1;
    /// An attempt that failed.
    pub const FAILED: u8 = 1 << 1;
    /// The request was sent again inside the span.
    pub const RESENT: u8 = 1 << 2;
}

/// An id that spans share.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Join {
    pub id: Text,
    pub field: Field,
    pub span: SpanIx,
}

/// A span that says that one agent hands over to another.
#[derive(Clone, Copy, Debug)]
pub struct Handover {
    pub span: SpanIx,
    pub from: Option<Text>,
    pub to: Option<Text>,
    pub by: HandoffBy,
}

impl Own {
    pub fn read(store: &TraceStore, resolved: &mut Resolved, agents: &mut Agents) -> Self {
        let count = store.len();
        let mut own = Self {
            role: vec![Role::None; count],
            agent: vec![AgentIx::NONE; count],
            conversation: vec![ConversationIx::NONE; count],
            conversation_rank: vec![u16::MAX; count],
            marks: vec![0; count],
            calls: Vec::new(),
            conversations: Vec::new(),
            turns: Vec::new(),
            joins: Vec::new(),
            ancestors: Vec::new(),
            handoffs: Vec::new(),
        };
        let mut seen_names = vec![0; store.strings().len()];
        let mut by_text: HashMap<Text, ConversationIx, FixedState> = HashMap::default();
        let mut facts = Facts::default();
        for span in store.span_ixs() {
            resolved.learn_name(store, store.spans.name[span.at()], &mut seen_names);
            facts.read(store, resolved, span);
            if facts.is_empty() {
                continue;
            }
            own.take(store, resolved, agents, &facts, span);
            if let Some(fact) = facts.get(Field::Conversation)
                && let Datum::Text(text) = fact.datum
            {
                let next = ConversationIx::from_usize(own.conversations.len());
                own.conversation[span.at()] = *by_text.entry(text).or_insert_with(|| {
                    own.conversations.push((text, rule_of(fact.at)));
                    next
                });
                own.conversation_rank[span.at()] = fact.rank();
            }
        }
        own
    }

    fn take(&mut self, store: &TraceStore, resolved: &mut Resolved, agents: &mut Agents, facts: &Facts, span: SpanIx) {
        let (role, marks) = role(resolved, facts);
        self.role[span.at()] = role;
        self.marks[span.at()] = marks | outcome(store, facts, span);
        if let Some(fact) = agent_fact(resolved, facts, role) {
            self.agent[span.at()] = agents.named(store, resolved, &fact);
        }
        let states_tokens = facts.get(Field::InputTokens).is_some() || facts.get(Field::OutputTokens).is_some();
        if role.is_model() || marks & mark::MAYBE_STAGE != 0 || (states_tokens && role != Role::None) {
            self.calls.push(Call::read(store, resolved, facts, span));
        }
        if let Some(text) = facts.text(Field::Turn) {
            self.turns.push((span, text));
        }
        self.take_ids(store, resolved, facts, span);
        self.handover(store, resolved, facts, span, role);
    }

    fn take_ids(&mut self, store: &TraceStore, resolved: &mut Resolved, facts: &Facts, span: SpanIx) {
        for field in [
            Field::ToolCallId,
            Field::TaskId,
            Field::ReferencedTask,
            Field::JoinId,
            Field::LinkedTrace,
            Field::ResponseId,
            Field::PreviousResponse,
        ] {
            if let Some(id) = facts.text(field) {
                self.joins.push(Join { id, field, span });
            }
        }
        // Requests are numbered in each session, from 1 mostly.
        if let (Some(session), Some(request)) = (facts.text(Field::McpSession), facts.text(Field::McpRequest)) {
            let id = format!("{} of session {}", resolved.text(store, request), resolved.text(store, session));
            let id = text_of(store, &mut resolved.own, &id);
            self.joins.push(Join { id, field: Field::McpRequest, span });
        }
        if let Some(ids) = facts.text(Field::AncestorIds).filter(|_| !store.parents()[span.at()].is_some()) {
            self.ancestors.push((span, ids));
        }
    }

    fn handover(&mut self, store: &TraceStore, resolved: &Resolved, facts: &Facts, span: SpanIx, role: Role) {
        let (from, to) = (facts.text(Field::HandoffFrom), facts.text(Field::HandoffTo));
        let by = if role == Role::Handoff {
            HandoffBy::Span
        } else if from.is_some() && to.is_some() {
            HandoffBy::Attributes
        } else if role == Role::Tool
            && facts.text(Field::ToolName).is_some_and(|tool| transfer(resolved.text(store, tool)).is_some())
        {
            HandoffBy::Tool
        } else {
            return;
        };
        self.handoffs.push(Handover { span, from, to, by });
    }
}

/// Whom a tool of this name hands over to.
pub fn transfer(tool: &str) -> Option<&str> {
    let target = ["transfer_to_", "handoff_to_", "transfer-to-", "handoff-to-"]
        .iter()
        .find_map(|prefix| tool.strip_prefix(prefix));
    target.filter(|target| !target.is_empty())
}

/// What the span is, and whether its name may still make it a stage.
fn role(resolved: &Resolved, facts: &Facts) -> (Role, u8) {
    let names = &resolved.tables.names;
    let mut by_name = None;
    let mut marks = 0;
    for &at in &facts.name_rules {
        let rule = &names[usize::from(at)];
        if rule.within.is_some() {
            marks |= mark::MAYBE_STAGE;
        } else if by_name.is_none() {
            by_name = Some(rule.role);
        }
    }
    if facts.flag(Field::Pending) {
        return (Role::Pending, 0);
    }
    // A stage says `chat` too when its server copies the request's attributes onto it.
    let is_final = facts.name_rules.first().is_some_and(|at| names[usize::from(*at)].is_final);
    if let Some(role) = by_name.filter(|role| *role == Role::Stage || is_final) {
        return (role, marks);
    }
    let has_model = || {
        // A parameter that is called `model` may be anybody's.
        let states = |field| facts.get(field).is_some_and(|fact| fact.confidence(resolved) != Confidence::Assumed);
        let says_model = states(Field::RequestModel) || states(Field::ResponseModel);
        let has_phases = facts.get(Field::Prefill).is_some() || facts.get(Field::Decode).is_some();
        (says_model || has_phases).then_some(Role::Model)
    };
    // Nobody states which tool or which call of it but on the tool's own span.
    let has_tool =
        || (facts.get(Field::ToolName).is_some() && facts.get(Field::ToolCallId).is_some()).then_some(Role::Tool);
    (facts.kind().or(by_name).or_else(has_model).or_else(has_tool).unwrap_or_default(), marks)
}

fn outcome(store: &TraceStore, facts: &Facts, span: SpanIx) -> u8 {
    let status = facts.int(Field::HttpStatus).is_some_and(|status| status == 429 || status >= 500);
    let failed = store.flags()[span.at()].has(SpanFlags::ERROR) || facts.get(Field::ErrorType).is_some() || status;
    let resent = facts.get(Field::ResendCount).is_some_and(|fact| matches!(fact.datum, Datum::Int(1..)));
    (u8::from(failed) * mark::FAILED) | (u8::from(resent) * mark::RESENT)
}

/// What names the agent of a span: on agents other fields may, too.
fn agent_fact(resolved: &Resolved, facts: &Facts, role: Role) -> Option<super::facts::Fact> {
    let stated = facts.get(Field::AgentName);
    let is_agent = matches!(role, Role::Agent);
    let entity = facts.get(Field::AgentEntity).filter(|_| is_agent);
    match (stated, entity) {
        // A name read from the span's name, or of a node of a graph, is believed less.
        (Some(stated), Some(entity)) if stated.confidence(resolved) == Confidence::Inferred => Some(*entity),
        (stated, entity) => stated.or(entity).copied(),
    }
}
