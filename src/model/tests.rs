//! The store's structural rules, on stores built by hand.

use super::*;

fn span(trace: u128, id: u64, parent: u64, start: i64, end: i64) -> SpanDraft {
    SpanDraft {
        trace: TraceId::from_u128(trace),
        id: SpanId::from_u64(id),
        parent: SpanId::from_u64(parent),
        start_ns: start,
        end_ns: end,
        ..SpanDraft::default()
    }
}

fn store(drafts: &[SpanDraft]) -> TraceStore {
    let mut builder = StoreBuilder::new();
    let input = builder.add_input(Input { name: "test".into(), ..Input::default() });
    let mut part = Part::new();
    let resource = part.resource(Resource { input, attrs: Vec::new(), schema_url: Sym::EMPTY, dropped: 0 });
    let scope = part.scope(Scope::default());
    for draft in drafts {
        part.push(draft, resource, scope);
    }
    builder.absorb(part, input);
    builder.finish()
}

fn count(store: &TraceStore, code: Code) -> u64 {
    store.inputs()[0].diagnostics.count(code)
}

#[test]
fn parents_and_children_are_resolved_within_a_trace() {
    let store = store(&[span(1, 3, 2, 20, 30), span(1, 2, 0, 10, 50), span(1, 4, 2, 15, 18), span(2, 3, 0, 5, 6)]);
    assert_eq!(store.span(SpanIx(0)).parent(), Some(SpanIx(1)));
    assert_eq!(store.span(SpanIx(1)).children(), [SpanIx(2), SpanIx(0)]);
    assert_eq!(store.span(SpanIx(3)).parent(), None);
    assert!(store.inputs()[0].diagnostics.is_empty());
}

#[test]
fn exact_copies_merge_and_conflicts_stay() {
    let store = store(&[span(1, 2, 0, 10, 50), span(1, 2, 0, 10, 50), span(1, 3, 2, 11, 12), span(1, 3, 2, 11, 13)]);
    assert_eq!(store.len(), 3);
    assert_eq!(count(&store, Code::DuplicateMerged), 1);
    assert_eq!(count(&store, Code::IdConflict), 2);
    assert_eq!(store.span(SpanIx(1)).parent(), Some(SpanIx(0)));
}

#[test]
fn cycles_of_any_length_are_cut_and_flagged() {
    for length in [1_u64, 2, 50] {
        let drafts: Vec<_> =
            (0..length).map(|at| span(1, at + 1, (at + 1) % length + 1, 100 + at as i64, 200)).collect();
        let store = store(&drafts);
        let code = if length == 1 { Code::SelfParent } else { Code::ParentCycle };
        assert_eq!(count(&store, code), length, "cycle of {length}");
        assert_eq!(store.span(SpanIx(0)).parent(), None, "cut at the earliest span");
        assert_eq!(store.parents().iter().filter(|parent| parent.is_some()).count() as u64, length - 1);
    }
}

#[test]
fn missing_parents_become_shared_ghosts_and_other_traces_are_searched() {
    let store = store(&[span(1, 2, 9, 10, 20), span(1, 3, 9, 12, 14), span(1, 4, 7, 12, 14), span(2, 7, 0, 1, 2)]);
    assert_eq!(store.ghosts().len(), 1);
    assert_eq!(store.ghosts()[0].children, [SpanIx(0), SpanIx(1)]);
    assert_eq!(count(&store, Code::MissingParent), 2);
    assert_eq!(store.span(SpanIx(2)).parent(), Some(SpanIx(3)));
    assert_eq!(count(&store, Code::ParentOtherTrace), 1);
}

#[test]
fn odd_times_are_flagged_and_still_drawn() {
    let store = store(&[span(1, 2, 0, 10, 0), span(1, 3, 0, 0, 20), span(1, 4, 0, 30, 20)]);
    assert_eq!(store.span(SpanIx(0)).drawn_ns(), (10, 10));
    assert_eq!(store.span(SpanIx(1)).drawn_ns(), (20, 20));
    assert_eq!(store.span(SpanIx(2)).drawn_ns(), (20, 30));
    assert_eq!(store.span(SpanIx(2)).duration_ns(), Some(-10));
    for code in [Code::MissingEnd, Code::MissingStart, Code::EndBeforeStart] {
        assert_eq!(count(&store, code), 1);
    }
}

#[test]
fn a_continued_store_finds_parents_that_a_new_input_brings() {
    let first = store(&[span(1, 3, 2, 20, 30)]);
    assert_eq!(count(&first, Code::MissingParent), 1);
    let mut builder = StoreBuilder::continue_from(&first);
    let input = builder.add_input(Input { name: "second".into(), ..Input::default() });
    let mut part = Part::new();
    let resource = part.resource(Resource { input, attrs: Vec::new(), schema_url: Sym::EMPTY, dropped: 0 });
    let scope = part.scope(Scope::default());
    part.push(&span(1, 2, 0, 10, 40), resource, scope);
    builder.absorb(part, input);
    let both = builder.finish();
    assert_eq!(both.span(SpanIx(0)).parent(), Some(SpanIx(1)));
    assert_eq!(count(&both, Code::MissingParent), 0);
    assert_eq!(both.inputs()[1].spans, 1);
}
