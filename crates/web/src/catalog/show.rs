//! `GET /entities/{kind}/{namespace}/{name}`: one entity. Above the fold, what somebody needs at night, in the order they
//! need it.

mod answers;
mod around;
mod facts;

use askama::Template;
use axum::{extract::Path, response::Response};
use kernel::EntityRef;

pub use self::answers::runbooks;
pub(crate) use self::around::dependency;
use super::findings;
use crate::{
    contracts::section::{self, ContractsSection, DefinitionChange},
    frame::Frame,
    problem::Problem,
    shell::{Chrome, Place, screen},
    show,
    views::{Answer, Change, Empty, Entity, Finding, Link, Moment, Row, State, Tabs},
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
    /// What is said where there is none, though there should be.
    pub no_runbook: Option<Empty>,
    /// What it needs.
    pub upstream: Vec<Dependency>,
    /// What needs it.
    pub downstream: Vec<Dependency>,
    /// What is said where neither is declared.
    pub no_dependencies: Option<Empty>,
    /// The graph around it.
    pub graph_href: String,
    /// The version to go back to, in each environment.
    pub last_good: Vec<LastGood>,
    /// What the catalog lacks or contradicts here.
    pub findings: Vec<Finding>,
    /// Checks on it or on what it is part of.
    pub checks: Vec<Row>,
    /// Flags that it reads.
    pub flags: Vec<Row>,
    /// APIs that it provides or consumes.
    pub apis: Vec<Row>,
    /// With whom it has contracts, and what can be deployed; none if it has none.
    pub contracts: Option<ContractsSection>,
    /// What changed in an API's definition, the latest first.
    pub definition_changes: Vec<DefinitionChange>,
    /// Deployments, the latest first.
    pub deployments: Vec<Row>,
    /// What else it is related to: parts, members, what it owns, incidents.
    pub others: Vec<Others>,
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

/// The version to go back to in an environment.
#[derive(Debug)]
pub struct LastGood {
    /// `production`.
    pub environment: String,
    /// `v412`.
    pub version: String,
    /// When it was deployed.
    pub at: Option<Moment>,
    /// What runs now instead.
    pub why: String,
    /// Goes back, where Mainstay can.
    pub back: Option<Link>,
}

/// Other things that it is related to.
#[derive(Debug)]
pub struct Others {
    /// What joins them: `Members`, `Owns`.
    pub title: String,
    /// How many there are in all.
    pub count: usize,
    /// The first of them.
    pub rows: Vec<Row>,
    /// All of them, where they are more than are shown.
    pub all: Option<Link>,
}

/// Shows an entity.
///
/// # Errors
/// `NOT_FOUND` if there is none of this name.
pub async fn show(
    frame: Frame,
    Path((kind, namespace, name)): Path<(String, String, String)>,
) -> Result<Response, Problem> {
    let reference = show::named(&kind, &namespace, &name)?;
    let app = frame.app.clone();
    // What of its contracts can be deployed where looks at all that is there.
    let drawn = app.blocking(move |_| match EntityScreen::of(&frame, &reference) {
        Some(shown) => Ok(screen(&shown)),
        None => Err(show::not_in_catalog(&kind, &namespace, &name)),
    });
    Ok(drawn.await?)
}

impl EntityScreen {
    fn of(frame: &Frame, of: &EntityRef) -> Option<Self> {
        let entity = frame.world.catalog.get(of)?;
        let changes = around::changes(frame, of);
        let (upstream, downstream) = around::dependencies(frame, of);
        let may_break = show::health(&frame.world, of).is_some();
        Some(Self {
            chrome: frame.chrome(show::name(entity), Place::Services),
            parents: around::parents(frame, of),
            name: show::name(entity),
            tags: facts::tags(entity),
            description: entity.description.as_deref().map(str::to_owned),
            tabs: facts::tabs(frame, of),
            answers: answers::answers(frame, of, entity),
            no_changes: Empty::new(around::no_changes(frame, of)),
            changes,
            runbooks: runbooks(frame, of),
            no_runbook: may_break.then(|| {
                let how =
                    "Add a link of type runbook to the catalog file, or a page with “runbook” in its name beside it.";
                Empty::with(format!("No runbook. {how}"), "mainstay apply ./catalog")
            }),
            upstream,
            downstream,
            no_dependencies: may_break
                .then(|| Empty::new("It declares no dependency, and nothing declares to depend on it.")),
            graph_href: frame.href(format!("/graph?root={}", show::segment(of.as_str()))),
            last_good: answers::last_good(frame, of),
            findings: findings::about(frame, of),
            checks: facts::checks(frame, of),
            flags: facts::flags(frame, of),
            apis: facts::apis(frame, of),
            contracts: section::contracts(frame, of),
            definition_changes: section::definition_changes(frame, of),
            deployments: facts::deployments(frame, of),
            others: around::others(frame, of),
            links: facts::links(entity),
            facts: facts::facts(frame, entity),
        })
    }
}
