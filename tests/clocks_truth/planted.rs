//! Scenarios with one thing wrong: the truth lies in every interval, the planted fault is the first finding with the
//! right clock and time, and the same run without it gives no finding at all.

use std::collections::HashMap;

use serde_json::Value as Json;
use skewline::analysis::clocks::domains::{self, Domains};
use skewline::analysis::clocks::{ClockModel, EventKey, Evidence, Options, Order};
use skewline::export::report::{Report, ReportInput};
use skewline::load::{self, Progress, Source};
use skewline::model::{DomainIx, SpanId, SpanIx, TraceId, TraceStore};
use skewline::simulate::{self, Planted, Scenario, TrueClock, TrueTimes, Truth};
use strum::IntoEnumIterator as _;

use super::read;

const LEVELS: [Evidence; 3] = [Evidence::Protocol, Evidence::Convention, Evidence::Prior];
const SEEDS: std::ops::RangeInclusive<u64> = 1..=3;

/// The provider keeps microseconds; that shows only from twenty stamps on.
const GRAIN_NS: i64 = 1_000;

/// A run, loaded as a user's file would be, and what was true.
struct Run {
    what: String,
    truth: Truth,
    times: Vec<TrueTimes>,
    store: TraceStore,
    domains: Domains,
}

impl Run {
    fn new(planted: Planted, is_clean: bool, seed: u64) -> Self {
        let mut bytes = Vec::new();
        let truth = simulate::write(Scenario::Planted { planted, is_clean }, seed, &mut bytes).unwrap();
        let source = Source::memory("simulated.json", bytes);
        let store = load::load(&[source], &load::Options::default(), &Progress::default()).unwrap().store;
        let domains = domains::assign(&store);
        let times = simulate::true_times(planted, is_clean, seed);
        let what = format!("{} seed {seed}{}", truth.scenario, if is_clean { " clean" } else { "" });
        Self { what, truth, times, store, domains }
    }

    fn model(&self, level: Evidence, reference: Option<DomainIx>) -> ClockModel {
        ClockModel::analyse(&self.store, &self.domains, &Options { level, reference, ..Options::default() })
    }

    fn report(&self, level: Evidence) -> Json {
        let model = self.model(level, None);
        let (store, domains, model) = (&self.store, &self.domains, &model);
        let report = Report::build(ReportInput { store, domains, model, hashes: &[], failures: &[] });
        serde_json::from_str(&report.to_json().unwrap()).unwrap()
    }

    fn since(&self) -> i64 {
        self.truth.reference_time_ns.parse().unwrap()
    }

    /// True times by span of the store.
    fn by_span(&self) -> HashMap<SpanIx, &TrueTimes> {
        let ids: HashMap<(TraceId, SpanId), SpanIx> =
            self.store.span_ixs().map(|ix| ((self.store.span(ix).trace_id(), self.store.span(ix).id()), ix)).collect();
        let key = |times: &TrueTimes| (TraceId::from_u128(times.trace), SpanId::from_u64(times.span));
        self.times.iter().map(|times| (ids[&key(times)], times)).collect()
    }

    /// The lane of a true clock.
    fn lane(&self, clock: &TrueClock) -> DomainIx {
        DomainIx::from_usize(self.domains.list.iter().position(|domain| domain.value == clock.value).unwrap())
    }

    /// The clocks that can be a frame: they do not jump, and no other one claims to be the same.
    fn steady(&self) -> Vec<&TrueClock> {
        let same = |clock: &&TrueClock| self.truth.clocks.iter().filter(|other| other.value == clock.value).count();
        self.truth.clocks.iter().filter(|clock| clock.steps.is_empty() && same(clock) == 1).collect()
    }

    /// Every start and end lies where the model allows it on every clock's axis; returns how many were checked.
    fn assert_places(&self, level: Evidence) -> usize {
        let spans = self.by_span();
        let mut checked = 0;
        for clock in self.steady() {
            let model = self.model(level, Some(self.lane(clock)));
            for (&span, times) in &spans {
                for (key, true_ns) in [(EventKey::start(span), times.start_ns), (EventKey::end(span), times.end_ns)] {
                    let Some(placed) = model.place(&self.store, &self.domains, key) else { continue };
                    let shown = read(clock, self.since(), true_ns);
                    let (from, to) = (placed.earliest_ns.unwrap_or(i64::MIN), placed.latest_ns.unwrap_or(i64::MAX));
                    assert!(
                        from.saturating_sub(GRAIN_NS) <= shown && shown <= to.saturating_add(GRAIN_NS),
                        "{} {level}: {key:?} “{}” of {} on the axis of {}: {} before, {} after the bounds",
                        self.what,
                        self.store.span(span).name(),
                        self.truth.clocks[times.clock].name,
                        clock.name,
                        from.saturating_sub(shown),
                        shown.saturating_sub(to)
                    );
                    checked += 1;
                }
            }
        }
        checked
    }

    /// Sampled durations between events of any two clocks.
    fn assert_durations(&self, level: Evidence) -> usize {
        const EVENTS: usize = 23;
        const OTHERS: usize = 40;
        let model = self.model(level, None);
        let spans = self.by_span();
        let mut order: Vec<_> = spans.keys().copied().collect();
        order.sort_unstable();
        let mut checked = 0;
        for &a in order.iter().step_by(order.len() / EVENTS + 1) {
            let Some(comparison) = model.compare(&self.store, &self.domains, EventKey::start(a)) else { continue };
            for &b in order.iter().step_by(order.len() / OTHERS + 1) {
                let key = EventKey::end(b);
                let Some(stamp) = model.stamps(&self.store, &self.domains).get(key) else { continue };
                let found = comparison.with(&self.store, key, &stamp);
                let truth = spans[&b].end_ns - spans[&a].start_ns;
                // Durations are those of the clock that is used, which itself may drift by 50 ppm; a browser
                // measures inside a span in steps of 100 us.
                let own = truth.abs() / 20_000 + if found.lo_ns == found.hi_ns { 100_000 } else { GRAIN_NS };
                let (lo, hi) = (found.lo_ns.unwrap_or(i64::MIN), found.hi_ns.unwrap_or(i64::MAX));
                assert!(
                    lo.saturating_sub(own) <= truth && truth <= hi.saturating_add(own),
                    "{} {level}: “{}” to “{}”: {truth} not in {lo}..{hi}",
                    self.what,
                    self.store.span(a).name(),
                    self.store.span(b).name()
                );
                let is_right = match found.order {
                    Order::Before => truth >= -own,
                    Order::After => truth <= own,
                    Order::Same => truth.abs() <= own,
                    Order::Unknown => true,
                };
                assert!(is_right, "{} {level}: {} ns apart cannot be {}", self.what, truth, found.order);
                checked += 1;
            }
        }
        checked
    }
}

fn findings(report: &Json) -> Vec<String> {
    let all = report["findings"].as_array().unwrap().iter();
    all.map(|finding| format!("{} {}", finding["code"].as_str().unwrap(), finding["sentence"])).collect()
}

#[test]
fn without_a_fault_nothing_is_found() {
    for planted in Planted::iter() {
        for seed in SEEDS {
            let run = Run::new(planted, true, seed);
            assert!(run.truth.fault.is_none());
            for level in LEVELS {
                let report = run.report(level);
                assert_eq!(findings(&report), Vec::<String>::new(), "{} {level}", run.what);
                let pairs = report["pairs"].as_array().unwrap();
                assert!(pairs.iter().all(|pair| pair["feasible"] == true && pair["model"] == "M0"), "{}", run.what);
            }
        }
    }
}

#[test]
fn the_planted_fault_is_the_first_finding() {
    for planted in Planted::iter() {
        for seed in SEEDS {
            let run = Run::new(planted, false, seed);
            let fault = run.truth.fault.as_ref().unwrap();
            let report = run.report(Evidence::Convention);
            let first = &report["findings"][0];
            let said = findings(&report);
            assert_eq!(first["code"], fault.code, "{}: {said:#?}", run.what);
            if let Some(name) = &fault.clock {
                let clock = run.truth.clocks.iter().find(|clock| clock.name == *name).unwrap();
                let lane = &run.domains.list[run.lane(clock).at()].name;
                assert_eq!(first["domains"][0], lane.as_str(), "{}: {said:#?}", run.what);
            }
            if let (Some(shows), "X3" | "C2") = (&fault.clock_shows_ns, fault.code) {
                assert_right_time(&run, first, shows.parse().unwrap());
            }
            if fault.code == "X2" {
                let slewed =
                    run.truth.clocks.iter().flat_map(|clock| &clock.slews).map(|slew| slew.ppb).next().unwrap();
                let says = if slewed > 0 { " ppm too fast for " } else { " ppm too slow for " };
                assert!(first["sentence"].as_str().unwrap().contains(says), "{}: {said:#?}", run.what);
            }
            for span in &fault.spans {
                let named = first["spans"].as_array().unwrap();
                assert!(named.iter().any(|id| id == span.as_str()), "{}: {said:#?}", run.what);
            }
            // Whatever else is said is no contradiction: those are symptoms of the one fault.
            let severities = report["findings"].as_array().unwrap().iter().skip(1).map(|other| &other["severity"]);
            assert!(severities.into_iter().all(|severity| severity == "info"), "{}: {said:#?}", run.what);
        }
    }
}

/// The jump is placed between two stamps of the clock that it really lies between, or between two messages that it
/// lies between.
fn assert_right_time(run: &Run, finding: &Json, shows: i64) {
    let at: i64 = finding["at_ns"].as_str().unwrap().parse().unwrap();
    let lane = &finding["domains"][0];
    let mut stamps = Vec::new();
    for edge in finding["witness"].as_array().unwrap() {
        for (end, raw) in [("from", "raw_from_ns"), ("to", "raw_to_ns")] {
            if edge[end]["clock"] == *lane {
                stamps.push(edge[raw].as_str().unwrap().parse::<i64>().unwrap());
            }
        }
    }
    let (first, last) = (*stamps.iter().min().unwrap(), *stamps.iter().max().unwrap());
    assert!((first..=last).contains(&shows), "{}: {shows} not in {first}..{last}", run.what);
    assert!((first..=last).contains(&at), "{}: {at} not in {first}..{last}", run.what);
}

#[test]
fn the_truth_lies_in_every_interval() {
    let mut checked = 0;
    let mut others = 0;
    for planted in Planted::iter() {
        for is_clean in [false, true] {
            for seed in SEEDS {
                let run = Run::new(planted, is_clean, seed);
                for level in LEVELS {
                    // Protocol alone sees a slew only where calls are short enough; when it sees it once, a jump
                    // between two calls explains that as well. Then both are said, and the bounds allow for both.
                    let first = run.report(level)["findings"][0].clone();
                    let fault =
                        run.truth.fault.as_ref().filter(|fault| !first.is_null() && first["code"] != fault.code);
                    if fault.is_some() {
                        assert!(level == Evidence::Protocol && run.what.starts_with("slew "), "{}: {first}", run.what);
                        let explained = first["repairs"].as_array().unwrap();
                        let is_slew = |repair: &Json| repair.as_str().unwrap().ends_with(" ppm off");
                        let is_other = first["code"] == "X3" || first["code"] == "X8";
                        assert!(is_other && explained.iter().any(is_slew), "{}: {first}", run.what);
                        others += 1;
                    }
                    checked += run.assert_places(level) + run.assert_durations(level);
                }
            }
        }
    }
    assert!(checked > 100_000, "{checked}");
    assert!(others <= 3, "{others}");
}
