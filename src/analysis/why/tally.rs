//! From a critical path to what its time was spent on.
//!
//! The stretches of a span on the path, the children that it waited for and the orders that are not known tile it, so
//! that what is left of its own length, measured on its own clock, is its own, wherever on other clocks its children are.

use std::collections::{BTreeMap, BTreeSet};

use super::parts::{Amount, What};
use super::words::{name_of, service, shortened};
use crate::analysis::clocks::EventKey;
use crate::analysis::clocks::causal::Point;
use crate::analysis::critical_path::{CriticalPath, Segment};
use crate::analysis::genai::{Field, Origin, Phase, PhasePart, Role};
use crate::analysis::reading::Context;
use crate::model::{DomainIx, SpanFlags, SpanIx, SpanKind};

/// How far above a span its model call, tool or agent is looked for.
const DEPTH: usize = 256;
/// Spans beside a wait that are looked at for the attempt that failed before it.
const MOST_BESIDE: usize = 64;
/// Names of spans in an unknown order that are kept.
const MOST_NAMES: usize = 3;

/// Sums of what time was spent on.
pub struct Tally<'a> {
    context: Context<'a>,
    pub amounts: BTreeMap<What, Amount>,
}

/// What the path says about one span.
#[derive(Default)]
struct Own<'p> {
    segments: Vec<&'p Segment>,
    /// Lengths of the children that it waited for, each on its own clock.
    children_ns: i64,
    /// The first child on another clock that it waited for.
    elsewhere: Option<SpanIx>,
}

impl<'a> Tally<'a> {
    pub fn new(context: &Context<'a>) -> Self {
        Self { context: *context, amounts: BTreeMap::new() }
    }

    /// Adds what `path` says about the time of `top`.
    pub fn add(&mut self, top: SpanIx, path: &CriticalPath) {
        let owns = self.owns(path);
        let calls = self.model_calls(top, &owns);
        let whole: BTreeSet<SpanIx> = calls.values().copied().collect();
        for call in whole {
            // What a tool looks up is the tool's time; phases of calls that answer nobody in words say little.
            if self.context.genai.role_of(call) == Role::Model {
                self.model_call(call);
            } else {
                let (what, length_ns) = (self.what(call), self.length_ns(call));
                self.of(what).add(call, length_ns);
            }
        }
        for (span, own) in owns {
            if !calls.contains_key(&span) {
                self.own(span, &own);
            }
        }
    }

    /// Adds the time between two spans of a turn that one clock stamped.
    pub fn gap(&mut self, before: SpanIx, after: SpanIx) {
        let view = |span| self.context.store.span(span);
        let ns = view(after).start_ns().saturating_sub(view(before).end_ns());
        if ns > 0 {
            self.of(What::Gap).add(after, ns);
        }
    }

    fn of(&mut self, what: What) -> &mut Amount {
        self.amounts.entry(what).or_default()
    }

    fn clock(&self, span: SpanIx) -> Option<DomainIx> {
        self.context.domains.of_span.get(span.at()).copied()
    }

    fn length_ns(&self, span: SpanIx) -> i64 {
        self.context.store.span(span).duration_ns().unwrap_or(0).max(0)
    }

    fn owns<'p>(&self, path: &'p CriticalPath) -> BTreeMap<SpanIx, Own<'p>> {
        let store = self.context.store;
        let senders: BTreeMap<SpanIx, SpanIx> = path.relays.iter().copied().collect();
        let mut owns: BTreeMap<SpanIx, Own<'p>> = BTreeMap::new();
        for segment in &path.segments {
            let own = owns.entry(segment.span).or_default();
            own.segments.push(segment);
            let EventKey { span: child, point } = segment.from;
            let is_child = point == Point::End && store.span(child).parent() == Some(segment.span);
            if !is_child || child == segment.span || !segment.unknown.is_empty() {
                continue;
            }
            // A step that passed on a stream counts from the end of its call on, and the call as a whole.
            let taken = match senders.get(&child) {
                Some(&call) => {
                    let after = store.span(child).end_ns().saturating_sub(store.span(call).end_ns());
                    self.length_ns(call).saturating_add(after.max(0))
                }
                None => self.length_ns(child),
            };
            own.children_ns = own.children_ns.saturating_add(taken);
            if self.clock(child) != self.clock(segment.span) {
                own.elsewhere.get_or_insert(child);
            }
        }
        owns
    }

    /// The model call that each span on the path is in, where nothing else than the model is at work in it: the outermost
    /// such call, as far up as `top`. A call around that is longer than what is explained.
    fn model_calls(&self, top: SpanIx, owns: &BTreeMap<SpanIx, Own<'_>>) -> BTreeMap<SpanIx, SpanIx> {
        let genai = self.context.genai;
        let mut mixed: BTreeSet<SpanIx> = BTreeSet::new();
        for &span in owns.keys() {
            let is_other = matches!(
                genai.role_of(span),
                Role::Agent
                    | Role::Workflow
                    | Role::Tool
                    | Role::Retrieval
                    | Role::Handoff
                    | Role::Human
                    | Role::Backoff
            );
            if is_other {
                mixed.extend(self.above(span));
            }
        }
        let call = |span: SpanIx| {
            let is_call = |up: &SpanIx| genai.role_of(*up).is_model() && !mixed.contains(up);
            let outside = self.context.store.span(top).parent();
            self.above(span).take_while(|up| Some(*up) != outside).filter(is_call).last()
        };
        owns.keys().filter_map(|&span| Some((span, call(span)?))).collect()
    }

    /// `span` and what is above it.
    fn above(&self, span: SpanIx) -> impl Iterator<Item = SpanIx> {
        std::iter::successors(Some(span), |&up| self.context.store.span(up).parent()).take(DEPTH)
    }

    /// A model call by its phases, or by why it failed.
    fn model_call(&mut self, call: SpanIx) {
        let genai = self.context.genai;
        let length_ns = self.length_ns(call);
        if genai.has_failed(call) {
            let reason = self.reason(call);
            return self.of(What::Failed(reason)).add(call, length_ns);
        }
        let tokens = genai.tokens_of(call);
        let parts = genai.phases(call);
        let says_nothing = parts.iter().all(|part| part.origin == Origin::Unaccounted);
        let (mut left, mut seen) = (length_ns, BTreeSet::new());
        for (part, ns) in tiled(parts, self.context.store.span(call).drawn_ns()) {
            if part.origin == Origin::Unaccounted {
                continue;
            }
            left -= ns;
            let amount = self.of(What::Phase(part.phase));
            amount.add(call, ns);
            amount.is_derived |= part.origin != Origin::Real;
            if seen.insert(part.phase) {
                amount.count(tokens);
            }
        }
        if left > 0 {
            let what = if says_nothing { What::Phase(Phase::Opaque) } else { What::Rest };
            self.of(what).add(call, left);
        }
    }

    /// The stretches of one span that is not part of a model call.
    fn own(&mut self, span: SpanIx, own: &Own<'_>) {
        let mut left = self.length_ns(span).saturating_sub(own.children_ns);
        let (mut open, mut hatched) = (0_u32, Vec::new());
        let exact: Vec<(&Segment, i64)> =
            own.segments.iter().filter_map(|segment| Some((*segment, self.exact_ns(segment)?))).collect();
        for &(segment, ns) in &exact {
            left = left.saturating_sub(ns);
            if segment.unknown.is_empty() {
                self.stretch(segment, ns);
            } else {
                self.unknown(segment, ns, ns);
            }
        }
        // Of one that passed on a stream, or was cut, only its stretches are on the path.
        let Some(left) = Some(left).filter(|left| *left > 0 && exact.len() < own.segments.len()) else { return };
        for &segment in own.segments.iter().filter(|segment| self.exact_ns(segment).is_none()) {
            if segment.unknown.is_empty() {
                open += 1;
            } else {
                hatched.push((segment, self.between(segment, left)));
            }
        }
        if open == 0 && hatched.len() == 1 {
            return self.unknown(hatched[0].0, left, left);
        }
        let (mut least, mut most) = (0_i64, 0_i64);
        for (segment, (lo, hi)) in hatched {
            (least, most) = (least.saturating_add(lo), most.saturating_add(hi));
            self.unknown(segment, lo, hi);
        }
        if open > 0 {
            let what = self.what_open(span, own.elsewhere);
            self.of(what).add_between(span, left.saturating_sub(most).max(0), left.saturating_sub(least).max(0));
        }
    }

    /// The length of a stretch that one clock measured.
    fn exact_ns(&self, segment: &Segment) -> Option<i64> {
        let clock = self.clock(segment.span);
        let is_own = |key: EventKey| self.clock(key.span) == clock;
        let at = |key: EventKey| {
            let view = self.context.store.span(key.span);
            if key.point == Point::Start { view.start_ns() } else { view.end_ns() }
        };
        let ns = at(segment.to).saturating_sub(at(segment.from)).max(0);
        (is_own(segment.from) && is_own(segment.to)).then_some(ns)
    }

    /// What is known about a stretch between clocks that is part of `most_ns`.
    fn between(&self, segment: &Segment, most_ns: i64) -> (i64, i64) {
        let Context { store, domains, clocks, .. } = self.context;
        let between = clocks.and_then(|clocks| clocks.between(store, domains, segment.from, segment.to));
        let lo = between.and_then(|between| between.lo_ns).unwrap_or(0).clamp(0, most_ns);
        let hi = between.and_then(|between| between.hi_ns).unwrap_or(most_ns).clamp(lo, most_ns);
        (lo, hi)
    }

    /// Certain own time of a span: its work, or the time between two attempts.
    fn stretch(&mut self, segment: &Segment, ns: i64) {
        let genai = self.context.genai;
        let (from, to) = (segment.from, segment.to);
        let attempts = (from.point == Point::End && to.point == Point::Start && from.span != segment.span)
            .then(|| genai.retry_of(from.span).zip(genai.retry_of(to.span)));
        if let Some(Some((before, after))) = attempts
            && before == after
        {
            let reason = self.reason(from.span);
            let amount = self.of(What::Backoff(reason));
            amount.add(from.span, ns);
            amount.show(to.span);
            // No span says that it is a wait.
            amount.is_derived = true;
            return;
        }
        let what = self.what(segment.span);
        self.of(what).add(segment.span, ns);
    }

    fn unknown(&mut self, segment: &Segment, lo_ns: i64, hi_ns: i64) {
        let mut names: Vec<String> = segment.unknown.iter().map(|span| name_of(self.context.store, *span)).collect();
        names.sort_unstable();
        names.dedup();
        let more = names.len().saturating_sub(MOST_NAMES);
        names.truncate(MOST_NAMES);
        if more > 0 {
            names.push(format!("{more} more"));
        }
        let amount = self.of(What::Unknown(names));
        amount.add_between(segment.unknown.first().copied().unwrap_or(segment.span), lo_ns, hi_ns);
        segment.unknown.iter().for_each(|span| amount.show(*span));
    }

    /// What a span's own time is.
    fn what(&self, span: SpanIx) -> What {
        let Context { store, genai, .. } = self.context;
        let (role, phase) = (genai.role_of(span), genai.phase_of(span));
        let name = |span: SpanIx| name_of(store, span);
        let nearest = |role: Role| self.above(span).find(|up| genai.role_of(*up) == role);
        let tool = self.tool(span);
        match (role, phase) {
            (Role::Backoff, _) | (_, Phase::Backoff) => What::Backoff(self.failed_before(span)),
            (Role::Human, _) | (_, Phase::HumanWait) => What::Human,
            (Role::Stage, phase) => What::Phase(phase),
            _ if tool.is_some() => What::Tool(tool.unwrap_or_default()),
            (_, Phase::Retrieval) => What::Retrieval(nearest(Role::Retrieval).map_or_else(|| name(span), name)),
            (Role::Agent, _) => match genai.agent_of(span).and_then(|ix| genai.agents().get(ix.at())) {
                Some(agent) => What::Agent(shortened(&agent.name)),
                None => What::Step(name(span), String::new()),
            },
            _ => What::Step(name(span), service(store, span)),
        }
    }

    /// What the time of a span is that no clock places: on the way to a server and back, where it is a call.
    fn what_open(&self, span: SpanIx, elsewhere: Option<SpanIx>) -> What {
        let store = self.context.store;
        let is_call = matches!(store.span(span).kind(), SpanKind::Client | SpanKind::Producer);
        match elsewhere.filter(|_| is_call && self.tool(span).is_none()) {
            Some(server) => What::Between(service(store, span), service(store, server)),
            None => self.what(span),
        }
    }

    /// The tool that is at work in `span`: no agent or model is at work below it there.
    fn tool(&self, span: SpanIx) -> Option<String> {
        let Context { store, genai, .. } = self.context;
        let decides =
            |up: &SpanIx| matches!(genai.role_of(*up), Role::Tool | Role::Agent | Role::Model | Role::Handoff);
        let tool = self.above(span).find(decides).filter(|up| genai.role_of(*up) == Role::Tool)?;
        let view = genai.call(store, tool);
        let stated = view.as_ref().and_then(|view| view.text(Field::ToolName));
        Some(stated.map_or_else(|| name_of(store, tool), shortened))
    }

    /// Why `span` failed, in a word: `429`, `timeout`; empty when it does not say.
    fn reason(&self, span: SpanIx) -> String {
        let Context { store, genai, .. } = self.context;
        let view = genai.view(store, span);
        let field = |field| view.text(field).filter(|text| !text.is_empty());
        field(Field::ErrorType).or_else(|| field(Field::HttpStatus)).map_or_else(String::new, shortened)
    }

    /// Why the attempt failed that came before the wait `wait`: the last failed span beside it that ended before it.
    fn failed_before(&self, wait: SpanIx) -> String {
        let Context { store, genai, .. } = self.context;
        let view = store.span(wait);
        let beside = view.parent().map_or(&[][..], |parent| store.span(parent).children());
        // Children come by start.
        let at = beside.partition_point(|child| store.span(*child).start_ns() < view.start_ns());
        let earlier = beside[..at].iter().rev().take(MOST_BESIDE).copied();
        let has_failed = |span: &SpanIx| genai.has_failed(*span) || store.flags()[span.at()].has(SpanFlags::ERROR);
        let mut failed = earlier.filter(|span| {
            self.clock(*span) == self.clock(wait) && store.span(*span).end_ns() <= view.start_ns() && has_failed(span)
        });
        failed.next().map_or_else(String::new, |span| self.reason(span))
    }
}

/// Lengths of the parts of a call from `start` to `end` so that no time counts twice: where several go on at once, it
/// counts for the one that comes last in the course of a call.
fn tiled(parts: &[PhasePart], (start, end): (i64, i64)) -> Vec<(&PhasePart, i64)> {
    let mut sorted: Vec<&PhasePart> = parts.iter().collect();
    sorted.sort_by_key(|part| (part.origin == Origin::Unaccounted, std::cmp::Reverse(part.phase), part.start_ns));
    let mut covered: Vec<(i64, i64)> = Vec::new();
    let mut lengths = Vec::with_capacity(sorted.len());
    for part in sorted {
        let (from, to) = (part.start_ns.max(start), part.end_ns.min(end));
        if to <= from {
            continue;
        }
        let known: i64 = covered.iter().map(|(a, b)| (to.min(*b) - from.max(*a)).max(0)).sum();
        lengths.push((part, (to - from) - known));
        covered.push((from, to));
        covered = united(covered);
    }
    lengths
}

fn united(mut times: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    times.sort_unstable();
    times.dedup_by(|next, last| {
        let touches = next.0 <= last.1;
        if touches {
            last.1 = last.1.max(next.1);
        }
        touches
    });
    times
}
