//! Times seen from the reference clock.

use std::cmp::Ordering;

use super::TimeMap;
use crate::analysis::clocks::domains::Domains;
use crate::analysis::clocks::solve::Stamp;
use crate::analysis::clocks::stamps::Stamps;
use crate::analysis::clocks::{ClockModel, EventKey, Evidence};
use crate::model::{DomainIx, SpanIx, SpanKind, TraceStore};

/// Spans above one whose clock may have jumped that are asked for their offset.
const MOST_ABOVE: usize = 32;
/// Children of such a span that are asked.
const MOST_BELOW: usize = 64;

/// The axis of a model's reference clock: every event stands at its estimate, which lies inside what causality
/// allows. Clocks that nothing connects with the reference keep their raw times.
///
/// While a clock may have jumped, what it stamped stands where the nearest sure moment of the same span, or of the spans
/// around it, puts it, so that parents hold their children; never outside of what causality allows.
#[derive(Clone, Copy, Debug)]
pub struct FrameTime<'a> {
    model: &'a ClockModel,
    store: &'a TraceStore,
    domains: &'a Domains,
    stamps: Stamps<'a>,
}

/// Start and end of a span on the axis.
type Ends = (i64, i64);

impl<'a> FrameTime<'a> {
    /// The axis of the reference clock of `model`, which was made from `store` and `domains`.
    #[must_use]
    pub fn new(model: &'a ClockModel, store: &'a TraceStore, domains: &'a Domains) -> Self {
        Self { model, store, domains, stamps: model.stamps(store, domains) }
    }

    /// A time that is no stamp of its own, moved as its clock is around it.
    fn near_ns(&self, span: SpanIx, raw_ns: i64) -> i64 {
        let domain = self.domains.of_span.get(span.at()).copied().unwrap_or(DomainIx(0));
        raw_ns.saturating_sub(self.model.shift_ns(domain, raw_ns))
    }

    /// Both ends of `span`; at most `above` of its ancestors are asked.
    fn ends_of(&self, span: SpanIx, above: usize) -> Ends {
        let view = self.store.span(span);
        let raw = (view.start_ns(), view.end_ns());
        // A stamp may be in another unit than the store says; it is placed as the model reads it.
        let stamps = (self.stamps.get(EventKey::start(span)), self.stamps.get(EventKey::end(span)));
        let is_open = |stamp: &Option<Stamp>| stamp.as_ref().is_some_and(|stamp| self.model.is_in_gap(stamp));
        let estimate = |stamp: &Option<Stamp>, raw_ns: i64| match stamp {
            Some(stamp) => self.model.estimate_ns(stamp),
            None => self.near_ns(span, raw_ns),
        };
        let mut ends = (estimate(&stamps.0, raw.0), estimate(&stamps.1, raw.1));
        if is_open(&stamps.0) || is_open(&stamps.1) {
            ends = self.in_gap(span, (&stamps.0, &stamps.1), ends, above);
        }
        // A clock that jumped inside the span may seem to turn it round; the map keeps the order of raw times.
        match raw.1.cmp(&raw.0) {
            Ordering::Greater => (ends.0, ends.1.max(ends.0)),
            Ordering::Equal => (ends.0, ends.0),
            Ordering::Less => (ends.0, ends.1.min(ends.0)),
        }
    }

    /// `ends` of a span whose clock may have jumped at one of them or at both.
    fn in_gap(&self, span: SpanIx, stamps: (&Option<Stamp>, &Option<Stamp>), ends: Ends, above: usize) -> Ends {
        let sure = self.sure_offsets(span, above);
        let parent = self.store.span(span).parent().filter(|_| above > 0);
        let outer = parent.map(|parent| (parent, self.ends_of(parent, above - 1)));
        let around = outer.filter(|(parent, _)| self.is_same_clock(*parent, span));
        let far = outer.filter(|(parent, _)| !self.is_same_clock(*parent, span)).map(|(_, ends)| ends);
        // A server works inside of the call, by convention; what a message led to does so after it.
        let kind = |span: SpanIx| self.store.span(span).kind();
        let is_call = self.model.options().level != Evidence::Protocol
            && kind(span) == SpanKind::Server
            && parent.map(kind) == Some(SpanKind::Client);
        let inside = self.far_inside(span);
        let place = |stamp: &Option<Stamp>, estimate: i64| {
            let Some(stamp) = stamp.as_ref().filter(|stamp| self.model.is_in_gap(stamp)) else { return estimate };
            let near = sure.iter().min_by_key(|(raw_ns, _)| raw_ns.abs_diff(stamp.raw_ns));
            // Where nothing above is sure, it goes where its parent goes.
            let with_parent =
                || around.map(|(parent, (from, _))| self.store.span(parent).start_ns().saturating_sub(from));
            let offset_ns = near.map(|(_, offset_ns)| *offset_ns).or_else(with_parent);
            let mut at_ns = offset_ns.map_or(estimate, |offset_ns| stamp.raw_ns.saturating_sub(offset_ns));
            if let Some((parent, (from, to))) = around {
                let parent = self.store.span(parent);
                if (parent.start_ns()..=parent.end_ns()).contains(&stamp.raw_ns) {
                    at_ns = at_ns.min(to).max(from);
                }
            }
            // Towards other clocks it stays on the side of what was estimated together.
            if let Some((from, to)) = far.filter(|(from, to)| is_call || (*from..=*to).contains(&estimate)) {
                at_ns = at_ns.min(to).max(from);
            }
            if let Some((from, to)) = inside {
                at_ns = if estimate <= from { at_ns.min(from) } else { at_ns };
                at_ns = if estimate >= to { at_ns.max(to) } else { at_ns };
            }
            // Whatever holds what: never outside of what is possible.
            let placed = self.model.place_stamp(stamp);
            let at_ns = placed.latest_ns.map_or(at_ns, |latest| at_ns.min(latest));
            placed.earliest_ns.map_or(at_ns, |earliest| at_ns.max(earliest))
        };
        (place(stamps.0, ends.0), place(stamps.1, ends.1))
    }

    fn is_same_clock(&self, a: SpanIx, b: SpanIx) -> bool {
        self.stamps.clock(a) == self.stamps.clock(b)
    }

    /// From the first start to the last end of the children of `span` on other clocks, as they are estimated.
    fn far_inside(&self, span: SpanIx) -> Option<Ends> {
        let children = self.store.span(span).children().iter().take(MOST_BELOW).copied();
        let far = children.filter(|child| !self.is_same_clock(*child, span));
        let ends = far.filter_map(|child| {
            let stamps = [self.stamps.get(EventKey::start(child))?, self.stamps.get(EventKey::end(child))?];
            let is_sure = stamps.iter().all(|stamp| !self.model.is_in_gap(stamp));
            is_sure.then(|| (self.model.estimate_ns(&stamps[0]), self.model.estimate_ns(&stamps[1])))
        });
        ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
    }

    /// The sure ends of the nearest span, from `span` upwards on its clock, that has any, itself or its children: raw
    /// times with their offsets.
    fn sure_offsets(&self, span: SpanIx, above: usize) -> Vec<(i64, i64)> {
        let of_span = |span: SpanIx| -> Vec<(i64, i64)> {
            let stamps = [self.stamps.get(EventKey::start(span)), self.stamps.get(EventKey::end(span))];
            let sure = stamps.into_iter().flatten().filter(|stamp| !self.model.is_in_gap(stamp));
            sure.map(|stamp| (stamp.raw_ns, stamp.raw_ns.saturating_sub(self.model.estimate_ns(&stamp)))).collect()
        };
        let up = std::iter::successors(Some(span), |&span| {
            self.store.span(span).parent().filter(|parent| self.is_same_clock(*parent, span))
        });
        let with_children = |span: SpanIx| {
            let own = of_span(span);
            if !own.is_empty() {
                return own;
            }
            let children = self.store.span(span).children().iter().take(MOST_BELOW).copied();
            children.filter(|child| self.is_same_clock(*child, span)).flat_map(of_span).collect()
        };
        up.take(above + 1).map(with_children).find(|sure| !sure.is_empty()).unwrap_or_default()
    }
}

impl TimeMap for FrameTime<'_> {
    fn map(&self, span: SpanIx, raw_ns: i64) -> i64 {
        let view = self.store.span(span);
        if raw_ns == view.start_ns() {
            self.ends_of(span, MOST_ABOVE).0
        } else if raw_ns == view.end_ns() {
            self.ends_of(span, MOST_ABOVE).1
        } else {
            self.near_ns(span, raw_ns)
        }
    }

    fn ends(&self, span: SpanIx, start_ns: i64, end_ns: i64) -> (i64, i64) {
        let view = self.store.span(span);
        if (start_ns, end_ns) != (view.start_ns(), view.end_ns()) {
            return (self.map(span, start_ns), self.map(span, end_ns));
        }
        self.ends_of(span, MOST_ABOVE)
    }
}
