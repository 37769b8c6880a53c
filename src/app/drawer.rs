//! The drawer at the bottom: which tab is shown, how high it is. Both are kept in the settings.
//!
//! A new tab is a variant of [`DrawerTab`], a command that toggles it, and a line in `panels/drawer.rs`.

use serde::{Deserialize, Serialize};

use super::command::Command;
use super::state::{Effect, State};

/// What the drawer can show, in the order of the tabs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, strum::Display, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
pub enum DrawerTab {
    /// One row per span.
    Spans,
    /// Counts and times by a field.
    Statistics,
    /// Where time went.
    Phases,
    /// What bounds of clocks rest on.
    Evidence,
    /// The offset of a clock over time.
    #[strum(to_string = "Clock offsets")]
    Offsets,
    /// How far apart cause and effect are stamped.
    Separations,
    /// When raw times ran backwards.
    Health,
    /// When the pieces of a streamed answer came.
    #[strum(to_string = "Token cadence")]
    Cadence,
    /// What was odd in the files.
    // Also what a tab that this version does not know becomes.
    #[default]
    #[serde(other)]
    Diagnostics,
}

impl DrawerTab {
    /// The command that shows this tab, and hides it again.
    #[must_use]
    pub const fn toggle(self) -> Command {
        match self {
            Self::Spans => Command::ToggleSpanTable,
            Self::Statistics => Command::ToggleStatistics,
            Self::Phases => Command::TogglePhases,
            Self::Evidence => Command::ToggleEvidence,
            Self::Offsets => Command::ToggleOffsets,
            Self::Separations => Command::ToggleSeparations,
            Self::Health => Command::ToggleHealth,
            Self::Cadence => Command::ToggleCadence,
            Self::Diagnostics => Command::ToggleDiagnostics,
        }
    }
}

/// The drawer as the user left it.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Drawer {
    /// It is shown.
    pub is_open: bool,
    /// What it shows.
    pub tab: DrawerTab,
    /// Its height in points.
    pub height: f32,
}

impl Default for Drawer {
    fn default() -> Self {
        Self { is_open: false, tab: DrawerTab::Spans, height: 280.0 }
    }
}

/// Lowest height of the drawer in points: the tabs and a few lines.
pub const LOWEST: f32 = 120.0;

impl Drawer {
    /// True when `tab` is on the screen.
    #[must_use]
    pub fn shows(&self, tab: DrawerTab) -> bool {
        self.is_open && self.tab == tab
    }
}

/// What the drawer's own controls ask for.
#[derive(Clone, PartialEq, Debug)]
pub enum DrawerCommand {
    /// Opens the drawer at a tab.
    Show(DrawerTab),
    /// It was dragged to this height in points.
    SetHeight(f32),
}

impl State {
    /// Opens or closes the drawer.
    pub(super) fn toggle_drawer(&mut self) {
        self.settings.drawer.is_open = !self.settings.drawer.is_open;
        self.effect(Effect::Save);
    }

    /// Opens the drawer at `tab`; closes it when that tab is shown already.
    pub(super) fn toggle_tab(&mut self, tab: DrawerTab) {
        let is_open = !self.settings.drawer.shows(tab);
        self.settings.drawer = Drawer { is_open, tab, ..self.settings.drawer };
        self.effect(Effect::Save);
    }

    pub(super) fn apply_drawer(&mut self, command: &DrawerCommand) {
        let drawer = &mut self.settings.drawer;
        match *command {
            DrawerCommand::Show(tab) => {
                drawer.is_open = true;
                drawer.tab = tab;
            }
            DrawerCommand::SetHeight(height) if height.is_finite() => drawer.height = height.max(LOWEST),
            DrawerCommand::SetHeight(_) => {}
        }
        self.effect(Effect::Save);
    }
}
