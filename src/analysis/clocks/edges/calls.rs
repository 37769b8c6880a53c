//! Parents and children on different clocks.

use super::super::causal::{Cause, EventKey, Point, Rule};
use super::super::solve::{Edge, Stamp};
use super::super::stamps::looks_rounded;
use super::Walk;
use super::signs::{Response, Sign, response};
use crate::model::time::US;
use crate::model::{SpanFlags, SpanIx, SpanKind, Status};

impl<F: FnMut(&Edge, u32)> Walk<'_, F> {
    pub(super) fn parent_and_child(&mut self, parent: SpanIx, child: SpanIx) {
        let store = self.stamps.store();
        let kinds = (store.span(parent).kind(), store.span(child).kind());
        let (begun, started) = (self.start(parent), self.start(child));
        match kinds {
            (SpanKind::Client, SpanKind::Server) => {
                self.edge(Rule::RequestStart, begun, started);
                self.messages_of_one(parent, child);
                self.replies(parent, child);
            }
            // Who waits for messages began to before there were any.
            (_, SpanKind::Consumer) if self.is_poll(child) => {
                self.edge(Rule::ParentStartChildEnd, begun, self.end(child));
            }
            (SpanKind::Producer, SpanKind::Consumer) => self.edge(Rule::MessageStart, begun, started),
            (SpanKind::Client, SpanKind::Consumer) | (SpanKind::Producer, SpanKind::Server) => {
                self.edge(Rule::RequestStart, begun, started);
            }
            _ => {
                let signs = self.signs.of_name(store.span(child).name_sym());
                if !signs.has(Sign::BACK_DATED) || kinds.1 == SpanKind::Server {
                    self.edge(Rule::RemoteChildStart, begun, started);
                }
                self.edge(Rule::ParentStartChildEnd, begun, self.end(child));
                // gRPC's plugins note them on a span for each attempt, which is no client by its kind.
                if kinds.1 == SpanKind::Server {
                    self.messages_of_one(parent, child);
                }
            }
        }
    }

    /// Messages between a caller and its only server: of several, nobody knows whose messages they are. What was sent and
    /// received before a call was given up is no less certain.
    fn messages_of_one(&mut self, client: SpanIx, server: SpanIx) {
        if self.servers(client) == 1 {
            self.call_messages(client, server);
        }
    }

    /// Whether the span waits for messages that did not exist when it started.
    pub(super) fn is_poll(&self, span: SpanIx) -> bool {
        let signs = self.signs.of_span(self.stamps.store(), span);
        signs.has(Sign::RECEIVE) && !signs.has(Sign::PROCESS)
    }

    /// What comes back to the client.
    fn replies(&mut self, client: SpanIx, server: SpanIx) {
        let store = self.stamps.store();
        let signs = self.signs.of_span(store, client);
        let inside = self.signs.of_span(store, server);
        let answer = match response(store, client, signs) {
            // The server noticed that nobody waits any more.
            Response::Assumed if inside.has(Sign::CANCEL) => Response::None,
            other => other,
        };
        let rule = match answer {
            Response::Stated => Rule::ResponseAfterServerStart,
            Response::Assumed => Rule::AssumedResponse,
            Response::None => return,
        };
        // With several servers inside one client span nobody knows whose answer ended it.
        let is_only_server = self.servers(client) == 1;
        if is_only_server {
            self.edge(rule, self.start(server), self.end(client));
            self.network_events(client, server);
            self.chunks(server, client);
        }
        let is_broken_off = store.span(client).status() == Status::Error && !signs.has(Sign::FAILED);
        let is_stream = inside.has(Sign::STREAM) || is_broken_off || self.is_for_a_stream(client);
        if is_only_server && answer == Response::Stated && self.is_frozen(client, server) {
            return;
        }
        if is_only_server && !is_stream && !self.is_retried(client) {
            self.unary_end(client, server);
        }
    }

    fn servers(&self, client: SpanIx) -> usize {
        let store = self.stamps.store();
        store.span(client).children().iter().filter(|&&ix| store.span(ix).kind() == SpanKind::Server).count()
    }

    /// Whether the call or what it is made for reads a stream: the span around a model call says so, the HTTP span
    /// inside often does not.
    fn is_for_a_stream(&self, client: SpanIx) -> bool {
        const LEVELS: usize = 3;
        let store = self.stamps.store();
        let resource = store.span(client).resource_ix();
        let is_own = |&up: &SpanIx| {
            let up = store.span(up);
            up.resource_ix() == resource && !matches!(up.kind(), SpanKind::Server | SpanKind::Consumer)
        };
        let above = std::iter::successors(Some(client), |&span| store.span(span).parent().filter(is_own));
        above.take(LEVELS).any(|span| self.signs.of_span(store, span).has(Sign::STREAM))
    }

    /// Whether what the server does is to stream: its own steps say so.
    fn streams_inside(&self, server: SpanIx) -> bool {
        let store = self.stamps.store();
        let has_pieces = store.span(server).events().any(|event| self.signs.of_name(event.name_sym()).has(Sign::CHUNK));
        let streams = |&step: &SpanIx| self.signs.of_span(store, step).has(Sign::STREAM);
        has_pieces || store.span(server).children().iter().any(streams)
    }

    /// Whether the client's clock did not move at all while an answer came that the server needed time for.
    fn is_frozen(&mut self, client: SpanIx, server: SpanIx) -> bool {
        let store = self.stamps.store();
        let own = store.span(client);
        let stated = !own.flags().has(SpanFlags::START_MISSING) && !own.flags().has(SpanFlags::END_MISSING);
        if !stated || own.start_ns() != own.end_ns() {
            return false;
        }
        let (Some(begun), Some(from), Some(to)) = (self.start(client).1, self.start(server).1, self.end(server).1)
        else {
            return false;
        };
        let inside = [from, to];
        let rounding = i128::from(begun.late_ns) - i128::from(begun.early_ns);
        let rounding = rounding.max(i128::from(looks_rounded(begun.raw_ns) - 1));
        let least = length(&inside) - error(&inside) - rounding;
        let Some(by_ns) = i64::try_from(least).ok().filter(|&least| least > 0) else { return false };
        let cause = Cause { from: EventKey::end(server), to: EventKey::end(client), rule: Rule::UnaryEnd };
        self.classes.freeze(begun.clock, cause, by_ns);
        true
    }

    /// Whether the request was sent again after this attempt: its answer may have come too late to be waited for.
    fn is_retried(&self, client: SpanIx) -> bool {
        if !self.signs.has_any(Sign::RESEND) {
            return false;
        }
        let store = self.stamps.store();
        let own = store.span(client);
        let Some(parent) = own.parent() else { return false };
        let siblings = store.span(parent).children().iter().filter(|&&other| other != client);
        let mut later = siblings.filter(|&&other| {
            let other = store.span(other);
            other.name_sym() == own.name_sym() && other.start_ns() > own.start_ns()
        });
        later.any(|&other| self.signs.of_span(store, other).has(Sign::RESEND))
    }

    /// A unary server span ends before its client span, unless it is longer: then no offset helps, and there is
    /// no edge.
    fn unary_end(&mut self, client: SpanIx, server: SpanIx) {
        let store = self.stamps.store();
        let names = (store.span(client).name_sym(), store.span(server).name_sym());
        let (from, to) = (self.end(server), self.end(client));
        let (Some(inner), Some(outer)) = (from.1, to.1) else { return };
        let class = self.classes.of(Rule::UnaryEnd, names.0, names.1);
        let longer_ns = match (self.start(server).1, self.start(client).1) {
            (Some(inside), Some(outside)) => longer_by(&[inside, inner], &[outside, outer]),
            _ => 0,
        };
        if longer_ns > 0 && self.streams_inside(server) {
            return;
        }
        if longer_ns > 0 {
            self.classes.list[class as usize].uses += 1;
            let cause = Cause { from: from.0, to: to.0, rule: Rule::UnaryEnd };
            self.classes.fail(class, cause, longer_ns);
            return;
        }
        self.edge_of(class, Rule::UnaryEnd, from, to, 0);
    }

    /// A browser's network timing on the client span. Zero means that the other site does not allow to see it.
    fn network_events(&mut self, client: SpanIx, server: SpanIx) {
        let store = self.stamps.store();
        let (_, events) = self.events(client);
        for (at, event) in events.enumerate() {
            let signs = self.signs.of_name(store.events.name[event]);
            if !signs.has(Sign::REQUEST_SENT) && !signs.has(Sign::RESPONSE_START) {
                continue;
            }
            let Ok(number) = u16::try_from(at) else { break };
            let key = EventKey { span: client, point: Point::Event(number) };
            let stamp = self.stamps.explicit(client, store.events.time_ns[event]);
            let started = self.start(server);
            if signs.has(Sign::REQUEST_SENT) {
                self.edge(Rule::RequestSent, (key, stamp), started);
            } else {
                self.edge(Rule::ResponseReceived, started, (key, stamp));
            }
        }
    }
}

/// By how much the inner span is certainly longer than the outer one, in nanoseconds.
fn longer_by(inner: &[Stamp; 2], outer: &[Stamp; 2]) -> i64 {
    let least = length(inner) - error(inner);
    let most = length(outer) + error(outer);
    i64::try_from(least - most).unwrap_or(i64::MAX)
}

fn length([start, end]: &[Stamp; 2]) -> i128 {
    i128::from(end.raw_ns) - i128::from(start.raw_ns)
}

/// How wrong the length may be: not at all when both ends rest on one reading, but for 0.1 % of drift.
fn error([start, end]: &[Stamp; 2]) -> i128 {
    let drift = i128::from(start.raw_ns.abs_diff(end.raw_ns)) / 1000;
    let rounding = |stamp: &Stamp| i128::from(stamp.late_ns) - i128::from(stamp.early_ns);
    let looks = |stamp: &Stamp| i128::from(looks_rounded(stamp.raw_ns) - 1);
    // As many digits at both ends are no accident; whole seconds or milliseconds at one are none either.
    let coarse = |stamp: &Stamp| Some(looks(stamp)).filter(|&grain| grain > i128::from(US)).unwrap_or(0);
    let looks = looks(start).min(looks(end)).max(coarse(start)).max(coarse(end));
    drift + rounding(start).max(rounding(end)).max(looks)
}
