//! Which lanes there are, and what their heads say.

use std::borrow::Borrow;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::analysis::clocks::domains::{ClockKind, Domain, Domains, Strength};
use crate::layout::Grouping;
use crate::model::{DomainIx, TraceStore};

/// The stable name of a lane: says what is in it, as `host.id=gw-1`, whatever else is open and in whatever order.
/// Names for people are in [`LaneInfo`]. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LaneKey(Arc<str>);

impl LaneKey {
    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for LaneKey {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for LaneKey {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl Borrow<str> for LaneKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for LaneKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for LaneKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for LaneKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

/// What a lane is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LaneInfo {
    /// Its stable name.
    pub key: LaneKey,
    /// Its name for people, until they give it another.
    pub name: String,
    /// The clocks that stamped its spans, in the order of the clocks. More than one is never one time axis.
    pub clocks: Vec<DomainIx>,
    /// What runs in it, e.g. `2 pods · 3 services`.
    pub detail: String,
    /// The evidence for its clock, or how many clocks it mixes.
    pub chip: String,
    /// The kind of its clock; unknown when it mixes several.
    pub kind: ClockKind,
    /// True when its clock was told apart by guessing.
    pub is_guess: bool,
    /// Services in it, sorted.
    pub services: Vec<String>,
    /// Number of spans.
    pub spans: u64,
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
pub(super) fn group(_store: &TraceStore, domains: &Domains) -> (Grouping, Vec<LaneInfo>) {
    let keys = clock_keys(domains);
    let lanes = domains
        .list
        .iter()
        .zip(keys)
        .enumerate()
        .map(|(at, (domain, key))| of_clock(DomainIx::from_usize(at), domain, key))
        .collect();
    (Grouping::by_clock(domains), lanes)
}

/// The key of every clock's lane: what identified the clock, with its name where that is not unique.
fn clock_keys(domains: &Domains) -> Vec<LaneKey> {
    let plain = |domain: &Domain| match domain.key.as_str() {
        "" => "clock=".to_owned(),
        key => format!("{key}={}", domain.value),
    };
    let mut seen: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for domain in &domains.list {
        *seen.entry(plain(domain)).or_default() += 1;
    }
    let unique = |domain: &Domain| {
        let key = plain(domain);
        if seen.get(&key) == Some(&1) { key } else { format!("{key} ({})", domain.name) }
    };
    domains.list.iter().map(|domain| unique(domain).into()).collect()
}

fn of_clock(ix: DomainIx, domain: &Domain, key: LaneKey) -> LaneInfo {
    let chip = if domain.chip.is_empty() { &domain.key } else { &domain.chip };
    LaneInfo {
        key,
        name: domain.name.clone(),
        clocks: vec![ix],
        detail: domain.detail.clone(),
        chip: if chip.is_empty() { "no evidence".to_owned() } else { chip.clone() },
        kind: domain.kind,
        is_guess: domain.strength <= Strength::Weak,
        services: domain.services.clone(),
        spans: domain.spans,
    }
}
