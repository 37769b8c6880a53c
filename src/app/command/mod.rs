//! Everything a user can do, as one enum and one table. Menus, shortcuts and the help are generated from the table.
//!
//! Drawing code only pushes commands into a [`Queue`]; only `State::apply` changes state (invariant I8).

pub mod table;

pub use table::{Category, Entry, MOUSE, Needs, entries, entry_of};

use super::lanes::LaneCommand;
use super::search::SearchCommand;
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
    /// The details show the turn as people read it, or the span again.
    ShowConversation,
    /// Shows or hides where time went.
    TogglePhases,
    /// Shows or hides the agent map.
    ToggleAgentMap,
    /// Shows all of the agent map.
    FitAgentMap,
    /// The details show what led to an answer, or the span again.
    ShowAttribution,
    /// Shows or hides the drawer at the bottom.
    ToggleDrawer,
    /// Shows or hides the span table.
    ToggleSpanTable,
    /// Shows or hides the statistics.
    ToggleStatistics,
    /// Shows or hides the list of diagnostics.
    ToggleDiagnostics,
    /// Shows or hides the plot of clock offsets.
    ToggleOffsets,
    /// Shows or hides the plot of separations.
    ToggleSeparations,
    /// Shows or hides the plot of causality health.
    ToggleHealth,
    /// Shows or hides the plot of a stream's pieces.
    ToggleCadence,
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
    /// A list of all lanes, to go to one.
    FindLane,
    /// Everything that can be done with the current lane.
    LaneMenu,
    /// A list of keys to group lanes by.
    GroupLanes,
    /// A lane for every clock.
    GroupByClock,
    /// Parts the current lane by the next finer key.
    SplitLane,
    /// Merges the lane below into the current one.
    MergeLane,
    /// Takes back how the current lane was split or merged.
    RejoinLane,
    /// The current lane one place up.
    LaneUp,
    /// The current lane one place down.
    LaneDown,
    /// Keeps the current lane at the top while the others scroll.
    PinLane,
    /// Hides the current lane.
    HideLane,
    /// Shows lanes that were hidden.
    ShowAllLanes,
    /// Asks for a name for the current lane.
    RenameLane,
    /// Shows the current lane as one strip, or its rows.
    FoldLane,
    /// Hides what is below the focused span.
    FoldSubtree,
    /// Shows what is below the focused span.
    UnfoldSubtree,
    /// Shows every row.
    UnfoldAll,
    /// Lanes as they were when the file was opened.
    ResetLanes,
    /// Writes the view beside the trace.
    SaveView,
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
    /// Puts the keyboard into the search field.
    FindSpans,
    /// The next span that the search found.
    NextHit,
    /// The previous span that the search found.
    PreviousHit,
    /// Empties the search field.
    ClearSearch,
    /// Shows or hides the explanation of the search language.
    SearchHelp,
    /// Shows all commands in a list that is searched by typing.
    Palette,
    /// Shows or hides the panel in which keys are changed.
    KeysPanel,
    /// Much closer.
    ZoomInFar,
    /// Much farther.
    ZoomOutFar,
    /// Much earlier.
    PanLeftFar,
    /// Much later.
    PanRightFar,
    /// The keyboard goes to the next part of the window.
    NextRegion,
    /// The keyboard goes to the part before.
    PreviousRegion,
    /// The keyboard goes to the menu bar.
    MenuBar,
    /// Measures the time that the selection takes.
    MeasureSelection,
    /// Keeps the measured range as a note.
    KeepNote,
    /// Removes the note of the measured range, else the last one.
    RemoveNote,
    /// Closes what is open on top, else clears the measured range, else the selection.
    Clear,

    /// Raw times, or those of the reference clock.
    ToggleClock,
    /// Raw times.
    ClockRaw,
    /// Times of the reference clock.
    ClockFrame,
    /// The program chooses the reference clock.
    ReferenceAutomatic,
    /// Believes what had to happen by protocol.
    EvidenceProtocol,
    /// Believes the usual nesting, too.
    EvidenceConvention,
    /// Believes weak priors, too.
    EvidencePrior,
    /// Uses the messages of the selected span's trace alone, or those of all traces again.
    OnlyTrace,
    /// Uses the messages of all traces.
    AllTraces,
    /// Asks how fast the current lane's clock may drift.
    AssumeDrift,
    /// Drift, evidence and traces as usual.
    UsualAssumptions,
    /// Shows or hides the list of kinds of evidence.
    ToggleEvidence,
    /// The next finding.
    NextFinding,
    /// The previous finding.
    PreviousFinding,
    /// From one end of the finding that is looked at to the other one.
    OtherEnd,
    /// Shows or hides the list of findings.
    ToggleFindings,
    /// Asks for an offset to hold a clock at.
    WhatIf,
    /// Shows or hides the critical path of the selected span's turn or trace.
    CriticalPath,
    /// Folds nothing.
    FoldOff,
    /// Folds all lanes by agent.
    FoldByAgent,
    /// Folds all lanes by phase.
    FoldByPhase,
    /// Folds all lanes by service.
    FoldByService,
    /// Folds all lanes by turn.
    FoldByTurn,
    /// Puts attempts at the same thing into one row.
    FoldByRetry,
    /// A list of what lanes can be folded by.
    FoldByAttribute,
    /// Folds across clocks, or inside their lanes.
    FoldAcross,
    /// Colours by service.
    ColorByService,
    /// Colours by agent.
    ColorByAgent,
    /// Colours by phase.
    ColorByPhase,
    /// Colours by clock.
    ColorByClock,
    /// The next turn of a conversation.
    NextTurn,
    /// The turn before.
    PreviousTurn,
    /// The turn fills the view.
    FitTurn,
    /// A list of all turns, to go to one.
    FindTurn,
    /// Draws long idle stretches shorter than they are, or as long.
    ShortenIdle,
    /// A list of conversations, to show one of them alone.
    OnlyConversation,
    /// Shows all conversations.
    AllConversations,
    /// Accepts the surest place that is proposed for the focused span.
    AcceptStitch,
    /// Rejects it.
    RejectStitch,

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
    /// Says no more that most of the time axis is idle, until something else is opened.
    DismissIdleHint,
    /// Takes away what is said about inputs that were not read as a whole.
    DismissIncomplete,
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
    /// The keyboard goes back to the timeline.
    FocusCanvas,
    /// Opens a menu.
    OpenMenu(Category),
    /// Does something in the panel of keys.
    Keys(crate::app::bindings::KeysCommand),
    /// Does something with a lane.
    Lanes(LaneCommand),
    /// Does something with a range note.
    Note(crate::app::notes::NoteCommand),
    /// Does something with the open picker.
    Picker(crate::app::picker::PickerCommand),
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
    /// About clocks and findings.
    Clocks(super::clocks::ClockCommand),
    /// What the clock engine may assume.
    Assume(super::assumed::AssumeCommand),
    /// About conversations.
    Conversation(super::conversation::ConversationCommand),
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
    /// Searches.
    Search(SearchCommand),
    /// Sets where the export panel writes to.
    SetExportPath(String),
    /// Shows the file dialog of the export panel.
    ChooseExportPath,
    /// About conversations.
    People(super::people::PeopleCommand),
    /// A change of the drawer at the bottom.
    Drawer(super::drawer::DrawerCommand),
    /// What the plots ask for.
    Plots(super::plots::PlotCommand),
    /// What the tables ask for.
    Table(super::tables::TableCommand),
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

    /// Adds what there is.
    pub fn extend(&mut self, commands: impl IntoIterator<Item = Command>) {
        self.0.extend(commands);
    }

    /// Takes all commands, in order.
    pub fn take(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.0)
    }
}
