//! What the clock engine may assume, in the window: one trace alone, drift of a clock, kinds of evidence on and off.
//!
//! All of it is part of the plan, so that undo, saved views and pictures know it, and the analysis runs where
//! arrangements are made.

use super::command::Command;
use super::drawer::DrawerTab;
use super::state::{Effect, State, Tone};
use crate::analysis::clocks::Options;
use crate::analysis::clocks::evidence::{assumed_words, ppm_text};
use crate::arrange::{Assumed, LaneInfo, LaneKey, MOST_DRIFT_PPB};

/// What is assumed, with data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AssumeCommand {
    /// Uses the messages of the trace with this id alone; `None` = those of all traces.
    OnlyTrace(Option<String>),
    /// How fast the clock of a lane may drift, parts per 10⁹; `None` = as usual.
    Drift {
        /// The lane.
        lane: LaneKey,
        /// The bound.
        ppb: Option<u32>,
    },
    /// Asks for it.
    AskDrift(LaneKey),
    /// The rate, as typed.
    TypeDrift(String),
    /// Takes what was typed.
    TakeDrift,
    /// Asks no more.
    AskNothing,
    /// Believes a kind of evidence (true) or not (false); `None` = as the program judges it.
    Believe {
        /// Its name, as in [`Assumed::evidence`].
        name: String,
        /// Whether it is believed.
        is_on: Option<bool>,
    },
}

/// A rate that is being typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AskingDrift {
    /// The lane of the clock.
    pub lane: LaneKey,
    /// What is typed, in parts per million.
    pub typed: String,
    /// Why it cannot be taken.
    pub error: Option<String>,
}

/// How to write a rate.
const FORM: &str = "Write parts per million from 0 to 100000: 50, 0.5, 200";

impl State {
    pub(super) fn apply_assumed(&mut self, command: &Command) {
        match command {
            Command::OnlyTrace => self.toggle_only_trace(),
            Command::AllTraces => self.assume(|assumed| assumed.only_trace = None),
            Command::UsualAssumptions => self.assume(|assumed| *assumed = Assumed::default()),
            Command::AssumeDrift => self.ask_drift(None),
            Command::ToggleEvidence => self.toggle_tab(DrawerTab::Evidence),
            Command::Assume(command) => self.apply_assume(command),
            _ => {}
        }
    }

    fn apply_assume(&mut self, command: &AssumeCommand) {
        match command {
            AssumeCommand::OnlyTrace(id) => self.assume(|assumed| assumed.only_trace.clone_from(id)),
            AssumeCommand::Drift { lane, ppb } => self.set_drift(lane, *ppb),
            AssumeCommand::AskDrift(lane) => self.ask_drift(Some(lane)),
            AssumeCommand::TypeDrift(text) => {
                if let Some(asking) = &mut self.session.clocks.asking_drift {
                    (asking.typed, asking.error) = (text.clone(), None);
                }
            }
            AssumeCommand::TakeDrift => self.take_drift(),
            AssumeCommand::AskNothing => self.session.clocks.asking_drift = None,
            AssumeCommand::Believe { name, is_on } => self.believe(name, *is_on),
        }
    }

    fn assume(&mut self, change: impl FnOnce(&mut Assumed)) {
        self.plan(|plan| change(&mut plan.assumed));
    }

    /// The id of the selected span's trace.
    #[must_use]
    pub fn trace_of_focused(&self) -> Option<String> {
        let view = &self.session.view;
        let span = view.focused.or_else(|| view.selection.first().copied()).filter(|&span| self.has_span(span))?;
        let store = &self.data.as_ref()?.store;
        Some(store.trace_id_text(store.span(span).trace_id()))
    }

    /// The trace of the selected span alone; all of them when it is alone already, or when nothing is selected.
    fn toggle_only_trace(&mut self) {
        let now = self.session.view.plan.assumed.only_trace.clone();
        let wanted = self.trace_of_focused();
        let traces = self.data.as_ref().map_or(0, |data| data.store.traces().len());
        if now.is_none() && traces < 2 {
            return self.say_assumed("There is only one trace here: all evidence is its own");
        }
        if now.is_none() && wanted.is_none() {
            return self.say_assumed("Select a span first: the evidence of its trace alone is used then");
        }
        let next = wanted.filter(|wanted| now.as_ref() != Some(wanted));
        self.assume(|assumed| assumed.only_trace = next);
    }

    fn say_assumed(&mut self, what: &str) {
        self.effect(Effect::Toast(Tone::Good, what.to_owned()));
    }

    fn set_drift(&mut self, lane: &LaneKey, ppb: Option<u32>) {
        let usual = self.usual_drift_ppb();
        self.assume(|assumed| match ppb.filter(|&ppb| ppb != usual) {
            Some(ppb) => drop(assumed.drift_of.insert(lane.clone(), ppb.min(MOST_DRIFT_PPB))),
            None => drop(assumed.drift_of.remove(lane)),
        });
    }

    /// What clocks may drift by that have no bound of their own, parts per 10⁹.
    #[must_use]
    pub fn usual_drift_ppb(&self) -> u32 {
        self.session.view.plan.assumed.drift_ppb.unwrap_or(Options::default().drift_ppb)
    }

    /// What the clock of `lane` is asked to drift by at most, parts per 10⁹.
    #[must_use]
    pub fn drift_of_lane_ppb(&self, lane: &LaneKey) -> u32 {
        let own = self.session.view.plan.assumed.drift_of.get(lane).copied();
        own.unwrap_or_else(|| self.usual_drift_ppb())
    }

    /// Asks for the drift of a lane's clock; without one, of the current lane's, or the first one's.
    fn ask_drift(&mut self, lane: Option<&LaneKey>) {
        let has_others = self.data.as_ref().is_some_and(|data| data.domains.list.len() > 1);
        let has_clock = |lane: &&LaneInfo| has_others && lane.clock().is_some();
        let wanted = lane.and_then(|lane| self.arranged.lane_of_key(lane)).or_else(|| self.current_lane());
        let current = wanted.and_then(|lane| self.arranged.lane(lane)).filter(has_clock);
        let first = || self.arranged.lanes.iter().find(has_clock);
        let Some(lane) = current.or_else(|| if lane.is_none() { first() } else { None }) else {
            return self
                .say_assumed("Drift matters between clocks: this lane has none of its own, or there is only one");
        };
        let ppm = ppm_text(self.drift_of_lane_ppb(&lane.key));
        let typed = ppm.trim_end_matches(" ppm").replace(',', "");
        self.session.clocks.asking_drift = Some(AskingDrift { lane: lane.key.clone(), typed, error: None });
    }

    fn take_drift(&mut self) {
        let Some(asking) = self.session.clocks.asking_drift.take() else { return };
        let typed = asking.typed.trim().trim_end_matches("ppm").trim_end();
        let ppm = typed.parse::<f64>().ok().map(|ppm| ppm * 1000.0);
        match ppm.filter(|ppb| (0.0..=f64::from(MOST_DRIFT_PPB)).contains(ppb)) {
            Some(ppb) => self.set_drift(&asking.lane, Some(ppb.round() as u32)),
            None => {
                self.session.clocks.asking_drift = Some(AskingDrift { error: Some(FORM.to_owned()), ..asking });
            }
        }
    }

    fn believe(&mut self, name: &str, is_on: Option<bool>) {
        let rule = name.split_once(':').map(|(rule, _)| rule);
        self.assume(|assumed| {
            let said = &mut assumed.evidence;
            if rule.is_none() {
                // What is said of a whole rule holds for all its kinds, whatever was said of single ones.
                said.retain(|other, _| other.split_once(':').is_none_or(|(rule, _)| rule != name));
            }
            // What was switched off by hand and is switched on again is as it was, unless its whole rule is off.
            let is_back = is_on == Some(true) && said.get(name) == Some(&false);
            let is_of_rule = rule.is_some_and(|rule| said.contains_key(rule));
            match is_on.filter(|_| !is_back || is_of_rule) {
                Some(is_on) => drop(said.insert(name.to_owned(), is_on)),
                None => drop(said.remove(name)),
            }
        });
    }

    /// What differs from the usual in what is shown now, in sentences; empty when nothing does.
    #[must_use]
    pub fn assumed_words(&self) -> Vec<String> {
        let (Some(data), Some(known)) = (&self.data, self.known()) else { return Vec::new() };
        assumed_words(&data.store, &data.domains, known.model.options())
    }

    /// The same as asked for, in a few words for a button: `trace 4bf92f35 only · 2 kinds by hand`.
    #[must_use]
    pub fn assumed_chip(&self) -> Option<String> {
        const ID_CHARS: usize = 8;
        let assumed = &self.session.view.plan.assumed;
        let mut parts = Vec::new();
        if let Some(id) = &assumed.only_trace {
            parts.push(format!("trace {}", id.chars().take(ID_CHARS).collect::<String>()));
        }
        if assumed.drift_ppb.is_some() || !assumed.drift_of.is_empty() {
            parts.push("drift set".to_owned());
        }
        match assumed.evidence.len() {
            0 => {}
            1 => parts.push("1 kind by hand".to_owned()),
            kinds => parts.push(format!("{kinds} kinds by hand")),
        }
        (!parts.is_empty()).then(|| parts.join(" · "))
    }
}
