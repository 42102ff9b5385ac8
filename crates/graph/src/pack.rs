//! The whole drawing: components found, laid out one by one, and put side by side.

#![expect(clippy::indexing_slicing, reason = "nodes are numbered here, and every list has one entry for each")]

use crate::{
    Direction, Drawing, Edge, Options, Placed, Point, Route,
    route::{Component, Flow, component},
};

/// Free space around the drawing and between components.
const MARGIN_PX: f64 = 16.0;

/// How much wider than high a drawing should be, to suit a screen.
const ASPECT: f64 = 1.6;

/// A component with the nodes and edges it is made of, and its place.
struct Part {
    nodes: Vec<usize>,
    edges: Vec<usize>,
    drawn: Component,
    corner: Point,
}

/// Draws nodes whose sizes are known and edges between them.
pub(crate) fn draw(mut nodes: Vec<Placed>, edges: &[(&Edge, (usize, usize))], options: &Options) -> Drawing {
    let direction = options.direction;
    let mut parts = parts(&nodes, edges, options);
    let (width, height) = pack(&mut parts, direction);
    let route = |(edge, _): &(&Edge, (usize, usize))| Route {
        from: edge.from.clone(),
        to: edge.to.clone(),
        label: edge.label.clone(),
        class: edge.class.clone(),
        points: vec![],
        back: false,
    };
    let mut routes: Vec<_> = edges.iter().map(route).collect();
    for part in &parts {
        let on_paper = |flow: &Flow| {
            let (x, y) = turn(*flow, direction);
            Point { x: x + part.corner.x, y: y + part.corner.y }
        };
        for (node, corner) in part.nodes.iter().zip(&part.drawn.corners) {
            let Point { x, y } = on_paper(corner);
            (nodes[*node].x, nodes[*node].y) = (x, y);
        }
        for ((edge, way), back) in part.edges.iter().zip(&part.drawn.ways).zip(&part.drawn.back) {
            routes[*edge].points = way.iter().map(on_paper).collect();
            routes[*edge].back = *back;
        }
    }
    for ((_, (from, to)), route) in edges.iter().zip(&mut routes) {
        if from == to {
            (route.points, route.back) = (loop_at(&nodes[*from]), true);
        }
    }
    Drawing { width, height, nodes, edges: routes, direction }
}

/// Right and down for what is along and across.
fn turn(flow: Flow, direction: Direction) -> (f64, f64) {
    match direction {
        Direction::LeftToRight => (flow.along, flow.across),
        Direction::TopToBottom => (flow.across, flow.along),
    }
}

/// A node's edge to itself: out at the top and in again beside it, within the space between neighbours.
fn loop_at(node: &Placed) -> Vec<Point> {
    let right = node.x + node.w;
    let at = |from_right: f64, up: f64| Point { x: right - from_right, y: node.y - up };
    vec![at(26.0, 0.0), at(26.0, 7.0), at(10.0, 7.0), at(10.0, 0.0)]
}

/// The connected components, the largest first.
fn parts(nodes: &[Placed], edges: &[(&Edge, (usize, usize))], options: &Options) -> Vec<Part> {
    let mut joined: Vec<usize> = (0..nodes.len()).collect();
    for (_, (from, to)) in edges {
        let (a, b) = (find(&mut joined, *from), find(&mut joined, *to));
        joined[a.max(b)] = a.min(b);
    }
    let mut members: Vec<(Vec<usize>, Vec<usize>)> = vec![Default::default(); nodes.len()];
    let mut number = vec![0; nodes.len()];
    for node in 0..nodes.len() {
        let of = &mut members[find(&mut joined, node)].0;
        number[node] = of.len();
        of.push(node);
    }
    for (edge, (_, (from, to))) in edges.iter().enumerate() {
        if from != to {
            members[find(&mut joined, *from)].1.push(edge);
        }
    }
    let mut parts = vec![];
    for (nodes_of, edges_of) in members.into_iter().filter(|(nodes_of, _)| !nodes_of.is_empty()) {
        let size = |node: &usize| match options.direction {
            Direction::LeftToRight => Flow { along: nodes[*node].w, across: nodes[*node].h },
            Direction::TopToBottom => Flow { along: nodes[*node].h, across: nodes[*node].w },
        };
        let sizes: Vec<_> = nodes_of.iter().map(size).collect();
        let ends = |edge: &usize| (number[edges[*edge].1.0], number[edges[*edge].1.1]);
        let ends: Vec<_> = edges_of.iter().map(ends).collect();
        let drawn = component(&sizes, &ends, options.layer_gap.max(8.0), options.node_gap.max(8.0));
        parts.push(Part { nodes: nodes_of, edges: edges_of, drawn, corner: Point { x: 0.0, y: 0.0 } });
    }
    parts.sort_by_key(|part| std::cmp::Reverse(part.nodes.len()));
    parts
}

/// Union-find with path halving.
fn find(joined: &mut [usize], mut node: usize) -> usize {
    while joined[node] != node {
        joined[node] = joined[joined[node]];
        node = joined[node];
    }
    node
}

/// Rows from the top, each filled from the left; gives the drawing's width and height.
fn pack(parts: &mut [Part], direction: Direction) -> (f64, f64) {
    let extents: Vec<_> = parts.iter().map(|part| turn(part.drawn.extent, direction)).collect();
    let area: f64 = extents.iter().map(|(w, h)| (w + MARGIN_PX) * (h + MARGIN_PX)).sum();
    let widest = extents.iter().map(|(w, _)| *w).fold((area * ASPECT).sqrt(), f64::max);
    let (mut x, mut y, mut row_height, mut width) = (MARGIN_PX, MARGIN_PX, 0.0_f64, 0.0_f64);
    for (part, (w, h)) in parts.iter_mut().zip(extents) {
        if x > MARGIN_PX && x + w > widest + MARGIN_PX {
            (x, y, row_height) = (MARGIN_PX, y + row_height + MARGIN_PX, 0.0);
        }
        part.corner = Point { x, y };
        x += w + MARGIN_PX;
        (row_height, width) = (row_height.max(h), width.max(x));
    }
    (width.max(2.0 * MARGIN_PX), y + row_height + MARGIN_PX)
}
