//! Streams: a piece is sent before it is received, matched by how much had arrived until then: the last piece that the
//! sender notes of what had arrived.

use super::super::causal::{EventKey, Point, Rule};
use super::super::solve::Edge;
use super::Walk;
use super::signs::Sign;
use crate::model::{SpanIx, Value};

/// Attributes that say how much of the stream there was up to and including an event.
const CUMULATIVE: [&str; 3] =
    ["gen_ai.usage.output_tokens", "gen_ai.stream.cumulative_tokens", "stream.cumulative_bytes"];

/// Attributes of events that number the messages of a call: OpenTelemetry's conventions, what came before them, and
/// gRPC's own plugins.
const MESSAGE_NUMBER: [&str; 4] = ["rpc.message.id", "message.id", "message.message.id", "sequence-number"];
const MESSAGE_TYPE: [&str; 3] = ["rpc.message.type", "message.type", "message.event.type"];

/// Whether a message was sent; `None` for an event that is none. gRPC's plugins say it in the event's name.
fn way(stated: &str, name: &str) -> Option<bool> {
    match stated.to_ascii_uppercase().as_str() {
        "SENT" => return Some(true),
        "RECEIVED" => return Some(false),
        _ => {}
    }
    if name.starts_with("Outbound") { Some(true) } else { name.starts_with("Inbound").then_some(false) }
}

#[derive(Clone, Copy)]
struct Chunk {
    key: EventKey,
    time_ns: i64,
    total: i64,
}

/// A message of a call as one side saw it.
struct Numbered {
    number: i64,
    is_sent: bool,
    key: EventKey,
    time_ns: i64,
}

impl<F: FnMut(&Edge, u32)> Walk<'_, F> {
    /// The events of `span` in the event columns, and how many there are.
    pub(super) fn events(&self, span: SpanIx) -> (usize, std::ops::Range<usize>) {
        let ends = &self.stamps.store().spans.event_end;
        let first = if span.at() == 0 { 0 } else { ends[span.at() - 1] as usize };
        let last = ends[span.at()] as usize;
        (last - first, first..last)
    }

    /// Pieces that `server` sent and `client` received.
    pub(super) fn chunks(&mut self, server: SpanIx, client: SpanIx) {
        if self.events(server).0 == 0 || self.events(client).0 == 0 {
            return;
        }
        // Where events of the sender are missing, what looks like the first piece may be a later one.
        let dropped = self.stamps.store().span(server).rare().map_or(0, |rare| rare.dropped[1]);
        if dropped > 0 {
            return;
        }
        let (sent, received) = (self.chunks_of(server), self.chunks_of(client));
        for chunk in received {
            // The sender may not note every piece: what it notes next may be sent later than what arrived here.
            let known = sent.partition_point(|piece| piece.total <= chunk.total);
            let Some(piece) = known.checked_sub(1).map(|at| sent[at]) else { continue };
            let from = (piece.key, self.stamps.event(server, piece.time_ns));
            let to = (chunk.key, self.stamps.event(client, chunk.time_ns));
            self.edge(Rule::StreamChunk, from, to);
        }
    }

    /// Messages of a call, numbered on both sides: requests on their way there, among them what is sent while the answer
    /// streams (a result that is uploaded, a wish to stop), and answers on their way back.
    pub(super) fn call_messages(&mut self, client: SpanIx, server: SpanIx) {
        let store = self.stamps.store();
        if self.events(client).0 == 0 || self.events(server).0 == 0 {
            return;
        }
        if MESSAGE_NUMBER.iter().all(|key| store.strings().find(key).is_none()) {
            return;
        }
        let (here, there) = (self.numbered(client), self.numbered(server));
        for (sent, received, from, to) in [(&here, &there, client, server), (&there, &here, server, client)] {
            for message in sent.iter().filter(|message| message.is_sent) {
                let same = |other: &&Numbered| !other.is_sent && other.number == message.number;
                let Some(arrived) = received.iter().find(same) else { continue };
                let from = (message.key, self.stamps.event(from, message.time_ns));
                let to = (arrived.key, self.stamps.event(to, arrived.time_ns));
                self.edge(Rule::CallMessage, from, to);
            }
        }
    }

    /// The messages that `span` sent and received, each way numbered from 0. Libraries begin at 0 or at 1, and the two
    /// sides need not have the same: nothing is known where the first ones are missing.
    fn numbered(&self, span: SpanIx) -> Vec<Numbered> {
        let store = self.stamps.store();
        let mut found: Vec<Numbered> = Vec::new();
        if store.span(span).rare().map_or(0, |rare| rare.dropped[1]) > 0 {
            return found;
        }
        for (at, event) in self.events(span).1.enumerate() {
            let first = if event == 0 { 0 } else { store.events.attr_end[event - 1] };
            let attrs = &store.events.attrs[first as usize..store.events.attr_end[event] as usize];
            let number = MESSAGE_NUMBER.iter().find_map(|key| store.find_attr(attrs, key));
            let (Some(Value::Int(number)), Ok(point)) = (number, u16::try_from(at)) else { continue };
            let stated = MESSAGE_TYPE.iter().find_map(|key| store.find_text(attrs, key));
            let Some(is_sent) = way(stated.unwrap_or_default(), store.text(store.events.name[event])) else { continue };
            // A message may be noted again once it is compressed or unpacked.
            if found.iter().any(|other| other.is_sent == is_sent && other.number == number) {
                continue;
            }
            let key = EventKey { span, point: Point::Event(point) };
            found.push(Numbered { number, is_sent, key, time_ns: store.events.time_ns[event] });
        }
        for is_sent in [true, false] {
            let base = found.iter().filter(|own| own.is_sent == is_sent).map(|own| own.number).min();
            match base {
                Some(base @ 0..=1) => {
                    for own in found.iter_mut().filter(|own| own.is_sent == is_sent) {
                        own.number -= base;
                    }
                }
                _ => found.retain(|own| own.is_sent != is_sent),
            }
        }
        found
    }

    /// The pieces of a stream, in order of their totals. A first piece without a total counts as 1.
    fn chunks_of(&self, span: SpanIx) -> Vec<Chunk> {
        let store = self.stamps.store();
        let mut chunks = Vec::new();
        for (at, event) in self.events(span).1.enumerate() {
            let signs = self.signs.of_name(store.events.name[event]);
            let (Ok(number), true) = (u16::try_from(at), signs.has(Sign::CHUNK)) else { continue };
            let total = self.total(event).or_else(|| chunks.is_empty().then_some(1));
            if let Some(total) = total {
                let key = EventKey { span, point: Point::Event(number) };
                chunks.push(Chunk { key, time_ns: store.events.time_ns[event], total });
            }
        }
        chunks.sort_by_key(|chunk| (chunk.total, chunk.time_ns));
        chunks.dedup_by_key(|chunk| chunk.total);
        chunks
    }

    fn total(&self, event: usize) -> Option<i64> {
        let store = self.stamps.store();
        let first = if event == 0 { 0 } else { store.events.attr_end[event - 1] };
        let attrs = &store.events.attrs[first as usize..store.events.attr_end[event] as usize];
        CUMULATIVE.iter().find_map(|key| match store.find_attr(attrs, key)? {
            Value::Int(total) => Some(total),
            _ => None,
        })
    }
}
