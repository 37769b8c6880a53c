//! Selecting and moving from span to span.

use super::command::Command;
use super::state::State;
use crate::analysis::clocks::EventKey;
use crate::arrange::Arranged;
use crate::layout::{RowIx, Step};
use crate::model::span::FLAG_NAMES;
use crate::model::{SpanFlags, SpanIx, TraceStore};
use crate::scene::geometry::{Areas, Bands, Margins, Metrics, content_height, lane_bands};
use crate::scene::{TimeRange, ViewState};

impl State {
    pub(super) fn apply_go(&mut self, command: &Command) {
        let Some(data) = self.data.clone() else { return };
        let is_known = |span: &SpanIx| span.at() < data.store.len();
        match command {
            Command::Select { span, extend } if is_known(span) => self.select(*span, *extend),
            Command::SelectNothing => {
                self.session.view.selection.clear();
                self.session.view.focused = None;
                self.session.view.measure_range(None);
            }
            Command::Reveal(span) if is_known(span) => self.go_to(*span),
            Command::ZoomToSpan(span) if is_known(span) => {
                self.select_only(*span);
                self.zoom_to_selection();
            }
            Command::ZoomToSelection => self.zoom_to_selection(),
            Command::MeasureSelection => self.measure_selection(),
            Command::NextSpan => self.step(|state, from| state.arranged.layout.in_row(from, Step::Forward)),
            Command::PreviousSpan => self.step(|state, from| state.arranged.layout.in_row(from, Step::Back)),
            Command::RowUp => {
                self.step(|state, from| in_next_row(&state.arranged, &state.session.view, from, Step::Back));
            }
            Command::RowDown => {
                self.step(|state, from| in_next_row(&state.arranged, &state.session.view, from, Step::Forward));
            }
            Command::Parent => self.step(|state, from| state.data.as_ref()?.store.span(from).parent()),
            Command::FirstChild => {
                self.step(|state, from| state.data.as_ref()?.store.span(from).children().first().copied());
            }
            Command::NextFlagged => self.go_to_flagged(Step::Forward),
            Command::PreviousFlagged => self.go_to_flagged(Step::Back),
            _ => {}
        }
    }

    pub(super) fn select(&mut self, span: SpanIx, extend: bool) {
        if !extend {
            self.select_only(span);
            return;
        }
        let view = &mut self.session.view;
        match view.selection.iter().position(|&known| known == span) {
            Some(at) => {
                view.selection.remove(at);
            }
            None => view.selection.push(span),
        }
        view.focused = view.selection.last().copied();
    }

    fn select_only(&mut self, span: SpanIx) {
        self.session.view.selection = vec![span];
        self.session.view.focused = Some(span);
        // Keys act on the lane of the span again.
        self.session.lanes.current = None;
    }

    /// Goes from the focused span to where `next` says; without one, to the first span in view.
    fn step(&mut self, next: impl Fn(&Self, SpanIx) -> Option<SpanIx>) {
        let target = match self.session.view.focused {
            Some(from) => next(self, from),
            None => first_in_view(&self.arranged, &self.session.view),
        };
        if let Some(target) = target {
            self.go_to(target);
        }
    }

    pub(super) fn go_to(&mut self, span: SpanIx) {
        self.select_only(span);
        self.bring_into_view(span);
        self.session.history.commit(&self.session.view);
    }

    pub(super) fn go_to_flagged(&mut self, step: Step) {
        let Some(data) = self.data.clone() else { return };
        match flagged(&data.store, &self.arranged, self.session.view.focused, step) {
            Some(span) => self.go_to(span),
            None => self.effect(super::state::Effect::Toast(
                super::state::Tone::Good,
                "No span failed or has anything odd about it".to_owned(),
            )),
        }
    }

    fn zoom_to_selection(&mut self) {
        let Some(hull) = self.selection_hull() else { return };
        let before = self.session.view.time;
        self.session.view.fit_range(hull);
        if self.session.view.time == before {
            // It fills the view already: back to everything.
            self.session.view.fit(&self.arranged.hull_ns);
        } else if let Some(&span) = self.session.view.selection.first() {
            self.scroll_into_view(span);
        }
        self.clamp_view();
        self.session.history.commit(&self.session.view);
    }

    /// Scrolls, pans and if needed zooms out until `span` is visible.
    pub(super) fn bring_into_view(&mut self, span: SpanIx) {
        let Some(extent) = self.extent_of(span) else { return };
        let view = &mut self.session.view;
        let (time, length) = (view.time, view.shown_ns());
        let placed = view.placed(extent);
        if placed.length_ns() > length {
            let covers = extent.from_ns <= time.from_ns && extent.to_ns >= time.to_ns;
            if !covers {
                view.fit_range(extent);
            }
        } else if extent.from_ns < time.from_ns || extent.to_ns > time.to_ns {
            let middle = placed.from_ns.saturating_add(placed.length_ns() / 2);
            view.pan(middle.saturating_sub(view.placed(time).from_ns.saturating_add(length / 2)));
        }
        self.scroll_into_view(span);
        self.clamp_view();
    }

    pub(super) fn scroll_into_view(&mut self, span: SpanIx) {
        self.scroll_together_into_view(&[span]);
    }

    /// Scrolls so that the rows of as many of `spans` as have room show together; the first ones before the others.
    pub(super) fn scroll_together_into_view(&mut self, spans: &[SpanIx]) {
        let view = &mut self.session.view;
        let (bands, canvas_height) = bands(&self.arranged, view);
        let held = bands.held_height(canvas_height);
        let room = f64::from(canvas_height) - held;
        let mut shown: Option<(f64, f64, f32)> = None;
        for &span in spans {
            let row = self.arranged.layout.row_of(span);
            // Pinned lanes stay where they are, hidden ones are nowhere.
            let Some(band) = bands.of_row(row).filter(|band| band.lane_top >= held) else { continue };
            let (top, bottom) = (band.row_top(row), band.row_top(row) + f64::from(band.pitch));
            let with =
                shown.map_or((top, bottom, band.pitch), |(from, to, pitch)| (from.min(top), to.max(bottom), pitch));
            if shown.is_none() || with.1 - with.0 <= room {
                shown = Some(with);
            }
        }
        let Some((top, bottom, pitch)) = shown else { return };
        // Two rows of context above and below, where there is room.
        let context = f64::from(pitch * 2.0).min(room / 4.0).min(((room - (bottom - top)) / 2.0).max(0.0));
        if top - context < view.scroll_y + held {
            view.scroll_y = top - context - held;
        } else if bottom + context > view.scroll_y + f64::from(canvas_height) {
            view.scroll_y = bottom + context - f64::from(canvas_height);
        }
    }

    /// How far below the top of the first lane `span` is drawn, in points; `None` in a hidden lane.
    pub(super) fn top_of(&self, span: SpanIx) -> Option<f64> {
        let row = self.arranged.layout.row_of(span);
        Some(bands(&self.arranged, &self.session.view).0.of_row(row)?.row_top(row))
    }

    /// Where a span is drawn on the time axis.
    pub(super) fn extent_of(&self, span: SpanIx) -> Option<TimeRange> {
        self.data.as_ref()?;
        let (from_ns, to_ns) = self.arranged.layout.extent_ns(span);
        Some(TimeRange { from_ns, to_ns })
    }

    pub(super) fn focused_extent(&self) -> Option<TimeRange> {
        self.extent_of(self.session.view.focused?)
    }

    /// Measures from the first start to the last end of the selection: between those two events.
    fn measure_selection(&mut self) {
        let spans = || self.session.view.selection.iter().filter(|span| self.has_span(**span));
        let extents = || spans().filter_map(|&span| Some((span, self.extent_of(span)?)));
        let first = extents().min_by_key(|(span, extent)| (extent.from_ns, *span));
        let last = extents().max_by_key(|(span, extent)| (extent.to_ns, std::cmp::Reverse(*span)));
        let ends = [first.map(|first| EventKey::start(first.0)), last.map(|last| EventKey::end(last.0))];
        let hull = self.selection_hull();
        self.session.view.measure_range(hull);
        self.session.view.measure_ends = ends;
    }

    /// From the first start to the last end of the selection.
    pub(super) fn selection_hull(&self) -> Option<TimeRange> {
        let extents = self.session.view.selection.iter().filter_map(|&span| self.extent_of(span));
        extents.reduce(|a, b| TimeRange { from_ns: a.from_ns.min(b.from_ns), to_ns: a.to_ns.max(b.to_ns) })
    }

    /// Keeps the view where there is something to see.
    pub(super) fn clamp_view(&mut self) {
        if self.data.is_none() {
            return;
        }
        let view = &mut self.session.view;
        let (bands, canvas_height) = bands(&self.arranged, view);
        let areas = areas(view);
        view.clamp_time(&self.arranged.hull_ns, areas.canvas.width());
        view.clamp_scroll(content_height(&bands), canvas_height);
    }
}

fn areas(view: &ViewState) -> Areas {
    let metrics = Metrics::new(view.text_scale);
    let margins = Margins { turns: crate::scene::turns::strip_height(view, &metrics), ..Margins::default() };
    Areas::new(view.size, view.head_width, &metrics, margins)
}

pub(super) fn bands(arranged: &Arranged, view: &ViewState) -> (Bands, f32) {
    let bands = lane_bands(&arranged.lanes, &arranged.sections, &arranged.layout, view, &Metrics::new(view.text_scale));
    (bands, areas(view).canvas.height())
}

/// The nearest span in the next row up or down that has any, in the order in which lanes are shown.
fn in_next_row(arranged: &Arranged, view: &ViewState, from: SpanIx, step: Step) -> Option<SpanIx> {
    let layout = &arranged.layout;
    let (start, end) = layout.extent_ns(from);
    let middle = start.saturating_add(end.saturating_sub(start) / 2);
    let row = layout.row_of(from);
    let (bands, _) = bands(arranged, view);
    let here = bands.iter().position(|band| band.rows.contains(&row.0))?;
    let nearest = |row| layout.nearest_in_row(RowIx(row), middle);
    match step {
        Step::Forward => {
            let below = bands[here + 1..].iter().flat_map(|band| band.rows.clone());
            (row.0 + 1..bands[here].rows.end).chain(below).find_map(nearest)
        }
        Step::Back => {
            let above = bands[..here].iter().rev().flat_map(|band| band.rows.clone().rev());
            (bands[here].rows.start..row.0).rev().chain(above).find_map(nearest)
        }
    }
}

/// The first span of the topmost visible row that has one in view.
fn first_in_view(arranged: &Arranged, view: &ViewState) -> Option<SpanIx> {
    let (bands, canvas_height) = bands(arranged, view);
    let held = bands.held_height(canvas_height);
    let (top, bottom) = (view.scroll_y + held, view.scroll_y + f64::from(canvas_height));
    let half = view.time.length_ns() / 2;
    let middle = view.time.from_ns.saturating_add(half);
    let rows = bands.iter().flat_map(|band| match band.lane_top < held {
        true => band.rows.clone(),
        false => band.rows_between(top, bottom),
    });
    rows.map(RowIx).find_map(|row| arranged.index.hit(row, middle, half))
}

/// Flags that are worth a stop: failures and contradictions. A parent that is elsewhere is common, and is none.
fn is_flagged(flags: SpanFlags) -> bool {
    let quiet = SpanFlags::PARENT_MISSING.with(SpanFlags::TIME_IMPRECISE);
    FLAG_NAMES.iter().any(|(flag, _)| flags.has(*flag) && !quiet.has(*flag))
}

/// The flagged span after (before) `from` by start; goes round at the ends. Visits every span: only on a key press.
fn flagged(store: &TraceStore, arranged: &Arranged, from: Option<SpanIx>, step: Step) -> Option<SpanIx> {
    let key = |span: SpanIx| (arranged.layout.extent_ns(span).0, span);
    let all = || store.span_ixs().filter(|&span| is_flagged(store.flags()[span.at()]));
    let here = from.map(key);
    match step {
        Step::Forward => {
            let after = all().filter(|&span| here.is_none_or(|here| key(span) > here)).min_by_key(|&span| key(span));
            after.or_else(|| all().min_by_key(|&span| key(span)))
        }
        Step::Back => {
            let before = all().filter(|&span| here.is_none_or(|here| key(span) < here)).max_by_key(|&span| key(span));
            before.or_else(|| all().max_by_key(|&span| key(span)))
        }
    }
}
