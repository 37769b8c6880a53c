//! Commands: what is shown, and how.

use egui::Key;

use super::Category::View;
use super::Needs::{Nothing, Selection, Workspace};
use super::{Entry, entry};
use crate::app::command::Command;
use crate::app::keys::{alt, ctrl, ctrl_shift, ctrl_symbol, place, shift, symbol};

pub(super) static ENTRIES: &[Entry] = &[
    entry(
        "undo",
        View,
        Workspace,
        Command::Undo,
        &[ctrl(Key::Z), alt(Key::ArrowLeft)],
        "Back",
        "Back to the view before: zoom, position and scroll.",
    ),
    entry(
        "redo",
        View,
        Workspace,
        Command::Redo,
        &[ctrl_shift(Key::Z), ctrl(Key::Y), alt(Key::ArrowRight)],
        "Forward",
        "Undoes the last step back.",
    ),
    entry(
        "whole-trace",
        View,
        Workspace,
        Command::WholeTrace,
        &[place(Key::Num0), place(Key::Home)],
        "Whole trace",
        "Everything in view. Double click on the ruler does the same.",
    )
    .grouped(),
    entry(
        "zoom-to-selection",
        View,
        Selection,
        Command::ZoomToSelection,
        &[place(Key::F)],
        "Zoom to selection",
        "The selection fills the view; once more shows the whole trace.",
    ),
    entry(
        "zoom-in",
        View,
        Workspace,
        Command::ZoomIn,
        &[place(Key::W), symbol(Key::Plus), symbol(Key::Equals)],
        "Zoom in",
        "Closer. Ctrl and the wheel zoom at the pointer.",
    ),
    entry(
        "zoom-out",
        View,
        Workspace,
        Command::ZoomOut,
        &[place(Key::S), symbol(Key::Minus)],
        "Zoom out",
        "Farther away.",
    ),
    entry(
        "pan-left",
        View,
        Workspace,
        Command::PanLeft,
        &[place(Key::A), place(Key::ArrowLeft)],
        "Earlier",
        "Moves the view to earlier times.",
    )
    .keys_only(),
    entry(
        "pan-right",
        View,
        Workspace,
        Command::PanRight,
        &[place(Key::D), place(Key::ArrowRight)],
        "Later",
        "Moves the view to later times.",
    )
    .keys_only(),
    entry("zoom-in-far", View, Workspace, Command::ZoomInFar, &[shift(Key::W)], "Zoom in far", "Much closer.")
        .keys_only(),
    entry("zoom-out-far", View, Workspace, Command::ZoomOutFar, &[shift(Key::S)], "Zoom out far", "Much farther away.")
        .keys_only(),
    entry(
        "pan-left-far",
        View,
        Workspace,
        Command::PanLeftFar,
        &[shift(Key::A), shift(Key::ArrowLeft)],
        "Much earlier",
        "Moves the view by most of its width.",
    )
    .keys_only(),
    entry(
        "pan-right-far",
        View,
        Workspace,
        Command::PanRightFar,
        &[shift(Key::D), shift(Key::ArrowRight)],
        "Much later",
        "Moves the view by most of its width.",
    )
    .keys_only(),
    entry(
        "scroll-up",
        View,
        Workspace,
        Command::ScrollUp,
        &[place(Key::ArrowUp)],
        "Scroll up",
        "Shows rows further up. The wheel does the same.",
    )
    .keys_only(),
    entry(
        "scroll-down",
        View,
        Workspace,
        Command::ScrollDown,
        &[place(Key::ArrowDown)],
        "Scroll down",
        "Shows rows further down.",
    )
    .keys_only(),
    entry("page-up", View, Workspace, Command::PageUp, &[place(Key::PageUp)], "Page up", "A screenful of rows up.")
        .keys_only(),
    entry(
        "page-down",
        View,
        Workspace,
        Command::PageDown,
        &[place(Key::PageDown)],
        "Page down",
        "A screenful of rows down.",
    )
    .keys_only(),
    entry(
        "ruler-relative",
        View,
        Nothing,
        Command::RulerRelative,
        &[],
        "Time since start",
        "The ruler counts from the first event.",
    )
    .grouped(),
    entry(
        "ruler-absolute",
        View,
        Nothing,
        Command::RulerAbsolute,
        &[],
        "Time of day",
        "The ruler shows the time of day in UTC.",
    ),
    entry(
        "details",
        View,
        Nothing,
        Command::ToggleDetails,
        &[place(Key::Q)],
        "Details drawer",
        "Every field of the selected span.",
    )
    .grouped(),
    entry(
        "conversation",
        View,
        Workspace,
        Command::ShowConversation,
        &[place(Key::R)],
        "Conversation",
        "The turn of the selected span as people read it: who said what to whom, tools, tokens, times.",
    ),
    entry(
        "drawer",
        View,
        Workspace,
        Command::ToggleDrawer,
        &[place(Key::B)],
        "Bottom drawer",
        "Shows or hides the drawer below the timeline.",
    ),
    entry(
        "span-table",
        View,
        Workspace,
        Command::ToggleSpanTable,
        &[place(Key::T)],
        "Span table",
        "Every span as a row: sorted by any column, copied, exported.",
    ),
    entry(
        "statistics",
        View,
        Workspace,
        Command::ToggleStatistics,
        &[shift(Key::T)],
        "Statistics",
        "Counts, times and failures by name, service or any attribute; a click searches.",
    ),
    entry(
        "diagnostics",
        View,
        Workspace,
        Command::ToggleDiagnostics,
        &[place(Key::X)],
        "Diagnostics",
        "What was odd in the files, how often, where, and what to do about it.",
    ),
    entry("theme-dark", View, Nothing, Command::ThemeDark, &[], "Dark theme", "Light text on a dark ground.").grouped(),
    entry("theme-light", View, Nothing, Command::ThemeLight, &[], "Light theme", "Dark text on a light ground."),
    entry(
        "theme-system",
        View,
        Nothing,
        Command::ThemeSystem,
        &[],
        "Theme of the system",
        "Dark or light as the desktop says.",
    ),
    entry(
        "text-larger",
        View,
        Nothing,
        Command::TextLarger,
        &[ctrl_symbol(Key::Plus), ctrl_symbol(Key::Equals)],
        "Larger text",
        "Makes all text larger, rows too.",
    )
    .grouped(),
    entry(
        "text-smaller",
        View,
        Nothing,
        Command::TextSmaller,
        &[ctrl_symbol(Key::Minus)],
        "Smaller text",
        "Makes all text smaller, rows too.",
    ),
    entry(
        "text-normal",
        View,
        Nothing,
        Command::TextNormal,
        &[ctrl(Key::Num0)],
        "Normal text",
        "Text in its normal size.",
    ),
];
