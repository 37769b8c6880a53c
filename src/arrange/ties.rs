//! What joins spans besides the tree: handoffs between agents, and proposals for traces that lost their parent.

use std::collections::BTreeMap;

use super::SpanKey;
use crate::analysis::genai::{AgentIx, Confidence, GenAi, Handoff, HandoffBy, Role};
use crate::layout::Layout;
use crate::model::{SpanIx, TraceStore};

/// An arrow from one span to another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tie {
    /// What it means.
    pub kind: TieKind,
    /// The span that hands over, or below which a trace may belong.
    pub from: SpanIx,
    /// The span that takes over, or the root of the trace.
    pub to: SpanIx,
    /// Its earlier end on the axis.
    pub start_ns: i64,
    /// Its later end on the axis.
    pub end_ns: i64,
}

/// What a [`Tie`] means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TieKind {
    /// One agent hands over to another.
    Handoff {
        /// Position in `GenAi::handoffs`.
        at: u32,
        /// The data says so; else it is concluded.
        is_recorded: bool,
    },
    /// A trace that lost its parent may belong there.
    Stitch {
        /// Position in `GenAi::stitches`.
        at: u32,
        /// The keys of root and place, for what somebody said about it.
        keys: Box<[SpanKey; 2]>,
    },
}

/// Ties of each kind that are kept, by the order of the data; the rest is counted.
pub const MOST_TIES: usize = 2000;

/// All ties by start, and how many more there are.
pub(super) fn all(store: &TraceStore, genai: &GenAi, layout: &Layout) -> (Vec<Tie>, u64) {
    let mut ties = Vec::new();
    let by_agent = invocations(store, genai, layout);
    for (at, handoff) in (0_u32..).zip(genai.handoffs()).take(MOST_TIES) {
        let Some((from, to)) = ends(store, genai, layout, &by_agent, handoff) else { continue };
        let is_same_trace = store.span(from).trace_ix() == store.span(to).trace_ix();
        let is_recorded = handoff.confidence == Confidence::Stated && is_same_trace;
        ties.push(tie(layout, TieKind::Handoff { at, is_recorded }, from, to));
    }
    for (at, stitch) in (0_u32..).zip(genai.stitches()).take(MOST_TIES) {
        let keys = Box::new([SpanKey::of(store, stitch.root), SpanKey::of(store, stitch.under)]);
        ties.push(tie(layout, TieKind::Stitch { at, keys }, stitch.under, stitch.root));
    }
    ties.sort_by_key(|tie| (tie.start_ns, tie.to, tie.from));
    let beyond = |count: usize| count.saturating_sub(MOST_TIES) as u64;
    (ties, beyond(genai.handoffs().len()) + beyond(genai.stitches().len()))
}

fn tie(layout: &Layout, kind: TieKind, from: SpanIx, to: SpanIx) -> Tie {
    let (a, b) = (layout.extent_ns(from), layout.extent_ns(to));
    Tie { kind, from, to, start_ns: a.0.min(b.0), end_ns: a.1.max(b.0) }
}

/// The spans in which each agent is invoked, by start on the axis.
fn invocations(store: &TraceStore, genai: &GenAi, layout: &Layout) -> BTreeMap<u32, Vec<(i64, SpanIx)>> {
    let mut by_agent: BTreeMap<u32, Vec<(i64, SpanIx)>> = BTreeMap::new();
    if genai.handoffs().is_empty() {
        return by_agent;
    }
    for span in store.span_ixs().filter(|&span| genai.role_of(span) == Role::Agent) {
        if let Some(agent) = genai.agent_of(span) {
            by_agent.entry(agent.0).or_default().push((layout.extent_ns(span).0, span));
        }
    }
    by_agent.values_mut().for_each(|spans| spans.sort_unstable());
    by_agent
}

/// Where a handoff begins and where it leads to; `None` when the agent that takes over left no span.
fn ends(
    store: &TraceStore,
    genai: &GenAi,
    layout: &Layout,
    by_agent: &BTreeMap<u32, Vec<(i64, SpanIx)>>,
    handoff: &Handoff,
) -> Option<(SpanIx, SpanIx)> {
    if handoff.by == HandoffBy::NextAgent {
        return before(store, genai, handoff).map(|from| (from, handoff.span));
    }
    let to: AgentIx = handoff.to?;
    let spans = by_agent.get(&to.0)?;
    let start = layout.extent_ns(handoff.span).0;
    let view = store.span(handoff.span);
    let conversation = genai.conversation_of(handoff.span);
    let is_near = |span: SpanIx| {
        store.span(span).trace_ix() == view.trace_ix()
            || (conversation.is_some() && genai.conversation_of(span) == conversation)
    };
    let is_later = |span: SpanIx| span != handoff.span && is_near(span);
    let first = spans.partition_point(|(at, _)| *at < start);
    // Of many invocations only the next ones are looked at.
    let next = spans[first..].iter().take(256).map(|(_, span)| *span).find(|&span| is_later(span))?;
    Some((handoff.span, next))
}

/// The agent's span before the one that `handoff` shows at.
fn before(store: &TraceStore, genai: &GenAi, handoff: &Handoff) -> Option<SpanIx> {
    let parent = store.span(handoff.span).parent()?;
    let children = store.span(parent).children();
    let at = children.iter().position(|&child| child == handoff.span)?;
    let is_from = |span: &SpanIx| genai.role_of(*span) == Role::Agent && genai.agent_of(*span) == handoff.from;
    children[..at].iter().rev().copied().find(is_from)
}
