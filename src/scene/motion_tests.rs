//! The picture at once: old rows, bars where the other clocks put them.

use std::collections::BTreeMap;
use std::sync::Arc;

use emath::Vec2;
use proptest::prelude::*;

use super::clocks::tests::worked_example;
use super::tests::{Builder, at};
use super::{Scene, ServiceColors, ViewState, build};
use crate::analysis::clocks::domains::{self, Domains};
use crate::analysis::clocks::{Evidence, Known};
use crate::arrange::{Arranged, ClockChoice, LaneKey, Plan, arrange};
use crate::model::{SpanIx, SpanKind, TraceStore};

fn arranged(store: &TraceStore, domains: &Domains, before: Option<&Arc<Known>>, plan: &Plan) -> Arranged {
    arrange(store, domains, Some(plan.known(store, domains, before)), plan)
}

fn scene(store: &TraceStore, domains: &Domains, arranged: &Arranged, edit: impl FnOnce(&mut ViewState)) -> Scene {
    let colors = ServiceColors::of_store(store);
    let mut view = ViewState { size: Vec2::new(1000.0, 700.0), ..ViewState::default() };
    view.fit(arranged.layout.hull_ns());
    edit(&mut view);
    build(&arranged.scene_input(store, domains, &colors, None), &view)
}

/// Where the bars that stand for one span alone are, in points from the left.
fn bars(scene: &Scene) -> BTreeMap<SpanIx, (i32, i32)> {
    let alone = scene.bars.iter().filter(|bar| bar.count == 1);
    alone.map(|bar| (bar.span, (bar.rect.left().round() as i32, bar.rect.right().round() as i32))).collect()
}

/// All plans that differ in whose time is shown, and in what is believed.
fn plans(lanes: &Arranged) -> Vec<Plan> {
    let references = lanes.lanes.iter().map(|lane| Some(lane.key.clone())).chain([None]);
    let frame = |reference: Option<LaneKey>, evidence| Plan {
        clock: ClockChoice::Frame,
        reference,
        evidence,
        ..Plan::default()
    };
    let of = |reference: Option<LaneKey>| {
        [Evidence::Protocol, Evidence::Convention].map(|evidence| frame(reference.clone(), evidence))
    };
    references.flat_map(of).chain([Plan::default()]).collect()
}

/// Every span is where the arrangement with rows of its own has it, whatever the picture before showed.
fn check(store: &TraceStore) -> Result<(), TestCaseError> {
    let domains = domains::assign(store);
    let colors = ServiceColors::of_store(store);
    let raw = arranged(store, &domains, None, &Plan::default());
    let plans = plans(&raw);
    for before in [&plans[0], &plans[plans.len() - 1]] {
        let before = arranged(store, &domains, raw.known.as_ref(), before);
        for plan in plans.iter().filter(|plan| **plan != before.plan) {
            let known = plan.known(store, &domains, before.known.as_ref());
            let early = before.seen_with(store, &domains, Arc::clone(&known), plan);
            let own = arrange(store, &domains, Some(known), plan);
            let input = early.scene_input(store, &domains, &colors, None);
            for span in store.span_ixs() {
                prop_assert_eq!(input.extent_ns(span), own.layout.extent_ns(span), "{:?} {:?}", span, plan);
            }
            prop_assert_eq!(&early.hull_ns, &own.hull_ns, "the view stays where it is when rows come");
            // And back: nothing is lost on the way.
            let known = before.plan.known(store, &domains, own.known.as_ref());
            let back = early.seen_with(store, &domains, known, &before.plan);
            let input = back.scene_input(store, &domains, &colors, None);
            for span in store.span_ixs() {
                prop_assert_eq!(input.extent_ns(span), before.layout.extent_ns(span), "back: {:?}", span);
            }
        }
    }
    Ok(())
}

/// Raw times, their rows seen from the reference clock, and rows made for that.
fn to_frame(store: &TraceStore, domains: &Domains) -> [Arranged; 3] {
    let raw = arranged(store, domains, None, &Plan::default());
    let plan = Plan { clock: ClockChoice::Frame, ..Plan::default() };
    let known = plan.known(store, domains, raw.known.as_ref());
    let early = raw.seen_with(store, domains, Arc::clone(&known), &plan);
    let own = arrange(store, domains, Some(known), &plan);
    [raw, early, own]
}

#[test]
fn another_clock_is_seen_at_once() {
    let store = worked_example();
    check(&store).unwrap();
    let domains = domains::assign(&store);
    let [raw, early, own] = to_frame(&store, &domains);
    for zoom in [1.0, 3.0, 40.0] {
        let edit = |view: &mut ViewState| {
            view.fit(own.layout.hull_ns());
            view.zoom_about(view.time.from_ns + view.time.length_ns() / 3, zoom);
        };
        let (then, now) = (scene(&store, &domains, &early, edit), scene(&store, &domains, &own, edit));
        assert_eq!(bars(&then), bars(&now), "zoom {zoom}");
    }
    assert!(early.rows_by.is_some() && own.rows_by.is_none());
    assert_eq!(early.layout.span_rows().starts_ns(), raw.layout.span_rows().starts_ns(), "rows are those of before");
}

/// Calls from the first host to one of the others and back, whose clocks are off: (host, start, lengths in ms).
fn calls() -> impl Strategy<Value = Vec<(usize, i64, i64, i64)>> {
    prop::collection::vec((1..4_usize, 0..2_000_i64, 4..400_i64, 1..200_i64), 1..12)
}

proptest! {
    // Each case arranges and solves eighteen times.
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn bars_are_where_rows_of_their_own_would_have_them(calls in calls(), offsets in prop::collection::vec(-900..900_i64, 3)) {
        let mut b = Builder::new();
        let hosts: Vec<_> = (0..4).map(|host| b.resource(&[("host.id", &format!("host-{host}"))])).collect();
        for (host, start, length, inside) in calls {
            let inside = inside.min(length - 2);
            let own = start + 1 + offsets[host - 1];
            let client = b.span(hosts[0], 0, "call", start, Some(start + length), |draft| draft.kind = SpanKind::Client);
            b.span(hosts[host], client, "serve", own, Some(own + inside), |draft| draft.kind = SpanKind::Server);
        }
        check(&b.finish())?;
    }
}

#[test]
fn a_picture_at_once_costs_no_more_bars() {
    let mut b = Builder::new();
    let hosts = [b.resource(&[("host.id", "one")]), b.resource(&[("host.id", "two")])];
    for number in 0..20_000 {
        let (start, own) = (number * 10, number * 10 + 402 + number / 1_000);
        let client = b.span(hosts[0], 0, "call", start, Some(start + 6), |draft| draft.kind = SpanKind::Client);
        b.span(hosts[1], client, "serve", own, Some(own + 2), |draft| draft.kind = SpanKind::Server);
    }
    let store = b.finish();
    let domains = domains::assign(&store);
    let [_, early, own] = to_frame(&store, &domains);
    for zoom in [1.0, 20.0, 1_000.0] {
        let edit = |view: &mut ViewState| view.zoom_about(at(60_000), zoom);
        let (then, now) = (scene(&store, &domains, &early, edit), scene(&store, &domains, &own, edit));
        let (then, now) = (then.bars.len(), now.bars.len());
        assert!(now > 0 && then <= now * 3 + 8 && then + 8 >= now / 2, "zoom {zoom}: {then} bars, {now} with own rows");
    }
}
