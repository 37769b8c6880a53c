//! The one place where a [`Scene`] becomes shapes.

mod bars;
mod heads;

use ecolor::Color32;
use emath::{Pos2, Rect};

use bars::BarMarks;

use super::caption::sample_rect;
use super::clocks;
use super::critical;
use super::frame::{Edge, EdgeKind, LegendEntry, Measure, Sample, Scene, SceneBar};
use super::phases;
use super::shape::{Anchor, Area, BarRect, Layer, Picture, Shape, Stroke, TextShape};
use super::text::{self, Font};
use super::theme::{Theme, faded, mix};
use crate::model::SpanFlags;

/// Everything that `scene` shows, as shapes in paint order.
#[must_use]
pub fn lower(scene: &Scene) -> Picture {
    let mut layers = vec![frame_layer(scene), grid_layer(scene)];
    let panes = scene.panes();
    match &panes {
        None => layers.push(bars::layer(scene, scene.areas.canvas)),
        Some(panes) => layers.extend(panes.iter().map(|(pane, area)| bars::layer(pane, *area))),
    }
    layers.push(overlay_layer(scene));
    match &panes {
        None => layers.push(heads::layer(scene, scene.areas.canvas)),
        Some(panes) => layers.extend(panes.iter().map(|(pane, area)| heads::layer(pane, *area))),
    }
    layers.push(ruler_layer(scene));
    layers.push(overview_layer(scene));
    if scene.areas.header.height() > 0.0 {
        layers.push(texts_layer(Area::Header, scene.areas.header, &scene.header));
        layers.push(legend_layer(scene));
        layers.push(texts_layer(Area::Footer, scene.areas.footer, &scene.footer));
    }
    Picture { size: scene.size, background: scene.theme.theme().canvas, layers }
}

fn filled(rect: Rect, fill: Color32) -> Shape {
    Shape::Rect { rect, radius: 0.0, fill, stroke: Stroke::NONE }
}

fn horizontal(left: f32, right: f32, y: f32, color: Color32) -> Shape {
    let y = y.round() - 0.5;
    Shape::Line { from: Pos2::new(left, y), to: Pos2::new(right, y), stroke: Stroke::solid(1.0, color) }
}

fn vertical(x: f32, top: f32, bottom: f32, stroke: Stroke) -> Shape {
    Shape::Line { from: Pos2::new(x, top), to: Pos2::new(x, bottom), stroke }
}

fn frame_layer(scene: &Scene) -> Layer {
    let (areas, theme) = (&scene.areas, scene.theme.theme());
    let mut shapes = vec![
        filled(areas.corner.union(areas.heads), theme.panel),
        filled(areas.overview.union(areas.ruler).union(areas.turns), theme.canvas),
    ];
    if let Some(rest) = &scene.rest {
        shapes.push(Shape::Text(rest.clone()));
    }
    if areas.header.height() > 0.0 {
        shapes.push(filled(areas.header, theme.bar));
        shapes.push(filled(areas.legend.union(areas.footer), theme.bar));
    }
    Layer { area: Area::Frame, clip: areas.frame, shapes }
}

fn grid_layer(scene: &Scene) -> Layer {
    let (areas, theme) = (&scene.areas, scene.theme.theme());
    let canvas = areas.canvas;
    let mut shapes = Vec::new();
    for head in scene.lanes.iter().filter(|head| head.lane.at() % 2 == 1) {
        let rect = Rect::from_min_max(Pos2::new(canvas.left(), head.rect.top()), head.rect.max);
        shapes.push(filled(rect, theme.lane_tint));
    }
    for tick in scene.ruler.ticks.iter().filter(|tick| !tick.label.is_empty()) {
        let x = tick.x.round() - 0.5;
        shapes.push(vertical(x, canvas.top(), canvas.bottom(), Stroke::solid(1.0, theme.grid)));
    }
    super::turns::grid_shapes(scene, &mut shapes);
    for head in &scene.lanes {
        shapes.push(horizontal(canvas.left(), canvas.right(), head.rect.bottom(), theme.line));
    }
    Layer { area: Area::Grid, clip: canvas, shapes }
}

fn overlay_layer(scene: &Scene) -> Layer {
    let theme = scene.theme.theme();
    let canvas = scene.areas.canvas;
    let mut shapes = Vec::new();
    super::ties::shapes(scene, &mut shapes);
    for edge in &scene.edges {
        edge_shapes(edge, theme, &mut shapes);
    }
    clocks::outline_shapes(scene, &mut shapes);
    for rect in &scene.selected {
        let stroke = Stroke::solid(2.0, theme.selection);
        shapes.push(Shape::Rect { rect: rect.expand(1.5), radius: 4.0, fill: Color32::TRANSPARENT, stroke });
    }
    if let Some(rect) = scene.focused {
        let stroke = Stroke::dashed(1.5, theme.accent, 4.0, 2.0);
        shapes.push(Shape::Rect { rect: rect.expand(4.0), radius: 5.0, fill: Color32::TRANSPARENT, stroke });
    }
    clocks::badge_shapes(scene, &mut shapes);
    clocks::arrow_shapes(scene, &mut shapes);
    super::notes::shapes(scene, &mut shapes);
    if let Some(measure) = &scene.measure {
        let [left, right] = measure.x;
        shapes.push(filled(Rect::from_x_y_ranges(left..=right, canvas.y_range()), theme.range));
        for x in measure.x {
            shapes.push(vertical(x, canvas.top(), canvas.bottom(), Stroke::solid(1.0, theme.accent)));
        }
        measure_label(scene, measure, &mut shapes);
    }
    Layer { area: Area::Overlay, clip: canvas, shapes }
}

fn measure_label(scene: &Scene, measure: &Measure, shapes: &mut Vec<Shape>) {
    let (theme, canvas, size) = (scene.theme.theme(), scene.areas.canvas, scene.metrics.text);
    let [left, right] = measure.x;
    let own_width = text::width(&measure.text, Font::Mono, size);
    let raw = measure.raw.as_ref().map(|raw| (raw, text::width(raw, Font::Mono, size)));
    let width = own_width + raw.map_or(0.0, |(_, width)| width + 14.0) + 18.0;
    let height = size * 1.9;
    let middle = f32::midpoint(left, right);
    let least = canvas.left() + width / 2.0 + 4.0;
    let x = middle.clamp(least, (canvas.right() - width / 2.0 - 4.0).max(least));
    let y = canvas.bottom() - height;
    let pill = Rect::from_center_size(Pos2::new(x, y), emath::vec2(width, height));
    if right - left > width {
        for [from, to] in [[left, pill.left()], [right, pill.right()]] {
            let stroke = Stroke::solid(1.0, theme.text);
            shapes.push(Shape::Line { from: Pos2::new(from, y), to: Pos2::new(to, y), stroke });
        }
    }
    let stroke = Stroke::solid(1.0, theme.text);
    shapes.push(Shape::Rect { rect: pill, radius: 4.0, fill: theme.control, stroke });
    let mut say = |x: f32, color, text: &std::sync::Arc<str>| {
        shapes.push(Shape::Text(TextShape {
            pos: Pos2::new(x, text::baseline_for_middle(y, Font::Mono, size)),
            anchor: Anchor::Start,
            font: Font::Mono,
            size,
            color,
            text: std::sync::Arc::clone(text),
        }));
    };
    say(pill.left() + 9.0, theme.text, &measure.text);
    if let Some((raw, _)) = raw {
        say(pill.left() + 9.0 + own_width + 14.0, theme.text_dim, raw);
    }
}

fn edge_shapes(edge: &Edge, theme: &Theme, shapes: &mut Vec<Shape>) {
    let (from, to) = (edge.from, edge.to);
    let stroke = match edge.kind {
        EdgeKind::Parent => Stroke::solid(1.5, theme.edge),
        EdgeKind::Child => Stroke::solid(1.0, faded(theme.edge, 0.7)),
        EdgeKind::Link => Stroke::dashed(1.5, theme.accent, 5.0, 4.0),
    };
    let tip = Pos2::new(to.x - 1.0, to.y);
    let points = if edge.kind == EdgeKind::Link {
        let reach = ((to.x - from.x).abs() * 0.4).clamp(30.0, 140.0);
        [from, from + emath::vec2(reach, 0.0), tip - emath::vec2(reach, 0.0), tip]
    } else {
        let reach = ((to.y - from.y).abs() * 0.12).clamp(10.0, 40.0);
        let middle = f32::midpoint(from.y, to.y);
        [from, Pos2::new(from.x - reach * 0.5, middle), Pos2::new(tip.x - reach * 1.6, to.y), tip]
    };
    shapes.push(Shape::Curve { points, stroke });
    shapes.push(Shape::Path {
        points: vec![tip, tip + emath::vec2(-6.0, -3.5), tip + emath::vec2(-6.0, 3.5)],
        closed: true,
        fill: stroke.color,
        stroke: Stroke::NONE,
    });
}

fn ruler_layer(scene: &Scene) -> Layer {
    let (area, metrics, theme) = (scene.areas.ruler, &scene.metrics, scene.theme.theme());
    let bottom = area.bottom();
    let mut shapes = vec![horizontal(area.left(), area.right(), bottom, theme.line)];
    for tick in &scene.ruler.ticks {
        let x = tick.x.round() - 0.5;
        let length = if tick.label.is_empty() { 3.0 } else { 6.0 } * metrics.scale;
        shapes.push(vertical(x, bottom - length, bottom - 1.0, Stroke::solid(1.0, theme.text_faint)));
        if tick.label.is_empty() {
            continue;
        }
        let half = text::width(&tick.label, Font::Mono, metrics.small) / 2.0;
        let (least, most) = (area.left() + half + 3.0, area.right() - half - 3.0);
        // A label at the very edge moves inside rather than being cut, when it is near enough to its tick.
        if most < least || (tick.x - tick.x.clamp(least, most)).abs() > half * 0.6 {
            continue;
        }
        shapes.push(Shape::Text(TextShape {
            pos: Pos2::new(tick.x.clamp(least, most), (bottom - 10.0 * metrics.scale).round()),
            anchor: Anchor::Middle,
            font: Font::Mono,
            size: metrics.small,
            color: theme.text_dim,
            text: tick.label.as_str().into(),
        }));
    }
    let corner = scene.areas.corner;
    shapes.push(horizontal(corner.left(), corner.right(), corner.bottom(), theme.line));
    shapes.push(vertical(corner.right() - 0.5, corner.top(), corner.bottom(), Stroke::solid(1.0, theme.line)));
    shapes.extend(scene.corner.iter().cloned().map(Shape::Text));
    let strip = scene.areas.turns;
    super::turns::break_shapes(scene, area.union(strip), &mut shapes);
    super::turns::break_texts(scene, &mut shapes);
    super::turns::strip_shapes(scene, &mut shapes);
    Layer { area: Area::Ruler, clip: area.union(corner).union(strip), shapes }
}

fn overview_layer(scene: &Scene) -> Layer {
    let (area, metrics, theme) = (scene.areas.overview, &scene.metrics, scene.theme.theme());
    let strip = &scene.overview;
    let foot = area.bottom() - 7.0 * metrics.scale;
    let height = foot - area.top() - 6.0 * metrics.scale;
    let width = (strip.column_width - 1.0).max(1.0);
    let column = |x: f32, top: f32, bottom: f32, fill| BarRect {
        rect: Rect::from_min_max(Pos2::new(x, top), Pos2::new(x + width, bottom)),
        fill,
        radius: 0.0,
    };
    let mut bars = Vec::with_capacity(strip.columns.len() * 2);
    for at in &strip.columns {
        let fill = if at.is_dim { mix(theme.canvas, theme.overview, 0.45) } else { theme.overview };
        bars.push(column(at.x, foot - height * at.height, foot, fill));
    }
    for at in &strip.columns {
        let health = if at.has_error { theme.error } else { mix(theme.canvas, theme.good, 0.55) };
        bars.push(BarRect {
            rect: Rect::from_min_max(
                Pos2::new(at.x, foot + 1.0),
                Pos2::new(at.x + strip.column_width, foot + 3.5 * metrics.scale),
            ),
            fill: health,
            radius: 0.0,
        });
    }
    for at in strip.columns.iter().filter(|at| at.has_hit) {
        bars.push(column(at.x, area.top() + 2.0, area.top() + 2.0 + 4.0 * metrics.scale, theme.hit));
    }
    let [left, right] = strip.window;
    let (top, bottom) = (area.top() + 2.0, area.bottom() - 2.0);
    let shade = |from: f32, to: f32| {
        filled(Rect::from_min_max(Pos2::new(from, top), Pos2::new(to.max(from), bottom)), theme.overview_shade)
    };
    let window = Rect::from_min_max(Pos2::new(left, top), Pos2::new(right.max(left + 2.0), bottom));
    let mut shapes = vec![Shape::Bars(bars)];
    let is_all = left <= area.left() + 1.0 && right >= area.right() - 1.0;
    if !is_all {
        shapes.push(shade(area.left(), left));
        shapes.push(shade(right, area.right()));
        let stroke = Stroke::solid(1.5, theme.text_dim);
        shapes.push(Shape::Rect { rect: window.shrink(0.75), radius: 3.0, fill: Color32::TRANSPARENT, stroke });
    }
    shapes.extend(strip.marks.iter().map(|mark| clocks::small_mark(mark.center, metrics.scale, mark.tone, theme)));
    Layer { area: Area::Overview, clip: area, shapes }
}

fn texts_layer(area: Area, clip: Rect, texts: &[TextShape]) -> Layer {
    Layer { area, clip, shapes: texts.iter().cloned().map(Shape::Text).collect() }
}

fn legend_layer(scene: &Scene) -> Layer {
    let (area, metrics, theme) = (scene.areas.legend, &scene.metrics, scene.theme.theme());
    let mut shapes = vec![horizontal(area.left(), area.right(), area.top() + 1.0, theme.line)];
    for entry in &scene.legend {
        sample_shapes(scene, entry, &mut shapes);
        shapes.push(Shape::Text(TextShape {
            pos: entry.pos,
            anchor: Anchor::Start,
            font: Font::Regular,
            size: metrics.small,
            color: theme.text_dim,
            text: std::sync::Arc::clone(&entry.text),
        }));
    }
    Layer { area: Area::Legend, clip: area.union(scene.areas.footer), shapes }
}

/// A strip in small: columns, one of them with a failure.
fn fold_sample(rect: Rect, theme: &Theme) -> Vec<BarRect> {
    const HEIGHTS: [f32; 4] = [0.4, 1.0, 0.7, 0.3];
    let width = rect.width() / HEIGHTS.len() as f32;
    let column = |at: usize, height: f32, fill| {
        let left = rect.left() + at as f32 * width;
        let top = rect.bottom() - rect.height() * height;
        BarRect {
            rect: Rect::from_min_max(Pos2::new(left, top), Pos2::new(left + width, rect.bottom())),
            fill,
            radius: 0.0,
        }
    };
    let busy = HEIGHTS.iter().enumerate().map(|(at, &height)| column(at, height, theme.overview));
    busy.chain([column(1, 0.3, theme.error)]).collect()
}

fn sample_shapes(scene: &Scene, entry: &LegendEntry, shapes: &mut Vec<Shape>) {
    let theme = scene.theme.theme();
    let rect = sample_rect(entry, &scene.metrics);
    let mut sample = |flags, count| {
        let bar = SceneBar {
            rect,
            span: crate::model::SpanIx(0),
            count,
            folded: 0,
            flags,
            hits: u32::from(entry.sample == Sample::Hit),
            finding: None,
            is_dim: false,
            fill: theme.unknown,
            is_guess: false,
        };
        let mut marks = BarMarks::default();
        marks.add(&bar, theme);
        shapes.push(Shape::Bars(vec![BarRect { rect, fill: theme.unknown, radius: 2.0 }]));
        // The tail of an open end would run into the text.
        shapes.extend(marks.into_shapes().filter(|shape| !matches!(shape, Shape::Line { .. })));
    };
    match entry.sample {
        Sample::Color(fill) => shapes.push(Shape::Rect { rect, radius: 2.5, fill, stroke: Stroke::NONE }),
        Sample::Hatched(fill) => {
            shapes.push(Shape::Rect { rect, radius: 2.5, fill, stroke: Stroke::NONE });
            shapes.push(phases::hatch(rect, theme));
        }
        Sample::Edge(fill) => {
            let bar = |rect, fill| BarRect { rect, fill, radius: 0.0 };
            let edge = rect.with_min_y(rect.bottom() - rect.height() * 0.45);
            shapes.push(Shape::Bars(vec![
                bar(rect, theme.unknown),
                bar(edge.translate(emath::vec2(0.0, -1.0)).intersect(rect), theme.canvas),
                bar(edge, fill),
            ]));
        }
        Sample::Error => sample(SpanFlags::ERROR, 1),
        Sample::Several => sample(SpanFlags::default(), 2),
        Sample::Hit => sample(SpanFlags::default(), 1),
        Sample::Folded => shapes.push(Shape::Bars(fold_sample(rect, theme))),
        Sample::Open => sample(SpanFlags::END_MISSING, 1),
        Sample::Backward => sample(SpanFlags::END_BEFORE_START, 1),
        Sample::Whisker
        | Sample::OuterWhisker
        | Sample::OpenWhisker
        | Sample::Estimate
        | Sample::Rail
        | Sample::Raw
        | Sample::Finding(..) => shapes.extend(clocks::legend_sample(entry.sample, rect, theme)),
        Sample::Critical => {
            shapes.push(Shape::Rect { rect, radius: 2.5, fill: theme.unknown, stroke: Stroke::NONE });
            shapes.push(filled(critical::foot(rect), theme.critical));
        }
        Sample::CriticalUnknown => {
            shapes.push(Shape::Rect { rect, radius: 2.5, fill: theme.unknown, stroke: Stroke::NONE });
            critical::hatched(rect, theme.critical, shapes);
        }
        Sample::Tie(look) => shapes.extend(super::ties::legend_sample(look, rect, theme)),
        Sample::FirstToken | Sample::Ticks(_) => {
            shapes.extend(super::tokens::legend_sample(entry.sample, rect, theme));
        }
        Sample::Ghost => shapes.push(Shape::Rect {
            rect: rect.shrink(0.5),
            radius: 2.0,
            fill: Color32::TRANSPARENT,
            stroke: Stroke::dashed(1.0, theme.text_faint, 3.0, 2.0),
        }),
    }
}
