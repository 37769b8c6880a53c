//! The view: zoom, pan, undo, and what a frame costs.

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use skewline::app::App;

use super::harness::{press, small, window};

#[test]
fn views_are_undone_and_redone() {
    let mut harness = window(vec![small()]);
    let time = |harness: &Harness<'_, App>| harness.state().state.session.view.time;
    let whole = time(&harness);
    press(&mut harness, Modifiers::NONE, Key::E);
    press(&mut harness, Modifiers::NONE, Key::F);
    let zoomed = time(&harness);
    assert!(zoomed.length_ns() < whole.length_ns() / 2);
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(time(&harness), whole);
    press(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert_eq!(time(&harness), zoomed);
    // Once more on what fills the view already: everything.
    press(&mut harness, Modifiers::NONE, Key::F);
    assert_eq!(time(&harness), whole);
    press(&mut harness, Modifiers::NONE, Key::W);
    press(&mut harness, Modifiers::NONE, Key::D);
    assert!(time(&harness).from_ns > whole.from_ns);
    press(&mut harness, Modifiers::NONE, Key::Num0);
    assert_eq!(time(&harness), whole);
}

#[test]
fn a_still_window_builds_no_scene() {
    let mut harness = window(vec![small()]);
    let before = harness.state().canvas().scenes_built;
    harness.run_steps(5);
    assert_eq!(harness.state().canvas().scenes_built, before);
    press(&mut harness, Modifiers::NONE, Key::W);
    assert_eq!(harness.state().canvas().scenes_built, before + 1);
}
