//! What holds for any model call, whatever nonsense its attributes say.

use proptest::prelude::*;
use serde_json::json;

use super::fixture::{Span, T0_NS, store};
use crate::analysis::clocks::domains;
use crate::analysis::genai::{Breakdown, GenAi, Origin, Phase};
use crate::model::SpanIx;

/// A duration as attributes have it: plausible in some unit, or nonsense.
fn duration() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        2 => Just(None),
        4 => (0.0..3.0_f64).prop_map(Some),
        2 => (0.0..3000.0_f64).prop_map(|value| Some(value.round())),
        1 => (0.0..3e9_f64).prop_map(|value| Some(value.round())),
        1 => Just(Some(-1.0)),
    ]
}

fn call() -> impl Strategy<Value = Span> {
    let keys = [
        "gen_ai.latency.time_in_queue",
        "gen_ai.latency.time_in_model_prefill",
        "gen_ai.latency.time_in_model_decode",
        "gen_ai.latency.e2e",
        "gen_ai.response.time_to_first_chunk",
        "load_duration",
        "inference_time",
    ];
    let values = proptest::collection::vec(duration(), keys.len());
    (values, 0.0..2000.0_f64, prop_oneof!["client", "server", "internal"]).prop_map(move |(values, ms, kind)| {
        let mut span = Span { name: "chat m".to_owned(), id: 1, ms: [0.0, ms], kind, ..Span::default() };
        span.attributes.insert("gen_ai.operation.name".to_owned(), json!("chat"));
        for (key, value) in keys.iter().zip(values) {
            if let Some(value) = value {
                span.attributes.insert((*key).to_owned(), json!(value));
            }
        }
        span
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, rng_seed: proptest::test_runner::RngSeed::Fixed(7), ..ProptestConfig::default() })]

    #[test]
    fn parts_lie_inside_their_span_or_say_so_and_leave_nothing_out(span in call()) {
        let store = store(&[span]);
        let genai = GenAi::analyse(&store);
        let (start, end) = store.span(SpanIx(0)).drawn_ns();
        prop_assert!(start == T0_NS);
        let parts = genai.phases(SpanIx(0));
        let mut covered = start;
        for part in parts {
            prop_assert!(part.end_ns > part.start_ns);
            prop_assert_eq!(part.is_outside, part.start_ns < start || part.end_ns > end);
            prop_assert!(part.start_ns <= covered, "a gap before {:?}", part);
            covered = covered.max(part.end_ns);
        }
        prop_assert!(end == start || covered >= end);
        // What is left is exactly what no other part covers.
        for open in parts.iter().filter(|part| part.origin == Origin::Unaccounted) {
            let is_clear = |other: &&_| other != &open && overlap(open, other);
            prop_assert!(!parts.iter().any(|other| is_clear(&other)), "unaccounted and accounted at once");
        }
    }

    #[test]
    fn lengths_are_as_stated_never_stretched(span in call()) {
        let store = store(&[span]);
        let genai = GenAi::analyse(&store);
        let view = genai.call(&store, SpanIx(0)).unwrap();
        for part in genai.phases(SpanIx(0)) {
            let Origin::Derived(rule) = part.origin else { continue };
            let is_stated = matches!(part.phase, Phase::Queue | Phase::Load | Phase::Decode | Phase::Compute);
            if is_stated && rule.field != crate::analysis::genai::Field::Ttft {
                let stated: i64 = view.text(rule.field).unwrap().parse().unwrap();
                prop_assert_eq!(part.duration_ns(), stated);
            }
        }
    }

    #[test]
    fn busy_time_is_at_most_the_sum_and_at_most_the_wall(spans in proptest::collection::vec((call(), 0.0..500.0_f64), 1..12)) {
        let spans: Vec<Span> = (1..).zip(spans).map(|(id, (span, late))| {
            Span { id, trace: u128::from(id % 3) + 1, ms: [late, late + span.ms[1]], ..span }
        }).collect();
        let store = store(&spans);
        let genai = GenAi::analyse(&store);
        let breakdown = Breakdown::of(&store, &genai, &domains::assign(&store), None, store.span_ixs());
        let outside: bool = store.span_ixs().any(|span| genai.phases(span).iter().any(|part| part.is_outside));
        for time in &breakdown.phases {
            let busy = time.busy.exact_ns().unwrap();
            prop_assert!(busy <= time.sum_ns());
            prop_assert!(busy <= breakdown.busy.exact_ns().unwrap());
        }
        if !outside {
            prop_assert!(breakdown.busy.exact_ns().unwrap() <= breakdown.wall.unwrap().exact_ns().unwrap());
        }
    }
}

fn overlap(a: &crate::analysis::genai::PhasePart, b: &crate::analysis::genai::PhasePart) -> bool {
    a.start_ns < b.end_ns && b.start_ns < a.end_ns
}
