//! Which clocks are found, and how well they are known.

use super::super::tests::Draft;
use super::*;
use crate::model::SpanKind;

/// Name, what it is told by, whether it is guessed, and how many spans read it.
fn found(draft: &Draft) -> Vec<(String, String, bool, u64)> {
    let clocks = UnseenClocks::find(&draft.store());
    clocks.list.into_iter().map(|clock| (clock.name, clock.told_by, clock.is_guessed, clock.spans)).collect()
}

#[test]
fn clocks_are_told_by_what_their_readers_say_about_them() {
    let mut draft = Draft::default();
    let hosts = [draft.host("a", ""), draft.host("b", "")];
    let mut ids = 0;
    let mut read = |host: usize, kind: SpanKind, texts: &[(&'static str, &'static str)]| {
        ids += 1;
        let span = draft.span(hosts[host], ids, 0, 1_000, 2_000);
        span.kind = kind;
        span.texts.extend(texts);
        span.attrs.push(("messaging.eventhubs.message.enqueued_time", 1_795_000_000));
    };
    let (kind, broker) = (SpanKind::Consumer, ("messaging.kafka.destination.broker.id", "7"));
    read(0, kind, &[("server.address", "Kafka-1"), broker]);
    read(1, kind, &[("server.address", "kafka-1"), broker]);
    read(0, kind, &[("server.address", "kafka-1"), ("server.port", "9092")]);
    read(0, kind, &[("messaging.destination.name", "orders")]);
    // Everybody's own machine.
    read(0, kind, &[("server.address", "localhost")]);
    read(1, kind, &[("server.address", "localhost")]);
    read(1, kind, &[]);
    let clock = |name: &str, told_by: &str, is_guessed, spans| (name.to_owned(), told_by.to_owned(), is_guessed, spans);
    assert_eq!(
        found(&draft),
        [
            clock("the broker 7 (kafka-1)", "messaging.kafka.destination.broker.id, server.address", false, 2),
            clock("the broker kafka-1:9092", "server.address", false, 1),
            clock("the broker orders", "messaging.destination.name", true, 1),
            clock("the broker localhost", "server.address", false, 1),
            clock("the broker localhost", "server.address", false, 1),
        ]
    );
}

#[test]
fn numbers_of_clocks_without_spans_do_not_overlap() {
    use super::super::stamps::Other;
    let mut draft = Draft::default();
    let host = draft.host("a", "");
    let call = draft.span(host, 1, 0, 1_000, 2_000);
    call.kind = SpanKind::Client;
    call.texts.extend([("http.response.header.date", "Wed, 18 Nov 2026 03:06:40 GMT"), ("http.host", "h.example.org")]);
    let clocks = UnseenClocks::find(&draft.store());
    let all = [Other::Utc, Other::Collector(crate::model::InputIx(0)), Other::Unseen(0)];
    let numbers: Vec<u32> = all.map(|other| clocks.number(other)).to_vec();
    assert_eq!((numbers, clocks.count()), (vec![0, 1, 2], 3));
    assert_eq!([0, 1, 2].map(|number| clocks.name(number)), ["UTC", "the collector", "h.example.org"]);
}
