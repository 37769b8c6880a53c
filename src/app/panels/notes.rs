//! The list of range notes, above the details.

use egui::{Button, CollapsingHeader, RichText, TextEdit, Ui};

use super::super::command::{Command, Queue};
use super::super::notes::NoteCommand;
use super::super::state::State;
use crate::model::time::duration_text;

/// The list, when there are notes.
pub fn notes_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let notes = &state.session.view.notes;
    if notes.is_empty() {
        return;
    }
    CollapsingHeader::new(format!("Notes ({})", notes.len())).default_open(true).show(ui, |ui| {
        egui::ScrollArea::vertical().id_salt("notes").max_height(150.0 * state.settings.text_scale).show(ui, |ui| {
            for (at, note) in notes.iter().enumerate() {
                ui.horizontal(|ui| {
                    let number = at + 1;
                    let length = duration_text(note.range.length_ns());
                    let show = ui.button(format!("{number}: {length}")).on_hover_text("Brings the range into view.");
                    if show.clicked() {
                        queue.push(Command::Note(NoteCommand::Show(at)));
                    }
                    let remove = Button::new(RichText::new("×")).frame_when_inactive(false);
                    let remove = ui.add(remove).on_hover_text("Removes the note.");
                    let name = format!("Remove note {number}");
                    remove.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
                    if remove.clicked() {
                        queue.push(Command::Note(NoteCommand::Remove(at)));
                    }
                    let mut text = note.text.clone();
                    let edit = TextEdit::singleline(&mut text).hint_text("What about it?").desired_width(f32::INFINITY);
                    let edit = ui.add(edit);
                    let name = format!("Text of note {number}");
                    edit.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, &name));
                    if edit.changed() {
                        queue.push(Command::Note(NoteCommand::Rename(at, text)));
                    }
                });
            }
            super::widgets::follow_focus(ui);
        });
    });
    ui.separator();
}
