//! Spans with one id: exact copies are merged, different ones are kept and flagged.

use std::ops::Range;

use super::columns::{SpanColumns, end_of, slice_range};
use super::diagnostics::Code;
use super::ids::SpanIx;
use super::span::{SpanFlags, SpanKind};
use super::store::TraceStore;

/// Merges exact copies and flags conflicts. Needs `by_id`; leaves it sorted.
pub(super) fn merge(store: &mut TraceStore) {
    let mut copies: Vec<SpanIx> = Vec::new();
    let mut at = 0;
    while at < store.by_id.len() {
        let group = group_at(store, at);
        at = group.end;
        if group.len() > 1 && store.span(store.by_id[group.start]).id().is_some() {
            sort_out(store, group, &mut copies);
        }
    }
    if !copies.is_empty() {
        copies.sort_unstable();
        remove(store, &copies);
    }
}

fn group_at(store: &TraceStore, start: usize) -> Range<usize> {
    let key = store.id_key(store.by_id[start]);
    let len = store.by_id[start..].iter().take_while(|&&ix| store.id_key(ix) == key).count();
    start..start + len
}

fn sort_out(store: &mut TraceStore, group: Range<usize>, copies: &mut Vec<SpanIx>) {
    let members: Vec<SpanIx> = store.by_id[group].to_vec();
    let mut kept: Vec<SpanIx> = Vec::new();
    for ix in members {
        if kept.iter().any(|&first| same_content(store, first, ix)) {
            let input = store.span(ix).input_ix();
            let (offset, name) = (store.span(ix).offset(), store.span(ix).name().to_owned());
            let diagnostics = &mut store.inputs[input.at()].diagnostics;
            diagnostics.add(Code::DuplicateMerged, input, offset, || format!("span {name:?}"));
            copies.push(ix);
        } else {
            kept.push(ix);
        }
    }
    if kept.len() > 1 && !mark_halves(store, &kept) {
        for ix in kept {
            store.spans.flags[ix.at()] = store.spans.flags[ix.at()].with(SpanFlags::ID_CONFLICT);
        }
    }
}

/// Two sides of a call may share one span id: one calls, the others receive. True when `kept` is such a group;
/// its receivers are flagged.
fn mark_halves(store: &mut TraceStore, kept: &[SpanIx]) -> bool {
    let receives = |ix: SpanIx| matches!(store.span(ix).kind(), SpanKind::Server | SpanKind::Consumer);
    let calls = |ix: SpanIx| matches!(store.span(ix).kind(), SpanKind::Client | SpanKind::Producer);
    let callers = kept.iter().filter(|&&ix| calls(ix)).count();
    let receivers: Vec<SpanIx> = kept.iter().copied().filter(|&ix| receives(ix)).collect();
    if callers != 1 || receivers.len() != 1 || kept.len() != 2 {
        return false;
    }
    for ix in receivers {
        store.spans.flags[ix.at()] = store.spans.flags[ix.at()].with(SpanFlags::SHARED_ID);
    }
    true
}

/// Equal in everything that the file said; the input may differ.
fn same_content(store: &TraceStore, a: SpanIx, b: SpanIx) -> bool {
    let (x, y) = (store.span(a), store.span(b));
    (x.start_ns(), x.end_ns(), x.name_sym(), x.kind(), x.status(), x.parent_id(), x.otlp_flags())
        == (y.start_ns(), y.end_ns(), y.name_sym(), y.kind(), y.status(), y.parent_id(), y.otlp_flags())
        && x.resource().attrs == y.resource().attrs
        && x.scope_ix() == y.scope_ix()
        && x.attr_ids() == y.attr_ids()
        && x.rare() == y.rare()
        && same_events(store, a, b)
        && same_links(store, a, b)
}

fn same_events(store: &TraceStore, a: SpanIx, b: SpanIx) -> bool {
    let (x, y) = (store.span(a).events(), store.span(b).events());
    x.len() == y.len()
        && x.zip(y).all(|(x, y)| x.time_ns() == y.time_ns() && x.name() == y.name() && x.attrs().eq(y.attrs()))
}

fn same_links(store: &TraceStore, a: SpanIx, b: SpanIx) -> bool {
    let (x, y) = (store.span(a).links(), store.span(b).links());
    x.len() == y.len()
        && x.zip(y).all(|(x, y)| {
            (x.trace_id(), x.span_id(), x.kind()) == (y.trace_id(), y.span_id(), y.kind()) && x.attrs().eq(y.attrs())
        })
}

/// Removes spans (sorted) from all columns. Their events and links stay behind unreferenced only as
/// long as this function runs: the arenas are compacted too.
fn remove(store: &mut TraceStore, gone: &[SpanIx]) {
    let is_gone = |at: usize| gone.binary_search(&SpanIx::from_usize(at)).is_ok();
    let count = store.len();
    let old = std::mem::take(&mut store.spans);
    let old_events = std::mem::take(&mut store.events);
    let old_links = std::mem::take(&mut store.links);
    let mut spans = SpanColumns::default();
    for at in (0..count).filter(|&at| !is_gone(at)) {
        copy_span(&old, at, &mut spans);
        for event in slice_range(&old.event_end, at) {
            let events = &mut store.events;
            events.time_ns.push(old_events.time_ns[event]);
            events.observed_ns.push(old_events.observed_ns[event]);
            events.name.push(old_events.name[event]);
            events.attrs.extend_from_slice(&old_events.attrs[slice_range(&old_events.attr_end, event)]);
            events.attr_end.push(end_of(events.attrs.len()));
        }
        for link in slice_range(&old.link_end, at) {
            let links = &mut store.links;
            links.kind.push(old_links.kind[link]);
            links.trace.push(old_links.trace[link]);
            links.span.push(old_links.span[link]);
            links.target.push(old_links.target[link]);
            links.trace_state.push(old_links.trace_state[link]);
            links.otlp_flags.push(old_links.otlp_flags[link]);
            links.attrs.extend_from_slice(&old_links.attrs[slice_range(&old_links.attr_end, link)]);
            links.attr_end.push(end_of(links.attrs.len()));
        }
        spans.event_end.push(end_of(store.events.time_ns.len()));
        spans.link_end.push(end_of(store.links.kind.len()));
    }
    store.spans = spans;
    let removed_before = |ix: SpanIx| gone.partition_point(|&gone| gone < ix) as u32;
    store.by_id.retain(|ix| gone.binary_search(ix).is_err());
    for ix in &mut store.by_id {
        ix.0 -= removed_before(*ix);
    }
}

fn copy_span(from: &SpanColumns, at: usize, to: &mut SpanColumns) {
    if let Some(rare) = from.rare_of(SpanIx::from_usize(at)) {
        to.rare.push((SpanIx::from_usize(to.len()), rare.clone()));
    }
    to.trace.push(from.trace[at]);
    to.id.push(from.id[at]);
    to.parent_id.push(from.parent_id[at]);
    to.start_ns.push(from.start_ns[at]);
    to.end_ns.push(from.end_ns[at]);
    to.name.push(from.name[at]);
    to.resource.push(from.resource[at]);
    to.scope.push(from.scope[at]);
    to.kind.push(from.kind[at]);
    to.status.push(from.status[at]);
    to.flags.push(from.flags[at]);
    to.otlp_flags.push(from.otlp_flags[at]);
    to.offset.push(from.offset[at]);
    to.attrs.extend_from_slice(&from.attrs[slice_range(&from.attr_end, at)]);
    to.attr_end.push(end_of(to.attrs.len()));
}
