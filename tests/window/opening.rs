//! Opening files: empty state, dialog, failures, a second file.

use super::harness::{FakeDialogs, Pasted, SMALL, click_label, settle, small, window, window_with};
use egui_kittest::kittest::Queryable as _;
use skewline::app::command::Command;
use skewline::load::Source;

#[test]
fn the_empty_state_leads_to_an_open_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("shop.json");
    std::fs::write(&path, SMALL).unwrap();
    let dialogs = FakeDialogs { open: vec![path.clone()], save: None };
    let mut harness = window_with(vec![], dialogs, Pasted::default());
    harness.get_by_label("Open a trace");
    harness.get_by_label("Open sample");
    click_label(&mut harness, "Open…");
    settle(&mut harness);
    let state = &harness.state().state;
    assert_eq!(state.data.as_ref().unwrap().store.len(), 4);
    assert_eq!(state.window_title(), "shop.json — Skewline");
    assert_eq!(state.settings.recent, [path]);
    harness.get_by_label_contains("4 spans · 100 ms");
}

#[test]
fn the_sample_opens_without_a_file() {
    let mut harness = window(vec![]);
    click_label(&mut harness, "Open sample");
    settle(&mut harness);
    let data = harness.state().state.data.clone().unwrap();
    assert!(data.store.len() > 300 && data.domains.list.len() >= 4, "{} spans", data.store.len());
    harness.get_by_label_contains("user turn 2");
}

#[test]
fn what_cannot_be_read_is_explained_and_keeps_what_is_open() {
    let mut harness = window(vec![Source::memory("letter.txt", &b"Dear reader,"[..])]);
    harness.get_by_label("Could not read letter.txt");
    harness.get_by_label_contains("Expected OTLP");
    click_label(&mut harness, "Dismiss");
    assert!(harness.query_by_label("Could not read letter.txt").is_none());
    harness.get_by_label("Open a trace");
}

#[test]
fn a_second_file_is_added_or_replaces() {
    let mut harness = window(vec![small()]);
    for (answer, expected) in [("Cancel", 4), ("Add", 8), ("Replace", 4)] {
        let other = SMALL.replace("0af7651916cd43dd8448eb211c80319c", "0af7651916cd43dd8448eb211c80319d");
        harness.state_mut().apply(Command::OpenSources(vec![Source::memory("other.json", other.into_bytes())]));
        harness.run_steps(2);
        click_label(&mut harness, answer);
        settle(&mut harness);
        assert_eq!(harness.state().state.data.as_ref().unwrap().store.len(), expected, "{answer}");
    }
}
