//! Work on lanes: every step through the keyboard or the names that a screen reader gets.

use std::path::Path;

use egui::{Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use skewline::app::App;
use skewline::app::command::Command;
use skewline::app::lanes::LaneCommand;
use skewline::app::search::SearchCommand;
use skewline::load::Source;

use super::harness::*;

/// Two hosts; on the first two services, one of which failed below its root.
const HOSTS: &str = r#"{"resourceSpans":[
{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"gateway"}},{"key":"host.id","value":{"stringValue":"h-1"}}]},
 "scopeSpans":[{"spans":[
 {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000001","name":"request",
  "startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000000100000000"},
 {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000002","parentSpanId":"0000000000000001","name":"route",
  "startTimeUnixNano":"1700000000010000000","endTimeUnixNano":"1700000000090000000"},
 {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000003","parentSpanId":"0000000000000002","name":"lookup",
  "startTimeUnixNano":"1700000000020000000","endTimeUnixNano":"1700000000050000000","status":{"code":2}}]}]},
{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"billing"}},{"key":"host.id","value":{"stringValue":"h-1"}}]},
 "scopeSpans":[{"spans":[
 {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000004","name":"charge",
  "startTimeUnixNano":"1700000000030000000","endTimeUnixNano":"1700000000060000000"}]}]},
{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"store"}},{"key":"host.id","value":{"stringValue":"h-2"}}]},
 "scopeSpans":[{"spans":[
 {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000005","name":"select",
  "startTimeUnixNano":"1700000000025000000","endTimeUnixNano":"1700000000045000000"}]}]}]}"#;

fn hosts() -> Harness<'static, App> {
    window(vec![Source::memory("hosts.json", HOSTS.as_bytes())])
}

/// Names of the lanes, from the top.
fn lanes(harness: &Harness<'_, App>) -> Vec<String> {
    let state = &harness.state().state;
    let (lanes, view) = (&state.arranged.lanes, &state.session.view.lanes);
    view.shown(lanes).into_iter().map(|lane| view.name(&lanes[lane.at()]).to_owned()).collect()
}

fn keys(harness: &mut Harness<'_, App>, modifiers: Modifiers, key: Key) {
    press(harness, modifiers, key);
    settle(harness);
}

fn undo(harness: &mut Harness<'_, App>) {
    keys(harness, Modifiers::COMMAND, Key::Z);
}

fn redo(harness: &mut Harness<'_, App>) {
    keys(harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
}

fn focus(harness: &mut Harness<'_, App>, lane: &str) {
    harness.get_by_label_contains(&format!("Lane {lane},")).click_accesskit();
    harness.run_steps(2);
}

fn run(harness: &mut Harness<'_, App>, command: Command) {
    harness.state_mut().apply(command);
    settle(harness);
}

#[test]
fn lanes_are_split_and_joined_and_every_step_is_undone() {
    let mut harness = hosts();
    assert_eq!(lanes(&harness), ["host h-1", "store"]);
    focus(&mut harness, "host h-1");
    keys(&mut harness, Modifiers::NONE, Key::Y);
    let split = ["host h-1 · billing", "host h-1 · gateway", "store"];
    assert_eq!(lanes(&harness), split);
    harness.get_by_label_contains("Lane host h-1 · billing, 1 span, host.id");
    undo(&mut harness);
    assert_eq!(lanes(&harness), ["host h-1", "store"]);
    redo(&mut harness);
    assert_eq!(lanes(&harness), split);
    focus(&mut harness, "host h-1 · billing");
    run(&mut harness, Command::RejoinLane);
    assert_eq!(lanes(&harness), ["host h-1", "store"]);
}

#[test]
fn a_merged_lane_says_that_it_mixes_clocks() {
    let mut harness = hosts();
    focus(&mut harness, "host h-1");
    keys(&mut harness, Modifiers::SHIFT, Key::Y);
    assert_eq!(lanes(&harness), ["host h-1 + store"]);
    harness.get_by_label_contains("Lane host h-1 + store, 5 spans, 2 clocks");
    run(&mut harness, Command::RejoinLane);
    assert_eq!(lanes(&harness), ["host h-1", "store"]);
    run(&mut harness, Command::Lanes(LaneCommand::GroupBy("service.name".to_owned())));
    assert_eq!(lanes(&harness), ["billing", "gateway", "store"]);
    run(&mut harness, Command::GroupByClock);
    assert_eq!(lanes(&harness), ["host h-1", "store"]);
}

#[test]
fn lanes_are_moved_pinned_hidden_and_named() {
    let mut harness = hosts();
    run(&mut harness, Command::Lanes(LaneCommand::GroupBy("service.name".to_owned())));
    focus(&mut harness, "billing");
    keys(&mut harness, Modifiers::ALT, Key::ArrowDown);
    assert_eq!(lanes(&harness), ["gateway", "billing", "store"]);
    focus(&mut harness, "store");
    keys(&mut harness, Modifiers::NONE, Key::P);
    assert_eq!(lanes(&harness), ["store", "gateway", "billing"]);
    harness.get_by_label_contains("Lane store, 1 span, host.id, pinned");
    undo(&mut harness);
    undo(&mut harness);
    assert_eq!(lanes(&harness), ["billing", "gateway", "store"]);
    focus(&mut harness, "gateway");
    run(&mut harness, Command::HideLane);
    assert_eq!(lanes(&harness), ["billing", "store"]);
    harness.get_by_label_contains("1 lane hidden");
    run(&mut harness, Command::ShowAllLanes);
    focus(&mut harness, "gateway");
    keys(&mut harness, Modifiers::NONE, Key::F2);
    harness.state_mut().apply(Command::Lanes(LaneCommand::TypeName("front door".to_owned())));
    harness.run_steps(2);
    click_label(&mut harness, "Rename");
    assert_eq!(lanes(&harness), ["billing", "front door", "store"]);
    undo(&mut harness);
    assert_eq!(lanes(&harness), ["billing", "gateway", "store"]);
}

#[test]
fn lanes_are_dragged_to_their_place_and_height() {
    let mut harness = hosts();
    let head = harness.get_by_label_contains("Lane host h-1,").rect();
    let below = harness.get_by_label_contains("Lane store,").rect();
    pointer(&mut harness, head.center(), Some(true));
    pointer(&mut harness, head.center() + vec2(0.0, 20.0), None);
    pointer(&mut harness, below.center_bottom() - vec2(0.0, 6.0), None);
    pointer(&mut harness, below.center_bottom() - vec2(0.0, 6.0), Some(false));
    harness.run_steps(2);
    assert_eq!(lanes(&harness), ["store", "host h-1"]);
    let head = harness.get_by_label_contains("Lane store,").rect();
    let (edge, dragged) = (head.center_bottom() - vec2(0.0, 1.0), head.height() as u32 + 60);
    for (to, pressed) in [(0.0, Some(true)), (20.0, None), (60.0, None), (60.0, Some(false))] {
        pointer(&mut harness, edge + vec2(0.0, to), pressed);
    }
    harness.run_steps(2);
    let heights = &harness.state().state.session.view.lanes.heights;
    let is_dragged = |height: &u32| height.abs_diff(dragged) <= 8;
    assert!(heights.values().all(is_dragged) && heights.len() == 1, "{heights:?} and not {dragged}");
    undo(&mut harness);
    assert!(harness.state().state.session.view.lanes.heights.is_empty(), "one drag is one step");
}

#[test]
fn folding_says_how_much_it_hides_and_keeps_failures() {
    let mut harness = hosts();
    harness.get_by_label_contains("route").click();
    harness.run_steps(3);
    keys(&mut harness, Modifiers::NONE, Key::H);
    assert!(harness.query_by_label_contains("lookup, ").is_none());
    harness.get_by_label_contains("1 span folded");
    let scene = harness.state().canvas().scene().unwrap().clone();
    let bar = scene.bars.iter().find(|bar| bar.folded == 1).unwrap();
    assert!(bar.flags.has(skewline::model::SpanFlags::ERROR), "the failed span behind it is painted");
    // Where nothing is left to fold, H goes up, and folds there.
    keys(&mut harness, Modifiers::NONE, Key::H);
    assert_eq!(selected_names(&harness), ["request"]);
    keys(&mut harness, Modifiers::NONE, Key::H);
    harness.get_by_label_contains("2 spans folded");
    undo(&mut harness);
    keys(&mut harness, Modifiers::SHIFT, Key::L);
    assert!(harness.query_by_label_contains("folded").is_none());
    focus(&mut harness, "host h-1");
    keys(&mut harness, Modifiers::SHIFT, Key::H);
    harness.get_by_label_contains("Lane host h-1, 4 spans, host.id, folded");
    let scene = harness.state().canvas().scene().unwrap().clone();
    assert!(scene.profiles[0].columns.iter().any(|column| column.has_error), "failures are painted through");
    assert!(scene.profiles[0].columns.iter().any(|column| !column.has_error));
}

#[test]
fn lanes_are_found_and_their_menu_opens_by_key() {
    let mut harness = hosts();
    keys(&mut harness, Modifiers::COMMAND, Key::P);
    harness.get_by_label("Find a lane");
    harness.get_by_label_contains("store, 1 span · host.id=h-2").click();
    harness.run_steps(3);
    assert_eq!(harness.state().state.session.lanes.current.as_ref().unwrap().as_str(), "host.id=h-2");
    keys(&mut harness, Modifiers::SHIFT, Key::F10);
    let picker = harness.state().state.session.picker.as_ref();
    assert_eq!(picker.map(|picker| picker.title), Some("Lane"));
    let picker = picker.unwrap();
    let titles: Vec<_> = (0..picker.shown().len()).map(|at| picker.choice(at).unwrap().title.as_str()).collect();
    assert_eq!(
        titles,
        [
            "Fold lane",
            "Pin lane",
            "Hide lane",
            "Rename lane…",
            "Fold by agent",
            "Fold by phase",
            "Fold by service",
            "Fold by turn",
            "Fold by retry",
            "Merge with host h-1",
            "Move lane up"
        ]
    );
    harness.get_by_label_contains("Merge with host h-1").click();
    settle(&mut harness);
    assert_eq!(lanes(&harness), ["host h-1 + store"]);
}

fn saved(dir: &Path) -> String {
    std::fs::read_to_string(dir.join("hosts.view.json")).unwrap()
}

#[test]
fn a_view_is_saved_beside_its_trace_and_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let (trace, view) = (dir.path().join("hosts.json"), dir.path().join("hosts.view.json"));
    std::fs::write(&trace, HOSTS).unwrap();
    let mut harness = window(vec![Source::Path(trace.clone())]);
    focus(&mut harness, "host h-1");
    keys(&mut harness, Modifiers::NONE, Key::Y);
    focus(&mut harness, "store");
    keys(&mut harness, Modifiers::NONE, Key::P);
    harness.get_by_label_contains("route").click();
    harness.run_steps(3);
    keys(&mut harness, Modifiers::NONE, Key::F);
    let expected = (lanes(&harness), harness.state().state.session.view.time);
    keys(&mut harness, Modifiers::COMMAND, Key::S);
    let text = saved(dir.path());
    assert!(text.contains("\"schema\": \"skewline.view/1\"") && text.contains("hosts.json"), "{text}");
    // With its trace, alone (it knows its trace), and onto the open workspace.
    for sources in [vec![trace.clone(), view.clone()], vec![view.clone()]] {
        let mut again = window(sources.into_iter().map(Source::Path).collect());
        settle(&mut again);
        assert_eq!((lanes(&again), again.state().state.session.view.time), expected);
        assert_eq!(selected_names(&again), ["route"]);
        run(&mut again, Command::ResetLanes);
        assert_eq!(lanes(&again), ["host h-1", "store"]);
        run(&mut again, Command::OpenSources(vec![Source::Path(view.clone())]));
        assert_eq!((lanes(&again), again.state().state.session.view.time), expected);
        run(&mut again, Command::SaveView);
        assert_eq!(saved(dir.path()), text, "a view that is opened and saved is the same");
    }
    // Something else under that name is left alone.
    std::fs::write(&view, "{\"mine\": 1}").unwrap();
    run(&mut harness, Command::SaveView);
    assert_eq!(saved(dir.path()), "{\"mine\": 1}");
}

#[test]
fn a_right_click_on_a_head_opens_its_menu() {
    let mut harness = hosts();
    let head = harness.get_by_label_contains("Lane host h-1,").rect().center();
    harness.event(egui::Event::PointerMoved(head));
    for pressed in [true, false] {
        let (button, modifiers) = (egui::PointerButton::Secondary, Modifiers::NONE);
        harness.event(egui::Event::PointerButton { pos: head, button, pressed, modifiers });
        harness.step();
    }
    harness.run_steps(4);
    click_label(&mut harness, "Split by service.name");
    settle(&mut harness);
    assert_eq!(lanes(&harness), ["host h-1 · billing", "host h-1 · gateway", "store"]);
}

#[test]
fn a_search_for_a_lane_means_the_lanes_as_they_are_shown() {
    let mut harness = hosts();
    let found = |harness: &mut Harness<'_, App>, query: &str| -> Vec<String> {
        run(harness, Command::Search(SearchCommand::Set(query.to_owned())));
        let state = &harness.state().state;
        let hits = state.session.search.hits.clone().unwrap_or_default();
        hits.by_start.iter().map(|&span| state.data.as_ref().unwrap().store.span(span).name().to_owned()).collect()
    };
    assert!(found(&mut harness, "lane:billing").is_empty());
    assert_eq!(found(&mut harness, "lane:h-1").len(), 4, "what a lane is made of");
    focus(&mut harness, "host h-1");
    keys(&mut harness, Modifiers::NONE, Key::Y);
    assert_eq!(found(&mut harness, "lane:billing"), ["charge"], "a piece of a lane");
    run(&mut harness, Command::Lanes(LaneCommand::GroupBy("service.name".to_owned())));
    assert_eq!(found(&mut harness, "lane=store"), ["select"]);
    // The answer follows a name that is given while the query stands.
    assert!(found(&mut harness, "lane:door").is_empty());
    focus(&mut harness, "billing");
    keys(&mut harness, Modifiers::NONE, Key::F2);
    harness.state_mut().apply(Command::Lanes(LaneCommand::TypeName("back door".to_owned())));
    harness.run_steps(2);
    click_label(&mut harness, "Rename");
    settle(&mut harness);
    assert_eq!(harness.state().state.session.search.hits.as_ref().unwrap().len(), 1);
    undo(&mut harness);
    settle(&mut harness);
    assert!(harness.state().state.session.search.hits.as_ref().unwrap().is_empty());
    assert_eq!(found(&mut harness, "clock:h-2"), ["select"], "clocks stay what they are");
}
