//! Pieces of streamed answers as ticks under the bars of model calls, where a stream stood still, and a diamond where
//! the first piece came. All on the call's own clock: the ticks move with their bar.

use emath::{Pos2, Rect, vec2};

use super::build::Frame;
use super::frame::{Sample, Scene, SceneBar};
use super::input::SceneInput;
use super::shape::{BarRect, Shape, Stroke};
use super::theme::{Theme, ThemeKind, dimmed};
use super::work::phase_colors;
use crate::analysis::genai::Phase;
use crate::model::{SpanFlags, SpanIx};

/// One piece of an answer, or several that share a few points.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TokenTick {
    /// Where.
    pub rect: Rect,
    /// The model call.
    pub span: SpanIx,
    /// The number of the first one, from 0.
    pub first: u32,
    /// Pieces behind it.
    pub count: u32,
    /// Its call is not what a search found.
    pub is_dim: bool,
}

/// A gap in a stream that is much longer than usual.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct StallMark {
    /// Where, between two ticks.
    pub rect: Rect,
    /// How long it is.
    pub gap_ns: i64,
    /// Its call is not what a search found.
    pub is_dim: bool,
}

/// When the first piece came.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct FirstToken {
    /// Its middle.
    pub center: Pos2,
    /// The model call.
    pub span: SpanIx,
    /// The time was not stated as such.
    pub is_inferred: bool,
    /// Its call is not what a search found.
    pub is_dim: bool,
}

/// All of it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TokenMarks {
    /// Ticks, by bar, then time.
    pub ticks: Vec<TokenTick>,
    /// Streams that stood still.
    pub stalls: Vec<StallMark>,
    /// First pieces.
    pub firsts: Vec<FirstToken>,
}

/// Narrower bars have no ticks.
const LEAST_BAR: f32 = 16.0;
/// Ticks nearer to each other are one.
const STEP: f32 = 2.0;
/// Height of the ticks in points of normal text, between the bar and the next row.
const HEIGHT: f32 = 4.0;
/// Half the diagonal of the diamond, in points of normal text.
const DIAMOND: f32 = 4.5;

/// Height of a legend sample in points of normal text.
const SAMPLE_HEIGHT: f32 = 10.0;

/// Adds the marks of `bar`, whose span begins at `start_ns` of the axis. At most one tick for every few points that are
/// seen, found by a search from tick to tick.
pub(super) fn add(frame: &Frame<'_>, scene: &mut Scene, bar: &SceneBar, start_ns: i64) {
    let Some(work) = frame.input.work.filter(|_| bar.count == 1 && bar.rect.width() >= LEAST_BAR) else { return };
    let span = frame.input.store.span(bar.span);
    let Some(call) = work.genai.call_of(bar.span).filter(|_| !bar.flags.has(SpanFlags::START_MISSING)) else { return };
    let raw_start = span.drawn_ns().0;
    let shift = start_ns.saturating_sub(raw_start);
    let (canvas, scale) = (scene.areas.canvas, scene.metrics.scale);
    let diamond = DIAMOND * scale;
    if let Some(ttft) = call.ttft {
        let x = scene.scale.screen_from_time(start_ns.saturating_add(ttft.ns));
        if x >= canvas.left() - diamond && x <= canvas.right() + diamond && x <= bar.rect.right() + 1.0 {
            let is_inferred = ttft.confidence != crate::analysis::genai::Confidence::Stated;
            let center = Pos2::new(x, bar.rect.bottom());
            scene.tokens.firsts.push(FirstToken { center, span: bar.span, is_inferred, is_dim: bar.is_dim });
        }
    }
    let Some(stream) = work.genai.stream(frame.input.store, bar.span) else { return };
    let times = stream.times_ns;
    let x = |at: i64| scene.scale.screen_from_time(at.saturating_add(shift));
    let time = |x: f32| scene.scale.time_from_screen(x).saturating_sub(shift);
    let first = times.partition_point(|&at| at < time(canvas.left()));
    let last = times.partition_point(|&at| at <= time(canvas.right()));
    let top = bar.rect.bottom() + 1.0;
    let mut next = first;
    let (mut ticks, mut stalls) = (Vec::new(), Vec::new());
    while next < last {
        let left = x(times[next]);
        let after = times[next..last].partition_point(|&at| at < time(left + STEP)).max(1) + next;
        let width = if after - next == 1 { (1.2 * scale).min(STEP) } else { STEP };
        let rect = Rect::from_min_size(Pos2::new(left - 0.6, top), vec2(width, HEIGHT * scale));
        let count = (after - next) as u32;
        ticks.push(TokenTick { rect, span: bar.span, first: next as u32, count, is_dim: bar.is_dim });
        next = after;
    }
    // A gap is between two ticks, or reaches out of the canvas.
    let ends = ticks.iter().map(|tick| tick.first as usize).chain((last < times.len()).then_some(last));
    for end in ends.filter(|&end| end > 0) {
        let gap_ns = times[end].saturating_sub(times[end - 1]);
        if work.is_stall(&stream, gap_ns) {
            let edge = |at: usize| x(times[at]).clamp(canvas.left(), canvas.right());
            let (left, right) = (edge(end - 1) + 2.0, edge(end) - 1.5);
            let rect = Rect::from_min_max(Pos2::new(left, top), Pos2::new(right.max(left + 1.0), top + HEIGHT * scale));
            stalls.push(StallMark { rect, gap_ns, is_dim: bar.is_dim });
        }
    }
    scene.tokens.ticks.append(&mut ticks);
    scene.tokens.stalls.append(&mut stalls);
}

fn tick_color(theme: ThemeKind) -> ecolor::Color32 {
    phase_colors(Phase::Decode, theme).fill
}

/// The marks as shapes: ticks and stalls as rectangles, diamonds above the bars. They are dimmed with their bars.
pub(super) fn lower(scene: &Scene, bars: &mut Vec<BarRect>, odd: &mut Vec<Shape>) {
    let theme = scene.theme.theme();
    let tone = |color, is_dim| if is_dim { dimmed(color, theme) } else { color };
    let fill = tick_color(scene.theme);
    let tick = |tick: &TokenTick| BarRect { rect: tick.rect, fill: tone(fill, tick.is_dim), radius: 0.0 };
    bars.extend(scene.tokens.ticks.iter().map(tick));
    for stall in &scene.tokens.stalls {
        let middle = stall.rect.center().y;
        let line =
            Rect::from_x_y_ranges(stall.rect.x_range(), middle - scene.metrics.scale..=middle + scene.metrics.scale);
        bars.push(BarRect { rect: line, fill: tone(theme.warning, stall.is_dim), radius: 0.0 });
    }
    for first in &scene.tokens.firsts {
        let mut shape = diamond(first.center, first.is_inferred, (theme, scene.metrics.scale));
        if let Shape::Path { fill, stroke, .. } = &mut shape {
            (*fill, stroke.color) = (tone(*fill, first.is_dim), tone(stroke.color, first.is_dim));
        }
        odd.push(shape);
    }
}

/// Filled where the first piece is stated, hollow where it is concluded.
pub(super) fn diamond(center: Pos2, is_inferred: bool, (theme, scale): (&Theme, f32)) -> Shape {
    let half = DIAMOND * scale;
    let points = [vec2(0.0, -half), vec2(half, 0.0), vec2(0.0, half), vec2(-half, 0.0)];
    let (fill, line) = if is_inferred { (theme.canvas, theme.text) } else { (theme.text, theme.canvas) };
    let points = points.map(|corner| center + corner).to_vec();
    Shape::Path { points, closed: true, fill, stroke: Stroke::solid(1.2, line) }
}

/// The tick at `pos`.
#[must_use]
pub fn tick_at(scene: &Scene, pos: Pos2) -> Option<&TokenTick> {
    let reach = vec2(2.5, 1.0);
    let near = scene.tokens.ticks.iter().filter(|tick| tick.rect.expand2(reach).contains(pos));
    near.min_by(|a, b| (a.rect.center().x - pos.x).abs().total_cmp(&(b.rect.center().x - pos.x).abs()))
}

/// What the marks mean, where there are any.
pub(super) fn legend(input: &SceneInput<'_>, theme: ThemeKind) -> Vec<(Sample, String)> {
    let Some(work) = input.work else { return Vec::new() };
    let calls = || work.genai.calls().iter();
    let mut entries = Vec::new();
    if calls().any(|call| call.ttft.is_some()) {
        entries.push((Sample::FirstToken, "first token, on the call's own clock".to_owned()));
    }
    if calls().any(|call| work.genai.stream(input.store, call.span).is_some()) {
        entries.push((Sample::Ticks(tick_color(theme)), "pieces of a streamed answer".to_owned()));
    }
    entries
}

/// The sample of a legend entry.
pub(super) fn legend_sample(sample: Sample, rect: Rect, theme: &Theme) -> Vec<Shape> {
    match sample {
        Sample::FirstToken => vec![diamond(rect.center(), false, (theme, rect.height() / SAMPLE_HEIGHT))],
        Sample::Ticks(fill) => {
            let scale = rect.height() / SAMPLE_HEIGHT;
            let tick = |at: u8| {
                let left = rect.left() + f32::from(at) * 3.0 * scale;
                let rect = Rect::from_min_size(
                    Pos2::new(left, rect.center().y - HEIGHT * scale / 2.0),
                    vec2(1.2 * scale, HEIGHT * scale),
                );
                BarRect { rect, fill, radius: 0.0 }
            };
            vec![Shape::Bars((0..5).map(tick).collect())]
        }
        _ => Vec::new(),
    }
}
