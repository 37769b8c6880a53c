//! The Scene as SVG and PNG, and the report.
