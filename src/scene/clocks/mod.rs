//! What is known about clocks, drawn: whiskers and rails, raw positions, contradictions, offsets in words.
//!
//! All of it is bounded by what fits on the screen, and is a part of the [`Scene`](super::Scene), so that pictures
//! show the same as the window.

mod arrows;
mod far_ends;
mod footnotes;
mod lower;
mod offsets;
#[cfg(test)]
pub(super) mod tests;
mod whiskers;

use std::sync::Arc;

use ecolor::Color32;
use emath::{Pos2, Rect};

use super::input::SceneInput;
use super::shape::BarRect;
use super::theme::Theme;
use crate::analysis::clocks::{EventKey, FindingTone, Known, Point};
use crate::model::{DomainIx, SpanIx};

pub use far_ends::FarEnd;
pub(super) use footnotes::legend;
pub use footnotes::{Notes, axis_words, notes};
pub use lower::{BadgeLook, badge_look, legend_sample, number_badge};
pub(super) use lower::{arrow_shapes, badge_ends, badge_shapes, outline_shapes, reaches, small_mark, whisker_shapes};
pub use offsets::{lane_offset, own_time_ns};
pub(super) use {arrows::add as add_arrows, arrows::covered, whiskers::add as add_whiskers};

/// The clocks of a scene.
#[derive(Clone, Copy, Debug)]
pub struct ClockInput<'a> {
    /// What is known.
    pub known: &'a Known,
    /// Whether the layout stands on the reference clock's axis; else it shows raw times.
    pub is_frame: bool,
}

/// The colour of a finding.
#[must_use]
pub const fn tone_color(tone: FindingTone, theme: &Theme) -> Color32 {
    match tone {
        FindingTone::Note => theme.text_faint,
        FindingTone::Clock => theme.clock,
        FindingTone::Pattern => theme.pattern,
        FindingTone::Odd => theme.warning,
        FindingTone::Fault => theme.error,
    }
}

/// Both ends of a whisker on the screen; `None` = nothing bounds that side.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Reach {
    /// The earliest place.
    pub lo: Option<f32>,
    /// The latest place.
    pub hi: Option<f32>,
}

/// Where one end of a bar may really be.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Whisker {
    /// The span.
    pub span: SpanIx,
    /// Which end of it.
    pub is_end: bool,
    /// Where the bar ends: an estimate, drawn hollow.
    pub at: Pos2,
    /// Half the height of its caps.
    pub half: f32,
    /// What the evidence in use allows.
    pub inner: Reach,
    /// What protocol evidence alone allows, when that is more.
    pub outer: Option<Reach>,
    /// The estimate assumes a latency because one side is open.
    pub is_assumed: bool,
    /// There is room to say that a side is open.
    pub says_open: bool,
}

/// Spans that hang on one reading of a clock: they move together.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rail {
    /// Left end.
    pub from: Pos2,
    /// Right end, at the same height.
    pub to: Pos2,
    /// Bars in view that hang on it.
    pub bars: u32,
}

/// Where a selected span stands by its own clock.
#[derive(Clone, PartialEq, Debug)]
pub struct RawOutline {
    /// The place.
    pub rect: Rect,
    /// `raw: +1.2 s`.
    pub text: Arc<str>,
}

/// From a cause to its effect.
#[derive(Clone, PartialEq, Debug)]
pub struct ClockArrow {
    /// The finding it belongs to; `None` = a reason for a bound.
    pub finding: Option<u32>,
    /// Its colour.
    pub tone: FindingTone,
    /// The raw times say that the effect came first.
    pub is_backward: bool,
    /// It belongs to the finding that is looked at.
    pub is_active: bool,
    /// The cause.
    pub from: Pos2,
    /// The effect.
    pub to: Pos2,
    /// What it says, behind the number.
    pub text: Arc<str>,
    /// Where its pill is.
    pub pill: Rect,
}

/// The number of a finding at a bar.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Badge {
    /// The finding.
    pub finding: u32,
    /// Its colour.
    pub tone: FindingTone,
    /// Its middle.
    pub center: Pos2,
}

/// How an offset should look beside others.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum OffsetTone {
    /// The clocks may agree, or it is the reference itself.
    #[default]
    Calm,
    /// The clocks are proven to differ, or one side is open.
    Notable,
    /// Nothing is known.
    Faint,
}

/// A lane's offset in words.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct LaneOffset {
    /// `ahead 1.08 … 1.26 s`; empty where there is nothing to compare.
    pub text: Arc<str>,
    /// What else belongs to it: the offset after a jump in view, a drift that is not the usual one.
    pub more: Arc<str>,
    /// How it should look.
    pub tone: OffsetTone,
    /// It is the clock that the others are drawn against.
    pub is_reference: bool,
}

impl LaneOffset {
    /// All of it on one line.
    #[must_use]
    pub fn words(&self) -> String {
        let parts = [&*self.text, &*self.more];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
    }
}

/// All that a scene shows about clocks.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ClockMarks {
    /// Uncertainty of bar ends.
    pub whiskers: Vec<Whisker>,
    /// Behind names that lie on the line of a whisker.
    pub grounds: Vec<BarRect>,
    /// Rails of rigid groups.
    pub rails: Vec<Rail>,
    /// Raw positions of selected spans.
    pub raw: Vec<RawOutline>,
    /// Contradictions and reasons.
    pub arrows: Vec<ClockArrow>,
    /// Where the arrows of the finding that is looked at go on out of view.
    pub far_ends: Vec<FarEnd>,
    /// Numbers of findings at bars.
    pub badges: Vec<Badge>,
}

/// Whose bounds are explained: the edges that set them are drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WhyOf {
    /// The clock.
    pub domain: DomainIx,
    /// When, on that clock, Unix nanoseconds.
    pub at_ns: i64,
}

/// Where an event stands on the axis that is drawn; `None` when it has no time, or its span is of another store.
#[must_use]
pub fn event_ns(input: &SceneInput<'_>, key: EventKey) -> Option<i64> {
    if key.span.at() >= input.store.len() {
        return None;
    }
    let (start_ns, end_ns) = input.extent_ns(key.span);
    match key.point {
        Point::Start => Some(start_ns),
        Point::End => Some(end_ns),
        Point::Event(_) => {
            let is_frame = input.clocks.as_ref().is_some_and(|clocks| clocks.is_frame);
            let placed = if is_frame { input.place(key).and_then(|placed| placed.estimate_ns) } else { None };
            placed.or_else(|| raw_ns(input.store, key))
        }
    }
}

/// The time of an event as its clock stated it, Unix nanoseconds.
#[must_use]
pub fn raw_ns(store: &crate::model::TraceStore, key: EventKey) -> Option<i64> {
    let span = store.span(key.span);
    match key.point {
        Point::Start => Some(span.start_ns()),
        Point::End => Some(span.end_ns()),
        Point::Event(at) => Some(span.events().nth(usize::from(at))?.time_ns()),
    }
}
