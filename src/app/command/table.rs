//! The table of commands: what menus, keys and the help are generated from. One file per menu.

mod clocks;
mod conversation;
mod file;
mod fold;
mod go;
mod help;
mod lanes;
mod measure;
mod search;
#[cfg(test)]
mod tests;
mod view;

use super::{Command, CommandKind};
use crate::app::keys::Keys;
use crate::app::state::State;

/// Heading in the help, and menu.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::Display, strum::EnumIter)]
pub enum Category {
    /// Files and export.
    File,
    /// What is shown, and how.
    View,
    /// How lanes and rows are made and shown.
    Lanes,
    /// From span to span.
    Go,
    /// Marking and measuring.
    Measure,
    /// Whose time is shown, and what contradicts it.
    Clocks,
    /// Turns of conversations.
    Conversation,
    /// Help.
    Help,
}

/// When a command makes sense.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Needs {
    /// Always.
    Nothing,
    /// Something is open.
    Workspace,
    /// A span is selected.
    Selection,
}

impl Needs {
    /// Why a command with this need cannot be used now; `None` when it can.
    #[must_use]
    pub fn why_not(self, state: &State) -> Option<&'static str> {
        match self {
            Self::Workspace | Self::Selection if state.data.is_none() => Some("open a trace first"),
            Self::Selection if state.session.view.selection.is_empty() => Some("select a span first"),
            Self::Nothing | Self::Workspace | Self::Selection => None,
        }
    }
}

/// One row of the command table.
#[derive(Debug)]
pub struct Entry {
    /// Stable name, for tests and key bindings.
    pub id: &'static str,
    /// What menus and the help say.
    pub title: &'static str,
    /// One sentence more.
    pub tooltip: &'static str,
    /// Heading and menu.
    pub category: Category,
    /// Default keys; the first is shown in menus.
    pub keys: &'static [Keys],
    /// When it can be used.
    pub needs: Needs,
    /// Whether it stands in a menu. Keys like W and S would only make menus long.
    pub in_menu: bool,
    /// A line above it in the menu.
    pub group: bool,
    /// The command itself, without data.
    pub command: Command,
}

const fn entry(
    id: &'static str,
    category: Category,
    needs: Needs,
    command: Command,
    keys: &'static [Keys],
    title: &'static str,
    tooltip: &'static str,
) -> Entry {
    Entry { id, title, tooltip, category, keys, needs, in_menu: true, group: false, command }
}

impl Entry {
    const fn grouped(mut self) -> Self {
        self.group = true;
        self
    }

    const fn keys_only(mut self) -> Self {
        self.in_menu = false;
        self
    }
}

/// Sections in menu order.
static SECTIONS: &[&[Entry]] = &[
    file::ENTRIES,
    view::ENTRIES,
    lanes::ENTRIES,
    fold::ENTRIES,
    go::ENTRIES,
    search::ENTRIES,
    measure::ENTRIES,
    clocks::ENTRIES,
    conversation::ENTRIES,
    help::ENTRIES,
];

/// All commands without data, in menu order.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    SECTIONS.iter().copied().flatten()
}

/// The row of a command without data.
#[must_use]
pub fn entry_of(command: &Command) -> Option<&'static Entry> {
    let kind = CommandKind::from(command);
    entries().find(|entry| CommandKind::from(&entry.command) == kind)
}

/// What the mouse does, for the help: not commands of their own, each ends in one.
pub static MOUSE: &[(&str, &str)] = &[
    ("Wheel", "Scroll rows"),
    ("Ctrl + wheel", "Zoom at the pointer"),
    ("Shift + wheel", "Earlier, later"),
    ("Drag on the canvas", "Measure a time range; snaps to span edges"),
    ("Shift + drag, middle drag", "Move the view"),
    ("Drag on the ruler or the overview", "Zoom to the range"),
    ("Double click on the ruler", "Whole trace"),
    ("Click on a span", "Select it; on nothing: clear"),
    ("Ctrl + click", "Add to the selection, or take away"),
    ("Double click on a span", "Zoom to it"),
    ("Click on a turn", "Go there; double click: zoom to it"),
    ("Drag a lane head", "Move the lane; its lower edge: its height"),
    ("Right click on a lane head", "What can be done with the lane"),
    ("Alt + drag on bars or a lane head", "What if: move a clock, as far as messages allow"),
];
