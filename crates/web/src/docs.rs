//! `GET /docs`, `GET /docs/{entity}/{page}`: Markdown beside the entities, and our own manual.

use askama::Template;

use crate::{
    shell::Chrome,
    views::{Callout, Empty, Entity, Link, Row},
};

/// All the documents there are.
#[derive(Debug, Template)]
#[template(path = "docs/list.html")]
pub struct DocsScreen {
    /// The frame.
    pub chrome: Chrome,
    /// What entities bring along.
    pub entities: Vec<Row>,
    /// What is said where none brings any.
    pub none: Empty,
    /// Our own manual.
    pub manual: Vec<Row>,
}

/// One document.
#[derive(Debug, Template)]
#[template(path = "docs/show.html")]
pub struct DocScreen {
    /// The frame; its title is the document's.
    pub chrome: Chrome,
    /// What it is about; none for the manual.
    pub entity: Option<Entity>,
    /// The documents beside it, in their order.
    pub contents: Vec<Content>,
    /// Remarks on the document: it is old, it was cut off.
    pub remarks: Vec<Callout>,
    /// The document as HTML that has been made safe.
    pub html: String,
    /// Whether that begins with a heading of level 1; if not, the title is shown.
    pub has_heading: bool,
    /// Its headings: text, `#id`, and whether it is a heading below another.
    pub headings: Vec<(Link, bool)>,
    /// Where it comes from and how old it is.
    pub source: String,
}

/// An entry of the documents' contents.
#[derive(Debug)]
pub struct Content {
    /// What it is called.
    pub title: String,
    /// Where it is; none for a heading above others.
    pub href: Option<String>,
    /// How deep it stands, from 0.
    pub depth: usize,
    /// Whether it is the one that is shown.
    pub here: bool,
}
