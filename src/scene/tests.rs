//! Frames as text, and the bound on what a frame may hold.

use std::sync::Arc;

use emath::{Pos2, Vec2};

use super::*;
use crate::analysis::clocks::{Code, FindingTone};
use crate::analysis::search::parse;
use crate::arrange::{LaneView, Plan, SpanKey};
use crate::export::picture::{Timeline, about};
use crate::export::{png, svg};
use crate::layout::LaneIx;
use crate::model::{
    Attr, EventDraft, Input, LinkDraft, Part, Resource, ResourceIx, Scope, SpanDraft, SpanId, SpanIx, Status,
    StoreBuilder, Sym, TraceId, TraceStore, Value,
};

pub(in crate::scene) const START: i64 = 1_700_000_000_000_000_000;
pub(in crate::scene) const MS: i64 = 1_000_000;

/// Builds stores from a few words per span.
pub(in crate::scene) struct Builder {
    part: Part,
    next: u64,
}

impl Builder {
    pub fn new() -> Self {
        Self { part: Part::new(), next: 1 }
    }

    pub fn resource(&mut self, attrs: &[(&str, &str)]) -> ResourceIx {
        let attrs = attrs
            .iter()
            .map(|(key, value)| {
                let attr =
                    Attr { key: self.part.strings.intern(key), value: Value::Str(self.part.strings.intern(value)) };
                self.part.attrs.intern(attr.key, attr.value)
            })
            .collect();
        self.part.resource(Resource { input: crate::model::InputIx(0), attrs, schema_url: Sym::EMPTY, dropped: 0 })
    }

    /// Times in milliseconds after the start; an end of `None` is missing. Returns the id.
    pub fn span(
        &mut self,
        resource: ResourceIx,
        parent: u64,
        name: &str,
        from: i64,
        to: Option<i64>,
        edit: impl FnOnce(&mut SpanDraft),
    ) -> u64 {
        let id = self.next;
        self.next += 1;
        let mut draft = SpanDraft {
            trace: TraceId::from_u128(7),
            id: SpanId::from_u64(id),
            parent: SpanId::from_u64(parent),
            start_ns: START + from * MS,
            end_ns: to.map_or(0, |to| START + to * MS),
            name: self.part.strings.intern(name),
            ..SpanDraft::default()
        };
        edit(&mut draft);
        let scope = self.part.scope(Scope::default());
        self.part.push(&draft, resource, scope);
        id
    }

    pub fn finish(self) -> TraceStore {
        let mut builder = StoreBuilder::new();
        let input = builder.add_input(Input { name: "small.json".into(), ..Input::default() });
        builder.absorb(self.part, input);
        builder.finish()
    }
}

/// One turn on two clocks with everything odd that a frame marks.
fn conversation() -> TraceStore {
    let mut b = Builder::new();
    let browser = b.resource(&[("service.name", "web"), ("device.id", "d-1")]);
    let gateway = b.resource(&[("service.name", "gateway"), ("host.id", "gw-1")]);
    let turn = b.span(browser, 0, "user turn 1 · send → answer rendered", 0, Some(5200), |_| {});
    b.span(browser, turn, "paint", 5100, Some(5110), |_| {});
    let post = b.span(gateway, turn, "POST /v1/chat", 300, Some(4800), |draft| {
        draft.links.push(LinkDraft {
            trace: TraceId::from_u128(7),
            span: SpanId::from_u64(turn),
            ..LinkDraft::default()
        });
    });
    b.span(gateway, post, "chat gpt-5.2 (attempt 1)", 400, Some(900), |draft| draft.status = Status::Error);
    b.span(gateway, post, "chat gpt-5.2 (attempt 2)", 1000, Some(4700), |draft| {
        let times = [1500, 1700, 1900, 4000];
        draft.events = times.map(|at| EventDraft { time_ns: START + at * MS, ..EventDraft::default() }).to_vec();
    });
    b.span(gateway, post, "relay", 4705, None, |_| {});
    b.span(gateway, post, "clock went back", 4790, Some(4770), |_| {});
    b.span(gateway, 999, "orphan", 2000, Some(2600), |_| {});
    for at in 0..40 {
        b.span(gateway, post, "tiny", 4800 + at / 20, Some(4800 + at / 20), |draft| {
            draft.start_ns += at * 1000;
            draft.end_ns += at * 1000 + 500;
        });
    }
    b.finish()
}

fn view_of(timeline: &Timeline, size: Vec2) -> ViewState {
    let mut view = ViewState { size, ..ViewState::default() };
    view.fit(timeline.arranged.layout.hull_ns());
    view
}

fn scene_of(store: &TraceStore, edit: impl FnOnce(&mut ViewState)) -> Scene {
    let timeline = Timeline::of_store(store, &Plan::default());
    let mut view = view_of(&timeline, Vec2::new(1000.0, 420.0));
    edit(&mut view);
    build(&timeline.input(store, None), &view)
}

pub(in crate::scene) fn at(ms: i64) -> i64 {
    START + ms * MS
}

#[test]
fn the_whole_conversation_as_text() {
    let store = conversation();
    insta::assert_snapshot!(scene_of(&store, |_| {}).dump(&store));
}

#[test]
fn zoomed_in_with_a_selection_and_a_measure_as_text() {
    let store = conversation();
    let scene = scene_of(&store, |view| {
        view.time = TimeRange { from_ns: at(200), to_ns: at(1300) };
        view.selection = vec![SpanIx(2)];
        view.focused = Some(SpanIx(3));
        view.measure = Some(TimeRange { from_ns: at(900), to_ns: at(400) });
        view.ruler = RulerMode::Absolute;
    });
    insta::assert_snapshot!(scene.dump(&store));
}

#[test]
fn an_export_with_text_half_as_large_again_as_text() {
    let store = conversation();
    let timeline = Timeline::of_store(&store, &Plan::default());
    let caption = caption(&store, &timeline);
    let mut view = view_of(&timeline, Vec2::new(1000.0, 420.0));
    view.text_scale = 1.5;
    let scene = timeline.scene(&store, &caption, &view);
    let dump = scene.dump(&store);
    let lines: Vec<&str> = dump.lines().filter(|line| !line.starts_with("bar") && !line.starts_with("label")).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

fn caption(store: &TraceStore, timeline: &Timeline) -> Caption {
    let mut caption =
        Caption::of_store(store, timeline.domains.list.len(), "small.json".into(), "small.json · sha256 0123…".into());
    caption.program = "Skewline".into();
    caption
}

#[test]
fn labels_are_cropped_to_their_bars_and_do_not_overlap_in_a_row() {
    let store = conversation();
    for length in [1, 5, 40, 300, 2000, 5500] {
        for from in [0, 350, 4760] {
            let scene = scene_of(&store, |view| view.time = TimeRange { from_ns: at(from), to_ns: at(from + length) });
            let mut ends: Vec<(i32, f32, f32)> = Vec::new();
            for label in &scene.labels {
                let left = label.pos.x;
                let right = left + text::width(&label.text, label.font, label.size);
                assert!(right <= scene.areas.canvas.right() + 1.0, "{:?} leaves the canvas", label.text);
                ends.push((label.pos.y as i32, left, right));
            }
            ends.sort_by(|a, b| (a.0, a.1).partial_cmp(&(b.0, b.1)).unwrap());
            for pair in ends.windows(2) {
                let [(y, _, right), (next_y, left, _)] = pair else { continue };
                assert!(y != next_y || right <= left, "labels overlap at {y}: {right} > {left} (+{from} {length} ms)");
            }
        }
    }
}

#[test]
fn failures_are_seen_at_every_zoom() {
    let mut b = Builder::new();
    let resource = b.resource(&[("service.name", "busy")]);
    for n in 0..20_000 {
        let (from, to) = (n * 50, n * 50 + 40);
        b.span(resource, 0, "call", from, Some(to), |draft| {
            if n == 12_345 {
                draft.status = Status::Error;
            }
        });
    }
    let store = b.finish();
    let error = ThemeKind::Dark.theme().error;
    for zoom in [1, 10, 1000, 100_000] {
        let middle = 12_345 * 50 + 20;
        let half = 500_000 / zoom;
        let scene = scene_of(&store, |view| {
            view.time = TimeRange { from_ns: at(middle - half), to_ns: at(middle + half) };
        });
        let picture = lower(&scene);
        let bars = picture.layers.iter().filter(|layer| layer.area == Area::Bars).flat_map(|layer| &layer.shapes);
        let widest = bars
            .filter_map(|shape| if let Shape::Bars(bars) = shape { Some(bars) } else { None })
            .flatten()
            .filter(|bar| bar.fill == error)
            .map(|bar| bar.rect.width())
            .fold(0.0, f32::max);
        assert!(widest >= 2.0, "zoom {zoom}: {widest}");
    }
}

/// The picture as the search `query` shows it.
fn searched(store: &TraceStore, query: &str, edit: impl FnOnce(&mut ViewState)) -> Scene {
    let mut timeline = Timeline::of_store(store, &Plan::default());
    timeline.mark(store, &parse(query).unwrap(), &LaneView::default());
    let mut view = view_of(&timeline, Vec2::new(1000.0, 420.0));
    view.query = query.to_owned();
    edit(&mut view);
    timeline.scene(store, &caption(store, &timeline), &view)
}

#[test]
fn a_search_dims_the_rest_as_text() {
    let store = conversation();
    let dump = searched(&store, "chat -error", |_| {}).dump(&store);
    let wanted = ["bar", "lane", "overview", "legend", "footer", "hidden"];
    let lines: Vec<&str> = dump.lines().filter(|line| wanted.iter().any(|start| line.starts_with(start))).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn hits_are_seen_at_every_zoom_and_counted_in_hidden_lanes() {
    let mut b = Builder::new();
    let busy = b.resource(&[("service.name", "busy"), ("host.id", "h-1")]);
    let other = b.resource(&[("service.name", "other"), ("host.id", "h-2")]);
    for n in 0..20_000 {
        b.span(busy, 0, if n == 12_345 { "needle" } else { "call" }, n * 50, Some(n * 50 + 40), |_| {});
    }
    b.span(other, 0, "needle", 100, Some(200), |_| {});
    let store = b.finish();
    let hit = ThemeKind::Dark.theme().hit;
    let middle = 12_345 * 50 + 20;
    for zoom in [1, 10, 1000, 100_000] {
        let half = 500_000 / zoom;
        let scene = searched(&store, "name:needle", |view| {
            view.time = TimeRange { from_ns: at(middle - half), to_ns: at(middle + half) };
        });
        let found: Vec<_> = scene.bars.iter().filter(|bar| bar.hits > 0 && bar.span != SpanIx(20_000)).collect();
        assert_eq!(found.iter().map(|bar| bar.hits).sum::<u32>(), 1, "zoom {zoom}");
        assert!(scene.bars.iter().all(|bar| bar.is_dim == (bar.hits == 0)), "zoom {zoom}");
        let picture = lower(&scene);
        let bars = picture.layers.iter().filter(|layer| layer.area == Area::Bars).flat_map(|layer| &layer.shapes);
        let bars = bars.filter_map(|shape| if let Shape::Bars(bars) = shape { Some(bars) } else { None }).flatten();
        let marked: Vec<_> = bars.filter(|bar| bar.fill == hit && bar.rect.intersects(found[0].rect)).collect();
        assert!(marked.len() == 1 && marked[0].rect.width() >= 1.5, "zoom {zoom}: {marked:?}");
        assert!(scene.overview.columns.iter().any(|column| column.has_hit));
    }
    let scene = searched(&store, "name:needle", |view| {
        let hidden = Timeline::of_store(&store, &Plan::default()).arranged.lanes[1].key.clone();
        Arc::make_mut(&mut view.lanes).hidden.insert(hidden);
    });
    assert_eq!(scene.hidden.hits_hidden, 1);
    assert!(caption::hidden_text(&scene.hidden).contains(&"1 hit in hidden lanes".to_owned()));
}

#[test]
fn folds_hide_no_hit() {
    // With few rows and with so many that a folded lane is drawn from counts.
    for rows in [3_i64, 200] {
        let mut b = Builder::new();
        let resource = b.resource(&[("service.name", "busy"), ("host.id", "h-1")]);
        let root = b.span(resource, 0, "root", 0, Some(100_000), |_| {});
        for n in 0..rows {
            b.span(resource, root, if n == 1 { "needle" } else { "call" }, 5_000 + n, Some(90_000), |_| {});
        }
        let store = b.finish();
        let folds = [SpanKey::of(&store, SpanIx(0))].into();
        let mut timeline = Timeline::of_store(&store, &Plan { folds, ..Plan::default() });
        timeline.mark(&store, &parse("name:needle").unwrap(), &LaneView::default());
        let mut view = view_of(&timeline, Vec2::new(1000.0, 420.0));
        let scene = build(&timeline.input(&store, None), &view);
        let bars: Vec<_> = scene.bars.iter().map(|bar| (bar.hits, bar.is_dim)).collect();
        assert_eq!((bars.as_slice(), scene.hidden.hits_hidden), (&[(1, false)][..], 0), "a folded span of {rows}");

        timeline = Timeline::of_store(&store, &Plan::default());
        timeline.mark(&store, &parse("name:needle").unwrap(), &LaneView::default());
        Arc::make_mut(&mut view.lanes).folded.insert(timeline.arranged.lanes[0].key.clone());
        let scene = build(&timeline.input(&store, None), &view);
        let columns = &scene.profiles[0].columns;
        let found = columns.iter().filter(|column| column.has_hit).count();
        // 85 of 100 s, on a canvas that shows a little more than the trace.
        assert!(found * 100 / columns.len() >= 80 && found < columns.len(), "{found} of {} columns", columns.len());
        assert!(columns.iter().all(|column| column.is_dim != column.has_hit));
    }
}

#[test]
fn contradictions_show_at_every_zoom_and_in_folds() {
    // With few rows and with so many that a folded lane is drawn from counts.
    for rows in [3_i64, 200] {
        let mut b = Builder::new();
        let resource = b.resource(&[("service.name", "busy"), ("host.id", "h-1")]);
        let root = b.span(resource, 0, "root", 0, Some(100_000), |_| {});
        for n in 0..rows {
            let parent = b.span(resource, root, "call", n, Some(99_000), |_| {});
            for m in 0..60 {
                // One of many ends before it starts: no clock explains that.
                let length = if (n, m) == (1, 30) { -5 } else { 5 };
                let start = 1_000 + m * 20;
                b.span(resource, parent, "step", start, Some(start + length), |_| {});
            }
        }
        let store = b.finish();
        let mut timeline = Timeline::of_store(&store, &Plan::default());
        let known = timeline.arranged.known.clone().unwrap();
        let id = known.model.findings().iter().find(|finding| finding.code == Code::S1).unwrap().id;
        for zoom in [1.0, 4.0, 400.0] {
            let mut view = view_of(&timeline, Vec2::new(1000.0, 12_000.0));
            view.zoom_about(at(1_600), zoom);
            let scene = build(&timeline.input(&store, None), &view);
            let carriers: Vec<_> =
                scene.bars.iter().filter(|bar| bar.finding.is_some_and(|found| found.0 == id)).collect();
            assert_eq!(carriers.len(), 1, "{rows} rows at x{zoom}");
            assert_eq!(carriers[0].count > 1, zoom < 300.0, "alone only when close");
            assert_eq!(carriers[0].finding.unwrap().1, FindingTone::Fault);
        }
        let view = {
            let mut view = view_of(&timeline, Vec2::new(1000.0, 420.0));
            Arc::make_mut(&mut view.lanes).folded.insert(timeline.arranged.lanes[0].key.clone());
            view
        };
        let scene = build(&timeline.input(&store, None), &view);
        let columns = &scene.profiles[0].columns;
        assert!(columns.iter().any(|column| column.finding.is_some_and(|found| found.0 == id)), "{rows} rows folded");
        assert!(scene.clocks.badges.iter().any(|badge| badge.finding == id), "with its number");
        let folds = [SpanKey::of(&store, SpanIx(0))].into();
        timeline = Timeline::of_store(&store, &Plan { folds, ..Plan::default() });
        let scene = build(&timeline.input(&store, None), &view_of(&timeline, Vec2::new(1000.0, 420.0)));
        assert_eq!(scene.bars[0].finding.map(|found| found.0), Some(id), "a span stands for all below it");
    }
}

#[test]
fn the_critical_path_is_bounded_by_pixels_and_loses_no_time() {
    let mut b = Builder::new();
    let resource = b.resource(&[("service.name", "busy")]);
    // Whole milliseconds: what is nearer than two of them is in no known order.
    let root = b.span(resource, 0, "root", 0, Some(60_010), |_| {});
    for n in 0..10_000 {
        b.span(resource, root, "call", n * 6 + 2, Some(n * 6 + 5), |_| {});
    }
    let store = b.finish();
    let mut timeline = Timeline::of_store(&store, &Plan::default());
    timeline.trace_critical(&store, None);
    let critical = timeline.critical.clone().unwrap();
    assert_eq!((critical.known_ns, critical.unknown_ns), (60_010 * MS, 0), "all of the root's time, once");
    for zoom in [1.0, 30.0, 3000.0] {
        let mut view = view_of(&timeline, Vec2::new(1000.0, 420.0));
        view.zoom_about(at(30_000), zoom);
        let scene = build(&timeline.input(&store, None), &view);
        let width = scene.areas.canvas.width();
        assert!(scene.critical.len() <= 2 * width as usize + 8, "{} marks", scene.critical.len());
        // Root and call take turns: together their marks cover what is in view of the trace.
        let covered: f32 = scene.critical.iter().map(|mark| mark.rect.intersect(scene.areas.canvas).width()).sum();
        assert!(covered >= width * 0.95, "{covered} of {width} points at x{zoom}");
        assert!(scene.critical.iter().all(|mark| !mark.is_unknown));
    }
    let mut view = view_of(&timeline, Vec2::new(1000.0, 420.0));
    Arc::make_mut(&mut view.lanes).folded.insert(timeline.arranged.lanes[0].key.clone());
    let scene = build(&timeline.input(&store, None), &view);
    assert_eq!(scene.critical.len(), 1, "without a pause");
}

#[test]
fn a_frame_is_bounded_by_pixels() {
    let mut b = Builder::new();
    let resource = b.resource(&[("service.name", "busy")]);
    let root = b.span(resource, 0, "root", 0, Some(100_000), |_| {});
    for n in 0..30_000 {
        let parent = b.span(resource, root, "call", n * 3, Some(n * 3 + 3), |_| {});
        b.span(resource, parent, "inner", n * 3 + 1, Some(n * 3 + 2), |_| {});
    }
    let store = b.finish();
    let timeline = Timeline::of_store(&store, &Plan::default());
    for width in [400.0, 1600.0] {
        for zoom in [1, 7, 50, 1000] {
            let mut view = view_of(&timeline, Vec2::new(width, 900.0));
            view.zoom_about(at(50_000), f64::from(zoom));
            let scene = build(&timeline.input(&store, None), &view);
            let rows = 3;
            let most = rows * (scene.areas.canvas.width() / 1.5) as usize + 40;
            assert!(scene.bars.len() <= most, "{} bars at {width} x{zoom}, at most {most}", scene.bars.len());
            let rects = lower(&scene).rect_count();
            assert!(rects <= 3 * most + 4000, "{rects} rectangles at {width} x{zoom}");
        }
    }
    let scene = build(&timeline.input(&store, None), &view_of(&timeline, Vec2::new(800.0, 400.0)));
    assert_eq!(
        scene.bars.iter().map(|bar| u64::from(bar.count)).sum::<u64>(),
        store.len() as u64,
        "every span is behind a bar"
    );
    assert_eq!(scene.hidden.spans_behind_bars, store.len() as u64 - scene.bars.len() as u64);
    assert!(!scene.dense.is_empty(), "and the frame says so");
}

#[test]
fn what_is_drawn_is_what_is_hit() {
    let store = conversation();
    let timeline = Timeline::of_store(&store, &Plan::default());
    let input = timeline.input(&store, None);
    let scene = build(&input, &view_of(&timeline, Vec2::new(1000.0, 420.0)));
    for bar in scene.bars.iter().filter(|bar| bar.count == 1 && bar.rect.width() > 8.0) {
        assert_eq!(hit(&input, &scene, bar.rect.center()), Hit::Span(bar.span));
    }
    for ghost in &scene.ghosts {
        assert_eq!(hit(&input, &scene, ghost.rect.center()), Hit::Ghost(ghost.ghost));
    }
    let areas = &scene.areas;
    assert_eq!(hit(&input, &scene, areas.heads.min + Vec2::new(5.0, 5.0)), Hit::LaneHead(LaneIx(0)));
    assert!(matches!(hit(&input, &scene, areas.ruler.center()), Hit::Ruler(time) if time > START));
    assert!(matches!(hit(&input, &scene, areas.overview.center()), Hit::Overview(time) if time > START));
    assert_eq!(hit(&input, &scene, Pos2::new(-5.0, 50.0)), Hit::Nothing);
    assert!(matches!(
        hit(&input, &scene, areas.canvas.right_bottom() - Vec2::splat(1.0)),
        Hit::Canvas { row: None, .. }
    ));
}

#[test]
fn scrolling_moves_lanes_and_says_what_is_out_of_view() {
    let store = conversation();
    let all = scene_of(&store, |view| view.size.y = 900.0);
    assert_eq!((all.hidden.rows_above, all.hidden.rows_below), (0, 0));
    let low = scene_of(&store, |view| view.size.y = 160.0);
    assert!(low.hidden.rows_below > 0);
    let scrolled = scene_of(&store, |view| {
        view.size.y = 160.0;
        view.scroll_y = 1e9;
    });
    assert!(scrolled.hidden.rows_above > 0 && scrolled.hidden.rows_below == 0);
    let hidden = scene_of(&store, |view| {
        Arc::make_mut(&mut view.lanes).hidden.insert("device.id=d-1".into());
    });
    assert_eq!((hidden.hidden.lanes_hidden, hidden.bands.len()), (1, all.bands.len() - 1));
}

#[test]
fn a_pinned_lane_stays_while_the_others_scroll() {
    let mut b = Builder::new();
    let hosts: Vec<ResourceIx> = ["a", "b", "c", "d"].map(|host| b.resource(&[("host.id", host)])).to_vec();
    for (at, host) in (0..).zip(&hosts) {
        // Rows below each other: every span lies in the one before.
        for row in 0..4 {
            b.span(*host, 0, &format!("{at}{row}"), row, Some(100 - row), |_| {});
        }
    }
    let store = b.finish();
    let timeline = Timeline::of_store(&store, &Plan::default());
    let input = timeline.input(&store, None);
    let mut view = view_of(&timeline, Vec2::new(900.0, 420.0));
    Arc::make_mut(&mut view.lanes).pinned.insert("host.id=c".into());
    let names = |scene: &Scene, area: emath::Rect| -> Vec<String> {
        let seen = scene.bars.iter().filter(|bar| area.contains(bar.rect.center()));
        seen.map(|bar| store.span(bar.span).name().to_owned()).collect()
    };
    let mut reached = std::collections::BTreeSet::new();
    for step in 0..100 {
        view.scroll_y = f64::from(step) * 5.0;
        let scene = build(&input, &view);
        let below = scene.scrolled_area();
        let above = scene.areas.canvas.with_max_y(below.top());
        assert!(scene.held.height > 60.0);
        assert_eq!(names(&scene, above)[..4], ["20", "21", "22", "23"], "{step}");
        reached.extend(names(&scene, below));
        for bar in &scene.bars {
            let center = bar.rect.center();
            // What lies behind the pinned lane is neither drawn nor hit there.
            if below.contains(center) || store.span(bar.span).name().starts_with('2') {
                assert_eq!(hit(&input, &scene, center), Hit::Span(bar.span), "{step}");
            }
        }
        assert_eq!(hit(&input, &scene, Pos2::new(20.0, above.center().y)), Hit::LaneHead(LaneIx(2)));
        let layers = lower(&scene).layers.into_iter().filter(|layer| layer.area == Area::Bars);
        let clips: Vec<(emath::Rect, usize)> = layers
            .map(|layer| {
                let bars = layer.shapes.iter().map(|shape| if let Shape::Bars(bars) = shape { bars.len() } else { 0 });
                (layer.clip, bars.sum())
            })
            .collect();
        assert_eq!(clips.iter().map(|(clip, _)| *clip).collect::<Vec<_>>(), [below, above]);
        assert_eq!(clips[1].1, 4, "{step}");
    }
    let expected = ["0", "1", "3"].iter().flat_map(|lane| (0..4).map(move |row| format!("{lane}{row}")));
    assert_eq!(reached, expected.collect(), "every row can be reached");
    // A lane that would leave nothing to the others scrolls with them.
    view.size.y = 200.0;
    assert_eq!(build(&input, &view).held.height, 0.0);
}

#[test]
fn odd_views_do_not_panic() {
    let store = conversation();
    let empty = TraceStore::default();
    for store in [&store, &empty] {
        for time in [
            TimeRange { from_ns: i64::MIN, to_ns: i64::MAX },
            TimeRange { from_ns: 5, to_ns: 5 },
            TimeRange { from_ns: at(10), to_ns: at(0) },
            TimeRange { from_ns: i64::MAX, to_ns: i64::MAX },
        ] {
            for size in [Vec2::ZERO, Vec2::new(f32::NAN, 1e9), Vec2::new(50.0, 2000.0)] {
                let scene = scene_of(store, |view| {
                    view.time = time;
                    view.size = size;
                    view.scroll_y = f64::NAN;
                    view.text_scale = f32::NAN;
                    view.selection = vec![SpanIx(1), SpanIx(u32::MAX)];
                    view.focused = Some(SpanIx(77_777));
                    view.measure = Some(time);
                    Arc::make_mut(&mut view.lanes).heights.insert("host.id=gw-1".into(), u32::MAX);
                });
                let _ = lower(&scene);
            }
        }
    }
}

#[test]
fn exports_are_well_formed_and_the_same_every_time() {
    let store = conversation();
    let timeline = Timeline::of_store(&store, &Plan::default());
    let caption = caption(&store, &timeline);
    let about = about(&caption);
    let mut pictures = Vec::new();
    for theme in [ThemeKind::Dark, ThemeKind::Light] {
        let mut view = view_of(&timeline, Vec2::new(640.0, 400.0));
        view.theme = theme;
        view.selection = vec![SpanIx(2)];
        view.measure = Some(TimeRange { from_ns: at(400), to_ns: at(900) });
        let picture = lower(&timeline.scene(&store, &caption, &view));
        let text = svg::svg(&picture, &about);
        let document = resvg::usvg::roxmltree::Document::parse(&text).unwrap();
        for words in ["POST /v1/chat", "gateway", "small.json", "Skewline", "raw clocks"] {
            let is_there = document.descendants().any(|node| node.text().is_some_and(|text| text.contains(words)));
            assert!(is_there, "{words} is in the picture");
        }
        let first = png::png(&picture, &about, 2.0).unwrap();
        let again = png::png(&lower(&timeline.scene(&store, &caption, &view)), &about, 2.0).unwrap();
        assert!(first == again, "the same bytes every time");
        pictures.push(first);
    }
    let mut reader = ::png::Decoder::new(std::io::Cursor::new(&pictures[0])).read_info().unwrap();
    assert_eq!((reader.info().width, reader.info().height), (1280, 800));
    let texts: Vec<String> = reader
        .info()
        .utf8_text
        .iter()
        .map(|chunk| format!("{}={}", chunk.keyword, chunk.get_text().unwrap()))
        .collect();
    assert_eq!(texts, ["Title=small.json", "Source=small.json · sha256 0123…", "Software=Skewline"]);
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    let distinct: std::collections::BTreeSet<&[u8]> = pixels.chunks_exact(3).collect();
    assert!(distinct.len() > 100, "text and bars were drawn: {} colours", distinct.len());
    assert!(pictures[0] != pictures[1]);
    assert!(
        png::png(
            &Picture { size: Vec2::new(1e6, 1e6), background: ecolor::Color32::BLACK, layers: Vec::new() },
            &about,
            1.0
        )
        .is_err()
    );
}

#[test]
fn names_are_one_line_and_shared_between_frames() {
    let mut b = Builder::new();
    let resource = b.resource(&[("service.name", "s")]);
    b.span(resource, 0, "line\nbreak\t\u{7}", 0, Some(1000), |_| {});
    let store = b.finish();
    let timeline = Timeline::of_store(&store, &Plan::default());
    let view = view_of(&timeline, Vec2::new(800.0, 300.0));
    let mut builder = SceneBuilder::default();
    let first = builder.build(&timeline.input(&store, None), &view);
    let second = builder.build(&timeline.input(&store, None), &view);
    assert_eq!(&*first.labels[0].text, "line break  ");
    assert!(Arc::ptr_eq(&first.labels[0].text, &second.labels[0].text));
}
