//! The agents' part of a turn: planner, researchers, critic.

use super::model_call::{CallPlan, Caller, STOP};
use super::span::{At, Kind, TrueSpan};
use super::turn::{AGENTS, FASTAPI, Mishap, Plan, Played, Researcher, Stage, set_http};
use crate::model::time::{MS, US};

/// From the end of the planner's answer to the start of the transfer, and from its end to the critic.
pub const TRANSFER_AFTER_NS: i64 = 2 * MS;
const TRANSFER_NS: i64 = 38 * MS;
pub const CRITIC_AFTER_NS: i64 = 20 * MS;

impl Stage<'_> {
    /// Begins a span of an agent's own work.
    pub fn step(&mut self, parent: At, name: &'static str, agent: &'static str, start: i64) -> TrueSpan {
        let mut span = self.child(parent, (parent.process, AGENTS), name, Kind::Internal, start);
        span.set("gen_ai.agent.name", agent).set("code.function.name", name);
        span
    }

    fn whole_step(&mut self, parent: At, name: &'static str, agent: &'static str, (start, end): (i64, i64)) -> At {
        let span = self.step(parent, name, agent, start);
        self.end(span, end)
    }

    /// Begins the execution of a tool; `name` is the span's, `execute_tool …`.
    pub fn tool(&mut self, parent: At, name: &'static str, agent: &'static str, start: i64) -> TrueSpan {
        let mut span = self.step(parent, name, agent, start);
        let call = tool_call_id(span.id);
        span.set("gen_ai.operation.name", "execute_tool").set("gen_ai.tool.call.id", call);
        span.set("gen_ai.tool.name", name.trim_start_matches("execute_tool ")).set("gen_ai.tool.type", "function");
        span
    }

    /// Begins an agent's span, `invoke_agent …`.
    pub fn invoke(&mut self, parent: At, name: &'static str, agent: &'static str, start: i64) -> TrueSpan {
        let mut span = self.step(parent, name, agent, start);
        span.set("gen_ai.operation.name", "invoke_agent").set("gen_ai.provider.name", "anthropic");
        span
    }

    /// Everything that the planner's pod does for one turn; returns when it answered.
    pub fn planner(&mut self, parent: At, start: i64, plan: &Plan, played: &mut Played) -> i64 {
        let mut serve = self.child(parent, (self.roles.planner, FASTAPI), "POST /runs", Kind::Server, start);
        set_http(&mut serve, "POST", "/runs", 200);
        serve.set("http.route", "/runs");
        let mut invoke = self.invoke(serve.at(), "invoke_agent planner", "planner", start + 5 * MS);
        invoke.set("gen_ai.prompt.name", "support-planner").set("gen_ai.prompt.version", "41");
        let at = invoke.at();
        let caller = planner_of(self);

        let call_at = plan.send_ns + plan.call_after_ns;
        self.whole_step(at, "load prompt", "planner", (start + 7 * MS, start + 26 * MS));
        let memory = self.whole_step(at, "load memory", "planner", (start + 27 * MS, call_at - 9 * MS));
        self.database(memory, "SELECT messages", (start + 30 * MS, start + 44 * MS));
        self.database(memory, "SELECT profile", (start + 46 * MS, call_at - 31 * MS));
        self.whole_step(at, "build context", "planner", (call_at - 8 * MS, call_at - MS));

        let first = self.call(at, caller, call_at, 0, &plan.first);
        (played.first_call, played.first_message) = (first.client, first.server);
        let searched = self.search_docs(at, first.end_ns + 46 * MS, plan, played);

        let researched = self.delegate(at, searched + 10 * MS, plan, played);
        let answered = self.answer(at, caller, searched + 20 * MS, plan, played);
        let reviewed = match plan.critic_trace {
            Some(trace) => self.hand_over(at, answered + TRANSFER_AFTER_NS, Some(trace), played),
            None => answered,
        };
        let done = researched.max(answered).max(reviewed);
        let save = self.whole_step(at, "save memory", "planner", (done + 6 * MS, done + 34 * MS));
        self.database(save, "INSERT messages", (done + 9 * MS, done + 31 * MS));
        self.end(invoke, done + 40 * MS);
        self.end(serve, done + 45 * MS);
        done + 45 * MS
    }

    /// The answer, after as many refused attempts as the plan has.
    fn answer(&mut self, parent: At, caller: Caller, mut start: i64, plan: &Plan, played: &mut Played) -> i64 {
        let mut attempt = 0;
        for &refusal in &plan.refusals {
            let refused = self.refused(parent, caller, start, attempt, refusal);
            played.attempts.push(refused);
            start += refusal.ns;
            let wait = self.step(parent, "retry backoff", "planner", start);
            self.end(wait, start + refusal.backoff_ns);
            start += refusal.backoff_ns;
            attempt += 1;
        }
        let answer = self.call(parent, caller, start, attempt, &plan.answer);
        played.attempts.push(answer.client);
        answer.end_ns
    }

    /// Researchers work in parallel in the other pod; returns when the last one is done.
    fn delegate(&mut self, parent: At, start: i64, plan: &Plan, played: &mut Played) -> i64 {
        let mut done = start;
        for researcher in &plan.researchers {
            let start = start + researcher.after_ns;
            let tool = self.tool(parent, "execute_tool delegate_research", "planner", start);
            let place = (self.roles.planner, "opentelemetry.instrumentation.httpx");
            let mut send = self.child(tool.at(), place, "message/send", Kind::Client, start + 2 * MS);
            set_http(&mut send, "POST", "/a2a", 200);
            send.set("a2a.method.name", "message/send").set("server.address", "agent-workers.support.svc");
            let hop = self.rng.between(450 * US, 900 * US);
            let served = start + 2 * MS + hop;
            let end = self.researcher(send.at(), served, researcher, played);
            self.end(send, end + hop);
            self.end(tool, end + hop + 2 * MS);
            done = done.max(end + hop + 2 * MS);
        }
        done
    }

    fn researcher(&mut self, parent: At, start: i64, plan: &Researcher, played: &mut Played) -> i64 {
        let mut serve = self.child(parent, (self.roles.workers, FASTAPI), "POST /a2a", Kind::Server, start);
        set_http(&mut serve, "POST", "/a2a", 200);
        serve.set("http.route", "/a2a");
        let invoke = self.invoke(serve.at(), "invoke_agent researcher", "researcher", start + 2 * MS);
        let at = invoke.at();
        let caller = Caller {
            process: self.roles.workers,
            agent: "researcher",
            prompt: "support-researcher",
            prompt_version: "17",
        };
        self.whole_step(at, "load prompt", "researcher", (start + 3 * MS, start + 9 * MS));
        let mut now = start + 10 * MS;
        let mut attempt = 0;
        if plan.mishap == Mishap::Refused {
            let refusal = super::model_call::Refusal { ns: 78 * MS, backoff_ns: 160 * MS };
            played.errors.push(self.refused(at, caller, now, 0, refusal));
            now += refusal.ns + refusal.backoff_ns;
            attempt = 1;
        }
        now = self.call(at, caller, now, attempt, &plan.read).end_ns;
        now = self.fetch_page(at, now + 3 * MS, plan, played);
        now = self.call(at, caller, now + 4 * MS, 0, &plan.write).end_ns;
        self.whole_step(at, "summarise sources", "researcher", (now + MS, now + 12 * MS));
        self.end(invoke, now + 14 * MS);
        self.end(serve, now + 16 * MS);
        now + 16 * MS
    }

    /// The planner hands over to the critic. With a `trace` the critic's work shows up as a trace of its own: the
    /// context was not passed on, and only the conversation and the tool call's id tell that they belong together.
    pub fn hand_over(&mut self, parent: At, start: i64, trace: Option<u128>, played: &mut Played) -> i64 {
        let tool = self.tool(parent, "execute_tool transfer_to_critic", "planner", start);
        let call = tool_call_id(tool.id);
        let transferred = self.end(tool, start + TRANSFER_NS);

        let start = start + TRANSFER_NS + CRITIC_AFTER_NS;
        let place = (self.roles.workers, AGENTS);
        let mut invoke = match trace {
            Some(trace) => self.root(trace, place, "invoke_agent critic", Kind::Internal, start),
            None => self.child(parent, place, "invoke_agent critic", Kind::Internal, start),
        };
        invoke.set("gen_ai.agent.name", "critic").set("gen_ai.operation.name", "invoke_agent");
        invoke.set("gen_ai.tool.call.id", call).set("code.function.name", "invoke_agent critic");
        played.handoff = [transferred.span, invoke.id];
        let at = invoke.at();
        let caller =
            Caller { process: self.roles.workers, agent: "critic", prompt: "support-critic", prompt_version: "9" };
        self.whole_step(at, "load prompt", "critic", (start + 3 * MS, start + 17 * MS));
        let plan = CallPlan {
            out_ns: 28 * MS,
            back_ns: 29 * MS,
            queue_ns: 12 * MS,
            prefill_ns: 80 * MS,
            decode_ns: 226 * MS,
            linger_ns: 0,
            chunks: 20,
            stall: None,
            input_tokens: 1_630,
            output_tokens: 94,
            reasoning_tokens: 0,
            finish: STOP,
        };
        let called = self.call(at, caller, start + 25 * MS, 0, &plan);
        self.whole_step(at, "score answer", "critic", (called.end_ns + MS, called.end_ns + 15 * MS));
        self.end(invoke, called.end_ns + 20 * MS);
        called.end_ns + 20 * MS
    }
}

fn planner_of(stage: &Stage<'_>) -> Caller {
    Caller { process: stage.roles.planner, agent: "planner", prompt: "support-planner", prompt_version: "41" }
}

/// A tool call id as the provider makes them, derived from the span so that it needs no state.
pub fn tool_call_id(span: u64) -> String {
    format!("toolu_01{span:016x}")
}
