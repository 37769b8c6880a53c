//! What is assumed about clocks where that is not as usual: the line that says so, and the field for a drift.

use egui::{Align2, Key, Label, Modal, Modifiers, RichText, TextEdit, Ui};

use super::super::assumed::AssumeCommand;
use super::super::command::{Command, Queue};
use super::super::state::State;
use super::widgets::tooltip;
use crate::analysis::clocks::evidence::ppm_text;
use crate::app::command::entry_of;
use crate::arrange::LaneKey;

/// One line with everything that differs from the usual; nothing when nothing does.
pub fn note_ui(ui: &mut Ui, state: &State) {
    let words = state.assumed_words();
    if !words.is_empty() {
        let text = RichText::new(format!("Here {}.", words.join("; "))).small().color(state.theme().theme().warning);
        ui.add(Label::new(text).wrap());
    }
}

/// How fast the clock of `lane` may drift, with ways to change that.
pub fn drift_ui(ui: &mut Ui, state: &State, lane: &LaneKey, queue: &mut Queue) {
    let ppb = state.drift_of_lane_ppb(lane);
    let is_usual = ppb == state.usual_drift_ppb();
    ui.horizontal_wrapped(|ui| {
        let color = if is_usual { state.theme().theme().text_dim } else { state.theme().theme().warning };
        ui.label(RichText::new(format!("Assumed drift: at most {}", ppm_text(ppb))).small().color(color));
        let tip = entry_of(&Command::AssumeDrift).map(|entry| tooltip(ui, entry)).unwrap_or_default();
        if ui.small_button("Change drift…").on_hover_text(tip).clicked() {
            queue.push(Command::Assume(AssumeCommand::AskDrift(lane.clone())));
        }
        if !is_usual && ui.small_button("Usual drift").clicked() {
            queue.push(Command::Assume(AssumeCommand::Drift { lane: lane.clone(), ppb: None }));
        }
    });
}

/// The field, when a drift is asked for.
pub fn ask_ui(ui: &Ui, state: &State, queue: &mut Queue) {
    let Some(asking) = &state.session.clocks.asking_drift else { return };
    let mut push = |command| queue.push(Command::Assume(command));
    let area = Modal::default_area(egui::Id::unique("ask-drift")).anchor(Align2::CENTER_TOP, egui::vec2(0.0, 96.0));
    let modal = Modal::new(egui::Id::unique("ask-drift")).area(area).show(ui.ctx(), |ui| {
        ui.set_width(400.0 * state.settings.text_scale);
        let heading = ui.label(format!("Assumed drift of {} (ppm)", state.lane_name(&asking.lane)));
        let is_done = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
        let mut text = asking.typed.clone();
        let field = TextEdit::singleline(&mut text).hint_text("50").desired_width(f32::INFINITY);
        let field = ui.add(field).labelled_by(heading.id);
        if field.changed() {
            push(AssumeCommand::TypeDrift(text));
        }
        if !ui.memory(|memory| memory.has_focus(field.id)) {
            field.request_focus();
        }
        if let Some(error) = &asking.error {
            ui.label(RichText::new(error).color(state.theme().theme().error));
        }
        let usual = ppm_text(state.usual_drift_ppb());
        let note = format!(
            "How fast this clock may run away from true time. {usual} is usual; more makes bounds wider with the time \
             since the last message, less makes them narrower and may be wrong."
        );
        ui.add(Label::new(RichText::new(note).small().weak()).wrap());
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            if ui.button("Assume it").clicked() || is_done {
                push(AssumeCommand::TakeDrift);
            }
            if ui.button("As usual").clicked() {
                push(AssumeCommand::Drift { lane: asking.lane.clone(), ppb: None });
                push(AssumeCommand::AskNothing);
            }
            if ui.button("Cancel").clicked() {
                push(AssumeCommand::AskNothing);
            }
        });
    });
    if modal.backdrop_response.clicked() {
        push(AssumeCommand::AskNothing);
    }
}
