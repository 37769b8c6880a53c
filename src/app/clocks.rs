//! Clocks in the window: whose time is shown, what is believed, which finding is looked at.
//!
//! What changes rows or times is part of the plan ([`Plan`]), so that undo, saved views and exports know it; the
//! analysis runs where arrangements are made, on a thread of their own.

use std::sync::Arc;

use super::assumed::AskingDrift;
use super::command::Command;
use super::moving::Moving;
use super::state::{Effect, State, Tone};
use super::what_if::{Asking, Holding};
use crate::analysis::clocks::{Between, Comparison, EventKey, Evidence, Known, Point};
use crate::analysis::numbered::Found;
use crate::arrange::{ClockChoice, LaneKey, Plan};
use crate::layout::{LaneIx, Step};
use crate::model::{DomainIx, SpanIx};
use crate::scene::{TimeRange, WhyOf};

/// What the window shows of clocks besides the view.
#[derive(Clone, Debug, Default)]
pub struct Clocks {
    /// The start of the focused span, ready to be compared with others.
    compared: Option<(Arc<Known>, SpanIx, Option<Arc<Comparison>>)>,
    /// The analysis ended without an answer; it is not tried again.
    pub(super) gave_up: bool,
    /// Only findings of this kind are listed.
    pub filter: Option<&'static str>,
    /// The finding that the list scrolls to, once it was reached with keys.
    pub scroll_to: Option<u32>,
    /// The clock that is held by hand.
    pub holding: Option<Holding>,
    /// The offset that is being typed for one.
    pub asking: Option<Asking>,
    /// The drift that is being typed for one.
    pub asking_drift: Option<AskingDrift>,
    /// Bars on their way from the picture before.
    pub moving: Option<Moving>,
}

/// What can be done about clocks, with data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ClockCommand {
    /// Draws everything against the clock of this lane.
    SetReference(LaneKey),
    /// Looks at a finding: its witness is brought into view and drawn. `None` = at none.
    Finding(Option<u32>),
    /// Lists findings of one kind only, or all.
    Filter(Option<&'static str>),
    /// Explains the bounds of the clock of a lane, or no more.
    Why(Option<LaneIx>),
    /// Measures between two places that may stand on events.
    Measure {
        /// The range on the axis; its ends need not be in order.
        range: TimeRange,
        /// The events that the ends stand on: from, to.
        ends: [Option<EventKey>; 2],
        /// The clocks of the lanes that the ends lie in: from, to.
        clocks: [Option<DomainIx>; 2],
    },
    /// Selects an event's span and brings the event into view.
    Reveal(EventKey),
    /// Holds the clock of a lane at an offset against the reference clock.
    Hold {
        /// The lane.
        lane: LaneKey,
        /// When, on its own clock, Unix nanoseconds; `None` = in the middle of the view.
        at_ns: Option<i64>,
        /// How far it is ahead, nanoseconds.
        offset_ns: i64,
    },
    /// Lets go of the clock that is held.
    LetGo,
    /// The offset to hold a clock at, as typed.
    TypeOffset(String),
    /// Holds the clock at the offset that was typed.
    TakeOffset,
    /// Asks for no offset any more.
    AskNothing,
    /// Bars that are on their way move on.
    MoveOn {
        /// The time of the window, milliseconds.
        now_ms: u64,
        /// How long the whole way takes, milliseconds.
        length_ms: u32,
    },
    /// Bars that are on their way are there at once.
    Arrive,
}

impl State {
    /// What is known about the clocks of what is open; `None` while it is worked out.
    #[must_use]
    pub fn known(&self) -> Option<&Arc<Known>> {
        self.arranged.known.as_ref().filter(|_| self.data.is_some())
    }

    /// True while the clocks are being analysed.
    #[must_use]
    pub fn is_analysing(&self) -> bool {
        self.data.is_some() && !self.session.clocks.gave_up && self.arranged.known.is_none()
    }

    pub(super) fn apply_clocks(&mut self, command: &Command) {
        match command {
            Command::ToggleClock => {
                let is_frame = self.session.view.plan.clock == ClockChoice::Frame;
                self.choose_clock(if is_frame { ClockChoice::Raw } else { ClockChoice::Frame });
            }
            Command::ClockRaw => self.choose_clock(ClockChoice::Raw),
            Command::ClockFrame => self.choose_clock(ClockChoice::Frame),
            Command::EvidenceProtocol => self.plan(|plan| plan.evidence = Evidence::Protocol),
            Command::EvidenceConvention => self.plan(|plan| plan.evidence = Evidence::Convention),
            Command::EvidencePrior => self.plan(|plan| plan.evidence = Evidence::Prior),
            Command::ReferenceAutomatic => self.plan(|plan| plan.reference = None),
            Command::ToggleFindings => {
                self.settings.findings_open = !self.settings.findings_open;
                self.effect(Effect::Save);
            }
            Command::NextFinding => self.step_finding(Step::Forward),
            Command::PreviousFinding => self.step_finding(Step::Back),
            Command::OtherEnd => self.other_end(),
            Command::WhatIf => self.ask_what_if(),
            Command::CriticalPath => self.toggle_critical(),
            Command::Clocks(command) => self.apply_clock_data(command),
            _ => {}
        }
    }

    fn apply_clock_data(&mut self, command: &ClockCommand) {
        match command {
            ClockCommand::SetReference(key) => self.plan(|plan| plan.reference = Some(key.clone())),
            ClockCommand::Finding(id) => {
                self.session.clocks.scroll_to = None;
                self.show_finding(*id);
            }
            ClockCommand::Filter(code) => self.session.clocks.filter = *code,
            ClockCommand::Why(lane) => self.explain(*lane),
            ClockCommand::Measure { range, ends, clocks } => {
                let view = &mut self.session.view;
                (view.measure, view.measure_ends, view.measure_clocks) = (Some(*range), *ends, *clocks);
            }
            ClockCommand::Reveal(key) => self.reveal_event(*key),
            ClockCommand::MoveOn { now_ms, length_ms } => self.move_on(*now_ms, *length_ms),
            ClockCommand::Arrive => self.session.clocks.moving = None,
            what_if => self.apply_what_if(what_if),
        }
    }

    /// Changes the plan; the arrangement follows.
    pub(super) fn plan(&mut self, change: impl FnOnce(&mut Plan)) {
        let mut plan = (*self.session.view.plan).clone();
        change(&mut plan);
        if plan != *self.session.view.plan {
            let is_same_analysis = plan.has_clocks_of(&self.session.view.plan);
            self.session.view.plan = Arc::new(plan);
            if !is_same_analysis {
                // Numbers of findings and reasons for bounds belong to the analysis so far.
                (self.session.view.why, self.session.view.finding) = (None, None);
            }
        }
    }

    fn choose_clock(&mut self, clock: ClockChoice) {
        self.plan(|plan| plan.clock = clock);
        if let Some(holding) = &mut self.session.clocks.holding {
            // What is chosen by hand stays when the clock is let go.
            holding.was_raw = false;
        }
        self.settings.prefers_frame = clock == ClockChoice::Frame;
        self.effect(Effect::Save);
    }

    fn explain(&mut self, lane: Option<LaneIx>) {
        let clock = lane.and_then(|lane| self.arranged.lane(lane)?.clock());
        let has_others = self.data.as_ref().is_some_and(|data| data.domains.list.len() > 1);
        let known = self.known().filter(|_| has_others);
        let input = known.map(|known| crate::scene::ClockInput { known, is_frame: self.arranged.is_frame() });
        let why = clock.zip(input).map(|(domain, clocks)| {
            let at_ns = crate::scene::clocks::own_time_ns(&clocks, domain, self.session.view.time);
            WhyOf { domain, at_ns }
        });
        let is_same = why.map(|why| why.domain) == self.session.view.why.map(|why| why.domain);
        self.session.view.why = why.filter(|_| !is_same);
    }

    /// Prepares comparing the focused span with others: hovering then only looks up.
    pub(super) fn keep_compared(&mut self) {
        let focused = self.session.view.focused.filter(|&span| self.has_span(span));
        let (Some(data), Some(known), Some(span)) = (&self.data, self.known(), focused) else {
            self.session.clocks.compared = None;
            return;
        };
        let is_same = |(with, of, _): &(Arc<Known>, SpanIx, _)| Arc::ptr_eq(with, known) && *of == span;
        if !self.session.clocks.compared.as_ref().is_some_and(is_same) {
            let comparison = known.model.compare(&data.store, &data.domains, EventKey::start(span)).map(Arc::new);
            self.session.clocks.compared = Some((Arc::clone(known), span, comparison));
        }
    }

    /// From the start of the focused span to the start of `other`: how long, and in which order.
    #[must_use]
    pub fn since_focused(&self, other: SpanIx) -> Option<(SpanIx, Between)> {
        let data = self.data.as_ref()?;
        let (known, focused, comparison) = self.session.clocks.compared.as_ref()?;
        if *focused == other || !self.has_span(other) {
            return None;
        }
        let stamp = known.model.stamps(&data.store, &data.domains).start(other)?;
        Some((*focused, comparison.as_ref()?.with(&data.store, EventKey::start(other), &stamp)))
    }

    /// The findings that are listed, in groups of one root cause each.
    pub fn listed_findings(&self) -> impl Iterator<Item = Vec<Found<'_>>> {
        self.findings().groups(self.session.clocks.filter)
    }

    fn step_finding(&mut self, step: Step) {
        let ids: Vec<u32> = self.listed_findings().flatten().map(Found::id).collect();
        if ids.is_empty() {
            if self.is_analysing() {
                return self.effect(Effect::Toast(Tone::Good, "The clocks are still being analysed".to_owned()));
            }
            // Nothing contradicts anything: the next best is what failed.
            return self.go_to_flagged(step);
        }
        let at = self.session.view.finding.and_then(|id| ids.iter().position(|&known| known == id));
        let next = match (at, step) {
            (None, Step::Forward) => 0,
            (None, Step::Back) => ids.len() - 1,
            (Some(at), Step::Forward) => (at + 1) % ids.len(),
            (Some(at), Step::Back) => (at + ids.len() - 1) % ids.len(),
        };
        self.session.clocks.scroll_to = Some(ids[next]);
        self.show_finding(Some(ids[next]));
    }

    fn show_finding(&mut self, id: Option<u32>) {
        self.session.view.finding = id;
        let Some(found) = id.and_then(|id| self.findings().get(id)) else {
            self.session.view.finding = None;
            return;
        };
        // The effect is selected, so that it is seen whatever else has room.
        let witness = found.witness().iter().flat_map(|proof| [proof.cause.to, proof.cause.from]);
        let mut events: Vec<EventKey> = witness.collect();
        let mut selection: Vec<SpanIx> = found.witness().first().map(|proof| proof.cause.to.span).into_iter().collect();
        if events.is_empty() {
            events.extend(found.spans().first().map(|&span| EventKey::start(span)));
        }
        if selection.is_empty() {
            // Without an arrow, outlines say which spans it is about.
            let all = matches!(found, Found::Pattern(..));
            selection.extend(found.spans().iter().take(if all { usize::MAX } else { 1 }));
        }
        events.retain(|event| self.has_span(event.span));
        selection.retain(|&span| self.has_span(span));
        if let Some(&first) = selection.first() {
            self.session.view.focused = Some(first);
            self.session.view.selection = selection;
        }
        self.show_events(&events);
        self.session.history.commit(&self.session.view);
    }

    /// From one end of the finding that is looked at to the other one: the effect, then its cause, and back.
    fn other_end(&mut self) {
        let found = self.session.view.finding.and_then(|id| self.findings().get(id));
        let Some(proof) = found.and_then(|found| found.witness().first().copied()) else {
            let why = "No contradiction is looked at: N goes to the next one, and its arrow has two ends".to_owned();
            return self.effect(Effect::Toast(Tone::Good, why));
        };
        let is_at_effect = self.session.view.focused == Some(proof.cause.to.span);
        self.reveal_event(if is_at_effect { proof.cause.from } else { proof.cause.to });
    }

    pub(super) fn has_span(&self, span: SpanIx) -> bool {
        self.data.as_ref().is_some_and(|data| span.at() < data.store.len())
    }

    fn reveal_event(&mut self, key: EventKey) {
        if self.has_span(key.span) {
            // Who asks for an event wants to see its lane.
            let lane = self.arranged.lane(self.arranged.layout.lane_of(key.span)).map(|lane| lane.key.clone());
            if let Some(lane) = lane.filter(|lane| self.session.view.lanes.hidden.contains(lane)) {
                Arc::make_mut(&mut self.session.view.lanes).hidden.remove(&lane);
            }
            self.session.view.selection = vec![key.span];
            self.session.view.focused = Some(key.span);
            self.show_events(&[key]);
            self.session.history.commit(&self.session.view);
        }
    }

    /// Where an event stands on the axis of the arrangement.
    #[must_use]
    pub fn event_ns(&self, key: EventKey) -> Option<i64> {
        let data = self.data.as_ref()?;
        let (start_ns, end_ns) = self.extent_now_ns(key.span);
        match key.point {
            Point::Start => Some(start_ns),
            Point::End => Some(end_ns),
            Point::Event(_) => {
                let known = self.known().filter(|_| self.arranged.is_frame());
                let placed = known.and_then(|known| known.model.place(&data.store, &data.domains, key)?.estimate_ns);
                placed.or_else(|| crate::scene::clocks::raw_ns(&data.store, key))
            }
        }
    }

    /// Brings all `events` into view, close enough to tell them apart. Where there are too many rows between them, the
    /// first ones before the others.
    pub(super) fn show_events(&mut self, events: &[EventKey]) {
        let times = events.iter().filter_map(|&key| self.event_ns(key));
        let hull = times.fold(None, |hull: Option<(i64, i64)>, at| {
            Some(hull.map_or((at, at), |(from, to)| (from.min(at), to.max(at))))
        });
        let Some((from_ns, to_ns)) = hull else { return };
        let view = &mut self.session.view;
        let (time, shown) = (view.time, view.shown_ns());
        let length = view.placed(TimeRange { from_ns, to_ns }).length_ns();
        let is_inside = from_ns >= time.from_ns && to_ns <= time.to_ns;
        // Two events closer than a few points look like one.
        let is_close = events.len() < 2 || length == 0 || length >= shown / 50;
        if !is_inside || !is_close {
            let room = if events.len() < 2 || length == 0 { shown } else { length };
            let margin = if length == 0 { room / 2 } else { room.saturating_mul(6) / 10 };
            let from_ns = from_ns.saturating_sub(margin);
            view.time = TimeRange { from_ns, to_ns: to_ns.saturating_add(margin).max(from_ns.saturating_add(1)) };
        }
        let spans: Vec<SpanIx> = events.iter().map(|event| event.span).collect();
        self.scroll_together_into_view(&spans);
        self.clamp_view();
    }

    /// Lets go of what is looked at; `false` when there was nothing.
    pub(super) fn clear_clocks(&mut self) -> bool {
        if self.let_go() {
            return true;
        }
        let view = &mut self.session.view;
        let had_any = view.finding.is_some() || view.why.is_some();
        (view.finding, view.why) = (None, None);
        had_any
    }
}
