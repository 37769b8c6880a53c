//! Spans: selecting, describing, walking, measuring.

use egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::Queryable as _;
use skewline::load::Source;

use super::harness::{assert_shown, pointer, press, selected_names, small, window};

#[test]
fn a_span_is_selected_by_its_name_and_described() {
    let mut harness = window(vec![small()]);
    harness.get_by_label_contains("charge card").click();
    harness.run_steps(3);
    assert_eq!(selected_names(&harness), ["charge card"]);
    for text in ["card refused", "2023-11-14 22:13:20.050 000 000", "40 ms  (40,000,000 ns)", "checkout →"] {
        assert_shown(&harness, text);
    }
    // The parent jumps.
    harness.get_by_label("checkout →").click();
    harness.run_steps(3);
    assert_eq!(selected_names(&harness), ["checkout"]);
    for text in ["gpt-5.2", "card accepted", "server", "none: a root"] {
        assert_shown(&harness, text);
    }
}

#[test]
fn several_spans_are_added_up() {
    let mut harness = window(vec![small()]);
    harness.get_by_label_contains("reserve stock").click();
    harness.run_steps(3);
    harness.get_by_label_contains("charge card").click_modifiers(Modifiers::COMMAND);
    harness.run_steps(3);
    assert_eq!(selected_names(&harness), ["reserve stock", "charge card"]);
    harness.get_by_label("2 spans selected");
    harness.get_by_label("sum of durations");
    // 30 + 40 ms, and 10 to 90 ms from first to last.
    assert!(harness.get_all_by_label("70 ms").count() >= 2, "sum and union");
    harness.get_by_label("80 ms");
}

#[test]
fn keys_walk_through_spans() {
    let mut harness = window(vec![small()]);
    press(&mut harness, Modifiers::NONE, Key::E);
    assert_eq!(selected_names(&harness), ["charge card"]);
    for (key, expected) in [
        (Key::OpenBracket, "checkout"),
        (Key::CloseBracket, "reserve stock"),
        (Key::Period, "charge card"),
        (Key::Comma, "reserve stock"),
        (Key::K, "checkout"),
    ] {
        press(&mut harness, Modifiers::NONE, key);
        assert_eq!(selected_names(&harness), [expected], "{key:?}");
    }
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert!(selected_names(&harness).is_empty());
}

#[test]
fn dragging_measures_between_span_edges() {
    let mut harness = window(vec![small()]);
    let bar = harness.get_by_label_contains("reserve stock").rect();
    pointer(&mut harness, bar.left_center() + vec2(3.0, 0.0), Some(true));
    pointer(&mut harness, bar.center(), None);
    pointer(&mut harness, bar.right_center() - vec2(2.0, 0.0), None);
    pointer(&mut harness, bar.right_center() - vec2(2.0, 0.0), Some(false));
    harness.run_steps(2);
    let measure = harness.state().state.session.view.measure.unwrap().ordered();
    assert_eq!((measure.from_ns, measure.to_ns), (1_700_000_000_010_000_000, 1_700_000_000_040_000_000));
    press(&mut harness, Modifiers::NONE, Key::Escape);
    assert_eq!(harness.state().state.session.view.measure, None);
}

/// A model call whose path of ancestors names the parent that no input holds, and one that names nothing.
fn orphans() -> Source {
    let span = |id: u8, name: &str, path: &str, ms: [u16; 2]| {
        format!(
            r#"{{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"{id:016}","parentSpanId":"00000000000000f{id}","name":"{name}",
 "startTimeUnixNano":"1700000000{:03}000000","endTimeUnixNano":"1700000000{:03}000000","attributes":[{path}]}}"#,
            ms[0], ms[1]
        )
    };
    let path = r#"{"key":"lmnr.span.type","value":{"stringValue":"LLM"}},{"key":"lmnr.span.path","value":{"stringValue":"[\"agent\",\"plan\",\"openai.chat\"]"}},
 {"key":"lmnr.span.ids_path","value":{"stringValue":"[\"00000000-0000-0000-0000-0000000000aa\",\"00000000-0000-0000-0000-0000000000f1\",\"00000000-0000-0000-0000-000000000001\"]"}}"#;
    let spans = [span(1, "openai.chat", path, [0, 400]), span(2, "mute", "", [500, 900])];
    let text = format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"app"}}}}]}},
 "scopeSpans":[{{"scope":{{"name":"lmnr"}},"spans":[{}]}}]}}]}}"#,
        spans.join(",")
    );
    Source::memory("orphans.json", text.into_bytes())
}

#[test]
fn a_missing_parent_bears_the_name_that_its_children_know() {
    let mut harness = window(vec![orphans()]);
    let scene = harness.state().canvas().scene().unwrap().clone();
    let labels: Vec<&str> =
        scene.labels.iter().map(|label| &*label.text).filter(|text| text.contains("parent")).collect();
    assert!(labels.iter().any(|text| text.contains("plan (inferred) · parent not in this file")), "{labels:?}");
    assert!(labels.contains(&"parent not in this file"), "the other one has no name: {labels:?}");
    let ghosts = &harness.state().state.data.as_ref().unwrap().store;
    let named =
        ghosts.ghosts().iter().position(|ghost| ghosts.span(ghost.children[0]).name() == "openai.chat").unwrap();
    let ghost = scene.ghosts.iter().find(|ghost| ghost.ghost as usize == named).unwrap();
    // Where the canvas is: the bar of the child says it.
    let bar = scene.bars.iter().find(|bar| ghosts.span(bar.span).name() == "openai.chat").unwrap();
    let node = harness.get_by_label_contains("openai.chat, 400 ms").rect();
    let pos = node.center() + (ghost.rect.center() - bar.rect.intersect(scene.areas.canvas).center());
    pointer(&mut harness, pos, None);
    harness.run_steps(2);
    assert_shown(&harness, "plan (inferred)");
    assert_shown(&harness, "read from lmnr.span.ids_path, lmnr.span.path of its children");
}
