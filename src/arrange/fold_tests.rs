//! Folding: nothing is lost, nothing is counted twice, and it can be taken back.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::tests::{check, plan_of, rows, store_of, wishes};
use super::*;
use crate::analysis::clocks::domains;
use crate::layout::RowIx;
use crate::model::{SpanFlags, SpanIx, TraceStore};

fn folds() -> impl Strategy<Value = FoldBy> {
    let attr = |key: &str| FoldBy::Attr(key.to_owned());
    prop::sample::select(vec![
        FoldBy::Service,
        attr("service.name"),
        attr("process.pid"),
        attr("no.such.key"),
        // Not read yet: one group.
        FoldBy::Agent,
    ])
}

/// The value that puts a span into its group, looked up one span at a time.
fn value_of(store: &TraceStore, span: SpanIx, by: &FoldBy) -> String {
    let key = match by {
        FoldBy::Service => "service.name",
        FoldBy::Attr(key) => key,
        _ => return String::new(),
    };
    store.find_text(&store.span(span).resource().attrs, key).unwrap_or_default().to_owned()
}

proptest! {
    #[test]
    fn folding_loses_nothing_and_is_taken_back(
        rows in rows(), wish in wishes(), by in folds(), across in any::<bool>(), own in 0..100_usize
    ) {
        let store = store_of(&rows);
        let domains = domains::assign(&store);
        let plain = Plan { folds: BTreeSet::new(), ..plan_of(&store, &wish) };
        let open = arrange(&store, &domains, None, &plain);
        let mut plan = plain.clone();
        plan.fold = Folding { by: Some(by.clone()), across, ..Folding::default() };
        if !across {
            // One lane goes without.
            plan.fold.lanes.insert(open.lanes[own % open.lanes.len()].key.clone(), None);
        }
        let folded = arrange(&store, &domains, None, &plan);
        check(&store, &folded);
        prop_assert_eq!(folded.lanes.len() == 1, across || open.lanes.len() == 1);
        let sections = &folded.sections;
        if sections.is_empty() {
            // The only lane went without.
            prop_assert_eq!(open.lanes.len(), 1);
            return Ok(());
        }
        prop_assert_eq!(sections.iter().map(|section| section.spans).sum::<u64>(), rows.len() as u64);
        let whole: i64 = rows.iter().map(|row| row.2.max(1)).sum();
        prop_assert_eq!(sections.iter().map(|section| section.sum_ns).sum::<i64>(), whole);
        let keys: BTreeSet<_> = sections.iter().map(|section| &section.key).collect();
        prop_assert_eq!(keys.len(), sections.len(), "two groups share a key");
        for (at, section) in sections.iter().enumerate() {
            let mut busy = BTreeSet::new();
            let mut errors = 0;
            for span in store.span_ixs() {
                let row = folded.layout.row_of(span);
                if folded.layout.part_of_row(row).at() != at {
                    continue;
                }
                prop_assert!(section.rows.contains(&row.0));
                prop_assert_eq!(folded.layout.lane_of(span), section.lane);
                if let Some(group) = &section.group {
                    prop_assert_eq!(&group.value, &value_of(&store, span, &by));
                }
                let (start, length) = (rows[span.at()].1, rows[span.at()].2.max(1));
                busy.extend(start..start + length);
                errors += u64::from(store.flags()[span.at()].has(SpanFlags::ERROR));
            }
            prop_assert_eq!(section.busy_ns, busy.len() as i64);
            prop_assert_eq!(section.errors, errors);
            let wall = busy.last().zip(busy.first()).map_or(0, |(last, first)| last - first + 1);
            prop_assert_eq!(section.wall_ns, wall);
        }
        let again = arrange(&store, &domains, None, &Plan { fold: Folding::default(), ..plan });
        prop_assert!(again.sections.is_empty());
        prop_assert_eq!(&again.lanes, &open.lanes);
        for row in 0..open.layout.row_count().max(again.layout.row_count()) {
            let row = RowIx(row as u32);
            let spans = |arranged: &Arranged| arranged.layout.spans_of_row(row).collect::<Vec<_>>();
            prop_assert_eq!(spans(&open), spans(&again));
        }
    }
}

#[test]
fn many_values_share_a_group_that_says_so() {
    let rows: Vec<_> = (0..600_u64).map(|at| (0, 1 + at as i64, 1, false, 0, 1, (at % 250) as u8)).collect();
    let store = store_of(&rows);
    let fold = Folding { by: Some(FoldBy::Attr("process.pid".to_owned())), ..Folding::default() };
    let arranged = arrange(&store, &domains::assign(&store), None, &Plan { fold, ..Plan::default() });
    let sections = &arranged.sections;
    assert_eq!(sections.len(), 200);
    assert_eq!(sections.iter().map(|section| section.spans).sum::<u64>(), 600);
    let names: Vec<&str> = sections.iter().filter_map(|section| Some(section.group.as_ref()?.name.as_str())).collect();
    assert_eq!(names[198..], ["51 rarer values together", "no process.pid"]);
}

#[test]
fn folds_are_written_as_on_the_command_line() {
    for text in ["agent", "phase", "service", "turn", "retry", "attr:k8s.pod.name", "attr:a:b"] {
        let by: FoldBy = text.parse().unwrap();
        assert_eq!(by.to_string(), text);
        assert_eq!(serde_json::to_string(&by).unwrap(), format!("{text:?}"));
        assert_eq!(serde_json::from_str::<FoldBy>(&format!("{text:?}")).unwrap(), by);
    }
    for bad in ["", "attr:", "Agent", "attr"] {
        assert!(bad.parse::<FoldBy>().is_err(), "{bad}");
    }
}

#[test]
fn folds_of_conversations_conserve_busy_time_and_spans_and_are_taken_back() {
    use crate::analysis::genai::tests::fixture;
    for (name, found) in fixture::all() {
        let store = fixture::store(&found.spans);
        let (domains, genai) = (domains::assign(&store), GenAi::analyse(&store));
        let arranged = |fold: Folding| {
            let plan = Plan { fold, ..Plan::default() };
            arrange_folded(&store, &domains, None, (Some(&genai), None), &plan)
        };
        let open = arranged(Folding::default());
        for by in [FoldBy::Agent, FoldBy::Phase, FoldBy::Turn, FoldBy::Retry, FoldBy::Service] {
            let folded = arranged(Folding { by: Some(by.clone()), ..Folding::default() });
            check(&store, &folded);
            let spans: u64 = folded.sections.iter().map(|section| section.spans).sum();
            assert_eq!(spans, store.len() as u64, "{name} by {by}");
            let length = |span: SpanIx| open.layout.extent_ns(span).1 - open.layout.extent_ns(span).0;
            let whole: i64 = store.span_ixs().map(length).sum();
            assert_eq!(folded.sections.iter().map(|section| section.sum_ns).sum::<i64>(), whole, "{name} by {by}");
            for lane in 0..open.lanes.len() {
                assert_eq!(busy_ns(&folded, lane, &store), busy_ns(&open, lane, &store), "{name} by {by}");
                let parts: Vec<_> = folded.sections.iter().filter(|section| section.lane.at() == lane).collect();
                let of_parts: i64 = parts.iter().map(|section| section.busy_ns).sum();
                let longest = parts.iter().map(|section| section.busy_ns).max().unwrap_or(0);
                let of_lane = busy_ns(&open, lane, &store);
                // Groups may work at the same time, and together they work whenever the lane does.
                assert!(longest <= of_lane && of_lane <= of_parts, "{name} by {by}: {longest} {of_lane} {of_parts}");
            }
            let again = arranged(Folding::default());
            for span in store.span_ixs() {
                assert_eq!(again.layout.row_of(span), open.layout.row_of(span), "{name} by {by}");
            }
        }
    }
}

/// How long anything of a lane is at work, from the sorted ends of its spans.
fn busy_ns(arranged: &Arranged, lane: usize, store: &TraceStore) -> i64 {
    let of_lane = store.span_ixs().filter(|&span| arranged.layout.lane_of(span).at() == lane);
    let mut extents: Vec<(i64, i64)> = of_lane.map(|span| arranged.layout.extent_ns(span)).collect();
    extents.sort_unstable();
    let (mut busy, mut reached) = (0, i64::MIN);
    for (start, end) in extents {
        busy += (end - start.max(reached)).max(0);
        reached = reached.max(end);
    }
    busy
}
