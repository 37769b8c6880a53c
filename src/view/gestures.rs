//! Pointer input on the canvas, as commands.

use egui::{PointerButton, Pos2, Rect, Response, Ui};

use super::lane_heads;
use crate::analysis::clocks::{EventKey, Point};
use crate::app::State;
use crate::app::clocks::ClockCommand;
use crate::app::command::{Command, Queue};
use crate::app::conversation::ConversationCommand;
use crate::app::lanes::LaneCommand;
use crate::layout::LaneIx;
use crate::model::DomainIx;
use crate::scene::tokens::FirstToken;
use crate::scene::{Hit, Scene, TimeRange, overview_scale};

/// A drag in progress. Positions are relative to the canvas widget.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Drag {
    /// Moves the view.
    Pan,
    /// Measures from this time on.
    Measure {
        /// The end that stays.
        from_ns: i64,
        /// The event that it stands on.
        from: Option<EventKey>,
        /// The clock of the lane that it lies in.
        clock: Option<DomainIx>,
    },
    /// Moves a lane.
    Lane {
        /// Which one.
        lane: LaneIx,
        /// Where the pointer is, in points from the top of the first lane.
        y: f64,
    },
    /// Moves the clock of a lane: what if.
    Clock {
        /// Which one.
        lane: LaneIx,
        /// When it is held, on its own clock, Unix nanoseconds.
        at_ns: i64,
        /// How far ahead it was when the drag began, nanoseconds.
        from_ns: i64,
        /// Where the drag began.
        from_x: f32,
    },
    /// Changes the height of a lane.
    LaneHeight {
        /// Which one.
        lane: LaneIx,
        /// Its top, in points from the top of the first lane.
        top: f64,
    },
    /// Marks the range to zoom to.
    Zoom {
        /// Where it began.
        from_x: f32,
        /// Where the pointer is.
        to_x: f32,
        /// On the overview, not on the ruler.
        on_overview: bool,
    },
}

/// Remembers the drag between frames.
#[derive(Default)]
pub struct Gestures {
    drag: Option<Drag>,
}

/// Span edges nearer than this snap, in points.
const SNAP: f32 = 7.0;
/// A shorter drag on ruler or overview is a click.
const LEAST_RANGE: f32 = 3.0;

impl Gestures {
    /// The drag in progress.
    #[must_use]
    pub const fn drag(&self) -> Option<Drag> {
        self.drag
    }

    /// Handles one frame's input. `hit` is what the pointer is on.
    #[expect(clippy::too_many_arguments, reason = "one call site; a struct would only name them twice")]
    pub fn handle(
        &mut self,
        ui: &Ui,
        response: &Response,
        rect: Rect,
        scene: &Scene,
        state: &State,
        hit: Option<Hit>,
        queue: &mut Queue,
    ) {
        let offset = rect.min.to_vec2();
        if state.travel().is_some() && ui.input(|input| input.pointer.any_pressed()) {
            queue.push(Command::Clocks(ClockCommand::Arrive));
        }
        if let Some(hit) = hit {
            wheel(ui, response, scene, offset, hit, queue);
        }
        let pointer = response.interact_pointer_pos().map(|pos| pos - offset);
        if response.drag_started()
            && let Some(origin) = ui.input(|input| input.pointer.press_origin())
        {
            let shift = ui.input(|input| input.modifiers.shift);
            let middle = response.drag_started_by(PointerButton::Middle);
            let primary = response.drag_started_by(PointerButton::Primary);
            let alt = primary && ui.input(|input| input.modifiers.alt);
            let clock = if alt { start_clock(origin - offset, scene, state) } else { None };
            self.drag = clock.or_else(|| start(origin - offset, scene, state, primary, shift || middle));
        }
        match (self.drag, pointer) {
            (Some(Drag::Pan), _) => pan(response, scene, queue),
            (Some(Drag::Measure { from_ns, from, clock }), Some(pos)) => {
                let (to_ns, to) = snapped(scene, state, pos);
                let (range, clocks) = (TimeRange { from_ns, to_ns }, [clock, clock_at(scene, state, pos)]);
                queue.push(Command::Clocks(ClockCommand::Measure { range, ends: [from, to], clocks }));
            }
            (Some(Drag::Lane { lane, .. }), Some(pos)) => {
                self.drag = Some(Drag::Lane { lane, y: scene.content_y(pos.y) });
            }
            (Some(Drag::Clock { lane, at_ns, from_ns, from_x }), Some(pos)) => {
                if let Some(info) = state.arranged.lane(lane) {
                    // A bar that moves to the right is later on the axis: its clock is less ahead.
                    let moved = (f64::from(pos.x - from_x) / scene.scale.points_per_ns()).round() as i64;
                    let (lane, offset_ns) = (info.key.clone(), from_ns.saturating_sub(moved));
                    queue.push(Command::Clocks(ClockCommand::Hold { lane, at_ns: Some(at_ns), offset_ns }));
                }
            }
            (Some(Drag::LaneHeight { lane, top }), Some(pos)) => {
                if let Some(info) = state.arranged.lane(lane) {
                    let points = ((scene.content_y(pos.y) - top).max(0.0) as f32 / scene.metrics.scale).round() as u32;
                    let lane = info.key.clone();
                    queue.push(Command::Lanes(LaneCommand::SetHeight { lane, points: Some(points) }));
                }
            }
            (Some(Drag::Zoom { from_x, on_overview, .. }), Some(pos)) => {
                self.drag = Some(Drag::Zoom { from_x, to_x: pos.x, on_overview });
            }
            _ => {}
        }
        if response.drag_stopped() {
            if let Some(Drag::Zoom { from_x, to_x, on_overview }) = self.drag
                && (to_x - from_x).abs() >= LEAST_RANGE
            {
                let scale = if on_overview { overview_scale(scene) } else { scene.scale.clone() };
                let (from, to) = (from_x.min(to_x), from_x.max(to_x));
                queue.push(Command::ShowRange(TimeRange {
                    from_ns: scale.time_from_screen(from),
                    to_ns: scale.time_from_screen(to),
                }));
            }
            if let Some(Drag::Lane { lane, y }) = self.drag {
                queue.extend(lane_heads::dropped(scene, state, lane, y));
            }
            self.drag = None;
            queue.push(Command::EndInteraction);
        }
        if response.double_clicked() {
            match hit {
                Some(Hit::Span(span) | Hit::Piece { span, .. }) => queue.push(Command::ZoomToSpan(span)),
                Some(Hit::Turn(at)) => queue.push(Command::Conversation(ConversationCommand::FitTurn(at))),
                Some(Hit::Ruler(_) | Hit::Overview(_)) => queue.push(Command::WholeTrace),
                Some(Hit::LaneHead(lane)) => {
                    queue.push(Command::Clocks(ClockCommand::Why(Some(lane))));
                    let lane = state.arranged.lane(lane).map(|lane| lane.key.clone());
                    queue.extend(lane.map(|lane| Command::Lanes(LaneCommand::Fold(lane))));
                }
                _ => {}
            }
        } else if response.clicked() {
            click(ui, response, hit, state, queue);
        }
    }
}

fn click(ui: &Ui, response: &Response, hit: Option<Hit>, state: &State, queue: &mut Queue) {
    response.request_focus();
    let extend = ui.input(|input| input.modifiers.command);
    match hit {
        Some(Hit::Span(span) | Hit::Piece { span, .. }) => queue.push(Command::Select { span, extend }),
        Some(Hit::Overview(at_ns)) => {
            // Brings that time to the middle.
            let view = &state.session.view;
            let axis = view.axis();
            let middle_ns = axis.place_ns(view.middle_ns());
            queue.push(Command::PanBy(axis.place_ns(at_ns).saturating_sub(middle_ns)));
            queue.push(Command::EndInteraction);
        }
        Some(Hit::Finding(id)) => queue.push(Command::Clocks(ClockCommand::Finding(Some(id)))),
        Some(Hit::Turn(at)) => queue.push(Command::Conversation(ConversationCommand::GoToTurn(at))),
        Some(Hit::Tie(at)) => {
            let tie = state.session.view.course.ties.get(at as usize);
            queue.extend(tie.map(|tie| Command::Select { span: tie.to, extend: false }));
        }
        Some(Hit::LaneHead(lane)) => {
            queue.push(Command::Clocks(ClockCommand::Why(Some(lane))));
            let lane = state.arranged.lane(lane).map(|lane| lane.key.clone());
            queue.extend(lane.map(|lane| Command::Lanes(LaneCommand::Focus(lane))));
        }
        Some(Hit::Section(section)) => {
            if let Some(section) = state.arranged.sections.get(section as usize) {
                queue.push(Command::Lanes(LaneCommand::ToggleGroup(section.key.clone())));
            }
        }
        Some(Hit::Canvas { .. }) if !extend => queue.push(Command::SelectNothing),
        _ => {}
    }
}

/// The clock of the lane at `pos`; `None` between lanes, and in lanes of several clocks.
fn clock_at(scene: &Scene, state: &State, pos: Pos2) -> Option<DomainIx> {
    let lane = crate::scene::geometry::band_at(&scene.bands, scene.content_y(pos.y))?.lane;
    state.arranged.lane(lane)?.clock()
}

/// A drag that moves the clock of the lane at `origin`, if it has one that can be moved.
fn start_clock(origin: Pos2, scene: &Scene, state: &State) -> Option<Drag> {
    let areas = &scene.areas;
    if !(areas.canvas.contains(origin) || areas.heads.contains(origin)) {
        return None;
    }
    let lane = crate::scene::geometry::band_at(&scene.bands, scene.content_y(origin.y))?.lane;
    let (at_ns, from_ns) = state.offset_of_lane(state.arranged.lane(lane)?)?;
    Some(Drag::Clock { lane, at_ns, from_ns, from_x: origin.x })
}

fn start(origin: Pos2, scene: &Scene, state: &State, primary: bool, move_view: bool) -> Option<Drag> {
    let areas = &scene.areas;
    if areas.canvas.contains(origin) || areas.heads.contains(origin) {
        if move_view {
            return Some(Drag::Pan);
        }
        if primary && areas.heads.contains(origin) {
            return lane_heads::drag_at(scene, scene.content_y(origin.y));
        }
        let measure = primary && areas.canvas.contains(origin);
        return measure.then(|| {
            let (from_ns, from) = snapped(scene, state, origin);
            Drag::Measure { from_ns, from, clock: clock_at(scene, state, origin) }
        });
    }
    let on_overview = areas.overview.contains(origin);
    let on_ruler = areas.ruler.union(areas.turns).contains(origin);
    (primary && (on_overview || on_ruler)).then_some(Drag::Zoom { from_x: origin.x, to_x: origin.x, on_overview })
}

fn pan(response: &Response, scene: &Scene, queue: &mut Queue) {
    let delta = response.drag_delta();
    if delta.x != 0.0 {
        let ns = (f64::from(delta.x) / scene.scale.points_per_ns()).round();
        queue.push(Command::PanBy(-(ns as i64)));
    }
    if delta.y != 0.0 {
        queue.push(Command::ScrollBy(-f64::from(delta.y)));
    }
}

/// Wheel: rows; with Ctrl: zoom; with Shift: time.
fn wheel(ui: &Ui, response: &Response, scene: &Scene, offset: egui::Vec2, hit: Hit, queue: &mut Queue) {
    let (scroll, zoom) = ui.input(|input| (input.smooth_scroll_delta, input.zoom_delta()));
    if zoom != 1.0
        && let Some(pos) = response.hover_pos()
        && !matches!(hit, Hit::Overview(_) | Hit::Finding(_))
    {
        let at_ns = scene.scale.time_from_screen(pos.x - offset.x);
        queue.push(Command::ZoomAbout { at_ns, factor: f64::from(zoom) });
        return;
    }
    if scroll.y != 0.0 {
        queue.push(Command::ScrollBy(-f64::from(scroll.y)));
    }
    if scroll.x != 0.0 {
        let ns = (f64::from(scroll.x) / scene.scale.points_per_ns()).round();
        queue.push(Command::PanBy(-(ns as i64)));
    }
}

/// First pieces of streamed answers at the height of the pointer, where events state them: the time to the first token
/// ends there.
fn first_pieces<'a>(scene: &'a Scene, state: &'a State, pos: Pos2) -> impl Iterator<Item = (i64, EventKey, f32)> + 'a {
    let near = move |first: &&FirstToken| {
        (first.center.x - pos.x).abs() <= SNAP && (first.center.y - pos.y).abs() <= scene.metrics.pitch
    };
    scene.tokens.firsts.iter().filter(near).filter_map(move |first| {
        let data = state.data.as_ref()?;
        let genai = &data.known_work()?.genai;
        let mut events = data.store.span(first.span).events().take(usize::from(u16::MAX));
        let at = events.position(|event| genai.is_piece(event.name_sym()))?;
        let key = EventKey { span: first.span, point: Point::Event(u16::try_from(at).ok()?) };
        Some((state.event_ns(key)?, key, (first.center.y - pos.y).abs()))
    })
}

/// The time at `pos`, or the edge of a span (or the first piece of its answer) near it with the event that it is. Only spans at the height of the
/// pointer attract it.
#[must_use]
pub fn snapped(scene: &Scene, state: &State, pos: Pos2) -> (i64, Option<EventKey>) {
    let at_ns = scene.scale.time_from_screen(pos.x);
    let reach = scene.metrics.pitch * 1.2;
    let near = scene
        .bars
        .iter()
        .filter(|bar| bar.count == 1 && (bar.rect.center().y - pos.y).abs() <= reach)
        .filter(|bar| bar.rect.left() - SNAP <= pos.x && pos.x <= bar.rect.right() + SNAP);
    let edges = near.flat_map(|bar| {
        let (start_ns, end_ns) = state.extent_now_ns(bar.span);
        let down = (bar.rect.center().y - pos.y).abs();
        [(start_ns, EventKey::start(bar.span), down), (end_ns, EventKey::end(bar.span), down)]
    });
    let near = edges
        .chain(first_pieces(scene, state, pos))
        .map(|(edge_ns, key, down)| ((scene.scale.screen_from_time(edge_ns) - pos.x).abs(), down, edge_ns, key))
        .filter(|(distance, ..)| *distance <= SNAP)
        // Of edges at the same time, that of the bar under the pointer.
        .min_by(|a, b| (a.0 + a.1 / 4.0).total_cmp(&(b.0 + b.1 / 4.0)));
    near.map_or((at_ns, None), |(_, _, edge_ns, key)| (edge_ns, Some(key)))
}
