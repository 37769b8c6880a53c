//! When raw times ran backwards: the rate over time, and which clocks were not healthy when.

use egui::{Button, Color32, Rect, RichText, ScrollArea, Ui, pos2, vec2};
use egui_plot::{Bar, BarChart, MarkerShape, PlotUi};

use super::super::super::command::{Command, Queue};
use super::super::super::plots::health::{HealthPlot, Strip, StripOf};
use super::super::super::plots::series::Window;
use super::super::super::plots::{PlotCommand, proof_of};
use super::super::super::state::State;
use super::super::super::workspace::Workspace;
use super::super::widgets::{counted, grouped};
use super::frame::{
    Mark, Origin, Place, TimePlot, captions_ui, columns, inside, nothing_ui, pointer_card_ui, points, share_words,
};
use super::separations::waiting;
use super::words::{answer_ui, clock_name, copy, copy_ui, edge_card_ui, edge_line, list_ui, point_ui, small_ui};
use crate::analysis::clocks::safety::{Ground, Safety, Verdict};
use crate::analysis::clocks::words::offset_text;
use crate::model::time::{MIN, S, duration_text};
use crate::scene::{Theme, TimeRange};

/// How long a violation may count.
const WINDOWS: [i64; 4] = [S, 10 * S, 30 * S, 5 * MIN];
/// Height of a strip in points of normal text.
const STRIP: f32 = 16.0;

/// The tab.
pub fn health_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let Some(data) = &state.data else { return };
    let place = Place::of(ui, state);
    let time = place.time(state);
    let Some(plot) = state.session.plots.health.answer() else {
        return nothing_ui(ui, place.plots, state, waiting(state));
    };
    let mut is_copied = false;
    inside(ui, place.words, "words", |ui| {
        // The list keeps room for a few rows, however much there is to say.
        let rows = 4.0 * (ui.text_style_height(&egui::TextStyle::Small) + 6.0 + ui.spacing().item_spacing.y);
        let most = (ui.available_height() - rows).max(40.0);
        let words = ScrollArea::vertical().id_salt("health-words").max_height(most).auto_shrink([false, true]);
        words.show(ui, |ui| {
            words_ui(ui, state, plot, queue);
            ui.horizontal(|ui| is_copied = copy_ui(ui));
            super::super::widgets::follow_focus(ui);
        });
        let name = |of: StripOf| strip_name(state, of);
        let row = |at: usize| {
            let strip = &plot.strips[at];
            let theme = state.theme().theme();
            let color = match strip.verdict.map(|verdict| verdict.safety) {
                Some(safety) => safety_color(safety, theme),
                None if strip.backwards > 0 => theme.warning,
                None => theme.text,
            };
            (strip_words(&name(strip.of), strip), strip.of == state.session.plots.health_of, Some(color))
        };
        if let Some(at) = list_ui(ui, "health", plot.strips.len(), row)
            && let Some(strip) = plot.strips.get(at)
        {
            queue.push(Command::Plots(PlotCommand::HealthOf(strip.of)));
        }
    });
    if plot.strips.iter().all(|strip| strip.checked == 0 && strip.backwards == 0) {
        return nothing_ui(
            ui,
            place.plots,
            state,
            "No message goes from one clock to another: nothing can run backwards.",
        );
    }
    let split = place.plots.top() + (place.plots.height() * 0.5).max(40.0);
    let above = Rect::from_min_max(place.plots.min, pos2(place.plots.right(), split - 4.0));
    let below = Rect::from_min_max(pos2(place.plots.left(), split), place.plots.max);
    is_copied |= rate_ui(ui, state, data, &place, above, plot, queue);
    is_copied |= strips_ui(ui, state, &place, below, plot, queue);
    if is_copied {
        copy(&plot.rows(|of| strip_name(state, of), time), queue);
    }
}

fn strip_name(state: &State, of: StripOf) -> String {
    match of {
        StripOf::All => "all clocks".to_owned(),
        StripOf::Contradictions => "what no offset explains".to_owned(),
        StripOf::Pair(from, to) => format!("{} → {}", clock_name(state, from), clock_name(state, to)),
        StripOf::Edge(name) => {
            let (from, to) = (clock_name(state, name.from), clock_name(state, name.to));
            format!("{from} → {to}: {}", name.rule.words())
        }
    }
}

fn strip_words(name: &str, strip: &Strip) -> String {
    match strip.of {
        StripOf::Contradictions => format!("{name} · {}", counted(strip.backwards as u64, "finding")),
        _ => {
            let (backwards, checked) = (grouped(strip.backwards as u64), grouped(strip.checked as u64));
            let verdict = strip.verdict.map(|verdict| format!("{} · ", verdict.safety)).unwrap_or_default();
            let indent = if strip.of.is_kind() { "    " } else { "" };
            format!("{indent}{verdict}{name} · {backwards} of {checked} backwards")
        }
    }
}

fn words_ui(ui: &mut Ui, state: &State, plot: &HealthPlot, queue: &mut Queue) {
    let theme = state.theme().theme();
    answer_ui(ui, strip_name(state, plot.of), theme.text);
    if let Some(verdict) = plot.chosen().and_then(|strip| strip.verdict) {
        let color = safety_color(verdict.safety, theme);
        small_ui(ui, verdict_words(state, plot.of, &verdict), color);
    }
    for line in lines(plot) {
        small_ui(ui, line, theme.text_dim);
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 3.0;
        ui.label(RichText::new("counts for").small().weak());
        for window_ns in WINDOWS {
            let is_on = state.session.plots.window_ns == window_ns;
            let text = duration_text(window_ns).replace(" min 00 s", " min");
            let button = ui.add(Button::selectable(is_on, RichText::new(&text).small()));
            button.widget_info(|| {
                egui::WidgetInfo::selected(egui::Role::Button, true, is_on, format!("A violation counts for {text}"))
            });
            if button.clicked() {
                queue.push(Command::Plots(PlotCommand::Window(window_ns)));
            }
        }
    });
    small_ui(ui, "line: healthy · block: not, for so long", theme.text_dim);
    ui.horizontal_wrapped(|ui| {
        for safety in [Safety::Safe, Safety::Broken, Safety::Unknown] {
            let (rect, _) = ui.allocate_exact_size(vec2(9.0, 12.0), egui::Sense::hover());
            let (shape, is_filled) = safety_shape(safety);
            point_ui(ui.painter(), rect.center(), shape, safety_color(safety, theme), is_filled);
            let words = RichText::new(safety.to_string()).small().color(theme.text_dim);
            ui.label(words).on_hover_text(safety_words(safety));
        }
    });
}

const fn safety_words(safety: Safety) -> &'static str {
    match safety {
        Safety::Safe => "Raw times keep the order of these messages, wherever the offset lies within its bounds.",
        Safety::Broken => "Raw times do not keep the order of these messages.",
        Safety::Unknown => "The bounds do not tell whether raw times keep the order of these messages.",
    }
}

/// Shapes that are told apart without colours: the shape, and whether it is filled.
const fn safety_shape(safety: Safety) -> (MarkerShape, bool) {
    match safety {
        Safety::Safe => (MarkerShape::Circle, true),
        Safety::Unknown => (MarkerShape::Circle, false),
        Safety::Broken => (MarkerShape::Down, true),
    }
}

/// How an answer looks: its colour; the shapes differ too.
const fn safety_color(safety: Safety, theme: &Theme) -> Color32 {
    match safety {
        Safety::Safe => theme.good,
        Safety::Unknown => theme.text_dim,
        Safety::Broken => theme.warning,
    }
}

/// The answer in a sentence: `safe: gateway is at most 3 ms behind browser, a round trip takes at least 9 ms`.
fn verdict_words(state: &State, of: StripOf, verdict: &Verdict) -> String {
    let Some((from, to)) = of.pair() else { return String::new() };
    let (from, to) = (clock_name(state, from), clock_name(state, to));
    let offset = offset_text(verdict.lo_ns, verdict.hi_ns);
    let least = verdict.least_ns.map(duration_text).unwrap_or_default();
    let why = match verdict.ground {
        Ground::Seen { backwards, checked } => {
            let (backwards, checked) = (grouped(backwards as u64), counted(checked as u64, "message"));
            format!("{backwards} of {checked} ran backwards")
        }
        Ground::TooClose(count) => format!("{} too close to tell", counted(count as u64, "message")),
        Ground::NoOneOffset => "no one offset fits: see Clock offsets".to_owned(),
        Ground::NoRoundTrip => format!("nothing says how far {to} may be behind {from}"),
        Ground::Bounds => format!("δ-min {least} against that"),
    };
    let is_offset_known = verdict.lo_ns.is_some() || verdict.hi_ns.is_some();
    let offset = if is_offset_known { format!("{to} is {offset}; ") } else { String::new() };
    format!("{}: {offset}{why}", verdict.safety)
}

/// Numbers of what is chosen, line by line.
fn lines(plot: &HealthPlot) -> Vec<String> {
    if plot.of == StripOf::Contradictions {
        let found = plot.chosen().map_or(0, |strip| strip.backwards);
        return vec![format!("{}, by the times of its witnesses", counted(found as u64, "finding"))];
    }
    let found = &plot.violations;
    let mut lines = Vec::new();
    if plot.of == StripOf::All {
        let [safe, unknown, broken] = plot.verdicts();
        lines.push(format!("raw order of pairs: {safe} safe, {unknown} unknown, {broken} broken"));
    }
    lines.push(format!(
        "{} of {} messages backwards: {:.2} %",
        grouped(found.backwards as u64),
        grouped(found.checked as u64),
        found.share() * 100.0
    ));
    if found.unclear > 0 {
        lines.push(format!("{} too close to tell", grouped(found.unclear as u64)));
    }
    if found.backwards > 0 {
        let (bad, all) = (grouped(found.traces_backwards as u64), counted(found.traces as u64, "trace"));
        lines.push(format!("{:.3} per second, in {bad} of {all}", found.per_second()));
    }
    lines
}

fn rate_ui(
    ui: &mut Ui,
    state: &State,
    data: &Workspace,
    place: &Place,
    rect: Rect,
    plot: &HealthPlot,
    queue: &mut Queue,
) -> bool {
    let theme = state.theme().theme();
    let (time, origin) = (place.time(state), Origin::of(state));
    let window = |points: usize| Window::on(place.scale.axis(), time, columns(rect) / points);
    // Bars that can be told apart.
    let rates = plot.rates(&window(5));
    let most = rates.iter().map(|rate| rate.backwards as f64 / rate.checked as f64).fold(0.0, f64::max);
    // Room above the bars for points, and for words above those.
    let height = if most > 0.0 { most * 1.5 } else { 0.05 };
    let thinned = plot.series.thinned(&window(4));
    let mark = |&at: &usize| Mark { at, x: origin.x(plot.series.get(at).0), y: height * 0.8 };
    let marks: Vec<Mark> = thinned.at.iter().map(mark).collect();
    let bars: Vec<Bar> = rates
        .iter()
        .map(|rate| {
            let (from, to) = (origin.x(rate.from_ns), origin.x(rate.to_ns));
            let share = rate.backwards as f64 / rate.checked as f64;
            // A bar of nothing is still there: messages were looked at.
            let (high, color) = if rate.backwards > 0 { (share, theme.warning) } else { (height * 0.012, theme.good) };
            Bar::new(f64::midpoint(from, to), high).width((to - from) * 0.92).fill(color).stroke(egui::Stroke::NONE)
        })
        .collect();
    let places: Vec<[f64; 2]> = marks.iter().map(|mark| [mark.x, mark.y]).collect();
    let current = state.session.plots.point.and_then(|at| plot.backwards.get(at));
    let summary = current.map_or_else(
        || {
            let name = strip_name(state, plot.of);
            format!(
                "Causality health, violation rate: {name}, {}; {}",
                lines(plot).join(", "),
                TimePlot::time_words(state)
            )
        },
        |found| format!("Message {}", edge_line(&data.store, &proof_of(&found.sample, found.rule))),
    );
    let time_plot = TimePlot {
        id: "violations",
        summary,
        height: (0.0, height),
        numbers: Some(share_words()),
        scale: Some(place.scale.clone()),
        has_times: false,
        state,
    };
    let draw = move |ui: &mut PlotUi<'_>| {
        ui.bar_chart(BarChart::new("backwards", bars));
        ui.points(points("backwards", places, MarkerShape::Down, theme.warning, true));
    };
    let done = time_plot.ui(ui, rect, &marks, draw, queue);
    if let Some(rect) = done.rect {
        let what = format!("violation rate: {} · ▼ a message that runs backwards", strip_name(state, plot.of));
        captions_ui(ui, rect, state, &what, &TimePlot::time_words(state));
    }
    if let Some(found) = done.hovered.and_then(|at| plot.backwards.get(at)) {
        let notes = ["runs backwards in raw times".to_owned()];
        let proof = proof_of(&found.sample, found.rule);
        pointer_card_ui(ui, |ui| edge_card_ui(ui, theme, &data.store, &proof, &notes));
    }
    if let Some(found) = done.activated.and_then(|at| plot.backwards.get(at)) {
        queue.push(Command::Plots(PlotCommand::Select(proof_of(&found.sample, found.rule).cause)));
    }
    done.is_copied
}

/// One strip per pair of clocks, healthy as a line, unhealthy as a block.
fn strips_ui(ui: &mut Ui, state: &State, place: &Place, rect: Rect, plot: &HealthPlot, queue: &mut Queue) -> bool {
    let theme = state.theme().theme();
    let (time, origin) = (place.time(state), Origin::of(state));
    let line = STRIP * state.settings.text_scale;
    let room = (((rect.height() - 22.0) / line) as usize).max(2);
    // Kinds of messages are in the list; here only those of the pair that is looked at.
    let is_wanted = |strip: &&Strip| !strip.of.is_kind() || strip.of.pair() == plot.of.pair();
    let wanted: Vec<&Strip> = plot.strips.iter().filter(is_wanted).collect();
    let shown: Vec<&Strip> = wanted.iter().copied().take(room).collect();
    let rest = wanted.len() - shown.len();
    let blocks: Vec<Vec<TimeRange>> = shown.iter().map(|strip| strip.blocks(&place.window(state))).collect();
    let share = |strip: &Strip| strip.health.unhealthy_share(time.from_ns..time.to_ns) * 100.0;
    let verdict = |strip: &Strip| strip.verdict.map(|verdict| format!(" {},", verdict.safety)).unwrap_or_default();
    let said = shown.iter().map(|strip| {
        let name = strip_name(state, strip.of);
        format!("{name}{} {:.1} % unhealthy", verdict(strip), share(strip))
    });
    let said: Vec<String> = said.collect();
    let window = duration_text(plot.window_ns).replace(" min 00 s", " min");
    let summary = format!(
        "Causality health in view, a violation counts for {window}: {}; {}",
        said.join(", "),
        TimePlot::time_words(state)
    );
    let count = shown.len() as f64;
    let time_plot = TimePlot {
        id: "health",
        summary,
        height: (-count, 0.0),
        numbers: Some(std::sync::Arc::new(|_| String::new())),
        scale: Some(place.scale.clone()),
        has_times: true,
        state,
    };
    let shapes = StripShapes { blocks, origin, time, theme };
    let done = time_plot.ui(ui, rect, &[], move |ui| shapes.draw(ui), queue);
    if let Some(place) = done.rect {
        let pitch = place.height() / shown.len().max(1) as f32;
        let painter = ui.painter().with_clip_rect(place);
        for (at, strip) in shown.iter().enumerate() {
            let more =
                if at + 1 == shown.len() && rest > 0 { format!(" · {rest} more in the list") } else { String::new() };
            let text = format!("{}{more}", strip_name(state, strip.of));
            let font = egui::FontId::proportional((10.5 * state.settings.text_scale).min(pitch - 1.0).max(6.0));
            let galley = painter.layout_no_wrap(text, font, theme.text);
            let middle = (at as f32 + 0.5) * pitch;
            let indent = if strip.verdict.is_some() { 22.0 } else { 8.0 };
            let at = place.left_top() + vec2(indent, middle - galley.size().y / 2.0);
            let ground = Rect::from_min_size(at, galley.size()).expand2(vec2(3.0, 0.0));
            let ground = Rect::from_min_max(pos2(place.left() + 5.0, ground.top()), ground.max);
            painter.rect_filled(ground, 2.0, theme.canvas.gamma_multiply(0.75));
            painter.galley(at, galley, theme.text);
            if let Some(verdict) = strip.verdict {
                let at = place.left_top() + vec2(12.0, middle);
                let (shape, is_filled) = safety_shape(verdict.safety);
                point_ui(&painter, at, shape, safety_color(verdict.safety, theme), is_filled);
            }
        }
    }
    done.is_copied
}

struct StripShapes {
    blocks: Vec<Vec<TimeRange>>,
    origin: Origin,
    time: TimeRange,
    theme: &'static Theme,
}

impl StripShapes {
    fn draw(self, ui: &mut PlotUi<'_>) {
        let (from, to) = (self.origin.x(self.time.from_ns), self.origin.x(self.time.to_ns));
        let mut bars = Vec::new();
        for (at, blocks) in self.blocks.iter().enumerate() {
            let middle = -(at as f64) - 0.5;
            let line = egui_plot::Line::new("healthy", vec![[from, middle], [to, middle]]);
            ui.line(line.color(self.theme.good).width(2.0));
            for block in blocks {
                let (from, to) = (self.origin.x(block.from_ns).max(from), self.origin.x(block.to_ns).min(to));
                if to > from {
                    let bar = Bar::new(f64::midpoint(from, to), 0.7).base_offset(middle - 0.35).width(to - from);
                    bars.push(bar.fill(self.theme.warning).stroke(egui::Stroke::new(0.5, self.theme.warning)));
                }
            }
        }
        ui.bar_chart(BarChart::new("unhealthy", bars));
    }
}
