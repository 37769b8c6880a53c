//! The panel in which keys are changed.

use egui::{Button, Grid, Modal, RichText, ScrollArea, Ui};
use strum::IntoEnumIterator as _;

use super::super::bindings::{Bindings, Conflict, KeysCommand, KeysPanel, Preset};
use super::super::command::{Category, Command, Entry, Queue, entries, entry_of};
use super::super::keys;
use super::super::state::State;
use super::widgets::{follow_focus, segmented};
use crate::scene::Theme;

/// The panel, when it is open.
pub fn keys_ui(ui: &Ui, state: &State, queue: &mut Queue) {
    let Some(panel) = &state.session.keys_panel else { return };
    let theme = state.theme().theme();
    let scale = state.settings.text_scale;
    let modal = Modal::new(egui::Id::unique("keys")).show(ui.ctx(), |ui| {
        let room = ui.ctx().content_rect().size();
        ui.set_width((640.0 * scale).min(room.x - 60.0));
        head_ui(ui, state, theme, queue);
        ui.add_space(4.0);
        message_ui(ui, theme, panel, queue);
        ScrollArea::vertical().max_height((room.y - 230.0).max(120.0)).auto_shrink([false, true]).show(ui, |ui| {
            for category in Category::iter() {
                ui.label(RichText::new(category.to_string()).strong());
                Grid::new(("keys", category.to_string())).num_columns(4).spacing([12.0, 3.0]).show(ui, |ui| {
                    for (entry, keys) in state.bindings.iter().filter(|(entry, _)| entry.category == category) {
                        row_ui(ui, state, panel, entry, &keys::text_of(keys), queue);
                    }
                });
                ui.add_space(6.0);
            }
            follow_focus(ui);
        });
    });
    if modal.backdrop_response.clicked() {
        queue.push(Command::KeysPanel);
    }
}

fn head_ui(ui: &mut Ui, state: &State, theme: &Theme, queue: &mut Queue) {
    ui.horizontal_wrapped(|ui| {
        ui.heading("Keys");
        ui.add_space(10.0);
        let chosen = state.settings.keys.preset;
        let names: Vec<(String, Preset)> = Preset::iter().map(|preset| (preset.to_string(), preset)).collect();
        let choices = names
            .iter()
            .map(|(name, preset)| (name.as_str(), Command::Keys(KeysCommand::Preset(*preset)), *preset == chosen));
        segmented(ui, theme, choices.collect(), queue);
        let is_changed = !state.settings.keys.changed.is_empty();
        if ui.add_enabled(is_changed, Button::new("Reset all")).on_hover_text("Back to the preset.").clicked() {
            queue.push(Command::Keys(KeysCommand::ResetAll));
        }
        if ui.button("Close").clicked() {
            queue.push(Command::KeysPanel);
        }
    });
}

/// What is waited for, or what has to be settled first.
fn message_ui(ui: &mut Ui, theme: &Theme, panel: &KeysPanel, queue: &mut Queue) {
    if let Some(conflict) = &panel.conflict {
        conflict_ui(ui, theme, conflict, queue);
    } else if let Some(why) = panel.refused {
        ui.label(RichText::new(why).color(theme.warning));
    } else if panel.capturing.is_none() {
        ui.label(
            RichText::new("Change, then press the key. It takes the place of the keys that the command has.").weak(),
        );
    }
    ui.add_space(4.0);
}

fn conflict_ui(ui: &mut Ui, theme: &Theme, conflict: &Conflict, queue: &mut Queue) {
    ui.horizontal_wrapped(|ui| {
        let text = format!("{} belongs to “{}”.", conflict.keys.text(), title_of(conflict.owner));
        ui.label(RichText::new(text).color(theme.warning));
        if ui.button(format!("Give it to “{}”", title_of(conflict.wanted))).clicked() {
            queue.push(Command::Keys(KeysCommand::Resolve(true)));
        }
        if ui.button("Leave it there").clicked() {
            queue.push(Command::Keys(KeysCommand::Resolve(false)));
        }
    });
}

fn title_of(id: &str) -> &'static str {
    entries().find(|entry| entry.id == id).map_or("", |entry| entry.title)
}

fn row_ui(ui: &mut Ui, state: &State, panel: &KeysPanel, entry: &'static Entry, keys: &str, queue: &mut Queue) {
    ui.label(entry.title).on_hover_text(entry.tooltip);
    if panel.capturing == Some(entry.id) {
        ui.label(RichText::new("press a key…  (Esc: as it was)").strong());
    } else {
        ui.label(RichText::new(if keys.is_empty() { "none" } else { keys }).monospace().weak());
    }
    if named(ui, "Change", entry, "Change keys of", true) {
        queue.push(Command::Keys(KeysCommand::Capture(entry.id)));
    }
    ui.horizontal(|ui| {
        if named(ui, "None", entry, "Take all keys from", !keys.is_empty()) {
            queue.push(Command::Keys(KeysCommand::Unbind(entry.id)));
        }
        let is_changed = state.settings.keys.changed.contains_key(entry.id);
        if named(ui, "Reset", entry, "Reset keys of", is_changed) {
            queue.push(Command::Keys(KeysCommand::Reset(entry.id)));
        }
    });
    ui.end_row();
}

/// A small button whose spoken name says which command it is about.
fn named(ui: &mut Ui, text: &str, entry: &Entry, spoken: &str, is_enabled: bool) -> bool {
    let response = ui.add_enabled(is_enabled, Button::new(RichText::new(text).small()));
    let name = format!("{spoken} {}", entry.title);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, is_enabled, &name));
    response.clicked()
}

/// The first key of a command as menus and tooltips show it; empty when it has none.
pub fn first_key(ui: &Ui, entry: &Entry) -> String {
    Bindings::published(ui.ctx()).of(entry.id).first().map(keys::Keys::text).unwrap_or_default()
}

/// The first key of a command of the table; empty when it has none.
pub fn key_of(ui: &Ui, command: &Command) -> String {
    entry_of(command).map(|entry| first_key(ui, entry)).unwrap_or_default()
}

/// `text`, with the key of `command` where it has one.
pub fn with_key(ui: &Ui, text: &str, command: &Command) -> String {
    let key = key_of(ui, command);
    if key.is_empty() { text.to_owned() } else { format!("{text}  ({key})") }
}
