//! Whose time is shown, and which causal edges are believed.

use egui::{RichText, Spinner, Ui};

use super::super::grid::shortened;
use super::super::widgets::segmented;
use crate::analysis::clocks::Evidence;
use crate::app::command::{Command, Queue};
use crate::app::state::State;
use crate::arrange::ClockChoice;

/// Longest name of the reference clock on its button, in characters.
const MOST_CHARS: usize = 16;

/// The groups `Clock` and `Evidence`, for a layout from right to left.
pub fn groups_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let colors = state.theme().theme();
    let plan = &state.session.view.plan;
    let evidence = |level| plan.evidence == level;
    segmented(
        ui,
        colors,
        vec![
            ("Prior", Command::EvidencePrior, evidence(Evidence::Prior)),
            ("Convention", Command::EvidenceConvention, evidence(Evidence::Convention)),
            ("Protocol", Command::EvidenceProtocol, evidence(Evidence::Protocol)),
        ],
        queue,
    );
    ui.label(RichText::new("Evidence").weak().small());
    ui.add_space(6.0);
    let frame = frame_name(state);
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

/// `gateway frame`.
pub fn frame_name(state: &State) -> String {
    let reference = state.known().and_then(|known| known.model.reference());
    let name = reference.zip(state.data.as_ref()).and_then(|(reference, data)| {
        let domain = data.domains.list.get(reference.domain.at())?;
        Some(shortened(&domain.name, MOST_CHARS).into_owned())
    });
    format!("{} frame", name.as_deref().unwrap_or("Reference"))
}
