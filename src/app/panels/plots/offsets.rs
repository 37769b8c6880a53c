//! The offset of a clock over time: the band that messages allow, the messages, jumps, drift, the estimate.

use egui::{Color32, ScrollArea, Ui};
use egui_plot::{FilledArea, Line, LineStyle, MarkerShape, PlotPoint, PlotUi, Text, VLine};

use super::super::super::command::{Command, Queue};
use super::super::super::plots::PlotCommand;
use super::super::super::plots::offsets::{EdgePoint, Jump, Offsets, OffsetsView, StretchView};
use super::super::super::state::State;
use super::super::super::workspace::Workspace;
use super::frame::{
    Mark, Origin, Place, TimePlot, captions_ui, inside, nothing_ui, ns_words, pointer_card_ui, points, shape_of,
};
use super::words::{
    Swatch, answer_ui, clock_name, clock_ui, copy, copy_ui, edge_card_ui, edge_line, legend_ui, small_ui,
};
use crate::analysis::clocks::words::{offset_text, range_text};
use crate::analysis::clocks::{Evidence, Side};
use crate::model::DomainIx;
use crate::model::time::duration_text;
use crate::scene::theme::faded;
use crate::scene::{Theme, TimeRange};

/// The tab.
pub fn offsets_ui(ui: &mut Ui, state: &State, queue: &mut Queue) {
    let Some(data) = &state.data else { return };
    let place = Place::of(ui, state);
    let time = place.time(state);
    let clocks = state.offset_clocks();
    let plot = state.session.plots.offsets.answer().and_then(|plot| plot.as_ref().as_ref());
    let plot = plot.filter(|plot| clocks == Some((plot.b, plot.a)));
    let view = plot.map(|plot| plot.view(&place.window(state)));
    let mut is_copied = false;
    inside(ui, place.words, "words", |ui| {
        ScrollArea::vertical().id_salt("offset-words").auto_shrink(false).show(ui, |ui| {
            choice_ui(ui, state, clocks, queue);
            if let Some(reason) = state.offset_clocks_reason() {
                small_ui(ui, reason, state.theme().theme().text_dim);
            }
            if let (Some(plot), Some(view)) = (plot, &view)
                && plot.is_known()
            {
                words_ui(ui, state, plot, view);
                is_copied = copy_ui(ui);
                legend(ui, state.theme().theme(), plot);
            }
        });
    });
    let drawn = plot.zip(view.as_ref()).filter(|(plot, _)| plot.is_known());
    if let Some((plot, view)) = drawn {
        is_copied |= plot_ui(ui, state, data, &place, plot, view, queue);
        if is_copied {
            copy(&plot.rows(&data.store, time), queue);
        }
    } else {
        nothing_ui(ui, place.plots, state, &why_nothing(state, data, clocks));
    }
}

fn why_nothing(state: &State, data: &Workspace, clocks: Option<(DomainIx, DomainIx)>) -> String {
    if state.known().is_none() {
        let is_on_its_way = state.is_analysing();
        return if is_on_its_way { "Comparing the clocks…" } else { "The clocks could not be analysed." }.to_owned();
    }
    match clocks {
        None if data.domains.list.len() < 2 => "All spans were stamped by one clock: there is no offset.".to_owned(),
        None => "There is no reference clock to compare with.".to_owned(),
        Some((of, against)) if of == against => "Choose two different clocks.".to_owned(),
        // Until an answer about these very clocks is there, nothing is said about them.
        Some((of, against)) if !is_answered(state, of, against) => "Working out the offset over time…".to_owned(),
        Some((of, against)) => {
            let (of, against) = (clock_name(state, of), clock_name(state, against));
            format!("No causal edge joins {of} and {against}, not even through other clocks.")
        }
    }
}

/// True when what is known about the offset of these clocks is not about to be replaced.
fn is_answered(state: &State, of: DomainIx, against: DomainIx) -> bool {
    let offsets = &state.session.plots.offsets;
    let answered = offsets.answered().map(|&(_, _, of, against)| (of, against));
    !offsets.is_busy() && answered == Some((of, against))
}

fn choice_ui(ui: &mut Ui, state: &State, clocks: Option<(DomainIx, DomainIx)>, queue: &mut Queue) {
    let plots = &state.session.plots;
    let (of, against) = (clocks.map(|clocks| clocks.0), clocks.map(|clocks| clocks.1));
    if let Some(of) = clock_ui(ui, state, "offset of", of, "that of the selected span or lane") {
        queue.push(Command::Plots(PlotCommand::Clocks { of, against: plots.against }));
    }
    if let Some(against) = clock_ui(ui, state, "against", against, "the reference clock") {
        queue.push(Command::Plots(PlotCommand::Clocks { of: plots.of, against }));
    }
}

fn words_ui(ui: &mut Ui, state: &State, plot: &Offsets, view: &OffsetsView) {
    let theme = state.theme().theme();
    answer_ui(ui, offset_text(view.lo_ns, view.hi_ns), theme.text);
    for line in lines(plot, view) {
        small_ui(ui, line, theme.text_dim);
    }
}

fn number(count: usize) -> String {
    crate::scene::grouped(count as u64)
}

/// What the plot says, line by line.
fn lines(plot: &Offsets, view: &OffsetsView) -> Vec<String> {
    let (all, tight) = plot.counts();
    let mut lines = vec![match all {
        0 => "no message goes straight from one to the other: bounded through other clocks".to_owned(),
        1 => "1 message between both".to_owned(),
        _ => {
            let (all, tight) = (number(all), number(tight));
            format!("{all} messages between both that no other one implies; {tight} set an end of the band")
        }
    }];
    if view.hidden > 0 {
        lines.push(format!("{} of them share a column with others and are not drawn", number(view.hidden)));
    }
    if view.outside > 0 {
        lines.push(format!("{} lie above or below the plot", number(view.outside)));
    }
    lines.extend(plot.jumps.iter().map(jump_words));
    let drifts = view.stretches.iter().filter_map(|stretch| stretch.drift_ppb);
    lines.extend(drifts.map(|drift| format!("drifts: {}", drift_words(drift))));
    let open = view.stretches.iter().any(|stretch| stretch.lo.is_none() != stretch.hi.is_none());
    if open {
        lines.push("no round trip: one side is open".to_owned());
    }
    let aside = plot.edges.iter().filter(|edge| edge.is_set_aside).count();
    if aside > 0 {
        lines.push(format!("{} that contradict the others do not count", number(aside)));
    }
    lines
}

fn jump_words(jump: &Jump) -> String {
    let back = |ns: Option<i64>| ns.map(i64::saturating_neg);
    match (jump.lo_ns, jump.hi_ns) {
        (Some(lo), _) if lo > 0 => format!("stepped forward {}", range_text(jump.lo_ns, jump.hi_ns)),
        (_, Some(hi)) if hi < 0 => format!("stepped back {}", range_text(back(jump.hi_ns), back(jump.lo_ns))),
        _ => "stepped, by an amount that is not known".to_owned(),
    }
}

/// `+38 to +42 ppm`.
fn drift_words((lo, hi): (i64, i64)) -> String {
    let ppm = |ppb: i64| {
        let value = ppb as f64 / 1000.0;
        let decimals = if value.abs() < 10.0 { 1 } else { 0 };
        format!("{}{:.decimals$}", if value < 0.0 { "−" } else { "+" }, value.abs())
    };
    format!("{} to {} ppm", ppm(lo), ppm(hi))
}

fn legend(ui: &mut Ui, theme: &Theme, plot: &Offsets) {
    let ink = theme.text;
    let mut lines = vec![
        (Swatch::Area(faded(theme.clock, 0.35)), "every offset that the messages allow"),
        (Swatch::Dashed(theme.text_dim), estimate_words(plot)),
        (Swatch::Point(MarkerShape::Circle, ink, true), "message by protocol that sets an end"),
        (Swatch::Point(MarkerShape::Diamond, ink, true), "the same by convention"),
        (Swatch::Point(MarkerShape::Circle, theme.text_dim, false), "message that others outdo"),
    ];
    if plot.edges.iter().any(|edge| edge.proof.cause.rule.strength() == Evidence::Prior) {
        lines.push((Swatch::Point(MarkerShape::Square, ink, true), "a prior: weak evidence"));
    }
    if plot.edges.iter().any(|edge| edge.is_set_aside) {
        lines.push((Swatch::Point(MarkerShape::Cross, theme.error, true), "contradicts the others, set aside"));
    }
    if !plot.jumps.is_empty() {
        lines.push((Swatch::Area(faded(theme.warning, 0.4)), "the clock stepped in here"));
    }
    legend_ui(ui, theme, &lines);
}

fn estimate_words(plot: &Offsets) -> &'static str {
    if plot.stretches.iter().any(|stretch| stretch.is_assumed) {
        "estimate, no bound: assumes a latency"
    } else {
        "estimate, no bound: assumes equal latency both ways"
    }
}

fn summary(state: &State, plot: &Offsets, view: &OffsetsView) -> String {
    let (of, against) = (clock_name(state, plot.b), clock_name(state, plot.a));
    let offset = offset_text(view.lo_ns, view.hi_ns);
    let rest = lines(plot, view).join(", ");
    format!("Clock offsets: {of} against {against}, {offset} in view, {rest}; {}", TimePlot::time_words(state))
}

fn plot_ui(
    ui: &mut Ui,
    state: &State,
    data: &Workspace,
    place: &Place,
    plot: &Offsets,
    view: &OffsetsView,
    queue: &mut Queue,
) -> bool {
    let theme = state.theme().theme();
    let origin = Origin::of(state);
    let edge = |&at: &usize| {
        let edge = plot.edges.get(at)?;
        Some(Mark { at, x: origin.x(edge.at_ns), y: edge.offset_ns as f64 })
    };
    let marks: Vec<Mark> = view.edges.iter().filter_map(edge).collect();
    let time_plot = TimePlot {
        id: "offsets",
        summary: current_words(state, data, plot).unwrap_or_else(|| summary(state, plot, view)),
        height: (view.height.0 as f64, view.height.1 as f64),
        numbers: Some(ns_words()),
        scale: Some(place.scale.clone()),
        has_times: true,
        state,
    };
    let shapes = Shapes::new(plot, view, &marks, origin, state, place.time(state));
    let done = time_plot.ui(ui, place.plots, &marks, move |ui| shapes.draw(ui), queue);
    if let Some(rect) = done.rect {
        let text = format!("{} ahead of {} ↑", clock_name(state, plot.b), clock_name(state, plot.a));
        captions_ui(ui, rect, state, &text, &TimePlot::time_words(state));
    }
    if let Some(edge) = done.hovered.and_then(|at| plot.edges.get(at)) {
        let notes = [bound_words(edge)];
        pointer_card_ui(ui, |ui| edge_card_ui(ui, theme, &data.store, &edge.proof, &notes));
    }
    if let Some(edge) = done.activated.and_then(|at| plot.edges.get(at)) {
        queue.push(Command::Plots(PlotCommand::Select(edge.proof.cause)));
    }
    done.is_copied
}

/// The message that the keyboard is on.
fn current_words(state: &State, data: &Workspace, plot: &Offsets) -> Option<String> {
    let edge = plot.edges.get(state.session.plots.point?)?;
    Some(format!("Message {}; {}", edge_line(&data.store, &edge.proof), bound_words(edge)))
}

fn bound_words(edge: &EdgePoint) -> String {
    let offset = duration_text(edge.offset_ns);
    let side = match edge.side {
        Side::Lo => "at least",
        Side::Hi => "at most",
    };
    match (edge.is_set_aside, edge.is_tight) {
        (true, _) => format!("would mean {side} {offset}: contradicts the others, set aside"),
        (_, true) => format!("offset {side} {offset}: sets the end of the band"),
        _ => format!("offset {side} {offset}: others say more"),
    }
}

/// Points of one look: name, shape, colour, filled, places.
type Look = (&'static str, MarkerShape, Color32, bool, Vec<[f64; 2]>);

/// Everything that is drawn, owned by the plot.
struct Shapes {
    stretches: Vec<StretchView>,
    jumps: Vec<(f64, f64, String)>,
    drifts: Vec<(f64, f64, String)>,
    groups: Vec<Look>,
    origin: Origin,
    theme: &'static Theme,
    height: (f64, f64),
    /// Size of words in the plot.
    text: f32,
}

impl Shapes {
    fn new(plot: &Offsets, view: &OffsetsView, marks: &[Mark], origin: Origin, state: &State, time: TimeRange) -> Self {
        let theme = state.theme().theme();
        let is_inside = |jump: &&Jump| time.from_ns <= jump.time.to_ns && jump.time.from_ns <= time.to_ns;
        let place = |jump: &Jump| (origin.x(jump.time.from_ns), origin.x(jump.time.to_ns), jump_words(jump));
        let jumps = plot.jumps.iter().filter(is_inside).map(place);
        let drift = |stretch: &StretchView| {
            let words = format!("drifts {}", drift_words(stretch.drift_ppb?));
            let &(at, value) = stretch.estimate.get(stretch.estimate.len() / 2)?;
            Some((origin.x(at), value as f64, words))
        };
        let mut groups: Vec<Look> = Vec::new();
        for mark in marks {
            let Some(edge) = plot.edges.get(mark.at) else { continue };
            let shape = if edge.is_set_aside { MarkerShape::Cross } else { shape_of(edge.proof.cause.rule.strength()) };
            let (name, color, filled) = match (edge.is_set_aside, edge.is_tight) {
                (true, _) => ("set aside", theme.error, true),
                (_, true) => ("sets an end", theme.text, true),
                _ => ("outdone", theme.text_dim, false),
            };
            let is_same = |group: &&mut Look| (group.0, group.1) == (name, shape);
            let at = [mark.x, mark.y];
            match groups.iter_mut().find(is_same) {
                Some(group) => group.4.push(at),
                None => groups.push((name, shape, color, filled, vec![at])),
            }
        }
        Self {
            stretches: view.stretches.clone(),
            jumps: jumps.collect(),
            drifts: view.stretches.iter().filter_map(drift).collect(),
            groups,
            origin,
            theme,
            height: (view.height.0 as f64, view.height.1 as f64),
            text: 11.0 * state.settings.text_scale,
        }
    }

    fn draw(self, ui: &mut PlotUi<'_>) {
        let theme = self.theme;
        for stretch in &self.stretches {
            self.band(ui, stretch);
        }
        let small = |words: String| egui::RichText::new(words).size(self.text);
        let (low, high) = self.height;
        for (from, to, words) in &self.jumps {
            let tint = faded(theme.warning, 0.16);
            ui.add(FilledArea::new("step", &[*from, *to], &[low, low], &[high, high]).fill_color(tint));
            for x in [*from, *to] {
                ui.vline(VLine::new("step", x).color(theme.warning).width(1.2).style(LineStyle::dashed_dense()));
            }
            let place = PlotPoint::new(f64::midpoint(*from, *to), high - (high - low) * 0.16);
            ui.text(Text::new("step", place, small(words.clone())).color(theme.warning));
        }
        for (x, y, words) in &self.drifts {
            let text = Text::new("drift", PlotPoint::new(*x, *y), small(words.clone())).color(theme.clock);
            ui.text(text.anchor(egui::Align2::CENTER_BOTTOM));
        }
        for (name, shape, color, filled, places) in self.groups {
            ui.points(points(name, places, shape, color, filled));
        }
    }

    fn band(&self, ui: &mut PlotUi<'_>, stretch: &StretchView) {
        let (theme, origin) = (self.theme, &self.origin);
        let fill = |ui: &mut PlotUi<'_>, corners: &[(i64, f64, f64)], share: f32| {
            let xs: Vec<f64> = corners.iter().map(|corner| origin.x(corner.0)).collect();
            let (low, high): (Vec<f64>, Vec<f64>) = corners.iter().map(|corner| (corner.1, corner.2)).unzip();
            ui.add(FilledArea::new("band", &xs, &low, &high).fill_color(faded(theme.clock, share)));
        };
        let filled = stretch.filled();
        let filled: Vec<_> = filled.into_iter().map(|(at, lo, hi)| (at, lo as f64, hi as f64)).collect();
        if filled.len() > 1 {
            fill(ui, &filled, 0.22);
        }
        // An open side reaches to the edge of the plot, fainter.
        let (low, high) = self.height;
        let open: Vec<_> = match (&stretch.lo, &stretch.hi) {
            (Some(lo), None) => lo.iter().map(|&(at, value)| (at, value as f64, high.max(value as f64))).collect(),
            (None, Some(hi)) => hi.iter().map(|&(at, value)| (at, low.min(value as f64), value as f64)).collect(),
            _ => Vec::new(),
        };
        if open.len() > 1 {
            fill(ui, &open, 0.1);
        }
        let line = |corners: &[(i64, i64)]| -> Vec<[f64; 2]> {
            corners.iter().map(|&(at, value)| [origin.x(at), value as f64]).collect()
        };
        for bound in [&stretch.lo, &stretch.hi].into_iter().flatten() {
            ui.line(Line::new("bound", line(bound)).color(theme.clock).width(1.4).allow_band(false));
        }
        let estimate = Line::new("estimate", line(&stretch.estimate)).color(theme.text_dim).width(1.2);
        ui.line(estimate.style(LineStyle::dashed_dense()).allow_band(false));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jumps_and_drift_in_words() {
        let jump = |lo_ns, hi_ns| jump_words(&Jump { time: TimeRange::default(), lo_ns, hi_ns });
        assert_eq!(jump(Some(-430_000_000), Some(-410_000_000)), "stepped back 410–430 ms");
        assert_eq!(jump(Some(1_000_000_000), None), "stepped forward at least 1 s");
        assert_eq!(jump(Some(-5), Some(5)), "stepped, by an amount that is not known");
        assert_eq!(drift_words((38_000, 42_400)), "+38 to +42 ppm");
        assert_eq!(drift_words((-3_200, -800)), "−3.2 to −0.8 ppm");
    }
}
