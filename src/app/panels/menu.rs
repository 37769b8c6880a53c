//! The menu bar, generated from the command table.

use egui::{Button, MenuBar, RichText, Ui};
use strum::IntoEnumIterator as _;

use super::super::command::{Category, Command, Queue, entries};
use super::super::drawer::DrawerTab;
use super::super::settings::ThemeChoice;
use super::super::state::State;
use super::keys::first_key;
use super::widgets::is_usable;
use crate::analysis::clocks::Evidence;
use crate::app::conversation;
use crate::app::fold::is_chosen;
use crate::arrange::ClockChoice;
use crate::load::Source;
use crate::view::Focus;

/// The menu bar.
pub fn menu_ui(ui: &mut Ui, state: &State, focus: &mut Focus, queue: &mut Queue) {
    MenuBar::new().ui(ui, |ui| {
        for category in Category::iter() {
            let shown = ui.menu_button(category.to_string(), |ui| {
                ui.set_min_width(250.0 * state.settings.text_scale);
                category_ui(ui, category, state, queue);
            });
            if focus.take_menu(category) {
                shown.response.request_focus();
                egui::Popup::open_id(ui.ctx(), egui::Popup::default_response_id(&shown.response));
            }
        }
    });
}

fn category_ui(ui: &mut Ui, category: Category, state: &State, queue: &mut Queue) {
    for entry in entries().filter(|entry| entry.category == category && entry.in_menu) {
        if entry.group {
            ui.separator();
        }
        if matches!(entry.command, Command::ForgetRecent) {
            recent_ui(ui, state, queue);
            continue;
        }
        let keys = first_key(ui, entry);
        let mark = if is_on(&entry.command, state) { "✓ " } else { "" };
        let button = Button::new(format!("{mark}{}", entry.title)).shortcut_text(RichText::new(keys).weak());
        let response = ui.add_enabled(is_usable(entry, state), button).on_hover_text(entry.tooltip);
        if response.clicked() {
            queue.push(entry.command.clone());
            ui.close();
        }
    }
}

fn is_on(command: &Command, state: &State) -> bool {
    let settings = &state.settings;
    match command {
        Command::ThemeDark => settings.theme == ThemeChoice::Dark,
        Command::ThemeLight => settings.theme == ThemeChoice::Light,
        Command::ThemeSystem => settings.theme == ThemeChoice::System,
        Command::RulerAbsolute => settings.absolute_ruler,
        Command::RulerRelative => !settings.absolute_ruler,
        Command::ClockRaw => state.session.view.plan.clock == ClockChoice::Raw,
        Command::ClockFrame => state.session.view.plan.clock == ClockChoice::Frame,
        Command::EvidenceProtocol => state.session.view.plan.evidence == Evidence::Protocol,
        Command::EvidenceConvention => state.session.view.plan.evidence == Evidence::Convention,
        Command::EvidencePrior => state.session.view.plan.evidence == Evidence::Prior,
        Command::OnlyTrace => state.session.view.plan.assumed.only_trace.is_some(),
        Command::AllTraces => state.session.view.plan.assumed.only_trace.is_none(),
        Command::UsualAssumptions => state.session.view.plan.assumed.is_usual(),
        Command::ToggleEvidence => settings.drawer.shows(DrawerTab::Evidence),
        Command::ReferenceAutomatic => state.session.view.plan.reference.is_none(),
        Command::ToggleFindings => settings.findings_open,
        Command::ToggleDetails => settings.details_open,
        Command::ToggleDrawer => settings.drawer.is_open,
        Command::ToggleSpanTable => settings.drawer.shows(DrawerTab::Spans),
        Command::ToggleStatistics => settings.drawer.shows(DrawerTab::Statistics),
        Command::ToggleOffsets => settings.drawer.shows(DrawerTab::Offsets),
        Command::ToggleSeparations => settings.drawer.shows(DrawerTab::Separations),
        Command::ToggleHealth => settings.drawer.shows(DrawerTab::Health),
        Command::ToggleCadence => settings.drawer.shows(DrawerTab::Cadence),
        Command::ToggleDiagnostics => settings.drawer.shows(DrawerTab::Diagnostics),
        Command::ShortenIdle | Command::OnlyConversation => conversation::is_chosen(command, &state.session.view),
        _ => is_chosen(command, &state.session.view),
    }
}

fn recent_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let recent = &state.settings.recent;
    ui.add_enabled_ui(!recent.is_empty(), |ui| {
        ui.menu_button("Recent files", |ui| {
            for path in recent {
                let name = path.file_name().map_or_else(Default::default, |name| name.to_string_lossy());
                if ui.button(name.as_ref()).on_hover_text(path.display().to_string()).clicked() {
                    queue.push(Command::OpenSources(vec![Source::Path(path.clone())]));
                    ui.close();
                }
            }
            ui.separator();
            if ui.button("Forget recent files").clicked() {
                queue.push(Command::ForgetRecent);
                ui.close();
            }
        });
    });
}
