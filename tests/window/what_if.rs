//! What if: a clock is held at an offset by hand, by pointer and by keyboard.

use egui::{Event, Key, Modifiers, PointerButton, Pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use skewline::app::App;
use skewline::app::command::Command;
use skewline::model::SpanIx;

use crate::clocks::example;
use crate::harness::{assert_shown, click_label, press, settle, window};

const MS: i64 = 1_000_000;

fn offset_ms(harness: &Harness<'_, App>) -> Option<i64> {
    harness.state().state.held().map(|held| held.offset_ns / MS)
}

fn alt_pointer(harness: &mut Harness<'_, App>, pos: Pos2, pressed: Option<bool>) {
    harness.event(Event::ModifiersChanged(Modifiers::ALT));
    harness.event(Event::PointerMoved(pos));
    if let Some(pressed) = pressed {
        harness.event(Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers: Modifiers::ALT });
    }
    harness.step();
}

fn left(harness: &Harness<'_, App>) -> f32 {
    let scene = harness.state().canvas().scene().unwrap();
    scene.bars.iter().find(|bar| bar.span == SpanIx(0)).unwrap().rect.left()
}

#[test]
fn a_drag_moves_a_clock_and_stops_at_what_messages_allow() {
    let mut harness = window(vec![example()]);
    press(&mut harness, Modifiers::NONE, Key::C);
    settle(&mut harness);
    let before = harness.state().state.data.as_ref().unwrap().store.starts_ns().to_vec();
    let bar = harness.get_by_label_contains("POST /chat, 910 ms").rect();
    let at = bar.center();
    let from = left(&harness);
    alt_pointer(&mut harness, at, Some(true));
    alt_pointer(&mut harness, at + vec2(8.0, 0.0), None);
    alt_pointer(&mut harness, at + vec2(20.0, 0.0), None);
    harness.step();
    assert!((left(&harness) - from - 20.0).abs() < 1.5, "the bar follows the pointer");
    let held = offset_ms(&harness).unwrap();
    assert!((-670..-535).contains(&held), "farther behind than the middle of 400 to 670: {held}");
    assert_shown(&harness, "What if browser: behind");
    assert_shown(&harness, "possible: behind 400–670 ms");
    assert!(harness.query_by_label_contains("No farther").is_none());
    alt_pointer(&mut harness, at + vec2(400.0, 0.0), None);
    assert_eq!(offset_ms(&harness), Some(-670), "it stops at the bound");
    harness.step();
    assert_shown(&harness, "No farther behind, because of");
    assert_shown(&harness, "serve starts");
    alt_pointer(&mut harness, at - vec2(400.0, 0.0), None);
    // Drift within the call leaves a little more than 400 ms would.
    assert_eq!(offset_ms(&harness), Some(-399), "and at the other one");
    alt_pointer(&mut harness, at - vec2(400.0, 0.0), Some(false));
    harness.event(Event::ModifiersChanged(Modifiers::NONE));
    harness.step();
    assert!(offset_ms(&harness).is_some(), "it stays until somebody lets go");
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert_eq!(offset_ms(&harness), None);
    assert!((left(&harness) - from).abs() < 0.5);
    assert!(harness.query_by_label_contains("What if browser").is_none());
    assert_eq!(before, harness.state().state.data.as_ref().unwrap().store.starts_ns(), "raw data is untouched");
}

#[test]
fn an_offset_is_typed_and_pictures_say_so() {
    let mut harness = window(vec![example()]);
    press(&mut harness, Modifiers::SHIFT, Key::C);
    assert_shown(&harness, "What if browser is ahead by");
    let typed =
        |harness: &Harness<'_, App>| harness.state().state.session.clocks.asking.as_ref().unwrap().typed.clone();
    assert_eq!(typed(&harness), "-535 ms", "what is estimated now");
    harness.get_by_label("What if browser is ahead by").focus();
    harness.state_mut().apply(Command::Clocks(skewline::app::clocks::ClockCommand::TypeOffset("soon".to_owned())));
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert_shown(&harness, "Write how far ahead");
    harness.state_mut().apply(Command::Clocks(skewline::app::clocks::ClockCommand::TypeOffset("-0.45s".to_owned())));
    harness.step();
    click_label(&mut harness, "Hold it there");
    settle(&mut harness);
    assert!(harness.state().state.arranged.is_frame(), "offsets mean something on the reference clock's axis");
    assert_eq!(offset_ms(&harness), Some(-450));
    let scene = harness.state().canvas().scene().unwrap().clone();
    assert!(scene.lanes.iter().any(|lane| &*lane.offset.text == "what if: behind 450 ms"));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("held.svg");
    harness.state_mut().apply(Command::Export(path.clone()));
    settle(&mut harness);
    let picture = std::fs::read_to_string(&path).unwrap();
    assert!(picture.contains("What if: the clock of browser is held at behind 450 ms"), "the footer says so");
    assert!(picture.contains("what if, as gateway"), "and the header");
    click_label(&mut harness, "Let go (Esc)");
    assert_eq!(offset_ms(&harness), None);
}

#[test]
fn letting_go_shows_the_times_that_were_shown_before() {
    let hold = |harness: &mut Harness<'_, App>, offset_ns| {
        let lanes = &harness.state().state.arranged.lanes;
        let lane = lanes.iter().find(|lane| lane.name == "browser").unwrap().key.clone();
        let hold = skewline::app::clocks::ClockCommand::Hold { lane, at_ns: None, offset_ns };
        harness.state_mut().apply(Command::Clocks(hold));
        settle(harness);
        assert!(harness.state().state.arranged.is_frame());
    };
    let is_frame = |harness: &Harness<'_, App>| harness.state().state.arranged.is_frame();
    let mut harness = window(vec![example()]);
    assert!(!is_frame(&harness), "raw times at first");
    hold(&mut harness, -500 * MS);
    // Moved on, it is the same question still.
    hold(&mut harness, -450 * MS);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    settle(&mut harness);
    assert!(!is_frame(&harness), "raw times again");
    hold(&mut harness, -500 * MS);
    click_label(&mut harness, "Let go (Esc)");
    settle(&mut harness);
    assert!(!is_frame(&harness));
    // Who looked at the reference frame before goes on doing so.
    press(&mut harness, Modifiers::NONE, Key::C);
    settle(&mut harness);
    hold(&mut harness, -500 * MS);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    settle(&mut harness);
    assert!(is_frame(&harness));
    // Who chose it while a clock is held stays there.
    press(&mut harness, Modifiers::NONE, Key::C);
    settle(&mut harness);
    hold(&mut harness, -500 * MS);
    harness.state_mut().apply(Command::ClockFrame);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    settle(&mut harness);
    assert!(is_frame(&harness));
}

#[test]
fn raw_times_let_go() {
    let mut harness = window(vec![example()]);
    let lane = harness.state().state.arranged.lanes.iter().find(|lane| lane.name == "browser").unwrap().key.clone();
    let hold = skewline::app::clocks::ClockCommand::Hold { lane, at_ns: None, offset_ns: -500 * MS };
    harness.state_mut().apply(Command::Clocks(hold));
    settle(&mut harness);
    assert_eq!(offset_ms(&harness), Some(-500));
    press(&mut harness, Modifiers::NONE, Key::C);
    settle(&mut harness);
    assert_eq!(offset_ms(&harness), None);
    assert!(harness.state().state.session.clocks.holding.is_none());
}
