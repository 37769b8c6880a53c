//! Conversations by voice: how long a person waited for the first sound of an answer, as the data says it and as the
//! spans show it, and who spoke into an answer.

use std::collections::BTreeMap;

use super::GenAi;
use super::calls::rule_of;
use super::facts::Facts;
use super::field::{Confidence, Field};
use super::tables::VoiceSign;
use super::turns::TurnIx;
use super::units;
use crate::model::{SpanIx, TraceStore};

/// What is known about the voices of one turn.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Voice {
    /// The turn.
    pub turn: TurnIx,
    /// How long the person waited, as the data says it.
    pub stated: Option<StatedWait>,
    /// When the person stopped speaking, as the spans show it.
    pub said: Option<VoiceMoment>,
    /// When the answer was heard, as the spans show it.
    pub sound: Option<VoiceMoment>,
    /// Where somebody spoke into the answer.
    pub interrupted: Option<SpanIx>,
}

/// A wait that an attribute states.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatedWait {
    /// From the end of what the person said to the first sound of the answer, nanoseconds.
    pub ns: i64,
    /// The span that says it.
    pub span: SpanIx,
    /// The attribute's key.
    pub source: String,
    /// How far it can be trusted.
    pub confidence: Confidence,
}

/// A moment in a conversation by voice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VoiceMoment {
    /// The span that shows it.
    pub span: SpanIx,
    /// After the span's start, nanoseconds; on the span's own clock.
    pub after_ns: i64,
    /// It happened then. Otherwise a person stopped no later, and an answer was heard no earlier.
    pub is_exact: bool,
}

impl Voice {
    fn new(turn: TurnIx) -> Self {
        Self { turn, stated: None, said: None, sound: None, interrupted: None }
    }

    /// How long the person waited, from what one clock says: at least, and at most where the spans show both moments.
    /// `after_ns` is from the start of the span that shows the first moment to the start of the other's.
    #[must_use]
    pub fn waited_ns(&self, after_ns: i64) -> Option<(i64, Option<i64>)> {
        let (said, sound) = (self.said?, self.sound?);
        let least = after_ns.saturating_add(sound.after_ns).saturating_sub(said.after_ns);
        let is_exact = said.is_exact && sound.is_exact;
        Some((least.max(0), is_exact.then_some(least.max(0))))
    }
}

/// One span that tells something about voices.
struct Sign {
    turn: TurnIx,
    span: SpanIx,
    sign: VoiceSign,
}

/// The turns of which anything is known about voices, in order of the turns.
pub fn find(genai: &GenAi, store: &TraceStore) -> Vec<Voice> {
    let tables = genai.resolved.tables;
    let mut voices: BTreeMap<TurnIx, Voice> = BTreeMap::new();
    let mut signs: Vec<Sign> = Vec::new();
    if !genai.resolved.says_of_voices() {
        return Vec::new();
    }
    let mut facts = Facts::default();
    for span in store.span_ixs() {
        let Some(turn) = genai.turn_of(span) else { continue };
        facts.read(store, &genai.resolved, span);
        let rules = facts.name_rules.iter().map(|at| &tables.names[usize::from(*at)]);
        if let Some(sign) = rules.filter_map(|rule| rule.voice).next() {
            signs.push(Sign { turn, span, sign });
        }
        let stated = stated(genai, store, &facts, span);
        let is_interrupted = facts.flag(Field::Interrupted);
        if stated.is_some() || is_interrupted {
            let voice = voices.entry(turn).or_insert_with(|| Voice::new(turn));
            voice.stated = voice.stated.take().or(stated);
            voice.interrupted = voice.interrupted.or(is_interrupted.then_some(span));
        }
    }
    for of_turn in by_turn(&mut signs) {
        let turn = of_turn[0].turn;
        let (said, sound) = (said(store, of_turn), sound(genai, store, of_turn));
        if said.is_some() && sound.is_some() {
            let voice = voices.entry(turn).or_insert_with(|| Voice::new(turn));
            (voice.said, voice.sound) = (said, sound);
        }
    }
    voices.into_values().collect()
}

fn by_turn(signs: &mut [Sign]) -> impl Iterator<Item = &[Sign]> {
    signs.sort_by_key(|sign| (sign.turn, sign.span));
    signs.chunk_by(|a, b| a.turn == b.turn)
}

fn stated(genai: &GenAi, store: &TraceStore, facts: &Facts, span: SpanIx) -> Option<StatedWait> {
    let fact = facts.get(Field::VoiceLatency)?;
    let fitted = units::fit(&genai.resolved, fact, store.span(span).duration_ns())?;
    let source = genai.resolved.tables.keys[usize::from(rule_of(fact.at))].source();
    Some(StatedWait { ns: fitted.ns, span, source, confidence: fitted.confidence })
}

/// When the person stopped: the last moment that the spans show, the exact ones first.
fn said(store: &TraceStore, signs: &[Sign]) -> Option<VoiceMoment> {
    let at = |sign: &Sign| {
        let view = store.span(sign.span);
        let end_ns = view.duration_ns().unwrap_or(0).max(0);
        match sign.sign {
            VoiceSign::Said => Some(VoiceMoment { span: sign.span, after_ns: end_ns, is_exact: true }),
            VoiceSign::Waited => Some(VoiceMoment { span: sign.span, after_ns: 0, is_exact: true }),
            VoiceSign::Ended => Some(VoiceMoment { span: sign.span, after_ns: end_ns, is_exact: false }),
            VoiceSign::Sound | VoiceSign::Made => None,
        }
    };
    let time = |moment: &VoiceMoment| store.span(moment.span).drawn_ns().0.saturating_add(moment.after_ns);
    signs.iter().filter_map(at).max_by_key(|moment| (moment.is_exact, time(moment)))
}

/// When the answer was heard: the first moment that the spans show, the exact ones first.
fn sound(genai: &GenAi, store: &TraceStore, signs: &[Sign]) -> Option<VoiceMoment> {
    let at = |sign: &Sign| match sign.sign {
        VoiceSign::Sound => Some(VoiceMoment { span: sign.span, after_ns: 0, is_exact: true }),
        VoiceSign::Made => {
            let first = genai.call_of(sign.span).and_then(|call| call.ttft).map_or(0, |ttft| ttft.ns);
            Some(VoiceMoment { span: sign.span, after_ns: first, is_exact: false })
        }
        VoiceSign::Said | VoiceSign::Waited | VoiceSign::Ended => None,
    };
    let time = |moment: &VoiceMoment| store.span(moment.span).drawn_ns().0.saturating_add(moment.after_ns);
    signs.iter().filter_map(at).min_by_key(|moment| (!moment.is_exact, time(moment)))
}
