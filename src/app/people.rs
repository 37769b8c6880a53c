//! People, agents and models: the turn that is read beside the timeline, and what led to its answer.
//!
//! Readings are made on a thread of their own, for the turn of the selected span only, and only while they are
//! shown. They hold what was said, so they are dropped as soon as nobody looks.

mod whys;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::command::Command;
use super::phases::Scope;
use super::state::{Effect, State, Tone};
use super::tables::MOST_SELECTED;
use super::window::Host;
use super::workspace::Workspace;
use crate::analysis::background::Newest;
use crate::analysis::clocks::Known;
use crate::analysis::genai::{AgentIx, AgentPicture, Judged, Role, TurnIx};
use crate::analysis::numbered::Patterns;
use crate::analysis::reading::{Attribution, Context, Passages, Reading, reading_text};
use crate::analysis::search::CancelFlag;
use crate::analysis::why::Explained;
use crate::arrange::{ConversationView, Course, TieKind};
use crate::model::SpanIx;

pub use whys::Whys;

/// What the details show.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Default,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumIter,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
pub enum DetailsTab {
    /// The turn as people read it.
    Conversation,
    /// What led to an answer.
    Attribution,
    /// The fields of the span.
    // Also what a tab that this version does not know becomes. Last, so that serde allows it.
    #[default]
    #[serde(other)]
    Span,
}

/// How much of what was said is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, strum::EnumIter)]
pub enum Contents {
    /// Nothing of it, only how much there is.
    #[default]
    Folded,
    /// The first line of everything.
    FirstLines,
    /// All of it.
    Open,
}

impl Contents {
    /// What the switch says.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Folded => "Folded",
            Self::FirstLines => "First lines",
            Self::Open => "Open",
        }
    }
}

/// A turn that is ready to be shown.
#[derive(Debug)]
pub struct Shown {
    asked: Asked,
    /// The turn.
    pub reading: Arc<Reading>,
    /// What led to its answer, or to that of the model call that is looked at.
    pub attribution: Option<Attribution>,
}

/// Conversations in the window, until it closes.
#[derive(Debug, Default)]
pub struct People {
    /// How much of what was said is shown. Never saved: contents are folded in every new window.
    pub contents: Contents,
    /// The turn that was asked for last; while another one is read, still the one before.
    pub shown: Option<Arc<Shown>>,
    /// The agents and what leads from one to another; made when it is shown for the first time.
    pub picture: Option<Arc<AgentPicture>>,
    /// How the agent map is looked at.
    pub map: MapSight,
    /// What somebody said about where traces belong that lost their parent.
    pub said: Said,
    /// Why turns and spans took so long.
    pub whys: Whys,
    /// With what the picture was asked for last.
    painted: Option<Arc<Judged>>,
    pending: Option<Asked>,
    worker: Newest<Shown>,
    painter: Newest<AgentPicture>,
}

/// What somebody said about proposals, for everything that shows agents and findings.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// By span.
    pub judged: Arc<Judged>,
    /// The findings as they read with that; `None` = as they were found.
    pub patterns: Option<Arc<Patterns>>,
    /// What it was worked out from.
    of: Option<(Arc<Course>, ConversationView)>,
}

/// What a reading depends on.
#[derive(Clone, Debug)]
struct Asked {
    data: Arc<Workspace>,
    known: Option<Arc<Known>>,
    judged: Arc<Judged>,
    turn: TurnIx,
    /// A model call that is looked at.
    answer: Option<SpanIx>,
}

impl PartialEq for Asked {
    fn eq(&self, other: &Self) -> bool {
        self.reads_like(other) && self.answer == other.answer
    }
}

impl Asked {
    /// Whether the turn reads the same.
    fn reads_like(&self, other: &Self) -> bool {
        let known = |asked: &Self| asked.known.as_ref().map(Arc::as_ptr);
        Arc::ptr_eq(&self.data, &other.data)
            && known(self) == known(other)
            && Arc::ptr_eq(&self.judged, &other.judged)
            && self.turn == other.turn
    }

    fn read(self, before: Option<Arc<Shown>>, cancel: &CancelFlag) -> Option<Shown> {
        let work = self.data.known_work()?;
        let context = Context {
            store: &self.data.store,
            domains: &self.data.domains,
            genai: &work.genai,
            clocks: self.known.as_ref().map(|known| &known.model),
            judged: &self.judged,
        };
        let same = before.filter(|before| before.asked.reads_like(&self));
        let reading = match same {
            Some(same) => Arc::clone(&same.reading),
            None => Arc::new(Reading::of_turn(&context, self.turn, cancel)?),
        };
        let answer = self.answer.or_else(|| Some(reading.last_answer()?.span));
        let attribution = answer.and_then(|answer| Attribution::of(&context, answer));
        Some(Shown { reading, attribution, asked: self })
    }
}

/// How the agent map is looked at.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sight {
    /// Points on the screen per point of the map.
    pub zoom: f32,
    /// What is in the middle, in points of the map from its top left corner.
    pub middle: egui::Pos2,
}

/// The agent map, until the window closes.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct MapSight {
    /// How it is looked at; `None` = all of it, as large as it fits.
    pub sight: Option<Sight>,
    /// The agent that was brought into view last.
    pub followed: Option<AgentIx>,
}

/// What can be done about conversations, with data.
#[derive(Clone, PartialEq, Debug)]
pub enum PeopleCommand {
    /// Shows another tab of the details.
    Tab(DetailsTab),
    /// Shows more or less of what was said.
    Contents(Contents),
    /// Goes to where a turn begins.
    Turn(TurnIx),
    /// Shows whose time went where.
    Phases(Scope),
    /// Selects what an agent did.
    Agent(AgentIx),
    /// Selects the first spans that show an edge of the agent map.
    AgentEdge(usize),
    /// Looks at the agent map otherwise; `None` = at all of it, as large as it fits.
    MapSight(Option<Sight>),
    /// The agent of the selection is in view, when the map is looked at like this.
    MapFollow {
        /// The agent.
        agent: Option<AgentIx>,
        /// How to look at the map; `None` = as it is.
        sight: Option<Sight>,
    },
    /// Puts the shown turn on the clipboard; what was said only when asked for.
    CopyTurn {
        /// With what was said.
        with_contents: bool,
    },
    /// The card of this turn is shown: it says why the turn took so long.
    Explain(TurnIx),
    /// Selects what shows a part of why it took so long.
    WhyPart {
        /// The turn or span.
        what: Explained,
        /// The part, from 0.
        part: usize,
    },
}

impl People {
    /// True while a turn is being read.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.worker.is_busy() || self.painter.is_busy() || self.whys.is_busy()
    }

    /// Forgets everything about what is open.
    pub(super) fn forget(&mut self) {
        self.forget_turn();
        self.painter.stop();
        self.whys.forget();
        (self.picture, self.painted) = (None, None);
        (self.said, self.map) = (Said::default(), MapSight::default());
    }

    /// Forgets what was said.
    fn forget_turn(&mut self) {
        self.worker.stop();
        (self.shown, self.pending) = (None, None);
    }

    /// The shown turn, if it is `turn`.
    #[must_use]
    pub fn reading_of(&self, turn: TurnIx) -> Option<&Shown> {
        self.shown.as_deref().filter(|shown| shown.asked.turn == turn)
    }
}

impl State {
    /// The tab of the details that is shown: without AI work there is only one.
    #[must_use]
    pub fn details_tab(&self) -> DetailsTab {
        if self.has_conversations() { self.settings.details_tab } else { DetailsTab::Span }
    }

    /// Whether there is anything about AI in what is open, as far as it was read.
    #[must_use]
    pub fn has_conversations(&self) -> bool {
        let work = self.data.as_ref().and_then(|data| data.known_work());
        work.is_some_and(|work| !work.genai.is_empty())
    }

    /// The span that conversations are about: the one in focus, else the first of the selection.
    #[must_use]
    pub fn looked_at(&self) -> Option<SpanIx> {
        let view = &self.session.view;
        view.focused.or_else(|| view.selection.first().copied())
    }

    /// The turn of the span that is looked at.
    #[must_use]
    pub fn turn_looked_at(&self) -> Option<TurnIx> {
        self.data.as_ref()?.known_work()?.genai.turn_of(self.looked_at()?)
    }

    pub(super) fn apply_people(&mut self, command: &PeopleCommand) {
        match *command {
            PeopleCommand::Tab(tab) => {
                (self.settings.details_tab, self.settings.details_open) = (tab, true);
                self.effect(Effect::Save);
            }
            PeopleCommand::Contents(contents) => {
                self.session.people.contents = contents;
                self.sync_view();
            }
            PeopleCommand::Turn(turn) => {
                let work = self.data.as_ref().and_then(|data| data.known_work());
                let root = work.and_then(|work| work.genai.turns().get(turn.at())?.roots.first().copied());
                if let Some(root) = root {
                    self.go_to(root);
                }
            }
            PeopleCommand::Phases(scope) => self.session.phases.scope = scope,
            PeopleCommand::Agent(agent) => self.select_agent(agent),
            PeopleCommand::AgentEdge(at) => self.select_agent_edge(at),
            PeopleCommand::MapSight(sight) => self.session.people.map.sight = sight,
            PeopleCommand::MapFollow { agent, sight } => {
                let map = &mut self.session.people.map;
                *map = MapSight { followed: agent, sight: sight.or(map.sight) };
            }
            PeopleCommand::CopyTurn { with_contents } => self.copy_turn(with_contents),
            PeopleCommand::Explain(turn) => self.session.people.whys.hovered = Some(turn),
            PeopleCommand::WhyPart { what, part } => self.select_why_part(what, part),
        }
    }

    /// Shows `tab` of the details; the fields of the span when that tab is shown already.
    pub(super) fn toggle_details_tab(&mut self, tab: DetailsTab) {
        let is_shown = self.settings.details_open && self.settings.details_tab == tab;
        self.apply_people(&PeopleCommand::Tab(if is_shown { DetailsTab::Span } else { tab }));
    }

    fn copy_turn(&mut self, with_contents: bool) {
        let (Some(data), Some(shown)) = (&self.data, &self.session.people.shown) else { return };
        let Some(work) = data.known_work() else { return };
        let why = self.session.people.whys.of(Explained::Turn(shown.reading.turn)).flatten();
        let why = why.map_or_else(String::new, |why| format!("{}\n", why.sentence()));
        let text = format!("{why}{}", reading_text(&work.genai, &shown.reading, with_contents));
        let what = if with_contents { "the turn with what was said" } else { "the turn without what was said" };
        self.effect(Effect::CopyText(text));
        self.effect(Effect::Toast(Tone::Good, format!("Copied {what}")));
    }

    /// Takes what the threads have made, and asks for what should be shown.
    pub(super) fn update_people(&mut self, host: &Host) {
        self.update_picture(host);
        self.update_turn(host);
        self.update_whys(host);
    }

    /// True when the agent map is shown: only where there is anything about agents.
    #[must_use]
    pub fn shows_agent_map(&self) -> bool {
        self.settings.agent_map_open && self.has_conversations()
    }

    /// Works out what was said about proposals, when somebody has said something else or other data is shown.
    pub(super) fn keep_judged(&mut self) {
        let Some((data, work)) = self.data.as_ref().and_then(|data| Some((data, data.known_work()?))) else { return };
        let view = &self.session.view;
        let conversation = &view.lanes.conversation;
        let is_known = |(course, said): &(Arc<Course>, ConversationView)| {
            Arc::ptr_eq(course, &view.course) && said == conversation
        };
        if self.session.people.said.of.as_ref().is_some_and(is_known) {
            return;
        }
        let judged = conversation.judged(&data.store, &work.genai, &view.course.ties);
        let of = Some((Arc::clone(&view.course), conversation.clone()));
        let said = &mut self.session.people.said;
        said.of = of;
        if *said.judged != judged {
            said.patterns = work.patterns.judged(&data.store, &data.domains, &work.genai, &judged).map(Arc::new);
            said.judged = Arc::new(judged);
        }
    }

    /// `began 3–9 ms after it ended`: of the proposal at position `at` of the ties. Searches through the clocks: once for
    /// each that is looked at.
    #[must_use]
    pub fn tie_time(&self, at: u32) -> Option<String> {
        let data = self.data.as_ref()?;
        let TieKind::Stitch { at, .. } = self.session.view.course.ties.get(at as usize)?.kind else { return None };
        let genai = &data.known_work()?.genai;
        let stitch = genai.stitches().get(at as usize)?;
        let judged = &self.session.people.said.judged;
        let clocks = self.known().map(|known| &known.model);
        let context = Context { store: &data.store, domains: &data.domains, genai, clocks, judged };
        let passage = Passages::of_proposals(&context).after(stitch.under, stitch.root)?;
        Some(passage.words_of_proposal())
    }

    fn update_picture(&mut self, host: &Host) {
        let is_wanted = self.shows_agent_map();
        let people = &mut self.session.people;
        if let Some(picture) = people.painter.take() {
            people.picture = Some(Arc::new(picture));
        }
        let Some(data) = self.data.clone().filter(|_| is_wanted) else { return };
        let judged = Arc::clone(&people.said.judged);
        if people.painted.as_ref().is_some_and(|painted| Arc::ptr_eq(painted, &judged)) {
            return;
        }
        people.painted = Some(Arc::clone(&judged));
        let paint = move |_: &CancelFlag| Some(AgentPicture::new(&data.known_work()?.genai, &data.store, &judged));
        if let Err(error) = people.painter.ask("skewline-agents", host.wake(), Duration::ZERO, paint) {
            self.settings.agent_map_open = false;
            self.effect(Effect::Toast(Tone::Bad, format!("Cannot draw the agent map: {error}")));
        }
    }

    /// Selects `spans` and brings the first of them into view.
    fn select_all_of(&mut self, spans: Vec<SpanIx>, total: u64) {
        let Some(&first) = spans.first() else { return };
        if (spans.len() as u64) < total {
            let text = format!("Selected {} of {total} spans, the most that can be selected at once", spans.len());
            self.effect(Effect::Toast(Tone::Good, text));
        }
        self.go_to(first);
        self.session.view.selection = spans;
        self.session.history.commit(&self.session.view);
    }

    /// Selects what an agent did. Looks at every span: only on a click.
    fn select_agent(&mut self, agent: AgentIx) {
        let Some(data) = self.data.clone() else { return };
        let Some(genai) = data.known_work().map(|work| &work.genai) else { return };
        let Some(total) = genai.agents().get(agent.at()).map(|agent| agent.totals.spans) else { return };
        let own = data.store.span_ixs().filter(|span| genai.agent_of(*span) == Some(agent));
        self.select_all_of(own.take(MOST_SELECTED).collect(), total);
    }

    fn select_agent_edge(&mut self, at: usize) {
        let edge = self.session.people.picture.as_ref().and_then(|picture| picture.edges.get(at));
        let Some((_, _, edge)) = edge else { return };
        let (spans, total) = (edge.spans.clone(), edge.count);
        self.select_all_of(spans, total);
    }

    /// Takes the turn that was read, and asks for the one that should be shown.
    fn update_turn(&mut self, host: &Host) {
        let people = &mut self.session.people;
        if let Some(shown) = people.worker.take() {
            people.pending = None;
            people.shown = Some(Arc::new(shown));
        }
        let is_wanted = self.settings.details_open && self.details_tab() != DetailsTab::Span;
        let turn = self.turn_looked_at().filter(|_| is_wanted);
        let (Some(data), Some(turn)) = (self.data.clone(), turn) else { return self.session.people.forget_turn() };
        let answer = self.looked_at().filter(|span| is_answer(&data, *span));
        let judged = Arc::clone(&self.session.people.said.judged);
        let asked = Asked { data, known: self.known().cloned(), judged, turn, answer };
        let people = &mut self.session.people;
        let is_known = people.shown.as_ref().is_some_and(|shown| shown.asked == asked);
        if people.pending.as_ref() == Some(&asked) || (is_known && people.pending.is_none()) {
            return;
        }
        people.pending = Some(asked.clone());
        let before = people.shown.clone();
        let read = move |cancel: &CancelFlag| asked.read(before, cancel);
        if let Err(error) = people.worker.ask("skewline-turn", host.wake(), Duration::ZERO, read) {
            self.effect(Effect::Toast(Tone::Bad, format!("Cannot read the turn: {error}")));
        }
    }
}

impl From<PeopleCommand> for Command {
    fn from(command: PeopleCommand) -> Self {
        Self::People(command)
    }
}

/// Whether `span` is a model call, so that one can ask what led to its answer.
fn is_answer(data: &Workspace, span: SpanIx) -> bool {
    data.known_work().is_some_and(|work| work.genai.role_of(span) == Role::Model)
}
