//! Retries: attempts at the same thing, one after the other, all but the last of which failed.

use super::calls::Call;
use super::facts::Facts;
use super::field::{Field, Role, Text};
use super::normalise::{Own, mark};
use super::resolve::Resolved;
use crate::model::{AttrId, SpanIx, SpanKind, Sym, TraceStore};

/// Attempts at one thing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Retry {
    /// The attempts in order; all but the last one failed.
    pub attempts: Vec<SpanIx>,
    /// From the end of each attempt to the start of the next, nanoseconds, on their own clock.
    pub backoff_ns: Vec<i64>,
    /// The last attempt did not fail.
    pub succeeded: bool,
    /// Tokens that failed attempts used.
    pub wasted_tokens: u64,
    /// The attempts have different names or models: another model or tool was tried.
    pub is_fallback: bool,
}

/// All retries, by parent in file order.
pub fn find(store: &TraceStore, resolved: &Resolved, own: &Own) -> Vec<Retry> {
    let mut retries = Vec::new();
    let targets: Vec<Sym> = TARGETS.iter().filter_map(|key| store.strings().find(key)).collect();
    for parent in store.span_ixs() {
        let children = store.span(parent).children();
        let has_failed = children.iter().any(|child| own.marks[child.at()] & mark::FAILED != 0);
        if children.len() > 1 && has_failed {
            among(store, own, &targets, children, &mut retries);
        }
    }
    let mut facts = Facts::default();
    for retry in retries.iter_mut().filter(|retry| !retry.is_fallback) {
        let mut model = |span: &SpanIx| {
            facts.read(store, resolved, *span);
            facts.text(Field::RequestModel)
        };
        let models: Vec<Option<Text>> = retry.attempts.iter().map(&mut model).collect();
        retry.is_fallback = models.windows(2).any(|pair| pair[0] != pair[1]);
    }
    retries
}

/// Attributes that say what was wanted of whom, the most exact first: another value is another thing, not an attempt.
const TARGETS: [&str; 14] = [
    "gen_ai.tool.call.arguments",
    "ai.toolCall.args",
    "mlflow.spanInputs",
    "traceloop.entity.input",
    "input.value",
    "url.full",
    "http.url",
    "http.target",
    "url.path",
    "db.query.text",
    "db.statement",
    "rpc.method",
    "server.address",
    "net.peer.name",
];

/// Kind of work, name, process and target.
type Key = (Role, Sym, u32, Option<AttrId>);

/// What attempts at the same thing have in common. Models are told apart by nothing: another one may be the fallback.
fn key(store: &TraceStore, own: &Own, targets: &[Sym], span: SpanIx) -> Option<Key> {
    let view = store.span(span);
    let role = own.role[span.at()];
    let name = match role {
        Role::Model => Sym::EMPTY,
        Role::Tool | Role::Retrieval | Role::Embedding | Role::Speech | Role::Agent => view.name_sym(),
        Role::None if view.kind() == SpanKind::Client => view.name_sym(),
        _ => return None,
    };
    let target = |key: &Sym| view.attr_ids().iter().copied().find(|id| store.attrs().get(*id).key == *key);
    let target = if role == Role::Model { None } else { targets.iter().find_map(target) };
    Some((role, name, view.resource_ix().0, target))
}

/// `children` are sorted by start.
fn among(store: &TraceStore, own: &Own, targets: &[Sym], children: &[SpanIx], retries: &mut Vec<Retry>) {
    let mut open: Vec<(Key, Vec<SpanIx>)> = Vec::new();
    let mut done: Vec<Vec<SpanIx>> = Vec::new();
    for &child in children {
        let Some(key) = key(store, own, targets, child) else { continue };
        let start = store.span(child).drawn_ns().0;
        let goes_on = |attempts: &Vec<SpanIx>| {
            attempts
                .last()
                .is_some_and(|last| own.marks[last.at()] & mark::FAILED != 0 && store.span(*last).drawn_ns().1 <= start)
        };
        match open.iter_mut().find(|(known, _)| *known == key) {
            Some((_, attempts)) if goes_on(attempts) => attempts.push(child),
            Some((_, attempts)) => done.push(std::mem::replace(attempts, vec![child])),
            None => open.push((key, vec![child])),
        }
    }
    done.extend(open.into_iter().map(|(_, attempts)| attempts));
    done.retain(|attempts| attempts.len() > 1);
    done.sort_unstable();
    retries.extend(done.into_iter().map(|attempts| retry(store, own, attempts)));
}

fn retry(store: &TraceStore, own: &Own, attempts: Vec<SpanIx>) -> Retry {
    let gap = |pair: &[SpanIx]| store.span(pair[1]).drawn_ns().0.saturating_sub(store.span(pair[0]).drawn_ns().1);
    let (failed, last) = attempts.split_at(attempts.len() - 1);
    let tokens = |span: &SpanIx| {
        let call: Option<&Call> = own.calls.binary_search_by_key(span, |call| call.span).ok().map(|at| &own.calls[at]);
        call.map_or(0, |call| u64::from(call.tokens.input.unwrap_or(0)) + u64::from(call.tokens.output.unwrap_or(0)))
    };
    Retry {
        backoff_ns: attempts.windows(2).map(gap).collect(),
        succeeded: last.iter().all(|span| own.marks[span.at()] & mark::FAILED == 0),
        wasted_tokens: failed.iter().map(tokens).sum(),
        is_fallback: attempts.iter().any(|span| store.span(*span).name_sym() != store.span(attempts[0]).name_sym()),
        attempts,
    }
}

/// (attempt, position of its retry), sorted.
pub fn by_span(retries: &[Retry]) -> Vec<(SpanIx, u32)> {
    let numbered = (0u32..).zip(retries);
    let mut all: Vec<_> = numbered.flat_map(|(at, retry)| retry.attempts.iter().map(move |span| (*span, at))).collect();
    all.sort_unstable();
    all
}
