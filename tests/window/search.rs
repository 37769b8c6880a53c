//! Searching: the field, the hits on the canvas, from hit to hit.

use egui::{Event, Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use skewline::app::App;
use skewline::app::command::Command;
use skewline::app::lanes::LaneCommand;
use skewline::app::search::SearchCommand;

use super::harness::*;

/// Types `text` into the search field, which has the keyboard, and waits for the answer.
fn type_query(harness: &mut Harness<'_, App>, text: &str) {
    harness.event(Event::Text(text.to_owned()));
    harness.run_steps(2);
    settle(harness);
}

fn query(harness: &Harness<'_, App>) -> String {
    harness.state().state.session.view.query.clone()
}

/// What the field says about the hits.
fn assert_count(harness: &Harness<'_, App>, text: &str) {
    assert!(harness.query_by_label(text).is_some(), "the field does not say {text:?}");
}

#[test]
fn slash_searches_and_enter_goes_from_hit_to_hit() {
    let mut harness = window(vec![small()]);
    // As a keyboard sends it: the key, and what it types.
    harness.input_mut().events.extend([
        Event::Key {
            key: Key::Slash,
            physical_key: Some(Key::Slash),
            pressed: true,
            repeat: false,
            modifiers: Modifiers::NONE,
        },
        Event::Text("/".to_owned()),
    ]);
    harness.run_steps(2);
    assert!(harness.get_by_label("Search spans").is_focused());
    type_query(&mut harness, "r");
    assert_eq!(query(&harness), "r", "the key that leads into the field is no text");
    // checkout has no r in its name, but its trace id and its attributes are searched too.
    type_query(&mut harness, "eserve OR name:charge");
    assert_count(&harness, "2 hits");
    harness.get_by_label_contains("reserve stock, 30 ms, at 10 ms, lane shop, search hit");
    harness.get_by_label_contains("charge card, 40 ms, at 50 ms, lane shop, failed, search hit");
    assert!(harness.query_by_label("checkout, 100 ms, at 0 ns, lane shop, search hit").is_none());
    for (held, name, count) in [
        (Modifiers::NONE, "reserve stock", "1 of 2 hits"),
        (Modifiers::NONE, "charge card", "2 of 2 hits"),
        (Modifiers::NONE, "reserve stock", "1 of 2 hits"),
        (Modifiers::SHIFT, "charge card", "2 of 2 hits"),
    ] {
        press(&mut harness, held, Key::Enter);
        assert_eq!(selected_names(&harness), [name]);
        assert_count(&harness, count);
        assert!(harness.get_by_label("Search spans").is_focused(), "Enter stays in the field");
    }
    // Esc leaves the field and keeps everything else; then it clears step by step.
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(!harness.get_by_label("Search spans").is_focused());
    assert_eq!((query(&harness).as_str(), selected_names(&harness).len()), ("reserve OR name:charge", 1));
    press(&mut harness, Modifiers::NONE, Key::Enter);
    assert_eq!(selected_names(&harness), ["reserve stock"], "Enter on the timeline goes on");
    press(&mut harness, Modifiers::SHIFT, Key::F3);
    assert_eq!(selected_names(&harness), ["charge card"]);
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(selected_names(&harness).is_empty() && !query(&harness).is_empty());
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert_eq!(query(&harness), "");
    harness.get_by_label("charge card, 40 ms, at 50 ms, lane shop, failed");
}

#[test]
fn enter_right_after_typing_goes_to_the_first_hit_when_it_is_found() {
    let mut harness = window(vec![small()]);
    press(&mut harness, Modifiers::COMMAND, Key::F);
    harness.event(Event::Text("error".to_owned()));
    harness.key_press(Key::Enter);
    harness.run_steps(2);
    settle(&mut harness);
    assert_eq!(selected_names(&harness), ["charge card"]);
    // Searching again replaces what stands there.
    press(&mut harness, Modifiers::NONE, Key::Escape);
    press(&mut harness, Modifiers::COMMAND, Key::F);
    type_query(&mut harness, "nothing-like-this");
    assert_eq!(query(&harness), "nothing-like-this");
    assert_count(&harness, "no hits");
}

#[test]
fn what_cannot_be_read_is_explained_below_the_field() {
    let mut harness = window(vec![small()]);
    press(&mut harness, Modifiers::COMMAND, Key::F);
    for (text, expected, remedy) in [
        ("servce:shop", "Expected a field (name, service, lane,", "Did you mean service:?"),
        ("planner:one", "Expected a field (name, service, lane,", "For an attribute write attr.planner:..."),
        ("dur>500", "Expected a duration.", "Add a unit: ns, us, ms"),
        ("\"open", "Expected a closing quote.", "for a quote inside quotes"),
    ] {
        harness.state_mut().apply(Command::Search(SearchCommand::Set(text.to_owned())));
        harness.run_steps(3);
        for words in [expected, remedy] {
            assert!(harness.query_by_label_contains(words).is_some(), "{text}: {words:?} is not shown");
        }
        assert!(harness.state().state.session.search.hits.is_none(), "{text}");
        assert!(harness.query_by_label_contains("search hit").is_none(), "{text}");
    }
    // Whoever goes on elsewhere sees that the query is wrong, and what lies below the field.
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.query_by_label_contains("Expected").is_none());
    harness.get_by_label("cannot be read");
    harness.get_by_label("Clear search").click();
    harness.run_steps(3);
    assert!(harness.query_by_label_contains("Expected").is_none());
    assert!(harness.query_by_label("cannot be read").is_none());
}

#[test]
fn the_language_is_explained_by_examples_that_can_be_clicked() {
    let mut harness = window(vec![small()]);
    click_label(&mut harness, "Search language");
    // The list finds its place once its size is known.
    harness.run_steps(4);
    harness.get_by_label_contains("its parent is not in the workspace");
    // The pointer has to be on a popup before it clicks there.
    harness.get_by_label("error").hover();
    harness.run_steps(3);
    harness.get_by_label("error").click();
    harness.run_steps(3);
    settle(&mut harness);
    assert_eq!(query(&harness), "error");
    assert_count(&harness, "1 hit");
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.query_by_label_contains("its parent is not in the workspace").is_none());
    assert_eq!(query(&harness), "error", "Esc closes what lies on top first");
}

#[test]
fn hits_in_hidden_lanes_are_counted_and_passed_over() {
    let other = SMALL.replace("h-1", "h-2").replace("80319c", "80319d");
    let mut harness = window(vec![small(), skewline::load::Source::memory("other.json", other.into_bytes())]);
    harness.state_mut().apply(Command::Search(SearchCommand::Set("name:charge".to_owned())));
    settle(&mut harness);
    assert_count(&harness, "2 hits");
    let lanes = harness.state().state.arranged.lanes.clone();
    harness.state_mut().apply(Command::Lanes(LaneCommand::Hide(lanes[1].key.clone())));
    harness.run_steps(2);
    assert_shown(&harness, "1 hit in hidden lanes");
    for _ in 0..2 {
        press(&mut harness, Modifiers::NONE, Key::F3);
        assert_count(&harness, "1 of 2 hits");
    }
    harness.state_mut().apply(Command::Lanes(LaneCommand::Hide(lanes[0].key.clone())));
    // Nowhere to go: the selection stays.
    press(&mut harness, Modifiers::NONE, Key::F3);
    assert_count(&harness, "1 of 2 hits");
    assert_shown(&harness, "2 hits in hidden lanes");
}

#[test]
fn the_search_stays_when_a_file_is_added() {
    let mut harness = window(vec![small()]);
    harness.state_mut().apply(Command::Search(SearchCommand::Set("error".to_owned())));
    settle(&mut harness);
    let other = SMALL.replace("80319c", "80319d").into_bytes();
    let sources = vec![skewline::load::Source::memory("other.json", other)];
    harness.state_mut().apply(Command::Load { sources, add: true });
    settle(&mut harness);
    settle(&mut harness);
    assert_count(&harness, "2 hits");
}

#[test]
fn a_saved_view_brings_its_search() {
    let dir = tempfile::tempdir().unwrap();
    let (trace, view) = (dir.path().join("shop.json"), dir.path().join("shop.view.json"));
    std::fs::write(&trace, SMALL).unwrap();
    let mut harness = window(vec![skewline::load::Source::Path(trace)]);
    harness.state_mut().apply(Command::Search(SearchCommand::Set("error".to_owned())));
    settle(&mut harness);
    harness.state_mut().apply(Command::SaveView);
    settle(&mut harness);
    harness.state_mut().apply(Command::ClearSearch);
    settle(&mut harness);
    assert!(harness.query_by_label_contains("search hit").is_none());
    harness.state_mut().apply(Command::OpenSources(vec![skewline::load::Source::Path(view)]));
    settle(&mut harness);
    assert_count(&harness, "1 hit");
    harness.get_by_label("charge card, 40 ms, at 50 ms, lane shop, failed, search hit");
}
