//! E6: agents that nothing names.

use super::{Config, Context, Finding, Rule, Severity, count};
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
        let spans: Vec<SpanIx> = agents.iter().filter_map(|agent| agent.first_span).collect();
        let names: Vec<&str> = agents.iter().take(8).map(|agent| agent.name.as_str()).collect();
        let sentence = format!(
            "{} {} no name; they are told apart by instructions, tools, model and place.",
            count(agents.len(), "agent"),
            if agents.len() == 1 { "has" } else { "have" }
        );
        let finding = Finding::new("E6", Severity::Unknown, "agent names", sentence).shown_by(&spans);
        vec![finding.because(format!("called {} here", names.join(", ")))]
    }
}
