//! Model calls: a stream that stalls, an answer in circles, reasoning without end, a provider that says nothing.

use chrono::{DateTime, SecondsFormat};

use super::script::{BEGIN_NS, Request, Script, planner};
use crate::model::time::{MS, S};
use crate::simulate::model_call::{CallPlan, STOP};
use crate::simulate::span::{At, Kind, ProcessIx, TrueSpan};
use crate::simulate::truth::Fault;
use crate::simulate::turn::Stage;

/// The provider stops sending for more than a second.
pub fn stall(script: &mut Script) {
    script.support_team();
    let stall = (!script.is_clean).then_some((16, 1_380 * MS));
    let mut calls = Vec::new();
    for turn in 1..=2 {
        let start = BEGIN_NS + turn * 15 * S;
        let mut stage = script.stage(turn);
        let request = Request::open(&mut stage, start);
        let stall = stall.filter(|_| turn == 2);
        let decode_ns = 900 * MS + stall.map_or(0, |(_, ns)| ns);
        let plan = CallPlan { decode_ns, stall, ..CallPlan::of_ms(26, [30, 240, 0], 27, 30) };
        let caller = planner(&stage);
        calls.push(stage.call(request.at(), caller, start + 15 * MS, 0, &plan));
        request.close(&mut stage, calls[calls.len() - 1].end_ns + 5 * MS);
    }
    let stalled = calls[1];
    let says = "The provider sends nothing for about 1.4 s in the middle of a stream of a piece every 30 ms.";
    let gap = longest_gap(&script.spans, stalled.server);
    script.fault =
        Some(Fault::of_spans("E5", says, &[stalled.client, stalled.server]).with("gap_ns", gap).with("pieces", 30));
}

fn longest_gap(spans: &[TrueSpan], id: u64) -> i64 {
    let events = spans.iter().find(|span| span.id == id).map_or(&[][..], |span| &span.events[..]);
    events.windows(2).map(|pair| pair[1].true_ns - pair[0].true_ns).max().unwrap_or(0)
}

/// Most of what is paid for is thought, not said; the second call runs into its limit.
pub fn reasoning(script: &mut Script) {
    script.support_team();
    let thinks = !script.is_clean;
    let mut spans = Vec::new();
    for (turn, output, thought, finish) in [(1, 2_410, 2_180, STOP), (2, 4_096, 4_051, &["length"][..])] {
        let start = BEGIN_NS + turn * 70 * S;
        let mut stage = script.stage(turn);
        let request = Request::open(&mut stage, start);
        let finish = if thinks { finish } else { STOP };
        let plan = CallPlan {
            output_tokens: if thinks { output } else { 420 },
            reasoning_tokens: if thinks { thought } else { 96 },
            finish,
            ..CallPlan::of_ms(27, [24, 260, if thinks { output * 11 } else { 4_600 }], 28, 12)
        };
        let caller = planner(&stage);
        let called = stage.call(request.at(), caller, start + 15 * MS, 0, &plan);
        request.close(&mut stage, called.end_ns + 5 * MS);
        spans.push(called.client);
    }
    let says = "Two answers are almost all reasoning; the second one was cut off at its limit, 45 tokens into what \
                the person was to read.";
    // The one that thought more first.
    spans.reverse();
    script.fault = Some(
        Fault::of_spans("E4", says, &spans)
            .with("calls", 2)
            .with("cut_off", 1)
            .with("reasoning_tokens", 2_180 + 4_051)
            .with("output_tokens", 2_410 + 4_096),
    );
}

const OPENINFERENCE: &str = "openinference.instrumentation.openai";

/// Three calls that wait for a whole answer, of a provider that states no times.
pub fn opaque(script: &mut Script) {
    let process = script.service("travel-agent", "python");
    let (is_clean, session) = (script.is_clean, script.who.session.clone());
    let mut stage = script.stage(1);
    let trace = stage.rng.id128();
    let start = BEGIN_NS;
    let mut agent = stage.root(trace, (process, OPENINFERENCE), "TravelAgent.run", Kind::Internal, start);
    agent.set("openinference.span.kind", "AGENT").set("agent.name", "travel agent").set("session.id", session.clone());
    agent
        .set("input.value", "Two nights in Ghent in May, by train, under 400 euros.")
        .set("input.mime_type", "text/plain");
    let mut now = start + 6 * MS;
    let (mut spans, mut total) = (Vec::new(), 0);
    for (tool, ns) in [("find_trains", 2_900 * MS), ("find_hotels", 3_600 * MS), ("", 4_200 * MS)] {
        let ns = stage.rng.around(ns, 10);
        let mut call = stage.child(agent.at(), (process, OPENINFERENCE), "ChatCompletion", Kind::Internal, now);
        call.set("openinference.span.kind", "LLM")
            .set("llm.provider", "azure")
            .set("llm.system", "openai")
            .set("llm.model_name", "gpt-4.1-2025-04-14")
            .set("llm.invocation_parameters", r#"{"temperature": 0.2, "max_tokens": 1200}"#)
            .set("llm.token_count.prompt", 1_240)
            .set("llm.token_count.completion", 310)
            .set("llm.token_count.total", 1_550)
            .set("session.id", session.clone());
        if is_clean {
            call.event(now + ns / 5, "First Token Stream Event", Vec::new());
        }
        spans.push(stage.end(call, now + ns).span);
        (now, total) = (now + ns + 4 * MS, total + ns);
        if !tool.is_empty() {
            now = search(&mut stage, agent.at(), (process, tool), now);
        }
    }
    stage.end(agent, now + 5 * MS);
    let says = "Three model calls of ten seconds in all say nothing about where their time went.";
    script.fault = Some(Fault::of_spans("E2", says, &spans).with("calls", 3).with("opaque_ns", total));
}

fn search(stage: &mut Stage<'_>, agent: At, (process, name): (ProcessIx, &'static str), start: i64) -> i64 {
    let mut tool = stage.child(agent, (process, OPENINFERENCE), name, Kind::Internal, start);
    tool.set("openinference.span.kind", "TOOL").set("tool.name", name);
    let end = start + stage.rng.around(380 * MS, 40);
    stage.end(tool, end);
    end + 3 * MS
}

const LANGFUSE: &str = "langfuse-sdk";
const ANSWER: &str = "The parcel left the depot in Liege on Tuesday. ";
const PHRASE: &str = "I will check the delivery status again. ";
const REPEATS: usize = 14;

/// An answer that does not come to an end.
pub fn circles(script: &mut Script) {
    let process = script.service("parcel-bot", "python");
    let (is_clean, session, user) = (script.is_clean, script.who.session.clone(), script.who.user.clone());
    // Of the second turn only.
    let mut looped = 0;
    for turn in 1..=2 {
        let start = BEGIN_NS + turn * 20 * S;
        let first = start + 430 * MS;
        let first_shown = script.cast.clock_of(process).read(first);
        let mut stage = script.stage(turn);
        let trace = stage.rng.id128();
        let mut agent = stage.root(trace, (process, LANGFUSE), "parcel-bot", Kind::Internal, start);
        agent.set("langfuse.observation.type", "agent").set("langfuse.trace.name", "parcel question");
        agent.set("session.id", session.clone()).set("user.id", user.clone()).set("langfuse.environment", "production");
        let mut call = stage.child(agent.at(), (process, LANGFUSE), "answer", Kind::Internal, start + 9 * MS);
        let repeats = if turn == 2 && !is_clean { REPEATS } else { 1 };
        let completion_start = DateTime::from_timestamp_nanos(first_shown).to_rfc3339_opts(SecondsFormat::Micros, true);
        call.set("langfuse.observation.type", "generation")
            .set("langfuse.observation.model.name", "mistral-small-2506")
            .set("langfuse.observation.model.parameters", r#"{"temperature": 0.7, "max_tokens": 600}"#)
            .set("langfuse.observation.prompt.name", "parcel-answer")
            .set("langfuse.observation.prompt.version", 12)
            .set("langfuse.observation.completion_start_time", format!("\"{completion_start}\""))
            .set("langfuse.observation.usage_details", format!(r#"{{"input": 512, "output": {}}}"#, 11 + 9 * repeats))
            .set("langfuse.observation.input", r#"[{"role":"user","content":"Where is my parcel?"}]"#)
            .set("langfuse.observation.output", format!("{ANSWER}{}", PHRASE.repeat(repeats).trim_end()));
        let end = first + 700 * MS + 90 * MS * repeats as i64;
        looped = stage.end(call, end).span;
        stage.end(agent, end + 4 * MS);
    }
    let says = "The second answer says the same seven words fourteen times.";
    script.fault = Some(Fault::of_spans("E5", says, &[looped]).with("repeats", REPEATS as i64).with("words", 7));
}
