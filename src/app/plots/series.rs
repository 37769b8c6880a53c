//! Values over time that are drawn at the cost of the columns of the screen, however many there are.

use std::ops::Range;

use crate::arrange::Axis;
use crate::scene::TimeRange;

/// Values below each leaf of the forest. Shorter ranges are scanned.
const LEAF: usize = 32;

/// Positions of the least and of the largest value of a range, the first of equal ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extremes {
    /// Of the least one.
    pub least: usize,
    /// Of the largest one.
    pub most: usize,
}

/// Values by time: the least and the largest of any range in O(log n).
#[derive(Clone, Debug, Default)]
pub struct Series {
    at_ns: Vec<i64>,
    values: Vec<i64>,
    /// Level 0 sums up leaves, each further level pairs of the one below.
    levels: Vec<Vec<(u32, u32)>>,
}

/// Which end of the values a line follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Follow {
    /// The largest value of each column: nothing lies above the line.
    Most,
    /// The least value of each column: nothing lies below the line.
    Least,
}

/// The values that a view shows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Thinned {
    /// Their positions, ascending.
    pub at: Vec<usize>,
    /// How many in view are not among them, because they share a column with others.
    pub hidden: usize,
}

/// The visible time, in parts that are each drawn to one scale, with the columns of each.
#[derive(Clone, PartialEq, Debug)]
pub struct Window {
    parts: Vec<(TimeRange, usize)>,
}

impl Window {
    /// All of `time` to one scale.
    #[must_use]
    pub fn plain(time: TimeRange, columns: usize) -> Self {
        Self { parts: vec![(time, columns)] }
    }

    /// `time` as `axis` shows it: idle stretches that are drawn shorter have fewer columns.
    #[must_use]
    pub fn on(axis: &Axis, time: TimeRange, columns: usize) -> Self {
        const LEAST: usize = 4;
        let cuts = axis.cuts_between(time.from_ns, time.to_ns);
        if cuts.len() * LEAST > columns {
            return Self::plain(time, columns);
        }
        let place = |at| i128::from(axis.place_ns(at));
        let whole = (place(time.to_ns) - place(time.from_ns)).max(1);
        let inner = cuts.iter().flat_map(|cut| [cut.from_ns, cut.to_ns]);
        let mut borders: Vec<i64> = inner.map(|at| at.clamp(time.from_ns, time.to_ns)).collect();
        borders.insert(0, time.from_ns);
        borders.push(time.to_ns);
        borders.dedup();
        let part = |ends: &[i64]| {
            let share = columns as i128 * (place(ends[1]) - place(ends[0])) / whole;
            let columns = usize::try_from(share).unwrap_or(LEAST).max(LEAST);
            (TimeRange { from_ns: ends[0], to_ns: ends[1] }, columns)
        };
        let parts: Vec<_> = borders.windows(2).map(part).collect();
        if parts.is_empty() { Self::plain(time, columns) } else { Self { parts } }
    }

    /// From its first to its last time.
    #[must_use]
    pub fn time(&self) -> TimeRange {
        let (first, last) = (self.parts.first(), self.parts.last());
        let ends = first.zip(last).map(|(first, last)| (first.0.from_ns, last.0.to_ns));
        ends.map_or_else(TimeRange::default, |(from_ns, to_ns)| TimeRange { from_ns, to_ns })
    }

    /// The parts with their columns.
    #[must_use]
    pub fn parts(&self) -> &[(TimeRange, usize)] {
        &self.parts
    }

    /// What of it lies in `time`; `None` = nothing.
    #[must_use]
    pub fn cut(&self, time: TimeRange) -> Option<Self> {
        let part = |&(own, columns): &(TimeRange, usize)| {
            let both = TimeRange { from_ns: own.from_ns.max(time.from_ns), to_ns: own.to_ns.min(time.to_ns) };
            (both.from_ns <= both.to_ns).then_some((both, columns))
        };
        let parts: Vec<_> = self.parts.iter().filter_map(part).collect();
        (!parts.is_empty()).then_some(Self { parts })
    }
}

impl Series {
    /// Values with their times in nanoseconds, sorted by time.
    #[must_use]
    pub fn new(sorted: impl IntoIterator<Item = (i64, i64)>) -> Self {
        let (at_ns, values): (Vec<i64>, Vec<i64>) = sorted.into_iter().unzip();
        debug_assert!(at_ns.is_sorted());
        let mut series = Self { at_ns, values, levels: Vec::new() };
        let leaf = |leaf: usize| {
            let ends = series.scan(leaf * LEAF..((leaf + 1) * LEAF).min(series.len()));
            ends.map_or((0, 0), |ends| (ends.least as u32, ends.most as u32))
        };
        let mut levels = vec![(0..series.len().div_ceil(LEAF)).map(leaf).collect::<Vec<_>>()];
        while let Some(below) = levels.last().filter(|below| below.len() > 1) {
            let level = below.chunks(2).map(|pair| {
                let (first, last) = (pair[0], pair[pair.len() - 1]);
                let ends = series.joined(of(first), of(last));
                (ends.least as u32, ends.most as u32)
            });
            let level = level.collect();
            levels.push(level);
        }
        series.levels = levels;
        series
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.values.len()
    }

    /// True without any.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The time and the value at position `at`; zeros past the end.
    #[must_use]
    pub fn get(&self, at: usize) -> (i64, i64) {
        (self.at_ns.get(at).copied().unwrap_or(0), self.values.get(at).copied().unwrap_or(0))
    }

    /// The times in nanoseconds.
    #[must_use]
    pub fn times_ns(&self) -> &[i64] {
        &self.at_ns
    }

    /// The positions of values in `time`, both ends included.
    #[must_use]
    pub fn within(&self, time: TimeRange) -> Range<usize> {
        let from = self.at_ns.partition_point(|&at| at < time.from_ns);
        let to = self.at_ns.partition_point(|&at| at <= time.to_ns);
        from..to.max(from)
    }

    /// How many values are in `time`, both ends included.
    #[must_use]
    pub fn count(&self, time: TimeRange) -> usize {
        self.within(time).len()
    }

    /// The least and the largest value of a range; `None` for an empty one.
    #[must_use]
    pub fn extremes(&self, range: Range<usize>) -> Option<Extremes> {
        let range = range.start..range.end.min(self.len());
        if range.len() <= 2 * LEAF {
            return self.scan(range);
        }
        let (mut left, mut right) = (range.start.div_ceil(LEAF), range.end / LEAF);
        let mut found = self.scan(range.start..left * LEAF);
        let join = |found: Option<Extremes>, more: Extremes| Some(found.map_or(more, |found| self.joined(found, more)));
        if let Some(rest) = self.scan(right * LEAF..range.end) {
            found = join(found, rest);
        }
        for level in &self.levels {
            if left >= right {
                break;
            }
            if left & 1 == 1 {
                found = join(found, of(level[left]));
                left += 1;
            }
            if right & 1 == 1 {
                right -= 1;
                found = join(found, of(level[right]));
            }
            left /= 2;
            right /= 2;
        }
        found
    }

    fn scan(&self, range: Range<usize>) -> Option<Extremes> {
        let mut all = range.map(|at| Extremes { least: at, most: at });
        let first = all.next()?;
        Some(all.fold(first, |found, more| self.joined(found, more)))
    }

    /// Of equal values the first one counts.
    fn joined(&self, a: Extremes, b: Extremes) -> Extremes {
        let key = |at: usize| (self.values[at], at);
        let most = |a: usize, b: usize| {
            let is_later = (self.values[b], std::cmp::Reverse(b)) > (self.values[a], std::cmp::Reverse(a));
            if is_later { b } else { a }
        };
        Extremes { least: if key(b.least) < key(a.least) { b.least } else { a.least }, most: most(a.most, b.most) }
    }

    /// The values in a window: all of them when there are no more than two per column, else the least and the largest
    /// of each column.
    #[must_use]
    pub fn thinned(&self, window: &Window) -> Thinned {
        let mut all = Thinned::default();
        for &(time, columns) in &window.parts {
            let part = self.thinned_part(time, columns);
            all.at.extend(part.at);
            all.hidden += part.hidden;
        }
        // What stands between two parts is in both.
        all.at.dedup();
        all
    }

    fn thinned_part(&self, time: TimeRange, columns: usize) -> Thinned {
        let range = self.within(time);
        if range.len() <= columns.max(1) * 2 {
            return Thinned { at: range.collect(), hidden: 0 };
        }
        let mut at = Vec::with_capacity(columns * 2);
        let mut from = range.start;
        for column in ends_of_columns(time, columns) {
            let to = from + self.at_ns[from..range.end].partition_point(|&at| at < column.to_ns);
            // The last column has the end of the range.
            let to = if column.to_ns >= time.to_ns { range.end } else { to };
            if let Some(ends) = self.extremes(from..to) {
                let (first, second) = (ends.least.min(ends.most), ends.least.max(ends.most));
                at.push(first);
                if second != first {
                    at.push(second);
                }
            }
            from = to;
        }
        let hidden = range.len() - at.len();
        Thinned { at, hidden }
    }

    /// The line through the values as corners, cut to a window. With more than two corners per column it is a
    /// staircase along the outermost values of the columns: never inside of the line.
    #[must_use]
    pub fn line(&self, window: &Window, follow: Follow) -> Vec<(i64, i64)> {
        window.parts.iter().flat_map(|&(time, columns)| self.line_part(time, columns, follow)).collect()
    }

    fn line_part(&self, time: TimeRange, columns: usize, follow: Follow) -> Vec<(i64, i64)> {
        let range = self.within(time);
        let start = self.value_at(time.from_ns).map(|value| (time.from_ns, value));
        let end = self.value_at(time.to_ns).map(|value| (time.to_ns, value));
        if range.len() <= columns.max(1) * 2 {
            let inside = range.map(|at| self.get(at));
            return start.into_iter().chain(inside).chain(end).collect();
        }
        let mut corners = Vec::with_capacity(columns * 2);
        for column in ends_of_columns(time, columns) {
            let ends = self.extremes(self.within(column));
            let inside = ends.map(|ends| self.values[if follow == Follow::Most { ends.most } else { ends.least }]);
            let borders = [column.from_ns, column.to_ns].into_iter().filter_map(|at| self.value_at(at));
            let all = borders.chain(inside);
            if let Some(value) = if follow == Follow::Most { all.max() } else { all.min() } {
                corners.push((column.from_ns, value));
                corners.push((column.to_ns, value));
            }
        }
        corners
    }

    /// The line through the values at `at_ns`; `None` before the first and after the last.
    #[must_use]
    pub fn value_at(&self, at_ns: i64) -> Option<i64> {
        let after = self.at_ns.partition_point(|&at| at < at_ns);
        let (to_ns, to) = (*self.at_ns.get(after)?, self.values[after]);
        if to_ns == at_ns {
            return Some(to);
        }
        let before = after.checked_sub(1)?;
        Some(between((self.at_ns[before], self.values[before]), (to_ns, to), at_ns))
    }
}

fn of((least, most): (u32, u32)) -> Extremes {
    Extremes { least: least as usize, most: most as usize }
}

/// The value at `at_ns` of the straight line between two corners of different times.
#[must_use]
pub fn between(from: (i64, i64), to: (i64, i64), at_ns: i64) -> i64 {
    let (length, passed) = (i128::from(to.0) - i128::from(from.0), i128::from(at_ns) - i128::from(from.0));
    let rise = i128::from(to.1) - i128::from(from.1);
    // Only a line across all of time is too steep for the product.
    let value = i128::from(from.1) + rise.saturating_mul(passed).checked_div(length).unwrap_or(0);
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

/// `time` in `columns` equal parts.
fn ends_of_columns(time: TimeRange, columns: usize) -> impl Iterator<Item = TimeRange> {
    let length = i128::from(time.to_ns) - i128::from(time.from_ns);
    let columns = columns.max(1);
    let at = move |column: usize| {
        let at = i128::from(time.from_ns) + length * column as i128 / columns as i128;
        i64::try_from(at).unwrap_or(time.to_ns)
    };
    (0..columns).map(move |column| TimeRange { from_ns: at(column), to_ns: at(column + 1) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn series(points: &[(i64, i64)]) -> Series {
        let mut points = points.to_vec();
        points.sort_unstable();
        Series::new(points)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

        #[test]
        fn extremes_are_those_of_a_plain_search(
            points in prop::collection::vec((0_i64..2_000, -50_i64..50), 0..700),
            ends in (0_usize..700, 0_usize..700),
        ) {
            let series = series(&points);
            let range = ends.0.min(ends.1)..ends.0.max(ends.1);
            let all = || range.clone().filter(|&at| at < series.len());
            let least = all().min_by_key(|&at| series.get(at).1);
            let most = all().rev().max_by_key(|&at| series.get(at).1);
            let found = series.extremes(range.clone());
            prop_assert_eq!(found.map(|ends| ends.least), least);
            prop_assert_eq!(found.map(|ends| ends.most), most);
        }

        #[test]
        fn a_view_never_loses_an_extreme_and_never_costs_more_than_its_columns(
            points in prop::collection::vec((0_i64..2_000, -50_i64..50), 0..900),
            (from_ns, length) in (-100_i64..2_000, 0_i64..2_500),
            columns in 1_usize..40,
        ) {
            let series = series(&points);
            let time = TimeRange { from_ns, to_ns: from_ns + length };
            let shown = series.thinned(&Window::plain(time, columns));
            prop_assert!(shown.at.len() <= columns * 2 && shown.at.is_sorted());
            prop_assert_eq!(shown.at.len() + shown.hidden, series.count(time));
            let value = |at: &usize| series.get(*at).1;
            let all: Vec<usize> = series.within(time).collect();
            prop_assert_eq!(shown.at.iter().map(value).max(), all.iter().map(value).max());
            prop_assert_eq!(shown.at.iter().map(value).min(), all.iter().map(value).min());
        }

        #[test]
        fn a_line_is_never_drawn_inside_of_itself(
            points in prop::collection::btree_map(0_i64..3_000, -500_i64..500, 0..600),
            (from_ns, length) in (-100_i64..3_000, 1_i64..3_500),
            columns in 1_usize..30,
        ) {
            let whole: Vec<(i64, i64)> = points.into_iter().collect();
            let series = Series::new(whole.iter().copied());
            let time = TimeRange { from_ns, to_ns: from_ns + length };
            let upper = Series::new(series.line(&Window::plain(time, columns), Follow::Most));
            let lower = Series::new(series.line(&Window::plain(time, columns), Follow::Least));
            prop_assert!(upper.len() <= columns * 2 + 2);
            // The oracle: interpolation in floating point, at every moment in view.
            for at in from_ns..=from_ns + length {
                let after = whole.iter().position(|point| point.0 >= at);
                let Some(after) = after.filter(|&after| after > 0 || whole[0].0 == at) else { continue };
                let (to, from) = (whole[after], whole[after.saturating_sub(1)]);
                let share = if to.0 == from.0 { 1.0 } else { (at - from.0) as f64 / (to.0 - from.0) as f64 };
                let exact = from.1 as f64 + (to.1 - from.1) as f64 * share;
                let highest = whole_of(&upper, at).iter().copied().max().unwrap();
                let lowest = whole_of(&lower, at).iter().copied().min().unwrap();
                prop_assert!(highest as f64 >= exact - 2.0, "{} at {at}: {highest} {exact}", "above");
                prop_assert!(lowest as f64 <= exact + 2.0, "{} at {at}: {lowest} {exact}", "below");
            }
        }
    }

    /// Everything that a line shows at `at`: a staircase has two values at a step.
    fn whole_of(line: &Series, at: i64) -> Vec<i64> {
        let steps = line.within(TimeRange { from_ns: at, to_ns: at }).map(|step| line.get(step).1);
        steps.chain(line.value_at(at)).collect()
    }

    #[test]
    fn shortened_idle_time_takes_few_columns_and_loses_nothing() {
        // Two busy seconds with an hour between them, which is drawn as one second.
        const S: i64 = 1_000_000_000;
        let axis = Axis::shortening([(S, 3_601 * S)], S);
        let series = Series::new((0..2_000_i64).map(|at| {
            let time = at * S / 1_000;
            (if time < S { time } else { time + 3_600 * S }, at * 7_919 % 1_000)
        }));
        let time = TimeRange { from_ns: 0, to_ns: 3_602 * S };
        let window = Window::on(&axis, time, 300);
        assert_eq!((window.time(), window.parts().len()), (time, 3));
        let shown = series.thinned(&window);
        let early = shown.at.iter().filter(|&&at| series.get(at).0 < S).count();
        assert!(early > 150 && shown.at.len() < 700 && shown.at.is_sorted(), "{early} of {}", shown.at.len());
        let line = series.line(&window, Follow::Most);
        assert!(line.is_sorted_by_key(|corner| corner.0) && line.iter().any(|corner| corner.0 == 3_601 * S));
        assert!(window.cut(TimeRange { from_ns: -2 * S, to_ns: -S }).is_none());
        assert_eq!(window.cut(TimeRange { from_ns: 0, to_ns: S / 2 }).unwrap().parts().len(), 1);
    }

    #[test]
    fn nothing_overflows_at_the_ends_of_time() {
        let series = Series::new([(i64::MIN, i64::MIN), (0, 5), (i64::MAX, i64::MAX)]);
        assert_eq!(series.value_at(0), Some(5));
        assert!(series.value_at(i64::MAX / 2).is_some());
        let time = TimeRange { from_ns: i64::MIN, to_ns: i64::MAX };
        assert_eq!(series.thinned(&Window::plain(time, 1)).at.len(), 2);
        assert!(!series.line(&Window::plain(time, 1), Follow::Most).is_empty());
        assert_eq!(Series::default().thinned(&Window::plain(time, 100)), Thinned::default());
        assert!(Series::default().line(&Window::plain(time, 100), Follow::Least).is_empty());
    }
}
