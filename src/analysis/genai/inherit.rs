//! What spans get from those above them: role of stages, agent, phase, and which model call is inside which.

use super::agents::{AgentIx, Agents};
use super::calls::{Call, Counted};
use super::facts::Facts;
use super::field::{Confidence, Field, Role};
use super::normalise::{Own, mark};
use super::phase::Phase;
use super::resolve::Resolved;
use super::tables::matches;
use crate::model::{SpanIx, Sym, TraceStore};

/// All spans, parents before their children, children of one parent by start.
pub fn order(store: &TraceStore) -> Vec<SpanIx> {
    let mut order = Vec::with_capacity(store.len());
    order.extend(store.span_ixs().filter(|span| !store.parents()[span.at()].is_some()));
    let mut at = 0;
    while at < order.len() {
        let span: SpanIx = order[at];
        order.extend_from_slice(store.span(span).children());
        at += 1;
    }
    order
}

/// How far above a stage its model call may be.
const STAGE_DEPTH: usize = 4;

/// Decides which spans are stages: those whose name says so and that are below a model call. Parents come first, so
/// that a stage is never the reason for another one.
pub fn settle_stages(store: &TraceStore, resolved: &Resolved, own: &mut Own, order: &[SpanIx]) {
    for &span in order {
        if own.marks[span.at()] & mark::MAYBE_STAGE == 0 {
            continue;
        }
        // A span that calls itself a model call and is named like a stage is one, even without its parent.
        if let Some(rule) = stage_rule(store, resolved, &own.role, span) {
            own.role[span.at()] = resolved.tables.names[usize::from(rule)].role;
        } else {
            own.marks[span.at()] &= !mark::MAYBE_STAGE;
        }
    }
}

/// The rule by which the name of `span` makes it what it is below one of its ancestors.
fn stage_rule(store: &TraceStore, resolved: &Resolved, role: &[Role], span: SpanIx) -> Option<u16> {
    let above = || std::iter::successors(store.span(span).parent(), |&up| store.span(up).parent()).take(STAGE_DEPTH);
    let name = resolved.of_name(store.spans.name[span.at()])?;
    let applies = |at: &u16| {
        let wanted = resolved.tables.names[usize::from(*at)].within;
        wanted.is_some_and(|wanted| role[span.at()] == wanted || above().any(|up| role[up.at()] == wanted))
    };
    name.rules.iter().map(|(at, _)| *at).find(applies)
}

/// The phase that the name of the stage `span` stands for.
pub fn stage_phase(store: &TraceStore, resolved: &Resolved, span: SpanIx) -> Phase {
    let rules = resolved.of_name(store.spans.name[span.at()]).map_or(&[][..], |hit| &hit.rules[..]);
    let phases = rules.iter().filter_map(|(at, _)| resolved.tables.names[usize::from(*at)].phase);
    phases.into_iter().next().unwrap_or(Phase::Overhead)
}

/// The phase that a span stands for as a whole, for itself.
const fn phase_of_role(role: Role) -> Option<Phase> {
    Some(match role {
        Role::None | Role::Stage | Role::Pending => return None,
        Role::Model | Role::Embedding | Role::Speech => Phase::ModelCall,
        Role::Agent | Role::Workflow | Role::Turn | Role::Session | Role::Handoff | Role::Guardrail => Phase::AgentWork,
        Role::Tool => Phase::Tool,
        Role::Retrieval => Phase::Retrieval,
        Role::Human => Phase::HumanWait,
        Role::Backoff => Phase::Backoff,
    })
}

/// The phase of every span. Spans that say nothing belong to what is above them.
pub fn phases(store: &TraceStore, resolved: &Resolved, role: &[Role], order: &[SpanIx]) -> Vec<Phase> {
    let mut phases = vec![Phase::None; store.len()];
    for &span in order {
        phases[span.at()] = match role[span.at()] {
            Role::Stage => stage_phase(store, resolved, span),
            role => phase_of_role(role)
                .unwrap_or_else(|| store.parents()[span.at()].get().map_or(Phase::None, |parent| phases[parent.at()])),
        };
    }
    phases
}

/// Fills the column of agents: an agent's spans are those that name it and everything below them. Agents that nothing
/// names are told apart by what they are made of. Spans of an AI conversation below no agent count as their service.
pub fn agents(store: &TraceStore, resolved: &Resolved, own: &mut Own, agents: &mut Agents, order: &[SpanIx]) {
    let services = services(store);
    let prints = Prints::new(store, resolved, own);
    for &span in order {
        if own.agent[span.at()].is_some() {
            continue;
        }
        let above = store.parents()[span.at()].get().map_or(AgentIx::NONE, |parent| own.agent[parent.at()]);
        let role = own.role[span.at()];
        own.agent[span.at()] = if role == Role::Agent {
            let name = store.span(span).name();
            let is_anonymous = resolved.tables.anonymous.iter().any(|like| matches(like, name).is_some());
            if is_anonymous || name.is_empty() {
                agents.anonymous(prints.of(span))
            } else {
                agents.by_string(name, "span name", Confidence::Inferred)
            }
        } else if !above.is_some() && role != Role::None {
            let service = services[store.span(span).resource_ix().at()];
            if service.is_empty() { AgentIx::NONE } else { agents.service(store.text(service)) }
        } else {
            above
        };
    }
}

fn services(store: &TraceStore) -> Vec<Sym> {
    let service = |resource: &crate::model::Resource| match store.find_attr(&resource.attrs, "service.name") {
        // What SDKs write when nobody configured a name.
        Some(crate::model::Value::Str(name)) if !store.text(name).starts_with("unknown_service") => name,
        _ => Sym::EMPTY,
    };
    store.resources().iter().map(service).collect()
}

/// What tells agents without a name apart: instructions, tools, model, and the names above them.
struct Prints<'a> {
    store: &'a TraceStore,
    resolved: &'a Resolved,
    role: Vec<Role>,
}

impl<'a> Prints<'a> {
    fn new(store: &'a TraceStore, resolved: &'a Resolved, own: &Own) -> Self {
        Self { store, resolved, role: own.role.clone() }
    }

    fn of(&self, span: SpanIx) -> String {
        let mut facts = Facts::default();
        facts.read(self.store, self.resolved, span);
        let mut print = vec![self.store.span(span).name().to_owned()];
        let mut told = self.told(&facts);
        // Instructions and tools are usually on the model calls that the agent makes.
        for &child in self.store.span(span).children().iter().take(16) {
            if told.iter().all(Option::is_some) {
                break;
            }
            if self.role[child.at()] == Role::Agent {
                continue;
            }
            facts.read(self.store, self.resolved, child);
            for (known, new) in told.iter_mut().zip(self.told(&facts)) {
                *known = known.take().or(new);
            }
        }
        print.extend(told.into_iter().map(Option::unwrap_or_default));
        let above = std::iter::successors(self.store.span(span).parent(), |&up| self.store.span(up).parent());
        let names = above.take(3).filter(|up| self.role[up.at()] != Role::None).map(|up| self.store.span(up).name());
        print.extend(names.map(str::to_owned));
        print.join("\n")
    }

    fn told(&self, facts: &Facts) -> [Option<String>; 4] {
        [Field::SystemPrompt, Field::ToolDefinitions, Field::RequestModel, Field::Path].map(|field| {
            facts.text(field).map(|text| {
                let text = self.resolved.text(self.store, text);
                // The beginning is enough to tell instructions apart.
                text.chars().take(500).collect()
            })
        })
    }
}

/// Which call is inside which, and whose tokens count: those of the innermost span that states any.
pub fn nest_calls(store: &TraceStore, resolved: &Resolved, own: &mut Own, order: &[SpanIx]) {
    let role = &own.role;
    own.calls.retain(|call| !matches!(role[call.span.at()], Role::Stage | Role::None | Role::Pending));
    let mut call_of = vec![u32::MAX; store.len()];
    for (at, call) in (0u32..).zip(&mut own.calls) {
        call_of[call.span.at()] = at;
        call.is_model = role[call.span.at()].is_model();
    }
    // On the way down every span learns which call it is in.
    let mut inside = call_of.clone();
    for &span in order {
        let above = store.parents()[span.at()].get().map_or(u32::MAX, |parent| inside[parent.at()]);
        match call_of[span.at()] {
            u32::MAX => inside[span.at()] = above,
            call => own.calls[call as usize].outer = (above != u32::MAX).then_some(above),
        }
    }
    for (record, request) in streams(store, resolved, own) {
        own.calls[record].outer = Some(request);
    }
    // On the way up every call learns what is stated inside of it.
    let mut inner = vec![Counted::default(); own.calls.len()];
    for &span in order.iter().rev() {
        let at = call_of[span.at()] as usize;
        let Some(call) = own.calls.get_mut(at) else { continue };
        let stated = Counted::stated(call);
        call.counted = stated.without(inner[at]);
        if let Some(outer) = call.outer {
            inner[outer as usize] = inner[outer as usize].with(stated).with(inner[at]);
        }
    }
}

/// Records of streams that have ended, each with the call whose answer it was: the last one beside it that ended
/// before it, on the same process.
fn streams(store: &TraceStore, resolved: &Resolved, own: &Own) -> Vec<(usize, u32)> {
    let is_record = |call: &Call| call.is_model && resolved.took_ns(store, call.span).is_some();
    let records: Vec<usize> = (0..own.calls.len()).filter(|at| is_record(&own.calls[*at])).collect();
    let request = |at: usize| {
        let record = store.span(own.calls[at].span);
        let ended = record.drawn_ns().1;
        let beside = record.parent()?;
        let is_request = |sibling: &SpanIx| {
            let other = store.span(*sibling);
            other.resource_ix() == record.resource_ix()
                && other.drawn_ns().1 <= ended
                && own.role[sibling.at()] == Role::Model
                && resolved.took_ns(store, *sibling).is_none()
        };
        let sibling = store.span(beside).children().iter().copied().rfind(is_request)?;
        let call = own.calls.binary_search_by_key(&sibling, |call| call.span).ok()?;
        Some((at, u32::try_from(call).ok()?))
    };
    records.into_iter().filter_map(request).collect()
}
