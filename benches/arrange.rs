//! From a change of the plan to the picture of it: another reference clock, other evidence, raw times, a fold. All that
//! happens on threads of the window is counted, and the first scene after it.
//!
//! `cargo bench --bench arrange`; `ARRANGE_BENCH_SPANS=1000000 cargo bench --bench arrange` for the size of the budget
//! (100 ms for another clock, 150 ms for a fold).

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use emath::Vec2;
use skewline::analysis::clocks::Evidence;
use skewline::analysis::findings::Rulebook;
use skewline::app::Workspace;
use skewline::arrange::{Arranged, ClockChoice, FoldBy, Folding, Plan};
use skewline::load::{Options, Progress, Source, load};
use skewline::scene::{SceneBuilder, ViewState, lower};
use skewline::simulate::{self, Scenario};

fn workspace(spans: u64) -> Workspace {
    let mut json = Vec::new();
    simulate::write(Scenario::Scale { spans }, 7, &mut json).unwrap();
    let loaded = load(&[Source::memory("scale", json)], &Options::default(), &Progress::default()).unwrap();
    Workspace::build(loaded, &[], Arc::new(Rulebook::default()))
}

fn draw(data: &Workspace, arranged: &Arranged, builder: &mut SceneBuilder) {
    let plan = Arc::new(arranged.plan.clone());
    let mut view = ViewState { size: Vec2::new(1600.0, 1000.0), plan, ..ViewState::default() };
    view.fit(arranged.layout.hull_ns());
    let scene = builder.build(&data.scene_input(arranged), &view);
    black_box(lower(&scene).rect_count());
}

/// Arranges and draws once.
fn picture(data: &Workspace, plan: &Plan, before: &Arranged, builder: &mut SceneBuilder) -> Arranged {
    let arranged = data.arrange(plan, before, |_| {});
    draw(data, &arranged, builder);
    arranged
}

/// The first picture at the new times, which is what people wait for: the old rows, where only clocks change.
fn first_picture(data: &Workspace, plan: &Plan, before: &Arranged, builder: &mut SceneBuilder) {
    let known = plan.known_at_once(&data.store, &data.domains, before.known.as_ref());
    draw(data, &before.seen_with(&data.store, &data.domains, known, plan), builder);
}

fn benches(criterion: &mut Criterion) {
    let spans = std::env::var("ARRANGE_BENCH_SPANS").ok().and_then(|spans| spans.parse().ok()).unwrap_or(100_000);
    let data = workspace(spans);
    data.work();
    let builder = &mut SceneBuilder::default();
    let raw = picture(&data, &Plan::default(), &data.first_arranged(&Plan::default()), builder);
    let frame = Plan { clock: ClockChoice::Frame, ..Plan::default() };
    let framed = picture(&data, &frame, &raw, builder);
    let reference = raw.lanes.last().map(|lane| lane.key.clone());
    let other = Plan { reference, ..frame.clone() };
    let strict = Plan { evidence: Evidence::Protocol, ..frame.clone() };
    let mut group = criterion.benchmark_group("arrange");
    group.sample_size(10);
    let mut time = |name: &str, plan: &Plan, before: &Arranged| {
        group.bench_function(BenchmarkId::new(name, spans), |bencher| {
            bencher.iter(|| picture(&data, plan, before, builder));
        });
    };
    for (name, plan, before) in
        [("raw to frame", &frame, &raw), ("another reference", &other, &framed), ("other evidence", &strict, &framed)]
    {
        time(&format!("{name}, rows and all"), plan, before);
    }
    for by in [FoldBy::Agent, FoldBy::Phase, FoldBy::Service, FoldBy::Turn] {
        for (times, plain, before) in
            [("raw times", Plan::default(), &raw), ("reference frame", frame.clone(), &framed)]
        {
            let fold = Folding { by: Some(by.clone()), ..Folding::default() };
            time(&format!("fold by {by}, {times}"), &Plan { fold, ..plain }, before);
        }
    }
    for (name, plan, before) in
        [("raw to frame", &frame, &raw), ("another reference", &other, &framed), ("other evidence", &strict, &framed)]
    {
        group.bench_function(BenchmarkId::new(format!("{name}, first picture"), spans), |bencher| {
            bencher.iter(|| first_picture(&data, plan, before, builder));
        });
    }
    group.finish();
}

criterion_group!(arrange, benches);
criterion_main!(arrange);
