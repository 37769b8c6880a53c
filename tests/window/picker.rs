//! The command palette: found by typing, driven by keys alone, read aloud.

use egui::accesskit::Role;
use egui::{Event, Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use skewline::app::App;
use skewline::app::command::{Command, entries};

use super::harness::{press, small, window};

fn type_text(harness: &mut Harness<'_, App>, text: &str) {
    harness.event(Event::Text(text.to_owned()));
    harness.run_steps(3);
}

fn open_palette(harness: &mut Harness<'_, App>) {
    press(harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::P);
    harness.run_steps(3);
}

/// The rows of the list, as a screen reader says them.
fn rows(harness: &Harness<'_, App>) -> Vec<String> {
    let rows = harness.get_all_by_role(Role::ListBoxOption).map(|row| row.accesskit_node().label().unwrap());
    rows.filter(|row| !row.contains(" ms")).collect()
}

#[test]
fn a_command_is_found_by_typing_and_run_with_enter() {
    let mut harness = window(vec![small()]);
    open_palette(&mut harness);
    type_text(&mut harness, "light th");
    assert_eq!(rows(&harness)[0], "Light theme, View");
    press(&mut harness, Modifiers::NONE, Key::Enter);
    let state = &harness.state().state;
    assert!(state.session.picker.is_none());
    assert_eq!(state.theme(), skewline::scene::ThemeKind::Light);
    // Lately picked comes first, and the other key opens the list too.
    press(&mut harness, Modifiers::COMMAND, Key::K);
    harness.run_steps(3);
    assert_eq!(rows(&harness)[0], "Light theme, View");
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.state().state.session.picker.is_none());
    assert!(harness.query_by_label("Command palette").is_none());
}

#[test]
fn letters_typed_into_the_list_are_no_shortcuts_and_arrows_move_the_mark() {
    let mut harness = window(vec![small()]);
    let before = harness.state().state.session.view.clone();
    open_palette(&mut harness);
    for key in [Key::W, Key::ArrowDown, Key::ArrowDown, Key::ArrowUp, Key::PageDown, Key::Num0] {
        press(&mut harness, Modifiers::NONE, key);
    }
    let state = &harness.state().state;
    assert_eq!(state.session.view, before);
    assert_eq!(state.session.picker.as_ref().map(skewline::app::picker::Picker::at), Some(14));
}

#[test]
fn every_command_is_listed_and_says_why_it_cannot_be_used() {
    let mut harness = window(vec![]);
    harness.state_mut().apply(Command::Palette);
    let picker = harness.state().state.session.picker.clone().unwrap();
    assert_eq!(picker.shown().len(), entries().count() - 1);
    harness.run_steps(3);
    type_text(&mut harness, "zoom to sel");
    assert_eq!(rows(&harness)[0], "Zoom to selection, View, F, not now: open a trace first");
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert!(harness.state().state.session.picker.is_some(), "nothing was done, and the reason stays readable");

    let mut harness = window(vec![small()]);
    open_palette(&mut harness);
    type_text(&mut harness, "zoom to sel");
    assert_eq!(rows(&harness)[0], "Zoom to selection, View, F, not now: select a span first");
}
