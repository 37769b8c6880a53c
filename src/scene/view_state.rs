//! What the user sees of a workspace: plain data, changed only by commands.

use emath::Vec2;
use std::ops::Range;
use std::sync::Arc;

use super::clocks::WhyOf;
use super::theme::ThemeKind;
use crate::analysis::clocks::EventKey;
use crate::analysis::genai::TurnIx;
use crate::arrange::view_file::SavedNote;
use crate::arrange::{Axis, Course, LaneView, Plan, STRAIGHT};
use crate::model::{DomainIx, SpanIx};

/// How the ruler labels its ticks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum RulerMode {
    /// Time since the workspace's first event.
    #[default]
    Relative,
    /// Time of day, UTC.
    Absolute,
}

/// A span of time, in Unix nanoseconds of the time axis in use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TimeRange {
    /// Where it begins.
    pub from_ns: i64,
    /// Where it ends; never before `from_ns` once [`TimeRange::ordered`].
    pub to_ns: i64,
}

impl TimeRange {
    /// The same range with its ends in order.
    #[must_use]
    pub const fn ordered(self) -> Self {
        if self.from_ns <= self.to_ns { self } else { Self { from_ns: self.to_ns, to_ns: self.from_ns } }
    }

    /// Its length in nanoseconds, saturating.
    #[must_use]
    pub const fn length_ns(self) -> i64 {
        self.to_ns.saturating_sub(self.from_ns)
    }
}

/// A stretch of time that somebody kept, with a word to it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RangeNote {
    /// Where; its ends are in order.
    pub range: TimeRange,
    /// What about it; may be empty.
    pub text: String,
}

/// Most notes of a view; a list that nobody reads is no note.
pub const MOST_NOTES: usize = 1000;
/// Longest text of a note, in characters.
pub const MOST_NOTE_CHARS: usize = 200;

impl From<&SavedNote> for RangeNote {
    fn from(saved: &SavedNote) -> Self {
        let range = TimeRange { from_ns: saved.from_ns, to_ns: saved.to_ns }.ordered();
        Self { range, text: saved.text.chars().take(MOST_NOTE_CHARS).collect() }
    }
}

impl From<&RangeNote> for SavedNote {
    fn from(note: &RangeNote) -> Self {
        Self { from_ns: note.range.from_ns, to_ns: note.range.to_ns, text: note.text.clone() }
    }
}

/// The notes of a saved view, as many as a view may have.
#[must_use]
pub fn notes_of(saved: &[SavedNote]) -> Arc<Vec<RangeNote>> {
    Arc::new(saved.iter().take(MOST_NOTES).map(RangeNote::from).collect())
}

/// What the user sees.
#[derive(Clone, PartialEq, Debug)]
pub struct ViewState {
    /// The visible time range.
    pub time: TimeRange,
    /// How far the lanes are scrolled down, in points.
    pub scroll_y: f64,
    /// Size of the frame in points.
    pub size: Vec2,
    /// Selected spans, in the order in which they were selected.
    pub selection: Vec<SpanIx>,
    /// The span that keys act on.
    pub focused: Option<SpanIx>,
    /// The measured range; its ends need not be in order.
    pub measure: Option<TimeRange>,
    /// Ranges that were kept, in the order in which they were.
    pub notes: Arc<Vec<RangeNote>>,
    /// The search query, as typed.
    pub query: String,
    /// The events that the ends of the measured range stand on, when they snapped to any: from, to.
    pub measure_ends: [Option<EventKey>; 2],
    /// The clocks of the lanes that the ends lie in, where they stand on no event: from, to.
    pub measure_clocks: [Option<DomainIx>; 2],
    /// The finding that is looked at, by its number.
    pub finding: Option<u32>,
    /// The turn that was gone to.
    pub turn: Option<TurnIx>,
    /// The clock whose bounds are explained.
    pub why: Option<WhyOf>,
    /// Dark or light.
    pub theme: ThemeKind,
    /// 1 = normal text.
    pub text_scale: f32,
    /// What was asked for that needs an arrangement of its own. The scene is drawn from the arrangement at hand,
    /// which may be an earlier one while the next is being made.
    pub plan: Arc<Plan>,
    /// Order, names, heights of the lanes, and which are not shown.
    pub lanes: Arc<LaneView>,
    /// Turns and idle stretches of the arrangement that is drawn.
    pub course: Arc<Course>,
    /// Labels of the ruler.
    pub ruler: RulerMode,
    /// What was said may be shown. Only ever in the window: exports leave it out all the same.
    pub with_contents: bool,
    /// Width of the lane heads in points.
    pub head_width: f32,
}

impl ViewState {
    /// Measures `range`, whose ends stand on nothing; `None` = nothing.
    pub const fn measure_range(&mut self, range: Option<TimeRange>) {
        (self.measure, self.measure_ends, self.measure_clocks) = (range, [None; 2], [None; 2]);
    }
}

impl Default for ViewState {
    fn default() -> Self {
        Self {
            time: TimeRange { from_ns: 0, to_ns: 1_000_000_000 },
            scroll_y: 0.0,
            size: Vec2::new(1600.0, 1000.0),
            selection: Vec::new(),
            focused: None,
            measure: None,
            notes: Arc::default(),
            query: String::new(),
            measure_ends: [None; 2],
            measure_clocks: [None; 2],
            finding: None,
            turn: None,
            why: None,
            theme: ThemeKind::Dark,
            text_scale: 1.0,
            plan: Arc::default(),
            lanes: Arc::default(),
            course: Arc::default(),
            ruler: RulerMode::Relative,
            with_contents: false,
            head_width: 280.0,
        }
    }
}

/// Points per nanosecond at the closest zoom: one nanosecond is this wide.
pub const MOST_POINTS_PER_NS: f64 = 100.0;
/// Share of the whole trace left free at each side when it is fitted.
const FIT_MARGIN: f64 = 0.02;
/// Share of the visible range that may lie outside the trace when panning to its ends.
const PAN_MARGIN: f64 = 0.5;

impl ViewState {
    /// The time axis: straight, unless idle stretches are to be shortened.
    #[must_use]
    pub fn axis(&self) -> &Axis {
        if self.lanes.conversation.shorten_idle { &self.course.axis } else { &STRAIGHT }
    }

    /// Where `range` stands on the axis.
    #[must_use]
    pub fn placed(&self, range: TimeRange) -> TimeRange {
        let axis = self.axis();
        TimeRange { from_ns: axis.place_ns(range.from_ns), to_ns: axis.place_ns(range.to_ns) }
    }

    /// How much of the axis is visible, in nanoseconds: all of the visible time, less what is shortened.
    #[must_use]
    pub fn shown_ns(&self) -> i64 {
        self.placed(self.time).length_ns()
    }

    /// The time in the middle of what is visible.
    #[must_use]
    pub fn middle_ns(&self) -> i64 {
        let shown = self.placed(self.time);
        self.axis().time_ns(shown.from_ns.saturating_add(shown.length_ns() / 2))
    }

    /// Shows what stands at `places` on the axis; always at least a nanosecond.
    fn show_places(&mut self, places: TimeRange) {
        let axis = self.axis();
        let (from_ns, to_ns) = (axis.time_ns(places.from_ns), axis.time_ns(places.to_ns));
        self.time = TimeRange { from_ns, to_ns };
    }

    /// Shows all of `hull` with a small margin, at the top.
    pub fn fit(&mut self, hull: &Range<i64>) {
        self.fit_range(TimeRange { from_ns: hull.start, to_ns: hull.end });
        self.scroll_y = 0.0;
    }

    /// Shows all of `range` with a small margin.
    pub fn fit_range(&mut self, range: TimeRange) {
        let range = self.placed(range.ordered());
        let length = range.length_ns().max(1);
        // A single instant gets a microsecond around it.
        let margin = ((length as f64 * FIT_MARGIN) as i64).max(if length < 20 { 500 } else { 1 });
        let (from_ns, to_ns) = (range.from_ns.saturating_sub(margin), range.to_ns.saturating_add(margin));
        self.show_places(TimeRange { from_ns, to_ns });
    }

    /// Zooms by `factor` (above 1 = closer) so that `anchor_ns` keeps its place on the screen.
    pub fn zoom_about(&mut self, anchor_ns: i64, factor: f64) {
        if !factor.is_finite() || factor <= 0.0 {
            return;
        }
        let (anchor_ns, shown) = (self.axis().place_ns(anchor_ns), self.placed(self.time));
        let before = anchor_ns.saturating_sub(shown.from_ns);
        let after = shown.to_ns.saturating_sub(anchor_ns);
        // Differences of i64 times are exact here; only lengths are scaled in f64.
        let mut places = TimeRange {
            from_ns: anchor_ns.saturating_sub((before as f64 / factor) as i64),
            to_ns: anchor_ns.saturating_add((after as f64 / factor) as i64),
        };
        if places.to_ns <= places.from_ns {
            places.to_ns = places.from_ns.saturating_add(1);
            places.from_ns = places.to_ns.saturating_sub(1);
        }
        self.show_places(places);
    }

    /// Moves the visible range by `delta_ns` on the axis; positive shows later times. The length on the axis stays the
    /// same.
    pub fn pan(&mut self, delta_ns: i64) {
        let TimeRange { from_ns: from, to_ns: to } = self.placed(self.time);
        let delta = if delta_ns > 0 {
            delta_ns.min(i64::MAX.saturating_sub(to))
        } else {
            delta_ns.max(i64::MIN.saturating_sub(from))
        };
        self.show_places(TimeRange { from_ns: from.saturating_add(delta), to_ns: to.saturating_add(delta) });
    }

    /// Brings the visible range back to where there is something to see: not closer than
    /// [`MOST_POINTS_PER_NS`], not farther than the trace with its margins, never beside the trace.
    pub fn clamp_time(&mut self, hull: &Range<i64>, canvas_width: f32) {
        let hull = self.placed(TimeRange { from_ns: hull.start, to_ns: hull.end });
        let mut shown = Self { time: self.placed(self.time), ..Self::default() };
        shown.clamp_places(&(hull.from_ns..hull.to_ns), canvas_width);
        if shown.time != self.placed(self.time) {
            self.show_places(shown.time);
        }
    }

    /// The same on a straight axis.
    fn clamp_places(&mut self, hull: &Range<i64>, canvas_width: f32) {
        let mut widest = Self::default();
        widest.fit(hull);
        let most = widest.time.length_ns().max(1);
        let least = ((f64::from(canvas_width.max(1.0)) / MOST_POINTS_PER_NS).ceil() as i64).clamp(1, most);
        let length = self.time.length_ns();
        if length >= most {
            self.time = widest.time;
            return;
        }
        if length < least {
            let middle = self.time.from_ns.saturating_add(length.max(0) / 2);
            let from = middle.saturating_sub(least / 2).min(i64::MAX - least);
            self.time = TimeRange { from_ns: from, to_ns: from.saturating_add(least) };
        }
        let margin = (self.time.length_ns() as f64 * PAN_MARGIN) as i64;
        let lowest = hull.start.saturating_sub(margin);
        let highest = hull.end.saturating_add(margin);
        if self.time.from_ns < lowest {
            self.pan(lowest.saturating_sub(self.time.from_ns));
        } else if self.time.to_ns > highest {
            self.pan(highest.saturating_sub(self.time.to_ns));
        }
    }

    /// Keeps the scroll position within content of `content_height` shown in `canvas_height` points.
    pub fn clamp_scroll(&mut self, content_height: f64, canvas_height: f32) {
        let most = (content_height - f64::from(canvas_height)).max(0.0);
        self.scroll_y = if self.scroll_y.is_finite() { self.scroll_y.clamp(0.0, most) } else { 0.0 };
    }
}

#[cfg(test)]
mod tests {
    use super::super::time_scale::TimeScale;
    use super::*;

    const DAY_2026: i64 = 1_795_270_000_000_000_000;

    fn view(from_ns: i64, to_ns: i64) -> ViewState {
        ViewState { time: TimeRange { from_ns, to_ns }, ..ViewState::default() }
    }

    #[test]
    fn a_nanosecond_is_exact_at_unix_times() {
        let scale = TimeScale::new(TimeRange { from_ns: DAY_2026, to_ns: DAY_2026 + 100 }, 100.0, 1100.0);
        for ns in 0..=100 {
            let x = scale.screen_from_time(DAY_2026 + ns);
            assert_eq!(x, 100.0 + 10.0 * ns as f32);
            assert_eq!(scale.time_from_screen(x), DAY_2026 + ns);
        }
        assert!(scale.screen_from_time(i64::MAX).is_finite() && scale.screen_from_time(i64::MIN).is_finite());
    }

    #[test]
    fn zooming_keeps_the_time_under_the_pointer() {
        for share in [0.0_f32, 0.25, 0.9] {
            let mut view = view(DAY_2026, DAY_2026 + 10_000_000_000);
            let x = 1000.0 * share;
            let anchor = TimeScale::new(view.time, 0.0, 1000.0).time_from_screen(x);
            for factor in [1.25, 1.25, 4.0, 0.5, 100.0] {
                view.zoom_about(anchor, factor);
                let after = TimeScale::new(view.time, 0.0, 1000.0).screen_from_time(anchor);
                assert!((after - x).abs() < 0.5, "{share} {factor}: {after}");
            }
        }
        let mut extreme = view(i64::MIN, i64::MAX);
        extreme.zoom_about(0, 0.5);
        extreme.zoom_about(i64::MAX, f64::NAN);
        extreme.zoom_about(i64::MAX, 1e300);
        assert!(extreme.time.to_ns > extreme.time.from_ns);
    }

    #[test]
    fn clamping_keeps_something_in_view() {
        let hull = DAY_2026..DAY_2026 + 1_000_000;
        for (from, to) in [
            (DAY_2026 - 50_000_000, DAY_2026 - 49_900_000),
            (DAY_2026 + 70_000_000, DAY_2026 + 70_000_001),
            (i64::MIN, i64::MAX),
            (i64::MAX - 5, i64::MAX),
            (DAY_2026 + 500, DAY_2026 + 400),
        ] {
            let mut view = view(from, to);
            view.clamp_time(&hull, 1300.0);
            let time = view.time;
            assert!(time.from_ns < hull.end && time.to_ns > hull.start, "{from} {to}: {time:?}");
            assert!(time.length_ns() >= 13, "one nanosecond is at most 100 points wide: {time:?}");
            let again = view.clone();
            view.clamp_time(&hull, 1300.0);
            assert_eq!(view, again, "clamping twice changes nothing");
        }
    }

    #[test]
    fn fitting_an_instant_shows_a_microsecond_around_it() {
        let mut view = ViewState::default();
        view.fit(&(DAY_2026..DAY_2026));
        assert_eq!(view.time.length_ns(), 1000);
        view.fit(&(i64::MIN..i64::MAX));
        assert!(view.time.to_ns > view.time.from_ns);
    }
}
