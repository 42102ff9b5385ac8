//! `GET /timeline/{position}`: one event, whole.

use askama::Template;

use crate::{
    shell::Chrome,
    views::{Change, Cli, Entity, Link, Moment, Undo, Who},
};

/// One event.
#[derive(Debug, Template)]
#[template(path = "timeline/show.html")]
pub struct EventScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Its place on the timeline.
    pub position: u64,
    /// What happened, in one sentence.
    pub summary: String,
    /// When.
    pub at: Moment,
    /// Who did it.
    pub who: Who,
    /// Why, in their words.
    pub reason: Option<String>,
    /// What it is about.
    pub subjects: Vec<Entity>,
    /// What can be done about it.
    pub undo: Undo,
    /// What the same command caused besides.
    pub together: Vec<Change>,
    /// The event as it is stored.
    pub json: String,
    /// The event's hash, which the next one's contains.
    pub hash: String,
    /// The state of the world just before it.
    pub before: Option<Link>,
    /// The same from a terminal.
    pub command: Cli,
}
