//! Bars below the tool bar: a load that runs, the question "add or replace", a load that failed.

use egui::{Frame, Margin, Panel, ProgressBar, RichText, Ui};

use super::super::command::{Answer, Command, Queue};
use super::super::drawer::DrawerTab;
use super::super::state::{Loading, State};
use super::keys::with_key;
use super::widgets::{bytes_text, command_button, counted};
use crate::load::{Phase, Source};

/// The bars.
pub fn bars_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let theme = state.theme().theme();
    let frame = |fill| Frame::new().fill(fill).inner_margin(Margin::symmetric(14, 8));
    if let Some(loading) = &state.session.loading {
        Panel::top("loading").frame(frame(theme.panel)).show(ui, |ui| progress_ui(ui, loading, queue));
    }
    if let Some(sources) = &state.session.question {
        Panel::top("question").frame(frame(theme.panel)).show(ui, |ui| question_ui(ui, sources, queue));
    }
    if let Some(hint) = state.idle_hint() {
        let frame = Frame::new().fill(theme.panel).inner_margin(Margin::symmetric(14, 3));
        Panel::top("idle-hint").frame(frame).show(ui, |ui| idle_hint_ui(ui, &hint, queue));
    }
    if !state.session.incomplete.is_empty() {
        Panel::top("incomplete").frame(frame(theme.panel)).show(ui, |ui| incomplete_ui(ui, state, queue));
    }
    if let Some(failure) = &state.session.load_error {
        Panel::top("load-error").frame(frame(theme.error_ground)).show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.label(RichText::new(format!("Could not read {}", failure.title)).strong().color(theme.error));
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    if ui.button("Dismiss").clicked() {
                        queue.push(Command::DismissLoadError);
                    }
                    if ui.button("Open another…").clicked() {
                        queue.push(Command::Open);
                    }
                });
            });
            for message in failure.messages.iter().take(8) {
                ui.add(egui::Label::new(message.as_str()).wrap().selectable(true));
            }
            if failure.messages.len() > 8 {
                ui.label(format!("and {} more", failure.messages.len() - 8));
            }
        });
    }
}

/// What helps where spans are slivers between long stretches of nothing. Nothing is shortened unasked.
fn idle_hint_ui(ui: &mut Ui, hint: &str, queue: &mut Queue) {
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(hint).weak());
        command_button(ui, &with_key(ui, "Shorten idle time", &Command::ShortenIdle), Command::ShortenIdle, queue);
        let keep = ui.button("Keep as it is").on_hover_text("Says no more until something else is opened.");
        if keep.clicked() {
            queue.push(Command::DismissIdleHint);
        }
    });
}

/// What is missing of inputs that were read in part: nobody should take the rest for all there is.
fn incomplete_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    const MOST: usize = 4;
    let said = &state.session.incomplete;
    let color = state.theme().theme().warning;
    ui.horizontal(|ui| {
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.button("Dismiss").clicked() {
                queue.push(Command::DismissIncomplete);
            }
            let is_shown = state.settings.drawer.shows(DrawerTab::Diagnostics);
            if ui.button("Show notices").on_hover_text("What was odd in the files, where, and what to do").clicked()
                && !is_shown
            {
                queue.push(Command::ToggleDiagnostics);
            }
            ui.with_layout(egui::Layout::top_down(egui::Align::Min), |ui| {
                for words in said.iter().take(MOST) {
                    ui.add(egui::Label::new(RichText::new(words).color(color)).wrap().selectable(true));
                }
                let more = said.len().saturating_sub(MOST);
                if more > 0 {
                    ui.label(RichText::new(format!("and {} like them", counted(more as u64, "file"))).color(color));
                }
            });
        });
    });
}

fn progress_ui(ui: &mut Ui, loading: &Loading, queue: &mut Queue) {
    let progress = loading.job.progress();
    let (bytes, spans) = (progress.bytes(), progress.spans());
    let share = progress.total_bytes().map(|total| (bytes as f64 / total.max(1) as f64).min(1.0) as f32);
    let doing = match progress.phase() {
        Phase::Opening => "Opening",
        Phase::Reading => "Reading",
        Phase::Joining => "Joining spans of",
        Phase::Preparing | Phase::Done => "Laying out",
    };
    ui.horizontal(|ui| {
        ui.label(format!("{doing} {}", loading.title));
        ui.label(RichText::new(format!("{} · {}", bytes_text(bytes), counted(spans, "span"))).weak());
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.button("Cancel").on_hover_text("Stops loading; what is open stays as it is.").clicked() {
                queue.push(Command::CancelLoad);
            }
            let bar = match share {
                Some(share) => ProgressBar::new(share).show_percentage(),
                None => ProgressBar::new(0.0).animate(true),
            };
            ui.add(bar.desired_width(ui.available_width().min(320.0)));
        });
    });
}

fn question_ui(ui: &mut Ui, sources: &[Source], queue: &mut Queue) {
    let what = match sources {
        [only] => only.name(),
        all => counted(all.len() as u64, "file"),
    };
    ui.horizontal(|ui| {
        ui.label(format!("Open {what}:"));
        for (text, tip, answer) in [
            ("Replace", "Closes what is open.", Some(Answer::Replace)),
            ("Add", "Shows both in one workspace: spans of one trace find each other.", Some(Answer::Add)),
            ("Cancel", "Opens nothing.", None),
        ] {
            if ui.button(text).on_hover_text(tip).clicked() {
                queue.push(Command::AnswerOpen(answer));
            }
        }
    });
}
