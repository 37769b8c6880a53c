//! How far apart cause and effect are stamped, per causal edge: distribution of those in view, and all over time.

use std::sync::Arc;

use egui::{Rect, RichText, TextEdit, Ui, pos2};
use egui_plot::{AxisHints, Bar, BarChart, FilledArea, GridMark, HLine, Line, MarkerShape, PlotUi, VLine};

use super::super::super::command::{Command, Queue};
use super::super::super::plots::separations::{Distribution, EdgeName, Gathered, Track, name_of};
use super::super::super::plots::series::Window;
use super::super::super::plots::{MOST_ROWS, PlotCommand, proof_of};
use super::super::super::state::State;
use super::super::super::workspace::Workspace;
use super::super::widgets::{counted, grouped};
use super::frame::{
    Mark, Origin, TimePlot, Words, captions_ui, columns, even_marks, inside, nothing_ui, ns_words, picked, plain,
    pointer_card_ui, points, share_words,
};
use super::words::{clock_name, copy, copy_ui, edge_card_ui, edge_line, list_ui, small_ui, strength_words};
use crate::analysis::clocks::separations::{LeastLatencies, Sample, Separations};
use crate::model::time::duration_text;
use crate::scene::Theme;
use crate::scene::theme::faded;

/// Width of the list of edges in points of normal text.
const LIST: f32 = 300.0;

/// The tab.
pub fn separations_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let Some(data) = &state.data else { return };
    let area = ui.available_rect_before_wrap();
    let Some(gathered) = state.session.plots.gathered.answer() else {
        return nothing_ui(ui, area, state, waiting(state));
    };
    let Some(name) = state.session.plots.shown_edge() else {
        return nothing_ui(ui, area, state, "No causal edge joins two clocks: there is nothing to separate.");
    };
    let split = area.left() + (LIST * state.settings.text_scale).min(area.width() * 0.32);
    let words = Rect::from_min_max(area.min, pos2(split - 10.0, area.bottom()));
    let rest = Rect::from_min_max(pos2(split, area.top()), area.max);
    let mut is_copied = inside(ui, words, "words", |ui| words_ui(ui, state, gathered, name, queue));
    let shown = state.session.plots.distribution.answer().filter(|shown| shown.track.name == name);
    let Some(shown) = shown else {
        return nothing_ui(ui, rest, state, "Working out how the messages are spread…");
    };
    let middle = rest.left() + rest.width() * 0.55;
    let left = Rect::from_min_max(rest.min, pos2(middle - 8.0, rest.bottom()));
    let right = Rect::from_min_max(pos2(middle, rest.top()), rest.max);
    distribution_ui(ui, state, left, shown, queue);
    is_copied |= track_ui(ui, state, data, right, &shown.track, queue);
    if is_copied {
        copy(&shown.track.rows(&data.store, state.session.view.time, MOST_ROWS), queue);
    }
}

/// Why there are no messages yet.
pub fn waiting(state: &State) -> &'static str {
    if state.is_analysing() {
        "Comparing the clocks…"
    } else if state.known().is_some() {
        "Collecting the messages between clocks…"
    } else {
        "The clocks could not be analysed."
    }
}

/// `browser → gateway · a request is sent before the server starts on it`.
fn edge_words(state: &State, name: EdgeName) -> String {
    let (from, to) = (clock_name(state, name.from), clock_name(state, name.to));
    format!("{from} → {to} · {}", name.rule.words())
}

/// The list of edges. Returns whether the data is to be copied.
fn words_ui(ui: &mut Ui, state: &State, gathered: &Arc<Gathered>, shown: EdgeName, queue: &mut Queue) -> bool {
    let theme = state.theme().theme();
    let plots = &state.session.plots;
    let mut is_copied = false;
    ui.horizontal(|ui| {
        is_copied = copy_ui(ui);
        let mut text = plots.filter.clone();
        let edit = TextEdit::singleline(&mut text).hint_text("Clock or rule").desired_width(f32::INFINITY);
        let edit = ui.add(edit.font(egui::TextStyle::Small));
        edit.widget_info(|| egui::WidgetInfo::labeled(egui::Role::TextInput, true, "Find causal edges"));
        if edit.changed() {
            queue.push(Command::Plots(PlotCommand::Filter(text)));
        }
    });
    let wanted = plots.filter.to_lowercase();
    let is_listed = |&at: &usize| {
        let name = gathered.edges.get(at).map(name_of);
        wanted.is_empty() || name.is_some_and(|name| edge_words(state, name).to_lowercase().contains(&wanted))
    };
    // Kinds of messages between clocks: as many as pairs and rules, not as messages.
    let listed: Vec<usize> = gathered.order.iter().copied().filter(is_listed).collect();
    if listed.is_empty() {
        small_ui(ui, "No causal edge is called so.", theme.text_dim);
    }
    let row = |row: usize| {
        let Some(edge) = gathered.edges.get(listed[row]) else { return (String::new(), false, None) };
        let name = name_of(edge);
        let is_backwards = edge.share_below(0) > 0.0;
        let color = if is_backwards { theme.warning } else { theme.text };
        let words = format!("{} · {}", edge_words(state, name), counted(edge.len() as u64, "message"));
        (words, name == shown, Some(color))
    };
    if let Some(row) = list_ui(ui, "edges", listed.len(), row)
        && let Some(edge) = gathered.edges.get(listed[row])
    {
        queue.push(Command::Plots(PlotCommand::Edge(name_of(edge))));
    }
    is_copied
}

fn least_words(least: &LeastLatencies) -> String {
    let at = duration_text;
    format!(
        "δ-min {} · 0.1 % {} · 1 % {} · 5 % {} · median {}",
        at(least.least_ns),
        at(least.per_mille_ns),
        at(least.percent_ns),
        at(least.five_percent_ns),
        at(least.median_ns)
    )
}

/// `12 of 240 messages in view backwards: 5.0 %`, or how rare that must be.
fn violation_words(shown: &Separations, least: Option<&LeastLatencies>) -> String {
    let (backwards, unclear) = shown.backwards();
    let all = counted(shown.len() as u64, "message");
    let mut words = if backwards > 0 {
        let share = backwards as f64 / shown.len().max(1) as f64 * 100.0;
        format!("{} of {all} in view backwards: {share:.1} %", grouped(backwards as u64))
    } else {
        let most = least.map_or(1.0, LeastLatencies::most_violations) * 100.0;
        format!("{all} in view, none backwards: at most {most:.1} % with 95 % confidence")
    };
    if unclear > 0 {
        words = format!("{words}, {} too close to tell", grouped(unclear as u64));
    }
    words
}

fn distribution_ui(ui: &mut Ui, state: &State, rect: Rect, shown: &Arc<Distribution>, queue: &mut Queue) {
    let theme = state.theme().theme();
    let scale = state.settings.text_scale;
    let line = ui.text_style_height(&egui::TextStyle::Small) + 2.0;
    let (head, plot) = rect.split_top_bottom_at_y(rect.top() + line * 2.0 + 4.0);
    let name = edge_words(state, shown.track.name);
    let (first, second) = head_words(shown);
    let painter = ui.painter().with_clip_rect(head);
    let font = egui::FontId::proportional(11.0 * scale);
    painter.text(head.min, egui::Align2::LEFT_TOP, &first, font.clone(), theme.text);
    let mut job = egui::text::LayoutJob::simple_singleline(second.clone(), font, theme.text_dim);
    job.wrap = egui::text::TextWrapping::truncate_at_width(head.width());
    painter.galley(head.min + egui::vec2(0.0, line), painter.layout_job(job), theme.text_dim);
    if shown.shown.is_empty() {
        return nothing_ui(ui, plot, state, "No message of this edge is in view.");
    }
    let sure = strength_words(shown.track.name.rule.strength());
    let summary = format!("Separations: {name}, {sure}; {first}; {second}");
    let shapes = DistributionShapes::new(shown, theme);
    let most = shapes.most;
    let counts: Words = Arc::new(move |value| {
        let count = value * most;
        if value < 1.0 + 1e-6 && (count - count.round()).abs() < 1e-6 {
            grouped(count.round() as u64)
        } else {
            String::new()
        }
    });
    let size = 10.5 * scale;
    let (low, high) = (shown.width.0 as f64, shown.width.1 as f64);
    let room = ((high - low) * 0.03).max(500.0);
    let shares = share_words();
    let left = AxisHints::new_y()
        .formatter(move |mark, _| counts(mark.value))
        .min_thickness(46.0 * scale)
        .label_spacing(egui::Rangef::new(14.0, 15.0));
    let right = AxisHints::new_y()
        .formatter(move |mark, _| shares(mark.value))
        .placement(egui_plot::HPlacement::Right)
        .min_thickness(46.0 * scale)
        .label_spacing(egui::Rangef::new(14.0, 15.0));
    let words = ns_words();
    let below = AxisHints::new_x().formatter(move |mark: GridMark, _| words(mark.value));
    let hints = |hints: AxisHints<'static>| {
        hints.tick_label_color(theme.text_dim).tick_label_font(egui::FontId::monospace(size))
    };
    let gap = f64::from(72.0 * scale);
    let plot_ui = plain("distribution", theme, scale, None)
        .custom_y_axes(vec![hints(left), hints(right)])
        .custom_x_axes(vec![hints(below)])
        .x_grid_spacer(move |input| even_marks(&input, gap))
        .sense(egui::Sense::click());
    let response = inside(ui, plot, "distribution", |ui| {
        plot_ui.show(ui, move |ui| {
            ui.set_plot_bounds_x(low - room..=high + room);
            // Room for the words above the line that ends at 100 %.
            ui.set_plot_bounds_y(0.0..=1.16);
            shapes.draw(ui);
        })
    });
    let done = picked(ui, state, &response, &[], &summary, queue);
    if let Some(rect) = done.rect {
        captions_ui(ui, rect, state, "", "bars: messages · line: share up to here, 95 % band");
    }
    if let Some(pos) = response.response.hover_pos() {
        let ns = response.transform.value_from_position(pos).x as i64;
        let share = shown.shown.share_below(ns.saturating_add(1)) * 100.0;
        let card = format!(
            "{share:.1} % of {} are at most {} apart",
            counted(shown.shown.len() as u64, "message"),
            duration_text(ns)
        );
        response.response.clone().on_hover_ui_at_pointer(|ui| {
            ui.label(RichText::new(card).small());
        });
    }
}

/// Two lines above the distribution.
fn head_words(shown: &Distribution) -> (String, String) {
    let first = violation_words(&shown.shown, shown.least.as_ref());
    let mut second = shown.least.as_ref().map_or_else(|| "no separation is positive".to_owned(), least_words);
    let (left, right) = shown.beyond;
    for (count, side) in [(left, "left"), (right, "right")] {
        if count > 0 {
            second = format!("{second} · {} further {side}", grouped(count as u64));
        }
    }
    (first, second)
}

/// Everything that the distribution draws, owned by the plot.
struct DistributionShapes {
    bars: Vec<Bar>,
    steps: Vec<[f64; 2]>,
    confidence: f64,
    least: Option<LeastLatencies>,
    /// Messages in the highest bin.
    most: f64,
    theme: &'static Theme,
}

impl DistributionShapes {
    fn new(shown: &Distribution, theme: &'static Theme) -> Self {
        let histogram = &shown.histogram;
        let most = histogram.counts.iter().copied().max().unwrap_or(1).max(1) as f64;
        let width = histogram.width_ns.max(1) as f64;
        let bar = |(at, &count): (usize, &usize)| {
            let middle = histogram.first_ns as f64 + (at as f64 + 0.5) * width;
            let color = if middle < 0.0 { theme.warning } else { theme.overview };
            Bar::new(middle, count as f64 / most).width(width * 0.94).fill(color).stroke(egui::Stroke::NONE)
        };
        let bars = histogram.counts.iter().enumerate().filter(|(_, count)| **count > 0).map(bar).collect();
        let mut steps = Vec::with_capacity(shown.steps.len() * 2 + 2);
        let mut before = 0.0;
        steps.push([shown.width.0 as f64 - width, shown.shown.share_below(shown.width.0)]);
        for &(ns, share) in &shown.steps {
            steps.push([ns as f64, before]);
            steps.push([ns as f64, share]);
            before = share;
        }
        steps.push([shown.width.1 as f64 + width, before]);
        Self { bars, steps, confidence: shown.confidence, least: shown.least, most, theme }
    }

    fn draw(self, ui: &mut PlotUi<'_>) {
        let theme = self.theme;
        ui.bar_chart(BarChart::new("messages", self.bars));
        let xs: Vec<f64> = self.steps.iter().map(|step| step[0]).collect();
        let band = |by: f64| self.steps.iter().map(|step| (step[1] + by).clamp(0.0, 1.0)).collect::<Vec<_>>();
        let area = FilledArea::new("95 %", &xs, &band(-self.confidence), &band(self.confidence));
        ui.add(area.fill_color(faded(theme.text, 0.1)));
        // Two values at one time are a step, not a band.
        ui.line(Line::new("share", self.steps).color(theme.text).width(1.4).allow_band(false));
        ui.vline(VLine::new("zero", 0.0).color(theme.text_faint).width(1.0));
        if let Some(least) = self.least {
            let lines = [least.least_ns, least.per_mille_ns, least.percent_ns, least.five_percent_ns];
            for (at, ns) in lines.into_iter().enumerate() {
                let line = VLine::new("δ-min", ns as f64).color(theme.clock).width(if at == 0 { 1.4 } else { 0.8 });
                ui.vline(line.style(egui_plot::LineStyle::dashed_dense()));
            }
        }
    }
}

fn track_ui(ui: &mut Ui, state: &State, data: &Workspace, rect: Rect, track: &Track, queue: &mut Queue) -> bool {
    let theme = state.theme().theme();
    let time = state.session.view.time;
    let (thinned, height) = track.view(&Window::on(state.session.view.axis(), time, columns(rect)));
    let origin = Origin::of(state);
    let mark = |&at: &usize| {
        let (at_ns, separation_ns) = track.series.get(at);
        Mark { at, x: origin.x(at_ns), y: separation_ns as f64 }
    };
    let marks: Vec<Mark> = thinned.at.iter().map(mark).collect();
    let proof = |sample: &Sample| proof_of(sample, track.name.rule);
    let current = state.session.plots.point.and_then(|at| track.samples.get(at));
    let shown = counted(marks.len() as u64, "message");
    let hidden = if thinned.hidden > 0 {
        format!(", {} more share a column with them", grouped(thinned.hidden as u64))
    } else {
        String::new()
    };
    let summary = current.map_or_else(
        || format!("Separations over time: {shown} shown{hidden}; {}", TimePlot::time_words(state)),
        |sample| format!("Message {}; {}", edge_line(&data.store, &proof(sample)), sample_words(sample)),
    );
    let kinds = [(false, false), (true, false), (false, true)];
    let groups = kinds.map(|kind| {
        let is_of = |mark: &&Mark| {
            let sample = track.samples.get(mark.at);
            sample.is_some_and(|sample| (sample.is_backwards(), sample.is_unclear) == kind)
        };
        marks.iter().filter(is_of).map(|mark| [mark.x, mark.y]).collect::<Vec<_>>()
    });
    let draw = move |ui: &mut PlotUi<'_>| {
        let [forward, backward, unclear] = groups;
        ui.hline(HLine::new("zero", 0.0).color(theme.text_faint).width(1.0));
        ui.points(points("forward", forward, MarkerShape::Circle, theme.overview, true).radius(2.4));
        ui.points(points("too close to tell", unclear, MarkerShape::Circle, theme.text_dim, false));
        ui.points(points("backwards", backward, MarkerShape::Down, theme.warning, true));
    };
    let plot = TimePlot {
        id: "track",
        summary,
        height: (height.0 as f64, height.1 as f64),
        numbers: Some(ns_words()),
        scale: None,
        has_times: true,
        state,
    };
    let done = plot.ui(ui, rect, &marks, draw, queue);
    if let Some(place) = done.rect {
        captions_ui(ui, place, state, &format!("separation over time{hidden}"), &TimePlot::time_words(state));
    }
    if let Some(sample) = done.hovered.and_then(|at| track.samples.get(at)) {
        let notes = [sample_words(sample)];
        pointer_card_ui(ui, |ui| edge_card_ui(ui, theme, &data.store, &proof(sample), &notes));
    }
    if let Some(sample) = done.activated.and_then(|at| track.samples.get(at)) {
        queue.push(Command::Plots(PlotCommand::Select(proof(sample).cause)));
    }
    done.is_copied
}

fn sample_words(sample: &Sample) -> String {
    if sample.is_backwards() {
        "runs backwards in raw times".to_owned()
    } else if sample.is_unclear {
        "too close to tell: the stamps are rounded".to_owned()
    } else {
        "in order in raw times".to_owned()
    }
}
