//! The agent map as a picture in layers.

use super::layers::Layers;
use super::{AgentEdge, AgentMap};
use crate::analysis::genai::{AgentIx, GenAi, Judged};
use crate::model::TraceStore;

/// Agents of a picture; of more, those with the most spans are shown.
const MOST_AGENTS: usize = 150;

/// The agents and edges that are shown, and where.
#[derive(Clone, Debug, Default)]
pub struct AgentPicture {
    /// The agents, in the order of [`GenAi::agents`].
    pub agents: Vec<AgentIx>,
    /// Agents that are not shown.
    pub more: usize,
    /// (from, to, edge), as positions in `agents`.
    pub edges: Vec<(usize, usize, AgentEdge)>,
    /// Where they are; its edges are `edges`.
    pub layers: Layers,
}

impl AgentPicture {
    /// The picture of everything that `genai` found in `store`, with what somebody said about its proposals. Visits
    /// every span.
    #[must_use]
    pub fn new(genai: &GenAi, store: &TraceStore, judged: &Judged) -> Self {
        let map = AgentMap::new(genai, store, judged);
        let mut agents: Vec<AgentIx> = (0..genai.agents().len()).map(AgentIx::from_usize).collect();
        agents.sort_by_key(|ix| std::cmp::Reverse(genai.agents()[ix.at()].totals.spans));
        let more = agents.len().saturating_sub(MOST_AGENTS);
        agents.truncate(MOST_AGENTS);
        agents.sort_unstable();
        let at = |ix: AgentIx| agents.binary_search(&ix).ok();
        let edges: Vec<(usize, usize, AgentEdge)> =
            map.edges().into_iter().filter_map(|(from, to, edge)| Some((at(from)?, at(to)?, edge.clone()))).collect();
        let pairs: Vec<(usize, usize)> = edges.iter().map(|(from, to, _)| (*from, *to)).collect();
        let layers = Layers::new(agents.len(), &pairs);
        Self { agents, more, edges, layers }
    }
}
