//! The few primitives that every output draws: the painter of the window, SVG, and PNG through SVG.
//!
//! Coordinates are points with the origin at the top left of the frame, y down.

use ecolor::Color32;
use emath::{Pos2, Rect, Vec2};
use std::sync::Arc;

use super::text::{self, Font};

/// A line style. A width of 0 draws nothing.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Stroke {
    /// Width in points.
    pub width: f32,
    /// Colour.
    pub color: Color32,
    /// Lengths of dash and gap in points; `None` = solid.
    pub dash: Option<[f32; 2]>,
}

impl Stroke {
    /// Draws nothing.
    pub const NONE: Self = Self { width: 0.0, color: Color32::TRANSPARENT, dash: None };

    /// A solid line.
    #[must_use]
    pub const fn solid(width: f32, color: Color32) -> Self {
        Self { width, color, dash: None }
    }

    /// A dashed line.
    #[must_use]
    pub const fn dashed(width: f32, color: Color32, dash: f32, gap: f32) -> Self {
        Self { width, color, dash: Some([dash, gap]) }
    }

    /// True when there is something to draw.
    #[must_use]
    pub fn is_visible(&self) -> bool {
        self.width > 0.0 && self.color != Color32::TRANSPARENT
    }
}

/// Which point of a text its position names, horizontally. Vertically it is always the baseline.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Anchor {
    /// The left end.
    #[default]
    Start,
    /// The middle.
    Middle,
    /// The right end.
    End,
}

/// A line of text.
#[derive(Clone, PartialEq, Debug)]
pub struct TextShape {
    /// On the baseline, at `anchor`.
    pub pos: Pos2,
    /// What `pos.x` means.
    pub anchor: Anchor,
    /// The font.
    pub font: Font,
    /// Size in points (pixels per em).
    pub size: f32,
    /// Colour.
    pub color: Color32,
    /// The text: one line, already cropped.
    pub text: Arc<str>,
}

impl TextShape {
    /// `text` in the middle of `rect`, in the regular font.
    #[must_use]
    pub fn centered(rect: Rect, size: f32, color: Color32, text: Arc<str>) -> Self {
        let baseline = text::baseline_for_middle(rect.center().y, Font::Regular, size);
        let pos = Pos2::new(rect.center().x, baseline);
        Self { pos, anchor: Anchor::Middle, font: Font::Regular, size, color, text }
    }
}

/// A filled rectangle of a batch. Batches are long (10,000 and more), so this is small and `Copy`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BarRect {
    /// Where.
    pub rect: Rect,
    /// Fill colour, opaque or not.
    pub fill: Color32,
    /// Corner radius in points; 0 for narrow bars.
    pub radius: f32,
}

/// Something to draw.
#[derive(Clone, PartialEq, Debug)]
pub enum Shape {
    /// A rectangle.
    Rect {
        /// Where.
        rect: Rect,
        /// Corner radius in points.
        radius: f32,
        /// Fill, may be transparent.
        fill: Color32,
        /// Outline, centred on the edge.
        stroke: Stroke,
    },
    /// Many filled rectangles, in paint order: one mesh.
    Bars(Vec<BarRect>),
    /// Diagonal lines (rising to the right) inside a rectangle.
    Hatch {
        /// Where; the lines are cut at its edges.
        rect: Rect,
        /// Horizontal distance between lines in points.
        spacing: f32,
        /// The lines.
        stroke: Stroke,
    },
    /// A straight line.
    Line {
        /// One end.
        from: Pos2,
        /// The other end.
        to: Pos2,
        /// Style.
        stroke: Stroke,
    },
    /// A line through points, or a filled convex polygon.
    Path {
        /// The points.
        points: Vec<Pos2>,
        /// Whether the last point connects to the first.
        closed: bool,
        /// Fill; only for closed convex paths.
        fill: Color32,
        /// Outline.
        stroke: Stroke,
    },
    /// A cubic Bézier curve: start, two control points, end.
    Curve {
        /// The four points.
        points: [Pos2; 4],
        /// Style.
        stroke: Stroke,
    },
    /// A line of text.
    Text(TextShape),
}

/// What part of the frame a layer belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum Area {
    /// Backgrounds and separators of everything.
    Frame,
    /// Title line of an export.
    Header,
    /// Overview strip.
    Overview,
    /// Time ruler.
    Ruler,
    /// Lane heads, left of the canvas.
    Heads,
    /// Grid lines and lane separators behind the bars.
    Grid,
    /// Bars with their marks and labels.
    Bars,
    /// Edges, selection, measuring: above the bars.
    Overlay,
    /// Legend of an export.
    Legend,
    /// Last line of an export.
    Footer,
}

/// Shapes that share a clip rectangle, in paint order.
#[derive(Clone, PartialEq, Debug)]
pub struct Layer {
    /// What they are.
    pub area: Area,
    /// Nothing outside is drawn.
    pub clip: Rect,
    /// The shapes, in paint order.
    pub shapes: Vec<Shape>,
}

/// A whole frame, ready to draw: layers in paint order.
#[derive(Clone, PartialEq, Debug)]
pub struct Picture {
    /// Size in points.
    pub size: Vec2,
    /// Colour behind everything.
    pub background: Color32,
    /// The layers, in paint order.
    pub layers: Vec<Layer>,
}

impl Picture {
    /// Number of rectangles of all kinds: what invariant I6 bounds.
    #[must_use]
    pub fn rect_count(&self) -> usize {
        let of_shape = |shape: &Shape| match shape {
            Shape::Bars(bars) => bars.len(),
            Shape::Rect { .. } | Shape::Hatch { .. } => 1,
            _ => 0,
        };
        self.layers.iter().flat_map(|layer| &layer.shapes).map(of_shape).sum()
    }
}

/// The lines of a [`Shape::Hatch`], cut at the rectangle. All outputs draw the same lines.
pub fn hatch_lines(rect: Rect, spacing: f32) -> impl Iterator<Item = [Pos2; 2]> {
    let height = rect.height().max(0.0);
    let spacing = spacing.max(1.0);
    // Lines start on a grid that does not move with the rectangle's left edge, so that panning does not shimmer.
    let first = (rect.left() / spacing).floor() * spacing;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of lines on a screen")]
    let count = (((rect.right() + height - first) / spacing).ceil().clamp(0.0, 20_000.0)) as usize;
    (0..count).filter_map(move |at| {
        let foot = first + at as f32 * spacing;
        // The line runs from (foot - height, bottom) to (foot, top).
        let low = (foot - height).max(rect.left());
        let high = foot.min(rect.right());
        let y_at = |x: f32| rect.top() + (foot - x);
        (low < high).then(|| [Pos2::new(low, y_at(low)), Pos2::new(high, y_at(high))])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hatch_lines_stay_inside_and_rise_at_45_degrees() {
        let rect = Rect::from_min_max(Pos2::new(10.0, 20.0), Pos2::new(40.0, 30.0));
        let lines: Vec<_> = hatch_lines(rect, 5.0).collect();
        assert!(lines.len() >= 6 && lines.len() <= 9, "{} lines", lines.len());
        for [a, b] in lines {
            for point in [a, b] {
                assert!(rect.expand(0.01).contains(point), "{point:?}");
            }
            assert!((b.x - a.x - (a.y - b.y)).abs() < 0.01);
        }
    }
}
