use proptest::prelude::*;

use super::super::domains;
use super::super::stamps::Readers;
use super::super::tests::Draft;
use super::*;
use crate::model::SpanIx;
use crate::model::time::MS;

fn of(separations: &[i64]) -> Separations {
    let sample = |(at, &separation_ns): (usize, &i64)| {
        let key = EventKey::start(SpanIx::from_usize(at));
        let is_unclear = (-2..0).contains(&separation_ns);
        Sample { received_ns: 100 - at as i64, separation_ns, from: key, to: key, is_unclear }
    };
    let samples = separations.iter().enumerate().map(sample).collect();
    Separations::new(DomainIx(0), DomainIx(1), Rule::RequestStart, samples)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    #[test]
    fn counts_agree_with_counting(values in prop::collection::vec(-60_i64..60, 1..80), at in -70_i64..70, bins in 1_usize..20) {
        let edge = of(&values);
        let below = values.iter().filter(|&&value| value < at).count();
        prop_assert_eq!(edge.count_below(at), below);
        let histogram = edge.histogram(bins);
        prop_assert!(histogram.counts.len() <= bins);
        for (bin, &count) in (0..).zip(&histogram.counts) {
            let from = histogram.first_ns + bin * histogram.width_ns;
            let inside = values.iter().filter(|&&value| from <= value && value < from + histogram.width_ns).count();
            prop_assert_eq!(count, inside);
        }
        prop_assert_eq!(histogram.counts.iter().sum::<usize>(), values.len());
        let steps = edge.distribution(bins);
        prop_assert!(steps.len() <= bins.max(2) && steps.is_sorted());
        prop_assert_eq!(steps.last().unwrap().0, *values.iter().max().unwrap());
        prop_assert!((steps.last().unwrap().1 - 1.0).abs() < 1e-12);
        // Setting the receiver back by `at` is the same as asking the distribution.
        let moved: Vec<i64> = values.iter().map(|value| value - at).collect();
        let backwards = moved.iter().filter(|&&value| value < 0).count();
        prop_assert!((edge.share_below(at) - backwards as f64 / values.len() as f64).abs() < 1e-12);
    }
}

#[test]
fn least_latencies_are_those_of_messages_that_run_forwards() {
    let values: Vec<i64> = (-5..2_000).collect();
    let least = of(&values).least_latencies().unwrap();
    assert_eq!((least.count, least.least_ns, least.per_mille_ns, least.percent_ns), (2_000, 0, 1, 19));
    assert_eq!((least.five_percent_ns, least.median_ns), (99, 999));
    assert!((least.most_violations() - 0.0015).abs() < 1e-9);
    assert_eq!(of(&values).backwards(), (3, 2));
    assert!(of(&[-1, -2]).least_latencies().is_none());
}

#[test]
fn the_messages_of_a_store_are_grouped_by_clocks_and_rule() {
    let mut draft = Draft::default();
    let (a, b) = (draft.host("a", ""), draft.host("b", ""));
    for call in 0..4_i64 {
        let at = (1_000 + call) * MS;
        draft.call((a, b), call as u64 * 2 + 1, 0, [at, at - 3 + call, at + 5, at + 9]);
    }
    let store = draft.store();
    let domains = domains::assign(&store);
    let readers = Readers::detect(&store);
    let found = collect(&Stamps::new(&store, &domains.of_span, &readers), None, Evidence::Convention);
    let request = found.iter().find(|edge| edge.rule == Rule::RequestStart).unwrap();
    assert_eq!(request.sorted_ns(), [-3, -2, -1, 0]);
    let violations = Violations::new(&store, [request]);
    assert_eq!(
        (violations.checked, violations.backwards, violations.traces, violations.traces_backwards),
        (4, 3, 1, 1)
    );
    assert!((violations.share() - 0.75).abs() < 1e-12);
    assert!(violations.per_second() > 900.0);
    let twice = Violations::new(&store, [request, request]);
    assert_eq!((twice.backwards, twice.traces), (6, 1));
}
