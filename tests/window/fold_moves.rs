//! What moves when lanes are folded: bars fly into their strips and come out of them again.

use egui::{Key, Modifiers, Pos2};
use egui_kittest::Harness;
use skewline::app::App;
use skewline::app::command::Command;
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
