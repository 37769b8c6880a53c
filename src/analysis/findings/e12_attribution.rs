//! E12: which prompt, model snapshot and agent version made an answer, and which answers do not say it.

use std::collections::BTreeMap;

use super::{Config, Context, Finding, Rule, Severity, verb};
use crate::analysis::genai::{CallView, ConversationIx, Field, Role};
use crate::model::SpanIx;

/// See the module.
pub struct Attribution;

impl Rule for Attribution {
    fn code(&self) -> &'static str {
        "E12"
    }

    fn title(&self) -> &'static str {
        "attribution gaps"
    }

    fn is_on(&self, config: &Config) -> bool {
        config.E12.on
    }

    fn find(&self, context: &Context<'_>) -> Vec<Finding> {
        type Answers = fn(&CallView<'_>) -> bool;
        let questions: [(&str, Answers); 2] = [
            ("the version of its prompt", |view| view.get(Field::PromptVersion).is_some()),
            ("the exact model that answered", |view| {
                view.get(Field::ResponseModel).is_some() || view.get(Field::Fingerprint).is_some()
            }),
        ];
        let mut lacking: [Vec<SpanIx>; 2] = [Vec::new(), Vec::new()];
        let mut asked = 0;
        let outermost = context.genai.calls().iter().filter(|call| call.is_model && call.outer.is_none());
        for call in outermost.filter(|call| !context.genai.has_failed(call.span)) {
            let Some(view) = context.genai.call(context.store, call.span) else { continue };
            if view.role != Role::Model {
                continue;
            }
            asked += 1;
            for ((_, answers), lacking) in questions.iter().zip(&mut lacking) {
                if !answers(&view) {
                    lacking.push(call.span);
                }
            }
        }
        let least = context.config.E12.least_calls.max(1);
        let finding = |((what, _), spans): ((&str, Answers), &Vec<SpanIx>)| {
            // Where no call says it, it is not recorded at all: nothing to point at.
            if spans.len() < least || spans.len() == asked {
                return None;
            }
            let answered = asked - spans.len();
            let sentence =
                format!("{} of {asked} model calls {} not say {what}.", spans.len(), verb(spans.len(), "does", "do"));
            let finding = Finding::new("E12", Severity::Unknown, what, sentence).shown_by(spans);
            let finding = finding.with("answered", answered).with("asked", asked);
            Some(finding.because(format!("{answered} of {asked} say it")))
        };
        let of_calls = questions.into_iter().zip(&lacking).filter_map(finding);
        of_calls.chain(agent_versions(context, least)).chain(answered_by_several(context)).collect()
    }
}

/// Agents of which some say their version, themselves or by their service, and some do not.
fn agent_versions(context: &Context<'_>, least: usize) -> Option<Finding> {
    let is_agent = |span: &SpanIx| context.genai.role_of(*span) == Role::Agent;
    let agents: Vec<SpanIx> = context.store.span_ixs().filter(is_agent).collect();
    let says = |span: &SpanIx| {
        let resource = &context.store.span(*span).resource().attrs;
        let view = context.genai.call(context.store, *span);
        context.store.find_attr(resource, "service.version").is_some()
            || view.is_some_and(|view| view.get(Field::AgentVersion).is_some())
    };
    let spans: Vec<SpanIx> = agents.iter().copied().filter(|span| !says(span)).collect();
    if spans.len() < least || spans.len() == agents.len() {
        return None;
    }
    let (asked, answered) = (agents.len(), agents.len() - spans.len());
    let lack = verb(spans.len(), "does not say its version", "do not say their version");
    let sentence = format!("{} of {asked} agents at work {lack}.", spans.len());
    let finding = Finding::new("E12", Severity::Unknown, "the version of the agent", sentence).shown_by(&spans);
    let finding = finding.with("answered", answered).with("asked", asked);
    Some(finding.because(format!("{answered} of {asked} say it, or their service does")))
}

/// Models that were asked for under one name in one conversation and answered by several.
fn answered_by_several(context: &Context<'_>) -> Vec<Finding> {
    let mut answers: BTreeMap<(ConversationIx, String), BTreeMap<String, SpanIx>> = BTreeMap::new();
    for call in context.genai.calls().iter().filter(|call| call.is_model) {
        let Some(conversation) = context.genai.conversation_of(call.span) else { continue };
        let Some(view) = context.genai.call(context.store, call.span) else { continue };
        if let (Some(asked), Some(answered)) = (view.text(Field::RequestModel), view.text(Field::ResponseModel)) {
            let of_name = answers.entry((conversation, asked.to_owned())).or_default();
            of_name.entry(answered.to_owned()).or_insert(call.span);
        }
    }
    answers.retain(|_, models| models.len() > 1);
    let finding = |((conversation, asked), models): ((ConversationIx, String), BTreeMap<String, SpanIx>)| {
        let id = &context.genai.conversations()[conversation.at()].id;
        let sentence = format!("{asked} was answered by {} models in conversation {id}.", models.len());
        let names: Vec<&str> = models.keys().map(String::as_str).collect();
        let spans: Vec<SpanIx> = models.values().copied().collect();
        let finding = Finding::new("E12", Severity::Suspicious, format!("models behind {asked}"), sentence);
        finding.shown_by(&spans).because(names.join(", ")).with("models", models.len())
    };
    answers.into_iter().map(finding).collect()
}
