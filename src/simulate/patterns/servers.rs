//! Model servers of one's own: stages that contain one another, and units that do not agree.

use super::script::{BEGIN_NS, Script};
use crate::model::time::{MS, S, US};
use crate::simulate::span::{At, Kind, ProcessIx, Value, seconds};
use crate::simulate::truth::Fault;
use crate::simulate::turn::Stage;

const OPENAI: &str = "opentelemetry.instrumentation.openai_v2";
const MODEL: &str = "llama-3.3-70b-instruct";

/// How long a served call takes.
#[derive(Clone, Copy)]
struct Served {
    /// From the client to the server, and the same back.
    hop_ns: i64,
    queue_ns: i64,
    prefill_ns: i64,
    decode_ns: i64,
}

impl Served {
    fn vary(stage: &mut Stage<'_>) -> Self {
        let rng = &mut *stage.rng;
        Self {
            hop_ns: rng.between(700 * US, 1_400 * US),
            queue_ns: rng.between(30 * MS, 140 * MS),
            prefill_ns: rng.around(310 * MS, 40),
            decode_ns: rng.around(1_900 * MS, 30),
        }
    }

    /// On the server.
    const fn ns(self) -> i64 {
        self.queue_ns + self.prefill_ns + self.decode_ns
    }
}

/// The client's side of a call: the server's spans are made by `serve`. Returns when it ended.
fn client(
    stage: &mut Stage<'_>,
    process: ProcessIx,
    start: i64,
    times: Served,
    serve: impl FnOnce(&mut Stage<'_>, At, i64),
) -> i64 {
    let trace = stage.rng.id128();
    let session = stage.who.session.clone();
    let mut agent = stage.root(trace, (process, "chat-api"), "invoke_agent concierge", Kind::Internal, start);
    agent.set("gen_ai.operation.name", "invoke_agent").set("gen_ai.agent.name", "concierge");
    agent.set("session.id", session);
    let name = format!("chat {MODEL}");
    let mut chat = stage.child(agent.at(), (process, OPENAI), name, Kind::Client, start + 2 * MS);
    chat.set("gen_ai.operation.name", "chat")
        .set("gen_ai.provider.name", "openai")
        .set("gen_ai.request.model", MODEL)
        .set("gen_ai.response.model", MODEL)
        .set("gen_ai.response.finish_reasons", &["stop"][..])
        .set("gen_ai.usage.input_tokens", 2_210)
        .set("gen_ai.usage.output_tokens", 260)
        .set("server.address", "llm.internal")
        .set("server.port", 8_000);
    serve(stage, chat.at(), start + 2 * MS + times.hop_ns);
    let end = start + 2 * MS + times.ns() + 2 * times.hop_ns;
    stage.end(chat, end);
    stage.end(agent, end + 3 * MS);
    end + 3 * MS
}

const LLM_D: &str = "llm-d-pd-proxy";

/// The proxy opens its decode span while the prefill span is still open, and below it.
pub fn decode_in_prefill(script: &mut Script) {
    let (api, proxy) = (script.service("chat-api", "python"), script.service("pd-proxy", "go"));
    let is_nested = !script.is_clean;
    let (mut spans, mut inside) = (Vec::new(), 0);
    for turn in 1..=3 {
        let mut stage = script.stage(turn);
        let times = Served::vary(&mut stage);
        client(&mut stage, api, BEGIN_NS + turn * 9 * S, times, |stage, chat, start| {
            let mut request = stage.child(chat, (proxy, LLM_D), "llm_d.pd_proxy.request", Kind::Server, start);
            let millis = |ns: i64| Value::Double((ns / US) as f64 / 1e3);
            request.attrs.push(("llm_d.pd_proxy.total_duration_ms", millis(times.ns())));
            request.set("llm_d.pd_proxy.connector", "nixlv2").set("gen_ai.request.model", MODEL);
            let prefill_at = start + times.queue_ns;
            let decode_at = prefill_at + times.prefill_ns;
            let end = start + times.ns();
            let mut prefill =
                stage.child(request.at(), (proxy, LLM_D), "llm_d.pd_proxy.prefill", Kind::Internal, prefill_at);
            prefill.set("llm_d.pd_proxy.prefill_target", "prefill-3:8000");
            let above = if is_nested { prefill.at() } else { request.at() };
            let mut decode = stage.child(above, (proxy, LLM_D), "llm_d.pd_proxy.decode", Kind::Internal, decode_at);
            decode.set("llm_d.pd_proxy.decode_target", "localhost:8001");
            spans.push(prefill.id);
            stage.end(decode, end - MS / 2);
            stage.end(prefill, if is_nested { end - MS / 4 } else { decode_at });
            stage.end(request, end);
        });
        inside += times.decode_ns - MS / 2;
    }
    let says = "Three prefill spans stay open until decoding is over: what looks like prefill is mostly decode.";
    script.fault = Some(Fault::of_spans("E13", says, &spans).with("calls", 3).with("inside_ns", inside));
}

const VLLM: &str = "vllm.llm_engine";

/// Two replicas behind one address; one of them runs a patched build that writes milliseconds.
pub fn unit_clash(script: &mut Script) {
    let api = script.service("chat-api", "python");
    let replicas = [script.service("vllm", "python"), script.service("vllm", "python")];
    let is_clean = script.is_clean;
    let mut spans = Vec::new();
    for turn in 1..=6 {
        let mut stage = script.stage(turn);
        let times = Served::vary(&mut stage);
        let at = usize::from(turn % 3 == 0);
        let is_wrong = at == 1 && !is_clean;
        client(&mut stage, api, BEGIN_NS + turn * 8 * S, times, |stage, chat, start| {
            let mut request = stage.child(chat, (replicas[at], VLLM), "llm_request", Kind::Server, start);
            request.set("gen_ai.request.id", format!("chatcmpl-{:016x}", request.id));
            request.set("gen_ai.response.model", MODEL).set("gen_ai.request.max_tokens", 1_024);
            request.set("gen_ai.usage.prompt_tokens", 2_210).set("gen_ai.usage.completion_tokens", 260);
            let to_first = times.queue_ns + times.prefill_ns;
            for (key, ns) in [
                ("gen_ai.latency.time_in_queue", times.queue_ns),
                ("gen_ai.latency.time_in_model_prefill", times.prefill_ns),
                ("gen_ai.latency.time_in_model_decode", times.decode_ns),
                ("gen_ai.latency.time_to_first_token", to_first),
                ("gen_ai.latency.e2e", times.ns()),
            ] {
                request.attrs.push((key, if is_wrong { seconds(ns * 1_000) } else { seconds(ns) }));
            }
            if at == 1 {
                spans.push(request.id);
            }
            stage.end(request, start + times.ns());
        });
    }
    let says = "One of two replicas writes its latencies in milliseconds where the other one writes seconds.";
    script.fault = Some(Fault::of_spans("E13", says, &spans).with("calls", 2).with("times", 1_000));
}
