//! The agent map: who called, handed off to and retried whom.

mod layers;
mod picture;

pub use layers::{Layers, Slot};
pub use picture::AgentPicture;

use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef as _;

use super::GenAi;
use super::agents::AgentIx;
use super::field::{Confidence, Role};
use super::judged::{Best, Judged};
use crate::model::{SpanIx, TraceStore};

/// Spans that an edge of the map names.
const MOST_SPANS: usize = 16;

/// How one agent leads to another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum EdgeKind {
    /// Its spans are below the other's.
    Called,
    /// It took over.
    HandedOff,
    /// It was tried again.
    Retried,
    /// A trace that lost its parent may belong there; a proposal, not a fact.
    Proposed,
    /// A trace that lost its parent was placed there by hand.
    Accepted,
}

/// An edge of the agent map.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AgentEdge {
    /// How.
    pub kind: EdgeKind,
    /// How often.
    pub count: u64,
    /// How often what it led to failed.
    pub failed: u64,
    /// How far it can be trusted: of several, the least sure one.
    pub confidence: Confidence,
    /// The first spans that show it, in file order.
    pub spans: Vec<SpanIx>,
}

/// The agents as nodes, in the order of [`GenAi::agents`].
#[derive(Clone, Debug, Default)]
pub struct AgentMap {
    /// The graph; node `i` is agent `i`.
    pub graph: DiGraph<AgentIx, AgentEdge>,
}

impl EdgeKind {
    /// What people read between the two agents.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Called => "called",
            Self::HandedOff => "handed off to",
            Self::Retried => "retried",
            Self::Proposed => "may have led to",
            Self::Accepted => "led to, accepted by you:",
        }
    }
}

impl AgentMap {
    /// The map of everything that `genai` found in `store`, with what somebody said about its proposals.
    #[must_use]
    pub fn new(genai: &GenAi, store: &TraceStore, judged: &Judged) -> Self {
        let mut map = Self::default();
        for at in 0..genai.agents().len() {
            map.graph.add_node(AgentIx::from_usize(at));
        }
        for span in store.span_ixs() {
            let parent = store.parents()[span.at()].get();
            let from = parent.and_then(|parent| genai.agent_of(parent));
            if let (Some(from), Some(to)) = (from, genai.agent_of(span))
                && from != to
            {
                map.add(genai, (from, to), EdgeKind::Called, Confidence::Stated, span);
            }
        }
        for handoff in genai.handoffs() {
            if let (Some(from), Some(to)) = (handoff.from, handoff.to) {
                map.add(genai, (from, to), EdgeKind::HandedOff, handoff.confidence, handoff.span);
            }
        }
        for retry in genai.retries() {
            for &attempt in &retry.attempts[1..] {
                let from = store.span(attempt).parent().and_then(|parent| genai.agent_of(parent));
                let to = genai.agent_of(attempt);
                let is_agent = genai.role_of(attempt) == Role::Agent;
                if let (Some(from), Some(to), true) = (from, to, is_agent) {
                    map.add(genai, (from, to), EdgeKind::Retried, Confidence::Stated, attempt);
                }
            }
        }
        for of_root in genai.stitches().chunk_by(|a, b| a.root == b.root) {
            let Some(Best { stitch, is_accepted }) = judged.best(of_root, of_root[0].root) else { continue };
            let kind = if is_accepted { EdgeKind::Accepted } else { EdgeKind::Proposed };
            if let (Some(from), Some(to)) = (genai.agent_of(stitch.under), genai.agent_of(stitch.root))
                && from != to
            {
                map.add(genai, (from, to), kind, Confidence::Inferred, stitch.root);
            }
        }
        map
    }

    fn add(
        &mut self,
        genai: &GenAi,
        (from, to): (AgentIx, AgentIx),
        kind: EdgeKind,
        confidence: Confidence,
        span: SpanIx,
    ) {
        let failed = u64::from(genai.has_failed(span));
        let (from, to) = (NodeIndex::new(from.at()), NodeIndex::new(to.at()));
        let known = self.graph.edges_connecting(from, to).find(|edge| edge.weight().kind == kind).map(|edge| edge.id());
        match known.and_then(|edge| self.graph.edge_weight_mut(edge)) {
            Some(edge) => {
                edge.count += 1;
                edge.failed += failed;
                edge.confidence = edge.confidence.max(confidence);
                if edge.spans.len() < MOST_SPANS {
                    edge.spans.push(span);
                }
            }
            None => {
                self.graph.add_edge(from, to, AgentEdge { kind, count: 1, failed, confidence, spans: vec![span] });
            }
        }
    }

    /// All edges as (from, to, edge), by agents and kind.
    #[must_use]
    pub fn edges(&self) -> Vec<(AgentIx, AgentIx, &AgentEdge)> {
        let mut edges: Vec<_> = self
            .graph
            .edge_references()
            .map(|edge| (self.graph[edge.source()], self.graph[edge.target()], edge.weight()))
            .collect();
        edges.sort_by_key(|(from, to, edge)| (*from, *to, edge.kind));
        edges
    }
}
