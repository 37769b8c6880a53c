//! Where durations lie inside a span: after half of the network, ending at the first token where that is known.

use super::Server;
use crate::analysis::genai::field::{Confidence, Field};
use crate::analysis::genai::phase::{Origin, Phase, PhasePart, Rule};

/// A phase whose length is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Piece {
    pub phase: Phase,
    pub ns: i64,
    pub field: Field,
    pub confidence: Confidence,
}

/// What is known about a call from `start` to `end`.
pub struct Layout {
    pub start: i64,
    pub end: i64,
    /// In the order in which they happen.
    pub pieces: Vec<Piece>,
    pub server: Option<Server>,
    /// From the start to the first piece of the answer, and how that is known.
    pub first: Option<(i64, Rule)>,
}

/// What lies between the ways of the network.
#[derive(Clone, Copy)]
struct Inner {
    lo: i64,
    hi: i64,
    /// Of the way back, what lies before the first piece and not at the end.
    returned_ns: i64,
}

impl Layout {
    pub fn parts(self) -> Vec<PhasePart> {
        let mut parts = Vec::new();
        let inner = self.network(&mut parts);
        match (self.pieces.is_empty(), self.first) {
            (false, _) => self.place_pieces(inner, &mut parts),
            (true, Some((ns, rule))) => {
                let first = self.start.saturating_add(ns);
                let until = if inner.returned_ns > 0 { first.saturating_sub(inner.returned_ns) } else { first };
                parts.push(self.derived(Phase::FirstToken, inner.lo, until.max(inner.lo), rule));
                parts.push(self.derived(Phase::Decode, first, inner.hi.max(first), rule));
            }
            (true, None) => {}
        }
        parts.retain(|part| part.end_ns > part.start_ns);
        parts
    }

    fn derived(&self, phase: Phase, start_ns: i64, end_ns: i64, rule: Rule) -> PhasePart {
        let is_outside = start_ns < self.start || end_ns > self.end;
        PhasePart { phase, start_ns, end_ns, origin: Origin::Derived(rule), is_outside }
    }

    /// What the server did not take is network. How much of it lies on either side is not known: half is drawn on each.
    /// Returns what is between.
    fn network(&self, parts: &mut Vec<PhasePart>) -> Inner {
        let whole = Inner { lo: self.start, hi: self.end, returned_ns: 0 };
        let Some(server) = self.server else { return whole };
        // Headers are written before the stream: what they say ends with the first piece.
        let end = match (server.is_header, self.first) {
            (true, Some((first, _))) => self.start.saturating_add(first),
            _ => self.end,
        };
        let network = end.saturating_sub(self.start).saturating_sub(server.ns);
        if network < 0 {
            return whole;
        }
        let out = network / 2;
        let rule = Rule { field: Field::ServerTime, confidence: server.confidence, is_place_assumed: true };
        let (from, to) = (self.start + out, end - (network - out));
        parts.push(self.derived(Phase::Network, self.start, from, rule));
        parts.push(self.derived(Phase::Network, to, end, rule));
        // With the stream after it, the way back lies before the first piece.
        if end < self.end {
            Inner { lo: from, hi: self.end, returned_ns: end - to }
        } else {
            Inner { lo: from, hi: to, returned_ns: 0 }
        }
    }

    fn place_pieces(&self, Inner { lo, hi, returned_ns }: Inner, parts: &mut Vec<PhasePart>) {
        let is_late = |piece: &&Piece| piece.phase == Phase::Decode;
        let early: Vec<&Piece> = self.pieces.iter().filter(|piece| !is_late(piece)).collect();
        let lead = early.iter().fold(0_i64, |sum, piece| sum.saturating_add(piece.ns));
        let back = self.end.saturating_sub(hi).max(returned_ns);
        let first = self.first.map(|(ns, _)| self.start.saturating_add(ns).saturating_sub(back));
        let anchored = first.filter(|first| first.saturating_sub(lead) >= lo && *first <= hi);
        let mut at = anchored.map_or(lo, |first| first - lead);
        let rule = |piece: &Piece| Rule {
            field: piece.field,
            confidence: piece.confidence,
            is_place_assumed: anchored.is_none(),
        };
        for piece in early {
            let next = at.saturating_add(piece.ns);
            parts.push(self.derived(piece.phase, at, next, rule(piece)));
            at = next;
        }
        for piece in self.pieces.iter().filter(is_late) {
            // Phases that together do not fit overlap rather than leave the span.
            let latest = hi.saturating_sub(piece.ns).max(lo);
            let from = anchored.unwrap_or(at).min(latest);
            parts.push(self.derived(piece.phase, from, from.saturating_add(piece.ns), rule(piece)));
        }
    }
}

/// Sorts `parts` and adds what they leave open between `start` and `end`.
pub fn fill(parts: &mut Vec<PhasePart>, start: i64, end: i64) {
    parts.sort_by_key(|part| (part.start_ns, part.end_ns, part.phase));
    let mut open = Vec::new();
    let mut covered = start;
    for part in parts.iter() {
        if part.start_ns > covered {
            open.push((covered, part.start_ns.min(end)));
        }
        covered = covered.max(part.end_ns);
    }
    open.push((covered, end));
    let rest = open.into_iter().filter(|(from, to)| to > from).map(|(start_ns, end_ns)| PhasePart {
        phase: Phase::Opaque,
        start_ns,
        end_ns,
        origin: Origin::Unaccounted,
        is_outside: false,
    });
    parts.extend(rest);
    parts.sort_by_key(|part| (part.start_ns, part.end_ns, part.phase));
}
