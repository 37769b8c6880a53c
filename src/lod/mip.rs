//! Runs made in advance: for each busy row and each power-of-two bucket, the bars of the whole row.
//!
//! They are what a query at that bucket finds by itself, kept from the bucket on where a bar stands for many
//! spans. Each level has about half the runs of the one before, so all of them together stay small.

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::{Run, Times};
use crate::layout::RowItems;
use crate::model::SpanFlags;

/// Rows with fewer items are always looked at item by item.
const FEWEST_ITEMS: usize = 128;
/// A level is kept when its runs stand for at least this many items each, on average.
const ITEMS_PER_RUN: usize = 6;
/// Levels with fewer runs than this help nobody.
const FEWEST_RUNS: usize = 4;

/// Consecutive slots that one bar stands for, on the way to a [`Run`]. It ends where the next one starts.
#[derive(Clone, Copy)]
struct Draft {
    first: u32,
    /// Slot of the longest item.
    longest: u32,
    flags: SpanFlags,
}

/// The levels of one row, finest first.
#[derive(Clone, Debug)]
struct RowMip {
    row: u32,
    /// Bucket of the finest level: `1 << shift` nanoseconds.
    shift: u32,
    levels: Vec<Vec<Run>>,
}

/// Levels of all busy rows, by row.
#[derive(Clone, Debug, Default)]
pub(super) struct Mips {
    rows: Vec<RowMip>,
}

impl Mips {
    pub fn new(items: &RowItems, flags: &[SpanFlags]) -> Self {
        let busy: Vec<usize> = (0..items.row_count()).filter(|&row| items.slots(row).len() >= FEWEST_ITEMS).collect();
        let rows = busy.into_par_iter().filter_map(|row| RowMip::new(items, flags, row)).collect();
        Self { rows }
    }

    /// The runs of `row` at bucket `1 << shift`, if they are kept.
    pub fn runs(&self, row: usize, shift: u32) -> Option<&[Run]> {
        let at = self.rows.binary_search_by_key(&row, |mip| mip.row as usize).ok()?;
        let mip = &self.rows[at];
        mip.levels.get(shift.checked_sub(mip.shift)? as usize).map(Vec::as_slice)
    }

    pub fn heap_bytes(&self) -> usize {
        let levels = |mip: &RowMip| mip.levels.iter().map(|level| level.capacity() * size_of::<Run>()).sum::<usize>();
        self.rows.iter().map(|mip| size_of::<RowMip>() + levels(mip)).sum()
    }
}

impl RowMip {
    fn new(items: &RowItems, flags: &[SpanFlags], row: usize) -> Option<Self> {
        let slots = items.slots(row);
        let times = Times::of(items);
        let hull = times.ends[slots.end - 1].saturating_sub(times.starts[slots.start]);
        let mean = hull / slots.len() as i64;
        // Well below the mean distance, because spans come in bursts.
        let mut shift = mean.max(1).ilog2().saturating_sub(5);
        let mut runs: Vec<Draft> =
            slots.clone().map(|slot| Draft { first: slot as u32, longest: slot as u32, flags: flags[slot] }).collect();
        let most = slots.len() / ITEMS_PER_RUN;
        coarsen(&mut runs, slots.end, times, shift);
        while runs.len() > most && shift < 61 {
            shift += 1;
            coarsen(&mut runs, slots.end, times, shift);
        }
        let first_shift = shift;
        let mut levels = Vec::new();
        while (FEWEST_RUNS..=most).contains(&runs.len()) && shift < 62 {
            levels.push(finished(&runs, slots.end, items));
            shift += 1;
            coarsen(&mut runs, slots.end, times, shift);
        }
        (!levels.is_empty()).then_some(Self { row: row as u32, shift: first_shift, levels })
    }
}

/// Everything that a query answers with, so that it need not look the spans up.
fn finished(drafts: &[Draft], row_end: usize, items: &RowItems) -> Vec<Run> {
    let ends = drafts.iter().skip(1).map(|next| next.first as usize).chain([row_end]);
    drafts
        .iter()
        .zip(ends)
        .map(|(draft, end)| Run {
            start_ns: items.starts_ns()[draft.first as usize],
            end_ns: items.ends_ns()[end - 1],
            item: items.items()[draft.longest as usize],
            slot: draft.first,
            count: end as u32 - draft.first,
            flags: draft.flags,
        })
        .collect()
}

/// Joins runs of a finer level into those of bucket `1 << shift`. Runs of a finer level never straddle a border
/// of a coarser one, and only single items can be wide, so this gives what the items themselves would.
fn coarsen(runs: &mut Vec<Draft>, row_end: usize, times: Times<'_>, shift: u32) {
    let wide = 2_i64 << shift;
    let mut kept = 0;
    let mut open_home = None;
    for at in 0..runs.len() {
        let run = runs[at];
        let first = run.first as usize;
        let home = times.starts[first] >> shift;
        let next = runs.get(at + 1).map_or(row_end, |next| next.first as usize);
        let is_wide = next - first == 1 && times.length(first) >= wide;
        if open_home == Some(home) && !is_wide {
            let joined = &mut runs[kept - 1];
            joined.flags = joined.flags.with(run.flags);
            if times.length(run.longest as usize) > times.length(joined.longest as usize) {
                joined.longest = run.longest;
            }
        } else {
            runs[kept] = run;
            kept += 1;
        }
        open_home = (!is_wide).then_some(home);
    }
    runs.truncate(kept);
}
