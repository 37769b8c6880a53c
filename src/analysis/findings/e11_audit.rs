//! E11: whether what a model asked for and what tools did can be joined.

use std::collections::{BTreeMap, BTreeSet};

use super::{Config, Context, Finding, Rule, Severity, count, e11_ids, figure, verb};
use crate::analysis::genai::{Answers, ConversationIx, Field, Role, asked_tools, is_placeholder, shapes_answer};
use crate::model::{AttrId, SpanIx, SpanKind, TraceIx};

/// See the module.
pub struct Audit;

#[derive(Default)]
struct Sides {
    asked: Vec<SpanIx>,
    done: Vec<SpanIx>,
    /// Names of the tool on either side.
    names: [String; 2],
}

impl Rule for Audit {
    fn code(&self) -> &'static str {
        "E11"
    }

    fn title(&self) -> &'static str {
        "audit join of tool calls"
    }

    fn is_on(&self, config: &Config) -> bool {
        config.E11.on
    }

    fn find(&self, context: &Context<'_>) -> Vec<Finding> {
        tools(context).into_iter().chain(mcp(context)).chain(users(context)).chain(e11_ids::find(context)).collect()
    }
}

/// Conversations that name several people, under one key: whom an answer was for cannot be told.
fn users(context: &Context<'_>) -> Vec<Finding> {
    let mut users: BTreeMap<(ConversationIx, String), BTreeMap<String, SpanIx>> = BTreeMap::new();
    let mut looked_at: BTreeSet<(ConversationIx, AttrId)> = BTreeSet::new();
    for span in context.store.span_ixs() {
        let Some(conversation) = context.genai.conversation_of(span) else { continue };
        let attrs = context.store.span(span).attr_ids().iter();
        let is_new =
            attrs.filter(|id| context.genai.says(**id, Field::User)).any(|id| looked_at.insert((conversation, *id)));
        if !is_new {
            continue;
        }
        let Some(view) = context.genai.call(context.store, span) else { continue };
        if let Some(user) = view.get(Field::User) {
            let of_key = users.entry((conversation, user.source.clone())).or_default();
            of_key.entry(user.text.clone()).or_insert(span);
        }
    }
    let finding = |((conversation, key), users): ((ConversationIx, String), BTreeMap<String, SpanIx>)| {
        let id = &context.genai.conversations()[conversation.at()].id;
        let sentence =
            format!("Conversation {id} names {} users: whom an answer was for cannot be told.", figure(users.len()));
        let spans: Vec<SpanIx> = users.values().copied().collect();
        let finding = Finding::new("E11", Severity::Suspicious, format!("users of {id}"), sentence).shown_by(&spans);
        finding.because(format!("read from {key}")).with("users", users.len())
    };
    users.into_iter().filter(|(_, users)| users.len() > 1).map(finding).collect()
}

fn tools(context: &Context<'_>) -> Vec<Finding> {
    let mut told: BTreeMap<String, Vec<Told>> = BTreeMap::new();
    let answers = Answers::new(context.store);
    for call in context.genai.calls().iter().filter(|call| call.is_model) {
        for asked in asked_tools(&answers.of(call.span)) {
            if !is_placeholder(&asked.id) && !shapes_answer(&asked.name) {
                told.entry(asked.id).or_default().push(Told { span: call.span, name: asked.name, is_done: false });
            }
        }
    }
    // Where no answer is recorded nothing can be joined, and nothing is missing either.
    if told.is_empty() {
        return Vec::new();
    }
    for span in context.store.span_ixs().filter(|span| context.genai.role_of(*span) == Role::Tool) {
        let Some(view) = context.genai.call(context.store, span) else { continue };
        if let Some(id) = view.text(Field::ToolCallId) {
            let name = view.text(Field::ToolName).unwrap_or_default().to_owned();
            told.entry(id.to_owned()).or_default().push(Told { span, name, is_done: true });
        }
    }
    let calls = by_call(context, told);
    // Tools without any id anywhere are not recorded that way at all.
    if calls.iter().all(|sides| sides.done.is_empty()) {
        return Vec::new();
    }
    findings(context, &calls)
}

/// Tool calls over MCP, which both sides record under a session and the number of the request.
fn mcp(context: &Context<'_>) -> Option<Finding> {
    // The client's span, and the server's.
    let mut calls: BTreeMap<(String, String), [Option<SpanIx>; 2]> = BTreeMap::new();
    let mut names: BTreeMap<(String, String), [String; 2]> = BTreeMap::new();
    for span in context.store.span_ixs().filter(|span| context.genai.role_of(*span) == Role::Tool) {
        let Some(view) = context.genai.call(context.store, span) else { continue };
        let (Some(session), Some(request)) = (view.text(Field::McpSession), view.text(Field::McpRequest)) else {
            continue;
        };
        let side = usize::from(context.store.span(span).kind() == SpanKind::Server);
        let key = (session.to_owned(), request.to_owned());
        calls.entry(key.clone()).or_default()[side].get_or_insert(span);
        names.entry(key).or_default()[side] = view.text(Field::ToolName).unwrap_or_default().to_owned();
    }
    let joined = calls.values().filter(|[client, server]| client.is_some() && server.is_some()).count();
    // One side alone is how most traces are.
    if joined == 0 {
        return None;
    }
    let differ = |key: &(String, String)| {
        let [client, server] = &names[key];
        !client.is_empty() && !server.is_empty() && client != server
    };
    // A server that is recorded nowhere has sessions of its own.
    let is_joined = |sides: &[Option<SpanIx>; 2]| sides.iter().all(Option::is_some);
    let recorded: BTreeSet<&String> =
        calls.iter().filter(|(_, sides)| is_joined(sides)).map(|((session, _), _)| session).collect();
    let one_sided = calls.iter().filter(|((session, _), sides)| !is_joined(sides) && recorded.contains(session));
    let one_sided = one_sided.map(|(_, sides)| sides);
    let conflicting = calls.iter().filter(|(key, _)| differ(key)).filter_map(|(_, [_, server])| *server);
    let conflicting: Vec<SpanIx> = conflicting.collect();
    let spans: Vec<SpanIx> = conflicting.iter().copied().chain(one_sided.flatten().flatten().copied()).collect();
    let n = spans.len().saturating_sub(conflicting.len());
    if spans.len() < context.config.E11.least_calls.max(1) {
        return None;
    }
    let severity = if conflicting.is_empty() { Severity::Suspicious } else { Severity::Impossible };
    let sentence = match (n, conflicting.len()) {
        (n, 0) => format!("{} over MCP {} on one side only.", count(n, "tool call"), if n == 1 { "is" } else { "are" }),
        (0, n) => format!("{} over MCP {} another tool on either side.", count(n, "tool call"), verb(n, "is", "are")),
        (n, m) => format!(
            "{} over MCP: {} on one side only, {} with another tool on either side.",
            count(n + m, "tool call"),
            figure(n),
            figure(m)
        ),
    };
    let finding = Finding::new("E11", severity, "requests of MCP", sentence).shown_by(&spans);
    let finding = finding.because(format!(
        "joined by session and number of the request; {} {} on both sides",
        figure(joined),
        verb(joined, "is", "are")
    ));
    Some(finding.with("joined", joined).with("one_sided", n).with("conflicting", conflicting.len()))
}

/// A span that knows the id of a call of a tool.
struct Told {
    span: SpanIx,
    name: String,
    is_done: bool,
}

/// What ids are unique in: some models number their calls anew in every answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Anywhere,
    Conversation(ConversationIx),
    Trace(TraceIx),
}

/// The sides of each call: by its id alone, unless several conversations ask for a tool under the same one.
fn by_call(context: &Context<'_>, told: BTreeMap<String, Vec<Told>>) -> Vec<Sides> {
    let place = |span: SpanIx| match context.genai.conversation_of(span) {
        Some(conversation) => Place::Conversation(conversation),
        None => Place::Trace(context.store.span(span).trace_ix()),
    };
    let mut calls = Vec::new();
    for told in told.into_values() {
        let asked_in: BTreeSet<Place> = told.iter().filter(|one| !one.is_done).map(|one| place(one.span)).collect();
        let mut by_place: BTreeMap<Place, Sides> = BTreeMap::new();
        for one in told {
            let place = if asked_in.len() > 1 { place(one.span) } else { Place::Anywhere };
            let sides = by_place.entry(place).or_default();
            let spans = if one.is_done { &mut sides.done } else { &mut sides.asked };
            spans.push(one.span);
            sides.names[usize::from(one.is_done)] = one.name;
        }
        calls.extend(by_place.into_values());
    }
    calls
}

fn findings(context: &Context<'_>, calls: &[Sides]) -> Vec<Finding> {
    let joined = calls.iter().filter(|sides| !sides.asked.is_empty() && !sides.done.is_empty()).count();
    let of = |keep: &dyn Fn(&Sides) -> Option<SpanIx>| -> Vec<SpanIx> {
        let mut spans: Vec<SpanIx> = calls.iter().filter_map(keep).collect();
        spans.sort_unstable();
        spans
    };
    let never_made = of(&|sides| sides.asked.first().filter(|_| sides.done.is_empty()).copied());
    let never_asked = of(&|sides| sides.done.first().filter(|_| sides.asked.is_empty()).copied());
    let conflicting = of(&|sides| {
        let [asked, done] = &sides.names;
        let differ = !asked.is_empty() && !done.is_empty() && asked != done;
        sides.done.first().filter(|_| differ && !sides.asked.is_empty()).copied()
    });
    let cases = [
        (never_made, Severity::Suspicious, "never_made", "asked for by a model and never made", "tools never called"),
        (never_asked, Severity::Suspicious, "never_asked", "made and asked for by no model", "tools called unasked"),
        (
            conflicting,
            Severity::Impossible,
            "conflicting",
            "made under another name than asked for",
            "tool names that conflict",
        ),
    ];
    let least = context.config.E11.least_calls.max(1);
    let finding = |(spans, severity, name, what, root): (Vec<SpanIx>, Severity, &'static str, &str, &str)| {
        let was = if spans.len() == 1 { "was" } else { "were" };
        let sentence = format!("{} {was} {what}.", count(spans.len(), "tool call"));
        let evidence = format!("joined by the id of the call; {} fit", figure(joined));
        (spans.len() >= least).then(|| {
            let finding = Finding::new("E11", severity, root, sentence).shown_by(&spans).because(evidence);
            finding.with("joined", joined).with(name, spans.len())
        })
    };
    cases.into_iter().filter_map(finding).collect()
}
