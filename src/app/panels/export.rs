//! The export panel: where to, and go. Works where the desktop has no file dialog.

use egui::{Modal, RichText, TextEdit, Ui};

use super::super::command::{Command, Queue};
use super::super::state::State;

/// The panel, when it is open.
pub fn export_ui(ui: &Ui, state: &State, queue: &mut Queue) {
    let Some(export) = &state.session.export else { return };
    let theme = state.theme().theme();
    let modal = Modal::new(egui::Id::unique("export")).show(ui.ctx(), |ui| {
        ui.set_width((520.0 * state.settings.text_scale).min(ui.ctx().content_rect().width() - 80.0));
        ui.heading("Export picture");
        ui.label(
            RichText::new("The current view with title, time range, legend, file name and hash. A name that ends in .svg gives a drawing, everything else PNG.")
                .weak(),
        );
        ui.add_space(6.0);
        let label = ui.label("File");
        let mut path = export.path.clone();
        let edit = ui.add(TextEdit::singleline(&mut path).desired_width(f32::INFINITY)).labelled_by(label.id);
        if edit.changed() {
            queue.push(Command::SetExportPath(path.clone()));
        }
        // The first to have the keyboard; Tab goes on to the buttons.
        let focused = ui.memory(egui::Memory::focused).and_then(|id| ui.ctx().read_response(id));
        if focused.is_none_or(|focused| focused.layer_id != ui.layer_id()) {
            edit.request_focus();
        }
        if let Some(error) = &export.error {
            ui.label(RichText::new(error).color(theme.error));
        }
        ui.add_space(6.0);
        if state.session.drawing.is_some() || state.session.drawn_next.is_some() {
            ui.label(RichText::new("Drawing…").weak());
        }
        ui.horizontal(|ui| {
            let entered = edit.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            if ui.button("Save").clicked() || entered {
                queue.push(Command::Export(path.into()));
            }
            if ui.button("Choose…").clicked() {
                queue.push(Command::ChooseExportPath);
            }
            if ui.button("Copy to clipboard").clicked() {
                queue.push(Command::CopyPicture);
            }
            if ui.button("Cancel").clicked() {
                queue.push(Command::ExportPanel);
            }
        });
    });
    if modal.backdrop_response.clicked() {
        queue.push(Command::ExportPanel);
    }
}
