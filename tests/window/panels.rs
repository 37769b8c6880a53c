//! Panels: help, diagnostics.

use egui::accesskit::Role;
use egui::{Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{AccessKitNode, NodeT as _, Queryable as _};
use skewline::app::App;
use skewline::app::command::{Command, entries};
use skewline::app::drawer::{DrawerCommand, DrawerTab};
use skewline::load::Source;

use super::harness::{SMALL, press, settle, small, window};

#[test]
fn the_help_lists_every_command() {
    let mut harness = window(vec![]);
    harness.state_mut().apply(Command::ToggleHelp);
    harness.run_steps(3);
    for entry in entries() {
        assert!(harness.get_all_by_label(entry.title).count() >= 1, "{} is not in the help", entry.title);
    }
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(!harness.state().state.session.help_open);
}

#[test]
fn diagnostics_are_listed_with_place_and_meaning() {
    let mut harness = window(vec![small()]);
    harness.get_by_label_contains("Diagnostics: 1").click();
    harness.run_steps(3);
    harness.get_by_label("missing-parent");
    harness.get_by_label_contains("not in the workspace");
    harness.get_by_label_contains("small.json, byte");
}

#[test]
fn places_in_log_lines_say_that_their_bytes_are_not_those_of_the_file() {
    let line = serde_json::to_string(&SMALL.replace('\n', " ")).unwrap();
    let text = format!("{{\"log\":\"starting\"}}\n{{\"log\":{line}}}\n");
    let mut harness = window(vec![Source::memory("app.log", text.into_bytes())]);
    harness.get_by_label_contains("Diagnostics: ").click();
    harness.run_steps(3);
    let places = |text: &str| harness.get_all_by_label_contains(text).count();
    assert_eq!(places("app.log, byte "), places(" of the JSON made of log lines"));
}

#[test]
fn the_drawer_opens_by_key_and_keeps_its_tab_and_height() {
    let mut harness = window(vec![small()]);
    assert!(harness.query_by_label("Close drawer").is_none());
    press(&mut harness, Modifiers::NONE, Key::B);
    assert!(harness.get_by_role_and_label(Role::Tab, "Spans").accesskit_node().is_selected() == Some(true));
    harness.state_mut().apply(Command::Drawer(DrawerCommand::SetHeight(f32::NAN)));
    harness.state_mut().apply(Command::Drawer(DrawerCommand::SetHeight(1.0)));
    assert_eq!(harness.state().state.settings.drawer.height, skewline::app::drawer::LOWEST);
    harness.get_by_label("Close drawer").click();
    harness.run_steps(3);
    assert!(!harness.state().state.settings.drawer.is_open);
    press(&mut harness, Modifiers::NONE, Key::X);
    assert!(harness.state().state.settings.drawer.shows(DrawerTab::Diagnostics));
    press(&mut harness, Modifiers::NONE, Key::X);
    assert!(!harness.state().state.settings.drawer.is_open);
}

#[test]
fn the_name_of_what_is_open_is_whole_wherever_there_is_room() {
    let name = "chrome-catapult-flow_simple.json";
    let mut harness = window(vec![Source::memory(name, SMALL.as_bytes())]);
    for (width, counts) in
        [(1366.0, "4 spans"), (1600.0, "4 spans · 100 ms"), (2560.0, "1 trace · 1 clock · 4 spans · 100 ms")]
    {
        harness.set_size(vec2(width, 768.0));
        harness.run_steps(3);
        harness.get_by_label(name);
        assert!(harness.query_all_by_label_contains(counts).count() > 0, "{counts} at {width}");
    }
    // With large text in a small window something has to give way: the middle, as files differ at both ends.
    harness.state_mut().state.settings.text_scale = 2.0;
    harness.set_size(vec2(640.0, 600.0));
    harness.run_steps(3);
    harness.get_by(|node| {
        let text = node.label().or_else(|| node.value()).unwrap_or_default();
        text.starts_with("chrome-") && text.contains('…') && text.ends_with(".json")
    });
}

#[test]
fn findings_use_the_height_that_details_leave() {
    let sample = Source::Path("sample-traces/slow-conversation.otlp.json".into());
    let mut harness = window(vec![sample]);
    let listed = |harness: &Harness<'_, App>| {
        let is_finding = |node: &AccessKitNode<'_>| node.label().is_some_and(|label| label.starts_with("Finding "));
        harness.query_all_by(is_finding).filter(|node| node.rect().is_positive()).count()
    };
    let top = harness.get_by_label("Nothing selected").rect().top();
    assert!(top > 640.0, "a hint needs no half of the column: it begins at {top} of 900");
    let all = listed(&harness);
    // What is selected needs room, and gives it back.
    press(&mut harness, Modifiers::NONE, Key::J);
    settle(&mut harness);
    assert!(harness.query_by_label("Nothing selected").is_none());
    assert!(listed(&harness) <= all);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    settle(&mut harness);
    assert!((harness.get_by_label("Nothing selected").rect().top() - top).abs() < 2.0);
    // The hint follows the lower edge of the window.
    harness.set_size(vec2(1400.0, 1500.0));
    harness.run_steps(3);
    assert!(harness.get_by_label("Nothing selected").rect().top() > top + 590.0);
}

#[test]
fn the_tool_bar_is_one_row_and_what_has_no_room_is_behind_more() {
    let sample = Source::Path("sample-traces/slow-conversation.otlp.json".into());
    let mut harness = window(vec![sample]);
    let switches = ["Raw", "gateway frame", "Protocol", "Convention", "Prior", "Shorten idle", "Agent", "Phase"];
    for (width, height, scale) in
        [(1366.0, 768.0, 1.0), (1366.0, 768.0, 1.5), (1366.0, 768.0, 2.0), (640.0, 600.0, 1.0)]
    {
        harness.state_mut().state.settings.text_scale = scale;
        harness.set_size(vec2(width, height));
        harness.run_steps(4);
        let which = format!("{width} at {scale}");
        let export = harness.get_by_label("Export").rect();
        let is_there = |harness: &Harness<'_, App>, name: &str| {
            let buttons = harness.query_all_by_role_and_label(Role::Button, name);
            buttons.map(|node| node.rect()).next()
        };
        let shown: Vec<&str> = switches.into_iter().filter(|name| is_there(&harness, name).is_some()).collect();
        for name in &shown {
            let place = is_there(&harness, name).unwrap();
            assert!((place.center().y - export.center().y).abs() < 8.0 * scale, "{which}: {name} is in another row");
            assert!(place.left() >= 0.0 && place.right() <= width, "{which}: {name} is cut at {place}");
        }
        if shown.len() == switches.len() {
            assert!(harness.query_by_label("More").is_none(), "{which}");
            continue;
        }
        harness.get_by_label("More").click();
        harness.run_steps(4);
        for name in switches {
            assert!(is_there(&harness, name).is_some(), "{which}: {name} is nowhere");
        }
        press(&mut harness, Modifiers::NONE, Key::Escape);
    }
    // A switch behind it does what it does in the bar.
    harness.get_by_label("More").click();
    harness.run_steps(4);
    harness.get_by_role_and_label(Role::Button, "Protocol").click();
    settle(&mut harness);
    let evidence = harness.state().state.session.view.plan.evidence;
    assert_eq!(evidence, skewline::analysis::clocks::Evidence::Protocol);
}

#[test]
fn every_tab_of_a_narrow_drawer_can_be_reached() {
    let sample = Source::Path("sample-traces/slow-conversation.otlp.json".into());
    let mut harness = window(vec![sample]);
    harness.state_mut().state.settings.text_scale = 2.0;
    harness.set_size(vec2(1100.0, 900.0));
    for tab in <DrawerTab as strum::IntoEnumIterator>::iter() {
        harness.state_mut().apply(Command::Drawer(DrawerCommand::Show(tab)));
        settle(&mut harness);
        let right = harness.get_by_label("Close drawer").rect();
        let chosen = harness.get_by_role_and_label(Role::Tab, &tab.to_string()).rect();
        assert!(chosen.right() <= right.left() + 1.0, "{tab} at {chosen} is under the cross at {right}");
    }
    harness.get_by_label("More tabs").click();
    harness.run_steps(4);
    for tab in <DrawerTab as strum::IntoEnumIterator>::iter() {
        harness.get_by_role_and_label(Role::Tab, &tab.to_string());
    }
    harness.get_by_role_and_label(Role::Tab, "Spans").click();
    settle(&mut harness);
    assert!(harness.state().state.settings.drawer.shows(DrawerTab::Spans));
}

#[test]
fn what_is_selected_leaves_findings_their_room_in_a_small_window() {
    let sample = Source::Path("sample-traces/slow-conversation.otlp.json".into());
    let mut harness = window(vec![sample]);
    for (width, height, scale) in [(1366.0, 768.0, 2.0), (800.0, 500.0, 1.0), (1366.0, 768.0, 1.0)] {
        harness.state_mut().state.settings.text_scale = scale;
        harness.set_size(vec2(width, height));
        harness.run_steps(4);
        let hint = harness.get_by_role_and_label(Role::Tab, "Conversation").rect();
        let first = harness.get_all_by_label_contains("No offset can explain this").next().unwrap().rect();
        assert!(first.bottom() <= hint.top(), "{width} at {scale}: {first} lies on the tabs at {hint}");
    }
}
