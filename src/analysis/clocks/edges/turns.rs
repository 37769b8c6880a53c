//! The order of a conversation's turns: what was answered in one is known before the next is asked.
//!
//! Which turn comes first must not be concluded from times of different clocks: those are what is in question. It is
//! known where the data numbers turns, and where one request holds the whole of another one, word for word, and an answer
//! to it. Both are habits: people speak into answers, agents ask several things at once, and what is generated anew
//! replaces what came before. So nothing follows where a turn was broken off, where two claim one place, or where turns
//! of the conversation overlap on one clock; and turns on one clock show how often the habit holds at all.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use serde_json::Value as Json;
use std::collections::BTreeMap;

use super::super::super::genai::{Field, plain_keys};
use super::super::causal::{Cause, EventKey, Rule};
use super::super::solve::Edge;
use super::super::stamps::looks_rounded;
use super::Walk;
use super::signs::Sign;
use crate::model::{SpanIx, Status, Sym, TraceIx, TraceStore, Value};

/// Attributes that hold all that a model was told, as one list.
const TOLD: [&str; 2] = ["gen_ai.input.messages", "ai.prompt.messages"];
/// So far above a span its conversation is looked for.
const LEVELS: usize = 16;

/// Spans that may be turns of one count: conversation, what says which turn, name and kind of span.
type Series = (Sym, Sym, Sym, u8);

/// The keys that tell turns, as this store knows them.
struct Keys {
    conversation: Vec<Sym>,
    number: Vec<Sym>,
    told: Vec<Sym>,
    /// With the only value that counts, if not any.
    interrupted: Vec<(Sym, Option<&'static str>)>,
}

impl Keys {
    fn new(store: &TraceStore) -> Self {
        let find = |field| plain_keys(field).filter_map(|(key, only)| Some((store.strings().find(key)?, only)));
        Self {
            conversation: find(Field::Conversation).map(|(key, _)| key).collect(),
            number: find(Field::Turn).map(|(key, _)| key).collect(),
            told: TOLD.iter().filter_map(|key| store.strings().find(key)).collect(),
            interrupted: find(Field::Interrupted).collect(),
        }
    }
}

impl<F: FnMut(&Edge, u32)> Walk<'_, F> {
    /// Edges from the end of one turn to the start of the next one.
    pub(super) fn turns(&mut self, only: Option<TraceIx>) {
        let store = self.stamps.store();
        let keys = Keys::new(store);
        if keys.conversation.is_empty() || (keys.number.is_empty() && keys.told.is_empty()) {
            return;
        }
        let (mut numbered, mut told) = (Numbered::new(), Told::new());
        for span in store.span_ixs() {
            if only.is_some_and(|trace| store.span(span).trace_ix() != trace) {
                continue;
            }
            collect(store, &keys, span, &mut numbered, &mut told);
        }
        let by_number = numbered.values().any(|spans| self.is_across(spans.values().flatten().copied()));
        let by_text = told.values().any(|spans| self.is_across(spans.iter().map(|told| told.1)));
        // What one clock says only matters where others need it; long texts take their time.
        if !by_text {
            told.clear();
        }
        if !by_number {
            numbered.clear();
        }
        for spans in numbered.into_values() {
            let pairs = consecutive(&spans);
            self.ordered(&keys, &pairs);
        }
        for spans in told.into_values() {
            let pairs = continued(store, spans);
            self.ordered(&keys, &pairs);
        }
    }

    fn is_across(&self, mut spans: impl Iterator<Item = SpanIx>) -> bool {
        let first = spans.next().map(|span| self.stamps.clock(span));
        spans.any(|span| Some(self.stamps.clock(span)) != first)
    }

    /// Turns of one conversation, each with the one that follows it.
    fn ordered(&mut self, keys: &Keys, pairs: &[(SpanIx, SpanIx)]) {
        let store = self.stamps.store();
        let whole: Vec<(SpanIx, SpanIx)> =
            pairs.iter().copied().filter(|pair| !self.is_broken_off(keys, pair.0)).collect();
        let mut overlaps = false;
        for &(turn, next) in whole.iter().filter(|pair| self.stamps.clock(pair.0) == self.stamps.clock(pair.1)) {
            let (Some(end), Some(start)) = (self.stamps.end(turn), self.stamps.start(next)) else { continue };
            let names = (store.span(turn).name_sym(), store.span(next).name_sym());
            let class = self.classes.of(Rule::TurnBeforeNext, names.0, names.1);
            self.classes.list[class as usize].uses += 1;
            let by_ns = end.raw_ns.saturating_sub(start.raw_ns);
            if by_ns > looks_rounded(end.raw_ns).max(looks_rounded(start.raw_ns)) {
                overlaps = true;
                let cause = Cause { from: EventKey::end(turn), to: EventKey::start(next), rule: Rule::TurnBeforeNext };
                self.classes.fail(class, cause, by_ns);
            }
        }
        if overlaps {
            return;
        }
        for (turn, next) in whole {
            self.edge(Rule::TurnBeforeNext, self.end(turn), self.start(next));
        }
    }

    /// Whether nobody waited for the end of the turn: somebody spoke into it, gave it up, or it failed.
    fn is_broken_off(&self, keys: &Keys, span: SpanIx) -> bool {
        let store = self.stamps.store();
        let own = store.span(span);
        let says = |value: Value, only: Option<&str>| match only {
            Some(only) => value.sym().is_some_and(|sym| store.text(sym) == only),
            None => super::signs::is_true(value, |sym| store.text(sym)),
        };
        let is_interrupted = own
            .attrs()
            .any(|attr| keys.interrupted.iter().any(|&(key, only)| key == attr.key && says(attr.value, only)));
        is_interrupted || own.status() == Status::Error || self.signs.of_span(store, span).has(Sign::CANCEL)
    }
}

type Numbered = BTreeMap<Series, BTreeMap<i64, Vec<SpanIx>>>;
type Told = BTreeMap<Series, Vec<(Sym, SpanIx)>>;

fn collect(store: &TraceStore, keys: &Keys, span: SpanIx, numbered: &mut Numbered, told: &mut Told) {
    let own = store.span(span);
    let mut conversation = None;
    for attr in own.attrs() {
        let (is_number, is_told) = (keys.number.contains(&attr.key), keys.told.contains(&attr.key));
        if !is_number && !is_told {
            continue;
        }
        let known = *conversation.get_or_insert_with(|| conversation_of(store, keys, span));
        let Some(known) = known else { return };
        let series = (known, attr.key, own.name_sym(), own.kind() as u8);
        if is_told {
            told.entry(series).or_default().extend(attr.value.sym().map(|text| (text, span)));
        } else if let Some(number) = number(store, attr.value) {
            numbered.entry(series).or_default().entry(number).or_default().push(span);
        }
    }
}

/// What the span or one above it says which conversation it belongs to.
fn conversation_of(store: &TraceStore, keys: &Keys, span: SpanIx) -> Option<Sym> {
    let above = std::iter::successors(Some(span), |&span| store.span(span).parent()).take(LEVELS);
    let own = |span: SpanIx| {
        let attrs = store.span(span).attr_ids();
        let of = |key: &Sym| attrs.iter().map(|&id| store.attrs().get(id)).find(|attr| attr.key == *key)?.value.sym();
        keys.conversation.iter().filter_map(of).find(|&text| !store.text(text).trim().is_empty())
    };
    above.filter_map(own).next()
}

fn number(store: &TraceStore, value: Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(number),
        other => store.text(other.sym()?).trim().parse().ok(),
    }
}

/// Turns whose numbers follow each other. A number that two claim is nobody's: one of them was generated anew, or two
/// branches count for themselves.
fn consecutive(spans: &BTreeMap<i64, Vec<SpanIx>>) -> Vec<(SpanIx, SpanIx)> {
    let one = |spans: &[SpanIx]| if let [span] = *spans { Some(span) } else { None };
    let next = spans.iter().skip(1);
    spans
        .iter()
        .zip(next)
        .filter(|((number, _), (next, _))| number.checked_add(1) == Some(**next))
        .filter_map(|((_, turn), (_, next))| Some((one(turn)?, one(next)?)))
        .collect()
}

/// Requests that hold the whole of another one, and an answer to it.
fn continued(store: &TraceStore, spans: Vec<(Sym, SpanIx)>) -> Vec<(SpanIx, SpanIx)> {
    let mut claims: HashMap<Sym, u32, FixedState> = HashMap::default();
    for (text, _) in &spans {
        *claims.entry(*text).or_default() += 1;
    }
    // Without its end a list is the beginning of all that go on from it, and sorts right before them.
    let open = |text: Sym| store.text(text).trim_end().strip_suffix(']').map(str::trim_end);
    let mut lists: Vec<(&str, SpanIx, bool)> = spans
        .into_iter()
        .filter_map(|(text, span)| {
            Some((open(text).filter(|list| list.len() > 1)?, span, claims.get(&text) == Some(&1)))
        })
        .collect();
    lists.sort_unstable();
    let mut pairs = Vec::new();
    // Requests that are the beginning of the one at hand, the longest last.
    let mut held: Vec<(&str, Option<SpanIx>)> = Vec::new();
    for (list, span, is_alone) in lists {
        while held.last().is_some_and(|(start, _)| !list.starts_with(start)) {
            held.pop();
        }
        if let Some(&(start, Some(turn))) = held.last()
            && is_answered(&list[start.len()..])
        {
            pairs.push((turn, span));
        }
        // What was asked twice was generated anew: nobody knows which answer counts.
        if held.last().is_none_or(|(own, _)| *own != list) {
            held.push((list, is_alone.then_some(span)));
        }
    }
    pairs.sort_unstable();
    pairs
}

/// Whether the messages that follow a request are an answer to it and something more: an answer alone may be one that the
/// caller begins himself.
fn is_answered(rest: &str) -> bool {
    let Some(rest) = rest.trim_start().strip_prefix(',') else { return false };
    let Ok(Json::Array(messages)) = serde_json::from_str(&format!("[{rest}]")) else { return false };
    let is_models = |message: &Json| {
        let role = message.get("role").and_then(Json::as_str).unwrap_or_default();
        ["assistant", "model", "ai"].contains(&role)
    };
    messages.len() > 1 && messages.first().is_some_and(is_models) && !messages.last().is_some_and(is_models)
}
