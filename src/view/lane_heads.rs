//! Lane heads: what a screen reader and the keyboard get of them, their menu, and how a drag of them looks.

use egui::accesskit::{Action, Role};
use egui::{Rect, Sense, Stroke, StrokeKind, Ui};

use super::gestures::Drag;
use crate::app::State;
use crate::app::assumed::AssumeCommand;
use crate::app::clocks::ClockCommand;
use crate::app::command::{Command, Queue};
use crate::app::lanes::LaneCommand;
use crate::arrange::LaneKey;
use crate::layout::LaneIx;
use crate::scene::geometry::LaneBand;
use crate::scene::{Scene, count_text};

/// How near to a lane's lower edge a drag changes its height, in points.
const EDGE: f32 = 4.0;

/// Focusable places over the lane heads in view, and an outline around the lane that keys act on.
pub fn heads_ui(ui: &Ui, rect: Rect, scene: &Scene, state: &State, queue: &mut Queue) {
    let offset = rect.min.to_vec2();
    let current = state.session.lanes.current.as_ref();
    for head in &scene.lanes {
        let Some(lane) = state.arranged.lane(head.lane) else { continue };
        let place = head.rect.intersect(scene.areas.heads).translate(offset);
        let id = ui.scope_id().with(("lane", lane.key.as_str()));
        // The surface below keeps clicks and drags; the keyboard stops here.
        let response = ui.interact(place, id, Sense::focusable_noninteractive());
        let is_current = current == Some(&lane.key);
        if response.gained_focus() && !is_current {
            queue.push(Command::Lanes(LaneCommand::Focus(lane.key.clone())));
        }
        if is_current || response.has_focus() {
            let color = scene.theme.theme().selection;
            ui.painter().rect_stroke(place.shrink(1.5), 3, Stroke::new(1.5, color), StrokeKind::Inside);
        }
        ui.ctx().accesskit_node_builder(id, |node| {
            node.set_role(Role::Group);
            let name = state.session.view.lanes.name(lane);
            let folded = if state.session.view.lanes.folded.contains(&lane.key) { ", folded" } else { "" };
            let pinned = if head.is_pinned { ", pinned" } else { "" };
            node.set_label(format!("Lane {name}, {}, {}{folded}{pinned}", count_text(lane.spans, "span"), lane.chip));
            node.set_selected(is_current);
            node.add_action(Action::Click);
        });
        if ui.input(|input| input.has_accesskit_action_request(id, Action::Click)) {
            queue.push(Command::Lanes(LaneCommand::Focus(lane.key.clone())));
        }
    }
}

/// The menu of the lane whose head was clicked.
pub fn menu_ui(response: &egui::Response, state: &State, queue: &mut Queue) {
    // The menu opens in the frame of the click; what it offers is there in the next.
    response.context_menu(|ui| {
        let lane = state.session.lanes.current.as_ref();
        ui.label(egui::RichText::new(lane.map_or_else(String::new, |lane| state.lane_name(lane))).strong());
        ui.separator();
        for choice in &state.session.lanes.menu {
            let button = egui::Button::new(&choice.title).wrap_mode(egui::TextWrapMode::Extend);
            let response = ui.add(button);
            let response = if choice.note.is_empty() { response } else { response.on_hover_text(&choice.note) };
            if response.clicked() {
                queue.push(choice.command.clone());
                ui.close();
            }
        }
        ui.separator();
        let ix = lane.and_then(|lane| state.arranged.lane_of_key(lane));
        let has_one_clock = ix.and_then(|ix| state.arranged.lane(ix)?.clock()).is_some();
        if let Some(lane) = lane.filter(|_| has_one_clock) {
            if ui.button("Use as the reference clock").clicked() {
                queue.push(Command::Clocks(ClockCommand::SetReference(lane.clone())));
                queue.push(Command::ClockFrame);
                ui.close();
            }
            if ui.button("What if its clock were off by…").clicked() {
                queue.push(Command::Lanes(LaneCommand::Focus(lane.clone())));
                queue.push(Command::WhatIf);
                ui.close();
            }
            if ui.button("Assumed drift (ppm)…").clicked() {
                queue.push(Command::Assume(AssumeCommand::AskDrift(lane.clone())));
                ui.close();
            }
            if ui.button("Why this offset?").clicked() {
                queue.push(Command::Clocks(ClockCommand::Why(ix)));
                ui.close();
            }
        }
        if ui.button("Show hidden lanes").clicked() {
            queue.push(Command::ShowAllLanes);
            ui.close();
        }
    });
}

/// What a drag that begins at `y` (of the canvas' content) does: changes a height, or moves a lane.
#[must_use]
pub fn drag_at(scene: &Scene, y: f64) -> Option<Drag> {
    // Groups are as high as they need.
    let near = |band: &&LaneBand| band.section.is_none() && (band.bottom() - y).abs() <= f64::from(EDGE);
    if let Some(band) = scene.bands.iter().find(near) {
        return Some(Drag::LaneHeight { lane: band.lane, top: band.top });
    }
    let band = crate::scene::geometry::band_at(&scene.bands, y)?;
    Some(Drag::Lane { lane: band.lane, y })
}

/// The lane above which a lane that is dragged to `y` is put; `None` = below all.
#[must_use]
pub fn drop_before(scene: &Scene, y: f64) -> Option<&LaneBand> {
    scene.bands.iter().filter(|band| band.is_first()).find(|band| y < band.top + f64::from(band.lane_height) / 2.0)
}

/// A line where the dragged lane will be.
pub fn drag_ui(ui: &Ui, rect: Rect, scene: &Scene, lane: LaneIx, y: f64) {
    let theme = scene.theme.theme();
    let canvas = scene.areas.canvas;
    let to_screen = |band: &LaneBand, content_y: f64| scene.screen_y(band, content_y) + rect.top();
    let at = match drop_before(scene, y) {
        Some(band) => to_screen(band, band.top),
        None => scene.bands.last().map_or(canvas.top(), |band| to_screen(band, band.bottom())),
    };
    let painter = ui.painter().with_clip_rect(rect);
    let x = rect.left()..=rect.left() + canvas.right();
    painter.hline(x, at, Stroke::new(3.0, theme.accent));
    if let Some(band) = scene.bands.iter().find(|band| band.lane == lane) {
        let moved = Rect::from_x_y_ranges(
            rect.left()..=rect.left() + scene.areas.heads.right(),
            to_screen(band, band.lane_top)..=to_screen(band, band.lane_bottom()),
        );
        painter.rect_filled(moved.intersect(scene.areas.heads.translate(rect.min.to_vec2())), 0, theme.range);
    }
}

/// The command that ends a drag of `lane` at `y`.
#[must_use]
pub fn dropped(scene: &Scene, state: &State, lane: LaneIx, y: f64) -> Option<Command> {
    let key = |lane: LaneIx| -> Option<LaneKey> { Some(state.arranged.lane(lane)?.key.clone()) };
    let before = drop_before(scene, y).map(|band| band.lane);
    let own = scene.bands.iter().position(|band| band.lane == lane)?;
    let next = scene.bands[own..].iter().map(|band| band.lane).find(|next| *next != lane);
    if before == Some(lane) || before == next {
        return None;
    }
    let before = match before {
        Some(before) => Some(key(before)?),
        None => None,
    };
    Some(Command::Lanes(LaneCommand::Move { lane: key(lane)?, before }))
}
