//! Times in a wrong unit or counted from another epoch.
//!
//! Concluded only when all times of a clock agree on it, and only when the conversion brings them to where the
//! other clocks are: times that all agree may as well be those of a simulation. Raw times stay as they are; the
//! conversion is used wherever times of several clocks meet.

use super::domains::{Domain, Domains};
use super::findings::{Code, Finding, Severity};
use crate::model::time::{DAY, MS, S, US};
use crate::model::{DomainIx, SpanIx, TraceStore};

/// How to read times that are not Unix nanoseconds: `raw * factor + epoch`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unit {
    /// Nanoseconds per unit.
    pub factor: i64,
    /// Unix time of the epoch in nanoseconds.
    pub epoch_ns: i128,
    /// What the times look like, to be put after "times look like".
    pub words: &'static str,
}

impl Unit {
    /// The Unix time of `raw` in nanoseconds, saturating.
    #[must_use]
    pub fn convert(&self, raw: i64) -> i64 {
        let time = i128::from(raw) * i128::from(self.factor) + self.epoch_ns;
        i64::try_from(time).unwrap_or(if time < 0 { i64::MIN } else { i64::MAX })
    }
}

const fn unit(factor: i64, epoch_s: i64, words: &'static str) -> Unit {
    Unit { factor, epoch_ns: epoch_s as i128 * S as i128, words }
}

/// Known mistakes. Epochs: 1601 (Windows), year 1 (.NET), 2001 (Apple), 1980 (GPS), 1900 (NTP).
const UNITS: [Unit; 10] = [
    unit(MS, 0, "milliseconds labelled as nanoseconds"),
    unit(US, 0, "microseconds labelled as nanoseconds"),
    unit(S, 0, "seconds labelled as nanoseconds"),
    unit(100, -11_644_473_600, "Windows file times (100 ns since 1601)"),
    unit(100, -62_135_596_800, ".NET ticks (100 ns since year 1)"),
    unit(1, 978_307_200, "nanoseconds since 2001"),
    unit(S, 978_307_200, "seconds since 2001"),
    unit(S, 315_964_800, "seconds since 1980"),
    unit(S, -2_208_988_800, "seconds since 1900"),
    unit(1, -2_208_988_800, "nanoseconds since 1900"),
];

/// 2000-01-01 and 2100-01-01: Unix nanoseconds that need no explanation.
const PLAUSIBLE: std::ops::Range<i64> = 946_684_800 * S..4_102_444_800 * S;

/// The units of all clocks that need a conversion, by clock; empty when none does.
#[must_use]
pub fn detect(store: &TraceStore, domains: &Domains) -> Vec<Option<Unit>> {
    let hulls = hulls(store, domains);
    let is_plausible = |hull: &(i64, i64)| PLAUSIBLE.contains(&hull.0) && PLAUSIBLE.contains(&hull.1);
    if hulls.iter().flatten().all(is_plausible) {
        return Vec::new();
    }
    let known = hulls.iter().flatten().filter(|hull| is_plausible(hull));
    let known = known.copied().reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    // Times of a simulation or a test bench that starts at zero are no mistake as long as all agree.
    let Some((from, to)) = known else { return Vec::new() };
    let near = from.saturating_sub(DAY)..=to.saturating_add(DAY);
    let unit_of = |hull: (i64, i64)| {
        UNITS.into_iter().find(|unit| near.contains(&unit.convert(hull.0)) && near.contains(&unit.convert(hull.1)))
    };
    // The recorder of a trace file counts from a zero of its own: whatever its times look like, they are no mistake.
    let is_recorder = |domain: &Domain| domain.key == "trace.clock";
    let unit_at = |(hull, domain): (&Option<(i64, i64)>, &Domain)| {
        hull.filter(|hull| !is_plausible(hull) && !is_recorder(domain)).and_then(unit_of)
    };
    let units: Vec<_> = hulls.iter().zip(&domains.list).map(unit_at).collect();
    if units.iter().all(Option::is_none) { Vec::new() } else { units }
}

/// First and last stated start of every clock.
fn hulls(store: &TraceStore, domains: &Domains) -> Vec<Option<(i64, i64)>> {
    let mut hulls = vec![None; domains.list.len()];
    for (&DomainIx(clock), &start) in domains.of_span.iter().zip(store.starts_ns()) {
        if let Some(slot) = hulls.get_mut(clock as usize).filter(|_| start != 0) {
            let (from, to) = slot.get_or_insert((start, start));
            (*from, *to) = ((*from).min(start), (*to).max(start));
        }
    }
    hulls
}

/// The first spans of every clock whose times need a conversion.
fn examples(units: &[Option<Unit>], domains: &Domains) -> Vec<Vec<SpanIx>> {
    let mut examples = vec![Vec::new(); units.len()];
    if !units.is_empty() {
        for (at, domain) in domains.of_span.iter().enumerate() {
            let wanted = units[domain.at()].is_some() && examples[domain.at()].len() < Finding::EXAMPLES;
            if wanted {
                examples[domain.at()].push(SpanIx::from_usize(at));
            }
        }
    }
    examples
}

/// A finding per clock whose times need a conversion.
#[must_use]
pub fn findings(store: &TraceStore, units: &[Option<Unit>], domains: &Domains) -> Vec<Finding> {
    let examples = examples(units, domains);
    let clocks = units.iter().zip(&domains.list).enumerate();
    let wrong = clocks.filter_map(|(at, (unit, domain))| Some((at, unit.as_ref()?, domain)));
    let finding = |(at, unit, domain): (usize, &Unit, &Domain)| {
        let sentence = format!("The times of {} look like {}.", domain.name, unit.words);
        let mut finding = Finding::new(Code::U, Severity::Suspicious, sentence);
        finding.root.clone_from(&domain.name);
        finding.domains = vec![DomainIx::from_usize(at)];
        finding.spans.clone_from(&examples[at]);
        finding.at_ns = finding.spans.first().map(|span| store.starts_ns()[span.at()]);
        finding.count = domain.spans;
        finding.model = "M0";
        finding
    };
    wrong.map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::Draft;
    use super::*;

    const NOW: i64 = 1_795_000_000 * S;

    #[test]
    fn a_clock_in_milliseconds_is_recognised_by_the_others() {
        for (raw, words) in [
            (NOW / MS, Some("milliseconds labelled as nanoseconds")),
            (NOW / US, Some("microseconds labelled as nanoseconds")),
            (NOW / S, Some("seconds labelled as nanoseconds")),
            (NOW / 100 + 116_444_736_000_000_000, Some("Windows file times (100 ns since 1601)")),
            (NOW - 3 * DAY, None),
            (12_345, None),
        ] {
            let mut draft = Draft::default();
            let (a, b) = (draft.host("a", ""), draft.host("b", ""));
            draft.span(a, 1, 0, NOW, NOW + S);
            draft.span(b, 2, 1, raw, raw + 2);
            let store = draft.store();
            let domains = super::super::domains::assign(&store);
            let found = detect(&store, &domains).into_iter().flatten().map(|unit| unit.words).next();
            assert_eq!(found, words, "{raw}");
        }
    }

    #[test]
    fn a_recorder_that_counts_from_its_own_zero_makes_no_mistake() {
        let mut draft = Draft::default();
        let (a, b) = (draft.host("a", ""), draft.host("b", ""));
        draft.span(a, 1, 0, NOW, NOW + S);
        draft.span(b, 2, 0, NOW / S, NOW / S + 2);
        let store = draft.store();
        let mut domains = super::super::domains::assign(&store);
        assert_eq!(detect(&store, &domains).into_iter().flatten().count(), 1);
        let recorder = domains.list.iter_mut().find(|domain| domain.value == "b").unwrap();
        recorder.key = "trace.clock".to_owned();
        assert!(detect(&store, &domains).is_empty());
    }

    #[test]
    fn times_near_zero_are_fine_when_all_agree() {
        let mut draft = Draft::default();
        let (a, b) = (draft.host("a", ""), draft.host("b", ""));
        draft.span(a, 1, 0, 5, 50);
        draft.span(b, 2, 1, 10, 40);
        let store = draft.store();
        assert!(detect(&store, &super::super::domains::assign(&store)).is_empty());
    }
}
