//! Every convention as data: a span in `tests/data/messages`, what is read from it as text.

use std::fmt::Write as _;
use std::path::Path;

use super::super::tests::fixture::{Fixture, store};
use super::{Content, Recorded, read};
use crate::analysis::genai::GenAi;
use crate::model::TraceStore;

fn described(store: &TraceStore) -> String {
    let genai = GenAi::analyse(store);
    let mut text = String::new();
    for span in store.span_ixs() {
        let role = genai.role_of(span);
        writeln!(text, "\n{}: {role}", store.span(span).name()).unwrap();
        let messages = read(store, role, span);
        for (title, recorded) in [("told", &messages.instructions), ("in", &messages.input), ("out", &messages.output)]
        {
            one(&mut text, title, recorded);
        }
        if !messages.documents.is_empty() {
            writeln!(text, "  documents <- {}", messages.documents_source).unwrap();
        }
        for document in &messages.documents {
            writeln!(text, "    {:?} {:?} {:?}", document.id, document.score, cut(&document.text)).unwrap();
        }
    }
    text
}

fn cut(text: &str) -> String {
    text.chars().take(70).collect()
}

fn one(text: &mut String, title: &str, recorded: &Recorded) {
    if !recorded.is_captured() {
        return;
    }
    writeln!(text, "  {title} <- {} ({})", recorded.source, recorded.convention).unwrap();
    for message in &recorded.messages {
        let name = if message.name.is_empty() { String::new() } else { format!(" ({})", message.name) };
        writeln!(text, "    {}{name}:", message.speaker.name()).unwrap();
        for content in &message.contents {
            let (what, who) = match content {
                Content::Text(_) => ("says", String::new()),
                Content::Reasoning(_) => ("thinks", String::new()),
                Content::ToolCall { id, name, .. } => ("calls", format!("{name} {id} ")),
                Content::ToolResult { id, name, .. } => ("answers", format!("{name} {id} ")),
                Content::Media(_) => ("shows", String::new()),
                Content::Other(_) => ("gives", String::new()),
            };
            writeln!(text, "      {what} {who}{:?}", cut(content.text())).unwrap();
        }
    }
}

#[test]
fn every_convention_says_what_was_said() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/messages");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 10, "{} fixtures", paths.len());
    for path in paths {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let fixture: Fixture = serde_json::from_str(&std::fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        insta::assert_snapshot!(name, format!("{}\n{}", fixture.says, described(&store(&fixture.spans))));
    }
}

#[test]
fn real_files_say_what_was_said() {
    for name in [
        "otlp-agent-prism-rag_earnings_agent.json",
        "otlp-agentevals-tempo_export_with_batches.json",
        "jaeger-jaeger-ui-genaiTestTrace.json",
        "flat-spans-any-agent-OPENAI_trace.json",
        "flat-spans-strands-evals-openai_agents_genai_live_spans.json",
        "langfuse-langfuse-framework-traces-pydantic-ai-tools-2025-12-04.trace.json",
        "langfuse-langfuse-seeder-openai-assistants-2024-05-29.json",
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/traces").join(name);
        let source = crate::load::Source::memory(name, std::fs::read(path).unwrap());
        let store = crate::load::load(&[source], &Default::default(), &Default::default()).unwrap().store;
        insta::assert_snapshot!(name, described(&store));
    }
}

#[test]
fn hostile_contents_are_text_and_never_a_panic() {
    let deep = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let nested =
        (0..40).fold("\"x\"".to_owned(), |text, _| serde_json::to_string(&text).unwrap().chars().take(9_000).collect());
    for text in
        ["", "[", "{}", "[]", "null", "[null, [], {}]", "\"\\ud800\"", "{\"role\": 3}", "[[[\"a\"]]]", &deep, &nested]
    {
        let messages = super::shape::messages(&serde_json::Value::from(text), &super::Speaker::User);
        let said: usize = messages.iter().map(super::Message::chars).sum();
        assert!(said <= text.chars().count() + 8, "{text}");
    }
}
