//! Commands: help.

use egui::Key;

use super::Category::Help;
use super::Needs::Nothing;
use super::{Entry, entry};
use crate::app::command::Command;
use crate::app::keys::{ctrl, ctrl_shift, place, shift, symbol};

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
        "keys",
        Help,
        Nothing,
        Command::KeysPanel,
        &[],
        "Change keys…",
        "Other keys for any command, and sets of keys to start from.",
    ),
    entry(
        "next-region",
        Help,
        Nothing,
        Command::NextRegion,
        &[place(Key::F6)],
        "Next part of the window",
        "The keyboard goes on: menu, tool bar, timeline, panels, drawer, status bar. Tab moves inside a part.",
    )
    .keys_only(),
    entry(
        "previous-region",
        Help,
        Nothing,
        Command::PreviousRegion,
        &[shift(Key::F6)],
        "Previous part of the window",
        "The keyboard goes back; Esc takes it to the timeline at once.",
    )
    .keys_only(),
    entry(
        "menu-bar",
        Help,
        Nothing,
        Command::MenuBar,
        &[place(Key::F10)],
        "Menu bar",
        "The keyboard goes to the menus. Alt alone does the same; Alt and the first letter opens a menu.",
    )
    .keys_only(),
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
