//! The Scene as SVG and PNG, and the report.

pub mod report;
mod report_text;
