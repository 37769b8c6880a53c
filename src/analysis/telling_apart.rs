//! Two spans in one sentence: where both have one name, what else tells them apart.

use super::clocks::domains::Domains;
use crate::model::{SpanIx, TraceStore};

/// What goes behind the names of `a` and `b` so that a reader knows which is which: nothing where their names differ,
/// else ` on <clock>`, since lanes are clocks; on one clock ` of <service>`; else ` (span <id>)`.
#[must_use]
pub fn told_apart(store: &TraceStore, domains: &Domains, a: SpanIx, b: SpanIx) -> [String; 2] {
    let spans = [a, b].map(|span| store.span(span));
    if a == b || spans[0].name() != spans[1].name() {
        return Default::default();
    }
    let clock =
        |span: SpanIx| domains.list.get(domains.of_span.get(span.at())?.at()).map(|domain| domain.name.as_str());
    if let Some(names) = different([a, b].map(clock)) {
        return names.map(|name| format!(" on {name}"));
    }
    let service = |span: SpanIx| store.find_text(&store.span(span).resource().attrs, "service.name");
    if let Some(names) = different([a, b].map(service)) {
        return names.map(|name| format!(" of {name}"));
    }
    let ids = spans.map(|span| store.span_id_text(span.id()));
    if ids[0] != ids[1] {
        return ids.map(|id| format!(" (span {id})"));
    }
    spans.map(|span| format!(" (trace {})", store.trace_id_text(span.trace_id())))
}

/// Both, if there are two and they differ.
fn different([a, b]: [Option<&str>; 2]) -> Option<[&str; 2]> {
    let is_said = |text: &&str| !text.trim().is_empty();
    let (a, b) = (a.filter(is_said)?, b.filter(is_said)?);
    (a != b).then_some([a, b])
}

#[cfg(test)]
mod tests {
    use super::super::clocks::domains;
    use super::super::clocks::tests::Draft;
    use super::*;

    #[test]
    fn equal_names_are_told_apart_by_clock_service_or_id_and_others_stay_as_they_are() {
        let mut draft = Draft::default();
        let (one, other) = (draft.process("a", "api"), draft.process("a", "worker"));
        let far = draft.host("b", "");
        for (host, id) in [(one, 1), (other, 2), (one, 3), (far, 4)] {
            draft.span(host, id, 0, 100, 900);
        }
        draft.span(one, 5, 0, 100, 900).name = "post".to_owned();
        let store = draft.store();
        let domains = domains::assign(&store);
        let named = |a: u32, b: u32| told_apart(&store, &domains, SpanIx(a), SpanIx(b));
        assert_eq!(named(0, 3), [" on host a", " on b"]);
        assert_eq!(named(0, 1), [" of api", " of worker"]);
        assert_eq!(named(0, 2), [" (span 0000000000000001)", " (span 0000000000000003)"]);
        assert_eq!(named(0, 4), ["", ""]);
        assert_eq!(named(0, 0), ["", ""]);
    }
}
