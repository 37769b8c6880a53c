//! The window, driven through its accessibility tree: no display and no graphics driver needed.
//!
//! One binary for all window tests: linking the window toolkit is what takes long. A test of a feature is
//! a module here; [`harness`] holds what they share.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "a test binary")]

mod access;
mod assumed;
mod clock_moves;
mod clocks;
mod conversation;
mod critical;
mod exporting;
mod findings;
mod focus;
mod fold;
mod fold_moves;
mod hands;
mod harness;
mod hostile;
mod keyboard;
mod lanes;
mod notes;
mod opening;
mod panels;
mod people;
mod picker;
mod plots;
mod search;
mod spans;
mod tables;
mod views;
mod what_if;
mod why;
mod worked_example;
