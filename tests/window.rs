//! The window, driven through its accessibility tree: no display and no graphics driver needed.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "a test binary")]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use egui::{Key, Modifiers, PointerButton, Pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use skewline::app::command::{Command, entries};
use skewline::app::host::{Picked, Wake};
use skewline::app::{App, Clipboard, Dialogs, Host};
use skewline::load::Source;

/// One trace on two services: a root of 100 ms, two children, one of which failed.
const SMALL: &str = r#"{"resourceSpans":[
{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}},{"key":"host.id","value":{"stringValue":"h-1"}}]},
 "scopeSpans":[{"scope":{"name":"lib","version":"1.2"},"spans":[
 {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000001","name":"checkout","kind":2,
  "startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000000100000000",
  "attributes":[{"key":"gen_ai.request.model","value":{"stringValue":"gpt-5.2"}}],
  "events":[{"timeUnixNano":"1700000000030000000","name":"card accepted"}]},
 {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000002","parentSpanId":"0000000000000001","name":"reserve stock",
  "startTimeUnixNano":"1700000000010000000","endTimeUnixNano":"1700000000040000000"},
 {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000003","parentSpanId":"0000000000000001","name":"charge card",
  "startTimeUnixNano":"1700000000050000000","endTimeUnixNano":"1700000000090000000","status":{"code":2,"message":"card refused"}},
 {"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"0000000000000004","parentSpanId":"00000000000000ff","name":"audit",
  "startTimeUnixNano":"1700000000095000000","endTimeUnixNano":"1700000000099000000"}]}]}]}"#;

fn small() -> Source {
    Source::memory("small.json", SMALL.as_bytes())
}

/// A desktop that answers every dialog with the paths it was given.
#[derive(Default)]
struct FakeDialogs {
    open: Vec<PathBuf>,
    save: Option<PathBuf>,
}

fn answered(picked: Picked) -> Receiver<Picked> {
    let (sender, receiver) = bounded(1);
    sender.send(picked).unwrap();
    receiver
}

impl Dialogs for FakeDialogs {
    fn open(&self, _wake: Wake) -> Receiver<Picked> {
        answered(Picked::Open(self.open.clone()))
    }

    fn save(&self, _name: &str, _wake: Wake) -> Receiver<Picked> {
        answered(Picked::Save(self.save.clone()))
    }
}

type Pasted = Arc<Mutex<Option<(usize, usize, usize)>>>;

#[derive(Default)]
struct FakeClipboard(Pasted);

impl Clipboard for FakeClipboard {
    fn set_picture(&mut self, width: usize, height: usize, rgba: Vec<u8>) -> Result<(), String> {
        *self.0.lock().unwrap() = Some((width, height, rgba.len()));
        Ok(())
    }
}

fn window_with(sources: Vec<Source>, dialogs: FakeDialogs, pasted: Pasted) -> Harness<'static, App> {
    let host = Host {
        dialogs: Box::new(dialogs),
        clipboard: Box::new(FakeClipboard(pasted)),
        settings_path: None,
        waker: Arc::new(|| {}),
    };
    let mut harness = Harness::builder()
        .with_size(vec2(1400.0, 900.0))
        .allow_missing_glyphs()
        .build_eframe(|cc| App::new(&cc.egui_ctx, host, sources));
    settle(&mut harness);
    harness
}

fn window(sources: Vec<Source>) -> Harness<'static, App> {
    window_with(sources, FakeDialogs::default(), Pasted::default())
}

/// Steps until nothing runs in the background any more.
fn settle(harness: &mut Harness<'_, App>) {
    let begun = Instant::now();
    loop {
        harness.step();
        let session = &harness.state().state.session;
        if session.loading.is_none() && session.drawing.is_none() && session.dialog.is_none() {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "background work never ended");
        std::thread::sleep(Duration::from_millis(2));
    }
    harness.run_steps(3);
}

fn press(harness: &mut Harness<'_, App>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run_steps(2);
}

fn selected_names(harness: &Harness<'_, App>) -> Vec<String> {
    let state = &harness.state().state;
    let data = state.data.as_ref().unwrap();
    state.session.view.selection.iter().map(|&span| data.store.span(span).name().to_owned()).collect()
}

/// At least one label contains `text`; the hover card may say it too.
fn assert_shown(harness: &Harness<'_, App>, text: &str) {
    assert!(harness.get_all_by_label_contains(text).count() >= 1, "{text} is not on the screen");
}

fn click_label(harness: &mut Harness<'_, App>, label: &str) {
    harness.get_by_label(label).click();
    harness.run_steps(3);
}

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
fn a_span_is_selected_by_its_name_and_described() {
    let mut harness = window(vec![small()]);
    harness.get_by_label_contains("charge card").click();
    harness.run_steps(3);
    assert_eq!(selected_names(&harness), ["charge card"]);
    for text in ["card refused", "2023-11-14 22:13:20.050 000 000", "40 ms  (40,000,000 ns)", "checkout →"] {
        assert_shown(&harness, text);
    }
    // The parent jumps.
    harness.get_by_label("checkout →").click();
    harness.run_steps(3);
    assert_eq!(selected_names(&harness), ["checkout"]);
    for text in ["gpt-5.2", "card accepted", "server", "none: a root"] {
        assert_shown(&harness, text);
    }
}

#[test]
fn several_spans_are_added_up() {
    let mut harness = window(vec![small()]);
    harness.get_by_label_contains("reserve stock").click();
    harness.run_steps(3);
    harness.get_by_label_contains("charge card").click_modifiers(Modifiers::COMMAND);
    harness.run_steps(3);
    assert_eq!(selected_names(&harness), ["reserve stock", "charge card"]);
    harness.get_by_label("2 spans selected");
    harness.get_by_label("sum of durations");
    // 30 + 40 ms, and 10 to 90 ms from first to last.
    assert!(harness.get_all_by_label("70 ms").count() >= 2, "sum and union");
    harness.get_by_label("80 ms");
}

#[test]
fn keys_walk_through_spans() {
    let mut harness = window(vec![small()]);
    press(&mut harness, Modifiers::NONE, Key::N);
    assert_eq!(selected_names(&harness), ["charge card"]);
    for (key, expected) in [
        (Key::OpenBracket, "checkout"),
        (Key::CloseBracket, "reserve stock"),
        (Key::Period, "charge card"),
        (Key::Comma, "reserve stock"),
        (Key::K, "checkout"),
    ] {
        press(&mut harness, Modifiers::NONE, key);
        assert_eq!(selected_names(&harness), [expected], "{key:?}");
    }
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(selected_names(&harness).is_empty());
}

#[test]
fn views_are_undone_and_redone() {
    let mut harness = window(vec![small()]);
    let time = |harness: &Harness<'_, App>| harness.state().state.session.view.time;
    let whole = time(&harness);
    press(&mut harness, Modifiers::NONE, Key::N);
    press(&mut harness, Modifiers::NONE, Key::F);
    let zoomed = time(&harness);
    assert!(zoomed.length_ns() < whole.length_ns() / 2);
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(time(&harness), whole);
    press(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert_eq!(time(&harness), zoomed);
    // Once more on what fills the view already: everything.
    press(&mut harness, Modifiers::NONE, Key::F);
    assert_eq!(time(&harness), whole);
    press(&mut harness, Modifiers::NONE, Key::W);
    press(&mut harness, Modifiers::NONE, Key::D);
    assert!(time(&harness).from_ns > whole.from_ns);
    press(&mut harness, Modifiers::NONE, Key::Num0);
    assert_eq!(time(&harness), whole);
}

fn pointer(harness: &mut Harness<'_, App>, pos: Pos2, pressed: Option<bool>) {
    harness.event(egui::Event::PointerMoved(pos));
    if let Some(pressed) = pressed {
        harness.event(egui::Event::PointerButton {
            pos,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        });
    }
    harness.step();
}

#[test]
fn dragging_measures_between_span_edges() {
    let mut harness = window(vec![small()]);
    let bar = harness.get_by_label_contains("reserve stock").rect();
    pointer(&mut harness, bar.left_center() + vec2(3.0, 0.0), Some(true));
    pointer(&mut harness, bar.center(), None);
    pointer(&mut harness, bar.right_center() - vec2(2.0, 0.0), None);
    pointer(&mut harness, bar.right_center() - vec2(2.0, 0.0), Some(false));
    harness.run_steps(2);
    let measure = harness.state().state.session.view.measure.unwrap().ordered();
    assert_eq!((measure.from_ns, measure.to_ns), (1_700_000_000_010_000_000, 1_700_000_000_040_000_000));
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert_eq!(harness.state().state.session.view.measure, None);
}

#[test]
fn the_help_lists_every_command() {
    let mut harness = window(vec![]);
    harness.state_mut().apply(Command::ToggleHelp);
    harness.run_steps(3);
    for entry in entries() {
        assert!(harness.get_all_by_label(entry.title).count() >= 1, "{} is not in the help", entry.title);
    }
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(!harness.state().state.session.help_open);
}

#[test]
fn diagnostics_are_listed_with_place_and_meaning() {
    let mut harness = window(vec![small()]);
    harness.get_by_label_contains("Diagnostics: 1").click();
    harness.run_steps(3);
    harness.get_by_label("missing-parent");
    harness.get_by_label_contains("not in the workspace");
    harness.get_by_label_contains("small.json, byte");
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

fn exported(harness: &mut Harness<'_, App>, path: &Path) -> Vec<u8> {
    press(harness, Modifiers::COMMAND, Key::E);
    harness.get_by_label("Export picture");
    harness.state_mut().apply(Command::SetExportPath(path.display().to_string()));
    harness.run_steps(2);
    click_label(harness, "Save");
    settle(harness);
    assert!(harness.state().state.session.export.is_none(), "{:?}", harness.state().state.session.export);
    std::fs::read(path).unwrap()
}

#[test]
fn the_view_is_exported_and_copied() {
    let dir = tempfile::tempdir().unwrap();
    let pasted = Pasted::default();
    let mut harness = window_with(vec![small()], FakeDialogs::default(), Arc::clone(&pasted));
    let svg = String::from_utf8(exported(&mut harness, &dir.path().join("view.svg"))).unwrap();
    for text in ["<svg", "checkout", "small.json", "sha256"] {
        assert!(svg.contains(text), "{text} is not in the drawing");
    }
    assert!(exported(&mut harness, &dir.path().join("view.png")).starts_with(b"\x89PNG"));
    press(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::C);
    settle(&mut harness);
    let (width, height, bytes) = pasted.lock().unwrap().unwrap();
    assert_eq!(bytes, width * height * 4);
    // A place that cannot be written is said in the panel, which stays open.
    press(&mut harness, Modifiers::COMMAND, Key::E);
    harness.state_mut().apply(Command::Export(dir.path().join("no/such/directory.png")));
    settle(&mut harness);
    harness.get_by_label_contains("cannot be written");
}

#[test]
fn a_still_window_builds_no_scene() {
    let mut harness = window(vec![small()]);
    let before = harness.state().canvas().scenes_built;
    harness.run_steps(5);
    assert_eq!(harness.state().canvas().scenes_built, before);
    press(&mut harness, Modifiers::NONE, Key::W);
    assert_eq!(harness.state().canvas().scenes_built, before + 1);
}

#[test]
fn the_canvas_says_what_it_shows() {
    let harness = window(vec![small()]);
    let canvas = harness.get_by_label_contains("Timeline: 4 spans on 1 clock");
    assert_eq!(canvas.accesskit_node().role(), egui::accesskit::Role::Canvas);
}
