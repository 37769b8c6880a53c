//! A frame's CPU cost: build the scene, lower it to shapes, make meshes, lay out texts, tessellate.
//!
//! `cargo bench --bench scene`; `SCENE_BENCH_SPANS=10000000 cargo bench --bench scene` for the biggest one.

#![allow(clippy::print_stderr, missing_docs, reason = "a benchmark")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use emath::Vec2;
use skewline::arrange::Plan;
use skewline::export::picture::Timeline;
use skewline::model::{
    Input, Part, Resource, Scope, SpanDraft, SpanId, Status, StoreBuilder, Sym, TraceId, TraceStore, Value,
};
use skewline::scene::{SceneBuilder, ViewState, lower};

const SERVICES: [&str; 5] = ["browser", "gateway", "agents", "claude-platform", "qdrant"];
const NAMES: [&str; 6] =
    ["POST /v1/chat", "invoke_agent planner", "chat gpt-5.2", "execute_tool search_docs", "decode", "GET"];
/// Spans per trace; a few traces overlap at any time.
const PER_TRACE: usize = 40;

/// The same spans for the same size: a multiplicative hash stands in for chance.
fn workspace(spans: usize) -> TraceStore {
    let mut builder = StoreBuilder::new();
    let input = builder.add_input(Input { name: "synthetic".into(), ..Input::default() });
    let mut part = Part::new();
    let mut resources = Vec::new();
    for name in SERVICES {
        let mut attrs = Vec::new();
        for key in ["service.name", "host.id"] {
            let (key, value) = (part.strings.intern(key), part.strings.intern(name));
            attrs.push(part.attrs.intern(key, Value::Str(value)));
        }
        resources.push(part.resource(Resource { input, attrs, schema_url: Sym::EMPTY, dropped: 0 }));
    }
    let scope = part.scope(Scope::default());
    let names = NAMES.map(|name| part.strings.intern(name));
    let chance = |at: usize, bound: i64| ((at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33) as i64 % bound;
    for at in 0..spans {
        let (trace, step) = (at / PER_TRACE, at % PER_TRACE);
        let begin = 1_700_000_000_000_000_000 + trace as i64 * 600_000_000;
        let start_ns = begin + step as i64 * 50_000_000 + chance(at, 30_000_000);
        let length = if step == 0 { 2_100_000_000 } else { 1_000_000 + chance(at + 7, 60_000_000) };
        let draft = SpanDraft {
            trace: TraceId::from_u128(trace as u128 + 1),
            id: SpanId::from_u64(at as u64 + 1),
            parent: SpanId::from_u64(if step == 0 { 0 } else { (trace * PER_TRACE + step / 3) as u64 + 1 }),
            start_ns,
            end_ns: start_ns + length,
            name: names[at % names.len()],
            status: if chance(at, 200) == 0 { Status::Error } else { Status::Unset },
            ..SpanDraft::default()
        };
        part.push(&draft, resources[(step / 8) % SERVICES.len()], scope);
    }
    builder.absorb(part, input);
    builder.finish()
}

fn benches(criterion: &mut Criterion) {
    let asked = std::env::var("SCENE_BENCH_SPANS").ok().and_then(|text| text.parse().ok());
    for spans in asked.map_or_else(|| vec![10_000, 1_000_000], |size| vec![size]) {
        let store = workspace(spans);
        let timeline = Timeline::of_store(&store, &Plan::default());
        let input = timeline.input(&store, None);
        for zoom in [1_u32, 10, 100, 1_000, 10_000, 100_000] {
            let mut view = ViewState { size: Vec2::new(1600.0, 1000.0), ..ViewState::default() };
            view.fit(timeline.arranged.layout.hull_ns());
            let middle = view.time.from_ns + view.time.length_ns() / 2;
            view.zoom_about(middle, f64::from(zoom));
            let mut builder = SceneBuilder::default();
            let scene = builder.build(&input, &view);
            eprintln!(
                "{spans} spans, zoom {zoom}: {} bars, {} labels, {} rectangles",
                scene.bars.len(),
                scene.labels.len(),
                lower(&scene).rect_count()
            );
            let mut group = criterion.benchmark_group(format!("{spans} spans"));
            group.sample_size(20);
            group.bench_function(BenchmarkId::new("build", zoom), |bench| {
                bench.iter(|| {
                    let scene = black_box(builder.build(&input, black_box(&view)));
                    builder.reuse(scene);
                });
            });
            group.bench_function(BenchmarkId::new("lower", zoom), |bench| {
                bench.iter(|| black_box(lower(black_box(&scene))));
            });
            #[cfg(feature = "window")]
            window_benches(&mut group, zoom, |old| {
                old.into_iter().for_each(|scene| builder.reuse(scene));
                builder.build(&input, &view)
            });
            group.finish();
        }
    }
}

/// What the window adds to a frame: meshes, texts, tessellation. `frame` is all of it, for a view that moves;
/// a still view keeps scene and meshes and only pays `repaint`.
#[cfg(feature = "window")]
fn window_benches(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    zoom: u32,
    mut build: impl FnMut(Option<skewline::scene::Scene>) -> skewline::scene::Scene,
) {
    use skewline::view::paint::Prepared;

    let ctx = egui::Context::default();
    ctx.set_fonts(skewline::app::theme::fonts());
    let input = || egui::RawInput {
        screen_rect: Some(egui::Rect::from_min_size(egui::Pos2::ZERO, Vec2::new(1600.0, 1000.0))),
        ..egui::RawInput::default()
    };
    let paint = |prepared: &Prepared| {
        let output = ctx.run_ui(input(), |ui| prepared.paint(ui.painter()));
        ctx.tessellate(output.shapes, output.pixels_per_point)
    };
    let prepared = Prepared::new(&lower(&build(None)), Vec2::ZERO, 1.0);
    // The first frames rasterise glyphs; a window pays for that once.
    for _ in 0..3 {
        paint(&prepared);
    }
    group.bench_function(BenchmarkId::new("repaint", zoom), |bench| bench.iter(|| black_box(paint(&prepared))));
    group.bench_function(BenchmarkId::new("frame", zoom), |bench| {
        // As the window does: what the last frame kept makes room for the next one.
        let mut old = None;
        bench.iter(|| {
            let scene = build(old.take());
            black_box(paint(&Prepared::new(&lower(&scene), Vec2::ZERO, 1.0)));
            old = Some(scene);
        });
    });
}

criterion_group!(all, benches);
criterion_main!(all);
