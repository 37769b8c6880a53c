//! The forms that Jaeger's UI, API and protobuf messages have, and damaged ones.

use super::super::{LoadError, Options, Progress, Source, load};
use crate::model::{Code, LinkKind, SpanFlags, SpanIx, SpanKind, SpanRef, Status, TraceStore};

fn try_read(text: &str) -> Result<TraceStore, LoadError> {
    let source = Source::memory("test", text.as_bytes());
    load(&[source], &Options::default(), &Progress::default()).map(|loaded| loaded.store)
}

fn read(text: &str) -> TraceStore {
    let store = try_read(text).unwrap();
    assert_eq!(store.inputs()[0].format, "jaeger-json");
    store
}

fn count(store: &TraceStore, code: Code) -> u64 {
    store.inputs()[0].diagnostics.count(code)
}

fn tags(store: &TraceStore, span: SpanRef<'_>) -> Vec<String> {
    span.attrs().map(|attr| format!("{}={:?}", store.text(attr.key), store.value_text(attr.value))).collect()
}

fn service<'a>(store: &'a TraceStore, span: SpanRef<'a>) -> Option<&'a str> {
    store.find_text(&span.resource().attrs, "service.name")
}

const TRACE: &str = r#"{"traceID":"abc","spans":[
 {"traceID":"abc","spanID":"1","operationName":"root","references":[],"startTime":1544712660300600,"duration":250.5,
  "tags":[{"key":"span.kind","type":"string","value":"server"},{"key":"n","type":"int64","value":"7"},
          {"value":"AP8","type":"binary","key":"raw"},{"key":"ratio","value":1,"type":"float64"},
          {"key":"otel.scope.name","type":"string","value":"lib"},{"key":"error","type":"bool","value":true}],
  "logs":[{"timestamp":1544712660300700,"fields":[{"key":"event","type":"string","value":"chunk"},{"key":"n","type":"int64","value":1}]},
          {"timestamp":1544712660300701,"fields":[{"key":"message","type":"string","value":"only text"}]}],
  "processID":"p1","warnings":null},
 {"traceID":"abc","spanID":"2","operationName":"child","startTime":1544712660300601,"duration":1,"processID":"p2",
  "references":[{"refType":"FOLLOWS_FROM","traceID":"abc","spanID":"1"},{"refType":"CHILD_OF","traceID":"abc","spanID":"1"},
                {"refType":"CHILD_OF","traceID":"fff","spanID":"9"}],
  "warnings":["This span's timestamps were adjusted by 5ms"]},
 {"traceID":"abc","spanID":"3","parentSpanID":"2","operationName":"old","startTime":1544712660300602,"duration":0,"flags":1,
  "processID":"p9","warnings":["clock skew adjustment disabled; not applying calculated delta of 3s"]}
 ],
 "processes":{"p1":{"serviceName":"front","tags":[{"key":"hostname","type":"string","value":"h1"}]},"p2":{"serviceName":"back","tags":[]}},
 "warnings":["odd trace"]}"#;

#[test]
fn fields_references_tags_logs_and_processes_arrive() {
    for text in [
        TRACE.to_owned(),
        format!("[{TRACE}]"),
        format!(r#"{{"data":[{TRACE}],"total":0,"errors":null}}"#),
        format!(r#"{{"data":{TRACE}}}"#),
        format!("\u{feff}{}", TRACE.replace('\n', "\r\n")),
    ] {
        let store = read(&text);
        assert_eq!(store.len(), 3);
        let [root, child, old] = [0, 1, 2].map(|ix| store.span(SpanIx(ix)));
        assert_eq!((root.start_ns(), root.end_ns()), (1_544_712_660_300_600_000, 1_544_712_660_300_850_500));
        assert_eq!((root.kind(), root.status()), (SpanKind::Server, Status::Error));
        assert_eq!(tags(&store, root), ["n=\"7\"", "raw=\"AP8=\"", "ratio=\"1\"", "error=\"true\""]);
        assert_eq!(store.text(root.scope().name), "lib");
        let events: Vec<_> = root.events().map(|event| (event.time_ns(), event.name(), event.attrs().len())).collect();
        assert_eq!(events, [(1_544_712_660_300_700_000, "chunk", 1), (1_544_712_660_300_701_000, "only text", 1)]);
        assert_eq!(
            (service(&store, root), service(&store, child), service(&store, old)),
            (Some("front"), Some("back"), None)
        );
        assert_eq!(store.find_text(&root.resource().attrs, "hostname"), Some("h1"));
        assert_eq!((child.parent(), old.parent()), (Some(SpanIx(0)), Some(SpanIx(1))));
        let links: Vec<_> = child.links().map(|link| (link.kind(), link.target())).collect();
        assert_eq!(links, [(LinkKind::FollowsFrom, Some(SpanIx(0))), (LinkKind::ExtraParent, None)]);
        assert!(child.flags().has(SpanFlags::TIME_ADJUSTED) && !old.flags().has(SpanFlags::TIME_ADJUSTED));
        assert_eq!(old.rare().unwrap().warnings.len(), 1);
        assert_eq!(count(&store, Code::ServerWarning), 3);
        assert_eq!(count(&store, Code::TimesAdjusted), 1);
        assert_eq!(count(&store, Code::BadField), 1, "the process p9 is missing: {:?}", store.inputs()[0].diagnostics);
    }
}

#[test]
fn the_protobuf_form_is_read_too() {
    let store = read(
        r#"{"spans":[{"traceId":"AAAAAAAAAAEAAAAAAAAAAg==","spanId":"AAAAAAAAAAM=","operationName":"op",
        "references":[{"traceId":"AAAAAAAAAAEAAAAAAAAAAg==","spanId":"AAAAAAAAAAQ="}],
        "startTime":"2018-12-13T14:51:00.300600700Z","duration":"5000ns",
        "tags":[{"key":"span.kind","vStr":"client"},{"key":"ok","vType":"BOOL"},{"key":"n","vType":"INT64","vInt64":"-4"},
                {"key":"b","vType":"BINARY","vBinary":"AP8="},{"key":"f","vType":"FLOAT64","vFloat64":0.5}],
        "process":{"serviceName":"svc","tags":[{"key":"ip","vStr":"10.0.0.1"}]},
        "logs":[{"timestamp":"2018-12-13T14:51:00.3Z","fields":[{"key":"event","vStr":"e"}]}]}]}"#,
    );
    let span = store.span(SpanIx(0));
    assert_eq!(store.trace_id_text(span.trace_id()), "00000000000000010000000000000002");
    assert_eq!(
        (store.span_id_text(span.id()), store.span_id_text(span.parent_id())),
        ("0000000000000003".into(), "0000000000000004".into())
    );
    assert_eq!((span.start_ns(), span.duration_ns()), (1_544_712_660_300_600_700, Some(5000)));
    assert_eq!(span.kind(), SpanKind::Client);
    assert_eq!(tags(&store, span), ["ok=\"false\"", "n=\"-4\"", "b=\"AP8=\"", "f=\"0.5\""]);
    assert_eq!(service(&store, span), Some("svc"));
    assert_eq!(span.events().next().unwrap().time_ns(), 1_544_712_660_300_000_000);
    assert_eq!(count(&store, Code::BadField), 0);
}

#[test]
fn a_cut_anywhere_keeps_the_spans_before_it() {
    let mut last = 0;
    for cut in 0..TRACE.len() {
        if !TRACE.is_char_boundary(cut) {
            continue;
        }
        let Ok(store) = try_read(&TRACE[..cut]) else {
            assert!(cut < 120, "not recognised when cut at {cut}");
            continue;
        };
        assert!(store.len() >= last, "cut at {cut}");
        last = store.len();
        assert_eq!(count(&store, Code::Truncated), 1, "cut at {cut}: {:?}", store.inputs()[0].diagnostics);
    }
    assert_eq!(last, 3);
}

#[test]
fn processes_reach_spans_in_other_chunks_of_the_file() {
    let pad = "x".repeat(100_000);
    let mut text = String::from(r#"{"data":["#);
    for trace in 1..=3 {
        text.push_str(&format!(r#"{{"traceID":"{trace}","spans":["#));
        for span in 1..=60 {
            text.push_str(&format!(
                r#"{{"traceID":"{trace}","spanID":"{trace}{span:02}","operationName":"o","startTime":1,"duration":2,"processID":"p1","tags":[{{"key":"pad","value":"{pad}"}}]}},"#
            ));
        }
        text.push_str(&format!(r#"],"processes":{{"p1":{{"serviceName":"svc-{trace}"}}}}}},"#));
    }
    text.push_str("]}");
    assert!(text.len() > 3 * (4 << 20), "several chunks");
    let store = read(&text);
    assert_eq!(store.len(), 180);
    for (at, ix) in store.span_ixs().enumerate() {
        assert_eq!(service(&store, store.span(ix)), Some(&*format!("svc-{}", at / 60 + 1)), "span {at}");
    }
    assert!(store.inputs()[0].diagnostics.is_empty(), "{:?}", store.inputs()[0].diagnostics);
}

#[test]
fn wrong_types_everywhere_are_counted_and_nothing_else_is_lost() {
    let values = ["null", "1", "-2.5e99", "true", "\"x\"", "[]", "{}", "[[1]]", "{\"a\":{}}", "1e999999999"];
    let fields = [
        "traceID",
        "spanID",
        "parentSpanID",
        "operationName",
        "references",
        "startTime",
        "duration",
        "tags",
        "logs",
        "flags",
        "processID",
        "process",
        "warnings",
        "other",
    ];
    for field in fields {
        for value in values {
            for inner in [
                format!(r#""{field}":{value}"#),
                format!(r#""{field}":[{value}]"#),
                format!(
                    r#""{field}":[{{"key":{value},"type":{value},"value":{value},"fields":[{value}],"timestamp":{value}}}]"#
                ),
            ] {
                let text = format!(
                    r#"{{"spans":[{{"operationName":"a",{inner},"startTime":5}},{{"operationName":"b","spanID":"2","traceID":"1","startTime":5}}],"processes":{value}}}"#
                );
                let store = read(&text);
                assert_eq!(store.len(), 2, "{text}");
                assert_eq!(count(&store, Code::Malformed) + count(&store, Code::Truncated), 0, "{text}");
            }
        }
    }
}

#[test]
fn broken_spans_are_skipped_and_the_next_ones_read() {
    let store = read(
        r#"{"spans":[{"operationName":"a","startTime":5},{"operationName" "b"},7,{"operationName":"c","startTime":5}],"processes":{}}"#,
    );
    assert_eq!(store.len(), 2);
    assert_eq!(count(&store, Code::Malformed), 1);
}

#[test]
fn two_to_the_200000_brackets_end() {
    let deep = format!(r#"{{"spans":[{{"operationName":"a","tags":{}"#, "[".repeat(200_000));
    let store = read(&deep);
    assert_eq!(store.len(), 0);
    assert!(count(&store, Code::Truncated) + count(&store, Code::TooDeep) > 0);
}

#[test]
fn an_answer_without_a_trace_says_what_the_server_said() {
    let store = read(r#"{"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":404,"msg":"trace not found"}]}"#);
    assert_eq!((store.len(), count(&store, Code::NoSpans), count(&store, Code::ServerWarning)), (0, 1, 1));
    let (_, entry) =
        store.inputs()[0].diagnostics.entries().into_iter().find(|(code, _)| *code == Code::ServerWarning).unwrap();
    assert!(entry.places[0].detail.contains("trace not found"));
}

#[test]
fn tags_that_repeat_say_the_same_each_time() {
    let span = |id: usize| {
        format!(
            r#"{{"traceID":"1","spanID":"{id}","processID":"p","operationName":"a","startTime":1,"duration":1,"tags":[
            {{"key":"n","type":"int64","value":"7"}},{{"key":"error","value":true}},{{"key":"span.kind","value":"client"}},
            {{"key":"bad","type":"int64","value":"seven"}},{{"key":"z","value":"z"}}],"logs":[{{"timestamp":2,"fields":[
            {{"key":"event","value":"e"}},{{"key":"n","value":1}},{{"key":"message","value":"m"}}]}},{{"timestamp":3,"fields":[
            {{"key":"n","value":1}},{{"key":"message","value":"m"}}]}}]}}"#
        )
    };
    let spans: Vec<String> = (1..=5).map(span).collect();
    let store = read(&format!(
        r#"{{"data":[{{"traceID":"1","spans":[{}],"processes":{{"p":{{"serviceName":"s"}}}}}}]}}"#,
        spans.join(",")
    ));
    assert_eq!(count(&store, Code::BadField), 5, "a value of another type is noted each time");
    for span in store.span_ixs().map(|ix| store.span(ix)) {
        assert_eq!(tags(&store, span), [r#"n="7""#, r#"error="true""#, r#"bad="seven""#, r#"z="z""#]);
        assert_eq!((span.kind(), span.status()), (SpanKind::Client, Status::Error));
        let events: Vec<(&str, usize)> = span.events().map(|event| (event.name(), event.attrs().len())).collect();
        assert_eq!(events, [("e", 2), ("m", 2)]);
    }
}
