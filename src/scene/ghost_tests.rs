//! Missing parents: what their bars say.

use emath::Vec2;

use super::*;
use crate::analysis::genai::tests::fixture::{self, Span};
use crate::arrange::Plan;
use crate::export::picture::Timeline;
use crate::model::TraceStore;

/// A span whose parent is missing; it says so much about what is above it.
fn orphan(id: u64, name: &str, attributes: &str) -> Span {
    let from = id as f64 * 1000.0;
    Span {
        name: name.to_owned(),
        id,
        parent: id + 100,
        trace: 1,
        ms: [from, from + 900.0],
        service: "app".to_owned(),
        attributes: serde_json::from_str(attributes).unwrap(),
        ..Span::default()
    }
}

fn labels(store: &TraceStore) -> Vec<String> {
    let timeline = Timeline::of_store(store, &Plan::default());
    let mut view = ViewState { size: Vec2::new(1800.0, 420.0), ..ViewState::default() };
    view.fit(&timeline.arranged.hull_ns);
    let scene = build(&timeline.input(store, None), &view);
    let of_ghosts = scene.labels.iter().filter(|label| label.text.contains("not in this file"));
    of_ghosts.map(|label| label.text.to_string()).collect()
}

#[test]
fn a_missing_parent_bears_the_name_that_its_children_know() {
    let exact = r#"{"lmnr.span.type": "LLM", "lmnr.span.path": ["agent", "plan", "openai.chat"],
        "lmnr.span.ids_path": ["00000000-0000-0000-0000-0000000000aa", "00000000-0000-0000-0000-000000000065",
                               "00000000-0000-0000-0000-000000000001"]}"#;
    let above = r#"{"lmnr.span.type": "LLM", "lmnr.span.path": ["agent", "plan", "openai.chat"]}"#;
    let store = fixture::store(&[
        orphan(1, "openai.chat", exact),
        orphan(2, "openai.chat", above),
        orphan(3, "openai.chat", "{}"),
    ]);
    assert_eq!(
        labels(&store),
        [
            "plan (inferred) · parent not in this file",
            "below plan (inferred) · parent not in this file",
            "parent not in this file"
        ]
    );
}
