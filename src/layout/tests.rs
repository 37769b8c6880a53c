//! The rules of a layout, on small stores made at random and by hand.

use super::*;
use crate::analysis::clocks::domains::Domain;
use crate::model::{Input, Part, Resource, Scope, SpanDraft, SpanId, StoreBuilder, Sym, TraceId};
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
    Layout::build(store, &domains_of(store), &RawTime)
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
        let (drawn_start, drawn_end) = layout.extent_ns(store, &RawTime, ix);
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
