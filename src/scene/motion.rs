//! Bars that are not where their arrangement has them: on their way from an earlier arrangement, moved because a clock is
//! held at an offset by hand, or in rows that were made for other clocks. Asked per bar in view, never per span
//! (invariant I6).

use std::sync::Arc;

use super::geometry::{Bands, LaneBand, Metrics, content_height, lane_bands};
use super::input::SceneInput;
use super::view_state::{TimeRange, ViewState};
use crate::analysis::clocks::{ClockModel, EventKey, Held, Offset, Placed};
use crate::arrange::{Arranged, TimeOf};
use crate::layout::{Layout, RowIx};
use crate::model::{DomainIx, SpanIx};

/// Bars on their way from an earlier arrangement of the same spans to the one at hand.
#[derive(Clone, Debug)]
pub struct Travel {
    before: Arc<Arranged>,
    bands: Arc<Bands>,
    /// The times that were in view, and those that are now.
    times: [TimeRange; 2],
    /// How much farther down the content is scrolled now.
    scrolled: f64,
    /// How much of the way is done: 0 = at the old places, 1 = there.
    progress: f32,
}

impl Travel {
    /// From `before`, which was seen as `view` says, to an arrangement of the same spans that is seen as `now` says.
    #[must_use]
    pub fn new(before: Arc<Arranged>, view: &ViewState, now: &ViewState) -> Self {
        let metrics = Metrics::new(view.text_scale);
        let bands = lane_bands(&before.lanes, &before.sections, &before.layout, view, &metrics);
        let (times, scrolled) = ([view.time, now.time], now.scroll_y - view.scroll_y);
        Self { before, bands: Arc::new(bands), times, scrolled, progress: 0.0 }
    }

    /// How much of the way is done, 0 to 1.
    #[must_use]
    pub const fn progress(&self) -> f32 {
        self.progress
    }

    /// The same way, `progress` of it done (0 to 1).
    #[must_use]
    pub fn at(mut self, progress: f32) -> Self {
        self.progress = progress.clamp(0.0, 1.0);
        self
    }

    /// True when rows stay what they are, and only lanes or groups are opened and closed.
    pub(super) fn is_within(&self, layout: &Layout) -> bool {
        std::ptr::eq(&*self.before.layout, layout)
    }

    /// The arrangement that it began at.
    pub(super) fn before(&self) -> &Arranged {
        &self.before
    }

    /// Where the lanes were.
    pub(super) fn bands(&self) -> &Bands {
        &self.bands
    }

    /// The time that was in view.
    pub(super) const fn time_before(&self) -> TimeRange {
        self.times[0]
    }

    /// How much farther down the content is scrolled now.
    pub(super) const fn scrolled(&self) -> f64 {
        self.scrolled
    }

    /// The time that is now where `ns` was on the screen.
    pub(super) fn now_ns(&self, ns: i64) -> i64 {
        let [then, now] = self.times;
        if then == now {
            return ns;
        }
        // Differences of i64 times are exact here; only lengths are scaled in f64.
        let scale = now.length_ns() as f64 / then.length_ns().max(1) as f64;
        now.from_ns.saturating_add((ns.saturating_sub(then.from_ns) as f64 * scale).round() as i64)
    }

    /// Where a time that stays what it is stands on the way: with the axis from the view before to that of now.
    pub(super) fn carried_ns(&self, ns: i64) -> i64 {
        let off = self.now_ns(ns).saturating_sub(ns);
        ns.saturating_add((off as f64 * self.left()).round() as i64)
    }

    /// How much of the way is still to go: slow at both ends, so that eyes can follow.
    pub(super) fn left(&self) -> f64 {
        let done = f64::from(self.progress);
        let eased = if done < 0.5 { 4.0 * done.powi(3) } else { 1.0 - (2.0 - 2.0 * done).powi(3) / 2.0 };
        1.0 - eased
    }
}

/// How far a bar is from the place that its arrangement has for it.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Moved {
    /// Its start, in nanoseconds.
    pub start_ns: i64,
    /// Its end, in nanoseconds.
    pub end_ns: i64,
    /// Downwards, in points.
    pub down: f32,
}

impl SceneInput<'_> {
    /// True when some bars are not where their arrangement has them.
    #[must_use]
    pub fn is_moved(&self) -> bool {
        self.travel.is_some() || self.rows_by.is_some() || self.held().is_some()
    }

    /// The clock that is held by hand, where times are those of the reference clock.
    pub(super) fn held(&self) -> Option<(&Held, &ClockModel)> {
        Some((self.held?, self.frame_model()?))
    }

    /// The clocks that the axis is made from; `None` = it shows raw times.
    fn frame_model(&self) -> Option<&ClockModel> {
        self.clocks.as_ref().filter(|clocks| clocks.is_frame).map(|clocks| &clocks.known.model)
    }

    /// What the offset of `domain` may be at its own time `at_ns`, with what is held by hand.
    pub(super) fn offset(&self, domain: DomainIx, at_ns: i64) -> Option<Offset> {
        let model = &self.clocks.as_ref()?.known.model;
        Some(match self.held() {
            Some((held, model)) if held.domain == domain => {
                let exactly = Some(held.offset_ns);
                Offset { lo_ns: exactly, hi_ns: exactly, estimate_ns: exactly, ..held.offset(model, domain, at_ns) }
            }
            Some((held, model)) => held.offset(model, domain, at_ns),
            None => model.offset(domain, at_ns),
        })
    }

    /// Where an event may lie, with what is held by hand.
    pub(super) fn place(&self, key: EventKey) -> Option<Placed> {
        let model = &self.clocks.as_ref()?.known.model;
        match self.held() {
            Some((held, model)) => held.place(model, self.store, self.domains, key),
            None => model.place(self.store, self.domains, key),
        }
    }

    /// How far holding a clock by hand moves what `domain` stamped around its own time `at_ns`, in nanoseconds.
    fn pushed_ns(&self, domain: DomainIx, at_ns: i64) -> i64 {
        let Some((held, model)) = self.held() else { return 0 };
        model.shift_ns(domain, at_ns).saturating_sub(held.shift_ns(model, domain, at_ns))
    }

    /// How far times of `domain` around its own time `at_ns` are moved back to fit the axis, with what is held by hand.
    fn shift_ns(&self, domain: DomainIx, at_ns: i64) -> i64 {
        match (self.held, self.frame_model()) {
            (_, None) => 0,
            (Some(held), Some(model)) => held.shift_ns(model, domain, at_ns),
            (None, Some(model)) => model.shift_ns(domain, at_ns),
        }
    }

    /// How far what `domain` stamped around its own time `at_ns` is from where the rows have it, in nanoseconds.
    fn away_ns(&self, domain: DomainIx, at_ns: i64) -> i64 {
        let Some(rows_by) = self.rows_by else { return self.pushed_ns(domain, at_ns) };
        rows_by.shift_ns(domain, at_ns).saturating_sub(self.shift_ns(domain, at_ns))
    }

    /// What `span` occupies on the axis, with what is held by hand.
    #[must_use]
    pub fn extent_ns(&self, span: SpanIx) -> (i64, i64) {
        let own = self.layout.extent_ns(span);
        let seen = |rows_by: &TimeOf| rows_by.seen_from(self.frame_model(), (self.store, self.domains), span, own);
        let (start_ns, end_ns) = self.rows_by.map_or(own, seen);
        let push = self.domains.of_span.get(span.at()).map_or(0, |&domain| {
            if self.held().is_some() { self.pushed_ns(domain, self.store.span(span).drawn_ns().0) } else { 0 }
        });
        (start_ns.saturating_add(push), end_ns.saturating_add(push))
    }

    /// How far the bar of `span`, whose row begins at `row_top` of the content, is from its place. Of a bar that
    /// stands for `count` spans only its place is told: its length stays.
    pub(super) fn moved(&self, span: SpanIx, count: u32, row_top: f64) -> Moved {
        let before = self.travel.map(|travel| &travel.before.layout).filter(|before| before.slot_of(span).is_some());
        let before = before.map(|before| (before.extent_ns(span), before.row_of(span)));
        self.way(self.layout.extent_ns(span), self.extent_ns(span), before, count, row_top)
    }

    /// The same for a ghost: it goes where its first child goes.
    pub(super) fn moved_ghost(&self, ghost: u32, count: u32, row_top: f64) -> Moved {
        let Some(own) = self.layout.extent_of_ghost_ns(ghost) else { return Moved::default() };
        let child = self.store.ghosts().get(ghost as usize).and_then(|ghost| ghost.children.first());
        let push = child.map_or(0, |&child| self.extent_ns(child).0.saturating_sub(self.layout.extent_ns(child).0));
        let held = (own.0.saturating_add(push), own.1.saturating_add(push));
        let before = self.travel.map(|travel| &travel.before.layout);
        let before = before.and_then(|before| Some((before.extent_of_ghost_ns(ghost)?, before.row_of_ghost(ghost))));
        self.way(own, held, before, count, row_top)
    }

    /// From the `own` place of the arrangement to `held`, and on the way there from the place and the row `before`.
    fn way(
        &self,
        own: (i64, i64),
        held: (i64, i64),
        before: Option<((i64, i64), RowIx)>,
        count: u32,
        row_top: f64,
    ) -> Moved {
        let start_ns = held.0.saturating_sub(own.0);
        let end_ns = if count > 1 { start_ns } else { held.1.saturating_sub(own.1) };
        let mut moved = Moved { start_ns, end_ns, down: 0.0 };
        let (Some(travel), Some(((start_ns, end_ns), row))) = (self.travel, before) else { return moved };
        let left = travel.left();
        let part = |ns: i64| (ns as f64 * left).round() as i64;
        let start = part(travel.now_ns(start_ns).saturating_sub(held.0));
        let end = if count > 1 { start } else { part(travel.now_ns(end_ns).saturating_sub(held.1)) };
        moved.start_ns = moved.start_ns.saturating_add(start);
        moved.end_ns = moved.end_ns.saturating_add(end);
        if let Some(band) = travel.bands.of_row(row) {
            moved.down = ((band.row_top(row) - row_top + travel.scrolled) * left) as f32;
        }
        moved
    }

    /// How far `band` is from its place while lanes or groups are opened and closed, in points downwards: first its
    /// own top, then top and bottom of its lane.
    pub(super) fn band_moved(&self, band: &LaneBand) -> [f32; 3] {
        let slide = self.travel.filter(|travel| travel.is_within(self.layout)).and_then(|travel| {
            let before = travel.bands.of_row(RowIx(band.rows.start))?;
            let down = |old: f64, new: f64| ((old - new + travel.scrolled) * travel.left()) as f32;
            let lane = [(before.lane_top, band.lane_top), (before.lane_bottom(), band.lane_bottom())];
            // Where a lane becomes one strip, all of its groups are that strip.
            let top = if band.section == before.section { (before.top, band.top) } else { lane[0] };
            Some([top, lane[0], lane[1]].map(|(old, new)| down(old, new)))
        });
        slide.unwrap_or_default()
    }

    /// How much higher the content ended, which now takes `content` points: what was pushed out of view is still on its
    /// way.
    pub(super) fn sunk(&self, content: f64) -> f64 {
        let travel = self.travel.filter(|travel| travel.is_within(self.layout));
        travel.map_or(0.0, |travel| (content - content_height(&travel.bands)).max(0.0))
    }

    /// The times at which the rows of `band` have bars that may be drawn between `time`'s ends: at most five times as
    /// long, so that the cost of a row stays bounded by pixels.
    pub(super) fn reach(&self, band: &LaneBand, time: TimeRange) -> TimeRange {
        let length = time.length_ns().max(0);
        let room = if self.travel.is_some() { length } else { 0 };
        let time = TimeRange { from_ns: time.from_ns.saturating_sub(room), to_ns: time.to_ns.saturating_add(room) };
        if self.rows_by.is_none() && self.held().is_none() {
            return time;
        }
        let clocks = self.lanes.get(band.lane.at()).map(|lane| lane.clocks.as_slice()).unwrap_or_default();
        let seen_ns = [time.from_ns, time.from_ns.saturating_add(time.length_ns() / 2), time.to_ns];
        let pushes = clocks.iter().take(MOST_CLOCKS).flat_map(|&clock| {
            seen_ns.map(|at_ns| self.away_ns(clock, at_ns.saturating_add(self.shift_ns(clock, at_ns))))
        });
        let hull = pushes.fold(None, |hull: Option<(i64, i64)>, push| {
            Some(hull.map_or((push, push), |(least, most)| (least.min(push), most.max(push))))
        });
        let Some((least, most)) = hull else { return time };
        let spread = most.saturating_sub(least).min(length.saturating_mul(2));
        let from_ns = time.from_ns.saturating_sub(least.saturating_add(spread));
        TimeRange { from_ns, to_ns: from_ns.saturating_add(time.length_ns()).saturating_add(spread) }
    }
}

/// Clocks of a mixed lane whose bars are looked for outside of the view.
const MOST_CLOCKS: usize = 16;
