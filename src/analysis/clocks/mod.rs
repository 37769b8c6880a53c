//! Clocks: which clock stamped a span, and what causality says about the offsets between clocks.

pub mod domains;
