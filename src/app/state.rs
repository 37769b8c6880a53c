//! The state of the window, in three parts: data, what the user chose, and the view of this session.

use std::path::PathBuf;
use std::sync::Arc;

use crossbeam_channel::Receiver;

use super::arranging::Arranging;
use super::bindings::{Bindings, KeysPanel};
use super::clocks::Clocks;
use super::critical::CriticalPaths;
use super::history::History;
use super::host::Picked;
use super::lanes::Lanes;
use super::people::Contents;
use super::picker::Picker;
use super::picture::{Drawing, Purpose};
use super::plots::Plots;
use super::search::Search;
use super::settings::{Settings, ThemeChoice};
use super::tables::Tables;
use super::tagging::Tagging;
use super::workspace::{Opened, Workspace};
use crate::arrange::{Arranged, ViewFile};
use crate::load::{Job, Source};
use crate::scene::{RulerMode, ThemeKind, ViewState};
use crate::view::focus::Go;

/// Everything the window shows.
#[derive(Default)]
pub struct State {
    /// What is open. Immutable, shared with background work.
    pub data: Option<Arc<Workspace>>,
    /// Its spans in lanes and rows; empty when nothing is open. Another one when the plan changes.
    pub arranged: Arc<Arranged>,
    /// What the user chose; saved.
    pub settings: Settings,
    /// What holds until the window closes.
    pub session: Session,
    /// The keys in effect, from the settings.
    pub bindings: Arc<Bindings>,
    /// What the system says about dark or light.
    pub system_theme: Option<ThemeKind>,
}

/// View state and open panels; not saved.
#[derive(Default)]
pub struct Session {
    /// What part of the data is visible, and what is selected.
    pub view: ViewState,
    /// Earlier views.
    pub history: History,
    /// The tables of the drawer.
    pub tables: Tables,
    /// Where time went.
    pub phases: super::phases::Phases,
    /// Conversations.
    pub people: super::people::People,
    /// The plots of the drawer.
    pub plots: Plots,
    /// What the search found.
    pub search: Search,
    /// The help is open.
    pub help_open: bool,
    /// The panel in which keys are changed, when open.
    pub keys_panel: Option<KeysPanel>,
    /// The list to pick from, when open.
    pub picker: Option<Picker>,
    /// The export panel, when open.
    pub export: Option<ExportPanel>,
    /// Sources that wait for "add or replace".
    pub question: Option<Vec<Source>>,
    /// The load that runs.
    pub loading: Option<Loading>,
    /// Why the last load failed.
    pub load_error: Option<LoadFailure>,
    /// The user was told that most of the time axis is idle, and wants to see it so.
    pub idle_hint_dismissed: bool,
    /// Which inputs were not read as a whole, one sentence each, until somebody has seen it.
    pub incomplete: Vec<String>,
    /// The arrangement that is being made for a changed plan.
    pub arranging: Option<Arranging>,
    /// Work on lanes.
    pub lanes: Lanes,
    /// A saved view for what is being loaded.
    pub waiting_view: Option<Box<ViewFile>>,
    /// A picture that is being drawn.
    pub drawing: Option<Drawing>,
    /// What a picture is wanted for that waits for its rows.
    pub drawn_next: Option<Purpose>,
    /// A file dialog that is open.
    pub dialog: Option<Receiver<Picked>>,
    /// What the window shows of clocks besides the view.
    pub clocks: Clocks,
    /// Numbers of findings at spans.
    pub tagging: Tagging,
    /// The critical path.
    pub critical: CriticalPaths,
    /// Filter of the details drawer.
    pub details_filter: String,
    /// What still has to be done outside of the state.
    pub effects: Vec<Effect>,
}

/// The export panel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExportPanel {
    /// Where to write, as typed.
    pub path: String,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

/// A load in the background.
pub struct Loading {
    /// The job.
    pub job: Job<Opened>,
    /// What is loaded, for people.
    pub title: String,
    /// Paths to put among the recent files when it succeeds.
    pub paths: Vec<PathBuf>,
    /// Joins the open workspace; keeps the view.
    pub add: bool,
}

/// A load that failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoadFailure {
    /// What was to be loaded.
    pub title: String,
    /// One sentence each: what happened, what was expected, how to go on.
    pub messages: Vec<String>,
}

/// Something to do outside of the state, after commands were applied.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Close the window.
    Quit,
    /// Moves the keyboard.
    Focus(Go),
    /// Text for the clipboard.
    CopyText(String),
    /// A short message.
    Toast(Tone, String),
    /// Puts the keyboard into the search field, or takes it away from there.
    FocusSearch(bool),
    /// Settings have changed: write them.
    Save,
}

/// What kind of message it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    /// Something worked.
    Good,
    /// Something failed.
    Bad,
}

impl State {
    /// The state of a window that opens with `settings`.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let mut state = Self { bindings: Arc::new(Bindings::new(&settings.keys)), settings, ..Self::default() };
        state.sync_view();
        state
    }

    /// Dark or light, as chosen.
    #[must_use]
    pub fn theme(&self) -> ThemeKind {
        match self.settings.theme {
            ThemeChoice::Dark => ThemeKind::Dark,
            ThemeChoice::Light => ThemeKind::Light,
            ThemeChoice::System => self.system_theme.unwrap_or(ThemeKind::Dark),
        }
    }

    /// True while something lies over the window and has the keyboard.
    #[must_use]
    pub const fn is_overlaid(&self) -> bool {
        let session = &self.session;
        session.help_open
            || session.lanes.renaming.is_some()
            || session.clocks.asking.is_some()
            || session.clocks.asking_drift.is_some()
            || session.picker.is_some()
            || session.keys_panel.is_some()
            || session.export.is_some()
            || session.tables.export.is_some()
    }

    /// Copies choices that the scene needs into the view.
    pub(super) fn sync_view(&mut self) {
        let theme = self.theme();
        let is_unfolded = self.session.people.contents != Contents::Folded;
        let view = &mut self.session.view;
        view.theme = theme;
        view.with_contents = is_unfolded;
        view.text_scale = self.settings.text_scale;
        view.ruler = if self.settings.absolute_ruler { RulerMode::Absolute } else { RulerMode::Relative };
    }

    /// Title of the window.
    #[must_use]
    pub fn window_title(&self) -> String {
        match &self.data {
            Some(data) => format!("{} — Skewline", data.title()),
            None => "Skewline".to_owned(),
        }
    }
}
