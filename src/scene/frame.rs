//! The frame as lists of what it shows. Positions are points, origin at the top left of the frame.

use ecolor::Color32;
use emath::{Pos2, Rect, Vec2};
use std::ops::Range;
use std::sync::Arc;

use super::clocks::{ClockMarks, LaneOffset};
use super::critical::CriticalMark;
use super::geometry::{Areas, Bands, HeadRoom, Metrics};
use super::ruler::Ruler;
use super::shape::{BarRect, TextShape};
use super::theme::ThemeKind;
use super::ties::{TieArrow, TieLook};
use super::time_scale::TimeScale;
use super::tokens::TokenMarks;
use super::turns::TurnMarks;
use super::view_state::TimeRange;
use crate::analysis::clocks::FindingTone;
use crate::analysis::genai::Phase;
use crate::layout::LaneIx;
use crate::model::{SpanFlags, SpanIx};

/// A bar: a span, or several that share a few points.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SceneBar {
    /// Where, cut a little outside the canvas; at least as wide as can be seen.
    pub rect: Rect,
    /// The span, or the longest one behind it.
    pub span: SpanIx,
    /// Spans behind it.
    pub count: u32,
    /// Flags of all spans behind it.
    pub flags: SpanFlags,
    /// Spans of its subtree that are folded into it, besides itself.
    pub folded: u32,
    /// Search hits behind it.
    pub hits: u32,
    /// The number of the gravest finding behind it, and how it looks.
    pub finding: Option<(u32, FindingTone)>,
    /// True when a search found other spans, but none behind this bar.
    pub is_dim: bool,
    /// Its colour, dimmed or not.
    pub fill: Color32,
    /// True when the colour stands for something that is concluded and not stated.
    pub is_guess: bool,
}

/// A part of a model call, along the lower edge of its bar.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PhaseBar {
    /// Where.
    pub rect: Rect,
    /// The model call.
    pub span: SpanIx,
    /// What the time was spent on.
    pub phase: Phase,
    /// How it is known.
    pub look: PhaseLook,
    /// Its colour, dimmed or not.
    pub fill: Color32,
}

/// How a part of a model call is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum PhaseLook {
    /// Stated by spans or events: solid.
    Real,
    /// Made from durations or a first-token time: hatched.
    Derived,
    /// What nothing accounts for: grey.
    Unaccounted,
}

/// A parent that no input holds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct GhostBox {
    /// Where.
    pub rect: Rect,
    /// Index into `TraceStore::ghosts()`.
    pub ghost: u32,
    /// Ghosts behind it.
    pub count: u32,
}

/// A stretch of a row in which every bar hides several spans.
#[derive(Clone, PartialEq, Debug)]
pub struct Dense {
    /// The stretch.
    pub rect: Rect,
    /// Spans behind it.
    pub spans: u64,
    /// Search hits among them.
    pub hits: u64,
}

/// The head of a lane, or the part of it that is in view.
#[derive(Clone, PartialEq, Debug)]
pub struct LaneHead {
    /// The lane.
    pub lane: LaneIx,
    /// The visible part of the lane, heads and canvas together.
    pub rect: Rect,
    /// Where its text begins.
    pub text_top: f32,
    /// Colour of its stripe.
    pub stripe: Color32,
    /// Name of the lane.
    pub name: Arc<str>,
    /// `412 spans`, or `12 of 412 spans` that a search found.
    pub count: Arc<str>,
    /// What runs on it.
    pub detail: Arc<str>,
    /// The evidence.
    pub chip: Arc<str>,
    /// What kind of clock it is; empty when the chip says it.
    pub kind: &'static str,
    /// Services on it with their colours, when there are several.
    pub services: Arc<[(Color32, Arc<str>)]>,
    /// Search hits in the lane; `None` when nothing is searched for.
    pub hits: Option<u32>,
    /// True when the clock was told apart by guessing.
    pub is_guess: bool,
    /// True when it has spans of several clocks.
    pub is_mixed: bool,
    /// True when it stays above lanes that are not pinned.
    pub is_pinned: bool,
    /// How much of its text its lane has room for.
    pub room: HeadRoom,
    /// Its offset against the reference clock, in words.
    pub offset: LaneOffset,
}

/// One column of the overview strip.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct OverviewColumn {
    /// Left edge.
    pub x: f32,
    /// 0 to 1.
    pub height: f32,
    /// Whether a span in it failed.
    pub has_error: bool,
    /// Whether a search found a span in it.
    pub has_hit: bool,
    /// True when a search found spans, but none in it.
    pub is_dim: bool,
    /// The number of the gravest finding in it, and how it looks.
    pub finding: Option<(u32, FindingTone)>,
}

/// The strip of a folded lane.
#[derive(Clone, PartialEq, Debug)]
pub struct LaneProfile {
    /// The lane.
    pub lane: LaneIx,
    /// Where.
    pub rect: Rect,
    /// Busy stretches: how many rows are in use, against the busiest moment in view.
    pub columns: Vec<OverviewColumn>,
    /// Width of a column.
    pub column_width: f32,
    /// Colour of the columns.
    pub fill: Color32,
}

/// The line above the rows of a group, or above the strip that stands for them.
#[derive(Clone, PartialEq, Debug)]
pub struct SectionHead {
    /// The group, counted over all lanes.
    pub section: u32,
    /// The line, without the strip or the rows below it.
    pub rect: Rect,
    /// Its rows are shown.
    pub is_open: bool,
    /// Its colour.
    pub fill: Color32,
    /// Nothing states its name.
    pub is_guess: bool,
    /// What its spans have in common.
    pub name: Arc<str>,
    /// How much there is: spans, busy time, tokens.
    pub detail: Arc<str>,
    /// How many of its spans failed; empty when none did.
    pub failed: Arc<str>,
}

/// The overview strip.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct OverviewStrip {
    /// Columns from left to right, all equally wide.
    pub columns: Vec<OverviewColumn>,
    /// Their width.
    pub column_width: f32,
    /// Where findings are, from left to right; none overlap.
    pub marks: Vec<OverviewMark>,
    /// The part of the whole trace that the canvas shows, as x of both edges.
    pub window: [f32; 2],
    /// The time range that the strip shows.
    pub range: TimeRange,
}

/// The gravest finding of a stretch of the overview strip.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct OverviewMark {
    /// Its middle.
    pub center: Pos2,
    /// Its number.
    pub finding: u32,
    /// How it looks.
    pub tone: FindingTone,
    /// The stretch that it stands for: spans with findings that start in it.
    pub time: TimeRange,
}

/// What an [`Edge`] means.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum EdgeKind {
    /// From the parent of a selected span.
    Parent,
    /// To a child of a selected span.
    Child,
    /// A link of a selected span, to the linked span.
    Link,
}

/// A curve between two spans.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Edge {
    /// What it means.
    pub kind: EdgeKind,
    /// Where it begins.
    pub from: Pos2,
    /// Where its arrow points.
    pub to: Pos2,
    /// True when the arrow arrives from the left.
    pub enters_left: bool,
}

/// A range note in view.
#[derive(Clone, PartialEq, Debug)]
pub struct NoteMark {
    /// Left and right edge.
    pub x: [f32; 2],
    /// Number, text and length, cropped.
    pub text: Arc<str>,
}

/// The measured range.
#[derive(Clone, PartialEq, Debug)]
pub struct Measure {
    /// Left and right edge.
    pub x: [f32; 2],
    /// Its length in words: an interval when its ends lie on different clocks.
    pub text: Arc<str>,
    /// What else belongs to it: what the raw times claim, when that is something else, or whose time it is.
    pub raw: Option<Arc<str>>,
}

/// An entry of the legend of an export.
#[derive(Clone, PartialEq, Debug)]
pub struct LegendEntry {
    /// What kind of sample to draw.
    pub sample: Sample,
    /// Baseline of its text; the sample lies left of it.
    pub pos: Pos2,
    /// What it means.
    pub text: Arc<str>,
}

/// What a legend entry shows.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Sample {
    /// A colour.
    Color(Color32),
    /// A colour of what is not stated but concluded.
    Hatched(Color32),
    /// A colour along the lower edge of bars.
    Edge(Color32),
    /// A failed span.
    Error,
    /// Several spans in one bar.
    Several,
    /// A parent that is not in the file.
    Ghost,
    /// A span without an end.
    Open,
    /// A span whose end lies before its start.
    Backward,
    /// Rows that one strip stands for.
    Folded,
    /// What a search found.
    Hit,
    /// Where a bar's end may be.
    Whisker,
    /// Where it may be by protocol evidence alone.
    OuterWhisker,
    /// Nothing bounds that side.
    OpenWhisker,
    /// A guess inside the bounds.
    Estimate,
    /// Spans that move together.
    Rail,
    /// Raw position of a selected span.
    Raw,
    /// On the critical path.
    Critical,
    /// Perhaps on the critical path: the order of clocks leaves it open.
    CriticalUnknown,
    /// The first piece of a streamed answer.
    FirstToken,
    /// Pieces of a streamed answer.
    Ticks(Color32),
    /// An arrow that the tree does not hold.
    Tie(TieLook),
    /// A finding's number.
    Finding(u32, FindingTone),
}

/// What the frame does not show, so that it can say so.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Hidden {
    /// Spans that share a bar with a longer one.
    pub spans_behind_bars: u64,
    /// Rows above the canvas.
    pub rows_above: u32,
    /// Rows below the canvas.
    pub rows_below: u32,
    /// Lanes entirely below the canvas.
    pub lanes_below: u32,
    /// Lanes hidden by the user.
    pub lanes_hidden: u32,
    /// Spans of other conversations than the one that is shown.
    pub spans_aside: u64,
    /// Arrows of handoffs and proposals whose ends are too close together at this zoom.
    pub ties_short: u64,
    /// Arrows of handoffs and proposals beyond those that are drawn at once.
    pub ties_crowded: u64,
    /// The first arrow that is not drawn: its position in `Course::ties`.
    pub first_tie: Option<u32>,
    /// Search hits in lanes that are not shown.
    pub hits_hidden: u64,
    /// Lanes that show a strip instead of their rows.
    pub lanes_folded: u32,
    /// Groups of spans that show a strip instead of their rows.
    pub groups_folded: u32,
    /// Spans folded into their parents.
    pub spans_folded: u64,
}

/// Pinned lanes that stay in place while the others scroll. Their parts come first in the lists of a [`Scene`].
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Held {
    /// Their height in points; 0 when none is held.
    pub height: f64,
    /// How many entries of the scene's lists are theirs.
    pub(super) parts: Parts,
}

/// A number of entries of every list of a [`Scene`] that the lanes fill.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Parts {
    pub lanes: usize,
    pub bars: usize,
    pub sections: usize,
    pub profiles: usize,
    pub phases: usize,
    pub dense: usize,
    pub ghosts: usize,
    /// Labels of bars and ghosts.
    pub labels: usize,
    pub events: usize,
}

/// A frame.
#[derive(Clone, PartialEq, Debug)]
pub struct Scene {
    /// The theme.
    pub theme: ThemeKind,
    /// Size in points.
    pub size: Vec2,
    /// Sizes of text and rows.
    pub metrics: Metrics,
    /// Where everything is.
    pub areas: Areas,
    /// The time axis of the canvas.
    pub scale: TimeScale,
    /// The hull of all spans.
    pub hull_ns: Range<i64>,
    /// All lanes with their places, in content coordinates.
    pub bands: Bands,
    /// How far the content is scrolled down.
    pub scroll_y: f64,
    /// What belongs to pinned lanes that stay in place.
    pub held: Held,
    /// Texts of the header of an export.
    pub header: Vec<TextShape>,
    /// The overview strip.
    pub overview: OverviewStrip,
    /// Texts left of overview and ruler.
    pub corner: Vec<TextShape>,
    /// The ruler.
    pub ruler: Ruler,
    /// Lanes in view.
    pub lanes: Vec<LaneHead>,
    /// Bars, by row, then start.
    pub bars: Vec<SceneBar>,
    /// Groups of folded lanes in view.
    pub sections: Vec<SectionHead>,
    /// Strips of folded lanes and groups in view.
    pub profiles: Vec<LaneProfile>,
    /// Parts of model calls, on their bars.
    pub phases: Vec<PhaseBar>,
    /// What the end waited for.
    pub critical: Vec<CriticalMark>,
    /// Stretches in which bars hide spans.
    pub dense: Vec<Dense>,
    /// Ghosts in view.
    pub ghosts: Vec<GhostBox>,
    /// Labels of bars and ghosts.
    pub labels: Vec<TextShape>,
    /// Ticks of events on wide bars: x, top, bottom.
    pub events: Vec<[f32; 3]>,
    /// Edges of the selection.
    pub edges: Vec<Edge>,
    /// Outlines of selected spans in view.
    pub selected: Vec<Rect>,
    /// Outline of the focused span when it is in view.
    pub focused: Option<Rect>,
    /// The measured range.
    pub measure: Option<Measure>,
    /// What is known about clocks.
    pub clocks: ClockMarks,
    /// Bars on their way into strips, while lanes are being folded; never in an export.
    pub folding: Vec<BarRect>,
    /// Handoffs, and proposals for traces that lost their parent.
    pub ties: Vec<TieArrow>,
    /// Pieces of streamed answers.
    pub tokens: TokenMarks,
    /// Turns of conversations, and where the axis is shortened.
    pub turns: TurnMarks,
    /// Range notes in view.
    pub notes: Vec<NoteMark>,
    /// Legend of an export.
    pub legend: Vec<LegendEntry>,
    /// Texts of the footer of an export.
    pub footer: Vec<TextShape>,
    /// What an export leaves out below its last whole row, in words.
    pub rest: Option<TextShape>,
    /// What is not shown.
    pub hidden: Hidden,
}
