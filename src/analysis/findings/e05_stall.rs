//! E5: streams that stall in the middle, and answers that repeat themselves.

use super::{Config, Context, Finding, Rule, Severity, count};
use crate::model::time::{MS, duration_text};
use crate::model::{SpanIx, Value};

/// See the module.
pub struct Stall;

/// Attributes that record an answer.
const OUTPUTS: [&str; 6] = [
    "gen_ai.output.messages",
    "output.value",
    "gen_ai.completion.0.content",
    "llm.output_messages.0.message.content",
    "ai.response.text",
    "langfuse.observation.output",
];
/// Words of the longest phrase that is looked for, and of an answer that is looked at.
const LONGEST_PHRASE: usize = 40;
const MOST_WORDS: usize = 20_000;

impl Rule for Stall {
    fn code(&self) -> &'static str {
        "E5"
    }

    fn title(&self) -> &'static str {
        "stalled streams and repetition"
    }

    fn is_on(&self, config: &Config) -> bool {
        config.E5.on
    }

    fn find(&self, context: &Context<'_>) -> Vec<Finding> {
        let mut stalls: Vec<(i64, i64, SpanIx)> = Vec::new();
        let mut repeats: Vec<(usize, String, SpanIx)> = Vec::new();
        for call in context.genai.calls().iter().filter(|call| call.is_model) {
            if let Some((gap, usual)) = stall(context, call.span) {
                stalls.push((gap, usual, call.span));
            }
            if let Some((times, phrase)) = repetition(context, call.span) {
                repeats.push((times, phrase, call.span));
            }
        }
        // The client sees the stall of its server: one finding for both.
        let outermost = |span: SpanIx| {
            let outer = context.genai.call_of(span).and_then(|call| call.outer);
            outer.map_or(span, |outer| context.genai.calls()[outer as usize].span)
        };
        stalls.sort_by_key(|(gap, _, span)| (std::cmp::Reverse(*gap), *span));
        let mut findings = Vec::new();
        let mut known: Vec<SpanIx> = Vec::new();
        for &(gap, usual, span) in &stalls {
            let outer = outermost(span);
            if !known.contains(&outer) && findings.len() < Finding::EXAMPLES {
                known.push(outer);
                findings.push(stalled(context, gap, usual, span));
            }
        }
        findings.extend(repeats.into_iter().map(|(times, phrase, span)| repeated(context, times, &phrase, span)));
        findings
    }
}

/// The longest gap in the stream of `span` and the usual one, if it is much longer.
fn stall(context: &Context<'_>, span: SpanIx) -> Option<(i64, i64)> {
    let limits = context.config.E5;
    let (times, dropped) = context.genai.chunks(context.store, span);
    // With dropped events a gap may be where they were.
    if times.len() < limits.least_chunks.max(3) || dropped > 0 {
        return None;
    }
    let mut gaps: Vec<i64> = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    let longest = *gaps.iter().max()?;
    gaps.sort_unstable();
    let usual = gaps[gaps.len() / 2];
    #[expect(clippy::cast_precision_loss, reason = "a factor between two gaps")]
    let is_long = longest as f64 >= usual.max(1) as f64 * limits.times_median;
    (is_long && longest >= limits.least_gap_ms * MS).then_some((longest, usual))
}

fn stalled(context: &Context<'_>, gap: i64, usual: i64, span: SpanIx) -> Finding {
    let name = context.store.span(span).name();
    let sentence = format!("The stream of {name} stood still for {}.", duration_text(gap));
    let chunks = context.genai.chunks(context.store, span).0.len();
    Finding::new("E5", Severity::Suspicious, name, sentence)
        .shown_by(&[span])
        .because(format!("{} between pieces usually, {chunks} pieces, none dropped", duration_text(usual)))
}

fn repetition(context: &Context<'_>, span: SpanIx) -> Option<(usize, String)> {
    let view = context.store.span(span);
    let text = OUTPUTS.iter().find_map(|key| match view.attr(key)? {
        Value::Str(sym) | Value::Json(sym) => Some(context.store.text(sym)),
        _ => None,
    })?;
    let limits = context.config.E5;
    longest_repeat(text, limits.least_repeats, limits.least_phrase)
}

/// A phrase that is repeated at least `least_repeats` times in a row, and how often.
fn longest_repeat(text: &str, least_repeats: usize, least_phrase: usize) -> Option<(usize, String)> {
    let words: Vec<&str> = text.split_whitespace().take(MOST_WORDS).collect();
    for period in 1..=LONGEST_PHRASE.min(words.len() / least_repeats.max(2)) {
        let mut same = 0;
        for at in period..words.len() {
            same = if words[at] == words[at - period] { same + 1 } else { 0 };
            let times = same / period + 1;
            if same % period == 0 && times >= least_repeats {
                let phrase = words[at + 1 - period..=at].join(" ");
                if phrase.chars().count() >= least_phrase {
                    return Some((times, phrase));
                }
            }
        }
    }
    None
}

fn repeated(context: &Context<'_>, times: usize, phrase: &str, span: SpanIx) -> Finding {
    let name = context.store.span(span).name();
    let sentence = format!(
        "The answer of {name} repeats itself: a phrase of {} comes {times} times in a row or more.",
        count(phrase.split(' ').count(), "word")
    );
    Finding::new("E5", Severity::Suspicious, name, sentence).shown_by(&[span]).because("read from the recorded answer")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_are_found_and_lists_are_not() {
        let looped =
            "Let me check. I will look it up now. I will look it up now. I will look it up now. I will look it up now.";
        assert_eq!(longest_repeat(looped, 4, 12), Some((4, "I will look it up now.".to_owned())));
        for quiet in ["", "one two three four five six", "ha ha ha ha ha ha", "a b c d a b c d a b c d e"] {
            assert_eq!(longest_repeat(quiet, 4, 12), None, "{quiet}");
        }
    }
}
