//! From a store to a system that fits: what it says about its clocks, the edges in force, and their repair.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use super::super::causal::Evidence;
use super::super::circles;
use super::super::classify;
use super::super::declared;
use super::super::domains::Domains;
use super::super::edges::{self, Classes};
use super::super::explained::{self, Explained};
use super::super::overruled;
use super::super::processes::Processes;
use super::super::reference::{self, Reference};
use super::super::repair::{self, Changes, Consistent, Messages, Terms};
use super::super::same_clock;
use super::super::solve::{Edge, Group, Rates, Reduced, Reducer, is_used};
use super::super::stamps::{Other, Readers, Stamps};
use super::super::units;
use super::{Basis, Collected, Options, Pair, Solved, Workspace, pairs};
use crate::model::{SpanIx, TraceIx};

impl Basis {
    pub(super) fn new(workspace: Workspace<'_>) -> Self {
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

    pub(super) fn stamps<'a>(&'a self, workspace: Workspace<'a>) -> Stamps<'a> {
        let Workspace { store, domains } = workspace;
        let stamps = Stamps::new(store, &domains.of_span, &self.readers).with_units(&self.units);
        stamps.with_others(self.processes.first_other(), &self.processes.unseen)
    }

    pub(super) fn collect(&self, workspace: Workspace<'_>, options: &Options) -> Collected {
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
    pub(super) fn reference(&self, domains: &Domains, collected: &Collected, solved: &Solved) -> Option<Reference> {
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
    pub(super) fn solve(
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
    pub(super) fn context<'a>(
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
pub(super) fn active(reduced: &Reduced, classes: &Classes, options: &Options) -> Vec<(Edge, u32)> {
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
