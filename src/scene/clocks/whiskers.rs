//! Whiskers at the ends of bars, rails below rigid groups, raw positions of the selection.

use std::collections::{BTreeMap, BTreeSet};

use emath::{Pos2, Rect, vec2};

use super::lower::{BADGE_ROOM, badge_x};
use super::{Badge, ClockInput, ClockMarks, Rail, RawOutline, Reach, Whisker};
use crate::analysis::clocks::{ClockModel, EventKey, FindingTone, Placed};
use crate::model::SpanIx;
use crate::model::time::duration_text;
use crate::scene::build::span_rect;
use crate::scene::frame::{Scene, SceneBar};
use crate::scene::input::SceneInput;
use crate::scene::shape::{BarRect, TextShape};
use crate::scene::text;
use crate::scene::view_state::ViewState;

/// Whiskers per frame, at most.
pub const MOST_WHISKERS: usize = 400;
/// Bars that are asked for their bounds per frame, at most.
const MOST_BARS: usize = 1500;
/// Raw positions drawn, at most.
const MOST_OUTLINES: usize = 40;
/// Badges per frame, at most.
pub const MOST_BADGES: usize = 300;
/// A narrower whisker could not be told from the edge of its bar.
const LEAST_WIDTH: f32 = 3.0;
/// Bars narrower than this get none, unless they are selected.
const LEAST_BAR: f32 = 6.0;
/// Length of the arrow at an open side, and of its head.
const OPEN: f32 = 16.0;
const ARROW: f32 = 3.0;

/// Adds all of it to `scene`.
pub(in crate::scene) fn add(clocks: &ClockInput<'_>, input: &SceneInput<'_>, view: &ViewState, scene: &mut Scene) {
    let mut marks = std::mem::take(&mut scene.clocks);
    badges(scene, &mut marks);
    // What moves has no whiskers: they belong to a place.
    if clocks.is_frame && input.travel.is_none() {
        whiskers(clocks, input, view, scene, &mut marks);
        clear_labels(scene, &marks);
        say_what_is_open(scene, &mut marks);
        marks.grounds = grounds(scene, &marks);
    }
    if clocks.is_frame || input.travel.is_some_and(|travel| travel.before().is_frame()) {
        outlines(clocks, input, view, scene, &mut marks);
    }
    scene.clocks = marks;
}

/// Numbers at bars and strips, the gravest first where there is no room for all.
fn badges(scene: &Scene, marks: &mut ClockMarks) {
    let canvas = scene.areas.canvas;
    let radius = scene.metrics.small * BADGE_ROOM;
    let bars = scene.bars.iter().filter(|bar| canvas.intersects(bar.rect));
    let at_bars = bars.filter_map(|bar| Some((bar.finding?, Pos2::new(bar.rect.left(), bar.rect.top() + 1.0))));
    let columns = scene.profiles.iter().flat_map(|profile| {
        let mut last = None;
        profile.columns.iter().filter_map(move |column| {
            let is_new = column.finding != std::mem::replace(&mut last, column.finding);
            let at = Pos2::new(column.x, profile.rect.bottom() - 6.5);
            column.finding.filter(|_| is_new).map(|finding| (finding, at))
        })
    });
    let mut wanted: Vec<((u32, FindingTone), Pos2)> = at_bars.chain(columns).collect();
    wanted.sort_by_key(|((_, tone), _)| std::cmp::Reverse(*tone));
    let mut taken: BTreeSet<(i32, i32)> = BTreeSet::new();
    let mut said: BTreeSet<(i32, i32, u32)> = BTreeSet::new();
    for ((finding, tone), at) in wanted {
        if marks.badges.len() >= MOST_BADGES {
            return;
        }
        let x = badge_x(at.x, canvas, &scene.metrics);
        let center = Pos2::new(x, at.y);
        let (cell, far) = ((x / (2.0 * radius)) as i32, (x / REPEAT) as i32);
        let row = at.y.round() as i32;
        let is_free = (cell - 1..=cell + 1).all(|cell| !taken.contains(&(row, cell)));
        // The same number again and again along a row says nothing new.
        let is_news = (far - 1..=far + 1).all(|far| !said.contains(&(row, far, finding)));
        if is_free && is_news {
            taken.insert((row, cell));
            said.insert((row, far, finding));
            marks.badges.push(Badge { finding, tone, center });
        }
    }
}

/// Points between badges with the same number in a row.
const REPEAT: f32 = 40.0;

/// One end of a bar with what is known about it.
struct End {
    placed: Placed,
    at: Pos2,
}

fn whiskers(clocks: &ClockInput<'_>, input: &SceneInput<'_>, view: &ViewState, scene: &Scene, marks: &mut ClockMarks) {
    let model = &clocks.known.model;
    let stamps = model.stamps(input.store, input.domains);
    let mut groups: BTreeMap<(u32, i64), usize> = BTreeMap::new();
    // Where the last whisker of this row ends.
    let (mut row, mut taken) = (f32::NEG_INFINITY, f32::NEG_INFINITY);
    let is_selected = |span: SpanIx| view.selection.contains(&span);
    let wide = |bar: &&SceneBar| {
        bar.count == 1 && bar.rect.height() >= 8.0 && (bar.rect.width() >= LEAST_BAR || is_selected(bar.span))
    };
    for bar in scene.bars.iter().filter(wide).take(MOST_BARS) {
        if marks.whiskers.len() >= MOST_WHISKERS {
            return;
        }
        if bar.rect.top() != row {
            (row, taken) = (bar.rect.top(), f32::NEG_INFINITY);
        }
        let (start, end) = (stamps.start(bar.span), stamps.end(bar.span));
        let is_rigid = start.zip(end).is_some_and(|(start, end)| start.is_rigid_with(&end));
        if let Some(start) = start.filter(|_| is_rigid) {
            let group = (start.clock, start.anchor_ns);
            if let Some(&rail) = groups.get(&group) {
                extend(&mut marks.rails[rail], bar.rect);
                continue;
            }
        }
        let [first, last] = [EventKey::start(bar.span), EventKey::end(bar.span)].map(|key| {
            let placed = input.place(key)?;
            let (start_ns, end_ns) = input.extent_ns(bar.span);
            let at_ns = if key == EventKey::start(bar.span) { start_ns } else { end_ns };
            Some(End { placed, at: Pos2::new(scene.scale.screen_from_time(at_ns), bar.rect.center().y) })
        });
        let before = marks.whiskers.len();
        for (end, is_end) in [(first, false), (last, true)] {
            let Some(End { placed, at }) = end else { continue };
            let Some(mut whisker) = whisker(scene, bar, is_end, at, &placed) else { continue };
            let from = whisker.inner.lo.unwrap_or(at.x - OPEN);
            if from < taken && !is_selected(bar.span) {
                continue;
            }
            taken = whisker.inner.hi.unwrap_or(at.x + OPEN) + 2.0;
            let strict = clocks.known.strict().filter(|_| input.held().is_none());
            whisker.outer = outer(strict, input, scene, &whisker);
            marks.whiskers.push(whisker);
        }
        if is_rigid
            && let Some(start) = start
            && marks.whiskers.len() > before
        {
            groups.insert((start.clock, start.anchor_ns), marks.rails.len());
            let y = bar.rect.bottom() + 1.5;
            let [from, to] = [bar.rect.left(), bar.rect.right()].map(|x| Pos2::new(x, y));
            marks.rails.push(Rail { from, to, bars: 1 });
        }
    }
}

/// Between a whisker and the text behind it.
const GAP: f32 = 6.0;
/// Fewer points beside a bar are no room for its name.
const LEAST_BESIDE: f32 = 28.0;
/// A longer way is not worth it: the line goes below the text instead.
const MOST_SHIFT: f32 = 60.0;

/// Moves labels out from under the whiskers of their bars.
fn clear_labels(scene: &mut Scene, marks: &ClockMarks) {
    for whisker in &marks.whiskers {
        let Some(bar) = scene.bars.iter().find(|bar| bar.span == whisker.span).map(|bar| bar.rect) else { continue };
        let to = right_of(whisker, bar) + GAP;
        if whisker.is_end {
            clear_beside(scene, bar, to);
        } else {
            clear_inside(scene, bar, to);
        }
    }
}

/// How far the marks of `whisker` reach to the right, as far as a label at `bar` can move out of their way.
fn right_of(whisker: &Whisker, bar: Rect) -> f32 {
    let from = if whisker.is_end { bar.right() } else { bar.left() };
    let of = |reach: &Reach| reach.hi.unwrap_or(whisker.at.x.max(reach.lo.unwrap_or(whisker.at.x)) + OPEN + ARROW);
    let inner = of(&whisker.inner);
    let outer = whisker.outer.as_ref().map(of).filter(|outer| outer - from <= MOST_SHIFT);
    outer.map_or(inner, |outer| outer.max(inner))
}

fn is_in_row(label: &TextShape, bar: Rect) -> bool {
    (label.pos.y - bar.center().y).abs() < bar.height() / 2.0
}

/// Labels inside of `bar` begin at `to` or later.
fn clear_inside(scene: &mut Scene, bar: Rect, to: f32) {
    let is_inside = |label: &TextShape| is_in_row(label, bar) && bar.x_range().contains(label.pos.x);
    let first = scene.labels.iter().filter(|label| is_inside(label)).map(|label| label.pos.x).reduce(f32::min);
    if let Some(shift) = first.map(|first| to - first).filter(|shift| *shift > 0.0) {
        shift_labels(scene, is_inside, shift, bar.right() - 4.0);
    }
}

/// Labels right of `bar` and before the next one begin at `to` or later, where that leaves them room.
fn clear_beside(scene: &mut Scene, bar: Rect, to: f32) {
    let in_row = |other: &&SceneBar| (other.rect.top() - bar.top()).abs() < 1.0 && other.rect.left() > bar.right();
    let next = scene.bars.iter().filter(in_row).map(|other| other.rect.left()).reduce(f32::min);
    let end = next.unwrap_or(f32::INFINITY).min(scene.areas.canvas.right());
    let is_beside = |label: &TextShape| is_in_row(label, bar) && (bar.right() - 0.5..end).contains(&label.pos.x);
    let first = scene.labels.iter().filter(|label| is_beside(label)).map(|label| label.pos.x).reduce(f32::min);
    let shift = first.map(|first| to - first).filter(|shift| *shift > 0.0 && *shift <= MOST_SHIFT);
    if let Some(shift) = shift.filter(|_| end - to >= LEAST_BESIDE) {
        shift_labels(scene, is_beside, shift, end - 4.0);
    }
}

/// Moves labels by `shift` points and cuts them at `end`; what has no room left goes.
fn shift_labels(scene: &mut Scene, is_meant: impl Fn(&TextShape) -> bool, shift: f32, end: f32) {
    // Labels of pinned lanes come first.
    let (mut at, mut held) = (0, scene.held.parts.labels);
    scene.labels.retain_mut(|label| {
        at += 1;
        if !is_meant(label) {
            return true;
        }
        label.pos.x += shift;
        let room = end - label.pos.x;
        if text::width(&label.text, label.font, label.size) > room {
            label.text = text::crop(&label.text, label.font, label.size, room).into();
        }
        let is_kept = label.text.chars().count() > 2;
        held -= usize::from(!is_kept && at <= scene.held.parts.labels);
        is_kept
    });
    scene.held.parts.labels = held;
}

/// Grounds for the texts that lie on a line: it is drawn below them, and parts for them.
fn grounds(scene: &Scene, marks: &ClockMarks) -> Vec<BarRect> {
    let mut grounds = Vec::new();
    for whisker in &marks.whiskers {
        let ends = |reach: &Reach| {
            let x = whisker.at.x;
            [reach.lo.unwrap_or(x.min(reach.hi.unwrap_or(x)) - OPEN), reach.hi.unwrap_or(x + OPEN)]
        };
        let inner = ends(&whisker.inner);
        let [left, right] = whisker.outer.as_ref().map_or(inner, ends);
        let [left, right] = [left.min(inner[0]), right.max(inner[1])];
        for label in &scene.labels {
            let width = text::width(&label.text, label.font, label.size);
            // A baseline lies less than a text's height below its middle.
            let is_level = (0.0..label.size).contains(&(label.pos.y - whisker.at.y));
            if !is_level || label.pos.x > right || label.pos.x + width < left {
                continue;
            }
            let rect = Rect::from_min_max(
                Pos2::new(label.pos.x - 2.0, label.pos.y - label.size),
                Pos2::new(label.pos.x + width + 2.0, label.pos.y + label.size * 0.25),
            );
            let under = scene.bars.iter().find(|bar| {
                bar.rect.contains(Pos2::new(label.pos.x, bar.rect.center().y)) && is_in_row(label, bar.rect)
            });
            let fill = under.map_or(scene.theme.theme().canvas, |bar| bar.fill);
            let rect = under.map_or(rect, |bar| rect.intersect(bar.rect.expand2(vec2(0.0, -1.0))));
            let ground = BarRect { rect, fill, radius: 2.0 };
            if !grounds.contains(&ground) {
                grounds.push(ground);
            }
        }
    }
    grounds
}

fn extend(rail: &mut Rail, rect: Rect) {
    rail.from.x = rail.from.x.min(rect.left());
    rail.to.x = rail.to.x.max(rect.right());
    rail.bars += 1;
}

fn whisker(scene: &Scene, bar: &SceneBar, is_end: bool, at: Pos2, placed: &Placed) -> Option<Whisker> {
    let canvas = scene.areas.canvas;
    let inner = reach(scene, placed);
    // Nothing connects the clock with the reference: the lane's head says so.
    if inner.lo.is_none() && inner.hi.is_none() {
        return None;
    }
    let (left, right) = (inner.lo.unwrap_or(at.x - OPEN), inner.hi.unwrap_or(at.x + OPEN));
    let is_seen = right >= canvas.left() && left <= canvas.right() && at.x.is_finite();
    let is_wide = right - left >= LEAST_WIDTH;
    (is_seen && is_wide).then(|| Whisker {
        span: bar.span,
        is_end,
        at,
        half: (bar.rect.height() * 0.32).round().max(3.0),
        inner,
        outer: None,
        is_assumed: inner.lo.is_none() || inner.hi.is_none(),
        says_open: false,
    })
}

/// Whisker ends on the screen, cut far outside the canvas.
fn reach(scene: &Scene, placed: &Placed) -> Reach {
    let canvas = scene.areas.canvas;
    let x = |at_ns: i64| scene.scale.screen_from_time(at_ns).clamp(canvas.left() - 60.0, canvas.right() + 60.0);
    Reach { lo: placed.earliest_ns.map(x), hi: placed.latest_ns.map(x) }
}

fn outer(strict: Option<&ClockModel>, input: &SceneInput<'_>, scene: &Scene, whisker: &Whisker) -> Option<Reach> {
    let key = if whisker.is_end { EventKey::end(whisker.span) } else { EventKey::start(whisker.span) };
    let reach = reach(scene, &strict?.place(input.store, input.domains, key)?);
    let is_more = |outer: Option<f32>, inner: Option<f32>| match (outer, inner) {
        (None, Some(_)) => true,
        (Some(outer), Some(inner)) => (outer - inner).abs() >= 2.0,
        _ => false,
    };
    (is_more(reach.lo, whisker.inner.lo) || is_more(reach.hi, whisker.inner.hi)).then_some(reach)
}

/// Names an open side where nothing follows in the row.
fn say_what_is_open(scene: &Scene, marks: &mut ClockMarks) {
    let room = 72.0 * scene.metrics.scale;
    let open = marks.whiskers.iter_mut().filter(|whisker| whisker.is_end && whisker.inner.hi.is_none());
    for whisker in open.take(20) {
        let from = whisker.at.x + OPEN;
        let space = Rect::from_min_max(Pos2::new(from, whisker.at.y - 2.0), Pos2::new(from + room, whisker.at.y + 2.0));
        let is_free = |rect: Rect| !rect.intersects(space);
        let label = |label: &TextShape| {
            let width = text::width(&label.text, label.font, label.size);
            Rect::from_x_y_ranges(label.pos.x..=label.pos.x + width, label.pos.y..=label.pos.y).expand2(vec2(4.0, 8.0))
        };
        whisker.says_open =
            scene.bars.iter().all(|bar| is_free(bar.rect)) && scene.labels.iter().all(|text| is_free(label(text)));
    }
}

/// Where selected spans stand by their own clocks. While bars travel these places stay: they show how far it is.
fn outlines(clocks: &ClockInput<'_>, input: &SceneInput<'_>, view: &ViewState, scene: &Scene, marks: &mut ClockMarks) {
    let before = input.travel.filter(|_| !clocks.is_frame).map(|travel| &travel.before().layout);
    let spans = input.store.len();
    for &span in view.selection.iter().filter(|span| span.at() < spans).take(MOST_OUTLINES) {
        let Some(rect) = span_rect(input, scene, span) else { continue };
        let (start_ns, end_ns) = input.store.span(span).drawn_ns();
        let (mapped_ns, _) = before.map_or_else(|| input.extent_ns(span), |before| before.extent_ns(span));
        let shift_ns = start_ns.saturating_sub(mapped_ns);
        let canvas = scene.areas.canvas;
        let carried = |at: i64| input.travel.map_or(at, |travel| travel.carried_ns(at));
        let [left, right] = [start_ns, end_ns.max(start_ns)]
            .map(carried)
            .map(|at| scene.scale.screen_from_time(at).clamp(canvas.left() - 20.0, canvas.right() + 20.0));
        let raw = Rect::from_x_y_ranges(left..=right.max(left + 2.0), rect.y_range());
        let is_elsewhere = (raw.left() - rect.left()).abs() >= 1.5 || (raw.right() - rect.right()).abs() >= 1.5;
        if is_elsewhere && canvas.expand(20.0).intersects(raw) {
            let sign = if shift_ns > 0 { "+" } else { "" };
            let text = format!("raw: {sign}{}", duration_text(shift_ns)).into();
            marks.raw.push(RawOutline { rect: raw, text });
        }
    }
}
