//! Which spans belong together when lanes are folded.

use std::collections::BTreeMap;

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::fold::FoldBy;
use crate::analysis::genai::{AgentIx, GenAi, Phase};
use crate::model::{SpanIx, TraceStore};

/// What a group of spans has in common.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Group {
    /// The value, for keys; empty = the spans that have none.
    pub value: String,
    /// For people.
    pub name: String,
    /// Nothing states the name.
    pub is_guess: bool,
    /// The agent.
    pub agent: Option<AgentIx>,
    /// The phase.
    pub phase: Option<Phase>,
    /// Attempts and the waiting between them, in nanoseconds, of retries.
    pub retry: Option<(u32, i64)>,
}

/// All groups, and the group of every span.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    /// In the order in which they are shown. The last one has the spans without a value.
    pub list: Vec<Group>,
    /// By span.
    pub of_span: Vec<u32>,
}

/// Groups that are told apart; values with fewer spans share one group, which says so.
const MOST_GROUPS: usize = 200;

impl Groups {
    /// Groups all spans of `store` by `by`. Visits every span.
    #[must_use]
    pub fn of_store(store: &TraceStore, genai: Option<&GenAi>, by: &FoldBy) -> Self {
        let groups = match (by, genai) {
            (FoldBy::Service, _) => by_service(store),
            (FoldBy::Attr(key), _) => by_attribute(store, key),
            (FoldBy::Agent, Some(genai)) => by_agent(store, genai),
            (FoldBy::Phase, Some(genai)) => by_phase(store, genai),
            (FoldBy::Turn, Some(genai)) => by_turn(store, genai),
            (FoldBy::Retry, Some(genai)) => by_retry(store, genai),
            (_, None) => Self { list: vec![none("not read yet")], of_span: vec![0; store.len()] },
        };
        groups.limited()
    }

    /// The same with at most [`MOST_GROUPS`] groups: the ones with the most spans.
    fn limited(mut self) -> Self {
        if self.list.len() <= MOST_GROUPS {
            return self;
        }
        let last = self.list.len() - 1;
        let mut spans = vec![0_u64; self.list.len()];
        for &group in &self.of_span {
            spans[group as usize] += 1;
        }
        let mut ranked: Vec<usize> = (0..last).collect();
        ranked.sort_by_key(|&at| (std::cmp::Reverse(spans[at]), at));
        let mut is_kept = vec![false; self.list.len()];
        for &at in ranked.iter().take(MOST_GROUPS - 2) {
            is_kept[at] = true;
        }
        let rest = (MOST_GROUPS - 2) as u32;
        let mut new = vec![rest; self.list.len()];
        new[last] = rest + 1;
        let mut list = Vec::with_capacity(MOST_GROUPS);
        for at in (0..last).filter(|&at| is_kept[at]) {
            new[at] = list.len() as u32;
            list.push(std::mem::take(&mut self.list[at]));
        }
        let others = last - list.len();
        list.push(Group {
            value: "…".to_owned(), name: format!("{others} rarer values together"), ..Group::default()
        });
        list.push(std::mem::take(&mut self.list[last]));
        self.of_span.iter_mut().for_each(|group| *group = new[*group as usize]);
        Self { list, of_span: self.of_span }
    }
}

/// What `of` says of each span, on all cores.
fn by_span(store: &TraceStore, of: impl Fn(SpanIx) -> u32 + Sync + Send) -> Vec<u32> {
    (0..store.len()).into_par_iter().map(|at| of(SpanIx(at as u32))).collect()
}

fn none(name: &str) -> Group {
    Group { name: name.to_owned(), ..Group::default() }
}

fn named(value: &str) -> Group {
    Group { value: value.to_owned(), name: value.to_owned(), ..Group::default() }
}

fn by_agent(store: &TraceStore, genai: &GenAi) -> Groups {
    let agents = genai.agents();
    let mut list: Vec<Group> = (agents.iter().enumerate())
        .map(|(at, agent)| Group {
            is_guess: agent.is_inferred || agent.confidence == crate::analysis::genai::Confidence::Inferred,
            agent: Some(AgentIx::from_usize(at)),
            ..named(&agent.name)
        })
        .collect();
    list.push(none("no agent"));
    let last = agents.len() as u32;
    let of_span = by_span(store, |span| genai.agent_of(span).map_or(last, |agent| agent.0));
    Groups { list, of_span }
}

fn by_phase(store: &TraceStore, genai: &GenAi) -> Groups {
    use strum::VariantArray as _;
    let group = |phase: &Phase| Group { phase: Some(*phase), name: phase.label().to_owned(), ..named(phase.name()) };
    let mut list: Vec<Group> = Phase::VARIANTS.iter().filter(|phase| **phase != Phase::None).map(group).collect();
    let last = list.len() as u32;
    list.push(none("no AI work"));
    let of_span = by_span(store, |span| (genai.phase_of(span) as u32).checked_sub(1).unwrap_or(last));
    Groups { list, of_span }
}

fn by_turn(store: &TraceStore, genai: &GenAi) -> Groups {
    let conversations = genai.conversations();
    let mut list: Vec<Group> = (genai.turns().iter())
        .map(|turn| {
            let name = format!("turn {}", turn.number);
            let of = turn.conversation.and_then(|ix| conversations.get(ix.at())).map(|one| one.id.as_str());
            match of.filter(|_| conversations.len() > 1) {
                Some(id) => named(&format!("{name} · {id}")),
                None => named(&name),
            }
        })
        .collect();
    let last = list.len() as u32;
    list.push(none("no turn"));
    let of_span = by_span(store, |span| genai.turn_of(span).map_or(last, |turn| turn.0));
    Groups { list, of_span }
}

/// Attempts at one thing, with everything below them.
fn by_retry(store: &TraceStore, genai: &GenAi) -> Groups {
    let mut list: Vec<Group> = (genai.retries().iter().enumerate())
        .map(|(at, retry)| {
            let first = retry.attempts.first().map_or("", |&span| store.span(span).name());
            let attempts = u32::try_from(retry.attempts.len()).unwrap_or(u32::MAX);
            let backoff = retry.backoff_ns.iter().fold(0_i64, |sum, &gap| sum.saturating_add(gap));
            Group {
                value: at.to_string(),
                name: first.to_owned(),
                retry: Some((attempts, backoff)),
                ..Group::default()
            }
        })
        .collect();
    let last = list.len() as u32;
    list.push(none("tried once"));
    let mut of_span = vec![last; store.len()];
    // Subtrees are walked from the attempts; an attempt inside another one keeps its own group.
    let mut open = Vec::new();
    for (at, retry) in (0_u32..).zip(genai.retries()) {
        open.extend(retry.attempts.iter().copied());
        while let Some(span) = open.pop() {
            let is_other = genai.retry_of(span).is_some_and(|other| other != at as usize);
            if !is_other && std::mem::replace(&mut of_span[span.at()], at) != at {
                open.extend_from_slice(store.span(span).children());
            }
        }
    }
    Groups { list, of_span }
}

fn by_service(store: &TraceStore) -> Groups {
    let of_resource: Vec<&str> = (store.resources().iter())
        .map(|resource| store.find_text(&resource.attrs, "service.name").unwrap_or_default())
        .collect();
    let (list, number) = numbered(of_resource.iter().copied(), "no service name");
    let of_resource: Vec<u32> = of_resource.iter().map(|name| number[*name]).collect();
    let of_span = by_span(store, |span| of_resource[store.span(span).resource_ix().at()]);
    Groups { list, of_span }
}

fn by_attribute(store: &TraceStore, key: &str) -> Groups {
    let pairs = store.attrs().pairs();
    let is_key: Vec<bool> = pairs.iter().map(|pair| store.text(pair.key) == key).collect();
    let texts: BTreeMap<usize, String> = (pairs.iter().enumerate())
        .filter(|(at, _)| is_key[*at])
        .map(|(at, pair)| (at, store.value_text(pair.value)))
        .collect();
    let (list, number) = numbered(texts.values().map(String::as_str), &format!("no {key}"));
    let last = list.len() as u32 - 1;
    let mut of_pair = vec![last; pairs.len()];
    for (at, text) in &texts {
        of_pair[*at] = number[text.as_str()];
    }
    let find =
        |ids: &[crate::model::AttrId]| ids.iter().find(|id| is_key[id.0 as usize]).map(|id| of_pair[id.0 as usize]);
    let of_resource: Vec<u32> =
        store.resources().iter().map(|resource| find(&resource.attrs).unwrap_or(last)).collect();
    let group = |span: SpanIx| {
        let view = store.span(span);
        find(view.attr_ids()).unwrap_or_else(|| of_resource[view.resource_ix().at()])
    };
    let of_span = by_span(store, group);
    Groups { list, of_span }
}

/// Groups of distinct texts, sorted, and their numbers; the empty text is the last.
fn numbered<'a>(texts: impl Iterator<Item = &'a str>, lacking: &str) -> (Vec<Group>, BTreeMap<&'a str, u32>) {
    let mut number: BTreeMap<&str, u32> = texts.map(|text| (text, 0)).collect();
    number.remove("");
    let mut list = Vec::with_capacity(number.len() + 1);
    for (text, at) in &mut number {
        *at = list.len() as u32;
        list.push(named(text));
    }
    number.insert("", list.len() as u32);
    list.push(none(lacking));
    (list, number)
}
