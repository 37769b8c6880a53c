//! Store, layout and view to a [`Scene`]. Its cost follows the pixels of the view, not the spans (invariant I6).

use emath::{Pos2, Rect};
use std::ops::Range;
use std::sync::Arc;

use super::caption::{self};
use super::clocks::{self, ClockMarks};
use super::critical::{self};
use super::cut;
use super::findings;
use super::folding;
use super::frame::{Dense, GhostBox, Held as HeldLanes, OverviewStrip, Scene, SceneBar};
use super::geometry::{Areas, LaneBand, Margins, Metrics, lane_bands};
use super::heads::LaneTexts;
use super::hidden;
use super::input::SceneInput;
use super::labels::Labels;
use super::measure;
use super::palette::unknown_colors;
use super::phases;
pub(super) use super::place::span_rect;
use super::place::{OVERHANG, Place, least_width};
use super::profile;
use super::ruler;
use super::sections;
use super::selection;
use super::shape::{Anchor, TextShape};
use super::strip;
use super::text::{self, Font};
use super::theme::{Theme, dimmed, faded};
use super::ties;
use super::time_scale::TimeScale;
use super::tints::{Dye, Tint, Tints};
use super::tokens::{self, TokenMarks};
use super::turns::{self, TurnMarks};
use super::view_state::{TimeRange, ViewState};
use super::work::{Work, clock_colors, phase_colors};
use crate::analysis::clocks::{Between, EventKey};
use crate::arrange::ColorBy;
use crate::layout::RowIx;
use crate::lod::{Bar, GhostRun, bucket_for};
pub(super) use crate::model::grouped;
use crate::model::{SpanFlags, SpanIx};

/// Short spans that start within about this many points share a bar: the index rounds down to a power of two of
/// nanoseconds, so it is half as many to as many.
const BUCKET_POINTS: f32 = 4.0;
/// Free space right of a bar, taken from its width.
const NEIGHBOUR_GAP: f32 = 1.0;
/// Points right of a bar without an end that its tail takes.
pub(super) const OPEN_TAIL: f32 = 18.0;
/// Events looked at per bar and frame.
const MOST_EVENTS: usize = 600;

/// Builds scenes, keeping buffers and measured texts from frame to frame.
///
/// One per arrangement: texts are remembered by symbol and by lane, so [`SceneBuilder::reset`] it when the store or
/// its arrangement changes.
#[derive(Debug, Default)]
pub struct SceneBuilder {
    labels: Labels,
    bars: Vec<Bar>,
    tints: Tints,
    ghosts: Vec<GhostRun>,
    pub(super) lane_texts: Vec<Option<LaneTexts>>,
    strings: usize,
    /// Room for the bars of the next scene.
    spare: Vec<SceneBar>,
    /// The last answer about two events on different clocks.
    measured: Option<([EventKey; 2], Option<Between>)>,
}

/// Builds one scene. Where frames follow each other, keep a [`SceneBuilder`].
#[must_use]
pub fn build(input: &SceneInput<'_>, view: &ViewState) -> Scene {
    SceneBuilder::default().build(input, view)
}

/// The axis of the canvas when `view` is drawn in the window (without header and footer).
#[must_use]
pub fn canvas_scale(view: &ViewState) -> TimeScale {
    let metrics = Metrics::new(view.text_scale);
    let areas = Areas::new(view.size, view.head_width, &metrics, Margins::default());
    TimeScale::on(view.axis(), view.time, areas.canvas.left(), areas.canvas.right())
}

/// What the steps of one build share.
pub(super) struct Frame<'a> {
    pub input: &'a SceneInput<'a>,
    pub view: &'a ViewState,
    pub theme: &'static Theme,
    /// What an empty lane says.
    nothing: Arc<str>,
}

impl SceneBuilder {
    /// Forgets answers about clocks: something else is known about them now.
    pub fn forget_clocks(&mut self) {
        self.measured = None;
    }

    /// Takes the memory of a scene that is not shown any more: asking the system for a megabyte of it costs a frame
    /// more than filling it.
    pub fn reuse(&mut self, scene: Scene) {
        self.spare = scene.bars;
        self.spare.clear();
    }

    /// Forgets texts of a store that is gone.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    /// Builds the scene of `view`.
    #[must_use]
    pub fn build(&mut self, input: &SceneInput<'_>, view: &ViewState) -> Scene {
        if self.strings != input.store.strings().len() {
            self.reset();
            self.strings = input.store.strings().len();
        }
        let knows_work = input.work.is_some();
        self.tints.prepare(Dye { theme: view.theme, by: view.lanes.color, knows_work });
        let frame = Frame { input, view, theme: view.theme.theme(), nothing: "no spans in this time range".into() };
        let mut scene = Scene { bars: std::mem::take(&mut self.spare), ..empty_scene(input, view) };
        if input.caption.is_some() {
            cut::at_rows(&mut scene);
        }
        scene.overview = strip::overview(&frame, &scene);
        let origin_ns = scene.hull_ns.start;
        scene.turns.breaks = turns::breaks(view, &scene);
        let taken: Vec<[f32; 2]> = scene.turns.breaks.iter().filter_map(turns::BreakMark::text_range).collect();
        let (scale, size) = (&scene.scale, scene.metrics.small);
        scene.ruler = ruler::ruler(&ruler::Asked { time: view.time, scale, origin_ns, mode: view.ruler, size, taken });
        turns::add(&frame, &mut scene);
        scene.corner = strip::corner(&frame, &scene);
        self.lanes(&frame, &mut scene);
        critical::add(input, &mut scene);
        folding::add(&frame, &mut scene, &mut self.bars);
        let measured = self.measured(input, view);
        selection::add(&selection::Context { input, view, measured }, &mut scene);
        if let Some(known) = &input.clocks {
            clocks::add_whiskers(known, input, view, &mut scene);
        }
        // Pills keep out of the way of what is there: names, numbers, other pills.
        ties::add(&frame, &mut scene);
        if let Some(known) = input.clocks.as_ref().filter(|_| input.travel.is_none()) {
            clocks::add_arrows(known, input, view, &mut scene);
        }
        if let Some(caption) = input.caption {
            cut::say(&mut scene);
            caption::add(caption, input, view, &mut scene);
        }
        scene
    }

    /// What is known about the time that `view` measures. Asked anew only when other events are measured: it takes
    /// two searches through the clocks.
    fn measured(&mut self, input: &SceneInput<'_>, view: &ViewState) -> Option<Between> {
        let range = measure::range_now(input, view)?;
        let (Some(clocks), [Some(from), Some(to)]) = (input.clocks, view.measure_ends) else { return None };
        let ends = if range.from_ns <= range.to_ns { [from, to] } else { [to, from] };
        if ends.iter().any(|end| end.span.at() >= input.store.len()) {
            return None;
        }
        if let Some((_, between)) = self.measured.filter(|(known, _)| *known == ends) {
            return between;
        }
        let between = clocks.known.model.between(input.store, input.domains, ends[0], ends[1]);
        self.measured = Some((ends, between));
        between
    }

    fn lanes(&mut self, frame: &Frame<'_>, scene: &mut Scene) {
        let bands = std::mem::take(&mut scene.bands);
        let held = scene.held.height;
        let split = bands.partition_point(|band| band.lane_top < held);
        self.bands(frame, scene, &bands[..split], 0.0..held);
        scene.held.parts = scene.parts();
        let top = scene.scroll_y + held;
        let height = f64::from(scene.areas.canvas.height());
        let bottom = scene.scroll_y + height;
        let first = bands.partition_point(|band| band.bottom() <= top).max(split);
        let sunk = frame.input.sunk(super::geometry::content_height(&bands)).min(height);
        self.bands(frame, scene, &bands[first..], top..bottom + sunk);
        hidden::count(frame, scene, &bands, split, &(top..bottom));
        scene.bands = bands;
    }

    /// What of `bands` lies between `seen`, in content coordinates.
    fn bands(&mut self, frame: &Frame<'_>, scene: &mut Scene, bands: &[LaneBand], seen: Range<f64>) {
        for band in bands.iter().take_while(|band| band.top < seen.end) {
            if scene.lanes.last().is_none_or(|head| head.lane != band.lane) {
                self.head(frame, scene, band);
            }
            sections::add(frame, scene, band);
            let before = scene.bars.len() + scene.ghosts.len();
            if band.is_folded {
                profile::add(frame, scene, band, &mut self.bars);
                continue;
            }
            for row in band.rows_between(seen.start, seen.end) {
                self.row(frame, scene, band, RowIx(row));
            }
            if scene.bars.len() + scene.ghosts.len() == before && band.section.is_none() {
                say_nothing_here(frame, scene);
            }
        }
    }

    fn row(&mut self, frame: &Frame<'_>, scene: &mut Scene, band: &LaneBand, row: RowIx) {
        let (index, time) = (frame.input.index, frame.view.time);
        let bucket = bucket_for(scene.scale.ns_from_points(BUCKET_POINTS));
        let slack = scene.scale.ns_from_points(OVERHANG);
        let (from, to) = (time.from_ns.saturating_sub(slack), time.to_ns.saturating_add(slack));
        let place = Place::new(scene, band, row);
        self.bars.clear();
        let reach = frame.input.reach(band, TimeRange { from_ns: from, to_ns: to });
        index.query(row, reach.from_ns, reach.to_ns, bucket, &mut self.bars);
        let first = scene.bars.len();
        let tints = &mut self.tints;
        self.bars.retain_mut(|bar| {
            let place = place.moved(frame.input, bar, band.row_top(row));
            let is_seen = bar.end_ns > from && bar.start_ns < to;
            if is_seen {
                let tint = tints.of(bar.span, || frame.colors(bar.span));
                scene.bars.push(scene_bar(frame, &scene.scale, &place, bar, tint));
            }
            is_seen
        });
        self.ghosts.clear();
        index.query_ghosts(row, reach.from_ns, reach.to_ns, bucket, &mut self.ghosts);
        for run in &mut self.ghosts {
            let place = place.moved_ghost(frame.input, run, band.row_top(row));
            if run.end_ns <= from || run.start_ns >= to {
                continue;
            }
            let rect = place.rect(&scene.scale, run.start_ns, run.end_ns, 6.0);
            scene.ghosts.push(GhostBox { rect, ghost: run.ghost, count: run.count });
            ghost_label(frame, scene, &place, rect, run);
        }
        scene.hidden.spans_behind_bars += scene.bars[first..].iter().map(|bar| u64::from(bar.count) - 1).sum::<u64>();
        dense_stretches(scene, first);
        if band.pitch >= 13.0 {
            let mut taken = scene.areas.canvas.left();
            for at in 0..self.bars.len() {
                let (bar, next) = (scene.bars[first + at], scene.bars.get(first + at + 1).map(|bar| bar.rect.left()));
                taken = self.label(frame, scene, &bar, [taken, next.unwrap_or(f32::INFINITY)]).max(bar.rect.right());
                event_ticks(frame, scene, &bar, self.bars[at].start_ns);
                phases::add(frame, scene, &bar, self.bars[at].start_ns);
                tokens::add(frame, scene, &bar, self.bars[at].start_ns);
            }
        }
    }

    /// Name and duration of a bar: inside when they fit, beside it when there is room between its neighbours, else
    /// cropped. `between` is where the neighbours, labels included, end and begin. Returns where its label ends.
    fn label(&mut self, frame: &Frame<'_>, scene: &mut Scene, bar: &SceneBar, between: [f32; 2]) -> f32 {
        let (canvas, size, unit) = (scene.areas.canvas, scene.metrics.text, scene.metrics.scale);
        let store = frame.input.store;
        let span = store.span(bar.span);
        let left = bar.rect.left().max(canvas.left());
        let right = bar.rect.right().min(canvas.right());
        let pad = 5.0 * unit + if bar.flags.has(SpanFlags::ERROR) { 2.0 } else { 0.0 };
        // The number of a finding stands at the left edge: names keep out of its way.
        let [badge_left, badge_right] = clocks::badge_ends(bar, canvas, &scene.metrics).unwrap_or([left, left]);
        let lead = pad.max(badge_right + 3.0 - left);
        let inside = right - left - lead - pad;
        // The dashed tail of an open end.
        let tail = if bar.flags.has(SpanFlags::END_MISSING) && bar.count == 1 { OPEN_TAIL } else { 0.0 };
        let beside_x = (right + tail + pad).max(badge_right + 3.0);
        let before_x = left.min(badge_left) - pad;
        let after = between[1].min(canvas.right()) - beside_x - pad - 4.0;
        let before = before_x - between[0] - pad - 4.0;
        if inside < 20.0 * unit && after.max(before) < 20.0 * unit {
            return right;
        }
        let whole = self.labels.width(store, span.name_sym(), size);
        let least_beside = if bar.count > 1 { 52.0 } else { 28.0 } * unit;
        let is_last = between[1] >= canvas.right();
        let (within, beside) = match bar.is_dim {
            true => (frame.theme.text_faint, faded(frame.theme.text_faint, 0.7)),
            false => (frame.colors(bar.span).0.text, frame.theme.text_dim),
        };
        let is_beside_better = whole > inside && bar.rect.right() >= canvas.left();
        let (x, room, color) = if is_beside_better && after >= whole.min(90.0 * unit).max(least_beside) {
            (beside_x, after, beside)
        } else if is_last && is_beside_better && before >= whole && inside < 60.0 * unit {
            // Left of the bar only at the end of the row: between two bars nobody could tell whose name it is.
            (before_x - whole, whole, beside)
        } else if inside >= 20.0 * unit || inside >= whole {
            (left + lead, inside, within)
        } else if is_beside_better && after >= least_beside {
            (beside_x, after, beside)
        } else {
            return right;
        };
        let Some(name) = self.labels.crop(store, span.name_sym(), size, room) else { return right };
        let baseline = text::baseline_for_middle(phases::text_middle(frame, bar), Font::Regular, size);
        let text_shape = |x: f32, color, text| TextShape {
            pos: Pos2::new(x, baseline),
            anchor: Anchor::Start,
            font: Font::Regular,
            size,
            color,
            text,
        };
        scene.labels.push(text_shape(x, color, name.text));
        let end = x + name.width;
        if !name.is_whole {
            return end;
        }
        let (text, width) = self.beside_name(bar, shown_ns(frame, bar.span), size);
        let at = end + 7.0 * unit;
        if text.is_empty() || at + width > x + room {
            return end;
        }
        scene.labels.push(text_shape(at, faded(color, 0.72), text));
        at + width
    }

    /// How long a span is; a bar that stands for several spans says how many more there are instead.
    fn beside_name(&mut self, bar: &SceneBar, duration_ns: Option<i64>, size: f32) -> (Arc<str>, f32) {
        if bar.count > 1 || bar.folded > 0 {
            let text = match (bar.count - 1, bar.folded) {
                (0, folded) => format!("▸ {folded} folded"),
                (more, _) => format!("+{more}"),
            };
            let width = text::width(&text, Font::Regular, size);
            return (text.into(), width);
        }
        duration_ns.map_or_else(|| ("".into(), 0.0), |duration| self.labels.duration(duration, size))
    }
}

/// How long a span is by the times that are drawn: where they are read in another unit, so is its duration.
fn shown_ns(frame: &Frame<'_>, span: SpanIx) -> Option<i64> {
    let raw_ns = frame.input.store.span(span).duration_ns()?;
    let Some(clocks) = frame.input.clocks.filter(|clocks| clocks.is_frame) else { return Some(raw_ns) };
    let domain = frame.input.domains.of_span.get(span.at());
    Some(domain.map_or(raw_ns, |&domain| clocks.known.model.duration_ns(domain, raw_ns)))
}

/// An empty stretch of a lane is a fact about the time range, not about the lane.
fn say_nothing_here(frame: &Frame<'_>, scene: &mut Scene) {
    let (size, canvas) = (scene.metrics.small, scene.areas.canvas);
    let Some(head) = scene.lanes.last() else { return };
    let middle = head.text_top + scene.metrics.lane_pad + scene.metrics.pitch / 2.0;
    let shape = TextShape {
        pos: Pos2::new(
            canvas.left() + 12.0 * scene.metrics.scale,
            text::baseline_for_middle(middle, Font::Regular, size),
        ),
        anchor: Anchor::Start,
        font: Font::Regular,
        size,
        color: frame.theme.text_faint,
        text: Arc::clone(&frame.nothing),
    };
    scene.labels.push(shape);
}

fn ghost_label(frame: &Frame<'_>, scene: &mut Scene, place: &Place, rect: Rect, run: &GhostRun) {
    let ghosts = frame.input.store.ghosts();
    let Some(ghost) = ghosts.get(run.ghost as usize) else { return };
    if place.pitch < 13.0 {
        return;
    }
    let long = match (run.count, ghost.remote) {
        (1, Some(true)) => "remote parent, not in this file",
        (1, Some(false)) => "local parent, not in this file",
        (1, None) => "parent not in this file",
        _ => "parents not in this file",
    };
    let (size, canvas, unit) = (scene.metrics.small, scene.areas.canvas, scene.metrics.scale);
    let left = rect.left().max(canvas.left());
    let room = rect.right().min(canvas.right()) - left - 10.0 * unit;
    // Too narrow for any words.
    if room < 4.0 * size {
        return;
    }
    let store = frame.input.store;
    let work = frame.input.work.filter(|_| run.count == 1);
    let named = work.and_then(|work| work.genai.lost_parent_name(store, ghost).words(store));
    let long = named.as_ref().map_or_else(|| long.to_owned(), |name| format!("{name} · {long}"));
    let text = text::crop(&long, Font::Regular, size, room);
    let least = if named.is_some() { 8 } else { 18 };
    if text.is_empty() || (text.len() < least && text.len() < long.len()) {
        return;
    }
    scene.labels.push(TextShape {
        pos: Pos2::new(left + 5.0 * unit, text::baseline_for_middle(rect.center().y, Font::Regular, size)),
        anchor: Anchor::Start,
        font: Font::Regular,
        size,
        color: frame.theme.text_faint,
        text: text.into(),
    });
}

impl<'a> Frame<'a> {
    /// The colours of `span`, and whether they stand for something that nothing states.
    pub(super) fn colors(&self, span: SpanIx) -> Tint {
        let (input, theme) = (self.input, self.view.theme);
        let by_work =
            |colors: &dyn Fn(&Work) -> Tint| input.work.map_or_else(|| (unknown_colors(theme), false), colors);
        match self.view.lanes.color {
            ColorBy::Service => (input.colors.colors(input.store.span(span).resource_ix(), theme), false),
            ColorBy::Agent => by_work(&|work| work.colors_by_agent(span, theme)),
            ColorBy::Phase => by_work(&|work| (phase_colors(work.genai.phase_of(span), theme), false)),
            ColorBy::Clock => {
                let clock = input.domains.of_span.get(span.at());
                (clock.map_or_else(|| unknown_colors(theme), |&clock| clock_colors(clock, theme)), false)
            }
        }
    }
}

fn scene_bar(frame: &Frame<'_>, scale: &TimeScale, place: &Place, bar: &Bar, (colors, is_guess): Tint) -> SceneBar {
    let mut rect = place.rect(scale, bar.start_ns, bar.end_ns, least_width(bar.flags));
    if rect.width() >= 6.0 {
        // Spans that follow each other without a pause stay two bars to the eye.
        rect.max.x -= NEIGHBOUR_GAP;
    }
    let folded = frame.input.layout.hidden_behind(bar.span);
    let hits = frame.input.marks.map_or(0, |marks| marks.in_bar(bar));
    let is_dim = hits == 0 && frame.input.marks.is_some();
    let fill = if is_dim { dimmed(colors.fill, frame.theme) } else { colors.fill };
    let tag = frame.input.tags.and_then(|tags| tags.in_slots(bar.slot..bar.slot.saturating_add(bar.count)));
    let finding = tag.and_then(findings::of_tag);
    SceneBar { rect, span: bar.span, folded, count: bar.count, flags: bar.flags, hits, finding, is_dim, fill, is_guess }
}

/// Says how many spans stretches of shared bars hide, where there is room to say it.
fn dense_stretches(scene: &mut Scene, first: usize) {
    const GAP: f32 = 3.0;
    let least = 74.0 * scene.metrics.scale;
    let mut at = first;
    while at < scene.bars.len() {
        let start = at;
        let mut rect = scene.bars[at].rect;
        let (mut spans, mut hits) = (0, 0);
        while let Some(bar) = scene.bars.get(at).filter(|bar| bar.count > 1 && bar.rect.left() <= rect.right() + GAP) {
            rect = rect.union(bar.rect);
            spans += u64::from(bar.count);
            hits += u64::from(bar.hits);
            at += 1;
        }
        if at == start {
            at += 1;
        } else if rect.width() >= least {
            scene.dense.push(Dense { rect, spans, hits });
        }
    }
}

/// Ticks of events along the lower edge of a bar, one per point at most.
fn event_ticks(frame: &Frame<'_>, scene: &mut Scene, bar: &SceneBar, start_ns: i64) {
    if bar.count > 1 || bar.rect.width() < 12.0 {
        return;
    }
    let span = frame.input.store.span(bar.span);
    let raw_start = span.drawn_ns().0;
    let shift = if bar.flags.has(SpanFlags::START_MISSING) { 0 } else { start_ns.saturating_sub(raw_start) };
    let canvas = scene.areas.canvas;
    let mut last = f32::NEG_INFINITY;
    // Of very many events every so-manieth is looked at: they share points anyway.
    let step = span.events().len() / MOST_EVENTS + 1;
    // Pieces of a stream have ticks of their own, below the bar.
    let stream = frame.input.work.filter(|work| work.genai.stream(frame.input.store, bar.span).is_some());
    for event in span.events().step_by(step) {
        if stream.is_some_and(|work| work.genai.is_piece(event.name_sym())) {
            continue;
        }
        let x = scene.scale.screen_from_time(event.time_ns().saturating_add(shift));
        if x < last + 1.5 || x < canvas.left() || x > canvas.right() {
            continue;
        }
        last = x;
        let height = (bar.rect.height() * 0.18).round().max(2.0);
        scene.events.push([x, bar.rect.bottom() - height, bar.rect.bottom()]);
    }
}

fn empty_scene(input: &SceneInput<'_>, view: &ViewState) -> Scene {
    let metrics = Metrics::new(view.text_scale);
    let margins = match input.caption {
        Some(caption) => caption::margins(caption, input, view, &metrics),
        None => Margins { turns: turns::strip_height(view, &metrics), ..Margins::default() },
    };
    let areas = Areas::new(view.size, view.head_width, &metrics, margins);
    let bands = lane_bands(input.lanes, input.sections, input.layout, view, &metrics);
    let content = super::geometry::content_height(&bands);
    let most_scroll = (content - f64::from(areas.canvas.height())).max(0.0);
    Scene {
        theme: view.theme,
        size: view.size,
        scale: TimeScale::on(view.axis(), view.time, areas.canvas.left(), areas.canvas.right()),
        hull_ns: input.hull_ns.clone(),
        held: HeldLanes { height: bands.held_height(areas.canvas.height()), ..HeldLanes::default() },
        scroll_y: if view.scroll_y.is_finite() { view.scroll_y.clamp(0.0, most_scroll) } else { 0.0 },
        metrics,
        areas,
        bands,
        header: Vec::new(),
        overview: OverviewStrip::default(),
        corner: Vec::new(),
        ruler: ruler::Ruler::default(),
        lanes: Vec::new(),
        bars: Vec::new(),
        profiles: Vec::new(),
        sections: Vec::new(),
        phases: Vec::new(),
        critical: Vec::new(),
        dense: Vec::new(),
        ghosts: Vec::new(),
        labels: Vec::new(),
        events: Vec::new(),
        edges: Vec::new(),
        selected: Vec::new(),
        focused: None,
        measure: None,
        clocks: ClockMarks::default(),
        folding: Vec::new(),
        ties: Vec::new(),
        tokens: TokenMarks::default(),
        turns: TurnMarks::default(),
        notes: Vec::new(),
        legend: Vec::new(),
        footer: Vec::new(),
        rest: None,
        hidden: super::frame::Hidden::default(),
    }
}

/// `1 span`, `1,204 spans`.
#[must_use]
pub fn count_text(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(count))
}
