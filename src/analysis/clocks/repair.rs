//! What to give up when no offsets fit: an edge, a rule, or the steadiness of a clock.
//!
//! A cheapest set of changes that breaks every contradiction, by implicit hitting sets: look for a negative cycle,
//! find the cheapest set for the cycles found so far, apply it, look again. Hitting sets are hard in general
//! (maximum feasible subsystem) but tiny here. Raw data is never changed; a repair only decides which edges count.

mod terms;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::causal::{Cause, Evidence, Rule};
use super::doubt::{self, Jump};
use super::solve::{
    Bounds, Breaks, Check, Edge, FINE_PER_NS, Fine, Graph, Guide, Rates, Shape, Step, Witness, worst_round_trip,
    worst_round_trips,
};
pub use terms::Terms;

/// A change that may make the rest consistent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Element {
    /// One edge does not hold.
    Edge(Cause),
    /// A weak class of edges does not hold.
    Class(u32),
    /// A clock jumped just before its own time.
    Jump {
        /// The clock.
        clock: u32,
        /// Its time.
        at_ns: i64,
    },
    /// A clock drifts faster than assumed.
    Rate {
        /// The clock.
        clock: u32,
        /// The drift that explains it, in parts per billion.
        ppb: u32,
    },
    /// What is recorded as one clock is several, one per process.
    Split {
        /// The clock.
        clock: u32,
    },
    /// Two clocks contradict each other so often that no messages from one to the other count.
    Pair {
        /// The sending clock.
        from: u32,
        /// The receiving clock.
        to: u32,
    },
}

/// Edges that cannot all hold.
#[derive(Clone, Debug)]
pub struct Contradiction {
    /// The edges, in causal order; the last one ends where the first one starts.
    pub edges: Vec<Edge>,
    /// By how much they contradict each other.
    pub excess: Fine,
    /// Class of each edge.
    classes: Vec<u32>,
}

impl Contradiction {
    /// What `witness` says about `active`, edges with their classes, under the usual drift of `rates`.
    #[must_use]
    pub fn of(witness: &Witness, active: &[(Edge, u32)], rates: &Rates) -> Self {
        let ixs: Vec<usize> = witness.edges().map(|ix| ix as usize).collect();
        let excess = excess(&witness.steps, active, rates);
        let (edges, classes) = ixs.iter().map(|&ix| active[ix]).unzip();
        Self { edges, classes, excess }
    }

    /// Whether it holds by protocol alone.
    #[must_use]
    pub fn is_hard(&self) -> bool {
        self.edges.iter().all(|edge| edge.cause.rule.strength() == Evidence::Protocol)
    }

    /// Where the cycle stays on a clock: (clock, arrival, departure), times of that clock.
    pub fn stays(&self) -> impl Iterator<Item = (u32, i64, i64)> + '_ {
        let next = self.edges.iter().cycle().skip(1);
        self.edges.iter().zip(next).map(|(edge, next)| (edge.to.clock, edge.to.anchor_ns, next.from.anchor_ns))
    }

    /// The weak classes on the cycle.
    pub fn weak_classes(&self) -> impl Iterator<Item = u32> + '_ {
        let classes = self.edges.iter().zip(&self.classes);
        classes.filter(|(edge, _)| edge.cause.rule.strength() == Evidence::Convention).map(|(_, &class)| class)
    }

    /// The class of the edge of `cause`, if it is one of these.
    #[must_use]
    pub fn class_of(&self, cause: Cause) -> Option<u32> {
        let at = self.edges.iter().position(|edge| edge.cause == cause)?;
        self.classes.get(at).copied()
    }

    /// Clocks on which the cycle goes from a stamp of one process to one of another.
    fn crossings<'a>(&'a self, terms: &'a Terms<'_>) -> impl Iterator<Item = u32> + 'a {
        let next = self.edges.iter().cycle().skip(1);
        let stays = self.edges.iter().zip(next);
        let across =
            stays.filter(|(edge, next)| terms.may_differ(edge.to.clock, edge.cause.to.span, next.cause.from.span));
        across.map(|(edge, _)| edge.to.clock)
    }

    /// The changes that would resolve this contradiction, each with its cost in thousandths.
    fn remedies(&self, terms: &Terms<'_>) -> Vec<(Element, u32)> {
        let mut found = Vec::new();
        for (edge, &class) in self.edges.iter().zip(&self.classes) {
            let strength = edge.cause.rule.strength();
            let cost = match (edge.cause.rule, strength) {
                (Rule::DeclaredBound, _) => 2000,
                (_, Evidence::Protocol) => 4000,
                _ => 1000,
            };
            found.push((Element::Edge(edge.cause), cost));
            if strength == Evidence::Convention && !terms.kept.contains(&class) {
                found.push((Element::Class(class), 2000));
            }
        }
        let crossed: BTreeSet<u32> = self.crossings(terms).collect();
        let is_several = |clock: u32| crossed.contains(&clock) && terms.is_unnamed(clock);
        for (clock, arrival, departure) in self.stays().filter(|stay| stay.1 != stay.2) {
            let trust = terms.trust.get(clock as usize).copied().unwrap_or(0);
            let trust = if is_several(clock) { trust + terms::UNNAMED } else { trust };
            found.push((Element::Jump { clock, at_ns: arrival.max(departure) }, 2500 + trust));
            let passed = Fine::from(arrival.abs_diff(departure));
            let missing = (self.excess + passed - 1) / passed;
            let own = terms.rates.ppb(clock);
            if let Ok(ppb) = u32::try_from(Fine::from(own) + missing)
                && ppb <= FASTEST_SLEW_PPB
            {
                found.push((Element::Rate { clock, ppb }, rate_cost(ppb, own) + trust));
            }
        }
        found.extend(crossed.iter().map(|&clock| (Element::Split { clock }, terms.split_cost(clock))));
        found.sort_by_key(|&(element, cost)| (cost, element));
        found
    }

    pub(super) fn is_hit(&self, element: Element, terms: &Terms<'_>) -> bool {
        match element {
            Element::Edge(cause) => self.edges.iter().any(|edge| edge.cause == cause),
            Element::Class(class) => {
                let weak = |edge: &Edge| edge.cause.rule.strength() == Evidence::Convention;
                self.edges.iter().zip(&self.classes).any(|(edge, &own)| own == class && weak(edge))
            }
            Element::Jump { clock, at_ns } => self.stays().any(|(own, arrival, departure)| {
                own == clock && arrival.min(departure) < at_ns && at_ns <= arrival.max(departure)
            }),
            Element::Rate { clock, ppb } => {
                let more = Fine::from(slew_bound(ppb).saturating_sub(terms.rates.ppb(clock)));
                let passed: Fine = self.stays().filter(|stay| stay.0 == clock).map(|stay| stay_ns(&stay)).sum();
                more * passed >= self.excess
            }
            Element::Split { clock } => self.crossings(terms).any(|own| own == clock),
            Element::Pair { from, to } => self.edges.iter().any(|edge| edge.from.clock == from && edge.to.clock == to),
        }
    }
}

fn stay_ns(&(_, arrival, departure): &(u32, i64, i64)) -> Fine {
    Fine::from(arrival.abs_diff(departure))
}

/// chrony corrects a clock by at most 83,333 ppm.
const FASTEST_SLEW_PPB: u32 = 83_333_000;

/// What `TrueTime` allows for, and how fast ntpd corrects, each with the 50 ppm of the clock itself.
const TRUE_TIME_PPB: u32 = 250_000;
const NTPD_SLEW_PPB: u32 = 550_000;

/// How fast a clock may have run that needs at least `ppb`: the next limit that clock software has. What the
/// contradictions need is only a lower bound of the rate; with no more than that, true offsets would fall outside of
/// the bounds.
fn slew_bound(ppb: u32) -> u32 {
    [TRUE_TIME_PPB, NTPD_SLEW_PPB].into_iter().find(|&limit| ppb <= limit).unwrap_or(FASTEST_SLEW_PPB)
}

fn rate_cost(ppb: u32, own: u32) -> u32 {
    let factor = (ppb / own.max(1)).max(1);
    3000 + 1000 * factor.ilog2() + 1000 * (factor % 2)
}

/// A change that was made, and why.
#[derive(Clone, Debug)]
pub struct Repair {
    /// The change.
    pub element: Element,
    /// The contradictions that it resolves, the worst one first.
    pub contradictions: Vec<Contradiction>,
    /// Other changes that explain the same about as well.
    pub alternatives: Vec<Element>,
    /// There may be more of them: the system contradicts itself too much to try all.
    pub is_cut: bool,
}

/// Changes in force.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Edges that do not count.
    pub edges: BTreeSet<Cause>,
    /// Classes that do not count.
    pub classes: BTreeSet<u32>,
    /// Jumps.
    pub breaks: Breaks,
    /// Faster drifts, (clock, ppb).
    pub rates: Vec<(u32, u32)>,
    /// Pairs of clocks whose messages do not count, (from, to).
    pub pairs: BTreeSet<(u32, u32)>,
    /// Clocks that are taken apart.
    pub splits: BTreeSet<u32>,
}

impl Changes {
    pub(super) fn of(elements: &[Element]) -> Self {
        let mut changes = Self::default();
        for &element in elements {
            changes.add(element);
        }
        changes
    }

    pub(super) fn add(&mut self, element: Element) {
        match element {
            Element::Edge(cause) => {
                self.edges.insert(cause);
            }
            Element::Class(class) => {
                self.classes.insert(class);
            }
            Element::Jump { clock, at_ns } => self.breaks.insert(clock, at_ns),
            Element::Rate { clock, ppb } => self.rates.push((clock, slew_bound(ppb))),
            Element::Split { clock } => {
                self.splits.insert(clock);
            }
            Element::Pair { from, to } => {
                self.pairs.insert((from, to));
            }
        }
    }

    /// True when nothing is changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.edges.is_empty()
            && self.classes.is_empty()
            && self.breaks.is_empty()
            && self.rates.is_empty()
            && self.pairs.is_empty()
            && self.splits.is_empty()
    }

    /// The drift bounds with these changes.
    #[must_use]
    pub fn rates(&self, base: &Rates) -> Rates {
        let mut rates = base.clone();
        for &(clock, ppb) in &self.rates {
            rates.set(clock, rates.ppb(clock).max(ppb));
        }
        rates
    }

    /// Whether an edge of `class` counts.
    #[must_use]
    pub fn allows(&self, edge: &Edge, class: u32) -> bool {
        !self.classes.contains(&class)
            && !self.edges.contains(&edge.cause)
            && !self.pairs.contains(&(edge.from.clock, edge.to.clock))
    }
}

/// A consistent system.
#[derive(Clone, Debug)]
pub struct Consistent {
    /// The edges in force.
    pub edges: Vec<Edge>,
    /// The graph without a reference clock, and offsets that satisfy it.
    pub graph: Graph,
    /// One offset per node of `graph`.
    pub solution: Vec<Fine>,
    /// What was changed.
    pub changes: Changes,
    /// Why.
    pub repairs: Vec<Repair>,
    /// The jumps among the changes, with what is known of their moments.
    pub jumps: Vec<Jump>,
    /// Made when distances are first asked for.
    pub(super) guide: OnceLock<Guide>,
}

impl Consistent {
    /// A system that needs no repair; `None` for contradictory edges.
    #[must_use]
    pub fn without_repair(edges: Vec<Edge>, rates: &Rates) -> Option<Self> {
        let graph = Graph::build(&edges, rates, &Breaks::none(), Shape::Drift);
        let Check::Feasible(solution) = graph.check(steady(&edges, &graph)) else { return None };
        let (changes, repairs, jumps, guide) = (Changes::default(), Vec::new(), Vec::new(), OnceLock::new());
        Some(Self { edges, graph, solution, changes, repairs, jumps, guide })
    }

    /// What searches for distances in `graph` go by.
    #[must_use]
    pub fn guide(&self) -> &Guide {
        self.guide.get_or_init(|| {
            let centred = self.centred();
            Guide::new(&self.graph, centred.as_deref().unwrap_or(&self.solution))
        })
    }

    /// A solution in the middle of what is possible, where there is as much room one way as the other: seen from the
    /// clock with the most messages, whichever the reference clock is.
    fn centred(&self) -> Option<Vec<Fine>> {
        let mut messages = vec![0_usize; self.graph.rates().clocks()];
        for clock in self.edges.iter().flat_map(|edge| [edge.from.clock, edge.to.clock]) {
            messages[clock as usize] += 1;
        }
        let busiest = (0_u32..).zip(messages).max_by_key(|&(clock, count)| (count, std::cmp::Reverse(clock)))?.0;
        let guess = |clock, at_ns| self.offset_near(clock, at_ns);
        let bounds = Bounds::new(&self.edges, self.graph.rates(), self.graph.breaks(), busiest, guess)?;
        let nodes = 0..u32::try_from(self.graph.len()).unwrap_or(u32::MAX);
        let middle = |node: u32| {
            let (clock, at_ns) = self.graph.place(node);
            bounds.estimate(clock, at_ns).map_or(self.solution[node as usize], |estimate| estimate.value)
        };
        match self.graph.check(Some(nodes.map(middle).collect())) {
            Check::Feasible(solution) => Some(solution),
            Check::Contradiction(_) => None,
        }
    }

    /// An offset of `clock` at its own time `at_ns` that goes well with the solution; 0 where nothing is known.
    #[must_use]
    pub fn offset_near(&self, clock: u32, at_ns: i64) -> Fine {
        let near = self.graph.neighbours(clock, at_ns).into_iter().flatten();
        let highest = near.map(|(node, drift)| self.solution[node as usize] + drift).min();
        highest.unwrap_or(0)
    }

    /// A guess per node of another graph over the same clocks.
    pub(super) fn guess_for(&self, graph: &Graph) -> Vec<Fine> {
        let nodes = 0..u32::try_from(graph.len()).unwrap_or(u32::MAX);
        let offset = |node| {
            let (clock, at_ns) = graph.place(node);
            self.offset_near(clock, at_ns)
        };
        nodes.map(offset).collect()
    }
}

/// Contradictions to be looked at before edges are dropped without weighing.
const WEIGHED: usize = 40;
/// How often the edges are collected anew.
const COLLECTIONS: usize = 6;

/// Finds a cheapest repair and applies it. `near` is a solution of a similar system, to start from. `collect`
/// returns the reduced edges with their classes under given changes: what one edge implied must come back when it
/// does not count.
pub fn repair(
    terms: &Terms<'_>,
    near: Option<&Consistent>,
    mut collect: impl FnMut(&Changes) -> Vec<(Edge, u32)>,
) -> Consistent {
    let mut found: Vec<Contradiction> = Vec::new();
    let mut chosen: Vec<Element> = Vec::new();
    let mut rounds = 0;
    loop {
        let collected = Changes::of(&chosen);
        let all = collect(&collected);
        let known = found.len();
        rounds += 1;
        loop {
            let changes = Changes::of(&chosen);
            let rates = changes.rates(terms.rates);
            let active: Vec<(Edge, u32)> =
                all.iter().filter(|(edge, class)| changes.allows(edge, *class)).copied().collect();
            let edges: Vec<Edge> = active.iter().map(|entry| entry.0).collect();
            let graph = Graph::build(&edges, &rates, &changes.breaks, Shape::Drift);
            match check(&edges, &graph, near, !found.is_empty()) {
                Check::Feasible(solution) => {
                    if found.len() > known && rounds < COLLECTIONS {
                        break;
                    }
                    let repairs = explain(&chosen, &found, terms);
                    let (jumps, guide) = (Vec::new(), OnceLock::new());
                    let exact = Consistent { edges, graph, solution, changes, repairs, jumps, guide };
                    return doubt::loosen(exact, &chosen, all, terms, collect);
                }
                Check::Contradiction(witness) => {
                    if found.len() >= WEIGHED {
                        // Past the limit: give up every pair of clocks on a cycle, so that this ends soon. Those of two
                        // clocks have nothing to do with each other.
                        let mut witnesses = worst_round_trips(&edges, &rates, &changes.breaks);
                        if witnesses.is_empty() {
                            witnesses.push(witness.shrink(&edges, &rates, &changes.breaks));
                        }
                        for witness in witnesses {
                            let contradiction = Contradiction::of(&witness, &active, terms.rates);
                            let pair = |edge: &Edge| Element::Pair { from: edge.from.clock, to: edge.to.clock };
                            chosen.extend(contradiction.edges.iter().map(pair));
                            found.push(contradiction);
                        }
                        continue;
                    }
                    let witness = witness.shrink(&edges, &rates, &changes.breaks);
                    found.push(Contradiction::of(&witness, &active, terms.rates));
                    chosen = hitting_set(&found, terms);
                    // Taking a clock apart gives its edges other clocks: start from the store again.
                    if rounds < COLLECTIONS && Changes::of(&chosen).splits != collected.splits {
                        break;
                    }
                }
            }
        }
    }
}

/// Solves `graph`. A solution near by saves the search where it fits, but decides nothing: which contradiction is
/// found first must not depend on what was looked at before. The shortest contradictions come first; in a system that
/// `is_troubled` they are looked for before anything else.
fn check(edges: &[Edge], graph: &Graph, near: Option<&Consistent>, is_troubled: bool) -> Check {
    let shortest = || worst_round_trip(edges, graph.rates(), graph.breaks());
    if is_troubled && let Some(witness) = shortest() {
        return Check::Contradiction(witness);
    }
    if let Some(near) = near
        && let Check::Feasible(solution) = graph.check(Some(near.guess_for(graph)))
    {
        return Check::Feasible(solution);
    }
    match graph.check(steady(edges, graph)) {
        Check::Contradiction(witness) if !is_troubled => Check::Contradiction(shortest().unwrap_or(witness)),
        other => other,
    }
}

/// The shortfall of a cycle under the usual drift.
fn excess(steps: &[Step], edges: &[(Edge, u32)], rates: &Rates) -> Fine {
    let cost = |step: &Step| match *step {
        Step::Edge(ix) => edges[ix as usize].0.weight(rates),
        Step::Drift { clock, from_ns, to_ns } => rates.over(clock, from_ns.abs_diff(to_ns)),
    };
    -steps.iter().map(cost).sum::<Fine>()
}

/// Offsets that never change, as a guess per node: exactly right when they fit all edges, and then nothing is left
/// to search.
#[must_use]
pub fn steady(edges: &[Edge], graph: &Graph) -> Option<Vec<Fine>> {
    let clocks = graph.rates().clocks();
    let still = Rates::uniform(clocks, 0);
    let flat = Graph::build(edges, &still, &Breaks::none(), Shape::Constant);
    let Check::Feasible(solution) = flat.check(None) else { return None };
    let of_clock: Vec<Fine> = (0..u32::try_from(clocks).unwrap_or(u32::MAX))
        .map(|clock| flat.nodes_of(clock).next().map_or(0, |node| solution[node as usize]))
        .collect();
    let nodes = 0..u32::try_from(graph.len()).unwrap_or(u32::MAX);
    Some(nodes.map(|node| of_clock[graph.place(node).0 as usize]).collect())
}

struct Cover<'a> {
    found: &'a [Contradiction],
    remedies: Vec<Vec<(Element, u32)>>,
    terms: &'a Terms<'a>,
    best: Vec<Element>,
    best_cost: u32,
    tries: u32,
}

/// The cheapest set of changes that resolves all of `found`: exact up to a number of tries, else the best so far.
fn hitting_set(found: &[Contradiction], terms: &Terms<'_>) -> Vec<Element> {
    let remedies = found.iter().map(|contradiction| shared_remedies(contradiction, found, terms)).collect();
    let mut cover = Cover { found, remedies, terms, best: Vec::new(), best_cost: u32::MAX, tries: 0 };
    cover.search(&mut Vec::new(), 0);
    cover.best
}

/// The remedies of one contradiction, jumps also at the moments that other contradictions suggest: one jump may
/// resolve several only at a moment that they have in common. What resolves most comes first.
fn shared_remedies(own: &Contradiction, found: &[Contradiction], terms: &Terms<'_>) -> Vec<(Element, u32)> {
    let mut remedies = own.remedies(terms);
    let jumps: Vec<(Element, u32)> =
        remedies.iter().copied().filter(|(element, _)| matches!(element, Element::Jump { .. })).collect();
    for (element, cost) in jumps {
        let Element::Jump { clock, .. } = element else { continue };
        for (other, arrival, departure) in found.iter().flat_map(Contradiction::stays) {
            let moved = Element::Jump { clock, at_ns: arrival.max(departure) };
            if other == clock && own.is_hit(moved, terms) {
                remedies.push((moved, cost));
            }
        }
    }
    let hits = |element| found.iter().filter(|contradiction| contradiction.is_hit(element, terms)).count();
    remedies.sort_by_cached_key(|&(element, cost)| (std::cmp::Reverse(hits(element)), cost, element));
    remedies.dedup();
    remedies
}

impl Cover<'_> {
    fn search(&mut self, chosen: &mut Vec<Element>, cost: u32) {
        const TRIES: u32 = 20_000;
        if cost >= self.best_cost || self.tries > TRIES {
            return;
        }
        self.tries += 1;
        let is_open =
            |contradiction: &Contradiction| !chosen.iter().any(|&element| contradiction.is_hit(element, self.terms));
        let Some(open) = self.found.iter().position(is_open) else {
            self.best_cost = cost;
            self.best.clone_from(chosen);
            return;
        };
        for (element, price) in self.remedies[open].clone() {
            // A faster drift of the same clock replaces the slower one.
            let replaced = chosen.iter().position(|other| is_same_rate(*other, element));
            let refund = replaced.map_or(0, |at| self.price(chosen[at]));
            chosen.push(element);
            let old = replaced.map(|at| chosen.swap_remove(at));
            self.search(chosen, (cost + price).saturating_sub(refund));
            chosen.retain(|other| *other != element);
            chosen.extend(old);
        }
    }

    fn price(&self, element: Element) -> u32 {
        let known = self.remedies.iter().flatten().find(|(other, _)| *other == element);
        known.map_or(0, |&(_, cost)| cost)
    }
}

fn is_same_rate(a: Element, b: Element) -> bool {
    matches!((a, b), (Element::Rate { clock: a, .. }, Element::Rate { clock: b, .. }) if a == b)
}

/// Gives each change the contradictions that it resolves, and what else would resolve them for about the same.
fn explain(chosen: &[Element], found: &[Contradiction], terms: &Terms<'_>) -> Vec<Repair> {
    let mut repairs: Vec<Repair> = Vec::new();
    for &element in chosen {
        let hits = |element| move |contradiction: &&Contradiction| contradiction.is_hit(element, terms);
        let mut contradictions: Vec<Contradiction> = found.iter().filter(hits(element)).cloned().collect();
        // What needs the least to be believed comes first.
        contradictions.sort_by_key(|own| (!own.is_hard(), std::cmp::Reverse(own.excess)));
        let Some(first) = contradictions.first() else { continue };
        let remedies = shared_remedies(first, &contradictions, terms);
        let own = remedies.iter().find(|remedy| remedy.0 == element).map_or(u32::MAX, |remedy| remedy.1);
        let only_here = contradictions
            .iter()
            .filter(|contradiction| chosen.iter().filter(|&&other| contradiction.is_hit(other, terms)).count() == 1);
        let only_here: Vec<&Contradiction> = only_here.collect();
        let alternatives = remedies.iter().filter(|&&(other, cost)| {
            other != element
                && (u64::from(cost) * 10 <= u64::from(own) * 11 || terms.is_as_likely(element, other))
                && only_here.iter().all(|contradiction| contradiction.is_hit(other, terms))
        });
        let mut alternatives: Vec<Element> = alternatives.map(|remedy| remedy.0).collect();
        // One jump per clock: its other moments are the same explanation.
        let mut jumped: Vec<u32> = Vec::new();
        alternatives.retain(|other| match *other {
            Element::Jump { clock, .. } if jumped.contains(&clock) => false,
            Element::Jump { clock, .. } => {
                jumped.push(clock);
                !matches!(element, Element::Jump { clock: own, .. } if own == clock)
            }
            _ => true,
        });
        repairs.push(Repair { element, contradictions, alternatives, is_cut: false });
    }
    repairs
}

/// An excess in whole nanoseconds, rounded up.
#[must_use]
pub fn excess_ns(excess: Fine) -> i64 {
    i64::try_from((excess + FINE_PER_NS - 1) / FINE_PER_NS).unwrap_or(i64::MAX)
}
