//! Marked spans, such as the hits of a search: how many a bar, a lane or a stretch of time holds.
//!
//! Built beside an index without changing it, and on another thread. One bit per span in the order of the rows,
//! with sums before every word, so that a bar is counted in constant time whatever it hides (invariants I6, I7).

use std::ops::Range;

use super::Bar;
use super::overview::{Density, Overview};
use crate::analysis::search::{CancelFlag, SpanSet};
use crate::layout::{LaneIx, Layout};
use crate::model::{SpanFlags, SpanIx};

/// Which spans of a [`Layout`] are marked. A span that stands for its subtree counts for every marked span of it.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// By slot of the layout's rows.
    slots: SpanSet,
    /// Marked slots before each word of `slots`.
    before: Vec<u32>,
    /// The slot of each marked span that is folded into another one, sorted.
    folded: Vec<u32>,
    /// The slots of each lane.
    lanes: Vec<Range<u32>>,
    overview: Overview,
    /// Marked spans, drawn or not.
    all: u64,
}

impl Marks {
    /// Marks the spans of `set` in `layout`; `None` when cancelled. Visits every span.
    #[must_use]
    pub fn build(layout: &Layout, set: &SpanSet, cancel: &CancelFlag) -> Option<Self> {
        let items = layout.span_rows();
        let slots = SpanSet::from_fn(items.len(), cancel, |slot| set.has(SpanIx(items.items()[slot])))?;
        let folded = layout.folded().iter().filter(|folded| set.has(folded.span)).map(|folded| folded.slot);
        let mut folded: Vec<u32> = folded.collect();
        folded.sort_unstable();
        let mut before = Vec::with_capacity(slots.words().len());
        let mut sum = 0;
        for word in slots.words() {
            before.push(sum);
            sum += word.count_ones();
        }
        let lanes = layout.lanes().iter().map(|lane| items.slots_of_rows(lane.rows.clone())).collect();
        let is_in = |slot: usize| slots.has(SpanIx::from_usize(slot)) || folded.binary_search(&(slot as u32)).is_ok();
        let overview = Overview::new(layout, items, |slot| is_in(slot).then_some(SpanFlags::default()));
        cancel.going_on()?;
        Some(Self { slots, before, folded, lanes, overview, all: set.count() as u64 })
    }

    /// Number of marked spans, whether the layout draws them or not.
    #[must_use]
    pub const fn all(&self) -> u64 {
        self.all
    }

    /// Number of marked spans behind `bar`, which the index of the same layout answered with.
    #[must_use]
    pub fn in_bar(&self, bar: &Bar) -> u32 {
        self.in_slots(bar.slot..bar.slot.saturating_add(bar.count))
    }

    /// Number of marked spans of a lane.
    #[must_use]
    pub fn in_lane(&self, lane: LaneIx) -> u32 {
        self.lanes.get(lane.at()).map_or(0, |slots| self.in_slots(slots.clone()))
    }

    /// Load of the marked spans of all lanes in `buckets` equal parts of `from_ns..to_ns`; see
    /// [`Index::overview`](super::Index::overview).
    #[must_use]
    pub fn overview(&self, from_ns: i64, to_ns: i64, buckets: usize) -> Vec<Density> {
        self.overview.all(from_ns, to_ns, buckets)
    }

    /// Load of the marked spans of one lane, see [`Self::overview`].
    #[must_use]
    pub fn lane_overview(&self, lane: LaneIx, from_ns: i64, to_ns: i64, buckets: usize) -> Vec<Density> {
        self.overview.lane(lane, from_ns, to_ns, buckets)
    }

    /// Bytes of heap memory in use.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        size_of_val(self.slots.words())
            + (self.before.capacity() + self.folded.capacity()) * size_of::<u32>()
            + self.lanes.capacity() * size_of::<Range<u32>>()
            + self.overview.heap_bytes()
    }

    fn in_slots(&self, slots: Range<u32>) -> u32 {
        let folded_before = |slot: u32| self.folded.partition_point(|&folded| folded < slot) as u32;
        let folded = folded_before(slots.end).saturating_sub(folded_before(slots.start));
        self.before_slot(slots.end).saturating_sub(self.before_slot(slots.start)) + folded
    }

    fn before_slot(&self, slot: u32) -> u32 {
        let slot = (slot as usize).min(self.slots.universe());
        let word = slot / 64;
        match (self.before.get(word), self.slots.words().get(word)) {
            (Some(before), Some(bits)) => before + (bits & ((1 << (slot % 64)) - 1)).count_ones(),
            // One past the last word.
            _ => match (self.before.last(), self.slots.words().last()) {
                (Some(before), Some(bits)) => before + bits.count_ones(),
                _ => 0,
            },
        }
    }
}
