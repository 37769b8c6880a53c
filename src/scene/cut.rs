//! A picture that has no room for all rows ends at the edge of a row, and says how much is missing.

use emath::Pos2;

use super::build::count_text;
use super::frame::Scene;
use super::geometry::{LaneBand, Metrics, content_height};
use super::shape::{Anchor, TextShape};
use super::text::{self, Font};

/// Height of the line that says what is missing, in points of normal text.
const LINE: f32 = 18.0;

/// How much higher a picture has to be than what it is made after, so that rows at its edges are in it although they are
/// only in part there: points.
#[must_use]
pub fn room(metrics: &Metrics) -> f32 {
    2.0 * metrics.pitch + LINE * metrics.scale
}

/// Moves the edges of the canvas to edges of rows, where it cannot show all of them. Names and bars are shown whole or
/// not at all.
pub(super) fn at_rows(scene: &mut Scene) {
    let canvas = scene.areas.canvas;
    let height = f64::from(canvas.height());
    if content_height(&scene.bands) <= height {
        return;
    }
    let split = scene.bands.partition_point(|band| band.lane_top < scene.held.height);
    let bands = &scene.bands[split..];
    let top = scene.scroll_y + scene.held.height;
    let content = content_height(&scene.bands);
    if scene.scroll_y + height >= content - 0.5 {
        // The last row is looked at: what is cut is cut at the top.
        let edge = edge_below(bands, top).unwrap_or(top);
        scene.scroll_y = edge - scene.held.height;
        let bottom = canvas.top() + (content - scene.scroll_y) as f32;
        scene.areas.canvas.max.y = bottom.min(canvas.bottom());
        scene.areas.heads.max.y = scene.areas.canvas.max.y;
        return;
    }
    scene.scroll_y = edge_above(bands, top).map_or(scene.scroll_y, |edge| (edge - scene.held.height).max(0.0));
    let top = scene.scroll_y + scene.held.height;
    let room = scene.scroll_y + height - f64::from(LINE * scene.metrics.scale);
    if let Some(edge) = edge_above(bands, room).filter(|edge| *edge > top) {
        let bottom = canvas.top() + (edge - scene.scroll_y) as f32;
        scene.areas.canvas.max.y = bottom;
        scene.areas.heads.max.y = bottom;
    }
}

/// The highest edge of a row or lane that is not above `y`, in content coordinates.
fn edge_below(bands: &[LaneBand], y: f64) -> Option<f64> {
    let above = edge_above(bands, y)?;
    let pitch = bands.iter().take_while(|band| band.top <= y).last().map(|band| f64::from(band.pitch))?;
    if above >= y { Some(above) } else { edge_above(bands, y + pitch).filter(|edge| *edge >= y) }
}

/// The lowest edge of a row or lane that is not below `y`, in content coordinates.
fn edge_above(bands: &[LaneBand], y: f64) -> Option<f64> {
    let band = bands.iter().take_while(|band| band.top <= y).last()?;
    if band.bottom() <= y {
        return Some(band.bottom());
    }
    let first = band.top + f64::from(band.first_row);
    let rows = if band.is_folded { 0.0 } else { ((y - first) / f64::from(band.pitch)).floor() };
    Some(if rows >= 1.0 { first + rows * f64::from(band.pitch) } else { band.top })
}

/// Says below the last row what is missing.
pub(super) fn say(scene: &mut Scene) {
    let (top, bottom) = (scene.areas.canvas.bottom(), scene.areas.legend.top());
    let hidden = scene.hidden;
    if bottom - top < 1.0 || hidden.rows_below == 0 {
        return;
    }
    let rows = count_text(u64::from(hidden.rows_below), "more row");
    let lanes = match hidden.lanes_below {
        0 => String::new(),
        lanes => format!(", {} among them", count_text(u64::from(lanes), "whole lane")),
    };
    let size = scene.metrics.small;
    let left = scene.areas.canvas.left() + 12.0 * scene.metrics.scale;
    let text = format!("↓ {rows} below{lanes}");
    scene.rest = Some(TextShape {
        pos: Pos2::new(left, text::baseline_for_middle(f32::midpoint(top, bottom), Font::Regular, size)),
        anchor: Anchor::Start,
        font: Font::Regular,
        size,
        color: scene.theme.theme().warning,
        text: text::crop(&text, Font::Regular, size, scene.areas.frame.right() - left).into(),
    });
}
