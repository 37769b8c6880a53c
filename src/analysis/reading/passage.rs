//! How a handoff went: which span took over, how much later, and whether that is proven. An interval where the two ends
//! lie on different clocks.

use std::collections::BTreeMap;

use super::{Context, Moment};
use crate::analysis::clocks::words::range_text;
use crate::analysis::clocks::{EventKey, Order};
use crate::analysis::genai::{AgentIx, Handoff, HandoffBy, Role, Stitch};
use crate::model::{SpanFlags, SpanIx};

/// Events of the clock model that may be visited for all passages together: what comes after is left unknown.
const MOST_VISITED: usize = 2_000_000;
/// Invocations of one agent that are looked at: those that follow a handoff by their estimated times, and a few before
/// it, because estimates err.
const MOST_AFTER: usize = 256;
const MOST_BEFORE: usize = 32;

/// From one event to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Passage {
    /// Where it begins: a handoff begins, or the agent before ends.
    pub from: EventKey,
    /// Where it leads to: the next agent begins.
    pub to: EventKey,
    /// How much later.
    pub took: Moment,
    /// Whether it is proven that the first event came first.
    pub order: Order,
    /// One clock stamped both.
    pub is_one_clock: bool,
}

impl Passage {
    /// `began 3–9 ms after it ended`, of a trace that may belong below what ended; says so where that is not proven.
    #[must_use]
    pub fn words_of_proposal(&self) -> String {
        let back = |ns: Option<i64>| ns.map(i64::saturating_neg);
        let range = range_text(self.took.lo_ns, self.took.hi_ns);
        match self.order {
            Order::Same => "began as it ended".to_owned(),
            Order::Before => format!("began {range} after it ended"),
            Order::After => {
                format!("began {} before it ended", range_text(back(self.took.hi_ns), back(self.took.lo_ns)))
            }
            Order::Unknown if self.took.lo_ns.is_none() && self.took.hi_ns.is_none() => {
                "stamped by another clock, which cannot be compared".to_owned()
            }
            Order::Unknown => format!("began {range} after it ended: which came first is not proven"),
        }
    }

    /// `taken over 3–9 ms later`; says so where it is not proven which came first.
    #[must_use]
    pub fn words(&self) -> String {
        let range = range_text(self.took.lo_ns, self.took.hi_ns);
        match self.order {
            Order::Same => "taken over at once".to_owned(),
            Order::Before => format!("taken over {range} later"),
            Order::After => {
                let back = |ns: Option<i64>| ns.map(i64::saturating_neg);
                format!("taken over {} earlier", range_text(back(self.took.hi_ns), back(self.took.lo_ns)))
            }
            Order::Unknown if self.took.lo_ns.is_none() && self.took.hi_ns.is_none() => {
                "taken over by another clock, which cannot be compared".to_owned()
            }
            Order::Unknown => format!("taken over {range} later: which came first is not proven"),
        }
    }
}

/// Looks for the passages of a store's handoffs.
pub struct Passages<'a> {
    context: Context<'a>,
    /// Where each agent is invoked, by estimated time.
    invocations: BTreeMap<AgentIx, Vec<(i64, SpanIx)>>,
    left: usize,
}

impl<'a> Passages<'a> {
    /// Visits every span if there is any handoff.
    #[must_use]
    pub fn new(context: &Context<'a>) -> Self {
        let mut invocations: BTreeMap<AgentIx, Vec<(i64, SpanIx)>> = BTreeMap::new();
        let genai = context.genai;
        let taken: std::collections::BTreeSet<AgentIx> = genai.handoffs().iter().filter_map(|it| it.to).collect();
        if !taken.is_empty() {
            for span in context.store.span_ixs().filter(|span| genai.role_of(*span) == Role::Agent) {
                if let Some(agent) = genai.agent_of(span).filter(|agent| taken.contains(agent)) {
                    invocations.entry(agent).or_default().push((estimated(context, span), span));
                }
            }
        }
        invocations.values_mut().for_each(|spans| spans.sort_unstable());
        Self { context: *context, invocations, left: MOST_VISITED }
    }

    /// For proposals alone: no span is visited, and nothing is known about handoffs.
    #[must_use]
    pub const fn of_proposals(context: &Context<'a>) -> Self {
        Self { context: *context, invocations: BTreeMap::new(), left: MOST_VISITED }
    }

    /// How `handoff` went; `None` where whoever takes over left no span.
    pub fn of(&mut self, handoff: &Handoff) -> Option<Passage> {
        let (from, to) = if handoff.by == HandoffBy::NextAgent {
            (EventKey::end(self.before(handoff)?), handoff.span)
        } else {
            (EventKey::start(handoff.span), self.taker(handoff)?)
        };
        self.between(from, EventKey::start(to))
    }

    /// From the span below which a lost trace may belong to the trace.
    pub fn of_stitch(&mut self, stitch: &Stitch) -> Option<Passage> {
        self.between(EventKey::start(stitch.under), EventKey::start(stitch.root))
    }

    /// From the end of the span that handed over to the start of the trace that lost its parent.
    pub fn after(&mut self, under: SpanIx, root: SpanIx) -> Option<Passage> {
        self.between(EventKey::end(under), EventKey::start(root))
    }

    /// The time from one event to another; `None` when one of them has none.
    fn between(&mut self, from: EventKey, to: EventKey) -> Option<Passage> {
        let raw_ns = self.raw(to)?.saturating_sub(self.raw(from)?);
        let clock = |key: EventKey| self.context.domains.of_span.get(key.span.at());
        if clock(from) == clock(to) {
            let order = match raw_ns {
                0 => Order::Same,
                1.. => Order::Before,
                _ => Order::After,
            };
            return Some(Passage { from, to, took: Moment::exactly(raw_ns), order, is_one_clock: true });
        }
        let unknown = Moment { lo_ns: None, hi_ns: None, raw_ns: Some(raw_ns) };
        let (took, order) = self.compared(from, to, unknown).unwrap_or((unknown, Order::Unknown));
        Some(Passage { from, to, took, order, is_one_clock: false })
    }

    fn compared(&mut self, from: EventKey, to: EventKey, unknown: Moment) -> Option<(Moment, Order)> {
        let super::Context { store, domains, clocks, .. } = self.context;
        let clocks = clocks.filter(|_| self.left > 0)?;
        let comparison = clocks.compare(store, domains, from)?;
        let stamp = clocks.stamps(store, domains).get(to)?;
        let between = comparison.with(store, to, &stamp);
        self.left = self.left.saturating_sub(comparison.visited());
        Some((Moment { lo_ns: between.lo_ns, hi_ns: between.hi_ns, ..unknown }, between.order))
    }

    fn raw(&self, key: EventKey) -> Option<i64> {
        let span = self.context.store.span(key.span);
        let (missing, at) = if key == EventKey::start(key.span) {
            (SpanFlags::START_MISSING, span.start_ns())
        } else {
            (SpanFlags::END_MISSING, span.end_ns())
        };
        (!span.flags().has(missing)).then_some(at)
    }

    /// The span of the agent that takes over: below the handoff, else the next one near it.
    fn taker(&self, handoff: &Handoff) -> Option<SpanIx> {
        let Context { store, genai, .. } = self.context;
        let spans = self.invocations.get(&handoff.to?)?;
        let is_below = |span: &SpanIx| {
            let mut up = std::iter::successors(store.span(*span).parent(), |&up| store.span(up).parent()).take(64);
            up.any(|up| up == handoff.span)
        };
        let trace = store.span(handoff.span).trace_ix();
        let conversation = genai.conversation_of(handoff.span);
        let is_near = |span: &SpanIx| {
            let is_same_talk = conversation.is_some() && genai.conversation_of(*span) == conversation;
            *span != handoff.span && (store.span(*span).trace_ix() == trace || is_same_talk)
        };
        // In the trace itself it is surer than elsewhere in the conversation.
        let is_elsewhere = |span: SpanIx| store.span(span).trace_ix() != trace;
        let from = estimated(&self.context, handoff.span);
        let first = spans.partition_point(|(at, _)| *at < from);
        let before = spans[..first].iter().rev().filter(|(_, span)| is_near(span)).take(MOST_BEFORE);
        let after = spans[first..].iter().take(MOST_AFTER).filter(|(_, span)| is_near(span));
        let near: Vec<(i64, SpanIx)> = after.chain(before).copied().collect();
        if let Some((_, below)) = near.iter().find(|(_, span)| is_below(span)) {
            return Some(*below);
        }
        let clock = |span: SpanIx| self.context.domains.of_span.get(span.at());
        let later = near.iter().filter(|(at, _)| *at >= from);
        let next = later.min_by_key(|(at, span)| (is_elsewhere(*span), *at, *span));
        // Another clock may be behind: the only one that there is took over, whatever its stamps say.
        let only = || match near.as_slice() {
            [(_, only)] if clock(*only) != clock(handoff.span) => Some(*only),
            _ => None,
        };
        next.map(|(_, span)| *span).or_else(only)
    }

    /// The agent's span before the one that took over without being told.
    fn before(&self, handoff: &Handoff) -> Option<SpanIx> {
        let Context { store, genai, .. } = self.context;
        let parent = store.span(handoff.span).parent()?;
        let is_from = |span: &SpanIx| genai.role_of(*span) == Role::Agent && genai.agent_of(*span) == handoff.from;
        let children = store.span(parent).children();
        let at = children.iter().position(|&child| child == handoff.span)?;
        children[..at].iter().rev().copied().find(is_from)
    }
}

/// When `span` starts on an axis that all clocks share, as well as it is known.
fn estimated(context: &Context<'_>, span: SpanIx) -> i64 {
    let (domain, at_ns) = (context.domains.of_span.get(span.at()), context.store.span(span).drawn_ns().0);
    let shift = context.clocks.zip(domain).map_or(0, |(clocks, domain)| clocks.shift_ns(*domain, at_ns));
    at_ns.saturating_sub(shift)
}
