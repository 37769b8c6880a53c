//! What lanes are folded by.

use egui::{RichText, Ui};

use super::super::widgets::segmented;
use crate::app::command::{Command, Queue};
use crate::app::state::State;
use crate::arrange::FoldBy;

/// The group `Fold`, for a layout from right to left.
pub fn group_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let choices = choices(state);
    let named = choices.iter().map(|(name, command, is_on)| (name.as_str(), command.clone(), *is_on)).collect();
    segmented(ui, state.theme().theme(), named, queue);
    ui.label(RichText::new("Fold").weak().small());
}

/// What the buttons of the group say.
pub fn names(state: &State) -> Vec<String> {
    choices(state).into_iter().map(|(name, ..)| name).collect()
}

fn choices(state: &State) -> Vec<(String, Command, bool)> {
    let fold = &state.session.view.plan.fold;
    let by = |wanted: &FoldBy| fold.by.as_ref() == Some(wanted);
    let other = fold.by.clone().filter(|by| matches!(by, FoldBy::Turn | FoldBy::Retry | FoldBy::Attr(_)));
    let mut choices = Vec::new();
    if let Some(other) = &other {
        choices.push((other.noun().chars().take(18).collect(), Command::FoldByAttribute, true));
    }
    choices.extend([
        ("Service".to_owned(), Command::FoldByService, by(&FoldBy::Service)),
        ("Phase".to_owned(), Command::FoldByPhase, by(&FoldBy::Phase)),
        ("Agent".to_owned(), Command::FoldByAgent, by(&FoldBy::Agent)),
        ("Off".to_owned(), Command::FoldOff, fold.is_off()),
    ]);
    choices
}
