//! What lies over the bars: outlines of selected spans, their edges, the measured range.

use emath::{Pos2, Rect};

use super::build::span_rect;
use super::frame::{Edge, EdgeKind, Measure, Scene};
use super::input::SceneInput;
use super::measure;
use super::view_state::ViewState;
use crate::analysis::clocks::Between;
use crate::model::SpanIx;

/// Selected spans that get outlines and edges; more would only be noise.
const MOST_SELECTED: usize = 500;
/// Edges drawn for one span in each direction.
const MOST_EDGES: usize = 64;

pub(super) struct Context<'a> {
    pub input: &'a SceneInput<'a>,
    pub view: &'a ViewState,
    /// What is known about the time between the events that the measured range stands on.
    pub measured: Option<Between>,
}

pub(super) fn add(context: &Context<'_>, scene: &mut Scene) {
    let spans = context.input.store.len();
    let is_known = |span: &SpanIx| span.at() < spans;
    for &span in context.view.selection.iter().filter(|span| is_known(span)).take(MOST_SELECTED) {
        if let Some(rect) = span_rect(context.input, scene, span) {
            if is_in_view(scene, rect) {
                scene.selected.push(rect);
            }
            if context.view.selection.len() <= 8 {
                edges_of(context, scene, span, rect);
            }
        }
    }
    scene.focused = context
        .view
        .focused
        .filter(is_known)
        .and_then(|span| span_rect(context.input, scene, span))
        .filter(|&rect| is_in_view(scene, rect));
    super::notes::add(context.view, scene);
    scene.measure = measure::range_now(context.input, context.view).map(|range| {
        let words = measure::words(context.input, context.view, range, context.measured);
        let range = range.ordered();
        let canvas = scene.areas.canvas;
        let edge = |time_ns| scene.scale.screen_from_time(time_ns).clamp(canvas.left() - 2.0, canvas.right() + 2.0);
        let (text, raw) = (words.text.into(), words.beside.map(Into::into));
        Measure { x: [edge(range.from_ns), edge(range.to_ns)], text, raw }
    });
}

fn is_in_view(scene: &Scene, rect: Rect) -> bool {
    // Without height it lies behind pinned lanes.
    rect.height() > 0.0 && scene.areas.canvas.expand(2.0).intersects(rect)
}

fn edges_of(context: &Context<'_>, scene: &mut Scene, span: SpanIx, rect: Rect) {
    let input = context.input;
    let view = input.store.span(span);
    if let Some(parent) = view.parent().and_then(|parent| span_rect(input, scene, parent)) {
        push(scene, EdgeKind::Parent, parent, rect);
    }
    for &child in view.children().iter().take(MOST_EDGES) {
        if let Some(child) = span_rect(input, scene, child) {
            push(scene, EdgeKind::Child, rect, child);
        }
    }
    for target in view.links().filter_map(crate::model::LinkRef::target).take(MOST_EDGES) {
        if let Some(target) = span_rect(input, scene, target) {
            push(scene, EdgeKind::Link, rect, target);
        }
    }
}

/// A curve from the bar that causes to the bar that is caused: it leaves where the other one begins, as far as it can.
fn push(scene: &mut Scene, kind: EdgeKind, from: Rect, to: Rect) {
    let start_x = match kind {
        EdgeKind::Link => from.right(),
        EdgeKind::Parent | EdgeKind::Child => to.left().clamp(from.left(), from.right()),
    };
    let start_y = if to.center().y >= from.center().y { from.bottom() } else { from.top() };
    let start = if kind == EdgeKind::Link { Pos2::new(start_x, from.center().y) } else { Pos2::new(start_x, start_y) };
    let edge = Edge { kind, from: start, to: Pos2::new(to.left(), to.center().y), enters_left: true };
    let hull = Rect::from_two_pos(edge.from, edge.to);
    // Bars beside the canvas are all cut at the same x: a curve there would say nothing, and many would pile up.
    let is_twin = scene.edges.last().is_some_and(|last| last.kind == kind && (last.to - edge.to).length() < 1.0);
    if scene.areas.canvas.expand(4.0).intersects(hull) && !is_twin {
        scene.edges.push(edge);
    }
}
