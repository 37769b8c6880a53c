//! What is known about parents that no input holds.

use serde::Serialize;

use crate::analysis::genai::{Ancestor, GenAi, LostParent};
use crate::model::{Ghost, TraceStore};

/// Missing parents that a report names.
const MOST: usize = 500;

/// A parent that is in no input.
#[derive(Clone, Debug, Serialize)]
pub struct MissingParentReport {
    /// Its id.
    pub id: String,
    /// The id of its children's trace.
    pub trace: String,
    /// How many spans name it.
    pub children: u64,
    /// How many of them say that the trace was sampled.
    pub sampled: u64,
    /// The last of the ancestors is the parent itself, and not only above it.
    pub exact: bool,
    /// The spans above its children, the outermost first.
    pub ancestors: Vec<AncestorReport>,
    /// The attributes that say it.
    pub sources: Vec<String>,
}

/// A span above, as those below name it.
#[derive(Clone, Debug, Serialize)]
pub struct AncestorReport {
    /// Its id as written.
    pub id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// When it began by the clock that stamped it, Unix nanoseconds, as a text.
    pub start_ns: Option<String>,
    /// The id of its span, where it is in an input.
    pub here: Option<String>,
}

/// The missing parents of `store` about which anything is known, in the order of the store.
pub fn parents(genai: &GenAi, store: &TraceStore) -> Vec<MissingParentReport> {
    let known = store.ghosts().iter().map(|ghost| (ghost, genai.lost_parent(store, ghost)));
    let known = known.filter(|(_, lost)| lost.sampled > 0 || !lost.ancestors.is_empty());
    known.take(MOST).map(|(ghost, lost)| parent(store, ghost, lost)).collect()
}

fn parent(store: &TraceStore, ghost: &Ghost, lost: LostParent) -> MissingParentReport {
    let stated = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    let ancestor = |ancestor: &Ancestor| AncestorReport {
        id: stated(&ancestor.id),
        name: stated(&ancestor.name),
        start_ns: ancestor.start_ns.map(|ns| ns.to_string()),
        here: ancestor.here.map(|span| store.span_id_text(store.span(span).id())),
    };
    MissingParentReport {
        id: store.span_id_text(ghost.id),
        trace: store.trace_id_text(store.traces()[ghost.trace.at()].id),
        children: ghost.children.len() as u64,
        sampled: lost.sampled as u64,
        exact: lost.is_exact,
        ancestors: lost.ancestors.iter().map(ancestor).collect(),
        sources: lost.sources,
    }
}
