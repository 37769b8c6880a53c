//! Items (spans or ghosts) sorted by row, then by start: the base of every query.

use std::ops::Range;

/// Items in slots, sorted by row, then start. Within a row the half-open intervals
/// `start_ns..end_ns` are disjoint, and none is empty (invariant I5).
#[derive(Clone, Debug, Default)]
pub struct RowItems {
    /// Where the slots of each row end.
    row_end: Vec<u32>,
    item: Vec<u32>,
    start_ns: Vec<i64>,
    end_ns: Vec<i64>,
}

/// One item on its way into [`RowItems`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed {
    pub row: u32,
    pub item: u32,
    pub start_ns: i64,
    pub end_ns: i64,
}

impl RowItems {
    /// Sorts `placed` into `rows` rows. Fast when each row's items already come in order of start.
    pub(crate) fn new(rows: usize, placed: impl Iterator<Item = Placed> + Clone) -> Self {
        let mut row_end = vec![0_u32; rows];
        for one in placed.clone() {
            row_end[one.row as usize] += 1;
        }
        let mut next: Vec<u32> = Vec::with_capacity(rows);
        let mut total = 0_u32;
        for end in &mut row_end {
            next.push(total);
            total += *end;
            *end = total;
        }
        let len = total as usize;
        let mut items = Self { row_end, item: vec![0; len], start_ns: vec![0; len], end_ns: vec![0; len] };
        for one in placed {
            let slot = &mut next[one.row as usize];
            let at = *slot as usize;
            *slot += 1;
            items.item[at] = one.item;
            items.start_ns[at] = one.start_ns;
            items.end_ns[at] = one.end_ns;
        }
        items.sort_rows();
        items
    }

    /// The rows of all `parts`, each below the one before.
    pub(crate) fn stacked<'a>(parts: impl Iterator<Item = &'a Self> + Clone) -> Self {
        let mut all = Self::default();
        let len = parts.clone().map(Self::len).sum();
        all.item.reserve_exact(len);
        all.start_ns.reserve_exact(len);
        all.end_ns.reserve_exact(len);
        for part in parts {
            let before = all.item.len() as u32;
            all.row_end.extend(part.row_end.iter().map(|end| before + end));
            all.item.extend_from_slice(&part.item);
            all.start_ns.extend_from_slice(&part.start_ns);
            all.end_ns.extend_from_slice(&part.end_ns);
        }
        all
    }

    fn sort_rows(&mut self) {
        for row in 0..self.row_end.len() {
            let slots = self.slots(row);
            if self.start_ns[slots.clone()].is_sorted() {
                continue;
            }
            let mut order: Vec<(i64, i64, u32)> =
                slots.clone().map(|at| (self.start_ns[at], self.end_ns[at], self.item[at])).collect();
            order.sort_unstable();
            for (at, (start, end, item)) in slots.zip(order) {
                self.start_ns[at] = start;
                self.end_ns[at] = end;
                self.item[at] = item;
            }
        }
    }

    /// Number of rows.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.row_end.len()
    }

    /// Number of items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.item.len()
    }

    /// True when there is no item.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.item.is_empty()
    }

    /// The slots of a row; empty for a row that does not exist.
    #[must_use]
    pub fn slots(&self, row: usize) -> Range<usize> {
        let Some(&end) = self.row_end.get(row) else { return 0..0 };
        let start = if row == 0 { 0 } else { self.row_end[row - 1] };
        start as usize..end as usize
    }

    /// The slots of consecutive rows.
    #[must_use]
    pub(crate) fn slots_of_rows(&self, rows: Range<u32>) -> Range<u32> {
        if rows.is_empty() {
            return 0..0;
        }
        let (first, last) = (self.slots(rows.start as usize), self.slots(rows.end as usize - 1));
        first.start as u32..last.end as u32
    }

    /// The item of every slot.
    #[must_use]
    pub fn items(&self) -> &[u32] {
        &self.item
    }

    /// Where the item of every slot starts on the layout's axis, in nanoseconds.
    #[must_use]
    pub fn starts_ns(&self) -> &[i64] {
        &self.start_ns
    }

    /// Where the item of every slot ends, at least 1 ns after its start.
    #[must_use]
    pub fn ends_ns(&self) -> &[i64] {
        &self.end_ns
    }

    /// The first slot of `row` whose item ends after `time_ns`; the end of the row if there is none.
    #[must_use]
    pub fn first_ending_after(&self, row: usize, time_ns: i64) -> usize {
        let slots = self.slots(row);
        slots.start + self.ends_ns()[slots].partition_point(|&end| end <= time_ns)
    }

    /// The first slot of `row` whose item starts at or after `time_ns`; the end of the row if there is none.
    #[must_use]
    pub fn first_starting_at(&self, row: usize, time_ns: i64) -> usize {
        let slots = self.slots(row);
        slots.start + self.starts_ns()[slots].partition_point(|&start| start < time_ns)
    }

    /// The row of `slot`.
    #[must_use]
    pub(crate) fn row_of(&self, slot: u32) -> u32 {
        self.row_end.partition_point(|&end| end <= slot) as u32
    }

    /// Bytes of heap memory in use.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        (self.row_end.capacity() + self.item.capacity()) * size_of::<u32>()
            + (self.start_ns.capacity() + self.end_ns.capacity()) * size_of::<i64>()
    }
}
