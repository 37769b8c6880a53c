//! A folded lane: one strip that shows how many of its rows are busy, with failures painted through.

use emath::{Pos2, Rect};

use super::build::{Frame, count_text};
use super::columns;
use super::findings::{self, Numeral};
use super::frame::{LaneProfile, OverviewColumn, Scene};
use super::geometry::LaneBand;
use super::sections;
use super::shape::{Anchor, TextShape};
use super::text::{self, Font};
use crate::layout::RowIx;
use crate::lod::{Bar, bucket_for};
use crate::model::SpanFlags;

/// Width of a column in points.
const COLUMN: f32 = 3.0;
/// Lanes with more rows are drawn from counts made with the index, which know fewer points of time.
const MOST_ROWS: usize = 128;

/// How busy a column is.
#[derive(Clone, Copy, Default)]
struct Load {
    busy: f32,
    has_error: bool,
    has_hit: bool,
    finding: Option<Numeral>,
}

/// Adds the strip of a folded lane to `scene`.
pub(super) fn add(frame: &Frame<'_>, scene: &mut Scene, band: &LaneBand, buffer: &mut Vec<Bar>) {
    let canvas = scene.areas.canvas;
    let top = scene.screen_y(band, band.top + f64::from(band.first_row)) + frame.input.band_moved(band)[0];
    let rect = Rect::from_min_max(Pos2::new(canvas.left(), top), Pos2::new(canvas.right(), top + band.pitch));
    let width = COLUMN * scene.metrics.scale;
    let count = (rect.width() / width).ceil().max(1.0) as usize;
    let loads = if band.rows.len() <= MOST_ROWS {
        from_rows(frame, scene, band, buffer, count, width)
    } else {
        from_counts(frame, scene, band, count, width)
    };
    let busiest = loads.iter().map(|load| load.busy).fold(0.0, f32::max).max(f32::MIN_POSITIVE);
    let columns = loads
        .iter()
        .enumerate()
        .filter(|(_, load)| load.busy > 0.0 || load.has_error)
        .map(|(at, load)| OverviewColumn {
            x: rect.left() + at as f32 * width,
            height: (load.busy / busiest).clamp(0.08, 1.0),
            has_error: load.has_error,
            has_hit: load.has_hit,
            is_dim: frame.input.marks.is_some() && !load.has_hit,
            finding: load.finding,
        })
        .collect();
    let section = band.section.and_then(|at| frame.input.sections.get(at as usize));
    let fill = section.map_or(frame.theme.overview, |section| sections::fill(frame, section));
    scene.profiles.push(LaneProfile { lane: band.lane, rect, columns, column_width: width, fill });
    if band.section.is_none() {
        say_how_much(frame, scene, band, rect);
    }
}

/// Rows in use, on average over each column.
fn from_rows(
    frame: &Frame<'_>,
    scene: &Scene,
    band: &LaneBand,
    buffer: &mut Vec<Bar>,
    count: usize,
    width: f32,
) -> Vec<Load> {
    let mut loads = vec![Load::default(); count];
    let bucket = bucket_for(scene.scale.ns_from_points(width));
    let time = frame.view.time;
    for row in band.rows.clone() {
        buffer.clear();
        frame.input.index.query(RowIx(row), time.from_ns, time.to_ns, bucket, buffer);
        for bar in &*buffer {
            let has_hit = frame.input.marks.is_some_and(|marks| marks.in_bar(bar) > 0);
            let tag = frame.input.tags.and_then(|tags| tags.in_slots(bar.slot..bar.slot.saturating_add(bar.count)));
            let finding = tag.and_then(findings::of_tag);
            let x = |ns| ((scene.scale.screen_from_time(ns) - scene.areas.canvas.left()) / width).max(0.0);
            let (from, to) = (x(bar.start_ns), x(bar.end_ns).min(count as f32));
            let last = (to.ceil() as usize).max(from as usize + 1).min(count);
            let first = (from as usize).min(last);
            for (at, load) in loads[..last].iter_mut().enumerate().skip(first) {
                load.busy += (to.min(at as f32 + 1.0) - from.max(at as f32)).max(0.02);
                load.has_error |= bar.flags.has(SpanFlags::ERROR);
                load.has_hit |= has_hit;
                load.finding = findings::graver(load.finding, finding);
            }
        }
    }
    loads
}

fn from_counts(frame: &Frame<'_>, scene: &Scene, band: &LaneBand, count: usize, width: f32) -> Vec<Load> {
    let (left, index) = (scene.areas.canvas.left(), frame.input.index);
    let densities = columns::loads(&scene.scale, left, width, count, |from_ns, to_ns, count| match band.section {
        Some(part) => index.part_overview(part as usize, from_ns, to_ns, count),
        None => index.lane_overview(band.lane, from_ns, to_ns, count),
    });
    // Hits are counted by lane: a group may show those of its neighbours, and never hides one of its own.
    let hits = frame.input.marks.map(|marks| {
        let ask = |from_ns, to_ns, count| marks.lane_overview(band.lane, from_ns, to_ns, count);
        columns::loads(&scene.scale, left, width, count, ask)
    });
    let hits = hits.unwrap_or_default();
    let load = |(at, density): (usize, &crate::lod::Density)| Load {
        busy: density.busy_ns.max(i64::from(density.spans > 0)) as f32,
        has_error: density.errors > 0,
        has_hit: hits.get(at).is_some_and(|hits| hits.spans > 0),
        finding: frame.input.tags.filter(|_| density.spans > 0).and_then(|tags| {
            let edge = |at: usize| scene.scale.time_from_screen(scene.areas.canvas.left() + at as f32 * width);
            let tag = match band.section {
                Some(part) => tags.in_part(part, edge(at), edge(at + 1)),
                None => tags.in_lane(band.lane, edge(at), edge(at + 1)),
            };
            tag.and_then(findings::of_tag)
        }),
    };
    densities.iter().enumerate().map(load).collect()
}

fn say_how_much(frame: &Frame<'_>, scene: &mut Scene, band: &LaneBand, rect: Rect) {
    let Some(lane) = frame.input.lanes.get(band.lane.at()) else { return };
    let (size, unit) = (scene.metrics.small, scene.metrics.scale);
    let rows = count_text(band.rows.len() as u64, "row");
    let words = format!("folded · {} in {rows}", count_text(lane.spans, "span"));
    scene.labels.push(TextShape {
        pos: Pos2::new(
            rect.left() + 12.0 * unit,
            text::baseline_for_middle(rect.top() + size * 0.7, Font::Regular, size),
        ),
        anchor: Anchor::Start,
        font: Font::Regular,
        size,
        color: frame.theme.text_dim,
        text: words.into(),
    });
}
