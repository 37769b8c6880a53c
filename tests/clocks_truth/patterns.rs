//! AI conversations with one pattern in them: it is found, with the spans and numbers of the truth; the same run
//! without it gives no finding at all, neither about clocks nor about AI.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use skewline::analysis::clocks::domains;
use skewline::analysis::clocks::{ClockModel, Options};
use skewline::export::report::{Report, ReportInput};
use skewline::load::{self, Progress, Source};
use skewline::model::TraceStore;
use skewline::simulate::{self, Pattern, Scenario, Truth};
use strum::IntoEnumIterator as _;

const SEEDS: std::ops::RangeInclusive<u64> = 1..=4;

fn run(pattern: Pattern, is_clean: bool, seed: u64) -> (Truth, Json) {
    let mut bytes = Vec::new();
    let truth = simulate::write(Scenario::Pattern { pattern, is_clean }, seed, &mut bytes).unwrap();
    let source = Source::memory("simulated.json", bytes);
    let store = load::load(&[source], &load::Options::default(), &Progress::default()).unwrap().store;
    (truth, report(&store))
}

fn report(store: &TraceStore) -> Json {
    let domains = domains::assign(store);
    let model = ClockModel::analyse(store, &domains, &Options::default());
    let input = ReportInput { store, domains: &domains, model: &model, hashes: &[], failures: &[] };
    serde_json::from_str(&Report::build(input).to_json().unwrap()).unwrap()
}

fn lines(report: &Json, section: &str) -> Vec<String> {
    let all = report[section].as_array().unwrap().iter();
    all.map(|finding| format!("{} {} {}", finding["code"].as_str().unwrap(), finding["sentence"], finding["numbers"]))
        .collect()
}

/// What every run has to say, with its pattern or without.
fn assert_facts(truth: &Truth, report: &Json, what: &str) {
    for fact in &truth.facts {
        assert_eq!(fact.id, "tools", "the facts that are known here");
        let phase = report["phases"].as_array().unwrap().iter().find(|phase| phase["phase"] == "tool").unwrap();
        let said = [&phase["count"], &phase["sum_ns"], &phase["busy"]["lo_ns"], &phase["busy"]["hi_ns"]];
        let expected = ["count", "sum_ns", "busy_ns", "busy_ns"].map(|name| fact.numbers[name]);
        for (said, expected) in said.into_iter().zip(expected) {
            assert!(is_close("_ns", said.as_i64().unwrap(), expected), "{what}: {phase}");
        }
    }
}

/// Durations of a clock are those of its own rate and grain, and what is received varies by a millisecond.
fn is_close(name: &str, found: i64, truth: i64) -> bool {
    let tolerance = if name.ends_with("_ns") { 2_000_000 } else { 0 };
    found.abs_diff(truth) <= tolerance
}

#[test]
fn without_its_pattern_a_run_is_silent() {
    for pattern in Pattern::iter() {
        for seed in SEEDS {
            let (truth, report) = run(pattern, true, seed);
            assert!(truth.fault.is_none());
            let what = format!("{} seed {seed}", truth.scenario);
            assert_eq!(lines(&report, "findings"), Vec::<String>::new(), "{what}");
            assert_eq!(lines(&report, "ai_findings"), Vec::<String>::new(), "{what}");
            assert_facts(&truth, &report, &what);
        }
    }
}

#[test]
fn every_pattern_is_found_and_nothing_else() {
    let mut wrong = Vec::new();
    for pattern in Pattern::iter() {
        for seed in SEEDS {
            let (truth, report) = run(pattern, false, seed);
            let what = format!("{} seed {seed}", truth.scenario);
            assert_facts(&truth, &report, &what);
            wrong.extend(shortcomings(&truth, &report).into_iter().map(|problem| format!("{what}: {problem}")));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What the report does not say that it should, and what it says that it should not.
fn shortcomings(truth: &Truth, report: &Json) -> Vec<String> {
    let found = report["ai_findings"].as_array().unwrap();
    let said = lines(report, "ai_findings");
    let mut wrong: Vec<String> = lines(report, "findings").iter().map(|line| format!("about clocks: {line}")).collect();
    let Some(fault) = &truth.fault else {
        assert!(!truth.facts.is_empty(), "a scenario shows something");
        wrong.extend(said);
        return wrong;
    };
    let others = found.iter().zip(&said).filter(|(finding, _)| finding["code"] != fault.code);
    wrong.extend(others.map(|(_, line)| line.clone()));
    let spans = found.iter().flat_map(|finding| finding["spans"].as_array().unwrap());
    let named: BTreeSet<&str> = spans.map(|id| id.as_str().unwrap()).collect();
    wrong.extend(
        fault.spans.iter().filter(|id| !named.contains(id.as_str())).map(|id| format!("no span {id}: {said:?}")),
    );
    let missing = fault.numbers.iter().filter(|(name, number)| !found.iter().any(|one| gives(one, name, **number)));
    wrong.extend(missing.map(|(name, number)| format!("no {name} {number}: {said:?}")));
    if found.is_empty() {
        wrong.push("nothing found".to_owned());
    }
    wrong
}

/// Whether a finding gives the number, or an interval in which it lies.
fn gives(finding: &Json, name: &str, number: i64) -> bool {
    let of = |name: &str| finding["numbers"][name].as_i64();
    let is_inside = of(&format!("{name}_lo")).zip(of(&format!("{name}_hi")));
    of(name).is_some_and(|found| is_close(name, found, number))
        || is_inside.is_some_and(|(lo, hi)| (lo..=hi).contains(&number))
}

/// What an on-call engineer would be told about AI conversations in real files and in the samples of clock faults.
/// Read every line before accepting a change: a claim must be true, and worth its line.
#[test]
fn patterns_of_real_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<PathBuf> = ["tests/data/traces", "sample-traces"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let patterns: BTreeSet<&str> = Pattern::iter().map(Into::into).collect();
    let mut text = String::new();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_pattern = patterns.contains(name.split('.').next().unwrap());
        if is_pattern || name.ends_with(".md") || name.ends_with(".truth.json") {
            continue;
        }
        let source = Source::memory(name.clone(), std::fs::read(&path).unwrap());
        let Ok(loaded) = load::load(&[source], &load::Options::default(), &Progress::default()) else { continue };
        let said = lines(&report(&loaded.store), "ai_findings");
        if !said.is_empty() {
            text.push_str(&format!("{name}\n  {}\n", said.join("\n  ")));
        }
    }
    insta::assert_snapshot!(text);
}
