//! Clocks that stamped no span but are read in one: brokers, collectors, and UTC by way of declared bounds.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::super::causal::{Cause, EventKey, Point, Rule};
use super::super::declared::{self, Hull};
use super::super::solve::{Edge, Stamp};
use super::super::stamps::Other;
use super::Walk;
use crate::model::time::{MS, S};
use crate::model::{AttrId, LinkRef, SpanIx, SpanKind, TraceStore, Value};

/// When brokers stored messages, by attribute: Unix time in nanoseconds, and how coarse it is.
#[derive(Default)]
pub struct Stored {
    of_attr: HashMap<u32, (i64, i64), FixedState>,
    has_observed: bool,
}

/// Attributes of OpenTelemetry's messaging conventions, in seconds.
const ENQUEUED: [&str; 2] = ["messaging.eventhubs.message.enqueued_time", "messaging.servicebus.message.enqueued_time"];

impl Stored {
    pub fn new(store: &TraceStore) -> Self {
        // `EventRef::observed_ns` hides the mark; the column is faster to scan.
        let has_observed = store.events.observed_ns.iter().any(|&time| time != i64::MIN);
        let mut stored = Self { has_observed, ..Self::default() };
        let keys: Vec<_> = ENQUEUED.iter().filter_map(|key| store.strings().find(key)).collect();
        if keys.is_empty() {
            return stored;
        }
        for (id, attr) in (0_u32..).zip(store.attrs().pairs()).filter(|(_, attr)| keys.contains(&attr.key)) {
            if let Value::Int(time) = attr.value {
                // Seconds by the conventions; some write milliseconds.
                let unit = if time > 100_000_000_000 { MS } else { S };
                stored.of_attr.extend(time.checked_mul(unit).map(|time| (id, (time, unit))));
            }
        }
        stored
    }
}

impl<F: FnMut(&Edge, u32)> Walk<'_, F> {
    /// What `span` says about clocks that stamped no span.
    pub(super) fn others(&mut self, span: SpanIx) {
        if !self.stored.of_attr.is_empty() {
            self.stored_message(span);
        }
        if self.stored.has_observed && self.events(span).0 > 0 {
            self.observed_logs(span);
        }
    }

    /// Sent, then stored by the broker, then received.
    fn stored_message(&mut self, span: SpanIx) {
        let store = self.stamps.store();
        let times = store.span(span).attr_ids().iter();
        let Some(&(time_ns, unit)) = times.filter_map(|&AttrId(id)| self.stored.of_attr.get(&id)).next() else {
            return;
        };
        let Some(clock) = self.stamps.other(Other::Broker) else { return };
        let late_ns = i32::try_from(unit).unwrap_or(i32::MAX);
        let key = EventKey { span, point: Point::Start };
        let stored = (key, Some(Stamp { late_ns, ..Stamp::exact(clock, time_ns) }));
        // A poll starts before the messages that it brings are stored.
        let is_poll = self.is_poll(span);
        let received = if is_poll { self.end(span) } else { self.start(span) };
        self.edge(Rule::MessageDelivered, stored, received);
        let parent = store.span(span).parent().filter(|&parent| store.span(parent).kind() == SpanKind::Producer);
        let links = store.span(span).links().filter_map(LinkRef::target);
        let producers: Vec<SpanIx> =
            parent.into_iter().chain(links.filter(|&other| store.span(other).kind() == SpanKind::Producer)).collect();
        if let [producer] = producers[..] {
            self.edge(Rule::MessageStored, self.start(producer), stored);
        }
    }

    /// A record is written before the collector sees it. Late says nothing, early says that the writer is ahead.
    fn observed_logs(&mut self, span: SpanIx) {
        let store = self.stamps.store();
        let Some(clock) = self.stamps.other(Other::Collector(store.span(span).input_ix())) else { return };
        for (at, event) in store.span(span).events().enumerate() {
            let (Some(observed_ns), Ok(number)) = (event.observed_ns(), u16::try_from(at)) else { continue };
            let key = EventKey { span, point: Point::Event(number) };
            let seen = (key, (observed_ns != 0).then(|| Stamp::exact(clock, observed_ns)));
            self.edge(Rule::LogObserved, (key, self.stamps.event(span, event.time_ns())), seen);
        }
    }

    /// What machines say about their clocks: bounds against UTC, and containers that share a host.
    pub(super) fn priors(&mut self) {
        let store = self.stamps.store();
        let bounds: Vec<_> = store.resources().iter().map(|resource| declared::bound(store, resource)).collect();
        let hosts = declared::hosts(store);
        if bounds.iter().all(Option::is_none) && hosts.is_empty() {
            return;
        }
        let hulls = declared::hulls(self.stamps);
        if let Some(utc) = self.stamps.other(Other::Utc) {
            for (bound, hull) in bounds.iter().zip(&hulls) {
                let (Some(bound), Some(hull)) = (bound, hull) else { continue };
                for at_ns in hull.moments() {
                    let off_ns = bound.at(at_ns);
                    self.near(Rule::DeclaredBound, (utc, hull.first), (hull.clock, hull.first), at_ns, off_ns);
                }
            }
        }
        for host in hosts {
            let own: Vec<Hull> = host.iter().filter_map(|resource| hulls[resource.at()]).collect();
            for (a, b) in own.iter().zip(own.iter().skip(1)).filter(|(a, b)| a.clock != b.clock) {
                let both = Hull { from_ns: a.from_ns.min(b.from_ns), to_ns: a.to_ns.max(b.to_ns), ..*a };
                for at_ns in both.moments() {
                    let off_ns = a.grain_ns.max(b.grain_ns);
                    self.near(Rule::SameHost, (a.clock, a.first), (b.clock, b.first), at_ns, off_ns);
                }
            }
        }
    }

    /// Two clocks that differ by at most `off_ns` when both show `at_ns`.
    fn near(&mut self, rule: Rule, a: (u32, SpanIx), b: (u32, SpanIx), at_ns: i64, off_ns: i64) {
        let class = self.plain_class(rule);
        for ((from, first), (to, other)) in [(a, b), (b, a)] {
            let cause = Cause { from: EventKey::start(first), to: EventKey::start(other), rule };
            let (from, to) = (Stamp::exact(from, at_ns), Stamp::exact(to, at_ns));
            self.classes.list[class as usize].uses += 1;
            (self.sink)(&Edge { from, to, min_delay_ns: off_ns.saturating_neg(), cause }, class);
        }
    }
}
