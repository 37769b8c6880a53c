//! Which lane and which row every span is drawn in.
//!
//! A [`Grouping`] says which lane every span is in: its clock's, unless somebody asked for something else. Inside a
//! lane every local tree is a contiguous block of rows: a span, and its
//! children's subtrees packed first-fit below it. Times go through a [`TimeMap`]; raw times stay as they are.

mod frame_time;
#[cfg(test)]
mod gap_tests;
mod navigate;
mod pack;
mod rows;
#[cfg(test)]
mod tests;
mod time_map;
mod trees;

use std::ops::Range;
use std::sync::Arc;

use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use crate::analysis::clocks::domains::Domains;
use crate::model::{SpanIx, TraceStore};
pub use frame_time::FrameTime;
pub use navigate::Step;
use rows::Placed;
pub use rows::RowItems;
pub use time_map::{RawTime, SameTime, TimeMap};
use trees::{Ground, Node, Trees};

/// A lane of a [`Layout`], in display order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LaneIx(pub u32);

/// A row of a [`Layout`], counted over all lanes from the top.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RowIx(pub u32);

impl LaneIx {
    /// The index as a `usize`, for indexing slices.
    #[must_use]
    pub const fn at(self) -> usize {
        self.0 as usize
    }
}

impl RowIx {
    /// The index as a `usize`, for indexing slices.
    #[must_use]
    pub const fn at(self) -> usize {
        self.0 as usize
    }
}

/// The rows of one lane.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lane {
    /// Its rows, counted over all lanes.
    pub rows: Range<u32>,
    /// Number of spans.
    pub spans: u64,
}

/// Which lane every span is in.
#[derive(Clone, Debug, Default)]
pub struct Grouping {
    /// The lane of every span of the store.
    pub of_span: Vec<LaneIx>,
    /// Number of lanes; some may be empty.
    pub lanes: usize,
    /// Spans whose subtree is hidden as far as it lies in their lane, sorted.
    pub folded: Vec<SpanIx>,
    /// When lanes have parts with rows of their own: the lane of every part, ascending; `of_span` and `lanes` then mean
    /// parts. Empty = lanes are whole.
    pub lane_of_part: Vec<LaneIx>,
}

/// A span that stands for its subtree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fold {
    /// The span.
    pub span: SpanIx,
    /// Spans behind it, itself not counted; at least 1.
    pub hidden: u32,
}

/// A span that a [`Fold`] hides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Folded {
    /// The span.
    pub span: SpanIx,
    /// The slot of the span that stands for it.
    pub slot: u32,
}

impl Grouping {
    /// A lane for every clock, in the order of the clocks.
    #[must_use]
    pub fn by_clock(domains: &Domains) -> Self {
        let of_span = domains.of_span.iter().map(|domain| LaneIx(domain.0)).collect();
        Self { of_span, lanes: domains.list.len(), folded: Vec::new(), lane_of_part: Vec::new() }
    }
}

/// Where a ghost (a parent that no input holds) is drawn: above its children, in the lane of the first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GhostBar {
    /// Index into `TraceStore::ghosts()`.
    pub ghost: u32,
    /// Its row.
    pub row: RowIx,
    /// Start of its children's hull on the layout's axis.
    pub start_ns: i64,
    /// End of its children's hull.
    pub end_ns: i64,
}

/// Where every span and ghost is drawn.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    lanes: Vec<Lane>,
    parts: Vec<Lane>,
    /// Empty = each lane is one part.
    lane_of_part: Vec<LaneIx>,
    /// The slot of every span in `spans`; of a folded one, the slot of the span that stands for it.
    slot_of: Vec<u32>,
    /// By span.
    folds: Vec<Fold>,
    folded: Vec<Folded>,
    spans: Arc<RowItems>,
    ghosts: Arc<RowItems>,
    /// The slot of every ghost in `ghosts`.
    slot_of_ghost: Vec<u32>,
    hull_ns: Range<i64>,
}

impl Layout {
    /// Lays out `store` with the lanes of `grouping`, on the axis of `map`.
    #[must_use]
    pub fn build(store: &TraceStore, grouping: &Grouping, map: &impl TimeMap) -> Self {
        build(store, grouping, map)
    }

    /// The lanes, in display order.
    #[must_use]
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// The parts of lanes that have rows of their own, by row: the lanes themselves, unless they are folded.
    #[must_use]
    pub fn parts(&self) -> &[Lane] {
        &self.parts
    }

    /// The lane of a part.
    #[must_use]
    pub fn lane_of_part(&self, part: usize) -> LaneIx {
        self.lane_of_part.get(part).copied().unwrap_or(LaneIx(part as u32))
    }

    /// The part that holds `row`.
    #[must_use]
    pub fn part_of_row(&self, row: RowIx) -> LaneIx {
        let after = self.parts.partition_point(|part| part.rows.start <= row.0);
        LaneIx(after.saturating_sub(1) as u32)
    }

    /// Number of rows of all lanes.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.spans.row_count()
    }

    /// Spans that stand for their subtree, by span.
    #[must_use]
    pub fn folds(&self) -> &[Fold] {
        &self.folds
    }

    /// How many spans `span` stands for besides itself: 0 unless it is folded.
    #[must_use]
    pub fn hidden_behind(&self, span: SpanIx) -> u32 {
        self.folds.binary_search_by_key(&span, |fold| fold.span).map_or(0, |at| self.folds[at].hidden)
    }

    /// Spans that are drawn as part of another one.
    #[must_use]
    pub fn folded(&self) -> &[Folded] {
        &self.folded
    }

    /// The span that is drawn for `span`: itself, unless it is folded into another one.
    #[must_use]
    pub fn shown_as(&self, span: SpanIx) -> SpanIx {
        SpanIx(self.spans.items()[self.slot_of[span.at()] as usize])
    }

    /// The slot of `span` in [`Self::span_rows`], or of the span that stands for it; `None` for a span of another store.
    #[must_use]
    pub fn slot_of(&self, span: SpanIx) -> Option<u32> {
        self.slot_of.get(span.at()).copied()
    }

    /// The row of `span`, or of the span that stands for it.
    #[must_use]
    pub fn row_of(&self, span: SpanIx) -> RowIx {
        RowIx(self.spans.row_of(self.slot_of[span.at()]))
    }

    /// The lane of `row`.
    #[must_use]
    pub fn lane_of_row(&self, row: RowIx) -> LaneIx {
        let after = self.lanes.partition_point(|lane| lane.rows.start <= row.0);
        // Lanes without rows share their start with the next one; the last that starts here holds the row.
        LaneIx(after.saturating_sub(1) as u32)
    }

    /// The lane of `span`.
    #[must_use]
    pub fn lane_of(&self, span: SpanIx) -> LaneIx {
        self.lane_of_row(self.row_of(span))
    }

    /// Spans by row, then start.
    #[must_use]
    pub const fn span_rows(&self) -> &Arc<RowItems> {
        &self.spans
    }

    /// Ghosts by row, then start; items index `TraceStore::ghosts()`.
    #[must_use]
    pub const fn ghost_rows(&self) -> &Arc<RowItems> {
        &self.ghosts
    }

    /// The spans of `row`, by start.
    pub fn spans_of_row(&self, row: RowIx) -> impl ExactSizeIterator<Item = SpanIx> + '_ {
        self.spans.items()[self.spans.slots(row.at())].iter().map(|&item| SpanIx(item))
    }

    /// Ghosts with their places, in the store's order.
    pub fn ghost_bars(&self) -> impl Iterator<Item = GhostBar> + '_ {
        (0..self.ghosts.row_count()).flat_map(move |row| {
            self.ghosts.slots(row).map(move |slot| GhostBar {
                ghost: self.ghosts.items()[slot],
                row: RowIx(row as u32),
                start_ns: self.ghosts.starts_ns()[slot],
                end_ns: self.ghosts.ends_ns()[slot],
            })
        })
    }

    /// The row of a ghost.
    #[must_use]
    pub fn row_of_ghost(&self, ghost: u32) -> RowIx {
        RowIx(self.ghosts.row_of(self.slot_of_ghost[ghost as usize]))
    }

    /// Where a ghost starts and ends on the layout's axis; `None` for one that is not drawn.
    #[must_use]
    pub fn extent_of_ghost_ns(&self, ghost: u32) -> Option<(i64, i64)> {
        let slot = *self.slot_of_ghost.get(ghost as usize)? as usize;
        let is_own = self.ghosts.items().get(slot) == Some(&ghost);
        is_own.then(|| (self.ghosts.starts_ns()[slot], self.ghosts.ends_ns()[slot]))
    }

    /// The hull of everything drawn, in nanoseconds; empty when there is no span.
    #[must_use]
    pub const fn hull_ns(&self) -> &Range<i64> {
        &self.hull_ns
    }

    /// Bytes of heap memory in use.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        (self.slot_of.capacity() + self.slot_of_ghost.capacity()) * size_of::<u32>()
            + self.spans.heap_bytes()
            + self.ghosts.heap_bytes()
            + (self.lanes.capacity() + self.parts.capacity()) * size_of::<Lane>()
            + self.folds.capacity() * size_of::<Fold>()
            + self.folded.capacity() * size_of::<Folded>()
    }
}

/// Trees are grown in pieces of this many roots, so that one big lane keeps all cores busy.
const ROOTS_PER_PIECE: usize = 4096;

/// Trees of one lane, on their way to rows.
struct Piece {
    lane: usize,
    trees: Trees,
}

fn build(store: &TraceStore, grouping: &Grouping, map: &impl TimeMap) -> Layout {
    let fallback;
    let lane_of = if grouping.of_span.len() == store.len() {
        &grouping.of_span
    } else {
        fallback = vec![LaneIx(0); store.len()];
        &fallback
    };
    let lane_count = grouping.lanes.max(usize::from(!store.is_empty()));
    let earliest_ns = store.time_hull_ns().map_or(0, |hull| hull.start);
    let ground = Ground { store, map, lane_of, folded: &grouping.folded, earliest_ns };
    let roots = local_roots(store, lane_of, lane_count);
    let jobs: Vec<(usize, &[Node])> = roots
        .iter()
        .enumerate()
        .flat_map(|(lane, roots)| roots.chunks(ROOTS_PER_PIECE).map(move |piece| (lane, piece)))
        .collect();
    let mut pieces: Vec<Piece> = jobs
        .into_par_iter()
        .map(|(lane, roots)| Piece { lane, trees: Trees::grow(&ground, LaneIx(lane as u32), roots) })
        .collect();
    let lanes = stack_lanes(&mut pieces, lane_count);
    let mut layout = collect(store, lanes, pieces);
    layout.lanes = whole_lanes(&layout.parts, &grouping.lane_of_part);
    layout.lane_of_part.clone_from(&grouping.lane_of_part);
    layout
}

/// Lanes of their parts.
fn whole_lanes(parts: &[Lane], lane_of_part: &[LaneIx]) -> Vec<Lane> {
    if lane_of_part.len() != parts.len() {
        return parts.to_vec();
    }
    let mut lanes: Vec<Lane> = Vec::new();
    for (part, lane) in parts.iter().zip(lane_of_part) {
        match lanes.get_mut(lane.at()) {
            Some(whole) => {
                whole.rows.end = part.rows.end;
                whole.spans += part.spans;
            }
            None => lanes.push(part.clone()),
        }
    }
    lanes
}

/// The roots of every lane: spans without a parent in their lane, and ghosts; by start.
fn local_roots(store: &TraceStore, lane_of: &[LaneIx], lane_count: usize) -> Vec<Vec<Node>> {
    let mut roots: Vec<Vec<Node>> = vec![Vec::new(); lane_count];
    let mut adopted = vec![false; if store.ghosts().is_empty() { 0 } else { store.len() }];
    for (at, ghost) in store.ghosts().iter().enumerate() {
        let Some(first) = ghost.children.first() else { continue };
        let lane = lane_of[first.at()];
        for child in ghost.children.iter().filter(|child| lane_of[child.at()] == lane) {
            adopted[child.at()] = true;
        }
        roots[lane.at()].push((store.len() + at) as Node);
    }
    for (ix, &parent) in store.span_ixs().zip(store.parents()) {
        let lane = lane_of[ix.at()];
        let is_root = match parent.get() {
            Some(parent) => lane_of[parent.at()] != lane,
            None => !adopted.get(ix.at()).is_some_and(|adopted| *adopted),
        };
        if is_root {
            roots[lane.at()].push(ix.0);
        }
    }
    roots
}

/// Packs the trees of each lane into rows and stacks the lanes. `pieces` are sorted by lane.
fn stack_lanes(pieces: &mut [Piece], lane_count: usize) -> Vec<Lane> {
    let heights: Vec<u32> = pieces
        .chunk_by_mut(|a, b| a.lane == b.lane)
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|pieces| (pieces[0].lane, pack_lane(pieces)))
        .collect::<Vec<_>>()
        .into_iter()
        .fold(vec![0; lane_count], |mut heights, (lane, height)| {
            heights[lane] = height;
            heights
        });
    let mut next = 0_u32;
    heights
        .into_iter()
        .map(|height| {
            let rows = next..next.saturating_add(height);
            next = rows.end;
            Lane { rows, spans: 0 }
        })
        .collect()
}

fn pack_lane(pieces: &mut [Piece]) -> u32 {
    let mut blocks: Vec<(trees::Block, u32)> = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        blocks.extend(piece.trees.blocks().map(|block| (block, at as u32)));
    }
    blocks.sort_unstable_by_key(|(block, piece)| (block.start_ns, *piece, block.root));
    let mut packer = pack::Packer::default();
    for (block, piece) in blocks {
        let row = packer.place(block.start_ns, block.end_ns, block.rows);
        pieces[piece as usize].trees.set_root_row(block.root, row);
    }
    packer.height()
}

/// The rows of one part, counted from its first.
#[derive(Default)]
struct PartRows {
    spans: RowItems,
    ghosts: Vec<Placed>,
    folds: Vec<Fold>,
    /// Each with the span that stands for it.
    folded: Vec<(SpanIx, SpanIx)>,
    hull_ns: Option<Range<i64>>,
}

impl PartRows {
    /// Collects the trees of one part, which has so many `rows`. The nodes of a store of `len` spans from there on are
    /// ghosts.
    fn of(pieces: &mut [Piece], rows: u32, len: usize) -> Self {
        let mut part = Self::default();
        for piece in &mut *pieces {
            piece.trees.finish_rows();
            part.take_folds(&piece.trees);
        }
        let placed = || pieces.iter().flat_map(|piece| piece.trees.shown().map(|at| piece.trees.placed(at)));
        part.spans = RowItems::new(rows as usize, placed().filter(|one| (one.item as usize) < len));
        for one in placed() {
            let hull = part.hull_ns.get_or_insert(one.start_ns..one.end_ns);
            *hull = hull.start.min(one.start_ns)..hull.end.max(one.end_ns);
            if one.item as usize >= len {
                part.ghosts.push(Placed { item: one.item - len as u32, ..one });
            }
        }
        part
    }

    fn take_folds(&mut self, trees: &Trees) {
        for fold in trees.folds() {
            let span = SpanIx(trees.node[fold.start - 1]);
            self.folds.push(Fold { span, hidden: fold.len() as u32 });
            self.folded.extend(fold.clone().map(|at| (SpanIx(trees.node[at]), span)));
        }
    }
}

/// Joins the rows of all parts. `pieces` are sorted by part; each part is collected on a core of its own.
fn collect(store: &TraceStore, mut parts: Vec<Lane>, mut pieces: Vec<Piece>) -> Layout {
    let jobs: Vec<&mut [Piece]> = pieces.chunk_by_mut(|a, b| a.lane == b.lane).collect();
    let collected: Vec<(usize, PartRows)> = jobs
        .into_par_iter()
        .map(|pieces| (pieces[0].lane, PartRows::of(pieces, parts[pieces[0].lane].rows.len() as u32, store.len())))
        .collect();
    let mut all = PartRows::default();
    for (at, part) in &collected {
        let lane = &mut parts[*at];
        lane.spans = (part.spans.len() + part.folded.len()) as u64;
        for ghost in &part.ghosts {
            let row = lane.rows.start + ghost.row;
            all.ghosts.push(Placed { row, ..*ghost });
        }
        all.folds.extend_from_slice(&part.folds);
        all.folded.extend_from_slice(&part.folded);
        let hulls = all.hull_ns.take().into_iter().chain(part.hull_ns.clone());
        all.hull_ns = hulls.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end));
    }
    let spans = RowItems::stacked(collected.iter().map(|(_, part)| &part.spans));
    let mut slot_of = vec![0_u32; store.len()];
    for (slot, &item) in (0..).zip(spans.items()) {
        slot_of[item as usize] = slot;
    }
    let ghosts = RowItems::new(spans.row_count(), all.ghosts.iter().copied());
    let mut slot_of_ghost = vec![0_u32; store.ghosts().len()];
    for (slot, &item) in (0..).zip(ghosts.items()) {
        slot_of_ghost[item as usize] = slot;
    }
    all.folds.sort_unstable_by_key(|fold| fold.span);
    all.folded.sort_unstable();
    let folded: Vec<Folded> =
        all.folded.into_iter().map(|(span, into)| Folded { span, slot: slot_of[into.at()] }).collect();
    for one in &folded {
        slot_of[one.span.at()] = one.slot;
    }
    Layout {
        lanes: Vec::new(),
        parts,
        lane_of_part: Vec::new(),
        folds: all.folds,
        folded,
        slot_of,
        spans: Arc::new(spans),
        ghosts: Arc::new(ghosts),
        slot_of_ghost,
        hull_ns: all.hull_ns.unwrap_or(0..0),
    }
}
