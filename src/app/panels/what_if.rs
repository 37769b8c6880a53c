//! What if: the banner that says what is held, and the field for an offset.

use egui::{Align2, Frame, Key, Label, Margin, Modal, Modifiers, Panel, RichText, Stroke, TextEdit, Ui};

use super::super::clocks::ClockCommand;
use super::super::command::{Command, Queue};
use super::super::state::State;
use super::super::theme::{bold, size};
use super::findings::edge_ui;
use crate::analysis::clocks::Side;

/// Edges that are named where a clock stops.
const MOST_EDGES: usize = 4;

/// Says that the picture shows what might be, and what keeps the clock from going further.
pub fn banner_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let (Some((what, possible)), Some(held), Some(data)) = (state.what_if_words(), state.held(), &state.data) else {
        return;
    };
    let theme = state.theme().theme();
    let stroke = Stroke::new(1.0, theme.warning);
    let frame = Frame::new().fill(theme.control).stroke(stroke).inner_margin(Margin::symmetric(14, 4));
    Panel::top("what-if").frame(frame).show_separator_line(false).show(ui, |ui| {
        ui.horizontal_wrapped(|ui| {
            let font = bold(size::BODY * state.settings.text_scale);
            ui.label(RichText::new(what).font(font).color(theme.warning));
            ui.label(RichText::new(possible).small());
            let note = "Drag on with Alt held. Raw data stays as it is.";
            if ui.button("Let go (Esc)").on_hover_text(note).clicked() {
                queue.push(Command::Clocks(ClockCommand::LetGo));
            }
            if let Some(stop) = &held.stop {
                let end = if stop.side == Side::Hi {
                    "No farther ahead, because of"
                } else {
                    "No farther behind, because of"
                };
                ui.label(RichText::new(end).small().strong());
                for proof in stop.edges.iter().take(MOST_EDGES) {
                    edge_ui(ui, theme, &data.store, proof, queue);
                }
                if stop.edges.is_empty() {
                    ui.label(RichText::new("the drift that clocks may have").small());
                }
            }
        });
    });
}

/// The field, when an offset is asked for.
pub fn ask_ui(ui: &Ui, state: &State, queue: &mut Queue) {
    let Some(asking) = &state.session.clocks.asking else { return };
    let mut push = |command| queue.push(Command::Clocks(command));
    let area = Modal::default_area(egui::Id::unique("ask-what-if")).anchor(Align2::CENTER_TOP, egui::vec2(0.0, 96.0));
    let modal = Modal::new(egui::Id::unique("ask-what-if")).area(area).show(ui.ctx(), |ui| {
        ui.set_width(380.0 * state.settings.text_scale);
        let heading = ui.label(format!("What if {} is ahead by", state.lane_name(&asking.lane)));
        let is_done = ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter));
        let mut text = asking.typed.clone();
        let field = TextEdit::singleline(&mut text).hint_text("1.2s, -350ms").desired_width(f32::INFINITY);
        let field = ui.add(field).labelled_by(heading.id);
        if field.changed() {
            push(ClockCommand::TypeOffset(text));
        }
        if !ui.memory(|memory| memory.has_focus(field.id)) {
            field.request_focus();
        }
        if let Some(error) = &asking.error {
            ui.label(RichText::new(error).color(state.theme().theme().error));
        }
        let note = "Behind is negative. The other clocks follow as far as messages force them to; nothing of the data changes.";
        ui.add(Label::new(RichText::new(note).small().weak()).wrap());
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            if ui.button("Hold it there").clicked() || is_done {
                push(ClockCommand::TakeOffset);
            }
            if ui.button("Cancel").clicked() {
                push(ClockCommand::AskNothing);
            }
        });
    });
    if modal.backdrop_response.clicked() {
        push(ClockCommand::AskNothing);
    }
}
