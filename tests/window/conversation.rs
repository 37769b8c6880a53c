//! Conversations through the window: from turn to turn, idle time shortened, one conversation alone.

use std::fmt::Write as _;

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use skewline::analysis::reading::reading_text;
use skewline::app::App;
use skewline::app::command::Command;
use skewline::app::people::{DetailsTab, PeopleCommand};
use skewline::load::Source;
use skewline::scene::Scene;

use super::harness::*;

/// Each turn is a trace with an agent and a model call: conversation, first ms, length in ms.
const TURNS: [(&str, u64, u64); 4] = [("a", 0, 900), ("b", 200, 500), ("a", 60_000, 1_000), ("a", 130_000, 1_500)];

fn talk() -> Source {
    let mut spans = String::new();
    for (at, (conversation, from, length)) in (1..).zip(TURNS) {
        let ns = |ms: u64| 1_700_000_000_000_000_000 + ms * 1_000_000;
        for (id, parent, operation, from, to) in [
            (1, 0, "invoke_agent", ns(from), ns(from + length)),
            (2, 1, "chat", ns(from + 100), ns(from + length - 100)),
        ] {
            let parent =
                if parent > 0 { format!(r#""parentSpanId":"{:016x}","#, at * 16 + parent) } else { String::new() };
            let comma = if spans.is_empty() { "" } else { "," };
            let _ = write!(
                spans,
                r#"{comma}{{"traceId":"{at:032x}","spanId":"{:016x}",{parent}"name":"{operation} {at}","startTimeUnixNano":"{from}","endTimeUnixNano":"{to}",
                "attributes":[{{"key":"gen_ai.operation.name","value":{{"stringValue":"{operation}"}}}},
                {{"key":"gen_ai.conversation.id","value":{{"stringValue":"{conversation}"}}}}]}}"#,
                at * 16 + id,
            );
        }
    }
    let resource = r#""resource":{"attributes":[{"key":"service.name","value":{"stringValue":"agents"}},{"key":"host.id","value":{"stringValue":"h-1"}}]}"#;
    let text = format!(r#"{{"resourceSpans":[{{{resource},"scopeSpans":[{{"spans":[{spans}]}}]}}]}}"#);
    Source::memory("talk.json", text.into_bytes())
}

fn scene<'h>(harness: &'h Harness<'_, App>) -> &'h Scene {
    harness.state().canvas().scene().unwrap()
}

fn keys(harness: &mut Harness<'_, App>, modifiers: Modifiers, key: Key) {
    press(harness, modifiers, key);
    settle(harness);
}

#[test]
fn keys_and_names_lead_from_turn_to_turn() {
    let mut harness = window(vec![talk()]);
    assert_shown(&harness, "4 turns, 2 min");
    harness.get_by_label_contains("Turn 1 of b, 500 ms, at 200 ms");
    // Nothing is shortened unasked.
    assert!(scene(&harness).turns.breaks.is_empty());
    keys(&mut harness, Modifiers::NONE, Key::Quote);
    let first = selected_names(&harness);
    keys(&mut harness, Modifiers::NONE, Key::Semicolon);
    keys(&mut harness, Modifiers::NONE, Key::Semicolon);
    keys(&mut harness, Modifiers::NONE, Key::Semicolon);
    assert_eq!(selected_names(&harness), ["invoke_agent 1"], "it stops at the first turn; began at {first:?}");
    for name in ["invoke_agent 2", "invoke_agent 3", "invoke_agent 4", "invoke_agent 4"] {
        keys(&mut harness, Modifiers::NONE, Key::Quote);
        assert_eq!(selected_names(&harness), [name]);
    }
    let shown = harness.state().state.session.view.time.length_ns();
    assert!((1_500_000_000..2_000_000_000).contains(&shown), "a short turn is zoomed to: {shown}");
    assert!(scene(&harness).turns.bands.iter().any(|band| band.is_current));
    harness.state_mut().apply(Command::WholeTrace);
    harness.run_steps(2);
    harness.get_by_label_contains("Turn 2 of a").click_accesskit();
    settle(&mut harness);
    assert_eq!(selected_names(&harness), ["invoke_agent 3"]);
    keys(&mut harness, Modifiers::COMMAND, Key::Z);
    assert!(harness.state().state.session.view.time.length_ns() > 100_000_000_000, "going to a turn is undone");
}

#[test]
fn idle_time_is_shortened_on_request_and_saved_and_undone() {
    let mut harness = window(vec![talk()]);
    let width = |harness: &Harness<'_, App>| {
        let bars = &scene(harness).bars;
        bars.iter().map(|bar| bar.rect.width()).fold(0.0, f32::max)
    };
    let before = width(&harness);
    harness.get_by_label("Shorten idle").click();
    settle(&mut harness);
    let breaks: Vec<String> = scene(&harness).turns.breaks.iter().map(|mark| mark.text.to_string()).collect();
    assert_eq!(breaks, ["59.1 s idle", "1 min 09 s idle"]);
    assert!(width(&harness) > 8.0 * before);
    let saved = harness.state().state.view_file().unwrap();
    assert!(saved.text().contains("\"shorten_idle\": true"));
    keys(&mut harness, Modifiers::COMMAND, Key::Z);
    assert!(scene(&harness).turns.breaks.is_empty());
    assert!(!harness.state().state.view_file().unwrap().text().contains("shorten_idle"));
    keys(&mut harness, Modifiers::NONE, Key::U);
    assert_eq!(scene(&harness).turns.breaks.len(), 2);
    // Panning and zooming stay inside what there is.
    for key in [Key::W, Key::D, Key::D, Key::D, Key::A, Key::S, Key::S] {
        press(&mut harness, Modifiers::NONE, key);
    }
    assert_eq!(scene(&harness).turns.breaks.len(), 2);
}

#[test]
fn one_conversation_is_shown_alone_and_all_again() {
    let mut harness = window(vec![talk()]);
    harness.state_mut().apply(Command::OnlyConversation);
    settle(&mut harness);
    press(&mut harness, Modifiers::NONE, Key::ArrowDown);
    press(&mut harness, Modifiers::NONE, Key::Enter);
    settle(&mut harness);
    assert_eq!(harness.state().state.session.view.plan.only.as_deref(), Some("b"));
    assert_shown(&harness, "6 spans of other conversations hidden");
    assert_eq!(scene(&harness).turns.bands.len(), 1);
    assert!(harness.state().state.view_file().unwrap().text().contains("\"only\": \"b\""));
    harness.state_mut().apply(Command::AllConversations);
    settle(&mut harness);
    assert_eq!((scene(&harness).hidden.spans_aside, harness.state().state.arranged.course.turns.len()), (0, 4));
    keys(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(scene(&harness).hidden.spans_aside, 6, "choosing is a step of undo");
}

/// An agent hands over by a tool; the other one's trace lost its parent but names the same call.
const LOST: &str = r#"{"resourceSpans":[
{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"agents"}},{"key":"host.id","value":{"stringValue":"h-1"}}]},
 "scopeSpans":[{"spans":[
 {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000001","name":"invoke_agent a",
  "startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000001000000000",
  "attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"invoke_agent"}},{"key":"gen_ai.agent.name","value":{"stringValue":"a"}},
   {"key":"gen_ai.conversation.id","value":{"stringValue":"c"}}]},
 {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000002","parentSpanId":"0000000000000001","name":"execute_tool transfer_to_b",
  "startTimeUnixNano":"1700000000100000000","endTimeUnixNano":"1700000000200000000",
  "attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"execute_tool"}},{"key":"gen_ai.tool.name","value":{"stringValue":"transfer_to_b"}},
   {"key":"gen_ai.tool.call.id","value":{"stringValue":"call_t"}}]},
 {"traceId":"0af7651916cd43dd8448eb211c80319d","spanId":"0000000000000003","name":"invoke_agent b",
  "startTimeUnixNano":"1700000000300000000","endTimeUnixNano":"1700000000900000000",
  "attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"invoke_agent"}},{"key":"gen_ai.agent.name","value":{"stringValue":"b"}},
   {"key":"gen_ai.tool.call.id","value":{"stringValue":"call_t"}},{"key":"gen_ai.conversation.id","value":{"stringValue":"c"}}]}]}]}]}"#;

#[test]
fn a_proposed_place_is_accepted_rejected_and_taken_back_by_hand() {
    let mut harness = window(vec![Source::memory("lost.json", LOST.as_bytes())]);
    let looks = |harness: &Harness<'_, App>| {
        scene(harness).ties.iter().map(|arrow| format!("{} {}", arrow.look, arrow.text)).collect::<Vec<_>>()
    };
    assert_eq!(looks(&harness), ["inferred_handoff ", "proposal may belong here · 95 of 100"]);
    harness.get_by_label_contains("invoke_agent b, 600 ms").click_accesskit();
    settle(&mut harness);
    assert_shown(&harness, "it shares the tool call call_t with execute_tool transfer_to_b");
    harness.get_by_label("Accept proposal 1").click();
    settle(&mut harness);
    assert_eq!(looks(&harness)[1], "accepted accepted by you");
    assert!(harness.state().state.view_file().unwrap().text().contains("\"accepted\""));
    harness.get_by_label("Take back proposal 1").click();
    settle(&mut harness);
    harness.get_by_label("Reject proposal 1").click();
    settle(&mut harness);
    assert_eq!(looks(&harness), ["inferred_handoff "]);
    assert_shown(&harness, "rejected by you");
    keys(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(looks(&harness).len(), 2, "a verdict is a step of undo");
    // From the other end, and without the mouse.
    harness.get_by_label_contains("execute_tool transfer_to_b, 100 ms").click_accesskit();
    settle(&mut harness);
    harness.state_mut().apply(Command::AcceptStitch);
    settle(&mut harness);
    assert_eq!(looks(&harness)[1], "accepted accepted by you");
}

#[test]
fn what_was_said_about_a_place_reaches_the_map_the_reading_and_the_findings_and_is_undone() {
    let mut harness = window(vec![Source::memory("lost.json", LOST.as_bytes())]);
    harness.get_by_label_contains("invoke_agent b, 600 ms").click_accesskit();
    harness.state_mut().apply(Command::ToggleAgentMap);
    harness.state_mut().apply(PeopleCommand::Tab(DetailsTab::Conversation).into());
    settle(&mut harness);
    // What the map, the reading, the attribution and the findings say.
    let says = |harness: &Harness<'_, App>| {
        let state = &harness.state().state;
        let picture = state.session.people.picture.as_ref().unwrap();
        let kinds = picture.edges.iter().map(|(.., edge)| edge.kind.to_string()).collect::<Vec<_>>();
        let genai = &state.data.as_ref().unwrap().known_work().unwrap().genai;
        let text = reading_text(genai, &state.session.people.shown.as_ref().unwrap().reading, false);
        let finding = state.findings().iter().find(|found| found.code() == "E3").unwrap();
        (kinds, text, (finding.id(), finding.sentence().to_owned()))
    };
    let (kinds, text, finding) = says(&harness);
    assert_eq!(kinds, ["handed_off", "proposed"]);
    assert!(text.contains("a may go on with b") && !text.contains("accepted"), "{text}");
    assert!(finding.1.contains("it probably belongs under"), "{finding:?}");
    let before = (kinds, text, finding);

    harness.state_mut().apply(Command::AcceptStitch);
    settle(&mut harness);
    let (kinds, text, finding) = says(&harness);
    assert_eq!(kinds, ["handed_off", "accepted"]);
    // Below the call that handed over, deeper than before, and the agent begins on its own: nothing calls it.
    assert!(
        text.contains("  a goes on with b · 600 ms · taken over 200 ms later · accepted by you")
            && text.contains("  b begins"),
        "{text}"
    );
    assert!(finding.1.ends_with("you placed it under execute_tool transfer_to_b."), "{finding:?}");
    assert_eq!(finding.0, before.2.0, "numbers stay what they were");
    harness.get_by_label_contains("a led to, accepted by you: b, 1 time, inferred");
    assert_shown(&harness, "accepted by you");
    let saved = harness.state().state.view_file().unwrap();

    keys(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(says(&harness), before, "undone");
    harness.state_mut().apply(Command::RejectStitch);
    settle(&mut harness);
    let (kinds, text, finding) = says(&harness);
    assert_eq!(kinds, ["handed_off"]);
    assert!(!text.contains("may go on with") && text.contains("you rejected the place"), "{text}");
    assert!(finding.1.ends_with("you rejected where it was proposed."), "{finding:?}");
    keys(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(says(&harness), before, "undone again");

    // A saved view brings it back, also into another window.
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lost.view.json");
    std::fs::write(&path, saved.text()).unwrap();
    let mut other = window(vec![Source::memory("lost.json", LOST.as_bytes())]);
    other.state_mut().apply(Command::OpenSources(vec![Source::Path(path)]));
    settle(&mut other);
    let found = other.state().state.findings();
    assert!(found.iter().any(|found| found.sentence().contains("you placed it under")));
}

#[test]
fn where_nearly_all_time_is_idle_a_hint_offers_to_shorten_it() {
    let sample = |name: &str| Source::Path(format!("sample-traces/{name}.otlp.json").into());
    let hint = "Nothing happens during over 99 % of the time shown";
    let mut harness = window(vec![sample("slept-laptop")]);
    assert_shown(&harness, hint);
    assert!(!harness.state().state.session.view.lanes.conversation.shorten_idle, "never unasked");
    harness.get_by_label_contains("Shorten idle time").click();
    settle(&mut harness);
    assert!(harness.state().state.session.view.lanes.conversation.shorten_idle);
    assert!(harness.query_by_label_contains(hint).is_none());
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    settle(&mut harness);
    assert_shown(&harness, hint);
    click_label(&mut harness, "Keep as it is");
    assert!(harness.query_by_label_contains(hint).is_none());
    // Another file is another question.
    harness.state_mut().apply(Command::Load { sources: vec![sample("skewed-browser")], add: true });
    settle(&mut harness);
    assert_shown(&harness, "Nothing happens during");
    // Pauses between turns are no reason to say anything, and one call has none.
    for source in [sample("slow-conversation"), sample("voice-session"), sample("skewed-browser"), small()] {
        let harness = window(vec![source]);
        assert!(harness.query_by_label_contains("Nothing happens").is_none());
    }
}
