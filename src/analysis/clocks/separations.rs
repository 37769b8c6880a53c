//! How far apart cause and effect are stamped, per causal edge: what a plot of the raw times needs.
//!
//! A separation is (raw time of the effect) - (raw time of the cause). Between two clocks it is latency plus the
//! difference of their offsets; below zero the raw times run backwards. Nothing here knows offsets: these are facts
//! about the stamps.

use std::collections::BTreeMap;

use super::causal::{EventKey, Evidence, Rule};
use super::edges::{self, Classes};
use super::solve::is_used;
use super::stamps::Stamps;
use crate::model::{DomainIx, TraceIx, TraceStore};

/// One message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sample {
    /// Raw time of the effect on its own clock, nanoseconds: when the receiving stage saw it.
    pub received_ns: i64,
    /// The separation, nanoseconds.
    pub separation_ns: i64,
    /// The cause.
    pub from: EventKey,
    /// The effect.
    pub to: EventKey,
    /// Backwards by no more than the resolution of the stamps: the order is not known, nothing is violated.
    pub is_unclear: bool,
}

impl Sample {
    /// Whether the effect is stamped before its cause by more than the stamps' resolution.
    #[must_use]
    pub const fn is_backwards(&self) -> bool {
        self.separation_ns < 0 && !self.is_unclear
    }
}

/// All messages of one rule from one clock to another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Separations {
    /// The clock of the causes.
    pub from: DomainIx,
    /// The clock of the effects.
    pub to: DomainIx,
    /// Why the one comes before the other.
    pub rule: Rule,
    /// The messages, in order of the receiving clock's time.
    pub samples: Vec<Sample>,
    /// Separations in nanoseconds, sorted.
    sorted_ns: Vec<i64>,
}

/// Separations of all messages between clocks at `level`, sorted by clocks and rule. `only` restricts them to one
/// trace. Visits every span: call it on a worker.
#[must_use]
pub fn collect(stamps: &Stamps<'_>, only: Option<TraceIx>, level: Evidence) -> Vec<Separations> {
    collect_believed(stamps, only, level, &Classes::default())
}

/// The same without messages of kinds that the user does not believe, as `classes` says.
#[must_use]
pub(super) fn collect_believed(
    stamps: &Stamps<'_>,
    only: Option<TraceIx>,
    level: Evidence,
    classes: &Classes,
) -> Vec<Separations> {
    let is_dropped = |class: u32| classes.list.get(class as usize).is_some_and(|class| class.said == Some(false));
    let mut found: BTreeMap<(u32, u32, Rule), Vec<Sample>> = BTreeMap::new();
    edges::for_each_again(stamps, only, classes, |edge, class| {
        let rule = edge.cause.rule;
        let is_of_spans = stamps.is_of_spans(edge.from.clock) && stamps.is_of_spans(edge.to.clock);
        if !is_used(rule.strength(), level) || !is_of_spans || is_dropped(class) {
            return;
        }
        let separation_ns = edge.raw_separation_ns();
        found.entry((edge.from.clock, edge.to.clock, rule)).or_default().push(Sample {
            received_ns: edge.to.raw_ns,
            separation_ns,
            from: edge.cause.from,
            to: edge.cause.to,
            is_unclear: separation_ns < 0 && edge.base_weight() >= 0,
        });
    });
    let finished = |((from, to, rule), samples)| Separations::new(DomainIx(from), DomainIx(to), rule, samples);
    found.into_iter().map(finished).collect()
}

impl Separations {
    /// Separations of `samples`, in any order.
    #[must_use]
    pub fn new(from: DomainIx, to: DomainIx, rule: Rule, mut samples: Vec<Sample>) -> Self {
        samples.sort_unstable_by_key(|sample| (sample.received_ns, sample.separation_ns, sample.from, sample.to));
        let mut sorted_ns: Vec<i64> = samples.iter().map(|sample| sample.separation_ns).collect();
        sorted_ns.sort_unstable();
        Self { from, to, rule, samples, sorted_ns }
    }

    /// How many messages there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.sorted_ns.len()
    }

    /// True without any message.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.sorted_ns.is_empty()
    }

    /// The separations in nanoseconds, sorted.
    #[must_use]
    pub fn sorted_ns(&self) -> &[i64] {
        &self.sorted_ns
    }

    /// Messages that run backwards by more than the resolution, and those of which that cannot be told.
    #[must_use]
    pub fn backwards(&self) -> (usize, usize) {
        let certain = self.samples.iter().filter(|sample| sample.is_backwards()).count();
        (certain, self.samples.iter().filter(|sample| sample.is_unclear).count())
    }

    /// The share of messages with a separation of less than `ns`: the empirical distribution. It is also, exactly,
    /// the rate of backward messages that this run would show if the receiving clock were set back by `ns`.
    #[must_use]
    pub fn share_below(&self, ns: i64) -> f64 {
        if self.is_empty() {
            return 0.0;
        }
        self.count_below(ns) as f64 / self.len() as f64
    }

    /// The number of messages with a separation of less than `ns`.
    #[must_use]
    pub fn count_below(&self, ns: i64) -> usize {
        self.sorted_ns.partition_point(|&separation| separation < ns)
    }

    /// Half the height of the band around [`Self::share_below`] that holds the true distribution everywhere with
    /// probability `1 - alpha` (Dvoretzky, Kiefer, Wolfowitz).
    #[must_use]
    pub fn band(&self, alpha: f64) -> f64 {
        if self.is_empty() { 1.0 } else { ((2.0 / alpha).ln() / (2.0 * self.len() as f64)).sqrt().min(1.0) }
    }

    /// The empirical distribution as at most `most` steps: (separation in nanoseconds, share of messages up to and
    /// including it), the first and the last message always among them.
    #[must_use]
    pub fn distribution(&self, most: usize) -> Vec<(i64, f64)> {
        let (count, most) = (self.len(), most.max(2));
        let last = count.saturating_sub(1);
        let step = |part: usize| part * last / (most - 1);
        let mut at: Vec<usize> = if count <= most { (0..count).collect() } else { (0..most).map(step).collect() };
        at.dedup();
        at.into_iter().map(|at| (self.sorted_ns[at], (at + 1) as f64 / count as f64)).collect()
    }

    /// How many messages fall into each of `bins` equally wide bins over all of them.
    #[must_use]
    pub fn histogram(&self, bins: usize) -> Histogram {
        let (Some(&first), Some(&last)) = (self.sorted_ns.first(), self.sorted_ns.last()) else {
            return Histogram::default();
        };
        let span = i128::from(last) - i128::from(first) + 1;
        let width = (span + bins.max(1) as i128 - 1) / bins.max(1) as i128;
        let width_ns = i64::try_from(width).unwrap_or(i64::MAX);
        let count = usize::try_from((span + width - 1) / width).unwrap_or(1);
        let edge = |bin: usize| i64::try_from(i128::from(first) + bin as i128 * width).unwrap_or(i64::MAX);
        let below = |bin: usize| if bin >= count { self.len() } else { self.count_below(edge(bin)) };
        let counts = (0..count).map(|bin| below(bin + 1) - below(bin)).collect();
        Histogram { first_ns: first, width_ns, counts }
    }

    /// Quantiles of the separations that are not negative: how early an effect may be stamped when clocks agree.
    /// `None` when there are none. Only meaningful where the clocks do agree; with a round trip the pair's slack
    /// ([`super::Pair::slack_ns`]) says it without that assumption.
    #[must_use]
    pub fn least_latencies(&self) -> Option<LeastLatencies> {
        let positive = &self.sorted_ns[self.count_below(0)..];
        let last = positive.len().checked_sub(1)?;
        let at = |per_mille: usize| positive[last * per_mille / 1000];
        Some(LeastLatencies {
            count: positive.len(),
            least_ns: positive[0],
            per_mille_ns: at(1),
            percent_ns: at(10),
            five_percent_ns: at(50),
            median_ns: at(500),
        })
    }
}

/// Messages per bin; bin `n` starts at `first_ns + n * width_ns`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Histogram {
    /// Where the first bin starts, nanoseconds.
    pub first_ns: i64,
    /// How wide each bin is, nanoseconds.
    pub width_ns: i64,
    /// Messages per bin.
    pub counts: Vec<usize>,
}

/// The lower end of a distribution of latencies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LeastLatencies {
    /// Out of so many messages.
    pub count: usize,
    /// The least one, nanoseconds.
    pub least_ns: i64,
    /// The 0.1 % quantile.
    pub per_mille_ns: i64,
    /// The 1 % quantile.
    pub percent_ns: i64,
    /// The 5 % quantile.
    pub five_percent_ns: i64,
    /// The median.
    pub median_ns: i64,
}

impl LeastLatencies {
    /// Without any violation in so many messages, the rate of violations is at most this with 95 % confidence.
    #[must_use]
    pub fn most_violations(&self) -> f64 {
        (3.0 / self.count.max(1) as f64).min(1.0)
    }
}

/// How often raw times run backwards.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Violations {
    /// Messages looked at.
    pub checked: usize,
    /// Messages that run backwards by more than the resolution.
    pub backwards: usize,
    /// Messages that run backwards by no more than the resolution.
    pub unclear: usize,
    /// Time between the first and the last message, nanoseconds.
    pub passed_ns: i64,
    /// Traces with a message.
    pub traces: usize,
    /// Traces with a message that runs backwards.
    pub traces_backwards: usize,
}

impl Violations {
    /// Those of one or several causal edges: per message, per second of the receivers' clocks, and per trace.
    #[must_use]
    pub fn new<'a>(store: &TraceStore, edges: impl IntoIterator<Item = &'a Separations>) -> Self {
        let mut found = Self::default();
        let mut traces: Vec<(TraceIx, bool)> = Vec::new();
        for edge in edges {
            for sample in &edge.samples {
                found.checked += 1;
                found.backwards += usize::from(sample.is_backwards());
                found.unclear += usize::from(sample.is_unclear);
                traces.push((store.span(sample.to.span).trace_ix(), !sample.is_backwards()));
            }
            if let (Some(first), Some(last)) = (edge.samples.first(), edge.samples.last()) {
                found.passed_ns = found.passed_ns.max(last.received_ns.saturating_sub(first.received_ns));
            }
        }
        traces.sort_unstable();
        traces.dedup_by_key(|entry| entry.0);
        found.traces = traces.len();
        found.traces_backwards = traces.iter().filter(|entry| !entry.1).count();
        found
    }

    /// Backward messages per message.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.backwards as f64 / self.checked.max(1) as f64
    }

    /// Backward messages per second.
    #[must_use]
    pub fn per_second(&self) -> f64 {
        if self.passed_ns <= 0 { 0.0 } else { self.backwards as f64 * 1e9 / self.passed_ns as f64 }
    }

    /// Traces with a backward message per trace.
    #[must_use]
    pub fn trace_share(&self) -> f64 {
        self.traces_backwards as f64 / self.traces.max(1) as f64
    }
}

#[cfg(test)]
mod tests;
