//! Level of detail against brute force on small random rows, and counts on bigger ones.

use super::*;
use crate::analysis::clocks::domains::{Domain, Domains};
use crate::analysis::search::{CancelFlag, SpanSet};
use crate::layout::{Grouping, RawTime};
use crate::model::{DomainIx, Input, Part, Resource, Scope, SpanDraft, SpanId, Status, StoreBuilder, Sym, TraceId};
use proptest::prelude::*;

/// Spans without parents, as (start, length, failed).
fn store_of(spans: &[(i64, i64, bool)]) -> TraceStore {
    let mut builder = StoreBuilder::new();
    let input = builder.add_input(Input::default());
    let mut part = Part::new();
    let resource = part.resource(Resource { input, attrs: Vec::new(), schema_url: Sym::EMPTY, dropped: 0 });
    let scope = part.scope(Scope::default());
    for (&(start_ns, length, failed), id) in spans.iter().zip(1..) {
        let draft = SpanDraft {
            trace: TraceId::from_u128(1),
            id: SpanId::from_u64(id),
            start_ns,
            end_ns: start_ns + length,
            status: if failed { Status::Error } else { Status::Ok },
            ..SpanDraft::default()
        };
        part.push(&draft, resource, scope);
    }
    builder.absorb(part, input);
    builder.finish()
}

fn indexed(spans: &[(i64, i64, bool)]) -> (Layout, Index) {
    let store = store_of(spans);
    let domains = Domains { list: vec![Domain::default()], of_span: vec![DomainIx(0); store.len()] };
    let layout = Layout::build(&store, &Grouping::by_clock(&domains), &RawTime);
    let index = Index::build(&store, &layout);
    (layout, index)
}

/// One span of a row: start, end, span, flags.
type Item = (i64, i64, SpanIx, SpanFlags);

fn row_items(layout: &Layout, store: &TraceStore, row: usize) -> Vec<Item> {
    layout
        .spans_of_row(RowIx(row as u32))
        .map(|span| {
            let (start, end) = layout.extent_ns(span);
            (start, end, span, store.span(span).flags())
        })
        .collect()
}

/// The definition, in the simplest words: look at every span of the row.
fn naive_query(items: &[Item], first_slot: usize, from: i64, to: i64, bucket: i64) -> Vec<Bar> {
    let mut bars: Vec<(i64, bool, Bar)> = Vec::new();
    for (slot, &(start_ns, end_ns, span, flags)) in (first_slot..).zip(items) {
        let (home, wide) = (start_ns.div_euclid(bucket), end_ns - start_ns >= 2 * bucket);
        let shares = bars.last().is_some_and(|&(last_home, last_wide, _)| last_home == home && !last_wide && !wide);
        match bars.last_mut().filter(|_| shares) {
            Some((.., bar)) => {
                let extent = |span: SpanIx| items.iter().find(|item| item.2 == span).map(|item| item.1 - item.0);
                bar.span = if Some(end_ns - start_ns) > extent(bar.span) { span } else { bar.span };
                bar.end_ns = end_ns;
                bar.count += 1;
                bar.flags = bar.flags.with(flags);
            }
            None => bars.push((home, wide, Bar { start_ns, end_ns, span, slot: slot as u32, count: 1, flags })),
        }
    }
    bars.into_iter().map(|(.., bar)| bar).filter(|bar| bar.end_ns > from && bar.start_ns < to).collect()
}

fn spans_strategy() -> impl Strategy<Value = Vec<(i64, i64, bool)>> {
    // Dense enough that leaves of the forest fill and one row holds many spans.
    let span = (1..2000_i64, prop_oneof![Just(0_i64), 0..4_i64, 0..300_i64], prop::bool::weighted(0.1));
    prop::collection::vec(span, 1..200)
}

proptest! {
    #[test]
    fn queries_agree_with_looking_at_every_span(
        spans in spans_strategy(), from in -50..2100_i64, length in 1..2200_i64, bucket in 1..400_i64,
    ) {
        let store = store_of(&spans);
        let (layout, index) = indexed(&spans);
        for row in 0..layout.row_count() {
            let mut bars = Vec::new();
            index.query(RowIx(row as u32), from, from + length, bucket, &mut bars);
            let (items, first) = (row_items(&layout, &store, row), layout.span_rows().slots(row).start);
            prop_assert_eq!(&bars, &naive_query(&items, first, from, from + length, bucket));
            let touched = (from + length - 1).div_euclid(bucket) - from.div_euclid(bucket) + 1;
            prop_assert!(bars.len() as i64 <= touched + 2, "{} bars in {} buckets", bars.len(), touched);
        }
    }

    #[test]
    fn runs_made_in_advance_agree_with_looking_at_every_span(
        gaps in prop::collection::vec((1..40_i64, prop_oneof![9 => 1..3_i64, 1 => 1..900_i64], any::<bool>()), 150..700),
        from in -100..9000_i64, length in 1..9000_i64, shift in 0..14_u32, offset in -50..50_i64,
    ) {
        // All in one row, so that it is busy enough for levels to be kept.
        let mut start = offset * 1000 + 1;
        let mut spans = Vec::new();
        for (gap, length, failed) in gaps {
            spans.push((start, length, failed));
            start += length + gap / 20 * gap;
        }
        // A time of exactly 0 means "not stated": such a span is drawn elsewhere.
        prop_assume!(spans.iter().all(|&(start, length, _)| start != 0 && start + length != 0));
        let store = store_of(&spans);
        let (layout, index) = indexed(&spans);
        prop_assert_eq!(layout.row_count(), 1);
        let from = spans[0].0 + from;
        let mut bars = Vec::new();
        index.query(RowIx(0), from, from + length, 1 << shift, &mut bars);
        prop_assert_eq!(bars, naive_query(&row_items(&layout, &store, 0), 0, from, from + length, 1 << shift));
    }

    #[test]
    fn every_span_of_the_range_is_behind_exactly_one_bar(spans in spans_strategy(), bucket in 1..5000_i64) {
        let store = store_of(&spans);
        let (layout, index) = indexed(&spans);
        let mut bars = Vec::new();
        for row in 0..layout.row_count() {
            index.query(RowIx(row as u32), i64::MIN, i64::MAX, bucket, &mut bars);
        }
        prop_assert_eq!(bars.iter().map(|bar| bar.count as usize).sum::<usize>(), spans.len());
        let failed = bars.iter().any(|bar| bar.flags.has(SpanFlags::ERROR));
        prop_assert_eq!(failed, store.flags().iter().any(|flags| flags.has(SpanFlags::ERROR)));
    }

    #[test]
    fn marks_are_counted_behind_every_bar_at_every_zoom(
        spans in spans_strategy(), marked in prop::collection::vec(prop::bool::weighted(0.1), 200),
        shift in 0..13_u32, odd_bucket in 1..5000_i64, buckets in 1..3000_usize,
    ) {
        let store = store_of(&spans);
        let (layout, index) = indexed(&spans);
        let set = SpanSet::from_fn(store.len(), &CancelFlag::new(), |at| marked[at]).unwrap();
        let marks = Marks::build(&layout, &set, &CancelFlag::new()).unwrap();
        prop_assert_eq!(marks.all() as usize, set.count());
        prop_assert_eq!(marks.in_lane(LaneIx(0)) as usize, set.count());
        for bucket in [1 << shift, odd_bucket] {
            for row in 0..layout.row_count() {
                let mut bars = Vec::new();
                index.query(RowIx(row as u32), i64::MIN, i64::MAX, bucket, &mut bars);
                for bar in &bars {
                    // Every span that starts within the bar is behind it: spans of a row are disjoint.
                    let behind = layout.spans_of_row(RowIx(row as u32)).filter(|&span| {
                        (bar.start_ns..bar.end_ns).contains(&layout.extent_ns(span).0) && set.has(span)
                    });
                    prop_assert_eq!(marks.in_bar(bar) as usize, behind.count());
                }
            }
        }
        let hull = layout.hull_ns().clone();
        let strip = marks.overview(hull.start, hull.end, buckets);
        for span in set.iter() {
            let (start, _) = layout.extent_ns(span);
            let at = (start - hull.start) as i128 * buckets as i128 / (hull.end - hull.start) as i128;
            // Ends of buckets are rounded down to nanoseconds: it may be the next one.
            let near = &strip[at as usize..strip.len().min(at as usize + 2)];
            prop_assert!(near.iter().any(|load| load.spans > 0), "a mark at {} is not on the strip", start);
        }
        prop_assert!(!set.is_empty() || strip.iter().all(|load| load.spans == 0));
    }

    #[test]
    fn the_highest_tag_is_found_behind_every_bar_and_in_every_stretch(
        spans in spans_strategy(), tagged in prop::collection::vec((0..200_usize, 0..4_u8), 0..20),
        shift in 0..13_u32, from in -10..2400_i64, length in 0..500_i64,
    ) {
        let (layout, index) = indexed(&spans);
        let tagged: Vec<(SpanIx, Tag)> = (1..).zip(tagged)
            .filter(|(_, (at, _))| *at < spans.len())
            .map(|(id, (at, level))| (SpanIx::from_usize(at), Tag { level, id }))
            .collect();
        let tags = Tags::build(&layout, |_| true, tagged.iter().copied());
        let hidden = Tags::build(&layout, |_| false, tagged.iter().copied());
        // Of equally high ones: behind a bar that of the first span, in a stretch that of the first start.
        let level = |found: Option<Tag>| found.map(|tag| tag.level);
        for row in 0..layout.row_count() {
            let mut bars = Vec::new();
            index.query(RowIx(row as u32), i64::MIN, i64::MAX, 1 << shift, &mut bars);
            for bar in &bars {
                let is_behind = |span: SpanIx| {
                    layout.row_of(span) == RowIx(row as u32)
                        && (bar.start_ns..bar.end_ns).contains(&layout.extent_ns(span).0)
                };
                let highest = tagged.iter().filter(|(span, _)| is_behind(*span)).map(|(_, tag)| tag.level).max();
                prop_assert_eq!(level(tags.in_slots(bar.slot..bar.slot + bar.count)), highest);
            }
        }
        let starts = |span: SpanIx| (from..from + length).contains(&layout.extent_ns(span).0);
        let highest = tagged.iter().filter(|(span, _)| starts(*span)).map(|(_, tag)| tag.level).max();
        prop_assert_eq!(level(tags.in_lane(LaneIx(0), from, from + length)), highest);
        prop_assert_eq!(level(tags.in_part(0, from, from + length)), highest);
        prop_assert_eq!(tags.in_lane(LaneIx(1), from, from + length), None);
        let all: Vec<Tag> = tags.in_time(from, from + length).collect();
        prop_assert_eq!(level(all.first().copied()), highest);
        prop_assert_eq!(all.len(), tagged.iter().filter(|(span, _)| starts(*span)).count());
        prop_assert!(all.is_sorted_by_key(|tag| std::cmp::Reverse(tag.level)));
        prop_assert!(hidden.in_time(i64::MIN, i64::MAX).next().is_none(), "lanes that are not shown do not count");
    }

    #[test]
    fn hits_agree_with_looking_at_every_span(
        spans in spans_strategy(), time in -10..2400_i64, tolerance in 0..50_i64,
    ) {
        let store = store_of(&spans);
        let (layout, index) = indexed(&spans);
        for row in 0..layout.row_count() {
            let nearest = row_items(&layout, &store, row)
                .into_iter()
                .map(|(start, end, span, _)| ((start - time).max(time - (end - 1)).max(0), start, span))
                .min()
                .filter(|(distance, ..)| *distance <= tolerance);
            prop_assert_eq!(index.hit(RowIx(row as u32), time, tolerance), nearest.map(|(.., span)| span));
        }
    }

    #[test]
    fn the_overview_loses_no_time_and_no_failure(spans in spans_strategy(), buckets in 1..3000_usize) {
        let (layout, index) = indexed(&spans);
        let hull = layout.hull_ns().clone();
        let kept = (hull.end - hull.start).max(1) as u64;
        // One kept bucket per nanosecond or more: exact.
        if kept <= 2048 {
            let exact = index.overview(hull.start, hull.end, kept as usize);
            let busy: i64 = exact.iter().map(|density| density.busy_ns).sum();
            let drawn: i64 = spans.iter().map(|span| span.1.max(1)).sum();
            prop_assert_eq!(busy, drawn);
        }
        let coarse = index.overview(hull.start, hull.end, buckets);
        prop_assert_eq!(coarse.len(), buckets);
        if spans.iter().any(|span| span.2) {
            prop_assert!(coarse.iter().any(|density| density.errors > 0));
        }
        prop_assert_eq!(&coarse, &index.lane_overview(LaneIx(0), hull.start, hull.end, buckets));
    }
}

#[test]
fn bars_follow_pixels_at_every_zoom() {
    // 200,000 spans in one row, of very different lengths.
    let mut start = 1_700_000_000_000_000_000_i64;
    let mut spans = Vec::new();
    let mut random = 12345_u64;
    for _ in 0..200_000 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let length = 1 + (random >> 40) as i64 % 1000 * i64::from(random >> 61 == 0) * 100;
        spans.push((start, length, random >> 50 == 7));
        start += length + (random >> 33) as i64 % 700;
    }
    let (layout, index) = indexed(&spans);
    assert_eq!(layout.row_count(), 1);
    let hull = layout.hull_ns().clone();
    let failed = spans.iter().filter(|span| span.2).count();
    assert!(failed > 0);
    let mut bars = Vec::new();
    for shift in 0..34 {
        let (bucket, width) = (1_i64 << shift, 1300_i64 << shift);
        for from in [hull.start - width / 2, hull.start + 12_345_678, hull.end - width] {
            bars.clear();
            index.query(RowIx(0), from, from + width, bucket, &mut bars);
            assert!(bars.len() <= 1300 + 1 + 2, "{} bars at bucket {bucket}", bars.len());
        }
    }
    let kept = (0..62).filter(|&shift| index.spans.mips.runs(0, shift).is_some()).count();
    assert!(kept > 5, "a busy row keeps levels, this one {kept}");
    bars.clear();
    index.query(RowIx(0), hull.start, hull.end, i64::MAX / 4, &mut bars);
    assert_eq!((bars.len(), bars[0].count), (1, 200_000));
    assert!(bars[0].flags.has(SpanFlags::ERROR), "one failure among 200,000 stays visible");
}

#[test]
fn other_flags_can_be_indexed_and_odd_arguments_do_no_harm() {
    let spans = [(10, 5, false), (20, 5, false)];
    let (layout, index) = indexed(&spans);
    let hit = Index::build_flagged(&layout, &[SpanFlags::default(), SpanFlags(1 << 15)]);
    let mut bars = Vec::new();
    hit.query(RowIx(0), 0, 100, 1000, &mut bars);
    assert!(bars[0].flags.has(SpanFlags(1 << 15)));
    bars.clear();
    index.query(RowIx(7), 0, 100, 10, &mut bars);
    index.query(RowIx(0), 100, 0, 10, &mut bars);
    assert!(bars.is_empty());
    index.query(RowIx(0), i64::MIN, i64::MAX, 0, &mut bars);
    assert_eq!(bars.len(), 2);
    assert_eq!(index.hit(RowIx(9), 0, i64::MAX), None);
    assert!(index.overview(5, 5, 10).iter().all(|density| density.spans == 0));
    let empty = Index::build(&TraceStore::default(), &Layout::default());
    assert!(empty.overview(0, 10, 3).iter().all(|density| density.spans == 0));
}
