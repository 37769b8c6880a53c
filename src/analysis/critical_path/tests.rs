use proptest::prelude::*;

use super::super::clocks::Options;
use super::super::clocks::domains;
use super::super::clocks::tests::Draft;
use super::planted::{Stretch, Tree};
use super::*;
use crate::analysis::clocks::Evidence;
use crate::model::time::{MS, S};

const NOW: i64 = 1_795_000_000 * S + 123_457;

fn path(draft: &Draft) -> (Vec<String>, CriticalPath) {
    let store = draft.store();
    let domains = domains::assign(&store);
    let model = ClockModel::analyse(&store, &domains, &Options::default());
    let path = Paths::new(&store, &domains, &model, None).of(SpanIx(0));
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

/// A call from a browser, whose clock counts milliseconds, to a server whose clock is an hour ahead. There is no other
/// message between them, so that no offset says whether the server ended before the call did.
fn one_call(change: impl FnOnce(&mut Draft)) -> Draft {
    let mut draft = Draft::default();
    let (browser, server) = (draft.host("a", "webjs"), draft.host("b", ""));
    let from = NOW - NOW % MS;
    draft.call(
        (browser, server),
        1,
        0,
        [from, from + 3600 * S + 10_211_311, from + 3600 * S + 90_100_077, from + 100 * MS],
    );
    change(&mut draft);
    draft
}

fn descends(draft: &Draft, options: &Options) -> bool {
    let store = draft.store();
    let domains = domains::assign(&store);
    let model = ClockModel::analyse(&store, &domains, options);
    Paths::new(&store, &domains, &model, None).of(SpanIx(0)).spans().contains(&SpanIx(1))
}

#[test]
fn a_caller_waits_for_an_answer_whose_place_nothing_tells() {
    let (found, _) = path(&one_call(|_| {}));
    assert_eq!(found, ["0: 1> 0>", "1: 1< 1>", "0: 0< 1<"]);
}

#[test]
fn nobody_waits_for_streams_messages_and_late_servers() {
    type Change = fn(&mut Draft);
    let cases: [(&str, Change); 8] = [
        ("a stream", |draft| draft.at(0).texts.push(("http.response.header.content-type", "text/event-stream"))),
        ("a stream of a server", |draft| draft.at(1).name = "stream answer".to_owned()),
        ("a call that was given up", |draft| draft.at(0).attrs[0].1 = 504),
        ("a message", |draft| {
            draft.at(0).kind = SpanKind::Producer;
            draft.at(1).kind = SpanKind::Consumer;
        }),
        ("a step of unknown kind", |draft| draft.at(1).kind = SpanKind::Internal),
        ("a server that goes on", |draft| draft.at(1).shift_end(30 * MS)),
        ("a notification", |draft| draft.at(0).texts.push(("rpc.method", "notifications/progress"))),
        ("two servers", |draft| {
            let from = NOW - NOW % MS + 3600 * S;
            draft.span(1, 3, 1, from + 20 * MS + 7, from + 80 * MS + 5).kind = SpanKind::Server;
        }),
    ];
    for (name, change) in cases {
        assert!(!descends(&one_call(change), &Options::default()), "{name}");
    }
    let strict = Options { level: Evidence::Protocol, ..Options::default() };
    assert!(!descends(&one_call(|_| {}), &strict), "that answers come last is a habit, no protocol");
}

#[test]
fn within_a_tick_of_one_clock_the_written_order_holds() {
    let from = NOW - NOW % MS;
    // A clock that counts milliseconds: steps of one parent begin in the millisecond in which the one before ended.
    let run = |steps: &[(i64, i64)]| {
        let mut draft = Draft::default();
        let host = draft.host("a", "webjs");
        draft.span(host, 1, 0, from, from + 100 * MS);
        for (id, &(start, end)) in (2..).zip(steps) {
            draft.span(host, id, 1, from + start * MS, from + end * MS);
        }
        let (found, path) = path(&draft);
        (found, path.is_by_ticks)
    };
    assert_eq!(
        run(&[(10, 50), (50, 100)]),
        (path_of(&["0: 2> 0>", "2: 2< 2>", "0: 1> 2<", "1: 1< 1>", "0: 0< 1<"]), true)
    );
    // Two that end in one tick: nobody knows which was the last one.
    let (unclear, _) = run(&[(10, 100), (50, 100)]);
    assert!(unclear[0].ends_with("of [1, 2]"), "{unclear:?}");
    // No tick is needed where nothing is near.
    assert!(!run(&[(10, 50), (60, 90)]).1);
}

fn path_of(stretches: &[&str]) -> Vec<String> {
    stretches.iter().map(|&stretch| stretch.to_owned()).collect()
}

/// A call, and a step beside it; both as kind, name, start and end in ms.
type Beside<'a> = (SpanKind, &'a str, i64, i64);

/// The names along the path, and whether anything was concluded about streams.
fn relayed(steps: &[Beside<'_>], is_known: bool) -> (Vec<String>, bool) {
    let mut draft = Draft::default();
    let host = draft.host("a", "");
    draft.span(host, 1, 0, NOW, NOW + 100 * MS);
    for (id, &(kind, name, start, end)) in (2..).zip(steps) {
        let span = draft.span(host, id, 1, NOW + start * MS, NOW + end * MS);
        (span.kind, span.name) = (kind, name.to_owned());
    }
    let store = draft.store();
    let domains = domains::assign(&store);
    let model = ClockModel::analyse(&store, &domains, &Options::default());
    let genai = GenAi::analyse(&store);
    let path = Paths::new(&store, &domains, &model, is_known.then_some(&genai)).of(SpanIx(0));
    let names = path.segments.iter().map(|segment| store.span(segment.span).name().to_owned());
    (names.collect(), !path.relays.is_empty())
}

#[test]
fn a_step_that_passes_on_a_stream_waits_for_whoever_sends_it() {
    use SpanKind::{Client, Internal};
    const CALL: Beside<'_> = (Client, "call", 10, 80);
    const STEP: Beside<'_> = (Internal, "relay stream", 30, 90);
    // After the call ended the step was at work itself.
    let check = |name: &str, steps: &[Beside<'_>], is_known: bool, expected: &[&str], is_concluded: bool| {
        let (found, concluded) = relayed(steps, is_known);
        assert_eq!((found.join(", "), concluded), (expected.join(", "), is_concluded), "{name}");
    };
    check("a relay", &[CALL, STEP], true, &["work", "relay stream", "call", "work"], true);
    // Innocent: on the path is what ended last, and the parent itself before that began.
    let own: &[&str] = &["work", "relay stream", "work"];
    let cases: [(&str, &[Beside<'_>], &[&str]); 5] = [
        ("no stream", &[CALL, (Internal, "relay", 30, 90)], &["work", "relay", "work"]),
        ("two calls were open", &[CALL, (Client, "call", 12, 70), STEP], own),
        ("it calls somebody itself", &[CALL, (Client, "relay stream", 30, 90)], own),
        ("the call began later", &[(Client, "call", 35, 80), STEP], own),
        ("the call was over", &[(Client, "call", 10, 25), STEP], &["work", "relay stream", "work", "call", "work"]),
    ];
    for (name, steps, expected) in cases {
        check(name, steps, true, expected, false);
    }
    check("before it is known what AI work is", &[CALL, STEP], false, own, false);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn the_true_path_is_found_whatever_the_clocks_say(seed: u64, offsets in prop::array::uniform3(-3600 * S..3600 * S)) {
        let tree = Tree::plant(seed, offsets);
        let store = tree.draft.store();
        let domains = domains::assign(&store);
        let model = ClockModel::analyse(&store, &domains, &Options::default());
        let path = Paths::new(&store, &domains, &model, None).of(SpanIx(0));
        let found: Vec<Stretch> = path.segments.iter().map(|it| (it.span, it.from, it.to)).collect();
        prop_assert!(path.segments.iter().all(|segment| segment.unknown.is_empty()));
        prop_assert_eq!(found, tree.path());
    }

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
