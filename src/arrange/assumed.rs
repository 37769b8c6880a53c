//! What the clock engine may assume, as somebody asked for it: names, not numbers of a store, so that it outlives it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::LaneKey;
use super::lanes::clock_of_key;
use crate::analysis::clocks::Options;
use crate::analysis::clocks::domains::Domains;
use crate::analysis::clocks::evidence::find_choice;
use crate::model::{TraceIx, TraceStore};

/// Clocks that drift faster than by a tenth are no clocks; parts per 10⁹.
pub const MOST_DRIFT_PPB: u32 = 100_000_000;

/// What the clock engine may assume, where that differs from the usual.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Assumed {
    /// The id of the trace whose messages alone count; `None` = those of all traces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub only_trace: Option<String>,
    /// How fast clocks may drift, parts per 10⁹; `None` = 50,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift_ppb: Option<u32>,
    /// The same for the clocks of some lanes.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub drift_of: BTreeMap<LaneKey, u32>,
    /// Kinds of evidence by name ([`find_choice`]) that are believed (true) or not (false), whatever the program makes
    /// of them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub evidence: BTreeMap<String, bool>,
}

impl Assumed {
    /// True when nothing differs from the usual.
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// `options` with this. What `store` does not have is left out; see [`Self::misfits`].
    #[must_use]
    pub fn options(&self, options: &Options, store: &TraceStore, domains: &Domains) -> Options {
        let clock = |(key, &ppb): (&LaneKey, &u32)| Some((clock_of_key(domains, key)?, ppb.min(MOST_DRIFT_PPB)));
        let said = |(name, &is_on): (&String, &bool)| Some((find_choice(store, name).ok()?, is_on));
        Options {
            only: self.only_trace.as_deref().and_then(|id| trace_of(store, id)),
            drift_ppb: self.drift_ppb.map_or(options.drift_ppb, |ppb| ppb.min(MOST_DRIFT_PPB)),
            drift_of: self.drift_of.iter().filter_map(clock).collect(),
            said: self.evidence.iter().filter_map(said).collect(),
            level: options.level,
            reference: options.reference,
            budget: options.budget,
        }
    }

    /// What of it does not fit `store`, in words.
    #[must_use]
    pub fn misfits(&self, store: &TraceStore) -> Vec<String> {
        let trace = self.only_trace.as_deref().filter(|id| trace_of(store, id).is_none());
        let trace = trace.map(|id| format!("no trace here is called {id}, so the messages of all traces count"));
        let kinds = self.evidence.keys().filter_map(|name| find_choice(store, name).err());
        trace.into_iter().chain(kinds.map(|error| error.to_string())).collect()
    }
}

/// The trace with this id.
fn trace_of(store: &TraceStore, id: &str) -> Option<TraceIx> {
    let at = store.traces().iter().position(|trace| store.trace_id_text(trace.id) == id)?;
    Some(TraceIx::from_usize(at))
}
