//! The status bar: where the pointer is, what is hidden, what was odd.

use egui::{Align, Button, Layout, RichText, Ui};

use super::super::arranging::Arranging;
use super::super::command::{Command, Queue};
use super::super::state::State;
use super::super::workspace::Workspace;
use super::widgets::counted;
use crate::analysis::clocks::Order;
use crate::analysis::clocks::words::range_text;
use crate::arrange::Arranged;
use crate::model::Severity;
use crate::model::time::{absolute_text, duration_text};
use crate::scene::Hidden;
use crate::scene::caption::hidden_text;
use crate::scene::ties::left_out_words;
use crate::view::Canvas;

/// The status bar.
pub fn status_ui(ui: &mut Ui, state: &State, canvas: &Canvas, frame_ms: Option<f32>, queue: &mut Queue) {
    let Some(data) = &state.data else { return };
    let theme = state.theme().theme();
    ui.horizontal(|ui| {
        pointer_ui(ui, data, &state.arranged, canvas);
        order_ui(ui, state, data, canvas);
        if let Some(words) = state.assumed_chip() {
            ui.add_space(12.0);
            let text = RichText::new(format!("evidence: {words}")).small().color(theme.warning);
            ui.label(text).on_hover_text(state.assumed_words().join("\n"));
        }
        if let Some(words) = state.critical_words() {
            ui.add_space(12.0);
            ui.label(RichText::new(words).font(small_mono(ui)).color(theme.critical));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let Some(ms) = frame_ms {
                let text = RichText::new(format!("{ms:.1} ms/frame")).font(small_mono(ui)).color(theme.text_dim);
                ui.label(text).on_hover_text("CPU time of the last frame");
            }
            if state.session.arranging.as_ref().is_some_and(Arranging::is_slow) {
                ui.label(RichText::new("arranging lanes").small().weak());
                ui.spinner();
            }
            notices_ui(ui, state, queue);
            if let Some(hidden) = canvas.hidden() {
                hidden_ui(ui, state, data, hidden);
            }
            let failed = data.failures.len() as u64;
            if failed > 0 {
                ui.label(RichText::new(format!("{} unreadable", counted(failed, "input"))).color(theme.error).small());
            }
        });
    });
}

/// What the timeline does not show; arrows by name.
fn hidden_ui(ui: &mut Ui, state: &State, data: &Workspace, hidden: Hidden) {
    let arrows = left_out_words(&data.store, &state.session.view.course.ties, &hidden);
    let rest = match arrows {
        Some(_) => Hidden { ties_short: 0, ties_crowded: 0, ..hidden },
        None => hidden,
    };
    let parts: Vec<String> = hidden_text(&rest).into_iter().chain(arrows).collect();
    ui.add(egui::Label::new(RichText::new(parts.join(" · ")).small().weak()).truncate());
}

fn small_mono(ui: &Ui) -> egui::FontId {
    egui::FontId::monospace(egui::TextStyle::Small.resolve(ui.style()).size)
}

/// The time under the pointer, on the clock of the lane there.
fn pointer_ui(ui: &mut Ui, data: &Workspace, arranged: &Arranged, canvas: &Canvas) {
    let Some(pointer) = canvas.pointer else {
        let text = if arranged.is_frame() { "reference frame" } else { "raw clocks" };
        ui.label(RichText::new(text).small().weak());
        return;
    };
    let clock = pointer.lane.and_then(|lane| arranged.lane(lane)?.clock());
    let since = pointer.time_ns.saturating_sub(arranged.hull_ns.start);
    let mut text = format!("{}  {}", absolute_text(pointer.time_ns), duration_text(since));
    let frame = arranged.known.as_ref().filter(|_| arranged.is_frame());
    let reference = frame.and_then(|known| {
        let domain = data.domains.list.get(known.model.reference()?.domain.at())?;
        Some((known, domain))
    });
    match (clock, reference) {
        (Some(ix), Some((known, reference))) => {
            let own_ns = pointer.time_ns.saturating_add(known.model.shift_ns(ix, pointer.time_ns));
            let own = duration_text(own_ns.saturating_sub(arranged.hull_ns.start));
            let name = data.domains.list.get(ix.at()).map_or("", |domain| domain.name.as_str());
            text = format!("{text} {} · {own} {name} raw", reference.name);
        }
        (Some(ix), None) => {
            let name = data.domains.list.get(ix.at()).map_or("", |domain| domain.name.as_str());
            text = format!("{text}  on {name}'s clock");
        }
        (None, _) => {}
    }
    ui.label(RichText::new(text).font(small_mono(ui)));
}

/// The order of the focused span and the one under the pointer.
fn order_ui(ui: &mut Ui, state: &State, data: &Workspace, canvas: &Canvas) {
    let Some((hovered, (focused, between))) = canvas.hovered.and_then(|span| Some((span, state.since_focused(span)?)))
    else {
        return;
    };
    let name = |span| data.store.span(span).name().chars().take(28).collect::<String>();
    let words = match between.order {
        Order::Unknown => format!("unknown ({})", range_text(between.lo_ns, between.hi_ns)),
        order => order.words().to_owned(),
    };
    let theme = state.theme().theme();
    let color = if between.order == Order::Unknown { theme.warning } else { theme.text_dim };
    let text = format!("order: {} vs {}  {words}", name(focused), name(hovered));
    ui.add_space(12.0);
    ui.label(RichText::new(text).font(small_mono(ui)).color(color));
}

fn notices_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let Some(data) = &state.data else { return };
    let theme = state.theme().theme();
    let entries = data.diagnostics.entries();
    let count: u64 = entries.iter().map(|(_, entry)| entry.count).sum();
    let parts: Vec<String> = [Severity::Error, Severity::Warning, Severity::Notice]
        .into_iter()
        .map(|severity| (severity, entries.iter().filter(move |(code, _)| code.severity() == severity)))
        .map(|(severity, found)| (severity, found.map(|(_, entry)| entry.count).sum::<u64>()))
        .filter(|&(_, count)| count > 0)
        .map(|(severity, count)| counted(count, &severity.to_string()))
        .collect();
    let text = if parts.is_empty() { "no notices".to_owned() } else { parts.join(" · ") };
    let color = match data.diagnostics.worst() {
        None | Some(Severity::Notice) => theme.text_dim,
        Some(Severity::Warning) => theme.warning,
        Some(Severity::Error) => theme.error,
    };
    let button = Button::new(RichText::new(text).small().color(color)).frame_when_inactive(false);
    let name = format!("Diagnostics: {count}");
    let response = ui.add(button).on_hover_text("What was odd in the files  (X)");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, name.clone()));
    if response.clicked() {
        queue.push(Command::ToggleDiagnostics);
    }
}
