//! E12: which prompt, model snapshot and agent version made an answer, and which answers do not say it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Config, Context, Finding, Rule, Severity, count, figure, verb};
use crate::analysis::genai::{AgentIx, CallView, ConversationIx, Field, Role};
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
            let (lacking, all) = (figure(spans.len()), figure(asked));
            let do_not = verb(spans.len(), "does not", "do not");
            let sentence = format!("{lacking} of {all} model calls {do_not} say {what}.");
            let finding = Finding::new("E12", Severity::Unknown, what, sentence).shown_by(spans);
            let finding = finding.with("answered", answered).with("asked", asked);
            Some(finding.because(format!("{} of {all} say it", figure(answered))))
        };
        let of_calls = questions.into_iter().zip(&lacking).filter_map(finding);
        let all = asked_models(context);
        let of_models = answered_by_several(context, &all).into_iter().chain(answered_by_another(context, &all));
        of_calls.chain(agent_versions(context, least)).chain(of_models).chain(changed(context, &all)).collect()
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
    let sentence = format!("{} of {} agents at work {lack}.", figure(spans.len()), figure(asked));
    let finding = Finding::new("E12", Severity::Unknown, "the version of the agent", sentence).shown_by(&spans);
    let finding = finding.with("answered", answered).with("asked", asked);
    Some(finding.because(format!("{} of {} say it, or their service does", figure(answered), figure(asked))))
}

/// A call that says which model it asks for.
struct Asked {
    span: SpanIx,
    conversation: Option<ConversationIx>,
    model: String,
    answered: Option<String>,
    /// The name is that of a deployment, which is no model's.
    is_deployment: bool,
}

/// All of them: one look at each call, because there may be many.
fn asked_models(context: &Context<'_>) -> Vec<Asked> {
    let calls = context.genai.calls().iter().filter(|call| call.is_model);
    let read = |span: SpanIx| {
        let view = context.genai.call(context.store, span).filter(|view| view.role == Role::Model)?;
        Some(Asked {
            span,
            conversation: context.genai.conversation_of(span),
            model: view.text(Field::RequestModel)?.to_owned(),
            answered: view.text(Field::ResponseModel).map(str::to_owned),
            is_deployment: view.text(Field::Provider).is_some_and(|provider| provider.starts_with("azure")),
        })
    };
    calls.filter_map(|call| read(call.span)).collect()
}

/// Models that were asked for under one name in one conversation and answered by several.
fn answered_by_several(context: &Context<'_>, all: &[Asked]) -> Vec<Finding> {
    let mut answers: BTreeMap<(ConversationIx, &str), BTreeMap<&str, SpanIx>> = BTreeMap::new();
    for call in all {
        if let (Some(conversation), Some(answered)) = (call.conversation, &call.answered) {
            answers.entry((conversation, &call.model)).or_default().entry(answered).or_insert(call.span);
        }
    }
    answers.retain(|_, models| models.len() > 1);
    let finding = |((conversation, asked), models): ((ConversationIx, &str), BTreeMap<&str, SpanIx>)| {
        let id = &context.genai.conversations()[conversation.at()].id;
        let sentence = format!("{asked} was answered by {} models in conversation {id}.", figure(models.len()));
        let names: Vec<&str> = models.keys().copied().collect();
        let spans: Vec<SpanIx> = models.values().copied().collect();
        let finding = Finding::new("E12", Severity::Suspicious, format!("models behind {asked}"), sentence);
        finding.shown_by(&spans).because(names.join(", ")).with("models", models.len())
    };
    answers.into_iter().map(finding).collect()
}

/// A model's name without what stands around it: `us.anthropic.claude-x:0` and `models/claude-x` are `claude-x`.
fn plain(model: &str) -> String {
    let name = model.rsplit('/').next().unwrap_or(model).to_ascii_lowercase();
    let name = name.split(':').next().unwrap_or_default();
    // Bedrock's names begin with a region and a vendor.
    let vendors = ["anthropic.", "amazon.", "meta.", "mistral.", "cohere.", "ai21.", "openai.", "deepseek."];
    let at = vendors.iter().filter_map(|vendor| Some(name.find(vendor)? + vendor.len())).max().unwrap_or(0);
    name[at..].chars().filter(char::is_ascii_alphanumeric).collect()
}

/// Calls that were answered by another model than the one that was asked, which is not a snapshot of it.
fn answered_by_another(context: &Context<'_>, all: &[Asked]) -> Option<Finding> {
    let mut pairs: BTreeMap<(&str, &str), Vec<SpanIx>> = BTreeMap::new();
    for call in all.iter().filter(|call| !call.is_deployment) {
        let Some(answered) = &call.answered else { continue };
        // Names that stand for a choice are no names of models.
        let is_choice =
            ["auto", "router", "default"].into_iter().any(|word| call.model.to_ascii_lowercase().contains(word));
        let (a, b) = (plain(&call.model), plain(answered));
        if !is_choice && !a.contains(&b) && !b.contains(&a) {
            pairs.entry((&call.model, answered)).or_default().push(context.outermost(call.span));
        }
    }
    let ((asked, answered), _) = pairs.first_key_value()?;
    let more = if pairs.len() > 1 { format!(" ({} more)", count(pairs.len() - 1, "pair")) } else { String::new() };
    let spans: BTreeSet<SpanIx> = pairs.values().flatten().copied().collect();
    let spans: Vec<SpanIx> = spans.into_iter().collect();
    let calls = count(spans.len(), "model call");
    let asks = verb(spans.len(), "asks", "ask");
    let sentence = format!("{calls} {asks} one model and got the answer of another: {asked} by {answered}{more}.");
    let finding = Finding::new("E12", Severity::Suspicious, "another model answered", sentence).shown_by(&spans);
    Some(finding.because("neither name is a snapshot of the other: a fallback, or a gateway that chooses"))
}

/// Agents that ask one model for some turns of a conversation, and from then on another.
fn changed(context: &Context<'_>, all: &[Asked]) -> Vec<Finding> {
    type Calls<'a> = Vec<(i64, &'a str, SpanIx)>;
    let mut by_agent: BTreeMap<(ConversationIx, AgentIx), Calls<'_>> = BTreeMap::new();
    let is_outermost = |span: SpanIx| context.genai.call_of(span).is_some_and(|call| call.outer.is_none());
    for call in all.iter().filter(|call| is_outermost(call.span) && !context.genai.has_failed(call.span)) {
        if let Some(of) = call.conversation.zip(context.genai.agent_of(call.span)) {
            let start = context.store.span(call.span).drawn_ns().0;
            by_agent.entry(of).or_default().push((start, &call.model, call.span));
        }
    }
    let finding = |((conversation, agent), mut asked): ((ConversationIx, AgentIx), Calls<'_>)| {
        asked.sort();
        let one_clock = asked.windows(2).all(|pair| context.is_one_clock(pair[0].2, pair[1].2));
        let runs: Vec<&[(i64, &str, SpanIx)]> = asked.chunk_by(|a, b| a.1 == b.1).collect();
        // Who goes back and forth uses both; a change has a before and an after, in other turns.
        let [before, after] = runs.as_slice() else { return None };
        let turn = |(_, _, span): &(i64, &str, SpanIx)| context.genai.turn_of(*span);
        let is_change =
            one_clock && before.len() > 1 && after.len() > 1 && turn(before.last()?) != turn(after.first()?);
        is_change.then(|| {
            let (name, id) =
                (&context.genai.agents()[agent.at()].name, &context.genai.conversations()[conversation.at()].id);
            let (from, to) = (before[0].1, after[0].1);
            let sentence = format!("{name} changed its model in conversation {id}: {from}, then {to}.");
            let finding = Finding::new("E12", Severity::Unknown, format!("the model of {name}"), sentence);
            let calls =
                format!("{} of the first, then {} of the second", count(before.len(), "call"), figure(after.len()));
            finding.shown_by(&[before[before.len() - 1].2, after[0].2]).because(calls)
        })
    };
    by_agent.into_iter().filter_map(finding).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_stands_around_a_model_is_not_its_name() {
        for (model, name) in [
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claudesonnet4520250929v1"),
            ("models/gemini-2.5-flash", "gemini25flash"),
            ("openai/gpt-4o", "gpt4o"),
            ("gpt-4o-2024-08-06", "gpt4o20240806"),
        ] {
            assert_eq!(super::plain(model), name);
        }
    }
}
