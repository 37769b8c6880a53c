//! Durations in attributes: keys lie about units, so every one is checked against its span, and those that follow one
//! another are checked together (conventions.md B2).

use std::collections::BTreeSet;

use super::convert::rounded;
use super::facts::{At, Fact, Facts};
use super::field::{Confidence, Datum, Field, Unit};
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

/// Phases that follow one another, so that all of them together are not longer than their span.
const IN_TURN: [Field; 4] = [Field::Queue, Field::Load, Field::Prefill, Field::Decode];

/// The units, the largest first.
const UNITS: [Unit; 4] = [Unit::S, Unit::Ms, Unit::Us, Unit::Ns];

/// A phase that a span states.
struct Stated<'t> {
    field: Field,
    fitted: Fitted,
    /// The number without its unit, whether it is a whole one, the unit of its convention, and the convention; `None`
    /// where the unit is certain.
    open: Option<(f64, bool, Unit, &'t str)>,
}

impl Stated<'_> {
    /// Its length if it is in `unit`; `None` when it cannot be.
    fn in_unit(&self, unit: Unit, span_ns: i64) -> Option<i64> {
        let (value, is_whole, ..) = self.open?;
        // Nobody writes parts of nanoseconds.
        let ns = rounded(value * factor(unit)).filter(|_| unit != Unit::Ns || is_whole)?;
        is_within(ns, Some(span_ns)).then_some(ns)
    }
}

/// The phases that a span states one after the other, their units checked one by one and together.
pub fn in_turn(resolved: &Resolved, facts: &Facts, span_ns: Option<i64>) -> Vec<(Field, Fitted)> {
    let has_halves = facts.get(Field::Prefill).is_some() || facts.get(Field::Decode).is_some();
    let whole = (!has_halves).then_some(Field::Compute);
    let mut stated: Vec<Stated<'_>> =
        IN_TURN.into_iter().chain(whole).filter_map(|field| self::stated(resolved, facts, field, span_ns)).collect();
    if let Some(span_ns) = span_ns.filter(|_| stated.len() > 1) {
        jointly(&mut stated, span_ns);
    }
    stated.into_iter().map(|one| (one.field, one.fitted)).collect()
}

fn stated<'t>(resolved: &'t Resolved, facts: &Facts, field: Field, span_ns: Option<i64>) -> Option<Stated<'t>> {
    let fact = facts.get(field)?;
    let fitted = fit(resolved, fact, span_ns)?;
    let rule = fact.key_rule(resolved)?;
    let open = match fact.datum {
        Datum::Number { value, is_whole } if !rule.is_unit_fixed && value > 0.0 => {
            let unit = rule.unit.filter(|unit| *unit != Unit::Text).unwrap_or(Unit::S);
            Some((value, is_whole, unit, rule.of.as_str()))
        }
        _ => None,
    };
    Some(Stated { field, fitted, open })
}

/// Chooses units so that all phases together fit. Who writes several phases writes them in one unit, mostly.
fn jointly(stated: &mut [Stated<'_>], span_ns: i64) {
    let families: BTreeSet<(&str, Unit)> =
        stated.iter().filter_map(|one| one.open.map(|(_, _, unit, of)| (of, unit))).collect();
    for (of, unit) in families {
        let is_member = |one: &Stated<'_>| one.open.is_some_and(|(_, _, known, by)| (known, by) == (unit, of));
        one_unit(stated, span_ns, unit, is_member);
    }
}

fn one_unit(stated: &mut [Stated<'_>], span_ns: i64, unit: Unit, is_member: impl Fn(&Stated<'_>) -> bool) {
    let fits = |unit: Unit, stated: &[Stated<'_>]| {
        let ns: Option<Vec<(Field, i64)>> = stated
            .iter()
            .map(|one| Some((one.field, if is_member(one) { one.in_unit(unit, span_ns)? } else { one.fitted.ns })))
            .collect();
        ns.is_some_and(|ns| add_up(&ns, span_ns))
    };
    let fits_alone = stated.iter().filter(|one| is_member(one)).all(|one| one.in_unit(unit, span_ns).is_some());
    let largest = UNITS.into_iter().find(|unit| fits(*unit, stated));
    let (chosen, confidence) = match largest {
        Some(largest) if largest == unit => (unit, Confidence::Stated),
        Some(_) if fits(unit, stated) => (unit, Confidence::Assumed),
        // Each one fits and all together do not: they overlap, or something else is wrong than the unit.
        _ if fits_alone => (unit, Confidence::Assumed),
        Some(largest) => (largest, Confidence::Inferred),
        None => return one_by_one(stated, span_ns),
    };
    for one in stated.iter_mut().filter(|one| is_member(one)) {
        let Some(ns) = one.in_unit(chosen, span_ns) else { continue };
        // For itself it could be more.
        let is_doubtful = confidence == Confidence::Inferred && one.fitted.unit != chosen;
        let confidence = if is_doubtful { Confidence::Assumed } else { confidence };
        one.fitted = Fitted { ns, confidence, fits: true, unit: chosen };
    }
}

/// A unit for every phase, where it is open.
type Choice = Vec<Option<(Unit, i64)>>;

/// Where no unit is that of all: the choice that departs from the conventions least, then the one that explains most.
fn one_by_one(stated: &mut [Stated<'_>], span_ns: i64) {
    let mut choices: Vec<Choice> = vec![Vec::new()];
    for one in stated.iter() {
        let units = UNITS.into_iter().filter_map(|unit| Some(Some((unit, one.in_unit(unit, span_ns)?))));
        let units: Choice = if one.open.is_some() { units.collect() } else { Vec::new() };
        let units = if units.is_empty() { vec![None] } else { units };
        let longer = |choice: &Choice| units.iter().map(|unit| [&choice[..], &[*unit]].concat()).collect::<Vec<_>>();
        choices = choices.iter().flat_map(longer).collect();
    }
    let lengths = |choice: &Choice| -> Vec<(Field, i64)> {
        let ns =
            |(one, unit): (&Stated<'_>, &Option<(Unit, i64)>)| (one.field, unit.map_or(one.fitted.ns, |(_, ns)| ns));
        stated.iter().zip(choice).map(ns).collect()
    };
    let rank = |choice: &Choice| {
        let departs = |(one, unit): &(&Stated<'_>, &Option<(Unit, i64)>)| {
            one.open.zip(**unit).is_some_and(|((_, _, stated, _), (unit, _))| unit != stated)
        };
        let sum: i64 = lengths(choice).iter().map(|(_, ns)| *ns).sum();
        (stated.iter().zip(choice).filter(departs).count(), std::cmp::Reverse(sum))
    };
    let fitting = choices.iter().filter(|choice| add_up(&lengths(choice), span_ns));
    let Some(best) = fitting.min_by_key(|choice| rank(choice)).cloned() else { return };
    for (one, unit) in stated.iter_mut().zip(best) {
        if let Some((unit, ns)) = unit.filter(|(unit, _)| *unit != one.fitted.unit) {
            one.fitted = Fitted { ns, confidence: Confidence::Assumed, fits: true, unit };
        }
    }
}

/// Whether phases of these lengths fit into a span one after the other. Some servers count the queue into the prefill.
fn add_up(phases: &[(Field, i64)], span_ns: i64) -> bool {
    let sum = phases.iter().fold(0_i64, |sum, (_, ns)| sum.saturating_add(*ns));
    let of = |wanted| phases.iter().find(|(field, _)| *field == wanted).map_or(0, |(_, ns)| *ns);
    let (queue, prefill) = (of(Field::Queue), of(Field::Prefill));
    let most = span_ns.saturating_add((span_ns / 50).max(3 * MS));
    sum <= most || (prefill >= queue && sum.saturating_sub(queue) <= most)
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
