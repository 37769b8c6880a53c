//! Range notes: kept, named, shown, removed.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use skewline::app::command::Command;
use skewline::app::notes::NoteCommand;
use skewline::scene::TimeRange;

use super::harness::{click_label, press, small, window};

const START_NS: i64 = 1_700_000_000_000_000_000;

#[test]
fn a_measured_range_becomes_a_note_and_goes_again() {
    let mut harness = window(vec![small()]);
    let range = TimeRange { from_ns: START_NS + 10_000_000, to_ns: START_NS + 40_000_000 };
    harness.state_mut().apply(Command::Measure(Some(range)));
    press(&mut harness, Modifiers::SHIFT, Key::M);
    harness.state_mut().apply(Command::Note(NoteCommand::Rename(0, "slow disk".to_owned())));
    press(&mut harness, Modifiers::NONE, Key::N);
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
