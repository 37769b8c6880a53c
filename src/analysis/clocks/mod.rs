//! Clocks: which clock stamped a span, and what causality says about the offsets between clocks.

pub mod causal;
pub mod domains;
pub mod solve;
