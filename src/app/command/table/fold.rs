//! Commands: what bars are coloured and folded by.

use egui::Key;

use super::Category::{Lanes, View};
use super::Needs::Workspace;
use super::{Entry, entry};
use crate::app::command::Command;
use crate::app::keys::{place, shift};

pub(super) static ENTRIES: &[Entry] = &[
    entry(
        "fold-off",
        Lanes,
        Workspace,
        Command::FoldOff,
        &[place(Key::Num1)],
        "Fold by nothing",
        "Every lane shows its own rows.",
    )
    .grouped(),
    entry(
        "fold-agent",
        Lanes,
        Workspace,
        Command::FoldByAgent,
        &[place(Key::Num2)],
        "Fold by agent",
        "One group for each agent in a lane; a click on a group opens it in place.",
    ),
    entry(
        "fold-phase",
        Lanes,
        Workspace,
        Command::FoldByPhase,
        &[place(Key::Num3)],
        "Fold by phase",
        "One group for each thing that time is spent on: model calls, tools, retrieval, waiting.",
    ),
    entry(
        "fold-service",
        Lanes,
        Workspace,
        Command::FoldByService,
        &[place(Key::Num4)],
        "Fold by service",
        "One group for each service in a lane.",
    ),
    entry(
        "fold-turn",
        Lanes,
        Workspace,
        Command::FoldByTurn,
        &[],
        "Fold by turn",
        "One group for each exchange of a conversation.",
    ),
    entry(
        "fold-retry",
        Lanes,
        Workspace,
        Command::FoldByRetry,
        &[],
        "Fold retries",
        "Attempts at the same thing share a group, which says how many there were and how long the waiting took.",
    ),
    entry(
        "fold-attribute",
        Lanes,
        Workspace,
        Command::FoldByAttribute,
        &[],
        "Fold by attribute…",
        "Groups by any attribute of spans or resources.",
    ),
    entry(
        "fold-across",
        Lanes,
        Workspace,
        Command::FoldAcross,
        &[],
        "Fold across clocks",
        "One lane for everything instead of one for every clock; its head says how many clocks it mixes.",
    ),
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
