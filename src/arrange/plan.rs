//! What somebody asked for, where it changes rows or times.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Assumed, Folding, LaneKey, SpanKey};
use crate::analysis::clocks::domains::Domains;
use crate::analysis::clocks::{Evidence, Known, Options};
use crate::model::TraceStore;

/// Whose time the axis shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ClockChoice {
    /// Raw times: what every clock said.
    #[default]
    Raw,
    /// Every event at its estimate on the axis of the reference clock.
    Frame,
}

/// The key that stands for "the clock": not an attribute, but what the evidence says.
pub const CLOCK: &str = "clock";

/// How spans are to be arranged. Plain data: it outlives the store, and goes into saved views.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// Whose time the axis shows.
    pub clock: ClockChoice,
    /// Which causal edges are believed.
    #[serde(skip_serializing_if = "is_default")]
    pub evidence: Evidence,
    /// What else the clock engine may assume.
    #[serde(skip_serializing_if = "Assumed::is_usual")]
    pub assumed: Assumed,
    /// The lane whose clock is the reference; `None` = the best one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<LaneKey>,
    /// What gets a lane of its own: [`CLOCK`], or the key of a resource attribute, such as `service.name`.
    pub group_by: String,
    /// Lanes that are split: the lane, and the attribute key (or [`CLOCK`]) whose values get lanes of their own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub splits: BTreeMap<LaneKey, String>,
    /// Lanes that are part of another lane.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub merges: BTreeMap<LaneKey, LaneKey>,
    /// Spans whose subtree is hidden, as far as it lies in their lane.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub folds: BTreeSet<SpanKey>,
    /// What lanes are folded by.
    #[serde(skip_serializing_if = "Folding::is_off")]
    pub fold: Folding,
    /// The conversation that alone is shown, by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only: Option<String>,
}

fn is_default(evidence: &Evidence) -> bool {
    *evidence == Evidence::default()
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            clock: ClockChoice::default(),
            evidence: Evidence::default(),
            assumed: Assumed::default(),
            reference: None,
            group_by: CLOCK.to_owned(),
            splits: BTreeMap::new(),
            merges: BTreeMap::new(),
            folds: BTreeSet::new(),
            fold: Folding::default(),
            only: None,
        }
    }
}

impl Plan {
    /// How to analyse the clocks for this plan. A reference that is not there counts as none.
    #[must_use]
    pub fn clock_options(&self, store: &TraceStore, domains: &Domains) -> Options {
        let wanted = self.reference.as_ref();
        let reference = wanted.and_then(|key| super::lanes::clock_of_key(domains, key));
        self.assumed.options(&Options { level: self.evidence, reference, ..Options::default() }, store, domains)
    }

    /// True when the clocks are analysed as for `other`.
    #[must_use]
    pub fn has_clocks_of(&self, other: &Self) -> bool {
        let Self { evidence, assumed, reference, .. } = other;
        (self.evidence, &self.assumed, &self.reference) == (*evidence, assumed, reference)
    }

    /// What is known about the clocks when this plan is followed, with as much as possible of what was known before.
    #[must_use]
    pub fn known(&self, store: &TraceStore, domains: &Domains, before: Option<&Arc<Known>>) -> Arc<Known> {
        let known = self.known_at_once(store, domains, before);
        known.complete(store, domains, before.map(Arc::as_ref));
        known
    }

    /// The same without what protocol alone says, which [`Known::complete`] adds.
    #[must_use]
    pub fn known_at_once(&self, store: &TraceStore, domains: &Domains, before: Option<&Arc<Known>>) -> Arc<Known> {
        let options = self.clock_options(store, domains);
        match before {
            Some(known) if *known.model.options() == options => Arc::clone(known),
            Some(known) => Arc::new(known.with_options(store, domains, &options)),
            None => Arc::new(Known::analyse(store, domains, &options)),
        }
    }

    /// True when `other` is the same but for whose time is shown and which causal edges are believed.
    #[must_use]
    pub fn has_rows_of(&self, other: &Self) -> bool {
        let Self { clock, evidence, assumed, reference, .. } = other.clone();
        *other == Self { clock, evidence, assumed, reference, ..self.clone() }
    }

    /// True when `other` is the same but for what lanes are folded by.
    #[must_use]
    pub fn has_times_of(&self, other: &Self) -> bool {
        *other == Self { fold: other.fold.clone(), ..self.clone() }
    }

    /// True when every clock has a lane of its own, and nothing else has.
    #[must_use]
    pub fn is_by_clock(&self) -> bool {
        self.group_by == CLOCK && self.splits.is_empty() && self.merges.is_empty() && !self.is_across()
    }

    /// True when one lane holds everything, folded across clocks. Splits and merges wait until that ends.
    #[must_use]
    pub const fn is_across(&self) -> bool {
        self.fold.across && self.fold.by.is_some()
    }

    /// True when it takes what the spans say about AI conversations.
    #[must_use]
    pub fn needs_work(&self) -> bool {
        self.only.is_some() || self.fold.needs_work()
    }

    /// Makes `lane` part of `into`, with everything that was part of it.
    pub fn merge(&mut self, lane: &LaneKey, into: &LaneKey) {
        let into = self.merged(into);
        if *lane != into {
            self.merges.insert(lane.clone(), into);
        }
    }

    /// The lane that `lane` is part of in the end. Ends, even if a saved view merges lanes in a circle.
    #[must_use]
    pub fn merged(&self, lane: &LaneKey) -> LaneKey {
        let mut at = lane;
        for _ in 0..=self.merges.len() {
            match self.merges.get(at) {
                Some(next) => at = next,
                None => return at.clone(),
            }
        }
        lane.clone()
    }

    /// Takes back how `lane` was made: its merges if it has any, else the split that it came from. False when it is
    /// just as the grouping makes it.
    pub fn rejoin(&mut self, lane: &LaneKey) -> bool {
        let parts = self.merges.len();
        self.merges.retain(|_, into| into != lane);
        if self.merges.len() < parts {
            return true;
        }
        match lane.parent() {
            Some(parent) => {
                // Splits of its pieces, and of theirs, end with it.
                self.splits.retain(|key, _| *key != parent && !key.is_part_of(&parent));
                self.merges.retain(|part, into| !part.is_part_of(&parent) && !into.is_part_of(&parent));
                true
            }
            None => false,
        }
    }
}
