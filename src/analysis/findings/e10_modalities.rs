//! E10: speech and text of one conversation in traces of their own.

use std::collections::BTreeMap;

use super::{Config, Context, Finding, Rule, Severity, count};
use crate::analysis::genai::{ConversationIx, Role};
use crate::model::{SpanIx, TraceIx};

/// See the module.
pub struct Modalities;

impl Rule for Modalities {
    fn code(&self) -> &'static str {
        "E10"
    }

    fn title(&self) -> &'static str {
        "modalities in separate traces"
    }

    fn is_on(&self, config: &Config) -> bool {
        config.E10.on
    }

    fn find(&self, context: &Context<'_>) -> Vec<Finding> {
        // Per conversation and trace: the first span of speech and the first one of text.
        let mut seen: BTreeMap<(ConversationIx, TraceIx), [Option<SpanIx>; 2]> = BTreeMap::new();
        for span in context.store.span_ixs() {
            let at = match context.genai.role_of(span) {
                Role::Speech => 0,
                Role::Model => 1,
                _ => continue,
            };
            let Some(conversation) = context.genai.conversation_of(span) else { continue };
            let trace = context.store.span(span).trace_ix();
            seen.entry((conversation, trace)).or_default()[at].get_or_insert(span);
        }
        let all: Vec<_> = seen.into_iter().collect();
        let mut findings = Vec::new();
        for group in all.chunk_by(|a, b| a.0.0 == b.0.0) {
            let only = |at: usize| {
                let alone = group.iter().filter(move |(_, spans)| spans[at].is_some() && spans[1 - at].is_none());
                alone.filter_map(move |(_, spans)| spans[at]).collect::<Vec<_>>()
            };
            let (speech, text) = (only(0), only(1));
            if speech.is_empty() || text.is_empty() {
                continue;
            }
            let id = &context.genai.conversations()[group[0].0.0.at()].id;
            let sentence = format!(
                "Conversation {id} has its speech in {} and its text in {}: what the user waited for is in no single trace.",
                count(speech.len(), "trace"),
                count(text.len(), "trace")
            );
            let (speech_traces, text_traces) = (speech.len(), text.len());
            let spans: Vec<SpanIx> = speech.into_iter().chain(text).collect();
            let finding = Finding::new("E10", Severity::Unknown, id.as_str(), sentence).shown_by(&spans);
            let finding = finding.with("speech_traces", speech_traces).with("text_traces", text_traces);
            findings.push(finding.because("the same conversation id"));
        }
        findings
    }
}
