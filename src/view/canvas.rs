//! The canvas: one widget that paints the scene and turns pointer input into commands.

use std::sync::Arc;
use std::time::Instant;

use egui::{CursorIcon, EventFilter, Key, Modifiers, Rect, Sense, Ui, UiBuilder};

use super::gestures::{Drag, Gestures};
use super::paint::Prepared;
use super::{access, far_ends, hover, lane_heads, sections, turns};
use crate::analysis::clocks::{Held, Known};
use crate::app::State;
use crate::app::command::{Command, Queue};
use crate::app::lanes::LaneCommand;
use crate::app::workspace::Workspace;
use crate::arrange::Arranged;
use crate::layout::LaneIx;
use crate::lod::{Marks, Tags};
use crate::scene::geometry::band_at;
use crate::scene::{Critical, Hidden, Hit, Scene, SceneBuilder, SceneInput, Travel, ViewState, lower};

/// What the canvas keeps from frame to frame: a cache, and the gesture in progress. No state of the program.
#[derive(Default)]
pub struct Canvas {
    builder: SceneBuilder,
    drawn: Option<Drawn>,
    gestures: Gestures,
    /// The last right click was on the head of a lane.
    menu_open: bool,
    /// Where the pointer is, for the status bar.
    pub pointer: Option<PointerAt>,
    /// The span under the pointer, for the status bar.
    pub hovered: Option<crate::model::SpanIx>,
    /// How long after the handoff a trace began, of the proposal that the pointer was on last.
    tie_time: Option<(u32, Option<Arc<Known>>, String)>,
    /// Frames for which the scene was built anew.
    pub scenes_built: u64,
}

/// Where the pointer is on the time axis.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PointerAt {
    /// The time there, on the clock of that lane.
    pub time_ns: i64,
    /// The lane there.
    pub lane: Option<LaneIx>,
}

/// A scene with what it was made from.
struct Drawn {
    arranged: Arc<Arranged>,
    over: Over,
    knows_work: bool,
    view: ViewState,
    origin: egui::Pos2,
    scene: Arc<Scene>,
    prepared: Prepared,
}

/// What is drawn over the spans.
#[derive(Clone, Default)]
struct Over {
    marks: Option<Arc<Marks>>,
    tags: Option<Arc<Tags>>,
    critical: Option<Arc<Critical>>,
    held: Option<Arc<Held>>,
    travel: Option<Arc<Travel>>,
}

impl Over {
    fn of(state: &State) -> Self {
        Self {
            marks: state.session.search.marks.clone(),
            tags: state.tags().cloned(),
            critical: state.critical().cloned(),
            held: state.held().cloned(),
            travel: state.travel().cloned(),
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        fn is_same<T>(a: Option<&Arc<T>>, b: Option<&Arc<T>>) -> bool {
            a.map(Arc::as_ptr) == b.map(Arc::as_ptr)
        }
        is_same(self.marks.as_ref(), other.marks.as_ref())
            && is_same(self.tags.as_ref(), other.tags.as_ref())
            && is_same(self.critical.as_ref(), other.critical.as_ref())
            && is_same(self.held.as_ref(), other.held.as_ref())
            && is_same(self.travel.as_ref(), other.travel.as_ref())
    }

    fn input<'a>(&'a self, data: &'a Workspace, arranged: &'a Arranged) -> SceneInput<'a> {
        SceneInput {
            marks: self.marks.as_deref(),
            tags: self.tags.as_deref(),
            critical: self.critical.as_deref(),
            held: self.held.as_deref(),
            travel: self.travel.as_deref(),
            ..data.scene_input(arranged)
        }
    }
}

impl Canvas {
    /// What the last frame did not show.
    #[must_use]
    pub fn hidden(&self) -> Option<Hidden> {
        self.drawn.as_ref().map(|drawn| drawn.scene.hidden)
    }

    /// The scene of the last frame.
    #[must_use]
    pub fn scene(&self) -> Option<&Arc<Scene>> {
        self.drawn.as_ref().map(|drawn| &drawn.scene)
    }

    /// Draws the canvas into all of `ui`.
    pub fn ui(&mut self, ui: &mut Ui, state: &State, queue: &mut Queue) {
        let Some(data) = &state.data else {
            self.drawn = None;
            return;
        };
        let rect = ui.available_rect_before_wrap();
        let summary = access::summary(state, data);
        let builder = UiBuilder::new()
            .scope_id(egui::Id::unique("canvas"))
            .max_rect(rect)
            .accessibility_role(egui::accesskit::Role::Canvas)
            .accessibility_label(summary);
        ui.scope_builder(builder, |ui| self.contents_ui(ui, rect, state, data, queue));
        ui.advance_cursor_after_rect(rect);
    }

    fn contents_ui(&mut self, ui: &mut Ui, rect: Rect, state: &State, data: &Arc<Workspace>, queue: &mut Queue) {
        ui.set_min_size(rect.size());
        if rect.size() != state.session.view.size {
            queue.push(Command::Resize(rect.size()));
        }
        let view = ViewState { size: rect.size(), ..state.session.view.clone() };
        let scene = self.scene_of(ui, rect, data, state, &view);
        let response = ui.interact(rect, ui.scope_id().with("surface"), Sense::click_and_drag());
        if let Some(drawn) = &self.drawn {
            let begun = Instant::now();
            drawn.prepared.paint(&ui.painter().with_clip_rect(rect));
            tracing::debug!(paint_us = begun.elapsed().as_micros(), "canvas painted");
        }
        let over = Over::of(state);
        let input = over.input(data, &state.arranged);
        let hit = response.hover_pos().map(|pos| (pos, crate::scene::hit(&input, &scene, pos - rect.min.to_vec2())));
        self.hovered = match hit {
            Some((_, Hit::Span(span))) => Some(span),
            _ => None,
        };
        self.pointer = hit.and_then(|(pos, hit)| pointer_at(&scene, pos - rect.min.to_vec2(), hit));
        self.gestures.handle(ui, &response, rect, &scene, state, hit.map(|(_, hit)| hit), queue);
        self.lane_menu(ui, &response, state, hit.map(|(_, hit)| hit), queue);
        self.overlays(ui, rect, &scene, hit.map(|(_, hit)| hit));
        if let Some((_, Hit::Tie(at))) = hit {
            self.keep_tie_time(state, at);
        }
        if let (Some((pos, hit)), None) = (hit, self.gestures.drag()) {
            turns::explain(state, hit, queue);
            let tie_time = self.tie_time.as_ref().map(|(_, _, words)| words.as_str());
            hover::hover_ui(ui, rect, &scene, (data, state), (pos, hit), tie_time);
        }
        cursor(ui, hit.map(|(_, hit)| hit), self.gestures.drag());
        lane_heads::heads_ui(ui, rect, &scene, state, queue);
        sections::sections_ui(ui, rect, &scene, state, queue);
        turns::turns_ui(ui, rect, &scene, state, queue);
        far_ends::far_ends_ui(ui, rect, &scene, state, queue);
        if let Some(Drag::Lane { lane, y }) = self.gestures.drag() {
            lane_heads::drag_ui(ui, rect, &scene, lane, y);
        }
        access::nodes(ui, rect, response.id, &scene, data, state, queue);
        scroll_bar(ui, rect, &scene, queue);
        hit_keys(ui, &response, state, queue);
    }

    fn scene_of(&mut self, ui: &Ui, rect: Rect, data: &Arc<Workspace>, state: &State, view: &ViewState) -> Arc<Scene> {
        let pixels_per_point = ui.ctx().pixels_per_point();
        let over = Over::of(state);
        if let Some(drawn) = &self.drawn
            && Arc::ptr_eq(&drawn.arranged, &state.arranged)
            && drawn.over.is_same(&over)
            && drawn.knows_work == data.known_work().is_some()
            && drawn.view == *view
            && drawn.origin == rect.min
            && drawn.prepared.is_for(pixels_per_point)
        {
            return Arc::clone(&drawn.scene);
        }
        if self.drawn.as_ref().is_none_or(|drawn| !Arc::ptr_eq(&drawn.arranged, &state.arranged)) {
            self.builder.reset();
        }
        if let Some(old) = self.drawn.take().and_then(|drawn| Arc::try_unwrap(drawn.scene).ok()) {
            self.builder.reuse(old);
        }
        let begun = Instant::now();
        let input = over.input(data, &state.arranged);
        let scene = Arc::new(self.builder.build(&input, view));
        let built = begun.elapsed();
        let picture = lower(&scene);
        let lowered = begun.elapsed();
        let prepared = Prepared::new(&picture, rect.min.to_vec2(), pixels_per_point);
        tracing::debug!(
            bars = scene.bars.len(),
            labels = scene.labels.len(),
            build_us = built.as_micros(),
            lower_us = (lowered - built).as_micros(),
            mesh_us = (begun.elapsed() - lowered).as_micros(),
            "scene built"
        );
        self.scenes_built += 1;
        self.drawn = Some(Drawn {
            arranged: Arc::clone(&state.arranged),
            over,
            knows_work: data.known_work().is_some(),
            view: view.clone(),
            origin: rect.min,
            scene: Arc::clone(&scene),
            prepared,
        });
        scene
    }

    /// Works out how long after the handoff a trace began, when the pointer comes to another proposal.
    fn keep_tie_time(&mut self, state: &State, at: u32) {
        let known = state.known();
        let is_same = |(of, with, _): &(u32, Option<Arc<Known>>, String)| {
            *of == at && with.as_ref().map(Arc::as_ptr) == known.map(Arc::as_ptr)
        };
        if !self.tie_time.as_ref().is_some_and(is_same) {
            self.tie_time = Some((at, known.cloned(), state.tie_time(at).unwrap_or_default()));
        }
    }

    /// The menu of a lane head, or of the canvas.
    fn lane_menu(&mut self, ui: &Ui, response: &egui::Response, state: &State, hit: Option<Hit>, queue: &mut Queue) {
        if response.has_focus() {
            // Arrow keys move the view, Esc clears; neither moves the focus.
            let filter =
                EventFilter { horizontal_arrows: true, vertical_arrows: true, escape: true, ..EventFilter::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        }
        if response.secondary_clicked() {
            self.menu_open = false;
            if let Some(Hit::LaneHead(lane)) = hit
                && let Some(lane) = state.arranged.lane(lane)
            {
                self.menu_open = true;
                queue.push(Command::Lanes(LaneCommand::FillMenu(lane.key.clone())));
            }
        }
        if self.menu_open {
            lane_heads::menu_ui(response, state, queue);
        }
    }

    /// What moves with the pointer, so that the scene need not be built again.
    fn overlays(&self, ui: &Ui, rect: Rect, scene: &Scene, hit: Option<Hit>) {
        let theme = scene.theme.theme();
        let painter = ui.painter().with_clip_rect(rect);
        let areas = &scene.areas;
        let offset = rect.min.to_vec2();
        if let Some(Drag::Zoom { from_x, to_x, on_overview }) = self.gestures.drag() {
            let area = if on_overview { areas.overview } else { areas.ruler.union(areas.canvas) };
            let range = Rect::from_x_y_ranges(from_x.min(to_x)..=from_x.max(to_x), area.y_range());
            painter.rect_filled(range.translate(offset), 0, theme.range);
        }
        if let (Some(pos), Some(Hit::Canvas { .. } | Hit::Span(_) | Hit::Ghost(_) | Hit::Ruler(_))) =
            (ui.ctx().pointer_hover_pos(), hit)
        {
            // A hair line from the ruler to the pointer says which time is under it.
            let line = egui::Stroke::new(1.0, theme.text_faint.gamma_multiply(0.5));
            let range = (areas.ruler.top() + offset.y)..=(areas.canvas.bottom() + offset.y);
            painter.vline(pos.x.round() + 0.5, range, line);
        }
    }

    /// The gesture in progress.
    #[must_use]
    pub const fn is_dragging(&self) -> bool {
        self.gestures.drag().is_some()
    }
}

/// Enter goes from hit to hit, unless something has the keyboard that Enter means something to.
fn hit_keys(ui: &Ui, response: &egui::Response, state: &State, queue: &mut Queue) {
    let is_free = ui.memory(egui::Memory::focused).is_none_or(|id| id == response.id);
    if !is_free || state.session.search.hits.is_none() {
        return;
    }
    for (held, command) in [(Modifiers::SHIFT, Command::PreviousHit), (Modifiers::NONE, Command::NextHit)] {
        if ui.input_mut(|input| input.consume_key(held, Key::Enter)) {
            queue.push(command);
        }
    }
}

fn pointer_at(scene: &Scene, pos: egui::Pos2, hit: Hit) -> Option<PointerAt> {
    match hit {
        Hit::Overview(time_ns) | Hit::Ruler(time_ns) => Some(PointerAt { time_ns, lane: None }),
        Hit::Finding(_) => {
            let time_ns = crate::scene::overview_scale(scene).time_from_screen(pos.x);
            Some(PointerAt { time_ns, lane: None })
        }
        Hit::Turn(_) => Some(PointerAt { time_ns: scene.scale.time_from_screen(pos.x), lane: None }),
        Hit::Canvas { .. } | Hit::Span(_) | Hit::Piece { .. } | Hit::Tie(_) | Hit::Ghost(_) | Hit::Section(_) => {
            let lane = band_at(&scene.bands, scene.content_y(pos.y)).map(|band| band.lane);
            Some(PointerAt { time_ns: scene.scale.time_from_screen(pos.x), lane })
        }
        Hit::LaneHead(_) | Hit::Nothing => None,
    }
}

fn cursor(ui: &Ui, hit: Option<Hit>, drag: Option<Drag>) {
    let icon = match (drag, hit) {
        (Some(Drag::Pan), _) => CursorIcon::Grabbing,
        (Some(Drag::Measure { .. } | Drag::Zoom { .. } | Drag::Clock { .. }), _) => CursorIcon::ResizeHorizontal,
        (Some(Drag::Lane { .. }), _) => CursorIcon::Grabbing,
        (Some(Drag::LaneHeight { .. }), _) => CursorIcon::ResizeVertical,
        (
            None,
            Some(Hit::Span(_) | Hit::Piece { .. } | Hit::Tie(_) | Hit::Section(_) | Hit::Turn(_) | Hit::Finding(_)),
        ) => CursorIcon::PointingHand,
        (None, Some(Hit::Ruler(_) | Hit::Overview(_))) => CursorIcon::Crosshair,
        _ => return,
    };
    ui.ctx().set_cursor_icon(icon);
}

/// Shows how far the rows are scrolled, and scrolls them by dragging.
fn scroll_bar(ui: &Ui, rect: Rect, scene: &Scene, queue: &mut Queue) {
    const WIDTH: f32 = 8.0;
    let canvas = scene.scrolled_area().translate(rect.min.to_vec2());
    let content = crate::scene::geometry::content_height(&scene.bands) - scene.held.height;
    let shown = f64::from(canvas.height());
    if content <= shown || canvas.height() < 24.0 {
        return;
    }
    let track = Rect::from_min_max(egui::pos2(canvas.right() - WIDTH - 2.0, canvas.top()), canvas.max);
    let height = ((shown / content) as f32 * track.height()).max(24.0).min(track.height());
    let travel = track.height() - height;
    let top = track.top() + (scene.scroll_y / (content - shown)) as f32 * travel;
    let thumb = Rect::from_min_size(egui::pos2(track.left(), top), egui::vec2(WIDTH, height));
    let response = ui.interact(thumb.expand2(egui::vec2(3.0, 0.0)), ui.scope_id().with("scroll-bar"), Sense::DRAG);
    if response.dragged() && travel > 0.0 {
        queue.push(Command::ScrollBy(f64::from(response.drag_delta().y / travel) * (content - shown)));
    }
    let theme = scene.theme.theme();
    let strength = if response.hovered() || response.dragged() { 0.9 } else { 0.45 };
    ui.painter().rect_filled(thumb.shrink2(egui::vec2(1.0, 1.0)), 3, theme.text_faint.gamma_multiply(strength));
}
