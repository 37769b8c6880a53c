//! E6: agents that nothing names, and one name for two versions of an agent.

use std::collections::BTreeMap;

use super::{Config, Context, Finding, Rule, Severity, count, figure};
use crate::analysis::genai::{AgentIx, ConversationIx, Field, Role};
use crate::model::SpanIx;

/// See the module.
pub struct Anonymous;

impl Rule for Anonymous {
    fn code(&self) -> &'static str {
        "E6"
    }

    fn title(&self) -> &'static str {
        "agents without names"
    }

    fn is_on(&self, config: &Config) -> bool {
        config.E6.on
    }

    fn find(&self, context: &Context<'_>) -> Vec<Finding> {
        unnamed(context).into_iter().chain(several(context)).collect()
    }
}

fn unnamed(context: &Context<'_>) -> Option<Finding> {
    let agents: Vec<_> = context.genai.agents().iter().filter(|agent| agent.is_inferred).collect();
    if agents.len() < context.config.E6.least_agents.max(1) {
        return None;
    }
    let spans = first_spans(context);
    let names: Vec<&str> = agents.iter().take(8).map(|agent| agent.name.as_str()).collect();
    let sentence = format!(
        "{} {} no name; they are told apart by instructions, tools, model and place.",
        count(agents.len(), "agent"),
        if agents.len() == 1 { "has" } else { "have" }
    );
    let finding = Finding::new("E6", Severity::Unknown, "agent names", sentence).shown_by(&spans);
    let finding = finding.because(format!("called {} here", names.join(", "))).with("agents", agents.len());
    Some(Finding { count: agents.len() as u64, ..finding })
}

/// One name for two versions of an agent in one conversation: who answered cannot be told by the name.
fn several(context: &Context<'_>) -> Vec<Finding> {
    let mut versions: BTreeMap<(ConversationIx, AgentIx), BTreeMap<String, SpanIx>> = BTreeMap::new();
    for span in context.store.span_ixs().filter(|span| context.genai.role_of(*span) == Role::Agent) {
        let (Some(conversation), Some(agent)) = (context.genai.conversation_of(span), context.genai.agent_of(span))
        else {
            continue;
        };
        let Some(view) = context.genai.call(context.store, span) else { continue };
        if let Some(version) = view.text(Field::AgentVersion) {
            versions.entry((conversation, agent)).or_default().entry(version.to_owned()).or_insert(span);
        }
    }
    let mixed = versions.into_iter().filter(|(_, versions)| versions.len() > 1);
    let finding = |((conversation, agent), versions): ((ConversationIx, AgentIx), BTreeMap<String, SpanIx>)| {
        let (name, conversation) =
            (&context.genai.agents()[agent.at()].name, &context.genai.conversations()[conversation.at()].id);
        let sentence = format!("{name} works in conversation {conversation} in {} versions.", figure(versions.len()));
        let names: Vec<&str> = versions.keys().map(String::as_str).collect();
        let spans: Vec<SpanIx> = versions.values().copied().collect();
        let finding = Finding::new("E6", Severity::Suspicious, format!("versions of {name}"), sentence);
        finding.shown_by(&spans).because(names.join(", ")).with("versions", versions.len())
    };
    mixed.map(finding).collect()
}

/// Of each agent without a name the first span that is its own, in order of their starts.
fn first_spans(context: &Context<'_>) -> Vec<SpanIx> {
    let mut first: BTreeMap<AgentIx, (i64, SpanIx)> = BTreeMap::new();
    for span in context.store.span_ixs().filter(|span| context.genai.role_of(*span) == Role::Agent) {
        let agent = context.genai.agent_of(span);
        let Some(agent) = agent.filter(|agent| context.genai.agents()[agent.at()].is_inferred) else { continue };
        let start = (context.store.span(span).drawn_ns().0, span);
        first.entry(agent).and_modify(|known| *known = start.min(*known)).or_insert(start);
    }
    let mut spans: Vec<(i64, SpanIx)> = first.into_values().collect();
    spans.sort_unstable();
    spans.into_iter().map(|(_, span)| span).collect()
}
