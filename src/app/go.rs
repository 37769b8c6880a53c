//! Selecting and moving from span to span.

use super::command::Command;
use super::state::State;
use super::workspace::Workspace;
use crate::layout::{RowIx, Step};
use crate::model::span::FLAG_NAMES;
use crate::model::{SpanFlags, SpanIx};
use crate::scene::geometry::{Areas, LaneBand, Margins, Metrics, band_of_row, content_height, lane_bands};
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
                self.session.view.measure = None;
            }
            Command::Reveal(span) if is_known(span) => self.go_to(*span),
            Command::ZoomToSpan(span) if is_known(span) => {
                self.select_only(*span);
                self.zoom_to_selection();
            }
            Command::ZoomToSelection => self.zoom_to_selection(),
            Command::MeasureSelection => self.session.view.measure = self.selection_hull(),
            Command::NextSpan => self.step(|data, from| data.layout.in_row(from, Step::Forward)),
            Command::PreviousSpan => self.step(|data, from| data.layout.in_row(from, Step::Back)),
            Command::RowUp => self.step(|data, from| in_next_row(data, from, Step::Back)),
            Command::RowDown => self.step(|data, from| in_next_row(data, from, Step::Forward)),
            Command::Parent => self.step(|data, from| data.store.span(from).parent()),
            Command::FirstChild => self.step(|data, from| data.store.span(from).children().first().copied()),
            Command::NextFlagged => self.go_to_flagged(Step::Forward),
            Command::PreviousFlagged => self.go_to_flagged(Step::Back),
            _ => {}
        }
    }

    fn select(&mut self, span: SpanIx, extend: bool) {
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
    }

    /// Goes from the focused span to where `next` says; without one, to the first span in view.
    fn step(&mut self, next: impl Fn(&Workspace, SpanIx) -> Option<SpanIx>) {
        let Some(data) = self.data.clone() else { return };
        let target = match self.session.view.focused {
            Some(from) => next(&data, from),
            None => first_in_view(&data, &self.session.view),
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

    fn go_to_flagged(&mut self, step: Step) {
        let Some(data) = self.data.clone() else { return };
        match flagged(&data, self.session.view.focused, step) {
            Some(span) => self.go_to(span),
            None => self.effect(super::state::Effect::Toast(
                super::state::Tone::Good,
                "No span failed or has anything odd about it".to_owned(),
            )),
        }
    }

    fn zoom_to_selection(&mut self) {
        let (Some(data), Some(hull)) = (self.data.clone(), self.selection_hull()) else { return };
        let before = self.session.view.time;
        self.session.view.fit_range(hull);
        if self.session.view.time == before {
            // It fills the view already: back to everything.
            self.session.view.fit(&data.hull_ns);
        } else if let Some(&span) = self.session.view.selection.first() {
            self.scroll_into_view(span);
        }
        self.clamp_view();
        self.session.history.commit(&self.session.view);
    }

    /// Scrolls, pans and if needed zooms out until `span` is visible.
    fn bring_into_view(&mut self, span: SpanIx) {
        let Some(extent) = self.extent_of(span) else { return };
        let view = &mut self.session.view;
        let (time, length) = (view.time, view.time.length_ns());
        if extent.length_ns() > length {
            let covers = extent.from_ns <= time.from_ns && extent.to_ns >= time.to_ns;
            if !covers {
                view.fit_range(extent);
            }
        } else if extent.from_ns < time.from_ns || extent.to_ns > time.to_ns {
            let middle = extent.from_ns.saturating_add(extent.length_ns() / 2);
            view.pan(middle.saturating_sub(time.from_ns.saturating_add(length / 2)));
        }
        self.scroll_into_view(span);
        self.clamp_view();
    }

    fn scroll_into_view(&mut self, span: SpanIx) {
        let Some(data) = &self.data else { return };
        let view = &mut self.session.view;
        let (bands, canvas_height) = bands(data, view);
        let row = data.layout.row_of(span);
        let Some(band) = band_of_row(&bands, row) else { return };
        let (top, bottom) = (band.row_top(row), band.row_top(row) + f64::from(band.pitch));
        // Two rows of context above and below, where there is room.
        let context = f64::from(band.pitch * 2.0).min(f64::from(canvas_height) / 4.0);
        if top - context < view.scroll_y {
            view.scroll_y = top - context;
        } else if bottom + context > view.scroll_y + f64::from(canvas_height) {
            view.scroll_y = bottom + context - f64::from(canvas_height);
        }
    }

    /// Where a span is drawn on the time axis.
    pub(super) fn extent_of(&self, span: SpanIx) -> Option<TimeRange> {
        let data = self.data.as_ref()?;
        let (from_ns, to_ns) = data.layout.extent_ns(span);
        Some(TimeRange { from_ns, to_ns })
    }

    pub(super) fn focused_extent(&self) -> Option<TimeRange> {
        self.extent_of(self.session.view.focused?)
    }

    /// From the first start to the last end of the selection.
    pub(super) fn selection_hull(&self) -> Option<TimeRange> {
        let extents = self.session.view.selection.iter().filter_map(|&span| self.extent_of(span));
        extents.reduce(|a, b| TimeRange { from_ns: a.from_ns.min(b.from_ns), to_ns: a.to_ns.max(b.to_ns) })
    }

    /// Keeps the view where there is something to see.
    pub(super) fn clamp_view(&mut self) {
        let Some(data) = &self.data else { return };
        let view = &mut self.session.view;
        let (bands, canvas_height) = bands(data, view);
        let areas = areas(view);
        view.clamp_time(&data.hull_ns, areas.canvas.width());
        view.clamp_scroll(content_height(&bands), canvas_height);
    }
}

fn areas(view: &ViewState) -> Areas {
    Areas::new(view.size, view.head_width, &Metrics::new(view.text_scale), Margins::default())
}

fn bands(data: &Workspace, view: &ViewState) -> (Vec<LaneBand>, f32) {
    (lane_bands(&data.layout, view, &Metrics::new(view.text_scale)), areas(view).canvas.height())
}

fn in_next_row(data: &Workspace, from: SpanIx, step: Step) -> Option<SpanIx> {
    let (start, end) = data.layout.extent_ns(from);
    let middle = start.saturating_add(end.saturating_sub(start) / 2);
    data.layout.in_next_row(data.layout.row_of(from), middle, step)
}

/// The first span of the topmost visible row that has one in view.
fn first_in_view(data: &Workspace, view: &ViewState) -> Option<SpanIx> {
    let (bands, canvas_height) = bands(data, view);
    let (top, bottom) = (view.scroll_y, view.scroll_y + f64::from(canvas_height));
    let half = view.time.length_ns() / 2;
    let middle = view.time.from_ns.saturating_add(half);
    let rows = bands.iter().flat_map(|band| band.rows_between(top, bottom));
    rows.map(RowIx).find_map(|row| data.index.hit(row, middle, half))
}

/// Flags that are worth a stop: failures and contradictions. A parent that is elsewhere is common, and is none.
fn is_flagged(flags: SpanFlags) -> bool {
    let quiet = SpanFlags::PARENT_MISSING.with(SpanFlags::TIME_IMPRECISE);
    FLAG_NAMES.iter().any(|(flag, _)| flags.has(*flag) && !quiet.has(*flag))
}

/// The flagged span after (before) `from` by start; goes round at the ends. Visits every span: only on a key press.
fn flagged(data: &Workspace, from: Option<SpanIx>, step: Step) -> Option<SpanIx> {
    let key = |span: SpanIx| (data.layout.extent_ns(span).0, span);
    let all = || data.store.span_ixs().filter(|&span| is_flagged(data.store.flags()[span.at()]));
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
