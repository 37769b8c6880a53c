//! Every convention as a small trace with its expected reading, and real files.

use super::{describe::describe, fixture};
use crate::load::{Options, Progress, Source, load};

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
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/traces").join(name);
        let source = Source::memory(name, std::fs::read(path).unwrap());
        let store = load(&[source], &Options::default(), &Progress::default()).unwrap().store;
        insta::assert_snapshot!(name, describe(&store));
    }
}
