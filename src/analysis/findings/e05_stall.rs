//! E5: streams that stall in the middle, and answers that repeat themselves.

use std::collections::BTreeMap;

use super::{Config, Context, Finding, Rule, Severity, count, e04_reasoning, e05_broken, e05_unseen, figure};
use crate::analysis::genai::{Answers, Content};
use crate::model::SpanIx;
use crate::model::time::duration_text;

/// See the module.
pub struct Stall;

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
        // The client sees the stall of its server: one finding for both.
        let mut stalls: BTreeMap<SpanIx, Vec<Stalled>> = BTreeMap::new();
        let mut repeats: Vec<(SpanIx, Repeated)> = Vec::new();
        let answers = Answers::new(context.store);
        for call in context.genai.calls().iter().filter(|call| call.is_model) {
            if let Some(stalled) = stall(context, call.span) {
                stalls.entry(context.outermost(call.span)).or_default().push(stalled);
            }
            repeats.extend(repetition(context, &answers, call.span).map(|found| (call.span, found)));
        }
        let mut stalls: Vec<Vec<Stalled>> = stalls.into_values().collect();
        stalls.sort_by_key(|group| std::cmp::Reverse(group.iter().map(|stalled| stalled.gap_ns).max()));
        repeats.sort_by_key(|(_, found)| std::cmp::Reverse(found.times));
        let stalls = stalls.iter().take(Finding::EXAMPLES).filter_map(|group| stalled(context, group));
        let repeats = repeats.iter().take(Finding::EXAMPLES).map(|(span, found)| repeated(context, found, *span));
        let found = stalls.chain(repeats).chain(e05_unseen::find(context));
        found.chain(e05_broken::find(context, &answers)).collect()
    }
}

/// A stream that stood still.
struct Stalled {
    span: SpanIx,
    gap_ns: i64,
    usual_ns: i64,
    pieces: usize,
}

/// The longest gap in the stream of `span`, if it is much longer than usual.
fn stall(context: &Context<'_>, span: SpanIx) -> Option<Stalled> {
    let stream = context.genai.stream(context.store, span)?;
    let gap_ns = stream.times_ns.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).max()?;
    let stalled = Stalled { span, gap_ns, usual_ns: stream.usual_gap_ns, pieces: stream.times_ns.len() };
    context.config.E5.is_stall(&stream, gap_ns).then_some(stalled)
}

/// The finding about a call: what its client and its server saw.
fn stalled(context: &Context<'_>, group: &[Stalled]) -> Option<Finding> {
    let longest = group.iter().max_by_key(|stalled| (stalled.gap_ns, std::cmp::Reverse(stalled.span)))?;
    let outer = context.outermost(longest.span);
    let mut spans: Vec<SpanIx> = group.iter().map(|stalled| stalled.span).collect();
    spans.sort_by_key(|span| (*span != outer, *span));
    let name = context.store.span(spans[0]).name();
    let Stalled { gap_ns, usual_ns, pieces, .. } = longest;
    let sentence = format!("The stream of {name} stood still for {}.", duration_text(*gap_ns));
    let finding = Finding::new("E5", Severity::Suspicious, name, sentence)
        .shown_by(&spans)
        .because(format!(
            "{} between pieces usually, {} pieces, none dropped",
            duration_text(*usual_ns),
            figure(*pieces)
        ))
        .with("gap_ns", *gap_ns)
        .with("usual_ns", *usual_ns)
        .with("pieces", *pieces);
    let finding = match where_it_shows(context, outer, group) {
        Some(place) => finding.because(place),
        None => finding,
    };
    Some(Finding { count: 1, ..finding })
}

/// Whether the other side of the call saw the stall too, where it recorded its stream.
fn where_it_shows(context: &Context<'_>, outer: SpanIx, group: &[Stalled]) -> Option<&'static str> {
    let is_inside = |stalled: &&Stalled| stalled.span != outer;
    if group.len() > 1 {
        return Some("its server's own span shows it too, so it is not the network");
    }
    if group.iter().any(|stalled| is_inside(&stalled)) {
        return None;
    }
    let at = context.genai.calls().iter().position(|call| call.span == outer)?;
    let inside = context.genai.calls().iter().filter(|call| call.outer.is_some_and(|outer| outer as usize == at));
    let least = context.config.E5.least_chunks.max(3);
    let mut streams = inside.filter(|call| {
        let (times, dropped) = context.genai.chunks(context.store, call.span);
        times.len() >= least && dropped == 0
    });
    streams.next().map(|_| "its server's own span shows no such gap: it is on the way, or at the reader")
}

/// A phrase that comes again and again.
struct Repeated {
    times: usize,
    phrase: String,
}

fn repetition(context: &Context<'_>, answers: &Answers<'_>, span: SpanIx) -> Option<Repeated> {
    let limits = context.config.E5;
    let messages = answers.of(span);
    let texts = messages.iter().flat_map(|message| &message.contents).filter_map(|content| match content {
        Content::Text(text) | Content::Reasoning(text) => Some(text),
        _ => None,
    });
    texts.into_iter().find_map(|text| repeat(text, limits.least_repeats, limits.least_phrase))
}

/// The shortest phrase that is repeated at least `least_repeats` times in a row.
fn repeat(text: &str, least_repeats: usize, least_phrase: usize) -> Option<Repeated> {
    let words: Vec<&str> = text.split_whitespace().take(MOST_WORDS).collect();
    for period in 1..=LONGEST_PHRASE.min(words.len() / least_repeats.max(2)) {
        let mut same = 0;
        for at in period..words.len() {
            same = if words[at] == words[at - period] { same + 1 } else { 0 };
            // Once per run of repeats: at its end.
            let goes_on = words.get(at + 1).is_some_and(|next| *next == words[at + 1 - period]);
            let times = same / period + 1;
            if goes_on || times < least_repeats.max(2) {
                continue;
            }
            let first = at + 1 - same - period;
            let phrase = words[first..first + period].join(" ");
            if phrase.chars().count() >= least_phrase {
                return Some(Repeated { times, phrase });
            }
        }
    }
    None
}

fn repeated(context: &Context<'_>, Repeated { times, phrase }: &Repeated, span: SpanIx) -> Finding {
    let name = context.store.span(span).name();
    let words = phrase.split(' ').count();
    let sentence = format!(
        "The answer of {name} repeats itself: a phrase of {} comes {} times in a row.",
        count(words, "word"),
        figure(*times)
    );
    let finding = Finding::new("E5", Severity::Suspicious, name, sentence).shown_by(&[span]);
    let finding = finding.because("read from the recorded answer").with("repeats", *times).with("words", words);
    // What goes round in circles ends where no more tokens are allowed.
    let limit = e04_reasoning::was_cut_off(context, span).then_some("it ended at the limit of tokens");
    match limit {
        Some(limit) => finding.because(limit),
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_are_found_and_lists_are_not() {
        let looped =
            "Let me check. I will look it up now. I will look it up now. I will look it up now. I will look it up now.";
        let found = repeat(looped, 4, 12).unwrap();
        assert_eq!((found.times, found.phrase.as_str()), (4, "I will look it up now."));
        for quiet in ["", "one two three four five six", "ha ha ha ha ha ha", "a b c d a b c d a b c d e"] {
            assert!(repeat(quiet, 4, 12).is_none(), "{quiet}");
        }
    }
}
