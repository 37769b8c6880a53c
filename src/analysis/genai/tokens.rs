//! Tokens in and out in all. Some conventions count cached tokens, reasoning and the like beside the tokens that they
//! call input and output, not among them: Anthropic's API and who copies it, Langfuse, Gemini's candidates.
//!
//! What a span's own total adds up to decides; where it states none, what its convention is known to do
//! (`beside` in `assets/genai/fields.toml`).

use super::facts::{Fact, Facts};
use super::field::{Datum, Field};
use super::resolve::Resolved;

/// Tokens in or out, added up from what a span states.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sum {
    /// How many.
    pub count: i64,
    /// The fields that were added, the tokens in or out themselves first.
    pub of: Vec<Field>,
    /// The total that the span states shows that they have to be added.
    pub by_total: bool,
}

/// What may be counted beside the tokens in, and beside those out.
const BESIDE_INPUT: &[Field] =
    &[Field::CacheReadTokens, Field::CacheWriteTokens, Field::AudioInputTokens, Field::ImageInputTokens];
const BESIDE_OUTPUT: &[Field] = &[Field::ReasoningTokens, Field::AudioOutputTokens, Field::ImageOutputTokens];

/// The sum that `field` (tokens in or out) is a part of; `None` where what it states is all.
pub fn sum(resolved: &Resolved, facts: &Facts, field: Field) -> Option<Sum> {
    let details = match field {
        Field::InputTokens => BESIDE_INPUT,
        Field::OutputTokens => BESIDE_OUTPUT,
        _ => return None,
    };
    let own = facts.get(field)?;
    let stated = int(own)?;
    let known: Vec<(Field, i64, bool)> = details
        .iter()
        .filter_map(|&detail| {
            let fact = facts.get(detail)?;
            let tokens = int(fact).filter(|tokens| *tokens > 0)?;
            Some((detail, tokens, is_beside(resolved, fact, own)))
        })
        .collect();
    let by_total = by_total(facts, field);
    let added = known.iter().filter(|(_, _, by_rule)| match by_total {
        Some(beside) => beside,
        None => *by_rule,
    });
    let (of, counts): (Vec<Field>, Vec<i64>) = added.map(|(detail, tokens, _)| (*detail, *tokens)).unzip();
    if of.is_empty() {
        return None;
    }
    let count = counts.iter().fold(stated, |sum, tokens| sum.saturating_add(*tokens));
    let of = std::iter::once(field).chain(of).collect();
    Some(Sum { count, of, by_total: by_total == Some(true) })
}

/// Whether the convention of `detail` counts it beside `own`.
fn is_beside(resolved: &Resolved, detail: &Fact, own: &Fact) -> bool {
    let beside = detail.key_rule(resolved).and_then(|rule| rule.beside.as_deref());
    beside.is_some() && beside == own.key_rule(resolved).map(|rule| rule.key.as_str())
}

/// Whether the total that the span states says that details are beside `field`: `None` where there is no total, where
/// it fits neither way, or where it fits both ways.
fn by_total(facts: &Facts, field: Field) -> Option<bool> {
    let count = |field| facts.get(field).and_then(int);
    let total = count(Field::TotalTokens)?;
    let among =
        |details: &[Field]| -> i64 { details.iter().filter_map(|field| count(*field)).fold(0, i64::saturating_add) };
    let base = count(Field::InputTokens)?.checked_add(count(Field::OutputTokens)?)?;
    let [input, output] = [among(BESIDE_INPUT), among(BESIDE_OUTPUT)];
    // Which of both are beside, and what the total is then.
    let ways =
        [(false, false, 0), (true, false, input), (false, true, output), (true, true, input.checked_add(output)?)];
    let mut fitting = ways.iter().filter(|(_, _, more)| base.checked_add(*more) == Some(total));
    let own = |way: &(bool, bool, i64)| if field == Field::InputTokens { way.0 } else { way.1 };
    let first = own(fitting.next()?);
    fitting.all(|way| own(way) == first).then_some(first)
}

fn int(fact: &Fact) -> Option<i64> {
    match fact.datum {
        Datum::Int(int) => Some(int),
        _ => None,
    }
}
