//! Conversations: the turn as people read it, folded contents, agents.

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use skewline::app::command::Command;
use skewline::app::people::{Contents, DetailsTab, PeopleCommand};
use skewline::load::Source;

use crate::harness::{assert_shown, press, selected_names, settle, small, window};

/// A planner that asks a model, uses a tool on another machine, and asks again; one answer is not recorded.
pub const TALK: &str = r#"{"resourceSpans":[
{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"agents"}},{"key":"host.id","value":{"stringValue":"h-1"}}]},
 "scopeSpans":[{"spans":[
 {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000001","name":"invoke_agent planner",
  "startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000005000000000",
  "attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"invoke_agent"}},{"key":"gen_ai.agent.name","value":{"stringValue":"planner"}},
   {"key":"gen_ai.conversation.id","value":{"stringValue":"c-7f3a"}}]},
 {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000002","parentSpanId":"0000000000000001","name":"chat m","kind":3,
  "startTimeUnixNano":"1700000000100000000","endTimeUnixNano":"1700000001100000000",
  "attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.request.model","value":{"stringValue":"m"}},
   {"key":"gen_ai.response.model","value":{"stringValue":"m-2026"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"120"}},
   {"key":"gen_ai.usage.output_tokens","value":{"intValue":"30"}},
   {"key":"gen_ai.input.messages","value":{"stringValue":"[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"Where is my parcel?\"}]}]"}},
   {"key":"gen_ai.output.messages","value":{"stringValue":"[{\"role\":\"assistant\",\"parts\":[{\"type\":\"tool_call\",\"id\":\"c1\",\"name\":\"track\",\"arguments\":{\"id\":8841}}]}]"}}]},
 {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000003","parentSpanId":"0000000000000001","name":"POST /track","kind":3,
  "startTimeUnixNano":"1700000001200000000","endTimeUnixNano":"1700000002200000000"},
 {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000005","parentSpanId":"0000000000000001","name":"chat m","kind":3,
  "startTimeUnixNano":"1700000002400000000","endTimeUnixNano":"1700000004900000000",
  "attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.request.model","value":{"stringValue":"m"}}]}]}]},
{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"tools"}},{"key":"host.id","value":{"stringValue":"h-2"}}]},
 "scopeSpans":[{"spans":[
 {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000004","parentSpanId":"0000000000000003","name":"execute_tool track","kind":2,
  "startTimeUnixNano":"1700000061400000000","endTimeUnixNano":"1700000061900000000","status":{"code":2,"message":"carrier timed out"},
  "attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"execute_tool"}},{"key":"gen_ai.tool.name","value":{"stringValue":"track"}},
   {"key":"gen_ai.tool.call.id","value":{"stringValue":"c1"}},{"key":"gen_ai.tool.call.arguments","value":{"stringValue":"{\"id\":8841}"}}]}]}]}]}"#;

fn talk() -> Source {
    Source::memory("talk.json", TALK.as_bytes())
}

#[test]
fn a_turn_reads_as_people_would_and_folds_what_was_said() {
    let mut harness = window(vec![talk()]);
    press(&mut harness, Modifiers::NONE, Key::R);
    settle(&mut harness);
    assert_shown(&harness, "Select a span to read its turn");
    harness.get_by_label("Turn 1 (counted) · c-7f3a").click();
    settle(&mut harness);
    assert_eq!(selected_names(&harness), ["invoke_agent planner"]);
    for text in [
        "user asks planner",
        "planner begins",
        "planner uses track",
        "1 s · 120 → 30 tokens · answered by m-2026",
        "failed: carrier timed out",
        "result was not captured",
        "prompt and answer were not captured",
    ] {
        assert_shown(&harness, text);
    }
    assert_eq!(harness.get_all_by_label("planner asks m").count(), 2);
    // The tool's clock is another one: between the call's start and end less the tool's own length.
    assert_shown(&harness, "1.2–1.7 s");
    // Contents are folded, also in every new window; the tree of what a screen reader sees has none of them.
    assert!(harness.query_all_by_label_contains("Where is my parcel").next().is_none());
    harness.get_by_label("Line 1, question").click();
    harness.run_steps(3);
    assert_shown(&harness, "Where is my parcel?");
    harness.get_by_label("Open").click();
    harness.run_steps(3);
    assert_eq!(harness.state().state.session.people.contents, Contents::Open);
    assert!(harness.get_all_by_label_contains("Where is my parcel?").count() >= 2, "question and prompt");
}

#[test]
fn lines_of_a_turn_lead_to_their_spans_and_follow_the_selection() {
    let mut harness = window(vec![talk()]);
    harness.get_by_label_contains("execute_tool track").click();
    harness.run_steps(3);
    harness.get_by_role_and_label(Role::Tab, "Conversation").click();
    settle(&mut harness);
    harness.get_by_label("planner begins").click();
    harness.run_steps(3);
    assert_eq!(selected_names(&harness), ["invoke_agent planner"]);
    // The key shows the fields of the span again.
    press(&mut harness, Modifiers::NONE, Key::R);
    assert_eq!(harness.state().state.details_tab(), DetailsTab::Span);
    assert!(!harness.state().state.session.people.is_busy());
    assert!(harness.state().state.session.people.shown.is_none(), "what was said is forgotten when nobody looks");
}

#[test]
fn a_copied_turn_has_what_was_said_only_when_asked() {
    let mut harness = window(vec![talk()]);
    harness.state_mut().apply(PeopleCommand::Tab(DetailsTab::Conversation).into());
    harness.state_mut().apply(Command::Reveal(skewline::model::SpanIx(1)));
    settle(&mut harness);
    for (label, has_contents) in [("Copy turn", false), ("Copy turn with contents", true)] {
        harness.get_by_label(label).click();
        harness.run_steps(2);
        let copied = harness.output().platform_output.commands.iter().rev().find_map(|command| match command {
            egui::OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        });
        if let Some(text) = copied {
            assert!(text.contains("planner asks m") && text.contains("120 → 30 tokens"), "{text}");
            assert_eq!(text.contains("Where is my parcel?"), has_contents, "{text}");
        }
    }
}

#[test]
fn without_ai_there_is_one_tab_only() {
    let mut harness = window(vec![Source::memory(
        "plain.json",
        crate::harness::SMALL.replace("gen_ai.request.model", "app.plan").into_bytes(),
    )]);
    harness.state_mut().apply(PeopleCommand::Tab(DetailsTab::Conversation).into());
    settle(&mut harness);
    assert_eq!(harness.state().state.details_tab(), DetailsTab::Span);
    assert!(harness.query_by_role_and_label(Role::Tab, "Conversation").is_none());
    let mut harness = window(vec![small()]);
    settle(&mut harness);
    assert!(harness.get_by_role_and_label(Role::Tab, "Span").accesskit_node().is_selected() == Some(true));
}
