//! What happens to spans on their way: sampled, lost, and written in two dialects.

use super::script::{BEGIN_NS, Script};
use crate::model::time::{MS, S};
use crate::simulate::span::{At, Kind, ProcessIx, TrueSpan, seconds};
use crate::simulate::truth::Fault;
use crate::simulate::turn::Stage;

const AGENT: &str = "quotes";
const OLD: &str = "opentelemetry.instrumentation.openai";
const NEW: &str = "opentelemetry.instrumentation.openai_v2";

/// Requests, of which one in four is kept.
const REQUESTS: i64 = 32;
/// W3C consistent sampling: kept when the last 56 bits of the trace id reach the threshold, `ot=th:c`.
const THRESHOLD: u128 = 0xc0_0000_0000_0000;
const LAST_56_BITS: u128 = (1 << 56) - 1;

/// Traces sampled by their id; of those that are kept, some lost the span of the agent on the way.
pub fn sampled(script: &mut Script) {
    let process = script.service("quote-api", "python");
    let is_clean = script.is_clean;
    let (mut kept, mut orphans, mut lost) = (0, Vec::new(), 0);
    for request in 0..REQUESTS {
        let mut stage = script.stage(request);
        let trace = stage.rng.id128();
        let is_kept = trace & LAST_56_BITS >= THRESHOLD;
        if !is_clean && !is_kept {
            continue;
        }
        // As many tools as keep complete traces of every size among those that are kept.
        let is_broken = !is_clean && kept % 3 == 1;
        let from = stage.out.len();
        let agent = quote(&mut stage, trace, process, BEGIN_NS + request * 5 * S, 1 + kept % 3);
        if is_broken {
            stage.out.retain(|span| span.id != agent);
            lost += 1;
            let children = stage.out[from..].iter().filter(|span| span.parent == agent);
            orphans.extend(children.map(|span| span.id));
        }
        if !is_clean {
            stage.out[from..].iter_mut().for_each(|span| span.trace_state = "ot=th:c");
        }
        kept += 1;
    }
    let says = "One request in four was kept, and of every third trace that was kept the agent's span was lost.";
    script.fault = Some(
        Fault::of_spans("E8", says, &orphans)
            .with("orphans", orphans.len() as i64)
            .with("missing_parents", lost)
            .with("missing_spans", lost)
            .with("missing_traces", REQUESTS - kept),
    );
}

/// One request; returns the agent's span.
fn quote(stage: &mut Stage<'_>, trace: u128, process: ProcessIx, start: i64, tools: i64) -> u64 {
    let mut serve = stage.root(trace, (process, "fastapi"), "POST /quotes", Kind::Server, start);
    serve.set("http.request.method", "POST").set("http.route", "/quotes").set("http.response.status_code", 200);
    let mut agent = stage.child(serve.at(), (process, AGENT), "invoke_agent pricer", Kind::Internal, start + MS);
    agent.set("gen_ai.operation.name", "invoke_agent").set("gen_ai.agent.name", "pricer");
    let mut now = start + 3 * MS;
    let chat = chat(stage, agent.at(), (process, NEW), now);
    now = stage.end(chat.0, chat.1).start_ns + (chat.1 - now) + 2 * MS;
    for _ in 0..tools {
        let name = "execute_tool rate_table";
        let mut tool = stage.child(agent.at(), (process, AGENT), name, Kind::Internal, now);
        tool.set("gen_ai.operation.name", "execute_tool").set("gen_ai.tool.name", "rate_table");
        now += stage.rng.around(40 * MS, 40);
        stage.end(tool, now);
        now += 2 * MS;
    }
    let id = stage.end(agent, now).span;
    stage.end(serve, now + 2 * MS);
    id
}

/// A model call that is still open, and when it ends. By today's names, but for what `amend` changes.
fn chat(stage: &mut Stage<'_>, agent: At, place: (ProcessIx, &'static str), start: i64) -> (TrueSpan, i64) {
    let mut chat = stage.child(agent, place, "chat gpt-4.1-mini", Kind::Client, start);
    let ns = stage.rng.around(900 * MS, 30);
    let (input, output) = (stage.rng.between(300, 900), stage.rng.between(30, 120));
    chat.set("gen_ai.operation.name", "chat").set("gen_ai.request.model", "gpt-4.1-mini");
    chat.set("gen_ai.response.model", "gpt-4.1-mini-2025-04-14");
    chat.attrs.push(("gen_ai.response.time_to_first_chunk", seconds(ns / 3)));
    let names = if place.1 == OLD {
        ["gen_ai.system", "gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens"]
    } else {
        ["gen_ai.provider.name", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"]
    };
    chat.set(names[0], "openai").set(names[1], input).set(names[2], output);
    (chat, start + ns)
}

/// A service that was moved to new names, and a library in it that was not.
pub fn renamed(script: &mut Script) {
    let process = script.service("docs-agent", "python");
    let is_clean = script.is_clean;
    let mut spans = Vec::new();
    for turn in 1..=3 {
        let mut stage = script.stage(turn);
        let trace = stage.rng.id128();
        let start = BEGIN_NS + turn * 11 * S;
        let mut agent = stage.root(trace, (process, AGENT), "invoke_agent writer", Kind::Internal, start);
        agent.set("gen_ai.operation.name", "invoke_agent").set("gen_ai.agent.name", "writer");
        let mut now = start + 2 * MS;
        for scope in [NEW, if is_clean { NEW } else { OLD }] {
            let (call, end) = chat(&mut stage, agent.at(), (process, scope), now);
            if scope == OLD {
                spans.push(call.id);
            }
            stage.end(call, end);
            now = end + 3 * MS;
        }
        stage.end(agent, now);
    }
    let says = "Three traces mix the old names of provider and tokens with the new ones.";
    script.fault = Some(Fault::of_spans("E9", says, &spans).with("traces", 3).with("names", 3));
}
