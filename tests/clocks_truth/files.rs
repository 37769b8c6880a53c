//! Files of the world: what the report claims about their clocks, and examples whose answers are known.

use std::path::Path;

use serde_json::{Value as Json, json};
use skewline::analysis::clocks::{ClockModel, EventKey, Options, Point, domains};
use skewline::export::report::{BetweenReport, Describe, Report, ReportInput};
use skewline::load::{self, Progress, Source};
use skewline::model::{SpanIx, TraceStore};

fn load(bytes: Vec<u8>) -> Option<TraceStore> {
    let source = Source::memory("file", bytes);
    load::load(&[source], &load::Options::default(), &Progress::default()).ok().map(|loaded| loaded.store)
}

fn report(store: &TraceStore) -> Json {
    let domains = domains::assign(store);
    let model = ClockModel::analyse(store, &domains, &Options::default());
    let input = ReportInput { store, domains: &domains, model: &model, hashes: &[], failures: &[] };
    serde_json::from_str(&Report::build(input).to_json().unwrap()).unwrap()
}

fn trace(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/traces").join(name)).unwrap()
}

/// One microsecond decides: stamps are whole microseconds.
#[test]
fn zipkins_own_example_of_skew_is_bounded_by_its_round_trip() {
    let report = report(&load(trace("zipkin-zipkin-lens-skew.json")).unwrap());
    let pair = &report["pairs"][0];
    assert_eq!((&pair["a"], &pair["b"]), (&json!("servicea"), &json!("serviceb")));
    assert_eq!((&pair["lo_ns"], &pair["hi_ns"]), (&json!(-66_403_000), &json!(-65_441_000)));
    assert_eq!((&pair["slack_ns"], &pair["feasible"], &pair["model"]), (&json!(962_000), &json!(true), &json!("M1")));
    let offset = &report["domains"][1]["offset"];
    let bound = |name: &str| offset[name].as_i64().unwrap();
    // At one moment: wider by what both clocks may drift in the 94 ms to the other end of the evidence.
    assert!((-66_415_000..=-66_403_000).contains(&bound("lo_ns")), "{offset}");
    assert!((-65_441_000..=-65_429_000).contains(&bound("hi_ns")), "{offset}");
    assert_eq!((&offset["reference"], &offset["one_sided"]), (&json!("servicea"), &json!(false)));
    assert_eq!(report["findings"][0]["code"], "N0");
}

/// Programs rely on these names.
#[test]
fn the_report_has_the_fields_that_it_promises() {
    let report = report(&load(trace("zipkin-zipkin-lens-skew.json")).unwrap());
    let keys = |value: &Json| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let offset = &report["domains"][1]["offset"];
    assert_eq!(keys(offset), ["reference", "level", "lo_ns", "hi_ns", "estimate_ns", "at_ns", "one_sided", "why"]);
    assert_eq!(keys(&report["pairs"][0]), ["a", "b", "lo_ns", "hi_ns", "slack_ns", "edges", "feasible", "model"]);
    let finding = &report["findings"][0];
    let promised =
        ["id", "code", "severity", "sentence", "root", "domains", "spans", "witness", "excess_ns", "model", "repairs"];
    assert_eq!(keys(finding)[..promised.len()], promised);
    for edge in offset["why"].as_array().unwrap().iter().chain(finding["witness"].as_array().unwrap()) {
        for key in ["rule", "strength", "raw_from_ns", "raw_to_ns"] {
            assert!(edge[key].is_string(), "{key}: {edge}");
        }
        for end in ["from", "to"] {
            assert!(edge[end]["span"].is_string() && edge[end]["event"].is_string(), "{edge}");
        }
    }
    let sides: Vec<_> = offset["why"].as_array().unwrap().iter().map(|edge| edge["side"].clone()).collect();
    assert_eq!(sides, ["lo", "hi"]);
}

/// Browser: send 0, first token received 910. Gateway: receive 670, first token sent 1310 (milliseconds, as its own
/// clock has it). What lies between sending and the first token sent?
#[test]
fn time_to_first_token_across_clocks_is_an_interval() {
    let at = |ms: i64| (1_795_269_727_000_000_000 + ms * 1_000_000 + 123).to_string();
    let attr = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
    let span = |id: &str, parent: &str, kind: i64, from: i64, to: i64| {
        json!({
            "traceId": "5e3d0c1a7b2f4896a1c2e3d4f5061728", "spanId": id, "parentSpanId": parent, "kind": kind,
            "name": "POST /chat", "startTimeUnixNano": at(from), "endTimeUnixNano": at(to), "status": {}
        })
    };
    let resource = |host: &str, span: Json| {
        json!({
            "resource": { "attributes": [attr("service.name", host), attr("host.id", host)] },
            "scopeSpans": [{ "scope": { "name": "t" }, "spans": [span] }]
        })
    };
    let file = json!({ "resourceSpans": [
        resource("browser", span("b000000000000001", "", 3, 0, 910)),
        resource("gateway", span("9000000000000001", "b000000000000001", 2, 670, 1310)),
    ] });
    let store = load(file.to_string().into_bytes()).unwrap();
    let pair = report(&store)["pairs"][0].clone();
    assert_eq!((&pair["lo_ns"], &pair["hi_ns"]), (&json!(400_000_000), &json!(670_000_000)));

    let domains = domains::assign(&store);
    let model = ClockModel::analyse(&store, &domains, &Options::default());
    let describe = Describe { store: &store, domains: &domains, model: &model };
    let (send, sent) = (EventKey::start(SpanIx(0)), EventKey { span: SpanIx(1), point: Point::End });
    let between = BetweenReport::build(&describe, send, sent).unwrap();
    let near = |found: Option<i64>, ms: i64| (found.unwrap() - ms * 1_000_000).abs() < 100_000;
    assert!(near(between.lo_ns, 640) && near(between.hi_ns, 910), "{between:?}");
    assert_eq!((between.raw_ns, between.order.to_string().as_str()), (1_310_000_000, "before"));
    let text = between.to_string();
    assert!(text.contains("between  640–910 ms") && text.contains("1.31 s is what the stated times claim"), "{text}");

    let received = EventKey::end(SpanIx(0));
    let own = BetweenReport::build(&describe, send, received).unwrap();
    assert!(near(own.lo_ns, 910) && near(own.hi_ns, 910), "one clock measured it: {own:?}");
}

/// What an on-call engineer would be told. Read every line before accepting a change: a claim must be true.
#[test]
fn findings_of_real_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/traces");
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let mut text = String::new();
    for name in names.iter().filter(|name| !name.ends_with(".md")) {
        let Some(store) = load(trace(name)) else { continue };
        let report = report(&store);
        text.push_str(&format!("{name}\n"));
        for finding in report["findings"].as_array().unwrap() {
            let word = |key: &str| finding[key].as_str().unwrap().to_owned();
            text.push_str(&format!("  {} {}: {}\n", word("code"), word("severity"), word("sentence")));
        }
    }
    insta::assert_snapshot!(text);
}
