//! The critical path of a span: what its end waited for, going back in time.
//!
//! The last child that ended before a moment is what that moment waited for; between them the parent itself was at
//! work. Clocks differ, so that "before" may be unknown. Only known orders are followed: where several children
//! may have been the last one, that stretch is marked unknown and names them all, instead of guessing one. A child
//! that is known to have gone on past the moment was not waited for.

use std::collections::BTreeMap;

use super::clocks::domains::Domains;
use super::clocks::{ClockModel, Comparison, EventKey, Order};
use crate::model::{SpanIx, TraceStore};

/// A stretch of the critical path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// The span that was at work.
    pub span: SpanIx,
    /// Where the stretch starts: the end of a child, the start of the span, or the start of an unclear child.
    pub from: EventKey,
    /// Where it ends.
    pub to: EventKey,
    /// Children of `span` of which one or several were waited for, in an order that is not known; empty when the
    /// span itself was at work.
    pub unknown: Vec<SpanIx>,
}

/// The stretches of a critical path.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CriticalPath {
    /// From the end of the span back to its start.
    pub segments: Vec<Segment>,
    /// The path was given up after [`MOST_SEGMENTS`].
    pub is_cut: bool,
}

/// Stretches after which a path is given up.
pub const MOST_SEGMENTS: usize = 100_000;

impl CriticalPath {
    /// The critical path of `root` as far as the orders that `model` proves tell it.
    #[must_use]
    pub fn new(store: &TraceStore, domains: &Domains, model: &ClockModel, root: SpanIx) -> Self {
        let mut orders = Orders { store, domains, model, last: None };
        Self::with_order(store, domains, root, |a, b| orders.of(a, b))
    }

    /// The same with orders of any origin: `order(a, b)` says which of both events came first.
    #[must_use]
    pub fn with_order(
        store: &TraceStore,
        domains: &Domains,
        root: SpanIx,
        order: impl FnMut(EventKey, EventKey) -> Order,
    ) -> Self {
        let mut walk = Walk { store, domains, order, path: Self::default() };
        let mut open = vec![Open { until: EventKey::end(root), left: walk.children(root), span: root }];
        while let Some(at) = open.pop() {
            if walk.path.segments.len() >= MOST_SEGMENTS {
                walk.path.is_cut = true;
                break;
            }
            walk.step(at, &mut open);
        }
        walk.path
    }

    /// The spans that were at work for certain, in order of their numbers.
    #[must_use]
    pub fn spans(&self) -> Vec<SpanIx> {
        let certain = self.segments.iter().filter(|segment| segment.unknown.is_empty());
        let mut spans: Vec<SpanIx> = certain.map(|segment| segment.span).collect();
        spans.sort_unstable();
        spans.dedup();
        spans
    }
}

/// Orders by the clock model; the searches for one event serve all questions about it.
struct Orders<'a> {
    store: &'a TraceStore,
    domains: &'a Domains,
    model: &'a ClockModel,
    last: Option<(EventKey, Option<Comparison>)>,
}

impl Orders<'_> {
    fn of(&mut self, a: EventKey, b: EventKey) -> Order {
        if a == b {
            return Order::Same;
        }
        let stamps = self.model.stamps(self.store, self.domains);
        let (Some(own), Some(other)) = (stamps.get(a), stamps.get(b)) else { return Order::Unknown };
        if own.is_rigid_with(&other) {
            return match own.raw_ns.cmp(&other.raw_ns) {
                std::cmp::Ordering::Less => Order::Before,
                std::cmp::Ordering::Equal => Order::Same,
                std::cmp::Ordering::Greater => Order::After,
            };
        }
        // Questions come as (many, one): prepare the one.
        if self.last.as_ref().is_none_or(|(key, _)| *key != b) {
            self.last = Some((b, self.model.compare(self.store, self.domains, b)));
        }
        let Some((_, Some(compared))) = &self.last else { return Order::Unknown };
        match compared.with(self.store, a, &own).order {
            Order::Before => Order::After,
            Order::After => Order::Before,
            order => order,
        }
    }
}

/// A span whose time before `until` is still to be explained, and its children by clock, each list sorted by end.
struct Open {
    span: SpanIx,
    until: EventKey,
    left: BTreeMap<u32, Vec<SpanIx>>,
}

struct Walk<'a, F> {
    store: &'a TraceStore,
    domains: &'a Domains,
    order: F,
    path: CriticalPath,
}

impl<F: FnMut(EventKey, EventKey) -> Order> Walk<'_, F> {
    fn clock(&self, span: SpanIx) -> u32 {
        self.domains.of_span.get(span.at()).map_or(u32::MAX, |domain| domain.0)
    }

    fn children(&self, span: SpanIx) -> BTreeMap<u32, Vec<SpanIx>> {
        let mut children: BTreeMap<u32, Vec<SpanIx>> = BTreeMap::new();
        for &child in self.store.span(span).children() {
            let clock = self.clock(child);
            if self.store.span(child).duration_ns().is_some_and(|duration| duration >= 0) {
                children.entry(clock).or_default().push(child);
            }
        }
        for own in children.values_mut() {
            own.sort_by_key(|&child| (self.store.ends_ns()[child.at()], child));
        }
        children
    }

    fn step(&mut self, mut at: Open, open: &mut Vec<Open>) {
        let (known, unsure) = self.candidates(&mut at);
        let last = if unsure.is_empty() { self.last_of(&known) } else { None };
        match last {
            None if known.is_empty() && unsure.is_empty() => {
                self.push(at.span, EventKey::start(at.span), at.until, Vec::new());
            }
            Some(child) => {
                self.push(at.span, EventKey::end(child), at.until, Vec::new());
                let span = child;
                let inner = Open { span, until: EventKey::end(span), left: self.children(span) };
                at.until = EventKey::start(child);
                at.forget(&[child], |span| self.clock(span));
                open.push(at);
                open.push(inner);
            }
            None => {
                let mut unclear: Vec<SpanIx> = known.into_iter().chain(unsure).collect();
                unclear.sort_unstable();
                let first = self.first_of(&unclear);
                let from = EventKey::start(first.unwrap_or(at.span));
                self.push(at.span, from, at.until, unclear.clone());
                if first.is_some() {
                    at.until = from;
                    at.forget(&unclear, |span| self.clock(span));
                    open.push(at);
                }
            }
        }
    }

    fn push(&mut self, span: SpanIx, from: EventKey, to: EventKey, unknown: Vec<SpanIx>) {
        if from != to {
            self.path.segments.push(Segment { span, from, to, unknown });
        }
    }

    /// The children that may have ended last before `until`: those that surely ended before it, and those of which
    /// that is not known. Children that went on past it are forgotten.
    fn candidates(&mut self, at: &mut Open) -> (Vec<SpanIx>, Vec<SpanIx>) {
        let (mut known, mut unsure) = (Vec::new(), Vec::new());
        for own in at.left.values_mut() {
            while let Some(&last) = own.last() {
                if (self.order)(EventKey::end(last), at.until) == Order::After {
                    own.pop();
                } else {
                    break;
                }
            }
            let mut latest = None;
            for &child in own.iter().rev() {
                let end = EventKey::end(child);
                // On one clock, once one has surely ended before another, so have all before it.
                if latest.is_some_and(|latest| (self.order)(end, EventKey::end(latest)) == Order::Before) {
                    break;
                }
                match (self.order)(end, at.until) {
                    Order::Before | Order::Same => known.push(child),
                    Order::After => continue,
                    Order::Unknown => unsure.push(child),
                }
                latest = latest.or(Some(child));
            }
        }
        (known, unsure)
    }

    /// The one that ended after all others for certain.
    fn last_of(&mut self, candidates: &[SpanIx]) -> Option<SpanIx> {
        let latest = candidates.iter().copied().max_by_key(|child| (self.store.ends_ns()[child.at()], *child))?;
        let mut tries = vec![latest];
        tries.extend(candidates.iter().copied().filter(|&child| child != latest));
        tries.into_iter().find(|&last| {
            let is_before = |order| matches!(order, Order::Before | Order::Same);
            let others = candidates.iter().filter(|&&other| other != last);
            let mut others = others.map(|&other| (self.order)(EventKey::end(other), EventKey::end(last)));
            others.all(is_before)
        })
    }

    /// The one that started before all others for certain.
    fn first_of(&mut self, candidates: &[SpanIx]) -> Option<SpanIx> {
        candidates.iter().copied().find(|&first| {
            let mut others = candidates.iter().filter(|&&other| other != first);
            others.all(|&other| {
                let order = (self.order)(EventKey::start(other), EventKey::start(first));
                matches!(order, Order::After | Order::Same)
            })
        })
    }
}

impl Open {
    fn forget(&mut self, spans: &[SpanIx], clock: impl Fn(SpanIx) -> u32) {
        for &span in spans {
            let own = self.left.entry(clock(span)).or_default();
            // Nearly always the last one.
            if let Some(at) = own.iter().rposition(|&child| child == span) {
                own.remove(at);
            }
        }
    }
}

#[cfg(test)]
mod tests;
