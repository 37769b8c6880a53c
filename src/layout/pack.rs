//! First-fit packing of rectangles (a stretch of time times a number of rows) into rows.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// How many gaps a rectangle of several rows looks at before it goes below everything.
/// It bounds the cost of one placement; a higher layout is the price, never an overlap.
const MOST_GAPS_TRIED: usize = 256;

/// A run of free rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Gap {
    row: u32,
    rows: u32,
}

/// Places rectangles, in order of their start, into the lowest rows that are free. Reusable.
#[derive(Debug, Default)]
pub(super) struct Packer {
    /// Free rows below `height`, highest row first, so that the lowest ones are cheap to take.
    gaps: Vec<Gap>,
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
    /// Starts must not decrease from call to call.
    pub fn place(&mut self, start_ns: i64, end_ns: i64, rows: u32) -> u32 {
        while let Some(&Reverse((end, row, rows))) = self.busy.peek() {
            if end > start_ns {
                break;
            }
            self.busy.pop();
            self.release(Gap { row, rows });
        }
        let row = self.take(rows);
        self.busy.push(Reverse((end_ns, row, rows)));
        row
    }

    fn take(&mut self, rows: u32) -> u32 {
        let lowest_first = self.gaps.iter().rev().take(MOST_GAPS_TRIED);
        if let Some(skipped) = lowest_first.into_iter().position(|gap| gap.rows >= rows) {
            let at = self.gaps.len() - 1 - skipped;
            let row = self.gaps[at].row;
            if self.gaps[at].rows == rows {
                self.gaps.remove(at);
            } else {
                self.gaps[at].row += rows;
                self.gaps[at].rows -= rows;
            }
            return row;
        }
        // Below everything; a gap that reaches the bottom is part of the free space there.
        let row = match self.gaps.first() {
            Some(gap) if gap.row + gap.rows == self.height && gap.rows < rows => self.gaps.remove(0).row,
            _ => self.height,
        };
        self.height = row.saturating_add(rows);
        row
    }

    fn release(&mut self, mut gap: Gap) {
        let at = self.gaps.partition_point(|known| known.row > gap.row);
        let joins_lower = at < self.gaps.len() && self.gaps[at].row + self.gaps[at].rows == gap.row;
        if joins_lower {
            gap = Gap { row: self.gaps[at].row, rows: self.gaps[at].rows + gap.rows };
        }
        let joins_higher = at > 0 && gap.row + gap.rows == self.gaps[at - 1].row;
        if joins_higher {
            gap.rows += self.gaps[at - 1].rows;
        }
        match (joins_lower, joins_higher) {
            (false, false) => self.gaps.insert(at, gap),
            (true, false) => self.gaps[at] = gap,
            (false, true) => self.gaps[at - 1] = gap,
            (true, true) => {
                self.gaps[at - 1] = gap;
                self.gaps.remove(at);
            }
        }
    }
}
