//! Causality health over time: when raw times ran backwards, between which clocks, how often.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::AxisOf;
use super::separations::{EdgeName, Gathered, name_of};
use super::series::{Series, Window};
use crate::analysis::clocks::health::Health;
use crate::analysis::clocks::safety::{Safety, Verdict};
use crate::analysis::clocks::separations::{Sample, Separations, Violations};
use crate::analysis::clocks::{Finding, Pair, Rule, Severity};
use crate::model::{DomainIx, TraceStore};
use crate::scene::TimeRange;

/// What a strip is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum StripOf {
    /// All messages between clocks.
    All,
    /// What no offset explains.
    Contradictions,
    /// Messages from one clock to another.
    Pair(DomainIx, DomainIx),
    /// Those of one rule.
    Edge(EdgeName),
}

impl StripOf {
    /// The clock that sends and the one that receives.
    #[must_use]
    pub const fn pair(self) -> Option<(DomainIx, DomainIx)> {
        match self {
            Self::Pair(from, to) => Some((from, to)),
            Self::Edge(name) => Some((name.from, name.to)),
            Self::All | Self::Contradictions => None,
        }
    }

    /// One kind of message of a pair.
    #[must_use]
    pub const fn is_kind(self) -> bool {
        matches!(self, Self::Edge(_))
    }
}

/// Health over time of some messages.
#[derive(Debug)]
pub struct Strip {
    /// Of which.
    pub of: StripOf,
    /// Messages.
    pub checked: usize,
    /// Messages that run backwards by more than the resolution of the stamps.
    pub backwards: usize,
    /// When they were not healthy: disjoint, sorted, on the axis.
    pub health: Health,
    /// Whether raw times keep their order; `None` for all messages together, and for contradictions.
    pub verdict: Option<Verdict>,
}

/// A message that runs backwards.
#[derive(Clone, Copy, Debug)]
pub struct Backward {
    /// The message.
    pub sample: Sample,
    /// Its rule.
    pub rule: Rule,
}

/// Causality health of a workspace, with the numbers of what is chosen.
#[derive(Debug)]
pub struct HealthPlot {
    /// What the numbers are about.
    pub of: StripOf,
    /// How long a violation counts, nanoseconds.
    pub window_ns: i64,
    /// All messages, contradictions, then the pairs that have messages: those with most violations first, each with
    /// its kinds of messages below it where there are several.
    pub strips: Vec<Strip>,
    /// Numbers of what is chosen.
    pub violations: Violations,
    /// When its messages were received, on the axis, sorted.
    pub checked_ns: Vec<i64>,
    /// Its messages that run backwards, by time.
    pub backwards: Vec<Backward>,
    /// By how much, by position: their separations.
    pub series: Series,
}

impl HealthPlot {
    /// Of all that was gathered. Visits every message: not for the window's own thread.
    #[must_use]
    pub fn new(store: &TraceStore, axis: AxisOf<'_>, gathered: &Gathered, of: StripOf, window_ns: i64) -> Self {
        let edges = &gathered.edges;
        let mut strips = vec![
            strip(StripOf::All, edges.iter(), axis, window_ns),
            contradictions(axis.model.findings(), axis, window_ns),
        ];
        let known = axis.model.pairs().iter().map(|pair| ((pair.a, pair.b), pair)).collect();
        let pairs = edges.chunk_by(|a, b| (a.from, a.to) == (b.from, b.to));
        let mut pairs: Vec<Vec<Strip>> = pairs.map(|pair| of_pair(pair, &known, axis, window_ns)).collect();
        pairs.sort_by_key(|pair| pair.first().map(Strip::rank));
        strips.extend(pairs.into_iter().flatten());
        let chosen = || edges.iter().filter(move |edge| is_of(edge, of));
        let mut checked_ns: Vec<i64> = chosen().flat_map(|edge| times(edge, axis, |_| true)).collect();
        checked_ns.sort_unstable();
        let mut backwards: Vec<(i64, Backward)> = chosen()
            .flat_map(|edge| {
                let own = edge.samples.iter().filter(|sample| sample.is_backwards());
                own.map(move |&sample| (axis.map(edge.to, sample.received_ns), Backward { sample, rule: edge.rule }))
            })
            .collect();
        backwards.sort_by_key(|(at, backward)| (*at, backward.sample.separation_ns, backward.sample.to));
        Self {
            of,
            window_ns,
            strips,
            violations: Violations::new(store, chosen()),
            checked_ns,
            series: Series::new(backwards.iter().map(|(at, backward)| (*at, backward.sample.separation_ns))),
            backwards: backwards.into_iter().map(|(_, backward)| backward).collect(),
        }
    }

    /// Messages and violations in each column of a window that has any.
    #[must_use]
    pub fn rates(&self, window: &Window) -> Vec<Rate> {
        window.parts().iter().flat_map(|&(time, columns)| self.rates_part(time, columns)).collect()
    }

    fn rates_part(&self, time: TimeRange, columns: usize) -> Vec<Rate> {
        let columns = columns.max(1);
        let length = i128::from(time.to_ns) - i128::from(time.from_ns);
        let at = |column: usize| {
            let at = i128::from(time.from_ns) + length * column as i128 / columns as i128;
            i64::try_from(at).unwrap_or(time.to_ns)
        };
        let count = |times: &[i64], from: i64, to: i64| {
            times.partition_point(|&time| time < to) - times.partition_point(|&time| time < from)
        };
        let rate = |column: usize| {
            let (from_ns, to_ns) = (at(column), at(column + 1));
            let checked = count(&self.checked_ns, from_ns, to_ns);
            Rate { from_ns, to_ns, checked, backwards: count(self.series.times_ns(), from_ns, to_ns) }
        };
        (0..columns).map(rate).filter(|rate| rate.checked > 0).collect()
    }

    /// The strip of what is chosen.
    #[must_use]
    pub fn chosen(&self) -> Option<&Strip> {
        self.strips.iter().find(|strip| strip.of == self.of)
    }

    /// How many pairs of clocks, counted one way each, are safe, unknown and broken.
    #[must_use]
    pub fn verdicts(&self) -> [usize; 3] {
        let pairs = self.strips.iter().filter(|strip| matches!(strip.of, StripOf::Pair(..)));
        let verdicts: Vec<Safety> = pairs.filter_map(|strip| Some(strip.verdict?.safety)).collect();
        [Safety::Safe, Safety::Unknown, Safety::Broken]
            .map(|of| verdicts.iter().filter(|&&safety| safety == of).count())
    }

    /// The table that is copied: a row per strip.
    #[must_use]
    pub fn rows(&self, name: impl Fn(StripOf) -> String, time: TimeRange) -> Vec<Vec<String>> {
        let head = "of messages backwards share unhealthy_share_in_view raw_order receiver_ahead_lo_ns \
                    receiver_ahead_hi_ns least_latency_ns";
        let mut rows = vec![head.split(' ').map(str::to_owned).collect::<Vec<_>>()];
        for strip in &self.strips {
            let unhealthy = strip.health.unhealthy_share(time.from_ns..time.to_ns);
            let mut row = vec![name(strip.of)];
            let is_counted = strip.of != StripOf::Contradictions;
            row.push(if is_counted { strip.checked.to_string() } else { String::new() });
            row.push(strip.backwards.to_string());
            row.push(if is_counted { format!("{:.6}", strip.share()) } else { String::new() });
            row.push(format!("{unhealthy:.6}"));
            let number = |ns: Option<i64>| ns.map(|ns| ns.to_string()).unwrap_or_default();
            row.push(strip.verdict.map(|verdict| verdict.safety.to_string()).unwrap_or_default());
            let numbers = strip.verdict.map_or([None; 3], |verdict| [verdict.lo_ns, verdict.hi_ns, verdict.least_ns]);
            row.extend(numbers.map(number));
            rows.push(row);
        }
        rows
    }
}

/// The pairs of clocks that exchange messages, the lower clock first.
type Pairs<'a> = BTreeMap<(DomainIx, DomainIx), &'a Pair>;

/// The strip of all messages from one clock to another, and below it those of its kinds of messages.
fn of_pair(edges: &[Separations], known: &Pairs<'_>, axis: AxisOf<'_>, window_ns: i64) -> Vec<Strip> {
    let Some(first) = edges.first() else { return Vec::new() };
    let pair = known.get(&(first.from.min(first.to), first.from.max(first.to))).copied();
    let verdicts = edges.iter().map(|edge| Verdict::of(edge, pair));
    let own = |of, edges: &[Separations], verdict| Strip { verdict, ..strip(of, edges.iter(), axis, window_ns) };
    let whole = own(StripOf::Pair(first.from, first.to), edges, Verdict::worst(verdicts));
    let mut strips = vec![whole];
    if edges.len() > 1 {
        let kind = |edge| own(StripOf::Edge(name_of(edge)), std::slice::from_ref(edge), Some(Verdict::of(edge, pair)));
        let mut kinds: Vec<Strip> = edges.iter().map(kind).collect();
        kinds.sort_by_key(Strip::rank);
        strips.append(&mut kinds);
    }
    strips
}

impl Strip {
    /// Those with most violations first, then those with most messages.
    const fn rank(&self) -> (Reverse<usize>, Reverse<usize>, StripOf) {
        (Reverse(self.backwards), Reverse(self.checked), self.of)
    }

    /// Backward messages per message.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.backwards as f64 / self.checked.max(1) as f64
    }

    /// The unhealthy times in a window, joined where its columns cannot tell them apart.
    #[must_use]
    pub fn blocks(&self, window: &Window) -> Vec<TimeRange> {
        window.parts().iter().flat_map(|&(time, columns)| self.blocks_part(time, columns)).collect()
    }

    fn blocks_part(&self, time: TimeRange, columns: usize) -> Vec<TimeRange> {
        let column_ns = (time.length_ns() / i64::try_from(columns.max(1)).unwrap_or(i64::MAX)).max(1);
        let all = self.health.unhealthy();
        let first = all.partition_point(|range| range.end <= time.from_ns);
        let mut blocks: Vec<TimeRange> = Vec::new();
        let mut at = first;
        while let Some(range) = all.get(at).filter(|range| range.start <= time.to_ns) {
            match blocks.last_mut() {
                Some(last) if range.start.saturating_sub(last.to_ns) < column_ns => last.to_ns = range.end,
                _ => blocks.push(TimeRange { from_ns: range.start, to_ns: range.end }),
            }
            // What ends in the same column is not looked at one by one.
            let end = range.end.saturating_add(column_ns);
            let next = at + 1 + all[at + 1..].partition_point(|range| range.end <= end);
            if let (Some(last), Some(skipped)) = (blocks.last_mut(), all.get(next - 1)) {
                last.to_ns = last.to_ns.max(skipped.end);
            }
            at = next;
        }
        blocks
    }
}

/// Messages of one column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// Where the column begins.
    pub from_ns: i64,
    /// Where it ends.
    pub to_ns: i64,
    /// Messages.
    pub checked: usize,
    /// Messages that run backwards.
    pub backwards: usize,
}

fn is_of(edge: &Separations, of: StripOf) -> bool {
    match of {
        StripOf::All | StripOf::Contradictions => true,
        StripOf::Pair(from, to) => (edge.from, edge.to) == (from, to),
        StripOf::Edge(name) => name_of(edge) == name,
    }
}

fn times<'a>(
    edge: &'a Separations,
    axis: AxisOf<'a>,
    is_wanted: fn(&Sample) -> bool,
) -> impl Iterator<Item = i64> + 'a {
    let samples = edge.samples.iter().filter(move |sample| is_wanted(sample));
    samples.map(move |sample| axis.map(edge.to, sample.received_ns))
}

fn strip<'a>(of: StripOf, edges: impl Iterator<Item = &'a Separations>, axis: AxisOf<'a>, window_ns: i64) -> Strip {
    let mut checked = 0;
    let mut bad_ns: Vec<i64> = Vec::new();
    for edge in edges {
        checked += edge.len();
        bad_ns.extend(times(edge, axis, Sample::is_backwards));
    }
    Strip { of, checked, backwards: bad_ns.len(), health: Health::new(bad_ns, window_ns), verdict: None }
}

/// What no offset explains: when the effects of its witnesses were stamped.
fn contradictions(findings: &[Finding], axis: AxisOf<'_>, window_ns: i64) -> Strip {
    let bad = findings.iter().filter(|finding| finding.severity >= Severity::Suspicious);
    let proofs = bad.flat_map(|finding| &finding.witness);
    let times: Vec<i64> = proofs.map(|proof| axis.map(axis.domain(proof.cause.to.span), proof.to_ns)).collect();
    let backwards = findings.iter().filter(|finding| finding.severity >= Severity::Suspicious).count();
    Strip { of: StripOf::Contradictions, checked: 0, backwards, health: Health::new(times, window_ns), verdict: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::{MS, S};

    fn strip_of(times: &[i64], window_ns: i64) -> Strip {
        let health = Health::new(times.to_vec(), window_ns);
        Strip { of: StripOf::All, checked: 9, backwards: times.len(), health, verdict: None }
    }

    #[test]
    fn blocks_hide_no_unhealthy_time_and_cost_columns() {
        let times: Vec<i64> = (0..5_000_i64).map(|at| at * at % 7_919 * 3 * MS).collect();
        let strip = strip_of(&times, MS);
        for (from_ns, to_ns) in [(0, 25 * S), (S, 2 * S), (10 * S, 10 * S + 40 * MS), (-5, -1)] {
            let time = TimeRange { from_ns, to_ns };
            let blocks = strip.blocks(&Window::plain(time, 100));
            assert!(blocks.len() <= 102, "{}", blocks.len());
            assert!(blocks.is_sorted_by(|a, b| a.to_ns <= b.from_ns), "{blocks:?}");
            for range in strip.health.unhealthy().iter().filter(|range| range.end > from_ns && range.start <= to_ns) {
                let is_inside = |block: &TimeRange| block.from_ns <= range.start && range.end <= block.to_ns;
                assert!(blocks.iter().any(is_inside), "{range:?} is not drawn");
            }
            // Healthy times longer than two columns stay healthy.
            let column = (to_ns - from_ns) / 100;
            for pair in strip.health.unhealthy().windows(2).filter(|pair| pair[1].start - pair[0].end > 2 * column + 2)
            {
                let middle = pair[0].end + (pair[1].start - pair[0].end) / 2;
                assert!(!blocks.iter().any(|block| block.from_ns < middle && middle < block.to_ns));
            }
        }
    }
}
