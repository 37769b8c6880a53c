//! The simulated conversation, beside what is true about it.

use serde_json::Value as Json;

use crate::analysis::clocks::domains;
use crate::analysis::genai::{Breakdown, GenAi, Phase, Role};
use crate::load::{Options, Progress, Source, load};
use crate::model::time::MS;
use crate::model::{SpanIx, TraceStore};

struct Sample {
    store: TraceStore,
    genai: GenAi,
    truth: Json,
}

fn store_of(name: &str) -> TraceStore {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-traces").join(name);
    let source = Source::memory(name, std::fs::read(path).unwrap());
    load(&[source], &Options::default(), &Progress::default()).unwrap().store
}

fn sample() -> Sample {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-traces");
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let source = Source::memory("sample", read("slow-conversation.otlp.json"));
    let store = load(&[source], &Options::default(), &Progress::default()).unwrap().store;
    let truth = serde_json::from_slice(&read("slow-conversation.truth.json")).unwrap();
    Sample { genai: GenAi::analyse(&store), store, truth }
}

impl Sample {
    /// The spans that the truth names under `fact`.
    fn spans(&self, fact: &str) -> Vec<SpanIx> {
        let facts = self.truth["facts"].as_array().unwrap();
        let fact = facts.iter().find(|known| known["id"] == fact).unwrap_or_else(|| panic!("no fact {fact}"));
        let id = |id: &Json| {
            let wanted = id.as_str().unwrap();
            let is_it = |span: &SpanIx| self.store.span_id_text(self.store.span(*span).id()) == wanted;
            self.store.span_ixs().find(is_it).unwrap()
        };
        fact["spans"].as_array().unwrap().iter().map(id).collect()
    }
}

#[test]
fn three_turns_of_three_agents() {
    let Sample { genai, .. } = sample();
    let names: Vec<&str> = genai.agents().iter().map(|agent| agent.name.as_str()).collect();
    assert_eq!(names, ["planner", "researcher", "critic"]);
    assert!(genai.agents().iter().all(|agent| !agent.is_inferred));
    assert_eq!(genai.conversations().len(), 1);
    let numbers: Vec<&str> = genai.turns().iter().map(|turn| turn.number.as_str()).collect();
    assert_eq!(numbers, ["1", "2", "3"], "the critic's trace is part of the turn that handed over to it");
}

#[test]
fn work_without_a_model_or_an_agent_begins_no_turn() {
    let store = store_of("async-children.otlp.json");
    let genai = GenAi::analyse(&store);
    assert_eq!(genai.turns().len(), 3, "each turn's index is updated in a trace of its own, after the answer");
    for (at, turn) in genai.turns().iter().enumerate() {
        let names: Vec<&str> = turn.roots.iter().map(|root| store.span(*root).name()).collect();
        assert_eq!(names, [format!("user turn {}", at + 1).as_str(), "index conversation"]);
    }
}

#[test]
fn the_lost_handoff_is_proposed_where_it_belongs() {
    let sample = sample();
    let handoff = sample.spans("lost-handoff");
    let best = &sample.genai.stitches()[0];
    assert_eq!((best.under, best.root), (handoff[0], handoff[1]));
    assert!(best.score >= 90);
    assert_eq!(sample.store.span(best.root).parent(), None, "a proposal changes nothing");
}

#[test]
fn the_refused_attempts_are_one_retry() {
    let sample = sample();
    let attempts = sample.spans("refused-attempts");
    let retry = &sample.genai.retries()[sample.genai.retry_of(attempts[0]).unwrap()];
    assert_eq!(retry.attempts, attempts);
    assert!(retry.succeeded);
}

#[test]
fn stages_of_the_provider_are_no_calls() {
    let Sample { store, genai, .. } = sample();
    for span in store.span_ixs() {
        let phase = match store.span(span).name() {
            "queue" => Phase::Queue,
            "prefill" => Phase::Prefill,
            "decode" => Phase::Decode,
            _ => continue,
        };
        assert_eq!((genai.role_of(span), genai.phase_of(span)), (Role::Stage, phase));
        assert!(genai.phases(span).is_empty());
    }
    // Client and server state the same tokens; they count once.
    let names = ["chat ", "embeddings "];
    let is_client = |span: &SpanIx| names.iter().any(|name| store.span(*span).name().starts_with(name));
    let sum: u64 = store
        .span_ixs()
        .filter(is_client)
        .filter_map(|span| match store.span(span).attr("gen_ai.usage.input_tokens") {
            Some(crate::model::Value::Int(tokens)) => Some(tokens.unsigned_abs()),
            _ => None,
        })
        .sum();
    assert_eq!(genai.totals().input_tokens, sum);
}

/// Where the time of all spans of `name` went, with nothing around them: phases with their sums, in milliseconds.
fn alone(sample: &str, name: &str) -> Vec<(Phase, i64)> {
    let store = store_of(sample);
    let (genai, domains) = (GenAi::analyse(&store), domains::assign(&store));
    let spans = store.span_ixs().filter(|span| store.span(*span).name() == name);
    let breakdown = Breakdown::of(&store, &genai, &domains, None, spans);
    breakdown.phases.iter().map(|time| (time.phase, time.sum_ns() / MS)).collect()
}

#[test]
fn what_is_looked_at_without_the_call_around_it_counts_by_itself() {
    assert_eq!(alone("decode-in-prefill.otlp.json", "llm_d.pd_proxy.prefill"), [(Phase::Prefill, 6484)]);
    let served: i64 = alone("unit-clash.otlp.json", "llm_request").iter().map(|(_, ms)| ms).sum();
    assert!(served > 10_000, "six calls of over two seconds each: {served} ms");
}
