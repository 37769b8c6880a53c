//! What the window shows when nothing is open: how to open something.

use egui::{Align, Button, Layout, RichText, Ui, UiBuilder, vec2};

use super::super::command::{Command, Queue};
use super::super::state::State;
use super::super::theme;
use crate::load::{EXPECTED, Source};

/// The empty state.
pub fn empty_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let colors = state.theme().theme();
    let scale = state.settings.text_scale;
    let width = (460.0 * scale).min(ui.available_width() - 40.0);
    let top = (ui.available_height() * 0.22).max(24.0);
    let rect = egui::Rect::from_min_size(
        egui::pos2(ui.max_rect().center().x - width / 2.0, ui.max_rect().top() + top),
        vec2(width, ui.available_height() - top),
    );
    ui.scope_builder(UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Min)), |ui| {
        ui.label(RichText::new("Open a trace").font(theme::bold(theme::size::HEADING * scale)));
        ui.add_space(2.0);
        ui.label(RichText::new("Drop files or directories anywhere on this window, or").weak());
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            let open = Button::new(RichText::new("Open…").color(colors.on_accent)).fill(colors.accent);
            if ui.add(open).on_hover_text("Ctrl+O").clicked() {
                queue.push(Command::Open);
            }
            let tip = "A conversation of three turns whose clocks disagree.";
            if ui.button("Open sample").on_hover_text(tip).clicked() {
                queue.push(Command::OpenSample);
            }
        });
        ui.add_space(18.0);
        if !state.settings.recent.is_empty() {
            recent_ui(ui, state, queue);
            ui.add_space(18.0);
        }
        ui.label(RichText::new(format!("Reads {EXPECTED}. The content decides, not the name.")).weak().small());
        ui.label(RichText::new("From a terminal: skewline FILE…, or - for standard input.").weak().small());
        ui.label(RichText::new("Press ? for all keys.").weak().small());
    });
}

fn recent_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    ui.label(RichText::new("Recent").strong());
    for path in &state.settings.recent {
        let name =
            path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
        let directory = path.parent().map(|parent| parent.display().to_string()).unwrap_or_default();
        ui.horizontal(|ui| {
            let color = theme::link_color(state.theme().theme());
            let link = Button::new(RichText::new(name).color(color)).frame_when_inactive(false);
            if ui.add(link).on_hover_text(path.display().to_string()).clicked() {
                queue.push(Command::OpenSources(vec![Source::Path(path.clone())]));
            }
            ui.add(egui::Label::new(RichText::new(directory).weak().small()).truncate());
        });
    }
}
