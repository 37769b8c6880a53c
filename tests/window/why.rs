//! Why turns and requests took so long: sentences whose parts select what shows them.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use skewline::app::command::Command;
use skewline::app::people::{DetailsTab, PeopleCommand};
use skewline::load::Source;
use skewline::model::SpanIx;

use crate::harness::{assert_shown, pointer, press, selected_names, settle, window};
use crate::people::TALK;

fn sample(name: &str) -> Source {
    let path = format!("{}/sample-traces/{name}.otlp.json", env!("CARGO_MANIFEST_DIR"));
    Source::memory(name, std::fs::read(path).unwrap())
}

#[test]
fn the_turn_that_is_read_says_why_and_its_parts_select_their_spans() {
    let mut harness = window(vec![Source::memory("talk.json", TALK.as_bytes())]);
    harness.state_mut().apply(PeopleCommand::Tab(DetailsTab::Conversation).into());
    harness.state_mut().apply(Command::Reveal(SpanIx(0)));
    settle(&mut harness);
    assert_shown(&harness, "Turn 1 took 5 s");
    // The tool's machine is a minute ahead; what is left of the call is between both.
    assert_shown(&harness, "500 ms between agents and tools");
    assert_shown(&harness, "500 ms in tool track");
    harness.get_by_label("3.5 s in 2 model calls that do not say what they did").click();
    settle(&mut harness);
    assert_eq!(selected_names(&harness), ["chat m", "chat m"]);
    harness.get_by_label("500 ms in tool track").click();
    settle(&mut harness);
    assert_eq!(selected_names(&harness), ["execute_tool track"]);
    harness.get_by_label("Copy turn").click();
    harness.step();
    let copied = harness.output().platform_output.commands.iter().rev().find_map(|command| match command {
        egui::OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    });
    assert!(copied.unwrap().starts_with("Turn 1 took 5 s: 3.5 s in 2 model calls"));
}

#[test]
fn the_card_of_a_turn_says_why() {
    let mut harness = window(vec![sample("retry-cascade")]);
    assert!(harness.query_by_label_contains("Turn 1 took").is_none());
    let canvas = harness.get_by_label_contains("Turn 1, 4 s").rect();
    pointer(&mut harness, canvas.center(), None);
    settle(&mut harness);
    assert_shown(&harness, "Turn 1 took 4 s: 1.35 s waiting before another attempt (429)");
}

#[test]
fn a_request_without_any_ai_says_why_beside_its_fields() {
    let small = crate::harness::SMALL.replace("gen_ai.request.model", "app.plan");
    let mut harness = window(vec![Source::memory("plain.json", small.into_bytes())]);
    harness.get_by_label_contains("checkout, 100 ms").click();
    settle(&mut harness);
    assert_shown(&harness, "checkout took 100 ms");
    harness.get_by_label("40 ms in charge card of shop").click();
    settle(&mut harness);
    assert_eq!(selected_names(&harness), ["charge card"]);
    // Nothing is below it: its length is all that there is to say.
    assert!(harness.query_by_label_contains("charge card took").is_none());
}

#[test]
fn turns_that_two_services_count_have_names_of_their_own() {
    let mut harness = window(vec![sample("voice-session")]);
    press(&mut harness, Modifiers::SHIFT, Key::Q);
    settle(&mut harness);
    for name in ["Turn 1 (counted) · room-8f2c · by voice-agent", "Turn 1 (counted) · room-8f2c · by dialog"] {
        assert_eq!(harness.get_all_by_label(name).count(), 1, "{name}");
    }
    harness.get_by_label("Turn 2 (counted) · room-8f2c · by voice-agent").click();
    settle(&mut harness);
    assert_shown(&harness, "Turn 2 took 3.81 s");
}

#[test]
fn a_folded_group_says_what_of_it_is_in_view() {
    let mut harness = window(vec![sample("retry-cascade")]);
    press(&mut harness, Modifiers::NONE, Key::Num2);
    settle(&mut harness);
    let group = harness.get_all_by_label_contains("Group planner, folded").next().unwrap();
    let at = group.rect().left_center() + egui::vec2(40.0, 0.0);
    pointer(&mut harness, at, None);
    settle(&mut harness);
    assert_shown(&harness, "in view: 21 spans, all of them");
    assert_shown(&harness, "21 spans in all");
    for _ in 0..4 {
        harness.state_mut().apply(Command::ZoomIn);
    }
    settle(&mut harness);
    pointer(&mut harness, at + egui::vec2(1.0, 0.0), None);
    settle(&mut harness);
    assert!(harness.query_by_label_contains("all of them").is_none());
    assert_shown(&harness, "in view: ");
    assert_shown(&harness, "21 spans in all");
}
