//! How lanes are shown: what costs no new rows.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{ColorBy, ConversationView, LaneInfo, LaneKey};
use crate::layout::LaneIx;

/// How the user wants the lanes to be shown. Lanes are named by their keys, so that this outlives an arrangement.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LaneView {
    /// Lanes from the top, as far as the user ordered them; empty = the natural order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<LaneKey>,
    /// Lanes above all others.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub pinned: BTreeSet<LaneKey>,
    /// Lanes that are not shown.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub hidden: BTreeSet<LaneKey>,
    /// Names given by the user.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<LaneKey, String>,
    /// Height in points of lanes that were resized by hand.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub heights: BTreeMap<LaneKey, u32>,
    /// Lanes that show one strip instead of their rows.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub folded: BTreeSet<LaneKey>,
    /// Groups of folded lanes that show their rows.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub opened: BTreeSet<LaneKey>,
    /// What the colours of bars mean.
    #[serde(skip_serializing_if = "ColorBy::is_default")]
    pub color: ColorBy,
    /// How conversations are shown.
    #[serde(skip_serializing_if = "ConversationView::is_default")]
    pub conversation: ConversationView,
}

impl LaneView {
    /// The lanes that are not hidden, from the top.
    #[must_use]
    pub fn shown(&self, lanes: &[LaneInfo]) -> Vec<LaneIx> {
        let mut shown = self.ordered(lanes);
        shown.retain(|lane| !lanes[lane.at()].is_aside && !self.hidden.contains(&lanes[lane.at()].key));
        shown
    }

    /// All lanes, hidden ones too, from the top.
    #[must_use]
    pub fn ordered(&self, lanes: &[LaneInfo]) -> Vec<LaneIx> {
        let mut all: Vec<LaneIx> = (0..lanes.len() as u32).map(LaneIx).collect();
        if !self.order.is_empty() {
            let rank: BTreeMap<&str, usize> =
                self.order.iter().enumerate().map(|(at, key)| (key.as_str(), at)).collect();
            // A lane that nobody ordered stays behind the one it naturally follows.
            let mut last = 0;
            let ranks: Vec<usize> = lanes
                .iter()
                .map(|lane| {
                    last = rank.get(lane.key.as_str()).copied().unwrap_or(last);
                    last
                })
                .collect();
            all.sort_by_key(|lane| (ranks[lane.at()], lane.at()));
        }
        if !self.pinned.is_empty() {
            all.sort_by_key(|lane| !self.pinned.contains(&lanes[lane.at()].key));
        }
        all
    }

    /// What a lane is called.
    #[must_use]
    pub fn name<'a>(&'a self, lane: &'a LaneInfo) -> &'a str {
        self.names.get(&lane.key).map_or(lane.name.as_str(), String::as_str)
    }
}
