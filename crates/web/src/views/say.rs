//! Telling the reader something.

use askama::Template;

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
