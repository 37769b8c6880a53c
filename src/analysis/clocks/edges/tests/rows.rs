//! Rows of the table of relations (clocks.md 3), and where they do not hold.

use super::*;
use crate::model::LinkKind;

#[test]
fn a_start_that_was_set_back_follows_from_nothing() {
    for (name, starts) in [("batch", true), ("time in_queue", false), ("documentLoad", false)] {
        let (mut draft, a, b) = two_hosts();
        draft.span(a, 1, 0, 100, 200);
        let batch = draft.span(b, 2, 0, 50, 400);
        (batch.name, batch.links) = (name.into(), vec![1]);
        let (end, start) = ("link_start_end: 0.start -> 1.end", "link_start: 0.start -> 1.start");
        let expected: &[&str] = if starts { &[start, end] } else { &[end] };
        assert_eq!(edges(&draft).0, expected, "{name}");
    }
}

#[test]
fn whatever_streams_has_no_end_edge() {
    for says in [
        ("gen_ai.request.streaming", "true"),
        ("stream", "true"),
        ("stream", "True"),
        ("http.response.header.content_type", "[\"text/event-stream; charset=utf-8\"]"),
        ("url.scheme", "wss"),
        ("url.full", "wss://api.example.com/v1/realtime"),
        ("rpc.grpc.method_type", "server_streaming"),
    ] {
        let (mut draft, a, b) = two_hosts();
        draft.call((a, b), 1, 0, [1_000, 1_010, 1_090, 1_100]);
        assert!(edges(&draft).0.iter().any(|edge| edge.starts_with("unary_end")));
        draft.first().texts.push(says);
        assert!(!edges(&draft).0.iter().any(|edge| edge.starts_with("unary_end")), "{says:?}");
    }
}

/// `call_message` edges of a call whose sides note messages: (name, number, time).
fn messages(here: &[(&'static str, i64, i64)], there: &[(&'static str, i64, i64)], key: &'static str) -> Vec<String> {
    let (mut draft, a, b) = two_hosts();
    draft.call((a, b), 1, 0, [1_000, 1_010, 1_090, 1_100]);
    for (at, events) in [here, there].into_iter().enumerate() {
        let span = draft.at(at);
        span.events = events.iter().map(|&(name, number, time)| (name, time, number)).collect();
        span.number_key = key;
    }
    // A call that was given up: what had arrived had arrived.
    draft.first().attrs[0].1 = 499;
    edges(&draft).0.into_iter().filter(|edge| edge.starts_with("call_message")).collect()
}

#[test]
fn numbered_messages_of_a_call_go_both_ways() {
    // One side counts from 1, the other from 0; the first answer is noted again once it is unpacked.
    let here = [
        ("Outbound message", 1, 1_001),
        ("Inbound compressed message", 1, 1_031),
        ("Inbound message", 1, 1_032),
        ("Outbound message", 2, 1_040),
    ];
    let there = [("Inbound message", 0, 1_011), ("Outbound message", 0, 1_021), ("Inbound message", 1, 1_050)];
    assert_eq!(
        messages(&here, &there, "sequence-number"),
        [
            "call_message: 0.event(0) -> 1.event(0)",
            "call_message: 0.event(3) -> 1.event(2)",
            "call_message: 1.event(1) -> 0.event(1)",
        ]
    );
    // The first ones of a side are missing: it may be any that is left.
    let late = [("Inbound message", 5, 1_011), ("Outbound message", 7, 1_021)];
    assert!(messages(&here, &late, "sequence-number").is_empty());
    // Nothing says that they are messages, or nothing numbers them.
    assert!(messages(&[("retry", 1, 1_001)], &[("retry", 1, 1_002)], "sequence-number").is_empty());
    assert!(messages(&here, &there, "n").is_empty());
}

#[test]
fn messages_of_a_call_with_two_servers_are_nobodys() {
    let (mut draft, a, b) = two_hosts();
    draft.call((a, b), 1, 0, [1_000, 1_010, 1_090, 1_100]);
    draft.span(b, 3, 1, 1_012, 1_080).kind = SpanKind::Server;
    for (at, name) in [(0, "Inbound message"), (1, "Outbound message"), (2, "Outbound message")] {
        draft.at(at).events = vec![(name, 1_050, 1)];
        draft.at(at).number_key = "sequence-number";
    }
    assert!(!edges(&draft).0.iter().any(|edge| edge.starts_with("call_message")));
}

#[test]
fn a_notice_that_a_call_is_given_up_is_sent_before_it_is_noticed() {
    for kinds in [(SpanKind::Client, SpanKind::Server), (SpanKind::Producer, SpanKind::Consumer)] {
        let (mut draft, a, b) = two_hosts();
        // The call itself, which nobody waits for any more.
        draft.call((a, b), 1, 0, [1_000, 1_010, 1_090, 1_050]);
        draft.first().texts.push(("error.type", "cancelled"));
        let notice = draft.span(a, 3, 0, 1_045, 1_046);
        notice.kind = kinds.0;
        notice.texts.push(("mcp.method.name", "notifications/cancelled"));
        draft.span(b, 4, 3, 1_060, 1_061).kind = kinds.1;
        let sent = if kinds.0 == SpanKind::Client { "request_start" } else { "message_start" };
        // No end of anything follows from it: who gave up may be gone before, and the server may have been done.
        let mut expected = [format!("{sent}: 2.start -> 3.start"), "request_start: 0.start -> 1.start".to_owned()];
        expected.sort();
        assert_eq!(edges(&draft).0, expected);
    }
}

#[test]
fn a_browsers_network_timing_counts_unless_it_is_hidden() {
    let (mut draft, a, b) = two_hosts();
    draft.call((a, b), 1, 0, [1_000, 1_010, 1_090, 1_100]);
    draft.first().events = vec![("requestStart", 1_004, 1), ("responseStart", 1_050, 1)];
    let network = |draft: &Draft| {
        let is_network = |edge: &String| edge.starts_with("request_sent") || edge.starts_with("response_received");
        edges(draft).0.into_iter().filter(is_network).collect::<Vec<_>>()
    };
    let both = ["request_sent: 0.event(0) -> 1.start", "response_received: 1.start -> 0.event(1)"];
    assert_eq!(network(&draft), both);
    // The other site does not allow to see it.
    draft.first().events[1].1 = 0;
    assert_eq!(network(&draft), both[..1]);
    // Two servers: nobody knows which one it was.
    draft.span(b, 3, 1, 1_012, 1_080).kind = SpanKind::Server;
    assert!(network(&draft).is_empty());
}

#[test]
fn what_follows_from_something_starts_after_it_and_no_end_is_known() {
    let (mut draft, a, b) = two_hosts();
    draft.span(a, 1, 0, 100, 200);
    let later = draft.span(b, 2, 0, 150, 400);
    (later.links, later.link_kind) = (vec![1], LinkKind::FollowsFrom);
    assert_eq!(edges(&draft).0, ["follows_from: 0.start -> 1.start"]);
}

#[test]
fn a_poll_starts_before_the_messages_that_it_links_to() {
    for (operation, expected) in [
        ("receive", &["link_start_end: 0.start -> 1.end"][..]),
        ("process", &["message_start: 0.start -> 1.start"][..]),
        ("settle", &["link_start: 0.start -> 1.start", "link_start_end: 0.start -> 1.end"][..]),
    ] {
        let (mut draft, a, b) = two_hosts();
        draft.span(a, 1, 0, 100, 110).kind = SpanKind::Producer;
        let poll = draft.span(b, 2, 0, 50, 400);
        (poll.kind, poll.links) = (SpanKind::Consumer, vec![1]);
        poll.texts.push(("messaging.operation.type", operation));
        assert_eq!(edges(&draft).0, expected, "{operation}");
    }
}

#[test]
fn containers_that_name_one_host_are_near_each_other_by_a_prior() {
    let mut draft = Draft::default();
    let hosts = [draft.host_with("a", "host.name", "node-x"), draft.host_with("b", "host.name", "node-x")];
    draft.span(hosts[0], 1, 0, 100, 100);
    draft.span(hosts[1], 2, 0, 100, 100);
    assert_eq!(edges(&draft).0, ["same_host: 0.start -> 1.start", "same_host: 1.start -> 0.start"]);
    assert_eq!(Rule::SameHost.strength(), Evidence::Prior);
}
