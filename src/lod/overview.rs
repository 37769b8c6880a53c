//! Load over the whole time range, counted once when the index is built.

use std::ops::Range;

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};

use super::covering_shift;
use crate::layout::{Lane, LaneIx, Layout, RowItems};
use crate::model::SpanFlags;

/// Buckets for the whole workspace; at least half of them are used.
const BUCKETS: usize = 4096;
/// Buckets kept for all lanes together: many lanes get fewer each.
const LANE_BUCKETS: usize = 32 * BUCKETS;
/// Even with thousands of lanes each keeps this many.
const FEWEST_BUCKETS: usize = 64;

/// How busy a stretch of time is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Density {
    /// Time that spans take in it, summed over spans, in nanoseconds; can exceed its length.
    pub busy_ns: i64,
    /// Spans that touch it.
    pub spans: u32,
    /// Spans with an error that touch it.
    pub errors: u32,
}

/// Densities of all lanes over the layout's hull.
#[derive(Clone, Debug, Default)]
pub(super) struct Overview {
    hull_ns: Range<i64>,
    all: Vec<Density>,
    /// Densities of all lanes, end to end, `per_lane` each.
    lanes: Vec<Density>,
    per_lane: usize,
    /// The lane of every part.
    lane_of_part: Vec<LaneIx>,
}

/// Counts spans into buckets.
struct Counter {
    start_ns: i64,
    /// Buckets are `1 << shift` nanoseconds.
    shift: u32,
    /// Changes at the buckets' starts, summed up at the end.
    spans: Vec<i64>,
    errors: Vec<i64>,
    whole: Vec<i64>,
    /// Time in the first and last bucket of spans.
    part_ns: Vec<i64>,
}

impl Counter {
    fn new(hull: &Range<i64>, buckets: usize) -> Self {
        let zeros = || vec![0; buckets + 1];
        Self {
            start_ns: hull.start,
            shift: covering_shift(hull, buckets),
            spans: zeros(),
            errors: zeros(),
            whole: zeros(),
            part_ns: zeros(),
        }
    }

    fn add(&mut self, start_ns: i64, end_ns: i64, flags: SpanFlags) {
        let (from, to) = (start_ns.saturating_sub(self.start_ns), end_ns.saturating_sub(self.start_ns));
        let first = (from >> self.shift) as usize;
        let last = ((to - 1) >> self.shift) as usize;
        self.spans[first] += 1;
        self.spans[last + 1] -= 1;
        if flags.has(SpanFlags::ERROR) {
            self.errors[first] += 1;
            self.errors[last + 1] -= 1;
        }
        if first == last {
            self.part_ns[first] = self.part_ns[first].saturating_add(to - from);
            return;
        }
        let first_end = (first as i64 + 1).saturating_mul(1 << self.shift);
        self.part_ns[first] = self.part_ns[first].saturating_add(first_end - from);
        self.part_ns[last] = self.part_ns[last].saturating_add(to - ((last as i64) << self.shift));
        self.whole[first + 1] += 1;
        self.whole[last] -= 1;
    }

    fn finish(self) -> impl Iterator<Item = Density> {
        let (mut spans, mut errors, mut whole) = (0_i64, 0_i64, 0_i64);
        (0..self.spans.len() - 1).map(move |at| {
            spans += self.spans[at];
            errors += self.errors[at];
            whole += self.whole[at];
            Density {
                busy_ns: self.part_ns[at].saturating_add(whole.saturating_mul(1 << self.shift)),
                spans: u32::try_from(spans).unwrap_or(u32::MAX),
                errors: u32::try_from(errors).unwrap_or(u32::MAX),
            }
        })
    }
}

impl Overview {
    /// Counts the items in the slots for which `flags_of` knows flags.
    pub fn new(layout: &Layout, items: &RowItems, flags_of: impl Fn(usize) -> Option<SpanFlags> + Sync) -> Self {
        let hull = layout.hull_ns().clone();
        let per_lane = (LANE_BUCKETS / layout.parts().len().max(1)).clamp(FEWEST_BUCKETS, BUCKETS);
        let count = |slots: Range<u32>, buckets: usize| {
            let mut counter = Counter::new(&hull, buckets);
            for slot in slots.start as usize..slots.end as usize {
                let Some(flags) = flags_of(slot) else { continue };
                counter.add(items.starts_ns()[slot], items.ends_ns()[slot], flags);
            }
            counter.finish().collect::<Vec<Density>>()
        };
        let part = |part: &Lane| count(items.slots_of_rows(part.rows.clone()), per_lane);
        let (all, parts) = rayon::join(
            || count(0..items.len() as u32, BUCKETS),
            || layout.parts().par_iter().map(part).collect::<Vec<_>>(),
        );
        Self {
            all,
            lanes: parts.concat(),
            per_lane,
            lane_of_part: (0..layout.parts().len()).map(|part| layout.lane_of_part(part)).collect(),
            hull_ns: hull,
        }
    }

    pub fn all(&self, from_ns: i64, to_ns: i64, buckets: usize) -> Vec<Density> {
        resample(&self.all, &self.hull_ns, from_ns, to_ns, buckets)
    }

    pub fn lane(&self, lane: LaneIx, from_ns: i64, to_ns: i64, buckets: usize) -> Vec<Density> {
        let first = self.lane_of_part.partition_point(|of| *of < lane);
        let last = self.lane_of_part.partition_point(|of| *of <= lane);
        if last == first + 1 {
            return self.part(first, from_ns, to_ns, buckets);
        }
        let mut whole = vec![Density::default(); self.per_lane];
        for part in first..last {
            for (sum, one) in whole.iter_mut().zip(self.kept(part)) {
                sum.busy_ns = sum.busy_ns.saturating_add(one.busy_ns);
                sum.spans = sum.spans.saturating_add(one.spans);
                sum.errors = sum.errors.saturating_add(one.errors);
            }
        }
        resample(&whole, &self.hull_ns, from_ns, to_ns, buckets)
    }

    pub fn part(&self, part: usize, from_ns: i64, to_ns: i64, buckets: usize) -> Vec<Density> {
        resample(self.kept(part), &self.hull_ns, from_ns, to_ns, buckets)
    }

    fn kept(&self, part: usize) -> &[Density] {
        let first = part.saturating_mul(self.per_lane);
        self.lanes.get(first..first + self.per_lane).unwrap_or_default()
    }

    pub fn heap_bytes(&self) -> usize {
        (self.all.capacity() + self.lanes.capacity()) * size_of::<Density>()
    }
}

/// Each wanted bucket takes the busiest of the kept buckets that it touches, so that no peak and no error is lost.
/// Busy time is scaled to the length of the wanted bucket.
fn resample(kept: &[Density], hull: &Range<i64>, from_ns: i64, to_ns: i64, buckets: usize) -> Vec<Density> {
    let mut out = vec![Density::default(); buckets];
    if kept.is_empty() || to_ns <= from_ns {
        return out;
    }
    let kept_width = 1_i128 << covering_shift(hull, kept.len());
    let length = i128::from(to_ns) - i128::from(from_ns);
    let offset = i128::from(from_ns) - i128::from(hull.start);
    for (at, density) in out.iter_mut().enumerate() {
        let start = offset + length * at as i128 / buckets as i128;
        let end = offset + length * (at as i128 + 1) / buckets as i128;
        let first = start.div_euclid(kept_width).clamp(0, kept.len() as i128) as usize;
        let last = (end - 1).max(start).div_euclid(kept_width).clamp(-1, kept.len() as i128 - 1);
        let touched = kept.get(first..(last + 1) as usize).unwrap_or_default();
        let mut busy = 0_i64;
        for one in touched {
            busy = busy.max(one.busy_ns);
            density.spans = density.spans.max(one.spans);
            density.errors = density.errors.max(one.errors);
        }
        let scaled = i128::from(busy) * (end - start).max(1) / kept_width;
        density.busy_ns = i64::try_from(scaled).unwrap_or(i64::MAX);
    }
    out
}
