//! What came onto the main branches of repositories lately, so that a deployment's commits are known although its forge
//! names only the last one.

use imbl::{OrdMap, Vector};
use serde::{Deserialize, Serialize};

use crate::{COMMITS_MAX, Commit};

/// Repositories whose commits are remembered; beyond that, whichever had none for longest is forgotten.
const REPOSITORIES_MAX: usize = 500;

/// Commits that are remembered of each.
const COMMITS_KEPT: usize = 300;

/// Commits by repository, oldest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Pushed(OrdMap<String, Vector<Commit>>);

impl Pushed {
    pub(crate) fn add(&mut self, repository: &str, commits: &[Commit]) {
        let known = self.0.entry(repository.to_lowercase()).or_default();
        for commit in commits {
            // Who wrote it is read from the event.
            known.push_back(Commit { author: None, ..commit.clone() });
            if known.len() > COMMITS_KEPT {
                known.pop_front();
            }
        }
        if self.0.len() > REPOSITORIES_MAX {
            let oldest = self.0.iter().min_by_key(|(_, commits)| commits.last().map(|commit| commit.at));
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                self.0.remove(&oldest);
            }
        }
    }

    pub(crate) fn has(&self, repository: &str, sha: &str) -> bool {
        self.of(repository).is_some_and(|commits| commits.iter().any(|commit| commit.sha == sha))
    }

    /// The commits after `before` up to `until`, newest first; `until` alone where nothing is known of before. Hashes may
    /// be cut. Nothing if `until` isn't known, or comes before `before`: that goes back.
    pub(crate) fn between(&self, repository: &str, before: Option<&str>, until: &str) -> Vec<Commit> {
        let Some(commits) = self.of(repository) else { return Vec::new() };
        let find = |sha: &str| commits.iter().rposition(|commit| is_same(&commit.sha, sha));
        let Some(last) = find(until) else { return Vec::new() };
        let first = match before.map(find) {
            Some(Some(before)) if before >= last => return Vec::new(),
            Some(Some(before)) => before + 1,
            Some(None) | None => last,
        };
        let brought = commits.iter().take(last + 1).skip(first).rev().take(COMMITS_MAX);
        brought.cloned().collect()
    }

    fn of(&self, repository: &str) -> Option<&Vector<Commit>> {
        self.0.get(&repository.to_lowercase())
    }
}

/// True if one is the other's beginning of seven digits at least.
fn is_same(one: &str, other: &str) -> bool {
    let length = one.len().min(other.len());
    length >= 7 && one.get(..length) == other.get(..length)
}
