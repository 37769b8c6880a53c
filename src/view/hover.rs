//! The card beside the pointer, and the outline of what it is on.

use egui::{Pos2, Rect, RichText, Stroke, StrokeKind, Ui};

use crate::analysis::clocks::Order;
use crate::analysis::clocks::words::range_text;
use crate::analysis::genai::LostParent;
use crate::analysis::incomplete::incomplete;
use crate::app::State;
use crate::app::workspace::Workspace;
use crate::model::span::FLAG_NAMES;
use crate::model::time::duration_text;
use crate::model::{Ghost, InputIx, SpanFlags, SpanIx, Status};
use crate::scene::clocks::tone_color;
use crate::scene::{Hit, OverviewMark, Scene, SceneBar, grouped};

/// Longest text on the card, in characters.
const MOST_CHARS: usize = 120;

/// Draws outline and card for what is at `pos`. `tie_time` says how long after the handoff the trace began whose arrow
/// is there.
pub fn hover_ui(
    ui: &Ui,
    rect: Rect,
    scene: &Scene,
    (data, state): (&Workspace, &State),
    (pos, hit): (Pos2, Hit),
    tie_time: Option<&str>,
) {
    let theme = scene.theme.theme();
    let offset = rect.min.to_vec2();
    match hit {
        Hit::Span(span) => {
            let bar = bar_at(scene, pos - offset, span);
            if let Some(bar) = bar {
                let painter = ui.painter().with_clip_rect(scene.areas.canvas.translate(offset));
                let outline = Stroke::new(1.5, theme.selection.gamma_multiply(0.8));
                painter.rect_stroke(bar.rect.translate(offset), 3, outline, StrokeKind::Outside);
            }
            card(ui, |ui| span_ui(ui, data, state, span, bar));
        }
        Hit::Ghost(ghost) => card(ui, |ui| ghost_ui(ui, data, state, ghost)),
        Hit::Section(section) => card(ui, |ui| super::sections::card_ui(ui, state, section)),
        Hit::Piece { span, first, count } => {
            card(ui, |ui| super::turns::pieces_ui(ui, data, state, span, first, count));
        }
        Hit::Tie(at) => card(ui, |ui| super::turns::tie_ui(ui, data, state, at, tie_time)),
        Hit::Finding(_) => {
            if let Some(mark) = crate::scene::mark_at(scene, pos - offset) {
                card(ui, |ui| finding_ui(ui, state, mark));
            }
        }
        Hit::Turn(at) => card(ui, |ui| super::turns::card_ui(ui, state, at)),
        Hit::Ruler(_) | Hit::Canvas { .. } => {
            let x = (pos - offset).x;
            let is_on = |mark: &&crate::scene::turns::BreakMark| mark.x[0] - 2.0 <= x && x <= mark.x[1] + 2.0;
            if let Some(mark) = scene.turns.breaks.iter().find(is_on) {
                card(ui, |ui| super::turns::break_ui(ui, mark));
            }
        }
        _ => {}
    }
}

/// The bar under the pointer: that of `span`, or the one that `span` hides behind.
fn bar_at(scene: &Scene, pos: Pos2, span: SpanIx) -> Option<&SceneBar> {
    let own = scene.bars.iter().find(|bar| bar.span == span && bar.rect.expand(4.0).contains(pos));
    own.or_else(|| scene.bars.iter().find(|bar| bar.rect.expand2(egui::vec2(3.0, 2.0)).contains(pos)))
}

fn card(ui: &Ui, content: impl FnOnce(&mut Ui)) {
    let layer = ui.layer_id();
    egui::Tooltip::always_open(ui.ctx().clone(), layer, ui.scope_id().with("hover-card"), egui::PopupAnchor::Pointer)
        .gap(14.0)
        .show(|ui| {
            ui.spacing_mut().item_spacing.y = 2.0;
            content(ui);
        });
}

fn span_ui(ui: &mut Ui, data: &Workspace, state: &State, span: SpanIx, bar: Option<&SceneBar>) {
    let theme = state.theme().theme();
    let view = data.store.span(span);
    ui.label(RichText::new(cut(view.name())).strong());
    let duration = view.duration_ns().map_or_else(|| "no end stated".to_owned(), duration_text);
    let of_unit = data.domains.of_span.get(span.at()).zip(state.known()).zip(view.duration_ns());
    let of_unit = of_unit
        .and_then(|((&domain, known), raw)| Some((known.model.unit(domain)?, known.model.duration_ns(domain, raw))));
    let start = state.arranged.layout.extent_ns(span).0.saturating_sub(state.arranged.hull_ns.start);
    ui.label(format!("{duration}   at {}", duration_text(start)));
    if let Some((unit, ns)) = of_unit {
        let text = format!("{}, if these are {}", duration_text(ns), unit.words);
        ui.label(RichText::new(text).color(theme.warning));
    }
    let service = data.store.find_text(&view.resource().attrs, "service.name").unwrap_or("no service name");
    let clock = data.domains.list.get(data.domains.of_span.get(span.at()).map_or(usize::MAX, |ix| ix.at()));
    let clock = clock.map_or("", |domain| domain.name.as_str());
    ui.label(RichText::new(format!("{} · clock {}", cut(service), cut(clock))).weak());
    super::sections::phases_ui(ui, state, span);
    let folded = state.arranged.layout.hidden_behind(span);
    if folded > 0 {
        ui.label(format!("stands for {} below it", crate::scene::count_text(folded.into(), "folded span")));
    }
    if view.status() == Status::Error {
        let message = view.rare().map(|rare| data.store.text(rare.status_message)).unwrap_or_default();
        let text = if message.is_empty() { "failed".to_owned() } else { format!("failed: {}", cut(message)) };
        ui.label(RichText::new(text).color(theme.error));
    }
    for (flag, name) in FLAG_NAMES.iter().filter(|(flag, _)| *flag != SpanFlags::ERROR) {
        if view.flags().has(*flag) {
            ui.label(RichText::new(*name).color(theme.warning));
        }
    }
    if let Some((focused, between)) = state.since_focused(span) {
        let name = cut(data.store.span(focused).name());
        let time = range_text(between.lo_ns, between.hi_ns);
        let text = match between.order {
            Order::Unknown => format!("order against {name} unknown: {time}"),
            Order::Same => format!("at the same moment as {name}"),
            Order::Before => format!("after {name} by {time}"),
            Order::After => format!("before {name}: {time}"),
        };
        ui.label(RichText::new(text).color(if between.order == Order::Unknown { theme.warning } else { theme.text }));
        let raw = duration_text(between.raw_ns);
        if raw != time {
            ui.label(RichText::new(format!("raw {raw}")).weak());
        }
    }
    let found = bar.and_then(|bar| Some((bar.finding?, bar.count > 1)));
    if let Some((((id, tone), is_shared), found)) = found.and_then(|of| Some((of, state.findings().get(of.0.0)?))) {
        let whose = if is_shared { "among these: " } else { "" };
        let text = format!("{whose}{id} {}", cut(found.sentence()));
        ui.label(RichText::new(text).color(tone_color(tone, theme)));
    }
    if let Some(bar) = bar.filter(|bar| bar.count > 1) {
        let text = format!("one of {} spans that share these pixels; zoom in to tell them apart", bar.count);
        ui.label(RichText::new(text).weak());
        if bar.hits > 0 {
            let text = format!("{} of them found by the search", grouped(bar.hits.into()));
            ui.label(RichText::new(text).color(theme.hit));
        }
    }
}

/// The gravest finding of a stretch of the overview, and how many others there are.
fn finding_ui(ui: &mut Ui, state: &State, mark: &OverviewMark) {
    /// Spans with findings that are looked at.
    const MOST: usize = 2_000;
    let Some(found) = state.findings().get(mark.finding) else { return };
    let color = tone_color(mark.tone, state.theme().theme());
    let title = format!("{} {} · {}", mark.finding, found.code(), found.severity());
    ui.label(RichText::new(title).strong().color(color));
    ui.set_max_width(420.0);
    ui.label(cut(found.sentence()));
    let tags = state.tags().into_iter().flat_map(|tags| tags.in_time(mark.time.from_ns, mark.time.to_ns));
    let ids: std::collections::BTreeSet<u32> = tags.take(MOST).map(|tag| tag.id).collect();
    let others = ids.len().saturating_sub(1) as u64;
    let more = if others > 0 {
        format!("{} here · ", crate::scene::count_text(others, "more finding"))
    } else {
        String::new()
    };
    ui.label(RichText::new(format!("{more}click to look at it")).weak());
}

/// Children of a missing parent that are looked at.
const MOST_CHILDREN: usize = 1_000;

fn ghost_ui(ui: &mut Ui, data: &Workspace, state: &State, ghost: u32) {
    let Some(ghost) = data.store.ghosts().get(ghost as usize) else { return };
    ui.label(RichText::new("Parent not in this workspace").strong());
    if let Some(work) = data.known_work() {
        lost_ui(ui, data, &work.genai.lost_parent_name(&data.store, ghost), ghost);
    }
    ui.label(format!("span id {}", data.store.span_id_text(ghost.id)));
    let place = match ghost.remote {
        Some(true) => "in another process, say its children",
        Some(false) => "in the same process, say its children",
        None => "its children do not say where it ran",
    };
    ui.label(RichText::new(place).weak());
    let children = crate::scene::count_text(ghost.children.len() as u64, "span");
    ui.label(RichText::new(format!("named by {children}")).weak());
    let inputs: std::collections::BTreeSet<InputIx> =
        ghost.children.iter().take(MOST_CHILDREN).map(|child| data.store.span(*child).input_ix()).collect();
    for gap in incomplete(&data.store).iter().filter(|gap| inputs.contains(&gap.input)) {
        let text = format!("likely missing because {}", gap.short(&data.store));
        ui.label(RichText::new(text).color(state.theme().theme().warning));
    }
}

/// What the children say about their parent.
fn lost_ui(ui: &mut Ui, data: &Workspace, lost: &LostParent, ghost: &Ghost) {
    let Some(name) = lost.words(&data.store) else { return };
    ui.label(RichText::new(cut(&name)).italics());
    let path: Vec<&str> = lost.ancestors.iter().map(|ancestor| ancestor.name.as_str()).collect();
    if path.len() > 1 && path.iter().all(|name| !name.is_empty()) {
        ui.label(RichText::new(cut(&path.join(" > "))).weak());
    }
    ui.label(RichText::new(format!("read from {} of its children", cut(&lost.sources.join(", ")))).weak());
    let start_ns = lost.nearest().and_then(|nearest| nearest.start_ns).filter(|_| lost.is_exact);
    let first = ghost.children.iter().take(MOST_CHILDREN).map(|child| data.store.span(*child).drawn_ns().0).min();
    if let Some((start_ns, first_ns)) = start_ns.zip(first).filter(|(start_ns, first_ns)| start_ns <= first_ns) {
        let before = duration_text(first_ns.saturating_sub(start_ns));
        ui.label(RichText::new(format!("began {before} before its first child here, by their own stamps")).weak());
    }
}

fn cut(text: &str) -> String {
    let mut chars = text.chars();
    let mut short: String = chars.by_ref().take(MOST_CHARS).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}
