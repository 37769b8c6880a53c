//! Turns of conversations: what a screen reader and the keyboard get of them, and their cards.

use egui::accesskit::{Action, Role};
use egui::{Key, Rect, RichText, Sense, Ui};

use crate::app::State;
use crate::app::command::{Command, Queue};
use crate::app::conversation::ConversationCommand;
use crate::arrange::TurnTime;
use crate::model::time::duration_text;
use crate::scene::turns::{BreakMark, TurnBand};
use crate::scene::{Scene, count_text};

/// Turns that the keyboard stops at; commands go to all of them.
const MOST_NODES: usize = 60;

/// Focusable places over the turns in view.
pub fn turns_ui(ui: &Ui, rect: Rect, scene: &Scene, state: &State, queue: &mut Queue) {
    let offset = rect.min.to_vec2();
    for band in scene.turns.bands.iter().take(MOST_NODES) {
        let Some(turn) = state.session.view.course.turns.get(band.at as usize) else { continue };
        let place = band.rect.intersect(scene.areas.turns).translate(offset);
        let id = ui.scope_id().with(("turn", band.at));
        // The surface below keeps clicks and drags; the keyboard stops here.
        let response = ui.interact(place, id, Sense::focusable_noninteractive());
        if response.has_focus() {
            let color = scene.theme.theme().selection;
            ui.painter().rect_stroke(place.shrink(1.0), 3, egui::Stroke::new(1.5, color), egui::StrokeKind::Inside);
        }
        ui.ctx().accesskit_node_builder(id, |node| {
            node.set_role(Role::Button);
            node.set_label(label(state, band, turn));
            node.add_action(Action::Click);
        });
        let asked = ui.input(|input| input.has_accesskit_action_request(id, Action::Click));
        let pressed = response.has_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if asked || pressed {
            queue.push(Command::Conversation(ConversationCommand::GoToTurn(band.at)));
        }
    }
}

/// `Turn 2 of c-7f3a, 4.31–4.87 s, at 46 s, 3 failed`.
fn label(state: &State, band: &TurnBand, turn: &TurnTime) -> String {
    let after = duration_text(turn.from_ns.saturating_sub(state.arranged.hull_ns.start));
    if band.count > 1 {
        return format!("{} from {after} on, {} first", count_text(band.count.into(), "turn"), state.turn_name(turn));
    }
    let name = state.turn_name(turn).replacen("turn", "Turn", 1);
    let failed = if turn.failed > 0 { format!(", {} failed", turn.failed) } else { String::new() };
    format!("{name}, {}, at {after}{failed}", turn.length)
}

/// The card of a turn.
pub fn card_ui(ui: &mut Ui, state: &State, at: u32) {
    let Some(turn) = state.session.view.course.turns.get(at as usize) else { return };
    let theme = state.theme().theme();
    ui.label(RichText::new(state.turn_name(turn)).strong());
    let after = duration_text(turn.from_ns.saturating_sub(state.arranged.hull_ns.start));
    ui.label(format!("{}   at {after}", turn.length));
    ui.label(count_text(u64::from(turn.spans), "span"));
    if turn.failed > 0 {
        ui.label(RichText::new(format!("{} failed", turn.failed)).color(theme.error));
    }
    let genai = state.data.as_ref().and_then(|data| data.known_work()).map(|work| &work.genai);
    if let Some(known) = genai.and_then(|genai| genai.turns().get(turn.turn.at())) {
        ui.label(RichText::new(format!("its number is {}", known.confidence)).weak());
    }
    ui.label(RichText::new("a click goes there, a double click zooms to it").weak());
}

/// The card of a stretch that is drawn shorter than it is.
pub fn break_ui(ui: &mut Ui, mark: &BreakMark) {
    ui.label(RichText::new("Nothing happens here").strong());
    ui.label(format!("{}, drawn shorter than it is", mark.length));
}
