//! `GET /incidents`: what is broken, and what was.

use askama::Template;

use crate::{
    shell::Chrome,
    views::{Empty, Moment, Pager, State, Tabs},
};

/// The incidents.
#[derive(Debug, Template)]
#[template(path = "incidents/list.html")]
pub struct IncidentsScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Open, resolved, all.
    pub tabs: Tabs,
    /// The incidents, the latest first.
    pub rows: Vec<IncidentRow>,
    /// What is said where there are none.
    pub none: Empty,
    /// The way to the rest.
    pub pager: Pager,
}

/// One incident.
#[derive(Debug)]
pub struct IncidentRow {
    /// Its number.
    pub number: u64,
    /// Its screen.
    pub href: String,
    /// `open`, `acknowledged`, `recovered`, `resolved`.
    pub state: State,
    /// What is or was broken.
    pub title: String,
    /// Whose it is.
    pub owner: String,
    /// `critical`, `major`, `minor`.
    pub severity: String,
    /// When it began.
    pub began: Moment,
    /// How long it took, where it is over: `11 min`.
    pub took: Option<String>,
    /// What ended it, where that is known: `undone: turned new-checkout on`.
    pub outcome: Option<String>,
}
