//! First-fit packing of rectangles (a stretch of time times a number of rows) into rows.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Places rectangles, in order of their start, into the lowest rows that are free. Reusable.
#[derive(Debug, Default)]
pub(super) struct Packer {
    gaps: Gaps,
    /// When rows become free again: (end, first row, rows).
    busy: BinaryHeap<Reverse<(i64, u32, u32)>>,
    height: u32,
}

impl Packer {
    /// Forgets everything placed so far.
    pub fn clear(&mut self) {
        self.gaps.clear();
        self.busy.clear();
        self.height = 0;
    }

    /// Rows in use so far.
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// The first row of a rectangle of `rows` rows over `start_ns..end_ns`.
    /// Starts must not decrease from call to call. Costs O(log rows).
    pub fn place(&mut self, start_ns: i64, end_ns: i64, rows: u32) -> u32 {
        while let Some(&Reverse((end, row, rows))) = self.busy.peek() {
            if end > start_ns {
                break;
            }
            self.busy.pop();
            self.gaps.release(row, rows);
        }
        let row = self.gaps.take_lowest(rows).unwrap_or_else(|| {
            // Below everything; a gap that reaches the bottom is part of the free space there.
            let row = self.gaps.take_ending_at(self.height).unwrap_or(self.height);
            self.height = row.saturating_add(rows);
            self.gaps.make_room(self.height);
            row
        });
        self.busy.push(Reverse((end_ns, row, rows)));
        row
    }
}

const NONE: u32 = u32::MAX;

/// Runs of free rows, never adjacent, found by length and by either end.
#[derive(Debug, Default)]
struct Gaps {
    /// A power of two above every row, or 0.
    leaves: usize,
    /// A tree of maxima: leaf `leaves + row` holds the length of the gap that starts at `row`, or 0.
    longest: Vec<u32>,
    /// Start of the gap that ends before each row, or [`NONE`].
    start_of_gap_before: Vec<u32>,
}

impl Gaps {
    fn clear(&mut self) {
        self.leaves = 0;
        self.longest.clear();
        self.start_of_gap_before.clear();
    }

    /// Makes rows up to and including `height` addressable.
    fn make_room(&mut self, height: u32) {
        let height = height as usize;
        if height < self.leaves {
            return;
        }
        let leaves = (height + 1).next_power_of_two().max(16);
        let mut longest = vec![0; 2 * leaves];
        longest[leaves..leaves + self.leaves].copy_from_slice(&self.longest[self.leaves..]);
        for at in (1..leaves).rev() {
            longest[at] = longest[2 * at].max(longest[2 * at + 1]);
        }
        self.longest = longest;
        self.leaves = leaves;
        self.start_of_gap_before.resize(leaves, NONE);
    }

    fn set(&mut self, row: u32, rows: u32) {
        let mut at = self.leaves + row as usize;
        self.longest[at] = rows;
        while at > 1 {
            at /= 2;
            let longest = self.longest[2 * at].max(self.longest[2 * at + 1]);
            if self.longest[at] == longest {
                break;
            }
            self.longest[at] = longest;
        }
    }

    fn insert(&mut self, row: u32, rows: u32) {
        self.set(row, rows);
        self.start_of_gap_before[(row + rows) as usize] = row;
    }

    /// Removes the gap at `row` and returns its length.
    fn remove(&mut self, row: u32) -> u32 {
        let rows = self.longest[self.leaves + row as usize];
        self.set(row, 0);
        self.start_of_gap_before[(row + rows) as usize] = NONE;
        rows
    }

    /// Takes `rows` rows from the start of the lowest gap that has as many.
    fn take_lowest(&mut self, rows: u32) -> Option<u32> {
        if self.leaves == 0 || self.longest[1] < rows {
            return None;
        }
        let mut at = 1;
        while at < self.leaves {
            at *= 2;
            if self.longest[at] < rows {
                at += 1;
            }
        }
        let row = (at - self.leaves) as u32;
        let found = self.remove(row);
        if found > rows {
            self.insert(row + rows, found - rows);
        }
        Some(row)
    }

    /// Takes the whole gap that ends before `row`.
    fn take_ending_at(&mut self, row: u32) -> Option<u32> {
        let start = *self.start_of_gap_before.get(row as usize)?;
        if start == NONE {
            return None;
        }
        self.remove(start);
        Some(start)
    }

    /// Frees `rows` rows from `row` on and joins them with free neighbours.
    fn release(&mut self, mut row: u32, mut rows: u32) {
        let end = row + rows;
        if let Some(start) = self.take_ending_at(row) {
            row = start;
            rows = end - start;
        }
        if self.longest[self.leaves + end as usize] > 0 {
            rows += self.remove(end);
        }
        self.insert(row, rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition: try every row from the top, against everything placed before.
    fn naive(placed: &[(i64, i64, u32, u32)], start: i64, end: i64, rows: u32) -> u32 {
        let meets = |row: u32| {
            placed.iter().any(|&(other_start, other_end, other_row, other_rows)| {
                start < other_end && other_start < end && row < other_row + other_rows && other_row < row + rows
            })
        };
        (0..).find(|&row| !meets(row)).unwrap()
    }

    proptest! {
        #[test]
        fn the_lowest_free_rows_are_taken(
            rectangles in prop::collection::vec((0..6_i64, 1..60_i64, 1..6_u32), 1..120)
        ) {
            let mut packer = Packer::default();
            for _ in 0..2 {
                packer.clear();
                let (mut start, mut placed) = (0, Vec::new());
                for &(gap, length, rows) in &rectangles {
                    start += gap;
                    let row = packer.place(start, start + length, rows);
                    prop_assert_eq!(row, naive(&placed, start, start + length, rows));
                    placed.push((start, start + length, row, rows));
                }
                prop_assert_eq!(packer.height(), placed.iter().map(|one| one.2 + one.3).max().unwrap());
            }
        }
    }
}
