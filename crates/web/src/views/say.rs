//! Telling the reader something.

use askama::Template;
use serde_json::Value;

use super::{Link, State, writes_html};

/// A remark that must not be missed.
#[derive(Debug, Clone, Template)]
#[template(path = "components/callout.html")]
pub struct Callout {
    /// What it is, as a word and a shape.
    pub state: State,
    /// What is so.
    pub text: String,
    /// Where to go.
    pub link: Option<Link>,
}

/// A command that does the same as the screen.
#[derive(Debug, Clone, Template)]
#[template(path = "components/cli.html")]
pub struct Cli {
    /// As it is typed.
    pub command: String,
}

impl Cli {
    /// A command.
    #[must_use]
    pub fn new(command: impl Into<String>) -> Self {
        Self { command: command.into() }
    }
}

/// What a list says that has nothing in it.
#[derive(Debug, Clone, Template)]
#[template(path = "components/empty.html")]
pub struct Empty {
    /// What belongs here, and why there is none.
    pub text: String,
    /// The command that fills it.
    pub command: Option<Cli>,
}

impl Empty {
    /// Nothing here, and nothing to be done about it.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), command: None }
    }

    /// Nothing here yet; this command fills it.
    #[must_use]
    pub fn with(text: impl Into<String>, command: impl Into<String>) -> Self {
        Self { text: text.into(), command: Some(Cli::new(command)) }
    }
}

/// What a change does, line by line.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "components/diff.html")]
pub struct Diff {
    /// The lines.
    pub lines: Vec<DiffLine>,
}

impl Diff {
    /// The lines of two documents that are in one of them only, in their order.
    #[must_use]
    pub fn documents(before: &Value, after: &Value) -> Self {
        let lines = |document: &Value| -> Vec<String> {
            let text = if document.is_null() { String::new() } else { format!("{document:#}") };
            text.lines().map(|line| line.trim_end_matches(',').to_owned()).collect()
        };
        let (before, after) = (lines(before), lines(after));
        let gone = before.iter().filter(|line| !after.contains(line)).map(|line| DiffLine::Removed(line.clone()));
        let new = after.iter().filter(|line| !before.contains(line)).map(|line| DiffLine::Added(line.clone()));
        Self { lines: gone.chain(new).take(LINES_MAX).collect() }
    }
}

/// Lines of a difference that are shown.
const LINES_MAX: usize = 200;

/// One line of a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiffLine {
    /// The same before and after.
    Same(String),
    /// Only after.
    Added(String),
    /// Only before.
    Removed(String),
}

writes_html!(Callout, Cli, Empty, Diff);
