//! Conversations: the turn as people read it, folded contents, agents.

use egui::accesskit::{Role, Toggled};
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use skewline::app::App;
use skewline::app::command::Command;
use skewline::app::people::{Contents, DetailsTab, PeopleCommand};
use skewline::load::Source;

use crate::harness::{assert_shown, pointer as pointer_to, press, selected_names, settle, small, window};

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
    press(&mut harness, Modifiers::SHIFT, Key::Q);
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
    // The tool's clock is another one: between the call's start and end less the tool's own length, and stamps that may
    // be rounded to whole milliseconds.
    assert_shown(&harness, "1.19–1.71 s");
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
    press(&mut harness, Modifiers::SHIFT, Key::Q);
    assert_eq!(harness.state().state.details_tab(), DetailsTab::Span);
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
        harness.step();
        let copied = harness.output().platform_output.commands.iter().rev().find_map(|command| match command {
            egui::OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        });
        let text = copied.expect("something was copied");
        assert!(text.contains("planner asks m") && text.contains("120 → 30 tokens"), "{text}");
        assert_eq!(text.contains("Where is my parcel?"), has_contents, "{text}");
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

fn sample() -> Source {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/sample-traces/slow-conversation.otlp.json");
    Source::memory("slow-conversation.otlp.json", std::fs::read(path).unwrap())
}

#[test]
fn the_agent_map_and_the_selection_are_linked_both_ways() {
    let mut harness = window(vec![sample()]);
    assert!(harness.query_by_label_contains("Agent researcher").is_none(), "closed until somebody asks for it");
    press(&mut harness, Modifiers::SHIFT, Key::G);
    settle(&mut harness);
    assert_shown(&harness, "planner called researcher, ");
    harness.get_by_label_contains("Agent researcher, ").click();
    settle(&mut harness);
    let agents = |harness: &egui_kittest::Harness<'_, skewline::app::App>| {
        let state = &harness.state().state;
        let genai = &state.data.as_ref().unwrap().known_work().unwrap().genai;
        let name = |span: &skewline::model::SpanIx| genai.agents()[genai.agent_of(*span).unwrap().at()].name.clone();
        state.session.view.selection.iter().map(name).collect::<std::collections::BTreeSet<String>>()
    };
    assert_eq!(agents(&harness).into_iter().collect::<Vec<_>>(), ["researcher"]);
    let total = harness.state().state.session.view.selection.len();
    assert_shown(&harness, &format!("{total} spans selected"));
    // The other way round: the agent of a selected span is marked.
    harness.state_mut().apply(Command::SelectNothing);
    harness.step();
    let is_marked = |harness: &egui_kittest::Harness<'_, skewline::app::App>, name: &str| {
        harness.get_by_label_contains(&format!("Agent {name}, ")).accesskit_node().toggled() == Some(Toggled::True)
    };
    assert!(!is_marked(&harness, "planner"));
    let store = std::sync::Arc::clone(&harness.state().state.data.as_ref().unwrap().store);
    let planner = store.span_ixs().find(|span| store.span(*span).name() == "invoke_agent planner").unwrap();
    harness.state_mut().apply(Command::Reveal(planner));
    harness.run_steps(3);
    assert!(is_marked(&harness, "planner") && !is_marked(&harness, "researcher"));
    harness.get_by_label_contains("planner called researcher, ").click();
    harness.run_steps(3);
    assert!(!selected_names(&harness).is_empty() && is_marked(&harness, "researcher"));
    harness.get_by_label("Close agent map").click();
    harness.run_steps(3);
    assert!(!harness.state().state.settings.agent_map_open);
}

#[test]
fn an_answer_says_what_led_to_it_and_what_is_not_recorded() {
    let mut harness = window(vec![talk()]);
    harness.get_by_label_contains("execute_tool track").click();
    harness.run_steps(3);
    press(&mut harness, Modifiers::SHIFT, Key::I);
    settle(&mut harness);
    for text in [
        "What led to the turn's last answer, of",
        "c-7f3a",
        "gen_ai.conversation.id",
        "planner",
        "gen_ai.agent.name",
        "not recorded",
        "0 of 3 known",
        "inferred · ended before, in this turn",
    ] {
        assert_shown(&harness, text);
    }
    harness.get_by_label("chat m →").click();
    settle(&mut harness);
    assert_eq!(selected_names(&harness), ["chat m"]);
    assert_shown(&harness, "What led to the answer of");
}

#[test]
fn derived_values_say_where_they_were_read() {
    let mut harness = window(vec![talk()]);
    harness.state_mut().apply(Command::Reveal(skewline::model::SpanIx(1)));
    settle(&mut harness);
    for text in ["Derived", "response model", "m-2026", "input tokens", "turn", "inferred"] {
        assert_shown(&harness, text);
    }
}

#[test]
fn phases_are_added_up_for_the_selection_its_turn_and_its_agent() {
    let mut harness = window(vec![talk()]);
    press(&mut harness, Modifiers::SHIFT, Key::B);
    settle(&mut harness);
    assert_shown(&harness, "of everything");
    harness.state_mut().apply(Command::Reveal(skewline::model::SpanIx(4)));
    settle(&mut harness);
    assert_shown(&harness, "of 1 selected span and everything below");
    assert_shown(&harness, "busy 500 ms of 500 ms wall · 500 ms added up · 1 clock");
    harness.get_by_label("Its turn").click();
    settle(&mut harness);
    assert_shown(&harness, "of Turn 1 (counted) · c-7f3a");
    // Tool and planner have a clock each: how much of the tool's time the planner waited is not known exactly.
    assert_shown(&harness, "2 clocks");
    assert_shown(&harness, "agent work");
    harness.get_by_label("Its agent").click();
    settle(&mut harness);
    assert_shown(&harness, "of the agent planner");
}

/// A leader that calls `count` - 1 others, each with one span.
fn crowd(count: u64) -> Source {
    let span = |id: u64| {
        let parent = if id == 1 { String::new() } else { r#","parentSpanId":"0000000000000001""#.to_owned() };
        format!(
            r#"{{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"{id:016x}"{parent},"name":"invoke_agent a{id}",
            "startTimeUnixNano":"{}","endTimeUnixNano":"1700000005000000000","attributes":[
            {{"key":"gen_ai.operation.name","value":{{"stringValue":"invoke_agent"}}}},
            {{"key":"gen_ai.agent.name","value":{{"stringValue":"a{id}"}}}}]}}"#,
            1_700_000_000_000_000_000 + id
        )
    };
    let spans: Vec<String> = (1..=count).map(span).collect();
    let text = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}]}}]}}]}}"#, spans.join(","));
    Source::memory("crowd.json", text.into_bytes())
}

#[test]
fn the_agent_map_works_with_one_agent_and_with_thirty() {
    for (count, edges) in [(1, 0), (2, 1), (30, 29)] {
        let mut harness = window(vec![crowd(count)]);
        press(&mut harness, Modifiers::SHIFT, Key::G);
        settle(&mut harness);
        assert_eq!(harness.query_all_by_label_contains("Agent a").count(), usize::try_from(count).unwrap());
        let picture = harness.state().state.session.people.picture.clone().unwrap();
        assert_eq!((picture.edges.len(), picture.layers.crossings), (edges, 0));
        // Of thirty it is not in view: what a screen reader does.
        harness.get_by_label_contains("Agent a1, ").click_accesskit();
        harness.run_steps(3);
        assert_eq!(selected_names(&harness), ["invoke_agent a1"]);
    }
}

#[test]
fn the_agent_map_is_zoomed_and_moved_with_all_hands_and_fits_again() {
    let mut harness = window(vec![crowd(30)]);
    press(&mut harness, Modifiers::SHIFT, Key::G);
    settle(&mut harness);
    let sight = |harness: &Harness<'_, App>| harness.state().state.session.people.map.sight;
    let place = |harness: &Harness<'_, App>, label: &str| harness.get_by_label_contains(label).rect();
    let map = place(&harness, "Agent map, 30 agents");
    assert_eq!(sight(&harness), None, "all of it");
    for at in 1..=30 {
        let agent = place(&harness, &format!("Agent a{at}, "));
        assert!(map.contains_rect(agent.shrink(1.0)), "a{at} at {agent:?} in {map:?}");
    }
    // The wheel, and two fingers, hold what is under the pointer.
    let pointer = place(&harness, "Agent a1, ").center();
    harness.event(egui::Event::PointerMoved(pointer));
    harness.step();
    let wheel = |harness: &mut Harness<'_, App>, y: f32| {
        harness.event(egui::Event::MouseWheel {
            unit: egui::MouseWheelUnit::Point,
            delta: egui::vec2(0.0, y),
            phase: egui::TouchPhase::Move,
            source: egui::MouseWheelSource::Unknown,
            modifiers: Modifiers::NONE,
        });
        harness.run_steps(12);
    };
    let before = place(&harness, "Agent a1, ");
    wheel(&mut harness, 240.0);
    let after = place(&harness, "Agent a1, ");
    assert!(after.width() > 1.5 * before.width(), "{before:?} {after:?}");
    assert!(after.center().distance(pointer) < 3.0, "held: {after:?} {pointer:?}");
    harness.event(egui::Event::Zoom(1.5));
    harness.run_steps(2);
    assert!(place(&harness, "Agent a1, ").width() > 1.3 * after.width());
    // A drag moves it.
    let (from, old) = (map.left_bottom() + egui::vec2(20.0, -12.0), place(&harness, "Agent a1, "));
    pointer_to(&mut harness, from, None);
    pointer_to(&mut harness, from, Some(true));
    pointer_to(&mut harness, from + egui::vec2(40.0, -20.0), None);
    pointer_to(&mut harness, from + egui::vec2(60.0, -30.0), Some(false));
    let moved = place(&harness, "Agent a1, ").center() - old.center();
    assert!(moved.x > 20.0, "{moved:?}");
    // Keys mean the map while it has the keyboard.
    let time = harness.state().state.session.view.time;
    let zoom = |harness: &Harness<'_, App>| sight(harness).map_or(0.0, |sight| sight.zoom);
    for (key, grows) in [(Key::Plus, true), (Key::PageDown, false), (Key::PageUp, true), (Key::Minus, false)] {
        let before = zoom(&harness);
        press(&mut harness, Modifiers::NONE, key);
        harness.run_steps(2);
        assert!(if grows { zoom(&harness) > before } else { zoom(&harness) < before }, "{key:?}");
    }
    let before = sight(&harness).unwrap().middle;
    press(&mut harness, Modifiers::NONE, Key::ArrowRight);
    harness.run_steps(2);
    assert!(sight(&harness).unwrap().middle.x > before.x);
    assert_eq!(harness.state().state.session.view.time, time, "the timeline stands still");
    press(&mut harness, Modifiers::NONE, Key::Home);
    harness.run_steps(2);
    assert_eq!(sight(&harness), None);
    // Buttons do the same, and another selection is brought into view.
    for _ in 0..12 {
        harness.get_by_label("Zoom into agent map").click();
        harness.run_steps(3);
    }
    let is_seen = |harness: &Harness<'_, App>, at: u32| map.contains_rect(place(harness, &format!("Agent a{at}, ")));
    assert!(!is_seen(&harness, 2) && !is_seen(&harness, 30));
    for at in [2, 30] {
        harness.state_mut().apply(Command::Reveal(skewline::model::SpanIx(at - 1)));
        settle(&mut harness);
        assert!(is_seen(&harness, at), "a{at}");
    }
    harness.get_by_label("Fit agent map").click();
    harness.run_steps(3);
    assert_eq!(sight(&harness), None);
}

#[test]
fn several_selected_spans_say_where_their_time_went() {
    let mut harness = window(vec![talk()]);
    for (at, add) in [(1, false), (3, true), (4, true)] {
        harness.state_mut().apply(Command::Select { span: skewline::model::SpanIx(at), extend: add });
    }
    settle(&mut harness);
    assert_shown(&harness, "3 spans selected");
    assert_shown(&harness, "By phase, with everything below");
    for text in ["busy (union)", "sum", "wall", "model call", "tool"] {
        assert_shown(&harness, text);
    }
    let state = &harness.state().state;
    let shown = state.session.phases.of_selection.of_spans(&state.session.view.selection).unwrap();
    let tool = shown.breakdown.phases.iter().find(|time| time.phase.label() == "tool").unwrap();
    assert_eq!((tool.busy.exact_ns(), tool.wall.unwrap().exact_ns()), (Some(500_000_000), Some(500_000_000)));
    // Deselecting shows nothing of it any more.
    harness.state_mut().apply(Command::SelectNothing);
    settle(&mut harness);
    assert!(harness.query_by_label_contains("By phase, with everything below").is_none());
}

#[test]
fn what_was_said_is_folded_everywhere_until_somebody_unfolds_it() {
    let mut harness = window(vec![talk()]);
    let bands = |harness: &Harness<'_, App>| {
        let scene = harness.state().canvas().scene().unwrap();
        scene.turns.bands.iter().map(|band| band.text.to_string()).collect::<Vec<_>>()
    };
    harness.state_mut().apply(Command::Reveal(skewline::model::SpanIx(1)));
    settle(&mut harness);
    assert!(harness.query_all_by_label_contains("Where is my parcel").next().is_none(), "not among the attributes");
    assert!(!bands(&harness)[0].contains("parcel"), "nor on the band of the turn: {:?}", bands(&harness));
    let said = "gen_ai.input.messages";
    harness.get_by_label_contains(said).click_accesskit();
    harness.run_steps(4);
    assert!(harness.query_by_label("Copy").is_some(), "a click unfolds it");
    harness.state_mut().apply(PeopleCommand::Contents(Contents::FirstLines).into());
    settle(&mut harness);
    assert!(bands(&harness)[0].contains("Where is my parcel?"), "{:?}", bands(&harness));
    // A picture never has it.
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("talk.svg");
    harness.state_mut().apply(Command::Export(path.clone()));
    settle(&mut harness);
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains("turn 1") && !text.contains("parcel"));
    harness.state_mut().apply(PeopleCommand::Contents(Contents::Folded).into());
    settle(&mut harness);
    assert!(!bands(&harness)[0].contains("parcel"));
}
