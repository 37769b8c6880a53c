//! What led to an answer, link by link: solid where the data states it, dashed where it is a conclusion.

use egui::{Label, RichText, ScrollArea, Sense, Stroke, Ui, vec2};

use super::super::super::command::{Command, Queue};
use super::super::super::state::State;
use super::super::super::theme::{self, link_color};
use super::super::widgets::counted;
use super::turns::turns_ui;
use super::{Details, value};
use crate::analysis::genai::{Confidence, Role};
use crate::analysis::reading::{Attribution, Link};

/// The tab.
pub fn attribution_ui(ui: &mut Ui, details: &Details<'_>, state: &State, queue: &mut Queue) {
    let Some(work) = details.data.known_work() else { return };
    let Some(turn) = state.turn_looked_at() else {
        let text = match state.looked_at() {
            None => "Select a model call to see what led to its answer, or a turn for its last answer:",
            Some(_) => "This span belongs to no turn of a conversation. These are the turns:",
        };
        ui.add(Label::new(RichText::new(text).weak()).wrap());
        return turns_ui(ui, details, work, queue);
    };
    let Some(shown) = state.session.people.reading_of(turn) else {
        ui.label(RichText::new("Looking for what led to the answer…").weak());
        return;
    };
    let Some(attribution) = &shown.attribution else {
        let text = "No model call of this turn gave an answer that could be traced.";
        ui.add(Label::new(RichText::new(text).weak()).wrap());
        return;
    };
    let is_own = state.looked_at() == Some(attribution.answer) && work.genai.role_of(attribution.answer) == Role::Model;
    head_ui(ui, details, attribution, is_own, queue);
    ScrollArea::vertical().auto_shrink(false).id_salt("attribution").show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        let mut last = None;
        for link in &attribution.links {
            let is_first = last.replace(link.kind) != Some(link.kind);
            link_ui(ui, details, link, is_first, queue);
        }
        if attribution.more > 0 {
            ui.label(RichText::new(format!("and {}", counted(attribution.more, "more link"))).weak());
        }
    });
}

/// Which answer, and how much of what should be known about it is.
fn head_ui(ui: &mut Ui, details: &Details<'_>, attribution: &Attribution, is_own: bool, queue: &mut Queue) {
    let name = value::shortened(details.data.store.span(attribution.answer).name(), 120);
    let lead = if is_own { "What led to the answer of" } else { "What led to the turn's last answer, of" };
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        ui.label(RichText::new(lead).font(theme::bold(theme::size::BODY * details.scale)));
        let link = egui::Link::new(RichText::new(format!("{name} →")).color(link_color(details.theme)));
        if ui.add(link).on_hover_text("Selects it and brings it into view").clicked() {
            queue.push(Command::Reveal(attribution.answer));
        }
    });
    let (known, wanted) = attribution.score();
    let color = if known == wanted { details.theme.text_dim } else { details.theme.warning };
    let text = format!("{known} of {wanted} known: prompt version, model that answered, agent version");
    ui.add(Label::new(RichText::new(text).small().color(color)).wrap());
    ui.add_space(4.0);
}

fn link_ui(ui: &mut Ui, details: &Details<'_>, link: &Link, is_first: bool, queue: &mut Queue) {
    let theme = details.theme;
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        mark_ui(ui, details, link);
        let width = 106.0 * details.scale;
        ui.allocate_ui(vec2(width, 14.0 * details.scale), |ui| {
            ui.set_min_width(width);
            let label = if is_first { link.kind.label() } else { "" };
            ui.add(Label::new(RichText::new(label).color(theme.text_dim)).truncate());
        });
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            if !link.is_recorded() {
                ui.label(RichText::new("not recorded").italics().color(theme.warning));
                return;
            }
            let text = RichText::new(value::shortened(&link.text, 200));
            let text = if link.is_solid() { text } else { text.italics() };
            match link.span {
                Some(span) => {
                    let response = ui.add(egui::Link::new(text.color(link_color(theme))));
                    if response.on_hover_text("Selects the span that shows it").clicked() {
                        queue.push(Command::Reveal(span));
                    }
                }
                None => {
                    ui.add(Label::new(text.color(theme.text)).wrap().selectable(true));
                }
            }
            let how = if link.is_solid() { "" } else { "inferred · " };
            let doubt = if link.confidence == Confidence::Assumed { " · assumed" } else { "" };
            let text = format!("{how}{}{doubt}", value::shortened(&link.source, 200));
            ui.add(Label::new(RichText::new(text).small().color(theme.text_faint)).wrap());
        });
    });
}

/// A piece of line: solid, dashed, or none where nothing is recorded.
fn mark_ui(ui: &mut Ui, details: &Details<'_>, link: &Link) {
    let (rect, _) = ui.allocate_exact_size(vec2(14.0, 16.0) * details.scale, Sense::hover());
    let stroke = Stroke::new(2.0, if link.is_solid() { details.theme.accent } else { details.theme.text_faint });
    let y = rect.center().y;
    if link.is_solid() {
        ui.painter().hline(rect.x_range(), y, stroke);
    } else if link.is_recorded() {
        let ends = [egui::pos2(rect.left(), y), egui::pos2(rect.right(), y)];
        ui.painter().extend(egui::Shape::dashed_line(&ends, stroke, 3.0, 2.5));
    }
}
