//! The eframe application: input to commands, commands to state, state to panels.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use egui::ViewportCommand;

use super::clocks::ClockCommand;
use super::command::{Command, Queue};
use super::host::{Clipboard, DesktopClipboard, DesktopDialogs, Dialogs, Wake};
use super::settings::{self, Settings};
use super::state::{Effect, State, Tone};
use super::{keys, moving, panels, theme};
use crate::analysis::findings::Rulebook;
use crate::load::Source;
use crate::scene::ThemeKind;
use crate::view::focus::Region;
use crate::view::{Canvas, Focus};

/// What the window needs of the desktop.
pub struct Host {
    /// File dialogs.
    pub dialogs: Box<dyn Dialogs>,
    /// Clipboard for pictures.
    pub clipboard: Box<dyn Clipboard>,
    /// Where settings are kept; `None` = nowhere.
    pub settings_path: Option<PathBuf>,
    /// Which findings about AI conversations are looked for.
    pub rules: Arc<Rulebook>,
    /// Makes the window draw another frame, from any thread.
    pub waker: Arc<dyn Fn() + Send + Sync>,
}

impl Host {
    /// The real desktop.
    #[must_use]
    pub fn desktop(rules: Rulebook) -> Self {
        Self {
            dialogs: Box::new(DesktopDialogs),
            clipboard: Box::new(DesktopClipboard::default()),
            settings_path: settings::path(),
            rules: Arc::new(rules),
            waker: Arc::new(|| {}),
        }
    }

    pub(super) fn wake(&self) -> Wake {
        let waker = Arc::clone(&self.waker);
        Box::new(move || waker())
    }
}

/// The application.
pub struct App {
    /// What is shown.
    pub state: State,
    host: Host,
    queue: Queue,
    toasts: egui_notify::Toasts,
    /// Theme and text scale that egui has now.
    styled: Option<(ThemeKind, f32)>,
    title: String,
    canvas: Canvas,
    focus: Focus,
    /// Milliseconds of CPU that the last frame took.
    frame_ms: Option<f32>,
    /// When the view last changed, for the undo point after wheel and keys.
    changed_at: Option<f64>,
}

/// A press that is held longer is no click.
const MAX_CLICK_S: f64 = 2.5;
/// Two clicks at one place that are farther apart are no double click.
const MAX_DOUBLE_CLICK_S: f64 = 0.6;
/// Seconds without a change after which an interaction counts as over.
const INTERACTION_PAUSE_S: f64 = 0.5;

impl App {
    /// An application that starts by opening `sources`.
    #[must_use]
    pub fn new(ctx: &egui::Context, mut host: Host, sources: Vec<Source>) -> Self {
        ctx.set_fonts(theme::fonts());
        ctx.options_mut(|options| {
            // Ctrl and + is text size here, in steps that are saved.
            options.zoom_with_keyboard = false;
            options.max_passes = std::num::NonZeroUsize::MIN;
            // Press and release are seen a frame apart. Where drawing is slow, in software or from afar, the usual
            // 0.8 s and 0.3 s would lose clicks.
            options.input_options.max_click_duration = MAX_CLICK_S;
            options.input_options.max_double_click_delay = MAX_DOUBLE_CLICK_S;
        });
        let waker = ctx.clone();
        host.waker = Arc::new(move || waker.request_repaint());
        let (settings, damage) = host.settings_path.as_deref().map(Settings::read).unwrap_or_default();
        let mut app = Self {
            state: State::new(settings),
            host,
            queue: Queue::default(),
            toasts: egui_notify::Toasts::default().with_anchor(egui_notify::Anchor::BottomLeft),
            styled: None,
            title: String::new(),
            canvas: Canvas::default(),
            focus: Focus::default(),
            frame_ms: None,
            changed_at: None,
        };
        app.restyle(ctx);
        if let Some(why) = damage {
            tracing::warn!("{why}");
            app.state.session.effects.push(Effect::Toast(Tone::Bad, why));
        }
        if !sources.is_empty() {
            app.apply(Command::OpenSources(sources));
        }
        app
    }

    /// Carries out one command, as keys and panels do.
    pub fn apply(&mut self, command: Command) {
        tracing::trace!(?command, "apply");
        self.state.apply(command, &mut self.host);
    }

    /// The canvas of the last frame.
    #[must_use]
    pub const fn canvas(&self) -> &Canvas {
        &self.canvas
    }

    fn restyle(&mut self, ctx: &egui::Context) {
        let wanted = (self.state.theme(), self.state.settings.text_scale);
        if self.styled == Some(wanted) {
            return;
        }
        self.styled = Some(wanted);
        let (kind, scale) = wanted;
        ctx.set_theme(if kind == ThemeKind::Dark { egui::Theme::Dark } else { egui::Theme::Light });
        for of in [egui::Theme::Dark, egui::Theme::Light] {
            ctx.set_style_of(of, theme::style(kind, scale));
        }
    }

    /// What key presses mean now.
    fn situation(&self, ctx: &egui::Context) -> keys::Situation {
        let held = self.focus.held();
        let session = &self.state.session;
        keys::Situation {
            is_modal: self.state.is_overlaid(),
            is_capturing: session.keys_panel.as_ref().is_some_and(|panel| panel.capturing.is_some()),
            on_canvas: !held.is_any || self.state.data.is_some() && held.region == Some(Region::Canvas),
            in_menu: egui::Popup::is_any_open(ctx),
            is_typing: held.is_text || ctx.text_edit_focused(),
            on_map: panels::map_has_keyboard(ctx),
        }
    }

    fn run_queue(&mut self, ctx: &egui::Context) {
        for command in self.queue.take() {
            self.apply(command);
        }
        for effect in std::mem::take(&mut self.state.session.effects) {
            self.carry_out(ctx, effect);
        }
        let title = self.state.window_title();
        if title != self.title {
            ctx.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }

    fn carry_out(&mut self, ctx: &egui::Context, effect: Effect) {
        match effect {
            Effect::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
            Effect::CopyText(text) => ctx.copy_text(text),
            Effect::Focus(go) => self.focus.go(ctx, go),
            Effect::FocusSearch(wanted) => panels::focus_search(ctx, wanted),
            Effect::Toast(tone, text) => {
                let toast = match tone {
                    Tone::Good => self.toasts.info(text),
                    Tone::Bad => self.toasts.error(text),
                };
                toast.duration(Some(Duration::from_secs(4))).show_progress_bar(false).closable(false);
            }
            Effect::Save => {
                if let Some(path) = &self.host.settings_path
                    && let Err(error) = self.state.settings.write(path)
                {
                    tracing::warn!("settings are not saved: {}: {error}", path.display());
                }
            }
        }
    }

    /// Moves bars that are on their way; where egui's animations are off, they are there at once.
    fn move_on(&mut self, ctx: &egui::Context) {
        if self.state.travel().is_some() {
            let (now_s, animation_s) = (ctx.input(|input| input.time), ctx.global_style().animation_time);
            let (now_ms, length_ms) = ((now_s * 1000.0) as u64, moving::length_ms(animation_s));
            self.apply(Command::Clocks(ClockCommand::MoveOn { now_ms, length_ms }));
            ctx.request_repaint();
        }
    }

    /// Sets the undo point when keys and wheel have been quiet for a while.
    fn end_interaction_when_quiet(&mut self, ctx: &egui::Context) {
        let (now, pressed) = ctx.input(|input| (input.time, input.pointer.any_down()));
        if !self.state.session.history.is_pending(&self.state.session.view) {
            self.changed_at = None;
            return;
        }
        let since = *self.changed_at.get_or_insert(now);
        if !pressed && now - since >= INTERACTION_PAUSE_S {
            self.queue.push(Command::EndInteraction);
        } else {
            ctx.request_repaint_after(Duration::from_secs_f64(INTERACTION_PAUSE_S));
        }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, _frame: &mut eframe::Frame) {
        let system = ctx.system_theme().map(|theme| match theme {
            egui::Theme::Dark => ThemeKind::Dark,
            egui::Theme::Light => ThemeKind::Light,
        });
        self.queue.push(Command::SystemTheme(system));
        self.queue.push(Command::TakeResults);
        let dropped = ctx.input(|input| input.raw.dropped_files.clone());
        let sources: Vec<Source> = dropped.iter().map(dropped_source).collect();
        if !sources.is_empty() {
            self.queue.push(Command::OpenSources(sources));
        }
        let is_alt_alone = self.focus.begin(ctx);
        let situation = self.situation(ctx);
        if is_alt_alone && !situation.is_modal {
            self.queue.push(Command::MenuBar);
        }
        for command in keys::take_commands(ctx, &self.state.bindings, situation) {
            self.queue.push(command);
        }
        self.end_interaction_when_quiet(ctx);
        self.run_queue(ctx);
        self.move_on(ctx);
        self.restyle(ctx);
        if self.state.session.loading.is_some() || self.state.session.arranging.is_some() {
            ctx.request_repaint_after(Duration::from_millis(50));
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, frame: &mut eframe::Frame) {
        tracing::debug!(last_frame_s = frame.info().cpu_usage, "frame");
        self.frame_ms = frame.info().cpu_usage.map(|seconds| seconds * 1000.0);
        panels::window_ui(ui, &self.state, &mut self.canvas, &mut self.focus, self.frame_ms, &mut self.queue);
        let ctx = ui.ctx().clone();
        self.toasts.show(&ctx);
        self.focus.end(&ctx, self.state.theme().theme());
        self.run_queue(&ctx);
        self.restyle(&ctx);
    }

    fn clear_color(&self, _visuals: &egui::Visuals) -> [f32; 4] {
        self.state.theme().theme().canvas.to_normalized_gamma_f32()
    }
}

/// A dropped file, or its bytes when the path leads nowhere, as with files out of an archive.
fn dropped_source(file: &egui::DroppedFileHandle) -> Source {
    let path = file.path();
    if path.exists() {
        return Source::Path(path.to_owned());
    }
    match file.bytes() {
        Ok(bytes) => Source::memory(path.display().to_string(), bytes),
        Err(_) => Source::Path(path.to_owned()),
    }
}

/// Opens the window and returns when it is closed.
///
/// # Errors
/// When no window or no graphics can be had.
pub fn run(sources: Vec<Source>, rules: Rulebook) -> eframe::Result {
    let options = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_app_id("skewline")
            .with_title("Skewline")
            .with_inner_size([1440.0, 900.0])
            .with_min_inner_size([640.0, 400.0])
            .with_drag_and_drop(true),
        ..eframe::NativeOptions::default()
    };
    eframe::run_native(
        "skewline",
        options,
        Box::new(|cc| Ok(Box::new(App::new(&cc.egui_ctx, Host::desktop(rules), sources)))),
    )
}
