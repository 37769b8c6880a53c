//! Level of detail: what to draw of a row when many spans share a pixel.
//!
//! A query answers with at most one [`Bar`] per time bucket, found by galloping from bucket to bucket, so that
//! its cost follows pixels and not spans (invariant I6). A bar carries the flags of all spans behind it (I7).

mod forest;
mod marks;
mod mip;
mod overview;
mod tags;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

pub use marks::Marks;
pub use overview::Density;
pub use tags::{Tag, Tags};

use crate::layout::{LaneIx, Layout, RowItems, RowIx};
use crate::model::{SpanFlags, SpanIx, TraceStore};
use forest::Forest;
use mip::Mips;
use overview::Overview;

/// What is drawn for a bucket of a row: one span, or several that are too narrow to be told apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bar {
    /// Start of the first span behind it, in nanoseconds on the layout's axis.
    pub start_ns: i64,
    /// End of the last span behind it; at least 1 ns later.
    pub end_ns: i64,
    /// The longest span behind it, the first of equally long ones.
    pub span: SpanIx,
    /// Slot of the first span behind it in `Layout::span_rows`; the others follow.
    pub slot: u32,
    /// Number of spans behind it.
    pub count: u32,
    /// Flags of all spans behind it, united.
    pub flags: SpanFlags,
}

/// What is drawn for a bucket of a row's ghosts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GhostRun {
    /// Start of the first ghost behind it.
    pub start_ns: i64,
    /// End of the last ghost behind it.
    pub end_ns: i64,
    /// The longest ghost behind it: index into `TraceStore::ghosts()`.
    pub ghost: u32,
    /// Number of ghosts behind it.
    pub count: u32,
}

/// Answers what to draw of each row at any zoom. Immutable, like the layout that it indexes.
#[derive(Clone, Debug, Default)]
pub struct Index {
    spans: Column,
    ghosts: Column,
    overview: Overview,
}

/// Items in rows, with their flags.
#[derive(Clone, Debug, Default)]
struct Column {
    items: Arc<RowItems>,
    flags: Vec<SpanFlags>,
    forest: Forest,
    mips: Mips,
}

impl Index {
    /// Indexes the spans of `layout`, which was built from `store`.
    #[must_use]
    pub fn build(store: &TraceStore, layout: &Layout) -> Self {
        Self::build_flagged(layout, store.flags())
    }

    /// Indexes the spans of `layout` with other flags, one per span, for instance with search hits added.
    #[must_use]
    pub fn build_flagged(layout: &Layout, flags: &[SpanFlags]) -> Self {
        let spans = layout.span_rows();
        let mut by_slot: Vec<SpanFlags> = spans.items().par_iter().map(|&item| flags[item as usize]).collect();
        // A span that stands for its subtree shows what is wrong anywhere in it.
        for folded in layout.folded() {
            let shown = &mut by_slot[folded.slot as usize];
            *shown = shown.with(flags[folded.span.at()]);
        }
        let overview = || Overview::new(layout, spans, |slot| Some(by_slot[slot]));
        let (overview, (forest, mips)) = rayon::join(overview, || summaries(spans, &by_slot));
        let spans = Column { items: Arc::clone(spans), flags: by_slot, forest, mips };
        let ghosts = Column::new(layout.ghost_rows());
        Self { spans, ghosts, overview }
    }

    /// Appends what to draw of the spans of `row` between `from_ns` and `to_ns` to `out`, by start.
    ///
    /// Buckets are aligned to multiples of `bucket_ns` (at least 1), so that panning does not make bars flicker.
    /// A span of two buckets or more is a bar of its own with its exact ends. Shorter spans that start in the same
    /// bucket share a bar. There are at most as many bars as buckets touch the range, and two more.
    ///
    /// Powers of two are the fastest buckets: see [`bucket_for`].
    pub fn query(&self, row: RowIx, from_ns: i64, to_ns: i64, bucket_ns: i64, out: &mut Vec<Bar>) {
        self.spans.query(row.at(), from_ns, to_ns, bucket_ns, |run| {
            out.push(Bar {
                start_ns: run.start_ns,
                end_ns: run.end_ns,
                span: SpanIx(run.item),
                slot: run.slot,
                count: run.count,
                flags: run.flags,
            });
        });
    }

    /// The same as [`Self::query`] for ghosts.
    pub fn query_ghosts(&self, row: RowIx, from_ns: i64, to_ns: i64, bucket_ns: i64, out: &mut Vec<GhostRun>) {
        self.ghosts.query(row.at(), from_ns, to_ns, bucket_ns, |run| {
            out.push(GhostRun { start_ns: run.start_ns, end_ns: run.end_ns, ghost: run.item, count: run.count });
        });
    }

    /// The span of `row` at `time_ns`; where there is none, the nearest within `tolerance_ns`, of two equally near
    /// ones the earlier.
    #[must_use]
    pub fn hit(&self, row: RowIx, time_ns: i64, tolerance_ns: i64) -> Option<SpanIx> {
        self.spans.hit(row.at(), time_ns, tolerance_ns).map(SpanIx)
    }

    /// The same as [`Self::hit`] for ghosts; the result indexes `TraceStore::ghosts()`.
    #[must_use]
    pub fn hit_ghost(&self, row: RowIx, time_ns: i64, tolerance_ns: i64) -> Option<u32> {
        self.ghosts.hit(row.at(), time_ns, tolerance_ns)
    }

    /// Load of all lanes in `buckets` equal parts of `from_ns..to_ns`, from counts that were made at build time.
    #[must_use]
    pub fn overview(&self, from_ns: i64, to_ns: i64, buckets: usize) -> Vec<Density> {
        self.overview.all(from_ns, to_ns, buckets)
    }

    /// Load of one lane, see [`Self::overview`].
    #[must_use]
    pub fn lane_overview(&self, lane: LaneIx, from_ns: i64, to_ns: i64, buckets: usize) -> Vec<Density> {
        self.overview.lane(lane, from_ns, to_ns, buckets)
    }

    /// Load of one part of a lane, see [`Self::overview`].
    #[must_use]
    pub fn part_overview(&self, part: usize, from_ns: i64, to_ns: i64, buckets: usize) -> Vec<Density> {
        self.overview.part(part, from_ns, to_ns, buckets)
    }

    /// Bytes of heap memory in use, without what is shared with the layout.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.spans.heap_bytes() + self.ghosts.heap_bytes() + self.overview.heap_bytes()
    }
}

/// The power-of-two bucket for pixels of `ns_per_pixel`: the largest that is no longer, at least 1.
#[must_use]
pub fn bucket_for(ns_per_pixel: i64) -> i64 {
    1 << ns_per_pixel.max(1).ilog2()
}

/// The least shift for which `buckets` of `1 << shift` nanoseconds cover `hull`: a shift finds the bucket of a time much
/// faster than a division, and more than half of the buckets are used. At most 62 for two buckets and more.
#[must_use]
pub fn covering_shift(hull: &Range<i64>, buckets: usize) -> u32 {
    let length = hull.end.saturating_sub(hull.start).max(1);
    let width = (length - 1) / buckets.max(1) as i64 + 1;
    u64::BITS - (width.unsigned_abs() - 1).leading_zeros()
}

/// A bar of items of either kind.
#[derive(Clone, Copy, Debug)]
struct Run {
    start_ns: i64,
    end_ns: i64,
    item: u32,
    /// The first slot; the others follow.
    slot: u32,
    count: u32,
    flags: SpanFlags,
}

/// Times by slot.
#[derive(Clone, Copy)]
struct Times<'a> {
    starts: &'a [i64],
    ends: &'a [i64],
}

impl<'a> Times<'a> {
    fn of(items: &'a RowItems) -> Self {
        Self { starts: items.starts_ns(), ends: items.ends_ns() }
    }

    fn length(self, slot: usize) -> i64 {
        self.ends[slot].saturating_sub(self.starts[slot])
    }
}

/// How many spans of a bucket are looked at before the search gallops.
const LOOK_AT_MOST: usize = 16;

fn summaries(items: &RowItems, flags: &[SpanFlags]) -> (Forest, Mips) {
    rayon::join(|| Forest::new(items, flags), || Mips::new(items, flags))
}

impl Column {
    /// Items without flags.
    fn new(items: &Arc<RowItems>) -> Self {
        let flags = vec![SpanFlags::default(); items.len()];
        let (forest, mips) = summaries(items, &flags);
        Self { items: Arc::clone(items), flags, forest, mips }
    }

    fn heap_bytes(&self) -> usize {
        self.flags.capacity() * size_of::<SpanFlags>() + self.forest.heap_bytes() + self.mips.heap_bytes()
    }

    fn query(&self, row: usize, from_ns: i64, to_ns: i64, bucket_ns: i64, mut emit: impl FnMut(Run)) {
        let bucket = bucket_ns.max(1);
        if !bucket.unsigned_abs().is_power_of_two() {
            self.search(
                row,
                from_ns,
                to_ns,
                bucket,
                |start| start.div_euclid(bucket).saturating_mul(bucket),
                &mut emit,
            );
        } else if let Some(runs) = self.mips.runs(row, bucket.ilog2()) {
            let first = runs.partition_point(|run| run.end_ns <= from_ns);
            runs[first..].iter().take_while(|run| run.start_ns < to_ns).for_each(|&run| emit(run));
        } else {
            self.search(row, from_ns, to_ns, bucket, |start| start & !(bucket - 1), &mut emit);
        }
    }

    /// Answers a query span by span and bucket by bucket; `floor` gives the start of a time's bucket.
    fn search(
        &self,
        row: usize,
        from_ns: i64,
        to_ns: i64,
        bucket: i64,
        floor: impl Fn(i64) -> i64,
        emit: &mut impl FnMut(Run),
    ) {
        let times = Times::of(&self.items);
        let wide = bucket.saturating_mul(2);
        let row_end = self.items.slots(row).end;
        // Two buckets earlier, so that a run that reaches into the range is the same run at every scroll position.
        let mut slot = self.items.first_ending_after(row, floor(from_ns).saturating_sub(wide));
        while slot < row_end && times.starts[slot] < to_ns {
            let run = if times.length(slot) >= wide {
                self.single(slot)
            } else {
                let bucket_end = floor(times.starts[slot]).saturating_add(bucket);
                self.narrow_run(slot, row_end, bucket_end, wide)
            };
            slot += run.count as usize;
            if run.end_ns > from_ns {
                emit(run);
            }
        }
    }

    fn single(&self, slot: usize) -> Run {
        let (start_ns, end_ns) = (self.items.starts_ns()[slot], self.items.ends_ns()[slot]);
        Run { start_ns, end_ns, item: self.items.items()[slot], slot: slot as u32, count: 1, flags: self.flags[slot] }
    }

    /// The narrow items from slot `first` on that start before `bucket_end`. A wide one ends the run: it leaves no
    /// room for another start in the bucket.
    fn narrow_run(&self, first: usize, row_end: usize, bucket_end: i64, wide: i64) -> Run {
        let times = Times::of(&self.items);
        let (mut flags, mut longest, mut longest_ns) = (self.flags[first], first, times.length(first));
        let near = row_end.min(first + LOOK_AT_MOST);
        let mut slot = first + 1;
        while slot < near && times.starts[slot] < bucket_end {
            let length = times.length(slot);
            if length >= wide {
                break;
            }
            if length > longest_ns {
                (longest, longest_ns) = (slot, length);
            }
            flags = flags.with(self.flags[slot]);
            slot += 1;
        }
        if slot == near && near < row_end {
            slot = gallop(times.starts, slot, row_end, bucket_end);
            if times.length(slot - 1) >= wide {
                slot -= 1;
            }
            if slot > near {
                let rest = self.forest.query(&self.items, &self.flags, near, slot);
                flags = flags.with(rest.flags);
                if rest.longest_ns > longest_ns {
                    longest = rest.slot as usize;
                }
            }
        }
        Run {
            start_ns: times.starts[first],
            end_ns: times.ends[slot - 1],
            item: self.items.items()[longest],
            slot: first as u32,
            count: (slot - first) as u32,
            flags,
        }
    }

    fn hit(&self, row: usize, time_ns: i64, tolerance_ns: i64) -> Option<u32> {
        let slots = self.items.slots(row);
        let next = self.items.first_ending_after(row, time_ns);
        let after = (next < slots.end).then(|| (self.items.starts_ns()[next].saturating_sub(time_ns).max(0), next));
        let before = (next > slots.start).then(|| {
            let gap = time_ns.saturating_sub(self.items.ends_ns()[next - 1]).saturating_add(1);
            (gap, next - 1)
        });
        let (distance, slot) = before.into_iter().chain(after).min()?;
        (distance <= tolerance_ns.max(0)).then(|| self.items.items()[slot])
    }
}

/// The first slot in `lo..hi` whose start is `bound` or later, else `hi`; cheap when it is near `lo`.
fn gallop(starts: &[i64], lo: usize, hi: usize, bound: i64) -> usize {
    let mut step = 1;
    let mut known_before = lo;
    let mut probe = lo;
    while probe < hi && starts[probe] < bound {
        known_before = probe + 1;
        probe += step;
        step *= 2;
    }
    let end = probe.min(hi);
    known_before + starts[known_before..end].partition_point(|&start| start < bound)
}
