//! The Scene as SVG and PNG, the report, and tables as text.

pub mod csv;
pub mod picture;
pub mod png;
pub mod report;
pub mod svg;
pub mod views;
