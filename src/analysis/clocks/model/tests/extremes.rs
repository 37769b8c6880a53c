//! Whatever times, parents and links say: an answer, and every raw time as it was.

use proptest::prelude::*;

use sha2::{Digest as _, Sha256};

use super::*;

/// A hash of the bytes of every raw time, and of what else the file said about when.
fn raw_bytes(store: &TraceStore) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut add = |time_ns: i64| hash.update(time_ns.to_le_bytes());
    store.starts_ns().iter().chain(store.ends_ns()).copied().for_each(&mut add);
    for event in store.span_ixs().flat_map(|span| store.span(span).events().collect::<Vec<_>>()) {
        add(event.time_ns());
        add(event.observed_ns().unwrap_or(i64::MIN));
    }
    hash.finalize().into()
}

const TIMES: [i64; 9] = [0, 1, -1, i64::MIN, i64::MAX, i64::MAX - 1, NOW, NOW + MS, NOW - S];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn nothing_that_spans_say_stops_the_analysis_or_changes_a_time(
        clocks in 0_usize..4,
        spans in prop::collection::vec(
            (0_usize..4, 1_u64..9, 0_u64..9, 0..TIMES.len(), 0..TIMES.len(), 0_usize..6, prop::option::of(1_u64..9)),
            0..12,
        ),
        level in 0_usize..3,
        reference in 0_u32..4,
    ) {
        const LANGUAGES: [&str; 4] = ["python", "webjs", "java", "go"];
        const KINDS: [SpanKind; 6] = [
            SpanKind::Unspecified, SpanKind::Internal, SpanKind::Client, SpanKind::Server, SpanKind::Producer, SpanKind::Consumer,
        ];
        let mut draft = Draft::default();
        let hosts: Vec<usize> = (0..clocks).map(|at| draft.host(&format!("h{at}"), LANGUAGES[at])).collect();
        for &(host, id, parent, start, end, kind, link) in spans.iter().filter(|_| clocks > 0) {
            // Ids meet each other, parents form circles, and links lead to the span itself.
            let span = draft.span(hosts[host % clocks], id, parent, TIMES[start], TIMES[end]);
            span.kind = KINDS[kind];
            span.links.extend(link);
        }
        let level = [Evidence::Protocol, Evidence::Convention, Evidence::Prior][level];
        let options = Options { level, reference: Some(DomainIx(reference)), ..Options::default() };
        let store = draft.store();
        let before = raw_bytes(&store);
        let domains = domains::assign(&store);
        let model = ClockModel::analyse(&store, &domains, &options);
        let keys: Vec<EventKey> = store.span_ixs().flat_map(|span| [EventKey::start(span), EventKey::end(span)]).collect();
        for &key in &keys {
            let placed = model.place(&store, &domains, key);
            prop_assert!(placed.is_none_or(|placed| placed.earliest_ns.is_none_or(|from| placed.latest_ns.is_none_or(|to| from <= to))));
            for &other in &keys {
                let found = model.between(&store, &domains, key, other);
                prop_assert_eq!(found.is_some(), placed.is_some() && model.place(&store, &domains, other).is_some());
            }
        }
        let other = model.with_options(&store, &domains, &Options::default());
        for domain in (0..domains.list.len()).map(DomainIx::from_usize) {
            other.hold(domain, NOW, 5).map(|held| held.offset(&other, domain, NOW));
            prop_assert!(other.band(domain, domain, 10).is_none());
        }
        prop_assert_eq!(raw_bytes(&store), before);
        prop_assert_eq!(raw_bytes(&draft.store()), before);
        let ids: Vec<u32> = model.findings().iter().map(|finding| finding.id).collect();
        prop_assert_eq!(ids, (1..=model.findings().len() as u32).collect::<Vec<_>>());
    }
}
