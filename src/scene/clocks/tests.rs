//! What a frame shows about clocks, as text, and how much of it there may be.

use std::sync::Arc;

use emath::{Rect, Vec2};

use super::super::tests::{Builder, MS, START, at};
use super::super::{Hit, Scene, SceneInput, ServiceColors, TimeRange, ViewState, build, findings, hit, lower};
use super::ClockArrow;
use super::arrows::{MOST_WORDY, place_pills};
use super::whiskers::{MOST_BADGES, MOST_WHISKERS};
use crate::analysis::clocks::domains::{self, Domains};
use crate::analysis::clocks::{EventKey, Known, Options};
use crate::analysis::numbered::{Found, Numbered};
use crate::arrange::{Arranged, ClockChoice, Plan, arrange};
use crate::layout::Layout;
use crate::model::{SpanIx, SpanKind, Status, TraceStore};

/// A store with what is known about its clocks, on both axes.
struct Fixture {
    store: TraceStore,
    domains: Domains,
    raw: Arranged,
    frame: Arranged,
    colors: ServiceColors,
}

impl Fixture {
    fn new(store: TraceStore) -> Self {
        let domains = domains::assign(&store);
        let known = Arc::new(Known::analyse(&store, &domains, &Options::default()));
        let arranged = |clock| {
            let plan = Plan { clock, ..Plan::default() };
            arrange(&store, &domains, Some(Arc::clone(&known)), &plan)
        };
        Self {
            raw: arranged(ClockChoice::Raw),
            frame: arranged(ClockChoice::Frame),
            colors: ServiceColors::of_store(&store),
            domains,
            store,
        }
    }

    fn scene(&self, is_frame: bool, edit: impl FnOnce(&mut ViewState)) -> Scene {
        let arranged = if is_frame { &self.frame } else { &self.raw };
        let tags = findings::tags(arranged, Numbered::new(arranged.known.as_deref(), None));
        let own = arranged.scene_input(&self.store, &self.domains, &self.colors, None);
        let input = SceneInput { tags: Some(&tags), ..own };
        let mut view = ViewState { size: Vec2::new(1000.0, 460.0), ..ViewState::default() };
        view.fit(arranged.layout.hull_ns());
        edit(&mut view);
        build(&input, &view)
    }
}

/// The worked example of the method: a browser sends at 0 and has the first token at 910 (its clock); the gateway
/// receives at 670 and sends the first token at 1310 (its own): between the two clocks lie 400 to 670 ms.
pub fn worked_example() -> TraceStore {
    let mut b = Builder::new();
    let sdk = ("telemetry.sdk.language", "go");
    let browser = b.resource(&[("service.name", "browser"), ("device.id", "d-1"), sdk]);
    let gateway = b.resource(&[("service.name", "gateway"), ("host.id", "gw-1"), sdk]);
    let ok = |kind| move |draft: &mut crate::model::SpanDraft| (draft.kind, draft.status) = (kind, Status::Ok);
    let call = b.span(browser, 0, "POST /chat", 0, Some(910), ok(SpanKind::Client));
    b.span(gateway, call, "POST /v1/chat", 670, Some(1310), ok(SpanKind::Server));
    b.finish()
}

/// Many short calls from a fast clock into two others, one of which never answers.
fn busy(calls: i64) -> TraceStore {
    let mut b = Builder::new();
    let browser = b.resource(&[("service.name", "browser"), ("device.id", "d-1")]);
    let gateway = b.resource(&[("service.name", "gateway"), ("host.id", "gw-1")]);
    let queue = b.resource(&[("service.name", "worker"), ("host.id", "w-1")]);
    for call in 0..calls {
        let from = call * 100;
        // Round numbers would look like a clock that only knows whole milliseconds.
        let uneven = |draft: &mut crate::model::SpanDraft| {
            draft.start_ns += (call + 1) * 7_919 % 99_991;
            draft.end_ns += (call + 1) * 104_729 % 99_989 + 100_000;
        };
        let parent = b.span(browser, 0, "fetch", from, Some(from + 60), |draft| {
            uneven(draft);
            (draft.kind, draft.status) = (SpanKind::Client, Status::Ok);
        });
        let serve = b.span(gateway, parent, "serve", from - 800, Some(from - 770), |draft| {
            uneven(draft);
            draft.kind = SpanKind::Server;
        });
        let send = b.span(gateway, serve, "send", from - 780, Some(from - 779), |draft| {
            uneven(draft);
            draft.kind = SpanKind::Producer;
        });
        b.span(queue, send, "work", from - 700, Some(from - 690), |draft| {
            uneven(draft);
            draft.kind = SpanKind::Consumer;
        });
    }
    b.finish()
}

#[test]
fn whiskers_offsets_and_the_raw_position_as_text() {
    let fixture = Fixture::new(worked_example());
    let scene = fixture.scene(true, |view| {
        view.selection = vec![SpanIx(0)];
        view.finding = Some(1);
    });
    insta::assert_snapshot!(scene.dump(&fixture.store));
}

#[test]
fn contradictions_of_raw_times_as_text() {
    let fixture = Fixture::new(busy(2));
    let scene = fixture.scene(false, |_| {});
    assert!(scene.clocks.whiskers.is_empty(), "raw times have no whiskers");
    insta::assert_snapshot!(scene.dump(&fixture.store));
}

#[test]
fn measuring_across_clocks_gives_an_interval_beside_the_raw_claim() {
    let fixture = Fixture::new(worked_example());
    let (call, serve) = (SpanIx(0), SpanIx(1));
    let measured = |ends: [Option<EventKey>; 2], range: TimeRange| {
        let scene = fixture.scene(false, |view| {
            view.measure = Some(range);
            view.measure_ends = ends;
        });
        let measure = scene.measure.unwrap();
        (measure.text.to_string(), measure.raw.map(|raw| raw.to_string()))
    };
    let range = TimeRange { from_ns: at(0), to_ns: at(1310) };
    let ends = [Some(EventKey::start(call)), Some(EventKey::end(serve))];
    assert_eq!(measured(ends, range), ("640–910 ms".to_owned(), Some("raw 1.31 s".to_owned())));
    // The other way round it is the same time.
    let back = TimeRange { from_ns: range.to_ns, to_ns: range.from_ns };
    assert_eq!(measured([ends[1], ends[0]], back).0, "640–910 ms");
    // One clock: exact, nothing beside it.
    let own = [Some(EventKey::start(call)), Some(EventKey::end(call))];
    assert_eq!(measured(own, TimeRange { from_ns: at(0), to_ns: at(910) }), ("910 ms".to_owned(), None));
    // Not on events: raw times of who knows which clocks.
    let of_several = Some("raw clocks, as drawn".to_owned());
    assert_eq!(measured([None, ends[1]], range), ("1.31 s".to_owned(), of_several));
    let gone = [Some(EventKey::start(SpanIx(77))), ends[1]];
    assert_eq!(measured(gone, range).0, "1.31 s");
}

#[test]
fn an_end_that_stands_on_nothing_lies_on_the_axis_and_one_on_an_event_counts_by_its_interval() {
    let fixture = Fixture::new(worked_example());
    let (call, serve) = (SpanIx(0), SpanIx(1));
    let clock = |span: SpanIx| fixture.domains.of_span[span.at()];
    let measured = |is_frame, ends: [Option<EventKey>; 2], clocks, (from, to)| {
        let scene = fixture.scene(is_frame, |view| {
            view.measure = Some(TimeRange { from_ns: at(from), to_ns: at(to) });
            (view.measure_ends, view.measure_clocks) = (ends, clocks);
        });
        let measure = scene.measure.unwrap();
        (measure.text.to_string(), measure.raw.map_or_else(String::new, |raw| raw.to_string()))
    };
    let nowhere = [None; 2];
    // The browser is 400 to 670 ms behind the gateway, whose time is the axis: its call starts at 400 to 670.
    let start = [Some(EventKey::start(call)), None];
    assert_eq!(measured(true, start, nowhere, (535, 1310)).0, "640–910 ms");
    assert_eq!(measured(true, [start[1], start[0]], nowhere, (1310, 535)).0, "640–910 ms", "from right to left");
    let (text, beside) = measured(true, start, nowhere, (535, 100));
    assert_eq!((text.as_str(), beside.as_str()), ("300–570 ms", "drawn 435 ms"), "before the event");
    // An event of the axis' own clock is exact; two places on the axis are its plain time.
    let end = [None, Some(EventKey::end(serve))];
    assert_eq!(measured(true, end, nowhere, (1000, 1310)), ("310 ms".to_owned(), String::new()));
    let plain = ("310 ms".to_owned(), "time of gateway".to_owned());
    assert_eq!(measured(true, [None; 2], [Some(clock(call)), Some(clock(serve))], (1000, 1310)), plain);
    // Raw times stay a difference of raw times, and say whose.
    let both = ("1.31 s".to_owned(), "raw clocks of browser and gateway".to_owned());
    assert_eq!(measured(false, [None; 2], [Some(clock(call)), Some(clock(serve))], (0, 1310)), both);
    assert_eq!(measured(false, start, [None, Some(clock(serve))], (0, 1310)), both);
    let own = ("310 ms".to_owned(), "raw clock of gateway".to_owned());
    assert_eq!(measured(false, end, [Some(clock(serve)), None], (1000, 1310)), own);
}

#[test]
fn marks_of_clocks_are_bounded_by_pixels() {
    let fixture = Fixture::new(busy(3000));
    for zoom in [1.0, 20.0, 400.0, 5000.0] {
        let scene = fixture.scene(true, |view| {
            view.zoom_about(at(150_000), zoom);
            view.selection = (0..500).map(SpanIx).collect();
        });
        let clocks = &scene.clocks;
        assert!(clocks.whiskers.len() <= MOST_WHISKERS && clocks.badges.len() <= MOST_BADGES, "zoom {zoom}");
        let across = scene.areas.canvas.width() / 3.0;
        assert!(clocks.whiskers.len() as f32 <= 4.0 * across, "they do not overlap: zoom {zoom}");
        assert!(lower(&scene).rect_count() <= 40_000);
        for whisker in &clocks.whiskers {
            let Some((lo, hi)) = whisker.inner.lo.zip(whisker.inner.hi) else { continue };
            let at = whisker.at.x.clamp(scene.areas.canvas.left() - 60.0, scene.areas.canvas.right() + 60.0);
            assert!(lo - 1.0 <= at && at <= hi + 1.0, "an estimate lies inside its bounds: {whisker:?}");
        }
    }
    let close = fixture.scene(true, |view| {
        view.time = TimeRange { from_ns: at(149_900 - 500), to_ns: at(150_300 - 500) };
    });
    assert!(!close.clocks.whiskers.is_empty(), "where they fit, they are there");

    let open = close.clocks.whiskers.iter().any(|whisker| whisker.inner.hi.is_none() || whisker.inner.lo.is_none());
    assert!(open, "the worker never answers");
}

#[test]
fn marks_of_the_overview_are_bounded_and_are_the_gravest_of_their_stretch() {
    let fixture = Fixture::new(busy(3000));
    let tagged: Vec<_> = fixture.raw.known.as_ref().unwrap().model.findings().iter().collect();
    assert!(!tagged.is_empty());
    for width in [300.0, 1000.0, 3840.0] {
        let scene = fixture.scene(false, |view| view.size.x = width);
        let marks = &scene.overview.marks;
        assert!(!marks.is_empty() && marks.len() as f32 <= scene.areas.overview.width() / 8.0, "{}", marks.len());
        let input = fixture.raw.scene_input(&fixture.store, &fixture.domains, &fixture.colors, None);
        for mark in marks {
            assert_eq!(hit(&input, &scene, mark.center), Hit::Finding(mark.finding));
            let starts = |span: SpanIx| {
                let (start_ns, _) = fixture.raw.layout.extent_ns(span);
                mark.time.from_ns <= start_ns && start_ns < mark.time.to_ns
            };
            let here = Numbered::new(fixture.raw.known.as_deref(), None);
            let gravest = here.iter().filter(|found| found.marked().any(starts)).map(Found::tone).max();
            assert_eq!(Some(mark.tone), gravest);
        }
    }
}

#[test]
fn in_the_reference_frame_no_effect_stands_before_its_cause() {
    let fixture = Fixture::new(busy(200));
    let layout = &fixture.frame.layout;
    let backward = |layout: &Layout| {
        let spans = fixture.store.span_ixs();
        let pairs = spans.filter_map(|child| Some((fixture.store.span(child).parent()?, child)));
        pairs.filter(|&(parent, child)| layout.extent_ns(child).0 < layout.extent_ns(parent).0).count()
    };
    assert!(backward(&fixture.raw.layout) >= 200);
    assert_eq!(backward(layout), 0);
    // Raw times of the store are what they were.
    assert_eq!(fixture.store.starts_ns().iter().min().copied(), Some(START - 800 * MS + 7_919));
}

#[test]
fn odd_views_of_clocks_do_not_panic() {
    let fixture = Fixture::new(busy(3));
    let empty = Fixture::new(TraceStore::default());
    for fixture in [&fixture, &empty] {
        for time in [
            TimeRange { from_ns: i64::MIN, to_ns: i64::MAX },
            TimeRange { from_ns: 5, to_ns: 5 },
            TimeRange { from_ns: at(10), to_ns: at(0) },
        ] {
            for is_frame in [false, true] {
                let scene = fixture.scene(is_frame, |view| {
                    view.time = time;
                    view.size = Vec2::new(f32::NAN, 40.0);
                    view.selection = vec![SpanIx(1), SpanIx(u32::MAX)];
                    view.finding = Some(77);
                    view.why = Some(super::WhyOf { domain: crate::model::DomainIx(u32::MAX), at_ns: i64::MIN });
                    view.measure = Some(time);
                    view.measure_ends = [Some(EventKey::start(SpanIx(u32::MAX))), Some(EventKey::end(SpanIx(0)))];
                });
                let _ = lower(&scene);
            }
        }
    }
}

#[test]
fn pills_of_arrows_cover_no_bar_where_there_is_room_and_never_each_other() {
    for calls in [1, 3, 40] {
        let fixture = Fixture::new(busy(calls));
        for height in [460.0, 200.0] {
            let scene = fixture.scene(false, |view| view.size.y = height);
            let arrows = &scene.clocks.arrows;
            assert!(!arrows.is_empty());
            let is_wordy = arrows.iter().any(|arrow| arrow.text.contains("before its cause"));
            assert_eq!(is_wordy, arrows.len() <= MOST_WORDY, "{calls}");
            let canvas = scene.areas.canvas;
            let mut many: Vec<ClockArrow> = arrows.iter().cycle().take(2 * MOST_WORDY).cloned().collect();
            place_pills(&scene, &mut many);
            assert!(many.iter().all(|arrow| arrow.text.is_empty() && arrow.pill.is_positive()));
            for (at, arrow) in arrows.iter().enumerate() {
                assert!(canvas.contains_rect(arrow.pill), "{calls}: {:?}", arrow.pill);
                let is_alone = arrows[..at].iter().all(|other| !other.pill.intersects(arrow.pill));
                assert!(is_alone || calls > 3, "{calls}: {:?}", arrow.pill);
                // Words that would lie on bars give way to the number.
                let on_bars = scene.bars.iter().map(|bar| bar.rect.intersect(arrow.pill)).filter(Rect::is_positive);
                let on_bars: f32 = on_bars.map(|rect| rect.area()).sum();
                let is_little = on_bars <= arrow.pill.area() * 0.25;
                assert!(is_little || arrow.text.is_empty(), "{calls} {height}: {:?} {:?}", arrow.text, arrow.pill);
                // Few short bars leave room for a pill.
                let hidden = scene.bars.iter().find(|bar| bar.rect.intersects(arrow.pill));
                assert!(hidden.is_none() || calls > 1, "{calls} {height}: {:?} covers {hidden:?}", arrow.pill);
            }
        }
    }
}

#[test]
fn no_name_begins_under_the_number_of_a_finding() {
    use crate::export::picture::Timeline;
    use crate::scene::text;
    let mut numbered = 0;
    for name in ["slow-conversation", "retry-cascade", "stall"] {
        let path = format!("{}/sample-traces/{name}.otlp.json", env!("CARGO_MANIFEST_DIR"));
        let source = crate::load::Source::memory(name, std::fs::read(path).unwrap());
        let store = crate::load::load(&[source], &Default::default(), &Default::default()).unwrap().store;
        let timeline = Timeline::of_store(&store, &Plan::default());
        for zoom in [1.0, 3.0, 20.0] {
            let mut view = ViewState { size: Vec2::new(1400.0, 2400.0), ..ViewState::default() };
            view.fit(&timeline.arranged.hull_ns);
            view.zoom_about(view.middle_ns(), zoom);
            let scene = build(&timeline.input(&store, None), &view);
            for badge in &scene.clocks.badges {
                let half = scene.metrics.small * 0.62;
                let (left, right) = (badge.center.x - half, badge.center.x + half);
                let in_row = |label: &&crate::scene::TextShape| (0.0..22.0).contains(&(label.pos.y - badge.center.y));
                for label in scene.labels.iter().filter(in_row) {
                    let end = label.pos.x + text::width(&label.text, label.font, label.size);
                    let is_clear = label.pos.x >= right || end <= left + 2.0 || label.pos.x < left - 1.0;
                    assert!(is_clear, "{name}: #{} covers the start of {:?}", badge.finding, label.text);
                    numbered += 1;
                }
            }
        }
    }
    assert!(numbered > 20, "{numbered}");
}
