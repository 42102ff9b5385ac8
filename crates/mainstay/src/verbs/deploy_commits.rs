//! The commits that a deployment brought, from the local clone by `git log`.

use std::process::Command;

use jiff::Timestamp;
use kernel::{Refusal, codes};
use serde::Serialize;

/// As many as the server takes of one deployment.
const COMMITS_MAX: usize = 500;

/// What is told of a commit.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Commit {
    sha: String,
    at: Timestamp,
    author: Option<String>,
}

/// The commits that `until` has (the one that is checked out, if it is none) and `since` has not, newest first; the last
/// one alone where nothing is known of before.
///
/// # Errors
/// If there is no git, no clone, or no such revision.
pub(super) fn between(since: Option<&str>, until: Option<&str>) -> Result<Vec<Commit>, Refusal> {
    let until = revision(until.unwrap_or("HEAD"))?;
    let (range, count) = match since {
        Some(since) => (format!("{}..{until}", revision(since)?), COMMITS_MAX),
        None => (until, 1),
    };
    let count = format!("--max-count={count}");
    // Committer date, strict ISO 8601, and author's name: a name may have anything but a line's end.
    let asked = ["log", "--no-show-signature", "--format=%H%x09%cI%x09%an", &count, &range, "--"];
    let fix =
        "run it in a clone that has both versions (in CI: fetch the whole history), or name one by --commits-from";
    Ok(read(&git(&asked, &format!("git log {range}"), fix)?))
}

/// The commit that is checked out.
///
/// # Errors
/// If there is no git, no clone, or no commit in it.
pub(super) fn head() -> Result<String, Refusal> {
    let fix = "run it in a clone of what was deployed, or name its commit by --commit";
    Ok(git(&["rev-parse", "--verify", "HEAD^{commit}"], "which commit was deployed", fix)?.trim().to_owned())
}

/// What git answers; where it refuses, what it was asked and what it said.
fn git(asked: &[&str], question: &str, fix: &str) -> Result<String, Refusal> {
    let failed = |detail: String| Refusal::new(&codes::INVALID, detail).field("--commits");
    let output = Command::new("git").args(asked).output().map_err(|error| {
        failed(format!("git could not be started: {error}")).fix("install git, or leave --commits out")
    })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(failed(format!("{question}: {}", said.trim())).fix(fix));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A revision that git can't take for an option.
fn revision(text: &str) -> Result<String, Refusal> {
    if text.is_empty() || text.starts_with('-') || text.contains("..") || text.contains(char::is_whitespace) {
        return Err(Refusal::new(&codes::INVALID, format!("\"{text}\" is no revision")).field("--commits-from"));
    }
    Ok(text.to_owned())
}

fn read(log: &str) -> Vec<Commit> {
    let commit = |line: &str| {
        let mut parts = line.splitn(3, '\t');
        let (sha, at) = (parts.next()?.to_owned(), parts.next()?.parse().ok()?);
        let author = parts.next().map(|name| name.chars().filter(|char| !char.is_control()).take(60).collect());
        Some(Commit { sha, at, author: author.filter(|name: &String| !name.trim().is_empty()) })
    };
    log.lines().filter_map(commit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_read_line_by_line() {
        let read = read("4f2a91c\t2026-11-20T09:15:44+01:00\tKim Lee\nbad\n5f2a91c\t2026-11-20T08:00:00Z\t\n");
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].at, "2026-11-20T08:15:44Z".parse().unwrap());
        assert_eq!((read[0].author.as_deref(), read[1].author.as_deref()), (Some("Kim Lee"), None));
    }

    #[test]
    fn what_git_could_take_for_something_else_is_no_revision() {
        for wrong in ["", "--output=/x", "a..b", "a b"] {
            assert!(revision(wrong).is_err(), "{wrong}");
        }
        assert_eq!(revision("v2.8.0^{commit}").unwrap(), "v2.8.0^{commit}");
    }
}
