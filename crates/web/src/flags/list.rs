//! `GET /flags`: every flag, and where it is on.

use askama::Template;

use crate::{
    shell::Chrome,
    views::{Empty, Entity, Filters, Moment, Pager, State},
};

/// The flags that pass the filters.
#[derive(Debug, Template)]
#[template(path = "flags/list.html")]
pub struct FlagsScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Text, owner, state, environment.
    pub filters: Filters,
    /// The environments, as columns.
    pub environments: Vec<String>,
    /// The flags.
    pub rows: Vec<FlagRow>,
    /// What is said where there are none.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
}

/// One flag.
#[derive(Debug)]
pub struct FlagRow {
    /// Its key.
    pub key: String,
    /// Its screen.
    pub href: String,
    /// What it is for.
    pub description: String,
    /// Its state in each environment, in the columns' order.
    pub states: Vec<State>,
    /// Whose it is; none is a gap.
    pub owner: Option<Entity>,
    /// When it was last changed.
    pub changed: Option<Moment>,
}
