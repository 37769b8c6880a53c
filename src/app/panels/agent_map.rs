//! The agent map: who called, handed off to and retried whom, in layers. Linked with the selection both ways.

use std::collections::{BTreeMap, BTreeSet};

use egui::epaint::CubicBezierShape;
use egui::{
    Align, Align2, Button, Color32, FontId, Label, Layout, Pos2, Rect, RichText, ScrollArea, Sense, Shape, Stroke,
    StrokeKind, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use super::super::command::{Command, Queue};
use super::super::people::PeopleCommand;
use super::super::state::State;
use super::super::theme::{bold, size};
use super::widgets::{counted, grouped};
use crate::analysis::genai::{AgentEdge, AgentIx, AgentPicture, Confidence, EdgeKind, Slot};
use crate::scene::{Font, Theme, Work, text};

/// Size of an agent in points at normal text.
const NODE: Vec2 = vec2(118.0, 36.0);
/// Between neighbours, and between layers.
const GAPS: Vec2 = vec2(18.0, 40.0);
/// Width of a place that lines only pass through.
const BEND: f32 = 22.0;
/// Between lines of the same two agents.
const APART: f32 = 34.0;
/// Selected spans whose agents are marked.
const MOST_MARKED: usize = 256;

/// The panel.
pub fn agent_map_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let Some(data) = &state.data else { return };
    let theme = state.theme().theme();
    let scale = state.settings.text_scale;
    let picture = state.session.people.picture.as_ref();
    ui.horizontal(|ui| {
        ui.label(RichText::new("Agents").font(bold(size::TITLE * scale)));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let close = ui.add(Button::new(RichText::new("✕").small()).frame_when_inactive(false));
            close.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, "Close agent map"));
            if close.on_hover_text("Hides the map  (Shift+G)").clicked() {
                queue.push(Command::ToggleAgentMap);
            }
            if let Some(picture) = picture {
                let shown = counted((picture.agents.len() + picture.more) as u64, "agent");
                let more = if picture.more > 0 {
                    format!(", {} of them not shown", grouped(picture.more as u64))
                } else {
                    String::new()
                };
                ui.add(Label::new(RichText::new(format!("{shown}{more}")).small().weak()).truncate());
            }
        });
    });
    let (Some(work), Some(picture)) = (data.known_work(), picture) else {
        ui.label(RichText::new("Looking for agents…").weak());
        return;
    };
    if picture.agents.is_empty() {
        ui.label(RichText::new("No span says anything about an agent.").weak());
        return;
    }
    let marked = marked(state, work);
    ScrollArea::both().auto_shrink(false).id_salt("agent-map").show(ui, |ui| {
        let plan = Plan::new(picture, scale);
        let size = plan.size.max(ui.available_size());
        let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
        let origin = pos2(rect.center().x - plan.size.x / 2.0, rect.top());
        let view = MapView { state, work, picture, plan: &plan, origin, theme, scale, marked: &marked };
        for at in 0..picture.edges.len() {
            view.edge_ui(ui, at, queue);
        }
        for at in 0..picture.agents.len() {
            view.agent_ui(ui, at, queue);
        }
    });
}

/// The agents of what is selected.
fn marked(state: &State, work: &Work) -> BTreeSet<AgentIx> {
    let selected = state.session.view.selection.iter().take(MOST_MARKED);
    selected.filter_map(|&span| work.genai.agent_of(span)).collect()
}

/// Where everything is, in points from the top left corner.
struct Plan {
    size: Vec2,
    /// The left edge and the width of each slot, by layer.
    slots: Vec<Vec<(f32, f32)>>,
    /// How far each edge is moved aside, so that several between two agents stay apart.
    aside: Vec<f32>,
    scale: f32,
}

impl Plan {
    fn new(picture: &AgentPicture, scale: f32) -> Self {
        let layers = &picture.layers;
        let mut widths: Vec<Vec<f32>> = layers.widths.iter().map(|count| vec![BEND * scale; *count]).collect();
        for slot in &layers.nodes {
            widths[slot.layer][slot.at] = NODE.x * scale;
        }
        let gap = GAPS.x * scale;
        let total = |widths: &[f32]| widths.iter().sum::<f32>() + gap * widths.len().saturating_sub(1) as f32;
        let widest = widths.iter().map(|widths| total(widths)).fold(0.0, f32::max);
        let slots = widths.iter().map(|widths| {
            let mut left = (widest - total(widths)) / 2.0;
            let place = |width: &f32| {
                let slot = (left, *width);
                left += width + gap;
                slot
            };
            widths.iter().map(place).collect()
        });
        // Room for what an agent does with itself.
        let size = vec2(widest + 24.0 * scale, (NODE.y + GAPS.y) * scale * widths.len() as f32);
        Self { size, slots: slots.collect(), aside: asides(picture, APART * scale), scale }
    }

    fn rect(&self, slot: Slot) -> Rect {
        let (left, width) = self.slots[slot.layer][slot.at];
        let top = slot.layer as f32 * (NODE.y + GAPS.y) * self.scale + 4.0 * self.scale;
        Rect::from_min_size(pos2(left, top), vec2(width, NODE.y * self.scale))
    }
}

struct MapView<'a> {
    state: &'a State,
    work: &'a Work,
    picture: &'a AgentPicture,
    plan: &'a Plan,
    origin: Pos2,
    theme: &'a Theme,
    scale: f32,
    marked: &'a BTreeSet<AgentIx>,
}

impl MapView<'_> {
    fn rect(&self, slot: Slot) -> Rect {
        self.plan.rect(slot).translate(self.origin.to_vec2())
    }

    fn name(&self, at: usize) -> &str {
        let ix = self.picture.agents.get(at).copied();
        ix.and_then(|ix| self.work.genai.agents().get(ix.at())).map_or("", |agent| agent.name.as_str())
    }

    fn agent_ui(&self, ui: &mut Ui, at: usize, queue: &mut Queue) {
        let ix = self.picture.agents[at];
        let Some(agent) = self.work.genai.agents().get(ix.at()) else { return };
        let rect = self.rect(self.picture.layers.nodes[at]);
        let response = ui.interact(rect, ui.scope_id().with(("agent", at)), Sense::click());
        let totals = &agent.totals;
        let guess = if agent.is_guess() { ", inferred" } else { "" };
        let failed = if totals.errors > 0 { format!(", {} failed", grouped(totals.errors)) } else { String::new() };
        let is_marked = self.marked.contains(&ix);
        let label = format!("Agent {}, {}{failed}{guess}", agent.name, counted(totals.spans, "span"));
        response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, is_marked, &label));
        if response.gained_focus() {
            response.scroll_to_me(None);
        }
        if ui.is_rect_visible(rect) {
            self.paint_agent(ui, ix, rect, is_marked, response.hovered() || response.has_focus());
        }
        let tip = format!(
            "{}\nnamed by {}, {}\n{}\nClick to select its spans",
            agent.name,
            agent.source,
            agent.confidence,
            super::details::totals_text(totals, None)
        );
        if response.on_hover_text(tip).on_hover_cursor(egui::CursorIcon::PointingHand).clicked() {
            queue.push(PeopleCommand::Agent(ix).into());
        }
    }

    fn paint_agent(&self, ui: &Ui, ix: AgentIx, rect: Rect, is_marked: bool, is_hot: bool) {
        let (theme, scale) = (self.theme, self.scale);
        let Some(agent) = self.work.genai.agents().get(ix.at()) else { return };
        let painter = ui.painter();
        let fill = if is_marked || is_hot { theme.control_hover } else { theme.control };
        painter.rect_filled(rect, 5.0 * scale, fill);
        let color = self.work.agent_colors(ix, self.state.theme()).fill;
        let bar =
            Rect::from_min_size(rect.min + vec2(0.0, 4.0 * scale), vec2(3.5 * scale, rect.height() - 8.0 * scale));
        painter.rect_filled(bar, 1.5, color);
        let stroke = match (is_marked, agent.is_guess()) {
            (true, _) => Stroke::new(2.0, theme.accent),
            (false, true) => Stroke::new(1.2, theme.text_faint),
            (false, false) => Stroke::new(1.0, theme.control_line),
        };
        if agent.is_guess() {
            let inner = rect.shrink(0.5);
            let corners =
                [inner.left_top(), inner.right_top(), inner.right_bottom(), inner.left_bottom(), inner.left_top()];
            painter.extend(Shape::dashed_line(&corners, stroke, 4.0, 3.0));
        } else {
            painter.rect_stroke(rect, 5.0 * scale, stroke, StrokeKind::Inside);
        }
        let room = rect.width() - 16.0 * scale;
        let name = text::crop(&agent.name, Font::Bold, size::BODY * scale, room);
        let left = rect.left() + 9.0 * scale;
        let at = pos2(left, rect.top() + 11.0 * scale);
        painter.text(at, Align2::LEFT_CENTER, name, bold(size::BODY * scale), theme.text);
        let (words, color) = if agent.totals.errors > 0 {
            (format!("{} failed", grouped(agent.totals.errors)), theme.error)
        } else if agent.totals.model_calls > 0 {
            (counted(agent.totals.model_calls, "model call"), theme.text_dim)
        } else {
            (counted(agent.totals.spans, "span"), theme.text_dim)
        };
        let words = text::crop(&words, Font::Regular, 10.0 * scale, room);
        let at = pos2(left, rect.bottom() - 10.0 * scale);
        painter.text(at, Align2::LEFT_CENTER, words, FontId::proportional(10.0 * scale), color);
    }

    fn edge_ui(&self, ui: &mut Ui, at: usize, queue: &mut Queue) {
        let (from, to, edge) = &self.picture.edges[at];
        let points = self.points(at);
        if !ui.is_rect_visible(Rect::from_points(&points).expand(20.0)) {
            return;
        }
        let color = self.edge_color(edge);
        let is_marked = [from, to].iter().all(|end| self.marked.contains(&self.picture.agents[**end]));
        let width = if edge.kind == EdgeKind::HandedOff { 2.2 } else { 1.4 };
        let stroke = Stroke::new(if is_marked { width + 0.8 } else { width }, color);
        if edge.confidence == Confidence::Inferred {
            ui.painter().extend(Shape::dashed_line(&points, stroke, 5.0, 4.0));
        } else {
            ui.painter().line(points.clone(), stroke);
        }
        self.paint_head(ui, &points, color);
        self.chip_ui(ui, at, &points, color, queue);
    }

    fn edge_color(&self, edge: &AgentEdge) -> Color32 {
        match edge.kind {
            _ if edge.failed > 0 => self.theme.error,
            EdgeKind::Called => self.theme.text_faint,
            EdgeKind::HandedOff => self.theme.accent,
            EdgeKind::Retried => self.theme.warning,
            EdgeKind::Proposed => self.theme.clock,
        }
    }

    /// The line of edge `at`, as many short pieces.
    fn points(&self, at: usize) -> Vec<Pos2> {
        let route = &self.picture.layers.routes[at];
        let aside = self.plan.aside[at];
        let [Some(first), Some(last)] = [route.first(), route.last()] else {
            // Of an agent with itself: a loop at its right side.
            let rect = self.rect(self.picture.layers.nodes[self.picture.edges[at].0]);
            let (a, b) = (rect.right_top() + vec2(0.0, 10.0), rect.right_bottom() - vec2(0.0, 10.0));
            let out = vec2(18.0 * self.scale + aside.abs(), 0.0);
            return curve([a, a + out, b + out, b]);
        };
        let is_down = last.layer > first.layer;
        let mut stops: Vec<(Pos2, Pos2)> = Vec::new();
        for (nth, slot) in route.iter().enumerate() {
            let rect = self.rect(*slot);
            let x = (rect.center().x + aside).clamp(rect.left() + 4.0, rect.right() - 4.0);
            let (top, bottom) = (pos2(x, rect.top()), pos2(x, rect.bottom()));
            let (enter, leave) = if is_down { (top, bottom) } else { (bottom, top) };
            stops.push(if nth == 0 {
                (leave, leave)
            } else if nth + 1 == route.len() {
                (enter, enter)
            } else {
                (enter, leave)
            });
        }
        let mut points = Vec::new();
        for pair in stops.windows(2) {
            let (from, to) = (pair[0].1, pair[1].0);
            let pull = vec2(0.0, (to.y - from.y) * 0.5);
            points.extend(curve([from, from + pull, to - pull, to]));
            points.push(pair[1].1);
        }
        points
    }

    fn paint_head(&self, ui: &Ui, points: &[Pos2], color: Color32) {
        let Some(&tip) = points.last() else { return };
        let Some(before) = points.iter().rev().find(|point| point.distance(tip) > 4.0) else { return };
        let along = (tip - *before).normalized() * 7.0 * self.scale;
        let across = along.rot90() * 0.5;
        ui.painter().add(Shape::convex_polygon(
            vec![tip, tip - along + across, tip - along - across],
            color,
            Stroke::NONE,
        ));
    }

    /// The count on an edge: what is clicked, and what a screen reader gets.
    fn chip_ui(&self, ui: &mut Ui, at: usize, points: &[Pos2], color: Color32, queue: &mut Queue) {
        let (from, to, edge) = &self.picture.edges[at];
        let Some(&middle) = points.get(points.len() / 2) else { return };
        let sign = match edge.kind {
            EdgeKind::Called => "",
            EdgeKind::HandedOff => "⇒ ",
            EdgeKind::Retried => "↻ ",
            EdgeKind::Proposed => "? ",
        };
        let words = format!("{sign}{}", grouped(edge.count));
        let font = 10.0 * self.scale;
        let width = text::width(&words, Font::Regular, font) + 8.0 * self.scale;
        let rect = Rect::from_center_size(middle, vec2(width, 14.0 * self.scale));
        let response = ui.interact(rect, ui.scope_id().with(("agent-edge", at)), Sense::click());
        let failed = if edge.failed > 0 { format!(", {} failed", grouped(edge.failed)) } else { String::new() };
        let how = if edge.confidence == Confidence::Inferred { ", inferred" } else { "" };
        let times = counted(edge.count, "time");
        let label = format!("{} {} {}, {times}{failed}{how}", self.name(*from), edge.kind.words(), self.name(*to));
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &label));
        let is_hot = response.hovered() || response.has_focus();
        let fill = if is_hot { self.theme.control_hover } else { self.theme.panel };
        ui.painter().rect(rect, 7.0 * self.scale, fill, Stroke::new(1.0, color), StrokeKind::Inside);
        let ink = if edge.failed > 0 { self.theme.error } else { self.theme.text };
        ui.painter().text(rect.center(), Align2::CENTER_CENTER, words, FontId::proportional(font), ink);
        let tip = format!("{label}\nClick to select spans that show it");
        if response.on_hover_text(tip).on_hover_cursor(egui::CursorIcon::PointingHand).clicked() {
            queue.push(PeopleCommand::AgentEdge(at).into());
        }
    }
}

fn asides(picture: &AgentPicture, apart: f32) -> Vec<f32> {
    let pair = |edge: &(usize, usize, AgentEdge)| (edge.0.min(edge.1), edge.0.max(edge.1));
    let mut counts: BTreeMap<(usize, usize), (f32, f32)> = BTreeMap::new();
    for edge in &picture.edges {
        counts.entry(pair(edge)).or_default().1 += 1.0;
    }
    let mut aside = |edge: &(usize, usize, AgentEdge)| {
        let (next, all) = counts.get_mut(&pair(edge))?;
        *next += 1.0;
        Some((*next - 1.0 - (*all - 1.0) / 2.0) * apart)
    };
    picture.edges.iter().map(|edge| aside(edge).unwrap_or_default()).collect()
}

fn curve(points: [Pos2; 4]) -> Vec<Pos2> {
    CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, Stroke::NONE).flatten(Some(0.6))
}
