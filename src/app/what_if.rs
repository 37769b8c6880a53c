//! What if: one clock is held at an offset by hand, and the others follow as far as messages force them to. Nothing
//! of the data changes; letting go brings everything back.

use std::sync::Arc;

use super::clocks::ClockCommand;
use super::state::{Effect, State, Tone};
use crate::analysis::clocks::words::offset_text;
use crate::analysis::clocks::{Held, Known};
use crate::arrange::{ClockChoice, LaneInfo, LaneKey};
use crate::model::time::{MS, duration_text, read_duration};
use crate::model::{DomainIx, SpanIx};
use crate::scene::SceneInput;

/// A clock that is held, with what it belongs to.
#[derive(Clone, Debug)]
pub struct Holding {
    known: Arc<Known>,
    /// The lane of the clock.
    pub lane: LaneKey,
    /// The clock and its offset.
    pub held: Arc<Held>,
    /// Raw times were shown before: letting go shows them again.
    pub(super) was_raw: bool,
}

/// An offset that is being typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asking {
    /// The lane of the clock.
    pub lane: LaneKey,
    /// What is typed.
    pub typed: String,
    /// Why it cannot be taken.
    pub error: Option<String>,
}

/// How to write an offset.
const FORM: &str = "Write how far ahead the clock is: 1.2s, -350ms, 0s";

impl State {
    /// The clock that is held by hand, once times are those of the reference clock.
    #[must_use]
    pub fn held(&self) -> Option<&Arc<Held>> {
        self.session.clocks.holding.as_ref().map(|holding| &holding.held).filter(|_| self.arranged.is_frame())
    }

    /// What `span` occupies on the axis, with what is held by hand.
    #[must_use]
    pub fn extent_now_ns(&self, span: SpanIx) -> (i64, i64) {
        match &self.data {
            Some(data) if self.held().is_some() || self.arranged.rows_by.is_some() => {
                let held = self.held().map(Arc::as_ref);
                SceneInput { held, ..data.scene_input(&self.arranged) }.extent_ns(span)
            }
            _ => self.arranged.layout.extent_ns(span),
        }
    }

    /// Holds the clock of `lane` at `offset_ns`; at `at_ns` on its own clock, by default in the middle of the view.
    pub(super) fn hold(&mut self, lane: &LaneKey, at_ns: Option<i64>, offset_ns: i64) {
        let ix = self.arranged.lane_of_key(lane);
        let clock = ix.and_then(|ix| self.arranged.lane(ix)).and_then(LaneInfo::clock);
        let (Some(clock), Some(known)) = (clock, self.known().cloned()) else {
            return self.cannot_hold("This lane has spans of several clocks: no offset belongs to it");
        };
        let before = self.session.clocks.holding.take();
        let is_raw = self.session.view.plan.clock == ClockChoice::Raw;
        let was_raw = before.as_ref().map_or(is_raw, |before| before.was_raw);
        let is_same = |it: &Holding| {
            Arc::ptr_eq(&it.known, &known)
                && it.held.domain == clock
                && at_ns.is_none_or(|at_ns| at_ns == it.held.at_ns())
        };
        let held = match before.filter(is_same) {
            Some(Holding { held, .. }) => Some(Arc::unwrap_or_clone(held).moved_to(&known.model, offset_ns)),
            None => known.model.hold(clock, at_ns.unwrap_or_else(|| self.middle_of(&known, clock)), offset_ns),
        };
        let Some(held) = held else {
            let is_reference = known.model.reference().is_some_and(|reference| reference.domain == clock);
            return self.cannot_hold(if is_reference {
                "The reference clock stays where it is: everything is drawn against it"
            } else {
                "Nothing connects this clock with the reference clock: any offset is possible"
            });
        };
        self.session.clocks.holding = Some(Holding { known, lane: lane.clone(), held: Arc::new(held), was_raw });
        if is_raw {
            Arc::make_mut(&mut self.session.view.plan).clock = ClockChoice::Frame;
        }
    }

    /// Lets go of the clock that is held, and shows the times that were shown before; `false` when none was held.
    pub(super) fn let_go(&mut self) -> bool {
        let Some(holding) = self.session.clocks.holding.take() else { return false };
        if holding.was_raw {
            Arc::make_mut(&mut self.session.view.plan).clock = ClockChoice::Raw;
        }
        true
    }

    fn cannot_hold(&mut self, why: &str) {
        self.effect(Effect::Toast(Tone::Bad, why.to_owned()));
    }

    /// What `clock` shows in the middle of the view.
    fn middle_of(&self, known: &Known, clock: DomainIx) -> i64 {
        let clocks = crate::scene::ClockInput { known, is_frame: self.arranged.is_frame() };
        crate::scene::clocks::own_time_ns(&clocks, clock, self.session.view.time)
    }

    /// Lets go when the clocks are seen otherwise now, or raw times are shown.
    pub(super) fn keep_held(&mut self) {
        let Some(holding) = &self.session.clocks.holding else { return };
        let is_same = self.known().is_some_and(|known| Arc::ptr_eq(known, &holding.known));
        if !is_same || self.session.view.plan.clock == ClockChoice::Raw {
            self.session.clocks.holding = None;
        }
    }

    /// The offset of a lane's clock now: what dragging begins from.
    #[must_use]
    pub fn offset_of_lane(&self, lane: &LaneInfo) -> Option<(i64, i64)> {
        let (known, clock) = (self.known()?, lane.clock()?);
        if let Some(holding) = self.session.clocks.holding.as_ref().filter(|holding| holding.held.domain == clock) {
            return Some((holding.held.at_ns(), holding.held.offset_ns));
        }
        let at_ns = self.middle_of(known, clock);
        let offset = match self.held() {
            Some(held) => held.offset(&known.model, clock, at_ns),
            None => known.model.offset(clock, at_ns),
        };
        Some((at_ns, offset.estimate_ns?))
    }

    /// Asks for the offset of the current lane's clock, or of the first that can be held.
    pub(super) fn ask_what_if(&mut self) {
        let reference = self.known().and_then(|known| known.model.reference()).map(|reference| reference.domain);
        let can_be_held = |lane: &&LaneInfo| lane.clock() != reference && self.offset_of_lane(lane).is_some();
        let current = self.current_lane().and_then(|lane| self.arranged.lane(lane)).filter(can_be_held);
        let Some(lane) = current.or_else(|| self.arranged.lanes.iter().find(can_be_held)) else {
            let why = "No clock can be moved: there is only one, or nothing connects them";
            return self.effect(Effect::Toast(Tone::Good, why.to_owned()));
        };
        let (_, offset_ns) = self.offset_of_lane(lane).unwrap_or_default();
        let words = duration_text(offset_ns).replace('−', "-");
        // `2 min 05 s` is easier to read than to write.
        let typed = if read_duration(&words).is_some() { words } else { format!("{}ms", offset_ns / MS) };
        self.session.clocks.asking = Some(Asking { lane: lane.key.clone(), typed, error: None });
    }

    pub(super) fn apply_what_if(&mut self, command: &ClockCommand) {
        match command {
            ClockCommand::Hold { lane, at_ns, offset_ns } => self.hold(lane, *at_ns, *offset_ns),
            ClockCommand::LetGo => {
                self.let_go();
            }
            ClockCommand::TypeOffset(text) => {
                if let Some(asking) = &mut self.session.clocks.asking {
                    (asking.typed, asking.error) = (text.clone(), None);
                }
            }
            ClockCommand::AskNothing => self.session.clocks.asking = None,
            ClockCommand::TakeOffset => {
                let Some(asking) = self.session.clocks.asking.take() else { return };
                match read_duration(&asking.typed) {
                    Some(offset_ns) => self.hold(&asking.lane, None, offset_ns),
                    None => self.session.clocks.asking = Some(Asking { error: Some(FORM.to_owned()), ..asking }),
                }
            }
            _ => {}
        }
    }

    /// `What if agents is ahead 1.2 s?`, and what the messages allow.
    #[must_use]
    pub fn what_if_words(&self) -> Option<(String, String)> {
        let (holding, known) = (self.session.clocks.holding.as_ref()?, self.known()?);
        let held = self.held()?;
        let offset = offset_text(Some(held.offset_ns), Some(held.offset_ns));
        let allowed = known.model.offset(held.domain, held.at_ns()).words();
        Some((format!("What if {}: {offset}", self.lane_name(&holding.lane)), format!("possible: {allowed}")))
    }
}
