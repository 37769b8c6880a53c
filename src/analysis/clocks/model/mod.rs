//! The clock model: what is known about every clock of a workspace, as one value.

mod answers;
mod bands;
mod pairs;
mod solving;
mod waits;
mod whatif;

use std::sync::{Arc, OnceLock};

use super::causal::Evidence;
use super::classify;
use super::declared::Bound;
use super::domains::Domains;
use super::edges::{self, ClassChoice, Classes};
use super::explained::Explained;
use super::findings::{self, Finding};
use super::processes::Processes;
use super::reference::{self, Reference};
use super::repair::{self, Budget, Consistent, Element};
use super::separations::{Separations, collect_believed};
use super::solve::{Bounds, Breaks, Edge, Graph, Rates, Reduced, Shape, ceil_ns};
use super::stamps::{Readers, Split, Stamps};
use super::units::Unit;
use super::unseen::UnseenClocks;
use crate::model::{DomainIx, TraceIx, TraceStore};
pub use answers::{Between, Comparison, Offset, Placed};
pub use bands::{Band, BandJump, BandPoint, Touch};
pub use pairs::Pair;
use solving::active;
pub use waits::Waits;
pub use whatif::{Held, Stop};

/// How to analyse.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// Which causal edges to believe.
    pub level: Evidence,
    /// The reference clock, if the user chose one.
    pub reference: Option<DomainIx>,
    /// How fast a clock may drift, parts per billion of its own time. 50,000 by default.
    pub drift_ppb: u32,
    /// Other bounds for some clocks.
    pub drift_of: Vec<(DomainIx, u32)>,
    /// Use edges of this trace alone; `None` pools those of all traces, which bounds better.
    pub only: Option<TraceIx>,
    /// Classes of edges that the user believes (true) or does not (false), whatever the program makes of them; see
    /// [`ClockModel::classes`].
    pub said: Vec<(ClassChoice, bool)>,
    /// How many contradictions are weighed.
    pub budget: Budget,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            level: Evidence::Convention,
            reference: None,
            drift_ppb: 50_000,
            drift_of: Vec::new(),
            only: None,
            said: Vec::new(),
            budget: Budget::default(),
        }
    }
}

/// What the store says about its clocks, whatever the options.
#[derive(Debug)]
struct Basis {
    readers: Readers,
    units: Vec<Option<Unit>>,
    /// Clocks that are called from outside and call others.
    gateways: Vec<bool>,
    processes: Processes,
    /// Findings that do not depend on other clocks.
    local: Vec<Finding>,
    /// By domain: how far off its machine says that its clock is.
    declared: Vec<Option<Bound>>,
}

/// The edges under one choice of traces and drift bounds, whatever the level and the reference.
#[derive(Debug)]
struct Collected {
    rates: Rates,
    reduced: Reduced,
    classes: Classes,
    /// The reference clock when the user chooses none.
    choice: Option<Reference>,
}

/// The edges in force at one level, made consistent.
#[derive(Debug)]
struct Solved {
    level: Evidence,
    said: Vec<(ClassChoice, bool)>,
    budget: Budget,
    system: Arc<Consistent>,
    /// Those collected, with what the level overrules.
    classes: Classes,
    split: Split,
    pairs: Vec<Pair>,
    explained: Vec<Explained>,
    /// Findings that do not depend on the reference clock.
    faults: Vec<Finding>,
    /// Bounds against the clock that is the reference when nobody wants another one.
    home: OnceLock<Option<Arc<Bounds>>>,
    /// All findings, once they are asked for.
    found: OnceLock<Vec<Finding>>,
}

/// What is known about the clocks of a workspace. Immutable; cheap to build again with another level or reference.
#[derive(Clone, Debug)]
pub struct ClockModel {
    options: Options,
    basis: Arc<Basis>,
    collected: Arc<Collected>,
    solved: Arc<Solved>,
    /// Levels that were asked for before.
    earlier: Vec<Arc<Solved>>,
    reference: Option<Reference>,
    bounds: Option<Arc<Bounds>>,
    findings: Vec<Finding>,
}

/// How much would have to be wrong everywhere to explain all contradictions; see [`ClockModel::strain`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Strain {
    /// The least error of every single reading, nanoseconds; `None` when no error of readings helps.
    pub reading_error_ns: Option<i64>,
    /// The least addition to every clock's drift bound, parts per billion; `None` when no drift helps.
    pub extra_drift_ppb: Option<u32>,
}

/// A store with its clocks.
#[derive(Clone, Copy)]
struct Workspace<'a> {
    store: &'a TraceStore,
    domains: &'a Domains,
}

impl ClockModel {
    /// Analyses all clocks of `store`.
    #[must_use]
    pub fn analyse(store: &TraceStore, domains: &Domains, options: &Options) -> Self {
        let workspace = Workspace { store, domains };
        let basis = Arc::new(Basis::new(workspace));
        let collected = Arc::new(basis.collect(workspace, options));
        let solved = Arc::new(basis.solve(workspace, &collected, options, None));
        Self::seen_from(workspace, options, basis, collected, (solved, Vec::new()), true)
    }

    /// The same workspace with other options. Another reference clock costs two shortest path runs; another level
    /// or class a solution as well, which starts from the one at hand; other traces or drift bounds another pass
    /// over the spans.
    #[must_use]
    pub fn with_options(&self, store: &TraceStore, domains: &Domains, options: &Options) -> Self {
        self.changed(store, domains, options, true)
    }

    /// The same without any findings: for bounds alone.
    #[must_use]
    pub fn bounds_with(&self, store: &TraceStore, domains: &Domains, options: &Options) -> Self {
        self.changed(store, domains, options, false)
    }

    fn changed(&self, store: &TraceStore, domains: &Domains, options: &Options, wants_findings: bool) -> Self {
        const REMEMBERED: usize = 4;
        let workspace = Workspace { store, domains };
        let own = &self.options;
        let basis = Arc::clone(&self.basis);
        if (own.drift_ppb, &own.drift_of, own.only) != (options.drift_ppb, &options.drift_of, options.only) {
            let collected = Arc::new(basis.collect(workspace, options));
            let solved = Arc::new(basis.solve(workspace, &collected, options, Some(&self.solved.system)));
            return Self::seen_from(workspace, options, basis, collected, (solved, Vec::new()), wants_findings);
        }
        let collected = Arc::clone(&self.collected);
        let wanted = (options.level, &options.said, options.budget);
        let is_wanted = |solved: &&Arc<Solved>| (solved.level, &solved.said, solved.budget) == wanted;
        let known = std::iter::once(&self.solved).chain(&self.earlier).find(is_wanted).cloned();
        let solved =
            known.unwrap_or_else(|| Arc::new(basis.solve(workspace, &collected, options, Some(&self.solved.system))));
        let others = std::iter::once(&self.solved).chain(&self.earlier).filter(|other| !is_wanted(other));
        let earlier = others.take(REMEMBERED).cloned().collect();
        Self::seen_from(workspace, options, basis, collected, (solved, earlier), wants_findings)
    }

    /// Chooses the reference clock and says what follows. `solved` comes with what was solved earlier.
    fn seen_from(
        workspace: Workspace<'_>,
        options: &Options,
        basis: Arc<Basis>,
        collected: Arc<Collected>,
        (solved, earlier): (Arc<Solved>, Vec<Arc<Solved>>),
        wants_findings: bool,
    ) -> Self {
        let domains = workspace.domains;
        let wanted = options.reference.and_then(|domain| reference::by_hand(domains, domain));
        let reference = wanted.or_else(|| basis.reference(domains, &collected, &solved));
        let mut model = Self {
            options: options.clone(),
            basis,
            collected,
            solved,
            earlier,
            reference,
            bounds: None,
            findings: Vec::new(),
        };
        let blamed = model.blamed_clocks();
        if let Some(reference) = &mut model.reference {
            reference.is_steady = !blamed.contains(&reference.domain);
        }
        model.bounds = model.reference.as_ref().and_then(|reference| model.bounds_against(reference.domain));
        if wants_findings {
            model.findings.clone_from(model.solved.found.get_or_init(|| model.find(workspace)));
        }
        model
    }

    /// Everything that is found, numbered from 1. Who is blamed does not depend on whose time is shown: the clock that
    /// is the reference when nobody wants another one is blamed last.
    fn find(&self, workspace: Workspace<'_>) -> Vec<Finding> {
        let Solved { system, pairs, explained, faults, classes, .. } = &*self.solved;
        let (collected, options) = (&self.collected, &self.options);
        let context = self.basis.context(workspace, (collected, classes), options, (system, pairs, explained));
        let home = collected.choice.as_ref().map(|choice| choice.domain);
        let bounds = home.and_then(|home| self.bounds_against(home));
        let context = classify::Context { reference: home, bounds: bounds.as_deref(), ..context };
        let mut found = faults.clone();
        found.extend(classify::facts(&context));
        found.extend(self.basis.local.iter().cloned());
        super::symptoms::drop_explained(&context, &mut found);
        findings::number(&mut found);
        found
    }

    /// Bounds on the axis of `domain`'s clock; those of the clock that is chosen first are kept.
    fn bounds_against(&self, domain: DomainIx) -> Option<Arc<Bounds>> {
        let is_home = self.collected.choice.as_ref().is_some_and(|choice| choice.domain == domain);
        let make = || self.new_bounds(domain).map(Arc::new);
        if is_home { self.solved.home.get_or_init(make).clone() } else { make() }
    }

    fn new_bounds(&self, domain: DomainIx) -> Option<Bounds> {
        let system = &self.solved.system;
        let rates = system.changes.rates(&self.collected.rates);
        let guess = |clock, at_ns| system.offset_near(clock, at_ns);
        Bounds::new(&system.edges, &rates, &system.changes.breaks, self.main_clock(domain), guess)
    }

    /// The clocks that jumped, were corrected or are several.
    fn blamed_clocks(&self) -> Vec<DomainIx> {
        let clock = |repair: &repair::Repair| match repair.element {
            Element::Jump { clock, .. } | Element::Rate { clock, .. } | Element::Split { clock } => Some(clock),
            Element::Edge(_) | Element::Class(_) | Element::Pair { .. } | Element::Outvoted { .. } => None,
        };
        self.repairs().iter().filter_map(clock).map(|clock| self.basis.processes.domain(clock)).collect()
    }

    /// How it was analysed.
    #[must_use]
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// The reference clock and why; `None` for an empty workspace.
    #[must_use]
    pub const fn reference(&self) -> Option<&Reference> {
        self.reference.as_ref()
    }

    /// Everything that was found, the worst first, numbered from 1. Empty for [`Self::bounds_with`].
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Pairs of clocks that exchange messages, in order of their clocks.
    #[must_use]
    pub fn pairs(&self) -> &[Pair] {
        &self.solved.pairs
    }

    /// The classes of edges: rules, and for weak ones the operations; how often each was used and failed.
    #[must_use]
    pub fn classes(&self) -> &[edges::Class] {
        &self.solved.classes.list
    }

    /// What was set aside so that the rest fits, and why.
    #[must_use]
    pub fn repairs(&self) -> &[repair::Repair] {
        &self.solved.system.repairs
    }

    /// How far the clocks are from consistent before anything is set aside: the least error of every reading, and
    /// the least addition to every clock's drift, that would explain all contradictions. Rests on the edges that no
    /// other one implies, so that both are "at least". Searches the whole system: call it on a worker.
    #[must_use]
    pub fn strain(&self) -> Strain {
        if self.repairs().is_empty() {
            return Strain { reading_error_ns: Some(0), extra_drift_ppb: Some(0) };
        }
        let collected = &self.collected;
        let edges: Vec<Edge> =
            active(&collected.reduced, &self.solved.classes, &self.options).into_iter().map(|(edge, _)| edge).collect();
        let graph = Graph::build(&edges, &collected.rates, &Breaks::none(), Shape::Drift);
        let extra = graph.least_extra_drift(&edges);
        Strain { reading_error_ns: graph.least_error().map(ceil_ns), extra_drift_ppb: extra }
    }

    /// How the times of `domain` are read where they are not Unix nanoseconds.
    #[must_use]
    pub fn unit(&self, domain: DomainIx) -> Option<Unit> {
        self.basis.units.get(domain.at()).copied().flatten()
    }

    /// How long a stretch of `raw_ns` on the clock of `domain` took in nanoseconds: the same, where that is its unit.
    #[must_use]
    pub fn duration_ns(&self, domain: DomainIx, raw_ns: i64) -> i64 {
        raw_ns.saturating_mul(self.unit(domain).map_or(1, |unit| unit.factor))
    }

    /// When the clock of `domain` jumped: the last of its times that certainly came before and the first that certainly
    /// came after, in order.
    #[must_use]
    pub fn jumps(&self, domain: DomainIx) -> Vec<(i64, i64)> {
        let clock = self.main_clock(domain);
        let own = self.solved.system.jumps.iter().filter(|jump| jump.clock == clock);
        let mut jumps: Vec<(i64, i64)> = own.map(|jump| (jump.before_ns, jump.after_ns)).collect();
        jumps.sort_unstable();
        jumps
    }

    /// The edges that bounds rest on: those that no other one implies.
    #[must_use]
    pub fn edges(&self) -> &[Edge] {
        &self.solved.system.edges
    }

    /// The solver's view of bounds, for what-if; `None` for an empty workspace.
    #[must_use]
    pub fn bounds(&self) -> Option<&Bounds> {
        self.bounds.as_deref()
    }

    /// The clocks that stamped no span: brokers, and whoever dates responses.
    #[must_use]
    pub fn unseen(&self) -> &UnseenClocks {
        &self.basis.processes.unseen
    }

    /// How far cause and effect of every message are apart that these options believe. Visits every span: call it on a
    /// worker.
    #[must_use]
    pub fn separations(&self, store: &TraceStore, domains: &Domains) -> Vec<Separations> {
        let stamps = self.stamps(store, domains);
        collect_believed(&stamps, self.options.only, self.options.level, &self.solved.classes)
    }

    /// The stamps of `store` as this model reads them.
    #[must_use]
    pub fn stamps<'a>(&'a self, store: &'a TraceStore, domains: &'a Domains) -> Stamps<'a> {
        self.basis.stamps(Workspace { store, domains }).with_split(&self.solved.split)
    }
}

#[cfg(test)]
mod tests;
