//! Causality health: at which times nothing had run backwards for a while.
//!
//! Healthy at `t` = no violation was detected in the window that ends at `t`. A violation is detected by the
//! receiver, at its own raw time. So the unhealthy times are the union of `[v, v + window)` over all violations.

use std::ops::Range;

use super::findings::{Finding, Severity};
use super::separations::Separations;

/// The usual window, nanoseconds: 30 s.
pub const WINDOW_NS: i64 = 30_000_000_000;

/// The times at which causality was not healthy.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Health {
    /// Disjoint, sorted, raw nanoseconds.
    unhealthy: Vec<Range<i64>>,
}

impl Health {
    /// From the times at which violations were detected, in any order.
    #[must_use]
    pub fn new(violations_ns: impl IntoIterator<Item = i64>, window_ns: i64) -> Self {
        let mut times: Vec<i64> = violations_ns.into_iter().collect();
        times.sort_unstable();
        let mut unhealthy: Vec<Range<i64>> = Vec::new();
        for time in times {
            let end = time.saturating_add(window_ns.max(0));
            match unhealthy.last_mut() {
                Some(last) if time <= last.end => last.end = end,
                _ => unhealthy.push(time..end),
            }
        }
        Self { unhealthy }
    }

    /// Of one or several causal edges: raw times that ran backwards.
    #[must_use]
    pub fn of_edges<'a>(edges: impl IntoIterator<Item = &'a Separations>, window_ns: i64) -> Self {
        let samples = edges.into_iter().flat_map(|edge| &edge.samples);
        Self::new(samples.filter(|sample| sample.is_backwards()).map(|sample| sample.received_ns), window_ns)
    }

    /// Of contradictions: what no offset explains. Automation should ask this one.
    #[must_use]
    pub fn of_findings<'a>(findings: impl IntoIterator<Item = &'a Finding>, window_ns: i64) -> Self {
        let bad = findings.into_iter().filter(|finding| finding.severity >= Severity::Suspicious);
        Self::new(bad.flat_map(|finding| finding.witness.iter().map(|proof| proof.to_ns)), window_ns)
    }

    /// Whether nothing was detected in the window that ends at `at_ns`.
    #[must_use]
    pub fn is_healthy(&self, at_ns: i64) -> bool {
        let after = self.unhealthy.partition_point(|range| range.start <= at_ns);
        after.checked_sub(1).is_none_or(|at| self.unhealthy[at].end <= at_ns)
    }

    /// The unhealthy times: disjoint, sorted, raw nanoseconds.
    #[must_use]
    pub fn unhealthy(&self) -> &[Range<i64>] {
        &self.unhealthy
    }

    /// The share of `run` that was not healthy, 0 to 1.
    #[must_use]
    pub fn unhealthy_share(&self, run: Range<i64>) -> f64 {
        let length = |range: Range<i64>| (i128::from(range.end) - i128::from(range.start)).max(0);
        let inside = |range: &Range<i64>| length(range.start.max(run.start)..range.end.min(run.end));
        let bad: i128 = self.unhealthy.iter().map(inside).sum();
        bad as f64 / length(run.clone()).max(1) as f64
    }

    /// The health between `run.start` and `run.end` as corners of a line of ones and zeros, for plots.
    #[must_use]
    pub fn line(&self, run: Range<i64>) -> Vec<(i64, bool)> {
        let mut line = vec![(run.start, self.is_healthy(run.start))];
        for range in self.unhealthy.iter().filter(|range| range.end > run.start && range.start < run.end) {
            for (at, is_healthy) in [(range.start, false), (range.end, true)] {
                if run.start < at && at < run.end {
                    line.push((at, !is_healthy));
                    line.push((at, is_healthy));
                }
            }
        }
        line.push((run.end, self.is_healthy(run.end)));
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_that_touch_are_one() {
        let health = Health::new([100, 5, 10, 30], 20);
        assert_eq!(health.unhealthy(), [5..50, 100..120]);
        for (at, healthy) in [(4, true), (5, false), (49, false), (50, true), (99, true), (119, false), (120, true)] {
            assert_eq!(health.is_healthy(at), healthy, "{at}");
        }
        assert!((health.unhealthy_share(0..100) - 0.45).abs() < 1e-9);
        let line: Vec<(i64, bool)> = health.line(0..110);
        assert_eq!(
            line,
            [(0, true), (5, true), (5, false), (50, false), (50, true), (100, true), (100, false), (110, false)]
        );
        assert!(Health::default().is_healthy(0));
    }

    #[test]
    fn the_union_is_what_the_definition_says() {
        let times: Vec<i64> = (0..40_i64).map(|at| at * at * 37 % 1000).collect();
        let health = Health::new(times.iter().copied(), 13);
        for at in -5..1_100 {
            let by_definition = times.iter().all(|&time| !(time <= at && at < time + 13));
            assert_eq!(health.is_healthy(at), by_definition, "{at}");
        }
    }
}
