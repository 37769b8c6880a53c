//! The parts of model calls: from spans of stages, from stated durations, or split at the first token; what is left is
//! left. Lengths are never stretched, and what does not fit says so.

mod layout;

use super::calls::{Call, TtftFrom};
use super::facts::{Fact, Facts};
use super::field::{Confidence, Field, Role};
use super::inherit::stage_phase;
use super::normalise::Own;
use super::phase::{Origin, Phase, PhasePart, Rule};
use super::resolve::{EventSign, Resolved};
use super::units::{self, Fitted};
use crate::model::{SpanFlags, SpanIx, SpanKind, TraceStore};
use layout::{Layout, Piece};

/// How far below a model call its stages may be, and how many spans are looked at for them.
const STAGE_DEPTH: usize = 3;
const MOST_SPANS: usize = 4096;

/// The parts of all calls, end to end, and where those of each call end. `order` has parents before their children.
pub fn all(store: &TraceStore, resolved: &Resolved, own: &Own, order: &[SpanIx]) -> (Vec<PhasePart>, Vec<u32>) {
    let mut of_call: Vec<Vec<PhasePart>> = vec![Vec::new(); own.calls.len()];
    let mut inner: Vec<Option<u32>> = vec![None; own.calls.len()];
    let mut facts = Facts::default();
    let mut rank = vec![u32::MAX; if own.calls.is_empty() { 0 } else { store.len() }];
    for (at, call) in (0u32..).zip(&own.calls) {
        rank[call.span.at()] = at;
    }
    // Calls inside others first: they may explain those around them.
    for &span in order.iter().rev() {
        let Some(&at) = rank.get(span.at()).filter(|at| **at != u32::MAX) else { continue };
        let call = &own.calls[at as usize];
        if let Some(outer) = call.outer {
            // Of several calls inside, the first one: the order is reversed.
            inner[outer as usize] = Some(at);
        }
        if call.is_model {
            facts.read(store, resolved, span);
            let inside = inner[at as usize].map(|at| (own.calls[at as usize].span, &of_call[at as usize][..]));
            of_call[at as usize] = Reader { store, resolved, role: &own.role, facts: &facts, call }.parts(inside);
        }
    }
    let mut parts = Vec::with_capacity(of_call.iter().map(Vec::len).sum());
    let mut ends = Vec::with_capacity(of_call.len());
    for of_one in of_call {
        parts.extend(of_one);
        ends.push(u32::try_from(parts.len()).unwrap_or(u32::MAX));
    }
    (parts, ends)
}

struct Reader<'a> {
    store: &'a TraceStore,
    resolved: &'a Resolved,
    role: &'a [Role],
    facts: &'a Facts,
    call: &'a Call,
}

impl Reader<'_> {
    /// The parts of the call. `inside` is a model call inside of it with its parts.
    fn parts(&self, inside: Option<(SpanIx, &[PhasePart])>) -> Vec<PhasePart> {
        let span = self.store.span(self.call.span);
        if let Some(ns) = self.resolved.took_ns(self.store, self.call.span) {
            let end = span.drawn_ns().1;
            return vec![self.streamed(Phase::Decode, Field::Decode, (end.saturating_sub(ns), end))];
        }
        let untimed = SpanFlags::START_MISSING.0 | SpanFlags::END_MISSING.0 | SpanFlags::END_BEFORE_START.0;
        if span.flags().0 & untimed != 0 || span.end_ns() <= span.start_ns() {
            return Vec::new();
        }
        let (start, end) = (span.start_ns(), span.end_ns());
        let mut parts = self.real(start, end);
        if parts.is_empty() {
            parts = self.stated(start, end, inside);
        }
        layout::fill(&mut parts, start, end);
        parts
    }

    /// What the record of a stream tells; it lies where it lies, whatever span it is told by.
    fn streamed(&self, phase: Phase, field: Field, (start_ns, end_ns): (i64, i64)) -> PhasePart {
        let rule = Rule { field, confidence: Confidence::Stated, is_place_assumed: false };
        PhasePart { phase, start_ns, end_ns, origin: Origin::Derived(rule), is_outside: false }
    }

    /// Stages that are spans of their own, or lie between two events, on the same clock.
    fn real(&self, start: i64, end: i64) -> Vec<PhasePart> {
        let mut parts = Vec::new();
        let mut real = |phase, from: i64, to: i64| {
            let is_outside = from < start || to > end;
            parts.push(PhasePart { phase, start_ns: from, end_ns: to.max(from), origin: Origin::Real, is_outside });
        };
        // Each with the stage that it is inside of: steps of a stage are that stage, other stages are their own.
        let below = |span: SpanIx, inside: Option<Phase>| {
            self.store.span(span).children().iter().map(move |&child| (child, inside))
        };
        let mut level: Vec<(SpanIx, Option<Phase>)> = below(self.call.span, None).collect();
        let mut looked_at = 0;
        for _ in 0..STAGE_DEPTH {
            let mut next = Vec::new();
            for &(child, inside) in &level {
                let span = self.store.span(child);
                let is_same_clock = span.resource_ix() == self.store.span(self.call.span).resource_ix();
                looked_at += 1;
                let role = self.role[child.at()];
                let mut within = inside;
                if role == Role::Stage && is_same_clock {
                    let phase = stage_phase(self.store, self.resolved, child);
                    let (from, to) = span.drawn_ns();
                    if inside != Some(phase) {
                        real(phase, from, to);
                    }
                    within = Some(phase);
                }
                if matches!(role, Role::None | Role::Stage) && looked_at < MOST_SPANS {
                    next.extend(below(child, within));
                }
            }
            level = next;
        }
        for (phase, from, to) in self.marks() {
            real(phase, from, to);
        }
        parts
    }

    fn marks(&self) -> Vec<(Phase, i64, i64)> {
        let events = &self.store.events;
        let is_mark = |event: &usize| self.resolved.of_event(events.name[*event]) == Some(EventSign::Mark);
        let marks: Vec<usize> = super::event_range(self.store, self.call.span).filter(is_mark).collect();
        let time = |name: &str| {
            let named = marks.iter().find(|event| self.store.text(events.name[**event]) == name);
            named.map(|event| events.time_ns[*event])
        };
        let rules = self.resolved.tables.marks.iter();
        rules.filter_map(|rule| Some((rule.phase, time(&rule.from)?, time(&rule.to)?))).collect()
    }

    /// Parts from durations: the call's own, or those of the server's span inside of it.
    fn stated(&self, start: i64, end: i64, inside: Option<(SpanIx, &[PhasePart])>) -> Vec<PhasePart> {
        let total = end - start;
        let mut pieces = self.pieces(total);
        let mut server = self.server_time(total);
        if let (true, Some((inner, parts))) = (pieces.is_empty(), inside) {
            let span = self.store.span(inner);
            if span.resource_ix() == self.store.span(self.call.span).resource_ix() {
                // On the same clock, so its parts lie where they lie.
                if self.resolved.took_ns(self.store, inner).is_some() {
                    // The span of the request ends when the stream begins.
                    let first = self.streamed(Phase::FirstToken, Field::FirstTokenAt, (start, end));
                    return std::iter::once(first).chain(parts.iter().copied()).collect();
                }
                return parts.iter().filter(|part| part.origin != Origin::Unaccounted).copied().collect();
            }
            pieces = from_inner(parts);
            server = span
                .duration_ns()
                .filter(|ns| (0..=total).contains(ns))
                .map(|ns| Server { ns, is_header: false, confidence: Confidence::Stated })
                .or(server);
        }
        let first = self.call.ttft.filter(|ttft| ttft.ns <= total);
        Layout {
            start,
            end,
            pieces,
            server,
            first: first.map(|ttft| (ttft.ns, self.ttft_rule(ttft.confidence, ttft.from))),
        }
        .parts()
    }

    fn ttft_rule(&self, confidence: Confidence, from: TtftFrom) -> Rule {
        let field = match from {
            TtftFrom::Rule(rule) => self.resolved.tables.keys[usize::from(rule)].field,
            TtftFrom::FirstTokenEvent | TtftFrom::FirstChunkEvent => Field::FirstTokenAt,
        };
        Rule { field, confidence, is_place_assumed: false }
    }

    fn fitted(&self, field: Field, total: i64) -> Option<(&Fact, Fitted)> {
        let fact = self.facts.get(field)?;
        Some((fact, units::fit(self.resolved, fact, Some(total))?))
    }

    /// The phases that the call states, in the order in which they happen.
    fn pieces(&self, total: i64) -> Vec<Piece> {
        let piece = |field: Field, fitted: &Fitted| {
            let phase = phase_of(field)?;
            Some(Piece { phase, ns: fitted.ns, field, confidence: fitted.confidence })
        };
        let in_turn = units::in_turn(self.resolved, self.facts, Some(total));
        let mut pieces: Vec<Piece> = in_turn.iter().filter_map(|(field, fitted)| piece(*field, fitted)).collect();
        self.take_queue_out_of_prefill(&mut pieces, total);
        // What a server does besides says nothing about the rest, and the first token says more.
        if !pieces.is_empty() || self.call.ttft.is_none() {
            let besides = self.fitted(Field::Overhead, total);
            let besides = besides.and_then(|(_, fitted)| piece(Field::Overhead, &fitted));
            pieces.splice(0..0, besides);
        }
        pieces
    }

    /// SGLang counts the queue into its prefill: then both do not fit beside each other, or its scope says so.
    fn take_queue_out_of_prefill(&self, pieces: &mut [Piece], total: i64) {
        let of = |pieces: &[Piece], phase| pieces.iter().find(|piece| piece.phase == phase).map_or(0, |piece| piece.ns);
        let (queue, prefill) = (of(pieces, Phase::Queue), of(pieces, Phase::Prefill));
        let scope = self.store.text(self.store.span(self.call.span).scope().name);
        let sum: i64 = pieces.iter().fold(0, |sum: i64, piece| sum.saturating_add(piece.ns));
        let explains = sum > total && sum.saturating_sub(queue) <= total;
        if queue > 0 && prefill >= queue && (explains || scope.starts_with("sglang")) {
            for piece in pieces.iter_mut().filter(|piece| piece.phase == Phase::Prefill) {
                piece.ns -= queue;
                piece.confidence = piece.confidence.max(Confidence::Assumed);
            }
        }
    }

    /// How long the server says it took, where the span is not the server's own.
    fn server_time(&self, total: i64) -> Option<Server> {
        if matches!(self.store.span(self.call.span).kind(), SpanKind::Server | SpanKind::Consumer) {
            return None;
        }
        let (fact, fitted) = self.fitted(Field::ServerTime, total)?;
        let key = &self.resolved.tables.keys[usize::from(super::calls::rule_of(fact.at))].key;
        let is_header = key.starts_with("http.response.header.");
        fitted.fits.then_some(Server { ns: fitted.ns.min(total), is_header, confidence: fitted.confidence })
    }
}

/// The phase whose length a field states.
const fn phase_of(field: Field) -> Option<Phase> {
    Some(match field {
        Field::Overhead => Phase::Overhead,
        Field::Queue => Phase::Queue,
        Field::Load => Phase::Load,
        Field::Prefill => Phase::Prefill,
        Field::Decode => Phase::Decode,
        Field::Compute => Phase::Compute,
        _ => return None,
    })
}

/// How long the server took.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Server {
    ns: i64,
    /// Said in the headers of the answer: for a stream that is before the stream.
    is_header: bool,
    confidence: Confidence,
}

/// The parts of a server's span as durations: its clock is another one, so where they lie is not known.
fn from_inner(parts: &[PhasePart]) -> Vec<Piece> {
    let order =
        [Phase::Queue, Phase::Load, Phase::Overhead, Phase::Prefill, Phase::Compute, Phase::FirstToken, Phase::Decode];
    let piece = |phase| {
        let same = parts.iter().filter(|part| part.phase == phase && part.origin != Origin::Unaccounted);
        let ns = same.clone().fold(0_i64, |sum, part| sum.saturating_add(part.duration_ns()));
        let field = same.clone().find_map(|part| match part.origin {
            Origin::Derived(rule) => Some(rule.field),
            _ => None,
        });
        let field = field.unwrap_or(Field::ServerTime);
        (ns > 0).then_some(Piece { phase, ns, field, confidence: Confidence::Stated })
    };
    order.into_iter().filter_map(piece).collect()
}
