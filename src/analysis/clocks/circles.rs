//! Causes that are their own effects: circles in the causal relation itself, whatever any clock shows.
//!
//! Parents alone cannot form one that the loader would not have cut and flagged. Links can, together with parents,
//! so that only workspaces with links are searched.

use std::collections::{BTreeMap, VecDeque};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef as _;

use super::causal::{Cause, EventKey, Evidence, Rule};
use super::domains::Domains;
use super::findings::{Code, Finding, Proof, Severity};
use super::same_clock;
use crate::analysis::telling_apart::told_apart;
use crate::model::{LinkKind, LinkRef, SpanIx, SpanKind, TraceStore};

type Graph = DiGraph<EventKey, Option<Rule>>;

/// A finding per circle of links and parents; those of strong edges alone come first.
#[must_use]
pub fn findings(store: &TraceStore, domains: &Domains) -> Vec<Finding> {
    let mut graph = Graph::new();
    let mut nodes: BTreeMap<EventKey, NodeIndex> = BTreeMap::new();
    let mut linked: Vec<SpanIx> = Vec::new();
    for span in store.span_ixs() {
        let targets = store.span(span).links().filter_map(LinkRef::target);
        let before = linked.len();
        linked.extend(targets);
        if linked.len() > before {
            linked.push(span);
        }
    }
    // Whoever is on a circle with a link has an ancestor or descendant that a link touches.
    let mut open: VecDeque<SpanIx> = linked.iter().copied().collect();
    let mut is_seen = vec![false; if linked.is_empty() { 0 } else { store.len() }];
    while let Some(span) = open.pop_front() {
        if std::mem::replace(&mut is_seen[span.at()], true) {
            continue;
        }
        open.extend(store.span(span).parent());
        add(store, &mut graph, &mut nodes, span);
    }
    let circles = kosaraju_scc(&graph).into_iter().filter(|circle| circle.len() > 1);
    let mut found: Vec<Finding> = circles.filter_map(|circle| finding(store, domains, &graph, &circle)).collect();
    found.sort_by(|a, b| a.spans.cmp(&b.spans));
    found
}

/// The edges that lead to `span`.
fn add(store: &TraceStore, graph: &mut Graph, nodes: &mut BTreeMap<EventKey, NodeIndex>, span: SpanIx) {
    let mut arc = |from: EventKey, to: EventKey, rule: Option<Rule>| {
        let mut node = |key| *nodes.entry(key).or_insert_with(|| graph.add_node(key));
        let (from, to) = (node(from), node(to));
        graph.add_edge(from, to, rule);
    };
    let (start, end) = (EventKey::start(span), EventKey::end(span));
    arc(start, end, None);
    let own = store.span(span);
    if let Some(parent) = own.parent() {
        let kinds = (store.span(parent).kind(), own.kind());
        let rule = match kinds {
            (SpanKind::Client, SpanKind::Server) => Rule::RequestStart,
            (SpanKind::Producer, SpanKind::Consumer) => Rule::MessageStart,
            _ => Rule::RemoteChildStart,
        };
        arc(EventKey::start(parent), start, Some(rule));
        arc(EventKey::start(parent), end, Some(Rule::ParentStartChildEnd));
    }
    for link in own.links() {
        let Some(target) = link.target().filter(|&target| target != span) else { continue };
        let begun = EventKey::start(target);
        let is_message = store.span(target).kind() == SpanKind::Producer
            && own.kind() == SpanKind::Consumer
            && !same_clock::is_receive(store, span);
        match link.kind() {
            LinkKind::FollowsFrom => arc(begun, start, Some(Rule::FollowsFrom)),
            _ if is_message => arc(begun, start, Some(Rule::MessageStart)),
            // A link may be added any time before the span ends, even to a child.
            _ => arc(begun, end, Some(Rule::LinkStartEnd)),
        }
    }
}

/// The shortest circle through the first event of a component, preferring strong edges.
fn finding(store: &TraceStore, domains: &Domains, graph: &Graph, component: &[NodeIndex]) -> Option<Finding> {
    let first = component.iter().copied().min_by_key(|&node| graph[node])?;
    let circle = shortest(graph, first, |rule| rule.is_none_or(|rule| rule.strength() == Evidence::Protocol))
        .or_else(|| shortest(graph, first, |_| true))?;
    let proof = |&(from, to, rule): &(NodeIndex, NodeIndex, Option<Rule>)| {
        let (from, to) = (graph[from], graph[to]);
        Some(Proof { cause: Cause { from, to, rule: rule? }, from_ns: time(store, from), to_ns: time(store, to) })
    };
    let witness: Vec<Proof> = circle.iter().filter_map(proof).collect();
    let (a, b) = (witness.first()?.cause, witness.last()?.cause);
    let is_hard = witness.iter().all(|proof| proof.cause.rule.strength() == Evidence::Protocol);
    let severity = if is_hard { Severity::Impossible } else { Severity::Suspicious };
    let step = |cause: Cause| {
        let (from, to) = (cause.from.span, cause.to.span);
        let [of_from, of_to] = told_apart(store, domains, from, to);
        format!("“{}”{of_from} causes “{}”{of_to}", store.span(from).name(), store.span(to).name())
    };
    let sentence = format!("{} and {}: a wrong parent or link, not a clock.", step(a), step(b));
    let mut finding = Finding::new(Code::X6, severity, sentence).proven_by(witness);
    finding.root = "wrong parent or link".to_owned();
    finding.count = finding.spans.len() as u64;
    finding.model = "none";
    Some(finding)
}

fn time(store: &TraceStore, key: EventKey) -> i64 {
    let span = store.span(key.span);
    if key == EventKey::start(key.span) { span.start_ns() } else { span.end_ns() }
}

/// Breadth first, back to `first`.
fn shortest(
    graph: &Graph,
    first: NodeIndex,
    is_used: impl Fn(Option<Rule>) -> bool,
) -> Option<Vec<(NodeIndex, NodeIndex, Option<Rule>)>> {
    let mut came: BTreeMap<NodeIndex, (NodeIndex, Option<Rule>)> = BTreeMap::new();
    let mut open = VecDeque::from([first]);
    while let Some(node) = open.pop_front() {
        let mut arcs: Vec<_> = graph.edges(node).map(|arc| (arc.target(), *arc.weight())).collect();
        arcs.sort_unstable();
        for (to, rule) in arcs.into_iter().filter(|arc| is_used(arc.1)) {
            if came.contains_key(&to) {
                continue;
            }
            came.insert(to, (node, rule));
            if to == first {
                let mut circle = Vec::new();
                let mut at = first;
                loop {
                    let &(from, rule) = came.get(&at)?;
                    circle.push((from, at, rule));
                    at = from;
                    if at == first {
                        circle.reverse();
                        return Some(circle);
                    }
                }
            }
            open.push_back(to);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::domains;
    use super::super::tests::Draft;
    use super::*;

    #[test]
    fn a_message_that_causes_its_sender_is_a_circle_and_a_link_to_a_child_is_none() {
        let mut draft = Draft::default();
        let host = draft.host("a", "");
        draft.span(host, 1, 0, 100, 900).kind = SpanKind::Producer;
        draft.span(host, 2, 0, 200, 800).kind = SpanKind::Consumer;
        draft.at(1).links.push(1);
        let found = |draft: &Draft| {
            let store = draft.store();
            findings(&store, &domains::assign(&store))
        };
        assert!(found(&draft).is_empty());
        // The consumer is the producer's parent: it caused its own cause.
        draft.at(0).parent = 2;
        let circles = found(&draft);
        assert_eq!((circles.len(), circles[0].code, circles[0].severity), (1, Code::X6, Severity::Suspicious));
        assert_eq!(circles[0].witness.len(), 2);
        // Both are called the same, on one clock and of one service: their ids tell them apart.
        let said = "“work” (span 0000000000000001) causes “work” (span 0000000000000002) and “work” (span 00";
        assert!(circles[0].sentence.starts_with(said), "{}", circles[0].sentence);
        let mut draft = Draft::default();
        let host = draft.host("a", "");
        draft.span(host, 1, 0, 100, 900).links.push(2);
        draft.span(host, 2, 1, 200, 800);
        assert!(found(&draft).is_empty());
    }
}
