//! What somebody asked for, where it changes rows or times.

use serde::{Deserialize, Serialize};

/// Whose time the axis shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ClockChoice {
    /// Raw times: what every clock said.
    #[default]
    Raw,
}

/// How spans are to be arranged. Plain data: it outlives the store, and goes into saved views.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// Whose time the axis shows.
    pub clock: ClockChoice,
}
