//! Attempts on two layers, each of which knows nothing of the other one.

use super::script::{BEGIN_NS, Request, Script, planner};
use crate::model::time::{MS, S};
use crate::simulate::model_call::{CallPlan, Refusal};
use crate::simulate::span::At;
use crate::simulate::truth::Fault;
use crate::simulate::turn::Stage;

/// Attempts of a layer before it gives up.
const ATTEMPTS: i64 = 3;

/// Spans and waits of a layer's attempts.
#[derive(Default)]
struct Tried {
    tools: Vec<u64>,
    requests: Vec<u64>,
    waited_ns: i64,
}

/// The agent's loop tries a tool again that tries its model call again.
pub fn cascade(script: &mut Script) {
    script.support_team();
    let attempts = if script.is_clean { 1 } else { ATTEMPTS };
    let start = BEGIN_NS;
    let mut stage = script.stage(1);
    let request = Request::open(&mut stage, start);
    let mut tried = Tried::default();
    let mut now = start + 14 * MS;
    for attempt in 0..attempts {
        let is_last = attempt + 1 == attempts;
        let mut tool = stage.tool(request.at(), "execute_tool draft_reply", "planner", now);
        let at = tool.at();
        tried.tools.push(at.span);
        now = draft(&mut stage, at, now + 3 * MS, attempts, is_last, &mut tried);
        if !is_last {
            tool.fail("rate_limit", "the model refused three times");
        }
        stage.end(tool, now + 2 * MS);
        now += 2 * MS;
        if !is_last {
            now = wait(&mut stage, request.at(), now, (400 * MS) << attempt, &mut tried);
        }
    }
    request.close(&mut stage, now + 8 * MS);
    let says = "A tool is tried three times, and the model call in each of them three times: nine requests for one \
                answer.";
    let spans: Vec<u64> = tried.tools.iter().chain(&tried.requests).copied().collect();
    script.fault = Some(
        Fault::of_spans("E7", says, &spans)
            .with("attempts", ATTEMPTS)
            .with("requests", ATTEMPTS * ATTEMPTS)
            .with("layers", 2)
            .with("waited_ns", tried.waited_ns),
    );
}

/// The model calls of one attempt; returns when the last one ended.
fn draft(stage: &mut Stage<'_>, tool: At, mut now: i64, attempts: i64, succeeds: bool, tried: &mut Tried) -> i64 {
    let caller = planner(stage);
    for attempt in 0..attempts {
        let is_last = attempt + 1 == attempts;
        if is_last && succeeds {
            let called = stage.call(tool, caller, now, attempt, &CallPlan::of_ms(28, [22, 190, 560], 27, 10));
            tried.requests.push(called.client);
            return called.end_ns;
        }
        let refusal = Refusal { ns: stage.rng.around(80 * MS, 20), backoff_ns: (150 * MS) << attempt };
        let refused = stage.refused(tool, caller, now, attempt, refusal);
        tried.requests.push(refused);
        now += refusal.ns;
        if !is_last {
            now = wait(stage, tool, now, refusal.backoff_ns, tried);
        }
    }
    now
}

fn wait(stage: &mut Stage<'_>, parent: At, start: i64, ns: i64, tried: &mut Tried) -> i64 {
    debug_assert!(ns < 10 * S, "a person would have gone by then");
    let wait = stage.step(parent, "retry backoff", "planner", start);
    stage.end(wait, start + ns);
    tried.waited_ns += ns;
    start + ns
}
