//! Pictures out of the window: files and clipboard.

use std::path::Path;
use std::sync::Arc;

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use skewline::app::App;
use skewline::app::command::Command;

use super::harness::{FakeDialogs, Pasted, click_label, press, settle, small, window_with};

fn exported(harness: &mut Harness<'_, App>, path: &Path) -> Vec<u8> {
    press(harness, Modifiers::COMMAND, Key::E);
    harness.get_by_label("Export picture");
    harness.state_mut().apply(Command::SetExportPath(path.display().to_string()));
    harness.run_steps(2);
    click_label(harness, "Save");
    settle(harness);
    assert!(harness.state().state.session.export.is_none(), "{:?}", harness.state().state.session.export);
    std::fs::read(path).unwrap()
}

#[test]
fn the_view_is_exported_and_copied() {
    let dir = tempfile::tempdir().unwrap();
    let pasted = Pasted::default();
    let mut harness = window_with(vec![small()], FakeDialogs::default(), Arc::clone(&pasted));
    let svg = String::from_utf8(exported(&mut harness, &dir.path().join("view.svg"))).unwrap();
    for text in ["<svg", "checkout", "small.json", "sha256"] {
        assert!(svg.contains(text), "{text} is not in the drawing");
    }
    assert!(exported(&mut harness, &dir.path().join("view.png")).starts_with(b"\x89PNG"));
    press(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::C);
    settle(&mut harness);
    let (width, height, bytes) = pasted.lock().unwrap().unwrap();
    assert_eq!(bytes, width * height * 4);
    // A place that cannot be written is said in the panel, which stays open.
    press(&mut harness, Modifiers::COMMAND, Key::E);
    harness.state_mut().apply(Command::Export(dir.path().join("no/such/directory.png")));
    settle(&mut harness);
    harness.get_by_label_contains("cannot be written");
}

#[test]
fn the_export_panel_has_the_keyboard_when_it_opens() {
    let mut harness = window_with(vec![small()], FakeDialogs::default(), Pasted::default());
    press(&mut harness, Modifiers::COMMAND, Key::E);
    harness.run_steps(2);
    let before = harness.state().state.session.export.clone().unwrap().path;
    assert!(harness.get_by_role_and_label(Role::TextInput, "File").accesskit_node().is_focused());
    harness.event(egui::Event::Text("x".to_owned()));
    harness.run_steps(2);
    let after = harness.state().state.session.export.clone().unwrap().path;
    assert_eq!(after, format!("{before}x"), "what is typed goes to the name");
    // Tab goes on to the buttons, and stays in the panel.
    press(&mut harness, Modifiers::NONE, Key::Tab);
    harness.run_steps(2);
    assert!(harness.get_by_label("Save").accesskit_node().is_focused());
}
