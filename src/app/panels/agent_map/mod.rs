//! The agent map: who called, handed off to and retried whom, in layers. Linked with the selection both ways; looked at
//! like any map, with wheel, pinch, drag and keys.

mod draw;
mod plan;

use std::collections::BTreeSet;

use egui::{
    Align, Button, EventFilter, Id, Key, Label, Layout, PointerButton, Response, RichText, Sense, Stroke, StrokeKind,
    Ui, UiBuilder, Vec2, WidgetInfo, vec2,
};

use super::super::command::{Command, Queue};
use super::super::people::{PeopleCommand, Sight};
use super::super::state::State;
use super::super::theme::{bold, size};
use super::widgets::{counted, grouped, tooltip};
use crate::analysis::genai::{AgentIx, AgentPicture};
use crate::app::command::entry_of;
use crate::scene::Work;
use draw::MapView;
use plan::{Place, Plan};

/// Selected spans whose agents are marked.
const MOST_MARKED: usize = 256;
/// Zoom factor of one key press, and of one click of the buttons.
const STEP: f32 = 1.3;
/// Points that the wheel turns for twice the size.
const WHEEL: f32 = 240.0;
/// Share of the map's room that one key press moves.
const PAN: f32 = 0.15;

/// Whether the map, or something in it, has the keyboard: then keys that zoom mean the map.
pub fn has_keyboard(ctx: &egui::Context) -> bool {
    let focused = ctx.memory(egui::Memory::focused);
    focused.is_some() && ctx.data(|data| data.get_temp::<Option<Id>>(focus_id())).flatten() == focused
}

fn focus_id() -> Id {
    Id::unique("agent-map-focus")
}

/// The panel.
pub fn agent_map_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let Some(data) = &state.data else { return };
    let picture = state.session.people.picture.as_deref();
    let mut factor = None;
    ui.horizontal(|ui| {
        ui.label(RichText::new("Agents").font(bold(size::TITLE * state.settings.text_scale)));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| factor = head_ui(ui, picture, queue));
    });
    let (Some(work), Some(picture)) = (data.known_work(), picture) else {
        ui.label(RichText::new("Looking for agents…").weak());
        return;
    };
    if picture.agents.is_empty() {
        ui.label(RichText::new("No span says anything about an agent.").weak());
        return;
    }
    map_ui(ui, state, (work, picture), factor, queue);
}

/// From the right: close, zoom, how many there are. Returns how much larger the map was asked to be.
fn head_ui(ui: &mut Ui, picture: Option<&AgentPicture>, queue: &mut Queue) -> Option<f32> {
    let button = |ui: &mut Ui, sign: &str, name: &str, tip: &str| {
        let response = ui.add(Button::new(RichText::new(sign).small()).frame_when_inactive(false));
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, name));
        response.on_hover_text(tip).clicked()
    };
    if button(ui, "✕", "Close agent map", "Hides the map  (Shift+G)") {
        queue.push(Command::ToggleAgentMap);
    }
    let picture = picture.filter(|picture| !picture.agents.is_empty())?;
    let tip = entry_of(&Command::FitAgentMap).map(|entry| tooltip(ui, entry)).unwrap_or_default();
    if button(ui, "Fit", "Fit agent map", &format!("{tip}\nIn the map: Home, 0 or a double click")) {
        queue.push(Command::FitAgentMap);
    }
    let nearer = button(ui, "+", "Zoom into agent map", "Larger; in the map: wheel, pinch, + or Page Up");
    let farther = button(ui, "−", "Zoom out of agent map", "Smaller; in the map: wheel, pinch, − or Page Down");
    let shown = counted((picture.agents.len() + picture.more) as u64, "agent");
    let more = match picture.more {
        0 => String::new(),
        more => format!(", {} of them not shown", grouped(more as u64)),
    };
    ui.add(Label::new(RichText::new(format!("{shown}{more}")).small().weak()).truncate());
    match (nearer, farther) {
        (true, _) => Some(STEP),
        (_, true) => Some(1.0 / STEP),
        _ => None,
    }
}

fn map_ui(ui: &mut Ui, state: &State, (work, picture): (&Work, &AgentPicture), factor: Option<f32>, queue: &mut Queue) {
    let scale = state.settings.text_scale;
    let plan = Plan::new(picture, scale);
    let room = ui.available_size().max(vec2(40.0, 40.0));
    let (rect, response) = ui.allocate_exact_size(room, Sense::click_and_drag());
    let sight = state.session.people.map.sight.map_or_else(|| plan.fitted(rect.size()), |sight| plan.kept(sight));
    let label = format!("Agent map, {}", counted(picture.agents.len() as u64, "agent"));
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Canvas, true, &label));
    let marked = marked(state, work);
    let looked_at = state.looked_at();
    let theme = state.theme().theme();
    let place = Place { rect, sight };
    let view = MapView { state, work, picture, plan: &plan, place, theme, scale, marked: &marked, looked_at };
    let has_focus = {
        let mut ui = ui.new_child(UiBuilder::new().max_rect(rect));
        ui.set_clip_rect(rect.intersect(ui.clip_rect()));
        let mut has_focus = response.has_focus();
        for at in 0..picture.edges.len() {
            has_focus |= view.edge_ui(&mut ui, at, queue);
        }
        has_focus | view.agents_ui(&mut ui, queue)
    };
    if response.has_focus() {
        ui.painter().rect_stroke(rect.shrink(0.5), 3, Stroke::new(1.0, theme.accent), StrokeKind::Inside);
    }
    let focused = ui.memory(egui::Memory::focused).filter(|_| has_focus);
    ui.data_mut(|data| data.insert_temp(focus_id(), focused));
    let asked = factor.map(|factor| Some(plan.zoomed(sight, rect, rect.center(), factor)));
    if let Some(sight) = asked.or_else(|| hands(ui, &response, &plan, place, has_focus)) {
        queue.push(PeopleCommand::MapSight(sight).into());
    }
    follow(state, &view, queue);
}

/// What the pointer and the keyboard do to the map: another sight, or `Some(None)` for all of it.
fn hands(ui: &Ui, response: &Response, plan: &Plan, place: Place, has_focus: bool) -> Option<Option<Sight>> {
    let Place { rect, sight } = place;
    let moved = |by: Vec2| plan.kept(Sight { middle: sight.middle - by / sight.zoom, ..sight });
    if response.clicked() || response.drag_started() {
        response.request_focus();
    }
    if response.double_clicked() {
        return Some(None);
    }
    if response.dragged_by(PointerButton::Primary) || response.dragged_by(PointerButton::Middle) {
        return (response.drag_delta() != Vec2::ZERO).then(|| Some(moved(response.drag_delta())));
    }
    let pointer = ui.input(|input| input.pointer.hover_pos()).filter(|_| ui.rect_contains_pointer(rect));
    if let Some(pointer) = pointer {
        let (scroll, pinch) = ui.input(|input| (input.smooth_scroll_delta, input.zoom_delta()));
        let factor = pinch * (scroll.y / WHEEL).exp2();
        if factor != 1.0 {
            return Some(Some(plan.zoomed(sight, rect, pointer, factor)));
        }
        if scroll.x != 0.0 {
            return Some(Some(moved(vec2(scroll.x, 0.0))));
        }
    }
    if !has_focus {
        return None;
    }
    let arrows = EventFilter { horizontal_arrows: true, vertical_arrows: true, ..EventFilter::default() };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
    let on_map = response.has_focus();
    let pressed = ui.input(|input| {
        input.events.iter().rev().find_map(|event| match event {
            egui::Event::Key { key, pressed: true, modifiers, .. } if !modifiers.command && !modifiers.alt => {
                // Arrows at an agent go to the next one, as everywhere.
                (on_map || !is_arrow(*key)).then_some(*key)
            }
            _ => None,
        })
    })?;
    let step = rect.size() * PAN;
    match pressed {
        Key::ArrowLeft => Some(Some(moved(vec2(step.x, 0.0)))),
        Key::ArrowRight => Some(Some(moved(vec2(-step.x, 0.0)))),
        Key::ArrowUp => Some(Some(moved(vec2(0.0, step.y)))),
        Key::ArrowDown => Some(Some(moved(vec2(0.0, -step.y)))),
        Key::PageUp | Key::Plus | Key::Equals => Some(Some(plan.zoomed(sight, rect, rect.center(), STEP))),
        Key::PageDown | Key::Minus => Some(Some(plan.zoomed(sight, rect, rect.center(), 1.0 / STEP))),
        Key::Home | Key::Num0 => Some(None),
        _ => None,
    }
}

const fn is_arrow(key: Key) -> bool {
    matches!(key, Key::ArrowLeft | Key::ArrowRight | Key::ArrowUp | Key::ArrowDown)
}

/// The agents of what is selected.
fn marked(state: &State, work: &Work) -> BTreeSet<AgentIx> {
    let selected = state.session.view.selection.iter().take(MOST_MARKED);
    selected.filter_map(|&span| work.genai.agent_of(span)).collect()
}

/// Brings the agent of another selection into view, once, so that one can move away from it.
fn follow(state: &State, view: &MapView<'_>, queue: &mut Queue) {
    let agent = view.looked_at.and_then(|span| view.work.genai.agent_of(span));
    if agent == state.session.people.map.followed {
        return;
    }
    let at = agent.and_then(|agent| view.picture.agents.binary_search(&agent).ok());
    let hidden = at.filter(|at| !view.place.rect.contains_rect(view.node(*at)));
    queue.push(PeopleCommand::MapFollow { agent, sight: hidden.map(|at| view.sight_at(at)) }.into());
}
