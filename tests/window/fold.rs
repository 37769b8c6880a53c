//! Colours and folds: every step through the keyboard or the names that a screen reader gets.

use std::sync::Arc;

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use skewline::app::App;
use skewline::app::command::Command;
use skewline::app::lanes::LaneCommand;
use skewline::arrange::FoldBy;
use skewline::load::Source;

use super::harness::*;

/// A planner calls a model with a stated time to the first token, then a tool that fails once; one span is nobody's.
const TURN: &str = r#"{"resourceSpans":[
{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"agents"}},{"key":"host.id","value":{"stringValue":"h-1"}}]},
 "scopeSpans":[{"spans":[
 {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000001","name":"invoke_agent planner","kind":1,
  "startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000001000000000",
  "attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"invoke_agent"}},{"key":"gen_ai.agent.name","value":{"stringValue":"planner"}}]},
 {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000002","parentSpanId":"0000000000000001","name":"chat gpt-5.2","kind":3,
  "startTimeUnixNano":"1700000000100000000","endTimeUnixNano":"1700000000600000000",
  "attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.request.model","value":{"stringValue":"gpt-5.2"}},
   {"key":"gen_ai.usage.input_tokens","value":{"intValue":"1200"}},{"key":"gen_ai.usage.output_tokens","value":{"intValue":"80"}},
   {"key":"gen_ai.response.time_to_first_chunk","value":{"doubleValue":0.2}}]},
 {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000003","parentSpanId":"0000000000000001","name":"execute_tool search","kind":1,
  "startTimeUnixNano":"1700000000650000000","endTimeUnixNano":"1700000000700000000","status":{"code":2},
  "attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"execute_tool"}},{"key":"gen_ai.tool.name","value":{"stringValue":"search"}}]},
 {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000004","parentSpanId":"0000000000000001","name":"execute_tool search","kind":1,
  "startTimeUnixNano":"1700000000750000000","endTimeUnixNano":"1700000000900000000",
  "attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"execute_tool"}},{"key":"gen_ai.tool.name","value":{"stringValue":"search"}}]}]}]}]}"#;

pub fn example() -> Source {
    Source::memory("turn.json", TURN.as_bytes())
}

fn turn() -> Harness<'static, App> {
    window(vec![example()])
}

fn keys(harness: &mut Harness<'_, App>, modifiers: Modifiers, key: Key) {
    press(harness, modifiers, key);
    settle(harness);
}

/// Groups in view: name and whether their rows are shown.
fn groups(harness: &Harness<'_, App>) -> Vec<(String, bool)> {
    let scene = Arc::clone(harness.state().canvas().scene().unwrap());
    scene.sections.iter().map(|head| (head.name.to_string(), head.is_open)).collect()
}

#[test]
fn nothing_is_folded_unasked_and_a_group_opens_in_place() {
    let mut harness = turn();
    assert!(groups(&harness).is_empty());
    keys(&mut harness, Modifiers::NONE, Key::Num2);
    assert_eq!(groups(&harness), [("planner".to_owned(), false)]);
    harness.get_by_label_contains("Group planner, folded, 4 spans in all · busy 1 s of 1 s wall");
    assert_shown(&harness, "1 group folded");
    let scene = Arc::clone(harness.state().canvas().scene().unwrap());
    assert!(scene.profiles[0].columns.iter().any(|column| column.has_error), "failures are painted through");
    assert!(scene.bars.is_empty());
    harness.get_by_label_contains("Group planner, folded").click_accesskit();
    settle(&mut harness);
    assert_eq!(groups(&harness), [("planner".to_owned(), true)]);
    harness.get_by_label_contains("chat gpt-5.2, 500");
    keys(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(groups(&harness), [("planner".to_owned(), false)]);
    keys(&mut harness, Modifiers::COMMAND, Key::Z);
    assert!(groups(&harness).is_empty(), "a fold is one step of undo");
    keys(&mut harness, Modifiers::NONE, Key::Num3);
    let names: Vec<String> = groups(&harness).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["model call", "tool", "agent work"]);
    keys(&mut harness, Modifiers::NONE, Key::Num4);
    assert_eq!(groups(&harness), [("agents".to_owned(), false)]);
    keys(&mut harness, Modifiers::NONE, Key::Num1);
    assert!(groups(&harness).is_empty());
    assert_eq!(harness.state().canvas().scene().unwrap().bars.len(), 4);
}

#[test]
fn lanes_are_folded_by_attribute_one_by_one_and_across() {
    let mut harness = turn();
    let lane = harness.state().state.arranged.lanes[0].key.clone();
    let by = Some(FoldBy::Attr("gen_ai.operation.name".to_owned()));
    harness.state_mut().apply(Command::Lanes(LaneCommand::FoldBy { lane: Some(lane.clone()), by }));
    settle(&mut harness);
    let names: Vec<String> = groups(&harness).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["chat", "execute_tool", "invoke_agent"]);
    harness.state_mut().apply(Command::Lanes(LaneCommand::FoldBy { lane: Some(lane), by: None }));
    settle(&mut harness);
    assert!(groups(&harness).is_empty());
    harness.state_mut().apply(Command::FoldByRetry);
    settle(&mut harness);
    harness.get_by_label_contains("Group execute_tool search · 2 attempts · 50");
    harness.state_mut().apply(Command::FoldAcross);
    settle(&mut harness);
    harness.get_by_label_contains("Lane all clocks, 4 spans");
}

#[test]
fn bars_are_coloured_by_what_they_are_and_calls_show_their_parts() {
    let mut harness = turn();
    let fills = |harness: &Harness<'_, App>| {
        let scene = Arc::clone(harness.state().canvas().scene().unwrap());
        scene.bars.iter().map(|bar| bar.fill.to_array()).collect::<std::collections::BTreeSet<_>>().len()
    };
    assert_eq!(fills(&harness), 1, "one service");
    keys(&mut harness, Modifiers::SHIFT, Key::Num3);
    assert_eq!(fills(&harness), 3, "agent work, a model call, tools");
    keys(&mut harness, Modifiers::SHIFT, Key::Num2);
    assert_eq!(fills(&harness), 1, "one agent");
    let scene = Arc::clone(harness.state().canvas().scene().unwrap());
    let parts: Vec<String> = scene.phases.iter().map(|part| format!("{} {}", part.phase, part.look)).collect();
    assert_eq!(parts, ["first_token derived", "decode derived"]);
    let call = scene.bars.iter().find(|bar| bar.span == scene.phases[0].span).unwrap().rect;
    let shares: Vec<f32> = scene.phases.iter().map(|part| part.rect.width() / call.width()).collect();
    assert!((shares[0] - 0.4).abs() < 0.02 && (shares[1] - 0.6).abs() < 0.02, "{shares:?}");
    keys(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(fills(&harness), 3, "colours are undone too");
}
