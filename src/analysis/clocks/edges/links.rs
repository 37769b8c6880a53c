//! Links: messages, fan-in, and what follows from what.

use super::super::causal::Rule;
use super::super::solve::Edge;
use super::Walk;
use super::signs::Sign;
use crate::model::{LinkKind, SpanIx, SpanKind};

impl<F: FnMut(&Edge, u32)> Walk<'_, F> {
    pub(super) fn links(&mut self, span: SpanIx) {
        let store = self.stamps.store();
        let first = if span.at() == 0 { 0 } else { store.spans.link_end[span.at() - 1] };
        let links = first as usize..store.spans.link_end[span.at()] as usize;
        let is_join = links.len() > 1 && self.signs.of_span(store, span).has(Sign::JOIN);
        for link in links {
            let target = store.links.target[link];
            if target.is_some() && target != span && self.stamps.clock(target) != self.stamps.clock(span) {
                self.link(store.links.kind[link], target, span);
                if is_join {
                    self.edge(Rule::JoinEnd, self.end(target), self.end(span));
                }
            }
        }
    }

    fn link(&mut self, kind: LinkKind, target: SpanIx, span: SpanIx) {
        let store = self.stamps.store();
        let (begun, started, ended) = (self.start(target), self.start(span), self.end(span));
        let kinds = (store.span(target).kind(), store.span(span).kind());
        let signs = self.signs.of_span(store, span);
        let is_poll = signs.has(Sign::RECEIVE) && !signs.has(Sign::PROCESS);
        // Its start was set back to before it was made, perhaps to before what it links to.
        let is_back_dated = signs.has(Sign::BACK_DATED) && kinds.1 != SpanKind::Server;
        match (kind, kinds) {
            (LinkKind::FollowsFrom, _) if !is_back_dated => self.edge(Rule::FollowsFrom, begun, started),
            // A poll starts before the messages that it brings exist.
            _ if is_poll => self.edge(Rule::LinkStartEnd, begun, ended),
            (LinkKind::Link, (SpanKind::Producer, SpanKind::Consumer)) if signs.has(Sign::PROCESS) => {
                self.edge(Rule::MessageStart, begun, started);
            }
            (LinkKind::FollowsFrom | LinkKind::Link | LinkKind::ExtraParent, _) => {
                // A link may be added any time before the span ends, even to what the span itself caused.
                let mut above = std::iter::successors(Some(target), |&other| store.span(other).parent()).take(64);
                if !is_back_dated && !above.any(|other| other == span) {
                    self.edge(Rule::LinkStart, begun, started);
                }
                self.edge(Rule::LinkStartEnd, begun, ended);
            }
        }
    }
}
