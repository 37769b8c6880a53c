//! Commands: help.

use egui::Key;

use super::Category::Help;
use super::Needs::Nothing;
use super::{Entry, entry};
use crate::app::command::Command;
use crate::app::keys::{place, symbol};

pub(super) static ENTRIES: &[Entry] = &[entry(
    "help",
    Help,
    Nothing,
    Command::ToggleHelp,
    &[symbol(Key::Questionmark), place(Key::F1)],
    "Keyboard and mouse",
    "All commands with their keys.",
)];
