//! The critical path of a span: what its end waited for, going back in time.
//!
//! The last child that ended before a moment is what that moment waited for; between them the parent itself was at
//! work. Clocks differ, so that "before" may be unknown. Only known orders are followed: where several children
//! may have been the last one, that stretch is marked unknown and names them all, instead of guessing one. A child
//! that is known to have gone on past the moment was not waited for, and neither is who works on a message that nobody
//! answers. Within one tick of one clock the order is the one in which it was written.
//!
//! Where a call and its answer say that a caller waited for a server, the path goes there, whatever is known about the
//! place of the server's work inside of the call. And a step that passes on a stream waits for whoever sends it: where
//! exactly one call beside it was open when it began, its time until that call's end is the call's.

mod orders;
#[cfg(test)]
pub(crate) mod planted;
mod relays;

use std::collections::BTreeMap;

use super::clocks::domains::Domains;
use super::clocks::{ClockModel, EventKey, Order, Point};
use super::genai::GenAi;
use crate::model::{SpanIx, SpanKind, TraceStore};
use orders::Orders;

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
    /// Steps that passed on a stream, each with the call whose answer that was: concluded from what the step is called
    /// and from the call that was open when it began.
    pub relays: Vec<(SpanIx, SpanIx)>,
    /// Somewhere a child ended within one tick of its clock before what went on then: in the order in which that clock
    /// wrote both.
    pub is_by_ticks: bool,
    /// What it cost: events that searches through the clock model visited.
    pub visited: usize,
    /// The path was given up after [`MOST_SEGMENTS`].
    pub is_cut: bool,
}

/// Stretches after which a path is given up.
pub const MOST_SEGMENTS: usize = 100_000;

impl CriticalPath {
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

/// A span whose time before `until` is still to be explained, and its children by clock, each list sorted by end.
struct Open {
    span: SpanIx,
    until: EventKey,
    left: BTreeMap<u32, Vec<SpanIx>>,
}

/// Looks for critical paths. What one path had to learn about names and attributes, the next one knows.
pub struct Paths<'a> {
    walk: Walk<'a>,
}

impl<'a> Paths<'a> {
    /// Paths as far as the orders that `model` proves tell them. Without `genai` nothing is concluded about streams.
    #[must_use]
    pub fn new(store: &'a TraceStore, domains: &'a Domains, model: &'a ClockModel, genai: Option<&'a GenAi>) -> Self {
        let orders = Orders::new(store, domains, model);
        Self { walk: Walk { store, domains, genai, orders, looked_at: 0, path: CriticalPath::default() } }
    }

    /// The critical path of `root`.
    #[must_use]
    pub fn of(&mut self, root: SpanIx) -> CriticalPath {
        let walk = &mut self.walk;
        let visited = walk.orders.visited();
        walk.looked_at = 0;
        let mut open = vec![Open { until: EventKey::end(root), left: walk.children(root), span: root }];
        while let Some(at) = open.pop() {
            if walk.path.segments.len() >= MOST_SEGMENTS {
                walk.path.is_cut = true;
                break;
            }
            walk.step(at, &mut open);
        }
        let path = std::mem::take(&mut walk.path);
        CriticalPath { visited: walk.orders.visited().saturating_sub(visited), ..path }
    }
}

struct Walk<'a> {
    store: &'a TraceStore,
    domains: &'a Domains,
    genai: Option<&'a GenAi>,
    orders: Orders<'a>,
    /// Spans that were looked at for streams.
    looked_at: usize,
    path: CriticalPath,
}

impl Walk<'_> {
    fn order(&mut self, a: EventKey, b: EventKey) -> Order {
        self.orders.of(a, b)
    }

    fn clock(&self, span: SpanIx) -> u32 {
        self.domains.of_span.get(span.at()).map_or(u32::MAX, |domain| domain.0)
    }

    fn children(&self, span: SpanIx) -> BTreeMap<u32, Vec<SpanIx>> {
        let mut children: BTreeMap<u32, Vec<SpanIx>> = BTreeMap::new();
        let is_producer = self.store.span(span).kind() == SpanKind::Producer;
        for &child in self.store.span(span).children() {
            // Nobody waits for who works on a message later.
            if is_producer && self.store.span(child).kind() == SpanKind::Consumer {
                continue;
            }
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
        let (mut known, mut unsure) = self.candidates(&mut at);
        self.drop_relays(at.span, &mut known, &mut unsure);
        let last = if unsure.is_empty() { self.last_of(&known) } else { None };
        match last {
            None if known.is_empty() && unsure.is_empty() => {
                self.push(at.span, EventKey::start(at.span), at.until, Vec::new());
            }
            Some(child) => {
                self.push(at.span, EventKey::end(child), at.until, Vec::new());
                let sent_by = self.relayed(at.span, child);
                let span = sent_by.unwrap_or(child);
                if span != child {
                    self.push(child, EventKey::end(span), EventKey::end(child), Vec::new());
                    self.path.relays.push((child, span));
                }
                let inner = Open { span, until: EventKey::end(span), left: self.children(span) };
                at.until = EventKey::start(span);
                at.forget(&[child, span], |span| self.clock(span));
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
                if self.order(EventKey::end(last), at.until) == Order::After {
                    own.pop();
                } else {
                    break;
                }
            }
            let mut latest = None;
            for &child in own.iter().rev() {
                let end = EventKey::end(child);
                // On one clock, once one has surely ended before another, so have all before it.
                if latest.is_some_and(|latest| self.order(end, EventKey::end(latest)) == Order::Before) {
                    break;
                }
                match self.order(end, at.until) {
                    Order::Before | Order::Same => known.push(child),
                    Order::After => continue,
                    Order::Unknown if self.is_written_before(child, at.until) => known.push(child),
                    Order::Unknown if self.orders.is_awaited(at.span, child, at.until) => known.push(child),
                    Order::Unknown => unsure.push(child),
                }
                latest = latest.or(Some(child));
            }
        }
        (known, unsure)
    }

    /// Whether the clock of both says that `child` ended no later, though within one tick of it nobody knows: steps of one
    /// parent that follow each other look so.
    fn is_written_before(&mut self, child: SpanIx, until: EventKey) -> bool {
        let view = self.store.span(until.span);
        let until_ns = if until.point == Point::Start { view.start_ns() } else { view.end_ns() };
        let is_before = self.clock(child) == self.clock(until.span) && self.store.ends_ns()[child.at()] <= until_ns;
        self.path.is_by_ticks |= is_before;
        is_before
    }

    /// The one that ended after all others for certain.
    fn last_of(&mut self, candidates: &[SpanIx]) -> Option<SpanIx> {
        let latest = candidates.iter().copied().max_by_key(|child| (self.store.ends_ns()[child.at()], *child))?;
        let mut tries = vec![latest];
        tries.extend(candidates.iter().copied().filter(|&child| child != latest));
        tries.into_iter().find(|&last| {
            let is_before = |order| matches!(order, Order::Before | Order::Same);
            let others = candidates.iter().filter(|&&other| other != last);
            let mut others = others.map(|&other| self.order(EventKey::end(other), EventKey::end(last)));
            others.all(is_before)
        })
    }

    /// The one that started before all others for certain.
    fn first_of(&mut self, candidates: &[SpanIx]) -> Option<SpanIx> {
        candidates.iter().copied().find(|&first| {
            let mut others = candidates.iter().filter(|&&other| other != first);
            others.all(|&other| {
                let order = self.order(EventKey::start(other), EventKey::start(first));
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
