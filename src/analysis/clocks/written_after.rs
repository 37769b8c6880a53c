//! Spans that inference servers write when a request is done.
//!
//! The wall clock gave the arrival; queue, prefill and decode are durations of other clocks that were added to it. So all
//! times of one request are one rigid group, and its end is no reading of its own.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::model::{SpanIx, TraceStore};

/// By span that was written after the fact: the one whose start all of its times are measured from.
pub type WrittenAfter = HashMap<u32, SpanIx, FixedState>;

/// Beginning of the attributes with which inference servers say how long the parts of a finished request took.
const MEASURED: &str = "gen_ai.latency.";

/// Spans that an inference server wrote when the request was done, and those below them by the same instrumentation.
pub fn written_after(store: &TraceStore) -> WrittenAfter {
    const DEPTH: usize = 8;
    let mut found = HashMap::default();
    let is_measured: Vec<bool> = store.strings().iter().map(|(_, text)| text.starts_with(MEASURED)).collect();
    if !is_measured.contains(&true) {
        return found;
    }
    let pairs = store.attrs().pairs();
    let says = |span: SpanIx| {
        let ids = store.span(span).attr_ids();
        ids.iter().any(|id| pairs.get(id.0 as usize).is_some_and(|attr| is_measured[attr.key.at()]))
    };
    for span in store.span_ixs() {
        let (resource, scope) = (store.span(span).resource_ix(), store.span(span).scope_ix());
        let own = |&ix: &SpanIx| store.span(ix).resource_ix() == resource && store.span(ix).scope_ix() == scope;
        let above = std::iter::successors(Some(span), |&ix| store.span(ix).parent().filter(own)).take(DEPTH);
        if let Some(request) = above.filter(|&ix| says(ix)).last().filter(|ix| store.starts_ns()[ix.at()] != 0) {
            found.insert(span.0, request);
        }
    }
    found
}
