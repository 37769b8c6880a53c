//! What the spans mean: clock domains, causality, findings. Pure and deterministic.

pub mod clocks;
pub mod search;
pub mod selection;
