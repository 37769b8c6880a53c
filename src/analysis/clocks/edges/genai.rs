//! Conversations: tool calls between the model that asked and the model that is told, and responses that are
//! continued.
//!
//! The id of a tool call stands on the span that ran it and in the messages of the model calls around it. That a
//! tool runs after the model asked is certain; that it runs after the whole answer is only usual: agents start tools
//! while the answer still streams in.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::super::causal::Rule;
use super::super::solve::Edge;
use super::Walk;
use super::signs::Sign;
use crate::model::{AttrId, SpanIx, Strings, Sym, TraceIx, TraceStore};

/// Attributes of the span that runs a tool.
const TOOL_IDS: [&str; 4] = ["gen_ai.tool.call.id", "tool_call.id", "tool.id", "ai.toolCall.id"];
/// Beginnings of attributes that hold what a model said, and what it was told.
const SAID: [&str; 4] = ["gen_ai.output.messages", "gen_ai.completion", "llm.output_messages", "ai.response.toolCalls"];
const TOLD: [&str; 4] = ["gen_ai.input.messages", "gen_ai.prompt", "llm.input_messages", "ai.prompt.messages"];
const RESPONSE_ID: &str = "gen_ai.response.id";
const PREVIOUS_ID: &str = "gen_ai.request.previous_response.id";

/// What an attribute says about a conversation.
#[derive(Clone, PartialEq, Eq)]
enum Say {
    Runs(Sym),
    Asked(Vec<Sym>),
    Told(Vec<Sym>),
    Responds(Sym),
    Continues(Sym),
}

impl<F: FnMut(&Edge, u32)> Walk<'_, F> {
    /// Edges of tool calls and of responses that are continued.
    pub(super) fn conversations(&mut self, only: Option<TraceIx>) {
        let store = self.stamps.store();
        let says = says(store);
        if says.is_empty() {
            return;
        }
        // Nearly all attributes say nothing of the kind.
        let mut is_telling = vec![false; store.attrs().pairs().len()];
        for &id in says.keys() {
            is_telling[id as usize] = true;
        }
        let (mut tools, mut responses) = (Spans::default(), Spans::default());
        let (mut mentions, mut continued) = (Vec::new(), Vec::new());
        for span in store.span_ixs() {
            if only.is_some_and(|trace| store.span(span).trace_ix() != trace) {
                continue;
            }
            let telling = store.span(span).attr_ids().iter().filter(|id| is_telling[id.0 as usize]);
            for &AttrId(id) in telling {
                match says.get(&id) {
                    Some(Say::Runs(id)) => tools.entry(*id).or_default().push(span),
                    Some(Say::Responds(id)) => responses.entry(*id).or_default().push(span),
                    Some(Say::Continues(id)) => continued.push((span, *id)),
                    Some(Say::Asked(ids)) => mentions.extend(ids.iter().map(|&id| (span, id, true))),
                    Some(Say::Told(ids)) => mentions.extend(ids.iter().map(|&id| (span, id, false))),
                    None => {}
                }
            }
        }
        for (model, id, is_asked) in mentions {
            // An id that several spans claim is nobody's.
            let Some(&[tool]) = tools.get(&id).map(Vec::as_slice) else { continue };
            if is_asked {
                self.tool_requested(model, tool);
            } else {
                self.edge(Rule::ToolStartedBeforeResult, self.start(tool), self.start(model));
                self.edge(Rule::ToolEndedBeforeResult, self.end(tool), self.start(model));
            }
        }
        for (next, id) in continued {
            let Some(&[previous]) = responses.get(&id).map(Vec::as_slice) else { continue };
            self.edge(Rule::ResponseContinued, self.start(previous), self.start(next));
            self.edge(Rule::ResponseReceivedBeforeNext, self.end(previous), self.start(next));
        }
    }

    fn tool_requested(&mut self, model: SpanIx, tool: SpanIx) {
        let store = self.stamps.store();
        self.edge(Rule::ToolRequested, self.start(model), self.start(tool));
        let signs = (self.signs.of_span(store, model), self.signs.of_span(store, tool));
        let is_early = signs.0.has(Sign::STREAM) || signs.1.has(Sign::SPECULATIVE) || self.is_overlapping(model, tool);
        if !is_early {
            self.edge(Rule::ToolAfterAnswer, self.end(model), self.start(tool));
        }
    }

    /// Whether the agent's own clock says that the tool was called before the answer was complete.
    fn is_overlapping(&self, model: SpanIx, tool: SpanIx) -> bool {
        let store = self.stamps.store();
        let clock = self.stamps.clock(model);
        let callers = std::iter::successors(Some(tool), |&span| store.span(span).parent()).take(4);
        let mut own = callers.filter(|&span| self.stamps.clock(span) == clock && span != model);
        let Some(caller) = own.next() else { return false };
        let is_agent_itself = store.span(model).parent() == Some(caller);
        !is_agent_itself && store.starts_ns()[caller.at()] < store.ends_ns()[model.at()]
    }
}

type Spans = HashMap<Sym, Vec<SpanIx>, FixedState>;

/// What the distinct attributes of the store say; empty when no span runs a tool or continues a response.
fn says(store: &TraceStore) -> HashMap<u32, Say, FixedState> {
    let strings = store.strings();
    let mut says: HashMap<u32, Say, FixedState> = HashMap::default();
    let key = |text: &str| strings.find(text);
    let tool_keys: Vec<Sym> = TOOL_IDS.iter().filter_map(|text| key(text)).collect();
    let (response, previous) = (key(RESPONSE_ID), key(PREVIOUS_ID));
    if tool_keys.is_empty() && previous.is_none() {
        return says;
    }
    let mut ids: HashMap<&str, Sym, FixedState> = HashMap::default();
    for (at, attr) in (0_u32..).zip(store.attrs().pairs()) {
        let Some(value) = attr.value.sym() else { continue };
        if tool_keys.contains(&attr.key) {
            ids.insert(strings.get(value), value);
            says.insert(at, Say::Runs(value));
        } else if Some(attr.key) == previous {
            says.insert(at, Say::Continues(value));
        } else if Some(attr.key) == response && previous.is_some() {
            says.insert(at, Say::Responds(value));
        }
    }
    if ids.is_empty() {
        return says;
    }
    for (at, attr) in (0_u32..).zip(store.attrs().pairs()) {
        let Some(value) = attr.value.sym() else { continue };
        let key = strings.get(attr.key);
        let begins = |with: &[&str]| with.iter().any(|start| key.starts_with(start));
        let (is_said, is_told) = (begins(&SAID), begins(&TOLD));
        if !is_said && !is_told {
            continue;
        }
        let mentioned = mentioned(strings, value, &ids);
        if !mentioned.is_empty() {
            says.insert(at, if is_said { Say::Asked(mentioned) } else { Say::Told(mentioned) });
        }
    }
    says
}

/// The ids in a text: the whole text, or anything in quotes.
fn mentioned(strings: &Strings, text: Sym, ids: &HashMap<&str, Sym, FixedState>) -> Vec<Sym> {
    let parts = strings.get(text).split(['"', '\\']);
    let mut found: Vec<Sym> = parts.filter_map(|part| ids.get(part).copied()).collect();
    found.sort_unstable();
    found.dedup();
    found
}
