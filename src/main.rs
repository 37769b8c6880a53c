//! The `skewline` program.

fn main() {}
