//! Clocks: which clock stamped a span, and what causality says about the offsets between clocks.
//!
//! | question | answer |
//! |---|---|
//! | which clock stamped a span | [`domains::assign`] |
//! | everything about offsets | [`ClockModel::analyse`]; another reference or level: [`ClockModel::with_options`] |
//! | where an event lies, how long it took, what came first | [`ClockModel::place`], [`ClockModel::between`], [`ClockModel::compare`] |
//! | why a bound is where it is | [`ClockModel::why`] |
//! | the offset of a pair over time | [`ClockModel::band`] |
//! | how much would explain all contradictions | [`ClockModel::strain`] |
//! | a clock held at an offset by hand | [`ClockModel::hold`] |
//! | (receive) - (send) per causal edge: histogram, ECDF, least latencies | [`separations`] |
//! | was causality healthy at a time | [`health`] |
//! | do raw times keep the order of a kind of message | [`safety`] |
//! | quantiles of durations that are intervals | [`intervals`] |

pub mod causal;
mod circles;
mod classify;
pub mod declared;
pub mod domains;
pub mod doubt;
pub mod edges;
pub mod evidence;
mod explained;
pub mod findings;
pub mod health;
pub mod intervals;
mod known;
mod model;
mod overruled;
mod processes;
pub mod reference;
pub mod repair;
pub mod safety;
mod same_clock;
pub mod separations;
pub mod solve;
pub mod stamps;
mod symptoms;
#[cfg(test)]
pub(super) mod tests;
pub mod units;
pub mod unseen;
pub mod words;
mod written_after;

pub use causal::{Cause, EventKey, Evidence, Point, Rule};
pub use findings::{Code, Finding, Proof, Severity};
pub use known::{FindingTone, Known};
pub use model::{
    Band, BandJump, BandPoint, Between, ClockModel, Comparison, Held, Offset, Options, Pair, Placed, Stop, Touch, Waits,
};
pub use reference::Reference;
pub use solve::{Order, Side};
