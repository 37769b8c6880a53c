//! Which time a layout shows: raw, or seen from a reference clock.

use super::Layout;
use crate::model::{SpanFlags, SpanIx, TraceStore};

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

/// The times of a layout that was built on the same axis: they are looked up there instead of being worked out again.
#[derive(Clone, Copy, Debug)]
pub struct SameTime<'a, M> {
    /// The layout of `store` that was built through `map`.
    pub before: &'a Layout,
    /// The spans.
    pub store: &'a TraceStore,
    /// The axis, for spans that have no times of their own in `before`.
    pub map: &'a M,
}

impl<M: TimeMap> TimeMap for SameTime<'_, M> {
    fn map(&self, span: SpanIx, raw_ns: i64) -> i64 {
        self.map.map(span, raw_ns)
    }

    fn ends(&self, span: SpanIx, start_ns: i64, end_ns: i64) -> (i64, i64) {
        // Open ends were completed from the children in the span's old lane, and a folded span has no place.
        let flags = self.store.flags()[span.at()];
        let is_open = flags.has(SpanFlags::START_MISSING) || flags.has(SpanFlags::END_MISSING);
        if is_open || self.before.shown_as(span) != span {
            return self.map.ends(span, start_ns, end_ns);
        }
        self.before.extent_ns(span)
    }
}

impl<F: Fn(SpanIx, i64) -> i64 + Sync> TimeMap for F {
    fn map(&self, span: SpanIx, raw_ns: i64) -> i64 {
        self(span, raw_ns)
    }
}
