//! The overview strip and the texts left of it.

use emath::Pos2;

use super::build::{Frame, count_text};
use super::columns;
use super::findings;
use super::frame::{OverviewColumn, OverviewMark, OverviewStrip, Scene};
use super::shape::{Anchor, TextShape};
use super::text::{self, Font};
use super::time_scale::TimeScale;
use super::view_state::{RulerMode, TimeRange, ViewState};
use crate::model::time::{absolute_text, duration_text, is_uptime};

/// Width of a column of the overview in points.
const OVERVIEW_COLUMN: f32 = 3.0;
/// Width of the mark of a finding in points.
const MARK: f32 = 8.0;

/// The axis of the overview strip: the whole trace with a small margin.
#[must_use]
pub fn overview_scale(scene: &Scene) -> TimeScale {
    let axis = scene.scale.axis();
    let hull = TimeRange { from_ns: scene.hull_ns.start, to_ns: scene.hull_ns.end };
    let mut places = ViewState::default();
    places.fit_range(TimeRange { from_ns: axis.place_ns(hull.from_ns), to_ns: axis.place_ns(hull.to_ns) });
    let whole = TimeRange { from_ns: axis.time_ns(places.time.from_ns), to_ns: axis.time_ns(places.time.to_ns) };
    TimeScale::on(axis, whole, scene.areas.overview.left(), scene.areas.overview.right())
}

pub(super) fn overview(frame: &Frame<'_>, scene: &Scene) -> OverviewStrip {
    let area = scene.areas.overview;
    let scale = overview_scale(scene);
    let column_width = OVERVIEW_COLUMN * scene.metrics.scale;
    let count = (area.width() / column_width).floor().max(1.0) as usize;
    let range = TimeRange { from_ns: scale.from_ns, to_ns: scale.time_from_screen(area.right()) };
    let (left, width, index) = (area.left(), area.width() / count as f32, frame.input.index);
    let density = columns::loads(&scale, left, width, count, |from, to, count| {
        let all = || index.overview(from, to, count);
        columns::of_shown(frame.input, all, |lane| index.lane_overview(lane, from, to, count))
    });
    let busiest = density.iter().map(|load| load.busy_ns).max().unwrap_or(0).max(1);
    let marks = frame.input.marks;
    let hits = marks.map(|marks| {
        columns::loads(&scale, left, width, count, |from, to, count| {
            let all = || marks.overview(from, to, count);
            columns::of_shown(frame.input, all, |lane| marks.lane_overview(lane, from, to, count))
        })
    });
    let hits = hits.unwrap_or_default();
    let has_hit = |at: usize| hits.get(at).is_some_and(|load| load.spans > 0);
    let columns = density
        .iter()
        .enumerate()
        .filter(|(_, load)| load.spans > 0)
        .map(|(at, load)| OverviewColumn {
            x: area.left() + at as f32 * (area.width() / count as f32),
            // The square root keeps quiet stretches visible beside busy ones.
            height: (load.busy_ns.max(0) as f32 / busiest as f32).sqrt().max(0.06),
            has_error: load.errors > 0,
            has_hit: has_hit(at),
            is_dim: marks.is_some() && !has_hit(at),
            finding: None,
        })
        .collect();
    let edge = |time_ns| scale.screen_from_time(time_ns).clamp(area.left(), area.right());
    OverviewStrip {
        columns,
        column_width: area.width() / count as f32,
        marks: finding_marks(frame, scene, &scale),
        window: [edge(frame.view.time.from_ns), edge(frame.view.time.to_ns)],
        range,
    }
}

/// The gravest finding of every stretch that is as wide as a mark: its cost follows the width of the strip.
fn finding_marks(frame: &Frame<'_>, scene: &Scene, scale: &TimeScale) -> Vec<OverviewMark> {
    let Some(tags) = frame.input.tags.filter(|tags| !tags.is_empty()) else { return Vec::new() };
    let (area, unit) = (scene.areas.overview, scene.metrics.scale);
    let count = (area.width() / (MARK * unit)).floor().max(1.0) as usize;
    let width = area.width() / count as f32;
    let edge = |at: usize| scale.time_from_screen(area.left() + at as f32 * width);
    let mark = |at: usize| {
        let time = TimeRange { from_ns: edge(at), to_ns: edge(at + 1) };
        let (finding, tone) = findings::of_tag(tags.in_time(time.from_ns, time.to_ns).next()?)?;
        let x = area.left() + (at as f32 + 0.5) * width;
        // On the line that says where spans failed.
        let center = Pos2::new(x, area.bottom() - 4.75 * unit);
        Some(OverviewMark { center, finding, tone, time })
    };
    (0..count).filter_map(mark).collect()
}

/// The mark of a finding at `pos`, with some room around it.
#[must_use]
pub fn mark_at(scene: &Scene, pos: Pos2) -> Option<&OverviewMark> {
    let reach = MARK * scene.metrics.scale * 0.7;
    let near = scene.overview.marks.iter().filter(|mark| mark.center.distance(pos) <= reach);
    near.min_by(|a, b| a.center.distance(pos).total_cmp(&b.center.distance(pos)))
}

pub(super) fn corner(frame: &Frame<'_>, scene: &Scene) -> Vec<TextShape> {
    let (areas, metrics, theme) = (&scene.areas, &scene.metrics, frame.theme);
    let left = 14.0 * metrics.scale;
    let room = areas.corner.width() - left - 10.0 * metrics.scale;
    let store = frame.input.store;
    let line = |baseline: f32, font, size, color, text: &str| TextShape {
        pos: Pos2::new(left, baseline.round()),
        anchor: Anchor::Start,
        font,
        size,
        color,
        text: text::crop(text, font, size, room).into(),
    };
    let mut summary = format!(
        "{} · {}",
        count_text(store.len() as u64, "span"),
        duration_text(scene.hull_ns.end.saturating_sub(scene.hull_ns.start))
    );
    if store.failed() > 0 {
        summary = format!("{summary} · {} failed", store.failed());
    }
    let clock = match frame.view.ruler {
        RulerMode::Relative if scene.ruler.base.is_empty() => "Time since the first span".to_owned(),
        RulerMode::Relative => scene.ruler.base.clone(),
        RulerMode::Absolute if is_uptime(frame.view.time.from_ns, frame.view.time.to_ns) => {
            format!("Since the clock's zero  {}", scene.ruler.base)
        }
        RulerMode::Absolute => {
            let day = absolute_text(frame.view.time.from_ns);
            format!("{} UTC  {}", day.get(..10).unwrap_or_default(), scene.ruler.base)
        }
    };
    let top = areas.corner.top();
    let turns = (!frame.view.course.turns.is_empty()).then(|| {
        let baseline = areas.turns.top() + 14.0 * metrics.scale;
        line(baseline, Font::Regular, metrics.small, theme.text_dim, &turns_text(frame))
    });
    let mut lines = vec![
        line(top + 19.0 * metrics.scale, Font::Bold, metrics.text, theme.text, "Overview"),
        line(top + 35.0 * metrics.scale, Font::Regular, metrics.small, theme.text_dim, &summary),
        line(
            areas.ruler.bottom() - 9.0 * metrics.scale,
            Font::Regular,
            metrics.small,
            theme.text_dim,
            clock.trim_end(),
        ),
    ];
    lines.extend(turns);
    lines
}

/// `3 turns of c-7f3a`, `12 turns of 4 conversations`.
fn turns_text(frame: &Frame<'_>) -> String {
    let turns = count_text(frame.view.course.turns.len() as u64, "turn");
    let conversations = frame.input.work.map(|work| work.genai.conversations()).unwrap_or_default();
    match (&frame.view.plan.only, conversations) {
        (Some(only), _) => format!("{turns} of {only}"),
        (None, [one]) => format!("{turns} of {}", one.id),
        (None, several) => format!("{turns} of {}", count_text(several.len() as u64, "conversation")),
    }
}
