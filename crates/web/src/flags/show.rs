//! `GET /flags/{key}`: one flag: where it is on, who reads it, what was done to it.

use askama::Template;

use crate::{
    shell::Chrome,
    views::{Answer, Change, Cli, Empty, Form, Row, State},
};

/// One flag.
#[derive(Debug, Template)]
#[template(path = "flags/show.html")]
pub struct FlagScreen {
    /// The frame.
    pub chrome: Chrome,
    /// Its key.
    pub key: String,
    /// What it is for.
    pub description: Option<String>,
    /// `boolean`, `archived`.
    pub tags: Vec<String>,
    /// Owner, age, what it does by default.
    pub answers: Vec<Answer>,
    /// Where it is on, and the switch.
    pub environments: Vec<FlagEnvironment>,
    /// The components that read it.
    pub readers: Vec<Row>,
    /// What is said where none does.
    pub no_readers: Empty,
    /// What was done to it, the latest first.
    pub changes: Vec<Change>,
    /// What is said where nothing was.
    pub no_changes: Empty,
    /// The same from a terminal.
    pub commands: Vec<Cli>,
}

/// A flag in one environment.
#[derive(Debug)]
pub struct FlagEnvironment {
    /// Which.
    pub name: String,
    /// On or off.
    pub state: State,
    /// Since when and by whom.
    pub note: String,
    /// Asks for the reason, and switches; none where the reader may not.
    pub switch: Option<Form>,
}
