//! Tests of the normaliser: every convention as data, real files, and the rules one by one.

mod conventions;
mod describe;
mod fixture;
mod properties;
