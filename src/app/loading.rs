//! Opening files: the question "add or replace", the job, its result.

use std::path::PathBuf;
use std::sync::Arc;

use super::host::Picked;
use super::plots::Plots;
use super::state::{Effect, LoadFailure, Loading, State, Tone};
use super::window::Host;
use super::workspace::{Opened, Workspace};
use crate::analysis::incomplete::incomplete;
use crate::arrange::{ClockChoice, Plan};
use crate::load::{self, LoadError, Options, Origin, Source};

/// What the built-in sample is called.
pub const SAMPLE_NAME: &str = "slow-conversation.otlp.json";
/// The built-in sample.
pub const SAMPLE: &[u8] = include_bytes!("../../sample-traces/slow-conversation.otlp.json");

impl State {
    /// Opens `sources`; asks first when something is open.
    pub(super) fn open_sources(&mut self, mut sources: Vec<Source>, host: &mut Host) {
        self.take_views(&mut sources);
        if sources.is_empty() {
            return;
        }
        if self.data.is_some() {
            self.session.question = Some(sources);
        } else {
            self.load(sources, false, host);
        }
    }

    /// Starts loading; a load that still runs is cancelled.
    pub(super) fn load(&mut self, sources: Vec<Source>, add: bool, host: &mut Host) {
        let title = title_of(&sources);
        let paths: Vec<PathBuf> = sources.iter().filter_map(path_of).collect();
        let existing = self.data.as_ref().filter(|_| add);
        let origins: Vec<Origin> = existing.map(|data| data.origins.clone()).unwrap_or_default();
        let store = existing.map(|data| Arc::clone(&data.store));
        // A file more is arranged as the others are; another one starts afresh.
        let plan = match (&self.session.waiting_view, add) {
            (Some(view), _) => Arc::new(view.plan.clone()),
            (None, true) => Arc::clone(&self.session.view.plan),
            (None, false) => {
                let clock = if self.settings.prefers_frame { ClockChoice::Frame } else { ClockChoice::Raw };
                Arc::new(Plan { clock, ..Plan::default() })
            }
        };
        let rules = Arc::clone(&host.rules);
        let finish = move |loaded, _: &load::Progress| {
            let workspace = Workspace::build(loaded, &origins, rules);
            let arranged = workspace.first_arranged(&plan);
            workspace.warm(&arranged);
            Opened { workspace, arranged }
        };
        let job = load::spawn(sources, Options::default(), store, finish, host.wake());
        self.session.load_error = None;
        self.session.incomplete.clear();
        self.session.question = None;
        self.session.loading = Some(Loading { job, title, paths, add });
    }

    /// Takes what background work has finished.
    pub(super) fn take_results(&mut self, host: &mut Host) {
        self.take_picture(host);
        self.take_hits(host);
        self.take_tags();
        self.take_critical();
        self.take_arranged(host);
        self.update_tables(host);
        self.update_people(host);
        self.update_phases(host);
        self.update_plots(host);
        if let Some(picked) = self.session.dialog.as_ref().map(crossbeam_channel::Receiver::try_recv) {
            match picked {
                Ok(Picked::Open(files)) => {
                    self.session.dialog = None;
                    self.open_sources(files.into_iter().map(Source::Path).collect(), host);
                }
                Ok(Picked::SaveView(path)) => {
                    self.session.dialog = None;
                    if let Some(path) = path {
                        self.save_view_to(&path);
                    }
                }
                Ok(Picked::Save(path)) => {
                    self.session.dialog = None;
                    let tables = &mut self.session.tables;
                    if let (Some(path), Some(export)) = (&path, &mut tables.export) {
                        (export.path, export.error) = (path.display().to_string(), None);
                    } else if let (Some(path), Some(export)) = (path, &mut self.session.export) {
                        export.path = path.display().to_string();
                        export.error = None;
                    }
                }
                Err(crossbeam_channel::TryRecvError::Disconnected) => self.session.dialog = None,
                Err(crossbeam_channel::TryRecvError::Empty) => {}
            }
        }
        let done = self.session.loading.as_ref().and_then(|loading| loading.job.poll());
        if let Some(result) = done
            && let Some(loading) = self.session.loading.take()
        {
            if result.is_err() {
                self.session.waiting_view = None;
            }
            match result {
                Ok(opened) => {
                    self.loaded(opened, &loading);
                    self.read_work(host);
                    self.session.search.forget();
                    if let Some(view) = self.session.waiting_view.take() {
                        self.apply_view_file(*view);
                    }
                    self.search_again(std::time::Duration::ZERO, host);
                }
                Err(LoadError::Cancelled) => {
                    self.effect(Effect::Toast(Tone::Good, format!("Stopped loading {}", loading.title)));
                }
                Err(error) => {
                    self.session.load_error =
                        Some(LoadFailure { title: loading.title, messages: vec![error.to_string()] });
                }
            }
        }
    }

    /// Reads what the spans say about AI conversations, on a thread of its own: the first picture does not wait.
    fn read_work(&mut self, host: &Host) {
        let Some(data) = self.data.clone() else { return };
        let wake = host.wake();
        let spawned = std::thread::Builder::new().name("conversations".to_owned()).spawn(move || {
            data.work();
            wake();
        });
        if let Err(error) = spawned {
            self.effect(Effect::Toast(Tone::Bad, format!("Cannot read agents and phases: {error}")));
        }
    }

    fn loaded(&mut self, opened: Opened, loading: &Loading) {
        let Opened { workspace, arranged } = opened;
        for path in loading.paths.iter().rev() {
            self.settings.remember(path);
        }
        if !loading.paths.is_empty() {
            self.effect(Effect::Save);
        }
        if !workspace.failures.is_empty() {
            self.session.load_error =
                Some(LoadFailure { title: loading.title.clone(), messages: workspace.failures.clone() });
        }
        let store = &workspace.store;
        self.session.incomplete = incomplete(store).iter().map(|it| it.words(store)).collect();
        if !loading.add {
            self.session.view.notes = Arc::default();
        }
        self.data = Some(Arc::new(workspace));
        self.session.arranging = None;
        self.arranged = Arc::new(arranged);
        self.reset_view(loading.add);
    }

    /// Shows everything, nothing selected, no earlier views; lanes as the user had them, or as they come.
    pub(super) fn reset_view(&mut self, keep_lanes: bool) {
        let session = &mut self.session;
        session.view.selection.clear();
        session.view.focused = None;
        session.view.measure_range(None);
        (session.view.finding, session.view.why, session.view.turn) = (None, None, None);
        session.view.course = Arc::clone(&self.arranged.course);
        session.clocks = super::clocks::Clocks::default();
        session.tagging = super::tagging::Tagging::default();
        session.critical = super::critical::CriticalPaths::default();
        session.view.plan = Arc::new(self.arranged.plan.clone());
        session.view.lanes = if keep_lanes { Arc::clone(&session.view.lanes) } else { Arc::default() };
        session.export = None;
        session.idle_hint_dismissed = false;
        // Its choices are about what was open before.
        session.picker = None;
        session.tables.forget();
        session.people.forget();
        session.phases.forget();
        session.plots = Plots::default();
        session.details_filter.clear();
        if self.data.is_some() {
            session.view.fit(&self.arranged.hull_ns);
        }
        session.history.reset(&session.view);
    }
}

fn path_of(source: &Source) -> Option<PathBuf> {
    match source {
        Source::Path(path) => Some(path.clone()),
        Source::Stdin | Source::Memory { .. } => None,
    }
}

fn title_of(sources: &[Source]) -> String {
    match sources {
        [] => "nothing".to_owned(),
        [Source::Stdin] => "standard input".to_owned(),
        [only] => only.name(),
        [first, rest @ ..] => format!("{} and {} more", first.name(), rest.len()),
    }
}
