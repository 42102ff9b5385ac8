//! `GET /incidents/{number}`: what is broken, whose it is, what changed, and the way back.

use askama::Template;

use crate::{
    shell::Chrome,
    views::{Answer, Change, Cli, Empty, Entity, Form, Moment, Press, Score, State, Undo, Who},
};

/// One incident.
#[derive(Debug, Template)]
#[template(path = "incidents/show.html")]
pub struct IncidentScreen {
    /// The frame.
    pub chrome: Chrome,
    /// The number that people use.
    pub number: u64,
    /// What is broken.
    pub title: String,
    /// `open`, `acknowledged`, `recovered`, `resolved`.
    pub state: State,
    /// `critical`, `major`, `minor`.
    pub severity: String,
    /// When it began.
    pub began: Moment,
    /// When it ended.
    pub ended: Option<Moment>,
    /// What to say at a glance about the likeliest way out.
    pub advice: Option<String>,
    /// Acknowledge, resolve: what can be done to the incident now.
    pub buttons: Vec<Press>,
    /// Broken path, owner, on call, runbook.
    pub answers: Vec<Answer>,
    /// Changes that may have caused it, the likeliest first.
    pub suspects: Vec<Suspect>,
    /// What is said where there is none.
    pub no_suspects: Empty,
    /// The results that say it is broken.
    pub evidence: Vec<Evidence>,
    /// What happened before it began, the latest first.
    pub before: Vec<Change>,
    /// What happened since, the latest first.
    pub since: Vec<Change>,
    /// Adds a note, where the reader may.
    pub note: Option<Form>,
    /// The same from a terminal.
    pub commands: Vec<Cli>,
}

/// A change that may have caused it.
#[derive(Debug)]
pub struct Suspect {
    /// What was done.
    pub summary: String,
    /// To what.
    pub subject: Entity,
    /// The change's own screen.
    pub href: String,
    /// Who did it.
    pub who: Who,
    /// When, in relation to the first failure: `4 min before the first failure`.
    pub when: String,
    /// The time itself.
    pub at: Moment,
    /// How likely.
    pub score: Score,
    /// Why, in words, the weightiest first.
    pub reasons: Vec<String>,
    /// The way back.
    pub undo: Undo,
}

/// One result of a check.
#[derive(Debug)]
pub struct Evidence {
    /// The verdict.
    pub state: State,
    /// Which check.
    pub check: String,
    /// Its screen.
    pub href: String,
    /// From where, and what was seen: `eu-west: 503 after 41 ms`.
    pub seen: String,
    /// When.
    pub at: Moment,
}
