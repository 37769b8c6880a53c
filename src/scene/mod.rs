//! A frame as plain data, read by the painter, the exports and the tests.
//!
//! ```text
//! (TraceStore, Domains, Layout, Index) + ViewState -> build -> Scene -> lower -> Picture (shapes)
//! ```

mod below;
mod build;
pub mod caption;
#[cfg(test)]
mod caption_tests;
pub mod clocks;
mod columns;
pub mod critical;
pub mod cut;
mod dump;
pub mod findings;
mod folding;
pub mod frame;
pub mod geometry;
#[cfg(test)]
mod ghost_tests;
mod heads;
#[cfg(test)]
mod heads_tests;
mod hidden;
mod hit;
mod input;
mod labels;
mod lower;
mod measure;
mod motion;
#[cfg(test)]
mod motion_tests;
mod notes;
pub mod palette;
mod panes;
mod phases;
mod place;
mod profile;
pub mod ruler;
pub mod sections;
mod selection;
pub mod shape;
mod strip;
#[cfg(test)]
mod tests;
pub mod text;
pub mod theme;
pub mod ties;
#[cfg(test)]
mod ties_tests;
mod time_scale;
mod tints;
pub mod tokens;
#[cfg(test)]
mod tokens_tests;
pub mod turns;
#[cfg(test)]
mod turns_tests;
pub mod view_state;
pub mod work;

pub use crate::model::grouped;
pub use build::{SceneBuilder, build, canvas_scale, count_text};
pub use caption::Caption;
pub use clocks::{ClockInput, WhyOf};
pub use critical::Critical;
pub use frame::{Hidden, LaneHead, OverviewMark, Scene, SceneBar};
pub use hit::{Hit, hit};
pub use input::SceneInput;
pub use lower::lower;
pub use motion::Travel;
pub use palette::ServiceColors;
pub use ruler::{Ruler, Tick};
pub use shape::{Anchor, Area, BarRect, Layer, Picture, Shape, Stroke, TextShape};
pub use strip::{mark_at, overview_scale};
pub use text::Font;
pub use theme::{Theme, ThemeKind};
pub use time_scale::TimeScale;
pub use view_state::{RulerMode, TimeRange, ViewState};
pub use work::{Work, phase_colors};
