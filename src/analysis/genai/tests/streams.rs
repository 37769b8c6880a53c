//! Pieces of streamed answers, wherever they are recorded: events of the span, log records, spans of single steps.

use super::fixture::{Event, Span, T0_NS, store};
use crate::analysis::genai::GenAi;
use crate::load::{Options, Progress, Source, load};
use crate::model::TraceStore;

const MS: i64 = 1_000_000;

/// When the pieces of the first span came, milliseconds after its start.
fn pieces(store: &TraceStore) -> Vec<i64> {
    let genai = GenAi::analyse(store);
    let span = store.span_ixs().next().unwrap();
    let start = store.span(span).start_ns();
    let stream = genai.stream(store, span);
    stream.map_or_else(Vec::new, |stream| stream.times_ns.iter().map(|time| (time - start) / MS).collect())
}

fn call() -> Span {
    let attributes = serde_json::json!({"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"});
    let attributes = attributes.as_object().unwrap().clone();
    Span { name: "chat m".into(), id: 1, trace: 1, ms: [0.0, 1000.0], attributes, ..Span::default() }
}

#[test]
fn pieces_are_events_of_the_span() {
    let event = |ms: f64| Event { name: "gen_ai.content.completion.chunk".into(), ms, ..Event::default() };
    let span = Span { events: [100.0, 200.0, 350.0].map(event).into(), ..call() };
    assert_eq!(pieces(&store(&[span])), [100, 200, 350]);
}

#[test]
fn pieces_are_spans_of_single_steps() {
    let step = |(id, ms): (u64, f64)| Span {
        name: "decode_loop".into(),
        id,
        parent: 1,
        trace: 1,
        ms: [ms - 50.0, ms],
        ..Span::default()
    };
    let mut spans = vec![call()];
    spans.extend([(2, 100.0), (3, 200.0), (4, 350.0)].map(step));
    assert_eq!(pieces(&store(&spans)), [100, 200, 350]);
}

#[test]
fn pieces_are_log_records_by_name_or_by_the_attribute_of_older_sdks() {
    let (trace, id) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
    let log = |(ms, name): (i64, String)| {
        let time = T0_NS + ms * MS;
        format!(r#"{{"timeUnixNano":"{time}","traceId":"{trace}","spanId":"{id}",{name}}}"#)
    };
    let chunk = "gen_ai.content.completion.chunk";
    let stated = format!(r#""eventName":"{chunk}","body":{{"stringValue":"a"}}"#);
    let older = format!(
        r#""body":{{"stringValue":"b"}},"attributes":[{{"key":"event.name","value":{{"stringValue":"{chunk}"}}}}]"#
    );
    let logs: Vec<String> = [(100, stated.clone()), (200, older), (350, stated)].map(log).into();
    let text = format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"{trace}","spanId":"{id}","name":"chat m",
        "startTimeUnixNano":"{T0_NS}","endTimeUnixNano":"{}","attributes":[
        {{"key":"gen_ai.operation.name","value":{{"stringValue":"chat"}}}}]}}]}}]}}],
        "resourceLogs":[{{"scopeLogs":[{{"logRecords":[{}]}}]}}]}}"#,
        T0_NS + 1000 * MS,
        logs.join(",")
    );
    let source = Source::memory("logs.otlp.json", text.into_bytes());
    let store = load(&[source], &Options::default(), &Progress::default()).unwrap().store;
    assert_eq!(pieces(&store), [100, 200, 350]);
}

/// How long a stream was reasoning, and how long it was, milliseconds.
fn thinking(pieces: &[(f64, &str)], dropped_events: u32) -> Option<(i64, i64)> {
    let event = |(ms, what): &(f64, &str)| {
        let attributes = serde_json::json!({ "type": what }).as_object().unwrap().clone();
        Event { name: "gen_ai.content.completion.chunk".into(), ms: *ms, attributes }
    };
    let span = Span { events: pieces.iter().map(event).collect(), dropped_events, ..call() };
    let store = store(&[span]);
    let time = GenAi::analyse(&store).thinking(&store, store.span_ixs().next().unwrap())?;
    Some((time.reasoning_ns / MS, time.stream_ns / MS))
}

#[test]
fn a_piece_of_reasoning_lasts_until_the_next_piece() {
    for (pieces, wanted) in [
        (&[(100.0, "reasoning"), (300.0, "text"), (400.0, "text")][..], Some((200, 300))),
        (&[(100.0, "text"), (200.0, "thinking"), (500.0, "text"), (600.0, "text")], Some((300, 500))),
        // Cut off before the first word; of unknown kind; without any reasoning; one piece alone.
        (&[(100.0, "reasoning"), (700.0, "reasoning")], Some((600, 600))),
        (&[(100.0, "reasoning"), (200.0, "?"), (700.0, "text")], Some((100, 600))),
        (&[(100.0, "text"), (200.0, "text")], None),
        (&[(100.0, "reasoning")], None),
        (&[], None),
    ] {
        assert_eq!(thinking(pieces, 0), wanted, "{pieces:?}");
        assert_eq!(thinking(pieces, 1), None, "the oldest pieces are dropped, and they are reasoning");
    }
}
