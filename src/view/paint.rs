//! Shapes of the scene as shapes of egui. Bars become one mesh, which is kept until the picture changes.

use std::sync::Arc;

use egui::epaint::{
    CubicBezierShape, Mesh, PathShape, PathStroke, RectShape, TessellationOptions, Tessellator, WHITE_UV,
};
use egui::epaint::{StrokeKind, TextShape as EguiText, Vertex};
use egui::{Color32, CornerRadius, FontFamily, FontId, Painter, Pos2, Rect, Shape as EguiShape, Vec2};

use crate::app::theme::BOLD;
use crate::scene::shape::hatch_lines;
use crate::scene::{Anchor, BarRect, Font, Picture, Shape, Stroke, TextShape};

/// A picture ready to paint: everything but the texts.
///
/// Texts are laid out every frame by egui, which remembers them; a galley kept here would outlive the
/// font texture that it points into.
#[derive(Default)]
pub struct Prepared {
    layers: Vec<PreparedLayer>,
    /// Pixels per point that the meshes were made for.
    pixels_per_point: f32,
}

struct PreparedLayer {
    clip: Rect,
    pieces: Vec<Piece>,
}

enum Piece {
    Shape(EguiShape),
    Text(TextShape),
}

impl Prepared {
    /// Prepares `picture`, moved by `origin`.
    #[must_use]
    pub fn new(picture: &Picture, origin: Vec2, pixels_per_point: f32) -> Self {
        let layers = picture.layers.iter().map(|layer| {
            let mut pieces = Vec::new();
            for shape in &layer.shapes {
                prepare(shape, origin, pixels_per_point, &mut pieces);
            }
            PreparedLayer { clip: layer.clip.translate(origin), pieces }
        });
        Self { layers: layers.collect(), pixels_per_point }
    }

    /// True when the meshes fit a screen of `pixels_per_point`.
    #[must_use]
    pub fn is_for(&self, pixels_per_point: f32) -> bool {
        self.pixels_per_point == pixels_per_point
    }

    /// Paints everything.
    pub fn paint(&self, painter: &Painter) {
        for layer in &self.layers {
            let painter = painter.with_clip_rect(layer.clip.intersect(painter.clip_rect()));
            // Collected first: egui would run a lazy iterator under the lock that laying out text needs.
            let shapes: Vec<EguiShape> = layer
                .pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Shape(shape) => shape.clone(),
                    Piece::Text(text) => text_shape(&painter, text),
                })
                .collect();
            painter.extend(shapes);
        }
    }
}

fn prepare(shape: &Shape, origin: Vec2, pixels_per_point: f32, out: &mut Vec<Piece>) {
    let mut push = |shape: EguiShape| out.push(Piece::Shape(shape));
    match shape {
        Shape::Rect { rect, radius, fill, stroke } => {
            let rect = rect.translate(origin);
            let radius = corner(*radius);
            match stroke.dash {
                Some(dash) => {
                    push(RectShape::filled(rect, radius, *fill).into());
                    let corners =
                        [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
                    dashed(&corners, stroke, dash, &mut push);
                }
                None => push(RectShape::new(rect, radius, *fill, line(stroke), StrokeKind::Middle).into()),
            }
        }
        Shape::Bars(bars) => {
            if !bars.is_empty() {
                push(EguiShape::Mesh(Arc::new(mesh_of(bars, origin, pixels_per_point))));
            }
        }
        Shape::Hatch { rect, spacing, stroke } => {
            for points in hatch_lines(*rect, *spacing) {
                push(EguiShape::LineSegment { points: points.map(|point| point + origin), stroke: line(stroke) });
            }
        }
        Shape::Line { from, to, stroke } => {
            let points = [*from + origin, *to + origin];
            match stroke.dash {
                Some(dash) => dashed(&points, stroke, dash, &mut push),
                None => push(EguiShape::LineSegment { points, stroke: line(stroke) }),
            }
        }
        Shape::Path { points, closed, fill, stroke } => {
            let points: Vec<Pos2> = points.iter().map(|&point| point + origin).collect();
            match stroke.dash {
                Some(dash) if !closed => dashed(&points, stroke, dash, &mut push),
                _ => push(
                    PathShape { points, closed: *closed, fill: *fill, stroke: PathStroke::from(line(stroke)) }.into(),
                ),
            }
        }
        Shape::Curve { points, stroke } => {
            let points = points.map(|point| point + origin);
            let curve = CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, line(stroke));
            match stroke.dash {
                Some(dash) => dashed(&curve.flatten(Some(0.3)), stroke, dash, &mut push),
                None => push(curve.into()),
            }
        }
        Shape::Text(text) => {
            let mut text = text.clone();
            text.pos += origin;
            out.push(Piece::Text(text));
        }
    }
}

fn line(stroke: &Stroke) -> egui::Stroke {
    egui::Stroke::new(stroke.width, stroke.color)
}

fn dashed(points: &[Pos2], stroke: &Stroke, [dash, gap]: [f32; 2], push: &mut impl FnMut(EguiShape)) {
    for shape in EguiShape::dashed_line(points, line(stroke), dash, gap) {
        push(shape);
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "radii are a few points")]
fn corner(radius: f32) -> CornerRadius {
    CornerRadius::same(radius.round().clamp(0.0, 255.0) as u8)
}

/// All bars in one mesh. Narrow ones are plain quads on pixel edges; wide ones get round corners.
#[must_use]
pub fn mesh_of(bars: &[BarRect], origin: Vec2, pixels_per_point: f32) -> Mesh {
    let mut mesh = Mesh::default();
    mesh.reserve_vertices(bars.len() * 4);
    mesh.reserve_triangles(bars.len() * 2);
    let mut tessellator = Tessellator::new(pixels_per_point, TessellationOptions::default(), [1, 1], Vec::new());
    for bar in bars {
        let rect = bar.rect.translate(origin);
        if bar.radius > 0.0 {
            tessellator.tessellate_rect(&RectShape::filled(rect, corner(bar.radius), bar.fill), &mut mesh);
        } else {
            quad(&mut mesh, rect, bar.fill);
        }
    }
    mesh
}

fn quad(mesh: &mut Mesh, rect: Rect, color: Color32) {
    let Ok(first) = u32::try_from(mesh.vertices.len()) else { return };
    let corners = [rect.left_top(), rect.right_top(), rect.left_bottom(), rect.right_bottom()];
    mesh.vertices.extend(corners.map(|pos| Vertex { pos, uv: WHITE_UV, color }));
    mesh.indices.extend([0, 1, 2, 2, 1, 3].map(|corner| first + corner));
}

/// The font of a scene text, in egui's terms.
#[must_use]
pub fn font_id(font: Font, size: f32) -> FontId {
    let family = match font {
        Font::Regular => FontFamily::Proportional,
        Font::Bold => FontFamily::Name(BOLD.into()),
        Font::Mono => FontFamily::Monospace,
    };
    FontId::new(size, family)
}

fn text_shape(painter: &Painter, text: &TextShape) -> EguiShape {
    let galley = painter.layout_no_wrap(text.text.to_string(), font_id(text.font, text.size), text.color);
    let baseline = galley.rows.first().map_or(0.0, |row| row.pos.y + row.glyphs.first().map_or(0.0, |it| it.pos.y));
    let left = match text.anchor {
        Anchor::Start => text.pos.x,
        Anchor::Middle => text.pos.x - galley.size().x / 2.0,
        Anchor::End => text.pos.x - galley.size().x,
    };
    EguiText::new(Pos2::new(left, text.pos.y - baseline), galley, text.color).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(left: f32, width: f32, radius: f32) -> BarRect {
        let rect = Rect::from_min_size(Pos2::new(left, 10.0), Vec2::new(width, 18.0));
        BarRect { rect, fill: Color32::RED, radius }
    }

    #[test]
    fn narrow_bars_cost_four_vertices_each() {
        let bars: Vec<_> = (0..1000_u16).map(|at| bar(f32::from(at) * 2.0, 1.5, 0.0)).collect();
        let mesh = mesh_of(&bars, Vec2::new(100.0, 0.0), 1.0);
        assert_eq!((mesh.vertices.len(), mesh.indices.len()), (4000, 6000));
        assert_eq!(mesh.vertices[0].pos, Pos2::new(100.0, 10.0));
        assert!(mesh.is_valid());
    }

    #[test]
    fn wide_bars_stay_inside_their_rectangle() {
        let mesh = mesh_of(&[bar(20.0, 80.0, 3.0)], Vec2::ZERO, 2.0);
        assert!(mesh.is_valid() && mesh.vertices.len() > 4);
        let bounds = mesh.calc_bounds();
        // Feathering reaches at most one pixel outside.
        assert!(bar(20.0, 80.0, 3.0).rect.expand(1.0).contains_rect(bounds), "{bounds:?}");
    }
}
