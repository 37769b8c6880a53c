//! Clocks: which clock stamped a span, and what causality says about the offsets between clocks.

pub mod causal;
mod classify;
pub mod domains;
pub mod edges;
pub mod findings;
mod model;
mod processes;
pub mod reference;
pub mod repair;
mod same_clock;
pub mod solve;
pub mod stamps;
#[cfg(test)]
mod tests;
pub mod units;
pub mod words;

pub use causal::{Cause, EventKey, Evidence, Point, Rule};
pub use findings::{Code, Finding, Proof, Severity};
pub use model::{Between, ClockModel, Comparison, Offset, Options, Pair, Placed};
pub use reference::Reference;
pub use solve::{Order, Side};
