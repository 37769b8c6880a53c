//! E12: which prompt, model snapshot and agent version made an answer, and which answers do not say it.

use super::{Config, Context, Finding, Rule, Severity, verb};
use crate::analysis::genai::{CallView, Field};
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
            if view.role != crate::analysis::genai::Role::Model {
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
        questions.into_iter().zip(&lacking).filter_map(finding).collect()
    }
}
