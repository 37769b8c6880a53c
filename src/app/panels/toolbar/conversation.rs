//! Idle time as long as it is, or shortened.

use egui::{Button, RichText, Ui};

use super::super::widgets::tooltip;
use crate::app::command::{Command, Queue, entry_of};
use crate::app::state::State;

/// What the switch says.
pub const NAME: &str = "Shorten idle";

/// True when there is anything to shorten.
pub fn is_needed(state: &State) -> bool {
    !state.session.view.course.axis.cuts().is_empty()
}

/// The switch, where there is anything to shorten.
pub fn switch_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    if !is_needed(state) {
        return;
    }
    let (theme, is_on) = (state.theme().theme(), state.session.view.lanes.conversation.shorten_idle);
    let color = if is_on { theme.on_accent } else { theme.text };
    let tip = entry_of(&Command::ShortenIdle).map(|entry| tooltip(ui, entry)).unwrap_or_default();
    let button = Button::selectable(is_on, RichText::new(NAME).color(color)).frame_when_inactive(true);
    if ui.add(button).on_hover_text(tip).clicked() {
        queue.push(Command::ShortenIdle);
    }
}
