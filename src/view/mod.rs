//! Scene to egui.
