//! The status bar: where the pointer is, what is hidden, what was odd.

use egui::{Align, Button, Layout, RichText, Ui};

use super::super::command::{Command, Queue};
use super::super::state::State;
use super::widgets::{counted, grouped};
use crate::model::Severity;

/// The status bar.
pub fn status_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let Some(data) = &state.data else { return };
    let theme = state.theme().theme();
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            notices_ui(ui, state, queue);
            let failed = data.failures.len() as u64;
            if failed > 0 {
                ui.label(RichText::new(format!("{} unreadable", counted(failed, "input"))).color(theme.error).small());
            }
        });
    });
}

fn notices_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let Some(data) = &state.data else { return };
    let theme = state.theme().theme();
    let entries = data.diagnostics.entries();
    let count: u64 = entries.iter().map(|(_, entry)| entry.count).sum();
    let (text, color) = match data.diagnostics.worst() {
        None => ("nothing odd".to_owned(), theme.text_dim),
        Some(Severity::Notice) => (counted(count, "notice"), theme.text_dim),
        Some(Severity::Warning) => (format!("{} · warnings", grouped(count)), theme.warning),
        Some(Severity::Error) => (format!("{} · errors", grouped(count)), theme.error),
    };
    let button = Button::new(RichText::new(text).small().color(color)).frame_when_inactive(false);
    let name = format!("Diagnostics: {count}");
    let response = ui.add(button).on_hover_text("What was odd in the files  (X)");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name.clone()));
    if response.clicked() {
        queue.push(Command::ToggleDiagnostics);
    }
}
