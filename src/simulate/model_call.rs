//! Model calls: the agents' client span, and the provider's own spans inside it.

use super::span::{At, Kind, ProcessIx, TrueSpan, seconds};
use super::turn::Stage;
use crate::model::time::{MS, US};

const ANTHROPIC: &str = "opentelemetry.instrumentation.anthropic";
pub const PROVIDER: &str = "com.anthropic.claude-platform";
const MODEL: &str = "claude-sonnet-4-5";
const SNAPSHOT: &str = "claude-sonnet-4-5-20250929";
const CHAT: &str = "chat claude-sonnet-4-5";
const CHUNK: &str = "gen_ai.content.completion.chunk";

/// One model call that succeeds. Durations in nanoseconds.
#[derive(Clone, Debug)]
pub struct CallPlan {
    /// From the caller to the provider, and back.
    pub out_ns: i64,
    pub back_ns: i64,
    pub queue_ns: i64,
    pub prefill_ns: i64,
    pub decode_ns: i64,
    /// How long the provider's span stays open after the last chunk, to count what was used.
    pub linger_ns: i64,
    pub chunks: i64,
    /// After which chunk the stream stalls, and for how long.
    pub stall: Option<(i64, i64)>,
    pub input_tokens: i64,
    pub output_tokens: i64,
    pub reasoning_tokens: i64,
    /// `stop` or `tool_call`.
    pub finish: &'static [&'static str],
}

pub const STOP: &[&str] = &["stop"];
pub const TOOL_CALL: &[&str] = &["tool_call"];

/// An attempt that the provider refuses with a 429.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// How long the attempt took.
    pub ns: i64,
    /// How long the caller waits afterwards.
    pub backoff_ns: i64,
}

/// Who calls, as the conventions name it.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    pub process: ProcessIx,
    pub agent: &'static str,
    pub prompt: &'static str,
    pub prompt_version: &'static str,
}

/// The spans of a call.
#[derive(Clone, Copy, Debug)]
pub struct Called {
    pub client: u64,
    pub server: u64,
    pub end_ns: i64,
}

impl CallPlan {
    /// A call of so many milliseconds out, in queue, prefill and decode, and back.
    pub const fn of_ms(out_ms: i64, [queue, prefill, decode]: [i64; 3], back_ms: i64, chunks: i64) -> Self {
        Self {
            out_ns: out_ms * MS,
            back_ns: back_ms * MS,
            queue_ns: queue * MS,
            prefill_ns: prefill * MS,
            decode_ns: decode * MS,
            linger_ns: 0,
            chunks,
            stall: None,
            input_tokens: 700 + prefill * 3,
            output_tokens: chunks * 5 + 8,
            reasoning_tokens: 0,
            finish: STOP,
        }
    }

    /// How long the caller waits in all.
    pub const fn ns(&self) -> i64 {
        self.out_ns + self.server_ns() + self.back_ns
    }

    const fn server_ns(&self) -> i64 {
        self.queue_ns + self.prefill_ns + self.decode_ns
    }
}

impl Stage<'_> {
    /// A model call that succeeds on its `attempt`-th try, from 0.
    pub fn call(&mut self, parent: At, caller: Caller, start: i64, attempt: i64, plan: &CallPlan) -> Called {
        let mut chat = self.chat(parent, caller, start, attempt);
        let served = start + plan.out_ns;
        let mut message = self.message(chat.at(), served, 200);
        let id = format!("msg_01{:016x}", self.rng.next());
        let first_chunk = plan.out_ns + plan.queue_ns + plan.prefill_ns + plan.back_ns;
        chat.set("gen_ai.response.id", id.clone())
            .set("gen_ai.response.model", SNAPSHOT)
            .set("gen_ai.response.finish_reasons", plan.finish)
            .set("gen_ai.usage.cache_read.input_tokens", plan.input_tokens * 3 / 5)
            .set("http.response.status_code", 200);
        chat.attrs.push(("gen_ai.response.time_to_first_chunk", seconds(first_chunk)));
        message.set("gen_ai.response.id", id);
        for span in [&mut chat, &mut message] {
            span.set("gen_ai.usage.input_tokens", plan.input_tokens)
                .set("gen_ai.usage.output_tokens", plan.output_tokens)
                .set("gen_ai.usage.reasoning.output_tokens", plan.reasoning_tokens);
        }
        if self.is_rich {
            set_messages(&mut chat, caller.agent, plan);
        }
        self.chunks(&mut chat, &mut message, plan);
        self.phases(&mut message, plan);
        let (client, server) = (chat.id, message.id);
        self.end(message, served + plan.server_ns() + plan.linger_ns);
        let end_ns = start + plan.ns();
        self.end(chat, end_ns);
        Called { client, server, end_ns }
    }

    /// A model call that is refused; returns its id.
    pub fn refused(&mut self, parent: At, caller: Caller, start: i64, attempt: i64, refusal: Refusal) -> u64 {
        let mut chat = self.chat(parent, caller, start, attempt);
        chat.fail("429", "rate_limit_error: number of request tokens has exceeded your per-minute rate limit")
            .set("http.response.status_code", 429)
            .set("retry-after-ms", refusal.backoff_ns / MS);
        let mut message = self.message(chat.at(), start + refusal.ns * 2 / 5, 429);
        message.fail("429", "rate_limit_error");
        self.end(message, start + refusal.ns * 3 / 5);
        let id = chat.id;
        self.end(chat, start + refusal.ns);
        id
    }

    fn chat(&mut self, parent: At, caller: Caller, start: i64, attempt: i64) -> TrueSpan {
        let mut chat = self.child(parent, (caller.process, ANTHROPIC), CHAT, Kind::Client, start);
        chat.set("gen_ai.operation.name", "chat")
            .set("gen_ai.provider.name", "anthropic")
            .set("gen_ai.request.model", MODEL)
            .set("gen_ai.request.max_tokens", 4_096)
            .set("gen_ai.request.stream", true)
            .set("gen_ai.request.reasoning.level", "medium")
            .set("gen_ai.agent.name", caller.agent)
            .set("gen_ai.prompt.name", caller.prompt)
            .set("gen_ai.prompt.version", caller.prompt_version)
            .set("server.address", "api.anthropic.com");
        if attempt > 0 {
            chat.set("http.request.resend_count", attempt);
        }
        chat
    }

    fn message(&mut self, parent: At, start: i64, status: i64) -> TrueSpan {
        let place = (self.roles.provider, PROVIDER);
        let mut message = self.child(parent, place, "messages.create", Kind::Server, start);
        let request = format!("req_011{:016x}", self.rng.next());
        message
            .set("gen_ai.operation.name", "chat")
            .set("gen_ai.request.model", MODEL)
            .set("http.response.status_code", status)
            .set("anthropic.request_id", request)
            .set("anthropic.service_tier", "standard");
        message
    }

    /// The provider says how long the phases took, both as durations and as spans.
    fn phases(&mut self, message: &mut TrueSpan, plan: &CallPlan) {
        let first_token = plan.queue_ns + plan.prefill_ns;
        for (key, ns) in [
            ("gen_ai.latency.time_in_queue", plan.queue_ns),
            ("gen_ai.latency.time_in_model_prefill", plan.prefill_ns),
            ("gen_ai.latency.time_in_model_decode", plan.decode_ns),
            ("gen_ai.latency.time_to_first_token", first_token),
            ("gen_ai.latency.e2e", plan.server_ns()),
        ] {
            message.attrs.push((key, seconds(ns)));
        }
        let mut start = message.start_ns;
        for (name, ns) in [("queue", plan.queue_ns), ("prefill", plan.prefill_ns), ("decode", plan.decode_ns)] {
            let place = (self.roles.provider, PROVIDER);
            let mut phase = self.child(message.at(), place, name, Kind::Internal, start);
            phase
                .set("anthropic.phase", name)
                .set("anthropic.pool", "us-east5-b")
                .set("anthropic.service_tier", "standard")
                .set("anthropic.batch_size", 1 + plan.input_tokens % 48)
                .set("gen_ai.operation.name", "chat")
                .set("gen_ai.provider.name", "anthropic")
                .set("gen_ai.request.model", MODEL)
                .set("gen_ai.usage.input_tokens", plan.input_tokens)
                .set("gen_ai.usage.output_tokens", plan.output_tokens);
            self.end(phase, start + ns);
            start += ns;
        }
    }

    /// Streams the answer: the provider sends a chunk, the caller receives it a little later.
    fn chunks(&mut self, chat: &mut TrueSpan, message: &mut TrueSpan, plan: &CallPlan) {
        let shown = if self.is_rich { plan.chunks } else { plan.chunks.min(2) };
        if shown == 0 {
            return;
        }
        let (stall_after, stall_ns) = plan.stall.unwrap_or((plan.chunks, 0));
        // The last chunk leaves 1.5 ms before decoding is over.
        let gap = (plan.decode_ns - 1_500 * US - stall_ns) / plan.chunks;
        let decode_start = message.start_ns + plan.queue_ns + plan.prefill_ns;
        let mut received_before = 0;
        for number in 0..shown {
            let stalled = if number >= stall_after { stall_ns } else { 0 };
            let jitter = if number == 0 { 0 } else { self.rng.between(-gap / 5, gap / 5) };
            let sent = decode_start + number * gap + stalled + jitter;
            let received = (sent + plan.back_ns + self.rng.between(0, 900 * US)).max(received_before);
            received_before = received;
            let tokens = plan.output_tokens * (number + 1) / plan.chunks;
            message.event(sent, CHUNK, vec![("gen_ai.usage.output_tokens", tokens.into())]);
            chat.event(received, CHUNK, vec![("gen_ai.usage.output_tokens", tokens.into())]);
        }
    }
}

/// Texts, for a details drawer that has something to fold.
fn set_messages(chat: &mut TrueSpan, agent: &str, plan: &CallPlan) {
    let (asked, answered) = match agent {
        "planner" => (
            "My order 8841 shipped in two parcels, one never came. What are my options before Friday?",
            "I will look up the parcel, the refund policy for split shipments and the courier's claim window, \
             then compare a reshipment with a refund.",
        ),
        "researcher" => (
            "Find the current claim window for lost parcels of split shipments, with the source.",
            "Claims are open for 14 days after the last scan; the shop can reship at once (policy 4.2).",
        ),
        _ => (
            "Check the draft for promises that policy 4.2 does not cover.",
            "One promise is too broad: a refund within 24 hours is only given for unshipped items.",
        ),
    };
    let finish = plan.finish.first().copied().unwrap_or_default();
    chat.set(
        "gen_ai.input.messages",
        format!(
            r#"[{{"role":"system","parts":[{{"type":"text","content":"You are the {agent} of a support team."}}]}},{{"role":"user","parts":[{{"type":"text","content":"{asked}"}}]}}]"#
        ),
    );
    chat.set(
        "gen_ai.output.messages",
        format!(
            r#"[{{"role":"assistant","parts":[{{"type":"text","content":"{answered}"}}],"finish_reason":"{finish}"}}]"#
        ),
    );
}
