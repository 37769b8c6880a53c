//! Edges to and from clocks that stamped no span.

use super::*;

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
fn a_record_is_written_before_the_collector_sees_it() {
    let (mut draft, a, _) = two_hosts();
    let work = draft.span(a, 1, 0, 100, 200);
    work.events = vec![("log", 150, 1)];
    assert!(edges(&draft).0.is_empty());
    draft.first().observed_ns = Some(900);
    assert_eq!(edges(&draft).0, ["log_observed: 0.event(0) -> 0.event(0)"]);
    assert_eq!(clocks_of(&draft, &["log_"]), ["log_observed: a -> the collector"]);
    // Not observed, by a collector that says so with a zero.
    draft.first().observed_ns = Some(0);
    assert!(edges(&draft).0.is_empty());
}
