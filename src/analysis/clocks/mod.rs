//! Clocks: which clock stamped a span, and what causality says about the offsets between clocks.

pub mod causal;
pub mod domains;
pub mod edges;
pub mod solve;
pub mod stamps;
#[cfg(test)]
mod tests;
pub mod units;
