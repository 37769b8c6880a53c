//! What a sampler says about the traces that it kept, and how many it therefore did not keep.

use std::collections::BTreeMap;

use super::{Context, Finding, Severity, count};
use crate::model::{SpanIx, SpanRef, TraceIx, Value, grouped};

/// Two standard deviations: 95 of 100 times the truth is within.
const DEVIATIONS: f64 = 2.0;

/// Traces that were sampled, told by their own statement of how likely they were to be kept.
pub fn find(context: &Context<'_>) -> Option<Finding> {
    let mut kept: BTreeMap<TraceIx, (f64, &'static str, SpanIx)> = BTreeMap::new();
    for span in context.store.span_ixs() {
        let view = context.store.span(span);
        let Some((chance, source)) = chance(context, view) else { continue };
        let known = kept.entry(view.trace_ix()).or_insert((chance, source, span));
        // A trace is kept whole only where all of its samplers keep it: the strictest one decides.
        if chance < known.0 {
            *known = (chance, source, span);
        }
    }
    kept.retain(|_, (chance, ..)| *chance < 1.0);
    let (_, (_, source, _)) = kept.first_key_value()?;
    let mut by_chance: Vec<(f64, f64)> = Vec::new();
    for (chance, ..) in kept.values() {
        match by_chance.iter_mut().find(|(known, _)| (known - chance).abs() < f64::EPSILON) {
            Some((_, traces)) => *traces += 1.0,
            None => by_chance.push((*chance, 1.0)),
        }
    }
    let (mut expected, mut below, mut above) = (0.0, 0.0, 0.0);
    for (chance, traces) in by_chance {
        let missing = traces / chance - traces;
        let (lo, hi) = all_traces(chance, traces);
        expected += missing;
        // Independent of each other, so their uncertainties add up as squares do.
        below += (missing - (lo - traces)).powi(2);
        above += (hi - traces - missing).powi(2);
    }
    let (lo, hi) = ((expected - below.sqrt()).max(0.0), expected + above.sqrt());
    let least = kept.values().map(|(chance, ..)| *chance).fold(1.0, f64::min);
    let traces = count(kept.len(), "trace");
    let sentence = format!(
        "{traces} were kept by a sampler, 1 in {} of them: about {} more happened and are not here.",
        plain(1.0 / least),
        plain(expected)
    );
    let spans: Vec<SpanIx> = kept.values().map(|(.., span)| *span).collect();
    let finding = Finding::new("E8", Severity::Unknown, "sampled traces", sentence)
        .shown_by(&spans)
        .because(format!(
            "between {} and {} more, 95 times of 100, if the sampler tells the truth",
            plain(lo),
            plain(hi)
        ))
        .because(format!("read from {source}"))
        .with("kept_traces", kept.len())
        .with("missing_traces_lo", rounded(lo.floor()))
        .with("missing_traces_hi", rounded(hi.ceil()));
    Some(finding)
}

/// How many traces there were at least and at most when `kept` of them were kept with `chance`: those numbers for
/// which so many are not too rare (Wilson's interval, solved for the number of trials).
fn all_traces(chance: f64, kept: f64) -> (f64, f64) {
    let spread = DEVIATIONS * (chance * (1.0 - chance)).sqrt();
    let root = spread.mul_add(spread, 4.0 * chance * kept).sqrt();
    let solved = |sign: f64| ((root + sign * spread) / (2.0 * chance)).powi(2);
    (solved(-1.0).max(kept), solved(1.0))
}

#[expect(clippy::cast_possible_truncation, reason = "saturates, as it should")]
const fn rounded(value: f64) -> i64 {
    value as i64
}

fn plain(value: f64) -> String {
    if value < 10.0 && (value - value.round()).abs() > 0.05 {
        format!("{value:.1}")
    } else {
        grouped(rounded(value.round()).unsigned_abs())
    }
}

/// How likely `span` was to be kept, from 0 (not included) to 1, and what says it.
fn chance(context: &Context<'_>, span: SpanRef<'_>) -> Option<(f64, &'static str)> {
    let state = span.rare().map_or("", |rare| context.store.text(rare.trace_state));
    if let Some(chance) = threshold(state) {
        return Some((chance, "tracestate ot=th"));
    }
    let number = |key: &str| match span.attr(key)? {
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        Value::Int(int) => Some(int as f64),
        Value::Double(double) => Some(double),
        Value::Str(sym) => context.store.text(sym).parse().ok(),
        _ => None,
    };
    let is_probabilistic = || {
        let kind = span.attr("sampler.type").and_then(Value::sym).map(|sym| context.store.text(sym));
        kind == Some("probabilistic")
    };
    let jaeger = || number("sampler.param").filter(|_| is_probabilistic()).map(|chance| (chance, "sampler.param"));
    let honeycomb = || number("SampleRate").map(|rate| (1.0 / rate, "SampleRate"));
    jaeger().or_else(honeycomb).filter(|(chance, _)| *chance > 0.0 && *chance <= 1.0)
}

/// `1 in 4`, where `span` states a threshold of consistent sampling that drops any traces.
pub fn one_in(context: &Context<'_>, span: SpanIx) -> Option<String> {
    let state = context.store.span(span).rare().map_or("", |rare| context.store.text(rare.trace_state));
    let chance = threshold(state).filter(|chance| *chance > 0.0 && *chance < 1.0)?;
    Some(format!("1 in {}", plain(1.0 / chance)))
}

/// The threshold of W3C consistent probability sampling (`ot=th:c`): hex digits of a fraction of 2^56, below which
/// traces are rejected; trailing zeros are left out.
fn threshold(state: &str) -> Option<f64> {
    let member = state.split(',').find_map(|member| member.trim().strip_prefix("ot="))?;
    let digits = member.split(';').find_map(|part| part.trim().strip_prefix("th:"))?;
    if digits.is_empty() || digits.len() > 14 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let rejected = u64::from_str_radix(&format!("{digits:0<14}"), 16).ok()?;
    #[expect(clippy::cast_precision_loss, reason = "a share of 2^56")]
    Some(1.0 - rejected as f64 / (1_u64 << 56) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_of_the_specification() {
        for (state, chance) in [
            ("ot=th:0", Some(1.0)),
            ("ot=th:8", Some(0.5)),
            ("rojo=00f067,ot=rv:abc;th:c", Some(0.25)),
            ("ot=th:c0000000000000", Some(0.25)),
            ("ot=th:fd70a3d70a3d71", Some(0.01)),
            ("ot=th:", None),
            ("ot=th:c00000000000000", None),
            ("ot=th:+8", None),
            ("ot=p:8", None),
            ("", None),
        ] {
            let read = threshold(state);
            let is_close = read.zip(chance).map_or(read.is_none() && chance.is_none(), |(a, b)| (a - b).abs() < 1e-9);
            assert!(is_close, "{state}: {read:?}");
        }
    }
}
