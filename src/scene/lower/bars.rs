//! Bars, and what is on them, as shapes.

use ecolor::Color32;
use emath::{Pos2, Rect};

use super::super::build::{OPEN_TAIL, count_text};
use super::super::frame::{Dense, LaneProfile, Scene, SceneBar};
use super::super::shape::{Area, BarRect, Layer, Shape, Stroke, TextShape};
use super::super::text::{self, Font};
use super::super::theme::{Theme, dimmed, faded, mix};
use super::super::{clocks, critical, phases, sections, tokens, turns};
use crate::model::SpanFlags;

/// Bars and what is on them, in the part `area` of the canvas.
pub(super) fn layer(scene: &Scene, area: Rect) -> Layer {
    let theme = scene.theme.theme();
    let mut bars = Vec::new();
    let mut marks = BarMarks::default();
    for profile in &scene.profiles {
        profile_columns(profile, theme, &mut bars, &mut marks.single);
    }
    for bar in &scene.bars {
        push_joined(&mut bars, BarRect { rect: bar.rect, fill: bar.fill, radius: radius(bar.rect) });
        marks.add(bar, theme);
    }
    for &[x, top, bottom] in &scene.events {
        let rect = Rect::from_min_max(Pos2::new(x - 0.5, top), Pos2::new(x + 0.5, bottom));
        marks.single.push(BarRect { rect, fill: theme.bar_mark, radius: 0.0 });
    }
    phases::lower(scene, &mut bars, &mut marks.odd);
    tokens::lower(scene, &mut bars, &mut marks.odd);
    bars.extend_from_slice(&scene.folding);
    let mut shapes = vec![Shape::Bars(bars)];
    shapes.extend(marks.into_shapes());
    for ghost in &scene.ghosts {
        shapes.push(Shape::Rect {
            rect: ghost.rect.shrink(0.5),
            radius: 3.0,
            fill: Color32::TRANSPARENT,
            stroke: Stroke::dashed(1.0, theme.text_faint, 4.0, 3.0),
        });
    }
    critical::lower(scene, &mut shapes);
    sections::lower(scene, &mut shapes);
    // Names that reach over a break stay readable: what they lie on parts for them.
    turns::break_shapes(scene, area, &mut shapes);
    clocks::reaches(scene, &mut shapes);
    shapes.extend(scene.labels.iter().cloned().map(Shape::Text));
    clocks::whisker_shapes(scene, &mut shapes);
    for dense in &scene.dense {
        dense_label(scene, dense, &mut shapes);
    }
    Layer { area: Area::Bars, clip: area, shapes }
}

/// Columns that grow from the foot of the strip; a failure marks its column at every height.
fn profile_columns(profile: &LaneProfile, theme: &Theme, bars: &mut Vec<BarRect>, marks: &mut Vec<BarRect>) {
    let rect = profile.rect;
    let room = rect.height() * 0.62;
    for column in &profile.columns {
        let right = (column.x + profile.column_width).min(rect.right());
        let top = rect.bottom() - (room * column.height).max(2.0);
        let whole = Rect::from_min_max(Pos2::new(column.x, top), Pos2::new(right, rect.bottom()));
        let fill = if column.is_dim { dimmed(profile.fill, theme) } else { profile.fill };
        bars.push(BarRect { rect: whole, fill, radius: 0.0 });
        if column.has_error {
            let foot = Rect::from_min_max(Pos2::new(column.x, rect.bottom() - 4.0), Pos2::new(right, rect.bottom()));
            marks.push(BarRect { rect: foot, fill: theme.error, radius: 0.0 });
        }
        if column.has_hit {
            let head = Rect::from_min_max(Pos2::new(column.x, top - 3.0), Pos2::new(right, top));
            marks.push(BarRect { rect: head, fill: theme.hit, radius: 0.0 });
        }
        if let Some((_, tone)) = column.finding {
            // Above the mark of a failure, so that neither hides the other.
            let line =
                Rect::from_min_max(Pos2::new(column.x, rect.bottom() - 8.0), Pos2::new(right, rect.bottom() - 5.0));
            marks.push(BarRect { rect: line, fill: clocks::tone_color(tone, theme), radius: 0.0 });
        }
    }
}

fn radius(rect: Rect) -> f32 {
    let least = rect.width().min(rect.height());
    if least >= 8.0 {
        3.0
    } else if least >= 5.0 {
        1.5
    } else {
        0.0
    }
}

/// Narrower bars show a line besides the number of a finding.
const LEAST_BADGED: f32 = 14.0;

/// Appends `bar`, or lengthens the last one when the two touch and look alike. Where spans are dense most of them do,
/// and a frame costs what can be told apart.
fn push_joined(bars: &mut Vec<BarRect>, bar: BarRect) {
    const TOUCHING: f32 = 0.5;
    let is_same = |last: &&mut BarRect| {
        last.fill == bar.fill
            && last.radius == 0.0
            && bar.radius == 0.0
            && last.rect.y_range() == bar.rect.y_range()
            && last.rect.left() <= bar.rect.left()
            && bar.rect.left() - last.rect.right() <= TOUCHING
    };
    match bars.last_mut().filter(is_same) {
        Some(last) => last.rect.max.x = last.rect.right().max(bar.rect.right()),
        None => bars.push(bar),
    }
}

/// What is special about bars, kept by kind so that what touches is joined.
#[derive(Default)]
pub(super) struct BarMarks {
    /// A slot along each bar that stands for several spans: stacked sheets.
    slots: Vec<BarRect>,
    /// The lower half of such bars with a failure behind them, over the slots.
    errors: Vec<BarRect>,
    /// What lies on a bar by itself.
    single: Vec<BarRect>,
    /// What is no plain rectangle.
    odd: Vec<Shape>,
}

impl BarMarks {
    pub fn add(&mut self, bar: &SceneBar, theme: &Theme) {
        if bar.count > 1 {
            self.add_shared(bar, theme);
        }
        mark_bar(bar, theme, &mut self.single, &mut self.odd);
    }

    /// In the order in which they are painted.
    pub fn into_shapes(self) -> impl Iterator<Item = Shape> {
        [self.slots, self.errors, self.single].into_iter().map(Shape::Bars).chain(self.odd)
    }

    fn add_shared(&mut self, bar: &SceneBar, theme: &Theme) {
        let (rect, middle) = (bar.rect, bar.rect.center().y);
        let half = (rect.height() * 0.06).max(0.5);
        let slot = Rect::from_min_max(Pos2::new(rect.left(), middle - half), Pos2::new(rect.right(), middle + half));
        push_joined(&mut self.slots, BarRect { rect: slot, fill: theme.canvas, radius: 0.0 });
        if bar.flags.has(SpanFlags::ERROR) {
            let lower = Rect::from_min_max(Pos2::new(rect.left(), middle), rect.max);
            push_joined(&mut self.errors, BarRect { rect: lower, fill: error_color(bar, theme), radius: 0.0 });
        }
    }
}

fn error_color(bar: &SceneBar, theme: &Theme) -> Color32 {
    if bar.is_dim { mix(theme.canvas, theme.error, 0.5) } else { theme.error }
}

/// Marks what is special about a bar: failures survive at every width.
fn mark_bar(bar: &SceneBar, theme: &Theme, marks: &mut Vec<BarRect>, odd: &mut Vec<Shape>) {
    let rect = bar.rect;
    let tone = |color| if bar.is_dim { dimmed(color, theme) } else { color };
    let mut mark = |rect: Rect, fill, radius| push_joined(marks, BarRect { rect, fill, radius });
    if bar.folded > 0 && bar.count == 1 {
        // Edges of the sheets below it.
        for (up, inset) in [(2.0, 2.0), (5.0, 4.0)] {
            let y = rect.bottom() - up;
            let sheet = Rect::from_min_max(Pos2::new(rect.left() + inset, y - 1.0), Pos2::new(rect.right() - inset, y));
            if sheet.width() > 2.0 {
                mark(sheet, theme.canvas, 0.0);
            }
        }
    }
    if bar.flags.has(SpanFlags::ERROR) && bar.count == 1 {
        let (left, top) = (rect.left(), rect.top());
        let error = error_color(bar, theme);
        if rect.width() <= 8.0 {
            mark(rect, error, radius(rect));
        } else {
            let cap = Rect::from_min_max(rect.min, Pos2::new(left + 5.0, rect.bottom()));
            let strip = Rect::from_min_max(Pos2::new(left, rect.bottom() - 4.0_f32.min(rect.height() * 0.3)), rect.max);
            mark(cap, error, 1.5);
            mark(strip, error, 1.5);
            debug_assert!(cap.top() <= top);
        }
    }
    if bar.hits > 0 {
        mark(hit_strip(rect), theme.hit, 0.0);
    }
    if let Some((_, found)) = bar.finding.filter(|_| bar.count > 1 || rect.width() < LEAST_BADGED) {
        // Its number may find no room; that there is something always shows.
        let half = (rect.height() * 0.12).max(1.0);
        let middle = rect.center().y;
        let line = Rect::from_min_max(Pos2::new(rect.left(), middle - half), Pos2::new(rect.right(), middle + half));
        mark(line, clocks::tone_color(found, theme), 0.0);
    }
    if bar.flags.has(SpanFlags::END_BEFORE_START) {
        if rect.width() >= 6.0 {
            odd.push(Shape::Hatch { rect, spacing: 6.0, stroke: Stroke::solid(1.5, faded(theme.bar_mark, 0.9)) });
        }
        odd.push(outline(rect, Stroke::dashed(1.5, tone(theme.warning), 3.0, 2.0)));
    }
    if bar.flags.has(SpanFlags::END_MISSING) && bar.count == 1 {
        open_end(rect, theme, odd);
    }
    let twisted = SpanFlags::ID_CONFLICT.0
        | SpanFlags::PARENT_CYCLE.0
        | SpanFlags::SELF_PARENT.0
        | SpanFlags::TIME_CLAMPED.0
        | SpanFlags::START_MISSING.0;
    if bar.flags.0 & twisted != 0 && rect.height() >= 8.0 {
        let size = 6.0_f32.min(rect.width().max(3.0));
        let corner = Pos2::new(rect.right(), rect.top());
        odd.push(Shape::Path {
            points: vec![corner, corner + emath::vec2(0.0, size), corner - emath::vec2(size, 0.0)],
            closed: true,
            fill: tone(theme.warning),
            stroke: Stroke::NONE,
        });
    }
}

/// The line along the upper edge of a bar that holds a hit, a little above it, so that it also shows on a bar of
/// the same colour.
fn hit_strip(rect: Rect) -> Rect {
    let height = (rect.height() * 0.3).clamp(1.0, 3.0);
    let top = rect.top() - (height / 2.0).floor();
    Rect::from_min_max(Pos2::new(rect.left(), top), Pos2::new(rect.right(), top + height))
}

fn outline(rect: Rect, stroke: Stroke) -> Shape {
    Shape::Rect { rect, radius: 2.0, fill: Color32::TRANSPARENT, stroke }
}

/// A torn edge and a dashed tail: nobody knows when it ended.
fn open_end(rect: Rect, theme: &Theme, odd: &mut Vec<Shape>) {
    const TEETH: usize = 3;
    if rect.width() >= 12.0 {
        let step = rect.height() / TEETH as f32;
        for tooth in 0..TEETH {
            let top = rect.top() + tooth as f32 * step;
            let right = rect.right() + 0.5;
            odd.push(Shape::Path {
                points: vec![
                    Pos2::new(right, top),
                    Pos2::new(right, top + step),
                    Pos2::new(right - 5.0, top + step / 2.0),
                ],
                closed: true,
                fill: theme.canvas,
                stroke: Stroke::NONE,
            });
        }
    }
    let y = rect.center().y;
    odd.push(Shape::Line {
        from: Pos2::new(rect.right() + 1.0, y),
        to: Pos2::new(rect.right() + OPEN_TAIL, y),
        stroke: Stroke::dashed(1.5, theme.text_faint, 3.0, 3.0),
    });
}

fn dense_label(scene: &Scene, dense: &Dense, shapes: &mut Vec<Shape>) {
    let rect = dense.rect;
    let theme = scene.theme.theme();
    let size = scene.metrics.small;
    let canvas = scene.areas.canvas;
    let seen = Rect::from_min_max(
        Pos2::new(rect.left().max(canvas.left()), rect.top()),
        Pos2::new(rect.right().min(canvas.right()), rect.bottom()),
    );
    let mut text = count_text(dense.spans, "span");
    if dense.hits > 0 {
        text = format!("{text} · {}", count_text(dense.hits, "hit"));
    }
    let width = text::width(&text, Font::Regular, size) + 10.0;
    if seen.width() < width + 8.0 || rect.height() < size {
        return;
    }
    let pill = Rect::from_center_size(seen.center(), emath::vec2(width, (rect.height() - 3.0).min(size * 1.35)));
    shapes.push(Shape::Rect { rect: pill, radius: 3.0, fill: faded(theme.canvas, 0.82), stroke: Stroke::NONE });
    shapes.push(Shape::Text(TextShape::centered(pill, size, theme.text, text.into())));
}
