//! Both versions of the format, and the ways in which one call shares ids.

use super::super::{LoadError, Options, Progress, Source, load};
use crate::model::{Code, EventRef, SpanFlags, SpanIx, SpanKind, SpanRef, Status, TraceStore};

fn try_read(text: &str) -> Result<TraceStore, LoadError> {
    let source = Source::memory("test", text.as_bytes());
    load(&[source], &Options::default(), &Progress::default()).map(|loaded| loaded.store)
}

fn read(text: &str) -> TraceStore {
    let store = try_read(text).unwrap();
    assert_eq!(store.inputs()[0].format, "zipkin-json");
    store
}

fn count(store: &TraceStore, code: Code) -> u64 {
    store.inputs()[0].diagnostics.count(code)
}

fn tags(store: &TraceStore, span: SpanRef<'_>) -> Vec<String> {
    span.attrs().map(|attr| format!("{}={}", store.text(attr.key), store.value_text(attr.value))).collect()
}

fn service<'a>(store: &'a TraceStore, span: SpanRef<'a>) -> Option<&'a str> {
    store.find_text(&span.resource().attrs, "service.name")
}

const V2: &str = r#"[
 {"traceId":"86154a4ba6e91385","id":"1","kind":"CLIENT","name":"get","timestamp":1472470996199000,"duration":207000,
  "localEndpoint":{"serviceName":"front","ipv4":"10.0.0.1"},"remoteEndpoint":{"serviceName":"back","port":9000},
  "annotations":[{"timestamp":1472470996238000,"value":"foo"}],"tags":{"http.path":"/api","error":"500"}},
 {"traceId":"86154a4ba6e91385","id":"1","kind":"SERVER","name":"get","timestamp":1472470996250000,"duration":100000,
  "localEndpoint":{"serviceName":"back"},"shared":true},
 {"traceId":"86154a4ba6e91385","id":"2","parentId":"1","name":"work","timestamp":1472470996260000,"duration":5,
  "localEndpoint":{"serviceName":"back"}}]"#;

#[test]
fn halves_of_a_shared_span_stay_two_and_the_server_hangs_below_the_client() {
    for text in [V2.to_owned(), format!("[{V2}]"), V2.replace(",\"shared\":true", "")] {
        let store = read(&text);
        assert_eq!(store.len(), 3);
        let [client, server, work] = [0, 1, 2].map(|ix| store.span(SpanIx(ix)));
        assert_eq!(
            (client.kind(), server.kind(), work.kind()),
            (SpanKind::Client, SpanKind::Server, SpanKind::Unspecified)
        );
        assert_eq!((client.parent(), server.parent()), (None, Some(SpanIx(0))));
        assert_eq!(work.parent(), Some(SpanIx(1)), "what the server does hangs below the server's half");
        assert_eq!(count(&store, Code::IdConflict), 0);
        assert_eq!((client.start_ns(), client.duration_ns()), (1_472_470_996_199_000_000, Some(207_000_000)));
        assert_eq!(client.status(), Status::Error);
        assert_eq!(tags(&store, client), ["http.path=/api", "error=500", "peer.service=back", "peer.port=9000"]);
        assert_eq!(client.events().next().map(EventRef::name), Some("foo"));
        assert_eq!((service(&store, client), service(&store, server)), (Some("front"), Some("back")));
    }
}

#[test]
fn two_calls_with_one_id_are_still_a_conflict() {
    let store = read(&V2.replace("SERVER", "CLIENT"));
    assert_eq!(count(&store, Code::IdConflict), 2);
}

const V1: &str = r#"[{"traceId":"a","id":"1","name":"get","annotations":[
  {"timestamp":100,"value":"cs","endpoint":{"serviceName":"front"}},{"timestamp":110,"value":"sr","endpoint":{"serviceName":"back"}},
  {"timestamp":115,"value":"cache miss","endpoint":{"serviceName":"back"}},
  {"timestamp":120,"value":"ss","endpoint":{"serviceName":"back"}},{"timestamp":130,"value":"cr","endpoint":{"serviceName":"front"}}],
 "binaryAnnotations":[{"key":"http.path","value":"/api","endpoint":{"serviceName":"front"}},
  {"key":"rows","value":"3","endpoint":{"serviceName":"back"}},{"key":"sa","value":true,"endpoint":{"serviceName":"back","ipv4":"1.2.3.4"}}]}]"#;

#[test]
fn a_v1_span_with_both_sides_becomes_two() {
    let store = read(V1);
    assert_eq!(store.len(), 2);
    let (client, server) = (store.span(SpanIx(0)), store.span(SpanIx(1)));
    assert_eq!((client.kind(), client.start_ns(), client.end_ns()), (SpanKind::Client, 100_000, 130_000));
    assert_eq!((server.kind(), server.start_ns(), server.end_ns()), (SpanKind::Server, 110_000, 120_000));
    assert_eq!(tags(&store, client), ["http.path=/api", "peer.service=back", "peer.ipv4=1.2.3.4"]);
    assert_eq!(tags(&store, server), ["rows=3"]);
    assert_eq!(server.parent(), Some(SpanIx(0)));
    assert_eq!((client.events().len(), server.events().next().map(EventRef::name)), (0, Some("cache miss")));
    assert_eq!((service(&store, client), service(&store, server)), (Some("front"), Some("back")));
    assert_eq!(count(&store, Code::TimesFromAnnotations), 2);
}

#[test]
fn missing_times_are_taken_from_annotations_or_flagged() {
    let store = read(
        r#"[{"traceId":"a","id":"1","localEndpoint":{"serviceName":"s"},"annotations":[{"timestamp":7,"value":"x"},{"timestamp":5,"value":"y"}]},
            {"traceId":"a","id":"2","timestamp":9},{"traceId":"a","id":"3","duration":4}]"#,
    );
    assert_eq!(store.span(SpanIx(0)).start_ns(), 5_000);
    assert!(store.span(SpanIx(1)).flags().has(SpanFlags::END_MISSING));
    assert!(store.span(SpanIx(2)).flags().has(SpanFlags::START_MISSING));
    assert_eq!((count(&store, Code::MissingEnd), count(&store, Code::MissingStart)), (3, 1));
}

#[test]
fn a_cut_anywhere_keeps_the_spans_before_it() {
    for text in [V1, V2] {
        let mut last = 0;
        for cut in 0..text.len() {
            let Ok(store) = try_read(&text[..cut]) else {
                assert!(cut < 110, "not recognised when cut at {cut}");
                continue;
            };
            assert!(store.len() >= last, "cut at {cut}");
            last = store.len();
            assert_eq!(count(&store, Code::Truncated), 1, "cut at {cut}: {:?}", store.inputs()[0].diagnostics);
        }
        assert!(last > 1);
    }
}

#[test]
fn wrong_types_everywhere_lose_only_themselves() {
    let values = ["null", "1", "-2.5e99", "true", "\"x\"", "[]", "{}", "[[1]]", "{\"a\":{}}"];
    let keys = [
        "kind",
        "timestamp",
        "duration",
        "localEndpoint",
        "annotations",
        "binaryAnnotations",
        "tags",
        "shared",
        "name",
        "parentId",
    ];
    for key in keys {
        for value in values {
            for inner in [
                value.to_owned(),
                format!("[{value}]"),
                format!(r#"[{{"timestamp":{value},"value":{value},"key":{value},"endpoint":{value}}}]"#),
            ] {
                let text =
                    format!(r#"[{{"traceId":"a","id":"1","{key}":{inner}}},{{"traceId":"a","id":"2","timestamp":4}}]"#);
                let store = read(&text);
                assert_eq!(store.len(), 2, "{text}");
                assert_eq!(count(&store, Code::Malformed) + count(&store, Code::Truncated), 0, "{text}");
            }
        }
    }
}

#[test]
fn every_span_with_the_tag_error_failed() {
    let span = |id: usize, tags: &str| {
        format!(
            r#"{{"traceId":"1","id":"{id}","timestamp":5,"localEndpoint":{{"serviceName":"s"}},"tags":{{{tags}}}}}"#
        )
    };
    let spans: Vec<String> =
        (1..=6).map(|id| span(id, if id % 2 == 0 { r#""a":"1","error":"500""# } else { r#""a":"1""# })).collect();
    let store = read(&format!("[{}]", spans.join(",")));
    let failed: Vec<bool> = store.span_ixs().map(|ix| store.span(ix).status() == Status::Error).collect();
    assert_eq!(failed, [false, true, false, true, false, true]);
}
