//! The only place that changes state.

use std::sync::Arc;

use super::command::{Answer, Command};
use super::drawer::DrawerTab;
use super::host::Saved;
use super::people::{DetailsTab, PeopleCommand};
use super::picture::Purpose;
use super::settings::ThemeChoice;
use super::state::{Effect, ExportPanel, State, Tone};
use super::window::Host;
use crate::load::Source;
use crate::scene::TimeRange;
use crate::view::focus::{Go, Region};

/// Zoom factor of one key press.
const ZOOM_STEP: f64 = 1.3;
/// Share of the visible time that one key press moves.
const PAN_SHARE: f64 = 0.12;
/// The same with Shift.
const FAR_ZOOM_STEP: f64 = 4.0;
/// The same with Shift.
const FAR_PAN_SHARE: f64 = 0.8;
/// Points that one key press scrolls.
const SCROLL_STEP: f64 = 48.0;

impl State {
    /// Carries out one command.
    pub fn apply(&mut self, command: Command, host: &mut Host) {
        let before = self.seen();
        self.apply_one(command, host);
        self.set_out_from(before);
        self.keep_course();
        self.keep_judged();
        self.keep_arranged(host);
        self.keep_compared();
        self.keep_held();
        self.keep_tagged(host);
        self.keep_critical(host);
    }

    fn apply_one(&mut self, command: Command, host: &mut Host) {
        match command {
            Command::Open
            | Command::OpenSample
            | Command::ForgetRecent
            | Command::CloseWorkspace
            | Command::OpenSources(_)
            | Command::Load { .. }
            | Command::AnswerOpen(_)
            | Command::CancelLoad
            | Command::DismissLoadError
            | Command::DismissIdleHint
            | Command::DismissIncomplete
            | Command::TakeResults => self.apply_file(command, host),
            Command::ExportPanel
            | Command::CopyPicture
            | Command::SetExportPath(_)
            | Command::ChooseExportPath
            | Command::Export(_) => self.apply_export(command, host),
            Command::RulerRelative
            | Command::RulerAbsolute
            | Command::ThemeDark
            | Command::ThemeLight
            | Command::ThemeSystem
            | Command::TextLarger
            | Command::TextSmaller
            | Command::TextNormal
            | Command::ToggleAgentMap
            | Command::ToggleDetails => self.apply_setting(&command),
            Command::ToggleClock
            | Command::ClockRaw
            | Command::ClockFrame
            | Command::ReferenceAutomatic
            | Command::EvidenceProtocol
            | Command::EvidenceConvention
            | Command::EvidencePrior
            | Command::NextFinding
            | Command::OtherEnd
            | Command::PreviousFinding
            | Command::ToggleFindings
            | Command::WhatIf
            | Command::CriticalPath
            | Command::Clocks(_) => self.apply_clocks(&command),
            Command::OnlyTrace
            | Command::AllTraces
            | Command::AssumeDrift
            | Command::UsualAssumptions
            | Command::ToggleEvidence
            | Command::Assume(_) => self.apply_assumed(&command),
            Command::FitAgentMap => self.apply_people(&PeopleCommand::MapSight(None)),
            Command::ShowConversation => self.toggle_details_tab(DetailsTab::Conversation),
            Command::ShowAttribution => self.toggle_details_tab(DetailsTab::Attribution),
            Command::People(command) => self.apply_people(&command),
            Command::ToggleDrawer => self.toggle_drawer(),
            Command::ToggleSpanTable => self.toggle_tab(DrawerTab::Spans),
            Command::ToggleStatistics => self.toggle_tab(DrawerTab::Statistics),
            Command::TogglePhases => self.toggle_tab(DrawerTab::Phases),
            Command::ToggleDiagnostics => self.toggle_tab(DrawerTab::Diagnostics),
            Command::ToggleOffsets => self.toggle_tab(DrawerTab::Offsets),
            Command::ToggleSeparations => self.toggle_tab(DrawerTab::Separations),
            Command::ToggleHealth => self.toggle_tab(DrawerTab::Health),
            Command::ToggleCadence => self.toggle_tab(DrawerTab::Cadence),
            Command::Plots(command) => self.apply_plots(command),
            Command::Drawer(command) => self.apply_drawer(&command),
            Command::Table(command) => self.apply_table(command, host),
            Command::ToggleHelp => self.session.help_open = !self.session.help_open,
            Command::KeepNote | Command::RemoveNote | Command::Note(_) => self.apply_notes(command),
            Command::Palette => self.toggle_palette(),
            Command::KeysPanel => {
                let open = self.session.keys_panel.take();
                self.session.keys_panel = open.is_none().then(Default::default);
            }
            Command::Keys(command) => self.apply_keys(&command),
            Command::NextRegion => self.effect(Effect::Focus(Go::Next)),
            Command::PreviousRegion => self.effect(Effect::Focus(Go::Previous)),
            Command::MenuBar => self.effect(Effect::Focus(Go::To(Region::Menu))),
            Command::OpenMenu(category) => self.effect(Effect::Focus(Go::Open(category))),
            Command::FocusCanvas => {
                self.session.search.help_open = false;
                self.effect(Effect::Focus(Go::To(Region::Canvas)));
            }
            Command::Picker(command) => self.apply_picker(command, host),
            Command::Clear => self.clear(),
            Command::SystemTheme(theme) => {
                self.system_theme = theme;
                self.sync_view();
            }
            Command::Quit => self.effect(Effect::Quit),
            Command::FilterDetails(text) => self.session.details_filter = text,
            Command::CopyText { what, text } => {
                self.effect(Effect::CopyText(text));
                self.effect(Effect::Toast(Tone::Good, format!("Copied {what}")));
            }
            Command::NextSpan
            | Command::PreviousSpan
            | Command::RowUp
            | Command::RowDown
            | Command::Parent
            | Command::FirstChild
            | Command::NextFlagged
            | Command::PreviousFlagged
            | Command::Select { .. }
            | Command::SelectNothing
            | Command::Reveal(_)
            | Command::ZoomToSpan(_)
            | Command::ZoomToSelection
            | Command::MeasureSelection => self.apply_go(&command),
            Command::FindSpans
            | Command::NextHit
            | Command::PreviousHit
            | Command::ClearSearch
            | Command::SearchHelp
            | Command::Search(_) => self.apply_search(command, host),
            Command::FindLane
            | Command::LaneMenu
            | Command::GroupLanes
            | Command::GroupByClock
            | Command::SplitLane
            | Command::MergeLane
            | Command::RejoinLane
            | Command::LaneUp
            | Command::LaneDown
            | Command::PinLane
            | Command::HideLane
            | Command::ShowAllLanes
            | Command::RenameLane
            | Command::FoldLane
            | Command::FoldSubtree
            | Command::UnfoldSubtree
            | Command::UnfoldAll
            | Command::ResetLanes => self.apply_lane_key(&command),
            Command::FoldOff
            | Command::FoldByAgent
            | Command::FoldByPhase
            | Command::FoldByService
            | Command::FoldByTurn
            | Command::FoldByRetry
            | Command::FoldByAttribute
            | Command::FoldAcross
            | Command::ColorByService
            | Command::ColorByAgent
            | Command::ColorByPhase
            | Command::ColorByClock => {
                self.apply_fold(&command);
            }
            Command::NextTurn
            | Command::PreviousTurn
            | Command::FitTurn
            | Command::FindTurn
            | Command::ShortenIdle
            | Command::OnlyConversation
            | Command::AllConversations
            | Command::AcceptStitch
            | Command::RejectStitch
            | Command::Conversation(_) => self.apply_conversation(command),
            Command::Lanes(command) => self.apply_lane(command),
            Command::SaveView => self.save_view(host),
            other => self.apply_view(&other),
        }
    }

    pub(super) fn effect(&mut self, effect: Effect) {
        self.session.effects.push(effect);
    }

    fn apply_file(&mut self, command: Command, host: &mut Host) {
        match command {
            Command::Open => self.session.dialog = Some(host.dialogs.open(host.wake())),
            Command::OpenSample => {
                let sample = Source::memory(super::loading::SAMPLE_NAME, super::loading::SAMPLE);
                self.open_sources(vec![sample], host);
            }
            Command::ForgetRecent => {
                self.settings.recent.clear();
                self.effect(Effect::Save);
            }
            Command::CloseWorkspace => {
                self.data = None;
                self.session.view.notes = std::sync::Arc::default();
                self.session.search.forget();
                self.session.view.query.clear();
                self.arranged = Arc::default();
                self.session.arranging = None;
                self.reset_view(false);
            }
            Command::OpenSources(sources) => self.open_sources(sources, host),
            Command::Load { sources, add } => self.load(sources, add, host),
            Command::AnswerOpen(answer) => {
                let sources = self.session.question.take();
                if answer.is_none() {
                    self.session.waiting_view = None;
                }
                if let (Some(answer), Some(sources)) = (answer, sources) {
                    self.load(sources, answer == Answer::Add, host);
                }
            }
            Command::CancelLoad => {
                if let Some(loading) = &self.session.loading {
                    loading.job.cancel();
                }
            }
            Command::DismissLoadError => self.session.load_error = None,
            Command::DismissIdleHint => self.session.idle_hint_dismissed = true,
            Command::DismissIncomplete => self.session.incomplete.clear(),
            _ => self.take_results(host),
        }
    }

    fn apply_export(&mut self, command: Command, host: &mut Host) {
        match command {
            Command::ExportPanel => {
                self.session.export = match (self.session.export.take(), &self.data) {
                    (None, Some(data)) => Some(ExportPanel { path: export_path(&data.title()), error: None }),
                    _ => None,
                };
            }
            Command::SetExportPath(path) => self.session.export = Some(ExportPanel { path, error: None }),
            Command::ChooseExportPath => {
                let name = self.session.export.as_ref().map(|export| export.path.clone()).unwrap_or_default();
                let name = std::path::Path::new(&name)
                    .file_name()
                    .map_or_else(|| "skewline.png".to_owned(), |name| name.to_string_lossy().into_owned());
                self.session.dialog = Some(host.dialogs.save(Saved::Picture, &name, host.wake()));
            }
            Command::CopyPicture => self.draw_picture(Purpose::Clipboard, host),
            Command::Export(path) => self.draw_picture(Purpose::File(path), host),
            _ => {}
        }
    }

    fn apply_setting(&mut self, command: &Command) {
        let settings = &mut self.settings;
        match command {
            Command::RulerRelative => settings.absolute_ruler = false,
            Command::RulerAbsolute => settings.absolute_ruler = true,
            Command::ThemeDark => settings.theme = ThemeChoice::Dark,
            Command::ThemeLight => settings.theme = ThemeChoice::Light,
            Command::ThemeSystem => settings.theme = ThemeChoice::System,
            Command::TextLarger => settings.text_scale = settings.stepped_text_scale(1),
            Command::TextSmaller => settings.text_scale = settings.stepped_text_scale(-1),
            Command::TextNormal => settings.text_scale = 1.0,
            Command::ToggleAgentMap => settings.agent_map_open = !settings.agent_map_open,
            _ => settings.details_open = !settings.details_open,
        }
        self.sync_view();
        self.effect(Effect::Save);
    }

    fn apply_view(&mut self, command: &Command) {
        if self.data.is_none() {
            return;
        }
        let page = f64::from(self.session.view.size.y) * 0.8;
        let anchor_ns = self.zoom_anchor_ns();
        let view = &mut self.session.view;
        let pan = (view.shown_ns() as f64 * PAN_SHARE) as i64;
        let far = (view.shown_ns() as f64 * FAR_PAN_SHARE) as i64;
        match *command {
            Command::Undo => self.session.history.undo(view),
            Command::Redo => self.session.history.redo(view),
            Command::EndInteraction => self.session.history.commit(view),
            Command::ZoomIn => view.zoom_about(anchor_ns, ZOOM_STEP),
            Command::ZoomOut => view.zoom_about(anchor_ns, 1.0 / ZOOM_STEP),
            Command::ZoomAbout { at_ns, factor } => view.zoom_about(at_ns, factor),
            Command::ZoomInFar => view.zoom_about(anchor_ns, FAR_ZOOM_STEP),
            Command::ZoomOutFar => view.zoom_about(anchor_ns, 1.0 / FAR_ZOOM_STEP),
            Command::PanLeftFar => view.pan(-far.max(1)),
            Command::PanRightFar => view.pan(far.max(1)),
            Command::PanLeft => view.pan(-pan.max(1)),
            Command::PanRight => view.pan(pan.max(1)),
            Command::PanBy(ns) => view.pan(ns),
            Command::ScrollUp => view.scroll_y -= SCROLL_STEP,
            Command::ScrollDown => view.scroll_y += SCROLL_STEP,
            Command::PageUp => view.scroll_y -= page,
            Command::PageDown => view.scroll_y += page,
            Command::ScrollBy(points) => view.scroll_y += points,
            Command::ScrollTo(points) => view.scroll_y = points,
            Command::Resize(size) => view.size = size,
            Command::Measure(range) => view.measure_range(range),
            Command::WholeTrace => view.fit(&self.arranged.hull_ns),
            Command::ShowRange(range) => self.show_range(range),
            _ => {}
        }
        self.clamp_view();
        if matches!(command, Command::WholeTrace | Command::ShowRange(_)) {
            self.session.history.commit(&self.session.view);
        }
    }

    /// What keys zoom about: the focused span when it is in view, else the middle.
    fn zoom_anchor_ns(&self) -> i64 {
        let time = self.session.view.time;
        let middle = self.session.view.middle_ns();
        let focused = self.focused_extent().map(|span| span.from_ns.saturating_add(span.length_ns() / 2));
        focused.filter(|at| (time.from_ns..time.to_ns).contains(at)).unwrap_or(middle)
    }

    /// Shows `range`, as far as there is anything.
    pub(super) fn show_range(&mut self, range: TimeRange) {
        let range = range.ordered();
        self.session.view.time = TimeRange { to_ns: range.to_ns.max(range.from_ns.saturating_add(1)), ..range };
    }

    fn clear(&mut self) {
        let session = &mut self.session;
        if session.lanes.renaming.is_some() {
            session.lanes.renaming = None;
        } else if session.clocks.asking.is_some() {
            session.clocks.asking = None;
        } else if session.clocks.asking_drift.is_some() {
            session.clocks.asking_drift = None;
        } else if session.picker.is_some() {
            session.picker = None;
        } else if session.keys_panel.is_some() {
            session.keys_panel = None;
        } else if session.help_open {
            session.help_open = false;
        } else if session.search.help_open {
            session.search.help_open = false;
        } else if session.search.has_focus {
            self.effect(Effect::FocusSearch(false));
        } else if session.export.is_some() {
            session.export = None;
        } else if session.tables.export.is_some() {
            session.tables.export = None;
        } else if session.question.is_some() {
            session.question = None;
        } else if session.load_error.is_some() {
            session.load_error = None;
        } else if !session.incomplete.is_empty() {
            session.incomplete.clear();
        } else if self.clear_clocks() {
            // A finding, or the reasons for a bound.
        } else if self.session.view.measure.is_some() {
            self.session.view.measure_range(None);
        } else if self.session.view.focused.is_some() || !self.session.view.selection.is_empty() {
            self.session.view.selection.clear();
            self.session.view.focused = None;
        } else {
            self.session.view.query.clear();
            self.session.search.forget();
        }
    }
}

/// Where a picture of `title` goes when the user says nothing else: the pictures directory, or here.
fn export_path(title: &str) -> String {
    let stem = title.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or("skewline");
    let directory = directories::UserDirs::new()
        .and_then(|dirs| dirs.picture_dir().map(std::path::Path::to_owned))
        .filter(|directory| directory.is_dir())
        .or_else(|| std::env::current_dir().ok())
        .unwrap_or_default();
    directory.join(format!("{stem}.png")).display().to_string()
}
