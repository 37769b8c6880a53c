//! The model of a workspace with what views need beside it.

use std::collections::BTreeMap;

use super::domains::Domains;
use super::findings::{Code, Finding, Severity};
use super::{ClockModel, Evidence, Options};
use crate::model::{SpanIx, TraceStore};

/// What is known about the clocks of a store, and what findings say about which span.
#[derive(Clone, Debug)]
pub struct Known {
    /// The model.
    pub model: ClockModel,
    /// The same from protocol evidence alone, when the model believes more than that.
    pub strict: Option<ClockModel>,
    /// The finding that a span's badge names, and how bad it is.
    marks: BTreeMap<SpanIx, (u32, FindingTone)>,
}

impl Known {
    /// Analyses `store`. Takes a moment: not for the window's own thread.
    #[must_use]
    pub fn analyse(store: &TraceStore, domains: &Domains, options: &Options) -> Self {
        Self::with_strict(ClockModel::analyse(store, domains, options), store, domains)
    }

    /// The same store with another level or reference: cheaper than from scratch.
    #[must_use]
    pub fn with_options(&self, store: &TraceStore, domains: &Domains, options: &Options) -> Self {
        Self::with_strict(self.model.with_options(store, domains, options), store, domains)
    }

    fn with_strict(model: ClockModel, store: &TraceStore, domains: &Domains) -> Self {
        let options = Options { level: Evidence::Protocol, ..model.options().clone() };
        let is_more = model.options().level > Evidence::Protocol;
        let strict = is_more.then(|| model.with_options(store, domains, &options));
        Self::new(model, strict)
    }

    /// Sorts out what `model` found.
    #[must_use]
    pub fn new(model: ClockModel, strict: Option<ClockModel>) -> Self {
        let mut marks = BTreeMap::new();
        for finding in model.findings() {
            let tone = FindingTone::of(finding);
            let witness = finding.witness.iter().flat_map(|proof| [proof.cause.from.span, proof.cause.to.span]);
            // What one offset explains is a fact about a clock: its clearest example says it, not every span.
            let others = finding.spans.iter().copied().filter(|_| tone.is_fault());
            for span in witness.chain(others) {
                marks.entry(span).or_insert((finding.id, tone));
            }
        }
        Self { model, strict, marks }
    }

    /// The finding with the number `id`.
    #[must_use]
    pub fn finding(&self, id: u32) -> Option<&Finding> {
        self.model.findings().iter().find(|finding| finding.id == id)
    }

    /// The finding that a span shows.
    #[must_use]
    pub fn mark(&self, span: SpanIx) -> Option<(u32, FindingTone)> {
        self.marks.get(&span).copied()
    }

    /// Findings that clocks explain, and those that no clock explains.
    #[must_use]
    pub fn counts(&self) -> [usize; 2] {
        let real = self.model.findings().iter().filter(|finding| FindingTone::of(finding).is_fault()).count();
        [self.model.findings().len() - real, real]
    }
}

/// How bad a finding is, as a colour.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, strum::Display)]
#[strum(serialize_all = "snake_case")]
pub enum FindingTone {
    /// Good to know.
    Note,
    /// A fact about a clock.
    Clock,
    /// Contradicts what is usual.
    Odd,
    /// No clock explains it.
    Fault,
}

impl FindingTone {
    /// The tone of `finding`.
    #[must_use]
    pub const fn of(finding: &Finding) -> Self {
        match (finding.severity, finding.code) {
            (Severity::Info, _) => Self::Note,
            (Severity::Clock, _) | (_, Code::N0 | Code::N1 | Code::U | Code::K | Code::Q) => Self::Clock,
            (Severity::Suspicious, _) => Self::Odd,
            (Severity::Impossible, _) => Self::Fault,
        }
    }

    /// Whether it is more than a fact about a clock.
    #[must_use]
    pub const fn is_fault(self) -> bool {
        matches!(self, Self::Odd | Self::Fault)
    }
}
