//! What happens when on the axis of an arrangement: the turns of conversations, and stretches in which nothing does.

use std::cmp::Reverse;
use std::ops::Range;
use std::sync::Arc;

use super::ties::{self, Tie};
use super::{Arranged, Axis, LaneInfo, Plan};
use crate::analysis::clocks::domains::Domains;
use crate::analysis::clocks::words::range_text;
use crate::analysis::clocks::{Code, Finding, Known};
use crate::analysis::genai::{Content, Ends, GenAi, Role, Speaker, TurnIx, Walls};
use crate::layout::Layout;
use crate::lod::covering_shift;
use crate::model::time::duration_text;
use crate::model::{DomainIx, SpanFlags, SpanIx, TraceStore};

/// Turns and idle stretches. Belongs to the arrangement whose axis it is on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Course {
    /// The turns of conversations that are shown, by start.
    pub turns: Vec<TurnTime>,
    /// Where each turn is among them, by turn; `u32::MAX` = not shown.
    places: Vec<u32>,
    /// Their places: lines of disjoint runs by start. Turns that overlap are in different lines.
    pub lines: Vec<Vec<TurnRun>>,
    /// Stretches in which no span that is shown is at work, by start; short ones are left out.
    pub idle: Vec<(i64, i64)>,
    /// The axis on which long ones of them are shortened.
    pub axis: Axis,
    /// Arrows between spans that the tree does not join, by their earlier end.
    pub ties: Vec<Tie>,
    /// Ties that are not in [`Self::ties`]: there are too many.
    pub more_ties: u64,
    /// What the spans say about AI conversations was known when this was made.
    pub knows_work: bool,
}

/// When a turn happens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TurnTime {
    /// The turn.
    pub turn: TurnIx,
    /// Its first start on the axis.
    pub from_ns: i64,
    /// Its last end on the axis.
    pub to_ns: i64,
    /// The span that begins it.
    pub first: SpanIx,
    /// The span that ends it.
    pub last: SpanIx,
    /// How long it takes: an interval where its ends are on different clocks.
    pub length: Arc<str>,
    /// Which of the two it is.
    pub is_interval: bool,
    /// What the user said, as far as it is recorded: its beginning. Never for an export.
    pub question: Option<Arc<str>>,
    /// The first model call in it.
    pub first_call: Option<SpanIx>,
    /// Spans of it.
    pub spans: u32,
    /// Of them failed.
    pub failed: u32,
}

/// One turn of a line, or several that overlap and found no line of their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TurnRun {
    /// Start on the axis.
    pub from_ns: i64,
    /// End on the axis.
    pub to_ns: i64,
    /// Position of the first one in [`Course::turns`].
    pub first: u32,
    /// Turns in it.
    pub count: u32,
    /// Of them failed.
    pub failed: u32,
    /// Turns before it in its line.
    pub before: u32,
    /// Of them failed.
    pub failed_before: u32,
}

/// Turns that overlap get so many lines.
pub const MOST_LINES: usize = 3;
/// Events up to which searches through the clock model go to join the times of turns: a few milliseconds.
const MOST_VISITED: usize = 50_000;
/// Turns of which the question is read: the messages of a call each.
const MOST_QUESTIONS: usize = 200;
/// Characters of a question that are kept.
const MOST_CHARS: usize = 200;
/// The hull is looked at in so many pieces at most, and half as many at least: a stretch of two is found for sure.
const PIECES: usize = 1 << 17;
/// Idle stretches that are kept: the longest ones.
const MOST_IDLE: usize = 400;
/// A stretch is shortened when it is longer than one in so many parts of all the time in which anything happens.
const LONG_SHARE: i64 = 40;
/// Shortened, it takes one in so many parts of that time.
const SHOWN_SHARE: i64 = 60;

/// What a course is made from.
#[derive(Clone, Copy)]
pub(super) struct Ground<'a> {
    pub store: &'a TraceStore,
    pub domains: &'a Domains,
    pub known: Option<&'a Known>,
    pub genai: Option<&'a GenAi>,
    pub lanes: &'a [LaneInfo],
    pub layout: &'a Layout,
    /// The arrangement before, whose answers are used where they still hold.
    pub before: Option<&'a Arranged>,
}

impl Course {
    /// Looks at every span that is shown, twice.
    pub(super) fn of(ground: &Ground<'_>) -> Self {
        let (mut turns, idle) = rayon::join(|| ground.turns(), || ground.idle());
        turns.sort_unstable_by_key(|turn| (turn.from_ns, turn.turn));
        ground.describe(&mut turns);
        let mut places = vec![u32::MAX; ground.genai.map_or(0, |genai| genai.turns().len())];
        for (at, turn) in (0_u32..).zip(&turns) {
            places[turn.turn.at()] = at;
        }
        let axis = shortened(&idle, ground.layout.hull_ns());
        let ties = ground.genai.map(|genai| ties::all(ground.store, genai, ground.layout));
        let (ties, more_ties) = ties.unwrap_or_default();
        let (lines, idle) = (packed(&turns), longest(idle));
        Self { turns, places, lines, idle, axis, ties, more_ties, knows_work: ground.genai.is_some() }
    }

    /// The turn that is going on at `time_ns`, else the last one before: its position in [`Self::turns`].
    #[must_use]
    pub fn turn_at(&self, time_ns: i64) -> Option<usize> {
        self.turns.partition_point(|turn| turn.from_ns <= time_ns).checked_sub(1)
    }

    /// Where `turn` is in [`Self::turns`], if it is shown.
    #[must_use]
    pub fn position(&self, turn: TurnIx) -> Option<usize> {
        self.places.get(turn.at()).filter(|place| **place != u32::MAX).map(|place| *place as usize)
    }
}

impl Ground<'_> {
    /// The course before, when `plan` only folds otherwise: no span moves in time then.
    pub(super) fn course_before(&self, plan: &Plan) -> Option<Arc<Course>> {
        let before = self.before.filter(|before| before.rows_by.is_none() && plan.has_times_of(&before.plan))?;
        let is_same = before.known.as_deref().map(std::ptr::from_ref) == self.known.map(std::ptr::from_ref);
        (is_same && before.course.knows_work == self.genai.is_some()).then(|| Arc::clone(&before.course))
    }

    /// Calls `visit(span, start, end)` for every span that is shown.
    fn for_shown(&self, mut visit: impl FnMut(SpanIx, i64, i64)) {
        let items = self.layout.span_rows();
        for (lane, _) in self.layout.lanes().iter().zip(self.lanes).filter(|(_, info)| !info.is_aside) {
            for slot in items.slots_of_rows(lane.rows.clone()) {
                let slot = slot as usize;
                visit(SpanIx(items.items()[slot]), items.starts_ns()[slot], items.ends_ns()[slot]);
            }
        }
    }

    fn idle(&self) -> Vec<(i64, i64)> {
        let hull = self.layout.hull_ns();
        if hull.start >= hull.end {
            return Vec::new();
        }
        let mut busy = Busy::new(hull);
        self.for_shown(|span, from, to| {
            // A span of a whole session is there all the time; that does not make it work.
            if self.genai.is_none_or(|genai| genai.role_of(span) != Role::Session) {
                busy.add(from, to);
            }
        });
        busy.idle()
    }

    fn turns(&self) -> Vec<TurnTime> {
        let Some(genai) = self.genai else { return Vec::new() };
        let mut times: Vec<Option<TurnTime>> = vec![None; genai.turns().len()];
        self.for_shown(|span, from, to| {
            let Some(turn) = genai.turn_of(span) else { return };
            let failed = self.store.flags()[span.at()].has(SpanFlags::ERROR);
            let time = take(&mut times[turn.at()], turn, span, (from, to), failed);
            let is_first = |known: SpanIx| (from, span) < (self.layout.extent_ns(known).0, known);
            if genai.role_of(span) == Role::Model && time.first_call.is_none_or(is_first) {
                time.first_call = Some(span);
            }
        });
        let is_counted = |time: &TurnTime| genai.turns()[time.turn.at()].conversation.is_some();
        times.into_iter().flatten().filter(is_counted).collect()
    }

    /// Says how long turns took and what was asked in them: as before where neither can have changed.
    fn describe(&self, turns: &mut [TurnTime]) {
        let earlier = self.before.map(|before| before.course.turns.as_slice()).unwrap_or_default();
        let mut by_turn: Vec<&TurnTime> = earlier.iter().collect();
        by_turn.sort_unstable_by_key(|turn| turn.turn);
        let clocks = (self.known, self.before.and_then(|before| before.known.as_deref()));
        let same_clocks = matches!(clocks, (Some(now), Some(then)) if now.model.has_durations_of(&then.model));
        let then =
            |turn: &TurnTime| by_turn.binary_search_by_key(&turn.turn, |then| then.turn).ok().map(|at| by_turn[at]);
        let asked = |turn: &TurnTime| then(turn).filter(|then| same_clocks && then.is_interval);
        let unasked = turns.iter().filter(|turn| asked(turn).is_none());
        let ends = self.ends(unasked.map(|turn| turn.turn));
        let mut left = MOST_VISITED;
        for (at, turn) in turns.iter_mut().enumerate() {
            let then = then(turn);
            (turn.length, turn.is_interval) = match asked(turn) {
                Some(then) => (Arc::clone(&then.length), true),
                None => self.length(turn, ends.get(turn.turn.at()).and_then(Option::as_ref), &mut left),
            };
            let same_call = |then: &&TurnTime| then.first_call == turn.first_call && then.question.is_some();
            turn.question = match then.filter(same_call) {
                Some(then) => then.question.clone(),
                None => self.question(turn).filter(|_| at < MOST_QUESTIONS),
            };
        }
    }

    /// What the user said last before the first model call of `turn`.
    fn question(&self, turn: &TurnTime) -> Option<Arc<str>> {
        let said = self.genai?.messages(self.store, turn.first_call?).input.messages;
        let of_user = said.iter().rev().filter(|message| message.speaker == Speaker::User);
        let words = |content: &Content| match content {
            Content::Text(text) if !text.trim().is_empty() => Some(text.clone()),
            _ => None,
        };
        let text = of_user.flat_map(|message| message.contents.iter()).find_map(words)?;
        let line: String =
            text.trim().chars().map(|ch| if ch.is_control() { ' ' } else { ch }).take(MOST_CHARS).collect();
        Some(line.into())
    }

    /// The first and the last time of some turns on each clock, by turn. Looks at every span when there are any.
    fn ends(&self, turns: impl Iterator<Item = TurnIx>) -> Vec<Option<Ends>> {
        let Some(genai) = self.genai.filter(|_| self.known.is_some()) else { return Vec::new() };
        let mut ends: Vec<Option<Ends>> = vec![None; genai.turns().len()];
        let mut is_asked = false;
        for turn in turns {
            (ends[turn.at()], is_asked) = (Some(Ends::default()), true);
        }
        if !is_asked {
            return ends;
        }
        for span in self.store.span_ixs() {
            let Some(of_turn) = genai.turn_of(span).and_then(|turn| ends[turn.at()].as_mut()) else { continue };
            let Some(&domain) = self.domains.of_span.get(span.at()) else { continue };
            let (start, end) = self.store.span(span).drawn_ns();
            of_turn.widen(domain, span, [start, end]);
        }
        ends
    }

    /// How long `turn` takes, and whether that is what all its clocks allow: the same whatever clocks are drawn.
    /// Without a question to the clock model it is what is drawn.
    fn length(&self, turn: &TurnTime, ends: Option<&Ends>, left: &mut usize) -> (Arc<str>, bool) {
        let drawn = duration_text(turn.to_ns.saturating_sub(turn.from_ns));
        let Some((known, ends)) = self.known.zip(ends) else { return (drawn.into(), false) };
        if *left == 0 && ends.len() > 1 {
            return (format!("about {drawn}").into(), false);
        }
        let mut walls = Walls::new(self.store, self.domains, Some(&known.model));
        let wall = walls.of(ends);
        *left = left.saturating_sub(walls.visited);
        let Some(wall) = wall else { return (drawn.into(), false) };
        let words = range_text(Some(wall.lo_ns), wall.hi_ns);
        let broken =
            if wall.hi_ns.is_none() { self.broken_by(turn).or_else(|| self.broken_at_an_end(turn)) } else { None };
        (broken.map_or(words.clone(), |broken| format!("{words}: {}", broken.words())).into(), true)
    }

    /// A jump that a clock certainly made between the ends of `turn`.
    fn broken_by(&self, turn: &TurnTime) -> Option<Broken<'_>> {
        let (model, domain) = (&self.known?.model, *self.domains.of_span.get(turn.first.at())?);
        let is_one_clock = self.domains.of_span.get(turn.last.at()) == Some(&domain);
        let (from_ns, to_ns) = (self.store.span(turn.first).start_ns(), self.store.span(turn.last).end_ns());
        let jumped = model.jumps(domain).into_iter().find(|&(before, after)| from_ns <= before && after <= to_ns);
        self.broken(domain, jumped.filter(|_| is_one_clock)?)
    }

    /// A jump in which the first or the last moment of `turn` lies, so that nothing is known about when that was.
    fn broken_at_an_end(&self, turn: &TurnTime) -> Option<Broken<'_>> {
        let ends =
            [(turn.first, self.store.span(turn.first).start_ns()), (turn.last, self.store.span(turn.last).end_ns())];
        ends.into_iter().find_map(|(span, at_ns)| {
            let (model, domain) = (&self.known?.model, *self.domains.of_span.get(span.at())?);
            let around = model.jumps(domain).into_iter().find(|&(before, after)| before < at_ns && at_ns < after);
            self.broken(domain, around?)
        })
    }

    /// What `domain`'s clock did between these of its times.
    fn broken(&self, domain: DomainIx, (before, after): (i64, i64)) -> Option<Broken<'_>> {
        let model = &self.known?.model;
        let of_jump = |finding: &&Finding| {
            let is_it = finding.at_ns.is_some_and(|at_ns| before < at_ns && at_ns <= after);
            finding.domains.first() == Some(&domain) && is_it && finding.code == Code::C2
        };
        let has_slept = model.findings().iter().any(|finding| of_jump(&finding));
        let clock = &self.domains.list.get(domain.at())?.name;
        Some(Broken { clock, has_slept })
    }
}

/// Why the difference of two times is no duration.
struct Broken<'a> {
    clock: &'a str,
    /// It stood still while a computer slept.
    has_slept: bool,
}

impl Broken<'_> {
    /// `web-chat slept`, `the clock of gateway jumped`.
    fn words(&self) -> String {
        if self.has_slept { format!("{} slept", self.clock) } else { format!("the clock of {} jumped", self.clock) }
    }
}

fn take(
    known: &mut Option<TurnTime>,
    turn: TurnIx,
    span: SpanIx,
    (from_ns, to_ns): (i64, i64),
    failed: bool,
) -> &mut TurnTime {
    let time = known.get_or_insert_with(|| TurnTime {
        turn,
        from_ns,
        to_ns,
        first: span,
        last: span,
        length: Arc::from(""),
        is_interval: false,
        question: None,
        first_call: None,
        spans: 0,
        failed: 0,
    });
    // Of equal times the first span counts, whatever the rows.
    if (from_ns, span) < (time.from_ns, time.first) {
        (time.from_ns, time.first) = (from_ns, span);
    }
    if (to_ns, Reverse(span)) > (time.to_ns, Reverse(time.last)) {
        (time.to_ns, time.last) = (to_ns, span);
    }
    time.spans += 1;
    time.failed += u32::from(failed);
    time
}

/// Puts turns into lines, by start: into the first line that is free, else to the ones that it overlaps in the last.
fn packed(turns: &[TurnTime]) -> Vec<Vec<TurnRun>> {
    let mut lines: Vec<Vec<TurnRun>> = Vec::new();
    for (at, turn) in (0_u32..).zip(turns) {
        let failed = u32::from(turn.failed > 0);
        let (from_ns, to_ns) = (turn.from_ns, turn.to_ns);
        let run = TurnRun { from_ns, to_ns, first: at, count: 1, failed, before: 0, failed_before: 0 };
        let is_free = |line: &Vec<TurnRun>| line.last().is_none_or(|last| last.to_ns <= run.from_ns);
        match lines.iter().position(is_free) {
            Some(line) => {
                let last = lines[line].last().copied().unwrap_or(run);
                let (before, failed_before) = (last.before + last.count, last.failed_before + last.failed);
                lines[line].push(TurnRun { before, failed_before, ..run });
            }
            None if lines.len() < MOST_LINES => lines.push(vec![run]),
            None => {
                if let Some(last) = lines.last_mut().and_then(|line| line.last_mut()) {
                    last.to_ns = last.to_ns.max(run.to_ns);
                    last.count += 1;
                    last.failed += failed;
                }
            }
        }
    }
    lines
}

/// Which pieces of the hull anything happens in.
struct Busy {
    start_ns: i64,
    /// Pieces are `1 << shift` nanoseconds.
    shift: u32,
    /// Spans that begin in a piece less those that ended in the one before.
    change: Vec<i32>,
    /// The first start and the last end in each piece.
    first_ns: Vec<i64>,
    last_ns: Vec<i64>,
}

impl Busy {
    fn new(hull: &Range<i64>) -> Self {
        let length = hull.end.saturating_sub(hull.start).max(1);
        let shift = covering_shift(hull, PIECES);
        let count = ((length - 1) >> shift) as usize + 1;
        Self {
            start_ns: hull.start,
            shift,
            change: vec![0; count + 1],
            first_ns: vec![i64::MAX; count],
            last_ns: vec![i64::MIN; count],
        }
    }

    fn add(&mut self, from_ns: i64, to_ns: i64) {
        let last_piece = self.first_ns.len() - 1;
        let piece = |at: i64| ((at.saturating_sub(self.start_ns) >> self.shift).max(0) as usize).min(last_piece);
        let (first, last) = (piece(from_ns), piece(to_ns.saturating_sub(1).max(from_ns)));
        self.change[first] += 1;
        self.change[last + 1] -= 1;
        self.first_ns[first] = self.first_ns[first].min(from_ns);
        self.last_ns[last] = self.last_ns[last].max(to_ns);
    }

    /// Stretches of whole pieces in which nothing happens, with their exact ends.
    fn idle(self) -> Vec<(i64, i64)> {
        let (mut at_work, mut idle, mut is_after_idle) = (0_i32, Vec::new(), false);
        let mut last_end = i64::MAX;
        for piece in 0..self.first_ns.len() {
            at_work += self.change[piece];
            if at_work > 0 {
                // Whatever is at work in the first busy piece begins there.
                if is_after_idle && last_end < self.first_ns[piece] {
                    idle.push((last_end, self.first_ns[piece]));
                }
                // If the next piece is idle, all of it ends here.
                last_end = self.last_ns[piece];
                is_after_idle = false;
            } else {
                is_after_idle = last_end != i64::MAX;
            }
        }
        idle
    }
}

/// The axis on which stretches of `idle` that are long against everything that happens are shortened.
fn shortened(idle: &[(i64, i64)], hull: &Range<i64>) -> Axis {
    let length = |stretch: &(i64, i64)| stretch.1.saturating_sub(stretch.0);
    let idle_ns = idle.iter().fold(0_i64, |sum, stretch| sum.saturating_add(length(stretch)));
    let busy_ns = hull.end.saturating_sub(hull.start).saturating_sub(idle_ns).max(1);
    let long: Vec<(i64, i64)> =
        longest(idle.iter().copied().filter(|stretch| length(stretch) > busy_ns / LONG_SHARE).collect());
    // However many there are, together they take no more than what happens.
    let shown_ns = (busy_ns / SHOWN_SHARE.max(long.len() as i64)).max(1);
    Axis::shortening(long, shown_ns)
}

/// The longest stretches, by start.
fn longest(mut idle: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    if idle.len() > MOST_IDLE {
        idle.sort_by_key(|(from, to)| (Reverse(to.saturating_sub(*from)), *from));
        idle.truncate(MOST_IDLE);
        idle.sort_unstable();
    }
    idle
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn turn(at: u32, (from_ns, length, failed): (i64, i64, u32)) -> TurnTime {
        let (turn, span) = (TurnIx(at), SpanIx(at));
        let to_ns = from_ns + length;
        let (length, is_interval, question, first_call) = (Arc::from(""), false, None, None);
        let (first, last, spans) = (span, span, 1);
        TurnTime { turn, from_ns, to_ns, first, last, length, is_interval, question, first_call, spans, failed }
    }

    proptest! {
        #[test]
        fn idle_is_where_nothing_happens(
            spans in prop::collection::vec((0..3_000_i64, 1..200_i64), 1..12), unit in prop::sample::select(vec![1, 1_000_000])
        ) {
            let hull = spans.iter().map(|span| span.0).min().unwrap()..spans.iter().map(|span| span.0 + span.1).max().unwrap();
            let mut busy = Busy::new(&(hull.start * unit..hull.end * unit));
            for (from, length) in &spans {
                busy.add(from * unit, (from + length) * unit);
            }
            // The oracle looks at every moment.
            let is_busy = |at: i64| spans.iter().any(|(from, length)| (*from..from + length).contains(&at));
            let mut expected: Vec<(i64, i64)> = Vec::new();
            for at in hull.filter(|at| !is_busy(*at)) {
                match expected.last_mut().filter(|last| last.1 == at * unit) {
                    Some(last) => last.1 += unit,
                    None => expected.push((at * unit, (at + 1) * unit)),
                }
            }
            let found = busy.idle();
            if unit == 1 {
                prop_assert_eq!(&found, &expected, "every moment is a piece of its own");
            } else {
                prop_assert!(found.iter().all(|stretch| expected.contains(stretch)), "{found:?} {expected:?}");
                let piece = 2 * 3_200 * unit / PIECES as i64 + 1;
                let long = expected.iter().filter(|(from, to)| to - from > 2 * piece);
                prop_assert!(long.clone().all(|stretch| found.contains(stretch)), "{found:?} {expected:?}");
            }
        }

        #[test]
        fn lines_hold_every_turn_once(list in prop::collection::vec((0..500_i64, 1..80_i64, 0..2_u32), 0..40)) {
            let mut list = list;
            list.sort_unstable();
            let turns: Vec<TurnTime> = (0..).zip(&list).map(|(at, &one)| turn(at, one)).collect();
            let lines = packed(&turns);
            prop_assert!(lines.len() <= MOST_LINES);
            prop_assert_eq!(lines.iter().flatten().map(|run| run.count).sum::<u32>() as usize, turns.len());
            let failed: u32 = turns.iter().map(|turn| turn.failed).sum();
            prop_assert_eq!(lines.iter().flatten().map(|run| run.failed).sum::<u32>(), failed);
            for line in &lines {
                let (mut before, mut failed_before, mut end) = (0, 0, i64::MIN);
                for run in line {
                    prop_assert!(run.from_ns >= end, "runs of a line are disjoint");
                    prop_assert_eq!((run.before, run.failed_before), (before, failed_before));
                    (before, failed_before, end) = (before + run.count, failed_before + run.failed, run.to_ns);
                }
            }
        }

        #[test]
        fn a_shortened_axis_keeps_what_happens(gaps in prop::collection::vec((1..1_000_i64, 1..1_000_000_i64), 1..30)) {
            let mut at = 0;
            let idle: Vec<(i64, i64)> = gaps
                .iter()
                .map(|(work, gap)| {
                    let from = at + work;
                    at = from + gap;
                    (from, at)
                })
                .collect();
            let hull = 0..at + 10;
            let axis = shortened(&idle, &hull);
            let busy: i64 = gaps.iter().map(|gap| gap.0).sum::<i64>() + 10;
            let shown: i64 = axis.cuts().iter().map(|cut| cut.shown_ns).sum();
            prop_assert!(shown <= busy + axis.cuts().len() as i64, "breaks take no more room than what happens");
            for cut in axis.cuts() {
                prop_assert!(idle.contains(&(cut.from_ns, cut.to_ns)) && cut.length_ns() > busy / LONG_SHARE);
            }
        }
    }
}
