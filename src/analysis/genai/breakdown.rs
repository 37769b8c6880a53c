//! Where the time of a set of spans went, by phase: summed, as busy time, and from first to last.
//!
//! Busy time and wall time join times of different clocks only as intervals.

use super::phase::{Origin, Phase};
use super::walls::{Ends, Walls};
use super::{Call, GenAi};
use crate::analysis::clocks::ClockModel;
use crate::analysis::clocks::domains::Domains;
use crate::model::{DomainIx, SpanIx, TraceStore};

/// A duration in nanoseconds: at least `lo_ns`, at most `hi_ns`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Between {
    /// At least this.
    pub lo_ns: i64,
    /// At most this; `None` when nothing bounds it.
    pub hi_ns: Option<i64>,
}

impl Between {
    pub(super) const fn exactly(ns: i64) -> Self {
        Self { lo_ns: ns, hi_ns: Some(ns) }
    }

    /// The duration, where it is exactly known.
    #[must_use]
    pub fn exact_ns(&self) -> Option<i64> {
        self.hi_ns.filter(|hi| *hi == self.lo_ns)
    }
}

/// The time of one phase.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PhaseTime {
    /// Which one.
    pub phase: Phase,
    /// How many parts or spans.
    pub count: u64,
    /// Durations added up that are real spans or lie between events, nanoseconds.
    pub real_ns: i64,
    /// Durations added up that were derived.
    pub derived_ns: i64,
    /// Durations added up that nothing accounts for.
    pub unaccounted_ns: i64,
    /// Time during which at least one of them went on.
    pub busy: Between,
    /// From the first start to the last end of them; `None` when several clocks stamped them and nobody asked for
    /// their comparison, see [`Breakdown::with_walls`].
    pub wall: Option<Between>,
}

impl PhaseTime {
    /// All durations added up, nanoseconds. Parts that overlap count as often as they overlap.
    #[must_use]
    pub const fn sum_ns(&self) -> i64 {
        self.real_ns.saturating_add(self.derived_ns).saturating_add(self.unaccounted_ns)
    }
}

/// Where the time of a set of spans went.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Breakdown {
    /// The phases that occur, in their order. They may overlap each other.
    pub phases: Vec<PhaseTime>,
    /// Time during which any of them went on.
    pub busy: Between,
    /// From the first start to the last end of the spans; `None` when no span has a time.
    pub wall: Option<Between>,
    /// Clocks that are involved.
    pub clocks: u32,
    /// What it cost to join their times: events that searches through the clock model visited.
    pub visited: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Piece {
    phase: Phase,
    domain: DomainIx,
    start_ns: i64,
    end_ns: i64,
    origin: u8,
    /// The span that it is of.
    span: SpanIx,
}

impl Breakdown {
    /// Where the time of `spans` went. Without a clock model times of different clocks are not compared at all.
    ///
    /// Of model calls inside one another the outermost of `spans` counts, and so for tools and other spans of one phase;
    /// stages of a server count where no call around them is among `spans`. An agent's work is what its spans do
    /// besides the spans below them.
    #[must_use]
    pub fn of(
        store: &TraceStore,
        genai: &GenAi,
        domains: &Domains,
        clocks: Option<&ClockModel>,
        spans: impl IntoIterator<Item = SpanIx>,
    ) -> Self {
        Self::read(&mut Walls::new(store, domains, clocks), genai, spans, false)
    }

    /// The same, with the wall time of every phase also where clocks differ: as many searches more as there are
    /// phases.
    #[must_use]
    pub fn with_walls(
        store: &TraceStore,
        genai: &GenAi,
        domains: &Domains,
        clocks: Option<&ClockModel>,
        spans: impl IntoIterator<Item = SpanIx>,
    ) -> Self {
        Self::read(&mut Walls::new(store, domains, clocks), genai, spans, true)
    }

    fn read(walls: &mut Walls<'_>, genai: &GenAi, spans: impl IntoIterator<Item = SpanIx>, with_walls: bool) -> Self {
        let mut pieces = Vec::new();
        let mut ends = Ends::default();
        let spans: Vec<SpanIx> = spans.into_iter().collect();
        let chosen = Chosen::of(walls.store, &spans);
        let reader = Reader { store: walls.store, genai, domains: walls.domains, chosen };
        for span in spans {
            reader.pieces(span, &mut pieces);
            reader.widen(span, &mut ends);
        }
        pieces.sort_unstable();
        let wall = walls.of(&ends);
        let phase = |pieces: &[Piece]| {
            let ends = ends_of(pieces);
            let wall_of = if with_walls || ends.len() < 2 { walls.of(&ends) } else { None };
            // However little is known about it, it is a part of everything.
            let most = wall.and_then(|wall| wall.hi_ns);
            let within = |wall: Between| Between {
                hi_ns: wall.hi_ns.map_or(most, |hi| Some(most.map_or(hi, |most| hi.min(most).max(wall.lo_ns)))),
                ..wall
            };
            PhaseTime { wall: wall_of.map(within), ..phase_time(pieces, wall) }
        };
        let phases = pieces.chunk_by(|a, b| a.phase == b.phase).map(phase).collect();
        pieces.sort_unstable_by_key(|piece| (piece.domain, piece.start_ns, piece.end_ns));
        let clocks = u32::try_from(ends.len()).unwrap_or(u32::MAX);
        Self { phases, busy: busy(&pieces, wall), wall, clocks, visited: walls.visited }
    }
}

fn ends_of(pieces: &[Piece]) -> Ends {
    let mut ends = Ends::default();
    for piece in pieces {
        ends.widen(piece.domain, piece.span, [piece.start_ns, piece.end_ns]);
    }
    ends
}

struct Reader<'a> {
    store: &'a TraceStore,
    genai: &'a GenAi,
    domains: &'a Domains,
    chosen: Chosen,
}

/// Which spans are looked at.
struct Chosen {
    sorted: Vec<SpanIx>,
    is_all: bool,
}

impl Chosen {
    fn of(store: &TraceStore, spans: &[SpanIx]) -> Self {
        let is_all = spans.len() == store.len();
        let mut sorted = if is_all { Vec::new() } else { spans.to_vec() };
        if !sorted.is_sorted() {
            sorted.sort_unstable();
        }
        Self { sorted, is_all }
    }

    fn has(&self, span: SpanIx) -> bool {
        self.is_all || self.sorted.binary_search(&span).is_ok()
    }
}

impl Reader<'_> {
    fn domain(&self, span: SpanIx) -> DomainIx {
        self.domains.of_span.get(span.at()).copied().unwrap_or(DomainIx(0))
    }

    fn widen(&self, span: SpanIx, ends: &mut Ends) {
        let (start, end) = self.store.span(span).drawn_ns();
        if start != 0 || end != 0 {
            ends.widen(self.domain(span), span, [start, end]);
        }
    }

    fn pieces(&self, span: SpanIx, pieces: &mut Vec<Piece>) {
        let phase = self.genai.phase_of(span);
        let domain = self.domain(span);
        let (start_ns, end_ns) = self.store.span(span).drawn_ns();
        let parent = self.store.span(span).parent().filter(|parent| self.chosen.has(*parent));
        let above = parent.map_or(Phase::None, |parent| self.genai.phase_of(parent));
        let mut add = |phase, start_ns, end_ns, origin| {
            if end_ns > start_ns {
                pieces.push(Piece { phase, domain, start_ns, end_ns, origin, span });
            }
        };
        match phase {
            Phase::None => {}
            Phase::ModelCall => {
                for part in self.genai.phases(span).iter().filter(|_| self.is_outermost_call(span)) {
                    add(part.phase, part.start_ns, part.end_ns, rank(part.origin));
                }
            }
            Phase::AgentWork => self.own_work(span, start_ns, end_ns, |from, to| add(phase, from, to, 0)),
            // Stages are parts of their model call, unless that is not looked at.
            Phase::Queue
            | Phase::Load
            | Phase::Prefill
            | Phase::Decode
            | Phase::Compute
            | Phase::Overhead
            | Phase::Network
            | Phase::FirstToken
            | Phase::Opaque => {
                if !self.is_below(span, |above| above == phase || above == Phase::ModelCall) {
                    add(phase, start_ns, end_ns, 0);
                }
            }
            Phase::Tool | Phase::Retrieval | Phase::Backoff | Phase::HumanWait => {
                if above != phase {
                    add(phase, start_ns, end_ns, 0);
                }
            }
        }
    }

    /// Whether a span above `span` that is looked at, too, has such a phase.
    fn is_below(&self, span: SpanIx, is_such: impl Fn(Phase) -> bool) -> bool {
        let above = std::iter::successors(self.store.span(span).parent(), |&up| self.store.span(up).parent());
        above.into_iter().any(|up| is_such(self.genai.phase_of(up)) && self.chosen.has(up))
    }

    /// Whether it is a model call, and no other one around it is looked at.
    fn is_outermost_call(&self, span: SpanIx) -> bool {
        let calls = self.genai.calls();
        let Some(call) = self.genai.call_of(span).filter(|call| call.is_model) else { return false };
        let outer = |call: &Call| call.outer.map(|outer| &calls[outer as usize]);
        let mut around = std::iter::successors(outer(call), |&call| outer(call));
        !around.any(|around| around.is_model && self.chosen.has(around.span))
    }

    /// What `span` does besides the spans below it. Of those on another clock only the length is known: as much of
    /// the longest stretches is not its own.
    fn own_work(&self, span: SpanIx, start: i64, end: i64, mut add: impl FnMut(i64, i64)) {
        let domain = self.domain(span);
        let mut stretches = Vec::new();
        let (mut covered, mut elsewhere) = (start, 0_i64);
        for &child in self.store.span(span).children() {
            let (from, to) = self.store.span(child).drawn_ns();
            if self.domain(child) == domain {
                stretches.push((covered, from.min(end)));
                covered = covered.max(to);
            } else {
                elsewhere = elsewhere.saturating_add(to.saturating_sub(from));
            }
        }
        stretches.push((covered, end));
        stretches.retain(|(from, to)| to > from);
        stretches.sort_by_key(|(from, to)| (from - to, *from));
        for (from, to) in stretches {
            let cut = elsewhere.min(to - from);
            elsewhere -= cut;
            add(from, to - cut);
        }
    }
}

const fn rank(origin: Origin) -> u8 {
    match origin {
        Origin::Real => 0,
        Origin::Derived(_) => 1,
        Origin::Unaccounted => 2,
    }
}

/// `pieces` are of one phase, sorted by clock and start.
fn phase_time(pieces: &[Piece], wall: Option<Between>) -> PhaseTime {
    let mut time = PhaseTime { phase: pieces[0].phase, ..PhaseTime::default() };
    for piece in pieces {
        let sum = match piece.origin {
            0 => &mut time.real_ns,
            1 => &mut time.derived_ns,
            _ => &mut time.unaccounted_ns,
        };
        *sum = sum.saturating_add(piece.end_ns.saturating_sub(piece.start_ns));
        time.count += 1;
    }
    time.busy = busy(pieces, wall);
    time
}

/// The union of `pieces`, sorted by clock and start. On several clocks they may have been at the same time or not.
fn busy(pieces: &[Piece], wall: Option<Between>) -> Between {
    let (mut longest, mut sum) = (0_i64, 0_i64);
    for of_clock in pieces.chunk_by(|a, b| a.domain == b.domain) {
        let mut union = 0_i64;
        let mut covered = i64::MIN;
        for piece in of_clock {
            let new = piece.end_ns.saturating_sub(piece.start_ns.max(covered)).max(0);
            union = union.saturating_add(new);
            covered = covered.max(piece.end_ns);
        }
        longest = longest.max(union);
        sum = sum.saturating_add(union);
    }
    let most = wall.and_then(|wall| wall.hi_ns).unwrap_or(i64::MAX).max(longest);
    Between { lo_ns: longest, hi_ns: Some(sum.min(most)) }
}
