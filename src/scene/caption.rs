//! What makes an export stand alone: header, legend and footer.

use emath::{Pos2, Rect};

use super::below::{Below, NOTE, NoteLine, Placed, SAMPLE, SIDE, below};
use super::build::{count_text, grouped};
use super::clocks::{self, axis_words};
use super::frame::{Hidden, LegendEntry, Sample, Scene};
use super::geometry::{Margins, Metrics, content_height, lane_bands};
use super::input::SceneInput;
use super::palette::slot_colors;
use super::shape::{Anchor, TextShape};
use super::text::{self, Font};
use super::view_state::{TimeRange, ViewState};
use super::{phases, work};
use crate::arrange::{ColorBy, Section};
use crate::model::time::{MS, US, absolute_text, duration_text, is_uptime, uptime_text};
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
const HEADER: f32 = 58.0;
/// Each of the lines that a narrow header has more.
const HEADER_LINE: f32 = 18.0;
const FOOTER: f32 = 28.0;
/// What a line of the footer leaves to the counts of what is hidden, at least.
const LEAST_HIDDEN: f32 = 420.0;
/// The share of a picture's height that stays with the timeline, as far as it needs it.
const TIMELINE: f32 = 0.55;

/// The parts of a caption, as they fit into a picture.
struct Parts {
    /// Range and clock have lines of their own.
    is_narrow: bool,
    /// Hidden counts and program have a line of their own.
    is_tall: bool,
    below: Below,
}

impl Parts {
    fn new(caption: &Caption, input: &SceneInput<'_>, view: &ViewState, metrics: &Metrics) -> Self {
        let (width, scale) = (view.size.x, metrics.scale);
        let mut parts = Self {
            is_narrow: is_narrow(&Heading::new(caption, input, view), view, metrics),
            is_tall: is_tall(caption, &search_text(input, view), width, metrics),
            below: Below::default(),
        };
        let around = parts.header(scale)
            + parts.footer(scale)
            + super::turns::strip_height(view, metrics)
            + metrics.overview
            + metrics.ruler;
        let room = (view.size.y - around).max(0.0);
        let bands = lane_bands(input.lanes, input.sections, input.layout, view, metrics);
        let most = room - (content_height(&bands) as f32).min(room * TIMELINE);
        let entries = entries(caption, input, view);
        parts.below = below(&entries, &clocks::notes(input, view), width, most, metrics);
        parts
    }

    fn header(&self, scale: f32) -> f32 {
        ((HEADER + if self.is_narrow { 2.0 * HEADER_LINE } else { 0.0 }) * scale).round()
    }

    /// The last lines, without the notes above them.
    fn footer(&self, scale: f32) -> f32 {
        (FOOTER + if self.is_tall { NOTE } else { 0.0 }) * scale
    }
}

/// The heights that `caption` needs.
#[must_use]
pub fn margins(caption: &Caption, input: &SceneInput<'_>, view: &ViewState, metrics: &Metrics) -> Margins {
    let parts = Parts::new(caption, input, view, metrics);
    Margins {
        header: parts.header(metrics.scale),
        legend: parts.below.legend_height,
        turns: super::turns::strip_height(view, metrics),
        footer: (parts.footer(metrics.scale) + parts.below.notes_height).round(),
    }
}

/// Adds header, legend and footer to `scene`.
pub(super) fn add(caption: &Caption, input: &SceneInput<'_>, view: &ViewState, scene: &mut Scene) {
    let metrics = scene.metrics;
    let parts = Parts::new(caption, input, view, &metrics);
    scene.header = header(&Heading::new(caption, input, view), view, parts.is_narrow, scene);
    let top = scene.areas.legend.top() + 7.0 * metrics.scale;
    let entry = |entry: Placed| {
        let baseline = text::baseline_for_middle(top + entry.middle_y, Font::Regular, metrics.small);
        LegendEntry { sample: entry.sample, pos: Pos2::new(entry.x, baseline), text: entry.text.into() }
    };
    scene.legend = parts.below.legend.into_iter().map(entry).collect();
    scene.footer = footer(caption, &search_text(input, view), parts.is_tall, scene);
    add_notes(parts.below.notes, view, scene);
}

/// Clocks and findings, above the last lines.
fn add_notes(notes: Vec<NoteLine>, view: &ViewState, scene: &mut Scene) {
    let (metrics, theme, area) = (scene.metrics, view.theme.theme(), scene.areas.footer);
    for note in notes {
        let middle = area.top() + ((note.line as f32 + 0.5) * NOTE + 3.0) * metrics.scale;
        let pos = Pos2::new(note.x, text::baseline_for_middle(middle, Font::Regular, metrics.small));
        if let Some((number, tone)) = note.finding {
            scene.legend.push(LegendEntry { sample: Sample::Finding(number, tone), pos, text: note.text.into() });
        } else {
            scene.footer.push(TextShape {
                pos,
                anchor: Anchor::Start,
                font: Font::Regular,
                size: metrics.small,
                color: theme.text_dim,
                text: note.text.into(),
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
    entries.extend(clocks::legend(input, view));
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

/// What the header says.
struct Heading {
    /// What is open, and the conversation that is shown alone.
    title: String,
    details: String,
    /// The time in view, and how much of all time it is.
    range: String,
    /// Whose time it is.
    clock: String,
}

impl Heading {
    fn new(caption: &Caption, input: &SceneInput<'_>, view: &ViewState) -> Self {
        let title = match &view.plan.only {
            Some(conversation) => format!("{} · conversation {conversation}", caption.title),
            None => caption.title.clone(),
        };
        let (hull, time) = (input.hull_ns, view.time);
        let is_all = time.from_ns <= hull.start && time.to_ns >= hull.end;
        let mut range = range_text(time);
        if !is_all {
            let shown_ns = time.to_ns.min(hull.end).saturating_sub(time.from_ns.max(hull.start)).max(0);
            let all_ns = hull.end.saturating_sub(hull.start);
            range = format!("{range} · {} of {}", duration_text(shown_ns), duration_text(all_ns));
        }
        Self { title, details: caption.details.clone(), range, clock: axis_words(input) }
    }
}

/// True when title and range have no room side by side.
fn is_narrow(heading: &Heading, view: &ViewState, metrics: &Metrics) -> bool {
    let scale = metrics.scale;
    let title = text::width(&heading.title, Font::Bold, 16.0 * scale).min(260.0 * scale);
    let details = text::width(&heading.details, Font::Regular, metrics.text);
    let range = text::width(&heading.range, Font::Mono, metrics.small);
    let clock = text::width(&heading.clock, Font::Regular, metrics.small);
    (2.0 * SIDE + 24.0) * scale + title.max(details) + range.max(clock) > view.size.x
}

fn header(heading: &Heading, view: &ViewState, is_narrow: bool, scene: &Scene) -> Vec<TextShape> {
    let (metrics, theme) = (scene.metrics, view.theme.theme());
    let scale = metrics.scale;
    let area = scene.areas.header;
    let (side, right) = (SIDE * scale, area.right() - SIDE * scale);
    let Heading { title, details, range, clock } = heading;
    let beside = text::width(range, Font::Mono, metrics.small).max(text::width(clock, Font::Regular, metrics.small));
    let room = right - side - if is_narrow { 0.0 } else { beside + 24.0 * scale };
    let line = |x, y: f32, anchor, font, size, color, text: &str| TextShape {
        pos: Pos2::new(x, (area.top() + y * scale).round()),
        anchor,
        font,
        size,
        color,
        text: text.into(),
    };
    let title = text::crop_middle(title, Font::Bold, 16.0 * scale, room);
    let details = text::crop(details, Font::Regular, metrics.text, room);
    // In a narrow picture range and clock follow below.
    let (x, anchor, first) =
        if is_narrow { (side, Anchor::Start, 45.0 + HEADER_LINE) } else { (right, Anchor::End, 26.0) };
    let second = if is_narrow { first + HEADER_LINE } else { 45.0 };
    let range = text::crop(range, Font::Mono, metrics.small, right - side);
    let clock = text::crop(clock, Font::Regular, metrics.small, right - side);
    vec![
        line(side, 26.0, Anchor::Start, Font::Bold, 16.0 * scale, theme.text, &title),
        line(side, 45.0, Anchor::Start, Font::Regular, metrics.text, theme.text_dim, &details),
        line(x, first, anchor, Font::Mono, metrics.small, theme.text, &range),
        line(x, second, anchor, Font::Regular, metrics.small, theme.text_dim, &clock),
    ]
}

/// Both ends of the visible range, as exact as its length asks for; the date once when it is the same.
fn range_text(time: TimeRange) -> String {
    let step = time.length_ns() / 1000;
    if is_uptime(time.from_ns, time.to_ns) {
        let lost = match step {
            _ if step >= MS => 8,
            _ if step >= US => 4,
            _ => 0,
        };
        let text = |at: i64| {
            let text = uptime_text(at);
            text.get(..text.len() - lost).map(str::to_owned).unwrap_or(text)
        };
        return format!("{} – {} since the clock's zero", text(time.from_ns), text(time.to_ns));
    }
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

/// True when one line has no room for all that the footer says.
fn is_tall(caption: &Caption, search: &str, width: f32, metrics: &Metrics) -> bool {
    let texts = [caption.source.as_str(), search, caption.program.as_str()].into_iter().filter(|text| !text.is_empty());
    let needs: f32 = texts.map(|text| text::width(text, Font::Regular, metrics.small) + GAP * metrics.scale).sum();
    needs + (LEAST_HIDDEN + 2.0 * SIDE) * metrics.scale > width
}

/// Between the texts of the footer.
const GAP: f32 = 24.0;

/// The last line of the picture, or the last two.
fn footer(caption: &Caption, search: &str, is_tall: bool, scene: &Scene) -> Vec<TextShape> {
    let (metrics, theme) = (scene.metrics, scene.theme.theme());
    let area = scene.areas.footer;
    let (side, gap) = (SIDE * metrics.scale, GAP * metrics.scale);
    let middle = area.bottom() - (FOOTER * metrics.scale / 2.0).min(area.height() / 2.0);
    let last = text::baseline_for_middle(middle, Font::Regular, metrics.small);
    let first = if is_tall { last - NOTE * metrics.scale } else { last };
    let line = |x, y, anchor, color, text: &str| TextShape {
        pos: Pos2::new(x, y),
        anchor,
        font: Font::Regular,
        size: metrics.small,
        color,
        text: text.into(),
    };
    let width = |text: &str| text::width(text, Font::Regular, metrics.small);
    let right = area.right() - side;
    let program_left = right - width(&caption.program) - gap;
    let mut hidden = hidden_text(&scene.hidden);
    if !caption.notices.is_empty() {
        hidden.push(caption.notices.clone());
    }
    let hidden = hidden.join(" · ");
    let free = if is_tall { right } else { program_left - gap } - side;
    let search = text::crop(search, Font::Regular, metrics.small, free * 0.4);
    let after_search = side + if search.is_empty() { 0.0 } else { width(&search) + gap };
    let free = free - (after_search - side);
    // What is missing from the picture matters more than the whole of a long file name.
    let source_room = if is_tall { free } else { (free - width(&hidden)).max(free * 0.35) };
    let source = text::crop_middle(&caption.source, Font::Regular, metrics.small, source_room);
    let hidden_left = if is_tall { side } else { after_search + width(&source) + gap };
    let hidden = text::crop(&hidden, Font::Regular, metrics.small, program_left - hidden_left);
    let texts = [
        line(side, first, Anchor::Start, theme.hit, &search),
        line(after_search, first, Anchor::Start, theme.text_dim, &source),
        line(hidden_left, last, Anchor::Start, theme.warning, &hidden),
        line(right, last, Anchor::End, theme.text_dim, &caption.program),
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
    say(hidden.ties_short, "arrow", "of handoffs and proposals too short to draw here");
    say(hidden.ties_crowded, "arrow", "of handoffs and proposals beyond those drawn at once");
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
