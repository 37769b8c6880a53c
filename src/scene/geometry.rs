//! Where areas, lanes and rows are.

use emath::{Pos2, Rect, Vec2};
use std::ops::Range;

use super::view_state::ViewState;
use crate::arrange::{LaneInfo, Section};
use crate::layout::{LaneIx, Layout, RowIx};

/// Sizes in points, text scale applied.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Metrics {
    /// Text scale.
    pub scale: f32,
    /// Distance of rows.
    pub pitch: f32,
    /// Text on bars and in lane heads.
    pub text: f32,
    /// Names of lanes.
    pub name: f32,
    /// Ticks, chips, footers.
    pub small: f32,
    /// Free space above and below the rows of a lane.
    pub lane_pad: f32,
    /// Height in which all of a head's text fits.
    pub lane_full: f32,
    /// Least height of a lane, and that of a folded one: two lines of its head fit.
    pub lane_low: f32,
    /// Least height of a lane among [`MANY_LANES`] and more: one line of its head fits.
    pub lane_flat: f32,
    /// Height of the overview strip.
    pub overview: f32,
    /// Height of the ruler.
    pub ruler: f32,
}

impl Metrics {
    /// The sizes at `text_scale`.
    #[must_use]
    pub fn new(text_scale: f32) -> Self {
        let scale = if text_scale.is_finite() { text_scale.clamp(0.5, 4.0) } else { 1.0 };
        Self {
            scale,
            pitch: (24.0 * scale).round(),
            text: 11.5 * scale,
            name: 13.0 * scale,
            small: 10.5 * scale,
            lane_pad: (9.0 * scale).round(),
            lane_low: (42.0 * scale).round(),
            lane_full: (88.0 * scale).round(),
            lane_flat: (28.0 * scale).round(),
            overview: (46.0 * scale).round(),
            ruler: (28.0 * scale).round(),
        }
    }
}

/// From so many lanes on, lanes of one row are as flat as one line of text: many clocks fit a screen.
pub const MANY_LANES: usize = 13;

/// How much of a lane's head its height has room for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum HeadRoom {
    /// Name and offset on one line.
    OneLine,
    /// A second line with evidence and offset.
    TwoLines,
    /// A line of its own for what runs on it, or for the evidence.
    ThreeLines,
    /// Everything, evidence as a chip.
    Full,
}

impl Metrics {
    /// What a head says in a lane of `height` points; `has_detail`: there is a line about what runs on it.
    #[must_use]
    pub fn head_room(&self, height: f32, has_detail: bool) -> HeadRoom {
        match height / self.scale {
            _ if height >= self.lane_full => HeadRoom::Full,
            units if units >= 64.0 && !has_detail => HeadRoom::Full,
            units if units >= 60.0 => HeadRoom::ThreeLines,
            units if units >= 40.0 => HeadRoom::TwoLines,
            _ => HeadRoom::OneLine,
        }
    }
}

/// Heights that not every frame needs.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Margins {
    /// Height of the header.
    pub header: f32,
    /// Height of the legend.
    pub legend: f32,
    /// Height of the footer.
    pub footer: f32,
    /// Height of the strip of turns, in the window too.
    pub turns: f32,
}

/// Where the parts of the frame are.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Areas {
    /// Everything.
    pub frame: Rect,
    /// Title of an export, else empty.
    pub header: Rect,
    /// Left of overview and ruler.
    pub corner: Rect,
    /// Overview strip.
    pub overview: Rect,
    /// Ruler.
    pub ruler: Rect,
    /// Turns of conversations; empty where there are none.
    pub turns: Rect,
    /// Lane heads.
    pub heads: Rect,
    /// Bars.
    pub canvas: Rect,
    /// Legend of an export, else empty.
    pub legend: Rect,
    /// Footer of an export, else empty.
    pub footer: Rect,
}

impl Areas {
    /// Divides a frame of `size`.
    #[must_use]
    pub fn new(size: Vec2, head_width: f32, metrics: &Metrics, margins: Margins) -> Self {
        let side = |points: f32| if points.is_finite() { points.clamp(64.0, 65_535.0) } else { 64.0 };
        let size = Vec2::new(side(size.x), side(size.y));
        let head = (head_width * metrics.scale).round().clamp(0.0, size.x * 0.45);
        let rect = |left: f32, top: f32, right: f32, bottom: f32| {
            Rect::from_min_max(Pos2::new(left, top), Pos2::new(right, bottom.max(top)))
        };
        let right = size.x;
        let overview_top = margins.header;
        let ruler_top = overview_top + metrics.overview;
        let turns_top = ruler_top + metrics.ruler;
        let canvas_top = turns_top + margins.turns;
        let canvas_bottom = (size.y - margins.legend - margins.footer).max(canvas_top);
        let legend_bottom = (size.y - margins.footer).max(canvas_bottom);
        Self {
            frame: rect(0.0, 0.0, size.x, size.y),
            header: rect(0.0, 0.0, size.x, margins.header),
            corner: rect(0.0, overview_top, head, canvas_top),
            overview: rect(head, overview_top, right, ruler_top),
            ruler: rect(head, ruler_top, right, turns_top),
            turns: rect(head, turns_top, right, canvas_top),
            heads: rect(0.0, canvas_top, head, canvas_bottom),
            canvas: rect(head, canvas_top, right, canvas_bottom),
            legend: rect(0.0, canvas_bottom, size.x, legend_bottom),
            footer: rect(0.0, legend_bottom, size.x, size.y),
        }
    }
}

/// A lane in content coordinates: 0 is the top of the first lane, before scrolling.
#[derive(Clone, PartialEq, Debug)]
pub struct LaneBand {
    /// The lane.
    pub lane: LaneIx,
    /// Its rows, counted over all lanes.
    pub rows: Range<u32>,
    /// Top edge.
    pub top: f64,
    /// Height.
    pub height: f32,
    /// Top of the first row, from the lane's top.
    pub first_row: f32,
    /// Distance of its rows; of a folded lane, the height of its strip.
    pub pitch: f32,
    /// True when one strip stands for all rows.
    pub is_folded: bool,
    /// The group whose rows these are, counted over all lanes, in a lane that is folded.
    pub section: Option<u32>,
    /// Top edge of the whole lane.
    pub lane_top: f64,
    /// Height of the whole lane.
    pub lane_height: f32,
}

impl LaneBand {
    /// Bottom edge.
    #[must_use]
    pub fn bottom(&self) -> f64 {
        self.top + f64::from(self.height)
    }

    /// True for the first or only band of its lane.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.top <= self.lane_top
    }

    /// Bottom edge of the whole lane.
    #[must_use]
    pub fn lane_bottom(&self) -> f64 {
        self.lane_top + f64::from(self.lane_height)
    }

    /// Top of `row` in content coordinates.
    #[must_use]
    pub fn row_top(&self, row: RowIx) -> f64 {
        if self.is_folded {
            return self.top + f64::from(self.first_row);
        }
        self.top + f64::from(self.first_row) + f64::from(row.0.saturating_sub(self.rows.start)) * f64::from(self.pitch)
    }

    /// The row at `y` in content coordinates.
    #[must_use]
    pub fn row_at(&self, y: f64) -> Option<RowIx> {
        if self.is_folded {
            return None;
        }
        let offset = (y - self.top - f64::from(self.first_row)) / f64::from(self.pitch);
        let count = self.rows.end - self.rows.start;
        (offset >= 0.0 && offset < f64::from(count)).then(|| RowIx(self.rows.start + offset as u32))
    }

    /// The rows that touch `from..to` in content coordinates.
    #[must_use]
    pub fn rows_between(&self, from: f64, to: f64) -> Range<u32> {
        if self.is_folded {
            return self.rows.start..self.rows.start;
        }
        let base = self.top + f64::from(self.first_row);
        let pitch = f64::from(self.pitch);
        let count = f64::from(self.rows.end - self.rows.start);
        let first = ((from - base) / pitch).floor().clamp(0.0, count) as u32;
        let last = ((to - base) / pitch).ceil().clamp(f64::from(first), count) as u32;
        self.rows.start + first..self.rows.start + last
    }

    /// Height of a bar.
    #[must_use]
    pub fn bar_height(&self) -> f32 {
        if self.pitch >= 12.0 { (self.pitch * 0.76).round() } else { (self.pitch * 0.8).max(1.0) }
    }
}

/// The lanes that are shown, from the top.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Bands {
    list: Vec<LaneBand>,
    /// Positions in `list` of lanes with rows, by their first row: lanes need not be in the layout's order.
    by_row: Vec<u32>,
    /// Where pinned lanes end, from the top.
    pinned_ends: Vec<f64>,
}

/// Pinned lanes stay in place as long as they leave this share of the canvas to the others.
const MOST_HELD: f64 = 0.6;

impl std::ops::Deref for Bands {
    type Target = [LaneBand];

    fn deref(&self) -> &[LaneBand] {
        &self.list
    }
}

impl Bands {
    /// `pinned`: how many lanes from the top are pinned.
    fn new(list: Vec<LaneBand>, pinned: usize) -> Self {
        let mut pinned_ends: Vec<f64> = list.iter().map(LaneBand::lane_bottom).collect();
        pinned_ends.dedup();
        pinned_ends.truncate(pinned);
        let mut by_row: Vec<u32> = (0..list.len() as u32).filter(|&at| !list[at as usize].rows.is_empty()).collect();
        by_row.sort_by_key(|&at| list[at as usize].rows.start);
        Self { list, by_row, pinned_ends }
    }

    /// Height of the pinned lanes that stay in place while the others scroll in a canvas of `canvas_height` points.
    /// A lane that would take too much of it scrolls like the others: its rows could not be reached otherwise.
    #[must_use]
    pub fn held_height(&self, canvas_height: f32) -> f64 {
        let canvas_height = f64::from(canvas_height);
        if content_height(&self.list) <= canvas_height {
            return 0.0;
        }
        self.pinned_ends.iter().copied().take_while(|&end| end <= canvas_height * MOST_HELD).last().unwrap_or(0.0)
    }

    /// The topmost band that is seen below the held ones when `scroll_y` points are scrolled away.
    #[must_use]
    pub fn topmost(&self, scroll_y: f64, canvas_height: f32) -> Option<&LaneBand> {
        let top = scroll_y + self.held_height(canvas_height);
        self.list.iter().find(|band| band.bottom() > top)
    }

    /// The band that holds `row`.
    #[must_use]
    pub fn of_row(&self, row: RowIx) -> Option<&LaneBand> {
        let after = self.by_row.partition_point(|&at| self.list[at as usize].rows.start <= row.0);
        let at = *self.by_row.get(after.checked_sub(1)?)?;
        self.list.get(at as usize).filter(|band| band.rows.contains(&row.0))
    }
}

/// Places of all lanes that are not hidden, from the top. Costs a step per lane.
#[must_use]
pub fn lane_bands(
    lanes: &[LaneInfo],
    sections: &[Section],
    layout: &Layout,
    view: &ViewState,
    metrics: &Metrics,
) -> Bands {
    let mut top = 0.0_f64;
    let mut bands = Vec::with_capacity(lanes.len());
    let shown = view.lanes.shown(lanes);
    let flattest = if shown.len() >= MANY_LANES { metrics.lane_flat } else { metrics.lane_low };
    let pinned = shown.iter().filter(|ix| view.lanes.pinned.contains(&lanes[ix.at()].key)).count();
    for ix in shown {
        let Some(lane) = layout.lanes().get(ix.at()) else { continue };
        let is_folded = view.lanes.folded.contains(&lanes[ix.at()].key);
        let first = sections.partition_point(|section| section.lane < ix);
        let of_lane = sections[first..].partition_point(|section| section.lane == ix);
        let own = &sections[first..first + of_lane];
        if !is_folded && own.iter().any(|section| section.group.is_some()) {
            top = section_bands(first, own, view, metrics, top, &mut bands);
            continue;
        }
        let rows = if is_folded { 1.0 } else { (lane.rows.end - lane.rows.start).max(1) as f32 };
        // A single row among many needs no air around it.
        let air = if rows > 1.0 { metrics.lane_pad } else { metrics.lane_pad.min((flattest - metrics.pitch) / 2.0) };
        let needed = rows * metrics.pitch + 2.0 * air;
        let natural = if is_folded { flattest } else { needed.max(flattest) };
        // A lane resized by hand squeezes its rows, down to three points each.
        let least = (rows * 3.0 + 4.0).max(flattest);
        let asked = view.lanes.heights.get(&lanes[ix.at()].key).map(|&height| height as f32 * metrics.scale);
        let height = asked.map_or(natural, |asked| asked.clamp(least, natural.max(asked)));
        let pad = air.min((height - rows * 3.0).max(0.0) / 2.0) * if is_folded { 0.4 } else { 1.0 };
        let most = if is_folded { f32::INFINITY } else { metrics.pitch };
        let pitch = ((height - 2.0 * pad) / rows).min(most);
        // Few rows sit at the top, level with the lane's name.
        bands.push(LaneBand {
            lane: ix,
            rows: lane.rows.clone(),
            top,
            height,
            first_row: pad,
            pitch,
            is_folded,
            section: None,
            lane_top: top,
            lane_height: height,
        });
        top += f64::from(height);
    }
    Bands::new(bands, pinned)
}

/// Bands of the groups of one lane, from `top` on; returns where they end. `first` is the number of the first group.
fn section_bands(
    first: usize,
    sections: &[Section],
    view: &ViewState,
    metrics: &Metrics,
    top: f64,
    bands: &mut Vec<LaneBand>,
) -> f64 {
    let start = bands.len();
    let mut at = top;
    for (section, number) in sections.iter().zip(first as u32..) {
        let is_open = view.lanes.opened.contains(&section.key);
        let rows = if is_open { section.rows.len().max(1) as f32 } else { 1.0 };
        let height = metrics.pitch + rows * metrics.pitch + (metrics.lane_pad / 2.0).round();
        bands.push(LaneBand {
            lane: section.lane,
            rows: section.rows.clone(),
            top: at,
            height,
            first_row: metrics.pitch,
            pitch: metrics.pitch,
            is_folded: !is_open,
            section: Some(number),
            lane_top: top,
            lane_height: 0.0,
        });
        at += f64::from(height);
    }
    let least = top + f64::from(metrics.lane_low);
    if let Some(last) = bands.last_mut().filter(|_| at < least) {
        last.height += (least - at) as f32;
        at = least;
    }
    for band in &mut bands[start..] {
        band.lane_height = (at - top) as f32;
    }
    at
}

/// Height of all lanes.
#[must_use]
pub fn content_height(bands: &[LaneBand]) -> f64 {
    bands.last().map_or(0.0, LaneBand::bottom)
}

/// The band at `y` in content coordinates.
#[must_use]
pub fn band_at(bands: &[LaneBand], y: f64) -> Option<&LaneBand> {
    let at = bands.partition_point(|band| band.bottom() <= y);
    bands.get(at).filter(|band| band.top <= y)
}
