//! The drawer at the bottom: tabs, and what the chosen one shows.

use egui::{Align, Button, Frame, Layout, Margin, Panel, Response, RichText, Role, ScrollArea, Ui, WidgetInfo};
use strum::IntoEnumIterator as _;

use super::super::command::{Command, Queue, entry_of};
use super::super::drawer::{DrawerCommand, DrawerTab, LOWEST};
use super::super::state::State;
use super::super::theme::{bold, size};
use super::{diagnostics, evidence, phases, plots, statistics, table, widgets};
use crate::scene::{Font, text};

/// Room at the left and at the right, in points.
pub const MARGIN: i8 = 12;
/// Lowest height of the canvas that the drawer leaves, in points.
const CANVAS_LEFT: f32 = 160.0;

/// The drawer, when it is open.
pub fn drawer_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let drawer = state.settings.drawer;
    if state.data.is_none() || !drawer.is_open {
        return;
    }
    let theme = state.theme().theme();
    let highest = (ui.available_height() - CANVAS_LEFT).max(LOWEST);
    let shown = Panel::bottom("drawer")
        .frame(Frame::new().fill(theme.panel).inner_margin(Margin { left: MARGIN, right: MARGIN, top: 6, bottom: 8 }))
        .resizable(true)
        .default_size(drawer.height)
        .size_range(LOWEST..=highest)
        .show(ui, |ui| {
            tabs_ui(ui, state, queue);
            ui.add_space(2.0);
            wide_enough(ui, state.settings.text_scale, |ui| match drawer.tab {
                DrawerTab::Spans => table::table_ui(ui, state, queue),
                DrawerTab::Statistics => statistics::statistics_ui(ui, state, queue),
                DrawerTab::Phases => phases::phases_ui(ui, state, queue),
                DrawerTab::Evidence => evidence::evidence_ui(ui, state, queue),
                DrawerTab::Offsets | DrawerTab::Separations | DrawerTab::Health | DrawerTab::Cadence => {
                    plots::plots_ui(ui, state, drawer.tab, queue);
                }
                DrawerTab::Diagnostics => diagnostics::diagnostics_ui(ui, state, queue),
            });
            // The drawer is as high as it was dragged, whatever it holds.
            ui.take_available_space();
        });
    let height = shown.response.rect.height();
    // A window too low for the drawer does not change what the user wants.
    let is_squeezed = drawer.height > highest && height >= highest - 1.0;
    if (height - drawer.height).abs() > 1.0 && !is_squeezed && !ui.input(|input| input.pointer.any_down()) {
        queue.push(Command::Drawer(DrawerCommand::SetHeight(height)));
    }
}

/// Narrowest that the contents are laid out for, in points of normal text: a narrower drawer scrolls sideways.
const LEAST_WIDTH: f32 = 420.0;

/// Draws `contents` as wide as they need, behind a scroll bar where the drawer is narrower.
fn wide_enough(ui: &mut Ui, scale: f32, contents: impl FnOnce(&mut Ui)) {
    let least = LEAST_WIDTH * scale;
    if ui.available_width() >= least {
        return contents(ui);
    }
    ScrollArea::horizontal().auto_shrink(false).id_salt("drawer-sideways").show(ui, |ui| {
        ui.set_width(least);
        contents(ui);
        widgets::follow_focus(ui);
    });
}

/// Names the button with the tabs that have no room beside the others.
const MORE: &str = "More tabs";

fn tabs_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        let (shown, more) = fitting(state, ui.available_width());
        for tab in shown {
            if tab_ui(ui, state, tab).clicked() {
                queue.push(Command::Drawer(DrawerCommand::Show(tab)));
            }
        }
        if !more.is_empty() {
            ui.menu_button(MORE, |ui| {
                for tab in more {
                    if tab_ui(ui, state, tab).clicked() {
                        queue.push(Command::Drawer(DrawerCommand::Show(tab)));
                    }
                }
            });
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let tip = entry_of(&Command::ToggleDrawer).map(|entry| widgets::tooltip(ui, entry)).unwrap_or_default();
            let close = ui.add(Button::new("✕").frame_when_inactive(false)).on_hover_text(tip);
            close.widget_info(|| WidgetInfo::labeled(Role::Button, true, "Close drawer"));
            if close.clicked() {
                queue.push(Command::ToggleDrawer);
            }
        });
    });
}

/// The tabs that fit into `room` points, the chosen one always, and the others.
fn fitting(state: &State, room: f32) -> (Vec<DrawerTab>, Vec<DrawerTab>) {
    let scale = state.settings.text_scale;
    let width = |text: &str| text::width(text, Font::Bold, size::BODY * scale) + 2.0 * 9.0 + 4.0;
    let close = width("✕");
    let all: f32 = DrawerTab::iter().map(|tab| width(&tab.to_string())).sum();
    if all + close <= room {
        return (DrawerTab::iter().collect(), Vec::new());
    }
    let chosen = state.settings.drawer.tab;
    let mut left = room - close - width(MORE) - width(&chosen.to_string());
    DrawerTab::iter().partition(|&tab| {
        tab == chosen || {
            left -= width(&tab.to_string());
            left >= 0.0
        }
    })
}

/// One tab: underlined when it is the chosen one.
fn tab_ui(ui: &mut Ui, state: &State, tab: DrawerTab) -> Response {
    let theme = state.theme().theme();
    let is_on = state.settings.drawer.tab == tab;
    let name = tab.to_string();
    let font = bold(size::BODY * state.settings.text_scale);
    let color = if is_on { theme.text } else { theme.text_dim };
    let text = RichText::new(&name).font(font).color(color);
    let tip = entry_of(&tab.toggle()).map(|entry| widgets::tooltip(ui, entry)).unwrap_or_default();
    let response = ui.add(Button::new(text).frame_when_inactive(false)).on_hover_text(tip);
    response.widget_info(|| WidgetInfo::labeled(Role::Tab, true, &name));
    ui.accesskit_node_builder(response.id, |node| node.set_selected(is_on));
    if is_on {
        let line = egui::Rect::from_min_max(response.rect.left_bottom() - egui::vec2(0.0, 2.0), response.rect.max);
        ui.painter().rect_filled(line.shrink2(egui::vec2(6.0, 0.0)), 1.0, theme.accent);
    }
    response
}
