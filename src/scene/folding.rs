//! Bars that go into the strips of a lane that is being folded: the strips are in place from the first frame on, and the
//! bars of the earlier picture fly into them, ghosts too. The other way round bars come out of strips by themselves: they travel
//! from their old places, which are the strips.

use ecolor::Color32;
use emath::{Pos2, Rect};

use super::build::Frame;
use super::frame::Scene;
use super::geometry::LaneBand;
use super::shape::BarRect;
use super::theme::faded;
use crate::layout::RowIx;
use crate::lod::{Bar, bucket_for};

/// Bars per frame, at most: what was in view before, a bar for every few points.
const MOST_BARS: usize = 20_000;
/// Short spans that start within so many points share a bar.
const BUCKET_POINTS: f32 = 3.0;

/// Adds the bars of the earlier picture whose rows are strips now.
pub(super) fn add(frame: &Frame<'_>, scene: &mut Scene, buffer: &mut Vec<Bar>) {
    let Some(travel) = frame.input.travel.filter(|_| !scene.profiles.is_empty()) else { return };
    let (left, time) = (travel.left() as f32, travel.time_before());
    let bucket = bucket_for(scene.scale.ns_from_points(BUCKET_POINTS));
    let scroll_y = scene.scroll_y - travel.scrolled();
    let seen = scroll_y..scroll_y + f64::from(scene.areas.canvas.height());
    let canvas = scene.areas.canvas;
    let mut flying = Vec::new();
    let mut ghosts = Vec::new();
    let is_within = travel.is_within(frame.input.layout);
    let stays_open = |band: &LaneBand| {
        let now = scene.bands.of_row(RowIx(band.rows.start));
        is_within && now.is_some_and(|now| !now.is_folded)
    };
    for band in travel.bands().iter().filter(|band| !band.is_folded) {
        if band.bottom() <= seen.start || band.top >= seen.end || stays_open(band) {
            continue;
        }
        for row in band.rows_between(seen.start, seen.end) {
            let (row, index) = (RowIx(row), &travel.before().index);
            let height = band.bar_height();
            let down = (band.row_top(row) - scroll_y).clamp(-60_000.0, 60_000.0) as f32;
            let old = Lane { top: canvas.top() + down + ((band.pitch - height) / 2.0).floor().max(0.0), height };
            let mut fly = |to: RowIx, start_ns: i64, end_ns: i64, fill: Color32| {
                let strip = scene.bands.of_row(to).filter(|band| band.is_folded);
                let Some(strip) = strip.filter(|_| flying.len() < MOST_BARS) else { return };
                let new = Lane::of_strip(scene, strip);
                let between = |old: f32, new: f32| new + (old - new) * left;
                let (top, height) = (between(old.top, new.top), between(old.height, new.height));
                let x = |ns: i64| {
                    scene.scale.screen_from_time(travel.now_ns(ns)).clamp(canvas.left() - 4.0, canvas.right() + 4.0)
                };
                let (from, to) = (x(start_ns), x(end_ns));
                let rect = Rect::from_min_max(Pos2::new(from, top), Pos2::new(to.max(from + 1.5), top + height));
                flying.push(BarRect { rect, fill, radius: 0.0 });
            };
            buffer.clear();
            index.query(row, time.from_ns, time.to_ns, bucket, buffer);
            for bar in &*buffer {
                let fill = faded(frame.colors(bar.span).0.fill, 0.25 + 0.6 * left);
                fly(frame.input.layout.row_of(bar.span), bar.start_ns, bar.end_ns, fill);
            }
            ghosts.clear();
            index.query_ghosts(row, time.from_ns, time.to_ns, bucket, &mut ghosts);
            for ghost in &ghosts {
                let fill = faded(frame.theme.text_faint, 0.3 * left);
                fly(frame.input.layout.row_of_ghost(ghost.ghost), ghost.start_ns, ghost.end_ns, fill);
            }
        }
    }
    scene.folding = flying;
}

/// Where bars of a row are on the screen.
struct Lane {
    top: f32,
    height: f32,
}

impl Lane {
    /// The lower part of a strip, where its columns are.
    fn of_strip(scene: &Scene, band: &LaneBand) -> Self {
        let top = scene.screen_y(band, band.top + f64::from(band.first_row));
        Self { top: top + band.pitch * 0.6, height: band.pitch * 0.4 }
    }
}
