//! Pictures out of the window: files and clipboard.

use std::path::Path;
use std::sync::Arc;

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
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
