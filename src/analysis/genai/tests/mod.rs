//! Tests of the normaliser: every convention as data, real files, and the rules one by one.

mod breakdown;
mod conventions;
mod describe;
pub(crate) mod fixture;
mod properties;
mod streams;
mod truth;
