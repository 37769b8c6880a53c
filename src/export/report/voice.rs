//! What the report says about a turn of a conversation by voice.

use serde::Serialize;

use super::ReportInput;
use super::genai::Interval;
use crate::analysis::genai::{GenAi, Judged, Voice};
use crate::analysis::reading::{Context, Since};

/// A turn of a conversation by voice.
#[derive(Clone, Debug, Serialize)]
pub struct VoiceReport {
    /// From the end of what the person said to the first sound of the answer, as an attribute states it.
    pub waited_ns: Option<i64>,
    /// That attribute.
    pub source: Option<String>,
    /// How far it can be trusted.
    pub confidence: Option<String>,
    /// The same as the spans show it; across clocks an interval.
    pub measured: Option<Interval>,
    /// The id of the span into which somebody spoke.
    pub interrupted: Option<String>,
}

impl VoiceReport {
    /// What is known about `voice`.
    pub fn of(voice: &Voice, input: &ReportInput<'_>, genai: &GenAi) -> Self {
        let (store, domains) = (input.store, input.domains);
        // A report knows of no view, so of nothing that somebody said about lost traces.
        let judged = Judged::default();
        let context = Context { store, domains, genai, clocks: Some(input.model), judged: &judged };
        let measured = voice.said.zip(voice.sound).and_then(|(said, sound)| {
            let after = Since::new(&context, said.span).start(sound.span);
            let (least, _) = voice.waited_ns(after.lo_ns?)?;
            let most = after.hi_ns.and_then(|after| voice.waited_ns(after)?.1);
            Some(Interval { lo_ns: least, hi_ns: most })
        });
        let stated = voice.stated.as_ref();
        Self {
            waited_ns: stated.map(|stated| stated.ns),
            source: stated.map(|stated| stated.source.clone()),
            confidence: stated.map(|stated| stated.confidence.to_string()),
            measured,
            interrupted: voice.interrupted.map(|span| store.span_id_text(store.span(span).id())),
        }
    }
}
