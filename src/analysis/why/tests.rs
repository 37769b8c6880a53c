use proptest::prelude::*;

use super::*;
use crate::analysis::clocks::tests::Draft;
use crate::analysis::clocks::{ClockModel, Options as ClockOptions, domains};
use crate::analysis::critical_path::planted::Tree;
use crate::analysis::genai::{GenAi, Judged, Phase};
use crate::load::{Options, Progress, Source, load};
use crate::model::time::{MS, S};
use crate::model::{SpanKind, TraceStore};

const NOW: i64 = 1_795_000_000 * S + 123_457;

fn sample(name: &str) -> TraceStore {
    let text = std::fs::read(format!("{}/sample-traces/{name}.otlp.json", env!("CARGO_MANIFEST_DIR"))).unwrap();
    load(&[Source::memory(name, text)], &Options::default(), &Progress::default()).unwrap().store
}

/// Calls `look` with what is asked for why it took so long.
fn with<T>(store: &TraceStore, look: impl FnOnce(&Context<'_>, &mut Whys<'_>) -> T) -> T {
    let domains = domains::assign(store);
    let model = ClockModel::analyse(store, &domains, &ClockOptions::default());
    let (genai, judged) = (GenAi::analyse(store), Judged::default());
    let context = Context { store, domains: &domains, genai: &genai, clocks: Some(&model), judged: &judged };
    look(&context, &mut Whys::new(&context).unwrap())
}

fn of_turn(store: &TraceStore, turn: usize) -> Why {
    with(store, |_, whys| whys.of(Explained::Turn(TurnIx::from_usize(turn)))).unwrap()
}

fn of_root(draft: &Draft) -> Why {
    with(&draft.store(), |_, whys| whys.of(Explained::Span(SpanIx(0)))).unwrap()
}

/// Everything that is said to have taken time, at least and at most.
fn sum(why: &Why) -> (i64, i64) {
    let times = why.parts.iter().map(|part| part.time).chain([why.more.1, why.unaccounted]);
    times.fold((0, 0), |(lo, hi), time| (lo + time.lo_ns, hi + time.hi_ns.unwrap()))
}

#[test]
fn turns_of_samples_are_explained() {
    let mut text = String::new();
    for name in [
        "slow-conversation",
        "retry-cascade",
        "voice-session",
        "parallel-fanout",
        "opaque-provider",
        "stall",
        "reasoning-heavy",
        "dark-handoff",
        "decode-in-prefill",
        "anonymous-agents",
    ] {
        let store = sample(name);
        text.push_str(&format!("{name}\n"));
        with(&store, |context, whys| {
            for at in 0..context.genai.turns().len().min(8) {
                let why = whys.of(Explained::Turn(TurnIx::from_usize(at))).unwrap();
                text.push_str(&format!("  {}\n", why.sentence()));
                why.remarks().iter().for_each(|remark| text.push_str(&format!("    - {remark}\n")));
                let (lo, hi) = sum(&why);
                assert!(lo <= why.took_ns && why.took_ns <= hi, "{name} {at}: {lo}..{hi} of {}", why.took_ns);
                assert!(
                    why.parts.iter().all(|part| !part.spans.is_empty() && part.count >= part.spans.len()),
                    "{name}"
                );
            }
        });
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_slow_turn_of_the_sample_waited_for_its_models_and_retries() {
    let store = sample("slow-conversation");
    let why = of_turn(&store, 2);
    let time =
        |what: &What| why.parts.iter().find(|part| part.what == *what).map(|part| (part.time.lo_ns + MS / 2) / MS);
    // The planner's second and third attempt waited 120 and 320 ms; its first two failed after 80 and 70 ms.
    assert_eq!(time(&What::Backoff("429".to_owned())), Some(440));
    assert_eq!(time(&What::Failed("429".to_owned())), Some(150));
    // 920 and 590 ms, as the provider states them.
    assert_eq!(time(&What::Phase(Phase::Decode)), Some(1510));
    assert_eq!(time(&What::Tool("search_docs".to_owned())), Some(750));
    // The browser's call less the gateway's work: 4989.6 - 4809.5 ms, whatever their clocks say.
    assert_eq!(time(&What::Between("web-chat".to_owned(), "gateway".to_owned())), Some(180));
    let decode = why.parts.iter().find(|part| part.what == What::Phase(Phase::Decode)).unwrap();
    assert!(decode.is_derived && decode.count == 2);
    assert!(decode.spans.iter().all(|span| store.span(*span).name() == "chat claude-sonnet-4-5"));
}

#[test]
fn a_turn_by_voice_is_what_was_heard_and_what_answered() {
    let store = sample("voice-session");
    with(&store, |context, whys| {
        let why = whys.of(Explained::Turn(TurnIx(0))).unwrap();
        let names: Vec<&str> = why.tops.iter().map(|top| store.span(*top).name()).collect();
        assert_eq!(names, ["user_turn", "agent_turn"]);
        assert_eq!(
            why.unaccounted,
            Between { lo_ns: 10 * MS, hi_ns: Some(10 * MS) },
            "nothing is recorded between them"
        );
        // Both services count turns of the conversation; names have to tell them apart.
        let by = |at: u32| context.genai.counted_by(&store, TurnIx(at));
        let mut all: Vec<_> = (0..6).map(|at| by(at).unwrap()).collect();
        all.sort_unstable();
        assert_eq!(all, ["dialog", "dialog", "dialog", "voice-agent", "voice-agent", "voice-agent"]);
    });
    let store = sample("slow-conversation");
    with(&store, |context, _| assert_eq!(context.genai.counted_by(&store, TurnIx(0)), None));
}

#[test]
fn a_turn_is_compared_with_the_others_of_its_conversation() {
    let turns = [100, 110, 120, 400].map(|ms| ms * MS);
    let mut text = String::from(r#"{"resourceSpans":[{"scopeSpans":[{"spans":["#);
    for (at, ns) in turns.iter().enumerate() {
        let start = NOW + at as i64 * S;
        text.push_str(if at == 0 { "" } else { "," });
        text.push_str(&format!(
            r#"{{"traceId":"0af7651916cd43dd8448eb211c8031{at:02}","spanId":"0000000000000{at:02}1","name":"invoke_agent a","startTimeUnixNano":"{start}","endTimeUnixNano":"{}","attributes":[{{"key":"gen_ai.operation.name","value":{{"stringValue":"invoke_agent"}}}},{{"key":"gen_ai.agent.name","value":{{"stringValue":"a"}}}},{{"key":"gen_ai.conversation.id","value":{{"stringValue":"c-1"}}}}]}}"#,
            start + ns
        ).replace("00000000000000000", "0000000000000"));
    }
    text.push_str("]}]}]}");
    let store = load(&[Source::memory("turns.json", text.into_bytes())], &Options::default(), &Progress::default())
        .unwrap()
        .store;
    let slow = of_turn(&store, 3);
    assert_eq!(slow.usual, Some(Usual { median_ns: 110 * MS, turns: 3 }));
    assert!(
        slow.sentence().ends_with("That is 3.6 times the median of the 3 other turns of its conversation, 110 ms.")
    );
    let usual = of_turn(&store, 1);
    assert!(usual.usual.is_some() && !usual.sentence().contains("median"), "{}", usual.sentence());
}

/// Agents at the top of one trace, without a span around them: start and end in ms.
fn agents(spans: &[(i64, i64)]) -> TraceStore {
    let mut draft = Draft::default();
    let host = draft.host("a", "");
    for (id, &(start, end)) in (1..).zip(spans) {
        let span = draft.span(host, id, 0, NOW + start * MS, NOW + end * MS);
        span.name = format!("invoke_agent {id}");
        span.texts.extend([("gen_ai.operation.name", "invoke_agent"), ("gen_ai.conversation.id", "c-1")]);
    }
    draft.store()
}

#[test]
fn agents_without_a_span_around_them_follow_each_other_or_run_beside() {
    let why = of_turn(&agents(&[(0, 100), (110, 300), (300, 350)]), 0);
    assert_eq!((why.tops.len(), why.took_ns), (3, 350 * MS));
    assert_eq!(why.unaccounted.lo_ns, 10 * MS, "nothing is recorded between the first two");
    assert!(why.remarks().is_empty());
    // What runs beside delays nothing that is known, and is not passed over in silence.
    let why = of_turn(&agents(&[(0, 100), (50, 300)]), 0);
    assert_eq!((why.tops.len(), why.took_ns), (1, 100 * MS));
    assert_eq!(why.remarks(), ["invoke_agent 2 began beside it and went on for 200 ms more"]);
    let why = of_turn(&agents(&[(0, 100), (50, 90)]), 0);
    assert!(why.remarks().is_empty());
}

/// One service with its steps: parent, name, start and end in ms.
fn steps(steps: &[(u64, &str, i64, i64)]) -> Draft {
    let mut draft = Draft::default();
    let host = draft.host("api", "");
    for (id, &(parent, name, start, end)) in (1..).zip(steps) {
        draft.span(host, id, parent, NOW + start * MS, NOW + end * MS).name = name.to_owned();
    }
    draft
}

#[test]
fn requests_without_any_ai_are_explained_too() {
    let why = of_root(&steps(&[(0, "GET /cart", 0, 200), (1, "SELECT items", 10, 150), (1, "render", 155, 195)]));
    assert_eq!(
        why.sentence(),
        "GET /cart took 200 ms: 140 ms in SELECT items of api, 40 ms in render of api, 20 ms in GET /cart of api."
    );
    let why = of_root(&steps(&[(0, "GET /cart", 0, 200)]));
    assert_eq!(why.sentence(), "GET /cart took 200 ms, and nothing is recorded below it.");
    // A span in another process that says nothing about who waited for it.
    let mut draft = steps(&[(0, "GET /cart", 0, 200)]);
    let other = draft.host("mailer", "");
    draft.span(other, 2, 1, NOW + 20 * MS, NOW + 900 * MS).name = "send mail".to_owned();
    assert_eq!(
        of_root(&draft).sentence(),
        "GET /cart took 200 ms, and what is recorded below it is not known to have delayed it."
    );
    // What runs beside the longest step delays nothing.
    let why = of_root(&steps(&[(0, "all", 0, 100), (1, "slow", 0, 100), (1, "quick", 0, 60)]));
    assert_eq!(why.parts.len(), 1);
    assert_eq!(why.sentence(), "all took 100 ms: 100 ms in slow of api.");
}

#[test]
fn what_clocks_leave_open_is_an_interval_and_names_all() {
    let mut draft = Draft::default();
    let hosts = [draft.host("a", ""), draft.host("b", ""), draft.host("c", "")];
    draft.span(hosts[0], 1, 0, NOW, NOW + 100 * MS).kind = SpanKind::Client;
    for (id, host, name) in [(2, hosts[1], "one"), (4, hosts[2], "two")] {
        let span = draft.span(host, id, 1, NOW + 15 * MS, NOW + (25 + id as i64 / 4) * MS);
        (span.kind, span.name) = (SpanKind::Server, name.to_owned());
    }
    for (id, host) in [(10, hosts[1]), (12, hosts[2])] {
        draft.call((hosts[0], host), id, 0, [0, 1, 1, 2].map(|ms| NOW + S + ms * MS));
    }
    let why = of_root(&draft);
    let open = why.parts.iter().find(|part| matches!(part.what, What::Unknown(_))).unwrap();
    assert_eq!(open.words, "in one or two, in an order that clocks leave open");
    assert_eq!(open.spans.len(), 2);
    assert_eq!(why.took_ns, 100 * MS);
    let (lo, hi) = sum(&why);
    assert!(lo <= why.took_ns && why.took_ns <= hi);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    /// No offset is needed for any of the numbers, and together they are the whole time.
    #[test]
    fn parts_add_up_and_no_clock_changes_them(seed: u64, offsets in prop::array::uniform3(-3600 * S..3600 * S)) {
        let [still, moved] = [[0; 3], offsets].map(|offsets| of_root(&Tree::plant(seed, offsets).draft));
        prop_assert_eq!(sum(&moved), (10 * S, 10 * S));
        prop_assert_eq!(&still, &Why { visited: still.visited, ..moved });
    }

    /// What lies on one clock is told to the nanosecond: the oracle adds up the true stretches by span.
    #[test]
    fn own_times_are_those_of_the_true_path(seed: u64) {
        let tree = Tree::plant(seed, [7 * S, -3 * S, 0]);
        let why = of_root(&tree.draft);
        let mut calls = 0;
        for (span, from, to) in tree.path() {
            let is_call = tree.truth.iter().any(|it| it.parent == Some(span.at()) && it.host != tree.truth[span.at()].host);
            calls += if is_call { tree.at(to) - tree.at(from) } else { 0 };
        }
        let between = why.parts.iter().filter(|part| matches!(part.what, What::Between(..)));
        let between: i64 = between.map(|part| part.time.lo_ns).sum();
        // What is summed up beyond the largest parts may be time between clocks, too.
        prop_assert!(between <= calls && calls <= between + why.more.1.lo_ns, "{between} instead of {calls}");
    }
}

#[test]
fn no_span_spends_more_than_it_took() {
    for name in ["slow-conversation", "step", "retry-cascade", "decode-in-prefill"] {
        let store = sample(name);
        with(&store, |_, whys| {
            for span in store.span_ixs() {
                let Some(why) = whys.of(Explained::Span(span)) else { continue };
                let (lo, _) = sum(&why);
                assert!(lo <= why.took_ns, "{name}: {lo} of {}: {}", why.took_ns, why.sentence());
            }
        });
    }
}
