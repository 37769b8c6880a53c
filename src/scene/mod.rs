//! A frame as plain data, read by the painter, the exports and the tests.

pub mod palette;
pub mod ruler;
pub mod shape;
pub mod text;
pub mod theme;
pub mod view_state;

pub use palette::ServiceColors;
pub use ruler::{Ruler, Tick};
pub use shape::{Anchor, Area, BarRect, Layer, Picture, Shape, Stroke, TextShape};
pub use text::Font;
pub use theme::{Theme, ThemeKind};
pub use view_state::{RulerMode, TimeRange, TimeScale, ViewState};
