//! Everything a user can do, as one enum and one table. Menus, shortcuts and the help are generated from the table.
//!
//! Drawing code only pushes commands into a [`Queue`]; only `State::apply` changes state (invariant I8).

use egui::Key;

use super::keys::{Keys, alt, ctrl, ctrl_shift, ctrl_symbol, place, shift, symbol};
use crate::load::Source;
use crate::model::SpanIx;
use crate::scene::TimeRange;

/// One change of state.
#[derive(Clone, Debug, strum::EnumDiscriminants)]
#[strum_discriminants(name(CommandKind), derive(strum::EnumIter, Hash), doc = "A [`Command`] without its data.")]
pub enum Command {
    // Commands of the table: no data.
    /// Shows the file dialog.
    Open,
    /// Loads the built-in sample.
    OpenSample,
    /// Forgets which files were opened.
    ForgetRecent,
    /// Closes everything that is open.
    CloseWorkspace,
    /// Shows or hides the export panel.
    ExportPanel,
    /// Puts the picture of the current view on the clipboard.
    CopyPicture,
    /// Closes the window.
    Quit,
    /// Back to the view before.
    Undo,
    /// Undoes an undo.
    Redo,
    /// Closer, about the middle or the focused span.
    ZoomIn,
    /// Farther.
    ZoomOut,
    /// Earlier.
    PanLeft,
    /// Later.
    PanRight,
    /// Rows up.
    ScrollUp,
    /// Rows down.
    ScrollDown,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// The selection fills the view; when it already does, the whole trace.
    ZoomToSelection,
    /// Everything in view.
    WholeTrace,
    /// Shows or hides the details drawer.
    ToggleDetails,
    /// Shows or hides the list of diagnostics.
    ToggleDiagnostics,
    /// Shows or hides the help.
    ToggleHelp,
    /// Ruler: time since the first event.
    RulerRelative,
    /// Ruler: time of day.
    RulerAbsolute,
    /// Dark theme.
    ThemeDark,
    /// Light theme.
    ThemeLight,
    /// The theme of the system.
    ThemeSystem,
    /// Bigger text.
    TextLarger,
    /// Smaller text.
    TextSmaller,
    /// Normal text.
    TextNormal,
    /// Shows lanes that were hidden.
    ShowAllLanes,
    /// Next span of the row.
    NextSpan,
    /// Previous span of the row.
    PreviousSpan,
    /// The nearest span one row up.
    RowUp,
    /// The nearest span one row down.
    RowDown,
    /// The parent.
    Parent,
    /// The first child.
    FirstChild,
    /// The next span with an error or a flag.
    NextFlagged,
    /// The previous span with an error or a flag.
    PreviousFlagged,
    /// Measures the time that the selection takes.
    MeasureSelection,
    /// Closes what is open on top, else clears the measured range, else the selection.
    Clear,

    // Commands with data.
    /// Opens sources; asks whether to add or to replace when something is open.
    OpenSources(Vec<Source>),
    /// Loads sources.
    Load {
        /// From where.
        sources: Vec<Source>,
        /// Into the open workspace, or instead of it.
        add: bool,
    },
    /// Answers the question of [`Command::OpenSources`]; `None` = do not open.
    AnswerOpen(Option<Answer>),
    /// Stops loading.
    CancelLoad,
    /// Closes the panel with the load error.
    DismissLoadError,
    /// Takes what background work has finished: loads, file dialogs.
    TakeResults,
    /// What the system says about dark or light.
    SystemTheme(Option<crate::scene::ThemeKind>),
    /// Selects one span, or adds it to (removes it from) the selection.
    Select {
        /// Which one.
        span: SpanIx,
        /// Keep the others.
        extend: bool,
    },
    /// Empties the selection and the measured range.
    SelectNothing,
    /// Selects a span and brings it into view.
    Reveal(SpanIx),
    /// Selects a span and zooms to it.
    ZoomToSpan(SpanIx),
    /// Shows a time range.
    ShowRange(TimeRange),
    /// Zooms so that `at_ns` keeps its place.
    ZoomAbout {
        /// The time that stays.
        at_ns: i64,
        /// Above 1 = closer.
        factor: f64,
    },
    /// Hides the lane of a clock.
    HideLane(crate::model::DomainIx),
    /// Moves the view along time, nanoseconds.
    PanBy(i64),
    /// Moves the view along the rows, points.
    ScrollBy(f64),
    /// Sets the scroll position, points.
    ScrollTo(f64),
    /// Measures a range, or stops measuring.
    Measure(Option<TimeRange>),
    /// The canvas has another size: width and height in points.
    Resize(emath::Vec2),
    /// What the user did to the view is complete: an undo point.
    EndInteraction,
    /// Filters the attributes of the details drawer.
    FilterDetails(String),
    /// Puts text on the clipboard; `what` names it in the confirmation.
    CopyText {
        /// Its name, for people.
        what: String,
        /// The text.
        text: String,
    },
    /// Sets where the export panel writes to.
    SetExportPath(String),
    /// Shows the file dialog of the export panel.
    ChooseExportPath,
    /// Writes the picture of the current view; SVG when the name ends in `.svg`, else PNG.
    Export(std::path::PathBuf),
}

/// What to do with files when something is open already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Into the open workspace.
    Add,
    /// Instead of it.
    Replace,
}

/// Commands that drawing code wants to have applied.
#[derive(Default, Debug)]
pub struct Queue(Vec<Command>);

impl Queue {
    /// Adds a command; it is applied after the frame is drawn.
    pub fn push(&mut self, command: Command) {
        self.0.push(command);
    }

    /// Takes all commands, in order.
    pub fn take(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.0)
    }
}

/// Heading in the help; the first five are menus too.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::Display, strum::EnumIter)]
pub enum Category {
    /// Files and export.
    File,
    /// What is shown, and how.
    View,
    /// From span to span.
    Go,
    /// Marking and measuring.
    Measure,
    /// Help.
    Help,
}

/// When a command makes sense.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Needs {
    /// Always.
    Nothing,
    /// Something is open.
    Workspace,
    /// A span is selected.
    Selection,
}

/// One row of the command table.
#[derive(Debug)]
pub struct Entry {
    /// Stable name, for tests and key bindings.
    pub id: &'static str,
    /// What menus and the help say.
    pub title: &'static str,
    /// One sentence more.
    pub tooltip: &'static str,
    /// Heading and menu.
    pub category: Category,
    /// Default keys; the first is shown in menus.
    pub keys: &'static [Keys],
    /// When it can be used.
    pub needs: Needs,
    /// Whether it stands in a menu. Keys like W and S would only make menus long.
    pub in_menu: bool,
    /// A line above it in the menu.
    pub group: bool,
    /// The command itself, without data.
    pub command: Command,
}

const fn entry(
    id: &'static str,
    category: Category,
    needs: Needs,
    command: Command,
    keys: &'static [Keys],
    title: &'static str,
    tooltip: &'static str,
) -> Entry {
    Entry { id, title, tooltip, category, keys, needs, in_menu: true, group: false, command }
}

impl Entry {
    const fn grouped(mut self) -> Self {
        self.group = true;
        self
    }

    const fn keys_only(mut self) -> Self {
        self.in_menu = false;
        self
    }
}

/// All commands without data, in menu order.
pub static TABLE: &[Entry] = {
    use Category::{File, Go, Help, Measure, View};
    use Needs::{Nothing, Selection, Workspace};
    &[
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
            "diagnostics",
            View,
            Workspace,
            Command::ToggleDiagnostics,
            &[place(Key::X)],
            "Diagnostics",
            "What was odd in the files, how often, where, and what to do about it.",
        ),
        entry(
            "show-all-lanes",
            View,
            Workspace,
            Command::ShowAllLanes,
            &[],
            "Show hidden lanes",
            "Brings back every lane that was hidden. A right click on a lane's head hides it.",
        ),
        entry("theme-dark", View, Nothing, Command::ThemeDark, &[], "Dark theme", "Light text on a dark ground.")
            .grouped(),
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
        entry(
            "row-down",
            Go,
            Workspace,
            Command::RowDown,
            &[place(Key::J)],
            "Row down",
            "The nearest span one row down.",
        ),
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
            &[place(Key::N)],
            "Next flagged span",
            "The next span that failed or that has something odd about it.",
        )
        .grouped(),
        entry(
            "previous-flagged",
            Go,
            Workspace,
            Command::PreviousFlagged,
            &[shift(Key::N)],
            "Previous flagged span",
            "The previous span that failed or that has something odd about it.",
        ),
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
        entry(
            "help",
            Help,
            Nothing,
            Command::ToggleHelp,
            &[symbol(Key::Questionmark), place(Key::F1)],
            "Keyboard and mouse",
            "All commands with their keys.",
        ),
    ]
};

/// The row of a command without data.
#[must_use]
pub fn entry_of(command: &Command) -> Option<&'static Entry> {
    let kind = CommandKind::from(command);
    TABLE.iter().find(|entry| CommandKind::from(&entry.command) == kind)
}

/// What the mouse does, for the help: not commands of their own, each ends in one.
pub static MOUSE: &[(&str, &str)] = &[
    ("Wheel", "Scroll rows"),
    ("Ctrl + wheel", "Zoom at the pointer"),
    ("Shift + wheel", "Earlier, later"),
    ("Drag on the canvas", "Measure a time range; snaps to span edges"),
    ("Shift + drag, middle drag", "Move the view"),
    ("Drag on the ruler or the overview", "Zoom to the range"),
    ("Double click on the ruler", "Whole trace"),
    ("Click on a span", "Select it; on nothing: clear"),
    ("Ctrl + click", "Add to the selection, or take away"),
    ("Double click on a span", "Zoom to it"),
    ("Right click on a lane head", "Hide the lane"),
];

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashMap};

    use super::*;

    #[test]
    fn no_two_commands_share_a_key() {
        let mut owner: HashMap<Keys, &str> = HashMap::new();
        for entry in TABLE {
            for &keys in entry.keys {
                let before = owner.insert(keys, entry.id);
                assert_eq!(before, None, "{} is bound to {} too", keys.text(), entry.id);
            }
        }
        // A key bound by symbol hides the same key bound by position, so these may not collide either.
        let bare: BTreeSet<String> = owner.keys().map(Keys::text).collect();
        assert_eq!(bare.len(), owner.len());
    }

    #[test]
    fn ids_and_titles_are_distinct_and_filled() {
        let ids: BTreeSet<_> = TABLE.iter().map(|entry| entry.id).collect();
        let titles: BTreeSet<_> = TABLE.iter().map(|entry| entry.title).collect();
        assert_eq!((ids.len(), titles.len()), (TABLE.len(), TABLE.len()));
        for entry in TABLE {
            assert!(entry.tooltip.ends_with('.'), "{}", entry.id);
        }
    }

    #[test]
    fn every_command_without_data_is_in_the_table() {
        use strum::IntoEnumIterator as _;
        let listed: Vec<CommandKind> = TABLE.iter().map(|entry| CommandKind::from(&entry.command)).collect();
        let first_with_data = CommandKind::iter().position(|kind| kind == CommandKind::OpenSources);
        for kind in CommandKind::iter().take(first_with_data.unwrap_or(0)) {
            assert_eq!(listed.iter().filter(|&&other| other == kind).count(), 1, "{kind:?}");
        }
    }
}
