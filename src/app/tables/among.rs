//! Which spans a table is about.

use std::sync::Arc;

use crate::analysis::search::{CancelFlag, Hits, SpanSet};
use crate::app::state::State;
use crate::app::workspace::Workspace;
use crate::arrange::Arranged;
use crate::model::SpanIx;
use crate::scene::TimeRange;

/// The switches of a table. Spans must pass all that are on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Only {
    /// Those that the search found, while there is a search.
    pub hits: bool,
    /// Those that reach into the time on the canvas.
    pub in_view: bool,
    /// Those that are selected.
    pub selected: bool,
}

/// What an [`Only`] means at the moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Among {
    hits: Option<Arc<Hits>>,
    range: Option<(Arc<Arranged>, TimeRange)>,
    selected: Option<Arc<[SpanIx]>>,
}

impl PartialEq for Among {
    fn eq(&self, other: &Self) -> bool {
        fn same<T: ?Sized>(a: Option<&Arc<T>>, b: Option<&Arc<T>>) -> bool {
            match (a, b) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                (None, None) => true,
                _ => false,
            }
        }
        // Times on the canvas depend on the arrangement.
        let times = |among: &Self| among.range.as_ref().map(|(_, range)| *range);
        let arranged = |among: &Self| among.range.as_ref().map(|(arranged, _)| Arc::clone(arranged));
        times(self) == times(other)
            && same(arranged(self).as_ref(), arranged(other).as_ref())
            && same(self.hits.as_ref(), other.hits.as_ref())
            && same(self.selected.as_ref(), other.selected.as_ref())
    }
}

impl Among {
    /// The spans; `Some(None)` = all of them, `None` = cancelled.
    #[expect(clippy::option_option, reason = "the outer one is cancellation, so that `?` leaves the work")]
    pub(super) fn set(&self, data: &Workspace, cancel: &CancelFlag) -> Option<Option<SpanSet>> {
        let mut set = self.hits.as_ref().map(|hits| hits.set.clone());
        let mut keep = |more: SpanSet| match &mut set {
            Some(set) => set.keep(&more),
            None => set = Some(more),
        };
        if let Some(spans) = &self.selected {
            let mut selected = SpanSet::none(data.store.len());
            spans.iter().for_each(|&span| selected.insert(span));
            keep(selected);
        }
        if let Some((arranged, range)) = &self.range {
            keep(SpanSet::from_fn(data.store.len(), cancel, |at| {
                let (from_ns, to_ns) = arranged.layout.extent_ns(SpanIx::from_usize(at));
                from_ns <= range.to_ns && to_ns >= range.from_ns
            })?);
        }
        Some(set)
    }
}

impl State {
    pub(super) fn among(&self, only: Only) -> Among {
        let session = &self.session;
        Among {
            hits: session.search.hits.clone().filter(|_| only.hits),
            range: only.in_view.then(|| (Arc::clone(&self.arranged), session.view.time)),
            selected: only.selected.then(|| Arc::clone(&session.tables.selected)),
        }
    }
}
