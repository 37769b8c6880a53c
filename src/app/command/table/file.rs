//! Commands: files and export.

use egui::Key;

use super::Category::File;
use super::Needs::{Nothing, Workspace};
use super::{Entry, entry};
use crate::app::command::Command;
use crate::app::keys::{ctrl, ctrl_shift};

pub(super) static ENTRIES: &[Entry] = &[
    entry(
        "open",
        File,
        Nothing,
        Command::Open,
        &[ctrl(Key::O)],
        "Open…",
        "Open trace files. Dropping files or directories on the window works too.",
    ),
    entry(
        "open-sample",
        File,
        Nothing,
        Command::OpenSample,
        &[],
        "Open sample",
        "A conversation of three turns whose clocks disagree. Nothing is downloaded.",
    ),
    entry(
        "forget-recent",
        File,
        Nothing,
        Command::ForgetRecent,
        &[],
        "Forget recent files",
        "Empties the list of recent files.",
    ),
    entry(
        "close",
        File,
        Workspace,
        Command::CloseWorkspace,
        &[ctrl(Key::W)],
        "Close",
        "Closes everything that is open.",
    ),
    entry(
        "export",
        File,
        Workspace,
        Command::ExportPanel,
        &[ctrl(Key::E)],
        "Export picture…",
        "The current view as PNG or SVG, with title, legend, file name and hash.",
    )
    .grouped(),
    entry(
        "copy-picture",
        File,
        Workspace,
        Command::CopyPicture,
        &[ctrl_shift(Key::C)],
        "Copy picture",
        "The current view as a picture on the clipboard.",
    ),
    entry("quit", File, Nothing, Command::Quit, &[ctrl(Key::Q)], "Quit", "Closes the window.").grouped(),
];
