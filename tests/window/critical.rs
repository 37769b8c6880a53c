//! The critical path: what an end waited for, as far as the order of clocks is known.

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use skewline::app::App;
use skewline::app::command::Command;

use crate::clocks::example;
use crate::harness::{assert_shown, press, settle, small, window};

fn marks(harness: &Harness<'_, App>) -> Vec<(bool, f32)> {
    let scene = harness.state().canvas().scene().unwrap();
    scene.critical.iter().map(|mark| (mark.is_unknown, mark.rect.width())).collect()
}

#[test]
fn a_key_shows_what_the_end_waited_for() {
    let mut harness = window(vec![small()]);
    assert!(marks(&harness).is_empty());
    harness.get_by_label_contains("checkout, 100 ms").click();
    harness.run_steps(3);
    press(&mut harness, Modifiers::SHIFT, Key::P);
    settle(&mut harness);
    // checkout 0-10, reserve 10-40, checkout 40-50, charge 50-90, checkout 90-100.
    let found = marks(&harness);
    assert_eq!(found.len(), 5, "{found:?}");
    assert!(found.iter().all(|(is_unknown, _)| !is_unknown));
    assert_shown(&harness, "critical path of checkout: 100 ms");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("critical.svg");
    harness.state_mut().apply(Command::Export(path.clone()));
    settle(&mut harness);
    assert!(std::fs::read_to_string(&path).unwrap().contains("critical path: what the end waited for"));
    // A folded lane still says when it was on the path.
    harness.state_mut().apply(Command::FoldLane);
    settle(&mut harness);
    assert_eq!(marks(&harness).len(), 1, "one stretch without a pause");
    press(&mut harness, Modifiers::SHIFT, Key::P);
    assert!(marks(&harness).is_empty());
}

#[test]
fn what_clocks_leave_open_is_hatched() {
    let mut harness = window(vec![example()]);
    harness.get_by_label_contains("POST /chat").click();
    harness.run_steps(3);
    press(&mut harness, Modifiers::SHIFT, Key::P);
    settle(&mut harness);
    // By raw times the server ends after its client; by its bounds it ends before.
    assert_shown(&harness, "critical path of POST /chat");
    press(&mut harness, Modifiers::NONE, Key::C);
    settle(&mut harness);
    let scene = harness.state().canvas().scene().unwrap().clone();
    assert_eq!(scene.critical.len(), 3, "before, in, and after the server");
}
