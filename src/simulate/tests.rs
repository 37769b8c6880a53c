//! What a simulated trace promises: causes precede effects in true time, and what was planted is there.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use serde_json::Value as Json;
use strum::IntoEnumIterator as _;

use super::span::{Kind, TrueSpan};
use super::{Pattern, Planted, Scenario, Truth, patterns, planted, sample, scale, write};
use crate::model::time::MS;

/// The seed of the committed samples.
const SEED: u64 = 7;

/// Breaks of "a child lies inside of its parent" in true time, as `parent > child: what`.
fn breaks(spans: &[TrueSpan]) -> BTreeSet<String> {
    let by_id: HashMap<u64, &TrueSpan> = spans.iter().map(|span| (span.id, span)).collect();
    assert_eq!(by_id.len(), spans.len(), "span ids are unique");
    let mut broken = BTreeSet::new();
    for span in spans {
        let Some(parent) = by_id.get(&span.parent) else { continue };
        let mut check = |holds: bool, what: &str| {
            if !holds {
                broken.insert(format!("{} > {}: {what}", parent.name, span.name));
            }
        };
        check(parent.trace == span.trace, "other trace");
        check(parent.start_ns <= span.start_ns, "starts first");
        check(span.end_ns <= parent.end_ns, "ends last");
        check(span.parent_is_remote == (span.process != parent.process), "wrong remote bit");
        check(span.kind != Kind::Server || parent.kind == Kind::Client, "server under no client");
    }
    broken
}

fn assert_sound(spans: &[TrueSpan]) {
    for span in spans {
        assert!(span.start_ns <= span.end_ns, "{} ends before it starts", span.name);
        let mut before = span.start_ns;
        for event in &span.events {
            assert!((before..=span.end_ns).contains(&event.true_ns), "{}: {} out of order", span.name, event.name);
            before = event.true_ns;
        }
    }
}

/// Chunk i leaves the provider before the caller receives it.
fn assert_streams_flow_forward(spans: &[TrueSpan]) -> usize {
    let by_id: HashMap<u64, &TrueSpan> = spans.iter().map(|span| (span.id, span)).collect();
    let mut checked = 0;
    let streams = |span: &&TrueSpan| {
        span.name == "messages.create" && span.events.iter().any(|event| event.name.ends_with("chunk"))
    };
    for server in spans.iter().filter(streams) {
        let client = by_id[&server.parent];
        assert_eq!(client.events.len(), server.events.len());
        for (sent, received) in server.events.iter().zip(&client.events) {
            assert!(sent.true_ns < received.true_ns);
            checked += 1;
        }
    }
    checked
}

#[test]
fn causes_precede_effects_in_the_sample() {
    let sample = sample::plan(SEED);
    assert_sound(&sample.spans);
    let planted: Vec<_> = breaks(&sample.spans).into_iter().collect();
    assert_eq!(planted, ["query top_k > query top_k: ends last"], "only what was planted");
    assert!(assert_streams_flow_forward(&sample.spans) > 400);
    assert!(sample.spans.iter().all(|span| span.events.len() <= 128), "no SDK would drop events");
}

#[test]
fn causes_precede_effects_at_scale() {
    for seed in 0..4 {
        let (_, spans) = scale::turns(seed, 150);
        assert_sound(&spans);
        assert_eq!(breaks(&spans), BTreeSet::new(), "seed {seed}");
        assert!(assert_streams_flow_forward(&spans) > 500);
        assert!(spans.iter().all(|span| span.events.len() <= 3));
    }
}

fn written(scenario: Scenario, seed: u64) -> (String, Truth) {
    let mut text = Vec::new();
    let truth = write(scenario, seed, &mut text).unwrap();
    (String::from_utf8(text).unwrap(), truth)
}

/// Spans of a request with the service that reported them, read without any of our own readers.
fn spans_of(request: &Json) -> Vec<(String, Json)> {
    let mut spans = Vec::new();
    for of_resource in request["resourceSpans"].as_array().unwrap() {
        let service = attr(&of_resource["resource"], "service.name").unwrap();
        for of_scope in of_resource["scopeSpans"].as_array().unwrap() {
            for span in of_scope["spans"].as_array().unwrap() {
                spans.push((service.clone(), span.clone()));
            }
        }
    }
    spans
}

fn attr(of: &Json, key: &str) -> Option<String> {
    let found = of["attributes"].as_array()?.iter().find(|attr| attr["key"] == key)?;
    let value = found["value"].as_object()?.values().next()?;
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

fn ns(span: &Json, key: &str) -> i64 {
    span[key].as_str().unwrap().parse().unwrap()
}

#[test]
fn the_sample_holds_what_was_planted() {
    let (text, truth) = written(Scenario::SlowConversation, SEED);
    let spans = spans_of(&serde_json::from_str(&text).unwrap());
    let by_id: HashMap<&str, &Json> = spans.iter().map(|(_, span)| (span["spanId"].as_str().unwrap(), span)).collect();
    assert!((300..=450).contains(&spans.len()), "{} spans", spans.len());
    assert_eq!(truth.spans, spans.len() as u64);

    let mut roots: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (_, span) in &spans {
        if span.get("parentSpanId").is_none() {
            roots.entry(span["traceId"].as_str().unwrap()).or_default().push(span["name"].as_str().unwrap());
        }
    }
    let mut names: Vec<_> = roots.values().flatten().copied().collect();
    names.sort_unstable();
    assert_eq!(names, ["invoke_agent critic", "user turn 1", "user turn 2", "user turn 3"]);
    assert_eq!(roots.len(), 4, "three turns and the critic, each in a trace of its own");
    assert!(roots.iter().any(|(trace, names)| trace.starts_with("91be") && names == &["invoke_agent critic"]));

    let orphans: Vec<_> = spans
        .iter()
        .filter(|(_, span)| span.get("parentSpanId").is_some_and(|id| !by_id.contains_key(id.as_str().unwrap())))
        .map(|(_, span)| span["flags"].as_i64().unwrap())
        .collect();
    assert_eq!(orphans.len(), 6);
    assert_eq!(orphans.iter().filter(|&&flags| flags == 0x301).count(), 4, "remote");
    assert_eq!(orphans.iter().filter(|&&flags| flags == 0x101).count(), 2, "filtered");

    let refused = spans.iter().filter(|(service, span)| {
        service.starts_with("agent-") && attr(span, "http.response.status_code").as_deref() == Some("429")
    });
    assert_eq!(refused.count(), 3, "two refusals of the planner, one of a researcher");

    let fact = |id: &str| truth.facts.iter().find(|fact| fact.id == id).unwrap();
    let span = |id: &str, nth: usize| by_id[fact(id).spans[nth].as_str()];
    let (call, turn) = (span("call-before-cause", 0), span("call-before-cause", 1));
    let raw = ns(call, "startTimeUnixNano") - ns(turn, "startTimeUnixNano");
    assert!((-801 * MS..=-799 * MS).contains(&raw), "{raw}");
    assert_eq!(fact("call-before-cause").numbers["raw_ns"], -800 * MS);
    assert_eq!(ns(call, "startTimeUnixNano"), 1_795_269_727_412_318_204, "14:02:07.412 318 204 on node-7");

    let (transfer, critic) = (span("lost-handoff", 0), span("lost-handoff", 1));
    let (from, to) = (attr(transfer, "gen_ai.tool.call.id"), attr(critic, "gen_ai.tool.call.id"));
    assert!(from.is_some() && from == to);
    // One clock stamped both; it drifts by less than a microsecond in that time.
    let after = ns(critic, "startTimeUnixNano") - ns(transfer, "endTimeUnixNano");
    assert!((after - 20 * MS).abs() < 1_000, "{after}");

    let (claimed, seen) = (span("impossible-search", 0), span("impossible-search", 1));
    let duration = |span: &Json| ns(span, "endTimeUnixNano") - ns(span, "startTimeUnixNano");
    assert!(duration(claimed) - duration(seen) > 69 * MS);

    let times: Vec<i64> =
        span("stalled-stream", 0)["events"].as_array().unwrap().iter().map(|event| ns(event, "timeUnixNano")).collect();
    let mut gaps: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_unstable();
    let (longest, median) = (gaps[gaps.len() - 1], gaps[gaps.len() / 2]);
    assert!((177 * MS..=187 * MS).contains(&longest), "{longest}");
    assert!((16..=18).contains(&(longest / median)), "{longest} / {median}");
}

/// The browser's offset against the gateway, from nothing but raw stamps of round trips.
#[test]
fn round_trips_of_the_sample_bound_the_true_offsets() {
    let (text, truth) = written(Scenario::SlowConversation, SEED);
    let spans = spans_of(&serde_json::from_str(&text).unwrap());
    let by_id: HashMap<&str, &(String, Json)> =
        spans.iter().map(|span| (span.1["spanId"].as_str().unwrap(), span)).collect();
    let (mut least, mut most) = (i64::MIN, i64::MAX);
    for (service, child) in &spans {
        let Some((caller, parent)) = child["parentSpanId"].as_str().and_then(|id| by_id.get(id)) else { continue };
        if service == "gateway" && caller == "web-chat" {
            // The request cannot arrive before it was sent, nor the response; a floored stamp hides 1 ms.
            least = least.max(ns(parent, "startTimeUnixNano") - ns(child, "startTimeUnixNano"));
            most = most.min(ns(parent, "endTimeUnixNano") + 2 * MS - ns(child, "endTimeUnixNano"));
        }
    }
    let close = |a: i64, b: i64| (a - b).abs() <= 3 * MS;
    assert!(close(least, 1_080 * MS) && close(most, 1_260 * MS), "{least} to {most}");
    let browser = truth.clocks.iter().find(|clock| clock.name == "browser").unwrap();
    assert!((least..=most).contains(&browser.offset_ns));
}

#[test]
fn scale_is_of_the_promised_size_and_shape() {
    let (text, truth) = written(Scenario::Scale { spans: 20_000 }, SEED);
    let mut count = 0;
    let mut attrs = 0;
    let mut instances = BTreeSet::new();
    for line in text.lines() {
        let request: Json = serde_json::from_str(line).unwrap();
        let spans = spans_of(&request);
        assert!((1..=500).contains(&spans.len()));
        count += spans.len();
        for (_, span) in &spans {
            attrs += span["attributes"].as_array().unwrap().len();
        }
        for of_resource in request["resourceSpans"].as_array().unwrap() {
            instances.insert(of_resource["resource"].to_string());
        }
    }
    assert_eq!(count as u64, truth.spans);
    assert!((20_000..20_300).contains(&count), "complete turns: {count}");
    let bytes_per_span = text.len() / count;
    assert!((1_150..=1_350).contains(&bytes_per_span), "{bytes_per_span} bytes per span");
    assert!((11 * count..=13 * count).contains(&attrs), "{attrs} attributes on {count} spans");
    assert_eq!(instances.len(), 12 + 2 + 4 * 2 + 1 + 2, "the same processes all the time");
    assert_eq!(truth.clocks.len(), 12 + 2 + 4 + 1 + 2);
}

#[test]
fn few_turns_run_at_any_time() {
    let (_, spans) = scale::turns(SEED, 400);
    let mut edges: Vec<(i64, i32)> = spans
        .iter()
        .filter(|span| span.parent == 0 && span.name.starts_with("user turn"))
        .flat_map(|span| [(span.start_ns, 1), (span.end_ns, -1)])
        .collect();
    edges.sort_unstable();
    let mut running = 0;
    let most = edges
        .iter()
        .map(|(_, change)| {
            running += change;
            running
        })
        .max()
        .unwrap();
    assert!((2..=8).contains(&most), "{most} at once");
}

#[test]
fn the_seed_decides_everything() {
    for scenario in [Scenario::SlowConversation, Scenario::Scale { spans: 2_000 }] {
        assert_eq!(written(scenario, 3).0, written(scenario, 3).0);
        assert_ne!(written(scenario, 3).0, written(scenario, 4).0);
    }
    assert_eq!(written(Scenario::Scale { spans: 0 }, 3).0, "");
}

/// Set this variable to write the samples anew after a wanted change.
const UPDATE: &str = "SKEWLINE_UPDATE_SAMPLES";

#[test]
fn committed_samples_are_what_the_generator_writes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-traces");
    let planted = Planted::iter().map(|planted| (Scenario::Planted { planted, is_clean: false }, 600_000));
    let patterns = Pattern::iter().map(|pattern| (Scenario::Pattern { pattern, is_clean: false }, 60_000));
    for (scenario, most_bytes) in planted.chain(patterns).chain([(Scenario::SlowConversation, 600_000)]) {
        let (text, truth) = written(scenario, SEED);
        assert!(text.len() < most_bytes, "{} has {} bytes", truth.scenario, text.len());
        for (kind, fresh) in [("otlp", text), ("truth", truth.to_json().unwrap())] {
            let path = folder.join(format!("{}.{kind}.json", truth.scenario));
            if std::env::var_os(UPDATE).is_some() {
                fs::write(&path, &fresh).unwrap();
            }
            let committed = fs::read_to_string(&path).unwrap_or_default();
            assert!(committed == fresh, "{} is stale; run with {UPDATE}=1", path.display());
        }
    }
}

/// All causes precede their effects in true time, but for what is planted: a wrong parent, and servers that go on.
#[test]
fn causes_precede_effects_in_planted_scenarios() {
    for planted in Planted::iter() {
        for seed in 0..4 {
            let clean = planted::plan(planted, true, seed);
            assert_sound(&clean.spans);
            assert!(clean.truth.fault.is_none());
            let allowed = |line: &String| {
                planted == Planted::Streaming && line.ends_with("messages.create: ends last")
                    || planted == Planted::OneWayPipeline && (line.starts_with("send > ") || line.contains(": "))
            };
            let broken: Vec<String> = breaks(&clean.spans).into_iter().filter(|line| !allowed(line)).collect();
            assert_eq!(broken, Vec::<String>::new(), "{planted:?} {seed}");
            assert!(planted::plan(planted, false, seed).truth.fault.is_some(), "{planted:?} {seed}");
        }
    }
}

/// All causes precede their effects in scenarios of patterns, but for decoding that goes on inside of prefill.
#[test]
fn causes_precede_effects_in_patterns() {
    for pattern in Pattern::iter() {
        for seed in 0..4 {
            for is_clean in [false, true] {
                let run = patterns::plan(pattern, is_clean, seed);
                assert_sound(&run.spans);
                assert_eq!(breaks(&run.spans), BTreeSet::new(), "{pattern:?} {seed}");
                let shows = run.truth.fault.is_some() || pattern == Pattern::ParallelFanout;
                assert_eq!(shows, !is_clean || pattern == Pattern::ParallelFanout, "{pattern:?} {seed}");
            }
        }
    }
}
