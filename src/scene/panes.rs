//! Pinned lanes that stay in place: two panes in one frame, one of which scrolls.

use emath::Rect;

use super::frame::{Parts, Scene};
use super::geometry::LaneBand;

impl Scene {
    /// True when `band` stays in place.
    #[must_use]
    pub fn is_held(&self, band: &LaneBand) -> bool {
        band.lane_top < self.held.height
    }

    /// The y on the screen of `content_y`, which lies in `band`. Far outside it saturates, so that `f32` stays exact.
    #[must_use]
    pub fn screen_y(&self, band: &LaneBand, content_y: f64) -> f32 {
        let scroll_y = if self.is_held(band) { 0.0 } else { self.scroll_y };
        self.areas.canvas.top() + (content_y - scroll_y).clamp(-60_000.0, 60_000.0) as f32
    }

    /// How far below the top of the first lane `screen_y` is, in points.
    #[must_use]
    pub fn content_y(&self, screen_y: f32) -> f64 {
        let below_top = f64::from(screen_y - self.areas.canvas.top());
        let scroll_y = if below_top < self.held.height { 0.0 } else { self.scroll_y };
        below_top + scroll_y
    }

    /// Where the lanes that scroll are seen: the canvas below the pinned ones.
    #[must_use]
    pub fn scrolled_area(&self) -> Rect {
        let canvas = self.areas.canvas;
        canvas.with_min_y((canvas.top() + self.held.height as f32).min(canvas.bottom()))
    }

    /// Where `band` is seen.
    pub(super) fn area_of(&self, band: &LaneBand) -> Rect {
        if self.is_held(band) { self.held_area() } else { self.scrolled_area() }
    }

    fn held_area(&self) -> Rect {
        let canvas = self.areas.canvas;
        canvas.with_max_y(self.scrolled_area().top())
    }

    /// All that is in the lists now.
    pub(super) fn parts(&self) -> Parts {
        Parts {
            lanes: self.lanes.len(),
            bars: self.bars.len(),
            sections: self.sections.len(),
            profiles: self.profiles.len(),
            phases: self.phases.len(),
            dense: self.dense.len(),
            ghosts: self.ghosts.len(),
            labels: self.labels.len(),
            events: self.events.len(),
        }
    }

    /// The frame with what scrolls only, and with what stays in place only, each with the place where it is seen.
    /// Nothing when no lane is held: then the frame is drawn as it is.
    pub(super) fn panes(&self) -> Option<[(Self, Rect); 2]> {
        if self.held.height <= 0.0 {
            return None;
        }
        let parts = &self.held.parts;
        let (mut scrolled, mut held) = (self.clone(), self.clone());
        divide(&mut scrolled.lanes, &mut held.lanes, parts.lanes);
        divide(&mut scrolled.bars, &mut held.bars, parts.bars);
        divide(&mut scrolled.sections, &mut held.sections, parts.sections);
        divide(&mut scrolled.profiles, &mut held.profiles, parts.profiles);
        divide(&mut scrolled.phases, &mut held.phases, parts.phases);
        divide(&mut scrolled.dense, &mut held.dense, parts.dense);
        divide(&mut scrolled.ghosts, &mut held.ghosts, parts.ghosts);
        divide(&mut scrolled.labels, &mut held.labels, parts.labels);
        divide(&mut scrolled.events, &mut held.events, parts.events);
        // Of other marks, where they are tells whose they are.
        let boundary = self.scrolled_area().top();
        scrolled.clocks.whiskers.retain(|whisker| whisker.at.y >= boundary);
        held.clocks.whiskers.retain(|whisker| whisker.at.y < boundary);
        scrolled.clocks.grounds.retain(|ground| ground.rect.center().y >= boundary);
        held.clocks.grounds.retain(|ground| ground.rect.center().y < boundary);
        scrolled.critical.retain(|mark| mark.rect.center().y >= boundary);
        held.critical.retain(|mark| mark.rect.center().y < boundary);
        scrolled.clocks.rails.retain(|rail| rail.from.y >= boundary);
        held.clocks.rails.retain(|rail| rail.from.y < boundary);
        scrolled.tokens.ticks.retain(|tick| tick.rect.center().y >= boundary);
        held.tokens.ticks.retain(|tick| tick.rect.center().y < boundary);
        scrolled.tokens.stalls.retain(|stall| stall.rect.center().y >= boundary);
        held.tokens.stalls.retain(|stall| stall.rect.center().y < boundary);
        scrolled.tokens.firsts.retain(|first| first.center.y >= boundary);
        held.tokens.firsts.retain(|first| first.center.y < boundary);
        Some([(scrolled, self.scrolled_area()), (held, self.held_area())])
    }
}

/// Leaves the first `count` entries to `held` and the others to `scrolled`.
fn divide<T>(scrolled: &mut Vec<T>, held: &mut Vec<T>, count: usize) {
    let count = count.min(scrolled.len());
    scrolled.drain(..count);
    held.truncate(count);
}
