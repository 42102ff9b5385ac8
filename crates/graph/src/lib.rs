//! Layered drawings of directed graphs, as accessible SVG.
//!
//! The cast: a [`Graph`] of [`Node`]s and [`Edge`]s goes in, [`layout`] makes a [`Drawing`] of [`Placed`] boxes and
//! [`Route`]s, and [`Drawing::to_svg`] writes it down.
//!
//! The flow is that of Sugiyama, Tagawa and Toda (1981), for each connected component by itself:
//! 1. `layers`: edges that close a cycle are turned round for the time being; each node gets a layer, edges that span
//!    several get a bend in each one between.
//! 2. `order`: sweeps over the layers put each vertex near the mean of its neighbours, and the order with the fewest
//!    crossings wins.
//! 3. `place`: within that order, each layer is moved as near to its neighbours as the boxes allow.
//! 4. `route`: edges run straight through layers and curve only in the gaps, so none runs through a box.
//!
//! The components are then packed in rows.
//!
//! Invariants: the same graph gives the same bytes. Boxes don't overlap; an edge starts and ends on the border of its
//! nodes; without cycles every edge points down (or to the right). Work is bounded: [`NODES_MAX`], [`EDGES_MAX`], a fixed
//! number of sweeps, and a budget for bends beyond which the longest edges are drawn as one curve.

mod layers;
mod order;
mod pack;
mod place;
mod route;
mod svg;
mod text;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, hash_map::Entry};

use kernel::{Refusal, codes};

/// Larger graphs are refused: nobody can read them, and a list serves better.
pub const NODES_MAX: usize = 600;

/// The same for edges.
pub const EDGES_MAX: usize = 3_000;

/// A directed graph to be drawn.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// The nodes; where a choice is free, earlier ones are drawn first.
    pub nodes: Vec<Node>,
    /// The edges; one whose ends are not both among the nodes is left out.
    pub edges: Vec<Edge>,
}

/// One thing.
#[derive(Debug, Clone, Default)]
pub struct Node {
    /// What edges call it, and what links are made of. Of two nodes with one id, the first counts.
    pub id: String,
    /// The first line: its name. Cut with an ellipsis if it is long; the tooltip has all of it.
    pub label: String,
    /// The second line: its state in a word, so that colour never says it alone. May be empty.
    pub sub: String,
    /// CSS classes, separated by spaces.
    pub class: String,
}

/// One relation.
#[derive(Debug, Clone, Default)]
pub struct Edge {
    /// The id of the node that it leaves.
    pub from: String,
    /// The id of the node that it enters.
    pub to: String,
    /// The relation in a word, for the tooltip. May be empty.
    pub label: String,
    /// CSS classes, separated by spaces.
    pub class: String,
}

/// Which way edges point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// To the right: good for long names.
    #[default]
    LeftToRight,
    /// Downward.
    TopToBottom,
}

/// How to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Which way edges point.
    pub direction: Direction,
    /// The widest box, in pixels.
    pub node_width_max: f64,
    /// Free space between layers.
    pub layer_gap: f64,
    /// Free space between neighbours in a layer.
    pub node_gap: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { direction: Direction::default(), node_width_max: 220.0, layer_gap: 56.0, node_gap: 16.0 }
    }
}

/// A place on the drawing, in pixels from its top left corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
}

/// A node's box.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// The node's id.
    pub id: String,
    /// The left border.
    pub x: f64,
    /// The upper border.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
    /// The whole label.
    pub label: String,
    /// As much of the label as fits.
    pub shown: String,
    /// As much of the state as fits.
    pub sub: String,
    /// CSS classes.
    pub class: String,
}

/// An edge's way.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// The id of the node that it leaves.
    pub from: String,
    /// The id of the node that it enters.
    pub to: String,
    /// The relation.
    pub label: String,
    /// CSS classes.
    pub class: String,
    /// The points it runs through; the first and the last are on the borders of its nodes.
    pub points: Vec<Point>,
    /// Whether it closes a cycle and so runs against the others.
    pub back: bool,
}

/// A finished drawing.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// In pixels.
    pub width: f64,
    /// In pixels.
    pub height: f64,
    /// The boxes, in the order of the graph's nodes.
    pub nodes: Vec<Placed>,
    /// The edges, in the order of the graph's.
    pub edges: Vec<Route>,
    direction: Direction,
}

/// Draws the graph.
///
/// # Errors
/// `TOO_LARGE` if it has more than [`NODES_MAX`] nodes or [`EDGES_MAX`] edges; the refusal gives both numbers.
pub fn layout(graph: &Graph, options: &Options) -> Result<Drawing, Refusal> {
    for (what, count, max) in [("nodes", graph.nodes.len(), NODES_MAX), ("edges", graph.edges.len(), EDGES_MAX)] {
        if count > max {
            let detail = format!("The graph has {count} {what}; at most {max} are drawn.");
            return Err(Refusal::new(&codes::TOO_LARGE, detail).fix("narrow the filter, or read the list instead"));
        }
    }
    let mut index: HashMap<&str, usize> = HashMap::new();
    let mut nodes = vec![];
    for node in &graph.nodes {
        if let Entry::Vacant(free) = index.entry(&node.id) {
            free.insert(nodes.len());
            nodes.push(text::fit(node, options.node_width_max));
        }
    }
    let ends = |edge: &Edge| Some((*index.get(edge.from.as_str())?, *index.get(edge.to.as_str())?));
    let edges: Vec<_> = graph.edges.iter().filter_map(|edge| ends(edge).map(|ends| (edge, ends))).collect();
    Ok(pack::draw(nodes, &edges, options))
}
