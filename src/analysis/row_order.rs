//! Neighbours in a table that is sorted by time, whose clocks do not prove that they stand in the right order.

use super::clocks::domains::Domains;
use super::clocks::solve::Order;
use super::clocks::words::range_text;
use super::clocks::{EventKey, Known};
use crate::model::time::duration_text;
use crate::model::{SpanIx, TraceStore};

/// What is doubtful about the order of two rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Doubt {
    /// It is proven that the rows stand in the wrong order; otherwise nothing proves either order.
    pub is_wrong: bool,
    /// (Start of the lower row) - (start of the upper row) is at least this, nanoseconds; `None` when nothing bounds
    /// it.
    pub lo_ns: Option<i64>,
    /// And at most this.
    pub hi_ns: Option<i64>,
}

/// Whether the start of `upper` and that of `lower`, the row below it, stand in their order (`is_descending`: the
/// later one first). `None` when that is proven, when both are of one clock, or when one of the times is missing.
///
/// Costs two searches through the clocks, unless the whiskers of both settle it.
#[must_use]
pub fn doubt(
    store: &TraceStore,
    domains: &Domains,
    known: &Known,
    [upper, lower]: [SpanIx; 2],
    is_descending: bool,
) -> Option<Doubt> {
    let keys = [upper, lower].map(EventKey::start);
    let stamps = known.model.stamps(store, domains);
    let [above, below] = keys.map(|key| stamps.get(key));
    if above?.clock == below?.clock {
        return None;
    }
    let [above, below] = keys.map(|key| known.model.place(store, domains, key));
    let (first, second) = if is_descending { (below?, above?) } else { (above?, below?) };
    if first.latest_ns.zip(second.earliest_ns).is_some_and(|(latest, earliest)| latest <= earliest) {
        return None;
    }
    let between = known.model.between(store, domains, keys[0], keys[1])?;
    let is_wrong = match between.order {
        Order::Same => return None,
        Order::Before if !is_descending => return None,
        Order::After if is_descending => return None,
        Order::Unknown => false,
        Order::Before | Order::After => true,
    };
    Some(Doubt { is_wrong, lo_ns: between.lo_ns, hi_ns: between.hi_ns })
}

impl Doubt {
    /// The doubt in a few words, for a row: `order against the row above unknown`.
    #[must_use]
    pub const fn words(&self) -> &'static str {
        if self.is_wrong {
            "proven to stand on the wrong side of the row above"
        } else {
            "order against the row above unknown"
        }
    }

    /// The doubt in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let back = |ns: Option<i64>| ns.map(i64::saturating_neg);
        if self.is_wrong {
            let (range, side) = match self.lo_ns {
                Some(lo) if lo >= 0 => (range_text(self.lo_ns, self.hi_ns), "after"),
                _ => (range_text(back(self.hi_ns), back(self.lo_ns)), "before"),
            };
            return format!("Wrong order: whatever the stamps say, this began {side} the row above, by {range}.");
        }
        let by =
            |ns: Option<i64>| ns.map_or_else(|| "any time".to_owned(), |ns| format!("up to {}", duration_text(ns)));
        format!(
            "Which of two came first is not known: this and the row above have different clocks, and it may have begun \
             {} before it or {} after it.",
            by(back(self.lo_ns)),
            by(self.hi_ns)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::clocks::{Options, domains};
    use crate::load;
    use crate::model::time::MS;

    fn example() -> (TraceStore, Domains, Known) {
        let text = include_bytes!("../../tests/window/worked_example.json");
        let source = load::Source::memory("example", text.to_vec());
        let store = load::load(&[source], &load::Options::default(), &load::Progress::default()).unwrap().store;
        let domains = domains::assign(&store);
        let known = Known::analyse(&store, &domains, &Options::default());
        (store, domains, known)
    }

    /// Browser: sends at 0. Gateway: receives it at 670 of its own clock; an orphan of the gateway begins at 500, which
    /// is 170 ms before it received, and thus between 170 ms before and 100 ms after the browser sent.
    #[test]
    fn neighbours_of_two_clocks_are_known_unknown_or_wrong() {
        let (store, domains, known) = example();
        let find = |name: &str| store.span_ixs().find(|&span| store.span(span).name() == name).unwrap();
        let [sent, served, warm] = ["POST /chat", "serve", "warm up"].map(find);
        let asked = |rows, is_descending| doubt(&store, &domains, &known, rows, is_descending);
        assert_eq!(asked([sent, served], false), None, "a request is sent before it is served");
        assert_eq!(asked([served, sent], true), None);
        assert_eq!(asked([warm, served], false), None, "one clock says it");
        let wrong = asked([served, sent], false).unwrap();
        assert!(wrong.is_wrong, "{wrong:?}");
        assert!(wrong.sentence().contains("this began before the row above, by 0 to 270 ms"), "{}", wrong.sentence());
        let unknown = asked([sent, warm], false).unwrap();
        assert!(!unknown.is_wrong);
        let [lo, hi] = [unknown.lo_ns, unknown.hi_ns].map(|ns| (ns.unwrap() as f64 / MS as f64).round());
        assert_eq!([lo, hi], [-170.0, 100.0]);
        assert!(
            unknown.sentence().contains("up to 170 ms before it or up to 100 ms after it"),
            "{}",
            unknown.sentence()
        );
    }
}
