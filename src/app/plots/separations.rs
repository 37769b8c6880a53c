//! How far apart cause and effect are stamped, per causal edge: the list of edges, the messages of one of them over
//! time, and how those in view are distributed.

use std::sync::Arc;

use super::series::{Series, Thinned, Window};
use super::{AxisOf, finite};
use crate::analysis::clocks::Rule;
use crate::analysis::clocks::separations::{Histogram, LeastLatencies, Sample, Separations};
use crate::model::{DomainIx, TraceStore};
use crate::scene::TimeRange;

/// Names a causal edge: all messages of one rule from one clock to another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct EdgeName {
    /// The clock of the causes.
    pub from: DomainIx,
    /// The clock of the effects.
    pub to: DomainIx,
    /// Why the one comes before the other.
    pub rule: Rule,
}

/// All messages between clocks, by edge.
#[derive(Debug)]
pub struct Gathered {
    /// The edges, by clocks and rule.
    pub edges: Vec<Separations>,
    /// Positions of edges: those with messages that run backwards first, then those with most messages.
    pub order: Vec<usize>,
}

impl Gathered {
    /// Collects them. Visits every span: not for the window's own thread.
    #[must_use]
    pub fn new(store: &TraceStore, axis: AxisOf<'_>) -> Self {
        let edges = axis.model.separations(store, axis.domains);
        let mut order: Vec<usize> = (0..edges.len()).collect();
        let backwards: Vec<usize> = edges.iter().map(|edge| edge.backwards().0).collect();
        order.sort_by_key(|&at| (std::cmp::Reverse(backwards[at]), std::cmp::Reverse(edges[at].len()), at));
        Self { edges, order }
    }

    /// The edge called `name`.
    #[must_use]
    pub fn edge(&self, name: EdgeName) -> Option<&Separations> {
        self.edges.iter().find(|edge| name_of(edge) == name)
    }
}

/// What names an edge.
#[must_use]
pub const fn name_of(edge: &Separations) -> EdgeName {
    EdgeName { from: edge.from, to: edge.to, rule: edge.rule }
}

/// The messages of one edge over time.
#[derive(Debug)]
pub struct Track {
    /// Which edge.
    pub name: EdgeName,
    /// The messages, by time on the axis.
    pub samples: Vec<Sample>,
    /// Their separations, by position.
    pub series: Series,
    /// Messages that run backwards, and those of which it cannot be told.
    pub backwards: (usize, usize),
}

impl Track {
    /// The messages of `edge` on the axis of the timeline.
    #[must_use]
    pub fn new(edge: &Separations, axis: AxisOf<'_>) -> Self {
        let at = |sample: &Sample| axis.map(edge.to, sample.received_ns);
        let mut timed: Vec<(i64, Sample)> = edge.samples.iter().map(|sample| (at(sample), *sample)).collect();
        timed.sort_by_key(|(at, sample)| (*at, sample.separation_ns));
        let series = Series::new(timed.iter().map(|(at, sample)| (*at, sample.separation_ns)));
        let samples = timed.into_iter().map(|(_, sample)| sample).collect();
        Self { name: name_of(edge), samples, series, backwards: edge.backwards() }
    }

    /// The messages that a window shows, and from where to where the plot reaches.
    #[must_use]
    pub fn view(&self, window: &Window) -> (Thinned, (i64, i64)) {
        let time = window.time();
        let ends = self.series.extremes(self.series.within(time));
        let (low, high) =
            ends.map_or((0, 1_000_000), |ends| (self.series.get(ends.least).1, self.series.get(ends.most).1));
        (self.series.thinned(window), finite(low.min(0), high.max(0)))
    }

    /// The table that is copied: the messages in `time`, at most `most`.
    #[must_use]
    pub fn rows(&self, store: &TraceStore, time: TimeRange, most: usize) -> Vec<Vec<String>> {
        let head = "at_ns separation_ns backwards rule strength from_span from_raw_ns to_span to_raw_ns";
        let mut rows = vec![head.split(' ').map(str::to_owned).collect()];
        for at in self.series.within(time).take(most) {
            let Some(sample) = self.samples.get(at) else { continue };
            let state = match sample {
                sample if sample.is_backwards() => "yes",
                sample if sample.is_unclear => "not known",
                _ => "no",
            };
            let mut row: Vec<String> = vec![self.series.get(at).0.to_string(), sample.separation_ns.to_string()];
            row.push(state.to_owned());
            row.extend(super::proof_cells(store, &super::proof_of(sample, self.name.rule)));
            rows.push(row);
        }
        rows
    }
}

/// How the separations in a view are distributed.
#[derive(Debug)]
pub struct Distribution {
    /// Of which messages.
    pub track: Arc<Track>,
    /// The messages in view.
    pub shown: Separations,
    /// From where to where the plot reaches, nanoseconds.
    pub width: (i64, i64),
    /// Messages per bin inside of `width`.
    pub histogram: Histogram,
    /// Messages left and right of `width`.
    pub beyond: (usize, usize),
    /// The share of messages up to a separation, as steps.
    pub steps: Vec<(i64, f64)>,
    /// Half the height of the band around the steps that holds the true distribution with 95 % confidence.
    pub confidence: f64,
    /// Quantiles of separations that are not negative.
    pub least: Option<LeastLatencies>,
}

/// Bins of a histogram.
pub const BINS: usize = 60;
/// Steps of a distribution that are drawn at most.
const MOST_STEPS: usize = 600;

impl Distribution {
    /// Of the messages of `track` in `time`. Sorts them: not for the window's own thread.
    #[must_use]
    pub fn new(track: &Arc<Track>, time: TimeRange) -> Self {
        let EdgeName { from, to, rule } = track.name;
        let samples = track.samples.get(track.series.within(time)).unwrap_or_default();
        let shown = Separations::new(from, to, rule, samples.to_vec());
        let width = reach(shown.sorted_ns());
        let inside = |sample: &&Sample| (width.0..=width.1).contains(&sample.separation_ns);
        let near = Separations::new(from, to, rule, samples.iter().filter(inside).copied().collect());
        let left = shown.count_below(width.0);
        Self {
            histogram: near.histogram(BINS),
            beyond: (left, shown.len() - left - near.len()),
            steps: shown.distribution(MOST_STEPS),
            confidence: shown.band(0.05),
            least: shown.least_latencies(),
            width,
            shown,
            track: Arc::clone(track),
        }
    }
}

/// From where to where a histogram of sorted separations reaches: over all, unless a few far ones would squeeze all
/// others into a corner.
fn reach(sorted_ns: &[i64]) -> (i64, i64) {
    let (Some(&first), Some(&last)) = (sorted_ns.first(), sorted_ns.last()) else { return (0, 0) };
    let at = |per_mille: usize| sorted_ns[(sorted_ns.len() - 1) * per_mille / 1000];
    let (low, high) = (at(10), at(990));
    let bulk = i128::from(high) - i128::from(low);
    let low = if i128::from(low) - i128::from(first) > bulk { low } else { first };
    let high = if i128::from(last) - i128::from(high) > bulk { high } else { last };
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::clocks::{EventKey, Rule};
    use crate::model::SpanIx;
    use crate::model::time::MS;

    fn track(separations_ns: &[i64]) -> Arc<Track> {
        let event = EventKey::start(SpanIx(0));
        let sample = |(at, &separation_ns): (usize, &i64)| Sample {
            received_ns: at as i64 * MS,
            separation_ns,
            from: event,
            to: event,
            is_unclear: false,
        };
        let samples: Vec<Sample> = separations_ns.iter().enumerate().map(sample).collect();
        let series = Series::new(samples.iter().map(|sample| (sample.received_ns, sample.separation_ns)));
        let name = EdgeName { from: DomainIx(0), to: DomainIx(1), rule: Rule::RequestStart };
        Arc::new(Track { name, samples, series, backwards: (0, 0) })
    }

    const ALL: TimeRange = TimeRange { from_ns: i64::MIN, to_ns: i64::MAX };

    #[test]
    fn a_distribution_is_that_of_the_messages_in_view() {
        let values: Vec<i64> = (0..500_i64).map(|at| at * 7_919 % 400 * 10_000).collect();
        let track = track(&values);
        for (from, to) in [(0, 499), (100, 180), (400, 400), (600, 700)] {
            let time = TimeRange { from_ns: from * MS, to_ns: to * MS };
            let found = Distribution::new(&track, time);
            let mut own: Vec<i64> = (from..=to).filter_map(|at| values.get(at as usize)).copied().collect();
            own.sort_unstable();
            assert_eq!(found.shown.sorted_ns(), own);
            let counted: usize = found.histogram.counts.iter().sum();
            assert_eq!(counted + found.beyond.0 + found.beyond.1, own.len(), "every message is somewhere");
            for &(ns, share) in &found.steps {
                let exact = own.iter().filter(|&&value| value <= ns).count() as f64 / own.len() as f64;
                assert!(share <= exact + 1e-9, "{ns}: {share} {exact}");
            }
            assert_eq!(found.least.map(|least| least.least_ns), own.first().copied());
        }
    }

    #[test]
    fn one_far_message_does_not_squeeze_the_others() {
        let mut values: Vec<i64> = (0..300_i64).map(|at| 2 * MS + at * 10_000).collect();
        let whole = Distribution::new(&track(&values), ALL);
        assert_eq!((whole.width, whole.beyond), ((2 * MS, 2 * MS + 2_990_000), (0, 0)));
        values.push(3_600_000 * MS);
        values.push(-40 * MS);
        let found = Distribution::new(&track(&values), ALL);
        assert!(found.width.1 < 10 * MS && found.width.0 > 0, "{:?}", found.width);
        assert!(found.beyond.0 >= 1 && found.beyond.1 >= 1);
        assert_eq!(found.histogram.counts.iter().sum::<usize>() + found.beyond.0 + found.beyond.1, 302);
    }
}
