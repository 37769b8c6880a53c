//! The strip of turns below the ruler, and the marks of stretches that are drawn shorter than they are.

use std::sync::Arc;

use emath::{Pos2, Rect, vec2};

use super::build::{Frame, count_text};
use super::frame::Scene;
use super::geometry::Metrics;
use super::shape::{Anchor, Shape, Stroke, TextShape};
use super::text::{self, Font};
use super::theme::{Theme, faded};
use super::time_scale::TimeScale;
use super::view_state::ViewState;
use crate::analysis::genai::TurnIx;
use crate::arrange::{Course, TurnRun};
use crate::model::grouped;
use crate::model::time::duration_text;

/// A band of the strip: a turn, or several that share a few points.
#[derive(Clone, PartialEq, Debug)]
pub struct TurnBand {
    /// Where, cut at the canvas.
    pub rect: Rect,
    /// The turn, or the first one behind it: its position in [`Course::turns`].
    pub at: u32,
    /// Turns behind it.
    pub count: u32,
    /// Number, question and length, as far as there is room.
    pub text: Arc<str>,
    /// It is the turn that was gone to.
    pub is_current: bool,
    /// A span in it failed.
    pub has_failed: bool,
}

/// A stretch in which nothing happens, in the strip.
#[derive(Clone, PartialEq, Debug)]
pub struct IdleMark {
    /// Where.
    pub rect: Rect,
    /// `idle 42 s`.
    pub text: Arc<str>,
}

/// A stretch that is drawn shorter than it is.
#[derive(Clone, PartialEq, Debug)]
pub struct BreakMark {
    /// Left and right edge.
    pub x: [f32; 2],
    /// How long it really is: `42 s`.
    pub length: Arc<str>,
    /// The same on the ruler, `42 s idle`; empty where there is no room to say it.
    pub text: Arc<str>,
    /// Where the text begins.
    pub text_left: f32,
}

impl BreakMark {
    /// From where to where its text goes, if it has one.
    #[must_use]
    pub fn text_range(&self) -> Option<[f32; 2]> {
        Some([self.text_left, f32::midpoint(self.x[0], self.x[1]) * 2.0 - self.text_left])
            .filter(|_| !self.text.is_empty())
    }
}

/// All of it.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct TurnMarks {
    /// Turns in view, line by line from the left.
    pub bands: Vec<TurnBand>,
    /// Idle stretches in view that are wide enough to be named.
    pub idle: Vec<IdleMark>,
    /// Shortened stretches in view.
    pub breaks: Vec<BreakMark>,
}

/// Turns that begin within so many points share a band.
const LEAST_BAND: f32 = 3.0;
/// Bands per frame and line, at most.
const MOST_BANDS: usize = 4096;

/// Height of the strip; none without turns.
#[must_use]
pub fn strip_height(view: &ViewState, metrics: &Metrics) -> f32 {
    view.course.lines.len() as f32 * line_height(metrics)
}

fn line_height(metrics: &Metrics) -> f32 {
    (20.0 * metrics.scale).round()
}

/// Marks of shortened stretches, before there are tick labels: those make room for them.
pub(super) fn breaks(view: &ViewState, scene: &Scene) -> Vec<BreakMark> {
    let (canvas, size) = (scene.areas.canvas, scene.metrics.small);
    let mut free_from = canvas.left();
    let cuts = scene.scale.axis().cuts_between(view.time.from_ns, view.time.to_ns);
    let mark = |cut: &crate::arrange::Cut| {
        let x = [cut.from_ns, cut.to_ns]
            .map(|at| scene.scale.screen_from_time(at).clamp(canvas.left() - 2.0, canvas.right() + 2.0));
        let length: Arc<str> = duration_text(cut.length_ns()).into();
        let text = format!("{length} idle");
        let width = text::width(&text, Font::Regular, size);
        let left = f32::midpoint(x[0], x[1]) - width / 2.0;
        let has_room = left >= free_from && left + width <= canvas.right();
        if has_room {
            free_from = left + width + 8.0;
        }
        BreakMark { x, length, text: if has_room { text.into() } else { Arc::from("") }, text_left: left }
    };
    cuts.iter().map(mark).collect()
}

/// Adds bands and idle stretches.
pub(super) fn add(frame: &Frame<'_>, scene: &mut Scene) {
    let course = &frame.view.course;
    let strip = scene.areas.turns;
    let height = line_height(&scene.metrics);
    for (at, line) in course.lines.iter().enumerate() {
        let top = strip.top() + at as f32 * height + 1.0;
        let space = Rect::from_min_max(Pos2::new(strip.left(), top), Pos2::new(strip.right(), top + height - 2.0));
        add_line(frame, scene, line, space);
    }
    if !course.lines.is_empty() {
        add_idle(frame, scene, course);
    }
}

/// One band per turn; turns that share a few points share one. A search from band to band, so that the cost follows
/// the points and not the turns.
fn add_line(frame: &Frame<'_>, scene: &mut Scene, line: &[TurnRun], space: Rect) {
    let (time, scale) = (frame.view.time, scene.scale.clone());
    let wanted = frame.view.turn;
    let current = wanted.and_then(|wanted| frame.view.course.position(wanted)).map(|at| at as u32);
    let mut next = line.partition_point(|run| run.to_ns < time.from_ns);
    let mut bands = 0;
    while let Some(first) = line.get(next).filter(|run| run.from_ns <= time.to_ns && bands < MOST_BANDS) {
        let shared_ns = scale.time_from_screen(scale.screen_from_time(first.from_ns) + LEAST_BAND);
        let after = next + 1 + line[next + 1..].partition_point(|run| run.from_ns < shared_ns);
        let last = &line[after - 1];
        let count = last.before + last.count - first.before;
        let failed = last.failed_before + last.failed - first.failed_before;
        let current = current.is_some_and(|current| (first.first..=last.first).contains(&current));
        let x = |at| scale.screen_from_time(at).clamp(space.left(), space.right());
        let (left, right) = (x(first.from_ns), x(last.to_ns));
        let rect = Rect::from_min_max(
            Pos2::new(left, space.top()),
            Pos2::new((right - 1.0).max(left + 2.0).min(space.right().max(left + 1.0)), space.bottom()),
        );
        let text = band_text(frame, scene, rect, first.first, count);
        let (at, has_failed) = (first.first, failed > 0);
        scene.turns.bands.push(TurnBand { rect, at, count, text, is_current: current, has_failed });
        bands += 1;
        next = after;
    }
}

/// Which turn it is and how long it takes, as much of it as there is room for; of several, how many.
fn band_text(frame: &Frame<'_>, scene: &Scene, rect: Rect, at: u32, count: u32) -> Arc<str> {
    let (size, turn) = (scene.metrics.small, frame.view.course.turns.get(at as usize));
    let (question, plain) = match turn {
        Some(turn) if count == 1 => {
            let number = frame.input.work.and_then(|work| number_of(&work.genai, turn.turn)).unwrap_or_default();
            // What was said is folded, and stays out of pictures that leave the window.
            let may_say = frame.view.with_contents && frame.input.caption.is_none();
            let question = turn.question.as_ref().filter(|_| may_say);
            let question = question.map(|question| format!("turn {number} · {} · “{question}”", turn.length));
            let plain = [
                format!("turn {number} · {}", turn.length),
                format!("{number} · {}", turn.length),
                format!("turn {number}"),
                number.to_owned(),
            ];
            (question, plain.to_vec())
        }
        _ => (None, vec![count_text(u64::from(count), "turn"), grouped(u64::from(count))]),
    };
    let room = rect.width() - 10.0 * scene.metrics.scale;
    let fits = |text: &&String| text::width(text, Font::Regular, size) <= room;
    // What was asked may be cut; half an interval would be another one.
    if let Some(question) = question.filter(|_| plain.first().as_ref().is_some_and(fits)) {
        return Arc::from(&*text::crop(&question, Font::Regular, size, room));
    }
    plain.iter().find(fits).map_or_else(|| Arc::from(""), |text| Arc::from(text.as_str()))
}

fn number_of(genai: &crate::analysis::genai::GenAi, turn: TurnIx) -> Option<&str> {
    genai.turns().get(turn.at()).map(|turn| turn.number.as_str())
}

fn add_idle(frame: &Frame<'_>, scene: &mut Scene, course: &Course) {
    let (time, size, strip) = (frame.view.time, scene.metrics.small, scene.areas.turns);
    let first = course.idle.partition_point(|(_, to)| *to <= time.from_ns);
    let visible = course.idle[first..].iter().take_while(|(from, _)| *from < time.to_ns);
    let mut marks = Vec::new();
    for &(from, to) in visible {
        let is_shortened = !scene.scale.axis().cuts_between(from, to).is_empty();
        let x = |at| scene.scale.screen_from_time(at).clamp(strip.left(), strip.right());
        let rect = Rect::from_x_y_ranges(x(from)..=x(to), strip.y_range());
        let text = format!("idle {}", duration_text(to.saturating_sub(from)));
        // A shortened one says it on the ruler.
        if !is_shortened && text::width(&text, Font::Regular, size) + 8.0 <= rect.width() {
            marks.push(IdleMark { rect, text: text.into() });
        }
    }
    scene.turns.idle = marks;
}

/// Edges of turns and shortened stretches behind the bars.
pub(super) fn grid_shapes(scene: &Scene, shapes: &mut Vec<Shape>) {
    let (theme, canvas) = (scene.theme.theme(), scene.areas.canvas);
    let is_one = scene.turns.bands.len() < 2 && scene.turns.idle.is_empty();
    for band in scene.turns.bands.iter().filter(|band| !is_one && band.rect.width() >= 6.0) {
        let stroke = Stroke::solid(1.0, faded(theme.accent, 0.45));
        for x in [band.rect.left(), band.rect.right()] {
            if x > canvas.left() + 0.5 && x < canvas.right() - 0.5 {
                let x = x.round() - 0.5;
                let (from, to) = (Pos2::new(x, canvas.top()), Pos2::new(x, canvas.bottom()));
                shapes.push(Shape::Line { from, to, stroke });
            }
        }
        let rect = Rect::from_x_y_ranges(band.rect.x_range(), canvas.y_range());
        shapes.push(Shape::Rect { rect, radius: 0.0, fill: faded(theme.range, 0.22), stroke: Stroke::NONE });
    }
    for mark in &scene.turns.breaks {
        let rect = Rect::from_x_y_ranges(mark.x[0]..=mark.x[1].max(mark.x[0] + 1.0), canvas.y_range());
        shapes.push(Shape::Rect { rect, radius: 0.0, fill: theme.panel, stroke: Stroke::NONE });
    }
}

/// Zig-zag lines through the canvas and the ruler where the axis is broken: over the bars, so that nothing looks
/// unbroken.
pub(super) fn break_shapes(scene: &Scene, area: Rect, shapes: &mut Vec<Shape>) {
    const STEP: f32 = 7.0;
    /// More could not be told apart, and cost a point every few points.
    const MOST_ZIGZAGS: usize = 60;
    let theme = scene.theme.theme();
    let stroke = Stroke::solid(1.2, theme.warning);
    for mark in scene.turns.breaks.iter().take(MOST_ZIGZAGS) {
        let middle = f32::midpoint(mark.x[0], mark.x[1]);
        let steps = (area.height() / STEP).ceil().clamp(1.0, 400.0) as usize;
        let swing = ((mark.x[1] - mark.x[0]) * 0.2).clamp(1.5, 3.0);
        for offset in [-2.5, 2.5] {
            let point = |step: usize| {
                let side = if step.is_multiple_of(2) { -swing } else { swing };
                Pos2::new(middle + offset + side, (area.top() + step as f32 * STEP).min(area.bottom()))
            };
            let points = (0..=steps).map(point).collect();
            let fill = ecolor::Color32::TRANSPARENT;
            shapes.push(Shape::Path { points, closed: false, fill, stroke });
        }
    }
}

/// The texts of breaks, on the ruler.
pub(super) fn break_texts(scene: &Scene, shapes: &mut Vec<Shape>) {
    let (theme, ruler, size) = (scene.theme.theme(), scene.areas.ruler, scene.metrics.small);
    for mark in scene.turns.breaks.iter().filter(|mark| !mark.text.is_empty()) {
        let width = text::width(&mark.text, Font::Regular, size);
        let baseline = (ruler.bottom() - 10.0 * scene.metrics.scale).round();
        let min = Pos2::new(mark.text_left - 3.0, baseline - size);
        let ground = Rect::from_min_size(min, vec2(width + 6.0, size * 1.4));
        shapes.push(Shape::Rect { rect: ground, radius: 3.0, fill: theme.canvas, stroke: Stroke::NONE });
        shapes.push(line(mark.text_left, baseline, size, theme.warning, &mark.text));
    }
}

fn line(x: f32, baseline: f32, size: f32, color: ecolor::Color32, text: &Arc<str>) -> Shape {
    let (pos, text) = (Pos2::new(x, baseline), Arc::clone(text));
    Shape::Text(TextShape { pos, anchor: Anchor::Start, font: Font::Regular, size, color, text })
}

/// The strip itself.
pub(super) fn strip_shapes(scene: &Scene, shapes: &mut Vec<Shape>) {
    let (theme, strip, metrics) = (scene.theme.theme(), scene.areas.turns, &scene.metrics);
    if strip.height() <= 0.0 {
        return;
    }
    let y = strip.bottom().round() - 0.5;
    let (from, to) = (Pos2::new(strip.left(), y), Pos2::new(strip.right(), y));
    shapes.push(Shape::Line { from, to, stroke: Stroke::solid(1.0, theme.line) });
    for mark in &scene.turns.idle {
        let baseline = text::baseline_for_middle(mark.rect.center().y, Font::Regular, metrics.small);
        let left = mark.rect.center().x - text::width(&mark.text, Font::Regular, metrics.small) / 2.0;
        shapes.push(line(left, baseline, metrics.small, theme.text_faint, &mark.text));
    }
    for band in &scene.turns.bands {
        band_shapes(band, theme, metrics, shapes);
    }
}

fn band_shapes(band: &TurnBand, theme: &Theme, metrics: &Metrics, shapes: &mut Vec<Shape>) {
    let (fill, line_color, color) = match band.is_current {
        true => (theme.accent, theme.accent, theme.on_accent),
        false => (theme.control, theme.control_line, theme.text),
    };
    let rect = band.rect;
    let radius = if rect.width() >= 8.0 { 3.0 } else { 0.0 };
    shapes.push(Shape::Rect { rect, radius, fill, stroke: Stroke::solid(1.0, line_color) });
    if band.count > 1 {
        // Stacked sheets, as bars that stand for several spans.
        let slot = Rect::from_center_size(rect.center(), vec2(rect.width(), 1.0));
        shapes.push(Shape::Rect { rect: slot, radius: 0.0, fill: theme.canvas, stroke: Stroke::NONE });
    }
    if band.has_failed {
        let foot = Rect::from_min_max(Pos2::new(rect.left(), rect.bottom() - 2.0), rect.max);
        shapes.push(Shape::Rect { rect: foot, radius: 0.0, fill: theme.error, stroke: Stroke::NONE });
    }
    if !band.text.is_empty() {
        let baseline = text::baseline_for_middle(rect.center().y, Font::Regular, metrics.small);
        shapes.push(line(rect.left() + 5.0 * metrics.scale, baseline, metrics.small, color, &band.text));
    }
}

/// The band at `pos`.
#[must_use]
pub fn band_at(scene: &Scene, pos: Pos2) -> Option<&TurnBand> {
    scene.turns.bands.iter().find(|band| band.rect.expand2(vec2(1.0, 1.0)).contains(pos))
}

/// The stretch drawn shorter at `time_ns`: its real length in nanoseconds.
#[must_use]
pub fn break_at(scale: &TimeScale, time_ns: i64) -> Option<i64> {
    scale.axis().cuts_between(time_ns, time_ns.saturating_add(1)).first().map(crate::arrange::Cut::length_ns)
}
