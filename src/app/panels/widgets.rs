//! Small pieces that several panels use.

use egui::{Button, Frame, Margin, Response, RichText, Stroke, Ui};

use super::super::command::{Command, Entry, Queue, entry_of};
use super::super::state::State;
use super::keys::with_key;
use crate::scene::Theme;
pub use crate::scene::grouped;

/// Scrolls a list so that what the keyboard goes to is seen. To be called inside of it, after its contents.
pub fn follow_focus(ui: &Ui) {
    let id = ui.scope_id().with("focused");
    let now = ui.memory(egui::Memory::focused);
    let before = ui.data_mut(|data| {
        let before = data.get_temp::<Option<egui::Id>>(id).flatten();
        data.insert_temp(id, now);
        before
    });
    let Some(response) = now.filter(|_| now != before).and_then(|id| ui.ctx().read_response(id)) else { return };
    // What lies outside of the list's window is cut; what belongs to another part of the window is whole.
    let is_cut = !response.interact_rect.contains_rect(response.rect);
    if is_cut && ui.min_rect().contains(response.rect.center()) {
        ui.scroll_to_rect(response.rect, None);
    }
}

/// True when the command of `entry` can be used now.
pub fn is_usable(entry: &Entry, state: &State) -> bool {
    entry.needs.why_not(state).is_none()
}

/// The explanation of a command with its keys, as a tooltip.
pub fn tooltip(ui: &Ui, entry: &Entry) -> String {
    with_key(ui, entry.tooltip, &entry.command)
}

/// A button that stands for a command of the table, named `text`.
pub fn command_button(ui: &mut Ui, text: &str, command: Command, queue: &mut Queue) -> Response {
    let tip = entry_of(&command).map(|entry| tooltip(ui, entry));
    let mut response = ui.button(text);
    if let Some(tip) = tip {
        response = response.on_hover_text(tip);
    }
    if response.clicked() {
        queue.push(command);
    }
    response
}

/// Buttons of which one is on, side by side: (name, command, is on).
pub fn segmented(ui: &mut Ui, theme: &Theme, choices: Vec<(&str, Command, bool)>, queue: &mut Queue) {
    let frame = Frame::new()
        .fill(theme.control)
        .stroke(Stroke::new(1.0, theme.control_line))
        .corner_radius(5)
        .inner_margin(Margin::same(1));
    frame.show(ui, |ui| {
        ui.spacing_mut().item_spacing.x = 1.0;
        for (text, command, is_on) in choices {
            let color = if is_on { theme.on_accent } else { theme.text };
            let button = Button::selectable(is_on, RichText::new(text).color(color));
            let tip = entry_of(&command).map(|entry| tooltip(ui, entry)).unwrap_or_default();
            if ui.add(button).on_hover_text(tip).clicked() && !is_on {
                queue.push(command);
            }
        }
    });
}

/// `1 span`, `412 spans`, `1,204,388 spans`.
pub fn counted(count: u64, one: &str) -> String {
    let number = grouped(count);
    if count == 1 { format!("{number} {one}") } else { format!("{number} {one}s") }
}

/// A size in bytes for people.
pub fn bytes_text(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let decimals = usize::from(value < 99.5);
    format!("{value:.decimals$} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_sizes_read_well() {
        assert_eq!(counted(1, "span"), "1 span");
        assert_eq!(counted(1_204_388, "span"), "1,204,388 spans");
        assert_eq!(grouped(100), "100");
        for (bytes, text) in
            [(999, "999 B"), (1000, "1.0 kB"), (123_456, "123 kB"), (999_900, "1.0 MB"), (1_270_000_000, "1.3 GB")]
        {
            assert_eq!(bytes_text(bytes), text);
        }
    }
}
