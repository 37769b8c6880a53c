//! Every rule with a trace that shows its pattern and a clean twin about which nothing is said.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Config, Context, Contract, Finding, find, percent, rules};
use crate::analysis::clocks::domains;
use crate::analysis::genai::GenAi;
use crate::analysis::genai::tests::fixture::{Span, store, store_of_files};
use crate::load::{Options, Progress, Source, load};
use crate::model::TraceStore;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    says: String,
    pub noisy: Vec<Span>,
    pub clean: Vec<Span>,
}

pub(super) fn cases() -> Vec<(String, Case)> {
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

pub(super) fn found(store: &TraceStore, config: &Config) -> Vec<Finding> {
    found_by(store, config, None)
}

fn found_by(store: &TraceStore, config: &Config, contract: Option<&Contract>) -> Vec<Finding> {
    let (genai, domains) = (GenAi::analyse(store), domains::assign(store));
    find(&Context { store, genai: &genai, domains: &domains, config, contract }, 1)
}

/// The case of that name.
pub(super) fn case(name: &str) -> Case {
    cases().into_iter().find(|(known, _)| known == name).unwrap().1
}

fn describe(store: &TraceStore, findings: &[Finding]) -> String {
    let mut text = String::new();
    for Finding { id, code, severity, sentence, root, evidence, spans, count, numbers } in findings {
        let names: Vec<&str> = spans.iter().map(|span| store.span(*span).name()).collect();
        writeln!(text, "{id} {code} {severity} [{root}] {sentence}").unwrap();
        writeln!(text, "  because {}", evidence.join("; ")).unwrap();
        let numbers: Vec<String> = numbers.iter().map(|(name, number)| format!("{name} {number}")).collect();
        writeln!(text, "  {count}: {}; {}", names.join(", "), numbers.join(", ")).unwrap();
    }
    text
}

/// The OpenAI Agents SDK puts every agent at the top of the one trace of a run.
#[test]
fn the_next_agent_at_the_top_of_the_same_trace_is_no_dark_handoff() {
    let (_, mut case) = cases().into_iter().find(|(name, _)| name == "E3_dark_handoff").unwrap();
    let of_e3 = |store: &TraceStore| found(store, &Config::default()).iter().any(|finding| finding.code == "E3");
    assert!(of_e3(&store(&case.noisy)));
    case.noisy[2].trace = case.noisy[0].trace;
    assert!(!of_e3(&store(&case.noisy)));
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

/// What is said about real files, each for a reason that was looked at, and about recordings of nothing but clocks.
#[test]
fn real_files_raise_no_false_alarms() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(tests.join("tests/data/traces")).unwrap().map(|it| it.unwrap().path()).collect();
    let samples = std::fs::read_dir(tests.join("sample-traces")).unwrap().map(|it| it.unwrap().path());
    files.extend(samples.filter(|path| is_of_clocks(path)));
    files.retain(|path| path.extension().is_some_and(|extension| extension != "md"));
    files.sort();
    assert!(files.len() > 30, "{} files", files.len());
    for path in files {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let source = Source::memory(&name, std::fs::read(&path).unwrap());
        let Ok(loaded) = load(&[source], &Options::default(), &Progress::default()) else { continue };
        let findings = found(&loaded.store, &Config::default());
        writeln!(text, "{name}: {} findings\n{}", findings.len(), describe(&loaded.store, &findings)).unwrap();
    }
    insta::assert_snapshot!(text);
}

/// A recording that plants something about clocks, or nothing at all.
fn is_of_clocks(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let Some(stem) = name.strip_suffix(".otlp.json") else { return name.ends_with(".jaeger.json") };
    let truth = path.with_file_name(format!("{stem}.truth.json"));
    let Ok(truth) = std::fs::read_to_string(truth) else { return true };
    let truth: serde_json::Value = serde_json::from_str(&truth).unwrap();
    !truth["fault"]["code"].as_str().is_some_and(|code| code.starts_with('E'))
}

#[test]
fn nothing_is_said_about_nothing() {
    assert!(found(&TraceStore::default(), &Config::default()).is_empty());
}

#[test]
fn thresholds_can_be_changed_one_by_one() {
    assert_eq!(Config::changed_by("").unwrap(), Config::default());
    let changed = Config::changed_by("[E5]\nleast_gap_ms = 2000\ntimes_median = 20\n[E12]\non = false").unwrap();
    assert_eq!((changed.E5.least_gap_ms, changed.E5.times_median, changed.E5.on), (2000, 20.0, true));
    assert!(!changed.E12.on && changed.E2 == Config::default().E2);
    for (text, says) in [
        ("[E99]\non = true", "there is no section [E99]; the sections are E2, "),
        ("E5 = 3", "write [E5] on a line of its own"),
        ("[E5]\nleast_gap = 1", "[E5] has no least_gap; it has least_chunks, least_excess_ms, least_gap_ms, "),
        ("[E5]\nleast_gap_ms = \"long\"", "least_gap_ms in [E5] has to be of type integer, and is string"),
        ("[E4]\nleast_tokens = -1", "invalid value"),
        ("[E5", "line 1"),
    ] {
        let error = Config::changed_by(text).unwrap_err().to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
}

/// Every threshold decides: with an extreme one its pattern is no longer found.
#[test]
fn every_threshold_decides() {
    for (name, change) in [
        ("E2_opaque", "[E2]\nleast_ms = 5000"),
        ("E2_opaque", "[E2]\nleast_share = 1.1"),
        ("E2_opaque", "[E2]\nleast_turn_share = 0.45"),
        ("E3_dark_handoff", "[E3]\nleast_score = 96"),
        ("E4_reasoning", "[E4]\nleast_tokens = 1801"),
        ("E4_reasoning", "[E4]\nleast_share = 0.95"),
        ("E4_typed", "[E4]\nleast_ms = 7001\nleast_tokens = 1801"),
        ("E5_stall", "[E5]\nleast_chunks = 8"),
        ("E5_stall", "[E5]\ntimes_median = 50"),
        ("E5_stall", "[E5]\nleast_gap_ms = 901"),
        ("E5_loop", "[E5]\nleast_repeats = 7"),
        ("E5_loop", "[E5]\nleast_phrase = 40"),
        ("E6_anonymous", "[E6]\nleast_agents = 3"),
        ("E7_retries", "[E7]\nleast_attempts = 4"),
        ("E7_hidden", "[E7]\nleast_resends = 5"),
        ("E7_refused", "[E7]\nleast_resends = 3\nleast_hidden_ms = 4291"),
        ("E7_unexplained", "[E7]\nleast_hidden_ms = 7901"),
        ("E7_unexplained", "[E7]\ntimes_explained = 9.1"),
        ("E7_unexplained_stream", "[E7]\nleast_hidden_ms = 7401"),
        ("E8_orphans", "[E8]\nleast_spans = 2"),
        ("E5_unseen", "[E5]\nleast_peers = 7"),
        ("E5_again", "[E5]\nleast_phrase = 30"),
        ("E5_unseen", "[E5]\ntimes_peers = 30"),
        ("E5_unseen", "[E5]\nleast_excess_ms = 21000"),
        ("E10_barge_in", "[E10]\nleast_barge_ins = 2"),
        ("E10_late", "[E10]\nleast_wait_ms = 4001"),
        ("E10_mismatch", "[E10]\nleast_mismatch_ms = 1500"),
        ("E11_audit", "[E11]\nleast_calls = 2"),
        ("E11_mcp", "[E11]\nleast_calls = 2"),
        ("E12_attribution", "[E12]\nleast_calls = 2"),
    ] {
        let (_, case) = cases().into_iter().find(|(known, _)| known == name).unwrap();
        let noisy = store(&case.noisy);
        assert!(!found(&noisy, &Config::default()).is_empty(), "{name}");
        let left = found(&noisy, &Config::changed_by(change).unwrap());
        assert!(left.is_empty(), "{name} with {change}: {left:?}");
    }
}

/// What breaks a contract is named: the span, the attribute, and what to do.
#[test]
fn a_broken_contract_names_the_span_the_attribute_and_the_remedy() {
    let (_, case) = cases().into_iter().find(|(name, _)| name == "E9_renamed").unwrap();
    let clean = store(&case.clean);
    let broken = |text: &str| {
        let contract = Contract::read(text).unwrap();
        let found = found_by(&clean, &Config::default(), Some(&contract));
        assert!(found.iter().all(|finding| finding.code == "E9"));
        found
            .iter()
            .map(|finding| format!("{} | {}", finding.sentence, finding.evidence.join("; ")))
            .collect::<Vec<_>>()
    };
    let none: [&str; 0] = [];
    for (text, says) in [
        ("", &none[..]),
        (
            "[[span]]\nname = \"chat *\"\nservice = \"app\"\nattributes = [\"gen_ai.request.model\", \"service.name\"]",
            &[],
        ),
        (
            "[[span]]\nname = \"chat *\"\nattributes = [\"gen_ai.usage.prompt_tokens\"]\nwhy = \"the cost dashboard\"",
            &[
                "2 of 2 spans chat * lack gen_ai.usage.prompt_tokens, which the cost dashboard relies on. | they say it as \
             gen_ai.usage.input_tokens: read both names, or rename it where spans are collected",
            ],
        ),
        (
            "[[span]]\nname = \"chat *\"\nattributes = [\"tenant\"]",
            &["2 of 2 spans chat * lack tenant. | nothing else on them says the same: see what stopped writing it"],
        ),
        (
            "[[span]]\nname = \"llm *\"\nrole = \"model\"",
            &[
                "There is no span llm *. | spans there are called chat m: name them in the contract, or give the old name back",
            ],
        ),
        (
            "[[span]]\nname = \"chat *\"\nservice = \"api\"",
            &["There is no span chat * of api. | spans of that name are in app: correct the service, or the contract"],
        ),
        (
            "[[span]]\nname = \"GET /health\"\nservice = \"api\"",
            &[
                "There is no span GET /health of api. | nothing like it is here: see whether it is collected, sampled away, \
             or called otherwise",
            ],
        ),
        (
            "[[span]]\nrole = \"model\"\nleast = 3",
            &[
                "There are 2 spans, not 3, of kind model. | spans there are called chat m: name them in the contract, or \
             give the old name back",
            ],
        ),
        ("[[span]]\nname = \"chat x\"\nservice = \"api\"\nleast = 0\nattributes = [\"tenant\"]", &[]),
    ] {
        assert_eq!(broken(text), says, "{text}");
    }
    for (text, says) in [
        ("[[span]]\nservice = \"x\"", "needs a name or a role"),
        ("[[span]]\nrole = \"boss\"", "there is no role boss"),
        ("[[span]]\nnames = 3", "names"),
        ("[[span]", "line 1"),
    ] {
        let error = Contract::read(text).unwrap_err().to_string();
        assert!(error.contains(says), "{text}: {error}");
    }
}

#[test]
fn two_files_are_compared_by_what_spans_do() {
    let span = |name: &str, id: u64, trace: u128, attributes: &[(&str, &str)]| Span {
        name: name.to_owned(),
        id,
        trace,
        ms: [0.0, 100.0],
        service: "app".to_owned(),
        attributes: attributes.iter().map(|(key, value)| ((*key).to_owned(), (*value).into())).collect(),
        ..Span::default()
    };
    let tool = ("gen_ai.tool.name", "look");
    let monday = [
        span(
            "chat gpt-4",
            1,
            1,
            &[("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "gpt-4"), ("gen_ai.system", "openai")],
        ),
        span("running tool", 2, 1, &[("gen_ai.operation.name", "execute_tool"), tool, ("gen_ai.tool.call.id", "c1")]),
    ];
    // Another model and another day are no drift.
    let tuesday = [
        span(
            "chat gpt-5",
            3,
            2,
            &[("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "gpt-5"), ("gen_ai.system", "openai")],
        ),
        span("running tool", 4, 2, &[("gen_ai.operation.name", "execute_tool"), tool, ("gen_ai.tool.call.id", "c2")]),
    ];
    let renamed = [
        span(
            "chat gpt-5",
            5,
            3,
            &[("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "gpt-5"), ("gen_ai.provider.name", "openai")],
        ),
        span("execute_tool look", 6, 3, &[("gen_ai.operation.name", "execute_tool"), tool]),
    ];
    let found_in = |files: &[(&str, &[Span])]| {
        let store = store_of_files(files);
        let found = found(&store, &Config::default()).into_iter().filter(|finding| finding.code == "E9");
        found.map(|finding| (finding.sentence, finding.evidence.join("; "), finding.numbers)).collect::<Vec<_>>()
    };
    assert_eq!(found_in(&[("monday.json", &monday), ("tuesday.json", &tuesday)]), []);
    let other: Vec<Span> = renamed.iter().map(|span| Span { service: "other".to_owned(), ..span.clone() }).collect();
    assert_eq!(found_in(&[("monday.json", &monday), ("other.json", &other)]), [], "another system");
    let found = found_in(&[("a/monday.json", &monday), ("a/wednesday.json", &renamed)]);
    let [(sentence, evidence, numbers)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(
        sentence,
        "wednesday.json does not speak as monday.json does: 1 span renamed, 1 attribute renamed, 1 attribute gone."
    );
    for says in [
        "gen_ai.system is gen_ai.provider.name",
        "gen_ai.tool.call.id is gone",
        "spans running tool are called execute_tool …",
    ] {
        assert!(evidence.contains(says), "{evidence}");
    }
    assert_eq!(numbers.values().copied().collect::<Vec<_>>(), [1, 1, 1]);
}

#[test]
fn shares_of_times_that_last_for_centuries_do_not_overflow() {
    assert_eq!(percent(u64::MAX, u64::MAX), 100);
    assert_eq!(percent(u64::MAX / 2, u64::MAX), 49);
    assert_eq!((percent(1, 0), percent(u64::MAX, 1)), (0, u64::MAX));
}

/// A threshold in the trace state says how many traces were dropped, by their ids: parents of this one were not.
#[test]
fn missing_parents_of_consistently_sampled_traces_were_kept() {
    let mut spans = case("E8_flags").noisy;
    spans.iter_mut().for_each(|span| span.trace_state = "ot=th:c".to_owned());
    let found = found(&store(&spans), &Config::default());
    let of_parents = found.iter().find(|found| found.numbers.contains_key("missing_parents")).unwrap();
    assert!(of_parents.evidence.iter().any(|words| words.contains("1 in 4 traces is kept")), "{of_parents:?}");
}

/// Instrumentations whose path does not end with the span itself name the parent last.
#[test]
fn a_path_is_read_whether_it_ends_with_the_span_or_above_it() {
    let named = |path: &str| {
        let mut spans = case("E8_path").noisy;
        spans[1].attributes.insert("lmnr.span.path".to_owned(), path.into());
        let found = found(&store(&spans), &Config::default());
        let evidence = found.iter().flat_map(|found| &found.evidence);
        evidence.filter_map(|words| words.split_once("above them (lmnr.span.path): ")).next().map(|it| it.1.to_owned())
    };
    assert_eq!(named("agent.plan"), Some("agent > plan".to_owned()));
    assert_eq!(named("agent.plan.openai"), Some("agent > plan".to_owned()), "the span's name without its kind");
    assert_eq!(named("[\"agent\", \"openai.chat\"]"), Some("agent".to_owned()));
    assert_eq!((named(""), named("[broken")), (None, None));
}

#[test]
fn large_counts_are_grouped_as_everywhere() {
    assert_eq!([1, 2, 12_345].map(|n| super::count(n, "call")), ["1 call", "2 calls", "12,345 calls"]);
}

/// Spans of one file, all of whose parents are missing, as many of them as `orphans`; `cut` breaks the file off.
fn file(name: &str, first_id: u64, orphans: u64, cut: bool) -> Source {
    let span = |id: u64| {
        let parent =
            if id < first_id + orphans { format!(r#""parentSpanId":"{:016x}","#, id + 0xf00) } else { String::new() };
        format!(
            r#"{{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"{id:016x}",{parent}"name":"work","kind":1,
            "startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000000000900000"}}"#
        )
    };
    let spans: Vec<String> = (first_id..first_id + 5).map(span).collect();
    let text = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}]}}]}}]}}"#, spans.join(","));
    let end = text.len() - if cut { 40 } else { 0 };
    Source::memory(name, text.as_bytes()[..end].to_vec())
}

/// A file that breaks off explains the missing parents of its own spans, and of no others.
#[test]
fn a_file_that_is_cut_off_is_the_likely_cause_for_its_own_spans() {
    let said = |sources: &[Source]| -> String {
        let store = load(sources, &Options::default(), &Progress::default()).unwrap().store;
        let found = found(&store, &Config::default());
        let of = |found: &Finding| format!("{}\n{}", found.sentence, found.evidence.join("\n"));
        found.iter().filter(|found| found.code == "E8").map(of).collect()
    };
    let alone = said(&[file("slow.json", 1, 2, true)]);
    let start = "2 spans hang from 2 parents in an unknown place that no input holds, likely because slow.json is cut off at byte ";
    assert!(alone.starts_with(start), "{alone}");
    let evidence = "2 of 2 spans come from where something is missing (slow.json is cut off at byte ";
    assert!(alone.contains(evidence) && alone.contains("): their parents are likely part of that"), "{alone}");
    let mixed = said(&[file("slow.json", 1, 2, true), file("whole.json", 0x100, 3, false)]);
    let start = "5 spans hang from 5 parents in an unknown place that no input holds: the spans do not say";
    assert!(mixed.starts_with(start), "{mixed}");
    assert!(mixed.contains("2 of 5 spans come from where something is missing (slow.json is cut off at "), "{mixed}");
    // Innocent: a cut file all of whose spans have their parents, and whole files.
    for sources in [
        [file("slow.json", 1, 0, true), file("whole.json", 0x100, 3, false)],
        [file("slow.json", 1, 2, false), file("whole.json", 0x100, 3, false)],
    ] {
        let quiet = said(&sources);
        assert!(quiet.contains("hang from") && !quiet.contains("cut off"), "{quiet}");
    }
}
