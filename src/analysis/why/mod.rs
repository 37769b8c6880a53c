//! Why a turn, or a request, took as long as it did: its critical path, said by what the time was spent on.
//!
//! Every length is measured on one clock. Where a caller waits for a server on another clock, the server's own length is
//! the server's, and what is left of the call lies between both: no offset is needed for either, so that none of these
//! numbers depends on how clocks are set. A model call on the path is told by its phases. Only where the order of several
//! spans is not known a length is an interval.

mod parts;
mod tally;
#[cfg(test)]
mod tests;
mod tops;
mod words;

pub use parts::{Amount, Part, What};

use super::critical_path::Paths;
use super::genai::{Between, TurnIx};
use super::reading::Context;
use crate::model::SpanIx;
use tally::Tally;

/// Parts that are kept; the others are summed up.
pub const MOST_PARTS: usize = 12;
/// Spans that are kept for a part.
pub const MOST_SPANS: usize = 50;
/// Other turns that a turn is compared with at most, and at least.
const MOST_TURNS: usize = 1000;
const LEAST_TURNS: usize = 2;

/// Why it took so long.
#[derive(Clone, PartialEq, Debug)]
pub struct Why {
    /// The turn or the span that is explained.
    pub of: Explained,
    /// How it is called in a sentence: `Turn 3`, `GET /`.
    pub subject: String,
    /// The spans whose time is explained, one after the other on one clock.
    pub tops: Vec<SpanIx>,
    /// From the start of the first one to the end of the last one, nanoseconds on their clock.
    pub took_ns: i64,
    /// What the time was spent on, the most first.
    pub parts: Vec<Part>,
    /// How many parts there are beyond [`MOST_PARTS`], and their time.
    pub more: (u64, Between),
    /// Time of which nothing says what it was spent on.
    pub unaccounted: Between,
    /// The other turns of the conversation.
    pub usual: Option<Usual>,
    /// Steps that are taken to pass on the stream of a call, with that call.
    pub relays: Vec<(SpanIx, SpanIx)>,
    /// Something is recorded below the spans whose time is explained.
    pub has_children: bool,
    /// The path was given up: the sums are too small.
    pub is_cut: bool,
    /// What it cost: events that searches through the clock model visited.
    pub visited: usize,
    /// Stretches of its path.
    pub stretches: usize,
    /// What it rests on that no span states, and what may belong to it.
    remarks: Vec<String>,
}

/// What is explained.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Explained {
    /// A turn of a conversation.
    Turn(TurnIx),
    /// A span with everything below it.
    Span(SpanIx),
}

/// What other turns of a conversation took.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Usual {
    /// The median, nanoseconds.
    pub median_ns: i64,
    /// How many other turns.
    pub turns: usize,
}

/// Answers why it took so long. What one answer had to learn about names and attributes, the next one knows.
pub struct Whys<'a> {
    context: Context<'a>,
    paths: Paths<'a>,
}

impl<'a> Whys<'a> {
    /// `None` without clocks.
    #[must_use]
    pub fn new(context: &Context<'a>) -> Option<Self> {
        let paths = Paths::new(context.store, context.domains, context.clocks?, Some(context.genai));
        Some(Self { context: *context, paths })
    }

    /// Why `what` took so long; `None` when its ends are not known.
    #[must_use]
    pub fn of(&mut self, what: Explained) -> Option<Why> {
        match what {
            Explained::Turn(turn) => self.of_turn(turn),
            Explained::Span(span) => {
                let subject = words::name_of(self.context.store, span);
                self.explain(what, subject, vec![span])
            }
        }
    }

    fn of_turn(&mut self, turn: TurnIx) -> Option<Why> {
        let context = self.context;
        let known = context.genai.turns().get(turn.at())?;
        let number = words::shortened(&known.number);
        let subject = if number.is_empty() { "The turn".to_owned() } else { format!("Turn {number}") };
        let mut why = self.explain(Explained::Turn(turn), subject, tops::of_turn(&context, turn))?;
        why.usual = tops::usual(&context, turn);
        why.remarks.extend(words::lost(&context, turn, &why.tops));
        let later = tops::later(&context, turn, &why.tops);
        why.remarks.extend(later.map(|(span, ns)| words::later(context.store, span, ns)));
        Some(why)
    }

    fn explain(&mut self, of: Explained, subject: String, tops: Vec<SpanIx>) -> Option<Why> {
        let took_ns = tops::took_ns(&self.context, &tops)?;
        let mut tally = Tally::new(&self.context);
        let mut is_by_ticks = false;
        let (mut relays, mut is_cut, mut visited, mut stretches) = (Vec::new(), false, 0_usize, 0_usize);
        for &top in &tops {
            let path = self.paths.of(top);
            tally.add(top, &path);
            is_cut |= path.is_cut;
            visited = visited.saturating_add(path.visited);
            is_by_ticks |= path.is_by_ticks;
            stretches = stretches.saturating_add(path.segments.len());
            relays.extend(path.relays);
        }
        for pair in tops.windows(2) {
            tally.gap(pair[0], pair[1]);
        }
        relays.sort_unstable();
        relays.dedup();
        let mut remarks = words::relays(&self.context, &relays);
        remarks.extend(is_by_ticks.then(|| words::BY_TICKS.to_owned()));
        let (parts, more, unaccounted) = parts::sorted(tally.amounts);
        let has_children = tops.iter().any(|top| !self.context.store.span(*top).children().is_empty());
        Some(Why {
            of,
            subject,
            tops,
            took_ns,
            parts,
            more,
            unaccounted,
            usual: None,
            relays,
            has_children,
            is_cut,
            visited,
            stretches,
            remarks,
        })
    }
}

/// The spans at the top of `turn` whose time is its time, one after the other on the clock on which it began.
#[must_use]
pub fn tops_of(context: &Context<'_>, turn: TurnIx) -> Vec<SpanIx> {
    tops::of_turn(context, turn)
}

/// How long `turn` took, nanoseconds on the clock on which it began; `None` when its ends are not known.
#[must_use]
pub fn took_ns(context: &Context<'_>, turn: TurnIx) -> Option<i64> {
    tops::took_ns(context, &tops::of_turn(context, turn))
}
