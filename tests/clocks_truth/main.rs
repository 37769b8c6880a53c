//! Simulated conversations through loader, clock domains and clock engine: the truth lies in every interval.

#![allow(missing_docs, clippy::unwrap_used, reason = "a test binary")]

mod codes;
mod files;
mod innocent;
mod patterns;
mod planted;
mod turns;
mod unseen;

use skewline::analysis::clocks::{ClockModel, Code, EventKey, Evidence, Options, Side, domains};
use skewline::load::{self, Progress, Source};
use skewline::model::DomainIx;
use skewline::simulate::{self, Scenario, TrueClock};

/// What `clock` shows at true time `at_ns`, before rounding; `since` is when it is off by exactly its offset.
fn read(clock: &TrueClock, since: i64, at_ns: i64) -> i64 {
    let ns = |text: &String| text.parse::<i64>().unwrap();
    let drift = i128::from(at_ns - since) * i128::from(clock.drift_ppb) / 1_000_000_000;
    let jumped: i64 = clock.steps.iter().filter(|step| ns(&step.at_ns) <= at_ns).map(|step| step.by_ns).sum();
    let slewed = clock.slews.iter().map(|slew| {
        let passed = at_ns.clamp(ns(&slew.from_ns), ns(&slew.to_ns)) - ns(&slew.from_ns);
        i128::from(passed) * i128::from(slew.ppb) / 1_000_000_000
    });
    at_ns + clock.offset_ns + jumped + i64::try_from(drift + slewed.sum::<i128>()).unwrap()
}

fn check(scenario: Scenario, seed: u64) -> ClockModel {
    let mut bytes = Vec::new();
    let truth = simulate::write(scenario, seed, &mut bytes).unwrap();
    let source = Source::memory("simulated.json", bytes);
    let loaded = load::load(&[source], &load::Options::default(), &Progress::default()).unwrap();
    let store = loaded.store;
    let domains = domains::assign(&store);
    let since: i64 = truth.reference_time_ns.parse().unwrap();
    let model = ClockModel::analyse(&store, &domains, &Options::default());
    let hull = store.time_hull_ns().unwrap();
    let of = |clock: &TrueClock| domains.list.iter().position(|domain| domain.value == clock.value);
    let mut checked = 0;
    for level in [Evidence::Prior, Evidence::Convention, Evidence::Protocol] {
        for reference in &truth.clocks {
            let Some(frame) = of(reference).map(DomainIx::from_usize) else { continue };
            let options = Options { level, reference: Some(frame), ..Options::default() };
            let model = model.with_options(&store, &domains, &options);
            for clock in &truth.clocks {
                let Some(domain) = of(clock).map(DomainIx::from_usize) else { continue };
                for part in 0..=4 {
                    let at = hull.start + (hull.end - hull.start) / 4 * part;
                    let (own, expected) = (read(clock, since, at), read(clock, since, at) - read(reference, since, at));
                    let found = model.offset(domain, own);
                    let (lo, hi) = (found.lo_ns.unwrap_or(i64::MIN), found.hi_ns.unwrap_or(i64::MAX));
                    assert!(
                        lo <= expected && expected <= hi,
                        "{} against {} at {at}: {expected} not in {lo}..{hi}, {level}; {:?}",
                        clock.name,
                        reference.name,
                        model.why(domain, own, Side::Lo)
                    );
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 0, "no clock of the truth was recognised");
    model
}

#[test]
fn the_truth_lies_in_every_interval_of_the_slow_conversation() {
    for seed in 1..=5 {
        let model = check(Scenario::SlowConversation, seed);
        assert!(model.repairs().is_empty(), "nothing contradicts: {:#?}", model.findings());
        assert!(model.findings().iter().any(|finding| finding.code == Code::N0), "{:#?}", model.findings());
    }
}

#[test]
fn the_truth_lies_in_every_interval_of_a_steady_load() {
    let model = check(Scenario::Scale { spans: 20_000 }, 3);
    assert!(model.repairs().is_empty(), "nothing contradicts: {:#?}", model.findings());
}

#[test]
fn the_sample_says_what_is_wrong() {
    let bytes = std::fs::read("sample-traces/slow-conversation.otlp.json").unwrap();
    let loaded =
        load::load(&[Source::memory("sample", bytes)], &load::Options::default(), &Progress::default()).unwrap();
    let domains = domains::assign(&loaded.store);
    let model = ClockModel::analyse(&loaded.store, &domains, &Options::default());
    let text: Vec<String> =
        model.findings().iter().map(|finding| format!("{} {}", finding.code, finding.sentence)).collect();
    assert!(text.iter().any(|line| line.starts_with("N0")), "{text:#?}");
    let first = EventKey::start(loaded.store.span_ixs().next().unwrap());
    assert!(model.place(&loaded.store, &domains, first).is_some());
}
