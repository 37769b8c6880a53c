//! Commands: marking and measuring.

use egui::Key;

use super::Category::Measure;
use super::Needs::{Nothing, Selection};
use super::{Entry, entry};
use crate::app::command::Command;
use crate::app::keys::place;

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
        "clear",
        Measure,
        Nothing,
        Command::Clear,
        &[place(Key::Escape)],
        "Clear",
        "Closes what lies on top; then clears the measured range; then the selection.",
    ),
];
