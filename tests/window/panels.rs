//! Panels: help, diagnostics.

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use skewline::app::command::{Command, entries};
use skewline::app::drawer::{DrawerCommand, DrawerTab};

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
