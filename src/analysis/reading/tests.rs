//! Turns of fixtures and of samples, read aloud.

use std::path::Path;

use super::{Act, Context, Party, Reading, reading_text};
use crate::analysis::clocks::{ClockModel, Options, domains};
use crate::analysis::genai::tests::fixture::{self, Span};
use crate::analysis::genai::{GenAi, TurnIx};
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
    let context = Context { store, domains: &domains, genai: &genai, clocks: Some(&model) };
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
    let context = Context { store: &store, domains: &domains, genai: &genai, clocks: None };
    let cancel = CancelFlag::new();
    assert!(Reading::of_turn(&context, TurnIx(0), &cancel).is_some());
    cancel.cancel();
    assert!(Reading::of_turn(&context, TurnIx(0), &cancel).is_none());
    assert!(Reading::of_turn(&context, TurnIx(9), &CancelFlag::new()).is_none());
}
