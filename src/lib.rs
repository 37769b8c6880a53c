//! Skewline: a desktop viewer for traces of AI conversations that never pretends two clocks are one.
//!
//! Data flows one way:
//!
//! ```text
//! bytes -> load -> model -> analysis (clocks, ...) -> arrange (layout, lod) -> scene -> { view | export }
//! ```
//!
//! Everything between `load` and the last step is pure: no I/O, no egui, deterministic output.
//! ARCHITECTURE.md has the invariants.

pub mod analysis;
#[cfg(feature = "window")]
pub mod app;
pub mod arrange;
pub mod cli;
pub mod export;
pub mod layout;
pub mod load;
pub mod lod;
pub mod model;
pub mod scene;
pub mod simulate;
#[cfg(feature = "window")]
pub mod view;
