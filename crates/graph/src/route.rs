//! One component on paper: boxes along and across the layers, and the ways of its edges.
//!
//! `along` is the direction in which edges point and `across` the other one; what is right and what is down is decided
//! later, by [`pack`](crate::pack).

#![expect(clippy::indexing_slicing, reason = "vertices come from Layered, which made all the lists")]

use crate::{layers::Layered, order, place};

/// The extent of a bend across its layer: that of a line.
const BEND_PX: f64 = 2.0;

/// Where edges meet a border they are at most this far apart.
const PORT_GAP_PX: f64 = 12.0;

/// An extent or a place along and across the layers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Flow {
    pub(crate) along: f64,
    pub(crate) across: f64,
}

/// A finished component.
pub(crate) struct Component {
    pub(crate) extent: Flow,
    /// The corner of each node that is nearest to the origin.
    pub(crate) corners: Vec<Flow>,
    /// The way of each edge, from where it leaves to where it enters.
    pub(crate) ways: Vec<Vec<Flow>>,
    /// Whether the edge runs against the layers.
    pub(crate) back: Vec<bool>,
}

/// Lays out nodes of these sizes; `edges` are pairs of different ones.
pub(crate) fn component(sizes: &[Flow], edges: &[(usize, usize)], layer_gap: f64, node_gap: f64) -> Component {
    let layered = Layered::new(sizes.len(), edges);
    let layers = order::order(&layered);
    let across_of = |vertex: usize| sizes.get(vertex).map_or(BEND_PX, |size| size.across);
    let across: Vec<_> = (0..layered.layer_of.len()).map(across_of).collect();
    let centre = place::place(&layered, &layers, &across, node_gap);

    let mut bands: Vec<(f64, f64)> = vec![];
    let mut at = 0.0;
    for layer in &layers {
        let thick = layer.iter().filter_map(|vertex| sizes.get(*vertex)).map(|size| size.along).fold(0.0, f64::max);
        bands.push((at, at + thick));
        at += thick + layer_gap;
    }
    let start = |vertex: usize| {
        let (from, to) = bands[layered.layer_of[vertex]];
        from + (to - from - sizes[vertex].along) / 2.0
    };
    let corners =
        (0..sizes.len()).map(|node| Flow { along: start(node), across: centre[node] - across[node] / 2.0 }).collect();
    let ports = ports(&layered, &centre, sizes);
    let way = |(edge, chain): (usize, &Vec<usize>)| {
        let mut way = vec![];
        for (place, vertex) in chain.iter().enumerate() {
            let (from, to) = bands[layered.layer_of[*vertex]];
            let mut point = |along, across| way.push(Flow { along, across });
            if place == 0 {
                point(start(*vertex) + sizes[*vertex].along, ports[edge].0);
                point(to, ports[edge].0);
            } else if place + 1 == chain.len() {
                point(from, ports[edge].1);
                point(start(*vertex), ports[edge].1);
            } else {
                point(from, centre[*vertex]);
                point(to, centre[*vertex]);
            }
        }
        simplify(&mut way);
        if layered.turned[edge] {
            way.reverse();
        }
        way
    };
    let ways = layered.chains.iter().enumerate().map(way).collect();
    let widest = across.iter().zip(&centre).map(|(size, centre)| centre + size / 2.0).fold(0.0, f64::max);
    let extent = Flow { along: (at - layer_gap).max(0.0), across: widest };
    Component { extent, corners, ways, back: layered.turned }
}

/// Drops points on a straight line between their neighbours.
fn simplify(way: &mut Vec<Flow>) {
    way.dedup();
    let mut kept: Vec<Flow> = Vec::with_capacity(way.len());
    for point in way.drain(..) {
        if let [.., a, b] = kept.as_slice()
            && a.across == b.across
            && b.across == point.across
        {
            kept.pop();
        }
        kept.push(point);
    }
    *way = kept;
}

/// Where each edge's chain leaves its first node and enters its last, across: edges spread over the border in the
/// order of where they go, so that they neither cross nor lie upon each other there.
fn ports(layered: &Layered, centre: &[f64], sizes: &[Flow]) -> Vec<(f64, f64)> {
    let mut leaving = vec![vec![]; sizes.len()];
    let mut entering = vec![vec![]; sizes.len()];
    for (edge, chain) in layered.chains.iter().enumerate() {
        if let [first, second, ..] = chain.as_slice()
            && let [.., before, last] = chain.as_slice()
        {
            leaving[*first].push((centre[*second], edge));
            entering[*last].push((centre[*before], edge));
        }
    }
    let mut ports = vec![(0.0, 0.0); layered.chains.len()];
    for node in 0..sizes.len() {
        for (side, edges) in [&mut leaving[node], &mut entering[node]].into_iter().enumerate() {
            edges.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let gaps = edges.len().saturating_sub(1) as f64;
            let gap = (sizes[node].across * 0.7 / gaps.max(1.0)).min(PORT_GAP_PX);
            for (at, (_, edge)) in edges.iter().enumerate() {
                let across = centre[node] + (at as f64 - gaps / 2.0) * gap;
                let port = &mut ports[*edge];
                *(if side == 0 { &mut port.0 } else { &mut port.1 }) = across;
            }
        }
    }
    ports
}
