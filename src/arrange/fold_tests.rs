//! Folding: nothing is lost, nothing is counted twice, and it can be taken back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

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

/// Where every span is.
fn places(arranged: &Arranged) -> [Vec<(u32, u32, i64, i64)>; 2] {
    let of = |items: &crate::layout::RowItems| {
        let one = |slot: usize| {
            (items.row_of(slot as u32), items.items()[slot], items.starts_ns()[slot], items.ends_ns()[slot])
        };
        (0..items.len()).map(one).collect()
    };
    [of(arranged.layout.span_rows()), of(arranged.layout.ghost_rows())]
}

proptest! {
    #[test]
    fn times_of_the_arrangement_before_are_those_that_the_clocks_give(
        rows in rows(), wish in wishes(), by in folds(), across in any::<bool>(), open in prop::collection::vec(any::<bool>(), 40)
    ) {
        // A length that takes the end back to zero is an end that nobody stated.
        let mut rows = rows;
        for (row, _) in rows.iter_mut().zip(open).filter(|(_, open)| *open) {
            row.2 = -row.1;
        }
        let store = store_of(&rows);
        let domains = domains::assign(&store);
        let before = Plan { clock: ClockChoice::Frame, ..plan_of(&store, &wish) };
        let known = before.known(&store, &domains, None);
        let first = arrange(&store, &domains, Some(Arc::clone(&known)), &before);
        let fold = Folding { by: Some(by), across, ..Folding::default() };
        // Other folds of subtrees, too: what was hidden has no times of its own to go by.
        let plan = Plan { fold, folds: BTreeSet::new(), ..before };
        let anew = arrange(&store, &domains, Some(Arc::clone(&known)), &plan);
        let reused = arrange_folded(&store, &domains, Some(known), (None, Some(&first)), &plan);
        prop_assert_eq!(places(&anew), places(&reused));
        prop_assert_eq!(anew.hull_ns, reused.hull_ns);
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

/// A random step of a conversation: (operation, agent, conversation, service, parent, start and length in
/// milliseconds, failed, turn number). 0 = nothing is stated.
type Step = (usize, u8, u8, u8, u64, u16, u16, bool, u8);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step =
        (0..6_usize, 0..3_u8, 0..3_u8, 1..3_u8, 0..24_u64, 0..400_u16, 1..200_u16, prop::bool::weighted(0.3), 0..3_u8);
    prop::collection::vec(step, 1..24)
}

fn conversation_of(steps: &[Step]) -> TraceStore {
    use crate::analysis::genai::tests::fixture::{Span, store};
    const OPERATIONS: [&str; 6] = ["", "chat", "execute_tool", "invoke_agent", "retrieval", "embeddings"];
    let span = |(id, &(operation, agent, conversation, service, parent, start, length, error, turn)): (u64, &Step)| {
        let mut attributes = serde_json::Map::new();
        let mut set = |key: &str, value: String| attributes.insert(key.to_owned(), value.into());
        if operation > 0 {
            set("gen_ai.operation.name", OPERATIONS[operation].to_owned());
        }
        for (key, value) in
            [("gen_ai.agent.name", agent), ("gen_ai.conversation.id", conversation), ("turn.number", turn)]
        {
            if value > 0 {
                set(key, format!("{value}"));
            }
        }
        Span {
            name: OPERATIONS[operation].to_owned(),
            id,
            // Only what came before can be a parent: half of them have none.
            parent: if parent < id { parent } else { 0 },
            trace: u128::from(conversation) + 1,
            ms: [f64::from(start), f64::from(start) + f64::from(length)],
            kind: if operation == 1 { "client" } else { "internal" }.to_owned(),
            service: format!("service {service}"),
            error,
            attributes,
            ..Span::default()
        }
    };
    store(&(1..).zip(steps).map(span).collect::<Vec<_>>())
}

/// What a span has in common with others of its group, looked up one span at a time.
fn common(store: &TraceStore, genai: &GenAi, span: SpanIx, by: &FoldBy) -> String {
    match by {
        FoldBy::Agent => format!("{:?}", genai.agent_of(span)),
        FoldBy::Phase => format!("{:?}", genai.phase_of(span)),
        FoldBy::Turn => format!("{:?}", genai.turn_of(span)),
        FoldBy::Retry => format!("{:?}", genai.retry_of(span)),
        FoldBy::Service => value_of(store, span, by),
        FoldBy::Attr(key) => {
            let own = store.find_text(store.span(span).attr_ids(), key).map(str::to_owned);
            own.unwrap_or_else(|| value_of(store, span, by))
        }
    }
}

/// Everything that a fold by any key must keep, within lanes and across them.
fn conserves(name: &str, store: &TraceStore) {
    let (domains, genai) = (domains::assign(store), GenAi::analyse(store));
    let arranged_after = |fold: Folding, before| {
        let plan = Plan { fold, ..Plan::default() };
        arrange_folded(store, &domains, None, (Some(&genai), before), &plan)
    };
    let arranged = |fold: Folding| arranged_after(fold, None);
    let open = arranged(Folding::default());
    let extent = |span: SpanIx| open.layout.extent_ns(span);
    let attr = |key: &str| FoldBy::Attr(key.to_owned());
    let fixed = [FoldBy::Agent, FoldBy::Phase, FoldBy::Turn, FoldBy::Retry, FoldBy::Service];
    let keys = fixed.into_iter().chain([attr("gen_ai.agent.name"), attr("service.name"), attr("no.such.key")]);
    for (by, across) in keys.flat_map(|by| [(by.clone(), false), (by, true)]) {
        let what = format!("{name} by {by}, across {across}");
        let folded = arranged(Folding { by: Some(by.clone()), across, ..Folding::default() });
        check(store, &folded);
        let after = arranged_after(folded.plan.fold.clone(), Some(&open));
        assert!(Arc::ptr_eq(&after.course, &open.course), "{what}: nothing moves in time");
        assert_eq!(after.course, folded.course, "{what}");
        assert_eq!(after.sections, folded.sections, "{what}");
        let sections = &folded.sections;
        let section_of = |span: SpanIx| folded.layout.part_of_row(folded.layout.row_of(span)).at();
        let mut of_section: Vec<Vec<SpanIx>> = vec![Vec::new(); sections.len()];
        let mut groups: BTreeMap<(usize, String), BTreeSet<usize>> = BTreeMap::new();
        for span in store.span_ixs() {
            of_section[section_of(span)].push(span);
            assert_eq!(folded.layout.extent_ns(span), extent(span), "{what}: a fold moves nothing in time");
            let lane = folded.layout.lane_of(span).at();
            groups.entry((lane, common(store, &genai, span, &by))).or_default().insert(section_of(span));
        }
        assert!(groups.values().all(|sections| sections.len() == 1), "{what}: what belongs together is together");
        let filled = of_section.iter().filter(|spans| !spans.is_empty()).count();
        assert_eq!(groups.len(), filled, "{what}: what does not belong together is apart");
        for (section, spans) in sections.iter().zip(&of_section) {
            let failed = spans.iter().filter(|span| store.flags()[span.at()].has(SpanFlags::ERROR)).count();
            let extents: Vec<_> = spans.iter().map(|span| extent(*span)).collect();
            let sum: i64 = extents.iter().map(|(start, end)| end - start).sum();
            let hull = extents.iter().map(|it| it.0).min().zip(extents.iter().map(|it| it.1).max());
            let wall = hull.map_or(0, |(first, last)| last - first);
            assert_eq!((section.spans, section.errors), (spans.len() as u64, failed as u64), "{what}");
            assert_eq!((section.sum_ns, section.wall_ns), (sum, wall), "{what}");
            assert_eq!(section.busy_ns, union_ns(extents), "{what}");
        }
        // Groups may work at the same time, and together they work whenever their lane does.
        for lane in 0..folded.lanes.len() {
            let of_lane = |arranged: &Arranged, lane: Option<usize>| {
                let is_in = |span: &SpanIx| lane.is_none_or(|lane| arranged.layout.lane_of(*span).at() == lane);
                union_ns(store.span_ixs().filter(is_in).map(extent).collect())
            };
            let busy = of_lane(&folded, Some(lane));
            assert_eq!(busy, of_lane(&open, (!across).then_some(lane)), "{what}: as busy as before");
            let parts = sections.iter().filter(|section| section.lane.at() == lane).map(|section| section.busy_ns);
            let (longest, sum) = parts.fold((0, 0), |(longest, sum), busy| (busy.max(longest), sum + busy));
            assert!(longest <= busy && busy <= sum, "{what}: {longest} {busy} {sum}");
        }
        // And back, from this fold: the same lanes, the same rows.
        let again = arrange_folded(
            store,
            &domains,
            None,
            (Some(&genai), None),
            &Plan { fold: Folding::default(), ..folded.plan },
        );
        assert!(again.sections.is_empty() && again.lanes == open.lanes, "{what}");
        for span in store.span_ixs() {
            assert_eq!(again.layout.row_of(span), open.layout.row_of(span), "{what}");
            assert_eq!(again.layout.extent_ns(span), extent(span), "{what}");
        }
    }
}

#[test]
fn folds_of_conversations_conserve_busy_time_and_spans_and_are_taken_back() {
    use crate::analysis::genai::tests::fixture;
    for (name, found) in fixture::all() {
        conserves(&name, &fixture::store(&found.spans));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn folds_of_any_conversation_conserve_and_are_taken_back(steps in steps()) {
        conserves("random", &conversation_of(&steps));
    }
}

/// How long any of `extents` lasts.
fn union_ns(mut extents: Vec<(i64, i64)>) -> i64 {
    extents.sort_unstable();
    let (mut busy, mut reached) = (0, i64::MIN);
    for (start, end) in extents {
        busy += (end - start.max(reached)).max(0);
        reached = reached.max(end);
    }
    busy
}

#[test]
fn a_strip_says_the_tokens_that_its_own_spans_state_and_no_others() {
    use crate::analysis::genai::tests::fixture::{Span, store};
    let span = |id: u64, parent: u64, name: &str, service: &str, attributes: serde_json::Value| Span {
        id,
        parent,
        trace: 1,
        name: name.to_owned(),
        service: service.to_owned(),
        ms: [id as f64, 100.0 - id as f64],
        kind: "client".to_owned(),
        attributes: attributes.as_object().cloned().unwrap_or_default(),
        ..Span::default()
    };
    let operation = |name: &str, tokens: [Option<u32>; 2]| {
        let mut all = serde_json::json!({ "gen_ai.operation.name": name });
        for (key, tokens) in ["input", "output"].into_iter().zip(tokens) {
            if let Some(tokens) = tokens {
                all[format!("gen_ai.usage.{key}_tokens")] = tokens.into();
            }
        }
        all
    };
    let tokens = |spans: &[Span], across: bool| {
        let store = store(spans);
        let fold = Folding { by: Some(FoldBy::Service), across, ..Folding::default() };
        let genai = GenAi::analyse(&store);
        let plan = Plan { fold, ..Plan::default() };
        let arranged = arrange_folded(&store, &domains::assign(&store), None, (Some(&genai), None), &plan);
        arranged.sections.iter().map(|it| (it.input_tokens, it.output_tokens)).collect::<Vec<_>>()
    };
    // An agent restates what its call took; the provider's own span states it again; an embedding has no output.
    let turn = [
        span(1, 0, "invoke_agent planner", "agents", operation("invoke_agent", [Some(1200), Some(80)])),
        span(2, 1, "chat m", "agents", operation("chat", [Some(1200), Some(80)])),
        span(3, 2, "messages.create", "provider", operation("chat", [Some(1200), Some(80)])),
    ];
    let once = (Some(1200), Some(80));
    assert_eq!(tokens(&turn, false), [once, once], "both strips say what their spans state, once");
    let embedding = [span(1, 0, "embeddings v", "agents", operation("embeddings", [Some(54), None]))];
    assert_eq!(tokens(&embedding, false), [(Some(54), None)], "no output is not an output of 0");
    let silent = [span(1, 0, "chat m", "agents", operation("chat", [None, None]))];
    assert_eq!(tokens(&silent, true), [(None, None)]);
}
