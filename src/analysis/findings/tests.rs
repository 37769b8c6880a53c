//! Every rule with a trace that shows its pattern and a clean twin about which nothing is said.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Config, Context, Finding, find, rules};
use crate::analysis::genai::GenAi;
use crate::analysis::genai::tests::fixture::{Span, store};
use crate::model::TraceStore;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    says: String,
    noisy: Vec<Span>,
    clean: Vec<Span>,
}

fn cases() -> Vec<(String, Case)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/findings");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let case = serde_json::from_str(&std::fs::read_to_string(&path).unwrap());
        (name.clone(), case.unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    paths.into_iter().map(read).collect()
}

fn found(store: &TraceStore, config: &Config) -> Vec<Finding> {
    let genai = GenAi::analyse(store);
    find(&Context { store, genai: &genai, config }, 1)
}

fn describe(store: &TraceStore, findings: &[Finding]) -> String {
    let mut text = String::new();
    for Finding { id, code, severity, sentence, root, evidence, spans, count } in findings {
        let names: Vec<&str> = spans.iter().map(|span| store.span(*span).name()).collect();
        writeln!(text, "{id} {code} {severity} [{root}] {sentence}").unwrap();
        writeln!(text, "  because {}", evidence.join("; ")).unwrap();
        writeln!(text, "  {count}: {}", names.join(", ")).unwrap();
    }
    text
}

#[test]
fn every_pattern_is_found_and_its_clean_twin_is_silent() {
    let cases = cases();
    for rule in rules() {
        let has_case = cases.iter().any(|(name, _)| name.split('_').next() == Some(rule.code()));
        assert!(has_case, "no case for {}", rule.code());
    }
    let config = Config::default();
    let mut text = String::new();
    for (name, case) in &cases {
        let code = name.split('_').next().unwrap();
        let (noisy, clean) = (store(&case.noisy), store(&case.clean));
        let findings = found(&noisy, &config);
        writeln!(text, "{name}: {}\n{}", case.says, describe(&noisy, &findings)).unwrap();
        assert!(findings.iter().any(|finding| finding.code == code), "{name}: {findings:?}");
        let of_clean = found(&clean, &config);
        assert!(of_clean.is_empty(), "the twin of {name}: {}", describe(&clean, &of_clean));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn a_rule_can_be_switched_off() {
    let on = |code: &str| format!("[{code}]\non = true");
    let built_in = include_str!("../../../assets/findings.toml");
    for (name, case) in cases() {
        let code = name.split('_').next().unwrap();
        let config = Config::read(&built_in.replace(&on(code), &format!("[{code}]\non = false"))).unwrap();
        let findings = found(&store(&case.noisy), &config);
        assert!(findings.iter().all(|finding| finding.code != code), "{name}");
    }
}

#[test]
fn mistakes_in_thresholds_are_named() {
    let error = Config::read("[E2]\non = true").unwrap_err().to_string();
    assert!(error.contains("least_ms") || error.contains("missing field"), "{error}");
    let built_in = include_str!("../../../assets/findings.toml");
    assert!(Config::read(&format!("{built_in}\n[E14]\non = true")).is_err());
}

#[test]
fn nothing_is_said_about_nothing() {
    assert!(found(&TraceStore::default(), &Config::default()).is_empty());
}
