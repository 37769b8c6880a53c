//! Commands: from span to span.

use egui::Key;

use super::Category::Go;
use super::Needs::{Selection, Workspace};
use super::{Entry, entry};
use crate::app::command::Command;
use crate::app::keys::{place, shift};

pub(super) static ENTRIES: &[Entry] = &[
    entry(
        "next-span",
        Go,
        Workspace,
        Command::NextSpan,
        &[place(Key::Period)],
        "Next span",
        "The next span in the same row.",
    ),
    entry(
        "previous-span",
        Go,
        Workspace,
        Command::PreviousSpan,
        &[place(Key::Comma)],
        "Previous span",
        "The previous span in the same row.",
    ),
    entry("row-up", Go, Workspace, Command::RowUp, &[place(Key::K)], "Row up", "The nearest span one row up."),
    entry("row-down", Go, Workspace, Command::RowDown, &[place(Key::J)], "Row down", "The nearest span one row down."),
    entry(
        "parent",
        Go,
        Selection,
        Command::Parent,
        &[place(Key::OpenBracket)],
        "Parent",
        "Follows the causal edge back: what caused this span.",
    )
    .grouped(),
    entry(
        "first-child",
        Go,
        Selection,
        Command::FirstChild,
        &[place(Key::CloseBracket)],
        "First child",
        "Follows the causal edge forward: the first span that this one caused.",
    ),
    entry(
        "next-flagged",
        Go,
        Workspace,
        Command::NextFlagged,
        &[place(Key::E)],
        "Next flagged span",
        "The next span that failed or that has something odd about it.",
    )
    .grouped(),
    entry(
        "previous-flagged",
        Go,
        Workspace,
        Command::PreviousFlagged,
        &[shift(Key::E)],
        "Previous flagged span",
        "The previous span that failed or that has something odd about it.",
    ),
];
