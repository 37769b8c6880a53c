//! The list of diagnostics: severity, code, count, what it means, what to do, and the first places.

use std::borrow::Cow;
use std::fmt::Write as _;

use egui::{Align, Color32, Frame, Label, Layout, Link, Margin, RichText, ScrollArea, Ui};

use super::super::command::{Command, Queue};
use super::super::search::SearchCommand;
use super::super::state::State;
use super::super::theme;
use super::super::workspace::Workspace;
use super::grid::shortened;
use super::widgets::{counted, grouped};
use crate::analysis::search::{Query, Term, TextTest};
use crate::model::diagnostics::Entry;
use crate::model::span::FLAG_NAMES;
use crate::model::{Code, Input, Place, Severity};
use crate::scene::Theme;

/// The tab.
pub fn diagnostics_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let Some(data) = &state.data else { return };
    let theme = state.theme().theme();
    let entries = data.diagnostics.entries();
    ui.horizontal(|ui| {
        let about = "What was odd in the files. Nothing was left out without being counted here.";
        ui.label(RichText::new(about).weak());
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let is_empty = entries.is_empty() && data.failures.is_empty();
            let copy = ui.add_enabled(!is_empty, egui::Button::new("Copy diagnostics"));
            if copy.on_hover_text("All of this as text, for a bug report").clicked() {
                queue.push(Command::CopyText { what: "the diagnostics".to_owned(), text: as_text(data) });
            }
        });
    });
    ui.add_space(4.0);
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        for failure in &data.failures {
            ui.horizontal_wrapped(|ui| {
                chip_ui(ui, theme, "not read", theme.error);
                ui.label(failure);
            });
            ui.add_space(8.0);
        }
        if entries.is_empty() && data.failures.is_empty() {
            ui.label("Nothing: every span was read as it stands.");
        }
        for (code, entry) in entries {
            entry_ui(ui, theme, data, code, entry, queue);
        }
        super::widgets::follow_focus(ui);
    });
}

const fn color_of(severity: Severity, theme: &Theme) -> Color32 {
    match severity {
        Severity::Notice => theme.text_dim,
        Severity::Warning => theme.warning,
        Severity::Error => theme.error,
    }
}

fn chip_ui(ui: &mut Ui, theme: &Theme, text: &str, color: Color32) {
    let frame = Frame::new().fill(theme.control).corner_radius(8).inner_margin(Margin::symmetric(7, 1));
    frame.show(ui, |ui| ui.label(RichText::new(text).color(color).small()));
}

fn entry_ui(ui: &mut Ui, theme: &Theme, data: &Workspace, code: Code, entry: &Entry, queue: &mut Queue) {
    ui.horizontal(|ui| {
        chip_ui(ui, theme, &code.severity().to_string(), color_of(code.severity(), theme));
        ui.label(RichText::new(code.to_string()).monospace().strong());
        ui.label(RichText::new(format!("× {}", grouped(entry.count))).strong());
        if let Some(query) = query_of(code) {
            let find = ui.small_button(format!("Find {}", counted(entry.count, "span")));
            if find.on_hover_text("Searches for the spans that carry this").clicked() {
                queue.push(Command::Search(SearchCommand::Set(query.to_string())));
            }
        }
    });
    ui.indent(code.to_string(), |ui| {
        ui.label(code.meaning());
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            ui.label(RichText::new("What to do:").color(theme.text_dim));
            ui.label(code.remedy());
        });
        for (at, place) in entry.places.iter().enumerate() {
            ui.push_id(at, |ui| place_ui(ui, theme, data, place, queue));
        }
        let more = entry.count.saturating_sub(entry.places.len() as u64);
        if more > 0 && !entry.places.is_empty() {
            ui.label(RichText::new(format!("and {} more", grouped(more))).weak().small());
        }
    });
    ui.add_space(8.0);
}

/// The search that finds the spans with a diagnostic, where they carry a flag.
fn query_of(code: Code) -> Option<Query> {
    let flag = code.flag()?;
    let (_, name) = FLAG_NAMES.iter().find(|(of, _)| *of == flag)?;
    Some(Query::of(Term::Flag(TextTest::Equals((*name).to_owned()))))
}

fn place_ui(ui: &mut Ui, theme: &Theme, data: &Workspace, place: &Place, queue: &mut Queue) {
    ui.horizontal(|ui| {
        if let Some(found) = data.span_at.get(&(place.input, place.offset)) {
            let span = data.store.span(found.span);
            let name = if span.name().is_empty() { Cow::Borrowed("(no name)") } else { shortened(span.name(), 60) };
            let text = if found.is_exact { name.into_owned() } else { format!("in or after {name}") };
            let link = ui.add(Link::new(RichText::new(text).color(theme::link_color(theme))));
            if link.on_hover_text("Selects the span and brings it into view").clicked() {
                queue.push(Command::Reveal(found.span));
            }
        }
        let text = RichText::new(place_text(data, place)).monospace().weak();
        ui.add(Label::new(text).selectable(true).truncate());
    });
}

fn place_text(data: &Workspace, place: &Place) -> String {
    let input = data.store.inputs().get(place.input.at());
    let name = input.map_or("?", |input| input.name.as_str());
    let file = std::path::Path::new(name).file_name().map_or_else(|| name.into(), |name| name.to_string_lossy());
    let inside = input.map(Input::offset_words).unwrap_or_default();
    format!("{file}, byte {}{inside}  {}", grouped(place.offset), shortened(&place.detail, 160))
}

/// Everything as plain text.
fn as_text(data: &Workspace) -> String {
    let mut text = String::new();
    for failure in &data.failures {
        let _ = writeln!(text, "error: not read: {failure}");
    }
    for (code, entry) in data.diagnostics.entries() {
        let _ = writeln!(text, "{}: {code} x {}: {}", code.severity(), entry.count, code.meaning());
        for place in &entry.places {
            let _ = writeln!(text, "    {}", place_text(data, place));
        }
    }
    text
}
