//! Times since an event, as intervals where clocks differ.

use super::Context;
use crate::analysis::clocks::stamps::Stamps;
use crate::analysis::clocks::{Comparison, EventKey, Point};
use crate::model::{SpanFlags, SpanIx};

/// How long after the beginning something happened, nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Moment {
    /// At least this; `None` when nothing bounds it.
    pub lo_ns: Option<i64>,
    /// At most this; `None` when nothing bounds it.
    pub hi_ns: Option<i64>,
    /// What the stamps say, whatever their clocks; `None` when a time is missing.
    pub raw_ns: Option<i64>,
}

impl Moment {
    /// A time that is exactly known.
    #[must_use]
    pub const fn exactly(ns: i64) -> Self {
        Self { lo_ns: Some(ns), hi_ns: Some(ns), raw_ns: Some(ns) }
    }

    /// Whether the clocks leave no doubt.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.lo_ns.is_some() && self.lo_ns == self.hi_ns
    }
}

/// The start of one span, ready to be compared with other events.
pub struct Since<'a> {
    context: Context<'a>,
    origin: SpanIx,
    compared: Option<(Comparison, Stamps<'a>)>,
}

impl<'a> Since<'a> {
    /// Times since the start of `origin`.
    #[must_use]
    pub fn new(context: &Context<'a>, origin: SpanIx) -> Self {
        let Context { store, domains, clocks, .. } = *context;
        let compared = clocks.and_then(|clocks| {
            let comparison = clocks.compare(store, domains, EventKey::start(origin))?;
            Some((comparison, clocks.stamps(store, domains)))
        });
        Self { context: *context, origin, compared }
    }

    /// When `span` starts.
    #[must_use]
    pub fn start(&self, span: SpanIx) -> Moment {
        self.moment(EventKey::start(span))
    }

    /// When `span` ends.
    #[must_use]
    pub fn end(&self, span: SpanIx) -> Moment {
        self.moment(EventKey::end(span))
    }

    fn moment(&self, key: EventKey) -> Moment {
        let raw_ns =
            self.raw(key).zip(self.raw(EventKey::start(self.origin))).map(|(at, from)| at.saturating_sub(from));
        let clock = |span: SpanIx| self.context.domains.of_span.get(span.at());
        if clock(key.span) == clock(self.origin) {
            // One clock: its own readings are the best there is.
            return Moment { lo_ns: raw_ns, hi_ns: raw_ns, raw_ns };
        }
        let between = self
            .compared
            .as_ref()
            .and_then(|(comparison, stamps)| Some(comparison.with(self.context.store, key, &stamps.get(key)?)));
        match between {
            Some(between) => Moment { lo_ns: between.lo_ns, hi_ns: between.hi_ns, raw_ns },
            None => Moment { lo_ns: None, hi_ns: None, raw_ns },
        }
    }

    fn raw(&self, key: EventKey) -> Option<i64> {
        let span = self.context.store.span(key.span);
        let (missing, at) = match key.point {
            Point::Start => (SpanFlags::START_MISSING, span.start_ns()),
            _ => (SpanFlags::END_MISSING, span.end_ns()),
        };
        (!span.flags().has(missing)).then_some(at)
    }
}
