//! What the colours of bars mean.

use serde::{Deserialize, Serialize};

/// What the colour of a bar says.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    Debug,
    Default,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ColorBy {
    /// Which service reported it.
    #[default]
    Service,
    /// Which agent was at work.
    Agent,
    /// What the time was spent on.
    Phase,
    /// Which clock stamped it.
    Clock,
}

impl ColorBy {
    /// True for what a view need not mention.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
