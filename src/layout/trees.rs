//! The local trees of a lane in preorder: extents, heights, and the row of each node in its tree.
//!
//! A local tree is a span whose parent is not in its lane, with all descendants that are reached without
//! leaving the lane. In preorder a subtree is one contiguous slice, so every pass below is a loop; nothing
//! recurses, however deep the trace.

use super::LaneIx;
use std::ops::Range;

use super::pack::Packer;
use super::rows::Placed;
use super::time_map::TimeMap;
use crate::model::{SpanFlags, SpanIx, TraceStore};

/// A span, or, from `store.len()` on, a ghost.
pub(super) type Node = u32;

const NO_PARENT: u32 = u32::MAX;
/// Start of a node whose time is not known yet; no stated time is drawn there.
const UNKNOWN: i64 = i64::MAX;

/// What growing trees needs to know.
pub(super) struct Ground<'a, M> {
    pub store: &'a TraceStore,
    pub map: &'a M,
    /// The lane of every span.
    pub lane_of: &'a [LaneIx],
    /// Spans that stand for their subtree, sorted.
    pub folded: &'a [SpanIx],
    /// Where a span is drawn that has no time and no relatives with one.
    pub earliest_ns: i64,
}

/// Some local trees of one lane, node by node in preorder.
#[derive(Debug, Default)]
pub(super) struct Trees {
    pub node: Vec<Node>,
    /// Position of the local parent, or [`NO_PARENT`].
    up: Vec<u32>,
    /// Number of nodes of the subtree.
    size: Vec<u32>,
    pub start_ns: Vec<i64>,
    pub end_ns: Vec<i64>,
    hull_start_ns: Vec<i64>,
    hull_end_ns: Vec<i64>,
    /// Positions of what folded nodes hide: each range is the subtree of the node before it. In order, disjoint.
    hidden: Vec<Range<usize>>,
    /// Rows of the subtree.
    height: Vec<u32>,
    /// Rows below the local parent; for roots: the row in the lane.
    row: Vec<u32>,
}

/// A local tree as a rectangle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    pub start_ns: i64,
    pub end_ns: i64,
    pub rows: u32,
    /// Position of the root.
    pub root: u32,
}

impl Trees {
    /// Grows the trees of `roots`, which belong to `lane`, and packs each.
    pub fn grow<M: TimeMap>(ground: &Ground<'_, M>, lane: LaneIx, roots: &[Node]) -> Self {
        let mut trees = Self::default();
        trees.walk(ground, lane, roots);
        trees.find_extents(ground);
        trees.fold(ground);
        trees.pack();
        trees
    }

    fn walk<M: TimeMap>(&mut self, ground: &Ground<'_, M>, lane: LaneIx, roots: &[Node]) {
        let mut open: Vec<(Node, u32)> = Vec::new();
        for &root in roots {
            open.push((root, NO_PARENT));
            while let Some((node, up)) = open.pop() {
                let at = self.node.len() as u32;
                self.node.push(node);
                self.up.push(up);
                let (start, end) = ground.extent(node);
                self.start_ns.push(start);
                self.end_ns.push(end);
                let first = open.len();
                open.extend(
                    ground
                        .children(node)
                        .iter()
                        .filter(|child| ground.lane_of[child.at()] == lane)
                        .map(|child| (child.0, at)),
                );
                open[first..].reverse();
            }
        }
        let len = self.node.len();
        self.size = vec![1; len];
        for at in (0..len).rev() {
            if self.up[at] != NO_PARENT {
                self.size[self.up[at] as usize] += self.size[at];
            }
        }
    }

    /// Completes open ends, ghosts and spans without times from their relatives; finds the hulls.
    fn find_extents<M: TimeMap>(&mut self, ground: &Ground<'_, M>) {
        let len = self.node.len();
        self.hull_start_ns = vec![i64::MAX; len];
        self.hull_end_ns = vec![i64::MIN; len];
        let mut unknown = false;
        for at in (0..len).rev() {
            self.complete_from_children(ground, at);
            if self.start_ns[at] == UNKNOWN {
                unknown = true;
                continue;
            }
            self.join_hull(at, self.start_ns[at], self.end_ns[at]);
            if self.up[at] != NO_PARENT {
                self.join_hull(self.up[at] as usize, self.hull_start_ns[at], self.hull_end_ns[at]);
            }
        }
        if unknown {
            self.complete_from_parents(ground);
        }
    }

    fn complete_from_children<M: TimeMap>(&mut self, ground: &Ground<'_, M>, at: usize) {
        let has_children = self.hull_start_ns[at] != i64::MAX;
        let (start_open, end_open) = ground.open_ends(self.node[at]);
        if !has_children || !(start_open || end_open) {
            return;
        }
        let known = self.start_ns[at] != UNKNOWN;
        if !known || start_open {
            self.start_ns[at] = self.start_ns[at].min(self.hull_start_ns[at]);
        }
        if !known || end_open {
            self.end_ns[at] = self.end_ns[at].max(self.hull_end_ns[at]);
        }
    }

    /// What is still unknown has no descendant with a time: it is drawn where its parent starts.
    fn complete_from_parents<M: TimeMap>(&mut self, ground: &Ground<'_, M>) {
        for at in 0..self.node.len() {
            if self.start_ns[at] != UNKNOWN {
                continue;
            }
            let start = match self.up[at] {
                NO_PARENT => ground.earliest_ns,
                up => self.start_ns[up as usize],
            };
            (self.start_ns[at], self.end_ns[at]) = extent(start, start);
            self.join_hull(at, self.start_ns[at], self.end_ns[at]);
        }
    }

    fn join_hull(&mut self, at: usize, start: i64, end: i64) {
        self.hull_start_ns[at] = self.hull_start_ns[at].min(start);
        self.hull_end_ns[at] = self.hull_end_ns[at].max(end);
    }

    /// Finds what folded nodes hide. Extents are complete by then: folding moves no bar in time.
    fn fold<M: TimeMap>(&mut self, ground: &Ground<'_, M>) {
        if ground.folded.is_empty() {
            return;
        }
        let mut at = 0;
        while at < self.node.len() {
            let end = at + self.size[at] as usize;
            if end > at + 1 && ground.folded.binary_search(&SpanIx(self.node[at])).is_ok() {
                self.hidden.push(at + 1..end);
                at = end;
            } else {
                at += 1;
            }
        }
    }

    /// What folded nodes hide, each a range of positions right after the node itself.
    pub fn folds(&self) -> &[Range<usize>] {
        &self.hidden
    }

    /// Positions of the nodes that are drawn.
    pub fn shown(&self) -> impl Iterator<Item = usize> + Clone + '_ {
        let ends = std::iter::once(0).chain(self.hidden.iter().map(|fold| fold.end));
        let starts = self.hidden.iter().map(|fold| fold.start).chain([self.node.len()]);
        ends.zip(starts).flat_map(|(from, to)| from..to)
    }

    /// Packs the subtrees of every node's children below it, leaves first.
    fn pack(&mut self) {
        let len = self.node.len();
        self.height = vec![1; len];
        self.row = vec![0; len];
        let mut packer = Packer::default();
        let mut children: Vec<(i64, u32)> = Vec::new();
        for at in (0..len).rev() {
            let end = at + self.size[at] as usize;
            let is_folded = self.hidden.binary_search_by_key(&(at + 1), |fold| fold.start).is_ok();
            if end == at + 1 || is_folded {
                continue;
            }
            children.clear();
            let mut child = at + 1;
            while child < end {
                children.push((self.hull_start_ns[child], child as u32));
                child += self.size[child] as usize;
            }
            self.height[at] = 1 + self.pack_children(&mut children, &mut packer);
        }
    }

    /// Returns the number of rows used.
    fn pack_children(&mut self, children: &mut [(i64, u32)], packer: &mut Packer) -> u32 {
        if !children.is_sorted() {
            children.sort_unstable();
        }
        let one_after_the_other =
            children.array_windows().all(|[before, after]| self.hull_end_ns[before.1 as usize] <= after.0);
        if one_after_the_other {
            let mut rows = 0;
            for &(_, child) in &*children {
                self.row[child as usize] = 1;
                rows = rows.max(self.height[child as usize]);
            }
            return rows;
        }
        packer.clear();
        for &(start, child) in &*children {
            let child = child as usize;
            self.row[child] = 1 + packer.place(start, self.hull_end_ns[child], self.height[child]);
        }
        packer.height()
    }

    /// The trees as rectangles.
    pub fn blocks(&self) -> impl Iterator<Item = Block> + '_ {
        let mut root = 0;
        std::iter::from_fn(move || {
            let at = root;
            root += *self.size.get(at)? as usize;
            Some(Block {
                start_ns: self.hull_start_ns[at],
                end_ns: self.hull_end_ns[at],
                rows: self.height[at],
                root: at as u32,
            })
        })
    }

    /// Puts the tree of `root` at `row` of the lane.
    pub fn set_root_row(&mut self, root: u32, row: u32) {
        self.row[root as usize] = row;
    }

    /// Turns rows below the parent into rows of the lane.
    pub fn finish_rows(&mut self) {
        for at in 0..self.row.len() {
            if self.up[at] != NO_PARENT {
                self.row[at] += self.row[self.up[at] as usize];
            }
        }
    }

    /// The node at a position, once rows are finished.
    pub fn placed(&self, at: usize) -> Placed {
        Placed { row: self.row[at], item: self.node[at], start_ns: self.start_ns[at], end_ns: self.end_ns[at] }
    }
}

impl<M: TimeMap> Ground<'_, M> {
    fn ghost(&self, node: Node) -> Option<usize> {
        (node as usize).checked_sub(self.store.len())
    }

    fn children(&self, node: Node) -> &[SpanIx] {
        match self.ghost(node) {
            None => self.store.span(SpanIx(node)).children(),
            Some(ghost) => &self.store.ghosts()[ghost].children,
        }
    }

    /// Whether (start, end) may be completed from the children.
    fn open_ends(&self, node: Node) -> (bool, bool) {
        if self.ghost(node).is_some() {
            return (true, true);
        }
        let flags = self.store.flags()[node as usize];
        (flags.has(SpanFlags::START_MISSING), flags.has(SpanFlags::END_MISSING))
    }

    /// The stated extent on the layout's axis; [`UNKNOWN`] when there is none.
    fn extent(&self, node: Node) -> (i64, i64) {
        const TIMELESS: SpanFlags = SpanFlags::START_MISSING.with(SpanFlags::END_MISSING);
        let unknown = (UNKNOWN, i64::MIN);
        if self.ghost(node).is_some() {
            return unknown;
        }
        let ix = SpanIx(node);
        let span = self.store.span(ix);
        if span.flags().has(TIMELESS) {
            return unknown;
        }
        let (start, end) = span.drawn_ns();
        let (start, end) = self.map.ends(ix, start, end);
        extent(start, end)
    }
}

/// What a span occupies in its row: at least 1 ns, so that starts differ and each span can be reached.
fn extent(start_ns: i64, end_ns: i64) -> (i64, i64) {
    let start = start_ns.min(end_ns).min(i64::MAX - 2);
    (start, start_ns.max(end_ns).max(start + 1))
}
