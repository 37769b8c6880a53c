//! The span's own fields.

use egui::{RichText, Ui};

use super::super::super::command::{Command, Queue};
use super::super::super::theme::link_color;
use super::super::widgets::{counted, grouped};
use super::{Details, name_ui, row_ui};
use crate::model::span::{FLAG_NAMES, otlp_flags};
use crate::model::time::{absolute_text, duration_text};
use crate::model::{Input, SpanFlags, SpanIx, SpanKind, Status, Sym};

/// The fields that matter most, always visible.
pub fn fields_ui(ui: &mut Ui, details: &Details<'_>, span: SpanIx, queue: &mut Queue) {
    ui.spacing_mut().item_spacing.y = 2.0;
    let store = &details.data.store;
    let view = store.span(span);
    let time = |ns: i64, missing: SpanFlags| {
        if view.flags().has(missing) { "not stated".to_owned() } else { absolute_text(ns) }
    };
    if view.status() == Status::Error {
        let message = view.rare().map(|rare| store.text(rare.status_message)).unwrap_or_default();
        let text = if message.is_empty() { "failed, without a message" } else { message };
        let text = RichText::new(super::value::shortened(text, 2000)).color(details.theme.error);
        ui.add(egui::Label::new(text).wrap().selectable(true));
        ui.add_space(2.0);
    }
    row_ui(ui, details, "start (raw)", &time(view.start_ns(), SpanFlags::START_MISSING), queue);
    row_ui(ui, details, "end (raw)", &time(view.end_ns(), SpanFlags::END_MISSING), queue);
    let duration = view.duration_ns().map_or_else(
        || "unknown: a time is missing".to_owned(),
        |ns| format!("{}  ({} ns)", duration_text(ns), signed_grouped(ns)),
    );
    row_ui(ui, details, "duration", &duration, queue);
    let since = details.arranged.layout.extent_ns(span).0.saturating_sub(details.arranged.hull_ns.start);
    row_ui(ui, details, "since first event", &duration_text(since), queue);
    let domain = details.data.domains.of_span.get(span.at()).and_then(|ix| details.data.domains.list.get(ix.at()));
    if let Some(domain) = domain {
        row_ui(ui, details, "clock", &format!("{}  ({})", domain.name, domain.chip), queue);
    }
    let service = store.find_text(&view.resource().attrs, "service.name").unwrap_or("not stated");
    row_ui(ui, details, "service", service, queue);
    if view.kind() != SpanKind::Unspecified {
        row_ui(ui, details, "kind", &view.kind().to_string(), queue);
    }
    row_ui(ui, details, "status", &view.status().to_string(), queue);
    parent_ui(ui, details, span, queue);
    children_ui(ui, details, span, queue);
    let odd: Vec<&str> = FLAG_NAMES
        .iter()
        .filter(|(flag, _)| *flag != SpanFlags::ERROR && view.flags().has(*flag))
        .map(|(_, name)| *name)
        .collect();
    if !odd.is_empty() {
        ui.horizontal_wrapped(|ui| {
            name_ui(ui, details, "noticed");
            ui.label(RichText::new(odd.join(", ")).color(details.theme.warning));
        });
    }
    for &warning in view.rare().map(|rare| rare.warnings.as_slice()).unwrap_or_default() {
        row_ui(ui, details, "server warning", store.text(warning), queue);
    }
}

fn parent_ui(ui: &mut Ui, details: &Details<'_>, span: SpanIx, queue: &mut Queue) {
    let store = &details.data.store;
    let view = store.span(span);
    match view.parent() {
        Some(parent) => jump_ui(ui, details, "parent", parent, queue),
        None if view.parent_id().is_some() => {
            let remote = match otlp_flags::is_remote(view.otlp_flags()) {
                Some(true) => ", in another process",
                Some(false) => ", in the same process",
                None => "",
            };
            let text = format!("{} · not in this workspace{remote}", store.span_id_text(view.parent_id()));
            row_ui(ui, details, "parent", &text, queue);
        }
        None => row_ui(ui, details, "parent", "none: a root", queue),
    }
}

fn children_ui(ui: &mut Ui, details: &Details<'_>, span: SpanIx, queue: &mut Queue) {
    let children = details.data.store.span(span).children();
    match children {
        [] => row_ui(ui, details, "children", "none", queue),
        [first, ..] => {
            let failed =
                children.iter().filter(|child| details.data.store.flags()[child.at()].has(SpanFlags::ERROR)).count();
            let name = counted(children.len() as u64, "span");
            let name = if failed > 0 { format!("{name}, {failed} failed") } else { name };
            jump_named_ui(ui, details, "children", &name, *first, queue);
        }
    }
}

/// A row whose value jumps to `target`.
pub fn jump_ui(ui: &mut Ui, details: &Details<'_>, name: &str, target: SpanIx, queue: &mut Queue) {
    let text = super::value::shortened(details.data.store.span(target).name(), 80);
    jump_named_ui(ui, details, name, &text, target, queue);
}

fn jump_named_ui(ui: &mut Ui, details: &Details<'_>, name: &str, text: &str, target: SpanIx, queue: &mut Queue) {
    ui.horizontal(|ui| {
        name_ui(ui, details, name);
        let link = egui::Link::new(RichText::new(format!("{text} →")).color(link_color(details.theme)));
        if ui.add(link).on_hover_text("Selects it and brings it into view").clicked() {
            queue.push(Command::Reveal(target));
        }
    });
}

/// Resource fields besides its attributes.
pub fn resource_ui(ui: &mut Ui, details: &Details<'_>, span: SpanIx, queue: &mut Queue) {
    let resource = details.data.store.span(span).resource();
    symbol_row(ui, details, "schema URL", resource.schema_url, queue);
    if resource.dropped > 0 {
        row_ui(ui, details, "dropped attributes", &grouped(resource.dropped.into()), queue);
    }
}

/// Scope fields besides its attributes.
pub fn scope_ui(ui: &mut Ui, details: &Details<'_>, span: SpanIx, queue: &mut Queue) {
    let scope = details.data.store.span(span).scope();
    symbol_row(ui, details, "name", scope.name, queue);
    symbol_row(ui, details, "version", scope.version, queue);
    symbol_row(ui, details, "schema URL", scope.schema_url, queue);
    if scope.dropped > 0 {
        row_ui(ui, details, "dropped attributes", &grouped(scope.dropped.into()), queue);
    }
}

fn symbol_row(ui: &mut Ui, details: &Details<'_>, name: &str, value: Sym, queue: &mut Queue) {
    if value != Sym::EMPTY {
        row_ui(ui, details, name, details.data.store.text(value), queue);
    }
}

/// Ids, flags, and where in which file the span stands.
pub fn raw_ui(ui: &mut Ui, details: &Details<'_>, span: SpanIx, queue: &mut Queue) {
    let store = &details.data.store;
    let view = store.span(span);
    row_ui(ui, details, "trace id", &store.trace_id_text(view.trace_id()), queue);
    row_ui(ui, details, "span id", &store.span_id_text(view.id()), queue);
    if view.parent_id().is_some() {
        row_ui(ui, details, "parent span id", &store.span_id_text(view.parent_id()), queue);
    }
    row_ui(ui, details, "start, Unix ns", &view.start_ns().to_string(), queue);
    row_ui(ui, details, "end, Unix ns", &view.end_ns().to_string(), queue);
    let flags = view.otlp_flags();
    let sampled = if flags & otlp_flags::SAMPLED == 0 { "" } else { "  sampled" };
    row_ui(ui, details, "flags", &format!("0x{flags:04x}{sampled}"), queue);
    if let Some(rare) = view.rare() {
        symbol_row(ui, details, "trace state", rare.trace_state, queue);
        for (what, dropped) in ["dropped attributes", "dropped events", "dropped links"].iter().zip(rare.dropped) {
            if dropped > 0 {
                row_ui(ui, details, what, &grouped(dropped.into()), queue);
            }
        }
    }
    let input = store.inputs().get(view.input_ix().at());
    row_ui(ui, details, "file", input.map_or("unknown", |input| input.name.as_str()), queue);
    if let Some(input) = input {
        row_ui(ui, details, "format", input.format, queue);
    }
    let inside = input.map(Input::offset_words).unwrap_or_default();
    row_ui(ui, details, "at byte", &format!("{}{inside}", grouped(view.offset())), queue);
}

fn signed_grouped(ns: i64) -> String {
    let sign = if ns < 0 { "−" } else { "" };
    format!("{sign}{}", grouped(ns.unsigned_abs()))
}
