//! Scene to egui: painting, pointer to commands, accessibility nodes.

mod access;
pub mod canvas;
mod far_ends;
pub mod focus;
mod gestures;
mod hover;
mod lane_heads;
pub mod paint;
mod sections;
mod turns;

pub use canvas::Canvas;
pub use focus::Focus;
