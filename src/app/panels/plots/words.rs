//! Words beside the plots: legends, lists, cards about messages, copying.

use egui::{
    Button, Color32, ComboBox, Label, Rect, RichText, Role, ScrollArea, Sense, Shape, Stroke, Ui, WidgetInfo, vec2,
};
use egui_plot::MarkerShape;

use super::super::super::command::{Command, Queue};
use super::super::super::plots::tsv;
use super::super::super::state::State;
use super::super::findings::edge_ends;
use super::super::grid::shortened;
use crate::analysis::clocks::{Evidence, Proof};
use crate::model::time::{absolute_text, duration_text};
use crate::model::{DomainIx, TraceStore};
use crate::scene::Theme;

/// Clocks that a list to choose from names at most; selecting a span of a clock plots that one.
const MOST_CLOCKS: usize = 300;

/// The name of a clock.
pub fn clock_name(state: &State, domain: DomainIx) -> String {
    let list = state.data.as_ref().map(|data| data.domains.list.as_slice()).unwrap_or_default();
    list.get(domain.at()).map_or_else(|| "another clock".to_owned(), |domain| shortened(&domain.name, 60).into_owned())
}

/// A small paragraph.
pub fn small_ui(ui: &mut Ui, text: impl Into<String>, color: Color32) {
    ui.add(Label::new(RichText::new(text).small().color(color)).wrap());
}

/// The answer of a plot in a line.
pub fn answer_ui(ui: &mut Ui, text: impl Into<String>, color: Color32) {
    ui.add(Label::new(RichText::new(text).strong().color(color)).wrap());
}

/// Asks for a clock: `None` inside = the usual one. Returns the choice, once.
pub fn clock_ui(
    ui: &mut Ui,
    state: &State,
    what: &str,
    shown: Option<DomainIx>,
    usual: &str,
) -> Option<Option<DomainIx>> {
    let list = state.data.as_ref().map(|data| data.domains.list.as_slice()).unwrap_or_default();
    let name = shown.map_or_else(|| "none".to_owned(), |domain| clock_name(state, domain));
    let mut choice = None;
    ui.horizontal(|ui| {
        ui.label(RichText::new(what).small().weak());
        let width = ui.available_width().max(40.0);
        let combo =
            ComboBox::from_id_salt(("plot-clock", what)).width(width).selected_text(RichText::new(&name).small());
        let combo = combo.truncate().show_ui(ui, |ui| {
            if ui.add(Button::selectable(false, usual).frame_when_inactive(false)).clicked() {
                choice = Some(None);
            }
            for at in 0..list.len().min(MOST_CLOCKS) {
                let domain = DomainIx::from_usize(at);
                let button = Button::selectable(shown == Some(domain), clock_name(state, domain));
                if ui.add(button.frame_when_inactive(false)).clicked() {
                    choice = Some(Some(domain));
                }
            }
            if list.len() > MOST_CLOCKS {
                let rest = list.len() - MOST_CLOCKS;
                ui.label(RichText::new(format!("and {rest} more: select a span of one")).small().weak());
            }
        });
        combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, format!("{what}: {name}")));
    });
    choice
}

/// What a legend draws before its words.
#[derive(Clone, Copy)]
pub enum Swatch {
    /// An area.
    Area(Color32),
    /// A dashed line.
    Dashed(Color32),
    /// A point.
    Point(MarkerShape, Color32, bool),
}

/// Lines of a legend.
pub fn legend_ui(ui: &mut Ui, theme: &Theme, lines: &[(Swatch, &str)]) {
    ui.spacing_mut().item_spacing.y = 2.0;
    for (swatch, words) in lines {
        ui.horizontal(|ui| {
            let (rect, _) = ui.allocate_exact_size(vec2(16.0, 12.0), Sense::hover());
            swatch_ui(ui, rect, *swatch);
            ui.add(Label::new(RichText::new(*words).small().color(theme.text_dim)).wrap());
        });
    }
}

fn swatch_ui(ui: &Ui, rect: Rect, swatch: Swatch) {
    let painter = ui.painter();
    let middle = [rect.left_center(), rect.right_center()];
    match swatch {
        Swatch::Area(color) => {
            painter.rect_filled(rect.shrink2(vec2(0.0, 2.0)), 1.0, color);
        }
        Swatch::Dashed(color) => painter.extend(Shape::dashed_line(&middle, Stroke::new(1.5, color), 3.0, 2.5)),
        Swatch::Point(shape, color, filled) => point_ui(painter, rect.center(), shape, color, filled),
    }
}

/// Draws a point as the plots do.
pub fn point_ui(painter: &egui::Painter, at: egui::Pos2, shape: MarkerShape, color: Color32, filled: bool) {
    let (fill, stroke) = if filled { (color, Stroke::NONE) } else { (Color32::TRANSPARENT, Stroke::new(1.2, color)) };
    let radius = 3.6;
    let polygon = |points: Vec<egui::Pos2>| Shape::convex_polygon(points, fill, stroke);
    match shape {
        MarkerShape::Circle => {
            painter.circle(at, radius, fill, stroke);
        }
        MarkerShape::Diamond => {
            let corners = [(0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)];
            painter.add(polygon(corners.map(|(x, y)| at + vec2(x, y) * (radius + 0.6)).to_vec()));
        }
        MarkerShape::Square => {
            painter.rect(
                Rect::from_center_size(at, vec2(radius, radius) * 1.8),
                0.0,
                fill,
                stroke,
                egui::StrokeKind::Middle,
            );
        }
        MarkerShape::Down => {
            let corners = [(-1.0, -0.8), (1.0, -0.8), (0.0, 0.9)];
            painter.add(polygon(corners.map(|(x, y)| at + vec2(x, y) * radius).to_vec()));
        }
        _ => {
            for (x, y) in [(1.0, 1.0), (1.0, -1.0)] {
                let end = vec2(x, y) * radius;
                painter.line_segment([at - end, at + end], Stroke::new(1.6, color));
            }
        }
    }
}

/// A list of which only the rows in view are laid out; returns the row that was clicked.
pub fn list_ui(
    ui: &mut Ui,
    id: &str,
    rows: usize,
    row: impl Fn(usize) -> (String, bool, Option<Color32>),
) -> Option<usize> {
    let mut clicked = None;
    let height = ui.text_style_height(&egui::TextStyle::Small) + 6.0;
    ScrollArea::vertical().id_salt(id).auto_shrink(false).show_rows(ui, height, rows, |ui, shown| {
        ui.spacing_mut().button_padding = vec2(5.0, 2.0);
        for at in shown {
            let (text, is_on, color) = row(at);
            let mut words = RichText::new(&text).small();
            if let Some(color) = color.filter(|_| !is_on) {
                words = words.color(color);
            }
            let width = ui.available_width();
            let button = Button::selectable(is_on, words).truncate().min_size(vec2(width, height));
            let response = ui.add(button);
            response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, is_on, &text));
            if response.on_hover_text(&text).clicked() {
                clicked = Some(at);
            }
        }
    });
    clicked
}

/// A button that copies the shown data.
pub fn copy_ui(ui: &mut Ui) -> bool {
    let button = ui.add(Button::new(RichText::new("Copy TSV").small()));
    button.on_hover_text("The data in view as rows for a spreadsheet; Ctrl+C on the plot does the same").clicked()
}

/// Puts rows on the clipboard; the first one is the heading.
pub fn copy(rows: &[Vec<String>], queue: &mut Queue) {
    let count = rows.len().saturating_sub(1) as u64;
    let what = super::super::widgets::counted(count, "row");
    let more = if count as usize >= super::super::super::plots::MOST_ROWS { ", the rest is left out" } else { "" };
    queue.push(Command::CopyText { what: format!("{what}{more}"), text: tsv(rows) });
}

/// How sure a message is, in a word.
pub const fn strength_words(strength: Evidence) -> &'static str {
    match strength {
        Evidence::Protocol => "by protocol",
        Evidence::Convention => "by convention",
        Evidence::Prior => "a prior",
    }
}

/// A message on a card: spans, rule, strength, raw times.
pub fn edge_card_ui(ui: &mut Ui, theme: &Theme, store: &TraceStore, proof: &Proof, notes: &[String]) {
    ui.set_max_width(420.0);
    let (from, to, rule) = (proof.cause.from, proof.cause.to, proof.cause.rule);
    if from.span.at() >= store.len() || to.span.at() >= store.len() {
        return;
    }
    ui.label(RichText::new(edge_ends(store, proof.cause).join(" → ")).strong());
    small_ui(ui, format!("{}, {}", rule.words(), strength_words(rule.strength())), theme.text_dim);
    for note in notes {
        small_ui(ui, note, theme.text);
    }
    for (what, ns) in [("from, raw", proof.from_ns), ("to, raw", proof.to_ns)] {
        ui.label(RichText::new(format!("{what:<9} {}", absolute_text(ns))).monospace().small());
    }
    let raw = duration_text(proof.to_ns.saturating_sub(proof.from_ns));
    ui.label(RichText::new(format!("raw       {raw} apart")).monospace().small());
}

/// The same in one line, for a screen reader.
pub fn edge_line(store: &TraceStore, proof: &Proof) -> String {
    let (from, to, rule) = (proof.cause.from, proof.cause.to, proof.cause.rule);
    if from.span.at() >= store.len() || to.span.at() >= store.len() {
        return rule.words().to_owned();
    }
    let [from, to] = edge_ends(store, proof.cause);
    let raw = duration_text(proof.to_ns.saturating_sub(proof.from_ns));
    format!("{from} → {to}: {}, {}, raw {raw} apart", rule.words(), strength_words(rule.strength()))
}
