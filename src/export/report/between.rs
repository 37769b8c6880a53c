//! The time between two events, and which came first.

use std::fmt::{self, Display};

use serde::Serialize;

use super::clocks::{Describe, Moment, WhyEdge};
use super::{as_text, clocks_text};
use crate::analysis::clocks::words::range_text;
use crate::analysis::clocks::{EventKey, Order, Side};
use crate::model::time::duration_text;

/// The schema's name.
pub const BETWEEN_SCHEMA: &str = "skewline.between/1";

/// The time from one event to another.
#[derive(Clone, Debug, Serialize)]
pub struct BetweenReport {
    /// Always [`BETWEEN_SCHEMA`].
    pub schema: &'static str,
    /// The first event named.
    pub from: Moment,
    /// The second event named.
    pub to: Moment,
    /// Which causal edges were believed.
    pub level: String,
    /// (time of `to`) - (time of `from`) is at least this; none when nothing bounds it.
    pub lo_ns: Option<i64>,
    /// And at most this.
    pub hi_ns: Option<i64>,
    /// What the stated times claim.
    pub raw_ns: i64,
    /// Whether `from` happened before or after `to`, as far as that is proven.
    #[serde(serialize_with = "as_text")]
    pub order: Order,
    /// The edges that set the two ends.
    pub why: Vec<WhyEdge>,
}

impl BetweenReport {
    /// Compares two events.
    ///
    /// # Errors
    /// When the time of one of them is missing or made up; the message says which.
    pub fn build(describe: &Describe<'_>, from: EventKey, to: EventKey) -> Result<Self, String> {
        let Describe { store, domains, model } = *describe;
        let no_time = |key| {
            let Moment { event, name, span, .. } = describe.moment(key);
            format!("the {event} of “{name}” ({span}) has no time that a clock gave it")
        };
        let comparison = model.compare(store, domains, from).ok_or_else(|| no_time(from))?;
        let stamp = model.stamps(store, domains).get(to).ok_or_else(|| no_time(to))?;
        let between = comparison.with(store, to, &stamp);
        let why = [(Side::Lo, "lo"), (Side::Hi, "hi")].into_iter().flat_map(|(side, name)| {
            let edges = comparison.why(&stamp, side);
            edges.into_iter().map(move |proof| WhyEdge { side: name, edge: describe.edge(&proof) })
        });
        Ok(Self {
            schema: BETWEEN_SCHEMA,
            from: describe.moment(from),
            to: describe.moment(to),
            level: model.options().level.to_string(),
            lo_ns: between.lo_ns,
            hi_ns: between.hi_ns,
            raw_ns: between.raw_ns,
            order: between.order,
            why: why.collect(),
        })
    }

    /// The JSON form, ending in a line break.
    ///
    /// # Errors
    /// Never in practice: every field has a JSON form.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    fn verdict(&self) -> String {
        let (from, to) = (event(&self.from), event(&self.to));
        match self.order {
            Order::Before => format!("before: the {from} came before the {to}"),
            Order::After => format!("after: the {from} came after the {to}"),
            Order::Same => format!("same: the {from} and the {to} are one moment"),
            Order::Unknown => format!("unknown: nothing proves whether the {from} or the {to} came first"),
        }
    }
}

fn event(moment: &Moment) -> String {
    format!("{} of “{}”", moment.event, moment.name)
}

impl Display for BetweenReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (label, moment) in [("from", &self.from), ("to", &self.to)] {
            writeln!(f, "{label:<9}{} on {} ({})", event(moment), moment.clock, moment.span)?;
        }
        let exact = if self.lo_ns == self.hi_ns { " (one clock)" } else { "" };
        let exact = if self.from.clock == self.to.clock { exact } else { "" };
        writeln!(f, "between  {}{exact}", range_text(self.lo_ns, self.hi_ns))?;
        writeln!(f, "raw      {} is what the stated times claim", duration_text(self.raw_ns))?;
        writeln!(f, "order    {}", self.verdict())?;
        for (side, words) in [("lo", "At least"), ("hi", "At most")] {
            let bound = if side == "lo" { self.lo_ns } else { self.hi_ns };
            let mut edges = self.why.iter().filter(|why| why.side == side).peekable();
            if let (Some(bound), Some(_)) = (bound, edges.peek()) {
                writeln!(f, "\n{words} {}, because ({} evidence):", duration_text(bound), self.level)?;
                for why in edges {
                    clocks_text::write_edge(f, "  ", &why.edge)?;
                }
            }
        }
        Ok(())
    }
}
