//! Where everything is in the agent map, and where that is on the screen.

use std::collections::BTreeMap;

use egui::epaint::CubicBezierShape;
use egui::{Color32, Pos2, Rect, Stroke, Vec2, pos2, vec2};

use super::super::super::people::Sight;
use crate::analysis::genai::{AgentEdge, AgentPicture, Slot};

/// Size of an agent in points at normal text.
const NODE: Vec2 = vec2(118.0, 36.0);
/// Between neighbours, and between layers.
const GAPS: Vec2 = vec2(18.0, 40.0);
/// Width of a place that lines only pass through.
const BEND: f32 = 22.0;
/// Between lines of the same two agents.
const APART: f32 = 34.0;
/// Free room around the map.
const MARGIN: f32 = 8.0;
/// The map is never smaller or larger than so many times its own size.
pub const ZOOMS: [f32; 2] = [0.05, 3.0];

/// Where everything is, in points from the top left corner of a map that is as large as it is.
pub struct Plan {
    pub size: Vec2,
    /// The left edge and the width of each slot, by layer.
    slots: Vec<Vec<(f32, f32)>>,
    /// How far each edge is moved aside, so that several between two agents stay apart.
    aside: Vec<f32>,
    scale: f32,
}

impl Plan {
    /// The plan of `picture` with text `scale` times as large as usual.
    pub fn new(picture: &AgentPicture, scale: f32) -> Self {
        let layers = &picture.layers;
        let mut widths: Vec<Vec<f32>> = layers.widths.iter().map(|count| vec![BEND * scale; *count]).collect();
        for slot in &layers.nodes {
            widths[slot.layer][slot.at] = NODE.x * scale;
        }
        let gap = GAPS.x * scale;
        let total = |widths: &[f32]| widths.iter().sum::<f32>() + gap * widths.len().saturating_sub(1) as f32;
        let widest = widths.iter().map(|widths| total(widths)).fold(0.0, f32::max);
        // Room for what an agent does with itself.
        let side = if picture.edges.iter().any(|(from, to, _)| from == to) { 36.0 * scale } else { 0.0 };
        let slots = widths.iter().map(|widths| {
            let mut left = side + (widest - total(widths)) / 2.0;
            let place = |width: &f32| {
                let slot = (left, *width);
                left += width + gap;
                slot
            };
            widths.iter().map(place).collect()
        });
        let height = (NODE.y + GAPS.y) * widths.len() as f32 - if widths.is_empty() { 0.0 } else { GAPS.y };
        let size = vec2(widest + 2.0 * side, height * scale);
        Self { size, slots: slots.collect(), aside: asides(picture, APART * scale), scale }
    }

    pub fn rect(&self, slot: Slot) -> Rect {
        let (left, width) = self.slots[slot.layer][slot.at];
        let top = slot.layer as f32 * (NODE.y + GAPS.y) * self.scale;
        Rect::from_min_size(pos2(left, top), vec2(width, NODE.y * self.scale))
    }

    /// All of it, as large as it fits into `room`, but not larger than it is.
    pub fn fitted(&self, room: Vec2) -> Sight {
        let free = (room - Vec2::splat(2.0 * MARGIN * self.scale)).max(Vec2::splat(1.0));
        let zoom = (free.x / self.size.x.max(1.0)).min(free.y / self.size.y.max(1.0)).min(1.0);
        Sight { zoom: zoom.max(ZOOMS[0]), middle: (self.size / 2.0).to_pos2() }
    }

    /// `sight` with its middle on the map.
    pub fn kept(&self, sight: Sight) -> Sight {
        let middle = sight.middle.clamp(Pos2::ZERO, self.size.to_pos2());
        Sight { zoom: sight.zoom.clamp(ZOOMS[0], ZOOMS[1]), middle }
    }

    /// `sight` with what is at `screen` held in place while everything grows by `factor`.
    pub fn zoomed(&self, sight: Sight, rect: Rect, screen: Pos2, factor: f32) -> Sight {
        let zoom = (sight.zoom * factor).clamp(ZOOMS[0], ZOOMS[1]);
        let held = sight.middle + (screen - rect.center()) / sight.zoom;
        self.kept(Sight { zoom, middle: held - (screen - rect.center()) / zoom })
    }

    /// The line of edge `at` of `picture`, as many short pieces.
    pub fn line(&self, picture: &AgentPicture, at: usize) -> Vec<Pos2> {
        let route = &picture.layers.routes[at];
        let aside = self.aside[at];
        let [Some(first), Some(last)] = [route.first(), route.last()] else {
            // Of an agent with itself: a loop at its right side.
            let rect = self.rect(picture.layers.nodes[picture.edges[at].0]);
            let inset = vec2(0.0, 10.0 * self.scale);
            let (a, b) = (rect.right_top() + inset, rect.right_bottom() - inset);
            let out = vec2(18.0 * self.scale + aside.abs(), 0.0);
            return curve([a, a + out, b + out, b]);
        };
        let is_down = last.layer > first.layer;
        let mut stops: Vec<(Pos2, Pos2)> = Vec::new();
        for (nth, slot) in route.iter().enumerate() {
            let rect = self.rect(*slot);
            let x = (rect.center().x + aside).clamp(rect.left() + 4.0, rect.right() - 4.0);
            let (top, bottom) = (pos2(x, rect.top()), pos2(x, rect.bottom()));
            let (enter, leave) = if is_down { (top, bottom) } else { (bottom, top) };
            stops.push(if nth == 0 {
                (leave, leave)
            } else if nth + 1 == route.len() {
                (enter, enter)
            } else {
                (enter, leave)
            });
        }
        let mut points = Vec::new();
        for pair in stops.windows(2) {
            let (from, to) = (pair[0].1, pair[1].0);
            let pull = vec2(0.0, (to.y - from.y) * 0.5);
            points.extend(curve([from, from + pull, to - pull, to]));
            points.push(pair[1].1);
        }
        points
    }
}

/// A map on the screen.
#[derive(Clone, Copy)]
pub struct Place {
    pub rect: Rect,
    pub sight: Sight,
}

impl Place {
    /// Where a point of the map is on the screen.
    pub fn pos(&self, at: Pos2) -> Pos2 {
        self.rect.center() + (at - self.sight.middle) * self.sight.zoom
    }

    pub fn rect(&self, rect: Rect) -> Rect {
        Rect::from_min_max(self.pos(rect.min), self.pos(rect.max))
    }
}

fn asides(picture: &AgentPicture, apart: f32) -> Vec<f32> {
    let pair = |edge: &(usize, usize, AgentEdge)| (edge.0.min(edge.1), edge.0.max(edge.1));
    let mut counts: BTreeMap<(usize, usize), (f32, f32)> = BTreeMap::new();
    for edge in &picture.edges {
        counts.entry(pair(edge)).or_default().1 += 1.0;
    }
    let mut aside = |edge: &(usize, usize, AgentEdge)| {
        let (next, all) = counts.get_mut(&pair(edge))?;
        *next += 1.0;
        Some((*next - 1.0 - (*all - 1.0) / 2.0) * apart)
    };
    picture.edges.iter().map(|edge| aside(edge).unwrap_or_default()).collect()
}

fn curve(points: [Pos2; 4]) -> Vec<Pos2> {
    CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, Stroke::NONE).flatten(Some(0.3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::genai::{AgentIx, Layers};

    fn plan(agents: usize) -> Plan {
        let edges: Vec<(usize, usize)> = (1..agents).map(|to| (0, to)).collect();
        let layers = Layers::new(agents, &edges);
        let picture =
            AgentPicture { agents: (0..agents).map(AgentIx::from_usize).collect(), layers, ..AgentPicture::default() };
        Plan::new(&picture, 1.0)
    }

    #[test]
    fn all_of_a_map_fits_and_a_small_one_is_not_blown_up() {
        for (agents, room) in [(1, vec2(400.0, 300.0)), (6, vec2(330.0, 250.0)), (40, vec2(900.0, 500.0))] {
            let plan = plan(agents);
            let rect = Rect::from_min_size(pos2(50.0, 70.0), room);
            let place = Place { rect, sight: plan.fitted(room) };
            let all = place.rect(Rect::from_min_size(Pos2::ZERO, plan.size));
            assert!(rect.contains_rect(all), "{agents}: {all:?} in {rect:?}");
            assert!(place.sight.zoom <= 1.0);
        }
    }

    #[test]
    fn zooming_holds_what_is_under_the_pointer_and_is_bounded() {
        let plan = plan(6);
        let rect = Rect::from_min_size(pos2(50.0, 70.0), vec2(330.0, 250.0));
        let sight = plan.fitted(rect.size());
        let pointer = rect.center() + vec2(20.0, 10.0);
        let under = |sight: Sight| sight.middle + (pointer - rect.center()) / sight.zoom;
        let nearer = plan.zoomed(sight, rect, pointer, 1.5);
        assert!((nearer.zoom / sight.zoom - 1.5).abs() < 1e-4);
        assert!(under(nearer).distance(under(sight)) < 0.01);
        let mut far = sight;
        for factor in [0.5; 40].into_iter().chain([2.0; 80]) {
            far = plan.zoomed(far, rect, pointer, factor);
            assert!((ZOOMS[0]..=ZOOMS[1]).contains(&far.zoom) && far.middle.is_finite());
        }
        let away = plan.kept(Sight { zoom: f32::NAN.max(1.0), middle: pos2(-1e9, 1e9) });
        assert!(Rect::from_min_size(Pos2::ZERO, plan.size).contains(away.middle));
    }
}
