//! What led to an answer: who asked, which agents, which prompt, which model, which documents and tools. Every link
//! says whether the data states it or whether it is a conclusion, and where it was read.

use std::collections::BTreeSet;

use super::{Context, Since};
use crate::analysis::genai::{
    AgentIx, Best, CallView, Confidence, Content, Document, Field, Known, Messages, Role, Speaker, TurnIx,
};
use crate::model::SpanIx;

/// Links of one kind that are kept.
const MOST_LINKS: usize = 50;
/// Spans of a turn that are looked at for tools and documents.
const MOST_SPANS: usize = 200_000;
/// So much of a document has to stand in a prompt for the prompt to hold it, in characters.
const SNIPPET: usize = 60;

/// What a link is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum LinkKind {
    /// The conversation.
    Conversation,
    /// The person.
    User,
    /// The turn.
    Turn,
    /// An agent, the outermost first.
    Agent,
    /// The version of the agent or service.
    AgentVersion,
    /// The prompt and its version.
    Prompt,
    /// The instructions as they were sent.
    Instructions,
    /// The model that was asked for.
    ModelAsked,
    /// The model that answered.
    ModelAnswered,
    /// What tells snapshots of a model apart.
    Fingerprint,
    /// A document that was found before the answer.
    Document,
    /// A tool that was used before the answer.
    Tool,
}

impl LinkKind {
    /// What people read.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Conversation => "conversation",
            Self::User => "user",
            Self::Turn => "turn",
            Self::Agent => "agent",
            Self::AgentVersion => "agent version",
            Self::Prompt => "prompt version",
            Self::Instructions => "instructions",
            Self::ModelAsked => "model asked",
            Self::ModelAnswered => "model answered",
            Self::Fingerprint => "model snapshot",
            Self::Document => "document",
            Self::Tool => "tool",
        }
    }
}

/// Something that led to an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// What it is about.
    pub kind: LinkKind,
    /// What it is; empty when it is not recorded.
    pub text: String,
    /// The span that shows it.
    pub span: Option<SpanIx>,
    /// The attribute, event or rule that it was read from; empty when it is not recorded.
    pub source: String,
    /// How far it can be trusted.
    pub confidence: Confidence,
}

impl Link {
    /// Whether anything is recorded.
    #[must_use]
    pub const fn is_recorded(&self) -> bool {
        !self.source.is_empty()
    }

    /// Whether the data states it; else it is a conclusion, and looks like one.
    #[must_use]
    pub fn is_solid(&self) -> bool {
        self.is_recorded() && self.confidence != Confidence::Inferred
    }
}

/// What led to one answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attribution {
    /// The model call that gave it.
    pub answer: SpanIx,
    /// The links, by kind.
    pub links: Vec<Link>,
    /// Documents and tools beyond those that are listed.
    pub more: u64,
}

impl Attribution {
    /// What led to the answer of the model call `answer`.
    #[must_use]
    pub fn of(context: &Context<'_>, answer: SpanIx) -> Option<Self> {
        let view = context.genai.call(context.store, answer)?;
        let messages = context.genai.messages(context.store, answer);
        let mut tracer = Tracer { context: *context, answer, messages, links: Vec::new(), more: 0 };
        tracer.conversation(&view);
        tracer.agents();
        tracer.versions(&view);
        tracer.models(&view);
        tracer.helpers();
        let Tracer { mut links, more, .. } = tracer;
        links.sort_by_key(|link| link.kind);
        Some(Self { answer, links, more })
    }

    /// How much of what should be known about an answer is recorded: prompt version, model snapshot, agent version.
    #[must_use]
    pub fn score(&self) -> (usize, usize) {
        let wanted = [LinkKind::Prompt, LinkKind::ModelAnswered, LinkKind::AgentVersion];
        let is_known = |kind: &&LinkKind| self.links.iter().any(|link| link.kind == **kind && link.is_recorded());
        (wanted.iter().filter(is_known).count(), wanted.len())
    }
}

struct Tracer<'a> {
    context: Context<'a>,
    answer: SpanIx,
    messages: Messages,
    links: Vec<Link>,
    more: u64,
}

impl Tracer<'_> {
    fn push(&mut self, kind: LinkKind, text: String, span: Option<SpanIx>, source: &str, confidence: Confidence) {
        let known = self.links.iter().filter(|link| link.kind == kind).count();
        if known < MOST_LINKS {
            self.links.push(Link { kind, text, span, source: source.to_owned(), confidence });
        } else {
            self.more += 1;
        }
    }

    fn missing(&mut self, kind: LinkKind) {
        self.push(kind, String::new(), None, "", Confidence::Stated);
    }

    fn known(&mut self, kind: LinkKind, span: SpanIx, known: Option<&Known>) -> bool {
        let Some(known) = known else { return false };
        self.push(kind, known.text.clone(), Some(span), &known.source, known.confidence);
        true
    }

    /// The first span from the answer upwards that says `field`, as a link; one further up says it for all below.
    fn upwards(&mut self, kind: LinkKind, field: Field) -> bool {
        let Context { store, genai, .. } = self.context;
        let mut sure = Confidence::Stated;
        for span in above(self.context, self.answer).take(64) {
            let view = genai.call(store, span);
            if let Some(known) = view.as_ref().and_then(|view| view.get(field)) {
                let sure = if span == self.answer { sure } else { sure.max(Confidence::Assumed) };
                let confidence = known.confidence.max(sure);
                self.push(kind, known.text.clone(), Some(span), &known.source.clone(), confidence);
                return true;
            }
            // Beyond a place that somebody accepted nothing is stated any more.
            if self.context.judged.place_of(span).is_some() {
                sure = Confidence::Inferred;
            }
        }
        false
    }

    fn conversation(&mut self, view: &CallView<'_>) {
        let genai = self.context.genai;
        let conversation = genai.conversation_of(view.span).and_then(|ix| genai.conversations().get(ix.at()));
        match conversation {
            Some(of) => self.push(LinkKind::Conversation, of.id.clone(), None, &of.source, of.confidence),
            None => self.missing(LinkKind::Conversation),
        }
        if !self.upwards(LinkKind::User, Field::User) {
            self.missing(LinkKind::User);
        }
        let Some(turn) = genai.turn_of(view.span).and_then(|ix| genai.turns().get(ix.at())) else { return };
        let source = if turn.confidence == Confidence::Stated { "stated number" } else { "counted from the roots" };
        let asked = self.messages.input.messages.iter().filter(|message| message.speaker == Speaker::User).count();
        let words = if asked == 0 { ", the question was not captured" } else { "" };
        let text = format!("turn {}{words}", turn.number);
        self.push(LinkKind::Turn, text, turn.roots.first().copied(), source, turn.confidence);
    }

    /// The agents from the outermost to the one that asked the model.
    fn agents(&mut self) {
        let Context { genai, judged, .. } = self.context;
        // The agent, the span that stands for it, and the place that somebody accepted below it on the way.
        let mut path: Vec<(AgentIx, SpanIx, Option<Best<'_>>)> = Vec::new();
        let mut top = self.answer;
        let mut accepted = None;
        for span in above(self.context, self.answer).take(256) {
            top = span;
            if let Some(agent) = genai.agent_of(span) {
                match path.last_mut() {
                    // The outermost span of an agent stands for it.
                    Some(last) if last.0 == agent => last.1 = span,
                    _ => path.push((agent, span, accepted)),
                }
            }
            let best = || judged.best(genai.stitches(), span);
            accepted = judged.place_of(span).and_then(|_| best()).or(accepted);
        }
        // A trace that lost its parent: where it may belong, as a proposal.
        let proposed = judged.best(genai.stitches(), top);
        if let Some(Best { stitch, .. }) = proposed
            && let Some(agent) = genai.agent_of(stitch.under)
        {
            let name = genai.agents()[agent.at()].name.clone();
            let source = format!("{} ({} of 100)", stitch.evidence, stitch.score);
            self.push(LinkKind::Agent, name, Some(stitch.under), &source, Confidence::Inferred);
        }
        if path.is_empty() && proposed.is_none() {
            self.missing(LinkKind::Agent);
        }
        for (agent, span, accepted) in path.into_iter().rev() {
            let agent = &genai.agents()[agent.at()];
            let (source, confidence) = match accepted {
                Some(Best { stitch, .. }) => {
                    let source = format!("accepted by you: {} ({} of 100)", stitch.evidence, stitch.score);
                    (source, Confidence::Inferred)
                }
                None if agent.is_guess() => (agent.source.clone(), Confidence::Inferred),
                None => (agent.source.clone(), agent.confidence),
            };
            self.push(LinkKind::Agent, agent.name.clone(), Some(span), &source, confidence);
        }
    }

    fn versions(&mut self, view: &CallView<'_>) {
        if !self.upwards(LinkKind::AgentVersion, Field::AgentVersion) {
            let store = self.context.store;
            let resource = store.span(self.answer).resource();
            match store.find_text(&resource.attrs, "service.version") {
                Some(version) => {
                    let (text, sure) = (format!("service {version}"), Confidence::Assumed);
                    self.push(LinkKind::AgentVersion, text, Some(self.answer), "service.version", sure);
                }
                None => self.missing(LinkKind::AgentVersion),
            }
        }
        let name = view.text(Field::PromptName).unwrap_or_default();
        match view.get(Field::PromptVersion) {
            Some(version) => {
                let text = format!("{name} {}", version.text).trim().to_owned();
                self.push(LinkKind::Prompt, text, Some(self.answer), &version.source, version.confidence);
            }
            None if self.upwards(LinkKind::Prompt, Field::PromptVersion) => {}
            None => self.missing(LinkKind::Prompt),
        }
        let told = &self.messages.instructions;
        let in_input = self.messages.input.messages.iter().filter(|message| message.speaker == Speaker::System);
        let chars: usize = told.messages.iter().chain(in_input).map(crate::analysis::genai::Message::chars).sum();
        let source = if told.is_captured() { told.source.clone() } else { self.messages.input.source.clone() };
        if chars > 0 {
            let text = format!("{chars} characters, as sent");
            self.push(LinkKind::Instructions, text, Some(self.answer), &source, Confidence::Stated);
        } else {
            self.missing(LinkKind::Instructions);
        }
    }

    fn models(&mut self, view: &CallView<'_>) {
        for (kind, field) in [
            (LinkKind::ModelAsked, Field::RequestModel),
            (LinkKind::ModelAnswered, Field::ResponseModel),
            (LinkKind::Fingerprint, Field::Fingerprint),
        ] {
            if !self.known(kind, view.span, view.get(field)) && kind != LinkKind::Fingerprint {
                self.missing(kind);
            }
        }
    }

    /// Tools and documents of the turn that were there before the answer began.
    fn helpers(&mut self) {
        let Context { genai, judged, .. } = self.context;
        let Some(turn) = genai.turn_of(self.answer) else { return };
        let since = Since::new(&self.context, self.answer);
        // The turn of the answer, and those to which its trace belongs as somebody said.
        let mut turns: Vec<TurnIx> =
            above(self.context, self.answer).take(256).filter_map(|up| genai.turn_of(up)).collect();
        turns.push(turn);
        turns.sort_unstable();
        turns.dedup();
        let roots = turns.iter().flat_map(|turn| genai.turns()[turn.at()].roots.iter().copied());
        let mut stack: Vec<SpanIx> = roots.collect();
        stack.reverse();
        let mut seen: BTreeSet<SpanIx> = stack.iter().copied().collect();
        let mut looked_at = 0;
        while let Some(span) = stack.pop() {
            looked_at += 1;
            if looked_at > MOST_SPANS {
                break;
            }
            match genai.role_of(span) {
                Role::Tool => self.tool(&since, span),
                Role::Retrieval => self.documents(&since, span),
                _ => {}
            }
            let children = self.context.store.span(span).children().iter().rev().copied();
            let of_turn = children.filter(|child| genai.turn_of(*child).is_some_and(|turn| turns.contains(&turn)));
            stack.extend(of_turn.filter(|child| !seen.contains(child)));
            for &root in judged.below(span).iter().rev().filter(|root| seen.insert(**root)) {
                turns.extend(genai.turn_of(root));
                stack.push(root);
            }
        }
        for kind in [LinkKind::Document, LinkKind::Tool] {
            if !self.links.iter().any(|link| link.kind == kind) {
                self.missing(kind);
            }
        }
    }

    /// Whether `span` ended before the answer began: `None` when nobody can say.
    fn was_before(&self, since: &Since<'_>, span: SpanIx) -> Option<bool> {
        let end = since.end(span);
        match (end.lo_ns, end.hi_ns) {
            (_, Some(hi)) if hi <= 0 => Some(true),
            (Some(lo), _) if lo > 0 => Some(false),
            _ => None,
        }
    }

    fn tool(&mut self, since: &Since<'_>, span: SpanIx) {
        let Context { store, genai, .. } = self.context;
        let view = genai.call(store, span);
        let field = |field| view.as_ref().and_then(|view| view.get(field));
        let name =
            field(Field::ToolName).map_or_else(|| store.span(span).name().to_owned(), |known| known.text.clone());
        let id = field(Field::ToolCallId).filter(|known| !known.text.starts_with('<'));
        let is_told = |content: &Content| match (content, id) {
            (Content::ToolResult { id, .. }, Some(known)) => *id == known.text,
            _ => false,
        };
        if self.messages.input.messages.iter().flat_map(|message| &message.contents).any(is_told) {
            let source = format!("{} in {}", id.map_or("", |known| known.source.as_str()), self.messages.input.source);
            return self.push(LinkKind::Tool, name, Some(span), &source, Confidence::Stated);
        }
        match self.was_before(since, span) {
            Some(false) => {}
            Some(true) => {
                self.push(LinkKind::Tool, name, Some(span), "ended before, in this turn", Confidence::Inferred);
            }
            None => self.push(LinkKind::Tool, name, Some(span), "in this turn, order unknown", Confidence::Inferred),
        }
    }

    fn documents(&mut self, since: &Since<'_>, span: SpanIx) {
        let Context { store, genai, .. } = self.context;
        let order = match self.was_before(since, span) {
            Some(false) => return,
            Some(true) => "found before, in this turn",
            None => "found in this turn, order unknown",
        };
        let found = genai.messages(store, span);
        if found.documents.is_empty() {
            // The steps inside a search add nothing to what is not known about it.
            if store.span(span).parent().is_some_and(|up| genai.role_of(up) == Role::Retrieval) {
                return;
            }
            let text = format!("by {}, not captured", store.span(span).name());
            return self.push(LinkKind::Document, text, Some(span), order, Confidence::Inferred);
        }
        for (at, document) in found.documents.iter().enumerate() {
            let text = document_text(at, document);
            if self.is_quoted(document) {
                let source = format!("{}, its words are in {}", found.documents_source, self.messages.input.source);
                self.push(LinkKind::Document, text, Some(span), &source, Confidence::Stated);
            } else {
                let source = format!("{}, {order}", found.documents_source);
                self.push(LinkKind::Document, text, Some(span), &source, Confidence::Inferred);
            }
        }
    }

    /// Whether the words of `document` stand in what the model was told.
    fn is_quoted(&self, document: &Document) -> bool {
        let snippet: String = document.text.trim().chars().take(SNIPPET).collect();
        let is_enough = snippet.chars().count() >= SNIPPET.min(24);
        let contents = self.messages.input.messages.iter().flat_map(|message| &message.contents);
        is_enough && contents.into_iter().any(|content| content.text().contains(&snippet))
    }
}

/// `span` and what is above it, also beyond places that somebody accepted.
fn above<'a>(context: Context<'a>, span: SpanIx) -> impl Iterator<Item = SpanIx> + use<'a> {
    let Context { store, judged, .. } = context;
    std::iter::successors(Some(span), |&up| judged.above(store, up))
}

fn document_text(at: usize, document: &Document) -> String {
    let id = if document.id.is_empty() { format!("document {}", at + 1) } else { document.id.clone() };
    if document.score.is_empty() { id } else { format!("{id}, score {}", document.score) }
}
