//! The panel that writes a table to a file. Works where the desktop has no file dialog.

use egui::{Modal, RichText, TextEdit, Ui};

use super::super::command::{Command, Queue};
use super::super::state::State;
use super::super::tables::{TableCommand, Which};

/// The panel, when it is open.
pub fn table_export_ui(ui: &Ui, state: &State, queue: &mut Queue) {
    let Some(export) = &state.session.tables.export else { return };
    let theme = state.theme().theme();
    let mut push = |command: TableCommand| queue.push(Command::Table(command));
    let modal = Modal::new(egui::Id::unique("table-export")).show(ui.ctx(), |ui| {
        ui.set_width((520.0 * state.settings.text_scale).min(ui.ctx().content_rect().width() - 80.0));
        let (title, about) = match export.which {
            Which::Spans => ("Export span table", "All rows and columns that the table shows now, as CSV."),
            Which::Statistics => ("Export statistics", "All rows that the table shows now, as CSV."),
        };
        ui.heading(title);
        ui.label(RichText::new(about).weak());
        let note = "Times are whole numbers of raw nanoseconds. Text that a spreadsheet would run as a formula gets an apostrophe in front.";
        ui.label(RichText::new(note).weak());
        ui.add_space(6.0);
        let label = ui.label("File");
        let mut path = export.path.clone();
        let edit = ui.add(TextEdit::singleline(&mut path).desired_width(f32::INFINITY)).labelled_by(label.id);
        if edit.changed() {
            push(TableCommand::SetExportPath(path));
        }
        if let Some(error) = &export.error {
            ui.label(RichText::new(error).color(theme.error));
        }
        if state.session.tables.is_busy() {
            ui.label(RichText::new("Writing…").weak());
        }
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            let entered = edit.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            if ui.button("Save").clicked() || entered {
                push(TableCommand::Export);
            }
            if ui.button("Choose…").clicked() {
                push(TableCommand::ChooseExportPath);
            }
            if ui.button("Cancel").clicked() {
                push(TableCommand::ExportPanel(export.which));
            }
        });
    });
    if modal.backdrop_response.clicked() {
        push(TableCommand::ExportPanel(export.which));
    }
}
