//! The window: state, commands, panels.
//!
//! Input becomes [`command::Command`]s, [`State::apply`](state::State) changes the state, panels and the canvas
//! draw it and push further commands. Nothing else changes state (invariant I8).

mod apply;
pub mod arranging;
pub mod assumed;
pub mod bindings;
pub mod clocks;
pub mod command;
pub mod conversation;
pub mod critical;
pub mod drawer;
pub mod fold;
mod go;
mod history;
pub mod host;
pub mod keys;
pub mod lanes;
mod loading;
pub mod moving;
pub mod notes;
mod panels;
pub mod people;
pub mod phases;
pub mod picker;
pub mod picture;
pub mod plots;
pub mod search;
pub mod settings;
pub mod state;
pub mod tables;
pub mod tagging;
pub mod theme;
pub mod views;
pub mod what_if;
mod window;
pub mod workspace;

pub use host::{Clipboard, Dialogs};
pub use panels::cells_id;
pub use state::State;
pub use window::{App, Host, run};
/// Why there is no window.
pub type WindowError = eframe::Error;
pub use workspace::Workspace;
