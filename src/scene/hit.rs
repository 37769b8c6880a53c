//! What is at a point of the frame.

use emath::Pos2;

use super::frame::Scene;
use super::geometry::band_at;
use super::input::SceneInput;
use super::strip::{mark_at, overview_scale};
use super::ties;
use super::tokens;
use super::turns;
use crate::layout::{LaneIx, RowIx};
use crate::model::SpanIx;

/// How far beside a narrow bar a click still counts, in points.
const TOLERANCE: f32 = 3.0;

/// What is at a point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hit {
    /// A span; where several share a bar, the one nearest to the point's time.
    Span(SpanIx),
    /// A parent that no input holds; index into `TraceStore::ghosts()`.
    Ghost(u32),
    /// What an arrow says: its position in `Course::ties`.
    Tie(u32),
    /// A piece of the streamed answer of a model call, or several.
    Piece {
        /// The call.
        span: SpanIx,
        /// The number of the first one, from 0.
        first: u32,
        /// How many there are.
        count: u32,
    },
    /// A group of a folded lane: its line, or the strip that stands for its rows.
    Section(u32),
    /// The head of a lane.
    LaneHead(LaneIx),
    /// A turn of a conversation: its position in `Course::turns`.
    Turn(u32),
    /// The ruler, at this time.
    Ruler(i64),
    /// The overview strip, at this time.
    Overview(i64),
    /// The mark of a finding on the overview strip: its number.
    Finding(u32),
    /// The canvas where nothing is drawn.
    Canvas {
        /// The lane there.
        lane: Option<LaneIx>,
        /// The row there.
        row: Option<RowIx>,
        /// The time there.
        time_ns: i64,
    },
    /// Nothing of the timeline.
    Nothing,
}

/// What is at `pos` of `scene`, which was built from `input`.
#[must_use]
pub fn hit(input: &SceneInput<'_>, scene: &Scene, pos: Pos2) -> Hit {
    let areas = &scene.areas;
    let content_y = scene.content_y(pos.y);
    if areas.overview.contains(pos) {
        if let Some(mark) = mark_at(scene, pos) {
            return Hit::Finding(mark.finding);
        }
        return Hit::Overview(overview_scale(scene).time_from_screen(pos.x));
    }
    if let Some(band) = turns::band_at(scene, pos).filter(|_| areas.turns.contains(pos)) {
        return Hit::Turn(band.at);
    }
    if areas.ruler.contains(pos) || areas.turns.contains(pos) {
        return Hit::Ruler(scene.scale.time_from_screen(pos.x));
    }
    let band = band_at(&scene.bands, content_y);
    if areas.heads.contains(pos) {
        return band.map_or(Hit::Nothing, |band| Hit::LaneHead(band.lane));
    }
    if !areas.canvas.contains(pos) {
        return Hit::Nothing;
    }
    if let Some(band) = band
        && let Some(section) = band.section
        && (band.is_folded || content_y < band.top + f64::from(band.first_row))
    {
        return Hit::Section(section);
    }
    if let Some(arrow) = ties::arrow_at(scene, pos) {
        return Hit::Tie(arrow.at);
    }
    if let Some(tick) = tokens::tick_at(scene, pos) {
        return Hit::Piece { span: tick.span, first: tick.first, count: tick.count };
    }
    let time_ns = scene.scale.time_from_screen(pos.x);
    if input.is_moved() {
        // Bars are elsewhere than the index has them: ask the picture.
        let bar = scene.bars.iter().rev().find(|bar| bar.rect.expand2(emath::vec2(TOLERANCE, 1.0)).contains(pos));
        if let Some(bar) = bar {
            return Hit::Span(bar.span);
        }
        if let Some(ghost) = scene.ghosts.iter().find(|ghost| ghost.rect.contains(pos)) {
            return Hit::Ghost(ghost.ghost);
        }
        return Hit::Canvas {
            lane: band.map(|band| band.lane),
            row: band.and_then(|band| band.row_at(content_y)),
            time_ns,
        };
    }
    let row = band.and_then(|band| band.row_at(content_y));
    if let (Some(band), Some(row)) = (band, row) {
        let row_top = scene.screen_y(band, band.row_top(row));
        let gap = (band.pitch - band.bar_height()) / 2.0;
        // Between two rows there is nothing, unless rows are so thin that one cannot aim between them.
        let is_on_bar =
            band.pitch < 10.0 || (pos.y >= row_top + gap - 1.0 && pos.y <= row_top + band.pitch - gap + 1.0);
        let tolerance = scene.scale.ns_from_points(TOLERANCE);
        if is_on_bar {
            if let Some(span) = input.index.hit(row, time_ns, tolerance) {
                return Hit::Span(span);
            }
            if let Some(ghost) = input.index.hit_ghost(row, time_ns, tolerance) {
                return Hit::Ghost(ghost);
            }
        }
    }
    Hit::Canvas { lane: band.map(|band| band.lane), row, time_ns }
}
