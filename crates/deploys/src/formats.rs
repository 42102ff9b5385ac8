//! What other tools send when something was deployed: bytes become [`Reading`]s.
//!
//! Each file reads one format, field by field, from strangers: a field that is missing or of another type is refused in
//! words that name it, and what is no end of a deployment is passed over in words. Nothing here knows components: a
//! [`Deployed`] has the names by which its sender calls what was deployed, and the catalog says whose they are.

pub mod cdevents;
pub mod github;
pub mod gitlab;
mod time;

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use kernel::{Refusal, codes};
use serde::de::DeserializeOwned;

use crate::{Commit, Outcome};

/// Why a deployment to an environment that comes and goes with a branch is passed over: nobody's users are there, and each
/// would be one more of a component's environments.
const TRANSIENT: &str = "the deployment is to an environment that is gone some day: it is not recorded";

/// Events in one body.
pub const BATCH_MAX: usize = 500;

/// What a body says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// The deployments that ended.
    pub deployed: Vec<Deployed>,
    /// The incidents that began or ended.
    pub incidents: Vec<Told>,
    /// The commits that came onto main branches.
    pub pushed: Vec<Push>,
    /// What was passed over, and why, in words.
    pub passed_over: Vec<String>,
}

impl Reading {
    fn passed(why: impl Into<String>) -> Self {
        Self { passed_over: vec![why.into()], ..Self::default() }
    }
}

/// A deployment that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// The sender's own name for it and its end.
    pub key: String,
    /// What the sender calls what was deployed, the most exact name first. Never empty.
    pub names: Vec<String>,
    /// Where to.
    pub environment: String,
    /// The version.
    pub version: String,
    /// How it ended.
    pub outcome: Outcome,
    /// A page about it, with http or https.
    pub url: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// Whether the environment is one of production, where the sender says so.
    pub production: Option<bool>,
    /// The repository.
    pub repository: Option<String>,
    /// The commits that it brought, where the sender says so.
    pub commits: Vec<Commit>,
    /// True if it goes back to an earlier version.
    pub goes_back: bool,
}

/// Commits that came onto a repository's main branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// The repository.
    pub repository: String,
    /// The commits, oldest first.
    pub commits: Vec<Commit>,
}

/// A commit as GitHub and GitLab write it in a push.
#[derive(Debug, serde::Deserialize)]
struct PushedCommit {
    id: String,
    timestamp: String,
    author: Option<Author>,
}

#[derive(Debug, serde::Deserialize)]
struct Author {
    name: Option<String>,
}

/// What a push brings; nothing if it isn't to the main branch.
fn push(repository: String, reference: &str, main: Option<&str>, commits: Vec<PushedCommit>) -> Reading {
    let branch = reference.strip_prefix("refs/heads/").unwrap_or(reference);
    if main.is_some_and(|main| main != branch) || main.is_none() && !["main", "master"].contains(&branch) {
        return Reading::passed("push: not to the main branch");
    }
    let commit = |commit: PushedCommit| {
        let at = time::parse(&commit.timestamp)?;
        let author = line(commit.author.and_then(|author| author.name), 60);
        is_hash(&commit.id).then_some(Commit { sha: commit.id, at, author })
    };
    let commits: Vec<Commit> = commits.into_iter().filter_map(commit).collect();
    if commits.is_empty() {
        return Reading::passed("push: it has no commits");
    }
    Reading { pushed: vec![Push { repository, commits }], ..Reading::default() }
}

/// What a sender tells of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The sender's own name for the incident.
    pub key: String,
    /// What the sender calls what is affected, the most exact name first.
    pub names: Vec<String>,
    /// What is wrong, in one line.
    pub summary: String,
    /// Where.
    pub environment: Option<String>,
    /// A page about it.
    pub url: Option<String>,
    /// Since when.
    pub at: Option<Timestamp>,
    /// True if it is over.
    pub resolved: bool,
}

fn malformed(detail: impl Into<String>) -> Refusal {
    Refusal::new(&codes::MALFORMED, detail.into())
}

/// Reads JSON; `serde_json` refuses what is nested deeper than 128 levels.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| malformed(format!("the body can't be read: {error}")))
}

/// An address that may become a link.
fn link(url: Option<String>) -> Option<String> {
    url.filter(|url| {
        (url.starts_with("https://") || url.starts_with("http://"))
            && url.len() <= crate::limits::URL_BYTES
            && !url.chars().any(char::is_control)
    })
}

/// One line of at most `max` bytes, or nothing.
fn line(text: Option<String>, max: usize) -> Option<String> {
    let mut text: String = text?.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    text.truncate(text.floor_char_boundary(max));
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// What names a version for people: the reference, if it looks like one (`v1.2`, `2026.11`), else the commit's beginning.
fn version_of(reference: Option<&str>, sha: &str) -> String {
    let reference = reference.map(|text| text.strip_prefix("refs/tags/").unwrap_or(text)).filter(|text| {
        let digits = text.strip_prefix(['v', 'V']).unwrap_or(text);
        digits.starts_with(|char: char| char.is_ascii_digit()) && digits.contains('.') && text.len() <= 128
    });
    reference.map_or_else(|| sha.chars().take(12).collect(), str::to_owned)
}

/// True for a commit's hash, whole or its beginning.
fn is_hash(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
