//! Findings about clocks and about AI conversations: one list, one numbering, the same numbers on the canvas.

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use skewline::analysis::clocks::FindingTone;
use skewline::analysis::numbered::Found;
use skewline::app::App;
use skewline::app::command::Command;
use skewline::load::Source;

use crate::harness::{assert_shown, click_label, press, selected_names, settle, window};

/// A call to a server whose clock is off, and four attempts at one tool of which the last succeeds.
fn troubled() -> Source {
    let attempt = |at: u64, start_ms: u64, code: u8| {
        format!(
            r#",{{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"00000000000000a{at}","parentSpanId":"0000000000000001","name":"execute_tool search","kind":1,
            "startTimeUnixNano":"17000000{:02}{:03}000000","endTimeUnixNano":"17000000{:02}{:03}000000","status":{{"code":{code}}},
            "attributes":[{{"key":"gen_ai.operation.name","value":{{"stringValue":"execute_tool"}}}},{{"key":"gen_ai.tool.name","value":{{"stringValue":"search"}}}}]}}"#,
            start_ms / 1000,
            start_ms % 1000,
            (start_ms + 40) / 1000,
            (start_ms + 40) % 1000
        )
    };
    let attempts: String = (0..4).map(|at| attempt(at, 100 + 150 * at, if at == 3 { 1 } else { 2 })).collect();
    let text = format!(
        r#"{{"resourceSpans":[
{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"agents"}}}},{{"key":"host.id","value":{{"stringValue":"h-1"}}}},
 {{"key":"telemetry.sdk.language","value":{{"stringValue":"go"}}}}]}},
 "scopeSpans":[{{"spans":[
 {{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000001","name":"invoke_agent planner","kind":3,
  "startTimeUnixNano":"1700000000000000001","endTimeUnixNano":"1700000000910000001","status":{{"code":1}},
  "attributes":[{{"key":"gen_ai.operation.name","value":{{"stringValue":"invoke_agent"}}}},{{"key":"gen_ai.agent.name","value":{{"stringValue":"planner"}}}}]}}{attempts}]}}]}},
{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"gateway"}}}},{{"key":"host.id","value":{{"stringValue":"gw-1"}}}},
 {{"key":"telemetry.sdk.language","value":{{"stringValue":"go"}}}}]}},
 "scopeSpans":[{{"spans":[{{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000002","parentSpanId":"0000000000000001","name":"serve","kind":2,
 "startTimeUnixNano":"1700000000670000001","endTimeUnixNano":"1700000001310000001","status":{{"code":1}}}}]}}]}}]}}"#
    );
    Source::memory("troubled.json", text.as_bytes())
}

fn numbers(harness: &Harness<'_, App>) -> Vec<(u32, FindingTone)> {
    let scene = harness.state().canvas().scene().unwrap();
    let mut numbers: Vec<_> = scene.clocks.badges.iter().map(|badge| (badge.finding, badge.tone)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

#[test]
fn clocks_come_first_and_patterns_go_on_with_the_numbers() {
    let mut harness = window(vec![troubled()]);
    let state = &harness.state().state;
    let found: Vec<(u32, &str)> = state.findings().iter().map(|found| (found.id(), found.code())).collect();
    assert_eq!(found[0], (1, "N0"), "{found:?}");
    let retry = found.iter().find(|(_, code)| *code == "E7").unwrap().0;
    assert!(found.is_sorted_by_key(|(id, _)| *id) && retry > 1);
    assert_shown(&harness, "clocks 1 · real 0 · patterns");
    let first = (1, state.findings().get(1).unwrap().tone());
    assert!(first.1 <= FindingTone::Clock && numbers(&harness).contains(&first), "{:?}", numbers(&harness));
    assert!(numbers(&harness).contains(&(retry, FindingTone::Pattern)), "the bars say the same numbers");
    click_label(&mut harness, "Only E7");
    assert!(harness.query_by_label_contains("Finding 1:").is_none(), "only one kind is listed");
    harness.get_by_label_contains(&format!("Finding {retry}: Retry cascade")).click();
    harness.run_steps(3);
    assert_eq!(selected_names(&harness), ["execute_tool search"; 4]);
    let evidence = match harness.state().state.findings().get(retry) {
        Some(Found::Pattern(_, pattern)) => pattern.evidence.clone(),
        other => panic!("{other:?} is no pattern"),
    };
    assert!(!evidence.is_empty());
    evidence.iter().for_each(|line| assert_shown(&harness, line));
    assert!(harness.get_all_by_label("execute_tool search").count() >= 4, "each span is a link");
    click_label(&mut harness, "Only E7");
    press(&mut harness, Modifiers::NONE, Key::Escape);
    press(&mut harness, Modifiers::NONE, Key::N);
    assert_eq!(harness.state().state.session.view.finding, Some(1));
}

#[test]
fn numbers_survive_folds_and_pictures() {
    let mut harness = window(vec![troubled()]);
    let before = numbers(&harness);
    assert!(before.len() > 1);
    press(&mut harness, Modifiers::NONE, Key::Num4);
    settle(&mut harness);
    let scene = harness.state().canvas().scene().unwrap().clone();
    assert!(scene.bars.is_empty() && scene.profiles.len() > 1, "everything is folded into strips");
    let on_strips: Vec<u32> = scene
        .profiles
        .iter()
        .flat_map(|profile| &profile.columns)
        .filter_map(|column| Some(column.finding?.0))
        .collect();
    assert!(on_strips.contains(&1), "strips carry the numbers");
    assert!(numbers(&harness).iter().all(|number| before.contains(number)) && !numbers(&harness).is_empty());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("findings.svg");
    harness.state_mut().apply(Command::Export(path.clone()));
    settle(&mut harness);
    let picture = std::fs::read_to_string(&path).unwrap();
    assert!(picture.contains("took 4 attempts"), "the legend of the picture says what the numbers mean");
}

#[test]
fn the_overview_marks_where_findings_are() {
    let mut harness = window(vec![troubled()]);
    let scene = harness.state().canvas().scene().unwrap().clone();
    let marks = &scene.overview.marks;
    let of_retry = harness.state().state.findings().iter().find(|found| found.code() == "E7").unwrap().id();
    assert!(marks.iter().any(|mark| mark.tone == FindingTone::Pattern), "{marks:?}");
    assert!(marks.iter().any(|mark| mark.finding == 1), "{marks:?}");
    assert!(marks.windows(2).all(|pair| pair[1].center.x - pair[0].center.x >= 7.0), "none covers another: {marks:?}");
    let mark = *marks.iter().find(|mark| mark.finding == of_retry).unwrap();
    // Names it under the pointer; a click looks at it.
    let head = harness.get_by_label_contains("Lane gateway").rect();
    let own = scene.lanes.iter().find(|lane| &*lane.name == "gateway").unwrap().rect;
    let at = mark.center + (head.min - own.min);
    harness.hover_at(at);
    harness.run_steps(4);
    assert_shown(&harness, "click to look at it");
    assert_shown(&harness, &format!("{of_retry} E7 · "));
    crate::harness::pointer(&mut harness, at, Some(true));
    crate::harness::pointer(&mut harness, at, Some(false));
    settle(&mut harness);
    assert_eq!(harness.state().state.session.view.finding, Some(of_retry));
}

/// The worked example with `rows` more spans of the browser that all run at the same time, so that the lane of the
/// gateway is that many rows below.
fn far_apart(rows: usize) -> Source {
    let span = |at: usize| {
        format!(
            r#"{{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"{:016x}","parentSpanId":"0000000000000001","name":"load {at}",
 "startTimeUnixNano":"1700000000100000001","endTimeUnixNano":"1700000000400000001"}},"#,
            0x100 + at
        )
    };
    let rows: String = (0..rows).map(span).collect();
    let text = crate::clocks::EXAMPLE.replacen(r#""spans":["#, &format!(r#""spans":[{rows}"#), 1);
    Source::memory("far.json", text.into_bytes())
}

/// The names of spans whose bars are wholly in view.
fn in_view(harness: &Harness<'_, App>, name: &str) -> bool {
    let store = &harness.state().state.data.as_ref().unwrap().store;
    let scene = harness.state().canvas().scene().unwrap();
    let area = scene.scrolled_area();
    scene.bars.iter().any(|bar| store.span(bar.span).name() == name && area.contains(bar.rect.center()))
}

fn far_ends(harness: &Harness<'_, App>) -> Vec<String> {
    let scene = harness.state().canvas().scene().unwrap();
    scene.clocks.far_ends.iter().map(|end| end.text.to_string()).collect()
}

#[test]
fn both_ends_of_a_contradiction_come_into_view_where_they_have_room() {
    for rows in [0, 20] {
        let mut harness = window(vec![far_apart(rows)]);
        press(&mut harness, Modifiers::NONE, Key::N);
        harness.run_steps(2);
        assert_eq!(harness.state().state.session.view.finding, Some(1));
        assert!(in_view(&harness, "POST /chat") && in_view(&harness, "serve"), "{rows} rows between");
        assert_eq!(far_ends(&harness), [""; 0], "nothing is out of view");
    }
}

#[test]
fn an_end_that_has_no_room_is_named_at_the_edge_and_can_be_followed() {
    let mut harness = window(vec![far_apart(150)]);
    press(&mut harness, Modifiers::NONE, Key::N);
    harness.run_steps(2);
    let witness = harness.state().state.findings().get(1).unwrap().witness()[0].cause;
    let name = |span| harness.state().state.data.as_ref().unwrap().store.span(span).name().to_owned();
    let (cause, effect) = (name(witness.from.span), name(witness.to.span));
    assert_eq!((cause.as_str(), effect.as_str()), ("serve", "POST /chat"));
    assert!(in_view(&harness, &effect) && !in_view(&harness, &cause), "the effect is what is selected");
    assert_eq!(far_ends(&harness), ["from gateway: serve · below"]);
    click_label(&mut harness, "from gateway: serve · below");
    harness.run_steps(2);
    assert!(in_view(&harness, &cause) && !in_view(&harness, &effect));
    assert_eq!(selected_names(&harness), [cause.as_str()]);
    assert_eq!(harness.state().state.session.view.finding, Some(1), "it is still looked at");
    assert_eq!(far_ends(&harness), ["to browser: POST /chat · above"]);
    press(&mut harness, Modifiers::NONE, Key::R);
    harness.run_steps(2);
    assert!(in_view(&harness, &effect), "and a key goes back");
    press(&mut harness, Modifiers::NONE, Key::R);
    harness.run_steps(2);
    assert!(in_view(&harness, &cause));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("far.svg");
    harness.state_mut().apply(Command::Export(path.clone()));
    settle(&mut harness);
    assert!(std::fs::read_to_string(&path).unwrap().contains("to browser: POST /chat · above"), "pictures say it, too");
    press(&mut harness, Modifiers::NONE, Key::Escape);
    harness.run_steps(2);
    assert_eq!(far_ends(&harness), [""; 0], "nothing is looked at");
    press(&mut harness, Modifiers::NONE, Key::R);
    assert_eq!(harness.state().state.session.view.finding, None, "there is no other end to go to");
}

#[test]
fn an_end_in_a_hidden_lane_is_named_and_shown_when_it_is_asked_for() {
    let mut harness = window(vec![far_apart(0)]);
    let lanes = &harness.state().state.arranged.lanes;
    let lane = lanes.iter().find(|lane| lane.name == "gateway").unwrap().key.clone();
    harness.state_mut().apply(Command::Lanes(skewline::app::lanes::LaneCommand::Hide(lane)));
    settle(&mut harness);
    press(&mut harness, Modifiers::NONE, Key::N);
    harness.run_steps(2);
    assert_eq!(far_ends(&harness), ["from gateway: serve · in a hidden lane"]);
    press(&mut harness, Modifiers::NONE, Key::R);
    harness.run_steps(2);
    assert!(in_view(&harness, "POST /chat") && in_view(&harness, "serve"));
    assert_eq!(far_ends(&harness), [""; 0]);
}
