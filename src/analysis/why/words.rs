//! What people read about it.

use super::parts::{Amount, What};
use super::{Part, Why};
use crate::analysis::clocks::words::range_text;
use crate::analysis::genai::{Best, Between, Phase, TurnIx};
use crate::analysis::reading::Context;
use crate::model::time::{S, duration_text};
use crate::model::{SpanIx, TraceStore, grouped};

/// Parts that a sentence names.
const MOST_NAMED: usize = 4;
/// A sentence names what is at least one in so many of the whole.
const LEAST_SHARE: i64 = 33;
/// It says that nothing accounts for something from one in so many on.
const LEAST_OPEN: i64 = 100;
/// Characters of a name.
const MOST_CHARS: usize = 60;
/// Steps that pass on streams which are named.
const MOST_REMARKS: usize = 3;

/// Proposed places of lost traces are named from this score on.
const LEAST_SCORE: u8 = 60;

/// What is said where a clock's ticks are too coarse for an order.
pub const BY_TICKS: &str =
    "steps that end and begin within one tick of their clock are taken in the order in which they were written";

impl Why {
    /// The sentence: `Turn 3 took 9.41 s: 4.2 s waiting before another attempt (429), …`.
    #[must_use]
    pub fn sentence(&self) -> String {
        let named: Vec<String> = self.named().map(|part| self.parts[part].text()).collect();
        let (head, rest) = (self.head(), self.rest());
        let mut text = match (named.is_empty(), rest.is_empty()) {
            (true, true) => head,
            (true, false) => format!("{head}: {rest}"),
            (false, true) => format!("{head}: {}", named.join(", ")),
            (false, false) => format!("{head}: {}; {rest}", named.join(", ")),
        };
        text.push('.');
        for more in self.closing() {
            text.push(' ');
            text.push_str(&more);
        }
        text
    }

    /// How it begins: `Turn 3 took 9.41 s`.
    #[must_use]
    pub fn head(&self) -> String {
        let bare = match (self.is_bare(), self.has_children) {
            (false, _) => "",
            (true, false) => ", and nothing is recorded below it",
            (true, true) => ", and what is recorded below it is not known to have delayed it",
        };
        format!("{} took {}{bare}", self.subject, duration_text(self.took_ns))
    }

    /// The parts that it names: their positions in [`Self::parts`].
    pub fn named(&self) -> impl Iterator<Item = usize> {
        let is_large = |part: &Part| part.time.hi_ns.unwrap_or(i64::MAX) >= self.took_ns / LEAST_SHARE;
        // That a span took its own time explains nothing.
        let count = if self.is_bare() { 0 } else { self.parts.len() };
        (0..count).take_while(move |at| *at == 0 || is_large(&self.parts[*at])).take(MOST_NAMED)
    }

    /// What it does not name: smaller parts, and what nothing accounts for. Empty when that is nothing.
    #[must_use]
    pub fn rest(&self) -> String {
        let named: Vec<usize> = self.named().collect();
        if self.is_bare() { String::new() } else { self.tail(&named).join(", ") }
    }

    /// What follows it, in sentences: how long other turns took, and that it was cut.
    #[must_use]
    pub fn closing(&self) -> Vec<String> {
        let cut = self.is_cut.then(|| "It is too long to be followed to its beginning.".to_owned());
        self.usual_words().into_iter().chain(cut).collect()
    }

    /// What it rests on that no span states.
    #[must_use]
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// Whether all the time is the own time of the one span that is explained.
    fn is_bare(&self) -> bool {
        let is_step = |what: &What| matches!(what, What::Step(..) | What::Agent(_) | What::Tool(_));
        matches!(self.parts.as_slice(), [only] if is_step(&only.what) && only.spans == self.tops)
            && self.more.0 == 0
            && self.unaccounted.hi_ns == Some(0)
    }

    /// What is left: smaller parts, and what nothing accounts for.
    fn tail(&self, named: &[usize]) -> Vec<String> {
        let others = self.parts.iter().enumerate().filter(|(at, _)| !named.contains(at)).map(|(_, part)| part.time);
        let (mut count, mut sum) = self.more;
        for time in others {
            sum = Between {
                lo_ns: sum.lo_ns.saturating_add(time.lo_ns),
                hi_ns: sum.hi_ns.zip(time.hi_ns).map(|(sum, hi)| sum.saturating_add(hi)),
            };
            count += 1;
        }
        let mut words = Vec::new();
        if count > 0 {
            let parts =
                if count == 1 { "1 smaller part".to_owned() } else { format!("{} smaller parts", grouped(count)) };
            words.push(format!("{} in {parts}", time_text(sum)));
        }
        if self.unaccounted.hi_ns.is_some_and(|hi| hi > 0 && hi >= self.took_ns / LEAST_OPEN) {
            words.push(format!("{} not accounted for", time_text(self.unaccounted)));
        }
        words
    }

    /// `3.1 times the median of the 8 other turns of its conversation`, when it took notably longer.
    fn usual_words(&self) -> Option<String> {
        let usual = self.usual.filter(|usual| usual.median_ns > 0)?;
        let tenths = i128::from(self.took_ns) * 10 / i128::from(usual.median_ns);
        if tenths < 15 {
            return None;
        }
        let times = if tenths >= 100 { format!("{}", tenths / 10) } else { format!("{}.{}", tenths / 10, tenths % 10) };
        let others = grouped(usual.turns as u64);
        let median = duration_text(usual.median_ns);
        Some(format!("That is {times} times the median of the {others} other turns of its conversation, {median}."))
    }
}

impl Part {
    /// `0.75 s in tool search`; says so where it is derived.
    #[must_use]
    pub fn text(&self) -> String {
        let derived = if self.is_derived { " (derived)" } else { "" };
        format!("{} {}{derived}", time_text(self.time), self.words)
    }
}

fn time_text(time: Between) -> String {
    range_text(Some(time.lo_ns), time.hi_ns)
}

/// The words for `what` that follow a duration.
pub fn part(what: &What, amount: &Amount) -> String {
    let because = |reason: &str| if reason.is_empty() { String::new() } else { format!(" ({reason})") };
    match what {
        What::Phase(phase) => phase_words(*phase, amount),
        What::Failed(reason) => {
            let count = amount.count_of_spans() as u64;
            let noun = if count == 1 {
                "1 failed model call".to_owned()
            } else {
                format!("{} failed model calls", grouped(count))
            };
            format!("in {noun}{}", because(reason))
        }
        What::Backoff(reason) => format!("waiting before another attempt{}", because(reason)),
        What::Human => "waiting for a person".to_owned(),
        What::Tool(name) => format!("in tool {name}"),
        What::Retrieval(name) => format!("in retrieval {name}"),
        What::Agent(name) => format!("in {name} besides its recorded steps"),
        What::Step(name, service) if service.is_empty() => format!("in {name}"),
        What::Step(name, service) => format!("in {name} of {service}"),
        What::Between(from, to) => format!("between {} and {}", or_caller(from), or_server(to)),
        What::Unknown(names) => match names.as_slice() {
            [only] => format!("in {only} or before it, which clocks leave open"),
            [first @ .., last] => format!("in {} or {last}, in an order that clocks leave open", first.join(", ")),
            [] => "in an order that clocks leave open".to_owned(),
        },
        What::Rest | What::Gap => "not accounted for".to_owned(),
    }
}

fn or_caller(name: &str) -> &str {
    if name.is_empty() { "a caller" } else { name }
}

fn or_server(name: &str) -> &str {
    if name.is_empty() { "its server" } else { name }
}

fn phase_words(phase: Phase, amount: &Amount) -> String {
    let read = || amount.input().filter(|tokens| *tokens > 0);
    match phase {
        Phase::Queue => "in the queue of the model".to_owned(),
        Phase::Load => "loading the model".to_owned(),
        Phase::Prefill => match read() {
            Some(tokens) => format!("reading {} tokens", grouped(tokens)),
            None => "reading the prompt".to_owned(),
        },
        Phase::Decode => match amount.output().filter(|(tokens, _)| *tokens > 0) {
            Some((tokens, reasoning)) => {
                let thought =
                    if reasoning > 0 { format!(" ({} reasoning)", grouped(reasoning)) } else { String::new() };
                format!("decoding {} tokens{thought}{}", grouped(tokens), rate(tokens, amount))
            }
            None => "decoding".to_owned(),
        },
        Phase::Compute => "computing the answer".to_owned(),
        Phase::Overhead => "of server overhead".to_owned(),
        Phase::Network => "between client and model".to_owned(),
        Phase::FirstToken => "until the first token".to_owned(),
        Phase::Opaque => match amount.count_of_spans() {
            1 => "in a model call that does not say what it did".to_owned(),
            calls => format!("in {} model calls that do not say what they did", grouped(calls as u64)),
        },
        other => format!("of {}", other.label()),
    }
}

/// ` at 133/s`.
fn rate(tokens: u64, amount: &Amount) -> String {
    let ns = i128::from(amount.time().lo_ns);
    if ns <= 0 {
        return String::new();
    }
    let tenths = i128::from(tokens) * i128::from(S) * 10 / ns;
    if tenths >= 100 {
        format!(" at {}/s", (tenths + 5) / 10)
    } else {
        format!(" at {}.{}/s", tenths / 10, tenths % 10)
    }
}

/// What is concluded about steps that pass on streams.
pub fn relays(context: &Context<'_>, relays: &[(SpanIx, SpanIx)]) -> Vec<String> {
    let name = |span: SpanIx| name_of(context.store, span);
    let mut remarks: Vec<String> = relays
        .iter()
        .map(|(step, call)| {
            format!(
                "{} is taken to pass on the answer of {}, the only call that was open then",
                name(*step),
                name(*call)
            )
        })
        .collect();
    remarks.dedup();
    let more = remarks.len().saturating_sub(MOST_REMARKS);
    remarks.truncate(MOST_REMARKS);
    if more > 0 {
        remarks.push(format!("{} more of this kind", grouped(more as u64)));
    }
    remarks
}

/// What was at work in `turn` and lost its parent: its time may be time of the span that it belongs below.
pub fn lost(context: &Context<'_>, turn: TurnIx, tops: &[SpanIx]) -> Vec<String> {
    let Context { store, genai, judged, .. } = *context;
    let roots = genai.turns().get(turn.at()).map_or(&[][..], |turn| &turn.roots);
    let name = |span: SpanIx| name_of(store, span);
    let lost = roots.iter().filter(|root| !tops.contains(root)).filter_map(|&root| {
        let Best { stitch, is_accepted } =
            judged.best(genai.stitches(), root).filter(|best| best.is_accepted || best.stitch.score >= LEAST_SCORE)?;
        let length = duration_text(store.span(root).duration_ns().filter(|ns| *ns > 0)?);
        let belongs = if is_accepted { "was placed" } else { "may belong" };
        let (root, under) = (name(root), name(stitch.under));
        Some(format!("{root}, {length} on its own clock, lost its parent and {belongs} below {under}"))
    });
    lost.take(MOST_REMARKS).collect()
}

/// What went on beside it.
pub fn later(store: &TraceStore, span: SpanIx, ns: i64) -> String {
    format!("{} began beside it and went on for {} more", name_of(store, span), duration_text(ns))
}

/// The service that `span` says it is of; empty when it does not.
pub fn service(store: &TraceStore, span: SpanIx) -> String {
    shortened(store.find_text(&store.span(span).resource().attrs, "service.name").unwrap_or_default())
}

/// What `span` is called in a sentence.
pub fn name_of(store: &TraceStore, span: SpanIx) -> String {
    match shortened(store.span(span).name()) {
        name if name.trim().is_empty() => "a span without a name".to_owned(),
        name => name,
    }
}

/// A name that fits into a sentence.
pub fn shortened(name: &str) -> String {
    let clean = |ch: char| if ch.is_control() { ' ' } else { ch };
    let mut text: String = name.chars().take(MOST_CHARS).map(clean).collect();
    if name.chars().nth(MOST_CHARS).is_some() {
        text.push('…');
    }
    text
}
