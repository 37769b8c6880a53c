//! The turns of what is open, to choose one.

use egui::{Label, Link, RichText, ScrollArea, Ui};

use super::super::super::command::Queue;
use super::super::super::people::PeopleCommand;
use super::super::super::theme::link_color;
use super::conversation::totals_text;
use super::{Details, value};
use crate::analysis::genai::{Confidence, GenAi, TurnIx};
use crate::model::TraceStore;
use crate::scene::Work;

/// Turns that are listed; more are counted.
const MOST_LISTED: usize = 500;

/// One link per turn.
pub fn turns_ui(ui: &mut Ui, details: &Details<'_>, work: &Work, queue: &mut Queue) {
    let turns = work.genai.turns();
    ui.add_space(4.0);
    ScrollArea::vertical().auto_shrink(false).id_salt("turns").show(ui, |ui| {
        for (at, turn) in turns.iter().take(MOST_LISTED).enumerate() {
            let ix = TurnIx::from_usize(at);
            let link = Link::new(
                RichText::new(turn_name(&details.data.store, &work.genai, ix)).color(link_color(details.theme)),
            );
            if ui.add(link).on_hover_text("Goes to where it begins").clicked() {
                queue.push(PeopleCommand::Turn(ix).into());
            }
            let course = &details.arranged.course;
            let length = course.position(ix).map(|at| format!("{} · ", course.turns[at].length)).unwrap_or_default();
            let text = RichText::new(format!("{length}{}", totals_text(&turn.totals, None))).small().weak();
            ui.add(Label::new(text).truncate());
        }
        if turns.len() > MOST_LISTED {
            ui.label(RichText::new(format!("and {} more", turns.len() - MOST_LISTED)).weak());
        }
    });
}

/// `Turn 3 · c-7f3a`; a counted number is one that the data does not state. Where several services count the turns of
/// one conversation, each in traces of its own, the name says whose count it is: nothing says which belong together.
pub fn turn_name(store: &TraceStore, genai: &GenAi, ix: TurnIx) -> String {
    let Some(turn) = genai.turns().get(ix.at()) else { return String::new() };
    let number = match turn.confidence {
        Confidence::Stated => turn.number.clone(),
        _ => format!("{} (counted)", turn.number),
    };
    let number = value::shortened(&number, 40);
    let whose = genai.counted_by(store, ix);
    let whose = whose.map_or_else(String::new, |service| format!(" · by {}", value::shortened(service, 40)));
    match turn.conversation.and_then(|of| genai.conversations().get(of.at())) {
        Some(conversation) => format!("Turn {number} · {}{whose}", value::shortened(&conversation.id, 60)),
        None => format!("Turn {number} · no conversation id{whose}"),
    }
}
