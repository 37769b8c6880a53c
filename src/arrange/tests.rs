//! Arrangements of small stores, made at random and by hand.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::analysis::clocks::domains;
use crate::analysis::search::{CancelFlag, SpanSet};
use crate::layout::{LaneIx, RowIx};
use crate::lod::Marks;
use crate::model::{
    Attr, Input, InputIx, Part, Resource, Scope, SpanDraft, SpanFlags, SpanId, SpanIx, Status, StoreBuilder, Sym,
    TraceId, TraceStore, Value,
};

/// (parent, start, length, failed, host, service, pid); ids count from 1.
pub(super) type Row = (u64, i64, i64, bool, u8, u8, u8);

pub(super) fn store_of(rows: &[Row]) -> TraceStore {
    let mut builder = StoreBuilder::new();
    let input = builder.add_input(Input { name: "test".into(), ..Input::default() });
    let mut part = Part::new();
    let scope = part.scope(Scope::default());
    for (&(parent, start, length, failed, host, service, pid), id) in rows.iter().zip(1..) {
        let texts = [
            ("host.id", format!("h-{host}")),
            ("service.name", format!("service {service}")),
            ("process.pid", pid.to_string()),
        ];
        let mut attrs = Vec::new();
        // A pid of 0 is not stated.
        for (key, value) in texts.iter().filter(|(_, value)| value != "0") {
            let attr = Attr { key: part.strings.intern(key), value: Value::Str(part.strings.intern(value)) };
            attrs.push(part.attrs.intern(attr.key, attr.value));
        }
        let resource = part.resource(Resource { input: InputIx(0), attrs, schema_url: Sym::EMPTY, dropped: 0 });
        let draft = SpanDraft {
            trace: TraceId::from_u128(1),
            id: SpanId::from_u64(id),
            parent: SpanId::from_u64(parent),
            start_ns: start,
            end_ns: start + length,
            status: if failed { Status::Error } else { Status::Unset },
            ..SpanDraft::default()
        };
        part.push(&draft, resource, scope);
    }
    builder.absorb(part, input);
    builder.finish()
}

pub(super) fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (0..40_u64, 1..500_i64, 0..80_i64, prop::bool::weighted(0.2), 0..3_u8, 0..3_u8, 0..3_u8);
    prop::collection::vec(row, 1..40)
}

/// What a test asks for: how to group, which lanes to split and merge (as shares of what there is), what to fold.
pub(super) type Wish = (usize, Vec<(usize, usize)>, Vec<(usize, usize)>, Vec<usize>);

pub(super) fn wishes() -> impl Strategy<Value = Wish> {
    let pick = || 0..100_usize;
    (
        0..4_usize,
        prop::collection::vec((pick(), pick()), 0..3),
        prop::collection::vec((pick(), pick()), 0..3),
        prop::collection::vec(pick(), 0..6),
    )
}

const KEYS: [&str; 4] = [CLOCK, "service.name", "process.pid", "no.such.key"];

pub(super) fn plan_of(store: &TraceStore, wish: &Wish) -> Plan {
    let domains = domains::assign(store);
    let mut plan = Plan { group_by: KEYS[wish.0].to_owned(), ..Plan::default() };
    for &(lane, by) in &wish.1 {
        let lanes = arrange(store, &domains, None, &plan).lanes;
        plan.splits.insert(lanes[lane % lanes.len()].key.clone(), KEYS[by % 4].to_owned());
    }
    for &(lane, into) in &wish.2 {
        let lanes = arrange(store, &domains, None, &plan).lanes;
        plan.merge(&lanes[lane % lanes.len()].key.clone(), &lanes[into % lanes.len()].key.clone());
    }
    plan.folds = wish.3.iter().map(|span| SpanKey::of(store, SpanIx((span % store.len()) as u32))).collect();
    plan
}

/// Every rule that holds for all arrangements.
pub(super) fn check(store: &TraceStore, arranged: &Arranged) {
    let layout = &arranged.layout;
    assert_eq!(arranged.lanes.len(), layout.lanes().len());
    let mut drawn = BTreeSet::new();
    for row in 0..layout.row_count() {
        let items = layout.span_rows();
        let extents: Vec<_> = items.slots(row).map(|slot| (items.starts_ns()[slot], items.ends_ns()[slot])).collect();
        assert!(extents.array_windows().all(|[a, b]| a.1 <= b.0), "I5: row {row} overlaps: {extents:?}");
        assert!(extents.iter().all(|(start, end)| start < end));
        drawn.extend(layout.spans_of_row(RowIx(row as u32)));
    }
    let hidden: u64 = layout.folds().iter().map(|fold| u64::from(fold.hidden)).sum();
    assert_eq!(drawn.len() as u64 + hidden, store.len() as u64, "every span is drawn, or counted by a fold");
    let in_lanes: u64 = layout.lanes().iter().map(|lane| lane.spans).sum();
    assert_eq!(in_lanes, store.len() as u64);
    let mut behind: BTreeMap<SpanIx, u32> = BTreeMap::new();
    for ix in store.span_ixs() {
        let shown = layout.shown_as(ix);
        assert!(drawn.contains(&shown));
        assert_eq!(layout.row_of(ix), layout.row_of(shown));
        let lane = &arranged.lanes[layout.lane_of(ix).at()];
        assert!(lane.resources.contains(&store.span(ix).resource_ix()), "a span left its lane");
        if shown != ix {
            *behind.entry(shown).or_default() += 1;
            let mut up = store.span(ix).parent();
            while up.is_some_and(|up| up != shown) {
                up = store.span(up.unwrap()).parent();
            }
            assert_eq!(up, Some(shown), "a fold hides what is not below it");
        }
    }
    for fold in layout.folds() {
        assert_eq!(behind.remove(&fold.span), Some(fold.hidden));
    }
    assert!(behind.is_empty());
    let keys: BTreeSet<_> = arranged.lanes.iter().map(|lane| &lane.key).collect();
    assert_eq!(keys.len(), arranged.lanes.len(), "two lanes share a key");
    for (lane, info) in layout.lanes().iter().zip(&arranged.lanes) {
        assert_eq!(lane.spans, info.spans, "{}", info.key);
        assert!(info.clocks.len() == 1 || info.chip.contains("clocks"), "a mix of clocks is not said");
    }
}

/// Flags of everything in a row, united, as far as bars show them.
fn flags_of_lane(arranged: &Arranged, lane: usize) -> SpanFlags {
    let mut bars = Vec::new();
    for row in arranged.layout.lanes()[lane].rows.clone() {
        arranged.index.query(RowIx(row), i64::MIN, i64::MAX, 1 << 40, &mut bars);
    }
    bars.iter().fold(SpanFlags::default(), |flags, bar| flags.with(bar.flags))
}

proptest! {
    #[test]
    fn every_arrangement_keeps_the_rules(rows in rows(), wish in wishes()) {
        let store = store_of(&rows);
        let plan = plan_of(&store, &wish);
        let domains = domains::assign(&store);
        let arranged = arrange(&store, &domains, None, &plan);
        check(&store, &arranged);
        // Folding hides no failure (I7), and moves nothing in time.
        let open = arrange(&store, &domains, None, &Plan { folds: BTreeSet::new(), ..plan });
        check(&store, &open);
        let found = SpanSet::from_fn(store.len(), &CancelFlag::new(), |at| at % 3 == 0).unwrap();
        let marks = [&open, &arranged].map(|of| Marks::build(&of.layout, &found, &CancelFlag::new()).unwrap());
        for lane in 0..open.lanes.len() {
            prop_assert_eq!(flags_of_lane(&open, lane), flags_of_lane(&arranged, lane));
            let [open, folded] = marks.each_ref().map(|marks| marks.in_lane(LaneIx(lane as u32)));
            prop_assert_eq!(open, folded, "a fold hides a search hit");
        }
        for ix in store.span_ixs().filter(|&ix| arranged.layout.shown_as(ix) == ix) {
            prop_assert_eq!(arranged.layout.extent_ns(ix), open.layout.extent_ns(ix));
        }
        // Unfolding gives back what was.
        prop_assert!(open.layout.folds().is_empty());
        let again = arrange(&store, &domains, None, &open.plan);
        let rows = |of: &Arranged| store.span_ixs().map(|ix| of.layout.row_of(ix)).collect::<Vec<_>>();
        prop_assert_eq!(rows(&again), rows(&open));
    }

    #[test]
    fn splitting_and_rejoining_is_nothing(rows in rows(), lane in 0..100_usize, by in 0..4_usize) {
        let store = store_of(&rows);
        let domains = domains::assign(&store);
        let before = arrange(&store, &domains, None, &Plan::default());
        let mut plan = Plan::default();
        let key = before.lanes[lane % before.lanes.len()].key.clone();
        plan.splits.insert(key.clone(), KEYS[by].to_owned());
        let split = arrange(&store, &domains, None, &plan);
        let piece = split.lanes.iter().find(|lane| lane.key.parent() == Some(key.clone())).unwrap().key.clone();
        prop_assert!(plan.rejoin(&piece));
        prop_assert_eq!(&plan, &Plan::default());
        let other = before.lanes[(lane + 1) % before.lanes.len()].key.clone();
        plan.merge(&key, &other);
        prop_assert_eq!(plan.rejoin(&other), key != other);
        prop_assert_eq!(&plan, &Plan::default());
    }

    #[test]
    fn views_survive_a_round_trip(
        rows in rows(), wish in wishes(), time in any::<Option<(i64, i64)>>(), name in "\\PC{0,12}", height in any::<u32>()
    ) {
        let store = store_of(&rows);
        let plan = plan_of(&store, &wish);
        let arranged = arrange(&store, &domains::assign(&store), None, &plan);
        let keys: Vec<LaneKey> = arranged.lanes.iter().map(|lane| lane.key.clone()).collect();
        let mut conversation = ConversationView { shorten_idle: height % 2 == 0, ..ConversationView::default() };
        for pair in store.span_ixs().map(|span| SpanKey::of(&store, span)).collect::<Vec<_>>().windows(2).take(3) {
            let verdict = if height % 3 == 0 { Verdict::Accepted } else { Verdict::Rejected };
            conversation.judge(&pair[0], pair[1].clone(), Some(verdict));
        }
        let lanes = LaneView {
            order: keys.iter().rev().cloned().collect(),
            pinned: keys.iter().take(1).cloned().collect(),
            hidden: keys.iter().skip(1).take(1).cloned().collect(),
            names: keys.iter().take(1).map(|key| (key.clone(), name.clone())).collect(),
            heights: keys.iter().skip(2).map(|key| (key.clone(), height)).collect(),
            folded: keys.iter().skip(2).cloned().collect(),
            opened: BTreeSet::new(),
            color: ColorBy::Agent,
            conversation,
        };
        let selection: Vec<SpanKey> = plan.folds.iter().cloned().collect();
        let time = time.map(|(from_ns, to_ns)| view_file::SavedRange { from_ns, to_ns });
        let note = |range: view_file::SavedRange| {
            view_file::SavedNote { from_ns: range.from_ns, to_ns: range.to_ns, text: name.clone() }
        };
        let notes = time.into_iter().map(note).collect();
        let view = ViewFile { time, plan, lanes, selection, notes, query: name, ..ViewFile::default() };
        let text = view.text();
        let (read, notes) = ViewFile::parse(&text).unwrap();
        prop_assert_eq!((&read, notes), (&view, vec![]));
        prop_assert_eq!(read.text(), text);
        prop_assert!(view.misfits(&store, &arranged).iter().all(|note| note.contains("time range") || note.contains("notes")));
    }

    #[test]
    fn reading_a_view_never_panics(text in "\\PC{0,60}", cut in 0..400_usize) {
        let _ = ViewFile::parse(&text);
        let view = ViewFile { query: text, ..ViewFile::default() }.text();
        let end = (0..=cut.min(view.len())).rev().find(|&at| view.is_char_boundary(at)).unwrap();
        let whole = end >= view.trim_end().len();
        prop_assert_eq!(ViewFile::parse(&view[..end]).is_ok(), whole);
    }
}

/// Two hosts; two services on the first, with two processes of one of them.
fn hosts() -> TraceStore {
    store_of(&[
        (0, 10, 100, false, 1, 1, 7),
        (1, 20, 30, true, 1, 1, 7),
        (2, 22, 5, false, 1, 1, 7),
        (1, 60, 10, false, 1, 2, 9),
        (1, 70, 10, false, 1, 2, 10),
        (0, 15, 90, false, 2, 2, 3),
    ])
}

fn names(arranged: &Arranged) -> Vec<&str> {
    arranged.lanes.iter().map(|lane| lane.name.as_str()).collect()
}

#[test]
fn lanes_are_split_by_the_next_finer_key_and_named_by_it() {
    let store = hosts();
    let domains = domains::assign(&store);
    let mut plan = Plan::default();
    let arranged = arrange(&store, &domains, None, &plan);
    assert_eq!(arranged.lanes[0].key.as_str(), "host.id=h-1");
    let found = splits(&store, &arranged.lanes[0]);
    let found: Vec<_> = found.iter().map(|split| (split.key.as_str(), split.pieces)).collect();
    assert_eq!(found, [("service.name", 2), ("process.pid", 3)]);
    plan.splits.insert("host.id=h-1".into(), "service.name".to_owned());
    plan.splits.insert("host.id=h-1 / service.name=service 2".into(), "process.pid".to_owned());
    let arranged = arrange(&store, &domains, None, &plan);
    let first = domains.list[0].name.as_str();
    let expected = [
        format!("{first} · service 1"),
        format!("{first} · service 2 · 9"),
        format!("{first} · service 2 · 10"),
        domains.list[1].name.clone(),
    ];
    assert_eq!(names(&arranged), expected.each_ref().map(String::as_str));
    assert!(arranged.lanes.iter().all(|lane| lane.clocks.len() == 1));
}

#[test]
fn a_lane_of_two_clocks_says_so() {
    let store = hosts();
    let domains = domains::assign(&store);
    let by_service = Plan { group_by: "service.name".to_owned(), ..Plan::default() };
    let arranged = arrange(&store, &domains, None, &by_service);
    assert_eq!(names(&arranged), ["service 1", "service 2"]);
    assert_eq!(arranged.lanes[0].clocks.len(), 1);
    assert_eq!(arranged.lanes[1].clocks.len(), 2);
    assert_eq!(arranged.lanes[1].chip, "2 clocks · no common time");
    let both: Vec<&str> = domains.list.iter().map(|domain| domain.name.as_str()).collect();
    assert_eq!(arranged.lanes[1].detail, format!("clocks {}", both.join(", ")));
    assert_eq!(arranged.lanes[1].clock(), None);
    assert_eq!(splits(&store, &arranged.lanes[1])[0].key, CLOCK, "the clock comes first");
    let mut merged = Plan::default();
    merged.merge(&"host.id=h-2".into(), &"host.id=h-1".into());
    let arranged = arrange(&store, &domains, None, &merged);
    assert_eq!(names(&arranged), [both.join(" + ")]);
    assert!(arranged.lanes[0].chip.starts_with("2 clocks"));
}

#[test]
fn a_fold_stands_for_its_subtree() {
    let store = hosts();
    let domains = domains::assign(&store);
    let plan = Plan { folds: [SpanKey::of(&store, SpanIx(1))].into(), ..Plan::default() };
    let arranged = arrange(&store, &domains, None, &plan);
    assert_eq!(arranged.layout.hidden_behind(SpanIx(1)), 1);
    assert_eq!(arranged.layout.shown_as(SpanIx(2)), SpanIx(1));
    let all = Plan { folds: [SpanKey::of(&store, SpanIx(0))].into(), ..Plan::default() };
    let arranged = arrange(&store, &domains, None, &all);
    assert_eq!(arranged.layout.hidden_behind(SpanIx(0)), 4);
    assert_eq!(arranged.layout.lanes()[0].rows.len(), 1);
    let mut bars = Vec::new();
    arranged.index.query(RowIx(0), 0, 1000, 1, &mut bars);
    assert!(bars[0].flags.has(SpanFlags::ERROR), "I7: the failed span behind it is painted");
}

#[test]
fn merges_in_a_circle_end() {
    let merges = [("a".into(), "b".into()), ("b".into(), "a".into())].into();
    let plan = Plan { merges, ..Plan::default() };
    assert_eq!(plan.merged(&"a".into()).as_str(), "a");
    assert_eq!(plan.merged(&"b".into()).as_str(), "b");
}

#[test]
fn lanes_are_shown_as_ordered_pinned_and_hidden() {
    let store = hosts();
    let plan = Plan { group_by: "process.pid".to_owned(), ..Plan::default() };
    let lanes = arrange(&store, &domains::assign(&store), None, &plan).lanes;
    let shown = |view: &LaneView| -> Vec<&str> {
        view.shown(&lanes).into_iter().map(|lane| lanes[lane.at()].name.as_str()).collect()
    };
    assert_eq!(shown(&LaneView::default()), ["7", "9", "10", "3"]);
    let mut view = LaneView { order: vec!["process.pid=3".into(), "process.pid=7".into()], ..LaneView::default() };
    assert_eq!(shown(&view), ["3", "7", "9", "10"], "lanes that nobody ordered stay behind the one they follow");
    view.pinned.insert("process.pid=10".into());
    assert_eq!(shown(&view), ["10", "3", "7", "9"]);
    view.hidden.insert("process.pid=7".into());
    assert_eq!(shown(&view), ["10", "3", "9"]);
}

#[test]
fn lanes_are_picked_by_number_name_key_or_part() {
    let store = hosts();
    let plan = Plan { group_by: "service.name".to_owned(), ..Plan::default() };
    let arranged = arrange(&store, &domains::assign(&store), None, &plan);
    let pick = |wanted: &[&str]| {
        let mut view = std::sync::Arc::default();
        let wanted: Vec<String> = wanted.iter().map(|&text| text.to_owned()).collect();
        arranged.pick_lanes(&mut view, &wanted)?;
        Ok::<Vec<u32>, String>(view.shown(&arranged.lanes).into_iter().map(|lane| lane.0).collect())
    };
    assert_eq!(pick(&["2", "1"]), Ok(vec![1, 0]));
    assert_eq!(pick(&["SERVICE 2"]), Ok(vec![1]));
    assert_eq!(pick(&["service.name=service 1"]), Ok(vec![0]));
    assert_eq!(pick(&["ice 2", "service 2"]), Ok(vec![1]));
    for (wanted, said) in
        [("service", "several lanes"), ("3", "no lane \"3\""), ("web", "no lane \"web\""), ("", "no lane")]
    {
        let error = pick(&[wanted]).unwrap_err();
        assert!(error.contains(said) && error.contains("1  service 1"), "{wanted}: {error}");
    }
}

#[test]
fn views_of_other_versions_and_files_are_used_as_far_as_they_fit() {
    let later = r#"{"schema": "skewline.view/2", "mood": 1, "plan": {"group_by": "service.name", "sort": "up"}}"#;
    let (view, notes) = ViewFile::parse(later).unwrap();
    assert_eq!(view.plan.group_by, "service.name");
    assert_eq!(notes.len(), 3, "{notes:?}");
    assert!(notes[0].contains("skewline.view/2") && notes[1].contains("mood") && notes[2].contains("plan.sort"));
    for other in [
        "",
        "[]",
        "{}",
        "{\"schema\": 3}",
        "{\"schema\": \"openslo/v1\"}",
        "{\"schema\": \"skewline.view/1\", \"plan\": 3}",
    ] {
        assert!(ViewFile::parse(other).is_err(), "{other}");
    }
    let store = hosts();
    let arranged = arrange(&store, &domains::assign(&store), None, &Plan::default());
    let mut view = ViewFile { selection: vec!["01/02".into(), "#99".into()], ..ViewFile::default() };
    view.lanes.hidden.insert("host.id=elsewhere".into());
    view.time = Some(view_file::SavedRange { from_ns: 5000, to_ns: 6000 });
    let note = |from_ns| view_file::SavedNote { from_ns, to_ns: from_ns + 10, text: String::new() };
    view.notes = vec![note(arranged.hull_ns.start), note(5000)];
    let misfits = view.misfits(&store, &arranged).join("; ");
    for text in ["\"host.id=elsewhere\"", "\"01/02\"", "\"#99\"", "time range", "1 of its 2 notes"] {
        assert!(misfits.contains(text), "{misfits}");
    }
}

#[test]
fn a_view_file_is_short_and_readable() {
    let store = hosts();
    let mut plan = Plan { folds: [SpanKey::of(&store, SpanIx(1))].into(), ..Plan::default() };
    plan.splits.insert("host.id=h-1".into(), "service.name".to_owned());
    let mut view = ViewFile { plan, inputs: vec!["trace.json".to_owned()], ..ViewFile::default() };
    view.lanes.names.insert("host.id=h-2".into(), "vector store".to_owned());
    view.notes.push(view_file::SavedNote { from_ns: 1, to_ns: 2, text: "slow disk".to_owned() });
    insta::assert_snapshot!(view.text(), @r#"
    {
      "schema": "skewline.view/1",
      "inputs": [
        "trace.json"
      ],
      "plan": {
        "clock": "raw",
        "group_by": "clock",
        "splits": {
          "host.id=h-1": "service.name"
        },
        "folds": [
          "00000000000000000000000000000001/0000000000000002"
        ]
      },
      "lanes": {
        "names": {
          "host.id=h-2": "vector store"
        }
      },
      "notes": [
        {
          "from_ns": 1,
          "to_ns": 2,
          "text": "slow disk"
        }
      ]
    }
    "#);
}

/// The lengths of all turns of a sample, drawn on raw times and in the reference frame.
fn turn_lengths(name: &str) -> [Vec<String>; 2] {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-traces").join(name);
    let source = crate::load::Source::memory(name, std::fs::read(path).unwrap());
    let store = crate::load::load(&[source], &Default::default(), &Default::default()).unwrap().store;
    let (domains, genai) = (domains::assign(&store), GenAi::analyse(&store));
    let known = Plan::default().known(&store, &domains, None);
    [ClockChoice::Raw, ClockChoice::Frame].map(|clock| {
        let plan = Plan { clock, ..Plan::default() };
        let arranged = arrange_folded(&store, &domains, Some(Arc::clone(&known)), (Some(&genai), None), &plan);
        arranged.course.turns.iter().map(|turn| turn.length.to_string()).collect()
    })
}

#[test]
fn how_long_turns_take_does_not_depend_on_what_is_drawn() {
    for (name, lengths) in [
        ("slow-conversation.otlp.json", ["4.54 s", "4.67 s", "5.17 s"]),
        ("unit-mistake.otlp.json", ["5.05 s", "4.6 s", "4.9 s"]),
        ("slept-laptop.otlp.json", ["5.96 s", "5 s", "at least 4.92 s: web-chat slept"]),
    ] {
        let [raw, frame] = turn_lengths(name);
        assert_eq!(raw, lengths, "{name} on raw times");
        assert_eq!(frame, lengths, "{name} in the frame");
    }
}
