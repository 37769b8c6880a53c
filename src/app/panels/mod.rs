//! The panels around the canvas. They draw the state and push commands; they change nothing.

mod agent_map;
mod assumed;
mod chooser;
mod columns;
mod details;
mod diagnostics;
mod drawer;
mod empty;
mod evidence;
mod export;
mod findings;
mod grid;
mod help;
mod keys;
mod loading;
mod menu;
mod notes;
mod phases;
mod pick_list;
mod plots;
mod rename;
mod statistics;
mod status;
mod table;
mod table_export;
mod toolbar;
mod what_if;
mod why;
mod widgets;

pub use agent_map::has_keyboard as map_has_keyboard;
pub use grid::cells_id;
pub use toolbar::focus_search;

use egui::{Frame, Margin, Panel, Stroke, Ui};

use super::command::Queue;
use super::state::State;
use crate::view::focus::Region;
use crate::view::{Canvas, Focus};

/// Everything in the window.
pub fn window_ui(
    ui: &mut Ui,
    state: &State,
    canvas: &mut Canvas,
    focus: &mut Focus,
    frame_ms: Option<f32>,
    queue: &mut Queue,
) {
    let theme = state.theme().theme();
    state.bindings.publish(ui.ctx());
    focus.clear();
    let bar = Frame::new().fill(theme.bar).inner_margin(Margin::symmetric(10, 3));
    let shown =
        Panel::top("menu").frame(bar).show_separator_line(false).show(ui, |ui| menu::menu_ui(ui, state, focus, queue));
    focus.add(Region::Menu, shown.response.rect);
    if state.data.is_some() {
        let bar = Frame::new().fill(theme.bar).inner_margin(Margin { left: 14, right: 10, top: 5, bottom: 7 });
        let shown = Panel::top("toolbar")
            .frame(bar)
            .show_separator_line(true)
            .show(ui, |ui| toolbar::toolbar_ui(ui, state, queue));
        focus.add(Region::Toolbar, shown.response.rect);
    }
    let before_bars = ui.available_rect_before_wrap();
    loading::bars_ui(ui, state, queue);
    what_if::banner_ui(ui, state, queue);
    let bars_end = ui.available_rect_before_wrap().top();
    focus.add(Region::Notices, before_bars.with_max_y(bars_end));
    if state.data.is_some() {
        let bar = Frame::new().fill(theme.bar).inner_margin(Margin::symmetric(14, 3));
        let shown = Panel::bottom("status")
            .frame(bar)
            .show_separator_line(true)
            .show(ui, |ui| status::status_ui(ui, state, canvas, frame_ms, queue));
        focus.add(Region::Status, shown.response.rect);
    }
    if let Some(rect) = right_ui(ui, state, queue) {
        focus.add(Region::Side, rect);
    }
    let before_drawer = ui.available_rect_before_wrap();
    drawer::drawer_ui(ui, state, queue);
    let drawer_top = ui.available_rect_before_wrap().bottom();
    focus.add(Region::Drawer, before_drawer.with_min_y(drawer_top));
    focus.add(Region::Canvas, ui.available_rect_before_wrap());
    let central = Frame::new().fill(theme.canvas).stroke(Stroke::NONE);
    egui::CentralPanel::default().frame(central).show(ui, |ui| {
        if state.data.is_some() {
            canvas.ui(ui, state, queue);
        } else {
            empty::empty_ui(ui, state, queue);
        }
    });
    help::help_ui(ui, state, queue);
    export::export_ui(ui, state, queue);
    keys::keys_ui(ui, state, queue);
    pick_list::pick_list_ui(ui, state, queue);
    table_export::table_export_ui(ui, state, queue);
    rename::rename_ui(ui, state, queue);
    what_if::ask_ui(ui, state, queue);
    assumed::ask_ui(ui, state, queue);
    drop_hint_ui(ui, state);
}

/// Fewer findings make a short list.
const MOST_SHORT: usize = 4;

/// A part of the column at the right.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Findings,
    Agents,
    Details,
}

impl Part {
    /// Name of its panel, and how high it is at first in a column of `height`.
    fn place(self, state: &State, height: f32) -> (egui::Id, f32) {
        match self {
            Self::Findings => {
                // A short list leaves its room to the details. Every length of list is as high as it was dragged.
                let listed = state.listed_findings().take(MOST_SHORT).count();
                let is_open = state.session.view.finding.is_some();
                // The chosen one shows its evidence below its sentence.
                let needed = 64.0 + 82.0 * listed as f32 + if is_open { 120.0 } else { 0.0 };
                let most = height * 0.42;
                let first = if listed < MOST_SHORT { (needed * state.settings.text_scale).min(most) } else { most };
                (egui::Id::unique(("findings", listed, is_open && listed < MOST_SHORT)), first)
            }
            Self::Agents => (egui::Id::unique("agent-map"), height * 0.3),
            Self::Details => (egui::Id::unique("details-part"), height * 0.5),
        }
    }

    fn part_ui(self, ui: &mut Ui, state: &State, queue: &mut Queue) {
        match self {
            Self::Findings => findings::findings_ui(ui, state, queue),
            Self::Agents => agent_map::agent_map_ui(ui, state, queue),
            Self::Details => {
                notes::notes_ui(ui, state, queue);
                details::details_ui(ui, state, queue);
            }
        }
    }
}

/// Findings above the agent map above details, in one column, with the reasons for a bound between them. Returns where it is.
fn right_ui(ui: &mut Ui, state: &State, queue: &mut Queue) -> Option<egui::Rect> {
    let (findings, agents, details) =
        (state.settings.findings_open, state.shows_agent_map(), state.settings.details_open);
    let parts = [(findings, Part::Findings), (agents, Part::Agents), (details, Part::Details)];
    let mut open: Vec<Part> = parts.into_iter().filter(|(is_open, _)| *is_open).map(|(_, part)| part).collect();
    if state.data.is_none() || (open.is_empty() && state.session.view.why.is_none()) {
        return None;
    }
    let theme = state.theme().theme();
    let panel = Frame::new().fill(theme.panel).inner_margin(Margin { left: 12, right: 8, top: 10, bottom: 6 });
    let scale = state.settings.text_scale;
    let room = ui.available_width();
    let shown = Panel::right("details")
        .frame(panel)
        .resizable(true)
        .default_size((360.0 * scale).min(room * 0.34))
        .size_range(200.0..=(room * 0.6).max(220.0))
        .show(ui, |ui| {
            // Contents never widen the column: they are cut or wrapped.
            ui.set_max_width(ui.available_width());
            if details && (findings || agents) && details::has_little(state) {
                // A few words stand at the bottom; the rest of the column belongs to what has more to say.
                Panel::bottom("little-details")
                    .frame(Frame::new().inner_margin(Margin { left: 0, right: 0, top: 8, bottom: 2 }))
                    .show(ui, |ui| Part::Details.part_ui(ui, state, queue));
                open.pop();
            }
            let last = open.last().copied();
            let height = ui.available_height();
            for part in open {
                if Some(part) == last {
                    if part == Part::Details {
                        why::why_ui(ui, state, queue);
                    }
                    part.part_ui(ui, state, queue);
                    break;
                }
                let (name, first) = part.place(state, height);
                Panel::top(name)
                    .frame(Frame::new().inner_margin(Margin { left: 0, right: 0, top: 0, bottom: 6 }))
                    .resizable(true)
                    .default_size(first)
                    .size_range(60.0..=(height * 0.8).max(80.0))
                    .show(ui, |ui| {
                        ui.set_max_width(ui.available_width());
                        part.part_ui(ui, state, queue);
                        // As high as it was dragged, whatever it holds.
                        ui.take_available_space();
                    });
                ui.add_space(6.0);
            }
            if last != Some(Part::Details) {
                why::why_ui(ui, state, queue);
            }
        });
    Some(shown.response.rect)
}

/// Says that dropping here works, while files hover.
fn drop_hint_ui(ui: &Ui, state: &State) {
    let hovering = ui.ctx().input(|input| input.raw.hovered_files.len());
    if hovering == 0 {
        return;
    }
    let theme = state.theme().theme();
    let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop-hint"));
    let painter = ui.ctx().layer_painter(layer);
    let rect = ui.ctx().content_rect().shrink(8.0);
    painter.rect(rect, 8, theme.canvas.gamma_multiply(0.85), Stroke::new(2.0, theme.accent), egui::StrokeKind::Inside);
    let text = if hovering == 1 { "Drop to open".to_owned() } else { format!("Drop to open {hovering} files") };
    let font = super::theme::bold(super::theme::size::HEADING);
    painter.text(rect.center(), egui::Align2::CENTER_CENTER, text, font, theme.text);
}
