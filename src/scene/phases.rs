//! The parts of a model call, along the lower edge of its bar: what is stated is solid, what is derived from durations
//! is hatched, what nothing accounts for is grey. Nothing is stretched to fill a bar.

use emath::{Pos2, Rect};

use super::build::Frame;
use super::frame::{PhaseBar, PhaseLook, Sample, Scene, SceneBar};
use super::input::SceneInput;
use super::shape::{BarRect, Shape, Stroke};
use super::theme::{Theme, dimmed, faded};
use super::view_state::ViewState;
use super::work::phase_colors;
use crate::analysis::genai::Origin;
use crate::model::SpanFlags;

/// Narrower bars have no room for parts, in points.
const LEAST_BAR: f32 = 24.0;
/// Lower bars have no room for parts and a name, in points.
const LEAST_HEIGHT: f32 = 14.0;
/// Share of a bar's height that parts take.
const SHARE: f32 = 0.28;
/// Parts drawn on one bar: more share points anyway.
const MOST_PARTS: usize = 256;
/// Distance of hatching lines in points.
const SPACING: f32 = 4.0;

/// Whether the parts of `bar` are drawn.
fn has_parts(frame: &Frame<'_>, bar: &SceneBar) -> bool {
    let is_roomy = bar.count == 1 && bar.rect.width() >= LEAST_BAR && bar.rect.height() >= LEAST_HEIGHT;
    is_roomy && frame.input.work.is_some_and(|work| !work.genai.phases(bar.span).is_empty())
}

/// The middle of a bar's text: above the parts, where there are any.
pub(super) fn text_middle(frame: &Frame<'_>, bar: &SceneBar) -> f32 {
    let middle = bar.rect.center().y;
    if has_parts(frame, bar) { middle - (bar.rect.height() * SHARE).round() / 2.0 } else { middle }
}

/// Adds the parts of `bar`, whose span begins at `start_ns` of the axis. Parts that share a point with the one before
/// are left out: at most one rectangle per point.
pub(super) fn add(frame: &Frame<'_>, scene: &mut Scene, bar: &SceneBar, start_ns: i64) {
    if !has_parts(frame, bar) {
        return;
    }
    let Some(work) = frame.input.work else { return };
    let span = frame.input.store.span(bar.span);
    let raw_start = span.drawn_ns().0;
    let shift = if bar.flags.has(SpanFlags::START_MISSING) { 0 } else { start_ns.saturating_sub(raw_start) };
    let height = (bar.rect.height() * SHARE).round();
    let mut reached = f32::NEG_INFINITY;
    for part in work.genai.phases(bar.span).iter().take(MOST_PARTS) {
        let x = |ns: i64| scene.scale.screen_from_time(ns.saturating_add(shift));
        let left = x(part.start_ns).max(bar.rect.left());
        let right = x(part.end_ns).min(bar.rect.right());
        // What lies outside of its span, or of the canvas, is not drawn on the bar; the hover tells.
        if right < left || right - reached < 0.5 {
            continue;
        }
        reached = right;
        let look = match part.origin {
            Origin::Real => PhaseLook::Real,
            Origin::Derived(_) => PhaseLook::Derived,
            Origin::Unaccounted => PhaseLook::Unaccounted,
        };
        let fill = match look {
            PhaseLook::Unaccounted => frame.theme.unknown,
            _ => phase_colors(part.phase, frame.view.theme).fill,
        };
        let fill = if bar.is_dim { dimmed(fill, frame.theme) } else { fill };
        let rect = Rect::from_min_max(
            Pos2::new(left, bar.rect.bottom() - height),
            Pos2::new(right.max(left + 1.0), bar.rect.bottom()),
        );
        scene.phases.push(PhaseBar { rect, span: bar.span, phase: part.phase, look, fill });
    }
}

/// Diagonal lines that say "concluded, not stated".
pub(super) fn hatch(rect: Rect, theme: &Theme) -> Shape {
    Shape::Hatch { rect, spacing: SPACING, stroke: Stroke::solid(1.2, faded(theme.bar_mark, 1.6)) }
}

/// Parts of calls, and hatching on bars whose colour is a guess.
pub(super) fn lower(scene: &Scene, bars: &mut Vec<BarRect>, odd: &mut Vec<Shape>) {
    let theme = scene.theme.theme();
    for bar in scene.bars.iter().filter(|bar| bar.is_guess && bar.rect.width() >= 6.0) {
        odd.push(hatch(bar.rect, theme));
    }
    for part in &scene.phases {
        // A line of the ground between name and part keeps them apart whatever their colours are.
        let line = Rect::from_min_max(part.rect.min - emath::vec2(0.0, 1.0), part.rect.right_top());
        bars.push(BarRect { rect: line, fill: theme.canvas, radius: 0.0 });
        bars.push(BarRect { rect: part.rect, fill: part.fill, radius: 0.0 });
        if part.look == PhaseLook::Derived && part.rect.width() >= 3.0 {
            odd.push(hatch(part.rect, theme));
        }
    }
}

/// What the parts mean, where model calls have any.
pub(super) fn legend(input: &SceneInput<'_>, view: &ViewState) -> Vec<(Sample, String)> {
    let Some(work) = input.work else { return Vec::new() };
    let mut looks = [false; 3];
    let mut phases = std::collections::BTreeSet::new();
    for part in work.genai.calls().iter().flat_map(|call| work.genai.phases(call.span)) {
        match part.origin {
            Origin::Real => looks[0] = true,
            Origin::Derived(_) => looks[1] = true,
            Origin::Unaccounted => looks[2] = true,
        }
        if part.origin != Origin::Unaccounted {
            phases.insert(part.phase);
        }
    }
    let theme = view.theme.theme();
    let mut entries = Vec::new();
    // Bars by phase have these colours already.
    if view.lanes.color != crate::arrange::ColorBy::Phase {
        let named = phases.into_iter().map(|phase| (phase_colors(phase, view.theme).fill, phase.label()));
        entries.extend(named.map(|(fill, label)| (Sample::Edge(fill), format!("{label} (edge of a call)"))));
    }
    if looks[1] {
        entries.push((Sample::Hatched(theme.unknown), "derived from durations".to_owned()));
    }
    if looks[2] {
        entries.push((Sample::Color(theme.unknown), "unaccounted".to_owned()));
    }
    entries
}
