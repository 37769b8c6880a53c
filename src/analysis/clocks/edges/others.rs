//! Clocks that stamped no span but are read in one: brokers, whoever dates responses, collectors, and UTC by way of
//! declared bounds.

use super::super::causal::{Cause, EventKey, Point, Rule};
use super::super::declared::{self, Hull};
use super::super::solve::{Edge, Stamp};
use super::super::stamps::Other;
use super::super::unseen::{Reading as Told, Said};
use super::signs::{Response, Sign, response};
use super::{Reading, Walk};
use crate::model::time::S;
use crate::model::{LinkRef, SpanIx, SpanKind};

/// How old the text of a `Date` header may be when it is sent. Servers write it once a second and keep it (uvicorn,
/// Kestrel, nginx); a busy one is late with that.
const DATE_IS_KEPT_NS: i64 = 2 * S;
/// How far the machines that answer for one host may differ: nobody knows which of them dated a response.
const DATERS_DIFFER_NS: i64 = S;

impl<F: FnMut(&Edge, u32)> Walk<'_, F> {
    /// What `span` says about clocks that stamped no span.
    pub(super) fn others(&mut self, span: SpanIx) {
        let Some(unseen) = self.stamps.unseen() else { return };
        if !unseen.is_empty() {
            self.stored_messages(span);
            self.dated(span);
            self.created(span);
        }
        if unseen.has_observed && self.events(span).0 > 0 {
            self.observed_logs(span);
        }
    }

    /// What `span` read of the clock that it has no span of.
    fn told(&self, span: SpanIx, said: Said, told: Told) -> Option<Reading> {
        let clock = self.stamps.other(Other::Unseen(self.stamps.unseen()?.of(span, said)?))?;
        Some((EventKey::start(span), Some(stamp(clock, told))))
    }

    /// Sent, then stored by the broker, then received.
    fn stored_messages(&mut self, span: SpanIx) {
        let (store, Some(unseen)) = (self.stamps.store(), self.stamps.unseen()) else { return };
        let own = store.span(span);
        if let Some(told) = unseen.reading(store, span, Said::Stored) {
            let parent = own.parent().filter(|&parent| store.span(parent).kind() == SpanKind::Producer);
            let links = own.links().filter_map(LinkRef::target);
            let producers = links.filter(|&other| store.span(other).kind() == SpanKind::Producer);
            let mut producers: Vec<SpanIx> = parent.into_iter().chain(producers).collect();
            producers.dedup();
            let one = if let [producer] = producers[..] { Some(producer) } else { None };
            self.stored_message(span, one, told);
        }
        // A batch: every message with a time of its own, and the link to what was going on when it was made.
        for link in own.links() {
            if let Some(told) = unseen.stored(link) {
                self.stored_message(span, link.target().filter(|&target| target != span), told);
            }
        }
    }

    fn stored_message(&mut self, span: SpanIx, sender: Option<SpanIx>, told: Told) {
        let Some(stored) = self.told(span, Said::Stored, told) else { return };
        // A poll starts before the messages that it brings are stored.
        let received = if self.is_poll(span) { self.end(span) } else { self.start(span) };
        self.edge(Rule::MessageDelivered, stored, received);
        if let Some(sender) = sender {
            self.edge(Rule::MessageStored, self.start(sender), stored);
        }
    }

    /// Sent, then dated, then received. Who dated a response is not who answered: proxies and networks in between write
    /// the header anew (nginx does so by default). So it is the clock of whoever answers for that host, also where the
    /// server has a span; what that says about its own clock is finer anyway.
    fn dated(&mut self, client: SpanIx) {
        let (store, Some(unseen)) = (self.stamps.store(), self.stamps.unseen()) else { return };
        let told = unseen.reading(store, client, Said::Dated);
        let Some(dated) = told.and_then(|told| self.told(client, Said::Dated, told)) else { return };
        // What was stored on the way has the date of another request.
        if self.signs.of_span(store, client).has(Sign::STORED) {
            return;
        }
        let class = self.plain_class(Rule::DateAfterRequest);
        self.edge_of(class, Rule::DateAfterRequest, self.start(client), dated, -DATE_IS_KEPT_NS);
        let class = self.plain_class(Rule::DateBeforeResponse);
        self.edge_of(class, Rule::DateBeforeResponse, dated, self.end(client), -DATERS_DIFFER_NS);
    }

    /// When the body of a response says that it was made. By whom, nobody knows: the provider, a gateway, or the caller's
    /// own library; and an answer that was stored is older than its request. So it is no more than a prior.
    fn created(&mut self, span: SpanIx) {
        let (store, Some(unseen)) = (self.stamps.store(), self.stamps.unseen()) else { return };
        let Some(told) = unseen.reading(store, span, Said::Created) else { return };
        let signs = self.signs.of_span(store, span);
        if signs.has(Sign::STORED) || response(store, span, signs) == Response::None {
            return;
        }
        if let Some(created) = self.told(span, Said::Created, told) {
            self.edge(Rule::CreatedAfterRequest, self.start(span), created);
            self.edge(Rule::CreatedBeforeResponse, created, self.end(span));
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

fn stamp(clock: u32, told: Told) -> Stamp {
    Stamp { late_ns: i32::try_from(told.grain_ns).unwrap_or(i32::MAX), ..Stamp::exact(clock, told.at_ns) }
}
