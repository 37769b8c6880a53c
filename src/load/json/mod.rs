//! A pull scanner for JSON that is large, and often not quite right.
//!
//! Ours rather than a crate's: serde_json and sonic-rs stop at the first fault and give no byte offset to go on
//! from, simd-json keeps the whole text and a tape of it, and jiter neither replaces bad UTF-8 nor tolerates a
//! trailing comma. A trace file of a gigabyte needs all of this at once: borrowed strings, byte offsets, going on
//! after a bad field, and no tree of values. serde_json stays for small documents elsewhere.

mod block;
mod field;
mod number;
pub mod pipeline;
mod scanner;
mod spelling;
mod split;
#[cfg(test)]
mod tests;
mod text;

pub use number::{Number, parse_int, parse_short_int};
pub use scanner::{Fault, FaultKind, MAX_DEPTH, Mark, Scanner, Token};
pub use spelling::Spelling;
pub use split::{Chunk, Gap, Level, Limits, Open, Shape, Splitter};
pub(crate) use text::push_quoted;
