//! An implicit segment forest over all slots: longest item and united flags of any range in O(log n).

use rayon::iter::{IndexedParallelIterator as _, IntoParallelRefIterator as _, ParallelIterator as _};
use rayon::slice::ParallelSlice as _;

use crate::layout::RowItems;
use crate::model::SpanFlags;

/// Slots per leaf of the forest. Ranges shorter than two leaves are scanned.
const LEAF: usize = 32;

/// What a range of slots amounts to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Summary {
    pub longest_ns: i64,
    /// Slot of the longest item, the first of equally long ones.
    pub slot: u32,
    pub flags: SpanFlags,
}

/// Level 0 summarises leaves of slots, every further level pairs of the level below. A range of slots never
/// mixes rows in a query, so one forest serves all rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Forest {
    levels: Vec<Vec<Summary>>,
}

impl Summary {
    const NOTHING: Self = Self { longest_ns: -1, slot: u32::MAX, flags: SpanFlags(0) };

    /// `self` lies before `later`, so that it wins ties.
    fn joined(self, later: Self) -> Self {
        let flags = self.flags.with(later.flags);
        if later.longest_ns > self.longest_ns { Self { flags, ..later } } else { Self { flags, ..self } }
    }
}

/// Summary of the slots `lo..hi`, by looking at each.
fn scan(items: &RowItems, flags: &[SpanFlags], lo: usize, hi: usize) -> Summary {
    let mut sum = Summary::NOTHING;
    let times = items.starts_ns()[lo..hi].iter().zip(&items.ends_ns()[lo..hi]);
    for ((slot, (start, end)), flags) in (lo..).zip(times).zip(&flags[lo..hi]) {
        // Cannot overflow usefully: a span longer than i64::MAX is as long as can be said.
        let longest_ns = end.saturating_sub(*start);
        sum.flags = sum.flags.with(*flags);
        if longest_ns > sum.longest_ns {
            sum.longest_ns = longest_ns;
            sum.slot = slot as u32;
        }
    }
    sum
}

impl Forest {
    /// Builds the forest over `items`; `flags` holds one value per slot.
    pub fn new(items: &RowItems, flags: &[SpanFlags]) -> Self {
        let len = items.len();
        let leaves: Vec<Summary> = flags
            .par_chunks(LEAF)
            .enumerate()
            .with_min_len(1024)
            .map(|(leaf, chunk)| scan(items, flags, leaf * LEAF, leaf * LEAF + chunk.len()))
            .collect();
        debug_assert_eq!(leaves.len(), len.div_ceil(LEAF));
        let mut levels = vec![leaves];
        while let Some(below) = levels.last().filter(|below| below.len() > 1) {
            let level =
                below.par_chunks(2).with_min_len(4096).map(|pair| pair[0].joined(*pair.last().unwrap_or(&pair[0])));
            let level = level.collect();
            levels.push(level);
        }
        Self { levels }
    }

    /// Summary of the slots `lo..hi`, which must not be empty.
    pub fn query(&self, items: &RowItems, flags: &[SpanFlags], lo: usize, hi: usize) -> Summary {
        if hi - lo <= 2 * LEAF {
            return scan(items, flags, lo, hi);
        }
        let (mut left, mut right) = (lo.div_ceil(LEAF), hi / LEAF);
        let mut before = scan(items, flags, lo, left * LEAF);
        let mut after = scan(items, flags, right * LEAF, hi);
        for level in &self.levels {
            if left >= right {
                break;
            }
            if left & 1 == 1 {
                before = before.joined(level[left]);
                left += 1;
            }
            if right & 1 == 1 {
                right -= 1;
                after = level[right].joined(after);
            }
            left /= 2;
            right /= 2;
        }
        before.joined(after)
    }

    pub fn heap_bytes(&self) -> usize {
        self.levels.par_iter().map(|level| level.capacity() * size_of::<Summary>()).sum()
    }
}
