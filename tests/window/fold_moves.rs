//! What moves when lanes are folded: bars fly into their strips and come out of them again.

use egui::{Key, Modifiers, Pos2};
use egui_kittest::Harness;
use skewline::app::App;
use skewline::app::command::Command;
use skewline::app::lanes::LaneCommand;
use skewline::load::Source;
use skewline::model::SpanIx;
use skewline::scene::Scene;

use crate::fold::example;
use crate::harness::{press, set_out, settle, slow_window};

fn scene(harness: &Harness<'_, App>) -> Scene {
    Scene::clone(harness.state().canvas().scene().unwrap())
}

/// Presses a key and steps until bars begin to move.
fn fold(harness: &mut Harness<'_, App>, key: Key) {
    press(harness, Modifiers::NONE, key);
    set_out(harness);
}

#[test]
fn bars_fly_into_strips_and_out_of_them() {
    let mut harness = slow_window(0.02, vec![example()]);
    let old: Vec<f32> = scene(&harness).bars.iter().map(|bar| bar.rect.top()).collect();
    fold(&mut harness, Key::Num2);
    let topmost = |scene: &Scene| scene.folding.iter().map(|bar| bar.rect.top()).fold(f32::INFINITY, f32::min);
    let first = scene(&harness);
    assert_eq!((first.folding.len(), first.bars.len(), first.profiles.len()), (4, 0, 1), "the strip is there at once");
    let mut places = vec![topmost(&first)];
    let begun = old.iter().copied().fold(f32::INFINITY, f32::min);
    assert!((places[0] - begun).abs() < 4.0, "they set out where they were: {begun}, {places:?}");
    while harness.state().state.travel().is_some() {
        harness.step();
        places.push(topmost(&scene(&harness)));
        assert!(places.len() < 100, "they never arrive");
    }
    let strip = first.profiles[0].rect;
    let moving: Vec<f32> = places.iter().copied().filter(|at| at.is_finite()).collect();
    assert!(moving.len() >= 6 && moving.is_sorted_by(|a, b| a <= b), "{places:?}");
    assert!(strip.y_range().contains(moving[moving.len() - 1]), "{strip:?} {places:?}");
    assert!(scene(&harness).folding.is_empty());

    fold(&mut harness, Key::Num1);
    let of_root = |harness: &Harness<'_, App>| {
        scene(harness).bars.iter().find(|bar| bar.span == SpanIx(0)).map(|bar| bar.rect.top()).unwrap()
    };
    let mut places = vec![of_root(&harness)];
    while harness.state().state.travel().is_some() {
        harness.step();
        places.push(of_root(&harness));
        assert!(places.len() < 100, "they never arrive");
    }
    settle(&mut harness);
    assert_eq!(scene(&harness).bars.iter().map(|bar| bar.rect.top()).collect::<Vec<_>>(), old, "unfolded is as before");
    let between = places.windows(2).filter(|pair| (pair[0] - pair[1]).abs() > 0.1).count();
    assert!(between >= 5, "{places:?}");
}

#[test]
fn a_press_ends_the_folding_and_an_export_never_shows_it() {
    let mut harness = slow_window(0.02, vec![example()]);
    let directory = tempfile::tempdir().unwrap();
    let [moving, still] = ["moving.svg", "still.svg"].map(|name| directory.path().join(name));
    fold(&mut harness, Key::Num3);
    harness.state_mut().apply(Command::Export(moving.clone()));
    harness.step();
    harness.drag_at(Pos2::new(700.0, 800.0));
    harness.step();
    harness.step();
    assert!(harness.state().state.travel().is_none() && scene(&harness).folding.is_empty());
    harness.drop_at(Pos2::new(700.0, 800.0));
    settle(&mut harness);
    harness.state_mut().apply(Command::Export(still.clone()));
    settle(&mut harness);
    let read = |path: &std::path::Path| std::fs::read_to_string(path).unwrap();
    assert_eq!(read(&moving), read(&still));
}

#[test]
fn one_group_opens_and_closes_while_those_below_make_room() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/sample-traces/slow-conversation.otlp.json");
    let mut harness = slow_window(0.02, vec![Source::memory("slow.json", std::fs::read(path).unwrap())]);
    press(&mut harness, Modifiers::NONE, Key::Num2);
    settle(&mut harness);
    let sections = harness.state().state.arranged.sections.clone();
    let heads = scene(&harness).sections;
    let last = heads.len() - 1;
    let at = (0..last).max_by_key(|&at| sections[heads[at].section as usize].rows.len()).expect("two groups");
    let (group, below) = (heads[at].section, heads[at + 1].section);
    let rows = sections[group as usize].rows.clone();
    let key = sections[group as usize].key.clone();
    let top = move |harness: &Harness<'_, App>| {
        scene(harness).sections.iter().find(|head| head.section == below).map(|head| head.rect.top())
    };
    let closed = (top(&harness), scene(&harness).profiles.len());
    let strip = heads[at].rect.bottom();
    let toggle = |harness: &mut Harness<'_, App>| {
        harness.state_mut().apply(Command::Lanes(LaneCommand::ToggleGroup(key.clone())));
        set_out(harness);
        harness.step();
    };
    let follow = |harness: &mut Harness<'_, App>| {
        let mut tops = Vec::new();
        while harness.state().state.travel().is_some() {
            tops.extend(top(harness));
            harness.step();
            assert!(tops.len() < 200, "they never arrive");
        }
        settle(harness);
        tops
    };

    toggle(&mut harness);
    let rows_of = |harness: &Harness<'_, App>| {
        let arranged = std::sync::Arc::clone(&harness.state().state.arranged);
        let bars = scene(harness).bars.into_iter().filter(|bar| rows.contains(&arranged.layout.row_of(bar.span).0));
        bars.map(|bar| bar.rect.top()).collect::<Vec<f32>>()
    };
    let first = rows_of(&harness);
    assert!(
        first.len() > 3 && first.iter().all(|at| (at - strip).abs() < 8.0),
        "out of the strip at {strip}: {first:?}"
    );
    let tops = follow(&mut harness);
    assert!((tops[0] - closed.0.unwrap()).abs() < 4.0 && tops.is_sorted(), "{closed:?} {tops:?}");
    assert!(tops.windows(2).filter(|pair| pair[1] - pair[0] > 0.1).count() >= 5, "it slides: {tops:?}");
    let spread: std::collections::BTreeSet<i32> = rows_of(&harness).iter().map(|at| at.round() as i32).collect();
    assert!(spread.len() >= 3, "each row in its place: {spread:?}");
    let open = top(&harness);
    assert!(open.is_none_or(|open| open > closed.0.unwrap() + 40.0));

    toggle(&mut harness);
    let flying = scene(&harness);
    assert!(flying.folding.len() > 3 && rows_of(&harness).is_empty(), "bars go into the strip");
    assert!(flying.folding.iter().any(|bar| bar.rect.top() > strip + 30.0), "from where they were");
    let tops = follow(&mut harness);
    assert!(tops.iter().rev().is_sorted() && tops.len() >= 5, "{tops:?}");
    assert_eq!((top(&harness), scene(&harness).profiles.len()), closed, "closed is as before");

    // A whole lane as one strip goes the same way, and undo is a way back.
    let lane = harness.state().state.arranged.lanes[sections[group as usize].lane.0 as usize].key.clone();
    harness.state_mut().apply(Command::Lanes(LaneCommand::Fold(lane)));
    set_out(&mut harness);
    follow(&mut harness);
    harness.state_mut().apply(Command::Undo);
    set_out(&mut harness);
    follow(&mut harness);
    assert_eq!((top(&harness), scene(&harness).profiles.len()), closed);
}
