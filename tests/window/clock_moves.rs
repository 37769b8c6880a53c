//! What moves when another clock's time is shown: bars travel, and end exactly where the picture has them.

use egui::{Key, Modifiers, Pos2};
use egui_kittest::Harness;
use skewline::app::App;
use skewline::app::command::Command;
use skewline::model::SpanIx;
use skewline::scene::Scene;

use crate::clocks::example;
use crate::harness::{press, set_out, settle, slow_window};

fn scene(harness: &Harness<'_, App>) -> Scene {
    Scene::clone(harness.state().canvas().scene().unwrap())
}

fn left(harness: &Harness<'_, App>) -> f32 {
    let scene = scene(harness);
    scene.bars.iter().find(|bar| bar.span == SpanIx(1)).unwrap().rect.left()
}

#[test]
fn bars_travel_from_their_old_places_to_the_new_ones() {
    let mut harness = slow_window(0.02, vec![example()]);
    let old = left(&harness);
    press(&mut harness, Modifiers::NONE, Key::C);
    set_out(&mut harness);
    let mut places = vec![left(&harness)];
    while harness.state().state.travel().is_some() {
        assert!(scene(&harness).clocks.whiskers.is_empty(), "what moves has no whiskers");
        harness.step();
        places.push(left(&harness));
        assert!(places.len() < 100, "it never arrives");
    }
    let new = *places.last().unwrap();
    assert!(new < old - 50.0, "the gateway is ahead: its bar belongs earlier");
    // A step may draw two frames, so that the first place may already be a twelfth of the way.
    assert!(old - places[0] < (old - new) / 10.0, "it sets out where it was: {old}, {places:?}");
    assert!(places.is_sorted_by(|a, b| a >= b), "{places:?}");
    let between = places.iter().filter(|at| **at < old - 1.0 && **at > new + 1.0).count();
    assert!((6..=20).contains(&between), "about 250 ms of frames 20 ms apart: {places:?}");
    settle(&mut harness);
    let state = &harness.state().state;
    let data = state.data.as_ref().unwrap();
    let input =
        skewline::scene::SceneInput { tags: state.tags().map(|tags| &**tags), ..data.scene_input(&state.arranged) };
    let last = scene(&harness);
    let view = skewline::scene::ViewState { size: last.size, ..state.session.view.clone() };
    assert_eq!(last, skewline::scene::build(&input, &view), "the last picture is the picture");
}

#[test]
fn a_press_ends_the_way_at_once() {
    let mut harness = slow_window(0.02, vec![example()]);
    press(&mut harness, Modifiers::NONE, Key::C);
    set_out(&mut harness);
    harness.step();
    harness.drag_at(Pos2::new(700.0, 800.0));
    harness.step();
    harness.step();
    assert!(harness.state().state.travel().is_none());
    assert!(!scene(&harness).clocks.whiskers.is_empty());
}

#[test]
fn nothing_moves_where_animations_are_off() {
    let mut harness = slow_window(0.02, vec![example()]);
    harness.ctx.all_styles_mut(|style| style.animation_time = 0.0);
    press(&mut harness, Modifiers::NONE, Key::C);
    settle(&mut harness);
    for key in [Key::C, Key::C] {
        let was_frame = harness.state().state.arranged.is_frame();
        harness.key_press(key);
        while harness.state().state.arranged.is_frame() == was_frame {
            harness.step();
            assert!(harness.state().state.travel().is_none());
        }
    }
}

#[test]
fn an_export_never_catches_bars_on_their_way() {
    let mut harness = slow_window(0.02, vec![example()]);
    let directory = tempfile::tempdir().unwrap();
    let [moving, still] = ["moving.svg", "still.svg"].map(|name| directory.path().join(name));
    press(&mut harness, Modifiers::NONE, Key::C);
    set_out(&mut harness);
    harness.state_mut().apply(Command::Export(moving.clone()));
    settle(&mut harness);
    harness.state_mut().apply(Command::Export(still.clone()));
    settle(&mut harness);
    let read = |path: &std::path::Path| std::fs::read_to_string(path).unwrap();
    assert!(read(&still).contains("reference frame"));
    assert_eq!(read(&moving), read(&still));
}
