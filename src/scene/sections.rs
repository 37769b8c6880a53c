//! Groups of a folded lane: a line that says what there is, above their rows or the strip that stands for them.

use std::sync::Arc;

use ecolor::Color32;
use emath::{Pos2, Rect};

use super::build::{Frame, count_text, grouped};
use super::frame::{Scene, SectionHead};
use super::geometry::LaneBand;
use super::phases::hatch;
use super::shape::{Anchor, Shape, Stroke, TextShape};
use super::text::{self, Font};
use super::work::phase_colors;
use crate::arrange::{Group, Section};
use crate::layout::Layout;
use crate::model::time::duration_text;

/// The colour of a group: that of its agent, phase or service; of nothing in particular otherwise.
pub(super) fn fill(frame: &Frame<'_>, section: &Section) -> Color32 {
    let (input, theme) = (frame.input, frame.view.theme);
    let Some(group) = &section.group else { return frame.theme.overview };
    match (group.agent, group.phase, input.work) {
        (Some(agent), _, Some(work)) => work.agent_colors(agent, theme).fill,
        (_, Some(phase), _) => phase_colors(phase, theme).fill,
        _ if group.value.is_empty() => frame.theme.unknown,
        _ => {
            let known = input.colors.services().binary_search_by(|(name, _)| name.as_str().cmp(&group.value));
            known.map_or(frame.theme.overview, |_| input.colors.colors_of_name(&group.value, theme).fill)
        }
    }
}

/// What a group is called, with what it consists of where that is a retry.
#[must_use]
pub fn name_of(group: &Group) -> String {
    match (group.retry, group.is_guess) {
        (Some((attempts, backoff_ns)), _) => {
            format!("{} · {attempts} attempts · {} between them", group.name, duration_text(backoff_ns))
        }
        (None, true) => format!("{} (inferred)", group.name),
        (None, false) => group.name.clone(),
    }
}

/// How much a group holds, in words: all of it, whatever is in view.
#[must_use]
pub fn amount_of(section: &Section) -> String {
    let mut parts = vec![format!("{} in all", count_text(section.spans, "span"))];
    parts.push(format!("busy {} of {} wall", duration_text(section.busy_ns), duration_text(section.wall_ns)));
    if section.sum_ns != section.busy_ns {
        parts.push(format!("sum {}", duration_text(section.sum_ns)));
    }
    parts.extend(tokens_text(section.input_tokens, section.output_tokens, "tok"));
    parts.join(" · ")
}

/// What a group holds of a time: spans, and time in which at least one of them is busy, nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct InView {
    /// Spans that are at least partly in view.
    pub spans: u64,
    /// Time in view in which at least one of them is busy, nanoseconds.
    pub busy_ns: i64,
}

/// Spans of a group that are looked at, at most.
const MOST_LOOKED_AT: usize = 20_000;

/// What `section` holds between two times of the axis of `layout`; `None` when that is too much to look at.
#[must_use]
pub fn in_view(layout: &Layout, section: &Section, from_ns: i64, to_ns: i64) -> Option<InView> {
    let items = layout.span_rows();
    let mut busy: Vec<(i64, i64)> = Vec::new();
    for row in section.rows.clone() {
        let slots = items.slots_of_rows(row..row + 1);
        let (first, last) = (slots.start as usize, slots.end as usize);
        let (starts, ends) = (&items.starts_ns()[first..last], &items.ends_ns()[first..last]);
        // Within a row spans are disjoint and sorted.
        let seen = ends.partition_point(|end| *end < from_ns)..starts.partition_point(|start| *start <= to_ns);
        if busy.len() + seen.len() > MOST_LOOKED_AT {
            return None;
        }
        let cut = |at: usize| (starts[at].max(from_ns), ends[at].min(to_ns));
        busy.extend(seen.map(cut));
    }
    busy.sort_unstable();
    let (mut covered, mut sum) = (i64::MIN, 0_i64);
    for &(from, to) in &busy {
        sum = sum.saturating_add(to.saturating_sub(from.max(covered)).max(0));
        covered = covered.max(to);
    }
    Some(InView { spans: busy.len() as u64, busy_ns: sum })
}

/// Tokens in and out in words, as far as they are known: `1,204 → 388 tok`, `54 tok in`.
#[must_use]
pub fn tokens_text(input: Option<u64>, output: Option<u64>, noun: &str) -> Option<String> {
    Some(match (input, output) {
        (Some(input), Some(output)) => format!("{} → {} {noun}", grouped(input), grouped(output)),
        (Some(input), None) => format!("{} {noun} in", grouped(input)),
        (None, Some(output)) => format!("{} {noun} out", grouped(output)),
        (None, None) => return None,
    })
}

/// Adds the line of the group of `band`, if it is one's.
pub(super) fn add(frame: &Frame<'_>, scene: &mut Scene, band: &LaneBand) {
    let Some((number, section)) = band.section.and_then(|at| Some((at, frame.input.sections.get(at as usize)?))) else {
        return;
    };
    let Some(group) = &section.group else { return };
    let (canvas, metrics) = (scene.areas.canvas, &scene.metrics);
    let top = scene.screen_y(band, band.top) + frame.input.band_moved(band)[0];
    let rect = Rect::from_min_max(Pos2::new(canvas.left(), top), Pos2::new(canvas.right(), top + band.first_row));
    let area = scene.area_of(band);
    if rect.bottom() <= area.top() || rect.top() >= area.bottom() {
        return;
    }
    let failed = if section.errors > 0 { format!("{} failed", grouped(section.errors)) } else { String::new() };
    let room = rect.width() - (40.0 * metrics.scale) - text::width(&failed, Font::Regular, metrics.small);
    let name = text::crop(&name_of(group), Font::Bold, metrics.text, room * 0.6).into_owned();
    let rest = room - text::width(&name, Font::Bold, metrics.text) - 30.0 * metrics.scale;
    let detail = text::crop(&amount_of(section), Font::Regular, metrics.small, rest).into_owned();
    scene.sections.push(SectionHead {
        section: number,
        rect,
        is_open: !band.is_folded,
        fill: fill(frame, section),
        is_guess: group.is_guess,
        name: name.into(),
        detail: detail.into(),
        failed: failed.into(),
    });
}

/// The lines as shapes.
pub(super) fn lower(scene: &Scene, shapes: &mut Vec<Shape>) {
    for head in &scene.sections {
        lower_head(scene, head, shapes);
    }
}

fn lower_head(scene: &Scene, head: &SectionHead, shapes: &mut Vec<Shape>) {
    let (theme, metrics) = (scene.theme.theme(), &scene.metrics);
    let unit = metrics.scale;
    let middle = head.rect.center();
    let mut x = head.rect.left() + 12.0 * unit;
    let at = |dx: f32, dy: f32| Pos2::new(x + dx * unit, middle.y + dy * unit);
    // A triangle that points to what is folded, or down to what is open.
    let points = match head.is_open {
        true => vec![at(-4.0, -2.5), at(4.0, -2.5), at(0.0, 3.5)],
        false => vec![at(-2.5, -4.0), at(3.5, 0.0), at(-2.5, 4.0)],
    };
    shapes.push(Shape::Path { points, closed: true, fill: theme.text_dim, stroke: Stroke::NONE });
    x += 9.0 * unit;
    let swatch =
        Rect::from_min_max(Pos2::new(x, middle.y - 4.5 * unit), Pos2::new(x + 9.0 * unit, middle.y + 4.5 * unit));
    shapes.push(Shape::Rect { rect: swatch, radius: 2.0, fill: head.fill, stroke: Stroke::NONE });
    if head.is_guess {
        shapes.push(hatch(swatch, theme));
    }
    x += 15.0 * unit;
    let texts: [(&Arc<str>, Font, f32, Color32); 3] = [
        (&head.name, Font::Bold, metrics.text, theme.text),
        (&head.detail, Font::Regular, metrics.small, theme.text_dim),
        (&head.failed, Font::Regular, metrics.small, theme.error),
    ];
    for (text, font, size, color) in texts.into_iter().filter(|(text, ..)| !text.is_empty()) {
        shapes.push(Shape::Text(TextShape {
            pos: Pos2::new(x, text::baseline_for_middle(middle.y, font, size)),
            anchor: Anchor::Start,
            font,
            size,
            color,
            text: Arc::clone(text),
        }));
        x += text::width(text, font, size) + 10.0 * unit;
    }
}
