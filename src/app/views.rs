//! Saving the view and applying a saved one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::host::Saved;
use super::state::{Effect, State, Tone};
use super::window::Host;
use crate::arrange::view_file::{SUFFIX, SavedNote, SavedRange, ViewFile};
use crate::arrange::{SpanKey, resolve};
use crate::export::views::{beside, is_view, read, write};
use crate::load::Source;
use crate::scene::TimeRange;
use crate::scene::view_state::notes_of;

impl State {
    /// The view as it would be saved.
    #[must_use]
    pub fn view_file(&self) -> Option<ViewFile> {
        let data = self.data.as_ref()?;
        let view = &self.session.view;
        let saved = |range: TimeRange| SavedRange { from_ns: range.from_ns, to_ns: range.to_ns };
        let mut whole = view.clone();
        whole.fit(&self.arranged.hull_ns);
        let short = |name: &str| name.rsplit(['/', '\\']).next().unwrap_or(name).to_owned();
        let is_scrolled = view.scroll_y >= 1.0;
        Some(ViewFile {
            inputs: data.store.inputs().iter().map(|input| short(&input.name)).collect(),
            time: (view.time != whole.time).then(|| saved(view.time)),
            top: if is_scrolled { self.lane_at_top().map(|lane| lane.key.clone()) } else { None },
            plan: (*view.plan).clone(),
            lanes: (*view.lanes).clone(),
            selection: view.selection.iter().map(|&span| SpanKey::of(&data.store, span)).collect(),
            measure: view.measure.map(saved),
            notes: view.notes.iter().map(SavedNote::from).collect(),
            query: view.query.clone(),
            ..ViewFile::default()
        })
    }

    /// Saves the view beside the first input; asks where when that is no file.
    pub(super) fn save_view(&mut self, host: &Host) {
        let Some(data) = &self.data else { return };
        let first = data.store.inputs().first().map(|input| PathBuf::from(&input.name)).filter(|path| path.is_file());
        match first {
            Some(trace) => self.save_view_to(&beside(&trace)),
            None => {
                let name = format!("trace{SUFFIX}");
                self.session.dialog = Some(host.dialogs.save(Saved::View, &name, host.wake()));
            }
        }
    }

    /// Saves the view as `path`.
    pub(super) fn save_view_to(&mut self, path: &Path) {
        let Some(view) = self.view_file() else { return };
        self.effect(match write(path, &view.text()) {
            Ok(()) => Effect::Toast(Tone::Good, format!("Saved {}", path.display())),
            Err(error) => Effect::Toast(Tone::Bad, error),
        });
    }

    /// Takes saved views out of `sources`: the last one is applied to what is open, or kept for what is opened with
    /// it. Alone and with nothing open, it brings its traces along.
    pub(super) fn take_views(&mut self, sources: &mut Vec<Source>) {
        let mut found = None;
        sources.retain(|source| match source {
            Source::Path(path) if is_view(path) => {
                found = Some(path.clone());
                false
            }
            _ => true,
        });
        let Some(path) = found else { return };
        let (view, notes) = match read(&path) {
            Ok(read) => read,
            Err(error) => return self.effect(Effect::Toast(Tone::Bad, error)),
        };
        self.report_misfits(&notes);
        if !sources.is_empty() {
            self.session.waiting_view = Some(Box::new(view));
        } else if self.data.is_some() {
            self.apply_view_file(view);
        } else {
            let named = view.inputs.iter().map(|name| path.with_file_name(name)).filter(|path| path.is_file());
            sources.extend(named.map(Source::Path));
            if sources.is_empty() {
                let text = "Open a trace first: a saved view says how to look at one".to_owned();
                return self.effect(Effect::Toast(Tone::Bad, text));
            }
            self.session.waiting_view = Some(Box::new(view));
        }
    }

    /// Looks at what is open as `view` says, as far as it fits.
    pub(super) fn apply_view_file(&mut self, view: ViewFile) {
        let Some(data) = self.data.clone() else { return };
        let now = &mut self.session.view;
        now.plan = Arc::new(view.plan.clone());
        now.lanes = Arc::new(view.lanes.clone());
        now.selection = resolve(&data.store, view.selection.iter()).0;
        now.focused = now.selection.last().copied();
        let range = |saved: SavedRange| TimeRange { from_ns: saved.from_ns, to_ns: saved.to_ns }.ordered();
        now.measure_range(view.measure.map(range));
        // A view without notes says nothing about them: what somebody wrote stays.
        if !view.notes.is_empty() {
            now.notes = notes_of(&view.notes);
        }
        now.query.clone_from(&view.query);
        self.session.lanes.current = None;
        self.session.lanes.applied = Some(Box::new(view));
        self.finish_view_file();
    }

    /// Does what needs the arrangement of an applied view, once that is there.
    pub(super) fn finish_view_file(&mut self) {
        if *self.session.view.plan != self.arranged.plan {
            return;
        }
        let (Some(view), Some(data)) = (self.session.lanes.applied.take(), self.data.clone()) else { return };
        self.report_misfits(&view.misfits(&data.store, &self.arranged));
        let hull = self.arranged.hull_ns.clone();
        self.session.view.fit(&hull);
        let is_here = |range: &SavedRange| range.to_ns >= hull.start && range.from_ns <= hull.end;
        if let Some(range) = view.time.filter(is_here) {
            self.show_range(TimeRange { from_ns: range.from_ns, to_ns: range.to_ns });
        }
        if let Some(top) = &view.top {
            self.scroll_to_lane(top);
        }
        self.clamp_view();
        self.session.history.commit(&self.session.view);
    }

    fn report_misfits(&mut self, notes: &[String]) {
        if !notes.is_empty() {
            let text = format!("The saved view fits in part: {}", notes.join("; "));
            self.effect(Effect::Toast(Tone::Bad, text));
        }
    }
}
