//! Turns of fixtures and of samples, read aloud.

use std::path::Path;

use super::{Act, Attribution, Context, LinkKind, Party, Reading, reading_text};
use crate::analysis::clocks::{ClockModel, Options, domains};
use crate::analysis::genai::tests::fixture::{self, Span};
use crate::analysis::genai::{GenAi, Judged, TurnIx};
use crate::analysis::search::CancelFlag;
use crate::load::{Source, load};
use crate::model::TraceStore;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read_all<T>(store: &TraceStore, look: impl Fn(&Context<'_>, &Reading) -> T) -> Vec<T> {
    let genai = GenAi::analyse(store);
    let domains = domains::assign(store);
    let model = ClockModel::analyse(store, &domains, &Options::default());
    let judged = Judged::default();
    let context = Context { store, domains: &domains, genai: &genai, clocks: Some(&model), judged: &judged };
    let turns = (0..genai.turns().len()).map(TurnIx::from_usize);
    let readings = turns.filter_map(|turn| Reading::of_turn(&context, turn, &CancelFlag::new()));
    readings.map(|reading| look(&context, &reading)).collect()
}

fn aloud(store: &TraceStore) -> String {
    let texts = read_all(store, |context, reading| {
        let turn = &context.genai.turns()[reading.turn.at()];
        format!("turn {}, {}\n{}", turn.number, reading.took.words(), reading_text(context.genai, reading, true))
    });
    texts.join("\n")
}

fn file(path: &str) -> TraceStore {
    let bytes = std::fs::read(root().join(path)).unwrap();
    load(&[Source::memory(path, bytes)], &Default::default(), &Default::default()).unwrap().store
}

#[test]
fn turns_of_every_convention_read_well() {
    for (name, fixture) in fixture::all() {
        insta::assert_snapshot!(name, format!("{}\n\n{}", fixture.says, aloud(&fixture::store(&fixture.spans))));
    }
}

#[test]
fn recorded_turns_read_well() {
    for (name, path) in [
        ("rag", "tests/data/traces/otlp-agent-prism-rag_earnings_agent.json"),
        ("a2a", "tests/data/traces/otlp-agentevals-tempo_export_with_batches.json"),
        ("triage", "tests/data/traces/jaeger-jaeger-ui-genaiTestTrace.json"),
        ("any_agent", "tests/data/traces/flat-spans-any-agent-OPENAI_trace.json"),
        ("specialists", "tests/data/traces/flat-spans-strands-evals-openai_agents_genai_live_spans.json"),
        ("slow_conversation", "sample-traces/slow-conversation.otlp.json"),
    ] {
        let text: String =
            aloud(&file(path)).lines().map(|line| line.chars().take(180).collect::<String>() + "\n").collect();
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn times_on_one_clock_are_exact_and_others_hold_what_the_stamps_cannot_say() {
    let store = file("sample-traces/slow-conversation.otlp.json");
    let domains = domains::assign(&store);
    let turns = read_all(&store, |context, reading| {
        let origin = context.genai.turns()[reading.turn.at()].roots[0];
        let clock = |span: crate::model::SpanIx| domains.of_span[span.at()];
        for line in reading.lines.iter().filter(|line| line.act != Act::Answers) {
            let is_own = clock(line.span) == clock(origin);
            assert_eq!(line.start.is_exact(), is_own, "{:?}", line.start);
            if let (Some(lo), Some(hi)) = (line.start.lo_ns, line.start.hi_ns) {
                assert!(lo <= hi && hi >= 0, "nothing happens before the turn begins: {:?}", line.start);
            }
        }
        reading.lines.len()
    });
    assert!(turns.len() == 3 && turns.iter().all(|lines| *lines > 5), "{turns:?}");
}

#[test]
fn only_what_is_new_of_a_history_is_kept() {
    let store = file("tests/data/traces/flat-spans-strands-evals-openai_agents_genai_live_spans.json");
    let repeated = read_all(&store, |_, reading| {
        let calls = reading.lines.iter().filter(|line| line.act == Act::Prompts);
        calls.map(|line| (line.said.repeated, line.said.messages.len())).collect::<Vec<_>>()
    });
    // Three calls of the coordinator, two of the researcher, three of the mathematician: system and user are new in
    // the first of each; afterwards only what the tool gave back, the model's own words being known.
    assert_eq!(repeated.concat(), [(0, 2), (3, 1), (5, 1), (0, 2), (3, 1), (0, 2), (3, 1), (5, 1)]);
}

#[test]
fn what_is_not_recorded_is_said_to_be_missing() {
    let chat = |id, parent: u64, name: &str, operation: &str| Span {
        id,
        parent,
        name: name.to_owned(),
        ms: [10.0 * id as f64, 400.0],
        service: "app".to_owned(),
        attributes: [("gen_ai.operation.name".to_owned(), operation.into())].into_iter().collect(),
        ..Span::default()
    };
    let spans = [chat(1, 0, "invoke_agent helper", "invoke_agent"), chat(2, 1, "chat m", "chat")];
    let lines = read_all(&fixture::store(&spans), |_, reading| reading.lines.clone()).concat();
    let acts: Vec<Act> = lines.iter().map(|line| line.act).collect();
    assert_eq!(acts, [Act::Asks, Act::Begins, Act::Prompts, Act::Answers]);
    assert!(lines.iter().filter(|line| line.act != Act::Begins).all(|line| !line.said.is_captured()));
    assert!(lines[1].said.is_silent && lines[0].from == Party::User);
    assert!(!lines[2].answered.is_captured() && !lines[2].answered.is_silent);
}

#[test]
fn a_cancelled_reading_gives_nothing() {
    let mut spans: Vec<Span> = (2..5000)
        .map(|id| Span { id, parent: 1, name: "work".to_owned(), ms: [1.0, 2.0], ..Span::default() })
        .collect();
    spans.push(Span { id: 1, name: "invoke_agent a".to_owned(), ms: [0.0, 9.0], ..Span::default() });
    let store = fixture::store(&spans);
    let (genai, domains) = (GenAi::analyse(&store), domains::assign(&store));
    let judged = Judged::default();
    let context = Context { store: &store, domains: &domains, genai: &genai, clocks: None, judged: &judged };
    let cancel = CancelFlag::new();
    assert!(Reading::of_turn(&context, TurnIx(0), &cancel).is_some());
    cancel.cancel();
    assert!(Reading::of_turn(&context, TurnIx(0), &cancel).is_none());
    assert!(Reading::of_turn(&context, TurnIx(9), &CancelFlag::new()).is_none());
}

fn attributed(store: &TraceStore) -> Vec<(String, Attribution)> {
    let of = |context: &Context<'_>, reading: &Reading| {
        let answer = reading.last_answer()?.span;
        Some((context.store.span(answer).name().to_owned(), Attribution::of(context, answer)?))
    };
    read_all(store, of).into_iter().flatten().collect()
}

#[test]
fn what_led_to_answers_is_solid_or_inferred_and_says_where_it_was_read() {
    let mut text = String::new();
    for path in [
        "tests/data/traces/otlp-agent-prism-rag_earnings_agent.json",
        "tests/data/traces/otlp-agentevals-tempo_export_with_batches.json",
        "tests/data/traces/flat-spans-strands-evals-openai_agents_genai_live_spans.json",
        "sample-traces/slow-conversation.otlp.json",
    ] {
        for (name, attribution) in attributed(&file(path)) {
            let (answered, asked) = attribution.score();
            text += &format!("{path}: {name}, {answered} of {asked}\n");
            for link in &attribution.links {
                let what = if link.is_recorded() { link.text.as_str() } else { "not recorded" };
                let how = if link.is_solid() { "solid" } else { "inferred" };
                let kind = link.kind.label();
                text += &match link.is_recorded() {
                    true => format!("  {kind}: {what} <- {} [{}, {how}]\n", link.source, link.confidence),
                    false => format!("  {kind}: {what}\n"),
                };
                assert_eq!(link.is_recorded(), !link.text.is_empty(), "{link:?}");
            }
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn documents_and_tools_are_solid_only_when_the_model_was_told() {
    let span = |id, parent: u64, name: &str, ms, service: &str, attributes: serde_json::Value| {
        let serde_json::Value::Object(attributes) = attributes else { panic!("no object") };
        Span { id, parent, name: name.to_owned(), ms, service: service.to_owned(), attributes, ..Span::default() }
    };
    let quoted = "Claims are open for 14 days after the last scan.";
    let told = serde_json::json!([
        {"role": "user", "content": format!("Context: {quoted}")},
        {"role": "tool", "tool_call_id": "c1", "content": "seen"},
    ]);
    let documents = serde_json::json!([{"id": "told", "content": quoted}, {"id": "untold", "content": "x".repeat(80)}]);
    let store = fixture::store(&[
        span(1, 0, "invoke_agent a", [0.0, 900.0], "app", serde_json::json!({"gen_ai.operation.name": "invoke_agent"})),
        span(
            2,
            1,
            "retrieval",
            [10.0, 90.0],
            "app",
            serde_json::json!({"gen_ai.operation.name": "retrieval", "gen_ai.retrieval.documents": documents}),
        ),
        span(
            3,
            1,
            "execute_tool look",
            [100.0, 190.0],
            "app",
            serde_json::json!({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.call.id": "c1"}),
        ),
        span(
            4,
            1,
            "execute_tool other",
            [200.0, 290.0],
            "app",
            serde_json::json!({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.call.id": "c2"}),
        ),
        span(
            5,
            1,
            "chat m",
            [300.0, 390.0],
            "app",
            serde_json::json!({"gen_ai.operation.name": "chat", "gen_ai.input.messages": told}),
        ),
        span(
            6,
            1,
            "execute_tool late",
            [400.0, 490.0],
            "app",
            serde_json::json!({"gen_ai.operation.name": "execute_tool"}),
        ),
        span(
            7,
            1,
            "execute_tool elsewhere",
            [-90_000.0, -89_990.0],
            "far",
            serde_json::json!({"gen_ai.operation.name": "execute_tool"}),
        ),
    ]);
    let (_, attribution) = attributed(&store).pop().unwrap();
    let of = |kind: LinkKind| {
        let links = attribution.links.iter().filter(|link| link.kind == kind);
        links.map(|link| (link.text.clone(), link.is_solid())).collect::<Vec<_>>()
    };
    assert_eq!(of(LinkKind::Document), [("told".to_owned(), true), ("untold".to_owned(), false)]);
    let mut tools = of(LinkKind::Tool);
    tools.sort();
    // Another clock says nothing about the order; what came after the answer did not lead to it.
    let names: Vec<(&str, bool)> = tools.iter().map(|(name, is_solid)| (name.as_str(), *is_solid)).collect();
    assert_eq!(names, [("elsewhere", false), ("look", true), ("other", false)]);
}
