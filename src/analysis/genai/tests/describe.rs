//! A store as the normaliser sees it, as text.

use std::fmt::Write as _;

use crate::analysis::clocks::domains;
use crate::analysis::genai::{
    AgentIx, AgentMap, Between, Breakdown, CallView, Confidence, Counted, Field, GenAi, Judged, Origin, PhasePart,
    Totals,
};
use crate::model::{SpanIx, TraceStore};

/// Spans that a description lists.
const LISTED: usize = 40;

pub fn describe(store: &TraceStore) -> String {
    let genai = GenAi::analyse(store);
    let mut text = String::new();
    let mut left = LISTED;
    for root in store.span_ixs().filter(|&span| store.span(span).parent().is_none()) {
        span(&genai, store, root, 0, &mut left, &mut text);
    }
    for agent in genai.agents() {
        let inferred = if agent.is_inferred { " (inferred)" } else { "" };
        writeln!(
            text,
            "agent {}{inferred} <- {}{}: {}",
            agent.name,
            agent.source,
            sure(agent.confidence),
            totals(&agent.totals)
        )
        .unwrap();
    }
    for conversation in genai.conversations() {
        let traces = conversation.traces.len();
        writeln!(
            text,
            "conversation {} <- {}{}: {traces} traces, {}",
            conversation.id,
            conversation.source,
            sure(conversation.confidence),
            totals(&conversation.totals)
        )
        .unwrap();
    }
    for turn in genai.turns() {
        let of = turn.conversation.map_or("-", |ix| &genai.conversations()[ix.at()].id);
        writeln!(
            text,
            "turn {}{} of {of}: {} roots, {}",
            turn.number,
            sure(turn.confidence),
            turn.roots.len(),
            totals(&turn.totals)
        )
        .unwrap();
    }
    for handoff in genai.handoffs() {
        let name = |agent: Option<AgentIx>| agent.map_or("?", |agent| &genai.agents()[agent.at()].name);
        writeln!(
            text,
            "handoff {} -> {} by {}{} at {}",
            name(handoff.from),
            name(handoff.to),
            handoff.by,
            sure(handoff.confidence),
            store.span(handoff.span).name()
        )
        .unwrap();
    }
    for retry in genai.retries() {
        writeln!(
            text,
            "retry of {}: {} attempts, gaps {:?} ns, succeeded {}, wasted {}, fallback {}",
            store.span(retry.attempts[0]).name(),
            retry.attempts.len(),
            retry.backoff_ns,
            retry.succeeded,
            retry.wasted_tokens,
            retry.is_fallback
        )
        .unwrap();
    }
    for stitch in genai.stitches() {
        writeln!(
            text,
            "stitch {} under {}: {} by {}: {}",
            store.span(stitch.root).name(),
            store.span(stitch.under).name(),
            stitch.score,
            stitch.by,
            stitch.evidence
        )
        .unwrap();
    }
    for (from, to, edge) in AgentMap::new(&genai, store, &Judged::default()).edges() {
        let name = |agent: AgentIx| &genai.agents()[agent.at()].name;
        writeln!(text, "map {} -> {}: {} x{}", name(from), name(to), edge.kind, edge.count).unwrap();
    }
    breakdown(&genai, store, &mut text);
    writeln!(text, "in all: {}", totals(genai.totals())).unwrap();
    text
}

fn totals(totals: &Totals) -> String {
    let Totals {
        spans,
        errors,
        model_calls,
        tool_calls,
        input_tokens,
        output_tokens,
        cache_read_tokens,
        reasoning_tokens,
        calls_without_tokens,
        cost_nano,
        calls_with_cost,
        ..
    } = totals;
    let mut text = format!("{spans} spans");
    for (count, what) in [
        (errors, "errors"),
        (model_calls, "model calls"),
        (calls_without_tokens, "without tokens"),
        (tool_calls, "tool calls"),
        (cache_read_tokens, "cached"),
        (reasoning_tokens, "reasoning"),
        (cost_nano, "n$"),
        (calls_with_cost, "with cost"),
    ] {
        if *count > 0 {
            write!(text, ", {count} {what}").unwrap();
        }
    }
    write!(text, ", tokens {input_tokens} in {output_tokens} out").unwrap();
    text
}

fn sure(confidence: Confidence) -> String {
    if confidence == Confidence::Stated { String::new() } else { format!(" [{confidence}]") }
}

fn span(genai: &GenAi, store: &TraceStore, ix: SpanIx, depth: usize, left: &mut usize, text: &mut String) {
    if *left == 0 {
        return;
    }
    *left -= 1;
    let view = store.span(ix);
    let indent = " ".repeat(2 * depth);
    let agent = genai.agent_of(ix).map_or("-", |agent| &genai.agents()[agent.at()].name);
    let turn = genai.turn_of(ix).map_or("-", |turn| &genai.turns()[turn.at()].number);
    let conversation = genai.conversation_of(ix).map_or("-", |it| &genai.conversations()[it.at()].id);
    let (role, phase) = (genai.role_of(ix), genai.phase_of(ix));
    writeln!(text, "{indent}{}: {role}, {phase}, agent {agent}, conversation {conversation}, turn {turn}", view.name())
        .unwrap();
    if let Some(call) = genai.call(store, ix) {
        known(&call, &indent, text);
    }
    for part in genai.phases(ix) {
        writeln!(text, "{indent}  | {}", self::part(part, view.start_ns())).unwrap();
    }
    for &child in view.children() {
        span(genai, store, child, depth + 1, left, text);
    }
}

fn known(call: &CallView<'_>, indent: &str, text: &mut String) {
    for known in &call.known {
        if known.field == Field::Kind {
            continue;
        }
        let value: String = known.text.chars().take(60).collect();
        writeln!(text, "{indent}  {} = {value} <- {}{}", known.field.name(), known.source, sure(known.confidence))
            .unwrap();
    }
    if let Some((ns, source, confidence)) = call.ttft() {
        writeln!(text, "{indent}  first token after {} us <- {source}{}", ns / 1000, sure(confidence)).unwrap();
    }
    for asked in call.asked_tools() {
        writeln!(text, "{indent}  asks for {} {}", asked.name, asked.id).unwrap();
    }
    if call.call.is_some_and(|it| it.tokens.is_stated() && !it.counted.has(Counted::INPUT)) {
        writeln!(text, "{indent}  tokens in are not counted").unwrap();
    }
}

pub fn part(part: &PhasePart, start_ns: i64) -> String {
    let (from, to) = ((part.start_ns - start_ns) / 1000, (part.end_ns - start_ns) / 1000);
    let origin = match part.origin {
        Origin::Derived(rule) => {
            let place = if rule.is_place_assumed { ", place assumed" } else { "" };
            format!("derived from {}{}{place}", rule.field.name(), sure(rule.confidence))
        }
        other => other.name().to_owned(),
    };
    let outside = if part.is_outside { ", outside" } else { "" };
    format!("{from}..{to} us {} ({origin}{outside})", part.phase)
}

fn breakdown(genai: &GenAi, store: &TraceStore, text: &mut String) {
    let us = |between: Between| match (between.exact_ns(), between.hi_ns) {
        (Some(ns), _) => format!("{} us", ns / 1000),
        (None, Some(hi)) => format!("{}..{} us", between.lo_ns / 1000, hi / 1000),
        (None, None) => format!("{}.. us", between.lo_ns / 1000),
    };
    let breakdown = Breakdown::of(store, genai, &domains::assign(store), None, store.span_ixs());
    for time in &breakdown.phases {
        let [real, derived, open] = [time.real_ns, time.derived_ns, time.unaccounted_ns].map(|ns| ns / 1000);
        writeln!(
            text,
            "time {}: real {real} derived {derived} unaccounted {open} us, busy {}",
            time.phase,
            us(time.busy)
        )
        .unwrap();
    }
}
