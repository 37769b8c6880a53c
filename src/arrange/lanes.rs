//! Which lanes there are, and what their heads say.

use std::collections::{BTreeMap, BTreeSet};

use super::LaneKey;
use super::pairs::{Pair, Pairs};
use super::plan::{CLOCK, Plan};
use crate::analysis::clocks::domains::{ClockKind, Domain, Domains, Strength};
use crate::layout::{Grouping, LaneIx};
use crate::model::{DomainIx, ResourceIx, TraceStore};

/// What a lane is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LaneInfo {
    /// Its stable name.
    pub key: LaneKey,
    /// Its name for people, until they give it another.
    pub name: String,
    /// The clocks that stamped its spans, in the order of the clocks. More than one is never one time axis.
    pub clocks: Vec<DomainIx>,
    /// What runs in it, e.g. `2 pods · 3 services`; of several clocks, which.
    pub detail: String,
    /// The evidence for its clock, or how many clocks it mixes.
    pub chip: String,
    /// The kind of its clock; unknown when it mixes several.
    pub kind: ClockKind,
    /// True when a clock of it was told apart by guessing.
    pub is_guess: bool,
    /// Services in it, sorted.
    pub services: Vec<String>,
    /// Number of spans, folded ones too.
    pub spans: u64,
    /// Lanes that were merged into it, itself included; empty when none were.
    pub parts: Vec<LaneKey>,
    /// The resources that reported its spans, sorted.
    pub resources: Vec<ResourceIx>,
    /// It holds what belongs to other conversations than the one that is shown.
    pub is_aside: bool,
}

impl LaneInfo {
    /// Its clock, when it has just one.
    #[must_use]
    pub fn clock(&self) -> Option<DomainIx> {
        match self.clocks[..] {
            [only] => Some(only),
            _ => None,
        }
    }
}

/// The lanes, and which span is in which.
pub(super) fn group(store: &TraceStore, domains: &Domains, plan: &Plan) -> (Grouping, Vec<LaneInfo>) {
    let keys = clock_keys(domains);
    if plan.is_by_clock() {
        let lanes = domains.list.iter().zip(keys).enumerate();
        let lanes = lanes.map(|(at, (domain, key))| of_clock(DomainIx::from_usize(at), domain, key)).collect();
        return (Grouping::by_clock(domains), lanes);
    }
    let pairs = Pairs::count(store, domains);
    let grouper = Grouper { store, domains, plan, keys };
    let drafts = grouper.drafts(&pairs.list);
    let mut lane_of_pair = vec![LaneIx(0); pairs.list.len()];
    for (lane, draft) in (0..).map(LaneIx).zip(&drafts) {
        for &pair in &draft.pairs {
            lane_of_pair[pair] = lane;
        }
    }
    let grouping = Grouping {
        of_span: pairs.of_span.iter().map(|&pair| lane_of_pair[pair as usize]).collect(),
        lanes: drafts.len(),
        folded: Vec::new(),
        lane_of_part: Vec::new(),
    };
    let lanes = drafts.into_iter().map(|draft| grouper.describe(draft, &pairs.list)).collect();
    (grouping, lanes)
}

/// The lane of everything, when a fold goes across clocks.
const EVERYTHING: &str = "all clocks";

/// The key of every clock's lane: what identified the clock, with its name where that is not unique.
fn clock_keys(domains: &Domains) -> Vec<LaneKey> {
    let plain = |domain: &Domain| match domain.key.as_str() {
        "" => format!("{CLOCK}="),
        key => format!("{key}={}", domain.value),
    };
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for domain in &domains.list {
        *seen.entry(plain(domain)).or_default() += 1;
    }
    let unique = |domain: &Domain| {
        let key = plain(domain);
        if seen.get(&key) == Some(&1) { key } else { format!("{key} ({})", domain.name) }
    };
    domains.list.iter().map(|domain| unique(domain).into()).collect()
}

/// The key of the lane of `clock`.
#[must_use]
pub fn clock_lane_key(domains: &Domains, clock: DomainIx) -> Option<LaneKey> {
    clock_keys(domains).into_iter().nth(clock.at())
}

/// The clock whose lane has `key`.
pub(super) fn clock_of_key(domains: &Domains, key: &LaneKey) -> Option<DomainIx> {
    clock_keys(domains).iter().position(|known| known == key).map(DomainIx::from_usize)
}

fn of_clock(ix: DomainIx, domain: &Domain, key: LaneKey) -> LaneInfo {
    let mut resources: Vec<ResourceIx> =
        domain.members.iter().flat_map(|member| member.resources.iter().copied()).collect();
    resources.sort_unstable();
    LaneInfo {
        key,
        name: domain.name.clone(),
        clocks: vec![ix],
        detail: domain.detail.clone(),
        chip: chip_of(domain).to_owned(),
        kind: domain.kind,
        is_guess: domain.strength <= Strength::Weak,
        services: domain.services.clone(),
        spans: domain.spans,
        parts: Vec::new(),
        resources,
        is_aside: false,
    }
}

fn chip_of(domain: &Domain) -> &str {
    [&domain.chip, &domain.key].into_iter().find(|text| !text.is_empty()).map_or("no evidence", String::as_str)
}

/// Makes lanes of pairs.
struct Grouper<'a> {
    store: &'a TraceStore,
    domains: &'a Domains,
    plan: &'a Plan,
    /// The key of every clock's lane.
    keys: Vec<LaneKey>,
}

/// A lane on its way.
struct Draft {
    key: LaneKey,
    pairs: Vec<usize>,
    parts: BTreeSet<LaneKey>,
}

impl Grouper<'_> {
    /// The lanes in natural order: by their first clock, then by what sets them apart.
    fn drafts(&self, pairs: &[Pair]) -> Vec<Draft> {
        let mut drafts: BTreeMap<LaneKey, Draft> = BTreeMap::new();
        for (at, pair) in pairs.iter().enumerate() {
            let (own, key) = match self.plan.is_across() {
                true => (EVERYTHING.into(), EVERYTHING.into()),
                false => {
                    let own = self.key_of(pair);
                    let merged = self.plan.merged(&own);
                    (own, merged)
                }
            };
            let draft =
                drafts.entry(key.clone()).or_insert_with(|| Draft { key, pairs: Vec::new(), parts: BTreeSet::new() });
            draft.pairs.push(at);
            draft.parts.insert(own);
        }
        // Pieces of a lane stay together: they rank as the whole does.
        let mut first_clock: BTreeMap<String, DomainIx> = BTreeMap::new();
        for draft in drafts.values() {
            let clock = draft.pairs.iter().map(|&at| pairs[at].domain).min().unwrap_or(DomainIx(0));
            let known = first_clock.entry(base_of(&draft.key)).or_insert(clock);
            *known = (*known).min(clock);
        }
        let mut drafts: Vec<Draft> = drafts.into_values().collect();
        drafts.sort_by_cached_key(|draft| {
            let base = base_of(&draft.key);
            (first_clock.get(&base).copied(), by_number(&base), by_number(draft.key.as_str()))
        });
        drafts
    }

    /// The lane of spans of `pair`, before lanes are merged.
    fn key_of(&self, pair: &Pair) -> LaneKey {
        let mut key = match self.plan.group_by.as_str() {
            CLOCK => self.keys[pair.domain.at()].clone(),
            attr => format!("{attr}={}", self.value_of(pair, attr)).into(),
        };
        // The key grows with every step, and the plan holds finitely many.
        while let Some(attr) = self.plan.splits.get(&key) {
            key = key.piece(attr, &self.value_of(pair, attr));
        }
        key
    }

    fn value_of(&self, pair: &Pair, attr: &str) -> String {
        if attr == CLOCK { self.keys[pair.domain.at()].to_string() } else { pair.value_of(self.store, attr) }
    }

    fn describe(&self, draft: Draft, pairs: &[Pair]) -> LaneInfo {
        let pairs: Vec<Pair> = draft.pairs.iter().map(|&at| pairs[at]).collect();
        let clocks: BTreeSet<DomainIx> = pairs.iter().map(|pair| pair.domain).collect();
        let clocks: Vec<DomainIx> = clocks.into_iter().collect();
        let domain = |ix: DomainIx| &self.domains.list[ix.at()];
        let services: BTreeSet<String> = pairs.iter().filter_map(|pair| self.service_of(pair)).collect();
        let mut parts: Vec<LaneKey> = draft.parts.into_iter().collect();
        if parts.len() == 1 && parts[0] == draft.key {
            parts.clear();
        }
        let name = match parts.as_slice() {
            [] => self.name_of(&draft.key),
            parts => joined(parts.iter().map(|part| self.name_of(part)), " + "),
        };
        let (chip, kind) = match clocks[..] {
            [only] => (chip_of(domain(only)).to_owned(), domain(only).kind),
            _ => (format!("{} clocks · no common time", clocks.len()), ClockKind::Unknown),
        };
        let detail = match clocks[..] {
            [only] if domain(only).name == name => domain(only).detail.clone(),
            [only] => format!("clock {}", domain(only).name),
            _ => format!("clocks {}", joined(clocks.iter().map(|&ix| domain(ix).name.clone()), ", ")),
        };
        let resources: BTreeSet<ResourceIx> = pairs.iter().map(|pair| pair.resource).collect();
        LaneInfo {
            key: draft.key,
            name,
            detail,
            chip,
            kind,
            is_guess: clocks.iter().any(|&ix| domain(ix).strength <= Strength::Weak),
            services: services.into_iter().collect(),
            spans: pairs.iter().map(|pair| pair.spans).sum(),
            clocks,
            parts,
            resources: resources.into_iter().collect(),
            is_aside: false,
        }
    }

    /// What a lane with `key` is called: the values that set it apart.
    fn name_of(&self, key: &LaneKey) -> String {
        let (base, own) = match key.parent() {
            Some(parent) => (self.name_of(&parent), key.as_str().get(parent.as_str().len() + 3..).unwrap_or_default()),
            None => (String::new(), key.as_str()),
        };
        // A clock that lanes are split by is named by its whole key, which holds an "=" itself.
        let clock_key = own.strip_prefix(&format!("{CLOCK}=")).unwrap_or(own);
        let clock = self.keys.iter().position(|known| known.as_str() == clock_key || known.as_str() == own);
        let own = match (clock, own.split_once('=')) {
            (Some(at), _) => self.domains.list[at].name.clone(),
            (None, Some((attr, ""))) => format!("no {attr}"),
            (None, Some((_, value))) => value.to_owned(),
            (None, None) => own.to_owned(),
        };
        if base.is_empty() { own } else { format!("{base} · {own}") }
    }

    fn service_of(&self, pair: &Pair) -> Option<String> {
        let domain = &self.domains.list[pair.domain.at()];
        // What a provider reports under its caller's resource is not the caller's.
        match (domain.kind, domain.services.as_slice()) {
            (ClockKind::Provider, [only]) => Some(only.clone()),
            _ => Some(pair.value_of(self.store, "service.name")).filter(|name| !name.is_empty()),
        }
    }
}

/// The lane that `key` is a piece of, in the end.
fn base_of(key: &LaneKey) -> String {
    let mut base = key.clone();
    while let Some(parent) = base.parent() {
        base = parent;
    }
    base.to_string()
}

/// Sorts numbers in texts by their value: pid 9 before pid 10. Each run of digits is preceded by its length.
fn by_number(text: &str) -> Vec<(usize, String)> {
    let digits = |c: &char| c.is_ascii_digit();
    let mut out = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(first) = rest.peek().copied() {
        let is_number = digits(&first);
        let mut run = String::new();
        while let Some(next) = rest.next_if(|c| digits(c) == is_number) {
            run.push(next);
        }
        out.push((if is_number { run.trim_start_matches('0').len() } else { 0 }, run));
    }
    out
}

/// Names in a row, the first few.
fn joined(names: impl ExactSizeIterator<Item = String>, between: &str) -> String {
    const MOST: usize = 4;
    let count = names.len();
    let mut text = names.take(MOST).collect::<Vec<_>>().join(between);
    if count > MOST {
        text = format!("{text}{between}{} more", count - MOST);
    }
    text
}
