//! Where bars are on the screen.

use emath::{Pos2, Rect};

use super::frame::Scene;
use super::geometry::LaneBand;
use super::input::SceneInput;
use super::motion::Moved;
use super::time_scale::TimeScale;
use crate::layout::RowIx;
use crate::lod::{Bar, GhostRun};
use crate::model::{SpanFlags, SpanIx};

/// No bar is narrower.
const LEAST_BAR: f32 = 1.5;
/// Failed spans are at least this wide.
const LEAST_ERROR: f32 = 3.0;
/// Bars reach at most this far outside the canvas, so that rounded corners and outlines are not seen there.
pub(super) const OVERHANG: f32 = 12.0;

/// Where the bars of one row go.
#[derive(Clone, Copy)]
pub(super) struct Place {
    top: f32,
    bottom: f32,
    pub pitch: f32,
    left_limit: f32,
    right_limit: f32,
}

impl Place {
    pub fn new(scene: &Scene, band: &LaneBand, row: RowIx) -> Self {
        let canvas = scene.areas.canvas;
        let height = band.bar_height();
        let row_top = scene.screen_y(band, band.row_top(row));
        let top = row_top + ((band.pitch - height) / 2.0).floor().max(0.0);
        Self {
            top,
            bottom: top + height,
            pitch: band.pitch,
            left_limit: canvas.left() - OVERHANG,
            right_limit: canvas.right() + OVERHANG,
        }
    }

    /// Moves the times of `bar` to where it is drawn now, and tells the place there.
    pub fn moved(&self, input: &SceneInput<'_>, bar: &mut Bar, row_top: f64) -> Self {
        if !input.is_moved() {
            return *self;
        }
        self.at(input.moved(bar.span, bar.count, row_top), &mut bar.start_ns, &mut bar.end_ns)
    }

    /// The same for ghosts.
    pub fn moved_ghost(&self, input: &SceneInput<'_>, run: &mut GhostRun, row_top: f64) -> Self {
        if !input.is_moved() {
            return *self;
        }
        self.at(input.moved_ghost(run.ghost, run.count, row_top), &mut run.start_ns, &mut run.end_ns)
    }

    fn at(&self, moved: Moved, start_ns: &mut i64, end_ns: &mut i64) -> Self {
        *start_ns = start_ns.saturating_add(moved.start_ns);
        *end_ns = end_ns.saturating_add(moved.end_ns).max(start_ns.saturating_add(1));
        Self { top: self.top + moved.down, bottom: self.bottom + moved.down, ..*self }
    }

    pub fn rect(&self, scale: &TimeScale, start_ns: i64, end_ns: i64, least: f32) -> Rect {
        let left = scale.screen_from_time(start_ns).clamp(self.left_limit, self.right_limit);
        let right = scale.screen_from_time(end_ns).clamp(self.left_limit, self.right_limit);
        Rect::from_min_max(Pos2::new(left, self.top), Pos2::new(right.max(left + least), self.bottom))
    }
}

/// Where `span` is drawn, even outside the canvas (then at most a little outside).
pub(super) fn span_rect(input: &SceneInput<'_>, scene: &Scene, span: SpanIx) -> Option<Rect> {
    let row = input.layout.row_of(span);
    let band = scene.bands.of_row(row)?;
    let (mut start_ns, mut end_ns) = input.layout.extent_ns(span);
    let least = least_width(input.store.span(span).flags());
    let mut place = Place::new(scene, band, row);
    if input.is_moved() {
        let moved = input.moved(span, 1, band.row_top(row));
        (start_ns, end_ns) = (start_ns.saturating_add(moved.start_ns), end_ns.saturating_add(moved.end_ns));
        (place.top, place.bottom) = (place.top + moved.down, place.bottom + moved.down);
    }
    let rect = place.rect(&scene.scale, start_ns, end_ns, least);
    // Behind pinned lanes there is nothing to see: edges leave from where they end.
    let area = scene.area_of(band);
    let is_behind = scene.held.height > 0.0 && rect.bottom() <= area.top();
    Some(if is_behind { Rect::from_x_y_ranges(rect.x_range(), area.top()..=area.top()) } else { rect })
}

pub(super) fn least_width(flags: SpanFlags) -> f32 {
    if flags.has(SpanFlags::ERROR) { LEAST_ERROR } else { LEAST_BAR }
}
