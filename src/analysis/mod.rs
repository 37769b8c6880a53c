//! What the spans mean: clock domains, causality, findings. Pure and deterministic.

pub mod attribute_keys;
pub mod background;
pub mod clocks;
pub mod critical_path;
pub mod findings;
pub mod genai;
pub mod incomplete;
pub mod numbered;
pub mod places;
pub mod reading;
pub mod row_order;
#[cfg(test)]
mod rows_tests;
pub mod search;
pub mod selection;
pub mod self_time;
pub mod statistics;
pub mod table;
pub mod telling_apart;
pub mod why;
