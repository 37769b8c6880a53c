//! The search: what is asked, what was found, and going from hit to hit.
//!
//! The query itself belongs to the view (`ViewState::query`). It is evaluated on a thread of its own.

use std::sync::Arc;
use std::time::Duration;

use super::command::Command;
use super::state::{Effect, State, Tone};
use super::window::Host;
use super::workspace::Workspace;
use crate::analysis::background::Newest;
use crate::analysis::search::{CancelFlag, Hits, Lanes, ParseError, Query, Subject, parse, run};
use crate::arrange::{Arranged, LaneView};
use crate::lod::Marks;
use crate::model::SpanIx;

/// What was found, and what the search field shows besides the query.
#[derive(Debug, Default)]
pub struct Search {
    /// Why the query of the view cannot be read.
    pub error: Option<ParseError>,
    /// What the query found. `None` when nothing is asked, when the query cannot be read, and until the first
    /// answer; while a changed query is looked for, still what the one before found.
    pub hits: Option<Arc<Hits>>,
    /// The query that `hits` answer.
    pub found: String,
    /// Where `hits` are drawn.
    pub marks: Option<Arc<Marks>>,
    /// Queries that led somewhere, the newest first.
    pub recent: Vec<String>,
    /// The explanation of the language is open.
    pub help_open: bool,
    /// The search field has the keyboard.
    pub has_focus: bool,
    /// The query that was looked for last, or that could not be read.
    asked: String,
    /// How lanes were shown then, when the query asks for lanes.
    asked_lanes: Option<Arc<LaneView>>,
    /// Where to go once the answer is there: `true` = forward.
    step_when_found: Option<bool>,
    worker: Newest<Found>,
}

/// An answer.
#[derive(Debug)]
struct Found {
    query: String,
    hits: Arc<Hits>,
    marks: Arc<Marks>,
}

/// What can be done about the search, with data.
#[derive(Clone, PartialEq, Debug)]
pub enum SearchCommand {
    /// The query as typed; it is looked for after a short pause.
    Type(String),
    /// Looks for a whole query at once.
    Set(String),
    /// Looks for what matches this too, for instance after a click on a value.
    Narrow(Query),
    /// The search field got the keyboard, or lost it.
    Focus(bool),
}

/// How long typing must pause before a search begins.
const TYPING_PAUSE: Duration = Duration::from_millis(80);
/// How many queries are remembered.
const MOST_RECENT: usize = 8;

impl Search {
    /// True while the newest query has no answer yet.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.worker.is_busy()
    }

    /// Forgets what was found, and stops looking.
    pub(super) fn forget(&mut self) {
        self.worker.stop();
        (self.error, self.hits, self.marks, self.step_when_found) = (None, None, None, None);
        self.asked_lanes = None;
        self.found.clear();
    }

    fn remember(&mut self, query: &str) {
        let query = query.trim();
        if query.is_empty() || self.hits.as_ref().is_none_or(|hits| hits.is_empty()) {
            return;
        }
        self.recent.retain(|known| known != query);
        self.recent.insert(0, query.to_owned());
        self.recent.truncate(MOST_RECENT);
    }
}

/// What to look for, and where.
struct Task {
    data: Arc<Workspace>,
    arranged: Arc<Arranged>,
    text: String,
    query: Query,
    /// How lanes are shown.
    lanes: Arc<LaneView>,
    /// What the same query found before in the same data: only the rows are others.
    known: Option<Arc<Hits>>,
}

impl Task {
    fn find(self, cancel: &CancelFlag) -> Option<Found> {
        let hits = match self.known {
            Some(hits) => hits,
            None => Arc::new(self.run(cancel)?),
        };
        let marks = Marks::build(&self.arranged.layout, &hits.set, cancel)?;
        Some(Found { query: self.text, hits, marks: Arc::new(marks) })
    }

    fn run(&self, cancel: &CancelFlag) -> Option<Hits> {
        let (store, domains) = (&*self.data.store, &self.data.domains);
        let texts = self.arranged.lane_texts(domains, &self.lanes);
        let of_span = |span| self.arranged.layout.lane_of(span).at();
        let lanes = Some(Lanes { texts: &texts, of_span: &of_span });
        let genai = self.query.is_about_ai().then(|| &self.data.work().genai);
        run(&Subject { store, domains, lanes, genai }, &self.query, cancel)
    }
}

impl State {
    pub(super) fn apply_search(&mut self, command: Command, host: &Host) {
        match command {
            Command::FindSpans => self.effect(Effect::FocusSearch(true)),
            Command::NextHit => self.go_to_hit(true),
            Command::PreviousHit => self.go_to_hit(false),
            Command::ClearSearch => self.set_query(String::new(), Duration::ZERO, host),
            Command::SearchHelp => self.session.search.help_open = !self.session.search.help_open,
            Command::Search(SearchCommand::Type(text)) => self.set_query(text, TYPING_PAUSE, host),
            Command::Search(SearchCommand::Set(text)) => self.set_query(text, Duration::ZERO, host),
            Command::Search(SearchCommand::Narrow(more)) => {
                // A query that cannot be read cannot be narrowed: it is replaced.
                let query = parse(&self.session.view.query).unwrap_or_default().and(more);
                self.set_query(query.to_string(), Duration::ZERO, host);
            }
            Command::Search(SearchCommand::Focus(has_focus)) => {
                let (search, view) = (&mut self.session.search, &self.session.view);
                if search.has_focus && !has_focus {
                    search.remember(&view.query);
                }
                search.has_focus = has_focus;
            }
            _ => {}
        }
    }

    fn set_query(&mut self, text: String, pause: Duration, host: &Host) {
        self.session.view.query = text;
        self.search_again(pause, host);
    }

    /// Looks for the query of the view, in what is open now.
    pub(super) fn search_again(&mut self, pause: Duration, host: &Host) {
        let search = &mut self.session.search;
        search.asked.clone_from(&self.session.view.query);
        let (Some(data), Ok(query)) = (self.data.clone(), parse(&search.asked)) else {
            search.forget();
            search.error = parse(&search.asked).err();
            return;
        };
        search.error = None;
        if query.is_empty() {
            search.forget();
            return;
        }
        let (text, lanes) = (self.session.view.query.clone(), Arc::clone(&self.session.view.lanes));
        let is_about_lanes = query.is_about_lanes();
        let known = search.hits.clone().filter(|_| search.found == text && !is_about_lanes);
        search.asked_lanes = is_about_lanes.then(|| Arc::clone(&lanes));
        let task = Task { data, arranged: Arc::clone(&self.arranged), text, query, lanes, known };
        if let Err(error) = search.worker.ask("skewline-search", host.wake(), pause, move |cancel| task.find(cancel)) {
            self.effect(Effect::Toast(Tone::Bad, format!("Cannot search: {error}")));
        }
    }

    /// Takes what the search has found since the last frame. A query that came with a saved view is looked for.
    pub(super) fn take_hits(&mut self, host: &Host) {
        let (search, view) = (&self.session.search, &self.session.view);
        let is_renamed = |asked: &Arc<LaneView>| !Arc::ptr_eq(asked, &view.lanes) && asked.names != view.lanes.names;
        if search.asked != view.query || search.asked_lanes.as_ref().is_some_and(is_renamed) {
            self.search_again(Duration::ZERO, host);
        }
        let search = &mut self.session.search;
        let Some(found) = search.worker.take() else { return };
        search.found = found.query;
        search.hits = Some(found.hits);
        search.marks = Some(found.marks);
        if let Some(is_forward) = search.step_when_found.take() {
            self.go_to_hit(is_forward);
        }
    }

    fn go_to_hit(&mut self, is_forward: bool) {
        let search = &mut self.session.search;
        if search.is_busy() {
            search.step_when_found = Some(is_forward);
            return;
        }
        let (Some(data), Some(hits)) = (self.data.clone(), search.hits.clone()) else { return };
        search.remember(&self.session.view.query);
        match self.visible_hit(&data, &hits, is_forward) {
            Some(span) => self.go_to(span),
            None if hits.is_empty() => self.effect(Effect::Toast(Tone::Bad, "Nothing matches the search".to_owned())),
            None => {
                let text = "Every hit is in a hidden lane; show hidden lanes to go there".to_owned();
                self.effect(Effect::Toast(Tone::Bad, text));
            }
        }
    }

    /// The next (previous) hit that is not in a hidden lane. Visits hits only as long as they are hidden.
    fn visible_hit(&self, data: &Workspace, hits: &Hits, is_forward: bool) -> Option<SpanIx> {
        let (hidden, arranged) = (&self.session.view.lanes.hidden, &self.arranged);
        let is_visible = |span: SpanIx| {
            hidden.is_empty()
                || arranged.lane(arranged.layout.lane_of(span)).is_none_or(|lane| !hidden.contains(&lane.key))
        };
        let mut from = self.session.view.focused;
        for _ in 0..hits.len() {
            let span = hits.step(&data.store, from, is_forward)?;
            if is_visible(span) {
                return Some(span);
            }
            from = Some(span);
        }
        None
    }
}
