//! What makes an export stand alone: header, legend and footer.

use emath::{Pos2, Rect};

use super::build::{SceneInput, count_text, grouped};
use super::clocks::{axis_words, footnotes};
use super::frame::{Hidden, LegendEntry, Sample, Scene};
use super::geometry::{Margins, Metrics};
use super::palette::slot_colors;
use super::shape::{Anchor, TextShape};
use super::text::{self, Font};
use super::view_state::{TimeRange, ViewState};
use super::{phases, work};
use crate::arrange::{ColorBy, Section};
use crate::model::time::{MS, US, absolute_text, duration_text};
use crate::model::{SpanFlags, TraceStore};

/// Texts around an exported picture.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Caption {
    /// What the picture shows.
    pub title: String,
    /// `3 traces · 4 clocks · 412 spans · 18.4 s`.
    pub details: String,
    /// File name and short hash.
    pub source: String,
    /// Notices and warnings of the inputs, in words; empty when there are none.
    pub notices: String,
    /// Program and version.
    pub program: String,
    /// Which marks occur: failed, without an end, end before start, missing parents.
    pub marks: Marks,
}

/// Marks that need an explanation, because they occur.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Marks {
    /// Failed spans.
    pub errors: bool,
    /// Spans without an end.
    pub open: bool,
    /// Spans that end before they start.
    pub backward: bool,
    /// Parents that no input holds.
    pub ghosts: bool,
}

impl Caption {
    /// The caption of a whole workspace. `title` and `source` say where it came from.
    #[must_use]
    pub fn of_store(store: &TraceStore, clocks: usize, title: String, source: String) -> Self {
        let length = store.time_hull_ns().map_or(0, |hull| hull.end.saturating_sub(hull.start));
        let details = [
            count_text(store.traces().len() as u64, "trace"),
            count_text(clocks as u64, "clock"),
            count_text(store.len() as u64, "span"),
            duration_text(length),
        ];
        let diagnostics: u64 =
            store.inputs().iter().flat_map(|input| input.diagnostics.entries()).map(|(_, entry)| entry.count).sum();
        let has = |flag: SpanFlags| store.flags().iter().any(|flags| flags.has(flag));
        Self {
            title,
            details: details.join(" · "),
            source,
            notices: if diagnostics == 0 { String::new() } else { count_text(diagnostics, "notice") },
            program: format!("Skewline {}", env!("CARGO_PKG_VERSION")),
            marks: Marks {
                errors: has(SpanFlags::ERROR),
                open: has(SpanFlags::END_MISSING),
                backward: has(SpanFlags::END_BEFORE_START),
                ghosts: !store.ghosts().is_empty(),
            },
        }
    }
}

/// Services named in the legend; more are counted.
const MOST_SERVICES: usize = 30;
const LINE: f32 = 20.0;
const HEADER: f32 = 58.0;
const FOOTER: f32 = 28.0;
/// Height of a footnote.
const NOTE: f32 = 18.0;
const SIDE: f32 = 14.0;

/// The heights that `caption` needs.
#[must_use]
pub fn margins(caption: &Caption, input: &SceneInput<'_>, view: &ViewState, metrics: &Metrics) -> Margins {
    let entries = entries(caption, input, view);
    let lines = flow(&entries, view.size.x, metrics).last().map_or(0, |place| place.line + 1);
    Margins {
        header: (HEADER * metrics.scale).round(),
        legend: ((lines as f32 * LINE + 14.0) * metrics.scale).round(),
        turns: super::turns::strip_height(view, metrics),
        footer: ((FOOTER + footnotes(input, view).len() as f32 * NOTE) * metrics.scale).round(),
    }
}

/// Adds header, legend and footer to `scene`.
pub(super) fn add(caption: &Caption, input: &SceneInput<'_>, view: &ViewState, scene: &mut Scene) {
    scene.header = header(caption, &axis_words(input), view, scene);
    let entries = entries(caption, input, view);
    let metrics = scene.metrics;
    let top = scene.areas.legend.top() + 7.0 * metrics.scale;
    scene.legend = flow(&entries, view.size.x, &metrics)
        .into_iter()
        .zip(&entries)
        .map(|(place, (sample, text))| {
            let middle = top + (place.line as f32 + 0.5) * LINE * metrics.scale;
            LegendEntry {
                sample: *sample,
                pos: Pos2::new(place.x, text::baseline_for_middle(middle, Font::Regular, metrics.small)),
                text: text.as_str().into(),
            }
        })
        .collect();
    scene.footer = footer(caption, &search_text(input, view), scene);
    add_footnotes(input, view, scene);
}

/// Clocks and findings, above the last line.
fn add_footnotes(input: &SceneInput<'_>, view: &ViewState, scene: &mut Scene) {
    let (metrics, theme, area) = (scene.metrics, view.theme.theme(), scene.areas.footer);
    let (side, height) = (SIDE * metrics.scale, NOTE * metrics.scale);
    for (at, note) in footnotes(input, view).into_iter().enumerate() {
        let middle = area.top() + (at as f32 + 0.5) * height + 3.0 * metrics.scale;
        let baseline = text::baseline_for_middle(middle, Font::Regular, metrics.small);
        let indent = if note.finding.is_some() { SAMPLE * metrics.scale } else { 0.0 };
        let x = side + indent;
        let room = area.right() - side - x;
        let text = text::crop(&note.text, Font::Regular, metrics.small, room).into_owned();
        if let Some((number, tone)) = note.finding {
            let pos = Pos2::new(x, baseline);
            scene.legend.push(LegendEntry { sample: Sample::Finding(number, tone), pos, text: text.into() });
        } else {
            scene.footer.push(TextShape {
                pos: Pos2::new(x, baseline),
                anchor: Anchor::Start,
                font: Font::Regular,
                size: metrics.small,
                color: theme.text_dim,
                text: text.into(),
            });
        }
    }
}

fn entries(caption: &Caption, input: &SceneInput<'_>, view: &ViewState) -> Vec<(Sample, String)> {
    let mut entries = match (view.lanes.color, input.work) {
        (ColorBy::Service, _) => service_legend(input, view),
        (ColorBy::Clock, _) => work::clock_legend(input.domains, view.theme),
        (ColorBy::Agent, Some(work)) => work::agent_legend(work, view.theme),
        (ColorBy::Phase, Some(work)) => work::phase_legend(work, view.theme),
        (ColorBy::Agent | ColorBy::Phase, None) => Vec::new(),
    };
    for (_, text) in &mut entries {
        *text = text::crop(text, Font::Regular, 1.0, 24.0).into_owned();
    }
    entries.extend(phases::legend(input, view));
    entries.extend(super::tokens::legend(input, view.theme));
    entries.extend(super::ties::legend(view));
    let mut mark = |is_there: bool, sample, text: &str| {
        if is_there {
            entries.push((sample, text.to_owned()));
        }
    };
    mark(caption.marks.errors, Sample::Error, "failed");
    mark(caption.marks.open, Sample::Open, "no end in the file");
    mark(caption.marks.backward, Sample::Backward, "ends before it starts");
    mark(caption.marks.ghosts, Sample::Ghost, "parent not in the file");
    mark(input.marks.is_some(), Sample::Hit, "found by the search; the rest is dimmed");
    mark(true, Sample::Several, "several spans in one bar");
    mark(input.critical.is_some(), Sample::Critical, "critical path: what the end waited for");
    let is_unsure = input.critical.is_some_and(|critical| critical.unknown_ns > 0);
    mark(is_unsure, Sample::CriticalUnknown, "perhaps waited for: the order is not known");
    let is_shut = |section: &Section| section.group.is_some() && !view.lanes.opened.contains(&section.key);
    let is_folded = !view.lanes.folded.is_empty() || input.sections.iter().any(is_shut);
    mark(is_folded, Sample::Folded, "folded: how many spans at once, failures in red");
    entries.extend(super::clocks::legend(input, view));
    entries
}

fn service_legend(input: &SceneInput<'_>, view: &ViewState) -> Vec<(Sample, String)> {
    let services = input.colors.services();
    let color = |slot| Sample::Color(slot_colors(slot, view.theme).fill);
    let mut entries: Vec<(Sample, String)> =
        services.iter().take(MOST_SERVICES).map(|(name, slot)| (color(*slot), name.clone())).collect();
    if services.len() > MOST_SERVICES {
        let rest = format!("and {} more services", services.len() - MOST_SERVICES);
        entries.push((Sample::Color(view.theme.theme().unknown), rest));
    }
    entries
}

struct Placed {
    x: f32,
    line: usize,
}

/// Width of a sample with its gap, left of the text.
pub(super) const SAMPLE: f32 = 20.0;

fn flow(entries: &[(Sample, String)], width: f32, metrics: &Metrics) -> Vec<Placed> {
    let side = SIDE * metrics.scale;
    let (mut x, mut line) = (side, 0);
    let mut places = Vec::with_capacity(entries.len());
    for (_, text) in entries {
        let needs = SAMPLE * metrics.scale + text::width(text, Font::Regular, metrics.small);
        if x > side && x + needs > width - side {
            (x, line) = (side, line + 1);
        }
        places.push(Placed { x: x + SAMPLE * metrics.scale, line });
        x += needs + 18.0 * metrics.scale;
    }
    places
}

fn header(caption: &Caption, clock: &str, view: &ViewState, scene: &Scene) -> Vec<TextShape> {
    let (metrics, theme) = (scene.metrics, view.theme.theme());
    let scale = metrics.scale;
    let area = scene.areas.header;
    let (side, right) = (SIDE * scale, area.right() - SIDE * scale);
    let range = range_text(view.time);
    let range_width = text::width(&range, Font::Mono, metrics.small);
    let clock_width = text::width(clock, Font::Regular, metrics.small);
    let room = (right - side - range_width.max(clock_width) - 24.0 * scale).max(80.0);
    let line = |x, y: f32, anchor, font, size, color, text: &str| TextShape {
        pos: Pos2::new(x, (area.top() + y * scale).round()),
        anchor,
        font,
        size,
        color,
        text: text.into(),
    };
    let title = text::crop(&caption.title, Font::Bold, 16.0 * scale, room);
    let details = text::crop(&caption.details, Font::Regular, metrics.text, room);
    let mut texts = vec![
        line(side, 26.0, Anchor::Start, Font::Bold, 16.0 * scale, theme.text, &title),
        line(side, 45.0, Anchor::Start, Font::Regular, metrics.text, theme.text_dim, &details),
    ];
    if side + room + range_width.max(clock_width) <= right {
        texts.push(line(right, 26.0, Anchor::End, Font::Mono, metrics.small, theme.text, &range));
        texts.push(line(right, 45.0, Anchor::End, Font::Regular, metrics.small, theme.text_dim, clock));
    }
    texts
}

/// Both ends of the visible range, as exact as its length asks for; the date once when it is the same.
fn range_text(time: TimeRange) -> String {
    let step = time.length_ns() / 1000;
    // Of `2026-11-21 14:02:07.412 318 204`, milliseconds end at 23 and microseconds at 27.
    let keep = match step {
        _ if step >= MS => 23,
        _ if step >= US => 27,
        _ => 31,
    };
    let text = |at: i64| {
        let text = absolute_text(at);
        text.get(..keep).map(str::to_owned).unwrap_or(text)
    };
    let (from, to) = (text(time.from_ns), text(time.to_ns));
    match (from.split_once(' '), to.split_once(' ')) {
        (Some((from_day, _)), Some((to_day, clock))) if from_day == to_day => format!("{from} – {clock} UTC"),
        _ => format!("{from} – {to} UTC"),
    }
}

/// What was searched for and how much of it there is; empty when nothing is searched for.
fn search_text(input: &SceneInput<'_>, view: &ViewState) -> String {
    let Some(marks) = input.marks else { return String::new() };
    let spans = count_text(input.store.len() as u64, "span");
    format!("search {} · {} of {spans}", view.query.trim(), grouped(marks.all()))
}

fn footer(caption: &Caption, search: &str, scene: &Scene) -> Vec<TextShape> {
    let (metrics, theme) = (scene.metrics, scene.theme.theme());
    let area = scene.areas.footer;
    let side = SIDE * metrics.scale;
    let gap = 24.0 * metrics.scale;
    // The last line of the frame, below footnotes.
    let middle = area.bottom() - (FOOTER * metrics.scale / 2.0).min(area.height() / 2.0);
    let baseline = text::baseline_for_middle(middle, Font::Regular, metrics.small);
    let line = |x, anchor, color, text: &str| TextShape {
        pos: Pos2::new(x, baseline),
        anchor,
        font: Font::Regular,
        size: metrics.small,
        color,
        text: text.into(),
    };
    let width = |text: &str| text::width(text, Font::Regular, metrics.small);
    let right = area.right() - side;
    let program_width = width(&caption.program);
    let mut hidden = hidden_text(&scene.hidden);
    if !caption.notices.is_empty() {
        hidden.push(caption.notices.clone());
    }
    let hidden = hidden.join(" · ");
    let free = right - side - program_width - 2.0 * gap;
    let search = text::crop(search, Font::Regular, metrics.small, free * 0.4);
    let after_search = side + if search.is_empty() { 0.0 } else { width(&search) + gap };
    let free = free - (after_search - side);
    // What is missing from the picture matters more than the whole of a long file name.
    let source_room = (free - width(&hidden)).max(free * 0.35);
    let source = text::crop(&caption.source, Font::Regular, metrics.small, source_room).into_owned();
    let after_source = after_search + width(&source) + gap;
    let hidden = text::crop(&hidden, Font::Regular, metrics.small, right - program_width - gap - after_source);
    let texts = [
        line(side, Anchor::Start, theme.hit, &search),
        line(after_search, Anchor::Start, theme.text_dim, &source),
        line(after_source, Anchor::Start, theme.warning, &hidden),
        line(right, Anchor::End, theme.text_dim, &caption.program),
    ];
    texts.into_iter().filter(|text| !text.text.is_empty()).collect()
}

/// What a frame does not show, in words.
#[must_use]
pub fn hidden_text(hidden: &Hidden) -> Vec<String> {
    let mut parts = Vec::new();
    let mut say = |count: u64, noun: &str, rest: &str| {
        if count > 0 {
            parts.push(format!("{} {rest}", count_text(count, noun)));
        }
    };
    say(u64::from(hidden.rows_above), "row", "above");
    say(u64::from(hidden.rows_below), "row", "below");
    say(u64::from(hidden.lanes_below), "whole lane", "below");
    say(u64::from(hidden.lanes_hidden), "lane", "hidden");
    say(hidden.spans_aside, "span", "of other conversations hidden");
    say(hidden.ties, "arrow", "of handoffs and proposals not drawn");
    say(hidden.hits_hidden, "hit", "in hidden lanes");
    say(u64::from(hidden.lanes_folded), "lane", "folded");
    say(u64::from(hidden.groups_folded), "group", "folded");
    say(hidden.spans_folded, "span", "folded");
    say(hidden.spans_behind_bars, "span", "behind others in shared bars");
    parts
}

/// The rectangle of a legend sample left of `entry`'s text.
#[must_use]
pub fn sample_rect(entry: &LegendEntry, metrics: &Metrics) -> Rect {
    let middle = entry.pos.y - text::cap_height(Font::Regular, metrics.small) / 2.0;
    let (left, right) = (entry.pos.x - SAMPLE * metrics.scale, entry.pos.x - 6.0 * metrics.scale);
    let half = 5.0 * metrics.scale;
    Rect::from_min_max(Pos2::new(left, middle - half), Pos2::new(right, middle + half))
}
