//! `GET /services`: everything in the catalog, filtered by its address.

use askama::Template;

use crate::{
    shell::Chrome,
    views::{Empty, Entity, Filters, Moment, Pager, State, Who},
};

/// The entities that pass the filters.
#[derive(Debug, Template)]
#[template(path = "catalog/list.html")]
pub struct ServicesScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Text, kind, owner, state, tag.
    pub filters: Filters,
    /// The entities.
    pub rows: Vec<ServiceRow>,
    /// What is said where nothing passes.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
}

/// One entity.
#[derive(Debug)]
pub struct ServiceRow {
    /// How it is.
    pub state: State,
    /// Which.
    pub entity: Entity,
    /// What it does, in few words.
    pub description: String,
    /// Kind and type in one word: `service`, `website`, `openapi`.
    pub sort: String,
    /// Whose; none is a gap.
    pub owner: Option<Entity>,
    /// Who is on call; none is a gap.
    pub on_call: Option<Who>,
    /// The last change to it.
    pub changed: Option<Moment>,
}
