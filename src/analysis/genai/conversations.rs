//! Which conversation a span belongs to: what it says, else what is above it says, else what its trace says.

use super::calls::Totals;
use super::normalise::Own;
use super::resolve::Resolved;
use crate::model::ids::index_type;
use crate::model::{SpanIx, TraceIx, TraceStore};

index_type!(
    /// A conversation of a workspace.
    ConversationIx
);

/// A conversation: everything under one conversation or session id, in however many traces.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Conversation {
    /// Its id as the data says.
    pub id: String,
    /// The attribute that says it.
    pub source: String,
    /// How far that can be trusted.
    pub confidence: super::Confidence,
    /// Its traces, in order of first appearance.
    pub traces: Vec<TraceIx>,
    /// What happened in it.
    pub totals: Totals,
}

/// Fills the column `own.conversation` from what spans say themselves. `order` has parents before their children.
///
/// A span may say several things under several keys, e.g. a browser's session and the chat in it. In each trace the
/// key that is believed most decides for all of it.
pub fn inherit(store: &TraceStore, own: &mut Own, order: &[SpanIx]) {
    let mut best = vec![(u16::MAX, ConversationIx::NONE); store.traces().len()];
    for span in store.span_ixs() {
        let best = &mut best[store.spans.trace[span.at()].at()];
        if own.conversation_rank[span.at()] < best.0 {
            *best = (own.conversation_rank[span.at()], own.conversation[span.at()]);
        }
    }
    for &span in order {
        let trace = store.spans.trace[span.at()];
        let (rank, of_trace) = best[trace.at()];
        if own.conversation_rank[span.at()] == rank {
            continue;
        }
        let parent = store.parents()[span.at()].get().filter(|parent| store.spans.trace[parent.at()] == trace);
        own.conversation[span.at()] = parent.map_or(of_trace, |parent| own.conversation[parent.at()]);
    }
}

/// Drops conversations without any span of an AI conversation (a browser's session, say) and names the others.
/// Returns them in order of appearance; the column is renumbered.
pub fn collect(store: &TraceStore, resolved: &Resolved, own: &mut Own) -> Vec<Conversation> {
    let count = own.conversations.len();
    let mut is_used = vec![false; count];
    for span in store.span_ixs() {
        let Some(ix) = own.conversation[span.at()].get() else { continue };
        is_used[ix.at()] |= own.role[span.at()] != super::Role::None;
    }
    let mut list = Vec::new();
    let mut renumbered = vec![ConversationIx::NONE; count];
    for (at, &(text, rule)) in own.conversations.iter().enumerate().filter(|(at, _)| is_used[*at]) {
        renumbered[at] = ConversationIx::from_usize(list.len());
        let rule = &resolved.tables.keys[usize::from(rule)];
        let id = resolved.text(store, text).to_owned();
        list.push(Conversation { id, source: rule.key.clone(), confidence: rule.sure, ..Conversation::default() });
    }
    for ix in &mut own.conversation {
        *ix = ix.get().map_or(ConversationIx::NONE, |ix| renumbered[ix.at()]);
    }
    let mut last = vec![TraceIx::NONE; list.len()];
    let mut seen = hashbrown::HashSet::with_hasher(foldhash::fast::FixedState::default());
    for span in store.span_ixs() {
        let Some(ix) = own.conversation[span.at()].get() else { continue };
        let trace = store.spans.trace[span.at()];
        if last[ix.at()] != trace && seen.insert((ix, trace)) {
            list[ix.at()].traces.push(trace);
        }
        last[ix.at()] = trace;
    }
    list
}
