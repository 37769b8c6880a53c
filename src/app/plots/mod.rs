//! What the plots of the drawer show, as plain data: prepared on named threads, only while their tab is shown, and
//! thinned out for a view at the cost of its columns.

pub mod cadence;
mod desk;
pub mod health;
pub mod offsets;
pub mod separations;
pub mod series;

use std::sync::Arc;

pub use desk::{Desk, Same};

use self::cadence::{CallCadence, Streams};
use self::health::{HealthPlot, StripOf};
use self::offsets::Offsets;
use self::separations::{Distribution, EdgeName, Gathered, Track, name_of};
use super::drawer::DrawerTab;
use super::state::{Effect, State, Tone};
use super::window::Host;
use super::workspace::Workspace;
use crate::analysis::clocks::domains::Domains;
use crate::analysis::clocks::separations::Sample;
use crate::analysis::clocks::{Cause, ClockModel, EventKey, Known, Point, Proof, Rule, health::WINDOW_NS};
use crate::arrange::Arranged;
use crate::model::{DomainIx, SpanIx, TraceStore};
use crate::scene::TimeRange;

/// Rows that are put on the clipboard at most.
pub const MOST_ROWS: usize = 100_000;

/// The plots, until the window closes.
#[derive(Debug)]
pub struct Plots {
    /// The clock whose offset is plotted; `None` = that of the focused span or lane.
    pub of: Option<DomainIx>,
    /// The clock that it is compared with; `None` = the reference clock.
    pub against: Option<DomainIx>,
    /// The offset over time; `None` inside when the clocks cannot be compared.
    pub offsets: Desk<OffsetsAsked, Option<Offsets>>,
    /// All messages between clocks.
    pub gathered: Desk<Same<Known>, Gathered>,
    /// The edge whose separations are plotted, when chosen by hand.
    pub edge: Option<EdgeName>,
    /// Only edges whose name contains this are listed.
    pub filter: String,
    /// The messages of the edge.
    pub track: Desk<TrackAsked, Track>,
    /// How those in view are distributed.
    pub distribution: Desk<(Same<Track>, TimeRange), Distribution>,
    /// What the health is about.
    pub health_of: StripOf,
    /// How long a violation counts, nanoseconds.
    pub window_ns: i64,
    /// Causality health.
    pub health: Desk<HealthAsked, HealthPlot>,
    /// The stream of the focused model call; `None` inside when no call is near.
    pub cadence: Desk<CadenceAsked, Option<CallCadence>>,
    /// All streams.
    pub streams: Desk<Same<Workspace>, Streams>,
    /// The point that the keyboard is on.
    pub point: Option<usize>,
}

/// What the offset plot depends on: the analysis, whose time is shown, and the clocks.
pub type OffsetsAsked = (Same<Known>, bool, DomainIx, DomainIx);
/// What the plot of an edge depends on.
pub type TrackAsked = (Same<Gathered>, Same<Known>, bool, EdgeName);
/// What the health plot depends on.
pub type HealthAsked = (Same<Gathered>, Same<Known>, bool, StripOf, i64);
/// What the plot of a stream depends on.
pub type CadenceAsked = (Same<Arranged>, SpanIx);

impl Default for Plots {
    fn default() -> Self {
        Self {
            of: None,
            against: None,
            offsets: Desk::default(),
            gathered: Desk::default(),
            edge: None,
            filter: String::new(),
            track: Desk::default(),
            distribution: Desk::default(),
            health_of: StripOf::All,
            window_ns: WINDOW_NS,
            health: Desk::default(),
            cadence: Desk::default(),
            streams: Desk::default(),
            point: None,
        }
    }
}

/// What the plots ask for.
#[derive(Clone, PartialEq, Debug)]
pub enum PlotCommand {
    /// Plots the offset of one clock against another; `None` = the usual one.
    Clocks {
        /// Whose offset.
        of: Option<DomainIx>,
        /// Against which.
        against: Option<DomainIx>,
    },
    /// Plots the separations of this edge.
    Edge(EdgeName),
    /// Lists edges whose name contains a text.
    Filter(String),
    /// Says how healthy these messages are.
    HealthOf(StripOf),
    /// How long a violation counts, nanoseconds.
    Window(i64),
    /// Puts the keyboard on a point, or on none.
    Point(Option<usize>),
    /// Selects the spans of a causal edge and brings them into view.
    Select(Cause),
}

impl Plots {
    /// True while something is worked out.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.offsets.is_busy()
            || self.gathered.is_busy()
            || self.track.is_busy()
            || self.distribution.is_busy()
            || self.health.is_busy()
            || self.cadence.is_busy()
            || self.streams.is_busy()
    }

    fn take(&mut self) {
        self.offsets.take();
        self.gathered.take();
        self.track.take();
        self.distribution.take();
        self.health.take();
        self.cadence.take();
        self.streams.take();
    }

    /// The messages between clocks are many: they are not kept for a tab that nobody looks at.
    fn forget_messages(&mut self) {
        self.gathered.forget();
        self.track.forget();
        self.distribution.forget();
        self.health.forget();
    }

    /// The edge that is plotted: the chosen one, else the one with most to say.
    #[must_use]
    pub fn shown_edge(&self) -> Option<EdgeName> {
        let gathered = self.gathered.answer()?;
        let chosen = self.edge.filter(|&name| gathered.edge(name).is_some());
        chosen.or_else(|| Some(name_of(gathered.edges.get(*gathered.order.first()?)?)))
    }
}

/// Moves raw times of clocks onto the axis of the timeline.
#[derive(Clone, Copy)]
pub struct AxisOf<'a> {
    /// The clocks.
    pub model: &'a ClockModel,
    /// Which clock stamped which span.
    pub domains: &'a Domains,
    /// The timeline shows the reference clock's time, not raw times.
    pub is_frame: bool,
}

impl AxisOf<'_> {
    /// Where `raw_ns` of `domain`'s clock lies on the axis.
    #[must_use]
    pub fn map(self, domain: DomainIx, raw_ns: i64) -> i64 {
        if self.is_frame { raw_ns.saturating_sub(self.model.shift_ns(domain, raw_ns)) } else { raw_ns }
    }

    /// The clock that stamped `span`.
    #[must_use]
    pub fn domain(self, span: SpanIx) -> DomainIx {
        self.domains.of_span.get(span.at()).copied().unwrap_or(DomainIx(0))
    }
}

/// `low..high` with some room around it, never empty.
fn finite(low: i64, high: i64) -> (i64, i64) {
    let room = (high.saturating_sub(low) / 12).max(500);
    (low.saturating_sub(room), high.saturating_add(room))
}

/// The message of a sample.
#[must_use]
pub const fn proof_of(sample: &Sample, rule: Rule) -> Proof {
    let from_ns = sample.received_ns.saturating_sub(sample.separation_ns);
    Proof { cause: Cause { from: sample.from, to: sample.to, rule }, from_ns, to_ns: sample.received_ns }
}

/// Rule, strength and both events of a message, as cells of a table.
fn proof_cells(store: &TraceStore, proof: &Proof) -> [String; 6] {
    let Cause { from, to, rule } = proof.cause;
    let event = |key: EventKey| {
        let name = if key.span.at() < store.len() { store.span(key.span).name() } else { "?" };
        match key.point {
            Point::Start => format!("{name} start"),
            Point::End => format!("{name} end"),
            Point::Event(at) => format!("{name} event {}", u32::from(at) + 1),
        }
    };
    let number = |ns: i64| ns.to_string();
    let strength = rule.strength().to_string();
    [rule.to_string(), strength, event(from), number(proof.from_ns), event(to), number(proof.to_ns)]
}

/// Rows as text for a spreadsheet: tabs between cells, no tabs or line breaks in them.
#[must_use]
pub fn tsv(rows: &[Vec<String>]) -> String {
    let cell = |text: &String| text.replace(['\t', '\n', '\r'], " ");
    let line = |row: &Vec<String>| row.iter().map(cell).collect::<Vec<_>>().join("\t");
    rows.iter().map(|row| line(row) + "\n").collect()
}

/// The clock of `span`; if that is `known`, that of the nearest span below it on another clock, else of the nearest
/// above it; `None` when all of them are of that clock.
fn nearest_clock_beside(data: &Workspace, span: SpanIx, known: DomainIx) -> Option<DomainIx> {
    /// Spans that are looked at.
    const MOST: usize = 10_000;
    let clock = |span: &SpanIx| data.domains.of_span.get(span.at()).copied().filter(|clock| *clock != known);
    let mut below = std::collections::VecDeque::from([span]);
    let mut looked_at = 0;
    while let Some(next) = below.pop_front().filter(|_| looked_at < MOST) {
        looked_at += 1;
        if let Some(clock) = clock(&next) {
            return Some(clock);
        }
        below.extend(data.store.span(next).children().iter().take(MOST));
    }
    let above = std::iter::successors(data.store.span(span).parent(), |up| data.store.span(*up).parent());
    above.take(MOST).find_map(|span| clock(&span))
}

impl State {
    /// Why the offset plot is about another clock than that of the focused span; `None` when it is about that one.
    #[must_use]
    pub fn offset_clocks_reason(&self) -> Option<String> {
        let data = self.data.as_ref()?;
        let (of, against) = self.offset_clocks()?;
        let focused = self.session.view.focused.filter(|_| self.session.plots.of.is_none())?;
        let own = data.domains.of_span.get(focused.at()).copied().filter(|own| *own == against)?;
        let name = |domain: DomainIx| data.domains.list.get(domain.at()).map(|domain| domain.name.as_str());
        let nearest = nearest_clock_beside(data, focused, against);
        let why = if nearest == Some(of) { "what the selected span speaks to" } else { "the clock to ask about first" };
        Some(format!("{} is what clocks are compared with: shown is {}, {why}", name(own)?, name(of)?))
    }

    pub(super) fn apply_plots(&mut self, command: PlotCommand) {
        let plots = &mut self.session.plots;
        let is_point = matches!(command, PlotCommand::Point(_) | PlotCommand::Select(_));
        match command {
            PlotCommand::Clocks { of, against } => (plots.of, plots.against) = (of, against),
            PlotCommand::Edge(name) => plots.edge = Some(name),
            PlotCommand::Filter(text) => plots.filter = text,
            PlotCommand::HealthOf(of) => plots.health_of = of,
            PlotCommand::Window(window_ns) => plots.window_ns = window_ns.max(1),
            PlotCommand::Point(point) => plots.point = point,
            PlotCommand::Select(cause) => self.select_edge(cause),
        }
        if !is_point {
            self.session.plots.point = None;
        }
    }

    /// Selects both spans of a causal edge. The view moves only when one of the events is outside.
    fn select_edge(&mut self, cause: Cause) {
        let events = [cause.to, cause.from];
        if !events.iter().all(|event| self.has_span(event.span)) {
            return;
        }
        let view = &mut self.session.view;
        view.selection = vec![cause.from.span];
        if cause.to.span != cause.from.span {
            view.selection.push(cause.to.span);
        }
        view.focused = Some(cause.to.span);
        self.session.lanes.current = None;
        let time = self.session.view.time;
        let is_inside = |at: i64| time.from_ns <= at && at <= time.to_ns;
        if events.iter().all(|&event| self.event_ns(event).is_some_and(is_inside)) {
            self.scroll_together_into_view(&events.map(|event| event.span));
            self.clamp_view();
        } else {
            self.show_events(&events);
        }
        self.session.history.commit(&self.session.view);
    }

    /// The clocks of the offset plot: what is compared, and with which.
    #[must_use]
    pub fn offset_clocks(&self) -> Option<(DomainIx, DomainIx)> {
        let data = self.data.as_ref()?;
        let count = data.domains.list.len();
        let plots = &self.session.plots;
        let is_there = |domain: &DomainIx| domain.at() < count;
        let against = plots.against.filter(is_there).or_else(|| Some(self.known()?.model.reference()?.domain))?;
        if let Some(of) = plots.of.filter(is_there) {
            return Some((of, against));
        }
        let focused = self.session.view.focused.filter(|span| span.at() < data.store.len());
        // A span of the clock that everything is compared with asks about the clock that it speaks to.
        let focused = focused.and_then(|span| nearest_clock_beside(data, span, against));
        let lane = || self.arranged.lane(self.current_lane()?)?.clock();
        // Then the clock that the gravest finding is about.
        let findings = self.known().map(|known| known.model.findings()).unwrap_or_default();
        let blamed = findings.iter().flat_map(|finding| finding.domains.iter().copied());
        let others = blamed.chain((0..count).map(DomainIx::from_usize));
        let usual = [focused, lane()].into_iter().flatten().chain(others).find(|&domain| domain != against)?;
        Some((usual, against))
    }

    /// Takes what the threads have finished, and asks for what the open tab should show.
    pub(super) fn update_plots(&mut self, host: &Host) {
        self.session.plots.take();
        let drawer = self.settings.drawer;
        if !drawer.shows(DrawerTab::Separations) && !drawer.shows(DrawerTab::Health) {
            self.session.plots.forget_messages();
        }
        let Some(data) = self.data.clone().filter(|_| drawer.is_open) else { return };
        let result = match drawer.tab {
            DrawerTab::Cadence => self.ask_cadence(&data, host),
            DrawerTab::Offsets => self.ask_offsets(&data, host),
            DrawerTab::Separations => self.ask_gathered(&data, host).and_then(|()| self.ask_separations(&data, host)),
            DrawerTab::Health => self.ask_gathered(&data, host).and_then(|()| self.ask_health(&data, host)),
            _ => return,
        };
        if let Err(why) = result {
            self.effect(Effect::Toast(Tone::Bad, why));
        }
    }

    fn ask_offsets(&mut self, data: &Arc<Workspace>, host: &Host) -> Result<(), String> {
        let (Some(known), Some((of, against))) = (self.known().cloned(), self.offset_clocks()) else { return Ok(()) };
        let is_frame = self.arranged.is_frame();
        let question = (Same::of(&known), is_frame, of, against);
        let data = Arc::clone(data);
        let offsets = &mut self.session.plots.offsets;
        offsets.ask(
            "skewline-offsets",
            host,
            &question,
            |_| false,
            move |_| {
                let axis = AxisOf { model: &known.model, domains: &data.domains, is_frame };
                Some(Offsets::new(&data.store, axis, against, of))
            },
        )
    }

    fn ask_gathered(&mut self, data: &Arc<Workspace>, host: &Host) -> Result<(), String> {
        let Some(known) = self.known().cloned() else { return Ok(()) };
        let data = Arc::clone(data);
        let question = Same::of(&known);
        self.session.plots.gathered.ask(
            "skewline-messages",
            host,
            &question,
            |_| false,
            move |_| {
                Some(Gathered::new(
                    &data.store,
                    AxisOf { model: &known.model, domains: &data.domains, is_frame: false },
                ))
            },
        )
    }

    /// The messages gathered for what is known now.
    fn gathered(&self) -> Option<(Arc<Gathered>, Arc<Known>)> {
        let known = self.known()?;
        let gathered = &self.session.plots.gathered;
        let is_current = gathered.answered().is_some_and(|of| Arc::ptr_eq(&of.0, known));
        let answer = gathered.answer().filter(|_| is_current)?;
        Some((Arc::clone(answer), Arc::clone(known)))
    }

    fn ask_separations(&mut self, data: &Arc<Workspace>, host: &Host) -> Result<(), String> {
        let (Some((gathered, known)), Some(name)) = (self.gathered(), self.session.plots.shown_edge()) else {
            return Ok(());
        };
        let is_frame = self.arranged.is_frame();
        let data = Arc::clone(data);
        let question = (Same::of(&gathered), Same::of(&known), is_frame, name);
        let plots = &mut self.session.plots;
        plots.track.ask(
            "skewline-separations",
            host,
            &question,
            |_| false,
            move |_| {
                let axis = AxisOf { model: &known.model, domains: &data.domains, is_frame };
                Some(Track::new(gathered.edge(name)?, axis))
            },
        )?;
        let Some(track) = plots.track.answer().cloned() else { return Ok(()) };
        let time = self.session.view.time;
        let is_near = |asked: &(Same<Track>, TimeRange)| Arc::ptr_eq(&asked.0.0, &track);
        let question = (Same::of(&track), time);
        let work = Arc::clone(&track);
        let distribution = &mut self.session.plots.distribution;
        distribution
            .ask("skewline-distribution", host, &question, is_near, move |_| Some(Distribution::new(&work, time)))
    }

    fn ask_health(&mut self, data: &Arc<Workspace>, host: &Host) -> Result<(), String> {
        let Some((gathered, known)) = self.gathered() else { return Ok(()) };
        let is_frame = self.arranged.is_frame();
        let data = Arc::clone(data);
        let plots = &mut self.session.plots;
        let (of, window_ns) = (plots.health_of, plots.window_ns);
        let question = (Same::of(&gathered), Same::of(&known), is_frame, of, window_ns);
        plots.health.ask(
            "skewline-health",
            host,
            &question,
            |_| false,
            move |_| {
                let axis = AxisOf { model: &known.model, domains: &data.domains, is_frame };
                Some(HealthPlot::new(&data.store, axis, &gathered, of, window_ns))
            },
        )
    }

    fn ask_cadence(&mut self, data: &Arc<Workspace>, host: &Host) -> Result<(), String> {
        let work = Arc::clone(data);
        let streams = &mut self.session.plots.streams;
        streams.ask("skewline-streams", host, &Same::of(data), |_| false, move |_| Some(Streams::new(&work)))?;
        let Some(span) = self.session.view.focused.filter(|&span| self.has_span(span)) else { return Ok(()) };
        let (data, arranged) = (Arc::clone(data), Arc::clone(&self.arranged));
        let question = (Same::of(&arranged), span);
        let cadence = &mut self.session.plots.cadence;
        cadence.ask(
            "skewline-cadence",
            host,
            &question,
            |_| false,
            move |_| Some(CallCadence::near(&data, &arranged, span)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_cannot_break_a_row() {
        let rows = vec![vec!["a".to_owned(), "b\tc\nd".to_owned()], vec![]];
        assert_eq!(tsv(&rows), "a\tb c d\n\n");
    }

    #[test]
    fn plots_are_never_flat_and_never_overflow() {
        for (low, high) in [(0, 0), (i64::MIN, i64::MAX), (5, 5), (-3, 9)] {
            let (from, to) = finite(low, high);
            assert!(from < to && from <= low && high <= to, "{low} {high}");
        }
    }
}
