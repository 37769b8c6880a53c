//! A window without display or graphics driver, fake dialogs and clipboard, and what every test does with it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use egui::accesskit::{Action, Role};
use egui::{Key, Modifiers, PointerButton, Pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use skewline::app::host::{Picked, Saved, Wake};
use skewline::app::{App, Clipboard, Dialogs, Host};
use skewline::load::Source;

/// One trace on two services: a root of 100 ms, two children, one of which failed.
pub const SMALL: &str = r#"{"resourceSpans":[
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

pub fn small() -> Source {
    Source::memory("small.json", SMALL.as_bytes())
}

/// A desktop that answers every dialog with the paths it was given.
#[derive(Default)]
pub struct FakeDialogs {
    pub open: Vec<PathBuf>,
    pub save: Option<PathBuf>,
    /// What was asked for, in order.
    pub asked: Arc<Mutex<Vec<(Saved, String)>>>,
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

    fn save(&self, what: Saved, name: &str, _wake: Wake) -> Receiver<Picked> {
        self.asked.lock().unwrap().push((what, name.to_owned()));
        let path = self.save.clone();
        answered(if what == Saved::View { Picked::SaveView(path) } else { Picked::Save(path) })
    }
}

pub type Pasted = Arc<Mutex<Option<(usize, usize, usize)>>>;

#[derive(Default)]
struct FakeClipboard(Pasted);

impl Clipboard for FakeClipboard {
    fn set_picture(&mut self, width: usize, height: usize, rgba: Vec<u8>) -> Result<(), String> {
        *self.0.lock().unwrap() = Some((width, height, rgba.len()));
        Ok(())
    }
}

pub fn window_with(sources: Vec<Source>, dialogs: FakeDialogs, pasted: Pasted) -> Harness<'static, App> {
    let mut harness = unsettled_window(sources, dialogs, pasted, None);
    settle(&mut harness);
    harness
}

/// A window of which nothing is drawn yet, so that a test can watch it load.
pub fn unsettled_window(
    sources: Vec<Source>,
    dialogs: FakeDialogs,
    pasted: Pasted,
    settings_path: Option<PathBuf>,
) -> Harness<'static, App> {
    let host = Host {
        dialogs: Box::new(dialogs),
        clipboard: Box::new(FakeClipboard(pasted)),
        settings_path,
        rules: Arc::default(),
        waker: Arc::new(|| {}),
    };
    with_step(0.25, host, sources)
}

fn with_step(step_s: f32, host: Host, sources: Vec<Source>) -> Harness<'static, App> {
    let mut harness = Harness::builder()
        .with_size(vec2(1400.0, 900.0))
        .with_step_dt(step_s)
        .allow_missing_glyphs()
        .build_eframe(|cc| App::new(&cc.egui_ctx, host, sources));
    harness.step();
    harness
}

/// A window whose frames are `step_s` seconds apart and whose animations are on, to watch what moves.
pub fn slow_window(step_s: f32, sources: Vec<Source>) -> Harness<'static, App> {
    let host = Host {
        dialogs: Box::new(FakeDialogs::default()),
        clipboard: Box::new(FakeClipboard::default()),
        settings_path: None,
        rules: Arc::default(),
        waker: Arc::new(|| {}),
    };
    let mut harness = with_step(step_s, host, sources);
    harness.ctx.all_styles_mut(|style| style.animation_time = 0.08);
    settle(&mut harness);
    harness
}

pub fn window(sources: Vec<Source>) -> Harness<'static, App> {
    window_with(sources, FakeDialogs::default(), Pasted::default())
}

/// Steps until nothing runs in the background any more.
pub fn settle(harness: &mut Harness<'_, App>) {
    let begun = Instant::now();
    // An answer may lead to the next question: quiet is a few frames without any.
    let mut quiet_frames = 0;
    while quiet_frames < 4 {
        harness.step();
        let session = &harness.state().state.session;
        let is_read = harness.state().state.data.as_ref().is_none_or(|data| data.known_work().is_some());
        let is_quiet = is_read
            && session.loading.is_none()
            && session.arranging.is_none()
            && session.clocks.moving.is_none()
            && !session.tagging.is_busy()
            && !session.critical.is_busy()
            && session.drawing.is_none()
            && session.dialog.is_none()
            && !session.search.is_busy()
            && !session.people.is_busy()
            && !session.phases.is_busy()
            && !session.tables.is_busy()
            && !session.plots.is_busy();
        quiet_frames = if is_quiet { quiet_frames + 1 } else { 0 };
        assert!(begun.elapsed() < Duration::from_secs(60), "background work never ended");
        if !is_quiet {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    assert_accessible(harness);
}

/// Steps until bars begin to move.
pub fn set_out(harness: &mut Harness<'_, App>) {
    let begun = Instant::now();
    while harness.state().state.travel().is_none() {
        harness.step();
        assert!(begun.elapsed() < Duration::from_secs(60), "nothing ever moved");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Everything that can be acted on has a name, and no two things that are acted on alike share one.
pub fn assert_accessible(harness: &Harness<'_, App>) {
    harness.check_accessibility();
    let mut names = BTreeSet::new();
    for node in harness.root().children_recursive() {
        let node = node.accesskit_node();
        if matches!(node.role(), Role::Button | Role::Tab | Role::CheckBox | Role::TextInput | Role::ComboBox) {
            let hint = || node.data().placeholder().map(str::to_owned);
            let name = node.label().or_else(hint).unwrap_or_default();
            assert!(names.insert((format!("{:?}", node.role()), name.clone())), "two {:?}s called {name}", node.role());
        }
        // What Tab reaches says what it is; only the handles between columns of a table do not (egui_table names
        // none), and every one of them has a keyboard way round: columns fit their contents by themselves.
        let is_focusable = node.data().supports_action(Action::Focus);
        let says_something = [node.label(), node.value(), node.data().placeholder().map(str::to_owned)]
            .iter()
            .flatten()
            .any(|text| !text.trim().is_empty());
        let is_handle = node.role() == Role::Unknown && node.raw_bounds().is_some_and(|place| place.width() <= 8.0);
        assert!(
            !is_focusable || says_something || is_handle,
            "Tab reaches a nameless {:?} at {:?}",
            node.role(),
            node.raw_bounds()
        );
    }
}

pub fn press(harness: &mut Harness<'_, App>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run_steps(2);
    assert_accessible(harness);
}

pub fn selected_names(harness: &Harness<'_, App>) -> Vec<String> {
    let state = &harness.state().state;
    let data = state.data.as_ref().unwrap();
    state.session.view.selection.iter().map(|&span| data.store.span(span).name().to_owned()).collect()
}

/// At least one label contains `text`; the hover card may say it too.
pub fn assert_shown(harness: &Harness<'_, App>, text: &str) {
    assert!(harness.get_all_by_label_contains(text).count() >= 1, "{text} is not on the screen");
}

pub fn click_label(harness: &mut Harness<'_, App>, label: &str) {
    harness.get_by_label(label).click();
    harness.run_steps(3);
}

pub fn pointer(harness: &mut Harness<'_, App>, pos: Pos2, pressed: Option<bool>) {
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
