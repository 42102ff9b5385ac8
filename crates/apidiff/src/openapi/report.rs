//! What was found, collected up to a limit.

use super::CHANGES_MAX;
use crate::{Change, Level};

#[derive(Default)]
pub(super) struct Report {
    changes: Vec<Change>,
    more: usize,
    worst: Option<Level>,
}

/// Where in an operation.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) operation: Option<String>,
    /// `response 200 body application/json`.
    pub(super) part: String,
    /// `/items/price`.
    pub(super) path: String,
}

impl Place {
    pub(super) fn of(operation: &str, part: impl Into<String>) -> Self {
        Self { operation: Some(operation.to_owned()), part: part.into(), path: String::new() }
    }

    pub(super) fn at(&self, name: &str) -> Self {
        let mut place = self.clone();
        place.path.push('/');
        place.path.push_str(name);
        place
    }

    /// In words.
    pub(super) fn words(&self) -> String {
        if self.path.is_empty() { self.part.clone() } else { format!("{} {}", self.part, self.path) }
    }
}

impl Report {
    pub(super) fn put(&mut self, rule: impl Into<String>, level: Level, place: &Place, text: impl Into<String>) {
        if self.changes.len() < CHANGES_MAX {
            let (rule, text) = (rule.into(), text.into());
            self.changes.push(Change { rule, level, operation: place.operation.clone(), place: place.words(), text });
        } else {
            self.more += 1;
            self.worst = self.worst.max(Some(level));
        }
    }

    pub(super) fn finish(mut self) -> Vec<Change> {
        if self.more > 0 {
            self.changes.push(Change {
                rule: "more-changes".to_owned(),
                level: self.worst.unwrap_or(Level::Risky),
                operation: None,
                place: String::new(),
                text: format!("there are {} more changes than are named", self.more),
            });
        }
        self.changes
    }
}
