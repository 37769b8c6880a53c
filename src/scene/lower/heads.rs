//! Lane heads as shapes.

use std::sync::Arc;

use ecolor::Color32;
use emath::{Pos2, Rect};

use super::super::clocks::OffsetTone as Tone;
use super::super::frame::{LaneHead, Scene};
use super::super::geometry::HeadRoom;
use super::super::shape::{Anchor, Area, Layer, Shape, Stroke, TextShape};
use super::super::text::{self, Font};
use super::super::theme::{Theme, mix};
use super::{filled, horizontal, vertical};

/// Heads of lanes, beside the part `area` of the canvas.
pub(super) fn layer(scene: &Scene, area: Rect) -> Layer {
    let (areas, theme) = (&scene.areas, scene.theme.theme());
    let clip = areas.heads.with_min_y(area.top()).with_max_y(area.bottom());
    let mut shapes = Vec::new();
    for head in &scene.lanes {
        let first = shapes.len();
        head_shapes(scene, head, &mut shapes);
        if scene.rest.is_some() {
            // A picture that ends at the edge of a row shows no half lines of heads either.
            let bottom = head.rect.bottom();
            let (head_shapes, is_whole) = (shapes.split_off(first), |shape: &Shape| is_above(shape, bottom));
            shapes.extend(head_shapes.into_iter().filter(is_whole));
        }
    }
    shapes.push(vertical(
        areas.heads.right() - 0.5,
        areas.heads.top(),
        areas.heads.bottom(),
        Stroke::solid(1.0, theme.line),
    ));
    Layer { area: Area::Heads, clip, shapes }
}

/// True for what does not reach below `bottom`.
fn is_above(shape: &Shape, bottom: f32) -> bool {
    match shape {
        Shape::Text(text) => text.pos.y + text.size * 0.3 <= bottom,
        Shape::Rect { rect, .. } => rect.bottom() <= bottom,
        _ => true,
    }
}

/// One head.
fn head_shapes(scene: &Scene, head: &LaneHead, shapes: &mut Vec<Shape>) {
    let (metrics, theme) = (&scene.metrics, scene.theme.theme());
    let unit = metrics.scale;
    let right = scene.areas.heads.right();
    let stripe = Rect::from_min_max(head.rect.min, Pos2::new(4.0 * unit, head.rect.bottom() - 1.0));
    shapes.push(filled(stripe, head.stripe));
    let left = 14.0 * unit;
    let line = |y: f32, x, anchor, font, size, color, text: &Arc<str>| {
        Shape::Text(TextShape {
            pos: Pos2::new(x, (head.text_top + y * unit).round()),
            anchor,
            font,
            size,
            color,
            text: Arc::clone(text),
        })
    };
    if head.room == HeadRoom::OneLine {
        one_line(scene, head, shapes);
        shapes.push(horizontal(0.0, right, head.rect.bottom(), theme.line));
        return;
    }
    let edge = right - 12.0 * unit;
    let after_pin = if head.is_pinned { left + PIN * unit } else { left };
    if head.is_pinned {
        pin(Pos2::new(left, (head.text_top + 21.0 * unit).round()), unit, theme.accent, shapes);
    }
    shapes.push(line(21.0, after_pin, Anchor::Start, Font::Bold, metrics.name, theme.text, &head.name));
    let count_color = if head.hits.is_some_and(|hits| hits > 0) { theme.hit } else { theme.text_dim };
    shapes.push(line(21.0, edge, Anchor::End, Font::Regular, metrics.small, count_color, &head.count));
    let doubtful = is_doubtful(head);
    if head.room < HeadRoom::Full {
        if head.room == HeadRoom::ThreeLines {
            shapes.push(line(38.0, left, Anchor::Start, Font::Regular, metrics.text, theme.text_dim, &head.detail));
        }
        let at = if head.room == HeadRoom::TwoLines { 36.0 } else { 54.0 };
        evidence_line(scene, head, head.text_top + at * unit, shapes);
        shapes.push(horizontal(0.0, right, head.rect.bottom(), theme.line));
        return;
    }
    shapes.push(line(38.0, left, Anchor::Start, Font::Regular, metrics.text, theme.text_dim, &head.detail));
    let chip_width = text::width(&head.chip, Font::Regular, metrics.small) + 16.0 * unit;
    let chip = Rect::from_min_size(
        Pos2::new(left, (head.text_top + if head.detail.is_empty() { 28.0 } else { 46.0 } * unit).round()),
        emath::vec2(chip_width, (18.0 * unit).round()),
    );
    let border = if doubtful { mix(theme.control, theme.warning, 0.55) } else { theme.control_line };
    let stroke = Stroke::solid(1.0, border);
    shapes.push(Shape::Rect { rect: chip.shrink(0.5), radius: 9.0 * unit, fill: theme.control, stroke });
    let baseline = text::baseline_for_middle(chip.center().y, Font::Regular, metrics.small);
    let mut small = |x, color, text: Arc<str>| {
        let (font, size) = (Font::Regular, metrics.small);
        shapes.push(Shape::Text(TextShape {
            pos: Pos2::new(x, baseline),
            anchor: Anchor::Start,
            font,
            size,
            color,
            text,
        }));
    };
    small(left + 8.0 * unit, theme.text_dim, Arc::clone(&head.chip));
    let kind_color = if head.is_guess { theme.warning } else { theme.text_dim };
    small(chip.right() + 8.0 * unit, kind_color, head.kind.into());
    offset_line(scene, head, chip.bottom(), shapes);
    services_list(scene, head, shapes);
    shapes.push(horizontal(0.0, right, head.rect.bottom(), theme.line));
}

/// Points that a pin takes from the name behind it, at normal text.
const PIN: f32 = 16.0;
/// Points between texts of one line, at normal text.
const GAP: f32 = 8.0;
/// Fewer points are no room for the evidence beside an offset.
const LEAST_EVIDENCE: f32 = 40.0;

const fn is_doubtful(head: &LaneHead) -> bool {
    head.is_guess || head.is_mixed
}

fn offset_color(head: &LaneHead, theme: &Theme) -> Color32 {
    match head.offset.tone {
        _ if head.offset.is_reference => theme.good,
        Tone::Calm => theme.text_dim,
        Tone::Notable => theme.warning,
        Tone::Faint => theme.text_faint,
    }
}

/// The name, and the offset or how much there is, on the only line.
fn one_line(scene: &Scene, head: &LaneHead, shapes: &mut Vec<Shape>) {
    let (metrics, theme) = (&scene.metrics, scene.theme.theme());
    let unit = metrics.scale;
    let (left, right) = (14.0 * unit, scene.areas.heads.right() - 12.0 * unit);
    let middle = head.text_top + metrics.lane_flat / 2.0;
    let baseline = text::baseline_for_middle(middle, Font::Bold, metrics.name).round();
    let from = if head.is_pinned { left + PIN * unit } else { left };
    if head.is_pinned {
        pin(Pos2::new(left, baseline), unit, theme.accent, shapes);
    }
    let color = if is_doubtful(head) { mix(theme.text, theme.warning, 0.7) } else { theme.text };
    let (font, words) = match head.offset.words() {
        words if words.is_empty() || head.hits.is_some() => (Font::Regular, head.count.to_string()),
        words => (Font::Mono, words.replace(" … ", "–")),
    };
    let found = head.hits.is_some_and(|hits| hits > 0);
    let words_color = match font {
        Font::Mono => offset_color(head, theme),
        _ if found => theme.hit,
        _ => theme.text_dim,
    };
    let room = right - from - GAP * unit;
    let name_width = text::width(&head.name, Font::Bold, metrics.name);
    // Both are cut where they have to be: a name keeps two fifths.
    let words_room = (room - name_width).max(room * 0.6);
    let words = text::crop(&words, font, metrics.small, words_room);
    // Names of many services often begin alike.
    let name_room = room - text::width(&words, font, metrics.small);
    let name = text::crop_middle(&head.name, Font::Bold, metrics.name, name_room);
    let mut say = |x, anchor, font, size, color, text: &str| {
        shapes.push(Shape::Text(TextShape {
            pos: Pos2::new(x, baseline),
            anchor,
            font,
            size,
            color,
            text: text.into(),
        }));
    };
    say(from, Anchor::Start, Font::Bold, metrics.name, color, &name);
    say(right, Anchor::End, font, metrics.small, words_color, &words);
}

/// How the clock is known, and its offset behind it: an offset is cut last.
fn evidence_line(scene: &Scene, head: &LaneHead, baseline: f32, shapes: &mut Vec<Shape>) {
    let (metrics, theme) = (&scene.metrics, scene.theme.theme());
    let unit = metrics.scale;
    let left = 14.0 * unit;
    let room = scene.areas.heads.right() - 12.0 * unit - left;
    let offset = text::crop(&head.offset.words(), Font::Mono, metrics.small, room).into_owned();
    let width = text::width(&offset, Font::Mono, metrics.small);
    let beside = if offset.is_empty() { room } else { room - width - GAP * unit };
    let known = if head.kind.is_empty() { head.chip.to_string() } else { format!("{} · {}", head.chip, head.kind) };
    let chip = match text::crop(&known, Font::Regular, metrics.small, beside) {
        chip if chip.len() < known.len() && beside < LEAST_EVIDENCE * unit => String::new(),
        chip => chip.into_owned(),
    };
    let after =
        if chip.is_empty() { left } else { left + text::width(&chip, Font::Regular, metrics.small) + GAP * unit };
    let chip_color = if is_doubtful(head) { theme.warning } else { theme.text_dim };
    let texts = [(left, Font::Regular, chip_color, chip), (after, Font::Mono, offset_color(head, theme), offset)];
    for (x, font, color, text) in texts.into_iter().filter(|(.., text)| !text.is_empty()) {
        let pos = Pos2::new(x, baseline.round());
        let (anchor, size) = (Anchor::Start, metrics.small);
        shapes.push(Shape::Text(TextShape { pos, anchor, font, size, color, text: text.into() }));
    }
}

/// A pin before the name of a lane that stays on top.
fn pin(baseline: Pos2, unit: f32, color: Color32, shapes: &mut Vec<Shape>) {
    let at = |left: f32, top: f32, right: f32, bottom: f32| {
        Rect::from_min_max(
            Pos2::new(baseline.x + left * unit, baseline.y - top * unit),
            Pos2::new(baseline.x + right * unit, baseline.y - bottom * unit),
        )
    };
    for rect in [at(2.0, 10.0, 9.0, 5.0), at(0.5, 5.0, 10.5, 3.5), at(5.0, 3.5, 6.0, -1.0)] {
        shapes.push(filled(rect, color));
    }
}

/// The offset in words, below the chip.
fn offset_line(scene: &Scene, head: &LaneHead, below: f32, shapes: &mut Vec<Shape>) {
    let (metrics, theme) = (&scene.metrics, scene.theme.theme());
    let color = offset_color(head, theme);
    let room = scene.areas.heads.right() - 26.0 * metrics.scale;
    let line = 16.0 * metrics.scale;
    // A low head has room for one line only.
    let is_low = below + 2.0 * line + 4.0 * metrics.scale > head.rect.bottom();
    let lines = if is_low {
        vec![head.offset.words()]
    } else {
        vec![head.offset.text.to_string(), head.offset.more.to_string()]
    };
    for (at, text) in lines.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
        shapes.push(Shape::Text(TextShape {
            pos: Pos2::new(14.0 * metrics.scale, (below + (at + 1) as f32 * line).round()),
            anchor: Anchor::Start,
            font: Font::Mono,
            size: metrics.small,
            color,
            text: text::crop(text, Font::Mono, metrics.small, room).into(),
        }));
    }
}

/// Which colours mean what in a lane, as far as there is room below its head.
fn services_list(scene: &Scene, head: &LaneHead, shapes: &mut Vec<Shape>) {
    let (metrics, theme) = (&scene.metrics, scene.theme.theme());
    let unit = metrics.scale;
    let line = 17.0 * unit;
    let offset_lines = [&head.offset.text, &head.offset.more].into_iter().filter(|text| !text.is_empty()).count();
    let first = head.text_top + [72.0, 90.0, 106.0][offset_lines] * unit;
    let room = ((head.rect.bottom() - first - 4.0 * unit) / line).floor().max(0.0) as usize;
    for (at, (color, name)) in head.services.iter().take(room).enumerate() {
        let middle = first + (at as f32 + 0.5) * line;
        let (x, half) = (14.0 * unit, 4.5 * unit);
        let swatch = Rect::from_x_y_ranges(x..=x + 2.0 * half, middle - half..=middle + half);
        shapes.push(Shape::Rect { rect: swatch, radius: 2.0, fill: *color, stroke: Stroke::NONE });
        shapes.push(Shape::Text(TextShape {
            pos: Pos2::new(x + 15.0 * unit, text::baseline_for_middle(middle, Font::Regular, metrics.small)),
            anchor: Anchor::Start,
            font: Font::Regular,
            size: metrics.small,
            color: theme.text_dim,
            text: Arc::clone(name),
        }));
    }
}
