//! Times seen from the reference clock.

use super::TimeMap;
use crate::analysis::clocks::domains::Domains;
use crate::analysis::clocks::stamps::Stamps;
use crate::analysis::clocks::{ClockModel, EventKey};
use crate::model::{DomainIx, SpanIx, TraceStore};

/// The axis of a model's reference clock: every event stands at its estimate, which lies inside what causality
/// allows. Clocks that nothing connects with the reference keep their raw times.
#[derive(Clone, Copy, Debug)]
pub struct FrameTime<'a> {
    model: &'a ClockModel,
    store: &'a TraceStore,
    domains: &'a Domains,
    stamps: Stamps<'a>,
}

impl<'a> FrameTime<'a> {
    /// The axis of the reference clock of `model`, which was made from `store` and `domains`.
    #[must_use]
    pub fn new(model: &'a ClockModel, store: &'a TraceStore, domains: &'a Domains) -> Self {
        Self { model, store, domains, stamps: model.stamps(store, domains) }
    }

    fn event_ns(&self, key: EventKey, raw_ns: i64) -> i64 {
        // A stamp may be in another unit than the store says; it is placed as the model reads it.
        let stamp = self.stamps.get(key);
        stamp.map_or_else(|| self.near_ns(key.span, raw_ns), |stamp| self.model.estimate_ns(&stamp))
    }

    /// A time that is no stamp of its own, moved as its clock is around it.
    fn near_ns(&self, span: SpanIx, raw_ns: i64) -> i64 {
        let domain = self.domains.of_span.get(span.at()).copied().unwrap_or(DomainIx(0));
        raw_ns.saturating_sub(self.model.shift_ns(domain, raw_ns))
    }

    /// The end of a span whose start lies at `start` on the axis.
    fn end_ns(&self, span: SpanIx, raw: (i64, i64), start: i64) -> i64 {
        let end = self.event_ns(EventKey::end(span), raw.1);
        // A clock that jumped inside the span may seem to turn it round; the map keeps the order of raw times.
        if raw.1 > raw.0 { end.max(start) } else { end.min(start) }
    }
}

impl TimeMap for FrameTime<'_> {
    fn map(&self, span: SpanIx, raw_ns: i64) -> i64 {
        let view = self.store.span(span);
        let (start_ns, end_ns) = (view.start_ns(), view.end_ns());
        if raw_ns == start_ns {
            self.event_ns(EventKey::start(span), raw_ns)
        } else if raw_ns == end_ns {
            self.end_ns(span, (start_ns, end_ns), self.event_ns(EventKey::start(span), start_ns))
        } else {
            self.near_ns(span, raw_ns)
        }
    }

    fn ends(&self, span: SpanIx, start_ns: i64, end_ns: i64) -> (i64, i64) {
        let view = self.store.span(span);
        if (start_ns, end_ns) != (view.start_ns(), view.end_ns()) || start_ns == end_ns {
            return (self.map(span, start_ns), self.map(span, end_ns));
        }
        let start = self.event_ns(EventKey::start(span), start_ns);
        (start, self.end_ns(span, (start_ns, end_ns), start))
    }
}
