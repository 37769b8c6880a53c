//! Turns and shortened idle time as text, how much of them there may be, and what they must not change.

use std::sync::Arc;

use emath::Vec2;

use super::*;
use crate::analysis::clocks::EventKey;
use crate::analysis::genai::tests::fixture::{self, Span, T0_NS};
use crate::arrange::{ClockChoice, Course, Plan};
use crate::export::picture::Timeline;
use crate::load::{Options, Progress, Source, load};
use crate::model::{SpanIx, TraceStore};

const MS: i64 = 1_000_000;

fn conversation() -> TraceStore {
    let all = fixture::all();
    let (_, found) = all.iter().find(|(name, _)| name == "turns_over_traces").unwrap();
    fixture::store(&found.spans)
}

/// `count` turns of one conversation, each a trace: 40 ms of work, then 60 ms of nothing.
fn many_turns(count: u64) -> TraceStore {
    let spans: Vec<Span> = (0..count)
        .map(|at| Span {
            name: "invoke_agent a".to_owned(),
            id: at + 1,
            trace: u128::from(at) + 1,
            ms: [at as f64 * 100.0, at as f64 * 100.0 + 40.0],
            service: "agents".to_owned(),
            error: at == count / 2,
            attributes: serde_json::from_str(
                r#"{"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "a", "gen_ai.conversation.id": "c"}"#,
            )
            .unwrap(),
            ..Span::default()
        })
        .collect();
    fixture::store(&spans)
}

fn view_of(timeline: &Timeline, shorten: bool) -> ViewState {
    let mut view = ViewState { size: Vec2::new(1000.0, 420.0), ..ViewState::default() };
    view.course = Arc::clone(&timeline.arranged.course);
    Arc::make_mut(&mut view.lanes).conversation.shorten_idle = shorten;
    view.fit(&timeline.arranged.hull_ns);
    view
}

fn scene_of(store: &TraceStore, shorten: bool, edit: impl FnOnce(&mut ViewState)) -> Scene {
    let timeline = Timeline::of_store(store, &Plan::default());
    let mut view = view_of(&timeline, shorten);
    edit(&mut view);
    build(&timeline.input(store, None), &view)
}

/// The lines of a dump about time and turns.
fn about_time(scene: &Scene, store: &TraceStore) -> String {
    let dump = scene.dump(store);
    let wanted = ["canvas", "ruler", "overview", "turn", "idle", "break", "bar", "corner", "measure", "hidden"];
    let lines: Vec<&str> = dump.lines().filter(|line| wanted.iter().any(|start| line.starts_with(start))).collect();
    lines.join("\n")
}

#[test]
fn turns_and_idle_time_as_text() {
    let store = conversation();
    insta::assert_snapshot!(about_time(&scene_of(&store, false, |_| {}), &store));
}

#[test]
fn shortened_idle_time_as_text() {
    let store = conversation();
    let scene = scene_of(&store, true, |view| {
        view.turn = Some(view.course.turns[1].turn);
        view.measure = Some(TimeRange { from_ns: T0_NS + 4_500 * MS, to_ns: T0_NS + 9_500 * MS });
    });
    insta::assert_snapshot!(about_time(&scene, &store));
    // Behind a break the ruler goes on with true times: its ticks stand where their times are.
    for tick in &scene.ruler.ticks {
        assert!((scene.scale.screen_from_time(tick.time_ns) - tick.x).abs() < 0.01);
    }
}

#[test]
fn what_is_measured_does_not_depend_on_what_is_shortened() {
    let store = conversation();
    let [from, to] = [4_500, 9_500].map(|ms| T0_NS + ms * MS);
    for ends in [[None; 2], [Some(EventKey::start(SpanIx(1))), Some(EventKey::end(SpanIx(5)))]] {
        let measured = |shorten| {
            let scene = scene_of(&store, shorten, |view| {
                view.measure = Some(TimeRange { from_ns: from, to_ns: to });
                view.measure_ends = ends;
            });
            let measure = scene.measure.clone().unwrap();
            (measure.text, measure.raw, measure.x[1] - measure.x[0])
        };
        let (straight, short) = (measured(false), measured(true));
        assert_eq!((&straight.0, &straight.1), (&short.0, &short.1));
        assert_ne!(straight.2, short.2, "on the screen it is another length");
    }
}

#[test]
fn every_bar_and_turn_is_hit_where_it_is_drawn() {
    let store = conversation();
    let timeline = Timeline::of_store(&store, &Plan::default());
    for shorten in [false, true] {
        let input = timeline.input(&store, None);
        let scene = build(&input, &view_of(&timeline, shorten));
        assert_eq!(scene.bars.len(), store.len());
        for bar in &scene.bars {
            assert_eq!(hit(&input, &scene, bar.rect.center()), Hit::Span(bar.span));
            // Its ends are where its times are.
            let (start, end) = input.layout.extent_ns(bar.span);
            let edges = [scene.scale.screen_from_time(start), scene.scale.screen_from_time(end)];
            assert!((bar.rect.left() - edges[0]).abs() < 1.1 && (bar.rect.right() - edges[1]).abs() < 2.1);
        }
        assert_eq!(scene.turns.bands.len(), 2);
        for band in &scene.turns.bands {
            assert_eq!(hit(&input, &scene, band.rect.center()), Hit::Turn(band.at));
        }
        assert_eq!(scene.turns.breaks.len(), usize::from(shorten) * 2);
    }
}

#[test]
fn the_strip_is_bounded_by_pixels_and_hides_no_failure() {
    let store = many_turns(20_000);
    let timeline = Timeline::of_store(&store, &Plan::default());
    for shorten in [false, true] {
        for zoom in [1.0, 30.0, 2_000.0] {
            let mut view = view_of(&timeline, shorten);
            view.zoom_about(T0_NS + 1_000_000 * MS, zoom);
            let scene = build(&timeline.input(&store, None), &view);
            let most = (scene.areas.canvas.width() / 3.0) as usize + 3;
            assert!(scene.turns.bands.len() <= most, "{} bands at {zoom}", scene.turns.bands.len());
            assert!(scene.turns.bands.iter().any(|band| band.has_failed), "the turn that failed is in the middle");
            assert!(scene.turns.breaks.len() <= 402 && scene.turns.idle.len() <= 402);
            assert!(lower(&scene).rect_count() <= 12_000);
        }
    }
    let scene = build(&timeline.input(&store, None), &view_of(&timeline, false));
    assert_eq!(scene.turns.bands.iter().map(|band| u64::from(band.count)).sum::<u64>(), 20_000);
}

#[test]
fn one_conversation_alone_hides_and_counts_the_rest() {
    let mut spans = fixture::all().into_iter().find(|(name, _)| name == "turns_over_traces").unwrap().1.spans;
    let other: Vec<Span> = spans
        .iter()
        .filter(|span| span.trace <= 1)
        .map(|span| {
            let mut span = span.clone();
            (span.id, span.trace) = (span.id + 100, 9);
            span.parent += if span.parent > 0 { 100 } else { 0 };
            if let Some(id) = span.attributes.get_mut("gen_ai.conversation.id") {
                *id = "other".into();
            }
            span
        })
        .collect();
    let others = other.len() as u64 + 1;
    spans.extend(other);
    let store = fixture::store(&spans);
    let all = Timeline::of_store(&store, &Plan::default());
    assert_eq!(all.arranged.course.turns.len(), 3);
    let plan = Plan { only: Some("c".to_owned()), ..Plan::default() };
    let timeline = Timeline::of_store(&store, &plan);
    let scene = build(&timeline.input(&store, None), &view_of(&timeline, false));
    assert_eq!(scene.hidden.spans_aside, others, "the other conversation, and a page that belongs to none");
    assert_eq!(scene.bars.iter().map(|bar| u64::from(bar.count)).sum::<u64>(), store.len() as u64 - others);
    assert_eq!(timeline.arranged.course.turns.len(), 2);
    assert_eq!(scene.hull_ns, T0_NS..T0_NS + 12_000 * MS, "the axis ends with the conversation");
    assert!(scene.overview.columns.iter().all(|column| column.height > 0.0));
    let gone = Timeline::of_store(&store, &Plan { only: Some("nobody".to_owned()), ..Plan::default() });
    assert!(!gone.arranged.has_conversation);
    assert_eq!(build(&gone.input(&store, None), &view_of(&gone, false)).hidden.spans_aside, 0);
}

#[test]
fn odd_courses_do_not_panic() {
    let store = conversation();
    let timeline = Timeline::of_store(&store, &Plan::default());
    for course in [Arc::default(), Arc::clone(&timeline.arranged.course)] {
        for (from_ns, to_ns) in [(i64::MIN, i64::MAX), (5, 5), (T0_NS + 6_000 * MS, T0_NS + 6_001 * MS), (9, -9)] {
            let mut view = view_of(&timeline, true);
            view.course = Arc::<Course>::clone(&course);
            view.time = TimeRange { from_ns, to_ns };
            view.text_scale = f32::NAN;
            let _ = lower(&build(&timeline.input(&store, None), &view));
            view.clamp_time(&timeline.arranged.hull_ns, 700.0);
            let again = view.clone();
            view.clamp_time(&timeline.arranged.hull_ns, 700.0);
            assert_eq!(view.time, again.time, "clamping twice changes nothing");
        }
    }
}

#[test]
fn no_interval_of_a_turn_is_cut() {
    let store = many_turns(12);
    let timeline = Timeline::of_store(&store, &Plan::default());
    let mut seen = std::collections::BTreeSet::new();
    for width in (300..2400_u16).step_by(30) {
        let mut view = view_of(&timeline, false);
        view.size.x = f32::from(width);
        let scene = build(&timeline.input(&store, None), &view);
        for band in &scene.turns.bands {
            let turn = &view.course.turns[band.at as usize];
            let number = (band.at + 1).to_string();
            let whole = if band.count == 1 {
                vec![
                    format!("turn {number} · {}", turn.length),
                    format!("{number} · {}", turn.length),
                    format!("turn {number}"),
                    number.clone(),
                ]
            } else {
                vec![format!("{} turns", band.count), band.count.to_string()]
            };
            assert!(band.text.is_empty() || whole.iter().any(|text| **text == *band.text), "{width}: {:?}", band.text);
            seen.insert(whole.iter().position(|text| **text == *band.text));
        }
    }
    assert!(seen.len() >= 3, "narrow and wide ones occur: {seen:?}");
}

/// A turn during which the machine slept took as long as other clocks say, not as long as its own clock stood still.
#[test]
fn a_turn_over_a_jump_of_its_clock_says_so_and_others_do_not() {
    let lengths = |name: &str, clock: ClockChoice| -> Vec<String> {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("sample-traces/{name}.otlp.json"));
        let source = Source::memory(name, std::fs::read(path).unwrap());
        let store = load(&[source], &Options::default(), &Progress::default()).unwrap().store;
        let timeline = Timeline::of_store(&store, &Plan { clock, ..Plan::default() });
        timeline.arranged.course.turns.iter().map(|turn| turn.length.to_string()).collect()
    };
    let is_claim = |length: &String| length.contains("slept") || length.contains("jumped");
    // The third turn begins on the laptop, where nothing is known of its clock, whatever clock is drawn.
    let raw = lengths("slept-laptop", ClockChoice::Raw);
    assert_eq!(raw, ["5.96 s", "5 s", "at least 4.92 s: web-chat slept"]);
    assert_eq!(lengths("slept-laptop", ClockChoice::Frame), raw);
    for clock in [ClockChoice::Raw, ClockChoice::Frame] {
        let quiet = lengths("skewed-browser", clock);
        assert!(!quiet.iter().any(is_claim), "{quiet:?}");
    }
}
