//! E13: phases longer than their span, totals that do not add up, records of spans that never came.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::{Config, Context, Finding, Rule, Severity, count, verb};
use crate::analysis::genai::{
    Call, Confidence, Counted, Datum, Field, Origin, Phase, PhasePart, Role, Unit, is_duration_key,
};
use crate::model::time::duration_text;
use crate::model::{Attr, ResourceIx, SpanIx, Sym, Value, grouped};

/// See the module.
pub struct Extras;

/// So many times longer than its span no duration is but for its unit.
const FAR_OFF: i128 = 10;

/// Stamps of several phases are rounded, each on its own.
const ROUNDING_NS: i64 = 3_000_000;

/// Calls of one process and name whose units are looked at.
const MOST_CALLS: usize = 200;

impl Rule for Extras {
    fn code(&self) -> &'static str {
        "E13"
    }

    fn title(&self) -> &'static str {
        "times and records that cannot be right"
    }

    fn is_on(&self, config: &Config) -> bool {
        config.E13.on
    }

    fn find(&self, context: &Context<'_>) -> Vec<Finding> {
        let found = [
            too_long(context),
            units(context),
            decode_in_prefill(context),
            roll_ups(context),
            pending(context),
            negative(context),
        ];
        found.into_iter().flatten().collect()
    }
}

/// Phases that reach beyond their span, or are longer than it all together.
fn too_long(context: &Context<'_>) -> Option<Finding> {
    let calls = context.genai.calls();
    let has_inner: BTreeSet<u32> = calls.iter().filter(|call| call.is_model).filter_map(|call| call.outer).collect();
    let is_odd = |(at, call): &(u32, &Call)| {
        let parts = context.genai.phases(call.span);
        // What the spans inside say is theirs to answer for.
        let is_late = || {
            let total = context.store.span(call.span).duration_ns().filter(|total| *total > 0);
            call.is_model
                && call.ttft.zip(total).is_some_and(|(ttft, total)| ttft.ns > total.saturating_add(ROUNDING_NS))
        };
        parts.iter().any(|part| part.is_outside)
            || (!has_inner.contains(at) && (adds_up_to_more(context, call.span) || is_late()))
    };
    let spans: Vec<SpanIx> = (0..).zip(calls).filter(is_odd).map(|(_, call)| call.span).collect();
    let (calls, states) = (count(spans.len(), "model call"), verb(spans.len(), "states", "state"));
    let sentence = format!("{calls} {states} phases that do not fit into the duration.");
    let finding = Finding::new("E13", Severity::Suspicious, "phases that do not fit", sentence).shown_by(&spans);
    let finding = finding.because("a wrong unit, another clock, or an early end of the span");
    (!spans.is_empty()).then(|| finding.with("calls", spans.len()))
}

/// Whether the durations that a call states one after the other are longer than it, and nothing says that they overlap.
fn adds_up_to_more(context: &Context<'_>, span: SpanIx) -> bool {
    let stated = |part: &&PhasePart| match part.origin {
        Origin::Derived(rule) => (Field::Queue..=Field::Decode).contains(&rule.field),
        Origin::Real | Origin::Unaccounted => false,
    };
    let parts = context.genai.phases(span).iter().filter(stated);
    let sum = parts.fold(0_i64, |sum, part| sum.saturating_add(part.duration_ns()));
    let total = context.store.span(span).duration_ns().unwrap_or(i64::MAX);
    sum > total.saturating_add((total / 50).max(ROUNDING_NS)) && !says_at_once(context, span)
}

/// Whether a span says that decoding goes on while the prompt is read.
fn says_at_once(context: &Context<'_>, span: SpanIx) -> bool {
    let says = |attr: Attr| {
        attr.value == Value::Bool(true) && context.store.text(attr.key).ends_with("concurrent_with_prefill")
    };
    context.store.span(span).attrs().any(says)
}

/// One key that states its times in several units: told by what fits into the spans.
fn units(context: &Context<'_>) -> Option<Finding> {
    let mut keys: BTreeMap<String, BTreeMap<&'static str, (Unit, Vec<SpanIx>)>> = BTreeMap::new();
    let mut stated: BTreeMap<String, Unit> = BTreeMap::new();
    // A process writes one key in one unit: a few calls of each are enough.
    let mut looked_at: HashMap<(ResourceIx, Sym), usize, FixedState> = HashMap::default();
    for call in context.genai.calls() {
        let span = context.store.span(call.span);
        let seen = looked_at.entry((span.resource_ix(), span.name_sym())).or_default();
        *seen += 1;
        if *seen > MOST_CALLS {
            continue;
        }
        let Some(view) = context.genai.call(context.store, call.span) else { continue };
        for known in view.known {
            // What fits in more than one unit tells nothing, and zero fits in all.
            let is_sure = known.confidence != Confidence::Assumed && known.datum != Datum::Ns(0);
            let Some((unit, read)) = known.units.filter(|_| is_sure) else { continue };
            if unit != read && !is_far_off(context, call.span, known.datum, (unit, read)) {
                continue;
            }
            let of_key = keys.entry(known.source.clone()).or_default();
            of_key.entry(symbol(read)).or_insert((read, Vec::new())).1.push(call.span);
            stated.insert(known.source, unit);
        }
    }
    keys.retain(|key, units| units.len() > 1 && stated.contains_key(key));
    let (first, units) = keys.iter().next()?;
    let other = |key: &String, unit: Unit| stated.get(key) != Some(&unit);
    let (least, most) = units
        .values()
        .filter_map(|(unit, _)| unit.ns())
        .fold((i64::MAX, 0), |(least, most), ns| (ns.min(least), ns.max(most)));
    let times = most.checked_div(least).filter(|times| *times > 1)?;
    let odd = keys.iter().flat_map(|(key, units)| units.values().filter(move |(unit, _)| other(key, *unit)));
    let spans: BTreeSet<SpanIx> = odd.flat_map(|(_, spans)| spans.iter().copied()).collect();
    let spans: Vec<SpanIx> = spans.into_iter().collect();
    let unit = stated.get(first).map_or("", |unit| symbol(*unit));
    let names: Vec<&str> = units.keys().copied().filter(|name| *name != unit).collect();
    let more = if keys.len() > 1 { format!(" and {} more", count(keys.len() - 1, "key")) } else { String::new() };
    let calls = count(spans.len(), "call");
    let sentence = format!(
        "{calls} {} {first}{more} in {} where others state it in {unit}: averages over both are off by a factor of {}.",
        verb(spans.len(), "states", "state"),
        names.join(" and "),
        grouped(times.unsigned_abs()),
    );
    let all: Vec<&str> = keys.keys().map(String::as_str).collect();
    let finding = Finding::new("E13", Severity::Suspicious, "units that clash", sentence).shown_by(&spans);
    let finding = finding.because(format!("read by what fits into each span: {}", all.join(", ")));
    Some(finding.with("calls", spans.len()).with("times", times))
}

/// Whether a duration would be far longer than its span in the unit that its convention states: a bit too long has
/// other reasons than a unit.
fn is_far_off(context: &Context<'_>, span: SpanIx, datum: Datum, (unit, read): (Unit, Unit)) -> bool {
    let (Datum::Ns(ns), Some(unit_ns), Some(read_ns)) = (datum, unit.ns(), read.ns()) else { return false };
    let as_stated = i128::from(ns) * i128::from(unit_ns) / i128::from(read_ns);
    let total = context.store.span(span).duration_ns().unwrap_or(0).max(1);
    as_stated > FAR_OFF * i128::from(total)
}

/// Spans of decoding below spans of prefill that stay open meanwhile, where nothing says that both go on at once.
fn decode_in_prefill(context: &Context<'_>) -> Option<Finding> {
    let is_stage =
        |span: SpanIx, phase| context.genai.role_of(span) == Role::Stage && context.genai.phase_of(span) == phase;
    let mut spans = Vec::new();
    let mut inside_ns = 0_i64;
    for decode in context.store.span_ixs().filter(|span| is_stage(*span, Phase::Decode)) {
        let view = context.store.span(decode);
        let Some(prefill) = view.parent().filter(|parent| is_stage(*parent, Phase::Prefill)) else { continue };
        let above = context.store.span(prefill);
        let (from, to) = (view.drawn_ns().0.max(above.drawn_ns().0), view.drawn_ns().1.min(above.drawn_ns().1));
        let at_once =
            [Some(decode), Some(prefill), above.parent()].into_iter().flatten().any(|span| says_at_once(context, span));
        if to > from && context.is_one_clock(decode, prefill) && !at_once {
            spans.push(prefill);
            inside_ns = inside_ns.saturating_add(to - from);
        }
    }
    spans.dedup();
    let (spans_text, stay) = (count(spans.len(), "prefill span"), verb(spans.len(), "stays", "stay"));
    let time = duration_text(inside_ns);
    let sentence = format!("{spans_text} {stay} open while the answer is decoded: {time} of prefill are decoding.");
    let finding = Finding::new("E13", Severity::Suspicious, "decode inside of prefill", sentence).shown_by(&spans);
    let finding = finding.because("the decode spans hang below them, and nothing says that both go on at once");
    (!spans.is_empty()).then(|| finding.with("calls", spans.len()).with("inside_ns", inside_ns))
}

const fn symbol(unit: Unit) -> &'static str {
    match unit {
        Unit::Ns => "nanoseconds",
        Unit::Us => "microseconds",
        Unit::Ms => "milliseconds",
        Unit::S => "seconds",
        Unit::Text => "units of their own",
    }
}

/// Spans that restate the tokens of the calls below them, and say something else.
fn roll_ups(context: &Context<'_>) -> Option<Finding> {
    let calls = context.genai.calls();
    let mut sums = vec![0_u64; calls.len()];
    for call in calls.iter().filter(|call| call.counted.has(Counted::INPUT)) {
        let mut outer = call.outer;
        while let Some(at) = outer {
            sums[at as usize] += u64::from(call.tokens.input.unwrap_or(0));
            outer = calls[at as usize].outer;
        }
    }
    let differs = calls.iter().zip(sums).filter(|(call, sum)| {
        !call.is_model && call.tokens.input.is_some_and(|total| *sum > 0 && u64::from(total) != *sum)
    });
    let spans: Vec<SpanIx> = differs.map(|(call, _)| call.span).collect();
    let states = verb(spans.len(), "states", "state");
    let spans_text = count(spans.len(), "span");
    let sentence = format!("{spans_text} {states} other token totals than the calls below add up to.");
    let finding = Finding::new("E13", Severity::Suspicious, "token totals", sentence).shown_by(&spans);
    (!spans.is_empty())
        .then(|| finding.because("calls are missing below them, or counted twice; only the calls are added here"))
}

/// Records that a span began, without the span.
fn pending(context: &Context<'_>) -> Option<Finding> {
    // The record is a child of the span that it announces.
    let is_pending =
        |span: &SpanIx| context.genai.role_of(*span) == Role::Pending && context.store.span(*span).parent().is_none();
    let spans: Vec<SpanIx> = context.store.span_ixs().filter(is_pending).collect();
    let sentence = format!("{} began and never ended: still running, or lost.", count(spans.len(), "span"));
    let finding = Finding::new("E13", Severity::Unknown, "pending spans", sentence).shown_by(&spans);
    (!spans.is_empty()).then(|| finding.because("logfire.span_type is pending_span"))
}

/// Durations below zero: how some servers write that they did not measure.
fn negative(context: &Context<'_>) -> Option<Finding> {
    let attrs = context.store.attrs();
    let is_negative = |value: Value| match value {
        Value::Int(int) => int < 0,
        Value::Double(double) => double < 0.0,
        _ => false,
    };
    let pairs: Vec<bool> = attrs
        .pairs()
        .iter()
        .map(|attr| is_negative(attr.value) && is_duration_key(context.store.text(attr.key)))
        .collect();
    if !pairs.contains(&true) {
        return None;
    }
    let mut keys: BTreeSet<&str> = BTreeSet::new();
    let mut spans = Vec::new();
    for span in context.store.span_ixs().filter(|span| context.genai.role_of(*span) != Role::None) {
        let odd = context.store.span(span).attr_ids().iter().filter(|id| pairs[id.0 as usize]);
        let odd: Vec<&str> = odd.map(|id| context.store.text(attrs.get(*id).key)).collect();
        if !odd.is_empty() {
            keys.extend(odd);
            spans.push(span);
        }
    }
    let (spans_text, states) = (count(spans.len(), "span"), verb(spans.len(), "states", "state"));
    let sentence = format!("{spans_text} {states} durations below zero: they were not measured.");
    let finding = Finding::new("E13", Severity::Unknown, "durations below zero", sentence).shown_by(&spans);
    let keys: Vec<&str> = keys.into_iter().collect();
    (!spans.is_empty()).then(|| finding.because(format!("taken as absent: {}", keys.join(", "))))
}
