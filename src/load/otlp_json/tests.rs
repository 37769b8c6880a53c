//! Forms, odd values and hostile text; and that chunks and threads leave no trace in the result.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::load::Progress;
use crate::model::{Code, Input, SpanFlags, SpanIx, SpanKind, Status, StoreBuilder, TraceStore, Value};

fn load_with(text: &[u8], limits: Limits) -> TraceStore {
    let mut builder = StoreBuilder::new();
    let input = builder.add_input(Input { name: "test".into(), ..Input::default() });
    let progress = Progress::default();
    read_with(&mut &*text, limits, &mut Output::new(&mut builder, input, &progress)).unwrap();
    builder.finish()
}

fn load(text: &str) -> TraceStore {
    load_with(text.as_bytes(), Limits::default())
}

fn codes(store: &TraceStore) -> Vec<(Code, u64)> {
    store.inputs()[0].diagnostics.entries().into_iter().map(|(code, entry)| (code, entry.count)).collect()
}

/// Everything that a store holds, indexes and symbols included.
fn dump(store: &TraceStore) -> String {
    let mut out = String::new();
    for ix in store.span_ixs() {
        let span = store.span(ix);
        let times = (span.start_ns(), span.end_ns(), span.offset(), span.flags(), span.otlp_flags());
        let ids = (span.trace_ix(), span.trace_id(), span.id(), span.parent_id(), span.parent());
        let groups = (span.resource_ix(), span.scope_ix(), span.name_sym(), span.kind(), span.status());
        writeln!(out, "{times:?} {ids:?} {groups:?} {:?} {:?}", span.attr_ids(), span.rare()).unwrap();
        for event in span.events() {
            let attrs: Vec<_> = event.attrs().collect();
            writeln!(out, "  {} {:?} {} {attrs:?}", event.time_ns(), event.observed_ns(), event.name()).unwrap();
        }
        for link in span.links() {
            let attrs: Vec<_> = link.attrs().collect();
            writeln!(out, "  {:?} {:?} {attrs:?}", link.trace_id(), link.span_id()).unwrap();
        }
    }
    let strings: Vec<_> = store.strings().iter().collect();
    writeln!(out, "{:?}\n{:?}\n{strings:?}", store.resources(), store.scopes()).unwrap();
    writeln!(out, "{:?}\n{:?}", store.attrs().pairs(), store.inputs()[0].diagnostics).unwrap();
    out
}

fn span(id: u32, rest: &str) -> String {
    format!(
        r#"{{"traceId":"0000000000000000000000000000000a","spanId":"{id:016x}","name":"s{id}","startTimeUnixNano":"10","endTimeUnixNano":"20"{rest}}}"#
    )
}

fn request(spans: &str) -> String {
    format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":[]}},"scopeSpans":[{{"scope":{{"name":"lib"}},"spans":[{spans}]}}]}}]}}"#
    )
}

#[test]
fn every_form_of_document_gives_the_same_spans() {
    let (a, b) = (request(&span(1, "")), request(&span(2, "")));
    let pretty =
        |text: &str| serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(text).unwrap()).unwrap();
    for text in [
        format!("{a}\n{b}\n"),
        format!("\u{feff}{a}\r\n{b}\r\n"),
        format!("[{a},{b}]"),
        format!("{}{}", pretty(&a), pretty(&b)),
        format!("{}\n{}", pretty(&a), pretty(&b)),
        format!(r#"{{"trace":{a}}}{{"trace":{b}}}"#),
        request(&format!("{},{},", span(1, ""), span(2, ""))),
        format!("{a}{b}").replace("resourceSpans", "batches").replace("scopeSpans", "instrumentationLibrarySpans"),
        format!("{a}{b}").replace("resourceSpans", "resource_spans").replace("scopeSpans", "scope_spans"),
        format!("{a}{b}")
            .replace("traceId", "trace_id")
            .replace("spanId", "span_id")
            .replace("startTimeUnixNano", "start_time_unix_nano")
            .replace("endTimeUnixNano", "end_time_unix_nano"),
    ] {
        assert!(OtlpJson.sniff(text.as_bytes()), "{text}");
        let store = load(&text);
        let names: Vec<_> = store.span_ixs().map(|ix| (store.span(ix).name(), store.span(ix).end_ns())).collect();
        assert_eq!(names, [("s1", 20), ("s2", 20)], "{text}");
        assert_eq!(store.span(SpanIx(0)).scope().name, store.strings().find("lib").unwrap(), "{text}");
        assert_eq!(codes(&store), [], "{text}");
    }
}

#[test]
fn ids_kinds_and_times_in_every_spelling() {
    let text = request(
        r#"{"spanId":"ziprJqtLsl8=","traceId":"tH12H+eb6IruQTQs3VJyaA==","parentSpanId":null,"kind":"SPAN_KIND_SERVER","status":{"code":"STATUS_CODE_ERROR","message":"no"},"startTimeUnixNano":1777555053780274700,"endTimeUnixNano":"1777555053781172000"},
           {"spanId":"00000000000000AB","traceId":"x","parentSpanId":"0000000000000000","kind":3,"status":{"code":1},"startTimeUnixNano":"9223372036854775807","endTimeUnixNano":"18446744073709551615","flags":768,"traceState":"a=b"},
           {"spanId":"00000000000000AC","traceId":"x","parentSpanId":"ab","kind":"client","startTimeUnixNano":5,"endTimeUnixNano":7}"#,
    );
    let store = load(&text);
    let [a, b, c] = [0, 1, 2].map(|ix| store.span(SpanIx(ix)));
    assert_eq!(store.span_id_text(a.id()), "ce2a6b26ab4bb25f");
    assert_eq!((a.kind(), a.status(), a.parent_id().is_some()), (SpanKind::Server, Status::Error, false));
    assert_eq!(store.text(a.rare().unwrap().status_message), "no");
    assert_eq!((a.start_ns(), a.end_ns()), (1_777_555_053_780_274_700, 1_777_555_053_781_172_000));
    assert!(a.flags().has(SpanFlags::TIME_IMPRECISE));
    assert_eq!((b.kind(), b.status(), b.parent_id().is_some()), (SpanKind::Client, Status::Ok, false));
    assert_eq!((b.start_ns(), b.end_ns(), b.otlp_flags()), (i64::MAX, i64::MAX, 768));
    assert_eq!(store.text(b.rare().unwrap().trace_state), "a=b");
    assert_eq!((c.kind(), c.start_ns(), c.flags().has(SpanFlags::TIME_IMPRECISE)), (SpanKind::Client, 5, false));
    assert_eq!(store.span_id_text(c.parent_id()), "ab");
    assert_eq!(
        codes(&store),
        [(Code::TimeClamped, 1), (Code::ImpreciseTime, 1), (Code::OddId, 3), (Code::MissingParent, 1)]
    );
}

#[test]
fn all_kinds_of_values_are_kept() {
    let values = [
        (r#"{"stringValue":"a\"b"}"#, "a\"b"),
        (r#"{"intValue":"-9223372036854775808"}"#, "-9223372036854775808"),
        (r#"{"intValue":9007199254740993}"#, "9007199254740993"),
        (r#"{"doubleValue":0.5}"#, "0.5"),
        (r#"{"doubleValue":"NaN"}"#, "NaN"),
        (r#"{"boolValue":true}"#, "true"),
        (r#"{"bytesValue":"-_8"}"#, "+/8="),
        (r"{}", ""),
        (
            r#"{"arrayValue":{"values":[{"stringValue":"x\n"},{"intValue":"7"},{},{"doubleValue":1},{"bytesValue":"AQ=="}]}}"#,
            r#"["x\n",7,null,1.0,"AQ=="]"#,
        ),
        (
            r#"{"kvlistValue":{"values":[{"key":"k","value":{"kvlistValue":{"values":[]}}},{"value":{"boolValue":false},"key":"l"}]}}"#,
            r#"{"k":{},"l":false}"#,
        ),
        (r#"{"arrayValue":{}}"#, "[]"),
    ];
    let attrs: Vec<_> = values.iter().map(|(json, _)| format!(r#"{{"key":"k","value":{json}}}"#)).collect();
    let store = load(&request(&span(1, &format!(r#","attributes":[{}]"#, attrs.join(",")))));
    let found: Vec<_> = store.span(SpanIx(0)).attrs().map(|attr| store.value_text(attr.value)).collect();
    assert_eq!(found, values.map(|(_, text)| text));
    assert_eq!(codes(&store), []);
    assert!(matches!(store.span(SpanIx(0)).attrs().nth(8).unwrap().value, Value::Json(_)));
}

#[test]
fn fields_may_come_in_any_order() {
    let text = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"late","spanId":"0000000000000001","traceId":"0000000000000000000000000000000a"}],
        "schemaUrl":"su","scope":{"version":"2","name":"lib"}}],"schemaUrl":"ru","resource":{"attributes":[{"value":{"stringValue":"svc"},"key":"service.name"}]}}]}"#;
    for chunk in [1, 1 << 20] {
        let store = load_with(text.as_bytes(), Limits { chunk, workers: 1, ..Limits::default() });
        let span = store.span(SpanIx(0));
        assert_eq!(store.find_text(&span.resource().attrs, "service.name"), Some("svc"));
        assert_eq!(store.text(span.resource().schema_url), "ru");
        let scope = span.scope();
        assert_eq!([scope.name, scope.version, scope.schema_url].map(|sym| store.text(sym)), ["lib", "2", "su"]);
    }
}

#[test]
fn logs_become_events_and_metrics_are_counted() {
    let logs = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[
        {"timeUnixNano":"15","observedTimeUnixNano":"16","severityText":"WARN","body":{"stringValue":"slow"},"traceId":"0000000000000000000000000000000a","spanId":"0000000000000001"},
        {"timeUnixNano":"15","body":{"stringValue":"nowhere"}}]}]}]}"#;
    let metrics = r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"a"},{"name":"b"}]}]}]}"#;
    let store = load(&format!("{logs}\n{}\n{metrics}\n{{\"other\":1}}\n", request(&span(1, ""))));
    let event = store.span(SpanIx(0)).events().next().unwrap();
    assert_eq!((event.time_ns(), event.observed_ns(), event.name()), (15, Some(16), "slow"));
    assert_eq!(event.attrs().map(|attr| store.text(attr.key)).collect::<Vec<_>>(), [LOG_SEVERITY]);
    assert_eq!(
        codes(&store),
        [(Code::UnknownDocument, 1), (Code::LogsSkipped, 1), (Code::MetricsSkipped, 2), (Code::LogsAttached, 1)]
    );
}

#[test]
fn a_broken_span_is_skipped_and_the_rest_is_read() {
    let text = request(&format!(r#"{},{{"spanId" "x","name":"]}}"}},7,{}"#, span(1, ""), span(3, "")));
    let store = load(&text);
    assert_eq!(store.len(), 2);
    assert_eq!(codes(&store), [(Code::Malformed, 2)]);
    let offset = store.inputs()[0].diagnostics.entries()[0].1.places[0].offset;
    assert_eq!(offset as usize, text.find(r#""x""#).unwrap());
}

#[test]
fn a_line_that_breaks_off_does_not_take_the_next_one_with_it() {
    let (a, b, c) = (request(&span(1, "")), request(&span(2, "")), request(&span(3, "")));
    // In a string, between fields, and between spans.
    for cut in [b.find("lib").unwrap(), b.find(",\"name\":\"s2").unwrap(), b.len() - 6] {
        let store = load(&format!("{a}\n{}\n{c}\n", &b[..cut]));
        let names: Vec<_> = store.span_ixs().map(|ix| store.span(ix).name()).collect();
        assert_eq!((names.first(), names.last()), (Some(&"s1"), Some(&"s3")), "cut at {cut}");
        assert_eq!(store.inputs()[0].diagnostics.count(Code::Truncated), 1, "cut at {cut}");
    }
}

#[test]
fn a_cut_at_any_byte_loads_everything_before_it() {
    let spans = [span(1, ""), span(2, r#","attributes":[{"key":"k","value":{"stringValue":"v\\\" é"}}]"#), span(3, "")];
    let text = request(&spans.join(","));
    let ends: Vec<_> = spans.iter().map(|span| text.find(span.as_str()).unwrap() + span.len()).collect();
    for cut in 1..text.len() {
        let store = load_with(&text.as_bytes()[..cut], Limits { chunk: 64, workers: 1, ..Limits::default() });
        assert_eq!(store.len(), ends.iter().filter(|&&end| end <= cut).count(), "cut at {cut}");
        assert_eq!(store.inputs()[0].diagnostics.count(Code::Truncated), 1, "cut at {cut}: {:?}", codes(&store));
    }
    assert_eq!(load(&text).len(), 3);
}

#[test]
fn hostile_text_ends_in_diagnostics() {
    let cases = [
        ("", 0),
        ("   \r\n", 0),
        ("not json at all { [", 0),
        (r#"{"resourceSpans":5}"#, 0),
        (r#"{"resourceSpans":[[[{}]]]}"#, 0),
        ("]}]}]}", 0),
        (r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":1,"spanId":[],"attributes":{}}]}]}]}"#, 1),
    ];
    for (text, spans) in cases {
        let store = load(text);
        assert_eq!(store.len(), spans, "{text}");
        assert!(!store.inputs()[0].diagnostics.is_empty(), "{text}");
    }
    let deep = "[".repeat(200_000);
    for text in [
        deep.clone(),
        format!(r#"{{"resourceSpans":{deep}"#),
        request(&span(1, &format!(r#","x":{deep}"#))),
        request(&span(
            1,
            &format!(r#","attributes":[{{"key":"k","value":{}"#, r#"{"arrayValue":{"values":["#.repeat(50_000)),
        )),
    ] {
        let store = load(&text);
        assert!(
            store.inputs()[0].diagnostics.count(Code::Truncated) + store.inputs()[0].diagnostics.count(Code::TooDeep)
                > 0
        );
    }
    let nested = format!("{}{}", r#"{"arrayValue":{"values":["#.repeat(1_000), "]}}".repeat(1_000));
    let store = load(&request(&span(1, &format!(r#","attributes":[{{"key":"k","value":{nested}}}]"#))));
    assert_eq!((store.len(), codes(&store)), (1, vec![(Code::TooDeep, 1)]));
}

#[test]
fn an_element_too_large_is_left_out_and_the_rest_is_read() {
    let big =
        span(2, &format!(r#","attributes":[{{"key":"k","value":{{"stringValue":"{}"}}}}]"#, "x".repeat(3_000_000)));
    let text = request(&[span(1, ""), big, span(3, "")].join(","));
    let limits = Limits { chunk: 1000, element: 500_000, workers: 2 };
    let store = load_with(text.as_bytes(), limits);
    let names: Vec<_> = store.span_ixs().map(|ix| store.span(ix).name()).collect();
    assert_eq!(names, ["s1", "s3"]);
    assert_eq!(codes(&store), [(Code::TooLarge, 1)]);
    assert_eq!(store.span(SpanIx(1)).offset() as usize, text.find(&span(3, "")).unwrap());
    let store = load_with(&text.as_bytes()[..2_000_000], limits);
    assert_eq!(codes(&store), [(Code::Truncated, 1), (Code::TooLarge, 1)]);
}

#[test]
fn what_is_too_large_between_spans_costs_no_span() {
    let long = "x".repeat(400_000);
    let escaped = r#"\\\""#.repeat(100_000);
    let (blanks, digits) = (" ".repeat(400_000), "7".repeat(400_000));
    let many: String = (0..60_000).map(|key| format!(r#","k{key}":1"#)).collect();
    for field in [
        format!(r#""schemaUrl":"{long}""#),
        format!(r#""schemaUrl":"{escaped}""#),
        format!(r#""schemaUrl":{blanks}"url""#),
        format!(r#""schemaUrl":{digits}"#),
        format!(r#""schemaUrl":"url"{many}"#),
    ] {
        for text in [
            format!(
                r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{},{}],{field}}}]}},{{"scopeSpans":[{{"spans":[{}]}}]}}]}}"#,
                span(1, ""),
                span(2, ""),
                span(3, "")
            ),
            format!(
                r#"{{"resourceSpans":[{{{field},"scopeSpans":[{{"spans":[{},{}]}}]}},{{"scopeSpans":[{{"spans":[{}]}}]}}]}}"#,
                span(1, ""),
                span(2, ""),
                span(3, "")
            ),
            format!(
                r#"{{{field},"resourceSpans":[{{"scopeSpans":[{{{field},"spans":[{},{}]}}]}},{{"scopeSpans":[{{"spans":[{}]}}]}}]}}"#,
                span(1, ""),
                span(2, ""),
                span(3, "")
            ),
        ] {
            let store = load_with(text.as_bytes(), Limits { chunk: 1000, element: 100_000, workers: 1 });
            let names: Vec<_> = store.span_ixs().map(|ix| store.span(ix).name()).collect();
            assert_eq!(names, ["s1", "s2", "s3"], "{}", &field[..40]);
            assert!(store.inputs()[0].diagnostics.count(Code::TooLarge) >= 1, "{}", &field[..40]);
            for (at, number) in [(0, 1), (1, 2), (2, 3)] {
                assert_eq!(store.span(SpanIx(at)).offset() as usize, text.find(&span(number, "")).unwrap());
            }
        }
    }
}

#[test]
fn bytes_that_are_not_utf8_are_replaced() {
    let mut text = request(&span(1, "")).into_bytes();
    let at = text.windows(4).position(|w| w == b"\"s1\"").unwrap();
    text[at + 1] = 0xff;
    let store = load_with(&text, Limits::default());
    assert_eq!(store.span(SpanIx(0)).name(), "\u{fffd}1");
    assert_eq!(codes(&store), [(Code::BadUtf8, 1)]);
}

/// A document with several resources and scopes, in an order and layout that vary.
fn document() -> impl Strategy<Value = String> {
    let span_text = (1_u32..400, any::<bool>(), 0_usize..90).prop_map(|(id, event, pad)| {
        let event = if event { r#","events":[{"timeUnixNano":"12","name":"e}]\"","attributes":[]}]"# } else { "" };
        let value = format!("{}\\\\{}", "é{[".repeat(pad % 7), "x".repeat(pad));
        span(id, &format!(r#"{event},"attributes":[{{"key":"k{}","value":{{"stringValue":"{value}"}}}}]"#, pad % 3))
    });
    let spans = prop::collection::vec(span_text, 0..6).prop_map(|spans| spans.join(","));
    let scope = (spans, 0_u8..3, any::<bool>()).prop_map(|(spans, name, late)| {
        let scope = format!(r#""scope":{{"name":"lib{name}"}}"#);
        if late { format!(r#"{{"spans":[{spans}],{scope}}}"#) } else { format!(r#"{{{scope},"spans":[{spans}]}}"#) }
    });
    let scopes = prop::collection::vec(scope, 0..4).prop_map(|scopes| scopes.join(","));
    let resource = (scopes, 0_u8..3, any::<bool>()).prop_map(|(scopes, name, late)| {
        let resource =
            format!(r#""resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"svc{name}"}}}}]}}"#);
        if late {
            format!(r#"{{"scopeSpans":[{scopes}],{resource},"schemaUrl":"u{name}"}}"#)
        } else {
            format!(r#"{{{resource},"scopeSpans":[{scopes}]}}"#)
        }
    });
    let request =
        prop::collection::vec(resource, 0..4).prop_map(|r| format!(r#"{{"resourceSpans":[{}]}}"#, r.join(",")));
    (prop::collection::vec(request, 1..4), 0_u8..4).prop_map(|(requests, form)| match form {
        0 => requests.join("\n"),
        1 => format!("[{}]", requests.join(",")),
        2 => requests
            .iter()
            .map(|text| {
                serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(text).unwrap()).unwrap()
            })
            .collect(),
        _ => requests.concat(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn chunks_and_threads_leave_no_trace(text in document(), chunk in 1_usize..3000, workers in 1_usize..5) {
        let whole = load(&text);
        prop_assert!(whole.inputs()[0].diagnostics.worst() < Some(crate::model::Severity::Error), "{:?}", codes(&whole));
        let split = load_with(text.as_bytes(), Limits { chunk, workers, ..Limits::default() });
        prop_assert_eq!(dump(&split), dump(&whole));
    }

    #[test]
    fn a_flipped_byte_never_stops_the_loader(text in document(), at in any::<prop::sample::Index>(), byte: u8, chunk in 1_usize..3000) {
        let mut bytes = text.into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let store = load_with(&bytes, Limits { chunk, workers: 2, ..Limits::default() });
        prop_assert_eq!(store.span_ixs().filter(|&ix| !store.span(ix).resource_ix().is_some()).count(), 0);
    }
}

#[test]
fn attributes_that_repeat_say_the_same_each_time() {
    let span = |id: usize| {
        let deep = format!("{}1{}", "{\"arrayValue\":{\"values\":[".repeat(70), "]}}".repeat(70));
        format!(
            r#"{{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"{id:016x}","attributes":[
            {{"key":"a","value":{{"stringValue":"x"}}}}, {{"key":"bytes","value":{{"bytesValue":"?"}}}},{{"key":"deep","value":{deep}}},
            {{"value":{{"intValue":"7"}},"key":"n"}},null,{{"key":"a"}},{{"key":"a","value":{{"stringValue":"x"}}}}]}}"#
        )
    };
    let spans: Vec<String> = (1..=5).map(span).collect();
    let store = load(&format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}]}}]}}]}}"#, spans.join(",")));
    let counts: Vec<u64> = [Code::BadField, Code::TooDeep].map(|code| store.inputs()[0].diagnostics.count(code)).into();
    assert_eq!(counts, [5, 5], "what is wrong is noted each time");
    for span in store.span_ixs().map(|ix| store.span(ix)) {
        let attrs: Vec<String> =
            span.attrs().map(|attr| format!("{}={}", store.text(attr.key), store.value_text(attr.value))).collect();
        assert_eq!(attrs, ["a=x", "bytes=?", "deep=", "n=7", "a=", "a=x"]);
    }
}
