//! `GET /timeline`: everything that happened, the latest first, filtered by its address.

use askama::Template;

use crate::{
    shell::Chrome,
    views::{Change, Empty, Filters, Pager},
};

/// The events that pass the filters, by day.
#[derive(Debug, Template)]
#[template(path = "timeline/list.html")]
pub struct TimelineScreen {
    /// The frame.
    pub chrome: Chrome,
    /// What, about what, by whom, from, until.
    pub filters: Filters,
    /// The days, the latest first.
    pub days: Vec<Day>,
    /// What is said where nothing passes.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
}

/// One day's events.
#[derive(Debug)]
pub struct Day {
    /// `Today`, `Yesterday`, `Thursday 19 November`.
    pub name: String,
    /// The events, the latest first.
    pub changes: Vec<Change>,
}
