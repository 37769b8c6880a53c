//! The model of a workspace with what views need beside it.

use std::sync::OnceLock;

use super::domains::Domains;
use super::evidence::{ClassUse, class_uses};
use super::findings::{Code, Finding, Severity};
use super::{ClockModel, Evidence, Options};
use crate::analysis::numbered::Digest;
use crate::model::TraceStore;

/// What is known about the clocks of a store.
#[derive(Clone, Debug)]
pub struct Known {
    /// The model.
    pub model: ClockModel,
    strict: OnceLock<ClockModel>,
    /// Remembers what is solved at every level, once [`Self::prepare`] is done.
    ahead: OnceLock<ClockModel>,
    digest: Digest,
    uses: Vec<ClassUse>,
}

impl Known {
    /// Analyses `store`. Takes a moment: not for the window's own thread.
    #[must_use]
    pub fn analyse(store: &TraceStore, domains: &Domains, options: &Options) -> Self {
        let known = Self::new(store, ClockModel::analyse(store, domains, options));
        known.complete(store, domains, None);
        known
    }

    /// The same store with another level or reference: cheaper than from scratch. [`Self::strict`] is left to
    /// [`Self::complete`].
    #[must_use]
    pub fn with_options(&self, store: &TraceStore, domains: &Domains, options: &Options) -> Self {
        Self::new(store, self.knowing(options.level).with_options(store, domains, options))
    }

    /// Models remember what they solved: each level is asked of one that knows it.
    fn knowing(&self, level: Evidence) -> &ClockModel {
        let strict = || self.strict.get().filter(|_| level == Evidence::Protocol);
        self.ahead.get().or_else(strict).unwrap_or(&self.model)
    }

    /// Solves the levels that were not asked for yet, so that [`Self::with_options`] only looks them up. Takes a few
    /// times as long as one of them; gives up between two levels when `is_wanted` says so.
    pub fn prepare(&self, store: &TraceStore, domains: &Domains, is_wanted: impl Fn() -> bool) {
        let mut ahead = self.strict.get().unwrap_or(&self.model).clone();
        for level in [Evidence::Protocol, Evidence::Convention, Evidence::Prior] {
            if !is_wanted() {
                return;
            }
            ahead = ahead.with_options(store, domains, &Options { level, ..self.model.options().clone() });
        }
        let _ = self.ahead.set(ahead);
    }

    /// Works out [`Self::strict`], if that is still to be done; `before` is what was known before. Takes a moment.
    pub fn complete(&self, store: &TraceStore, domains: &Domains, before: Option<&Self>) {
        let options = self.model.options();
        if options.level > Evidence::Protocol {
            let options = Options { level: Evidence::Protocol, ..options.clone() };
            let from = before.map_or(&self.model, |before| before.knowing(Evidence::Protocol));
            self.strict.get_or_init(|| from.bounds_with(store, domains, &options));
        }
    }

    /// The same from protocol evidence alone, without findings; `None` when the model believes no more than that, or
    /// before [`Self::complete`].
    #[must_use]
    pub fn strict(&self) -> Option<&ClockModel> {
        self.strict.get()
    }

    /// Sorts out what `model` found.
    fn new(store: &TraceStore, model: ClockModel) -> Self {
        let findings = model.findings().iter();
        let digest = Digest::of(findings.map(|finding| (finding.code.into(), finding.root.as_str())));
        let uses = class_uses(store, &model);
        Self { model, strict: OnceLock::new(), ahead: OnceLock::new(), digest, uses }
    }

    /// The kinds of evidence, and whether they count.
    #[must_use]
    pub fn uses(&self) -> &[ClassUse] {
        &self.uses
    }

    /// Kinds and root causes of the findings.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The finding with the number `id`.
    #[must_use]
    pub fn finding(&self, id: u32) -> Option<&Finding> {
        self.model.findings().iter().find(|finding| finding.id == id)
    }

    /// Findings that clocks explain, those that no clock explains, and what is only good to know.
    #[must_use]
    pub fn counts(&self) -> [usize; 3] {
        let mut counts = [0; 3];
        for finding in self.model.findings() {
            let kind = match FindingTone::of(finding) {
                _ if finding.code.blames_clock() => 0,
                FindingTone::Clock => 0,
                FindingTone::Note => 2,
                FindingTone::Pattern | FindingTone::Odd | FindingTone::Fault => 1,
            };
            counts[kind] += 1;
        }
        counts
    }
}

/// How bad a finding is, as a colour.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, strum::Display, strum::FromRepr)]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
pub enum FindingTone {
    /// Good to know.
    Note,
    /// A fact about a clock.
    Clock,
    /// A pattern of an AI conversation.
    Pattern,
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
