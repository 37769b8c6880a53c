//! When the pieces of a streamed answer came: a stem per gap, stalls, the first token, the rate.

use egui::{Rect, RichText, Ui};
use egui_plot::{HLine, LineStyle, MarkerShape, PlotPoint, PlotUi, Text, VLine};

use super::super::super::command::{Command, Queue};
use super::super::super::plots::cadence::{CallCadence, Stream, Streams};
use super::super::super::plots::{MOST_ROWS, PlotCommand};
use super::super::super::state::State;
use super::super::super::workspace::Workspace;
use super::super::grid::shortened;
use super::super::widgets::{counted, grouped};
use super::frame::{Mark, Origin, Place, TimePlot, captions_ui, inside, nothing_ui, ns_words, pointer_card_ui, points};
use super::words::{answer_ui, copy, copy_ui, list_ui, small_ui};
use crate::model::SpanIx;
use crate::model::time::duration_text;
use crate::scene::{Theme, TimeRange};

/// The tab.
pub fn cadence_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let Some(data) = &state.data else { return };
    let place = Place::of(ui, state);
    let time = place.time(state);
    let plots = &state.session.plots;
    let focused = state.session.view.focused;
    let is_current = plots.cadence.answered().is_some_and(|asked| Some(asked.1) == focused);
    let call = plots.cadence.answer().filter(|_| is_current).and_then(|call| call.as_ref().as_ref());
    let mut is_copied = false;
    inside(ui, place.words, "words", |ui| {
        if let Some(call) = call {
            call_words_ui(ui, state, data, call);
            if call.stream.gaps() > 0 {
                is_copied = copy_ui(ui);
                ui.add_space(3.0);
            }
        }
        if let Some(streams) = plots.streams.answer() {
            streams_ui(ui, state, data, streams, call.map(|call| call.span), queue);
        }
    });
    let why = why_nothing(state, data, call);
    if let Some(why) = why {
        return nothing_ui(ui, place.plots, state, &why);
    }
    let Some(call) = call else { return };
    is_copied |= plot_ui(ui, state, data, &place, call, queue);
    if is_copied {
        copy(&call.rows(time, MOST_ROWS), queue);
    }
}

/// What is missing, in words; `None` when there is something to plot.
fn why_nothing(state: &State, data: &Workspace, call: Option<&CallCadence>) -> Option<String> {
    let plots = &state.session.plots;
    if let Some(call) = call {
        if call.stream.gaps() > 0 {
            return None;
        }
        let name = shortened(data.store.span(call.span).name(), 60);
        let mut words = match call.stream.times_ns.len() {
            0 => format!("No pieces of the answer of {name} are recorded: its SDK wrote no event for them."),
            _ => format!("One piece of the answer of {name} is recorded: there is no gap to plot."),
        };
        if call.stream.dropped > 0 {
            words = format!("{words} It dropped {}.", counted(u64::from(call.stream.dropped), "event"));
        }
        if let Some(ttft) = call.ttft {
            words = format!("{words} Its first token came after {}.", duration_text(ttft.ns));
        }
        return Some(words);
    }
    if plots.streams.is_busy() || plots.cadence.is_busy() || plots.streams.answer().is_none() {
        return Some("Reading what the model calls recorded…".to_owned());
    }
    let streams = plots.streams.answer();
    Some(match (streams.map_or((0, 0), |streams| (streams.calls, streams.count)), state.session.view.focused) {
        ((0, _), _) => "No span here is a call of a model.".to_owned(),
        ((_, 0), None) => "No model call here records when the pieces of its answer came.".to_owned(),
        (_, None) => "Select a model call, here or in the list, to see when the pieces of its answer came.".to_owned(),
        (_, Some(_)) => "The selected span is no model call, and none is above or below it.".to_owned(),
    })
}

fn call_words_ui(ui: &mut Ui, state: &State, data: &Workspace, call: &CallCadence) {
    let theme = state.theme().theme();
    answer_ui(ui, shortened(data.store.span(call.span).name(), 80), theme.text);
    for line in lines(call) {
        small_ui(ui, line, theme.text_dim);
    }
}

/// Numbers of the stream, line by line.
fn lines(call: &CallCadence) -> Vec<String> {
    let mut lines = Vec::new();
    let pieces = call.stream.times_ns.len() as u64;
    if pieces > 0 {
        let rate = call.stream.per_second().map(|rate| format!(", {} per second", rate_text(rate))).unwrap_or_default();
        lines.push(format!("{}{rate}", counted(pieces, "piece")));
    }
    if let (Some(usual), Some(longest)) = (call.stream.usual_ns(), call.longest_ns()) {
        let factor = longest as f64 / usual.max(1) as f64;
        lines.push(format!(
            "gap usually {} (median), longest {} ({}×)",
            duration_text(usual),
            duration_text(longest),
            rate_text(factor)
        ));
    }
    if call.stream.dropped > 0 {
        let dropped = counted(u64::from(call.stream.dropped), "event");
        lines.push(format!("{dropped} dropped by the SDK: a gap may be where they were, so none is called a stall"));
    } else if call.threshold_ns.is_some() {
        lines.push(match call.stalls.len() {
            0 => "no stall".to_owned(),
            count => counted(count as u64, "stall"),
        });
    } else if pieces > 0 {
        lines.push("too few pieces to know what a stall is".to_owned());
    }
    if let Some(ttft) = call.ttft {
        let source = call.ttft_source.as_ref().map(|source| format!(" ({source})")).unwrap_or_default();
        lines.push(format!("first token after {}{source}", duration_text(ttft.ns)));
    }
    if let Some(output) = call.tokens.output {
        let rate = call.tokens_per_second().map(|rate| format!(", {} per second after the first", rate_text(rate)));
        lines.push(format!("{} tokens out{}", grouped(u64::from(output)), rate.unwrap_or_default()));
    }
    lines
}

fn rate_text(rate: f64) -> String {
    if rate >= 100.0 { grouped(rate.round() as u64) } else { format!("{rate:.1}") }
}

fn streams_ui(
    ui: &mut Ui,
    state: &State,
    data: &Workspace,
    streams: &Streams,
    current: Option<SpanIx>,
    queue: &mut Queue,
) {
    let theme = state.theme().theme();
    if streams.list.is_empty() {
        return;
    }
    let stalled = streams.list.iter().filter(|stream| stream.has_stall).count();
    let more = if streams.count > streams.list.len() { ", the first of them" } else { "" };
    let text = format!(
        "{} of {} record pieces{more}",
        grouped(streams.count as u64),
        counted(streams.calls as u64, "model call")
    );
    ui.label(RichText::new(text).small().weak());
    if stalled > 0 {
        small_ui(ui, format!("{stalled} with a stall"), theme.warning);
    }
    let row = |at: usize| {
        let stream = &streams.list[at];
        let color = if stream.has_stall { theme.warning } else { theme.text };
        (stream_words(data, stream), current == Some(stream.span), Some(color))
    };
    if let Some(at) = list_ui(ui, "streams", streams.list.len(), row)
        && let Some(stream) = streams.list.get(at)
    {
        queue.push(Command::ZoomToSpan(stream.span));
    }
}

fn stream_words(data: &Workspace, stream: &Stream) -> String {
    let name = shortened(data.store.span(stream.span).name(), 40);
    let stall = if stream.has_stall { " stall" } else { "" };
    let (pieces, longest) = (counted(stream.pieces as u64, "piece"), duration_text(stream.longest_ns));
    format!("{name} · longest gap {longest}{stall} · {pieces}")
}

fn plot_ui(ui: &mut Ui, state: &State, data: &Workspace, place: &Place, call: &CallCadence, queue: &mut Queue) -> bool {
    let (time, origin) = (place.time(state), Origin::of(state));
    let (thinned, height) = call.view(&place.window(state));
    let mark = |&at: &usize| {
        let (at_ns, gap_ns) = call.gaps.get(at);
        Mark { at, x: origin.x(at_ns), y: gap_ns as f64 }
    };
    let marks: Vec<Mark> = thinned.at.iter().map(mark).collect();
    let name = shortened(data.store.span(call.span).name(), 80);
    let said = lines(call).join(", ");
    let current = state.session.plots.point.filter(|&at| at < call.gaps.len());
    let summary = current.map_or_else(
        || format!("Token cadence of {name}: {said}; {}", TimePlot::time_words(state)),
        |at| gap_words(call, at),
    );
    let time_plot = TimePlot {
        id: "cadence",
        summary,
        height: (0.0, height.1 as f64 * 1.12),
        numbers: Some(ns_words()),
        scale: Some(place.scale.clone()),
        has_times: true,
        state,
    };
    let shapes = Shapes::new(call, &marks, state, time, height.1 as f64 * 1.12);
    let done = time_plot.ui(ui, place.plots, &marks, move |ui| shapes.draw(ui), queue);
    if let Some(rect) = done.rect {
        titles_ui(ui, rect, state, call, time);
    }
    if let Some(at) = done.hovered {
        let raw_ns = call.stream.times_ns.get(at + 1).copied().unwrap_or(0);
        pointer_card_ui(ui, |ui| {
            ui.label(RichText::new(gap_words(call, at)).small().strong());
            let text = format!("raw {}", crate::model::time::absolute_text(raw_ns));
            ui.label(RichText::new(text).small().monospace());
        });
    }
    if done.activated.is_some() {
        queue.push(Command::Select { span: call.span, extend: false });
        queue.push(Command::Plots(PlotCommand::Point(done.activated)));
    }
    done.is_copied
}

/// `gap of 182 ms before piece 40 of 388, a stall`.
fn gap_words(call: &CallCadence, at: usize) -> String {
    let stall = if call.stalls.binary_search(&at).is_ok() { ", a stall" } else { "" };
    let (gap, all) = (duration_text(call.gaps.get(at).1), grouped(call.stream.times_ns.len() as u64));
    format!("gap of {gap} before piece {} of {all}{stall}", grouped(at as u64 + 2))
}

fn titles_ui(ui: &Ui, rect: Rect, state: &State, call: &CallCadence, time: TimeRange) {
    let theme = state.theme().theme();
    captions_ui(ui, rect, state, "gap before each piece", &TimePlot::time_words(state));
    let is_outside = call.time.to_ns < time.from_ns || call.time.from_ns > time.to_ns;
    if is_outside {
        let side = if call.time.to_ns < time.from_ns { "← the call is earlier" } else { "the call is later →" };
        let font = egui::FontId::proportional(11.0 * state.settings.text_scale);
        let painter = ui.painter().with_clip_rect(rect);
        painter.text(rect.center(), egui::Align2::CENTER_CENTER, side, font, theme.text);
    }
}

/// Everything that is drawn, owned by the plot.
struct Shapes {
    gaps: Vec<[f64; 2]>,
    stalls: Vec<([f64; 2], String)>,
    first: Option<f64>,
    ends: [f64; 2],
    usual: Option<f64>,
    threshold: Option<f64>,
    ttft: Option<i64>,
    top: f64,
    /// Where lines are named.
    left: f64,
    /// Size of words in the plot.
    text: f32,
    theme: &'static Theme,
}

impl Shapes {
    fn new(call: &CallCadence, marks: &[Mark], state: &State, time: TimeRange, top: f64) -> Self {
        let origin = Origin::of(state);
        let is_stall = |mark: &&Mark| call.stalls.binary_search(&mark.at).is_ok();
        let words = |mark: &Mark| format!("stall {}", duration_text(call.gaps.get(mark.at).1));
        Self {
            gaps: marks.iter().filter(|mark| !is_stall(mark)).map(|mark| [mark.x, mark.y]).collect(),
            stalls: marks.iter().filter(is_stall).map(|mark| ([mark.x, mark.y], words(mark))).collect(),
            first: call.first_ns.map(|at| origin.x(at)),
            ends: [origin.x(call.time.from_ns), origin.x(call.time.to_ns)],
            usual: call.stream.usual_ns().map(|ns| ns as f64),
            threshold: call.threshold_ns.map(|ns| ns as f64),
            ttft: call.ttft.map(|ttft| ttft.ns),
            top,
            left: origin.x(call.time.from_ns.clamp(time.from_ns, time.to_ns)),
            text: 11.0 * state.settings.text_scale,
            theme: state.theme().theme(),
        }
    }

    fn draw(self, ui: &mut PlotUi<'_>) {
        /// Stalls that are named on the plot.
        const NAMED: usize = 8;
        let theme = self.theme;
        for x in self.ends {
            ui.vline(VLine::new("call", x).color(theme.text_faint).width(1.0));
        }
        let small = |words: String| egui::RichText::new(words).size(self.text);
        // Words at the left end of lines, where a stream has not begun.
        let named = |ui: &mut PlotUi<'_>, y: f64, words: String, color| {
            let place = PlotPoint::new(self.left, y);
            ui.text(Text::new("named", place, small(words)).color(color).anchor(egui::Align2::LEFT_BOTTOM));
        };
        if let Some(usual) = self.usual {
            ui.hline(HLine::new("usual", usual).color(theme.text_faint).width(1.0));
            named(ui, usual, format!("  usually {}", duration_text(usual as i64)), theme.text_dim);
        }
        if let Some(threshold) = self.threshold.filter(|&threshold| threshold <= self.top) {
            ui.hline(HLine::new("stall", threshold).color(theme.warning).width(1.0).style(LineStyle::dashed_dense()));
            named(ui, threshold, format!("  a stall from {} on", duration_text(threshold as i64)), theme.warning);
        }
        ui.points(points("gaps", self.gaps, MarkerShape::Circle, theme.overview, true).radius(2.2).stems(0.0));
        for (at, words) in self.stalls.iter().take(NAMED) {
            let text =
                Text::new("stall", PlotPoint::new(at[0], at[1]), small(format!("  {words}"))).color(theme.warning);
            ui.text(text.anchor(egui::Align2::LEFT_CENTER));
        }
        let places = self.stalls.into_iter().map(|(at, _)| at).collect();
        ui.points(points("stalls", places, MarkerShape::Square, theme.warning, true).stems(0.0));
        if let Some(first) = self.first {
            let place = vec![[first, self.top * 0.035]];
            ui.points(points("first token", place, MarkerShape::Diamond, theme.text, true).radius(5.0));
            let words = small(
                self.ttft
                    .map_or_else(|| "first piece  ".to_owned(), |ns| format!("first token {}  ", duration_text(ns))),
            );
            let text = Text::new("first token", PlotPoint::new(first, self.top * 0.035), words).color(theme.text);
            ui.text(text.anchor(egui::Align2::RIGHT_CENTER));
        }
    }
}
