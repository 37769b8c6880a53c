//! Labels of arrows that go on out of view, as buttons: a click follows the arrow.

use egui::accesskit::{Action, Role};
use egui::{Key, Rect, Sense, Ui};

use crate::app::State;
use crate::app::clocks::ClockCommand;
use crate::app::command::{Command, Queue};
use crate::app::keys;
use crate::scene::Scene;

/// The labels of `scene`, which is drawn at `rect`.
pub fn far_ends_ui(ui: &Ui, rect: Rect, scene: &Scene, state: &State, queue: &mut Queue) {
    let keys = keys::text_of(state.bindings.of("other-end"));
    let keys = if keys.is_empty() { String::new() } else { format!("  ({keys})") };
    for end in &scene.clocks.far_ends {
        let place = end.rect.translate(rect.min.to_vec2());
        let id = ui.scope_id().with(("far-end", end.event));
        let response = ui.interact(place, id, Sense::click()).on_hover_cursor(egui::CursorIcon::PointingHand);
        if response.has_focus() {
            let color = scene.theme.theme().selection;
            ui.painter().rect_stroke(place.expand(1.0), 8, egui::Stroke::new(1.5, color), egui::StrokeKind::Outside);
        }
        let response = response.on_hover_text(format!("The arrow goes on there: follow it{keys}"));
        ui.ctx().accesskit_node_builder(id, |node| {
            node.set_role(Role::Button);
            node.set_label(end.text.to_string());
            node.add_action(Action::Click);
        });
        let pressed = response.has_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if response.clicked() || pressed {
            queue.push(Command::Clocks(ClockCommand::Reveal(end.event)));
        }
    }
}
