//! Neighbours of a span: in its row, in its lane, in another row.

use super::{Layout, RowIx};
use crate::model::SpanIx;

/// Which way to go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Earlier, or up.
    Back,
    /// Later, or down.
    Forward,
}

impl Layout {
    /// What `span` occupies on the layout's axis: at least 1 ns; open ends reach as far as the children in its lane.
    #[must_use]
    pub fn extent_ns(&self, span: SpanIx) -> (i64, i64) {
        let slot = self.slot_of[span.at()] as usize;
        (self.spans.starts_ns()[slot], self.spans.ends_ns()[slot])
    }

    /// The next or previous span of the same row.
    #[must_use]
    pub fn in_row(&self, span: SpanIx, step: Step) -> Option<SpanIx> {
        let slots = self.spans.slots(self.row_of(span).at());
        let slot = self.slot_of[span.at()] as usize;
        let to = match step {
            Step::Back => slot.checked_sub(1)?,
            Step::Forward => slot + 1,
        };
        slots.contains(&to).then(|| SpanIx(self.spans.items()[to]))
    }

    /// The next or previous span of the same lane, by start, then row. Costs one search per row of the lane.
    #[must_use]
    pub fn in_lane(&self, span: SpanIx, step: Step) -> Option<SpanIx> {
        let row = self.row_of(span);
        let lane = &self.lanes[self.lane_of_row(row).at()];
        let start = self.extent_ns(span).0;
        let candidates = lane.rows.clone().filter_map(|other| {
            // Spans that start together are ordered by row.
            let include_equal = match step {
                Step::Forward => other > row.0,
                Step::Back => other < row.0,
            };
            let slots = self.spans.slots(other as usize);
            let bound = if include_equal == (step == Step::Forward) { start } else { start.saturating_add(1) };
            let after = self.spans.first_starting_at(other as usize, bound);
            let slot = match step {
                Step::Forward => Some(after).filter(|slot| *slot < slots.end),
                Step::Back => after.checked_sub(1).filter(|slot| *slot >= slots.start),
            }?;
            Some((self.spans.starts_ns()[slot], other, slot))
        });
        let found = match step {
            Step::Forward => candidates.min(),
            Step::Back => candidates.max(),
        };
        found.map(|(.., slot)| SpanIx(self.spans.items()[slot]))
    }

    /// The span of a row that holds `time_ns`, or is nearest to it; the earlier of two. `None` in a row without spans.
    #[must_use]
    pub fn nearest_in_row(&self, row: RowIx, time_ns: i64) -> Option<SpanIx> {
        let row = row.at();
        let slots = self.spans.slots(row);
        let next = self.spans.first_ending_after(row, time_ns);
        let before = next.checked_sub(1).filter(|slot| *slot >= slots.start);
        let before = before.map(|slot| (time_ns.saturating_sub(self.spans.ends_ns()[slot]).saturating_add(1), slot));
        let after = Some(next).filter(|slot| *slot < slots.end);
        let after = after.map(|slot| (self.spans.starts_ns()[slot].saturating_sub(time_ns).max(0), slot));
        let (_, slot) = before.into_iter().chain(after).min()?;
        Some(SpanIx(self.spans.items()[slot]))
    }
}
