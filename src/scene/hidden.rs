//! Counts what a frame does not show, so that it can say so.

use std::ops::Range;

use super::build::Frame;
use super::frame::Scene;
use super::geometry::LaneBand;
use crate::layout::RowIx;

/// Counts everything that `bands` do not show. Those from `split` on scroll; of them, what lies between `seen` is seen.
pub(super) fn count(frame: &Frame<'_>, scene: &mut Scene, bands: &[LaneBand], split: usize, seen: &Range<f64>) {
    beyond(scene, &bands[split..], seen);
    let (input, hidden) = (frame.input, &mut scene.hidden);
    let is_first = |band: &&LaneBand| band.is_first();
    if let Some(marks) = input.marks {
        let shown: u64 = bands.iter().filter(is_first).map(|band| u64::from(marks.in_lane(band.lane))).sum();
        hidden.hits_hidden = marks.all().saturating_sub(shown);
    }
    let aside = input.lanes.iter().filter(|lane| lane.is_aside);
    hidden.spans_aside = aside.clone().map(|lane| lane.spans).sum();
    let known = bands.iter().filter(is_first).count() + aside.count();
    hidden.lanes_hidden = input.lanes.len().saturating_sub(known) as u32;
    hidden.lanes_folded = bands.iter().filter(|band| band.is_folded && band.section.is_none()).count() as u32;
    hidden.groups_folded = bands.iter().filter(|band| band.is_folded && band.section.is_some()).count() as u32;
    hidden.spans_folded = input.layout.folded().len() as u64;
}

/// Counts the rows and lanes of `bands` that lie outside of `seen`.
fn beyond(scene: &mut Scene, bands: &[LaneBand], seen: &Range<f64>) {
    scene.hidden.rows_above = bands.iter().map(|band| band.rows_between(f64::MIN, seen.start).len() as u32).sum();
    let below = bands.iter().map(|band| {
        let below = band.rows_between(seen.end, f64::MAX);
        // A row that is cut is not counted as below.
        below.len() as u32 - u32::from(!below.is_empty() && band.row_top(RowIx(below.start)) < seen.end)
    });
    scene.hidden.rows_below = below.sum();
    scene.hidden.lanes_below = bands.iter().filter(|band| band.is_first() && band.top >= seen.end).count() as u32;
}
