//! Which time a layout shows: raw, or seen from a reference clock.

use crate::model::SpanIx;

/// Moves a raw time of a span onto the axis that a layout is built on.
///
/// Raw times are never rewritten: a layout is built *through* a map, and built anew when the map changes.
/// A map must be monotone for each span (`a <= b` gives `map(s, a) <= map(s, b)`).
pub trait TimeMap: Sync {
    /// Where `raw_ns`, read from the clock of `span`, lies on the axis, in nanoseconds.
    fn map(&self, span: SpanIx, raw_ns: i64) -> i64;

    /// Where the raw times `start_ns` and `end_ns` of `span` lie on the axis, both at once.
    fn ends(&self, span: SpanIx, start_ns: i64, end_ns: i64) -> (i64, i64) {
        (self.map(span, start_ns), self.map(span, end_ns))
    }
}

/// Raw times: what every clock said.
#[derive(Clone, Copy, Debug, Default)]
pub struct RawTime;

impl TimeMap for RawTime {
    fn map(&self, _span: SpanIx, raw_ns: i64) -> i64 {
        raw_ns
    }
}

impl<F: Fn(SpanIx, i64) -> i64 + Sync> TimeMap for F {
    fn map(&self, span: SpanIx, raw_ns: i64) -> i64 {
        self(span, raw_ns)
    }
}
