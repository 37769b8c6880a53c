//! The list of findings: what contradicts what, and which clock explains it.

use egui::{Align, Button, Color32, Frame, Label, Layout, Margin, Rect, RichText, ScrollArea, Sense, Stroke, Ui, vec2};

use super::super::clocks::ClockCommand;
use super::super::command::{Command, Queue};
use super::super::state::State;
use super::super::theme::{bold, link_color, size};
use crate::analysis::clocks::findings::Finding;
use crate::analysis::clocks::{Code, EventKey, FindingTone, Known, Point};
use crate::model::TraceStore;
use crate::model::time::duration_text;
use crate::scene::Theme;
use crate::scene::clocks::tone_color;

/// Findings listed at once; the others are counted.
const MOST_LISTED: usize = 200;
/// Edges of a witness that are written out.
const MOST_EDGES: usize = 12;

/// The panel.
pub fn findings_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let Some(data) = &state.data else { return };
    let Some(known) = state.known() else {
        title_ui(ui, state, None, queue);
        ui.label(RichText::new(nothing_yet(state)).weak());
        return;
    };
    title_ui(ui, state, Some(known), queue);
    filter_ui(ui, state, known, queue);
    ui.add_space(2.0);
    ScrollArea::vertical().id_salt("findings").auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 5.0;
        let mut rest = 0_u64;
        for (at, finding) in state.listed_findings().enumerate() {
            if at < MOST_LISTED {
                finding_ui(ui, state, &data.store, finding, queue);
            } else {
                rest += 1;
            }
        }
        if rest > 0 {
            ui.label(RichText::new(format!("and {}", super::widgets::counted(rest, "more finding"))).weak());
        }
        if known.model.findings().is_empty() {
            ui.label(RichText::new("Nothing contradicts anything: the clocks may all be right.").weak());
        }
    });
}

fn nothing_yet(state: &State) -> &'static str {
    if state.is_analysing() { "Comparing the clocks…" } else { "The clocks could not be analysed." }
}

/// `Findings (7)      explained by clocks 4 · real 3`.
fn title_ui(ui: &mut Ui, state: &State, known: Option<&std::sync::Arc<Known>>, queue: &mut Queue) {
    let theme = state.theme().theme();
    ui.horizontal(|ui| {
        ui.label(RichText::new("Findings").font(bold(size::TITLE * state.settings.text_scale)));
        let counts = known.map(|known| known.counts());
        if let Some([explained, real]) = counts.filter(|counts| counts[0] + counts[1] > 0) {
            let color = if real > 0 { theme.error } else { theme.clock };
            Frame::new()
                .stroke(Stroke::new(1.0, color))
                .corner_radius(9)
                .inner_margin(Margin::symmetric(7, 0))
                .show(ui, |ui| ui.label(RichText::new((explained + real).to_string()).small().strong()));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let close = ui.add(Button::new(RichText::new("✕").small()).frame_when_inactive(false));
            close.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Close findings"));
            if close.on_hover_text("Hides the list  (I)").clicked() {
                queue.push(Command::ToggleFindings);
            }
            if let Some([explained, real]) = counts {
                let text = format!("explained by clocks {explained} · real {real}");
                ui.add(Label::new(RichText::new(text).small().weak()).truncate());
            }
        });
    });
}

/// One chip per kind that occurs.
fn filter_ui(ui: &mut Ui, state: &State, known: &Known, queue: &mut Queue) {
    let mut kinds: Vec<(Code, usize)> = Vec::new();
    for finding in known.model.findings() {
        match kinds.iter_mut().find(|(code, _)| *code == finding.code) {
            Some((_, count)) => *count += 1,
            None => kinds.push((finding.code, 1)),
        }
    }
    if kinds.len() < 2 {
        return;
    }
    let chosen = state.session.clocks.filter;
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = vec2(4.0, 3.0);
        for (code, count) in kinds {
            let is_on = chosen == Some(code);
            let chip = Button::selectable(is_on, RichText::new(format!("{code} {count}")).small());
            let response = ui.add(chip).on_hover_text(code_words(code));
            response
                .widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_on, format!("Only {code}")));
            if response.clicked() {
                queue.push(Command::Clocks(ClockCommand::Filter((!is_on).then_some(code))));
            }
        }
    });
}

/// A code as a short title.
pub const fn code_words(code: Code) -> &'static str {
    match code {
        Code::N0 => "One fixed offset explains it",
        Code::N1 => "A clock is off, seen one way only",
        Code::X1 => "No fixed offset: clocks drift",
        Code::X2 => "A clock was being corrected",
        Code::X3 => "A clock jumped",
        Code::X4 => "No offset can explain this",
        Code::X5 => "A loop contradicts itself",
        Code::X6 => "A cause that is its own effect",
        Code::X7 => "One message against many",
        Code::X8 => "Two clocks recorded as one",
        Code::S1 => "Ends before it starts",
        Code::S2 => "A child starts before its parent",
        Code::S3 => "A child outlives its parent",
        Code::S4 => "Durations that were made up",
        Code::C2 => "A clock stood still",
        Code::Q => "Too close to tell apart",
        Code::U => "Times in a wrong unit",
        Code::K => "A familiar offset",
        _ => "A fact about a clock",
    }
}

fn finding_ui(ui: &mut Ui, state: &State, store: &TraceStore, finding: &Finding, queue: &mut Queue) {
    let theme = state.theme().theme();
    let is_active = state.session.view.finding == Some(finding.id);
    let color = tone_color(FindingTone::of(finding), theme);
    let stroke = if is_active { Stroke::new(1.5, theme.accent) } else { Stroke::new(1.0, theme.control_line) };
    let fill = if is_active { theme.control_hover } else { theme.control };
    let frame = Frame::new().fill(fill).stroke(stroke).corner_radius(4).inner_margin(Margin {
        left: 12,
        right: 8,
        top: 6,
        bottom: 6,
    });
    let shown = frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.spacing_mut().item_spacing.y = 3.0;
        head_ui(ui, state, finding, color);
        let sentence = RichText::new(&finding.sentence).small().color(theme.text_dim);
        ui.add(Label::new(sentence).wrap().selectable(false));
        if is_active {
            witness_ui(ui, theme, store, finding, queue);
        }
    });
    let rect = shown.response.rect;
    let bar = Rect::from_min_max(rect.min, egui::pos2(rect.left() + 3.0, rect.bottom()));
    ui.painter().rect_filled(bar, 2.0, color);
    // Below its links, so that they keep their clicks.
    let head = Rect::from_min_max(rect.min, egui::pos2(rect.right(), rect.top() + 24.0_f32.max(rect.height() * 0.4)));
    let area = if is_active { head } else { rect };
    let response = ui.interact(area, ui.scope_id().with(("finding", finding.id)), Sense::click());
    let name = format!("Finding {}: {}", finding.id, code_words(finding.code));
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, is_active, &name));
    if is_active && !ui.clip_rect().contains_rect(rect) && state.session.clocks.scroll_to == Some(finding.id) {
        response.scroll_to_me(Some(Align::Center));
    }
    if response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked() {
        queue.push(Command::Clocks(ClockCommand::Finding((!is_active).then_some(finding.id))));
    }
}

/// Number, title, code.
fn head_ui(ui: &mut Ui, state: &State, finding: &Finding, color: Color32) {
    let theme = state.theme().theme();
    let scale = state.settings.text_scale;
    ui.horizontal(|ui| {
        number_ui(ui, finding.id, color, scale);
        let title = RichText::new(code_words(finding.code)).font(bold(size::BODY * scale)).color(theme.text);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let mut text = finding.code.to_string();
            if finding.count > 1 {
                text = format!("× {}  {text}", super::widgets::grouped(finding.count));
            }
            ui.label(RichText::new(text).small().monospace().color(theme.text_faint));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.add(Label::new(title).truncate().selectable(false));
            });
        });
    });
}

/// The number as the canvas shows it.
fn number_ui(ui: &mut Ui, id: u32, color: Color32, scale: f32) {
    let text = id.to_string();
    let height = 16.0 * scale;
    let width = height.max(crate::scene::text::width(&text, crate::scene::Font::Bold, 10.0 * scale) + 8.0);
    let (rect, _) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    ui.painter().rect_filled(rect, height / 2.0, color);
    let ink = crate::scene::theme::text_on(color);
    ui.painter().text(rect.center(), egui::Align2::CENTER_CENTER, text, bold(10.0 * scale), ink);
}

/// The edges that prove it, with raw times; each event jumps.
fn witness_ui(ui: &mut Ui, theme: &Theme, store: &TraceStore, finding: &Finding, queue: &mut Queue) {
    let level = format!("evidence: {} · model {}", finding.level, finding.model);
    ui.label(RichText::new(level).small().color(theme.text_faint));
    for proof in finding.witness.iter().take(MOST_EDGES) {
        edge_ui(ui, theme, store, proof, queue);
    }
    let rest = finding.witness.len().saturating_sub(MOST_EDGES) as u64;
    if rest > 0 {
        ui.label(RichText::new(format!("and {}", super::widgets::counted(rest, "more edge"))).small().weak());
    }
    for (at, repair) in finding.repairs.iter().enumerate() {
        let lead = if at == 0 { "likely:" } else { "or:" };
        ui.add(Label::new(RichText::new(format!("{lead} {repair}")).small().color(theme.text_dim)).wrap());
    }
}

/// One causal edge: what had to come first, by which rule, and what the raw times say.
pub fn edge_ui(
    ui: &mut Ui,
    theme: &Theme,
    store: &TraceStore,
    proof: &crate::analysis::clocks::Proof,
    queue: &mut Queue,
) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        event_link(ui, theme, store, proof.cause.from, queue);
        ui.label(RichText::new("→").small().weak());
        event_link(ui, theme, store, proof.cause.to, queue);
        let raw = proof.to_ns.saturating_sub(proof.from_ns);
        let sign = if raw > 0 { "+" } else { "" };
        let color = if raw < 0 { theme.error } else { theme.text_dim };
        let text = RichText::new(format!("raw {sign}{}", duration_text(raw))).small().monospace().color(color);
        ui.label(text).on_hover_text(proof.cause.rule.words());
    });
}

fn event_link(ui: &mut Ui, theme: &Theme, store: &TraceStore, key: EventKey, queue: &mut Queue) {
    if key.span.at() >= store.len() {
        return;
    }
    let text = RichText::new(event_words(store, key)).small().color(link_color(theme));
    if ui.add(egui::Link::new(text)).on_hover_text("Selects it and brings it into view").clicked() {
        queue.push(Command::Clocks(ClockCommand::Reveal(key)));
    }
}

/// `POST /chat starts`.
pub fn event_words(store: &TraceStore, key: EventKey) -> String {
    let name: String = store.span(key.span).name().chars().take(40).collect();
    match key.point {
        Point::Start => format!("{name} starts"),
        Point::End => format!("{name} ends"),
        Point::Event(at) => format!("{name}, event {}", u32::from(at) + 1),
    }
}
