//! Turns of conversations: what a screen reader and the keyboard get of them, and their cards.

use egui::accesskit::{Action, Role};
use egui::{Key, Rect, RichText, Sense, Ui};

use crate::analysis::why::Explained;
use crate::app::State;
use crate::app::command::{Command, Queue};
use crate::app::conversation::ConversationCommand;
use crate::app::people::PeopleCommand;
use crate::app::workspace::Workspace;
use crate::arrange::{TieKind, TurnTime};
use crate::model::SpanIx;
use crate::model::time::duration_text;
use crate::scene::turns::{BreakMark, TurnBand};
use crate::scene::{Hit, Scene, count_text, grouped};

/// Turns that the keyboard stops at; commands go to all of them.
const MOST_NODES: usize = 60;
/// Width of a card with a sentence, in points.
const MOST_WIDTH: f32 = 440.0;

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

/// Asks why the turn below the pointer took so long.
pub fn explain(state: &State, hit: Hit, queue: &mut Queue) {
    let Hit::Turn(at) = hit else { return };
    let Some(turn) = state.session.view.course.turns.get(at as usize).map(|turn| turn.turn) else { return };
    if state.session.people.whys.hovered() != Some(turn) {
        queue.push(PeopleCommand::Explain(turn).into());
    }
}

/// The card of a turn.
pub fn card_ui(ui: &mut Ui, state: &State, at: u32) {
    let Some(turn) = state.session.view.course.turns.get(at as usize) else { return };
    let theme = state.theme().theme();
    ui.label(RichText::new(state.turn_name(turn)).strong());
    let after = duration_text(turn.from_ns.saturating_sub(state.arranged.hull_ns.start));
    ui.label(format!("{}   at {after}", turn.length));
    if let Some(why) = state.session.people.whys.of(Explained::Turn(turn.turn)).flatten() {
        ui.set_max_width(MOST_WIDTH);
        ui.label(why.sentence());
    }
    match &turn.question {
        Some(question) if state.session.view.with_contents => drop(ui.label(format!("“{question}”"))),
        Some(_) => drop(ui.label(RichText::new("what was said is folded").weak())),
        None => {}
    }
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

/// The card of pieces of a streamed answer: which, how long after the one before, and whether that is usual.
pub fn pieces_ui(ui: &mut Ui, data: &Workspace, state: &State, span: SpanIx, first: u32, count: u32) {
    let Some(work) = data.known_work() else { return };
    let Some(stream) = work.genai.stream(&data.store, span) else { return };
    let (times, theme) = (stream.times_ns, state.theme().theme());
    let Some(&at) = times.get(first as usize) else { return };
    let all = grouped(times.len() as u64);
    let number = u64::from(first) + 1;
    let name = match count {
        1 => format!("Piece {} of {all}", grouped(number)),
        _ => format!("Pieces {}–{} of {all}", grouped(number), grouped(number + u64::from(count) - 1)),
    };
    ui.label(RichText::new(name).strong());
    let start = data.store.span(span).drawn_ns().0;
    ui.label(format!("{} after the call began, on its own clock", duration_text(at.saturating_sub(start))));
    if let Some(before) = (first as usize).checked_sub(1).and_then(|before| times.get(before)) {
        let gap = at.saturating_sub(*before);
        let text =
            format!("{} after the piece before · usually {}", duration_text(gap), duration_text(stream.usual_gap_ns));
        let color = if work.is_stall(&stream, gap) { theme.warning } else { theme.text };
        ui.label(RichText::new(text).color(color));
    }
    if count > 1 {
        ui.label(RichText::new("they share these pixels; zoom in to tell them apart").weak());
    }
    if stream.dropped > 0 {
        let text = format!(
            "{} of its span were dropped: earlier pieces may be missing",
            count_text(stream.dropped.into(), "event")
        );
        ui.label(RichText::new(text).color(theme.warning));
    }
}

/// The card of a proposal: where it leads, how sure it is and why.
pub fn tie_ui(ui: &mut Ui, data: &Workspace, state: &State, at: u32, time: Option<&str>) {
    let Some(tie) = state.session.view.course.ties.get(at as usize) else { return };
    let TieKind::Stitch { at, keys } = &tie.kind else { return };
    let Some(stitch) = data.known_work().and_then(|work| work.genai.stitches().get(*at as usize)) else { return };
    let name = |span: SpanIx| data.store.span(span).name().chars().take(80).collect::<String>();
    ui.label(RichText::new(format!("{} may belong below {}", name(stitch.root), name(stitch.under))).strong());
    ui.label(format!("{} of 100: {}", stitch.score, stitch.evidence));
    if let Some(time) = time.filter(|time| !time.is_empty()) {
        ui.label(time);
    }
    let verdict = state.session.view.lanes.conversation.verdict(&keys[0], &keys[1]);
    let text = match verdict {
        Some(_) => "accepted by you; still no parent",
        None => "a proposal, no parent; a click selects it, Details accepts or rejects it",
    };
    ui.label(RichText::new(text).weak());
}
