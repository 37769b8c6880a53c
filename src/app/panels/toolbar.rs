//! The tool bar: what is open, and the switches that are used most.

mod clocks;
mod conversation;
mod fold;
mod search;

pub use search::focus_search;

use egui::{Align, Label, Layout, RichText, Ui};

use super::super::command::{Command, Queue};
use super::super::state::State;
use super::super::theme;
use super::super::workspace::Workspace;
use super::widgets::{command_button, counted};
use crate::model::time::duration_text;
use crate::scene::{Font, text};

/// The tool bar.
pub fn toolbar_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let Some(data) = &state.data else { return };
    // Large text in a small window: the switches get rows of their own.
    let more = if conversation::is_needed(state) { SWITCH_WIDTH } else { 0.0 };
    let is_narrow = ui.available_width() < (LEAST_WIDTH + more) * state.settings.text_scale;
    row_ui(ui, |ui| {
        // The switches take what they need; title and counts are cut to what is left.
        command_button(ui, "Export", Command::ExportPanel, queue);
        if !is_narrow {
            find_and_fold_ui(ui, state, queue);
            ui.add_space(6.0);
            clocks::groups_ui(ui, state, queue);
        }
        ui.add_space(10.0);
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| title_ui(ui, state, data));
    });
    if is_narrow {
        row_ui(ui, |ui| clocks::groups_ui(ui, state, queue));
        row_ui(ui, |ui| find_and_fold_ui(ui, state, queue));
    }
}

/// In points at normal text: what a row of everything needs.
const LEAST_WIDTH: f32 = 1120.0;
/// What the switch for idle time needs besides.
const SWITCH_WIDTH: f32 = 96.0;

/// Points that the name of what is open gets at least, at normal text.
const LEAST_TITLE: f32 = 90.0;

/// A row that is filled from the right.
fn row_ui(ui: &mut Ui, contents: impl FnOnce(&mut Ui)) {
    let size = egui::vec2(ui.available_width(), ui.spacing().interact_size.y);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), contents);
}

fn find_and_fold_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    ui.add_space(6.0);
    search::field_ui(ui, state, queue);
    ui.add_space(6.0);
    fold::group_ui(ui, state, queue);
    conversation::switch_ui(ui, state, queue);
}

fn title_ui(ui: &mut Ui, state: &State, data: &Workspace) {
    let scale = state.settings.text_scale;
    let size = theme::size::BODY * scale;
    let counts = counts(data, &state.arranged.hull_ns);
    // A long name gives way to the counts: it stands in the title of the window, too.
    let counts_width = text::width(&counts, Font::Regular, size) + 24.0 * scale;
    let room = (ui.available_width() - counts_width).max(LEAST_TITLE * scale);
    let title = text::crop(&data.title(), Font::Bold, size, room).into_owned();
    ui.add(Label::new(RichText::new(title).font(theme::bold(size))).truncate()).on_hover_text(data.title());
    ui.add_space(6.0);
    if ui.available_width() > 60.0 * scale {
        ui.add(Label::new(RichText::new(counts).weak()).truncate());
    }
}

fn counts(data: &Workspace, hull_ns: &std::ops::Range<i64>) -> String {
    let store = &data.store;
    let mut parts = vec![counted(store.traces().len() as u64, "trace")];
    if !data.domains.list.is_empty() {
        parts.push(counted(data.domains.list.len() as u64, "clock"));
    }
    parts.push(counted(store.len() as u64, "span"));
    parts.push(duration_text(hull_ns.end.saturating_sub(hull_ns.start)));
    parts.join(" · ")
}
