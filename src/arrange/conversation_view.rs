//! How conversations are shown: what costs no new rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{SpanKey, Tie, TieKind};
use crate::analysis::genai::{GenAi, Judged, Verdict};
use crate::model::TraceStore;

/// What the user decided about conversations. Spans are named by their keys, so that this outlives a store.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ConversationView {
    /// Long idle stretches are drawn shorter than they are, and marked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub shorten_idle: bool,
    /// What somebody said about where a trace belongs that lost its parent: by its root, then by the span below which
    /// it may belong.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub stitches: BTreeMap<SpanKey, BTreeMap<SpanKey, Verdict>>,
}

impl ConversationView {
    /// True when nothing differs from how conversations are shown by themselves.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// What was said about `root` belonging below `under`.
    #[must_use]
    pub fn verdict(&self, root: &SpanKey, under: &SpanKey) -> Option<Verdict> {
        self.stitches.get(root)?.get(under).copied()
    }

    /// What was said about the proposals behind `ties`, by span.
    #[must_use]
    pub fn judged(&self, store: &TraceStore, genai: &GenAi, ties: &[Tie]) -> Judged {
        if self.stitches.is_empty() {
            return Judged::default();
        }
        let said = ties.iter().filter_map(|tie| match &tie.kind {
            TieKind::Stitch { at, keys } => {
                let stitch = genai.stitches().get(*at as usize)?;
                Some((stitch.root, stitch.under, self.verdict(&keys[0], &keys[1])?))
            }
            TieKind::Handoff { .. } => None,
        });
        Judged::new(store, said)
    }

    /// Says something about `root` belonging below `under`, or nothing any more. A trace belongs to one place: what was
    /// accepted before is not any longer.
    pub fn judge(&mut self, root: &SpanKey, under: SpanKey, verdict: Option<Verdict>) {
        let of_root = self.stitches.entry(root.clone()).or_default();
        if verdict == Some(Verdict::Accepted) {
            of_root.retain(|_, known| *known != Verdict::Accepted);
        }
        match verdict {
            Some(verdict) => of_root.insert(under, verdict),
            None => of_root.remove(&under),
        };
        if of_root.is_empty() {
            self.stitches.remove(root);
        }
    }
}
