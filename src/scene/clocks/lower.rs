//! Marks of clocks as shapes.

use ecolor::Color32;
use emath::{Pos2, Rect, Vec2, vec2};

use super::{Badge, ClockArrow, FarEnd, Rail, RawOutline, Reach, Whisker, tone_color};
use crate::analysis::clocks::FindingTone;
use crate::scene::frame::{Sample, Scene, SceneBar};
use crate::scene::geometry::Metrics;
use crate::scene::shape::{Anchor, Shape, Stroke, TextShape};
use crate::scene::text::{self, Font};
use crate::scene::theme::{Theme, faded, mix};

/// Length of the arrow at an open side.
const OPEN: f32 = 16.0;

fn line(from: Pos2, to: Pos2, stroke: Stroke) -> Shape {
    Shape::Line { from, to, stroke }
}

/// A line with a border of the ground around it, so that it is seen on bars of every colour.
fn lines(segments: &[[Pos2; 2]], width: f32, color: Color32, theme: &Theme, out: &mut Vec<Shape>) {
    let halo = Stroke::solid(width + 2.0, faded(theme.canvas, 0.75));
    out.extend(segments.iter().map(|[from, to]| line(*from, *to, halo)));
    out.extend(segments.iter().map(|[from, to]| line(*from, *to, Stroke::solid(width, color))));
}

fn arrow_head(tip: Pos2, way: f32, color: Color32) -> Shape {
    let points = vec![tip, tip + vec2(-6.0 * way, -3.5), tip + vec2(-6.0 * way, 3.5)];
    Shape::Path { points, closed: true, fill: color, stroke: Stroke::NONE }
}

/// How far whiskers reach, and all of what protocol evidence alone allows: below the names, which part the lines.
pub(in crate::scene) fn reaches(scene: &Scene, out: &mut Vec<Shape>) {
    let theme = scene.theme.theme();
    for Whisker { at, half, outer, inner, .. } in &scene.clocks.whiskers {
        if let Some(outer) = outer {
            lines(&[reach_line(outer, *at)], 1.0, theme.text_dim, theme, out);
            reach_ends(outer, *at, half * 0.55, 1.0, theme.text_dim, theme, out);
        }
        lines(&[reach_line(inner, *at)], 1.5, theme.text, theme, out);
    }
    out.push(Shape::Bars(scene.clocks.grounds.clone()));
}

/// Rails and whiskers.
pub(in crate::scene) fn whisker_shapes(scene: &Scene, out: &mut Vec<Shape>) {
    let theme = scene.theme.theme();
    for rail in &scene.clocks.rails {
        rail_shapes(rail, theme, out);
    }
    for whisker in &scene.clocks.whiskers {
        whisker_shape(whisker, theme, &scene.metrics, out);
    }
}

fn rail_shapes(rail: &Rail, theme: &Theme, out: &mut Vec<Shape>) {
    let (from, to) = (rail.from, rail.to);
    lines(&[[from, to]], 1.5, theme.text, theme, out);
    // One handle: what hangs on the rail moves together.
    let middle = Pos2::new(f32::midpoint(from.x, to.x), from.y);
    let handle = Rect::from_center_size(middle, vec2(9.0, 5.0));
    out.push(Shape::Rect { rect: handle, radius: 2.5, fill: theme.text, stroke: Stroke::solid(1.0, theme.canvas) });
}

fn whisker_shape(whisker: &Whisker, theme: &Theme, metrics: &Metrics, out: &mut Vec<Shape>) {
    let Whisker { at, half, .. } = *whisker;
    reach_ends(&whisker.inner, at, half, 1.5, theme.text, theme, out);
    // The bar ends at an estimate: hollow, so that it never looks like a bound.
    let tick = Rect::from_center_size(at, Vec2::splat(5.0));
    out.push(Shape::Rect { rect: tick, radius: 2.5, fill: theme.canvas, stroke: Stroke::solid(1.2, theme.text) });
    if whisker.says_open {
        out.push(Shape::Text(TextShape {
            pos: Pos2::new(at.x + OPEN + 6.0, text::baseline_for_middle(at.y, Font::Regular, metrics.small)),
            anchor: Anchor::Start,
            font: Font::Regular,
            size: metrics.small,
            color: theme.text_dim,
            text: "unbounded".into(),
        }));
    }
}

fn reach_line(reach: &Reach, at: Pos2) -> [Pos2; 2] {
    let left = reach.lo.unwrap_or_else(|| at.x.min(reach.hi.unwrap_or(at.x)) - OPEN);
    let right = reach.hi.unwrap_or_else(|| at.x.max(reach.lo.unwrap_or(at.x)) + OPEN);
    [Pos2::new(left, at.y), Pos2::new(right, at.y)]
}

/// Line and ends, for the legend.
fn reach_shapes(reach: &Reach, at: Pos2, half: f32, width: f32, color: Color32, theme: &Theme, out: &mut Vec<Shape>) {
    lines(&[reach_line(reach, at)], width, color, theme, out);
    reach_ends(reach, at, half, width, color, theme, out);
}

/// A cap at each bound, an arrow at each open side.
fn reach_ends(reach: &Reach, at: Pos2, half: f32, width: f32, color: Color32, theme: &Theme, out: &mut Vec<Shape>) {
    let cap = |x: f32| [Pos2::new(x, at.y - half), Pos2::new(x, at.y + half)];
    let caps: Vec<[Pos2; 2]> = [reach.lo, reach.hi].into_iter().flatten().map(cap).collect();
    lines(&caps, width, color, theme, out);
    let [left, right] = reach_line(reach, at);
    if reach.lo.is_none() {
        out.push(arrow_head(left - vec2(3.0, 0.0), -1.0, color));
    }
    if reach.hi.is_none() {
        out.push(arrow_head(right + vec2(3.0, 0.0), 1.0, color));
    }
}

/// Raw positions of selected spans: dashed, with how far they are off.
pub(in crate::scene) fn outline_shapes(scene: &Scene, out: &mut Vec<Shape>) {
    let theme = scene.theme.theme();
    let canvas = scene.areas.canvas;
    for RawOutline { rect, text } in &scene.clocks.raw {
        let stroke = Stroke::dashed(1.2, theme.text_dim, 4.0, 3.0);
        out.push(Shape::Rect { rect: rect.shrink(0.5), radius: 2.0, fill: Color32::TRANSPARENT, stroke });
        let size = scene.metrics.small;
        let width = text::width(text, Font::Mono, size);
        let right = rect.right().clamp((canvas.left() + width + 4.0).min(canvas.right()), canvas.right() - 4.0);
        let ground = Rect::from_min_max(
            Pos2::new(right - width - 3.0, rect.top() - size * 1.35),
            Pos2::new(right + 1.0, rect.top() - 1.0),
        );
        out.push(Shape::Rect { rect: ground, radius: 2.0, fill: faded(theme.canvas, 0.8), stroke: Stroke::NONE });
        out.push(Shape::Text(TextShape {
            pos: Pos2::new(right - 1.0, rect.top() - size * 0.35),
            anchor: Anchor::End,
            font: Font::Mono,
            size,
            color: theme.text_dim,
            text: text.clone(),
        }));
    }
}

/// Arrows with their pills: curves first, so that no pill is crossed.
pub(in crate::scene) fn arrow_shapes(scene: &Scene, out: &mut Vec<Shape>) {
    let theme = scene.theme.theme();
    // What is looked at lies on top.
    let arrows = || scene.clocks.arrows.iter();
    for is_active in [false, true] {
        for arrow in arrows().filter(|arrow| arrow.is_active == is_active) {
            curve_shapes(arrow, theme, out);
        }
        for arrow in arrows().filter(|arrow| arrow.is_active == is_active) {
            pill_shapes(arrow, theme, &scene.metrics, out);
        }
    }
    far_end_shapes(scene, out);
}

fn color_of(arrow: &ClockArrow, theme: &Theme) -> Color32 {
    if arrow.is_backward { theme.error } else { tone_color(arrow.tone, theme) }
}

fn curve_shapes(arrow: &ClockArrow, theme: &Theme, out: &mut Vec<Shape>) {
    let color = color_of(arrow, theme);
    let width = if arrow.is_active { 2.0 } else { 1.4 };
    let ClockArrow { from, to, .. } = *arrow;
    let down = (to.y - from.y) * 0.5;
    // Arrives along the line between both events, so that a short way back still reads as an arrow.
    let lean = (to.x - from.x) * 0.12;
    let points = [from, from + vec2(lean, down * 0.7), to - vec2(lean, down * 0.7), to];
    out.push(Shape::Curve { points, stroke: Stroke::solid(width + 2.0, faded(theme.canvas, 0.6)) });
    out.push(Shape::Curve { points, stroke: Stroke::solid(width, color) });
    out.push(Shape::Rect {
        rect: Rect::from_center_size(from, Vec2::splat(5.0)),
        radius: 2.5,
        fill: color,
        stroke: Stroke::NONE,
    });
    let way = (to - points[2]).normalized();
    let way = if way.is_finite() && way.length() > 0.5 { way } else { vec2(0.0, if down < 0.0 { -1.0 } else { 1.0 }) };
    let side = vec2(-way.y, way.x);
    let foot = to - way * 9.0;
    out.push(Shape::Path {
        points: vec![to, foot + side * 4.5, foot - side * 4.5],
        closed: true,
        fill: color,
        stroke: Stroke::NONE,
    });
}

fn pill_shapes(arrow: &ClockArrow, theme: &Theme, metrics: &Metrics, out: &mut Vec<Shape>) {
    if arrow.finding.is_none() && arrow.text.is_empty() {
        return;
    }
    let color = color_of(arrow, theme);
    let (rect, size) = (arrow.pill, metrics.small);
    let fill = mix(theme.canvas, color, 0.22);
    let stroke = Stroke::solid(if arrow.is_active { 1.5 } else { 1.0 }, color);
    out.push(Shape::Rect { rect, radius: rect.height() / 2.0, fill, stroke });
    let mut left = rect.left() + 8.0;
    if let Some(number) = arrow.finding {
        let radius = size * 0.68;
        let center = Pos2::new(rect.left() + rect.height() / 2.0, rect.center().y);
        out.extend(number_badge(center, radius, number, (arrow.tone, color), theme));
        left = center.x + radius + 5.0;
    }
    if !arrow.text.is_empty() {
        out.push(Shape::Text(TextShape {
            pos: Pos2::new(left, text::baseline_for_middle(rect.center().y, Font::Regular, size)),
            anchor: Anchor::Start,
            font: Font::Regular,
            size,
            color: theme.text,
            text: arrow.text.clone(),
        }));
    }
}

/// Labels of ends that are out of view.
fn far_end_shapes(scene: &Scene, out: &mut Vec<Shape>) {
    let (theme, size) = (scene.theme.theme(), scene.metrics.small);
    for FarEnd { tone, text, rect, .. } in &scene.clocks.far_ends {
        let color = tone_color(*tone, theme);
        let (rect, fill) = (*rect, mix(theme.canvas, color, 0.22));
        out.push(Shape::Rect { rect, radius: rect.height() / 2.0, fill, stroke: Stroke::solid(1.5, color) });
        out.push(Shape::Text(TextShape::centered(rect, size, theme.text, text.clone())));
    }
}

/// A number in a disc (a pill, from 100 on). Facts about clocks are rings, patterns are squares: eyes that cannot
/// tell the colours still tell them apart.
#[must_use]
pub fn number_badge(
    center: Pos2,
    radius: f32,
    number: u32,
    (tone, color): (FindingTone, Color32),
    theme: &Theme,
) -> [Shape; 2] {
    let text = number.to_string();
    let size = number_size(radius, number);
    let half = half_width(radius, number);
    let rect = Rect::from_center_size(center, vec2(2.0 * half, 2.0 * radius));
    let look = badge_look(tone, color, theme);
    let label = TextShape {
        pos: Pos2::new(center.x, text::baseline_for_middle(center.y, Font::Bold, size)),
        anchor: Anchor::Middle,
        font: Font::Bold,
        size,
        color: look.ink,
        text: text.into(),
    };
    let rect = if look.stroke.color == color { rect.shrink(0.5) } else { rect };
    [Shape::Rect { rect, radius: radius * look.roundness, fill: look.fill, stroke: look.stroke }, Shape::Text(label)]
}

fn number_size(radius: f32, number: u32) -> f32 {
    radius * if number < 10 { 1.55 } else { 1.25 }
}

/// Half the width of [`number_badge`] in points.
fn half_width(radius: f32, number: u32) -> f32 {
    radius.max(text::width(&number.to_string(), Font::Bold, number_size(radius, number)) / 2.0 + 2.0)
}

/// From where to where the number of the finding at `bar` reaches, in points; `None` without a finding.
pub(in crate::scene) fn badge_ends(bar: &SceneBar, canvas: Rect, metrics: &Metrics) -> Option<[f32; 2]> {
    let (number, _) = bar.finding?;
    let half = half_width(metrics.small * BADGE, number);
    let middle = badge_x(bar.rect.left(), canvas, metrics);
    Some([middle - half, middle + half])
}

/// The middle of the number at `x`: it stays in the canvas.
pub(super) fn badge_x(x: f32, canvas: Rect, metrics: &Metrics) -> f32 {
    let least = canvas.left() + metrics.small * BADGE_ROOM;
    x.clamp(least, (canvas.right() - metrics.small * BADGE_ROOM).max(least))
}

/// Radius of numbers at bars, as a share of the small text.
const BADGE: f32 = 0.62;
/// Half the room that a number takes from others in its row, as a share of the small text.
pub(super) const BADGE_ROOM: f32 = 0.75;

/// How the number of a finding looks, on the canvas and in lists.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BadgeLook {
    /// Behind the number.
    pub fill: Color32,
    /// Around it.
    pub stroke: Stroke,
    /// The number.
    pub ink: Color32,
    /// 1 = as round as can be.
    pub roundness: f32,
}

/// How the number of a finding of `tone` looks in `color`.
#[must_use]
pub fn badge_look(tone: FindingTone, color: Color32, theme: &Theme) -> BadgeLook {
    let stroke = Stroke::solid(1.0, theme.canvas);
    let filled = BadgeLook { fill: color, stroke, ink: crate::scene::theme::text_on(color), roundness: 1.0 };
    match tone {
        FindingTone::Note | FindingTone::Clock => {
            BadgeLook { fill: theme.canvas, stroke: Stroke::solid(1.4, color), ink: color, ..filled }
        }
        FindingTone::Pattern => BadgeLook { roundness: 0.4, ..filled },
        FindingTone::Odd | FindingTone::Fault => filled,
    }
}

/// A finding without its number: a triangle for what no clock explains, a disc for what is odd, a square for a pattern,
/// rings for facts about clocks. Like their badges, and told apart without colours.
pub(in crate::scene) fn small_mark(center: Pos2, scale: f32, tone: FindingTone, theme: &Theme) -> Shape {
    let color = tone_color(tone, theme);
    let radius = 3.0 * scale;
    let (around, ring) = (Stroke::solid(1.0, theme.canvas), Stroke::solid(1.3, color));
    let round = |radius: f32, roundness: f32, fill: Color32, stroke: Stroke| Shape::Rect {
        rect: Rect::from_center_size(center, Vec2::splat(2.0 * radius)),
        radius: radius * roundness,
        fill,
        stroke,
    };
    match tone {
        FindingTone::Note => round(radius * 0.75, 1.0, theme.canvas, ring),
        FindingTone::Clock => round(radius, 1.0, theme.canvas, ring),
        FindingTone::Pattern => round(radius, 0.3, color, around),
        FindingTone::Odd => round(radius, 1.0, color, around),
        FindingTone::Fault => {
            let corners = [vec2(-1.25, -1.0), vec2(1.25, -1.0), vec2(0.0, 1.25)];
            let points = corners.map(|corner| center + corner * radius).to_vec();
            Shape::Path { points, closed: true, fill: color, stroke: around }
        }
    }
}

/// Numbers of findings at bars.
pub(in crate::scene) fn badge_shapes(scene: &Scene, out: &mut Vec<Shape>) {
    let theme = scene.theme.theme();
    for Badge { finding, tone, center } in &scene.clocks.badges {
        out.extend(number_badge(
            *center,
            scene.metrics.small * BADGE,
            *finding,
            (*tone, tone_color(*tone, theme)),
            theme,
        ));
    }
}

/// The sample of a legend entry about clocks.
#[must_use]
pub fn legend_sample(sample: Sample, rect: Rect, theme: &Theme) -> Vec<Shape> {
    let mut out = Vec::new();
    let (middle, half) = (rect.center(), rect.height() * 0.4);
    let [left, right] = [rect.left(), rect.right()];
    match sample {
        Sample::Whisker => {
            reach_shapes(&Reach { lo: Some(left), hi: Some(right) }, middle, half, 1.5, theme.text, theme, &mut out);
        }
        Sample::OuterWhisker => reach_shapes(
            &Reach { lo: Some(left), hi: Some(right) },
            middle,
            half * 0.55,
            1.0,
            theme.text_dim,
            theme,
            &mut out,
        ),
        Sample::OpenWhisker => {
            lines(&[[Pos2::new(left, middle.y), Pos2::new(right - 3.0, middle.y)]], 1.5, theme.text, theme, &mut out);
            out.push(arrow_head(Pos2::new(right, middle.y), 1.0, theme.text));
        }
        Sample::Estimate => {
            let tick = Rect::from_center_size(middle, Vec2::splat(6.0));
            let stroke = Stroke::solid(1.2, theme.text);
            out.push(Shape::Rect { rect: tick, radius: 3.0, fill: theme.canvas, stroke });
        }
        Sample::Rail => {
            let rail = Rail { from: Pos2::new(left, middle.y), to: Pos2::new(right, middle.y), bars: 1 };
            rail_shapes(&rail, theme, &mut out);
        }
        Sample::Raw => {
            let stroke = Stroke::dashed(1.2, theme.text_dim, 3.0, 2.0);
            out.push(Shape::Rect { rect: rect.shrink(0.5), radius: 2.0, fill: Color32::TRANSPARENT, stroke });
        }
        Sample::Finding(number, tone) => {
            out.extend(number_badge(middle, rect.height() * 0.55, number, (tone, tone_color(tone, theme)), theme));
        }
        _ => {}
    }
    out
}
