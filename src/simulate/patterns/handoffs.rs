//! Work that changes hands: a handoff that lost its context, tool calls that cannot be joined.

use super::script::{BEGIN_NS, Request, Script, amend, planner};
use crate::model::time::{MS, S};
use crate::simulate::agents::{CRITIC_AFTER_NS, TRANSFER_AFTER_NS, tool_call_id};
use crate::simulate::model_call::{CallPlan, TOOL_CALL};
use crate::simulate::span::At;
use crate::simulate::truth::Fault;
use crate::simulate::turn::{Played, Stage};

/// The planner hands over to the critic, who works in a trace of its own.
pub fn dark(script: &mut Script) {
    script.support_team();
    let critic_trace = script.rng.id128();
    let trace = (!script.is_clean).then_some(critic_trace);
    let mut played = Played::default();
    for turn in 1..=2 {
        let start = BEGIN_NS + turn * 12 * S;
        let mut stage = script.stage(turn);
        let request = Request::open(&mut stage, start);
        let plan = CallPlan { finish: TOOL_CALL, ..CallPlan::of_ms(28, [20, 210, 640], 29, 14) };
        let caller = planner(&stage);
        let mut done = stage.call(request.at(), caller, start + 12 * MS, 0, &plan).end_ns;
        if turn == 2 {
            done = stage.hand_over(request.at(), done + TRANSFER_AFTER_NS, trace, &mut played);
        }
        request.close(&mut stage, done + 9 * MS);
    }
    let says = "The critic begins a trace of its own 20 ms after the transfer to it; it shares the conversation and \
                the id of the tool call.";
    let [transfer, critic] = played.handoff;
    script.fault = Some(Fault::of_spans("E3", says, &[critic, transfer]).with("after_ns", CRITIC_AFTER_NS));
}

/// A model asks for two tools. One is called; instead of the other one a third is.
pub fn audit_gap(script: &mut Script) {
    script.support_team();
    let is_clean = script.is_clean;
    let start = BEGIN_NS;
    let mut stage = script.stage(1);
    let request = Request::open(&mut stage, start);
    let plan = CallPlan { finish: TOOL_CALL, ..CallPlan::of_ms(27, [16, 180, 520], 30, 12) };
    let caller = planner(&stage);
    let asking = stage.call(request.at(), caller, start + 12 * MS, 0, &plan);
    let (looked_up, now) = tool(&mut stage, request.at(), "execute_tool lookup_order", asking.end_ns + 3 * MS);
    let second = if is_clean { "execute_tool refund_order" } else { "execute_tool cancel_order" };
    let (acted, now) = tool(&mut stage, request.at(), second, now + 2 * MS);
    // The id that the model gave the call that it wanted.
    let refund = if is_clean { tool_call_id(acted) } else { tool_call_id(stage.rng.id64()) };
    let answer = CallPlan::of_ms(29, [18, 160, 430], 28, 10);
    let answered = stage.call(request.at(), caller, now + 4 * MS, 0, &answer);
    request.close(&mut stage, answered.end_ns + 6 * MS);
    let asked = format!(
        r#"[{{"role":"assistant","parts":[{{"type":"tool_call","id":"{}","name":"lookup_order","arguments":{{"order":"8841"}}}},{{"type":"tool_call","id":"{refund}","name":"refund_order","arguments":{{"order":"8841","parcel":2}}}}],"finish_reason":"tool_call"}}]"#,
        tool_call_id(looked_up)
    );
    amend(&mut stage, asking.client, "gen_ai.output.messages", asked);
    let says = "The model asked for refund_order and it was never called; cancel_order was called and no model asked \
                for it.";
    script.fault = Some(
        Fault::of_spans("E11", says, &[asking.client, acted])
            .with("joined", 1)
            .with("never_made", 1)
            .with("never_asked", 1),
    );
}

/// A tool at work; returns its span and when it was done.
fn tool(stage: &mut Stage<'_>, parent: At, name: &'static str, start: i64) -> (u64, i64) {
    let tool = stage.tool(parent, name, "planner", start);
    let at = tool.at();
    let end = start + stage.rng.around(70 * MS, 30);
    stage.database(at, "SELECT orders", (start + 4 * MS, end - 6 * MS));
    stage.end(tool, end);
    (at.span, end)
}
