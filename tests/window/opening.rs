//! Opening files: empty state, dialog, failures, a second file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use skewline::app::command::Command;
use skewline::load::Source;

use super::harness::{
    FakeDialogs, Pasted, SMALL, click_label, press, selected_names, settle, small, unsettled_window, window,
    window_with,
};

#[test]
fn the_empty_state_leads_to_an_open_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("shop.json");
    std::fs::write(&path, SMALL).unwrap();
    let dialogs = FakeDialogs { open: vec![path.clone()], ..FakeDialogs::default() };
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

/// A dropped file; without a path that exists it is only bytes, as out of an archive.
#[derive(Debug)]
struct Dropped(PathBuf, Option<Vec<u8>>);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        self.1.clone().ok_or_else(|| "no bytes".to_owned())
    }
}

fn other() -> String {
    SMALL.replace("0af7651916cd43dd8448eb211c80319c", "0af7651916cd43dd8448eb211c80319d")
}

#[test]
fn dropped_files_and_dropped_bytes_open_together() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.json");
    std::fs::write(&path, SMALL).unwrap();
    let mut harness = window(vec![]);
    let files: Vec<egui::DroppedFileHandle> = vec![
        Arc::new(Dropped(path.clone(), None)),
        Arc::new(Dropped(PathBuf::from("in/an/archive.json"), Some(other().into_bytes()))),
        Arc::new(Dropped(PathBuf::from("gone.json"), None)),
    ];
    harness.input_mut().dropped_files = files;
    settle(&mut harness);
    let state = &harness.state().state;
    assert_eq!(state.data.as_ref().unwrap().store.len(), 8);
    assert_eq!(state.data.as_ref().unwrap().failures.len(), 1, "what cannot be had is said");
    harness.get_by_label_contains("gone.json");
    // Files are recent, bytes cannot be opened again.
    assert!(harness.state().state.settings.recent.contains(&path));
    assert!(!harness.state().state.settings.recent.iter().any(|recent| recent.ends_with("archive.json")));
}

#[test]
fn recent_files_are_opened_again_and_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let (path, settings) = (dir.path().join("shop.json"), dir.path().join("settings.json"));
    std::fs::write(&path, SMALL).unwrap();
    let open = |sources| unsettled_window(sources, FakeDialogs::default(), Pasted::default(), Some(settings.clone()));
    let mut harness = open(vec![Source::Path(path.clone())]);
    settle(&mut harness);
    drop(harness);
    let mut harness = open(vec![]);
    settle(&mut harness);
    click_label(&mut harness, "shop.json");
    settle(&mut harness);
    assert_eq!(harness.state().state.window_title(), "shop.json — Skewline");
    harness.state_mut().apply(Command::ForgetRecent);
    harness.run_steps(2);
    drop(harness);
    assert!(open(vec![]).query_by_label("shop.json").is_none());
}

#[cfg(unix)]
#[test]
fn a_load_is_cancelled_through_the_window() {
    use std::io::Write as _;
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("slow.json");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // A file that never ends, written as fast as it is read, until nobody reads any more.
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || {
            let mut pipe = std::fs::OpenOptions::new().write(true).open(pipe).unwrap();
            while writeln!(pipe, "{}", SMALL.replace('\n', " ")).is_ok() {}
        }
    });
    let mut harness = unsettled_window(vec![small()], FakeDialogs::default(), Pasted::default(), None);
    settle(&mut harness);
    harness.state_mut().apply(Command::Load { sources: vec![Source::Path(pipe)], add: true });
    harness.run_steps(3);
    harness.get_by_label_contains("slow.json");
    // The window goes on meanwhile.
    press(&mut harness, Modifiers::NONE, Key::E);
    assert_eq!(selected_names(&harness), ["charge card"]);
    click_label(&mut harness, "Cancel");
    settle(&mut harness);
    assert_eq!(harness.state().state.data.as_ref().unwrap().store.len(), 4, "what was open stays as it was");
    writer.join().unwrap();
}

#[test]
fn a_file_that_breaks_off_says_so_and_leads_to_the_notices() {
    let cut = || Source::memory("/tmp/slow.json", SMALL.as_bytes()[..SMALL.len() - 150].to_vec());
    let words = "slow.json is cut off at byte ";
    let mut harness = window(vec![cut()]);
    let label = harness.get_by_label_contains(words);
    let text = label.accesskit_node().value().or(label.accesskit_node().label()).unwrap();
    assert!(text.ends_with(": 3 spans read, what followed is missing"), "{text}");
    click_label(&mut harness, "Show notices");
    assert!(harness.state().state.settings.drawer.shows(skewline::app::drawer::DrawerTab::Diagnostics));
    harness.get_by_label_contains("The input stops inside a value");
    // It is there already: the button does not take it away.
    click_label(&mut harness, "Show notices");
    assert!(harness.state().state.settings.drawer.shows(skewline::app::drawer::DrawerTab::Diagnostics));
    click_label(&mut harness, "Dismiss");
    assert!(harness.query_by_label_contains(": 3 spans read").is_none());
    harness.state_mut().apply(Command::OpenSources(vec![cut()]));
    harness.run_steps(2);
    click_label(&mut harness, "Replace");
    settle(&mut harness);
    harness.get_by_label_contains(": 3 spans read");
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(harness.query_by_label_contains(": 3 spans read").is_none());
    // A whole file has nothing to say.
    let harness = window(vec![small()]);
    assert!(harness.query_by_label_contains("spans read").is_none());
    assert!(harness.query_by_label("Show notices").is_none());
}
