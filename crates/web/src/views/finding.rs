//! Something the catalog lacks or contradicts.

use askama::Template;

use super::{Cli, Entity, Link, Moment, State, writes_html};

/// One finding: shown until it is mended.
#[derive(Debug, Clone, Template)]
#[template(path = "components/finding.html")]
pub struct Finding {
    /// How bad: `error`, `warning`, `gap`.
    pub state: State,
    /// What is wrong, in one sentence.
    pub title: String,
    /// What it is about.
    pub subject: Option<Entity>,
    /// Where in the files: `shop/checkout.yaml:12:9`.
    pub place: Option<String>,
    /// The lines in question.
    pub excerpt: Option<String>,
    /// How to mend it.
    pub fix: Option<String>,
    /// The command that mends it, where there is one.
    pub command: Option<Cli>,
    /// Where it is promised to be mended; none where the reader may not, or somebody has.
    pub promise: Option<Link>,
    /// Who has promised to mend it.
    pub promised: Option<Link>,
    /// Since when it is so.
    pub since: Option<Moment>,
}

writes_html!(Finding);
