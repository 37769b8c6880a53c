//! Pieces of streamed answers: where their ticks are, how many there may be, what is under the pointer.

use emath::Vec2;

use super::*;
use crate::analysis::genai::tests::fixture::{self, Event, Span, T0_NS};
use crate::arrange::Plan;
use crate::export::picture::Timeline;
use crate::model::{SpanIx, TraceStore};

const MS: i64 = 1_000_000;

fn call(id: u64, ms: [f64; 2], events: Vec<Event>) -> Span {
    let attributes = r#"{"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}"#;
    Span {
        name: "chat m".to_owned(),
        id,
        ms,
        kind: "client".to_owned(),
        service: "agents".to_owned(),
        attributes: serde_json::from_str(attributes).unwrap(),
        events,
        ..Span::default()
    }
}

fn piece(ms: f64) -> Event {
    Event { name: "gen_ai.content.completion.chunk".to_owned(), ms, ..Event::default() }
}

/// A call of a second: pieces every 20 ms from 200 ms on, none between 400 and 700 ms; another event in between.
fn stream() -> TraceStore {
    let early = (0..11).map(|at| piece(200.0 + f64::from(at) * 20.0));
    let late = (0..11).map(|at| piece(700.0 + f64::from(at) * 20.0));
    let mut events: Vec<Event> = early.chain(late).collect();
    events.push(Event { name: "cache looked up".to_owned(), ms: 50.0, ..Event::default() });
    fixture::store(&[call(1, [0.0, 1000.0], events)])
}

fn scene_of(store: &TraceStore, edit: impl FnOnce(&mut ViewState)) -> (Timeline, Scene) {
    let timeline = Timeline::of_store(store, &Plan::default());
    let mut view = ViewState { size: Vec2::new(1000.0, 300.0), ..ViewState::default() };
    view.fit(&timeline.arranged.hull_ns);
    edit(&mut view);
    let scene = build(&timeline.input(store, None), &view);
    (timeline, scene)
}

#[test]
fn a_stream_that_stood_still_as_text() {
    let store = stream();
    let (_, scene) = scene_of(&store, |_| {});
    let dump = scene.dump(&store);
    let wanted = ["bar", "piece", "stall", "first", "events"];
    let lines: Vec<&str> = dump.lines().filter(|line| wanted.iter().any(|start| line.starts_with(start))).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn ticks_stand_where_their_pieces_came_and_are_hit_there() {
    let store = stream();
    let (timeline, scene) = scene_of(&store, |_| {});
    let input = timeline.input(&store, None);
    assert_eq!(scene.tokens.ticks.len(), 22);
    for tick in &scene.tokens.ticks {
        let ms = if tick.first < 11 { 200 + tick.first * 20 } else { 480 + tick.first * 20 };
        let x = scene.scale.screen_from_time(T0_NS + i64::from(ms) * MS);
        assert!((tick.rect.left() + 0.6 - x).abs() < 0.01);
        let expected = Hit::Piece { span: SpanIx(0), first: tick.first, count: 1 };
        assert_eq!(hit(&input, &scene, tick.rect.center()), expected);
    }
    assert_eq!(scene.tokens.stalls.len(), 1);
    assert_eq!(scene.events.len(), 1, "only what is no piece of the stream is an event like any other");
    // The gap is marked even when neither of its ends is in view.
    let (_, inside) = scene_of(&store, |view| {
        view.time = TimeRange { from_ns: T0_NS + 500 * MS, to_ns: T0_NS + 600 * MS };
    });
    assert_eq!((inside.tokens.ticks.len(), inside.tokens.stalls.len()), (0, 1));
    assert!(inside.tokens.stalls[0].rect.width() > 700.0);
}

#[test]
fn ticks_are_bounded_by_pixels_and_count_every_piece() {
    let pieces = 60_000_u32;
    let events = (0..pieces).map(|at| piece(100.0 + f64::from(at) * 0.5)).collect();
    let store = fixture::store(&[call(1, [0.0, 40_000.0], events)]);
    for zoom in [1.0, 20.0, 3_000.0] {
        let (_, scene) = scene_of(&store, |view| view.zoom_about(T0_NS + 15_000 * MS, zoom));
        let most = (scene.areas.canvas.width() / 2.0) as usize + 3;
        assert!(scene.tokens.ticks.len() <= most, "{} ticks at {zoom}", scene.tokens.ticks.len());
        let mut next = scene.tokens.ticks[0].first;
        for tick in &scene.tokens.ticks {
            assert_eq!(tick.first, next, "no piece is passed over");
            next += tick.count;
        }
        assert!(scene.tokens.stalls.is_empty());
    }
    let (_, whole) = scene_of(&store, |_| {});
    assert_eq!(whole.tokens.ticks.iter().map(|tick| tick.count).sum::<u32>(), pieces);
    let (_, beside) = scene_of(&store, |view| {
        view.time = TimeRange { from_ns: T0_NS + 35_000 * MS, to_ns: T0_NS + 39_000 * MS };
    });
    assert!(beside.tokens.ticks.is_empty(), "only what is in view is drawn");
}

#[test]
fn steps_of_a_server_are_pieces_and_dropped_events_make_no_stall() {
    let mut spans = vec![call(1, [0.0, 1000.0], Vec::new())];
    for at in 0..8_u32 {
        let from = 100.0 + f64::from(at) * 40.0;
        let mut step = call(10 + u64::from(at), [from, from + 30.0], Vec::new());
        (step.name, step.parent, step.kind) = ("decode".to_owned(), 1, String::new());
        step.attributes.clear();
        spans.push(step);
    }
    let store = fixture::store(&spans);
    let genai = crate::analysis::genai::GenAi::analyse(&store);
    let stream = genai.stream(&store, SpanIx(0)).unwrap();
    let ends: Vec<i64> = (0..8).map(|at| T0_NS + (130 + at * 40) * MS).collect();
    assert_eq!((stream.times_ns, stream.usual_gap_ns), (&ends[..], 40 * MS));

    let mut broken = call(1, [0.0, 9000.0], (0..9).map(|at| piece(f64::from(at * at * at) * 10.0)).collect());
    broken.dropped_events = 3;
    let store = fixture::store(&[broken]);
    let (_, scene) = scene_of(&store, |_| {});
    let pieces: u32 = scene.tokens.ticks.iter().map(|tick| tick.count).sum();
    assert_eq!((pieces, scene.tokens.stalls.len()), (9, 0));
}

#[test]
fn marks_grow_with_the_text() {
    let store = stream();
    let at = |text_scale| scene_of(&store, |view| view.text_scale = text_scale).1;
    let (normal, large) = (at(1.0), at(2.0));
    let heights = |scene: &Scene| scene.tokens.ticks.iter().map(|tick| tick.rect.height()).fold(0.0, f32::max);
    assert!((heights(&large) - 2.0 * heights(&normal)).abs() < 0.1, "{} {}", heights(&normal), heights(&large));
    let width = |scene: &Scene| {
        let mut odd = Vec::new();
        super::tokens::lower(scene, &mut Vec::new(), &mut odd);
        let Some(super::shape::Shape::Path { points, .. }) = odd.first() else { panic!("no diamond: {odd:?}") };
        points.iter().map(|point| point.x).fold(f32::MIN, f32::max)
            - points.iter().map(|point| point.x).fold(f32::MAX, f32::min)
    };
    assert!((width(&large) - 2.0 * width(&normal)).abs() < 0.1);
    // Ticks stay below their bar and above the next row.
    let row = |scene: &Scene| scene.metrics.pitch - scene.bars[0].rect.height();
    assert!(heights(&large) <= row(&large), "{} of {}", heights(&large), row(&large));
}

#[test]
fn what_a_search_did_not_find_is_dimmed_with_its_pieces() {
    let store = stream();
    let fills = |query: &str| {
        let mut timeline = Timeline::of_store(&store, &Plan::default());
        let query = crate::analysis::search::parse(query).unwrap();
        timeline.mark(&store, &query, &crate::arrange::LaneView::default());
        let mut view = ViewState { size: Vec2::new(1000.0, 300.0), ..ViewState::default() };
        view.fit(&timeline.arranged.hull_ns);
        let scene = build(&timeline.input(&store, None), &view);
        let (mut bars, mut odd) = (Vec::new(), Vec::new());
        tokens::lower(&scene, &mut bars, &mut odd);
        let diamonds = odd.iter().filter_map(|shape| match shape {
            Shape::Path { fill, .. } => Some(*fill),
            _ => None,
        });
        bars.iter().map(|bar| bar.fill).chain(diamonds.collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    let (plain, found, dim) = (fills(""), fills("chat"), fills("nothing-is-called-so"));
    assert!(plain.len() > 20 && plain == found, "a hit looks as ever");
    let theme = ThemeKind::Dark.theme();
    let expected: Vec<_> = plain.iter().map(|&fill| theme::dimmed(fill, theme)).collect();
    assert_eq!(dim, expected);
}
