//! E6: agents that nothing names.

use std::collections::BTreeMap;

use super::{Config, Context, Finding, Rule, Severity, count};
use crate::analysis::genai::{AgentIx, Role};
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
        let agents: Vec<_> = context.genai.agents().iter().filter(|agent| agent.is_inferred).collect();
        if agents.len() < context.config.E6.least_agents.max(1) {
            return Vec::new();
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
        vec![Finding { count: agents.len() as u64, ..finding }]
    }
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
