//! Clocks that stamped no span but are read in one: brokers that stored a message, whoever dated a response, collectors,
//! and UTC.
//!
//! Which of them it was is told by what the reading span says about its peer. Merging two clocks makes contradictions
//! out of nothing, splitting one only widens bounds: so everything that may tell two brokers apart does (broker, host,
//! destination, partition), and what nothing names is no clock at all: a reading of it would say nothing that the
//! messages between both spans do not say. A name may still stand for many machines; such clocks are marked as guessed,
//! and are the first to be given up.

mod names;
mod readings;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::model::{AttrId, LinkRef, SpanIx, SpanKind, TraceStore};
use names::Named;
pub use readings::{Reading, Said};
use readings::{appended, readings};

/// A clock that stamped no span but is read in some.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unseen {
    /// What people may call it, e.g. `the broker of orders` or `api.openai.com`.
    pub name: String,
    /// What it is told by, e.g. `server.address`.
    pub told_by: String,
    /// Whether the name may stand for several machines.
    pub is_guessed: bool,
    /// Spans that read it.
    pub spans: u64,
}

/// All clocks of a store that stamped no span, and who read them.
#[derive(Clone, Debug, Default)]
pub struct UnseenClocks {
    /// Brokers and whoever dates responses, in the order in which spans first read them.
    pub list: Vec<Unseen>,
    /// Number of inputs: each has a collector.
    inputs: u32,
    of_attr: HashMap<u32, Reading, FixedState>,
    /// Attributes that say that a broker stamped the record.
    appended: Vec<u32>,
    of_span: HashMap<(SpanIx, Said), u32, FixedState>,
    /// Whether collectors noted when they saw events.
    pub has_observed: bool,
}

impl UnseenClocks {
    /// Looks for all clocks that the spans of `store` read. Visits every span only if some attribute holds a time.
    #[must_use]
    pub fn find(store: &TraceStore) -> Self {
        let mut found = Self {
            inputs: u32::try_from(store.inputs().len()).unwrap_or(u32::MAX),
            of_attr: readings(store),
            appended: appended(store),
            // `EventRef::observed_ns` hides the mark; the column is faster to scan.
            has_observed: store.events.observed_ns.iter().any(|&time| time != i64::MIN),
            ..Self::default()
        };
        if found.of_attr.is_empty() {
            return found;
        }
        let mut known: HashMap<(Said, Named), u32, FixedState> = HashMap::default();
        for span in store.span_ixs() {
            for said in [Said::Stored, Said::Dated, Said::Created] {
                if found.is_read(store, span, said)
                    && let Some(named) = names::name(store, span, said)
                {
                    found.add(&mut known, span, said, named);
                }
            }
        }
        found
    }

    fn add(&mut self, known: &mut HashMap<(Said, Named), u32, FixedState>, span: SpanIx, said: Said, named: Named) {
        let list = &mut self.list;
        let number = *known.entry((said, named)).or_insert_with_key(|(said, named)| {
            list.push(named.describe(*said));
            u32::try_from(list.len() - 1).unwrap_or(u32::MAX)
        });
        self.of_span.insert((span, said), number);
        if let Some(clock) = list.get_mut(number as usize) {
            clock.spans += 1;
        }
    }

    fn is_read(&self, store: &TraceStore, span: SpanIx, said: Said) -> bool {
        let own = store.span(span);
        match said {
            Said::Stored => {
                self.of_attrs(own.attr_ids(), said).is_some()
                    || own.links().any(|link| self.of_attrs(link.attr_ids(), said).is_some())
            }
            // What a server says about its own response is its own clock.
            Said::Dated => own.kind() == SpanKind::Client && self.of_attrs(own.attr_ids(), said).is_some(),
            Said::Created => {
                !matches!(own.kind(), SpanKind::Server | SpanKind::Consumer)
                    && self.of_attrs(own.attr_ids(), said).is_some()
            }
        }
    }

    fn of_attrs(&self, attrs: &[AttrId], said: Said) -> Option<Reading> {
        let is_brokers = || attrs.iter().any(|id| self.appended.contains(&id.0));
        let counts = |reading: &&Reading| reading.said == said && (!reading.if_appended || is_brokers());
        attrs.iter().filter_map(|id| self.of_attr.get(&id.0)).find(counts).copied()
    }

    /// Whether any span reads such a clock.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.of_attr.is_empty()
    }

    /// What `span` itself says about a clock that is not its own.
    #[must_use]
    pub fn reading(&self, store: &TraceStore, span: SpanIx, said: Said) -> Option<Reading> {
        if self.of_attr.is_empty() {
            return None;
        }
        self.of_attrs(store.span(span).attr_ids(), said)
    }

    /// When the message that `link` leads to was stored.
    #[must_use]
    pub fn stored(&self, link: LinkRef<'_>) -> Option<Reading> {
        self.of_attrs(link.attr_ids(), Said::Stored)
    }

    /// Which of [`Self::list`] `span` reads; `None` when nothing names it.
    #[must_use]
    pub fn of(&self, span: SpanIx, said: Said) -> Option<u32> {
        self.of_span.get(&(span, said)).copied()
    }

    /// The number of `clock` among those that stamped no span.
    #[must_use]
    pub fn number(&self, clock: super::stamps::Other) -> u32 {
        use super::stamps::Other;
        match clock {
            Other::Utc => 0,
            Other::Collector(input) => 1_u32.saturating_add(input.0),
            Other::Unseen(at) => 1_u32.saturating_add(self.inputs).saturating_add(at),
        }
    }

    /// How many there are, UTC and collectors included.
    #[must_use]
    pub fn count(&self) -> usize {
        1 + self.inputs as usize + self.list.len()
    }

    /// The broker or dater with this number.
    #[must_use]
    pub fn get(&self, number: u32) -> Option<&Unseen> {
        let at = number.checked_sub(self.inputs)?.checked_sub(1)?;
        self.list.get(at as usize)
    }

    /// What people call the clock with this number.
    #[must_use]
    pub fn name(&self, number: u32) -> &str {
        match self.get(number) {
            Some(clock) => &clock.name,
            None if number == 0 => "UTC",
            None => "the collector",
        }
    }
}

#[cfg(test)]
mod tests;
