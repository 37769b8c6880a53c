//! The clock model: what is known about every clock of a workspace, as one value.

use std::sync::Arc;

use super::causal::{EventKey, Evidence, Point};
use super::classify::{self, proof};
use super::domains::Domains;
use super::edges::{self, Classes};
use super::findings::{self, Finding, Proof};
use super::processes::Processes;
use super::reference::{self, Reference};
use super::repair::{self, Changes, Consistent, Terms};
use super::solve::{
    Bounds, Edge, Interval, Order, Pairwise, Rates, Reduced, Reducer, Side, Stamp, Step, ceil_ns, floor_ns, is_used,
};
use super::stamps::{Readers, Split, Stamps};
use super::units::{self, Unit};
use super::{findings::Code, findings::Severity, same_clock};
use crate::model::{DomainIx, SpanIx, TraceIx, TraceStore};

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
    /// Use edges of this trace alone.
    pub only: Option<TraceIx>,
}

impl Default for Options {
    fn default() -> Self {
        Self { level: Evidence::Convention, reference: None, drift_ppb: 50_000, drift_of: Vec::new(), only: None }
    }
}

/// What the store says, before any level or reference is chosen.
#[derive(Debug)]
struct Collected {
    readers: Readers,
    units: Vec<Option<Unit>>,
    reduced: Reduced,
    classes: Classes,
    /// Clocks that are called from outside and call others.
    gateways: Vec<bool>,
    processes: Processes,
    /// Findings that do not depend on other clocks.
    local: Vec<Finding>,
}

/// The offset of a clock against the reference clock at a moment, in nanoseconds. Positive = ahead.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Offset {
    /// At least this; `None` when nothing bounds it.
    pub lo_ns: Option<i64>,
    /// At most this; `None` when nothing bounds it.
    pub hi_ns: Option<i64>,
    /// A guess inside the bounds, never a bound; `None` when the clocks are not comparable.
    pub estimate_ns: Option<i64>,
    /// The guess assumes a latency, because one side is open; otherwise it assumes equal latencies both ways.
    pub is_assumed: bool,
}

impl Offset {
    /// Whether nothing connects the clock with the reference clock.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        self.lo_ns.is_none() && self.hi_ns.is_none()
    }
}

/// A duration between two events, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Between {
    /// At least this; `None` when nothing bounds it.
    pub lo_ns: Option<i64>,
    /// At most this; `None` when nothing bounds it.
    pub hi_ns: Option<i64>,
    /// What the raw times claim.
    pub raw_ns: i64,
    /// Which event came first, as far as is proven.
    pub order: Order,
}

/// Where an event lies on the reference clock's axis, Unix nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placed {
    /// The stated time, on the event's own clock.
    pub raw_ns: i64,
    /// Not before this; `None` when nothing bounds it.
    pub earliest_ns: Option<i64>,
    /// Not after this; `None` when nothing bounds it.
    pub latest_ns: Option<i64>,
    /// A guess inside; `None` when the clocks are not comparable.
    pub estimate_ns: Option<i64>,
}

/// Two clocks that exchange messages, under one constant offset.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pair {
    /// One clock.
    pub a: DomainIx,
    /// The other clock.
    pub b: DomainIx,
    /// (clock of `b`) - (clock of `a`) is at least this; `None` for an open side or when no constant fits.
    pub lo_ns: Option<i64>,
    /// And at most this.
    pub hi_ns: Option<i64>,
    /// Least latency there and back: no analysis can say more than this. `None` without a round trip.
    pub slack_ns: Option<i64>,
    /// Messages between the two.
    pub edges: u64,
    /// Whether one constant offset fits all of them.
    pub is_feasible: bool,
}

/// What is known about the clocks of a workspace. Immutable; cheap to build again with another level or reference.
#[derive(Clone, Debug)]
pub struct ClockModel {
    options: Options,
    rates: Rates,
    collected: Arc<Collected>,
    system: Arc<Consistent>,
    split: Split,
    reference: Option<Reference>,
    bounds: Option<Bounds>,
    findings: Vec<Finding>,
    pairs: Vec<Pair>,
}

impl ClockModel {
    /// Analyses all clocks of `store`.
    #[must_use]
    pub fn analyse(store: &TraceStore, domains: &Domains, options: &Options) -> Self {
        let processes = Processes::new(store, domains);
        let mut rates = Rates::uniform(domains.list.len() + processes.clock.len(), options.drift_ppb);
        for &(domain, ppb) in &options.drift_of {
            rates.set(domain.0, ppb);
        }
        let readers = Readers::detect(store);
        let units = units::detect(store, domains);
        let stamps = Stamps::new(store, &domains.of_span, &readers).with_units(&units);
        let (reduced, classes) = collect(&stamps, options.only, &rates, &Changes::default());
        let mut local = same_clock::findings(&stamps, domains);
        local.extend(unit_findings(&units, domains));
        let gateways = reference::gateways(store, domains);
        let collected = Arc::new(Collected { readers, units, reduced, classes, gateways, processes, local });
        Self::solve(store, domains, options, rates, collected)
    }

    /// The same workspace with another level or reference. Other options start from the store again.
    #[must_use]
    pub fn with_options(&self, store: &TraceStore, domains: &Domains, options: &Options) -> Self {
        let own = &self.options;
        let is_same_store =
            (own.drift_ppb, &own.drift_of, own.only) == (options.drift_ppb, &options.drift_of, options.only);
        if !is_same_store {
            return Self::analyse(store, domains, options);
        }
        if own.level == options.level {
            return self.seen_from(store, domains, options);
        }
        Self::solve(store, domains, options, self.rates.clone(), Arc::clone(&self.collected))
    }

    fn solve(
        store: &TraceStore,
        domains: &Domains,
        options: &Options,
        rates: Rates,
        collected: Arc<Collected>,
    ) -> Self {
        let trust: Vec<u32> = domains.list.iter().map(|domain| 20 * u32::from(reference::trust(domain.kind))).collect();
        let processes = &collected.processes;
        let process = |span: SpanIx| processes.of_resource[store.span(span).resource_ix().at()];
        let terms = Terms { rates: &rates, trust: &trust, process: &process };
        let stamps = Stamps::new(store, &domains.of_span, &collected.readers).with_units(&collected.units);
        let system = repair::repair(&terms, |changes| {
            if changes.is_empty() {
                return active(&collected.reduced, &collected.classes, options.level);
            }
            let split = processes.split(changes);
            let (reduced, classes) = collect(&stamps.with_split(&split), options.only, &rates, changes);
            active(&reduced, &classes, options.level)
        });
        let split = collected.processes.split(&system.changes);
        let model = Self {
            options: options.clone(),
            split,
            rates,
            collected,
            system: Arc::new(system),
            reference: None,
            bounds: None,
            findings: Vec::new(),
            pairs: Vec::new(),
        };
        model.seen_from(store, domains, options)
    }

    /// Chooses the reference clock and says what follows.
    fn seen_from(&self, store: &TraceStore, domains: &Domains, options: &Options) -> Self {
        let mut model = self.clone();
        model.options = options.clone();
        model.reference =
            reference::choose(domains, &self.collected.reduced, &self.collected.gateways, options.reference);
        let system = &self.system;
        let rates = system.changes.rates(&self.rates);
        model.bounds = model.reference.as_ref().and_then(|reference| {
            let guess = |clock, at_ns| {
                let near = system.graph.neighbours(clock, at_ns).into_iter().flatten().next();
                near.map_or(0, |(node, _)| system.solution[node as usize])
            };
            let frame = self.main_clock(reference.domain);
            Bounds::new(&system.edges, &rates, &system.changes.breaks, frame, guess)
        });
        model.pairs = pairs(domains.list.len(), &self.collected.reduced, &self.collected.classes, options.level);
        let is_constant = system.repairs.is_empty() && model.pairs.iter().all(|pair| pair.is_feasible);
        let context = classify::Context {
            store,
            domains,
            level: options.level,
            reference: model.reference.as_ref().map(|reference| reference.domain),
            rates: &self.rates,
            reduced: &self.collected.reduced,
            classes: &self.collected.classes,
            system,
            processes: &self.collected.processes,
            pairs: if is_constant { &model.pairs } else { &[] },
        };
        model.findings = classify::findings(&context);
        model.findings.extend(self.collected.local.iter().cloned());
        findings::number(&mut model.findings);
        model
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

    /// Everything that was found, the worst first, numbered from 1.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Pairs of clocks that exchange messages, in order of their clocks.
    #[must_use]
    pub fn pairs(&self) -> &[Pair] {
        &self.pairs
    }

    /// What was set aside so that the rest fits, and why.
    #[must_use]
    pub fn repairs(&self) -> &[repair::Repair] {
        &self.system.repairs
    }

    /// The edges that bounds rest on: those that no other one implies.
    #[must_use]
    pub fn edges(&self) -> &[Edge] {
        &self.system.edges
    }

    /// The solver's view of bounds, for what-if; `None` for an empty workspace.
    #[must_use]
    pub const fn bounds(&self) -> Option<&Bounds> {
        self.bounds.as_ref()
    }

    /// The stamps of `store` as this model reads them.
    #[must_use]
    pub fn stamps<'a>(&'a self, store: &'a TraceStore, domains: &'a Domains) -> Stamps<'a> {
        let stamps = Stamps::new(store, &domains.of_span, &self.collected.readers);
        stamps.with_units(&self.collected.units).with_split(&self.split)
    }

    /// The offset of `domain` against the reference clock when its own clock shows `at_ns`.
    #[must_use]
    pub fn offset(&self, domain: DomainIx, at_ns: i64) -> Offset {
        self.offset_of_clock(self.main_clock(domain), domain, at_ns)
    }

    fn offset_of_clock(&self, clock: u32, domain: DomainIx, at_ns: i64) -> Offset {
        if self.is_reference(domain) && clock == self.main_clock(domain) {
            return Offset { lo_ns: Some(0), hi_ns: Some(0), estimate_ns: Some(0), is_assumed: false };
        }
        let Some(bounds) = &self.bounds else { return Offset::default() };
        let range = bounds.offset(clock, at_ns);
        let estimate = bounds.estimate(clock, at_ns);
        Offset {
            lo_ns: range.lo.map(floor_ns),
            hi_ns: range.hi.map(ceil_ns),
            estimate_ns: estimate.map(|estimate| floor_ns(estimate.value)),
            is_assumed: estimate.is_some_and(|estimate| estimate.is_one_sided),
        }
    }

    /// How far to move times of `domain` around `at_ns` back so that they fit the reference clock's axis: the
    /// estimated offset, 0 when the clocks are not comparable.
    #[must_use]
    pub fn shift_ns(&self, domain: DomainIx, at_ns: i64) -> i64 {
        if self.is_reference(domain) {
            return 0;
        }
        let estimate = self.bounds.as_ref().and_then(|bounds| bounds.estimate(self.main_clock(domain), at_ns));
        estimate.map_or(0, |estimate| floor_ns(estimate.value))
    }

    /// The edges that set one end of [`Self::offset`], in causal order; empty for an open end.
    #[must_use]
    pub fn why(&self, domain: DomainIx, at_ns: i64, side: Side) -> Vec<Proof> {
        let Some(bounds) = &self.bounds else { return Vec::new() };
        bounds.why(&self.system.edges, self.main_clock(domain), at_ns, side).into_iter().map(proof).collect()
    }

    /// The solver's clock for `domain`: that of its largest process when it was taken apart.
    fn main_clock(&self, domain: DomainIx) -> u32 {
        if self.split.clocks.contains(&domain.0) { self.collected.processes.main[domain.at()] } else { domain.0 }
    }

    fn is_reference(&self, domain: DomainIx) -> bool {
        let is_steady = self.system.changes.breaks.of(domain.0).next().is_none();
        is_steady && self.reference.as_ref().is_some_and(|reference| reference.domain == domain)
    }

    /// Where the event `key` lies on the reference clock's axis; `None` when its time is missing or made up.
    #[must_use]
    pub fn place(&self, store: &TraceStore, domains: &Domains, key: EventKey) -> Option<Placed> {
        let stamp = self.stamps(store, domains).get(key)?;
        let domain = self.collected.processes.domain(stamp.clock);
        let offset = self.offset_of_clock(stamp.clock, domain, stamp.anchor_ns);
        let age = stamp.age_ns();
        let rates = self.bounds.as_ref().map(|bounds| bounds.graph().rates());
        let is_own = self.is_reference(domain);
        let drift = rates.filter(|_| !is_own).map_or(0, |rates| ceil_ns(rates.over(stamp.clock, age)));
        let early = i64::from(stamp.early_ns).saturating_sub(drift);
        let late = i64::from(stamp.late_ns).saturating_add(drift);
        let at = |offset: i64| stamp.raw_ns.saturating_sub(offset);
        Some(Placed {
            raw_ns: stamp.raw_ns,
            earliest_ns: offset.hi_ns.map(|hi| at(hi).saturating_add(early)),
            latest_ns: offset.lo_ns.map(|lo| at(lo).saturating_add(late)),
            estimate_ns: offset.estimate_ns.map(at),
        })
    }

    /// Prepares comparing the event `key` with others: the hovering and measuring tools ask many questions about
    /// one event. `None` when its time is missing or made up.
    #[must_use]
    pub fn compare(&self, store: &TraceStore, domains: &Domains, key: EventKey) -> Option<Comparison> {
        let stamp = self.stamps(store, domains).get(key)?;
        let pairwise = Pairwise::new(&self.system.graph, &self.system.solution, stamp);
        Some(Comparison { system: Arc::clone(&self.system), pairwise, key, level: self.options.level })
    }

    /// The time from event `from` to event `to`; `None` when one of the times is missing or made up.
    #[must_use]
    pub fn between(&self, store: &TraceStore, domains: &Domains, from: EventKey, to: EventKey) -> Option<Between> {
        let stamp = self.stamps(store, domains).get(to)?;
        Some(self.compare(store, domains, from)?.with(store, to, &stamp))
    }
}

/// One event, ready to be compared with others.
#[derive(Clone, Debug)]
pub struct Comparison {
    system: Arc<Consistent>,
    pairwise: Pairwise,
    key: EventKey,
    level: Evidence,
}

impl Comparison {
    /// The time from the event to `other`, whose stamp is `stamp`.
    #[must_use]
    pub fn with(&self, store: &TraceStore, other: EventKey, stamp: &Stamp) -> Between {
        let mut interval = self.pairwise.interval(&self.system.graph, stamp);
        let is_own_clock = self.pairwise.event().clock == stamp.clock;
        // On one clock its own reading counts, even when it contradicts the nesting of spans.
        if !is_own_clock && self.leads_to(store, self.key, other) {
            interval = interval.not_negative();
        } else if !is_own_clock && self.leads_to(store, other, self.key) {
            let mirrored = Interval { lo: interval.hi.map(|hi| -hi), hi: interval.lo.map(|lo| -lo) }.not_negative();
            interval = Interval { lo: mirrored.hi.map(|hi| -hi), hi: mirrored.lo.map(|lo| -lo) };
        }
        Between {
            lo_ns: interval.lo.map(floor_ns),
            hi_ns: interval.hi.map(ceil_ns),
            raw_ns: stamp.raw_ns.saturating_sub(self.pairwise.event().raw_ns),
            order: interval.order(),
        }
    }

    /// The edges that set one end of the interval to the event stamped `stamp`, in causal order; empty for an open
    /// end, and for one that a single clock or the nesting of spans decides.
    #[must_use]
    pub fn why(&self, stamp: &Stamp, side: Side) -> Vec<Proof> {
        let steps = self.pairwise.why(&self.system.graph, stamp, side == Side::Hi);
        let edges = steps.iter().filter_map(|step| match *step {
            Step::Edge(ix) => self.system.edges.get(ix as usize),
            Step::Drift { .. } => None,
        });
        edges.map(proof).collect()
    }

    /// Whether the start of a span leads to an event inside one of its descendants.
    fn leads_to(&self, store: &TraceStore, from: EventKey, to: EventKey) -> bool {
        const DEPTH: usize = 256;
        if from.point != Point::Start || (self.level == Evidence::Protocol && to.point != Point::End) {
            return false;
        }
        if self.system.changes.edges.iter().any(|cause| cause.to.span == to.span) {
            return false;
        }
        let ancestors = std::iter::successors(Some(to.span), |&span| store.span(span).parent());
        ancestors.take(DEPTH).any(|span: SpanIx| span == from.span)
    }
}

/// One pass over the store: edges, reduced as they come.
fn collect(stamps: &Stamps<'_>, only: Option<TraceIx>, rates: &Rates, changes: &Changes) -> (Reduced, Classes) {
    let mut reducer = Reducer::new(changes.rates(rates), changes.breaks.clone());
    let is_plain = changes.is_empty();
    let classes = edges::for_each(stamps, only, |edge, class| {
        if is_plain || changes.allows(edge, class) {
            reducer.push(edge, class);
        }
    });
    (reducer.finish(), classes)
}

/// The edges in force at `level`, each with its class.
fn active(reduced: &Reduced, classes: &Classes, level: Evidence) -> Vec<(Edge, u32)> {
    let is_on = |class: u32| !classes.list.get(class as usize).is_some_and(edges::Class::is_off);
    let used = reduced.groups.iter().filter(|group| is_used(group.strength, level) && is_on(group.class));
    used.flat_map(|group| group.kept.iter().map(|edge| (*edge, group.class))).collect()
}

fn unit_findings(units: &[Option<Unit>], domains: &Domains) -> Vec<Finding> {
    let clocks = units.iter().zip(&domains.list).enumerate();
    let wrong = clocks.filter_map(|(at, (unit, domain))| Some((at, unit.as_ref()?, domain)));
    let finding = |(at, unit, domain): (usize, &Unit, &super::domains::Domain)| {
        let sentence = format!("The times of {} look like {}.", domain.name, unit.words);
        let mut finding = Finding::new(Code::U, Severity::Suspicious, sentence);
        finding.root.clone_from(&domain.name);
        finding.domains = vec![DomainIx::from_usize(at)];
        finding.count = domain.spans;
        finding.model = "M0";
        finding
    };
    wrong.map(finding).collect()
}

/// Bounds between clocks that exchange messages, as if offsets never changed.
fn pairs(clocks: usize, reduced: &Reduced, classes: &Classes, level: Evidence) -> Vec<Pair> {
    let is_on = |class: u32| !classes.list.get(class as usize).is_some_and(edges::Class::is_off);
    let groups = reduced.groups.iter().filter(|group| is_used(group.strength, level) && is_on(group.class));
    let used = Reduced { groups: groups.cloned().collect(), rates: reduced.rates.clone() };
    let mut counts: std::collections::BTreeMap<(u32, u32), u64> = std::collections::BTreeMap::new();
    for group in &used.groups {
        *counts.entry((group.from.min(group.to), group.from.max(group.to))).or_default() += group.seen;
    }
    let distance = reference::distances(clocks, &used);
    let is_feasible = distance.as_ref().is_some_and(|all| (0..all.len()).all(|at| all[at][at] == Some(0)));
    let direct = |from: u32, to: u32| {
        let own = used.groups.iter().filter(|group| (group.from, group.to) == (from, to));
        own.flat_map(|group| group.kept.iter().map(Edge::base_weight)).min()
    };
    let pair = |(&(a, b), &edges): (&(u32, u32), &u64)| {
        let known = distance.as_ref().filter(|_| is_feasible);
        let bound = |from: u32, to: u32| match known {
            Some(all) => all[from as usize][to as usize],
            None => direct(from, to),
        };
        let (hi, lo) = (bound(a, b), bound(b, a).map(|cost| -cost));
        let slack = hi.zip(lo).map(|(hi, lo)| hi - lo);
        let fits = slack.is_none_or(|slack| slack >= 0);
        Pair {
            a: DomainIx(a),
            b: DomainIx(b),
            lo_ns: lo.filter(|_| fits).map(floor_ns),
            hi_ns: hi.filter(|_| fits).map(ceil_ns),
            slack_ns: slack.filter(|_| fits).map(ceil_ns),
            edges,
            is_feasible: fits,
        }
    };
    counts.iter().map(pair).collect()
}

#[cfg(test)]
mod tests;
