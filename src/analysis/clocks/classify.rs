//! From a consistent system and its repairs to findings: root causes in sentences.

use std::collections::BTreeMap;

use super::causal::Evidence;
use super::domains::{ClockKind, Domains};
use super::edges::Classes;
use super::findings::{Code, Finding, Proof, Severity};
use super::model::Pair;
use super::processes::Processes;
use super::reference::trust;
use super::repair::{Consistent, Contradiction, Element, Repair, excess_ns};
use super::solve::{
    Check, Edge, Fine, Graph, Interval, Pairwise, Rates, Reduced, Shape, Stamp, ceil_ns, fine, floor_ns,
};
use crate::model::time::{DAY, HOUR, MIN, MS, S, duration_text};
use crate::model::{DomainIx, TraceStore};

/// What findings are made from.
pub struct Context<'a> {
    pub store: &'a TraceStore,
    pub domains: &'a Domains,
    pub level: Evidence,
    pub reference: Option<DomainIx>,
    pub rates: &'a Rates,
    pub reduced: &'a Reduced,
    pub classes: &'a Classes,
    pub system: &'a Consistent,
    pub processes: &'a Processes,
    /// Bounds under constant offsets, when those fit everything.
    pub pairs: &'a [Pair],
}

/// Everything that the clocks of several machines tell about each other.
#[must_use]
pub fn findings(context: &Context<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = context.system.repairs.iter().map(|repair| context.of_repair(repair)).collect();
    found.extend(context.short_round_trips());
    found.extend(context.drifts());
    found.extend(context.offsets());
    found.extend(context.unclear_orders());
    found
}

/// An edge as proof.
#[must_use]
pub fn proof(edge: &Edge) -> Proof {
    Proof { cause: edge.cause, from_ns: edge.from.raw_ns, to_ns: edge.to.raw_ns }
}

impl Context<'_> {
    fn domain(&self, clock: u32) -> DomainIx {
        self.processes.domain(clock)
    }

    fn name(&self, clock: u32) -> &str {
        self.domains.list.get(self.domain(clock).at()).map_or("?", |domain| &domain.name)
    }

    fn span(&self, edge: &Edge, is_from: bool) -> &str {
        let key = if is_from { edge.cause.from } else { edge.cause.to };
        self.store.span(key.span).name()
    }

    /// How readily a clock is blamed: unmanaged ones first, the reference last.
    fn blame(&self, clock: u32) -> (bool, u8, u32) {
        let domain = self.domain(clock);
        let kind = self.domains.list.get(domain.at()).map_or(ClockKind::Unknown, |domain| domain.kind);
        (self.reference == Some(domain), trust(kind), clock)
    }

    fn severity(&self, contradiction: &Contradiction) -> Severity {
        let is_hard = contradiction.edges.iter().all(|edge| edge.cause.rule.strength() == Evidence::Protocol);
        if is_hard { Severity::Impossible } else { Severity::Suspicious }
    }

    fn of_repair(&self, repair: &Repair) -> Finding {
        let worst = &repair.contradictions[0];
        let mut finding = match repair.element {
            Element::Jump { clock, at_ns } => self.jump(clock, at_ns, worst),
            Element::Rate { clock, ppb } => self.slew(clock, ppb, worst),
            Element::Edge(cause) => self.wrong_edge(repair, cause),
            Element::Class(class) => self.wrong_class(class, worst),
            Element::Split { clock } => self.merged(clock, worst),
            Element::Pair { from, to } => self.loop_of(worst, &[from, to]),
        };
        finding = finding.proven_by(worst.edges.iter().map(proof).collect());
        finding.severity = self.severity(worst);
        finding.excess_ns = excess_ns(worst.excess);
        finding.count = repair.contradictions.len() as u64;
        let words = repair.alternatives.iter().map(|&other| self.remedy(other));
        finding.repairs = std::iter::once(self.remedy(repair.element)).chain(words).collect();
        finding
    }

    fn remedy(&self, element: Element) -> String {
        match element {
            Element::Edge(cause) => {
                let name = |span| self.store.span(span).name();
                format!("“{}” → “{}” is not a causal edge", name(cause.from.span), name(cause.to.span))
            }
            Element::Class(class) => format!("the rule does not hold for {}", self.operation(class)),
            Element::Jump { clock, .. } => format!("the clock of {} jumped", self.name(clock)),
            Element::Rate { clock, ppb } => {
                format!("the clock of {} was {} ppm off", self.name(clock), ppb.div_ceil(1000))
            }
            Element::Split { clock } => format!("{} is more than one clock", self.name(clock)),
            Element::Pair { from, to } => {
                format!("messages from {} to {} say nothing", self.name(from), self.name(to))
            }
        }
    }

    fn operation(&self, class: u32) -> String {
        let Some(class) = self.classes.list.get(class as usize) else { return String::new() };
        match (self.store.text(class.from_name), self.store.text(class.to_name)) {
            ("", "") => class.rule.words().to_owned(),
            (from, to) => format!("“{from}” → “{to}”"),
        }
    }

    fn jump(&self, clock: u32, at_ns: i64, worst: &Contradiction) -> Finding {
        let name = self.name(clock);
        let (before, after) = self.around(clock, at_ns);
        let size = self.difference(&Stamp::exact(clock, before), &Stamp::exact(clock, after));
        // Positive: the clock is further ahead than before.
        let least = size.lo.map(ceil_ns).into_iter().chain(size.hi.map(|hi| -floor_ns(hi))).max().unwrap_or(0);
        let is_back = size.hi.is_some_and(|hi| hi <= 0);
        let is_unmanaged = self.blame(clock).1 == trust(ClockKind::Unmanaged);
        let by = amount(size, is_back);
        if is_back && least > S && is_unmanaged {
            let sentence = format!("{name} lost {by}: its clock stopped while the computer slept.");
            return self.clock_finding(Code::C2, clock, Some(at_ns), sentence, "M3");
        }
        let way = if is_back { "back" } else { "forward" };
        let (first, last) = worst
            .stays()
            .filter(|stay| stay.0 == clock)
            .map(|(_, a, b)| (a.min(b), a.max(b)))
            .find(|stay| stay.0 < at_ns && at_ns <= stay.1)
            .unwrap_or((before, after));
        let sentence = format!(
            "{name}'s clock jumped {way} by {by} within the {} before {}.",
            duration_text(last.saturating_sub(first)),
            crate::model::time::absolute_text(last)
        );
        self.clock_finding(Code::X3, clock, Some(at_ns), sentence, "M3")
    }

    /// The last anchor before a jump and the first one from then on.
    fn around(&self, clock: u32, at_ns: i64) -> (i64, i64) {
        let times: Vec<i64> = self.system.graph.nodes_of(clock).map(|node| self.system.graph.place(node).1).collect();
        let after = times.partition_point(|&time| time < at_ns);
        let last = after.checked_sub(1).and_then(|at| times.get(at)).copied();
        (last.unwrap_or(at_ns.saturating_sub(1)), times.get(after).copied().unwrap_or(at_ns))
    }

    /// What is known about (offset at `to`) - (offset at `from`).
    fn difference(&self, from: &Stamp, to: &Stamp) -> Interval {
        let pairwise = Pairwise::new(&self.system.graph, &self.system.solution, *from);
        pairwise.offset(&self.system.graph, to)
    }

    fn merged(&self, clock: u32, worst: &Contradiction) -> Finding {
        let next = worst.edges.iter().cycle().skip(1);
        let stay = worst.edges.iter().zip(next).find(|(edge, _)| edge.to.clock == clock);
        let process = |span: crate::model::SpanIx| {
            let resource = self.store.span(span).resource_ix();
            let number = self.processes.of_resource.get(resource.at()).copied().unwrap_or(0);
            self.processes.clock.get(number as usize).map_or("", |process| &process.1)
        };
        let names = stay.map_or(("", ""), |(edge, next)| (process(edge.cause.to.span), process(next.cause.from.span)));
        let sentence = format!(
            "Several clocks are recorded as {}: the times of “{}” and “{}” differ by at least {}.",
            self.name(clock),
            names.0,
            names.1,
            duration_text(excess_ns(worst.excess))
        );
        self.clock_finding(Code::X8, clock, None, sentence, "M1")
    }

    /// As [`Self::difference`], from the constant bounds of the pair where there are some: no search needed.
    fn constant_or(&self, from: &Stamp, to: &Stamp) -> Interval {
        let (a, b) = (from.clock.min(to.clock), from.clock.max(to.clock));
        let Some(pair) = self.pairs.iter().find(|pair| (pair.a.0, pair.b.0) == (a, b)) else {
            return self.difference(from, to);
        };
        let (lo, hi) = (pair.lo_ns.map(fine), pair.hi_ns.map(fine));
        if from.clock == a { Interval { lo, hi } } else { Interval { lo: hi.map(|hi| -hi), hi: lo.map(|lo| -lo) } }
    }

    fn slew(&self, clock: u32, ppb: u32, worst: &Contradiction) -> Finding {
        let passed = worst.stays().filter(|stay| stay.0 == clock).map(|stay| stay.1.abs_diff(stay.2)).sum::<u64>();
        let sentence = format!(
            "{}'s clock ran at least {} ppm too fast or too slow for {}, typical of a clock being corrected.",
            self.name(clock),
            ppb.div_ceil(1000),
            duration_text(i64::try_from(passed).unwrap_or(i64::MAX))
        );
        let at = worst.stays().find(|stay| stay.0 == clock).map(|stay| stay.1.min(stay.2));
        self.clock_finding(Code::X2, clock, at, sentence, "M2s")
    }

    fn clock_finding(
        &self,
        code: Code,
        clock: u32,
        at_ns: Option<i64>,
        sentence: String,
        model: &'static str,
    ) -> Finding {
        let mut finding = Finding::new(code, Severity::Suspicious, sentence);
        finding.root = self.name(clock).to_owned();
        finding.domains = vec![self.domain(clock)];
        finding.at_ns = at_ns;
        finding.model = model;
        finding
    }

    fn wrong_edge(&self, repair: &Repair, cause: super::causal::Cause) -> Finding {
        let worst = &repair.contradictions[0];
        let Some(edge) = worst.edges.iter().find(|edge| edge.cause == cause) else {
            return self.loop_of(worst, &[]);
        };
        let (from, to) = (edge.from.clock, edge.to.clock);
        let others: u64 =
            self.reduced.groups.iter().filter(|group| is_between(group, from, to)).map(|group| group.seen).sum();
        if others < 3 {
            return self.loop_of(worst, &[from, to]);
        }
        let known = self.difference(&edge.from, &edge.to);
        let sentence = format!(
            "{others} messages agree that {} is {} {}; “{}” → “{}” disagrees by {}. Probably a wrong parent or \
             asynchronous work.",
            self.name(to),
            ahead(known),
            self.name(from),
            self.span(edge, true),
            self.span(edge, false),
            duration_text(excess_ns(worst.excess))
        );
        let mut finding = Finding::new(Code::X7, Severity::Suspicious, sentence);
        finding.root = format!("“{}” → “{}”", self.span(edge, true), self.span(edge, false));
        finding.domains = vec![self.domain(to), self.domain(from)];
        finding.at_ns = Some(edge.to.raw_ns);
        finding.model = "M1";
        finding
    }

    fn wrong_class(&self, class: u32, worst: &Contradiction) -> Finding {
        let sentence = format!(
            "The rule that {} does not hold for {}: it contradicts the other messages by up to {}.",
            self.classes.list.get(class as usize).map_or("", |class| class.rule.words()),
            self.operation(class),
            duration_text(excess_ns(worst.excess))
        );
        let mut finding = Finding::new(Code::X7, Severity::Suspicious, sentence);
        finding.root = self.operation(class);
        finding.domains = worst.edges.iter().map(|edge| self.domain(edge.to.clock)).collect();
        finding.domains.sort_unstable();
        finding.domains.dedup();
        finding.model = "M1";
        finding
    }

    fn loop_of(&self, worst: &Contradiction, first: &[u32]) -> Finding {
        let mut clocks: Vec<u32> = worst.edges.iter().map(|edge| edge.from.clock).collect();
        clocks.sort_unstable();
        clocks.dedup();
        let by = duration_text(excess_ns(worst.excess));
        let (code, sentence) = if clocks.len() > 2 {
            let text = format!(
                "Together these {} messages would have an effect arrive {by} before its cause.",
                worst.edges.len()
            );
            (Code::X5, text)
        } else {
            let names: Vec<&str> = clocks.iter().map(|&clock| self.name(clock)).collect();
            let text = format!(
                "A round trip between {} is {by} shorter than the work inside it. No clock offset can fix this: the \
                 call did not wait, or a span boundary is wrong.",
                names.join(" and ")
            );
            (Code::X4, text)
        };
        clocks.sort_by_key(|clock| !first.contains(clock));
        let mut finding = Finding::new(code, Severity::Suspicious, sentence);
        finding.root = clocks.iter().map(|&clock| self.name(clock)).collect::<Vec<_>>().join(", ");
        finding.domains = clocks.into_iter().map(|clock| self.domain(clock)).collect();
        finding.model = "M4";
        finding
    }

    /// Servers that are longer than the calls that they are in, per operation.
    fn short_round_trips(&self) -> Vec<Finding> {
        if self.level == Evidence::Protocol {
            return Vec::new();
        }
        let failing = self.classes.list.iter().filter_map(|class| Some((class, class.worst?)));
        failing.map(|(class, (cause, by_ns))| self.short_round_trip(class, cause, by_ns)).collect()
    }

    fn short_round_trip(&self, class: &super::edges::Class, cause: super::causal::Cause, by_ns: i64) -> Finding {
        let (server, client) = (self.store.span(cause.from.span), self.store.span(cause.to.span));
        let clock = |span| self.domains.of_span.get(crate::model::SpanIx::at(span)).copied().unwrap_or(DomainIx(0));
        let (inner, outer) = (clock(cause.from.span), clock(cause.to.span));
        let sentence = if class.is_off() {
            format!(
                "The rule that {} does not hold for “{}”: {} of {} servers report more work than their callers saw. It \
                 is not used there.",
                class.rule.words(),
                client.name(),
                class.failures,
                class.uses
            )
        } else {
            format!(
                "{} reports {} of work inside a call that {} saw for {}. No clock offset can fix this: the call did not \
                 wait for the server (streaming, timeout, asynchronous), or a span boundary is wrong.",
                self.name(inner.0),
                duration_text(server.duration_ns().unwrap_or(0)),
                self.name(outer.0),
                duration_text(client.duration_ns().unwrap_or(0))
            )
        };
        let severity = if class.is_off() { Severity::Info } else { Severity::Suspicious };
        let mut finding = Finding::new(Code::X4, severity, sentence);
        finding = finding.proven_by(vec![Proof { cause, from_ns: server.end_ns(), to_ns: client.end_ns() }]);
        finding.root = format!("“{}” → “{}”", client.name(), server.name());
        finding.domains = vec![inner, outer];
        finding.count = class.failures;
        finding.excess_ns = by_ns;
        finding.model = "M4";
        finding.at_ns = Some(server.end_ns());
        finding
    }

    /// Clocks without one offset for all the time: as few as explain it.
    fn drifts(&self) -> Vec<Finding> {
        let edges = &self.system.edges;
        let steady = |clock: u32| self.system.changes.rates.iter().all(|rate| rate.0 != clock);
        let mut rates = Rates::uniform(self.rates.clocks(), 0);
        for &(clock, ppb) in &self.system.changes.rates {
            rates.set(clock, ppb);
        }
        let mut found = Vec::new();
        for _ in 0..self.rates.clocks() {
            let graph = Graph::build(edges, &rates, &self.system.changes.breaks, Shape::Drift);
            let Check::Contradiction(witness) = graph.check(None) else { break };
            let witness = witness.shrink(edges, &rates, &self.system.changes.breaks);
            let cycle: Vec<Edge> = witness.edges().map(|ix| edges[ix as usize]).collect();
            let clocks = cycle.iter().map(|edge| edge.to.clock);
            let blamed =
                clocks.filter(|&clock| rates.ppb(clock) == 0 && steady(clock)).min_by_key(|&clock| self.blame(clock));
            let Some(clock) = blamed else { break };
            rates.set(clock, self.system.graph.rates().ppb(clock).saturating_mul(2));
            found.push(self.drift(clock, &cycle, witness.excess));
        }
        found
    }

    fn drift(&self, clock: u32, cycle: &[Edge], excess: Fine) -> Finding {
        let next = cycle.iter().cycle().skip(1);
        let stays = cycle.iter().zip(next).filter(|(edge, _)| edge.to.clock == clock);
        let passed: u64 = stays.map(|(edge, next)| edge.to.anchor_ns.abs_diff(next.from.anchor_ns)).sum();
        let ppm = excess / Fine::from(passed.max(1)) / 1000 + 1;
        let sentence = format!(
            "No single offset fits {}: messages {} apart contradict each other by {}. A drift of {ppm} ppm explains it.",
            self.name(clock),
            duration_text(i64::try_from(passed).unwrap_or(i64::MAX)),
            duration_text(excess_ns(excess))
        );
        let at = cycle.iter().find(|edge| edge.to.clock == clock).map(|edge| edge.to.raw_ns);
        let mut finding = self.clock_finding(Code::X1, clock, at, sentence, "M2");
        finding = finding.proven_by(cycle.iter().map(proof).collect());
        finding.severity = Severity::Clock;
        finding.excess_ns = excess_ns(excess);
        finding
    }

    /// Raw times that run backwards, but fit an offset: as few clocks as explain all of them.
    fn offsets(&self) -> Vec<Finding> {
        let mut worst: BTreeMap<(u32, u32), (&Edge, u64)> = BTreeMap::new();
        let used = self.reduced.groups.iter().filter(|group| self.is_used(group));
        for group in used.filter(|group| group.negative > 0) {
            let least = group.kept.iter().filter(|edge| self.system.changes.allows(edge, group.class));
            let Some(least) = least.min_by_key(|edge| edge.base_weight()) else { continue };
            if least.base_weight() >= 0 || is_within_grain(least) {
                continue;
            }
            let entry = worst.entry((group.from, group.to)).or_insert((least, 0));
            entry.1 += group.negative;
            if least.base_weight() < entry.0.base_weight() {
                entry.0 = least;
            }
        }
        let mut found = Vec::new();
        while !worst.is_empty() {
            let mut pairs: BTreeMap<u32, u64> = BTreeMap::new();
            for &(from, to) in worst.keys() {
                *pairs.entry(from).or_default() += 1;
                *pairs.entry(to).or_default() += 1;
            }
            let blamed = pairs.iter().min_by_key(|&(&clock, &pairs)| {
                let (is_reference, trust, clock) = self.blame(clock);
                (is_reference, std::cmp::Reverse(pairs), trust, clock)
            });
            let Some((&clock, _)) = blamed else { break };
            let own: Vec<_> =
                worst.iter().filter(|(key, _)| key.0 == clock || key.1 == clock).map(|(&k, &v)| (k, v)).collect();
            worst.retain(|key, _| key.0 != clock && key.1 != clock);
            found.push(self.offset(clock, &own));
        }
        found
    }

    fn is_used(&self, group: &super::solve::Group) -> bool {
        super::solve::is_used(group.strength, self.level)
            && !self.classes.list.get(group.class as usize).is_some_and(super::edges::Class::is_off)
    }

    fn offset(&self, clock: u32, pairs: &[Backwards<'_>]) -> Finding {
        let worst = pairs.iter().min_by_key(|pair| pair.1.0.base_weight()).map_or(pairs[0].1.0, |pair| pair.1.0);
        let count: u64 = pairs.iter().map(|pair| pair.1.1).sum();
        let other = if worst.from.clock == clock { worst.to.clock } else { worst.from.clock };
        // (offset of the clock) - (offset of the other one)
        let known = if worst.to.clock == clock {
            self.constant_or(&worst.from, &worst.to)
        } else {
            self.constant_or(&worst.to, &worst.from)
        };
        let by = duration_text(worst.raw_separation_ns().saturating_neg());
        let start = format!(
            "“{}” appears to happen {by} before “{}” caused it.",
            self.span(worst, false),
            self.span(worst, true)
        );
        let (code, rest) = if known.lo.is_some() && known.hi.is_some() {
            let rest =
                format!("One offset explains it: {} is {} {}.", self.name(clock), ahead(known), self.name(other));
            (Code::N0, rest)
        } else {
            let rest = format!(
                "{} is {} {}; nothing here bounds it from the other side.",
                self.name(clock),
                ahead(known),
                self.name(other)
            );
            (Code::N1, rest)
        };
        let more = if count > 1 { format!(" {count} messages show it.") } else { String::new() };
        let hint = constant(known).map_or_else(String::new, |hint| format!(" {hint}"));
        let sentence = format!("{start} {rest}{more}{hint}");
        let mut finding = self.clock_finding(code, clock, Some(worst.to.raw_ns), sentence, "M1");
        finding = finding.proven_by(pairs.iter().map(|pair| proof(pair.1.0)).collect());
        finding.domains.push(self.domain(other));
        finding.severity = Severity::Clock;
        finding.count = count;
        finding.excess_ns = worst.raw_separation_ns().saturating_neg();
        finding
    }

    /// Orders that resolution hides, per clock with the coarser stamps.
    fn unclear_orders(&self) -> Vec<Finding> {
        let mut counts: BTreeMap<u32, (u64, i32)> = BTreeMap::new();
        for group in self.reduced.groups.iter().filter(|group| self.is_used(group) && group.unclear > 0) {
            let coarse = |stamp: &Stamp| stamp.late_ns - stamp.early_ns;
            let most = group
                .kept
                .iter()
                .map(|edge| (coarse(&edge.from), edge.from.clock).max((coarse(&edge.to), edge.to.clock)))
                .max();
            let Some((grain, clock)) = most else { continue };
            let entry = counts.entry(clock).or_default();
            *entry = (entry.0 + group.unclear, entry.1.max(grain));
        }
        let finding = |(clock, (count, grain)): (u32, (u64, i32))| {
            let sentence = format!(
                "The order of {count} messages cannot be told: {} stamps are only good to {}.",
                self.name(clock),
                duration_text(i64::from(grain))
            );
            let mut finding = self.clock_finding(Code::Q, clock, None, sentence, "M0");
            finding.severity = Severity::Info;
            finding.count = count;
            finding
        };
        counts.into_iter().map(finding).collect()
    }
}

/// A pair of clocks with raw times that run backwards: the worst edge, and how many there are.
type Backwards<'a> = ((u32, u32), (&'a Edge, u64));

fn is_between(group: &super::solve::Group, a: u32, b: u32) -> bool {
    (group.from, group.to) == (a, b) || (group.from, group.to) == (b, a)
}

/// Whether a backward step is smaller than what the stamps look rounded to, be there enough of them or not.
fn is_within_grain(edge: &Edge) -> bool {
    let grain = |stamp: &Stamp| {
        [S, MS, 1000].into_iter().find(|unit| stamp.raw_ns != 0 && stamp.raw_ns % unit == 0).unwrap_or(1)
    };
    let back = edge.raw_separation_ns().saturating_neg();
    back < grain(&edge.from).max(grain(&edge.to)) && edge.from.raw_ns.abs() > DAY
}

/// `ahead of` or `behind`, with the interval: what goes between two names.
fn ahead(known: Interval) -> String {
    let (lo, hi) = (known.lo.map(floor_ns), known.hi.map(ceil_ns));
    let range = |a: i64, b: i64| {
        let (a, b) = (duration_text(a), duration_text(b));
        if a == b { a } else { format!("{a} to {b}") }
    };
    match (lo, hi) {
        (Some(lo), Some(hi)) if lo >= 0 => format!("ahead by {} of", range(lo, hi)),
        (Some(lo), Some(hi)) if hi <= 0 => format!("behind by {} of", range(hi.saturating_neg(), lo.saturating_neg())),
        (Some(lo), Some(hi)) => {
            format!("between {} behind and {} ahead of", duration_text(lo.saturating_neg()), duration_text(hi))
        }
        (Some(lo), None) if lo >= 0 => format!("ahead by at least {} of", duration_text(lo)),
        (Some(lo), None) => format!("at most {} behind", duration_text(lo.saturating_neg())),
        (None, Some(hi)) if hi <= 0 => format!("behind by at least {} of", duration_text(hi.saturating_neg())),
        (None, Some(hi)) => format!("at most {} ahead of", duration_text(hi)),
        (None, None) => "not comparable with".to_owned(),
    }
}

fn amount(size: Interval, is_back: bool) -> String {
    let (lo, hi) = if is_back { (size.hi.map(|hi| -hi), size.lo.map(|lo| -lo)) } else { (size.lo, size.hi) };
    match (lo.map(floor_ns), hi.map(ceil_ns)) {
        (Some(lo), Some(hi)) if duration_text(lo) == duration_text(hi) => duration_text(lo),
        (Some(lo), Some(hi)) => format!("{} to {}", duration_text(lo), duration_text(hi)),
        (Some(lo), None) => format!("at least {}", duration_text(lo)),
        (None, Some(hi)) => format!("at most {}", duration_text(hi)),
        (None, None) => "an unknown amount".to_owned(),
    }
}

/// A well-known constant inside a narrow interval: a hint, never a proof.
fn constant(known: Interval) -> Option<String> {
    let (lo, hi) = (floor_ns(known.lo?), ceil_ns(known.hi?));
    let (lo, hi) = if hi < 0 { (hi.saturating_neg(), lo.saturating_neg()) } else { (lo, hi) };
    let is_named = |value: i64| lo <= value && value <= hi && hi.saturating_sub(lo) < value / 10;
    if is_named(37 * S) {
        return Some("Atomic time (TAI) is 37 s ahead of UTC.".to_owned());
    }
    if is_named(18 * S) {
        return Some("GPS time is 18 s ahead of UTC.".to_owned());
    }
    let quarter = 15 * MIN;
    let nearest = lo.saturating_add(hi) / 2;
    let steps = (nearest.saturating_add(quarter / 2)) / quarter;
    let value = steps.saturating_mul(quarter);
    let is_zone = steps > 0 && value <= 14 * HOUR && is_named(value) && hi.saturating_sub(lo) < MIN;
    is_zone.then(|| {
        format!(
            "That is {} within {}: likely a time-zone mistake.",
            duration_text(value),
            duration_text((hi - lo).max(1))
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_constants_are_named_only_when_the_interval_is_narrow() {
        let hint = |lo, hi| constant(Interval { lo: Some(fine(lo)), hi: Some(fine(hi)) });
        assert!(hint(2 * HOUR - S, 2 * HOUR + S).unwrap().contains("time-zone"));
        assert!(hint(-2 * HOUR - S, -2 * HOUR + S).unwrap().contains("time-zone"));
        assert!(hint(37 * S - MS, 37 * S + MS).unwrap().contains("TAI"));
        assert_eq!(hint(0, 4 * HOUR), None);
        assert_eq!(hint(MS, 2 * MS), None);
        assert_eq!(hint(2 * HOUR + 5 * MIN, 2 * HOUR + 6 * MIN), None);
    }
}
