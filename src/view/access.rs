//! What a screen reader gets of the canvas: a summary, and nodes for the selection and the widest spans.

use egui::accesskit::{Action, Node, Role};
use egui::{Id, Rect, Sense, Ui};

use crate::app::State;
use crate::app::command::{Command, Queue};
use crate::app::workspace::Workspace;
use crate::model::time::duration_text;
use crate::model::{SpanFlags, SpanIx};
use crate::scene::{Scene, SceneBar, count_text};

/// Most span nodes per frame: enough to walk through what is readable, few enough to cost nothing.
const MOST_NODES: usize = 60;
/// Narrower bars have no readable name on the screen either.
const LEAST_WIDTH: f32 = 24.0;
/// Longest name in a label, in characters.
const MOST_CHARS: usize = 200;

/// The canvas in one sentence.
#[must_use]
pub fn summary(state: &State, data: &Workspace) -> String {
    let time = state.session.view.time;
    let turns = state.session.view.course.turns.len() as u64;
    let turns = if turns > 0 { format!(", {}", count_text(turns, "turn")) } else { String::new() };
    format!(
        "Timeline: {} on {}{turns}, {} shown, {} selected",
        count_text(data.store.len() as u64, "span"),
        count_text(data.domains.list.len() as u64, "clock"),
        duration_text(time.length_ns()),
        state.session.view.selection.len(),
    )
}

/// Adds the nodes, and carries out what a screen reader asks of them. `surface` is what takes the focus.
pub fn nodes(ui: &Ui, rect: Rect, surface: Id, scene: &Scene, data: &Workspace, state: &State, queue: &mut Queue) {
    // Does nothing, and costs nothing, unless something listens.
    if !ui.ctx().has_accesskit_node(ui.unique_id()) {
        return;
    }
    let focused = state.session.view.focused;
    ui.ctx().accesskit_node_builder(surface, |node| {
        node.set_role(Role::ListBox);
        node.set_label("Spans; period and comma go along a row, J and K from row to row".to_owned());
        if let Some(span) = focused.filter(|_| scene.focused.is_some()) {
            node.set_active_descendant(span_id(ui, span).accesskit_id());
        }
    });
    for (span, place) in span_places(scene, state) {
        let id = span_id(ui, span);
        let is_selected = state.session.view.selection.contains(&span);
        add_node(ui, id, place.translate(rect.min.to_vec2()), |node| {
            node.set_role(Role::ListBoxOption);
            node.set_label(label(data, state, scene, span));
            node.set_selected(is_selected);
            node.add_action(Action::Click);
        });
        if ui.input(|input| input.has_accesskit_action_request(id, Action::Click)) {
            queue.push(Command::Select { span, extend: false });
        }
    }
}

fn span_id(ui: &Ui, span: SpanIx) -> Id {
    ui.scope_id().with(("span", span.0))
}

/// The focused span first, then selected ones, then the widest; each once.
fn span_places(scene: &Scene, state: &State) -> Vec<(SpanIx, Rect)> {
    let canvas = scene.areas.canvas;
    let view = &state.session.view;
    let mut bars: Vec<&SceneBar> = scene
        .bars
        .iter()
        .filter(|bar| bar.count == 1 && canvas.intersects(bar.rect) && view.focused != Some(bar.span))
        .filter(|bar| bar.rect.intersect(canvas).width() >= LEAST_WIDTH || view.selection.contains(&bar.span))
        .collect();
    let rank = |bar: &SceneBar| (!view.selection.contains(&bar.span), -bar.rect.intersect(canvas).width());
    bars.sort_by(|a, b| rank(a).0.cmp(&rank(b).0).then(rank(a).1.total_cmp(&rank(b).1)));
    let focused = view.focused.zip(scene.focused);
    let others = bars.into_iter().map(|bar| (bar.span, bar.rect));
    focused.into_iter().chain(others).take(MOST_NODES).map(|(span, rect)| (span, rect.intersect(canvas))).collect()
}

fn add_node(ui: &Ui, id: Id, place: Rect, fill: impl FnOnce(&mut Node)) {
    // Sense::hover: the surface below keeps clicks and drags; the node only says where it is.
    let response = ui.interact(place, id, Sense::hover());
    ui.ctx().accesskit_node_builder(response.id, |node| {
        fill(node);
        node.set_bounds(egui::accesskit::Rect {
            x0: place.min.x.into(),
            y0: place.min.y.into(),
            x1: place.max.x.into(),
            y1: place.max.y.into(),
        });
    });
}

fn short(text: &str) -> String {
    text.chars().take(MOST_CHARS).collect()
}

/// `chat gpt-5.2, 1.7 s, at 4.2 s, lane provider, failed`.
fn label(data: &Workspace, state: &State, scene: &Scene, span: SpanIx) -> String {
    let view = data.store.span(span);
    let mut parts = vec![short(view.name())];
    parts.push(view.duration_ns().map_or_else(|| "no end".to_owned(), duration_text));
    let arranged = &state.arranged;
    let since_ns = arranged.layout.extent_ns(span).0.saturating_sub(arranged.hull_ns.start);
    parts.push(format!("at {}", duration_text(since_ns)));
    if let Some(lane) = arranged.lane(arranged.layout.lane_of(span)) {
        parts.push(format!("lane {}", short(state.session.view.lanes.name(lane))));
    }
    if view.flags().has(SpanFlags::ERROR) {
        parts.push("failed".to_owned());
    }
    let found = scene.bars.iter().find(|bar| bar.span == span).and_then(|bar| bar.finding);
    parts.extend(found.map(|(id, _)| format!("finding {id}")));
    if scene.bars.iter().any(|bar| bar.span == span && bar.hits > 0) {
        parts.push("search hit".to_owned());
    }
    parts.join(", ")
}
