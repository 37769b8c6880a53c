//! Several selected spans: how much time they take, added up and together.

use egui::{Link, RichText, ScrollArea, Ui};

use super::super::super::command::{Command, Queue};
use super::super::super::state::State;
use super::super::super::theme;
use super::super::widgets::{counted, grouped};
use super::{Details, row_ui};
use crate::analysis::selection::Selection;
use crate::model::time::duration_text;
use crate::model::{SpanFlags, SpanIx};

/// Spans listed at most.
const MOST_LISTED: usize = 200;

/// Draws the sums and the list.
pub fn many_ui(ui: &mut Ui, details: &Details<'_>, spans: &[SpanIx], state: &State, queue: &mut Queue) {
    let store = &details.data.store;
    let domains = &details.data.domains;
    let title = format!("{} selected", counted(spans.len() as u64, "span"));
    ui.label(RichText::new(title).font(theme::bold(theme::size::TITLE * details.scale)));
    ui.add_space(4.0);
    let measured = Selection::measure(store, domains, spans.iter().copied());
    let unfiltered = Details { filter: String::new(), ..*details };
    row_ui(ui, &unfiltered, "sum of durations", &sum_text(measured.sum_ns), queue);
    if measured.without_duration > 0 {
        row_ui(ui, &unfiltered, "without duration", &grouped(measured.without_duration), queue);
    }
    let failed = spans.iter().filter(|span| store.flags()[span.at()].has(SpanFlags::ERROR)).count();
    if failed > 0 {
        row_ui(ui, &unfiltered, "failed", &grouped(failed as u64), queue);
    }
    if let [only] = measured.clocks.as_slice() {
        row_ui(ui, &unfiltered, "busy (union)", &duration_text(only.union_ns), queue);
        row_ui(ui, &unfiltered, "wall, first to last", &duration_text(only.wall_ns), queue);
    } else {
        ui.add_space(4.0);
        ui.label(RichText::new("They lie on different clocks, so busy and wall time are given for each:").weak());
        for clock in &measured.clocks {
            let name = domains.list.get(clock.domain.at()).map_or("unknown", |domain| domain.name.as_str());
            let text = format!(
                "{} busy of {} wall, {}",
                duration_text(clock.union_ns),
                duration_text(clock.wall_ns),
                counted(clock.spans, "span")
            );
            row_ui(ui, &unfiltered, name, &text, queue);
        }
    }
    if state.has_conversations() {
        ui.add_space(8.0);
        ui.label(RichText::new("By phase, with everything below").strong());
        match state.session.phases.of_selection.of_spans(spans) {
            Some(shown) => super::super::phases::narrow_ui(ui, state, shown),
            None => {
                ui.label(RichText::new("Adding up…").weak());
            }
        }
    }
    ui.add_space(8.0);
    ui.label(RichText::new("Spans").strong());
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
        for &span in spans.iter().take(MOST_LISTED) {
            let view = store.span(span);
            ui.horizontal(|ui| {
                let duration = view.duration_ns().map_or_else(|| "no end".to_owned(), duration_text);
                ui.label(RichText::new(format!("{duration:>9}")).monospace().weak());
                let color = theme::link_color(details.theme);
                let name = RichText::new(super::value::shortened(view.name(), 80)).color(color);
                if ui.add(Link::new(name)).on_hover_text("Selects only this one").clicked() {
                    queue.push(Command::Reveal(span));
                }
            });
        }
        if spans.len() > MOST_LISTED {
            ui.label(RichText::new(format!("and {} more", spans.len() - MOST_LISTED)).weak());
        }
    });
}

/// A sum may be longer than what a time can hold; then it is given in days.
fn sum_text(sum_ns: i128) -> String {
    i64::try_from(sum_ns).map_or_else(|_| format!("{} d", sum_ns / (86_400 * 1_000_000_000)), duration_text)
}
