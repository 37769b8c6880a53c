//! Lane heads as shapes.

use std::sync::Arc;

use ecolor::Color32;
use emath::{Pos2, Rect};

use super::super::clocks::OffsetTone as Tone;
use super::super::frame::{LaneHead, Scene};
use super::super::shape::{Anchor, Area, Layer, Shape, Stroke, TextShape};
use super::super::text::{self, Font};
use super::super::theme::mix;
use super::{filled, horizontal, vertical};

/// Heads of lanes, beside the part `area` of the canvas.
pub(super) fn layer(scene: &Scene, area: Rect) -> Layer {
    let (areas, metrics, theme) = (&scene.areas, &scene.metrics, scene.theme.theme());
    let unit = metrics.scale;
    let clip = areas.heads.with_min_y(area.top()).with_max_y(area.bottom());
    let mut shapes = Vec::new();
    for head in &scene.lanes {
        let right = areas.heads.right();
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
        let edge = right - 12.0 * unit;
        let after_pin = if head.is_pinned { left + 16.0 * unit } else { left };
        if head.is_pinned {
            pin(Pos2::new(left, (head.text_top + 21.0 * unit).round()), unit, theme.accent, &mut shapes);
        }
        shapes.push(line(21.0, after_pin, Anchor::Start, Font::Bold, metrics.name, theme.text, &head.name));
        let count_color = if head.hits.is_some_and(|hits| hits > 0) { theme.hit } else { theme.text_dim };
        shapes.push(line(21.0, edge, Anchor::End, Font::Regular, metrics.small, count_color, &head.count));
        let doubtful = head.is_guess || head.is_mixed;
        if head.is_low {
            let color = if doubtful { theme.warning } else { theme.text_dim };
            shapes.push(line(36.0, left, Anchor::Start, Font::Regular, metrics.small, color, &head.chip));
            shapes.push(horizontal(0.0, right, head.rect.bottom(), theme.line));
            continue;
        }
        shapes.push(line(38.0, left, Anchor::Start, Font::Regular, metrics.text, theme.text_dim, &head.detail));
        let chip_width = text::width(&head.chip, Font::Regular, metrics.small) + 16.0 * unit;
        let chip = Rect::from_min_size(
            Pos2::new(left, (head.text_top + if head.detail.is_empty() { 30.0 } else { 46.0 } * unit).round()),
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
        offset_line(scene, head, chip.bottom(), &mut shapes);
        services_list(scene, head, &mut shapes);
        shapes.push(horizontal(0.0, right, head.rect.bottom(), theme.line));
    }
    shapes.push(vertical(
        areas.heads.right() - 0.5,
        areas.heads.top(),
        areas.heads.bottom(),
        Stroke::solid(1.0, theme.line),
    ));
    Layer { area: Area::Heads, clip, shapes }
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
    let color = match head.offset.tone {
        _ if head.offset.is_reference => theme.good,
        Tone::Calm => theme.text_dim,
        Tone::Notable => theme.warning,
        Tone::Faint => theme.text_faint,
    };
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
