//! Time to first token, in the order of A9: absolute stamps, durations, the first event where none was dropped.

use super::calls::{Ttft, TtftFrom, rule_of};
use super::facts::Facts;
use super::field::{Confidence, Datum, Field};
use super::resolve::{EventSign, Resolved};
use super::units;
use crate::model::{SpanFlags, SpanIx, TraceStore};

pub fn read(store: &TraceStore, resolved: &Resolved, facts: &Facts, span: SpanIx) -> Option<Ttft> {
    let from_stamp = || {
        let fact = facts.get(Field::FirstTokenAt)?;
        let Datum::At(at_ns) = fact.datum else { return None };
        let start = start_of(store, span)?;
        let ns = at_ns.checked_sub(start).filter(|ns| *ns >= 0)?;
        Some(Ttft { ns, from: TtftFrom::Rule(rule_of(fact.at)), confidence: Confidence::Stated })
    };
    let from_duration = || {
        let fact = facts.get(Field::Ttft)?;
        let fitted = units::fit(resolved, fact, store.span(span).duration_ns())?;
        Some(Ttft { ns: fitted.ns, from: TtftFrom::Rule(rule_of(fact.at)), confidence: fitted.confidence })
    };
    let from_event = |wanted| from_events(store, resolved, span).filter(|ttft| ttft.from == wanted);
    from_stamp()
        .or_else(|| from_event(TtftFrom::FirstTokenEvent))
        .or_else(from_duration)
        .or_else(|| from_event(TtftFrom::FirstChunkEvent))
}

fn start_of(store: &TraceStore, span: SpanIx) -> Option<i64> {
    let span = store.span(span);
    (!span.flags().has(SpanFlags::START_MISSING)).then(|| span.start_ns())
}

fn from_events(store: &TraceStore, resolved: &Resolved, span: SpanIx) -> Option<Ttft> {
    let start = start_of(store, span)?;
    let (times, signs) = (&store.events.time_ns, &store.events.name);
    let mut best: Option<(bool, i64)> = None;
    for event in super::event_range(store, span) {
        let sign = resolved.of_event(signs[event]);
        let is_first = match sign {
            Some(EventSign::First) => true,
            Some(EventSign::Chunk) => false,
            _ => continue,
        };
        let known = best.get_or_insert((is_first, times[event]));
        if (is_first, -times[event]) > (known.0, -known.1) {
            *known = (is_first, times[event]);
        }
    }
    let (is_first, at_ns) = best?;
    let dropped = store.span(span).rare().map_or(0, |rare| rare.dropped[1]);
    // SDKs drop the oldest events: what looks like the first piece is then a later one.
    if !is_first && dropped > 0 {
        return None;
    }
    let ns = at_ns.checked_sub(start).filter(|ns| *ns >= 0)?;
    let from = if is_first { TtftFrom::FirstTokenEvent } else { TtftFrom::FirstChunkEvent };
    Some(Ttft { ns, from, confidence: if is_first { Confidence::Stated } else { Confidence::Inferred } })
}
