//! E11: ids that both sides of a call or a task write down: tasks between agents, ids of answers, ids of requests.
//! Joined where two processes know the same one; one-sided where its other side is missing though it is there for
//! others; conflicting where both sides of one call know another one.

use std::collections::{BTreeMap, BTreeSet};

use super::{Context, Finding, Severity, count, figure, verb};
use crate::analysis::genai::{CallView, Field, Role};
use crate::model::{SpanIx, SpanKind};

/// All of them.
pub fn find(context: &Context<'_>) -> Vec<Finding> {
    let kinds = [
        Kind { fields: &[Field::TaskId], what: "task", root: "tasks between agents", one_sided: Severity::Suspicious },
        Kind { fields: &[Field::ResponseId], what: "answer", root: "ids of answers", one_sided: Severity::Unknown },
        Kind { fields: &[Field::JoinId], what: "request", root: "ids of requests", one_sided: Severity::Unknown },
    ];
    kinds.iter().filter_map(|kind| audit(context, kind)).collect()
}

/// A kind of id.
struct Kind {
    fields: &'static [Field],
    what: &'static str,
    root: &'static str,
    /// How bad it is that one side only knows one.
    one_sided: Severity,
}

/// A span that knows an id.
struct Told {
    span: SpanIx,
    process: u32,
    /// Whom it is about: the agent, the provider or the model; empty where nothing says it.
    about: String,
    /// The conversation that it states, and what became of a task, if anything for good.
    conversation: Option<String>,
    outcome: Option<&'static str>,
}

type ById = BTreeMap<String, Vec<Told>>;

fn audit(context: &Context<'_>, kind: &Kind) -> Option<Finding> {
    let by_id = by_id(context, kind);
    let is_joined = |told: &[Told]| told.iter().any(|one| one.process != told[0].process);
    let joined = by_id.values().filter(|told| is_joined(told)).count();
    // One side alone is how most traces are.
    if joined == 0 {
        return None;
    }
    let both: BTreeSet<(u32, &str)> =
        by_id.values().filter(|told| is_joined(told)).flatten().map(|one| (one.process, one.about.as_str())).collect();
    // The other side is there for others of the same process and partner.
    let is_missing = |told: &[Told]| !is_joined(told) && both.contains(&(told[0].process, told[0].about.as_str()));
    let one_sided: Vec<SpanIx> = by_id.values().filter(|told| is_missing(told)).map(|told| told[0].span).collect();
    let differing = differing(context, kind, &by_id);
    let states = by_id.values().filter(|told| is_joined(told)).filter_map(|told| disagreement(told));
    let conflicting: BTreeSet<SpanIx> = differing.iter().copied().chain(states).collect();
    let in_conflict: BTreeSet<SpanIx> = conflicting.iter().flat_map(|span| with_inner(context, *span)).collect();
    let one_sided: Vec<SpanIx> = one_sided.into_iter().filter(|span| !in_conflict.contains(span)).collect();
    let spans: Vec<SpanIx> = conflicting.iter().chain(&one_sided).copied().collect();
    if spans.len() < context.config.E11.least_calls.max(1) {
        return None;
    }
    let (n, m) = (one_sided.len(), conflicting.len());
    let severity = if m > 0 { Severity::Suspicious } else { kind.one_sided };
    let what = kind.what;
    let sentence = match (n, m) {
        (n, 0) => format!("{} {} known to one side only.", count(n, what), verb(n, "is", "are")),
        (0, m) => format!("{} {} told otherwise by its two sides.", count(m, what), verb(m, "is", "are")),
        (n, m) => {
            let (all, n, m) = (count(n + m, what), figure(n), figure(m));
            format!("{all}: {n} known to one side only, {m} told otherwise by their two sides.")
        }
    };
    let keys = keys(context, kind, &spans);
    let finding = Finding::new("E11", severity, kind.root, sentence).shown_by(&spans);
    let finding = finding.because(format!(
        "joined by {keys}; {} {} known to both sides",
        figure(joined),
        verb(joined, "is", "are")
    ));
    Some(finding.with("joined", joined).with("one_sided", n).with("conflicting", m))
}

/// The span and what is below it, as far as a call reaches.
fn with_inner(context: &Context<'_>, span: SpanIx) -> Vec<SpanIx> {
    let children = context.store.span(span).children();
    let below = children.iter().flat_map(|child| context.store.span(*child).children());
    std::iter::once(span).chain(children.iter().copied()).chain(below.copied()).collect()
}

/// Spans by the ids that they know. Requests of other kinds than of models have ids, too: they are left out.
fn by_id(context: &Context<'_>, kind: &Kind) -> ById {
    let (store, genai) = (context.store, context.genai);
    let mut found = ById::new();
    for span in store.span_ixs() {
        let says = |id| kind.fields.iter().any(|field| genai.says(id, *field));
        if !store.span(span).attr_ids().iter().any(|id| says(*id)) {
            continue;
        }
        let view = genai.view(store, span);
        let Some(id) = kind.fields.iter().find_map(|field| view.text(*field)) else { continue };
        let is_task = kind.fields.contains(&Field::TaskId);
        let Some(owner) = (if is_task { Some(span) } else { call_around(context, span) }) else { continue };
        // Whoever failed may never have learnt the id, and whoever asks for an answer again learns nothing new.
        if !is_task && (genai.has_failed(span) || store.span(owner).name().starts_with("fetch_response")) {
            continue;
        }
        let told = Told {
            span,
            process: store.span(span).resource_ix().0,
            about: about(context, &view, owner),
            conversation: view.text(Field::Conversation).map(str::to_owned).filter(|_| is_task),
            outcome: view.text(Field::TaskState).and_then(outcome).filter(|_| is_task),
        };
        found.entry(id.to_owned()).or_default().push(told);
    }
    found
}

/// The model call that `span` is or is sent by.
fn call_around(context: &Context<'_>, span: SpanIx) -> Option<SpanIx> {
    let up = std::iter::successors(Some(span), |&up| context.store.span(up).parent()).take(4);
    let mut calls = up.filter(|up| context.genai.call_of(*up).is_some_and(|call| call.is_model));
    calls.next()
}

fn about(context: &Context<'_>, view: &CallView<'_>, owner: SpanIx) -> String {
    let stated = [Field::HandoffTo, Field::Provider, Field::RequestModel, Field::ResponseModel];
    let of = |view: &CallView<'_>| stated.into_iter().find_map(|field| view.text(field)).map(str::to_owned);
    let agent = || context.genai.agent_of(owner).map(|ix| context.genai.agents()[ix.at()].name.clone());
    of(view).or_else(|| of(&context.genai.view(context.store, owner))).or_else(agent).unwrap_or_default()
}

/// What became of a task for good, in one spelling; `None` while it goes on.
fn outcome(state: &str) -> Option<&'static str> {
    let state = state.to_ascii_lowercase();
    match state.trim_start_matches("task_state_").trim_start_matches("taskstate.") {
        "completed" => Some("completed"),
        "failed" => Some("failed"),
        "canceled" | "cancelled" => Some("canceled"),
        "rejected" => Some("rejected"),
        _ => None,
    }
}

/// A span of a task about which two processes say different things.
fn disagreement(told: &[Told]) -> Option<SpanIx> {
    let first = told.first()?;
    let differs = |other: &&Told| {
        let other_outcome = first.outcome.zip(other.outcome).is_some_and(|(a, b)| a != b);
        let other_talk = first.conversation.as_ref().zip(other.conversation.as_ref()).is_some_and(|(a, b)| a != b);
        other.process != first.process && (other_outcome || other_talk)
    };
    told.iter().find(differs).map(|other| other.span)
}

/// Calls whose server, below them in one tree, knows another id. Gateways give answers ids of their own, so that only
/// those count whose processes agree about others.
fn differing(context: &Context<'_>, kind: &Kind, by_id: &ById) -> Vec<SpanIx> {
    if kind.fields.contains(&Field::TaskId) {
        return Vec::new();
    }
    let agreed: BTreeSet<(u32, u32)> = by_id
        .values()
        .flat_map(|told| told.iter().flat_map(move |a| told.iter().map(move |b| (a.process, b.process))))
        .filter(|(a, b)| a != b)
        .collect();
    let ids: BTreeMap<SpanIx, (&str, u32)> = by_id
        .iter()
        .flat_map(|(id, told)| told.iter().map(move |one| (one.span, (id.as_str(), one.process))))
        .collect();
    let mut calls = Vec::new();
    for (&server, &(id, process)) in &ids {
        let is_server = context.store.span(server).kind() == SpanKind::Server;
        if !is_server || context.genai.role_of(server) != Role::Model {
            continue;
        }
        let up = std::iter::successors(context.store.span(server).parent(), |&up| context.store.span(up).parent());
        let asked = up.take(4).find_map(|up| Some((up, *ids.get(&up)?)));
        if let Some((call, (asked, by))) = asked
            && asked != id
            && agreed.contains(&(by, process))
        {
            calls.push(call);
        }
    }
    calls
}

/// The attributes that state the ids of `spans`.
fn keys(context: &Context<'_>, kind: &Kind, spans: &[SpanIx]) -> String {
    let views = spans.iter().take(Finding::EXAMPLES).map(|span| context.genai.view(context.store, *span));
    let of =
        |view: CallView<'_>| kind.fields.iter().find_map(|field| view.get(*field).map(|known| known.source.clone()));
    let keys: BTreeSet<String> = views.filter_map(of).collect();
    keys.into_iter().collect::<Vec<_>>().join(", ")
}
