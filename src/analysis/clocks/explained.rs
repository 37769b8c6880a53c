//! How much one root cause explains: the messages that would be impossible without it.

use super::edges::{self, Classes};
use super::findings::Finding;
use super::processes::Processes;
use super::repair::{Consistent, Element};
use super::solve::{Bounds, Breaks, Edge, Rates};
use super::stamps::Stamps;
use crate::model::{SpanIx, TraceIx};

/// What one repair explains.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Explained {
    /// Messages that contradict the others without the repair.
    pub count: u64,
    /// Spans that they lead to, the clearest first; at most [`Finding::EXAMPLES`].
    pub spans: Vec<SpanIx>,
}

/// What a clock was like where it was right, as seen from itself, and which messages to hold against that.
struct Test {
    /// The repair.
    at: usize,
    /// The clock as spans name it.
    clock: u32,
    bounds: Bounds,
    suspect: Suspect,
    found: Vec<(i128, SpanIx)>,
    count: u64,
}

/// Messages that are not among those that the bounds rest on.
enum Suspect {
    /// Those of the clock before (true) or from a time on.
    Side(bool, i64),
    /// Those of all processes but one.
    OtherThan(u32),
    /// Those of a class.
    Class(u32),
}

/// What each of the repairs of `system` explains. Visits every span when there are repairs that concern more than a
/// single message.
#[must_use]
pub fn explained(
    stamps: &Stamps<'_>,
    only: Option<TraceIx>,
    (system, rates): (&Consistent, &Rates),
    processes: &Processes,
    classes: &Classes,
) -> Vec<Explained> {
    let mut explained = vec![Explained::default(); system.repairs.len()];
    let tests = system.repairs.iter().enumerate();
    let mut tests: Vec<Test> =
        tests.filter_map(|(at, repair)| Test::new(at, repair.element, system, rates, processes)).collect();
    if tests.is_empty() {
        return explained;
    }
    edges::for_each_again(stamps, only, classes, |edge, class| {
        // What contradicts most others is explained by that.
        if system.changes.outvoted.contains(&edge.cause) {
            return;
        }
        for test in &mut tests {
            test.look(stamps, processes, edge, class);
        }
    });
    for mut test in tests {
        test.found.sort_by_key(|&(by, span)| (std::cmp::Reverse(by), span));
        let mut spans: Vec<SpanIx> = Vec::new();
        for (_, span) in test.found {
            if spans.len() < Finding::EXAMPLES && !spans.contains(&span) {
                spans.push(span);
            }
        }
        explained[test.at] = Explained { count: test.count, spans };
    }
    explained
}

impl Test {
    fn new(at: usize, element: Element, system: &Consistent, rates: &Rates, processes: &Processes) -> Option<Self> {
        let touches = |edge: &Edge, clock: u32| edge.from.clock == clock || edge.to.clock == clock;
        let (clock, frame, edges, suspect) = match element {
            Element::Jump { clock, at_ns } => {
                let own_ns =
                    |edge: &Edge| if edge.from.clock == clock { edge.from.anchor_ns } else { edge.to.anchor_ns };
                let own = system.edges.iter().filter(|edge| touches(edge, clock));
                let before = own.clone().filter(|edge| own_ns(edge) < at_ns).count();
                let is_before_right = 2 * before >= own.count();
                let is_right = |edge: &Edge| !touches(edge, clock) || (own_ns(edge) < at_ns) == is_before_right;
                let edges: Vec<Edge> = system.edges.iter().filter(|edge| is_right(edge)).copied().collect();
                (clock, clock, edges, Suspect::Side(!is_before_right, at_ns))
            }
            // What each request did is all that is known of a clock that nothing names.
            Element::Split { clock } if processes.may_be_several(clock) || processes.unseen(clock).is_some() => {
                return None;
            }
            Element::Split { clock } => {
                let domain = processes.domain(clock);
                let own = processes.clocks_of(domain).filter(|&process| process != clock);
                let busy = |process: u32| system.edges.iter().filter(|edge| touches(edge, process)).count();
                let main = own.max_by_key(|&process| (busy(process), std::cmp::Reverse(process)))?;
                (clock, main, system.edges.clone(), Suspect::OtherThan(main))
            }
            Element::Class(class) => {
                let repair = system.repairs.get(at)?;
                let worst = repair.contradictions.first()?;
                let frame = worst.edges.iter().find(|edge| edge.cause.rule.strength() != super::Evidence::Protocol)?;
                (frame.to.clock, frame.to.clock, system.edges.clone(), Suspect::Class(class))
            }
            Element::Edge(_) | Element::Rate { .. } | Element::Pair { .. } | Element::Outvoted { .. } => return None,
        };
        let mut breaks = Breaks::none();
        for clock in (0..rates.clocks() as u32).filter(|&other| other != frame) {
            for at_ns in system.changes.breaks.of(clock) {
                breaks.insert(clock, at_ns);
            }
        }
        let rates = system.changes.rates(rates);
        let guess = |clock, at_ns| system.offset_near(clock, at_ns);
        let bounds = Bounds::without_places(&edges, &rates, &breaks, frame, guess)?;
        Some(Self { at, clock, bounds, suspect, found: Vec::new(), count: 0 })
    }

    /// Counts `edge` if it is suspect and cannot hold beside the others.
    fn look(&mut self, stamps: &Stamps<'_>, processes: &Processes, edge: &Edge, class: u32) {
        let is_from = edge.from.clock == self.clock;
        if !is_from && edge.to.clock != self.clock {
            return;
        }
        let (own, other) = if is_from { (&edge.from, &edge.to) } else { (&edge.to, &edge.from) };
        let span = if is_from { edge.cause.from.span } else { edge.cause.to.span };
        let is_suspect = match self.suspect {
            Suspect::Side(is_before, at_ns) => (own.anchor_ns < at_ns) == is_before,
            Suspect::OtherThan(main) => processes.clock_of(stamps.store(), span) != main,
            Suspect::Class(suspect) => class == suspect,
        };
        if !is_suspect {
            return;
        }
        let weight = edge.weight(self.bounds.graph().rates());
        let range = self.bounds.offset(other.clock, other.anchor_ns);
        // The clock itself is zero on this axis.
        let least = if is_from { range.lo } else { range.hi.map(|hi| -hi) };
        if let Some(by) = least.map(|least| least - weight).filter(|&by| by > 0) {
            self.count += 1;
            self.found.push((by, edge.cause.to.span));
            if self.found.len() > 4 * Finding::EXAMPLES {
                self.found.sort_by_key(|&(by, span)| (std::cmp::Reverse(by), span));
                self.found.truncate(2 * Finding::EXAMPLES);
            }
        }
    }
}
