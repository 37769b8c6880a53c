//! What repairs are weighed by, and what names of clocks are worth.

use std::collections::BTreeSet;

use super::super::solve::Rates;
use super::changes::NTPD_SLEW_PPB;
use super::{Budget, Element};
use crate::model::SpanIx;

/// How much more it costs to blame a clock for what another machine of the same name would explain: a jump then costs
/// more than one wrong message, and about as much as that there are several machines.
pub(super) const UNNAMED: u32 = 2500;

/// What repairs are weighed by.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// How fast clocks may drift without comment.
    pub rates: &'a Rates,
    /// By clock: how reluctantly it is blamed, in thousandths of a cost.
    pub trust: &'a [u32],
    /// By clock: where nothing says which machine it is, how many requests it may have served as several; 0 for the
    /// others.
    pub unnamed: &'a [u32],
    /// The process that a span was reported by; clocks may be taken apart by it.
    pub process: &'a dyn Fn(SpanIx) -> u32,
    /// By clock: whether a broker or whoever dates responses is known by no more than a name that may stand for several
    /// machines; `None` for all other clocks.
    pub unseen: &'a dyn Fn(u32) -> Option<bool>,
    /// Classes that the user insists on: none of them is given up as a whole.
    pub kept: &'a BTreeSet<u32>,
    /// Whether no class is given up as a whole.
    pub spares_classes: bool,
    /// How much is weighed.
    pub budget: Budget,
}

impl Terms<'_> {
    /// Whether two times that `clock` was read at may come from two machines: by which process, and on a clock that
    /// stamped no span by which span, they were noted.
    pub(super) fn may_differ(&self, clock: u32, a: SpanIx, b: SpanIx) -> bool {
        if (self.unseen)(clock).is_some() { a != b } else { (self.process)(a) != (self.process)(b) }
    }

    pub(super) fn is_unnamed(&self, clock: u32) -> bool {
        self.unnamed.get(clock as usize).is_some_and(|&requests| requests > 0)
    }

    /// What it costs to take a clock apart. A handful of requests do not show that they were served by one machine.
    pub(super) fn split_cost(&self, clock: u32) -> u32 {
        const HANDFUL: u32 = 5;
        /// Whatever else would explain it costs more: nobody knows which machine wrote the time.
        const GUESSED: u32 = 950;
        if (self.unseen)(clock) == Some(true) {
            return GUESSED;
        }
        match self.unnamed.get(clock as usize) {
            None | Some(0) => 3000,
            Some(1..HANDFUL) => 950,
            Some(HANDFUL..) => 2200 + UNNAMED,
        }
    }

    /// Whether `other` is as likely as `element`, whatever they cost. What seems to be a jump or several machines may be
    /// a clock that was corrected as time services do it: they step a clock only when it is far off. And what several
    /// machines of one name explain may be one wrong message.
    pub(super) fn is_as_likely(&self, element: Element, other: Element) -> bool {
        match (element, other) {
            (Element::Jump { .. } | Element::Split { .. }, Element::Rate { ppb, .. }) => ppb <= NTPD_SLEW_PPB,
            (Element::Split { clock }, Element::Edge(_)) => self.is_unnamed(clock),
            _ => false,
        }
    }
}
