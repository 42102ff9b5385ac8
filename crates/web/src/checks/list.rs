//! `GET /checks`: every synthetic test and what it says now.

use askama::Template;

use crate::{
    shell::Chrome,
    views::{Empty, Entity, Filters, Moment, Pager, State},
};

/// The checks that pass the filters.
#[derive(Debug, Template)]
#[template(path = "checks/list.html")]
pub struct ChecksScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Text, state, owner.
    pub filters: Filters,
    /// The checks, the broken first.
    pub rows: Vec<CheckRow>,
    /// What is said where there are none.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
}

/// One check.
#[derive(Debug)]
pub struct CheckRow {
    /// The verdict.
    pub state: State,
    /// What it is called.
    pub name: String,
    /// Its screen.
    pub href: String,
    /// What it covers.
    pub covers: Option<Entity>,
    /// Whether it watches a critical path.
    pub critical: bool,
    /// What each location says, in words: `3 of 3 up`.
    pub locations: String,
    /// How fast: `41 ms`.
    pub speed: Option<String>,
    /// Since when the verdict holds.
    pub since: Option<Moment>,
    /// How old the newest result is.
    pub seen: Option<Moment>,
}
