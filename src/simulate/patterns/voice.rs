//! A call by voice: the agent's worker hears and speaks, another service thinks.

use super::script::{BEGIN_NS, Script};
use crate::model::time::{MS, S};
use crate::simulate::span::{At, Kind, ProcessIx, seconds};
use crate::simulate::truth::Fault;
use crate::simulate::turn::Stage;

const LIVEKIT: &str = "livekit-agents";
const ROOM: &str = "room-8f2c";

/// Where the two sides are.
#[derive(Clone, Copy)]
struct Sides {
    worker: ProcessIx,
    brain: ProcessIx,
}

/// Speech and text in traces of their own; in the twin the context went along.
pub fn session(script: &mut Script) {
    let sides = Sides { worker: script.service("voice-agent", "python"), brain: script.service("dialog", "python") };
    let is_clean = script.is_clean;
    let mut stage = script.stage(1);
    let trace = stage.rng.id128();
    let place = (sides.worker, LIVEKIT);
    let mut call = stage.root(trace, place, "agent_session", Kind::Internal, BEGIN_NS);
    call.set("lk.room_name", ROOM).set("lk.job_id", "AJ_4kQ9");
    let mut now = BEGIN_NS + 2 * S;
    let (mut spoken, mut written) = (0, Vec::new());
    for turn in 0..3 {
        let (said, text, end) = exchange(&mut stage, call.at(), sides, is_clean, turn, now);
        spoken = if turn == 0 { said } else { spoken };
        written.push(text);
        now = end + 1_500 * MS;
    }
    stage.end(call, now);
    let says = "What the caller heard is in one trace and what the model did about it in three others.";
    let spans = [spoken, written[0], written[1], written[2]];
    script.fault = Some(Fault::of_spans("E10", says, &spans).with("speech_traces", 1).with("text_traces", 3));
}

/// The caller speaks and is answered; returns the span of speech, the model call, and when it was over.
fn exchange(stage: &mut Stage<'_>, call: At, sides: Sides, is_one: bool, turn: i64, start: i64) -> (u64, u64, i64) {
    let place = (sides.worker, LIVEKIT);
    let spoke_ns = stage.rng.around(2_200 * MS, 30);
    let heard = stage.child(call, place, "user_turn", Kind::Internal, start);
    let ended = start + spoke_ns;
    let mut detected = stage.child(heard.at(), place, "eou_detection", Kind::Internal, ended);
    detected.attrs.push(("lk.end_of_turn_delay", seconds(320 * MS)));
    stage.end(detected, ended + 320 * MS);
    stage.end(heard, ended + 330 * MS);

    let mut answer = stage.child(call, place, "agent_turn", Kind::Internal, ended + 340 * MS);
    answer.set("lk.speech_id", format!("speech_{turn}"));
    let node = stage.child(answer.at(), place, "llm_node", Kind::Internal, ended + 345 * MS);
    let mut post = stage.child(node.at(), place, "POST", Kind::Client, ended + 350 * MS);
    post.set("http.request.method", "POST")
        .set("server.address", "dialog.internal")
        .set("http.response.status_code", 200);
    let (text, thought) = think(stage, post.at(), sides.brain, is_one, ended + 352 * MS);
    stage.end(post, thought + MS);
    stage.end(node, thought + 6 * MS);
    let speech = stage.child(answer.at(), place, "tts_node", Kind::Internal, thought + 8 * MS);
    let mut request = stage.child(speech.at(), place, "tts_request", Kind::Client, thought + 10 * MS);
    let (first_ns, ns) = (stage.rng.around(180 * MS, 20), stage.rng.around(900 * MS, 20));
    request.attrs.push(("lk.response.ttfb", seconds(first_ns)));
    request.set("lk.provider", "cartesia").set("gen_ai.request.model", "sonic-2");
    let spoken = stage.end(request, thought + 10 * MS + ns);
    stage.end(speech, thought + 14 * MS + ns);
    // From the end of what the caller said to the first sound of the answer.
    answer.attrs.push(("lk.e2e_latency", seconds(thought + 10 * MS + first_ns - ended)));
    let end = thought + 20 * MS + ns;
    stage.end(answer, end);
    (spoken.span, text, end)
}

/// The service behind it; returns the model call, and when the answer was there.
fn think(stage: &mut Stage<'_>, caller: At, brain: ProcessIx, is_one: bool, start: i64) -> (u64, i64) {
    let place = (brain, "opentelemetry.instrumentation.fastapi");
    let mut serve = if is_one {
        stage.child(caller, place, "POST /turn", Kind::Server, start)
    } else {
        let trace = stage.rng.id128();
        stage.root(trace, place, "POST /turn", Kind::Server, start)
    };
    serve.set("http.request.method", "POST").set("http.route", "/turn").set("http.response.status_code", 200);
    let conversation = "gen_ai.conversation.id";
    let mut agent = stage.child(serve.at(), (brain, "dialog"), "invoke_agent concierge", Kind::Internal, start + MS);
    agent.set("gen_ai.operation.name", "invoke_agent").set("gen_ai.agent.name", "concierge").set(conversation, ROOM);
    let place = (brain, "opentelemetry.instrumentation.openai_v2");
    let mut chat = stage.child(agent.at(), place, "chat gpt-4o-mini", Kind::Client, start + 3 * MS);
    let ns = stage.rng.around(760 * MS, 30);
    chat.set("gen_ai.operation.name", "chat")
        .set("gen_ai.provider.name", "openai")
        .set("gen_ai.request.model", "gpt-4o-mini")
        .set("gen_ai.response.model", "gpt-4o-mini-2024-07-18")
        .set("gen_ai.usage.input_tokens", 910)
        .set("gen_ai.usage.output_tokens", 46)
        .set("gen_ai.request.stream", true)
        .set(conversation, ROOM);
    chat.attrs.push(("gen_ai.response.time_to_first_chunk", seconds(ns * 3 / 5)));
    let end = start + 3 * MS + ns;
    let at = stage.end(chat, end);
    stage.end(agent, end + MS);
    stage.end(serve, end + 2 * MS);
    (at.span, end + 3 * MS)
}
