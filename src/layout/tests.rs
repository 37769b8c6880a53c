//! The rules of a layout, on small stores made at random and by hand.

use super::*;
use crate::analysis::clocks::domains::Domain;
use crate::model::{DomainIx, Input, Part, Resource, Scope, SpanDraft, SpanId, StoreBuilder, Sym, TraceId};
use proptest::prelude::*;

/// (id, parent, start, end, resource); ids count from 1.
type Row = (u64, u64, i64, i64, u8);

pub(crate) fn store_of(rows: &[Row]) -> TraceStore {
    let mut builder = StoreBuilder::new();
    let input = builder.add_input(Input { name: "test".into(), ..Input::default() });
    let mut part = Part::new();
    let scope = part.scope(Scope::default());
    for &(id, parent, start_ns, end_ns, lane) in rows {
        let resource =
            part.resource(Resource { input, attrs: Vec::new(), schema_url: Sym::EMPTY, dropped: lane.into() });
        let draft = SpanDraft {
            trace: TraceId::from_u128(1),
            id: SpanId::from_u64(id),
            parent: SpanId::from_u64(parent),
            start_ns,
            end_ns,
            ..SpanDraft::default()
        };
        part.push(&draft, resource, scope);
    }
    builder.absorb(part, input);
    builder.finish()
}

/// One domain per resource.
pub(crate) fn domains_of(store: &TraceStore) -> Domains {
    let of_span = store.span_ixs().map(|ix| DomainIx(store.span(ix).resource_ix().0)).collect();
    Domains { list: vec![Domain::default(); store.resources().len()], of_span }
}

pub(crate) fn layout_of(store: &TraceStore) -> Layout {
    Layout::build(store, &Grouping::by_clock(&domains_of(store)), &RawTime)
}

/// Every rule that holds for all layouts.
fn check(store: &TraceStore, layout: &Layout) {
    let (mut spans, mut ghosts) = (0, 0);
    for row in 0..layout.row_count() {
        let mut taken: Vec<(i64, i64)> = Vec::new();
        for items in [layout.span_rows(), layout.ghost_rows()] {
            let slots = items.slots(row);
            let extents: Vec<_> = slots.map(|slot| (items.starts_ns()[slot], items.ends_ns()[slot])).collect();
            assert!(extents.is_sorted(), "row {row} is not sorted by start");
            taken.extend(extents);
        }
        taken.sort_unstable();
        assert!(taken.iter().all(|(start, end)| start < end), "row {row} has an empty extent");
        assert!(taken.array_windows().all(|[a, b]| a.1 <= b.0), "row {row} overlaps: {taken:?}");
        spans += layout.span_rows().slots(row).len();
        ghosts += layout.ghost_rows().slots(row).len();
        assert!(!taken.is_empty(), "row {row} is empty");
    }
    assert_eq!((spans, ghosts), (store.len(), store.ghosts().len()));
    for ix in store.span_ixs() {
        let span = store.span(ix);
        let lane = layout.lane_of(ix);
        assert_eq!(lane.0, span.resource_ix().0, "a span left its lane");
        let rows = &layout.lanes()[lane.at()].rows;
        assert!(rows.contains(&layout.row_of(ix).0));
        assert!(layout.spans_of_row(layout.row_of(ix)).any(|other| other == ix));
        if let Some(parent) = span.parent()
            && layout.lane_of(parent) == lane
        {
            assert!(layout.row_of(parent) < layout.row_of(ix), "a child is not below its parent");
        }
        let (start, end) = span.drawn_ns();
        let (drawn_start, drawn_end) = layout.extent_ns(ix);
        if start != 0 {
            assert!(drawn_start <= start && end <= drawn_end, "the extent cuts the stated times");
        }
        if span.start_ns() != 0 && span.end_ns() != 0 {
            assert_eq!((drawn_start, drawn_end), (start, end.max(start + 1)), "complete times are drawn as stated");
        }
    }
}

fn rows_strategy() -> impl Strategy<Value = Vec<Row>> {
    let times = prop_oneof![Just(0_i64), 1..60_i64, 1000..1020_i64];
    prop::collection::vec((0..40_u64, times.clone(), times, 0..3_u8), 1..40).prop_map(|rows| {
        rows.into_iter().zip(1..).map(|((parent, start, end, lane), id)| (id, parent, start, end, lane)).collect()
    })
}

proptest! {
    #[test]
    fn i5_rows_are_disjoint_and_sorted(rows in rows_strategy()) {
        let store = store_of(&rows);
        check(&store, &layout_of(&store));
    }
}

proptest! {
    #[test]
    fn a_map_moves_whole_clocks_and_keeps_the_rules(rows in rows_strategy(), offsets in prop::array::uniform3(0..500_i64)) {
        let store = store_of(&rows);
        let domains = domains_of(&store);
        let map = |span: SpanIx, ns: i64| ns + offsets[store.span(span).resource_ix().at() % 3];
        let (raw, mapped) = (layout_of(&store), Layout::build(&store, &Grouping::by_clock(&domains), &map));
        for ix in store.span_ixs().filter(|&ix| store.span(ix).start_ns() != 0 && store.span(ix).end_ns() != 0) {
            let offset = offsets[store.span(ix).resource_ix().at() % 3];
            let (start, end) = raw.extent_ns(ix);
            prop_assert_eq!(mapped.extent_ns(ix), (start + offset, end + offset));
        }
    }

    #[test]
    fn neighbours_agree_with_a_sorted_list(rows in rows_strategy(), time in 0..1100_i64) {
        let store = store_of(&rows);
        let layout = layout_of(&store);
        for lane in layout.lanes() {
            let mut all: Vec<_> = lane
                .rows
                .clone()
                .flat_map(|row| layout.spans_of_row(RowIx(row)).map(move |span| (row, span)))
                .map(|(row, span)| (layout.extent_ns(span).0, row, span))
                .collect();
            all.sort_unstable();
            for pair in all.array_windows::<2>() {
                prop_assert_eq!(layout.in_lane(pair[0].2, Step::Forward), Some(pair[1].2));
                prop_assert_eq!(layout.in_lane(pair[1].2, Step::Back), Some(pair[0].2));
            }
            prop_assert_eq!(all.last().and_then(|last| layout.in_lane(last.2, Step::Forward)), None);
        }
        for row in 0..layout.row_count() {
            let spans: Vec<_> = layout.spans_of_row(RowIx(row as u32)).collect();
            for pair in spans.array_windows::<2>() {
                prop_assert_eq!(layout.in_row(pair[0], Step::Forward), Some(pair[1]));
                prop_assert_eq!(layout.in_row(pair[1], Step::Back), Some(pair[0]));
            }
            let distance = |span: SpanIx| {
                let (start, end) = layout.extent_ns(span);
                ((start - time).max(time - (end - 1)).max(0), start)
            };
            let nearest = layout.spans_of_row(RowIx(row as u32)).min_by_key(|&span| distance(span));
            prop_assert_eq!(layout.nearest_in_row(RowIx(row as u32), time), nearest);
        }
    }
}

#[test]
fn a_ladder_of_ten_thousand_takes_a_row_each() {
    let rows: Vec<Row> = (1..=10_000).map(|id| (id, id - 1, 100 + id as i64, 30_000 - id as i64, 0)).collect();
    let layout = layout_of(&store_of(&rows));
    assert_eq!(layout.row_count(), 10_000);
    assert_eq!(layout.row_of(SpanIx(9_999)), RowIx(9_999));
}

#[test]
fn ten_thousand_concurrent_children_get_a_row_each_and_their_rows_are_used_again() {
    let wave = |first: u64, start: i64| (first..first + 10_000).map(move |id| (id, 1, start, start + 50, 0));
    let rows: Vec<Row> = std::iter::once((1, 0, 1, 500, 0)).chain(wave(2, 10)).chain(wave(10_002, 60)).collect();
    let store = store_of(&rows);
    let layout = layout_of(&store);
    check(&store, &layout);
    assert_eq!(layout.row_count(), 10_001);
}

#[test]
fn trees_that_do_not_meet_share_rows_and_instants_never_coincide() {
    let apart = [(1, 0, 10, 20, 0), (2, 1, 12, 18, 0), (3, 0, 20, 30, 0), (4, 3, 21, 22, 0), (5, 3, 22, 29, 0)];
    assert_eq!(layout_of(&store_of(&apart)).row_count(), 2);
    let instants = [(1, 0, 10, 10, 0), (2, 0, 10, 10, 0), (3, 0, 11, 11, 0)];
    let store = store_of(&instants);
    let layout = layout_of(&store);
    check(&store, &layout);
    assert_eq!(layout.row_count(), 2, "an instant takes 1 ns");
}

#[test]
fn open_spans_reach_as_far_as_their_children_and_ghosts_span_theirs() {
    let rows =
        [(1, 0, 10, 0, 0), (2, 1, 12, 40, 0), (3, 9, 50, 60, 0), (4, 9, 55, 80, 0), (5, 9, 70, 75, 1), (6, 1, 0, 0, 0)];
    let store = store_of(&rows);
    let layout = layout_of(&store);
    check(&store, &layout);
    assert_eq!(layout.extent_ns(SpanIx(0)), (10, 40));
    assert_eq!(layout.extent_ns(SpanIx(5)), (10, 11), "without any time: at its parent's start");
    let ghosts: Vec<_> = layout.ghost_bars().collect();
    assert_eq!(ghosts.len(), 1);
    assert_eq!((ghosts[0].start_ns, ghosts[0].end_ns), (50, 80), "children in other lanes do not count");
    assert_eq!(layout.lane_of_row(ghosts[0].row), LaneIx(0));
    assert!(ghosts[0].row < layout.row_of(SpanIx(2)));
    assert_eq!(layout.row_of_ghost(0), ghosts[0].row);
    assert_eq!(layout.hull_ns(), &(10..80));
}

#[test]
fn times_near_the_ends_of_the_axis_survive() {
    let rows =
        [(1, 0, i64::MAX, i64::MAX, 0), (2, 1, i64::MIN, i64::MAX, 0), (3, 1, i64::MIN, i64::MIN, 0), (4, 0, -5, 7, 0)];
    let store = store_of(&rows);
    let layout = layout_of(&store);
    assert_eq!(layout.span_rows().len(), 4);
    for row in 0..layout.row_count() {
        let slots = layout.span_rows().slots(row);
        let (starts, ends) = (&layout.span_rows().starts_ns()[slots.clone()], &layout.span_rows().ends_ns()[slots]);
        assert!(starts.iter().zip(ends).all(|(start, end)| start < end));
    }
}
