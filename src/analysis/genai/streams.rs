//! When each piece of a streamed answer came: events of its span, log records among them, or spans of single steps.

use serde_json::Value as Json;

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

/// What a piece of a streamed answer is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PieceKind {
    Reasoning,
    Visible,
}

/// What the time of a streamed answer was spent on, by pieces that say what they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ThinkingTime {
    /// Nanoseconds from pieces of reasoning to the pieces after them.
    pub reasoning_ns: i64,
    /// Nanoseconds from the first piece to the last one.
    pub stream_ns: i64,
}

/// The time that the stream of `span` was reasoning, where its pieces say what they are. A piece lasts until the next
/// one comes, so that thinking between words counts as well. `None` where no reasoning is seen, or where events were
/// dropped: those are the oldest ones, which are reasoning.
pub fn thinking(store: &TraceStore, resolved: &Resolved, span: SpanIx) -> Option<ThinkingTime> {
    let events = &store.events;
    if store.span(span).rare().is_some_and(|rare| rare.dropped[1] > 0) {
        return None;
    }
    let kind = |event: usize| {
        let first = if event == 0 { 0 } else { events.attr_end[event - 1] };
        let attrs = &events.attrs[first as usize..events.attr_end[event] as usize];
        let mut texts = attrs.iter().filter_map(|id| store.attrs().get(*id).value.sym());
        texts.find_map(|text| piece_kind(store.text(text)))
    };
    let of_stream = super::event_range(store, span).filter(|event| is_piece(resolved, events.name[*event]));
    let mut pieces: Vec<(i64, Option<PieceKind>)> =
        of_stream.map(|event| (events.time_ns[event], kind(event))).collect();
    pieces.sort_by_key(|(time_ns, _)| *time_ns);
    let ns = |pair: &[(i64, Option<PieceKind>)]| match pair[0].1 {
        Some(PieceKind::Reasoning) => pair[1].0.saturating_sub(pair[0].0),
        _ => 0,
    };
    let reasoning_ns = pieces.windows(2).map(ns).fold(0_i64, i64::saturating_add);
    let stream_ns = pieces.last()?.0.saturating_sub(pieces.first()?.0);
    (reasoning_ns > 0).then_some(ThinkingTime { reasoning_ns, stream_ns })
}

/// What a piece says that it is: a type, or the field of the delta that is filled.
fn piece_kind(text: &str) -> Option<PieceKind> {
    const DEPTH: usize = 6;
    if !text.starts_with(['{', '[']) {
        return match text {
            "reasoning" | "thinking" => Some(PieceKind::Reasoning),
            "text" | "output_text" => Some(PieceKind::Visible),
            _ => None,
        };
    }
    kind_of_json(&serde_json::from_str(text).ok()?, DEPTH)
}

fn kind_of_json(json: &Json, depth: usize) -> Option<PieceKind> {
    let left = depth.checked_sub(1)?;
    match json {
        Json::Array(items) => items.iter().find_map(|item| kind_of_json(item, left)),
        Json::Object(fields) => {
            let text = |key: &str| fields.get(key).and_then(Json::as_str).filter(|text| !text.is_empty());
            let is_reasoning =
                ["reasoning_content", "reasoning", "thinking"].into_iter().any(|key| text(key).is_some());
            let kind = text("type").unwrap_or_default();
            if is_reasoning || kind.contains("reasoning") || kind.contains("thinking") {
                return Some(PieceKind::Reasoning);
            }
            let is_text = kind.contains("text") || (text("content").is_some() && kind.is_empty());
            is_text.then_some(PieceKind::Visible).or_else(|| fields.values().find_map(|json| kind_of_json(json, left)))
        }
        _ => None,
    }
}

/// How far below a model call its steps may be: below a thread, and in the stage of decoding as a whole.
const STEP_DEPTH: usize = 3;

/// Servers that record each step of decoding as a span: a piece is there when its step ends. One or two such spans are
/// a phase, and no stream.
fn steps(store: &TraceStore, resolved: &Resolved, role: &[Role], span: SpanIx) -> Vec<i64> {
    let clock = store.span(span).resource_ix();
    let is_step = |child: &SpanIx| {
        role[child.at()] == Role::Stage
            && store.span(*child).resource_ix() == clock
            && stage_phase(store, resolved, *child) == Phase::Decode
    };
    let mut level = vec![span];
    for _ in 0..STEP_DEPTH {
        let below: Vec<SpanIx> = level.iter().flat_map(|up| store.span(*up).children()).copied().collect();
        let steps: Vec<SpanIx> = below.iter().copied().filter(is_step).collect();
        if steps.len() > 2 {
            return steps.into_iter().map(|step| store.span(step).drawn_ns().1).collect();
        }
        level = below.into_iter().filter(|child| matches!(role[child.at()], Role::None | Role::Stage)).collect();
    }
    Vec::new()
}
