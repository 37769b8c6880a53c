//! Agents and what leads from one to another, as they are painted and clicked.

use std::collections::BTreeSet;

use egui::{
    Align2, Color32, FontId, Painter, Pos2, Rect, Response, Sense, Shape, Stroke, StrokeKind, Ui, WidgetInfo, pos2,
    vec2,
};

use super::super::super::command::Queue;
use super::super::super::people::{PeopleCommand, Sight};
use super::super::super::state::State;
use super::super::super::theme::{bold, size};
use super::super::widgets::{counted, grouped};
use super::plan::{Place, Plan};
use crate::analysis::genai::{AgentEdge, AgentIx, AgentPicture, Confidence, EdgeKind};
use crate::model::SpanIx;
use crate::scene::{Font, Theme, Work, text};

/// Narrower agents are dots: their names stand beside them, where there is room.
const LEAST_NODE: f32 = 34.0;
/// Names are never smaller, in points at normal text.
const LEAST_TEXT: f32 = 9.5;
/// Where the map is smaller, counts of lines show only for what is looked at.
const LEAST_COUNTED: f32 = 0.5;
/// Longest name beside a dot, in points at normal text.
const BESIDE: f32 = 90.0;

/// The map as it is looked at.
pub struct MapView<'a> {
    pub state: &'a State,
    pub work: &'a Work,
    pub picture: &'a AgentPicture,
    pub plan: &'a Plan,
    pub place: Place,
    pub theme: &'a Theme,
    pub scale: f32,
    /// The agents of what is selected.
    pub marked: &'a BTreeSet<AgentIx>,
    /// The span that is looked at.
    pub looked_at: Option<SpanIx>,
}

impl MapView<'_> {
    pub fn node(&self, at: usize) -> Rect {
        self.place.rect(self.plan.rect(self.picture.layers.nodes[at]))
    }

    fn name(&self, at: usize) -> &str {
        let ix = self.picture.agents.get(at).copied();
        ix.and_then(|ix| self.work.genai.agents().get(ix.at())).map_or("", |agent| agent.name.as_str())
    }

    /// Text of `points` at normal size: as large as the map, but readable.
    fn text_size(&self, points: f32) -> f32 {
        (points * self.place.sight.zoom).clamp(LEAST_TEXT.min(points), points * 1.5) * self.scale
    }

    fn is_dot(&self) -> bool {
        self.picture
            .layers
            .nodes
            .first()
            .is_some_and(|slot| self.plan.rect(*slot).width() * self.place.sight.zoom < LEAST_NODE * self.scale)
    }

    /// All agents; where they are dots, with the names that find room: those that are looked at first, then those that
    /// did most. Whether one of them has the keyboard.
    pub fn agents_ui(&self, ui: &mut Ui, queue: &mut Queue) -> bool {
        let mut has_focus = false;
        let mut hot = None;
        for at in 0..self.picture.agents.len() {
            if let Some(response) = self.agent_ui(ui, at, queue) {
                has_focus |= response.has_focus();
                if response.hovered() || response.has_focus() {
                    hot = Some(at);
                }
            }
        }
        if self.is_dot() {
            self.paint_names(ui.painter(), hot);
        }
        has_focus
    }

    fn agent_ui(&self, ui: &mut Ui, at: usize, queue: &mut Queue) -> Option<Response> {
        let ix = self.picture.agents[at];
        let agent = self.work.genai.agents().get(ix.at())?;
        let rect = self.node(at);
        let response = ui.interact(rect.expand(1.0), ui.scope_id().with(("agent", at)), Sense::click());
        let totals = &agent.totals;
        let guess = if agent.is_guess() { ", inferred" } else { "" };
        let failed = if totals.errors > 0 { format!(", {} failed", grouped(totals.errors)) } else { String::new() };
        let is_marked = self.marked.contains(&ix);
        let label = format!("Agent {}, {}{failed}{guess}", agent.name, counted(totals.spans, "span"));
        response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, is_marked, &label));
        if response.gained_focus() && !self.place.rect.contains_rect(rect) {
            queue.push(PeopleCommand::MapSight(Some(self.sight_at(at))).into());
        }
        if ui.is_rect_visible(rect) {
            self.paint_agent(ui.painter(), ix, rect, is_marked, response.hovered() || response.has_focus());
        }
        let tip = format!(
            "{}\nnamed by {}, {}\n{}\nClick to select its spans",
            agent.name,
            agent.source,
            agent.confidence,
            super::super::details::totals_text(totals, None)
        );
        let response = response.on_hover_text(tip).on_hover_cursor(egui::CursorIcon::PointingHand);
        if response.clicked() {
            queue.push(PeopleCommand::Agent(ix).into());
        }
        Some(response)
    }

    /// How agent `at` is in the middle.
    pub fn sight_at(&self, at: usize) -> Sight {
        let middle = self.plan.rect(self.picture.layers.nodes[at]).center();
        self.plan.kept(Sight { middle, ..self.place.sight })
    }

    fn paint_agent(&self, painter: &Painter, ix: AgentIx, rect: Rect, is_marked: bool, is_hot: bool) {
        let (theme, unit) = (self.theme, self.scale * self.place.sight.zoom);
        let Some(agent) = self.work.genai.agents().get(ix.at()) else { return };
        let color = self.work.agent_colors(ix, self.state.theme()).fill;
        let is_dot = self.is_dot();
        let radius = (5.0 * unit).min(rect.height() / 2.0);
        let fill = match (is_dot, is_marked || is_hot) {
            (true, _) => color,
            (false, true) => theme.control_hover,
            (false, false) => theme.control,
        };
        painter.rect_filled(rect, radius, fill);
        if !is_dot {
            let bar =
                Rect::from_min_size(rect.min + vec2(0.0, 4.0 * unit), vec2(3.5 * unit, rect.height() - 8.0 * unit));
            painter.rect_filled(bar, 1.5, color);
        }
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
            painter.rect_stroke(rect, radius, stroke, StrokeKind::Inside);
        }
        if !is_dot {
            self.paint_words(painter, ix, rect);
        }
    }

    /// Name, and how much there is of it where two lines have room.
    fn paint_words(&self, painter: &Painter, ix: AgentIx, rect: Rect) {
        let (theme, unit) = (self.theme, self.scale * self.place.sight.zoom);
        let Some(agent) = self.work.genai.agents().get(ix.at()) else { return };
        let (body, small) = (self.text_size(size::BODY), self.text_size(10.0));
        let has_both = rect.height() >= (body + small) * 1.25;
        let left = rect.left() + (9.0 * unit).max(5.0);
        let room = rect.right() - left - (5.0 * unit).max(3.0);
        let name = text::crop(&agent.name, Font::Bold, body, room);
        let y = if has_both { rect.top() + rect.height() * 0.32 } else { rect.center().y };
        painter.text(pos2(left, y), Align2::LEFT_CENTER, name, bold(body), theme.text);
        if !has_both {
            return;
        }
        let (words, color) = if agent.totals.errors > 0 {
            (format!("{} failed", grouped(agent.totals.errors)), theme.error)
        } else if agent.totals.model_calls > 0 {
            (counted(agent.totals.model_calls, "model call"), theme.text_dim)
        } else {
            (counted(agent.totals.spans, "span"), theme.text_dim)
        };
        let words = text::crop(&words, Font::Regular, small, room);
        let at = pos2(left, rect.top() + rect.height() * 0.72);
        painter.text(at, Align2::LEFT_CENTER, words, FontId::proportional(small), color);
    }

    /// Names above dots that cover neither each other nor other dots of their layer.
    fn paint_names(&self, painter: &Painter, hot: Option<usize>) {
        let agents = self.work.genai.agents();
        let mut order: Vec<usize> = (0..self.picture.agents.len()).collect();
        let weight = |at: usize| {
            let ix = self.picture.agents[at];
            let spans = agents.get(ix.at()).map_or(0, |agent| agent.totals.spans);
            std::cmp::Reverse((hot == Some(at), self.marked.contains(&ix), spans))
        };
        order.sort_by_key(|&at| (weight(at), at));
        let font = LEAST_TEXT * self.scale;
        let mut taken: Vec<Rect> = Vec::new();
        for at in order {
            let node = self.node(at);
            if !self.place.rect.intersects(node) {
                continue;
            }
            let name = text::crop(self.name(at), Font::Bold, font, BESIDE * self.scale).into_owned();
            let size = vec2(text::width(&name, Font::Bold, font) + 6.0, font * 1.35);
            let x = node.center().x.clamp(
                (self.place.rect.left() + size.x / 2.0).min(self.place.rect.right()),
                (self.place.rect.right() - size.x / 2.0).max(self.place.rect.left()),
            );
            let ground = Rect::from_center_size(pos2(x, node.top() - size.y / 2.0 - 2.0), size);
            let is_free = !taken.iter().any(|other| other.intersects(ground));
            if name.is_empty() || !(is_free || hot == Some(at)) {
                continue;
            }
            painter.rect_filled(ground, 3.0, self.theme.panel.gamma_multiply(0.85));
            painter.text(ground.center(), Align2::CENTER_CENTER, name, bold(font), self.theme.text);
            taken.push(ground.expand(2.0));
        }
    }

    /// Edge `at`; whether its count has the keyboard.
    pub fn edge_ui(&self, ui: &mut Ui, at: usize, queue: &mut Queue) -> bool {
        let (from, to, edge) = &self.picture.edges[at];
        let line = self.plan.line(self.picture, at);
        let points: Vec<Pos2> = line.into_iter().map(|point| self.place.pos(point)).collect();
        let color = self.edge_color(edge);
        let shows = self.looked_at.is_some_and(|span| edge.spans.contains(&span));
        let is_between = [from, to].iter().all(|end| self.marked.contains(&self.picture.agents[**end]));
        let is_marked = shows || is_between;
        if ui.is_rect_visible(Rect::from_points(&points).expand(20.0)) {
            let width = if edge.kind == EdgeKind::HandedOff { 2.2 } else { 1.4 };
            let stroke = Stroke::new(if is_marked { width + 0.8 } else { width }, color);
            if edge.confidence == Confidence::Inferred {
                ui.painter().extend(Shape::dashed_line(&points, stroke, 5.0, 4.0));
            } else {
                ui.painter().line(points.clone(), stroke);
            }
            self.paint_head(ui, &points, color);
        }
        self.chip_ui(ui, at, &points, (color, is_marked), queue)
    }

    fn edge_color(&self, edge: &AgentEdge) -> Color32 {
        match edge.kind {
            _ if edge.failed > 0 => self.theme.error,
            EdgeKind::Called => self.theme.text_faint,
            EdgeKind::HandedOff | EdgeKind::Accepted => self.theme.accent,
            EdgeKind::Retried => self.theme.warning,
            EdgeKind::Proposed => self.theme.clock,
        }
    }

    fn paint_head(&self, ui: &Ui, points: &[Pos2], color: Color32) {
        let Some(&tip) = points.last() else { return };
        let Some(before) = points.iter().rev().find(|point| point.distance(tip) > 4.0) else { return };
        let along = (tip - *before).normalized() * 7.0 * self.scale * self.place.sight.zoom.clamp(0.5, 1.5);
        let across = along.rot90() * 0.5;
        ui.painter().add(Shape::convex_polygon(
            vec![tip, tip - along + across, tip - along - across],
            color,
            Stroke::NONE,
        ));
    }

    /// The count on an edge: what is clicked, and what a screen reader gets. Whether it has the keyboard.
    fn chip_ui(
        &self,
        ui: &mut Ui,
        at: usize,
        points: &[Pos2],
        (color, is_marked): (Color32, bool),
        queue: &mut Queue,
    ) -> bool {
        let (from, to, edge) = &self.picture.edges[at];
        let Some(&middle) = points.get(points.len() / 2) else { return false };
        let sign = match edge.kind {
            EdgeKind::Called => "",
            EdgeKind::HandedOff => "⇒ ",
            EdgeKind::Retried => "↻ ",
            EdgeKind::Proposed => "? ",
            EdgeKind::Accepted => "✔ ",
        };
        let words = format!("{sign}{}", grouped(edge.count));
        let font = self.text_size(10.0);
        let width = text::width(&words, Font::Regular, font) + 8.0 * self.scale;
        let is_counted = self.place.sight.zoom >= LEAST_COUNTED;
        let size = if is_counted { vec2(width, font * 1.4) } else { vec2(8.0, 8.0) };
        let response =
            ui.interact(Rect::from_center_size(middle, size), ui.scope_id().with(("agent-edge", at)), Sense::click());
        let failed = if edge.failed > 0 { format!(", {} failed", grouped(edge.failed)) } else { String::new() };
        let how = if edge.confidence == Confidence::Inferred { ", inferred" } else { "" };
        let times = counted(edge.count, "time");
        let label = format!("{} {} {}, {times}{failed}{how}", self.name(*from), edge.kind.words(), self.name(*to));
        response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &label));
        if response.gained_focus() && !self.place.rect.contains(middle) {
            queue.push(PeopleCommand::MapSight(Some(self.sight_at(*from))).into());
        }
        let is_hot = response.hovered() || response.has_focus();
        if is_counted || is_hot || is_marked {
            let rect = Rect::from_center_size(middle, vec2(width, font * 1.4));
            let fill = if is_hot || is_marked { self.theme.control_hover } else { self.theme.panel };
            ui.painter().rect(rect, rect.height() / 2.0, fill, Stroke::new(1.0, color), StrokeKind::Inside);
            let ink = if edge.failed > 0 { self.theme.error } else { self.theme.text };
            ui.painter().text(rect.center(), Align2::CENTER_CENTER, words, FontId::proportional(font), ink);
        }
        let tip = format!("{label}\nClick to select spans that show it");
        let response = response.on_hover_text(tip).on_hover_cursor(egui::CursorIcon::PointingHand);
        if response.clicked() {
            queue.push(PeopleCommand::AgentEdge(at).into());
        }
        response.has_focus()
    }
}
