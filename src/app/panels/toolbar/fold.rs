//! What lanes are folded by.

use egui::{RichText, Ui};

use super::super::widgets::segmented;
use crate::app::command::{Command, Queue};
use crate::app::state::State;
use crate::arrange::FoldBy;

/// The group `Fold`, for a layout from right to left.
pub fn group_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let fold = &state.session.view.plan.fold;
    let by = |wanted: &FoldBy| fold.by.as_ref() == Some(wanted);
    let other = fold.by.clone().filter(|by| matches!(by, FoldBy::Turn | FoldBy::Retry | FoldBy::Attr(_)));
    let mut choices = Vec::new();
    let name = other.as_ref().map(|by| by.noun().chars().take(18).collect::<String>());
    if let Some(name) = &name {
        choices.push((name.as_str(), Command::FoldByAttribute, true));
    }
    choices.extend([
        ("Service", Command::FoldByService, by(&FoldBy::Service)),
        ("Phase", Command::FoldByPhase, by(&FoldBy::Phase)),
        ("Agent", Command::FoldByAgent, by(&FoldBy::Agent)),
        ("Off", Command::FoldOff, fold.is_off()),
    ]);
    segmented(ui, state.theme().theme(), choices, queue);
    ui.label(RichText::new("Fold").weak().small());
}
