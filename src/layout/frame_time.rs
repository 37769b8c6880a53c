//! Times seen from the reference clock.

use super::TimeMap;
use crate::analysis::clocks::domains::Domains;
use crate::analysis::clocks::{ClockModel, EventKey};
use crate::model::{DomainIx, SpanIx, TraceStore};

/// The axis of a model's reference clock: every event stands at its estimate, which lies inside what causality
/// allows. Clocks that nothing connects with the reference keep their raw times.
#[derive(Clone, Copy, Debug)]
pub struct FrameTime<'a> {
    model: &'a ClockModel,
    store: &'a TraceStore,
    domains: &'a Domains,
}

impl<'a> FrameTime<'a> {
    /// The axis of the reference clock of `model`, which was made from `store` and `domains`.
    #[must_use]
    pub const fn new(model: &'a ClockModel, store: &'a TraceStore, domains: &'a Domains) -> Self {
        Self { model, store, domains }
    }

    fn event_ns(&self, key: EventKey, raw_ns: i64) -> i64 {
        // A stamp may be in another unit than the store says; it is placed as the model reads it.
        let placed = self.model.place(self.store, self.domains, key);
        placed.map_or_else(|| self.near_ns(key.span, raw_ns), |placed| placed.estimate_ns.unwrap_or(placed.raw_ns))
    }

    /// A time that is no stamp of its own, moved as its clock is around it.
    fn near_ns(&self, span: SpanIx, raw_ns: i64) -> i64 {
        let domain = self.domains.of_span.get(span.at()).copied().unwrap_or(DomainIx(0));
        raw_ns.saturating_sub(self.model.shift_ns(domain, raw_ns))
    }
}

impl TimeMap for FrameTime<'_> {
    fn map(&self, span: SpanIx, raw_ns: i64) -> i64 {
        let view = self.store.span(span);
        let (start_ns, end_ns) = (view.start_ns(), view.end_ns());
        if raw_ns == start_ns {
            self.event_ns(EventKey::start(span), raw_ns)
        } else if raw_ns == end_ns {
            let end = self.event_ns(EventKey::end(span), raw_ns);
            // A clock that jumped inside the span may seem to turn it round; the map keeps the order of raw times.
            let start = self.event_ns(EventKey::start(span), start_ns);
            if raw_ns > start_ns { end.max(start) } else { end.min(start) }
        } else {
            self.near_ns(span, raw_ns)
        }
    }
}
