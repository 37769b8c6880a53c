//! What a clock stamped while it may have jumped: parents hold their children, inside of what is possible.

use std::path::Path;

use super::{FrameTime, TimeMap as _};
use crate::analysis::clocks::domains::{self, Domains};
use crate::analysis::clocks::{ClockModel, EventKey, Options};
use crate::load::{Options as LoadOptions, Progress, Source, load};
use crate::model::{SpanIx, TraceStore};

struct Sample {
    store: TraceStore,
    domains: Domains,
    model: ClockModel,
}

impl Sample {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("sample-traces/{name}.otlp.json"));
        let source = Source::memory(name, std::fs::read(path).unwrap());
        let store = load(&[source], &LoadOptions::default(), &Progress::default()).unwrap().store;
        let domains = domains::assign(&store);
        let model = ClockModel::analyse(&store, &domains, &Options::default());
        Self { store, domains, model }
    }

    fn ends(&self, span: SpanIx) -> (i64, i64) {
        let view = self.store.span(span);
        FrameTime::new(&self.model, &self.store, &self.domains).ends(span, view.start_ns(), view.end_ns())
    }

    /// Children that their parents do not hold on the axis, although one clock says that they do.
    fn beside(&self) -> Vec<String> {
        let raw = |span: SpanIx| (self.store.span(span).start_ns(), self.store.span(span).end_ns());
        let mut beside = Vec::new();
        for child in self.store.span_ixs() {
            let Some(parent) = self.store.span(child).parent() else { continue };
            let is_one_clock = self.domains.of_span[child.at()] == self.domains.of_span[parent.at()];
            let (inner, outer) = (raw(child), raw(parent));
            let is_held = outer.0 <= inner.0 && inner.1 <= outer.1;
            let (drawn, around) = (self.ends(child), self.ends(parent));
            if (is_held || !is_one_clock) && !(around.0 <= drawn.0 && drawn.1 <= around.1) {
                let name = |span: SpanIx| self.store.span(span).name().to_owned();
                beside.push(format!(
                    "{} {}{} in {}{}: start {} end {}",
                    if is_one_clock { "own" } else { "far" },
                    name(child),
                    self.gaps(child),
                    name(parent),
                    self.gaps(parent),
                    drawn.0 - around.0,
                    around.1 - drawn.1
                ));
            }
        }
        beside
    }

    fn gaps(&self, span: SpanIx) -> String {
        let stamps = self.model.stamps(&self.store, &self.domains);
        let domain = self.domains.of_span[span.at()];
        let of = |key| {
            let in_gap = stamps.get(key).is_some_and(|stamp| self.model.may_have_jumped(domain, stamp.anchor_ns));
            let placed = self.model.place(&self.store, &self.domains, key);
            let rel = |ns: Option<i64>| ns.zip(placed.and_then(|p| Some(p.raw_ns))).map(|(a, b)| (a - b) / 1000);
            if in_gap { format!("[{:?} {:?} {:?}]", placed.and_then(|p| rel(p.earliest_ns)), placed.and_then(|p| rel(p.estimate_ns)), placed.and_then(|p| rel(p.latest_ns))) } else { format!("({:?})", placed.and_then(|p| rel(p.estimate_ns))) }
        };
        format!("{}{}", of(EventKey::start(span)), of(EventKey::end(span)))
    }
}

#[test]
fn explore() {
    for name in ["step", "slept-laptop", "slew", "drift", "merged-clocks", "skewed-browser", "slow-conversation"] {
        let sample = Sample::new(name);
        println!("== {name} {:?}", sample.model.reference().map(|r| sample.domains.list[r.domain.at()].name.clone()));
        for line in sample.beside() {
            println!("{line}");
        }
    }
}
