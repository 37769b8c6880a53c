//! What somebody asked for, where it changes rows or times.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{LaneKey, SpanKey};

/// Whose time the axis shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ClockChoice {
    /// Raw times: what every clock said.
    #[default]
    Raw,
}

/// The key that stands for "the clock": not an attribute, but what the evidence says.
pub const CLOCK: &str = "clock";

/// How spans are to be arranged. Plain data: it outlives the store, and goes into saved views.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// Whose time the axis shows.
    pub clock: ClockChoice,
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
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            clock: ClockChoice::default(),
            group_by: CLOCK.to_owned(),
            splits: BTreeMap::new(),
            merges: BTreeMap::new(),
            folds: BTreeSet::new(),
        }
    }
}

impl Plan {
    /// True when every clock has a lane of its own, and nothing else has.
    #[must_use]
    pub fn is_by_clock(&self) -> bool {
        self.group_by == CLOCK && self.splits.is_empty() && self.merges.is_empty()
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
