//! Every convention as a small trace with its expected reading, and real files.

use super::{describe::describe, fixture};
use crate::load::{Options, Progress, Source, load};
use crate::model::TraceStore;

#[test]
fn every_convention_reads_as_expected() {
    let fixtures = fixture::all();
    assert!(fixtures.len() >= 20, "{} fixtures", fixtures.len());
    for (name, fixture) in fixtures {
        let text = format!("{}\n\n{}", fixture.says, describe(&fixture::store(&fixture.spans)));
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn real_files_read_as_expected() {
    for name in [
        "otlp-agent-prism-rag_earnings_agent.json",
        "otlp-agentevals-tempo_export_with_batches.json",
        "jaeger-agentevals-helm_2.json",
        "jaeger-jaeger-ui-genaiTestTrace.json",
    ] {
        insta::assert_snapshot!(name, describe(&loaded("traces", name)));
    }
}

/// Formats that are no OpenTelemetry say the same things in their own places: of whole traces, of runs, of requests.
#[test]
fn exports_of_ai_tools_read_as_expected() {
    for name in [
        "dynamo-requests.jsonl",
        "flat-cloudwatch.jsonl",
        "langfuse-api.json",
        "langsmith-runs.json",
        "mlflow-v2.json",
        "mlflow-v3.json",
        "openai-agents.jsonl",
        "rows-datadog-llm-export.json",
        "rows-datadog-llm.json",
        "rows-helicone.json",
        "rows-langwatch.json",
        "rows-posthog.json",
        "rows-weave.jsonl",
    ] {
        insta::assert_snapshot!(name, describe(&loaded("exports", name)));
    }
}

fn loaded(folder: &str, name: &str) -> TraceStore {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(folder).join(name);
    let source = Source::memory(name, std::fs::read(path).unwrap());
    load(&[source], &Options::default(), &Progress::default()).unwrap().store
}
