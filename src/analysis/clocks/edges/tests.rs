//! Which edges are made, and which are not.

use super::super::domains;
use super::super::stamps::Readers;
use super::super::tests::Draft;
use super::*;
use crate::model::{SpanKind, time::MS};

/// `rule: from -> to` of every edge, sorted.
fn edges(draft: &Draft) -> (Vec<String>, Classes) {
    let store = draft.store();
    let domains = domains::assign(&store);
    let readers = Readers::detect(&store);
    let stamps = Stamps::new(&store, &domains.of_span, &readers);
    let mut found = Vec::new();
    let classes = for_each(&stamps, None, |edge, _| {
        let end = |key: EventKey| format!("{}.{:?}", key.span.0, key.point).to_lowercase();
        found.push(format!("{}: {} -> {}", edge.cause.rule, end(edge.cause.from), end(edge.cause.to)));
    });
    found.sort();
    (found, classes)
}

fn two_hosts() -> (Draft, usize, usize) {
    let mut draft = Draft::default();
    let (a, b) = (draft.host("a", ""), draft.host("b", ""));
    (draft, a, b)
}

#[test]
fn a_unary_call_gives_three_edges() {
    let (mut draft, a, b) = two_hosts();
    draft.call((a, b), 1, 0, [0, 10, 20, 30].map(|ms| 1_000 * MS + ms * MS));
    assert_eq!(
        edges(&draft).0,
        [
            "request_start: 0.start -> 1.start",
            "response_after_server_start: 1.start -> 0.end",
            "unary_end: 1.end -> 0.end"
        ]
    );
}

#[test]
fn streams_errors_and_several_servers_have_no_end_edge() {
    let call = |change: fn(&mut Draft)| {
        let (mut draft, a, b) = two_hosts();
        let span = draft.span(a, 1, 0, 100, 200);
        span.kind = SpanKind::Client;
        draft.span(b, 2, 1, 120, 180).kind = SpanKind::Server;
        change(&mut draft);
        edges(&draft).0
    };
    let sent = "request_start: 0.start -> 1.start";
    let assumed = "assumed_response: 1.start -> 0.end";
    assert_eq!(call(|_| {}), [assumed, sent, "unary_end: 1.end -> 0.end"]);
    let stream = |draft: &mut Draft| draft.first().name = "chat stream".into();
    assert_eq!(call(stream), [assumed, sent]);
    let cancelled = |draft: &mut Draft| draft.first().texts.push(("error.type", "java.net.SocketTimeoutException"));
    assert_eq!(call(cancelled), [sent]);
    let gave_up = |draft: &mut Draft| draft.first().attrs.push(("http.response.status_code", 499));
    assert_eq!(call(gave_up), [sent]);
    let hedged = |draft: &mut Draft| draft.span(1, 3, 1, 130, 170).kind = SpanKind::Server;
    assert_eq!(call(hedged), [sent, "request_start: 0.start -> 2.start"]);
}

#[test]
fn messages_have_no_end_edges() {
    let (mut draft, a, b) = two_hosts();
    draft.span(a, 1, 0, 100, 110).kind = SpanKind::Producer;
    draft.span(b, 2, 1, 500, 900).kind = SpanKind::Consumer;
    assert_eq!(edges(&draft).0, ["message_start: 0.start -> 1.start"]);
}

#[test]
fn unknown_kinds_are_convention_and_back_dated_starts_are_not_used() {
    for (name, starts) in [("work", true), ("documentLoad", false), ("time in_queue", false)] {
        let (mut draft, a, b) = two_hosts();
        draft.span(a, 1, 0, 100, 200);
        draft.span(b, 2, 1, 120, 180).name = name.into();
        let end = "parent_start_child_end: 0.start -> 1.end";
        let start = "remote_child_start: 0.start -> 1.start";
        let expected: &[&str] = if starts { &[end, start] } else { &[end] };
        assert_eq!(edges(&draft).0, expected, "{name}");
    }
}

#[test]
fn spans_of_one_clock_and_ambiguous_parents_give_no_edges() {
    let mut draft = Draft::default();
    let (a, b) = (draft.host("a", ""), draft.host("b", ""));
    draft.span(a, 1, 0, 100, 200);
    draft.span(a, 2, 1, 120, 180);
    draft.span(a, 3, 0, 100, 200);
    draft.span(a, 3, 0, 101, 200);
    draft.span(b, 4, 3, 120, 180);
    assert!(edges(&draft).0.is_empty());
}

#[test]
fn chunks_match_by_what_had_arrived() {
    let (mut draft, a, b) = two_hosts();
    draft.call((a, b), 1, 0, [100, 200, 900, 990]);
    let chunk = "gen_ai.content.completion.chunk";
    draft.at(0).texts.push(("gen_ai.request.stream", "true"));
    draft.at(0).events = vec![(chunk, 520, 10), (chunk, 640, 25)];
    draft.at(1).events = vec![(chunk, 300, 5), (chunk, 400, 15), (chunk, 600, 30)];
    let found = edges(&draft).0;
    assert_eq!(found[2..], ["stream_chunk: 1.event(1) -> 0.event(0)", "stream_chunk: 1.event(2) -> 0.event(1)"]);
}

#[test]
fn a_rule_that_mostly_fails_is_off() {
    let (mut draft, a, b) = two_hosts();
    for call in 0..10 {
        let late = if call % 3 == 0 { 500 } else { 0 };
        draft.call((a, b), 1 + 2 * call, 0, [1000, 1010, 1050 + late, 1060]);
    }
    let (found, classes) = edges(&draft);
    let class = classes.list.iter().find(|class| class.rule == Rule::UnaryEnd).unwrap();
    assert_eq!((class.uses, class.failures), (10, 4));
    assert!(class.is_off());
    assert_eq!(class.worst.unwrap().1, 480);
    assert_eq!(found.iter().filter(|edge| edge.starts_with("unary_end")).count(), 6);
}
