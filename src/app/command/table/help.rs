//! Commands: help.

use egui::Key;

use super::Category::Help;
use super::Needs::Nothing;
use super::{Entry, entry};
use crate::app::command::Command;
use crate::app::keys::{ctrl, ctrl_shift, place, symbol};

pub(super) static ENTRIES: &[Entry] = &[
    entry(
        "palette",
        Help,
        Nothing,
        Command::Palette,
        &[ctrl_shift(Key::P), ctrl(Key::K)],
        "Command palette",
        "Every command in a list that is searched by typing.",
    ),
    entry(
        "help",
        Help,
        Nothing,
        Command::ToggleHelp,
        &[symbol(Key::Questionmark), place(Key::F1)],
        "Keyboard and mouse",
        "All commands with their keys.",
    ),
];
