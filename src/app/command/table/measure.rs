//! Commands: marking and measuring.

use egui::Key;

use super::Category::Measure;
use super::Needs::{Nothing, Selection, Workspace};
use super::{Entry, entry};
use crate::app::command::Command;
use crate::app::keys::{place, shift};

pub(super) static ENTRIES: &[Entry] = &[
    entry(
        "measure-selection",
        Measure,
        Selection,
        Command::MeasureSelection,
        &[place(Key::M)],
        "Measure selection",
        "Marks the time from the first start to the last end of the selection.",
    ),
    entry(
        "keep-note",
        Measure,
        Workspace,
        Command::KeepNote,
        &[shift(Key::M)],
        "Keep as note",
        "Keeps the measured range, or that of the selection, as a numbered note.",
    ),
    entry(
        "remove-note",
        Measure,
        Workspace,
        Command::RemoveNote,
        &[place(Key::Delete)],
        "Remove note",
        "Removes the note of the measured range, else the last one.",
    ),
    entry(
        "clear",
        Measure,
        Nothing,
        Command::Clear,
        &[place(Key::Escape)],
        "Clear",
        "Closes what lies on top; then clears the measured range; then the selection.",
    ),
];
