//! Agents: two that nothing names, and one that does five things at once.

use super::script::{BEGIN_NS, Request, Script, planner};
use crate::model::time::{MS, S};
use crate::simulate::model_call::CallPlan;
use crate::simulate::span::{At, Kind, ProcessIx, TrueSpan, seconds};
use crate::simulate::truth::{Fact, Fault};
use crate::simulate::turn::Stage;

const VERCEL: &str = "gen_ai";
const MODEL: &str = "gpt-4.1-mini";

/// What the two agents of the shop are made of.
struct Made {
    name: &'static str,
    instructions: &'static str,
    tools: &'static str,
}

const SUPPORT: Made = Made {
    name: "order-support",
    instructions: r#"[{"type":"text","content":"You answer questions about orders of a bicycle shop. Be brief."}]"#,
    tools: r#"[{"type":"function","name":"checkRefund"},{"type":"function","name":"lookupOrder"}]"#,
};
const REFUNDS: Made = Made {
    name: "refund-checker",
    instructions: r#"[{"type":"text","content":"You decide whether an order can be refunded under policy 4.2."}]"#,
    tools: r#"[{"type":"function","name":"readPolicy"}]"#,
};

/// One agent asks another one. The SDK names agents only where the program gives them a function id.
pub fn anonymous(script: &mut Script) {
    let process = script.service("storefront", "nodejs");
    let is_clean = script.is_clean;
    let mut spans = Vec::new();
    for turn in 1..=2 {
        let start = BEGIN_NS + turn * 16 * S;
        let mut stage = script.stage(turn);
        let trace = stage.rng.id128();
        let mut serve = stage.root(trace, (process, "next.js"), "POST /api/chat", Kind::Server, start);
        serve.set("http.request.method", "POST").set("http.route", "/api/chat").set("http.response.status_code", 200);
        let mut play = Shop { stage: &mut stage, process, is_named: is_clean };
        let outer = play.agent(serve.at(), &SUPPORT, start + 3 * MS);
        let (step, now) = play.step(outer.at(), &SUPPORT, "step 0", start + 5 * MS);
        let mut tool = play.stage.child(step.at(), (process, VERCEL), "execute_tool checkRefund", Kind::Internal, now);
        tool.set("gen_ai.operation.name", "execute_tool").set("gen_ai.tool.name", "checkRefund");
        tool.set("gen_ai.tool.call.id", format!("call_{:016x}", tool.id)).set("gen_ai.tool.type", "function");
        let inner = play.agent(tool.at(), &REFUNDS, now + 2 * MS);
        let (inner_step, now) = play.step(inner.at(), &REFUNDS, "step 0", now + 4 * MS);
        if turn == 1 {
            spans.extend([outer.id, inner.id]);
        }
        for (span, after) in [(inner_step, 1), (inner, 2), (tool, 4), (step, 5)] {
            play.stage.end(span, now + after * MS);
        }
        let (last, now) = play.step(outer.at(), &SUPPORT, "step 1", now + 7 * MS);
        for (span, after) in [(last, 1), (outer, 2), (serve, 4)] {
            play.stage.end(span, now + after * MS);
        }
    }
    let says = "Two agents work for the shop, and both are called after their model.";
    script.fault = Some(Fault::of_spans("E6", says, &spans).with("agents", 2));
}

struct Shop<'a, 'b> {
    stage: &'a mut Stage<'b>,
    process: ProcessIx,
    is_named: bool,
}

impl Shop<'_, '_> {
    fn agent(&mut self, parent: At, made: &Made, start: i64) -> TrueSpan {
        let name = format!("invoke_agent {MODEL}");
        let mut agent = self.stage.child(parent, (self.process, VERCEL), name, Kind::Internal, start);
        agent
            .set("gen_ai.operation.name", "invoke_agent")
            .set("gen_ai.provider.name", "openai")
            .set("gen_ai.request.model", MODEL)
            .set("gen_ai.system_instructions", made.instructions);
        if self.is_named {
            agent.set("gen_ai.agent.name", made.name);
        }
        agent
    }

    /// A round of the agent's loop with its model call; the round stays open, from when on it can go on is returned.
    fn step(&mut self, agent: At, made: &Made, name: &'static str, start: i64) -> (TrueSpan, i64) {
        let mut step = self.stage.child(agent, (self.process, VERCEL), name, Kind::Internal, start);
        step.set("gen_ai.operation.name", "agent_step");
        let name = format!("chat {MODEL}");
        let mut chat = self.stage.child(step.at(), (self.process, VERCEL), name, Kind::Client, start + MS);
        let id = format!("chatcmpl-{:016x}", chat.id);
        let (wait_ns, ns) = (self.stage.rng.around(420 * MS, 30), self.stage.rng.around(1_300 * MS, 30));
        chat.set("gen_ai.operation.name", "chat")
            .set("gen_ai.provider.name", "openai")
            .set("gen_ai.request.model", MODEL)
            .set("gen_ai.response.model", "gpt-4.1-mini-2025-04-14")
            .set("gen_ai.response.id", id)
            .set("gen_ai.response.finish_reasons", &["stop"][..])
            .set("gen_ai.system_instructions", made.instructions)
            .set("gen_ai.tool.definitions", made.tools)
            .set("gen_ai.usage.input_tokens", 640)
            .set("gen_ai.usage.output_tokens", 88);
        chat.attrs.push(("gen_ai.client.operation.time_to_first_chunk", seconds(wait_ns)));
        chat.attrs.push(("gen_ai.client.operation.duration", seconds(ns)));
        self.stage.end(chat, start + MS + ns);
        (step, start + MS + ns + 2 * MS)
    }
}

/// Tools at once.
const AT_ONCE: i64 = 5;

/// The planner looks five things up, all at once; in the twin one after the other.
pub fn fan_out(script: &mut Script) {
    script.support_team();
    let is_clean = script.is_clean;
    let start = BEGIN_NS;
    let mut stage = script.stage(1);
    let request = Request::open(&mut stage, start);
    let (mut next, mut done) = (start + 12 * MS, start);
    let mut tools: Vec<(u64, i64, i64)> = Vec::new();
    for _ in 0..AT_ONCE {
        let tool = stage.tool(request.at(), "execute_tool summarise_page", "planner", next);
        let at = tool.at();
        let decode = stage.rng.between(500, 900);
        let plan = CallPlan::of_ms(27, [20, 150, decode], 28, 4);
        let caller = planner(&stage);
        let end = stage.call(at, caller, next + 3 * MS, 0, &plan).end_ns + 5 * MS;
        stage.end(tool, end);
        tools.push((at.span, next, end));
        done = done.max(end);
        next = if is_clean { end + 2 * MS } else { next + 3 * MS };
    }
    request.close(&mut stage, done + 6 * MS);
    let spans: Vec<u64> = tools.iter().map(|tool| tool.0).collect();
    let sum: i64 = tools.iter().map(|(_, start, end)| end - start).sum();
    // One after the other they never overlap; at once they leave no gap.
    let busy = if is_clean { sum } else { done - tools[0].1 };
    let says = "Five tools work; what each took adds up to the sum, and at least one was at work for the busy time.";
    script.facts =
        vec![Fact::new("tools", says, &spans).with("count", AT_ONCE).with("sum_ns", sum).with("busy_ns", busy)];
}
