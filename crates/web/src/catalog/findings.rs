//! `GET /findings`: what the catalog lacks or contradicts, until it is mended.

use askama::Template;

use crate::{
    shell::Chrome,
    views::{Empty, Filters, Finding, Pager},
};

/// The findings that pass the filters.
#[derive(Debug, Template)]
#[template(path = "catalog/findings.html")]
pub struct FindingsScreen {
    /// The frame.
    pub chrome: Chrome,
    /// How many of each sort there are, in a sentence.
    pub summary: String,
    /// Rule, owner, source.
    pub filters: Filters,
    /// The findings, the worst first.
    pub findings: Vec<Finding>,
    /// What is said where there are none.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
}
