//! Model calls: tokens, cost, time to first token.

use super::facts::{At, Facts};
use super::field::{Confidence, Datum, Field};
use super::resolve::Resolved;
use super::{tokens, ttft};
use crate::model::{SpanIx, TraceStore};

/// Tokens of a model call; `None` when not stated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tokens {
    /// In, cached ones included.
    pub input: Option<u32>,
    /// Out, reasoning included.
    pub output: Option<u32>,
    /// In, from a cache.
    pub cache_read: Option<u32>,
    /// Out, reasoning.
    pub reasoning: Option<u32>,
}

impl Tokens {
    /// Whether any count is stated.
    #[must_use]
    pub const fn is_stated(&self) -> bool {
        self.input.is_some() || self.output.is_some()
    }
}

/// When the first piece of an answer was there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ttft {
    /// From the start of the span, nanoseconds.
    pub ns: i64,
    /// Where it was read.
    pub from: TtftFrom,
    /// How far it can be trusted.
    pub confidence: Confidence,
}

/// Where a time to first token was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TtftFrom {
    /// An absolute time or a duration in an attribute: the rule's position in the tables.
    Rule(u16),
    /// An event that says so.
    FirstTokenEvent,
    /// The first event of a stream, where no event was dropped.
    FirstChunkEvent,
}

/// A model call, or another span that states tokens.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Call {
    /// Its span.
    pub span: SpanIx,
    /// The model call that it is inside of: its position in the list of calls.
    pub outer: Option<u32>,
    /// Its tokens.
    pub tokens: Tokens,
    /// Billionths of a US dollar, if stated.
    pub cost_nano: Option<i64>,
    /// When the first piece was there.
    pub ttft: Option<Ttft>,
    /// Which of its counts are added up: those that no span inside of it states, too.
    pub counted: Counted,
    /// It is a call of a model and not another span that restates its calls' tokens.
    pub is_model: bool,
}

impl Call {
    pub(super) fn read(store: &TraceStore, resolved: &Resolved, facts: &Facts, span: SpanIx) -> Self {
        let count = |field| {
            let sum = tokens::sum(resolved, facts, field).map(|sum| sum.count);
            sum.or_else(|| facts.int(field)).map(|int| u32::try_from(int).unwrap_or(u32::MAX))
        };
        let tokens = Tokens {
            input: count(Field::InputTokens),
            output: count(Field::OutputTokens),
            cache_read: count(Field::CacheReadTokens),
            reasoning: count(Field::ReasoningTokens),
        };
        let cost_nano = facts.get(Field::Cost).and_then(|fact| match fact.datum {
            Datum::Number { value, .. } => super::convert::rounded(value * 1e9),
            _ => None,
        });
        let ttft = ttft::read(store, resolved, facts, span);
        Self { span, outer: None, tokens, cost_nano, ttft, counted: Counted::default(), is_model: false }
    }
}

/// Which counts of a call are added up. A set of bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counted(u8);

impl Counted {
    /// Tokens in.
    pub const INPUT: Self = Self(1);
    /// Tokens out.
    pub const OUTPUT: Self = Self(1 << 1);
    /// Tokens from a cache.
    pub const CACHE_READ: Self = Self(1 << 2);
    /// Reasoning tokens.
    pub const REASONING: Self = Self(1 << 3);
    /// The cost.
    pub const COST: Self = Self(1 << 4);

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What `call` states.
    pub(super) const fn stated(call: &Call) -> Self {
        let Tokens { input, output, cache_read, reasoning } = call.tokens;
        let bits =
            [input.is_some(), output.is_some(), cache_read.is_some(), reasoning.is_some(), call.cost_nano.is_some()];
        let (mut set, mut at) = (0, 0);
        while at < bits.len() {
            set |= (bits[at] as u8) << at;
            at += 1;
        }
        Self(set)
    }

    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// What a set of spans did. Sums count leaf calls only; totals that restate other spans are never added.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Totals {
    /// Spans.
    pub spans: u64,
    /// Spans that failed.
    pub errors: u64,
    /// Model calls; one inside another counts once.
    pub model_calls: u64,
    /// Tool calls.
    pub tool_calls: u64,
    /// Tokens in.
    pub input_tokens: u64,
    /// Tokens out.
    pub output_tokens: u64,
    /// Of the tokens in, those from a cache.
    pub cache_read_tokens: u64,
    /// Of the tokens out, reasoning.
    pub reasoning_tokens: u64,
    /// Model calls that state no tokens, so that the sums are too small.
    pub calls_without_tokens: u64,
    /// Billionths of a US dollar, where stated.
    pub cost_nano: u64,
    /// Calls that state a cost.
    pub calls_with_cost: u64,
    /// Calls whose tokens in are among the sum.
    pub calls_with_input: u64,
    /// Calls whose tokens out are among the sum.
    pub calls_with_output: u64,
}

impl Totals {
    pub(super) fn add_call(&mut self, call: &Call) {
        let count = |which, tokens: Option<u32>| {
            if call.counted.has(which) { u64::from(tokens.unwrap_or(0)) } else { 0 }
        };
        self.input_tokens += count(Counted::INPUT, call.tokens.input);
        self.output_tokens += count(Counted::OUTPUT, call.tokens.output);
        self.cache_read_tokens += count(Counted::CACHE_READ, call.tokens.cache_read);
        self.reasoning_tokens += count(Counted::REASONING, call.tokens.reasoning);
        self.calls_with_input += u64::from(call.counted.has(Counted::INPUT));
        self.calls_with_output += u64::from(call.counted.has(Counted::OUTPUT));
        if let Some(cost) = call.cost_nano.filter(|_| call.counted.has(Counted::COST)) {
            self.cost_nano = self.cost_nano.saturating_add(cost.unsigned_abs());
            self.calls_with_cost += 1;
        }
    }
}

/// The name of the attribute or event behind a time to first token.
pub(super) fn ttft_source(resolved: &Resolved, from: TtftFrom) -> &str {
    match from {
        TtftFrom::Rule(rule) => &resolved.tables.keys[usize::from(rule)].key,
        TtftFrom::FirstTokenEvent => "first token event",
        TtftFrom::FirstChunkEvent => "first chunk event",
    }
}

/// The rule behind a fact that was read from an attribute.
pub(super) const fn rule_of(at: At) -> u16 {
    match at {
        At::Attr(_, rule) | At::Name(rule) => rule,
    }
}

impl Totals {
    pub(super) fn add(&mut self, other: &Self) {
        self.spans += other.spans;
        self.errors += other.errors;
        self.model_calls += other.model_calls;
        self.tool_calls += other.tool_calls;
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        self.cache_read_tokens += other.cache_read_tokens;
        self.reasoning_tokens += other.reasoning_tokens;
        self.calls_without_tokens += other.calls_without_tokens;
        self.cost_nano = self.cost_nano.saturating_add(other.cost_nano);
        self.calls_with_cost += other.calls_with_cost;
        self.calls_with_input += other.calls_with_input;
        self.calls_with_output += other.calls_with_output;
    }
}
