//! How high lanes and rows are, and what lies at a given height. Plain data: the view says how big text is,
//! the user may override a lane, and everything else follows from the number of rows.

use super::{LaneIx, Layout, RowIx};

/// How the user wants a lane to be drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Hash, strum::Display, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum LaneFold {
    /// Full rows while they are few, lower ones the more there are. Nothing is hidden.
    #[default]
    Auto,
    /// Full rows, however many.
    Full,
    /// The lowest rows that can be told apart.
    Compact,
    /// One strip that shows how busy the lane is. Only on request.
    Collapsed,
}

/// Sizes in points.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Metrics {
    /// Height of a row that can hold a label, with its gap.
    pub full_row: f64,
    /// Lowest height of a row.
    pub least_row: f64,
    /// What the rows of a lane may take before they get lower.
    pub crowded: f64,
    /// What a lane takes at least, so that its head can be read.
    pub least_lane: f64,
    /// Height of a collapsed lane's strip.
    pub strip: f64,
    /// Space above the first and below the last row of a lane.
    pub padding: f64,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { full_row: 22.0, least_row: 3.0, crowded: 24.0 * 22.0, least_lane: 64.0, strip: 28.0, padding: 6.0 }
    }
}

/// Height and rows of a lane.
#[derive(Clone, Copy, PartialEq, Debug)]
struct LaneHeight {
    top: f64,
    height: f64,
    /// 0 when the lane is collapsed.
    row_height: f64,
    first_row: u32,
    rows: u32,
}

/// Where lanes and rows lie, in points from the top of the first lane. Made anew when a lane's fold or the
/// metrics change; costs one step per lane, however many rows there are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heights {
    lanes: Vec<LaneHeight>,
    padding: f64,
    total: f64,
}

/// What lies at a height.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AtHeight {
    /// The lane.
    pub lane: LaneIx,
    /// The row; `None` beside the rows of a lane, and in a collapsed one.
    pub row: Option<RowIx>,
}

impl Heights {
    /// Stacks the lanes of `layout`; `folds` holds one value per lane, missing ones are [`LaneFold::Auto`].
    #[must_use]
    pub fn new(layout: &Layout, folds: &[LaneFold], metrics: &Metrics) -> Self {
        let mut top = 0.0;
        let mut lanes = Vec::with_capacity(layout.lanes().len());
        for (at, lane) in layout.lanes().iter().enumerate() {
            let rows = lane.rows.end - lane.rows.start;
            let row_height = row_height(folds.get(at).copied().unwrap_or_default(), rows, metrics);
            let content = if row_height > 0.0 { row_height * f64::from(rows) } else { metrics.strip };
            let height = (content + 2.0 * metrics.padding).max(metrics.least_lane);
            lanes.push(LaneHeight { top, height, row_height, first_row: lane.rows.start, rows });
            top += height;
        }
        Self { lanes, padding: metrics.padding, total: top }
    }

    /// Height of all lanes.
    #[must_use]
    pub const fn total(&self) -> f64 {
        self.total
    }

    /// (top, height) of `lane`.
    #[must_use]
    pub fn lane(&self, lane: LaneIx) -> (f64, f64) {
        self.lanes.get(lane.at()).map_or((self.total, 0.0), |lane| (lane.top, lane.height))
    }

    /// Height of each row of `lane`; 0 when it is collapsed.
    #[must_use]
    pub fn row_height(&self, lane: LaneIx) -> f64 {
        self.lanes.get(lane.at()).map_or(0.0, |lane| lane.row_height)
    }

    /// Top of `row`; of its lane's strip when the lane is collapsed.
    #[must_use]
    pub fn row_top(&self, row: RowIx) -> f64 {
        let after = self.lanes.partition_point(|lane| lane.first_row <= row.0);
        let Some(lane) = after.checked_sub(1).and_then(|at| self.lanes.get(at)) else { return 0.0 };
        lane.top + self.padding + lane.row_height * f64::from(row.0 - lane.first_row)
    }

    /// What lies at `y`; `None` above the first and below the last lane.
    #[must_use]
    pub fn at(&self, y: f64) -> Option<AtHeight> {
        let at = self.lane_at(y)?;
        let lane = &self.lanes[at];
        let below = y - lane.top - self.padding;
        let row = (lane.row_height > 0.0 && below >= 0.0).then(|| (below / lane.row_height) as u32);
        let row = row.filter(|row| *row < lane.rows).map(|row| RowIx(lane.first_row + row));
        Some(AtHeight { lane: LaneIx(at as u32), row })
    }

    /// The lanes that touch `from..to`.
    #[must_use]
    pub fn lanes_in(&self, from: f64, to: f64) -> std::ops::Range<usize> {
        let first = self.lanes.partition_point(|lane| lane.top + lane.height <= from);
        let end = self.lanes.partition_point(|lane| lane.top < to);
        first..end.max(first)
    }

    /// The rows of `lane` that touch `from..to`, counted over all lanes; empty when it is collapsed.
    #[must_use]
    pub fn rows_in(&self, lane: LaneIx, from: f64, to: f64) -> std::ops::Range<u32> {
        let Some(lane) = self.lanes.get(lane.at()).filter(|lane| lane.row_height > 0.0) else { return 0..0 };
        let top = lane.top + self.padding;
        let clamp = |rows: f64| rows.clamp(0.0, f64::from(lane.rows)) as u32;
        let first = clamp(((from - top) / lane.row_height).floor());
        let end = clamp(((to - top) / lane.row_height).ceil());
        lane.first_row + first..lane.first_row + end.max(first)
    }

    fn lane_at(&self, y: f64) -> Option<usize> {
        if !(0.0..self.total).contains(&y) {
            return None;
        }
        self.lanes.partition_point(|lane| lane.top <= y).checked_sub(1)
    }
}

fn row_height(fold: LaneFold, rows: u32, metrics: &Metrics) -> f64 {
    let least = metrics.least_row.min(metrics.full_row);
    match fold {
        LaneFold::Full => metrics.full_row,
        LaneFold::Compact => least,
        LaneFold::Collapsed => 0.0,
        LaneFold::Auto => (metrics.crowded / f64::from(rows.max(1))).clamp(least, metrics.full_row),
    }
}
