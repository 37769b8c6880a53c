//! How somebody took over from somebody else: an interval where clocks differ.

use serde::Serialize;

use super::as_text;
use crate::analysis::clocks::Order;
use crate::analysis::reading::Passage;
use crate::model::TraceStore;

/// From one span to another that takes over from it.
#[derive(Clone, Debug, Serialize)]
pub struct PassageReport {
    /// The id of the span that takes over.
    pub span: String,
    /// It begins at least so much later, nanoseconds; negative is earlier. None when nothing bounds it.
    pub lo_ns: Option<i64>,
    /// And at most so much; none when nothing bounds it.
    pub hi_ns: Option<i64>,
    /// What the stated times claim.
    pub raw_ns: Option<i64>,
    /// `before`: the handoff came first, `after`, `same`, or `unknown`.
    #[serde(serialize_with = "as_text")]
    pub order: Order,
    /// One clock stamped both.
    pub one_clock: bool,
    /// The same in words.
    #[serde(skip)]
    pub words: String,
}

impl PassageReport {
    /// `passage` in a report.
    pub(super) fn new(store: &TraceStore, passage: &Passage) -> Self {
        Self {
            span: store.span_id_text(store.span(passage.to.span).id()),
            lo_ns: passage.took.lo_ns,
            hi_ns: passage.took.hi_ns,
            raw_ns: passage.took.raw_ns,
            order: passage.order,
            one_clock: passage.is_one_clock,
            words: passage.words(),
        }
    }
}
