//! The plots of the drawer. They draw what `app::plots` prepared, below the bars of the timeline and on the same
//! axis: moving one moves the other.

mod cadence;
mod frame;
mod health;
mod offsets;
mod separations;
mod words;

use egui::Ui;

use super::super::command::Queue;
use super::super::drawer::DrawerTab;
use super::super::state::State;

/// The tab `tab`, one of those with plots.
pub fn plots_ui(ui: &mut Ui, state: &State, tab: DrawerTab, queue: &mut Queue) {
    if tab != DrawerTab::Cadence {
        super::assumed::note_ui(ui, state);
    }
    match tab {
        DrawerTab::Separations => separations::separations_ui(ui, state, queue),
        DrawerTab::Health => health::health_ui(ui, state, queue),
        DrawerTab::Cadence => cadence::cadence_ui(ui, state, queue),
        _ => offsets::offsets_ui(ui, state, queue),
    }
    ui.take_available_space();
}
