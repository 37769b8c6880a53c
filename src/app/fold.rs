//! What bars are coloured and folded by. Each choice is one step of undo.

use std::sync::Arc;

use super::command::Command;
use super::state::State;
use crate::arrange::ColorBy;
use crate::scene::ViewState;

/// The colouring that `command` asks for.
const fn color_of(command: &Command) -> Option<ColorBy> {
    match command {
        Command::ColorByService => Some(ColorBy::Service),
        Command::ColorByAgent => Some(ColorBy::Agent),
        Command::ColorByPhase => Some(ColorBy::Phase),
        Command::ColorByClock => Some(ColorBy::Clock),
        _ => None,
    }
}

/// True when `view` is as `command` asks for.
#[must_use]
pub fn is_chosen(command: &Command, view: &ViewState) -> bool {
    color_of(command).is_some_and(|color| view.lanes.color == color)
}

impl State {
    /// Commands of the table.
    pub(super) fn apply_fold(&mut self, command: &Command) {
        if let Some(color) = color_of(command) {
            Arc::make_mut(&mut self.session.view.lanes).color = color;
            self.end_lane_work();
        }
    }
}
