//! Which edges are made, and which are not.

mod rows;
mod turns;
mod unseen;

use super::super::domains;
use super::super::stamps::Readers;
use super::super::tests::Draft;
use super::super::unseen::UnseenClocks;
use super::*;
use crate::model::{SpanKind, time::MS};

/// `rule: from -> to` of every edge, sorted.
fn edges(draft: &Draft) -> (Vec<String>, Classes) {
    let store = draft.store();
    let domains = domains::assign(&store);
    let readers = Readers::detect(&store);
    let unseen = UnseenClocks::find(&store);
    let first = u32::try_from(domains.list.len()).unwrap();
    let stamps = Stamps::new(&store, &domains.of_span, &readers).with_others(first, &unseen);
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
    // 10 had arrived: 5 were sent before. That 15 were, too, is sure only if the sender notes every piece.
    assert_eq!(found[2..], ["stream_chunk: 1.event(0) -> 0.event(0)", "stream_chunk: 1.event(1) -> 0.event(1)"]);
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

#[test]
fn a_tool_call_follows_the_request_and_its_result_comes_before_it_is_told() {
    let asked = ("gen_ai.output.messages", "[{\"parts\":[{\"type\":\"tool_call\",\"id\":\"call-7\"}]}]");
    let told = ("gen_ai.input.messages", "[{\"role\":\"tool\",\"parts\":[{\"id\":\"call-7\",\"response\":\"ok\"}]}]");
    let run = |change: fn(&mut Draft)| {
        let (mut draft, a, b) = two_hosts();
        draft.span(a, 1, 0, 100, 200).texts.push(asked);
        draft.span(b, 2, 0, 300, 400).texts.push(("gen_ai.tool.call.id", "call-7"));
        draft.span(a, 3, 0, 500, 600).texts.push(told);
        change(&mut draft);
        edges(&draft).0
    };
    let result = ["tool_ended_before_result: 1.end -> 2.start", "tool_started_before_result: 1.start -> 2.start"];
    let answer = "tool_after_answer: 0.end -> 1.start";
    let requested = "tool_requested: 0.start -> 1.start";
    assert_eq!(run(|_| {}), [answer, result[0], requested, result[1]]);
    // Streams and speculation: the tool may run while the answer is still on its way.
    let rest = [result[0], requested, result[1]];
    assert_eq!(run(|draft| draft.first().texts.push(("gen_ai.request.stream", "true"))), rest);
    assert_eq!(run(|draft| draft.at(1).texts.push(("speculative", "true"))), rest);
    // Two spans that claim one call: nobody knows which.
    let twice = run(|draft| {
        draft.span(1, 9, 0, 310, 410).texts.push(("gen_ai.tool.call.id", "call-7"));
    });
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn a_response_is_continued_after_it_was_begun() {
    let (mut draft, a, b) = two_hosts();
    draft.span(a, 1, 0, 100, 200).texts.push(("gen_ai.response.id", "resp-1"));
    draft.span(b, 2, 0, 300, 400).texts.push(("gen_ai.request.previous_response.id", "resp-1"));
    let continued = "response_continued: 0.start -> 1.start";
    assert_eq!(edges(&draft).0, [continued, "response_received_before_next: 0.end -> 1.start"]);
}

#[test]
fn joins_wait_and_links_to_a_descendant_do_not() {
    let (mut draft, a, b) = two_hosts();
    draft.span(a, 1, 0, 100, 200);
    draft.span(a, 2, 0, 100, 220);
    let join = draft.span(b, 3, 0, 150, 400);
    join.name = "join results".into();
    join.links = vec![1, 2];
    let found = edges(&draft).0;
    assert_eq!(found.iter().filter(|edge| edge.starts_with("join_end")).count(), 2, "{found:?}");
    let (mut draft, a, b) = two_hosts();
    draft.span(a, 1, 0, 100, 200).links = vec![2];
    draft.span(b, 2, 1, 120, 180);
    assert!(!edges(&draft).0.iter().any(|edge| edge.starts_with("link_start:")));
}

#[test]
fn a_retried_attempt_has_no_end_edge() {
    let attempts = |resent: bool| {
        let (mut draft, a, b) = two_hosts();
        draft.span(a, 9, 0, 50, 900);
        draft.call((a, b), 1, 9, [100, 110, 190, 200]);
        draft.call((a, b), 3, 9, [300, 310, 390, 400]);
        if resent {
            draft.at(3).attrs.push(("http.request.resend_count", 1));
        }
        edges(&draft).0.into_iter().filter(|edge| edge.starts_with("unary_end")).collect::<Vec<_>>()
    };
    assert_eq!(attempts(false).len(), 2);
    assert_eq!(attempts(true), ["unary_end: 4.end -> 3.end"]);
}
