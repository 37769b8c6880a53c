//! What can only be known once all spans are there: duplicates, parents, children, links, logs.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use rayon::slice::ParallelSliceMut as _;

use super::columns::{NOT_OBSERVED, end_of, slice_range};
use super::diagnostics::{Code, FLAGS};
use super::ids::{SpanId, SpanIx, TraceIx};
use super::part::LogDraft;
use super::span::{SpanFlags, otlp_flags};
use super::store::{Ghost, TraceStore};

/// Completes `store`, whose columns are filled. Order matters: later steps use what earlier ones set.
pub(super) fn finish(store: &mut TraceStore, logs: Vec<LogDraft>) {
    clear_derived_flags(store);
    sort_by_id(store);
    super::duplicates::merge(store);
    count_traces(store);
    resolve_parents(store);
    cut_cycles(store);
    collect_children(store);
    collect_ghosts(store);
    resolve_links(store);
    super::logs::attach(store, logs);
    note_own_flags(store);
    store.failed = store.spans.flags.iter().filter(|flags| flags.has(SpanFlags::ERROR)).count() as u64;
    shrink(store);
}

/// The columns grew by doubling; what they do not use goes back.
fn shrink(store: &mut TraceStore) {
    store.spans.shrink();
    store.events.shrink();
    store.attrs.shrink();
    store.strings.shrink();
}

/// A store that is continued brings flags of the last time; they are found anew.
fn clear_derived_flags(store: &mut TraceStore) {
    const DERIVED: u16 = SpanFlags::SELF_PARENT.0
        | SpanFlags::PARENT_CYCLE.0
        | SpanFlags::PARENT_MISSING.0
        | SpanFlags::PARENT_OTHER_TRACE.0
        | SpanFlags::ID_CONFLICT.0
        | SpanFlags::SHARED_ID.0;
    for flags in &mut store.spans.flags {
        flags.0 &= !DERIVED;
    }
    for input in &mut store.inputs {
        input.diagnostics.forget_derived();
    }
}

fn sort_by_id(store: &mut TraceStore) {
    // The order of (trace, id, index), as plain numbers: ids that are text come after those that are bytes.
    let text = |ix: SpanIx| u64::from(store.spans.flags[ix.at()].has(SpanFlags::ID_IS_TEXT));
    let key = |ix: SpanIx| (u64::from(store.spans.trace[ix.at()].0) << 1 | text(ix), store.spans.id[ix.at()], ix);
    let mut keys: Vec<(u64, u64, SpanIx)> = store.span_ixs().map(key).collect();
    keys.par_sort_unstable();
    store.by_id = keys.into_iter().map(|(_, _, ix)| ix).collect();
}

fn count_traces(store: &mut TraceStore) {
    for trace in &mut store.traces {
        trace.spans = 0;
    }
    for ix in &store.spans.trace {
        store.traces[ix.at()].spans += 1;
    }
    let mut end = 0;
    let ends = store.traces.iter().map(|trace| {
        end += trace.spans;
        end
    });
    store.trace_end = ends.collect();
}

/// Where a span's parent is.
#[derive(Clone, Copy)]
enum Found {
    Root,
    Own,
    Here(SpanIx),
    Missing,
}

fn resolve_parents(store: &mut TraceStore) {
    let has_halves = store.spans.flags.iter().any(|flags| flags.has(SpanFlags::SHARED_ID));
    let count = end_of(store.len());
    let found: Vec<Found> = (0..count).into_par_iter().map(|ix| find_parent(store, SpanIx(ix), has_halves)).collect();
    let elsewhere = spans_by_bare_id(store, &found);
    let mut parent = vec![SpanIx::NONE; store.len()];
    for (ix, found) in store.span_ixs().zip(found) {
        let flag = match found {
            Found::Root => continue,
            Found::Here(found) => {
                parent[ix.at()] = found;
                continue;
            }
            Found::Own => SpanFlags::SELF_PARENT,
            Found::Missing => match elsewhere.get(&store.span(ix).parent_id()) {
                Some(&found) if found.is_some() => {
                    parent[ix.at()] = found;
                    SpanFlags::PARENT_OTHER_TRACE
                }
                _ => SpanFlags::PARENT_MISSING,
            },
        };
        store.spans.flags[ix.at()] = store.spans.flags[ix.at()].with(flag);
    }
    store.parent = parent;
}

/// The parent of `ix` in its own trace.
fn find_parent(store: &TraceStore, ix: SpanIx, has_halves: bool) -> Found {
    let span = store.span(ix);
    let id = span.parent_id();
    if span.flags().has(SpanFlags::SHARED_ID)
        && let Some((calling, _)) = store.find_span(span.trace_ix(), span.id()).and_then(|first| store.halves(first))
    {
        return Found::Here(calling);
    }
    if !id.is_some() {
        return Found::Root;
    }
    if id == span.id() {
        return Found::Own;
    }
    match store.find_span(span.trace_ix(), id) {
        Some(found) if has_halves => Found::Here(closer_half(store, found, ix)),
        Some(found) => Found::Here(found),
        None => Found::Missing,
    }
}

/// Which half of a call is the parent of `child`: the receiving one, unless the child comes from the caller's side.
fn closer_half(store: &TraceStore, parent: SpanIx, child: SpanIx) -> SpanIx {
    let Some((calling, receiving)) = store.halves(parent) else { return parent };
    let resource = |ix: SpanIx| store.span(ix).resource_ix();
    if resource(child) == resource(calling) && resource(child) != resource(receiving) { calling } else { receiving }
}

/// Spans by id alone, for parents in another trace; ids that several traces use map to `NONE`.
/// Only built for the ids that are needed, which are few.
fn spans_by_bare_id(store: &TraceStore, found: &[Found]) -> HashMap<SpanId, SpanIx, FixedState> {
    let mut wanted: HashMap<SpanId, SpanIx, FixedState> = HashMap::default();
    for (ix, found) in store.span_ixs().zip(found) {
        if matches!(found, Found::Missing) {
            wanted.insert(store.span(ix).parent_id(), SpanIx::NONE);
        }
    }
    if wanted.is_empty() {
        return wanted;
    }
    let mut ambiguous: Vec<SpanId> = Vec::new();
    for ix in store.span_ixs() {
        let id = store.span(ix).id();
        let Some(slot) = wanted.get_mut(&id) else { continue };
        if slot.is_some() {
            ambiguous.push(id);
        } else {
            *slot = ix;
        }
    }
    for id in ambiguous {
        wanted.insert(id, SpanIx::NONE);
    }
    wanted
}

/// Cuts every cycle of parents at its earliest span, and flags all spans on it.
fn cut_cycles(store: &mut TraceStore) {
    const UNSEEN: u32 = 0;
    let mut walk_of = vec![UNSEEN; store.len()];
    for (walk, first) in (1_u32..).zip(store.span_ixs()) {
        let mut at = first;
        while at.is_some() && walk_of[at.at()] == UNSEEN {
            walk_of[at.at()] = walk;
            at = store.parent[at.at()];
        }
        if at.is_some() && walk_of[at.at()] == walk {
            cut_cycle_through(store, at);
        }
    }
}

fn cut_cycle_through(store: &mut TraceStore, on_cycle: SpanIx) {
    let mut earliest = on_cycle;
    let mut at = on_cycle;
    loop {
        store.spans.flags[at.at()] = store.spans.flags[at.at()].with(SpanFlags::PARENT_CYCLE);
        if (store.spans.start_ns[at.at()], at) < (store.spans.start_ns[earliest.at()], earliest) {
            earliest = at;
        }
        at = store.parent[at.at()];
        if at == on_cycle {
            break;
        }
    }
    store.parent[earliest.at()] = SpanIx::NONE;
}

fn collect_children(store: &mut TraceStore) {
    let mut child_end = vec![0_u32; store.len()];
    for parent in store.parent.iter().filter(|parent| parent.is_some()) {
        child_end[parent.at()] += 1;
    }
    let mut total = 0;
    let mut next: Vec<u32> = Vec::with_capacity(store.len());
    for end in &mut child_end {
        next.push(total);
        total += *end;
        *end = total;
    }
    let mut children = vec![SpanIx::NONE; total as usize];
    for (ix, parent) in store.span_ixs().zip(&store.parent) {
        if parent.is_some() {
            children[next[parent.at()] as usize] = ix;
            next[parent.at()] += 1;
        }
    }
    for at in 0..child_end.len() {
        let range = slice_range(&child_end, at);
        if range.len() > 1 {
            children[range].sort_unstable_by_key(|&ix| (store.span(ix).drawn_ns().0, ix));
        }
    }
    store.children = children;
    store.child_end = child_end;
}

fn collect_ghosts(store: &mut TraceStore) {
    let mut ghosts: Vec<Ghost> = Vec::new();
    let mut by_key: HashMap<(TraceIx, SpanId), usize, FixedState> = HashMap::default();
    for ix in store.span_ixs() {
        let span = store.span(ix);
        if !span.flags().has(SpanFlags::PARENT_MISSING) {
            continue;
        }
        let key = (span.trace_ix(), span.parent_id());
        let at = *by_key.entry(key).or_insert_with(|| {
            ghosts.push(Ghost { trace: key.0, id: key.1, remote: None, children: Vec::new() });
            ghosts.len() - 1
        });
        ghosts[at].children.push(ix);
        ghosts[at].remote = ghosts[at].remote.or(otlp_flags::is_remote(span.otlp_flags()));
    }
    store.ghosts = ghosts;
}

fn resolve_links(store: &mut TraceStore) {
    if store.links.kind.is_empty() {
        return;
    }
    let trace_ix: HashMap<_, _, FixedState> =
        store.traces.iter().enumerate().map(|(at, trace)| (trace.id, TraceIx::from_usize(at))).collect();
    let targets: Vec<SpanIx> = store
        .links
        .trace
        .iter()
        .zip(&store.links.span)
        .map(|(trace, &span)| trace_ix.get(trace).and_then(|&ix| store.find_span(ix, span)).unwrap_or(SpanIx::NONE))
        .collect();
    store.links.target = targets;
}

/// Counts what the flags say, with the place of each span.
fn note_own_flags(store: &mut TraceStore) {
    let noted = FLAGS.iter().fold(0, |bits, (flag, _)| bits | flag.0);
    let mut inputs = std::mem::take(&mut store.inputs);
    for ix in store.span_ixs() {
        let span = store.span(ix);
        let flags = span.flags();
        if flags.0 & noted == 0 && span.id().is_some() && span.trace_id() != super::TraceId::None {
            continue;
        }
        let input = span.input_ix();
        let diagnostics = &mut inputs[input.at()].diagnostics;
        let detail = || format!("span {:?} ({})", span.name(), store.span_id_text(span.id()));
        for &(flag, code) in FLAGS {
            if flags.has(flag) {
                diagnostics.add(code, input, span.offset(), detail);
            }
        }
        if !span.id().is_some() {
            diagnostics.add(Code::MissingSpanId, input, span.offset(), detail);
        }
        if span.trace_id() == super::TraceId::None {
            diagnostics.add(Code::MissingTraceId, input, span.offset(), detail);
        }
    }
    for input in &mut inputs {
        if input.spans == 0 {
            input.diagnostics.add_count(Code::NoSpans, 1);
        }
    }
    store.inputs = inputs;
    debug_assert!(store.events.observed_ns.iter().all(|&time| time == NOT_OBSERVED || time >= 0));
    debug_assert_eq!(end_of(store.children.len()), store.child_end.last().copied().unwrap_or(0));
}
