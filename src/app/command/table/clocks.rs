//! Commands: clocks and findings.

use egui::Key;

use super::Category::Clocks;
use super::Needs::Workspace;
use super::{Entry, entry};
use crate::app::command::Command;
use crate::app::keys::{place, shift};

pub(super) static ENTRIES: &[Entry] = &[
    entry(
        "toggle-clock",
        Clocks,
        Workspace,
        Command::ToggleClock,
        &[place(Key::C)],
        "Switch clock",
        "Raw times, or everything on the axis of the reference clock. Raw data stays as it is.",
    ),
    entry(
        "clock-raw",
        Clocks,
        Workspace,
        Command::ClockRaw,
        &[],
        "Raw clocks",
        "Every lane shows what its own clock said; red arrows join what contradicts itself.",
    ),
    entry(
        "clock-frame",
        Clocks,
        Workspace,
        Command::ClockFrame,
        &[],
        "Reference frame",
        "Every event at its estimate on the reference clock's axis, with whiskers for what causality allows.",
    ),
    entry(
        "reference-automatic",
        Clocks,
        Workspace,
        Command::ReferenceAutomatic,
        &[],
        "Best reference clock",
        "Lets the program choose the reference clock again.",
    ),
    entry(
        "evidence-protocol",
        Clocks,
        Workspace,
        Command::EvidenceProtocol,
        &[],
        "Evidence: protocol",
        "Believes only what had to happen by protocol.",
    )
    .grouped(),
    entry(
        "evidence-convention",
        Clocks,
        Workspace,
        Command::EvidenceConvention,
        &[],
        "Evidence: convention",
        "Believes the usual nesting of instrumentation, too. The default.",
    ),
    entry(
        "evidence-prior",
        Clocks,
        Workspace,
        Command::EvidencePrior,
        &[],
        "Evidence: prior",
        "Believes weak identities and declared clock bounds, too.",
    ),
    entry(
        "only-trace",
        Clocks,
        Workspace,
        Command::OnlyTrace,
        &[shift(Key::R)],
        "Evidence of this trace only",
        "Rests bounds and findings on the messages of the selected span's trace alone; again: on those of all traces.",
    )
    .grouped(),
    entry(
        "all-traces",
        Clocks,
        Workspace,
        Command::AllTraces,
        &[],
        "Evidence of all traces",
        "Rests bounds and findings on the messages of all traces. The default: they bound better together.",
    ),
    entry(
        "evidence",
        Clocks,
        Workspace,
        Command::ToggleEvidence,
        &[shift(Key::X)],
        "Kinds of evidence",
        "Every rule that bounds rest on: how often it was used, how often it cannot hold, and a switch.",
    ),
    entry(
        "assume-drift",
        Clocks,
        Workspace,
        Command::AssumeDrift,
        &[],
        "Assumed drift of a clock…",
        "How fast the current lane's clock may run away from true time, in parts per million. Usually 50.",
    ),
    entry(
        "usual-assumptions",
        Clocks,
        Workspace,
        Command::UsualAssumptions,
        &[],
        "Usual assumptions",
        "All traces, the usual drift, and every kind of evidence as the program judges it.",
    ),
    entry(
        "what-if",
        Clocks,
        Workspace,
        Command::WhatIf,
        &[shift(Key::C)],
        "What if a clock…",
        "Holds a clock at an offset of your choice; the others follow as far as messages force them to. Esc lets go.",
    )
    .grouped(),
    entry(
        "critical-path",
        Clocks,
        Workspace,
        Command::CriticalPath,
        &[shift(Key::P)],
        "Critical path",
        "What the end of the selected span's turn or trace waited for; hatched where the order is not known.",
    ),
    entry(
        "next-finding",
        Clocks,
        Workspace,
        Command::NextFinding,
        &[place(Key::N)],
        "Next finding",
        "The next contradiction or fact about a clock; without any, the next span that failed.",
    )
    .grouped(),
    entry(
        "previous-finding",
        Clocks,
        Workspace,
        Command::PreviousFinding,
        &[shift(Key::N)],
        "Previous finding",
        "The previous contradiction or fact about a clock.",
    ),
    entry(
        "toggle-findings",
        Clocks,
        Workspace,
        Command::ToggleFindings,
        &[place(Key::I)],
        "Findings",
        "Shows or hides the list of findings.",
    ),
];
