//! Why turns and requests took so long, in a report.

use std::cmp::Reverse;

use serde::Serialize;

use super::ReportInput;
use super::genai::Interval;
use crate::analysis::genai::{GenAi, Judged, TurnIx};
use crate::analysis::reading::Context;
use crate::analysis::why::{Explained, Why, Whys, took_ns};
use crate::model::SpanIx;
use crate::scene::critical::longest_root;

/// Turns that are explained: the slowest ones.
const MOST_TURNS: usize = 1000;
/// Events that searches through the clock model may visit for all of them.
const MOST_VISITED: usize = 4_000_000;
/// Stretches of paths that may be walked for all of them.
const MOST_STRETCHES: usize = 2_000_000;

/// Why something took so long.
#[derive(Clone, Debug, Serialize)]
pub struct WhyReport {
    /// For people.
    pub sentence: String,
    /// How long it took, nanoseconds on the clock on which it began.
    pub took_ns: i64,
    /// What the time was spent on, the most first.
    pub parts: Vec<WhyPart>,
    /// How many smaller parts there are besides.
    pub more_parts: u64,
    /// How much time they are.
    pub more: Interval,
    /// Time of which nothing says what it was spent on.
    pub unaccounted: Interval,
    /// The median of the other turns of the conversation, nanoseconds.
    pub median_ns: Option<i64>,
    /// What it rests on that no span states.
    pub remarks: Vec<String>,
}

/// What some of the time was spent on.
#[derive(Clone, Debug, Serialize)]
pub struct WhyPart {
    /// In words that follow a duration.
    pub what: String,
    /// What it is.
    pub kind: &'static str,
    /// The phase of AI work, if it is one.
    pub phase: Option<&'static str>,
    /// At least so long.
    pub lo_ns: i64,
    /// At most so long.
    pub hi_ns: Option<i64>,
    /// Some of it is from durations that spans state.
    pub derived: bool,
    /// The spans that show it, the longest first.
    pub spans: Vec<String>,
}

/// The longest request of a workspace without turns.
#[derive(Clone, Debug, Serialize)]
pub struct LongestReport {
    /// Id of its topmost span.
    pub span: String,
    /// Its name.
    pub name: String,
    /// Why it took so long.
    pub why: WhyReport,
}

impl WhyReport {
    fn new(input: &ReportInput<'_>, why: &Why) -> Self {
        let id = |span: &SpanIx| input.store.span_id_text(input.store.span(*span).id());
        let part = |part: &crate::analysis::why::Part| WhyPart {
            what: part.words.clone(),
            kind: part.what.name(),
            phase: Some(part.what.phase())
                .filter(|phase| *phase != crate::analysis::genai::Phase::None)
                .map(crate::analysis::genai::Phase::name),
            lo_ns: part.time.lo_ns,
            hi_ns: part.time.hi_ns,
            derived: part.is_derived,
            spans: part.spans.iter().map(id).collect(),
        };
        Self {
            sentence: why.sentence(),
            took_ns: why.took_ns,
            parts: why.parts.iter().map(part).collect(),
            more_parts: why.more.0,
            more: why.more.1.into(),
            unaccounted: why.unaccounted.into(),
            median_ns: why.usual.map(|usual| usual.median_ns),
            remarks: why.remarks().to_vec(),
        }
    }
}

fn context<'a>(input: &ReportInput<'a>, genai: &'a GenAi, judged: &'a Judged) -> Context<'a> {
    Context { store: input.store, domains: input.domains, genai, clocks: Some(input.model), judged }
}

/// Why each turn took so long: of the slowest ones, as many as budgets allow.
pub fn turns(input: &ReportInput<'_>, genai: &GenAi) -> Vec<Option<WhyReport>> {
    let judged = Judged::default();
    let context = context(input, genai, &judged);
    let mut reports = vec![None; genai.turns().len()];
    let mut slowest: Vec<(Reverse<i64>, usize)> =
        (0..reports.len()).filter_map(|at| Some((Reverse(took_ns(&context, TurnIx::from_usize(at))?), at))).collect();
    slowest.sort_unstable();
    let Some(mut whys) = Whys::new(&context) else { return reports };
    let (mut visited, mut stretches) = (0_usize, 0_usize);
    for (_, at) in slowest.into_iter().take(MOST_TURNS) {
        if visited > MOST_VISITED || stretches > MOST_STRETCHES {
            break;
        }
        let why = whys.of(Explained::Turn(TurnIx::from_usize(at)));
        visited = visited.saturating_add(why.as_ref().map_or(0, |why| why.visited));
        stretches = stretches.saturating_add(why.as_ref().map_or(0, |why| why.stretches));
        reports[at] = why.map(|why| WhyReport::new(input, &why));
    }
    reports
}

/// Why the longest trace took so long, where no turn is known.
pub fn longest(input: &ReportInput<'_>, genai: &GenAi) -> Option<LongestReport> {
    if !genai.turns().is_empty() {
        return None;
    }
    let judged = Judged::default();
    let root = longest_root(input.store)?;
    let why = Whys::new(&context(input, genai, &judged))?.of(Explained::Span(root))?;
    let view = input.store.span(root);
    let (span, name) = (input.store.span_id_text(view.id()), view.name().to_owned());
    Some(LongestReport { span, name, why: WhyReport::new(input, &why) })
}
