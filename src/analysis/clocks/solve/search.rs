//! Labels that satisfy every arc, or a negative cycle: Bellman-Ford with Tarjan's subtree disassembly.
//!
//! First in, first out, as in Cherkassky and Goldberg, "Negative-cycle detection algorithms" (1999), who found
//! that Tarjan's strategy makes the classical method competitive with the best. When a label improves, the
//! subtree below it is taken out of the shortest path tree; meeting the scanned node there is a negative cycle.
//!
//! A [`Forest`] can be used again: it remembers what a search touched and puts only that back. Asking the same
//! question of many slightly different graphs then costs what is different, not the whole graph.

use std::collections::VecDeque;

use super::Fine;
use super::graph::DRIFT;

const NONE: u32 = u32::MAX;
/// Scanned arcs per arc of the graph before the tree is given up for plain rounds.
const STEP_LIMIT: usize = 64;

/// What the search needs to know about a graph.
pub(super) trait Arcs {
    /// Number of nodes.
    fn nodes(&self) -> usize;
    /// Number of arcs, roughly: the search's step limit follows it.
    fn arcs(&self) -> usize;
    /// Calls `visit(head, cost, tag)` for every arc out of `node`; the tag names the arc between two nodes.
    fn for_out(&self, node: u32, visit: impl FnMut(u32, Fine, u32));
}

/// Arcs of a closed walk, in order: (tail, head, tag).
pub(super) type Cycle = Vec<(u32, u32, u32)>;

/// Labels that satisfy every arc, starting from `label`; or a negative cycle.
pub(super) fn search<A: Arcs>(graph: &A, label: Vec<Fine>) -> Result<Vec<Fine>, Cycle> {
    search_within(graph, label, STEP_LIMIT)
}

/// The same, with the labels as far as the search came when it met a negative cycle: a good start for a graph whose
/// arcs cost a little more.
pub(super) fn search_on<A: Arcs>(graph: &A, label: Vec<Fine>) -> (Vec<Fine>, Option<Cycle>) {
    let mut forest = Forest::new(label);
    (0..forest.root()).for_each(|node| forest.enqueue(node));
    let cycle = forest.run(graph, STEP_LIMIT);
    (forest.label, cycle)
}

/// Whether there is a solution, and how many arcs were scanned.
#[cfg(test)]
pub(super) fn effort<A: Arcs>(graph: &A, label: Vec<Fine>) -> (bool, usize) {
    let mut forest = Forest::new(label);
    (0..forest.root()).for_each(|node| forest.enqueue(node));
    let is_feasible = forest.run(graph, STEP_LIMIT).is_none();
    (is_feasible, forest.scanned())
}

fn search_within<A: Arcs>(graph: &A, label: Vec<Fine>, step_limit: usize) -> Result<Vec<Fine>, Cycle> {
    let mut forest = Forest::new(label);
    for node in 0..forest.root() {
        forest.enqueue(node);
    }
    match forest.run(graph, step_limit) {
        Some(cycle) => Err(cycle),
        None => Ok(forest.label),
    }
}

/// The labels, and the shortest path forest in preorder as a doubly linked list with a sentinel.
#[derive(Clone, Debug)]
pub(super) struct Forest {
    label: Vec<Fine>,
    /// The tree parent and the edge from it.
    parent: Vec<(u32, u32)>,
    after: Vec<u32>,
    before: Vec<u32>,
    /// Children in the tree; -1 = not in the tree.
    degree: Vec<i64>,
    is_queued: Vec<bool>,
    queue: VecDeque<u32>,
    scanned: usize,
    /// What must be put back before the next search; unused by a forest that is used once.
    undo: Option<Undo>,
}

/// How a forest that is used again gets back to where it was.
#[derive(Clone, Debug, Default)]
struct Undo {
    /// The labels that every search starts from.
    label: Vec<Fine>,
    /// Nodes whose label or place in the tree changed, some of them several times.
    touched: Vec<u32>,
    /// The tree was given up, so that everything changed.
    is_all: bool,
}

impl Forest {
    /// Every node starts as a child of the sentinel root, in node order.
    fn new(label: Vec<Fine>) -> Self {
        let nodes = label.len();
        let root = u32::try_from(nodes).unwrap_or(NONE);
        let after = (0..=root).map(|at| if at == root { 0 } else { at + 1 }).collect();
        let before = (0..=root).map(|at| if at == 0 { root } else { at - 1 }).collect();
        let mut degree = vec![0; nodes + 1];
        degree[nodes] = i64::from(root);
        Self {
            label,
            parent: vec![(root, DRIFT); nodes],
            after,
            before,
            degree,
            is_queued: vec![false; nodes],
            queue: VecDeque::new(),
            scanned: 0,
            undo: None,
        }
    }

    /// A forest for many searches that all start from `label`.
    pub(super) fn reusable(label: Vec<Fine>) -> Self {
        let undo = Some(Undo { label: label.clone(), ..Undo::default() });
        Self { undo, ..Self::new(label) }
    }

    /// Whether labels exist that satisfy every arc of `graph`. `seeds` are the tails of all arcs that the labels of
    /// [`Self::reusable`] do not satisfy, and may be more.
    pub(super) fn is_feasible<A: Arcs>(&mut self, graph: &A, seeds: impl Iterator<Item = u32>) -> bool {
        self.put_back();
        for node in seeds {
            self.enqueue(node);
        }
        self.run(graph, STEP_LIMIT).is_none()
    }

    /// Arcs scanned by the last search.
    pub(super) const fn scanned(&self) -> usize {
        self.scanned
    }

    fn root(&self) -> u32 {
        u32::try_from(self.label.len()).unwrap_or(NONE)
    }

    fn enqueue(&mut self, node: u32) {
        if !std::mem::replace(&mut self.is_queued[node as usize], true) {
            self.queue.push_back(node);
        }
    }

    fn touch(&mut self, node: u32) {
        if let Some(undo) = &mut self.undo {
            undo.touched.push(node);
        }
    }

    /// Undoes the last search, at the cost of what it touched.
    fn put_back(&mut self) {
        let root = self.root();
        for node in self.queue.drain(..) {
            self.is_queued[node as usize] = false;
        }
        let Some(undo) = &mut self.undo else { return };
        if std::mem::take(&mut undo.is_all) {
            let (label, queue) = (undo.label.clone(), std::mem::take(&mut self.queue));
            *self = Self { queue, ..Self::reusable(label) };
            return;
        }
        for node in undo.touched.drain(..) {
            let at = node as usize;
            self.after[at] = if node == root { 0 } else { node + 1 };
            self.before[at] = if node == 0 { root } else { node - 1 };
            self.degree[at] = if node == root { i64::from(root) } else { 0 };
            if node != root {
                (self.label[at], self.parent[at]) = (undo.label[at], (root, DRIFT));
            }
        }
    }

    fn run<A: Arcs>(&mut self, graph: &A, step_limit: usize) -> Option<Cycle> {
        let limit = step_limit * (graph.arcs() + graph.nodes());
        self.scanned = 0;
        while let Some(tail) = self.queue.pop_front() {
            let at = tail as usize;
            if !std::mem::take(&mut self.is_queued[at]) || self.degree[at] < 0 {
                continue;
            }
            let from = self.label[at];
            let mut cycle = None;
            graph.for_out(tail, |head, cost, edge| {
                self.scanned += 1;
                if cycle.is_none() && from + cost < self.label[head as usize] {
                    self.label[head as usize] = from + cost;
                    if self.attach(tail, head, edge) {
                        cycle = Some((head, edge));
                    }
                }
            });
            if let Some((head, edge)) = cycle {
                return Some(self.cycle(tail, head, edge));
            }
            if self.scanned > limit {
                return self.plain_rounds(graph);
            }
        }
        None
    }

    /// Hangs `head` below `tail`, taking its old subtree apart. True when `tail` was in that subtree.
    fn attach(&mut self, tail: u32, head: u32, edge: u32) -> bool {
        let h = head as usize;
        self.touch(head);
        if self.degree[h] >= 0 {
            let previous = self.before[h];
            let mut next = self.after[h];
            let mut open = self.degree[h];
            while open > 0 {
                if next == tail {
                    return true;
                }
                let at = next as usize;
                self.touch(next);
                open += self.degree[at] - 1;
                self.degree[at] = -1;
                next = self.after[at];
            }
            let old = self.parent[h].0;
            self.degree[old as usize] -= 1;
            self.after[previous as usize] = next;
            self.before[next as usize] = previous;
            for node in [old, previous, next] {
                self.touch(node);
            }
        }
        self.degree[h] = 0;
        self.parent[h] = (tail, edge);
        self.degree[tail as usize] += 1;
        let next = self.after[tail as usize];
        self.after[tail as usize] = head;
        self.before[h] = tail;
        self.after[h] = next;
        self.before[next as usize] = head;
        self.touch(tail);
        self.touch(next);
        self.enqueue(head);
        false
    }

    /// The cycle that the arc `tail -> head` closes, `head` being an ancestor of `tail`.
    fn cycle(&self, tail: u32, head: u32, edge: u32) -> Cycle {
        let mut arcs = vec![(tail, head, edge)];
        let mut at = tail;
        while at != head {
            let (up, edge) = self.parent[at as usize];
            arcs.push((up, at, edge));
            at = up;
        }
        arcs.reverse();
        arcs
    }

    /// Bellman-Ford in rounds, looking for a cycle of parents after each. Each round goes through the nodes forth and
    /// back (Yen 1970): drift along a clock then takes one round however many times the clock was read, and what is
    /// left to count is how often a path changes its direction.
    fn plain_rounds<A: Arcs>(&mut self, graph: &A) -> Option<Cycle> {
        let nodes = self.root();
        if let Some(undo) = &mut self.undo {
            undo.is_all = true;
        }
        self.parent.fill((NONE, DRIFT));
        loop {
            let mut is_changed = false;
            for tail in (0..nodes).chain((0..nodes).rev()) {
                let from = self.label[tail as usize];
                graph.for_out(tail, |head, cost, edge| {
                    self.scanned += 1;
                    if from + cost < self.label[head as usize] {
                        self.label[head as usize] = from + cost;
                        self.parent[head as usize] = (tail, edge);
                        is_changed = true;
                    }
                });
            }
            if !is_changed {
                return None;
            }
            if let Some(found) = self.parent_cycle(nodes) {
                return Some(found);
            }
        }
    }

    /// A cycle of parents is a negative cycle.
    fn parent_cycle(&self, nodes: u32) -> Option<Cycle> {
        let mut walk_of = vec![0_u32; nodes as usize];
        for (walk, first) in (1_u32..).zip(0..nodes) {
            let mut at = first;
            while at != NONE && walk_of[at as usize] == 0 {
                walk_of[at as usize] = walk;
                at = self.parent[at as usize].0;
            }
            if at != NONE && walk_of[at as usize] == walk {
                let (tail, edge) = self.parent[at as usize];
                return Some(self.cycle(tail, at, edge));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Arcs as (tail, head, cost).
    struct Listed(u32, Vec<(u32, u32, Fine)>);

    impl Arcs for Listed {
        fn nodes(&self) -> usize {
            self.0 as usize
        }

        fn arcs(&self) -> usize {
            self.1.len()
        }

        fn for_out(&self, node: u32, mut visit: impl FnMut(u32, Fine, u32)) {
            for (tag, &(tail, head, cost)) in (0..).zip(&self.1) {
                if tail == node {
                    visit(head, cost, tag);
                }
            }
        }
    }

    /// Whatever the tree would have said, plain rounds say the same.
    #[test]
    fn without_any_steps_of_the_tree_plain_rounds_find_the_same() {
        for nodes in [2_u32, 3, 17, 60] {
            let chain = (1..nodes).map(|node| (node - 1, node, -3));
            let mut graph = Listed(nodes, chain.chain((1..nodes).map(|node| (node, node - 1, 4))).collect());
            for limit in [0, STEP_LIMIT] {
                let solution = search_within(&graph, vec![0; nodes as usize], limit).unwrap();
                assert!(
                    graph
                        .1
                        .iter()
                        .all(|&(tail, head, cost)| { solution[head as usize] <= solution[tail as usize] + cost })
                );
            }
            graph.1.push((nodes - 1, 0, Fine::from(3 * (nodes - 1)) - 1));
            for limit in [0, STEP_LIMIT] {
                let cycle = search_within(&graph, vec![0; nodes as usize], limit).unwrap_err();
                let cost: Fine = cycle.iter().map(|&(.., tag)| graph.1[tag as usize].2).sum();
                assert_eq!(cost, -1);
                assert!(cycle.windows(2).all(|pair| pair[0].1 == pair[1].0));
                assert_eq!(cycle[0].0, cycle[cycle.len() - 1].1);
            }
        }
    }

    /// A clock that was read 50,000 times passes a message on from either end to the other: two rounds, not as many as
    /// there are readings.
    #[test]
    fn a_long_chain_takes_few_plain_rounds() {
        struct Chain(u32);
        impl Arcs for Chain {
            fn nodes(&self) -> usize {
                self.0 as usize
            }
            fn arcs(&self) -> usize {
                2 * self.0 as usize
            }
            fn for_out(&self, node: u32, mut visit: impl FnMut(u32, Fine, u32)) {
                if node > 0 {
                    visit(node - 1, 1, DRIFT);
                }
                if node + 1 < self.0 {
                    visit(node + 1, 1, DRIFT);
                }
            }
        }
        for low in [0, 49_999] {
            let mut label = vec![1_000_000; 50_000];
            label[low] = 0;
            let mut forest = Forest::new(label);
            forest.enqueue(0);
            assert!(forest.run(&Chain(50_000), 0).is_none());
            assert!(forest.scanned < 10 * 50_000, "{}", forest.scanned);
            assert_eq!(forest.label[49_999 - low], 49_999);
        }
    }
}
