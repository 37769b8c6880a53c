//! Range notes: stretches of time that somebody kept, with a word to each.

use std::sync::Arc;

use emath::{Pos2, Rect};

use super::frame::{NoteMark, Scene};
use super::shape::{Anchor, Shape, Stroke, TextShape};
use super::text::{self, Font};
use super::theme::faded;
use super::view_state::ViewState;

/// Notes drawn in one frame; more could not be told apart.
const MOST_NOTES: usize = 100;

pub(super) fn add(view: &ViewState, scene: &mut Scene) {
    let canvas = scene.areas.canvas;
    let x_of = |time_ns| scene.scale.screen_from_time(time_ns).clamp(canvas.left() - 2.0, canvas.right() + 2.0);
    let mut marks = Vec::new();
    for (number, note) in (1_usize..).zip(view.notes.iter()) {
        let range = note.range.ordered();
        let x = [x_of(range.from_ns), x_of(range.to_ns)];
        if x[1] < canvas.left() || x[0] > canvas.right() || marks.len() == MOST_NOTES {
            continue;
        }
        let length = crate::model::time::duration_text(range.length_ns());
        let full = if note.text.is_empty() {
            format!("{number}: {length}")
        } else {
            format!("{number}: {} {length}", note.text)
        };
        let room = (x[1] - x[0]).max(160.0);
        let text: Arc<str> = text::crop(&full, Font::Regular, scene.metrics.text, room).into();
        marks.push(NoteMark { x, text });
    }
    scene.notes = marks;
}

/// A bracket at the top of the canvas, its ends as lines through it, and the text below.
pub(super) fn shapes(scene: &Scene, shapes: &mut Vec<Shape>) {
    let (theme, canvas, size) = (scene.theme.theme(), scene.areas.canvas, scene.metrics.text);
    for note in &scene.notes {
        let [left, right] = note.x;
        let line = Stroke::solid(1.0, faded(theme.warning, 0.6));
        for x in note.x {
            shapes.push(Shape::Line {
                from: Pos2::new(x, canvas.top()),
                to: Pos2::new(x, canvas.bottom()),
                stroke: line,
            });
        }
        let bracket = Rect::from_x_y_ranges(left..=right.max(left + 2.0), canvas.top()..=canvas.top() + 3.0);
        shapes.push(Shape::Rect {
            rect: bracket,
            radius: 0.0,
            fill: theme.warning,
            stroke: Stroke::solid(0.0, theme.warning),
        });
        let width = text::width(&note.text, Font::Regular, size) + 10.0;
        let height = size * 1.6;
        let x = left.max(canvas.left()).min((canvas.right() - width).max(canvas.left()));
        let pill = Rect::from_min_size(Pos2::new(x, canvas.top() + 3.0), emath::vec2(width, height));
        shapes.push(Shape::Rect {
            rect: pill,
            radius: 3.0,
            fill: theme.control,
            stroke: Stroke::solid(1.0, theme.warning),
        });
        shapes.push(Shape::Text(TextShape {
            pos: Pos2::new(pill.left() + 5.0, text::baseline_for_middle(pill.center().y, Font::Regular, size)),
            anchor: Anchor::Start,
            font: Font::Regular,
            size,
            color: theme.text,
            text: Arc::clone(&note.text),
        }));
    }
}
