//! Search: a small query language, and its evaluation over a store.
//!
//! [`parse`] reads a [`Query`] (the language is described there), [`run`] finds its [`Hits`].
//! Every distinct string, attribute and resource is looked at once; the spans are then only a scan
//! over columns of numbers.

mod ai;
mod cancel;
mod categories;
mod eval;
mod free_text;
mod order;
mod parse;
mod pattern;
mod query;
#[cfg(test)]
pub(crate) mod samples;
mod set;
#[cfg(test)]
mod tests;

pub use cancel::CancelFlag;
pub use categories::{Categories, Label};
pub use eval::{Hits, Lanes, Subject, matching, run};
pub use order::ranks;
pub use parse::{ParseError, parse};
pub use pattern::{Matcher, Pattern, fold};
pub use query::{Comparison, Expr, FIELDS, Field, FieldHelp, Number, Query, Term, TextTest};
pub use set::SpanSet;
