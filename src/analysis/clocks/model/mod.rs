//! The clock model: what is known about every clock of a workspace, as one value.

mod answers;
mod bands;
mod pairs;
mod waits;
mod whatif;

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use super::causal::Evidence;
use super::circles;
use super::classify;
use super::declared::{self, Bound};
use super::domains::Domains;
use super::edges::{self, ClassChoice, Classes};
use super::explained::{self, Explained};
use super::findings::{self, Finding};
use super::overruled;
use super::processes::Processes;
use super::reference::{self, Reference};
use super::repair::{self, Budget, Changes, Consistent, Element, Messages, Terms};
use super::same_clock;
use super::separations::{Separations, collect_believed};
use super::solve::{Bounds, Breaks, Edge, Graph, Group, Rates, Reduced, Reducer, Shape, ceil_ns, is_used};
use super::stamps::{Other, Readers, Split, Stamps};
use super::units::{self, Unit};
use super::unseen::UnseenClocks;
use crate::model::{DomainIx, SpanIx, TraceIx, TraceStore};
pub use answers::{Between, Comparison, Offset, Placed};
pub use bands::{Band, BandJump, BandPoint, Touch};
pub use pairs::Pair;
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

impl Basis {
    fn new(workspace: Workspace<'_>) -> Self {
        let Workspace { store, domains } = workspace;
        let readers = Readers::detect(store);
        let units = units::detect(store, domains);
        let stamps = Stamps::new(store, &domains.of_span, &readers).with_units(&units);
        let mut local = same_clock::findings(&stamps, domains);
        local.extend(units::findings(store, &units, domains));
        local.extend(circles::findings(store, domains));
        let gateways = reference::gateways(store, domains);
        let processes = Processes::new(store, domains);
        let declared = declared::by_domain(store, domains);
        Self { readers, units, gateways, processes, local, declared }
    }

    fn stamps<'a>(&'a self, workspace: Workspace<'a>) -> Stamps<'a> {
        let Workspace { store, domains } = workspace;
        let stamps = Stamps::new(store, &domains.of_span, &self.readers).with_units(&self.units);
        stamps.with_others(self.processes.first_other(), &self.processes.unseen)
    }

    fn collect(&self, workspace: Workspace<'_>, options: &Options) -> Collected {
        let domains = workspace.domains;
        let mut rates = Rates::uniform(self.processes.clocks(), options.drift_ppb);
        rates.set(self.processes.first_other() + self.processes.unseen.number(Other::Utc), 0);
        for &(domain, ppb) in &options.drift_of {
            for clock in self.processes.clocks_of(domain) {
                rates.set(clock, ppb);
            }
        }
        let stamps = self.stamps(workspace);
        let (reduced, classes) = collect(&stamps, options.only, &Classes::default(), &rates, &Changes::default());
        let declared: Vec<bool> = self.declared.iter().map(Option::is_some).collect();
        let choice = reference::choose(domains, &reduced, (&self.gateways, &declared), &[]);
        Collected { rates, reduced, classes, choice }
    }

    /// The reference clock when the user chooses none: never one that turned out to be several unnamed ones.
    fn reference(&self, domains: &Domains, collected: &Collected, solved: &Solved) -> Option<Reference> {
        let choice = collected.choice.as_ref()?;
        let is_several = |domain: usize| {
            let is_split = u32::try_from(domain).is_ok_and(|clock| solved.split.clocks.contains(&clock));
            is_split && self.processes.is_unnamed[domain]
        };
        if !is_several(choice.domain.at()) {
            return Some(choice.clone());
        }
        let declared: Vec<bool> = self.declared.iter().map(Option::is_some).collect();
        let is_several: Vec<bool> = (0..domains.list.len()).map(is_several).collect();
        let other = reference::choose(domains, &collected.reduced, (&self.gateways, &declared), &is_several);
        other.or_else(|| Some(choice.clone()))
    }

    /// Makes the edges at the level of `options` consistent. `near` is a solution of a similar system.
    fn solve(
        &self,
        workspace: Workspace<'_>,
        collected: &Collected,
        options: &Options,
        near: Option<&Consistent>,
    ) -> Solved {
        let domains = workspace.domains;
        let Collected { rates, reduced, .. } = collected;
        let mut classes = collected.classes.clone();
        classes.choose(&options.said);
        let mut system = self.repaired(workspace, collected, &classes, options, near);
        // Habits that do not hold are switched off before anything is blamed for contradicting them.
        while let Some(overruled) = self.overruled(workspace, collected, &classes, options, &system) {
            classes = overruled;
            system = self.repaired(workspace, collected, &classes, options, near);
        }
        let pairs = pairs::pairs(domains.list.len(), &used(reduced, &classes, options).collect::<Vec<_>>());
        let split = self.processes.split(&system.changes);
        let stamps = self.stamps(workspace);
        let explained = explained::explained(&stamps, options.only, (&system, rates), &self.processes, &classes);
        let context = self.context(workspace, (collected, &classes), options, (&system, &pairs, &explained));
        let faults = classify::faults(&context);
        let (level, said, budget) = (options.level, options.said.clone(), options.budget);
        let system = Arc::new(system);
        let (home, found) = (OnceLock::new(), OnceLock::new());
        Solved { level, said, budget, system, classes, split, pairs, explained, faults, home, found }
    }

    /// The edges in force with what must be given up so that they fit.
    fn repaired(
        &self,
        workspace: Workspace<'_>,
        collected: &Collected,
        classes: &Classes,
        options: &Options,
        near: Option<&Consistent>,
    ) -> Consistent {
        let Workspace { store, domains } = workspace;
        let Collected { rates, reduced, .. } = collected;
        let mut trust: Vec<u32> =
            domains.list.iter().map(|domain| 20 * u32::from(reference::trust(domain.kind))).collect();
        // Of two clocks that might be blamed alike, not the one that would be the reference.
        if let Some(slot) = collected.choice.as_ref().and_then(|choice| trust.get_mut(choice.domain.at())) {
            *slot += 10;
        }
        let processes = &self.processes;
        let process = |span: SpanIx| processes.number(store, span);
        let unseen = |clock| processes.unseen(clock).map(|other| other.is_guessed);
        let positions = 0_u32..;
        let kept = positions.zip(&classes.list).filter(|(_, class)| class.said == Some(true)).map(|(at, _)| at);
        let (unnamed, kept) = (&processes.unnamed, kept.collect::<BTreeSet<u32>>());
        let terms = Terms {
            rates,
            trust: &trust,
            unnamed,
            process: &process,
            unseen: &unseen,
            kept: &kept,
            spares_classes: false,
            budget: options.budget,
        };
        let stamps = self.stamps(workspace);
        repair::repair(&terms, near, &mut InForce { stamps, rates, reduced, classes, processes, options })
    }

    /// `classes` with those switched off that are part of what `system` had to repair and that protocol alone
    /// contradicts too often; `None` when there are none.
    fn overruled(
        &self,
        workspace: Workspace<'_>,
        collected: &Collected,
        classes: &Classes,
        options: &Options,
        system: &Consistent,
    ) -> Option<Classes> {
        let contradictions = system.repairs.iter().flat_map(|repair| &repair.contradictions);
        let suspects: BTreeSet<u32> = contradictions.flat_map(repair::Contradiction::weak_classes).collect();
        if suspects.is_empty() {
            return None;
        }
        let certain = Options { level: Evidence::Protocol, ..options.clone() };
        let edges = active(&collected.reduced, classes, &certain).into_iter().map(|(edge, _)| edge).collect();
        // Where protocol contradicts itself, clocks are to blame, and nothing can be held against a habit.
        let protocol = Consistent::without_repair(edges, &collected.rates)?;
        let groups = used(&collected.reduced, classes, options);
        overruled::overrule(&self.stamps(workspace), options.only, &protocol, groups, (classes, &suspects))
    }

    /// What findings are made from, as yet without a reference clock.
    fn context<'a>(
        &'a self,
        workspace: Workspace<'a>,
        (collected, classes): (&'a Collected, &'a Classes),
        options: &Options,
        (system, pairs, explained): (&'a Consistent, &'a [Pair], &'a [Explained]),
    ) -> classify::Context<'a> {
        let is_constant = system.repairs.is_empty() && pairs.iter().all(|pair| pair.is_feasible);
        classify::Context {
            store: workspace.store,
            domains: workspace.domains,
            level: options.level,
            reference: None,
            rates: &collected.rates,
            reduced: &collected.reduced,
            classes,
            system,
            processes: &self.processes,
            pairs: if is_constant { pairs } else { &[] },
            bounds: None,
            explained,
            declared: &self.declared,
        }
    }
}

/// The messages of a workspace.
struct InForce<'a> {
    stamps: Stamps<'a>,
    rates: &'a Rates,
    reduced: &'a Reduced,
    classes: &'a Classes,
    processes: &'a Processes,
    options: &'a Options,
}

impl Messages for InForce<'_> {
    fn reduced(&mut self, changes: &Changes) -> Vec<(Edge, u32)> {
        if let Some(edges) = spared(used(self.reduced, self.classes, self.options), changes) {
            return edges;
        }
        let split = self.processes.split(changes);
        let stamps = self.stamps.with_split(&split);
        let (reduced, again) = collect(&stamps, self.options.only, self.classes, self.rates, changes);
        active(&reduced, &again, self.options)
    }

    fn each(&mut self, changes: &Changes, visit: &mut dyn FnMut(&Edge, u32)) {
        let split = self.processes.split(changes);
        let is_on = is_on(self.classes);
        edges::for_each_again(&self.stamps.with_split(&split), self.options.only, self.classes, |edge, class| {
            let is_in_force = is_used(edge.cause.rule.strength(), self.options.level) && is_on(class);
            if is_in_force && changes.allows(edge, class) {
                visit(edge, class);
            }
        });
    }

    fn explained(&mut self, system: &Consistent) -> Vec<u64> {
        let (only, processes) = (self.options.only, self.processes);
        let found = explained::explained(&self.stamps, only, (system, self.rates), processes, self.classes);
        found.iter().map(|own| own.count).collect()
    }
}

/// One pass over the store: edges, reduced as they come.
fn collect(
    stamps: &Stamps<'_>,
    only: Option<TraceIx>,
    known: &Classes,
    rates: &Rates,
    changes: &Changes,
) -> (Reduced, Classes) {
    let mut reducer = Reducer::new(changes.rates(rates), changes.breaks.clone());
    let is_plain = changes.is_empty();
    let classes = edges::for_each_again(stamps, only, known, |edge, class| {
        if is_plain || changes.allows(edge, class) {
            reducer.push(edge, class);
        }
    });
    (reducer.finish(), classes)
}

/// Whether edges of a class count.
fn is_on(classes: &Classes) -> impl Fn(u32) -> bool + use<> {
    let is_on: Vec<bool> = classes.list.iter().map(|class| !class.is_off()).collect();
    move |class: u32| is_on.get(class as usize).copied().unwrap_or(true)
}

/// The groups of edges in force under `options`.
fn used<'a>(reduced: &'a Reduced, classes: &'a Classes, options: &'a Options) -> impl Iterator<Item = &'a Group> {
    let is_on = is_on(classes);
    reduced.groups.iter().filter(move |group| is_used(group.strength, options.level) && is_on(group.class))
}

/// The edges in force under `options`, each with its class.
fn active(reduced: &Reduced, classes: &Classes, options: &Options) -> Vec<(Edge, u32)> {
    used(reduced, classes, options).flat_map(|group| group.kept.iter().map(|edge| (*edge, group.class))).collect()
}

/// The edges in force under `changes` as far as they are at hand; `None` when another pass over the spans may find
/// edges that were implied by one that does not count any more.
fn spared<'a>(groups: impl Iterator<Item = &'a Group>, changes: &Changes) -> Option<Vec<(Edge, u32)>> {
    if !changes.breaks.is_empty()
        || !changes.rates.is_empty()
        || !changes.splits.is_empty()
        || !changes.outvoted.is_empty()
    {
        return None;
    }
    let mut edges = Vec::new();
    for group in groups {
        let is_touched = |edge: &Edge| changes.edges.contains(&edge.cause);
        let is_whole = changes.edges.is_empty() || !group.kept.iter().chain(&group.spare).any(is_touched);
        if !is_whole && !group.is_complete() {
            return None;
        }
        let spare: &[Edge] = if is_whole { &[] } else { &group.spare };
        let allowed = group.kept.iter().chain(spare).filter(|edge| changes.allows(edge, group.class));
        edges.extend(allowed.map(|edge| (*edge, group.class)));
    }
    Some(edges)
}

#[cfg(test)]
mod tests;
