//! Which layer each node is in, and the bends of the edges that span several.

#![expect(clippy::indexing_slicing, reason = "vertices are made here; each is below the length of what it indexes")]

use std::collections::VecDeque;

/// At most this many bends in all; beyond it, the edges with the longest spans go without.
const BENDS_MAX: usize = 3_000;

/// A component with its layers: vertices below `nodes` are nodes, the others are bends.
pub(crate) struct Layered {
    /// How many of the vertices are nodes.
    pub(crate) nodes: usize,
    /// The layer of each vertex.
    pub(crate) layer_of: Vec<usize>,
    /// The neighbours of each vertex in the layer before.
    pub(crate) before: Vec<Vec<usize>>,
    /// The neighbours of each vertex in the layer after.
    pub(crate) after: Vec<Vec<usize>>,
    /// For each edge the vertices that it runs through, in the order of the layers; only its ends if it has no bends.
    pub(crate) chains: Vec<Vec<usize>>,
    /// For each edge whether its chain runs against it.
    pub(crate) turned: Vec<bool>,
}

impl Layered {
    /// `edges` are pairs of different nodes, all below `nodes`.
    pub(crate) fn new(nodes: usize, edges: &[(usize, usize)]) -> Self {
        let turned = closing_cycles(nodes, edges);
        let turn = |((from, to), turned): (&(usize, usize), &bool)| if *turned { (*to, *from) } else { (*from, *to) };
        let down: Vec<_> = edges.iter().zip(&turned).map(turn).collect();
        let layer_of = assign(nodes, &down);
        let none = vec![vec![]; nodes];
        let mut layered =
            Self { nodes, layer_of, before: none.clone(), after: none, chains: vec![vec![]; edges.len()], turned };
        layered.bend(&down);
        layered
    }

    /// How many layers there are.
    pub(crate) fn depth(&self) -> usize {
        self.layer_of.iter().max().map_or(0, |last| last + 1)
    }

    /// Whether the vertex is a bend.
    pub(crate) fn is_bend(&self, vertex: usize) -> bool {
        vertex >= self.nodes
    }

    fn bend(&mut self, edges: &[(usize, usize)]) {
        let mut by_span: Vec<_> = (0..edges.len()).collect();
        by_span.sort_by_key(|edge| self.layer_of[edges[*edge].1] - self.layer_of[edges[*edge].0]);
        let mut budget = BENDS_MAX;
        for edge in by_span {
            let (from, to) = edges[edge];
            let bends = self.layer_of[to] - self.layer_of[from] - 1;
            if bends > budget {
                self.chains[edge] = vec![from, to];
                continue;
            }
            budget -= bends;
            let mut chain = vec![from];
            for layer in self.layer_of[from] + 1..self.layer_of[to] {
                chain.push(self.layer_of.len());
                self.layer_of.push(layer);
                self.before.push(vec![]);
                self.after.push(vec![]);
            }
            chain.push(to);
            for pair in chain.windows(2) {
                self.after[pair[0]].push(pair[1]);
                self.before[pair[1]].push(pair[0]);
            }
            self.chains[edge] = chain;
        }
    }
}

/// The edges that lead back to a node from which the search has come: turning them leaves no cycle. The search starts
/// at nodes that nothing enters, so that natural sources stay first.
fn closing_cycles(nodes: usize, edges: &[(usize, usize)]) -> Vec<bool> {
    let mut leaving = vec![vec![]; nodes];
    let mut entered = vec![false; nodes];
    for (edge, (from, to)) in edges.iter().enumerate() {
        leaving[*from].push(edge);
        entered[*to] = true;
    }
    let (mut seen, mut on_way) = (vec![false; nodes], vec![false; nodes]);
    let mut turned = vec![false; edges.len()];
    let starts = (0..nodes).filter(|node| !entered[*node]).chain((0..nodes).filter(|node| entered[*node]));
    for start in starts {
        if seen[start] {
            continue;
        }
        (seen[start], on_way[start]) = (true, true);
        let mut way = vec![(start, 0)];
        while let Some((node, next)) = way.last_mut() {
            let Some(edge) = leaving[*node].get(*next) else {
                on_way[*node] = false;
                way.pop();
                continue;
            };
            *next += 1;
            let to = edges[*edge].1;
            turned[*edge] = on_way[to];
            if !seen[to] {
                (seen[to], on_way[to]) = (true, true);
                way.push((to, 0));
            }
        }
    }
    turned
}

/// Longest path from the sources; then nodes with more edges leaving than entering are moved to their successors.
fn assign(nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let (mut after, mut entering) = (vec![vec![]; nodes], vec![0_usize; nodes]);
    for (from, to) in edges {
        after[*from].push(*to);
        entering[*to] += 1;
    }
    let mut waits_for = entering.clone();
    let mut ready: VecDeque<_> = (0..nodes).filter(|node| entering[*node] == 0).collect();
    let (mut layer_of, mut sorted) = (vec![0; nodes], vec![]);
    while let Some(node) = ready.pop_front() {
        sorted.push(node);
        for to in &after[node] {
            layer_of[*to] = layer_of[*to].max(layer_of[node] + 1);
            waits_for[*to] -= 1;
            if waits_for[*to] == 0 {
                ready.push_back(*to);
            }
        }
    }
    for node in sorted.into_iter().rev() {
        let nearest = after[node].iter().map(|to| layer_of[*to]).min();
        if let Some(nearest) = nearest.filter(|_| after[node].len() > entering[node]) {
            layer_of[node] = nearest - 1;
        }
    }
    let first = layer_of.iter().min().copied().unwrap_or(0);
    layer_of.into_iter().map(|layer| layer - first).collect()
}
