//! Selecting and moving from span to span.

use super::command::Command;
use super::state::State;
use crate::model::SpanIx;
use crate::scene::TimeRange;

impl State {
    pub(super) fn apply_go(&mut self, command: &Command) {
        if self.data.is_none() {
            return;
        }
        match *command {
            Command::Select { span, extend } => self.select(span, extend),
            Command::SelectNothing => {
                self.session.view.selection.clear();
                self.session.view.focused = None;
                self.session.view.measure = None;
            }
            Command::MeasureSelection => self.session.view.measure = self.selection_hull(),
            _ => {}
        }
    }

    fn select(&mut self, span: SpanIx, extend: bool) {
        let view = &mut self.session.view;
        if !extend {
            view.selection.clear();
        }
        if let Some(at) = view.selection.iter().position(|&known| known == span) {
            view.selection.remove(at);
        } else {
            view.selection.push(span);
        }
        view.focused = view.selection.last().copied();
    }

    /// Where a span is drawn.
    pub(super) fn extent_of(&self, span: SpanIx) -> Option<TimeRange> {
        let data = self.data.as_ref()?;
        let (from_ns, to_ns) = data.store.span(span).drawn_ns();
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
        let width = self.session.view.size.x - self.session.view.head_width;
        self.session.view.clamp_time(&data.hull_ns, width);
    }

    /// Writes the current view as a picture.
    pub(super) fn write_picture(&self, _path: &std::path::Path) -> Result<(), String> {
        Err("not there yet".to_owned())
    }

    /// The current view as pixels: width, height, RGBA.
    pub(super) fn picture_rgba(&self) -> Result<(usize, usize, Vec<u8>), String> {
        Err("not there yet".to_owned())
    }
}
