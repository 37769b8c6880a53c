//! When the pieces of a streamed answer came: gaps, stalls, the first token, the rate.

use super::finite;
use super::series::{Series, Thinned, Window};
use crate::analysis::findings::Config;
use crate::analysis::genai::{GenAi, Tokens, Ttft};
use crate::app::workspace::Workspace;
use crate::arrange::Arranged;
use crate::model::time::MS;
use crate::model::{SpanIx, TraceStore};
use crate::scene::TimeRange;

/// When the pieces of an answer came.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Pieces {
    /// On the clock of the call, Unix nanoseconds, sorted.
    pub times_ns: Vec<i64>,
    /// The usual gap between them; 0 of a single piece.
    pub usual_gap_ns: i64,
    /// Events of the call that its SDK dropped.
    pub dropped: u32,
}

impl Pieces {
    fn of(store: &TraceStore, genai: &GenAi, span: SpanIx) -> Self {
        let Some(stream) = genai.stream(store, span) else {
            let dropped = store.span(span).rare().map_or(0, |rare| rare.dropped[1]);
            return Self { dropped, ..Self::default() };
        };
        let (times_ns, usual_gap_ns) = (stream.times_ns.to_vec(), stream.usual_gap_ns);
        Self { times_ns, usual_gap_ns, dropped: stream.dropped }
    }

    /// Number of gaps between pieces.
    #[must_use]
    pub const fn gaps(&self) -> usize {
        self.times_ns.len().saturating_sub(1)
    }

    /// The time between piece `at` and the next one, nanoseconds; 0 past the last gap.
    #[must_use]
    pub fn gap_ns(&self, at: usize) -> i64 {
        match self.times_ns.get(at..).unwrap_or_default() {
            [from, to, ..] => to.saturating_sub(*from),
            _ => 0,
        }
    }

    /// The usual gap; `None` with fewer than two pieces.
    #[must_use]
    pub fn usual_ns(&self) -> Option<i64> {
        (self.gaps() > 0).then_some(self.usual_gap_ns)
    }

    /// Pieces per second from the first to the last; `None` when no time passed.
    #[must_use]
    pub fn per_second(&self) -> Option<f64> {
        let (first, last) = (self.times_ns.first()?, self.times_ns.last()?);
        let passed = last.saturating_sub(*first);
        (passed > 0).then(|| self.gaps() as f64 * 1e9 / passed as f64)
    }
}

/// One model call with its stream.
#[derive(Debug)]
pub struct CallCadence {
    /// The call.
    pub span: SpanIx,
    /// From its start to its end on the axis.
    pub time: TimeRange,
    /// The pieces, on the clock of the call.
    pub stream: Pieces,
    /// Gap before each piece but the first, by the time of the piece on the axis.
    pub gaps: Series,
    /// Gaps that are stalls, by position, ascending.
    pub stalls: Vec<usize>,
    /// From what gap on it is a stall, nanoseconds; `None` when that cannot be told.
    pub threshold_ns: Option<i64>,
    /// When the first piece was there, on the axis.
    pub first_ns: Option<i64>,
    /// How the call says when that was.
    pub ttft: Option<Ttft>,
    /// Where the time to the first token was read.
    pub ttft_source: Option<String>,
    /// Tokens of the call.
    pub tokens: Tokens,
}

impl CallCadence {
    /// Of the model call that `span` is, is part of, or holds; `None` without any near it.
    #[must_use]
    pub fn near(data: &Workspace, arranged: &Arranged, span: SpanIx) -> Option<Self> {
        let genai = &data.work().genai;
        call_near(&data.store, genai, span).map(|call| Self::new(&data.store, genai, arranged, call))
    }

    fn new(store: &TraceStore, genai: &GenAi, arranged: &Arranged, span: SpanIx) -> Self {
        let (from_ns, to_ns) = arranged.layout.extent_ns(span);
        let shift_ns = from_ns.saturating_sub(store.span(span).start_ns());
        let stream = Pieces::of(store, genai, span);
        let at = |at: usize| stream.times_ns.get(at).map_or(0, |ns| ns.saturating_add(shift_ns));
        let gaps = Series::new((0..stream.gaps()).map(|gap| (at(gap + 1), stream.gap_ns(gap))));
        let limits = Config::default().E5;
        let known_stream = genai.stream(store, span);
        let is_stall = |gap: &usize| known_stream.is_some_and(|known| limits.is_stall(&known, stream.gap_ns(*gap)));
        let stalls = (0..stream.gaps()).filter(is_stall).collect();
        // An endless gap is a stall unless it cannot be told what one is.
        let is_told = known_stream.is_some_and(|known| limits.is_stall(&known, i64::MAX));
        let least_ns = |usual: i64| {
            let many = (usual.max(1) as f64 * limits.times_median).ceil() as i64;
            many.max(limits.least_gap_ms.saturating_mul(MS))
        };
        let threshold_ns = stream.usual_ns().filter(|_| is_told).map(least_ns);
        let call = genai.call_of(span);
        let ttft = call.and_then(|call| call.ttft);
        let known = genai.call(store, span).map(|view| view.known).unwrap_or_default();
        let ttft_source = known
            .into_iter()
            .find(|known| known.field == crate::analysis::genai::Field::Ttft)
            .map(|known| known.source);
        let first_piece = stream.times_ns.first().map(|_| at(0));
        Self {
            span,
            time: TimeRange { from_ns, to_ns }.ordered(),
            stalls,
            threshold_ns,
            first_ns: ttft.map(|ttft| from_ns.saturating_add(ttft.ns)).or(first_piece),
            ttft,
            ttft_source,
            tokens: call.map(|call| call.tokens).unwrap_or_default(),
            gaps,
            stream,
        }
    }

    /// Tokens out per second between the first token and the end; `None` when either is not known.
    #[must_use]
    pub fn tokens_per_second(&self) -> Option<f64> {
        let passed = self.time.to_ns.saturating_sub(self.first_ns?);
        (passed > 0).then_some(f64::from(self.tokens.output?) * 1e9 / passed as f64)
    }

    /// The longest gap, nanoseconds.
    #[must_use]
    pub fn longest_ns(&self) -> Option<i64> {
        Some(self.gaps.get(self.gaps.extremes(0..self.gaps.len())?.most).1)
    }

    /// The gaps that a window shows, and from where to where the plot reaches.
    #[must_use]
    pub fn view(&self, window: &Window) -> (Thinned, (i64, i64)) {
        let time = window.time();
        let ends = self.gaps.extremes(self.gaps.within(time));
        let high = ends.map_or(1_000_000, |ends| self.gaps.get(ends.most).1);
        (self.gaps.thinned(window), finite(0, high))
    }

    /// The table that is copied: a row per piece in `time`.
    #[must_use]
    pub fn rows(&self, time: TimeRange, most: usize) -> Vec<Vec<String>> {
        let head = "piece at_ns raw_ns gap_ns stall";
        let mut rows = vec![head.split(' ').map(str::to_owned).collect::<Vec<_>>()];
        for gap in self.gaps.within(time).take(most) {
            let (at_ns, gap_ns) = self.gaps.get(gap);
            let raw_ns = self.stream.times_ns.get(gap + 1).copied().unwrap_or(0);
            let is_stall = self.stalls.binary_search(&gap).is_ok();
            let mut row: Vec<String> = [gap as i64 + 2, at_ns, raw_ns, gap_ns].map(|value| value.to_string()).into();
            row.push(if is_stall { "yes" } else { "no" }.to_owned());
            rows.push(row);
        }
        rows
    }
}

/// The call that `span` is about: itself, the nearest one above it with pieces, or the first one below it.
fn call_near(store: &TraceStore, genai: &GenAi, span: SpanIx) -> Option<SpanIx> {
    const FAR: usize = 64;
    const MANY: usize = 4_096;
    let is_call = |span: &SpanIx| genai.call_of(*span).is_some_and(|call| call.is_model);
    if is_call(&span) {
        return Some(span);
    }
    let above = std::iter::successors(store.span(span).parent(), |&span| store.span(span).parent()).take(FAR);
    if let Some(call) = above.into_iter().find(is_call) {
        return Some(call);
    }
    let mut waiting: std::collections::VecDeque<SpanIx> = store.span(span).children().iter().copied().collect();
    let mut looked_at = 0;
    while let Some(next) = waiting.pop_front() {
        if is_call(&next) {
            return Some(next);
        }
        looked_at += 1;
        if looked_at < MANY {
            waiting.extend(store.span(next).children().iter().take(MANY - waiting.len().min(MANY)));
        }
    }
    None
}

/// A model call whose pieces are recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stream {
    /// The call.
    pub span: SpanIx,
    /// Pieces.
    pub pieces: usize,
    /// The longest gap, nanoseconds.
    pub longest_ns: i64,
    /// It stood still.
    pub has_stall: bool,
}

/// All model calls whose pieces are recorded.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Streams {
    /// Those that stood still first, then by the longest gap; at most [`Streams::MOST`].
    pub list: Vec<Stream>,
    /// How many there are.
    pub count: usize,
    /// How many model calls there are, with and without pieces.
    pub calls: usize,
}

impl Streams {
    /// Calls that are listed at most.
    pub const MOST: usize = 1_000;

    /// Of a workspace. Visits every call: not for the window's own thread.
    #[must_use]
    pub fn new(data: &Workspace) -> Self {
        let genai = &data.work().genai;
        let limits = Config::default().E5;
        let calls = || genai.calls().iter().filter(|call| call.is_model);
        let stream = |span: SpanIx| {
            let stream = genai.stream(&data.store, span)?;
            let gaps = stream.times_ns.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
            let longest_ns = gaps.max()?;
            let has_stall = limits.is_stall(&stream, longest_ns);
            Some(Stream { span, pieces: stream.times_ns.len(), longest_ns, has_stall })
        };
        let mut list: Vec<Stream> = calls().filter_map(|call| stream(call.span)).collect();
        let count = list.len();
        list.sort_by_key(|stream| (!stream.has_stall, std::cmp::Reverse(stream.longest_ns), stream.span));
        list.truncate(Self::MOST);
        Self { list, count, calls: calls().count() }
    }
}
