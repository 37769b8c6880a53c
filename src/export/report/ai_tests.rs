//! What the report says about AI conversations, of small traces built by hand.

use serde_json::{Value as Json, json};

use super::{Report, ReportInput};
use crate::analysis::clocks::domains;
use crate::analysis::clocks::{ClockModel, Options};
use crate::analysis::genai::tests::fixture::{Span, store};

fn report(spans: &[Span]) -> (Json, String) {
    let store = store(spans);
    let domains = domains::assign(&store);
    let model = ClockModel::analyse(&store, &domains, &Options::default());
    let report =
        Report::build(ReportInput { store: &store, domains: &domains, model: &model, hashes: &[], failures: &[] });
    (serde_json::from_str(&report.to_json().unwrap()).unwrap(), report.to_string())
}

fn span(id: u64, parent: u64, name: &str, ms: [f64; 2], service: &str, attributes: &Json) -> Span {
    let attributes = attributes.as_object().unwrap().clone();
    Span { name: name.into(), id, parent, trace: 1, ms, service: service.into(), attributes, ..Span::default() }
}

fn agent(id: u64, parent: u64, name: &str, ms: [f64; 2], service: &str) -> Span {
    let attributes = json!({"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": name});
    span(id, parent, &format!("invoke_agent {name}"), ms, service, &attributes)
}

/// On one clock exactly, on two as an interval, and as unknown where nothing joins the clocks.
#[test]
fn handoffs_say_how_much_later_somebody_took_over() {
    let transfer = json!({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "transfer_to_writer"});
    let team = |service: &str, parent: u64| {
        [
            span(1, 0, "run", [0.0, 1000.0], "a", &json!({})),
            agent(2, 1, "planner", [10.0, 200.0], "a"),
            span(3, 2, "execute_tool transfer_to_writer", [100.0, 110.0], "a", &transfer),
            agent(4, parent, "writer", [140.0, 440.0], service),
        ]
    };
    let taken = |spans: &[Span]| {
        let (json, text) = report(spans);
        let line = text.lines().find(|line| line.contains("1 handoff: ")).map(|line| line.trim().to_owned());
        (json["handoffs"][0]["taken"].clone(), line.unwrap())
    };
    let (json, text) = taken(&team("a", 1));
    let exact = json!({"span": "0000000000000004", "lo_ns": 40_000_000, "hi_ns": 40_000_000, "raw_ns": 40_000_000,
                       "order": "before", "one_clock": true});
    assert_eq!((json, text.as_str()), (exact, "1 handoff: planner to writer (taken over 40 ms later)"));
    let (json, text) = taken(&team("b", 1));
    assert_eq!((json["one_clock"].as_bool(), json["raw_ns"].as_i64()), (Some(false), Some(40_000_000)));
    // It lies inside of the run, by the clock of the run: from 100 ms before the handoff on.
    let lo_ns = json["lo_ns"].as_i64().unwrap();
    assert!((-103_000_000..=-100_000_000).contains(&lo_ns), "{json}");
    assert_eq!(json["order"], "unknown", "{json}");
    assert!(text.ends_with("which came first is not proven)"), "{text}");
    let (json, text) = taken(&team("b", 0));
    assert_eq!((&json["lo_ns"], &json["hi_ns"], &json["order"]), (&Json::Null, &Json::Null, &json!("unknown")));
    assert!(text.contains("cannot be compared"), "{text}");
    let (json, text) = report(&team("a", 1)[..3]);
    assert_eq!(json["handoffs"][0]["taken"], Json::Null);
    assert!(text.contains("planner to writer (left no span)"), "{text}");
}

#[test]
fn missing_parents_and_conventions_are_told_as_far_as_known() {
    let path = |path: &str| {
        json!({"lmnr.span.type": "LLM", "lmnr.span.path": path, "gen_ai.request.model": "m",
        "lmnr.span.ids_path": "[\"00000000-0000-0000-0000-000000000001\",\"00000000-0000-0000-0000-000000000002\",\"00000000-0000-0000-0000-000000000003\"]"})
    };
    let chat = span(3, 2, "chat", [10.0, 90.0], "a", &path("[\"run\",\"plan\",\"chat\"]"));
    let quiet = span(5, 9, "GET", [10.0, 90.0], "a", &json!({}));
    let spans = [
        span(1, 0, "run", [0.0, 100.0], "a", &json!({"lmnr.span.path": "[\"run\"]"})),
        Span { flags: 0x101, scope: "lmnr".into(), version: "0.7".into(), ..chat },
        quiet,
    ];
    let (json, _) = report(&spans);
    assert_eq!(
        json["missing_parents"],
        json!([{
            "id": "0000000000000002", "trace": "00000000000000000000000000000001", "children": 1, "sampled": 1,
            "exact": true, "sources": ["lmnr.span.ids_path", "lmnr.span.path"],
            "ancestors": [
                {"id": "00000000-0000-0000-0000-000000000001", "name": "run", "start_ns": null, "here": "0000000000000001"},
                {"id": "00000000-0000-0000-0000-000000000002", "name": "plan", "start_ns": null, "here": null},
            ],
        }]),
        "what nothing is known about is only counted"
    );
    let conventions = &json["conventions"];
    assert_eq!(conventions[0]["scope"], "lmnr", "{conventions}");
    assert_eq!((&conventions[0]["version"], &conventions[0]["spans"]), (&json!("0.7"), &json!(1)), "{conventions}");
    let names = &conventions[0]["conventions"];
    assert_eq!(names, &json!(["Laminar", "OpenTelemetry GenAI"]));
}

/// How long after the handoff a lost trace began: exactly on one clock, as an interval on two, not at all where nothing
/// joins the clocks.
#[test]
fn a_dark_handoff_says_how_much_later_the_trace_began() {
    let transfer = json!({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "transfer_to_writer",
                          "gen_ai.tool.call.id": "call_1"});
    let own = json!({"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "writer",
                     "gen_ai.conversation.id": "c", "gen_ai.tool.call.id": "call_1"});
    let asked = json!({"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner",
                       "gen_ai.conversation.id": "c"});
    let team = |service: &str, has_round_trip: bool| {
        let client = Span { kind: "client".into(), ..span(20, 1, "GET", [600.0, 670.0], "a", &json!({})) };
        let server = Span { kind: "server".into(), ..span(21, 20, "GET", [630.0, 640.0], "b", &json!({})) };
        let mut spans = vec![
            span(1, 0, "invoke_agent planner", [0.0, 1000.0], "a", &asked),
            span(3, 1, "execute_tool transfer_to_writer", [100.0, 110.0], "a", &transfer),
            Span { trace: 2, ..span(4, 0, "invoke_agent writer", [140.0, 440.0], service, &own) },
        ];
        if has_round_trip {
            spans.extend([client, server]);
        }
        spans
    };
    let numbers = |spans: &[Span]| {
        let (json, _) = report(spans);
        let found = json["ai_findings"].as_array().unwrap().iter().find(|found| found["code"] == "E3").cloned();
        found.unwrap_or_else(|| panic!("{}", json["ai_findings"]))["numbers"].clone()
    };
    assert_eq!(numbers(&team("a", false)), json!({"after_ns": 30_000_000}));
    let across = numbers(&team("b", true));
    let (lo_ns, hi_ns) = (across["after_lo_ns"].as_i64().unwrap(), across["after_hi_ns"].as_i64().unwrap());
    // The message takes up to 30 ms each way; stamps may be whole milliseconds.
    assert!((-3_000_000..=0).contains(&lo_ns) && (60_000_000..=63_000_000).contains(&hi_ns), "{across}");
    assert_eq!(across.get("after_ns"), None, "a difference of raw times of two clocks says nothing");
    assert_eq!(numbers(&team("b", false)), json!({}));
}
