//! Whether what a model asked for, what was done and what the other side knows can be joined, and when nothing is
//! missing though one side is alone.

use serde_json::{Value as Json, json};

use super::Config;
use super::tests::{case, found};
use crate::analysis::genai::tests::fixture::{Span, store};
use crate::load::{Options, Progress, Source, load};
use crate::model::TraceStore;

/// What E11 says: sentences with joined, one-sided and conflicting counts.
fn audit(store: &TraceStore) -> Vec<String> {
    let of_e11 = found(store, &Config::default()).into_iter().filter(|found| found.code == "E11");
    let text = |found: super::Finding| {
        let numbers: Vec<String> = found.numbers.iter().map(|(name, number)| format!("{name} {number}")).collect();
        format!("{} ({})", found.sentence, numbers.join(", "))
    };
    of_e11.map(text).collect()
}

/// Real records: `finish_reason_metadata.tool_calls[].id` of a request against `tool.tool_call_id` of a tool.
#[test]
fn what_dynamo_finished_with_is_joined_with_its_tools() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/exports/dynamo-requests.jsonl");
    let text = std::fs::read_to_string(file).unwrap();
    let read = |text: &str| {
        let source = Source::memory("dynamo.jsonl", text.as_bytes().to_vec());
        audit(&load(&[source], &Options::default(), &Progress::default()).unwrap().store)
    };
    assert_eq!(read(&text), [""; 0], "asked for and made");
    let call = r#"{"choice_index":0,"tool_call_index":0,"id":"call-abc","name":"web_search"}"#;
    let two = text.replace(call, &format!("{call},{}", call.replace("call-abc", "call-def")));
    assert_eq!(read(&two), ["1 tool call was asked for by a model and never made. (joined 1, never_made 1)"]);
    let other = text.replace(r#""id":"call-abc""#, r#""id":"call-xyz""#);
    assert_eq!(
        read(&other),
        [
            "1 tool call was asked for by a model and never made. (joined 0, never_made 1)",
            "1 tool call was made and asked for by no model. (joined 0, never_asked 1)"
        ]
    );
    let renamed = text.replace(r#""tool_class":"web_search""#, r#""tool_class":"shell""#);
    let conflict = ["1 tool call was made under another name than asked for. (conflicting 1, joined 1)"];
    assert_eq!(read(&renamed), conflict);
    let nothing = text.replace("call-abc", "<not specified>");
    assert_eq!(read(&nothing), [""; 0], "a placeholder is no id");
}

fn asked(id: u64, trace: u128, call: &str, tool: &str) -> [Span; 2] {
    let answer = json!([{"role": "assistant", "parts": [{"type": "tool_call", "id": call, "name": tool}]}]);
    let chat = json!({"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.output.messages": answer});
    let made = json!({"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool, "gen_ai.tool.call.id": call});
    let span = |name: &str, id, ms, attributes: Json| Span {
        name: name.to_owned(),
        id,
        trace,
        ms,
        service: "app".to_owned(),
        attributes: attributes.as_object().unwrap().clone(),
        ..Span::default()
    };
    [span("chat m", id, [0.0, 100.0], chat), span("execute_tool", id + 1, [110.0, 200.0], made)]
}

/// Some models number their calls anew in every answer: the same id in another conversation is another call.
#[test]
fn ids_that_several_conversations_use_are_joined_in_each_of_them() {
    let spans = [asked(1, 1, "call_0", "look"), asked(11, 2, "call_0", "send")].concat();
    assert_eq!(audit(&store(&spans)), [""; 0]);
    let missing = [&spans[..3]].concat();
    assert_eq!(
        audit(&store(&missing)),
        ["1 tool call was asked for by a model and never made. (joined 1, never_made 1)"]
    );
    // Alone, an id is as good in another trace: where the context was lost, the tool is still found.
    let mut apart = asked(1, 1, "call_0", "look").to_vec();
    apart[1].trace = 7;
    assert_eq!(audit(&store(&apart)), [""; 0]);
}

/// Who has no other side at all is not one-sided.
#[test]
fn one_side_alone_is_missing_nothing() {
    let tasks = case("E11_tasks").noisy;
    let told = ["2 tasks: 1 known to one side only, 1 told otherwise by their two sides. \
                 (conflicting 1, joined 2, one_sided 1)"];
    assert_eq!(audit(&store(&tasks)), told);
    let clients: Vec<Span> = tasks.iter().filter(|span| span.kind != "server").cloned().collect();
    assert_eq!(audit(&store(&clients)), [""; 0], "a remote agent that records nothing");
    let mut elsewhere = tasks[..3].to_vec();
    elsewhere.extend(tasks[5..].iter().cloned());
    elsewhere[3].attributes.insert("gen_ai.agent.name".to_owned(), json!("stranger"));
    assert_eq!(audit(&store(&elsewhere)), [""; 0], "another agent, that records nothing");

    let answers = case("E11_answers").noisy;
    let told = ["2 answers: 1 known to one side only, 1 told otherwise by their two sides. \
                 (conflicting 1, joined 1, one_sided 1)"];
    assert_eq!(audit(&store(&answers)), told);
    // A gateway that gives all answers ids of its own contradicts nobody.
    let mut gateway = answers[..5].to_vec();
    gateway[2].attributes.insert("gen_ai.response.id".to_owned(), json!("g-1"));
    assert_eq!(audit(&store(&gateway)), [""; 0]);
    let mut failed = answers[..3].to_vec();
    failed.push(Span { error: true, ..answers[5].clone() });
    assert_eq!(audit(&store(&failed)), [""; 0], "whoever failed never learnt the answer's id");
    let mcp = case("E11_mcp").noisy;
    assert_eq!(audit(&store(&mcp)).len(), 1);
    let mut stranger = mcp;
    stranger[3].attributes.insert("mcp.session.id".to_owned(), json!("another"));
    assert_eq!(audit(&store(&stranger)), [""; 0], "a server that records nothing has sessions of its own");
}
