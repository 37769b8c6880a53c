use proptest::prelude::*;

use super::super::clocks::domains;
use super::super::clocks::tests::Draft;
use super::super::clocks::{Options, Point};
use super::*;
use crate::model::SpanKind;
use crate::model::time::{MS, S};

const NOW: i64 = 1_795_000_000 * S + 123_457;

fn path(draft: &Draft) -> (Vec<String>, CriticalPath) {
    let store = draft.store();
    let domains = domains::assign(&store);
    let model = ClockModel::analyse(&store, &domains, &Options::default());
    let path = CriticalPath::new(&store, &domains, &model, SpanIx(0));
    let event = |key: EventKey| format!("{}{}", key.span.0, if key.point == Point::Start { "<" } else { ">" });
    let words = |segment: &Segment| {
        let unknown: Vec<u32> = segment.unknown.iter().map(|span| span.0).collect();
        let hatched = if unknown.is_empty() { String::new() } else { format!(" of {unknown:?}") };
        format!("{}: {} {}{hatched}", segment.span.0, event(segment.from), event(segment.to))
    };
    (path.segments.iter().map(words).collect(), path)
}

/// Parent, start and end, times in ms.
type Child = (u64, i64, i64);

/// One clock.
fn one_clock(children: &[Child]) -> Draft {
    let mut draft = Draft::default();
    let host = draft.host("a", "");
    draft.span(host, 1, 0, NOW, NOW + 100 * MS);
    for (id, &(parent, start, end)) in (2..).zip(children) {
        draft.span(host, id, parent, NOW + start * MS, NOW + end * MS);
    }
    draft
}

#[test]
fn on_one_clock_it_is_what_the_end_waited_for() {
    let cases: [(&[Child], &[&str]); 6] = [
        (&[], &["0: 0< 0>"]),
        (&[(1, 10, 90)], &["0: 1> 0>", "1: 1< 1>", "0: 0< 1<"]),
        // The later of two that overlap; the earlier one ended after the later one began.
        (&[(1, 10, 60), (1, 50, 90)], &["0: 2> 0>", "2: 2< 2>", "0: 0< 2<"]),
        (&[(1, 10, 40), (1, 50, 90)], &["0: 2> 0>", "2: 2< 2>", "0: 1> 2<", "1: 1< 1>", "0: 0< 1<"]),
        // A child that outlives its parent was not waited for.
        (&[(1, 10, 40), (1, 50, 190)], &["0: 1> 0>", "1: 1< 1>", "0: 0< 1<"]),
        (
            &[(1, 10, 90), (2, 20, 30), (2, 40, 50)],
            &["0: 1> 0>", "1: 3> 1>", "3: 3< 3>", "1: 2> 3<", "2: 2< 2>", "1: 1< 2<", "0: 0< 1<"],
        ),
    ];
    for (children, expected) in cases {
        assert_eq!(path(&one_clock(children)).0, expected, "{children:?}");
    }
}

#[test]
fn an_order_that_is_not_known_is_not_guessed() {
    let two_servers = |gap: i64| {
        let mut draft = Draft::default();
        let hosts = [draft.host("a", ""), draft.host("b", ""), draft.host("c", "")];
        draft.span(hosts[0], 1, 0, NOW, NOW + 100 * MS);
        for (id, host, start) in [(2, hosts[1], 10), (4, hosts[2], 10 + gap)] {
            let times = [start, start + 5, start + 15, start + 20].map(|ms| NOW + ms * MS);
            let span = draft.span(host, id, 1, times[1], times[2]);
            span.kind = SpanKind::Server;
        }
        // Short calls between the clocks: offsets are known to within 2 ms.
        for (id, host) in [(10, hosts[1]), (12, hosts[2])] {
            draft.call((hosts[0], host), id, 0, [0, 1, 1, 2].map(|ms| NOW + S + ms * MS));
        }
        draft.first().kind = SpanKind::Client;
        draft
    };
    let (clear, _) = path(&two_servers(40));
    assert_eq!(clear, ["0: 2> 0>", "2: 2< 2>", "0: 1> 2<", "1: 1< 1>", "0: 0< 1<"]);
    let (unclear, path) = path(&two_servers(1));
    assert!(unclear[0].ends_with("of [1, 2]"), "{unclear:?}");
    assert!(!path.spans().contains(&SpanIx(1)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn on_one_clock_the_stretches_tile_the_span(
        children in prop::collection::vec((0_usize..6, 0_i64..90, 1_i64..60), 0..12),
    ) {
        let mut all: Vec<(u64, i64, i64)> = Vec::new();
        for (at, &(parent, start, length)) in children.iter().enumerate() {
            let parent = parent % (at + 1);
            let (from, to) = if parent == 0 { (0, 100) } else { (all[parent - 1].1, all[parent - 1].2) };
            let start = start.clamp(from, to);
            all.push((parent as u64 + 1, start, (start + length).min(to)));
        }
        let draft = one_clock(&all);
        let store = draft.store();
        let time = |key: EventKey| match key.point {
            Point::Start => store.span(key.span).start_ns(),
            _ => store.span(key.span).end_ns(),
        };
        let (_, path) = path(&draft);
        let mut until = NOW + 100 * MS;
        for segment in &path.segments {
            prop_assert_eq!(time(segment.to), until);
            prop_assert!(time(segment.from) <= until && segment.unknown.is_empty());
            until = time(segment.from);
            // Nothing that is at work below the span ends inside the stretch: it would have been waited for.
            for &child in store.span(segment.span).children() {
                let end = store.span(child).end_ns();
                prop_assert!(end <= until || end >= time(segment.to) || store.span(child).duration_ns() == Some(0));
            }
        }
        prop_assert_eq!(until, NOW);
    }
}
