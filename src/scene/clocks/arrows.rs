//! Arrows from causes to effects: what contradicts what, and what a bound rests on.

use std::sync::Arc;

use emath::{Pos2, Rect, Vec2};

use super::{ClockArrow, ClockInput, event_ns, far_ends};
use crate::analysis::clocks::findings::{Finding, Proof, Severity};
use crate::analysis::clocks::{EventKey, FindingTone, Side};
use crate::model::time::duration_text;
use crate::scene::build::span_rect;
use crate::scene::frame::{OverviewColumn, Scene};
use crate::scene::input::SceneInput;
use crate::scene::text::{self, Font};
use crate::scene::view_state::ViewState;

/// Findings whose arrows are drawn at once, at most.
pub const MOST_FINDINGS: usize = 40;
/// Arrows of one finding, at most.
const MOST_OF_ONE: usize = 24;

/// Adds the arrows that `view` asks for: in the raw view all contradictions, else those of the finding looked at.
pub(in crate::scene) fn add(clocks: &ClockInput<'_>, input: &SceneInput<'_>, view: &ViewState, scene: &mut Scene) {
    let mut arrows = Vec::new();
    let active = view.finding;
    let shown = clocks.known.model.findings().iter().filter(|finding| !finding.witness.is_empty());
    // What is only good to know, such as work that nobody waits for, is no contradiction: it shows when asked for.
    let unasked = |finding: &Finding| !clocks.is_frame && finding.severity > Severity::Info;
    for finding in shown.filter(|finding| unasked(finding) || Some(finding.id) == active).take(MOST_FINDINGS) {
        of_finding(input, scene, finding, Some(finding.id) == active, &mut arrows);
    }
    if let Some(finding) = active.and_then(|id| clocks.known.finding(id))
        && !arrows.iter().any(|arrow| arrow.finding == active)
    {
        // It comes late in a long list.
        of_finding(input, scene, finding, true, &mut arrows);
    }
    if let Some(why) = view.why {
        let edges = [Side::Lo, Side::Hi].map(|side| clocks.known.model.why(why.domain, why.at_ns, side));
        for proof in edges.iter().flatten().take(MOST_OF_ONE) {
            let text = span_text(proof);
            push(input, scene, proof, (None, FindingTone::Clock, true), text.into(), &mut arrows);
        }
    }
    place_pills(scene, &mut arrows);
    scene.clocks.arrows = arrows;
    scene.clocks.far_ends.clear();
    if let Some(finding) = active.and_then(|id| clocks.known.finding(id)) {
        far_ends::add((input, view), scene, &finding.witness, FindingTone::of(finding));
    }
}

fn of_finding(input: &SceneInput<'_>, scene: &Scene, finding: &Finding, is_active: bool, out: &mut Vec<ClockArrow>) {
    let is_backward = |proof: &&Proof| proof.to_ns < proof.from_ns;
    let has_backward = finding.witness.iter().any(|proof| is_backward(&proof));
    let of_one = finding.witness.iter().filter(|proof| is_active || is_backward(proof) || !has_backward);
    for (at, proof) in of_one.take(MOST_OF_ONE).enumerate() {
        let text = match proof.from_ns.saturating_sub(proof.to_ns) {
            late if late > 0 => format!("raw: caused {} before its cause", duration_text(late)),
            _ if is_active => span_text(proof),
            _ => String::new(),
        };
        // The number once, unless each edge has something to say.
        if at > 0 && text.is_empty() {
            continue;
        }
        push(input, scene, proof, (Some(finding.id), FindingTone::of(finding), is_active), text.into(), out);
    }
}

fn span_text(proof: &Proof) -> String {
    format!("raw: {}", signed_text(proof.to_ns.saturating_sub(proof.from_ns)))
}

fn signed_text(ns: i64) -> String {
    let sign = if ns > 0 { "+" } else { "" };
    format!("{sign}{}", duration_text(ns))
}

fn push(
    input: &SceneInput<'_>,
    scene: &Scene,
    proof: &Proof,
    (finding, tone, is_active): (Option<u32>, FindingTone, bool),
    text: Arc<str>,
    out: &mut Vec<ClockArrow>,
) {
    let ends = (event_pos(input, scene, proof.cause.from), event_pos(input, scene, proof.cause.to));
    let (Some(from), Some(to)) = ends else { return };
    let canvas = scene.areas.canvas;
    // Beside the canvas a curve would say nothing; a long one may cross it.
    let is_seen = canvas.expand(2.0).intersects(Rect::from_two_pos(from, to));
    if is_seen {
        let is_backward = proof.to_ns < proof.from_ns;
        out.push(ClockArrow { finding, tone, is_backward, is_active, from, to, text, pill: Rect::NOTHING });
    }
}

/// Where an event is drawn, even a little outside the canvas; `None` when its lane is hidden.
pub(super) fn event_pos(input: &SceneInput<'_>, scene: &Scene, key: EventKey) -> Option<Pos2> {
    let at_ns = event_ns(input, key)?;
    let rect = span_rect(input, scene, key.span)?;
    let canvas = scene.areas.canvas;
    let x = scene.scale.screen_from_time(at_ns).clamp(canvas.left() - 400.0, canvas.right() + 400.0);
    Some(Pos2::new(x, rect.center().y))
}

/// More arrows say their numbers only: the list of findings says the rest.
pub(super) const MOST_WORDY: usize = 12;
/// Arrows whose pills look for a place where they hide nothing, per frame; the others take any free place.
const MOST_CAREFUL: usize = 60;
/// The share of a pill that may lie on bars and names; where it is more, the pill keeps its number only.
const MOST_COVERING: f32 = 0.25;
/// What one pill may hide is looked for among this many bars and labels.
const MOST_HIDDEN: usize = 400;

/// Puts the pills near the middle of their arrows, where they cover neither each other nor, as far as possible, bars
/// and names; a pill that finds no room keeps its number.
pub(super) fn place_pills(scene: &Scene, arrows: &mut [ClockArrow]) {
    let (canvas, size) = (scene.areas.canvas, scene.metrics.small);
    let height = size * 1.7;
    let is_crowded = arrows.len() > MOST_WORDY;
    let mut taken: Vec<Rect> = Vec::new();
    // What is looked at chooses its place first.
    let mut order: Vec<usize> = (0..arrows.len()).collect();
    order.sort_by_key(|&at| (!arrows[at].is_active, arrows[at].finding));
    for (nth, at) in order.into_iter().enumerate() {
        let arrow = &mut arrows[at];
        if is_crowded && !arrow.is_active && arrow.finding.is_some() {
            arrow.text = Arc::from("");
        }
        let number = arrow.finding.map_or(0.0, |_| size * 1.6);
        let words = text::width(&arrow.text, Font::Regular, size);
        let full = number + if words > 0.0 { words + 16.0 } else { 6.0 };
        let middle = seen_middle(canvas, arrow);
        let room = |width: f32, anchor: Pos2, aside: f32, down: f32| {
            let least = canvas.left() + width / 2.0 + 2.0;
            let x = (anchor.x + aside).clamp(least, (canvas.right() - width / 2.0 - 2.0).max(least));
            let least = canvas.top() + height / 2.0 + 2.0;
            let y = (anchor.y + down).clamp(least, (canvas.bottom() - height / 2.0 - 2.0).max(least));
            Rect::from_center_size(Pos2::new(x, y), Vec2::new(width, height))
        };
        let steps = [0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0].map(|step: f32| step * (height + 3.0));
        let is_free = |rect: &Rect| !taken.iter().any(|other| other.intersects(*rect));
        let beside = full / 2.0 + 6.0;
        let places =
            || steps.iter().flat_map(|&down| [0.0, beside, -beside].map(|aside| room(full, middle, aside, down)));
        let short = if arrow.finding.is_some() { number + 6.0 } else { full };
        let best = if nth < MOST_CAREFUL {
            let covered = covered(scene, middle, Vec2::new(full * 1.5, steps[5] + height));
            let hidden = |rect: &Rect| {
                let hidden = covered.iter().map(|other| other.intersect(*rect)).filter(Rect::is_positive);
                hidden.map(|hidden| hidden.area()).sum::<f32>()
            };
            let cost = |rect: &Rect| hidden(rect) + (rect.center() - middle).length() * 2.0;
            let cheapest = |places: &mut dyn Iterator<Item = Rect>| {
                places.filter(is_free).min_by(|a, b| cost(a).total_cmp(&cost(b)))
            };
            let worded = cheapest(&mut places());
            // Among many bars the number alone hides less; the list of findings says the rest.
            let is_in_the_way = worded.is_some_and(|rect| hidden(&rect) > rect.area() * MOST_COVERING);
            if is_in_the_way && !arrow.is_active && short < full {
                let aside = short / 2.0 + 4.0;
                let near = steps.iter().flat_map(|&down| [0.0, aside, -aside].map(|by| room(short, middle, by, down)));
                cheapest(&mut near.into_iter())
            } else {
                worded
            }
        } else {
            places().find(is_free)
        };
        let small = || {
            let width = short;
            let mut places = steps.iter().map(|&down| room(width, middle, 0.0, down));
            places.find(is_free).unwrap_or_else(|| room(width, middle, 0.0, 0.0))
        };
        let rect = best.unwrap_or_else(small);
        if rect.width() < full - 1.0 {
            arrow.text = Arc::from("");
        }
        arrow.pill = rect;
        taken.push(rect.expand(1.0));
    }
}

/// The middle of what is seen of an arrow.
fn seen_middle(canvas: Rect, arrow: &ClockArrow) -> Pos2 {
    let way = arrow.to - arrow.from;
    let at = |y: f32| if way.y.abs() > 1.0 { ((y - arrow.from.y) / way.y).clamp(0.0, 1.0) } else { 0.5 };
    arrow.from + way * f32::midpoint(at(canvas.top()), at(canvas.bottom()))
}

/// Bars, labels, strips and other pills near `middle`, which a pill there would hide.
pub(in crate::scene) fn covered(scene: &Scene, middle: Pos2, reach: Vec2) -> Vec<Rect> {
    let near = Rect::from_center_size(middle, reach * 2.0);
    let size = scene.metrics.text;
    let labels = scene.labels.iter().filter(|label| near.contains(label.pos)).map(|label| {
        let width = text::width(&label.text, label.font, label.size);
        Rect::from_min_size(label.pos - emath::vec2(0.0, size), Vec2::new(width, size * 1.2))
    });
    let bars = scene.bars.iter().map(|bar| bar.rect).filter(|rect| near.intersects(*rect));
    let heads = scene.sections.iter().filter(|head| near.y_range().contains(head.rect.center().y)).map(|head| {
        let texts = [(&head.name, Font::Bold), (&head.detail, Font::Regular), (&head.failed, Font::Regular)];
        let width: f32 = texts.iter().map(|(text, font)| text::width(text, *font, size) + size).sum();
        head.rect.with_max_x(head.rect.left() + 3.0 * size + width)
    });
    let badge = Vec2::splat(size * 1.5);
    let badges = scene.clocks.badges.iter().map(|it| Rect::from_center_size(it.center, badge));
    let badges = badges.filter(|rect| near.intersects(*rect));
    let pills = scene.ties.iter().map(|tie| tie.pill).filter(|rect| near.intersects(*rect));
    let strips = scene.profiles.iter().filter(|profile| near.intersects(profile.rect)).flat_map(|profile| {
        let column = |column: &OverviewColumn| {
            let top = profile.rect.bottom() - profile.rect.height() * 0.62 * column.height;
            Rect::from_min_max(
                Pos2::new(column.x, top),
                Pos2::new(column.x + profile.column_width, profile.rect.bottom()),
            )
        };
        profile.columns.iter().map(column).filter(|rect| near.intersects(*rect))
    });
    badges.chain(labels).chain(heads).chain(pills).chain(bars).chain(strips).take(MOST_HIDDEN).collect()
}
