//! Marked spans, such as the hits of a search: how many a bar, a lane or a stretch of time holds.
//!
//! Built beside an index without changing it, and on another thread. One bit per span in the order of the rows,
//! with sums before every word, so that a bar is counted in constant time whatever it hides (invariants I6, I7).

use std::collections::BTreeSet;
use std::ops::Range;

use super::Bar;
use super::overview::{self, Density};
use crate::analysis::search::{CancelFlag, SpanSet};
use crate::layout::{LaneIx, Layout};
use crate::model::SpanIx;

/// Which spans of a [`Layout`] are marked. A span that stands for its subtree is marked when any span of it is.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// By slot of the layout's rows.
    slots: SpanSet,
    /// Marked slots before each word of `slots`.
    before: Vec<u32>,
    /// The slots of each lane.
    lanes: Vec<Range<u32>>,
    hull_ns: Range<i64>,
    load: Vec<Density>,
    /// Marked spans, drawn or not.
    all: u64,
}

impl Marks {
    /// Marks the spans of `set` in `layout`; `None` when cancelled. Visits every span.
    #[must_use]
    pub fn build(layout: &Layout, set: &SpanSet, cancel: &CancelFlag) -> Option<Self> {
        let items = layout.span_rows();
        let behind: BTreeSet<u32> =
            layout.folded().iter().filter(|folded| set.has(folded.span)).map(|folded| folded.slot).collect();
        let is_marked = |slot: usize| set.has(SpanIx(items.items()[slot])) || behind.contains(&(slot as u32));
        let slots = SpanSet::from_fn(items.len(), cancel, is_marked)?;
        let mut before = Vec::with_capacity(slots.words().len());
        let mut sum = 0;
        for word in slots.words() {
            before.push(sum);
            sum += word.count_ones();
        }
        let lanes = layout.lanes().iter().map(|lane| items.slots_of_rows(lane.rows.clone())).collect();
        let hull_ns = layout.hull_ns().clone();
        let load = overview::load_of(&hull_ns, items, slots.iter().map(SpanIx::at));
        cancel.going_on()?;
        Some(Self { slots, before, lanes, hull_ns, load, all: set.count() as u64 })
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
        overview::resample(&self.load, &self.hull_ns, from_ns, to_ns, buckets)
    }

    /// Bytes of heap memory in use.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.slots.words().len() * size_of::<u64>()
            + self.before.capacity() * size_of::<u32>()
            + self.lanes.capacity() * size_of::<Range<u32>>()
            + self.load.capacity() * size_of::<Density>()
    }

    fn in_slots(&self, slots: Range<u32>) -> u32 {
        self.before_slot(slots.end).saturating_sub(self.before_slot(slots.start))
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
