//! What a repair leaves open: when exactly a clock jumped, and whether another explanation is as good.
//!
//! Bounds must hold whatever is true. So a clock that jumped between two of its times is not trusted to have been
//! steady anywhere between them, and where two explanations are about as likely, neither of the suspects is relied on.
//! Only a clock that nobody manages is blamed alone beside one that is managed.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::causal::Evidence;
use super::repair::{Changes, Consistent, Contradiction, Element, Repair, Terms, steady};
use super::solve::{Check, Edge, Graph, Guide, Interval, Pairwise, Shape, Stamp, Trial, Trials, worst_round_trip};

/// A jump of a clock, and between which of its times it happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Jump {
    /// The clock.
    pub clock: u32,
    /// The last of its times that certainly came before.
    pub before_ns: i64,
    /// The first of its times that certainly came after.
    pub after_ns: i64,
    /// (offset after it) - (offset before it), if it was this clock that jumped.
    pub size: Interval,
}

/// How often the edges around jumps are collected anew; each time more of what they imply comes to light.
const LOOKS: usize = 4;

/// Gives up what the repair of `exact` leaves open. `all` are the edges with their classes that it was found with,
/// `chosen` the changes; `collect` returns the edges under given changes.
pub fn loosen(
    exact: Consistent,
    chosen: &[Element],
    all: Vec<(Edge, u32)>,
    terms: &Terms<'_>,
    collect: impl FnMut(&Changes) -> Vec<(Edge, u32)>,
) -> Consistent {
    if exact.repairs.is_empty() {
        return exact;
    }
    let (exact, all) = with_edges_near_jumps(exact, chosen, all, terms, collect);
    let edges: Vec<Edge> = all.iter().map(|entry| entry.0).collect();
    let system = System::new(&exact, (&all, &edges), terms);
    let mut changes = exact.changes.clone();
    let mut jumps = Vec::new();
    let mut repairs = exact.repairs.clone();
    for repair in &mut repairs {
        let others: Vec<Element> = chosen.iter().copied().filter(|&other| other != repair.element).collect();
        let unexplained = system.unexplained(repair, &others);
        if let Element::Jump { clock, at_ns } = repair.element
            && let Some(gap) = system.gap(&others, (clock, at_ns), &unexplained)
        {
            gap.open_in(&mut changes);
            jumps.push(system.jump(&others, &gap));
        }
        let (mut hard, mut is_cut) = (None, false);
        if !repair.contradictions.first().is_some_and(Contradiction::is_hard) && !system.is_spent() {
            hard = system.hard_contradiction(&others);
        }
        repair.alternatives.retain(|&other| {
            // What is not tried is not said, but not relied on either.
            let (is_known, mut is_one) = (!system.is_spent(), false);
            is_cut |= !is_known;
            if is_known {
                is_one = system.is_feasible(&others.iter().copied().chain([other]).collect::<Vec<_>>());
            }
            if (is_one || !is_known) && system.is_doubtful(repair.element, other) {
                system.apply(&others, other, &unexplained, &mut changes);
            }
            is_one
        });
        repair.is_cut = is_cut;
        repair.contradictions.splice(0..0, hard);
    }
    let (edges, graph) = graph(&all, &changes, terms);
    match graph.check(Some(exact.guess_for(&graph))) {
        Check::Feasible(solution) => {
            Consistent { edges, graph, solution, changes, repairs, jumps, guide: std::sync::OnceLock::new() }
        }
        // Less evidence cannot contradict itself more; should it ever, the exact repair stands.
        Check::Contradiction(_) => Consistent { repairs, jumps, ..exact },
    }
}

/// `exact` with the edges back that others implied as long as the clock jumped where the repair put it: elsewhere they
/// say more, and narrow down when it jumped.
fn with_edges_near_jumps(
    mut exact: Consistent,
    chosen: &[Element],
    mut all: Vec<(Edge, u32)>,
    terms: &Terms<'_>,
    mut collect: impl FnMut(&Changes) -> Vec<(Edge, u32)>,
) -> (Consistent, Vec<(Edge, u32)>) {
    let mut before = Vec::new();
    for _ in 0..LOOKS {
        let edges: Vec<Edge> = all.iter().map(|entry| entry.0).collect();
        let gaps = System::new(&exact, (&all, &edges), terms).gaps(chosen);
        if gaps.is_empty() || gaps == before {
            break;
        }
        let mut changes = exact.changes.clone();
        for gap in &gaps {
            gap.open_in(&mut changes);
        }
        let mut more = collect(&changes);
        // Over the gap nothing implies anything, but what was at hand still holds together.
        let known: BTreeSet<_> = more.iter().map(|(edge, class)| (edge.cause, *class)).collect();
        more.extend(all.iter().filter(|(edge, class)| !known.contains(&(edge.cause, *class))));
        let (edges, graph) = graph(&more, &exact.changes, terms);
        let Check::Feasible(solution) = graph.check(Some(exact.guess_for(&graph))) else { break };
        exact = Consistent { edges, graph, solution, guide: std::sync::OnceLock::new(), ..exact };
        (all, before) = (more, gaps);
    }
    (exact, all)
}

/// The graph of those of `all` that count under `changes`.
fn graph(all: &[(Edge, u32)], changes: &Changes, terms: &Terms<'_>) -> (Vec<Edge>, Graph) {
    let allowed = all.iter().filter(|(edge, class)| changes.allows(edge, *class));
    let edges: Vec<Edge> = allowed.map(|entry| entry.0).collect();
    let graph = Graph::build(&edges, &changes.rates(terms.rates), &changes.breaks, Shape::Drift);
    (edges, graph)
}

struct System<'a> {
    exact: &'a Consistent,
    all: &'a [(Edge, u32)],
    terms: &'a Terms<'a>,
    /// Over the edges of `all`, from the solution of `exact`.
    trials: RefCell<Trials<'a>>,
}

/// Where a clock may have jumped.
#[derive(PartialEq, Eq)]
struct Gap {
    clock: u32,
    /// The last of its times that certainly came before, and the first one that certainly came after.
    between_ns: (i64, i64),
    /// Its times between them.
    known_ns: Vec<i64>,
}

impl Gap {
    /// Takes the steadiness of the clock there out of `changes`.
    fn open_in(&self, changes: &mut Changes) {
        changes.breaks.insert_gap(self.clock, self.between_ns, &self.known_ns);
    }
}

impl<'a> System<'a> {
    /// `edges` are those of `all`.
    fn new(exact: &'a Consistent, (all, edges): (&'a [(Edge, u32)], &'a [Edge]), terms: &'a Terms<'a>) -> Self {
        let trials = Trials::new(edges, terms.rates, |clock, at_ns| exact.offset_near(clock, at_ns));
        Self { exact, all, terms, trials: RefCell::new(trials) }
    }

    /// Where the clocks that jumped may have done so.
    fn gaps(&self, chosen: &[Element]) -> Vec<Gap> {
        let gap = |repair: &Repair| {
            let Element::Jump { clock, at_ns } = repair.element else { return None };
            let others: Vec<Element> = chosen.iter().copied().filter(|&other| other != repair.element).collect();
            self.gap(&others, (clock, at_ns), &self.unexplained(repair, &others))
        };
        self.exact.repairs.iter().filter_map(gap).collect()
    }

    /// What protocol alone finds contradictory with no more than the changes `others`: the proof that needs least.
    fn hard_contradiction(&self, others: &[Element]) -> Option<Contradiction> {
        let changes = Changes::of(others);
        let is_hard = |edge: &Edge| edge.cause.rule.strength() == Evidence::Protocol;
        if self.fits(&changes, is_hard) {
            return None;
        }
        let allowed = self.all.iter().filter(|(edge, class)| is_hard(edge) && changes.allows(edge, *class));
        let active: Vec<(Edge, u32)> = allowed.copied().collect();
        let edges: Vec<Edge> = active.iter().map(|entry| entry.0).collect();
        let rates = changes.rates(self.terms.rates);
        let found = worst_round_trip(&edges, &rates, &changes.breaks).or_else(|| {
            let graph = Graph::build(&edges, &rates, &changes.breaks, Shape::Drift);
            match graph.check(steady(&edges, &graph)) {
                Check::Feasible(_) => None,
                Check::Contradiction(witness) => Some(witness),
            }
        })?;
        Some(Contradiction::of(&found.shrink(&edges, &rates, &changes.breaks), &active, self.terms.rates))
    }

    fn is_feasible(&self, elements: &[Element]) -> bool {
        self.fits(&Changes::of(elements), |_| true)
    }

    /// Whether those edges fit that `changes` allow and that count.
    fn fits(&self, changes: &Changes, counts: impl Fn(&Edge) -> bool) -> bool {
        let holds = |ix: u32| {
            let entry = self.all.get(ix as usize);
            entry.is_some_and(|(edge, class)| counts(edge) && changes.allows(edge, *class))
        };
        let trial = Trial { rates: &changes.rates(self.terms.rates), breaks: &changes.breaks, holds: &holds };
        self.trials.borrow_mut().is_feasible(&trial)
    }

    /// Whether the other explanation keeps the chosen one from being relied on.
    fn is_doubtful(&self, chosen: Element, other: Element) -> bool {
        let is_managed = |clock: u32| self.terms.trust.get(clock as usize).is_none_or(|&trust| trust > 0);
        match (chosen, other) {
            (_, Element::Split { .. } | Element::Pair { .. } | Element::Outvoted { .. })
            | (Element::Split { .. }, Element::Edge(_)) => false,
            (Element::Jump { clock, .. }, Element::Jump { clock: other, .. }) => {
                is_managed(clock) || !is_managed(other)
            }
            _ => true,
        }
    }

    fn is_spent(&self) -> bool {
        self.trials.borrow().spent() >= self.terms.budget.arcs
    }

    /// The contradictions that no other change than `repair` resolves.
    fn unexplained(&self, repair: &Repair, others: &[Element]) -> Vec<Contradiction> {
        let is_open = |own: &&Contradiction| !others.iter().any(|&other| own.is_hit(other, self.terms));
        repair.contradictions.iter().filter(is_open).cloned().collect()
    }

    /// Adds another explanation of what is `unexplained` to `changes`.
    fn apply(&self, others: &[Element], element: Element, unexplained: &[Contradiction], changes: &mut Changes) {
        match element {
            Element::Jump { clock, at_ns } => {
                if let Some(gap) = self.gap(others, (clock, at_ns), unexplained) {
                    gap.open_in(changes);
                }
            }
            other => changes.add(other),
        }
    }

    /// Finds between which nodes the clock may have jumped: it did so in the middle of each contradiction that nothing
    /// else explains. Where there is no time to look closer, that is all that is said.
    fn gap(&self, others: &[Element], (clock, at_ns): (u32, i64), unexplained: &[Contradiction]) -> Option<Gap> {
        let graph = &self.exact.graph;
        let times: Vec<i64> = graph.nodes_of(clock).map(|node| graph.place(node).1).collect();
        let (from_ns, to_ns) = window(clock, at_ns, unexplained);
        // A jump just before a time that no edge in force has parts the same nodes as one before the next node.
        let latest = times.partition_point(|&time| time < to_ns).min(times.len().checked_sub(1)?).max(1);
        let earliest = times.partition_point(|&time| time <= from_ns).clamp(1, latest);
        let chosen = times.partition_point(|&time| time < at_ns).clamp(earliest, latest);
        let mut elements = others.to_vec();
        let mut is_possible = |at: usize| {
            elements.push(Element::Jump { clock, at_ns: times[at] });
            let is_possible = self.is_spent() || self.is_feasible(&elements);
            elements.pop();
            is_possible
        };
        // The nodes that may be the first one after the jump lie side by side around the chosen one, and mostly close
        // to it: the further away one is tried, the more of the system moves.
        let first = chosen - furthest(chosen - earliest, |steps| is_possible(chosen - steps));
        let last = chosen + furthest(latest - chosen, |steps| is_possible(chosen + steps));
        let between_ns = (*times.get(first.checked_sub(1)?)?, *times.get(last)?);
        Some(Gap { clock, between_ns, known_ns: times.get(first..last).unwrap_or_default().to_vec() })
    }

    /// The jump in `gap`, and how far it went.
    fn jump(&self, others: &[Element], gap: &Gap) -> Jump {
        let (clock, (before_ns, after_ns)) = (gap.clock, gap.between_ns);
        let mut own = Changes::of(others);
        gap.open_in(&mut own);
        let (_, graph) = graph(self.all, &own, self.terms);
        let size = match graph.check(Some(self.exact.guess_for(&graph))) {
            Check::Feasible(solution) => {
                let guide = Guide::new(&graph, &solution);
                let mut before = Pairwise::new(&graph, &guide, Stamp::exact(clock, before_ns));
                before.offset(&graph, &guide, &Stamp::exact(clock, after_ns))
            }
            Check::Contradiction(_) => Interval::default(),
        };
        Jump { clock, before_ns, after_ns, size }
    }
}

/// Between which times `clock` jumped if it did so near `at_ns` and that explains all of `contradictions`.
fn window(clock: u32, at_ns: i64, contradictions: &[Contradiction]) -> (i64, i64) {
    contradictions.iter().fold((i64::MIN, i64::MAX), |(from_ns, to_ns), own| {
        let stays = own.stays().filter(|stay| stay.0 == clock).flat_map(|stay| [stay.1, stay.2]);
        let hull = stays.fold(None, |hull: Option<(i64, i64)>, time| {
            Some(hull.map_or((time, time), |(from, to)| (from.min(time), to.max(time))))
        });
        match hull {
            Some((first, last)) if first < at_ns && at_ns <= last => (from_ns.max(first), to_ns.min(last)),
            _ => (from_ns, to_ns),
        }
    })
}

/// How many steps, at most `most`, are possible when all up to some are: in doubling strides, then by halving the last.
fn furthest(most: usize, mut is_possible: impl FnMut(usize) -> bool) -> usize {
    let (mut known, mut stride) = (0, 1);
    let mut limit = loop {
        let next = (known + stride).min(most);
        if next == known {
            return most;
        }
        if !is_possible(next) {
            break next;
        }
        (known, stride) = (next, 2 * stride);
    };
    while known + 1 < limit {
        let middle = usize::midpoint(known, limit);
        if is_possible(middle) { known = middle } else { limit = middle }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::furthest;

    #[test]
    fn strides_end_where_the_last_possible_step_is() {
        for most in 0..40 {
            for last in 0..=most {
                let mut tries = 0;
                let found = furthest(most, |steps| {
                    tries += 1;
                    assert!(0 < steps && steps <= most);
                    steps <= last
                });
                assert_eq!((found, tries <= 2 * (last + 1).ilog2() + 2), (last, true), "{last} of {most}: {tries}");
            }
        }
    }
}
