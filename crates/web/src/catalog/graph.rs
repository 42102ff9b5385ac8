//! `GET /graph`: what depends on what, as a drawing and as the equivalent list.

use askama::Template;

use super::show::Dependency;
use crate::{
    shell::Chrome,
    views::{Empty, Filters},
};

/// The graph, or the part of it around one entity.
#[derive(Debug, Template)]
#[template(path = "catalog/graph.html")]
pub struct GraphScreen {
    /// The frame.
    pub chrome: Chrome,
    /// `Around payments`, `The whole catalog`.
    pub heading: String,
    /// What was left out to keep it legible.
    pub note: Option<String>,
    /// Centre, steps, kinds.
    pub filters: Filters,
    /// The drawing: a complete `<svg>` element that was made from escaped text.
    pub svg: String,
    /// The same in words.
    pub nodes: Vec<Node>,
    /// What is said where there is nothing to draw.
    pub none: Empty,
}

/// One entity of the drawing, with what it needs.
#[derive(Debug)]
pub struct Node {
    /// The entity, how it is, and where in the drawing it stands.
    pub entity: Dependency,
    /// What it needs.
    pub needs: Vec<Dependency>,
}
