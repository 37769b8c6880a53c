//! The list of diagnostics: code, severity, count, meaning, first places.

use egui::{RichText, ScrollArea, Ui};

use super::super::state::State;
use super::super::workspace::Workspace;
use super::widgets::grouped;
use crate::model::diagnostics::Entry;
use crate::model::{Code, Severity};
use crate::scene::Theme;

/// The panel.
pub fn diagnostics_ui(ui: &mut Ui, state: &State) {
    let Some(data) = &state.data else { return };
    let theme = state.theme().theme();
    let about = "What was odd in the files. Nothing was left out without being counted here.";
    ui.label(RichText::new(about).weak());
    ui.add_space(4.0);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        let entries = data.diagnostics.entries();
        if entries.is_empty() {
            ui.label("Nothing: every span was read as it stands.");
        }
        for (code, entry) in entries {
            entry_ui(ui, theme, data, code, entry);
        }
    });
}

fn entry_ui(ui: &mut Ui, theme: &Theme, data: &Workspace, code: Code, entry: &Entry) {
    let severity = code.severity();
    let color = match severity {
        Severity::Notice => theme.text_dim,
        Severity::Warning => theme.warning,
        Severity::Error => theme.error,
    };
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(severity.to_string()).color(color).small());
        ui.label(RichText::new(code.to_string()).monospace());
        ui.label(RichText::new(format!("× {}", grouped(entry.count))).strong());
        ui.label(code.meaning());
    });
    ui.indent(code.to_string(), |ui| {
        for place in &entry.places {
            let input = data.store.inputs().get(place.input.at()).map_or("?", |input| input.name.as_str());
            let file = std::path::Path::new(input)
                .file_name()
                .map_or_else(|| input.to_owned(), |name| name.to_string_lossy().into_owned());
            let detail: String = place.detail.chars().take(160).collect();
            let text = format!("{file}, byte {}  {detail}", grouped(place.offset));
            ui.add(egui::Label::new(RichText::new(text).monospace().weak()).selectable(true).truncate());
        }
        let more = entry.count.saturating_sub(entry.places.len() as u64);
        if more > 0 && !entry.places.is_empty() {
            ui.label(RichText::new(format!("and {} more", grouped(more))).weak().small());
        }
    });
    ui.add_space(6.0);
}
