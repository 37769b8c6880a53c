//! Retries that one span hides, and the innocent calls that look like them.

use serde_json::{Value as Json, json};

use super::tests::{case, found};
use super::{Config, Severity};
use crate::analysis::genai::tests::fixture::{Event, Span, store};

type Change<'c> = Box<dyn Fn(&mut Vec<Span>) + 'c>;

/// What lasts long for a reason that the spans show, or may have one that they do not, is no hidden retry.
#[test]
fn long_calls_with_a_reason_hide_no_retries() {
    let long = case("E7_unexplained");
    let of_e7 = |spans: &[Span]| {
        let store = store(spans);
        found(&store, &Config::default()).into_iter().filter(|found| found.code == "E7").collect::<Vec<_>>()
    };
    assert_eq!(of_e7(&long.noisy).len(), 1);
    let child = |name: &str, ms: [f64; 2], attributes: Json| Span {
        name: name.to_owned(),
        id: 90,
        parent: 2,
        ms,
        service: "app".to_owned(),
        attributes: attributes.as_object().unwrap().clone(),
        ..Span::default()
    };
    let with = |change: &dyn Fn(&mut Vec<Span>)| {
        let mut spans = long.noisy.clone();
        change(&mut spans);
        of_e7(&spans)
    };
    let set = |key: &'static str, value: Json| {
        move |spans: &mut Vec<Span>| {
            spans[1].attributes.insert(key.to_owned(), value.clone());
        }
    };
    let header = "http.response.header.openai-processing-ms";
    let streamed = set("gen_ai.request.stream", json!(true));
    let innocents: Vec<(&str, Change<'_>)> = vec![
        ("a stream that is read slowly", Box::new(&streamed)),
        ("a stream by its first token", Box::new(set("gen_ai.response.time_to_first_chunk", json!(0.9)))),
        ("a queue at the server", Box::new(set(header, json!(["8800"])))),
        ("a server time that may be seconds", Box::new(set(header, json!(null)))),
        ("a call that failed", Box::new(|spans| spans[1].error = true)),
        (
            "a tool inside",
            Box::new(|spans| {
                spans.push(child(
                    "execute_tool look",
                    [500.0, 8500.0],
                    json!({"gen_ai.operation.name": "execute_tool"}),
                ));
            }),
        ),
        (
            "work of the client inside",
            Box::new(|spans| {
                spans.push(child("count tokens", [20.0, 7900.0], json!({})));
            }),
        ),
        (
            "a request that was sent late",
            Box::new(|spans| {
                let request = child("POST", [7900.0, 8990.0], json!({"http.response.status_code": 200}));
                spans.push(Span { kind: "client".to_owned(), ..request });
            }),
        ),
        (
            "a way that is as long for all",
            Box::new(|spans| {
                for (span, length) in spans[1..].iter_mut().zip([9000.0, 9300.0, 9100.0, 9500.0]) {
                    span.ms[1] = span.ms[0] + length;
                }
            }),
        ),
    ];
    for (what, change) in innocents {
        assert_eq!(with(&change), [], "{what}");
    }
    // A stream that ends late began in time: the pieces say so.
    let stream = case("E7_unexplained_stream");
    assert_eq!(of_e7(&stream.noisy).len(), 1);
    let mut early = stream.noisy.clone();
    early[1].events.iter_mut().for_each(|piece| piece.ms -= 7400.0);
    assert_eq!(of_e7(&early), []);
    let mut thinks = stream.noisy;
    thinks[1].attributes.insert("gen_ai.usage.reasoning.output_tokens".to_owned(), json!(40));
    assert_eq!(of_e7(&thinks), [], "the first piece to be seen came after all reasoning");
}

/// Alone, or with an exception that it survived: how grave it is depends on what else is known.
#[test]
fn unexplained_time_is_suspicious_only_against_others() {
    let case = case("E7_unexplained");
    let of = |spans: &[Span]| {
        let found = found(&store(spans), &Config::default());
        let of_e7 = found.iter().find(|found| found.code == "E7").unwrap();
        (of_e7.severity, of_e7.numbers["unexplained_ns"])
    };
    assert_eq!(of(&case.noisy), (Severity::Suspicious, 8_000_000_000));
    let mut alone = case.noisy[..2].to_vec();
    assert_eq!(of(&alone), (Severity::Unknown, 8_000_000_000));
    alone[1].events.push(Event { name: "exception".to_owned(), ms: 3.0, ..Default::default() });
    assert_eq!(of(&alone).0, Severity::Suspicious);
}

/// A request that failed for another reason, or to another place, was not sent again.
#[test]
fn failed_requests_below_a_call_are_no_retries_unless_they_were_made_again() {
    let case = case("E7_refused");
    let resends = |spans: &[Span]| {
        let found = found(&store(spans), &Config::default());
        found.iter().find(|found| found.code == "E7").map(|found| found.numbers["resends"])
    };
    let noisy = &case.noisy[..4];
    assert_eq!((resends(&case.noisy), resends(noisy)), (Some(3), Some(1)));
    let mut elsewhere = noisy.to_vec();
    elsewhere[2].attributes.insert("url.path".to_owned(), "/v1/metrics".into());
    assert_eq!(resends(&elsewhere), None);
    let mut wrong = noisy.to_vec();
    wrong[2].attributes.insert("http.response.status_code".to_owned(), 400.into());
    assert_eq!(resends(&wrong), None, "nobody sends a wrong request again");
    let mut given_up = noisy.to_vec();
    given_up[1].error = true;
    assert_eq!(resends(&given_up), None, "a call that failed says so itself");
    // The client counts for itself: said twice, it is one retry.
    let mut said = noisy.to_vec();
    said[3].attributes.insert("http.request.header.x-stainless-retry-count".to_owned(), json!(["1"]));
    assert_eq!(resends(&said), Some(1));
}
