//! Statistics by any field: how many spans, how long, how many failed.
//!
//! All sums are exact integers of raw nanoseconds. Durations are differences of two readings of one
//! clock, so that spans of different clocks may be added up. Spans without a duration, or with a negative
//! one, are counted apart ([`Group::untimed`]) and take no part in times. Percentiles are nearest-rank:
//! the smallest duration that at least that share of the timed spans do not exceed.

use rayon::iter::{IndexedParallelIterator as _, IntoParallelIterator as _, ParallelIterator as _};
use rayon::slice::ParallelSliceMut as _;
use std::cmp::Reverse;

use super::clocks::domains::Domains;
use super::search::{CancelFlag, Categories, Expr, Field, Label, Pattern, Query, SpanSet, Term, TextTest, ranks};
use super::self_time::SelfTimes;
use crate::model::time::duration_text;
use crate::model::{SpanFlags, SpanIx, TraceStore};

/// The spans that share one value of the field.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Group {
    /// The value; `None` for the spans that have none.
    pub label: Option<Label>,
    /// Number of spans.
    pub count: u64,
    /// Number of spans whose status is error.
    pub errors: u64,
    /// Number of spans without a duration, or with a negative one.
    pub untimed: u64,
    /// Sum of the durations.
    pub total_ns: i128,
    /// Sum of the self times.
    pub self_ns: i128,
    /// Median duration.
    pub p50_ns: Option<i64>,
    /// 95th percentile of the durations.
    pub p95_ns: Option<i64>,
    /// Longest duration.
    pub max_ns: Option<i64>,
}

/// One column of the statistics.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, strum::Display, strum::EnumIter, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum StatColumn {
    /// The value of the field.
    Value,
    /// Number of spans.
    Count,
    /// Sum of durations.
    Total,
    /// Sum of self times.
    #[strum(serialize = "self")]
    SelfTime,
    /// Median.
    P50,
    /// 95th percentile.
    P95,
    /// Longest.
    Max,
    /// Failed spans.
    Errors,
    /// Spans without a usable duration.
    Untimed,
}

/// Statistics of a store by one field.
#[derive(Clone, PartialEq, Debug)]
pub struct Statistics {
    /// What was grouped by.
    pub field: Field,
    /// One group per value, largest total first; ties in order of first appearance.
    pub groups: Vec<Group>,
    /// All spans together.
    pub whole: Group,
}

impl Statistics {
    /// Groups the spans of `rows` (all without) by `field`; `None` when cancelled.
    #[must_use]
    pub fn new(
        store: &TraceStore,
        domains: &Domains,
        self_times: &SelfTimes,
        field: &Field,
        rows: Option<&SpanSet>,
        cancel: &CancelFlag,
    ) -> Option<Self> {
        let categories = Categories::new(store, domains, field, cancel)?;
        // The last group is that of the spans without a value.
        let missing = categories.labels.len();
        let mut groups = vec![Group::default(); missing + 1];
        for (group, &label) in groups.iter_mut().zip(&categories.labels) {
            group.label = Some(label);
        }
        let group_of = |ix: SpanIx| (categories.of_span[ix.at()] as usize).min(missing);
        let is_in = |ix: &SpanIx| rows.is_none_or(|rows| rows.has(*ix));
        let spans = || store.span_ixs().filter(is_in);
        for ix in spans() {
            groups[group_of(ix)].add(store, self_times, ix);
        }
        cancel.going_on()?;
        let mut durations = Buckets::new(groups.iter().map(|group| group.count - group.untimed));
        for ix in spans() {
            if let Some(ns) = usable_duration(store, ix) {
                durations.push(group_of(ix), ns);
            }
        }
        cancel.going_on()?;
        let slices = durations.slices();
        groups.iter_mut().zip(slices).collect::<Vec<_>>().into_par_iter().with_min_len(256).for_each(
            |(group, durations)| {
                group.set_percentiles(durations);
            },
        );
        let mut whole = groups.iter().fold(Group::default(), Group::joined);
        whole.set_percentiles(&mut durations.values);
        cancel.going_on()?;
        let mut order: Vec<(Reverse<i128>, usize)> =
            (0..groups.len()).filter(|&at| groups[at].count > 0).map(|at| (Reverse(groups[at].total_ns), at)).collect();
        order.par_sort_unstable();
        let groups = order.into_iter().map(|(_, at)| groups[at]).collect();
        Some(Self { field: field.clone(), groups, whole })
    }

    /// Sorts the groups by `column`; ties keep their order, so that the outcome is always the same.
    /// Groups without a value of the column come last either way.
    pub fn sort(&mut self, store: &TraceStore, domains: &Domains, column: StatColumn, is_descending: bool) {
        if column == StatColumn::Value {
            let labels: Vec<Label> = self.groups.iter().filter_map(|group| group.label).collect();
            let mut rank = ranks(store, domains, &labels).into_iter();
            let mut keyed: Vec<_> =
                self.groups.iter().map(|group| (group.label.and_then(|_| rank.next()), *group)).collect();
            keyed.sort_by_key(|(rank, _)| match *rank {
                Some(rank) if is_descending => (0, u32::MAX - rank),
                Some(rank) => (0, rank),
                None => (1, 0),
            });
            self.groups = keyed.into_iter().map(|(_, group)| group).collect();
            return;
        }
        self.groups.sort_by_key(|group| match group.number(column) {
            Some(number) if is_descending => (0, -number),
            Some(number) => (0, number),
            None => (1, 0),
        });
    }

    /// The query that finds exactly the spans of `group`, for a click on its row.
    #[must_use]
    pub fn query(&self, store: &TraceStore, domains: &Domains, group: &Group) -> Query {
        let field = self.field.clone();
        match group.label {
            Some(label) => {
                let text = label.text(store, domains).into_owned();
                Query::of(Term::Field(field, TextTest::Equals(text)))
            }
            None => {
                let any = Expr::Term(Term::Field(field, TextTest::Matches(Pattern::any())));
                Query { expr: Some(Expr::negated(any)) }
            }
        }
    }
}

impl Group {
    fn add(&mut self, store: &TraceStore, self_times: &SelfTimes, ix: SpanIx) {
        self.count += 1;
        self.errors += u64::from(store.flags()[ix.at()].has(SpanFlags::ERROR));
        match usable_duration(store, ix) {
            Some(ns) => self.total_ns += i128::from(ns),
            None => self.untimed += 1,
        }
        self.self_ns += i128::from(self_times.get(ix).unwrap_or(0));
    }

    /// Sums of both; percentiles cannot be joined and stay unset.
    fn joined(self, other: &Self) -> Self {
        Self {
            label: None,
            count: self.count + other.count,
            errors: self.errors + other.errors,
            untimed: self.untimed + other.untimed,
            total_ns: self.total_ns + other.total_ns,
            self_ns: self.self_ns + other.self_ns,
            p50_ns: None,
            p95_ns: None,
            max_ns: None,
        }
    }

    /// `durations` are those of this group, in any order; they are left in another one.
    fn set_percentiles(&mut self, durations: &mut [i64]) {
        let Some(at_95) = nearest_rank(durations.len(), 95) else { return };
        let (below, p95, above) = durations.select_nth_unstable(at_95);
        let p95 = *p95;
        self.p95_ns = Some(p95);
        self.max_ns = Some(above.iter().copied().max().unwrap_or(p95));
        let count = below.len() + 1 + above.len();
        self.p50_ns = nearest_rank(count, 50)
            .map(|at_50| if at_50 < below.len() { *below.select_nth_unstable(at_50).1 } else { p95 });
    }

    /// The value of a numeric column.
    #[must_use]
    pub fn number(&self, column: StatColumn) -> Option<i128> {
        match column {
            StatColumn::Value => None,
            StatColumn::Count => Some(self.count.into()),
            StatColumn::Errors => Some(self.errors.into()),
            StatColumn::Untimed => Some(self.untimed.into()),
            StatColumn::Total => Some(self.total_ns),
            StatColumn::SelfTime => Some(self.self_ns),
            StatColumn::P50 => self.p50_ns.map(Into::into),
            StatColumn::P95 => self.p95_ns.map(Into::into),
            StatColumn::Max => self.max_ns.map(Into::into),
        }
    }

    /// The cell of `column` as people read it, or (`is_exact`) as plain numbers of nanoseconds; empty when there is none.
    #[must_use]
    pub fn cell(&self, store: &TraceStore, domains: &Domains, column: StatColumn, is_exact: bool) -> String {
        let is_time = !matches!(column, StatColumn::Count | StatColumn::Errors | StatColumn::Untimed);
        match (column, self.number(column)) {
            (StatColumn::Value, _) => {
                self.label.map(|label| label.text(store, domains).into_owned()).unwrap_or_default()
            }
            (_, None) => String::new(),
            // Sums past what an i64 holds (292 years) are told as numbers.
            (_, Some(number)) => match i64::try_from(number) {
                Ok(ns) if is_time && !is_exact => duration_text(ns),
                _ => number.to_string(),
            },
        }
    }
}

impl StatColumn {
    /// The heading of the column, or (`is_exact`) its name with the unit, for files.
    #[must_use]
    pub fn heading(self, field: &Field, is_exact: bool) -> String {
        match self {
            Self::Value => field.to_string(),
            Self::Count | Self::Errors | Self::Untimed => self.to_string(),
            _ if is_exact => format!("{self}_ns"),
            _ => self.to_string(),
        }
    }
}

/// Position of the percentile among `count` sorted values.
fn nearest_rank(count: usize, percent: usize) -> Option<usize> {
    (count * percent).div_ceil(100).checked_sub(1)
}

fn usable_duration(store: &TraceStore, ix: SpanIx) -> Option<i64> {
    store.span(ix).duration_ns().filter(|&ns| ns >= 0)
}

/// Values sorted into buckets of known sizes, in one allocation.
struct Buckets {
    values: Vec<i64>,
    /// Where the next value of each bucket goes; once full, where the bucket ends.
    next: Vec<usize>,
}

impl Buckets {
    fn new(sizes: impl Iterator<Item = u64>) -> Self {
        let mut end = 0;
        let next = sizes
            .map(|size| {
                let start = end;
                end += usize::try_from(size).unwrap_or(0);
                start
            })
            .collect();
        Self { values: vec![0; end], next }
    }

    fn push(&mut self, bucket: usize, value: i64) {
        self.values[self.next[bucket]] = value;
        self.next[bucket] += 1;
    }

    /// The buckets, once all are full.
    fn slices(&mut self) -> Vec<&mut [i64]> {
        let mut rest = self.values.as_mut_slice();
        let mut start = 0;
        let mut slices = Vec::with_capacity(self.next.len());
        for &end in &self.next {
            let (bucket, after) = rest.split_at_mut(end - start);
            slices.push(bucket);
            (rest, start) = (after, end);
        }
        slices
    }
}
