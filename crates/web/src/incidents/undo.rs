//! `GET /undo/{position}`: what undoing a change will do, before it is done.

use askama::Template;

use crate::{
    shell::Chrome,
    views::{Change, Cli, Diff, Form, Link},
};

/// Asks before a change is undone.
#[derive(Debug, Template)]
#[template(path = "incidents/undo.html")]
pub struct UndoScreen {
    /// The frame.
    pub chrome: Chrome,
    /// The change.
    pub change: Change,
    /// What will be done: `turns new-checkout off in production`.
    pub will: String,
    /// What will be different.
    pub diff: Diff,
    /// What it touches besides, and what it can't bring back.
    pub consequences: Vec<String>,
    /// Asks for the reason, and does it.
    pub form: Form,
    /// The same from a terminal.
    pub command: Cli,
    /// Where one came from.
    pub back: Link,
}
