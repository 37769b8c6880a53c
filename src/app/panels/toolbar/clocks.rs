//! Whose time is shown, and which causal edges are believed.

use egui::{RichText, Spinner, Ui};

use super::super::grid::shortened;
use super::super::widgets::segmented;
use crate::analysis::clocks::Evidence;
use crate::app::command::{Command, Queue};
use crate::app::drawer::{DrawerCommand, DrawerTab};
use crate::app::state::State;
use crate::arrange::ClockChoice;

/// Which edges are believed, right to left.
pub const EVIDENCE: [(&str, Command, Evidence); 3] = [
    ("Prior", Command::EvidencePrior, Evidence::Prior),
    ("Convention", Command::EvidenceConvention, Evidence::Convention),
    ("Protocol", Command::EvidenceProtocol, Evidence::Protocol),
];

/// The group `Evidence`, for a layout from right to left.
pub fn evidence_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let now = state.session.view.plan.evidence;
    let choices = EVIDENCE.into_iter().map(|(name, command, level)| (name, command, level == now)).collect();
    segmented(ui, state.theme().theme(), choices, queue);
    ui.label(RichText::new("Evidence").weak().small());
}

/// The group `Clock`, for a layout from right to left; the reference is named in at most `most_chars` characters.
pub fn clock_ui(ui: &mut Ui, state: &State, most_chars: usize, queue: &mut Queue) {
    let (colors, plan) = (state.theme().theme(), &state.session.view.plan);
    let frame = frame_name(state, most_chars);
    let is_frame = plan.clock == ClockChoice::Frame;
    segmented(
        ui,
        colors,
        vec![(frame.as_str(), Command::ClockFrame, is_frame), ("Raw", Command::ClockRaw, !is_frame)],
        queue,
    );
    if state.is_analysing()
        || state.session.arranging.as_ref().is_some_and(super::super::super::arranging::Arranging::is_slow)
    {
        let text = if state.is_analysing() { "analysing clocks" } else { "working" };
        ui.add(Spinner::new().size(12.0)).on_hover_text(text);
    }
    ui.label(RichText::new("Clock").weak().small());
}

/// What is assumed that is not usual, as a way to the list of it; for a layout from right to left.
pub fn assumed_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let Some(words) = state.assumed_chip() else { return };
    let color = state.theme().theme().warning;
    let button = ui.add(egui::Button::new(RichText::new(&words).color(color)));
    let mut tip = state.assumed_words();
    tip.push("Click for the list; Usual assumptions in the menu Clocks takes all of it back.".to_owned());
    if button.on_hover_text(tip.join("\n")).clicked() {
        queue.push(Command::Drawer(DrawerCommand::Show(DrawerTab::Evidence)));
    }
}

/// `gateway frame`, of the name at most `most_chars` characters.
pub fn frame_name(state: &State, most_chars: usize) -> String {
    let reference = state.known().and_then(|known| known.model.reference());
    let name = reference.zip(state.data.as_ref()).and_then(|(reference, data)| {
        let domain = data.domains.list.get(reference.domain.at())?;
        Some(shortened(&domain.name, most_chars).into_owned())
    });
    format!("{} frame", name.as_deref().unwrap_or("Reference"))
}
