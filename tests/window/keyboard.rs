//! Everything is reached without a mouse, and keys can be changed.

use std::collections::BTreeSet;

use egui::{Event, Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use skewline::app::App;
use skewline::app::command::Command;

use super::harness::{click_label, press, small, window};

/// What has the focus, as a screen reader says it.
fn focused(harness: &Harness<'_, App>) -> String {
    let id = harness.ctx.memory(egui::Memory::focused);
    let Some(id) = id.map(|id| id.accesskit_id()) else { return String::new() };
    let mut nodes = harness.root().children_recursive().map(|node| node.accesskit_node());
    let node = nodes.find(|node| node.locate().0 == id);
    node.and_then(|node| node.label().or(node.data().placeholder().map(str::to_owned))).unwrap_or_default()
}

fn zoomed(harness: &mut Harness<'_, App>, key: Key) -> bool {
    let before = harness.state().state.session.view.time.length_ns();
    press(harness, Modifiers::NONE, key);
    let after = harness.state().state.session.view.time.length_ns();
    harness.state_mut().apply(Command::WholeTrace);
    after < before
}

#[test]
fn f6_goes_through_every_part_and_esc_back_to_the_timeline() {
    let mut harness = window(vec![small()]);
    press(&mut harness, Modifiers::NONE, Key::E);
    let mut visited = Vec::new();
    for _ in 0..5 {
        press(&mut harness, Modifiers::NONE, Key::F6);
        visited.push(focused(&harness));
    }
    assert_eq!(visited[0], "File");
    assert!(visited[2].starts_with("Spans;"), "{visited:?}");
    assert!(visited.iter().all(|name| !name.is_empty()), "{visited:?}");
    assert_eq!(visited.iter().collect::<BTreeSet<_>>().len(), 5, "{visited:?}");
    press(&mut harness, Modifiers::NONE, Key::F6);
    assert_eq!(focused(&harness), "File", "round once");
    press(&mut harness, Modifiers::SHIFT, Key::F6);
    assert_eq!(focused(&harness), visited[4]);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(focused(&harness).starts_with("Spans;"));
    // The timeline has the arrows again.
    let before = harness.state().state.session.view.time;
    press(&mut harness, Modifiers::NONE, Key::W);
    press(&mut harness, Modifiers::NONE, Key::ArrowRight);
    assert!(harness.state().state.session.view.time.from_ns > before.from_ns);
}

#[test]
fn tab_reaches_everything_and_is_never_trapped() {
    let mut harness = window(vec![small()]);
    let mut visited = BTreeSet::new();
    press(&mut harness, Modifiers::NONE, Key::F6);
    for _ in 0..80 {
        visited.insert(focused(&harness));
        press(&mut harness, Modifiers::NONE, Key::Tab);
    }
    for name in ["File", "Help", "Export", "Search spans", "Off", "Diagnostics: 1"] {
        assert!(visited.contains(name), "Tab never reaches {name}: {visited:?}");
    }
    assert!(visited.iter().any(|name| name.starts_with("Spans;")), "{visited:?}");
}

#[test]
fn menus_open_walk_and_close_by_keys() {
    let mut harness = window(vec![small()]);
    press(&mut harness, Modifiers::NONE, Key::F10);
    assert_eq!(focused(&harness), "File");
    press(&mut harness, Modifiers::ALT, Key::V);
    harness.run_steps(3);
    assert_eq!(focused(&harness), "View");
    harness.get_by_label_contains("Larger text");
    press(&mut harness, Modifiers::NONE, Key::ArrowDown);
    press(&mut harness, Modifiers::NONE, Key::ArrowDown);
    assert_ne!(focused(&harness), "View");
    press(&mut harness, Modifiers::NONE, Key::Escape);
    harness.run_steps(3);
    assert!(harness.query_by_label_contains("Larger text").is_none());
    // Alt alone goes to the menus too.
    press(&mut harness, Modifiers::NONE, Key::Escape);
    for modifiers in [Modifiers::ALT, Modifiers::NONE] {
        harness.event(Event::ModifiersChanged(modifiers));
        harness.step();
    }
    harness.run_steps(2);
    assert_eq!(focused(&harness), "File");
}

#[test]
fn nothing_moves_behind_an_open_panel() {
    let mut harness = window(vec![small()]);
    harness.state_mut().apply(Command::ToggleHelp);
    harness.run_steps(3);
    assert!(!zoomed(&mut harness, Key::W));
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(zoomed(&mut harness, Key::W));
}

#[test]
fn keys_are_changed_and_a_conflict_has_to_be_settled() {
    let mut harness = window(vec![small()]);
    harness.state_mut().apply(Command::KeysPanel);
    harness.run_steps(3);
    harness.get_by_label("Change keys of Zoom in").click_accesskit();
    harness.run_steps(3);
    press(&mut harness, Modifiers::NONE, Key::F9);
    assert_eq!(harness.state().state.settings.keys.changed["zoom-in"], ["F9"]);
    // N belongs to another command.
    harness.get_by_label("Change keys of Zoom in").click_accesskit();
    harness.run_steps(3);
    press(&mut harness, Modifiers::NONE, Key::N);
    harness.get_by_label_contains("N belongs to");
    assert_eq!(harness.state().state.settings.keys.changed["zoom-in"], ["F9"], "nothing is taken unasked");
    click_label(&mut harness, "Give it to “Zoom in”");
    // Tab cannot be bound; Esc leaves everything as it was.
    harness.get_by_label("Change keys of Zoom out").click_accesskit();
    harness.run_steps(3);
    press(&mut harness, Modifiers::NONE, Key::Tab);
    harness.get_by_label_contains("They stay so");
    press(&mut harness, Modifiers::NONE, Key::Escape);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.state().state.session.keys_panel.is_none());
    assert!(zoomed(&mut harness, Key::N) && !zoomed(&mut harness, Key::F9));
    harness.state_mut().apply(Command::KeysPanel);
    harness.run_steps(3);
    click_label(&mut harness, "Reset all");
    click_label(&mut harness, "Jaeger keys");
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(zoomed(&mut harness, Key::ArrowUp) && !zoomed(&mut harness, Key::W));
}

#[test]
fn a_letter_on_a_keyboard_of_another_country_is_found_by_its_place() {
    let mut harness = window(vec![small()]);
    let before = harness.state().state.session.view.time.length_ns();
    // AZERTY: what lies where W is types Z.
    let azerty = Event::Key {
        key: Key::Z,
        physical_key: Some(Key::W),
        pressed: true,
        repeat: false,
        modifiers: Modifiers::NONE,
    };
    harness.event(azerty);
    harness.run_steps(2);
    assert!(harness.state().state.session.view.time.length_ns() < before);
}
