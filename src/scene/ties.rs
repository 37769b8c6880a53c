//! Arrows between spans that the tree does not join: handoffs from agent to agent, and places where a trace that lost
//! its parent may belong. What is concluded is dashed; a proposal never looks like a parent, whoever accepted it.

use std::sync::Arc;

use ecolor::Color32;
use emath::{Pos2, Rect, vec2};

use super::build::{Frame, span_rect};
use super::clocks;
use super::frame::{Hidden, Sample, Scene};
use super::input::SceneInput;
use super::shape::{Shape, Stroke, TextShape};
use super::text::{self, Font};
use super::theme::{Theme, faded, mix};
use super::view_state::ViewState;
use crate::analysis::genai::Judged;
use crate::arrange::{Tie, TieKind, Verdict};
use crate::model::{SpanIx, TraceStore, grouped};

/// An arrow of a frame.
#[derive(Clone, PartialEq, Debug)]
pub struct TieArrow {
    /// Which one: its position in `Course::ties`.
    pub at: u32,
    /// Where it begins.
    pub from: Pos2,
    /// Where its head is.
    pub to: Pos2,
    /// What it looks like.
    pub look: TieLook,
    /// What its pill says; empty = it has none.
    pub text: Arc<str>,
    /// Where its pill is.
    pub pill: Rect,
}

/// What an arrow looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum TieLook {
    /// A handoff that the data records: solid.
    Handoff,
    /// A handoff that is concluded: dashed.
    InferredHandoff,
    /// A proposal: dashed, with its score.
    Proposal,
    /// A proposal that somebody accepted: dashed still, and marked.
    Accepted,
}

/// Arrows per frame, at most; the rest is counted.
pub const MOST_ARROWS: usize = 60;
/// With more proposals in view only those of selected spans say their score.
const MOST_PILLS: usize = 12;
/// Shorter arrows could not be seen.
const LEAST_LENGTH: f32 = 6.0;

/// Adds the arrows in view.
pub(super) fn add(frame: &Frame<'_>, scene: &mut Scene) {
    let (view, input) = (frame.view, frame.input);
    let course = &view.course;
    let judged = input.work.map(|work| view.lanes.conversation.judged(input.store, &work.genai, &course.ties));
    let judged = judged.unwrap_or_default();
    let last = course.ties.partition_point(|tie| tie.start_ns <= view.time.to_ns);
    let mut arrows = Vec::new();
    for (at, tie) in (0_u32..).zip(&course.ties[..last]).filter(|(_, tie)| tie.end_ns >= view.time.from_ns) {
        if tie.from.at() >= input.store.len() || tie.to.at() >= input.store.len() {
            continue;
        }
        let is_selected = view.selection.contains(&tie.from) || view.selection.contains(&tie.to);
        let Some(look) = look_of(frame, &judged, at, is_selected) else { continue };
        let Some((from, to)) = ends(input, scene, tie) else { continue };
        let is_short = (to - from).length() < LEAST_LENGTH;
        if is_short || arrows.len() >= MOST_ARROWS {
            let hidden = &mut scene.hidden;
            *(if is_short { &mut hidden.ties_short } else { &mut hidden.ties_crowded }) += 1;
            hidden.first_tie.get_or_insert(at);
            continue;
        }
        let text = text_of(frame, tie, look);
        arrows.push((is_selected, TieArrow { at, from, to, look, text: text.into(), pill: Rect::NOTHING }));
    }
    let pills = arrows.iter().filter(|(_, arrow)| !arrow.text.is_empty()).count();
    for (is_selected, mut arrow) in arrows {
        if pills > MOST_PILLS && !is_selected {
            arrow.text = Arc::from("");
        }
        arrow.pill = pill_of(scene, &arrow);
        scene.ties.push(arrow);
    }
    scene.hidden.ties_crowded += course.more_ties;
}

/// How a tie is drawn; `None` = not at all: somebody said no, or something surer is drawn instead.
fn look_of(frame: &Frame<'_>, judged: &Judged, at: u32, is_selected: bool) -> Option<TieLook> {
    let course = &frame.view.course;
    let tie = course.ties.get(at as usize)?;
    let (number, keys) = match &tie.kind {
        TieKind::Handoff { is_recorded: true, .. } => return Some(TieLook::Handoff),
        TieKind::Handoff { .. } => return Some(TieLook::InferredHandoff),
        TieKind::Stitch { at, keys } => (*at, keys),
    };
    let of_root = frame.view.lanes.conversation.stitches.get(&keys[0]);
    let verdict = of_root.and_then(|of_root| of_root.get(&keys[1]));
    let is_settled = of_root.is_some_and(|of_root| of_root.values().any(|verdict| *verdict == Verdict::Accepted));
    match verdict {
        Some(Verdict::Accepted) => Some(TieLook::Accepted),
        Some(Verdict::Rejected) => None,
        None if is_settled => None,
        None => {
            // Of several places the surest that was not rejected, unless one looks at them.
            let stitches = frame.input.work?.genai.stitches();
            let stitch = stitches.get(number as usize)?;
            let is_best = judged.best(stitches, stitch.root).is_some_and(|best| best.stitch == stitch);
            (is_selected || is_best).then_some(TieLook::Proposal)
        }
    }
}

/// From the end of one bar to the start of the other, as far as they are shown; `None` when neither is near.
fn ends(input: &SceneInput<'_>, scene: &Scene, tie: &Tie) -> Option<(Pos2, Pos2)> {
    let (from, to) = (span_rect(input, scene, tie.from)?, span_rect(input, scene, tie.to)?);
    // What is handed over leaves before its span ends when the other one starts earlier.
    let start = Pos2::new(to.left().clamp(from.left(), from.right()), from.center().y);
    let end = Pos2::new(to.left(), to.center().y);
    let hull = Rect::from_two_pos(start, end);
    scene.areas.canvas.expand(4.0).intersects(hull).then_some((start, end))
}

fn text_of(frame: &Frame<'_>, tie: &Tie, look: TieLook) -> String {
    let TieKind::Stitch { at, .. } = tie.kind else { return String::new() };
    let stitches = frame.input.work.map(|work| work.genai.stitches()).unwrap_or_default();
    match (look, stitches.get(at as usize)) {
        (TieLook::Accepted, _) => "accepted by you".to_owned(),
        (_, Some(stitch)) => format!("may belong here · {} of 100", stitch.score),
        (_, None) => String::new(),
    }
}

fn pill_of(scene: &Scene, arrow: &TieArrow) -> Rect {
    if arrow.text.is_empty() {
        return Rect::NOTHING;
    }
    let (canvas, size) = (scene.areas.canvas, scene.metrics.small);
    let width = text::width(&arrow.text, Font::Regular, size) + 14.0;
    let height = size * 1.6;
    let middle = Pos2::new(f32::midpoint(arrow.from.x, arrow.to.x), f32::midpoint(arrow.from.y, arrow.to.y));
    let at = |aside: f32, down: f32| {
        let least = canvas.left() + width / 2.0 + 2.0;
        let x = (middle.x + aside).clamp(least, (canvas.right() - width / 2.0 - 2.0).max(least));
        let y = (middle.y + down).clamp(canvas.top() + height, (canvas.bottom() - height).max(canvas.top() + height));
        Rect::from_center_size(Pos2::new(x, y), vec2(width, height))
    };
    // Where it hides least of bars, names and numbers, and is still seen to belong to its arrow.
    let reach = vec2(width * 1.2, 3.0 * height);
    let covered = clocks::covered(scene, middle, reach);
    let others: Vec<Rect> = scene.ties.iter().map(|tie| tie.pill.expand(1.0)).collect();
    let badge = vec2(size * 1.5, size * 1.5);
    let badges = scene.clocks.badges.iter().map(|badge_at| Rect::from_center_size(badge_at.center, badge));
    let badges: Vec<Rect> =
        badges.filter(|rect| rect.intersects(Rect::from_center_size(middle, reach * 2.0))).collect();
    let hidden = |rect: &Rect, by: &[Rect]| {
        by.iter().map(|other| other.intersect(*rect)).filter(Rect::is_positive).map(|it| it.area()).sum::<f32>()
    };
    let cost = |rect: &Rect| {
        hidden(rect, &covered)
            + 20.0 * (hidden(rect, &badges) + hidden(rect, &others))
            + (rect.center() - middle).length()
    };
    let beside = width / 2.0 + 8.0;
    let places = [0.0, 1.0, -1.0, 2.0, -2.0]
        .into_iter()
        .flat_map(|step: f32| [0.0, beside, -beside].map(|aside| at(aside, step * (height + 2.0))));
    places.min_by(|a, b| cost(a).total_cmp(&cost(b))).unwrap_or_else(|| at(0.0, 0.0))
}

fn color_of(look: TieLook, theme: &Theme) -> Color32 {
    match look {
        TieLook::Handoff | TieLook::InferredHandoff => theme.edge,
        TieLook::Proposal => theme.warning,
        TieLook::Accepted => theme.good,
    }
}

fn stroke_of(look: TieLook, theme: &Theme) -> Stroke {
    let color = color_of(look, theme);
    match look {
        TieLook::Handoff => Stroke::solid(1.6, color),
        _ => Stroke::dashed(1.6, color, 5.0, 4.0),
    }
}

/// Curves first, so that no pill is crossed.
pub(super) fn shapes(scene: &Scene, out: &mut Vec<Shape>) {
    let theme = scene.theme.theme();
    for arrow in &scene.ties {
        curve(arrow.from, arrow.to, arrow.look, theme, out);
    }
    for arrow in scene.ties.iter().filter(|arrow| !arrow.text.is_empty()) {
        let (color, rect, size) = (color_of(arrow.look, theme), arrow.pill, scene.metrics.small);
        let fill = mix(theme.canvas, color, 0.16);
        out.push(Shape::Rect { rect, radius: rect.height() / 2.0, fill, stroke: Stroke::dashed(1.0, color, 3.0, 2.0) });
        out.push(Shape::Text(TextShape::centered(rect, size, theme.text, Arc::clone(&arrow.text))));
    }
}

fn curve(from: Pos2, to: Pos2, look: TieLook, theme: &Theme, out: &mut Vec<Shape>) {
    let stroke = stroke_of(look, theme);
    let reach = ((to.x - from.x).abs() * 0.4 + 12.0).clamp(16.0, 90.0);
    let tip = to - vec2(1.0, 0.0);
    // Along one row it dips below the names of the bars.
    let dip = if (to.y - from.y).abs() < 4.0 { 19.0 } else { 0.0 };
    let points = [from, from + vec2(reach, dip), tip + vec2(-reach, dip), tip];
    out.push(Shape::Curve { points, stroke: Stroke::solid(stroke.width + 2.0, faded(theme.canvas, 0.6)) });
    out.push(Shape::Curve { points, stroke });
    let rect = Rect::from_center_size(from, vec2(5.0, 5.0));
    out.push(Shape::Rect { rect, radius: 2.5, fill: stroke.color, stroke: Stroke::NONE });
    let points = vec![tip, tip + vec2(-7.0, -4.0), tip + vec2(-7.0, 4.0)];
    out.push(Shape::Path { points, closed: true, fill: stroke.color, stroke: Stroke::NONE });
}

/// Which arrows are not drawn and why, naming the first: `not drawn: planner → writer, too short at this zoom`.
#[must_use]
pub fn left_out_words(store: &TraceStore, ties: &[Tie], hidden: &Hidden) -> Option<String> {
    let all = hidden.ties_short + hidden.ties_crowded;
    let tie = ties.get(hidden.first_tie? as usize)?;
    let name = |span: SpanIx| (span.at() < store.len()).then(|| store.span(span).name());
    let why = match (hidden.ties_short, hidden.ties_crowded) {
        (_, 0) => "too short at this zoom: zoom in there",
        (0, _) => "more than are drawn at once: zoom in, or show one conversation alone",
        _ => "too short at this zoom, or more than are drawn at once: zoom in",
    };
    let others = if all > 1 { format!(" and {} more", grouped(all - 1)) } else { String::new() };
    Some(format!("not drawn: {} → {}{others}, {why}", name(tie.from)?, name(tie.to)?))
}

/// The arrow whose pill is at `pos`.
#[must_use]
pub fn arrow_at(scene: &Scene, pos: Pos2) -> Option<&TieArrow> {
    scene.ties.iter().rev().find(|arrow| arrow.pill.contains(pos))
}

/// What the arrows mean, where there are any.
pub(super) fn legend(view: &ViewState) -> Vec<(Sample, String)> {
    let ties = &view.course.ties;
    let mut entries = Vec::new();
    let mut say = |is_there: bool, look, text: &str| {
        if is_there {
            entries.push((Sample::Tie(look), text.to_owned()));
        }
    };
    let handoff = |recorded: bool| {
        ties.iter().any(|tie| matches!(tie.kind, TieKind::Handoff { is_recorded, .. } if is_recorded == recorded))
    };
    say(handoff(true), TieLook::Handoff, "handoff from agent to agent");
    say(handoff(false), TieLook::InferredHandoff, "handoff, inferred");
    let is_stitch = |tie: &Tie| matches!(tie.kind, TieKind::Stitch { .. });
    say(ties.iter().any(is_stitch), TieLook::Proposal, "may belong here: a proposal, no parent");
    let verdicts = view.lanes.conversation.stitches.values().flat_map(std::collections::BTreeMap::values);
    say(verdicts.into_iter().any(|it| *it == Verdict::Accepted), TieLook::Accepted, "accepted by hand");
    entries
}

/// The sample of a legend entry.
pub(super) fn legend_sample(look: TieLook, rect: Rect, theme: &Theme) -> Vec<Shape> {
    let (left, right) = (rect.left_center(), rect.right_center());
    let stroke = stroke_of(look, theme);
    let points = vec![right, right + vec2(-6.0, -3.5), right + vec2(-6.0, 3.5)];
    vec![
        Shape::Line { from: left, to: right, stroke },
        Shape::Path { points, closed: true, fill: stroke.color, stroke: Stroke::NONE },
    ]
}
