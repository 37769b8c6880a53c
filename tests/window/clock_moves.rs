//! What moves when another clock's time is shown: bars travel, and end exactly where the picture has them.

use egui::{Key, Modifiers, Pos2};
use egui_kittest::Harness;
use skewline::app::App;
use skewline::app::clocks::ClockCommand;
use skewline::app::command::Command;
use skewline::model::SpanIx;
use skewline::scene::{Scene, SceneBar};

use crate::clocks::{example, with_ghosts};
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

/// Every ghost with its only child: they stand above each other, whatever moves them.
fn assert_ghosts_are_above_their_children(harness: &Harness<'_, App>) -> Vec<f32> {
    let scene = scene(harness);
    let store = &harness.state().state.data.as_ref().unwrap().store;
    let mut places = Vec::new();
    for ghost in &scene.ghosts {
        let child = store.ghosts()[ghost.ghost as usize].children[0];
        let bar = scene.bars.iter().find(|bar| bar.span == child).unwrap();
        let off = (ghost.rect.left() - bar.rect.left()).abs().max((ghost.rect.right() - bar.rect.right()).abs());
        assert!(off < 2.5, "{:?} is not above {:?}", ghost.rect, bar.rect);
        assert!(ghost.rect.top() < bar.rect.top(), "{:?} {:?}", ghost.rect, bar.rect);
        places.push(ghost.rect.left());
    }
    places
}

#[test]
fn ghosts_travel_with_their_children() {
    let mut harness = slow_window(0.02, vec![with_ghosts()]);
    let old = assert_ghosts_are_above_their_children(&harness);
    assert_eq!(old.len(), 2);
    for _ in [true, false] {
        press(&mut harness, Modifiers::NONE, Key::C);
        set_out(&mut harness);
        let mut steps = 0;
        while harness.state().state.travel().is_some() {
            let ghosts = assert_ghosts_are_above_their_children(&harness).len();
            let state = &harness.state().state;
            let store = &state.data.as_ref().unwrap().store;
            let scene = scene(&harness);
            let is_orphan = |bar: &&SceneBar| store.span(bar.span).name().starts_with("orphan");
            assert_eq!(ghosts, scene.bars.iter().filter(is_orphan).count(), "{}", scene.dump(store));
            harness.step();
            steps += 1;
            assert!(steps < 100, "they never arrive");
        }
        assert!(steps > 5, "{steps}");
        settle(&mut harness);
        assert_ghosts_are_above_their_children(&harness);
    }
    harness.state_mut().apply(Command::WholeTrace);
    settle(&mut harness);
    assert_eq!(assert_ghosts_are_above_their_children(&harness), old, "back where they were");
    // They follow a clock that is held by hand as well.
    press(&mut harness, Modifiers::NONE, Key::C);
    settle(&mut harness);
    harness.state_mut().apply(Command::WholeTrace);
    settle(&mut harness);
    let before = assert_ghosts_are_above_their_children(&harness);
    let state = &harness.state().state;
    let reference = state.known().unwrap().model.reference().unwrap().domain;
    let lane = state.arranged.lanes.iter().find(|lane| lane.clock() != Some(reference)).unwrap().key.clone();
    let hold = ClockCommand::Hold { lane, at_ns: None, offset_ns: -420_000_000 };
    harness.state_mut().apply(Command::Clocks(hold));
    harness.run_steps(3);
    let held = assert_ghosts_are_above_their_children(&harness);
    let moved = before.iter().zip(&held).filter(|(a, b)| (**a - **b).abs() > 20.0).count();
    assert_eq!(moved, 1, "the ghost of the held clock moves: {before:?} {held:?}");
}

#[test]
fn the_raw_place_of_the_selection_stays_while_its_bar_leaves_it() {
    let mut harness = slow_window(0.02, vec![example()]);
    harness.state_mut().apply(Command::Select { span: SpanIx(0), extend: false });
    harness.state_mut().apply(Command::Select { span: SpanIx(1), extend: true });
    settle(&mut harness);
    for to_frame in [true, false] {
        press(&mut harness, Modifiers::NONE, Key::C);
        set_out(&mut harness);
        let mut offs = Vec::new();
        while harness.state().state.travel().is_some() {
            let scene = scene(&harness);
            let off = scene.clocks.raw.iter().map(|raw| {
                let bars = scene.bars.iter().filter(|bar| bar.rect.y_range() == raw.rect.y_range());
                bars.map(|bar| (bar.rect.left() - raw.rect.left()).abs()).fold(0.0, f32::max)
            });
            offs.push(off.fold(0.0, f32::max));
            harness.step();
            assert!(offs.len() < 100, "it never arrives");
        }
        let far = offs.iter().copied().fold(0.0, f32::max);
        assert!(far > 20.0, "the way is shown: {offs:?}");
        assert!(offs.is_sorted_by(|a, b| if to_frame { a <= b } else { a >= b }), "{offs:?}");
        settle(&mut harness);
        assert_eq!(scene(&harness).clocks.raw.is_empty(), !to_frame);
    }
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
