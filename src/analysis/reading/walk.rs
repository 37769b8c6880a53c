//! From spans to lines: down the tree of a turn, agents before what they do.

use std::collections::BTreeMap;

use super::contents::{Said, Taker};
use super::line::{Act, Attempt, FirstToken, Line, Models, Party};
use super::{Context, MOST_LINES, Moment, Passages, Since};
use crate::analysis::genai::{
    AgentIx, Best, CallView, Confidence, Content, Document, Field, Handoff, HandoffBy, Message, Recorded, Role,
    Speaker, Tokens, TurnIx,
};
use crate::analysis::search::CancelFlag;
use crate::model::{SpanFlags, SpanIx};

/// Spans that are asked for the user's words.
const MOST_LISTENED: u32 = 64;

/// The lines of `turn`, and how many more there would be; `None` when cancelled.
pub fn lines(
    context: &Context<'_>,
    turn: TurnIx,
    (since, took): (&Since<'_>, Moment),
    cancel: &CancelFlag,
) -> Option<(Vec<Line>, u64)> {
    let handoffs = context.genai.handoffs().iter().map(|handoff| (handoff.span, handoff)).collect();
    let mut walk = Walk {
        context: *context,
        since,
        handoffs,
        passages: Passages::new(context),
        taker: Taker::default(),
        lines: Vec::new(),
        more: 0,
        visited: 0,
        heard: None,
        listened: 0,
    };
    let roots = &context.genai.turns()[turn.at()].roots;
    // What was placed by hand is read where it was placed, as far as that is in this turn.
    let is_elsewhere = |root: &SpanIx| {
        let place = context.judged.place_of(*root);
        place.is_some_and(|place| context.genai.turn_of(place) == Some(turn))
    };
    for (at, &root) in roots.iter().enumerate().filter(|(at, root)| *at == 0 || !is_elsewhere(root)) {
        let first = Step { span: root, depth: 0, above: None, turn, is_joined: at > 0 };
        walk.down(first, cancel)?;
    }
    walk.frame(Step { span: *roots.first()?, depth: 0, above: None, turn, is_joined: false }, took);
    Some((walk.lines, walk.more))
}

struct Walk<'a> {
    context: Context<'a>,
    since: &'a Since<'a>,
    handoffs: BTreeMap<SpanIx, &'a Handoff>,
    passages: Passages<'a>,
    taker: Taker,
    lines: Vec<Line>,
    more: u64,
    visited: u64,
    /// What the user said, by the first span besides model calls that records it, and where to look no further.
    heard: Option<Said>,
    listened: u32,
}

/// A span to look at, and who is at work above it.
#[derive(Clone, Copy)]
struct Step {
    span: SpanIx,
    depth: u16,
    above: Option<AgentIx>,
    /// Its turn: what was placed by hand may be of another one.
    turn: TurnIx,
    /// It lost its parent: where it belongs is said first.
    is_joined: bool,
}

impl Walk<'_> {
    fn down(&mut self, first: Step, cancel: &CancelFlag) -> Option<()> {
        let mut stack = vec![first];
        while let Some(step) = stack.pop() {
            self.visited += 1;
            if self.visited.is_multiple_of(4096) && cancel.is_cancelled() {
                return None;
            }
            if step.is_joined {
                self.joined(step);
            }
            let below = self.visit(Step { is_joined: false, ..step });
            let placed = self.context.judged.below(step.span);
            let children = self.context.store.span(step.span).children();
            let of_turn = children.iter().copied().filter(|it| self.context.genai.turn_of(*it) == Some(step.turn));
            let mut children: Vec<SpanIx> = of_turn.chain(placed.iter().copied()).collect();
            self.sort(&mut children, !placed.is_empty());
            stack.extend(children.into_iter().rev().map(|span| match self.context.genai.turn_of(span) {
                // It is at work on its own: no span says that anybody called it.
                Some(turn) if placed.contains(&span) => Step { span, turn, is_joined: true, above: None, ..below },
                _ => Step { span, ..below },
            }));
        }
        Some(())
    }

    /// Children are sorted by their stamps. On several clocks the estimated order is a better one to read in; what
    /// is not known about it shows in the intervals.
    fn sort(&self, children: &mut [SpanIx], is_mixed: bool) {
        let domain = |span: SpanIx| self.context.domains.of_span.get(span.at());
        if is_mixed || children.windows(2).any(|pair| domain(pair[0]) != domain(pair[1])) {
            children.sort_by_key(|&span| self.estimated(span, self.context.store.span(span).drawn_ns().0));
        }
    }

    /// Writes the line of a span, if it has one. Returns who is at work below it.
    fn visit(&mut self, step: Step) -> Step {
        let genai = self.context.genai;
        let span = step.span;
        let role = genai.role_of(span);
        let agent = genai.agent_of(span).or(step.above);
        let deeper = Step { depth: step.depth.saturating_add(1), above: agent, ..step };
        let same = Step { above: agent, ..step };
        self.listen(span, role);
        if let Some(&handoff) = self.handoffs.get(&span) {
            self.handoff(step, handoff);
            return if role == Role::Agent { self.agent(step, agent, true) } else { deeper };
        }
        match role {
            Role::Agent => self.agent(step, agent, false),
            Role::Model | Role::Embedding | Role::Speech => {
                if self.is_outermost_call(span) {
                    self.call(same, role);
                }
                same
            }
            Role::Tool if !self.is_below_same(span, role) => {
                self.tool(same);
                deeper
            }
            Role::Retrieval if !self.is_below_same(span, role) => {
                self.retrieval(same);
                deeper
            }
            Role::Guardrail => self.plain(same, Act::Checks, Party::Tool(self.name(span))),
            Role::Human => self.plain(same, Act::AsksPerson, Party::Person),
            Role::Backoff => self.plain(same, Act::Waits, Party::Unknown),
            _ => {
                if self.is_first_failure(span) {
                    self.plain(same, Act::Fails, Party::Tool(self.name(span)));
                }
                same
            }
        }
    }

    /// Steps around the model calls know the user's words as they were; a model call may hold them inside a prompt.
    fn listen(&mut self, span: SpanIx, role: Role) {
        let may_know = matches!(role, Role::Agent | Role::Workflow | Role::Turn | Role::Session);
        if !may_know || self.heard.is_some() || self.listened >= MOST_LISTENED {
            return;
        }
        self.listened += 1;
        let messages = self.context.genai.messages(self.context.store, span);
        self.heard = Some(spoken(&self.taker.take(messages.input), &Speaker::User)).filter(Said::is_captured);
    }

    fn name(&self, span: SpanIx) -> String {
        self.context.store.span(span).name().to_owned()
    }

    fn party(agent: Option<AgentIx>) -> Party {
        agent.map_or(Party::Unknown, Party::Agent)
    }

    /// A line of `step` without anything special about it.
    fn line(&self, step: Step, act: Act, from: Party, to: Party) -> Line {
        let span = step.span;
        Line {
            span,
            depth: step.depth,
            act,
            from,
            to,
            start: self.since.start(span),
            took_ns: self.context.store.span(span).duration_ns(),
            models: Models::default(),
            tokens: Tokens::default(),
            first_token: None,
            said: Said::nothing(),
            answered: Said::nothing(),
            failure: self.failure(span),
            passage: None,
            attempt: self.attempt(span),
            confidence: Confidence::Stated,
            remark: String::new(),
        }
    }

    fn push(&mut self, line: Line) {
        if self.lines.len() < MOST_LINES {
            self.lines.push(line);
        } else {
            self.more += 1;
        }
    }

    fn plain(&mut self, step: Step, act: Act, to: Party) -> Step {
        let line = self.line(step, act, Self::party(step.above), to);
        self.push(line);
        step
    }

    /// An agent begins. Spans of one agent inside of each other are one piece of work.
    fn agent(&mut self, step: Step, agent: Option<AgentIx>, is_announced: bool) -> Step {
        let below = Step { depth: step.depth.saturating_add(1), above: agent, ..step };
        if agent == step.above && step.above.is_some() {
            if let Some(attempt) = self.attempt(step.span).filter(|attempt| attempt.number > 1) {
                let mut line = self.line(step, Act::Calls, Party::Unknown, Self::party(agent));
                line.attempt = Some(attempt);
                self.push(line);
            }
            return Step { above: agent, ..step };
        }
        if !is_announced {
            let act = if step.above.is_some() { Act::Calls } else { Act::Begins };
            let mut line = self.line(step, act, Self::party(step.above), Self::party(agent));
            if let Some(agent) = agent.and_then(|ix| self.context.genai.agents().get(ix.at())) {
                line.confidence = agent.confidence;
                line.remark = format!("named by {}", agent.source);
            }
            self.push(line);
        }
        below
    }

    fn is_outermost_call(&self, span: SpanIx) -> bool {
        let calls = self.context.genai.calls();
        let outer = self.context.genai.call_of(span).and_then(|call| call.outer);
        outer.and_then(|outer| calls.get(outer as usize)).is_none_or(|outer| !outer.is_model)
    }

    /// The two halves of a call, or a tool that wraps itself, are one.
    fn is_below_same(&self, span: SpanIx, role: Role) -> bool {
        let store = self.context.store;
        let above = std::iter::successors(store.span(span).parent(), |&up| store.span(up).parent());
        let nearest = above.take(8).find(|up| self.context.genai.role_of(*up) != Role::None);
        let is_same_tool = |up: SpanIx| role != Role::Tool || self.tool_name(up) == self.tool_name(span);
        nearest.is_some_and(|up| self.context.genai.role_of(up) == role && is_same_tool(up))
    }

    fn tool_name(&self, span: SpanIx) -> String {
        let view = self.context.genai.call(self.context.store, span);
        let stated = view.as_ref().and_then(|view| view.text(Field::ToolName)).map(str::to_owned);
        stated.unwrap_or_else(|| self.name(span))
    }

    fn call(&mut self, step: Step, role: Role) {
        let Context { store, genai, .. } = self.context;
        let span = step.span;
        let Some(view) = genai.call(store, span) else { return };
        let field = |field| view.text(field).unwrap_or_default().to_owned();
        let models = Models { asked: field(Field::RequestModel), answered: field(Field::ResponseModel) };
        let known = if models.asked.is_empty() { &models.answered } else { &models.asked };
        let act = match role {
            Role::Embedding => Act::Embeds,
            Role::Speech => Act::Speaks,
            _ => Act::Prompts,
        };
        let mut line = self.line(step, act, Self::party(step.above), Party::Model(known.clone()));
        line.first_token = first_token(&view);
        line.tokens = genai.tokens_of(span);
        line.models = models;
        (line.said, line.answered) = self.taker.call(step.above, genai.messages(store, span));
        self.push(line);
    }

    fn tool(&mut self, step: Step) {
        let messages = self.context.genai.messages(self.context.store, step.span);
        let mut line = self.line(step, Act::Uses, Self::party(step.above), Party::Tool(self.tool_name(step.span)));
        (line.said, line.answered) = (self.taker.take(messages.input), self.taker.take(messages.output));
        self.push(line);
    }

    fn retrieval(&mut self, step: Step) {
        let messages = self.context.genai.messages(self.context.store, step.span);
        let mut line = self.line(step, Act::LooksUp, Self::party(step.above), Party::Store(self.name(step.span)));
        line.said = self.taker.take(messages.input);
        line.answered = self.taker.take(Recorded {
            messages: messages.documents.into_iter().map(found).collect(),
            source: messages.documents_source,
            convention: String::new(),
        });
        self.push(line);
    }

    fn handoff(&mut self, step: Step, handoff: &Handoff) {
        let to = match handoff.to {
            Some(to) => Party::Agent(to),
            None => Party::Tool(handoff.to_name.clone()),
        };
        let from = Self::party(handoff.from.or(step.above));
        let mut line = self.line(step, Act::HandsOver, from, to);
        line.confidence = handoff.confidence;
        line.passage = self.passages.of(handoff);
        line.remark = match handoff.by {
            HandoffBy::Span => String::new(),
            HandoffBy::Attributes => "both agents are named".to_owned(),
            HandoffBy::Tool => "concluded from the name of the tool".to_owned(),
            HandoffBy::NextAgent => "concluded: it begins where the other one ended".to_owned(),
        };
        self.push(line);
    }

    /// A root that lost its parent: where it was placed or may belong, and why.
    fn joined(&mut self, step: Step) {
        let Context { genai, judged, .. } = self.context;
        let to = Self::party(genai.agent_of(step.span));
        let mut line = match judged.best(genai.stitches(), step.span) {
            Some(Best { stitch, is_accepted }) => {
                let act = if is_accepted { Act::IsPlaced } else { Act::Joins };
                let mut line = self.line(step, act, Self::party(genai.agent_of(stitch.under)), to);
                let by = if is_accepted { "accepted by you: " } else { "" };
                line.remark = format!("{by}{} ({} of 100)", stitch.evidence, stitch.score);
                line.passage = self.passages.of_stitch(stitch);
                line
            }
            None if judged.has_rejected(step.span) => {
                let mut line = self.line(step, Act::IsLost, to, Party::Unknown);
                line.remark = "you rejected where it was proposed; it was at work in this turn".to_owned();
                line
            }
            None => return,
        };
        line.confidence = Confidence::Inferred;
        line.failure = None;
        self.push(line);
    }

    /// Puts what the user asked before everything, and what they got after it.
    fn frame(&mut self, step: Step, took: Moment) {
        let root = step.span;
        let is_call = |line: &&Line| matches!(line.act, Act::Prompts | Act::Speaks);
        let heard = self.heard.take();
        let first = self.lines.iter().find(is_call).cloned();
        if first.is_none() && heard.is_none() {
            return;
        }
        let agent = self.lines.iter().find_map(|line| match (line.act, &line.to, &line.from) {
            (Act::Begins | Act::Calls, to @ Party::Agent(_), _) => Some(to.clone()),
            (Act::Prompts | Act::Uses, _, from @ Party::Agent(_)) => Some(from.clone()),
            _ => None,
        });
        let model = first.as_ref().map(|first| first.to.clone());
        let mut asks = self.line(step, Act::Asks, Party::User, agent.or(model).unwrap_or(Party::Unknown));
        let from_call = || first.as_ref().map(|first| spoken(&first.said, &Speaker::User)).unwrap_or_default();
        asks.said = heard.unwrap_or_else(from_call);
        (asks.took_ns, asks.failure, asks.attempt) = (None, None, None);
        let top = self.lines.iter().filter(is_call).map(|line| line.depth).min();
        let outer = self.lines.iter().filter(is_call).filter(|line| Some(line.depth) == top);
        let answer = outer.max_by_key(|line| self.estimated_end(line.span)).cloned();
        self.lines.insert(0, asks);
        if let Some(last) = answer.filter(|_| self.more == 0) {
            let step = Step { span: last.span, ..step };
            let from = if last.from == Party::Unknown { last.to } else { last.from };
            let mut line = self.line(step, Act::Answers, from, Party::User);
            line.start = took;
            line.answered = spoken(&last.answered, &Speaker::Assistant);
            (line.took_ns, line.attempt) = (None, None);
            line.failure = self.failure(root);
            self.lines.push(line);
        }
    }

    /// When `span` ends on an axis that all clocks share, as well as it is known.
    fn estimated_end(&self, span: SpanIx) -> i64 {
        self.estimated(span, self.context.store.span(span).drawn_ns().1)
    }

    fn estimated(&self, span: SpanIx, at_ns: i64) -> i64 {
        let domain = self.context.domains.of_span.get(span.at());
        let shift = self.context.clocks.zip(domain).map_or(0, |(clocks, domain)| clocks.shift_ns(*domain, at_ns));
        at_ns.saturating_sub(shift)
    }

    fn is_first_failure(&self, span: SpanIx) -> bool {
        let flags = self.context.store.flags();
        let has_failed = |span: SpanIx| flags[span.at()].has(SpanFlags::ERROR);
        has_failed(span) && !self.context.store.span(span).children().iter().any(|child| has_failed(*child))
    }

    /// Why `span` failed, in the words of the data.
    fn failure(&self, span: SpanIx) -> Option<String> {
        let Context { store, genai, .. } = self.context;
        let view = store.span(span);
        if !genai.has_failed(span) && !view.flags().has(SpanFlags::ERROR) {
            return None;
        }
        let message = view.rare().map(|rare| store.text(rare.status_message)).unwrap_or_default();
        let call = genai.call(store, span);
        let field = |field| call.as_ref().and_then(|call| call.text(field)).unwrap_or_default();
        let (kind, status) = (field(Field::ErrorType), field(Field::HttpStatus));
        let status = if status.is_empty() || kind == status { String::new() } else { format!("HTTP {status}") };
        let words: Vec<&str> = [kind, &status, message].into_iter().filter(|words| !words.is_empty()).collect();
        Some(if words.is_empty() { "without a message".to_owned() } else { words.join(" · ") })
    }

    fn attempt(&self, span: SpanIx) -> Option<Attempt> {
        let genai = self.context.genai;
        let retry = &genai.retries()[genai.retry_of(span)?];
        let at = retry.attempts.iter().position(|attempt| *attempt == span)?;
        let waited_ns = at.checked_sub(1).and_then(|before| retry.backoff_ns.get(before).copied());
        Some(Attempt { number: at + 1, of: retry.attempts.len(), waited_ns })
    }
}

fn first_token(view: &CallView<'_>) -> Option<FirstToken> {
    let (ns, source, confidence) = view.ttft()?;
    Some(FirstToken { ns, source: source.to_owned(), confidence })
}

/// The last message of `speaker` in what was said.
fn spoken(said: &Said, speaker: &Speaker) -> Said {
    let last = said.messages.iter().rfind(|message| message.speaker == *speaker).cloned();
    let is_there = last.is_some();
    Said {
        chars: last.as_ref().map_or(0, Message::chars),
        messages: last.into_iter().collect(),
        repeated: 0,
        source: if is_there { said.source.clone() } else { String::new() },
        convention: if is_there { said.convention.clone() } else { String::new() },
        is_silent: false,
    }
}

fn found(document: Document) -> Message {
    let mut name = document.id;
    if !document.score.is_empty() {
        name = format!("{name} · score {}", document.score).trim_start_matches(" · ").to_owned();
    }
    let contents = vec![Content::Text(document.text)];
    Message { speaker: Speaker::Other("document".to_owned()), name, contents }
}

impl Moment {
    /// In words: `1.36–1.54 s`, `at least 3 ms`, `unknown`.
    #[must_use]
    pub fn words(&self) -> String {
        crate::analysis::clocks::words::range_text(self.lo_ns, self.hi_ns)
    }
}
