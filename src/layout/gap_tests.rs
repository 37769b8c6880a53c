//! What a clock stamped while it may have jumped: parents hold their children, inside of what is possible.

use std::path::Path;

use super::{FrameTime, TimeMap as _};
use crate::analysis::clocks::domains::{self, Domains};
use crate::analysis::clocks::{ClockModel, EventKey, Evidence, Options};
use crate::load::{Options as LoadOptions, Progress, Source, load};
use crate::model::{DomainIx, SpanIx, TraceStore};

/// A recording, seen from each of its clocks by each kind of evidence.
fn for_each_view(name: &str, check: impl Fn(&Seen<'_>)) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("sample-traces/{name}.otlp.json"));
    let source = Source::memory(name, std::fs::read(path).unwrap());
    let store = load(&[source], &LoadOptions::default(), &Progress::default()).unwrap().store;
    let domains = domains::assign(&store);
    let model = ClockModel::analyse(&store, &domains, &Options::default());
    for level in [Evidence::Protocol, Evidence::Convention, Evidence::Prior] {
        for reference in (0..domains.list.len()).map(DomainIx::from_usize) {
            let options = Options { level, reference: Some(reference), ..Options::default() };
            let model = model.with_options(&store, &domains, &options);
            let what = format!("{name}, {level}, {}", domains.list[reference.at()].name);
            check(&Seen { store: &store, domains: &domains, model: &model, level, what });
        }
    }
}

struct Seen<'a> {
    store: &'a TraceStore,
    domains: &'a Domains,
    model: &'a ClockModel,
    level: Evidence,
    what: String,
}

impl Seen<'_> {
    fn raw(&self, span: SpanIx) -> (i64, i64) {
        (self.store.span(span).start_ns(), self.store.span(span).end_ns())
    }

    fn drawn(&self, span: SpanIx) -> (i64, i64) {
        let (start_ns, end_ns) = self.raw(span);
        FrameTime::new(self.model, self.store, self.domains).ends(span, start_ns, end_ns)
    }

    fn is_one_clock(&self, a: SpanIx, b: SpanIx) -> bool {
        self.domains.of_span[a.at()] == self.domains.of_span[b.at()]
    }

    /// Whether one of these times is that of an end in a gap that stands at a bound of what is possible already.
    fn has_no_room(&self, spans: &[SpanIx; 2], times_ns: [i64; 2]) -> bool {
        let ends = spans
            .iter()
            .zip(times_ns)
            .flat_map(|(span, at_ns)| self.in_gap(*span).into_iter().map(move |key| (key, at_ns)));
        let placed = ends.filter_map(|(key, at_ns)| Some((self.model.place(self.store, self.domains, key)?, at_ns)));
        placed.into_iter().any(|(placed, at_ns)| placed.earliest_ns == Some(at_ns) || placed.latest_ns == Some(at_ns))
    }

    /// The ends of `span` that its clock stamped while it may have jumped.
    fn in_gap(&self, span: SpanIx) -> Vec<EventKey> {
        let stamps = self.model.stamps(self.store, self.domains);
        let ends = [EventKey::start(span), EventKey::end(span)];
        ends.into_iter().filter(|key| stamps.get(*key).is_some_and(|stamp| self.model.is_in_gap(&stamp))).collect()
    }
}

#[test]
fn parents_hold_their_children_while_a_clock_may_have_jumped() {
    for name in ["step", "slept-laptop"] {
        for_each_view(name, |seen| {
            for child in seen.store.span_ixs() {
                let Some(parent) = seen.store.span(child).parent() else { continue };
                let (inner, outer) = (seen.raw(child), seen.raw(parent));
                // Another clock's times say nothing by themselves, and at the level of protocol alone servers may go on.
                let is_held = match seen.is_one_clock(child, parent) {
                    true => outer.0 <= inner.0 && inner.1 <= outer.1,
                    false => seen.level != Evidence::Protocol,
                };
                if !is_held {
                    continue;
                }
                let (drawn, around) = (seen.drawn(child), seen.drawn(parent));
                let is_start_held = around.0 <= drawn.0 || seen.has_no_room(&[child, parent], [drawn.0, around.0]);
                let is_end_held = drawn.1 <= around.1 || seen.has_no_room(&[child, parent], [drawn.1, around.1]);
                let name = |span: SpanIx| seen.store.span(span).name();
                assert!(
                    is_start_held && is_end_held,
                    "{}: {} at {drawn:?} stands beside {} at {around:?}",
                    seen.what,
                    name(child),
                    name(parent)
                );
            }
        });
    }
}

#[test]
fn nothing_stands_where_it_cannot_be_and_what_is_sure_stands_at_its_estimate() {
    for name in ["step", "slept-laptop", "slew", "drift", "skewed-browser", "async-children"] {
        for_each_view(name, |seen| {
            let mut in_gap = 0;
            for span in seen.store.span_ixs() {
                let drawn = seen.drawn(span);
                let open = seen.in_gap(span);
                in_gap += open.len();
                for (key, at_ns) in [(EventKey::start(span), drawn.0), (EventKey::end(span), drawn.1)] {
                    let Some(placed) = seen.model.place(seen.store, seen.domains, key) else { continue };
                    if open.contains(&key) {
                        let is_possible = placed.earliest_ns.is_none_or(|earliest| earliest <= at_ns)
                            && placed.latest_ns.is_none_or(|latest| at_ns <= latest);
                        assert!(is_possible, "{}: {key:?} at {at_ns}, possible is {placed:?}", seen.what);
                    } else if open.is_empty() && drawn.0 < drawn.1 {
                        assert_eq!(at_ns, placed.estimate_ns.unwrap_or(placed.raw_ns), "{}: {key:?}", seen.what);
                    }
                }
            }
            let jumps = (0..seen.domains.list.len()).map(|at| seen.model.jumps(DomainIx::from_usize(at)).len());
            assert!(
                in_gap == 0 || jumps.sum::<usize>() > 0,
                "{}: {in_gap} in gaps of clocks that never jumped",
                seen.what
            );
        });
    }
}
