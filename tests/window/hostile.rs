//! A window that is fed what no window should be fed still answers.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use skewline::app::command::Command;
use skewline::load::Source;

use super::harness::{click_label, press, selected_names, settle, small, window};

#[path = "../hostile/files.rs"]
#[allow(dead_code, reason = "shared with the tests of loading")]
mod files;

use files::{Shape, Written, valid};

/// Absurd but well-formed files, then damaged ones, fifty together.
fn hostile() -> Vec<(String, Vec<u8>)> {
    let chain = |len: u64| (1..=len).map(|at| Shape::child(at, at - 1, at as i64, 1_000_000)).collect::<Vec<_>>();
    let cycle = |len: u64| (1..=len).map(|at| Shape::child(at, at % len + 1, 5, 9)).collect::<Vec<_>>();
    let mut found: Vec<(String, Vec<u8>)> = Vec::new();
    for written in Written::all() {
        for (what, shapes) in [("cycle", cycle(2)), ("deep", chain(2_000))] {
            found.push((format!("{what} as {}", written.format), written.write(&shapes)));
        }
        found.push((format!("times of {}", written.format), written.write_with_time("9223372036854775807")));
    }
    let files = valid();
    for at in found.len()..50 {
        let file = &files[at % files.len()];
        let mut bytes = file.bytes.clone();
        let len = bytes.len();
        bytes[at * 131 % len] ^= 0x55;
        bytes.truncate(len - at * 17 % (len / 2));
        found.push((format!("damaged {} {at}", file.name), bytes));
    }
    found
}

#[test]
fn a_window_fed_fifty_hostile_files_one_after_the_other_still_answers() {
    let mut harness = window(vec![]);
    let hostile = hostile();
    assert_eq!(hostile.len(), 50);
    for (at, (name, bytes)) in hostile.into_iter().enumerate() {
        let has_data = harness.state().state.data.is_some();
        harness.state_mut().apply(Command::OpenSources(vec![Source::memory(name.clone(), bytes)]));
        harness.run_steps(2);
        if has_data {
            click_label(&mut harness, if at % 2 == 0 { "Add" } else { "Replace" });
        }
        settle(&mut harness);
        let state = &harness.state().state;
        assert!(state.session.loading.is_none() && state.session.question.is_none(), "{name}");
        // It draws at every zoom, walks, and can be asked about.
        for key in [Key::N, Key::F, Key::W, Key::J, Key::Num0, Key::Escape] {
            harness.key_press_modifiers(Modifiers::NONE, key);
            harness.step();
        }
        if harness.query_by_label("Dismiss").is_some() {
            click_label(&mut harness, "Dismiss");
        }
    }
    harness.state_mut().apply(Command::CloseWorkspace);
    harness.state_mut().apply(Command::OpenSources(vec![small()]));
    settle(&mut harness);
    press(&mut harness, Modifiers::NONE, Key::E);
    assert_eq!(selected_names(&harness), ["charge card"]);
}
