//! The critical path, drawn: what the end waited for, as a line along the bars, hatched where the order of clocks
//! leaves open which of several spans was waited for.
//!
//! Stretches lie by row and time, so that a frame asks for what it shows; where many share a point they are one.

use ecolor::Color32;
use emath::{Pos2, Rect};

use super::frame::Scene;
use super::geometry::LaneBand;
use super::input::SceneInput;
use super::place::Place;
use super::shape::{BarRect, Shape, Stroke};
use super::theme::faded;
use crate::analysis::clocks::domains::Domains;
use crate::analysis::clocks::{ClockModel, EventKey, Point};
use crate::analysis::critical_path::{CriticalPath, MOST_SEGMENTS, Paths};
use crate::analysis::genai::GenAi;
use crate::layout::{Layout, RowIx};
use crate::lod::bucket_for;
use crate::model::{SpanIx, TraceStore};

/// A stretch of the path on the axis of a layout.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Stretch {
    row: u32,
    from_ns: i64,
    to_ns: i64,
    /// It is not known whether this span was waited for.
    is_unknown: bool,
    /// The row of what was waited for before, if the path goes on elsewhere.
    before: Option<u32>,
}

/// A time on the path in a lane or a part of one: its number, from, to.
type Busy = (u32, i64, i64);

/// The critical path of a trace or a turn, on the rows of a layout. Made on a worker.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Critical {
    /// The topmost spans of the turn or trace.
    pub roots: Vec<SpanIx>,
    /// Those of them whose ends are explained: a root inside of the time of another one delays nothing.
    pub explained: Vec<SpanIx>,
    /// By row, then time.
    stretches: Vec<Stretch>,
    /// Times on the path by lane, for folded ones, disjoint and in order: those that are known, and those that are not.
    lanes: [Vec<Busy>; 2],
    /// The same by part of a lane.
    parts: [Vec<Busy>; 2],
    /// Time on the path that is known, nanoseconds.
    pub known_ns: i64,
    /// Time on the path of which the order is not known, nanoseconds.
    pub unknown_ns: i64,
    /// The path was given up.
    pub is_cut: bool,
}

/// Roots whose paths are drawn at once, at most.
const MOST_ROOTS: usize = 64;

/// What the critical path of `span` explains: the conversation turn that it is in, else its trace.
#[must_use]
pub fn roots_of(store: &TraceStore, genai: Option<&GenAi>, span: SpanIx) -> Vec<SpanIx> {
    const DEPTH: usize = 10_000;
    let turn = genai.and_then(|genai| genai.turns().get(genai.turn_of(span)?.at()));
    if let Some(turn) = turn.filter(|turn| !turn.roots.is_empty()) {
        return turn.roots.iter().copied().take(MOST_ROOTS).collect();
    }
    let up = std::iter::successors(Some(span), |&span| store.span(span).parent());
    up.take(DEPTH).last().into_iter().collect()
}

/// The longest span without a parent: what the path explains when nothing is selected. Visits every span.
#[must_use]
pub fn longest_root(store: &TraceStore) -> Option<SpanIx> {
    let roots = store.span_ixs().zip(store.parents()).filter(|(_, parent)| parent.get().is_none());
    let length = |span: SpanIx| store.span(span).duration_ns().unwrap_or(-1);
    roots.map(|(span, _)| span).max_by_key(|&span| (length(span), std::cmp::Reverse(span)))
}

impl Critical {
    /// The path that explains the ends of `roots`.
    #[must_use]
    pub fn new(
        store: &TraceStore,
        domains: &Domains,
        model: &ClockModel,
        (layout, genai): (&Layout, Option<&GenAi>),
        roots: Vec<SpanIx>,
    ) -> Self {
        let explained = outermost(layout, &roots);
        let mut critical = Self { roots, explained: explained.clone(), ..Self::default() };
        let mut paths = Paths::new(store, domains, model, genai);
        for root in explained {
            let path = paths.of(root);
            critical.is_cut |= path.is_cut;
            critical.add(layout, &path);
            if critical.stretches.len() >= MOST_SEGMENTS {
                critical.is_cut = true;
                break;
            }
        }
        critical.stretches.sort_unstable();
        let strips = |number: &dyn Fn(RowIx) -> u32| {
            [false, true].map(|is_unknown| {
                let those = critical.stretches.iter().filter(|stretch| stretch.is_unknown == is_unknown);
                united(those.map(|stretch| (number(RowIx(stretch.row)), stretch.from_ns, stretch.to_ns)).collect())
            })
        };
        (critical.lanes, critical.parts) =
            (strips(&|row| layout.lane_of_row(row).0), strips(&|row| layout.part_of_row(row).0));
        critical
    }

    fn add(&mut self, layout: &Layout, path: &CriticalPath) {
        let at_ns = |key: EventKey| match key.point {
            Point::Start => layout.extent_ns(key.span).0,
            Point::End | Point::Event(_) => layout.extent_ns(key.span).1,
        };
        for (at, segment) in path.segments.iter().enumerate() {
            let row = layout.row_of(segment.span).0;
            let before = path.segments.get(at + 1).map(|next| layout.row_of(next.span).0).filter(|other| *other != row);
            let is_unknown = !segment.unknown.is_empty();
            let (from_ns, to_ns) = (at_ns(segment.from), at_ns(segment.to));
            let own = within(layout.extent_ns(segment.span), from_ns, to_ns);
            if let Some((from_ns, to_ns)) = own {
                let length = to_ns.saturating_sub(from_ns);
                let sum = if is_unknown { &mut self.unknown_ns } else { &mut self.known_ns };
                *sum = sum.saturating_add(length);
                self.stretches.push(Stretch { row, from_ns, to_ns, is_unknown, before });
            }
            for &child in &segment.unknown {
                if let Some((from_ns, to_ns)) = within(layout.extent_ns(child), from_ns, to_ns) {
                    let row = layout.row_of(child).0;
                    self.stretches.push(Stretch { row, from_ns, to_ns, is_unknown, before: None });
                }
            }
        }
    }

    /// The stretches of `row`.
    fn of_row(&self, row: RowIx) -> &[Stretch] {
        let first = |row: u32| self.stretches.partition_point(|stretch| stretch.row < row);
        &self.stretches[first(row.0)..first(row.0.saturating_add(1))]
    }
}

/// The roots that do not lie inside of the time of another one, in order of their start.
fn outermost(layout: &Layout, roots: &[SpanIx]) -> Vec<SpanIx> {
    let mut roots: Vec<((i64, i64), SpanIx)> = roots.iter().map(|&root| (layout.extent_ns(root), root)).collect();
    roots.sort_by_key(|&((start_ns, end_ns), root)| (start_ns, std::cmp::Reverse(end_ns), root));
    let mut latest_ns = i64::MIN;
    roots.retain(|&((_, end_ns), _)| {
        let reaches_out = end_ns > latest_ns;
        latest_ns = latest_ns.max(end_ns);
        reaches_out
    });
    roots.into_iter().map(|(_, root)| root).collect()
}

/// The same times without overlaps.
fn united(mut busy: Vec<Busy>) -> Vec<Busy> {
    busy.sort_unstable();
    busy.dedup_by(|next, last| {
        let touches = last.0 == next.0 && next.1 <= last.2;
        if touches {
            last.2 = last.2.max(next.2);
        }
        touches
    });
    busy
}

/// The part of `from_ns..to_ns` inside of `extent`; `None` where clocks leave nothing of it.
fn within(extent: (i64, i64), from_ns: i64, to_ns: i64) -> Option<(i64, i64)> {
    let (from, to) = (from_ns.max(extent.0), to_ns.min(extent.1));
    (from < to).then_some((from, to))
}

/// A stretch of the path in a frame.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct CriticalMark {
    /// Along the bar, with its height.
    pub rect: Rect,
    /// It is not known whether this span was waited for.
    pub is_unknown: bool,
    /// Middle of the row in which the path goes on before; `None` = here.
    pub before_y: Option<f32>,
}

/// Adds the path as far as it is in view. What moves has none: the path belongs to places.
pub(super) fn add(input: &SceneInput<'_>, scene: &mut Scene) {
    let Some(critical) = input.critical.filter(|_| !input.is_moved()) else { return };
    let held = scene.held.height;
    let scrolled = scene.scroll_y + held..scene.scroll_y + f64::from(scene.areas.canvas.height());
    let mut marks = Vec::new();
    let is_seen = |band: &&LaneBand| scene.is_held(band) || (band.bottom() > scrolled.start && band.top < scrolled.end);
    for band in scene.bands.iter().filter(is_seen) {
        if band.is_folded {
            add_strip(critical, scene, band, &mut marks);
        }
        let seen = if scene.is_held(band) { 0.0..held } else { scrolled.clone() };
        for row in band.rows_between(seen.start, seen.end) {
            add_row(critical, scene, band, RowIx(row), &mut marks);
        }
    }
    scene.critical = marks;
}

fn add_row(critical: &Critical, scene: &Scene, band: &LaneBand, row: RowIx, out: &mut Vec<CriticalMark>) {
    let place = Place::new(scene, band, row);
    let stretches = critical.of_row(row);
    runs(
        scene,
        stretches,
        |stretch| (stretch.from_ns, stretch.to_ns),
        |run| {
            let (first, last) = (&run[0], &run[run.len() - 1]);
            let rect = place.rect(&scene.scale, first.from_ns, last.to_ns.max(first.to_ns), 1.5);
            let is_in_view = rect.left() >= scene.areas.canvas.left();
            let before_y = first.before.filter(|_| is_in_view).and_then(|row| {
                let band = scene.bands.of_row(RowIx(row))?;
                Some(scene.screen_y(band, band.row_top(RowIx(row))) + band.pitch / 2.0)
            });
            let is_unknown = run.iter().take(MOST_LOOKED_AT).all(|stretch| stretch.is_unknown);
            out.push(CriticalMark { rect, is_unknown, before_y });
        },
    );
}

/// The strip of a folded lane or group.
fn add_strip(critical: &Critical, scene: &Scene, band: &LaneBand, out: &mut Vec<CriticalMark>) {
    let (both, number) = match band.section {
        Some(part) => (&critical.parts, part),
        None => (&critical.lanes, band.lane.0),
    };
    let top = scene.screen_y(band, band.top + f64::from(band.first_row));
    let canvas = scene.areas.canvas;
    let x = |ns| scene.scale.screen_from_time(ns).clamp(canvas.left() - 4.0, canvas.right() + 4.0);
    for (busy, is_unknown) in both.iter().zip([false, true]) {
        let first = |number: u32| busy.partition_point(|busy| busy.0 < number);
        let own = &busy[first(number)..first(number.saturating_add(1))];
        runs(
            scene,
            own,
            |busy| (busy.1, busy.2),
            |run| {
                let (left, right) = (x(run[0].1), x(run[run.len() - 1].2));
                let rect = Rect::from_min_max(Pos2::new(left, top), Pos2::new(right.max(left + 1.5), top + band.pitch));
                out.push(CriticalMark { rect, is_unknown, before_y: None });
            },
        );
    }
}

/// Runs of `items`, sorted by their times, that are in view and begin within the same few points: as many as there
/// are points, however many items there are.
fn runs<T>(scene: &Scene, items: &[T], times: impl Fn(&T) -> (i64, i64), mut each: impl FnMut(&[T])) {
    let (from, to) = (scene.scale.from_ns, scene.scale.time_from_screen(scene.areas.canvas.right()));
    let bucket = bucket_for(scene.scale.ns_from_points(LEAST_GAP));
    let mut at = items.partition_point(|item| times(item).1 <= from);
    while let Some(first) = items.get(at).map(&times).filter(|first| first.0 < to) {
        let end = first.0.saturating_add(bucket);
        let length = items[at..].partition_point(|item| times(item).0 < end).max(1);
        each(&items[at..at + length]);
        at += length;
    }
}

/// Stretches of a run that are asked whether they are known.
const MOST_LOOKED_AT: usize = 64;
/// Stretches that begin nearer to each other are one.
const LEAST_GAP: f32 = 2.0;

/// The marks as shapes: lines along the feet of bars, joined where the path changes the row.
pub(super) fn lower(scene: &Scene, out: &mut Vec<Shape>) {
    let color = scene.theme.theme().critical;
    let mut lines = Vec::with_capacity(scene.critical.len());
    for mark in &scene.critical {
        if let Some(y) = mark.before_y {
            let from = Pos2::new(mark.rect.left(), mark.rect.bottom() - 1.0);
            let stroke = Stroke::solid(1.2, faded(color, 0.8));
            out.push(Shape::Line { from, to: Pos2::new(mark.rect.left(), y), stroke });
        }
        let foot = foot(mark.rect);
        if mark.is_unknown {
            hatched(mark.rect, color, out);
        } else {
            lines.push(BarRect { rect: foot, fill: color, radius: 0.0 });
        }
    }
    out.push(Shape::Bars(lines));
}

/// Nobody knows whether this was waited for: hatched, never solid.
pub(super) fn hatched(rect: Rect, color: Color32, out: &mut Vec<Shape>) {
    // Faint: names stay readable through it.
    out.push(Shape::Hatch { rect, spacing: 7.0, stroke: Stroke::solid(1.0, faded(color, 0.5)) });
    let foot = foot(rect);
    let (from, to) = (foot.left_center(), foot.right_center());
    out.push(Shape::Line { from, to, stroke: Stroke::dashed(foot.height(), color, 3.0, 2.0) });
}

/// The line along the foot of a bar.
pub(super) fn foot(rect: Rect) -> Rect {
    let height = (rect.height() * 0.2).clamp(1.5, 3.5);
    Rect::from_min_max(Pos2::new(rect.left(), rect.bottom() - height), Pos2::new(rect.right(), rect.bottom() + 1.0))
}
