//! Commands: what bars are coloured and folded by.

use egui::Key;

use super::Category::View;
use super::Needs::Workspace;
use super::{Entry, entry};
use crate::app::command::Command;
use crate::app::keys::shift;

pub(super) static ENTRIES: &[Entry] = &[
    entry(
        "color-service",
        View,
        Workspace,
        Command::ColorByService,
        &[shift(Key::Num4)],
        "Colour by service",
        "Bars have the colour of the service that reported them.",
    )
    .grouped(),
    entry(
        "color-agent",
        View,
        Workspace,
        Command::ColorByAgent,
        &[shift(Key::Num2)],
        "Colour by agent",
        "Bars have the colour of the agent at work; hatched where nothing states its name, grey where there is none.",
    ),
    entry(
        "color-phase",
        View,
        Workspace,
        Command::ColorByPhase,
        &[shift(Key::Num3)],
        "Colour by phase",
        "Bars have the colour of what the time was spent on; grey where nothing is known about it.",
    ),
    entry(
        "color-clock",
        View,
        Workspace,
        Command::ColorByClock,
        &[shift(Key::Num1)],
        "Colour by clock",
        "Bars have the colour of the clock that stamped them.",
    ),
];
