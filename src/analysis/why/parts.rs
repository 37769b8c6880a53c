//! What time is spent on, and how much of it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::{MOST_PARTS, MOST_SPANS, words};
use crate::analysis::genai::{Between, Phase, Tokens};
use crate::model::SpanIx;

/// What time is spent on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum What {
    /// A phase of model calls.
    Phase(Phase),
    /// Model calls that failed, with why.
    Failed(String),
    /// Waiting before another attempt, with why the one before failed.
    Backoff(String),
    /// Waiting for a person.
    Human,
    /// A tool, by its name.
    Tool(String),
    /// Looking something up, by the name of the span.
    Retrieval(String),
    /// An agent's own work, by its name.
    Agent(String),
    /// A span's own work, by its name and service.
    Step(String, String),
    /// Between a caller's service and a server's: network and queues, both ways.
    Between(String, String),
    /// Spans of which one or several were waited for, in an order that is not known.
    Unknown(Vec<String>),
    /// Inside of model calls, and nothing says what it was.
    Rest,
    /// Between spans of a turn, and nothing was recorded then.
    Gap,
}

impl What {
    /// The phase of AI work that it is.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        match self {
            Self::Phase(phase) => *phase,
            Self::Failed(_) => Phase::ModelCall,
            Self::Backoff(_) => Phase::Backoff,
            Self::Human => Phase::HumanWait,
            Self::Tool(_) => Phase::Tool,
            Self::Retrieval(_) => Phase::Retrieval,
            Self::Agent(_) => Phase::AgentWork,
            Self::Between(..) => Phase::Network,
            Self::Rest => Phase::Opaque,
            Self::Step(..) | Self::Unknown(_) | Self::Gap => Phase::None,
        }
    }

    /// Its name in reports.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Phase(_) => "phase",
            Self::Failed(_) => "failed_call",
            Self::Backoff(_) => "backoff",
            Self::Human => "human_wait",
            Self::Tool(_) => "tool",
            Self::Retrieval(_) => "retrieval",
            Self::Agent(_) => "agent",
            Self::Step(..) => "step",
            Self::Between(..) => "between",
            Self::Unknown(_) => "unknown_order",
            Self::Rest | Self::Gap => "unaccounted",
        }
    }

    const fn is_unaccounted(&self) -> bool {
        matches!(self, Self::Rest | Self::Gap)
    }
}

/// How much time is spent on something.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Amount {
    lo_ns: i64,
    hi_ns: i64,
    /// Some of it is from durations or first tokens that spans state, and not from spans or events.
    pub is_derived: bool,
    /// Time of each span, nanoseconds at most.
    spans: BTreeMap<SpanIx, i64>,
    /// Model calls, and their tokens as far as they are stated.
    calls: u64,
    calls_with_input: u64,
    calls_with_output: u64,
    input: u64,
    output: u64,
    reasoning: u64,
}

impl Amount {
    /// Adds `ns` of `span`.
    pub fn add(&mut self, span: SpanIx, ns: i64) {
        self.add_between(span, ns, ns);
    }

    /// Adds at least `lo_ns` and at most `hi_ns` of `span`.
    pub fn add_between(&mut self, span: SpanIx, lo_ns: i64, hi_ns: i64) {
        self.lo_ns = self.lo_ns.saturating_add(lo_ns);
        self.hi_ns = self.hi_ns.saturating_add(hi_ns);
        let own = self.spans.entry(span).or_default();
        *own = own.saturating_add(hi_ns);
    }

    /// Names another span that shows it.
    pub fn show(&mut self, span: SpanIx) {
        self.spans.entry(span).or_default();
    }

    /// Counts a model call with its tokens.
    pub fn count(&mut self, tokens: Tokens) {
        self.calls += 1;
        let add = |sum: &mut u64, calls: &mut u64, count: Option<u32>| {
            if let Some(count) = count {
                (*sum, *calls) = (*sum + u64::from(count), *calls + 1);
            }
        };
        add(&mut self.input, &mut self.calls_with_input, tokens.input);
        add(&mut self.output, &mut self.calls_with_output, tokens.output);
        self.reasoning += u64::from(tokens.reasoning.unwrap_or(0));
    }

    /// The tokens that all of its calls read.
    #[must_use]
    pub fn input(&self) -> Option<u64> {
        (self.calls > 0 && self.calls == self.calls_with_input).then_some(self.input)
    }

    /// The tokens that all of its calls wrote, and how many of them were reasoning.
    #[must_use]
    pub fn output(&self) -> Option<(u64, u64)> {
        (self.calls > 0 && self.calls == self.calls_with_output).then_some((self.output, self.reasoning))
    }

    /// How many spans.
    #[must_use]
    pub fn count_of_spans(&self) -> usize {
        self.spans.len()
    }

    /// How long.
    #[must_use]
    pub const fn time(&self) -> Between {
        Between { lo_ns: self.lo_ns, hi_ns: Some(self.hi_ns) }
    }

    fn middle(&self) -> i128 {
        i128::from(self.lo_ns) + i128::from(self.hi_ns)
    }
}

/// One thing that time was spent on.
#[derive(Clone, PartialEq, Debug)]
pub struct Part {
    /// What.
    pub what: What,
    /// The same in words that follow a duration: `in tool search`.
    pub words: String,
    /// How long.
    pub time: Between,
    /// Some of it is derived from durations that spans state.
    pub is_derived: bool,
    /// The spans that show it, the longest first; at most [`MOST_SPANS`].
    pub spans: Vec<SpanIx>,
    /// How many spans show it.
    pub count: usize,
}

impl Part {
    fn new(what: What, amount: &Amount) -> Self {
        let mut spans: Vec<(Reverse<i64>, SpanIx)> =
            amount.spans.iter().map(|(span, ns)| (Reverse(*ns), *span)).collect();
        spans.sort_unstable();
        Self {
            words: words::part(&what, amount),
            what,
            time: amount.time(),
            is_derived: amount.is_derived,
            spans: spans.into_iter().take(MOST_SPANS).map(|(_, span)| span).collect(),
            count: amount.count_of_spans(),
        }
    }
}

/// The parts, the most first, with those beyond [`MOST_PARTS`] summed up; and what nothing accounts for.
pub fn sorted(amounts: BTreeMap<What, Amount>) -> (Vec<Part>, (u64, Between), Between) {
    let (open, mut known): (Vec<_>, Vec<_>) =
        amounts.into_iter().filter(|(_, amount)| amount.hi_ns > 0).partition(|(what, _)| what.is_unaccounted());
    known.sort_by(|(a, of_a), (b, of_b)| of_b.middle().cmp(&of_a.middle()).then_with(|| a.cmp(b)));
    let rest = known.split_off(known.len().min(MOST_PARTS));
    let sum = |amounts: &[(What, Amount)]| {
        let add = |sum: Between, (_, amount): &(What, Amount)| Between {
            lo_ns: sum.lo_ns.saturating_add(amount.lo_ns),
            hi_ns: sum.hi_ns.map(|hi| hi.saturating_add(amount.hi_ns)),
        };
        amounts.iter().fold(Between { lo_ns: 0, hi_ns: Some(0) }, add)
    };
    let more = (rest.len() as u64, sum(&rest));
    let parts = known.into_iter().map(|(what, amount)| Part::new(what, &amount)).collect();
    (parts, more, sum(&open))
}
