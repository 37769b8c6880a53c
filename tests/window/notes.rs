//! Range notes: kept, named, shown, removed.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use skewline::app::command::Command;
use skewline::app::notes::NoteCommand;
use skewline::load::Source;
use skewline::scene::TimeRange;

use super::harness::{SMALL, click_label, press, small, window};

const START_NS: i64 = 1_700_000_000_000_000_000;

#[test]
fn a_measured_range_becomes_a_note_and_goes_again() {
    let mut harness = window(vec![small()]);
    let range = TimeRange { from_ns: START_NS + 10_000_000, to_ns: START_NS + 40_000_000 };
    harness.state_mut().apply(Command::Measure(Some(range)));
    press(&mut harness, Modifiers::SHIFT, Key::M);
    harness.state_mut().apply(Command::Note(NoteCommand::Rename(0, "slow disk".to_owned())));
    press(&mut harness, Modifiers::NONE, Key::E);
    press(&mut harness, Modifiers::SHIFT, Key::M);
    let view = &harness.state().state.session.view;
    assert_eq!(view.measure, None);
    assert_eq!((view.notes.len(), view.notes[0].range), (2, range));
    let drawn: Vec<String> =
        harness.state().canvas().scene().unwrap().notes.iter().map(|note| note.text.to_string()).collect();
    assert_eq!(drawn, ["1: slow disk 30 ms", "2: 40 ms"]);
    // The list shows it again, measured; Del takes that one.
    click_label(&mut harness, "1: 30 ms");
    let view = &harness.state().state.session.view;
    assert!(view.measure == Some(range) && view.time.length_ns() < 60_000_000, "{:?}", view.time);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    harness.state_mut().apply(Command::Measure(Some(range)));
    press(&mut harness, Modifiers::NONE, Key::Delete);
    assert_eq!(harness.state().state.session.view.notes.len(), 1);
    click_label(&mut harness, "Remove note 1");
    assert!(harness.state().state.session.view.notes.is_empty());
    assert!(harness.query_by_label_contains("Notes (").is_none());
}

fn texts(harness: &egui_kittest::Harness<'_, skewline::app::App>) -> Vec<String> {
    harness.state().state.session.view.notes.iter().map(|note| note.text.clone()).collect()
}

#[test]
fn notes_are_undone_and_go_into_the_saved_view() {
    let dir = tempfile::tempdir().unwrap();
    let (trace, view) = (dir.path().join("t.json"), dir.path().join("t.view.json"));
    std::fs::write(&trace, SMALL).unwrap();
    let mut harness = window(vec![Source::Path(trace.clone())]);
    let whole = harness.state().state.session.view.time;
    press(&mut harness, Modifiers::NONE, Key::W);
    harness.state_mut().apply(Command::Measure(Some(TimeRange { from_ns: START_NS + 1, to_ns: START_NS + 9 })));
    press(&mut harness, Modifiers::SHIFT, Key::M);
    harness.state_mut().apply(Command::Note(NoteCommand::Rename(0, "slow disk".to_owned())));
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(texts(&harness), [""], "the text is a step of its own");
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    assert!(texts(&harness).is_empty());
    assert!(harness.state().state.session.view.time.length_ns() < whole.length_ns(), "the zoom before it stays");
    for _ in 0..2 {
        press(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    }
    assert_eq!(texts(&harness), ["slow disk"]);
    press(&mut harness, Modifiers::COMMAND, Key::S);
    press(&mut harness, Modifiers::NONE, Key::Delete);
    assert!(texts(&harness).is_empty());
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(texts(&harness), ["slow disk"], "a removed note comes back");
    let again = window(vec![Source::Path(trace.clone()), Source::Path(view.clone())]);
    assert_eq!(again.state().state.session.view.notes, harness.state().state.session.view.notes);
    // A view of an older version has no notes: those that are there stay.
    std::fs::write(&view, "{\"schema\": \"skewline.view/1\"}").unwrap();
    harness.state_mut().apply(Command::OpenSources(vec![Source::Path(view)]));
    harness.run_steps(3);
    assert_eq!(texts(&harness), ["slow disk"]);
}
