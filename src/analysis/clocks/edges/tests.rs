//! Which edges are made, and which are not.

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

/// Edges of the rules whose names start so, with the clocks of both ends.
fn clocks_of(draft: &Draft, rules: &[&str]) -> Vec<String> {
    let store = draft.store();
    let domains = domains::assign(&store);
    let (readers, unseen) = (Readers::detect(&store), UnseenClocks::find(&store));
    let first = u32::try_from(domains.list.len()).unwrap();
    let stamps = Stamps::new(&store, &domains.of_span, &readers).with_others(first, &unseen);
    let name = |clock: u32| match clock.checked_sub(first) {
        Some(number) => unseen.name(number).to_owned(),
        None => domains.list[clock as usize].name.clone(),
    };
    let mut found = Vec::new();
    for_each(&stamps, None, |edge, _| {
        let rule = edge.cause.rule.to_string();
        if rules.iter().any(|start| rule.starts_with(start)) {
            found.push(format!("{rule}: {} -> {}", name(edge.from.clock), name(edge.to.clock)));
        }
    });
    found.sort();
    found
}

#[test]
fn a_date_header_is_the_clock_of_whoever_answers_for_that_host() {
    let second = 1_795_000_000_000 * MS;
    let dated = |says: &[(&'static str, &'static str)], has_server: bool| {
        let (mut draft, a, b) = two_hosts();
        if has_server {
            draft.call((a, b), 1, 0, [10, 20, 30, 40].map(|ms| second + ms * MS));
        } else {
            draft.span(a, 1, 0, second + 10 * MS, second + 40 * MS).kind = SpanKind::Client;
        }
        draft.first().texts.push(("http.response.header.date", "Wed, 18 Nov 2026 03:06:40 GMT"));
        draft.first().texts.extend(says);
        clocks_of(&draft, &["date_"])
    };
    let of = |name: &str| [format!("date_after_request: a -> {name}"), format!("date_before_response: {name} -> a")];
    let host = ("server.address", "api.openai.com");
    for has_server in [true, false] {
        assert_eq!(dated(&[host], has_server), of("api.openai.com"));
        assert_eq!(
            dated(&[("url.full", "https://api.anthropic.com/v1/messages")], has_server),
            of("api.anthropic.com")
        );
        assert_eq!(dated(&[host, ("http.response.header.cf_ray", "8f1c-FRA")], has_server), of("api.openai.com (fra)"));
        let peer = ("network.peer.address", "104.18.7.192");
        assert_eq!(dated(&[host, peer], has_server), of("api.openai.com (104.18.7.192)"));
        // Nobody knows whose date it is, or it is that of another request.
        assert!(dated(&[], has_server).is_empty());
        for kept in [
            ("http.response.header.age", "[\"12\"]"),
            ("http.response.header.x-cache", "[\"Hit from cloudfront\"]"),
            ("http.response.header.cf_cache_status", "HIT"),
            ("cache_hit", "true"),
        ] {
            assert!(dated(&[host, kept], has_server).is_empty(), "{kept:?}");
        }
        assert_eq!(dated(&[host, ("http.response.header.x-cache", "MISS")], has_server), of("api.openai.com"));
    }
}

#[test]
fn every_broker_has_a_clock_of_its_own() {
    let stored = |says: &[(&'static str, &'static str)]| {
        let (mut draft, a, b) = two_hosts();
        draft.span(a, 1, 0, 1_000, 1_010).kind = SpanKind::Producer;
        let process = draft.span(b, 2, 1, 3_000, 4_000);
        process.kind = SpanKind::Consumer;
        process.attrs.push(("messaging.servicebus.message.enqueued_time", 1_795_000_000));
        process.texts.extend(says);
        clocks_of(&draft, &["message_stored", "message_delivered"])
    };
    let of = |name: &str| [format!("message_delivered: {name} -> b"), format!("message_stored: a -> {name}")];
    let (host, topic) = (("server.address", "ns1.servicebus.windows.net"), ("messaging.destination.name", "orders"));
    assert_eq!(stored(&[host]), of("the broker ns1.servicebus.windows.net"));
    assert_eq!(stored(&[host, topic]), of("the broker ns1.servicebus.windows.net (orders)"));
    let partition = ("messaging.destination.partition.id", "3");
    assert_eq!(stored(&[host, topic, partition]), of("the broker ns1.servicebus.windows.net (orders, 3)"));
    assert_eq!(stored(&[topic]), of("the broker orders"));
    let number = ("messaging.kafka.destination.broker.id", "7");
    assert_eq!(stored(&[number, topic, partition]), of("the broker 7"));
    assert_eq!(stored(&[("net.peer.name", "kafka-2"), number]), of("the broker 7 (kafka-2)"));
    // Nothing names it: it says no more than the messages do.
    assert!(stored(&[]).is_empty() && stored(&[("messaging.system", "servicebus")]).is_empty());
}

#[test]
fn a_record_of_kafka_has_its_brokers_time_only_where_it_says_so() {
    let stored = |kind: &'static str| {
        let (mut draft, a, b) = two_hosts();
        draft.span(a, 1, 0, 1_000, 1_010).kind = SpanKind::Producer;
        let process = draft.span(b, 2, 1, 3_000, 4_000);
        process.kind = SpanKind::Consumer;
        process.attrs.push(("messaging.kafka.message.timestamp", 1_795_000_000_123));
        process.texts.extend([("messaging.destination.name", "t"), ("messaging.kafka.message.timestamp.type", kind)]);
        clocks_of(&draft, &["message_stored", "message_delivered"]).len()
    };
    assert_eq!([stored("LogAppendTime"), stored("LOG_APPEND_TIME"), stored("CreateTime"), stored("")], [2, 2, 0, 0]);
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

/// Turns of one conversation: host, number or history, start and end; and what else the spans say.
fn turns(draft: &Draft) -> Vec<String> {
    edges(draft).0.into_iter().filter(|edge| edge.starts_with("turn_before_next")).collect()
}

#[test]
fn turns_follow_each_other_by_their_numbers() {
    let turn = |draft: &mut Draft, host: usize, number: i64, times: (i64, i64)| {
        let id = 100 + draft.len() as u64;
        let span = draft.span(host, id, 0, times.0, times.1);
        span.name = "turn".into();
        span.attrs.push(("turn.number", number));
        span.texts.push(("conversation.id", "c-1"));
    };
    let run = |change: &dyn Fn(&mut Draft)| {
        let (mut draft, a, b) = two_hosts();
        for (number, host) in [(1, a), (2, b), (3, a)] {
            turn(&mut draft, host, number, (1_000 * number, 1_000 * number + 500));
        }
        change(&mut draft);
        turns(&draft)
    };
    let both = ["turn_before_next: 0.end -> 1.start", "turn_before_next: 1.end -> 2.start"];
    assert_eq!(run(&|_| {}), both);
    // What clocks show does not decide what comes first.
    let backwards = |draft: &mut Draft| turn(draft, 1, 4, (10, 20));
    assert_eq!(run(&backwards).len(), 3);
    // Spoken into, given up, failed: nobody waited for its end.
    for says in [("turn.was_interrupted", "true"), ("error.type", "cancelled")] {
        assert_eq!(run(&|draft: &mut Draft| draft.at(1).texts.push(says)), both[..1], "{says:?}");
    }
    // Generated anew: nobody knows which one the next turn follows.
    assert!(run(&|draft: &mut Draft| turn(draft, 0, 2, (2_600, 2_700))).is_empty());
    // A number is missing.
    assert_eq!(run(&|draft: &mut Draft| draft.at(2).attrs[0].1 = 7), both[..1]);
    // Another conversation, or none.
    assert_eq!(run(&|draft: &mut Draft| draft.at(2).texts[0].1 = "c-2"), both[..1]);
    assert_eq!(run(&|draft: &mut Draft| draft.at(2).texts.clear()), both[..1]);
    // Turns that overlap on one clock: several things are asked at once.
    assert!(run(&|draft: &mut Draft| turn(draft, 0, 4, (3_100, 3_200))).is_empty());
}

#[test]
fn turns_follow_each_other_by_what_they_repeat() {
    const FIRST: &str = "[{\"role\":\"user\",\"content\":\"hi\"}]";
    const SECOND: &str = "[{\"role\":\"user\",\"content\":\"hi\"},{\"role\":\"assistant\",\"content\":\"hello\"},\
                          {\"role\":\"user\",\"content\":\"and?\"}]";
    const BRANCH: &str = "[{\"role\":\"user\",\"content\":\"hi\"},{\"role\":\"assistant\",\"content\":\"hello\"},\
                          {\"role\":\"user\",\"content\":\"or?\"}]";
    const BEGUN: &str = "[{\"role\":\"user\",\"content\":\"hi\"},{\"role\":\"assistant\",\"content\":\"{\"}]";
    const LONGER: &str = "[{\"role\":\"user\",\"content\":\"hi\"},{\"role\":\"user\",\"content\":\"more\"}]";
    let run = |texts: &[&'static str]| {
        let (mut draft, a, b) = two_hosts();
        for (at, text) in (0..).zip(texts) {
            let span =
                draft.span([a, b][at as usize % 2], at + 1, 0, 1_000 * (1 + at as i64), 1_000 * (1 + at as i64) + 99);
            span.name = "chat".into();
            span.texts.extend([("gen_ai.conversation.id", "c-1"), ("gen_ai.input.messages", *text)]);
        }
        turns(&draft)
    };
    let one = ["turn_before_next: 0.end -> 1.start"];
    assert_eq!(run(&[FIRST, SECOND]), one);
    assert_eq!(run(&[FIRST, SECOND, FIRST]), [""; 0], "generated anew");
    assert_eq!(run(&[FIRST, BRANCH, SECOND]), one, "branches: the one on the other clock");
    assert_eq!(run(&[FIRST, BEGUN]), [""; 0], "the caller began the answer");
    assert_eq!(run(&[FIRST, LONGER]), [""; 0], "nothing was answered in between");
    assert_eq!(run(&[SECOND, FIRST]), ["turn_before_next: 1.end -> 0.start"]);
    assert_eq!(run(&["[]", FIRST]), [""; 0]);
    assert_eq!(run(&["", "]", "[{\"role\":\"user\""]), [""; 0]);
}

#[test]
fn turns_that_overlap_on_one_clock_switch_the_habit_off() {
    let (mut draft, a, b) = two_hosts();
    for (conversation, text) in (0..).zip(["c-0", "c-1", "c-2", "c-3", "c-4", "c-5"]) {
        // Two of six overlap.
        let late = if conversation % 3 == 0 { 700 } else { 0 };
        for number in 1..=3_i64 {
            let id = 1 + conversation as u64 * 3 + number as u64;
            let start = 10_000 * conversation + 1_000 * number;
            let span = draft.span(if number == 3 { b } else { a }, id, 0, start, start + 500 + late);
            span.name = "turn".into();
            span.attrs.push(("turn.number", number));
            span.texts.push(("conversation.id", text));
        }
    }
    let (found, classes) = edges(&draft);
    let class = classes.list.iter().find(|class| class.rule == Rule::TurnBeforeNext).unwrap();
    assert_eq!((class.uses, class.failures, class.is_off()), (10, 2, false));
    assert_eq!(found.iter().filter(|edge| edge.starts_with("turn_before_next")).count(), 4, "only of the others");
    for at in 0..draft.len() {
        draft.at(at).shift_end(700);
    }
    assert!(edges(&draft).1.list.iter().any(|class| class.rule == Rule::TurnBeforeNext && class.is_off()));
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
