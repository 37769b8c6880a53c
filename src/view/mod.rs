//! Scene to egui: painting, pointer to commands, accessibility nodes.

mod access;
pub mod canvas;
mod gestures;
mod hover;
pub mod paint;

pub use canvas::Canvas;
