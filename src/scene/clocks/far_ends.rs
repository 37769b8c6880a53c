//! Where an arrow that is looked at goes on out of sight: a label at the edge says to which lane and span.

use std::sync::Arc;

use emath::{Pos2, Rect, Vec2, vec2};

use super::FindingTone;
use super::arrows::event_pos;
use crate::analysis::clocks::EventKey;
use crate::analysis::clocks::findings::Proof;
use crate::scene::build::span_rect;
use crate::scene::frame::Scene;
use crate::scene::input::SceneInput;
use crate::scene::text::{self, Font};
use crate::scene::view_state::ViewState;

/// Labels at once, at most: those of the first arrows.
const MOST: usize = 4;
/// Longest name of a lane or span in a label, in characters.
const MOST_CHARS: usize = 32;

/// An event that an arrow leads to or comes from, and that is not in view.
#[derive(Clone, PartialEq, Debug)]
pub struct FarEnd {
    /// The event.
    pub event: EventKey,
    /// The colour of its arrow.
    pub tone: FindingTone,
    /// `to gateway: serve · below`.
    pub text: Arc<str>,
    /// Where the label is.
    pub rect: Rect,
}

/// One end of an arrow.
struct End {
    event: EventKey,
    /// Where it is drawn, at most a little outside the canvas; `None` in a hidden lane.
    pos: Option<Pos2>,
    is_cause: bool,
}

/// Adds a label for each end of `witness` that is out of view while its other end is in view.
pub(super) fn add(
    (input, view): (&SceneInput<'_>, &ViewState),
    scene: &mut Scene,
    witness: &[Proof],
    tone: FindingTone,
) {
    for proof in witness {
        let end = |event, is_cause| End { event, pos: event_pos(input, scene, event), is_cause };
        let ends = [end(proof.cause.from, true), end(proof.cause.to, false)];
        let seen = ends.each_ref().map(|end| is_in_view(input, scene, end));
        let (near, far) = match seen {
            [true, false] => (&ends[0], &ends[1]),
            [false, true] => (&ends[1], &ends[0]),
            _ => continue,
        };
        let is_said = scene.clocks.far_ends.iter().any(|known| known.event.span == far.event.span);
        let Some(from) = near.pos.filter(|_| !is_said && far.event.span.at() < input.store.len()) else { continue };
        let words: Arc<str> = words(input, view, scene, far).into();
        let rect = place(scene, from, far.pos, &words);
        scene.clocks.far_ends.push(FarEnd { event: far.event, tone, text: words, rect });
        if scene.clocks.far_ends.len() >= MOST {
            break;
        }
    }
}

fn is_in_view(input: &SceneInput<'_>, scene: &Scene, end: &End) -> bool {
    let Some(pos) = end.pos else { return false };
    // Behind pinned lanes a row has no height left.
    let is_behind = span_rect(input, scene, end.event.span).is_none_or(|rect| rect.height() <= 0.0);
    !is_behind && scene.areas.canvas.expand(1.0).contains(pos)
}

fn words(input: &SceneInput<'_>, view: &ViewState, scene: &Scene, far: &End) -> String {
    let short = |name: &str| match name.char_indices().nth(MOST_CHARS) {
        Some((at, _)) => format!("{}…", &name[..at]),
        None => name.to_owned(),
    };
    let lane = input.lanes.get(input.layout.lane_of(far.event.span).at());
    let lane = lane.map_or_else(String::new, |lane| format!("{}: ", short(view.lanes.name(lane))));
    let (way, span) = (if far.is_cause { "from" } else { "to" }, short(input.store.span(far.event.span).name()));
    let canvas = scene.areas.canvas;
    let place = match far.pos {
        None => "in a hidden lane",
        Some(pos) if pos.y > canvas.bottom() => "below",
        Some(pos) if pos.x < canvas.left() - 1.0 => "earlier",
        Some(pos) if pos.x > canvas.right() + 1.0 => "later",
        Some(_) => "above",
    };
    format!("{way} {lane}{span} · {place}")
}

/// Where the arrow leaves the canvas, beside the pills that are there.
fn place(scene: &Scene, near: Pos2, far: Option<Pos2>, words: &str) -> Rect {
    let size = scene.metrics.small;
    let extent = vec2(text::width(words, Font::Regular, size) + 16.0, size * 1.7);
    let canvas = scene.areas.canvas;
    let area = Rect::from_min_max(Pos2::new(canvas.left(), scene.scrolled_area().top()), canvas.max);
    let inside = area.shrink2(extent / 2.0 + Vec2::splat(3.0));
    let leaving = far.map_or(near + vec2(extent.x / 2.0 + 8.0, extent.y), |far| {
        let way = far - near;
        let until = |from: f32, step: f32, least: f32, most: f32| match step {
            step if step > 0.5 => (most - from) / step,
            step if step < -0.5 => (least - from) / step,
            _ => f32::INFINITY,
        };
        let across = until(near.x, way.x, area.left(), area.right());
        let down = until(near.y, way.y, area.top(), area.bottom());
        near + way * across.min(down).clamp(0.0, 1.0)
    });
    let at = |aside: f32| {
        let x = (leaving.x + aside).clamp(inside.left(), inside.right().max(inside.left()));
        let y = leaving.y.clamp(inside.top(), inside.bottom().max(inside.top()));
        Rect::from_center_size(Pos2::new(x, y), extent)
    };
    let pills = scene.clocks.arrows.iter().map(|arrow| arrow.pill);
    let others = scene.clocks.far_ends.iter().map(|end| end.rect);
    let taken: Vec<Rect> = pills.chain(others).collect();
    let is_free = |rect: &Rect| !taken.iter().any(|other| other.intersects(*rect));
    let beside = extent.x / 2.0 + 10.0;
    let asides = [0.0, beside, -beside, 2.0 * beside, -2.0 * beside];
    asides.into_iter().map(at).find(is_free).unwrap_or_else(|| at(0.0))
}
