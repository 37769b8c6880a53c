//! Handoffs and proposed places: how they look, what a verdict changes, how many there may be.

use std::sync::Arc;

use emath::Vec2;

use super::ties::{MOST_ARROWS, TieLook};
use super::*;
use crate::analysis::genai::tests::fixture::{self, Span};
use crate::arrange::{Plan, SpanKey, TieKind, Verdict};
use crate::export::picture::Timeline;
use crate::model::{SpanIx, TraceStore};

fn conversation() -> TraceStore {
    fixture::store(&fixture::all().into_iter().find(|(name, _)| name == "turns_over_traces").unwrap().1.spans)
}

/// `count` traces of two agents each: the first hands over by a tool, the other one lost its parent.
fn many(count: u64) -> TraceStore {
    let spans = (0..count).flat_map(|at| {
        let from = at as f64 * 10.0;
        let span = |id: u64, parent: u64, trace: u64, name: &str, ms: [f64; 2], attributes: String| Span {
            name: name.to_owned(),
            id: at * 10 + id,
            parent: if parent > 0 { at * 10 + parent } else { 0 },
            trace: u128::from(trace),
            ms: [from + ms[0], from + ms[1]],
            service: "agents".to_owned(),
            attributes: serde_json::from_str(&attributes).unwrap(),
            ..Span::default()
        };
        let agent = |name: &str, call: &str| {
            format!(
                r#"{{"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "{name}",
                "gen_ai.conversation.id": "c{at}"{call}}}"#
            )
        };
        let call = format!(r#", "gen_ai.tool.call.id": "call_{at}""#);
        let tool = format!(
            r#"{{"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "transfer_to_b",
            "gen_ai.tool.call.id": "call_{at}"}}"#
        );
        [
            span(1, 0, at * 2 + 1, "invoke_agent a", [0.0, 9.0], agent("a", "")),
            span(2, 1, at * 2 + 1, "execute_tool transfer_to_b", [1.0, 2.0], tool),
            span(3, 0, at * 2 + 2, "invoke_agent b", [3.0, 8.0], agent("b", &call)),
        ]
    });
    fixture::store(&spans.collect::<Vec<_>>())
}

fn scene_of(store: &TraceStore, edit: impl FnOnce(&mut ViewState, &Timeline)) -> Scene {
    let timeline = Timeline::of_store(store, &Plan::default());
    let mut view = ViewState { size: Vec2::new(1000.0, 420.0), ..ViewState::default() };
    view.course = Arc::clone(&timeline.arranged.course);
    view.fit(&timeline.arranged.hull_ns);
    edit(&mut view, &timeline);
    build(&timeline.input(store, None), &view)
}

fn looks(scene: &Scene) -> Vec<(TieLook, String)> {
    scene.ties.iter().map(|arrow| (arrow.look, arrow.text.to_string())).collect()
}

#[test]
fn a_proposal_is_dashed_whatever_is_said_about_it() {
    let store = conversation();
    let scene = scene_of(&store, |_, _| {});
    let proposed = "may belong here · 95 of 100".to_owned();
    assert_eq!(looks(&scene), [(TieLook::InferredHandoff, String::new()), (TieLook::Proposal, proposed)]);
    let dashed = |scene: &Scene| {
        let picture = lower(scene);
        let overlay = picture.layers.into_iter().find(|layer| layer.area == Area::Overlay).unwrap();
        let curves = overlay.shapes.into_iter().filter_map(|shape| match shape {
            Shape::Curve { stroke, .. } => Some(stroke.dash.is_some()),
            _ => None,
        });
        // Each has a ground of its own below it.
        curves.filter(|dashed| *dashed).count()
    };
    assert_eq!(dashed(&scene), 2);
    let judged = |verdict| {
        scene_of(&store, |view, timeline| {
            let keys = timeline.arranged.course.ties.iter().find_map(|tie| match &tie.kind {
                TieKind::Stitch { keys, .. } => Some(keys.clone()),
                TieKind::Handoff { .. } => None,
            });
            let [root, under]: [SpanKey; 2] = *keys.unwrap();
            Arc::make_mut(&mut view.lanes).conversation.judge(&root, under, Some(verdict));
        })
    };
    let accepted = judged(Verdict::Accepted);
    assert_eq!(looks(&accepted)[1], (TieLook::Accepted, "accepted by you".to_owned()));
    assert_eq!(dashed(&accepted), 2, "it never becomes a solid parent");
    assert_eq!(store.span(SpanIx(3)).parent(), None, "and nothing of the data changes");
    assert_eq!(looks(&judged(Verdict::Rejected)).len(), 1, "only the handoff is left");
    insta::assert_snapshot!(
        scene.dump(&store).lines().filter(|line| line.starts_with("tie")).collect::<Vec<_>>().join("\n")
    );
}

#[test]
fn a_pill_is_hit_and_nothing_below_it() {
    let store = conversation();
    let timeline = Timeline::of_store(&store, &Plan::default());
    let scene = scene_of(&store, |_, _| {});
    let arrow = scene.ties.iter().find(|arrow| !arrow.text.is_empty()).unwrap();
    assert_eq!(hit(&timeline.input(&store, None), &scene, arrow.pill.center()), Hit::Tie(arrow.at));
}

#[test]
fn arrows_are_bounded_and_the_rest_is_counted() {
    let store = many(700);
    let timeline = Timeline::of_store(&store, &Plan::default());
    let ties = &timeline.arranged.course.ties;
    assert_eq!(ties.len(), 1400, "a handoff and a proposal for each");
    for zoom in [1.0, 40.0, 400.0] {
        let scene = scene_of(&store, |view, _| view.zoom_about(ties[700].start_ns, zoom));
        assert!(scene.ties.len() <= MOST_ARROWS);
        let seen = ties.iter().filter(|tie| {
            let time = scene.scale.from_ns..=scene.scale.time_from_screen(scene.scale.right);
            tie.end_ns >= *time.start() && tie.start_ns <= *time.end()
        });
        let known = scene.ties.len() as u64 + scene.hidden.ties_short + scene.hidden.ties_crowded;
        assert!(known <= seen.count() as u64, "nothing is counted twice");
        assert!(zoom > 1.0 || known > 1000 + MOST_ARROWS as u64, "{:?}", scene.hidden);
    }
    let whole = scene_of(&store, |_, _| {});
    let said = caption::hidden_text(&whole.hidden);
    assert!(said.iter().any(|text| text.contains("of handoffs and proposals")), "{said:?}");
    let words = ties::left_out_words(&store, ties, &whole.hidden).unwrap();
    assert!(words.starts_with("not drawn: "), "{words}");
}

#[test]
fn an_arrow_that_is_too_short_says_so_and_which_it_is() {
    let store = many(1);
    let timeline = Timeline::of_store(&store, &Plan::default());
    let ties = &timeline.arranged.course.ties;
    let far = scene_of(&store, |view, timeline| {
        // A folded lane is one strip: both ends are as high.
        let keys = timeline.arranged.lanes.iter().map(|lane| lane.key.clone());
        Arc::make_mut(&mut view.lanes).folded.extend(keys);
        view.time.from_ns = view.time.to_ns - view.time.length_ns() * 1_000;
    });
    assert_eq!((far.ties.len(), far.hidden.ties_crowded), (0, 0));
    assert!(far.hidden.ties_short > 0, "{:?}", far.hidden);
    let words = ties::left_out_words(&store, ties, &far.hidden).unwrap();
    assert!(words.starts_with("not drawn: execute_tool transfer_to_b → invoke_agent b"), "{words}");
    assert!(words.ends_with("too short at this zoom: zoom in there"), "{words}");
    let near = scene_of(&store, |_, _| {});
    assert_eq!(ties::left_out_words(&store, ties, &near.hidden), None, "{:?}", near.hidden);
}
