//! Numbers that single spans carry, such as findings: the worst one behind a bar, or of a stretch of a folded lane.
//!
//! Built beside an index without changing it. Tagged spans are few, and a question costs a few searches among them,
//! whatever a bar hides (invariants I6, I7).

use std::ops::Range;

use crate::layout::{LaneIx, Layout};
use crate::model::SpanIx;

/// A number with how much it matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Tag {
    /// Higher levels win over lower ones.
    pub level: u8,
    /// The number.
    pub id: u32,
}

/// Where in time the tags of one strip are: the strip, the start of the span, the number.
type Starts = Vec<(u32, i64, u32)>;
/// The strip of all lanes that are shown.
const WHOLE: u32 = 0;

/// The tags of one level.
#[derive(Clone, Debug, Default)]
struct Level {
    level: u8,
    /// By slot, the lowest number of each slot.
    slots: Vec<(u32, u32)>,
    lanes: Starts,
    /// All lanes that are shown, as one strip.
    whole: Starts,
    /// Empty when lanes are their only parts.
    parts: Starts,
}

/// Which spans of a [`Layout`] carry which numbers. A span that stands for its subtree carries those of all of it.
#[derive(Clone, Debug, Default)]
pub struct Tags {
    /// The highest first.
    levels: Vec<Level>,
}

impl Tags {
    /// Tags the spans of `layout`, of which lanes that are not `shown` do not count for the whole. Costs a sort of
    /// `tagged`.
    #[must_use]
    pub fn build(layout: &Layout, shown: impl Fn(LaneIx) -> bool, tagged: impl Iterator<Item = (SpanIx, Tag)>) -> Self {
        let mut levels: Vec<Level> = Vec::new();
        let items = layout.span_rows();
        let has_parts = layout.parts().len() != layout.lanes().len();
        for (span, tag) in tagged {
            let Some(slot) = layout.slot_of(span) else { continue };
            let at = match levels.iter().position(|level| level.level == tag.level) {
                Some(at) => at,
                None => {
                    levels.push(Level { level: tag.level, ..Level::default() });
                    levels.len() - 1
                }
            };
            let (level, row) = (&mut levels[at], layout.row_of(span));
            let start_ns = items.starts_ns()[slot as usize];
            level.slots.push((slot, tag.id));
            let lane = layout.lane_of_row(row);
            level.lanes.push((lane.0, start_ns, tag.id));
            if shown(lane) {
                level.whole.push((WHOLE, start_ns, tag.id));
            }
            if has_parts {
                level.parts.push((layout.part_of_row(row).0, start_ns, tag.id));
            }
        }
        for level in &mut levels {
            level.slots.sort_unstable();
            level.slots.dedup_by_key(|(slot, _)| *slot);
            level.lanes.sort_unstable();
            level.whole.sort_unstable();
            level.parts.sort_unstable();
        }
        levels.sort_unstable_by_key(|level| std::cmp::Reverse(level.level));
        Self { levels }
    }

    /// True when no span is tagged.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// The highest tag of a stretch of slots, such as those behind a bar; the first of equally high ones.
    #[must_use]
    pub fn in_slots(&self, slots: Range<u32>) -> Option<Tag> {
        self.levels.iter().find_map(|level| {
            let at = level.slots.partition_point(|(slot, _)| *slot < slots.start);
            let (_, id) = level.slots.get(at).filter(|(slot, _)| *slot < slots.end)?;
            Some(Tag { level: level.level, id: *id })
        })
    }

    /// The highest tag of the spans of a lane that start in `from_ns..to_ns`.
    #[must_use]
    pub fn in_lane(&self, lane: LaneIx, from_ns: i64, to_ns: i64) -> Option<Tag> {
        self.levels.iter().find_map(|level| starting(&level.lanes, lane.0, from_ns, to_ns, level.level).next())
    }

    /// The same for one part of a lane.
    #[must_use]
    pub fn in_part(&self, part: u32, from_ns: i64, to_ns: i64) -> Option<Tag> {
        self.levels.iter().find_map(|level| {
            let starts = if level.parts.is_empty() { &level.lanes } else { &level.parts };
            starting(starts, part, from_ns, to_ns, level.level).next()
        })
    }

    /// The tags of all spans of shown lanes that start in `from_ns..to_ns`, the highest first, then by time; one as
    /// often as spans carry it.
    pub fn in_time(&self, from_ns: i64, to_ns: i64) -> impl Iterator<Item = Tag> + '_ {
        self.levels.iter().flat_map(move |level| starting(&level.whole, WHOLE, from_ns, to_ns, level.level))
    }
}

fn starting(starts: &Starts, strip: u32, from_ns: i64, to_ns: i64, level: u8) -> impl Iterator<Item = Tag> + '_ {
    let at = starts.partition_point(|(of, start, _)| (*of, *start) < (strip, from_ns));
    let found = starts[at..].iter().take_while(move |(of, start, _)| *of == strip && *start < to_ns);
    found.map(move |(.., id)| Tag { level, id: *id })
}
