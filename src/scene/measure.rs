//! The measured range in words: what is known about the time between its two ends.

use super::clocks::ClockInput;
use super::input::SceneInput;
use super::view_state::{TimeRange, ViewState};
use crate::analysis::clocks::words::range_text;
use crate::analysis::clocks::{Between, EventKey};
use crate::model::DomainIx;
use crate::model::time::duration_text;

/// What is measured, and what is said beside it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Words {
    /// `640–910 ms`.
    pub text: String,
    /// `raw 1.31 s`, `time of gateway`; `None` where nothing needs saying.
    pub beside: Option<String>,
}

impl Words {
    fn new(text: String, beside: impl Into<Option<String>>) -> Self {
        Self { text, beside: beside.into() }
    }
}

/// The measured range where it is drawn now: ends on events follow them when bars move.
pub(super) fn range_now(input: &SceneInput<'_>, view: &ViewState) -> Option<TimeRange> {
    let range = view.measure?;
    let at = |end: Option<EventKey>, ns: i64| end.and_then(|key| super::clocks::event_ns(input, key)).unwrap_or(ns);
    let [from, to] = view.measure_ends;
    Some(TimeRange { from_ns: at(from, range.from_ns), to_ns: at(to, range.to_ns) })
}

/// Between two events it is what causality allows, `between`. On the axis of the reference clock an end that stands on
/// no event is exact, and one on an event counts by its interval. Raw times of two clocks stay a raw difference.
pub(super) fn words(input: &SceneInput<'_>, view: &ViewState, range: TimeRange, between: Option<Between>) -> Words {
    if let Some(between) = between {
        let (text, raw) = (range_text(between.lo_ns, between.hi_ns), duration_text(between.raw_ns));
        let beside = (text != raw).then(|| format!("raw {raw}"));
        return Words::new(text, beside);
    }
    let drawn = duration_text(range.ordered().length_ns());
    if input.domains.list.len() < 2 {
        return Words::new(drawn, None);
    }
    match input.clocks.as_ref().filter(|clocks| clocks.is_frame) {
        Some(clocks) => on_the_frame(clocks, input, view, range, drawn),
        None => Words::new(drawn, raw_words(input, view)),
    }
}

fn on_the_frame(
    clocks: &ClockInput<'_>,
    input: &SceneInput<'_>,
    view: &ViewState,
    range: TimeRange,
    drawn: String,
) -> Words {
    let reference = clocks.known.model.reference().and_then(|reference| name(input, reference.domain));
    let known = |key: &EventKey| key.span.at() < input.store.len();
    let (key, free_ns, at_ns) = match view.measure_ends.map(|end| end.filter(known)) {
        [Some(key), None] => (key, range.to_ns, range.from_ns),
        [None, Some(key)] => (key, range.from_ns, range.to_ns),
        [None, None] => return Words::new(drawn, reference.map(|name| format!("time of {name}"))),
        // Two events of which one has no time that could be compared.
        [Some(_), Some(_)] => return Words::new(drawn, Some("as drawn".to_owned())),
    };
    let placed = input.place(key).filter(|placed| placed.estimate_ns.is_some());
    let Some(placed) = placed else {
        return Words::new(drawn, Some("as drawn, not comparable".to_owned()));
    };
    let after = |ns: Option<i64>| ns.map(|ns| ns.saturating_sub(free_ns));
    let before = |ns: Option<i64>| ns.map(|ns| free_ns.saturating_sub(ns));
    let text = if at_ns >= free_ns {
        range_text(after(placed.earliest_ns), after(placed.latest_ns))
    } else {
        range_text(before(placed.latest_ns), before(placed.earliest_ns))
    };
    let beside = (text != drawn).then(|| format!("drawn {drawn}"));
    Words::new(text, beside)
}

/// Whose raw times are subtracted from each other.
fn raw_words(input: &SceneInput<'_>, view: &ViewState) -> String {
    let of_event = |key: EventKey| input.domains.of_span.get(key.span.at()).copied();
    let clock = |at: usize| view.measure_ends[at].and_then(of_event).or(view.measure_clocks[at]);
    let name = |at: usize| clock(at).and_then(|clock| name(input, clock));
    match (name(0), name(1)) {
        (Some(a), Some(b)) if a == b => format!("raw clock of {a}"),
        (Some(a), Some(b)) => format!("raw clocks of {a} and {b}"),
        _ => "raw clocks, as drawn".to_owned(),
    }
}

fn name<'a>(input: &SceneInput<'a>, domain: DomainIx) -> Option<&'a str> {
    input.domains.list.get(domain.at()).map(|domain| domain.name.as_str())
}
