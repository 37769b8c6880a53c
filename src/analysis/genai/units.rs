//! Durations in attributes: keys lie about units, so every one is checked against its span.

use super::convert::rounded;
use super::facts::{At, Fact};
use super::field::{Confidence, Datum, Unit};
use super::resolve::Resolved;
use crate::model::time::MS;

/// A duration whose unit was checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fitted {
    /// Nanoseconds.
    pub ns: i64,
    /// `Stated` when the unit of the convention is the largest that fits, `Assumed` when a larger one fits too or
    /// nothing can be checked, `Inferred` when the convention's does not fit and another one does.
    pub confidence: Confidence,
    /// It is not longer than its span.
    pub fits: bool,
    /// The unit that it was read in.
    pub unit: Unit,
}

/// The duration in `fact`, inside a span that took `span_ns` (`None` when unknown).
pub fn fit(resolved: &Resolved, fact: &Fact, span_ns: Option<i64>) -> Option<Fitted> {
    let At::Attr(_, rule) = fact.at else { return None };
    let rule = &resolved.tables.keys[usize::from(rule)];
    match fact.datum {
        Datum::Ns(ns) => Some(Fitted { ns, confidence: rule.sure, fits: is_within(ns, span_ns), unit: Unit::Text }),
        Datum::Number { value, is_whole } => {
            let unit = rule.unit.filter(|unit| *unit != Unit::Text).unwrap_or(Unit::S);
            choose(value, is_whole, unit, rule.is_unit_fixed, span_ns)
        }
        _ => None,
    }
}

/// Stamps are rounded, some to milliseconds: a hair more than the span still fits.
fn is_within(ns: i64, span_ns: Option<i64>) -> bool {
    span_ns.is_none_or(|span| ns <= span.saturating_add((span / 100).max(MS)))
}

/// Reads `value`, which the convention says is in `unit`.
pub fn choose(value: f64, is_whole: bool, unit: Unit, is_fixed: bool, span_ns: Option<i64>) -> Option<Fitted> {
    let stated = rounded(value * factor(unit))?;
    let fits = is_within(stated, span_ns);
    if is_fixed || stated == 0 {
        return Some(Fitted { ns: stated, confidence: Confidence::Stated, fits, unit });
    }
    if span_ns.is_none() {
        return Some(Fitted { ns: stated, confidence: Confidence::Assumed, fits, unit });
    }
    // Nobody writes parts of nanoseconds.
    let can_be = |unit: &Unit| *unit != Unit::Ns || is_whole;
    let in_unit = |unit: Unit| rounded(value * factor(unit)).filter(|ns| is_within(*ns, span_ns));
    let largest =
        [Unit::S, Unit::Ms, Unit::Us, Unit::Ns].into_iter().filter(can_be).find(|unit| in_unit(*unit).is_some());
    Some(match largest {
        Some(largest) if largest == unit => Fitted { ns: stated, confidence: Confidence::Stated, fits: true, unit },
        Some(_) if fits => Fitted { ns: stated, confidence: Confidence::Assumed, fits: true, unit },
        Some(other) => Fitted { ns: in_unit(other)?, confidence: Confidence::Inferred, fits: true, unit: other },
        None => Fitted { ns: stated, confidence: Confidence::Assumed, fits: false, unit },
    })
}

const fn factor(unit: Unit) -> f64 {
    match unit {
        Unit::Ns => 1.0,
        Unit::Us => 1e3,
        Unit::Ms => 1e6,
        Unit::S | Unit::Text => 1e9,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::S;

    /// The clashes of conventions.md B2: the same idea in another unit.
    #[test]
    fn units_that_clash_are_told_apart_by_the_span() {
        use Confidence::{Assumed, Inferred, Stated};
        let two_s = Some(2 * S);
        for (what, value, is_whole, unit, fixed, span, ns, confidence, fits) in [
            ("vLLM prefill in seconds", 0.412, false, Unit::S, false, two_s, 412 * MS, Stated, true),
            ("RTP-LLM: the same key in ns", 412e6, true, Unit::S, false, two_s, 412 * MS, Inferred, true),
            ("RTP-LLM: its TTFT in ms", 850.0, true, Unit::S, false, two_s, 850 * MS, Inferred, true),
            ("Strands TTFT in ms", 850.0, true, Unit::Ms, false, two_s, 850 * MS, Stated, true),
            ("0.8 ms, or seconds after all?", 0.8, false, Unit::Ms, false, two_s, 800_000, Assumed, true),
            ("Vercel's key says ms", 0.8, false, Unit::Ms, true, two_s, 800_000, Stated, true),
            ("Ollama in ns", 5e6, true, Unit::Ns, false, two_s, 5 * MS, Stated, true),
            ("nothing fits", 4e18, true, Unit::Ns, false, two_s, 4_000_000_000 * S, Assumed, false),
            ("in flight: nothing to check", 0.412, false, Unit::S, false, None, 412 * MS, Assumed, true),
            ("zero is zero in all units", 0.0, true, Unit::S, false, two_s, 0, Stated, true),
            ("a stated unit that does not fit", 3000.0, true, Unit::Ms, true, two_s, 3 * S, Stated, false),
            ("a hair too long is rounding", 2.0009, false, Unit::S, false, two_s, 2_000_900_000, Stated, true),
        ] {
            let fitted = choose(value, is_whole, unit, fixed, span).unwrap();
            assert_eq!((fitted.ns, fitted.confidence, fitted.fits), (ns, confidence, fits), "{what}");
        }
        assert_eq!(choose(f64::MAX, true, Unit::S, false, two_s), None, "not a duration at all");
    }
}
