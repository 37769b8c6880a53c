//! A turn as people read it: who said what to whom, with times that are intervals where clocks differ.
//!
//! Made for one turn when somebody looks at it. Contents are held only here, so that forgetting a reading forgets them.

mod attribution;
mod contents;
mod line;
mod passage;
#[cfg(test)]
mod passage_tests;
mod since;
#[cfg(test)]
mod tests;
mod text;
mod walk;

pub use attribution::{Attribution, Link, LinkKind};
pub use contents::{MOST_CHARS, Said};
pub use line::{Act, Attempt, FirstToken, Line, Models, Party};
pub use passage::{Passage, Passages};
pub use since::{Moment, Since};
pub use text::{details, reading_text};

use crate::analysis::clocks::ClockModel;
use crate::analysis::clocks::domains::Domains;
use crate::analysis::genai::{GenAi, Judged, TurnIx};
use crate::analysis::search::CancelFlag;
use crate::model::TraceStore;

/// Lines of a turn that are kept; the others are counted.
pub const MOST_LINES: usize = 2000;

/// What a reading is made from.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The spans.
    pub store: &'a TraceStore,
    /// Which clock stamped which span.
    pub domains: &'a Domains,
    /// What they say about AI conversations.
    pub genai: &'a GenAi,
    /// What is known about the clocks; times of different clocks are not compared without.
    pub clocks: Option<&'a ClockModel>,
    /// What somebody said about where traces belong that lost their parent.
    pub judged: &'a Judged,
}

/// A turn as people read it.
#[derive(Clone, PartialEq, Debug)]
pub struct Reading {
    /// Which turn.
    pub turn: TurnIx,
    /// What happened, in order; what an agent does stands below the line that calls it.
    pub lines: Vec<Line>,
    /// Lines beyond [`MOST_LINES`].
    pub more: u64,
    /// How long it took: from its first start to the end of the span that began it, or of what followed beside it.
    pub took: Moment,
}

impl Reading {
    /// Reads `turn`; `None` when there is no such turn, or when cancelled.
    #[must_use]
    pub fn of_turn(context: &Context<'_>, turn: TurnIx, cancel: &CancelFlag) -> Option<Self> {
        let roots = &context.genai.turns().get(turn.at())?.roots;
        let since = Since::new(context, *roots.first()?);
        // What an agent does about it may begin beside it.
        let took = since.end(super::why::tops_of(context, turn).last().copied().unwrap_or(*roots.first()?));
        let (lines, more) = walk::lines(context, turn, (&since, took), cancel)?;
        Some(Self { turn, lines, more, took })
    }

    /// The last answer of the turn: the line of the model call that gave it.
    #[must_use]
    pub fn last_answer(&self) -> Option<&Line> {
        let answers = |line: &&Line| line.act == Act::Prompts && line.failure.is_none();
        let final_one = self.lines.iter().rfind(|line| line.act == Act::Answers);
        let of_final =
            final_one.and_then(|last| self.lines.iter().filter(answers).rfind(|line| line.span == last.span));
        of_final.or_else(|| self.lines.iter().rfind(answers))
    }
}
