//! The help: all commands with their keys, generated from the command table.

use egui::{Grid, Key, Modal, RichText, ScrollArea, Ui};
use strum::IntoEnumIterator as _;

use super::super::bindings::Bindings;
use super::super::command::{Category, Command, MOUSE, Queue};
use super::super::state::State;

/// The overlay, when it is open.
pub fn help_ui(ui: &Ui, state: &State, queue: &mut Queue) {
    if !state.session.help_open {
        return;
    }
    let scale = state.settings.text_scale;
    let modal = Modal::new(egui::Id::unique("help")).show(ui.ctx(), |ui| {
        let room = ui.ctx().content_rect().size();
        ui.set_width((1240.0 * scale).min(room.x - 80.0));
        ui.horizontal(|ui| {
            ui.heading("Keyboard and mouse");
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.button("Close").clicked() {
                    queue.push(Command::ToggleHelp);
                }
                if ui.button("Change keys…").clicked() {
                    queue.push(Command::ToggleHelp);
                    queue.push(Command::KeysPanel);
                }
            });
        });
        ui.add_space(6.0);
        ScrollArea::vertical().max_height(room.y - 160.0).show(ui, |ui| {
            ui.columns(3, |columns| {
                commands_ui(&mut columns[0], &[Category::View, Category::Measure]);
                commands_ui(&mut columns[1], &[Category::Lanes, Category::Conversation, Category::File]);
                commands_ui(&mut columns[2], &[Category::Go, Category::Clocks, Category::Help]);
                mouse_ui(&mut columns[1]);
            });
            ui.add_space(4.0);
            ui.label(
                RichText::new(
                    "Letters are bound by their place on the keyboard: W A S D stay together on AZERTY and Dvorak.",
                )
                .weak(),
            );
        });
    });
    let closed_by_key = ui.ctx().input(|input| input.key_pressed(Key::Escape));
    if modal.backdrop_response.clicked() && !closed_by_key {
        queue.push(Command::ToggleHelp);
    }
}

fn commands_ui(ui: &mut Ui, categories: &[Category]) {
    for category in Category::iter().filter(|category| categories.contains(category)) {
        ui.label(RichText::new(category.to_string()).strong());
        Grid::new(category.to_string()).num_columns(2).spacing([14.0, 3.0]).show(ui, |ui| {
            let bindings = Bindings::published(ui.ctx());
            for (entry, keys) in bindings.iter().filter(|(entry, _)| entry.category == category) {
                let keys = if keys.is_empty() { "menu".to_owned() } else { super::super::keys::text_of(keys) };
                ui.label(RichText::new(keys).monospace().weak());
                ui.label(entry.title).on_hover_text(entry.tooltip);
                ui.end_row();
            }
        });
        ui.add_space(8.0);
    }
}

fn mouse_ui(ui: &mut Ui) {
    ui.label(RichText::new("Mouse").strong());
    Grid::new("mouse").num_columns(2).spacing([14.0, 3.0]).show(ui, |ui| {
        for (gesture, effect) in MOUSE {
            ui.label(RichText::new(*gesture).monospace().weak());
            ui.label(*effect);
            ui.end_row();
        }
    });
}
