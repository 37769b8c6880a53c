//! Panels: help, diagnostics.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use skewline::app::command::{Command, entries};

use super::harness::{press, small, window};

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
