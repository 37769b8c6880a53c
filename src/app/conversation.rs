//! Conversations in the window: from turn to turn, one conversation alone, idle time shortened.

use std::sync::Arc;

use super::command::Command;
use super::picker::{Choice, Picker};
use super::state::State;
use crate::analysis::genai::Stitch;
use crate::arrange::{Cut, SpanKey, Tie, TieKind, TurnTime, Verdict};
use crate::model::SpanIx;
use crate::model::time::duration_text;
use crate::scene::{TimeRange, ViewState, count_text};

/// What can be done about conversations, with data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ConversationCommand {
    /// Brings a turn into view: its position among those that are shown.
    GoToTurn(u32),
    /// Zooms to a turn.
    FitTurn(u32),
    /// Shows one conversation alone, by its id; `None` = all.
    Only(Option<String>),
    /// Says whether a trace that lost its parent belongs below a span; `None` = takes back what was said.
    Judge {
        /// The root of the trace.
        root: SpanIx,
        /// The span below which it may belong.
        under: SpanIx,
        /// What is said.
        verdict: Option<Verdict>,
    },
}

/// A turn that takes less than this share of what is visible is zoomed to when it is gone to.
const SMALL_SHARE: i64 = 4;

/// From this share of idle time on, spans are slivers and a hint says what helps.
const MUCH_IDLE_PER_MILLE: i128 = 900;

/// True when `view` is as `command` asks for.
#[must_use]
pub fn is_chosen(command: &Command, view: &ViewState) -> bool {
    match command {
        Command::ShortenIdle => view.lanes.conversation.shorten_idle,
        Command::OnlyConversation => view.plan.only.is_some(),
        _ => false,
    }
}

impl State {
    /// Keeps the view's turns those of the arrangement.
    pub(super) fn keep_course(&mut self) {
        if !Arc::ptr_eq(&self.session.view.course, &self.arranged.course) {
            self.session.view.course = Arc::clone(&self.arranged.course);
            self.clamp_view();
        }
    }

    pub(super) fn apply_conversation(&mut self, command: Command) {
        if self.data.is_none() {
            return;
        }
        match command {
            Command::NextTurn => self.step_turn(true),
            Command::PreviousTurn => self.step_turn(false),
            Command::FitTurn => match self.current_turn() {
                Some(at) => self.show_turn(at, true),
                None => self.say(NO_TURNS),
            },
            Command::FindTurn if self.session.view.course.turns.is_empty() => self.say(NO_TURNS),
            Command::FindTurn => self.session.picker = Some(self.turn_picker()),
            Command::ShortenIdle => self.shorten_idle(),
            Command::OnlyConversation => match self.conversation_picker() {
                Some(picker) => self.session.picker = Some(picker),
                None => self.say("No span here says which conversation it belongs to"),
            },
            Command::AllConversations => self.show_only(None),
            Command::AcceptStitch => self.judge_focused(Verdict::Accepted),
            Command::RejectStitch => self.judge_focused(Verdict::Rejected),
            Command::Conversation(ConversationCommand::Judge { root, under, verdict }) => {
                self.judge(root, under, verdict);
            }
            Command::Conversation(ConversationCommand::GoToTurn(at)) => self.show_turn(at as usize, false),
            Command::Conversation(ConversationCommand::FitTurn(at)) => self.show_turn(at as usize, true),
            Command::Conversation(ConversationCommand::Only(id)) => self.show_only(id),
            _ => {}
        }
    }

    /// The turn that was gone to while any of it is in view, else the one in the middle.
    fn current_turn(&self) -> Option<usize> {
        let view = &self.session.view;
        let chosen = view.turn.and_then(|turn| view.course.position(turn));
        let is_seen = |turn: &TurnTime| turn.to_ns >= view.time.from_ns && turn.from_ns <= view.time.to_ns;
        let chosen = chosen.filter(|&at| is_seen(&view.course.turns[at]));
        chosen.or_else(|| view.course.turn_at(view.middle_ns()).or((!view.course.turns.is_empty()).then_some(0)))
    }

    fn step_turn(&mut self, is_forward: bool) {
        let count = self.session.view.course.turns.len();
        let Some(at) = self.current_turn() else { return self.say(NO_TURNS) };
        // The first step goes to the turn that one is looking at.
        let is_there = self.session.view.turn == Some(self.session.view.course.turns[at].turn);
        let next = match (is_there, is_forward) {
            (false, _) => Some(at),
            (true, true) => Some(at + 1).filter(|&at| at < count),
            (true, false) => at.checked_sub(1),
        };
        match next {
            Some(next) => self.show_turn(next, false),
            None => self.say(if is_forward { "This is the last turn" } else { "This is the first turn" }),
        }
    }

    /// Brings a turn into view and selects the span that begins it.
    fn show_turn(&mut self, at: usize, fit: bool) {
        let Some(turn) = self.session.view.course.turns.get(at).cloned() else { return };
        self.session.view.selection = vec![turn.first];
        self.session.view.focused = Some(turn.first);
        let view = &mut self.session.view;
        view.turn = Some(turn.turn);
        let range = TimeRange { from_ns: turn.from_ns, to_ns: turn.to_ns };
        let (placed, shown) = (view.placed(range).length_ns(), view.shown_ns());
        if fit || placed > shown || placed < shown / SMALL_SHARE {
            view.fit_range(range);
        } else {
            // A little of what was before stays in view.
            let from_ns = view.placed(view.time).from_ns;
            let room = (shown - placed).min(shown / 20);
            view.pan(view.placed(range).from_ns.saturating_sub(room).saturating_sub(from_ns));
        }
        self.scroll_into_view(turn.first);
        self.clamp_view();
        self.session.history.commit(&self.session.view);
    }

    fn shorten_idle(&mut self) {
        let view = &mut self.session.view;
        let conversation = &mut Arc::make_mut(&mut view.lanes).conversation;
        conversation.shorten_idle = !conversation.shorten_idle;
        let (is_on, cuts) = (conversation.shorten_idle, view.course.axis.cuts().len());
        if is_on && cuts == 0 {
            self.say("There is no long stretch in which nothing happens");
        }
        self.end_lane_work();
    }

    /// What to say when most of the time axis is idle and drawn in full; `None` when it is not, or when the user knows.
    #[must_use]
    pub fn idle_hint(&self) -> Option<String> {
        let view = &self.session.view;
        let is_asked = view.lanes.conversation.shorten_idle || self.session.idle_hint_dismissed;
        let cuts = view.course.axis.cuts();
        let longest_ns = cuts.iter().map(Cut::length_ns).max().filter(|_| !is_asked && self.data.is_some())?;
        let idle_ns: i128 = cuts.iter().map(|cut| i128::from(cut.length_ns())).sum();
        let hull = &self.arranged.hull_ns;
        let whole_ns = (i128::from(hull.end) - i128::from(hull.start)).max(1);
        let per_mille = idle_ns * 1000 / whole_ns;
        let is_much = per_mille >= MUCH_IDLE_PER_MILLE;
        // Of almost all time, the part that is left matters: "100 %" would be wrong.
        let share = match per_mille {
            990.. => "over 99 %".to_owned(),
            _ => format!("{} %", per_mille / 10),
        };
        let longest = duration_text(longest_ns);
        is_much.then(|| format!("Nothing happens during {share} of the time shown, up to {longest} at a stretch."))
    }

    fn show_only(&mut self, id: Option<String>) {
        if self.session.view.plan.only != id {
            Arc::make_mut(&mut self.session.view.plan).only = id;
            self.session.view.turn = None;
            self.end_lane_work();
        }
    }

    /// The proposals about `span`: where it may belong, and what may belong below it; with what was said about each.
    #[must_use]
    pub fn proposals(&self, span: SpanIx) -> Vec<(&Stitch, Option<Verdict>)> {
        let Some(work) = self.data.as_ref().and_then(|data| data.known_work()) else { return Vec::new() };
        let stitches = work.genai.stitches();
        let about = |tie: &&Tie| tie.from == span || tie.to == span;
        let ties = self.session.view.course.ties.iter().filter(about);
        let proposal = |tie: &Tie| match &tie.kind {
            TieKind::Stitch { at, keys } => {
                let verdict = self.session.view.lanes.conversation.verdict(&keys[0], &keys[1]);
                Some((*at, stitches.get(*at as usize)?, verdict))
            }
            TieKind::Handoff { .. } => None,
        };
        let mut found: Vec<(u32, &Stitch, Option<Verdict>)> = ties.filter_map(proposal).collect();
        // The surest first, as they are listed everywhere.
        found.sort_by_key(|(at, ..)| *at);
        found.into_iter().map(|(_, stitch, verdict)| (stitch, verdict)).collect()
    }

    /// Judges the surest proposal about the focused span that nothing was said about.
    fn judge_focused(&mut self, verdict: Verdict) {
        let open = self.session.view.focused.and_then(|span| {
            let open = self.proposals(span).into_iter().find(|(_, verdict)| verdict.is_none());
            open.map(|(stitch, _)| (stitch.root, stitch.under))
        });
        match open {
            Some((root, under)) => self.judge(root, under, Some(verdict)),
            None => self.say("Nothing is proposed for this span"),
        }
    }

    fn judge(&mut self, root: SpanIx, under: SpanIx, verdict: Option<Verdict>) {
        let Some(data) = self.data.clone() else { return };
        if root.at() >= data.store.len() || under.at() >= data.store.len() {
            return;
        }
        let keys = [root, under].map(|span| SpanKey::of(&data.store, span));
        let [root, under] = keys;
        Arc::make_mut(&mut self.session.view.lanes).conversation.judge(&root, under, verdict);
        self.end_lane_work();
    }

    /// What a turn is called: its number, with its conversation where there are several.
    #[must_use]
    pub fn turn_name(&self, turn: &TurnTime) -> String {
        let genai = self.data.as_ref().and_then(|data| data.known_work()).map(|work| &work.genai);
        let Some((genai, known)) = genai.and_then(|genai| Some((genai, genai.turns().get(turn.turn.at())?))) else {
            return "turn".to_owned();
        };
        let conversations = genai.conversations();
        let of = known.conversation.and_then(|ix| conversations.get(ix.at())).filter(|_| conversations.len() > 1);
        let whose = self.data.as_ref().and_then(|data| genai.counted_by(&data.store, turn.turn));
        let whose = whose.map_or_else(String::new, |service| format!(" by {service}"));
        match of {
            Some(of) => format!("turn {}{whose} of {}", known.number, of.id),
            None => format!("turn {}{whose}", known.number),
        }
    }

    fn turn_picker(&self) -> Picker {
        let start = self.arranged.hull_ns.start;
        let choices = (0_u32..).zip(&self.session.view.course.turns).map(|(at, turn)| {
            let after = crate::model::time::duration_text(turn.from_ns.saturating_sub(start));
            let failed = if turn.failed > 0 { format!(" · {} failed", turn.failed) } else { String::new() };
            let spans = count_text(u64::from(turn.spans), "span");
            let note = format!("at {after} · {} · {spans}{failed}", turn.length);
            choice(self.turn_name(turn), note, ConversationCommand::GoToTurn(at))
        });
        Picker::new("Go to turn", "Number, conversation or time", choices.collect())
    }

    fn conversation_picker(&self) -> Option<Picker> {
        let genai = &self.data.as_ref()?.known_work()?.genai;
        let choices = genai.conversations().iter().map(|conversation| {
            let traces = count_text(conversation.traces.len() as u64, "trace");
            let spans = count_text(conversation.totals.spans, "span");
            let note = format!("{traces} · {spans} · from {}", conversation.source);
            choice(conversation.id.clone(), note, ConversationCommand::Only(Some(conversation.id.clone())))
        });
        let mut choices: Vec<Choice> = choices.collect();
        if choices.is_empty() {
            return None;
        }
        if self.session.view.plan.only.is_some() {
            choices.insert(0, choice("All conversations".to_owned(), String::new(), ConversationCommand::Only(None)));
        }
        Some(Picker::new("Show only one conversation", "Part of its id", choices))
    }
}

const NO_TURNS: &str = "No span here belongs to a conversation, so there are no turns";

fn choice(title: String, note: String, command: ConversationCommand) -> Choice {
    Choice { title, note, keys: String::new(), why_not: None, command: Command::Conversation(command) }
}
