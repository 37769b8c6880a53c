//! Commands: searching.

use egui::Key;

use super::Category::Go;
use super::Needs::Workspace;
use super::{Entry, entry};
use crate::app::command::Command;
use crate::app::keys::{ctrl, place, shift, symbol};

pub(super) static ENTRIES: &[Entry] = &[
    entry(
        "find",
        Go,
        Workspace,
        Command::FindSpans,
        &[symbol(Key::Slash), ctrl(Key::F)],
        "Search",
        "Looks for spans by name, service, duration, attributes: everything else is dimmed.",
    )
    .grouped(),
    entry(
        "next-hit",
        Go,
        Workspace,
        Command::NextHit,
        &[place(Key::F3)],
        "Next hit",
        "Selects the next span that the search found. Enter does it too, in the search field and on the timeline.",
    ),
    entry(
        "previous-hit",
        Go,
        Workspace,
        Command::PreviousHit,
        &[shift(Key::F3)],
        "Previous hit",
        "Selects the previous span that the search found; Shift+Enter does it too.",
    ),
    entry(
        "clear-search",
        Go,
        Workspace,
        Command::ClearSearch,
        &[],
        "Clear search",
        "Empties the search field: nothing is dimmed any more.",
    ),
    entry(
        "search-help",
        Go,
        Workspace,
        Command::SearchHelp,
        &[],
        "Search language",
        "Shows or hides what can be written into the search field.",
    ),
];
