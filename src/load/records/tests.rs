//! Cuts, damage and chunk sizes: whatever the text, nothing panics and no record before the damage is lost.

use std::path::PathBuf;

use serde_json::Value as Json;

use super::read::read_with;
use super::{
    Records, clickhouse, dynamo, flat_spans, go_spans, google, langfuse, langsmith, mlflow, openai_agents, rows,
    sentry, skywalking, triton, xray,
};
use crate::load::json::Limits;
use crate::load::{FORMATS, Output, Progress};
use crate::model::{Input, StoreBuilder, TraceStore};

type Read = fn(&[u8], Limits) -> TraceStore;

fn load<F: Records>(mut text: &[u8], limits: Limits) -> TraceStore {
    let mut builder = StoreBuilder::new();
    let input = builder.add_input(Input { name: "test".into(), ..Input::default() });
    let progress = Progress::default();
    read_with::<F>(&mut text, limits, &mut Output::new(&mut builder, input, &progress)).unwrap();
    builder.finish()
}

fn exports() -> Vec<(&'static str, &'static str, Read, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/exports");
    let files: [(&str, &str, Read); 49] = [
        ("clickhouse-nested.jsonl", "clickhouse-rows", load::<clickhouse::Rows>),
        ("clickhouse-rows.jsonl", "clickhouse-rows", load::<clickhouse::Rows>),
        ("clickhouse-table.json", "clickhouse-rows", load::<clickhouse::Rows>),
        ("dynamo-requests.jsonl", "dynamo-requests", load::<dynamo::Events>),
        ("flat-console-exporter.jsonl", "flat-spans", load::<flat_spans::Dump>),
        ("flat-data-frame.jsonl", "flat-spans", load::<flat_spans::Dump>),
        ("flat-datadog.json", "flat-spans", load::<flat_spans::Dump>),
        ("flat-document.json", "flat-spans", load::<flat_spans::Dump>),
        ("flat-javascript.json", "flat-spans", load::<flat_spans::Dump>),
        ("flat-logfire-rows.json", "flat-spans", load::<flat_spans::Dump>),
        ("flat-php.json", "flat-spans", load::<flat_spans::Dump>),
        ("go-spans.jsonl", "go-spans", load::<go_spans::Printed>),
        ("langfuse-api.json", "langfuse-json", load::<langfuse::Observations>),
        ("langsmith-batch.json", "langsmith-json", load::<langsmith::Runs>),
        ("langsmith-children.jsonl", "langsmith-json", load::<langsmith::Runs>),
        ("langsmith-runs.json", "langsmith-json", load::<langsmith::Runs>),
        ("mlflow-info-id.json", "mlflow-json", load::<mlflow::Traces>),
        ("mlflow-v2.json", "mlflow-json", load::<mlflow::Traces>),
        ("mlflow-v3.json", "mlflow-json", load::<mlflow::Traces>),
        ("openai-agents.jsonl", "openai-agents-json", load::<openai_agents::Objects>),
        ("flat-by-trace.json", "flat-spans", load::<flat_spans::Dump>),
        ("flat-opik.json", "flat-spans", load::<flat_spans::Dump>),
        ("google-trace-v1.json", "google-trace", load::<google::Spans>),
        ("google-trace-v2.json", "google-trace", load::<google::Spans>),
        ("rows-alibaba.jsonl", "tool-rows", load::<rows::Rows>),
        ("rows-opensearch.json", "tool-rows", load::<rows::Rows>),
        ("rows-braintrust.json", "tool-rows", load::<rows::Rows>),
        ("rows-datadog-api.json", "tool-rows", load::<rows::Rows>),
        ("rows-elastic-apm.json", "tool-rows", load::<rows::Rows>),
        ("rows-honeycomb.json", "tool-rows", load::<rows::Rows>),
        ("rows-new-relic.json", "tool-rows", load::<rows::Rows>),
        ("rows-signoz.json", "tool-rows", load::<rows::Rows>),
        ("rows-weave.jsonl", "tool-rows", load::<rows::Rows>),
        ("sentry-transaction.json", "sentry-events", load::<sentry::Events>),
        ("skywalking-query.json", "skywalking", load::<skywalking::Segments>),
        ("skywalking-segments.jsonl", "skywalking", load::<skywalking::Segments>),
        ("triton-trace.json", "triton-json", load::<triton::Requests>),
        ("xray-traces.json", "aws-xray", load::<xray::Segments>),
        ("flat-cloudwatch.jsonl", "flat-spans", load::<flat_spans::Dump>),
        ("rows-azure-monitor.json", "tool-rows", load::<rows::Rows>),
        ("rows-datadog-llm.json", "tool-rows", load::<rows::Rows>),
        ("rows-datadog-llm-export.json", "tool-rows", load::<rows::Rows>),
        ("rows-elastic-otel.json", "tool-rows", load::<rows::Rows>),
        ("rows-helicone.json", "tool-rows", load::<rows::Rows>),
        ("rows-langwatch.json", "tool-rows", load::<rows::Rows>),
        ("rows-new-relic-agent.json", "tool-rows", load::<rows::Rows>),
        ("rows-new-relic-api.json", "tool-rows", load::<rows::Rows>),
        ("rows-posthog.json", "tool-rows", load::<rows::Rows>),
        ("xray-batch.json", "aws-xray", load::<xray::Segments>),
    ];
    files.map(|(name, format, read)| (name, format, read, std::fs::read(folder.join(name)).unwrap())).into()
}

/// Names and ids in file order.
fn dump(store: &TraceStore) -> Vec<String> {
    let line = |ix| {
        let span = store.span(ix);
        let attrs: Vec<String> = span.attrs().map(|attr| store.value_text(attr.value)).collect();
        let resource = span.resource().attrs.len();
        format!(
            "{} {:?} {:?} {} {resource} {}",
            span.name(),
            span.start_ns(),
            span.end_ns(),
            span.offset(),
            attrs.join(" ")
        )
    };
    store.span_ixs().map(line).collect()
}

#[test]
fn every_export_is_recognised_as_what_it_is() {
    for (name, format, _, text) in exports() {
        let found = FORMATS.iter().find(|format| format.sniff(&text)).map(|format| format.name());
        assert_eq!(found, Some(format), "{name}");
    }
}

#[test]
fn chunks_leave_no_trace() {
    for (name, _, read, text) in exports() {
        let whole = dump(&read(&text, Limits::default()));
        assert!(!whole.is_empty(), "{name}");
        for chunk in [1, 64, 700, 5000] {
            let limits = Limits { chunk, ..Limits::default() };
            assert_eq!(dump(&read(&text, limits)), whole, "{name} in chunks of {chunk}");
        }
    }
}

#[test]
fn a_cut_anywhere_keeps_the_records_before_it() {
    for (name, _, read, text) in exports() {
        // Documents inside of a list, and runs inside of runs, are read whole.
        const WHOLE: [&str; 11] = [
            "flat-by-trace.json",
            "google-trace-v1.json",
            "langsmith-runs.json",
            "mlflow-info-id.json",
            "mlflow-v2.json",
            "rows-datadog-llm.json",
            "rows-new-relic.json",
            "rows-new-relic-agent.json",
            "rows-new-relic-api.json",
            "xray-batch.json",
            "xray-traces.json",
        ];
        // A request is known in full at the end, and a transaction begins before its spans.
        if WHOLE.contains(&name)
            || ["triton-trace.json", "sentry-transaction.json", "skywalking-segments.jsonl"].contains(&name)
        {
            continue;
        }
        let whole = read(&text, Limits::default());
        let mut offsets: Vec<usize> = whole.span_ixs().map(|ix| whole.span(ix).offset() as usize).collect();
        // Runs that wait for others come last.
        offsets.sort_unstable();
        offsets.dedup();
        for cut in (0..text.len()).step_by(7) {
            let store = read(&text[..cut], Limits { chunk: 256, ..Limits::default() });
            let complete = offsets.iter().skip(1).filter(|&&next| next < cut).count();
            assert!(store.len() >= complete, "{name} cut at {cut}: {} of {complete}", store.len());
        }
    }
}

#[test]
fn a_flipped_byte_never_stops_the_reader() {
    for (_, _, read, text) in exports() {
        for at in (0..text.len()).step_by(3) {
            let mut damaged = text.clone();
            damaged[at] ^= 1 << (at % 8);
            read(&damaged, Limits { chunk: 512, ..Limits::default() });
        }
    }
}

/// Documents of `text`, one after the other.
fn documents(text: &[u8]) -> Vec<Json> {
    serde_json::Deserializer::from_slice(text).into_iter::<Json>().map(Result::unwrap).collect()
}

fn written(documents: &[Json]) -> Vec<u8> {
    documents.iter().map(|json| format!("{json}\n")).collect::<String>().into_bytes()
}

/// `json` with every value that holds no others changed by `change`.
fn changed(json: &Json, change: &dyn Fn(&Json) -> Json) -> Json {
    match json {
        Json::Array(items) => items.iter().map(|item| changed(item, change)).collect(),
        Json::Object(fields) => {
            Json::Object(fields.iter().map(|(key, value)| (key.clone(), changed(value, change))).collect())
        }
        leaf => change(leaf),
    }
}

/// Names and times, without what depends on how the text is written.
fn times(store: &TraceStore) -> Vec<String> {
    let line = |ix| {
        let span = store.span(ix);
        format!("{} {:?} {:?} {:?}", span.name(), span.start_ns(), span.end_ns(), span.parent())
    };
    store.span_ixs().map(line).collect()
}

/// Tools that pass exports on write numbers as texts; nothing that matters changes by that.
#[test]
fn numbers_as_texts_are_numbers() {
    for (name, _, read, text) in exports() {
        let as_text = |leaf: &Json| if leaf.is_number() { Json::String(leaf.to_string()) } else { leaf.clone() };
        let documents = documents(&text);
        let texts: Vec<Json> = documents.iter().map(|json| changed(json, &as_text)).collect();
        let whole = times(&read(&written(&documents), Limits::default()));
        assert_eq!(times(&read(&written(&texts), Limits::default())), whole, "{name}");
    }
}

/// Values of other types lose themselves and nothing else: no record vanishes without a note.
#[test]
fn other_types_everywhere_lose_no_record_silently() {
    let nothing = |_: &Json| Json::Null;
    let list = |_: &Json| Json::Array(Vec::new());
    let object = |_: &Json| serde_json::json!({"x": [{}]});
    let number = |_: &Json| Json::from(-1.5e300);
    let text = |_: &Json| Json::from("\u{0}\u{fffd} {[\"");
    let changes: [&dyn Fn(&Json) -> Json; 5] = [&nothing, &list, &object, &number, &text];
    for (name, _, read, original) in exports() {
        for change in changes {
            let documents: Vec<Json> = documents(&original).iter().map(|json| changed(json, change)).collect();
            let store = read(&written(&documents), Limits::default());
            let notes: u64 = store.inputs()[0].diagnostics.entries().iter().map(|(_, entry)| entry.count).sum();
            assert!(store.len() as u64 + notes > 0, "{name}: nothing, and nothing said");
        }
    }
}

/// A mark at the beginning and ends of lines as Windows writes them change nothing.
#[test]
fn marks_and_line_ends_of_windows_change_nothing() {
    for (name, _, read, text) in exports() {
        let windows = String::from_utf8(text.clone()).unwrap().replace('\n', "\r\n");
        let windows = format!("\u{feff}{windows}").into_bytes();
        assert_eq!(times(&read(&windows, Limits::default())), times(&read(&text, Limits::default())), "{name}");
        assert!(FORMATS.iter().any(|format| format.sniff(&windows)), "{name}");
    }
}
