//! A new name for a lane.

use egui::{Align2, Key, Modal, TextEdit, Ui};

use super::super::command::{Command, Queue};
use super::super::lanes::LaneCommand;
use super::super::state::State;

/// The field, when a name is asked for.
pub fn rename_ui(ui: &Ui, state: &State, queue: &mut Queue) {
    let Some((lane, typed)) = &state.session.lanes.renaming else { return };
    let mut push = |command| queue.push(Command::Lanes(command));
    let id = egui::Id::unique("rename-lane");
    let area = Modal::default_area(id).anchor(Align2::CENTER_TOP, egui::vec2(0.0, 96.0));
    let modal = Modal::new(id).area(area).show(ui.ctx(), |ui| {
        ui.set_width(380.0 * state.settings.text_scale);
        let heading = ui.label(format!("Name of the lane {lane}"));
        let mut text = typed.clone();
        let field = ui.add(TextEdit::singleline(&mut text).hint_text("Its own name").desired_width(f32::INFINITY));
        let field = field.labelled_by(heading.id);
        if field.changed() {
            push(LaneCommand::TypeName(text));
        }
        let is_done = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        // The first to have the keyboard; Tab goes on to the buttons.
        let focused = ui.memory(egui::Memory::focused).and_then(|id| ui.ctx().read_response(id));
        if focused.is_none_or(|focused| focused.layer_id != ui.layer_id()) {
            field.request_focus();
        }
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            if ui.button("Rename").clicked() || is_done {
                push(LaneCommand::TakeName);
            }
            if ui.button("Cancel").clicked() {
                push(LaneCommand::KeepName);
            }
        });
    });
    if modal.backdrop_response.clicked() {
        push(LaneCommand::KeepName);
    }
}
