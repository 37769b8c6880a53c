//! A graph in layers: whoever calls stands above whom it calls, and lines cross as little as a few sweeps can make
//! them (Sugiyama, Tagawa, Toda 1981). Pure and deterministic; the result never crosses more than the input's order.

use std::collections::BTreeSet;

/// Sweeps down and up.
const SWEEPS: usize = 8;
/// More nodes and bends than this keep the order in which they come.
const MOST_SLOTS: usize = 3000;

/// A place in the picture: layer from the top, position from the left.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Slot {
    /// 0 is the top.
    pub layer: usize,
    /// 0 is the left.
    pub at: usize,
}

/// A graph in layers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Layers {
    /// Where each node is.
    pub nodes: Vec<Slot>,
    /// Where each edge goes, from its own start to its own end; empty for an edge from a node to itself.
    pub routes: Vec<Vec<Slot>>,
    /// How many slots each layer has: nodes, and bends of edges that pass through.
    pub widths: Vec<usize>,
    /// How often lines cross.
    pub crossings: usize,
    /// How often they would cross with nodes in the order in which they came.
    pub crossings_before: usize,
}

impl Layers {
    /// Puts `nodes` nodes with `edges` into layers.
    #[must_use]
    pub fn new(nodes: usize, edges: &[(usize, usize)]) -> Self {
        let known = |&(from, to): &(usize, usize)| from < nodes && to < nodes && from != to;
        let forward: BTreeSet<(usize, usize)> = edges.iter().copied().filter(known).collect();
        let downward = without_circles(nodes, &forward);
        let layer = longest_paths(nodes, &downward);
        let mut graph = Proper::new(nodes, &downward, layer);
        let crossings_before = graph.crossings();
        if graph.slots.len() <= MOST_SLOTS {
            graph.untangle(crossings_before);
        }
        let place = graph.places();
        let routes = edges.iter().map(|edge| if known(edge) { graph.route(*edge, &place) } else { Vec::new() });
        Self {
            routes: routes.collect(),
            nodes: place[..nodes].to_vec(),
            widths: graph.order.iter().map(Vec::len).collect(),
            crossings: graph.crossings(),
            crossings_before,
        }
    }
}

/// The edges, those turned round that close a circle. Nodes that come first stay above.
fn without_circles(nodes: usize, edges: &BTreeSet<(usize, usize)>) -> BTreeSet<(usize, usize)> {
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    let mut has_caller = vec![false; nodes];
    for &(from, to) in edges {
        out[from].push(to);
        has_caller[to] = true;
    }
    // Those that nobody calls begin, so that circles are cut where they are entered.
    let begin = (0..nodes).filter(|&node| !has_caller[node]).chain(0..nodes);
    let mut state = vec![0_u8; nodes];
    let mut downward = BTreeSet::new();
    for start in begin {
        if state[start] != 0 {
            continue;
        }
        state[start] = 1;
        let mut stack = vec![(start, 0)];
        while let Some((node, next)) = stack.pop() {
            let Some(&to) = out[node].get(next) else {
                state[node] = 2;
                continue;
            };
            stack.push((node, next + 1));
            match state[to] {
                1 => {
                    downward.insert((to, node));
                }
                seen => {
                    downward.insert((node, to));
                    if seen == 0 {
                        state[to] = 1;
                        stack.push((to, 0));
                    }
                }
            }
        }
    }
    downward
}

/// The layer of each node: one below the lowest of those above it.
fn longest_paths(nodes: usize, edges: &BTreeSet<(usize, usize)>) -> Vec<usize> {
    let mut above = vec![0_usize; nodes];
    let mut out: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    for &(from, to) in edges {
        above[to] += 1;
        out[from].push(to);
    }
    let mut layer = vec![0; nodes];
    let mut ready: Vec<usize> = (0..nodes).filter(|&node| above[node] == 0).collect();
    while let Some(node) = ready.pop() {
        for &to in &out[node] {
            layer[to] = layer[to].max(layer[node] + 1);
            above[to] -= 1;
            if above[to] == 0 {
                ready.push(to);
            }
        }
    }
    layer
}

/// A graph whose edges lead from one layer to the next: longer ones have a bend in every layer that they pass.
struct Proper {
    /// The layer of each slot; the first ones are the nodes.
    slots: Vec<usize>,
    below: Vec<Vec<usize>>,
    above: Vec<Vec<usize>>,
    /// The slots of each layer, from left to right.
    order: Vec<Vec<usize>>,
    /// (upper node, lower node, bends in between)
    bends: Vec<(usize, usize, Vec<usize>)>,
}

impl Proper {
    fn new(nodes: usize, edges: &BTreeSet<(usize, usize)>, layer: Vec<usize>) -> Self {
        let mut graph = Self {
            below: vec![Vec::new(); nodes],
            above: vec![Vec::new(); nodes],
            order: Vec::new(),
            bends: Vec::new(),
            slots: layer,
        };
        for &(from, to) in edges {
            let mut last = from;
            let mut bends = Vec::new();
            for layer in graph.slots[from] + 1..graph.slots[to] {
                let bend = graph.slots.len();
                graph.slots.push(layer);
                graph.below.push(Vec::new());
                graph.above.push(Vec::new());
                graph.join(last, bend);
                bends.push(bend);
                last = bend;
            }
            graph.join(last, to);
            graph.bends.push((from, to, bends));
        }
        let layers = graph.slots.iter().max().map_or(0, |last| last + 1);
        graph.order = vec![Vec::new(); layers];
        for (slot, &layer) in graph.slots.iter().enumerate() {
            graph.order[layer].push(slot);
        }
        graph
    }

    fn join(&mut self, upper: usize, lower: usize) {
        self.below[upper].push(lower);
        self.above[lower].push(upper);
    }

    fn places(&self) -> Vec<Slot> {
        let mut places = vec![Slot::default(); self.slots.len()];
        for (layer, order) in self.order.iter().enumerate() {
            for (at, &slot) in order.iter().enumerate() {
                places[slot] = Slot { layer, at };
            }
        }
        places
    }

    fn route(&self, (from, to): (usize, usize), place: &[Slot]) -> Vec<Slot> {
        let found = self.bends.iter().find(|(upper, lower, _)| (*upper, *lower) == (from, to));
        let turned = || self.bends.iter().find(|(upper, lower, _)| (*upper, *lower) == (to, from));
        let bends = found.or_else(turned).map_or(&[][..], |(_, _, bends)| bends);
        let bends: Vec<usize> = if found.is_some() { bends.to_vec() } else { bends.iter().rev().copied().collect() };
        std::iter::once(from).chain(bends).chain([to]).map(|slot| place[slot]).collect()
    }

    fn crossings(&self) -> usize {
        let place = self.places();
        let pairs = self.order.iter().map(|upper| {
            let mut ends = Vec::new();
            for &slot in upper {
                let mut below: Vec<usize> = self.below[slot].iter().map(|lower| place[*lower].at).collect();
                below.sort_unstable();
                ends.extend(below);
            }
            inversions(&mut ends)
        });
        pairs.sum()
    }

    /// Sweeps down and up, each slot to the middle of its neighbours; the best order of all is kept.
    fn untangle(&mut self, before: usize) {
        let (mut best, mut best_order) = (before, self.order.clone());
        for sweep in 0..SWEEPS {
            if best == 0 {
                break;
            }
            let layers = self.order.len();
            if sweep % 2 == 0 {
                (1..layers).for_each(|layer| self.arrange(layer, true));
            } else {
                (0..layers.saturating_sub(1)).rev().for_each(|layer| self.arrange(layer, false));
            }
            self.swap_neighbours();
            let found = self.crossings();
            if found < best {
                (best, best_order) = (found, self.order.clone());
            }
        }
        self.order = best_order;
    }

    fn arrange(&mut self, layer: usize, by_upper: bool) {
        let place = self.places();
        let middle = |slot: usize| {
            let neighbours = if by_upper { &self.above[slot] } else { &self.below[slot] };
            let sum: usize = neighbours.iter().map(|neighbour| place[*neighbour].at).sum();
            // Without neighbours a slot stays where it is. Thousandths, so that no float decides an order.
            (sum * 1000).checked_div(neighbours.len()).unwrap_or(place[slot].at * 1000)
        };
        let mut order = self.order[layer].clone();
        order.sort_by_key(|&slot| (middle(slot), place[slot].at));
        self.order[layer] = order;
    }

    /// Swaps neighbours as long as that takes crossings away.
    fn swap_neighbours(&mut self) {
        let mut place = self.places();
        for layer in 0..self.order.len() {
            for at in 1..self.order[layer].len() {
                let (left, right) = (self.order[layer][at - 1], self.order[layer][at]);
                let cost = |a: usize, b: usize| {
                    let between = |a: &[usize], b: &[usize]| {
                        let crossing = |x: &usize| b.iter().filter(|y| place[**y].at < place[*x].at).count();
                        a.iter().map(crossing).sum::<usize>()
                    };
                    between(&self.above[a], &self.above[b]) + between(&self.below[a], &self.below[b])
                };
                if cost(right, left) < cost(left, right) {
                    self.order[layer].swap(at - 1, at);
                    (place[left].at, place[right].at) = (at, at - 1);
                }
            }
        }
    }
}

/// How many pairs are in the wrong order. Sorts.
fn inversions(ends: &mut Vec<usize>) -> usize {
    if ends.len() < 2 {
        return 0;
    }
    let mut right = ends.split_off(ends.len() / 2);
    let mut count = inversions(ends) + inversions(&mut right);
    let mut merged = Vec::with_capacity(ends.len() + right.len());
    let (mut a, mut b) = (ends.iter().copied().peekable(), right.iter().copied().peekable());
    while let (Some(&left), Some(&low)) = (a.peek(), b.peek()) {
        if low < left {
            count += a.len();
            merged.extend(b.next());
        } else {
            merged.extend(a.next());
        }
    }
    merged.extend(a);
    merged.extend(b);
    *ends = merged;
    count
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Crossings counted pair by pair from what the picture shows.
    fn crossings(layers: &Layers, edges: &[(usize, usize)]) -> usize {
        let mut lines = BTreeSet::new();
        for ((from, to), route) in edges.iter().zip(&layers.routes) {
            let mut route = route.clone();
            if route.first() > route.last() {
                route.reverse();
            }
            // A line that two edges share is one line: they go there and back.
            let pair = (*from.min(to), *from.max(to));
            lines.extend(route.windows(2).map(|step| (step[0], step[1], pair)));
        }
        let lines: Vec<_> = lines.into_iter().collect();
        let mut count = 0;
        for (at, a) in lines.iter().enumerate() {
            for b in &lines[at + 1..] {
                let is_crossing = (a.0.at < b.0.at && a.1.at > b.1.at) || (a.0.at > b.0.at && a.1.at < b.1.at);
                count += usize::from(a.0.layer == b.0.layer && is_crossing);
            }
        }
        count
    }

    #[test]
    fn callers_stand_above_and_crossings_go_away() {
        // 0 calls 3 and 4, 1 calls 2: in their order the lines cross.
        let edges = [(0, 3), (1, 2), (0, 4)];
        let layers = Layers::new(5, &edges);
        assert_eq!((layers.crossings_before, layers.crossings), (2, 0));
        assert_eq!(crossings(&layers, &edges), 0);
        assert_eq!(layers.nodes.iter().map(|slot| slot.layer).collect::<Vec<_>>(), [0, 0, 1, 1, 1]);
    }

    #[test]
    fn one_agent_none_and_circles_work() {
        assert_eq!(Layers::new(0, &[]), Layers::default());
        let alone = Layers::new(1, &[(0, 0)]);
        assert_eq!((alone.nodes, alone.routes, alone.widths), (vec![Slot::default()], vec![vec![]], vec![1]));
        let circle = Layers::new(3, &[(0, 1), (1, 2), (2, 0), (9, 0)]);
        assert_eq!(circle.nodes.iter().map(|slot| slot.layer).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(circle.routes[2].len(), 3, "back up through a bend");
        assert!(circle.routes[3].is_empty(), "an edge of nobody");
    }

    proptest! {
        #[test]
        fn any_graph_gets_an_order_that_is_no_worse_and_always_the_same(
            nodes in 1_usize..31, edges in prop::collection::vec((0_usize..31, 0_usize..31), 0..60),
        ) {
            let layers = Layers::new(nodes, &edges);
            prop_assert!(layers.crossings <= layers.crossings_before);
            prop_assert_eq!(&layers, &Layers::new(nodes, &edges));
            let real: Vec<_> = edges.iter().map(|edge| if edge.0 < nodes && edge.1 < nodes { *edge } else { (0, 0) }).collect();
            prop_assert_eq!(crossings(&layers, &real), layers.crossings);
            // Every node has a place of its own, and every edge leads from node to node, layer by layer.
            let places: BTreeSet<Slot> = layers.nodes.iter().copied().collect();
            prop_assert_eq!(places.len(), nodes);
            for (edge, route) in edges.iter().zip(&layers.routes) {
                let is_drawn = edge.0 < nodes && edge.1 < nodes && edge.0 != edge.1;
                prop_assert_eq!(is_drawn, !route.is_empty());
                if is_drawn {
                    prop_assert_eq!((route[0], route[route.len() - 1]), (layers.nodes[edge.0], layers.nodes[edge.1]));
                    prop_assert!(route.windows(2).all(|step| step[0].layer.abs_diff(step[1].layer) == 1));
                }
            }
        }
    }
}
