//! What hands do: every row of the table of keys and mouse, and what it changes. A test of the table itself; what
//! each command does in detail is tested where it belongs.

use std::path::PathBuf;

use egui::accesskit::Role;
use egui::{Event, Key, Modifiers, MouseWheelSource, MouseWheelUnit, PointerButton, Pos2, TouchPhase, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use skewline::app::App;
use skewline::app::command::Command;
use skewline::arrange::{ClockChoice, FoldBy};
use skewline::load::Source;
use skewline::scene::TimeRange;

use super::harness::{FakeDialogs, Pasted, pointer, press, selected_names, settle, window_with};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sample-traces/slow-conversation.otlp.json");

/// What a row may change.
#[derive(Clone, PartialEq, Debug)]
struct Seen {
    time: TimeRange,
    scroll_y: f64,
    selection: Vec<String>,
    measure: Option<TimeRange>,
    notes: usize,
    picker: Option<&'static str>,
    searching: bool,
    query: String,
    clock: ClockChoice,
    fold: Option<FoldBy>,
    folded: usize,
    finding: Option<u32>,
    details: bool,
    help: bool,
    export: bool,
    question: bool,
}

fn seen(harness: &Harness<'_, App>) -> Seen {
    let state = &harness.state().state;
    let (session, view) = (&state.session, &state.session.view);
    Seen {
        time: view.time,
        scroll_y: view.scroll_y,
        selection: selected_names(harness),
        measure: view.measure,
        notes: view.notes.len(),
        picker: session.picker.as_ref().map(|picker| picker.title),
        searching: session.search.has_focus,
        query: view.query.clone(),
        clock: view.plan.clock,
        fold: view.plan.fold.by.clone(),
        folded: view.plan.folds.len(),
        finding: view.finding,
        details: state.settings.details_open,
        help: session.help_open,
        export: session.export.is_some(),
        question: session.question.is_some(),
    }
}

fn conversation() -> Harness<'static, App> {
    let dialogs = FakeDialogs { open: vec![PathBuf::from(SAMPLE)], ..FakeDialogs::default() };
    window_with(vec![Source::Path(SAMPLE.into())], dialogs, Pasted::default())
}

/// Closes what is open and shows everything again, nothing selected.
fn start_over(harness: &mut Harness<'_, App>) {
    for _ in 0..6 {
        harness.state_mut().apply(Command::Clear);
        harness.run_steps(1);
    }
    for _ in 0..seen(harness).notes {
        harness.state_mut().apply(Command::RemoveNote);
    }
    for command in [Command::FoldOff, Command::ClockRaw, Command::UnfoldAll, Command::FocusCanvas, Command::WholeTrace]
    {
        harness.state_mut().apply(command);
    }
    settle(harness);
}

fn zoom(harness: &mut Harness<'_, App>) {
    let time = harness.state().state.session.view.time;
    let quarter = time.length_ns() / 4;
    let range = TimeRange { from_ns: time.from_ns + quarter, to_ns: time.to_ns - quarter };
    harness.state_mut().apply(Command::ShowRange(range));
}

fn select(harness: &mut Harness<'_, App>, name: &str) {
    let data = harness.state().state.data.clone().unwrap();
    let span = data.store.span_ixs().find(|&span| data.store.span(span).name() == name).unwrap();
    harness.state_mut().apply(Command::Reveal(span));
}

fn nothing(_: &mut Harness<'_, App>) {}

fn a_root(harness: &mut Harness<'_, App>) {
    select(harness, "user turn 2");
}

fn a_call(harness: &mut Harness<'_, App>) {
    select(harness, "invoke_agent planner");
}

fn a_search(harness: &mut Harness<'_, App>) {
    harness.state_mut().apply(Command::Search(skewline::app::search::SearchCommand::Set("error".to_owned())));
    settle(harness);
}

fn a_second_hit(harness: &mut Harness<'_, App>) {
    a_search(harness);
    for _ in 0..2 {
        harness.state_mut().apply(Command::NextHit);
    }
}

fn a_measure(harness: &mut Harness<'_, App>) {
    let time = harness.state().state.session.view.time;
    harness.state_mut().apply(Command::Measure(Some(TimeRange { to_ns: time.from_ns + 1_000_000, ..time })));
}

fn a_note(harness: &mut Harness<'_, App>) {
    a_measure(harness);
    harness.state_mut().apply(Command::KeepNote);
}

fn a_second_finding(harness: &mut Harness<'_, App>) {
    for _ in 0..2 {
        harness.state_mut().apply(Command::NextFinding);
    }
}

fn a_step_back(harness: &mut Harness<'_, App>) {
    zoom(harness);
    harness.state_mut().apply(Command::Undo);
}

fn a_folded_call(harness: &mut Harness<'_, App>) {
    a_call(harness);
    harness.state_mut().apply(Command::FoldSubtree);
    settle(harness);
}

type Row = (&'static str, fn(&mut Harness<'_, App>), Modifiers, Key, fn(&Seen, &Seen) -> bool);

const NONE: Modifiers = Modifiers::NONE;
const SHIFT: Modifiers = Modifiers::SHIFT;
const CTRL: Modifiers = Modifiers::COMMAND;

fn is_earlier(before: &Seen, after: &Seen) -> bool {
    after.time.from_ns < before.time.from_ns && after.time.length_ns() == before.time.length_ns()
}

fn is_later(before: &Seen, after: &Seen) -> bool {
    after.time.from_ns > before.time.from_ns && after.time.length_ns() == before.time.length_ns()
}

fn is_closer(before: &Seen, after: &Seen) -> bool {
    after.time.length_ns() < before.time.length_ns()
}

fn is_farther(before: &Seen, after: &Seen) -> bool {
    after.time.length_ns() > before.time.length_ns()
}

fn goes_elsewhere(before: &Seen, after: &Seen) -> bool {
    after.selection.len() == 1 && after.selection != before.selection
}

const ROWS: &[Row] = &[
    ("pan left", zoom, NONE, Key::A, is_earlier),
    ("pan left by arrow", zoom, NONE, Key::ArrowLeft, is_earlier),
    ("pan right", zoom, NONE, Key::D, is_later),
    ("pan right by arrow", zoom, NONE, Key::ArrowRight, is_later),
    ("zoom in", nothing, NONE, Key::W, is_closer),
    ("zoom in by +", nothing, NONE, Key::Plus, is_closer),
    ("zoom out", zoom, NONE, Key::S, is_farther),
    ("zoom out by -", zoom, NONE, Key::Minus, is_farther),
    ("scroll down by arrow", nothing, NONE, Key::ArrowDown, |before, after| after.scroll_y > before.scroll_y),
    ("zoom to selection", a_root, NONE, Key::F, is_closer),
    ("whole trace", zoom, NONE, Key::Num0, is_farther),
    ("mark selection", a_root, NONE, Key::M, |before, after| before.measure.is_none() && after.measure.is_some()),
    ("keep a range note", a_measure, SHIFT, Key::M, |before, after| after.notes == before.notes + 1),
    ("remove it", a_note, NONE, Key::Delete, |before, after| after.notes + 1 == before.notes),
    ("previous span", a_root, NONE, Key::Comma, goes_elsewhere),
    ("next span", a_root, NONE, Key::Period, goes_elsewhere),
    ("row up", a_call, NONE, Key::K, goes_elsewhere),
    ("row down", a_call, NONE, Key::J, goes_elsewhere),
    ("fold", a_call, NONE, Key::H, |before, after| after.folded == before.folded + 1),
    ("unfold", a_folded_call, NONE, Key::L, |before, after| after.folded + 1 == before.folded),
    ("edge back", a_call, NONE, Key::OpenBracket, goes_elsewhere),
    ("edge forward", a_call, NONE, Key::CloseBracket, goes_elsewhere),
    ("next finding", nothing, NONE, Key::N, |_, after| after.finding == Some(1)),
    ("previous finding", a_second_finding, SHIFT, Key::N, |_, after| after.finding == Some(1)),
    ("search", nothing, NONE, Key::Slash, |_, after| after.searching),
    ("search by Ctrl", nothing, CTRL, Key::F, |_, after| after.searching),
    ("next hit", a_search, NONE, Key::Enter, goes_elsewhere),
    ("previous hit", a_second_hit, SHIFT, Key::Enter, goes_elsewhere),
    ("palette", nothing, Modifiers { shift: true, ..CTRL }, Key::P, |_, after| after.picker == Some("Command palette")),
    ("palette by K", nothing, CTRL, Key::K, |_, after| after.picker == Some("Command palette")),
    ("find a lane", nothing, CTRL, Key::P, |_, after| after.picker == Some("Find a lane")),
    ("reference frame", nothing, NONE, Key::C, |_, after| after.clock == ClockChoice::Frame),
    ("fold by agent", nothing, NONE, Key::Num2, |_, after| after.fold == Some(FoldBy::Agent)),
    ("fold by phase", nothing, NONE, Key::Num3, |_, after| after.fold == Some(FoldBy::Phase)),
    ("fold by service", nothing, NONE, Key::Num4, |_, after| after.fold == Some(FoldBy::Service)),
    ("details", nothing, NONE, Key::Q, |before, after| after.details != before.details),
    ("open", nothing, CTRL, Key::O, |_, after| after.question),
    ("export picture", nothing, CTRL, Key::E, |_, after| after.export),
    ("undo", zoom, CTRL, Key::Z, is_farther),
    ("redo", a_step_back, Modifiers { shift: true, ..CTRL }, Key::Z, is_closer),
    ("clear", a_root, NONE, Key::Escape, |_, after| after.selection.is_empty()),
    ("help", nothing, NONE, Key::Questionmark, |_, after| after.help),
];

#[test]
fn every_key_of_the_table_does_what_the_table_says() {
    let mut harness = conversation();
    for (what, prepare, held, key, holds) in ROWS {
        start_over(&mut harness);
        prepare(&mut harness);
        harness.run_steps(2);
        let before = seen(&harness);
        press(&mut harness, *held, *key);
        settle(&mut harness);
        let after = seen(&harness);
        assert!(holds(&before, &after), "{what} ({key:?}):\n{before:?}\n{after:?}");
    }
    // 1 unfolds what 2 to 4 folded, C goes back to raw clocks, F fits once more.
    start_over(&mut harness);
    for (key, holds) in [
        (Key::Num2, (|after: &Seen| after.fold.is_some()) as fn(&Seen) -> bool),
        (Key::Num1, |after| after.fold.is_none()),
        (Key::C, |after| after.clock == ClockChoice::Frame),
        (Key::C, |after| after.clock == ClockChoice::Raw),
    ] {
        press(&mut harness, NONE, key);
        settle(&mut harness);
        assert!(holds(&seen(&harness)), "{key:?}: {:?}", seen(&harness));
    }
    start_over(&mut harness);
    let whole = seen(&harness).time;
    a_root(&mut harness);
    for _ in 0..2 {
        press(&mut harness, NONE, Key::F);
    }
    assert_eq!(seen(&harness).time, whole);
}

/// What each key of the table types on another keyboard: (where it lies on a US keyboard, AZERTY, Dvorak). `None`
/// stands for a sign that egui has no name for.
const ELSEWHERE: &[(Key, Option<Key>, Option<Key>)] = &[
    (Key::W, Some(Key::Z), Some(Key::Comma)),
    (Key::A, Some(Key::Q), Some(Key::A)),
    (Key::S, Some(Key::S), Some(Key::O)),
    (Key::D, Some(Key::D), Some(Key::E)),
    (Key::Comma, Some(Key::Semicolon), Some(Key::W)),
    (Key::Period, Some(Key::Colon), Some(Key::V)),
    (Key::K, Some(Key::K), Some(Key::T)),
    (Key::J, Some(Key::J), Some(Key::H)),
    (Key::H, Some(Key::H), Some(Key::D)),
    (Key::M, Some(Key::Comma), Some(Key::M)),
    (Key::F, Some(Key::F), Some(Key::U)),
    (Key::N, Some(Key::N), Some(Key::B)),
    (Key::C, Some(Key::C), Some(Key::J)),
    (Key::Q, Some(Key::A), Some(Key::Quote)),
    (Key::Num0, None, Some(Key::Num0)),
    (Key::Num2, None, Some(Key::Num2)),
];

#[test]
fn places_of_keys_mean_the_same_on_azerty_and_dvorak() {
    let mut harness = conversation();
    for (what, prepare, held, key, holds) in ROWS.iter().filter(|(_, _, held, ..)| !held.command) {
        let Some((place, azerty, dvorak)) = ELSEWHERE.iter().find(|(place, ..)| place == key) else { continue };
        for typed in [azerty, dvorak] {
            start_over(&mut harness);
            prepare(&mut harness);
            harness.run_steps(2);
            let before = seen(&harness);
            let physical_key = Some(*place);
            // As egui-winit reports it: what has no name is called after its place.
            let key = typed.unwrap_or(*place);
            harness.event(Event::Key { key, physical_key, pressed: true, repeat: false, modifiers: *held });
            settle(&mut harness);
            let after = seen(&harness);
            assert!(holds(&before, &after), "{what}: {key:?} at {place:?}:\n{before:?}\n{after:?}");
        }
    }
    // On Dvorak, [ and ] lie where a US keyboard has - and =; there they mean what they say.
    for (key, place) in [(Key::OpenBracket, Key::Minus), (Key::CloseBracket, Key::Equals)] {
        start_over(&mut harness);
        a_call(&mut harness);
        let before = seen(&harness);
        harness.event(Event::Key { key, physical_key: Some(place), pressed: true, repeat: false, modifiers: NONE });
        settle(&mut harness);
        assert!(goes_elsewhere(&before, &seen(&harness)), "{key:?} at {place:?}");
    }
}

#[test]
fn ctrl_s_saves_the_view_beside_the_trace() {
    let dir = tempfile::tempdir().unwrap();
    let trace = dir.path().join("t.json");
    std::fs::copy(SAMPLE, &trace).unwrap();
    let mut harness = window_with(vec![Source::Path(trace)], FakeDialogs::default(), Pasted::default());
    press(&mut harness, CTRL, Key::S);
    settle(&mut harness);
    assert!(dir.path().join("t.view.json").exists());
}

fn button(harness: &mut Harness<'_, App>, pos: Pos2, button: PointerButton, pressed: bool, modifiers: Modifiers) {
    harness.event(Event::PointerButton { pos, button, pressed, modifiers });
    harness.step();
}

fn drag(harness: &mut Harness<'_, App>, from: Pos2, by: Vec2, with: PointerButton, held: Modifiers) {
    harness.event(Event::ModifiersChanged(held));
    harness.event(Event::PointerMoved(from));
    harness.step();
    button(harness, from, with, true, held);
    for share in [0.3, 0.7, 1.0] {
        harness.event(Event::PointerMoved(from + by * share));
        harness.step();
    }
    button(harness, from + by, with, false, held);
    harness.event(Event::ModifiersChanged(NONE));
    harness.run_steps(3);
}

fn wheel(harness: &mut Harness<'_, App>, at: Pos2, delta: Vec2, modifiers: Modifiers) {
    harness.event(Event::PointerMoved(at));
    harness.event(Event::ModifiersChanged(modifiers));
    let (unit, phase) = (MouseWheelUnit::Line, TouchPhase::Move);
    harness.event(Event::MouseWheel { unit, delta, phase, source: MouseWheelSource::Unknown, modifiers });
    harness.step();
    // The wheel glides to its end.
    harness.run_steps(8);
    harness.event(Event::ModifiersChanged(NONE));
    harness.run_steps(2);
}

fn double_click(harness: &mut Harness<'_, App>, at: Pos2) {
    harness.event(Event::PointerMoved(at));
    harness.step();
    for pressed in [true, false, true, false] {
        button(harness, at, PointerButton::Primary, pressed, NONE);
    }
    harness.run_steps(3);
}

/// The canvas on the screen, its ruler and its overview.
fn places(harness: &Harness<'_, App>) -> [egui::Rect; 3] {
    let scene = harness.state().canvas().scene().unwrap().clone();
    let origin = harness.get_by_label_contains("Spans;").rect().min.to_vec2();
    [scene.areas.canvas, scene.areas.ruler, scene.areas.overview].map(|rect| rect.translate(origin))
}

#[test]
fn every_way_of_the_mouse_does_what_the_table_says() {
    let mut harness = conversation();
    let [canvas, ruler, overview] = places(&harness);
    let middle = canvas.center();
    let (primary, other) = (PointerButton::Primary, PointerButton::Middle);
    type Way<'a> = (&'a str, &'a dyn Fn(&mut Harness<'_, App>), fn(&Seen, &Seen) -> bool);
    let by = vec2(160.0, 0.0);
    let bar = |harness: &Harness<'_, App>| harness.get_by_label_contains("user turn 2, ").rect().center();
    let free = canvas.right_bottom() - vec2(30.0, 8.0);
    let ways: &[Way<'_>] = &[
        ("wheel scrolls rows", &|h| wheel(h, middle, vec2(0.0, -3.0), NONE), |before, after| {
            after.scroll_y > before.scroll_y && after.time == before.time
        }),
        ("Shift+wheel pans", &|h| wheel(h, middle, vec2(0.0, -3.0), SHIFT), |before, after| {
            is_later(before, after) && after.scroll_y == before.scroll_y
        }),
        ("drag measures", &|h| drag(h, middle, by, primary, NONE), |before, after| {
            after.measure.is_some() && after.time == before.time
        }),
        ("Shift+drag pans", &|h| drag(h, middle, by, primary, SHIFT), |before, after| {
            is_earlier(before, after) && after.measure.is_none()
        }),
        ("middle drag pans", &|h| drag(h, middle, by, other, NONE), is_earlier),
        ("drag on the ruler zooms", &|h| drag(h, ruler.center(), by, primary, NONE), |before, after| {
            is_closer(before, after) && after.measure.is_none()
        }),
        ("drag on the overview zooms", &|h| drag(h, overview.center(), by, primary, NONE), |before, after| {
            before.time != after.time && after.measure.is_none()
        }),
        ("double click on the ruler shows all", &|h| double_click(h, ruler.center()), is_farther),
        ("double click on a span zooms to it", &|h| double_click(h, bar(h)), |before, after| {
            after.selection == ["user turn 2"] && after.time != before.time
        }),
        (
            "click selects",
            &|h| [true, false].map(|down| pointer(h, bar(h), Some(down))).into_iter().collect(),
            |_, after| after.selection == ["user turn 2"],
        ),
        (
            "click on nothing clears",
            &|h| {
                a_root(h);
                h.run_steps(2);
                for down in [true, false] {
                    pointer(h, free, Some(down));
                }
            },
            |_, after| after.selection.is_empty(),
        ),
    ];
    for (what, act, holds) in ways {
        start_over(&mut harness);
        zoom(&mut harness);
        harness.run_steps(2);
        let before = seen(&harness);
        act(&mut harness);
        let after = seen(&harness);
        assert!(holds(&before, &after), "{what}:\n{before:?}\n{after:?}");
    }
    // Ctrl+wheel: the time under the pointer keeps its place.
    start_over(&mut harness);
    let at = canvas.left_center() + vec2(canvas.width() * 0.3, 0.0);
    let under = |harness: &Harness<'_, App>| {
        let time = seen(harness).time;
        time.from_ns + (time.length_ns() as f64 * 0.3) as i64
    };
    let (before, time_before) = (seen(&harness), under(&harness));
    wheel(&mut harness, at, vec2(0.0, 3.0), CTRL);
    assert!(is_closer(&before, &seen(&harness)));
    let moved = (under(&harness) - time_before).abs();
    assert!(moved < seen(&harness).time.length_ns() / 200, "{moved} ns");
}

#[test]
fn a_click_counts_however_slowly_the_window_is_drawn() {
    let mut harness = conversation();
    harness.state_mut().apply(Command::KeysPanel);
    harness.run_steps(3);
    let close = harness.get_by_role_and_label(Role::Button, "Close").rect().center();
    // The pointer lies where the button appeared, and does not move; the next frame comes more than a second later.
    pointer(&mut harness, close, None);
    button(&mut harness, close, PointerButton::Primary, true, NONE);
    harness.run_steps(5);
    button(&mut harness, close, PointerButton::Primary, false, NONE);
    harness.run_steps(2);
    assert!(harness.state().state.session.keys_panel.is_none());
}
