//! Where time went, by phase: busy time as a bar with a whisker where clocks differ, sums beside it.

use egui::{Align, Align2, Label, Layout, Rect, RichText, ScrollArea, Sense, Stroke, Ui, pos2, vec2};

use super::super::command::Queue;
use super::super::people::PeopleCommand;
use super::super::phases::{Scope, ShownPhases, Whose};
use super::super::state::State;
use super::details::turn_name;
use super::widgets::{counted, segmented};
use crate::analysis::clocks::words::range_text;
use crate::analysis::genai::{Between, GenAi, PhaseTime};
use crate::model::TraceStore;
use crate::model::time::duration_text;
use crate::scene::{Theme, phase_colors};

/// Points between numbers and the words behind them.
const MADE_OF_GAP: f32 = 10.0;
/// Widths of the columns beside the bar in points at normal text: name, busy, sum, wall, made of, count.
const WIDTHS: [f32; 6] = [120.0, 110.0, 76.0, 110.0, 250.0, 60.0];

/// The tab.
pub fn phases_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let Some(data) = &state.data else { return };
    if data.known_work().is_some() && !state.has_conversations() {
        ui.label(RichText::new("Nothing in these inputs says anything about AI work.").weak());
        return;
    }
    let shown = state.session.phases.of_tab.shown.as_deref();
    ui.horizontal(|ui| {
        let chosen = state.session.phases.scope;
        let choices = [
            ("Selection", Scope::Selection),
            ("Its turn", Scope::Turn),
            ("Its agent", Scope::Agent),
            ("Everything", Scope::Everything),
        ];
        let choices = choices.into_iter().map(|(name, it)| (name, PeopleCommand::Phases(it).into(), it == chosen));
        segmented(ui, state.theme().theme(), choices.collect(), queue);
        ui.add_space(6.0);
        let (Some(work), Some(shown)) = (data.known_work(), shown) else {
            ui.label(RichText::new("Adding up…").weak());
            return;
        };
        ui.add(Label::new(RichText::new(whose_words(&data.store, &work.genai, shown.whose())).strong()).truncate());
    });
    let Some(shown) = shown else { return };
    ui.add(Label::new(RichText::new(total_words(shown)).weak()).wrap().selectable(true));
    ui.add_space(2.0);
    if shown.breakdown.phases.is_empty() {
        ui.label(RichText::new("No time of a known phase: none of these spans is AI work.").weak());
        return;
    }
    let most = |time: &PhaseTime| time.busy.hi_ns.unwrap_or(time.busy.lo_ns);
    let longest = shown.breakdown.phases.iter().map(most).max().unwrap_or(1).max(1);
    let row = Row { state, theme: state.theme().theme(), scale: state.settings.text_scale, longest };
    ScrollArea::vertical().auto_shrink(false).id_salt("phases").show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        row.head_ui(ui);
        for time in &shown.breakdown.phases {
            row.phase_ui(ui, time);
        }
    });
}

fn whose_words(store: &TraceStore, genai: &GenAi, whose: &Whose) -> String {
    match whose {
        Whose::Spans(spans) => format!("of {} and everything below", counted(spans.len() as u64, "selected span")),
        Whose::Turn(turn) => format!("of {}", turn_name(store, genai, *turn)),
        Whose::Agent(agent) => {
            let agent = genai.agents().get(agent.at());
            format!("of the agent {}", agent.map_or("?", |agent| agent.name.as_str()))
        }
        Whose::Everything => "of everything".to_owned(),
    }
}

/// `busy 4.1–4.6 s of 5.17 s wall · 7.3 s added up · 3 clocks`.
fn total_words(shown: &ShownPhases) -> String {
    let breakdown = &shown.breakdown;
    let sum = breakdown.phases.iter().fold(0_i64, |sum, time| sum.saturating_add(time.sum_ns()));
    let wall = breakdown.wall.map_or_else(|| "unknown".to_owned(), words);
    let clocks = counted(breakdown.clocks.into(), "clock");
    format!("busy {} of {wall} wall · {} added up · {clocks}", words(breakdown.busy), duration_text(sum))
}

fn words(between: Between) -> String {
    // Without a bound from below nothing is known: a wall across clocks that never met.
    let lo = (between.lo_ns != i64::MIN).then_some(between.lo_ns);
    range_text(lo, between.hi_ns)
}

struct Row<'a> {
    state: &'a State,
    theme: &'a Theme,
    scale: f32,
    longest: i64,
}

impl Row<'_> {
    fn cell(&self, ui: &mut Ui, column: usize, text: RichText, is_number: bool) {
        let size = vec2(WIDTHS[column] * self.scale, 18.0 * self.scale);
        let layout =
            if is_number { Layout::right_to_left(Align::Center) } else { Layout::left_to_right(Align::Center) };
        ui.allocate_ui_with_layout(size, layout, |ui| {
            ui.set_min_width(size.x);
            ui.add(Label::new(text).truncate());
        });
    }

    fn bar_width(&self, ui: &Ui) -> f32 {
        let others: f32 = WIDTHS.iter().sum::<f32>() * self.scale + 7.0 * ui.spacing().item_spacing.x + MADE_OF_GAP;
        (ui.available_width() - others).clamp(60.0, 420.0 * self.scale)
    }

    fn head_ui(&self, ui: &mut Ui) {
        ui.horizontal(|ui| {
            let width = self.bar_width(ui);
            let head = |text: &str| RichText::new(text).small().weak();
            self.cell(ui, 0, head("phase"), false);
            ui.allocate_exact_size(vec2(width, 12.0), Sense::hover());
            self.cell(ui, 1, head("busy (union)"), true);
            self.cell(ui, 2, head("sum"), true);
            self.cell(ui, 3, head("wall"), true);
            ui.add_space(MADE_OF_GAP);
            self.cell(ui, 4, head("made of"), false);
            self.cell(ui, 5, head("count"), true);
        });
    }

    fn phase_ui(&self, ui: &mut Ui, time: &PhaseTime) {
        ui.horizontal(|ui| {
            let width = self.bar_width(ui);
            self.cell(ui, 0, RichText::new(time.phase.label()), false);
            let (rect, response) = ui.allocate_exact_size(vec2(width, 16.0 * self.scale), Sense::hover());
            self.paint(ui, rect, time);
            response.on_hover_text(
                "Time during which at least one of them went on; the whisker is what the clocks leave open",
            );
            self.cell(ui, 1, RichText::new(words(time.busy)).monospace(), true);
            self.cell(ui, 2, RichText::new(duration_text(time.sum_ns())).monospace(), true);
            self.cell(ui, 3, RichText::new(wall_words(time)).monospace(), true);
            ui.add_space(MADE_OF_GAP);
            self.cell(ui, 4, RichText::new(made_of(time)).small().color(self.theme.text_dim), false);
            self.cell(ui, 5, RichText::new(super::widgets::grouped(time.count)).monospace(), true);
        });
    }

    /// Solid up to what is certain, hatched where it is derived, grey where nothing accounts for it.
    fn paint(&self, ui: &Ui, rect: Rect, time: &PhaseTime) {
        let painter = ui.painter();
        painter.rect_filled(rect, 2.0, self.theme.control);
        let x = |ns: i64| rect.left() + rect.width() * (ns as f64 / self.longest as f64).clamp(0.0, 1.0) as f32;
        let sure = Rect::from_min_max(rect.min, pos2(x(time.busy.lo_ns).max(rect.left() + 1.0), rect.bottom()));
        painter.rect_filled(sure, 2.0, phase_colors(time.phase, self.state.theme()).fill);
        let share = |ns: i64| ns as f64 / time.sum_ns().max(1) as f64;
        let solid_to = sure.left() + sure.width() * share(time.real_ns) as f32;
        let grey_from = sure.right() - sure.width() * share(time.unaccounted_ns) as f32;
        painter.rect_filled(sure.with_min_x(grey_from), 2.0, self.theme.unknown);
        let derived = Rect::from_x_y_ranges(solid_to..=grey_from.max(solid_to), rect.y_range());
        let hatch = painter.with_clip_rect(derived.intersect(ui.clip_rect()));
        let mut left = derived.left() - derived.height();
        while left < derived.right() && derived.width() > 0.5 {
            let ends = [pos2(left, derived.bottom()), pos2(left + derived.height(), derived.top())];
            hatch.line_segment(ends, Stroke::new(1.0, self.theme.canvas.gamma_multiply(0.6)));
            left += 6.0;
        }
        let (lo, hi) = (time.busy.lo_ns, time.busy.hi_ns);
        if hi != Some(lo) {
            let (from, to) = (x(lo), hi.map_or(rect.right(), x));
            let stroke = Stroke::new(1.5, self.theme.text);
            painter.hline(from..=to, rect.center().y, stroke);
            let half = rect.height() * 0.3;
            for end in [Some(from), hi.map(x)].into_iter().flatten() {
                painter.vline(end, rect.center().y - half..=rect.center().y + half, stroke);
            }
            if hi.is_none() {
                let font = egui::FontId::proportional(10.0 * self.scale);
                painter.text(rect.right_center(), Align2::RIGHT_CENTER, "→", font, self.theme.text);
            }
        }
    }
}

fn wall_words(time: &PhaseTime) -> String {
    time.wall.map_or_else(|| "unknown".to_owned(), words)
}

/// The same in a narrow column: a line of numbers for each phase, and where clocks differ intervals.
pub fn narrow_ui(ui: &mut Ui, state: &State, shown: &ShownPhases) {
    let (theme, scale) = (state.theme().theme(), state.settings.text_scale);
    ui.add(Label::new(RichText::new(total_words(shown)).weak()).wrap().selectable(true));
    let is_exact = |time: &PhaseTime| [Some(time.busy), time.wall].iter().flatten().all(|it| it.exact_ns().is_some());
    if shown.breakdown.phases.is_empty() {
        return;
    }
    let space = ui.spacing().item_spacing.x;
    let room = ui.available_width() - 3.0 * space;
    let (name, number) = (room * 0.34, room * 0.22);
    let cell = |ui: &mut Ui, width: f32, is_number: bool, text: RichText| {
        let layout =
            if is_number { Layout::right_to_left(Align::Center) } else { Layout::left_to_right(Align::Center) };
        let size = vec2(width, 17.0 * scale);
        let label = Label::new(text).truncate();
        ui.allocate_ui_with_layout(size, layout, |ui| {
            ui.set_min_width(width);
            ui.add(label)
        })
        .inner
    };
    ui.spacing_mut().item_spacing.y = 2.0;
    ui.horizontal(|ui| {
        cell(ui, name, false, RichText::new("phase").small().weak());
        for head in ["busy (union)", "sum", "wall"] {
            cell(ui, number, true, RichText::new(head).small().weak());
        }
    });
    for time in &shown.breakdown.phases {
        ui.horizontal(|ui| {
            let (rect, _) = ui.allocate_exact_size(vec2(8.0, 8.0) * scale, Sense::hover());
            ui.painter().rect_filled(rect, 1.5, phase_colors(time.phase, state.theme()).fill);
            let label = RichText::new(time.phase.label()).small().color(theme.text);
            cell(ui, name - 8.0 * scale - space, false, label).on_hover_text(made_of(time));
            for text in [words(time.busy), duration_text(time.sum_ns()), wall_words(time)] {
                cell(ui, number, true, RichText::new(text).monospace().small());
            }
        });
    }
    if !shown.breakdown.phases.iter().all(is_exact) {
        let text = "Intervals hold what the clocks leave open.";
        ui.add(Label::new(RichText::new(text).small().weak()).wrap());
    }
}

/// `1.2 s real, 0.4 s derived`.
fn made_of(time: &PhaseTime) -> String {
    let parts = [(time.real_ns, "real"), (time.derived_ns, "derived"), (time.unaccounted_ns, "unaccounted")];
    let parts: Vec<String> =
        parts.into_iter().filter(|(ns, _)| *ns > 0).map(|(ns, what)| format!("{} {what}", duration_text(ns))).collect();
    parts.join(", ")
}
