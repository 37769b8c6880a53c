//! When each piece of a streamed answer came: events of its span, log records among them, or spans of single steps.

use super::calls::Call;
use super::field::Role;
use super::inherit::stage_phase;
use super::phase::Phase;
use super::resolve::{EventSign, Resolved};
use super::slice_range;
use crate::model::{SpanIx, TraceStore};

/// The streams of all model calls, end to end.
#[derive(Clone, Debug, Default)]
pub struct Streams {
    times_ns: Vec<i64>,
    /// Where those of each call end.
    ends: Vec<u32>,
    /// The usual gap of each call; the median.
    usual_ns: Vec<i64>,
}

/// The pieces of one streamed answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stream<'a> {
    /// When they came, on the call's own clock, Unix nanoseconds, sorted; never empty.
    pub times_ns: &'a [i64],
    /// The median of the gaps between them; 0 of a single piece.
    pub usual_gap_ns: i64,
    /// Events that the call's SDK dropped, the oldest ones usually.
    pub dropped: u32,
}

impl Streams {
    pub fn read(store: &TraceStore, resolved: &Resolved, role: &[Role], calls: &[Call]) -> Self {
        let mut streams = Self::default();
        let mut gaps = Vec::new();
        for call in calls {
            let times = if call.is_model { pieces(store, resolved, role, call.span) } else { Vec::new() };
            gaps.clear();
            gaps.extend(times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])));
            let middle = gaps.len() / 2;
            let usual = if gaps.is_empty() { 0 } else { *gaps.select_nth_unstable(middle).1 };
            streams.times_ns.extend(times);
            streams.ends.push(u32::try_from(streams.times_ns.len()).unwrap_or(u32::MAX));
            streams.usual_ns.push(usual);
        }
        streams.times_ns.shrink_to_fit();
        streams
    }

    /// The stream of the call at `at`, if it is one of which any piece is known.
    pub fn of_call(&self, at: usize, dropped: u32) -> Option<Stream<'_>> {
        let times_ns = self.times_ns.get(slice_range(&self.ends, at)).filter(|times| !times.is_empty())?;
        Some(Stream { times_ns, usual_gap_ns: self.usual_ns[at], dropped })
    }

    pub fn heap_bytes(&self) -> usize {
        (self.times_ns.capacity() + self.usual_ns.capacity()) * size_of::<i64>()
            + self.ends.capacity() * size_of::<u32>()
    }
}

/// When each piece of the answer of `span` came, sorted.
pub fn pieces(store: &TraceStore, resolved: &Resolved, role: &[Role], span: SpanIx) -> Vec<i64> {
    let events = &store.events;
    let is_piece = |event: &usize| is_piece(resolved, events.name[*event]);
    let mut times: Vec<i64> =
        super::event_range(store, span).filter(is_piece).map(|event| events.time_ns[event]).collect();
    if times.is_empty() {
        times = steps(store, resolved, role, span);
    }
    times.sort_unstable();
    times
}

/// True when an event of this name is a piece of a stream.
pub fn is_piece(resolved: &Resolved, name: crate::model::Sym) -> bool {
    matches!(resolved.of_event(name), Some(EventSign::First | EventSign::Chunk))
}

/// Servers that record each step of decoding as a span: a piece is there when its step ends. One or two such spans are
/// a phase, and no stream.
fn steps(store: &TraceStore, resolved: &Resolved, role: &[Role], span: SpanIx) -> Vec<i64> {
    let view = store.span(span);
    let is_step = |child: &SpanIx| {
        role[child.at()] == Role::Stage
            && store.span(*child).resource_ix() == view.resource_ix()
            && stage_phase(store, resolved, *child) == Phase::Decode
    };
    let steps: Vec<i64> =
        view.children().iter().filter(|child| is_step(child)).map(|&child| store.span(child).drawn_ns().1).collect();
    if steps.len() < 3 { Vec::new() } else { steps }
}
