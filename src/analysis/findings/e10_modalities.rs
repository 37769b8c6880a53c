//! E10: speech and text of one conversation in traces of their own; people who wait for the first sound of an answer,
//! or speak into it.

use std::collections::BTreeMap;

use super::{Config, Context, Finding, Rule, Severity, count, verb};
use crate::analysis::genai::{ConversationIx, Role, Voice};
use crate::model::time::{MS, duration_text};
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
        let voices = context.genai.voices(context.store);
        let found = split(context, &voices).into_iter();
        found
            .chain(long_waits(context, &voices))
            .chain(mismatch(context, &voices))
            .chain(barge_ins(context, &voices))
            .collect()
    }
}

/// Conversations whose speech is in other traces than their text.
fn split(context: &Context<'_>, voices: &[Voice]) -> Vec<Finding> {
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
        let conversation = group[0].0.0;
        let id = &context.genai.conversations()[conversation.at()].id;
        let sentence = format!(
            "Conversation {id} has its speech in {} and its text in {}: what the user waited for is in no single trace.",
            count(speech.len(), "trace"),
            count(text.len(), "trace")
        );
        let (speech_traces, text_traces) = (speech.len(), text.len());
        let spans: Vec<SpanIx> = speech.into_iter().chain(text).collect();
        let finding = Finding::new("E10", Severity::Unknown, id.as_str(), sentence).shown_by(&spans);
        let finding = finding.with("speech_traces", speech_traces).with("text_traces", text_traces);
        let finding = finding.because("the same conversation id");
        findings.push(match waits(context, voices, conversation) {
            Some(words) => finding.because(words),
            None => finding,
        });
    }
    findings
}

/// How long people waited in a conversation, where the data states it.
fn waits(context: &Context<'_>, voices: &[Voice], conversation: ConversationIx) -> Option<String> {
    let is_of = |voice: &&Voice| context.genai.turns()[voice.turn.at()].conversation == Some(conversation);
    let mut waits: Vec<i64> = voices.iter().filter(is_of).filter_map(|voice| Some(voice.stated.as_ref()?.ns)).collect();
    waits.sort_unstable();
    let (middle, most) = (waits.get(waits.len() / 2)?, waits.last()?);
    let (middle, most) = (duration_text(*middle), duration_text(*most));
    Some(format!("the user waited {middle} for the first sound in the middle, {most} at most"))
}

/// How long a person waited by the spans of one clock: at least, and at most.
fn measured(context: &Context<'_>, voice: &Voice) -> Option<(i64, Option<i64>)> {
    let (said, sound) = (voice.said?.span, voice.sound?.span);
    let start = |span: SpanIx| context.store.span(span).drawn_ns().0;
    context.is_one_clock(said, sound).then(|| voice.waited_ns(start(sound).saturating_sub(start(said))))?
}

/// Turns in which the first sound came late.
fn long_waits(context: &Context<'_>, voices: &[Voice]) -> Option<Finding> {
    let least_ns = context.config.E10.least_wait_ms.saturating_mul(MS);
    let wait = |voice: &Voice| {
        let shown = || voice.sound.map(|sound| sound.span).zip(measured(context, voice).map(|(least, _)| least));
        voice.stated.as_ref().map(|stated| (stated.span, stated.ns)).or_else(shown)
    };
    let all: Vec<(SpanIx, i64)> = voices.iter().filter_map(wait).collect();
    let mut late: Vec<(SpanIx, i64)> = all.iter().copied().filter(|(_, ns)| *ns >= least_ns).collect();
    late.sort_by_key(|(span, ns)| (std::cmp::Reverse(*ns), *span));
    let (_, most_ns) = *late.first()?;
    let spans: Vec<SpanIx> = late.iter().map(|(span, _)| *span).collect();
    let sentence = format!(
        "In {} of {} the user waited {} or longer for the first sound of the answer.",
        late.len(),
        count(all.len(), "turn"),
        duration_text(least_ns)
    );
    let finding = Finding::new("E10", Severity::Suspicious, "the first sound", sentence).shown_by(&spans);
    let finding = finding.because(format!("from the end of what they said, {} at most", duration_text(most_ns)));
    Some(finding.with("turns", all.len()).with("longest_ns", most_ns))
}

/// Turns in which the stated wait is another one than the spans show.
fn mismatch(context: &Context<'_>, voices: &[Voice]) -> Option<Finding> {
    let slack = context.config.E10.least_mismatch_ms.saturating_mul(MS);
    let differs = |voice: &Voice| {
        let (stated, (least, most)) = (voice.stated.as_ref()?, measured(context, voice)?);
        let by = (least.saturating_sub(stated.ns)).max(most.map_or(0, |most| stated.ns.saturating_sub(most)));
        (by >= slack).then_some((stated.span, by, stated.source.clone()))
    };
    let mut odd: Vec<(SpanIx, i64, String)> = voices.iter().filter_map(differs).collect();
    odd.sort_by_key(|(span, by, _)| (std::cmp::Reverse(*by), *span));
    let (_, most_ns, source) = odd.first()?.clone();
    let spans: Vec<SpanIx> = odd.iter().map(|(span, ..)| *span).collect();
    let (turns, states) = (count(odd.len(), "turn"), verb(odd.len(), "states", "state"));
    let sentence = format!("{turns} {states} another wait for the first sound than the spans show.");
    let finding = Finding::new("E10", Severity::Suspicious, "the stated wait", sentence).shown_by(&spans);
    let finding = finding.because(format!("{source}, up to {} off", duration_text(most_ns)));
    Some(finding.with("differs_ns", most_ns))
}

/// Answers into which somebody spoke.
fn barge_ins(context: &Context<'_>, voices: &[Voice]) -> Option<Finding> {
    let spans: Vec<SpanIx> = voices.iter().filter_map(|voice| voice.interrupted).collect();
    if spans.is_empty() || spans.len() < context.config.E10.least_barge_ins {
        return None;
    }
    let sentence = format!("The user spoke into {}.", count(spans.len(), "answer"));
    let finding = Finding::new("E10", Severity::Unknown, "barge-in", sentence).shown_by(&spans);
    let finding = finding
        .because("the spans say that the answer was interrupted; what was not heard is in the answer all the same");
    Some(finding.with("turns", voices.len()))
}
