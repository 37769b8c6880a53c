//! What a screen reader gets of the canvas: a summary, and nodes for the selection and the widest spans.

use egui::accesskit::{Action, Role};
use egui::{Rect, Sense, Ui};

use crate::app::State;
use crate::app::command::{Command, Queue};
use crate::app::workspace::Workspace;
use crate::model::SpanFlags;
use crate::model::time::duration_text;
use crate::scene::{Scene, SceneBar, count_text};

/// Most nodes per frame: enough to walk through what is readable, few enough to cost nothing.
const MOST_NODES: usize = 60;
/// Narrower bars have no readable name on the screen either.
const LEAST_WIDTH: f32 = 24.0;

/// The canvas in one sentence.
#[must_use]
pub fn summary(state: &State, data: &Workspace) -> String {
    let time = state.session.view.time;
    format!(
        "Timeline: {} on {}, {} shown, {} selected",
        count_text(data.store.len() as u64, "span"),
        count_text(data.domains.list.len() as u64, "clock"),
        duration_text(time.length_ns()),
        state.session.view.selection.len(),
    )
}

/// Adds the nodes, and carries out what a screen reader asks of them.
pub fn nodes(ui: &Ui, rect: Rect, scene: &Scene, data: &Workspace, state: &State, queue: &mut Queue) {
    // Does nothing, and costs nothing, unless something listens.
    if !ui.ctx().has_accesskit_node(ui.unique_id()) {
        return;
    }
    let offset = rect.min.to_vec2();
    let canvas = scene.areas.canvas;
    let selection = &state.session.view.selection;
    let mut bars: Vec<&SceneBar> = scene
        .bars
        .iter()
        .filter(|bar| bar.count == 1 && canvas.intersects(bar.rect))
        .filter(|bar| bar.rect.intersect(canvas).width() >= LEAST_WIDTH || selection.contains(&bar.span))
        .collect();
    let rank = |bar: &SceneBar| (!selection.contains(&bar.span), -bar.rect.intersect(canvas).width());
    bars.sort_by(|a, b| rank(a).0.cmp(&rank(b).0).then(rank(a).1.total_cmp(&rank(b).1)));
    for bar in bars.into_iter().take(MOST_NODES) {
        let id = ui.scope_id().with(("span", bar.span.0));
        let place = bar.rect.intersect(canvas).translate(offset);
        // Sense::hover: the surface below keeps clicks and drags; the node only says where it is.
        let response = ui.interact(place, id, Sense::hover());
        ui.ctx().accesskit_node_builder(response.id, |node| {
            node.set_role(Role::ListBoxOption);
            node.set_label(label(data, bar));
            node.set_bounds(egui::accesskit::Rect {
                x0: place.min.x.into(),
                y0: place.min.y.into(),
                x1: place.max.x.into(),
                y1: place.max.y.into(),
            });
            node.set_selected(selection.contains(&bar.span));
            node.add_action(Action::Click);
        });
        if ui.input(|input| input.has_accesskit_action_request(id, Action::Click)) {
            queue.push(Command::Select { span: bar.span, extend: false });
        }
    }
}

fn label(data: &Workspace, bar: &SceneBar) -> String {
    let view = data.store.span(bar.span);
    let name: String = view.name().chars().take(200).collect();
    let duration = view.duration_ns().map_or_else(|| "no end".to_owned(), duration_text);
    let failed = if view.flags().has(SpanFlags::ERROR) { ", failed" } else { "" };
    let found = if bar.hits > 0 { ", search hit" } else { "" };
    format!("{name}, {duration}{failed}{found}")
}
