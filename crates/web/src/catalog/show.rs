//! `GET /services/{ref}`: one entity. Above the fold, what somebody needs at night, in the order they need it.

use askama::Template;

use crate::{
    shell::Chrome,
    views::{Answer, Change, Empty, Entity, Finding, Link, Moment, Press, Row, State, Tabs},
};

/// One entity of the catalog.
#[derive(Debug, Template)]
#[template(path = "catalog/show.html")]
pub struct EntityScreen {
    /// The frame.
    pub chrome: Chrome,
    /// What it is part of, outermost first.
    pub parents: Vec<Link>,
    /// Its name for people.
    pub name: String,
    /// Kind and type: `component`, `service`, `production`, `tier 1`.
    pub tags: Vec<String>,
    /// What it does, in its owner's words.
    pub description: Option<String>,
    /// Overview, docs, API, timeline, files.
    pub tabs: Tabs,
    /// State, owner, on call, last good version: in this order.
    pub answers: Vec<Answer>,
    /// What changed here and upstream, the latest first.
    pub changes: Vec<Change>,
    /// What is said where nothing has.
    pub no_changes: Empty,
    /// What to do when it breaks.
    pub runbooks: Vec<Runbook>,
    /// What is said where there is none.
    pub no_runbook: Empty,
    /// What it needs.
    pub upstream: Vec<Dependency>,
    /// What needs it.
    pub downstream: Vec<Dependency>,
    /// What is said where neither is declared.
    pub no_dependencies: Empty,
    /// The graph around it.
    pub graph_href: String,
    /// The version to go back to.
    pub last_good: Option<LastGood>,
    /// What the catalog lacks or contradicts here.
    pub findings: Vec<Finding>,
    /// Checks on it or on what it is part of.
    pub checks: Vec<Row>,
    /// Flags that it reads.
    pub flags: Vec<Row>,
    /// APIs that it provides or consumes.
    pub apis: Vec<Row>,
    /// Deployments, the latest first.
    pub deployments: Vec<Row>,
    /// Dashboards, repositories and the rest.
    pub links: Vec<Link>,
    /// What the catalog file says besides, and where it is.
    pub facts: Vec<(String, String)>,
}

/// A document on what to do.
#[derive(Debug)]
pub struct Runbook {
    /// What it is called.
    pub title: String,
    /// Where it is.
    pub href: String,
    /// How old: `verified 12 d ago`, `not touched for 400 d`.
    pub note: String,
}

/// A neighbour in the graph.
#[derive(Debug)]
pub struct Dependency {
    /// How it is.
    pub state: State,
    /// Which.
    pub entity: Entity,
    /// What joins them: `depends on`, `consumes ledger-api`, `seen in traffic, not declared`.
    pub relation: String,
    /// Whose it is.
    pub owner: Option<Entity>,
}

/// The last version that was up for long enough to be trusted.
#[derive(Debug)]
pub struct LastGood {
    /// `v412`.
    pub version: String,
    /// When it was deployed.
    pub at: Moment,
    /// Why it counts as good: `up for 6 d`.
    pub why: String,
    /// Goes back to it, where Mainstay can.
    pub button: Option<Press>,
}
