//! Log records that name a span become events of that span, after its own events.

use super::columns::{EventColumns, NOT_OBSERVED, end_of, slice_range};
use super::diagnostics::Code;
use super::ids::{SpanIx, TraceId};
use super::part::LogDraft;
use super::store::TraceStore;

/// Attaches `logs`; those whose span is not there are counted.
pub(super) fn attach(store: &mut TraceStore, logs: Vec<LogDraft>) {
    if logs.is_empty() {
        return;
    }
    let traces: std::collections::HashMap<TraceId, super::TraceIx> =
        store.traces.iter().enumerate().map(|(at, trace)| (trace.id, super::TraceIx::from_usize(at))).collect();
    let mut placed: Vec<(SpanIx, LogDraft)> = Vec::new();
    for log in logs {
        let found = traces.get(&log.trace).and_then(|&trace| store.find_span(trace, log.span));
        match found {
            Some(span) => {
                let input = store.span(span).input_ix();
                store.inputs[input.at()].diagnostics.add(Code::LogsAttached, input, log.offset, String::new);
                placed.push((span, log));
            }
            None => {
                let detail = format!("span {}", store.span_id_text(log.span));
                if let Some(input) = store.inputs.get_mut(log.input.at()) {
                    input.diagnostics.add(Code::LogsOrphaned, log.input, log.offset, || detail);
                }
            }
        }
    }
    // Stable: records of one span keep their order in the file.
    placed.sort_by_key(|(span, _)| *span);
    insert(store, placed);
}

fn insert(store: &mut TraceStore, placed: Vec<(SpanIx, LogDraft)>) {
    let old = std::mem::take(&mut store.events);
    let mut events = EventColumns::default();
    let mut placed = placed.into_iter().peekable();
    let mut ends = Vec::with_capacity(store.len());
    for at in 0..store.len() {
        for event in slice_range(&store.spans.event_end, at) {
            events.time_ns.push(old.time_ns[event]);
            events.observed_ns.push(old.observed_ns[event]);
            events.name.push(old.name[event]);
            events.attrs.extend_from_slice(&old.attrs[slice_range(&old.attr_end, event)]);
            events.attr_end.push(end_of(events.attrs.len()));
        }
        while let Some((_, log)) = placed.next_if(|(span, _)| span.at() == at) {
            events.time_ns.push(log.time_ns);
            events.observed_ns.push(log.observed_ns.unwrap_or(NOT_OBSERVED));
            events.name.push(log.name);
            events.attrs.extend_from_slice(&log.attrs);
            events.attr_end.push(end_of(events.attrs.len()));
        }
        ends.push(end_of(events.time_ns.len()));
    }
    store.spans.event_end = ends;
    store.events = events;
}
