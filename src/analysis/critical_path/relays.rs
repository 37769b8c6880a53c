//! Steps that pass on a stream: what they waited for is the call whose answer they pass on.
//!
//! No attribute says whose answer a step passes on. It is concluded where nothing else is possible: the step calls itself
//! a stream, calls nobody and is no AI work, and exactly one call of the same parent on the same clock was open when it
//! began.

use super::{EventKey, Order, SpanIx, SpanKind, Walk};
use crate::analysis::genai::Role;

/// Spans that are looked at for streams on one path.
const MOST_LOOKED_AT: usize = 1_000_000;

impl Walk<'_> {
    /// The call whose answer the step `step` of `parent` passed on until that call ended, if it ended first.
    pub(super) fn relayed(&mut self, parent: SpanIx, step: SpanIx) -> Option<SpanIx> {
        let call = self.sender(parent, step)?;
        let order = self.order(EventKey::end(call), EventKey::end(step));
        matches!(order, Order::Before | Order::Same).then_some(call)
    }

    /// Leaves out the steps that ended with the call whose answer they passed on, as far as their clock can tell.
    pub(super) fn drop_relays(&mut self, parent: SpanIx, known: &mut Vec<SpanIx>, unsure: &mut Vec<SpanIx>) {
        if known.len() + unsure.len() < 2 {
            return;
        }
        let candidates: Vec<SpanIx> = known.iter().chain(unsure.iter()).copied().collect();
        for &step in &candidates {
            let Some(call) = self.sender(parent, step).filter(|call| candidates.contains(call)) else { continue };
            let order = self.order(EventKey::end(call), EventKey::end(step));
            if matches!(order, Order::Unknown | Order::Same) {
                known.retain(|other| *other != step);
                unsure.retain(|other| *other != step);
                self.path.relays.push((step, call));
            }
        }
    }

    /// The only call of `parent` that was open when its `step` began, if that step passes on a stream.
    fn sender(&mut self, parent: SpanIx, step: SpanIx) -> Option<SpanIx> {
        if self.looked_at > MOST_LOOKED_AT || !self.passes_on(step) {
            return None;
        }
        let (begun, clock) = (self.store.span(step).start_ns(), self.clock(step));
        let mut sender = None;
        for &call in self.store.span(parent).children() {
            let view = self.store.span(call);
            // Children come by start. One that begins with the step, as far as their clock can tell, is open too.
            if view.start_ns() > begun && self.order(EventKey::start(step), EventKey::start(call)) == Order::Before {
                break;
            }
            self.looked_at += 1;
            if call == step || view.kind() != SpanKind::Client || self.clock(call) != clock {
                continue;
            }
            if self.order(EventKey::end(call), EventKey::start(step)) == Order::Before {
                continue;
            }
            // Several: nobody knows whose answer it is.
            if sender.replace(call).is_some() {
                return None;
            }
        }
        let call = sender?;
        let is_open = self.order(EventKey::start(call), EventKey::start(step)) == Order::Before
            && self.order(EventKey::end(call), EventKey::start(step)) == Order::After;
        is_open.then_some(call)
    }

    fn passes_on(&mut self, step: SpanIx) -> bool {
        let view = self.store.span(step);
        let is_plain = matches!(view.kind(), SpanKind::Unspecified | SpanKind::Internal)
            && self.genai.is_some_and(|genai| genai.role_of(step) == Role::None);
        let clock = self.clock(step);
        let calls = |&child: &SpanIx| {
            matches!(self.store.span(child).kind(), SpanKind::Client | SpanKind::Producer) || self.clock(child) != clock
        };
        is_plain && !view.children().iter().any(calls) && self.orders.is_about_a_stream(step)
    }
}
