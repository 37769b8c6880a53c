//! Handoffs: which agent passed the work to which, and how that shows.

use foldhash::fast::FixedState;
use hashbrown::HashSet;

use super::agents::{AgentIx, Agents};
use super::field::{Confidence, Field, Role};
use super::normalise::{Handover, Own, transfer};
use super::resolve::Resolved;
use crate::model::{SpanIx, TraceStore};

/// One agent hands over to another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Handoff {
    /// Who hands over; `None` when nothing says it.
    pub from: Option<AgentIx>,
    /// Who takes over; `None` when no agent has that name.
    pub to: Option<AgentIx>,
    /// The name of who takes over, as it is written.
    pub to_name: String,
    /// Where it shows.
    pub span: SpanIx,
    /// How it shows.
    pub by: HandoffBy,
    /// How far that can be trusted.
    pub confidence: Confidence,
}

/// How a handoff shows, the surest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum HandoffBy {
    /// A span of its own.
    Span,
    /// Attributes that name both agents.
    Attributes,
    /// A tool named `transfer_to_…` or `handoff_to_…`.
    Tool,
    /// One agent begins where another one ended, and no agent above or beside them is at work.
    NextAgent,
}

/// All handoffs, in file order; those that only show as one agent after another come last. Agents that only handoffs
/// name are added.
pub fn find(store: &TraceStore, resolved: &Resolved, own: &Own, agents: &mut Agents) -> Vec<Handoff> {
    let mut handoffs: Vec<Handoff> =
        own.handoffs.iter().map(|handover| stated(store, resolved, own, agents, handover)).collect();
    let implied = implied(store, own, &handoffs);
    handoffs.extend(implied);
    handoffs
}

fn stated(store: &TraceStore, resolved: &Resolved, own: &Own, agents: &mut Agents, handover: &Handover) -> Handoff {
    let span = store.span(handover.span);
    let by_name = span.name().strip_suffix(".handoff").and_then(|name| name.split_once('→'));
    let text = |text| resolved.text(store, text).to_owned();
    let from = handover.from.map(text).or_else(|| by_name.map(|(from, _)| from.trim().to_owned()));
    let to = handover.to.map(text).or_else(|| by_name.map(|(_, to)| to.trim().to_owned()));
    let here = own.agent[handover.span.at()].get();
    let named = |agents: &mut Agents, name: &str| {
        let known = agents.find(name);
        known.unwrap_or_else(|| agents.by_string(name, "handoff", Confidence::Stated))
    };
    let (to_name, to, by, confidence) = match (to, handover.by) {
        (Some(to), by) => {
            let ix = named(agents, &to);
            (to, Some(ix), by, Confidence::Stated)
        }
        (None, HandoffBy::Tool) => {
            let to = tool_target(store, resolved, handover.span);
            let ix = agents.find(&to);
            (to, ix, HandoffBy::Tool, Confidence::Inferred)
        }
        (None, by) => (String::new(), None, by, Confidence::Stated),
    };
    let from = from.map(|name| named(agents, &name)).or(here);
    Handoff { from, to, to_name, span: handover.span, by, confidence }
}

fn tool_target(store: &TraceStore, resolved: &Resolved, span: SpanIx) -> String {
    let mut facts = super::facts::Facts::default();
    facts.read(store, resolved, span);
    let tool = facts.text(Field::ToolName).map_or("", |text| resolved.text(store, text));
    transfer(tool).unwrap_or_default().to_owned()
}

/// Agents that follow one another below something that is no agent's: the only trace that some handoffs leave.
fn implied(store: &TraceStore, own: &Own, stated: &[Handoff]) -> Vec<Handoff> {
    let is_agent = |span: SpanIx| own.role[span.at()] == Role::Agent && own.agent[span.at()].is_some();
    let known: HashSet<(Option<AgentIx>, Option<AgentIx>), FixedState> =
        stated.iter().map(|known| (known.from, known.to)).collect();
    let is_known = |from, to| known.contains(&(Some(from), Some(to)));
    let mut implied = Vec::new();
    for parent in store.span_ixs() {
        let children = store.span(parent).children();
        if children.len() < 2 || own.role[parent.at()] == Role::Agent {
            continue;
        }
        let above = own.agent[parent.at()].get();
        let mut agents: Vec<SpanIx> = children.iter().copied().filter(|&child| is_agent(child)).collect();
        agents.sort_by_key(|&child| store.span(child).drawn_ns().0);
        // Until when the agents before a pair are at work: one that goes on may have called both.
        let mut others_until = i64::MIN;
        for pair in agents.windows(2) {
            let [last, child] = [pair[0], pair[1]];
            let (from, to) = (own.agent[last.at()], own.agent[child.at()]);
            let (end, begin) = (store.span(last).drawn_ns().1, store.span(child).drawn_ns().0);
            let is_same_clock = store.span(last).resource_ix() == store.span(child).resource_ix();
            let follows = is_same_clock && end <= begin && others_until <= begin;
            if follows && from != to && above != Some(from) && above != Some(to) && !is_known(from, to) {
                implied.push(Handoff {
                    from: Some(from),
                    to: Some(to),
                    to_name: String::new(),
                    span: child,
                    by: HandoffBy::NextAgent,
                    confidence: Confidence::Inferred,
                });
            }
            others_until = others_until.max(end);
        }
    }
    implied
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::genai::GenAi;
    use crate::analysis::genai::tests::fixture::{Span, store};

    fn agent(id: u64, name: &str, ms: [f64; 2]) -> Span {
        let attributes = [("gen_ai.operation.name", "invoke_agent"), ("gen_ai.agent.name", name)];
        let attributes = attributes.map(|(key, value)| (key.to_owned(), value.into())).into_iter().collect();
        Span { name: format!("invoke_agent {name}"), id, parent: 1, trace: 1, ms, attributes, ..Span::default() }
    }

    #[test]
    fn agents_in_turn_hand_over_unless_another_is_at_work_over_both() {
        let run = Span { name: "run".into(), id: 1, trace: 1, ms: [0.0, 100.0], ..Span::default() };
        let [first, second] = [agent(2, "researcher", [10.0, 20.0]), agent(3, "writer", [25.0, 40.0])];
        let by = |spans: &[Span]| GenAi::analyse(&store(spans)).handoffs().iter().map(|it| it.by).collect::<Vec<_>>();
        assert_eq!(by(&[run.clone(), first.clone(), second.clone()]), [HandoffBy::NextAgent]);
        for coordinator in [[5.0, 50.0], [5.0, 26.0]] {
            let coordinator = agent(4, "coordinator", coordinator);
            assert_eq!(by(&[run.clone(), first.clone(), second.clone(), coordinator]), []);
        }
    }
}
