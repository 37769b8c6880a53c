//! Why the offset of a clock is what it is: the messages that set each end of its bounds, each a way to its spans.

use egui::{Align, Button, Label, Layout, RichText, ScrollArea, Ui};

use super::super::clocks::ClockCommand;
use super::super::command::{Command, Queue};
use super::super::state::State;
use super::super::theme::{bold, size};
use super::findings::edge_ui;
use crate::analysis::clocks::{Proof, Side};
use crate::arrange::clock_lane_key;
use crate::model::time::absolute_text;

/// Edges listed for one end.
const MOST_EDGES: usize = 40;

/// The list, when bounds are explained.
pub fn why_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let (Some(why), Some(data), Some(known)) = (state.session.view.why, &state.data, state.known()) else { return };
    let theme = state.theme().theme();
    let scale = state.settings.text_scale;
    let name = data.domains.list.get(why.domain.at()).map_or("", |domain| domain.name.as_str());
    let offset = known.model.offset(why.domain, why.at_ns);
    ui.horizontal(|ui| {
        let title = RichText::new(format!("Why {name}: {}", offset.words())).font(bold(size::BODY * scale));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let close = ui.add(Button::new(RichText::new("✕").small()).frame_when_inactive(false));
            close.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Close the reasons"));
            if close.on_hover_text("Explains no bound any more  (Esc)").clicked() {
                queue.push(Command::Clocks(ClockCommand::Why(None)));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| ui.add(Label::new(title).truncate()));
        });
    });
    super::assumed::note_ui(ui, state);
    if let Some(lane) = clock_lane_key(&data.domains, why.domain) {
        super::assumed::drift_ui(ui, state, &lane, queue);
    }
    let [lo, hi] = [Side::Lo, Side::Hi].map(|side| known.model.why(why.domain, why.at_ns, side));
    if lo.is_empty() && hi.is_empty() {
        ui.label(RichText::new(nothing(state, why.domain)).small().weak());
        return;
    }
    let room = (ui.available_height() * 0.5).max(80.0 * scale);
    ScrollArea::vertical().id_salt("why").max_height(room).auto_shrink([false, true]).show(ui, |ui| {
        for (end, edges) in [("No farther behind, because", lo), ("No farther ahead, because", hi)] {
            if edges.is_empty() {
                continue;
            }
            ui.add_space(2.0);
            ui.label(RichText::new(end).small().strong());
            for (at, proof) in edges.iter().take(MOST_EDGES).enumerate() {
                ui.push_id((end, at), |ui| reason_ui(ui, state, proof, queue));
            }
            if edges.len() > MOST_EDGES {
                let rest = super::widgets::counted((edges.len() - MOST_EDGES) as u64, "more message");
                ui.label(RichText::new(format!("and {rest}")).small().weak());
            }
        }
        ui.label(
            RichText::new("Drift of the clocks between these messages adds to it.").small().color(theme.text_faint),
        );
    });
    ui.add_space(6.0);
}

fn nothing(state: &State, domain: crate::model::DomainIx) -> &'static str {
    let reference = state.known().and_then(|known| known.model.reference());
    if reference.is_some_and(|reference| reference.domain == domain) {
        "It is the reference clock: the others are drawn against it."
    } else {
        "No message connects it with the reference clock."
    }
}

/// One message: its events, the rule with its strength, and both raw times.
fn reason_ui(ui: &mut Ui, state: &State, proof: &Proof, queue: &mut Queue) {
    let (Some(data), theme) = (&state.data, state.theme().theme()) else { return };
    edge_ui(ui, theme, &data.store, proof, queue);
    let rule = format!("{} · {}", proof.cause.rule.words(), proof.cause.rule.strength());
    ui.add(Label::new(RichText::new(rule).small().color(theme.text_dim)).wrap());
    let [from, to] = [proof.from_ns, proof.to_ns].map(|at| absolute_text(at).get(11..).unwrap_or_default().to_owned());
    ui.add(Label::new(RichText::new(format!("{from} → {to}")).small().monospace().color(theme.text_faint)).wrap());
}
