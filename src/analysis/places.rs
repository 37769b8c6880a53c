//! Which span is at a place in a file.

use crate::model::{InputIx, SpanIx, TraceStore};

/// A span at, or before, a place in a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SpanAt {
    /// The span that begins there, or the last one that begins before it.
    pub span: SpanIx,
    /// It begins exactly there. Otherwise the place may be inside of it, or after its end: only its beginning is kept.
    pub is_exact: bool,
}

/// The span at each of `places`, given as (input, byte offset). Visits every span once.
#[must_use]
pub fn spans_at(store: &TraceStore, places: &[(InputIx, u64)]) -> Vec<Option<SpanAt>> {
    let mut sorted: Vec<(InputIx, u64)> = places.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    // The last span that begins between a place and the one before it; the first in input order if several do.
    let mut latest: Vec<Option<(InputIx, u64, SpanIx)>> = vec![None; sorted.len()];
    if !sorted.is_empty() {
        for ix in store.span_ixs() {
            let span = store.span(ix);
            let key = (span.input_ix(), span.offset());
            let at = sorted.partition_point(|place| *place < key);
            if let Some(known) = latest.get_mut(at)
                && known.is_none_or(|(input, offset, _)| key > (input, offset))
            {
                *known = Some((key.0, key.1, ix));
            }
        }
    }
    for at in 1..latest.len() {
        latest[at] = latest[at].max(latest[at - 1]);
    }
    let find = |place: &(InputIx, u64)| {
        let at = sorted.binary_search(place).ok()?;
        let (input, offset, span) = latest[at]?;
        (input == place.0).then_some(SpanAt { span, is_exact: offset == place.1 })
    };
    places.iter().map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Input, Part, Resource, Scope, SpanDraft, SpanId, StoreBuilder, Sym, TraceId};
    use proptest::prelude::*;

    fn store(offsets: &[Vec<u64>]) -> TraceStore {
        let mut builder = StoreBuilder::new();
        for (at, offsets) in offsets.iter().enumerate() {
            let input = builder.add_input(Input::default());
            let mut part = Part::new();
            let resource = part.resource(Resource { input, attrs: Vec::new(), schema_url: Sym::EMPTY, dropped: 0 });
            let scope = part.scope(Scope::default());
            for (id, &offset) in (1..).zip(offsets) {
                let (trace, id) = (TraceId::from_u128(at as u128 + 1), SpanId::from_u64(id));
                let draft = SpanDraft { trace, id, start_ns: 1, end_ns: 2, offset, ..SpanDraft::default() };
                part.push(&draft, resource, scope);
            }
            builder.absorb(part, input);
        }
        builder.finish()
    }

    proptest! {
        #[test]
        fn agrees_with_looking_at_every_span(
            offsets in prop::collection::vec(prop::collection::vec(0..40_u64, 0..8), 1..3),
            places in prop::collection::vec((0..3_u32, 0..45_u64), 0..10),
        ) {
            let store = store(&offsets);
            let places: Vec<_> = places.into_iter().map(|(input, offset)| (InputIx(input), offset)).collect();
            let found = spans_at(&store, &places);
            prop_assert_eq!(found.len(), places.len());
            for (&(input, offset), found) in places.iter().zip(found) {
                let before = store.span_ixs().filter(|&ix| store.span(ix).input_ix() == input);
                let nearest = before.map(|ix| store.span(ix).offset()).filter(|&start| start <= offset).max();
                prop_assert_eq!(found.map(|it| store.span(it.span).offset()), nearest);
                prop_assert_eq!(found.map(|it| store.span(it.span).input_ix()), nearest.map(|_| input));
                prop_assert_eq!(found.is_some_and(|it| it.is_exact), nearest == Some(offset));
            }
        }
    }
}
