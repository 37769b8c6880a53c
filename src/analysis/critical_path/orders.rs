//! What came first, and who waited for whom: asked of the clock model.

use super::super::clocks::domains::Domains;
use super::super::clocks::stamps::Stamps;
use super::super::clocks::{ClockModel, Comparison, EventKey, Order, Waits};
use crate::model::{SpanIx, TraceStore};

/// Orders by the clock model; the searches for one event serve all questions about it.
pub struct Orders<'a> {
    store: &'a TraceStore,
    domains: &'a Domains,
    model: &'a ClockModel,
    stamps: Stamps<'a>,
    last: Option<(EventKey, Option<Comparison>)>,
    /// Made when it is first asked.
    waits: Option<Waits<'a>>,
    /// Events that earlier searches visited.
    visited: usize,
}

impl<'a> Orders<'a> {
    pub fn new(store: &'a TraceStore, domains: &'a Domains, model: &'a ClockModel) -> Self {
        let stamps = model.stamps(store, domains);
        Self { store, domains, model, stamps, last: None, waits: None, visited: 0 }
    }

    /// Which of both came first.
    pub fn of(&mut self, a: EventKey, b: EventKey) -> Order {
        if a == b {
            return Order::Same;
        }
        let (Some(own), Some(other)) = (self.stamps.get(a), self.stamps.get(b)) else { return Order::Unknown };
        if own.is_rigid_with(&other) {
            return match own.raw_ns.cmp(&other.raw_ns) {
                std::cmp::Ordering::Less => Order::Before,
                std::cmp::Ordering::Equal => Order::Same,
                std::cmp::Ordering::Greater => Order::After,
            };
        }
        // Questions come as (many, one): prepare the one.
        if self.last.as_ref().is_none_or(|(key, _)| *key != b) {
            self.visited = self.visited();
            self.last = Some((b, self.model.compare(self.store, self.domains, b)));
        }
        let Some((_, Some(compared))) = &self.last else { return Order::Unknown };
        match compared.with(self.store, a, &own).order {
            Order::Before => Order::After,
            Order::After => Order::Before,
            order => order,
        }
    }

    /// Events that searches visited so far, over all paths.
    pub fn visited(&self) -> usize {
        let last = self.last.as_ref().and_then(|(_, compared)| compared.as_ref());
        self.visited.saturating_add(last.map_or(0, Comparison::visited))
    }

    /// Whether `until` is the end of `caller`, which waited for the answer of its `child` on another clock.
    pub fn is_awaited(&mut self, caller: SpanIx, child: SpanIx, until: EventKey) -> bool {
        let clock = |span: SpanIx| self.domains.of_span.get(span.at());
        until == EventKey::end(caller) && clock(caller) != clock(child) && self.waits().is_awaited(caller, child)
    }

    /// Whether `span` says that it is about a stream.
    pub fn is_about_a_stream(&mut self, span: SpanIx) -> bool {
        self.waits().is_about_a_stream(span)
    }

    fn waits(&mut self) -> &mut Waits<'a> {
        let (model, stamps) = (self.model, self.stamps);
        self.waits.get_or_insert_with(|| model.waits(stamps))
    }
}
