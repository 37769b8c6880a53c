//! What was derived from a span of an AI conversation: each value with where it was read and how sure that is.

use egui::{Label, RichText, Sense, Ui};

use super::super::super::command::{Command, Queue};
use super::super::widgets::grouped;
use super::{Details, name_ui, section, value};
use crate::analysis::genai::{Confidence, Datum, Field, GenAi, Known, Origin, PhasePart};
use crate::model::SpanIx;
use crate::model::time::{absolute_text, duration_text};

/// A derived value and where it comes from.
struct Derived {
    name: String,
    value: String,
    source: String,
    confidence: Confidence,
}

/// Draws what is known besides the attributes; nothing for spans that have nothing to do with AI.
pub fn derived_ui(ui: &mut Ui, details: &Details<'_>, span: SpanIx, queue: &mut Queue) {
    let Some(genai) = details.data.known_work().map(|work| &work.genai) else { return };
    let rows = rows(details, genai, span);
    section(ui, "Derived", rows.len(), true, |ui| {
        for row in &rows {
            row_ui(ui, details, row, queue);
        }
    });
    let parts: Vec<Derived> = genai.phases(span).iter().map(part).collect();
    section(ui, "Parts", parts.len(), true, |ui| {
        for row in &parts {
            row_ui(ui, details, row, queue);
        }
    });
}

fn rows(details: &Details<'_>, genai: &GenAi, span: SpanIx) -> Vec<Derived> {
    let store = &details.data.store;
    let Some(call) = genai.call(store, span) else { return Vec::new() };
    let mut rows = Vec::new();
    let mut add = |name: &str, value: String, source: &str, confidence| {
        rows.push(Derived { name: name.to_owned(), value, source: source.to_owned(), confidence });
    };
    if let Some(agent) = genai.agent_of(span).and_then(|ix| genai.agents().get(ix.at())) {
        add("agent", agent.name.clone(), &agent.source, agent.confidence);
    }
    if let Some(of) = genai.conversation_of(span).and_then(|ix| genai.conversations().get(ix.at())) {
        add("conversation", of.id.clone(), &of.source, of.confidence);
    }
    if let Some(turn) = genai.turn_of(span).and_then(|ix| genai.turns().get(ix.at())) {
        let source = if turn.confidence == Confidence::Stated { "its number" } else { "counted from the roots" };
        add("turn", turn.number.clone(), source, turn.confidence);
    }
    let kind = call.get(Field::Kind);
    let source = kind.map_or_else(|| "its name or what it states".to_owned(), described);
    add("kind of work", call.role.to_string(), &source, kind.map_or(Confidence::Inferred, |known| known.confidence));
    add("time spent on", genai.phase_of(span).label().to_owned(), "the kind of work", Confidence::Inferred);
    if let Some((ns, source, confidence)) = call.ttft() {
        add("first token after", duration_text(ns), source, confidence);
    }
    // Above already, or in words of its own.
    let told =
        [Field::Kind, Field::AgentName, Field::AgentEntity, Field::Conversation, Field::Ttft, Field::FirstTokenAt];
    for known in call.known.iter().filter(|known| !told.contains(&known.field)) {
        add(&known.field.name().replace('_', " "), value_text(known), &described(known), known.confidence);
    }
    rows
}

fn described(known: &Known) -> String {
    format!("{} ({})", known.source, known.convention)
}

fn value_text(known: &Known) -> String {
    match (known.field, known.datum) {
        // Contents are read in the conversation, where they are folded.
        (Field::SystemPrompt | Field::ToolDefinitions | Field::AskedTools, _) => {
            format!("{} characters", grouped(known.text.chars().count() as u64))
        }
        (Field::Cost, Datum::Number { value, .. }) => format!("${value:.6}").trim_end_matches('0').to_owned(),
        (_, Datum::Ns(ns)) => duration_text(ns),
        (_, Datum::At(at_ns)) => absolute_text(at_ns),
        (_, Datum::Int(int)) if int >= 0 => grouped(int.unsigned_abs()),
        _ => known.text.clone(),
    }
}

fn part(part: &PhasePart) -> Derived {
    let (source, confidence) = match part.origin {
        Origin::Real => ("spans or events of its own".to_owned(), Confidence::Stated),
        Origin::Derived(rule) => {
            let place = if rule.is_place_assumed { ", its place inside is assumed" } else { "" };
            (format!("{}{place}", rule.field.name().replace('_', " ")), rule.confidence.max(Confidence::Assumed))
        }
        Origin::Unaccounted => ("what nothing accounts for".to_owned(), Confidence::Inferred),
    };
    let outside = if part.is_outside { ", reaches beyond the span" } else { "" };
    let value = format!("{}  {}{outside}", duration_text(part.duration_ns()), part.origin.name());
    Derived { name: part.phase.label().to_owned(), value, source, confidence }
}

/// A row that says where its value comes from: on hover in full, beside it when it is not simply stated.
fn row_ui(ui: &mut Ui, details: &Details<'_>, row: &Derived, queue: &mut Queue) {
    let is_match = |text: &str| value::contains_lower(text, &details.filter);
    if !details.filter.is_empty() && ![&row.name, &row.value, &row.source].into_iter().any(|text| is_match(text)) {
        return;
    }
    ui.horizontal(|ui| {
        name_ui(ui, details, &row.name);
        let text = RichText::new(value::shortened(&row.value, 400)).monospace();
        let mut job = egui::text::LayoutJob::default();
        text.append_to(&mut job, ui.style(), egui::FontSelection::Default, egui::Align::Center);
        if row.confidence != Confidence::Stated {
            let doubt = RichText::new(format!("  {}", row.confidence)).small().italics().color(details.theme.warning);
            doubt.append_to(&mut job, ui.style(), egui::FontSelection::Default, egui::Align::Center);
        }
        let response = ui.add(Label::new(job).wrap().sense(Sense::click())).on_hover_cursor(egui::CursorIcon::Copy);
        let tip = format!("from {}\n{}\nClick to copy", row.source, row.confidence);
        if response.on_hover_text(tip).clicked() {
            queue.push(Command::CopyText { what: row.name.clone(), text: row.value.clone() });
        }
    });
}
